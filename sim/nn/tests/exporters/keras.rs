//! Graphs as tf2onnx writes them from Keras and TensorFlow: channels last around convolutions with channels first.

use super::builder::{Net, int, ints, text};
use super::{Case, End, Lies};

const LAST: Lies = Lies::ChannelsLast;

fn to_first(net: &mut Net, x: &str) -> String {
    net.op("Transpose", &[x], &[ints("perm", &[0, 3, 1, 2])])
}

fn to_last(net: &mut Net, x: &str) -> String {
    net.op("Transpose", &[x], &[ints("perm", &[0, 2, 3, 1])])
}

/// `Conv2D(padding="same")` on channels last, with its bias as a node after it.
fn conv(net: &mut Net, x: &str, [to, from]: [i64; 2], stride: i64, padding: &str) -> String {
    let x = to_first(net, x);
    let w = net.weights(&[to, from, 3, 3]);
    let x = net.op("Conv", &[&x, &w], &[text("auto_pad", padding), ints("strides", &[stride; 2])]);
    to_last(net, &x)
}

fn dense(net: &mut Net, x: &str, [from, to]: [i64; 2]) -> String {
    let (w, b) = (net.weights(&[from, to]), net.weights(&[to]));
    let x = net.op("MatMul", &[x, &w], &[]);
    net.op("Add", &[&x, &b], &[])
}

fn relu(net: &mut Net, x: &str) -> String {
    net.op("Relu", &[x], &[])
}

fn flat(net: &mut Net, x: &str, features: i64) -> String {
    let shape = net.shape(&[-1, features]);
    net.op("Reshape", &[x, &shape], &[])
}

fn pool(net: &mut Net, x: &str, op: &str, padding: &str) -> String {
    let x = to_first(net, x);
    let window = [ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2]), text("auto_pad", padding)];
    let x = net.op(op, &[&x], &window);
    to_last(net, &x)
}

