//! Cheetah (Huang, Lu, Hong, Ding, USENIX Security 2022): linear layers under RLWE encryption, all else by silent oblivious transfer.

use crate::address::Component;
use crate::circuit::{Circuit, Op, Step, Unsupported};
use crate::cost::Cost;
use crate::evaluate::Protocols;
use crate::he::cipher::ClientKey;
use crate::linear::{self, Layer, Layout, PublicKeys, Shape, Unfit, Weights};
use crate::link::{Halt, Role};
use crate::party::Party;
use fusion_nn::fixed::FixedModel;

/// How the linear layers of a circuit are packed for so many slots: what both parties know.
#[derive(Clone, Debug)]
pub struct Packing {
    /// Slots that are packed together; they share one network.
    group: usize,
    /// By step; `None` where it is not linear.
    layouts: Vec<Option<Layout>>,
}

impl Packing {
    /// Slots in groups of so many, where `slots` in all are to tell nothing of the weights together.
    ///
    /// # Errors
    /// [`Unsupported`] for a layer that no parameters hold, by its node.
    pub fn new(circuit: &Circuit, group: usize, slots: u64) -> Result<Self, Unsupported> {
        let layer = |step: &Step| match step.op {
            Op::Linear { shape, bound } => Some(Layer { shape, ring_bits: step.ring, bound }),
            _ => None,
        };
        let layers: Vec<Option<Layer>> = circuit.steps.iter().map(layer).collect();
        let linear: Vec<Layer> = layers.iter().flatten().copied().collect();
        let located = |(place, unfit): (usize, Unfit)| {
            let mut linear = circuit.steps.iter().zip(&layers).filter(|(_, layer)| layer.is_some());
            let node = linear.nth(place).map_or("", |(step, _)| &step.node);
            Unsupported(format!("{node}: {unfit}"))
        };
        let mut packed = linear::layouts(&linear, group, slots).map_err(located)?.into_iter();
        let layouts = layers.iter().map(|layer| layer.and_then(|_| packed.next())).collect();
        Ok(Self { group, layouts })
    }

    /// Slots of a group.
    #[must_use]
    pub fn group(&self) -> usize {
        self.group
    }

    /// The layouts, one for each linear step.
    pub fn layouts(&self) -> impl Iterator<Item = &Layout> {
        self.layouts.iter().flatten()
    }

    fn layout(&self, step: usize) -> &Layout {
        self.layouts[step].as_ref().unwrap_or_else(|| unreachable!("a linear step has a layout"))
    }

    /// What a linear step of some groups costs.
    pub fn cost(&self, step: usize, groups: usize, cost: &mut Cost) {
        let linear::Cost { client_bytes, server_bytes, .. } = self.layout(step).cost();
        (0..groups).for_each(|_| cost.send(Role::Client, client_bytes));
        (0..groups).for_each(|_| cost.send(Role::Server, server_bytes));
    }
}

/// A network's weights, ready for a packing.
#[derive(Clone)]
pub struct Network {
    /// By step.
    layers: Vec<Option<Constants>>,
}

/// A linear layer's weights, transformed and as they are, and its biases.
#[derive(Clone)]
struct Constants {
    transformed: Weights,
    weights: Vec<i64>,
    start: Vec<i64>,
}

impl Network {
    /// Encodes and transforms the weights.
    ///
    /// # Errors
    /// [`linear::TooHeavy`] for a network that was not among those of the circuit.
    pub fn new(model: &FixedModel, circuit: &Circuit, packing: &Packing) -> Result<Self, linear::TooHeavy> {
        let constants =
            |(step, layout): (&Step, &Option<Layout>)| match (linear::dense(&model.layers()[step.layer].op), layout) {
                (Some((weights, start)), Some(layout)) => {
                    let transformed = Weights::new(layout, &weights)?;
                    Ok(Some(Constants { transformed, weights: weights.into_owned(), start: start.to_vec() }))
                }
                _ => Ok(None),
            };
        Ok(Self { layers: circuit.steps.iter().zip(&packing.layouts).map(constants).collect::<Result<_, _>>()? })
    }
}

/// Runs a group's part of a layer; its address names the group where there are several.
fn in_group<T>(
    party: &mut Party,
    groups: usize,
    index: usize,
    body: impl FnOnce(&mut Party) -> Result<T, Halt>,
) -> Result<T, Halt> {
    if groups == 1 { body(party) } else { party.step(Component::Group(index), body) }
}

/// Inputs of a linear layer.
fn inputs(shape: Shape) -> usize {
    match shape {
        Shape::Conv { image, .. } => image.iter().product(),
        Shape::Gemm { inputs, .. } => inputs,
    }
}

/// The client of a session.
pub struct Client<'a> {
    /// What is computed.
    pub circuit: &'a Circuit,
    /// How it is packed.
    pub packing: &'a Packing,
    /// Its key.
    pub key: &'a ClientKey,
}

impl Protocols for Client<'_> {
    fn linear(&mut self, party: &mut Party, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        let Op::Linear { shape, .. } = self.circuit.steps[step].op else { return Ok(Vec::new()) };
        let layout = self.packing.layout(step);
        let groups = numbers.chunks_exact(inputs(shape) * self.packing.group);
        let count = groups.len();
        for (index, numbers) in groups.enumerate() {
            in_group(party, count, index, |party| {
                linear::ask(&mut party.link, self.key, layout, numbers, &mut party.rng)
            })?;
        }
        let mut shares = Vec::with_capacity(numbers.len());
        for index in 0..count {
            shares.extend(in_group(party, count, index, |party| linear::take(&mut party.link, self.key, layout))?);
        }
        Ok(shares)
    }
}

/// The server of a session.
pub struct Server<'a> {
    /// What is computed.
    pub circuit: &'a Circuit,
    /// How it is packed.
    pub packing: &'a Packing,
    /// The client's public keys.
    pub keys: &'a PublicKeys,
    /// For each group of slots its network.
    pub networks: Vec<&'a Network>,
}

impl Protocols for Server<'_> {
    fn linear(&mut self, party: &mut Party, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        let Op::Linear { shape, .. } = self.circuit.steps[step].op else { return Ok(Vec::new()) };
        let layout = self.packing.layout(step);
        let groups = numbers.chunks_exact(inputs(shape) * self.packing.group);
        let count = groups.len();
        let mut shares = Vec::with_capacity(numbers.len());
        for (index, (numbers, network)) in groups.zip(&self.networks).enumerate() {
            let Some(Constants { transformed, weights, start }) = &network.layers[step] else { continue };
            let under = in_group(party, count, index, |party| {
                linear::server(&mut party.link, self.keys, layout, transformed, &mut party.rng)
            })?;
            let clear = layout.clear(weights, start, numbers);
            let modulus = crate::bits::mask(self.circuit.steps[step].ring);
            shares.extend(under.iter().zip(clear).map(|(a, b)| a.wrapping_add(b) & modulus));
        }
        Ok(shares)
    }
}
