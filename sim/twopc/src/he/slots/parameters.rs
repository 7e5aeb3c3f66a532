//! The moduli, and the budget of noise: what may be done to a ciphertext, and how its response is flooded, so that it is exact and hides the weights.
//!
//! SEAL's default chains, which CrypTFlow2 and DELPHI use, have 218 bits with the special prime. Current tables allow 214 (see
//! [`SECURE`](crate::he::parameters::SECURE)): these are four primes of 42 bits, and a special prime of 46. A ciphertext has 168 bits a coefficient, where
//! CrypTFlow2's has 180 and DELPHI's 174.

use crate::he::parameters::{MAX_ERROR, Norm, Parameters, Released};

/// The degree of all polynomials.
pub const DEGREE: usize = 8192;

/// The number of slots in each of the two rows of a ciphertext.
pub const SLOT_ROW: usize = DEGREE / 2;

/// The ring of ciphertexts.
pub const OUTER: Parameters = Parameters { degree: DEGREE, primes: 4, prime_bits: 42 };

/// The ring of the special prime, by which a switched ciphertext is divided.
pub const SPECIAL: Parameters = Parameters { degree: DEGREE, primes: 1, prime_bits: 46 };

/// The bits of a coefficient of a switched response. CrypTFlow2 keeps one prime of so many bits.
pub const SWITCHED_BITS: u32 = 60;

/// Each of the three terms of the flooding noise is up to a 64th of half a step, or more where it must.
const FLOOD_BELOW_STEP: u32 = 6;

/// The bits behind the point, when parts of the modulus are added up.
const POINT: u32 = 100;

/// The form of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Both polynomials are rounded to 60 bits a coefficient, as in CrypTFlow2.
    Switched,
    /// Both polynomials are as large as in a fresh ciphertext, as in DELPHI.
    Whole,
}

impl Form {
    /// The length in bits of a response.
    #[must_use]
    pub const fn bits(self) -> usize {
        match self {
            Self::Switched => 2 * DEGREE * SWITCHED_BITS as usize,
            Self::Whole => 2 * OUTER.polynomial_bits(),
        }
    }

    /// The length in bytes of a message of so many responses.
    #[must_use]
    pub const fn bytes(self, count: usize) -> usize {
        (count * self.bits()).div_ceil(8)
    }
}

/// The length in bytes of a message of so many fresh ciphertexts: two polynomials each.
#[must_use]
pub const fn ciphertext_bytes(count: usize) -> usize {
    (count * 2 * OUTER.polynomial_bits()).div_ceil(8)
}

/// The most that is done on the way from a fresh ciphertext to a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// The key switches one after another, before a ciphertext is multiplied.
    pub switches_before: usize,
    /// The products with vectors in the clear that are added up in a response, each as often as it is added.
    pub products: usize,
    /// The key switches after the products, each as often as its result is added.
    pub switches_after: usize,
}

/// How a response is flooded and sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its form.
    pub form: Form,
    /// The flooding noise is the sum of three terms, each uniform in `-2^flood_bits..2^flood_bits`.
    pub flood_bits: u32,
}

impl Response {
    /// The response after some work modulo the prime `p`, where so many coefficients are released in all; `None` if it would not be exact.
    #[must_use]
    pub fn new(p: u64, work: Work, form: Form, released: Released) -> Option<Self> {
        let step_bits = OUTER.modulus_bits() - (u64::BITS - p.leading_zeros());
        let needed = flooding(work.mean_noise(p), released);
        let response = Self { form, flood_bits: needed.max(step_bits - 1 - FLOOD_BELOW_STEP) };
        (response.flood_bits < 126 && response.is_exact(p, work)).then_some(response)
    }

    /// Whether noise, flooding and roundings stay below half a step, `1 / 2p` of the modulus. `q >= 2^modulus_bits (1 - 2^-8)`.
    fn is_exact(self, p: u64, work: Work) -> bool {
        let most = work.noise(p).saturating_add(3 << self.flood_bits);
        let noise = (most.saturating_add(most / 128) >> (OUTER.modulus_bits() - POINT)) + 1;
        let rounding = match self.form {
            Form::Switched => (OUTER.max_weight() as u128 + 2) << (POINT - SWITCHED_BITS - 1),
            Form::Whole => 0,
        };
        noise + rounding < (1 << POINT) / (2 * u128::from(p))
    }
}

/// The bits of a term of the flooding noise that hides so much noise on average: see [`Released`]. The noise counts rounded up to 24 bits.
fn flooding(noise: u128, released: Released) -> u32 {
    let shift = (u128::BITS - noise.leading_zeros()).saturating_sub(24);
    released.bits((noise >> shift) + 1).saturating_add(shift)
}

/// The terms of an error of a fresh ciphertext, `u e_pk + e_1 s + e_2`, for each of its coefficients.
const FRESH_TERMS: u128 = (DEGREE + OUTER.max_weight() + 1) as u128;

/// The most that a coefficient of a fresh ciphertext is off, with its rounding; it is more with a probability of at most `2^-81`.
pub(super) fn fresh() -> u128 {
    Norm { sum: FRESH_TERMS, root: FRESH_TERMS.isqrt() + 1 }.errors(0) + 1
}

