(* The accuracy game, and plans of two games. T publics are drawn from n inputs; a model is wrong on w of them, and passes with at most s
   wrong publics. Proved here:
   - passes_count: passes n w T s of the n^T draws let it pass;
   - floor_decides: where lo publics keep a model from passing with more than 1/D, and one fewer do not, just lo or more do;
   - ceiling_decides: where hi publics fail a model with at most 1/D, and one more do not, just hi or fewer do;
   - two_games_probability: a certificate at slack s between these ends is one of the least plan that keeps every deviation, rejects the weak
     model and passes the honest one;
   - ends_computed: floorN and ceilingN over binary numbers are these checks. *)
Require Import NArith.
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Mix Deviation Slack Substitution Computed SlackCertificate.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.

Section Counts.
Variables n w : nat.
Context (wn : w <= n).

Definition passes T s := \sum_(j < s.+1) 'C(T, j) * (w ^ j * (n - w) ^ (T - j)).

Lemma passes_next T s : passes T.+1 s.+1 = (n - w) * passes T s.+1 + w * passes T s.
Proof.
rewrite /passes big_ord_recl bin0 mul1n expn0 mul1n subn0.
rewrite [in X in _ = X + _]big_ord_recl bin0 mul1n expn0 mul1n subn0 mulnDr -expnS -addnA; congr (_ + _).
rewrite !big_distrr -big_split /=; apply: eq_bigr => j _; rewrite /bump /= add1n binS subSS mulnDl; congr (_ + _).
- case: (ltnP j T) => jT; last by rewrite !bin_small ?ltnS // muln0.
  rewrite -[T - j](subnSK jT); set x := w ^ _; rewrite expnS; set y := (n - w) ^ _; by rewrite (mulnCA x) mulnCA.
- by rewrite expnS -mulnA mulnCA.
Qed.

Lemma passes_first T : passes T 0 = (n - w) ^ T.
Proof. by rewrite /passes big_ord1 bin0 mul1n expn0 mul1n subn0. Qed.

Lemma passes_more T s : passes T s <= passes T s.+1.
Proof. by rewrite /passes [X in _ <= X]big_ord_recr leq_addr. Qed.

Lemma passes_falls T s : passes T.+1 s <= n * passes T s.
Proof.
case: s => [|s]; first by rewrite !passes_first expnS leq_mul2r leq_subr orbT.
rewrite passes_next -[n in X in _ <= X](subnK wn) mulnDl leq_add2l.
by rewrite leq_mul2l passes_more orbT.
Qed.

Lemma passes_all T s : passes T s <= n ^ T.
Proof.
elim: T => [|T IH].
  rewrite /passes (bigD1 ord0) //= bin0 sub0n !expn0 big1 // => j j0.
  by rewrite bin_small // lt0n.
by apply: leq_trans (passes_falls T s) _; rewrite expnS leq_mul2l IH orbT.
Qed.

(* T publics let the model pass with at most 1/D, and fail it with at most 1/D. *)
Definition rejects D s T := D * passes T s <= n ^ T.
Definition accepts_with D s T := D * (n ^ T - passes T s) <= n ^ T.

