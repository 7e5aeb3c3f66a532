//! A server whose weights are encrypted is bound to them: what strategies cannot do then.

use super::loader::Loader;
use crate::simulate::World;
use fusion_2pc::backend::Choice;
use fusion_2pc::linear::Linear;
use fusion_adversaries::problem::{Mark, Problem};
use fusion_adversaries::script::{ActSection, Draft, Fidelity, ProgramName, Spot, StrategyKind};

/// The protocols as a campaign plays them: `linear: auto` is `images` where a strategy does what encrypted weights rule out.
pub fn played(draft: &Draft, backend: Choice) -> Choice {
    let free = backend.linear() != Linear::Auto || ruled_out(draft).is_empty();
    if free { backend } else { backend.with_images() }
}

/// What strategies at `real` do that a server with encrypted weights cannot, each with its place.
fn ruled_out(draft: &Draft) -> Vec<(Mark, &'static str)> {
    let real = draft.strategies.iter().filter(|strategy| draft.fidelity_of(&strategy.section) == Some(Fidelity::Real));
    let mut found = Vec::new();
    for strategy in real {
        let kind = &strategy.section.kind;
        found.extend(kind.moves().filter_map(|section| match &section.act {
            ActSection::Model { model, .. } => {
                Some((model.mark, "a server whose weights are encrypted cannot put another model on a slot"))
            }
            _ => None,
        }));
        if let StrategyKind::Program { program: Spot { value: ProgramName::ReplayCiphertext, mark }, .. } = kind {
            found.push((
                *mark,
                "`replay-ciphertext` asks about what the client encrypts, and by encrypted weights it encrypts nothing",
            ));
        }
    }
    found
}

impl Loader {
    /// Checks that no strategy needs weights that are not encrypted, where they are.
    pub(super) fn bound_to_weights(&mut self, draft: &Draft, world: &World) {
        if world.protocols().backend.linear() != Linear::Weights {
            return;
        }
        for (mark, message) in ruled_out(draft) {
            let help = "choose `linear: images`, or `linear: auto`, which then is the same";
            self.problems.push(Problem::new(mark, message).help(help));
        }
    }
}
