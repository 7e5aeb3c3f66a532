(* One instance of every headline theorem of Planned.v, SlackCertificate.v, Games.v, Pool.v, Shuffle.v, Ville.v, Verdict.v, Wald.v, Decided.v, Sharp.v, Dealt.v and Played.v; what Instances.v says of itself holds
   here. A word has 3 bits or 64, and a rate of 4/95 is tested at alpha = 1/1000, within a tenth. *)
Require Import NArith.
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Mix Worst Success Deviation Touch Certificate Planned Shuffle Ville Verdict Wald Computed Decided Sharp Dealt SlackCertificate Substitution Games Pool Machine Played Instances.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory Order.TTheory.

Local Opaque binomial factorial expn.

Local Notation slot := (slot 8 2 4).
Local Notation "n // d" := ((n%:R / d%:R)%R : rat) (at level 40, no associativity).

(* Planned.v: 8 queries in 2 copies, with 4 publics at 1/23, and with 1 at 1/16: 17 slots are the least *)
Example secure_probability_instance :
  (forall S : {set slot}, (pr_win S <= 23%:R^-1)%R) /\ ~ (forall S : {set slot}, (pr_win S <= 24%:R^-1)%R).
Proof.
split; first by apply: (elimT (@secure_probability 8 23 isT isT 2 4 isT)); vm_compute.
by move=> h; have := introT (@secure_probability 8 24 isT isT 2 4 isT) h; vm_compute.
Qed.

Example certificate_probability_instance :
  (forall S : {set Mix.slot 8 2 1}, (pr_win S <= 16%:R^-1)%R) /\
  forall B T, 0 < B -> (forall S : {set Mix.slot 8 B T}, (pr_win S <= 16%:R^-1)%R) ->
    17 < 8 * B + T \/ 17 = 8 * B + T /\ 2 <= B.
Proof.
have [keep least] := @certificate_probability 8 16 isT isT 0 2 1 2 0 check_computed_instance.
by split=> // B T B0; apply: least.
Qed.

(* Shuffle.v: 3-bit words for a value below 3; the slots of a session, asked for in order *)
Example every_value_has_as_many_words_instance : #|[set w : 'I_8 | accept_word 8 3 w == Some 2]| = 2.
Proof. by rewrite every_value_has_as_many_words. Qed.

Example rejected_words_instance : #|[set w : 'I_8 | accept_word 8 3 w == None]| = 2.
Proof. by rewrite rejected_words. Qed.

Definition first_slot : slot := inl (ord0, ord0).
Definition in_order (s : seq slot) := nth first_slot (enum [finType of slot]) (size s).
Lemma in_order_fresh s : uniq s -> size s < #|[finType of slot]| ->
  in_order s \notin [seq in_order (take j s) | j <- iota 0 (size s)].
Proof.
move=> _ lt; apply/mapP=> -[j]; rewrite mem_iota add0n => /= js /eqP.
rewrite /in_order size_takel ?(ltnW js) // nth_uniq -?cardE ?enum_uniq ?(ltn_trans js) // => /eqP e.
by rewrite e ltnn in js.
Qed.