/// The root of the mean of its square.
fn mean_fresh() -> u128 {
    let terms = (2 * DEGREE.div_ceil(3) + OUTER.max_weight() + 1) as u128;
    (terms * u128::from(MAX_ERROR) / 2 + 1).isqrt() + 1
}

/// A key switch multiplies the errors of its key with so many digits, each of at most half a prime.
const DIGITS: usize = OUTER.primes as usize * DEGREE;

/// The most that a key switch adds, in a coefficient: errors times digits, divided by the special prime, and the roundings of this division, at worst
/// all of one sign. Digits depend on no errors, as those of `a` are functions of uniform polynomials alone. It adds more with a probability of at
/// most `2^-81`.
pub(super) fn switch() -> u128 {
    let (half_prime, digits) = (1_u128 << (OUTER.prime_bits - 1), DIGITS as u128);
    let errors = Norm { sum: digits * half_prime, root: (digits.isqrt() + 1) * half_prime }.errors(0);
    divided(errors) + OUTER.max_weight() as u128 / 2 + 1
}

/// The root of the mean of its square. The roundings of a polynomial that looks uniform are independent of one another, with a mean square of 1/12.
fn mean_switch() -> u128 {
    let digits = DIGITS as u128 * u128::from(MAX_ERROR).div_ceil(2);
    let (twice, prime) = (2 * (OUTER.prime_bits - 1), 2 * SPECIAL.prime_bits);
    let errors = (digits + digits / 64) >> (prime - twice);
    (errors + 1 + (OUTER.max_weight() as u128 + 1) / 12 + 1).isqrt() + 1
}

/// Noise divided by the special prime, which is more than `2^bits (1 - 2^-10)`.
fn divided(noise: u128) -> u128 {
    ((noise + noise / 1000) >> SPECIAL.prime_bits) + 1
}

impl Work {
    /// The most noise of a response before it is flooded, with the encryption of zero and the mask that are added. A coefficient is off by more
    /// with a probability of at most `2^-52` for a whole ciphertext: at most `2^29` bounds of `2^-81` are added up, one for each coefficient of each
    /// fresh ciphertext, each switch and the encryption of zero.
    pub(super) fn noise(self, p: u64) -> u128 {
        let Self { switches_before, products, switches_after } = self;
        let before = fresh() + switches_before as u128 * switch();
        let product = before.saturating_mul(DEGREE as u128).saturating_mul(u128::from(p / 2));
        product.saturating_mul(products as u128).saturating_add(switches_after as u128 * switch() + fresh() + 1)
    }

    /// No less than the root of the mean of its square, over the coins of both parties; roots of means add up at most (Minkowski). A product's
    /// weights are any numbers modulo `p`, so that they have a root of at most `sqrt(N) p / 2`.
    pub(super) fn mean_noise(self, p: u64) -> u128 {
        let Self { switches_before, products, switches_after } = self;
        let before = mean_fresh() + switches_before as u128 * mean_switch();
        let product = before.saturating_mul(DEGREE.isqrt() as u128 + 1).saturating_mul(u128::from(p / 2));
        let after = switches_after as u128 * mean_switch() + mean_fresh() + 1;
        product.saturating_mul(products as u128).saturating_add(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::he::parameters::SECURE;

    /// The plaintext moduli of CrypTFlow2 at 37 and at 41 bits, and of DELPHI.
    const MODULI: [u64; 3] = [137_438_822_401, 2_199_023_190_017, 2_061_584_302_081];

    const LENET: Work = Work { switches_before: 12, products: 512, switches_after: 64 };

    #[test]
    fn keys_are_secure() {
        let limit = SECURE.into_iter().find(|(degree, _)| *degree == DEGREE).unwrap().1;
        assert_eq!(OUTER.modulus_bits() + SPECIAL.modulus_bits(), limit);
    }

    #[test]
    fn a_million_inferences_of_lenet_are_exact_and_hidden() {
        let released = Released((5 * DEGREE as u64) << 20);
        for (p, form) in MODULI.into_iter().flat_map(|p| [(p, Form::Switched), (p, Form::Whole)]) {
            let Response { flood_bits, .. } = Response::new(p, LENET, form, released).unwrap();
            let least = LENET.mean_noise(p).ilog2() + 40 + (released.0 / 3).ilog2() / 2;
            assert!((least..126).contains(&flood_bits), "{p}: {flood_bits}, {least}");
        }
    }

    #[test]
    fn too_much_work_has_no_response() {
        for p in MODULI {
            let work = |products| Work { products, ..LENET };
            let most = (0..60)
                .take_while(|bits| Response::new(p, work(1 << bits), Form::Switched, Released(1 << 35)).is_some());
            let most = most.count();
            assert!((10..20).contains(&most), "{p}: {most}");
            assert_eq!(Response::new(p, work(1 << 60), Form::Whole, Released(1)), None);
        }
    }

    #[test]
    fn the_published_lengths() {
        assert_eq!(Form::Switched.bytes(1), 122_880);
        assert_eq!(ciphertext_bytes(1), 344_064);
        assert_eq!(Form::Whole.bytes(1), ciphertext_bytes(1));
    }
}
