/* Mix-and-check as two processes, written from the paper and not from the Rust: what proofs-tests/tests/model.rs finds of the
   machine must hold here too. scripts/models.sh checks every property, that each mutant (-DMUTANT=...) fails its own, and which
   verdicts can be reached.

   R queries, B copies of each, T publics, S wrong publics tolerated. Slots go out in order; the server answers them in any order,
   rightly (0), wrongly (1), wrongly in another way (2) or with what is no label (3), answers what was not asked or was answered, sends
   garbage or a proof that does not hold, closes or falls silent, whenever it likes. */
#ifndef R
#define R 2
#endif
#ifndef B
#define B 2
#endif
#ifndef T
#define T 1
#endif
#ifndef S
#define S 0
#endif
#define N (R * B + T)
#define UNDECODABLE 3
#define NONE 4

#define NO_COPIES 1   /* takes copies that disagree */
#define SLACKER 2     /* tolerates one wrong public too many */
#define HASTY 3       /* rejects at the first wrong public */
#define LEAKY 4       /* uses the answers before it checks */
#define FICKLE 5      /* accepts after it rejected */
#define PATIENT 6     /* waits for ever */
#define EASY 7        /* checks with one answer missing */
#define DEAF 8        /* takes a second answer */
#define STARTLED 9    /* stops at an answer that is no label */
#define GULLIBLE 10   /* takes what is no label for one */
#ifndef MUTANT
#define MUTANT 0
#endif

#define RUNNING 0
#define ACCEPTED 1
#define PUBLIC_WRONG 2
#define COPIES_DISAGREE 3
#define MALFORMED 4
#define PEER_GONE 5
#define CHEATING 6

mtype = { answer, garbage, forgery };
chan reply = [0] of { mtype, byte, byte };

byte holds[N];                 /* the secret order: a query, or R for a public */
byte got[N] = NONE;
byte asked, missing = N;
bool checked, released, wasRejected, changed, misshapen;
byte verdict = RUNNING;
#define ended (verdict != RUNNING)
#define rejected (verdict > ACCEPTED)

/* What is true of the answers, found pair by pair when the client is done; the client's own check is another one. */
bool judged, agree = true, allRight = true, decoded = true;
byte wrongPublics;
inline judge() {
  d_step {
    i = 0;
    do
    :: i == N -> break
    :: else ->
       if
       :: holds[i] == R && got[i] != 0 -> wrongPublics++
       :: holds[i] < R && got[i] != 0 -> allRight = false
       :: else
       fi;
       if
       :: got[i] == UNDECODABLE -> decoded = false
       :: else
       fi;
       j = 0;
       do
       :: j == i -> break
       :: else -> if :: holds[i] < R && holds[i] == holds[j] && got[i] != got[j] -> agree = false :: else fi; j++
       od;
       i++
    od;
    i = 0; j = 0; judged = true
  }
}

inline check() {
  d_step {
    i = 0;
    do
    :: i == N -> break
    :: else ->
       if
       :: holds[i] == R -> if :: got[i] != 0 -> wrong++ :: else fi
       :: else -> if :: first[holds[i]] == NONE -> first[holds[i]] = got[i] :: first[holds[i]] != NONE && first[holds[i]] != got[i] -> unlike = true :: else fi
       fi;
       if
       :: got[i] == UNDECODABLE && MUTANT != GULLIBLE -> mute = true
       :: else
       fi;
       i++
    od;
    if
    :: mute -> verdict = MALFORMED
    :: !mute && wrong > S + (MUTANT == SLACKER) -> verdict = PUBLIC_WRONG
    :: !mute && wrong <= S + (MUTANT == SLACKER) && unlike && MUTANT != NO_COPIES -> verdict = COPIES_DISAGREE
    :: else -> verdict = ACCEPTED; released = true
    fi;
    i = 0; checked = true
  }
}

/* What was asked no longer matters: all ends of a kind are one. */
inline forget() {
  d_step {
    i = 0;
    do
    :: i == N -> break
    :: else -> holds[i] = 0; got[i] = NONE; i++
    od;
    i = 0; asked = 0; wrong = 0; unlike = false; mute = false; first[0] = NONE; first[1] = NONE; first[2] = NONE
  }
}

