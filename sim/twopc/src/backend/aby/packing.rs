//! The linear layers of a circuit as products, and a network's weights.

use super::products::Products;
use crate::circuit::{Circuit, Op, Step};
use crate::he::parameters::Bound;
use crate::linear::{TooHeavy, constants};
use crate::modulus::Modulus;
use fusion_nn::fixed::FixedModel;

/// The products of a circuit's linear layers, and how many slots share a network. Both parties know it.
#[derive(Clone, Debug)]
pub struct Packing {
    group: usize,
    /// By step; `None` where it is not linear.
    products: Vec<Option<Products>>,
}

impl Packing {
    pub(super) fn new(circuit: &Circuit, group: usize) -> Self {
        let products = |step: &Step| match step.op {
            Op::Linear { shape, .. } => Some(Products::new(shape)),
            _ => None,
        };
        Self { group, products: circuit.steps.iter().map(products).collect() }
    }

    /// The number of slots that share a network.
    pub(super) fn group(&self) -> usize {
        self.group
    }

    /// The products of a step, if it is linear.
    pub(super) fn products(&self, step: usize) -> Option<&Products> {
        self.products[step].as_ref()
    }

    /// The products of all linear layers, for one sample.
    #[must_use]
    pub fn count(&self) -> usize {
        self.products.iter().flatten().map(Products::count).sum()
    }

    /// The products of the linear layer with the most of them, for one sample.
    pub(super) fn most(&self) -> usize {
        self.products.iter().flatten().map(Products::count).max().map_or(0, |most| most)
    }
}

/// A network's weights and biases as elements.
#[derive(Clone, Debug)]
pub struct Network {
    /// By step.
    layers: Vec<Option<Layer>>,
}

/// The weights of a linear layer, filter by filter, and the bias of each filter.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) weights: Vec<u64>,
    pub(super) start: Vec<u64>,
}

impl Network {
    pub(super) fn new(model: &FixedModel, circuit: &Circuit, modulus: Modulus) -> Result<Self, TooHeavy> {
        let layer = |step: &Step| {
            let (Op::Linear { bound, .. }, Some((weights, start))) =
                (&step.op, constants(&model.layers()[step.layer].op))
            else {
                return Ok(None);
            };
            let filter = (weights.len() / start.len().max(1)).max(1);
            let heavy = |filter: &[i64]| !Bound::of(std::iter::once(filter)).is_within(*bound);
            if let Some(filter) = weights.chunks(filter).position(heavy) {
                return Err(TooHeavy { filter });
            }
            let elements = |integers: &[i64]| integers.iter().map(|&integer| modulus.element(integer)).collect();
            Ok(Some(Layer { weights: elements(weights), start: elements(start) }))
        };
        Ok(Self { layers: circuit.steps.iter().map(layer).collect::<Result<_, _>>()? })
    }

    /// The weights of a step, if it is linear.
    pub(super) fn layer(&self, step: usize) -> Option<&Layer> {
        self.layers[step].as_ref()
    }
}
