//! What a server that deviates does to responses to learn the client's key: all slots are right unless a coefficient of the key has a value.
//!
//! A response is decrypted coefficient by coefficient, each to the nearest step of the plaintext, before slots are made of it. The server adds a quarter of a step at one place of `a`, so that each coefficient of the
//! plaintext moves by that quarter times a coefficient of the key; and it brings one coefficient to an eighth below the edge of its step, or above that below it. That one passes the edge if its
//! coefficient of the key moves it there, and then every slot is garbage. Noise and flooding have to be less than an eighth of a step, as they are unless layers are very wide. For schemes in general: Chenal and Tang, "On Key Recovery Attacks
//! Against Existing Somewhat Homomorphic Encryption Schemes" (LATINCRYPT 2014).

use super::parameters::{DEGREE, Form, OUTER, SWITCHED_BITS};
use super::scheme::Scheme;
use crate::bits::{Packer, Unpacker};
use crate::he::ring::power;
use crate::modulus::Modulus;

/// One coefficient of responses at the edge of its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The coefficient. One more in coefficient 0 adds 1 to all slots; in others, hardly any slot stays near its value.
    pub coefficient: usize,
    /// How far behind it the coefficient of the key is that may move it.
    pub ahead: usize,
    /// The value with which that takes it over the edge: -1 or 1.
    pub value: i8,
}

/// How the coefficients of a response are sent: modulo a number, in so many bits; a quarter of a step, and what brings a coefficient to its edge.
struct Limb {
    modulus: u64,
    bits: u32,
    quarter: u64,
    edge: u64,
}

impl Limb {
    /// Those of a response.
    fn all(scheme: &Scheme, form: Form) -> Vec<Self> {
        let p = scheme.modulus();
        match form {
            Form::Switched => {
                let modulus = 1 << SWITCHED_BITS;
                vec![Self { modulus, bits: SWITCHED_BITS, quarter: modulus / p / 4, edge: modulus / p / 8 * 3 }]
            }
            Form::Whole => {
                let part = |x, prime| eighths(x, p, &scheme.outer.primes().collect::<Vec<_>>(), prime);
                let limb = |modulus| Self {
                    modulus,
                    bits: OUTER.prime_bits,
                    quarter: part(2, modulus),
                    edge: part(3, modulus),
                };
                scheme.outer.primes().map(limb).collect()
            }
        }
    }
}

/// The whole part of `x` eighths of a step, `q x / 8p` with `q` the product of the primes, modulo one of them: `-(q x mod 8p) / 8p`.
fn eighths(x: u64, p: u64, primes: &[u64], prime: u64) -> u64 {
    let (modulus, divisor) = (Modulus::Prime(prime), 8 * u128::from(p));
    let rest = primes.iter().fold(u128::from(x), |rest, prime| rest * u128::from(*prime) % divisor);
    let reduced = |x: u128| (x % u128::from(prime)) as u64;
    modulus.sub(0, modulus.mul(reduced(rest), power(reduced(divisor), prime - 2, prime)))
}

/// Changes every response of a message so that all its slots are right unless a coefficient of the key has the value of the edge: coefficient `coefficient + ahead`.
///
/// # Panics
/// If that is no coefficient of the key.
#[must_use]
pub fn at_the_edge(scheme: &Scheme, form: Form, message: &[u8], edge: Edge) -> Vec<u8> {
    let Edge { coefficient, ahead, value } = edge;
    assert!(coefficient + ahead < DEGREE && ahead > 0, "a coefficient of the key");
    let limbs = Limb::all(scheme, form);
    let (mut unpacker, mut packer) = (Unpacker::new(message), Packer::with_capacity(message.len()));
    for polynomial in 0..2 * (message.len() * 8 / form.bits()) {
        for Limb { modulus, bits, quarter, edge } in &limbs {
            // The place `N - j` of `a` moves coefficient `i` by `-s_(i + j)`.
            let (at, more) = match polynomial % 2 {
                0 => (DEGREE - ahead, *quarter),
                _ if value < 0 => (coefficient, *edge),
                _ => (coefficient, modulus - edge),
            };
            for index in 0..DEGREE {
                let word = unpacker.pull(*bits);
                packer.push(if index == at { (word + more) % modulus } else { word }, *bits);
            }
        }
    }
    packer.finish()
}
