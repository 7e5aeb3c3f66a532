//! Plaintexts that their owner encrypts once, and that another party multiplies by plaintexts of its own, as often as it likes.
//!
//! The owner has several secrets in a ring. An encryption is under all of them, with one uniform half that they share: many secrets for one
//! uniform vector, as Peikert, Vaikuntanathan and Waters amortise learning with errors (CRYPTO 2008, section 7.2). So a [`Product`] has one such half too, whatever the
//! number of secrets. The uniform halves grow from a seed that the other party has chosen.
//!
//! A sum of products `sum x (a, b)` would tell its owner `x` by `sum x a`. So the other party adds `u` times an encryption of zero and an error, which makes that half pseudorandom
//! under the secret `u`, and floods what the other halves would tell of the noise. Decision 22 has the argument.

use super::cipher::{RingPair, Secret, read_half, write_half, write_masked};
use super::parameters::{Parameters, Response};
use super::ring::{Ring, errors, ternary};
use crate::bits::{Packer, Unpacker};
use crate::random::Seed;
use rand_core::Rng;

/// The length in bytes of so many encryptions, each under so many secrets.
#[must_use]
pub fn shared_bytes(parameters: Parameters, encryptions: usize, secrets: usize) -> usize {
    (encryptions * secrets * parameters.polynomial_bits()).div_ceil(8)
}

/// Uniform halves, transformed, that grow from a seed.
pub fn uniform_halves(ring: &Ring, seed: &Seed) -> impl Iterator<Item = Vec<u64>> + use<> {
    let (ring, mut rng) = (ring.clone(), seed.stream());
    std::iter::repeat_with(move || {
        let mut a = ring.uniform(&mut rng);
        ring.transform(&mut a);
        a
    })
}

/// The secrets of a ring, of the party that encrypts its plaintexts.
#[derive(Clone)]
pub struct Owner {
    secrets: Vec<Secret>,
}

impl Owner {
    /// Draws so many secrets.
    #[must_use]
    pub fn new(rings: &RingPair, secrets: usize, seed: &Seed) -> Self {
        let mut rng = seed.stream();
        Self { secrets: (0..secrets).map(|_| Secret::draw(rings, &mut rng)).collect() }
    }

    /// Encrypts polynomials with coefficients below `2^ring_bits`, one under each of the first secrets, and writes all but the uniform half.
    ///
    /// # Panics
    /// If there are more polynomials than secrets.
    pub fn encrypt(
        &self,
        ring: &Ring,
        a: &[u64],
        (polynomials, ring_bits): (impl Iterator<Item = Vec<u64>>, u32),
        rng: &mut impl Rng,
        packer: &mut Packer,
    ) {
        for (place, polynomial) in polynomials.enumerate() {
            ring.write(&self.secrets[place].other_half(ring, a, (&polynomial, ring_bits), rng), packer);
        }
    }

    /// Encrypts zero under each of the secrets, and writes all but the uniform half.
    pub fn encrypt_zero(&self, ring: &Ring, a: &[u64], rng: &mut impl Rng, packer: &mut Packer) {
        let zeros = self.secrets.iter().map(|_| vec![0; ring.parameters().degree]);
        self.encrypt(ring, a, (zeros, 1), rng, packer);
    }

    /// Decrypts the next [`Product`] of a message: under each of the first secrets the coefficients at some places, modulo `2^ring_bits`.
    ///
    /// # Panics
    /// If there are more lists of places than secrets.
    pub fn decrypt(
        &self,
        rings: &RingPair,
        response: (Response, u32),
        unpacker: &mut Unpacker,
        outputs: impl Iterator<Item = Vec<usize>>,
    ) -> Vec<Vec<u64>> {
        let a = read_half(rings, response.0, unpacker);
        let under = |(place, outputs): (usize, Vec<usize>)| {
            self.secrets[place].decrypt_half(rings, response, &a, unpacker, outputs.into_iter())
        };
        outputs.enumerate().map(under).collect()
    }
}

/// An encryption under several secrets, transformed and divided by `N`, as the party holds it that multiplies.
#[derive(Clone, Debug)]
pub struct Shared {
    a: Vec<u64>,
    b: Vec<Vec<u64>>,
}

impl Shared {
    /// Reads what [`Owner::encrypt`] wrote under so many secrets. Any bytes are an encryption.
    #[must_use]
    pub fn read(ring: &Ring, mut a: Vec<u64>, secrets: usize, unpacker: &mut Unpacker) -> Self {
        ring.normalize(&mut a);
        let half = |_| {
            let mut b = ring.read(unpacker);
            ring.transform(&mut b);
            ring.normalize(&mut b);
            b
        };
        Self { a, b: (0..secrets).map(half).collect() }
    }
}

/// A sum of products of plaintexts with encryptions, to be written half by half: first the one that all secrets multiply, then that of each secret.
pub struct Product<'a> {
    ring: &'a Ring,
    /// What is multiplied, transformed, with what it multiplies; the last one is the random factor of the encryption of zero.
    factors: Vec<(Vec<u64>, &'a Shared)>,
}

impl<'a> Product<'a> {
    /// Takes plaintexts, each with the encryption by which it is multiplied, and draws the random factor of the encryption of zero.
    pub fn new(
        ring: &'a Ring,
        zero: &'a Shared,
        plaintexts: impl Iterator<Item = (Vec<i64>, &'a Shared)>,
        rng: &mut impl Rng,
    ) -> Self {
        let transformed = |mut factor: Vec<u64>| {
            ring.transform(&mut factor);
            factor
        };
        let mut factors: Vec<_> =
            plaintexts.map(|(plaintext, of)| (transformed(ring.signed(&plaintext)), of)).collect();
        factors.push((transformed(ring.small(&ternary(rng, ring.parameters().degree))), zero));
        Self { ring, factors }
    }

    fn sum(&self, half: impl Fn(&'a Shared) -> &'a [u64]) -> Vec<u64> {
        let mut sum = self.ring.zero();
        for (factor, of) in &self.factors {
            self.ring.multiply_add(&mut sum, factor, half(of));
        }
        self.ring.untransform(&mut sum);
        sum
    }

    /// Writes the half that all secrets multiply.
    pub fn write_shared(&self, response: Response, rng: &mut impl Rng, packer: &mut Packer) {
        let mut a = self.sum(|of| &of.a);
        self.ring.add(&mut a, &self.ring.small(&errors(rng, self.ring.parameters().degree)));
        write_half(self.ring, &a, response, packer);
    }

    /// Writes a few coefficients of the half of one secret, each less a mask.
    ///
    /// # Panics
    /// If the encryptions are not under that secret.
    pub fn write_masked(
        &self,
        secret: usize,
        response: (Response, u32),
        masked: impl Iterator<Item = (usize, u64)>,
        rng: &mut impl Rng,
        packer: &mut Packer,
    ) {
        write_masked(self.ring, &self.sum(|of| &of.b[secret]), response, masked, rng, packer);
    }
}

#[cfg(test)]
mod tests;
