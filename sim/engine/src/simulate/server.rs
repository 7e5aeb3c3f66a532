//! The malicious server of a campaign's trials: a strategy with its coins and its number of sessions.

use super::client::EarlyEnd;
use super::stream::Streams;
use fusion_adversaries::script::{SessionsSection, SetupRule};
use fusion_adversaries::strategy::Strategy;

/// The malicious server of a campaign's trials: a strategy with its random streams and its number of sessions.
pub struct Server<'a> {
    pub(super) strategy: &'a dyn Strategy,
    pub(super) streams: Streams,
    pub(super) sessions: Option<SessionsSection>,
    pub(super) setup: SetupRule,
    pub(super) failed_proof: EarlyEnd,
}

impl<'a> Server<'a> {
    /// Makes a server from a strategy. Its name and the seed decide all its coins.
    #[must_use]
    pub fn new(name: &str, seed: u64, strategy: &'a dyn Strategy) -> Self {
        Self {
            strategy,
            streams: Streams::new(seed, name),
            sessions: None,
            setup: SetupRule::Kept,
            failed_proof: EarlyEnd::Cheating,
        }
    }

    /// Sets the rule of a trial of several sessions; `None` means one session to a trial.
    #[must_use]
    pub fn with_sessions(self, sessions: Option<SessionsSection>) -> Self {
        Self { sessions, ..self }
    }

    /// Sets how long the client and this server keep a set-up at `real`.
    #[must_use]
    pub fn with_setup(self, setup: SetupRule) -> Self {
        Self { setup, ..self }
    }

    /// Sets what a session ends as in which a proof of this server's does not hold: cheating, or malformed as it was called before semantics 7.
    #[must_use]
    pub fn with_failed_proof(self, failed_proof: EarlyEnd) -> Self {
        Self { failed_proof, ..self }
    }
}
