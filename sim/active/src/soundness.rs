//! The probability with which a party that cheats gets through, or learns something: named terms, each exact, and their sum.
//!
//! The terms add up by the union bound over everything that an inference checks. Not among them is what [`crate`] lists as not covered; and of the
//! random oracle of proofs, `Q` questions add `Q / 2^128`.

use crate::field::PRIME;
use crate::lowgear::parameters::{DEGREE, MOST_ATTEMPTS, ROWS, distance_of};
use crate::predicted::Predicted;
use rug::ops::Pow;
use rug::{Integer, Rational};

/// A way to get through: its probability at each place, at most, and the number of places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// What happens.
    pub name: &'static str,
    /// The probability at each place, at most.
    pub each: Rational,
    /// The number of places.
    pub times: usize,
}

impl Term {
    /// The probability that it happens anywhere, at most.
    #[must_use]
    pub fn total(&self) -> Rational {
        self.each.clone() * self.times
    }
}

/// All ways to get through in an inference.
///
/// The outputs of matrices are off by errors that are affine in what the honest party drew. They vanish by chance, cancel under the coins of the sacrifice, or cancel under those of the check of codes, or the key is guessed:
/// `4/p` for all layers together, which are sacrificed at once (decision 30).
///
/// # Panics
/// If the inference is too long for a pair of keys.
#[must_use]
pub fn terms(predicted: &Predicted) -> Vec<Term> {
    assert!(predicted.is_within_keys(), "what the noise hides is bounded up to that only");
    let challenges = Integer::from(2 * DEGREE + 1).pow(ROWS as u32);
    let forged = Rational::from((Integer::from(MOST_ATTEMPTS), challenges));
    let of_field = |numerator: u64| Rational::from((numerator, PRIME));
    let Some(told) = Rational::from_f64(distance_of(predicted.answers)) else { unreachable!("a finite distance") };
    let term = |name, each, times| Term { name, each, times };
    let mut terms = vec![
        term("a proof passes without a short opening", forged, predicted.proofs),
        term("fresh values under another key pass", of_field(3), predicted.authentications),
        term("a wrong triple passes its sacrifice", of_field(3), predicted.sacrifices),
        term("a wrong opening passes a check of codes", of_field(3), predicted.checks),
        term("a mask of a comparison tells of its integer", of_field(1), predicted.masks),
        term("the noise of all answers tells of a factor", told, 1),
    ];
    if predicted.matrices > 0 {
        terms.push(term("a wrong triple of matrices passes its sacrifice", of_field(4), 1));
    }
    terms
}

/// The sum of the terms.
#[must_use]
pub fn bound(terms: &[Term]) -> Rational {
    terms.iter().map(Term::total).sum()
}

/// The probability that two honest parties stop, as the square of a random bit is 0, at most.
#[must_use]
pub fn false_alarm(predicted: &Predicted) -> Rational {
    Rational::from((predicted.bits as u64, PRIME))
}
