//! Networks that share an architecture.

use super::*;
use crate::tests::network;

/// A server may enter any of the networks, so that the range of a layer holds what each of them gives.
#[test]
fn a_shared_architecture_has_the_ranges_of_every_network() {
    let full = network(include_bytes!("../../../../examples/models/lenet_mnist_full.onnx"));
    let coarse = network(include_bytes!("../../../../examples/models/lenet_mnist_q3bit.onnx"));
    let known = Architecture::shared_by(&full, std::slice::from_ref(&coarse)).unwrap();
    let mut wider = [0; 2];
    for (layer, own) in known.layers.iter().zip(full.layers().iter().zip(coarse.layers())) {
        for (wider, range) in wider.iter_mut().zip([own.0.range, own.1.range]) {
            assert!(layer.range[0] <= range[0] && range[1] <= layer.range[1]);
            *wider += usize::from(layer.range != range);
        }
    }
    assert!(wider.iter().all(|layers| *layers > 0), "neither network has the ranges of both: {wider:?}");
    let small = network(include_bytes!("../../../../examples/models/small_mnist.onnx"));
    let Unsupported(reasons) = Architecture::shared_by(&full, &[small]).unwrap_err();
    assert_eq!(reasons, ["the networks have different architectures"]);
}
