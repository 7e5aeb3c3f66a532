//! Keys, fresh ciphertexts, masked responses.
//!
//! The secret `s` is ternary. A fresh ciphertext is symmetric, its `a` grown from a seed that is sent in its place. A response hides
//! the weights from who holds `s`: an encryption of zero under the public key makes `a` look uniform (Brakerski and Vaikuntanathan),
//! noise
//! floods what `b` would tell (Gentry, STOC 2009, section 2.2: "statistical circuit privacy"), and only
//! coefficients that are outputs are sent.

use super::parameters::{Parameters, Response};
use super::ring::{Ring, errors, ternary};
use crate::bits::{Packer, Unpacker, mask};
use crate::random::Seed;
use rand_core::Rng;

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
    seed: Seed,
}

/// The secret of a ring, transformed and divided by `N`.
#[derive(Clone)]
pub struct Secret {
    /// Of the ring in which it encrypts.
    outer: Vec<u64>,
    /// Of the ring in which it decrypts.
    inner: Vec<u64>,
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
        Self { seed: seed.child("rlwe key") }
    }

    fn child(&self, purpose: &str, parameters: Parameters) -> Seed {
        let Parameters { degree, primes, prime_bits } = parameters;
        self.seed.child(&format!("{purpose} {degree} {primes} {prime_bits}"))
    }

    /// The secret of a ring.
    #[must_use]
    pub fn secret(&self, rings: &RingPair) -> Secret {
        let parameters = rings.outer.parameters();
        let mut rng = self.child("secret", parameters).stream();
        let coefficients = loop {
            let coefficients = ternary(&mut rng, parameters.degree);
            if coefficients.iter().filter(|&&coefficient| coefficient != 0).count() <= parameters.max_weight() {
                break coefficients;
            }
        };
        let transformed = |ring: &Ring| {
            let mut secret = ring.small(&coefficients);
            ring.transform(&mut secret);
            ring.normalize(&mut secret);
            secret
        };
        Secret { outer: transformed(&rings.outer), inner: transformed(&rings.inner) }
    }

    /// The public key of a ring, as a message. It is an encryption of zero.
    #[must_use]
    pub fn public(&self, rings: &RingPair) -> Vec<u8> {
        let mut rng = self.child("public", rings.outer.parameters()).stream();
        self.secret(rings).encrypt(&rings.outer, 1, std::iter::once(vec![0; rings.outer.parameters().degree]), &mut rng)
    }
}

/// A seed of its own from a stream.
pub(super) fn seed(rng: &mut impl Rng) -> Seed {
    let mut seed = [0; SEED_BYTES];
    rng.fill_bytes(&mut seed);
    Seed(seed)
}

/// The length in bytes of a message of so many fresh ciphertexts.
#[must_use]
pub fn fresh_bytes(parameters: Parameters, count: usize) -> usize {
    SEED_BYTES + (count * parameters.polynomial_bits()).div_ceil(8)
}

/// The length in bytes of a message of so many responses, with so many outputs in all.
#[must_use]
pub fn response_bytes(parameters: Parameters, response: Response, count: usize, outputs: usize) -> usize {
    let Response { a_bits, b_bits, .. } = response;
    (count * parameters.degree * a_bits as usize + outputs * b_bits as usize).div_ceil(8)
}

