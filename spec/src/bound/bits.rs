//! Rates as security bits, in floating point and for printing only.

use crate::exact::interval::Interval;
use crate::exact::log2::log2;
use rug::Rational;

/// Returns `-log2(p)`, rounded down so that no bit is claimed that is not there, or `None` for a probability of 0.
///
/// ```
/// use fusion_spec::bound::bits::security_bits;
/// use rug::Rational;
/// assert_eq!(security_bits(&Rational::from((1, 1024))), Some(10.0));
/// assert_eq!(security_bits(&Rational::new()), None);
/// ```
#[must_use]
pub fn security_bits(p: &Rational) -> Option<f64> {
    (*p > 0).then(|| security_bits_of(|precision| log2(p, precision)))
}

/// Returns `-log2(p)` rounded down, where `p` is known by certified logarithms alone. It asks for more precision until both ends
/// of the interval round to the same number, which ends because `log2` of a rational is an integer, and then exact, or irrational.
#[must_use]
pub fn security_bits_of(log2_p: impl Fn(u32) -> Interval) -> f64 {
    let mut precision = 64;
    loop {
        if let Some(bits) = agreed(&log2_p(precision)) {
            return bits;
        }
        precision *= 2;
    }
}

/// Returns `-log2(p)` rounded down, if all numbers of an interval around `log2(p)` round to the same one, and otherwise `None`.
///
/// ```
/// use fusion_spec::{bound::bits::{agreed, at_least}, exact::log2::log2};
/// let third = rug::Rational::from((1, 3));
/// assert_eq!(agreed(&log2(&third, 8)), None, "8 places are too few");
/// assert!(at_least(&log2(&third, 8)) < 3_f64.log2(), "but they give a lower bound");
/// assert!(agreed(&log2(&third, 64)).is_some());
/// ```
#[must_use]
pub fn agreed(log2_p: &Interval) -> Option<f64> {
    let (least, most) = (at_least(log2_p), down(&-log2_p.lo()));
    (least.to_bits() == most.to_bits()).then_some(least)
}

/// Returns a number of bits that is certainly there, by an interval around `log2(p)`.
#[must_use]
pub fn at_least(log2_p: &Interval) -> f64 {
    down(&-log2_p.hi())
}

/// The largest floating-point number that is at most `x`, for `x >= 0`; 0 for the negative end of an interval around 0.
fn down(x: &Rational) -> f64 {
    if *x <= 0 { 0.0 } else { x.to_f64() }
}

/// Returns the largest floating-point number that is at most `x`, for `x >= 0`.
#[must_use]
pub fn below(x: &Rational) -> f64 {
    down(x)
}

/// Returns the least floating-point number that is at least `x`, for `x >= 0`.
///
/// ```
/// use fusion_spec::bound::bits::{at_most, below};
/// let third = rug::Rational::from((1, 3));
/// assert!(below(&third) < at_most(&third));
/// assert_eq!(below(&(1.into())).to_bits(), at_most(&(1.into())).to_bits());
/// ```
#[must_use]
pub fn at_most(x: &Rational) -> f64 {
    let below = down(x);
    if Rational::from_f64(below).is_some_and(|same| same == *x) { below } else { below.next_up() }
}

/// Returns the floating-point number nearest to `x`, for printing.
#[must_use]
pub fn nearest(x: &Rational) -> f64 {
    // `to_f64` truncates: the answer is that or its neighbour away from zero.
    let toward_zero = x.to_f64();
    let away = if *x < 0 { toward_zero.next_down() } else { toward_zero.next_up() };
    match (Rational::from_f64(toward_zero), Rational::from_f64(away)) {
        (Some(near), Some(far)) if Rational::from(&far - x).abs() < Rational::from(&near - x).abs() => away,
        _ => toward_zero,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rug::{Integer, ops::Pow};

    /// Rounded down means: `p <= 2^-bits`, and the next floating-point number up claims too much. `bits = c/2^q` exactly,
    /// so both are comparisons of integer powers.
    #[test]
    fn rounding_is_down_and_tight() {
        for (numer, denom) in [(4, 95), (1, 3), (28, 4845), (2, 3), (999, 1000), (1, 164)] {
            let p = Rational::from((numer, denom));
            let bits = security_bits(&p).expect("positive");
            // Work with 12 fractional bits: coarser than f64, so check the floor at that grid.
            let grid = (bits * 4096.0).floor();
            assert!(promises(&p, grid) && !promises(&p, grid + 1.0), "{p}: {bits}");
        }
    }

    /// `p <= 2^-(units/4096)`, by `p^4096 <= 2^-units`.
    fn promises(p: &Rational, units: f64) -> bool {
        let units = Integer::from_f64(units).and_then(|u| u.to_u32()).expect("small");
        p.clone().pow(4096_u32) <= Rational::from((Integer::from(1), Integer::from(1) << units))
    }

    #[test]
    fn edges() {
        assert_eq!(security_bits(&Rational::from(1)), Some(0.0));
        let huge = Rational::from((Integer::from(1), Integer::from(1) << 100_000));
        assert_eq!(security_bits(&huge), Some(100_000.0));
        let nearly_one = Rational::from(((Integer::from(1) << 80) - 1, Integer::from(1) << 80));
        let tiny = security_bits(&nearly_one).expect("positive");
        assert!(tiny > 0.0 && tiny < 1.5 * 2.0_f64.powi(-80), "{tiny}");
    }

    #[test]
    fn nearest_is_nearest() {
        for (numer, denom) in [(41, 2), (1, 10), (1, 3), (2, 3), (-1, 10), (0, 1), (524_290, 524_288)] {
            let x = f64::from(numer) / f64::from(denom);
            assert_eq!(nearest(&Rational::from((numer, denom))).to_bits(), x.to_bits());
        }
    }
}
