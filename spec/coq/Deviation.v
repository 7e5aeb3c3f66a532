(* One formula for every fixed deviation: an act changes the answers of m queries Q and t publics P, alike on all copies,
   and is applied to k slots; all other slots are neutral. Proved here:
   - W_counts_wins, Acc_counts_accepts: the number of winning and of accepted k-sets;
   - pr_win_is_W, pr_accepted_is_Acc: their probability over a uniform permutation, W/C(N,k);
   - W_full: m = R, t = T is the count of Mix.v; W_everywhere: k = N is a weak model, certain or impossible;
   - W_attained: every (m,t,k) occurs;
   - mixed_deviations_no_better: a random choice among deviations is no better than the best of those it may choose. *)
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Worst Mix Success.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.

(* Two facts on finite sets *)
Section Sets.
Variable X : finType.
Implicit Types A C D S : {set X}.

(* k-sets with a prescribed trace D on C *)
Lemma card_trace C D k : D \subset C ->
  #|[set S | S :&: C == D & #|S| == k]| =
  if #|D| <= k then 'C(#|X| - #|C|, k - #|D|) else 0.
Proof.
move=> DC; case: leqP => [Dk|kD]; last first.
  apply: eq_card0 => S; rewrite inE; apply/negP=> /andP[/eqP d /eqP e].
  by move: kD; rewrite -e -d ltnNge subset_leq_card // subsetIl.
have -> : #|X| - #|C| = #|~: C| by rewrite -(cardsC C) addKn.
have dis A : A \subset ~: C -> A :&: C = set0.
  by move=> h; apply/eqP; rewrite setI_eq0 disjoints_subset.
