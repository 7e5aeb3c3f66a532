//! The scheme for one plaintext prime: its rings, and what is done to ciphertexts without any key.

use super::batch::{Batch, exponents, places};
use super::parameters::{DEGREE, OUTER, SPECIAL};
use crate::bits::{Packer, Unpacker};
use crate::he::cipher::Ciphertext;
use crate::he::parameters::Parameters;
use crate::he::ring::{Factor, Ring, power};
use crate::modulus::Modulus;
use rand_core::Rng;
use std::sync::Arc;

/// The rings and the slots of a plaintext prime. It is public, and cheap to clone.
#[derive(Clone, Debug)]
pub struct Scheme {
    modulus: u64,
    batch: Batch,
    /// The ring of ciphertexts.
    pub(super) outer: Ring,
    /// The ring of the special prime.
    pub(super) special: Ring,
    /// The ring in which a switched response is multiplied by the secret.
    pub(super) inner: Ring,
    /// The inverse of the plaintext prime modulo each prime of the ring of ciphertexts.
    inverse: Arc<[Factor]>,
    /// The inverse of the special prime modulo each prime of the ring of ciphertexts.
    special_inverse: Arc<[Factor]>,
    /// The exponents at the places of a transformed polynomial, and the places of exponents.
    order: Arc<[Vec<usize>; 2]>,
}

impl Scheme {
    /// Makes the scheme of a plaintext prime.
    ///
    /// # Panics
    /// If the number is not a prime that is 1 modulo `2N = 16384`, of at most 50 bits.
    #[must_use]
    pub fn new(modulus: u64) -> Self {
        assert!(modulus < 1 << 50, "a plaintext prime of at most 50 bits");
        let [outer, special] = [OUTER, SPECIAL].map(Ring::new);
        let inverses = |value: u64| {
            let inverse = |prime: u64| Factor::new(power(value % prime, prime - 2, prime), prime);
            outer.primes().map(inverse).collect()
        };
        let (inverse, special_inverse) = (inverses(modulus), inverses(special.primes().sum()));
        let exponents = order(&outer);
        assert_eq!(exponents, order(&special), "the transforms of all primes have one order");
        let order = Arc::new([exponents.clone(), places(&exponents)]);
        let inner = Ring::new(Parameters::of_decryption(DEGREE));
        Self { modulus, batch: Batch::new(modulus), outer, special, inner, inverse, special_inverse, order }
    }

    /// The plaintext prime `p`.
    #[must_use]
    pub fn modulus(&self) -> u64 {
        self.modulus
    }

    /// The ciphertext of 0 without noise, to which products are added.
    #[must_use]
    pub fn nothing(&self) -> Ciphertext {
        Ciphertext::zero(&self.outer)
    }

    /// Encodes a vector in the clear, to multiply with: numbers modulo `p`, one for each slot.
    #[must_use]
    pub fn factor(&self, slots: &[u64]) -> Vec<u64> {
        let modulus = Modulus::Prime(self.modulus);
        let centred: Vec<i64> = self.batch.polynomial(slots).into_iter().map(|value| modulus.integer(value)).collect();
        let mut factor = self.outer.signed(&centred);
        self.outer.transform(&mut factor);
        factor
    }

    /// The length in bytes of an encoded vector in memory.
    #[must_use]
    pub const fn factor_bytes() -> usize {
        DEGREE * OUTER.primes as usize * size_of::<u64>()
    }

    /// Adds `factor * cipher` to a sum, slot by slot.
    pub fn multiply_add(&self, sum: &mut Ciphertext, factor: &[u64], cipher: &Ciphertext) {
        sum.multiply_add(&self.outer, factor, cipher);
    }

    /// Adds a ciphertext to another one.
    pub fn add(&self, sum: &mut Ciphertext, cipher: &Ciphertext) {
        self.outer.add(&mut sum.a, &cipher.a);
        self.outer.add(&mut sum.b, &cipher.b);
    }

    /// Reads the next ciphertext of a message of [`ciphertext_bytes`](super::ciphertext_bytes). Any bytes are a ciphertext.
    #[must_use]
    pub fn read(&self, unpacker: &mut Unpacker) -> Ciphertext {
        let mut polynomial = || {
            let mut polynomial = self.outer.read(unpacker);
            self.outer.transform(&mut polynomial);
            polynomial
        };
        Ciphertext { a: polynomial(), b: polynomial() }
    }

