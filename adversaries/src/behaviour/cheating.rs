//! A server that deviates from a protocol with full active security.

use crate::strategy::{Hypothesis, Move, Strategy, Touches, View};
use fusion_active::cheat::Cheat;
use rand_core::Rng;

/// A server that deviates in one way from SPDZ, whose checks let it through with a probability that is bounded ([`fusion_active::soundness`]).
#[derive(Clone, Copy, Debug)]
pub struct Cheating(pub Cheat);

impl Strategy for Cheating {
    fn moves(&self) -> &[Move] {
        &[]
    }

    fn session(&self, _: &View, _: &mut dyn Rng, _: &mut Touches) {}

    fn cheat(&self) -> Option<Cheat> {
        Some(self.0)
    }

    fn breaks(&self) -> Vec<Hypothesis> {
        // The session ends before it is answered, or a check failed to catch what was changed.
        vec![Hypothesis::H4a]
    }
}
