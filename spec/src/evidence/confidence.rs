//! Counted trials and the confidence set of their rate.

use crate::exact::binomial::unlimited;
use crate::exact::interval::Interval;
use crate::exact::log2::{log2, log2_integer};
use crate::exact::stirling::{SHARP_BITS, log2_binomial};
use rug::{Integer, Rational, ops::Pow};
use std::cmp::Ordering;

/// Counted trials, with the error probability that a test by them may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub(super) n: u64,
    pub(super) successes: u64,
    pub(super) alpha: Rational,
}

/// Why counts and an error probability are no evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// There are more successes than trials.
    #[error("{successes} successes in {n} trials")]
    Counts {
        /// The number of trials.
        n: u64,
        /// The number of successes.
        successes: u64,
    },
    /// The error probability is not strictly between 0 and 1.
    #[error("the error probability must be between 0 and 1, not {0}")]
    Alpha(Rational),
}

impl Evidence {
    /// Makes evidence of `successes` in `n` trials, to be tested with error probability `alpha`.
    ///
    /// # Errors
    /// [`EvidenceError`] says that the counts are impossible, or that `alpha` is outside `(0, 1)`.
    pub fn new(n: u64, successes: u64, alpha: Rational) -> Result<Self, EvidenceError> {
        if successes > n {
            Err(EvidenceError::Counts { n, successes })
        } else if alpha <= 0 || alpha >= 1 {
            Err(EvidenceError::Alpha(alpha))
        } else {
            Ok(Self { n, successes, alpha })
        }
    }

    /// Whether every rate in the set is at least `x`.
    pub(super) fn all_above(&self, x: &Rational) -> bool {
        *x <= 0 || (!self.rate_below(x) && !self.contains(x))
    }

    /// Whether every rate in the set is at most `x`.
    pub(super) fn all_below(&self, x: &Rational) -> bool {
        *x >= 1 || (!self.rate_exceeds(x) && !self.contains(x))
    }

    pub(super) fn rate_exceeds(&self, x: &Rational) -> bool {
        Rational::from(x * self.n) < self.successes
    }

    fn rate_below(&self, x: &Rational) -> bool {
        Rational::from(x * self.n) > self.successes
    }

    /// Decides whether a rate is in the confidence set: `(n+1) C(n,S) p^S (1-p)^(n-S) > alpha` (`Decided.v: contains_computed`).
    ///
    /// ```
    /// use fusion_spec::evidence::Evidence;
    /// use rug::Rational;
    ///
    /// let alpha = Rational::from((1, 1_000_000));
    /// let evidence = Evidence::new(1_000, 0, alpha)?;
    /// assert!(evidence.contains(&Rational::from((4, 855))));
    /// assert!(!evidence.contains(&Rational::from((4, 95))), "a rate of 4.2 % shows in a thousand trials");
    /// # Ok::<(), fusion_spec::evidence::EvidenceError>(())
    /// ```
    #[must_use]
    pub fn contains(&self, p: &Rational) -> bool {
        // At 0 and 1 the likelihood is that of all trials alike.
        if *p <= 0 {
            return self.successes == 0 && *p == 0;
        }
        if *p >= 1 {
            return self.successes == self.n && *p == 1;
        }
        let coarse = [72, SHARP_BITS].into_iter().find_map(|bits| self.excess(p, bits, log2_binomial_fast).sign());
        coarse.unwrap_or_else(|| if self.tie_is_possible() { self.exactly(p) } else { self.finely(p) }).is_gt()
    }

    /// `log2` of `(n+1) C(n,S) p^S (1-p)^(n-S) / alpha`, which is positive just where `p` is in the set.
    pub(super) fn excess(
        &self,
        p: &Rational,
        precision: u32,
        log2_choose: impl Fn(u64, u64, u32) -> Interval,
    ) -> Interval {
        let Self { n, successes, alpha } = self;
        let failures = Integer::from(n - successes);
        log2_integer(&(Integer::from(*n) + 1), precision)
            .plus(&log2_choose(*n, *successes, precision))
            .plus(&log2(p, precision).times(&Integer::from(*successes)))
            .plus(&log2(&Rational::from(1 - p), precision).times(&failures))
            .minus(&log2(alpha, precision))
    }

