//! How Cheetah packs a circuit's linear layers into ciphertexts, for how many slots, and a network's weights in that packing.

use super::carries::CarryChoice;
use super::cost::Messages;
use super::drawn::reader;
use crate::circuit::{Circuit, Op, Step, Unsupported};
use crate::cost::Cost;
use crate::linear::once::Placed;
use crate::linear::{self, Encrypted, Layout, Linear, LinearLayer, Unfit, WEIGHT_MEMORY, Weights};
use crate::role::Role;
use fusion_nn::fixed::FixedModel;
use fusion_nn::model::Value;
use std::sync::Arc;

/// The most slots that one message carries, however little memory they take: with more of them, hardly any bytes are saved.
pub const MOST_SLOTS: usize = 128;

/// The memory that a party may use for the slots that are evaluated together, in bytes: 4 GiB.
pub const SLOT_MEMORY: usize = 1 << 32;

/// The most memory that the transformed weights of a network take, in bytes: 256 MiB. Layers for which nothing is left transform theirs whenever they use them.
pub const NETWORK_MEMORY: usize = 1 << 28;

/// How many slots are evaluated together, and so how many a message carries: as many as [`SLOT_MEMORY`] holds at the step that takes
/// the most, but no more than [`MOST_SLOTS`], and at least one.
///
/// For each slot a step is counted as 8 bytes for every element that is shared while it runs, 16 bytes for the pads of every oblivious
/// transfer, and the messages of both parties: ciphertexts, as if each slot had its own, and corrections. A party holds less, since pads are
/// folded as soon as they are drawn. A linear layer that no parameters hold counts without ciphertexts, as no session evaluates it.
#[must_use]
pub fn slots_per_message(circuit: &Circuit) -> usize {
    let each =
        circuit.held().into_iter().enumerate().map(|(step, held)| 8 * held + bytes_besides_shares(circuit, step));
    each.max().map_or(MOST_SLOTS, |most| (SLOT_MEMORY / most).clamp(1, MOST_SLOTS))
}

/// The pads and the messages of one slot in a step.
fn bytes_besides_shares(circuit: &Circuit, index: usize) -> usize {
    let Step { op, ring, .. } = &circuit.steps[index];
    if let Op::Linear { shape, bound } = *op {
        return Layout::new(shape, *ring, bound, 1).map_or(0, |layout| layout.cost().bytes());
    }
    let mut cost = Cost::default();
    // A chain holds bits, and sends fewer.
    Messages(&mut cost, CarryChoice::Tree).step(circuit, index, 1, None);
    16 * (cost.client_transfers + cost.server_transfers) + cost.bytes()
}

/// How the linear layers of a circuit are packed into ciphertexts for a group of slots. Both parties know it.
#[derive(Clone, Debug)]
pub struct Packing {
    /// Slots that are packed together; they share one network.
    group: usize,
    /// By step; `None` where it is not linear.
    layouts: Vec<Option<Layout>>,
}