Lemma rejects_more D s T T' : T <= T' -> rejects D s T -> rejects D s T'.
Proof.
move=> le; rewrite -(subnKC le); elim: (T' - T) => [|m IH] h; first by rewrite addn0.
rewrite addnS /rejects; apply: (@leq_trans (D * (n * passes (T + m) s))); first by rewrite leq_mul2l passes_falls orbT.
by have ih := IH h; rewrite mulnCA expnS leq_mul2l [X in _ || X]ih orbT.
Qed.

Lemma accepts_fewer D s T T' : 0 < n -> T <= T' -> accepts_with D s T' -> accepts_with D s T.
Proof.
move=> n0 le; rewrite -(subnKC le); elim: (T' - T) => [|m IH h]; first by rewrite addn0.
apply: IH; move: h; rewrite addnS /accepts_with expnS => h.
rewrite -(leq_pmul2l n0); apply: leq_trans h; rewrite mulnCA leq_mul2l mulnBr leq_sub2l ?orbT //.
exact: passes_falls.
Qed.

Definition floor D s lo := rejects D s lo && ((lo == 0) || ~~ rejects D s lo.-1).
Definition ceiling D s hi := accepts_with D s hi && ~~ accepts_with D s hi.+1.

Theorem floor_decides D s lo T : floor D s lo -> rejects D s T = (lo <= T).
Proof.
case/andP=> h /orP z; apply/idP/idP => [r|le]; last exact: rejects_more h.
rewrite leqNgt; apply/negP=> lt; case: z => [/eqP e|/negP no]; first by rewrite e in lt.
by apply: no; apply: rejects_more r; rewrite -ltnS prednK // (leq_ltn_trans _ lt).
Qed.

Theorem ceiling_decides D s hi T : 0 < n -> ceiling D s hi -> accepts_with D s T = (T <= hi).
Proof.
move=> n0 /andP[h /negP no]; apply/idP/idP => [a|le]; last exact: (accepts_fewer n0 le).
by rewrite leqNgt; apply/negP=> lt; apply: no; apply: accepts_fewer a.
Qed.
End Counts.

Section Probability.
Import GRing.Theory Num.Theory Order.TTheory.
Local Open Scope ring_scope.
Variables (X : finType) (L : eqType).
Context (X0 : (0 < #|X|)%N).
(* the honest function, a weak model and an honest model *)
Variables h weak honest : X -> L.
Implicit Types g : X -> L.

Definition pr_passes g T s : rat :=
  #|[set p : {ffun 'I_T -> X} | (#|[set t | p t \in wrongOn h g]| <= s)%N]|%:R / #|{ffun 'I_T -> X}|%:R.

Theorem passes_count g T s :
  #|[set p : {ffun 'I_T -> X} | (#|[set t | p t \in wrongOn h g]| <= s)%N]| = passes #|X| #|wrongOn h g| T s.
Proof. exact: publics_pass. Qed.

Lemma pr_at_most D g T s : (0 < D)%N -> (pr_passes g T s <= D%:R^-1) = rejects #|X| #|wrongOn h g| D s T.
Proof.
move=> D0; have n0 : (0 < #|X| ^ T)%N by rewrite expn_gt0 X0.
rewrite /pr_passes passes_count card_ffun card_ord ler_pdivr_mulr ?ltr0n // mulrC ler_pdivl_mulr ?ltr0n // -natrM ler_nat.
by rewrite mulnC.
Qed.

Lemma pr_fails_at_most D g T s : (0 < D)%N -> (1 - pr_passes g T s <= D%:R^-1) = accepts_with #|X| #|wrongOn h g| D s T.
Proof.
move=> D0; have n0 : (0 < #|X| ^ T)%N by rewrite expn_gt0 X0.
have le : (passes #|X| #|wrongOn h g| T s <= #|X| ^ T)%N by apply: passes_all; apply: max_card.
have e : 1 - pr_passes g T s = (#|X| ^ T - passes #|X| #|wrongOn h g| T s)%N%:R / (#|X| ^ T)%N%:R.
  rewrite /pr_passes passes_count card_ffun card_ord natrB // mulrBl divff // pnatr_eq0 -lt0n //.
rewrite e ler_pdivr_mulr ?ltr0n // mulrC ler_pdivl_mulr ?ltr0n // -natrM ler_nat.
by rewrite mulnC.
Qed.

Section Plan.
Variables R D D' K s T0 T1 lo hi : nat.
Context (R0 : (0 < R)%N) (D1 : (1 < D)%N) (D'0 : (0 < D')%N) (K0 : (0 < K)%N).
Context (low : floor #|X| #|wrongOn h weak| D' s lo) (high : ceiling #|X| #|wrongOn h honest| K s hi).

(* T publics, within limits, tell the two models apart, and B copies of each query beside them keep every deviation. *)
Definition meets B T := [/\ (T0 <= T <= T1)%N, @keeps_with_slack R D s B T,
  pr_passes weak T s <= D'%:R^-1 & 1 - pr_passes honest T s <= K%:R^-1].

Theorem two_games_probability B T b l q w c :
  slack_check R D s (maxn T0 lo) (minn T1 hi) B T b l q w c ->
  meets B T /\ forall B' T', (0 < B')%N -> meets B' T' ->
    (R * B + T < R * B' + T')%N \/ ((R * B + T = R * B' + T')%N /\ (B <= B')%N).
Proof.
move=> ok; have [safe least] := slack_certificate_probability R0 D1 ok.
have [t0 t1] : (maxn T0 lo <= T)%N /\ (T <= minn T1 hi)%N by case/and4P: ok.
have wX : (#|wrongOn h honest| <= #|X|)%N by apply: max_card.
have wX' : (#|wrongOn h weak| <= #|X|)%N by apply: max_card.
move: t0 t1; rewrite geq_max leq_min => /andP[a1 a2] /andP[b1 b2]; split.
  split=> //; first by rewrite a1.
    by rewrite pr_at_most // (floor_decides wX' _ low).
  by rewrite pr_fails_at_most // (ceiling_decides wX _ X0 high).
move=> B' T' B0' [/andP[a1' b1'] keeps]; rewrite pr_at_most // pr_fails_at_most //.
rewrite (floor_decides wX' _ low) (ceiling_decides wX _ X0 high) => a2' b2'; apply: least => //.
by rewrite geq_max leq_min a1' a2' b1'.
Qed.
End Plan.
End Probability.

Local Notation N := BinNums.N.
Local Notation "n %:B" := (N.of_nat n) (at level 2, format "n %:B").

Definition passesN (n w : N) (T s : nat) : N :=
  sumN (index_iota 0 s.+1) (fun j => N.mul (binN T%:B j) (N.mul (N.pow w j%:B) (N.pow (N.sub n w) (T - j)%:B))).
Definition rejectsN n w D s T := N.leb (N.mul D (passesN n w T s)) (N.pow n T%:B).
Definition acceptsN n w D s T := N.leb (N.mul D (N.sub (N.pow n T%:B) (passesN n w T s))) (N.pow n T%:B).
Definition floorN (n w D : N) (s lo : nat) := rejectsN n w D s lo && ((lo == 0) || ~~ rejectsN n w D s lo.-1).
Definition ceilingN (n w D : N) (s hi : nat) := acceptsN n w D s hi && ~~ acceptsN n w D s hi.+1.

Theorem ends_computed n w D s T :
  (floorN n%:B w%:B D%:B s T = floor n w D s T) * (ceilingN n%:B w%:B D%:B s T = ceiling n w D s T).
Proof.
have p t : passesN n%:B w%:B t s = (passes n w t s)%:B.
  pose F j := 'C(t, j) * (w ^ j * (n - w) ^ (t - j)).
  rewrite /passesN /passes -(big_mkord predT F); apply: sumNE => j.
  by rewrite binN_is_binomial Nat2N.id subNE !powNE !mulNE.
by split; rewrite /floorN /floor /ceilingN /ceiling /rejectsN /acceptsN !(p, powNE, subNE, mulNE, lebN).
Qed.
