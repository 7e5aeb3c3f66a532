//! A trusted third party evaluates the models in fixed point.

use super::session::{Answers, Asked, Inference, Judged, Position, Turn};
use super::stream::Purpose;
use super::world::World;
use fusion_adversaries::strategy::{Touches, View};
use fusion_spec::verdict::Label;

/// Whom both parties trust.
#[derive(Clone, Copy, Debug)]
pub struct Trusted;

/// Sessions whose answers are evaluated by a trusted third party.
pub type Ideal<'w> = Judged<'w, Trusted>;

impl<'w> Ideal<'w> {
    /// Memory for sessions in a world.
    #[must_use]
    pub fn new(view: &View, world: &'w World) -> Self {
        Self::with(view, world, Trusted)
    }
}

impl Inference for Trusted {
    fn answer(&mut self, world: &World, asked: &[Asked], at: &Position<'_, '_>, _: &Touches) -> Option<Answers> {
        let mut truncation = at.server.streams.coins(Purpose::Truncation, at.trial, at.session);
        let mut label = |asked: &Asked| match asked.service.turn {
            Turn::To(label) => Label(label),
            turn @ Turn::By(_) => {
                Label(turn.of(world.evaluate(asked.service.model, asked.image, &mut truncation), world.classes()))
            }
        };
        Some(Answers { labels: asked.iter().map(&mut label).collect(), end: None })
    }
}
