(* Slack: the client tolerates s wrong publics, s < B. Proved here:
   - slack_worst_ends: with j publics hit, some end (one query, or all R) is as good for the server as any i;
   - slack_comparisons_decide: 2(s+1) comparisons, at k = B+j and k = RB+j for j <= s, decide security against every k;
   - slack_bounds_probability: the same as a probability over a uniform permutation, of an act that changes every answer;
   - mixed_with_slack_no_better: a random choice of positions for such an act is bounded by the same comparisons.
   Open: s >= B. A search over 317,000 settings found no counterexample, but there distinct (i,j) meet in one k, and the
   success probability within a residue class of k is not valley-shaped, so no argument by monotone pieces works. *)
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Worst Mix Deviation.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.

Section HalfOfPublics.
Variables R B T j : nat.
Context (jB : j < B) (jT : 2 * j <= T).
Let N := R * B + T.
Let Bpos : 0 < B. Proof. by apply: leq_ltn_trans jB. Qed.

Lemma h_mono x y : x <= y -> y * 'C(x * B + j, B) <= x * 'C(y * B + j, B).
Proof.
move=> xy; rewrite -(leq_pmul2r (fact_gt0 B)) -!mulnA !bin_ffact !ffact_prod.
have sp z : \prod_(i < B) (z * B + j - i) =
    z * B * \prod_(i < B | i != Ordinal jB) (z * B + j - i).
  by rewrite (bigD1 (Ordinal jB)) //= addnK.
rewrite !sp !mulnA (_ : y * x * B = x * y * B); last by rewrite [y * x]mulnC.
apply: leq_mul => //; apply: leq_prod => i _.
by rewrite leq_sub2r // leq_add2r leq_mul2r xy orbT.
Qed.

Lemma le_jN i : i <= R -> i * B + j <= N.
Proof.
move=> iR; apply: leq_add; first by rewrite leq_mul2r iR orbT.
by apply: leq_trans jT; rewrite leq_pmull.
Qed.

Lemma stepj i : 2 * i < R ->
  'C(R, i.+1) * 'C(N, i * B + j) <= 'C(R, i) * 'C(N, i.+1 * B + j).
Proof.
move=> h; have iR : i < R by apply: leq_ltn_trans h; rewrite leq_pmull.
have ex : i.+1 * B + j = i * B + j + B by rewrite mulSnr addnAC.
have kb : i * B + j + B <= N by rewrite -ex; apply: le_jN.
have tri := trinomial kb; rewrite -ex in tri kb *.
have p1 : 0 < 'C(i.+1 * B + j, B) by rewrite bin_gt0 mulSn -addnA leq_addr.
have e1 : i.+1 * 'C(R, i.+1) = (R - i) * 'C(R, i) by rewrite mul_bin_left.
have xy : i.+1 <= R - i by rewrite leq_subRL ?(ltnW iR) // addnS addnn -mul2n.
have l1 := h_mono xy.
have l2 : 'C((R - i) * B + j, B) <= 'C(N - (i * B + j), B).
  apply: leq_bin2l; rewrite leq_subRL; last exact/le_jN/ltnW.
  rewrite addnACA -mulnDl subnKC ?(ltnW iR) // leq_add2l addnn -mul2n; exact: jT.
