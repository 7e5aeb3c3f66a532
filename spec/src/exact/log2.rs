//! Certified binary logarithms: intervals that contain the true value, with ends that are integers over a power of two.
//!
//! They decide comparisons between numbers that are too large to write down. Where an interval cannot decide, the caller asks
//! for more precision (Ziv's strategy) or computes exactly.

use super::interval::Interval;
use rug::{Integer, Rational};

/// Computes `log2(x)` for a positive `x`. The interval is at most two units of `2^-precision` wide, and exact for powers of two.
///
/// ```
/// use fusion_spec::exact::log2::log2;
/// use rug::Rational;
///
/// let ten = log2(&Rational::from(10), 64);
/// assert!(ten.hi() - ten.lo() <= Rational::from((2, 1_u128 << 64)));
/// let exact = log2(&Rational::from((1, 1024)), 64);
/// assert_eq!((exact.lo(), exact.hi()), (Rational::from(-10), Rational::from(-10)));
/// ```
#[must_use]
pub fn log2(x: &Rational, precision: u32) -> Interval {
    log2_ratio(x.numer(), x.denom(), precision)
}

/// Computes `log2(n)` for an integer `n >= 1`, as [`log2`] does.
#[must_use]
pub fn log2_integer(n: &Integer, precision: u32) -> Interval {
    log2_ratio(n, &Integer::from(1), precision)
}

/// Computes `log2` of a number that is known to lie in an interval. Where the interval reaches down to 0, the result reaches down to `-2^64`, which stands
/// for minus infinity.
#[must_use]
pub fn log2_interval(x: &Interval, precision: u32) -> Interval {
    let minus_huge = -(Integer::from(1) << 64_u32);
    let floor = Interval::exactly(&minus_huge, precision);
    let lo = if x.lo() > 0 { log2(&x.lo(), precision) } else { floor.clone() };
    let hi = if x.hi() > 0 { log2(&x.hi(), precision) } else { floor };
    lo.until(hi)
}

/// The digits of `log2` by repeated squaring of a mantissa in `[1, 2)` that is always rounded down.
///
/// With `w` bits of mantissa the roundings together lower the result by less than `16 * 2^-w`, so that with
/// `w = precision + 32` the true value is below the digits found plus two units.
fn log2_ratio(numer: &Integer, denom: &Integer, precision: u32) -> Interval {
    if numer.is_power_of_two() && denom.is_power_of_two() {
        let exponent = Integer::from(numer.significant_bits()) - denom.significant_bits();
        return Interval::exactly(&exponent, precision);
    }
    let width = precision + 32;
    let (mantissa, exponent) = mantissa(numer, denom, width);
    let mut digits = match mantissa.to_u64() {
        Some(short) if width < 64 => Integer::from(word_digits(short, width, precision)),
        _ => long_digits(mantissa, width, precision),
    };
    digits += exponent << precision;
    let hi = Integer::from(&digits + 2);
    Interval::new(digits, hi, precision)
}

/// The first places of `log2(mantissa / 2^width)`, for a mantissa in `[2^width, 2^(width+1))`.
fn long_digits(mut mantissa: Integer, width: u32, places: u32) -> Integer {
    let mut digits = Integer::new();
    for _ in 0..places {
        mantissa.square_mut();
        mantissa >>= width;
        digits <<= 1;
        if mantissa.significant_bits() > width + 1 {
            mantissa >>= 1;
            digits += 1;
        }
    }
    digits
}

/// The same for a width, and as many places, below 64.
pub(super) fn word_digits(mantissa: u64, width: u32, places: u32) -> u64 {
    let mut mantissa = u128::from(mantissa);
    let mut digits = 0;
    for _ in 0..places {
        mantissa = (mantissa * mantissa) >> width;
        let digit = mantissa >> (width + 1);
        mantissa >>= digit;
        digits = digits << 1 | u64::from(digit == 1);
    }
    digits
}

/// `(m, e)` with `numer/denom = 2^e * m / 2^width` up to a rounding down of `m`, and `m` in `[2^width, 2^(width+1))`.
fn mantissa(numer: &Integer, denom: &Integer, width: u32) -> (Integer, Integer) {
    let keep = width + 64;
    let numer_drop = numer.significant_bits().saturating_sub(keep);
    let denom_drop = denom.significant_bits().saturating_sub(keep);
    let top = Integer::from(numer >> numer_drop);
    let mut bottom = Integer::from(denom >> denom_drop);
    bottom += u32::from(denom_drop > 0);
    let shift = (width + 1 + bottom.significant_bits()).saturating_sub(top.significant_bits());
    let mut quotient = (top << shift) / bottom;
    let excess = quotient.significant_bits() - (width + 1);
    quotient >>= excess;
    let exponent = Integer::from(numer_drop) - denom_drop - shift + excess + width;
    (quotient, exponent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Ordering;

    fn contains(interval: &Interval, x: &Rational) -> bool {
        interval.lo() <= *x && *x <= interval.hi()
    }

    fn wide_in_units(interval: &Interval) -> Integer {
        let [lo, hi] = interval.units();
        Integer::from(hi - lo)
    }

    #[test]
    fn powers_of_two_are_exact() {
        for e in [-300_i32, -1, 0, 1, 40, 1000] {
            let x = Rational::from(1) << e;
            assert_eq!(log2(&x, 64), Interval::exactly(&Integer::from(e), 64));
        }
    }

    #[test]
    fn words_have_the_digits_of_long_numbers() {
        for width in [33, 52, 62, 63] {
            let one = 1_u64 << width;
            for mantissa in [one, one + 1, one + one / 3, one + one / 2, 2 * (one - 1) + 1] {
                let digits = word_digits(mantissa, width, width - 32);
                assert_eq!(long_digits(mantissa.into(), width, width - 32), digits, "{mantissa} {width}");
            }
        }
    }

    /// `2^(lo) <= x <= 2^(hi)` checked without logarithms: x^(2^q) against a power of two.
    #[test]
    fn digits_are_those_of_the_power() {
        let q = 12;
        for x in [(3, 1), (10, 1), (5, 7), (1, 3), (1_000_003, 4), (999_999, 1_000_000)] {
            let x = Rational::from(x);
            let interval = log2(&x, q);
            assert!(wide_in_units(&interval) <= 2);
            let power = Integer::from(1) << q;
            let raised = |base: &Integer| rug::ops::Pow::pow(base.clone(), power.to_u32().expect("2^12"));
            let (numer, denom) = (raised(x.numer()), raised(x.denom()));
            let against = |exponent: &Integer| match exponent.cmp0() {
                Ordering::Less => Integer::from(&numer << (-exponent.clone()).to_u32().expect("small")).cmp(&denom),
                _ => numer.cmp(&Integer::from(&denom << exponent.to_u32().expect("small"))),
            };
            let [lo, hi] = interval.units();
            assert_ne!(against(lo), Ordering::Less, "{x}");
            assert_ne!(against(hi), Ordering::Greater, "{x}");
        }
    }

    #[test]
    fn long_operands_are_cut_safely() {
        let long = (Integer::from(1) << 5000) + 12345;
        let precise = log2_integer(&long, 200);
        let coarse = log2_integer(&long, 20);
        assert!(coarse.lo() <= precise.lo() && precise.hi() <= coarse.hi());
        let ratio = Rational::from((long.clone(), Integer::from(&long + 1)));
        assert!(contains(&log2(&ratio, 64), &Rational::new()), "log2 of nearly one");
    }
}
