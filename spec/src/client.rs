//! The client as a typestate around [`crate::machine`]: what it may do next is what compiles.
//!
//! [`Client<Mixed>`] sends and receives, [`Client<Answered>`] holds all `N` answers and can only check. Comparing early
//! (hypothesis H6) is a type error.
//!
//! ```
//! use fusion_spec::client::{Client, Progress};
//! use fusion_spec::{mix::Mix, params::Params, verdict::{Label, Verdict}};
//! use rand_pcg::{Pcg64, rand_core::SeedableRng};
//!
//! let params = Params::new(3, 2, 4, 0)?;
//! let mix = Mix::new(params)?.finish(&mut Pcg64::seed_from_u64(1));
//! let mut client = Client::new(params, mix, vec![Label(7); 4])?;
//! let mut sent = Vec::new();
//! while let Some((slot, _sample)) = client.next_query() {
//!     sent.push(slot);
//! }
//! // An honest server, whose model says 7 to everything.
//! let mut progress = Progress::Waiting(client);
//! for slot in sent {
//!     let Progress::Waiting(waiting) = progress else { unreachable!("answers are missing") };
//!     progress = waiting.answer(slot, Label(7));
//! }
//! let Progress::Answered(client) = progress else { unreachable!("all answers are in") };
//! assert_eq!(client.check(), Verdict::Accepted(vec![Label(7); 3]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::machine::{Effect, Event, Illegal, State, step};
use crate::mix::{Permutation, Sample, Slot};
use crate::params::Params;
use crate::verdict::{Label, Reason, Verdict};
use std::marker::PhantomData;

/// Some of the `N` answers are missing.
#[derive(Debug)]
pub enum Mixed {}

/// All `N` answers are in.
#[derive(Debug)]
pub enum Answered {}

/// A client in the middle of a session. Every message moves it, so it is no more than a pointer.
#[derive(Debug)]
pub struct Client<Stage> {
    state: Box<State>,
    stage: PhantomData<Stage>,
}

/// Where a message from the server leaves the client.
#[derive(Debug)]
pub enum Progress {
    /// More answers are missing.
    Waiting(Client<Mixed>),
    /// All are in.
    Answered(Client<Answered>),
    /// The server broke off or broke the protocol.
    Rejected(Reason),
}

impl Client<Mixed> {
    /// A client that holds a shuffled batch and the known result of each public sample.
    ///
    /// # Errors
    /// [`Illegal`] when the mix or the results do not fit `params`.
    pub fn new(params: Params, mix: Permutation, known: Vec<Label>) -> Result<Self, Illegal> {
        let mut state = Box::new(State::Idle(params));
        step(&mut state, Event::Prepare { mix, known })?;
        Ok(Self { state, stage: PhantomData })
    }

    /// The next slot to send and what it holds, `None` when all have gone out.
    pub fn next_query(&mut self) -> Option<(Slot, Sample)> {
        match step(&mut self.state, Event::Query) {
            Ok(Effect::Send { slot, sample }) => Some((slot, sample)),
            _ => None,
        }
    }

    /// The server's answer to a slot.
    #[must_use]
    pub fn answer(self, slot: Slot, label: Label) -> Progress {
        self.receive(Event::Answer { slot, label })
    }

    /// The server's answer to a slot decodes to no label; that shows at the check only.
    #[must_use]
    pub fn undecodable(self, slot: Slot) -> Progress {
        self.receive(Event::Undecodable { slot })
    }

    /// The server sent bytes that are no answer.
    #[must_use]
    pub fn garbage(self) -> Progress {
        self.receive(Event::Garbage)
    }

    /// The server closed the connection or was silent for too long.
    #[must_use]
    pub fn gone(self) -> Progress {
        self.receive(Event::ServerStop)
    }

    fn receive(mut self, event: Event) -> Progress {
        match step(&mut self.state, event) {
            Ok(Effect::Conclude(Verdict::Rejected(reason))) => Progress::Rejected(reason),
            _ if self.missing() == 0 => Progress::Answered(Client { state: self.state, stage: PhantomData }),
            _ => Progress::Waiting(self),
        }
    }

    fn missing(&self) -> u32 {
        match &*self.state {
            State::Mixed(session) => session.missing(),
            State::Idle(_) | State::Ended(_) => 0,
        }
    }
}

impl Client<Answered> {
    /// Compares: publics against their known results, copies against each other.
    ///
    /// # Panics
    /// Never: all answers are in by construction.
    #[must_use]
    pub fn check(mut self) -> Verdict {
        match step(&mut self.state, Event::Check) {
            Ok(Effect::Conclude(verdict)) => verdict,
            other => unreachable!("a complete session concludes, not {other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::Mix;
    use rand_pcg::{Pcg64, rand_core::SeedableRng};

    fn client() -> Client<Mixed> {
        let params = Params::new(2, 2, 1, 0).expect("legal");
        let mix = Mix::new(params).expect("small").finish(&mut Pcg64::seed_from_u64(3));
        Client::new(params, mix, vec![Label(0)]).expect("fits")
    }

    #[test]
    fn a_server_that_leaves_or_babbles_is_rejected() {
        assert!(matches!(client().gone(), Progress::Rejected(Reason::PeerGone)));
        assert!(matches!(client().garbage(), Progress::Rejected(Reason::Malformed)));
        assert!(matches!(client().answer(0, Label(0)), Progress::Rejected(Reason::Malformed)), "not queried yet");
    }

    #[test]
    fn only_the_last_answer_lets_it_check() {
        let mut client = client();
        while client.next_query().is_some() {}
        for slot in 0..4 {
            let Progress::Waiting(waiting) = client.answer(slot, Label(0)) else {
                panic!("slot {slot} is not the last")
            };
            assert_eq!(waiting.missing(), 4 - slot);
            client = waiting;
        }
        let Progress::Answered(client) = client.answer(4, Label(0)) else { panic!("all are in") };
        assert_eq!(client.check(), Verdict::Accepted(vec![Label(0); 2]));
    }

    #[test]
    fn an_answer_that_is_no_label_does_not_end_the_session() {
        let mut client = client();
        while client.next_query().is_some() {}
        let mut progress = client.undecodable(0);
        for slot in 1..5 {
            let Progress::Waiting(waiting) = progress else { panic!("slot {slot} is open") };
            progress = waiting.answer(slot, Label(0));
        }
        let Progress::Answered(client) = progress else { panic!("all are in") };
        assert_eq!(client.check(), Verdict::Rejected(Reason::Malformed));
    }

    /// A session at `ideal` costs little more than its 2N moves.
    #[test]
    fn a_message_moves_a_pointer() {
        assert_eq!(size_of::<Client<Mixed>>(), size_of::<usize>());
    }

    #[test]
    fn queries_go_out_once_in_order() {
        let mut client = client();
        let slots: Vec<_> = std::iter::from_fn(|| client.next_query()).map(|(slot, _)| slot).collect();
        assert_eq!(slots, [0, 1, 2, 3, 4]);
    }
}
