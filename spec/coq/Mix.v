(* Counting for mix-and-check. A session has R queries in B copies each and T publics, shuffled. Proved here:
   - winning_sets: of all k-sets of slots, the number that win is C(R,i) at k = iB, i >= 1, else 0;
   - winning_sets_with_slack: the same with s wrong publics tolerated;
   - uniform_permutation: over a uniform permutation of the slots, a fixed set of k positions meets a property exactly as
     often as a uniform k-set of slots does. Every probability in this folder is read off from this count. *)
From mathcomp Require Import all_ssreflect fingroup perm.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.

(* Counting winning sets *)
Section Counting.
Variables R B T : nat.
Context (Bpos : 0 < B).

(* before mixing, a slot is copy b of query r, or public sample t *)
Definition slot := ('I_R * 'I_B + 'I_T)%type.
Definition N := R * B + T.
Lemma card_slot : #|{: slot}| = N.
Proof. by rewrite card_sum card_prod !card_ord. Qed.

(* S = slots answered wrongly. The client's two local checks, with slack s: *)
Definition pubWrong (S : {set slot}) : {set 'I_T} := [set t | inr t \in S].
Definition checkPublic s (S : {set slot}) := #|pubWrong S| <= s.
Definition checkCopies (S : {set slot}) :=
  [forall r : 'I_R, forall b : 'I_B, forall b' : 'I_B,
     (inl (r, b) \in S) == (inl (r, b') \in S)].
Definition accepts s S := checkPublic s S && checkCopies S.
(* some released query answer is wrong *)
Definition corrupt (S : {set slot}) :=
  [exists r : 'I_R, exists b : 'I_B, inl (r, b) \in S].
Definition wins s S := accepts s S && corrupt S.

Definition pack (p : {set 'I_R} * {set 'I_T}) : {set slot} :=
  [set x | match x with inl (r, _) => r \in p.1 | inr t => t \in p.2 end].

Lemma pack_inj : injective pack.
Proof.
move=> [G P] [G' P'] /setP E; congr pair; apply/setP=> x.
- by move: (E (inl (x, Ordinal Bpos))); rewrite !inE.
- by move: (E (inr x)); rewrite !inE.
Qed.

Lemma card_pack G P : #|pack (G, P)| = #|G| * B + #|P|.
Proof.
have -> : pack (G, P) = inl @: setX G [set: 'I_B] :|: inr @: P.
  apply/setP=> -[[r b]|t]; rewrite !inE /=.
  - apply/idP/orP=> [rG|[]].
    + by left; apply/imsetP; exists (r, b); rewrite ?inE ?rG.
    + by case/imsetP=> -[r' b']; rewrite !inE andbT /= => rG [-> _].
    + by case/imsetP.
  - apply/idP/orP=> [tP|[]]; first by right; apply/imsetP; exists t.
    + by case/imsetP.
    + by case/imsetP=> t' tP [->].
rewrite cardsU (_ : _ :&: _ = set0) ?cards0 ?subn0; last first.
  apply/setP=> x; rewrite !inE; apply/negP=> /andP[].
  by case/imsetP=> y _ -> /imsetP[].
rewrite !card_imset ?cardsX ?cardsT ?card_ord //.
- by move=> x y [].
- by move=> x y [].
Qed.

Lemma winsP s S :
  reflect (exists2 p, S = pack p & (0 < #|p.1|) && (#|p.2| <= s)) (wins s S).
Proof.
apply: (iffP idP).
- case/andP=> /andP[cP /forallP cC] /existsP[r0 /existsP[b0 w]].
  have cc r b b' : (inl (r, b) \in S) = (inl (r, b') \in S).
    by apply/eqP; move: (cC r) => /forallP /(_ b) /forallP /(_ b').
  exists ([set r | inl (r, Ordinal Bpos) \in S], pubWrong S).
    apply/setP=> -[[r b]|t]; rewrite !inE //; exact: cc.
  rewrite [_ <= s]cP andbT card_gt0; apply/set0Pn; exists r0.
  by rewrite inE -(cc _ b0).
- case=> -[G P] -> /= /andP[G0 Ps]; apply/andP; split; first (apply/andP; split).
  + rewrite /checkPublic (_ : pubWrong _ = P) //.
    by apply/setP=> t; rewrite !inE.
  + by do 3!apply/forallP=> ?; rewrite !inE.
  + move: G0; rewrite card_gt0 => /set0Pn[r rG].
    by apply/existsP; exists r; apply/existsP; exists (Ordinal Bpos); rewrite inE.
Qed.

Definition winSets s k := [set S : {set slot} | wins s S & #|S| == k].

Lemma card_by_size (X : finType) (F : nat -> nat) :
  \sum_(A : {set X}) F #|A| = \sum_(i < #|X|.+1) 'C(#|X|, i) * F i.
Proof.
have lt (A : {set X}) : #|A| < #|X|.+1 by rewrite ltnS max_card.
rewrite (partition_big (fun A : {set X} => Ordinal (lt A)) predT) //=.
apply: eq_bigr => i _.
rewrite (eq_bigr (fun _ => F i)); last by move=> A /eqP <-.
by rewrite sum_nat_const -card_draws; congr (_ * _); apply: eq_card => A; rewrite !inE.
Qed.

(* exact number of winning sets of size k with slack s *)
Theorem winning_sets_with_slack s k :
  #|winSets s k| =
  \sum_(i < R.+1) \sum_(j < T.+1)
     (if [&& 0 < i, j <= s & i * B + j == k] then 'C(R, i) * 'C(T, j) else 0).
Proof.
have -> : winSets s k =
    pack @: [set p : {set 'I_R} * {set 'I_T} |
      [&& 0 < #|p.1|, #|p.2| <= s & #|p.1| * B + #|p.2| == k]].
  apply/setP=> S; rewrite !inE; apply/andP/imsetP.
  - case=> /winsP[[G P] -> /andP[g p]] /eqP e; exists (G, P) => //.
    by rewrite inE /= g p -e card_pack eqxx.
  - case=> -[G P]; rewrite inE /= => /and3P[g p e] ->.
    by split; [apply/winsP; exists (G, P); rewrite //= g|rewrite card_pack].
rewrite card_imset; last exact: pack_inj.
rewrite -sum1_card big_mkcond /=.
rewrite (eq_bigr (fun p : {set 'I_R} * {set 'I_T} =>
   (fun a b => nat_of_bool [&& 0 < a, b <= s & a * B + b == k]) #|p.1| #|p.2|));
  last by move=> p _; rewrite inE; case: [&& _, _ & _].
rewrite -(pair_bigA _ (fun (G : {set 'I_R}) (P : {set 'I_T}) =>
   nat_of_bool [&& 0 < #|G|, #|P| <= s & #|G| * B + #|P| == k])) /=.
rewrite (card_by_size _ (fun a => \sum_(P : {set 'I_T})
   nat_of_bool [&& 0 < a, #|P| <= s & a * B + #|P| == k])) card_ord.
apply: eq_bigr => i _.
rewrite (card_by_size _ (fun b => nat_of_bool [&& 0 < i, b <= s & i * B + b == k])) card_ord.
rewrite big_distrr /=; apply: eq_bigr => j _.
by case: [&& _, _ & _]; rewrite ?muln1 ?muln0.
Qed.

(* s = 0 *)
Theorem winning_sets k : #|winSets 0 k| =
  if (B %| k) && (0 < k) then 'C(R, k %/ B) else 0.
Proof.
rewrite winning_sets_with_slack.
under eq_bigr => i _.
  rewrite (bigD1 ord0) //= big1 => [|j jn0]; last first.
    by case: ifP => // /and3P[_ j0 _]; move: jn0; rewrite -(inj_eq val_inj) -leqn0 j0.
  rewrite bin0 muln1 !addn0; over.
case: ifP => [/andP[/dvdnP[q ->]]|/negbT].
  rewrite muln_gt0 Bpos andbT mulnK // => q0.
  case: (leqP q R) => qR.
    rewrite (bigD1 (inord q)) //= inordK // q0 eqxx big1 ?addn0 // => i iq.
    case: ifP => // /andP[_]; rewrite eqn_mul2r => /orP[/eqP b0|/eqP e].
      by move: Bpos; rewrite b0.
    by case/negP: iq; rewrite -(inj_eq val_inj) /= inordK // e.
  rewrite bin_small // big1 // => i _; case: ifP => // /andP[_].
  rewrite eqn_mul2r => /orP[/eqP b0|/eqP e]; first by move: Bpos; rewrite b0.
  by move: (ltn_ord i); rewrite e ltnS leqNgt qR.
rewrite negb_and => h; rewrite big1 // => i _; case: ifP => // /andP[i0 /eqP e].
by case/orP: h; rewrite -e ?dvdn_mull ?dvdnn // muln_gt0 i0 Bpos.
Qed.

Corollary winning_sets_of_groups i : 0 < i -> #|winSets 0 (i * B)| = 'C(R, i).
Proof. by move=> i0; rewrite winning_sets dvdn_mull ?dvdnn // muln_gt0 i0 Bpos mulnK. Qed.
End Counting.

(* Uniform permutation = uniform k-subset *)
Section Perms.
Variable X : finType.
Implicit Types (A S : {set X}) (p q : {perm X}).

Lemma perm_onto A A' : #|A| = #|A'| -> exists p : {perm X}, p @: A = A'.
Proof.
move=> eA.
pose s (D : {set X}) := enum D ++ enum (~: D).
have us D : uniq (s D).
  rewrite cat_uniq !enum_uniq /= andbT; apply/hasPn => x.
  by rewrite /= !mem_enum inE.
have ms D x : x \in s D by rewrite mem_cat !mem_enum inE orbN.
have zs D : size (s D) = #|X| by rewrite size_cat -!cardE cardsC.
pose f x := nth x (s A') (index x (s A)).
have lt x : index x (s A) < size (s A') by rewrite zs -(zs A) index_mem.
have fi : injective f.
  move=> x y; rewrite /f (set_nth_default y) // => /eqP.
  rewrite nth_uniq // => /eqP e.
  by rewrite -[x](nth_index y (ms A x)) e nth_index.
exists (perm fi); apply/eqP; rewrite eqEcard card_imset; last exact: perm_inj.
rewrite eA leqnn andbT; apply/subsetP=> _ /imsetP[x xA ->].
rewrite permE /f -mem_enum /s nth_cat -cardE -eA.
have h : index x (s A) < #|A|.
  by rewrite index_cat mem_enum xA cardE index_mem mem_enum.
by rewrite h mem_nth // -cardE -eA.
Qed.

Lemma card_perm_onto S A A' : #|A| = #|A'| ->
  #|[set p : {perm X} | p @: S == A]| = #|[set p : {perm X} | p @: S == A']|.
Proof.
case/perm_onto => q qA.
rewrite -(card_imset _ (mulIg q)); apply: eq_card => p; rewrite inE.
have mulE (u v : {perm X}) (D : {set X}) : (u * v)%g @: D = v @: (u @: D).
  by rewrite -imset_comp; apply: eq_imset => x /=; rewrite permM.
apply/imsetP/eqP => [[u]|h].
  by rewrite inE => /eqP uS ->; rewrite mulE uS.
exists (p * q^-1)%g; last by rewrite mulgKV.
rewrite inE mulE h -qA -mulE mulgV; apply/eqP/setP=> x.
apply/imsetP/idP => [[y yA ->]|xA]; first by rewrite perm1.
by exists x; rewrite ?perm1.
Qed.

(* the number of permutations sending S exactly onto A *)
Lemma count_perm_onto S A : #|S| = #|A| ->
  #|[set p : {perm X} | p @: S == A]| * 'C(#|X|, #|S|) = #|X|`!.
Proof.
move=> eS; rewrite -card_draws -[RHS]/(#|X|`!) mulnC.
have <- : #|[set: {perm X}]| = #|X|`!.
  rewrite -cardsT -(card_perm [set: X]); apply: eq_card => p.
  by rewrite inE; apply/esym/subsetP=> x; rewrite inE.
rewrite -[RHS]sum1_card.
rewrite (partition_big (fun p : {perm X} => p @: S) (fun D => #|D| == #|S|)) /=;
  last by move=> p _; rewrite card_imset //; exact: perm_inj.
rewrite (eq_bigr (fun _ => #|[set p : {perm X} | p @: S == A]|)).
  rewrite sum_nat_const; congr (_ * _); apply: eq_card => D; by rewrite !inE.
move=> D /eqP dS; rewrite (@card_perm_onto S A D); last by rewrite -eS.
by rewrite -sum1_card; apply: eq_bigl => p; rewrite !inE.
Qed.

(* success count of any fixed S against a uniform permutation *)
Theorem uniform_permutation (W : pred {set X}) S :
  #|[set p : {perm X} | W (p @: S)]| * 'C(#|X|, #|S|)
  = #|[set D | W D & #|D| == #|S|]| * #|X|`!.
Proof.
rewrite -[in LHS]sum1_card.
rewrite (partition_big (fun p : {perm X} => p @: S)
          (fun D => W D && (#|D| == #|S|))) /=; last first.
  by move=> p; rewrite inE => ->; rewrite (card_imset _ perm_inj) eqxx.
rewrite big_distrl /=.
rewrite (eq_bigr (fun _ => #|X|`!)).
  by rewrite sum_nat_const; congr (_ * _); apply: eq_card => D; rewrite !inE.
move=> D /andP[wD /eqP cD]; rewrite -(@count_perm_onto S D) //; congr (_ * _).
rewrite -sum1_card; apply: eq_bigl => p; rewrite !inE.
by case: eqP => // [->|]; rewrite ?wD ?andbT ?andbF.
Qed.
End Perms.
