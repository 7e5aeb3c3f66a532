//! The parameters of the encryption: their security, the bounds that proofs give, and the noise that hides a factor.
//!
//! Everything is at degree 16,384 with a modulus of 288 bits. The guideline that [`fusion_2pc::he::parameters`] cites allows 430 bits there for 128 bits of security.
//! [`terms`] computes every bound; tests assert them.

use crate::field::PRIME;
use fusion_2pc::he::parameters::{MAX_ERROR, Parameters};

/// The degree of the polynomials, and the number of slots of a ciphertext.
pub const DEGREE: usize = 16_384;

/// The most bits of a modulus that leaves 128 bits of security at this degree to ternary secrets (Bossuat et al., `ePrint` 2024/463, table 5.2).
pub const MOST_MODULUS_BITS: u32 = 430;

/// The ring of ciphertexts.
pub const CIPHERTEXTS: Parameters = Parameters { degree: DEGREE, primes: 6, prime_bits: 48 };

/// The number of masked rows of a proof, so that its challenge is one of `(2N+1)^4` for each ciphertext.
pub const ROWS: usize = 4;

/// The most ciphertexts of one proof.
pub const MOST_PROVEN: usize = 32;

/// The most attempts at one proof. An honest party fails this often with a probability below `2^-128`.
pub const MOST_ATTEMPTS: usize = 32;

/// A mask of a proof of ciphertexts is up to `2^23` times what it hides.
pub const MASK_BITS: u32 = 23;

/// A mask of a proof of a key is up to `2^21` times what it hides.
pub const KEY_MASK_BITS: u32 = 21;

/// The noise of an answer is the sum of three terms, each uniform from `-2^60` below `2^60`, in units of `2^-128` of the modulus.
pub const FLOOD_BITS: u32 = 60;

/// The answers under one pair of keys that the noise hides.
pub const MOST_ANSWERS: usize = 1 << 15;

/// The bits of a coefficient of an answer that the secret multiplies.
pub const A_BITS: u32 = 78;

/// The bits of a coefficient of an answer that is added.
pub const B_BITS: u32 = 64;

/// The bounds, in bits: base-2 logarithms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// Of the parts of a secret and of an error of a key that a proof may have let pass.
    pub key: [f64; 2],
    /// Of the noise of a ciphertext, doubled, that a proof may have let pass.
    pub noise: f64,
    /// Of the root of the mean square of what a product's noise tells of its factor, in units of `2^-128` of the modulus.
    pub shift: f64,
    /// Of the statistical distance of all answers from ones that tell nothing.
    pub distance: f64,
    /// Of the error of an answer of honest parties, where 0 is half a step of the plaintext: it is below 0.
    pub error: f64,
    /// Of the probability that a ciphertext or key without a short opening passes its proof, over all attempts.
    pub forgery: f64,
}

/// Computes the bounds.
///
/// A proof of a value of size `r` shows masked sums of at most `2^(mask) U r`. The difference of two, for challenges that differ, times `2 / (X^i - X^j)`, whose coefficients
/// are -1, 0 and 1 (Benhamouda, Camenisch, Krenn, Lyubashevsky and Neven, `ASIACRYPT` 2014, lemma 3.1), is at most `2 N` times that.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "bounds are in bits, and asserted with room")]
pub fn terms() -> Terms {
    let (degree, error) = (f64::from(DEGREE as u32), f64::from(MAX_ERROR));
    let opened = |mask_bits: u32, proven: usize, size: f64| 2.0 * degree * exp2(mask_bits) * proven as f64 * size;
    let (secret, key_error) = (opened(KEY_MASK_BITS, 1, 1.0), opened(KEY_MASK_BITS, 1, error));
    let (once, small) = (opened(MASK_BITS, MOST_PROVEN, 1.0), opened(MASK_BITS, MOST_PROVEN, error));
    let message = opened(MASK_BITS, MOST_PROVEN, 0.5);
    // `e u + e0 + e1 s + m/p`, and of the answer's own encryption of zero.
    let noise = degree * key_error * once + small + degree * small * secret + message;
    let own = degree * (key_error + error * secret) + error;
    let (prime, modulus) = (PRIME as f64, 288.0_f64 - 1.0 / 64.0);
    let shift = (noise * prime * (degree / 12.0).sqrt() + own) * (128.0 - modulus).exp2() + 2.0 * 12.0 + 1.0;
    let distance = distance(shift, MOST_ANSWERS);
    let half_step = 0.5 / prime;
    let honest = 2.0 * degree * prime * (2.0 * error * degree + error + 2.0 * error * degree + 1.0);
    let flood = 3.0 * (f64::from(FLOOD_BITS) - 128.0).exp2();
    let rounding = 2.0 * degree * (-f64::from(A_BITS) - 1.0).exp2() + (-f64::from(B_BITS) - 1.0).exp2();
    let together = flood + rounding + honest * (-modulus).exp2() + (-120.0_f64).exp2();
    Terms {
        key: [secret.log2(), key_error.log2()],
        noise: noise.log2(),
        shift: shift.log2(),
        distance: distance.log2(),
        error: (together / half_step).log2(),
        forgery: (MOST_ATTEMPTS as f64).log2() - ROWS as f64 * (2.0 * degree + 1.0).log2(),
    }
}

/// The statistical distance of so many answers from ones that tell nothing: `1.068 v / m` for `m = 2^(FLOOD_BITS + 1)`, over independent coefficients (decision 7).
#[expect(clippy::cast_precision_loss, reason = "answers are below 2^52")]
fn distance(shift: f64, answers: usize) -> f64 {
    1.068 * (f64::from(DEGREE as u32) * answers as f64).sqrt() * shift / exp2(FLOOD_BITS + 1)
}

/// The statistical distance of so many answers of one party from ones that tell nothing of its factors, rounded up: at most `2^-40.2` for [`MOST_ANSWERS`].
#[must_use]
pub fn distance_of(answers: usize) -> f64 {
    // Twenty operations of double precision err by less.
    distance(terms().shift.exp2(), answers) * (1.0 + 1e-9)
}

fn exp2(bits: u32) -> f64 {
    f64::from(bits).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_secure_and_every_bound_holds() {
        assert!(CIPHERTEXTS.modulus_bits() <= MOST_MODULUS_BITS);
        let Terms { key, noise, shift, distance, error, forgery } = terms();
        assert!(key[0] <= 36.0 && key[1] < 40.5 && noise < 98.5, "{:?}", terms());
        assert!(shift < 6.2 && distance < -40.0, "{:?}", terms());
        assert!(error < -0.1 && forgery < -54.9, "{:?}", terms());
    }

    /// What the secret multiplies, times the secret, fits the ring in which it is decrypted.
    #[test]
    fn decryption_does_not_wrap() {
        let product_bits = A_BITS - 1 + 1 + DEGREE.ilog2();
        let inner = fusion_2pc::he::parameters::Parameters::of_decryption(DEGREE);
        assert!(product_bits + 2 < inner.modulus_bits());
    }
}