impl Packing {
    /// Packs groups of `group` slots, with what is chosen to be encrypted, for carries that are found as chosen. The responses for `slots` slots together are to reveal nothing of the weights.
    ///
    /// # Errors
    /// [`Unsupported`] for layers that no parameters hold; it names each node.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the place of an error is that of a layer that was given"
    )]
    pub fn new(
        circuit: &Circuit,
        group: usize,
        slots: u64,
        (how, carries): (Linear, CarryChoice),
    ) -> Result<Self, Unsupported> {
        let layer = |(place, step): (usize, &Step)| match step.op {
            Op::Linear { shape, bound } => {
                let choice_bits = reader(circuit, place).map_or(0, |reader| carries.more_choices(reader.span));
                Some(LinearLayer { shape, ring_bits: step.ring, bound, choice_bits })
            }
            _ => None,
        };
        let layers: Vec<Option<LinearLayer>> = circuit.steps.iter().enumerate().map(layer).collect();
        let linear: Vec<LinearLayer> = layers.iter().flatten().copied().collect();
        let located = |(place, unfit): (usize, Unfit)| {
            let mut linear = circuit.steps.iter().zip(&layers).filter(|(_, layer)| layer.is_some());
            let (Step { node, .. }, _) = linear.nth(place).expect("an error is about one of the layers");
            format!("{node}: {unfit}")
        };
        let all = |unfit: Vec<(usize, Unfit)>| Unsupported::all(unfit.into_iter().map(located));
        let mut packed = linear::layouts(&linear, group, slots, how).map_err(all)?.into_iter();
        let layouts = layers.iter().map(|layer| layer.and_then(|_| packed.next())).collect();
        Ok(Self { group, layouts })
    }

    /// The same packing for groups of another number of slots. Encrypted weights serve both; the other layers are packed anew.
    ///
    /// # Errors
    /// As [`Packing::new`].
    pub fn beside(&self, circuit: &Circuit, group: usize, slots: u64) -> Result<Self, Unsupported> {
        let Self { layouts, .. } = Self::new(circuit, group, slots, (Linear::Images, CarryChoice::Tree))?;
        let kept = |(own, anew): (&Option<Layout>, Option<Layout>)| match own {
            Some(own) if own.encrypted() == Encrypted::Weights => Some(own.with_batch(group)),
            _ => anew,
        };
        Ok(Self { group, layouts: self.layouts.iter().zip(layouts).map(kept).collect() })
    }

    /// The number of slots in a group.
    #[must_use]
    pub fn group(&self) -> usize {
        self.group
    }

    /// The layouts of the linear steps, in order.
    pub fn layouts(&self) -> impl Iterator<Item = &Layout> {
        self.layouts.iter().flatten()
    }

    /// The linear steps with their layouts, in order.
    pub fn placed(&self) -> impl Iterator<Item = Placed<'_>> {
        let steps = self.layouts.iter().enumerate();
        steps.filter_map(|(step, layout)| layout.as_ref().map(|layout| Placed { step, layout }))
    }

    #[expect(clippy::expect_used, reason = "a packing is made for its circuit, and a linear step has a layout there")]
    pub(super) fn layout(&self, step: usize) -> &Layout {
        self.layouts[step].as_ref().expect("a linear step")
    }

    /// The party that draws its share of a linear step: the one that does not encrypt.
    pub(super) fn drawer(&self, linear: usize) -> Role {
        match self.layout(linear).encrypted() {
            Encrypted::Images => Role::Server,
            Encrypted::Weights => Role::Client,
        }
    }

    /// The party that may draw the choices of the first comparison of a step with its share of a linear layer; `None` if the step reads none, or is not the first that compares its output.
    pub(super) fn drawer_for(&self, circuit: &Circuit, step: usize) -> Option<Role> {
        let [Value::Layer(linear)] = circuit.steps[step].inputs[..] else { return None };
        let is_linear = matches!(circuit.steps[linear].op, Op::Linear { .. });
        let is_reader = is_linear && reader(circuit, linear).is_some_and(|reader| reader.step == step);
        is_reader.then(|| self.drawer(linear))
    }

    /// Adds the messages of a linear step on `groups` groups to a cost.
    pub fn cost(&self, step: usize, groups: usize, cost: &mut Cost) {
        let layout = self.layout(step);
        let linear::LinearCost { client_bytes, server_bytes, .. } = layout.cost();
        (0..groups).for_each(|_| cost.send(Role::Client, client_bytes));
        if layout.encrypted() == Encrypted::Images {
            (0..groups).for_each(|_| cost.send(Role::Server, server_bytes));
        }
    }
}

/// A network's weights, encoded for a packing.
#[derive(Clone)]
pub struct EncodedModel {
    /// By step.
    layers: Vec<Option<Constants>>,
}

