//! A server that spends the verdicts of several sessions on the correlation of the client's transfers.

use crate::probe::{Prober, Search};
use crate::strategy::{Hypothesis, Move, Strategy, Touches, View};
use fusion_2pc::ot::probe::Parts;
use fusion_spec::bound::outside::Rates;
use fusion_spec::bound::probed::named_right;
use rand_core::Rng;
use rug::{Integer, Rational};

/// A server that guesses a part of the client's correlation in each session ([`Search`]), and at the end names as many parts as its sessions can decide: a bit for each
/// session where transfers are extended by columns, and one byte where they are extended by trees. It wins the trial if it names them right.
#[derive(Clone, Copy, Debug)]
pub struct ProbeDelta {
    parts: Parts,
    sessions: u32,
    kept: bool,
}

impl ProbeDelta {
    /// A server in trials of so many sessions. `kept` says that the client keeps its correlation.
    #[must_use]
    pub fn new(parts: Parts, sessions: u32, kept: bool) -> Self {
        Self { parts, sessions, kept }
    }

    /// The most sessions of which the rate is known: those that decide every bit, or one byte.
    #[must_use]
    pub fn most_sessions(parts: Parts) -> u32 {
        if parts.values() == 2 { parts.count } else { parts.values() - 1 }
    }

    /// The number of parts that are named.
    fn wanted(self) -> u32 {
        self.sessions.div_ceil(self.parts.values() - 1)
    }
}

/// Whether answers that have nothing to do with the images are accepted with no more than `2^-40`, if every label is as likely.
pub(super) fn garbage_is_rejected(view: &View) -> bool {
    let params = view.params;
    passes_rarely(view, params.T() + params.R() * (params.B() - 1))
}

/// Whether so many labels that have to be one each are right with no more than `2^-40`, if every label is as likely.
pub(super) fn passes_rarely(view: &View, labels: u64) -> bool {
    let outcomes = (0..labels.min(40)).fold(Integer::from(1), |outcomes, _| outcomes * view.classes);
    view.params.slack() == 0 && outcomes >= Integer::from(1) << 40
}

/// The rates of a trial in which a part of a secret is named, of so many values: see [`named_right`]. `None` where they are not known, as garbage may be accepted.
pub(super) fn naming(view: &View, values: u32, sessions: u32, kept: bool) -> Option<Rates> {
    let win = named_right(values, sessions, kept).filter(|_| garbage_is_rejected(view))?;
    Some(Rates { harmless: Rational::from(1 - &win), win })
}

impl Strategy for ProbeDelta {
    fn moves(&self) -> &[Move] {
        &[]
    }

    fn session(&self, _: &View, _: &mut dyn Rng, _: &mut Touches) {}

    fn trial(&self, view: &View) -> Option<Rates> {
        naming(view, self.parts.values(), self.sessions, self.kept)
    }

    fn prober(&self, _: &View, coins: &mut dyn Rng) -> Option<Box<dyn Prober>> {
        Some(Box::new(Search::new(self.parts, self.wanted(), coins)))
    }

    fn breaks(&self) -> Vec<Hypothesis> {
        vec![Hypothesis::H7]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_2pc::ot::Extension;
    use fusion_spec::params::Params;

    fn win(extension: Extension, sessions: u32, kept: bool, T: u64) -> Option<Rational> {
        let view = View::new(Params::new(1, 2, T, 0).expect("legal"), 10).expect("small");
        ProbeDelta::new(Parts::of(extension), sessions, kept).trial(&view).map(|rates| rates.win)
    }

    #[test]
    fn rates_are_known_where_garbage_is_rejected() {
        assert_eq!(win(Extension::Iknp, 5, true, 12), Some(Rational::from(1)));
        assert_eq!(win(Extension::Iknp, 5, false, 12), Some(Rational::from((1, 32))));
        assert_eq!(win(Extension::SoftSpoken, 15, true, 12), Some(Rational::from((1, 16))));
        assert_eq!(win(Extension::SoftSpoken, 15, false, 12), Some(Rational::from((1, 256))));
        assert_eq!(win(Extension::Iknp, 5, true, 11), None, "garbage passes with 1e-12, more than 2^-40");
        let most = |extension| ProbeDelta::most_sessions(Parts::of(extension));
        assert_eq!([Extension::Iknp, Extension::SoftSpoken].map(most), [128, 255]);
        assert_eq!(win(Extension::Ferret, 256, true, 12), None);
    }

    #[test]
    fn it_names_what_its_sessions_decide() {
        let named = |extension, sessions| {
            let server = ProbeDelta::new(Parts::of(extension), sessions, true);
            let view = View::new(Params::new(1, 2, 12, 0).expect("legal"), 10).expect("small");
            let prober = server.prober(&view, &mut rand_pcg::Pcg64::new(1, 2));
            prober.expect("it probes").names().len()
        };
        assert_eq!([1, 7, 128].map(|sessions| named(Extension::Iknp, sessions)), [1, 7, 128]);
        assert_eq!([1, 7, 255].map(|sessions| named(Extension::SoftSpoken, sessions)), [1, 1, 1]);
    }
}
