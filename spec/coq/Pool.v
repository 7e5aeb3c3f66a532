(* Pools: a client shuffles a pool of Q queries and one of P publics, and takes the first R and the first T. An act changes the answers to
   y of the pool's queries and to x of its publics, and k slots fixed before. Proved here:
   - hypergeometric: of the orders of a pool of n, of which y samples change, just those in a share C(y,m) C(n-y,r-m) / C(n,r) have m of
     them among the first r;
   - pool_average: over all three draws the act wins with sum_(m,t) C(y,m) C(Q-y,R-m) C(x,t) C(P-x,T-t) W(m,t) / (C(Q,R) C(P,T) C(N,k));
   - pool_average_accepted: and is accepted with the same of Acc;
   - pool_computed: poolN over binary numbers is that sum. *)
Require Import NArith.
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Mix Deviation Computed.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.

Section Draw.
Variables n r : nat.
Context (rn : r <= n).
Variable Y : {set 'I_n}.  (* the samples of the pool that change *)

(* which of the drawn samples change *)
Definition drawn (p : {perm 'I_n}) : {set 'I_r} := [set i | p (widen_ord rn i) \in Y].
Definition front : {set 'I_n} := [set widen_ord rn i | i in 'I_r].

Lemma widen_inj : injective (widen_ord rn).
Proof. by move=> i j /(congr1 val) /= e; apply: val_inj. Qed.

Lemma card_front : #|front| = r.
Proof. by rewrite card_imset ?card_ord //; exact: widen_inj. Qed.

Lemma card_drawn p : #|drawn p| = #|(p @: front) :&: Y|.
Proof.
have inj : injective (p \o widen_ord rn) by move=> i j /= /perm_inj /widen_inj.
rewrite -(card_imset _ inj); apply: eq_card => x; rewrite inE; apply/imsetP/andP => [[i]|[/imsetP[_ /imsetP[i _ ->] ->] xY]].
  by rewrite inE => iY -> /=; split=> //; apply: imset_f; apply: imset_f.
by exists i => //; rewrite inE.
Qed.

Lemma card_hits m : m <= r ->
  #|[set D : {set 'I_n} | #|D :&: Y| == m & #|D| == r]| = 'C(#|Y|, m) * 'C(n - #|Y|, r - m).
Proof.
move=> mr; rewrite -sum1_card (partition_big (fun D : {set 'I_n} => D :&: Y) (fun E => (E \subset Y) && (#|E| == m))) /=; last first.
  by move=> D; rewrite inE subsetIr => /andP[].
rewrite (eq_bigr (fun=> 'C(n - #|Y|, r - m))) => [|E /andP[EY /eqP Em]]; last first.
  have := card_trace r EY; rewrite Em mr card_ord => <-; rewrite -sum1_card; apply: eq_bigl => D; rewrite !inE.
  by case: (D :&: Y =P E) => [->|]; rewrite ?Em ?eqxx ?andbF ?andbT.
rewrite sum_nat_const -cards_draws; congr (_ * _); apply: eq_card => E; by rewrite !inE.
Qed.

Theorem hypergeometric m : m <= r ->
  #|[set p : {perm 'I_n} | #|drawn p| == m]| * 'C(n, r) = 'C(#|Y|, m) * 'C(n - #|Y|, r - m) * n`!.
Proof.
move=> mr; have := uniform_permutation (fun D : {set 'I_n} => #|D :&: Y| == m) front.
rewrite card_front card_ord card_hits // => <-; congr (_ * _); apply: eq_card => p.
by rewrite !inE card_drawn.
Qed.

Local Open Scope ring_scope.
Lemma sum_by_hits (F : nat -> rat) : \sum_(p : {perm 'I_n}) F #|drawn p| =
  n`!%:R / 'C(n, r)%:R * \sum_(m < r.+1) ('C(#|Y|, m) * 'C(n - #|Y|, r - m))%N%:R * F m.
Proof.
have c0 : 'C(n, r)%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n bin_gt0.
have le p : (#|drawn p| < r.+1)%N by rewrite ltnS -[X in (_ <= X)%N](card_ord r) max_card.
rewrite (partition_big (fun p => Ordinal (le p)) predT) //= mulr_sumr; apply: eq_bigr => m _.
rewrite (eq_bigr (fun=> F m)) => [|p /eqP <- //]; rewrite sumr_const -[F m *+ _]mulr_natl mulrA; congr (_ * _).
have mr : (m <= r)%N by rewrite -ltnS ltn_ord.
have h := hypergeometric mr; apply: (mulIf c0); rewrite [RHS]mulrAC divfK // -!natrM (mulnC n`!) -h; congr (_ * _)%:R.
by apply: eq_card => p; rewrite [RHS]inE /in_mem /= eqnE.
Qed.
End Draw.

Section Cancel.
Local Open Scope ring_scope.
Lemma cancel (a b c x u v w : rat) : a != 0 -> b != 0 -> c != 0 ->
  a * (b / u * (c / v * (x / w))) / (c * b * a) = x / (v * u * w).
Proof.
move=> a0 b0 c0; have -> : a * (b / u * (c / v * (x / w))) = c * b * a * (x / (v * u * w)).
  rewrite !invfM (mulrA (b / u)) (mulrACA b _ c) (mulrACA (b * c)) (mulrC c b) (mulrC v^-1 u^-1).
  by rewrite [LHS]mulrA (mulrCA a (b * c)) [b * c * (a * x)]mulrA -[LHS]mulrA.
by rewrite mulrAC divff ?mul1r // !mulf_neq0.
Qed.
End Cancel.

Section Pools.
Variables R B T Q P : nat.
Context (Bpos : 0 < B) (RQ : R <= Q) (TP : T <= P).
Variables (Y : {set 'I_Q}) (X : {set 'I_P}).
Local Notation slot := (slot R B T).
Local Notation draw := ({perm 'I_Q} * {perm 'I_P} * {perm slot})%type.

(* the sum over both pools, each denominator cleared *)
Definition poolSum y x lo s k := \sum_(m < R.+1) \sum_(t < T.+1)
  'C(y, m) * 'C(Q - y, R - m) * ('C(x, t) * 'C(P - x, T - t)) * Wsum R B T lo m t s k.

Local Open Scope ring_scope.

Definition pr_draws (V : {set 'I_R} -> {set 'I_T} -> pred {set slot}) (S : {set slot}) : rat :=
  #|[set d : draw | V (drawn RQ Y d.1.1) (drawn TP X d.1.2) (d.2 @: S)]|%:R / #|{: draw}|%:R.

Lemma average lo (V : {set 'I_R} -> {set 'I_T} -> pred {set slot}) s (S : {set slot}) :
  (forall Qs Ps, #|[set p : {perm slot} | V Qs Ps (p @: S)]|%:R / #|{perm slot}|%:R =
    (Wsum R B T lo #|Qs| #|Ps| s #|S|)%:R / 'C(R * B + T, #|S|)%:R :> rat) ->
  pr_draws V S = (poolSum #|Y| #|X| lo s #|S|)%:R / ('C(Q, R) * 'C(P, T) * 'C(R * B + T, #|S|))%N%:R.
Proof.
move=> each; pose w m t : rat := (Wsum R B T lo m t s #|S|)%:R / 'C(R * B + T, #|S|)%:R.
have f0 n : n`!%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n fact_gt0.
have n0 : #|{perm slot}|%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n; apply/card_gt0P; exists 1%g.
have cp n : #|{perm 'I_n}| = n`!.
  rewrite -[in RHS](card_ord n) -(cardsT [finType of 'I_n]) -(card_perm [set: 'I_n]); apply: eq_card => p.
  by rewrite [RHS]unfold_in /= (_ : _ \subset _ = true) //; apply/subsetP=> x _; rewrite inE.
have count : #|[set d : draw | V (drawn RQ Y d.1.1) (drawn TP X d.1.2) (d.2 @: S)]| =
    (\sum_(a : {perm 'I_Q}) \sum_(b : {perm 'I_P}) #|[set c : {perm slot} | V (drawn RQ Y a) (drawn TP X b) (c @: S)]|)%N.
  rewrite pair_bigA /= -sum1_card.
  transitivity (\sum_(ab : {perm 'I_Q} * {perm 'I_P}) \sum_(c : {perm slot} | V (drawn RQ Y ab.1) (drawn TP X ab.2) (c @: S)) 1)%N.
    by rewrite pair_big_dep /=; apply: eq_bigl => d; rewrite inE.
  by apply: eq_bigr => ab _; rewrite -sum1_card; apply: eq_bigl => c; rewrite inE.
rewrite /pr_draws count natr_sum.
rewrite (eq_bigr (fun a : {perm 'I_Q} => #|{perm slot}|%:R * \sum_(b : {perm 'I_P}) w #|drawn RQ Y a| #|drawn TP X b|)); last first.
  move=> a _; rewrite natr_sum mulr_sumr; apply: eq_bigr => b _.
  by rewrite /w -each mulrC divfK.
rewrite -mulr_sumr (eq_bigr (fun a : {perm 'I_Q} => P`!%:R / 'C(P, T)%:R *
    \sum_(t < T.+1) ('C(#|X|, t) * 'C(P - #|X|, T - t))%N%:R * w #|drawn RQ Y a| t)); last first.
  by move=> a _; rewrite (sum_by_hits TP X (w #|drawn RQ Y a|)).
rewrite -mulr_sumr (sum_by_hits RQ Y (fun m => \sum_(t < T.+1) ('C(#|X|, t) * 'C(P - #|X|, T - t))%N%:R * w m t)).
rewrite !card_prod !cp !natrM /poolSum natr_sum.
have -> : \sum_(m < R.+1) ('C(#|Y|, m) * 'C(Q - #|Y|, R - m))%N%:R *
    (\sum_(t < T.+1) ('C(#|X|, t) * 'C(P - #|X|, T - t))%N%:R * w m t) =
  (\sum_(m < R.+1) (\sum_(t < T.+1) 'C(#|Y|, m) * 'C(Q - #|Y|, R - m) * ('C(#|X|, t) * 'C(P - #|X|, T - t)) *
    Wsum R B T lo m t s #|S|)%N%:R) / 'C(R * B + T, #|S|)%:R :> rat.
  rewrite mulr_suml; apply: eq_bigr => m _; rewrite mulr_sumr natr_sum mulr_suml; apply: eq_bigr => t _.
  by rewrite /w !mulrA -!natrM.
by apply: cancel.
Qed.

Theorem pool_average s (S : {set slot}) : pr_draws (fun Qs Ps => devWins Qs Ps s) S =
  (poolSum #|Y| #|X| 1 s #|S|)%:R / ('C(Q, R) * 'C(P, T) * 'C(R * B + T, #|S|))%N%:R.
Proof. by apply: average => Qs Ps; exact: pr_win_is_W. Qed.

Theorem pool_average_accepted s (S : {set slot}) : pr_draws (fun Qs Ps => devAccepts Qs Ps s) S =
  (poolSum #|Y| #|X| 0 s #|S|)%:R / ('C(Q, R) * 'C(P, T) * 'C(R * B + T, #|S|))%N%:R.
Proof. by apply: average => Qs Ps; exact: pr_accepted_is_Acc. Qed.
End Pools.

Local Notation N := BinNums.N.
Local Notation "n %:B" := (N.of_nat n) (at level 2, format "n %:B").

Definition poolN (Q y P x : N) (R B T lo s k : nat) : N :=
  sumN (index_iota 0 R.+1) (fun m => sumN (index_iota 0 T.+1) (fun t =>
    N.mul (N.mul (N.mul (binN y m) (binN (N.sub Q y) (R - m))) (N.mul (binN x t) (binN (N.sub P x) (T - t))))
      (countN R%:B B T%:B lo m%:B t%:B s k))).

Theorem pool_computed Q y P x R B T lo s k : 0 < B -> lo <= 1 ->
  poolN Q%:B y%:B P%:B x%:B R B T lo s k = (poolSum R B T Q P y x lo s k)%:B.
Proof.
move=> B0 lo1; rewrite /poolSum -(big_mkord predT (fun m => \sum_(t < T.+1) 'C(y, m) * 'C(Q - y, R - m) *
  ('C(x, t) * 'C(P - x, T - t)) * Wsum R B T lo m t s k)) /poolN; apply: sumNE => m.
rewrite -(big_mkord predT (fun t => 'C(y, m) * 'C(Q - y, R - m) * ('C(x, t) * 'C(P - x, T - t)) * Wsum R B T lo m t s k)).
by apply: sumNE => t; rewrite sets_computed // !(subNE, binN_is_binomial) !Nat2N.id !mulNE.
Qed.
