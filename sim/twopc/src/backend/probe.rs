//! What a server that deviates tests, in a session, of the secrets that a client keeps between sessions.

use crate::ot::probe::Guess;

/// A coefficient of a client's ternary encryption key, and a value that it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Coefficient {
    /// The number of the coefficient, one of [`TESTED`](Self::TESTED).
    pub index: u32,
    /// -1, 0 or 1.
    pub value: i8,
}

impl Coefficient {
    /// The coefficients that are tested: all but the first two.
    pub const TESTED: std::ops::Range<u32> = 2..crate::he::slots::SLOTS as u32;
}

/// What a server tests in one session of a client's secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Probe {
    /// A guess of the correlation of the client's transfers: the client's answers are right if it is.
    Correlation(Guess),
    /// A value, -1 or 1, of a coefficient of the client's key: the client's answers are right if the coefficient does not have it.
    Key(Coefficient),
}
