(* The rule by which evidence/clause.rs passes a claim of an exact rate since semantics 6: Wald's likelihood ratio (Sequential Analysis,
   Wiley, 1947). After trials s a claimed rate p outweighs a rate x where x^S (1-x)^f <= alpha p^S (1-p)^f. A claim of p passes where p
   outweighs both ends of its tolerance, and is refuted as before. q is the true rate. Proved here:
   - far_rate_ever_outweighed: where q is at x or beyond it, seen from p, p outweighs x after some of any number of trials with
     probability at most alpha;
   - ever_wrong_sharp: so a clause has a wrong verdict after some trial with probability at most alpha. No alpha is shared between
     refuting and passing: a true claim can only be refuted wrongly, and a false one can only pass wrongly, at one of its ends;
   - some_wrong_sharp: and some of several clauses on trials that depend on each other in any way with at most their sum. *)
Require Import Ring.
From mathcomp Require Import all_ssreflect all_algebra.
Require Import Ville Verdict.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory Order.TTheory.
Local Open Scope ring_scope.

Section Identity.
Variable F : comRingType.
(* Coq's ring, told of F *)
Let T : Type := F.
Let zero : T := 0. Let one : T := 1.
Let add (a b : T) : T := a + b. Let mul (a b : T) : T := a * b. Let opp (a : T) : T := - a.
Lemma ring_of_F : ring_theory zero one add mul (fun a b => add a (opp b)) opp (@eq T).
Proof.
by split=> *; [exact: add0r|exact: addrC|exact: addrA|exact: mul1r|exact: mulrC|exact: mulrA|exact: mulrDl| |exact: subrr].
Qed.
Add Ring ring_of_F : ring_of_F.

Lemma step_identity (p q x : F) : x * (1 - x) - (q * p * (1 - x) + (1 - q) * (1 - p) * x) = (x - p) * (q - x).
Proof.
have h p' q' x' : add (mul x' (add one (opp x'))) (opp (add (mul (mul q' p') (add one (opp x'))) (mul (mul (add one (opp q')) (add one (opp p'))) x')))
  = mul (add x' (opp p')) (add q' (opp x')) by ring.
exact: h.
Qed.

Lemma regroup (a u b v c w : F) : a * u * (b * v * (c * w)) = a * b * c * (u * (v * w)).
Proof.
have h a' u' b' v' c' w' : mul (mul a' u') (mul (mul b' v') (mul c' w')) = mul (mul (mul a' b') c') (mul u' (mul v' w')) by ring.
exact: h.
Qed.
End Identity.

Section Wald.
Variable F : realFieldType.
Implicit Types (s : seq bool) (p q r x alpha delta : F).

Definition outweighs p x alpha s := chance x s <= alpha * chance p s.

(* x lies between p and q *)
Definition between p x q := (p <= x <= q) || (q <= x <= p).

Section Ratio.
Variables (p x q alpha : F).
Context (p01 : 0 <= p <= 1) (x01 : 0 <= x <= 1) (q01 : 0 <= q <= 1) (pxq : between p x q) (alpha0 : 0 <= alpha).

(* the weights: the chance under q, times the likelihood ratio of p against x *)
Definition ratio s := chance q s * (chance p s / chance x s).

Lemma ratio_ge0 s : 0 <= ratio s.
Proof. by rewrite mulr_ge0 ?divr_ge0 // chance_ge0. Qed.

Lemma chance_success r s : chance r (rcons s true) = r * chance r s.
Proof. by rewrite /chance successes_rcons failures_rcons /= addn1 addn0 exprS mulrA. Qed.
Lemma chance_failure r s : chance r (rcons s false) = (1 - r) * chance r s.
Proof. by rewrite /chance successes_rcons failures_rcons /= addn1 addn0 exprS mulrCA. Qed.

(* one trial of a rate beyond x does not make p more likely against x *)
Lemma step_at_most_1 : q * p / x + (1 - q) * (1 - p) / (1 - x) <= 1.
Proof.
case/andP: p01 => p0 p1; case/andP: x01 => x0 x1; case/andP: q01 => q0 q1.
have [xz|xz] := eqVneq x 0.
  by rewrite xz invr0 mulr0 add0r subr0 divr1 mulr_ile1 ?subr_ge0 // ler_subl_addl ler_addr.
have [xo|xo] := eqVneq x 1.
  by rewrite xo subrr invr0 mulr0 addr0 divr1 mulr_ile1.
