//! `protocol:` and `goal:`: the parameters of a session, and what they are meant to reach.

use super::values::{Automatic, Exact};
use crate::problem::Mark;
use schemars::JsonSchema;
use serde::Serialize;

/// The session's parameters.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Protocol {
    /// The number of queries.
    pub R: u64,
    /// The numbers of copies and publics, and the slack.
    #[serde(flatten)]
    pub sizes: Sizes,
    /// The part of two answers that is compared.
    #[schemars(default)]
    pub compare: Compare,
    /// The place of the section.
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
    /// The script gives every number.
    Given {
        /// The number of copies of each query.
        B: u64,
        /// The number of publics.
        T: u64,
        /// The number of wrong publics that are tolerated.
        #[schemars(default)]
        slack: u64,
    },
    /// The best numbers for the goal are found together.
    Planned {
        /// The number of copies of each query is the best one.
        B: Automatic,
        /// The number of publics is the best one.
        T: Automatic,
        /// The number of wrong publics that are tolerated.
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

/// The part of two answers that is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compare {
    /// The class is compared.
    #[default]
    Label,
}

/// The goals that the parameters are meant to reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct GoalSection {
    /// The security bits.
    pub lambda: u32,
    /// The bits against rejecting the honest model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kappa: Option<u32>,
    /// The fewest publics.
    #[schemars(default)]
    pub min_T: u64,
    /// The models that the publics must tell apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<AccuracyGoal>,
    /// The rate of wins that no server may exceed by swapping in another function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub substitution: Option<Exact>,
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
