//! The worst `k`, which is the number of slots that a server should touch if it answers every touched slot wrongly.
//!
//! A win needs `k = fB + j`: `f >= 1` whole groups and `j <= slack` publics. Where `slack < B` the pair is unique,
//!
//! $$ \Pr[\mathrm{win}] = \binom{R}{f} \binom{T}{j} \Big/ \binom{N}{fB+j}, $$
//!
//! and the worst `k` has `f = 1` or `f = R`. This is proved in Coq: `Slack.v: slack_worst_ends`, and as an equivalence
//! `Slack.v: slack_comparisons_decide`. At slack 0 these are the paper's `i = 1` and `i = R`:
//!
//! $$ \max_{1 \le i \le R} \binom{R}{i} \Big/ \binom{N}{iB} = \max \Bigl( R \Big/ \binom{N}{B}, \quad 1 \Big/ \binom{N}{T} \Bigr) $$
//!
//! Which `j` is worst for either follows from two ratios (ours, tested exhaustively):
//!
//! - `f = 1`: `C(T,j)/C(N,B+j)` grows with `j` iff `TB+T+B-N > jRB`, so it rises, then falls;
//! - `f = R`: `C(T,j)/C(N,RB+j)` never falls, as `(RB+j+1)/(j+1) >= 1`.
//!
//! Where `slack >= B` nothing is proved, and every `k` is tried.

use crate::bound::bits;
use crate::bound::scan::{Scan, Unproved};
use crate::exact::binomial::{TooLarge, binomial};
use crate::exact::interval::Interval;
use crate::exact::stirling::{SHARP_BITS, log2_binomial};
use crate::params::{Lambda, Params, word};
use rug::{Integer, Rational};
use std::cmp::Ordering;

/// Why the worst `k` is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorstError {
    /// The setting is outside the theorem and has too many slots to try every `k`.
    #[error(transparent)]
    Unproved(#[from] Unproved),
    /// Two rates tie, or nearly so, and are too long to compare exactly.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// A deviation that can be the worst: `f` whole groups of copies and `j` publics are touched, and answered wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    f: u64,
    j: u64,
    params: Params,
}

impl Candidate {
    /// Makes the candidate that touches one query and the worst number of publics beside it.
    ///
    /// ```
    /// use fusion_spec::{bound::worst::Candidate, params::Params};
    /// // There are 40.3 bits without slack, and 34.9 with slack 3, where the server touches three publics beside the copies.
    /// let without = Candidate::one_query(Params::new(8, 8, 100, 0)?);
    /// let with = Candidate::one_query(Params::new(8, 8, 100, 3)?);
    /// assert_eq!((without.k(), format!("{:.2}", without.security_bits())), (8, "40.31".into()));
    /// assert_eq!((with.k(), format!("{:.1}", with.security_bits())), (11, "34.9".into()));
    /// # Ok::<(), fusion_spec::params::ParamError>(())
    /// ```
    #[must_use]
    pub fn one_query(params: Params) -> Self {
        let (T, B, N, RB) = (u128::from(params.T()), u128::from(params.B()), params.N(), params.RB());
        let most = params.slack().min(params.T());
        // The least j at which C(T,j)/C(N,B+j) no longer grows.
        let gain = (T * B + T + B).saturating_sub(N);
        let j = u64::try_from(gain.div_ceil(RB)).map_or(most, |turn| turn.min(most));
        Self { f: 1, j, params }
    }

    /// Makes the candidate that touches every query, and as many publics as are tolerated.
    #[must_use]
    pub fn all_queries(params: Params) -> Self {
        Self { f: params.R(), j: params.slack().min(params.T()), params }
    }

    /// Makes the candidate that touches one query and `j` publics.
    #[must_use]
    pub fn one_query_and(params: Params, j: u64) -> Self {
        Self { f: 1, j, params }
    }

    /// Makes the candidate of `k` slots: whole groups, and no more publics than are tolerated. Returns `None` if `k` slots cannot win. For `slack < B`
    /// there is one such candidate at most, and its rate is that of a win.
    #[must_use]
    pub fn touching(params: Params, k: u128) -> Option<Self> {
        let f = word((k / u128::from(params.B())).min(params.R().into()));
        let j = u64::try_from(k - u128::from(f) * u128::from(params.B())).ok()?;
        (f >= 1 && j <= params.slack().min(params.T())).then_some(Self { f, j, params })
    }

    /// Returns `j`, the number of publics touched.
    #[must_use]
    pub fn j(&self) -> u64 {
        self.j
    }

