(* The certificate that a plan (B,T) is least, for R queries, D = 2^lambda and T >= T0; Rust's certificate.rs. Proved here:
   - feasible_grows: feasibility of a total N is monotone in N;
   - least_total: comparisons 1 to 4 certify that N = RB+T is least;
   - least_copies: given a plan, comparison 5 holds if and only if no plan of the same N has fewer copies;
   - certificate_sound: all five certify least N, then least B. *)
From mathcomp Require Import all_ssreflect.
Require Import Worst.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.

Section Opt.
Variables R D T0 : nat.         (* D = 2^lambda (any threshold works) *)
Context (R0 : 0 < R).

Definition ok B T := [&& 0 < B, T0 <= T & secure R B T D].

Lemma ok_monoT B T : ok B T -> ok B T.+1.
Proof.
case/and3P=> b t /andP[h1 h2]; apply/and3P; split=> //; first exact: leqW.
apply/andP; split; rewrite addnS.
- by apply: leq_trans h1 _; apply: leq_bin2l.
- by apply: leq_trans h2 _; rewrite binS leq_addl.
Qed.

Lemma ok_monoB B T : ok B T -> ok B.+1 T.
Proof.
case/and3P=> b t /andP[h1 h2]; apply/and3P; split=> //.
apply/andP; split.
- apply: leq_trans h1 _; apply: (@leq_trans 'C((R * B + T).+1, B.+1)).
    by rewrite binS leq_addl.
  apply: leq_bin2l.
  by rewrite mulnS [R + _]addnC -addnA [R + T]addnC addnA -addn1 leq_add2l.
- by apply: leq_trans h2 _; apply: leq_bin2l; rewrite leq_add2r mulnS leq_addl.
Qed.

(* feasible total sizes *)
Definition feasible M := exists B T, [/\ ok B T & R * B + T = M].
Lemma feasible_grows M : feasible M -> feasible M.+1.
Proof. by case=> B [T [o e]]; exists B, T.+1; rewrite addnS e; split=> //; apply: ok_monoT. Qed.

(* least_total of infeasibility of total size M: two binomials with small lower index *)
Definition refutes M b l :=
  [&& 2 * b <= M, 2 * l <= M, 'C(M, b) < R * D, 'C(M, l) < D
    & M < R * b.+1 + maxn l.+1 T0].

Theorem refutes_total M b l : refutes M b l -> ~ feasible M.
Proof.
case/and5P=> hb hl cb cl far [B [T [/and3P[B0 tT /andP[s1 s2]] e]]].
rewrite e in s1 s2.
case: (leqP B b) => [Bb|bB].
  have : 'C(M, B) <= 'C(M, b).
    by apply: unimodal => //; apply: leq_trans hb; rewrite mul2n -addnn leq_add2r.
  by move=> /(leq_trans s1); rewrite leqNgt cb.
have TM : T < maxn l.+1 T0.
  rewrite -(ltn_add2l (R * b.+1)); apply: leq_ltn_trans far.
  by rewrite -e leq_add2r leq_mul2l bB orbT.
case: (leqP T l) => [Tl|lT].
  have : 'C(M, T) <= 'C(M, l).
    by apply: unimodal => //; apply: leq_trans hl; rewrite mul2n -addnn leq_add2r.
  by move=> /(leq_trans s2); rewrite leqNgt cl.
by move: TM; rewrite leq_max ltnS leqNgt lT /= leqNgt ltnS tT.
Qed.

Corollary least_total B T b l :
  ok B T -> refutes (R * B + T).-1 b l ->
  forall B' T', ok B' T' -> R * B + T <= R * B' + T'.
Proof.
move=> _ /refutes_total nf B' T' o; rewrite leqNgt; apply/negP=> lt.
apply: nf; have /subnK <- : R * B' + T' <= (R * B + T).-1.
  by rewrite -ltnS (ltn_predK lt).
by elim: (_ - _) => [|d IH]; [exists B', T'|rewrite addSn; apply: feasible_grows].
Qed.
(* Comparison 5: B = 1, or one copy fewer fails at the same total. *)
Definition fewer_fails B T :=
  [|| B == 1, 'C(R * B + T, B.-1) < R * D | 'C(R * B + T, R * B.-1) < D].

Lemma between n a c b x : a <= c -> c <= b -> b <= n ->
  x <= 'C(n, a) -> x <= 'C(n, b) -> x <= 'C(n, c).
Proof.
move=> ac cb bn xa xb; case: (leqP (a + c) n) => h.
  by apply: leq_trans xa _; apply: unimodal.
apply: leq_trans xb _; rewrite -(bin_sub bn) -(bin_sub (leq_trans cb bn)).
apply: unimodal; first exact: leq_sub2l.
rewrite -(leq_add2r (b + c)) addnACA !subnK //; last exact: leq_trans cb bn.
rewrite leq_add2l; apply: leq_trans (ltnW h) _.
by rewrite leq_add2r (leq_trans ac cb).
Qed.

Theorem least_copies B T : ok B T ->
  reflect (forall B' T', ok B' T' -> R * B' + T' = R * B + T -> B <= B') (fewer_fails B T).
Proof.
move=> /and3P[B0 tT /andP[s1 s2]].
have all_or_publics b t : 'C(R * b + t, R * b) = 'C(R * b + t, t).
  by rewrite -[RHS]bin_sub ?leq_addl // addnK.
apply: (iffP or3P) => [H B' T' /and3P[B0' _ /andP[h1 h2]] e|H].
- rewrite leqNgt; apply/negP=> lt; rewrite e in h1 h2.
  have Bc : B.-1 <= B by rewrite leq_pred.
  have cB : B' <= B.-1 by rewrite -ltnS (ltn_predK lt).
  have RBN : R * B <= R * B + T by rewrite leq_addr.
  have BN : B <= R * B + T by apply: leq_trans RBN; rewrite leq_pmull.
  have g1 := between cB Bc BN h1 s1.
  have cB' : R * B' <= R * B.-1 by rewrite leq_mul2l cB orbT.
  have Bc' : R * B.-1 <= R * B by rewrite leq_mul2l Bc orbT.
  have a1 : D <= 'C(R * B + T, R * B') by rewrite -e all_or_publics e.
  have a2 : D <= 'C(R * B + T, R * B) by rewrite all_or_publics.
  have g2 := between cB' Bc' RBN a1 a2.
  case: H => [/eqP e1|g|g]; last 2 first.
  + by move: g; rewrite ltnNge g1.
  + by move: g; rewrite ltnNge g2.
  by move: lt B0'; rewrite e1 ltnS leqn0 => /eqP ->.
- case: (posnP B.-1) => [b0|c0].
    by apply: Or31; rewrite -(prednK B0) b0.
  case: (ltnP 'C(R * B + T, B.-1) (R * D)) => g1; first by apply: Or32.
  case: (ltnP 'C(R * B + T, R * B.-1) D) => g2; first by apply: Or33.
  have e : R * B.-1 + (R + T) = R * B + T by rewrite addnA -mulnSr prednK.
  have o : ok B.-1 (R + T).
    apply/and3P; split=> //; first by apply: leq_trans tT (leq_addl _ _).
    apply/andP; split; first by rewrite e.
    by rewrite -all_or_publics e.
  by have := H _ _ o e; rewrite leqNgt prednK // leqnn.
Qed.

Definition check B T b l := [&& ok B T, refutes (R * B + T).-1 b l & fewer_fails B T].

Theorem certificate_sound B T b l : check B T b l ->
  ok B T /\ forall B' T', ok B' T' ->
    R * B + T < R * B' + T' \/ (R * B + T = R * B' + T' /\ B <= B').
Proof.
case/and3P=> o rf five; split=> // B' T' o'.
have := least_total o rf o'; rewrite leq_eqVlt => /orP[/eqP e|]; last by left.
by right; split=> //; apply: (least_copies o five) o' _.
Qed.
End Opt.
