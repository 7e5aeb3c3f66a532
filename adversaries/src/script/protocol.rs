//! `protocol:` and `goal:`: the parameters of a session, and what they are meant to reach.

use super::values::{Automatic, Exact};
use crate::problem::Mark;
use schemars::JsonSchema;
use serde::Serialize;

/// The session's parameters.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Protocol {
    /// Queries.
    pub R: u64,
    /// The other sizes.
    #[serde(flatten)]
    pub sizes: Sizes,
    /// What of two answers is compared.
    #[schemars(default)]
    pub compare: Compare,
    /// Where the section stands.
    #[serde(skip)]
    pub mark: Mark,
}

impl PartialEq for Protocol {
    fn eq(&self, other: &Self) -> bool {
        (self.R, self.sizes, self.compare) == (other.R, other.sizes, other.compare)
    }
}

/// The copies, the publics and the slack of a session: as given, or the best for the goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Sizes {
    /// Numbers.
    Given {
        /// Copies of each query.
        B: u64,
        /// Publics.
        T: u64,
        /// Wrong publics tolerated.
        #[schemars(default)]
        slack: u64,
    },
    /// Copies and publics are found together.
    Planned {
        /// Copies of each query: the best number.
        B: Automatic,
        /// Publics: the best number.
        T: Automatic,
        /// Wrong publics tolerated.
        #[schemars(default)]
        slack: Auto,
    },
}

/// A number, or the best one for the goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Auto {
    /// The best number for the goal.
    Auto,
    /// The number that the script gives.
    #[serde(untagged)]
    Value(u64),
}

impl Default for Auto {
    fn default() -> Self {
        Self::Value(0)
    }
}

/// What of two answers is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compare {
    /// The class.
    #[default]
    Label,
}

/// What the parameters are meant to reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct GoalSection {
    /// Security bits.
    pub lambda: u32,
    /// Bits against rejecting the honest model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kappa: Option<u32>,
    /// Fewest publics.
    #[schemars(default)]
    pub min_T: u64,
    /// The models that the publics must tell apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<AccuracyGoal>,
}

/// The models that the publics must tell apart, by their accuracy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AccuracyGoal {
    /// The accuracy of a model that is to be accepted, but for `2^-kappa`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub honest: Option<Exact>,
    /// The accuracy of a model that is to be rejected, but for `2^-lambda`.
    pub reject: Exact,
}
