//! Keys, fresh ciphertexts, masked responses.
//!
//! The secret `s` is ternary. A fresh ciphertext is symmetric, its `a` grown from a seed that is sent in its place, and its `b` rounded (decision 33). A response hides
//! the weights from who holds `s`: an encryption of zero under the public key makes `a` look uniform (Brakerski and Vaikuntanathan),
//! noise
//! floods what `b` would tell (Gentry, STOC 2009, section 2.2: "statistical circuit privacy"), and only
//! coefficients that are outputs are sent.

use super::parameters::{Parameters, Response};
use super::ring::{Ring, errors, ternary};
use crate::bits::{Packer, Unpacker, mask};
use crate::random::Seed;
use rand_core::Rng;
use zeroize::Zeroizing;

/// The length in bytes of the seed that a message has in place of the uniform halves of its ciphertexts.
pub const SEED_BYTES: usize = 32;

/// A ciphertext `(a, b)` of polynomials.
#[derive(Clone, Debug)]
pub struct Ciphertext {
    /// The polynomial that the secret multiplies.
    pub a: Vec<u64>,
    /// The polynomial that is added to the product.
    pub b: Vec<u64>,
}

/// The client's key, from which an independent secret grows for each ring.
#[derive(Clone, Debug)]
pub struct ClientKey {
    seed: Zeroizing<Seed>,
}

/// The secret of a ring, transformed and divided by `N`.
#[derive(Clone)]
pub struct Secret {
    /// Of the ring in which it encrypts.
    outer: Zeroizing<Vec<u64>>,
    /// Of the ring in which it decrypts.
    inner: Zeroizing<Vec<u64>>,
}

/// The two rings of one set of parameters.
#[derive(Clone, Debug)]
pub struct RingPair {
    /// The ring of ciphertexts.
    pub outer: Ring,
    /// The ring of decryption.
    pub inner: Ring,
}

impl RingPair {
    /// Makes the rings of these parameters.
    #[must_use]
    pub fn new(parameters: Parameters) -> Self {
        let inner = Parameters::of_decryption(parameters.degree);
        Self { outer: Ring::new(parameters), inner: Ring::new(inner) }
    }
}

impl ClientKey {
    /// Makes the key from which the secrets of all rings grow.
    #[must_use]
    pub fn new(seed: &Seed) -> Self {
        Self { seed: Zeroizing::new(seed.child("rlwe key")) }
    }

    fn child(&self, purpose: &str, parameters: Parameters) -> Seed {
        let Parameters { degree, primes, prime_bits } = parameters;
        self.seed.child(&format!("{purpose} {degree} {primes} {prime_bits}"))
    }

    /// The secret of a ring.
    #[must_use]
    pub fn secret(&self, rings: &RingPair) -> Secret {
        Secret::draw(rings, &mut self.child("secret", rings.outer.parameters()).stream())
    }

    /// The public key of a ring, as a message. It is an encryption of zero, rounded by [`Parameters::key_dropped`].
    #[must_use]
    pub fn public(&self, rings: &RingPair) -> Vec<u8> {
        let parameters = rings.outer.parameters();
        let mut rng = self.child("public", parameters).stream();
        let zero = std::iter::once(vec![0; parameters.degree]);
        self.secret(rings).encrypt((&rings.outer, parameters.key_dropped()), 1, zero, &mut rng)
    }
}

/// A seed of its own from a stream.
pub(super) fn seed(rng: &mut impl Rng) -> Seed {
    let mut seed = [0; SEED_BYTES];
    rng.fill_bytes(&mut seed);
    Seed(seed)
}

/// The length in bytes of a message of so many fresh ciphertexts, rounded by `dropped` bits.
#[must_use]
pub fn fresh_bytes((parameters, dropped): (Parameters, u32), count: usize) -> usize {
    SEED_BYTES + (count * (parameters.polynomial_bits() - parameters.degree * dropped as usize)).div_ceil(8)
}

/// The length in bytes of a public key.
#[must_use]
pub fn key_bytes(parameters: Parameters) -> usize {
    fresh_bytes((parameters, parameters.key_dropped()), 1)
}

/// The length in bytes of a message of so many responses, with so many outputs in all.
#[must_use]
pub fn response_bytes(parameters: Parameters, response: Response, count: usize, outputs: usize) -> usize {
    let Response { a_bits, b_bits, .. } = response;
    (count * parameters.degree * a_bits as usize + outputs * b_bits as usize).div_ceil(8)
}

