//! Every `k`, where no theorem names the worst: `slack >= B`, up to `N = 10^5`.
//!
//! Logarithms and powers of two in fixed point, with certified error, know each rate to about one part in a million; what
//! they leave open is compared exactly.

use crate::bound::deviation::Deviation;
use crate::exact::binomial::TooLarge;
use crate::exact::log_factorials::{LOG_BITS, log_factorials};
use crate::exact::log2::log2;
use crate::params::{Lambda, Params};
use rug::{Integer, Rational};
use std::sync::Arc;

/// Largest `N` at which every `k` is looked at.
pub const MAX_SCAN: u128 = 100_000;

/// Most terms of `W(1), .., W(N)` together.
const MAX_TERMS: u128 = 200_000_000;

/// Fractional bits of the powers of two, 1 being `2^POWER_BITS`.
const POWER_BITS: u32 = 60;

/// Outside the theorem, and too much to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "with slack {slack} >= B = {B} the worst k is found by trying all, up to N = {MAX_SCAN} and {MAX_TERMS} terms, and N is {N}"
)]
pub struct Unproved {
    /// Wrong publics tolerated.
    pub slack: u64,
    /// Copies of each query.
    pub B: u64,
    /// Number of slots.
    pub N: u128,
}

/// A deviation that wins too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The slots it touches.
    pub k: u128,
    /// With fewer than this many more publics, at the same `B`, it certainly still wins too often; at least 1.
    pub publics_needed: u64,
}

/// Logarithms for settings up to some `N`.
#[derive(Debug)]
pub struct Scan {
    log_factorials: Arc<[i64]>,
    /// `2^(-2^-(i+1))` from below and above.
    roots: Vec<[u128; 2]>,
}

/// A rate over some reference, in units of `2^-POWER_BITS`.
#[derive(Clone, Copy)]
struct Share {
    lo: u128,
    hi: u128,
}

impl Scan {
    /// Logarithms for one setting.
    ///
    /// # Errors
    /// [`Unproved`] beyond [`MAX_SCAN`] slots, or where the sums have too many terms.
    pub fn of(params: Params) -> Result<Self, Unproved> {
        let scan = Self::up_to(params.N());
        if scan.covers(params) {
            Ok(scan)
        } else {
            Err(Unproved { slack: params.slack(), B: params.B(), N: params.N() })
        }
    }

    /// Logarithms for every setting of at most `N` slots; `N` is cut at [`MAX_SCAN`].
    #[must_use]
    pub fn up_to(N: u128) -> Self {
        Self { log_factorials: log_factorials(N.min(MAX_SCAN) as usize), roots: roots() }
    }

    /// The setting is small enough for this table.
    #[must_use]
    pub fn covers(&self, params: Params) -> bool {
        let N = params.N();
        let terms = u128::from(params.slack()) / u128::from(params.B()) + 1;
        N <= MAX_SCAN && N < self.log_factorials.len() as u128 && N * terms.min(params.R().into()) <= MAX_TERMS
    }

