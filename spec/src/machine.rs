//! Mix-and-check as one function: [`step`] takes a state and an event, and returns the next state and what the client does.
//!
//! This function is the only definition of what preparing, querying, answering, stopping, timing out, checking, accepting and rejecting mean. It is
//! model-checked, recorded runs are replayed through it ([`crate::trace`]), and [`crate::client`] wraps it at run time.
//!
//! Invariants:
//! - **H6.** No effect depends on the *content* of an answer before [`Event::Check`], and `Check` is illegal until all
//!   `N` answers are in. That an answer decodes to no label ([`Event::Undecodable`]) is content too: only the client can tell, so it
//!   goes on and rejects at the check. The *shape* of the server's messages (a second answer for a slot, a message of another
//!   length, an end of the connection) may end the session at once, because the server knows the shape and learns nothing from that.
//! - Every event that the server can cause is legal in every state; only the client's own mistakes are [`Illegal`].
//! - An ended session never changes.
//!
//! ```
//! use fusion_spec::machine::{Effect, End, Event, Illegal, State, step};
//! use fusion_spec::mix::{Permutation, Sample};
//! use fusion_spec::{params::Params, verdict::{Label, Reason, Verdict}};
//!
//! let params = Params::new(1, 2, 0, 0)?;
//! let order = [0, 1].map(|copy| Sample::Query { query: 0, copy });
//! let mut state = State::Idle(params);
//! step(&mut state, Event::Prepare { mix: Permutation::from_samples(params, &order)?, known: vec![] })?;
//! for slot in 0..2 {
//!     step(&mut state, Event::Query)?;
//!     assert_eq!(step(&mut state, Event::Check), Err(Illegal::EarlyCheck));
//!     // The copies disagree, and nothing shows before the check.
//!     assert_eq!(step(&mut state, Event::Answer { slot, label: Label(slot) })?, Effect::Nothing);
//! }
//! let rejected = Verdict::Rejected(Reason::CopiesDisagree);
//! assert_eq!(step(&mut state, Event::Check)?, Effect::Conclude(rejected));
//! assert_eq!(state, State::Ended(End::Rejected(Reason::CopiesDisagree)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::mix::{Permutation, Sample, Slot};
use crate::params::Params;
use crate::verdict::{Label, Reason, Verdict};

/// The state of a session, as the client sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// The session has its parameters, and nothing has been mixed.
    Idle(Params),
    /// The batch has been mixed and nothing has been compared. Answers may be missing.
    Mixed(Session),
    /// The session is over, and never changes again.
    Ended(End),
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The checks passed, and the client uses the answers.
    Accepted,
    /// The client rejected, for the reason given.
    Rejected(Reason),
    /// The client stopped for reasons of its own, and uses no answer.
    Withdrawn,
}

/// A session between the mix and the check: the client's order, the known results, and the answers so far.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    mix: Permutation,
    known: Vec<Label>,
    queried: Slot,
    answers: Vec<Option<Answer>>,
    missing: u32,
}

/// What the client makes of the server's answer for a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Answer {
    Label(Label),
    Undecodable,
}

/// Something that the client does or that the server makes happen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The client fixes the order of the batch and the known results of the `T` public samples.
    Prepare {
        /// The shuffled batch.
        mix: Permutation,
        /// The known results of the public samples, in the order of their numbers.
        known: Vec<Label>,
    },
    /// The client sends the next slot's sample. Slots go out in increasing order, whatever comes back.
    Query,
    /// The server answers a slot.
    Answer {
        /// The slot that the server claims to answer.
        slot: Slot,
        /// The server's answer. Any label is taken, and only the check judges it.
        label: Label,
    },
    /// The server answers a slot with something that decodes to no label. Whether it does may depend on the slot's content, so that nothing
    /// shows before the check.
    Undecodable {
        /// The slot that the server claims to answer.
        slot: Slot,
    },
    /// The server sends bytes that are no answer.
    Garbage,
    /// The server's proof that it kept to the inference's protocol does not hold. Whether it does depends on what the server sent and on the client's coins, but on
    /// no content of a slot, so that the session may end at once.
    FailedProof,
    /// The server ends the session.
    ServerStop,
    /// The server has been silent for too long.
    Timeout,
    /// The client ends the session for reasons of its own.
    ClientStop,
    /// The client compares public samples with their known results, and copies with each other.
    Check,
}

