(* The paper's formula and its worst case, over the naturals with denominators cleared. N = RB+T. Proved here:
   - paper_formula_counts: Pr[E_T] Pr[E_B] = C(R,i) / C(N,iB);
   - worst_inner: no i strictly between 1 and R is better for the server than i = 1;
   - two_comparisons_decide: every i is within 1/D if and only if R*D <= C(N,B) and D <= C(N,T). *)
From mathcomp Require Import all_ssreflect.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.

Lemma mulIp (p m n : nat) : 0 < p -> m * p = n * p -> m = n.
Proof. by move=> p0 /eqP; rewrite eqn_pmul2r // => /eqP. Qed.
Lemma mulpI (p m n : nat) : 0 < p -> p * m = p * n -> m = n.
Proof. by move=> p0 /eqP; rewrite eqn_pmul2l // => /eqP. Qed.

Lemma trinomial n k b : k + b <= n ->
  'C(n, k + b) * 'C(k + b, b) = 'C(n, k) * 'C(n - k, b).
Proof.
move=> h.
have kn : k <= n by apply: leq_trans h; rewrite leq_addr.
have bn : b <= n - k by rewrite leq_subRL.
have p : 0 < k`! * b`! * (n - k - b)`! by rewrite !muln_gt0 !fact_gt0.
apply: (mulIp p).
have e1 := bin_fact h; have e2 := bin_fact (leq_addl k b); rewrite addnK in e2.
have e3 := bin_fact kn; have e4 := bin_fact bn.
rewrite subnDA in e1.
transitivity n`!; [rewrite -e1 -e2; ring|rewrite -e3 -e4; ring].
Qed.

Lemma unimodal n k m : k <= m -> k + m <= n -> 'C(n, k) <= 'C(n, m).
Proof.
move=> km kmn.
have mn : m <= n by apply: leq_trans kmn; rewrite leq_addl.
have e := @trinomial n k (m - k); rewrite subnKC // in e.
have {}e := e mn.
have p : 0 < 'C(m, m - k) by rewrite bin_gt0 leq_subr.
rewrite -(leq_pmul2r p) e leq_mul2l; apply/orP; right.
by apply: leq_bin2l; rewrite leq_subRL // (leq_trans _ mn).
Qed.

Lemma bdiag b m : 0 < b -> b * 'C(m, b) = m * 'C(m.-1, b.-1).
Proof. by case: b => // b _; rewrite -mul_bin_diag. Qed.

Section Worst.
Variables R B T : nat.
Context (Bpos : 0 < B).
Let N := R * B + T.

(* f i = C(R,i) / C(N, iB) *)
(* Pr[E_T] * Pr[E_B] = C(R,i)/C(N,iB), denominators cleared *)
Theorem paper_formula_counts i : i <= R ->
  'C(N - i * B, T) * ('C(R, i) * (i * B)`! * (R * B - i * B)`!) * 'C(N, i * B)
  = 'C(R, i) * ('C(N, T) * (R * B)`!).
Proof.
move=> iR; have iRB : i * B <= R * B by rewrite leq_mul2r iR orbT.
have iN : i * B <= N by apply: leq_trans iRB (leq_addr _ _).
have TN : T <= N by rewrite leq_addl.
have TNi : T <= N - i * B by rewrite leq_subRL // leq_add2r.
have e1 := bin_fact iN; have e2 := bin_fact TN; have e3 := bin_fact TNi.
have x1 : N - T = R * B by rewrite addnK.
have x2 : N - i * B - T = R * B - i * B by rewrite subnAC addnK.
rewrite x1 in e2; rewrite x2 in e3.
apply: (mulIp (fact_gt0 T)).
transitivity ('C(R, i) * N`!); first by rewrite -e1 -e3; ring.
rewrite -e2; ring.
Qed.

(* the one-step lemma: f(i+1) <= f(i) in the lower half *)
Lemma step i : 2 * i < R ->
  'C(R, i.+1) * 'C(N, i * B) <= 'C(R, i) * 'C(N, i.+1 * B).
Proof.
move=> h; have iR : i < R by apply: leq_ltn_trans h; rewrite leq_pmull.
have kb : i * B + B <= N.
  by rewrite -mulSnr; apply: leq_trans (leq_addr _ _); rewrite leq_mul2r iR orbT.
have tri := trinomial kb.
have p1 : 0 < 'C(i * B + B, B) by rewrite bin_gt0 leq_addl.
(* C(R,i+1) (i+1) = C(R,i) (R-i) *)
have e1 : i.+1 * 'C(R, i.+1) = (R - i) * 'C(R, i) by rewrite mul_bin_left.
have e2 : 'C(i * B + B, B) = i.+1 * 'C((i * B + B).-1, B.-1).
  by apply: (mulpI Bpos); rewrite (bdiag _ Bpos) -mulSnr; ring.
have e3 : 'C((R - i) * B, B) = (R - i) * 'C(((R - i) * B).-1, B.-1).
  by apply: (mulpI Bpos); rewrite (bdiag _ Bpos); ring.