pub(super) const CASES: &[Case] = &[
    Case::new("cnn", &[0, 7, 6, 3], LAST, "conv relu maxpool flatten gemm relu gemm", |net| {
        let x = conv(net, "x", [4, 3], 1, "SAME_UPPER");
        let b = net.weights(&[4]);
        let x = net.op("Add", &[&x, &b], &[]);
        let x = relu(net, &x);
        let x = pool(net, &x, "MaxPool", "VALID");
        let x = flat(net, &x, 36);
        let x = dense(net, &x, [36, 5]);
        let x = relu(net, &x);
        let x = dense(net, &x, [5, 4]);
        net.op("Softmax", &[&x], &[int("axis", 1)])
    })
    .ending(End::Probabilities),
    Case::new("two convolutions with strides", &[0, 7, 6, 1], LAST, "conv relu conv flatten gemm", |net| {
        let x = conv(net, "x", [4, 1], 2, "SAME_UPPER");
        let x = relu(net, &x);
        let x = conv(net, &x, [3, 4], 2, "SAME_LOWER");
        let x = flat(net, &x, 12);
        dense(net, &x, [12, 4])
    }),
    Case::new("turned once at the start and the end", &[0, 7, 6, 3], LAST, "conv maxpool flatten gemm", |net| {
        let x = to_first(net, "x");
        let (w, b) = (net.weights(&[4, 3, 3, 3]), net.weights(&[4]));
        let x = net.op("Conv", &[&x, &w, &b], &[]);
        let x = net.op("MaxPool", &[&x], &[ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])]);
        let x = to_last(net, &x);
        let x = flat(net, &x, 16);
        dense(net, &x, [16, 4])
    }),
    Case::new("a flat image of three channels", &[0, 7, 6, 3], LAST, "flatten gemm", |net| {
        let x = flat(net, "x", 126);
        dense(net, &x, [126, 4])
    }),
    Case::new("a vector made an image", &[0, 49], LAST, "conv flatten gemm", |net| {
        let shape = net.shape(&[-1, 7, 7, 1]);
        let x = net.op("Reshape", &["x", &shape], &[]);
        let x = conv(net, &x, [3, 1], 1, "VALID");
        let x = flat(net, &x, 75);
        dense(net, &x, [75, 4])
    }),
    Case::new("a vector made an image of three channels", &[0, 126], LAST, "conv flatten gemm", |net| {
        let shape = net.shape(&[-1, 7, 6, 3]);
        let x = net.op("Reshape", &["x", &shape], &[]);
        let x = conv(net, &x, [3, 3], 1, "VALID");
        let x = flat(net, &x, 60);
        dense(net, &x, [60, 4])
    }),
    Case::new("pixels divided by 255", &[0, 7, 6, 3], LAST, "conv conv flatten gemm", |net| {
        let full = net.scalar(255.0);
        let x = net.op("Div", &["x", &full], &[]);
        let x = conv(net, &x, [3, 3], 1, "VALID");
        let x = flat(net, &x, 60);
        dense(net, &x, [60, 4])
    }),
    Case::new("normalisation as products and sums", &[0, 7, 6, 3], LAST, "conv relu conv conv flatten gemm", |net| {
        let x = conv(net, "x", [4, 3], 1, "SAME_UPPER");
        let x = relu(net, &x);
        let (scale, shift) = (net.positive(&[4]), net.weights(&[4]));
        let x = net.op("Mul", &[&x, &scale], &[]);
        let x = net.op("Add", &[&x, &shift], &[]);
        let x = conv(net, &x, [2, 4], 2, "SAME_UPPER");
        let x = flat(net, &x, 24);
        dense(net, &x, [24, 4])
    }),
    Case::new("normalised features", &[0, 7, 6, 1], LAST, "flatten gemm relu gemm", |net| {
        let x = flat(net, "x", 42);
        let x = dense(net, &x, [42, 6]);
        let x = relu(net, &x);
        let (scale, shift) = (net.positive(&[6]), net.weights(&[6]));
        let x = net.op("Mul", &[&x, &scale], &[]);
        let x = net.op("Add", &[&x, &shift], &[]);
        dense(net, &x, [6, 4])
    }),
    Case::new("global average", &[0, 7, 6, 3], LAST, "conv relu averagepool flatten gemm", |net| {
        let x = conv(net, "x", [4, 3], 1, "SAME_UPPER");
        let x = relu(net, &x);
        let x = net.op("ReduceMean", &[&x], &[ints("axes", &[1, 2]), int("keepdims", 0)]);
        dense(net, &x, [4, 4])
    }),
    Case::new("global maximum", &[0, 7, 6, 3], LAST, "conv relu maxpool flatten gemm", |net| {
        let x = conv(net, "x", [4, 3], 1, "SAME_UPPER");
        let x = relu(net, &x);
        let axes = net.shape(&[1, 2]);
        let x = net.op("ReduceMax", &[&x, &axes], &[int("keepdims", 1)]);
        let x = flat(net, &x, 4);
        dense(net, &x, [4, 4])
    }),
    Case::new("zero padding on channels last", &[0, 7, 6, 3], LAST, "conv flatten gemm", |net| {
        let pads = net.shape(&[0, 1, 2, 0, 0, 0, 1, 0]);
        let x = net.op("Pad", &["x", &pads], &[]);
        let x = conv(net, &x, [2, 3], 2, "VALID");
        let x = flat(net, &x, 2 * 3 * 4);
        dense(net, &x, [24, 4])
    }),
    Case::new("residual block", &[0, 7, 6, 3], LAST, "conv relu conv add relu averagepool flatten gemm", |net| {
        let x = conv(net, "x", [4, 3], 1, "SAME_UPPER");
        let x = relu(net, &x);
        let y = conv(net, &x, [4, 4], 1, "SAME_UPPER");
        let x = net.op("Add", &[&x, &y], &[]);
        let x = relu(net, &x);
        let x = net.op("ReduceMean", &[&x], &[ints("axes", &[1, 2]), int("keepdims", 0)]);
        dense(net, &x, [4, 4])
    }),
    Case::new("joined branches", &[0, 7, 6, 3], LAST, "conv conv concat maxpool flatten gemm", |net| {
        let one = conv(net, "x", [4, 3], 1, "SAME_UPPER");
        let other = conv(net, "x", [2, 3], 1, "SAME_LOWER");
        let x = net.op("Concat", &[&one, &other], &[int("axis", -1)]);
        let x = pool(net, &x, "MaxPool", "SAME_UPPER");
        let x = flat(net, &x, 72);
        dense(net, &x, [72, 4])
    }),
    Case::new("average pool of the same size", &[0, 8, 6, 3], LAST, "averagepool flatten gemm", |net| {
        let x = pool(net, "x", "AveragePool", "SAME_UPPER");
        let x = flat(net, &x, 36);
        dense(net, &x, [36, 4])
    }),
    Case::new("ReLU as a maximum, and at most 6", &[0, 7, 6, 3], LAST, "conv relu clip flatten gemm", |net| {
        let x = conv(net, "x", [4, 3], 1, "VALID");
        let (zero, six) = (net.scalar(0.0), net.scalar(6.0));
        let x = net.op("Max", &[&zero, &x], &[]);
        let x = net.op("Min", &[&x, &six], &[]);
        let x = flat(net, &x, 80);
        dense(net, &x, [80, 4])
    }),
    Case::new("dense on each pixel", &[0, 7, 6, 3], LAST, "conv relu averagepool flatten gemm", |net| {
        let x = dense(net, "x", [3, 5]);
        let x = relu(net, &x);
        let x = net.op("ReduceMean", &[&x], &[ints("axes", &[1, 2]), int("keepdims", 0)]);
        dense(net, &x, [5, 4])
    }),
    Case::new("shape of the batch", &[0, 7, 6, 3], LAST, "conv flatten gemm", |net| {
        let x = conv(net, "x", [4, 3], 1, "VALID");
        let shape = net.op("Shape", &[&x], &[]);
        let shape = net.op("Cast", &[&shape], &[int("to", 6)]);
        let zero = net.index(0);
        let batch = net.op("Gather", &[&shape, &zero], &[]);
        let axes = net.shape(&[0]);
        let batch = net.op("Unsqueeze", &[&batch, &axes], &[]);
        let batch = net.op("Cast", &[&batch], &[int("to", 7)]);
        let rest = net.shape(&[80]);
        let target = net.op("Concat", &[&batch, &rest], &[int("axis", 0)]);
        let x = net.op("Reshape", &[&x, &target], &[]);
        dense(net, &x, [80, 4])
    }),
    Case::new("squeezed after a pool", &[0, 8, 8, 3], LAST, "averagepool flatten gemm", |net| {
        let x = to_first(net, "x");
        let x = net.op("GlobalAveragePool", &[&x], &[]);
        let axes = net.shape(&[2, 3]);
        let x = net.op("Squeeze", &[&x, &axes], &[]);
        dense(net, &x, [3, 4])
    }),
];