    /// The least `k` that wins most often.
    ///
    /// # Errors
    /// [`TooLarge`] never up to [`MAX_SCAN`].
    ///
    /// ```
    /// use fusion_spec::{bound::scan::Scan, params::Params};
    /// let params = Params::new(8, 2, 40, 3)?;
    /// assert_eq!(Scan::of(params)?.worst_k(params)?, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn worst_k(&self, params: Params) -> Result<u128, TooLarge> {
        let peaks: Vec<(u128, i64)> = self.peaks(params).collect();
        let reference = peaks.iter().map(|(_, peak)| *peak).max().unwrap_or_default();
        // A sum of fewer than 2^17 terms is within 17 bits of its largest.
        let near = peaks.into_iter().filter(|(_, peak)| reference - peak <= 18 << LOG_BITS);
        let shares: Vec<(u128, Share)> = near.map(|(k, _)| (k, self.share(params, k, reference))).collect();
        let surely = shares.iter().map(|(_, share)| share.lo).max();
        let open: Vec<u128> =
            shares.into_iter().filter(|(_, share)| Some(share.hi) >= surely).map(|(k, _)| k).collect();
        if let [k] = open[..] {
            return Ok(k);
        }
        let mut worst = (u128::from(params.B()), Rational::new());
        for k in open {
            let rate = Deviation::full_within(params, k).pr_win()?;
            if rate > worst.1 {
                worst = (k, rate);
            }
        }
        Ok(worst.0)
    }

    /// A deviation that wins with probability above `2^-lambda`, if there is one: the one that more publics mend last.
    ///
    /// # Errors
    /// [`TooLarge`] never up to [`MAX_SCAN`].
    ///
    /// ```
    /// use fusion_spec::{bound::scan::Scan, params::{Lambda, Params}};
    /// let params = Params::new(8, 2, 40, 3)?;
    /// let scan = Scan::of(params)?;
    /// assert_eq!(scan.violation(params, Lambda::new(5)?)?, None);
    /// let violation = scan.violation(params, Lambda::new(20)?)?;
    /// assert_eq!(violation.map(|violation| violation.k), Some(2), "not the worst, but the last to go");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn violation(&self, params: Params, lambda: Lambda) -> Result<Option<Violation>, TooLarge> {
        let threshold = -(i64::from(lambda.bits()) << LOG_BITS);
        let mut found: Option<Violation> = None;
        for (k, peak) in self.peaks(params) {
            if threshold - peak > 18 << LOG_BITS {
                continue;
            }
            let reference = peak.max(threshold);
            let share = self.share(params, k, reference);
            let excess = reference - threshold + self.log2_floor(share.lo);
            let safe = reference == threshold && share.hi <= 1 << POWER_BITS;
            let violated = excess > 0 || (!safe && Deviation::full_within(params, k).pr_win()? > lambda.probability());
            if violated {
                let publics_needed = publics_to_lose(params, k, excess);
                if found.is_none_or(|worst| publics_needed > worst.publics_needed) {
                    found = Some(Violation { k, publics_needed });
                }
            }
        }
        Ok(found)
    }

    /// For every `k` that can win, `log2` of the largest term of `W(k)/C(N,k)`, to within [`Scan::error`].
    fn peaks(&self, params: Params) -> impl Iterator<Item = (u128, i64)> + '_ {
        debug_assert!(self.covers(params), "the table was made for smaller settings");
        let peak = move |k| Some((k, self.terms(params, k).max()? - self.log2_binomial(params.N(), k)));
        (1..=params.N()).filter_map(peak)
    }

    /// `log2 C(R,f) C(T,k-fB)` for every `f >= 1` with `k - fB <= slack`.
    fn terms(&self, params: Params, k: u128) -> impl Iterator<Item = i64> + '_ {
        let (R, B, T) = (u128::from(params.R()), u128::from(params.B()), u128::from(params.T()));
        let most_j = u128::from(params.slack()).min(T);
        let first = k.saturating_sub(most_j).div_ceil(B).max(1);
        (first..=R.min(k / B)).map(move |f| self.log2_binomial(R, f) + self.log2_binomial(T, k - f * B))
    }

    /// `W(k)/C(N,k)` over `2^reference`, where no term exceeds that by more than the error.
    fn share(&self, params: Params, k: u128, reference: i64) -> Share {
        let error = Self::error(params);
        let all = self.log2_binomial(params.N(), k);
        let mut share = Share { lo: 0, hi: 0 };
        for term in self.terms(params, k) {
            let below = reference - (term - all);
            share.lo += self.power(below + error).lo;
            share.hi += self.power(below - error).hi;
        }
        share
    }

    /// `2^-x` for `x` in units of `2^-LOG_BITS`, above `-1`: the product of the roots at the bits of `x`.
    fn power(&self, x: i64) -> Share {
        let whole = x >> LOG_BITS;
        if whole > i64::from(POWER_BITS) {
            return Share { lo: 0, hi: 1 };
        }
        let one = 1_u128 << POWER_BITS;
        let (mut lo, mut hi) = (one, one);
        for (bit, [root_lo, root_hi]) in (1..).zip(&self.roots) {
            if x >> (LOG_BITS - bit) & 1 == 1 {
                lo = (lo * root_lo) >> POWER_BITS;
                hi = (hi * root_hi).div_ceil(one);
            }
        }
        match u32::try_from(whole) {
            Ok(places) => Share { lo: lo >> places, hi: (hi >> places) + 1 },
            // Down to x = -1, for terms above the reference by the error alone.
            Err(_) => Share { lo: lo << 1, hi: hi << 1 },
        }
    }

    /// `log2` of a share, from below, to 16 places, in units of `2^-LOG_BITS`.
    fn log2_floor(&self, share: u128) -> i64 {
        let Some(log) = share.checked_ilog2() else { return i64::MIN >> 1 };
        let mut mantissa = if log >= POWER_BITS { share >> (log - POWER_BITS) } else { share << (POWER_BITS - log) };
        let mut units = (i64::from(log) - i64::from(POWER_BITS)) << LOG_BITS;
        for (bit, [root, _]) in (1..=16).zip(&self.roots) {
            let smaller = (mantissa * root) >> POWER_BITS;
            if smaller >= 1 << POWER_BITS {
                mantissa = smaller;
                units += 1 << (LOG_BITS - bit);
            }
        }
        units
    }

    /// `log2 C(n,k)` to within `2n` units either way.
    fn log2_binomial(&self, n: u128, k: u128) -> i64 {
        let log = |i: u128| self.log_factorials[i as usize];
        log(n) - log(k) - log(n - k)
    }

    /// How far a term's logarithm may be off, in units.
    fn error(params: Params) -> i64 {
        let entries = u128::from(params.R()) + u128::from(params.T()) + params.N();
        // At most 2 * MAX_SCAN.
        i64::try_from(2 * entries).unwrap_or(i64::MAX)
    }
}

/// `2^(-1/2), 2^(-1/4), ..`, each the square root of the one before.
fn roots() -> Vec<[u128; 2]> {
    let one = 1_u128 << POWER_BITS;
    let root = |[lo, hi]: &[u128; 2]| Some([(lo << POWER_BITS).isqrt(), (hi << POWER_BITS).isqrt() + 1]);
    std::iter::successors(root(&[one / 2, one / 2]), root).take(LOG_BITS as usize).collect()
}

