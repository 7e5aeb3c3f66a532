//! A trusted third party that computes the same as the two parties, step by step on values in the clear.
//!
//! Each functionality has an ideal twin beside it. Beyond a protocol's domain, and wherever truncation is probabilistic, what comes
//! out depends on how a value is shared: a twin is given the client's share, and then agrees with its protocol on every value to
//! the last bit ([`assert_twin`](crate::share::twin::assert_twin)). So a server that moves shares can be played here too: it moves the value, and the client's share
//! stays uniform.

use crate::circuit::{Circuit, Op, Step};
use crate::evaluate::{side_by_side, windows};
use crate::modulus::Modulus;
use crate::role::Role;
use crate::share::truncate::Truncation;
use crate::share::uniform::{Uniform, truncate_alone};
use crate::share::{clip, extend, maximum, relu, truncate};
use fusion_nn::fixed::FixedModel;
use fusion_nn::model::Value;
use rand_core::Rng;

/// Values, and the client's share of each.
#[derive(Clone, Debug, Default)]
struct Shared {
    values: Vec<u64>,
    client: Vec<u64>,
}

impl Shared {
    /// Each value by itself, with its share; the client's new shares are uniform.
    fn each(&self, out: Modulus, coins: &mut impl Rng, twin: impl Fn(u64, u64) -> u64) -> Self {
        let values = self.values.iter().zip(&self.client).map(|(x, x0)| twin(*x, *x0)).collect();
        Self::fresh(values, out, coins)
    }

    fn fresh(values: Vec<u64>, out: Modulus, coins: &mut impl Rng) -> Self {
        let client = out.uniform(coins, values.len());
        Self { values, client }
    }

    /// What each party does by itself is done to values and shares alike.
    fn local(inputs: &[&Self], modulus: Modulus, step: impl Fn(&[&[u64]]) -> Vec<u64>) -> Self {
        let of = |part: fn(&Self) -> &Vec<u64>| -> Vec<u64> {
            let parts: Vec<&[u64]> = inputs.iter().map(|input| part(input).as_slice()).collect();
            step(&parts).iter().map(|x| modulus.reduce(*x)).collect()
        };
        Self { values: of(|input| &input.values), client: of(|input| &input.client) }
    }

    fn modulo(&self, modulus: Modulus) -> Self {
        Self::local(&[self], modulus, |inputs| inputs[0].to_vec())
    }

    /// Each party truncates its share by itself.
    fn truncated_alone(&self, shift: u32, modulus: Modulus) -> Self {
        let part = |(value, client): (&u64, &u64)| {
            let server = modulus.sub(*value, *client);
            let [mine, theirs] = [(Role::Client, *client), (Role::Server, server)]
                .map(|(role, share)| truncate_alone(role, share, shift, modulus));
            (modulus.add(mine, theirs), mine)
        };
        let (values, client) = self.values.iter().zip(&self.client).map(part).unzip();
        Self { values, client }
    }
}

/// Computes the logits of one image modulo the ring of the circuit's output. `boundary` may change the values of every step, as a server
/// that adds to its shares does; for a ReLU it is told the inputs, modulo their ring.
///
/// # Panics
/// For a network that the circuit is not of, or an image of another size.
pub fn logits(
    circuit: &Circuit,
    model: &FixedModel,
    pixels: &[i64],
    coins: &mut impl Rng,
    mut boundary: impl FnMut(&Step, &[u64], &mut [u64]),
) -> Vec<u64> {
    let image: Vec<u64> = pixels.iter().map(|pixel| circuit.pixel(*pixel)).collect();
    let image = Shared { client: image.clone(), values: image };
    let mut held: Vec<Shared> = Vec::with_capacity(circuit.steps.len());
    for step in &circuit.steps {
        let read = |value: &Value| match value {
            Value::Input => &image,
            Value::Layer(index) => &held[*index],
        };
        let inputs: Vec<&Shared> = step.inputs.iter().map(read).collect();
        let mut output = walk(circuit, step, model, &inputs, coins);
        boundary(step, &rectified(circuit, step, inputs[0]), &mut output.values);
        held.push(output);
    }
    match circuit.output {
        Value::Layer(index) => held.swap_remove(index).values,
        Value::Input => image.modulo(circuit.modulus(circuit.pixel_bits)).values,
    }
}

