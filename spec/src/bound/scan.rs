//! The worst `k` by trying all of them, where no theorem names it: for `slack >= B`, up to `N = 10^5`.
//!
//! Logarithms and powers of two in fixed point, with certified error, give each rate to about one part in a million. What
//! they leave open is compared exactly.

use crate::bound::deviation::Deviation;
use crate::exact::binomial::TooLarge;
use crate::exact::log_factorials::{LOG_BITS, log_factorials};
use crate::exact::log2::log2;
use crate::params::{Lambda, Params};
use rug::{Integer, Rational};
use std::sync::{Arc, LazyLock};

/// The largest `N` at which every `k` is tried.
pub const MAX_SCAN: u128 = 100_000;

/// Most terms of `W(1), .., W(N)` together.
const MAX_TERMS: u128 = 200_000_000;

/// A sum of fewer than `2^17` terms is within 17 bits of its largest, so that `k` whose largest terms are further apart need not
/// be compared.
const NEAR: i64 = 18 << LOG_BITS;

/// Fractional bits of the powers of two, 1 being `2^POWER_BITS`.
const POWER_BITS: u32 = 60;

/// Says that a setting is outside the theorem and that there are too many `k` to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "with slack {slack} >= B = {B} the worst k is found by trying all, up to N = {MAX_SCAN} and {MAX_TERMS} terms, and N is {N}"
)]
pub struct Unproved {
    /// The number of wrong publics that are tolerated.
    pub slack: u64,
    /// The number of copies of each query.
    pub B: u64,
    /// The number of slots.
    pub N: u128,
}

/// A deviation that wins too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The number of slots that it touches.
    pub k: u128,
    /// How many more publics are needed at least: with fewer than this many more, at the same `B`, it certainly still wins too often. The number is at least
    /// 1.
    pub publics_needed: u64,
}

/// A search of every `k` for one setting, with the logarithms that it needs.
#[derive(Debug)]
pub struct Scan {
    params: Params,
    log_factorials: Arc<[i64]>,
}

/// A rate over some reference, in units of `2^-POWER_BITS`.
#[derive(Clone, Copy)]
struct Share {
    lo: u128,
    hi: u128,
}

impl Scan {
    /// Prepares the search for one setting.
    ///
    /// # Errors
    /// [`Unproved`] says that there are more than [`MAX_SCAN`] slots, or that the sums have too many terms.
    pub fn of(params: Params) -> Result<Self, Unproved> {
        let N = params.N();
        let terms = u128::from(params.slack()) / u128::from(params.B()) + 1;
        if N <= MAX_SCAN && N * terms.min(params.R().into()) <= MAX_TERMS {
            return Ok(Self { params, log_factorials: log_factorials(N as usize) });
        }
        Err(Unproved { slack: params.slack(), B: params.B(), N })
    }