have l1 : 'C((i * B + B).-1, B.-1) <= 'C(((R - i) * B).-1, B.-1).
  apply: leq_bin2l; rewrite -!subn1 leq_sub2r // -mulSnr leq_mul2r.
  by rewrite leq_subRL ?(ltnW iR) // addnS addnn -mul2n h orbT.
have l2 : 'C((R - i) * B, B) <= 'C(N - i * B, B).
  by apply: leq_bin2l; rewrite mulnBl leq_sub2r // leq_addr.
rewrite mulSnr -(leq_pmul2l (ltn0Sn i)) -(leq_pmul2r p1).
rewrite (_ : i.+1 * ('C(R, i) * _) * _ = i.+1 * 'C(R, i) * ('C(N, i * B + B) * 'C(i * B + B, B)));
  last by ring.
rewrite tri mulnA e1 e2.
rewrite (_ : _ * _ = ('C(R, i) * i.+1 * 'C(N, i * B)) * ((R - i) * 'C((i * B + B).-1, B.-1)));
  last by ring.
rewrite (_ : i.+1 * _ * _ = ('C(R, i) * i.+1 * 'C(N, i * B)) * 'C(N - i * B, B));
  last by ring.
rewrite leq_mul2l; apply/orP; right; apply: leq_trans l2; rewrite e3.
by rewrite leq_mul2l l1 orbT.
Qed.

Lemma binN_gt0 i : i <= R -> 0 < 'C(N, i * B).
Proof.
move=> iR; rewrite bin_gt0; apply: leq_trans (leq_addr _ _).
by rewrite leq_mul2r iR orbT.
Qed.

Lemma lower i : 0 < i -> 2 * i <= R ->
  'C(R, i) * 'C(N, B) <= R * 'C(N, i * B).
Proof.
elim: i => // -[_ _ _|i IH _ h]; first by rewrite bin1 mul1n.
have h' : 2 * i.+1 < R by apply: leq_trans h; rewrite ltn_mul2l /= ltnS.
have IH' := IH isT (ltnW h'); have st := step h'.
have p : 0 < 'C(N, i.+1 * B).
  by apply: binN_gt0; apply: leq_trans (ltnW h'); rewrite leq_pmull.
rewrite -(leq_pmul2r p).
apply: (@leq_trans ('C(R, i.+1) * 'C(N, i.+2 * B) * 'C(N, B))).
  by rewrite mulnAC leq_mul2r st orbT.
by rewrite mulnAC [X in _ <= X]mulnAC leq_mul2r IH' orbT.
Qed.

(* reflection: f(R-i) <= f(i) for 2i <= R *)
Lemma reflect_le i : 2 * i <= R -> 'C(N, i * B) <= 'C(N, (R - i) * B).
Proof.
move=> h; have iR : i <= R by apply: leq_trans h; rewrite leq_pmull.
apply: unimodal.
  by rewrite leq_mul2r leq_subRL // addnn -mul2n h orbT.
by rewrite -mulnDl subnKC // leq_addr.
Qed.

(* worst case is i = 1 among i < R; hence max is at i=1 or i=R *)
Theorem worst_inner i : 0 < i < R -> 'C(R, i) * 'C(N, B) <= R * 'C(N, i * B).
Proof.
case/andP=> i0 iR; case: (leqP (2 * i) R) => h; first exact: lower.
have j0 : 0 < R - i by rewrite subn_gt0.
have j2 : 2 * (R - i) <= R.
  rewrite mulnBr leq_subLR mul2n -addnn mul2n -addnn leq_add2r; rewrite mul2n -addnn in h.
  exact: ltnW.
have := lower j0 j2; rewrite bin_sub ?(ltnW iR) // => l.
apply: leq_trans l _; rewrite leq_mul2l; apply/orP; right.
by have := reflect_le j2; rewrite subKn // ltnW.
Qed.

(* acceptance threshold D (= 2^lambda): Pr_success(i) <= 1/D for every i *)
Definition secure D :=
  (R * D <= 'C(N, B)) && (D <= 'C(N, T)).
Theorem two_comparisons_decide D : 0 < R ->
  reflect (forall i, 0 < i <= R -> 'C(R, i) * D <= 'C(N, i * B)) (secure D).
Proof.
move=> R0; apply: (iffP andP) => [[h1 hR] i /andP[i0]|H].
- rewrite leq_eqVlt => /orP[/eqP ->|iR].
    by rewrite binn mul1n -bin_sub ?leq_addr // addKn.
  have w : 'C(R, i) * 'C(N, B) <= R * 'C(N, i * B) by apply: worst_inner; rewrite i0.
  rewrite -(leq_pmul2l R0); apply: leq_trans w.
  by rewrite mulnCA leq_mul2l h1 orbT.
- split; first by have := H 1; rewrite bin1 mul1n; apply; rewrite R0.
  have := H R; rewrite binn mul1n => h.
  by rewrite -[T](addKn (R * B)) bin_sub ?leq_addr //; apply: h; rewrite R0 leqnn.
Qed.
End Worst.
