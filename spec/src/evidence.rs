//! What counted trials say about a claimed rate: pass, refuted or inconclusive, valid at every number of trials at once.
//!
//! The confidence sequence is Robbins' with the uniform mixture (H. Robbins, Statistical methods related to the law of the
//! iterated logarithm, Ann. Math. Stat. 41, 1970): after `n` trials with `S` successes,
//! `CS_n = { p : (n+1) C(n,S) p^S (1-p)^(n-S) > alpha }`. The true rate leaves it at some `n` with probability at most
//! `alpha`, so a test may be looked at as often as one likes.
//!
//! $$ CS_{n} = \Bigl\lbrace p : (n+1) \binom{n}{S} p^S (1-p)^{n-S} \gt \alpha \Bigr\rbrace, \qquad
//! \Pr[\text{some } CS_{n} \text{ misses the true rate}] \le \alpha $$
//!
//! Membership is decided by certified logarithms, and exactly where a tie is possible.
//!
//! ```
//! use fusion_spec::evidence::{Clause, Decision, Evidence, Tolerance};
//! use rug::Rational;
//!
//! let alpha = Rational::from((1, 1_000_000));
//! let within = Tolerance { relative: Rational::from((1, 10)), absolute: Rational::from((1, 1000)) };
//! let clause = Clause::Equals(Rational::from((4, 95)));
//! let evidence = |n, successes| Evidence::new(n, successes, alpha.clone());
//! assert_eq!(evidence(200_704, 8_320)?.decide(&clause, &within), Decision::Pass);
//! assert_eq!(evidence(200_704, 9_320)?.decide(&clause, &within), Decision::Refuted);
//! assert_eq!(evidence(1_000, 42)?.decide(&clause, &within), Decision::Inconclusive);
//! # Ok::<(), fusion_spec::evidence::EvidenceError>(())
//! ```

use crate::exact::binomial::unlimited;
use crate::exact::interval::Interval;
use crate::exact::log2::{log2, log2_integer};
use crate::exact::stirling::{SHARP_BITS, log2_binomial};
use rug::{Integer, Rational, ops::Pow};
use std::cmp::Ordering;

/// Counted trials, and the error probability that their test may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    n: u64,
    successes: u64,
    alpha: Rational,
}

/// Counts or error probabilities that make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// More successes than trials.
    #[error("{successes} successes in {n} trials")]
    Counts {
        /// Trials.
        n: u64,
        /// Successes.
        successes: u64,
    },
    /// An error probability that is not strictly between 0 and 1.
    #[error("the error probability must be between 0 and 1, not {0}")]
    Alpha(Rational),
}

/// What is claimed of a rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    /// It is this.
    Equals(Rational),
    /// It is at most this.
    AtMost(Rational),
}

/// How near to a claimed rate the confidence set must come for a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tolerance {
    /// As a share of the claimed rate `p` or of `1 - p`, whichever is less: a rate near 1 is a claim about what is rare, its
    /// complement.
    pub relative: Rational,
    /// Instead of that, where the claimed rate is 0 or 1.
    pub absolute: Rational,
}

impl Tolerance {
    /// How far from a claimed rate the confidence set may reach, on either side: $\delta = w \min(p, 1-p)$ with $w$ the relative
    /// tolerance, and the absolute tolerance where $p$ is 0 or 1.
    ///
    /// ```
    /// use fusion_spec::evidence::Tolerance;
    /// use rug::Rational;
    ///
    /// let within = Tolerance { relative: Rational::from((1, 10)), absolute: Rational::from((1, 1000)) };
    /// assert_eq!(within.around(&Rational::from((4, 95))), Rational::from((4, 950)));
    /// assert_eq!(within.around(&Rational::from((98, 100))), Rational::from((2, 1000)), "a tenth of the 2 % that are left");
    /// assert_eq!(within.around(&Rational::from(1)), Rational::from((1, 1000)));
    /// ```
    #[must_use]
    pub fn around(&self, claimed: &Rational) -> Rational {
        if *claimed == 0 || *claimed == 1 {
            return self.absolute.clone();
        }
        let rest = Rational::from(1 - claimed);
        Rational::from(&self.relative * claimed.min(&rest))
    }
}

