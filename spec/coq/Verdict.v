(* What counted trials say about a claim, as evidence/clause.rs decides it (claims of exact rates pass so before semantics 6; since then, as in
   Wald.v), and that it is rarely wrong. q is the true rate; a rate
   is excluded as in Ville.v. Proved here:
   - wrong_verdict_excludes: where a true claim is refuted, or one passes that is off by more than the tolerance, the true
     rate is excluded;
   - ever_wrong_verdict: so this happens at some point of a campaign with probability at most alpha, however often one looks;
   - some_wrong_verdict: and to one of several clauses, on trials that depend on each other in any way, with at most their sum. *)
From mathcomp Require Import all_ssreflect all_algebra.
Require Import Ville.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory Order.TTheory.
Local Open Scope ring_scope.

Section Verdict.
Variable F : realFieldType.
Implicit Types (s : seq bool) (p q x : F).

(* The arithmetic and the geometric mean of S numbers a and f numbers b. *)
Lemma product_at_most_1 (S f : nat) (a b : F) : 0 <= a -> 0 <= b -> S%:R * a + f%:R * b <= (S + f)%:R -> a ^+ S * b ^+ f <= 1.
Proof.
move=> a0 b0 le; pose E (i : 'I_S + 'I_f) := if i is inl _ then a else b.
have pos : {in predT, forall i, 0 <= E i} by case.
have card : #|{: 'I_S + 'I_f}| = (S + f)%N by rewrite card_sum 2!card_ord.
have sum : \sum_i E i = S%:R * a + f%:R * b by rewrite big_sumType /= 2!sumr_const 2!card_ord 2!mulr_natl.
have prod : \prod_i E i = a ^+ S * b ^+ f by rewrite big_sumType /= 2!prodr_const 2!card_ord.
have [h _] := leif_AGM pos; rewrite card sum prod in h.
apply: le_trans h _; case: (posnP (S + f)) => [->|n0]; first by rewrite expr0.
by apply: exprn_ile1; rewrite ?divr_ge0 ?addr_ge0 ?mulr_ge0 ?ler0n // ler_pdivr_mulr ?ltr0n // mul1r.
Qed.

(* A rate is less likely, the farther it is below the counted one. *)
Lemma less_likely_below (S f : nat) q x : 0 <= q -> q <= x -> x * (S + f)%:R <= S%:R ->
  q ^+ S * (1 - q) ^+ f <= x ^+ S * (1 - x) ^+ f.
Proof.
move=> q0 qx; case: f => [|f] le.
  by rewrite !expr0 !mulr1 ler_expn2r ?nnegrE // (le_trans q0).
have x1 : x < 1.
  have n0 : 0 < (S + f.+1)%:R :> F by rewrite ltr0n addnS.
  rewrite -(ltr_pmul2r n0) mul1r; apply: le_lt_trans le _.
  by rewrite ltr_nat addnS ltnS leq_addr.
have [x0|x0] := eqVneq x 0.
  have -> : q = x by apply/eqP; rewrite eq_le qx x0 q0.
  exact: lexx.
have xp : 0 < x by rewrite lt_def x0 (le_trans q0).
have y1 : 0 < 1 - x by rewrite subr_gt0.
have q1 : 0 <= 1 - q by rewrite subr_ge0 (le_trans qx) // ltW.
have := product_at_most_1 (divr_ge0 q0 (ltW xp)) (divr_ge0 q1 (ltW y1)) (_ : S%:R * _ + f.+1%:R * _ <= _).
rewrite !expr_div_n mulf_div ler_pdivr_mulr ?mulr_gt0 ?exprn_gt0 // mul1r; apply.
rewrite !mulrA addf_div ?gt_eqF // ler_pdivr_mulr ?mulr_gt0 //.
have d0 : 0 <= x - q by rewrite subr_ge0.
have more : f.+1%:R * x <= S%:R * (1 - x).
  by rewrite mulrBr mulr1 ler_subr_addr -mulrDl -natrD addnC mulrC.
have -> : S%:R * q * (1 - x) = S%:R * x * (1 - x) - (x - q) * (S%:R * (1 - x)).
  by rewrite -{1}[q](subKr x) [S%:R * (x - _)]mulrBr mulrBl [S%:R * (x - q)]mulrC [X in _ = _ - X]mulrA.
have -> : f.+1%:R * (1 - q) * x = f.+1%:R * x * (1 - x) + (x - q) * (f.+1%:R * x).
  have -> : 1 - q = (1 - x) + (x - q) by rewrite addrA subrK.
  by rewrite mulrDr mulrDl [f.+1%:R * (x - q)]mulrC [X in _ = _ + X]mulrA mulrAC.
have -> : (S + f.+1)%:R * (x * (1 - x)) = S%:R * x * (1 - x) + f.+1%:R * x * (1 - x) + 0.
  by rewrite addr0 natrD mulrDl !mulrA.
by rewrite addrACA ler_add2l addrC subr_le0; apply: ler_wpmul2l.
Qed.

Lemma less_likely_above (S f : nat) q x : q <= 1 -> x <= q -> S%:R <= x * (S + f)%:R ->
  q ^+ S * (1 - q) ^+ f <= x ^+ S * (1 - x) ^+ f.