rewrite -cards_draws; pose E := [set A : {set X} | A \subset ~: C & #|A| == k - #|D|].
rewrite -/E -(@card_in_imset _ _ (fun A => D :|: A) (mem E)) => [|A A']; last first.
  rewrite !inE => /andP[h _] /andP[h' _] /setP e; apply/setP=> x.
  have a := dis A h; have a' := dis A' h'; move: (e x); rewrite !inE.
  move/setP: a => /(_ x); move/setP: a' => /(_ x).
  rewrite !inE; case: (boolP (x \in D)) => [/(subsetP DC) ->|_] //=.
  by rewrite !andbT => -> ->.
apply: eq_card => S; rewrite inE; apply/andP/imsetP.
- case=> /eqP tr /eqP cS; exists (S :\: C); last by rewrite -tr setID.
  by rewrite inE setDE subsetIr -setDE -cS -tr -(cardsID C S) addKn eqxx.
- case=> A; rewrite inE => /andP[h /eqP cA] ->; have a := dis A h.
  rewrite setIUl a setU0 (setIidPl DC) eqxx cardsU (_ : D :&: A = set0).
    by rewrite cards0 subn0 cA subnKC ?eqxx.
  by apply/eqP; rewrite -subset0 -a setIC setIS.
Qed.

Lemma sub_by_size C a b (F : nat -> nat) :
  \sum_(A : {set X} | (A \subset C) && (a <= #|A| <= b)) F #|A| =
  \sum_(a <= i < (minn b #|C|).+1) 'C(#|C|, i) * F i.
Proof.
have lt A : minn #|A| #|C| < #|C|.+1 by rewrite ltnS geq_minr.
rewrite (big_nat_widenl a 0) // -minnSS.
have -> (G : nat -> nat) : \sum_(0 <= i < minn b.+1 #|C|.+1 | a <= i) G i =
    \sum_(0 <= i < #|C|.+1 | (a <= i) && (i < b.+1)) G i.
  case: (leqP b.+1 #|C|.+1) => h; first by rewrite (big_nat_widen 0 _ _ _ _ h).
  rewrite big_nat_cond [RHS]big_nat_cond; apply: eq_bigl => i /=.
  case: (ltnP i #|C|.+1) => //= ic; rewrite (leq_trans ic) ?andbT //; exact: ltnW.
rewrite big_mkord (partition_big (fun A => Ordinal (lt A)) (fun i : 'I__ => (a <= i) && (i < b.+1))) /=; last first.
  by move=> A /andP[/subset_leq_card h]; rewrite (minn_idPl h).
apply: eq_bigr => i /andP[ai ib].
rewrite (eq_bigr (fun _ => F i)); last first.
  move=> A /andP[/andP[/subset_leq_card h _] /eqP e].
  by rewrite -e /= (minn_idPl h).
rewrite sum_nat_const -cards_draws; congr (_ * _); apply: eq_card => A.
rewrite !inE unfold_in /= -(inj_eq val_inj) /=; case: (boolP (A \subset C)) => //= h.
rewrite (minn_idPl (subset_leq_card h)); case: eqP => [->|]; last by rewrite andbF.
by rewrite ai -ltnS ib.
Qed.
End Sets.

(* The count *)
(* C(n, k - l), zero when k < l *)
Definition binT n k l := if l <= k then 'C(n, k - l) else 0.

Section Dev.
Variables R B T : nat.
Context (Bpos : 0 < B).
Variables (Q : {set 'I_R}) (P : {set 'I_T}).   (* the sensitive queries and publics *)
Local Notation slot := (slot R B T).
Local Notation pk := (@pack R B T).
Implicit Types S D : {set slot}.

(* S = touched slots. The client's view, and the bad event *)
Definition copiesAll S (r : 'I_R) := [forall b : 'I_B, inl (r, b) \in S].
Definition copiesNone S (r : 'I_R) := [forall b : 'I_B, inl (r, b) \notin S].
Definition touchedPub S : {set 'I_T} := [set t in P | inr t \in S].
Definition devAccepts s S :=
  (#|touchedPub S| <= s) && [forall r in Q, copiesNone S r || copiesAll S r].
Definition devWins s S := devAccepts s S && [exists r in Q, copiesAll S r].

(* the same, read through Mix.v: the wrong answers are the touched sensitive slots *)
Definition sens : {set slot} := pk (Q, P).

Lemma card_sens : #|sens| = #|Q| * B + #|P|. Proof. exact: card_pack. Qed.

Lemma devAcceptsE s S : devAccepts s S = accepts s (S :&: sens).
Proof.
rewrite /devAccepts /accepts /checkPublic; congr (_ && _).
  by congr (_ <= _); apply: eq_card => t; rewrite !inE andbC.
apply/forallP/forallP => h r.
  apply/forallP=> b; apply/forallP=> b'; rewrite !inE /=.
  case: (boolP (r \in Q)) (h r) => //= _; last by rewrite !andbF.
  by rewrite !andbT => /orP[] /forallP H; [rewrite !(negbTE (H _))|rewrite !H].
apply/implyP=> rQ; have {h} : forall b b', (inl (r, b) \in S) = (inl (r, b') \in S).
  move=> b b'; move: (h r) => /forallP /(_ b) /forallP /(_ b') /eqP.
  by rewrite !inE /= rQ !andbT.
move=> h; case: (boolP (inl (r, Ordinal Bpos) \in S)) => e; apply/orP; [right|left];
  by apply/forallP=> b; rewrite (h _ (Ordinal Bpos)).
Qed.

Lemma devWinsE s S : devWins s S = wins s (S :&: sens).
Proof.
rewrite /devWins /wins -devAcceptsE; case: (boolP (devAccepts s S)) => //= /andP[_ /forallP h].
apply/existsP/existsP => -[r].
- case/andP=> rQ /forallP a; exists r; apply/existsP; exists (Ordinal Bpos).
  by rewrite !inE /= a.
- case/existsP=> b; rewrite !inE /= => /andP[bS rQ]; exists r; rewrite rQ /=.
  by case/orP: (implyP (h r) rQ) => // /forallP /(_ b); rewrite bS.
Qed.

(* D is a union of whole copy groups of G inside Q and publics inside P *)
Lemma acceptsP s D :
  reflect (exists2 p, D = pk p & #|p.2| <= s) (accepts s D).
Proof.
apply: (iffP idP).
- case: (boolP (corrupt D)) => c a.
    have /(winsP Bpos)[p e /andP[_ h]] : wins s D by rewrite /wins a c.
    by exists p.
  case/andP: a => a _; exists (set0, pubWrong D) => //.
  apply/setP=> -[[r b]|t]; rewrite !inE //=; apply/negP=> h.
  by case/negP: c; apply/existsP; exists r; apply/existsP; exists b.
- case=> -[G E] -> /= h; rewrite /accepts /checkPublic (_ : pubWrong _ = E); last first.
    by apply/setP=> t; rewrite !inE.
  by rewrite h /=; do 3!apply/forallP=> ?; rewrite !inE.
Qed.

(* one proof for both counts: lo = 0 accepted, lo = 1 winning *)
Lemma count_gen lo s k (V : pred {set slot}) :
  (forall D, reflect (exists2 p, D = pk p & (lo <= #|p.1|) && (#|p.2| <= s)) (V D)) ->
  #|[set S | V (S :&: sens) & #|S| == k]| =
  \sum_(lo <= f < #|Q|.+1) \sum_(0 <= j < (minn s #|P|).+1)
    'C(#|Q|, f) * 'C(#|P|, j) * binT (N R B T - (#|Q| * B + #|P|)) k (f * B + j).
Proof.
move=> VP; rewrite -sum1_card.
rewrite (partition_big (fun S => S :&: sens) (fun D => (D \subset sens) && V D)) /=; last first.
  by move=> S; rewrite inE => /andP[-> _]; rewrite subsetIr.
pose H f j := binT (N R B T - (#|Q| * B + #|P|)) k (f * B + j).
rewrite (eq_bigr (fun D => binT (N R B T - (#|Q| * B + #|P|)) k #|D|)); last first.
  move=> D /andP[DC vD]; rewrite /binT -card_sens -(card_slot R B T) -(card_trace k DC).
  rewrite -sum1_card; apply: eq_bigl => S; rewrite !inE.
  by case: (S :&: sens =P D) => [->|]; rewrite ?vD ?andbF ?andbT.
pose A := [set p : {set 'I_R} * {set 'I_T} |
  ((p.1 \subset Q) && (lo <= #|p.1| <= #|Q|)) && ((p.2 \subset P) && (0 <= #|p.2| <= s))].
rewrite (eq_bigl (mem (pk @: A))); last first.
  move=> D; apply/andP/imsetP.
  - case=> /subsetP DC /VP[[G E] e /andP[g l]]; exists (G, E) => //; rewrite inE /=.
    rewrite g l /= andbT.
    have GQ : G \subset Q.
      apply/subsetP=> r rG; have := DC (inl (r, Ordinal Bpos)).
      by rewrite e !inE /=; apply.
    have EP : E \subset P.
      by apply/subsetP=> t tE; have := DC (inr t); rewrite e !inE /=; apply.
    by rewrite GQ EP subset_leq_card.
  - case=> -[G E]; rewrite inE /= => /andP[/andP[GQ /andP[g _]] /andP[EP l]] ->; split.
      by apply/subsetP=> -[[r b]|t]; rewrite !inE /=; [apply: (subsetP GQ)|apply: (subsetP EP)].
    by apply/VP; exists (G, E) => //=; rewrite g.
rewrite big_imset /=; last by move=> x y _ _; apply: (pack_inj Bpos).
rewrite (eq_big (fun p : {set 'I_R} * {set 'I_T} =>
    ((p.1 \subset Q) && (lo <= #|p.1| <= #|Q|)) && ((p.2 \subset P) && (0 <= #|p.2| <= s)))
    (fun p => H #|p.1| #|p.2|)); last 2 first.
- by move=> p; rewrite inE.
- by case=> G E _; rewrite card_pack.
rewrite -(pair_big (fun G : {set 'I_R} => (G \subset Q) && (lo <= #|G| <= #|Q|))
  (fun E : {set 'I_T} => (E \subset P) && (0 <= #|E| <= s)) (fun G E => H #|G| #|E|)) /=.
rewrite (sub_by_size Q lo #|Q| (fun f => \sum_(E : {set 'I_T} | (E \subset P) && (0 <= #|E| <= s)) H f #|E|)).
rewrite minnn; apply: eq_bigr => f _.
rewrite (sub_by_size P 0 s (H f)) big_distrr /=; apply: eq_bigr => j _.
by rewrite mulnA.
Qed.

Theorem count_accepts s k :
  #|[set S | devAccepts s S & #|S| == k]| =
  \sum_(0 <= f < #|Q|.+1) \sum_(0 <= j < (minn s #|P|).+1)
    'C(#|Q|, f) * 'C(#|P|, j) * binT (N R B T - (#|Q| * B + #|P|)) k (f * B + j).
Proof.
rewrite -(@count_gen 0 s k (accepts s)) => [|D].
  by apply: eq_card => S; rewrite !inE devAcceptsE.
exact: acceptsP.
Qed.

Theorem count_wins s k :
  #|[set S | devWins s S & #|S| == k]| =
  \sum_(1 <= f < #|Q|.+1) \sum_(0 <= j < (minn s #|P|).+1)
    'C(#|Q|, f) * 'C(#|P|, j) * binT (N R B T - (#|Q| * B + #|P|)) k (f * B + j).
Proof.
rewrite -(@count_gen 1 s k (wins s)) => [|D].
  by apply: eq_card => S; rewrite !inE devWinsE.
exact: winsP.
Qed.
End Dev.

(* The closed form, in numbers *)
(* binomials with truncated subtraction, guarded: zero when k < f*B + j *)
Definition Wsum R B T lo m t s k :=
  \sum_(lo <= f < m.+1) \sum_(0 <= j < (minn s t).+1)
    'C(m, f) * 'C(t, j) *
    (if f * B + j <= k then 'C(R * B + T - m * B - t, k - f * B - j) else 0).
Definition W R B T := Wsum R B T 1.   (* winning *)
Definition Acc R B T := Wsum R B T 0. (* accepted *)

Section Numbers.
Variables R B T : nat.
Context (Bpos : 0 < B).
Local Notation slot := (slot R B T).

Theorem W_counts_wins (Q : {set 'I_R}) (P : {set 'I_T}) s k :
  #|[set S : {set slot} | devWins Q P s S & #|S| == k]| = W R B T #|Q| #|P| s k.
Proof.
rewrite (count_wins Bpos); apply: eq_bigr => f _; apply: eq_bigr => j _.
by rewrite /binT /N !subnDA.
Qed.

Theorem Acc_counts_accepts (Q : {set 'I_R}) (P : {set 'I_T}) s k :
  #|[set S : {set slot} | devAccepts Q P s S & #|S| == k]| = Acc R B T #|Q| #|P| s k.
Proof.
rewrite (count_accepts Bpos); apply: eq_bigr => f _; apply: eq_bigr => j _.
by rewrite /binT /N !subnDA.
Qed.

(* m = R, t = T: the predicates of Mix.v and winning_sets_with_slack *)
Lemma sens_full : @sens R B T [set: 'I_R] [set: 'I_T] = [set: slot].
Proof. by apply/setP=> -[[r b]|t]; rewrite !inE. Qed.

Theorem devWins_full s (S : {set slot}) : devWins [set: 'I_R] [set: 'I_T] s S = wins s S.
Proof. by rewrite (devWinsE Bpos) sens_full setIT. Qed.

Theorem W_full s k : W R B T R T s k =
  \sum_(i < R.+1) \sum_(j < T.+1)
     (if [&& 0 < i, j <= s & i * B + j == k] then 'C(R, i) * 'C(T, j) else 0).
Proof.
rewrite -(winning_sets_with_slack R T Bpos).
have := W_counts_wins [set: 'I_R] [set: 'I_T] s k; rewrite !cardsT !card_ord => <-.
by apply: eq_card => S; rewrite !inE devWins_full.
Qed.

(* touching every slot wins for certain against at most s sensitive publics, else never *)
Theorem W_everywhere m t s : 0 < m <= R -> t <= T -> W R B T m t s (R * B + T) = (t <= s).
Proof.
have ex (X : finType) n : n <= #|X| -> exists A : {set X}, #|A| = n.
  rewrite -bin_gt0 -card_draws => /card_gt0P[A]; rewrite inE => /eqP <-; by exists A.
case/andP=> m0 mR tT.
have [|Q eQ] := ex [finType of 'I_R] m; first by rewrite card_ord.
have [|P eP] := ex [finType of 'I_T] t; first by rewrite card_ord.
rewrite -eQ -eP -W_counts_wins.
have full (S : {set slot}) : (#|S| == R * B + T) = (S == [set: slot]).
  have le : #|S| <= N R B T by rewrite -(card_slot R B T) max_card.
  by rewrite eqEcard subsetT cardsT card_slot -[R * B + T]/(N R B T) eqn_leq le.
have win : devWins Q P s [set: slot] = (#|P| <= s).
  rewrite /devWins /devAccepts (_ : touchedPub P _ = P); last by apply/setP=> x; rewrite !inE andbT.
  have all r : copiesAll [set: slot] r by apply/forallP=> b; rewrite inE.
  case: (#|P| <= s) => //=; apply/andP; split.
    by apply/forallP=> r; rewrite all orbT implybT.
  move: m0; rewrite -eQ card_gt0 => /set0Pn[r rQ].
  by apply/existsP; exists r; rewrite rQ all.
rewrite -win -sum1_card (eq_bigl (fun S => (S == [set: slot]) && devWins Q P s [set: slot])).
  case: devWins; last by rewrite big_pred0 // => S; rewrite andbF.
  by rewrite (eq_bigl (pred1 [set: slot])) ?big_pred1_eq // => S; rewrite andbT.
by move=> S; rewrite inE full andbC; case: eqP => // ->.
Qed.
End Numbers.

(* Probability over a uniform permutation *)
Section Prob.
Import GRing.Theory Num.Theory Order.TTheory.
Local Open Scope ring_scope.
Variables R B T : nat.
Context (Bpos : (0 < B)%N).
Let NN := (R * B + T)%N.
Local Notation slot := (slot R B T).

(* S = touched positions, p = the client's mix, (Q, P) = the act *)
Definition pr_deviation (Q : {set 'I_R}) (P : {set 'I_T}) s (S : {set slot}) : rat :=
  #|[set p : {perm slot} | devWins Q P s (p @: S)]|%:R / #|{perm slot}|%:R.
Definition pr_accepted (Q : {set 'I_R}) (P : {set 'I_T}) s (S : {set slot}) : rat :=
  #|[set p : {perm slot} | devAccepts Q P s (p @: S)]|%:R / #|{perm slot}|%:R.

Lemma pr_perm (V : pred {set slot}) (S : {set slot}) :
  (#|[set p : {perm slot} | V (p @: S)]|%:R / #|{perm slot}|%:R : rat) =
  #|[set D | V D & #|D| == #|S|]|%:R / 'C(NN, #|S|)%:R.
Proof.
have leS : (#|S| <= NN)%N by rewrite -[NN](card_slot R B T) max_card.
have c0 : ('C(NN, #|S|)%:R != 0 :> rat) by rewrite pnatr_eq0 -lt0n bin_gt0.
have f0 : (NN`!%:R != 0 :> rat) by rewrite pnatr_eq0 -lt0n fact_gt0.
have e := uniform_permutation V S; rewrite card_slot -[N R B T]/NN in e.
by rewrite cperm; apply/eqP; rewrite eqr_div // -!natrM e.
Qed.

Theorem pr_win_is_W Q P s S :
  pr_deviation Q P s S = (W R B T #|Q| #|P| s #|S|)%:R / 'C(R * B + T, #|S|)%:R.
Proof. by rewrite /pr_deviation pr_perm (W_counts_wins Bpos). Qed.

Theorem pr_accepted_is_Acc Q P s S :
  pr_accepted Q P s S = (Acc R B T #|Q| #|P| s #|S|)%:R / 'C(R * B + T, #|S|)%:R.
Proof. by rewrite /pr_accepted pr_perm (Acc_counts_accepts Bpos). Qed.

(* every (m, t, k) in range is attained by some act and some set of positions *)
Theorem W_attained m t s k : (m <= R)%N -> (t <= T)%N -> (k <= R * B + T)%N ->
  exists Q P S, pr_deviation Q P s S = (W R B T m t s k)%:R / 'C(R * B + T, k)%:R.
Proof.
have ex (X : finType) n : (n <= #|X|)%N -> exists A : {set X}, #|A| = n.
  rewrite -bin_gt0 -card_draws => /card_gt0P[A]; rewrite inE => /eqP <-; by exists A.
move=> mR tT kN.
have [|Q <-] := ex [finType of 'I_R] m; first by rewrite card_ord.
have [|P <-] := ex [finType of 'I_T] t; first by rewrite card_ord.
have [|S <-] := ex [finType of slot] k; first by rewrite card_slot.
by exists Q, P, S; rewrite pr_win_is_W.
Qed.

(* A randomised adversary: mu is a distribution on (act, positions), independent of p. Some deviation that it may choose wins
   as often. Nothing is said of deviations that it never chooses: among all of them one wins for certain, as W_everywhere shows
   of an act that changes no public. *)
Theorem mixed_deviations_no_better s (mu : {set 'I_R} * {set 'I_T} * {set slot} -> rat) :
  (forall x, 0 <= mu x) -> \sum_x mu x = 1 ->
  exists2 x, 0 < mu x & \sum_y mu y * pr_deviation y.1.1 y.1.2 s y.2 <=
    (W R B T #|x.1.1| #|x.1.2| s #|x.2|)%:R / 'C(R * B + T, #|x.2|)%:R.
Proof.
move=> m0 m1; pose rate x := pr_deviation x.1.1 x.1.2 s x.2.
have [x0 x0P] : exists x, 0 < mu x.
  apply/existsP; apply: contraT => /existsPn none; have : (1 : rat) != 0 by [].
  by rewrite -m1 big1 ?eqxx // => x _; apply/eqP; rewrite eq_le m0 andbT leNgt none.
have [x xP best] := @arg_maxP _ _ _ x0 (fun x => 0 < mu x) rate x0P; exists x => //.
rewrite -pr_win_is_W -/(rate x) -[X in _ <= X]mul1r -m1 mulr_suml.
apply: ler_sum => y _; case: (ltP 0 (mu y)) => [y0|y0]; first by apply: ler_wpmul2l => //; apply: best.
by rewrite (_ : mu y = 0) ?mul0r //; apply/eqP; rewrite eq_le y0 m0.
Qed.
End Prob.

(* agrees with brute force over all subsets; the last is 5/6 of C(4,2), past the s < B shortcut *)
Example W_values : (W 2 2 2 1 1 1 3, W 3 2 2 2 1 1 4, Acc 3 2 2 2 1 1 4, W 2 1 2 2 2 1 2) = (4, 13, 14, 5).
Proof. by rewrite /W /Acc /Wsum unlock. Qed.
