(* The rule of Verdict.v over binary numbers: n trials with S successes, alpha = c/d, a claimed rate a/b, a tolerance e/g.
   [evidence/confidence.rs: contains; evidence/clause.rs: decide] Proved here:
   - contains_computed: containsN is membership, (n+1) C(n,S) p^S (1-p)^(n-S) > alpha;
   - decide_computed: decideN says 2 where a claim is refuted and 1 where it passes. *)
Require Import NArith Arith Lia.
From mathcomp Require Import all_ssreflect all_algebra.
Require Import Ville Verdict Computed.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory Order.TTheory.

Local Notation N := BinNums.N.
Local Notation "n %:B" := (N.of_nat n) (at level 2, format "n %:B").

Section Rule.
Variables (n : N) (S : nat) (c d : N).
Let f := N.sub n S%:B.

Definition containsN (a b : N) : bool :=
  N.ltb (N.mul c (N.pow b n)) (N.mul (N.mul d (N.mul (N.succ n) (binN n S))) (N.mul (N.pow a S%:B) (N.pow (N.sub b a) f))).

(* the rate u/v, which need not be below 1; 0 stands for all that is not above 0 *)
Definition aboveN (u v : N) : bool := N.eqb u 0 || N.leb (N.mul u n) (N.mul S%:B v) && ~~ containsN u v.
Definition belowN (u v : N) : bool := N.leb v u || N.leb (N.mul S%:B v) (N.mul u n) && ~~ containsN u v.

Definition decideN (bound : bool) (a b e g : N) : N :=
  let upper := N.add (N.mul a g) (N.mul e b) in
  let lower := N.sub (N.mul a g) (N.mul e b) in
  let unit := N.mul b g in
  if N.eqb n 0 then 0%num else
  if (if bound then N.ltb (N.mul a n) (N.mul S%:B b) else true) && ~~ containsN a b then 2%num else
  if (if bound then true else aboveN lower unit) && belowN upper unit then 1%num else 0%num.
End Rule.

Section Decided.
Local Open Scope ring_scope.
Local Notation "x // y" := ((x%:R / y%:R) : rat) (at level 40, no associativity).
Variables (s : seq bool) (c d : nat).
Context (d0 : (0 < d)%N).
Local Notation rule := (containsN (size s)%:B (successes s) c%:B d%:B).

Lemma N_le a b : N.leb a%:B b%:B = (a <= b)%N. Proof. exact: lebN. Qed.