Example draws_and_permutations_instance :
  (forall cs, legal #|[finType of slot]| cs ->
    exists! p, deal first_slot (enum [finType of slot]) cs = seen in_order p #|[finType of slot]|) /\
  (forall p, exists! cs, legal #|[finType of slot]| cs /\
    deal first_slot (enum [finType of slot]) cs = seen in_order p #|[finType of slot]|).
Proof. exact: (draws_and_permutations first_slot (perm_refl _) in_order_fresh). Qed.

Lemma slots_20 : #|[finType of slot]| = 20. Proof. exact: card_slot. Qed.
Lemma words_enough : #|[finType of slot]| <= 2 ^ 64.
Proof. by rewrite slots_20 (@leq_trans (2 ^ 5)) // leq_exp2l. Qed.
Local Notation mixing := (mixes first_slot (enum [finType of slot]) in_order).

Example shuffle_uniform_instance : forall l (p q : {perm slot}),
  #|[set ws : l.-tuple 'I_(2 ^ 64) | mixing p ws]| = #|[set ws : l.-tuple 'I_(2 ^ 64) | mixing q ws]|.
Proof. exact: (shuffle_uniform first_slot (perm_refl _) words_enough in_order_fresh). Qed.

Lemma in_95 a b won f : 0 < f -> a * f = b * won -> won * 190 = 8 * f -> a * 95 = b * 4.
Proof.
move=> f0 h w; have f2 : 0 < f * 2 by rewrite muln_gt0 f0.
apply/eqP; rewrite -(eqn_pmul2r f2) -mulnA [95 * _]mulnCA mulnA h -mulnA w -mulnA; apply/eqP; congr (b * _).
by rewrite [RHS]mulnCA mulnC.
Qed.

(* of the sequences of words that make a permutation, 4 in 95 let a server that touches two positions win *)
Example hypothesis_1_instance : forall l,
  #|[set ws : l.-tuple 'I_(2 ^ 64) | [exists p, mixing p ws && wins 0 (p @: positions 2)]]| * 95 =
  #|[set ws : l.-tuple 'I_(2 ^ 64) | shuffle first_slot (enum [finType of slot]) ws]| * 4.
Proof.
move=> l; have := hypothesis_1 first_slot (perm_refl _) words_enough in_order_fresh l (fun p => wins 0 (p @: positions 2)).
have two : 'C(20, 2) = 190 by vm_compute.
have all : #|{perm slot}| = 20`! by exact: cperm.
have := uniform_permutation_instance; rewrite two all => w h.
exact: in_95 (fact_gt0 20) h w.
Qed.

(* Ville.v: a rate of 4/95 at alpha = 1/1000 *)
Local Open Scope ring_scope.
Local Notation rate := (4 // 95).
Local Notation alpha := (1 // 1000).
Lemma alpha_ge0 : 0 <= alpha. Proof. by rewrite divr_ge0 ?ler0n. Qed.
Lemma rate01 : 0 <= rate <= 1.
Proof. by rewrite divr_ge0 ?ler0n //= ler_pdivr_mulr ?ltr0n // mul1r ler_nat. Qed.

Example rate_ever_excluded_instance : forall n,
  \sum_(t : n.-tuple bool | [exists m : 'I_n.+1, excluded rate alpha (take m t)]) chance rate t <= alpha.
Proof. exact: (rate_ever_excluded rate alpha_ge0). Qed.

(* one stops at the first success *)
Lemma first_success n (t : n.-tuple bool) : (find id t < n.+1)%N.
Proof. by rewrite ltnS -[X in (_ <= X)%N](size_tuple t) find_size. Qed.
Example rate_excluded_at_stop_instance : forall n,
  \sum_(t : n.-tuple bool | excluded rate alpha (take (find id t) t)) chance rate t <= alpha.
Proof. by move=> n; apply: (rate_excluded_at_stop rate01 alpha_ge0 (fun t => Ordinal (first_success t))). Qed.

(* two clauses on the very same trials *)
Lemma same_trials n (i : bool) (t : n.-tuple bool) : \sum_(w : n.-tuple bool | w == t) chance rate w = chance rate t.
Proof. by rewrite big_pred1_eq. Qed.
Lemma both_alphas : \sum_(i : bool) alpha = 2 // 1000.
Proof. by rewrite big_bool /= -mulrDl -natrD. Qed.
Lemma chances_ge0 n (t : n.-tuple bool) : 0 <= chance rate t. Proof. exact: (chance_ge0 rate01). Qed.

Example some_rate_ever_excluded_instance : forall n,
  \sum_(w : n.-tuple bool | [exists i : bool, misses (fun=> rate) (fun=> alpha) (fun (_ : bool) (u : n.-tuple bool) => u) i w])
    chance rate w <= 2 // 1000.
Proof.
move=> n; rewrite -both_alphas.
exact: (some_rate_ever_excluded (@chances_ge0 n) (fun=> alpha_ge0) (@same_trials n)).
Qed.

(* Verdict.v: any claim p on a rate that is 4/95, within 4/950 *)
Example ever_wrong_verdict_instance : forall n p,
  \sum_(t : n.-tuple bool | [exists m : 'I_n.+1, wrong alpha (4 // 950) rate p (take m t)]) chance rate t <= alpha.
Proof. by move=> n p; exact: (@ever_wrong_verdict _ n alpha (4 // 950) rate p rate01 alpha_ge0). Qed.

Example some_wrong_verdict_instance : forall n (p : bool -> rat),
  \sum_(w : n.-tuple bool | [exists i : bool, [exists m : 'I_n.+1, wrong alpha (4 // 950) rate (p i) (take m w)]])
    chance rate w <= 2 // 1000.
Proof.
move=> n p; rewrite -both_alphas.
exact: (@some_wrong_verdict _ [finType of bool] _ _ (fun=> n) (fun=> rate) p (fun=> alpha) (fun=> 4 // 950)
  (fun _ u => u) (@chances_ge0 n) (fun=> rate01) (fun=> alpha_ge0) (@same_trials n)).
Qed.

(* Wald.v: a claim of 3/95 on a rate that is 4/95, the end of a tolerance of 1/95; and a claim of any rate, within 4/950 *)
Example far_rate_ever_outweighed_instance : forall n,
  \sum_(t : n.-tuple bool | [exists m : 'I_n.+1, (0 < chance (3 // 95) (take m t)) && outweighs (3 // 95) (4 // 95) alpha (take m t)])
    chance rate t <= alpha.
Proof. by move=> n; apply: (@far_rate_ever_outweighed _ (3 // 95) (4 // 95) rate alpha _ _ rate01 _ alpha_ge0 n). Qed.

Lemma claim01 : 0 <= 3 // 95 <= 1.
Proof. by rewrite divr_ge0 ?ler0n //= ler_pdivr_mulr ?ltr0n // mul1r ler_nat. Qed.
Lemma within_ge0 : 0 <= 4 // 950. Proof. by rewrite divr_ge0 ?ler0n. Qed.
Example ever_wrong_sharp_instance : forall n bound,
  \sum_(t : n.-tuple bool | [exists m : 'I_n.+1, wrong_sharp alpha (4 // 950) (take m t) bound rate (3 // 95)]) chance rate t <= alpha.
Proof. by move=> n bound; exact: (@ever_wrong_sharp _ n bound alpha (4 // 950) rate (3 // 95) rate01 claim01 alpha_ge0 within_ge0). Qed.

Example some_wrong_sharp_instance : forall n,
  \sum_(w : n.-tuple bool | [exists i : bool, [exists m : 'I_n.+1, wrong_sharp alpha (4 // 950) (take m w) i rate (3 // 95)]])
    chance rate w <= 2 // 1000.
Proof.
move=> n; rewrite -both_alphas.
exact: (@some_wrong_sharp _ [finType of bool] _ _ (fun=> n) id (fun=> rate) (fun=> 3 // 95) (fun=> alpha) (fun=> 4 // 950)
  (fun _ u => u) (@chances_ge0 n) (fun=> rate01) (fun=> claim01) (fun=> alpha_ge0) (fun=> within_ge0) (@same_trials n)).
Qed.

(* Decided.v: 300 failures and no success *)
Example contains_computed_instance :
  excluded rate alpha (nseq 300 false) /\ ~~ excluded (4 // 855) alpha (nseq 300 false).
Proof.
split.
  have := @contains_computed (nseq 300 false) 1 1000 isT 4 95 isT isT; set x := containsN _ _ _ _ _ _.
  have -> : x = false by vm_compute.
  by move=> /esym/negbFE.
have := @contains_computed (nseq 300 false) 1 1000 isT 4 855 isT isT; set x := containsN _ _ _ _ _ _.
have -> : x = true by vm_compute.
by move=> /esym.
Qed.

Example decide_computed_instance :
  refuted_equals alpha (nseq 300 false) rate /\ passed_at_most alpha (1 // 100) (nseq 300 false) (1 // 10).
Proof.
split.
  have [+ _ _ _] := @decide_computed (nseq 300 false) 1 1000 isT 4 95 4 950 isT isT isT; set x := decideN _ _ _ _ _ _ _ _ _.
  have -> : x = 2%num by vm_compute.
  by move=> /esym.
have [_ _ _ +] := @decide_computed (nseq 300 false) 1 1000 isT 1 10 1 100 isT isT isT; set x := decideN _ _ _ _ _ _ _ _ _.
have -> : x = 1%num by vm_compute.
by move=> /esym.
Qed.

(* A claim of 4/95 that is true, and is refuted all the same *)
Example wrong_verdict_excludes_instance : excluded rate alpha (nseq 300 false).
Proof.
have [refuted _] := decide_computed_instance.
apply: (@wrong_verdict_excludes [realFieldType of rat] alpha (4 // 950) (nseq 300 false) rate rate rate01).
apply/orP; left; apply/orP; left; apply/andP; split; [exact: refuted|exact: eqxx].
Qed.

(* Sharp.v: seven successes and seven failures, for a claim of 1/2 within 4/10, which the rule of Decided.v leaves open *)
Local Notation seven := (nseq 7 true ++ nseq 7 false).
Example outweighs_computed_instance :
  outweighs (5 // 10) (1 // 10) alpha seven /\ ~~ outweighs (5 // 10) (2 // 10) alpha seven.
Proof. by rewrite -!(@outweighs_computed seven 1 1000 isT) //; split; vm_compute. Qed.

Example decide_sharp_computed_instance :
  [/\ passed_sharp alpha (4 // 10) seven (1 // 2), ~~ passed_equals alpha (4 // 10) seven (1 // 2) & refuted_equals alpha (nseq 300 false) rate].
Proof.
have [_ <- _ _] := @decide_sharp_computed seven 1 1000 isT 1 2 4 10 isT isT isT.
have [_ <- _ _] := @decide_computed seven 1 1000 isT 1 2 4 10 isT isT isT.
have [<- _ _ _] := @decide_sharp_computed (nseq 300 false) 1 1000 isT 4 95 4 950 isT isT isT.
by split; vm_compute.
Qed.

(* Dealt.v: words of 3 bits for values below 3; three samples dealt, with the first word rejected *)
Example accept_computed_instance : omap N.of_nat (accept_word 8 3 6) = Some 2%num /\ omap N.of_nat (accept_word 8 3 0) = None.
Proof. by rewrite -!accept_computed. Qed.

Example shuffle_computed_instance : shuffle 0%num [:: 5%num; 6%num; 7%num]
  [:: @Ordinal 8 0 isT; @Ordinal 8 6 isT; @Ordinal 8 4 isT; @Ordinal 8 1 isT] = Some [:: 7%num; 6%num; 5%num].
Proof. by rewrite -shuffle_computed. Qed.

(* Played.v: labels are true and false, and false is right; the server says true on some positions *)
Local Close Scope ring_scope.
Local Notation right := (fun=> false).
Local Notation lie := (fun=> true).
Local Notation liar S := (@orderly 8 2 4 [eqType of bool] (@plays 8 2 4 [eqType of bool] lie S)).
Local Notation wins_session := (@wins_with 8 2 4 0 [eqType of bool] right right).

Lemma all_queries_change : @changed_queries 8 4 [eqType of bool] right (Some \o lie) = [set: 'I_8]. Proof. by apply/setP=> r; rewrite !inE. Qed.
Lemma all_publics_change : @changed_publics 8 4 [eqType of bool] right (Some \o lie) = [set: 'I_4]. Proof. by apply/setP=> t; rewrite !inE. Qed.
Definition change := (all_queries_change, all_publics_change).

Lemma two_positions_win : ((W 8 2 4 8 4 0 2)%:R / ('C(20, 2))%:R)%R = 4 // 95.
Proof. by rewrite /W /Wsum unlock; apply: same_fraction; vm_compute. Qed.

Example orderly_session_wins_instance :
  (#|[set p | wins_session p (liar (positions 2))]|%:R / #|{perm slot}|%:R)%R = 4 // 95.
Proof. by rewrite (@orderly_session_wins 8 2 4 0 isT) !change !cardsT !card_ord (@card_positions 2 isT) two_positions_win. Qed.

Example session_wins_at_most_instance :
  (#|[set p | wins_session p (liar (positions 2))]|%:R / #|{perm slot}|%:R <= 4 // 95)%R.
Proof.
have := @session_wins_at_most 8 2 4 0 isT _ right right (Some \o lie) (liar (positions 2)) (fun i f => @one_act 8 2 4 _ lie _ i f).
by rewrite touched_orderly !change !cardsT !card_ord (@card_positions 2 isT) two_positions_win.
Qed.

Example session_from_words_instance : forall l,
  #|[set ws : l.-tuple 'I_(2 ^ 64) | [exists p, mixing p ws && wins_session p (liar (positions 2))]]| * 190 <=
  #|[set ws : l.-tuple 'I_(2 ^ 64) | shuffle first_slot (enum [finType of slot]) ws]| * 8.
Proof.
move=> l; have := @session_from_words 8 2 4 0 isT _ right right (Some \o lie) (liar (positions 2))
  (fun i f => @one_act 8 2 4 _ lie _ i f) _ first_slot _ _ l (perm_refl _) words_enough in_order_fresh.
rewrite touched_orderly !change !cardsT !card_ord (@card_positions 2 isT).
have -> : W 8 2 4 8 4 0 2 = 8 by rewrite /W /Wsum unlock.
by have -> : 'C(8 * 2 + 4, 2) = 190 by vm_compute.
Qed.

(* It may say anything on four positions, in any order of events. *)
Example session_touch_bound_instance :
  (#|[set p | wins_session p (liar (positions 4))]|%:R / #|{perm slot}|%:R <= 1196 // 4845)%R.
Proof. by rewrite -touch_probability_instance -{2}(@touched_orderly 8 2 4 _ lie (positions 4)); apply: session_touch_bound. Qed.

Local Notation one_query := (@pack 8 2 4 ([set ord0], set0)).
Lemma liar_wins : wins_session 1%g (liar one_query).
Proof.
rewrite (@orderly_is_the_deviation 8 2 4 0 isT) !change (@devWins_full 8 2 4 isT).
have -> : (1%g : {perm slot}) @: one_query = one_query.
  by rewrite (eq_imset (g := id)) ?imset_id // => x; rewrite perm1.
by apply/(@winsP 8 2 4 isT); exists ([set ord0], set0) => //=; rewrite cards1 cards0.
Qed.

Example session_is_the_deviation_instance : devWins [set: 'I_8] [set: 'I_4] 0 ((1%g : {perm slot}) @: one_query).
Proof.
have := @session_is_the_deviation 8 2 4 0 isT _ right right (Some \o lie) _ (fun i f => @one_act 8 2 4 _ lie _ i f) _ liar_wins.
by rewrite touched_orderly !change.
Qed.

Example wrong_and_accepted_is_the_bad_event_instance : exists a, labelsWin (fun _ : 'I_8 => false) (fun _ : 'I_4 => false) 0 (a : slot -> bool).
Proof. by have [a _ w] := @wrong_and_accepted_is_the_bad_event 8 2 4 0 isT _ right right _ _ liar_wins; exists a. Qed.

Example orderly_outcome_instance :
  @outcome 8 2 4 0 [eqType of bool] right right 1%g (@orderly 8 2 4 [eqType of bool] (fun=> None)) = Some (@released_of 8 2 4 isT [eqType of bool] (fun _ : slot => false)).
Proof.
apply: (@orderly_outcome 8 2 4 0 isT _ right right 1%g (fun=> None) (fun=> false) _ _).2 => [y|]; first by rewrite /=; case: content_of.
split=> //; rewrite /labelsAccepted (_ : [set t | _] = set0) ?cards0 /=; last by apply/setP=> t; rewrite !inE.
by do 3!apply/forallP=> ?.
Qed.

Example accepted_was_checked_instance :
  exists a, @session_of 8 2 4 0 [eqType of bool] right right 1%g (@orderly 8 2 4 [eqType of bool] (fun=> None)) a.
Proof. by have [a] := @accepted_was_checked 8 2 4 0 isT _ _ _ _ _ _ orderly_outcome_instance; exists a. Qed.

(* It lies on the first two slots that it answers. *)
Definition by_and_by (h : seq sight) : act 8 4 [eqType of bool] :=
  if h is [::] then @Prepares 8 4 _ else if size h <= 20 then @Queries 8 4 _
  else if size h <= 40 then Answers (size h - 21) (if size h <= 22 then Some (Some \o lie) else None) else @Checks 8 4 _.

Example nothing_shows_before_the_check_instance : forall p q : {perm slot},
  (@play 8 2 4 0 _ right right by_and_by p 41).1 = (@play 8 2 4 0 _ right right by_and_by q 41).1.
Proof.
move=> p q; apply: nothing_shows_before_the_check => m m41; rewrite /checks_at.
have : size (@play 8 2 4 0 _ right right by_and_by p m).1 = m.
  by elim: m {m41} => //= m; case: (play _ _ _ _) => h w /= <-; rewrite ?size_rcons.
case: (play _ _ _ _) => h [w o] /= sh; have : if by_and_by h is Checks then false else true.
  by case: h sh => [|e h] //=; rewrite /by_and_by => ->; case: (m <= 20); rewrite // -[m <= 40]ltnS m41.
by rewrite /checks_now; case: w => //= x; case: (by_and_by h).
Qed.

Example adaptive_is_fixed_instance : exists acts, forall p : {perm slot},
  (@play 8 2 4 0 _ right right by_and_by p 42).2.2 = @outcome 8 2 4 0 _ right right p acts.
Proof. by exists (@fixed 8 2 4 0 _ right right by_and_by 42) => p; apply: adaptive_is_fixed. Qed.

Example adaptive_wins_at_most_instance : forall n, exists S : {set slot},
  (#|[set p | if (@play 8 2 4 0 _ right right by_and_by p n).2.2 is Some res then res != [seq false | r <- enum 'I_8] else false]|%:R /
    #|{perm slot}|%:R <= (W 8 2 4 8 4 0 #|S|)%:R / ('C(20, #|S|))%:R :> rat)%R.
Proof.
move=> n; have := @adaptive_wins_at_most 8 2 4 0 isT _ right right by_and_by (Some \o lie) n.
rewrite !change !cardsT !card_ord; apply=> -[|e h] i f //; rewrite /by_and_by.
by case: (_ <= 20) => //; case: (_ <= 40) => // -[_]; case: (_ <= 22) => // -[<-].
Qed.

(* Computed.v *)
Example reaches_computed_instance : 2 ^ 40 <= 'C(60, 20) /\ ~~ (2 ^ 60 <= 'C(60, 20)).
Proof.
by split; rewrite -reaches_computed -powNE; vm_compute.
Qed.

(* SlackCertificate.v: 8 queries at slack 1, at 1/32: 2 copies with 10 publics. With 25 slots, 2 copies are refused by no public hit
   up to 7 publics and by one from 8 to 9; and 1 copy with 18 publics by none. *)
Example slack_check_computed_instance : slack_check 8 32 1 1 50 2 10 2 2 0 [:: (0, 7); (1, 9)] 0.
Proof. by rewrite -slack_check_computed; vm_compute. Qed.

Example slack_least_total_instance : exists B T, [/\ 0 < B, 8 * B + T = 25 & ~ safe 8 32 1 B T].
Proof.
exists 2, 9; split=> //; case/and3P: slack_check_computed_instance => _ _ /and4P[_ _ no _].
by apply: (@slack_least_total 8 32 1 isT isT 25 1 50 2 2 0 [:: (0, 7); (1, 9)]).
Qed.

Example slack_fewer_fails_instance : exists B T, [/\ 0 < B, 8 * B + T = 26 & ~ safe 8 32 1 B T].
Proof.
exists 1, 18; split=> //; case/and3P: slack_check_computed_instance => _ _ /and4P[_ _ _ fewer].
by apply: (@slack_fewer_fails 8 32 1 isT 26 50 2 0).
Qed.

Example slack_certificate_sound_instance : safe 8 32 1 2 10 /\ forall B T, 0 < B -> 1 <= T <= 50 -> safe 8 32 1 B T ->
  26 < 8 * B + T \/ 26 = 8 * B + T /\ 2 <= B.
Proof. exact: (@slack_certificate_sound 8 32 1 isT isT 1 50 2 10 2 2 0 [:: (0, 7); (1, 9)] 0 slack_check_computed_instance). Qed.

Example slack_certificate_probability_instance :
  keeps_with_slack 8 32 1 2 10 /\ forall B T, 0 < B -> 1 <= T <= 50 -> keeps_with_slack 8 32 1 B T ->
  26 < 8 * B + T \/ 26 = 8 * B + T /\ 2 <= B.
Proof. exact: (@slack_certificate_probability 8 32 1 isT isT 1 50 2 10 2 2 0 [:: (0, 7); (1, 9)] 0 slack_check_computed_instance). Qed.

(* Games.v: 4 inputs. The weak model errs on 3 and the honest one on 1. At slack 1, 3 publics are the fewest that pass the weak one with at
   most 1/4, and 6 the most that fail the honest one with at most 1/2; between them 2 copies with 3 publics keep 8 queries at 1/16. *)
Definition right_answer (x : 'I_4) := true.
Definition weak_model (x : 'I_4) := x < 1.
Definition honest_model (x : 'I_4) := x < 3.

Lemma weak_errs : #|wrongOn right_answer weak_model| = 3.
Proof. by rewrite -sum1_card big_mkcond !big_ord_recr big_ord0 /= !inE. Qed.
Lemma honest_errs : #|wrongOn right_answer honest_model| = 1.
Proof. by rewrite -sum1_card big_mkcond !big_ord_recr big_ord0 /= !inE. Qed.

Example ends_computed_instance : floor 4 3 4 1 3 /\ ceiling 4 1 2 1 6.
Proof. by have [f _] := ends_computed 4 3 4 1 3; have [_ c] := ends_computed 4 1 2 1 6; rewrite -f -c; vm_compute. Qed.

Example floor_decides_instance : rejects 4 3 4 1 2 = false.
Proof. by rewrite (@floor_decides 4 3 isT 4 1 3 2 ends_computed_instance.1). Qed.

Example ceiling_decides_instance : accepts_with 4 1 2 1 7 = false.
Proof. by rewrite (@ceiling_decides 4 1 isT 2 1 6 7 isT ends_computed_instance.2). Qed.

Example passes_count_instance :
  #|[set p : {ffun 'I_2 -> 'I_4} | #|[set t | p t \in wrongOn right_answer weak_model]| <= 0]| = 1.
Proof. by rewrite passes_count weak_errs card_ord passes_first. Qed.

Example two_games_probability_instance :
  meets right_answer weak_model honest_model 8 16 4 2 1 0 50 2 3 /\ forall B T, 0 < B ->
  meets right_answer weak_model honest_model 8 16 4 2 1 0 50 B T -> 19 < 8 * B + T \/ 19 = 8 * B + T /\ 2 <= B.
Proof.
have X0 : 0 < #|'I_4| by rewrite card_ord.
have low : floor #|'I_4| #|wrongOn right_answer weak_model| 4 1 3 by rewrite weak_errs card_ord ends_computed_instance.1.
have high : ceiling #|'I_4| #|wrongOn right_answer honest_model| 2 1 6 by rewrite honest_errs card_ord ends_computed_instance.2.
apply: (@two_games_probability _ _ X0 right_answer weak_model honest_model 8 16 4 2 1 0 50 3 6 isT isT isT isT low high 2 3 1 2 0 [:: (0, 6)] 0).
by rewrite -slack_check_computed; vm_compute.
Qed.

(* Pool.v: 2 of 3 queries in 2 copies, and 1 of 2 publics; one query of the pool changes, and both publics. On 2 slots the act wins with
   2/3 of 1/10. *)
Definition a_query : {set 'I_3} := [set ord0].
Definition both_publics : {set 'I_2} := [set: 'I_2].
Definition two_slots : {set Mix.slot 2 2 1} := [set inl (ord0, ord0); inl (ord0, ord_max)].

Example hypergeometric_instance : #|[set p : {perm 'I_3} | #|drawn (isT : 2 <= 3) a_query p| == 1]| * 3 = 2 * 6.
Proof. by have := @hypergeometric 3 2 isT a_query 1 isT; rewrite cards1. Qed.

Lemma two_slots_are_two : #|two_slots| = 2. Proof. by rewrite cards2. Qed.

Example pool_computed_instance : poolSum 2 2 1 3 2 1 2 1 0 2 = 4 /\ poolSum 2 2 1 3 2 1 2 0 0 2 = 20.
Proof. by split; apply: Nat2N.inj; rewrite -pool_computed; vm_compute. Qed.

Example pool_average_instance :
  pr_draws (isT : 2 <= 3) (isT : 1 <= 2) a_query both_publics (fun Qs Ps => devWins Qs Ps 0) two_slots = 1//15.
Proof.
rewrite (@pool_average 2 2 1 3 2 isT) two_slots_are_two cards1 cardsT card_ord pool_computed_instance.1.
by apply/eqP; vm_compute.
Qed.

Example pool_average_accepted_instance :
  pr_draws (isT : 2 <= 3) (isT : 1 <= 2) a_query both_publics (fun Qs Ps => devAccepts Qs Ps 0) two_slots = 1//3.
Proof.
rewrite (@pool_average_accepted 2 2 1 3 2 isT) two_slots_are_two cards1 cardsT card_ord pool_computed_instance.2.
by apply/eqP; vm_compute.
Qed.
