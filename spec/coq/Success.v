(* Success probabilities over a uniform permutation, as rationals, with no slack. Proved here:
   - pr_win_exact: answering exactly the k positions S wrongly wins with C(R,i)/C(N,iB) at k = iB, i >= 1, else never;
   - worst_is_first_or_last and pr_win_at_most: no set of positions does better than the larger of i = 1 and i = R;
   - worst_attained: every i is played by some set, so the bound is met;
   - mixed_no_better: a random choice of the set, independent of the permutation, does no better either;
   - paper_formula: the product of the paper's two factors is C(R,i)/C(N,iB). *)
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Worst Mix.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory Order.TTheory.
Local Open Scope ring_scope.

Section Main.
Variables R B T : nat.
Context (Bpos : (0 < B)%N) (Rpos : (0 < R)%N).
Let NN := (R * B + T)%N.
Local Notation slot := (slot R B T).

(* Pr over a uniform permutation p of slots that answering exactly the positions
   of S wrongly wins; slots and positions are identified, p is the client's mix. *)
Definition pr_win (S : {set slot}) : rat :=
  #|[set p : {perm slot} | wins 0 (p @: S)]|%:R / (#|{perm slot}|)%:R.

Definition f (i : nat) : rat := 'C(R, i)%:R / 'C(NN, i * B)%:R.

Lemma cperm : #|{perm slot}| = NN`!.
Proof.
rewrite -[NN](card_slot R B T) -(cardsT [finType of slot]) -(card_perm [set: slot]); apply: eq_card => p.
rewrite [RHS]unfold_in /= (_ : _ \subset _ = true) //.
by apply/subsetP=> x _; rewrite inE.
Qed.

(* exact value *)
Theorem pr_win_exact S :
  pr_win S = if ((B %| #|S|) && (0 < #|S|))%N then f (#|S| %/ B)%N else 0.
Proof.
have leS : (#|S| <= NN)%N by rewrite -[NN](card_slot R B T) max_card.
have c0 : ('C(NN, #|S|)%:R != 0 :> rat) by rewrite pnatr_eq0 -lt0n bin_gt0.
have f0 : (NN`!%:R != 0 :> rat) by rewrite pnatr_eq0 -lt0n fact_gt0.
have e := uniform_permutation (@wins R B T 0) S.
rewrite card_slot -/(winSets R B T 0 #|S|) (winning_sets R T Bpos) in e.
have -> : pr_win S = (if ((B %| #|S|) && (0 < #|S|))%N then 'C(R, (#|S| %/ B)%N) else 0%N)%:R
                    / 'C(NN, #|S|)%:R.
  rewrite /pr_win cperm; apply/eqP; rewrite eqr_div // -!natrM e.
  by rewrite -[N R B T]/NN.
case: ifP => [/andP[d _]|_]; last by rewrite mul0r.
by rewrite /f divnK.
Qed.

(* worst case over i *)
Theorem worst_is_first_or_last i : (0 < i <= R)%N -> f i <= Num.max (f 1) (f R).
Proof.
case/andP=> i0; rewrite leq_eqVlt => /orP[/eqP ->|iR].
  by rewrite le_maxr lexx orbT.
rewrite le_maxr; apply/orP; left; rewrite /f mul1n bin1.
have p1 : (0 < 'C(NN, i * B))%N by apply: binN_gt0; rewrite ltnW.
have p2 : (0 < 'C(NN, B))%N by have := @binN_gt0 R B T 1 Rpos; rewrite mul1n.
rewrite ler_pdivr_mulr ?ltr0n // mulrAC ler_pdivl_mulr ?ltr0n //.
by rewrite -!natrM ler_nat worst_inner // i0.
Qed.

Theorem pr_win_at_most S : pr_win S <= Num.max (f 1) (f R).
Proof.
rewrite pr_win_exact; case: ifP => [/andP[d s0]|_]; last first.
  by rewrite le_maxr /f divr_ge0 ?ler0n.
have := dvdn_leq s0 d => Bs.
have q0 : (0 < #|S| %/ B)%N by rewrite divn_gt0.
case: (leqP (#|S| %/ B)%N R) => qR; first by apply: worst_is_first_or_last; rewrite q0.
by rewrite /f bin_small // mul0r le_maxr divr_ge0 ?ler0n.
Qed.

(* any randomised strategy: mu is a distribution on cheat sets, independent of p *)
Theorem mixed_no_better (mu : {set slot} -> rat) :
  (forall S, 0 <= mu S) -> \sum_S mu S = 1 ->
  \sum_S mu S * pr_win S <= Num.max (f 1) (f R).
Proof.
move=> m0 m1; rewrite -[X in _ <= X]mul1r -m1 mulr_suml.
by apply: ler_sum => S _; apply: ler_wpmul2l => //; apply: pr_win_at_most.
Qed.

(* tightness: both ends are attained by a pure strategy *)
Theorem worst_attained i : (0 < i <= R)%N -> exists S, pr_win S = f i.
Proof.
case/andP=> i0 iR.
have : (0 < #|winSets R B T 0 (i * B)|)%N by rewrite winning_sets_of_groups // bin_gt0.
case/card_gt0P=> S; rewrite inE => /andP[_ /eqP cS]; exists S.
by rewrite pr_win_exact cS dvdn_mull ?dvdnn // muln_gt0 i0 Bpos mulnK.
Qed.

(* the paper's two-factor formula equals f *)
Definition pr_E_T i : rat := 'C(NN - i * B, T)%:R / 'C(NN, T)%:R.
Definition pr_E_B i : rat := 'C(R, i)%:R * (i * B)`!%:R * (R * B - i * B)`!%:R / (R * B)`!%:R.
Theorem paper_formula i : (i <= R)%N -> pr_E_T i * pr_E_B i = f i.
Proof.
move=> iR; have e := paper_formula_counts B T iR.
have p1 : ('C(NN, i * B)%:R != 0 :> rat) by rewrite pnatr_eq0 -lt0n binN_gt0.
have p2 : ('C(NN, T)%:R != 0 :> rat) by rewrite pnatr_eq0 -lt0n bin_gt0 leq_addl.
have p3 : ((R * B)`!%:R != 0 :> rat) by rewrite pnatr_eq0 -lt0n fact_gt0.
rewrite /pr_E_T /pr_E_B mulf_div /f; apply/eqP; rewrite eqr_div ?mulf_neq0 //.
by rewrite -!natrM eqr_nat; apply/eqP.
Qed.
End Main.
