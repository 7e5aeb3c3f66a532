//! The linking game: does the server see which slots belong together?

use crate::law::Case;
use crate::program::Matching;
use crate::strategy::{Hypothesis, Move, Strategy, Touches, View};
use fusion_2pc::backend::Exposure;
use fusion_2pc::session::ServerProgram;
use fusion_spec::bound::outside::{Rates, linking_baseline};
use fusion_spec::mix::Slot;
use rand_core::Rng;
use rug::Rational;

/// A server that serves honestly, and names two slots that it claims hold copies of one query. It wins if they do. If it wins more often
/// than at the baseline `R C(B,2)/C(N,2)`, H2 is broken.
#[derive(Clone, Copy, Debug)]
pub enum Linking {
    /// It names these slots.
    Named([Slot; 2]),
    /// It names the two slots that look most alike in all that it has read ([`Matching`]).
    Best {
        /// What it can read of slots.
        reads: Exposure,
    },
}

impl Strategy for Linking {
    fn moves(&self) -> &[Move] {
        &[]
    }

    fn session(&self, _: &View, _: &mut dyn Rng, _: &mut Touches) {}

    fn cases(&self, _: &View) -> Option<Vec<Case>> {
        if matches!(self, Self::Best { reads: Exposure::Likeness }) {
            return None;
        }
        Some(vec![Case { weight: Rational::from(1), slots: 0, moves: Vec::new() }])
    }

    /// The baseline; or, where it reads what is the same for copies, 1, unless no query has a copy. Of likeness there is no rate.
    fn exact(&self, view: &View) -> Option<Rates> {
        let win = match self {
            Self::Best { reads: Exposure::Samples } => Rational::from(u8::from(view.params.B() > 1)),
            Self::Best { reads: Exposure::Likeness } => return None,
            Self::Named(_) | Self::Best { reads: Exposure::Nothing } => linking_baseline(view.params)?,
        };
        Some(Rates { harmless: Rational::from(1 - &win), win })
    }

    fn link(&self) -> Option<[Slot; 2]> {
        match self {
            Self::Named(slots) => Some(*slots),
            Self::Best { .. } => None,
        }
    }

    fn program(&self, _: &View) -> Option<Box<dyn ServerProgram>> {
        match self {
            Self::Named(_) => None,
            Self::Best { .. } => Some(Box::new(Matching::default())),
        }
    }

    fn breaks(&self) -> Vec<Hypothesis> {
        match self {
            Self::Best { reads: Exposure::Likeness | Exposure::Samples } => vec![Hypothesis::H2],
            Self::Named(_) | Self::Best { reads: Exposure::Nothing } => Vec::new(),
        }
    }
}
