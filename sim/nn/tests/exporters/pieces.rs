//! Graphs with activations that are linear in pieces, as exporters write them.

use super::builder::{Net, float, int, ints};
use super::{Case, End, Lies};

const FIRST: Lies = Lies::ChannelsFirst;

fn conv(net: &mut Net, x: &str, [to, from]: [i64; 2]) -> String {
    let (w, b) = (net.weights(&[to, from, 3, 3]), net.weights(&[to]));
    net.op("Conv", &[x, &w, &b], &[ints("pads", &[1; 4])])
}

fn linear(net: &mut Net, x: &str, [to, from]: [i64; 2]) -> String {
    let (w, b) = (net.weights(&[to, from]), net.weights(&[to]));
    net.op("Gemm", &[x, &w, &b], &[int("transB", 1)])
}

/// A layer of an image, an activation, and one of a vector with the same activation.
fn both(net: &mut Net, act: impl Fn(&mut Net, &str) -> String) -> String {
    let x = conv(net, "x", [3, 2]);
    let x = act(net, &x);
    let x = net.op("Flatten", &[&x], &[int("axis", 1)]);
    let x = linear(net, &x, [5, 90]);
    let x = act(net, &x);
    linear(net, &x, [4, 5])
}

const PIECES: &str = "conv conv relu conv flatten gemm gemm relu gemm gemm";
const CLIPS: &str = "conv conv clip conv flatten gemm gemm clip gemm gemm";

