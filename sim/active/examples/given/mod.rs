//! What the examples read: a network, and the first digits of the test set.

use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::{idx::Images, model::Model};
use std::error::Error;

/// The network of a file in ONNX, in fixed point with 12 fractional bits.
pub fn network(path: &str) -> Result<FixedModel, Box<dyn Error>> {
    let precision = Precision { frac_bits: 12, ring: Ring::Auto };
    let pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };
    Ok(FixedModel::new(&Model::from_onnx(&std::fs::read(path)?)?, precision, pixels)?)
}

/// The first digits, so many of them.
pub fn digits(count: usize) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let path = format!("{}/../../examples/data/mnist_t1000-images-idx3-ubyte", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::read(path)?;
    let images = Images::parse(&file)?;
    let digits = (0..count).map(|at| images.get(at).map(<[u8]>::to_vec));
    digits.collect::<Option<_>>().ok_or_else(|| "there are fewer images".into())
}