/// What the evidence says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The rate is as claimed, within the tolerance.
    Pass,
    /// The rate is not as claimed.
    Refuted,
    /// More trials are needed. Zero trials decide nothing.
    Inconclusive,
}

impl Evidence {
    /// `successes` of `n` trials, tested with error probability `alpha`.
    ///
    /// # Errors
    /// [`EvidenceError`] for impossible counts, or an `alpha` outside `(0, 1)`.
    pub fn new(n: u64, successes: u64, alpha: Rational) -> Result<Self, EvidenceError> {
        match () {
            () if successes > n => Err(EvidenceError::Counts { n, successes }),
            () if alpha <= 0 || alpha >= 1 => Err(EvidenceError::Alpha(alpha)),
            () => Ok(Self { n, successes, alpha }),
        }
    }

    /// Decides a clause.
    ///
    /// With $\delta$ the tolerance, `Equals(p)` is refuted iff $p \notin CS_{n}$, and passes iff $CS_{n} \subseteq [p-\delta, p+\delta]$;
    /// `AtMost(b)` is refuted iff $S/n \gt b$ and $b \notin CS_{n}$, and passes iff $\max CS_{n} \le b+\delta$.
    #[must_use]
    pub fn decide(&self, clause: &Clause, tolerance: &Tolerance) -> Decision {
        if self.n == 0 {
            return Decision::Inconclusive;
        }
        match clause {
            Clause::Equals(p) if !self.contains(p) => Decision::Refuted,
            Clause::Equals(p) => {
                let delta = tolerance.around(p);
                let inside = self.all_above(&Rational::from(p - &delta)) && self.all_below(&Rational::from(p + &delta));
                if inside { Decision::Pass } else { Decision::Inconclusive }
            }
            Clause::AtMost(b) if self.rate_exceeds(b) && !self.contains(b) => Decision::Refuted,
            Clause::AtMost(b) => {
                let limit = tolerance.around(b) + b;
                if self.all_below(&limit) { Decision::Pass } else { Decision::Inconclusive }
            }
        }
    }

    /// The confidence set's ends, rounded outward to multiples of `2^-48`.
    ///
    /// ```
    /// use fusion_spec::evidence::Evidence;
    /// use rug::Rational;
    ///
    /// let alpha = Rational::from((1, 1_000_000));
    /// let (lower, upper) = Evidence::new(200_704, 8_320, alpha)?.interval();
    /// assert!(lower > Rational::from((38, 1000)) && upper < Rational::from((45, 1000)));
    /// # Ok::<(), fusion_spec::evidence::EvidenceError>(())
    /// ```
    #[must_use]
    pub fn interval(&self) -> (Rational, Rational) {
        let outside = |units: &Integer| !self.contains(&point(units));
        let top = Integer::from(1) << GRID;
        let peak: Integer = if self.n == 0 { top.clone() } else { Integer::from(&top * self.successes) / self.n };
        // Outside at 0 and inside near the peak, or the set reaches 0; and the mirror image above.
        let below = self.guess(&peak, -1).clamp(&Integer::new(), &peak);
        let lower = last_outside(&Integer::new(), below, &peak, outside);
        let peak = (peak + 1_u32).min(top.clone());
        let above = self.guess(&peak, 1).clamp(&peak, &top);
        let upper = last_outside(&top, above, &peak, outside);
        (point(&lower), point(&upper))
    }

