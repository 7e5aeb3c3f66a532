//! A server that guesses a part of the correlation of the client's transfers in one session, whose verdict is that of the trial.

use super::probe_delta::garbage_is_rejected;
use crate::probe::{Prober, Search};
use crate::strategy::{Hypothesis, Move, Strategy, Touches, View};
use fusion_2pc::ot::check::Checks;
use fusion_2pc::ot::probe::Parts;
use fusion_spec::bound::outside::Rates;
use rand_core::Rng;
use rug::Rational;

/// A server that guesses one part of the client's correlation, a bit or a byte, and sends what is consistent with its guess. A right guess changes no answer. After a
/// wrong one all answers are garbage, or the check of the extension fails where the client asks for one: both `r` bits and the check let the server through with `2^-r`
/// (Roy, CRYPTO 2022; [`fusion_2pc::ot::check`]).
#[derive(Clone, Copy, Debug)]
pub struct GuessDelta {
    parts: Parts,
    checks: Checks,
}

impl GuessDelta {
    /// A server that guesses one of these parts, of a client that asks for these checks.
    #[must_use]
    pub fn new(parts: Parts, checks: Checks) -> Self {
        Self { parts, checks }
    }
}

impl Strategy for GuessDelta {
    fn moves(&self) -> &[Move] {
        &[]
    }

    fn session(&self, _: &View, _: &mut dyn Rng, _: &mut Touches) {}

    /// A trial without a rule for several sessions is its one session, so that nothing is named at its end.
    fn trial(&self, view: &View) -> Option<Rates> {
        let rates = Rates { win: Rational::new(), harmless: Rational::from((1, self.parts.values())) };
        (self.checks.is_active() || garbage_is_rejected(view)).then_some(rates)
    }

    fn prober(&self, _: &View, coins: &mut dyn Rng) -> Option<Box<dyn Prober>> {
        Some(Box::new(Search::new(self.parts, 1, coins)))
    }

    fn breaks(&self) -> Vec<Hypothesis> {
        match self.checks {
            Checks::None => vec![Hypothesis::H4b],
            // It is right everywhere, or the session ends before it is answered.
            Checks::Active => vec![Hypothesis::H4a],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_2pc::backend::probe::Probe;
    use fusion_2pc::ot::Extension;
    use fusion_2pc::ot::probe::Guess;
    use fusion_spec::params::Params;

    fn accepted(extension: Extension, checks: Checks, T: u64) -> Option<Rational> {
        let view = View::new(Params::new(2, 1, T, 0).expect("legal"), 10).expect("small");
        let rates = GuessDelta::new(Parts::of(extension), checks).trial(&view)?;
        assert_eq!(rates.win, 0, "answers are right, or nothing is accepted");
        Some(rates.accepted())
    }

    #[test]
    fn r_bits_pass_with_their_chance_and_garbage_needs_publics_where_nothing_is_checked() {
        assert_eq!(accepted(Extension::Iknp, Checks::Active, 1), Some(Rational::from((1, 2))));
        assert_eq!(accepted(Extension::SoftSpoken, Checks::Active, 1), Some(Rational::from((1, 256))));
        assert_eq!(accepted(Extension::Iknp, Checks::None, 13), Some(Rational::from((1, 2))));
        assert_eq!(accepted(Extension::Iknp, Checks::None, 1), None, "one public passes by chance");
    }

    /// Over many coins each value of a byte is guessed, none much more often than others: 6,400 draws of 256 values, of which one has more than 75 with probability
    /// below 256 * 1e-14 (Chernoff, three times the mean).
    #[test]
    fn every_value_of_a_part_is_guessed_as_often() {
        let view = View::new(Params::new(2, 1, 1, 0).expect("legal"), 10).expect("small");
        let server = GuessDelta::new(Parts::of(Extension::SoftSpoken), Checks::Active);
        let mut counts = [0; 256];
        for seed in 0..6_400 {
            let mut prober = server.prober(&view, &mut rand_pcg::Pcg64::new(seed, 1)).expect("it guesses");
            let Some(Probe::Correlation(Guess { part: 0, value })) = prober.asks() else {
                panic!("it guesses one part")
            };
            counts[usize::from(value)] += 1;
        }
        assert!(counts.iter().all(|count| (1..=75).contains(count)), "{counts:?}");
    }
}