impl Secret {
    /// Draws a secret: uniform ternary, of at most [`Parameters::max_weight`] coefficients other than 0, and a unit, so that a uniform polynomial times the secret is uniform: all but one in `2^19` are units.
    pub fn draw(rings: &RingPair, rng: &mut impl Rng) -> Self {
        let parameters = rings.outer.parameters();
        loop {
            let coefficients = Zeroizing::new(ternary(rng, parameters.degree));
            let weight = coefficients.iter().filter(|&&coefficient| coefficient != 0).count();
            let [outer, inner] = [&rings.outer, &rings.inner].map(|ring| {
                let mut secret = Zeroizing::new(ring.small(&coefficients));
                ring.transform(&mut secret);
                ring.normalize(&mut secret);
                secret
            });
            if weight <= parameters.max_weight() && rings.outer.is_unit(&outer) {
                return Self { outer, inner };
            }
        }
    }

    /// Returns the other half of an encryption of a polynomial with coefficients below `2^ring_bits`. The uniform half `a` is transformed.
    pub fn other_half(
        &self,
        ring: &Ring,
        a: &[u64],
        (polynomial, ring_bits): (&[u64], u32),
        rng: &mut impl Rng,
    ) -> Vec<u64> {
        let mut b = ring.zero();
        ring.multiply_add(&mut b, a, &self.outer);
        ring.untransform(&mut b);
        ring.negate(&mut b);
        ring.add(&mut b, &ring.encode(polynomial, ring_bits, rng));
        ring.add(&mut b, &ring.small(&errors(rng, ring.parameters().degree)));
        b
    }

    /// Encrypts polynomials, with coefficients below `2^ring_bits`, into a message of fresh ciphertexts, rounded by `dropped` bits of [`Parameters::droppable`].
    pub fn encrypt(
        &self,
        (ring, dropped): (&Ring, u32),
        ring_bits: u32,
        polynomials: impl Iterator<Item = Vec<u64>>,
        rng: &mut impl Rng,
    ) -> Vec<u8> {
        let seed = seed(rng);
        let mut uniform = seed.stream();
        let mut packer = Packer::default();
        for polynomial in polynomials {
            let mut a = ring.uniform(&mut uniform);
            ring.transform(&mut a);
            let half = self.other_half(ring, &a, (&polynomial, ring_bits), rng);
            match dropped {
                0 => ring.write(&half, &mut packer),
                _ => ring.write_rounded(&half, ring.parameters().modulus_bits() - dropped, &mut packer),
            }
        }
        [seed.0.to_vec(), packer.finish()].concat()
    }

    /// Decrypts the coefficients of the next response at the places `outputs`, modulo `2^ring_bits`.
    pub fn decrypt(
        &self,
        rings: &RingPair,
        (response, ring_bits): (Response, u32),
        unpacker: &mut Unpacker,
        outputs: impl Iterator<Item = usize>,
    ) -> Vec<u64> {
        let a = read_half(rings, response, unpacker);
        self.decrypt_half(rings, (response, ring_bits), &a, unpacker, outputs)
    }

    /// Decrypts what follows the uniform half of a response, which [`read_half`] has read: the coefficients at the places `outputs`, modulo `2^ring_bits`.
    pub fn decrypt_half(
        &self,
        rings: &RingPair,
        (response, ring_bits): (Response, u32),
        a: &[u64],
        unpacker: &mut Unpacker,
        outputs: impl Iterator<Item = usize>,
    ) -> Vec<u64> {
        let Response { a_bits, b_bits, .. } = response;
        let ring = &rings.inner;
        let mut product = ring.zero();
        ring.multiply_add(&mut product, a, &self.inner);
        ring.untransform(&mut product);
        let half = 1 << (a_bits - ring_bits - 1);
        let nearest = |index: usize| {
            let b = unpacker.pull(b_bits) << (a_bits - b_bits);
            let phase = b.wrapping_add(ring.signed_word(&product, index));
            (phase.wrapping_add(half) & mask(a_bits)) >> (a_bits - ring_bits)
        };
        outputs.map(nearest).collect()
    }
}

/// Reads the half of a response that the secret multiplies, transformed in the ring of decryption.
pub fn read_half(rings: &RingPair, response: Response, unpacker: &mut Unpacker) -> Vec<u64> {
    let ring = &rings.inner;
    let a: Vec<u64> = (0..ring.parameters().degree).map(|_| unpacker.pull(response.a_bits)).collect();
    let mut a = ring.words(&a);
    ring.transform(&mut a);
    a
}

/// Writes the half of a response that the secret multiplies.
pub(super) fn write_half(ring: &Ring, a: &[u64], response: Response, packer: &mut Packer) {
    for index in 0..ring.parameters().degree {
        packer.push(rounded(ring.fraction(a, index), response.a_bits), response.a_bits);
    }
}

