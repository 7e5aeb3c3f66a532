//! Polynomials modulo `X^N + 1` and a product `q` of primes, by their residues: one prime's `N` coefficients after another.

use super::parameters::{MAX_ERROR, Parameters};
use crate::bits::{Packer, Unpacker, mask};
use rand_core::Rng;
use std::sync::Arc;
use tfhe_ntt::prime::largest_prime_in_arithmetic_progression64;
use tfhe_ntt::prime64::Plan;

/// A constant by which words are multiplied modulo a prime below `2^63` (Shoup; see Harvey, "Faster arithmetic for number-theoretic transforms",
/// 2014).
#[derive(Clone, Copy, Debug)]
pub struct Factor {
    value: u64,
    quotient: u64,
    prime: u64,
}

impl Factor {
    /// The factor `value`, which is below the prime.
    #[must_use]
    pub fn new(value: u64, prime: u64) -> Self {
        Self { value, quotient: low((u128::from(value) << 64) / u128::from(prime)), prime }
    }

    /// The product with any word, reduced modulo the prime.
    #[inline]
    #[must_use]
    pub fn times(&self, x: u64) -> u64 {
        let product = x.wrapping_mul(self.value).wrapping_sub(high(x, self.quotient).wrapping_mul(self.prime));
        product.min(product.wrapping_sub(self.prime))
    }

    /// The product with any integer, reduced modulo the prime.
    #[inline]
    #[must_use]
    pub fn times_signed(&self, x: i64) -> u64 {
        let product = self.times(x.unsigned_abs());
        let negated = self.prime.wrapping_sub(product);
        let sign = (x >> 63).cast_unsigned();
        negated.min(negated.wrapping_sub(self.prime)) & sign | product & !sign
    }
}

/// One prime of the modulus.
#[derive(Clone, Debug)]
struct Limb {
    plan: Plan,
    prime: u64,
    /// The inverse of the other primes' product.
    inverse: Factor,
    /// `2^128 / prime`: its whole part, and 64 bits behind the point.
    reciprocal: (u128, u64),
}

impl Limb {
    /// The residues of the integers next to 0 that have these residues modulo another prime.
    fn lift(&self, residues: &[u64], prime: u64, lifted: &mut [u64]) {
        let (half, pairs) = (prime / 2, lifted.iter_mut().zip(residues));
        // All bits where `x` is above the half, without a branch: it is every second time.
        let is_negative = |x: u64| (half.wrapping_sub(x).cast_signed() >> 63).cast_unsigned();
        if half < self.prime {
            let wrap = self.prime.wrapping_sub(prime);
            pairs.for_each(|(to, &x)| *to = x.wrapping_add(is_negative(x) & wrap));
        } else {
            let (one, wrap) = (Factor::new(1, self.prime), self.prime - prime % self.prime);
            pairs.for_each(|(to, &x)| *to = one.times(x.wrapping_add(is_negative(x) & wrap)));
        }
    }
}

/// A ring of polynomials with its transforms. It is cheap to clone.
#[derive(Clone, Debug)]
pub struct Ring {
    parameters: Parameters,
    limbs: Arc<[Limb]>,
}

impl Ring {
    /// Makes the ring of these parameters.
    ///
    /// # Panics
    /// If there are not enough primes of that size, which never happens for [`Parameters::all`].
    #[must_use]
    pub fn new(parameters: Parameters) -> Self {
        let Parameters { degree, primes, prime_bits } = parameters;
        let primes = primes_below(prime_bits, degree, primes);
        let limb = |&prime: &u64| {
            let others = primes.iter().filter(|&&other| other != prime);
            let product = others.fold(1, |product, other| multiply(product, other % prime, prime));
            let Some(plan) = Plan::try_new(degree, prime) else { panic!("{prime} is 1 modulo twice the degree") };
            let inverse = Factor::new(power(product, prime - 2, prime), prime);
            Limb { plan, prime, inverse, reciprocal: reciprocal(prime) }
        };
        Self { parameters, limbs: primes.iter().map(limb).collect() }
    }

