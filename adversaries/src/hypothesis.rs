//! The hypotheses of the theorem, which a strategy says that it breaks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A hypothesis of the theorem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Hypothesis {
    /// The permutation is uniform.
    H1,
    /// The permutation is hidden from the server, even from one that deviates.
    H2,
    /// The touched slots are chosen independently of what the samples contain.
    H3,
    /// A touched slot's answer is wrong.
    H4a,
    /// Copies of one query get the same wrong answer.
    H4b,
    /// An honest run passes.
    H5,
    /// The client shows nothing that depends on an answer before all are in.
    H6,
    /// Sessions are fresh, and there is a stated rule after a rejection.
    H7,
    /// The server does not recognise publics.
    H8,
}

impl Hypothesis {
    /// Every hypothesis.
    pub const ALL: [Self; 9] =
        [Self::H1, Self::H2, Self::H3, Self::H4a, Self::H4b, Self::H5, Self::H6, Self::H7, Self::H8];

    /// The name of the hypothesis.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::H1 => "H1",
            Self::H2 => "H2",
            Self::H3 => "H3",
            Self::H4a => "H4a",
            Self::H4b => "H4b",
            Self::H5 => "H5",
            Self::H6 => "H6",
            Self::H7 => "H7",
            Self::H8 => "H8",
        }
    }

    /// The hypothesis in a few words.
    #[must_use]
    pub fn statement(self) -> &'static str {
        match self {
            Self::H1 => "the permutation is uniform",
            Self::H2 => "the permutation stays hidden",
            Self::H3 => "what is changed does not depend on the input",
            Self::H4a => "a touched answer is wrong",
            Self::H4b => "copies of one query get the same wrong answer",
            Self::H5 => "an honest run passes",
            Self::H6 => "the client shows nothing early",
            Self::H7 => "every session is fresh",
            Self::H8 => "publics are not recognised",
        }
    }

    /// The failure of the hypothesis in a few words.
    #[must_use]
    pub fn failure(self) -> &'static str {
        match self {
            Self::H1 => "the permutation is not uniform",
            Self::H2 => "the permutation is not hidden",
            Self::H3 => "what is changed depends on the input",
            Self::H4a => "a touched answer may be right",
            Self::H4b => "copies of one query may get different wrong answers",
            Self::H5 => "an honest run may fail",
            Self::H6 => "the client shows something early",
            Self::H7 => "there is more than one session",
            Self::H8 => "publics are recognised",
        }
    }
}
