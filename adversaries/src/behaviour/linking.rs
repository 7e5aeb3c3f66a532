//! The linking game: does the server see which slots belong together?

use crate::law::Case;
use crate::strategy::{Move, Strategy, Touches, View};
use fusion_spec::mix::Slot;
use rand_core::Rng;
use rug::Rational;

/// A server that serves honestly, and names two slots that it claims hold copies of one query. It wins if they do. If it wins more often
/// than at the baseline `R C(B,2)/C(N,2)`, H2 is broken.
#[derive(Clone, Copy, Debug)]
pub struct Linking(pub [Slot; 2]);

impl Strategy for Linking {
    fn moves(&self) -> &[Move] {
        &[]
    }

    fn session(&self, _: &View, _: &mut dyn Rng, _: &mut Touches) {}

    fn cases(&self, _: &View) -> Option<Vec<Case>> {
        Some(vec![Case { weight: Rational::from(1), slots: 0, moves: Vec::new() }])
    }

    fn link(&self) -> Option<[Slot; 2]> {
        Some(self.0)
    }
}
