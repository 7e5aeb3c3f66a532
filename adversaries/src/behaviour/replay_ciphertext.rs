//! A server that spends verdicts on an input of an earlier session, under a key that the client keeps.

use super::probe_delta::passes_rarely;
use crate::probe::{Prober, Replayer};
use crate::strategy::{Hypothesis, Move, Strategy, Touches, View};
use fusion_spec::bound::outside::Rates;
use fusion_spec::bound::probed::named_right;
use rand_core::Rng;
use rug::Rational;

/// A server that keeps an encrypted image of the first session, and in each later one asks for a parity of random values of it ([`Replayer`]). It wins the trial if it names all of
/// them right.
#[derive(Clone, Copy, Debug)]
pub struct ReplayCiphertext {
    sessions: u32,
    kept: bool,
}

impl ReplayCiphertext {
    /// The most sessions that a script may ask for: parities of more values than a layer reads depend on one another.
    pub const MOST_SESSIONS: u32 = 256;

    /// A server in trials of so many sessions, two or more. `kept` says that the client keeps its key.
    #[must_use]
    pub fn new(sessions: u32, kept: bool) -> Self {
        Self { sessions, kept }
    }

    /// The number of parities that are asked for.
    fn wanted(self) -> u32 {
        self.sessions.saturating_sub(1)
    }
}

impl Strategy for ReplayCiphertext {
    fn moves(&self) -> &[Move] {
        &[]
    }

    fn session(&self, _: &View, _: &mut dyn Rng, _: &mut Touches) {}

    /// Under another key every session after the first is rejected, and every parity is named odd: of an image with an odd value each is, with 1/2. All copies of a query are answered with
    /// the same error or none, so that only publics count.
    fn trial(&self, view: &View) -> Option<Rates> {
        let rarely = passes_rarely(view, view.params.T());
        let win = named_right(2, self.wanted(), self.kept).filter(|_| rarely)?;
        Some(Rates { harmless: Rational::from(1 - &win), win })
    }

    fn prober(&self, _: &View, coins: &mut dyn Rng) -> Option<Box<dyn Prober>> {
        Some(Box::new(Replayer::new(self.wanted(), coins)))
    }

    fn breaks(&self) -> Vec<Hypothesis> {
        vec![Hypothesis::H7]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_2pc::backend::probe::{Parity, Probe};
    use fusion_spec::params::Params;
    use rand_pcg::Pcg64;

    fn view(T: u64) -> View {
        View::new(Params::new(1, 2, T, 0).expect("legal"), 10).expect("small")
    }

    #[test]
    fn a_session_is_kept_and_each_later_one_tells_a_parity() {
        let server = ReplayCiphertext::new(3, true);
        let mut prober = server.prober(&view(13), &mut Pcg64::new(1, 2)).expect("it probes");
        let mut asked = Vec::new();
        for accepted in [true, true, false] {
            asked.push(prober.asks());
            prober.told(accepted);
        }
        let [Some(Probe::Keep), Some(Probe::Earlier(first)), Some(Probe::Earlier(second))] = asked[..] else {
            panic!("{asked:?}")
        };
        assert!(first.of != second.of && !first.odd && !second.odd);
        assert_eq!(prober.names(), [first, Parity { odd: true, ..second }].map(Probe::Earlier));
        assert_eq!(prober.asks(), None);
    }

    #[test]
    fn the_first_session_tells_nothing() {
        let win = |sessions, kept, T| ReplayCiphertext::new(sessions, kept).trial(&view(T)).map(|rates| rates.win);
        assert_eq!(win(3, true, 13), Some(Rational::from(1)));
        assert_eq!(win(3, false, 13), Some(Rational::from((1, 4))));
        assert_eq!(win(3, true, 12), None, "twelve publics are all right with 1e-12, more than 2^-40");
    }
}
