//! The field of all values: the integers modulo the prime `p = 29 * 2^57 + 1`, of 61.86 bits.
//!
//! The prime is 1 modulo `2^57`. So it has slots in rings of every degree, and an integer below it splits into 57 low bits and a
//! number below 29, which [`crate::online::masks`] uses.
//!
//! Invariant: an element is a word below [`PRIME`].

use rand_core::Rng;

/// The bits of an integer below the prime that lie under the part below [`TOP`].
pub const LOW_BITS: u32 = 57;

/// An integer below `p - 1` is `2^57 t + l` with `t` below this.
pub const TOP: u64 = 29;

/// The prime.
pub const PRIME: u64 = TOP << LOW_BITS | 1;

/// The number of bits in which an element is sent.
pub const ELEMENT_BITS: u32 = 62;

/// `-p^-1` modulo `2^64`, by Newton's iteration, which doubles the bits that are right.
const NEGATED_INVERSE: u64 = {
    let (mut inverse, mut round) = (1_u64, 0);
    while round < 6 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(PRIME.wrapping_mul(inverse)));
        round += 1;
    }
    inverse.wrapping_neg()
};

/// `2^128` modulo `p`.
const SQUARED_RADIX: u64 = {
    let word = ((1_u128 << 64) % PRIME as u128) as u64;
    ((word as u128 * word as u128) % PRIME as u128) as u64
};

/// `x / 2^64` modulo `p`, for `x` below `2^64 p` (Montgomery, "Modular multiplication without trial division", 1985).
#[inline]
const fn reduced(x: u128) -> u64 {
    let quotient = (x as u64).wrapping_mul(NEGATED_INVERSE);
    let sum = (x + quotient as u128 * PRIME as u128) >> 64;
    let (sum, less) = (sum as u64, (sum as u64).wrapping_sub(PRIME));
    // Without a branch, as the factors may be secret.
    let keep = (less.cast_signed() >> 63).cast_unsigned();
    sum & keep | less & !keep
}

/// Adds two elements.
#[inline]
#[must_use]
pub const fn add(a: u64, b: u64) -> u64 {
    let less = (a + b).wrapping_sub(PRIME);
    let keep = (less.cast_signed() >> 63).cast_unsigned();
    less.wrapping_add(PRIME & keep)
}

/// Subtracts `b` from `a`, both elements.
#[inline]
#[must_use]
pub const fn sub(a: u64, b: u64) -> u64 {
    let less = a.wrapping_sub(b);
    let keep = (less.cast_signed() >> 63).cast_unsigned();
    less.wrapping_add(PRIME & keep)
}

/// Negates an element.
#[inline]
#[must_use]
pub const fn neg(a: u64) -> u64 {
    sub(0, a)
}

/// Multiplies two elements, in constant time.
#[inline]
#[must_use]
pub const fn mul(a: u64, b: u64) -> u64 {
    reduced(reduced(a as u128 * b as u128) as u128 * SQUARED_RADIX as u128)
}

/// Raises an element to a power. The time depends on the exponent.
#[must_use]
pub const fn power(mut base: u64, mut exponent: u64) -> u64 {
    let mut product = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            product = mul(product, base);
        }
        base = mul(base, base);
        exponent >>= 1;
    }
    product
}

/// The inverse of an element; 0 for 0.
#[must_use]
pub const fn inverse(a: u64) -> u64 {
    power(a, PRIME - 2)
}

/// The inverse of 2.
pub const HALF: u64 = PRIME.div_ceil(2);

/// The element that an integer is congruent to.
#[must_use]
pub const fn element(integer: i64) -> u64 {
    integer.rem_euclid(PRIME.cast_signed()).cast_unsigned()
}

/// The integer next to 0 that an element is congruent to: from `-(p-1)/2` to `(p-1)/2`.
#[must_use]
pub const fn integer(element: u64) -> i64 {
    let above = ((PRIME / 2).wrapping_sub(element).cast_signed() >> 63).cast_unsigned();
    element.wrapping_sub(PRIME & above).cast_signed()
}

/// Draws a uniform element.
#[must_use]
pub fn uniform(rng: &mut impl Rng) -> u64 {
    loop {
        let word = rng.next_u64() >> (u64::BITS - ELEMENT_BITS);
        if word < PRIME {
            return word;
        }
    }
}

/// The square root of a public element that is at most `(p-1)/2`; `None` for what is not a square. It is Cipolla's (1903): the power
/// `(p+1)/2` of `t + w`, where `w^2 = t^2 - a` is no square.
#[must_use]
pub fn root(a: u64) -> Option<u64> {
    if a == 0 {
        return Some(0);
    }
    if power(a, PRIME / 2) != 1 {
        return None;
    }
    // Half of all t will do, and t^2 = a gives the root at once.
    let outside = |t: u64| sub(mul(t, t), a);
    let t = (0..PRIME).find(|&t| outside(t) == 0 || power(outside(t), PRIME / 2) != 1)?;
    let w = outside(t);
    let times = |x: [u64; 2], y: [u64; 2]| {
        let crossed = mul(x[1], y[1]);
        [add(mul(x[0], y[0]), mul(crossed, w)), add(mul(x[0], y[1]), mul(x[1], y[0]))]
    };
    let (mut result, mut base, mut exponent) = ([1, 0], [t, 1], PRIME.div_ceil(2));
    while w != 0 && exponent > 0 {
        if exponent & 1 == 1 {
            result = times(result, base);
        }
        base = times(base, base);
        exponent >>= 1;
    }
    let root = if w == 0 { t } else { result[0] };
    Some(root.min(neg(root)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_2pc::random::Seed;

    fn slowly(a: u64, b: u64) -> u64 {
        (u128::from(a) * u128::from(b) % u128::from(PRIME)) as u64
    }

    #[test]
    fn arithmetic_is_that_of_wide_integers() {
        let mut rng = Seed([3; 32]).stream();
        let ends = [0, 1, 2, PRIME / 2, PRIME / 2 + 1, PRIME - 2, PRIME - 1];
        let drawn: Vec<u64> = (0..50).map(|_| uniform(&mut rng)).chain(ends).collect();
        for &a in &drawn {
            assert_eq!(element(integer(a)), a);
            assert_eq!(add(a, neg(a)), 0);
            assert!(a == 0 || mul(a, inverse(a)) == 1);
            for &b in &drawn {
                assert_eq!(mul(a, b), slowly(a, b));
                assert_eq!(add(a, b), ((u128::from(a) + u128::from(b)) % u128::from(PRIME)) as u64);
                assert_eq!(add(sub(a, b), b), a);
            }
        }
        assert_eq!(mul(2, HALF), 1);
        assert_eq!(integer(PRIME / 2 + 1), -((PRIME / 2).cast_signed()));
        assert_eq!([element(-1), element(i64::MIN)], [PRIME - 1, element(i64::MIN + PRIME.cast_signed())]);
    }

    /// 3 is no square: it generates, by the transforms that exist for this prime.
    #[test]
    fn roots_are_the_smaller_ones_and_half_of_all_elements_have_one() {
        let mut rng = Seed([4; 32]).stream();
        for _ in 0..50 {
            let a = uniform(&mut rng);
            assert_eq!(root(mul(a, a)), Some(a.min(neg(a))));
            assert_eq!(root(mul(3, mul(a, a))), None, "three is no square");
        }
        assert_eq!([root(0), root(1), root(4)], [Some(0), Some(1), Some(2)]);
    }
}