    /// Nearly where the set ends on one side of the peak: Newton's method on the excess, which is concave, from a point that
    /// Bernstein's inequality puts outside. Only a guess: whatever it is, the end is found from there.
    fn guess(&self, peak: &Integer, side: i32) -> Integer {
        let Self { n, successes, alpha } = self;
        let failures = n - successes;
        if *n == 0 {
            return peak.clone();
        }
        let top = Integer::from(1) << GRID;
        let weight =
            Integer::from(*n).significant_bits() + Rational::from(alpha.recip_ref()).ceil().numer().significant_bits();
        let spread = peak * Integer::from(&top - peak) * (2 * weight) / *n;
        let reach = spread.sqrt() + Integer::from(&top * (2 * weight)) / *n;
        let mut units = peak + reach * side;
        for _ in 0..12 {
            units = units.clamp(&1, &Integer::from(&top - 1_u32));
            let p = point(&units);
            let slope = Rational::from(*successes) / &p - Rational::from(failures) / Rational::from(1 - &p);
            if slope == 0 {
                break;
            }
            // The excess is in bits: 1/ln 2 of them to the natural unit.
            let excess = self.excess(&p, 72, log2_binomial_fast).hi() * Rational::from((693_147, 1_000_000));
            let step = (excess / slope * Integer::from(&top)).round().numer().clone();
            units -= &step;
            if step.significant_bits() <= 1 {
                break;
            }
        }
        units
    }

    /// Every rate in the set is at least `x`.
    fn all_above(&self, x: &Rational) -> bool {
        *x <= 0 || (!self.rate_below(x) && !self.contains(x))
    }

    /// Every rate in the set is at most `x`.
    fn all_below(&self, x: &Rational) -> bool {
        *x >= 1 || (!self.rate_exceeds(x) && !self.contains(x))
    }

    fn rate_exceeds(&self, x: &Rational) -> bool {
        Rational::from(x * self.n) < self.successes
    }

    fn rate_below(&self, x: &Rational) -> bool {
        Rational::from(x * self.n) > self.successes
    }

    /// `(n+1) C(n,S) p^S (1-p)^(n-S) > alpha`.
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

    /// `log2` of the likelihood ratio over `alpha`.
    fn excess(&self, p: &Rational, precision: u32, log2_choose: impl Fn(u64, u64, u32) -> Interval) -> Interval {
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
        let power = |base: Rational, exponent: u64| base.pow(u32::try_from(exponent).unwrap_or(u32::MAX));
        let likelihood = power(p.clone(), *successes) * power(Rational::from(1 - p), n - successes);
        let ways = unlimited(*n, *successes) * (Integer::from(*n) + 1);
        let ratio: Rational = likelihood * ways;
        ratio.cmp(alpha)
    }

