//! Graphs as converters from scikit-learn and JAX write them.

use super::builder::{Net, float, int, ints};
use super::{Case, End, Lies};

const FIRST: Lies = Lies::ChannelsFirst;
const LAST: Lies = Lies::ChannelsLast;

fn layer(net: &mut Net, x: &str, [from, to]: [i64; 2]) -> String {
    let (w, b) = (net.weights(&[from, to]), net.weights(&[1, to]));
    let x = net.op("MatMul", &[x, &w], &[]);
    net.op("Add", &[&x, &b], &[])
}

pub(super) const CASES: &[Case] = &[
    Case::new("sklearn: MLPClassifier", &[0, 30], FIRST, "flatten gemm relu gemm", |net| {
        let x = net.op("Cast", &["x"], &[int("to", 1)]);
        let x = layer(net, &x, [30, 6]);
        let x = net.op("Relu", &[&x], &[]);
        let x = layer(net, &x, [6, 4]);
        net.op("Softmax", &[&x], &[int("axis", 1)])
    })
    .ending(End::Probabilities),
    Case::new("sklearn: MLPClassifier with its label and a dictionary", &[0, 30], FIRST, "flatten gemm", |net| {
        let (offset, scale) = (net.floats("offset", 30), net.floats("scale", 30));
        let x = net.learned("Scaler", &["x"], &[offset, scale]);
        let x = layer(net, &x, [30, 4]);
        let x = net.op("Softmax", &[&x], &[int("axis", 1)]);
        let place = net.op("ArgMax", &[&x], &[int("axis", 1)]);
        let known = net.learned("ZipMap", &[&x], &[ints("classlabels_int64s", &[0, 1, 2, 3])]);
        let classes = net.shape(&[0, 1, 2, 3]);
        let label = net.learned("ArrayFeatureExtractor", &[&classes, &place], &[]);
        let all = net.shape(&[-1]);
        let label = net.op("Reshape", &[&label, &all], &[]);
        let label = net.op("Cast", &[&label], &[int("to", 7)]);
        format!("{label} {known}")
    })
    .ending(End::Probabilities),
    Case::new("sklearn: the label as a vector", &[0, 64], FIRST, "flatten gemm relu gemm", |net| {
        let x = layer(net, "x", [64, 6]);
        let x = net.op("Relu", &[&x], &[]);
        let x = layer(net, &x, [6, 4]);
        let x = net.op("ArgMax", &[&x], &[int("axis", 1)]);
        let x = net.op("Cast", &[&x], &[int("to", 6)]);
        let all = net.shape(&[-1]);
        net.op("Reshape", &[&x, &all], &[])
    })
    .ending(End::Label),
    Case::new("sklearn: StandardScaler before a layer", &[0, 30], FIRST, "flatten gemm", |net| {
        let (mean, deviation) = (net.weights(&[30]), net.positive(&[1, 30]));
        let x = net.op("Sub", &["x", &mean], &[]);
        let x = net.op("Div", &[&x, &deviation], &[]);
        layer(net, &x, [30, 4])
    }),
    Case::new("sklearn: double constants", &[0, 30], FIRST, "flatten gemm", |net| {
        let x = net.op("Cast", &["x"], &[int("to", 11)]);
        let (w, b) = (net.weights_as(11, &[30, 4]), net.weights_as(11, &[4]));
        let x = net.op("MatMul", &[&x, &w], &[]);
        net.op("Add", &[&x, &b], &[])
    }),
    Case::new("sklearn: a factor before ReLU on features", &[0, 6], FIRST, "flatten gemm relu gemm", |net| {
        let scale = net.weights(&[6]);
        let x = net.op("Mul", &["x", &scale], &[]);
        let x = net.op("Relu", &[&x], &[]);
        layer(net, &x, [6, 4])
    }),
    Case::new("jax: mlp by maxima", &[0, 30], FIRST, "flatten gemm relu gemm", |net| {
        let x = layer(net, "x", [30, 6]);
        let zero = net.constant_node(float("value_float", 0.0));
        let x = net.op("Max", &[&x, &zero], &[]);
        layer(net, &x, [6, 4])
    }),
    Case::new("jax: convolution with weights turned by nodes", &[0, 7, 6, 3], LAST, "conv relu flatten gemm", |net| {
        let w = net.weights(&[3, 3, 3, 4]);
        let w = net.op("Transpose", &[&w], &[ints("perm", &[3, 2, 0, 1])]);
        let x = net.op("Transpose", &["x"], &[ints("perm", &[0, 3, 1, 2])]);
        let x = net.op("Conv", &[&x, &w], &[]);
        let x = net.op("Transpose", &[&x], &[ints("perm", &[0, 2, 3, 1])]);
        let b = net.weights(&[4]);
        let shape = net.shape(&[1, 1, 1, 4]);
        let b = net.op("Reshape", &[&b, &shape], &[]);
        let x = net.op("Add", &[&x, &b], &[]);
        let x = net.op("Relu", &[&x], &[]);
        let shape = net.shape(&[0, -1]);
        let x = net.op("Reshape", &[&x, &shape], &[]);
        layer(net, &x, [80, 4])
    }),
    Case::new("jax: normalisation by a square root", &[0, 7, 6, 3], LAST, "conv flatten gemm", |net| {
        let x = layer(net, "x", [3, 4]);
        let (mean, variance, scale, shift) =
            (net.weights(&[4]), net.positive(&[4]), net.positive(&[4]), net.weights(&[4]));
        let epsilon = net.scalar(1e-5);
        let variance = net.op("Add", &[&variance, &epsilon], &[]);
        let root = net.op("Sqrt", &[&variance], &[]);
        let inverse = net.op("Reciprocal", &[&root], &[]);
        let factor = net.op("Mul", &[&inverse, &scale], &[]);
        let x = net.op("Sub", &[&x, &mean], &[]);
        let x = net.op("Mul", &[&x, &factor], &[]);
        let x = net.op("Add", &[&x, &shift], &[]);
        let shape = net.shape(&[0, 168]);
        let x = net.op("Reshape", &[&x, &shape], &[]);
        layer(net, &x, [168, 4])
    }),
    Case::new("small integers as weights, cast and scaled", &[0, 30], FIRST, "flatten gemm", |net| {
        let (w, scale) = (net.bytes(&[30, 4]), net.scalar(1.0 / 64.0));
        let w = net.op("Cast", &[&w], &[int("to", 1)]);
        let w = net.op("Mul", &[&w, &scale], &[]);
        net.op("MatMul", &["x", &w], &[])
    }),
    Case::new("a difference of constants as bias", &[0, 30], FIRST, "flatten gemm", |net| {
        let (w, one, other) = (net.weights(&[30, 4]), net.weights(&[4]), net.weights(&[4]));
        let b = net.op("Sub", &[&one, &other], &[]);
        let b = net.op("Neg", &[&b], &[]);
        let x = net.op("MatMul", &["x", &w], &[]);
        net.op("Add", &[&x, &b], &[])
    }),
];