Proof.
move=> q1 xq le; have := @less_likely_below f S (1 - q) (1 - x).
rewrite !subKr ![(1 - _) ^+ f * _]mulrC; apply; rewrite ?subr_ge0 ?ler_add2l ?ler_opp2 //.
by rewrite addnC mulrBl mul1r natrD ler_subl_addr [f%:R + _]addrC ler_add2r -natrD.
Qed.

Section Decide.
Variables (alpha delta : F) (s : seq bool).
Local Notation S := (successes s)%:R.
Local Notation n := (size s)%:R.

(* that every rate which is not excluded is at least, or at most, x *)
Definition all_above x := (x <= 0) || (x * n <= S) && excluded x alpha s.
Definition all_below x := (1 <= x) || (S <= x * n) && excluded x alpha s.

(* the claims that the rate is p, and that it is at most p *)
Definition refuted_equals p := (0 < size s)%N && excluded p alpha s.
Definition passed_equals p := [&& (0 < size s)%N, ~~ excluded p alpha s, all_above (p - delta) & all_below (p + delta)].
Definition refuted_at_most p := [&& (0 < size s)%N, p * n < S & excluded p alpha s].
Definition passed_at_most p := [&& (0 < size s)%N, ~~ ((p * n < S) && excluded p alpha s) & all_below (p + delta)].

(* q is the true rate *)
Definition wrong_equals q p := refuted_equals p && (q == p) || passed_equals p && ~~ (p - delta <= q <= p + delta).
Definition wrong_at_most q p := refuted_at_most p && (q <= p) || passed_at_most p && ~~ (q <= p + delta).

Lemma excluded_mono q x : chance q s <= chance x s -> excluded x alpha s -> excluded q alpha s.
Proof. by move=> le; apply: le_trans; rewrite ler_wpmul2l // ltW // ways_gt0. Qed.

Lemma below_excluded q x : 0 <= q -> q <= x -> x * n <= S -> excluded x alpha s -> excluded q alpha s.
Proof. by move=> q0 qx; rewrite -trials => le; apply/excluded_mono/less_likely_below. Qed.
Lemma above_excluded q x : q <= 1 -> x <= q -> S <= x * n -> excluded x alpha s -> excluded q alpha s.
Proof. by move=> q1 xq; rewrite -trials => le; apply/excluded_mono/less_likely_above. Qed.

Lemma not_all_above q x : 0 <= q -> q < x -> all_above x -> excluded q alpha s.
Proof.
move=> q0 qx /orP[x0|/andP[le e]]; last exact: below_excluded (ltW qx) le e.
by have := lt_le_trans qx x0; rewrite ltNge q0.
Qed.
Lemma not_all_below q x : q <= 1 -> x < q -> all_below x -> excluded q alpha s.
Proof.
move=> q1 xq /orP[x1|/andP[le e]]; last exact: above_excluded (ltW xq) le e.
by have := le_lt_trans x1 xq; rewrite ltNge q1.
Qed.

Theorem wrong_verdict_excludes q p : 0 <= q <= 1 -> wrong_equals q p || wrong_at_most q p -> excluded q alpha s.
Proof.
case/andP=> q0 q1 /orP[]/orP[]/andP[].
- by case/andP=> _ e /eqP ->.
- case/and4P=> _ _ above below; rewrite negb_and -!ltNge => /orP[lt|lt].
    exact: not_all_above above.
  exact: not_all_below below.
- by case/and3P=> _ lt e le; apply: below_excluded (ltW lt) e.
- by case/and3P=> _ _ below; rewrite -ltNge => lt; apply: not_all_below below.
Qed.
End Decide.

(* a verdict is looked at after each of n trials *)
Definition wrong alpha delta q p s := wrong_equals alpha delta s q p || wrong_at_most alpha delta s q p.

Theorem ever_wrong_verdict n alpha delta q p : 0 <= q <= 1 -> 0 <= alpha ->
  \sum_(t : n.-tuple bool | [exists m : 'I_n.+1, wrong alpha delta q p (take m t)]) chance q t <= alpha.
Proof.
move=> q01 alpha0; apply: le_trans (rate_ever_excluded q alpha0 n).
rewrite [leLHS]big_mkcond [leRHS]big_mkcond; apply: ler_sum => t _.
case: existsP => [[m w]|_]; last by case: ifP => // _; apply: chance_ge0.
by case: existsP => // none; case: none; exists m; apply: wrong_verdict_excludes w.
Qed.

Section Several.
Variables (I Omega : finType) (weight : Omega -> F) (n : I -> nat) (q p alpha delta : I -> F).
Variable seen : forall i, Omega -> (n i).-tuple bool.
Context (weight_ge0 : forall w, 0 <= weight w) (q01 : forall i, 0 <= q i <= 1) (alpha0 : forall i, 0 <= alpha i).
Context (law : forall i t, \sum_(w | seen i w == t) weight w = chance (q i) t).

Theorem some_wrong_verdict :
  \sum_(w | [exists i, [exists m : 'I_(n i).+1, wrong (alpha i) (delta i) (q i) (p i) (take m (seen i w))]]) weight w
  <= \sum_i alpha i.
Proof.
apply: le_trans (some_rate_ever_excluded weight_ge0 alpha0 law).
rewrite [leLHS]big_mkcond [leRHS]big_mkcond; apply: ler_sum => w _.
case: existsP => [[i /existsP[m v]]|_]; last by case: ifP.
case: existsP => // none; case: none; exists i; apply/existsP; exists m.
exact: wrong_verdict_excludes v.
Qed.
End Several.
End Verdict.
