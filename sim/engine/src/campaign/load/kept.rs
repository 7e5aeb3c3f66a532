//! Numbers that a server adds inside a ReLU: those that leave every sample a value that a ReLU can give.

use crate::simulate::{World, largest_output};
use fusion_2pc::circuit::{Circuit, Op, Step};
use fusion_2pc::ideal;
use fusion_2pc::random::Seed;
use fusion_adversaries::script::Elements;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

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