/// A linear layer's weights, transformed and as they are, and its biases.
#[derive(Clone)]
pub(super) struct Constants {
    pub(super) transformed: Weights,
    pub(super) weights: Arc<[i64]>,
    pub(super) start: Vec<i64>,
}

impl EncodedModel {
    /// Encodes the weights of a network, and transforms as many layers as [`WEIGHT_MEMORY`] and the memory of a network allow.
    ///
    /// # Errors
    /// [`linear::TooHeavy`] for a network that was not among those of the circuit.
    pub fn new(model: &FixedModel, circuit: &Circuit, packing: &Packing) -> Result<Self, linear::TooHeavy> {
        let mut left = NETWORK_MEMORY;
        let constants = |(step, layout): (&Step, &Option<Layout>)| {
            let (Some((weights, start)), Some(layout)) = (linear::constants(&model.layers()[step.layer].op), layout)
            else {
                return Ok(None);
            };
            let weights: Arc<[i64]> = weights.into();
            let transformed = Weights::within(left.min(WEIGHT_MEMORY), layout, &weights)?;
            left -= transformed.kept_bytes();
            Ok(Some(Constants { transformed, weights, start: start.to_vec() }))
        };
        Ok(Self { layers: circuit.steps.iter().zip(&packing.layouts).map(constants).collect::<Result<_, _>>()? })
    }

    #[expect(clippy::expect_used, reason = "a linear step has a layout, and with it constants")]
    pub(super) fn constants(&self, step: usize) -> &Constants {
        self.layers[step].as_ref().expect("a linear step")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::truncate::Truncation;
    use fusion_nn::fixed::{Pixels, Precision, Ring};
    use fusion_nn::model::Model;

    fn circuit(onnx: &[u8]) -> Circuit {
        let (precision, pixels) =
            (Precision { frac_bits: 12, ring: Ring::Auto }, Pixels { scale: 1.0 / 255.0, offset: 0.0 });
        let model = FixedModel::new(&Model::from_onnx(onnx).unwrap(), precision, pixels).unwrap();
        Circuit::new(&[&model], Truncation::Faithful).unwrap()
    }

    fn lenet() -> Circuit {
        circuit(include_bytes!("../../../../../examples/models/lenet_mnist_full.onnx"))
    }

    #[test]
    fn a_message_of_lenet_carries_as_many_slots_as_it_may() {
        let cifar = circuit(include_bytes!("../../../../../examples/models/lenet_cifar10_full.onnx"));
        for circuit in [lenet(), cifar] {
            assert_eq!(slots_per_message(&circuit), MOST_SLOTS);
        }
    }

    /// A network of twenty times as many values: fewer slots, and never none.
    #[test]
    fn larger_networks_carry_fewer() {
        let larger = |times: usize| {
            let mut circuit = lenet();
            circuit.steps.iter_mut().for_each(|step| step.count *= times);
            slots_per_message(&circuit)
        };
        assert!((1..MOST_SLOTS).contains(&larger(20)));
        assert!(larger(40) < larger(20));
        assert_eq!(larger(1 << 20), 1);
    }

    /// The values that a step, or a later one, reads; checked one by one.
    #[test]
    fn held_values_are_those_still_read() {
        let circuit = lenet();
        let held = circuit.held();
        let count = |value: usize| if value == 0 { circuit.pixels } else { circuit.steps[value - 1].count };
        let place = |value: &fusion_nn::model::Value| match value {
            fusion_nn::model::Value::Input => 0,
            fusion_nn::model::Value::Layer(index) => index + 1,
        };
        for (index, held) in held.iter().enumerate() {
            let is_read = |value: usize| {
                circuit.steps[index..].iter().any(|step| step.inputs.iter().any(|input| place(input) == value))
            };
            let earlier = (0..=index).filter(|value| is_read(*value)).map(count).sum::<usize>();
            assert_eq!(*held, earlier + circuit.steps[index].count, "{index}");
        }
        assert_eq!(held.len(), circuit.steps.len());
    }
}
