(* The confidence sequence of Robbins with the uniform mixture (Ann. Math. Stat. 41, 1970), as evidence/confidence.rs decides it,
   by Ville's inequality on a finite horizon. A trial succeeds with probability p, and trials are independent. After trials s the
   rate p is excluded where (n+1) C(n,S) p^S (1-p)^(n-S) <= alpha [not Evidence::contains]. Proved here:
   - rate_ever_excluded: within any number of trials, the true rate is excluded after some of them with probability at most
     alpha: one may look after each;
   - rate_excluded_at_stop: so with any rule for when to stop;
   - some_rate_ever_excluded: of several rates, tested on trials that depend on each other in any way, some true one is excluded
     with at most the sum of their alphas. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory Order.TTheory.
Local Open Scope ring_scope.

Section Ville.
Variable F : realFieldType.
Implicit Types (s : seq bool) (p alpha : F).

Definition successes s := count id s.
Definition failures s := count negb s.
Lemma trials s : (successes s + failures s)%N = size s.
Proof. exact: count_predC. Qed.

(* the probability that the first trials are s; and the same averaged over p, uniform from 0 to 1, times ways s *)
Definition chance p s := p ^+ successes s * (1 - p) ^+ failures s.
Definition ways s := ((size s).+1 * 'C(size s, successes s))%N.
Definition excluded p alpha s := (ways s)%:R * chance p s <= alpha.

Definition mixture s : F := (ways s)%:R^-1.

Lemma ways_gt0 s : 0 < (ways s)%:R :> F.
Proof. by rewrite ltr0n muln_gt0 bin_gt0 /= -trials leq_addr. Qed.
Lemma mixture_ge0 s : 0 <= mixture s.
Proof. by rewrite invr_ge0 ltW // ways_gt0. Qed.

Lemma successes_rcons s b : successes (rcons s b) = (successes s + b)%N.
Proof. by rewrite /successes -cats1 count_cat /= addn0. Qed.
Lemma failures_rcons s b : failures (rcons s b) = (failures s + ~~ b)%N.
Proof. by rewrite /failures -cats1 count_cat /= addn0. Qed.

(* the martingale: under the mixture a sequence is followed by a success or a failure *)
Lemma mixture_splits s : mixture (rcons s true) + mixture (rcons s false) = mixture s.
Proof.
set n := size s; set k := successes s; have kn : (k <= n)%N by rewrite -[n](trials s) leq_addr.
have share a b : (a * b = ways s)%N -> (b%:R)^-1 = a%:R * mixture s.
  move=> e; rewrite /mixture -e natrM invfM mulrA divff ?mul1r // pnatr_eq0.
  by apply: contraTneq (ways_gt0 s) => a0; rewrite -e a0 mul0n ltxx.
have up : (k.+1 * 'C(n.+1, k.+1) = ways s)%N by rewrite -(mul_bin_diag n.+1).
have stay : ((n.+1 - k) * 'C(n.+1, k) = ways s)%N by rewrite -mul_bin_down.
rewrite {1 2}/mixture /ways !size_rcons !successes_rcons addn0 addn1 -/n -/k !natrM !invfM.
rewrite (share _ _ up) (share _ _ stay) -mulrDr -mulrDl -natrD.
have -> : (k.+1 + (n.+1 - k) = n.+2)%N by rewrite addSn subnKC // leqW.
by rewrite mulrA mulVf ?mul1r // pnatr_eq0.
Qed.

Lemma chance_splits p s : chance p (rcons s true) + chance p (rcons s false) = chance p s.
Proof.
rewrite /chance !successes_rcons !failures_rcons !addn0 !addn1 !exprS mulrCA -mulrA -mulrDl.
by rewrite [p + _]addrC subrK mul1r.
Qed.

Lemma sum_trials h (G : seq bool -> F) :
  \sum_(t : h.+1.-tuple bool) G t = \sum_(t : h.-tuple bool) (G (true :: t) + G (false :: t)).
Proof.
rewrite big_split -[RHS](big_bool _ (fun b => \sum_(t : h.-tuple bool) G (b :: t))) pair_bigA /=.
rewrite (reindex (fun u : bool * h.-tuple bool => [tuple of u.1 :: u.2])) //=.
exists (fun t => (thead t, [tuple of behead t])) => [[b t] _|t _]; last by rewrite -tuple_eta.
by congr pair; apply: val_inj.
Qed.

Lemma sum_none (G : seq bool -> F) : \sum_(t : 0.-tuple bool) G t = G [::].
Proof. by rewrite (big_pred1 [tuple]) // => t; apply/esym/eqP; exact: tuple0. Qed.

Lemma chance_total p h s : \sum_(t : h.-tuple bool) chance p (s ++ t) = chance p s.
Proof.
elim: h s => [|h IH] s; first by rewrite (sum_none (fun t => chance p (s ++ t))) cats0.
rewrite (sum_trials h (fun t => chance p (s ++ t))) big_split /= -chance_splits -(IH (rcons s true)) -(IH (rcons s false)).
by congr (_ + _); apply: eq_bigr => t _; rewrite cat_rcons.
Qed.

(* whether a sequence is bad after s or after further trials of t *)
Fixpoint ever (bad : pred (seq bool)) s t := bad s || (if t is b :: t' then ever bad (rcons s b) t' else false).
Lemma everP bad s t : ever bad s t = [exists m : 'I_(size t).+1, bad (s ++ take m t)].
Proof.
elim: t s => [|b t IH] s /=.
  by rewrite orbF; apply/idP/existsP => [b|[m]]; [exists ord0|]; rewrite cats0.
apply/orP/existsP => [[b0|]|[[[|m] lt] /=]]; first by exists ord0; rewrite /= cats0.
- rewrite IH => /existsP[m b1]; exists (lift ord0 m).
  by rewrite /= -cat_rcons.
- by rewrite cats0; left.
- by rewrite -cat_rcons => b1; right; rewrite IH; apply/existsP; exists (Ordinal (lt : (m < (size t).+1)%N)).
Qed.

(* Ville's inequality from s on, by induction on the horizon: where what is bad is at most alpha times as likely as under weights that
   no further trial increases *)
Lemma ever_from (p alpha : F) (weight : seq bool -> F) (bad : pred (seq bool)) : 0 <= alpha -> (forall s, 0 <= weight s) ->
  (forall s, weight (rcons s true) + weight (rcons s false) <= weight s) -> (forall s, bad s -> chance p s <= alpha * weight s) ->
  forall h s, \sum_(t : h.-tuple bool | ever bad s t) chance p (s ++ t) <= alpha * weight s.
Proof.
move=> alpha0 weight0 splits bounded; elim=> [|h IH] s; rewrite big_mkcond.
  rewrite (sum_none (fun t => if ever _ s t then chance p (s ++ t) else 0)) /= orbF cats0.
  by case: ifP => [/bounded //|_]; rewrite mulr_ge0.
have [now|later] := boolP (bad s).
  apply: le_trans (bounded _ now); rewrite -(chance_total p h.+1 s) le_eqVlt; apply/orP; left; apply/eqP.
  by apply: eq_bigr => -[[|b t] lt] _ //=; rewrite now.
apply: le_trans (ler_wpmul2l alpha0 (splits s)); rewrite mulrDr.
rewrite (sum_trials h (fun t => if ever _ s t then chance p (s ++ t) else 0)) /= (negbTE later) /=.
rewrite big_split /= -!big_mkcond; apply: ler_add.
  by under eq_bigr do rewrite -cat_rcons; apply: IH.
by under eq_bigr do rewrite -cat_rcons; apply: IH.
Qed.

(* so from the first trial on *)
Lemma ever_bad (p alpha : F) (weight : seq bool -> F) (bad : pred (seq bool)) n : 0 <= alpha -> (forall s, 0 <= weight s) ->
  (forall s, weight (rcons s true) + weight (rcons s false) <= weight s) -> (forall s, bad s -> chance p s <= alpha * weight s) ->
  \sum_(t : n.-tuple bool | [exists m : 'I_n.+1, bad (take m t)]) chance p t <= alpha * weight [::].
Proof.
move=> alpha0 weight0 splits bounded; apply: le_trans (ever_from alpha0 weight0 splits bounded n [::]).
by rewrite le_eqVlt; apply/orP; left; apply/eqP; apply: eq_bigl => t; rewrite everP size_tuple.
Qed.

Section Excluded.
Variables (p alpha : F).
Context (p01 : 0 <= p <= 1) (alpha0 : 0 <= alpha).

Lemma chance_ge0 s : 0 <= chance p s.
Proof. by case/andP: p01 => p0 p1; rewrite mulr_ge0 ?exprn_ge0 // subr_ge0. Qed.

Lemma excluded_chance s : excluded p alpha s -> chance p s <= alpha * mixture s.
Proof. by rewrite /excluded mulrC -ler_pdivl_mulr ?ways_gt0. Qed.

Lemma excluded_from h s : \sum_(t : h.-tuple bool | ever (excluded p alpha) s t) chance p (s ++ t) <= alpha * mixture s.
Proof.
by apply: (ever_from alpha0 mixture_ge0 _ (@excluded_chance)) => u; rewrite mixture_splits.
Qed.

Theorem rate_ever_excluded n :
  \sum_(t : n.-tuple bool | [exists m : 'I_n.+1, excluded p alpha (take m t)]) chance p t <= alpha.
Proof.
apply: (@le_trans _ _ (alpha * mixture [::])); last by rewrite /mixture /ways bin0 invr1 mulr1.
apply: le_trans (excluded_from n [::]); rewrite le_eqVlt; apply/orP; left; apply/eqP; apply: eq_bigl => t.
by rewrite everP size_tuple.
Qed.

Corollary rate_excluded_at_stop n (stop : n.-tuple bool -> 'I_n.+1) :
  \sum_(t : n.-tuple bool | excluded p alpha (take (stop t) t)) chance p t <= alpha.
Proof.
apply: le_trans (rate_ever_excluded n); rewrite [leLHS]big_mkcond [leRHS]big_mkcond; apply: ler_sum => t _.
case: ifP => [e|_]; last by case: ifP => // _; apply: chance_ge0.
by case: existsP => // none; case: none; exists (stop t).
Qed.
End Excluded.

(* Omega is whatever happens in a campaign, with its weights; clause i sees n i trials, which succeed with p i, independently. *)
Section Several.
Variables (I Omega : finType) (weight : Omega -> F) (n : I -> nat) (p alpha : I -> F).
Variable seen : forall i, Omega -> (n i).-tuple bool.
Context (weight_ge0 : forall w, 0 <= weight w) (alpha0 : forall i, 0 <= alpha i).
Context (law : forall i t, \sum_(w | seen i w == t) weight w = chance (p i) t).

Definition misses i w := [exists m : 'I_(n i).+1, excluded (p i) (alpha i) (take m (seen i w))].

Lemma some_ever_bad (bad : I -> pred (seq bool)) :
  (forall i, \sum_(t : (n i).-tuple bool | [exists m : 'I_(n i).+1, bad i (take m t)]) chance (p i) t <= alpha i) ->
  \sum_(w | [exists i, [exists m : 'I_(n i).+1, bad i (take m (seen i w))]]) weight w <= \sum_i alpha i.
Proof.
move=> bounded; pose fails i w := [exists m : 'I_(n i).+1, bad i (take m (seen i w))].
apply: (@le_trans _ _ (\sum_i \sum_(w | fails i w) weight w)).
  rewrite (exchange_big_dep predT) //= big_mkcond; apply: ler_sum => w _.
  case: existsP => [[i m]|_]; last exact: sumr_ge0.
  by rewrite (bigD1 i) //= ler_addl sumr_ge0.
apply: ler_sum => i _; apply: le_trans (bounded i).
rewrite (partition_big (seen i) (fun t : (n i).-tuple bool => [exists m : 'I_(n i).+1, bad i (take m t)])) //.
apply: ler_sum => t e; rewrite -law le_eqVlt; apply/orP; left; apply/eqP; apply: eq_bigl => w.
by rewrite /fails; case: eqP => [->|_]; rewrite ?e ?andbF.
Qed.

Theorem some_rate_ever_excluded : \sum_(w | [exists i, misses i w]) weight w <= \sum_i alpha i.
Proof. by apply: (some_ever_bad (bad := fun i => excluded (p i) (alpha i))) => i; apply: rate_ever_excluded. Qed.
End Several.
End Ville.
