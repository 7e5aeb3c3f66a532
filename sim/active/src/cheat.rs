//! What a server may do otherwise in an inference, each with the check of its client that catches it.
//!
//! A campaign plays these servers against honest clients. That nothing else catches them is for the tests of this crate, in which a client leaves the check out.

use crate::conduct::Act;
use crate::failure::Cheating;

/// A way in which the server of an inference deviates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cheat {
    /// It has a public key with so much noise that a product under it shows the factor.
    LargeKey,
    /// It encrypts with so much noise that a product shows the factor.
    LargeNoise,
    /// It authenticates an input of the client's under another key, so that the client stops or not by the input.
    OtherKey,
    /// It multiplies by another number than the one it has authenticated.
    WrongTriple,
    /// In a triple of matrices it encrypts a number at a coefficient that no input has and an output reads, such as one of the padding.
    WrongPacking,
    /// It opens a value that depends on inputs as another one.
    WrongOpening,
    /// It does that, and opens its part of the check when it has seen the client's, as what makes the check hold.
    LateOpening,
}

impl Cheat {
    /// Every cheat, in the order of the protocol.
    pub const ALL: [Self; 7] = [
        Self::LargeKey,
        Self::LargeNoise,
        Self::OtherKey,
        Self::WrongTriple,
        Self::WrongPacking,
        Self::WrongOpening,
        Self::LateOpening,
    ];

    /// Returns the word for this deviation in scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LargeKey => "large-key",
            Self::LargeNoise => "large-noise",
            Self::OtherKey => "other-key",
            Self::WrongTriple => "wrong-triple",
            Self::WrongPacking => "wrong-packing",
            Self::WrongOpening => "wrong-opening",
            Self::LateOpening => "late-opening",
        }
    }

    /// What the server does, in a sentence.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::LargeKey => "A public key with so much noise that a product under it shows the factor.",
            Self::LargeNoise => "A ciphertext with so much noise that a product shows the factor.",
            Self::OtherKey => {
                "An input of the client's is authenticated under another key, so that the client stops or not by the input."
            }
            Self::WrongTriple => "A product is of another number than the one that was authenticated.",
            Self::WrongPacking => {
                "In a triple of matrices a number is encrypted where no input is and an output reads, such as in the padding; `triples: matrices` only."
            }
            Self::WrongOpening => "A value that depends on inputs is opened as another one.",
            Self::LateOpening => {
                "That, and the server's part of the check is opened when it has seen the client's, as what makes the check hold."
            }
        }
    }

    /// The check that catches it.
    #[must_use]
    pub const fn caught_by(self) -> Cheating {
        match self {
            Self::LargeKey | Self::LargeNoise => Cheating::Proof,
            Self::OtherKey => Cheating::Authentication,
            Self::WrongTriple => Cheating::Sacrifice,
            Self::WrongPacking => Cheating::Matrices,
            Self::WrongOpening => Cheating::Mac,
            Self::LateOpening => Cheating::Commitment,
        }
    }

    /// Whether the server deviates in triples of matrices, which only some inferences have.
    #[must_use]
    pub const fn is_of_matrices(self) -> bool {
        matches!(self, Self::WrongPacking)
    }

    pub(crate) const fn acts(self) -> &'static [Act] {
        match self {
            Self::LargeKey => &[Act::LargeKey],
            Self::LargeNoise => &[Act::LargeNoise],
            Self::OtherKey => &[Act::OtherKey],
            Self::WrongTriple => &[Act::MultipliesOtherwise],
            Self::WrongPacking => &[Act::PacksOtherwise],
            Self::WrongOpening => &[Act::OpensWrongly],
            Self::LateOpening => &[Act::OpensWrongly, Act::OpensLate],
        }
    }
}
