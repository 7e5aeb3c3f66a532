//! The client as a typestate around [`crate::machine`]: its type says what it may do next.
//!
//! A [`Client<Mixed>`] sends and receives. A [`Client<Answered>`] holds all `N` answers and can only check. A client that compares early, which
//! hypothesis H6 forbids, does not compile.
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

/// The stage of a client that has mixed its batch and lacks some of the `N` answers.
#[derive(Debug)]
pub enum Mixed {}

/// The stage of a client that has all `N` answers.
#[derive(Debug)]
pub enum Answered {}

/// A client in the middle of a session. It is no larger than a pointer, because every message moves it.
#[derive(Debug)]
pub struct Client<Stage> {
    state: Box<State>,
    stage: PhantomData<Stage>,
}

/// What a message from the server leaves of the client.
#[derive(Debug)]
pub enum Progress {
    /// The client lacks more answers.
    Waiting(Client<Mixed>),
    /// The client has all answers, and can check them.
    Answered(Client<Answered>),
    /// The client rejected, because the server broke off or broke the protocol.
    Rejected(Reason),
}

impl Client<Mixed> {
    /// Makes a client that holds a shuffled batch and the known result of each public sample.
    ///
    /// # Errors
    /// [`Illegal`] says that the mix or the results do not fit `params`.
    pub fn new(params: Params, mix: Permutation, known: Vec<Label>) -> Result<Self, Illegal> {
        let mut state = Box::new(State::Idle(params));
        step(&mut state, Event::Prepare { mix, known })?;
        Ok(Self { state, stage: PhantomData })
    }

    /// Returns the next slot to send and the sample that it holds, or `None` when all have gone out.
    ///
    /// # Panics
    /// Never, because the machine answers a query with a slot or with the word that there is none.
    pub fn next_query(&mut self) -> Option<(Slot, Sample)> {
        match step(&mut self.state, Event::Query) {
            Ok(Effect::Send { slot, sample }) => Some((slot, sample)),
            Err(Illegal::NothingToQuery) => None,
            other => unreachable!("a client in a session sends a slot, and does not {other:?}"),
        }
    }

    /// Takes the server's answer to a slot.
    #[must_use]
    pub fn answer(self, slot: Slot, label: Label) -> Progress {
        self.receive(Event::Answer { slot, label })
    }

    /// Takes an answer to a slot that decodes to no label. This shows only at the check.
    #[must_use]
    pub fn undecodable(self, slot: Slot) -> Progress {
        self.receive(Event::Undecodable { slot })
    }

    /// Takes bytes from the server that are no answer, on which the client rejects.
    #[must_use]
    pub fn garbage(self) -> Progress {
        self.receive(Event::Garbage)
    }

    /// Takes a proof of the server's that does not hold, on which the client rejects.
    #[must_use]
    pub fn failed_proof(self) -> Progress {
        self.receive(Event::FailedProof)
    }

    /// Takes the news that the server closed the connection or was silent for too long.
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
            State::Idle(_) | State::Ended(_) => unreachable!("a client exists from the mix to the end"),
        }
    }
}

impl Client<Answered> {
    /// Compares the answers to public samples with their known results, and those to copies with each other, and concludes.
    ///
    /// # Panics
    /// Never, because a client of this stage has all answers.
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
        assert!(matches!(client().failed_proof(), Progress::Rejected(Reason::Cheating)));
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
