//! The third number in documents: the most that a server wins by swapping in another function.

use fusion_spec::bound::bits::{at_most, below};
use fusion_spec::bound::substitution::Substitution;
use fusion_spec::params::Params;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most that a server wins that swaps in another function on all slots, and the fraction of inputs on which that function is wrong. Each is
/// between the two numbers given, which are neighbours or nearly so.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubstitutionDocument {
    /// The rate of wins of the worst function.
    pub rate: [f64; 2],
    /// The fraction of inputs on which it is wrong.
    pub wrong_on: [f64; 2],
}

impl SubstitutionDocument {
    /// Computes the document of some parameters. Returns `None` at a slack at which the search would take too long.
    #[must_use]
    pub fn new(params: Params) -> Option<Self> {
        let worst = Substitution::worst(params.R(), params.T(), params.slack()).ok()?;
        Some(Self {
            rate: [below(worst.rate_at_least()), at_most(worst.rate_at_most())],
            wrong_on: [below(worst.wrong_on_at_least()), at_most(worst.wrong_on_at_most())],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_rounded_outward() {
        let document = SubstitutionDocument::new(Params::new(8, 2, 8, 0).expect("legal")).expect("slack 0");
        let [lo, hi] = document.rate;
        assert!(lo <= 0.25 && 0.25 <= hi && hi - lo < 1e-15, "{document:?}");
        assert!(SubstitutionDocument::new(Params::new(8, 2, 1 << 40, 1 << 30).expect("legal")).is_none());
    }
}