    /// More and more precision: ends, as there is no tie.
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

fn log2_binomial_fast(n: u64, k: u64, precision: u32) -> Interval {
    log2_binomial(n.into(), k.into(), precision)
}

/// The blocks of trials at which a campaign decides next, after it decided at `blocks`: every block to 64, then every 64th part
/// of what there is, rounded up. The schedule is fixed in advance, so that a verdict never depends on how fast trials arrive.
///
/// ```
/// use fusion_spec::evidence::next_checkpoint;
/// assert_eq!([0, 1, 64, 65, 6400].map(next_checkpoint), [1, 2, 65, 67, 6500]);
/// ```
#[must_use]
pub fn next_checkpoint(blocks: u64) -> u64 {
    blocks.saturating_add(blocks.div_ceil(64).max(1))
}

/// The trials after which a true clause passes, but for a count more than three standard deviations off (one time in 370). A
/// bound is taken to be met with equality. To three digits; `None` above `2^61`.
///
/// # Errors
/// [`EvidenceError::Alpha`] for an `alpha` outside `(0, 1)`.
///
/// ```
/// use fusion_spec::evidence::{Clause, Tolerance, trials_needed};
/// use rug::Rational;
///
/// let alpha = Rational::from((1, 1_000_000));
/// let within = Tolerance { relative: Rational::from((1, 10)), absolute: Rational::from((1, 1000)) };
/// let trials = |p| trials_needed(&Clause::Equals(p), &within, &alpha);
/// assert_eq!(trials(Rational::from((4, 95)))?, Some(211_840));
/// assert!(trials(Rational::from((1, 1_u64 << 40)))? > Some(1 << 50), "not by counting");
/// # Ok::<(), fusion_spec::evidence::EvidenceError>(())
/// ```
pub fn trials_needed(clause: &Clause, tolerance: &Tolerance, alpha: &Rational) -> Result<Option<u64>, EvidenceError> {
    let (Clause::Equals(p) | Clause::AtMost(p)) = clause;
    let passes = |n: u64| {
        let mean = Rational::from(p * n);
        let variance = (&mean * Rational::from(1 - p)).ceil();
        let off = (variance.numer().clone() * 9_u32).sqrt();
        let ends = [Rational::from(&mean - &off).ceil(), (mean + off).floor()];
        let mut decisions = ends.iter().map(|count| {
            let successes = count.numer().to_u64().unwrap_or_default().min(n);
            Ok(Evidence::new(n, successes, alpha.clone())?.decide(clause, tolerance))
        });
        decisions.try_fold(true, |all, decision| Ok(all && decision? == Decision::Pass))
    };
    let (mut enough, mut few) = (1_u64, 0);
    while !passes(enough)? {
        if enough > 1 << 60 {
            return Ok(None);
        }
        few = enough;
        enough *= 2;
    }
    // Whole counts make the last few digits jump.
    while enough - few > enough / 1024 + 1 {
        let middle = few.midpoint(enough);
        if passes(middle)? { enough = middle } else { few = middle }
    }
    Ok(Some(enough))
}

/// The ends of confidence sets are multiples of `2^-48`.
const GRID: u32 = 48;

fn point(units: &Integer) -> Rational {
    Rational::from((units.clone(), Integer::from(1) << GRID))
}

/// On the way from `limit` to `inside`, the last integer that is outside, looked for around a guess; `limit` if none is.
fn last_outside(limit: &Integer, guess: Integer, inside: &Integer, outside: impl Fn(&Integer) -> bool) -> Integer {
    let (least, most) = (limit.min(inside), limit.max(inside));
    let inward = if limit <= inside { 1 } else { -1 };
    let mut step = Integer::from(inward);
    let next = |from: &Integer, step: &Integer| Integer::from(from + step).clamp(least, most);
    let (mut good, mut bad) = (guess.clone(), guess);
    if outside(&good) {
        loop {
            bad = next(&good, &step);
            if bad == *inside || !outside(&bad) {
                return bisect(good, bad, outside);
            }
            good.clone_from(&bad);
            step *= 2;
        }
    }
    step = -step;
    loop {
        good = next(&bad, &step);
        if good == *limit || outside(&good) {
            return bisect(good, bad, outside);
        }
        bad.clone_from(&good);
        step *= 2;
    }
}

/// Of the integers between two ends, the last one (counted from `from`) at which a condition holds that never returns once it
/// fails; `from` itself if it fails there.
fn bisect(from: Integer, to: Integer, holds: impl Fn(&Integer) -> bool) -> Integer {
    let (mut good, mut bad) = (from, to);
    loop {
        let middle = Integer::from(&good + &bad) / 2;
        if middle == good || middle == bad {
            return good;
        }
        if holds(&middle) { good = middle } else { bad = middle }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(n: u64, successes: u64) -> Evidence {
        Evidence::new(n, successes, Rational::from((1, 1000))).expect("legal")
    }

    fn tenth() -> Tolerance {
        Tolerance { relative: Rational::from((1, 10)), absolute: Rational::from((1, 1000)) }
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
    fn sure_events_are_refuted_by_one_contrary_trial() {
        let decide = |n, s, p| evidence(n, s).decide(&Clause::Equals(p), &tenth());
        assert_eq!(decide(10, 1, Rational::new()), Decision::Refuted);
        assert_eq!(decide(10, 9, Rational::from(1)), Decision::Refuted);
        assert_eq!(decide(10, 0, Rational::new()), Decision::Inconclusive);
        assert_eq!(decide(100_000, 0, Rational::new()), Decision::Pass);
        assert_eq!(decide(100_000, 100_000, Rational::from(1)), Decision::Pass);
    }

    #[test]
    fn at_most_is_one_sided() {
        let decide = |n, s, b| evidence(n, s).decide(&Clause::AtMost(b), &tenth());
        assert_eq!(decide(100_000, 1_000, rational(1, 2)), Decision::Pass);
        assert_eq!(decide(100_000, 60_000, rational(1, 2)), Decision::Refuted);
        assert_eq!(decide(10, 6, rational(1, 2)), Decision::Inconclusive);
        assert_eq!(decide(1, 1, Rational::from(1)), Decision::Pass, "a bound of 1 says nothing");
    }

    /// A server that is caught at 99.42 % of its sessions is not caught at 98 %: what is claimed of the 2 % that are not caught is
    /// off by a factor of 3.4.
    #[test]
    fn a_false_claim_near_1_does_not_pass() {
        let claim = Clause::Equals(rational(98, 100));
        assert_eq!(evidence(1_024, 1_018).decide(&claim, &tenth()), Decision::Inconclusive);
        assert_eq!(evidence(10_240, 10_181).decide(&claim, &tenth()), Decision::Refuted);
        for (claimed, successes) in [(98, 1_009), (98, 1_004), (99, 1_018), (2, 20), (1, 10)] {
            let claim = Clause::Equals(rational(claimed, 100));
            assert_ne!(
                evidence(1_024, successes).decide(&claim, &tenth()),
                Decision::Pass,
                "{successes} for {claimed} %"
            );
        }
    }

    /// What is said of a rate is said of its complement.
    #[test]
    fn a_claim_and_its_complement_are_decided_alike() {
        for (n, successes) in [(100, 3), (1_024, 1_018), (40_000, 1_000), (400_000, 5_000), (1_000_000, 990_000)] {
            for claimed in [rational(4, 855), rational(1, 80), rational(1, 40), rational(1, 3), rational(1, 2)] {
                let complement = Rational::from(1 - &claimed);
                let [claim, mirrored] = [claimed, complement].map(Clause::Equals);
                let decided = evidence(n, successes).decide(&claim, &tenth());
                assert_eq!(
                    decided,
                    evidence(n, n - successes).decide(&mirrored, &tenth()),
                    "{successes} of {n}: {claim:?}"
                );
            }
        }
    }

    /// A pass needs both ends of the set near the claim: here one end is, and the other is not.
    #[test]
    fn equals_is_two_sided() {
        let half = Clause::Equals(rational(1, 2));
        for successes in [460, 540] {
            assert_eq!(evidence(1_000, successes).decide(&half, &tenth()), Decision::Inconclusive);
        }
        assert_eq!(evidence(100_000, 50_000).decide(&half, &tenth()), Decision::Pass);
    }

    #[test]
    fn zero_trials_decide_nothing() {
        let everything = Tolerance { relative: Rational::from(10), absolute: Rational::from(10) };
        for clause in
            [Clause::Equals(rational(1, 2)), Clause::AtMost(Rational::from(1)), Clause::Equals(Rational::new())]
        {
            assert_eq!(evidence(0, 0).decide(&clause, &everything), Decision::Inconclusive);
        }
        assert_eq!(evidence(0, 0).interval(), (Rational::new(), Rational::from(1)));
    }

    #[test]
    fn interval_ends_are_outside_and_tight() {
        for (n, s) in [(1, 0), (50, 50), (1000, 42), (200_704, 8_320), (4_000_000, 19)] {
            let e = evidence(n, s);
            let (lo, hi) = e.interval();
            let unit = rational(1, 1 << 48);
            assert!(lo == 0 || !e.contains(&lo));
            assert!(hi == 1 || !e.contains(&hi));
            assert!(s == 0 || e.contains(&Rational::from(&lo + &unit)));
            assert!(s == n || e.contains(&Rational::from(&hi - &unit)));
            assert!(lo <= rational(s, n) && rational(s, n) <= hi);
        }
    }

    #[test]
    fn checkpoints_thin_out() {
        let schedule: Vec<u64> =
            std::iter::successors(Some(0), |&blocks| Some(next_checkpoint(blocks))).take(70).collect();
        assert!(schedule[..=64].iter().copied().eq(0..=64));
        assert_eq!(schedule[65..], [65, 67, 69, 71, 73]);
        assert_eq!(next_checkpoint(6400), 6500);
        assert_eq!(next_checkpoint(u64::MAX), u64::MAX);
    }

    #[test]
    fn trials_needed_suffice_and_fewer_do_not() {
        let alpha = rational(1, 8_000_000);
        for (clause, n) in [
            (Clause::Equals(rational(4, 95)), 180_000..240_000),
            (Clause::Equals(rational(4, 855)), 2_000_000..2_400_000),
            (Clause::Equals(Rational::new()), 20_000..40_000),
            (Clause::Equals(Rational::from(1)), 20_000..40_000),
            (Clause::AtMost(rational(12, 95)), 50_000..80_000),
            (Clause::AtMost(Rational::from(1)), 1..2),
        ] {
            let needed = trials_needed(&clause, &tenth(), &alpha).expect("legal").expect("few");
            assert!(n.contains(&needed), "{clause:?}: {needed}");
            let (Clause::Equals(p) | Clause::AtMost(p)) = &clause;
            let at = |n: u64, deviations: f64| {
                let (p, trials) = (p.to_f64(), Rational::from(n).to_f64());
                let count = trials * p + deviations * (trials * p * (1.0 - p)).sqrt();
                let count = Rational::from_f64(count.round()).expect("finite").numer().to_u64().expect("small");
                Evidence::new(n, count, alpha.clone()).expect("legal").decide(&clause, &tenth())
            };
            assert_eq!([-2.9, 0.0, 2.9].map(|off| at(needed, off)), [Decision::Pass; 3]);
            assert!(needed == 1 || at(needed * 9 / 10, 3.0) == Decision::Inconclusive, "{clause:?}");
        }
        let tiny = Clause::Equals(rational(1, u64::MAX));
        assert_eq!(trials_needed(&tiny, &tenth(), &alpha), Ok(None));
    }

    /// The guess only spares work: plain bisection finds the same ends.
    #[test]
    fn guessed_ends_are_those_of_bisection() {
        let top = Integer::from(1) << GRID;
        for n in [1, 2, 3, 10, 999, 123_457, 40_000_000] {
            for s in [0, 1, 2, n / 1000, n / 3, n / 2, n - 1, n].into_iter().filter(|&s| s <= n) {
                let e = evidence(n, s);
                let peak = Integer::from(&top * s) / n;
                let outside = |units: &Integer| !e.contains(&point(units));
                let lower = bisect(Integer::new(), peak.clone(), outside);
                let upper = bisect(top.clone(), peak + 1, outside);
                assert_eq!(e.interval(), (point(&lower), point(&upper)), "{s} of {n}");
            }
        }
    }

    #[test]
    fn impossible_evidence_is_refused() {
        assert_eq!(Evidence::new(1, 2, rational(1, 2)), Err(EvidenceError::Counts { n: 1, successes: 2 }));
        for alpha in [Rational::new(), Rational::from(1), Rational::from(-1)] {
            assert_eq!(Evidence::new(1, 1, alpha.clone()), Err(EvidenceError::Alpha(alpha)));
        }
    }
}
