//! The law of a strategy: how many slots it touches, with which moves, and with which probability.

use rug::Rational;

/// With some probability, a number of slots is touched, each with the same moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The probability of the case; those of all cases sum to 1.
    pub weight: Rational,
    /// The number of distinct slots that are touched.
    pub slots: u128,
    /// The moves on each of these slots, in order, by their places in [`Strategy::moves`](crate::strategy::Strategy::moves).
    pub moves: Vec<usize>,
}
