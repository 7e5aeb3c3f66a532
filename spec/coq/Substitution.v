(* The third number: a server that swaps in another function on every slot. Queries and publics are drawn independently from n
   inputs, on w of which the function is wrong. Proved here:
   - swapped_wins: in just (sum_(j <= s) C(T,j) w^j (n-w)^(T-j)) (n^R - (n-w)^R) of the n^(R+T) draws it wins, at any number of
     copies and any permutation: at slack 0 with x^T (1 - x^R), where x = (n-w)/n;
   - rate_at_most: no x between 0 and 1 makes that more than the R-th root of T^T R^R / (T+R)^(T+R), so no function wins more often;
   - rate_attained: just those x with x^R = T/(T+R) reach it. *)
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Mix Touch.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.

Section Counting.
Variables R B T : nat.
Context (Bpos : 0 < B).
Variables (X : finType) (L : eqType).
(* the honest function, and the one that the server swaps in *)
Variables h g : X -> L.
Definition wrongOn : {set X} := [set x | g x != h x].
Local Notation w := #|wrongOn|.
Local Notation n := #|X|.

(* what is on a slot before the permutation, and the answer there: it depends on that alone *)
Definition swapped (q : {ffun 'I_R -> X}) (p : {ffun 'I_T -> X}) (x : slot R B T) : L :=
  match x with inl (r, _) => g (q r) | inr t => g (p t) end.

