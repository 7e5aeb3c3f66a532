//! A session as a line of numbers, which the machine that is extracted from Coq plays again.
//!
//! [`Lockstep`] passes events to [`step`], and writes down each event and what the machine does. `spec/coq/recompute.ml` reads the line, plays its
//! events in the machine of `spec/coq/Machine.v`, and compares every effect and the last state.
//!
//! A line is `machine R B T slack EVENTS = ANSWER`. An event is its number and what it carries: `0` for [`Event::Prepare`], with the mix's four parameters,
//! the sample in each slot, how many results are known, and these; `1` for `Query`; `2 slot label` for `Answer`; `3 slot` for `Undecodable`; `4` to `8` for `Garbage`,
//! `ServerStop`, `Timeout`, `ClientStop`, `Check` and `FailedProof`. Copy `b` of query `r` is sample `rB + b`, and public `t` is sample `RB + t`. The answer is hexadecimal: a 1, then
//! eight digits for each number of each effect, and for the state at the end. `0` is no effect; `1 slot sample`, a sample that is sent; `2 reason`, a rejection; `3 count
//! labels`, an acceptance; `4`, a withdrawal; `5 mistake`, an event that is [`Illegal`]. Reasons and mistakes are counted in the order of their types. A state is
//! `0` before the mix; `1 missing` before the check; `2` accepted; `3` to `7`, rejected by its reason; `8`, withdrawn.
//!
//! ```
//! use fusion_spec::lockstep::Lockstep;
//! use fusion_spec::machine::{Effect, Event};
//! use fusion_spec::mix::{Permutation, Sample};
//! use fusion_spec::params::Params;
//!
//! // One query, sent once, and a server that goes away: `peer_gone`.
//! let params = Params::new(1, 1, 0, 0)?;
//! let mix = Permutation::from_samples(params, &[Sample::Query { query: 0, copy: 0 }])?;
//! let mut session = Lockstep::new(params);
//! session.step(Event::Prepare { mix, known: vec![] })?;
//! session.step(Event::Query)?;
//! session.step(Event::ServerStop)?;
//! let answer = ["1", "00000000", "00000001", "00000000", "00000000", "00000002", "00000003", "00000006"].concat();
//! assert_eq!(session.line(), format!("machine 1 1 0 0 0 1 1 0 0 0 0 1 5 = 0x{answer}"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::machine::{Effect, End, Event, Illegal, State, step};
use crate::mix::{Sample, Slot};
use crate::params::Params;
use crate::verdict::{Label, Verdict};
use std::fmt::{Display, Write};

/// A session of the machine that is written down, event by event.
#[derive(Clone, Debug)]
pub struct Lockstep {
    params: Params,
    state: State,
    /// What stands before the `=`.
    events: String,
    /// What stands after it.
    answer: String,
}

impl Lockstep {
    /// Starts a session with these parameters.
    #[must_use]
    pub fn new(params: Params) -> Self {
        let mut session = Self { params, state: State::Idle(params), events: "machine".into(), answer: "0x1".into() };
        session.given(setting(params));
        session
    }

    /// Returns the state that the session is in.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Takes one step of the machine, and writes down the event and what the machine does.
    ///
    /// # Errors
    /// [`Illegal`] as of [`step`]. That the event was illegal is written down too, and the session can go on.
    pub fn step(&mut self, event: Event) -> Result<Effect, Illegal> {
        match &event {
            Event::Prepare { mix, known } => {
                let params = mix.params();
                self.given([0]);
                self.given(setting(params));
                self.given(mix.samples().map(|sample| index(params, sample)));
                self.given([known.len()]);
                self.given(known.iter().map(|Label(label)| label));
            }
            Event::Query => self.given([1]),
            Event::Answer { slot, label: Label(label) } => self.given([2, *slot, *label]),
            Event::Undecodable { slot } => self.given([3, *slot]),
            Event::Garbage => self.given([4]),
            Event::ServerStop => self.given([5]),
            Event::Timeout => self.given([6]),
            Event::ClientStop => self.given([7]),
            Event::Check => self.given([8]),
            Event::FailedProof => self.given([9]),
        }
        let effect = step(&mut self.state, event);
        match &effect {
            Ok(Effect::Nothing) => done(&mut self.answer, [0]),
            Ok(Effect::Send { slot, sample }) => self.sends(*slot, *sample),
            Ok(Effect::Conclude(Verdict::Rejected(reason))) => done(&mut self.answer, [2, reason.place() as u64]),
            Ok(Effect::Conclude(Verdict::Accepted(labels))) => {
                done(&mut self.answer, [3, labels.len() as u64]);
                done(&mut self.answer, labels.iter().map(|label| label.0.into()));
            }
            Ok(Effect::Withdraw) => done(&mut self.answer, [4]),
            Err(illegal) => done(&mut self.answer, [5, mistake(illegal)]),
        }
        effect
    }

