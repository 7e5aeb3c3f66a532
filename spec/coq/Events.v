(* The paper's two events, over a uniform permutation p of the slots. Hit are the slots that the positions S land on: p @: S.
   E_T: at most s publics are hit (none, in the paper). E_B: the queries' slots that are hit are all copies of some queries,
   at least one. A server whose touched answers are all wrong wins where both happen. Proved here:
   - E_T_probability: Pr[E_T] = C(N-k,T)/C(N,T) for any k positions: the paper's equation (1) at k = iB;
   - E_T_with_slack: with s publics tolerated, Pr[E_T] is the chance of acceptance of an act that changes only publics;
   - E_B_given_E_T: given E_T, E_B happens with the paper's equation (2), for k = iB positions;
   - E_B_given_E_T_with_slack: the same for any k and s, as a ratio of two counts of Deviation.v;
   - E_T_and_E_B: both happen with the product of the two, which is C(R,i)/C(N,iB);
   - win_is_both: at any slack, winning is E_T and E_B. *)
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Worst Mix Success Deviation.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Events.
Variables R B T : nat.
Context (Bpos : (0 < B)%N).
Local Notation slot := (slot R B T).
Implicit Types (S : {set slot}) (V : pred {set slot}).

Definition E_T s S := checkPublic s S.
Definition E_B S := checkCopies S && corrupt S.

(* the chance that the slots which S lands on have a property, and the same given another one *)
Definition pr V S : rat := #|[set p : {perm slot} | V (p @: S)]|%:R / #|{perm slot}|%:R.
Definition pr_given V C S : rat :=
  #|[set p : {perm slot} | C (p @: S) && V (p @: S)]|%:R / #|[set p : {perm slot} | C (p @: S)]|%:R.

Lemma permutations_exist : #|{perm slot}|%:R != 0 :> rat.
Proof. by rewrite cperm pnatr_eq0 -lt0n fact_gt0. Qed.

Lemma pr_givenE V C S : pr_given V C S = pr (fun D => C D && V D) S / pr C S.
Proof. by rewrite /pr_given /pr invfM invrK mulrACA mulVf ?mulr1 // permutations_exist. Qed.

Theorem win_is_both s S : pr (wins s) S = pr (fun D => E_T s D && E_B D) S.
Proof. by rewrite /pr; congr (_%:R / _); apply: eq_card => p; rewrite !inE /wins /accepts -andbA. Qed.

Theorem E_T_with_slack s S :
  pr (E_T s) S = (Acc R B T 0 T s #|S|)%:R / 'C(R * B + T, #|S|)%:R.
Proof.
have <- : pr_accepted set0 [set: 'I_T] s S = pr (E_T s) S.
  rewrite /pr_accepted /pr; congr (_%:R / _); apply: eq_card => p; rewrite !inE /devAccepts.
  rewrite (_ : touchedPub _ _ = pubWrong (p @: S)); last by apply/setP=> t; rewrite !inE.
  by rewrite [X in _ && X](_ : _ = true) ?andbT //; apply/forallP=> r; rewrite inE.
by rewrite (pr_accepted_is_Acc Bpos) cards0 cardsT card_ord.
Qed.

Theorem E_B_given_E_T_with_slack s S :
  pr_given E_B (E_T s) S = (W R B T R T s #|S|)%:R / (Acc R B T 0 T s #|S|)%:R.
Proof.
have leS : (#|S| <= R * B + T)%N by rewrite -[X in (_ <= X)%N](card_slot R B T) max_card.
have c0 : 'C(R * B + T, #|S|)%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n bin_gt0.
rewrite pr_givenE -win_is_both E_T_with_slack.
have -> : pr (wins s) S = pr_deviation [set: 'I_R] [set: 'I_T] s S.
  by rewrite /pr /pr_deviation; congr (_%:R / _); apply: eq_card => p; rewrite !inE devWins_full.
by rewrite (pr_win_is_W Bpos) !cardsT !card_ord invfM invrK mulrACA mulVf ?mulr1.
Qed.

(* C(N,k) C(N-k,T) = C(N,T) C(N-T,k): choose the positions and then the publics, or the publics first *)
Lemma choose_either_first k : (k <= R * B + T)%N ->
  ('C(R * B + T, k) * 'C(R * B + T - k, T) = 'C(R * B + T, T) * 'C(R * B, k))%N.
Proof.
move=> kN; case: (leqP k (R * B)) => h; last first.
  by rewrite [X in (_ * X)%N]bin_small ?[X in (_ = _ * X)%N]bin_small ?muln0 // ltn_subLR // ltn_add2r.
have a : (k + T <= R * B + T)%N by rewrite leq_add2r.
have b : (T + k <= R * B + T)%N by rewrite addnC.
have e' := trinomial b; rewrite addnK in e'.
by rewrite -(trinomial a) -e' [(T + k)%N]addnC -['C(k + T, T)]bin_sub ?leq_addl // addnK.
Qed.

Theorem E_T_probability S : pr (E_T 0) S = 'C(R * B + T - #|S|, T)%:R / 'C(R * B + T, T)%:R.
Proof.
have leS : (#|S| <= R * B + T)%N by rewrite -[X in (_ <= X)%N](card_slot R B T) max_card.
rewrite E_T_with_slack /Acc /Wsum big_nat1 min0n big_nat1 !bin0 !mul1n mul0n !subn0 addnK /=.
apply/eqP; rewrite eqr_div ?pnatr_eq0 -?lt0n ?bin_gt0 ?leq_addl // -!natrM eqr_nat; apply/eqP.
by rewrite mulnC -choose_either_first // mulnC.
Qed.

Section Groups.
Variables (S : {set slot}) (i : nat).
Context (cS : #|S| = (i * B)%N) (iR : (0 < i <= R)%N).

Theorem E_T_and_E_B : pr (fun D => E_T 0 D && E_B D) S = pr_E_T R B T i * pr_E_B R B i.
Proof.
case/andP: iR => i0 lei; rewrite -win_is_both paper_formula // -[LHS]/(pr_win S) pr_win_exact //.
by rewrite cS dvdn_mull // muln_gt0 i0 Bpos mulnK.
Qed.

Theorem E_B_given_E_T : pr_given E_B (E_T 0) S = pr_E_B R B i.
Proof.
rewrite pr_givenE E_T_and_E_B E_T_probability cS mulrAC mulfV ?mul1r //.
case/andP: iR => _ lei; rewrite mulf_neq0 ?invr_eq0 // pnatr_eq0 -lt0n bin_gt0 ?leq_addl //.
by rewrite leq_subRL ?leq_add2r ?(leq_trans _ (leq_addr _ _)) // leq_mul2r lei orbT.
Qed.
End Groups.
End Events.
