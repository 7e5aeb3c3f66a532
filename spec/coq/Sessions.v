(* Several sessions, each with a fresh permutation, from which a server learns the client's verdicts and nothing else (H2, H6,
   H7). Its deviation in a session is a function of the verdicts before it. Proved here:
   - verdicts_tell_bits: after q verdicts a secret of the client, uniform among |X| and kept for all sessions, is guessed with
     probability at most 2^q / |X|, whatever else the verdicts depend on;
   - fresh_session: given any verdicts before it, a session is won as often as by a server that has seen none;
   - later_sessions: so a bound on every deviation's rate holds in every session.
   What a server may do between the verdicts is not restricted: a randomised one is a mixture of these. *)
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Mix Worst Success Deviation.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory Order.TTheory.

Section Verdicts.
(* the secret, and all else that the verdicts depend on: samples, permutations, coins *)
Variables X C : finType.
(* the verdict of the session after these verdicts: the server's deviation in it is a function of them *)
Variable verdict : X * C -> seq bool -> bool.

Fixpoint verdicts d q : seq bool := if q is q'.+1 then rcons (verdicts d q') (verdict d (verdicts d q')) else [::].
Lemma size_verdicts d q : size (verdicts d q) == q.
Proof. by elim: q => //= q /eqP e; rewrite size_rcons e. Qed.
Definition transcript q d : q.-tuple bool := Tuple (size_verdicts d q).

Lemma guessed_right q (guess : q.-tuple bool -> X) (c : C) : #|[set x | guess (transcript q (x, c)) == x]| <= 2 ^ q.
Proof.
rewrite -card_bool -card_tuple -(card_in_imset (f := fun x => transcript q (x, c))) ?max_card //.
by move=> x y; rewrite !inE => /eqP ex /eqP ey e; rewrite -ex -ey e.
Qed.

Theorem verdicts_tell_bits q (guess : q.-tuple bool -> X) : 0 < #|X| -> 0 < #|C| ->
  (#|[set d | guess (transcript q d) == d.1]|%:R / #|{: X * C}|%:R <= (2 ^ q)%:R / #|X|%:R :> rat)%R.
Proof.
move=> X0 C0; have X1 : (0 < #|X|%:R :> rat)%R by rewrite ltr0n.
have XC : (0 < #|{: X * C}|%:R :> rat)%R by rewrite ltr0n card_prod muln_gt0 X0.
rewrite ler_pdivr_mulr // mulrAC ler_pdivl_mulr // -!natrM ler_nat card_prod mulnCA mulnC leq_mul2l.
apply/orP; right; rewrite -sum1_card (partition_big (fun d : X * C => d.2) predT) //= mulnC -sum_nat_const.
apply: leq_sum => c _; rewrite sum1dep_card; apply: leq_trans (guessed_right guess c).
rewrite -(card_in_imset (f := fun d : X * C => d.1)); last first.
  by move=> [x d] [y e]; rewrite !inE /= => /andP[_ /eqP ->] /andP[_ /eqP ->] ->.
apply: subset_leq_card; apply/subsetP=> x /imsetP[[y d]].
by rewrite !inE /= => /andP[right /eqP <-] ->.
Qed.
End Verdicts.

Section Fresh.
Local Open Scope ring_scope.
Variables R B T : nat.
Local Notation slot := (slot R B T).
Variables (Q : {set 'I_R}) (P : {set 'I_T}) (s : nat).
(* all that the verdicts so far depend on, what the server has seen of it, and the slots that it then chooses *)
Variables (Past : finType) (V : eqType) (view : Past -> V) (choice : V -> {set slot}).

Definition won (v : V) (d : Past * {perm slot}) := devWins Q P s (d.2 @: choice v).

Theorem fresh_session v : (exists w, view w == v) ->
  #|[set d : Past * {perm slot} | (view d.1 == v) && won v d]|%:R / #|[set d : Past * {perm slot} | view d.1 == v]|%:R =
  pr_deviation Q P s (choice v).
Proof.
case=> w seen; set pasts := [set w | view w == v].
have some : #|pasts|%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n; apply/card_gt0P; exists w; rewrite inE.
have -> : #|[set d : Past * {perm slot} | (view d.1 == v) && won v d]| =
    (#|pasts| * #|[set p : {perm slot} | devWins Q P s (p @: choice v)]|)%N.
  by rewrite -cardsX; apply: eq_card => -[u p]; rewrite !inE.
have -> : #|[set d : Past * {perm slot} | view d.1 == v]| = (#|pasts| * #|{perm slot}|)%N.
  by rewrite -cardsT -cardsX; apply: eq_card => -[u p]; rewrite !inE andbT.
by rewrite !natrM -mulf_div divff // mul1r.
Qed.

Theorem later_sessions (bound : rat) : (forall S : {set slot}, pr_deviation Q P s S <= bound) -> (0 < #|Past|)%N ->
  #|[set d : Past * {perm slot} | won (view d.1) d]|%:R / #|{: Past * {perm slot}}|%:R <= bound.
Proof.
move=> bounded past; have perms : (0 < #|{perm slot}|)%N by apply/card_gt0P; exists 1%g.
have all : 0 < #|{: Past * {perm slot}}|%:R :> rat by rewrite ltr0n card_prod muln_gt0 past.
rewrite ler_pdivr_mulr // -sum1_card (partition_big (fun d : Past * {perm slot} => d.1) predT) //= natr_sum.
have -> : bound * #|{: Past * {perm slot}}|%:R = \sum_(u : Past) bound * #|{perm slot}|%:R.
  by rewrite sumr_const card_prod natrM mulrCA mulr_natl.
apply: ler_sum => u _.
have perms' : 0 < #|{perm slot}|%:R :> rat by rewrite ltr0n.
have := bounded (choice (view u)); rewrite /pr_deviation ler_pdivr_mulr //; apply: le_trans.
rewrite ler_nat sum1dep_card -(card_in_imset (f := fun d : Past * {perm slot} => d.2)); last first.
  by move=> [v p] [w r]; rewrite !inE /= => /andP[_ /eqP ->] /andP[_ /eqP ->] ->.
apply: subset_leq_card; apply/subsetP=> p /imsetP[[w r]].
by rewrite !inE /= => /andP[h /eqP <-] ->.
Qed.
End Fresh.