    /// Finds the least `k` of those that win most often.
    ///
    /// # Errors
    /// [`TooLarge`] would say that a value is too long, which none is up to [`MAX_SCAN`].
    ///
    /// ```
    /// use fusion_spec::{bound::scan::Scan, params::Params};
    /// assert_eq!(Scan::of(Params::new(8, 2, 40, 3)?)?.worst_k()?, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn worst_k(&self) -> Result<u128, TooLarge> {
        let (mut peaks, mut reference) = (Vec::new(), i64::MIN >> 1);
        self.peaks(reference, |k, peak| {
            peaks.push((k, peak));
            reference = reference.max(peak);
            reference - NEAR
        });
        let near = peaks.into_iter().filter(|(_, peak)| reference - peak <= NEAR);
        let shares: Vec<(u128, Share)> = near.map(|(k, _)| (k, self.share(k, reference))).collect();
        let surely = shares.iter().map(|(_, share)| share.lo).max();
        let open: Vec<u128> =
            shares.into_iter().filter(|(_, share)| Some(share.hi) >= surely).map(|(k, _)| k).collect();
        if let [k] = open[..] {
            return Ok(k);
        }
        let mut worst = (u128::from(self.params.B()), Rational::new());
        for k in open {
            let rate = Deviation::full_within(self.params, k).pr_win()?;
            if rate > worst.1 {
                worst = (k, rate);
            }
        }
        Ok(worst.0)
    }

    /// Finds a deviation that wins with probability above `2^-lambda`, if there is one. Of several it is the one that needs most additional publics to be
    /// stopped.
    ///
    /// # Errors
    /// [`TooLarge`] would say that a value is too long, which none is up to [`MAX_SCAN`].
    ///
    /// ```
    /// use fusion_spec::{bound::scan::Scan, params::{Lambda, Params}};
    /// let scan = Scan::of(Params::new(8, 2, 40, 3)?)?;
    /// assert_eq!(scan.violation(Lambda::new(5)?)?, None);
    /// let violation = scan.violation(Lambda::new(20)?)?;
    /// assert_eq!(violation.map(|violation| violation.k), Some(2), "not the worst, but the last that more publics stop");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn violation(&self, lambda: Lambda) -> Result<Option<Violation>, TooLarge> {
        let threshold = -(i64::from(lambda.bits()) << LOG_BITS);
        let mut near = Vec::new();
        self.peaks(threshold - NEAR, |k, peak| {
            near.push((k, peak));
            threshold - NEAR
        });
        let mut found: Option<Violation> = None;
        for (k, peak) in near {
            let reference = peak.max(threshold);
            let share = self.share(k, reference);
            let excess = reference - threshold + log2_floor(share.lo);
            let safe = reference == threshold && share.hi <= 1 << POWER_BITS;
            let violated =
                excess > 0 || (!safe && Deviation::full_within(self.params, k).pr_win()? > lambda.probability());
            if violated {
                let publics_needed = publics_to_lose(self.params, k, excess);
                if found.is_none_or(|worst| publics_needed > worst.publics_needed) {
                    found = Some(Violation { k, publics_needed });
                }
            }
        }
        Ok(found)
    }

    /// The `k` to look at. For `B = 1` it is known which is worst, `min(s,T)+1`: up to `s` touched slots win unless all are publics,
    /// with `1 - C(T,k)/C(N,k)`, which rises with `k`; more of them win if at most `s` are publics, which is less likely the more
    /// there are.
    fn slots(&self) -> (u128, u128) {
        if self.params.B() == 1 { (self.most_j() + 1, self.most_j() + 1) } else { (1, self.params.N()) }
    }

    /// Visits every `k` of which `log2` of the largest term of `W(k)/C(N,k)`, to within [`Scan::error`], reaches a floor, and
    /// maybe others; `k` increases. A visit says where the floor is from there on.
    fn peaks(&self, mut floor: i64, mut visit: impl FnMut(u128, i64) -> i64) {
        let mut ranges = vec![self.slots()];
        while let Some((first, last)) = ranges.pop() {
            if self.ceiling(first, last).is_none_or(|ceiling| ceiling < floor) {
                continue;
            }
            if first < last {
                let middle = first + (last - first) / 2;
                ranges.extend([(middle + 1, last), (first, middle)]);
            } else if let Some(peak) = self.terms(first).max() {
                floor = visit(first, peak - self.log2_binomial(self.params.N(), first));
            }
        }
    }

    /// No peak of `first..=last` is above this; `None` where no `k` of them can win. Binomials rise to their middle and fall from
    /// there, so over a range the largest is at its point nearest the middle and the least at an end.
    fn ceiling(&self, first: u128, last: u128) -> Option<i64> {
        let (R, B, T) = self.wide();
        let (least_f, most_f) = (first.saturating_sub(self.most_j()).div_ceil(B).max(1), R.min(last / B));
        if least_f > most_f {
            return None;
        }
        let (least_j, most_j) = (first.saturating_sub(most_f * B), self.most_j().min(last - least_f * B));
        let largest = |n: u128, least: u128, most: u128| self.log2_binomial(n, (n / 2).max(least).min(most));
        let least = |k| self.log2_binomial(self.params.N(), k);
        let peak = largest(R, least_f, most_f) + largest(T, least_j, most_j) - least(first).min(least(last));
        // Its logarithms are off by as much as the peaks'.
        Some(peak + 2 * self.error())
    }

    /// `log2 C(R,f) C(T,k-fB)` for every `f >= 1` with `k - fB <= slack`.
    fn terms(&self, k: u128) -> impl Iterator<Item = i64> + '_ {
        let (R, B, T) = self.wide();
        let first = k.saturating_sub(self.most_j()).div_ceil(B).max(1);
        (first..=R.min(k / B)).map(move |f| self.log2_binomial(R, f) + self.log2_binomial(T, k - f * B))
    }

    /// `R`, `B` and `T`.
    fn wide(&self) -> (u128, u128, u128) {
        (self.params.R().into(), self.params.B().into(), self.params.T().into())
    }

    /// The most publics that a win touches.
    fn most_j(&self) -> u128 {
        self.params.slack().min(self.params.T()).into()
    }

    /// `W(k)/C(N,k)` over `2^reference`, where no term exceeds that by more than the error.
    fn share(&self, k: u128, reference: i64) -> Share {
        let error = self.error();
        let all = self.log2_binomial(self.params.N(), k);
        let mut share = Share { lo: 0, hi: 0 };
        for term in self.terms(k) {
            let below = reference - (term - all);
            share.lo += power(below + error).lo;
            share.hi += power(below - error).hi;
        }
        share
    }

    /// `log2 C(n,k)` to within `2n` units either way.
    fn log2_binomial(&self, n: u128, k: u128) -> i64 {
        let log = |i: u128| self.log_factorials[i as usize];
        log(n) - log(k) - log(n - k)
    }

    /// How far a term's logarithm may be off, in units.
    #[expect(clippy::expect_used, reason = "a scan has at most MAX_SCAN slots")]
    fn error(&self) -> i64 {
        let (R, _, T) = self.wide();
        let entries = R + T + self.params.N();
        i64::try_from(2 * entries).expect("there are at most 2 * MAX_SCAN entries")
    }
}