have xp : 0 < x by rewrite lt_def xz x0.
have yp : 0 < 1 - x by rewrite subr_gt0 lt_def eq_sym xo x1.
rewrite addf_div ?gt_eqF // ler_pdivr_mulr ?mulr_gt0 // mul1r -subr_ge0.
rewrite step_identity; case/orP: pxq => /andP[a b]; first by rewrite mulr_ge0 ?subr_ge0.
by rewrite -mulrNN !opprB mulr_ge0 ?subr_ge0.
Qed.

Lemma ratio_success s : ratio (rcons s true) = q * p / x * ratio s.
Proof. by rewrite /ratio !chance_success invfM regroup. Qed.
Lemma ratio_failure s : ratio (rcons s false) = (1 - q) * (1 - p) / (1 - x) * ratio s.
Proof. by rewrite /ratio !chance_failure invfM regroup. Qed.

Lemma ratio_splits s : ratio (rcons s true) + ratio (rcons s false) <= ratio s.
Proof. by rewrite ratio_success ratio_failure -mulrDl ler_pimull ?ratio_ge0 ?step_at_most_1. Qed.

(* where p makes the trials s possible at all *)
Lemma outweighed_chance s : (0 < chance p s) && outweighs p x alpha s -> chance q s <= alpha * ratio s.
Proof.
case/andP=> possible le; have [z|nz] := eqVneq (chance x s) 0.
  suff -> : chance q s = 0 by rewrite mulr_ge0 ?ratio_ge0.
  case/andP: p01 => p0 p1; case/andP: q01 => q0 q1; move/eqP: z; rewrite mulf_eq0 !expf_eq0 => /orP[]/andP[some /eqP e].
    have zero r : 0 <= r -> r <= x -> chance r s = 0.
      by move=> r0; rewrite e => r1; have -> : r = 0 by [apply/eqP; rewrite eq_le r0 r1]; rewrite /chance expr0n gtn_eqF ?mul0r.
    case/orP: pxq => /andP[le1 le2]; last exact: zero.
    by move: possible; rewrite zero ?ltxx.
  have one r : r <= 1 -> x <= r -> chance r s = 0.
    have -> : x = 1 by apply/eqP; rewrite eq_sym -subr_eq0 e.
    by move=> r1 r0; have -> : r = 1 by [apply/eqP; rewrite eq_le r0 r1]; rewrite /chance subrr expr0n gtn_eqF ?mulr0.
  case/orP: pxq => /andP[le1 le2]; first exact: one.
  by move: possible; rewrite one ?ltxx.
have xp : 0 < chance x s by rewrite lt_def nz chance_ge0.
rewrite /ratio mulrCA ler_pemulr ?chance_ge0 // mulrA ler_pdivl_mulr // mul1r.
exact: le.
Qed.

