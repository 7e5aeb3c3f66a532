(* Answers that are wrong each in its own way: scattered labels of a script (`relabel`), with c wrong labels. On k slots, over a uniform mix, proved here:
   - scattered_wins: it wins with the sum over f >= 1 of C(R,f) C(T,k-fB) c^(-f(B-1)) / C(N,k) with 0 <= k-fB <= s;
   - scattered_accepted: and is accepted with the same from f = 0;
   - scattered_counted, scattered_computed: scatteredN over binary numbers is these, of C(N,k) c^(R(B-1)).
   [outside.rs: scattered] *)
Require Import NArith.
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Mix Deviation Computed Flaky.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Permuted.
Variable X : finType.
(* the mean over a uniform permutation is the mean over sets of as many slots *)
Lemma mean_permuted (F : {set X} -> rat) (S : {set X}) :
  (\sum_(p : {perm X}) F (p @: S)) / #|{perm X}|%:R = (\sum_(D : {set X} | #|D| == #|S|) F D) / 'C(#|X|, #|S|)%:R.
Proof.
have c0 : 'C(#|X|, #|S|)%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n bin_gt0 max_card.
have n0 : #|{perm X}|%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n; apply/card_gt0P; exists 1%g.
have perms : #|{perm X}| = #|X|`!.
  rewrite -(cardsT X) -(card_perm [set: X]); apply: eq_card => x.
  by rewrite [RHS]unfold_in /= (_ : _ \subset _ = true) //; apply/subsetP=> y _; rewrite inE.
