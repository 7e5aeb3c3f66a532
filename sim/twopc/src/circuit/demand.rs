//! What one modulus for all values of a circuit must hold.

use super::build::{is_compared, node};
use super::unsupported::Unsupported;
use crate::modulus::Modulus;
use fusion_nn::fixed::FixedModel;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// What a layer demands of the modulus of all values: that it holds integers up to a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The layer, as messages name it.
    pub node: String,
    /// The largest size of an integer, by the proved ranges of all networks.
    pub size: u64,
}

/// The demands of the layers of networks of one architecture, each layer once. Where values are compared by the sign of their `differences`, the modulus must
/// also hold these.
#[must_use]
pub fn demands(models: &[&FixedModel], differences: bool) -> Vec<Demand> {
    let size = |[least, most]: [i64; 2], compared: bool| {
        let apart = if compared && differences { most.abs_diff(least) } else { 0 };
        least.unsigned_abs().max(most.unsigned_abs()).max(apart)
    };
    let layers = models.iter().flat_map(|model| {
        model
            .layers()
            .iter()
            .enumerate()
            .map(move |(index, layer)| Demand { node: node(layer), size: size(layer.range, is_compared(model, index)) })
    });
    let images = models.iter().map(|model| Demand { node: "the image".into(), size: size(model.pixel_range(), true) });
    largest_of_each(images.chain(layers))
}

/// The largest demand of each layer, in the order of the layers.
fn largest_of_each(all: impl Iterator<Item = Demand>) -> Vec<Demand> {
    let (mut each, mut places): (Vec<Demand>, BTreeMap<String, usize>) = (Vec::new(), BTreeMap::new());
    for demand in all {
        match places.entry(demand.node.clone()) {
            Entry::Occupied(place) => {
                let known = &mut each[*place.get()];
                known.size = known.size.max(demand.size);
            }
            Entry::Vacant(vacant) => {
                vacant.insert(each.len());
                each.push(demand);
            }
        }
    }
    each
}

/// The number of bits of the smallest ring that meets all demands.
#[must_use]
pub fn bits_for(demands: &[Demand]) -> u32 {
    let most = demands.iter().map(|demand| demand.size).max().map_or(0, |size| u64::BITS - size.leading_zeros());
    most + 1
}

/// Checks that a modulus meets all demands.
///
/// # Errors
/// [`Unsupported`] with every layer whose integers it does not hold.
pub fn meets(modulus: Modulus, demands: &[Demand]) -> Result<(), Unsupported> {
    let what = match modulus {
        Modulus::TwoTo(bits) => format!("a ring of {bits} bits"),
        Modulus::Prime(p) => format!("the field of {p} elements"),
    };
    let refused = demands.iter().filter(|demand| !modulus.holds(demand.size));
    Unsupported::unless_none(refused.map(|demand| format!("{}, which {what} does not hold", demand.said())))
}

/// Checks that some prime of a family meets each demand by itself: where all of them together are to be met, the largest decides.
///
/// # Errors
/// [`Unsupported`] with every layer whose integers no prime of the family holds.
pub fn met_by_some(most_bits: u32, demands: &[Demand], is_met: impl Fn(&Demand) -> bool) -> Result<(), Unsupported> {
    let refused = demands.iter().filter(|demand| !is_met(demand));
    let reason = |demand: &Demand| {
        format!("{}, which no prime of the family holds (they have at most {most_bits} bits)", demand.said())
    };
    Unsupported::unless_none(refused.map(reason))
}

impl Demand {
    fn said(&self) -> String {
        let Self { node, size } = self;
        format!("{node}: its values may be as large as {size}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_nn::fixed::{Pixels, Precision, Ring};
    use fusion_nn::model::Model;

    fn of(onnx: &[u8], differences: bool) -> Vec<Demand> {
        let precision = Precision { frac_bits: 12, ring: Ring::Auto };
        let pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };
        let fixed = FixedModel::new(&Model::from_onnx(onnx).unwrap(), precision, pixels).unwrap();
        demands(&[&fixed], differences)
    }

    /// The bits by the proved ranges, without and with the differences of logits.
    #[test]
    fn lenets_need_so_many_bits() {
        let mnist = include_bytes!("../../../../examples/models/lenet_mnist_full.onnx");
        let cifar = include_bytes!("../../../../examples/models/lenet_cifar10_full.onnx");
        let bits = |onnx: &[u8]| [false, true].map(|differences| bits_for(&of(onnx, differences)));
        assert_eq!([bits(mnist), bits(cifar)], [[41, 41], [43, 43]]);
    }
}