/// `2^(-1/2), 2^(-1/4), ..`, from below and above: each the square root of the one before.
static ROOTS: LazyLock<Vec<[u128; 2]>> = LazyLock::new(|| {
    let one = 1_u128 << POWER_BITS;
    let root = |[lo, hi]: &[u128; 2]| Some([(lo << POWER_BITS).isqrt(), (hi << POWER_BITS).isqrt() + 1]);
    std::iter::successors(root(&[one / 2, one / 2]), root).take(LOG_BITS as usize).collect()
});

/// `2^-x` for `x` in units of `2^-LOG_BITS`, above `-1`: the product of the roots at the bits of `x`.
fn power(x: i64) -> Share {
    let whole = x >> LOG_BITS;
    if whole > i64::from(POWER_BITS) {
        return Share { lo: 0, hi: 1 };
    }
    let one = 1_u128 << POWER_BITS;
    let (mut lo, mut hi) = (one, one);
    for (bit, [root_lo, root_hi]) in (1..).zip(&*ROOTS) {
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
fn log2_floor(share: u128) -> i64 {
    let Some(log) = share.checked_ilog2() else { return i64::MIN >> 1 };
    let mut mantissa = if log >= POWER_BITS { share >> (log - POWER_BITS) } else { share << (POWER_BITS - log) };
    let mut units = (i64::from(log) - i64::from(POWER_BITS)) << LOG_BITS;
    for (bit, [root, _]) in (1..=16).zip(&*ROOTS) {
        let smaller = (mantissa * root) >> POWER_BITS;
        if smaller >= 1 << POWER_BITS {
            mantissa = smaller;
            units += 1 << (LOG_BITS - bit);
        }
    }
    units
}

/// One more public multiplies every term of `W(k)/C(N,k)` by `(T+1)/(T+1-j) (N+1-k)/(N+1)`, at least the second factor,
/// which grows with `N`. So a rate `2^excess` above the threshold stays above it for fewer than
/// `excess / log2((N+1)/(N+1-k))` more publics.
fn publics_to_lose(params: Params, k: u128, excess: i64) -> u64 {
    let N = params.N();
    let ratio = Rational::from((Integer::from(N + 1), Integer::from(N + 1 - k)));
    let step = log2(&ratio, LOG_BITS + 24).hi() << LOG_BITS;
    let publics = Rational::from(excess.max(0)) / step;
    // More publics than a word can count are more than any setting has.
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
        for units in [0_i64, 1, 1 << 39, (1 << 40) - 1, 1 << 40, 3 << 38, 59 << 40, 61 << 40, 70 << 40] {
            let Share { lo, hi } = power(units);
            assert!(lo <= hi && hi - lo <= 1 << 7, "{units}: {lo}..{hi}");
            // 2^-x with x an integer is known.
            if units % (1 << 40) == 0 {
                let exact = (1_u128 << POWER_BITS) >> (units >> 40);
                assert!(lo <= exact && exact <= hi, "{units}");
            }
            if lo > 1 << 20 {
                let log = log2_floor(lo);
                assert!(log <= -units && -units - log <= 1 << 25, "{units}: {log}");
            }
        }
        assert!(log2_floor(3 << POWER_BITS) <= 1_742_699_345_920 && log2_floor(3 << POWER_BITS) > 1_742_600_000_000);
    }

    /// `log2` of the largest term of `W(k)/C(N,k)`, where there is one.
    fn peak(scan: &Scan, k: u128) -> Option<i64> {
        Some(scan.terms(k).max()? - scan.log2_binomial(scan.params.N(), k))
    }

    fn settings() -> impl Iterator<Item = Params> {
        let small = (1..=4).flat_map(|R| (1..=4).flat_map(move |B| (0..=6).map(move |T| (R, B, T))));
        small.flat_map(|(R, B, T)| (0..=T).map(move |slack| setting(R, B, T, slack)))
    }

    /// Over every range of `k`, and by what their logarithms may be off.
    #[test]
    fn no_peak_is_above_its_ceiling() {
        for params in settings() {
            let scan = Scan::of(params).expect("small");
            for (first, last) in (1..=params.N()).flat_map(|first| (first..=params.N()).map(move |last| (first, last)))
            {
                let highest = (first..=last).filter_map(|k| peak(&scan, k)).max().map(|peak| peak + scan.error());
                let ceiling = scan.ceiling(first, last);
                assert!(ceiling >= highest, "{params} {first}..={last}: {ceiling:?} {highest:?}");
            }
            for k in params.RB() + 1..=params.N() {
                assert_eq!(scan.ceiling(k, k).is_some(), k <= params.RB() + scan.most_j(), "{params} {k}");
            }
        }
    }

    /// From nearly everything to one: whatever reaches a floor is visited, in order, whether or not the floor rises.
    #[test]
    fn peaks_that_reach_the_floor_are_visited() {
        for params in settings().chain([setting(40, 2, 60, 30), setting(9, 3, 200, 14)]) {
            let scan = Scan::of(params).expect("small");
            let (first, last) = scan.slots();
            let all: Vec<(u128, i64)> = (first..=last).filter_map(|k| Some((k, peak(&scan, k)?))).collect();
            for (_, floor) in &all {
                let mut visited = Vec::new();
                scan.peaks(*floor, |k, peak| {
                    visited.push((k, peak));
                    *floor
                });
                assert!(visited.is_sorted() && visited.iter().all(|found| all.contains(found)), "{params}");
                assert!(all.iter().all(|found| found.1 < *floor || visited.contains(found)), "{params} {floor}");
            }
            let mut highest = i64::MIN;
            scan.peaks(highest, |_, peak| {
                highest = highest.max(peak);
                highest
            });
            assert_eq!(Some(highest), all.iter().map(|(_, peak)| *peak).max(), "{params}");
        }
    }

    /// Shares against exact rates, at a setting where sums have many terms.
    #[test]
    fn shares_enclose_the_rates() {
        let params = setting(40, 2, 60, 30);
        let scan = Scan::of(params).expect("small");
        for (k, peak) in (1..=params.N()).filter_map(|k| Some((k, peak(&scan, k)?))) {
            let share = scan.share(k, peak);
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
            let scan = Scan::of(params).expect("small");
            let Some(Violation { k, publics_needed }) = scan.violation(lambda).expect("small") else {
                panic!("{params} is meant to be insecure")
            };
            for more in 0..publics_needed.min(300) {
                let rate = Deviation::full_within(setting(R, B, T + more, slack), k).pr_win().expect("small");
                assert!(rate > lambda.probability(), "{params} k={k} and {more} more");
            }
        }
    }

    /// Where nearly every rate is 1, and their differences are far below what logarithms tell apart.
    #[test]
    fn with_one_copy_the_worst_is_known() {
        for (R, T, slack, k) in [(40_000, 50_000, 30, 31), (90_000, 7, 7, 8), (3, 90_000, 89_990, 89_991)] {
            assert_eq!(Scan::of(setting(R, 1, T, slack)).map(|scan| scan.worst_k()), Ok(Ok(k)));
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
                Scan::of(params).expect("small").violation(lambda).expect("small").map(|found| found.k)
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