/// What the client does in response to an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The client does nothing that anyone can see.
    Nothing,
    /// The client sends a sample as the sample of a slot.
    Send {
        /// The slot that is sent. Slots are sent in increasing order.
        slot: Slot,
        /// The sample that the slot holds.
        sample: Sample,
    },
    /// The client ends the session with a verdict, and uses the answers if it accepts.
    Conclude(Verdict),
    /// The client ends the session without a verdict.
    Withdraw,
}

/// Why an event of the client's own came at the wrong time. This is a bug in the client, never the server's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Illegal {
    /// `Prepare` came with the mix of another session.
    #[error("the mix was made for other parameters")]
    ForeignMix,
    /// `Prepare` came without one known result for each public sample.
    #[error("{given} known results for {T} public samples")]
    KnownResults {
        /// How many results were given.
        given: usize,
        /// How many results there must be, one for each public sample.
        T: u64,
    },
    /// `Prepare` came twice.
    #[error("already prepared")]
    AlreadyPrepared,
    /// `Query` came before the mix, or after the last slot.
    #[error("no slot left to query")]
    NothingToQuery,
    /// `Check` came before all answers were in, which H6 forbids.
    #[error("check before all N answers are in")]
    EarlyCheck,
    /// An event of the client's came after the end of the session.
    #[error("the session is over")]
    Over,
}

/// Takes one step of the protocol: changes the state as the event asks, and returns what the client does.
///
/// # Errors
/// [`Illegal`] says that the client acts at the wrong time. The state is then unchanged.
pub fn step(state: &mut State, event: Event) -> Result<Effect, Illegal> {
    match event {
        Event::Prepare { mix, known } => prepare(state, mix, known),
        Event::Query => query(state),
        Event::Check => check(state),
        Event::ClientStop => match state {
            State::Ended(_) => Err(Illegal::Over),
            _ => Ok(end(state, End::Withdrawn, Effect::Withdraw)),
        },
        Event::Answer { slot, label } => Ok(answer(state, slot, Answer::Label(label))),
        Event::Undecodable { slot } => Ok(answer(state, slot, Answer::Undecodable)),
        Event::Garbage => Ok(match state {
            State::Ended(_) => Effect::Nothing,
            _ => reject(state, Reason::Malformed),
        }),
        Event::FailedProof => Ok(match state {
            State::Ended(_) => Effect::Nothing,
            _ => reject(state, Reason::Cheating),
        }),
        Event::ServerStop | Event::Timeout => Ok(match state {
            State::Ended(_) => Effect::Nothing,
            // With all answers in, the server is no longer needed.
            State::Mixed(session) if session.missing == 0 => Effect::Nothing,
            State::Idle(_) | State::Mixed(_) => reject(state, Reason::PeerGone),
        }),
    }
}

fn prepare(state: &mut State, mix: Permutation, known: Vec<Label>) -> Result<Effect, Illegal> {
    let params = match state {
        State::Idle(params) => *params,
        State::Mixed(_) => return Err(Illegal::AlreadyPrepared),
        State::Ended(_) => return Err(Illegal::Over),
    };
    if mix.params() != params {
        return Err(Illegal::ForeignMix);
    }
    if known.len() as u64 != params.T() {
        return Err(Illegal::KnownResults { given: known.len(), T: params.T() });
    }
    let missing = mix.N();
    *state = State::Mixed(Session { mix, known, queried: 0, answers: vec![None; missing as usize], missing });
    Ok(Effect::Nothing)
}

fn query(state: &mut State) -> Result<Effect, Illegal> {
    match state {
        State::Mixed(session) => {
            let slot = session.queried;
            let sample = session.mix.at(slot).ok_or(Illegal::NothingToQuery)?;
            session.queried += 1;
            Ok(Effect::Send { slot, sample })
        }
        State::Idle(_) => Err(Illegal::NothingToQuery),
        State::Ended(_) => Err(Illegal::Over),
    }
}

fn answer(state: &mut State, slot: Slot, answer: Answer) -> Effect {
    let taken = match state {
        State::Ended(_) => true,
        State::Mixed(session) => session.take(slot, answer),
        State::Idle(_) => false,
    };
    if taken { Effect::Nothing } else { reject(state, Reason::Malformed) }
}

fn check(state: &mut State) -> Result<Effect, Illegal> {
    let verdict = match state {
        State::Mixed(session) if session.missing == 0 => session.verdict(),
        State::Mixed(_) | State::Idle(_) => return Err(Illegal::EarlyCheck),
        State::Ended(_) => return Err(Illegal::Over),
    };
    let how = match &verdict {
        Verdict::Accepted(_) => End::Accepted,
        Verdict::Rejected(reason) => End::Rejected(*reason),
    };
    Ok(end(state, how, Effect::Conclude(verdict)))
}

