(* A server that is honest, but each of whose answers becomes by chance the sample's one wrong answer: `flaky` of a script, with d = a/b. Proved here:
   - flaky_accepted: the client accepts with ((1-d)^B + d^B)^R Pr[Bin(T,d) <= s];
   - flaky_harmless: and every query's answer is right then with (1-d)^(RB) Pr[Bin(T,d) <= s];
   - flaky_counted, flaky_computed: flakyN and flakyRightN over binary numbers are these, of b^N draws.
   [outside.rs: flaky_accepted, flaky_win; flaky.rs] *)
Require Import NArith.
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Mix Deviation Computed Strategies.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Local Notation N := BinNums.N.
Local Notation "n %:B" := (N.of_nat n) (at level 2, format "n %:B").

(* the draws, b^N in all, at which a server that errs on a of b answers is accepted, and those at which every query is right beside *)
Definition passingSum T s a b : nat := (\sum_(0 <= j < (minn s T).+1) 'C(T, j) * (a ^ j * (b - a) ^ (T - j)))%N.
Definition flakySum R B T s a b : nat := (((b - a) ^ B + a ^ B) ^ R * passingSum T s a b)%N.
Definition flakyRightSum R B T s a b : nat := ((b - a) ^ (R * B) * passingSum T s a b)%N.
Definition passingN (T s : nat) (a b : N) : N := sumN (index_iota 0 (minn s T).+1) (fun j =>
  N.mul (binN T%:B j) (N.mul (N.pow a j%:B) (N.pow (N.sub b a) (T - j)%N%:B))).
Definition flakyN (R B T s : nat) (a b : N) : N :=
  N.mul (N.pow (N.add (N.pow (N.sub b a) B%:B) (N.pow a B%:B)) R%:B) (passingN T s a b).
Definition flakyRightN (R B T s : nat) (a b : N) : N := N.mul (N.pow (N.sub b a) (R * B)%N%:B) (passingN T s a b).

Section Sums.
Variable X : finType.
Lemma sum_by_card (F : nat -> rat) : \sum_(A : {set X}) F #|A| = \sum_(i < #|X|.+1) 'C(#|X|, i)%:R * F i.
Proof.
have le (A : {set X}) : (#|A| < #|X|.+1)%N by rewrite ltnS max_card.
rewrite (partition_big (fun A => Ordinal (le A)) predT) //=; apply: eq_bigr => i _.
rewrite (eq_bigr (fun=> F i)) => [|A /eqP <- //]; rewrite sumr_const -[F i *+ _]mulr_natl; congr (_%:R * _).
by rewrite -card_draws; apply: eq_card => A; rewrite [RHS]inE /in_mem /= eqnE.
Qed.

Lemma sum_powers (x y : rat) : \sum_(A : {set X}) x ^+ #|A| * y ^+ (#|X| - #|A|) = (x + y) ^+ #|X|.
Proof.
rewrite (sum_by_card (fun i => x ^+ i * y ^+ (#|X| - i))) addrC exprDn; apply: eq_bigr => i _.
by rewrite mulr_natl [x ^+ _ * _]mulrC.
Qed.

Lemma sum_powers_to s (x y : rat) :
  \sum_(A : {set X} | (#|A| <= s)%N) x ^+ #|A| * y ^+ (#|X| - #|A|) =
  \sum_(0 <= j < (minn s #|X|).+1) 'C(#|X|, j)%:R * (x ^+ j * y ^+ (#|X| - j)).
Proof.
rewrite big_mkcond /= (sum_by_card (fun i => if (i <= s)%N then x ^+ i * y ^+ (#|X| - i) else 0)).
rewrite -(big_mkord predT (fun i => 'C(#|X|, i)%:R * (if (i <= s)%N then x ^+ i * y ^+ (#|X| - i) else 0))).
rewrite (@big_cat_nat _ _ _ (minn s #|X|).+1) ?ltnS ?geq_minr //= [X in _ + X]big1_seq ?addr0; last first.
  move=> i /andP[_]; rewrite mem_index_iota gtn_min => /andP[/orP[si|Xi] iX]; first by rewrite leqNgt si mulr0.
  by rewrite ltnS leqNgt Xi in iX.
apply: eq_big_nat => i /andP[_]; rewrite ltnS leq_min => /andP[-> _] //.
Qed.
End Sums.

(* Sums over the sets of slots that the client accepts *)
Section Accepted.
Variables R B T s : nat.
Context (Bpos : (0 < B)%N).
Local Notation slot := (slot R B T).
Local Notation NN := (R * B + T)%N.
Local Notation pk := (@pack R B T).

Lemma sum_accepted (F : {set slot} -> rat) (C : pred {set 'I_R}) :
  \sum_(D : {set slot} | accepts s D && C [set r | [exists b : 'I_B, inl (r, b) \in D]]) F D =
  \sum_(G : {set 'I_R} | C G) \sum_(P : {set 'I_T} | (#|P| <= s)%N) F (pk (G, P)).
Proof.
have groups G (P : {set 'I_T}) : [set r | [exists b : 'I_B, inl (r, b) \in pk (G, P)]] = G.
  apply/setP=> r; rewrite inE; apply/existsP/idP => [[b]|rG]; first by rewrite inE.
  by exists (Ordinal Bpos); rewrite inE.
rewrite pair_big /=.
rewrite (reindex_onto (@pack R B T) (fun D => ([set r | [exists b : 'I_B, inl (r, b) \in D]], pubWrong D))) /=; last first.
  by move=> D /andP[/(acceptsP Bpos)[[G P] -> /= _] _]; rewrite groups; congr (pk (_, _)); apply/setP=> t; rewrite !inE.
apply: eq_bigl => -[G P] /=; rewrite groups.
have -> : pubWrong (pk (G, P)) = P by apply/setP=> t; rewrite !inE.
rewrite eqxx andbT andbC; congr (_ && _); apply/(acceptsP Bpos)/idP => [[[G' P'] /(pack_inj Bpos)[_ ->] //]|h].
by exists (G, P).
Qed.

Lemma card_group_set (G : {set 'I_R}) (P : {set 'I_T}) : #|pk (G, P)| = (#|G| * B + #|P|)%N.
Proof. exact: card_pack. Qed.
End Accepted.

(* A flaky server: every answer is wrong with chance d = a/b, independently of the others *)
Section Flaky.
Variables R B T s a b : nat.
Context (Bpos : (0 < B)%N) (ab : (a <= b)%N) (b0 : (0 < b)%N).
Local Notation slot := (slot R B T).
Local Notation NN := (R * B + T)%N.
Let d : rat := a%:R / b%:R.

Definition flaky : branch R B T ({set 'I_R} * {set 'I_T}) := (1%N, (setT, setT), Each a b (enum {: slot}) NN).
Definition publics_pass : rat := \sum_(0 <= j < (minn s T).+1) 'C(T, j)%:R * (d ^+ j * (1 - d) ^+ (T - j)).

Lemma flaky_legal : all (fun y : branch R B T _ => legal_place y.2) [:: flaky].
Proof. by rewrite /= ab b0 enum_uniq -cardE card_slot leqnn. Qed.

Lemma flaky_sum (V : pred {set slot}) (F : {set 'I_R} * {set 'I_T} -> nat -> rat) :
  (forall k, F (setT, setT) k = #|[set D | V D & #|D| == k]|%:R / 'C(NN, k)%:R) ->
  \sum_(c <- cases flaky [::]) c.1.1 * F c.1.2 c.2 = \sum_(D : {set slot} | V D) d ^+ #|D| * (1 - d) ^+ (NN - #|D|).
Proof.
move=> e; rewrite /cases /= cats0 big_map /= (eq_bigr (fun c : rat * nat => c.1 * F (setT, setT) c.2)); last first.
  by move=> c _; rewrite divff // mul1r.
rewrite -cardE card_slot -[Mix.N R B T]/NN -(cut_mean a b (F (setT, setT)) (leqnn NN)).
have lt (D : {set slot}) : (#|D| < NN.+1)%N by rewrite ltnS -[NN](card_slot R B T) max_card.
rewrite (partition_big (fun D => Ordinal (lt D)) predT) //=; apply: eq_bigr => k _.
rewrite (eq_bigr (fun=> d ^+ k * (1 - d) ^+ (NN - k))); last by move=> D /andP[_ /eqP <-].
have kN : (k <= NN)%N by rewrite -ltnS.
transitivity (\sum_(D in [set D : {set slot} | V D & #|D| == k]) d ^+ k * (1 - d) ^+ (NN - k)); last first.
  by apply: eq_bigl => D; rewrite inE -val_eqE.
rewrite sumr_const -[_ *+ #|_|]mulr_natl (minn_idPl kN) e /binomial_law -/d.
have c0 : 'C(NN, k)%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n bin_gt0.
move: c0; move: ('C(NN, k)%:R : rat) (d ^+ k) => c x c0; rewrite [RHS]mulrC; move: (_ ^+ _) => y.
by rewrite -(mulrA c) [c * (x * y)]mulrC -[LHS]mulrA [c * (_ / _)]mulrCA divff // mulr1.
Qed.

Lemma weight_of_groups (x y : rat) (G : {set 'I_R}) (P : {set 'I_T}) :
  x ^+ (#|G| * B + #|P|) * y ^+ (NN - (#|G| * B + #|P|)) =
  (x ^+ B) ^+ #|G| * (y ^+ B) ^+ (R - #|G|) * (x ^+ #|P| * y ^+ (T - #|P|)).
Proof.
have [GR PT] : (#|G| <= R)%N /\ (#|P| <= T)%N by rewrite -[X in (#|G| <= X)%N](card_ord R) -[X in (#|P| <= X)%N](card_ord T) !max_card.
have -> : (NN - (#|G| * B + #|P|) = (R - #|G|) * B + (T - #|P|))%N.
  by rewrite mulnBl addnBA // addnBAC ?leq_mul2r ?GR ?orbT // subnDA.
by rewrite !exprD mulrACA [(#|G| * B)%N]mulnC [((R - _) * B)%N]mulnC !exprM.
Qed.

Lemma publics_passE : \sum_(P : {set 'I_T} | (#|P| <= s)%N) d ^+ #|P| * (1 - d) ^+ (T - #|P|) = publics_pass.
Proof. by have := sum_powers_to [finType of 'I_T] s d (1 - d); rewrite card_ord. Qed.

(* over the sets of slots that the client accepts, and the queries of which are in C *)
Lemma flaky_over (C : pred {set 'I_R}) :
  \sum_(D : {set slot} | accepts s D && C [set r | [exists b : 'I_B, inl (r, b) \in D]]) d ^+ #|D| * (1 - d) ^+ (NN - #|D|) =
  (\sum_(G : {set 'I_R} | C G) (d ^+ B) ^+ #|G| * ((1 - d) ^+ B) ^+ (R - #|G|)) * publics_pass.
Proof.
rewrite (@sum_accepted R B T s Bpos (fun D => d ^+ #|D| * (1 - d) ^+ (NN - #|D|))) mulr_suml; apply: eq_bigr => G _.
by rewrite -publics_passE mulr_sumr; apply: eq_bigr => P _; rewrite card_group_set weight_of_groups.
Qed.

Lemma cnt (A B' : pred {set slot}) k : A =1 B' -> #|[set D : {set slot} | A D & #|D| == k]| = #|[set D : {set slot} | B' D & #|D| == k]|.
Proof. by move=> e; apply: eq_card => D; rewrite !inE e. Qed.

Theorem flaky_accepted : mean won (session s flaky [::]) + mean harmless (session s flaky [::]) =
  ((1 - d) ^+ B + d ^+ B) ^+ R * publics_pass.
Proof.
rewrite strategy_wins ?strategy_harmless ?flaky_legal // -big_split /=.
rewrite (eq_bigr (fun c : rat * ({set 'I_R} * {set 'I_T}) * nat => c.1.1 * ((Acc R B T #|c.1.2.1| #|c.1.2.2| s c.2)%:R / 'C(NN, c.2)%:R))) => [|c _]; last first.
  by rewrite -mulrDr addrC subrK.
rewrite (flaky_sum (V := accepts s) (F := fun A k => (Acc R B T #|A.1| #|A.2| s k)%:R / 'C(NN, k)%:R)); last first.
  move=> k /=; congr (_%:R / _); rewrite -Acc_counts_accepts //; apply: cnt => D.
  by rewrite (devAcceptsE Bpos) sens_full setIT.
rewrite (eq_bigl (fun D => accepts s D && predT [set r | [exists b : 'I_B, inl (r, b) \in D]])) => [|D]; last by rewrite andbT.
rewrite flaky_over [(1 - d) ^+ B + _]addrC; congr (_ * _).
by have := sum_powers [finType of 'I_R] (d ^+ B) ((1 - d) ^+ B); rewrite card_ord.
Qed.

Theorem flaky_harmless : mean harmless (session s flaky [::]) = (1 - d) ^+ (R * B) * publics_pass.
Proof.
rewrite strategy_harmless ?flaky_legal //.
rewrite (flaky_sum (V := fun D => accepts s D && ([set r | [exists b : 'I_B, inl (r, b) \in D]] == set0))
  (F := fun A k => (Acc R B T #|A.1| #|A.2| s k)%:R / 'C(NN, k)%:R - (W R B T #|A.1| #|A.2| s k)%:R / 'C(NN, k)%:R)); last first.
  move=> k /=; rewrite -mulrBl; congr (_ / _); rewrite -Acc_counts_accepts // -W_counts_wins //.
  rewrite (cnt (A := devAccepts setT setT s) (B' := accepts s)) => [|D]; last by rewrite (devAcceptsE Bpos) sens_full setIT.
  rewrite (cnt (A := devWins setT setT s) (B' := wins s)) => [|D]; last by rewrite (devWinsE Bpos) sens_full setIT.
  rewrite -(cardsID [set D | wins s D] [set D | accepts s D & #|D| == k]) natrD.
  rewrite (_ : _ :&: _ = [set D : {set slot} | wins s D & #|D| == k]); last first.
    by apply/setP=> D; rewrite !inE /wins; case: accepts; case: corrupt; rewrite /= ?andbT ?andbF.
  rewrite addrAC subrr add0r; congr _%:R; apply: eq_card => D; rewrite !inE /wins.
  have -> : ([set r | [exists b : 'I_B, inl (r, b) \in D]] == set0) = ~~ corrupt D.
    apply/eqP/existsPn => [e r|none]; first by have := in_set0 r; rewrite -e inE => ->.
    by apply/setP=> r; rewrite !inE; apply: negbTE.
  by case: accepts; case: corrupt; rewrite /= ?andbT ?andbF.
by rewrite (flaky_over (pred1 set0)) big_pred1_eq cards0 expr0 mul1r subn0 -exprM mulnC.
Qed.

Lemma publics_counted : publics_pass = (passingSum T s a b)%:R / (b ^ T)%:R.
Proof.
have bu : b%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n.
rewrite /publics_pass /passingSum natr_sum mulr_suml big_nat_cond [RHS]big_nat_cond; apply: eq_bigr => j /andP[/andP[_ jm] _].
have jT : (j <= T)%N by move: jm; rewrite ltnS leq_min => /andP[].
have -> : 1 - d = (b - a)%:R / b%:R by rewrite natrB // mulrBl divff.
by rewrite !natrM !natrX !expr_div_n mulf_div -exprD subnKC // !mulrA.
Qed.

Theorem flaky_counted : let all := (b ^ NN)%:R : rat in
  mean won (session s flaky [::]) + mean harmless (session s flaky [::]) = (flakySum R B T s a b)%:R / all /\
  mean harmless (session s flaky [::]) = (flakyRightSum R B T s a b)%:R / all.
Proof.
have bu : b%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n.
have right : 1 - d = (b - a)%:R / b%:R by rewrite natrB // mulrBl divff.
move=> all; rewrite /all expnD natrM flaky_accepted flaky_harmless publics_counted right; split.
  rewrite !expr_div_n -mulrDl expr_div_n -exprM [(B * R)%N]mulnC mulf_div; congr (_ / _); last by rewrite !natrX.
  by rewrite /flakySum natrM !natrX natrD !natrX.
by rewrite expr_div_n mulf_div; congr (_ / _); rewrite ?natrM !natrX // /flakyRightSum natrM natrX.
Qed.
End Flaky.

Theorem flaky_computed R B T s a b :
  flakyN R B T s a%:B b%:B = (flakySum R B T s a b)%:B /\ flakyRightN R B T s a%:B b%:B = (flakyRightSum R B T s a b)%:B.
Proof.
have passE : passingN T s a%:B b%:B = (passingSum T s a b)%:B.
  by apply: sumNE => j; rewrite binN_is_binomial Nat2N.id !(subNE, powNE) !mulNE.
by rewrite /flakyN /flakyRightN passE !(subNE, powNE, addNE) !mulNE.
Qed.