Lemma le_fractions (a b x y : nat) : (0 < b)%N -> (0 < y)%N -> (a // b <= x // y) = (a * y <= x * b)%N.
Proof. by move=> b0 y0; rewrite ler_pdivr_mulr ?ltr0n // mulrAC ler_pdivl_mulr ?ltr0n // -!natrM ler_nat. Qed.

Theorem contains_computed a b : (0 < b)%N -> (a <= b)%N -> rule a%:B b%:B = ~~ excluded (a // b) (c // d) s.
Proof.
move=> b0 ab; have fE : (size s - successes s = failures s)%N by rewrite -trials addKn.
have one : N.succ (size s)%:B = (size s).+1%:B by rewrite Nat2N.inj_succ.
have likelihood : (ways s)%:R * chance (a // b) s = (ways s * (a ^ successes s * (b - a) ^ failures s)) // (b ^ size s).
  have -> : chance (a // b) s = (a ^ successes s * (b - a) ^ failures s) // (b ^ size s).
    rewrite /chance -[X in X - _](divff (_ : b%:R != 0)) ?pnatr_eq0 -?lt0n // -mulrBl -natrB //.
    by rewrite !expr_div_n mulf_div -exprD trials natrM !natrX.
  by rewrite mulrA -natrM.
rewrite /containsN /excluded likelihood le_fractions ?expn_gt0 ?b0 // -ltnNge.
rewrite binN_is_binomial Nat2N.id one !(subNE, powNE, mulNE, ltbN) fE; congr (_ < _)%N.
by rewrite [RHS]mulnC [RHS]mulnA.
Qed.

Lemma below_computed u v : (0 < v)%N ->
  belowN (size s)%:B (successes s) c%:B d%:B u%:B v%:B = all_below (c // d) s (u // v).
Proof.
move=> v0; rewrite /belowN /all_below !mulNE !lebN; have v1 : 0 < v%:R :> rat by rewrite ltr0n.
have -> : (1 <= u // v) = (v <= u)%N by rewrite ler_pdivl_mulr // mul1r ler_nat.
case: (leqP v u) => //= uv; rewrite contains_computed ?negbK ?(ltnW uv) //; congr (_ && _).
by rewrite mulrAC ler_pdivl_mulr // -!natrM ler_nat.
Qed.

Lemma above_computed u v : (0 < v)%N -> (u <= v)%N ->
  aboveN (size s)%:B (successes s) c%:B d%:B u%:B v%:B = all_above (c // d) s (u // v).
Proof.
move=> v0 uv; rewrite /aboveN /all_above !mulNE !lebN; have v1 : 0 < v%:R :> rat by rewrite ltr0n.
have -> : (u // v <= 0) = (N.eqb u%:B 0).
  by rewrite ler_pdivr_mulr // mul0r lern0; case: u uv.
case: N.eqb => //=; rewrite contains_computed ?negbK //; congr (_ && _).
by rewrite mulrAC ler_pdivr_mulr // -!natrM ler_nat.
Qed.

Section Claim.
Variables (a b e g : nat).
Context (b0 : (0 < b)%N) (ab : (a <= b)%N) (g0 : (0 < g)%N).
Local Notation alpha := (c // d).
Local Notation decide bound := (decideN (size s)%:B (successes s) c%:B d%:B bound a%:B b%:B e%:B g%:B).

Lemma upperE : a // b + e // g = (a * g + e * b) // (b * g).
Proof. by rewrite addf_div ?pnatr_eq0 -?lt0n // -!natrM -natrD. Qed.
Lemma lowerE : all_above alpha s (a // b - e // g) = all_above alpha s ((a * g - e * b) // (b * g)).
Proof.
have dif : a // b - e // g = ((a * g)%N%:R - (e * b)%N%:R) / (b * g)%N%:R :> rat.
  by rewrite -mulNr addf_div ?pnatr_eq0 -?lt0n // mulNr -!natrM.
rewrite dif; case: (leqP (e * b) (a * g)) => h; first by rewrite natrB.
have /eqP -> : (a * g - e * b == 0)%N by rewrite subn_eq0 ltnW.
rewrite mul0r {2}/all_above lexx /= /all_above ler_pdivr_mulr ?ltr0n ?muln_gt0 ?b0 // mul0r subr_le0 ler_nat.
by rewrite ltnW.
Qed.

Theorem decide_computed :
  [/\ (decide false == 2%num) = refuted_equals alpha s (a // b),
      (decide false == 1%num) = passed_equals alpha (e // g) s (a // b),
      (decide true == 2%num) = refuted_at_most alpha s (a // b)
    & (decide true == 1%num) = passed_at_most alpha (e // g) s (a // b)].
Proof.
have v0 : (0 < b * g)%N by rewrite muln_gt0 b0.
have lv : (a * g - e * b <= b * g)%N by apply: leq_trans (leq_subr _ _) _; rewrite leq_mul2r ab orbT.
have n0 : N.eqb (size s)%:B 0 = ~~ (0 < size s)%N by case: (size s).
have more : N.ltb (N.mul a%:B (size s)%:B) (N.mul (successes s)%:B b%:B) = (a // b * (size s)%:R < (successes s)%:R).
  by rewrite !mulNE ltbN mulrAC ltr_pdivr_mulr ?ltr0n // -!natrM ltr_nat.
rewrite /decideN /refuted_equals /passed_equals /refuted_at_most /passed_at_most upperE lowerE; cbv zeta.
rewrite more !mulNE addNE subNE above_computed // below_computed // contains_computed // negbK n0.
case: (0 < size s)%N => //=; case: (excluded _ _ _); case: (_ < _); case: (all_above _ _ _); case: (all_below _ _ _) => //=.
Qed.
End Claim.
End Decided.
