(* Strategies of a script as a small language, and their rates. A server draws numbers, one after another, and so decides by which act it touches
   which slots; then the slots are mixed by a uniform permutation, and the client judges. Proved here:
   - strategy_rate: where the rate of an act on fixed slots depends on their number alone, the rate of a strategy is the average of it over the
     cases of its law: the acts of `one_of` by their weights, and of each the numbers of slots that its place has, for `each` those of
     min(Bin(n,p), at_most);
   - strategy_wins, strategy_harmless: so with acts that change m queries and t publics it wins with the average of W/C(N,k), and is harmless
     with that of (Acc - W)/C(N,k);
   - strategy_wins_from_pools, strategy_accepted_from_pools: with samples that are drawn from pools, the averages of the rates of Pool.v.
   [scripted.rs: Scripted; place.rs: Place; rate.rs: rates] *)
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Mix Deviation Pool.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* A program that draws numbers: each below n, uniform, and independent of the ones before *)
Inductive draws (A : Type) := Done (a : A) | Draw (n : nat) (next : nat -> draws A).

Section Draws.
Implicit Types A C : Type.
(* the mean of what it returns *)
Fixpoint mean A (f : A -> rat) (c : draws A) : rat :=
  match c with Done a => f a | Draw n next => (\sum_(i < n) mean f (next i)) / n%:R end.
(* one program after another *)
Fixpoint after A C (c : draws A) (next : A -> draws C) : draws C :=
  match c with Done a => next a | Draw n more => Draw n (fun i => after (more i) next) end.
(* no number is drawn from none, and whatever is drawn has this property *)
Fixpoint always A (P : A -> Prop) (c : draws A) : Prop :=
  match c with Done a => P a | Draw n next => (0 < n)%N /\ forall i, (i < n)%N -> always P (next i) end.

Lemma mean_after A C (f : C -> rat) (c : draws A) next : mean f (after c next) = mean (fun a => mean f (next a)) c.
Proof. by elim: c => //= n more IH; congr (_ / _); apply: eq_bigr. Qed.

Lemma mean_eq A (f g : A -> rat) c : (forall a, f a = g a) -> mean f c = mean g c.
Proof. by move=> e; elim: c => //= n more IH; congr (_ / _); apply: eq_bigr. Qed.

Lemma always_mean A (f g : A -> rat) c : always (fun a => f a = g a) c -> mean f c = mean g c.
Proof. by elim: c => //= n more IH [_ h]; congr (_ / _); apply: eq_bigr => i _; apply: IH; apply: h. Qed.

