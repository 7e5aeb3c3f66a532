//! Truncation: how bits are dropped, and how the result is rounded.

use rand_core::Rng;

/// A way to drop bits.
pub trait Truncation {
    /// Divides by `2^shift`. Each implementation says how it rounds.
    fn truncate(&mut self, x: i64, shift: u32) -> i64;
}

/// Faithful truncation, which rounds down: `floor(x / 2^shift)`. It is deterministic, so that copies of one query agree.
///
/// ```
/// use fusion_nn::fixed::{Faithful, Truncation};
/// assert_eq!([7, -7, -8].map(|x| Faithful.truncate(x, 3)), [0, -1, -1], "the floor, also below 0");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Faithful;

impl Truncation for Faithful {
    fn truncate(&mut self, x: i64, shift: u32) -> i64 {
        x >> shift
    }
}

/// One-bit truncation, which gives the floor or one more, as when each party shifts its own share of `x` (Mohassel and Zhang, SecureML, S&P 2017,
/// section 4.1). It gives one more with probability `(x mod 2^shift) / 2^shift`, and draws from the generator that it holds.
///
/// $$ \Pr \Bigl( \lfloor x / 2^l \rfloor + 1 \Bigr) = \frac{x \bmod 2^l}{2^l} $$
#[derive(Clone, Debug)]
pub struct OneBit<R>(pub R);

impl<R: Rng> Truncation for OneBit<R> {
    fn truncate(&mut self, x: i64, shift: u32) -> i64 {
        let mask = (1_u64 << shift) - 1;
        let share = self.0.next_u64() & mask;
        let carry = (x.cast_unsigned() & mask) + share > mask;
        (x >> shift) + i64::from(carry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one word, whatever is asked.
    struct Always(u64);

    impl rand_core::TryRng for Always {
        type Error = std::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            unreachable!("a share is drawn as one word of 64 bits")
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(self.0)
        }
        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
            unreachable!("a share is drawn as one word of 64 bits")
        }
    }

    #[test]
    fn faithful_truncation_is_the_floor() {
        for x in -40_i64..40 {
            assert_eq!(Faithful.truncate(x, 3), x.div_euclid(8), "{x}");
            assert_eq!(Faithful.truncate(x, 0), x);
        }
    }

    /// Of the eight shares of three bits, as many round up as there are units over the floor.
    #[test]
    fn one_bit_truncation_rounds_up_as_often_as_stated() {
        for x in -40_i64..40 {
            let rounded = |share| OneBit(Always(share)).truncate(x, 3);
            let up = (0..8).filter(|share| rounded(*share) == x.div_euclid(8) + 1).count();
            let down = (0..8).filter(|share| rounded(*share) == x.div_euclid(8)).count();
            assert_eq!((up as u64, down), (x.rem_euclid(8).unsigned_abs(), 8 - up), "{x}");
            assert_eq!(OneBit(Always(u64::MAX)).truncate(x, 0), x, "nothing is dropped, and nothing rounded");
        }
    }
}
