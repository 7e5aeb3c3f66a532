(* The certificate that a plan (B,T) at slack s is the least of those with T0 <= T <= T1, for R queries and D = 2^lambda; Rust's
   bound/slack_certificate.rs. Here no total is enough just because a smaller one is, so each number of copies is refused on its own. Proved here:
   - slack_least_total: with M slots or fewer, no number of publics from T0 to T1 is safe;
   - slack_fewer_fails: nor are fewer copies with as many slots as the plan has;
   - slack_certificate_sound: an accepted certificate's plan is safe, and of least N, then of least B;
   - slack_certificate_probability: the same as a probability over a uniform permutation, of acts that change every answer;
   - slack_check_computed: slackCheckN over binary numbers is this check. *)
Require Import NArith Lia.
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Worst Mix Deviation Slack Computed.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.

Lemma bin_up n k a p : p <= a -> 'C(n, k) <= 'C(n + a, k + p).
Proof.
elim: p a => [a _|p IH [//|a] pa]; first by rewrite addn0 leq_bin2l // leq_addr.
by rewrite !addnS binS; apply: leq_trans (IH a pa) (leq_addl _ _).
Qed.

Section Plans.
Variables R D s : nat.
Context (R0 : 0 < R) (D1 : 1 < D).

(* No server that changes every answer at some k slots wins with more than 1/D. *)
Definition safe B T := forall k, k <= R * B + T -> W R B T R T s k * D <= 'C(R * B + T, k).

Lemma safe_terms B T i j : 0 < B -> safe B T -> 0 < i <= R -> j <= s -> j <= T ->
  'C(R, i) * 'C(T, j) * D <= 'C(R * B + T, i * B + j).
Proof.
move=> B0 h /andP[i0 iR] js jT; apply: leq_trans (h (i * B + j) _); last by rewrite leq_add // leq_mul2r iR orbT.
rewrite leq_mul2r; apply/orP; right; rewrite (W_full R T B0).
rewrite (bigD1 (Ordinal (iR : i < R.+1))) //= (bigD1 (Ordinal (jT : j < T.+1))) //= i0 js eqxx /=.
by rewrite -addnA leq_addr.
Qed.

(* Publics: a wrong answer to every query and to s publics *)
Lemma publics_needed B T : 0 < B -> safe B T -> s <= T /\ 'C(T, s) * D <= 'C(R * B + T, T - s).
Proof.
move=> B0 h; have R1 : 0 < R <= R by rewrite R0 leqnn.
case: (leqP s T) => sT; last first.
  have := safe_terms B0 h R1 (ltnW sT) (leqnn T).
  by rewrite !binn !mul1n leqNgt D1.
split=> //; have := safe_terms B0 h R1 (leqnn s) sT; rewrite binn mul1n.
by rewrite -[X in _ <= X -> _]bin_sub ?leq_add2l // subnDl.
Qed.

Lemma publics_at_total M B T : 0 < B -> R * B + T <= M -> safe B T -> D * 'C(M + s, s) <= 'C(M + s, T).
Proof.
move=> B0 TM h; have [sT need] := publics_needed B0 h.
have TM' : T <= M by apply: leq_trans TM; rewrite leq_addl.
have tri : 'C(M + s, T) * 'C(T, s) = 'C(M + s, s) * 'C(M, T - s).
  have := @trinomial (M + s) s (T - s); rewrite subnKC // bin_sub // addnK; apply.
  by apply: leq_trans TM' (leq_addr _ _).
have c0 : 0 < 'C(T, s) by rewrite bin_gt0.
rewrite -(leq_pmul2r c0) tri mulnAC [X in _ <= X]mulnC leq_mul2r; apply/orP; right.
by rewrite mulnC; apply: leq_trans need (leq_bin2l _ TM).
Qed.

(* Too few publics, or too many beside them. *)
Lemma few_publics M l B T : 2 * l <= M + s -> 'C(M + s, l) < D * 'C(M + s, s) ->
  0 < B -> R * B + T <= M -> safe B T -> l < T < M + s - l.
Proof.
move=> lM few B0 TM h; have need := leq_trans few (publics_at_total B0 TM h).
have TM' : T <= M + s by apply: leq_trans (leq_addr _ _); apply: leq_trans TM; apply: leq_addl.
apply/andP; split; rewrite ltnNge; apply/negP=> Tl; move: need; rewrite ltnNge; case/negP.
- by apply: unimodal => //; apply: leq_trans lM; rewrite mul2n -addnn leq_add2r.
- rewrite -bin_sub //; have le : M + s - T <= l by move: Tl; rewrite !leq_subLR [l + T]addnC.
  by apply: unimodal => //; apply: leq_trans lM; rewrite mul2n -addnn leq_add2r.
Qed.

Lemma publics_too_few b T1 B T : 'C(R * b + T1, T1) < D * 'C(R * b + s, s) -> 0 < B -> B <= b -> T <= T1 -> ~ safe B T.
Proof.
move=> few B0 Bb TT h; have [sT need] := publics_needed B0 h.
have c0 : 0 < 'C(T, s) by rewrite bin_gt0.
have tri : 'C(R * b + T, T) * 'C(T, s) = 'C(R * b + T, T - s) * 'C(R * b + s, s).
  have := @trinomial (R * b + T) (T - s) s; rewrite subnK // leq_addl => /(_ isT) ->.
  by rewrite -addnBA ?leq_subr // subKn.
move: few; rewrite ltnNge; case/negP; apply: (@leq_trans 'C(R * b + T, T)).
  rewrite -(leq_pmul2r c0) tri mulnAC leq_mul2r; apply/orP; right; rewrite mulnC; apply: leq_trans need _.
  by apply: leq_bin2l; rewrite leq_add2r leq_mul2l Bb orbT.
by have := bin_up (R * b + T) T (leqnn (T1 - T)); rewrite -addnA subnKC.
Qed.

(* Copies: a wrong answer to all copies of one query and to j publics *)
Definition violated B T j := 'C(R * B + T, B + j) < R * 'C(T, j) * D.

Lemma violated_publics B T j : violated B T j -> j <= T.
Proof. by rewrite /violated; case: (leqP j T) => // /bin_small ->; rewrite muln0 mul0n ltn0. Qed.

Lemma violated_unsafe B T j : 0 < B -> j <= s -> violated B T j -> ~ safe B T.
Proof.
move=> B0 js v h; have jT := violated_publics v; move: v; rewrite /violated ltnNge; case/negP.
by have := @safe_terms B T 1 j B0 h; rewrite bin1 mul1n; apply.
Qed.

Lemma violated_by_fewer B b T j : B <= b -> violated b T j -> violated B T j.
Proof.
rewrite /violated => Bb; apply: leq_ltn_trans.
have := @bin_up (R * B + T) (B + j) (R * (b - B)) (b - B); rewrite leq_pmull // => /(_ isT).
by rewrite addnAC -mulnDr [B + j + _]addnAC subnKC.
Qed.

Lemma violated_at_total M B b j : B <= b -> R * b <= M -> 2 * (b + j) <= M.+1 ->
  violated b (M - R * b) j -> violated B (M - R * B) j.
Proof.
rewrite leq_eqVlt => /orP[/eqP -> //|Bb] bM half; have BM : R * B <= M.
  by apply: leq_trans bM; rewrite leq_mul2l ltnW ?orbT.
rewrite /violated !subnKC // => v; apply: leq_ltn_trans (leq_trans v _).
- apply: unimodal; first by rewrite leq_add2r ltnW.
  by rewrite -ltnS; apply: leq_trans half; rewrite mul2n -addnn ltn_add2r ltn_add2r.
- by rewrite leq_mul2r leq_mul2l leq_bin2l ?orbT // leq_sub2l // leq_mul2l ltnW ?orbT.
Qed.

Lemma next_rates B T j : j <= T ->
  [/\ (R * B + T).+1 * 'C(R * B + T, B + j) = ((R * B + T).+1 - (B + j)) * 'C((R * B + T).+1, B + j),
      T.+1 * 'C(T, j) = (T.+1 - j) * 'C(T.+1, j), 0 < (R * B + T).+1 - (B + j) & 0 < T.+1 - j].
Proof.
move=> jT; split; rewrite ?subn_gt0 ?ltnS //; [exact: (mul_bin_down (R * B + T).+1)|exact: (mul_bin_down T.+1)|].
by rewrite leq_add // leq_pmull.
Qed.

Lemma violated_up B T j : j <= T -> T.+1 <= j * R -> violated B T j -> violated B T.+1 j.
Proof.
move=> jT peak; rewrite /violated addnS => v; have [e1 e2 a0 c0] := next_rates B jT.
set n := R * B + T in v e1 a0 *; set a := n.+1 - _ in e1 a0; set c := T.+1 - j in e2 c0.
have q : n.+1 * c <= T.+1 * a.
  rewrite /c /a !mulnBr [n.+1 * T.+1]mulnC leq_sub2l // mulnDr [X in _ <= X]mulnC /n -addnS mulnDr [j * T.+1]mulnC leq_add2r.
  by rewrite mulnA leq_mul2r peak orbT.
have p : 0 < a * c by rewrite muln_gt0 a0.
rewrite -(ltn_pmul2l p) mulnAC -e1 mulnAC.
have -> : a * c * (R * 'C(T.+1, j) * D) = T.+1 * a * (R * 'C(T, j) * D).
  transitivity (a * R * D * (c * 'C(T.+1, j))); first ring; rewrite -e2; ring.
apply: (@leq_trans (n.+1 * c * (R * 'C(T, j) * D))); first by rewrite ltn_pmul2l // muln_gt0.
by rewrite leq_mul2r q orbT.
Qed.

Lemma violated_down B T j : j <= T -> j * R <= T.+1 -> violated B T.+1 j -> violated B T j.
Proof.
move=> jT peak; rewrite /violated addnS => v; have [e1 e2 a0 c0] := next_rates B jT.
set n := R * B + T in v e1 a0 *; set a := n.+1 - _ in e1 a0; set c := T.+1 - j in e2 c0.
have q : T.+1 * a <= n.+1 * c.
  rewrite /c /a !mulnBr [T.+1 * n.+1]mulnC leq_sub2l // mulnDr [X in X <= _]mulnC /n -addnS mulnDr [j * T.+1]mulnC leq_add2r.
  by rewrite mulnA leq_mul2r peak orbT.
have p : 0 < n.+1 * c by rewrite muln_gt0.
rewrite -(ltn_pmul2l p) mulnAC e1 mulnAC.
apply: (@leq_trans (a * c * (R * 'C(T.+1, j) * D))); first by rewrite ltn_pmul2l // muln_gt0 a0.
have -> : a * c * (R * 'C(T.+1, j) * D) = T.+1 * a * (R * 'C(T, j) * D).
  transitivity (a * R * D * (c * 'C(T.+1, j))); first ring; rewrite -e2; ring.
by rewrite leq_mul2r q orbT.
Qed.

(* The numbers of publics at which a number of copies is too easily hit are an interval. *)
Lemma violated_between B t1 t2 t j : t1 <= t <= t2 -> violated B t1 j -> violated B t2 j -> violated B t j.
Proof.
case/andP=> t1t tt2 v1 v2; have jt := leq_trans (violated_publics v1) t1t.
case: (leqP (j * R) t.+1) => peak.
- rewrite -(subnKC tt2) in v2; elim: (t2 - t) v2 => [|m IH]; first by rewrite addn0.
  rewrite addnS => v; apply/IH/violated_down/v; first exact: leq_trans jt (leq_addr _ _).
  by apply: leq_trans peak _; rewrite ltnS leq_addr.
- have jt1 := violated_publics v1; rewrite -(subnKC t1t) in peak *.
  elim: (t - t1) peak => [|m IH]; first by rewrite addn0.
  rewrite addnS => peak; apply: violated_up; first exact: leq_trans jt1 (leq_addr _ _).
    exact/ltnW/ltnW.
  exact/IH/ltnW.
Qed.

(* Intervals of numbers of publics, one after the other from lo to hi, at which b copies are too easily hit: each by its own j. *)
Fixpoint covers M b lo hi (w : seq (nat * nat)) :=
  if w is (j, t) :: w' then
    [&& j <= s, 2 * (b + j) <= M.+1, violated b lo j, violated b t j & (t == hi) || (t < hi) && covers M b t.+1 hi w']
  else false.

Lemma covered M b hi w lo : covers M b lo hi w ->
  (forall T, lo <= T <= hi -> exists2 j, j <= s & violated b T j) /\
  exists2 j, (j <= s) && (2 * (b + j) <= M.+1) & violated b hi j.
Proof.
elim: w lo => // -[j t] w IH lo /= /and5P[js half v1 v2 /orP[/eqP e|/andP[th more]]].
  rewrite e in v2; split=> [T le|]; [exists j => //; exact: violated_between v1 v2|by exists j; rewrite ?js].
have [inside last] := IH _ more; split=> // T /andP[loT Th]; case: (leqP T t) => Tt.
  by exists j => //; apply: violated_between v1 v2; rewrite loT.
by apply: inside; rewrite Tt.
Qed.

(* With M slots or fewer: no T <= l, with at most b copies no T <= q, no B > b with more publics; nor B <= b with more, as they leave
   nothing allowed, or no more than l slots and s, or as the intervals show. *)
Definition slack_refutes M T0 T1 b l q w :=
  let lo := maxn (maxn l q).+1 T0 in
  [&& 2 * l <= M + s, 'C(M + s, l) < D * 'C(M + s, s), M < R * b.+1 + maxn l.+1 T0,
      (q <= l) || ('C(R * b + q, q) < D * 'C(R * b + s, s))
    & [|| T1 < lo, M + s <= l + lo | (R * b <= M) && covers M b lo (minn T1 (M - R * b)) w]].

Theorem slack_least_total M T0 T1 b l q w B T : slack_refutes M T0 T1 b l q w ->
  0 < B -> T0 <= T <= T1 -> R * B + T <= M -> ~ safe B T.
Proof.
rewrite /slack_refutes; set lo := maxn (maxn l q).+1 _; set hi := minn _ _.
case/and5P=> lM few room queries cases B0 /andP[t0 t1] TM h.
have /andP[lT Tl] := few_publics lM few B0 TM h.
have Bb : B <= b.
  rewrite leqNgt; apply/negP=> bB; move: room; rewrite ltnNge; case/negP; apply: leq_trans TM.
  by apply: leq_add; rewrite ?leq_mul2l ?bB ?orbT // geq_max lT.
have loT : lo <= T.
  rewrite geq_max t0 andbT gtn_max lT /=; case/orP: queries => [ql|few']; first exact: leq_ltn_trans ql lT.
  by rewrite ltnNge; apply/negP=> Tq; apply: (publics_too_few few' B0 Bb Tq).
case/or3P: cases => [c|c|/andP[bM /covered[inside [j /andP[js half] v]]]].
- by move: c; rewrite ltnNge (leq_trans loT t1).
- by move: Tl; rewrite ltnNge leq_subLR (leq_trans c) // leq_add2l.
case: (leqP T hi) => le.
  have [|i is' v'] := inside T; first by rewrite loT.
  exact: (violated_unsafe B0 is' (violated_by_fewer Bb v') h).
apply: (violated_unsafe B0 js _ h); have e : hi = M - R * b.
  by apply/minn_idPr; rewrite leqNgt; apply/negP=> lt; move: le; rewrite /hi (minn_idPl (ltnW lt)) ltnNge t1.
apply: (violated_between _ (violated_by_fewer Bb v) (violated_at_total Bb bM half _)); last by rewrite -e.
by rewrite (ltnW le) leq_subRL // (leq_trans _ TM) // leq_addr.
Qed.

(* With N slots, fewer than B copies leave too many publics, or are too easily hit, or are all of them. *)
Definition slack_fewer N T1 B c :=
  [|| B == 1, T1 < N - R * B.-1,
      [&& c <= s, 2 * (B.-1 + c) <= N.+1 & violated B.-1 (N - R * B.-1) c]
    | [&& c <= s, 2 * (R * B.-1 + c) <= N & 'C(N, R * B.-1 + c) < 'C(N - R * B.-1, c) * D]].

Theorem slack_fewer_fails N T1 B c B' T' : slack_fewer N T1 B c -> R * B <= N ->
  0 < B' -> B' < B -> R * B' + T' = N -> T' <= T1 -> ~ safe B' T'.
Proof.
case: B => // B fewer BN B0; rewrite ltnS => BB e t1 h; move: fewer; rewrite /slack_fewer /=.
have BN' : R * B <= N by apply: leq_trans BN; rewrite leq_mul2l leqnSn orbT.
have eT : T' = N - R * B' by rewrite -e addKn.
have TT : N - R * B <= T' by rewrite eT leq_sub2l // leq_mul2l BB orbT.
case/or4P=> [/eqP[z]|lt|/and3P[js half v]|/and3P[js half v]].
- by move: BB; rewrite z leqNgt B0.
- by move: lt; rewrite ltnNge (leq_trans TT t1).
- apply: (violated_unsafe B0 js _ h); rewrite eT; exact: violated_at_total v.
have jT : c <= N - R * B by case: (leqP c (N - R * B)) v => // /bin_small ->; rewrite mul0n ltn0.
have R1 : 0 < R <= R by rewrite R0 leqnn.
have := safe_terms B0 h R1 js (leq_trans jT TT); rewrite binn mul1n e.
move=> need; move: v; rewrite ltnNge; case/negP.
apply: (@leq_trans ('C(T', c) * D)); first by rewrite leq_mul2r leq_bin2l ?orbT.
apply: leq_trans need (unimodal _ _); first by rewrite leq_add2r leq_mul2l BB orbT.
by apply: leq_trans half; rewrite mul2n -addnn leq_add2r leq_add2r leq_mul2l BB orbT.
Qed.

(* Every k, where too few are proved to decide *)
Definition scanned B T := [forall k : 'I_(R * B + T).+1, W R B T R T s k * D <= 'C(R * B + T, k)].

Definition plan_safe B T := if s < B then slack_comparisons R B T s D else (R * B + T <= 2 ^ 14) && scanned B T.

Lemma plan_is_safe B T : plan_safe B T -> safe B T.
Proof.
rewrite /plan_safe; case: ltnP => [sB cmp|_ /andP[_ /forallP all] k kN]; first exact/(slack_comparisons_decide _ _ R0 sB).
by have := all (Ordinal (kN : k < (R * B + T).+1)).
Qed.

Definition slack_check T0 T1 B T b l q w c :=
  [&& 0 < B, T0 <= T, T <= T1, plan_safe B T,
      slack_refutes (R * B + T).-1 T0 T1 b l q w & slack_fewer (R * B + T) T1 B c].

Theorem slack_certificate_sound T0 T1 B T b l q w c : slack_check T0 T1 B T b l q w c ->
  safe B T /\ forall B' T', 0 < B' -> T0 <= T' <= T1 -> safe B' T' ->
    R * B + T < R * B' + T' \/ (R * B + T = R * B' + T' /\ B <= B').
Proof.
case/and3P=> Bpos _ /and4P[_ ok no fewer]; split; first exact: plan_is_safe.
have N0 : 0 < R * B + T by rewrite addn_gt0 muln_gt0 R0 Bpos.
move=> B' T' B0 t h; case: (ltngtP (R * B + T) (R * B' + T')) => [lt|lt|e]; [by left| |right; split=> //].
  by case: (slack_least_total no B0 t _ h); rewrite -ltnS prednK.
rewrite leqNgt; apply/negP=> lt; case/andP: t => _ t1.
by apply: (slack_fewer_fails fewer _ B0 lt (esym e) t1 h); rewrite leq_addr.
Qed.
End Plans.

Section Probability.
Import GRing.Theory Num.Theory Order.TTheory.
Local Open Scope ring_scope.
Variables R D s : nat.
Context (R0 : (0 < R)%N) (D1 : (1 < D)%N).

(* No server that fixes its slots and changes every answer there wins with more than 1/D. *)
Definition keeps_with_slack B T :=
  forall S : {set slot R B T}, pr_deviation [set: 'I_R] [set: 'I_T] s S <= D%:R^-1.

Lemma keeps_safe B T : (0 < B)%N -> keeps_with_slack B T <-> safe R D s B T.
Proof.
move=> B0; have D0 := ltnW D1.
have eq (S : {set slot R B T}) : (pr_deviation [set: 'I_R] [set: 'I_T] s S <= D%:R^-1) =
    (W R B T R T s #|S| * D <= 'C(R * B + T, #|S|))%N :> bool.
  have leS : (#|S| <= R * B + T)%N by rewrite -[X in (_ <= X)%N](card_slot R B T) max_card.
  rewrite (pr_win_is_W B0) !cardsT !card_ord ler_pdivr_mulr ?ltr0n ?bin_gt0 //.
  by rewrite [X in _ <= X]mulrC ler_pdivl_mulr ?ltr0n // -natrM ler_nat.
split=> [h k kN|h S]; last first.
  by rewrite eq; apply: h; rewrite -[X in (_ <= X)%N](card_slot R B T) max_card.
have : (0 < #|[set A : {set slot R B T} | #|A| == k]|)%N by rewrite card_draws card_slot bin_gt0.
by case/card_gt0P => S; rewrite inE => /eqP <-; rewrite -eq.
Qed.

Theorem slack_certificate_probability T0 T1 B T b l q w c : slack_check R D s T0 T1 B T b l q w c ->
  keeps_with_slack B T /\ forall B' T', (0 < B')%N -> (T0 <= T' <= T1)%N -> keeps_with_slack B' T' ->
    (R * B + T < R * B' + T')%N \/ ((R * B + T = R * B' + T')%N /\ (B <= B')%N).
Proof.
move=> ok; have B0 : (0 < B)%N by case/and3P: ok.
have [h least] := slack_certificate_sound R0 D1 ok; split; first by apply/keeps_safe.
by move=> B' T' B0' t k; apply: least => //; apply/keeps_safe.
Qed.
End Probability.

Local Notation N := BinNums.N.
Local Notation "n %:B" := (N.of_nat n) (at level 2, format "n %:B").

(* C(n,0), C(n,1), .. *)
Fixpoint rowFromN (n c i : N) (len : nat) :=
  if len is l.+1 then c :: rowFromN n (N.div (N.mul c (N.sub n i)) (N.succ i)) (N.succ i) l else [::].
Definition rowN (n : N) (len : nat) := rowFromN n 1 0 len.

Section Binary.
Variables (R D : N) (s : nat).

Definition scannedN (B T : nat) :=
  let n := N.add (N.mul R B%:B) T%:B in
  let all_sets := rowN n (N.to_nat n).+1 in
  let queries := rowN R (N.to_nat R).+1 in
  let publics := rowN T%:B (minn s T).+1 in
  let wins k := sumN (index_iota 0 (minn s T).+1) (fun j => let i := (k - j) %/ B in
    if (j < k) && (i * B == k - j) then N.mul (nth N0 queries i) (nth N0 publics j) else N0) in
  all (fun k => N.leb (N.mul (wins k) D) (nth N0 all_sets k)) (iota 0 (N.to_nat n).+1).

Definition violatedN (B : nat) (T : N) (j : nat) :=
  ~~ reachesN (N.add (N.mul R B%:B) T) (N.add B%:B j%:B) (N.mul (N.mul R (binN T j)) D).

Definition slackSafeN (B T : nat) :=
  let n := N.add (N.mul R B%:B) T%:B in
  all (fun j => reachesN n (N.add B%:B j%:B) (N.mul (N.mul R (binN T%:B j)) D) &&
                reachesN n (N.add (N.mul R B%:B) j%:B) (N.mul (binN T%:B j) D)) (iota 0 s.+1).

Fixpoint coversN (M : N) (b : nat) (lo hi : N) (w : seq (nat * nat)) :=
  if w is (j, t) :: w' then
    [&& j <= s, N.leb (N.mul 2 (N.add b%:B j%:B)) (N.succ M), violatedN b lo j, violatedN b t%:B j
      & N.eqb t%:B hi || N.ltb t%:B hi && coversN M b (N.succ t%:B) hi w']
  else false.

Definition planSafeN (B T : nat) :=
  if s < B then slackSafeN B T else N.leb (N.add (N.mul R B%:B) T%:B) (N.pow 2 14) && scannedN B T.

Definition slackRefutesN (M T0 T1 : N) (b l q : nat) (w : seq (nat * nat)) :=
  let lo := N.max (N.succ (N.max l%:B q%:B)) T0 in
  let Rb := N.mul R b%:B in
  [&& N.leb (N.mul 2 l%:B) (N.add M s%:B),
      ~~ reachesN (N.add M s%:B) l%:B (N.mul D (binN (N.add M s%:B) s)),
      N.ltb M (N.add (N.add Rb R) (N.max (N.succ l%:B) T0)),
      (q <= l) || ~~ reachesN (N.add Rb q%:B) q%:B (N.mul D (binN (N.add Rb s%:B) s))
    & [|| N.ltb T1 lo, N.leb (N.add M s%:B) (N.add l%:B lo) | N.leb Rb M && coversN M b lo (N.min T1 (N.sub M Rb)) w]].

Definition slackFewerN (n T1 : N) (B c : nat) :=
  let RB := N.mul R B.-1%:B in
  [|| B == 1, N.ltb T1 (N.sub n RB),
      [&& c <= s, N.leb (N.mul 2 (N.add B.-1%:B c%:B)) (N.succ n) & violatedN B.-1 (N.sub n RB) c]
    | [&& c <= s, N.leb (N.mul 2 (N.add RB c%:B)) n
        & ~~ reachesN n (N.add RB c%:B) (N.mul (binN (N.sub n RB) c) D)]].

Definition slackCheckN (T0 T1 : N) (B T b l q : nat) (w : seq (nat * nat)) (c : nat) :=
  let n := N.add (N.mul R B%:B) T%:B in
  [&& 0 < B, N.leb T0 T%:B, N.leb T%:B T1, planSafeN B T, slackRefutesN (N.pred n) T0 T1 b l q w & slackFewerN n T1 B c].
End Binary.

Local Arguments N.mul : simpl never. Local Arguments N.add : simpl never. Local Arguments N.succ : simpl never.
Local Arguments N.leb : simpl never. Local Arguments N.ltb : simpl never. Local Arguments N.eqb : simpl never.

Section Equal.
Variables R D s : nat.

Lemma violated_computed B T j : violatedN R%:B D%:B B T%:B j = violated R D B T j.
Proof.
by rewrite /violatedN /violated binN_is_binomial Nat2N.id !(mulNE, addNE) reaches_computed ltnNge.
Qed.

Lemma succNE n : N.succ n%:B = n.+1%:B. Proof. by rewrite Nat2N.inj_succ. Qed.
Lemma twiceNE n : N.mul 2 n%:B = (2 * n)%:B. Proof. by rewrite -mulNE. Qed.
Lemma eqbN a b : N.eqb a%:B b%:B = (a == b).
Proof. by apply/idP/eqP => [/N.eqb_eq/Nat2N.inj|->]; last apply/N.eqb_eq. Qed.

Lemma covers_computed M b lo hi w : coversN R%:B D%:B s M%:B b lo%:B hi%:B w = covers R D s M b lo hi w.
Proof.
elim: w lo => // -[j t] w IH lo /=.
by rewrite !(addNE, twiceNE, succNE, lebN, ltbN, eqbN, violated_computed, IH).
Qed.

Lemma nth_row_from n len from i :
  nth N0 (rowFromN n%:B 'C(n, from)%:B from%:B len) i = (if i < len then 'C(n, from + i) else 0)%:B.
Proof.
elim: len from i => [|len IH] from [|i] //=; first by rewrite addn0.
have -> : N.div (N.mul 'C(n, from)%:B (N.sub n%:B from%:B)) (N.succ from%:B) = 'C(n, from.+1)%:B.
  by rewrite succNE subNE mulNE mulnC -mul_bin_left mulnC -mulNE N.div_mul //; lia.
by rewrite succNE IH addSnnS.
Qed.

Lemma nth_row n len i : nth N0 (rowN n%:B len) i = (if i < len then 'C(n, i) else 0)%:B.
Proof. by have := nth_row_from n len 0 i; rewrite bin0 add0n. Qed.

(* The winning sets of k slots, public by public *)
Lemma W_by_publics B T k : 0 < B -> W R B T R T s k =
  \sum_(0 <= j < (minn s T).+1) let i := (k - j) %/ B in if (j < k) && (i * B == k - j) then 'C(R, i) * 'C(T, j) else 0.
Proof.
move=> B0; rewrite /W /Wsum exchange_big_nat /=; apply: eq_bigr => j _.
have term f : 'C(R, f) * 'C(T, j) * (if f * B + j <= k then 'C(R * B + T - R * B - T, k - f * B - j) else 0) =
    if f * B + j == k then 'C(R, f) * 'C(T, j) else 0.
  rewrite [R * B + T]addnC addnK subnn -subnDA; case: ltngtP => [lt|lt|->]; rewrite ?muln0 //.
    by rewrite bin0n subn_eq0 leqNgt lt muln0.
  by rewrite subnn bin0 muln1.
rewrite (eq_bigr _ (fun f _ => term f)); set i := (k - j) %/ B.
case: ifP => [/andP[jk /eqP e]|no].
- have i0 : 0 < i by move: jk; rewrite -subn_gt0 -e muln_gt0 => /andP[].
  have same f : (f * B + j == k) = (f == i).
    by rewrite -[RHS](eqn_pmul2r B0) e -[RHS](eqn_add2r j) subnK // ltnW.
  rewrite (eq_bigr (fun f => if f == i then 'C(R, f) * 'C(T, j) else 0)) => [|f _]; last by rewrite same.
  case: (leqP i R) => iR.
    rewrite (bigD1_seq i) ?mem_index_iota ?iota_uniq ?i0 //= eqxx big1 ?addn0 // => f /negbTE -> //.
  rewrite (bin_small iR) mul0n big_nat big1 // => f /andP[_ fR]; case: eqP => // fi.
  by move: fR; rewrite fi ltnS leqNgt iR.
- rewrite big_nat big1 // => f /andP[f0 _]; case: eqP => // e; case/negP: (negbT no).
  have fk : k - j = f * B by rewrite -e addnK.
  by rewrite /i fk mulnK // eqxx andbT -subn_gt0 fk muln_gt0 f0.
Qed.

Lemma scanned_computed B T : 0 < B -> scannedN R%:B D%:B s B T = scanned R D s B T.
Proof.
move=> B0; rewrite /scannedN !(mulNE, addNE) !Nat2N.id; set n := R * B + T.
have one k : k < n.+1 -> N.leb (N.mul (sumN (index_iota 0 (minn s T).+1) (fun j => let i := (k - j) %/ B in
    if (j < k) && (i * B == k - j) then N.mul (nth N0 (rowN R%:B R.+1) i) (nth N0 (rowN T%:B (minn s T).+1) j) else N0)) D%:B)
    (nth N0 (rowN n%:B n.+1) k) = (W R B T R T s k * D <= 'C(n, k)).
  move=> kn; rewrite (W_by_publics _ _ B0) big_nat.
  pose G j := let i := (k - j) %/ B in
    if (j < k) && (i * B == k - j) then 'C(R, i) * (if j < (minn s T).+1 then 'C(T, j) else 0) else 0.
  rewrite (@sumNE _ _ G) => [|j]; last first.
    rewrite /G /= !nth_row; case: ifP => // _; rewrite mulNE; congr (_ * _)%:B.
    by case: ltnP => // lt; rewrite bin_small.
  rewrite mulNE nth_row kn lebN; congr (_ * _ <= _); rewrite [LHS]big_nat.
  by apply: eq_bigr => j /= jm; rewrite /G jm.
rewrite /scanned -/n; apply/allP/forallP => [h k|h k].
  by rewrite -one //; apply: h; rewrite mem_iota add0n ltn_ord.
by rewrite mem_iota add0n /= => kn; rewrite one //; apply: (h (Ordinal kn)).
Qed.

Theorem slack_check_computed T0 T1 B T b l q w c :
  slackCheckN R%:B D%:B s T0%:B T1%:B B T b l q w c = slack_check R D s T0 T1 B T b l q w c.
Proof.
rewrite /slackCheckN /slack_check !(mulNE, addNE, predNE, lebN).
case: (posnP B) => [-> //|B0]; congr [&& _, _, _, _, _ & _].
- rewrite /planSafeN /plan_safe !(mulNE, addNE) -[2%num]/(2%:B) -[14%num]/(14%:B) powNE lebN.
  rewrite /slackSafeN /slack_comparisons; case: ifP => [_|_]; last by congr (_ && _); apply: scanned_computed.
  apply/allP/forallP => [h i|h i].
    have := h i; rewrite mem_iota add0n ltn_ord => /(_ isT).
    by rewrite binN_is_binomial Nat2N.id !(mulNE, addNE, reaches_computed).
  rewrite mem_iota add0n /= => is1; have := h (Ordinal is1).
  by rewrite binN_is_binomial Nat2N.id !(mulNE, addNE, reaches_computed).
- rewrite /slackRefutesN /slack_refutes.
  rewrite !(mulNE, addNE, succNE, maxNE, twiceNE, lebN, ltbN, subNE, minNE, covers_computed).
  rewrite !binN_is_binomial !Nat2N.id !(mulNE, reaches_computed) -!ltnNge mulnS.
  by rewrite [R + R * b]addnC.
- rewrite /slackFewerN /slack_fewer.
  rewrite !(mulNE, addNE, subNE, succNE, twiceNE, lebN, ltbN, violated_computed).
  by rewrite binN_is_binomial Nat2N.id mulNE reaches_computed -ltnNge.
Qed.
End Equal.
