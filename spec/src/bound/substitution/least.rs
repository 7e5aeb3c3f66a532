//! The least number of publics that keeps the rate of every swapped function below a target.

use super::worst::{Substitution, SubstitutionError, check};
use crate::exact::interval::Interval;
use crate::exact::log2::{log2, log2_integer};
use rug::{Integer, Rational, ops::Pow};
use std::cmp::Ordering;
use std::ops::RangeInclusive;

/// The precision at which two rates are first compared.
const FIRST_BITS: u32 = 128;

/// Finds the least number of publics, up to `max_T`, at which no swapped function wins with probability above `target`; `None` where even `max_T` are
/// too few. At slack 0 this is decided exactly, ties included. With slack a maximum within `2^-60` of the target counts as above it.
///
/// # Errors
/// [`SubstitutionError`] says that a number is outside its limits.
///
/// ```
/// use fusion_spec::bound::substitution::least_publics;
/// use rug::Rational;
///
/// let least = |denominator| least_publics(8, 0, &Rational::from((1, denominator)), 1 << 62);
/// assert_eq!((least(100)?, least(1000)?), (Some(291), Some(2940)));
/// assert_eq!(least(4)?, Some(8), "a tie: 8 publics for 8 queries give just 1/4");
/// assert_eq!(least_publics(8, 1, &Rational::from((1, 100)), 1 << 62)?, Some(666));
/// # Ok::<(), fusion_spec::bound::substitution::SubstitutionError>(())
/// ```
pub fn least_publics(R: u64, slack: u64, target: &Rational, max_T: u64) -> Result<Option<u64>, SubstitutionError> {
    least_publics_or_more(R, slack, target, slack..=max_T, max_T)
}

/// The same where fewer publics than the range has are known to be too few, and the number matters only where `allowed` publics are enough: beyond, it
/// is one below which publics are too few.
pub(in crate::bound) fn least_publics_or_more(
    R: u64,
    slack: u64,
    target: &Rational,
    range: RangeInclusive<u64>,
    allowed: u64,
) -> Result<Option<u64>, SubstitutionError> {
    let (from, max_T) = range.into_inner();
    check(R, max_T)?;
    if *target <= 0 || *target > 1 {
        return Err(SubstitutionError::Target(target.clone()));
    }
    if *target == 1 {
        return Ok(Some(0));
    }
    let is_enough = |T| is_within(R, T, slack, target);
    // Invariant of both searches: `low` publics are too few, `high` are enough.
    let mut low = slack.max(from.saturating_sub(1));
    if low < allowed && is_enough(allowed)? {
        let (mut high, mut step) = (allowed, 1_u64);
        while low.saturating_add(step) < high {
            let next = low + step;
            if is_enough(next)? {
                high = next;
            } else {
                (low, step) = (next, step.saturating_mul(2));
            }
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if is_enough(middle)? { high = middle } else { low = middle }
        }
        return Ok(Some(high));
    }
    low = low.max(allowed);
    let mut step = (low / 16).max(1);
    let mut high = loop {
        if low >= max_T {
            return Ok(None);
        }
        let next = low.saturating_add(step).min(max_T);
        if is_enough(next)? {
            break next;
        }
        (low, step) = (next, step.saturating_mul(2));
    };
    while high - low > 1 && high - low > (low - allowed) / 4 {
        let middle = low + (high - low) / 2;
        if is_enough(middle)? { high = middle } else { low = middle }
    }
    Ok(Some(low + 1))
}

/// Whether no swapped function wins with probability above a target below 1, for `slack < T`.
fn is_within(R: u64, T: u64, slack: u64, target: &Rational) -> Result<bool, SubstitutionError> {
    if slack == 0 {
        return Ok(compare_closed_form(R, T, target).is_le());
    }
    Ok(!half_exceeds(R, T, slack, target) && *Substitution::worst(R, T, slack)?.rate_at_most() <= *target)
}

/// Whether `e = slack/T` alone shows a rate above the target. A binomial whose mean is an integer has it as its median (Kaas and Buhrman, Mean,
/// median and mode in binomial distributions, 1980), so that `A(e) >= 1/2` there.
fn half_exceeds(R: u64, T: u64, slack: u64, target: &Rational) -> bool {
    let one = Interval::exactly(&Integer::from(1), FIRST_BITS);
    let right = one.clone().scaled(&Integer::from(T - slack), &Integer::from(T)).power(R);
    one.minus(&right).lo() > Rational::from(target * 2)
}

/// Compares the closed form at slack 0, for `T >= 1`, with a probability: the sign of
///
/// $$ T \log_{2} T + R \log_{2} R - (T+R) \log_{2} (T+R) - R \log_{2} p $$
///
/// In lowest terms `t/r` of `T/R`, the rate's `r`-th power is `t^t r^r / (t+r)^(t+r)`, whose parts have no common factor. It is the `r`-th power of
/// a rational only if both `t` and `t+r` are `r`-th powers of integers, which are further apart than `r` for `r >= 2`. So a tie needs `r = 1`.
fn compare_closed_form(R: u64, T: u64, p: &Rational) -> Ordering {
    if T.is_multiple_of(R) && is_tie(T / R, p) {
        return Ordering::Equal;
    }
    let [T, R] = [T, R].map(Integer::from);
    let N = Integer::from(&T + &R);
    let mut precision = FIRST_BITS;
    loop {
        let weighed = |n: &Integer| log2_integer(n, precision).times(n);
        let rate = weighed(&T).plus(&weighed(&R)).minus(&weighed(&N));
        if let Some(order) = rate.minus(&log2(p, precision).times(&R)).sign() {
            return order;
        }
        precision *= 2;
    }
}