/// The inputs of a ReLU; nothing for another step.
fn rectified(circuit: &Circuit, step: &Step, input: &Shared) -> Vec<u64> {
    let Op::Relu { from, .. } = step.op else { return Vec::new() };
    let modulus = circuit.modulus(from);
    input.values.iter().map(|x| modulus.reduce(*x)).collect()
}

fn walk(circuit: &Circuit, step: &Step, model: &FixedModel, inputs: &[&Shared], coins: &mut impl Rng) -> Shared {
    let out = circuit.modulus(step.ring);
    match &step.op {
        Op::Linear { shape, .. } => {
            let data: Vec<i64> = inputs[0].values.iter().map(|x| circuit.integer(*x)).collect();
            let sums = model.layers()[step.layer].sums(&data, &shape.input());
            let Some(sums) = sums else { panic!("{} is no linear layer of this network", step.address) };
            Shared::fresh(sums.iter().map(|sum| out.element(*sum)).collect(), out, coins)
        }
        Op::Sum { window, image } => Shared::local(inputs, out, |inputs| {
            let sum = |cells: Vec<u64>| cells.into_iter().fold(0, |sum, x| out.add(sum, out.reduce(x)));
            windows(inputs[0], *image, window).into_iter().map(sum).collect()
        }),
        Op::Add => Shared::local(inputs, out, |inputs| {
            let sum = |(a, b): (&u64, &u64)| out.add(out.reduce(*a), out.reduce(*b));
            inputs[0].iter().zip(inputs[1]).map(sum).collect()
        }),
        Op::Concat => Shared::local(inputs, out, |inputs| side_by_side(inputs, step.count)),
        _ => match circuit.uniform {
            None => in_its_ring(circuit, step, inputs[0], coins),
            Some(uniform) => modulo_one(circuit, uniform, step, inputs[0], coins),
        },
    }
}

/// A step that is no sum, where each value has a ring of its own.
fn in_its_ring(circuit: &Circuit, step: &Step, input: &Shared, coins: &mut impl Rng) -> Shared {
    let (truncation, out) = (circuit.truncation, circuit.modulus(step.ring));
    let modulo = |bits: u32| input.modulo(circuit.modulus(bits));
    match &step.op {
        &Op::Relu { from, shift } => {
            let how = step.rescaling(from, shift, truncation);
            modulo(from).each(out, coins, |x, x0| relu::ideal(x, x0, how))
        }
        &Op::Clip { from, ends, shift } => {
            let clip = step.clip(ends, from, shift, truncation);
            modulo(from).each(out, coins, |x, x0| clip::ideal(x, x0, clip))
        }
        &Op::Truncate { from, shift } => {
            let how = step.rescaling(from, shift, truncation);
            modulo(from).each(out, coins, |x, x0| truncate::ideal(x, x0, how))
        }
        &Op::Extend { from, sign } => {
            let widening = step.widening(from, sign);
            input.each(out, coins, |x, x0| extend::ideal(x, x0, widening))
        }
        Op::Largest { window, image } => {
            let lists = windows(&modulo(step.ring).values, *image, window);
            Shared::fresh(lists.iter().map(|list| maximum::ideal_largest(list, step.ring)).collect(), out, coins)
        }
        _ => unreachable!("a sum is each party's own"),
    }
}

/// A step that is no sum, where all values have one modulus. Faithful truncation is part of it; otherwise each party truncates afterwards.
fn modulo_one(circuit: &Circuit, twins: Uniform, step: &Step, input: &Shared, coins: &mut impl Rng) -> Shared {
    let modulus = twins.modulus;
    let alone = circuit.truncation == Truncation::OneBit;
    let inside = |shift: u32| if alone { 0 } else { shift };
    let (made, shift) = match step.op {
        Op::Relu { shift, .. } => (input.each(modulus, coins, |x, _| twins.relu(x, inside(shift))), shift),
        Op::Clip { ends, shift, .. } => (input.each(modulus, coins, |x, _| twins.clip(x, ends, inside(shift))), shift),
        Op::Truncate { shift, .. } if alone => (input.clone(), shift),
        Op::Truncate { shift, .. } => (input.each(modulus, coins, |x, _| twins.truncate(x, shift)), shift),
        Op::Largest { window, image } => {
            let lists = windows(&input.values, image, &window);
            (Shared::fresh(lists.iter().map(|list| twins.largest(list)).collect(), modulus, coins), 0)
        }
        _ => unreachable!("one modulus holds all values, and none is extended"),
    };
    if alone { made.truncated_alone(shift, modulus) } else { made }
}

