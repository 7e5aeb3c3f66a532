//! Certified logarithms of binomials of any size.

use super::interval::Interval;
use super::log_factorials::{FIRST, LOG_BITS, short_binomial};
use super::log2::log2_integer;
use super::product::small_binomial;
use rug::{Integer, integer::Order};

/// Precision of the constants below, in bits.
const CONSTANT_BITS: u32 = 192;
/// `floor(2^192 * log2(e))`, least significant word first.
const LOG2_E: [u64; 4] = [0xd6ae_f551_bad2_b4b1, 0x7d0f_fda0_d23a_7d11, 0x7154_7652_b82f_e177, 0x0000_0000_0000_0001];
/// `floor(2^192 * log2(2*pi)/2)`, least significant word first.
const HALF_LOG2_TAU: [u64; 4] =
    [0x5c32_4f25_e346_c7de, 0x6d97_2784_0544_713a, 0x5364_39a4_c6ef_bad8, 0x0000_0000_0000_0001];

/// `B_2k / (2k(2k-1))` of Stirling's series (DLMF 5.11.1), k = 1.. .
const STIRLING: [(i64, u64); 12] = [
    (1, 12),
    (-1, 360),
    (1, 1260),
    (-1, 1680),
    (1, 1188),
    (-691, 360_360),
    (1, 156),
    (-3617, 122_400),
    (43_867, 244_188),
    (-174_611, 125_400),
    (77_683, 5796),
    (-236_364_091, 1_506_960),
];
/// From here on Stirling's remainder, below the first term left out, `657931/300 / n^25`, is under `2^-188`.
const STIRLING_FROM: u128 = 256;

/// A constant given to [`CONSTANT_BITS`], at another precision.
fn constant(words: &[u64; 4], precision: u32) -> Interval {
    let floor = Integer::from_digits(words, Order::Lsf);
    let above = Integer::from(&floor + 1);
    Interval::new(floor, above, CONSTANT_BITS).at_precision(precision)
}

/// The highest precision at which [`log2_binomial`] gives an interval of a few units.
pub const SHARP_BITS: u32 = 160;

/// Computes `log2 C(n, k)` for `k <= n`. The interval is a few units of `2^-precision` wide, for a precision up to [`SHARP_BITS`].
///
/// It comes from a table where `n` and the precision are small, from exact products where the smaller index is under 256, and otherwise from Stirling's
/// series with its remainder (Robbins, A remark on Stirling's formula, 1955; DLMF 5.11).
///
/// ```
/// use fusion_spec::exact::stirling::log2_binomial;
/// // About 2^80 bits, and known to better than one of them.
/// let n = 1 << 80;
/// let bits = log2_binomial(n, n / 2, 64);
/// assert!(bits.ceil() < n && bits.lo() > n - 41 && bits.hi() - bits.lo() < 1);
/// ```
#[must_use]
pub fn log2_binomial(n: u128, k: u128, precision: u32) -> Interval {
    debug_assert!(k <= n, "an impossible choice has no logarithm");
    if let Some(tabled) = tabled(n, k, precision) {
        return tabled;
    }
    let small = k.min(n - k);
    if small < STIRLING_FROM {
        return log2_integer(&small_binomial(&Integer::from(n), small), precision);
    }
    // The products with n lose its bits.
    let work = precision + (u128::BITS - n.leading_zeros()) + 16;
    let whole = stirling_body(n, work);
    let parts = stirling_body(k, work).plus(&stirling_body(n - k, work));
    whole.minus(&parts).minus(&constant(&HALF_LOG2_TAU, work)).at_precision(precision)
}

/// From the table of factorials, where that is within a unit.
fn tabled(n: u128, k: u128, precision: u32) -> Option<Interval> {
    let last = usize::try_from(n).ok().filter(|n| *n <= FIRST)?;
    // The table is within `2n` of its own units either way.
    let lost = last.max(1).ilog2() + 3;
    let [lo, hi] = (precision + lost <= LOG_BITS).then(|| short_binomial(last, k as usize))?;
    Some(Interval::new(lo.into(), hi.into(), LOG_BITS).at_precision(precision))
}

