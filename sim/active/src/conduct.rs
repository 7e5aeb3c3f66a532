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
    /// It chooses to watch one emulated server more than it may.
    WatchesMore,
    /// It answers with other masks than those of its seeds.
    AnswersOtherwise,
    /// It deals the block of an output with too high a degree.
    DealsHighDegree,
    /// It deals copies of one input, or of one weight, that differ.
    DealsUnlike,
    /// It deals another output than the one that it computed.
    DealsWrongOutput,
    /// It opens its part of the test of products as what makes the test hold.
    OpensToMatch,
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
    /// The token that only somebody has who watches no more emulated servers than it may.
    Token,
    /// That the messages of a watched server are those of its seed.
    Watch,
    /// The degree of what was dealt.
    Degree,
    /// That copies of what was dealt are the same.
    Copies,
    /// That dealt outputs are those of the products.
    Product,
    /// That the peer's part of an opened test is, at watched servers, what it must be.
    Opening,
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