Lemma swapped_labels s (q : {ffun 'I_R -> X}) (p : {ffun 'I_T -> X}) :
  labelsWin (fun r => h (q r)) (fun t => h (p t)) s (swapped q p) =
  (#|[set t | p t \in wrongOn]| <= s) && [exists r, q r \in wrongOn].
Proof.
rewrite /labelsWin /labelsAccepted /=; congr (_ && _).
  rewrite [X in _ && X](_ : _ = true) ?andbT; last by do 3!apply/forallP=> ?.
  by congr (_ <= s); apply: eq_card => t; rewrite !inE.
apply: eq_existsb => r; rewrite inE.
by apply/existsP/idP=> [[b]|wr] //; exists (Ordinal Bpos).
Qed.

Lemma card_right : #|~: wrongOn| = n - w.
Proof. by rewrite -(cardsC wrongOn) addKn. Qed.

Lemma wrong_draws (J : {set 'I_T}) :
  #|[set p : {ffun 'I_T -> X} | [set t | p t \in wrongOn] == J]| = w ^ #|J| * (n - w) ^ (T - #|J|).
Proof.
pose F (t : 'I_T) : pred X := fun x => if t \in J then x \in wrongOn else x \in ~: wrongOn.
transitivity #|family F|.
  apply: eq_card => p; rewrite !inE; apply/eqP/familyP=> [/setP e t|fam].
    by move: (e t); rewrite !inE /F => <-; rewrite unfold_in; case: ifP => h'; rewrite ?inE ?h'.
  apply/setP=> t; rewrite inE; move: (fam t); rewrite unfold_in /F.
  by case: (t \in J) => // /[!inE]; exact: negbTE.
rewrite card_family foldrE big_map big_enum /= (bigID (mem J)) /=; congr (_ * _).
  rewrite (eq_bigr (fun=> w)) ?prod_nat_const // => t tJ.
  by apply: eq_card => x; rewrite unfold_in /F tJ.
rewrite (eq_bigr (fun=> n - w)); last first.
  by move=> t tJ; rewrite -card_right; apply: eq_card => x; rewrite unfold_in /F (negbTE tJ).
rewrite prod_nat_const; congr (_ ^ _).
have -> : T - #|J| = #|~: J| by rewrite -[#|~: J|](addKn #|J|) cardsC card_ord.
by apply: eq_card => t; rewrite !inE.
Qed.

Lemma publics_pass s : #|[set p : {ffun 'I_T -> X} | #|[set t | p t \in wrongOn]| <= s]| =
  \sum_(j < s.+1) 'C(T, j) * (w ^ j * (n - w) ^ (T - j)).
Proof.
rewrite -sum1_card (eq_bigl (fun p : {ffun 'I_T -> X} => #|[set t | p t \in wrongOn]| <= s)); last by move=> p; rewrite inE.
rewrite (partition_big (fun p : {ffun 'I_T -> X} => inord #|[set t | p t \in wrongOn]| : 'I_s.+1) predT) //=.
apply: eq_bigr => j _.
rewrite (eq_bigl (fun p : {ffun 'I_T -> X} => #|[set t | p t \in wrongOn]| == j)); last first.
  move=> p; apply/andP/eqP=> [[le /eqP <-]|e]; first by rewrite inordK.
  by rewrite e -ltnS ltn_ord inord_val.
rewrite (partition_big (fun p : {ffun 'I_T -> X} => [set t | p t \in wrongOn]) (fun J : {set 'I_T} => #|J| == j)) //=.
rewrite (eq_bigr (fun=> w ^ j * (n - w) ^ (T - j))); last first.
  move=> J /eqP Jj.
  transitivity #|[set p : {ffun 'I_T -> X} | [set t | p t \in wrongOn] == J]|; last by rewrite wrong_draws Jj.
  by rewrite -sum1_card; apply: eq_bigl => p; rewrite inE andbC; case: (_ =P J) => [->|//]; rewrite Jj eqxx.
have choices : #|[set J : {set 'I_T} | #|J| == j]| = 'C(T, j) by rewrite card_draws card_ord.
by rewrite sum_nat_const -choices; congr (_ * _); apply: eq_card => J; rewrite !inE.
Qed.

Lemma some_query_wrong : #|[set q : {ffun 'I_R -> X} | [exists r, q r \in wrongOn]]| = n ^ R - (n - w) ^ R.
Proof.
set bad := [set q : {ffun 'I_R -> X} | _].
have all : #|~: bad| = (n - w) ^ R.
  rewrite -card_right -[in RHS](card_ord R) -card_ffun_on; apply: eq_card => q; rewrite !inE negb_exists.
  by apply/forallP/ffun_onP=> e r; move: (e r); rewrite !inE.
by rewrite -all -[in n ^ R](card_ord R) -card_ffun -(cardsC bad) addnK.
Qed.

(* the draws of queries and publics with which the server wins *)
Definition swapped_draws s : {set {ffun 'I_R -> X} * {ffun 'I_T -> X}} :=
  [set d : {ffun 'I_R -> X} * {ffun 'I_T -> X} | labelsWin (fun r => h (d.1 r)) (fun t => h (d.2 t)) s (swapped d.1 d.2)].

Theorem swapped_wins s : #|swapped_draws s| =
  (\sum_(j < s.+1) 'C(T, j) * (w ^ j * (n - w) ^ (T - j))) * (n ^ R - (n - w) ^ R).
Proof.
rewrite -publics_pass -some_query_wrong mulnC -cardsX; apply: eq_card => -[q p].
by rewrite !inE swapped_labels andbC.
Qed.
End Counting.

(* The chance that the server wins at slack 0. *)
Section Rate.
Local Open Scope ring_scope.

Lemma share_of_draws (n v R T : nat) : (0 < n)%N -> (v <= n)%N ->
  (v ^ T * (n ^ R - v ^ R))%N%:R / (n ^ R * n ^ T)%N%:R =
  (v%:R / n%:R) ^+ T * (1 - (v%:R / n%:R) ^+ R) :> rat.
Proof.
move=> n0 le; have N0 : n%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n.
have le' : (v ^ R <= n ^ R)%N by case: (posnP R) => [->|R0] //; rewrite leq_exp2r.
rewrite !expr_div_n [in LHS]natrM natrB // [(n ^ R * _)%N%:R]natrM !natrX.
by rewrite invfM [X in _ * X]mulrC mulrACA mulrBl divff // expf_neq0.
Qed.

Variables R B T : nat.
Context (Bpos : (0 < B)%N).
Variables (X : finType) (L : eqType).
Variables h g : X -> L.
Context (Xpos : (0 < #|X|)%N).
Local Notation draws := ({ffun 'I_R -> X} * {ffun 'I_T -> X})%type.

Definition pr_swapped s : rat := #|@swapped_draws R B T X L h g s|%:R / #|{: draws}|%:R.
Definition right_share : rat := (#|X| - #|wrongOn h g|)%N%:R / #|X|%:R.

Theorem swapped_rate : pr_swapped 0 = right_share ^+ T * (1 - right_share ^+ R).
Proof.
have draws_number : #|{: draws}| = (#|X| ^ R * #|X| ^ T)%N by rewrite card_prod 2!card_ffun 2!card_ord.
have wins := @swapped_wins R B T Bpos X L h g 0.
rewrite big_ord1 bin0 expn0 2!mul1n subn0 in wins.
rewrite /pr_swapped wins draws_number; exact: share_of_draws (leq_subr _ _).
Qed.
End Rate.

(* The largest rate at slack 0, in any ordered field: the arithmetic and the geometric mean of T numbers y/T and R numbers
   (1-y)/R, where y = x^R. *)
Section Largest.
Local Open Scope ring_scope.
Variable F : realFieldType.
Variables R T : nat.
Context (Rpos : (0 < R)%N) (Tpos : (0 < T)%N).
Local Notation most := ((T ^ T * R ^ R)%N%:R / ((T + R) ^ (T + R))%N%:R : F).

Lemma means_product (y : F) (E := fun i : 'I_T + 'I_R => if i is inl _ then y / T%:R else (1 - y) / R%:R) :
  \prod_i E i = y ^+ T * (1 - y) ^+ R / (T ^ T * R ^ R)%N%:R.
Proof.
rewrite big_sumType /= 2!prodr_const 2!card_ord 2!expr_div_n natrM 2!natrX invfM.
by rewrite mulrACA.
Qed.

Lemma means_sum (y : F) (E := fun i : 'I_T + 'I_R => if i is inl _ then y / T%:R else (1 - y) / R%:R) :
  \sum_i E i = 1.
Proof.
have T0 : T%:R != 0 :> F by rewrite pnatr_eq0 -lt0n.
have R0 : R%:R != 0 :> F by rewrite pnatr_eq0 -lt0n.
rewrite big_sumType /= 2!sumr_const 2!card_ord -[(y / _) *+ _]mulr_natr -[(_ / R%:R) *+ _]mulr_natr divfK // divfK //.
by rewrite addrC subrK.
Qed.

Lemma weighted_means (y : F) : 0 <= y <= 1 -> y ^+ T * (1 - y) ^+ R <= most ?= iff (y == T%:R / (T + R)%:R).
Proof.
case/andP=> y0 y1; pose E (i : 'I_T + 'I_R) : F := if i is inl _ then y / T%:R else (1 - y) / R%:R.
have T0 : T%:R != 0 :> F by rewrite pnatr_eq0 -lt0n.
have R0 : R%:R != 0 :> F by rewrite pnatr_eq0 -lt0n.
have N0 : (T + R)%:R != 0 :> F by rewrite pnatr_eq0 addn_eq0 negb_and -!lt0n Rpos orbT.
have P0 : 0 < (T ^ T * R ^ R)%N%:R :> F by rewrite ltr0n muln_gt0 !expn_gt0 Tpos Rpos.
have pos : {in predT, forall i, 0 <= E i}.
  by case=> i _; rewrite /E mulr_ge0 ?invr_ge0 ?ler0n // subr_ge0.
have card : #|{: 'I_T + 'I_R}| = (T + R)%N by rewrite card_sum 2!card_ord.
have mostE : most = (1 / (T + R)%:R) ^+ (T + R) * (T ^ T * R ^ R)%N%:R.
  by rewrite expr_div_n expr1n [RHS]mulrC mulrA mulr1 [((T + R) ^ _)%N%:R]natrX.
have alike : [forall i in predT, forall j in predT, E i == E j] = (y == T%:R / (T + R)%:R).
  apply/idP/eqP=> [/forallP all|ye].
    have /implyP /(_ isT) /forallP /(_ (inr (Ordinal Rpos))) /implyP /(_ isT) := all (inl (Ordinal Tpos)).
    rewrite /= eqr_div // => /eqP e; apply: (mulIf N0); rewrite divfK // natrD mulrDr e.
    by rewrite mulrBl mul1r addrC subrK.
  have share i : E i = (T + R)%:R^-1.
    case: i => i; rewrite /E ye; first by rewrite mulrAC divff // mul1r.
    rewrite -[X in X - _](divff N0) -mulrBl natrD [_ + R%:R]addrC addrK.
    by rewrite mulrAC divff // mul1r.
  by apply/forallP=> i; apply/implyP=> _; apply/forallP=> j; apply/implyP=> _; rewrite !share.
have [le eq] := leif_AGM pos.
rewrite card means_sum means_product in le eq.
rewrite alike in eq.
move: le eq; set a := y ^+ T * _; set b := _ ^+ _; set p := _%:R in P0 mostE *; move=> le eq.
rewrite mostE; split; first by rewrite -ler_pdivr_mulr.
by rewrite -eq -[in RHS](inj_eq (mulIf (lt0r_neq0 P0))) divfK // lt0r_neq0.
Qed.

(* x is the fraction of inputs on which the function is right. The R-th power of the rate stands for the rate: the bound's R-th
   root need not be in the field. *)
Theorem rate_at_most (x : F) : 0 <= x <= 1 -> (x ^+ T * (1 - x ^+ R)) ^+ R <= most.
Proof.
case/andP=> x0 x1; rewrite exprMn -exprM mulnC exprM.
have y01 : 0 <= x ^+ R <= 1 by rewrite exprn_ge0 // exprn_ile1.
by case: (weighted_means y01).
Qed.

Theorem rate_attained (x : F) : 0 <= x <= 1 ->
  ((x ^+ T * (1 - x ^+ R)) ^+ R == most) = (x ^+ R == T%:R / (T + R)%:R).
Proof.
case/andP=> x0 x1; rewrite exprMn -exprM mulnC exprM.
have y01 : 0 <= x ^+ R <= 1 by rewrite exprn_ge0 // exprn_ile1.
by case: (weighted_means y01).
Qed.
End Largest.
