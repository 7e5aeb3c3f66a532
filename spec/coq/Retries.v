(* Several sessions in a trial, as `sessions` of a script plays them: each as the one before but for fresh draws, and ended early by a verdict.
   A trial is won if any session is, and is else as the last one ended. With w, h and c for a session that is won, harmless and caught, proved here:
   - until_accepted_wins, until_accepted_harmless: until one is accepted, w and h times 1 + c + .. + c^(q-1);
   - until_rejected_harmless, until_rejected_caught: until one is rejected, h^q, and c times 1 + h + .. + h^(q-1);
   - of_all_won, of_all_harmless: all of them, 1 - (1-w)^q, and (1-w)^(q-1) h;
   - retries_counted, retries_computed: retriesN over binary numbers is the first, the fourth and the fifth of these, as a fraction.
   [outside.rs: Rates::until_accepted, until_rejected, of_all] *)
Require Import NArith.
From mathcomp Require Import all_ssreflect all_algebra.
Require Import Computed Strategies.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Local Notation N := BinNums.N.
Local Notation "n %:B" := (N.of_nat n) (at level 2, format "n %:B").

(* the sum of x^i over d^(q-1), for i below q *)
Definition powersSum x d q : nat := (\sum_(i < q) x ^ i * d ^ (q.-1 - i))%N.
Definition retriesSum stop m n d q : nat := match stop with
  | 0 => m * powersSum (d - m - n) d q
  | 1 => (d - m - n) * powersSum n d q
  | _ => d ^ q - (d - m) ^ q
  end%N.
Definition powersN (x d : N) q : N := sumN (index_iota 0 q) (fun i => N.mul (N.pow x i%:B) (N.pow d (q.-1 - i)%N%:B)).
(* of q sessions, with d^q as denominator: 0 for a win until the first that is accepted, 1 for being caught until the first that is rejected, 2 for a win in any *)
Definition retriesN (stop : nat) (m n d : N) q : N := match stop with
  | 0 => N.mul m (powersN (N.sub (N.sub d m) n) d q)
  | 1 => N.mul (N.sub (N.sub d m) n) (powersN n d q)
  | _ => N.sub (N.pow d q%:B) (N.pow (N.sub d m) q%:B)
  end.

(* Several sessions in one trial, each as the one before but for fresh draws *)
Section Sessions.
Variable once : draws outcome.
Context (legal : always (fun=> True) once).
Let w := mean won once.
Let h := mean harmless once.
Let c := mean caught once.

Lemma outcomes_sum : w + h + c = 1.
Proof. by rewrite /w /h /c -!mean_add -(mean1 legal); apply: mean_eq => -[]; rewrite /= ?add0r ?addr0. Qed.

Lemma mean_once (f : outcome -> rat) : mean f once = w * f Won + h * f Harmless + c * f Caught.
Proof.
rewrite ![_ * f _]mulrC -!mean_mul -!mean_add; apply: mean_eq => -[] /=; by rewrite ?mulr1 ?mulr0 ?add0r ?addr0.
Qed.

Fixpoint sessions (stop : outcome -> bool) q : draws (seq outcome) :=
  if q is q'.+1 then after once (fun o => if stop o then Done [:: o] else after (sessions stop q') (fun rest => Done (o :: rest)))
  else Done [::].
(* a win counts whatever follows it; without one the last session decides *)
Fixpoint trial os := match os with
  | [::] => Caught
  | [:: o] => o
  | o :: rest => if o is Won then Won else trial rest
  end.
Definition until stop q (f : outcome -> rat) := mean (fun os => f (trial os)) (sessions stop q).

Definition accepted o := if o is Caught then false else true.
Definition rejected o := ~~ accepted o.
Definition no_stop (o : outcome) := false.

Lemma sessions_some stop q : always (fun os => os <> [::]) (sessions stop q.+1).
Proof.
elim: q => [|q IH]; apply: (always_after legal) => o _; case: ifP => _ //.
by apply: (always_after IH) => t _.
Qed.

(* one session, and then the others *)
Lemma until_step stop q f : until stop q.+2 f =
  mean (fun o => if stop o then f o else if o is Won then f Won else until stop q.+1 f) once.
Proof.
rewrite /until [sessions stop q.+2]/= mean_after; apply: mean_eq => o; case: ifP => // _; rewrite mean_after.
case: o; try by apply: always_mean; apply: (always_imp _ (sessions_some stop q)) => -[|? ?].
rewrite -[RHS](@mean_const _ (sessions stop q.+1)); last by apply: (always_imp _ (sessions_some stop q)).
by apply: always_mean; apply: (always_imp _ (sessions_some stop q)) => -[|? ?].
Qed.

Lemma until_one stop f : until stop 1 f = mean f once.
Proof. by rewrite /until /= mean_after; apply: mean_eq => o; case: ifP. Qed.

Definition powers x q : rat := \sum_(i < q) x ^+ i.
Lemma powers_step x q : powers x q.+1 = 1 + x * powers x q.
Proof. by rewrite /powers big_ord_recl expr0 mulr_sumr; congr (_ + _); apply: eq_bigr => i _; rewrite -exprS. Qed.

