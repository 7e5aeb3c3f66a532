//! The keys that the server gets, once: the public key, and a key for each automorphism.

use super::parameters::{Form, OUTER, Response, SPECIAL, SWITCHED_BITS};
use super::scheme::{Scheme, restore};
use super::switch::{DIGITS, KEYS, SWAP, SwitchKey, Wide, automorphisms, key_of, signed_digits};
use crate::bits::{Packer, Unpacker};
use crate::he::cipher::{Ciphertext, SEED_BYTES, rounded};
use crate::he::ring::{Factor, Ring, errors, ternary};
use crate::random::Seed;
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

/// The length in bytes of a message of keys. The uniform halves of all keys grow from one seed: SEAL sends them seeded or in full, as
/// it is told, with a second copy of the key for half a row's rotation counted among 25.
#[must_use]
pub const fn key_bytes() -> usize {
    let switch = DIGITS * (OUTER.polynomial_bits() + SPECIAL.polynomial_bits());
    SEED_BYTES + (OUTER.polynomial_bits() + KEYS * switch).div_ceil(8)
}

/// The client's keys as the server holds them.
#[derive(Clone, Debug)]
pub struct ServerKeys {
    scheme: Scheme,
    public: Ciphertext,
    switches: Vec<SwitchKey>,
}

/// What grows from a seed for the public key, and for all other keys.
pub(super) struct Streams {
    pub public: ChaCha20Rng,
    pub switches: ChaCha20Rng,
}

impl Streams {
    pub fn of(seed: &Seed) -> Self {
        Self { public: seed.child("public").stream(), switches: seed.child("switches").stream() }
    }
}

/// A uniform polynomial modulo the whole modulus, transformed.
pub(super) fn uniform(scheme: &Scheme, rng: &mut impl Rng) -> Wide {
    let mut wide = Wide { outer: scheme.outer.uniform(rng), special: scheme.special.uniform(rng) };
    scheme.outer.transform(&mut wide.outer);
    scheme.special.transform(&mut wide.special);
    wide
}

impl ServerKeys {
    /// Reads a message of [`key_bytes`]. Any bytes are keys.
    #[must_use]
    pub fn read(scheme: &Scheme, message: &[u8]) -> Self {
        let (seed, packed) = message.split_first_chunk().unwrap_or((&[0; SEED_BYTES], &[]));
        let (mut streams, mut unpacker) = (Streams::of(&Seed(*seed)), Unpacker::new(packed));
        let (mut a, mut b) = (scheme.outer.uniform(&mut streams.public), scheme.outer.read(&mut unpacker));
        scheme.outer.transform(&mut a);
        scheme.outer.transform(&mut b);
        let mut digit = || {
            let a = uniform(scheme, &mut streams.switches);
            let mut b = Wide { outer: scheme.outer.read(&mut unpacker), special: scheme.special.read(&mut unpacker) };
            scheme.outer.transform(&mut b.outer);
            scheme.special.transform(&mut b.special);
            [a, b]
        };
        let switches = automorphisms().into_iter().map(|power| SwitchKey {
            permutation: scheme.permutation(power),
            digits: (0..DIGITS).map(|_| digit()).collect(),
        });
        let switches = switches.collect();
        Self { scheme: scheme.clone(), public: Ciphertext { a, b }, switches }
    }

    /// The scheme that the keys are of.
    #[must_use]
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Rotates both rows of slots by some steps to the left: one key switch for each of [`signed_digits`].
    #[must_use]
    pub fn rotate(&self, cipher: &Ciphertext, steps: usize) -> Ciphertext {
        let mut switches = signed_digits(steps).into_iter().map(|digit| &self.switches[key_of(digit)]);
        let Some(first) = switches.next() else { return cipher.clone() };
        switches.fold(first.apply(&self.scheme, cipher), |cipher, switch| switch.apply(&self.scheme, &cipher))
    }

    /// Swaps the two rows of slots.
    #[must_use]
    pub fn swap(&self, cipher: &Ciphertext) -> Ciphertext {
        self.switches[SWAP].apply(&self.scheme, cipher)
    }

    /// Writes the response that a sum makes, less a vector of masks: an encryption of zero makes `a` look uniform, and noise floods what `b`
    /// would tell (decision 7). The masks are uniform numbers modulo `p`, one for each slot.
    pub fn respond(
        &self,
        mut sum: Ciphertext,
        response: Response,
        masks: &[u64],
        rng: &mut impl Rng,
        packer: &mut Packer,
    ) {
        let (scheme, ring) = (&self.scheme, &self.scheme.outer);
        let degree = OUTER.degree;
        let mut once = ring.small(&ternary(rng, degree));
        ring.transform(&mut once);
        sum.multiply_add(ring, &once, &self.public);
        restore(ring, &mut sum.a);
        restore(ring, &mut sum.b);
        ring.add(&mut sum.a, &ring.small(&errors(rng, degree)));
        let mut masked = scheme.lift(masks, rng);
        ring.negate(&mut masked);
        ring.add(&mut sum.b, &masked);
        ring.add(&mut sum.b, &flooding(ring, response.flood_bits, rng));
        match response.form {
            Form::Whole => scheme.write(&sum, packer),
            Form::Switched => {
                for polynomial in [&sum.a, &sum.b] {
                    let switched = |index| rounded(ring.fraction(polynomial, index), SWITCHED_BITS);
                    (0..degree).for_each(|index| packer.push(switched(index), SWITCHED_BITS));
                }
            }
        }
    }
}

/// A polynomial whose coefficients are sums of three terms, each uniform in `-2^bits..2^bits`.
fn flooding(ring: &Ring, bits: u32, rng: &mut impl Rng) -> Vec<u64> {
    let mut term = || (u128::from(rng.next_u64()) | u128::from(rng.next_u64()) << 64) >> (u128::BITS - 1 - bits);
    // A sum of three such terms is `3 * 2^bits` more than the noise.
    let sums: Vec<u128> = (0..OUTER.degree).map(|_| term() + term() + term()).collect();
    let mut polynomial = ring.zero();
    for (residues, prime) in polynomial.chunks_exact_mut(OUTER.degree).zip(ring.primes()) {
        let [one, word] = [1, (1 << 64) % u128::from(prime)].map(|value| Factor::new(value as u64, prime));
        let centre = prime - one.times(((3_u128 << bits) % u128::from(prime)) as u64);
        for (residue, sum) in residues.iter_mut().zip(&sums) {
            *residue = one.times(one.times(*sum as u64) + word.times((sum >> 64) as u64) + centre);
        }
    }
    polynomial
}
