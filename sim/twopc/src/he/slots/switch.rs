//! Key switching: from a ciphertext under the secret `s(X^g)` to one under `s`.
//!
//! A key has for each prime `q_i` of the modulus an encryption under `s`, modulo `q P` with the special prime `P`, of `P s(X^g)` modulo `q_i` and of 0 modulo
//! all other primes. The residues of `a` for the primes, as small integers, are the digits that these are multiplied with; the sum is divided by
//! `P`, and with it the noise.

use super::batch::GENERATOR;
use super::parameters::{DEGREE, OUTER, SLOT_ROW};
use super::scheme::{Scheme, restore};
use crate::he::cipher::Ciphertext;
use crate::he::ring::Ring;
use zeroize::Zeroize;

/// A polynomial modulo the modulus of ciphertexts times the special prime, transformed.
#[derive(Clone, Debug)]
pub(super) struct Wide {
    pub outer: Vec<u64>,
    pub special: Vec<u64>,
}

impl Zeroize for Wide {
    fn zeroize(&mut self) {
        self.outer.zeroize();
        self.special.zeroize();
    }
}

impl Wide {
    pub fn zero(scheme: &Scheme) -> Self {
        Self { outer: scheme.outer.zero(), special: scheme.special.zero() }
    }

    /// The polynomial with small coefficients: errors, the secret.
    pub fn small(scheme: &Scheme, coefficients: &[i64]) -> Self {
        let polynomial = |ring: &Ring| {
            let mut polynomial = ring.small(coefficients);
            ring.transform(&mut polynomial);
            polynomial
        };
        Self { outer: polynomial(&scheme.outer), special: polynomial(&scheme.special) }
    }

    pub fn multiply_add(&mut self, scheme: &Scheme, left: &Self, right: &Self) {
        scheme.outer.multiply_add(&mut self.outer, &left.outer, &right.outer);
        scheme.special.multiply_add(&mut self.special, &left.special, &right.special);
    }

    pub fn negate(&mut self, scheme: &Scheme) {
        scheme.outer.negate(&mut self.outer);
        scheme.special.negate(&mut self.special);
    }

    /// Divides by the special prime, to the nearest integers.
    fn divided(mut self, scheme: &Scheme) -> Vec<u64> {
        let outer = &scheme.outer;
        restore(&scheme.special, &mut self.special);
        let mut remainders = outer.lifted(&self.special, scheme.special_prime());
        outer.transform(&mut remainders);
        outer.negate(&mut remainders);
        outer.add(&mut self.outer, &remainders);
        scheme.divide_by_special(&mut self.outer);
        self.outer
    }
}

/// A key for one automorphism: an encryption for each digit, as the polynomials that `s` is multiplied with, and those that are added.
#[derive(Clone, Debug)]
pub(super) struct SwitchKey {
    pub permutation: Vec<usize>,
    pub digits: Vec<[Wide; 2]>,
}

impl SwitchKey {
    /// Applies the automorphism to a ciphertext.
    pub fn apply(&self, scheme: &Scheme, cipher: &Ciphertext) -> Ciphertext {
        let outer = &scheme.outer;
        let [values, mut b] = [&cipher.a, &cipher.b].map(|polynomial| permuted(polynomial, &self.permutation));
        let mut a = values.clone();
        restore(outer, &mut a);
        let mut sums = [Wide::zero(scheme), Wide::zero(scheme)];
        let limbs = a.chunks_exact(DEGREE).zip(values.chunks_exact(DEGREE)).zip(outer.primes());
        for ((place, ((residues, values), prime)), key) in limbs.enumerate().zip(&self.digits) {
            let mut special = scheme.special.lifted(residues, prime);
            scheme.special.transform(&mut special);
            let digit = Wide { outer: outer.digit(residues, place, values), special };
            sums.iter_mut().zip(key).for_each(|(sum, key)| sum.multiply_add(scheme, &digit, key));
        }
        let [a, switched] = sums.map(|sum| sum.divided(scheme));
        outer.add(&mut b, &switched);
        Ciphertext { a, b }
    }
}

/// Applies an automorphism to a transformed polynomial.
pub(super) fn permuted(polynomial: &[u64], permutation: &[usize]) -> Vec<u64> {
    let limbs = polynomial.chunks_exact(DEGREE);
    limbs.flat_map(|residues| permutation.iter().map(|&place| residues[place])).collect()
}

/// The number of keys: rotations by all powers of two to the left and to the right, one of which are both half a row, and the swap of the rows.
pub(super) const KEYS: usize = 2 * SLOT_ROW.ilog2() as usize;

/// The number of digits of a key.
pub(super) const DIGITS: usize = OUTER.primes as usize;

/// The powers of `X` of the automorphisms that have keys, in their order.
pub(super) fn automorphisms() -> Vec<usize> {
    let left = |step: usize| (0..step).fold(1, |power, _| power * GENERATOR % (2 * DEGREE));
    let steps = (0..SLOT_ROW.ilog2()).map(|bit| 1_usize << bit);
    let right = steps.clone().take(SLOT_ROW.ilog2() as usize - 1).map(|step| SLOT_ROW - step);
    steps.chain(right).map(left).chain([2 * DEGREE - 1]).collect()
}

/// The place of the key of a rotation by a power of two, to the left or to the right.
pub(super) fn key_of(digit: i64) -> usize {
    let (bit, bits) = (digit.unsigned_abs().ilog2() as usize, SLOT_ROW.ilog2() as usize);
    if digit > 0 || bit + 1 == bits { bit } else { bits + bit }
}

/// The key of the swap of the rows.
pub(super) const SWAP: usize = KEYS - 1;

/// The powers of two, with signs, that a rotation by some steps to the left consists of: its non-adjacent form, from the least.
#[must_use]
pub fn signed_digits(steps: usize) -> Vec<i64> {
    let row = SLOT_ROW.cast_signed() as i64;
    let steps = (steps % SLOT_ROW).cast_signed() as i64;
    let mut rest = if steps > row / 2 { steps - row } else { steps };
    let mut digits = Vec::new();
    let mut weight = 1;
    while rest != 0 {
        let digit = if rest % 2 == 0 { 0 } else { 2 - rest.rem_euclid(4) };
        if digit != 0 {
            digits.push(digit * weight);
        }
        rest = (rest - digit) / 2;
        weight *= 2;
    }
    digits
}
