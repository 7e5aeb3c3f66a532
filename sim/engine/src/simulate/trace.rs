//! A session's log, held against the specification's machine, and its answers, judged by a second client.

use super::second::{Heard, NotTheBatch};
use fusion_spec::params::Params;
use fusion_spec::trace::{Departure, Logged, replay};
use fusion_spec::verdict::{Outcome, Verdict};

/// What the client of one session did, event by event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Of the session.
    pub params: Params,
    /// Events and effects.
    pub log: Vec<Logged>,
    /// What the client was told, taken down apart from its log.
    pub heard: Heard,
}

/// A session that the specification does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unspecified {
    /// The client did what the machine does not.
    #[error(transparent)]
    Departure(#[from] Departure),
    /// It was counted as something else than what its log comes to.
    #[error("counted as {counted:?}, and its log comes to {logged:?}")]
    Outcome {
        /// What the simulator counted the session as.
        counted: Option<Outcome>,
        /// What the machine makes of the log.
        logged: Option<Outcome>,
    },
    /// The same answers come to something else by a second client's reading of the protocol.
    #[error("its verdict is {first:?}, counted as {counted:?}, and a second client's {second:?} on the same answers")]
    Second {
        /// What the machine makes of the log.
        first: Option<Verdict>,
        /// What the simulator counted the session as.
        counted: Option<Outcome>,
        /// What the second client makes of the answers.
        second: Verdict,
    },
    /// The batch that was sent is not one that a client can judge.
    #[error(transparent)]
    Batch(#[from] NotTheBatch),
}

impl Trace {
    /// Replays the log through the machine, and holds what it comes to against how the session was counted and against a second
    /// client.
    ///
    /// # Errors
    /// [`Unspecified`]: a bug of ours.
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
}
