//! How a party of a test deviates, and which check its peer leaves out.
//!
//! Only tests of this crate can make a [`Conduct`] other than [`HONEST`]: in any other build both questions are constantly answered with no.

/// A way in which a party deviates from the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// It adds 1 to its share of the first value that it opens online.
    OpensWrongly,
    /// It opens its part of a check when it has seen the other's, as what makes the check hold.
    OpensLate,
    /// It multiplies by another number than the one it has authenticated.
    MultipliesOtherwise,
    /// It encrypts a pixel where all others see padding.
    PacksOtherwise,
    /// It authenticates one value by another key.
    OtherKey,
    /// Its public key has noise of the size at which a product shows the factor.
    LargeKey,
    /// It encrypts with noise of the size at which a product shows the factor.
    LargeNoise,
}

/// A check that a party leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Proofs of plaintext knowledge.
    Proof,
    /// The consistency of fresh authentication codes.
    Authentication,
    /// The sacrifice of one triple for another.
    Sacrifice,
    /// The sacrifice of one vector of each linear layer for all others.
    Matrices,
    /// The authentication codes of opened values.
    Mac,
    /// That an opening fits its commitment.
    Commitment,
}

/// What a party does otherwise than the protocol says.
#[derive(Clone, Debug)]
pub(crate) struct Conduct {
    /// The ways in which it deviates.
    pub acts: &'static [Act],
    /// The checks that it leaves out.
    pub omitted: &'static [Check],
}

/// A party that follows the protocol.
pub(crate) const HONEST: Conduct = Conduct { acts: &[], omitted: &[] };

impl Conduct {
    /// Whether the party deviates in this way.
    pub fn acts(&self, act: Act) -> bool {
        cfg!(test) && self.acts.contains(&act)
    }

    /// Whether the party leaves out this check.
    pub fn omits(&self, check: Check) -> bool {
        cfg!(test) && self.omitted.contains(&check)
    }
}
