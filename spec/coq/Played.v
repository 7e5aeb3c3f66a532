(* Sessions of Machine.v, whatever happens in them and in whatever order, of a client that prepares honestly: it prepares, queries, gives up or checks when it likes, the server
   answers any slot by any function of its sample, or by none, or twice, sends garbage, leaves or is late. Proved here, for the client as it is written:
   - accepted_was_checked: accepted answers are those of slots that were each answered once, and they have passed the checks of Touch.v;
   - wrong_and_accepted_is_the_bad_event: so an accepted session with a wrong answer is the bad event of the formulas;
   - session_is_the_deviation: where one function answers every slot that is not answered honestly, that of Deviation.v;
   - session_wins_at_most: with probability W/C(N,k) at most, over a uniform permutation; session_from_words: over uniform words;
   - session_touch_bound: for any functions, no more often than all copies of some query are touched;
   - orderly_outcome: where all queries come first, then one answer for each slot in order, then the check, just what passes the checks is accepted; orderly_session_wins: so there the
     probability is W/C(N,k) exactly;
   - nothing_shows_before_the_check: what the client does until then depends neither on the permutation nor on any answer's content (H6);
   - adaptive_is_fixed: so a server that decides as it goes, by all that it has seen, does no better than one whose part is fixed;
     adaptive_wins_at_most: nor more often than W/C(N,k) for some k slots, where it answers honestly or by one function.
   That a server sees nothing else is H2. *)
From mathcomp Require Import all_ssreflect fingroup perm all_algebra.
Require Import Mix Worst Success Deviation Touch Machine Shuffle.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.

(* What a list of judged answers amounts to *)
Section Weighed.
Variable L : eqType.
Implicit Types (known : seq L) (xs : seq sample) (ls : seq L) (last : seq (option L)).
Local Notation same := (@eq_op L).
Definition labels ls : seq (option (option L)) := map (Some \o Some) ls.

Lemma weigh_labels known w xs ls : size xs = size ls ->
  weigh same known w xs (labels ls) = Some (foldl (fun w xl => weigh1 same known w xl.1 xl.2) w (zip xs ls)).
Proof. by elim: xs ls w => [|x xs IH] [|l ls] //= w [e]; rewrite IH. Qed.

Lemma weigh_all known w xs (ls : seq (option (option L))) v : size xs = size ls ->
  weigh same known w xs ls = Some v -> exists ls', ls = labels ls'.
Proof.
elim: xs ls w => [|x xs IH] [|[[l|]|] ls] //= w; first by exists [::].
by case=> e /(IH _ _ e)[ls' ->]; exists (l :: ls').
Qed.

Definition wrong_public known (xl : sample * L) := if xl.1 is Public t then ~~ is_known same known t xl.2 else false.
Definition of_query r (xl : sample * L) := if xl.1 is Copy q _ then q == r else false.

