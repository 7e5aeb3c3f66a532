//! What one modulus for all values of a circuit must hold.

use super::build::{Unsupported, is_compared, node};
use crate::modulus::Modulus;
use fusion_nn::fixed::FixedModel;

/// What a layer demands of the modulus of all values: that it holds integers up to a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The layer, as messages name it.
    pub node: String,
    /// The largest size of an integer, by the proved ranges of all networks.
    pub size: u64,
}

/// The demands of the layers of networks of one architecture. Where values are compared by the sign of their `differences`, the modulus must
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
    images.chain(layers).collect()
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
/// [`Unsupported`] with the first layer whose integers it does not hold.
pub fn meets(modulus: Modulus, demands: &[Demand]) -> Result<(), Unsupported> {
    let Some(Demand { node, size }) = demands.iter().find(|demand| !modulus.holds(demand.size)) else { return Ok(()) };
    let what = match modulus {
        Modulus::TwoTo(bits) => format!("a ring of {bits} bits"),
        Modulus::Prime(p) => format!("the field of {p} elements"),
    };
    Err(Unsupported(format!("{node}: its values may be as large as {size}, which {what} does not hold")))
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