    /// Returns the number of slots touched, `fB + j`.
    #[must_use]
    pub fn k(&self) -> u128 {
        u128::from(self.f) * u128::from(self.params.B()) + u128::from(self.j)
    }

    /// Computes `log2` of the probability `C(R,f) C(T,j) / C(N,k)` that `k` slots are `f` whole groups and `j` publics.
    ///
    /// $$ \log_{2} \binom{R}{f} + \log_{2} \binom{T}{j} - \log_{2} \binom{N}{fB+j} $$
    #[must_use]
    pub fn log2_rate(&self, precision: u32) -> Interval {
        let Self { f, j, params } = *self;
        log2_binomial(params.R().into(), f.into(), precision)
            .plus(&log2_binomial(params.T().into(), j.into(), precision))
            .minus(&log2_binomial(params.N(), self.k(), precision))
    }

    /// Decides whether the rate is at most `2^-lambda`.
    ///
    /// # Errors
    /// [`TooLarge`] says that the two tie, or nearly so, and are too long to compare exactly.
    pub fn within(&self, lambda: Lambda) -> Result<bool, TooLarge> {
        let minus_lambda = -Integer::from(lambda.bits());
        let apart = |precision| self.log2_rate(precision).minus(&Interval::exactly(&minus_lambda, precision));
        decide(apart, || Ok(self.rate()?.cmp(&lambda.probability()))).map(Ordering::is_le)
    }

    /// Returns `-log2` of the rate, rounded down. It is right to the last place unless the rate is both too long to write down and within
    /// `2^-SHARP_BITS` of a floating-point number.
    #[must_use]
    pub fn security_bits(&self) -> f64 {
        let by_logarithm = |precision| bits::agreed(&self.log2_rate(precision));
        by_logarithm(64).or_else(|| by_logarithm(SHARP_BITS)).unwrap_or_else(|| match self.rate() {
            Ok(rate) => bits::security_bits(&rate).unwrap_or(f64::INFINITY),
            Err(TooLarge { .. }) => bits::at_least(&self.log2_rate(SHARP_BITS)),
        })
    }

    /// `C(R,f) C(T,j) / C(N,k)`; the probability of a win where the pair is unique.
    fn rate(&self) -> Result<Rational, TooLarge> {
        let Self { f, j, params } = *self;
        let ways = binomial(params.R().into(), f.into())? * binomial(params.T().into(), j.into())?;
        Ok(Rational::from((ways, binomial(params.N(), self.k())?)))
    }

    fn compare(&self, other: &Self) -> Result<Ordering, TooLarge> {
        if self == other {
            return Ok(Ordering::Equal);
        }
        let apart = |precision| self.log2_rate(precision).minus(&other.log2_rate(precision));
        decide(apart, || Ok(self.rate()?.cmp(&other.rate()?)))
    }
}

/// The sign of a certified difference: more precision until it shows, exact arithmetic if it does not.
fn decide(
    difference: impl Fn(u32) -> Interval,
    exactly: impl FnOnce() -> Result<Ordering, TooLarge>,
) -> Result<Ordering, TooLarge> {
    [20, 64, SHARP_BITS].into_iter().find_map(|precision| difference(precision).sign()).map_or_else(exactly, Ok)
}

/// Finds the least `k` at which a server that answers every touched slot wrongly wins most often.
///
/// # Errors
/// [`WorstError::Unproved`] is returned for `slack >= B` beyond [`crate::bound::scan::MAX_SCAN`] slots.
///
/// ```
/// use fusion_spec::{bound::worst::worst_k, params::Params};
/// assert_eq!(worst_k(Params::new(8, 8, 100, 0)?)?, 8, "one query");
/// assert_eq!(worst_k(Params::new(8, 8, 2, 0)?)?, 64, "all of them");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn worst_k(params: Params) -> Result<u128, WorstError> {
    if params.slack() >= params.B() {
        return Ok(Scan::of(params)?.worst_k()?);
    }
    let (groups, publics) = (Candidate::one_query(params), Candidate::all_queries(params));
    Ok(match groups.compare(&publics)? {
        Ordering::Less => publics.k(),
        Ordering::Equal | Ordering::Greater => groups.k(),
    })
}

