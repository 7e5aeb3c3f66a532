//! A trusted third party that computes the same as the two parties, step by step on values in the clear.
//!
//! Each functionality has an ideal twin beside it. Beyond a protocol's domain, and wherever truncation is probabilistic, what comes
//! out depends on how a value is shared: a twin is given the client's share, and then agrees with its protocol on every value to
//! the last bit ([`assert_twin`](crate::share::twin::assert_twin)). So a server that moves shares can be played here too: it moves the value, and the client's share
//! stays uniform.

use crate::bits::mask;
use crate::circuit::{Circuit, Op, Step};
use crate::evaluate::{side_by_side, windows};
use crate::random::uniform;
use crate::share::truncate::Truncation;
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
    fn each(&self, out: u32, coins: &mut impl Rng, twin: impl Fn(u64, u64) -> u64) -> Self {
        let values = self.values.iter().zip(&self.client).map(|(x, x0)| twin(*x, *x0)).collect();
        Self::fresh(values, out, coins)
    }

    fn fresh(values: Vec<u64>, out: u32, coins: &mut impl Rng) -> Self {
        let client = uniform(coins, out, values.len());
        Self { values, client }
    }

    /// What each party does by itself is done to values and shares alike.
    fn local(inputs: &[&Self], ring: u32, step: impl Fn(&[&[u64]]) -> Vec<u64>) -> Self {
        let of = |part: fn(&Self) -> &Vec<u64>| -> Vec<u64> {
            let parts: Vec<&[u64]> = inputs.iter().map(|input| part(input).as_slice()).collect();
            step(&parts).iter().map(|x| x & mask(ring)).collect()
        };
        Self { values: of(|input| &input.values), client: of(|input| &input.client) }
    }

    fn modulo(&self, ring: u32) -> Self {
        Self::local(&[self], ring, |inputs| inputs[0].to_vec())
    }
}

/// Computes the logits of one image modulo the ring of the circuit's output. `boundary` may change the values of every step, as a server
/// that adds to its shares does.
///
/// # Panics
/// For a network that the circuit is not of, or an image of another size.
pub fn logits(
    circuit: &Circuit,
    model: &FixedModel,
    pixels: &[i64],
    coins: &mut impl Rng,
    mut boundary: impl FnMut(&Step, &mut [u64]),
) -> Vec<u64> {
    let image: Vec<u64> = pixels.iter().map(|pixel| pixel.cast_unsigned()).collect();
    let image = Shared { client: image.clone(), values: image };
    let mut held: Vec<Shared> = Vec::with_capacity(circuit.steps.len());
    for step in &circuit.steps {
        let read = |value: &Value| match value {
            Value::Input => &image,
            Value::Layer(index) => &held[*index],
        };
        let inputs: Vec<&Shared> = step.inputs.iter().map(read).collect();
        let mut output = walk(circuit.truncation, step, model, &inputs, coins);
        boundary(step, &mut output.values);
        held.push(output);
    }
    match circuit.output {
        Value::Layer(index) => held.swap_remove(index).values,
        Value::Input => image.modulo(circuit.pixel_bits).values,
    }
}

fn walk(truncation: Truncation, step: &Step, model: &FixedModel, inputs: &[&Shared], coins: &mut impl Rng) -> Shared {
    let (input, out) = (inputs[0], step.ring);
    match &step.op {
        Op::Linear { shape, .. } => {
            let data: Vec<i64> = input.values.iter().map(|x| x.cast_signed()).collect();
            let sums = model.layers()[step.layer].sums(&data, &shape.input());
            let Some(sums) = sums else { panic!("{} is no linear layer of this network", step.address) };
            Shared::fresh(sums.iter().map(|sum| sum.cast_unsigned() & mask(out)).collect(), out, coins)
        }
        &Op::Relu { from, shift } => {
            let how = step.rescaling(from, shift, truncation);
            input.modulo(from).each(out, coins, |x, x0| relu::ideal(x, x0, how))
        }
        &Op::Clip { from, ends, shift } => {
            let clip = step.clip(ends, from, shift, truncation);
            input.modulo(from).each(out, coins, |x, x0| clip::ideal(x, x0, clip))
        }
        &Op::Truncate { from, shift } => {
            let how = step.rescaling(from, shift, truncation);
            input.modulo(from).each(out, coins, |x, x0| truncate::ideal(x, x0, how))
        }
        &Op::Extend { from, sign } => {
            let widening = step.widening(from, sign);
            input.each(out, coins, |x, x0| extend::ideal(x, x0, widening))
        }
        Op::Sum { window, image } => Shared::local(inputs, out, |inputs| {
            windows(inputs[0], *image, window)
                .into_iter()
                .map(|cells| cells.into_iter().fold(0, u64::wrapping_add))
                .collect()
        }),
        Op::Largest { window, image } => {
            let lists = windows(&input.modulo(out).values, *image, window);
            Shared::fresh(lists.iter().map(|list| maximum::ideal_largest(list, out)).collect(), out, coins)
        }
        Op::Add => Shared::local(inputs, out, |inputs| {
            inputs[0].iter().zip(inputs[1]).map(|(a, b)| a.wrapping_add(*b)).collect()
        }),
        Op::Concat => Shared::local(inputs, out, |inputs| side_by_side(inputs, step.count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;
    use fusion_nn::fixed::{Pixels, Precision, Ring};
    use fusion_nn::model::Model;

    /// Also in a ring that is too small, where values wrap.
    #[test]
    fn the_third_party_computes_the_network() {
        let onnx = include_bytes!("../../../examples/models/lenet_mnist_full.onnx");
        let model = Model::from_onnx(onnx).unwrap();
        for ring in [Ring::Auto, Ring::Bits(27)] {
            let pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };
            let fixed = FixedModel::new(&model, Precision { frac_bits: 12, ring }, pixels).unwrap();
            let circuit = Circuit::new(&[&fixed], Truncation::Faithful).unwrap();
            let mut coins = Seed([5; 32]).stream();
            let image: Vec<u8> = uniform(&mut coins, 8, circuit.pixels).iter().map(|&x| x as u8).collect();
            let logits = logits(&circuit, &fixed, &fixed.pixels(&image).unwrap(), &mut coins, |_, _| {});
            let bits = circuit.ring(circuit.output);
            let expected = fixed.logits(&image).unwrap();
            let expected: Vec<u64> = expected.iter().map(|logit| logit.cast_unsigned() & mask(bits)).collect();
            assert_eq!(logits, expected);
        }
    }
}
