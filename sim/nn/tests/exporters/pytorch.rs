//! Graphs as `torch.onnx.export` writes them, by tracing and by dynamo.

use super::builder::{Net, float, int, ints, text};
use super::{Case, End, Lies};

const FIRST: Lies = Lies::ChannelsFirst;

/// A convolution of 3 by 3 with a bias, and a padding of 1.
fn conv(net: &mut Net, x: &str, [to, from]: [i64; 2], stride: i64) -> String {
    let (w, b) = (net.weights(&[to, from, 3, 3]), net.weights(&[to]));
    let window = [
        ints("dilations", &[1, 1]),
        int("group", 1),
        ints("kernel_shape", &[3, 3]),
        ints("pads", &[1; 4]),
        ints("strides", &[stride; 2]),
    ];
    net.op("Conv", &[x, &w, &b], &window)
}

fn linear(net: &mut Net, x: &str, [to, from]: [i64; 2]) -> String {
    let (w, b) = (net.weights(&[to, from]), net.weights(&[to]));
    net.op("Gemm", &[x, &w, &b], &[float("alpha", 1.0), float("beta", 1.0), int("transB", 1)])
}

fn norm(net: &mut Net, x: &str, channels: i64) -> String {
    let parts =
        [net.positive(&[channels]), net.weights(&[channels]), net.weights(&[channels]), net.positive(&[channels])];
    let [scale, shift, mean, variance] = &parts;
    net.op("BatchNormalization", &[x, scale, shift, mean, variance], &[float("epsilon", 1e-5), float("momentum", 0.9)])
}

fn relu(net: &mut Net, x: &str) -> String {
    net.op("Relu", &[x], &[])
}

fn flat(net: &mut Net, x: &str) -> String {
    net.op("Flatten", &[x], &[int("axis", 1)])
}

/// Convolution, ReLU, and the classes of `features` values that `middle` leaves.
fn with(net: &mut Net, features: i64, middle: impl Fn(&mut Net, &str) -> String) -> String {
    let x = conv(net, "x", [3, 2], 1);
    let x = relu(net, &x);
    let x = middle(net, &x);
    let x = flat(net, &x);
    linear(net, &x, [4, features])
}

/// `x.view(x.size(0), -1)`, as a trace writes it.
fn view(net: &mut Net, x: &str) -> String {
    let (shape, zero, axes) = (net.op("Shape", &[x], &[]), net.index(0), net.shape(&[0]));
    let batch = net.op("Gather", &[&shape, &zero], &[int("axis", 0)]);
    let batch = net.op("Unsqueeze", &[&batch, &axes], &[]);
    let rest = net.shape(&[-1]);
    let target = net.op("Concat", &[&batch, &rest], &[int("axis", 0)]);
    net.op("Reshape", &[x, &target], &[])
}

fn pooled(net: &mut Net, x: &str, op: &str, kernel: i64, more: &[fusion_nn::onnx::Attribute]) -> String {
    let mut attributes = vec![ints("kernel_shape", &[kernel; 2]), ints("strides", &[2, 2])];
    attributes.extend(more.iter().cloned());
    net.op(op, &[x], &attributes)
}

