//! The client's side: its key, encryption under its public key, decryption of responses.

use super::keys::{Streams, key_bytes, uniform};
use super::parameters::{DEGREE, Form, OUTER, SWITCHED_BITS};
use super::scheme::{Scheme, restore};
use super::switch::{DIGITS, Wide, automorphisms, permuted};
use crate::bits::{Packer, Unpacker, mask};
use crate::he::cipher::Ciphertext;
use crate::he::ring::{errors, ternary};
use crate::random::Seed;
use rand_core::Rng;
use zeroize::Zeroizing;

/// The client's key of a scheme. It is a function of a seed.
#[derive(Clone)]
pub struct ClientKey {
    scheme: Scheme,
    seed: Zeroizing<Seed>,
    /// The secret, transformed: in the rings of ciphertexts and of the special prime.
    pub(super) secret: Zeroizing<Wide>,
    /// The secret in the ring in which switched responses are decrypted, divided by `N` to make up for one transform back.
    inner: Zeroizing<Vec<u64>>,
    public: Ciphertext,
}

impl ClientKey {
    /// Makes the key.
    #[must_use]
    pub fn new(seed: &Seed, scheme: &Scheme) -> Self {
        let seed = Zeroizing::new(seed.child(&format!("slots modulo {}", scheme.modulus())));
        let mut rng = seed.child("secret").stream();
        let coefficients = loop {
            let coefficients = Zeroizing::new(ternary(&mut rng, DEGREE));
            if coefficients.iter().filter(|&&coefficient| coefficient != 0).count() <= OUTER.max_weight() {
                break coefficients;
            }
        };
        let secret = Zeroizing::new(Wide::small(scheme, &coefficients));
        let mut inner = Zeroizing::new(scheme.inner.small(&coefficients));
        scheme.inner.transform(&mut inner);
        scheme.inner.normalize(&mut inner);
        let ring = &scheme.outer;
        let mut a = ring.uniform(&mut Streams::of(&seed.child("uniform")).public);
        ring.transform(&mut a);
        let mut b = ring.small(&Zeroizing::new(errors(&mut Streams::of(&seed.child("errors")).public, DEGREE)));
        ring.transform(&mut b);
        ring.negate(&mut b);
        ring.multiply_add(&mut b, &a, &secret.outer);
        ring.negate(&mut b);
        Self { scheme: scheme.clone(), seed, secret, inner, public: Ciphertext { a, b } }
    }

    /// Whether a coefficient of the secret has a value. This is for simulation: only the client knows it.
    #[must_use]
    pub fn has(&self, index: usize, value: i8) -> bool {
        let ring = &self.scheme.outer;
        let (mut secret, mut coefficients) = (self.secret.outer.clone(), vec![0; DEGREE]);
        restore(ring, &mut secret);
        coefficients[index] = i64::from(value);
        secret.get(index) == ring.small(&coefficients).get(index)
    }

    /// The message of [`key_bytes`] that the server reads: the public key, and a key for each automorphism.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let (scheme, outer) = (&self.scheme, &self.scheme.outer);
        let seed = self.seed.child("uniform");
        let [mut uniform_stream, mut error_stream] =
            [&seed, &self.seed.child("errors")].map(|seed| Streams::of(seed).switches);
        let mut packer = Packer::with_capacity(key_bytes());
        let mut public = self.public.b.clone();
        restore(outer, &mut public);
        outer.write(&public, &mut packer);
        for power in automorphisms() {
            let mut image = Zeroizing::new(permuted(&self.secret.outer, &scheme.permutation(power)));
            outer.scale(&mut image, &scheme.special_factors());
            for digit in 0..DIGITS {
                let a = uniform(scheme, &mut uniform_stream);
                let mut b = Wide::small(scheme, &Zeroizing::new(errors(&mut error_stream, DEGREE)));
                b.negate(scheme);
                b.multiply_add(scheme, &a, &self.secret);
                b.negate(scheme);
                let mut gadget = Zeroizing::new(outer.zero());
                let residues = digit * DEGREE..(digit + 1) * DEGREE;
                gadget[residues.clone()].copy_from_slice(&image[residues]);
                outer.add(&mut b.outer, &gadget);
                restore(outer, &mut b.outer);
                restore(&scheme.special, &mut b.special);
                outer.write(&b.outer, &mut packer);
                scheme.special.write(&b.special, &mut packer);
            }
        }
        [seed.0.to_vec(), packer.finish()].concat()
    }

    /// Encrypts a vector, which are numbers modulo `p`, one for each slot, and appends the ciphertext to a message.
    pub fn encrypt(&self, slots: &[u64], rng: &mut impl Rng, packer: &mut Packer) {
        let ring = &self.scheme.outer;
        let mut once = ring.small(&ternary(rng, DEGREE));
        ring.transform(&mut once);
        let mut fresh = self.scheme.nothing();
        fresh.multiply_add(ring, &once, &self.public);
        restore(ring, &mut fresh.a);
        restore(ring, &mut fresh.b);
        ring.add(&mut fresh.a, &ring.small(&errors(rng, DEGREE)));
        ring.add(&mut fresh.b, &ring.small(&errors(rng, DEGREE)));
        ring.add(&mut fresh.b, &self.scheme.lift(slots, rng));
        self.scheme.write(&fresh, packer);
    }

    /// Decrypts the next response of a message: numbers modulo `p`, one for each slot.
    #[must_use]
    pub fn decrypt(&self, form: Form, unpacker: &mut Unpacker) -> Vec<u64> {
        let fractions = match form {
            Form::Switched => self.switched(unpacker),
            Form::Whole => {
                let cipher = self.scheme.read(unpacker);
                let phase = self.phase(&cipher);
                (0..DEGREE).map(|index| self.scheme.outer.fraction(&phase, index)).collect()
            }
        };
        self.scheme.slots(fractions.into_iter().map(|fraction| self.scheme.nearest(fraction)).collect())
    }

    /// The parts of the modulus that a switched response encrypts, in `2^-128`.
    fn switched(&self, unpacker: &mut Unpacker) -> Vec<u128> {
        let ring = &self.scheme.inner;
        let mut words = || -> Vec<u64> { (0..DEGREE).map(|_| unpacker.pull(SWITCHED_BITS)).collect() };
        let (a, b) = (words(), words());
        let mut a = ring.words(&a);
        ring.transform(&mut a);
        let mut product = ring.zero();
        ring.multiply_add(&mut product, &a, &self.inner);
        ring.untransform(&mut product);
        let phase = |(index, b): (usize, u64)| {
            let phase = b.wrapping_add(ring.signed_word(&product, index)) & mask(SWITCHED_BITS);
            u128::from(phase) << (u128::BITS - SWITCHED_BITS)
        };
        b.into_iter().enumerate().map(phase).collect()
    }

    /// `a s + b` of a ciphertext, as coefficients.
    pub(super) fn phase(&self, cipher: &Ciphertext) -> Vec<u64> {
        let ring = &self.scheme.outer;
        let mut phase = cipher.b.clone();
        ring.multiply_add(&mut phase, &cipher.a, &self.secret.outer);
        restore(ring, &mut phase);
        phase
    }
}
