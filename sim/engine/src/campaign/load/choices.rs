//! Acts by which a server chooses otherwise than by its share of a sign: the family, the step and the number that they need.

use super::kept::beyond;
use super::loader::Loader;
use super::real::below_some_chunk;
use crate::simulate::World;
use fusion_2pc::address::Address;
use fusion_2pc::backend::Family;
use fusion_2pc::circuit::{Circuit, Op, Step};
use fusion_adversaries::problem::Problem;
use fusion_adversaries::script::{ActSection, Draft, OwnChoiceSection};
use fusion_adversaries::strategy::View;

impl Loader {
    /// Checks that a server can choose as a script asks for.
    pub(super) fn own_choices(&mut self, draft: &Draft, view: &View, world: &World) {
        let moves = draft.strategies.iter().flat_map(|strategy| strategy.section.kind.moves());
        let sections = moves.filter_map(|section| match &section.act {
            ActSection::OwnChoice { own_choice, .. } => Some(own_choice),
            _ => None,
        });
        let Some((protocols, circuit)) = world.semi_honest() else { return };
        let family = protocols.backend.family();
        for section in sections {
            let own = |address: &Address| section.value.step.matches(address);
            let mut steps = circuit.steps.iter().filter(|step| below_some_chunk(view, &step.address, &own));
            if let Some(message) = steps.find_map(|step| misfit((world, family), circuit, step, &section.value)) {
                self.problems.push(Problem::new(section.mark, message));
            }
        }
    }
}

/// The reason why a server cannot choose so at a step; `None` if it can.
fn misfit(
    (world, family): (&World, Family),
    circuit: &Circuit,
    step: &Step,
    section: &OwnChoiceSection,
) -> Option<String> {
    let address = &step.address;
    if !matches!(step.op, Op::Relu { .. }) {
        return Some(format!("`own_choice` is of a ReLU, and `step` matches `{address}` too"));
    }
    if family.garbles() {
        return Some(format!(
            "`own_choice` is of a product in which the server chooses by its share of a sign, and a ReLU of `{}` is a garbled circuit",
            family.name()
        ));
    }
    if world.is_one_bit() {
        return Some("`own_choice` needs `truncation: faithful`".into());
    }
    beyond(world, circuit, step, (&section.elements, section.value), |number| number < 0)
}