rewrite -(leq_pmul2l (ltn0Sn i)) -(leq_pmul2r p1) mulnA e1.
rewrite (_ : i.+1 * _ * _ = i.+1 * 'C(R, i) * ('C(N, i.+1 * B + j) * 'C(i.+1 * B + j, B)));
  last by ring.
rewrite tri.
rewrite (_ : _ * _ * _ = 'C(R, i) * 'C(N, i * B + j) * ((R - i) * 'C(i.+1 * B + j, B)));
  last by ring.
rewrite (_ : i.+1 * _ * _ = 'C(R, i) * 'C(N, i * B + j) * (i.+1 * 'C(N - (i * B + j), B)));
  last by ring.
rewrite leq_mul2l; apply/orP; right; apply: leq_trans l1 _.
by rewrite leq_mul2l l2 orbT.
Qed.

Lemma lowerj i : 0 < i -> 2 * i <= R ->
  'C(R, i) * 'C(N, B + j) <= R * 'C(N, i * B + j).
Proof.
elim: i => // -[_ _ _|i IH _ h]; first by rewrite bin1 mul1n.
have h' : 2 * i.+1 < R by apply: leq_trans h; rewrite ltn_mul2l /= ltnS.
have IH' := IH isT (ltnW h'); have st := stepj h'.
have p : 0 < 'C(N, i.+1 * B + j).
  by rewrite bin_gt0 le_jN //; apply: leq_trans (ltnW h'); rewrite leq_pmull.
rewrite -(leq_pmul2r p).
apply: (@leq_trans ('C(R, i.+1) * 'C(N, i.+2 * B + j) * 'C(N, B + j))).
  by rewrite mulnAC leq_mul2r st orbT.
by rewrite mulnAC [X in _ <= X]mulnAC leq_mul2r IH' orbT.
Qed.

Lemma reflectj i : 2 * i <= R -> 'C(N, i * B + j) <= 'C(N, (R - i) * B + j).
Proof.
move=> h; have iR : i <= R by apply: leq_trans h; rewrite leq_pmull.
apply: unimodal.
  by rewrite leq_add2r leq_mul2r leq_subRL // addnn -mul2n h orbT.
by rewrite addnACA -mulnDl subnKC // leq_add2l addnn -mul2n.
Qed.

Theorem worstj i : 0 < i < R -> 'C(R, i) * 'C(N, B + j) <= R * 'C(N, i * B + j).
Proof.
case/andP=> i0 iR; case: (leqP (2 * i) R) => h; first exact: lowerj.
have j0 : 0 < R - i by rewrite subn_gt0.
have j2 : 2 * (R - i) <= R.
  rewrite mulnBr leq_subLR mul2n -addnn mul2n -addnn leq_add2r; rewrite mul2n -addnn in h.
  exact: ltnW.
have := lowerj j0 j2; rewrite bin_sub ?(ltnW iR) // => l.
apply: leq_trans l _; rewrite leq_mul2l; apply/orP; right.
by have := reflectj j2; rewrite subKn // ltnW.
Qed.
End HalfOfPublics.

Section Statement.
Variables R B T s D : nat.
Let N := R * B + T.
(* 2(s+1) comparisons: k = B+j and k = RB+j for every j <= s. *)
Definition slack_comparisons :=
  [forall j : 'I_s.+1, (R * 'C(T, j) * D <= 'C(N, B + j)) && ('C(T, j) * D <= 'C(N, R * B + j))].
End Statement.

Section Any.
Variables R B T j : nat.
Context (jB : j < B) (jT : j <= T).
Let N := R * B + T.

(* complement: i groups and j publics against R-i groups and T-j publics *)
Lemma bin_compl i : i <= R -> 'C(N, i * B + j) = 'C(N, (R - i) * B + (T - j)).
Proof.
move=> iR; have e : i * B + j + ((R - i) * B + (T - j)) = N.
  by rewrite addnACA -mulnDl subnKC // subnKC.
by rewrite -[RHS]bin_sub -e ?addnK // leq_addl.
Qed.

Theorem slack_worst_ends i : 0 < i < R ->
  ('C(R, i) * 'C(N, B + j) <= R * 'C(N, i * B + j)) ||
  ('C(R, i) * 'C(N, R * B + j) <= 'C(N, i * B + j)).
Proof.
case/andP=> i0 iR; case: (leqP (2 * j) T) => h.
  by apply/orP; left; apply: worstj => //; rewrite i0.
apply/orP; right.
have j2 : 2 * (T - j) <= T by rewrite mulnBr leq_subLR mul2n -addnn leq_add2r ltnW.
have j'B : T - j < B.
  by apply: leq_trans jB; rewrite ltnS leq_subLR addnn -mul2n ltnW.
have iR' : 0 < R - i < R by rewrite subn_gt0 iR -subn_gt0 subKn // ltnW.
have R0 : 0 < R by apply: leq_trans iR.
have w := worstj j'B j2 iR'.
have st := @stepj R B T (T - j) j'B j2 0; rewrite muln0 in st; move: (st R0) => {}st.
rewrite bin1 bin0 !mul1n mul0n add0n -/N in st.
rewrite (bin_compl (ltnW iR)) (bin_compl (leqnn R)) subnn mul0n add0n.
rewrite bin_sub ?(ltnW iR) // -/N in w.
rewrite -(leq_pmul2l R0); apply: leq_trans w.
by rewrite mulnCA leq_mul2l st orbT.
Qed.
End Any.

Section Sec.
Variables R B T s D : nat.
Context (R0 : 0 < R) (sB : s < B).
Let N := R * B + T.
Let B0 : 0 < B. Proof. exact: leq_ltn_trans sB. Qed.

Lemma W_one i j : 0 < i -> i <= R -> j <= s -> j <= T ->
  W R B T R T s (i * B + j) = 'C(R, i) * 'C(T, j).
Proof.
move=> i0 iR js jT; have jB := leq_ltn_trans js sB; rewrite (W_full R T B0).
rewrite (bigD1 (Ordinal (iR : i < R.+1))) //= (bigD1 (Ordinal (jT : j < T.+1))) //=.
rewrite i0 js eqxx /= big1 ?addn0 => [|x xj]; last first.
  case: ifP => // /andP[_]; rewrite eqn_add2l => /eqP e.
  by case/negP: xj; apply/eqP/val_inj.
rewrite big1 ?addn0 // => y yi; rewrite big1 // => x _; case: ifP => // /and3P[_ xs /eqP e].
case/negP: yi; apply/eqP/val_inj => /=; move/(congr1 (fun n => n %/ B)): e.
by rewrite !divnMDl // !divn_small ?addn0 // (leq_ltn_trans xs).
Qed.

Lemma W_zero k : (forall i j, 0 < i -> i <= R -> j <= s -> j <= T -> k <> i * B + j) ->
  W R B T R T s k = 0.
Proof.
move=> h; rewrite (W_full R T B0) big1 // => i _; rewrite big1 // => j _.
case: ifP => // /and3P[i0 js /eqP e]; case: (h i j) => //; by rewrite -ltnS ltn_ord.
Qed.

(* 2(s+1) exact comparisons decide security against every k, for every s < B *)
Theorem slack_comparisons_decide :
  reflect (forall k, k <= N -> W R B T R T s k * D <= 'C(N, k)) (slack_comparisons R B T s D).
Proof.
apply: (iffP forallP) => [sec k kN|H [j js]] /=.
- have term i j : 0 < i -> i <= R -> j <= s -> j <= T -> 'C(R, i) * 'C(T, j) * D <= 'C(N, i * B + j).
    move=> i0 iR js jT; have jB := leq_ltn_trans js sB.
    have /andP[s1 s2] := sec (Ordinal (js : j < s.+1)); rewrite /= -/N in s1 s2.
    move: iR; rewrite leq_eqVlt => /orP[/eqP ->|iR]; first by rewrite binn mul1n.
    have iR' : 0 < i < R by rewrite i0.
    case/orP: (slack_worst_ends jB jT iR') => w; last first.
      by apply: leq_trans w; rewrite -mulnA leq_mul2l s2 orbT.
    rewrite -(leq_pmul2l R0); apply: leq_trans w.
    by rewrite -mulnA mulnCA leq_mul2l mulnA s1 orbT.
  have [/existsP[i /existsP[j /and4P[i0 js jT /eqP ->]]]|no] :=
    boolP [exists i : 'I_R.+1, exists j : 'I_s.+1, [&& 0 < i, j <= s, j <= T & k == i * B + j]].
    have iR : i <= R by rewrite -ltnS ltn_ord.
    by rewrite W_one //; apply: term.
  rewrite W_zero ?mul0n // => i j i0 iR js jT e; case/negP: no.
  apply/existsP; exists (Ordinal (iR : i < R.+1)); apply/existsP; exists (Ordinal (js : j < s.+1)).
  by rewrite /= i0 js jT e eqxx.
- rewrite ltnS in js; case: (leqP j T) => jT; last by rewrite bin_small // !muln0 !mul0n.
  have := H (1 * B + j); rewrite W_one // bin1 mul1n => h1.
  have := H (R * B + j); rewrite W_one // binn mul1n => h2.
  rewrite h1 ?h2 //; first by rewrite leq_add2l.
  by rewrite leq_add // leq_pmull.
Qed.
End Sec.

(* the same as a probability over a uniform permutation: a full act (m = R, t = T) *)
Section SecProb.
Import GRing.Theory Num.Theory Order.TTheory.
Local Open Scope ring_scope.
Variables R B T s D : nat.
Context (R0 : (0 < R)%N) (sB : (s < B)%N) (D0 : (0 < D)%N).

Theorem slack_bounds_probability : slack_comparisons R B T s D <->
  forall S : {set slot R B T}, pr_deviation [set: 'I_R] [set: 'I_T] s S <= D%:R^-1.
Proof.
have B0 : (0 < B)%N by apply: leq_ltn_trans sB.
have leS (S : {set slot R B T}) : (#|S| <= R * B + T)%N.
  by rewrite -[X in (_ <= X)%N](card_slot R B T) max_card.
have eq (S : {set slot R B T}) : (pr_deviation [set: 'I_R] [set: 'I_T] s S <= D%:R^-1) =
    (W R B T R T s #|S| * D <= 'C(R * B + T, #|S|))%N :> bool.
  rewrite (pr_win_is_W B0) !cardsT !card_ord ler_pdivr_mulr ?ltr0n ?bin_gt0 //.
  by rewrite [X in _ <= X]mulrC ler_pdivl_mulr ?ltr0n // -natrM ler_nat.
split=> [/(slack_comparisons_decide _ _ R0 sB) h S|h].
  by rewrite eq; apply: h; apply: leS.
apply/(slack_comparisons_decide _ _ R0 sB) => k kN.
have : (0 < #|[set A : {set slot R B T} | #|A| == k]|)%N.
  by rewrite card_draws card_slot bin_gt0.
by case/card_gt0P => S; rewrite inE => /eqP <-; rewrite -eq.
Qed.

(* a randomised choice of the positions, independent of the permutation, is bounded by the same comparisons and by no others *)
Theorem mixed_with_slack_no_better : slack_comparisons R B T s D <->
  forall mu : {set slot R B T} -> rat, (forall S, 0 <= mu S) -> \sum_S mu S = 1 ->
    \sum_S mu S * pr_deviation [set: 'I_R] [set: 'I_T] s S <= D%:R^-1.
Proof.
split=> [sec mu m0 m1|h].
  have h := proj1 slack_bounds_probability sec.
  rewrite -[X in _ <= X]mul1r -[X in X * _]m1 mulr_suml; apply: ler_sum => S _.
  by apply: ler_wpmul2l; [apply: m0|apply: h].
apply/slack_bounds_probability => S; have := h (fun S' => (S' == S)%:R).
rewrite (bigD1 S) //= eqxx big1 ?addr0 => [|S' /negbTE -> //]; rewrite (bigD1 S) //= eqxx mul1r big1 ?addr0.
  by apply=> // S'; rewrite ler0n.
by move=> S' /negbTE ->; rewrite mul0r.
Qed.
End SecProb.
