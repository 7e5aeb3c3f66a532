//! Acts that spoil the decoding of a bit: the family, the step and the bit that they need.

use super::loader::Loader;
use super::real::below_some_chunk;
use crate::simulate::{ProtocolChoice, World};
use fusion_2pc::address::Address;
use fusion_2pc::backend::Family;
use fusion_2pc::backend::delphi::Mask;
use fusion_2pc::circuit::{Circuit, Op};
use fusion_2pc::share::truncate::Truncation;
use fusion_adversaries::problem::Problem;
use fusion_adversaries::script::{ActSection, Draft, SpoilSection};
use fusion_adversaries::strategy::View;

impl Loader {
    /// Checks that a server can spoil the bits that a script asks for.
    pub(super) fn spoils(&mut self, draft: &Draft, view: &View, world: &World) {
        let moves = draft.strategies.iter().flat_map(|strategy| strategy.section.kind.moves());
        let sections = moves.filter_map(|section| match &section.act {
            ActSection::Spoil { spoil, .. } => Some(spoil),
            _ => None,
        });
        let Some((protocols, circuit)) = world.semi_honest() else { return };
        for section in sections {
            if let Some(message) = misfit(protocols, circuit, view, &section.value) {
                self.problems.push(Problem::new(section.mark, message));
            }
        }
    }
}

/// The reason why a server cannot spoil a bit; `None` if it can.
fn misfit(
    ProtocolChoice { backend, truncation }: ProtocolChoice,
    circuit: &Circuit,
    view: &View,
    section: &SpoilSection,
) -> Option<String> {
    if backend.family() != Family::Delphi {
        return Some(format!(
            "`spoil` is of labels that the client decodes, and in `{}` it decodes none",
            backend.family().name()
        ));
    }
    if backend.options().mask == Some(Mask::Inside) {
        return Some("`spoil` is of the bits of a value, and with `mask: inside` the client's mask hides them".into());
    }
    if truncation == Truncation::OneBit {
        return Some("`spoil` needs `truncation: faithful`".into());
    }
    let own = |address: &Address| section.step.matches(address);
    let mut steps = circuit.steps.iter().filter(|step| below_some_chunk(view, &step.address, &own));
    let bits = circuit.modulus(0).bits();
    steps.find_map(|step| match step.op {
        Op::Relu { .. } if section.bit < bits => None,
        Op::Relu { .. } => Some(format!("`bit` is below {bits} here: values are of so many bits")),
        _ => Some(format!("`spoil` is of a ReLU, and `step` matches `{}` too", step.address)),
    })
}
