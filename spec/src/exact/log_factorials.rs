//! `log2(n!)` in fixed point, made once for all who ask.

use super::log2::word_digits;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Fractional bits.
pub(crate) const LOG_BITS: u32 = 40;

/// The last `n` that is there from the start.
pub(crate) const FIRST: usize = 1 << 13;

/// Up to [`FIRST`].
static SHORT: LazyLock<Arc<[i64]>> = LazyLock::new(|| longer(&[0], FIRST));

/// What was asked for so far.
static TABLE: LazyLock<Mutex<Arc<[i64]>>> = LazyLock::new(|| Mutex::new(Arc::clone(&SHORT)));

/// `log2(n!)` from below for `n` up to `most` at least, in units of `2^-LOG_BITS`; entry `n` is at most `2n` units too low.
/// Below `2^63` units as long as `most` is below `2^18`.
pub(crate) fn log_factorials(most: usize) -> Arc<[i64]> {
    let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    if table.len() <= most {
        *table = longer(&table, most.next_power_of_two());
    }
    Arc::clone(&table)
}

/// `log2 C(n,k)` for `k <= n <= FIRST`, in units of `2^-LOG_BITS`, from below and above.
#[expect(clippy::expect_used, reason = "the table has no more entries than FIRST")]
pub(crate) fn short_binomial(n: usize, k: usize) -> [i64; 2] {
    let log = |i: usize| SHORT[i];
    let middle = log(n) - log(k) - log(n - k);
    let error = 2 * i64::try_from(n).expect("n is at most FIRST");
    [middle - error, middle + error]
}

/// The table continued up to `most`.
fn longer(table: &[i64], most: usize) -> Arc<[i64]> {
    let mut table = table.to_vec();
    table.reserve(most + 1 - table.len());
    for n in table.len()..=most {
        // An even number has the logarithm of its half, and one more.
        let units = match n % 2 {
            0 => table[n / 2] - table[n / 2 - 1] + (1 << LOG_BITS),
            _ => log2_floor(n as u64),
        };
        table.push(table[n - 1] + units);
    }
    table.into()
}

/// `log2(n)` from below, for `n >= 1`: digits of a mantissa in `[1, 2)`, in units of `2^-63` and rounded down.
///
/// The rounding after square `j` lowers the result by less than `2^-j 2^-62`, so that all do by less than a unit.
fn log2_floor(n: u64) -> i64 {
    let exponent = n.ilog2();
    let digits = word_digits(n << (63 - exponent), 63, LOG_BITS);
    i64::from(exponent) << LOG_BITS | digits.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::log2::log2_integer;
    use rug::{Complete, Integer, Rational};

    fn units(units: i64) -> Rational {
        Rational::from((Integer::from(units), Integer::from(1) << LOG_BITS))
    }

    /// Below the logarithm, and by less than the two units that are allowed for.
    #[test]
    fn logarithms_are_floors() {
        for n in (1..2000).chain([65_537, 99_991, 131_071, (1 << 40) + 1, u64::MAX]) {
            let (floor, exact) = (log2_floor(n), log2_integer(&Integer::from(n), 80));
            assert!(units(floor) <= exact.hi() && exact.lo() < units(floor + 1), "{n}");
        }
    }

    #[test]
    fn entries_enclose_factorials() {
        let table = log_factorials(5000);
        for n in (0..200).chain([1023, 1024, 4999, 5000]) {
            let exact = log2_integer(&Integer::factorial(n).complete(), 80);
            let entry = table[n as usize];
            assert!(units(entry) <= exact.hi() && exact.lo() <= units(entry + 2 * i64::from(n)), "{n}");
        }
    }

    /// Continued in whatever steps, it is the same table.
    #[test]
    fn a_longer_table_only_adds() {
        let (short, long) = (log_factorials(3), log_factorials(3000));
        assert_eq!(short[..4], long[..4]);
        assert_eq!(*longer(&[0], 2048), *longer(&longer(&longer(&[0], 1), 7), 2048));
        assert_eq!(long[..2049], *longer(&[0], 2048));
        let further = log_factorials(FIRST + 1);
        assert!(further.len() > FIRST + 1 && further[..=FIRST] == SHORT[..]);
    }

    #[test]
    fn short_binomials_are_enclosed() {
        for (n, k) in [(0, 0), (1, 0), (5, 2), (300, 150), (1000, 999), (FIRST, FIRST / 2), (FIRST, 1)] {
            let exact = Integer::binomial_u(u32::try_from(n).expect("small"), u32::try_from(k).expect("small"));
            let (exact, [lo, hi]) = (log2_integer(&exact.complete(), 80), short_binomial(n, k));
            assert!(units(lo) <= exact.lo() && exact.hi() <= units(hi), "C({n},{k})");
        }
    }
}
