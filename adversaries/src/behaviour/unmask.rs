//! A server that reads what slots hold, and answers one group of copies wrongly.

use crate::program::OneGroup;
use crate::strategy::{Hypothesis, Move, Strategy, Touches, View};
use fusion_2pc::session::ServerProgram;
use fusion_spec::bound::linked::unmasked;
use fusion_spec::bound::outside::Rates;
use rand_core::Rng;

/// A server that reads what slots hold, and answers one group of copies wrongly ([`OneGroup`]). It needs a family that exposes slots.
#[derive(Clone, Copy, Debug)]
pub struct Unmask;

impl Strategy for Unmask {
    fn moves(&self) -> &[Move] {
        &[]
    }

    fn session(&self, _: &View, _: &mut dyn Rng, _: &mut Touches) {}

    fn exact(&self, view: &View) -> Option<Rates> {
        unmasked(view.params, view.slots_per_message.min(view.slots).into()).ok()
    }

    fn program(&self, _: &View) -> Option<Box<dyn ServerProgram>> {
        Some(Box::new(OneGroup::default()))
    }

    fn breaks(&self) -> Vec<Hypothesis> {
        vec![Hypothesis::H2, Hypothesis::H3]
    }
}
