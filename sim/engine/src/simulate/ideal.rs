//! Sessions at `ideal`: a trusted third party evaluates the models in fixed point, and adds values where the server asks it to.

use super::client::Answers;
use super::deviant::{Deviant, Output};
use super::session::{Asked, Inference, Judged, Position, Turn};
use super::stream::Purpose;
use super::world::World;
use fusion_2pc::session::ServerProgram;
use fusion_2pc::{ideal, session};
use fusion_adversaries::strategy::{Touches, View};
use fusion_spec::verdict::Label;
use rand_core::Rng;

/// The third party that computes the answers, and that both parties trust.
#[derive(Clone, Copy, Debug)]
pub struct Trusted;

/// Sessions whose answers are evaluated by a trusted third party.
pub type Ideal<'w> = Judged<'w, Trusted>;

impl<'w> Ideal<'w> {
    /// Makes the working memory for sessions in a world.
    #[must_use]
    pub fn new(view: &View, world: &'w World) -> Self {
        Self::with(view, world, Trusted)
    }
}

impl Inference for Trusted {
    const STRIDE: u64 = 64;

    fn answer(
        &mut self,
        world: &World,
        asked: &[Asked],
        at: &Position<'_, '_>,
        touches: &Touches,
        program: Option<&mut dyn ServerProgram>,
    ) -> Option<Answers> {
        if program.is_some() || at.probe.is_some() {
            return None;
        }
        let coins = |purpose| at.server.streams.coins(purpose, at.trial, at.session);
        let (mut truncation, mut shares) = (coins(Purpose::Truncation), coins(Purpose::Shares));
        let deviant = Deviant::new(world, asked, at.server.strategy.moves(), touches, coins(Purpose::Messages));
        let mut label = |one: &Asked| match (&deviant, one.service.turn) {
            (_, Turn::To(label)) => Some(Label(label)),
            (Some(deviant), turn) if deviant.touches(one.slot) => {
                let label = added(world, deviant, one, asked.len(), &mut shares)?;
                Some(Label(turn.of(label, world.classes())))
            }
            (_, turn) => {
                let label = world.evaluate(one.service.model, one.image, &mut truncation);
                Some(Label(turn.of(label, world.classes())))
            }
        };
        let mut labels = Vec::with_capacity(asked.len());
        for one in asked {
            labels.push(label(one)?);
        }
        Some(Answers::at_once(labels))
    }
}

/// Returns the answer on a slot where the server adds to shares; `None` for a model without a circuit.
fn added<R>(world: &World, deviant: &Deviant<R>, asked: &Asked, slots: usize, coins: &mut impl Rng) -> Option<u32> {
    let (protocols, circuit) = world.semi_honest()?;
    let model = &world.models()[asked.service.model];
    let pixels = model.pixels(world.image(asked.image)).ok()?;
    let mut chunks = session::chunks(slots, world.slots_per_message()? as usize);
    let chunk = chunks.find(|chunk| chunk.contains(&(asked.slot as usize)))?;
    let flips = protocols.backend.family().garbles();
    let logits = ideal::logits(circuit, model, &pixels, coins, |step, inputs, values| {
        let address = step.address.in_slots(chunk.clone());
        deviant.add(asked.slot, values, &Output::of(circuit, step, &address, inputs, flips));
    });
    let labels: Vec<u32> = (0..world.classes()).collect();
    Some(ideal::argmax(circuit, &logits, &labels))
}