/// `log2(n!) + n*log2(e) - log2(2*pi)/2`: the parts of Stirling's series that a binomial does not cancel.
fn stirling_body(n: u128, precision: u32) -> Interval {
    let n = Integer::from(n);
    let odd = Integer::from(&n << 1) + 1;
    let twice = log2_integer(&n, precision + 1).times(&odd);
    // Half of a number is the same digits with one more binary place.
    let main = twice.halved().at_precision(precision);
    main.plus(&stirling_series(&n, precision))
}

/// `log2(e) * sum B_2k / (2k(2k-1) n^(2k-1))` with its remainder.
fn stirling_series(n: &Integer, precision: u32) -> Interval {
    let n_squared = n.clone().square();
    let mut power = n.clone();
    let mut sum = Integer::new();
    for (numer, denom) in STIRLING {
        let scaled = Integer::from(numer) << precision;
        sum += scaled.div_rem_floor(Integer::from(&power * denom)).0;
        power *= &n_squared;
    }
    // Each of the terms was rounded down by less than one unit; the remainder is positive and under 2^-188.
    let remainder = (Integer::from(1) << precision.saturating_sub(188)) + STIRLING.len();
    let hi = sum.clone() + remainder;
    let e = constant(&LOG2_E, precision);
    e.times_positive(&Interval::new(sum, hi, precision))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::log2::log2;
    use rug::Rational;

    fn wide_in_units(interval: &Interval) -> Integer {
        let [lo, hi] = interval.units();
        Integer::from(hi - lo)
    }

    /// Both constants, from Machin's formulas with exact remainders.
    #[test]
    fn constants_follow_from_series() {
        let bits = CONSTANT_BITS + 64;
        let arc = |x: u32, alternate: bool| {
            let mut sum = Integer::new();
            let mut power = (Integer::from(1) << bits) / x;
            for j in 0..bits {
                let term = Integer::from(&power / (2 * j + 1));
                sum += if alternate && j % 2 == 1 { -term } else { term };
                power /= x * x;
            }
            sum
        };
        let ln2 = 18 * arc(26, false) - 2 * arc(4801, false) + 8 * arc(8749, false);
        let log2_e: Integer = (Integer::from(1) << (bits + CONSTANT_BITS)) / ln2;
        assert_eq!(log2_e, Integer::from_digits(&LOG2_E, Order::Lsf));
        let pi = 16 * arc(5, true) - 4 * arc(239, true);
        let log2_pi = log2(&Rational::from((pi, Integer::from(1) << bits)), CONSTANT_BITS + 8);
        let half_log2_tau: Integer =
            (Integer::from(log2_pi.units()[0]) + (Integer::from(1) << (CONSTANT_BITS + 8))) >> 9;
        assert_eq!(half_log2_tau, Integer::from_digits(&HALF_LOG2_TAU, Order::Lsf));
    }

    #[test]
    fn stirling_contains_the_exact_binomial() {
        for (n, k) in [(512, 256), (600, 300), (1000, 257), (5000, 2500), (70_000, 300), (65_536, 32_768)] {
            let exact = small_binomial(&Integer::from(n), k);
            for precision in [8, 24, 26, 28, 30, 32, 64, 128, SHARP_BITS] {
                let sharp = log2_integer(&exact, precision + 40);
                let stirling = log2_binomial(n, k, precision);
                assert!(stirling.lo() <= sharp.hi() && sharp.lo() <= stirling.hi(), "C({n},{k}) at {precision}");
                assert!(wide_in_units(&stirling) <= 3, "C({n},{k}) at {precision}: {stirling:?}");
            }
        }
    }

    #[test]
    fn astronomic_arguments_are_sharp() {
        let n = (1 << 82) + (1 << 62);
        let interval = log2_binomial(n, n / 2, 64);
        assert!(wide_in_units(&interval) <= 3);
        // C(n, n/2) is between 2^n/(n+1) and 2^n.
        assert!(interval.ceil() <= n && interval.lo() > n - 100);
    }
}