    /// The parameters of the ring.
    #[must_use]
    pub fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// The primes of the modulus, in the order of their residues in a polynomial.
    pub fn primes(&self) -> impl Iterator<Item = u64> + '_ {
        self.limbs.iter().map(|limb| limb.prime)
    }

    /// Multiplies a polynomial by one factor for each prime.
    pub fn scale(&self, polynomial: &mut [u64], factors: &[Factor]) {
        for ((_, residues), factor) in self.each(polynomial).zip(factors) {
            for residue in residues {
                *residue = factor.times(*residue);
            }
        }
    }

    /// The polynomial 0.
    #[must_use]
    pub fn zero(&self) -> Vec<u64> {
        vec![0; self.parameters.degree * self.limbs.len()]
    }

    fn each<'a>(&'a self, polynomial: &'a mut [u64]) -> impl Iterator<Item = (&'a Limb, &'a mut [u64])> {
        self.limbs.iter().zip(polynomial.chunks_exact_mut(self.parameters.degree))
    }

    /// The polynomial with these coefficients, whose sizes are below every prime.
    #[must_use]
    pub fn small(&self, coefficients: &[i64]) -> Vec<u64> {
        let mut polynomial = self.zero();
        for (limb, residues) in self.each(&mut polynomial) {
            for (residue, coefficient) in residues.iter_mut().zip(coefficients) {
                let wrap = (coefficient >> 63).cast_unsigned() & limb.prime;
                *residue = coefficient.cast_unsigned().wrapping_add(wrap);
            }
        }
        polynomial
    }

    /// The polynomial with these coefficients, which may be any integers.
    #[must_use]
    pub fn signed(&self, coefficients: &[i64]) -> Vec<u64> {
        let mut polynomial = self.zero();
        for (limb, residues) in self.each(&mut polynomial) {
            let one = Factor::new(1, limb.prime);
            residues.iter_mut().zip(coefficients).for_each(|(residue, &x)| *residue = one.times_signed(x));
        }
        polynomial
    }

    /// The polynomial whose coefficients are the integers next to 0 with these residues modulo a prime, which may be another than those of the ring.
    #[must_use]
    pub fn lifted(&self, residues: &[u64], prime: u64) -> Vec<u64> {
        let mut polynomial = self.zero();
        self.each(&mut polynomial).for_each(|(limb, lifted)| limb.lift(residues, prime, lifted));
        polynomial
    }

    /// The polynomial of [`lifted`](Self::lifted) transformed, for the residues of a polynomial modulo the prime at `own`, whose values at the roots for that prime are known.
    #[must_use]
    pub fn digit(&self, residues: &[u64], own: usize, values: &[u64]) -> Vec<u64> {
        let mut polynomial = self.zero();
        let prime = self.limbs[own].prime;
        for (index, (limb, lifted)) in self.each(&mut polynomial).enumerate() {
            if index == own {
                lifted.copy_from_slice(values);
            } else {
                limb.lift(residues, prime, lifted);
                limb.plan.fwd(lifted);
            }
        }
        polynomial
    }

    /// The polynomial with these coefficients, which may be any words.
    #[must_use]
    pub fn words(&self, coefficients: &[u64]) -> Vec<u64> {
        let mut polynomial = self.zero();
        for (limb, residues) in self.each(&mut polynomial) {
            let one = Factor::new(1, limb.prime);
            residues.iter_mut().zip(coefficients).for_each(|(residue, &word)| *residue = one.times(word));
        }
        polynomial
    }

    /// Transforms a polynomial from its coefficients to its values at the roots.
    pub fn transform(&self, polynomial: &mut [u64]) {
        self.each(polynomial).for_each(|(limb, residues)| limb.plan.fwd(residues));
    }

    /// Transforms a polynomial back to its coefficients, `N` times too large.
    pub fn untransform(&self, polynomial: &mut [u64]) {
        self.each(polynomial).for_each(|(limb, residues)| limb.plan.inv(residues));
    }

    /// Divides a polynomial by `N`.
    pub fn normalize(&self, polynomial: &mut [u64]) {
        self.each(polynomial).for_each(|(limb, residues)| limb.plan.normalize(residues));
    }

    /// Adds `right` to `left`, both coefficients or both transformed.
    pub fn add(&self, left: &mut [u64], right: &[u64]) {
        let degree = self.parameters.degree;
        for ((limb, residues), right) in self.each(left).zip(right.chunks_exact(degree)) {
            for (residue, &x) in residues.iter_mut().zip(right) {
                let sum = residue.wrapping_add(x);
                *residue = sum.min(sum.wrapping_sub(limb.prime));
            }
        }
    }

    /// Negates a polynomial, transformed or not.
    pub fn negate(&self, left: &mut [u64]) {
        for (limb, residues) in self.each(left) {
            for residue in residues {
                let difference = limb.prime.wrapping_sub(*residue);
                *residue = difference.min(difference.wrapping_sub(limb.prime));
            }
        }
    }

    /// Adds `left * right` to `sum`; all are transformed.
    pub fn multiply_add(&self, sum: &mut [u64], left: &[u64], right: &[u64]) {
        let degree = self.parameters.degree;
        let factors = left.chunks_exact(degree).zip(right.chunks_exact(degree));
        self.each(sum).zip(factors).for_each(|((limb, sum), (left, right))| limb.plan.mul_accumulate(sum, left, right));
    }

    /// Encodes each word `m` below `2^bits` as one of the two integers next to `q m / 2^bits`, so drawn that it is `q m / 2^bits` on average: with
    /// `u` uniform below `2^bits` it is `v` of `q m + u = 2^bits v + c`, and `q` is 0 modulo each prime, so that `v = (u - c) / 2^bits` there.
    #[must_use]
    pub fn encode(&self, words: &[u64], bits: u32, rng: &mut impl Rng) -> Vec<u64> {
        let modulus = self.limbs.iter().fold(1_u64, |product, limb| product.wrapping_mul(limb.prime));
        let drawn = |&word: &u64| {
            let u = rng.next_u64() & mask(bits);
            u.wrapping_sub(modulus.wrapping_mul(word).wrapping_add(u) & mask(bits)).cast_signed()
        };
        let differences: Vec<i64> = words.iter().map(drawn).collect();
        let mut polynomial = self.zero();
        for (limb, residues) in self.each(&mut polynomial) {
            let halves = power(limb.prime.div_ceil(2), u64::from(bits), limb.prime);
            let inverse = Factor::new(halves, limb.prime);
            residues.iter_mut().zip(&differences).for_each(|(residue, &x)| *residue = inverse.times_signed(x));
        }
        polynomial
    }

    /// Reads a polynomial that [`write_rounded`](Self::write_rounded) wrote, with the same number of bits: for each word `m` the integer next to `q m / 2^bits`. Any bytes are such a polynomial.
    /// It is `v` of `q m + u = 2^bits v + c` with `u = 2^(bits - 1)`, as in [`encode`](Self::encode).
    pub fn read_rounded(&self, bits: u32, unpacker: &mut Unpacker) -> Vec<u64> {
        let modulus = self.limbs.iter().fold(1_u128, |product, limb| product.wrapping_mul(limb.prime.into()));
        let half = 1_i128 << (bits - 1);
        let difference = |_| {
            let low = unpacker.pull(bits.min(u64::BITS));
            let word = u128::from(low) | u128::from(unpacker.pull(bits.saturating_sub(u64::BITS))) << u64::BITS;
            let remainder = modulus.wrapping_mul(word).wrapping_add(half.cast_unsigned()) & ((1 << bits) - 1);
            half - remainder.cast_signed()
        };
        let differences: Vec<i128> = (0..self.parameters.degree).map(difference).collect();
        let mut polynomial = self.zero();
        for (limb, residues) in self.each(&mut polynomial) {
            let halves = power(limb.prime.div_ceil(2), u64::from(bits), limb.prime);
            let [inverse, upper] = [halves, multiply(halves, power(2, 64, limb.prime), limb.prime)]
                .map(|value| Factor::new(value, limb.prime));
            for (residue, difference) in residues.iter_mut().zip(&differences) {
                let size = difference.unsigned_abs();
                let sum = inverse.times(low(size)) + upper.times(low(size >> u64::BITS));
                let reduced = sum.min(sum.wrapping_sub(limb.prime));
                let negated = limb.prime - reduced;
                let chosen = if *difference < 0 { negated } else { reduced };
                *residue = chosen.min(chosen.wrapping_sub(limb.prime));
            }
        }
        polynomial
    }

    /// Writes a polynomial rounded: each coefficient as the nearest multiple of `q / 2^bits`, for fewer bits than the modulus has, and at most 112.
    pub fn write_rounded(&self, polynomial: &[u64], bits: u32, packer: &mut Packer) {
        for index in 0..self.parameters.degree {
            let fraction = self.fraction(polynomial, index);
            let word = fraction.wrapping_add(1 << (u128::BITS - 1 - bits)) >> (u128::BITS - bits);
            packer.push(low(word), bits.min(u64::BITS));
            packer.push(low(word >> u64::BITS), bits.saturating_sub(u64::BITS));
        }
    }

    /// Whether a polynomial, transformed, divides 1.
    #[must_use]
    pub fn is_unit(&self, transformed: &[u64]) -> bool {
        transformed.iter().all(|value| *value != 0)
    }

    /// The coefficient at `index` as a part of the modulus, in `2^-128`, at most `2 * primes` too small.
    #[inline]
    #[must_use]
    pub fn fraction(&self, polynomial: &[u64], index: usize) -> u128 {
        let residues = polynomial.iter().skip(index).step_by(self.parameters.degree);
        self.limbs.iter().zip(residues).fold(0, |sum: u128, (limb, &residue)| {
            let (whole, part) = limb.reciprocal;
            let y = limb.inverse.times(residue);
            sum.wrapping_add(u128::from(y).wrapping_mul(whole)).wrapping_add(high(y, part).into())
        })
    }

    /// The coefficient at `index` modulo `2^64`, in a ring of two primes, if its size is less than a quarter of the modulus.
    #[must_use]
    pub fn signed_word(&self, polynomial: &[u64], index: usize) -> u64 {
        let [first, second] = &*self.limbs else { unreachable!("a ring of decryption has two primes") };
        let (low, high) = (polynomial[index], polynomial[index + self.parameters.degree]);
        let reduced = low.min(low.wrapping_sub(second.prime));
        let quotient = second.inverse.times(high + second.prime - reduced);
        let value = first.prime.wrapping_mul(quotient).wrapping_add(low);
        let modulus = first.prime.wrapping_mul(second.prime);
        if quotient > second.prime / 2 { value.wrapping_sub(modulus) } else { value }
    }

    /// Draws a uniform polynomial.
    pub fn uniform(&self, rng: &mut impl Rng) -> Vec<u64> {
        let mut polynomial = self.zero();
        let mask = crate::bits::mask(self.parameters.prime_bits);
        for (limb, residues) in self.each(&mut polynomial) {
            for residue in residues {
                *residue = loop {
                    let word = rng.next_u64() & mask;
                    if word < limb.prime {
                        break word;
                    }
                };
            }
        }
        polynomial
    }

    /// Writes a polynomial: its residues for each prime, in as many bits as the prime has.
    pub fn write(&self, polynomial: &[u64], packer: &mut Packer) {
        for &residue in polynomial {
            packer.push(residue, self.parameters.prime_bits);
        }
    }

    /// Reads a polynomial that [`write`](Self::write) wrote. Any other bytes are reduced to one.
    pub fn read(&self, unpacker: &mut Unpacker) -> Vec<u64> {
        let mut polynomial = self.zero();
        for (limb, residues) in self.each(&mut polynomial) {
            for residue in residues {
                let word = unpacker.pull(self.parameters.prime_bits);
                *residue = word.min(word.wrapping_sub(limb.prime));
            }
        }
        polynomial
    }
}

