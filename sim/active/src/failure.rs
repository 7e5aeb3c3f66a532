//! Why a party stops: the peer is caught, or has gone.

use fusion_2pc::wire::link::Halt;

/// The check by which a party caught the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Cheating {
    /// A ciphertext or a key is not one that the protocol makes: its proof of knowledge fails.
    #[error("a proof of plaintext knowledge fails")]
    Proof,
    /// Values were authenticated under different keys.
    #[error("the authentication of fresh values is not consistent")]
    Authentication,
    /// A triple is not the product that it should be.
    #[error("a triple fails its sacrifice")]
    Sacrifice,
    /// The outputs of a triple of matrices are not those of its inputs.
    #[error("a triple of matrices fails its sacrifice")]
    Matrices,
    /// A value was opened as another one than it was.
    #[error("an opened value fails its check of message authentication codes")]
    Mac,
    /// What was opened is not what was committed to.
    #[error("a commitment was opened as something else")]
    Commitment,
    /// A square that was opened is none. For honest parties this happens with probability `1/p` a bit, where it is 0.
    #[error("an opened square has no root other than 0")]
    Square,
    /// The peer watches more emulated servers than it may.
    #[error("the peer cannot show that it watches as few servers as it may")]
    Token,
    /// A message for an emulated server that is watched is not the one of its seed.
    #[error("a message of a watched server is not that of its seed")]
    Watch,
    /// Dealt blocks are of too high a degree, or are not those of the watched servers.
    #[error("dealt blocks fail the test of their degree")]
    Degree,
    /// Copies of an input or of a weight differ.
    #[error("dealt blocks fail the test that copies are the same")]
    Copies,
    /// Dealt outputs are not the sums of the products.
    #[error("dealt outputs fail the test of products")]
    Product,
    /// What was opened in the test of products is, at a watched server, not what it must be.
    #[error("a part of the test of products was opened otherwise than a watched server has it")]
    Opening,
}

/// Why a party stops before the end of a computation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The peer cheated, and was caught by the check that is named.
    #[error("the peer cheated: {0}")]
    Cheating(#[from] Cheating),
    /// The peer is gone, or sent a message of another length.
    #[error(transparent)]
    Halt(#[from] Halt),
    /// The keys have answered as many products as their noise hides. A new set-up begins anew.
    #[error("the keys are used up: they answer at most 2^15 products")]
    Exhausted,
}
