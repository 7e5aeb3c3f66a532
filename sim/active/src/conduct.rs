//! How a party deviates, and which checks it leaves out.
//!
//! A client of an ordinary build is always [`HONEST`]. Only tests of this crate make one that leaves a check out.

/// A way in which a party deviates from the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// It adds 1 to its share of the first of the values that it opens at once, wherever these depend on inputs.
    OpensWrongly,
    /// It opens its part of a check when it has seen the other's, as what makes the check hold, wherever the check is of values that depend on inputs.
    OpensLate,
    /// It multiplies by another number than the one it has authenticated.
    MultipliesOtherwise,
    /// It encrypts 1 at a coefficient that no input has and an output reads.
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
    /// The conduct of a party that deviates: it overlooks what it has made fail.
    pub const fn deviating(acts: &'static [Act]) -> Self {
        const OVERLOOKED: &[Check] =
            &[Check::Proof, Check::Authentication, Check::Sacrifice, Check::Matrices, Check::Mac, Check::Commitment];
        Self { acts, omitted: OVERLOOKED }
    }

    /// Whether the party deviates in this way.
    pub fn acts(&self, act: Act) -> bool {
        self.acts.contains(&act)
    }

    /// Whether the party leaves out this check.
    pub fn omits(&self, check: Check) -> bool {
        self.omitted.contains(&check)
    }
}
