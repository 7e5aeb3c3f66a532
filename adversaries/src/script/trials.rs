//! `trials:` and `test:`: how many trials are played, and when a rate passes.

use super::values::{Duration, Exact};
use rug::Rational;
use schemars::JsonSchema;
use serde::Serialize;

/// The largest number of trials of one strategy.
pub const MAX_TRIALS: u64 = 1 << 48;

/// How many trials are played, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct Trials {
    /// The seed, which decides every draw.
    pub seed: u64,
    /// Most trials of each strategy.
    pub max: u64,
    /// Longest time in all, every continuation counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall: Option<Duration>,
}

impl Default for Trials {
    fn default() -> Self {
        Self { seed: 1, max: 1_000_000, wall: None }
    }
}

/// What a strategy says about its own trials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct TrialsOverride {
    /// Most trials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// Longest time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall: Option<Duration>,
}

/// When a rate passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct Test {
    /// The largest chance that any of the campaign's true claims is refuted.
    pub false_alarm: Exact,
    /// How near to a claim its confidence set must come, as a share of it.
    pub within: Exact,
    /// How rates are found.
    pub estimator: Estimator,
}

impl Default for Test {
    fn default() -> Self {
        let exact = |numer, denom| Exact(Rational::from((numer, denom)));
        Self { false_alarm: exact(1, 1_000_000), within: exact(1, 10), estimator: Estimator::Counting }
    }
}

/// How rates are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Estimator {
    /// By counting trials.
    Counting,
    /// Stage by stage, each given that all before it succeeded: for rates too small to count.
    Conditional,
}
