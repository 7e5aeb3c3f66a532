//! The numbers of one mix-and-check session, which are checked once, when they are made.
//!
//! Invariant: a [`Params`] satisfies every limit below, so `N = R*B + T` fits a `u128`.
//!
//! ```
//! use fusion_spec::params::Params;
//! let p = Params::new(8, 2, 4, 0)?;
//! assert_eq!(p.N(), 20);
//! assert!(Params::new(8, 2, 4, 5).is_err(), "slack exceeds T");
//! # Ok::<(), fusion_spec::params::ParamError>(())
//! ```

use rug::{Integer, Rational};
use std::fmt;

/// The largest number of queries that a session may have, `2^62`.
pub const MAX_R: u64 = 1 << 62;
/// The largest number of copies that each query may have, `2^20`.
pub const MAX_B: u64 = 1 << 20;
/// The largest number of public samples that a session may have, `2^62`.
pub const MAX_T: u64 = 1 << 62;
/// The largest security parameter that is allowed, in bits.
pub const MAX_LAMBDA: u32 = 1024;

/// Writes a limit as people do: `2^62` for a large power of two, and any other number in digits.
#[must_use]
pub fn power_of_two(n: u64) -> String {
    if n > 1024 && n.is_power_of_two() { format!("2^{}", n.trailing_zeros()) } else { n.to_string() }
}

/// Why some numbers are not the parameters of any session: one of them is outside its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// `R` is not in `1..=2^62`.
    #[error("R must be from 1 to 2^62, not {0}")]
    R(u64),
    /// `B` is not in `1..=2^20`.
    #[error("B must be from 1 to 2^20, not {0}")]
    B(u64),
    /// `T` is above `2^62`.
    #[error("T must be from 0 to 2^62, not {0}")]
    T(u64),
    /// More wrong public samples would be tolerated than there are.
    #[error("slack must be from 0 to T = {T}, not {slack}")]
    Slack {
        /// The slack that was asked for.
        slack: u64,
        /// The number of public samples, which slack may not exceed.
        T: u64,
    },
    /// The security parameter is not in `1..=1024` bits.
    #[error("lambda must be from 1 to 1024 bits, not {0}")]
    Lambda(u64),
}

/// The parameters of one session: `R` queries in `B` copies each, `T` public samples, and `slack`, the number of public samples that may come
/// back wrong before the client rejects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Params {
    R: u64,
    B: u64,
    T: u64,
    slack: u64,
}

impl Params {
    /// Makes the parameters of a session, after checking each of them against its limits.
    ///
    /// # Errors
    /// The error names the first parameter, in the order of the arguments, that is outside its limits.
    pub fn new(R: u64, B: u64, T: u64, slack: u64) -> Result<Self, ParamError> {
        if !(1..=MAX_R).contains(&R) {
            Err(ParamError::R(R))
        } else if !(1..=MAX_B).contains(&B) {
            Err(ParamError::B(B))
        } else if T > MAX_T {
            Err(ParamError::T(T))
        } else if slack > T {
            Err(ParamError::Slack { slack, T })
        } else {
            Ok(Self { R, B, T, slack })
        }
    }

    /// Returns `R`, the number of queries.
    #[must_use]
    pub fn R(&self) -> u64 {
        self.R
    }

    /// Returns `B`, the number of copies of each query.
    #[must_use]
    pub fn B(&self) -> u64 {
        self.B
    }

    /// Returns `T`, the number of public samples.
    #[must_use]
    pub fn T(&self) -> u64 {
        self.T
    }

    /// Returns how many wrong public samples the client tolerates. The paper tolerates none.
    #[must_use]
    pub fn slack(&self) -> u64 {
        self.slack
    }

    /// Returns how many slots hold a copy of a query, `R*B`.
    #[must_use]
    pub fn RB(&self) -> u128 {
        u128::from(self.R) * u128::from(self.B)
    }

    /// Returns the number of all slots, `N = R*B + T`.
    #[must_use]
    pub fn N(&self) -> u128 {
        self.RB() + u128::from(self.T)
    }

