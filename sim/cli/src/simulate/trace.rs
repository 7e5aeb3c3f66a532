//! A session's log, held against the specification's machine.

use fusion_spec::params::Params;
use fusion_spec::trace::{Departure, Logged, replay};
use fusion_spec::verdict::{Label, Outcome};

/// What the client of one session did, event by event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Of the session.
    pub params: Params,
    /// Events and effects.
    pub log: Vec<Logged>,
    /// The honest answers.
    pub honest: Vec<Label>,
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
        /// By the simulator.
        counted: Option<Outcome>,
        /// By the machine.
        logged: Option<Outcome>,
    },
}

impl Trace {
    /// Replays the log through the machine, and holds what it comes to against how the session was counted.
    ///
    /// # Errors
    /// [`Unspecified`]: a bug of ours.
    pub fn check(&self, counted: Option<Outcome>) -> Result<(), Unspecified> {
        let verdict = replay(self.params, &self.log)?;
        let logged = verdict.map(|verdict| Outcome::of(&verdict, &self.honest));
        if logged == counted { Ok(()) } else { Err(Unspecified::Outcome { counted, logged }) }
    }
}