/// Writes a few coefficients of the other half, each less a mask and flooded.
pub(super) fn write_masked(
    ring: &Ring,
    b: &[u64],
    (response, ring_bits): (Response, u32),
    masked: impl Iterator<Item = (usize, u64)>,
    rng: &mut impl Rng,
    packer: &mut Packer,
) {
    let Response { flood, b_bits, .. } = response;
    for (index, mask) in masked {
        let noise = flooding(flood, rng);
        let mask = u128::from(mask) << (u128::BITS - ring_bits);
        let b = ring.fraction(b, index).wrapping_add(noise).wrapping_sub(mask);
        packer.push(rounded(b, b_bits), b_bits);
    }
}

/// Reads the ciphertexts of a message of [`fresh_bytes`], and transforms them. Any bytes are ciphertexts.
pub fn read_fresh<'a>(
    (ring, dropped): (&'a Ring, u32),
    message: &'a [u8],
    count: usize,
) -> impl Iterator<Item = Ciphertext> + 'a {
    let (seed, packed) = message.split_first_chunk().unwrap_or((&[0; SEED_BYTES], &[]));
    let mut uniform = Seed(*seed).stream();
    let mut unpacker = Unpacker::new(packed);
    (0..count).map(move |_| {
        let mut a = ring.uniform(&mut uniform);
        let mut b = match dropped {
            0 => ring.read(&mut unpacker),
            _ => ring.read_rounded(ring.parameters().modulus_bits() - dropped, &mut unpacker),
        };
        ring.transform(&mut a);
        ring.transform(&mut b);
        Ciphertext { a, b }
    })
}

impl Ciphertext {
    /// The ciphertext of 0 without noise.
    #[must_use]
    pub fn zero(ring: &Ring) -> Self {
        Self { a: ring.zero(), b: ring.zero() }
    }

    /// Adds `factor * other` to this ciphertext; all are transformed.
    pub fn multiply_add(&mut self, ring: &Ring, factor: &[u64], other: &Self) {
        ring.multiply_add(&mut self.a, factor, &other.a);
        ring.multiply_add(&mut self.b, factor, &other.b);
    }

    /// Writes the response that this sum of products makes: a few coefficients only, each less a mask. The sum is transformed.
    pub fn respond(
        mut self,
        (ring, public): (&Ring, &Self),
        (response, ring_bits): (Response, u32),
        masked: impl Iterator<Item = (usize, u64)>,
        rng: &mut impl Rng,
        packer: &mut Packer,
    ) {
        let degree = ring.parameters().degree;
        let mut once = ring.small(&ternary(rng, degree));
        ring.transform(&mut once);
        self.multiply_add(ring, &once, public);
        ring.untransform(&mut self.a);
        ring.untransform(&mut self.b);
        ring.add(&mut self.a, &ring.small(&errors(rng, degree)));
        write_half(ring, &self.a, response, packer);
        write_masked(ring, &self.b, (response, ring_bits), masked, rng, packer);
    }

    /// Adds this sum of products to a response of so many coefficients that was made before, and writes what that becomes. The sum is transformed.
    pub fn add_to_response(
        mut self,
        ring: &Ring,
        Response { a_bits, b_bits, .. }: Response,
        coefficients: impl Iterator<Item = usize>,
        (response, packer): (&mut Unpacker, &mut Packer),
    ) {
        ring.untransform(&mut self.a);
        ring.untransform(&mut self.b);
        let mut add = |part: &[u64], index, bits| {
            let more = rounded(ring.fraction(part, index), bits);
            packer.push(response.pull(bits).wrapping_add(more) & mask(bits), bits);
        };
        (0..ring.parameters().degree).for_each(|index| add(&self.a, index, a_bits));
        coefficients.for_each(|index| add(&self.b, index, b_bits));
    }

    /// Turns an encryption of zero into a public key for responses: it is divided by `N`, to make up for one transform back.
    #[must_use]
    pub fn into_public(mut self, ring: &Ring) -> Self {
        ring.normalize(&mut self.a);
        ring.normalize(&mut self.b);
        self
    }
}

/// The sum of three terms, each uniform in `-2^-flood..2^-flood` on a grid of `2^-(flood + 63)`.
fn flooding(flood: u32, rng: &mut impl Rng) -> u128 {
    let mut term = || (u128::from(rng.next_u64()) << (65 - flood)).wrapping_sub(1 << (u128::BITS - flood));
    term().wrapping_add(term()).wrapping_add(term())
}

/// The nearest multiple of `2^-bits` to a part of the modulus, modulo 1.
#[expect(clippy::cast_possible_truncation, reason = "bits is at most 63")]
pub(super) fn rounded(fraction: u128, bits: u32) -> u64 {
    (fraction.wrapping_add(1 << (u128::BITS - 1 - bits)) >> (u128::BITS - bits)) as u64
}

#[cfg(test)]
mod tests;
