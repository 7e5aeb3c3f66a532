//! Passive oblivious linear evaluation from learning with errors, a ciphertext at a time: the client's shares in the slots of a ciphertext, multiplied by the server's, less masks.
//!
//! It is LowGear's encryption at half its degree and without its proofs. Every emulated server has a secret and a key of its own. All that either party draws for an emulated server grows from
//! one seed, so that whoever has the seed can make the party's messages again, and compare. The client's shares can be read off its message with the seed, and the server's off its answer.
//!
//! Invariant: an answer of parties that keep to their seeds decrypts exactly ([`bounds`]).

use crate::conduct::Act;
use crate::field::PRIME;
use crate::leviosa::packed::{Code, uniform};
use crate::lowgear::parameters::FLOOD_BITS;
use crate::lowgear::scheme::{Pair, Rings, Secret};
use fusion_2pc::bits::{Packer, Unpacker};
use fusion_2pc::he::parameters::{MAX_ERROR, Parameters};
use fusion_2pc::he::ring::{errors, ternary};
use fusion_2pc::random::Seed;
use zeroize::Zeroizing;

/// The number of slots of a ciphertext.
pub const SLOTS: usize = 8192;

/// The ring of ciphertexts. The guideline that [`fusion_2pc::he::parameters`] cites allows 214 bits at this degree for 128 bits of security.
pub const CIPHERTEXTS: Parameters = Parameters { degree: SLOTS, primes: 4, prime_bits: 48 };

/// The bits of a coefficient of an answer: of the part that the secret multiplies, and of the one that is added.
pub const ANSWER_BITS: [u32; 2] = [76, 64];

/// The most answers of a run that the noise hides.
pub const MOST_ANSWERS: usize = 1 << 15;

/// The most ciphertexts for each emulated server whose answers the noise hides.
#[must_use]
pub const fn most_ciphertexts(code: &Code) -> usize {
    MOST_ANSWERS / code.servers()
}

/// The bytes of a key or of a ciphertext, whose other part both parties draw from a coin.
pub const CIPHERTEXT_BYTES: usize = CIPHERTEXTS.polynomial_bits() / 8;

/// The bytes of an answer.
pub const ANSWER_BYTES: usize = SLOTS * (ANSWER_BITS[0] + ANSWER_BITS[1]) as usize / 8;

/// Bounds of the noise of parties that keep to their seeds, in bits: base-2 logarithms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Of the root of the mean square of what an answer's noise tells of its factor, in units of `2^-128` of the modulus.
    pub shift: f64,
    /// Of the statistical distance of all [`MOST_ANSWERS`] answers from ones that tell nothing.
    pub distance: f64,
    /// Of the error of an answer, where 0 is half a step of the plaintext: it is below 0.
    pub error: f64,
}

/// Computes the bounds, as [`crate::lowgear::parameters::terms`] does, but for a peer that keeps to its seed.
///
/// A product has the noise `W e + W m / p` for a factor `W` whose coefficients are each uniform modulo `p` and a message `m` that the peer may choose: the mean of its square is at most
/// `N p^2 / 12 (MAX_ERROR / 2 + 1/4)`, over the factor and the errors. The seed of an emulated server is hashed with a coin that was tossed after it, so that nobody chooses errors.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "bounds are in bits, and asserted with room")]
pub fn bounds() -> Bounds {
    let (degree, error, prime) = (SLOTS as f64, f64::from(MAX_ERROR), PRIME as f64);
    // The primes are next to 2^48.
    let modulus = f64::from(CIPHERTEXTS.modulus_bits()) - 1.0 / 64.0;
    let own = 2.0 * degree * error + error;
    let shift =
        (prime * (degree / 12.0 * (error / 2.0 + 0.25)).sqrt() + own) * (128.0 - modulus).exp2() + 2.0 * 8.0 + 1.0;
    let product = degree * prime / 2.0 * (error + 0.5) + own;
    let [a, b] = ANSWER_BITS.map(f64::from);
    let rounding = degree * (-a - 1.0).exp2() + (-b - 1.0).exp2();
    let flood = 3.0 * (f64::from(FLOOD_BITS) - 128.0).exp2();
    let together = flood + rounding + product * (-modulus).exp2() + (-120.0_f64).exp2();
    let half_step = 0.5 / prime;
    Bounds { shift: shift.log2(), distance: distance(shift, MOST_ANSWERS).log2(), error: (together / half_step).log2() }
}

/// The statistical distance of so many answers from ones that tell nothing of the factors, rounded up (decision 7).
#[must_use]
pub fn distance_of(answers: usize) -> f64 {
    distance(bounds().shift.exp2(), answers) * (1.0 + 1e-9)
}

