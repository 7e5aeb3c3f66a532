//! What a receiver that deviates guesses of the sender's correlation: see [`super::probe`].

use super::block::Block;

/// A guess of one part of a sender's correlation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Guess {
    /// The number of the part, from 0.
    pub part: u32,
    /// The bits of the part.
    pub value: u8,
}

/// Adds a column of ones.
pub(super) fn add_ones(column: &mut [Block]) {
    for bits in column {
        *bits = !*bits;
    }
}
