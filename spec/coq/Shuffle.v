(* The client's shuffle, from words to permutations: how mix.rs draws one (Rust's names in brackets). Proved here:
   - every_value_has_as_many_words: of M words, M/n give each value below n [accept_word, M = 2^64];
   - rejected_words: and M mod n are rejected;
   - draws_and_permutations: the lazy shuffle of Fisher and Yates is a bijection from choices of cells to permutations,
     whichever slots are asked for first, even if what is asked next depends on the samples seen [Mix::place, Mix::finish];
   - shuffle_uniform: so of L words, with rejection, equally many give each permutation;
   - hypothesis_1: whatever holds of a uniform permutation so often holds of the shuffle's as often, where the words suffice. *)
From mathcomp Require Import all_ssreflect fingroup perm.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.

Section Words.
Variables M n : nat.
Context (n0 : 0 < n) (nM : n <= M).

(* high and low parts of w*n: the value, and whether the word counts *)
Definition accept_word w :=
  if (n <= (w * n) %% M) || ((M - n) %% n <= (w * n) %% M) then Some ((w * n) %/ M) else None.

Lemma acceptE w : accept_word w = if M %% n <= (w * n) %% M then Some ((w * n) %/ M) else None.
Proof.
rewrite /accept_word -(modnDr (M - n)) subnK //; congr (if _ then _ else _).
apply/orP/idP=> [[h|//]|]; last by right.
by apply: leq_trans h; rewrite ltnW // ltn_pmod.
Qed.

Lemma accepted w v : (accept_word w == Some v) = (v * M + M %% n <= w * n < v * M + M).
Proof.
have M0 := leq_trans n0 nM; rewrite acceptE [in RHS](divn_eq (w * n) M).
have lo := ltn_pmod (w * n) M0; set d := _ %/ _; set l := _ %% M.
case: (ltngtP d v) => [dv|vd|->].
- have h : d * M + l < v * M + M %% n.
    by apply: leq_trans (leq_addr _ _); apply: leq_trans (leq_mul dv (leqnn M)); rewrite mulSn addnC ltn_add2r.
  rewrite [X in _ = X && _]leqNgt h /=; case: ifP => // _; apply/eqP=> -[e]; by rewrite e ltnn in dv.
- have h : v * M + M <= d * M + l by rewrite addnC -mulSn (leq_trans _ (leq_addr _ _)) // leq_mul2r vd orbT.
  rewrite [X in _ = _ && X]ltnNge h andbF; case: ifP => // _; apply/eqP=> -[e]; by rewrite e ltnn in vd.
- by rewrite leq_add2l ltn_add2l lo andbT; case: ifP => _; rewrite ?eqxx.
Qed.

Lemma card_between m c q : c + q <= m -> #|[set w : 'I_m | c <= w < c + q]| = q.
Proof.
move=> le; rewrite -sum1dep_card -(big_mkord (fun w => c <= w < c + q) (fun=> 1)).
rewrite (eq_bigl (fun w => [&& true, c <= w & w < c + q])) //.
rewrite -(big_nat_widen 0 (c + q) m (fun w => c <= w) (fun=> 1) le).
by rewrite -(@big_nat_widenl _ _ _ c 0 (c + q) predT (fun=> 1)) // sum_nat_const_nat addKn muln1.
Qed.

Theorem every_value_has_as_many_words v : v < n -> #|[set w : 'I_M | accept_word w == Some v]| = M %/ n.
Proof.
move=> vn; pose up a := (a + n.-1) %/ n.
have n1 a : a + n = (a + n.-1).+1 by rewrite -addnS prednK.
have upE a w : (up a <= w) = (a <= w * n).
  by rewrite -ltnS ltn_divLR // mulSn [n + _]addnC n1 ltnS leq_add2r.
set a := v * M + M %% n; have whole : up a + M %/ n = up (v * M + M).
  by rewrite addnC /up -divnMDl // addnA /a addnCA -divn_eq.
have top : up a + M %/ n <= M by rewrite whole upE addnC -mulSn mulnC leq_mul2l vn orbT.
rewrite -[RHS](card_between top); apply: eq_card => w; rewrite !inE.
by rewrite accepted upE whole [in RHS]ltnNge upE -ltnNge.
Qed.

Lemma accepted_below w v : w < M -> accept_word w = Some v -> v < n.
Proof.
by have M0 := leq_trans n0 nM; move=> wM; rewrite acceptE; case: ifP => // _ [<-]; rewrite ltn_divLR // mulnC ltn_mul2l n0.
Qed.

Lemma counted (o : option nat) : \sum_(w < M) (accept_word w == o) = #|[set w : 'I_M | accept_word w == o]|.
Proof. by rewrite -sum1dep_card [RHS]big_mkcond; apply: eq_bigr => w _; case: eqP. Qed.

Theorem rejected_words : #|[set w : 'I_M | accept_word w == None]| = M %% n.
Proof.
have one (w : 'I_M) : 1 = (accept_word w == None) + \sum_(v < n) (accept_word w == Some (v : nat)).
  case e: (accept_word w) => [d|]; last by rewrite big1.
  rewrite (bigD1 (Ordinal (accepted_below (ltn_ord w) e))) //= eqxx big1 // => v ne.
  by apply/eqP; rewrite eqb0; apply: contraNneq ne => -[d_v]; rewrite -val_eqE /= d_v.
have all : M = \sum_(w < M) ((accept_word w == None) + \sum_(v < n) (accept_word w == Some (v : nat))).
  by rewrite -(eq_bigr _ (fun w _ => one w)) sum1_card card_ord.
have each (v : 'I_n) : \sum_(w < M) (accept_word w == Some (v : nat)) = M %/ n.
  by rewrite counted every_value_has_as_many_words.
rewrite big_split exchange_big /= (eq_bigr _ (fun v _ => each v)) sum_nat_const card_ord counted in all.
by apply/eqP; rewrite -(eqn_add2r (n * (M %/ n))) -all addnC mulnC -divn_eq.
Qed.
End Words.

Section Deal.
Variables (M : nat) (X : eqType) (x0 : X).
Implicit Types (pool s : seq X) (c : nat) (cs ws : seq nat).

(* what is left after a cell was drawn: the last cell's content moves into it *)
Definition rest pool c := take (size pool).-1 (set_nth x0 pool c (last x0 pool)).
Fixpoint deal pool cs := if cs is c :: cs' then nth x0 pool c :: deal (rest pool c) cs' else [::].
(* one choice of cell for each draw, among as many cells as are left *)
Fixpoint legal n cs :=
  match n, cs with 0, [::] => true | n'.+1, c :: cs' => (c <= n') && legal n' cs' | _, _ => false end.

Lemma rest_last s y : rest (rcons s y) (size s) = s.
Proof.
rewrite /rest size_rcons last_rcons (_ : set_nth _ _ _ _ = rcons s y) ?take_size_cat -?cats1 ?take_size_cat //.
by elim: s => //= x s ->.
Qed.
Lemma rest_inner s y c : c < size s -> rest (rcons s y) c = set_nth x0 s c y.
Proof.
move=> h; rewrite /rest size_rcons last_rcons (_ : set_nth _ _ _ _ = rcons (set_nth x0 s c y) y).
  by rewrite -cats1 take_size_cat // size_set_nth; apply/maxn_idPr.
by elim: s c h => [|x s IH] [|c] //= h; rewrite IH.
Qed.

Lemma deal_perm pool c : c < size pool -> perm_eq (nth x0 pool c :: rest pool c) pool.
Proof.
case/lastP: pool => [//|s y]; rewrite size_rcons ltnS leq_eqVlt; case/orP=> [/eqP ->|h].
  by rewrite rest_last nth_rcons ltnn eqxx perm_sym perm_rcons.
rewrite rest_inner // nth_rcons h set_nthE h perm_sym perm_rcons -{1}(cat_take_drop c s) (drop_nth x0 h).
by apply/seq.permP=> a; rewrite /= !count_cat /=; ring.
Qed.
Lemma size_rest pool c : c < size pool -> size (rest pool c) = (size pool).-1.
Proof. by move=> h; rewrite -(perm_size (deal_perm h)). Qed.

(* the cell that holds a sample is the only one *)
Lemma cell_index pool c x : uniq pool -> c < size pool -> x \in pool -> (nth x0 pool c == x) = (c == index x pool).
Proof. by move=> u h xp; rewrite -(nth_uniq x0 h) ?index_mem // nth_index. Qed.
Lemma rest_perm pool x s : uniq pool -> perm_eq (x :: s) pool -> perm_eq s (rest pool (index x pool)).
Proof.
move=> u e; have xp : x \in pool by rewrite -(perm_mem e) mem_head.
rewrite -(perm_cons x); apply: perm_trans e _; rewrite perm_sym -{1}(nth_index x0 xp).
by apply: deal_perm; rewrite index_mem.
Qed.
Lemma rest_uniq pool c : uniq pool -> c < size pool -> uniq (rest pool c).
Proof. by move=> u h; move: u; rewrite -(perm_uniq (deal_perm h)) => /= /andP[]. Qed.

Lemma deal_is_perm pool cs : legal (size pool) cs -> perm_eq (deal pool cs) pool.
Proof.
elim: cs pool => [|c cs IH] pool; first by case: pool.
case e: (size pool) => [|n] //= /andP[cn l]; have h : c < size pool by rewrite e ltnS.
apply: perm_trans (deal_perm h); rewrite perm_cons; apply: IH.
by rewrite size_rest // e.
Qed.
Lemma deal_onto pool s : uniq pool -> perm_eq s pool -> exists2 cs, legal (size pool) cs & deal pool cs = s.
Proof.
elim: s pool => [|x s IH] pool u e.
  by exists [::] => //; rewrite -(perm_size e).
have xp : x \in pool by rewrite -(perm_mem e) mem_head.
have h : index x pool < size pool by rewrite index_mem.
have [cs l d] := IH _ (rest_uniq u h) (rest_perm u e).
exists (index x pool :: cs); last by rewrite /= d nth_index.
by move: l; rewrite size_rest //; case: (size pool) h => // n h l; rewrite /= -ltnS h.
Qed.
Lemma deal_inj pool cs cs' : uniq pool -> legal (size pool) cs -> legal (size pool) cs' ->
  deal pool cs = deal pool cs' -> cs = cs'.
Proof.
elim: cs pool cs' => [|c cs IH] pool [|c' cs'] u; case e: (size pool) => [|n] //=.
move=> /andP[h l] /andP[h' l'] [x r]; rewrite -!(ltnS _ n) -e in h h'.
have cc : c = c' by apply/eqP; rewrite -(nth_uniq x0 h h' u) x.
rewrite -cc in l' r *; congr cons; have sr : size (rest pool c) = n by rewrite size_rest // e.
by apply: (IH (rest pool c)); rewrite ?sr // rest_uniq.
Qed.
End Deal.

(* The same with rejection: a word that is rejected is followed by the next. Nothing comes out where the words run out. *)
Section Shuffle.
Variables (M : nat) (X : eqType) (x0 : X).
Implicit Types (pool s : seq X).

Fixpoint shuffle pool (ws : seq 'I_M) {struct ws} : option (seq X) :=
  if pool is [::] then Some [::] else
  if ws is w :: ws' then
    if accept_word M (size pool) w is Some c then omap (cons (nth x0 pool c)) (shuffle (rest x0 pool c) ws')
    else shuffle pool ws'
  else None.

(* of how many sequences of l words each order of n samples comes *)
Fixpoint ways l n := if n is n'.+1 then
  if l is l'.+1 then M %/ n * ways l' n' + M %% n * ways l' n else 0 else M ^ l.

Lemma card_words l (P : pred (seq 'I_M)) :
  #|[set ws : l.+1.-tuple 'I_M | P ws]| = \sum_w #|[set ws : l.-tuple 'I_M | P (w :: ws)]|.
Proof.
rewrite -sum1dep_card (partition_big (@thead l _) predT) //=; apply: eq_bigr => w _; rewrite sum1dep_card.
rewrite -(card_imset _ (f := fun ws : l.-tuple 'I_M => [tuple of w :: ws])); last by move=> u v [] /val_inj.
apply: eq_card => ws; rewrite inE; apply/andP/imsetP => [[p /eqP e]|[v]].
  by exists [tuple of behead ws]; rewrite ?inE -?e -?(tuple_eta ws) //; case/tupleP: ws p e => x v; rewrite theadE.
by rewrite inE => p ->; rewrite theadE.
Qed.

Lemma shuffle_is_perm pool ws s : size pool <= M -> shuffle pool ws = Some s -> perm_eq s pool.
Proof.
elim: ws pool s => [|w ws IH] pool s le; first by case: pool le => // _ [<-].
case: pool le => [|y pool'] le; first by case=> <-.
set pool := y :: pool' in le *; rewrite /= -/pool; case a: (accept_word _ _ w) => [c|]; last exact: IH.
have cn := accepted_below (isT : 0 < size pool) le (ltn_ord w) a.
case e: (shuffle _ ws) => [t|] // [<-]; apply: perm_trans (deal_perm x0 cn); rewrite perm_cons.
by apply: IH e; rewrite size_rest // (leq_trans (leq_pred _)).
Qed.

Lemma shuffle_counted l pool s : uniq pool -> size pool <= M -> perm_eq s pool ->
  #|[set ws : l.-tuple 'I_M | shuffle pool ws == Some s]| = ways l (size pool).
Proof.
elim: l pool s => [|l IH] pool s u le e.
  case: pool u le e => [|x pool] u le e.
    rewrite (perm_nilP e) (eq_card (B := predT)) ?card_tuple //.
    by move=> ws; rewrite inE tuple0.
  by rewrite (eq_card (B := pred0)) ?card0 // => ws; rewrite inE tuple0.
case: pool u le e => [|y pool'] u le e.
  by rewrite (perm_nilP e) (eq_card (B := predT)) ?card_tuple ?card_ord // => ws; rewrite inE; case/tupleP: ws.
set pool := y :: pool' in u le e *; have n0 : 0 < size pool by [].
case: s e => [/perm_size //|x s e].
have xp : x \in pool by rewrite -(perm_mem e) mem_head.
have ix : index x pool < size pool by rewrite index_mem.
rewrite (card_words l (fun ws => shuffle pool ws == Some (x :: s))) (eq_bigr (fun w : 'I_M => (accept_word M (size pool) w == Some (index x pool)) * ways l (size pool).-1
  + (accept_word M (size pool) w == None) * ways l (size pool))).
  rewrite big_split -!big_distrl /= !counted rejected_words // every_value_has_as_many_words //.
move=> w _; case a: (accept_word _ _ w) => [c|].
  have cn := accepted_below n0 le (ltn_ord w) a.
  rewrite mul0n addn0 (inj_eq (@Some_inj _)) -(cell_index x0 u cn xp).
  have [nx|nx] := eqVneq (nth x0 pool c) x.
    have e' : perm_eq s (rest x0 pool c).
      by rewrite -(perm_cons x) -[in X in perm_eq _ X]nx (perm_trans e) // perm_sym deal_perm.
    rewrite mul1n -(size_rest x0 cn) -(IH (rest x0 pool c) s) ?rest_uniq //; last by rewrite size_rest // (leq_trans (leq_pred _)).
    apply: eq_card => ws; rewrite !inE /= -/pool a nx; case: (shuffle (rest x0 pool c) ws) => //= t.
    by rewrite !(inj_eq (@Some_inj _)) eqseq_cons eqxx.
  rewrite mul0n (eq_card (B := pred0)) ?card0 // => ws; rewrite !inE /= -/pool a.
  by case: (shuffle _ ws) => //= t; rewrite (inj_eq (@Some_inj _)) eqseq_cons (negbTE nx).
rewrite mul0n mul1n add0n -(IH pool (x :: s)) //; apply: eq_card => ws.
by rewrite !inE /= -/pool a.
Qed.
End Shuffle.

(* The permutation that slots are asked for, one after the other: `ask s` is the slot that is asked for after samples s were
   seen, or that the finish draws, in increasing order. No slot is drawn twice. *)
Section Mixed.
Variables (M : nat) (X : finType) (x0 : X) (pool : seq X) (ask : seq X -> X).
Context (whole : perm_eq pool (enum X)) (enough : #|X| <= M).
Context (fresh : forall s, uniq s -> size s < #|X| -> ask s \notin [seq ask (take j s) | j <- iota 0 (size s)]).
Implicit Types (p q : {perm X}) (s : seq X).

Fixpoint seen p i := if i is i'.+1 then rcons (seen p i') (p (ask (seen p i'))) else [::].

Let pool_uniq : uniq pool. Proof. by rewrite (perm_uniq whole) enum_uniq. Qed.
Let pool_size : size pool = #|X|. Proof. by rewrite (perm_size whole) -cardE. Qed.

Lemma size_seen p i : size (seen p i) = i.
Proof. by elim: i => //= i IH; rewrite size_rcons IH. Qed.
Lemma take_seen p i j : j <= i -> take j (seen p i) = seen p j.
Proof.
elim: i => [|i IH]; first by rewrite leqn0 => /eqP ->.
rewrite leq_eqVlt => /orP[/eqP ->|]; first by rewrite take_oversize // size_seen.
by rewrite ltnS => ji; rewrite /= -cats1 takel_cat ?size_seen // IH.
Qed.

Definition asked s i := [seq ask (take j s) | j <- iota 0 i].
Lemma askedS s i : asked s i.+1 = rcons (asked s i) (ask (take i s)).
Proof. by rewrite /asked -addn1 iotaD map_cat cats1. Qed.
Lemma asked_take s i k : i <= k -> asked (take k s) i = asked s i.
Proof. by move=> ik; apply/eq_in_map => j; rewrite mem_iota add0n => /= ji; rewrite take_take // (leq_trans (ltnW ji)). Qed.
Lemma size_asked s i : size (asked s i) = i. Proof. by rewrite size_map size_iota. Qed.
Lemma asked_uniq s i : uniq s -> i <= size s -> size s <= #|X| -> uniq (asked s i).
Proof.
move=> u; elim: i => // i IH il sX; rewrite askedS rcons_uniq IH ?(ltnW il) // andbT.
have ti : size (take i s) = i by rewrite size_takel // ltnW.
by have := @fresh (take i s); rewrite ti -/(asked _ i) asked_take // take_uniq // (leq_trans il) //; apply.
Qed.

Lemma seenE p i : seen p i = map p (asked (seen p i) i).
Proof.
elim: i => // i IH; rewrite askedS map_rcons take_seen // -(asked_take _ (leqnn i)) take_seen //.
by rewrite -IH.
Qed.
Lemma seen_uniq p i : i <= #|X| -> uniq (seen p i) && uniq (asked (seen p i) i).
Proof.
elim: i => // i IH h; have /andP[u a] := IH (ltnW h).
have ua : uniq (asked (seen p i.+1) i.+1).
  rewrite askedS rcons_uniq -(asked_take _ (leqnn i)) take_seen // a andbT.
  by have := @fresh (seen p i) u; rewrite size_seen; apply.
by rewrite ua andbT seenE map_inj_uniq //; exact: perm_inj.
Qed.

Lemma all_of_them s : uniq s -> size s = #|X| -> s =i enum X.
Proof. by move=> u e; have [] := uniq_min_size u (fun x _ => mem_enum X x) _; rewrite -?cardE ?e. Qed.

Lemma seen_perm p : perm_eq (seen p #|X|) pool.
Proof.
have /andP[u _] := seen_uniq p (leqnn _); rewrite perm_sym (perm_trans whole) // perm_sym.
by apply: uniq_perm => //; [exact: enum_uniq|apply: all_of_them; rewrite ?size_seen].
Qed.

Lemma seen_inj : injective (seen^~ #|X|).
Proof.
move=> p q e; apply/permP=> x; have /andP[_ u] := seen_uniq p (leqnn _).
have := seenE p #|X|; rewrite {1}e [in LHS]seenE -e => /esym /eq_in_map; apply.
by rewrite all_of_them ?size_asked ?mem_enum.
Qed.

Lemma seen_onto s : perm_eq s pool -> exists p, seen p #|X| = s.
Proof.
move=> e; have u : uniq s by rewrite (perm_uniq e).
have sz : size s = #|X| by rewrite (perm_size e).
have ua := asked_uniq u (leqnn _) (eq_leq sz).
have mem x : x \in asked s (size s) by rewrite all_of_them ?size_asked ?mem_enum.
pose f x := nth x0 s (index x (asked s (size s))).
have lt x : index x (asked s (size s)) < size s by rewrite -[X in _ < X](size_asked s) index_mem.
have fi : injective f.
  by move=> x y /eqP; rewrite nth_uniq // => /eqP xy; rewrite -(nth_index x0 (mem x)) xy nth_index.
exists (perm fi); have step i : i <= size s -> seen (perm fi) i = take i s.
  elim: i => [|i IH] h; first by rewrite take0.
  rewrite /= IH ?(ltnW h) // permE /f (take_nth x0) //; congr (rcons _ (nth _ _ _)).
  have <- : nth x0 (asked s (size s)) i = ask (take i s).
    by rewrite (nth_map 0) ?size_iota // nth_iota.
  by rewrite index_uniq // size_asked.
by rewrite -sz step // take_size.
Qed.

(* what the deck deals, for cells that are chosen in turn, is what is seen of just one permutation, and all of them come *)
Theorem draws_and_permutations :
  (forall cs, legal #|X| cs -> exists! p, deal x0 pool cs = seen p #|X|) /\
  (forall p, exists! cs, legal #|X| cs /\ deal x0 pool cs = seen p #|X|).
Proof.
split=> [cs l|p].
  have [p e] := seen_onto (deal_is_perm x0 (etrans (congr1 (legal^~ cs) pool_size) l)).
  by exists p; split=> [//|q]; rewrite -e => /seen_inj.
have [cs l d] := deal_onto x0 pool_uniq (seen_perm p); have l' := l; rewrite pool_size in l'.
exists cs; split=> // cs' [m e]; rewrite -pool_size in m.
by apply: (deal_inj (x0 := x0) pool_uniq l m); rewrite d e.
Qed.

(* the words of a sequence, one after the other, make the client's permutation *)
Definition mixes l p (ws : l.-tuple 'I_M) := shuffle x0 pool ws == Some (seen p #|X|).

Theorem shuffle_uniform l p q : #|[set ws : l.-tuple 'I_M | mixes p ws]| = #|[set ws : l.-tuple 'I_M | mixes q ws]|.
Proof. by rewrite !shuffle_counted ?pool_size ?seen_perm. Qed.

Lemma mixed l (V : pred {perm X}) :
  #|[set ws : l.-tuple 'I_M | [exists p, mixes p ws && V p]]| = #|[set p | V p]| * ways M l #|X|.
Proof.
have one (ws : l.-tuple 'I_M) : ([exists p, mixes p ws && V p] : nat) = \sum_(p | V p) mixes p ws.
  case: existsP => [[p /andP[m v]]|none]; last first.
    by rewrite big1 // => p v; apply/eqP; rewrite eqb0; apply/negP=> m; case: none; exists p; rewrite m.
  rewrite (bigD1 p) //= m big1 // => q /andP[_ ne]; apply/eqP; rewrite eqb0.
  by apply: contraNN ne => m'; apply/eqP/seen_inj; move: m m'; rewrite /mixes => /eqP -> /eqP [].
transitivity (\sum_(ws : l.-tuple 'I_M) [exists p, mixes p ws && V p]).
  by rewrite -sum1dep_card big_mkcond; apply: eq_bigr => ws _; case: ifP.
rewrite (eq_bigr _ (fun ws _ => one ws)) exchange_big -[X in _ = X * _]sum1dep_card big_distrl /=.
apply: eq_bigr => p _; rewrite mul1n -pool_size.
rewrite -(shuffle_counted x0 l pool_uniq _ (seen_perm p)) ?pool_size // -sum1dep_card [RHS]big_mkcond.
by apply: eq_bigr => ws _; rewrite /mixes; case: eqP.
Qed.

Theorem hypothesis_1 l (V : pred {perm X}) :
  #|[set ws : l.-tuple 'I_M | [exists p, mixes p ws && V p]]| * #|{perm X}| =
  #|[set ws : l.-tuple 'I_M | shuffle x0 pool ws]| * #|[set p | V p]|.
Proof.
rewrite mixed (_ : #|[set ws : l.-tuple 'I_M | shuffle x0 pool ws]| = #|{perm X}| * ways M l #|X|).
  by rewrite mulnC mulnCA mulnC.
have -> : #|{perm X}| = #|[set p : {perm X} | predT p]| by rewrite -cardsT; apply: eq_card => p; rewrite !inE.
rewrite -mixed; apply: eq_card => ws; rewrite !inE; apply/idP/existsP => [|[p]]; last first.
  by rewrite andbT => /eqP ->.
case e: (shuffle x0 pool ws) => [s|] // _; have [p sp] := seen_onto (shuffle_is_perm (leq_trans (eq_leq pool_size) enough) e).
by exists p; rewrite andbT /mixes e sp.
Qed.
End Mixed.
