(* One instance of every headline theorem of Strategies.v, Retries.v, Flaky.v, Scattered.v, Named.v and Unmasked.v; what Instances.v says of itself holds here. Most are of 2 queries
   in 2 copies and 1 public, and of a server that is honest in half of its sessions. *)
Require Import NArith.
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Mix Deviation Pool Computed Strategies Retries Flaky Scattered Named Unmasked Instances MoreInstances.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Local Opaque binomial factorial expn.
Local Notation slot := (Mix.slot 2 2 1).
Local Notation "n // d" := ((n%:R / d%:R)%R : rat) (at level 40, no associativity).

Definition every_answer : {set 'I_2} * {set 'I_1} := (setT, setT).
Definition seldom A (a : A) : branch 2 2 1 A := (1%N, a, Fixed set0).
Definition two_at_random A (a : A) : branch 2 2 1 A := (1%N, a, Uniform _ _ _ 2).
Definition three_slots : seq slot := [:: inl (ord0, ord0); inl (ord0, ord_max); inr ord0].
Definition by_and_by A (a : A) : branch 2 2 1 A := (1%N, a, Each 1 2 three_slots 2).

Lemma W_of R B T m t s k n : (0 < B)%N -> countN (N.of_nat R) B (N.of_nat T) 1 (N.of_nat m) (N.of_nat t) s k = N.of_nat n -> W R B T m t s k = n.
Proof. by move=> B0 e; apply: Nat2N.inj; rewrite -e sets_computed. Qed.
Lemma Acc_of R B T m t s k n : (0 < B)%N -> countN (N.of_nat R) B (N.of_nat T) 0 (N.of_nat m) (N.of_nat t) s k = N.of_nat n -> Acc R B T m t s k = n.
Proof. by move=> B0 e; apply: Nat2N.inj; rewrite -e sets_computed. Qed.

