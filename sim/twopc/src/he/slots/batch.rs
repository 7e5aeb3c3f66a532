//! Slots: the values of a polynomial modulo `p` at the `2N`-th roots of unity, in an order in which automorphisms rotate them.

use super::parameters::DEGREE;
use crate::he::ring::multiply;
use std::collections::HashMap;
use std::sync::Arc;
use tfhe_ntt::prime64::Plan;

/// The number of slots of a ciphertext, in two rows of half as many.
pub const SLOTS: usize = DEGREE;

/// Powers of this element reach every slot of a row.
pub(super) const GENERATOR: usize = 3;

/// The exponents that a transform of some prime has at its places: a transformed polynomial holds its value at the power `exponents[place]`
/// of the root that stands at the place 0.
pub(super) fn exponents(transform: impl Fn(&mut [u64]), prime: u64) -> Vec<usize> {
    exponents_of(&roots(transform), 0, prime)
}

/// The values at all places of the polynomial `X`: each primitive root once.
fn roots(transform: impl Fn(&mut [u64])) -> Vec<u64> {
    let mut roots = vec![0; DEGREE];
    roots[1] = 1;
    transform(&mut roots);
    roots
}

fn exponents_of(roots: &[u64], base: usize, prime: u64) -> Vec<usize> {
    let square = multiply(roots[base], roots[base], prime);
    let odd = std::iter::successors(Some(roots[base]), |&power| Some(multiply(power, square, prime)));
    let logarithms: HashMap<u64, usize> = odd.take(DEGREE).zip((1..).step_by(2)).collect();
    roots.iter().map(|root| logarithms[root]).collect()
}

/// For each odd exponent `2 i + 1` the place `i` at which it stands.
pub(super) fn places(exponents: &[usize]) -> Vec<usize> {
    let mut places = vec![0; exponents.len()];
    exponents.iter().enumerate().for_each(|(place, exponent)| places[exponent / 2] = place);
    places
}

/// The slots of polynomials modulo a prime.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    plan: Arc<Plan>,
    /// The place of each slot in a transformed polynomial.
    slots: Arc<[usize]>,
}

impl Batch {
    /// Slot `i` of the first row is the value at the power `3^i` of the least primitive root, and slot `i` of the second row that at `-3^i`: an order
    /// that does not depend on the transform.
    pub fn new(prime: u64) -> Self {
        let Some(plan) = Plan::try_new(DEGREE, prime) else {
            panic!("{prime} is not a prime that is 1 modulo {}", 2 * DEGREE)
        };
        let roots = roots(|polynomial| plan.fwd(polynomial));
        let least = (0..DEGREE).min_by_key(|&place| roots[place]).unwrap_or(0);
        let places = places(&exponents_of(&roots, least, prime));
        let power = |power: &usize| Some(power * GENERATOR % (2 * DEGREE));
        let row: Vec<usize> = std::iter::successors(Some(1), power).take(SLOTS / 2).collect();
        let second = row.iter().map(|exponent| 2 * DEGREE - exponent);
        let slots = row.iter().copied().chain(second).map(|exponent| places[exponent / 2]).collect();
        Self { plan: Arc::new(plan), slots }
    }

    /// The coefficients, modulo the prime, of the polynomial with these slots, which are below the prime.
    pub fn polynomial(&self, slots: &[u64]) -> Vec<u64> {
        let mut polynomial = vec![0; DEGREE];
        self.slots.iter().zip(slots).for_each(|(&place, &value)| polynomial[place] = value);
        self.plan.inv(&mut polynomial);
        self.plan.normalize(&mut polynomial);
        polynomial
    }

    /// The slots of a polynomial.
    pub fn slots(&self, mut polynomial: Vec<u64>) -> Vec<u64> {
        self.plan.fwd(&mut polynomial);
        self.slots.iter().map(|&place| polynomial[place]).collect()
    }
}