(* a query's labels agree, and the last one is the result *)
Definition agreed r last (ls : seq L) := if nth None last r is Some k then (ls != [::]) && all (pred1 k) ls else ls == [::].

Lemma weighed known R (xls : seq (sample * L)) :
  all (fun xl => if xl.1 is Copy r _ then r < R else true) xls ->
  let: (wrong, agree, last) := foldl (fun w xl => weigh1 same known w xl.1 xl.2) (0, true, nseq R None) xls in
  [/\ wrong = count (wrong_public known) xls, size last = R,
      agree -> forall r, agreed r last [seq xl.2 | xl <- xls & of_query r xl]
    & (forall r, [seq xl.2 | xl <- xls & of_query r xl] = [::] \/ exists k, all (pred1 k) [seq xl.2 | xl <- xls & of_query r xl]) ->
      agree /\ forall r, agreed r last [seq xl.2 | xl <- xls & of_query r xl]].
Proof.
elim/last_ind: xls => [|xls [x l] IH].
  have one r : agreed r (nseq R None) [::] by rewrite /agreed nth_nseq if_same eqxx.
  by move=> _; split=> //=; rewrite size_nseq.
rewrite all_rcons -cats1 foldl_cat => /andP[xR /IH]; case: (foldl _ _ xls) => [[wrong agree] last] [-> sz fwd bwd] /=.
case: x xR => [r b|t] /= rR; rewrite count_cat /= ?addn0; last first.
  have e r : [seq xl.2 | xl <- xls ++ [:: (Public t, l)] & of_query r xl] = [seq xl.2 | xl <- xls & of_query r xl].
    by rewrite filter_cat cats0.
  split=> //; first by move=> a r; rewrite e; apply: fwd.
  move=> h; have [r|a all'] := bwd _; first by have := h r; rewrite e.
  by split=> // r; rewrite e.
have e q : [seq xl.2 | xl <- xls ++ [:: (Copy r b, l)] & of_query q xl] =
    [seq xl.2 | xl <- xls & of_query q xl] ++ (if r == q then [:: l] else [::]).
  by rewrite filter_cat map_cat /= /of_query /=; case: eqP.
have new q : agreed q last [seq xl.2 | xl <- xls & of_query q xl] -> (q = r -> forall k, nth None last r = Some k -> k = l) ->
    agreed q (set_nth None last r (Some l)) [seq xl.2 | xl <- xls ++ [:: (Copy r b, l)] & of_query q xl].
  rewrite e /agreed nth_set_nth /= [q == r]eq_sym; case: (r =P q) => [<-|ne]; last by rewrite cats0.
  rewrite all_cat /= eqxx andbT; case: (nth _ _ _) => [k|]; last by move/eqP ->.
  by move=> /andP[_ h] /(_ erefl _ erefl) <-; rewrite h; case: ([seq _ | _ <- _ & _]).
split=> //; first by rewrite size_set_nth sz; apply/maxn_idPr.
  move=> /andP[/fwd h c] q; apply: new => // _ k n; by move: c; rewrite n => /eqP.
move=> h; have [q|a all'] := bwd _.
  case: (h q) => [|[k]]; rewrite e; first by case: ([seq _ | _ <- _ & _]) => // _; left.
  by rewrite all_cat => /andP[k1 _]; right; exists k.
have c k' : nth None last r = Some k' -> k' = l.
  case: (h r) => [|[k]]; rewrite e eqxx; first by case: ([seq _ | _ <- _ & _]).
  rewrite all_cat /= andbT => /andP[k1 /eqP lk].
  move=> n; have := all' r; rewrite /agreed n.
  by case: ([seq _ | _ <- _ & _]) k1 => //= m ms /andP[/eqP mk _] /andP[/eqP mk' _]; rewrite -mk' mk lk.
split; last by move=> q; apply: new => // _; exact: c.
by rewrite a; case n: (nth _ _ _) => [k|] //=; apply/eqP/c.
Qed.
End Weighed.

Section Played.
Variables R B T s : nat.
Context (Bpos : 0 < B).
Local Notation slot := (slot R B T).
Variable L : eqType.
Variables (hq : 'I_R -> L) (hp : 'I_T -> L).
Implicit Types (p : {perm slot}) (a : slot -> L).

(* what an answer may depend on: the sample, but not the number of its copy *)
Definition content := ('I_R + 'I_T)%type.
Definition content_of (x : slot) : content := match x with inl (r, _) => inl r | inr t => inr t end.
Definition honest (c : content) : L := match c with inl r => hq r | inr t => hp t end.

Definition name (x : slot) : sample := match x with inl (r, b) => Copy r b | inr t => Public t end.
Definition order p : seq sample := [seq name (p x) | x <- enum [finType of slot]].
Definition results : seq L := [seq hp t | t <- enum 'I_T].
Definition here := Setting R B T s.
Definition spot i : option slot := nth None (map Some (enum [finType of slot])) i.
Definition released_of a : seq L := [seq a (inl (r, Ordinal Bpos)) | r <- enum 'I_R].

Lemma count_enum (X : finType) (P : pred X) : count P (enum X) = \sum_(x : X) P x.
Proof. by rewrite -sum1_count big_mkcond big_enum; apply: eq_bigr => x _; case: (P x). Qed.

Lemma is_known_public (t : 'I_T) l : is_known eq_op results t l = (hp t == l).
Proof. by rewrite /is_known /results -map_comp (nth_map t) ?size_enum_ord //= nth_ord_enum. Qed.

Lemma all_labels (X : Type) (f : X -> L) rs : pmap id [seq Some (f r) | r <- rs] = [seq f r | r <- rs].
Proof. by elim: rs => //= r rs ->. Qed.

Section Judged.
Variables (p : {perm slot}) (a : slot -> L) (x : session L).
Context (own_x : own x = here) (mix_x : mix x = order p) (known_x : known x = results).
Context (answers_x : answers x = labels [seq a (p y) | y <- enum [finType of slot]]).
Let xls := [seq (name (p y), a (p y)) | y <- enum [finType of slot]].

Lemma wrong_publics : count (wrong_public results) xls = #|[set t : 'I_T | a (inr t) != hp t]|.
Proof.
rewrite count_map count_enum (reindex_inj (perm_inj (s := p^-1%g))) /= big_sumType /=.
rewrite big1 ?add0n => [|[r b] _]; last by rewrite permKV.
rewrite -sum1_card [RHS]big_mkcond; apply: eq_bigr => t _.
by rewrite permKV /wrong_public /= is_known_public inE eq_sym; case: eqP.
Qed.

Lemma queryE r : [seq xl.2 | xl <- xls & of_query r xl] =
  [seq a (p y) | y <- enum [finType of slot] & if p y is inl (q, _) then (q : nat) == r else false].
Proof. by rewrite /xls filter_map -map_comp; rewrite (@eq_filter _ _ (fun y => if p y is inl (q, _) then (q : nat) == r else false)) // => y; rewrite /of_query /=; case: (p y) => [[q b]|t]. Qed.

Lemma copy_answered (r : 'I_R) b : a (inl (r, b)) \in [seq xl.2 | xl <- xls & of_query r xl].
Proof.
rewrite queryE; apply/mapP; exists (p^-1%g (inl (r, b))); last by rewrite permKV.
by rewrite mem_filter permKV eqxx mem_enum.
Qed.

Lemma same_query (r : 'I_R) k : all (pred1 k) [seq xl.2 | xl <- xls & of_query r xl] = [forall b, a (inl (r, b)) == k].
Proof.
apply/allP/forallP => [h b|h l]; first exact: h (copy_answered r b).
rewrite queryE => /mapP[y]; rewrite mem_filter => /andP[+ _] ->.
by case: (p y) => [[q b]|t] //= /eqP/val_inj ->; apply: h.
Qed.

Lemma no_query r : R <= r -> [seq xl.2 | xl <- xls & of_query r xl] = [::].
Proof.
move=> Rr; rewrite queryE (eq_filter (a2 := pred0)) ?filter_pred0 // => y; case: (p y) => [[q b]|t] //=.
by apply/eqP=> e; move: (ltn_ord q); rewrite e ltnNge Rr.
Qed.

Lemma some_query (r : 'I_R) : [seq xl.2 | xl <- xls & of_query r xl] != [::].
Proof. by apply/eqP=> e; have := copy_answered r (Ordinal Bpos); rewrite e. Qed.

Lemma known_queries : all (fun xl : sample * L => if xl.1 is Copy r _ then r < R else true) xls.
Proof. by rewrite all_map; apply/allP=> y _ /=; case: (p y) => [[r b]|t] /=. Qed.

Lemma judgedP res : judged eq_op x = Accepted res <-> labelsAccepted hp s a /\ res = released_of a.
Proof.
have sz : size (order p) = size [seq a (p y) | y <- enum [finType of slot]] by rewrite !size_map.
rewrite /judged answers_x mix_x known_x own_x (weigh_labels _ _ sz) /=.
have -> : zip (order p) [seq a (p y) | y <- enum [finType of slot]] = xls.
  by rewrite /order /xls; elim: (enum _) => //= y ys ->.
have := @weighed L results R xls; case: (foldl _ _ _) => [[wrong agree] last] /(_ known_queries)[].
rewrite wrong_publics => -> sl fwd bwd; rewrite ltnNge /labelsAccepted; case: (_ <= s); last by split=> //; case.
rewrite [~~ true]/=; have lastE : agree -> last = [seq Some (a (inl (r, Ordinal Bpos))) | r <- enum 'I_R] /\
    forall r b b', a (inl (r, b)) == a (inl (r, b')).
  move=> /fwd h; have each (r : 'I_R) : nth None last r = Some (a (inl (r, Ordinal Bpos))) /\ forall b, a (inl (r, b)) = a (inl (r, Ordinal Bpos)).
    have := h r; rewrite /agreed; case: (nth _ _ _) => [k|]; last by rewrite (negbTE (some_query r)).
    by case/andP=> _; rewrite same_query => /forallP al; split=> [|b]; rewrite !(eqP (al _)).
  split=> [|r b b']; last by rewrite (each r).2 eq_sym (each r).2.
  apply: (@eq_from_nth _ None); first by rewrite sl size_map size_enum_ord.
  move=> i; rewrite sl => iR.
  have [e _] := each (Ordinal iR); rewrite (nth_map (Ordinal iR)) ?size_enum_ord // e.
  by congr (Some (a (inl (_, _)))); apply: val_inj; rewrite /= nth_enum_ord.
case: agree {fwd} lastE bwd => [/(_ isT)[-> al] _|_ bwd]; last first.
  split=> //; case=> /forallP al _; have [] // := bwd _ => r; case: (ltnP r R) => [rR|/no_query ->]; last by left.
  right; exists (a (inl (Ordinal rR, Ordinal Bpos))); rewrite (same_query (Ordinal rR)); apply/forallP=> b.
  by move: (al (Ordinal rR)) => /forallP /(_ b) /forallP.
split=> [[<-]|[_ ->]]; last by congr Accepted; rewrite /released_of all_labels.
split; last by rewrite /released_of all_labels.
by apply/forallP=> r; apply/forallP=> b; apply/forallP=> b'; apply: al.
Qed.
End Judged.

(* What happens in a session. On a slot the server answers honestly, or by a function of the sample, which may yield no label. *)
Definition function := option (content -> option L).
Definition applied (g : function) (c : content) : option L := if g is Some f then f c else Some (honest c).
Inductive act := Prepares | Queries | Answers (i : nat) (g : function) | SendsGarbage | FailsProof | Leaves | IsLate | GivesUp | Checks.
Implicit Types acts : seq act.

Definition happens p (what : act) : event L :=
  match what with
  | Prepares => Prepare here (order p) results
  | Queries => Query
  | Answers i g =>
      if spot i is Some y then if applied g (content_of (p y)) is Some l then Answer i l else Undecodable i else Undecodable i
  | SendsGarbage => Garbage | FailsProof => FailedProof | Leaves => ServerStop | IsLate => Timeout | GivesUp => ClientStop | Checks => Check
  end.

Definition released (e : effect L) : option (seq L) := if e is Conclude (Accepted res) then Some res else None.
Definition stepped p (w : state L * option (seq L)) what :=
  let: (st, e) := step eq_op w.1 (happens p what) in (st, if released e is Some res then Some res else w.2).
Definition run p acts := foldl (stepped p) (Idle here, None) acts.
(* the answers that the client uses, if it accepts *)
Definition outcome p acts := (run p acts).2.

(* the function by which a slot is answered first *)
Definition answer_at (i : nat) (what : act) : option function := if what is Answers j g then if j == i then Some g else None else None.
Definition first_answer acts i : option function := ohead (pmap (answer_at i) acts).

(* the labels of an accepted session, sample by sample *)
Definition session_of p acts a :=
  (forall i y, spot i = Some y -> exists2 g, first_answer acts i = Some g & applied g (content_of (p y)) = Some (a (p y))) /\
  labelsAccepted hp s a.

Lemma first_answer_rcons acts what i : first_answer (rcons acts what) i = if first_answer acts i is Some g then Some g else answer_at i what.
Proof.
rewrite /first_answer -cats1 pmap_cat /=; case: (pmap _ acts) => [|g gs] //=.
by case: (answer_at i what).
Qed.

Definition invariant p acts (w : state L * option (seq L)) :=
  match w.1 with
  | Idle x => [/\ x = here, w.2 = None & forall i, first_answer acts i = None]
  | Mixed x => [/\ w.2 = None, own x = here, mix x = order p, known x = results & size (answers x) = size (order p)] /\
      missing x = count (fun o => o == None) (answers x) /\
      forall i, if nth None (answers x) i is Some o
        then exists2 g, first_answer acts i = Some g & exists2 y, spot i = Some y & o = applied g (content_of (p y))
        else first_answer acts i = None
  | Ended _ => forall res, w.2 = Some res -> exists2 a, session_of p acts a & res = released_of a
  end.

Local Notation spots := (enum [finType of slot]).
Lemma spotP i y : spot i = Some y -> i < size spots /\ index y spots = i.
Proof.
rewrite /spot; case: (ltnP i (size spots)) => h; last by rewrite nth_default // size_map.
by rewrite (nth_map y) // => -[e]; split=> //; rewrite -[in LHS]e index_uniq ?enum_uniq.
Qed.
Lemma spot_index y : spot (index y spots) = Some y.
Proof. by rewrite /spot (nth_map y) ?index_mem ?mem_enum // nth_index ?mem_enum. Qed.

Lemma accepted_session p acts x res : own x = here -> mix x = order p -> known x = results -> size (answers x) = size (order p) ->
  (forall i o, nth None (answers x) i = Some o ->
    exists2 g, first_answer acts i = Some g & exists2 y, spot i = Some y & o = applied g (content_of (p y))) ->
  judged eq_op x = Accepted res -> exists2 a, session_of p acts a & res = released_of a.
Proof.
move=> ho hm hk hs hn hj; have [ls e] : exists ls, answers x = labels ls.
  move: hj; rewrite /judged; case w: (weigh _ _ _ _ _) => [v|] // _.
  by apply: weigh_all w; rewrite hm hs.
have sz : size ls = size spots by move: hs; rewrite e !size_map.
pose a z := nth (honest (content_of z)) ls (index (p^-1%g z) spots).
have lsE : ls = [seq a (p y) | y <- spots].
  case: ls sz @a {e} => [|l ls'] sz a; first by case: spots sz.
  apply: (@eq_from_nth _ l); first by rewrite size_map.
  move=> i; rewrite sz => h.
  have [y _] : exists y : slot, true by case: spots h => // y; exists y.
  by rewrite (nth_map y) // /a permK index_uniq ?enum_uniq //; apply: set_nth_default; rewrite sz.
have [|acc ->] := (judgedP ho hm hk (_ : answers x = labels [seq a (p y) | y <- spots]) res).1 hj; first by rewrite -lsE.
exists a => //; split=> // i y sp; have [h iy] := spotP sp.
have [|g fg [y' sp' al]] := hn i (Some (a (p y))); last first.
  by exists g => //; move: sp' al; rewrite sp => -[<-] ->.
by rewrite e lsE /labels -map_comp (nth_map y) // -iy nth_index ?mem_enum.
Qed.

Lemma invariant_kept p acts : invariant p acts (run p acts).
Proof.
elim/last_ind: acts => [|acts what]; first by [].
rewrite /run -cats1 foldl_cat /= -/(run p acts) cats1; case: (run p acts) => [st out] inv.
have more i g : first_answer acts i = Some g -> first_answer (rcons acts what) i = Some g by rewrite first_answer_rcons => ->.
have over en : st = Ended en -> invariant p (rcons acts what) (st, out).
  move=> e; move: inv; rewrite /invariant e /= => h res /h[a [h1 h2] ->]; exists a => //; split=> // i y sp.
  by have [g /more ? ?] := h1 i y sp; exists g.
have still : (forall i, answer_at i what = None) -> invariant p (rcons acts what) (st, out).
  move=> none; have same i : first_answer (rcons acts what) i = first_answer acts i.
    by rewrite first_answer_rcons none; case: (first_answer acts i).
  case: (st) inv over => [x|x|en] inv over; last exact: over.
    by case: inv => h1 h2 h3; split=> // i; rewrite same.
  case: inv => h1 [h2 h3]; split=> //; split=> // i; rewrite same; exact: h3.
have none_yet : (if st is Ended _ then true else out == None).
  by case: (st) inv => [x [_ /= ->]|x [[/= -> _ _ _ _] _]|] //.
have refuse r : (if st is Ended _ then False else True) ->
    invariant p (rcons acts what) (let: (st', e) := reject L r in (st', if released e is Some res then Some res else out)).
  by move: none_yet; case: (st) => [x|x|en] //= /eqP ->.
have takes i o : (forall j, answer_at j what = if i == j then answer_at i what else None) ->
    (forall y, spot i = Some y -> exists2 g, answer_at i what = Some g & o = applied g (content_of (p y))) ->
    invariant p (rcons acts what) (let: (st', e) := answered st i o in (st', if released e is Some res then Some res else out)).
  move=> only ans; rewrite /answered; case: (st) inv over refuse => [x|x|en] inv over refuse; last exact: over.
    exact: refuse.
  case: inv => -[out0 h1 h2 h3 h4] [h5 h6]; rewrite /took; case n: (nth _ _ _) => [u|]; first exact: refuse.
  case: (i < queried x); last exact: refuse.
  have lt : i < size (answers x) by rewrite ltnNge; apply/negP=> le; move: n; rewrite nth_default.
  have n' : nth None (answers x) i = None by rewrite (set_nth_default (Some None)).
  have sz : size (set_nth None (answers x) i (Some o)) = size (answers x) by rewrite size_set_nth; apply/maxn_idPr.
  rewrite /invariant /=; split; first by rewrite sz.
  split.
    rewrite h5 set_nthE lt -{1}(cat_take_drop i (answers x)) (drop_nth None lt) n' !count_cat /=.
    by rewrite add0n [in LHS]addnCA.
  move=> j; rewrite nth_set_nth /= first_answer_rcons only [j == i]eq_sym; case: (i =P j) => [<-|ne]; last first.
    by have := h6 j; case: (nth None _ j) => [u [g -> ?]|->] //; exists g.
  have -> : first_answer acts i = None by have := h6 i; rewrite n'.
  have [y sp] : exists y, spot i = Some y.
    have ls : i < size spots by move: lt; rewrite h4 size_map.
    have [y _] : exists y : slot, true by case: spots ls => // y; exists y.
    by exists (nth y spots i); rewrite /spot (nth_map y).
  by have [g ag ->] := ans y sp; exists g => //; exists y.
rewrite /stepped [happens _ _]lock /= -lock.
case: what {more} still takes refuse over => [| | i g | | | | | |] /= still takes refuse over.
- case: (st) inv still over => [x|x|en] inv still over; [|by apply: still|exact: over].
  case: inv => /= -> e0 e1; rewrite /same_setting !eqxx /= size_map size_enum_ord eqxx /= /invariant /=.
  split; first by rewrite size_nseq size_map -cardE card_slot.
  split; first by rewrite count_nseq mul1n.
  by move=> i; rewrite nth_nseq if_same first_answer_rcons e1.
- case: (st) inv still over => [x|x|en] inv still over; [by apply: still| |exact: over].
  case: (nth _ _ _) => [c|]; last by apply: still.
  have := still (fun=> erefl); rewrite /invariant /=; exact.
- case sp: (spot i) => [y|]; last first.
    by apply: takes => [j|y]; [rewrite eqxx|rewrite sp].
  have t o : o = applied g (content_of (p y)) -> invariant p (rcons acts (Answers i g)) (let: (st', e) := answered st i o in (st', if released e is Some res then Some res else out)).
    move=> oE; apply: takes => [j|z]; first by rewrite eqxx.
    by rewrite sp => -[<-]; exists g; rewrite ?eqxx.
  by case e: (applied g _) => [l|] /=; apply: t; rewrite e.
- by case: (st) still refuse over => [x|x|en] still refuse over; [exact: refuse|exact: refuse|exact: over].
- by case: (st) still refuse over => [x|x|en] still refuse over; [exact: refuse|exact: refuse|exact: over].
- case: (st) still refuse over => [x|x|en] still refuse over; [exact: refuse| |exact: over].
  by case: ifP => _; [by apply: still|exact: refuse].
- case: (st) still refuse over => [x|x|en] still refuse over; [exact: refuse| |exact: over].
  by case: ifP => _; [by apply: still|exact: refuse].
- by move: none_yet; case: (st) over => [x|x|en] over; [move/eqP->|move/eqP->|move=> _; exact: over].
case: (st) inv none_yet still over => [x|x|en] inv none_yet still over; [by apply: still| |exact: over].
case: ifP => _; last by apply: still.
case: inv => -[/= h0 h1 h2 h3 h4] [h5 h6]; case j: (judged _ x) => [res|r]; last by rewrite h0.
rewrite /invariant /= => _ [<-].
have [i o|a [k1 k2] ->] := @accepted_session p acts x res h1 h2 h3 h4 _ j; first by move=> n; have := h6 i; rewrite n.
by exists a => //; split=> // i y sp; have [g f ?] := k1 i y sp; exists g; rewrite ?first_answer_rcons ?f.
Qed.

(* accepted, and some answer that the client uses is wrong *)
Definition wins_with p acts : bool := if outcome p acts is Some res then res != [seq hq r | r <- enum 'I_R] else false.

Theorem accepted_was_checked p acts res : outcome p acts = Some res ->
  exists2 a, session_of p acts a & res = released_of a.
Proof.
rewrite /outcome; have := invariant_kept p acts; rewrite /invariant; case: (run p acts) => [[x|x|en] out] /=.
- by case=> _ ->.
- by case=> -[->].
- by move=> h /h.
Qed.

Theorem wrong_and_accepted_is_the_bad_event p acts : wins_with p acts ->
  exists2 a, session_of p acts a & labelsWin hq hp s a.
Proof.
rewrite /wins_with; case e: (outcome p acts) => [res|] // w.
have [a [h1 h2] re] := accepted_was_checked e; exists a => //; rewrite /labelsWin h2 /=.
apply: contraNT w => /existsPn ok; rewrite re; apply/eqP/eq_map => r.
by have /existsPn /(_ (Ordinal Bpos)) := ok r; rewrite negbK => /eqP.
Qed.

(* the slots that are not answered honestly *)
Definition touched acts : {set slot} :=
  [set y | if first_answer acts (index y spots) is Some (Some _) then true else false].

Lemma untouched_is_honest p acts a y : session_of p acts a -> y \notin touched acts -> a (p y) = honest (content_of (p y)).
Proof.
case=> h _; rewrite inE; have [g -> ] := h _ y (spot_index y).
by case: g => [f|] //= [].
Qed.

Lemma same_labels (a a' : slot -> L) : a =1 a' -> labelsWin hq hp s a = labelsWin hq hp s a'.
Proof.
move=> e; rewrite /labelsWin /labelsAccepted; congr (_ && _ && _).
- by congr (_ <= _); apply: eq_card => t; rewrite !inE e.
- by do 3!apply: eq_forallb => ?; rewrite !e.
- by do 2!apply: eq_existsb => ?; rewrite e.
Qed.

(* whatever the functions are, and whatever happens when *)
Theorem session_touch_bound acts :
  (#|[set p | wins_with p acts]|%:R / #|{perm slot}|%:R <= pr_touch [set: 'I_R] (touched acts) :> rat)%R.
Proof.
pose a p x := if first_answer acts (index (p^-1%g x) spots) is Some g then odflt (honest (content_of x)) (applied g (content_of x))
  else honest (content_of x).
have := @touch_bounds_any_server R B T L hq hp [set: 'I_R] s (touched acts) a; set bounded := (_ <= _)%R => h.
apply: (Order.POrderTheory.le_trans _ (h _)); last first.
  move=> p r b; rewrite inE /a => w; apply/imsetP; exists (p^-1%g (inl (r, b))); last by rewrite permKV.
  by rewrite inE; move: w; case: (first_answer _ _) => [[f|]|] //=; rewrite eqxx.
rewrite Num.Theory.ler_wpmul2r ?Num.Theory.invr_ge0 ?Num.Theory.ler0n // Num.Theory.ler_nat.
apply: subset_leq_card; apply/subsetP=> p; rewrite !inE.
case/wrong_and_accepted_is_the_bad_event => a' [h1 _]; rewrite -(@same_labels a') // => x.
have [g fg e] := h1 _ _ (spot_index (p^-1%g x)).
by rewrite /a fg; rewrite permKV in e; rewrite e.
Qed.

(* one function on every slot that is not answered honestly: the deviation of Deviation.v *)
Section OneAct.
Variables (dev : content -> option L) (acts : seq act).
Context (same : forall i f, first_answer acts i = Some (Some f) -> f =1 dev).
Definition changed_queries : {set 'I_R} := [set r | dev (inl r) != Some (hq r)].
Definition changed_publics : {set 'I_T} := [set t | dev (inr t) != Some (hp t)].

Lemma wrong_where_touched p a x : session_of p acts a ->
  (a x != honest (content_of x)) = (x \in p @: touched acts) && (dev (content_of x) != Some (honest (content_of x))).
Proof.
move=> h; have [y ->] : exists y, x = p y by exists (p^-1%g x); rewrite permKV.
rewrite mem_imset; last exact: perm_inj.
case t: (y \in touched acts); last by rewrite (untouched_is_honest h) ?t // eqxx.
case: h => h _; have [g fg e] := h _ _ (spot_index y).
move: t; rewrite inE fg; case: g fg e => [f|] //= /same fd; rewrite fd => ->.
by rewrite (inj_eq (@Some_inj _)).
Qed.

Theorem session_is_the_deviation p : wins_with p acts -> devWins changed_queries changed_publics s (p @: touched acts).
Proof.
case/wrong_and_accepted_is_the_bad_event => a h; rewrite /labelsWin /labelsAccepted.
have w := wrong_where_touched _ h.
case/andP=> /andP[few /forallP agree] /existsP[r /existsP[b wr]].
have alike q b1 b2 : a (inl (q, b1)) = a (inl (q, b2)) by apply/eqP; move: (agree q) => /forallP /(_ b1) /forallP /(_ b2).
rewrite /devWins /devAccepts; apply/andP; split; first (apply/andP; split).
- apply: leq_trans few; rewrite leq_eqVlt; apply/orP; left; apply/eqP/eq_card => t.
  by rewrite !inE andbC -(w (inr t)).
- apply/forallP=> q; apply/implyP; rewrite inE => qQ.
  have hit b' : (inl (q, b') \in p @: touched acts) = (a (inl (q, b')) != hq q) by rewrite (w (inl (q, b'))) /= qQ andbT.
  case: (boolP (a (inl (q, Ordinal Bpos)) == hq q)) => e; apply/orP; [left|right]; apply/forallP=> b'.
    by rewrite hit (alike q b' (Ordinal Bpos)) e.
  by rewrite hit (alike q b' (Ordinal Bpos)).
apply/existsP; exists r; move: (wr); rewrite (w (inl (r, b))) /= => /andP[_ rQ]; rewrite inE rQ /=.
apply/forallP=> b'; move: wr; rewrite (alike r b b') => wr.
by have := w (inl (r, b')); rewrite wr => /esym /andP[].
Qed.

Theorem session_wins_at_most :
  (#|[set p | wins_with p acts]|%:R / #|{perm slot}|%:R <=
   (W R B T #|changed_queries| #|changed_publics| s #|touched acts|)%:R / 'C(R * B + T, #|touched acts|)%:R :> rat)%R.
Proof.
rewrite -(pr_win_is_W Bpos) /pr_deviation.
rewrite Num.Theory.ler_wpmul2r ?Num.Theory.invr_ge0 ?Num.Theory.ler0n // Num.Theory.ler_nat.
by apply: subset_leq_card; apply/subsetP=> p; rewrite !inE; apply: session_is_the_deviation.
Qed.

(* the permutation is made of uniform words, as Shuffle.v has it *)
Theorem session_from_words M x0 pool ask l :
  perm_eq pool (enum [finType of slot]) -> #|[finType of slot]| <= M ->
  (forall u, uniq u -> size u < #|[finType of slot]| -> ask u \notin [seq ask (take j u) | j <- iota 0 (size u)]) ->
  #|[set ws : l.-tuple 'I_M | [exists p, mixes x0 pool ask p ws && wins_with p acts]]| * 'C(R * B + T, #|touched acts|) <=
  #|[set ws : l.-tuple 'I_M | shuffle x0 pool ws]| * W R B T #|changed_queries| #|changed_publics| s #|touched acts|.
Proof.
move=> h1 h2 h3; have perms : 0 < #|{perm slot}| by apply/card_gt0P; exists 1%g.
have k0 : 0 < 'C(R * B + T, #|touched acts|) by rewrite bin_gt0 -[X in _ <= X](card_slot R B T) max_card.
rewrite -(leq_pmul2r perms) mulnAC (hypothesis_1 x0 h1 h2 h3) -!mulnA leq_mul2l; apply/orP; right.
have := session_wins_at_most; rewrite Num.Theory.ler_pdivr_mulr ?Num.Theory.ltr0n // GRing.mulrAC.
by rewrite Num.Theory.ler_pdivl_mulr ?Num.Theory.ltr0n // -!GRing.natrM Num.Theory.ler_nat.
Qed.
End OneAct.

(* An orderly session: the client sends every slot, the server answers each, and the client checks. *)
Section Orderly.
Variables (p : {perm slot}) (g : nat -> function).
Local Notation n := (size spots).
Definition orderly : seq act := Prepares :: nseq n Queries ++ [seq Answers i (g i) | i <- iota 0 n] ++ [:: Checks].
Let answer i : option L := if spot i is Some y then applied (g i) (content_of (p y)) else None.
Let at_slot q (done : nat) := Mixed (Session here (order p) results q ([seq Some (answer i) | i <- iota 0 done] ++ nseq (n - done) None) (n - done)).

Lemma all_queried k q d : q + k <= n -> foldl (stepped p) (at_slot q d, None) (nseq k Queries) = (at_slot (q + k) d, None).
Proof.
elim: k q => [|k IH] q le; first by rewrite addn0.
rewrite /= -addSnnS -IH ?addSnnS //; congr (foldl _ _ _); rewrite /stepped /=.
have lt : q < size (order p) by rewrite size_map; apply: leq_trans le; rewrite addnS ltnS leq_addr.
by rewrite (nth_map (Public 0)).
Qed.

Lemma all_answered k d : d + k = n -> foldl (stepped p) (at_slot n d, None) [seq Answers i (g i) | i <- iota d k] = (at_slot n n, None).
Proof.
elim: k d => [|k IH] d e; first by rewrite -e addn0.
rewrite /= -(IH d.+1) ?addSnnS //; congr (foldl _ _ _).
have lt : d < n by rewrite -e addnS ltnS leq_addr.
have dE : n - d = (n - d.+1).+1 by rewrite subnSK.
have sz : size [seq Some (answer i) | i <- iota 0 d] = d by rewrite size_map size_iota.
have -> : stepped p (at_slot n d, None) (Answers d (g d)) =
    (let: (st, eff) := answered (at_slot n d) d (answer d) in (st, if released eff is Some res then Some res else None)).
  rewrite /stepped /= /answer; case: (spot d) => [y|] //; by case: (applied _ _).
rewrite /at_slot /= /took /= nth_cat sz ltnn subnn dE /= lt; congr (Mixed (Session _ _ _ _ _ _), None).
rewrite set_nthE size_cat sz /= size_nseq addnS ltnS leq_addr take_size_cat ?sz // drop_cat sz ltnNge leqnSn /= subSnn /= drop0.
rewrite -[RHS]/([seq Some (answer i) | i <- iota 0 d.+1] ++ nseq (n - d.+1) None).
by rewrite -addn1 iotaD map_cat /= -catA.
Qed.

Theorem orderly_outcome (a : slot -> L) res :
  (forall y, applied (g (index y spots)) (content_of (p y)) = Some (a (p y))) ->
  outcome p orderly = Some res <-> labelsAccepted hp s a /\ res = released_of a.
Proof.
move=> aE; have sN : total here = n by rewrite -cardE card_slot.
have start : stepped p (Idle here, None) Prepares = (at_slot 0 0, None).
  by rewrite /stepped /= /same_setting !eqxx /= size_map size_enum_ord eqxx /= /at_slot sN subn0.
rewrite /outcome /run /orderly /= start !foldl_cat all_queried ?add0n // all_answered // /stepped /= subnn eqxx.
set x := Session _ _ _ _ _ _; have ansE : answers x = labels [seq a (p y) | y <- spots].
  rewrite /= cats0 /labels -map_comp; apply: (@eq_from_nth _ None); first by rewrite !size_map size_iota.
  move=> i; rewrite size_map size_iota => h; rewrite (nth_map 0) ?size_iota // nth_iota // add0n.
  have [y _] : exists y : slot, true by case: spots h => // y; exists y.
  have e := spot_index (nth y spots i); rewrite index_uniq ?enum_uniq // in e.
  by rewrite (nth_map y) //= /answer e -aE index_uniq ?enum_uniq.
rewrite -(judgedP (x := x) erefl erefl erefl ansE res).
by case: (judged _ x) => [r|r] //=; split=> [[->]|[->]].
Qed.

Lemma first_orderly i : first_answer orderly i = if i < n then Some (g i) else None.
Proof.
have quiet k (rest : seq act) : pmap (answer_at i) (nseq k Queries ++ rest) = pmap (answer_at i) rest by elim: k.
rewrite /first_answer /orderly /= quiet.
have from k d : ohead (pmap (answer_at i) ([seq Answers j (g j) | j <- iota d k] ++ [:: Checks])) = if d <= i < d + k then Some (g i) else None.
  elim: k d => [|k IH] d /=; first by rewrite addn0 ltnNge andbN.
  case: (d =P i) => [->|/eqP ne] /=; first by rewrite leqnn addnS ltnS leq_addr.
  by rewrite IH addSnnS ltn_neqAle ne.
by rewrite from add0n.
Qed.
End Orderly.

Section OrderlyAct.
Variables (dev : content -> L) (S : {set slot}).
Definition plays i : function := if spot i is Some y then if y \in S then Some (Some \o dev) else None else None.
Local Notation Q := (changed_queries (Some \o dev)).
Local Notation P := (changed_publics (Some \o dev)).

Lemma touched_orderly : touched (orderly plays) = S.
Proof.
apply/setP=> y; rewrite inE first_orderly index_mem mem_enum /plays spot_index.
by case: (y \in S).
Qed.
Lemma one_act i f : first_answer (orderly plays) i = Some (Some f) -> f =1 Some \o dev.
Proof. by rewrite first_orderly /plays; case: (i < _) => //; case: (spot i) => // y; case: ifP => // _ [<-]. Qed.

Lemma orderly_is_the_deviation p : wins_with p (orderly plays) = devWins Q P s (p @: S).
Proof.
pose a x := if x \in p @: S then dev (content_of x) else honest (content_of x).
have aE y : applied (plays (index y spots)) (content_of (p y)) = Some (a (p y)).
  by rewrite /plays spot_index /a mem_imset; [case: ifP|exact: perm_inj].
have out res := orderly_outcome res aE.
have wrong x : (a x != honest (content_of x)) = (x \in p @: S) && (dev (content_of x) != honest (content_of x)).
  by rewrite /a; case: ifP => _; rewrite ?eqxx.
have -> : wins_with p (orderly plays) = labelsWin hq hp s a.
  have rel : (released_of a != [seq hq r | r <- enum 'I_R]) = [exists r, a (inl (r, Ordinal Bpos)) != hq r].
    apply/idP/existsP => [ne|[r ne]]; last first.
      apply: contraNN ne => /eqP/eq_in_map e; apply/eqP; apply: e; exact: mem_enum.
    apply/existsP; apply: contraNT ne => /existsPn al; apply/eqP/eq_map => r.
    by have := al r; rewrite negbK => /eqP.
  have acc : labelsAccepted hp s a -> (released_of a != [seq hq r | r <- enum 'I_R]) = [exists r, exists b, a (inl (r, b)) != hq r].
    case/andP=> _ /forallP al; rewrite rel; apply/existsP/existsP => -[r ne]; exists r; first by apply/existsP; exists (Ordinal Bpos).
    case/existsP: ne => b; by move: (al r) => /forallP /(_ b) /forallP /(_ (Ordinal Bpos)) /eqP ->.
  rewrite /wins_with /labelsWin; case o: (outcome _ _) => [res|].
    by have [lA ->] := (out res).1 o; rewrite lA acc.
  case lA: (labelsAccepted _ _ _) => //=; by rewrite (out (released_of a)).2 in o.
have pubs : #|[set t : 'I_T | a (inr t) != hp t]| = #|touchedPub P (p @: S)|.
  by apply: eq_card => t; rewrite !inE (wrong (inr t)) andbC.
rewrite /labelsWin /labelsAccepted /devWins /devAccepts pubs; case: (_ <= s) => //=.
have inQ r b : r \in Q -> (a (inl (r, b)) != hq r) = (inl (r, b) \in p @: S).
  by rewrite inE (wrong (inl (r, b))) (inj_eq (@Some_inj _)) /= => ->; rewrite andbT.
have offQ r b : r \notin Q -> a (inl (r, b)) = hq r.
  by rewrite inE negbK (inj_eq (@Some_inj _)) /a /= => /eqP ->; rewrite if_same.
apply/andP/andP => -[/forallP al /existsP[r h]]; split.
- apply/forallP=> q; apply/implyP=> qQ; have alike b b' : a (inl (q, b)) = a (inl (q, b')) by apply/eqP; move: (al q) => /forallP /(_ b) /forallP.
  case: (boolP (a (inl (q, Ordinal Bpos)) == hq q)) => e; apply/orP; [left|right]; apply/forallP=> b'.
    by rewrite -inQ // (alike b' (Ordinal Bpos)) e.
  by rewrite -inQ // (alike b' (Ordinal Bpos)).
- case/existsP: h => b w; have rQ : r \in Q by apply: contraNT w => /offQ ->.
  apply/existsP; exists r; rewrite rQ; apply/forallP=> b'; rewrite -inQ //.
  by move: (al r) => /forallP /(_ b') /forallP /(_ b) /eqP ->.
- apply/forallP=> q; apply/forallP=> b; apply/forallP=> b'; case: (boolP (q \in Q)) => qQ; last by rewrite !offQ.
  by have := al q; rewrite qQ /= /a => /orP[]/forallP h'; rewrite ?(negbTE (h' _)) ?h' /= ?(negbTE (h' _)) ?h'.
by apply/existsP; exists r; apply/existsP; exists (Ordinal Bpos); case/andP: h => rQ /forallP h'; rewrite inQ.
Qed.

Theorem orderly_session_wins :
  (#|[set p | wins_with p (orderly plays)]|%:R / #|{perm slot}|%:R =
   (W R B T #|Q| #|P| s #|S|)%:R / 'C(R * B + T, #|S|)%:R :> rat)%R.
Proof. by rewrite -(pr_win_is_W Bpos) /pr_deviation; congr (_%:R / _)%R; apply: eq_card => p; rewrite !inE orderly_is_the_deviation. Qed.
End OrderlyAct.

(* What everybody sees of what the client does: not the samples that it sends, and of accepted answers only that there are some *)
Inductive sight := Quiet | SentSlot (i : nat) | SeenAccepted | SeenRejected (r : reason) | SeenWithdrawn | Mistaken (w : illegal).
Definition tell (e : effect L) : sight := match e with
  | Nothing => Quiet | Send i _ => SentSlot i | Conclude (Accepted _) => SeenAccepted | Conclude (Rejected r) => SeenRejected r
  | Withdraw => SeenWithdrawn | Illegal w => Mistaken w end.

Section Adaptive.
(* what happens next may depend on all that was seen before *)
Variable ask : seq sight -> act.
Fixpoint play p n : seq sight * (state L * option (seq L)) :=
  if n is m.+1 then
    let: (h, w) := play p m in (rcons h (tell (step eq_op w.1 (happens p (ask h))).2), stepped p w (ask h))
  else ([::], (Idle here, None)).

Definition checks_now (w : state L * option (seq L)) what :=
  if w.1 is Mixed x then if what is Checks then missing x == 0 else false else false.
Definition checks_at p m := checks_now (play p m).2 (ask (play p m).1).
Definition alike (st st' : state L) : Prop := match st, st' with
  | Idle x, Idle y => x = y
  | Mixed x, Mixed y => [/\ own x = own y, queried x = queried y, missing x = missing y, size (mix x) = size (mix y)
      & map isSome (answers x) = map isSome (answers y)]
  | Ended e, Ended e' => e = e' | _, _ => False end.

Lemma took_alike x y i o o' : alike (Mixed x) (Mixed y) ->
  match took x i o, took y i o' with Some x', Some y' => alike (Mixed x') (Mixed y') | None, None => True | _, _ => False end.
Proof.
case=> h1 h2 h3 h4 h5; have sz : size (answers x) = size (answers y) by have := congr1 size h5; rewrite !size_map.
have same : isSome (nth (Some None) (answers x) i) = isSome (nth (Some None) (answers y) i).
  case: (ltnP i (size (answers x))) => lt; last by rewrite !nth_default // -sz.
  by rewrite -!(nth_map _ true isSome) -?sz // h5.
rewrite /took h2; case n: (nth _ (answers x) i) same => [u|]; case: (nth _ (answers y) i) => [v|] // _.
have lt : i < size (answers x) by rewrite ltnNge; apply/negP=> le; move: n; rewrite nth_default.
case: (i < _) => //; split=> //=; first by rewrite h3.
by rewrite !set_nthE -sz lt !map_cat /= !map_take !map_drop h5.
Qed.

Lemma alike_step p q w w' what : alike w.1 w'.1 -> ~~ checks_now w what ->
  alike (stepped p w what).1 (stepped q w' what).1 /\
  tell (step eq_op w.1 (happens p what)).2 = tell (step eq_op w'.1 (happens q what)).2.
Proof.
have one t u : (stepped t u what).1 = (step eq_op u.1 (happens t what)).1 by rewrite /stepped; case: (step _ _ _).
rewrite !one; case: w w' => [st out] [st' out'] /=; rewrite /checks_now /=.
have answers_alike i o o' : alike st st' -> alike (answered st i o).1 (answered st' i o').1 /\
    tell (answered st i o).2 = tell (answered st' i o').2.
  case: st st' => [x|x|e] [y|y|e'] //= h; have := took_alike i o o' h.
  by case: (took x i o) => [x'|]; case: (took y i o') => [y'|].
case: what {one} => [| |i g| | | | | |] /= al nc.
- case: st st' al {answers_alike nc} => [x|x|e] [y|y|e'] //=; try by move=> h; split.
  move=> <-; by case: ifP => // _; case: ifP => // _ /=; split=> //; rewrite !size_map.
- case: st st' al {answers_alike nc} => [x|x|e] [y|y|e'] //= [h1 h2 h3 h4 h5].
  rewrite h2; case: (ltnP (queried y) (size (mix y))) => lt; last by rewrite !nth_default ?size_map ?h4 //= h1 h2 h3.
  by rewrite !(nth_map (Public 0)) ?h4 //= h1 h3.
- by case: (spot i) => [y|]; [case: (applied _ _) => [l|]; case: (applied _ _) => [l'|]|]; apply: answers_alike.
- by case: st st' al {answers_alike nc} => [x|x|e] [y|y|e'].
- by case: st st' al {answers_alike nc} => [x|x|e] [y|y|e'].
- case: st st' al {answers_alike nc} => [x|x|e] [y|y|e'] // [h1 h2 h3 h4 h5]; rewrite h3; by case: ifP.
- case: st st' al {answers_alike nc} => [x|x|e] [y|y|e'] // [h1 h2 h3 h4 h5]; rewrite h3; by case: ifP.
- by case: st st' al {answers_alike nc} => [x|x|e] [y|y|e'].
case: st st' al nc {answers_alike} => [x|x|e] [y|y|e'] //= [h1 h2 h3 h4 h5] nc.
by rewrite -h3 (negbTE nc).
Qed.

Theorem nothing_shows_before_the_check p q n : (forall m, m < n -> ~~ checks_at p m) -> (play p n).1 = (play q n).1.
Proof.
move=> nc; suff [] : (play p n).1 = (play q n).1 /\ alike (play p n).2.1 (play q n).2.1 by [].
elim: n nc => [|n IH] nc; first by [].
have [|h al] := IH; first by move=> m mn; apply: nc; apply: ltnW.
have := nc n (ltnSn n); rewrite /checks_at /=; case: (play p n) h al => [hp' w] /= -> al; case: (play q n) al => [h' w'] /= al.
by move=> /(alike_step p q al)[al' ->].
Qed.

Lemma ended_stays p e out what : stepped p (Ended e, out) what = (Ended e, out).
Proof. by rewrite /stepped /=; case: what => [| |i g| | | | | |] //=; case: (spot i) => [y|] //; case: (applied _ _). Qed.

Definition fixed n := [seq ask (play 1%g m).1 | m <- iota 0 n].

Theorem adaptive_is_fixed p n : (play p n).2.2 = outcome p (fixed n).
Proof.
suff : ((run p (fixed n) = (play p n).2 /\ (forall m, m < n -> ~~ checks_at p m)) \/
    exists e, exists out, run p (fixed n) = (Ended e, out) /\ (play p n).2 = (Ended e, out)).
  by rewrite /outcome; case=> [[-> _]|[e [out [-> ->]]]].
elim: n => [|n IH]; first by left.
have next : run p (fixed n.+1) = stepped p (run p (fixed n)) (ask (play 1%g n).1).
  by rewrite /fixed -addn1 iotaD map_cat /run foldl_cat.
have played m : (play p m.+1).2 = stepped p (play p m).2 (ask (play p m).1) by rewrite /=; case: (play p m).
rewrite next played; case: IH => [[-> nc]|[e [out [-> ->]]]]; last by right; exists e, out; rewrite !ended_stays.
rewrite (nothing_shows_before_the_check 1%g nc); case c: (checks_at p n); last first.
  by left; split=> // m; rewrite ltnS leq_eqVlt => /orP[/eqP ->|/nc]; rewrite ?c.
right; move: c; rewrite /checks_at /checks_now (nothing_shows_before_the_check 1%g nc).
case: (play p n) => [h [[x|x|e] out]] //=; case: (ask _) => //= m0.
rewrite /stepped /= m0; case: (judged _ x) => [res|r] /=; [exists HasAccepted, (Some res)|exists (HasRejected r), out]; by [].
Qed.

(* a server that chooses its slots as it goes *)
Theorem adaptive_wins_at_most (dev : content -> option L) n :
  (forall h i f, ask h = Answers i (Some f) -> f =1 dev) ->
  exists S : {set slot},
  (#|[set p | if (play p n).2.2 is Some res then res != [seq hq r | r <- enum 'I_R] else false]|%:R / #|{perm slot}|%:R <=
   (W R B T #|changed_queries dev| #|changed_publics dev| s #|S|)%:R / 'C(R * B + T, #|S|)%:R :> rat)%R.
Proof.
move=> one; exists (touched (fixed n)).
have same i f : first_answer (fixed n) i = Some (Some f) -> f =1 dev.
  rewrite /first_answer /fixed; elim: (iota 0 n) => //= m ms IH.
  by case a: (ask _) => [| |j g| | | | | |] //=; case: ifP => // _ [gf]; apply: (one (play 1%g m).1 j); rewrite a gf.
apply: Order.POrderTheory.le_trans (session_wins_at_most same).
rewrite Num.Theory.ler_wpmul2r ?Num.Theory.invr_ge0 ?Num.Theory.ler0n // Num.Theory.ler_nat.
by apply: subset_leq_card; apply/subsetP=> p; rewrite !inE adaptive_is_fixed.
Qed.
End Adaptive.
End Played.
