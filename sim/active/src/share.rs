//! Authenticated shares: the sum of both parties' values is the value, and the sum of their codes is the value times the global key.
//!
//! They are those of Damgard, Pastro, Smart and Zakarias ("Multiparty computation from somewhat homomorphic encryption", CRYPTO 2012), in the form
//! without a public offset of Damgard, Keller, Larraia, Pastro, Scholl and Smart ("Practical covertly secure MPC for dishonest majority", `ESORICS` 2013).

use crate::field;
use std::fmt;
use zeroize::Zeroize;

/// A party's part of an authenticated value.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// Its share of the value.
    pub value: u64,
    /// Its share of the value times the global key.
    pub code: u64,
}

impl Zeroize for Share {
    fn zeroize(&mut self) {
        self.value.zeroize();
        self.code.zeroize();
    }
}

impl Share {
    /// A share of 0, the same for both parties.
    pub const ZERO: Self = Self { value: 0, code: 0 };

    /// Adds two shared values.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { value: field::add(self.value, other.value), code: field::add(self.code, other.code) }
    }

    /// Subtracts a shared value.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self { value: field::sub(self.value, other.value), code: field::sub(self.code, other.code) }
    }

    /// Multiplies a shared value with a public element.
    #[must_use]
    pub const fn times(self, factor: u64) -> Self {
        Self { value: field::mul(self.value, factor), code: field::mul(self.code, factor) }
    }
}

/// A shared product `c = a b` of uniform elements that nobody knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Triple {
    /// The first factor.
    pub a: Share,
    /// The second factor.
    pub b: Share,
    /// The product.
    pub c: Share,
}

impl Zeroize for Triple {
    fn zeroize(&mut self) {
        self.a.zeroize();
        self.b.zeroize();
        self.c.zeroize();
    }
}

/// A share is secret: nothing of it is shown.
impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share").finish_non_exhaustive()
    }
}

/// A triple is secret: nothing of it is shown.
impl fmt::Debug for Triple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Triple").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown() {
        let share = Share { value: 4711, code: 4712 };
        let shown = format!("{share:?} {:?}", Triple { a: share, b: share, c: share });
        assert_eq!(shown, "Share { .. } Triple { .. }");
    }
}