active proctype Client() {
  byte left[4], first[4], i, j, k, slot, label, wrong;
  bool unlike, mute;
  d_step { left[0] = B; left[1] = B; left[2] = B; left[R] = T; first[0] = NONE; first[1] = NONE; first[2] = NONE };
  do
  :: slot == N -> break
  :: else -> atomic {
       if
       :: left[0] > 0 -> k = 0
       :: R > 1 && left[1] > 0 -> k = 1
       :: R > 2 && left[2] > 0 -> k = 2
       :: left[R] > 0 -> k = R
       fi;
       left[k]--; holds[slot] = k; slot++
     }
  od;
  skip;
  d_step { slot = 0; k = 0; left[0] = 0; left[1] = 0; left[2] = 0 };
  do
  :: ended -> break
  :: else ->
     if
     :: asked < N -> asked++
     :: missing > 0 && MUTANT != PATIENT -> atomic { verdict = PEER_GONE; skip; forget() }   /* silence, or a close */
     :: missing == 0 || MUTANT == EASY && missing == 1 -> atomic { judge(); skip; check(); skip; forget() }
     :: reply?garbage(slot, label) -> atomic { misshapen = true; verdict = MALFORMED; slot = 0; label = 0; forget() }
     :: reply?forgery(slot, label) -> atomic { verdict = CHEATING; slot = 0; label = 0; forget() }
     :: reply?answer(slot, label) -> atomic {
          if
          :: slot < asked && got[slot] == NONE ->
             got[slot] = label; missing--;
             if
             :: MUTANT == HASTY && holds[slot] == R && label != 0 -> verdict = PUBLIC_WRONG
             :: MUTANT == LEAKY && missing == 0 -> released = true
             :: MUTANT == STARTLED && label == UNDECODABLE -> verdict = MALFORMED
             :: else
             fi
          :: MUTANT == DEAF && slot < asked && got[slot] != NONE -> got[slot] = label; changed = true
          :: else -> misshapen = true; verdict = MALFORMED
          fi;
          slot = 0; label = 0;
          if
          :: ended -> forget()
          :: else
          fi
        }
     fi
  od;
  wasRejected = rejected;
  if
  :: MUTANT == FICKLE && rejected -> verdict = ACCEPTED
  :: else
  fi
}

/* One more kind of answer multiplies the states: larger settings go without. */
#if N <= 3
#define MUTE(slot) :: reply!answer(slot, UNDECODABLE)
#else
#define MUTE(slot)
#endif
#define ANSWERS(slot) :: reply!answer(slot, 0) :: reply!answer(slot, 1) :: reply!answer(slot, 2) MUTE(slot)

active proctype Server() {
  do
  :: ended -> break
  :: true -> ended; break      /* silence */
  :: reply!garbage(0, 0) :: reply!forgery(0, 0)
  ANSWERS(0) ANSWERS(1) ANSWERS(2) ANSWERS(3) ANSWERS(4) ANSWERS(5) ANSWERS(6)
  od
}

ltl safe     { [] ((verdict == ACCEPTED && judged) -> (agree && decoded && wrongPublics <= S)) }
ltl early    { [] ((ended && !checked) -> (verdict == MALFORMED || verdict == PEER_GONE || verdict == CHEATING)) }
ltl blind    { [] ((verdict == MALFORMED && !checked) -> misshapen) }
ltl release  { [] (released -> checked) }
ltl final    { [] (wasRejected -> verdict != ACCEPTED) }
ltl complete { [] (checked -> missing == 0) }
ltl once     { [] !changed }
ltl live     { <> ended }

/* Refuted where they can be reached. */
ltl no_win             { [] !(verdict == ACCEPTED && checked && !allRight) }
ltl no_harmless        { [] !(verdict == ACCEPTED && checked && allRight) }
ltl no_public_wrong    { [] (verdict != PUBLIC_WRONG) }
ltl no_copies_disagree { [] (verdict != COPIES_DISAGREE) }
ltl no_malformed       { [] (verdict != MALFORMED) }
ltl no_peer_gone       { [] (verdict != PEER_GONE) }
ltl no_cheating        { [] (verdict != CHEATING) }
