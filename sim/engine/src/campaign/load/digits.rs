//! Acts that turn signs by a digit: the family, the step and the digit that they need.

use super::loader::Loader;
use super::real::below_some_chunk;
use crate::simulate::{ProtocolChoice, World};
use fusion_2pc::address::Address;
use fusion_2pc::backend::cheetah::CarryChoice;
use fusion_2pc::backend::digits::{DigitRule, of_relu};
use fusion_2pc::circuit::{Circuit, Op, Step};
use fusion_2pc::ideal;
use fusion_2pc::modulus::Modulus;
use fusion_2pc::random::Seed;
use fusion_adversaries::problem::Problem;
use fusion_adversaries::script::{ActSection, Draft, WrongSignSection};
use fusion_adversaries::strategy::View;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

impl Loader {
    /// Checks that a server can turn the signs that a script asks for.
    pub(super) fn wrong_signs(&mut self, draft: &Draft, view: &View, world: &World) {
        let acts =
            draft.strategies.iter().flat_map(|strategy| strategy.section.kind.moves().map(|section| &section.act));
        let sections = acts.filter_map(|act| match act {
            ActSection::WrongSign { wrong_sign, .. } => Some(wrong_sign),
            _ => None,
        });
        let Some((protocols, circuit)) = world.semi_honest() else { return };
        for section in sections {
            let own = |address: &Address| section.value.step.matches(address);
            let steps = circuit.steps.iter().filter(|step| below_some_chunk(view, &step.address, &own));
            let found =
                steps.map(|step| misfit((world, protocols), circuit, step, &section.value)).find_map(Result::err);
            if let Some((message, help)) = found {
                let problem = Problem::new(section.mark, message);
                self.problems.push(help.into_iter().fold(problem, Problem::help));
            }
        }
    }
}

/// The reason why a server cannot turn signs at a step, with advice.
fn misfit(
    (world, protocols): (&World, ProtocolChoice),
    circuit: &Circuit,
    step: &Step,
    section: &WrongSignSection,
) -> Result<(), (String, Option<String>)> {
    let (family, address) = (protocols.backend.family(), &step.address);
    let plain = |message: String| Err((message, None));
    let Op::Relu { from: ring, .. } = step.op else {
        return plain(format!("`wrong_sign` is of a ReLU, and `step` matches `{address}` too"));
    };
    if world.is_one_bit() {
        return plain("`wrong_sign` needs `truncation: faithful`".into());
    }
    if protocols.backend.carries() == CarryChoice::Chain {
        let message = format!("a ReLU at `{address}` finds carries by a chain, in which `wrong_sign` is not played");
        return Err((message, Some("choose `carries: tree`, or `carries: auto`, which then is the same".into())));
    }
    let Some(digits) = of_relu(family, circuit, step) else {
        return plain(format!(
            "`wrong_sign` offers false messages about digits, and a ReLU of `{}` compares none",
            family.name()
        ));
    };
    let &WrongSignSection { from, bits, .. } = section;
    if !digits.contains(&(from, bits)) {
        let there = digits.iter().map(|(from, bits)| format!("`from: {from}, bits: {bits}`")).collect::<Vec<_>>();
        let message =
            format!("a server of `{}` cannot turn signs at `{address}` by {bits} bits from bit {from}", family.name());
        let help = if there.is_empty() {
            "it can where a linear layer comes before the ReLU".into()
        } else {
            there.join(", or ")
        };
        return Err((message, Some(help)));
    }
    let modulus = circuit.modulus(ring);
    let half = 1 << (bits - 1);
    if matches!(modulus, Modulus::TwoTo(_)) && section.are.iter().any(|value| *value >= half) {
        return plain(format!("negative numbers have digits from {half} on: `are` lists values below"));
    }
    let rule = DigitRule::of(from, bits, &section.are);
    if is_of_negatives(world, circuit, step, rule) {
        return plain(format!("at `{address}` some sample has a negative value with such a digit"));
    }
    Ok(())
}

/// Whether a ReLU reads a negative value that a rule holds for, of some image of the pools by some model.
fn is_of_negatives(world: &World, circuit: &Circuit, step: &Step, rule: DigitRule) -> bool {
    let Op::Relu { from, .. } = step.op else { return false };
    let modulus = circuit.modulus(from);
    let images = world.queries() + world.publics();
    world.models().iter().any(|model| {
        (0..images).into_par_iter().any(|image| {
            let Ok(pixels) = model.pixels(world.image(image)) else { return true };
            let mut negative = false;
            // With faithful truncation, no value depends on how it is shared.
            ideal::logits(circuit, model, &pixels, &mut Seed([0; 32]).stream(), |at, inputs, _| {
                let turned = |input: &u64| modulus.integer(*input) < 0 && rule.holds(*input, modulus);
                negative |= at.address == step.address && inputs.iter().any(turned);
            });
            negative
        })
    })
}
