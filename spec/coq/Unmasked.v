(* A server that sees which slots hold the same sample, `program: unmask` of a script: asked about the slots of C before it answers the first, it looks for two
   with the same sample, and answers that sample's slots alike and wrongly; where no two are, it does so with the sample of one slot of C. So it loses where
   all samples of C differ and that slot holds a public. Proved here:
   - unmasked: over a uniform mix that happens with the sum over j of C(R,j) B^j C(T,c-j) (c-j), over c C(N,c), for c slots in C;
   - unmasked_computed: unmaskedN over binary numbers is this sum.
   [linked.rs: unmasked] *)
Require Import NArith.
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Mix Deviation Computed Flaky Scattered Named.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.

Local Notation N := BinNums.N.
Local Notation "n %:B" := (N.of_nat n) (at level 2, format "n %:B").

Section Unmasked.
Variables R B T : nat.
Context (Bpos : 0 < B).
Local Notation slot := (slot R B T).
Local Notation NN := (R * B + T).
Local Notation copies := (copies B T).
Local Notation chosen := {ffun 'I_R -> option 'I_B}.
Implicit Types (D C : {set slot}) (f : chosen) (P : {set 'I_T}).

Definition is_public (x : slot) := if x is inr _ then true else false.
(* no two of these slots hold copies of one query *)
Definition all_differ D := [forall r, #|D :&: copies r| <= 1].
Definition loses C (x : slot) (p : {perm slot}) := all_differ (p @: C) && is_public (p x).

Definition lostSum c := \sum_(0 <= j < R.+1) (if j <= c then 'C(R, j) * B ^ j * 'C(T, c - j) * (c - j) else 0).

(* such a set is at most one copy of each query, and some publics *)
Definition holding (y : chosen * {set 'I_T}) : {set slot} :=
  [set x | match x with inl (r, b) => y.1 r == Some b | inr t => t \in y.2 end].
Definition held D : chosen * {set 'I_T} := ([ffun r => [pick b | inl (r, b) \in D]], pubWrong D).
Definition asked f : {set 'I_R} := [set r | f r != None].

Lemma holding_differ y : all_differ (holding y).
Proof.
apply/forallP=> r; case e: (y.1 r) => [b|].
  rewrite -(cards1 (inl (r, b) : slot)); apply: subset_leq_card; apply/subsetP=> -[[q c]|t]; rewrite !inE ?andbF //.
  by case/andP=> /eqP h /eqP qr; move: h; rewrite qr e => -[->].
rewrite (_ : _ :&: _ = set0) ?cards0 //; apply/setP=> -[[q c]|t]; rewrite !inE ?andbF //.
by apply/negbTE/negP=> /andP[/eqP h /eqP e']; rewrite -e' h in e.
Qed.

Lemma held_holding y : held (holding y) = y.
Proof.
case: y => f P; congr pair; last by apply/setP=> t; rewrite !inE.
apply/ffunP=> r; rewrite ffunE; case: pickP => [b|none]; first by rewrite inE => /eqP ->.
by case e: (f r) => [b|] //; have := none b; rewrite inE /= e eqxx.
Qed.

Lemma holding_held D : all_differ D -> holding (held D) = D.
Proof.
move=> /forallP one; apply/setP=> -[[r b]|t]; rewrite !inE //= ffunE; case: pickP => [c cD|none]; last by rewrite none.
apply/eqP/idP => [[<-] //|bD]; congr Some; have := one r; rewrite leqNgt; apply: contraNeq => ne.
have two : [set (inl (r, c) : slot); inl (r, b)] \subset D :&: copies r by rewrite subUset !sub1set !inE cD bD !eqxx.
apply: leq_trans (subset_leq_card two); rewrite cards2; case: eqP => // -[e]; by rewrite e eqxx in ne.
Qed.

Lemma card_holding f P : #|holding (f, P)| = #|asked f| + #|P|.
Proof.
pose at_ r : slot := inl (r, odflt (Ordinal Bpos) (f r)).
have -> : holding (f, P) = at_ @: asked f :|: (fun t => inr t) @: P.
  apply/setP=> -[[r b]|t]; rewrite !inE /=.
    apply/eqP/orP => [e|[/imsetP[q]|/imsetP[] //]]; first by left; apply/imsetP; exists r; rewrite ?inE ?e // /at_ e.
    by rewrite inE => h [-> ->]; case: (f q) h.
  by apply/idP/orP => [tP|[/imsetP[] //|/imsetP[u uP [->]] //]]; right; apply/imsetP; exists t.
rewrite cardsU (_ : _ :&: _ = set0) ?cards0 ?subn0; last first.
  by apply/setP=> x; rewrite !inE; apply/negP=> /andP[/imsetP[r _ ->] /imsetP[]].
by rewrite !card_imset // => [x y []|x y []].
Qed.

Lemma count_chosen (A : {set 'I_R}) : #|[set f : chosen | asked f == A]| = B ^ #|A|.
Proof.
pose zero := Ordinal Bpos; pose lift (g : {ffun 'I_R -> 'I_B}) : chosen := [ffun r => if r \in A then Some (g r) else None].
rewrite -[in RHS](card_ord B) -(card_pffun_on zero (mem A) predT) -(card_in_imset (f := lift)) => [|g h]; last first.
  move=> /pffun_onP[/subsetP sg _] /pffun_onP[/subsetP sh _] /ffunP e; apply/ffunP=> r; case rA: (r \in A).
    by have := e r; rewrite !ffunE rA => -[].
  have out (k : {ffun 'I_R -> 'I_B}) : {subset zero.-support k <= A} -> k r = zero.
    by move=> sk; apply/eqP; apply: contraFT rA => ne; apply: sk; rewrite [_ \in _]unfold_in.
  by rewrite (out g sg) (out h sh).
apply: eq_card => f; rewrite inE; apply/eqP/imsetP => [e|[g _ ->]].
  exists [ffun r => odflt zero (f r)].
    apply/pffun_onP; split=> //; apply/subsetP=> r; rewrite [_ \in _]unfold_in ffunE -e inE; by case: (f r); rewrite ?eqxx.
  by apply/ffunP=> r; rewrite /lift !ffunE -e inE; case: (f r).
by apply/setP=> r; rewrite inE /lift ffunE; case: ifP.
Qed.

Lemma sum_lost c : \sum_(D : {set slot} | #|D| == c) (if all_differ D then #|pubWrong D| else 0) = lostSum c.
Proof.
rewrite /lostSum big_mkord.
rewrite -big_mkcondr (eq_bigl (fun D => all_differ D && (#|D| == c))) => [|D]; last by rewrite andbC.
rewrite (reindex_onto holding held) /= => [|D /andP[/holding_held ->] //].
rewrite (eq_bigl (fun y : chosen * {set 'I_T} => predT y.1 && (#|asked y.1| + #|y.2| == c))); last first.
  by move=> [f P]; rewrite holding_differ held_holding eqxx andbT card_holding.
rewrite (eq_bigr (fun y : chosen * {set 'I_T} => #|y.2|)); last by move=> y _; rewrite -[in RHS](held_holding y).
rewrite -(pair_big_dep predT (fun f P => #|asked f| + #|P| == c) (fun f P => #|P|)) /=.
pose G j := if j <= c then 'C(T, c - j) * (c - j) else 0.
transitivity (\sum_(f : chosen) G #|asked f|).
  apply: eq_bigr => f _; rewrite /G; case: leqP => le; last first.
    by rewrite big_pred0 // => P; apply/negbTE; rewrite neq_ltn orbC (leq_trans le) ?leq_addr.
  rewrite (eq_bigl (fun P => P \in [set P' : {set 'I_T} | #|P'| == c - #|asked f|])) => [|P]; last first.
    by rewrite !inE -[RHS](eqn_add2l #|asked f|) subnKC.
  rewrite (eq_bigr (fun=> c - #|asked f|)) => [|P]; last by rewrite inE => /eqP.
  by rewrite sum_nat_const card_draws card_ord.
rewrite (partition_big asked predT) //= (eq_bigr (fun A : {set 'I_R} => B ^ #|A| * G #|A|)) => [|A _]; last first.
  rewrite (eq_bigr (fun=> G #|A|)) => [|f /eqP -> //]; rewrite sum_nat_const -count_chosen; congr (_ * _).
  by apply: eq_card => f; rewrite [RHS]inE.
have le (A : {set 'I_R}) : #|A| < R.+1 by rewrite ltnS -[X in _ <= X](card_ord R) max_card.
rewrite (partition_big (fun A => Ordinal (le A)) predT) //=; apply: eq_bigr => j _.
rewrite (eq_bigr (fun=> B ^ j * G j)) => [|A /eqP <- //]; rewrite sum_nat_const (_ : #|_| = 'C(R, j)).
  by rewrite /G; case: ifP => _; rewrite ?muln0 // !mulnA.
have -> : 'C(R, j) = #|[set A : {set 'I_R} | #|A| == j]| by rewrite card_draws card_ord.
by apply: eq_card => A; rewrite [RHS]inE.
Qed.

Local Open Scope ring_scope.
Theorem unmasked (C : {set slot}) x : x \in C ->
  #|[set p : {perm slot} | loses C x p]|%:R / #|{perm slot}|%:R = (lostSum #|C|)%:R / (#|C| * 'C(NN, #|C|))%N%:R :> rat.
Proof.
move=> xC; pose of_ y := #|[set p : {perm slot} | loses C y p]|.
have c0 : #|C|%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n; apply/card_gt0P; exists x.
have same y : y \in C -> of_ y = of_ x.
  move=> yC; rewrite /of_ -(card_imset _ (mulgI (tperm x y))); apply: eq_card => p; rewrite [RHS]inE.
  have fixes (q : {perm slot}) : (tperm x y * q)%g @: C = q @: C.
    rewrite (_ : (tperm x y * q)%g @: C = q @: (tperm x y @: C)); last by rewrite -imset_comp; apply: eq_imset => z; rewrite permM.
    rewrite (_ : tperm x y @: C = C) //; apply/setP=> z; apply/imsetP/idP => [[u uC ->]|zC]; first by case: tpermP.
    by exists (tperm x y z); rewrite ?tpermK //; case: tpermP.
  apply/imsetP/idP => [[q]|h].
    by rewrite inE /loses => h ->; rewrite fixes permM tpermL.
  exists (tperm x y * p)%g; last by rewrite mulgA tperm2 mul1g.
  by move: h; rewrite inE /loses fixes permM tpermR.
have all : (#|C| * of_ x)%N = (\sum_(p : {perm slot}) (if all_differ (p @: C) then #|pubWrong (p @: C)| else 0))%N.
  rewrite -sum_nat_const (eq_bigr of_) => [|y yC]; last by rewrite same.
  rewrite /of_ (eq_bigr (fun y => \sum_(p : {perm slot}) (loses C y p : nat))%N) => [|y _]; last first.
    by rewrite -sum1dep_card big_mkcond; apply: eq_bigr => p _; case: loses.
  rewrite exchange_big; apply: eq_bigr => p _; rewrite /loses; case: all_differ; last by rewrite big1.
  transitivity #|[set y in C | is_public (p y)]|.
    by rewrite -sum1dep_card big_mkcondr; apply: eq_bigr => y _ /=; case: is_public.
  rewrite -(card_imset _ (@perm_inj _ p)) -[RHS](card_imset _ (_ : injective (fun t : 'I_T => inr t : slot))) => [|t u []] //.
  apply: eq_card => z; apply/imsetP/imsetP => [[y]|[t]].
    rewrite inE => /andP[yC]; case e: (p y) => [//|t] _ ->; exists t; rewrite // inE -e; exact: imset_f.
  by rewrite inE => /imsetP[y yC e] ->; exists y; rewrite // inE yC -e.
have := mean_permuted (fun D => (if all_differ D then #|pubWrong D| else 0)%N%:R) C.
rewrite -!natr_sum -all sum_lost card_slot -[Mix.N R B T]/NN natrM => e.
by apply: (mulfI c0); rewrite mulrA e natrM invfM mulrCA mulVKf.
Qed.
End Unmasked.

Definition unmaskedN (R B T c : nat) : N := sumN (index_iota 0 R.+1) (fun j =>
  if j <= c then N.mul (N.mul (N.mul (binN R%:B j) (N.pow B%:B j%:B)) (binN T%:B (c - j))) (c - j)%:B else N0).
Theorem unmasked_computed R B T c : unmaskedN R B T c = (lostSum R B T c)%:B.
Proof. by apply: sumNE => j; case: ifP => // _; rewrite !binN_is_binomial !Nat2N.id powNE !mulNE. Qed.