Theorem far_rate_ever_outweighed n :
  \sum_(t : n.-tuple bool | [exists m : 'I_n.+1, (0 < chance p (take m t)) && outweighs p x alpha (take m t)]) chance q t <= alpha.
Proof.
have := ever_bad n alpha0 ratio_ge0 ratio_splits outweighed_chance.
by rewrite /ratio /chance /= !expr0 !mulr1 invr1 !mulr1.
Qed.
End Ratio.

Section Decide.
Variables (alpha delta : F) (s : seq bool).

(* an end of the tolerance is outweighed, or no rate is beyond it *)
Definition passed_sharp p :=
  [&& (0 < size s)%N, ~~ excluded p alpha s,
      (p - delta <= 0) || outweighs p (p - delta) alpha s & (1 <= p + delta) || outweighs p (p + delta) alpha s].

(* q is the true rate; the claim is that it equals p, or that it is at most p *)
Definition wrong_sharp (bound : bool) q p :=
  if bound then wrong_at_most alpha delta s q p
  else refuted_equals alpha s p && (q == p) || passed_sharp p && ~~ (p - delta <= q <= p + delta).
End Decide.

Lemma possible p alpha s : 0 <= p <= 1 -> 0 <= alpha -> ~~ excluded p alpha s -> 0 < chance p s.
Proof.
move=> p01 alpha0; rewrite lt_def chance_ge0 // andbT; apply: contraNN => /eqP z.
by rewrite /excluded z mulr0.
Qed.

Lemma implied_ever n q alpha (bad worse : pred (seq bool)) : 0 <= q <= 1 -> (forall s, bad s -> worse s) ->
  \sum_(t : n.-tuple bool | [exists m : 'I_n.+1, worse (take m t)]) chance q t <= alpha ->
  \sum_(t : n.-tuple bool | [exists m : 'I_n.+1, bad (take m t)]) chance q t <= alpha.
Proof.
move=> q01 implies; apply: le_trans; rewrite [leLHS]big_mkcond [leRHS]big_mkcond; apply: ler_sum => t _.
case: existsP => [[m w]|_]; last by case: ifP => // _; apply: chance_ge0.
by case: existsP => // none; case: none; exists m; apply: implies.
Qed.

Theorem ever_wrong_sharp n bound alpha delta q p : 0 <= q <= 1 -> 0 <= p <= 1 -> 0 <= alpha -> 0 <= delta ->
  \sum_(t : n.-tuple bool | [exists m : 'I_n.+1, wrong_sharp alpha delta (take m t) bound q p]) chance q t <= alpha.
Proof.
move=> q01 p01 alpha0 delta0; case/andP: (q01) => q0 q1; case/andP: (p01) => p0 p1.
pose bad b s := wrong_sharp alpha delta s b q p.
have below : p - delta <= p by rewrite ler_subl_addr ler_addl.
have above : p <= p + delta by rewrite ler_addl.
case: bound.
  apply: (@implied_ever n q alpha (bad true) (excluded q alpha) q01 _ (rate_ever_excluded q alpha0 n)).
  by move=> s w; apply: (@wrong_verdict_excludes F alpha delta s q p q01); apply/orP; right.
have outweighed x : 0 <= x <= 1 -> between p x q -> (forall s, passed_sharp alpha delta s p -> outweighs p x alpha s) -> q != p ->
  \sum_(t : n.-tuple bool | [exists m : 'I_n.+1, wrong_sharp alpha delta (take m t) false q p]) chance q t <= alpha.
  move=> x01 pxq passed /negbTE qp; apply: (@implied_ever n q alpha (bad false) (fun s => (0 < chance p s) && outweighs p x alpha s) q01 _ (far_rate_ever_outweighed p01 x01 q01 pxq alpha0 n)) => s.
  rewrite /bad /wrong_sharp qp andbF /= => /andP[pass _]; apply/andP; split; last exact: passed.
  by case/and4P: pass => _ inside _ _; apply: (possible p01 alpha0 inside).
have [lt|ge] := ltP q (p - delta).
  have x0 : 0 < p - delta by apply: le_lt_trans lt.
  apply: (@outweighed (p - delta)); rewrite ?(ltW x0) ?(le_trans below) //.
  - by rewrite /between (ltW lt) below orbT.
  - by move=> s /and4P[_ _ + _]; rewrite leNgt x0.
  - by rewrite lt_eqF // (lt_le_trans lt).
have [lt|le] := ltP (p + delta) q.
  have x1 : p + delta < 1 by apply: lt_le_trans q1.
  apply: (@outweighed (p + delta)); rewrite ?(ltW x1) ?(le_trans p0) //.
  - by rewrite /between (ltW lt) above.
  - by move=> s /and4P[_ _ _]; rewrite leNgt x1.
  - by rewrite gt_eqF // (le_lt_trans above).
apply: (@implied_ever n q alpha (bad false) (excluded q alpha) q01 _ (rate_ever_excluded q alpha0 n)).
by move=> s; rewrite /bad /wrong_sharp ge le andbF orbF => /andP[/andP[_ e] /eqP ->].
Qed.

Section Several.
Variables (I Omega : finType) (weight : Omega -> F) (n : I -> nat) (bound : I -> bool) (q p alpha delta : I -> F).
Variable seen : forall i, Omega -> (n i).-tuple bool.
Context (weight_ge0 : forall w, 0 <= weight w) (q01 : forall i, 0 <= q i <= 1) (p01 : forall i, 0 <= p i <= 1).
Context (alpha0 : forall i, 0 <= alpha i) (delta0 : forall i, 0 <= delta i).
Context (law : forall i t, \sum_(w | seen i w == t) weight w = chance (q i) t).

Theorem some_wrong_sharp :
  \sum_(w | [exists i, [exists m : 'I_(n i).+1, wrong_sharp (alpha i) (delta i) (take m (seen i w)) (bound i) (q i) (p i)]]) weight w
  <= \sum_i alpha i.
Proof.
apply: (some_ever_bad weight_ge0 law (bad := fun i s => wrong_sharp (alpha i) (delta i) s (bound i) (q i) (p i))) => i.
exact: ever_wrong_sharp.
Qed.
End Several.
End Wald.
