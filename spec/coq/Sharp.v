(* The rule of Wald.v over binary numbers, with letters as in Decided.v. [evidence/ratio.rs: outweighs; evidence/clause.rs: decide]
   Proved here:
   - outweighs_computed: outweighsN is the comparison of two likelihoods, x^S (1-x)^(n-S) <= alpha p^S (1-p)^(n-S);
   - decide_sharp_computed: decideSharpN says 2 where a claim is refuted and 1 where it passes. *)
Require Import NArith Arith Lia.
From mathcomp Require Import all_ssreflect all_algebra.
Require Import Ville Verdict Wald Computed Decided.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory Order.TTheory.

Local Notation N := BinNums.N.
Local Notation "n %:B" := (N.of_nat n) (at level 2, format "n %:B").

Section Rule.
Variables (n : N) (S : nat) (c d : N).
Let f := N.sub n S%:B.

(* v^n times the chance of the trials at the rate u/v *)
Definition likelihoodN (u v : N) : N := N.mul (N.pow u S%:B) (N.pow (N.sub v u) f).

(* the rates p/v and x/v *)
Definition outweighsN (p x v : N) : bool := N.leb (N.mul d (likelihoodN x v)) (N.mul c (likelihoodN p v)).

Definition decideSharpN (bound : bool) (a b e g : N) : N :=
  if bound then decideN n S c d true a b e g else
  let unit := N.mul b g in
  let claimed := N.mul a g in
  let lower := N.sub claimed (N.mul e b) in
  let upper := N.add claimed (N.mul e b) in
  if N.eqb n 0 then 0%num else
  if ~~ containsN n S c d a b then 2%num else
  if (N.eqb lower 0 || outweighsN claimed lower unit) && (N.leb unit upper || outweighsN claimed upper unit) then 1%num else 0%num.
End Rule.

Section Decided.
Local Open Scope ring_scope.
Local Notation "x // y" := ((x%:R / y%:R) : rat) (at level 40, no associativity).
Variables (s : seq bool) (c d : nat).
Context (d0 : (0 < d)%N).
Local Notation alpha := (c // d).

Lemma likelihood_computed u v : (0 < v)%N -> (u <= v)%N ->
  chance (u // v) s = (u ^ successes s * (v - u) ^ failures s) // (v ^ size s).
Proof.
move=> v0 uv; rewrite /chance -[X in X - _](divff (_ : v%:R != 0)) ?pnatr_eq0 -?lt0n // -mulrBl -natrB //.
by rewrite !expr_div_n mulf_div -exprD trials natrM !natrX.
Qed.

Theorem outweighs_computed p x v : (0 < v)%N -> (p <= v)%N -> (x <= v)%N ->
  outweighsN (size s)%:B (successes s) c%:B d%:B p%:B x%:B v%:B = outweighs (p // v) (x // v) alpha s.
Proof.
move=> v0 pv xv; have fE : (size s - successes s = failures s)%N by rewrite -trials addKn.
rewrite /outweighs !likelihood_computed // mulf_div -natrM -natrM le_fractions ?muln_gt0 ?d0 ?expn_gt0 ?v0 //.
rewrite /outweighsN /likelihoodN !(subNE, powNE, mulNE, lebN) fE.
by rewrite [X in _ = (X <= _)%N]mulnA leq_pmul2r ?expn_gt0 ?v0 // [X in _ = (X <= _)%N]mulnC.
Qed.

Section Claim.
Variables (a b e g : nat).
Context (b0 : (0 < b)%N) (ab : (a <= b)%N) (g0 : (0 < g)%N).
Local Notation decide bound := (decideSharpN (size s)%:B (successes s) c%:B d%:B bound a%:B b%:B e%:B g%:B).
Let v0 : (0 < b * g)%N. Proof. by rewrite muln_gt0 b0. Qed.
Let av : (a * g <= b * g)%N. Proof. by rewrite leq_mul2r ab orbT. Qed.

Lemma same_rate : a // b = (a * g) // (b * g).
Proof. by rewrite !natrM -mulf_div divff ?mulr1 // pnatr_eq0 -lt0n. Qed.

Lemma lower_end : (a // b - e // g <= 0) || outweighs (a // b) (a // b - e // g) alpha s =
  N.eqb (a * g - e * b)%N%:B 0 || outweighsN (size s)%:B (successes s) c%:B d%:B (a * g)%N%:B (a * g - e * b)%N%:B (b * g)%N%:B.
Proof.
have same : (a // b - e // g <= 0) = (a * g <= e * b)%N by rewrite subr_le0 le_fractions.
have zero : N.eqb (a * g - e * b)%N%:B 0 = (a * g <= e * b)%N by rewrite -subn_eq0; case: (a * g - e * b)%N.
rewrite same zero; case: leqP => //= /ltnW le.
rewrite outweighs_computed ?(leq_trans (leq_subr _ _)) // -same_rate natrB //; congr (outweighs _ _ _ _).
by rewrite -mulNr addf_div ?pnatr_eq0 -?lt0n // mulNr -!natrM.
Qed.

Lemma upper_end : (1 <= a // b + e // g) || outweighs (a // b) (a // b + e // g) alpha s =
  N.leb (b * g)%N%:B (a * g + e * b)%N%:B || outweighsN (size s)%:B (successes s) c%:B d%:B (a * g)%N%:B (a * g + e * b)%N%:B (b * g)%N%:B.
Proof.
rewrite (upperE _ _ b0 g0) lebN.
have -> : (1 <= (a * g + e * b) // (b * g)) = (b * g <= a * g + e * b)%N by rewrite ler_pdivl_mulr ?ltr0n // mul1r ler_nat.
by case: leqP => //= /ltnW le; rewrite outweighs_computed // -same_rate.
Qed.

Theorem decide_sharp_computed :
  [/\ (decide false == 2%num) = refuted_equals alpha s (a // b),
      (decide false == 1%num) = passed_sharp alpha (e // g) s (a // b),
      (decide true == 2%num) = refuted_at_most alpha s (a // b)
    & (decide true == 1%num) = passed_at_most alpha (e // g) s (a // b)].
Proof.
have [_ _ refuted passed] := decide_computed s c d0 e b0 ab g0.
have n0 : N.eqb (size s)%:B 0 = ~~ (0 < size s)%N by case: (size s).
rewrite /decideSharpN refuted passed /refuted_equals /passed_sharp lower_end upper_end; cbv zeta.
rewrite !mulNE addNE subNE contains_computed // negbK n0.
by case: (0 < size s)%N => //=; case: (excluded _ _ _) => //=; case: (_ || _); case: (_ || _).
Qed.
End Claim.
End Decided.
