//! Encryption that is linear: a message `m` of integers is `m / p` modulo `q`, plus noise.
//!
//! It is that of Brakerski, Gentry and Vaikuntanathan (ITCS 2012), divided by `p` (Alperin-Sheriff and Peikert, CRYPTO 2013, appendix A): `(a, b)` with
//! `b + a s = m p^-1 + e` modulo `q`. Message and noise enter linearly over the integers, as proofs need it, and the phase divided by `q`
//! is `-(q^-1 mod p) m / p` modulo 1 but for `(e + m/p) / q`, so that it may be rounded.
//!
//! Invariant: an answer of honest parties decrypts exactly: [`super::parameters::terms`].

use super::parameters::{A_BITS, B_BITS, CIPHERTEXTS, FLOOD_BITS};
use super::plain::Slots;
use crate::field::{self, PRIME};
use fusion_2pc::bits::{Packer, Unpacker};
use fusion_2pc::he::parameters::Parameters;
use fusion_2pc::he::ring::{Factor, Ring, errors, ternary};
use rand_core::Rng;
use zeroize::Zeroizing;

/// The rings of the scheme.
#[derive(Clone, Debug)]
pub struct Rings {
    /// The ring of ciphertexts.
    pub ring: Ring,
    /// The ring in which an answer is multiplied by the secret.
    inner: Ring,
    /// The slots of plaintexts.
    pub slots: Slots,
    /// `p^-1` modulo each prime of the ring of ciphertexts.
    scale: Vec<Factor>,
    /// `-q` modulo `p`.
    unscale: u64,
    /// The bits of a coefficient of an answer: of the part that the secret multiplies, and of the one that is added.
    bits: [u32; 2],
}

/// A pair of polynomials, transformed.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The one that the secret multiplies.
    pub a: Vec<u64>,
    /// The one that is added.
    pub b: Vec<u64>,
}

/// A secret, for decryption: transformed and divided by the degree.
pub struct Secret(Zeroizing<Vec<u64>>);

impl Rings {
    /// Makes the rings of LowGear.
    #[must_use]
    pub fn make() -> Self {
        Self::of(CIPHERTEXTS, [A_BITS, B_BITS])
    }

    /// Makes the rings of ciphertexts with these parameters, whose answers are rounded to so many bits a coefficient.
    pub(crate) fn of(parameters: Parameters, bits: [u32; 2]) -> Self {
        let Parameters { degree, .. } = parameters;
        let ring = Ring::new(parameters);
        let modulo = |prime: u64| {
            let inverse = power(PRIME % prime, prime - 2, prime);
            Factor::new(inverse, prime)
        };
        let scale = ring.primes().map(modulo).collect();
        let unscale = field::neg(ring.primes().fold(1, field::mul));
        let inner = Ring::new(Parameters::of_decryption(degree));
        Self { ring, inner, slots: Slots::new(degree), scale, unscale, bits }
    }

    /// Multiplies a polynomial by `p^-1`, so that it can be added as a message.
    pub fn embed(&self, polynomial: &mut [u64]) {
        self.ring.scale(polynomial, &self.scale);
    }

    /// Transforms a polynomial, and divides it by the degree, to make up for one transform back.
    #[must_use]
    pub fn transformed(&self, mut polynomial: Vec<u64>) -> Vec<u64> {
        self.ring.transform(&mut polynomial);
        self.ring.normalize(&mut polynomial);
        polynomial
    }

    /// The factor by which a ciphertext is multiplied to multiply its slots by these elements.
    #[must_use]
    pub fn factor(&self, slots: &[u64]) -> Zeroizing<Vec<u64>> {
        let coefficients = Zeroizing::new(self.slots.encode(slots));
        let factor = self.ring.signed(&coefficients);
        Zeroizing::new(self.transformed(factor))
    }

    /// Makes a secret of these coefficients fit for decryption.
    #[must_use]
    pub fn secret(&self, coefficients: &[i64]) -> Secret {
        let mut secret = self.inner.signed(coefficients);
        self.inner.transform(&mut secret);
        self.inner.normalize(&mut secret);
        Secret(Zeroizing::new(secret))
    }

    /// Writes the answer to a ciphertext: its slots times those of a factor, less a mask, under noise that hides the factor.
    pub fn answer(
        &self,
        (ciphertext, key): (&Pair, &Pair),
        factor: &[u64],
        mask: &[u64],
        rng: &mut impl Rng,
        packer: &mut Packer,
    ) {
        let ring = &self.ring;
        let once = self.once(rng);
        let product = |part: &[u64], key: &[u64]| {
            let mut sum = ring.zero();
            ring.multiply_add(&mut sum, factor, part);
            ring.multiply_add(&mut sum, &once, key);
            ring.untransform(&mut sum);
            sum
        };
        // Before the noise is added they show the factor.
        let [mut a, mut b] =
            [(&ciphertext.a, &key.a), (&ciphertext.b, &key.b)].map(|(part, key)| Zeroizing::new(product(part, key)));
        let error = Zeroizing::new(errors(rng, self.degree()));
        ring.add(&mut a, &Zeroizing::new(ring.small(&error)));
        let negated = Zeroizing::new(mask.iter().map(|&element| field::neg(element)).collect::<Vec<u64>>());
        let encoded = Zeroizing::new(self.slots.encode(&negated));
        let mut message = Zeroizing::new(ring.signed(&encoded));
        self.embed(&mut message);
        ring.add(&mut b, &message);
        let [a_bits, b_bits] = self.bits;
        for index in 0..self.degree() {
            push(packer, rounded(ring.fraction(&a, index), a_bits), a_bits);
        }
        for index in 0..self.degree() {
            let noisy = ring.fraction(&b, index).wrapping_add(flooding(rng));
            push(packer, rounded(noisy, b_bits), b_bits);
        }
    }