#[expect(clippy::cast_precision_loss, reason = "answers are below 2^52")]
fn distance(shift: f64, answers: usize) -> f64 {
    1.068 * (SLOTS as f64 * answers as f64).sqrt() * shift / f64::from(FLOOD_BITS + 1).exp2()
}

/// The encryption, and the coin from which all that is public is drawn.
pub(crate) struct Scheme {
    pub rings: Rings,
    public: Seed,
}

impl Scheme {
    pub fn new(public: Seed) -> Self {
        Self { rings: Rings::of(CIPHERTEXTS, ANSWER_BITS), public }
    }

    /// The public part of a key or ciphertext, transformed.
    fn a(&self, server: usize, name: &str) -> Vec<u64> {
        self.rings.ring.uniform(&mut self.public.child(&format!("{name} of server {server}")).stream())
    }

    fn ternary(seed: &Seed) -> Zeroizing<Vec<i64>> {
        Zeroizing::new(ternary(&mut seed.child("secret").stream(), SLOTS))
    }

    /// The client's secret for an emulated server.
    pub fn secret(&self, seed: &Seed) -> Secret {
        self.rings.secret(&Self::ternary(seed))
    }

    /// The secret in the ring of ciphertexts, transformed and divided by the degree.
    fn transformed_secret(&self, seed: &Seed) -> Zeroizing<Vec<u64>> {
        Zeroizing::new(self.rings.transformed(self.rings.ring.small(&Self::ternary(seed))))
    }

    /// `a s`.
    fn times_secret(&self, server: usize, name: &str, secret: &[u64]) -> Zeroizing<Vec<u64>> {
        let mut product = Zeroizing::new(self.rings.ring.zero());
        self.rings.ring.multiply_add(&mut product, &self.a(server, name), secret);
        self.rings.ring.untransform(&mut product);
        product
    }

    /// `b = -a s + e`, without a message.
    fn of_zero(&self, server: usize, seed: &Seed, name: &str, secret: &[u64]) -> Vec<u64> {
        let ring = &self.rings.ring;
        let mut b = self.times_secret(server, name, secret).to_vec();
        ring.negate(&mut b);
        let error = Zeroizing::new(errors(&mut seed.child(name).stream(), SLOTS));
        ring.add(&mut b, &Zeroizing::new(ring.small(&error)));
        b
    }

    /// The client's message for an emulated server: a key, and a ciphertext of each of these slots.
    pub fn message(&self, server: usize, seed: &Seed, slots: &[Vec<u64>], noise: Option<Act>) -> Vec<u8> {
        let (ring, secret) = (&self.rings.ring, self.transformed_secret(seed));
        let mut packer = Packer::with_capacity(CIPHERTEXT_BYTES * (slots.len() + 1));
        ring.write(&self.of_zero(server, seed, "a key", &secret), &mut packer);
        for (number, slots) in slots.iter().enumerate() {
            let mut b = self.of_zero(server, seed, &format!("ciphertext {number}"), &secret);
            let mut message = Zeroizing::new(ring.signed(&Zeroizing::new(self.rings.slots.encode(slots))));
            self.rings.embed(&mut message);
            ring.add(&mut b, &message);
            if noise == Some(Act::LargeNoise) {
                ring.add(&mut b, &large_noise(self));
            }
            ring.write(&b, &mut packer);
        }
        packer.finish()
    }

    /// The slots of a client's message, read with the seed. Noise that the seed does not give is taken off: [`Self::message`] finds it.
    pub fn opened(&self, server: usize, seed: &Seed, message: &[u8]) -> Vec<Vec<u64>> {
        let (ring, secret) = (&self.rings.ring, self.transformed_secret(seed));
        let mut unpacker = Unpacker::new(message);
        let _key = ring.read(&mut unpacker);
        let count = message.len() / CIPHERTEXT_BYTES - 1;
        let mut slots = |number: usize| {
            let mut noisy = Zeroizing::new(ring.read(&mut unpacker));
            ring.add(&mut noisy, &self.times_secret(server, &format!("ciphertext {number}"), &secret));
            let phases = Zeroizing::new((0..SLOTS).map(|at| ring.fraction(&noisy, at)).collect::<Vec<u128>>());
            self.rings.slots_of(&phases)
        };
        (0..count).map(&mut slots).collect()
    }

    /// The masks that the server takes off the products of a ciphertext.
    pub fn masks(seed: &Seed, number: usize) -> Zeroizing<Vec<u64>> {
        Zeroizing::new(uniform(&mut seed.child(&format!("masks {number}")).stream(), SLOTS))
    }