    /// Returns `Cost(B,T,R) = (R*B + T)/R`, the number of inferences that are paid for each query answered.
    ///
    /// ```
    /// use fusion_spec::params::Params;
    /// assert_eq!(Params::new(8, 8, 100, 0)?.cost(), rug::Rational::from((41, 2)));
    /// assert_eq!(Params::new(8, 10, 14, 0)?.cost(), rug::Rational::from((47, 4)));
    /// # Ok::<(), fusion_spec::params::ParamError>(())
    /// ```
    #[must_use]
    pub fn cost(&self) -> Rational {
        Rational::from((Integer::from(self.N()), Integer::from(self.R)))
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { R, B, T, slack } = self;
        write!(f, "R={R} B={B} T={T} slack={slack}")
    }
}

/// A count of queries or of public samples in the word that holds it.
#[expect(clippy::expect_used, reason = "every caller has bounded the count by R or T, which are words")]
pub(crate) fn word(count: u128) -> u64 {
    u64::try_from(count).expect("a count of queries is at most R, one of publics at most T")
}

/// The security parameter `lambda`: a bad event may have a probability of at most `2^-lambda`.
///
/// ```
/// use fusion_spec::params::Lambda;
/// let lambda = Lambda::new(40)?;
/// assert_eq!(lambda.threshold(), 1_u64 << 40);
/// assert_eq!(lambda.probability() * lambda.threshold(), 1);
/// assert!(Lambda::new(1025).is_err());
/// # Ok::<(), fusion_spec::params::ParamError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lambda(u32);

impl Lambda {
    /// Makes a security parameter, after checking `1 <= lambda <= 1024`.
    ///
    /// # Errors
    /// [`ParamError::Lambda`] says that the number is outside that range.
    pub fn new(bits: u64) -> Result<Self, ParamError> {
        match u32::try_from(bits) {
            Ok(b @ 1..=MAX_LAMBDA) => Ok(Self(b)),
            _ => Err(ParamError::Lambda(bits)),
        }
    }

    /// Returns the parameter in bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Returns `2^lambda`, an integer.
    #[must_use]
    pub fn threshold(self) -> Integer {
        Integer::from(1) << self.0
    }

    /// Returns `2^-lambda`, the largest probability that a bad event may have.
    #[must_use]
    pub fn probability(self) -> Rational {
        Rational::from((Integer::from(1), self.threshold()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_inclusive() {
        assert!(Params::new(MAX_R, MAX_B, MAX_T, MAX_T).is_ok());
        assert!(Params::new(1, 1, 0, 0).is_ok());
        assert_eq!(Params::new(0, 1, 0, 0), Err(ParamError::R(0)));
        assert_eq!(Params::new(MAX_R + 1, 1, 0, 0), Err(ParamError::R(MAX_R + 1)));
        assert_eq!(Params::new(1, 0, 0, 0), Err(ParamError::B(0)));
        assert_eq!(Params::new(1, MAX_B + 1, 0, 0), Err(ParamError::B(MAX_B + 1)));
        assert_eq!(Params::new(1, 1, MAX_T + 1, 0), Err(ParamError::T(MAX_T + 1)));
        assert_eq!(Params::new(1, 1, 3, 4), Err(ParamError::Slack { slack: 4, T: 3 }));
        assert_eq!(Lambda::new(0), Err(ParamError::Lambda(0)));
        assert_eq!(Lambda::new(1025), Err(ParamError::Lambda(1025)));
        assert_eq!(Lambda::new(1 << 32), Err(ParamError::Lambda(1 << 32)));
        assert_eq!(Lambda::new(1024).map(Lambda::bits), Ok(1024));
    }

    #[test]
    fn total_and_cost_are_exact() -> Result<(), ParamError> {
        let p = Params::new(MAX_R, MAX_B, MAX_T, 0)?;
        assert_eq!(p.N(), (1_u128 << 82) + (1 << 62));
        assert_eq!(Params::new(8, 8, 100, 0)?.cost(), Rational::from((41, 2)));
        Ok(())
    }
}
