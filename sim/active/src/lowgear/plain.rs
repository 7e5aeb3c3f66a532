//! Plaintexts: elements in slots, as polynomials of small coefficients, and integers too long for a word in the ring of ciphertexts.

use crate::field::{self, PRIME};
use fusion_2pc::he::ring::{Factor, Ring};
use tfhe_ntt::prime64::Plan;
use zeroize::{Zeroize, Zeroizing};

/// The transforms between slots and coefficients modulo the prime.
#[derive(Clone, Debug)]
pub struct Slots {
    plan: Plan,
}

impl Slots {
    /// Makes the transforms of a degree.
    ///
    /// # Panics
    /// If the degree is no power of two from 16 to `2^56`.
    #[must_use]
    pub fn new(degree: usize) -> Self {
        let Some(plan) = Plan::try_new(degree, PRIME) else { panic!("the prime is 1 modulo twice the degree") };
        Self { plan }
    }

    /// The polynomial with these elements in its slots, its coefficients next to 0.
    #[must_use]
    pub fn encode(&self, slots: &[u64]) -> Vec<i64> {
        let mut coefficients = self.coefficients(slots.to_vec());
        let integers = coefficients.iter().map(|&element| field::integer(element)).collect();
        coefficients.zeroize();
        integers
    }

    /// The coefficients, modulo the prime, of the polynomial with these elements in its slots.
    #[must_use]
    pub fn coefficients(&self, mut slots: Vec<u64>) -> Vec<u64> {
        self.plan.inv(&mut slots);
        self.plan.normalize(&mut slots);
        slots
    }

    /// The elements in the slots of a polynomial modulo the prime.
    #[must_use]
    pub fn decode(&self, mut coefficients: Vec<u64>) -> Vec<u64> {
        self.plan.fwd(&mut coefficients);
        coefficients
    }
}

/// The polynomial with these coefficients, each of fewer than 120 bits.
#[must_use]
pub fn wide(ring: &Ring, coefficients: &[i128]) -> Vec<u64> {
    const HALF_BITS: u32 = 60;
    // They may be secret, and so are their halves.
    let low: Vec<i64> = coefficients.iter().map(|&x| (x & ((1 << HALF_BITS) - 1)) as i64).collect();
    let high: Vec<i64> = coefficients.iter().map(|&x| (x >> HALF_BITS) as i64).collect();
    let (low, high) = (Zeroizing::new(low), Zeroizing::new(high));
    let mut polynomial = ring.signed(&low);
    if high.iter().any(|&x| x != 0) {
        let mut upper = Zeroizing::new(ring.signed(&high));
        let radix: Vec<Factor> = ring.primes().map(|prime| Factor::new((1 << HALF_BITS) % prime, prime)).collect();
        ring.scale(&mut upper, &radix);
        ring.add(&mut polynomial, &upper);
    }
    polynomial
}

#[cfg(test)]
mod tests {
    use super::super::parameters::{CIPHERTEXTS, DEGREE};
    use super::*;
    use fusion_2pc::random::Seed;

    #[test]
    fn slots_multiply_one_by_one() {
        let slots = Slots::new(64);
        let mut rng = Seed([1; 32]).stream();
        let [a, b]: [Vec<u64>; 2] = std::array::from_fn(|_| (0..64).map(|_| field::uniform(&mut rng)).collect());
        let [x, y] = [&a, &b].map(|values| slots.encode(values));
        let mut product = vec![0; 64];
        for (i, &x) in x.iter().enumerate() {
            for (j, &y) in y.iter().enumerate() {
                let term = field::mul(field::element(x), field::element(y));
                let at = (i + j) % 64;
                product[at] = if i + j < 64 { field::add(product[at], term) } else { field::sub(product[at], term) };
            }
        }
        let expected: Vec<u64> = a.iter().zip(&b).map(|(&a, &b)| field::mul(a, b)).collect();
        assert_eq!(slots.decode(product), expected);
    }

    #[test]
    fn long_integers_have_their_residues() {
        let ring = Ring::new(CIPHERTEXTS);
        let mut integers = vec![0_i128; DEGREE];
        integers[..6].copy_from_slice(&[0, -1, 1 << 89, -(1 << 89) + 3, (1 << 60) - 1, -(1 << 60)]);
        let polynomial = wide(&ring, &integers);
        for (index, prime) in ring.primes().enumerate() {
            for (at, x) in integers.iter().enumerate().take(7) {
                let expected = x.rem_euclid(i128::from(prime));
                assert_eq!(i128::from(polynomial[index * DEGREE + at]), expected, "{x} modulo {prime}");
            }
        }
    }
}
