//! One honest answer: LeNet-5 on a digit, in fixed and in floating point, and reading the model.

use divan::Bencher;
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::float;
use fusion_nn::idx::Images;
use fusion_nn::model::Model;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

fn main() {
    divan::main();
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(format!("{EXAMPLES}/{path}")).unwrap_or_default()
}

fn lenet() -> Option<Model> {
    Model::from_onnx(&read("models/lenet_mnist_full.onnx")).ok()
}

fn digit() -> Option<Vec<u8>> {
    Some(Images::parse(&read("data/mnist_t1000-images-idx3-ubyte")).ok()?.get(0)?.to_vec())
}

#[divan::bench]
fn import(bencher: Bencher) {
    let bytes = read("models/lenet_mnist_full.onnx");
    bencher.bench(|| Model::from_onnx(&bytes).is_ok());
}

#[divan::bench]
fn fixed_label(bencher: Bencher) {
    let precision = Precision { frac_bits: 12, ring: Ring::Auto };
    let pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };
    let fixed = lenet().and_then(|model| FixedModel::new(&model, precision, pixels).ok());
    let job = fixed.zip(digit());
    bencher.bench(|| job.as_ref().map(|(fixed, digit)| fixed.label(digit)));
}

#[divan::bench]
fn float_logits(bencher: Bencher) {
    let input = digit().map(|digit| digit.iter().map(|&p| f64::from(p) / 255.0).collect::<Vec<f64>>());
    let job = lenet().zip(input);
    bencher.bench(|| job.as_ref().map(|(model, input)| float::evaluate(model, input)));
}