    /// The server's answers to a client's message: the slots of each ciphertext times those of a factor, less masks.
    pub fn answer(&self, server: usize, seed: &Seed, message: &[u8], factors: &[Vec<u64>]) -> Vec<u8> {
        let ring = &self.rings.ring;
        let mut unpacker = Unpacker::new(message);
        let mut pair = |name: &str| {
            let mut b = ring.read(&mut unpacker);
            ring.transform(&mut b);
            Pair { a: self.a(server, name), b }
        };
        let mut key = pair("a key");
        ring.normalize(&mut key.a);
        ring.normalize(&mut key.b);
        let mut packer = Packer::with_capacity(ANSWER_BYTES * factors.len());
        for (number, slots) in factors.iter().enumerate() {
            let ciphertext = pair(&format!("ciphertext {number}"));
            let factor = self.rings.factor(slots);
            let mut rng = seed.child(&format!("noise {number}")).stream();
            self.rings.answer((&ciphertext, &key), &factor, &Self::masks(seed, number), &mut rng, &mut packer);
        }
        packer.finish()
    }

    /// The slots of a server's answers.
    pub fn decrypt(&self, secret: &Secret, answers: &[u8]) -> Vec<Vec<u64>> {
        let mut unpacker = Unpacker::new(answers);
        (0..answers.len() / ANSWER_BYTES).map(|_| self.rings.decrypt(secret, &mut unpacker)).collect()
    }
}

/// Noise at which a product shows the signs of the factor, though it decrypts to the right elements: `2^67` in the first coefficient.
fn large_noise(scheme: &Scheme) -> Vec<u64> {
    let ring = &scheme.rings.ring;
    let mut noise = ring.zero();
    for (limb, prime) in noise.chunks_exact_mut(SLOTS).zip(ring.primes()) {
        limb[0] = ((1_u128 << 67) % u128::from(prime)) as u64;
    }
    noise
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field;
    use fusion_2pc::he::parameters::SECURE;

    #[test]
    fn parameters_are_secure_and_every_bound_holds() {
        assert!(SECURE.contains(&(SLOTS, 214)) && CIPHERTEXTS.modulus_bits() <= 214);
        let Bounds { shift, distance, error } = bounds();
        assert!(shift < 5.3 && distance < -41.6 && error < -0.1, "{:?}", bounds());
        // What the secret multiplies, times the secret, fits the ring in which it is decrypted.
        assert!(ANSWER_BITS[0] + SLOTS.ilog2() + 2 < Parameters::of_decryption(SLOTS).modulus_bits());
    }

    /// With the ends of the field in the slots, products are exact, and both parties' shares can be read with the seed. With large noise they are the same, and most signs of the factor show:
    /// only making the message again tells it.
    #[test]
    fn products_are_exact_and_large_noise_shows_a_factor() {
        let scheme = Scheme::new(Seed([1; 32]));
        let [seed, other] = [Seed([2; 32]), Seed([3; 32])];
        let mut rng = Seed([4; 32]).stream();
        let mut draw = || uniform(&mut rng, SLOTS);
        let (mut x, mut weights) = ([draw(), draw()], [draw(), draw()]);
        x[0][..3].copy_from_slice(&[0, field::PRIME - 1, field::PRIME / 2]);
        weights[0][..3].copy_from_slice(&[5, field::PRIME - 1, field::PRIME / 2]);
        let honest = scheme.message(7, &seed, &x, None);
        let noisy = scheme.message(7, &seed, &x, Some(Act::LargeNoise));
        assert!(honest.len() == 3 * CIPHERTEXT_BYTES && honest != noisy);
        let shown = [&honest, &noisy].map(|message| {
            assert_eq!(scheme.opened(7, &seed, message), x);
            let answers = scheme.answer(7, &other, message, &weights);
            assert_eq!(answers.len(), 2 * ANSWER_BYTES);
            let secret = scheme.secret(&seed);
            for (number, products) in scheme.decrypt(&secret, &answers).iter().enumerate() {
                let masks = Scheme::masks(&other, number);
                let expected = |at: usize| field::sub(field::mul(x[number][at], weights[number][at]), masks[at]);
                assert!((0..SLOTS).all(|at| products[at] == expected(at)));
            }
            let phases = scheme.rings.phases(&secret, &mut Unpacker::new(&answers));
            let factor = scheme.rings.slots.encode(&weights[0]);
            let agrees = |(&phase, &weight): (&u128, &i64)| {
                let scaled = phase.wrapping_mul(u128::from(field::PRIME));
                (scaled.cast_signed() >= 0) == (weight >= 0)
            };
            phases.iter().zip(&factor).filter(|&pair| agrees(pair)).count()
        });
        // The signs of 8,192 coefficients that nothing tells agree with 60 % or more of guesses with a probability below 2^-200.
        assert!(shown[0] < SLOTS * 6 / 10 && shown[1] > SLOTS * 6 / 10, "{shown:?}");
    }
}
