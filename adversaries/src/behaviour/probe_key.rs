//! A server that spends the verdicts of two sessions on a coefficient of the client's encryption key.

use super::probe_delta::naming;
use crate::probe::{KeySearch, Prober};
use crate::strategy::{Hypothesis, Move, Strategy, Touches, View};
use fusion_spec::bound::outside::Rates;
use rand_core::Rng;

/// A server that tests values of a coefficient of the client's ternary key ([`KeySearch`]), where that encrypts vectors in slots, and names the coefficient at the end. It wins the trial if it names
/// it right.
#[derive(Clone, Copy, Debug)]
pub struct ProbeKey {
    sessions: u32,
    kept: bool,
}

impl ProbeKey {
    /// The most sessions that tell something of a coefficient.
    pub const MOST_SESSIONS: u32 = 2;

    /// A server in trials of so many sessions, one or two. `kept` says that the client keeps its key.
    #[must_use]
    pub fn new(sessions: u32, kept: bool) -> Self {
        Self { sessions, kept }
    }
}

impl Strategy for ProbeKey {
    fn moves(&self) -> &[Move] {
        &[]
    }

    fn session(&self, _: &View, _: &mut dyn Rng, _: &mut Touches) {}

    /// One of three values is ruled out, or found, by each session, as if it had been guessed.
    fn trial(&self, view: &View) -> Option<Rates> {
        naming(view, 3, self.sessions, self.kept)
    }

    fn prober(&self, _: &View, coins: &mut dyn Rng) -> Option<Box<dyn Prober>> {
        Some(Box::new(KeySearch::new(coins)))
    }

    fn breaks(&self) -> Vec<Hypothesis> {
        vec![Hypothesis::H7]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_2pc::backend::probe::{Coefficient, Probe};
    use fusion_spec::bound::probed::named_right;
    use fusion_spec::params::Params;
    use rand_pcg::Pcg64;
    use rug::Rational;

    /// How often a server of so many sessions names a coefficient right, over the three values and 20 draws of its coins.
    fn rate(sessions: u32) -> Rational {
        let named = |value: i8, seed: u128| {
            let view = View::new(Params::new(1, 2, 12, 0).expect("legal"), 10).expect("small");
            let mut prober = ProbeKey::new(sessions, true).prober(&view, &mut Pcg64::new(seed, 1)).expect("it probes");
            for _ in 0..sessions {
                let Some(Probe::Key(asked)) = prober.asks() else { panic!("{value} is not known yet") };
                prober.told(asked.value != value);
                if asked.value == value {
                    break;
                }
            }
            matches!(prober.names()[..], [Probe::Key(Coefficient { value: named, .. })] if named == value)
        };
        let right = [-1, 0, 1].into_iter().flat_map(|value| (0..20).map(move |seed| (value, seed)));
        Rational::from((right.filter(|(value, seed)| named(*value, *seed)).count(), 60))
    }

    /// With one session, whatever the coins are: 0 is named right, and the value that was asked about.
    #[test]
    fn two_sessions_decide_a_coefficient() {
        for sessions in [1, 2] {
            assert_eq!(Some(rate(sessions)), named_right(3, sessions, true));
        }
    }

    #[test]
    fn a_server_that_knows_asks_no_more() {
        let mut search = KeySearch::new(&mut Pcg64::new(3, 1));
        let asked = search.asks();
        search.told(false);
        assert_eq!((search.asks(), search.names()), (None, asked.into_iter().collect()));
        search.told(false);
        assert_eq!(search.names(), asked.into_iter().collect::<Vec<_>>(), "an honest session tells nothing");
    }
}