    fn degree(&self) -> usize {
        self.ring.parameters().degree
    }

    /// A ternary polynomial that is used once, transformed.
    fn once(&self, rng: &mut impl Rng) -> Zeroizing<Vec<u64>> {
        let drawn = Zeroizing::new(ternary(rng, self.degree()));
        let mut once = Zeroizing::new(self.ring.small(&drawn));
        self.ring.transform(&mut once);
        once
    }

    /// Decrypts the slots of the next answer. Any bytes are an answer.
    pub fn decrypt(&self, secret: &Secret, unpacker: &mut Unpacker) -> Vec<u64> {
        self.slots_of(&self.phases(secret, unpacker))
    }

    /// The slots of the plaintext whose coefficients have these phases, in `2^-128`: noise below half a step is taken off.
    pub(crate) fn slots_of(&self, phases: &[u128]) -> Vec<u64> {
        let coefficients = phases.iter().map(|&phase| {
            // The nearest multiple of 1/p.
            let (high, low) = (phase >> 64, phase & u128::from(u64::MAX));
            let product = high * u128::from(PRIME) + ((low * u128::from(PRIME)) >> 64);
            let nearest = ((product + (1 << 63)) >> 64) as u64;
            field::mul(if nearest == PRIME { 0 } else { nearest }, self.unscale)
        });
        self.slots.decode(coefficients.collect())
    }

    /// The phase of each coefficient of the next answer, in `2^-128`.
    pub fn phases(&self, secret: &Secret, unpacker: &mut Unpacker) -> Zeroizing<Vec<u128>> {
        let (degree, [a_bits, b_bits]) = (self.degree(), self.bits);
        let a: Vec<i128> = (0..degree).map(|_| signed(pull(unpacker, a_bits), a_bits)).collect();
        let mut a = super::plain::wide(&self.inner, &a);
        self.inner.transform(&mut a);
        let mut product = Zeroizing::new(self.inner.zero());
        self.inner.multiply_add(&mut product, &a, &secret.0);
        self.inner.untransform(&mut product);
        let primes: Vec<u64> = self.inner.primes().collect();
        let [first, second] = [primes[0], primes[1]];
        let inverse = Factor::new(power(first % second, second - 2, second), second);
        let join = |index: usize| {
            let (low, high) = (product[index], product[index + degree]);
            let quotient = inverse.times(high + second - low % second);
            let value = i128::from(first) * i128::from(quotient) + i128::from(low);
            if quotient > second / 2 { value - i128::from(first) * i128::from(second) } else { value }
        };
        let phase = |index| {
            let b = pull(unpacker, b_bits) << (u128::BITS - b_bits);
            b.wrapping_add(join(index).cast_unsigned() << (u128::BITS - a_bits))
        };
        Zeroizing::new((0..degree).map(phase).collect())
    }
}

/// The length in bytes of a message of so many answers.
#[must_use]
pub fn answer_bytes(count: usize) -> usize {
    (count * CIPHERTEXTS.degree * (A_BITS + B_BITS) as usize).div_ceil(8)
}

/// The sum of three terms, each uniform from `-2^FLOOD_BITS` below `2^FLOOD_BITS`.
fn flooding(rng: &mut impl Rng) -> u128 {
    let mut term = || u128::from(rng.next_u64() >> (u64::BITS - FLOOD_BITS - 1)).wrapping_sub(1 << FLOOD_BITS);
    term().wrapping_add(term()).wrapping_add(term())
}

/// The nearest multiple of `2^-bits`, modulo 1.
fn rounded(fraction: u128, bits: u32) -> u128 {
    fraction.wrapping_add(1 << (u128::BITS - 1 - bits)) >> (u128::BITS - bits)
}

/// Appends a value of at most 128 bits.
pub fn push(packer: &mut Packer, value: u128, bits: u32) {
    packer.push(value as u64, bits.min(u64::BITS));
    if bits > u64::BITS {
        packer.push((value >> 64) as u64, bits - u64::BITS);
    }
}

/// Reads a value that [`push`] wrote.
pub fn pull(unpacker: &mut Unpacker, bits: u32) -> u128 {
    let low = unpacker.pull(bits.min(u64::BITS));
    let high = if bits > u64::BITS { unpacker.pull(bits - u64::BITS) } else { 0 };
    u128::from(low) | u128::from(high) << 64
}

/// A value of so many bits as signed.
#[must_use]
pub const fn signed(value: u128, bits: u32) -> i128 {
    (value << (u128::BITS - bits)).cast_signed() >> (u128::BITS - bits)
}

/// A power modulo a prime.
fn power(base: u64, mut exponent: u64, prime: u64) -> u64 {
    let times = |x: u64, y: u64| (u128::from(x) * u128::from(y) % u128::from(prime)) as u64;
    let (mut product, mut base) = (1, base);
    while exponent > 0 {
        if exponent & 1 == 1 {
            product = times(product, base);
        }
        base = times(base, base);
        exponent >>= 1;
    }
    product
}