Lemma always_imp A (P Q : A -> Prop) c : (forall a, P a -> Q a) -> always P c -> always Q c.
Proof. by move=> PQ; elim: c => [a /PQ //|n more IH [n0 h]]; split=> // i /h /IH. Qed.

Lemma always_after A C (P : A -> Prop) (Q : C -> Prop) c next :
  always P c -> (forall a, P a -> always Q (next a)) -> always Q (after c next).
Proof. by move=> h PQ; elim: c h => [a /PQ //|n more IH [n0 h]]; split=> // i /h; apply: IH. Qed.

Lemma mean1 A (c : draws A) : always (fun=> True) c -> mean (fun=> 1) c = 1.
Proof.
elim: c => //= n more IH [n0 h]; rewrite (eq_bigr (fun=> 1)) => [|i _]; last by apply: IH; apply: h.
by rewrite sumr_const card_ord divff // pnatr_eq0 -lt0n.
Qed.

Lemma mean_mul A (f : A -> rat) (c : draws A) x : mean (fun a => x * f a) c = x * mean f c.
Proof. by elim: c => //= n more IH; rewrite (eq_bigr (fun i : 'I_n => x * mean f (more i))) => [|i _ //]; rewrite -mulr_sumr mulrA. Qed.

Lemma mean_const A (c : draws A) x : always (fun=> True) c -> mean (fun=> x) c = x.
Proof. by move=> legal; rewrite -[RHS]mulr1 -(mean1 legal) -mean_mul; apply: mean_eq => a; rewrite mulr1. Qed.

Lemma mean_add A (f g : A -> rat) (c : draws A) : mean (fun a => f a + g a) c = mean f c + mean g c.
Proof. by elim: c => //= n more IH; rewrite (eq_bigr (fun i : 'I_n => mean f (more i) + mean g (more i))) => [|i _ //]; rewrite big_split mulrDl. Qed.

(* with a chance of a/b one thing, else another *)
Lemma mean_chance A (f : A -> rat) a b (yes no : draws A) : (a <= b)%N -> (0 < b)%N ->
  mean f (Draw b (fun i => if (i < a)%N then yes else no)) = a%:R / b%:R * mean f yes + (1 - a%:R / b%:R) * mean f no.
Proof.
move=> ab b0; have bu : b%:R != 0 :> rat by rewrite pnatr_eq0 -lt0n.
have -> : 1 - a%:R / b%:R = (b - a)%:R / b%:R :> rat by rewrite natrB // mulrBl divff.
rewrite /= -(big_mkord predT (fun i => mean f (if (i < a)%N then yes else no))) (@big_cat_nat _ _ _ a) //=.
rewrite (eq_big_nat _ _ (F2 := fun=> mean f yes)) => [|i /andP[_ ->] //].
rewrite [X in _ + X](eq_big_nat _ _ (F2 := fun=> mean f no)) => [|i /andP[ai _]]; last by rewrite ltnNge ai.
rewrite !sumr_const_nat subn0 mulrDl -[mean f yes *+ a]mulr_natl -[mean f no *+ _]mulr_natl.
by congr (_ + _); exact: mulrAC.
Qed.
End Draws.

(* `each`: slot by slot with a chance of a/b, until so many are touched *)
Section Each.
Variables (X : eqType) (a b : nat).
Context (ab : (a <= b)%N) (b0 : (0 < b)%N).
Let p : rat := a%:R / b%:R.

Fixpoint each (asked : seq X) most : draws (seq X) :=
  match asked, most with
  | x :: rest, m.+1 => Draw b (fun i => if (i < a)%N then after (each rest m) (fun t => Done (x :: t)) else each rest most)
  | _, _ => Done [::]
  end.

Definition binomial_law n k : rat := 'C(n, k)%:R * p ^+ k * (1 - p) ^+ (n - k).

Lemma binomial_law_sum n : \sum_(k < n.+1) binomial_law n k = 1.
Proof.
have := exprDn (1 - p) p n; rewrite subrK expr1n => ->; apply: eq_bigr => k _.
by rewrite /binomial_law -mulrA mulr_natl mulrC.
Qed.

Lemma binomial_law_step n k : binomial_law n.+1 k.+1 = p * binomial_law n k + (1 - p) * binomial_law n k.+1.
Proof.
have first c P Z : c * (p * P) * Z = p * (c * P * Z) by rewrite (mulrCA c) -!mulrA.
have second c P Z : c * P * ((1 - p) * Z) = (1 - p) * (c * P * Z) by rewrite mulrCA -!mulrA.
rewrite /binomial_law binS natrD subSS exprS addrC 2!mulrDl -first; congr (_ + _).
case: (ltnP k n) => kn; last by rewrite bin_small ?ltnS // !mul0r mulr0.
by rewrite -[(n - k)%N]subnSK // exprS second.
Qed.

Lemma each_mean (F : nat -> rat) asked most :
  mean (fun t => F (size t)) (each asked most) = \sum_(k < (size asked).+1) binomial_law (size asked) k * F (minn k most).
Proof.
elim: asked F most => [|x rest IH] F most.
  by rewrite big_ord1 /binomial_law bin0 !expr0 !mulr1 mul1r min0n; case: most.
case: most => [|m].
  rewrite (eq_bigr (fun k : 'I__ => binomial_law (size (x :: rest)) k * F 0%N)) => [|k _]; last by rewrite minn0.
  by rewrite -mulr_suml binomial_law_sum mul1r.
rewrite [LHS](mean_chance _ _ _ ab b0) mean_after /= (IH (fun k => F k.+1)) IH -/p.
set n := size rest.
have first : binomial_law n.+1 0 * F (minn 0 m.+1) = (1 - p) * (binomial_law n 0 * F (minn 0 m.+1)).
  by rewrite /binomial_law !bin0 !expr0 !mul1r !subn0 exprS mulrA.
have next (k : 'I_n.+1) : binomial_law n.+1 (bump 0 k) * F (minn (bump 0 k) m.+1) =
    p * (binomial_law n k * F (minn k m).+1) + (1 - p) * (binomial_law n k.+1 * F (minn k.+1 m.+1)).
  by rewrite binomial_law_step mulrDl minnSS !mulrA.
rewrite [in RHS]big_ord_recl first (eq_bigr _ (fun k _ => next k)) big_split -!mulr_sumr /= addrCA; congr (_ + _).
rewrite -mulrDr; congr (_ * _); rewrite big_ord_recl; congr (_ + _).
by rewrite big_ord_recr /= [binomial_law n n.+1]/binomial_law bin_small // !mul0r addr0.
Qed.

Lemma each_subseq asked most : always (fun t => subseq t asked) (each asked most).
Proof.
elim: asked most => [|x rest IH] [|m] //=; split=> // i _; case: ifP => _.
  by apply: always_after (IH m) _ => t /=; rewrite eqxx.
apply: always_imp (IH m.+1) => t h; exact: subseq_trans h (subseq_cons rest x).
Qed.

(* the law of min(Bin(n,p), most) as a list: of rare numbers, and of the rest *)
Definition cut n most : seq (rat * nat) :=
  let below := [seq (binomial_law n k, k) | k <- iota 0 most] in rcons below (1 - \sum_(c <- below) c.1, most).

Lemma cut_mean (F : nat -> rat) n most : (most <= n)%N ->
  \sum_(k < n.+1) binomial_law n k * F (minn k most) = \sum_(c <- cut n most) c.1 * F c.2.
Proof.
move=> mn; rewrite /cut /= -cats1 big_cat big_seq1 /= !big_map.
have -> : iota 0 most = index_iota 0 most by rewrite /index_iota subn0.
have all := binomial_law_sum n; rewrite -(big_mkord predT (binomial_law n)) in all.
rewrite (@big_cat_nat _ _ _ most) ?leqW //= in all.
rewrite -(big_mkord predT (fun k => binomial_law n k * F (minn k most))) (@big_cat_nat _ _ _ most) ?leqW //=.
congr (_ + _); first by apply: eq_big_nat => k /andP[_ km]; rewrite (minn_idPl (ltnW km)).
rewrite -all addrC addKr mulr_suml; apply: eq_big_nat => k /andP[mk _]; by rewrite (minn_idPr mk).
Qed.
End Each.

(* Strategies: one of several acts, each with its place; the mix; and what becomes of the session *)
Section Strategy.
Variables R B T : nat.
Context (Bpos : (0 < B)%N).
Local Notation slot := (slot R B T).
Local Notation NN := (R * B + T)%N.

Inductive place := Fixed of {set slot} | Uniform of nat | Each of nat & nat & seq slot & nat.
Definition legal_place l := match l with
  | Fixed _ => true
  | Uniform k => (k <= NN)%N
  | Each a b asked most => [&& a <= b, 0 < b, uniq asked & most <= size asked]%N
  end.

Definition touched l : draws {set slot} := match l with
  | Fixed D => Done D
  | Uniform k => Draw 'C(NN, k) (fun i => Done (nth set0 (enum [set S : {set slot} | #|S| == k]) i))
  | Each a b asked most => after (each a b asked most) (fun t => Done [set x in t])
  end.

(* how many slots, and how often *)
Definition sizes l : seq (rat * nat) := match l with
  | Fixed D => [:: (1, #|D|)]
  | Uniform k => [:: (1, k)]
  | Each a b asked most => cut a b (size asked) most
  end.

Lemma touched_mean (F : nat -> rat) l : legal_place l -> mean (fun D : {set slot} => F #|D|) (touched l) = \sum_(c <- sizes l) c.1 * F c.2.
Proof.
case: l => [D _|k kN|a b asked most /and4P[ab b0 u mn]]; first by rewrite big_seq1 mul1r.
  have size_sets : size (enum [set S : {set slot} | #|S| == k]) = 'C(NN, k).
    by rewrite -cardE card_draws card_slot.
  rewrite big_seq1 mul1r /= (eq_bigr (fun=> F k)) => [|i _]; last first.
    have : nth set0 (enum [set S : {set slot} | #|S| == k]) i \in enum [set S : {set slot} | #|S| == k].
      by rewrite mem_nth // size_sets.
    by rewrite mem_enum inE => /eqP ->.
  by rewrite sumr_const card_ord -[F k *+ _]mulr_natr mulfK // pnatr_eq0 -lt0n bin_gt0.
rewrite -(cut_mean _ _ _ mn) -(each_mean ab b0) mean_after; apply: always_mean.
apply: (always_imp _ (each_subseq a b0 asked most)) => t h /=; congr F.
by rewrite cardsE (card_uniqP _) // (subseq_uniq h).
Qed.

(* an act, with a weight and a place; a strategy is one such, or several, of which each session draws one *)
Variable A : Type.
Definition branch : Type := nat * A * place.
Implicit Types (x y : branch) (xs : seq branch).
Definition acted x : draws (A * {set slot}) := after (touched x.2) (fun D => Done (x.1.2, D)).
Fixpoint pick x xs i : draws (A * {set slot}) :=
  if xs is y :: ys then if (i < x.1.1)%N then acted x else pick y ys (i - x.1.1)%N else acted x.
Fixpoint total x xs : nat := if xs is y :: ys then (x.1.1 + total y ys)%N else x.1.1.
Definition server x xs := Draw (total x xs) (pick x xs).

(* its law: an act, on so many slots, and how often *)
Definition cases x xs : seq (rat * A * nat) :=
  flatten [seq [seq (y.1.1%:R / (total x xs)%:R * c.1, y.1.2, c.2) | c <- sizes y.2] | y <- x :: xs].

Lemma pick_sum (G : A * {set slot} -> rat) x xs :
  \sum_(i < total x xs) mean G (pick x xs i) = \sum_(y <- x :: xs) y.1.1%:R * mean G (acted y).
Proof.
elim: xs x => [|y ys IH] x; first by rewrite big_seq1 /= sumr_const card_ord mulr_natl.
rewrite big_cons -IH -(big_mkord predT (fun i => mean G (pick x (y :: ys) i))) /= (@big_cat_nat _ _ _ x.1.1) ?leq_addr //=.
rewrite (eq_big_nat _ _ (F2 := fun=> mean G (acted x))) => [|i /andP[_ ->] //].
rewrite sumr_const_nat subn0 -[_ *+ x.1.1]mulr_natl; congr (_ + _).
rewrite -{1}[x.1.1]add0n big_addn addKn big_mkord; apply: eq_bigr => i _.
by rewrite ltnNge leq_addl addnK.
Qed.

Theorem strategy_rate (rate : A -> {set slot} -> rat) (F : A -> nat -> rat) x xs :
  (forall a D, rate a D = F a #|D|) -> all (fun y => legal_place y.2) (x :: xs) ->
  mean (fun z => rate z.1 z.2) (server x xs) = \sum_(c <- cases x xs) c.1.1 * F c.1.2 c.2.
Proof.
move=> by_number legal; rewrite /server [LHS]/= pick_sum /cases; move: (total x xs) => t.
elim: (x :: xs) legal => [_|y ys IH]; first by rewrite !big_nil mul0r.
case/andP=> ly /IH {}IH; rewrite big_cons mulrDl IH /= big_cat; congr (_ + _).
rewrite big_map mulrAC /acted mean_after /= (mean_eq (g := fun D : {set slot} => F y.1.2 #|D|)) => [|D]; last exact: by_number.
by rewrite touched_mean // mulr_sumr; apply: eq_bigr => c _; rewrite mulrA.
Qed.
End Strategy.

(* A session: the server's draws, a uniform mix, and how it ends *)
Inductive outcome := Won | Harmless | Caught.
Definition won o : rat := if o is Won then 1 else 0.
Definition harmless o : rat := if o is Harmless then 1 else 0.
Definition caught o : rat := if o is Caught then 1 else 0.

Section Session.
Variables R B T s : nat.
Context (Bpos : (0 < B)%N).
Local Notation slot := (slot R B T).
Local Notation NN := (R * B + T)%N.
(* the queries and publics whose answers an act changes *)
Local Notation act := ({set 'I_R} * {set 'I_T})%type.

Definition judged (a : act) (D : {set slot}) : outcome :=
  if devWins a.1 a.2 s D then Won else if devAccepts a.1 a.2 s D then Harmless else Caught.
Definition mixed C (end_of : {set slot} -> C) (D : {set slot}) : draws C :=
  Draw #|{perm slot}| (fun i => Done (end_of (nth 1%g (enum {perm slot}) i @: D))).
Definition session x xs : draws outcome := after (server x xs) (fun z : act * {set slot} => mixed (judged z.1) z.2).

Lemma mixed_mean C (g : C -> rat) end_of D : mean g (mixed end_of D) = (\sum_(p : {perm slot}) g (end_of (p @: D))) / #|{perm slot}|%:R.
Proof.
rewrite /mixed /=; congr (_ / _); rewrite cardE -(big_mkord predT (fun i => g (end_of (nth 1%g (enum {perm slot}) i @: D)))).
by rewrite -(big_nth 1%g predT (fun p : {perm slot} => g (end_of (p @: D)))) big_enum.
Qed.

Lemma mixed_pr (V : pred {set slot}) (D : {set slot}) :
  (\sum_(p : {perm slot}) (V (p @: D))%:R) / #|{perm slot}|%:R = #|[set p : {perm slot} | V (p @: D)]|%:R / #|{perm slot}|%:R :> rat.
Proof. by congr (_ / _); rewrite -sum1dep_card natr_sum [RHS]big_mkcond /=; apply: eq_bigr => p _; case: (V _). Qed.

Lemma judged_won a (D : {set slot}) : mean won (mixed (judged a) D) = pr_deviation a.1 a.2 s D.
Proof.
rewrite mixed_mean /pr_deviation -mixed_pr; congr (_ / _); apply: eq_bigr => p _.
by rewrite /judged; case: devWins => //; case: devAccepts.
Qed.

Lemma judged_harmless a (D : {set slot}) : mean harmless (mixed (judged a) D) = pr_accepted a.1 a.2 s D - pr_deviation a.1 a.2 s D.
Proof.
rewrite mixed_mean /pr_accepted /pr_deviation -!mixed_pr -mulrBl -sumrB; congr (_ / _); apply: eq_bigr => p _.
rewrite /judged /devWins; case: (devAccepts _ _ _ _) => /=; last by rewrite subr0.
by case: [exists _ in _, _]; rewrite ?subrr ?subr0.
Qed.

Theorem strategy_wins x xs : all (fun y => legal_place y.2) (x :: xs) ->
  mean won (session x xs) = \sum_(c <- cases x xs) c.1.1 * ((W R B T #|c.1.2.1| #|c.1.2.2| s c.2)%:R / 'C(NN, c.2)%:R).
Proof.
move=> legal; rewrite /session mean_after.
rewrite (mean_eq (g := fun z => pr_deviation z.1.1 z.1.2 s z.2)); last by move=> z; exact: judged_won.
apply: (strategy_rate (rate := fun (a : act) D => pr_deviation a.1 a.2 s D)
  (F := fun a k => (W R B T #|a.1| #|a.2| s k)%:R / 'C(NN, k)%:R) _ legal) => a D; exact: pr_win_is_W.
Qed.

Theorem strategy_harmless x xs : all (fun y => legal_place y.2) (x :: xs) ->
  mean harmless (session x xs) = \sum_(c <- cases x xs) c.1.1 *
    ((Acc R B T #|c.1.2.1| #|c.1.2.2| s c.2)%:R / 'C(NN, c.2)%:R - (W R B T #|c.1.2.1| #|c.1.2.2| s c.2)%:R / 'C(NN, c.2)%:R).
Proof.
move=> legal; rewrite /session mean_after.
rewrite (mean_eq (g := fun z => pr_accepted z.1.1 z.1.2 s z.2 - pr_deviation z.1.1 z.1.2 s z.2)); last by move=> z; exact: judged_harmless.
apply: (strategy_rate (rate := fun (a : act) D => pr_accepted a.1 a.2 s D - pr_deviation a.1 a.2 s D)
  (F := fun a k => (Acc R B T #|a.1| #|a.2| s k)%:R / 'C(NN, k)%:R - (W R B T #|a.1| #|a.2| s k)%:R / 'C(NN, k)%:R) _ legal) => a D.
by rewrite pr_win_is_W // pr_accepted_is_Acc.
Qed.
End Session.

(* the same where every session draws its samples from pools, of which an act changes these *)
Section Pooled.
Variables R B T Q P s : nat.
Context (Bpos : (0 < B)%N) (RQ : (R <= Q)%N) (TP : (T <= P)%N).
Local Notation slot := (slot R B T).
Local Notation act := ({set 'I_Q} * {set 'I_P})%type.

Definition rate_over_pools V (a : act) (D : {set slot}) : rat := pr_draws RQ TP a.1 a.2 V D.
Definition pool_rate lo (a : act) k : rat :=
  (poolSum R B T Q P #|a.1| #|a.2| lo s k)%:R / ('C(Q, R) * 'C(P, T) * 'C(R * B + T, k))%N%:R.

Theorem strategy_wins_from_pools x xs : all (fun y => legal_place y.2) (x :: xs) ->
  mean (fun z => rate_over_pools (fun Qs Ps => devWins Qs Ps s) z.1 z.2) (server x xs) =
  \sum_(c <- cases x xs) c.1.1 * pool_rate 1 c.1.2 c.2.
Proof. by move=> legal; apply: (strategy_rate (F := pool_rate 1) _ legal) => a D; exact: pool_average. Qed.

Theorem strategy_accepted_from_pools x xs : all (fun y => legal_place y.2) (x :: xs) ->
  mean (fun z => rate_over_pools (fun Qs Ps => devAccepts Qs Ps s) z.1 z.2) (server x xs) =
  \sum_(c <- cases x xs) c.1.1 * pool_rate 0 c.1.2 c.2.
Proof. by move=> legal; apply: (strategy_rate (F := pool_rate 0) _ legal) => a D; exact: pool_average_accepted. Qed.
End Pooled.
