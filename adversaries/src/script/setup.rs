//! `setup:`: how long the keys and base transfers of `real` are kept.

use super::backend::Backend;
use super::strategy::StrategySection;
use schemars::JsonSchema;
use serde::Serialize;

/// How long two parties keep their keys and base transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SetupRule {
    /// One set-up serves every session of the campaign.
    Kept,
    /// Each session has a set-up of its own.
    Session,
}

impl SetupRule {
    /// The rule of a strategy, or of the control, where a script says this: a client that plays several sessions shows verdicts, and makes
    /// a set-up for each of them unless the script says otherwise. Two parties of SPDZ make one for each session.
    #[must_use]
    pub fn of(written: Option<Self>, backend: Backend, strategy: Option<&StrategySection>) -> Self {
        let shows_verdicts = strategy.is_some_and(|strategy| strategy.kind.sessions().is_some());
        let fresh = shows_verdicts || backend.spdz().is_some();
        written.unwrap_or(if fresh { Self::Session } else { Self::Kept })
    }

    /// The word that scripts use for this rule.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Session => "session",
        }
    }
}