pub(super) const CASES: &[Case] = &[
    Case::new("mlp on an image", &[0, 1, 6, 5], FIRST, "flatten gemm relu gemm", |net| {
        let x = flat(net, "x");
        let x = linear(net, &x, [7, 30]);
        let x = relu(net, &x);
        linear(net, &x, [4, 7])
    }),
    Case::new("mlp on a vector", &[0, 30], FIRST, "flatten gemm relu gemm", |net| {
        let x = linear(net, "x", [7, 30]);
        let x = relu(net, &x);
        linear(net, &x, [4, 7])
    }),
    Case::new("mlp on rows and columns", &[0, 6, 5], FIRST, "flatten gemm", |net| {
        let x = flat(net, "x");
        linear(net, &x, [4, 30])
    }),
    Case::new("unsqueezed rows and columns", &[0, 6, 6], FIRST, "conv flatten gemm", |net| {
        let axes = net.shape(&[1]);
        let x = net.op("Unsqueeze", &["x", &axes], &[]);
        let x = conv(net, &x, [3, 1], 1);
        let x = flat(net, &x);
        linear(net, &x, [4, 108])
    }),
    Case::new("conv, max pool", &[0, 2, 6, 6], FIRST, "conv relu maxpool flatten gemm", |net| {
        with(net, 27, |net, x| pooled(net, x, "MaxPool", 2, &[]))
    }),
    Case::new("max pool that rounds up", &[0, 2, 6, 6], FIRST, "conv relu maxpool flatten gemm", |net| {
        with(net, 27, |net, x| pooled(net, x, "MaxPool", 3, &[int("ceil_mode", 1)]))
    }),
    Case::new(
        "max pool that rounds up to a start in the padding",
        &[0, 2, 6, 6],
        FIRST,
        "conv relu maxpool flatten gemm",
        |net| with(net, 27, |net, x| pooled(net, x, "MaxPool", 1, &[int("ceil_mode", 1)])),
    ),
    Case::new(
        "average pool that rounds up to nothing",
        &[0, 2, 6, 6],
        FIRST,
        "conv relu averagepool flatten gemm",
        |net| with(net, 27, |net, x| pooled(net, x, "AveragePool", 2, &[int("ceil_mode", 1)])),
    ),
    Case::new("average pool over padding", &[0, 2, 6, 6], FIRST, "conv relu conv averagepool flatten gemm", |net| {
        with(net, 27, |net, x| {
            pooled(net, x, "AveragePool", 3, &[ints("pads", &[1, 1, 0, 0]), int("count_include_pad", 1)])
        })
    }),
    Case::new("adaptive pool", &[0, 2, 6, 6], FIRST, "conv relu averagepool flatten gemm", |net| {
        with(net, 3, |net, x| net.op("GlobalAveragePool", &[x], &[]))
    }),
    Case::new("adaptive max pool", &[0, 2, 6, 6], FIRST, "conv relu maxpool flatten gemm", |net| {
        with(net, 3, |net, x| net.op("GlobalMaxPool", &[x], &[]))
    }),
    Case::new("mean over height and width", &[0, 2, 6, 6], FIRST, "conv averagepool flatten gemm", |net| {
        let x = conv(net, "x", [3, 2], 1);
        let x = net.op("ReduceMean", &[&x], &[ints("axes", &[2, 3]), int("keepdims", 0)]);
        linear(net, &x, [4, 3])
    }),
    Case::new("mean over axes that are an input", &[0, 2, 6, 6], FIRST, "conv averagepool flatten gemm", |net| {
        let x = conv(net, "x", [3, 2], 1);
        let axes = net.shape(&[-1, -2]);
        let x = net.op("ReduceMean", &[&x, &axes], &[int("keepdims", 1)]);
        let x = flat(net, &x);
        linear(net, &x, [4, 3])
    }),
    Case::new("view by a shape", &[0, 2, 6, 6], FIRST, "conv flatten gemm", |net| {
        let x = conv(net, "x", [3, 2], 1);
        let x = view(net, &x);
        linear(net, &x, [4, 108])
    }),
    Case::new("view by a shape that is multiplied", &[0, 2, 6, 6], FIRST, "conv flatten gemm", |net| {
        let x = conv(net, "x", [3, 2], 1);
        let shape = net.op("Shape", &[&x], &[]);
        let (one, many) = (net.shape(&[1]), net.shape(&[i64::MAX]));
        let zero = net.shape(&[0]);
        let rest = net.op("Slice", &[&shape, &one, &many, &zero], &[]);
        let features = net.op("ReduceProd", &[&rest], &[int("keepdims", 0)]);
        let features = net.op("Unsqueeze", &[&features, &zero], &[]);
        let batch = net.op("Slice", &[&shape, &zero, &one, &zero], &[]);
        let target = net.op("Concat", &[&batch, &features], &[int("axis", 0)]);
        let target = net.op("Cast", &[&target], &[int("to", 7)]);
        let x = net.op("Reshape", &[&x, &target], &[int("allowzero", 1)]);
        linear(net, &x, [4, 108])
    }),
    Case::new("a fixed batch of 1", &[1, 2, 6, 6], FIRST, "conv flatten gemm", |net| {
        let x = conv(net, "x", [3, 2], 1);
        let target = net.shape(&[1, 108]);
        let x = net.op("Reshape", &[&x, &target], &[]);
        linear(net, &x, [4, 108])
    }),
    Case::new("view and back", &[0, 2, 6, 6], FIRST, "conv flatten gemm", |net| {
        let (flat, back) = (net.shape(&[-1, 72]), net.shape(&[-1, 2, 6, 6]));
        let x = net.op("Reshape", &["x", &flat], &[]);
        let x = net.op("Reshape", &[&x, &back], &[]);
        let x = conv(net, &x, [3, 2], 1);
        let x = view(net, &x);
        linear(net, &x, [4, 108])
    }),
    Case::new("a vector viewed as an image", &[0, 50], FIRST, "conv flatten gemm", |net| {
        let image = net.shape(&[-1, 2, 5, 5]);
        let x = net.op("Reshape", &["x", &image], &[]);
        let x = conv(net, &x, [3, 2], 1);
        let x = flat(net, &x);
        linear(net, &x, [4, 75])
    }),
    Case::new("squeezed pixels", &[0, 2, 6, 6], FIRST, "averagepool flatten gemm", |net| {
        let x = net.op("GlobalAveragePool", &["x"], &[]);
        let axes = net.shape(&[2, 3]);
        let x = net.op("Squeeze", &[&x, &axes], &[]);
        linear(net, &x, [4, 2])
    }),
    Case::new("squeezed twice", &[0, 2, 6, 6], FIRST, "averagepool flatten gemm", |net| {
        let x = net.op("GlobalAveragePool", &["x"], &[]);
        let x = net.op("Squeeze", &[&x], &[ints("axes", &[3])]);
        let x = net.op("Squeeze", &[&x], &[ints("axes", &[2])]);
        linear(net, &x, [4, 2])
    }),
    Case::new("normalised convolution", &[0, 2, 6, 6], FIRST, "conv relu flatten gemm", |net| {
        let x = conv(net, "x", [3, 2], 1);
        let x = norm(net, &x, 3);
        let x = relu(net, &x);
        let x = flat(net, &x);
        linear(net, &x, [4, 108])
    }),
    Case::new("normalised convolution whose shape is read", &[0, 2, 6, 6], FIRST, "conv flatten gemm", |net| {
        let x = conv(net, "x", [3, 2], 1);
        let (shape, zero, one) = (net.op("Shape", &[&x], &[]), net.shape(&[0]), net.shape(&[1]));
        let x = norm(net, &x, 3);
        let batch = net.op("Slice", &[&shape, &zero, &one], &[]);
        let rest = net.shape(&[-1]);
        let target = net.op("Concat", &[&batch, &rest], &[int("axis", 0)]);
        let x = net.op("Reshape", &[&x, &target], &[]);
        linear(net, &x, [4, 108])
    }),
    Case::new("normalised image", &[0, 2, 6, 6], FIRST, "conv conv flatten gemm", |net| {
        let x = norm(net, "x", 2);
        let x = conv(net, &x, [3, 2], 1);
        let x = flat(net, &x);
        linear(net, &x, [4, 108])
    }),
    Case::new("normalised vector after ReLU", &[0, 30], FIRST, "flatten gemm relu gemm", |net| {
        let x = linear(net, "x", [7, 30]);
        let x = relu(net, &x);
        let x = norm(net, &x, 7);
        linear(net, &x, [4, 7])
    }),
    Case::new("normalised vector before ReLU", &[0, 30], FIRST, "flatten gemm relu gemm", |net| {
        let x = linear(net, "x", [7, 30]);
        let x = norm(net, &x, 7);
        let x = relu(net, &x);
        linear(net, &x, [4, 7])
    }),
    Case::new("vector normalised twice", &[0, 30], FIRST, "flatten gemm relu gemm relu gemm", |net| {
        let x = linear(net, "x", [7, 30]);
        let x = relu(net, &x);
        let x = norm(net, &x, 7);
        let x = norm(net, &x, 7);
        let x = relu(net, &x);
        linear(net, &x, [4, 7])
    }),
    Case::new("residual block", &[0, 2, 6, 6], FIRST, "conv relu conv add relu averagepool flatten gemm", |net| {
        let x = conv(net, "x", [3, 2], 1);
        let x = relu(net, &x);
        let y = conv(net, &x, [3, 3], 1);
        let y = norm(net, &y, 3);
        let x = net.op("Add", &[&y, &x], &[]);
        let x = relu(net, &x);
        let x = net.op("GlobalAveragePool", &[&x], &[]);
        let x = flat(net, &x);
        linear(net, &x, [4, 3])
    }),
    Case::new(
        "residual block before activation",
        &[0, 2, 6, 6],
        FIRST,
        "conv conv relu conv add averagepool flatten gemm",
        |net| {
            let x = conv(net, "x", [3, 2], 1);
            let y = norm(net, &x, 3);
            let y = relu(net, &y);
            let y = conv(net, &y, [3, 3], 1);
            let x = net.op("Add", &[&x, &y], &[]);
            let x = net.op("GlobalAveragePool", &[&x], &[]);
            let x = flat(net, &x);
            linear(net, &x, [4, 3])
        },
    ),
    Case::new("downsampling shortcut", &[0, 2, 6, 6], FIRST, "conv relu conv conv add relu flatten gemm", |net| {
        let x = conv(net, "x", [3, 2], 1);
        let x = relu(net, &x);
        let y = conv(net, &x, [5, 3], 2);
        let w = net.weights(&[5, 3, 1, 1]);
        let short = net.op("Conv", &[&x, &w], &[ints("kernel_shape", &[1, 1]), ints("strides", &[2, 2])]);
        let short = norm(net, &short, 5);
        let x = net.op("Add", &[&y, &short], &[]);
        let x = relu(net, &x);
        let x = view(net, &x);
        linear(net, &x, [4, 45])
    }),
    Case::new("fire module", &[0, 2, 6, 6], FIRST, "conv conv concat relu averagepool flatten gemm", |net| {
        let one = conv(net, "x", [3, 2], 1);
        let other = conv(net, "x", [2, 2], 1);
        let x = net.op("Concat", &[&one, &other], &[int("axis", 1)]);
        let x = relu(net, &x);
        let x = net.op("GlobalAveragePool", &[&x], &[]);
        let x = flat(net, &x);
        linear(net, &x, [4, 5])
    }),
    Case::new("depthwise separable", &[0, 2, 6, 6], FIRST, "conv clip conv clip flatten gemm", |net| {
        let (w, b) = (net.weights(&[4, 1, 3, 3]), net.weights(&[4]));
        let x = net.op("Conv", &["x", &w, &b], &[int("group", 2), ints("pads", &[1; 4])]);
        let (low, high) = (net.scalar(0.0), net.scalar(6.0));
        let x = net.op("Clip", &[&x, &low, &high], &[]);
        let w = net.weights(&[3, 4, 1, 1]);
        let x = net.op("Conv", &[&x, &w], &[]);
        let x = net.op("Clip", &[&x], &[float("min", 0.0), float("max", 6.0)]);
        let x = flat(net, &x);
        linear(net, &x, [4, 108])
    }),
    Case::new("zero padding before a convolution", &[0, 2, 6, 6], FIRST, "conv flatten gemm", |net| {
        let (pads, zero) = (net.shape(&[0, 0, 1, 2, 0, 0, 0, 1]), net.scalar(0.0));
        let x = net.op("Pad", &["x", &pads, &zero], &[text("mode", "constant")]);
        let w = net.weights(&[3, 2, 3, 3]);
        let x = net.op("Conv", &[&x, &w], &[ints("pads", &[1, 0, 0, 1])]);
        let x = view(net, &x);
        linear(net, &x, [4, 3 * 6 * 8])
    }),
    Case::new(
        "zero padding before a max pool after ReLU",
        &[0, 2, 6, 6],
        FIRST,
        "conv relu maxpool flatten gemm",
        |net| {
            with(net, 48, |net, x| {
                let pads = net.shape(&[0, 0, 1, 1, 0, 0, 1, 1]);
                let x = net.op("Pad", &[x, &pads], &[]);
                pooled(net, &x, "MaxPool", 2, &[])
            })
        },
    ),
    Case::new(
        "zero padding before a max pool of any sign",
        &[0, 2, 6, 6],
        FIRST,
        "conv conv maxpool flatten gemm",
        |net| {
            let x = conv(net, "x", [3, 2], 1);
            let pads = net.shape(&[0, 0, 1, 1, 0, 0, 1, 1]);
            let x = net.op("Pad", &[&x, &pads], &[]);
            let x = pooled(net, &x, "MaxPool", 2, &[]);
            let x = flat(net, &x);
            linear(net, &x, [4, 48])
        },
    ),
    Case::new("zero padding with two readers", &[0, 2, 6, 6], FIRST, "conv conv conv add conv flatten gemm", |net| {
        let x = conv(net, "x", [3, 2], 1);
        let x = net.op("Pad", &[&x], &[ints("pads", &[0, 0, 1, 0, 0, 0, 0, 1])]);
        let half = net.scalar(0.5);
        let y = net.op("Mul", &[&x, &half], &[]);
        let z = net.op("Mul", &[&half, &y], &[]);
        let x = net.op("Add", &[&x, &z], &[]);
        let w = net.weights(&[1, 3, 7, 7]);
        let x = net.op("Conv", &[&x, &w], &[]);
        let x = flat(net, &x);
        linear(net, &x, [4, 1])
    }),
    Case::new("input normalised by constants", &[0, 3, 6, 6], FIRST, "conv conv flatten gemm", |net| {
        let (mean, deviation) = (net.weights(&[1, 3, 1, 1]), net.positive(&[3, 1, 1]));
        let x = net.op("Sub", &["x", &mean], &[]);
        let x = net.op("Div", &[&x, &deviation], &[]);
        let x = conv(net, &x, [3, 3], 1);
        let x = flat(net, &x);
        linear(net, &x, [4, 108])
    }),
    Case::new("one minus the image", &[0, 1, 6, 6], FIRST, "conv flatten gemm", |net| {
        let one = net.scalar(1.0);
        let x = net.op("Sub", &[&one, "x"], &[]);
        let x = flat(net, &x);
        linear(net, &x, [4, 36])
    }),
    Case::new("scaled layers", &[0, 30], FIRST, "flatten gemm relu gemm", |net| {
        let x = linear(net, "x", [7, 30]);
        let half = net.constant_node(float("value_float", 0.5));
        let x = net.op("Mul", &[&half, &x], &[]);
        let x = relu(net, &x);
        let x = linear(net, &x, [4, 7]);
        let (scale, shift) = (net.positive(&[4]), net.weights(&[1, 4]));
        let x = net.op("Div", &[&x, &scale], &[]);
        net.op("Sub", &[&shift, &x], &[])
    }),
    Case::new("gemm with alpha and beta", &[0, 30], FIRST, "flatten gemm", |net| {
        let (w, b) = (net.weights(&[30, 4]), net.weights(&[1, 4]));
        net.op("Gemm", &["x", &w, &b], &[float("alpha", 0.5), float("beta", -2.0)])
    }),
    Case::new("weights turned by a node", &[0, 30], FIRST, "flatten gemm", |net| {
        let (w, b) = (net.weights(&[4, 30]), net.weights(&[4]));
        let w = net.op("Transpose", &[&w], &[ints("perm", &[1, 0])]);
        let x = net.op("MatMul", &["x", &w], &[]);
        net.op("Add", &[&b, &x], &[])
    }),
    Case::new("half-precision weights", &[0, 30], FIRST, "flatten gemm", |net| {
        let (w, b) = (net.weights_as(10, &[4, 30]), net.weights_as(10, &[4]));
        let x = net.op("Cast", &["x"], &[int("to", 10)]);
        let x = net.op("Gemm", &[&x, &w, &b], &[int("transB", 1)]);
        net.op("Cast", &[&x], &[int("to", 1)])
    }),
    Case::new("dropout", &[0, 30], FIRST, "flatten gemm relu gemm", |net| {
        let x = linear(net, "x", [7, 30]);
        let x = relu(net, &x);
        let x = net.op("Dropout", &[&x], &[]);
        let x = net.op("Identity", &[&x], &[]);
        linear(net, &x, [4, 7])
    }),
    Case::new("log softmax", &[0, 30], FIRST, "flatten gemm", |net| {
        let x = linear(net, "x", [4, 30]);
        net.op("LogSoftmax", &[&x], &[int("axis", 1)])
    })
    .ending(End::Logarithms),
    Case::new("label", &[0, 30], FIRST, "flatten gemm", |net| {
        let x = linear(net, "x", [4, 30]);
        let x = net.op("Softmax", &[&x], &[int("axis", -1)]);
        net.op("ArgMax", &[&x], &[int("axis", 1), int("keepdims", 0)])
    })
    .ending(End::Label),
    Case::new("swapped rows and columns, and back", &[0, 2, 5, 6], FIRST, "conv flatten gemm", |net| {
        let turn = [ints("perm", &[0, 1, 3, 2])];
        let x = net.op("Transpose", &["x"], &turn);
        let x = net.op("Transpose", &[&x], &turn);
        let x = conv(net, &x, [3, 2], 1);
        let x = net.op("Transpose", &[&x], &turn);
        let x = flat(net, &x);
        linear(net, &x, [4, 90])
    }),
    Case::new("channel shuffle that is undone", &[0, 4, 5, 5], FIRST, "conv flatten gemm", |net| {
        let (split, joined) = (net.shape(&[0, 2, 2, 5, 5]), net.shape(&[0, -1, 5, 5]));
        let x = net.op("Reshape", &["x", &split], &[]);
        let x = net.op("Transpose", &[&x], &[ints("perm", &[0, 2, 1, 3, 4])]);
        let x = net.op("Transpose", &[&x], &[ints("perm", &[0, 2, 1, 3, 4])]);
        let x = net.op("Reshape", &[&x, &joined], &[]);
        let x = conv(net, &x, [3, 4], 1);
        let x = flat(net, &x);
        linear(net, &x, [4, 75])
    }),
    Case::new("channel shuffle before a linear layer", &[0, 4, 5, 5], FIRST, "conv flatten gemm", |net| {
        let x = conv(net, "x", [4, 4], 1);
        let split = net.shape(&[0, 2, 2, 5, 5]);
        let x = net.op("Reshape", &[&x, &split], &[]);
        let x = net.op("Transpose", &[&x], &[ints("perm", &[0, 2, 1, 3, 4])]);
        let x = flat(net, &x);
        linear(net, &x, [4, 100])
    }),
    Case::new("dilated convolutions", &[0, 2, 12, 11], FIRST, "conv relu conv relu conv flatten gemm", |net| {
        let (w, b) = (net.weights(&[3, 2, 3, 2]), net.weights(&[3]));
        let x = net.op("Conv", &["x", &w, &b], &[ints("dilations", &[2, 3]), ints("pads", &[2, 1, 1, 2])]);
        let x = relu(net, &x);
        let w = net.weights(&[3, 1, 2, 2]);
        let same =
            [ints("dilations", &[3, 2]), int("group", 3), ints("strides", &[2, 1]), text("auto_pad", "SAME_UPPER")];
        let x = net.op("Conv", &[&x, &w], &same);
        let x = relu(net, &x);
        let w = net.weights(&[2, 3, 1, 1]);
        let x = net.op("Conv", &[&x, &w], &[ints("dilations", &[5, 5])]);
        let x = flat(net, &x);
        linear(net, &x, [4, 132])
    }),
];
