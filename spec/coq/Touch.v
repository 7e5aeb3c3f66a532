(* The touch bound: a win needs all B copies of some sensitive query touched, whatever is done to them. Proved here:
   - touch_count: the k-sets that do so, by inclusion-exclusion; touch_probability: their share over a permutation;
   - touch_bounds_every_win: no deviation, at any slack, wins more often;
   - touch_bounds_any_server: nor does any server whose positions are fixed beforehand, even if it knows the permutation;
   - touch_bound_attained: one that knows the permutation wins exactly as often;
   - touch_union_bound: the first term alone is a bound too. *)
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Worst Mix Success Deviation.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.

Section Touch.
Variables R B T : nat.
Context (Bpos : 0 < B).
Variable Q : {set 'I_R}.
Local Notation slot := (slot R B T).
Local Notation pk := (@pack R B T).
Implicit Types S D : {set slot}.

Definition touch S := [exists r in Q, copiesAll S r].
Definition touchSets k := [set S : {set slot} | touch S & #|S| == k].
Definition fullQ S : {set 'I_R} := [set r in Q | copiesAll S r].

Lemma devWins_touch (P : {set 'I_T}) s S : devWins Q P s S -> touch S.
Proof. by case/andP. Qed.

Lemma touchE S : touch S = (fullQ S != set0).
Proof.
apply/existsP/set0Pn => -[r]; first by move=> h; exists r; rewrite inE.
by rewrite inE => h; exists r.
Qed.

Lemma sub_full (G : {set 'I_R}) S : G \subset Q -> (G \subset fullQ S) = (pk (G, set0) \subset S).
Proof.
move=> GQ; apply/subsetP/subsetP => [h [[r b]|t]|h r rG]; rewrite !inE //=.
- by move=> /h; rewrite inE => /andP[_ /forallP].
- by rewrite (subsetP GQ) //=; apply/forallP=> b; apply: h; rewrite inE.
Qed.

Lemma card_above D k :
  #|[set S : {set slot} | D \subset S & #|S| == k]| = binT (N R B T - #|D|) k #|D|.
Proof.
rewrite /binT -(card_slot R B T) -(card_trace k (subxx D)).
by apply: eq_card => S; rewrite !inE setIC (sameP eqP setIidPl).
Qed.

(* union bound *)
Theorem touch_union k : #|touchSets k| <= #|Q| * binT (R * B + T - B) k B.
Proof.
have cp (r : 'I_R) : #|pk ([set r], set0)| = B by rewrite card_pack cards1 cards0 mul1n addn0.
have ca (r : 'I_R) : #|[set S : {set slot} | pk ([set r], set0) \subset S & #|S| == k]|
    = binT (R * B + T - B) k B by rewrite card_above cp.
rewrite -sum_nat_const.
rewrite (eq_bigr (fun r => \sum_(S : {set slot} | #|S| == k) (pk ([set r], set0) \subset S))); last first.
  move=> r _; rewrite -(ca r) -sum1_card big_mkcond /=.
  by rewrite [RHS]big_mkcond; apply: eq_bigr => S _; rewrite inE andbC; case: eqP => // _; case: (_ \subset _).
rewrite exchange_big /= -sum1_card (eq_bigl (fun S => (#|S| == k) && touch S)); last first.
  by move=> S; rewrite inE andbC.
rewrite big_mkcondr /=; apply: leq_sum => S _; case: ifP => // /existsP[r /andP[rQ a]].
rewrite (bigD1 r) //= -sub_full ?sub1set // inE rQ a.
by [].
Qed.

Theorem W_touch t s k : t <= T ->  W R B T #|Q| t s k <= #|touchSets k|.
Proof.
move=> tT; have : 0 < #|[set A : {set 'I_T} | #|A| == t]| by rewrite card_draws card_ord bin_gt0.
case/card_gt0P => P; rewrite inE => /eqP <-; rewrite -(W_counts_wins Bpos).
by apply: subset_leq_card; apply/subsetP=> S; rewrite !inE => /andP[/devWins_touch -> ->].
Qed.

(* inclusion-exclusion *)
Local Open Scope ring_scope.
Lemma subset_sum (X : finType) (C : {set X}) (F : nat -> int) :
  \sum_(A : {set X} | A \subset C) F #|A| = \sum_(i < #|C|.+1) F i *+ 'C(#|C|, i).
Proof.
have lt (A : {set X}) : (minn #|A| #|C| < #|C|.+1)%N by rewrite ltnS geq_minr.
rewrite (partition_big (fun A => Ordinal (lt A)) predT) //=.
apply: eq_bigr => i _; rewrite (eq_bigr (fun _ => F i)); last first.
  by move=> A /andP[/subset_leq_card h /eqP e]; rewrite -e /= (minn_idPl h).
rewrite sumr_const -cards_draws; congr (_ *+ _); apply: eq_card => A.
rewrite !inE unfold_in /= -(inj_eq val_inj) /=; case: (boolP (A \subset C)) => //= h.
by rewrite (minn_idPl (subset_leq_card h)).
Qed.

Lemma sign_sum (X : finType) (C : {set X}) :
  \sum_(A : {set X} | A \subset C) (-1) ^+ #|A| = (C == set0)%:R :> int.
Proof.
rewrite (subset_sum C (fun n => (-1) ^+ n)) -cards_eq0.
rewrite (_ : _%:R = (1 - 1) ^+ #|C| :> int); last by rewrite subrr expr0n.
by rewrite exprBn; apply: eq_bigr => i _; rewrite !expr1n !mulr1.
Qed.

Theorem touch_count k :
  #|touchSets k|%:R = \sum_(1 <= i < #|Q|.+1)
    (-1) ^+ i.+1 * ('C(#|Q|, i) * binT (R * B + T - i * B) k (i * B))%N%:R :> int.
Proof.
have key : \sum_(S : {set slot} | #|S| == k) (fullQ S == set0)%:R =
   \sum_(0 <= i < #|Q|.+1) (-1) ^+ i * ('C(#|Q|, i) * binT (R * B + T - i * B) k (i * B))%N%:R :> int.
  rewrite (eq_bigr (fun S => \sum_(G : {set 'I_R} | G \subset fullQ S) (-1) ^+ #|G|));
    last by move=> S _; rewrite sign_sum.
  rewrite (exchange_big_dep (fun G : {set 'I_R} => G \subset Q)) /=; last first.
    by move=> S G _ h; apply: subset_trans h _; apply/subsetP=> r; rewrite inE => /andP[].
  rewrite (eq_bigr (fun G : {set 'I_R} =>
      (-1) ^+ #|G| * (binT (R * B + T - #|G| * B) k (#|G| * B))%:R)); last first.
    move=> G GQ; rewrite sumr_const mulr_natr; congr (_ *+ _).
    have := card_above (pk (G, set0)) k; rewrite card_pack cards0 addn0 => <-.
    apply: eq_card => S.
    by rewrite !inE unfold_in /= sub_full // andbC.
  rewrite (subset_sum Q (fun n => (-1) ^+ n * (binT (R * B + T - n * B) k (n * B))%:R)).
  by rewrite big_mkord; apply: eq_bigr => i _; rewrite natrM mulrCA mulr_natl.
have tot : #|touchSets k|%:R + \sum_(S : {set slot} | #|S| == k) (fullQ S == set0)%:R
    = 'C(R * B + T, k)%:R :> int.
  rewrite -[(R * B + T)%N]/(N R B T) -(card_slot R B T) -card_draws -!sum1_card.
  rewrite big_mkcond /= [in RHS]big_mkcond /= !natr_sum [in LHS](big_mkcond (fun S => _ == k)) -big_split /=.
  apply: eq_bigr => S _; rewrite !inE touchE; case: (#|S| == k); rewrite ?andbF ?andbT //=.
  by case: eqP => //= _; rewrite ?addr0.
apply: (addIr (\sum_(S : {set slot} | #|S| == k) (fullQ S == set0)%:R)); rewrite tot key.
rewrite [X in _ = _ + X]big_ltn // expr0 mul1r bin0 mul1n mul0n subn0 /binT leq0n subn0 addrCA.
rewrite -[LHS]addr0; congr (_ + _); rewrite -big_split big1 //= => i _.
by rewrite exprS mulN1r mulNr addNr.
Qed.
End Touch.

(* the touch bound as a probability: no act, slack or set of positions wins more often
   than the positions hit all B copies of some sensitive query *)
Section TouchProb.
Local Open Scope ring_scope.
Variables R B T : nat.
Context (Bpos : (0 < B)%N).
Local Notation slot := (slot R B T).
Implicit Types (S : {set slot}) (Q : {set 'I_R}) (P : {set 'I_T}).

Definition pr_touch Q S : rat :=
  #|[set p : {perm slot} | touch Q (p @: S)]|%:R / #|{perm slot}|%:R.

Theorem touch_probability Q S : pr_touch Q S =
  (\sum_(1 <= i < #|Q|.+1) (-1) ^+ i.+1 *
     ('C(#|Q|, i) * binT (R * B + T - i * B) #|S| (i * B))%N%:R) / 'C(R * B + T, #|S|)%:R.
Proof.
rewrite /pr_touch pr_perm; congr (_ / _).
have := congr1 (fun z : int => z%:~R : rat) (touch_count B T Q #|S|).
rewrite /= rmorph_sum rmorph_nat /= => ->; apply: eq_bigr => i _.
by rewrite rmorphM rmorphX rmorphN1 rmorph_nat.
Qed.

Theorem touch_bounds_every_win Q P s S : pr_deviation Q P s S <= pr_touch Q S.
Proof.
rewrite /pr_deviation /pr_touch ler_wpmul2r ?invr_ge0 ?ler0n // ler_nat.
apply: subset_leq_card; apply/subsetP=> p; rewrite !inE; exact: devWins_touch.
Qed.

(* A server of any kind. The positions S are fixed before the permutation; what is answered there is not: a p x is the answer
   on slot x under permutation p, so the server may know the permutation, every sample and all other answers. Labels are of
   any type; client and server agree on hq, the honest answers, and the client knows hp, the publics' results. *)
Section AnyServer.
Variable L : eqType.
Variables (hq : 'I_R -> L) (hp : 'I_T -> L).

Definition labelsAccepted s (a : slot -> L) :=
  (#|[set t : 'I_T | a (inr t) != hp t]| <= s)%N &&
  [forall r : 'I_R, forall b : 'I_B, forall b' : 'I_B, a (inl (r, b)) == a (inl (r, b'))].
Definition labelsWin s a := labelsAccepted s a && [exists r : 'I_R, exists b : 'I_B, a (inl (r, b)) != hq r].

Theorem touch_bounds_any_server Q s S (a : {perm slot} -> slot -> L) :
  (forall p r b, a p (inl (r, b)) != hq r -> (r \in Q) && (inl (r, b) \in p @: S)) ->
  #|[set p : {perm slot} | labelsWin s (a p)]|%:R / #|{perm slot}|%:R <= pr_touch Q S.
Proof.
move=> wrong; rewrite /pr_touch ler_wpmul2r ?invr_ge0 ?ler0n // ler_nat.
apply: subset_leq_card; apply/subsetP=> p; rewrite !inE => /andP[/andP[_ /forallP agree] /existsP[r /existsP[b w]]].
have rQ : r \in Q by case/andP: (wrong _ _ _ w).
apply/existsP; exists r; rewrite rQ; apply/forallP=> b'.
move/forallP: (agree r) => /(_ b) /forallP /(_ b') /eqP e.
by rewrite e in w; case/andP: (wrong _ _ _ w).
Qed.
End AnyServer.

(* The bound is met: a server that knows the permutation waits until all copies of a query are hit, and then answers them alike. *)
Theorem touch_bound_attained Q s S : exists a : {perm slot} -> slot -> bool,
  (forall p r b, a p (inl (r, b)) != false -> (r \in Q) && (inl (r, b) \in p @: S)) /\
  #|[set p : {perm slot} | labelsWin (fun=> false) (fun=> false) s (a p)]|%:R / #|{perm slot}|%:R = pr_touch Q S.
Proof.
exists (fun p x => if x is inl (r, _) then (r \in Q) && copiesAll (p @: S) r else false).
split=> [p r b|]; first by rewrite eqbF_neg negbK => /andP[-> /forallP /(_ b)].
rewrite /pr_touch; congr (_%:R / _); apply: eq_card => p; rewrite !inE /labelsWin /labelsAccepted.
rewrite (_ : [set t | _] = set0) ?cards0 /=; last by apply/setP=> t; rewrite !inE.
rewrite [X in X && _](_ : _ = true); last by do 3!apply/forallP=> ?.
apply/existsP/existsP => [[r /existsP[_ h]]|[r h]]; exists r; first by rewrite eqbF_neg negbK in h.
by apply/existsP; exists (Ordinal Bpos); rewrite h.
Qed.

Theorem touch_union_bound Q S : (B <= #|S|)%N ->
  pr_touch Q S <= (#|Q| * 'C(#|S|, B))%N%:R / 'C(R * B + T, B)%:R.
Proof.
move=> BS; have leS : (#|S| <= R * B + T)%N by rewrite -[X in (_ <= X)%N](card_slot R B T) max_card.
have BN := leq_trans BS leS.
rewrite /pr_touch pr_perm ler_pdivr_mulr ?ltr0n ?bin_gt0 // mulrAC ler_pdivl_mulr ?ltr0n ?bin_gt0 //.
rewrite -!natrM ler_nat; apply: (@leq_trans (#|Q| * binT (R * B + T - B) #|S| B * 'C(R * B + T, B))).
  by rewrite leq_mul2r (touch_union B T Q #|S|) orbT.
have h : (B + (#|S| - B) <= R * B + T)%N by rewrite subnKC.
have tri := @trinomial (R * B + T) B (#|S| - B) h.
rewrite subnKC // bin_sub // in tri.
by rewrite /binT BS -!mulnA leq_mul2l [(_ * 'C(_ + _, B))%N]mulnC -tri mulnC leqnn orbT.
Qed.
End TouchProb.