Lemma powers_counted x d q : (0 < d)%N -> powers (x%:R / d%:R) q.+1 = (powersSum x d q.+1)%:R / (d ^ q)%:R.
Proof.
move=> d0; have du : d%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n.
rewrite /powers /powersSum natr_sum mulr_suml; apply: eq_bigr => i _ /=.
have iq : (i <= q)%N by rewrite -ltnS.
rewrite expr_div_n natrM !natrX -[X in _ = _ / d%:R ^+ X](subnK iq) exprD [in RHS](mulrC (_ ^+ (q - i))).
by rewrite -mulf_div divff ?mulr1 // expf_neq0.
Qed.

Theorem until_accepted_wins q : until accepted q.+1 won = w * powers c q.+1.
Proof.
elim: q => [|q IH]; first by rewrite until_one /powers big_ord1 expr0 mulr1.
by rewrite until_step mean_once IH /= [powers _ q.+2]powers_step mulrDr mulr0 addr0; congr (_ + _); exact: mulrCA.
Qed.

Theorem until_accepted_harmless q : until accepted q.+1 harmless = h * powers c q.+1.
Proof.
elim: q => [|q IH]; first by rewrite until_one /powers big_ord1 expr0 mulr1.
by rewrite until_step mean_once IH /= [powers _ q.+2]powers_step mulrDr mulr0 add0r; congr (_ + _); exact: mulrCA.
Qed.

Theorem until_rejected_harmless q : until rejected q.+1 harmless = h ^+ q.+1.
Proof.
elim: q => [|q IH]; first by rewrite until_one expr1.
by rewrite until_step mean_once IH /= !mulr0 add0r addr0 -exprS.
Qed.

Theorem until_rejected_caught q : until rejected q.+1 caught = c * powers h q.+1.
Proof.
elim: q => [|q IH]; first by rewrite until_one /powers big_ord1 expr0 mulr1.
by rewrite until_step mean_once IH /= [powers _ q.+2]powers_step mulrDr mulr0 add0r addrC; congr (_ + _); exact: mulrCA.
Qed.

Theorem of_all_won q : until no_stop q.+1 won = 1 - (1 - w) ^+ q.+1.
Proof.
elim: q => [|q IH]; first by rewrite until_one expr1 opprB addrC subrK.
rewrite until_step mean_once IH /= mulr1 [in RHS]exprS -addrA -mulrDl.
have -> : h + c = 1 - w by rewrite -outcomes_sum -addrA [RHS]addrC addKr.
by rewrite mulrBr mulr1 addrA [w + _]addrC subrK.
Qed.

Theorem of_all_harmless q : until no_stop q.+1 harmless = (1 - w) ^+ q * h.
Proof.
elim: q => [|q IH]; first by rewrite until_one expr0 mul1r.
rewrite until_step mean_once IH /= mulr0 add0r -mulrDl exprS -mulrA; congr (_ * _).
by rewrite -outcomes_sum -addrA [RHS]addrC addKr.
Qed.

(* the same as fractions: of d equally likely cases a session is won in m and harmless in n *)
Section Counted.
Variables m n d : nat.
Context (d0 : (0 < d)%N) (mn : (m + n <= d)%N) (wE : w = m%:R / d%:R) (hE : h = n%:R / d%:R).
Let k := (d - m - n)%N.

Lemma caughtE : c = k%:R / d%:R.
Proof.
have du : d%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n.
have -> : c = 1 - (w + h) by rewrite -outcomes_sum [RHS]addrC addKr.
by rewrite wE hE -mulrDl -natrD /k -subnDA natrB // mulrBl divff.
Qed.

Theorem retries_counted q : let p := (d ^ q.+1)%:R : rat in
  [/\ until accepted q.+1 won = (retriesSum 0 m n d q.+1)%:R / p, until rejected q.+1 caught = (retriesSum 1 m n d q.+1)%:R / p
    & until no_stop q.+1 won = (retriesSum 2 m n d q.+1)%:R / p].
Proof.
have du : d%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n.
move=> p; split; rewrite ?until_accepted_wins ?until_rejected_caught ?of_all_won ?caughtE ?wE ?hE.
- by rewrite powers_counted // mulf_div -natrM -natrM -expnS.
- by rewrite powers_counted // mulf_div -natrM -natrM -expnS.
have md : (m <= d)%N by apply: leq_trans (leq_addr _ _) mn.
have le : ((d - m) ^ q.+1 <= d ^ q.+1)%N by rewrite leq_exp2r // leq_subr.
have pu : p != 0 by rewrite pnatr_eq0 -lt0n expn_gt0 d0.
have -> : 1 - m%:R / d%:R = (d - m)%:R / d%:R :> rat by rewrite natrB // mulrBl divff.
by rewrite [retriesSum _ _ _ _ _]/(d ^ q.+1 - (d - m) ^ q.+1)%N (natrB _ le) mulrBl divff // expr_div_n /p !natrX.
Qed.
End Counted.
End Sessions.

Theorem retries_computed stop m n d q : retriesN stop m%:B n%:B d%:B q = (retriesSum stop m n d q)%:B.
Proof.
have powersE x : powersN x%:B d%:B q = (powersSum x d q)%:B.
  rewrite /powersN /powersSum -(big_mkord predT (fun i => x ^ i * d ^ (q.-1 - i)))%N; apply: sumNE => i.
  by rewrite !powNE mulNE.
by rewrite /retriesN /retriesSum; case: stop => [|[|stop]]; rewrite !(subNE, powersE, mulNE, powNE).
Qed.