/// The label of the largest of one image's logits, as the parties find it.
///
/// # Panics
/// Without classes.
#[must_use]
pub fn argmax(circuit: &Circuit, logits: &[u64], labels: &[u32]) -> u32 {
    match circuit.uniform {
        None => maximum::ideal_argmax(logits, circuit.ring(circuit.output), labels),
        Some(uniform) => uniform.argmax(logits, labels),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::{bits_for, demands, meets};
    use crate::random::{Seed, uniform};
    use fusion_nn::fixed::{Pixels, Precision, Ring};
    use fusion_nn::model::Model;

    fn lenet(ring: Ring) -> FixedModel {
        let onnx = include_bytes!("../../../examples/models/lenet_mnist_full.onnx");
        let precision = Precision { frac_bits: 12, ring };
        let pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };
        FixedModel::new(&Model::from_onnx(onnx).unwrap(), precision, pixels).unwrap()
    }

    /// The logits of one random image, by the third party and by the reference.
    fn check(circuit: &Circuit, fixed: &FixedModel) {
        let mut coins = Seed([5; 32]).stream();
        let image: Vec<u8> = uniform(&mut coins, 8, circuit.pixels).iter().map(|&x| x as u8).collect();
        let logits = logits(circuit, fixed, &fixed.pixels(&image).unwrap(), &mut coins, |_, _, _| {});
        let modulus = circuit.modulus(circuit.ring(circuit.output));
        let expected = fixed.logits(&image).unwrap();
        assert_eq!(logits, expected.iter().map(|logit| modulus.element(*logit)).collect::<Vec<_>>());
        let labels: Vec<u32> = (0..10).collect();
        assert_eq!(argmax(circuit, &logits, &labels), fixed.label(&image).unwrap());
    }

    /// Also in a ring that is too small, where values wrap.
    #[test]
    fn the_third_party_computes_the_network() {
        for ring in [Ring::Auto, Ring::Bits(27)] {
            let fixed = lenet(ring);
            check(&Circuit::new(&[&fixed], Truncation::Faithful).unwrap(), &fixed);
        }
    }

    #[test]
    fn one_modulus_for_all_values_gives_the_same() {
        let fixed = lenet(Ring::Auto);
        let needed = demands(&[&fixed], true);
        let bits = bits_for(&needed);
        for modulus in [Modulus::TwoTo(bits), Modulus::TwoTo(64), Modulus::Prime((1 << 61) - 1)] {
            for differences in [false, true] {
                assert_eq!(meets(modulus, &needed), Ok(()));
                let uniform = Uniform { modulus, differences };
                let circuit = Circuit::over(&[&fixed], Truncation::Faithful, uniform).unwrap();
                assert!(circuit.steps.iter().all(|step| step.ring == modulus.bits()));
                check(&circuit, &fixed);
            }
        }
        let refused = meets(Modulus::TwoTo(bits - 1), &needed).unwrap_err().to_string();
        assert!(refused.contains("does not hold"), "{refused}");
        let wraps = Circuit::over(
            &[&lenet(Ring::Bits(27))],
            Truncation::Faithful,
            Uniform { modulus: Modulus::TwoTo(64), differences: true },
        );
        assert!(wraps.unwrap_err().to_string().contains("wraps in a ring of its own"));
    }

    /// Each party truncates alone: logits are near the exact ones. A value is off by more than one where a share wraps, once in `2^63 / |x|`.
    #[test]
    fn truncation_by_each_party_alone_is_nearly_exact() {
        let fixed = lenet(Ring::Auto);
        let uniform = Uniform { modulus: Modulus::TwoTo(64), differences: false };
        let circuit = Circuit::over(&[&fixed], Truncation::OneBit, uniform).unwrap();
        let mut coins = Seed([6; 32]).stream();
        let image: Vec<u8> = (0..784_u32).map(|pixel| (pixel % 251) as u8).collect();
        let pixels = fixed.pixels(&image).unwrap();
        let exact = fixed.logits(&image).unwrap();
        let near = logits(&circuit, &fixed, &pixels, &mut coins, |_, _, _| {});
        let off = |(near, exact): (&u64, &i64)| (circuit.integer(*near) - exact).unsigned_abs();
        let most = near.iter().zip(&exact).map(off).max().unwrap();
        let size = exact.iter().map(|logit| logit.unsigned_abs()).max().unwrap();
        assert!(0 < most && most < size / 100, "{most} of {size}");
    }
}
