//! Binomial coefficients, of a bounded size.

use super::product::small_binomial;
use super::stirling::log2_binomial;
use rug::{Complete, Integer};

/// The most bits that an exact value may have. Longer ones are refused.
pub const MAX_EXACT_BITS: u32 = 1 << 22;

/// Says that an exact value would be too long to compute or to print.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the exact value needs about {bits} bits, more than 2^22")]
pub struct TooLarge {
    /// The length that the value would have, in bits.
    pub bits: Integer,
}

impl TooLarge {
    /// Checks that a length in bits is allowed.
    ///
    /// # Errors
    /// [`TooLarge`] says that the length is above [`MAX_EXACT_BITS`].
    pub fn check(bits: impl Into<Integer>) -> Result<(), Self> {
        let bits = bits.into();
        if bits > MAX_EXACT_BITS { Err(Self { bits }) } else { Ok(()) }
    }
}

/// Computes `C(n, k)`, which is 0 when `k > n`.
///
/// # Errors
/// [`TooLarge`] says that the value has more than [`MAX_EXACT_BITS`] bits.
///
/// ```
/// use fusion_spec::exact::binomial::{TooLarge, binomial};
/// assert_eq!(binomial(20, 4)?, 4845);
/// assert!(binomial(1 << 80, 1 << 20).is_err(), "some 60 million bits");
/// # Ok::<(), TooLarge>(())
/// ```
pub fn binomial(n: u128, k: u128) -> Result<Integer, TooLarge> {
    if k > n {
        return Ok(Integer::new());
    }
    let k = k.min(n - k);
    TooLarge::check(binomial_bits(n, k))?;
    Ok(match (u32::try_from(n), u32::try_from(k)) {
        (Ok(n), Ok(k)) => Integer::binomial_u(n, k).complete(),
        _ => small_binomial(&Integer::from(n), k),
    })
}

/// `C(n, k)` for `k <= n`, whatever its length.
pub(crate) fn unlimited(n: u64, k: u64) -> Integer {
    let k = k.min(n - k);
    match (u32::try_from(n), u32::try_from(k)) {
        (Ok(n), Ok(k)) => Integer::binomial_u(n, k).complete(),
        _ => small_binomial(&Integer::from(n), k.into()),
    }
}

/// Returns the length of `C(n, k)` in bits, or up to two more, for `k <= n`.
///
/// ```
/// use fusion_spec::exact::binomial::binomial_bits;
/// let half = 1 << 79;
/// assert!(binomial_bits(2 * half, half) <= 2 * half, "known, and never built");
/// ```
#[must_use]
pub fn binomial_bits(n: u128, k: u128) -> Integer {
    let k = k.min(n - k);
    // C(n, k) <= n^k decides the common case without a logarithm.
    let crude = k.saturating_mul(u128::from(u128::BITS - n.leading_zeros()));
    if crude < 4096 { Integer::from(crude + 1) } else { log2_binomial(n, k, 16).ceil() + 1 }
}

/// The least `l <= limit` with `C(n, l) >= threshold`, for `limit <= n/2`, where `C(n, .)` increases. Builds nothing larger than
/// `n * threshold`.
pub(crate) fn least_index(n: u128, limit: u128, threshold: &Integer) -> Option<u128> {
    debug_assert!(limit <= n / 2, "binomials increase up to n/2");
    let mut value = Integer::from(1);
    let mut l = 0;
    while value < *threshold {
        if l == limit {
            return None;
        }
        value *= n - l;
        l += 1;
        value.div_exact_mut(&Integer::from(l));
    }
    Some(l)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pascals_triangle() {
        let mut row = vec![Integer::from(1)];
        for n in 0..60_u128 {
            for (k, value) in (0..).zip(&row) {
                assert_eq!(binomial(n, k).as_ref(), Ok(value));
                assert_eq!(small_binomial(&Integer::from(n), k), *value);
                let bits = binomial_bits(n, k);
                assert!(bits >= value.significant_bits(), "C({n},{k})");
            }
            assert_eq!(binomial(n, n + 1), Ok(Integer::new()));
            let next = row.windows(2).map(|w| Integer::from(&w[0] + &w[1]));
            row = std::iter::once(Integer::from(1)).chain(next).chain([Integer::from(1)]).collect();
        }
    }

    #[test]
    fn wide_and_narrow_arguments_agree() {
        let n = u128::from(u32::MAX);
        for k in [0, 1, 5, 300] {
            assert_eq!(binomial(n, k), Ok(small_binomial(&Integer::from(n), k)));
            // Pascal's rule across the 32-bit border.
            if k > 0 {
                let sum = binomial(n, k).expect("small") + binomial(n, k - 1).expect("small");
                assert_eq!(binomial(n + 1, k), Ok(sum));
            }
        }
    }

    #[test]
    fn the_limit_is_sharp() {
        // C(n, n/2) has n - log2(n)/2 bits or so.
        assert!(binomial(1 << 22, 1 << 21).is_ok());
        assert!(matches!(binomial((1 << 22) + 64, (1 << 21) + 32), Err(TooLarge { .. })));
        assert!(binomial(1 << 82, 1 << 61).is_err());
        let bound = Integer::from(1) << 300;
        assert_eq!(least_index(1 << 82, 1 << 61, &bound), Some(4), "decided without building it");
    }

    #[test]
    fn least_index_is_least() {
        for n in 0..40_u128 {
            for exponent in 0..40_u32 {
                let threshold = (Integer::from(1) << exponent) + 1;
                let brute = (0..=n / 2).find(|&l| binomial(n, l).expect("small") >= threshold);
                assert_eq!(least_index(n, n / 2, &threshold), brute);
            }
        }
    }
}
