//! The probability with which a party that cheats gets through, or learns something, as named terms; decision 34 has the argument.

use crate::field::PRIME;
use crate::leviosa::cost::Size;
use crate::leviosa::ole::{distance_of, most_ciphertexts};
use crate::leviosa::packed::{Code, watched_bound};
use crate::soundness::Term;
use rug::Rational;

/// All ways to get through in a run, for either party.
///
/// # Panics
/// If the run has more ciphertexts than the noise hides.
#[must_use]
pub fn terms(code: &Code, size: Size) -> Vec<Term> {
    assert!(size.ciphertexts() <= most_ciphertexts(code), "what the noise hides is bounded up to that only");
    let of_field = |numerator: usize| Rational::from((numerator as u64, PRIME));
    let Some(told) = Rational::from_f64(distance_of(code.servers() * size.ciphertexts())) else {
        unreachable!("a finite distance")
    };
    let watched = watched_bound(code.servers(), code.watched, code.wrong);
    let term = |name, each, times| Term { name, each, times };
    vec![
        term("more bad servers than may be escape the watch", watched, 2),
        term("a party that watches more servers guesses a token", of_field(1), 2),
        term("blocks far from the code pass the test of their degree", of_field(code.servers()), 2),
        term("a wrong share cancels in the test of degrees", of_field(code.servers()), 2),
        term("copies that differ pass their test", of_field(1), 2),
        term("wrong outputs pass the test of products", of_field(1), 2),
        term("the noise of all answers tells of a factor", told, 1),
    ]
}

/// The probability that an honest client stops, at most: it reads the server's share off an answer, which it cannot where its own share is 0.
#[must_use]
pub fn false_alarm(code: &Code, size: Size) -> Rational {
    Rational::from((code.watched, PRIME)) * size.blocks
}
