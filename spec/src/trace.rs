//! Trace refinement: what a client did is compared with what the machine does.
//!
//! A client, simulated or real, logs every event and what it did in response. [`replay`] passes the events to [`step`] and refuses the
//! log at the first event that is illegal, or to which the machine responds in another way. A client that accepts, rejects or waits where the
//! specification does not therefore leaves a log that is refused.
//!
//! ```
//! use fusion_spec::machine::{Effect, Event, Illegal};
//! use fusion_spec::mix::{Permutation, Sample};
//! use fusion_spec::params::Params;
//! use fusion_spec::trace::{Departure, Logged, Why, replay};
//! use fusion_spec::verdict::{Label, Verdict};
//!
//! let params = Params::new(1, 2, 0, 0)?;
//! let copy = |copy| Sample::Query { query: 0, copy };
//! let mix = Permutation::from_samples(params, &[copy(1), copy(0)])?;
//! let sent = |slot, sample| Logged { event: Event::Query, effect: Effect::Send { slot, sample } };
//! let got = |slot| Logged { event: Event::Answer { slot, label: Label(7) }, effect: Effect::Nothing };
//! let seven = Effect::Conclude(Verdict::Accepted(vec![Label(7)]));
//! let released = Logged { event: Event::Check, effect: seven };
//! let mixed = Logged { event: Event::Prepare { mix, known: vec![] }, effect: Effect::Nothing };
//!
//! let good = [mixed.clone(), sent(0, copy(1)), sent(1, copy(0)), got(0), got(1), released.clone()];
//! assert_eq!(replay(params, &good)?, Some(Verdict::Accepted(vec![Label(7)])));
//!
//! // One copy is enough for this client.
//! let hasty = [mixed, sent(0, copy(1)), sent(1, copy(0)), got(0), released];
//! assert_eq!(replay(params, &hasty), Err(Departure { at: 4, why: Why::Illegal(Illegal::EarlyCheck) }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::machine::{Effect, Event, Illegal, State, step};
use crate::params::Params;
use crate::verdict::Verdict;

/// One entry of a client's log: an event, and what the client did in response.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Logged {
    /// The event that happened.
    pub event: Event,
    /// What the client did in response.
    pub effect: Effect,
}

/// The first place where a client's log differs from the specification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {at}: {why}")]
pub struct Departure {
    /// The number of the event, counted from 0.
    pub at: usize,
    /// How the log differs there.
    pub why: Why,
}

/// How a client's log differs from the specification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The client acted at the wrong time.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// The client did something else than the machine, which has the effect given here.
    #[error("the specification's client does otherwise: {0:?}")]
    Otherwise(Effect),
    /// The log ends before the session does.
    #[error("the log ends before the session")]
    Unfinished,
}

/// Replays the log of a whole session through the machine. Returns the session's verdict, or `None` where the client withdrew.
///
/// # Errors
/// [`Departure`] names the first event where the log differs from the specification.
pub fn replay(params: Params, log: &[Logged]) -> Result<Option<Verdict>, Departure> {
    let mut state = State::Idle(params);
    let mut verdict = None;
    for (at, Logged { event, effect }) in log.iter().enumerate() {
        let meant = step(&mut state, event.clone()).map_err(|illegal| Departure { at, why: illegal.into() })?;
        if meant != *effect {
            return Err(Departure { at, why: Why::Otherwise(meant) });
        }
        if let Effect::Conclude(concluded) = meant {
            verdict = Some(concluded);
        }
    }
    match state {
        State::Ended(_) => Ok(verdict),
        State::Idle(_) | State::Mixed(_) => Err(Departure { at: log.len(), why: Why::Unfinished }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::{Permutation, Sample};
    use crate::verdict::{Label, Reason};

    const RIGHT: Label = Label(0);
    const WRONG: Label = Label(1);

    fn params() -> Params {
        Params::new(1, 2, 1, 0).expect("legal")
    }

    fn log(event: Event, effect: Effect) -> Logged {
        Logged { event, effect }
    }

    /// Query, public, query, with these answers, before any verdict.
    fn answered(labels: [Label; 3]) -> Vec<Logged> {
        let order = [0, 1].map(|copy| Sample::Query { query: 0, copy });
        let order = [order[0], Sample::Public { index: 0 }, order[1]];
        let mix = Permutation::from_samples(params(), &order).expect("a permutation");
        let mut all = vec![log(Event::Prepare { mix, known: vec![RIGHT] }, Effect::Nothing)];
        all.extend((0..).zip(order).map(|(slot, sample)| log(Event::Query, Effect::Send { slot, sample })));
        all.extend((0..).zip(labels).map(|(slot, label)| log(Event::Answer { slot, label }, Effect::Nothing)));
        all
    }

    fn departs(log: &[Logged], at: usize) -> Why {
        let departure = replay(params(), log).expect_err("no refinement");
        assert_eq!(departure.at, at, "{departure}");
        departure.why
    }

    #[test]
    fn faulty_clients_are_told_where_they_leave_the_specification() {
        let rejected = |reason| Effect::Conclude(Verdict::Rejected(reason));
        let accepted = |label| Effect::Conclude(Verdict::Accepted(vec![label]));
        let with = |labels, event, effect| {
            let mut all = answered(labels);
            all.push(log(event, effect));
            all
        };
        // It does not compare copies.
        let why = departs(&with([WRONG, RIGHT, RIGHT], Event::Check, accepted(WRONG)), 7);
        assert_eq!(why, Why::Otherwise(rejected(Reason::CopiesDisagree)));
        // It compares copies before publics.
        let unlike = with([WRONG, WRONG, RIGHT], Event::Check, rejected(Reason::CopiesDisagree));
        assert_eq!(departs(&unlike, 7), Why::Otherwise(rejected(Reason::PublicWrong)));
        // It rejects as soon as a public is wrong (H6).
        let mut early = answered([RIGHT, WRONG, RIGHT]);
        early.truncate(6);
        early[5].effect = rejected(Reason::PublicWrong);
        assert_eq!(departs(&early, 5), Why::Otherwise(Effect::Nothing));
        // It sends another sample than it says it mixed.
        let mut other = answered([RIGHT; 3]);
        other[2].effect = Effect::Send { slot: 1, sample: Sample::Query { query: 0, copy: 0 } };
        assert!(matches!(departs(&other, 2), Why::Otherwise(Effect::Send { slot: 1, .. })));
        // It takes a stop for an answer.
        let mut left = answered([RIGHT; 3]);
        left[6] = log(Event::ServerStop, Effect::Nothing);
        assert_eq!(departs(&left, 6), Why::Otherwise(rejected(Reason::PeerGone)));
        // It forgets to conclude, or concludes twice.
        assert_eq!(departs(&answered([RIGHT; 3]), 7), Why::Unfinished);
        let mut twice = with([RIGHT; 3], Event::Check, accepted(RIGHT));
        twice.push(twice[7].clone());
        assert_eq!(departs(&twice, 8), Why::Illegal(Illegal::Over));
    }

    #[test]
    fn good_logs_give_their_verdict() {
        let mut all = answered([WRONG, RIGHT, WRONG]);
        let accepted = Verdict::Accepted(vec![WRONG]);
        all.push(log(Event::Check, Effect::Conclude(accepted.clone())));
        assert_eq!(replay(params(), &all), Ok(Some(accepted)));
        let withdrawn = [log(Event::ClientStop, Effect::Withdraw)];
        assert_eq!(replay(params(), &withdrawn), Ok(None));
    }
}
