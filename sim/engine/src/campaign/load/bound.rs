//! What an option of a backend rules out for strategies: a server whose weights are encrypted is bound to them, and none turns signs by a digit where carries are found by a chain.

use super::loader::Loader;
use crate::simulate::World;
use fusion_2pc::backend::Choice;
use fusion_2pc::backend::cheetah::CarryChoice;
use fusion_2pc::linear::Linear;
use fusion_adversaries::problem::{Mark, Problem};
use fusion_adversaries::script::{ActSection, Draft, Fidelity, ProgramName, Spot, StrategyKind};

/// The protocols as a campaign plays them: `linear: auto` is `images` where a strategy does what encrypted weights rule out, and `carries: auto` is `tree` where one turns signs by a digit.
pub fn played(draft: &Draft, backend: Choice) -> Choice {
    let free = backend.linear() != Linear::Auto || ruled_out(draft).is_empty();
    let backend = if free { backend } else { backend.with_images() };
    let of_a_tree = backend.carries() == CarryChoice::Auto && turns_signs(draft);
    if of_a_tree { backend.with_trees() } else { backend }
}

/// Whether a strategy at `real` turns signs by a digit.
fn turns_signs(draft: &Draft) -> bool {
    let mut real =
        draft.strategies.iter().filter(|strategy| draft.fidelity_of(&strategy.section) == Some(Fidelity::Real));
    real.any(|strategy| {
        strategy.section.kind.moves().any(|section| matches!(section.act, ActSection::WrongSign { .. }))
    })
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
        if world.protocols().is_none_or(|protocols| protocols.backend.linear() != Linear::Weights) {
            return;
        }
        for (mark, message) in ruled_out(draft) {
            let help = "choose `linear: images`, or `linear: auto`, which then is the same";
            self.problems.push(Problem::new(mark, message).help(help));
        }
    }
}