    /// With `p = a/b` in lowest terms, a tie says `(n+1) C(n,S) a^S (b-a)^(n-S) alpha_den = alpha_num b^n`. A prime of `b`
    /// then divides `(n+1) C(n,S) alpha_den` at least `n` times, but `(n+1) C(n,S)` at most `2 log2(n+1)` times.
    fn tie_is_possible(&self) -> bool {
        self.n <= 128 + u64::from(self.alpha.denom().significant_bits())
    }

    fn exactly(&self, p: &Rational) -> Ordering {
        let Self { n, successes, alpha } = self;
        let power = |base: Rational, exponent: u64| base.pow(short(exponent));
        let likelihood = power(p.clone(), *successes) * power(Rational::from(1 - p), n - successes);
        let ways = unlimited(*n, *successes) * (Integer::from(*n) + 1);
        let ratio: Rational = likelihood * ways;
        ratio.cmp(alpha)
    }

    /// Compares with more and more precision, which ends because there is no tie.
    fn finely(&self, p: &Rational) -> Ordering {
        let exact = unlimited(self.n, self.successes);
        let mut precision = 2 * SHARP_BITS;
        loop {
            if let Some(sign) = self.excess(p, precision, |_, _, precision| log2_integer(&exact, precision)).sign() {
                return sign;
            }
            precision *= 2;
        }
    }
}

/// The exponent of a power that is written out.
#[expect(clippy::expect_used, reason = "only few trials are compared exactly")]
fn short(exponent: u64) -> u32 {
    u32::try_from(exponent).expect("a tie is possible only up to 128 trials and as many more as alpha has bits")
}

pub(super) fn log2_binomial_fast(n: u64, k: u64, precision: u32) -> Interval {
    log2_binomial(n.into(), k.into(), precision)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(n: u64, successes: u64) -> Evidence {
        Evidence::new(n, successes, Rational::from((1, 1000))).expect("legal")
    }

    fn rational(numer: u64, denom: u64) -> Rational {
        Rational::from((numer, denom))
    }

    /// By the definition, in rationals.
    #[test]
    fn membership_is_the_definition() {
        for n in [0, 1, 2, 7, 40, 300] {
            for successes in [0, 1, n / 3, n / 2, n].into_iter().filter(|&s| s <= n) {
                let e = evidence(n, successes);
                for denom in [1, 2, 3, 10, 97] {
                    for numer in 0..=denom {
                        let p = rational(numer, denom);
                        assert_eq!(e.contains(&p), e.exactly(&p).is_gt(), "{n} {successes} {p}");
                        if 0 < numer && numer < denom && !e.exactly(&p).is_eq() {
                            assert_eq!(e.contains(&p), e.finely(&p).is_gt(), "{n} {successes} {p}");
                        }
                    }
                }
            }
        }
    }

    /// `(n+1) C(n,S) / 2^n = alpha` is a tie, and a tie is outside.
    #[test]
    fn a_tie_is_outside() {
        let half = rational(1, 2);
        let tie = Evidence::new(3, 0, half.clone()).expect("legal");
        assert_eq!(tie.exactly(&half), Ordering::Equal);
        assert!(!tie.contains(&half));
        let looser = Evidence::new(3, 0, rational(499, 1000)).expect("legal");
        assert!(looser.contains(&half));
    }

    #[test]
    fn impossible_evidence_is_refused() {
        assert_eq!(Evidence::new(1, 2, rational(1, 2)), Err(EvidenceError::Counts { n: 1, successes: 2 }));
        for alpha in [Rational::new(), Rational::from(1), Rational::from(-1)] {
            assert_eq!(Evidence::new(1, 1, alpha.clone()), Err(EvidenceError::Alpha(alpha)));
        }
    }
}