    /// Writes a ciphertext of polynomials that are not transformed.
    pub(super) fn write(&self, cipher: &Ciphertext, packer: &mut Packer) {
        self.outer.write(&cipher.a, packer);
        self.outer.write(&cipher.b, packer);
    }

    /// The slots of a polynomial modulo `p`.
    pub(super) fn slots(&self, polynomial: Vec<u64>) -> Vec<u64> {
        self.batch.slots(polynomial)
    }

    /// The polynomial `q m / p` for these slots: each coefficient is one of the two integers next to it, so drawn that it is right on average. With
    /// `u` uniform below `p` it is `v` of `q m + u = p v + c`, and `q` is 0 modulo each prime, so that `v = (u - c) / p` there.
    pub(super) fn lift(&self, slots: &[u64], rng: &mut impl Rng) -> Vec<u64> {
        let modulus = Modulus::Prime(self.modulus);
        let q = self.outer.primes().fold(1, |product, prime| modulus.mul(product, modulus.reduce(prime)));
        let (q, coins) = (Factor::new(q, self.modulus), modulus.uniform(rng, DEGREE));
        let difference =
            |(value, coin): (u64, u64)| coin.cast_signed() - modulus.add(q.times(value), coin).cast_signed();
        let differences: Vec<i64> = self.batch.polynomial(slots).into_iter().zip(coins).map(difference).collect();
        let mut lifted = self.outer.zero();
        for (residues, inverse) in lifted.chunks_exact_mut(DEGREE).zip(&*self.inverse) {
            residues.iter_mut().zip(&differences).for_each(|(residue, &x)| *residue = inverse.times_signed(x));
        }
        lifted
    }

    /// The number modulo `p` next to a part of the modulus, which is in `2^-128`.
    pub(super) fn nearest(&self, fraction: u128) -> u64 {
        let (high, low) = ((fraction >> 64) as u64, fraction as u64);
        let product =
            u128::from(high) * u128::from(self.modulus) + ((u128::from(low) * u128::from(self.modulus)) >> 64);
        let nearest = ((product + (1 << 63)) >> 64) as u64;
        if nearest == self.modulus { 0 } else { nearest }
    }

    /// The special prime.
    pub(super) fn special_prime(&self) -> u64 {
        self.special.primes().sum()
    }

    /// The special prime modulo each prime of the ring of ciphertexts.
    pub(super) fn special_factors(&self) -> Vec<Factor> {
        self.outer.primes().map(|prime| Factor::new(self.special_prime() % prime, prime)).collect()
    }

    /// Divides a transformed polynomial by the special prime.
    pub(super) fn divide_by_special(&self, polynomial: &mut [u64]) {
        self.outer.scale(polynomial, &self.special_inverse);
    }

    /// Where the automorphism `X -> X^power` takes the value at each place of a transformed polynomial from.
    pub(super) fn permutation(&self, power: usize) -> Vec<usize> {
        let [exponents, places] = &*self.order;
        exponents.iter().map(|exponent| places[exponent * power % (2 * DEGREE) / 2]).collect()
    }
}

/// The exponents at the places of a transformed polynomial, the same for each prime.
fn order(ring: &Ring) -> Vec<usize> {
    let limbs = ring.primes().enumerate().map(|(limb, prime)| {
        let transform = |polynomial: &mut [u64]| {
            let mut all = ring.zero();
            all[limb * DEGREE..][..DEGREE].copy_from_slice(polynomial);
            ring.transform(&mut all);
            polynomial.copy_from_slice(&all[limb * DEGREE..][..DEGREE]);
        };
        exponents(transform, prime)
    });
    let mut orders: Vec<Vec<usize>> = limbs.collect();
    orders.dedup();
    assert_eq!(orders.len(), 1, "the transforms of all primes have one order");
    orders.remove(0)
}

/// Transforms a polynomial back to its coefficients.
pub(super) fn restore(ring: &Ring, polynomial: &mut [u64]) {
    ring.untransform(polynomial);
    ring.normalize(polynomial);
}