impl Secret {
    /// Encrypts polynomials, with coefficients below `2^ring_bits`, into a message of fresh ciphertexts.
    pub fn encrypt(
        &self,
        ring: &Ring,
        ring_bits: u32,
        polynomials: impl Iterator<Item = Vec<u64>>,
        rng: &mut impl Rng,
    ) -> Vec<u8> {
        let seed = seed(rng);
        let mut uniform = seed.stream();
        let degree = ring.parameters().degree;
        let mut packer = Packer::default();
        for polynomial in polynomials {
            let mut a = ring.uniform(&mut uniform);
            ring.transform(&mut a);
            let mut b = ring.zero();
            ring.multiply_add(&mut b, &a, &self.outer);
            ring.untransform(&mut b);
            ring.negate(&mut b);
            ring.add(&mut b, &ring.encode(&polynomial, ring_bits, rng));
            ring.add(&mut b, &ring.small(&errors(rng, degree)));
            ring.write(&b, &mut packer);
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
        let Response { a_bits, b_bits, .. } = response;
        let ring = &rings.inner;
        let a: Vec<u64> = (0..ring.parameters().degree).map(|_| unpacker.pull(a_bits)).collect();
        let mut a = ring.words(&a);
        ring.transform(&mut a);
        let mut product = ring.zero();
        ring.multiply_add(&mut product, &a, &self.inner);
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

/// Reads the ciphertexts of a message of [`fresh_bytes`], and transforms them. Any bytes are ciphertexts.
pub fn read_fresh<'a>(ring: &'a Ring, message: &'a [u8], count: usize) -> impl Iterator<Item = Ciphertext> + 'a {
    let (seed, packed) = message.split_first_chunk().unwrap_or((&[0; SEED_BYTES], &[]));
    let mut uniform = Seed(*seed).stream();
    let mut unpacker = Unpacker::new(packed);
    (0..count).map(move |_| {
        let (mut a, mut b) = (ring.uniform(&mut uniform), ring.read(&mut unpacker));
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
        let Response { flood, a_bits, b_bits } = response;
        let degree = ring.parameters().degree;
        let mut once = ring.small(&ternary(rng, degree));
        ring.transform(&mut once);
        self.multiply_add(ring, &once, public);
        ring.untransform(&mut self.a);
        ring.untransform(&mut self.b);
        ring.add(&mut self.a, &ring.small(&errors(rng, degree)));
        for index in 0..degree {
            packer.push(rounded(ring.fraction(&self.a, index), a_bits), a_bits);
        }
        for (index, mask) in masked {
            let noise = flooding(flood, rng);
            let mask = u128::from(mask) << (u128::BITS - ring_bits);
            let b = ring.fraction(&self.b, index).wrapping_add(noise).wrapping_sub(mask);
            packer.push(rounded(b, b_bits), b_bits);
        }
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
mod tests {
    use super::super::parameters::{Norm, Released};
    use super::*;
    use crate::random::uniform;
    use rand_chacha::ChaCha20Rng;

    /// What two parties hold that evaluate one polynomial.
    struct Bench {
        rings: RingPair,
        secret: Secret,
        public: Ciphertext,
        response: (Response, u32),
        rng: ChaCha20Rng,
    }

    impl Bench {
        fn new(degree: usize, ring_bits: u32, norm: Norm) -> Self {
            let fitting = |parameters| {
                Some((parameters, Response::exact(parameters, ring_bits, norm, Released(1 << 13)).next()?))
            };
            let mut tightest = Parameters::all().filter(|parameters| parameters.degree == degree).filter_map(fitting);
            let (parameters, response) = tightest.next().unwrap();
            let (rings, key) = (RingPair::new(parameters), ClientKey::new(&Seed([1; 32])));
            let public = read_fresh(&rings.outer, &key.public(&rings), 1).next().unwrap().into_public(&rings.outer);
            let secret = key.secret(&rings);
            Self { rings, secret, public, response: (response, ring_bits), rng: Seed([2; 32]).stream() }
        }

        fn parameters(&self) -> Parameters {
            self.rings.outer.parameters()
        }

        fn fresh(&mut self, words: &[u64]) -> Ciphertext {
            let ring = &self.rings.outer;
            let message = self.secret.encrypt(ring, self.response.1, std::iter::once(words.to_vec()), &mut self.rng);
            assert_eq!(message.len(), fresh_bytes(self.parameters(), 1));
            read_fresh(ring, &message, 1).next().unwrap()
        }

        /// A ciphertext times a polynomial.
        fn product(&mut self, words: &[u64], weights: &[i64]) -> Ciphertext {
            let fresh = self.fresh(words);
            let ring = &self.rings.outer;
            let mut product = Ciphertext::zero(ring);
            product.multiply_add(ring, &factor(ring, weights), &fresh);
            product
        }

        /// That product in the clear, modulo `2^ring_bits`.
        fn expected(&self, words: &[u64], weights: &[i64]) -> Vec<u64> {
            let ring = &self.rings.inner;
            let mut words = ring.words(words);
            ring.transform(&mut words);
            let mut product = ring.zero();
            ring.multiply_add(&mut product, &words, &factor(ring, weights));
            ring.untransform(&mut product);
            let degree = ring.parameters().degree;
            (0..degree).map(|index| ring.signed_word(&product, index) & mask(self.response.1)).collect()
        }
    }

    fn factor(ring: &Ring, weights: &[i64]) -> Vec<u64> {
        let mut factor = ring.signed(weights);
        ring.transform(&mut factor);
        ring.normalize(&mut factor);
        factor
    }

    /// Weights with a norm, on so many coefficients, of both signs.
    fn heavy(degree: usize, norm: i64, count: usize, rng: &mut impl Rng) -> Vec<i64> {
        let mut weights = vec![0; degree];
        for index in 0..count {
            let sign = 1 - 2 * (rng.next_u64() & 1).cast_signed();
            weights[(index * (degree / count) + 5) % degree] = sign * (norm / i64::try_from(count).unwrap());
        }
        weights
    }

    #[test]
    fn noise_is_within_its_bound() {
        for (degree, count) in [(4096, 1), (4096, 25), (8192, 1), (8192, 4096)] {
            let norm = Norm { sum: 1 << 24, root: (1 << 24) / u128::try_from(count).unwrap().isqrt() };
            let mut bench = Bench::new(degree, 24, norm);
            let words = uniform(&mut bench.rng, 24, degree);
            let weights = heavy(degree, 1 << 24, count, &mut bench.rng);
            let mut product = bench.product(&words, &weights);
            let ring = &bench.rings.outer;
            ring.untransform(&mut product.a);
            ring.untransform(&mut product.b);
            ring.transform(&mut product.a);
            let mut phase = ring.zero();
            ring.multiply_add(&mut phase, &product.a, &bench.secret.outer);
            ring.untransform(&mut phase);
            ring.add(&mut phase, &product.b);
            let off = |(index, value): (usize, &u64)| {
                let off = ring.fraction(&phase, index).wrapping_sub(u128::from(*value) << 104);
                off.cast_signed().unsigned_abs() >> (128 - bench.parameters().modulus_bits())
            };
            let worst = bench.expected(&words, &weights).iter().enumerate().map(off).max().unwrap();
            let bound = bench.parameters().noise(norm);
            // One weight alone: its error, at least 10 of the most that it can be.
            assert!(worst < bound && (count > 1 || worst > 10 * norm.sum), "{worst} of {bound}, {count} weights");
            assert!(count < 4096 || worst < bound / 2, "errors of many weights cancel: {worst} of {bound}");
        }
    }

    impl Bench {
        /// How many coefficients of a response come out wrong.
        fn wrong(&mut self, norm: i64, count: usize) -> usize {
            let (degree, ring_bits) = (self.parameters().degree, self.response.1);
            let words = uniform(&mut self.rng, ring_bits, degree);
            let weights = heavy(degree, norm, count, &mut self.rng);
            let product = self.product(&words, &weights);
            let masks = uniform(&mut self.rng, ring_bits, degree);
            let mut packer = Packer::default();
            let public = (&self.rings.outer, &self.public);
            let masked = masks.iter().copied().enumerate();
            product.respond(public, self.response, masked, &mut self.rng, &mut packer);
            let message = packer.finish();
            assert_eq!(message.len(), response_bytes(self.parameters(), self.response.0, 1, degree));
            let values = self.secret.decrypt(&self.rings, self.response, &mut Unpacker::new(&message), 0..degree);
            let sums = values.iter().zip(&masks).map(|(value, share)| (value + share) & mask(ring_bits));
            sums.zip(self.expected(&words, &weights)).filter(|(sum, expected)| sum != expected).count()
        }
    }

    /// That no coefficient comes out wrong, in the tightest parameters there are, in as many rounds as a degree gets.
    fn assert_right(rounds: impl Fn(usize) -> usize) {
        for (degree, ring_bits, norm_bits) in [(4096, 24, 20), (4096, 36, 18), (8192, 42, 24)] {
            let mut bench = Bench::new(degree, ring_bits, Norm { sum: 1 << norm_bits, root: 1 << norm_bits });
            for round in 0..rounds(degree) {
                assert_eq!(bench.wrong(1 << norm_bits, [1, 32, degree][round % 3]), 0, "{degree}: round {round}");
            }
        }
    }

    /// A million and a half coefficients in all.
    #[test]
    fn responses_are_exact_under_the_heaviest_weights() {
        assert_right(|degree| if degree == 4096 { 160 } else { 40 });
    }

    /// 10^7 coefficients for each of the parameters.
    #[test]
    #[ignore = "minutes: `make bench` runs it"]
    fn no_coefficient_of_ten_million_fails() {
        assert_right(|degree| 10_000_000_usize.div_ceil(degree));
    }

    /// The bound is near the truth: four bits fewer of `a`, and a few in a hundred coefficients are off by one.
    #[test]
    fn narrower_responses_are_wrong() {
        let mut bench = Bench::new(4096, 24, Norm { sum: 1 << 20, root: 1 << 20 });
        bench.response.0.a_bits -= 4;
        let wrong: usize = (0..8).map(|_| bench.wrong(1 << 20, 32)).sum();
        assert!(wrong > 100, "{wrong}");
    }

    #[test]
    fn secrets_of_two_rings_are_unrelated_and_those_of_one_are_the_same() {
        let key = ClientKey::new(&Seed([1; 32]));
        let rings = |prime_bits| RingPair::new(Parameters { degree: 4096, primes: 2, prime_bits });
        let (one, two) = (rings(48), rings(50));
        assert!(key.secret(&one).inner == key.secret(&one).inner);
        assert!(key.secret(&one).inner != key.secret(&two).inner);
    }
}