have size (p : {perm X}) : #|p @: S| == #|S| by rewrite card_imset //; exact: perm_inj.
apply/eqP; rewrite eqr_div //; apply/eqP.
rewrite (partition_big (fun p : {perm X} => p @: S) (fun D => #|D| == #|S|)) //= !mulr_suml.
apply: eq_bigr => D /eqP DS; rewrite (eq_bigr (fun=> F D)) => [|p /eqP -> //].
rewrite sumr_const -[F D *+ _]mulr_natr -mulrA mulrC [RHS]mulrC; congr (_ * _); rewrite -natrM perms; congr _%:R.
have := uniform_permutation (pred1 D) S; rewrite (_ : #|[set D' | pred1 D D' & #|D'| == #|S|]| = 1%N); last first.
  rewrite -(cards1 D); apply: eq_card => D'; rewrite !inE; case: eqP => // ->; by rewrite DS eqxx.
rewrite mul1n => <-; congr (_ * _)%N; apply: eq_card => p; by rewrite inE.
Qed.
End Permuted.

Local Notation N := BinNums.N.
Local Notation "n %:B" := (N.of_nat n) (at level 2, format "n %:B").

(* of C(N,k) c^(R(B-1)) choices of k slots, and of what the labels of copies are beside the first *)
Definition scatteredCount R B T s c lo k : nat := (\sum_(lo <= f < R.+1)
  (if f * B <= k <= f * B + s then 'C(R, f) * 'C(T, k - f * B) * c ^ ((R - f) * B.-1) else 0))%N.
Definition scatteredN (R B T s : nat) (c : N) (lo k : nat) : N := sumN (index_iota lo R.+1) (fun f =>
  if (f * B <= k <= f * B + s)%N then N.mul (N.mul (binN R%:B f) (binN T%:B (k - f * B))) (N.pow c ((R - f) * B.-1)%N%:B) else N0).

(* Answers that are wrong each in its own way: on each touched slot one of c wrong labels, drawn for it alone *)
Section Scattered.
Variables R B T s c : nat.
Context (Bpos : (0 < B)%N) (cpos : (0 < c)%N).
Local Notation slot := (slot R B T).
Local Notation NN := (R * B + T)%N.
Local Notation pk := (@pack R B T).
Local Notation labels := {ffun slot -> 'I_c}.
Implicit Types (D : {set slot}) (o : labels).

(* a slot's answer: none stands for the right one *)
Definition reply D o (x : slot) := if x \in D then Some (o x) else None.
Definition passes D o := (#|[set t : 'I_T | reply D o (inr t) != None]| <= s)%N &&
  [forall r : 'I_R, forall b : 'I_B, forall b' : 'I_B, reply D o (inl (r, b)) == reply D o (inl (r, b'))].
Definition deceives D o := passes D o && [exists r : 'I_R, exists b : 'I_B, reply D o (inl (r, b)) != None].

Definition agree (G : {set 'I_R}) o := [forall r in G, forall b : 'I_B, forall b' : 'I_B, o (inl (r, b)) == o (inl (r, b'))].
Definition groups D : {set 'I_R} := [set r | [exists b : 'I_B, inl (r, b) \in D]].

Lemma passesE D o : passes D o = accepts s D && agree (groups D) o.
Proof.
rewrite /passes; have -> : [set t : 'I_T | reply D o (inr t) != None] = pubWrong D.
  by apply/setP=> t; rewrite !inE /reply; case: ifP.
rewrite /accepts /checkPublic -andbA; congr (_ && _).
apply/forallP/andP => [h|[/forallP same /forallP alike] r].
  split.
    apply/forallP=> r; apply/forallP=> b; apply/forallP=> b'; move: (h r) => /forallP/(_ b)/forallP/(_ b').
    by rewrite /reply; case: ifP; case: ifP.
  apply/forallP=> r; apply/implyP; rewrite inE => /existsP[b0 D0].
  have all b : inl (r, b) \in D by move: (h r) => /forallP/(_ b0)/forallP/(_ b); rewrite /reply D0; case: ifP.
  apply/forallP=> b; apply/forallP=> b'; move: (h r) => /forallP/(_ b)/forallP/(_ b').
  by rewrite /reply !all => /eqP[->].
apply/forallP=> b; apply/forallP=> b'; move: (same r) => /forallP/(_ b)/forallP/(_ b')/eqP e; rewrite /reply -e.
case: ifP => // bD; have rG : r \in groups D by rewrite inE; apply/existsP; exists b.
by move: (alike r); rewrite rG /= => /forallP/(_ b)/forallP/(_ b')/eqP ->.
Qed.

Lemma deceivesE D o : deceives D o = (accepts s D && (groups D != set0)) && agree (groups D) o.
Proof.
rewrite /deceives passesE andbAC; congr (_ && _ && _); apply/existsP/set0Pn => -[r].
  by case/existsP=> b; rewrite /reply; case: ifP => // bD _; exists r; rewrite inE; apply/existsP; exists b.
by rewrite inE => /existsP[b bD]; exists r; apply/existsP; exists b; rewrite /reply bD.
Qed.

(* labels that agree within these groups: one each, and one for every other slot *)
Lemma count_agree (G : {set 'I_R}) : #|[set o | agree G o]| = (c ^ (NN - #|G| * B.-1))%N.
Proof.
pose first : slot -> slot := fun x => match x with inl (r, b) => if r \in G then inl (r, Ordinal Bpos) else x | inr _ => x end.
pose A := [set x | first x == x]; pose zero := Ordinal cpos.
have cA : #|A| = (NN - #|G| * B.-1)%N.
  have -> : #|A| = (#|{: slot}| - #|~: A|)%N by rewrite -(cardsC A) addnK.
  rewrite card_slot; congr (_ - _)%N.
  have -> : ~: A = (fun x => inl x) @: setX G (~: [set Ordinal Bpos]).
    apply/setP=> -[[r b]|t]; rewrite !inE /=.
      apply/idP/imsetP => [|[[r' b']]]; last first.
        by rewrite !inE /= => /andP[rG ne] [-> ->]; rewrite rG; apply: contra ne => /eqP[<-].
      case: ifP => rG; last by rewrite eqxx.
      by move=> ne; exists (r, b); rewrite // !inE /= rG; apply: contra ne => /eqP ->.
    by rewrite eqxx; apply/esym/imsetP=> -[].
  by rewrite card_imset ?cardsX ?cardsC1 ?card_ord // => x y [].
rewrite -cA -[X in (X ^ _)%N](card_ord c) -(card_pffun_on zero (mem A) predT).
pose cut (o : labels) := [ffun x => if x \in A then o x else zero].
rewrite -(card_in_imset (f := cut)) => [|o o']; last first.
  rewrite !inE => /forallP h /forallP h' /ffunP e; apply/ffunP=> x.
  have base z : z \in A -> o z = o' z by move=> zA; have := e z; rewrite !ffunE zA.
  have firstA z : first z \in A by rewrite inE; case: z => [[r b]|t] //=; case: ifP => rG /=; rewrite rG.
  have via (o0 : labels) (k : forall r, (r \in G) ==> [forall b, forall b', o0 (inl (r, b)) == o0 (inl (r, b'))]) z : o0 z = o0 (first z).
    case: z => [[r b]|t] //=; case: ifP => // rG; move: (k r); rewrite rG /= => /forallP/(_ b)/forallP/(_ (Ordinal Bpos))/eqP //.
  by rewrite (via o h) (via o' h') base.
apply: eq_card => o; apply/imsetP/pffun_onP => [[o' _ ->]|[/subsetP sup _]].
  split=> //; apply/subsetP=> x; rewrite [x \in _]unfold_in ffunE; case: ifP => //; by rewrite eqxx.
exists [ffun x => o (first x)].
  rewrite inE; apply/forallP=> r; apply/implyP=> rG; apply/forallP=> b; apply/forallP=> b'; by rewrite !ffunE /= rG.
apply/ffunP=> x; rewrite !ffunE; case: ifP => [|xA]; first by rewrite inE => /eqP ->.
by apply/eqP; apply: contraFT xA => ne; apply: sup; rewrite [x \in _]unfold_in.
Qed.

(* over a uniform mix and uniform labels; a label belongs to a position, and so comes to the slot that is there *)
Definition brought (p : {perm slot}) o : labels := [ffun y => o (p^-1%g y)].
Definition pr_scattered (V : {set slot} -> labels -> bool) (S : {set slot}) : rat :=
  #|[set x : {perm slot} * labels | V (x.1 @: S) (brought x.1 x.2)]|%:R / #|{: {perm slot} * labels}|%:R.
Let x : rat := (c ^ B.-1)%:R^-1.

Lemma scattered_sum (C : pred {set 'I_R}) (V : {set slot} -> labels -> bool) (S : {set slot}) :
  (forall D o, V D o = (accepts s D && C (groups D)) && agree (groups D) o) ->
  pr_scattered V S = (\sum_(G : {set 'I_R} | C G) \sum_(P : {set 'I_T} | (#|P| <= s)%N)
    (if (#|G| * B + #|P| == #|S|)%N then x ^+ #|G| else 0)) / 'C(NN, #|S|)%:R.
Proof.
move=> VE; pose n : rat := (c ^ NN)%:R.
have n0 : n != 0 by rewrite pnatr_eq0 -lt0n expn_gt0 cpos.
have cl : #|{: labels}| = (c ^ NN)%N by rewrite card_ffun card_ord card_slot.
have of_set D : #|[set o | V D o]|%:R = (if accepts s D && C (groups D) then n * x ^+ #|groups D| else 0) :> rat.
  case: ifP => cond; last by rewrite (_ : [set o | V D o] = set0) ?cards0 //; apply/setP=> o; rewrite !inE VE cond.
  rewrite (_ : [set o | V D o] = [set o | agree (groups D) o]); last by apply/setP=> o; rewrite !inE VE cond.
  rewrite count_agree /n /x exprVn -natrX -expnM.
  have le : (#|groups D| * B.-1 <= NN)%N.
    apply: leq_trans (leq_addr _ _); apply: leq_mul (leq_pred B); rewrite -[X in (_ <= X)%N](card_ord R); exact: max_card.
  have nz : (c ^ (#|groups D| * B.-1))%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n expn_gt0 cpos.
  by rewrite [(B.-1 * _)%N]mulnC; apply: (mulIf nz); rewrite divfK // -natrM -expnD subnK.
have each (p : {perm slot}) : #|[set o | V (p @: S) (brought p o)]| = #|[set o | V (p @: S) o]|.
  have inj : injective (brought p) by move=> o o' /ffunP e; apply/ffunP=> y; move: (e (p y)); rewrite !ffunE permK.
  rewrite -(card_imset _ inj); apply: eq_card => o; rewrite [RHS]inE; apply/imsetP/idP => [[o']|h]; first by rewrite inE => h ->.
  have e : o = brought p [ffun y => o (p y)] by apply/ffunP=> y; rewrite !ffunE permKV.
  by exists [ffun y => o (p y)]; rewrite // inE -e.
have -> : pr_scattered V S = (\sum_(p : {perm slot}) (#|[set o | V (p @: S) o]|%:R / n)) / #|{perm slot}|%:R.
  rewrite /pr_scattered card_prod cl mulnC natrM -/n -mulr_suml -mulrA -invfM; congr (_ / _); rewrite -natr_sum; congr _%:R.
  rewrite -sum1_card (eq_bigl (fun z : {perm slot} * labels => predT z.1 && V (z.1 @: S) (brought z.1 z.2))); last by move=> z; rewrite inE.
  rewrite -(pair_big_dep predT (fun (p : {perm slot}) o => V (p @: S) (brought p o)) (fun _ _ => 1%N)) /=.
  by apply: eq_bigr => p _; rewrite sum1dep_card each.
rewrite (mean_permuted (fun D => #|[set o | V D o]|%:R / n)) card_slot -[Mix.N R B T]/NN; congr (_ / _).
have := @sum_accepted R B T s Bpos (fun D => if #|D| == #|S| then x ^+ #|groups D| else 0) C.
rewrite (eq_bigr (fun G : {set 'I_R} => \sum_(P : {set 'I_T} | (#|P| <= s)%N) (if (#|G| * B + #|P| == #|S|)%N then x ^+ #|G| else 0))).
  move=> <-; rewrite [RHS](eq_bigr (fun D => if #|D| == #|S| then x ^+ #|groups D| else 0)) // big_mkcond [RHS]big_mkcond.
  apply: eq_bigr => D _; rewrite of_set; case: eqP => _; last by case: ifP.
  by case: ifP => _; rewrite ?mul0r // mulrAC divff // mul1r.
move=> G _; apply: eq_bigr => P _; rewrite card_pack (_ : groups (pk (G, P)) = G) //.
apply/setP=> r; rewrite inE; apply/existsP/idP => [[b]|rG]; first by rewrite inE.
by exists (Ordinal Bpos); rewrite inE.
Qed.

(* the sets of f whole queries and k - fB publics, each with the chance that its groups agree *)
Definition scatteredSum lo k : rat := \sum_(lo <= f < R.+1)
  (if (f * B <= k <= f * B + s)%N then ('C(R, f) * 'C(T, k - f * B))%N%:R * x ^+ f else 0).

Lemma publics_beside f k : \sum_(P : {set 'I_T} | (#|P| <= s)%N) (if (f * B + #|P| == k)%N then x ^+ f else 0) =
  (if (f * B <= k <= f * B + s)%N then 'C(T, k - f * B)%:R * x ^+ f else 0).
Proof.
rewrite -big_mkcondr /=; case: ifP => [/andP[le ge]|no]; last first.
  by rewrite big_pred0 // => P; apply: contraFF no => /andP[Ps /eqP <-]; rewrite leq_addr leq_add2l.
rewrite (eq_bigl (mem [set P : {set 'I_T} | #|P| == k - f * B])%N) => [|P].
  by rewrite sumr_const card_draws card_ord mulr_natl.
rewrite !inE; apply/andP/eqP => [[_ /eqP <-]|->]; first by rewrite addKn.
by rewrite leq_subLR ge subnKC.
Qed.

Theorem scattered_wins (S : {set slot}) : pr_scattered deceives S = scatteredSum 1 #|S| / 'C(NN, #|S|)%:R.
Proof.
rewrite (scattered_sum (C := fun G => G != set0) S deceivesE); congr (_ / _).
rewrite (eq_bigr (fun G : {set 'I_R} => if (#|G| * B <= #|S| <= #|G| * B + s)%N then 'C(T, #|S| - #|G| * B)%:R * x ^+ #|G| else 0)) => [|G _]; last exact: publics_beside.
pose F f : rat := if (0 < f)%N then if (f * B <= #|S| <= f * B + s)%N then 'C(T, #|S| - f * B)%:R * x ^+ f else 0 else 0.
transitivity (\sum_(G : {set 'I_R}) F #|G|).
  by rewrite big_mkcond; apply: eq_bigr => G _; rewrite /F card_gt0.
rewrite sum_by_card card_ord big_ord_recl /F /= mulr0 add0r /scatteredSum big_add1 /= big_mkord.
by apply: eq_bigr => f _; rewrite /bump leq0n add1n /=; case: ifP; rewrite ?mulr0 // natrM mulrA.
Qed.

Theorem scattered_accepted (S : {set slot}) : pr_scattered passes S = scatteredSum 0 #|S| / 'C(NN, #|S|)%:R.
Proof.
rewrite (scattered_sum (C := predT) (V := passes) S) => [|D o]; last by rewrite passesE andbT.
rewrite (eq_bigr (fun G : {set 'I_R} => if (#|G| * B <= #|S| <= #|G| * B + s)%N then 'C(T, #|S| - #|G| * B)%:R * x ^+ #|G| else 0)) => [|G _]; last exact: publics_beside.
congr (_ / _); rewrite (@sum_by_card _ (fun f => if (f * B <= #|S| <= f * B + s)%N then 'C(T, #|S| - f * B)%:R * x ^+ f else 0)) card_ord.
by rewrite /scatteredSum big_mkord; apply: eq_bigr => f _; case: ifP; rewrite ?mulr0 // natrM mulrA.
Qed.

Theorem scattered_counted (S : {set slot}) lo : scatteredSum lo #|S| / 'C(NN, #|S|)%:R =
  (scatteredCount R B T s c lo #|S|)%:R / ('C(NN, #|S|) * c ^ (R * B.-1))%N%:R.
Proof.
have nz n : (c ^ n)%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n expn_gt0 cpos.
rewrite natrM invfM mulrA mulrAC; congr (_ / _).
rewrite /scatteredSum /scatteredCount natr_sum mulr_suml big_nat_cond [RHS]big_nat_cond; apply: eq_bigr => f /andP[/andP[_ fR] _].
case: ifP => _; last by rewrite mul0r.
have -> : (c ^ (R * B.-1) = c ^ ((R - f) * B.-1) * (c ^ B.-1) ^ f)%N by rewrite -expnM -expnD [(B.-1 * f)%N]mulnC -mulnDl subnK // -ltnS.
by rewrite !natrM invfM mulrA mulfK // /x exprVn -natrX.
Qed.
End Scattered.

Theorem scattered_computed R B T s c lo k : scatteredN R B T s c%:B lo k = (scatteredCount R B T s c lo k)%:B.
Proof. by apply: sumNE => f; case: ifP => // _; rewrite !binN_is_binomial !Nat2N.id powNE !mulNE. Qed.