/// Whether `p` is `t^t/(t+1)^(t+1)`.
fn is_tie(t: u64, p: &Rational) -> bool {
    let Ok(power) = u32::try_from(t) else { return false };
    // (t+1)^(t+1) has more than t bits.
    p.denom().significant_bits() > power
        && *p.numer() == Integer::from(t).pow(power)
        && *p.denom() == Integer::from(t + 1).pow(power + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::quality::accept;
    use crate::params::{MAX_R, MAX_T};

    fn worst(R: u64, T: u64, slack: u64) -> Substitution {
        Substitution::worst(R, T, slack).expect("legal")
    }

    /// At any size, by certified logarithms: no tie is left open, as the ends are rational and the form is not.
    #[test]
    fn the_closed_form_holds_at_every_size() {
        for (R, T) in [(1, MAX_T), (MAX_R, 1), (MAX_R, MAX_T), (3, MAX_T - 1), (512, 1 << 40), (MAX_R - 1, 100)] {
            let worst = worst(R, T, 0);
            assert!(compare_closed_form(R, T, worst.rate_at_least()).is_ge(), "({R},{T})");
            assert!(compare_closed_form(R, T, worst.rate_at_most()).is_le(), "({R},{T})");
            let width = Rational::from(worst.rate_at_most() / worst.rate_at_least()) - 1;
            assert!(width < Rational::from((1, 1_u64 << 50)), "({R},{T})");
        }
    }

    /// Definition: the first `T` whose rate is within the target.
    #[test]
    fn least_publics_by_brute_force() {
        for R in [1, 2, 5] {
            for slack in 0..4 {
                for target in [(1, 2), (1, 4), (1, 10), (1, 20), (99, 100)].map(Rational::from) {
                    let enough = |T: &u64| *worst(R, *T, slack).rate_at_most() <= target;
                    let brute = (0..1000).find(enough).expect("found");
                    let exact = is_tie(brute.saturating_sub(1) / R, &target) && slack == 0;
                    let found = least_publics(R, slack, &target, MAX_T).expect("legal");
                    assert!(found == Some(brute) || exact && found == Some(brute - 1), "{R} {slack} {target} {brute}");
                    assert_eq!(
                        least_publics(R, slack, &target, brute.saturating_sub(2)),
                        Ok(None),
                        "{R} {slack} {target}"
                    );
                }
            }
        }
    }

    /// With slack the upper bound decides: a target within the interval of the rate is not certainly kept.
    #[test]
    fn a_target_that_is_not_certainly_kept_takes_one_more_public() {
        let at_nine = worst(2, 9, 1);
        assert_eq!(least_publics(2, 1, at_nine.rate_at_least(), MAX_T), Ok(Some(10)));
        assert_eq!(least_publics(2, 1, at_nine.rate_at_most(), MAX_T), Ok(Some(9)));
    }

    #[test]
    fn ties_are_decided_exactly() {
        for R in [1, 7, 1 << 61] {
            assert_eq!(least_publics(R, 0, &Rational::from((1, 4)), MAX_T), Ok(Some(R)));
            assert_eq!(least_publics(R, 0, &Rational::from((4, 27)), MAX_T), Ok(Some(2 * R)));
        }
        let below_a_quarter = Rational::from((1, 4)) - (Rational::from(1) >> 300_u32);
        assert_eq!(least_publics(7, 0, &below_a_quarter, MAX_T), Ok(Some(8)));
    }

    /// The median on which a quick refusal rests, at every binomial of up to 20 draws.
    #[test]
    fn half_of_a_binomial_is_at_most_its_whole_mean() {
        for T in 1..=20 {
            for slack in 1..T {
                let accepted = accept(T, slack, &Rational::from((slack, T))).expect("short");
                assert!(accepted >= Rational::from((1, 2)), "{T} {slack}");
                for R in [1, 8] {
                    let target = Rational::from(worst(R, T, slack).rate_at_most());
                    assert!(!half_exceeds(R, T, slack, &target), "{R} {T} {slack}");
                }
            }
        }
    }

    #[test]
    fn edges_and_limits() {
        assert_eq!(least_publics(8, 0, &Rational::from(1), 10), Ok(Some(0)));
        assert!(matches!(least_publics(8, 0, &Rational::new(), 10), Err(SubstitutionError::Target(_))));
        assert_eq!(least_publics(MAX_R, 0, &Rational::from((1, 100)), MAX_T), Ok(None));
        let tiny = Rational::from(1) >> 40_u32;
        assert!(least_publics(8, 0, &tiny, MAX_T).is_ok_and(|T| T.is_some_and(|T| T > 1 << 41)));
    }
}
