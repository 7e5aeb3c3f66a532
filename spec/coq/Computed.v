(* The formulas over binary numbers, where Coq can compute them, and the proofs that they are the formulas of the theorems.
   Vectors.v evaluates these functions, so each vector is an instance of a theorem. Proved here:
   - binN_is_binomial: the product form binN is MathComp's binomial;
   - sets_computed: countN is W (from f = 1) and Acc (from f = 0) of Deviation.v;
   - touch_computed: touchN is the number of k-sets that hold all copies of some query, of Touch.v;
   - swapped_computed: swappedN counts the draws with which a server wins by swapping in another function, of Substitution.v;
   - reaches_computed: reachesN compares a binomial with a threshold, in as many steps as the threshold has bits;
   - check_computed: checkN is the certificate's check of Certificate.v. *)
Require Import NArith Arith Lia.
From mathcomp Require Import all_ssreflect all_algebra.
Require Import Mix Worst Deviation Touch Certificate Substitution.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.

Local Notation N := BinNums.N.
Local Notation "n %:B" := (N.of_nat n) (at level 2, format "n %:B").

Fixpoint binN (n : N) (k : nat) : N :=
  match k with
  | O => 1%num
  | S k' => N.div (N.mul (binN n k') (N.sub n k'%:B)) k%:B
  end.

Definition sumN (r : seq nat) (F : nat -> N) : N := foldr (fun i => N.add (F i)) N0 r.

(* Hits of f whole queries exceed k slots from f > k on, so that m may be as large as 2^62. *)
Definition countN (R : N) (B : nat) (T : N) (lo : nat) (m t : N) (s k : nat) : N :=
  sumN (index_iota lo (N.to_nat (N.min m k%:B)).+1) (fun f =>
  sumN (index_iota 0 (N.to_nat (N.min s%:B t)).+1) (fun j =>
    N.mul (N.mul (binN m f) (binN t j))
      (if f * B + j <= k
       then binN (N.sub (N.sub (N.add (N.mul R B%:B) T) (N.mul m B%:B)) t) (k - f * B - j)
       else N0))).

Definition touchN (R : N) (B : nat) (T : N) (k : nat) : N :=
  let term i := N.mul (binN R i)
    (if i * B <= k then binN (N.sub (N.add (N.mul R B%:B) T) (N.mul i%:B B%:B)) (k - i * B) else N0) in
  let I := index_iota 1 (N.to_nat (N.min R k%:B)).+1 in
  N.sub (sumN I (fun i => if odd i then term i else N0)) (sumN I (fun i => if odd i then N0 else term i)).

(* R queries and T publics out of n inputs, on w of which the other function is wrong; s wrong publics are tolerated. *)
Definition swappedN (R T : nat) (s : nat) (w n : N) : N :=
  N.mul (sumN (index_iota 0 s.+1) (fun j => N.mul (binN T%:B j) (N.mul (N.pow w j%:B) (N.pow (N.sub n w) (T - j)%:B))))
    (N.sub (N.pow n R%:B) (N.pow (N.sub n w) R%:B)).

(* Whether C(n,k) >= D, by C(n,0), C(n,1), .. up to the first that is: at most as many as D has bits, as C(n,i) >= 2^i up to n/2. *)
Fixpoint walkN (fuel : nat) (n k D i c : N) : bool :=
  if N.leb D c then true else if N.eqb i k then false else
  if fuel is f.+1 then walkN f n k D (N.succ i) (N.div (N.mul c (N.sub n i)) (N.succ i)) else true.
Definition reachesN (n k D : N) : bool :=
  if N.leb k n then walkN (N.to_nat (N.size D)) n (N.min k (N.sub n k)) D 0 1 else N.eqb D 0.

Definition checkN (R D T0 : N) (B T b l : nat) : bool :=
  let n := N.add (N.mul R B%:B) T%:B in
  let M := N.pred n in
  [&& 0 < B, N.leb T0 T%:B, reachesN n B%:B (N.mul R D), reachesN n T%:B D,
      N.leb (N.mul 2 b%:B) M, N.leb (N.mul 2 l%:B) M, ~~ reachesN M b%:B (N.mul R D), ~~ reachesN M l%:B D,
      N.ltb M (N.add (N.mul R (N.add b%:B 1)) (N.max (N.add l%:B 1) T0))
    & [|| B == 1, ~~ reachesN n B.-1%:B (N.mul R D) | ~~ reachesN n (N.mul R B.-1%:B) D]].

Theorem binN_is_binomial n k : binN n k = 'C(N.to_nat n, k)%:B.
Proof.
elim: k => [|k IH]; first by rewrite bin0.
rewrite [LHS]/= IH -[in LHS](N2Nat.id n) -Nat2N.inj_sub -Nat2N.inj_mul N2Nat.id.
have -> : (Nat.mul 'C(N.to_nat n, k) (Nat.sub (N.to_nat n) k)) =
          Nat.mul 'C(N.to_nat n, k.+1) k.+1.
  by rewrite !multE minusE mulnC -mul_bin_left mulnC.
by rewrite Nat2N.inj_mul N.div_mul //; lia.
Qed.

Lemma lebN a b : N.leb a%:B b%:B = (a <= b).
Proof. by apply/idP/idP => [/N.leb_le h|/leP h]; [apply/leP|apply/N.leb_le]; lia. Qed.
Lemma ltbN a b : N.ltb a%:B b%:B = (a < b).
Proof. by apply/idP/idP => [/N.ltb_lt h|/ltP h]; [apply/ltP|apply/N.ltb_lt]; lia. Qed.
Lemma maxNE a b : N.max a%:B b%:B = (maxn a b)%:B.
Proof. by case: leqP => [/leP|/ltP] h; lia. Qed.
Lemma minNE a b : N.min a%:B b%:B = (minn a b)%:B.
Proof. by case: leqP => [/leP|/ltP] h; lia. Qed.
Lemma addNE a b : N.add a%:B b%:B = (a + b)%:B.
Proof. by rewrite -Nat2N.inj_add. Qed.
Lemma mulNE a b : N.mul a%:B b%:B = (a * b)%:B.
Proof. by rewrite -Nat2N.inj_mul. Qed.
Lemma subNE a b : N.sub a%:B b%:B = (a - b)%:B.
Proof. by rewrite -Nat2N.inj_sub. Qed.
Lemma predNE a : N.pred a%:B = a.-1%:B.
Proof. by rewrite -Nat2N.inj_pred. Qed.

Lemma sumNE (r : seq nat) F G : (forall i, F i = (G i)%:B) -> sumN r F = (\sum_(i <- r) G i)%:B.
Proof.
move=> e; elim: r => [|i r IH]; first by rewrite big_nil.
by rewrite big_cons -addNE -IH -e.
Qed.

(* Terms beyond k vanish. *)
Lemma sum_to_k lo m k G : lo <= 1 -> (forall i, k < i -> G i = 0) ->
  \sum_(lo <= i < m.+1) G i = \sum_(lo <= i < (minn m k).+1) G i.
Proof.
move=> lo1 z; case: (leqP m k) => // km.
rewrite (@big_cat_nat _ _ _ k.+1) //=; [|exact: leq_trans lo1 _|by rewrite ltnS ltnW].
rewrite [X in _ + X]big_nat_cond [X in _ + X]big1 ?addn0 // => i /andP[/andP[h _] _].
exact: z.
Qed.

Theorem sets_computed R B T lo m t s k : 0 < B -> lo <= 1 ->
  countN R%:B B T%:B lo m%:B t%:B s k = (Wsum R B T lo m t s k)%:B.
Proof.
move=> B0 lo1; rewrite /countN /Wsum !minNE !Nat2N.id.
rewrite (@sum_to_k lo m k) //; last first.
  move=> i ki; rewrite big1 // => j _; rewrite ifN ?muln0 // -ltnNge.
  by apply: leq_trans ki _; apply: leq_trans (leq_addr _ _); rewrite leq_pmulr.
apply: sumNE => f; apply: sumNE => j.
rewrite !(mulNE, addNE, subNE) !binN_is_binomial !Nat2N.id.
by case: ifP => _; [rewrite !mulNE|rewrite muln0 N.mul_0_r].
Qed.

Section Touched.
Import GRing.Theory Num.Theory.
Lemma sign_split (I : seq nat) (g : nat -> nat) :
  (\sum_(i <- I) (-1) ^+ i.+1 * (g i)%:R + (\sum_(i <- I) if odd i then 0%N else g i)%:R
   = (\sum_(i <- I) if odd i then g i else 0%N)%:R :> int)%R.
Proof.
rewrite !natr_sum -big_split /=; apply: eq_bigr => i _.
rewrite -signr_odd /=; case: (odd i) => /=; rewrite ?expr0 ?expr1.
  by rewrite mul1r addr0.
by rewrite mulN1r addNr.
Qed.

Theorem touch_computed R B T (B0 : 0 < B) k :
  touchN R%:B B T%:B k = #|@touchSets R B T [set: 'I_R] k|%:B.
Proof.
pose g i := 'C(R, i) * binT (R * B + T - i * B) k (i * B).
have e := sign_split (index_iota 1 R.+1) g.
have c := touch_count B T [set: 'I_R] k; rewrite cardsT card_ord in c.
rewrite -c -natrD in e; move/eqP: e; rewrite eqr_nat => /eqP e.
have g0 i : k < i -> g i = 0.
  move=> ki; rewrite /g /binT ifN ?muln0 // -ltnNge.
  by apply: leq_trans ki _; rewrite leq_pmulr.
have z i : k < i -> (if odd i then g i else 0) = 0 by move=> /g0 ->; rewrite if_same.
have z' i : k < i -> (if odd i then 0 else g i) = 0 by move=> /g0 ->; rewrite if_same.
rewrite (@sum_to_k 1 R k _ isT z) (@sum_to_k 1 R k _ isT z') in e.
rewrite /touchN minNE Nat2N.id.
have gE i : N.mul (binN R%:B i) (if i * B <= k
    then binN (N.sub (N.add (N.mul R%:B B%:B) T%:B) (N.mul i%:B B%:B)) (k - i * B) else N0) = (g i)%:B.
  rewrite /g /binT !(mulNE, addNE, subNE) !binN_is_binomial !Nat2N.id.
  by case: ifP => _; [rewrite mulNE|rewrite muln0 N.mul_0_r].
rewrite (@sumNE _ _ (fun i => if odd i then g i else 0)); last by move=> i; rewrite gE; case: odd.
rewrite (@sumNE _ _ (fun i => if odd i then 0 else g i)); last by move=> i; rewrite gE; case: odd.
by rewrite subNE -e addnK.
Qed.
End Touched.

Lemma powNE a b : N.pow a%:B b%:B = (a ^ b)%:B.
Proof. by elim: b => // b IH; rewrite Nat2N.inj_succ N.pow_succ_r' IH mulNE expnS. Qed.

Theorem swapped_computed R B T (X : finType) (L : eqType) (h g : X -> L) s : 0 < B ->
  swappedN R T s #|wrongOn h g|%:B #|X|%:B = #|@swapped_draws R B T X L h g s|%:B.
Proof.
move=> B0; pose F j := 'C(T, j) * (#|wrongOn h g| ^ j * (#|X| - #|wrongOn h g|) ^ (T - j)).
have sumE : sumN (index_iota 0 s.+1) (fun j => N.mul (binN T%:B j) (N.mul (N.pow #|wrongOn h g|%:B j%:B)
    (N.pow (N.sub #|X|%:B #|wrongOn h g|%:B) (T - j)%:B))) = (\sum_(j < s.+1) F j)%:B.
  rewrite -(big_mkord predT F); apply: sumNE => j.
  by rewrite binN_is_binomial Nat2N.id subNE !powNE !mulNE.
by rewrite /swappedN sumE !(subNE, powNE) mulNE swapped_wins.
Qed.

Lemma central i : 2 ^ i <= 'C(2 * i, i).
Proof.
elim: i => // i IH; rewrite mulnS expnS mul2n -addnn binS; apply: leq_add; apply: leq_trans IH _.
  by rewrite binS leq_addl.
by apply: leq_bin2l.
Qed.
Lemma powers_below n i : 2 * i <= n -> 2 ^ i <= 'C(n, i).
Proof. by move=> le; apply: leq_trans (central i) (leq_bin2l _ le). Qed.

Lemma walked f n k D i : i <= k -> 2 * k <= n -> D <= 2 ^ (i + f) ->
  walkN f n%:B k%:B D%:B i%:B 'C(n, i)%:B = (D <= 'C(n, k)).
Proof.
elim: f i => [|f IH] i ik kn Df; rewrite /= lebN; case: leqP => [le|lt].
- by apply/esym/(leq_trans le)/unimodal => //; apply: leq_trans kn; rewrite mul2n -addnn leq_add2r.
- by move: lt; rewrite ltnNge (leq_trans Df) // addn0 powers_below // (leq_trans _ kn) // leq_mul2l ik orbT.
- by apply/esym/(leq_trans le)/unimodal => //; apply: leq_trans kn; rewrite mul2n -addnn leq_add2r.
have -> : N.eqb i%:B k%:B = (i == k) by apply/idP/eqP => [/N.eqb_eq/Nat2N.inj //|->]; apply/N.eqb_eq.
case: eqP => [e|/eqP ne]; first by rewrite e in lt; rewrite leqNgt lt.
have i1 : N.succ i%:B = i.+1%:B by rewrite Nat2N.inj_succ.
have -> : N.div (N.mul 'C(n, i)%:B (N.sub n%:B i%:B)) (N.succ i%:B) = 'C(n, i.+1)%:B.
  rewrite i1 subNE mulNE mulnC -mul_bin_left mulnC -mulNE N.div_mul //; lia.
by rewrite i1; apply: IH => //; [rewrite ltn_neqAle ne ik|rewrite addSnnS].
Qed.

Theorem reaches_computed n k D : reachesN n%:B k%:B D%:B = (D <= 'C(n, k)).
Proof.
rewrite /reachesN lebN; case: leqP => kn; last by rewrite bin_small // leqn0; case: D.
rewrite subNE minNE -[N0]/(0%:B) -[1%num]/(1%:B) -(bin0 n) walked //.
- by case: (leqP k (n - k)) => h; rewrite ?bin_sub.
- by case: (leqP k (n - k)) => h; rewrite mul2n -addnn -[X in _ <= X](subnKC kn); [rewrite leq_add2l|rewrite leq_add2r ltnW].
rewrite add0n; apply: ltnW; have := N.size_gt D%:B.
by rewrite -[X in N.pow 2 X]N2Nat.id -[2%num]/(2%:B) powNE => /N.ltb_lt; rewrite ltbN.
Qed.

Theorem check_computed R D T0 B T b l :
  checkN R%:B D%:B T0%:B B T b l = check R D T0 B T b l.
Proof.
have two n : N.mul 2 n%:B = (2 * n)%:B by rewrite -mulNE.
have one n : N.add n%:B 1 = n.+1%:B by rewrite -addn1 -addNE.
rewrite /checkN /check /ok /secure /refutes /fewer_fails.
rewrite !(two, one, mulNE, addNE, predNE, maxNE, reaches_computed, lebN, ltbN).
by rewrite -!ltnNge -!andbA.
Qed.
