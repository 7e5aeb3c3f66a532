(* What an accepted certificate says as a probability, over a uniform permutation. Proved here:
   - secure_probability: the two comparisons hold if and only if no deviation wins with more than 1/D;
   - certificate_probability: an accepted certificate's plan keeps every deviation at 1/D or below; no plan of fewer slots does, nor
     one of as many slots and fewer copies, among those with at least T0 publics. *)
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Worst Mix Success Certificate.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory Order.TTheory.
Local Open Scope ring_scope.

Section Planned.
Variables R D : nat.
Context (R0 : (0 < R)%N) (D0 : (0 < D)%N).

(* of all servers that fix the slots of their wrong answers, none wins with more than 1/D *)
Definition keeps B T := forall S : {set slot R B T}, pr_win S <= D%:R^-1.

Lemma f_at_most B T i : (0 < B)%N -> (i <= R)%N -> (f R B T i <= D%:R^-1) = ('C(R, i) * D <= 'C(R * B + T, i * B))%N.
Proof.
move=> B0 iR; have c0 : (0 < 'C(R * B + T, i * B))%N by apply: binN_gt0.
by rewrite /f ler_pdivr_mulr ?ltr0n // mulrC ler_pdivl_mulr ?ltr0n // -natrM ler_nat.
Qed.

Theorem secure_probability B T : (0 < B)%N -> reflect (keeps B T) (secure R B T D).
Proof.
move=> B0; apply: (iffP (@two_comparisons_decide R B T B0 D R0)) => [all S|all i /andP[i0 iR]].
- rewrite pr_win_exact //; case: ifP => [/andP[d s0]|_]; last by rewrite invr_ge0 ler0n.
  have q0 : (0 < #|S| %/ B)%N by rewrite divn_gt0 // dvdn_leq.
  case: (leqP (#|S| %/ B)%N R) => qR; first by rewrite f_at_most // all // q0.
  by rewrite /f bin_small // mul0r invr_ge0 ler0n.
- have [S e] := @worst_attained R B T B0 i (introT andP (conj i0 iR)).
  by rewrite -f_at_most // -e all.
Qed.

Theorem certificate_probability T0 B T b l : check R D T0 B T b l ->
  keeps B T /\ forall B' T', (0 < B')%N -> (T0 <= T')%N -> keeps B' T' ->
    (R * B + T < R * B' + T')%N \/ ((R * B + T = R * B' + T')%N /\ (B <= B')%N).
Proof.
case/(certificate_sound R0) => /and3P[B0 _ s] least; split; first by apply/secure_probability.
move=> B' T' B0' t' k; apply: least; rewrite /ok B0' t' /=; exact/secure_probability.
Qed.
End Planned.
