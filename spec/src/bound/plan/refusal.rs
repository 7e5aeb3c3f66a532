//! Why there is no plan for a goal: which requirement cannot be met, and how many publics it would take.

use crate::bound::accuracy::{AccuracyError, Honest, shown};
use crate::bound::slack::SearchError;
use crate::bound::substitution::SubstitutionError;
use crate::bound::worst::WorstError;
use crate::params::ParamError;
use rug::Rational;

/// Why there is no plan for a goal.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// A parameter is outside its limits.
    #[error(transparent)]
    Params(#[from] ParamError),
    /// The accuracy game cannot be won.
    #[error(transparent)]
    Accuracy(#[from] AccuracyError),
    /// The rate of a swapped function cannot be kept below the one that was asked for, or is not known.
    #[error(transparent)]
    Substitution(#[from] SubstitutionError),
    /// No `T` that the other requirements allow keeps the rate of a swapped function low enough.
    #[error(
        "no T up to {limit} that the other requirements allow keeps a swapped function at {target} or below for R = {R}"
    )]
    Swapped {
        /// The number of queries.
        R: u64,
        /// The rate that was asked for.
        target: Rational,
        /// The largest `T` that was considered.
        limit: u64,
    },
    /// A requirement other than the correctness game takes more publics than the goal allows.
    #[error("T <= {max_T} was asked for, and {need}")]
    TooFewPublics {
        /// The limit of the goal.
        max_T: u64,
        /// The requirement, with the publics that it takes.
        need: Need,
    },
    /// No number of copies meets the correctness game with the publics that the other requirements allow.
    #[error(
        "the correctness game: no B up to 2^20 and T up to {max_T}{} keep R = {R} queries safe at lambda = {lambda} and {}{}",
        passing(.honest.as_ref()), at(*.slack), takes(*.least)
    )]
    NothingFits {
        /// The number of queries.
        R: u64,
        /// The security parameter in bits.
        lambda: u32,
        /// The number of wrong publics that are tolerated; `None` where every slack that tells the models apart was tried.
        slack: Option<u64>,
        /// The largest `T` allowed.
        max_T: u64,
        /// The honest model, if `max_T` is the largest `T` at which it passes.
        honest: Option<Honest>,
        /// The least `T` at which some `B` is enough; `None` if it is not known.
        least: Option<u64>,
    },
    /// A price of publics was asked for where wrong publics are tolerated.
    #[error("a price of publics needs slack 0, and this plan has slack {slack}")]
    PricedSlack {
        /// The slack of the plan.
        slack: u64,
    },
    /// There are too many `(B, T)` to try, or their rates are too long to compare.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The worst deviation at the chosen numbers is not known.
    #[error(transparent)]
    Worst(#[from] WorstError),
}

/// A requirement that takes more publics than the goal allows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Need {
    /// The least number of publics that was asked for.
    #[error("T >= {min_T} too")]
    Floor {
        /// The least `T` that was asked for.
        min_T: u64,
    },
    /// The tolerated publics, which are some of all.
    #[error("slack {slack} takes T >= {slack}")]
    Slack {
        /// The number of wrong publics that are tolerated.
        slack: u64,
    },
    /// The weak model, which must be rejected.
    #[error(
        "the accuracy game takes T >= {least}, to reject a model at {} at lambda = {lambda} and slack {slack}",
        shown(.reject)
    )]
    Rejecting {
        /// The accuracy of the weak model.
        reject: Rational,
        /// The bits with which it is to be rejected.
        lambda: u32,
        /// The number of wrong publics that are tolerated.
        slack: u64,
        /// The least `T` that rejects it.
        least: u64,
    },
    /// Both models of the accuracy game, at whatever slack.
    #[error(
        "the accuracy game takes T >= {least}, to reject a model at {} at lambda = {lambda} and pass one at {} at kappa = {kappa}",
        shown(.reject), shown(.honest)
    )]
    TellingApart {
        /// The accuracy of the weak model.
        reject: Rational,
        /// The bits with which it is to be rejected.
        lambda: u32,
        /// The accuracy of the honest model.
        honest: Rational,
        /// The bits with which it is to be accepted.
        kappa: u32,
        /// The least `T` at which some slack does both.
        least: u64,
    },
}

/// Says why `max_T` is the largest `T`, if an honest model limits it.
fn passing(honest: Option<&Honest>) -> String {
    let says = |Honest { accuracy, kappa }: &Honest| {
        format!(", where a model at {} still passes at kappa = {},", shown(accuracy), kappa.bits())
    };
    honest.map_or_else(String::new, says)
}

/// Names the slacks that were tried.
fn at(slack: Option<u64>) -> String {
    slack.map_or_else(|| "any slack that tells the models apart".into(), |slack| format!("slack {slack}"))
}

/// Says how many publics would be enough.
fn takes(least: Option<u64>) -> String {
    least.map_or_else(String::new, |least| format!("; the least T at which some B does is {least}"))
}