/// Draws uniform coefficients of -1, 0 and 1.
pub fn ternary(rng: &mut impl Rng, degree: usize) -> Vec<i64> {
    let mut coefficients = Vec::with_capacity(degree + 32);
    while coefficients.len() < degree {
        let word = rng.next_u64();
        let pairs = (0..32).map(|pair| (word >> (2 * pair)) & 3).filter(|&pair| pair != 3);
        coefficients.extend(pairs.map(|pair| pair.cast_signed() - 1));
    }
    coefficients.truncate(degree);
    coefficients
}

/// Draws errors: each is a centred binomial of `2 * MAX_ERROR` coins.
pub fn errors(rng: &mut impl Rng, degree: usize) -> Vec<i64> {
    let coins = mask(2 * MAX_ERROR);
    (0..degree).map(|_| i64::from((rng.next_u64() & coins).count_ones()) - i64::from(MAX_ERROR)).collect()
}

/// The largest primes below `2^bits` that are 1 modulo `2 * degree`.
fn primes_below(bits: u32, degree: usize, count: u32) -> Vec<u64> {
    let (step, least) = (2 * degree as u64, (1 << bits) - (1 << (bits - 10)));
    let mut most = 1 << bits;
    let mut next = || {
        let Some(prime) = largest_prime_in_arithmetic_progression64(step, 1, least, most) else {
            panic!("there are few primes of {bits} bits")
        };
        most = prime - 1;
        prime
    };
    (0..count).map(|_| next()).collect()
}

/// `floor(2^128 / prime)` and `floor(2^64 r / prime)` of its remainder `r`; the prime is odd.
fn reciprocal(prime: u64) -> (u128, u64) {
    let whole = u128::MAX / u128::from(prime);
    let remainder = u128::MAX % u128::from(prime) + 1;
    (whole, low((remainder << 64) / u128::from(prime)))
}

#[inline]
fn high(x: u64, y: u64) -> u64 {
    low((u128::from(x) * u128::from(y)) >> 64)
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the lower word")]
const fn low(x: u128) -> u64 {
    x as u64
}

pub(super) fn multiply(x: u64, y: u64, prime: u64) -> u64 {
    low(u128::from(x) * u128::from(y) % u128::from(prime))
}

pub(super) fn power(mut base: u64, mut exponent: u64, prime: u64) -> u64 {
    let mut product = 1;
    while exponent > 0 {
        if exponent % 2 == 1 {
            product = multiply(product, base, prime);
        }
        base = multiply(base, base, prime);
        exponent /= 2;
    }
    product
}

#[cfg(test)]
mod tests;