fn reject(state: &mut State, reason: Reason) -> Effect {
    end(state, End::Rejected(reason), Effect::Conclude(Verdict::Rejected(reason)))
}

fn end(state: &mut State, how: End, effect: Effect) -> Effect {
    *state = State::Ended(how);
    effect
}

impl Session {
    /// Returns how many of the `N` answers are missing.
    #[must_use]
    pub fn missing(&self) -> u32 {
        self.missing
    }

    /// Returns the order in which the client mixed the batch.
    #[must_use]
    pub fn mix(&self) -> &Permutation {
        &self.mix
    }

    /// Takes an answer if it is the first to a slot that was queried. Returns whether it was.
    fn take(&mut self, slot: Slot, answer: Answer) -> bool {
        match self.answers.get_mut(slot as usize) {
            Some(open @ None) if slot < self.queried => {
                *open = Some(answer);
                self.missing -= 1;
                true
            }
            _ => false,
        }
    }

    /// Makes the client's local check of complete answers: all must be labels, at most `slack` public samples may be wrong, and the copies of every
    /// query must agree.
    fn verdict(&self) -> Verdict {
        let params = self.mix.params();
        let mut wrong_publics = 0;
        let mut copies_agree = true;
        let mut results: Vec<Option<Label>> = vec![None; self.mix.R() as usize];
        for (sample, answer) in self.mix.samples().zip(&self.answers) {
            let Some(Answer::Label(label)) = *answer else { return Verdict::Rejected(Reason::Malformed) };
            match sample {
                Sample::Public { index } => {
                    wrong_publics += u64::from(self.known.get(index as usize) != Some(&label));
                }
                Sample::Query { query, .. } => {
                    let result = results[query as usize].replace(label);
                    copies_agree &= result.is_none_or(|other| other == label);
                }
            }
        }
        if wrong_publics > params.slack() {
            Verdict::Rejected(Reason::PublicWrong)
        } else if copies_agree {
            Verdict::Accepted(results.into_iter().flatten().collect())
        } else {
            Verdict::Rejected(Reason::CopiesDisagree)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: Label = Label(0);
    const WRONG: Label = Label(1);

    fn copy(query: u32, copy: u32) -> Sample {
        Sample::Query { query, copy }
    }

    /// Two queries twice and one public, in the order q0 q1 public q1 q0.
    fn prepared(slack: u64) -> State {
        let params = Params::new(2, 2, 1, slack).expect("legal");
        let order = [copy(0, 0), copy(1, 0), Sample::Public { index: 0 }, copy(1, 1), copy(0, 1)];
        let mix = Permutation::from_samples(params, &order).expect("a permutation");
        let mut state = State::Idle(params);
        let prepare = Event::Prepare { mix, known: vec![RIGHT] };
        assert_eq!(step(&mut state, prepare), Ok(Effect::Nothing));
        state
    }

    fn queried(slack: u64) -> State {
        let mut state = prepared(slack);
        for slot in 0..5 {
            assert!(matches!(step(&mut state, Event::Query), Ok(Effect::Send { slot: s, .. }) if s == slot));
        }
        assert_eq!(step(&mut state, Event::Query), Err(Illegal::NothingToQuery));
        state
    }

    fn run(slack: u64, labels: [Label; 5]) -> Verdict {
        let mut state = queried(slack);
        for (slot, label) in (0..).zip(labels) {
            assert_eq!(step(&mut state, Event::Check), Err(Illegal::EarlyCheck));
            assert_eq!(step(&mut state, Event::Answer { slot, label }), Ok(Effect::Nothing));
        }
        match step(&mut state, Event::Check) {
            Ok(Effect::Conclude(verdict)) => verdict,
            other => panic!("check must conclude, not {other:?}"),
        }
    }

    #[test]
    fn the_check_is_the_papers() {
        let accepted = |a, b| Verdict::Accepted(vec![a, b]);
        assert_eq!(run(0, [RIGHT; 5]), accepted(RIGHT, RIGHT));
        assert_eq!(run(0, [WRONG, RIGHT, RIGHT, RIGHT, WRONG]), accepted(WRONG, RIGHT), "consistent but incorrect");
        assert_eq!(run(0, [WRONG, RIGHT, RIGHT, RIGHT, RIGHT]), Verdict::Rejected(Reason::CopiesDisagree));
        assert_eq!(run(0, [WRONG, RIGHT, WRONG, RIGHT, WRONG]), Verdict::Rejected(Reason::PublicWrong));
        assert_eq!(run(1, [WRONG, RIGHT, WRONG, RIGHT, WRONG]), accepted(WRONG, RIGHT), "slack tolerates the public");
        let unlike = [WRONG, RIGHT, RIGHT, RIGHT, Label(2)];
        assert_eq!(run(0, unlike), Verdict::Rejected(Reason::CopiesDisagree), "two different wrong answers");
    }

    /// H6: that an answer is no label shows at the check, and there before all else.
    #[test]
    fn an_answer_that_is_no_label_is_rejected_at_the_check() {
        for undecodable in 0..5 {
            let mut state = queried(1);
            for slot in 0..5 {
                let answer = Event::Answer { slot, label: Label(slot % 2) };
                let event = if slot == undecodable { Event::Undecodable { slot } } else { answer };
                assert_eq!(step(&mut state, event), Ok(Effect::Nothing));
            }
            let rejected = Verdict::Rejected(Reason::Malformed);
            assert_eq!(step(&mut state, Event::Check), Ok(Effect::Conclude(rejected)), "slot {undecodable}");
        }
    }

    #[test]
    fn what_the_server_sends_never_is_illegal() {
        let answer = |slot| Event::Answer { slot, label: RIGHT };
        let rejected = |reason| Ok(Effect::Conclude(Verdict::Rejected(reason)));
        let idle = || State::Idle(Params::new(1, 1, 0, 0).expect("legal"));
        for (mut state, event, reason) in [
            (idle(), answer(0), Reason::Malformed),
            (idle(), Event::Timeout, Reason::PeerGone),
            (prepared(0), answer(0), Reason::Malformed),
            (queried(0), answer(5), Reason::Malformed),
            (prepared(0), Event::Undecodable { slot: 0 }, Reason::Malformed),
            (queried(0), Event::Garbage, Reason::Malformed),
            (idle(), Event::FailedProof, Reason::Cheating),
            (queried(0), Event::FailedProof, Reason::Cheating),
            (queried(0), Event::ServerStop, Reason::PeerGone),
            (queried(0), Event::Timeout, Reason::PeerGone),
        ] {
            assert_eq!(step(&mut state, event), rejected(reason));
            for late in [answer(0), Event::Garbage, Event::FailedProof, Event::ServerStop, Event::Timeout] {
                assert_eq!(step(&mut state, late), Ok(Effect::Nothing), "an ended session never changes");
            }
            assert_eq!(state, State::Ended(End::Rejected(reason)));
            for own in [Event::Query, Event::Check, Event::ClientStop] {
                assert_eq!(step(&mut state, own), Err(Illegal::Over));
            }
        }
    }

    #[test]
    fn a_second_answer_is_malformed_and_a_late_stop_is_not() {
        let mut state = queried(0);
        for slot in 0..5 {
            assert_eq!(step(&mut state, Event::Answer { slot, label: RIGHT }), Ok(Effect::Nothing));
        }
        let complete = state.clone();
        assert_eq!(step(&mut state, Event::ServerStop), Ok(Effect::Nothing));
        assert_eq!(state, complete);
        let second = Event::Answer { slot: 0, label: RIGHT };
        assert_eq!(step(&mut state, second), Ok(Effect::Conclude(Verdict::Rejected(Reason::Malformed))));
    }

    #[test]
    fn the_clients_own_mistakes_change_nothing() {
        let params = Params::new(1, 1, 1, 0).expect("legal");
        let mix = |params| {
            Permutation::from_samples(params, &[copy(0, 0), Sample::Public { index: 0 }]).expect("a permutation")
        };
        let foreign = Params::new(1, 1, 1, 1).expect("legal");
        let mut state = State::Idle(params);
        let mut mistake = |event| step(&mut state, event);
        assert_eq!(mistake(Event::Prepare { mix: mix(foreign), known: vec![RIGHT] }), Err(Illegal::ForeignMix));
        let wrong_count = Illegal::KnownResults { given: 2, T: 1 };
        assert_eq!(mistake(Event::Prepare { mix: mix(params), known: vec![RIGHT; 2] }), Err(wrong_count));
        assert_eq!(mistake(Event::Query), Err(Illegal::NothingToQuery));
        assert_eq!(mistake(Event::Check), Err(Illegal::EarlyCheck));
        assert_eq!(state, State::Idle(params));
        assert_eq!(step(&mut state, Event::ClientStop), Ok(Effect::Withdraw));
        assert_eq!(state, State::Ended(End::Withdrawn));
    }
}
