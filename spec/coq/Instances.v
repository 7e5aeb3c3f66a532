(* One instance of every headline theorem: numbers that meet its premises, with a conclusion that could have been false. A theorem
   whose premises only a trivial conclusion meets has none. scripts/proofs.sh fails unless every theorem X of Assumptions.v has
   an example X_instance here that applies X and states no premise. Bounds on probabilities are stated as numbers below 1.
   The setting is R = 8 queries in B = 2 copies and T = 4 publics, N = 20 slots, as in the documentation, or the published one. *)
Require Import NArith.
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Mix Worst Success Deviation Events Touch Slack Certificate Substitution Sessions Computed.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory Order.TTheory.

Local Opaque binomial factorial. (* numbers such as these are not to be computed in unary *)

Local Notation slot := (slot 8 2 4).
Local Notation queries := [set: 'I_8].
Local Notation publics := [set: 'I_4].
Local Notation "n // d" := ((n%:R / d%:R)%R : rat) (at level 40, no associativity).

(* k of a finite set's elements, whichever: k positions, say *)
Definition some (X : finType) k : {set X} := [set x in take k (enum X)].
Lemma card_some (X : finType) k : (k <= #|X|)%N -> #|some X k| = k.
Proof.
move=> h; rewrite /some cardsE; have /card_uniqP -> : uniq (take k (enum X)) by rewrite take_uniq ?enum_uniq.
by rewrite size_takel // -cardE.
Qed.
Notation positions k := (some [finType of slot] k).
Lemma card_positions k : (k <= 20)%N -> #|positions k| = k.
Proof. by move=> h; rewrite card_some // card_slot. Qed.
Lemma card_queries k : (k <= 8)%N -> #|some [finType of 'I_8] k| = k.
Proof. by move=> h; rewrite card_some // card_ord. Qed.
Lemma card_publics k : (k <= 4)%N -> #|some [finType of 'I_4] k| = k.
Proof. by move=> h; rewrite card_some // card_ord. Qed.

(* fractions, compared by cross-multiplication *)
Lemma same_fraction a b c d : [&& 0 < b, 0 < d & a * d == c * b]%N -> a // b = c // d.
Proof.
case/and3P=> b0 d0 /eqP e; apply/eqP.
by rewrite eqr_div ?pnatr_eq0 -?lt0n // -!natrM e.
Qed.
Lemma smaller_fraction a b c d : [&& 0 < b, 0 < d & a * d <= c * b]%N -> (a // b <= c // d)%R.
Proof.
case/and3P=> b0 d0 le; rewrite ler_pdivr_mulr ?ltr0n // mulrAC ler_pdivl_mulr ?ltr0n //.
by rewrite -!natrM ler_nat.
Qed.

Lemma cancelled u v d x : 0 < d -> 0 < x -> (u%:R * v%:R * x%:R / (d * x)%:R)%R = (u * v)%N // d.
Proof.
move=> d0 x0; apply/eqP; rewrite -!natrM eqr_div ?pnatr_eq0 -?lt0n ?muln_gt0 ?d0 ?x0 // -!natrM eqr_nat.
by rewrite -!mulnA [(x * d)%N]mulnC.
Qed.
Ltac computed := vm_compute; exact isT.

(* a toss of a coin between two things *)
Definition coin (X : eqType) (x y z : X) : rat := (((z == x)%:R + (z == y)%:R) / 2%:R)%R.
Lemma coin_ge0 (X : eqType) (x y z : X) : (0 <= coin x y z)%R.
Proof. by rewrite /coin mulr_ge0 ?addr_ge0 ?ler0n // invr_ge0 ler0n. Qed.
Lemma coin_sum (X : finType) (x y : X) : (\sum_z coin x y z = 1)%R.
Proof.
rewrite -mulr_suml big_split /= -!natr_sum.
have one (t : X) : \sum_z (z == t : nat) = 1 by rewrite (bigD1 t) //= eqxx big1 // => z /negbTE ->.
by rewrite !one.
Qed.
Lemma coin_support (X : eqType) (x y z : X) : (0 < coin x y z)%R -> z = x \/ z = y.
Proof.
by rewrite /coin; case: eqP => [->|_]; [left|case: eqP => [->|_]; [right|rewrite addr0 mul0r]].
Qed.

(* Mix.v *)
Example winning_sets_instance : #|winSets 8 2 4 0 4| = 28.
Proof. by rewrite winning_sets. Qed.

Example winning_sets_with_slack_instance : #|winSets 8 2 4 1 5| = 112.
Proof. by rewrite winning_sets_with_slack // -W_full // /W /Wsum unlock. Qed.

Example uniform_permutation_instance :
  (#|[set p : {perm slot} | wins 0 (p @: positions 2)]| * 'C(20, 2) = 8 * 20`!).
Proof.
have := uniform_permutation (@wins 8 2 4 0) (positions 2).
by rewrite card_positions // -/(winSets 8 2 4 0 2) winning_sets // card_slot.
Qed.

(* Worst.v *)
Example paper_formula_counts_instance :
  ('C(3, 1) * ('C(2, 1) * 2`! * 2`!) * 'C(5, 2) = 'C(2, 1) * ('C(5, 1) * 4`!)).
Proof. exact: (@paper_formula_counts 2 2 1 1 isT). Qed.

Example worst_inner_instance : ('C(8, 4) * 'C(20, 2) <= 8 * 'C(20, 8)).
Proof. exact: (@worst_inner 8 2 4 isT 4 isT). Qed.

Example two_comparisons_decide_instance :
  (forall i, 0 < i <= 8 -> 'C(8, i) * 23 <= 'C(20, i * 2))%N /\
  ~ (forall i, 0 < i <= 8 -> 'C(8, i) * 24 <= 'C(20, i * 2)).
Proof. by split; apply/(@two_comparisons_decide 8 2 4 isT _ isT); vm_compute. Qed.

(* Success.v *)
Example pr_win_exact_instance : pr_win (positions 4) = 28 // 4845 /\ pr_win (positions 3) = 0%R.
Proof.
split; rewrite (@pr_win_exact 8 2 4 isT); last by rewrite (@card_positions 3 isT).
rewrite (@card_positions 4 isT); apply: same_fraction; computed.
Qed.

Lemma larger_end : Num.max (f 8 2 4 1) (f 8 2 4 8) = 4 // 95.
Proof.
have /max_idPl -> : (f 8 2 4 8 <= f 8 2 4 1)%R by apply: smaller_fraction; computed.
apply: same_fraction; computed.
Qed.

Example worst_is_first_or_last_instance : (f 8 2 4 4 <= 4 // 95)%R.
Proof. by rewrite -larger_end; apply: (@worst_is_first_or_last 8 2 4). Qed.

Example pr_win_at_most_instance : forall S : {set slot}, (pr_win S <= 4 // 95)%R.
Proof. by move=> S; rewrite -larger_end; apply: pr_win_at_most. Qed.

Example worst_attained_instance : exists S : {set slot}, pr_win S = 28 // 4845.
Proof.
have [S e] := @worst_attained 8 2 4 isT 2 isT; exists S.
rewrite e /f; apply: same_fraction; computed.
Qed.

Example mixed_no_better_instance :
  (\sum_S coin (positions 2) (positions 4) S * pr_win S <= 4 // 95)%R.
Proof.
rewrite -larger_end; apply: mixed_no_better; [exact: isT|exact: isT|exact: coin_ge0|exact: coin_sum].
Qed.

Example paper_formula_instance : (pr_E_T 8 2 4 2 * pr_E_B 8 2 2)%R = 28 // 4845.
Proof.
transitivity (f 8 2 4 2); first exact: (@paper_formula 8 2 4 2 isT).
rewrite /f; apply: same_fraction; computed.
Qed.

(* Deviation.v: an act that changes two queries and three publics, with one wrong public tolerated *)
Local Notation two := (some [finType of 'I_8] 2).
Local Notation three := (some [finType of 'I_4] 3).
Definition sizes := (@card_queries 2 isT, @card_publics 3 isT, @card_positions 4 isT).

Example W_counts_wins_instance : #|[set S : {set slot} | devWins two three 1 S & #|S| == 4]| = 235.
Proof. by rewrite (@W_counts_wins 8 2 4 isT) !sizes /W /Wsum unlock. Qed.

Example Acc_counts_accepts_instance : #|[set S : {set slot} | devAccepts two three 1 S & #|S| == 4]| = 1808.
Proof. by rewrite (@Acc_counts_accepts 8 2 4 isT) !sizes /Acc /Wsum unlock. Qed.

Example pr_win_is_W_instance : pr_deviation two three 1 (positions 4) = 47 // 969.
Proof.
rewrite (@pr_win_is_W 8 2 4 isT) !sizes /W /Wsum unlock.
apply: same_fraction; computed.
Qed.

Example pr_accepted_is_Acc_instance : pr_accepted two three 1 (positions 4) = 1808 // 4845.
Proof.
rewrite (@pr_accepted_is_Acc 8 2 4 isT) !sizes /Acc /Wsum unlock.
apply: same_fraction; computed.
Qed.

Example W_full_instance : #|winSets 8 2 4 1 6| = W 8 2 4 8 4 1 6 /\ W 8 2 4 8 4 1 6 = 56.
Proof.
split; first by rewrite winning_sets_with_slack // (@W_full 8 2 4 isT).
by rewrite /W /Wsum unlock.
Qed.

Example W_everywhere_instance : W 8 2 4 3 2 2 20 = 1 /\ W 8 2 4 3 2 1 20 = 0.
Proof. by split; [apply: (@W_everywhere 8 2 4 isT 3 2 2)|apply: (@W_everywhere 8 2 4 isT 3 2 1)]. Qed.

Example W_attained_instance : exists Q P (S : {set slot}), pr_deviation Q P 1 S = 47 // 969.
Proof.
have [Q [P [S e]]] := @W_attained 8 2 4 isT 2 3 1 4 isT isT isT; exists Q, P, S.
rewrite e /W /Wsum unlock; apply: same_fraction; computed.
Qed.

(* a coin decides between an act that changes everything, on two positions, and that act on four *)
Example mixed_deviations_no_better_instance :
  (\sum_x coin (queries, publics, positions 2) (two, three, positions 4) x * pr_deviation x.1.1 x.1.2 1 x.2 <= 47 // 969)%R.
Proof.
have [x /coin_support x2 le] := @mixed_deviations_no_better 8 2 4 isT 1 _
  (coin_ge0 (queries, publics, positions 2) (two, three, positions 4)) (coin_sum _ _).
apply: (le_trans le); case: x2 => ->; rewrite /= ?cardsT ?card_ord ?sizes ?(@card_positions 2 isT) /W /Wsum unlock.
  apply: smaller_fraction; computed.
apply: smaller_fraction; computed.
Qed.

(* Events.v: the paper's numbers at k = 2 and 4 *)
Example E_T_probability_instance : pr (E_T 0) (positions 2) = 12 // 19.
Proof.
rewrite (@E_T_probability 8 2 4 isT) (@card_positions 2 isT).
apply: same_fraction; computed.
Qed.

Example E_T_with_slack_instance : pr (E_T 1) (positions 4) = 812 // 969.
Proof.
rewrite (@E_T_with_slack 8 2 4 isT) (@card_positions 4 isT) /Acc /Wsum unlock.
apply: same_fraction; computed.
Qed.

Example E_B_given_E_T_instance : pr_given (@E_B 8 2 4) (E_T 0) (positions 2) = 1 // 15.
Proof.
rewrite (@E_B_given_E_T 8 2 4 isT (positions 2) 1 (@card_positions 2 isT) isT) /pr_E_B.
have -> : (8 * 2)`! = 240 * (8 * 2 - 1 * 2)`! by rewrite 2!factS mulnA.
transitivity (('C(8, 1) * (1 * 2)`!)%N // 240); first by apply: cancelled; rewrite ?fact_gt0.
apply: same_fraction; computed.
Qed.

Example E_B_given_E_T_with_slack_instance : pr_given (@E_B 8 2 4) (E_T 1) (positions 3) = 2 // 65.
Proof.
rewrite (@E_B_given_E_T_with_slack 8 2 4 isT) (@card_positions 3 isT) /W /Acc /Wsum unlock.
apply: same_fraction; computed.
Qed.

Example E_T_and_E_B_instance : pr (fun D => E_T 0 D && E_B D) (positions 4) = 28 // 4845.
Proof.
transitivity (pr_E_T 8 2 4 2 * pr_E_B 8 2 2)%R; last exact: paper_formula_instance.
exact: (@E_T_and_E_B 8 2 4 isT _ 2 (@card_positions 4 isT) isT).
Qed.

Example win_is_both_instance : pr (fun D => E_T 1 D && E_B D) (positions 4) = pr (wins 1) (positions 4).
Proof. exact/esym/win_is_both. Qed.

(* Touch.v *)
Example touch_count_instance : #|touchSets 2 4 queries 4| = 1196.
Proof.
have := touch_count 2 4 queries 4; rewrite cardsT card_ord => e.
apply/eqP; rewrite -(@eqr_nat int_numDomainType) e unlock; computed.
Qed.

Lemma first_two_terms a b : b <= a -> ((-1) ^+ 2 * a%:R + ((-1) ^+ 3 * b%:R + 0) = (a - b)%N%:R :> rat)%R.
Proof. by move=> ba; rewrite -[3]/(1 + 2) exprD sqrrN expr1n expr1 mulr1 mulN1r mul1r addr0 natrB. Qed.

Example touch_probability_instance : pr_touch queries (positions 4) = 1196 // 4845.
Proof.
rewrite (@touch_probability 8 2 4 queries (positions 4)) (@card_positions 4 isT) cardsT card_ord.
rewrite big_ltn; last exact: isT.
rewrite big_ltn; last exact: isT.
rewrite big_nat_cond big1 => [|i /andP[/andP[i3 _] _]]; last first.
  rewrite /binT ifN ?muln0 ?mulr0; first exact: erefl.
  by rewrite -ltnNge; apply: (@leq_trans (3 * 2)); rewrite // leq_mul2r i3 orbT.
rewrite first_two_terms; last by computed.
apply: same_fraction; computed.
Qed.

Example touch_bounds_every_win_instance : forall P s, (pr_deviation queries P s (positions 4) <= 1196 // 4845)%R.
Proof. by move=> P s; rewrite -touch_probability_instance; apply: touch_bounds_every_win. Qed.

(* A server that looks at the permutation, and answers both copies of a query wrongly once it holds both. *)
Definition peeking (p : {perm slot}) (x : slot) := if x is inl (r, _) then copiesAll (p @: positions 4) r else false.
Example touch_bounds_any_server_instance :
  (#|[set p | labelsWin (fun=> false) (fun=> false) 2 (peeking p)]|%:R / #|{perm slot}|%:R <= 1196 // 4845)%R.
Proof.
rewrite -touch_probability_instance; apply: touch_bounds_any_server => p r b.
by rewrite inE /peeking eqbF_neg negbK => /forallP /(_ b).
Qed.

Example touch_bound_attained_instance : exists a : {perm slot} -> slot -> bool,
  (#|[set p | labelsWin (fun=> false) (fun=> false) 0 (a p)]|%:R / #|{perm slot}|%:R)%R = 1196 // 4845.
Proof.
have [a [_ e]] := @touch_bound_attained 8 2 4 isT queries 0 (positions 4).
exists a; exact: (etrans e touch_probability_instance).
Qed.

Example touch_union_bound_instance : (pr_touch queries (positions 4) <= 24 // 95)%R.
Proof.
have le := @touch_union_bound 8 2 4 queries (positions 4); rewrite (@card_positions 4 isT) cardsT card_ord in le.
apply: le_trans (le isT) _; apply: smaller_fraction; computed.
Qed.

(* Slack.v: one wrong public is tolerated *)
Example slack_worst_ends_instance :
  ('C(8, 4) * 'C(20, 3) <= 8 * 'C(20, 9)) || ('C(8, 4) * 'C(20, 17) <= 'C(20, 9)).
Proof. exact: (@slack_worst_ends 8 2 4 1 isT isT 4 isT). Qed.

Lemma comparisons_hold : slack_comparisons 8 2 4 1 23.
Proof. by apply/forallP => -[[|[|//]] lt]; vm_compute. Qed.

Example slack_comparisons_decide_instance :
  (forall k, k <= 20 -> W 8 2 4 8 4 1 k * 23 <= 'C(20, k)) /\ ~ (forall k, k <= 20 -> W 8 2 4 8 4 1 k * 24 <= 'C(20, k)).
Proof.
split; first exact: (elimT (@slack_comparisons_decide 8 2 4 1 23 isT isT) comparisons_hold).
by move/(introT (@slack_comparisons_decide 8 2 4 1 24 isT isT)) => /forallP /(_ ord0); vm_compute.
Qed.

Example slack_bounds_probability_instance :
  forall S : {set slot}, (pr_deviation queries publics 1 S <= 23%:R^-1)%R.
Proof. exact: (proj1 (@slack_bounds_probability 8 2 4 1 23 isT isT isT) comparisons_hold). Qed.

Example mixed_with_slack_no_better_instance :
  (\sum_S coin (positions 3) (positions 17) S * pr_deviation queries publics 1 S <= 23%:R^-1)%R.
Proof.
apply: (proj1 (@mixed_with_slack_no_better 8 2 4 1 23 isT isT isT) comparisons_hold); [exact: coin_ge0|exact: coin_sum].
Qed.

(* Certificate.v: the least plan for 8 queries at D = 16 has 17 slots *)
Lemma plan_holds : ok 8 16 0 2 1. Proof. computed. Qed.

Example feasible_grows_instance : feasible 8 16 0 18.
Proof. by apply: feasible_grows; exists 2, 1; split; first exact: plan_holds. Qed.

Example least_total_instance : forall B T, ok 8 16 0 B T ==> (17 <= 8 * B + T).
Proof.
have no_less : refutes 8 16 0 (8 * 2 + 1).-1 2 0 by computed.
move=> B T; apply/implyP; exact: (@least_total 8 16 0 2 1 2 0 plan_holds no_less).
Qed.

(* At 7 slots, 2 queries and D = 4 no plan has one copy; at 10 slots some plan has one, and (2,6) is not the least. *)
Example least_copies_instance :
  (forall B T, ok 2 4 0 B T -> 2 * B + T = 7 -> 2 <= B) /\ ~ (forall B T, ok 2 4 0 B T -> 2 * B + T = 10 -> 2 <= B).
Proof.
have seven : ok 2 4 0 2 3 by computed.
have ten : ok 2 4 0 2 6 by computed.
split; first by apply: (elimT (@least_copies 2 4 0 isT 2 3 seven)); computed.
by move/(introT (@least_copies 2 4 0 isT 2 6 ten)); vm_compute.
Qed.

Example certificate_sound_instance : ok 8 16 0 2 1 /\ forall B T, ok 8 16 0 B T ->
  17 < 8 * B + T \/ (17 = 8 * B + T /\ 2 <= B).
Proof. by apply: (@certificate_sound 8 16 0 isT 2 1 2 0); vm_compute. Qed.

(* Substitution.v: a function that is wrong on one of four inputs, against 2 queries and 1 public *)
Definition never (x : 'I_4) := false.
Definition once (x : 'I_4) := x == ord0.
Lemma wrong_once : #|wrongOn never once| = 1.
Proof. by rewrite (_ : wrongOn _ _ = [set ord0]) ?cards1 //; apply/setP=> x; rewrite !inE /never /once eqbF_neg negbK. Qed.

Example swapped_wins_instance : #|@swapped_draws 2 2 1 _ _ never once 0| = 21.
Proof. by rewrite swapped_wins // wrong_once card_ord big_ord1. Qed.

Example swapped_rate_instance : pr_swapped 2 2 1 never once 0 = 21 // 64.
Proof.
rewrite (@swapped_rate 2 2 1 isT) ?card_ord // /right_share wrong_once card_ord.
rewrite expr1 expr_div_n -!natrX; apply/eqP; rewrite -subr_eq0; vm_compute; exact: isT.
Qed.

Example rate_at_most_instance : ((3 // 4 * (1 - (3 // 4) ^+ 2)) ^+ 2 <= 4 // 27)%R.
Proof. exact: (@rate_at_most [realFieldType of rat] 2 1 isT isT (3 // 4) isT). Qed.

Example rate_attained_instance : ((2 // 3) ^+ 2 * (1 - 2 // 3) = 4 // 27)%R.
Proof. by apply/eqP; rewrite (@rate_attained [realFieldType of rat] 1 2 isT isT (2 // 3) isT). Qed.

(* Sessions.v: three verdicts about one of 16 secrets; and a server that touches 2 or 4 slots by what it saw *)
Example verdicts_tell_bits_instance : forall (verdict : 'I_16 * 'I_5 -> seq bool -> bool) (guess : 3.-tuple bool -> 'I_16),
  (#|[set d | guess (transcript verdict 3 d) == d.1]|%:R / #|{: 'I_16 * 'I_5}|%:R <= 8 // 16)%R.
Proof.
move=> verdict guess; have := @verdicts_tell_bits _ _ verdict 3 guess.
by rewrite !card_ord; exact.
Qed.

Definition by_what_was_seen (v : bool) := positions (if v then 2 else 4).
Example fresh_session_instance :
  (#|[set d : bool * {perm slot} | (d.1 == true) && won queries publics 0 by_what_was_seen true d]|%:R /
   #|[set d : bool * {perm slot} | d.1 == true]|%:R)%R = pr_deviation queries publics 0 (positions 2).
Proof.
have seen : exists w : bool, w == true by exists true.
exact: (@fresh_session 8 2 4 queries publics 0 [finType of bool] [eqType of bool] (fun v => v) by_what_was_seen true seen).
Qed.

Example later_sessions_instance :
  (#|[set d : bool * {perm slot} | won queries publics 1 by_what_was_seen d.1 d]|%:R /
   #|{: bool * {perm slot}}|%:R <= 23%:R^-1 :> rat)%R.
Proof.
have past : 0 < #|[finType of bool]| by rewrite card_bool.
exact: (@later_sessions 8 2 4 queries publics 1 [finType of bool] [eqType of bool] (fun v => v) by_what_was_seen
  _ slack_bounds_probability_instance past).
Qed.

(* Computed.v: values at the published setting, (8, 8, 100), which unary numbers do not reach *)
Example binN_is_binomial_instance : N.of_nat 'C(164, 8) = 10912535409348%num.
Proof. rewrite -(binN_is_binomial 164 8); vm_compute; exact: erefl. Qed.

Example sets_computed_instance : N.of_nat (W 8 8 100 5 30 3 40) = 38390105222201068668708340196%num.
Proof. rewrite -(@sets_computed 8 8 100 1 5 30 3 40 isT isT); vm_compute; exact: erefl. Qed.

Example touch_computed_instance : N.of_nat #|touchSets 8 100 queries 16| = 57987712153772%num.
Proof. rewrite -(@touch_computed 8 8 100 isT 16); vm_compute; exact: erefl. Qed.

Example swapped_computed_instance : N.of_nat #|@swapped_draws 2 2 1 _ _ never once 0| = 21%num.
Proof. by rewrite -(@swapped_computed 2 2 1 _ _ never once 0 isT) wrong_once card_ord. Qed.

Example check_computed_instance : check 8 16 0 2 1 2 0.
Proof. rewrite -check_computed; computed. Qed.
