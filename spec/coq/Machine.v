(* One session as its client sees it, event by event, with answers as labels: the state, the events that the client and the server cause, and what
   the client does. Labels are of any type, with a test of sameness. This is a definition, written to be read beside machine.rs and extracted to run
   beside it; Played.v has its theorems. [machine.rs: step, prepare, query, answer, check; Session::take, Session::verdict] *)
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.

Inductive sample := Copy (query copy : nat) | Public (index : nat).
Record setting := Setting { queries : nat; copies : nat; publics : nat; slack : nat }.
Definition total x := queries x * copies x + publics x.
Definition same_setting x y :=
  [&& queries x == queries y, copies x == copies y, publics x == publics y & slack x == slack y].

Inductive reason := PublicWrong | CopiesDisagree | Malformed | PeerGone | Cheating.
Inductive ending := HasAccepted | HasRejected of reason | HasWithdrawn.
(* the client's own mistakes, after which the state is as before *)
Inductive illegal := ForeignMix | KnownResults | AlreadyPrepared | NothingToQuery | EarlyCheck | Over.

Section Machine.
Variables (L : Type) (same : L -> L -> bool).

Inductive verdict := Accepted of seq L | Rejected of reason.
(* the answers so far: none, an answer that decodes to no label, or a label *)
Record session := Session { own : setting; mix : seq sample; known : seq L; queried : nat; answers : seq (option (option L)); missing : nat }.
Inductive state := Idle of setting | Mixed of session | Ended of ending.
Inductive event := Prepare (foreign : setting) (order : seq sample) (results : seq L) | Query | Answer (slot : nat) (label : L)
  | Undecodable (slot : nat) | Garbage | FailedProof | ServerStop | Timeout | ClientStop | Check.
Inductive effect := Nothing | Send (slot : nat) (content : sample) | Conclude of verdict | Withdraw | Illegal of illegal.

Definition took x slot (a : option L) : option session :=
  if nth (Some None) (answers x) slot is None then
    if slot < queried x
    then Some (Session (own x) (mix x) (known x) (queried x) (set_nth None (answers x) slot (Some a)) (missing x).-1)
    else None
  else None.

(* slot by slot: the wrong publics so far, whether copies agree so far, and each query's last label; nothing where a label is missing *)
Definition tally : Type := nat * bool * seq (option L).
Definition is_known (results : seq L) t l := if nth None (map Some results) t is Some k then same k l else false.
Definition weigh1 results (w : tally) x l : tally := let: (wrong, agree, last) := w in
  match x with
  | Public t => (wrong + ~~ is_known results t l, agree, last)
  | Copy r _ => (wrong, agree && (if nth None last r is Some k then same k l else true), set_nth None last r (Some l))
  end.
Fixpoint weigh results (w : tally) (xs : seq sample) (ls : seq (option (option L))) : option tally :=
  match xs, ls with
  | x :: xs', Some (Some l) :: ls' => weigh results (weigh1 results w x l) xs' ls'
  | x :: _, _ :: _ => None
  | _, _ => Some w
  end.

Definition judged x : verdict :=
  if weigh (known x) (0, true, nseq (queries (own x)) None) (mix x) (answers x) is Some (wrong, agree, last) then
    if slack (own x) < wrong then Rejected PublicWrong
    else if agree then Accepted (pmap id last) else Rejected CopiesDisagree
  else Rejected Malformed.

Definition reject r : state * effect := (Ended (HasRejected r), Conclude (Rejected r)).
Definition answered st slot a : state * effect :=
  match st with
  | Ended _ => (st, Nothing)
  | Mixed x => if took x slot a is Some y then (Mixed y, Nothing) else reject Malformed
  | Idle _ => reject Malformed
  end.

Definition step st (e : event) : state * effect :=
  match e with
  | Prepare foreign order results =>
      match st with
      | Idle here =>
          if ~~ same_setting foreign here then (st, Illegal ForeignMix)
          else if size results != publics here then (st, Illegal KnownResults)
          else (Mixed (Session here order results 0 (nseq (total here) None) (total here)), Nothing)
      | Mixed _ => (st, Illegal AlreadyPrepared)
      | Ended _ => (st, Illegal Over)
      end
  | Query =>
      match st with
      | Idle _ => (st, Illegal NothingToQuery)
      | Mixed x =>
          if nth None (map Some (mix x)) (queried x) is Some content
          then (Mixed (Session (own x) (mix x) (known x) (queried x).+1 (answers x) (missing x)), Send (queried x) content)
          else (st, Illegal NothingToQuery)
      | Ended _ => (st, Illegal Over)
      end
  | Answer slot label => answered st slot (Some label)
  | Undecodable slot => answered st slot None
  | Garbage => if st is Ended _ then (st, Nothing) else reject Malformed
  | FailedProof => if st is Ended _ then (st, Nothing) else reject Cheating
  | ServerStop | Timeout =>
      match st with
      | Idle _ => reject PeerGone
      | Mixed x => if missing x == 0 then (st, Nothing) else reject PeerGone
      | Ended _ => (st, Nothing)
      end
  | ClientStop => if st is Ended _ then (st, Illegal Over) else (Ended HasWithdrawn, Withdraw)
  | Check =>
      match st with
      | Idle _ => (st, Illegal EarlyCheck)
      | Mixed x =>
          if missing x == 0 then
            if judged x is Rejected r then reject r else (Ended HasAccepted, Conclude (judged x))
          else (st, Illegal EarlyCheck)
      | Ended _ => (st, Illegal Over)
      end
  end.

(* all events of a session, one after the other *)
Fixpoint steps st (es : seq event) : seq effect := if es is e :: es' then (step st e).2 :: steps (step st e).1 es' else [::].
Fixpoint last_state st (es : seq event) : state := if es is e :: es' then last_state (step st e).1 es' else st.
End Machine.
Arguments Idle {L}. Arguments Ended {L}. Arguments Rejected {L}.
Arguments Query {L}. Arguments Undecodable {L}. Arguments Garbage {L}. Arguments FailedProof {L}. Arguments ServerStop {L}. Arguments Timeout {L}. Arguments ClientStop {L}. Arguments Check {L}.
Arguments Nothing {L}. Arguments Send {L}. Arguments Withdraw {L}. Arguments Illegal {L}.
