//! `trials:` and `test:`: how many trials are played, and when a rate passes.

use super::values::{Duration, Exact};
use rug::Rational;
use schemars::JsonSchema;
use serde::Serialize;

/// The largest number of trials of one strategy.
pub const MAX_TRIALS: u64 = 1 << 48;

/// The number of trials that are played, and their seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct Trials {
    /// The seed, which decides every draw.
    pub seed: u64,
    /// The most trials of each strategy.
    pub max: u64,
    /// The longest time in all, every continuation counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall: Option<Duration>,
}

impl Default for Trials {
    fn default() -> Self {
        Self { seed: 1, max: 1_000_000, wall: None }
    }
}

/// The limits that a strategy sets for its own trials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct TrialsOverride {
    /// The most trials of this strategy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// The longest time of this strategy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall: Option<Duration>,
}

/// The test that a rate must pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct Test {
    /// The largest chance that any of the campaign's true claims is refuted.
    pub false_alarm: Exact,
    /// The distance from a claim beyond which the true rate is excluded where the claim passes, as a share of the claim.
    pub within: Exact,
    /// The way in which rates are found.
    pub estimator: Estimator,
}

impl Default for Test {
    fn default() -> Self {
        let exact = |numer, denom| Exact(Rational::from((numer, denom)));
        Self { false_alarm: exact(1, 1_000_000), within: exact(1, 10), estimator: Estimator::Counting }
    }
}

/// The way in which rates are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Estimator {
    /// Trials are counted.
    Counting,
    /// Rates too small to count are found stage by stage, each given that all before it succeeded.
    Conditional,
}
