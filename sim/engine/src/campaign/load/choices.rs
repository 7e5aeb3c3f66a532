//! Acts by which a server chooses otherwise than by its share of a sign: the family, the step and the number that they need. And the numbers that it may add to what a ReLU keeps.

use super::loader::Loader;
use super::real::below_some_chunk;
use crate::simulate::{World, largest_output};
use fusion_2pc::address::Address;
use fusion_2pc::circuit::{Circuit, Op, Step};
use fusion_2pc::ideal;
use fusion_2pc::random::Seed;
use fusion_adversaries::problem::Problem;
use fusion_adversaries::script::{ActSection, Draft, Elements, OwnChoiceSection};
use fusion_adversaries::strategy::View;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

impl Loader {
    /// Checks that a server can choose as a script asks for.
    pub(super) fn own_choices(&mut self, draft: &Draft, view: &View, world: &World) {
        let moves = draft.strategies.iter().flat_map(|strategy| strategy.section.kind.moves());
        let sections = moves.filter_map(|section| match &section.act {
            ActSection::OwnChoice { own_choice, .. } => Some(own_choice),
            _ => None,
        });
        let Ok(circuit) = world.circuit() else { return };
        for section in sections {
            let own = |address: &Address| section.value.step.matches(address);
            let mut steps = circuit.steps.iter().filter(|step| below_some_chunk(view, &step.address, &own));
            if let Some(message) = steps.find_map(|step| misfit(world, circuit, step, &section.value)) {
                self.problems.push(Problem::new(section.mark, message));
            }
        }
    }
}

/// The reason why a server cannot choose so at a step; `None` if it can.
fn misfit(world: &World, circuit: &Circuit, step: &Step, section: &OwnChoiceSection) -> Option<String> {
    let (family, address) = (world.protocols().backend.family(), &step.address);
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

/// The reason why a server cannot add a number to those elements of a ReLU that it `keeps`: with it some sample has a value there that no ReLU gives. `None` if none has.
pub(super) fn beyond(
    world: &World,
    circuit: &Circuit,
    step: &Step,
    (elements, value): (&Elements, i64),
    keeps: impl Fn(i64) -> bool + Sync,
) -> Option<String> {
    let Op::Relu { from, shift } = step.op else { return None };
    let [least, most] = extent(world, circuit, step, elements, keeps)?.map(i128::from);
    let largest = largest_output(circuit.modulus(from), shift, circuit.modulus(step.ring));
    let (from, to) = (-least, i128::from(largest) - most);
    (!(from..=to).contains(&i128::from(value))).then(|| {
        let address = &step.address;
        format!(
            "at `{address}` samples have values from {least} to {most} that are kept: `value` is from {from} to {to}"
        )
    })
}

/// The least and the greatest value of the elements that are kept, truncated, of all images of the pools by all models; `None` where there is none.
fn extent(
    world: &World,
    circuit: &Circuit,
    step: &Step,
    elements: &Elements,
    keeps: impl Fn(i64) -> bool + Sync,
) -> Option<[i64; 2]> {
    let Op::Relu { from, shift } = step.op else { return None };
    let modulus = circuit.modulus(from);
    let of_image = |(model, image): (usize, u32)| {
        let model = &world.models()[model];
        let pixels = model.pixels(world.image(image)).ok()?;
        let mut found: Option<[i64; 2]> = None;
        // With faithful truncation, no value depends on how it is shared.
        ideal::logits(circuit, model, &pixels, &mut Seed([0; 32]).stream(), |at, inputs, _| {
            let own = inputs.iter().enumerate().filter(|(element, _)| elements.have(*element));
            for number in own.map(|(_, input)| modulus.integer(*input)).filter(|number| keeps(*number)) {
                if at.address == step.address {
                    found = joined(found, Some([number >> shift; 2]));
                }
            }
        });
        found
    };
    let images = world.queries() + world.publics();
    let all = (0..world.models().len()).flat_map(|model| (0..images).map(move |image| (model, image)));
    all.collect::<Vec<_>>().into_par_iter().map(of_image).reduce(|| None, joined)
}

/// The ends of two ranges together.
fn joined(one: Option<[i64; 2]>, other: Option<[i64; 2]>) -> Option<[i64; 2]> {
    match (one, other) {
        (Some([a, b]), Some([c, d])) => Some([a.min(c), b.max(d)]),
        (one, other) => one.or(other),
    }
}