pub(super) const CASES: &[Case] = &[
    Case::new("leaky relu", &[0, 2, 6, 5], FIRST, PIECES, |net| {
        both(net, |net, x| net.op("LeakyRelu", &[x], &[float("alpha", 0.1)]))
    }),
    Case::new(
        "leaky relu by default, and negative",
        &[0, 2, 6, 5],
        FIRST,
        "conv relu conv conv conv relu conv flatten gemm",
        |net| {
            let x = net.op("LeakyRelu", &["x"], &[]);
            let x = conv(net, &x, [3, 2]);
            let x = net.op("LeakyRelu", &[&x], &[float("alpha", -0.5)]);
            let x = net.op("Flatten", &[&x], &[]);
            linear(net, &x, [4, 90])
        },
    ),
    Case::new("sigmoid", &[0, 2, 6, 5], FIRST, CLIPS, |net| both(net, |net, x| net.op("Sigmoid", &[x], &[]))),
    Case::new("tanh", &[0, 2, 6, 5], FIRST, CLIPS, |net| both(net, |net, x| net.op("Tanh", &[x], &[]))),
    Case::new("hard sigmoid", &[0, 2, 6, 5], FIRST, "conv clip flatten gemm clip gemm", |net| {
        both(net, |net, x| net.op("HardSigmoid", &[x], &[float("alpha", 1.0 / 6.0)]))
    }),
    Case::new(
        "hard sigmoid of what others read",
        &[0, 2, 6, 5],
        FIRST,
        "conv conv clip relu concat flatten gemm",
        |net| {
            let x = conv(net, "x", [3, 2]);
            let (one, other) = (net.op("HardSigmoid", &[&x], &[]), net.op("Relu", &[&x], &[]));
            let other = net.op("Concat", &[&one, &other], &[int("axis", 1)]);
            let x = net.op("Flatten", &[&other], &[]);
            linear(net, &x, [4, 180])
        },
    ),
    Case::new("prelu by channel, then by feature", &[0, 2, 6, 5], FIRST, PIECES, |net| {
        let x = conv(net, "x", [3, 2]);
        let slope = net.weights(&[3, 1, 1]);
        let x = net.op("PRelu", &[&x, &slope], &[]);
        let x = net.op("Flatten", &[&x], &[]);
        let x = linear(net, &x, [5, 90]);
        let slope = net.weights(&[5]);
        let x = net.op("PRelu", &[&x, &slope], &[]);
        linear(net, &x, [4, 5])
    }),
    Case::new(
        "keras: prelu and sigmoid with channels last",
        &[0, 6, 5, 2],
        Lies::ChannelsLast,
        "conv conv relu conv conv clip conv flatten gemm",
        |net| {
            let x = net.op("Transpose", &["x"], &[ints("perm", &[0, 3, 1, 2])]);
            let x = conv(net, &x, [3, 2]);
            let x = net.op("Transpose", &[&x], &[ints("perm", &[0, 2, 3, 1])]);
            let slope = net.weights(&[1, 1, 3]);
            let x = net.op("PRelu", &[&x, &slope], &[]);
            let x = net.op("Sigmoid", &[&x], &[]);
            let shape = net.shape(&[0, 90]);
            let x = net.op("Reshape", &[&x, &shape], &[]);
            linear(net, &x, [4, 90])
        },
    ),
    Case::new(
        "a normalisation after tanh is taken in",
        &[0, 2, 6, 5],
        FIRST,
        "conv conv clip conv flatten gemm",
        |net| {
            let x = conv(net, "x", [3, 2]);
            let x = net.op("Tanh", &[&x], &[]);
            let parts = [net.positive(&[3]), net.weights(&[3]), net.weights(&[3]), net.positive(&[3])];
            let [scale, shift, mean, variance] = &parts;
            let x = net.op("BatchNormalization", &[&x, scale, shift, mean, variance], &[]);
            let x = net.op("Flatten", &[&x], &[]);
            linear(net, &x, [4, 90])
        },
    ),
    Case::new(
        "a sum with a pooled value",
        &[0, 2, 6, 5],
        FIRST,
        "conv relu averagepool conv relu conv add flatten gemm",
        |net| {
            let x = conv(net, "x", [3, 2]);
            let x = net.op("Relu", &[&x], &[]);
            let all = net.op("GlobalAveragePool", &[&x], &[]);
            let w = net.weights(&[3, 3, 1, 1]);
            let all = net.op("Conv", &[&all, &w], &[]);
            let all = net.op("Relu", &[&all], &[]);
            let x = net.op("Add", &[&x, &all], &[]);
            let x = net.op("Flatten", &[&x], &[]);
            linear(net, &x, [4, 90])
        },
    ),
    Case::new(
        "keras: a sum with a pooled value, which is first",
        &[0, 6, 5, 2],
        Lies::ChannelsLast,
        "conv relu averagepool conv conv add flatten gemm",
        |net| {
            let x = net.op("Transpose", &["x"], &[ints("perm", &[0, 3, 1, 2])]);
            let x = conv(net, &x, [3, 2]);
            let x = net.op("Relu", &[&x], &[]);
            let x = net.op("Transpose", &[&x], &[ints("perm", &[0, 2, 3, 1])]);
            let all = net.op("ReduceMean", &[&x], &[ints("axes", &[1, 2]), int("keepdims", 1)]);
            let w = net.weights(&[3, 3]);
            let all = net.op("MatMul", &[&all, &w], &[]);
            let x = net.op("Add", &[&all, &x], &[]);
            let shape = net.shape(&[0, 90]);
            let x = net.op("Reshape", &[&x, &shape], &[]);
            linear(net, &x, [4, 90])
        },
    ),
    Case::new("a last sigmoid", &[0, 30], FIRST, "flatten gemm", |net| {
        let x = linear(net, "x", [4, 30]);
        net.op("Sigmoid", &[&x], &[])
    })
    .ending(End::Sigmoids),
    Case::new("a last tanh and its label", &[0, 30], FIRST, "flatten gemm", |net| {
        let x = linear(net, "x", [4, 30]);
        // So small that the table does not make equal labels of them.
        let small = net.scalar(1.0 / 16.0);
        let x = net.op("Mul", &[&x, &small], &[]);
        let x = net.op("Tanh", &[&x], &[]);
        net.op("ArgMax", &[&x], &[int("axis", 1)])
    })
    .ending(End::Label),
];
