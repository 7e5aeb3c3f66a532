//! The log of a session, which is compared with the specification's machine, and its answers, which a second client judges.

use super::second::{Heard, NotTheBatch};
use fusion_spec::lockstep::Lockstep;
use fusion_spec::params::Params;
use fusion_spec::trace::{Departure, Logged, replay};
use fusion_spec::verdict::{Outcome, Verdict};

/// The log of the client of one session, event by event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The parameters of the session.
    pub params: Params,
    /// The events of the session and their effects, in order.
    pub log: Vec<Logged>,
    /// What the client was told, recorded independently of its log.
    pub heard: Heard,
}

/// The error for a session that departs from the specification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unspecified {
    /// The client did something that the machine does not do.
    #[error(transparent)]
    Departure(#[from] Departure),
    /// The session was counted as something other than the outcome of its log.
    #[error("counted as {counted:?}, and its log comes to {logged:?}")]
    Outcome {
        /// The outcome as which the simulator counted the session.
        counted: Option<Outcome>,
        /// The outcome that the machine derives from the log.
        logged: Option<Outcome>,
    },
    /// The second client concludes something else from the same answers.
    #[error("its verdict is {first:?}, counted as {counted:?}, and a second client's {second:?} on the same answers")]
    Second {
        /// The verdict that the machine derives from the log.
        first: Option<Verdict>,
        /// The outcome as which the simulator counted the session.
        counted: Option<Outcome>,
        /// The verdict of the second client on the answers.
        second: Verdict,
    },
    /// The batch that was sent is not one that a client can judge.
    #[error(transparent)]
    Batch(#[from] NotTheBatch),
}

impl Trace {
    /// Replays the log through the machine, and compares the outcome with that which was counted and with that of a second
    /// client.
    ///
    /// # Errors
    /// [`Unspecified`], which is a bug of this program.
    pub fn check(&self, counted: Option<Outcome>) -> Result<(), Unspecified> {
        let first = replay(self.params, &self.log)?;
        let logged = first.as_ref().map(|verdict| Outcome::of(verdict, &self.heard.honest));
        if logged != counted {
            return Err(Unspecified::Outcome { counted, logged });
        }
        let (second, outcome) = self.heard.judge(self.params)?;
        let agree = first.as_ref() == Some(&second) && counted == Some(outcome);
        if agree { Ok(()) } else { Err(Unspecified::Second { first, counted, second }) }
    }
    /// Returns the session as a line that the machine extracted from Coq plays again: the events of the log, and what
    /// [`step`](fusion_spec::machine::step) does at each, whatever the client did.
    #[must_use]
    pub fn line(&self) -> String {
        let mut session = Lockstep::new(self.params);
        for Logged { event, .. } in &self.log {
            // That an event is illegal is part of the line, and an error of `check`.
            session.step(event.clone()).ok();
        }
        session.line()
    }
}
