//! What values are shared modulo: a power of two, or a prime.

use crate::bits::mask;
use rand_core::Rng;
use serde::{Deserialize, Serialize};

/// The modulus of additive shares: a value is the sum of both parties' shares modulo it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Modulus {
    /// `2^bits`, for at most 64 bits.
    TwoTo(u32),
    /// An odd prime below `2^63`.
    Prime(u64),
}

impl Modulus {
    /// The number of bits in which an element is sent.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::TwoTo(bits) => bits,
            Self::Prime(p) => u64::BITS - p.leading_zeros(),
        }
    }

    /// Reduces any word.
    #[must_use]
    pub const fn reduce(self, word: u64) -> u64 {
        match self {
            Self::TwoTo(bits) => word & mask(bits),
            Self::Prime(p) => word % p,
        }
    }

    /// The element that an integer is congruent to.
    #[must_use]
    pub const fn element(self, integer: i64) -> u64 {
        match self {
            Self::TwoTo(bits) => integer.cast_unsigned() & mask(bits),
            Self::Prime(p) => integer.rem_euclid(p.cast_signed()).cast_unsigned(),
        }
    }

    /// The integer next to 0 that an element is congruent to: from `-2^(bits-1)` below `2^(bits-1)`, or from `-(p-1)/2` to `(p-1)/2`.
    #[must_use]
    pub const fn integer(self, element: u64) -> i64 {
        match self {
            Self::TwoTo(0) => 0,
            Self::TwoTo(bits) => (element << (u64::BITS - bits)).cast_signed() >> (u64::BITS - bits),
            Self::Prime(p) if element > p / 2 => element.cast_signed() - p.cast_signed(),
            Self::Prime(_) => element.cast_signed(),
        }
    }

    /// The largest integer that is next to 0 for some element: see [`Modulus::integer`].
    #[must_use]
    pub const fn largest(self) -> u64 {
        match self {
            Self::TwoTo(bits) => mask(bits) >> 1,
            Self::Prime(p) => p / 2,
        }
    }

    /// Adds two elements.
    #[must_use]
    #[inline]
    pub const fn add(self, a: u64, b: u64) -> u64 {
        match self {
            Self::TwoTo(bits) => a.wrapping_add(b) & mask(bits),
            Self::Prime(p) => {
                let sum = a + b;
                if sum >= p { sum - p } else { sum }
            }
        }
    }

    /// Subtracts `b` from `a`, both elements.
    #[must_use]
    #[inline]
    pub const fn sub(self, a: u64, b: u64) -> u64 {
        match self {
            Self::TwoTo(bits) => a.wrapping_sub(b) & mask(bits),
            Self::Prime(p) => {
                if a >= b {
                    a - b
                } else {
                    a + p - b
                }
            }
        }
    }

    /// Multiplies two elements.
    #[must_use]
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a remainder is below the modulus")]
    pub const fn mul(self, a: u64, b: u64) -> u64 {
        match self {
            Self::TwoTo(bits) => a.wrapping_mul(b) & mask(bits),
            Self::Prime(p) => (a as u128 * b as u128 % p as u128) as u64,
        }
    }

    /// Draws `count` uniform elements.
    #[must_use]
    pub fn uniform(self, rng: &mut impl Rng, count: usize) -> Vec<u64> {
        let mask = mask(self.bits());
        let draw = || match self {
            Self::TwoTo(_) => rng.next_u64() & mask,
            Self::Prime(p) => loop {
                let word = rng.next_u64() & mask;
                if word < p {
                    break word;
                }
            },
        };
        std::iter::repeat_with(draw).take(count).collect()
    }

    /// Whether every integer of this size or less is an element of its own.
    #[must_use]
    pub const fn holds(self, size: u64) -> bool {
        match self {
            Self::TwoTo(0) => size == 0,
            Self::TwoTo(bits) => size < 1 << (bits - 1),
            Self::Prime(p) => size <= p / 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;

    const ALL: [Modulus; 7] = [
        Modulus::TwoTo(1),
        Modulus::TwoTo(5),
        Modulus::TwoTo(41),
        Modulus::TwoTo(64),
        Modulus::Prime(3),
        Modulus::Prime(97),
        Modulus::Prime(2_061_584_302_081),
    ];

    #[test]
    fn it_is_the_arithmetic_of_integers() {
        let mut rng = Seed([1; 32]).stream();
        for modulus in ALL {
            let size: i128 = match modulus {
                Modulus::TwoTo(bits) => 1 << bits,
                Modulus::Prime(p) => p.into(),
            };
            let pairs = modulus.uniform(&mut rng, 200).into_iter().zip(modulus.uniform(&mut rng, 200));
            for (a, b) in pairs {
                let integer = |x: i128| u64::try_from(x.rem_euclid(size)).unwrap();
                let wide = |x: u64| i128::from(x);
                assert_eq!(modulus.add(a, b), integer(wide(a) + wide(b)));
                assert_eq!(modulus.sub(a, b), integer(wide(a) - wide(b)));
                assert_eq!(modulus.mul(a, b), integer(wide(a).wrapping_mul(wide(b)).rem_euclid(size)));
                let signed = modulus.integer(a);
                assert_eq!(modulus.element(signed), a);
                assert!(2 * i128::from(signed).abs() <= size);
                assert_eq!(modulus.reduce(a), a);
            }
        }
    }

    #[test]
    fn elements_of_small_moduli_are_drawn_alike() {
        for modulus in [Modulus::TwoTo(2), Modulus::Prime(5)] {
            let mut counts = [0_u32; 5];
            modulus.uniform(&mut Seed([2; 32]).stream(), 20_000).iter().for_each(|&x| counts[x as usize] += 1);
            let values = if modulus == Modulus::TwoTo(2) { 4 } else { 5 };
            // Out of these bounds with probability below 1e-9 for each (Hoeffding: 2 exp(-2 * 660^2 / 20000)).
            assert!(counts[..values].iter().all(|count| count.abs_diff(20_000 / values as u32) < 660), "{counts:?}");
        }
    }

    #[test]
    fn what_a_modulus_holds() {
        assert!(Modulus::TwoTo(8).holds(127) && !Modulus::TwoTo(8).holds(128));
        assert!(Modulus::Prime(257).holds(128) && !Modulus::Prime(257).holds(129));
    }
}
