(* Two rates of what no deviation of a fixed kind covers. Proved here:
   - linking: two slots that are named beforehand are copies of one query with R C(B,2) / C(N,2);
   - all_kept: an honest server is accepted with Pr[t <= s], where t of the T publics are among the x of the pool's P that the model gets wrong.
   [outside.rs: linking_baseline; rate.rs: rates] *)
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Mix Deviation Pool.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* The linking game: two slots are named, and are copies of one query *)
Section Linking.
Variables R B T : nat.
Local Notation slot := (slot R B T).
Local Notation NN := (R * B + T)%N.
Definition copies (r : 'I_R) : {set slot} := [set x | if x is inl (r', _) then r' == r else false].

Lemma card_copies r : #|copies r| = B.
Proof.
have -> : copies r = (fun b : 'I_B => inl (r, b)) @: 'I_B.
  apply/setP=> -[[r' b]|t]; rewrite inE; first by apply/idP/imsetP => [/eqP ->|[b' _ [-> _]]]; [exists b|].
  by apply/esym/imsetP=> -[].
by rewrite card_imset ?card_ord // => b b' [].
Qed.

Theorem linking (x y : slot) : x != y ->
  #|[set p : {perm slot} | [exists r, (p x \in copies r) && (p y \in copies r)]]|%:R / #|{perm slot}|%:R = (R * 'C(B, 2))%N%:R / 'C(NN, 2)%:R :> rat.
Proof.
move=> xy; have two : #|[set x; y]| = 2%N by rewrite cards2 xy.
have := pr_perm (fun D : {set slot} => [exists r, D \subset copies r]) [set x; y]; rewrite two => e.
transitivity (#|[set p : {perm slot} | [exists r, (p @: [set x; y]) \subset copies r]]|%:R / #|{perm slot}|%:R : rat).
  congr (_%:R / _); apply: eq_card => p; rewrite !inE; apply: eq_existsb => r.
  by rewrite imsetU1 imset_set1 subUset !sub1set.
rewrite e; congr (_%:R / _).
rewrite -[R in RHS]card_ord -sum_nat_const -sum1_card.
have disjoint (D : {set slot}) r r' : #|D| = 2%N -> D \subset copies r -> D \subset copies r' -> r = r'.
  move=> D2 /subsetP h /subsetP h'; have /card_gt0P[z zD] : (0 < #|D|)%N by rewrite D2.
  by move: (h z zD) (h' z zD); rewrite !inE; case: z {zD} => [[q b]|//] /eqP <- /eqP <-.
rewrite (eq_bigr (fun r => #|[set D : {set slot} | D \subset copies r & #|D| == 2%N]|)) => [|r _]; last by rewrite cards_draws card_copies.
rewrite (eq_bigr (fun r => (\sum_(D : {set slot} | #|D| == 2%N) (D \subset copies r))%N)) => [|r _]; last first.
  rewrite -sum1dep_card big_mkcondl /=; apply: eq_bigr => D _; by case: (D \subset _).
rewrite exchange_big /= big_mkcond [RHS]big_mkcond; apply: eq_bigr => D _; rewrite inE andbC.
case: eqP => //= D2; case: existsP => [[r h]|none].
  rewrite (bigD1 r) //= h big1 ?addn0 // => r' ne; apply/eqP; rewrite eqb0; apply: contra ne => h'; apply/eqP; exact: (disjoint D).
by rewrite big1 // => r _; apply/eqP; rewrite eqb0; apply/negP=> h; apply: none; exists r.
Qed.
End Linking.

(* An honest server, where publics are kept that the model gets wrong: x of the P publics of the pool *)
Section Kept.
Variables R B T Q P s : nat.
Context (Bpos : (0 < B)%N) (RQ : (R <= Q)%N) (TP : (T <= P)%N).
Local Notation slot := (slot R B T).
Local Notation NN := (R * B + T)%N.

Lemma Acc_everywhere t : (t <= T)%N -> Acc R B T 0 t s NN = (t <= s)%N.
Proof.
move=> tT; have tN : (t <= NN)%N := leq_trans tT (leq_addl _ _).
have none j : (j < t)%N -> ('C(0, 0) * 'C(t, j) * (if 0 + j <= NN then 'C(NN - t, NN - j) else 0) = 0)%N.
  by move=> jt; rewrite [X in (if _ then X else _)]bin_small ?if_same ?muln0 // ltn_sub2l // (leq_trans jt).
rewrite /Acc /Wsum big_nat1 mul0n !subn0; case: (leqP t s) => ts.
  by rewrite big_nat_recr //= big_nat_cond big1 => [|j /andP[/andP[_ /none ->]] //]; rewrite bin0 !binn add0n tN.
by rewrite big_nat_cond big1 // => j /andP[/andP[_ js] _]; apply: none; apply: leq_trans js ts.
Qed.

Theorem all_kept (X : {set 'I_P}) :
  pr_draws RQ TP set0 X (fun Qs Ps => devAccepts Qs Ps s) [set: slot] =
  (\sum_(t < T.+1) (if t <= s then 'C(#|X|, t) * 'C(P - #|X|, T - t) else 0))%N%:R / 'C(P, T)%:R.
Proof.
have q0 : 'C(Q, R)%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n bin_gt0.
rewrite pool_average_accepted // cards0 cardsT card_slot -[N R B T]/NN binn muln1 natrM /poolSum.
rewrite big_ord_recl [X in (_ + X)%N]big1 ?addn0 => [|m _]; last first.
  by apply: big1 => t _; rewrite bin0n !mul0n.
rewrite (eq_bigr (fun t : 'I_T.+1 => 'C(Q, R) * (if t <= s then 'C(#|X|, t) * 'C(P - #|X|, T - t) else 0))%N) => [|t _]; last first.
  rewrite bin0 mul1n !subn0 -/(Acc R B T 0 t s NN) Acc_everywhere -1?ltnS // -mulnA; congr (_ * _)%N.
  by case: leqP; rewrite ?muln1 ?muln0.
by rewrite -big_distrr natrM invfM /= mulrACA divff // mul1r.
Qed.
End Kept.