/// Decides whether every deviation wins with probability at most `2^-lambda`.
///
/// At slack 0 two comparisons decide it:
///
/// $$ R \cdot 2^{\lambda} \le \binom{N}{B} \quad \text{and} \quad 2^{\lambda} \le \binom{N}{T} $$
///
/// # Errors
/// [`WorstError::Unproved`] is returned for `slack >= B` beyond [`crate::bound::scan::MAX_SCAN`] slots.
///
/// ```
/// use fusion_spec::{bound::worst::is_secure, params::{Lambda, Params}};
/// let lambda = Lambda::new(40)?;
/// for (R, B) in [(1 << 3, 8), (1 << 5, 7), (1 << 7, 6), (1 << 9, 5), (1 << 13, 4), (1 << 19, 3)] {
///     assert!(is_secure(Params::new(R, B, 100, 0)?, lambda)?, "published");
///     assert!(!is_secure(Params::new(R, B - 1, 100, 0)?, lambda)?, "a copy less");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn is_secure(params: Params, lambda: Lambda) -> Result<bool, WorstError> {
    // Both candidates are deviations whatever the slack: they can refute it, and prove it below B.
    if !Candidate::all_queries(params).within(lambda)? || !Candidate::one_query(params).within(lambda)? {
        return Ok(false);
    }
    if params.slack() < params.B() {
        return Ok(true);
    }
    Ok(Scan::of(params)?.violation(lambda)?.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::deviation::Deviation;

    fn win_rate(params: Params, k: u128) -> Result<Rational, TooLarge> {
        Deviation::full_within(params, k).pr_win()
    }

    /// Definition: the least k with the largest exact rate.
    fn brute(params: Params) -> u128 {
        let rate = |k| win_rate(params, k).expect("small");
        let most = (1..=params.N()).map(rate).max().expect("N >= 1");
        (1..=params.N()).find(|&k| rate(k) == most).expect("attained")
    }

    #[test]
    fn shortcut_and_scan_equal_brute_force() {
        for R in 1..=5 {
            for B in 1..=4 {
                for T in 0..=7 {
                    for slack in 0..=T {
                        let params = Params::new(R, B, T, slack).expect("legal");
                        assert_eq!(worst_k(params), Ok(brute(params)), "{params}");
                        let scan = Scan::of(params).expect("small");
                        assert_eq!(scan.worst_k(), Ok(brute(params)), "{params}");
                    }
                }
            }
        }
    }

    #[test]
    fn below_slack_b_a_rate_is_its_only_pairs() {
        for (R, B, T, slack) in [(1, 1, 0, 0), (8, 2, 4, 0), (8, 2, 4, 1), (4, 5, 7, 3), (3, 6, 2, 2)] {
            let params = Params::new(R, B, T, slack).expect("legal");
            for k in 1..=params.N() {
                let rate =
                    Candidate::touching(params, k).map_or_else(Rational::new, |pair| pair.rate().expect("small"));
                assert_eq!(rate, win_rate(params, k).expect("small"), "{params} k={k}");
            }
        }
    }

    #[test]
    fn settings_with_large_slack() {
        for (R, B, T, slack) in [(8, 9, 268, 13), (8, 14, 268, 13), (3, 2, 90, 40), (40, 3, 60, 2), (1, 1, 50, 20)] {
            let params = Params::new(R, B, T, slack).expect("legal");
            assert_eq!(worst_k(params), Ok(brute(params)), "{params}");
        }
    }

    #[test]
    fn security_is_the_worst_rate_against_the_threshold() {
        for (R, B, T, slack) in [(8, 8, 100, 0), (8, 8, 100, 1), (8, 8, 100, 3), (4, 2, 9, 5), (2, 3, 3, 1)] {
            let params = Params::new(R, B, T, slack).expect("legal");
            let worst = win_rate(params, brute(params)).expect("small");
            for bits in 1..60 {
                let lambda = Lambda::new(bits).expect("legal");
                assert_eq!(is_secure(params, lambda), Ok(worst <= lambda.probability()), "{params} {bits}");
            }
        }
    }

    #[test]
    fn astronomic_settings_are_decided_without_building_numbers() {
        let params = Params::new(1 << 62, 1 << 20, 1 << 62, 0).expect("legal");
        assert_eq!(worst_k(params), Ok(1 << 20));
        let lambda = Lambda::new(1024).expect("legal");
        assert_eq!(is_secure(params, lambda), Ok(true));
        let lax = Params::new(1 << 30, 2, 1 << 30, 2).expect("legal");
        assert!(matches!(worst_k(lax), Err(WorstError::Unproved(_))));
    }

    /// Whole bits are where no interval around a logarithm can tell them from a little less.
    #[test]
    fn whole_bits_are_found_exactly() {
        let params = |T, slack| Params::new(1, 1, T, slack).expect("legal");
        for candidate in [Candidate::one_query(params(1, 0)), Candidate::one_query_and(params(3, 1), 1)] {
            assert_eq!(candidate.security_bits().to_bits(), 1.0_f64.to_bits(), "1/2, as C(3,1)/C(4,2) is too");
        }
    }
}