/// One more public multiplies every term of `W(k)/C(N,k)` by `(T+1)/(T+1-j) (N+1-k)/(N+1)`, at least the second factor,
/// which grows with `N`. So a rate `2^excess` above the threshold stays above it for fewer than
/// `excess / log2((N+1)/(N+1-k))` more publics.
fn publics_to_lose(params: Params, k: u128, excess: i64) -> u64 {
    let N = params.N();
    let ratio = Rational::from((Integer::from(N + 1), Integer::from(N + 1 - k)));
    let step = log2(&ratio, LOG_BITS + 24).hi() << LOG_BITS;
    let publics = Rational::from(excess.max(0)) / step;
    publics.ceil().numer().to_u64().map_or(u64::MAX, |publics| publics.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(R: u64, B: u64, T: u64, slack: u64) -> Params {
        Params::new(R, B, T, slack).expect("legal")
    }

    #[test]
    fn powers_and_logarithms_enclose() {
        let scan = Scan::up_to(10);
        for units in [0_i64, 1, 1 << 39, (1 << 40) - 1, 1 << 40, 3 << 38, 59 << 40, 61 << 40, 70 << 40] {
            let Share { lo, hi } = scan.power(units);
            assert!(lo <= hi && hi - lo <= 1 << 7, "{units}: {lo}..{hi}");
            // 2^-x with x an integer is known.
            if units % (1 << 40) == 0 {
                let exact = (1_u128 << POWER_BITS) >> (units >> 40);
                assert!(lo <= exact && exact <= hi, "{units}");
            }
            if lo > 1 << 20 {
                let log = scan.log2_floor(lo);
                assert!(log <= -units && -units - log <= 1 << 25, "{units}: {log}");
            }
        }
        assert!(
            scan.log2_floor(3 << POWER_BITS) <= 1_742_699_345_920
                && scan.log2_floor(3 << POWER_BITS) > 1_742_600_000_000
        );
    }

    /// Shares against exact rates, at a setting where sums have many terms.
    #[test]
    fn shares_enclose_the_rates() {
        let params = setting(40, 2, 60, 30);
        let scan = Scan::of(params).expect("small");
        for (k, peak) in scan.peaks(params) {
            let share = scan.share(params, k, peak);
            let unit = |n: u128| Rational::from((Integer::from(n), Integer::from(1) << POWER_BITS));
            // Compare shares of neighbours, so that the common reference cancels: rate / 2^peak, by certified logarithm.
            let rate = Deviation::full_within(params, k).pr_win().expect("small");
            let log = log2(&rate, 64);
            let (lo, hi) = (log2(&unit(share.lo), 64), log2(&unit(share.hi), 64));
            let peak = Rational::from((Integer::from(peak), Integer::from(1) << LOG_BITS));
            assert!(lo.lo() + &peak <= log.hi() && log.lo() <= hi.hi() + &peak, "k={k}");
            let width = hi.hi() - lo.lo();
            assert!(width < Rational::from((1, 1_000_000)), "k={k}: {}", width.to_f64());
        }
    }

    /// The publics promised to be too few are too few.
    #[test]
    fn a_violation_lasts_as_long_as_it_says() {
        let lambda = Lambda::new(6).expect("legal");
        for (R, B, T, slack) in [(5, 2, 9, 4), (3, 1, 12, 3), (20, 2, 6, 5), (2, 3, 10, 7)] {
            let params = setting(R, B, T, slack);
            let scan = Scan::up_to(2_000);
            let Some(Violation { k, publics_needed }) = scan.violation(params, lambda).expect("small") else {
                panic!("{params} is meant to be insecure")
            };
            for more in 0..publics_needed.min(300) {
                let rate = Deviation::full_within(setting(R, B, T + more, slack), k).pr_win().expect("small");
                assert!(rate > lambda.probability(), "{params} k={k} and {more} more");
            }
        }
    }

    /// With one query and one copy the best deviation wins with `(s+1)/(T+1)`: at `2^-lambda` exactly, that is allowed.
    #[test]
    fn a_tie_is_no_violation() {
        for (slack, bits) in [(1, 2), (1, 12), (3, 5), (7, 9)] {
            let T = (slack + 1) << bits;
            let lambda = Lambda::new(bits).expect("legal");
            let violation = |T| {
                let params = setting(1, 1, T, slack);
                Scan::of(params).expect("small").violation(params, lambda).expect("small").map(|found| found.k)
            };
            assert_eq!(violation(T - 1), None);
            assert_eq!(violation(T - 2), Some(u128::from(slack) + 1));
        }
    }

    #[test]
    fn too_many_terms_are_refused() {
        assert!(Scan::of(setting(40_000, 1, 50_000, 50_000)).is_err());
        assert!(Scan::of(setting(2, 1, 99_000, 40_000)).is_ok());
        assert!(Scan::of(setting(2, 1, 99_999, 40_000)).is_err());
    }
}