(* how many slots are touched on average: none in half of the sessions, in the others one of three by one, until two are touched *)
Example strategy_rate_instance : mean (fun z : unit * {set slot} => #|z.2|%:R) (server (seldom tt) [:: by_and_by tt]) = 11 // 16.
Proof.
rewrite (strategy_rate (rate := fun _ (D : {set slot}) => #|D|%:R) (F := fun _ k => k%:R)) //.
by rewrite /cases /= /cut /= !big_cons !big_nil /binomial_law cards0; apply/eqP; vm_compute.
Qed.

Example strategy_wins_instance : mean won (session 0 (seldom every_answer) [:: two_at_random every_answer]) = 1 // 10.
Proof.
rewrite (@strategy_wins 2 2 1 0 isT) // /cases /= !big_cons big_nil /= !cardsT !card_ord cards0.
by rewrite (@W_of 2 2 1 2 1 0 0 0) ?(@W_of 2 2 1 2 1 0 2 2) //; apply/eqP; vm_compute.
Qed.

Example strategy_harmless_instance : mean harmless (session 0 (seldom every_answer) [:: two_at_random every_answer]) = 1 // 2.
Proof.
rewrite (@strategy_harmless 2 2 1 0 isT) // /cases /= !big_cons big_nil /= !cardsT !card_ord cards0.
rewrite (@W_of 2 2 1 2 1 0 0 0) ?(@W_of 2 2 1 2 1 0 2 2) ?(@Acc_of 2 2 1 2 1 0 0 1) ?(@Acc_of 2 2 1 2 1 0 2 2) //; apply/eqP; by vm_compute.
Qed.

(* from pools of 3 queries and 2 publics, of which the act changes one and both *)
Definition of_pools : {set 'I_3} * {set 'I_2} := (a_query, both_publics).
Example strategy_wins_from_pools_instance :
  mean (fun z => rate_over_pools (isT : 2 <= 3)%N (isT : 1 <= 2)%N (fun Qs Ps => devWins Qs Ps 0) z.1 z.2)
    (server (seldom of_pools) [:: two_at_random of_pools]) = 1 // 30.
Proof.
rewrite (@strategy_wins_from_pools 2 2 1 3 2 0 isT) // /cases /= !big_cons big_nil /pool_rate /= cards1 cardsT card_ord cards0.
rewrite pool_computed_instance.1 (_ : poolSum 2 2 1 3 2 1 2 1 0 0 = 0%N); last by apply: Nat2N.inj; rewrite -pool_computed; vm_compute.
by apply/eqP; vm_compute.
Qed.

Example strategy_accepted_from_pools_instance :
  mean (fun z => rate_over_pools (isT : 2 <= 3)%N (isT : 1 <= 2)%N (fun Qs Ps => devAccepts Qs Ps 0) z.1 z.2)
    (server (seldom of_pools) [:: two_at_random of_pools]) = 2 // 3.
Proof.
rewrite (@strategy_accepted_from_pools 2 2 1 3 2 0 isT) // /cases /= !big_cons big_nil /pool_rate /= cards1 cardsT card_ord cards0.
rewrite pool_computed_instance.2 (_ : poolSum 2 2 1 3 2 1 2 0 0 0 = 6%N); last by apply: Nat2N.inj; rewrite -pool_computed; vm_compute.
by apply/eqP; vm_compute.
Qed.

(* Retries.v: a session that is won in one case of four, and harmless in one; three of them *)
Definition of_four : draws outcome := Draw 4 (fun i => Done (if i == 0%N then Won else if i == 1%N then Harmless else Caught)).
Lemma of_four_legal : always (fun=> True) of_four. Proof. by []. Qed.
Lemma of_four_won : mean won of_four = 1 // 4. Proof. by rewrite /= !big_ord_recl big_ord0; apply/eqP; vm_compute. Qed.
Lemma of_four_harmless : mean harmless of_four = 1 // 4. Proof. by rewrite /= !big_ord_recl big_ord0; apply/eqP; vm_compute. Qed.
Lemma of_four_caught : mean caught of_four = 1 // 2. Proof. by rewrite /= !big_ord_recl big_ord0; apply/eqP; vm_compute. Qed.

Example until_accepted_wins_instance : until of_four accepted 3 won = 7 // 16.
Proof. by rewrite (until_accepted_wins of_four_legal) of_four_won of_four_caught /powers !big_ord_recl big_ord0; apply/eqP; vm_compute. Qed.
Example until_accepted_harmless_instance : until of_four accepted 3 harmless = 7 // 16.
Proof. by rewrite (until_accepted_harmless of_four_legal) of_four_harmless of_four_caught /powers !big_ord_recl big_ord0; apply/eqP; vm_compute. Qed.
Example until_rejected_harmless_instance : until of_four rejected 3 harmless = 1 // 64.
Proof. by rewrite (until_rejected_harmless of_four_legal) of_four_harmless; apply/eqP; vm_compute. Qed.
Example until_rejected_caught_instance : until of_four rejected 3 caught = 21 // 32.
Proof. by rewrite (until_rejected_caught of_four_legal) of_four_harmless of_four_caught /powers !big_ord_recl big_ord0; apply/eqP; vm_compute. Qed.
Example of_all_won_instance : until of_four no_stop 3 won = 37 // 64.
Proof. by rewrite (of_all_won of_four_legal) of_four_won; apply/eqP; vm_compute. Qed.
Example of_all_harmless_instance : until of_four no_stop 3 harmless = 9 // 64.
Proof. by rewrite (of_all_harmless of_four_legal) of_four_won of_four_harmless; apply/eqP; vm_compute. Qed.

Example retries_computed_instance : [/\ retriesSum 0 1 1 4 3 = 28, retriesSum 1 1 1 4 3 = 42 & retriesSum 2 1 1 4 3 = 37]%N.
Proof. by split; apply: Nat2N.inj; rewrite -retries_computed; vm_compute. Qed.
Example retries_counted_instance :
  [/\ until of_four accepted 3 won = 28 // 64, until of_four rejected 3 caught = 42 // 64 & until of_four no_stop 3 won = 37 // 64].
Proof.
have [-> -> ->] := @retries_counted _ of_four_legal 1 1 4 isT isT of_four_won of_four_harmless 2.
by have [-> -> ->] := retries_computed_instance.
Qed.

(* Flaky.v: at R = 2, B = 2, T = 1, slack 0 and one answer in three wrong *)
Example flaky_computed_instance : (flakySum 2 2 1 0 1 3 = 50 /\ flakyRightSum 2 2 1 0 1 3 = 32)%N.
Proof. have [e f] := flaky_computed 2 2 1 0 1 3; by split; apply: Nat2N.inj; [rewrite -e|rewrite -f]; vm_compute. Qed.
Example flaky_counted_instance :
  mean won (session 0 (flaky 2 2 1 1 3) [::]) + mean harmless (session 0 (flaky 2 2 1 1 3) [::]) = 50 // 243 /\
  mean harmless (session 0 (flaky 2 2 1 1 3) [::]) = 32 // 243.
Proof. by have := @flaky_counted 2 2 1 0 1 3 isT isT isT; rewrite flaky_computed_instance.1 flaky_computed_instance.2. Qed.
Lemma one_public_passes : passingSum 1 0 1 3 = 2%N. Proof. by rewrite /passingSum min0n big_nat1 bin0. Qed.
Example flaky_accepted_instance :
  mean won (session 0 (flaky 2 2 1 1 3) [::]) + mean harmless (session 0 (flaky 2 2 1 1 3) [::]) = 50 // 243.
Proof. by rewrite (@flaky_accepted 2 2 1 0 1 3 isT isT isT) publics_counted // one_public_passes; apply/eqP; vm_compute. Qed.
Example flaky_harmless_instance : mean harmless (session 0 (flaky 2 2 1 1 3) [::]) = 32 // 243.
Proof. by rewrite (@flaky_harmless 2 2 1 0 1 3 isT isT isT) publics_counted // one_public_passes; apply/eqP; vm_compute. Qed.

(* Scattered.v: on two slots at R = 2, B = 2, T = 1, with 3 wrong labels; then with one wrong public tolerated *)
Lemma two_of_five : #|two_slots| = 2%N. Proof. exact: two_slots_are_two. Qed.
Example scattered_computed_instance :
  [/\ scatteredCount 2 2 1 0 3 1 2 = 6, scatteredCount 2 2 1 0 3 0 2 = 6 & scatteredCount 2 2 1 1 3 0 1 = 9]%N.
Proof. by split; apply: Nat2N.inj; rewrite -scattered_computed; vm_compute. Qed.
Example scattered_counted_instance : scatteredSum 2 2 1 0 3 1 #|two_slots| / 'C(5, #|two_slots|)%:R = 6 // 90.
Proof.
rewrite (@scattered_counted 2 2 1 0 3 isT two_slots 1) two_of_five.
by have [-> _ _] := scattered_computed_instance; apply/eqP; vm_compute.
Qed.
Example scattered_wins_instance : pr_scattered (@deceives 2 2 1 0 3) two_slots = 1 // 15.
Proof. by rewrite (@scattered_wins 2 2 1 0 3 isT isT) scattered_counted_instance; apply/eqP; vm_compute. Qed.
Example scattered_accepted_instance : pr_scattered (@passes 2 2 1 1 3) [set inr ord0] = 1 // 5.
Proof.
rewrite (@scattered_accepted 2 2 1 1 3 isT isT) (@scattered_counted 2 2 1 1 3 isT) cards1.
by have [_ _ ->] := scattered_computed_instance; apply/eqP; vm_compute.
Qed.

(* Named.v *)
Example linking_instance : #|[set p : {perm slot} | [exists r, (p (inl (ord0, ord0)) \in copies 2 1 r) && (p (inr ord0) \in copies 2 1 r)]]|%:R
  / #|{perm slot}|%:R = 1 // 5.
Proof. by rewrite (@linking 2 2 1 (inl (ord0, ord0)) (inr ord0) isT); apply/eqP; vm_compute. Qed.
Example all_kept_instance : pr_draws (isT : 2 <= 3)%N (isT : 1 <= 2)%N set0 [set ord0] (fun Qs Ps => devAccepts Qs Ps 0) [set: slot] = 1 // 2.
Proof. by rewrite (@all_kept 2 2 1 3 2 0 isT) cards1 big_ord_recl big_ord1 /=; apply/eqP; vm_compute. Qed.

(* Unmasked.v: two slots are seen before the first answer *)
Example unmasked_computed_instance : lostSum 2 2 1 2 = 4%N.
Proof. by apply: Nat2N.inj; rewrite -unmasked_computed; vm_compute. Qed.
Lemma first_is_seen : inl (ord0, ord0) \in two_slots. Proof. by rewrite !inE eqxx. Qed.
Example unmasked_instance : #|[set p : {perm slot} | loses two_slots (inl (ord0, ord0)) p]|%:R / #|{perm slot}|%:R = 1 // 5.
Proof. by rewrite (@unmasked 2 2 1 isT _ _ first_is_seen) two_of_five unmasked_computed_instance; apply/eqP; vm_compute. Qed.