    /// Returns the line of the session so far.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { state, events, answer, .. } = self;
        let mut line = format!("{events} = {answer}");
        match state {
            State::Idle(_) => done(&mut line, [0]),
            State::Mixed(session) => done(&mut line, [1, session.missing().into()]),
            State::Ended(End::Accepted) => done(&mut line, [2]),
            State::Ended(End::Rejected(reason)) => done(&mut line, [3 + reason.place() as u64]),
            State::Ended(End::Withdrawn) => done(&mut line, [8]),
        }
        line
    }

    fn given(&mut self, numbers: impl IntoIterator<Item = impl Display>) {
        for number in numbers {
            let Ok(()) = write!(self.events, " {number}") else { unreachable!("a string takes all that is written") };
        }
    }

    fn sends(&mut self, slot: Slot, sample: Sample) {
        let sample = index(self.params, sample);
        done(&mut self.answer, [1, slot.into(), sample]);
    }
}

/// Writes numbers below `2^32` in eight digits each: slots, labels and their numbers are.
fn done(answer: &mut String, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        let Ok(number) = u32::try_from(number) else { unreachable!("a session has 32-bit slots and labels") };
        let Ok(()) = write!(answer, "{number:08x}") else { unreachable!("a string takes all that is written") };
    }
}

fn setting(params: Params) -> [u64; 4] {
    [params.R(), params.B(), params.T(), params.slack()]
}

fn index(params: Params, sample: Sample) -> u64 {
    match sample {
        Sample::Query { query, copy } => u64::from(query) * params.B() + u64::from(copy),
        Sample::Public { index } => params.R() * params.B() + u64::from(index),
    }
}

fn mistake(illegal: &Illegal) -> u64 {
    match illegal {
        Illegal::ForeignMix => 0,
        Illegal::KnownResults { .. } => 1,
        Illegal::AlreadyPrepared => 2,
        Illegal::NothingToQuery => 3,
        Illegal::EarlyCheck => 4,
        Illegal::Over => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::Permutation;

    fn played(events: impl IntoIterator<Item = Event>) -> String {
        let mut session = Lockstep::new(Params::new(1, 2, 1, 0).expect("legal"));
        for event in events {
            let mut state = session.state().clone();
            assert_eq!(step(&mut state, event.clone()), session.step(event));
            assert_eq!(&state, session.state());
        }
        session.line()
    }

    fn prepare() -> Event {
        let order =
            [Sample::Public { index: 0 }, Sample::Query { query: 0, copy: 1 }, Sample::Query { query: 0, copy: 0 }];
        let mix = Permutation::from_samples(Params::new(1, 2, 1, 0).expect("legal"), &order).expect("a permutation");
        Event::Prepare { mix, known: vec![Label(9)] }
    }

    /// The numbers of an answer.
    fn answer(line: &str) -> Vec<u32> {
        let (_, digits) = line.split_once(" = 0x1").expect("an answer");
        let number = |start| u32::from_str_radix(&digits[start..start + 8], 16).expect("hexadecimal");
        (0..digits.len()).step_by(8).map(number).collect()
    }

    fn whole(labels: [u32; 3]) -> String {
        let answers = (0..).zip(labels).map(|(slot, label)| Event::Answer { slot, label: Label(label) });
        let queries = [Event::Query, Event::Query, Event::Query];
        played([prepare()].into_iter().chain(queries).chain(answers).chain([Event::Check]))
    }

    #[test]
    fn each_effect_and_state_has_its_numbers() {
        let sent = [0, 1, 0, 2, 1, 1, 1, 1, 2, 0, 0, 0, 0];
        for (labels, ending) in
            [([9, u32::MAX, u32::MAX], &[3, 1, u32::MAX, 2][..]), ([9, 4, 5], &[2, 1, 4]), ([8, 4, 4], &[2, 0, 3])]
        {
            assert_eq!(answer(&whole(labels)), [&sent, ending].concat(), "{labels:?}");
        }
        assert!(whole([9, 4, 5]).starts_with("machine 1 2 1 0 0 1 2 1 0 2 1 0 1 9 1 1 1 2 0 9 2 1 4 2 2 5 8 = 0x1"));
        for (events, numbers) in [
            (vec![], &[0][..]),
            (vec![prepare()], &[0, 1, 3]),
            (vec![Event::Garbage, Event::Query], &[2, 2, 5, 5, 5]),
            (vec![Event::Timeout, Event::Undecodable { slot: 3 }], &[2, 3, 0, 6]),
            (vec![Event::ServerStop], &[2, 3, 6]),
            (vec![Event::ClientStop], &[4, 8]),
            (vec![Event::FailedProof], &[2, 4, 7]),
            (vec![Event::Query, Event::Check], &[5, 3, 5, 4, 0]),
            (vec![prepare(), prepare()], &[0, 5, 2, 1, 3]),
        ] {
            assert_eq!(answer(&played(events.clone())), numbers, "{events:?}");
        }
    }

    #[test]
    fn each_event_has_its_numbers() {
        let events = [
            Event::Undecodable { slot: 7 },
            Event::Garbage,
            Event::ServerStop,
            Event::Timeout,
            Event::ClientStop,
            Event::Check,
            Event::FailedProof,
        ];
        assert!(played(events).starts_with("machine 1 2 1 0 3 7 4 5 6 7 8 9 = "));
    }
}
