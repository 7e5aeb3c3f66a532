//! ONNX graphs made by hand: what is read, what is refused and how, and that no bytes do harm.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::float;
use fusion_nn::idx;
use fusion_nn::model::{Model, Op};
use fusion_nn::onnx::{
    self, Attribute, Dimension, Graph, Node, OperatorSet, Tensor, TensorShape, TensorType, Type, ValueInfo,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use prost::Message;

fn value(name: &str, sizes: &[i64]) -> ValueInfo {
    let dim = sizes.iter().map(|&dim_value| Dimension { dim_value }).collect();
    let tensor_type = Some(TensorType { elem_type: 1, shape: Some(TensorShape { dim }) });
    ValueInfo { name: name.into(), r#type: Some(Type { tensor_type }) }
}

fn floats(name: &str, dims: &[i64], data: &[f32]) -> Tensor {
    Tensor { name: name.into(), dims: dims.into(), data_type: 1, float_data: data.into(), ..Tensor::default() }
}

fn integers(name: &str, data: &[i64]) -> Tensor {
    let dims = vec![i64::try_from(data.len()).expect("small")];
    Tensor { name: name.into(), dims, data_type: 7, int64_data: data.into(), ..Tensor::default() }
}

fn node(op: &str, input: &[&str], output: &str, attribute: &[Attribute]) -> Node {
    Node {
        op_type: op.into(),
        name: format!("{op}-{output}"),
        input: input.iter().map(ToString::to_string).collect(),
        output: vec![output.into()],
        attribute: attribute.into(),
        ..Node::default()
    }
}

fn ints(name: &str, ints: &[i64]) -> Attribute {
    Attribute { name: name.into(), ints: ints.into(), ..Attribute::default() }
}

fn int(name: &str, i: i64) -> Attribute {
    Attribute { name: name.into(), i, ..Attribute::default() }
}

fn encode(graph: Graph) -> Vec<u8> {
    fusion_nn::onnx::ModelProto { graph: Some(graph), ..Default::default() }.encode_to_vec()
}

/// An image `[N,2,4,4]` through the nodes to the value `out`.
fn bytes(node: Vec<Node>, initializer: Vec<Tensor>) -> Vec<u8> {
    encode(Graph { node, initializer, input: vec![value("in", &[0, 2, 4, 4])], output: vec![value("out", &[])] })
}

fn problems(node: Vec<Node>, initializer: Vec<Tensor>) -> Vec<String> {
    let error = Model::from_onnx(&bytes(node, initializer)).expect_err("refused");
    error.problems.iter().map(ToString::to_string).collect()
}

fn ramp(count: usize) -> Vec<f32> {
    (0..count).map(|i| f32::from(u8::try_from(i * 37 % 64).expect("small")) / 32.0 - 1.0).collect()
}

/// Every operator once, in both evaluators: they agree, and with a small case worked by hand.
#[test]
fn every_operator_is_read() {
    let nodes = vec![
        node("Conv", &["in", "w"], "c", &[ints("pads", &[1, 1, 1, 1]), int("group", 2)]),
        node("BatchNormalization", &["c", "scale", "shift", "mean", "variance"], "n", &[]),
        node("Relu", &["n"], "r", &[]),
        node("Clip", &["n", "low", "high"], "k", &[]),
        node("Add", &["r", "k"], "a", &[]),
        node("Concat", &["a", "r"], "j", &[int("axis", 1)]),
        node("MaxPool", &["j"], "m", &[ints("kernel_shape", &[2, 2]), ints("pads", &[0, 0, 1, 1])]),
        node("Identity", &["m"], "i", &[]),
        node("AveragePool", &["i"], "v", &[ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])]),
        node("GlobalAveragePool", &["v"], "g", &[]),
        node("Reshape", &["g", "flat"], "f", &[]),
        node("Gemm", &["f", "matrix", "bias"], "h", &[int("transB", 1)]),
        node("MatMul", &["h", "matrix2"], "out", &[]),
    ];
    let constants = vec![
        floats("w", &[4, 1, 3, 3], &ramp(36)),
        floats("scale", &[4], &[1.0, 0.5, 2.0, 1.5]),
        floats("shift", &[4], &[0.0, 0.25, -0.5, 1.0]),
        floats("mean", &[4], &[0.1, -0.1, 0.0, 0.2]),
        floats("variance", &[4], &[1.0, 0.5, 2.0, 1.0]),
        floats("low", &[], &[-0.5]),
        floats("high", &[], &[0.75]),
        integers("flat", &[0, -1]),
        floats("matrix", &[3, 8], &ramp(24)),
        floats("bias", &[3], &[0.5, 0.0, -0.5]),
        floats("matrix2", &[3, 2], &ramp(6)),
    ];
    let model = Model::from_onnx(&bytes(nodes, constants)).expect("all supported");
    assert_eq!(model.classes(), 2);
    assert_eq!(model.layers().len(), 11, "the normalisation is folded, the identity an alias");
    let precision = Precision { frac_bits: 16, ring: Ring::Auto };
    let fixed = FixedModel::new(&model, precision, Pixels { scale: 1.0 / 255.0, offset: 0.0 }).expect("fits");
    let unit = fixed.layers().last().expect("layers").unit;
    for seed in 0..20_u8 {
        let image: Vec<u8> = (0..32).map(|i: u8| i.wrapping_mul(73).wrapping_add(seed.wrapping_mul(31))).collect();
        let input: Vec<f64> = image.iter().map(|&p| f64::from(p) / 255.0).collect();
        let float = float::evaluate(&model, &input).swap_remove(model.output());
        for (ours, theirs) in fixed.logits(&image).expect("2x4x4").iter().zip(&float) {
            #[expect(clippy::cast_precision_loss, reason = "compared to three places")]
            let ours = *ours as f64 * unit;
            assert!((ours - theirs).abs() < 1e-3, "{ours} {theirs}");
        }
    }
}

/// A normalisation is folded into the convolution before it only if nothing else reads that, under any name.
#[test]
fn a_convolution_with_other_readers_is_not_folded_into() {
    let constants = || {
        let ones = ["shift", "mean", "variance"].map(|name| floats(name, &[1], &[1.0]));
        let mut constants = vec![floats("w", &[1, 2, 1, 1], &[1.0, 0.5]), floats("scale", &[1], &[2.0])];
        constants.extend(ones);
        constants
    };
    let norm = |input| node("BatchNormalization", &[input, "scale", "shift", "mean", "variance"], "n", &[]);
    let end = || [node("Add", &["c", "n"], "a", &[]), node("Flatten", &["a"], "out", &[])];
    let through = |name: &'static str, more: Vec<Node>| {
        let nodes = [vec![node("Conv", &["in", "w"], "c", &[])], more, vec![norm(name)], end().to_vec()].concat();
        Model::from_onnx(&bytes(nodes, constants())).expect("supported")
    };
    let expected = float::evaluate(&through("c", vec![]), &vec![1.0; 32]);
    // c = 1.5 everywhere, n = 2 (c-1)/sqrt(1+1e-5) + 1, a = c + n.
    let sum = 1.5 + 2.0 * 0.5 / (1.0_f64 + 1e-5).sqrt() + 1.0;
    assert!(expected.last().expect("layers").iter().all(|x| (x - sum).abs() < 1e-5));
    let aliased = through("x", vec![node("Identity", &["c"], "x", &[])]);
    assert_eq!(float::evaluate(&aliased, &vec![1.0; 32]).last(), expected.last());
}

/// A 1x1 convolution, ReLU and the mean of each channel, in numbers.
#[test]
fn a_case_by_hand() {
    let nodes = vec![
        node("Conv", &["in", "w", "b"], "c", &[]),
        node("Relu", &["c"], "r", &[]),
        node("GlobalAveragePool", &["r"], "g", &[]),
        node("Flatten", &["g"], "out", &[]),
    ];
    let constants = vec![floats("w", &[2, 2, 1, 1], &[1.0, -1.0, 0.5, 0.25]), floats("b", &[2], &[0.0, -1.0])];
    let model = Model::from_onnx(&bytes(nodes, constants)).expect("supported");
    let pixels = Pixels { scale: 1.0, offset: 0.0 };
    let fixed = FixedModel::new(&model, Precision { frac_bits: 4, ring: Ring::Auto }, pixels).expect("fits");
    // Channel 0 all 8, channel 1 all 4: 8-4 = 4, and 4+1-1 = 4; both sums are 16 cells of 4, in sixteenths.
    let image: Vec<u8> = [[8; 16], [4; 16]].concat();
    assert_eq!(fixed.logits(&image), Ok(vec![16 * 4 * 16; 2]));
    assert_eq!(fixed.label(&image), Ok(0), "ties go to the lowest index");
    assert!(fixed.label(&image[1..]).is_err());
}

/// Weights that would need more than 64-bit words have no fixed-point form, and say where.
#[test]
fn fixed_point_refuses_what_does_not_fit() {
    let layers = |count: usize| {
        let mut nodes = vec![node("Flatten", &["in"], "0", &[])];
        for i in 0..count {
            let output = if i + 1 == count { "out".into() } else { (i + 1).to_string() };
            nodes.push(node("Gemm", &[&i.to_string(), "w"], &output, &[int("transB", 1)]));
        }
        bytes(nodes, vec![floats("w", &[32, 32], &[1000.0; 1024])])
    };
    let new = |count, precision| {
        let model = Model::from_onnx(&layers(count)).expect("supported");
        FixedModel::new(&model, precision, Pixels { scale: 1.0 / 255.0, offset: 0.0 })
    };
    let precision = Precision { frac_bits: 12, ring: Ring::Auto };
    assert!(new(1, precision).is_ok());
    let problems = new(40, precision).expect_err("too large").problems;
    assert!(
        problems.len() > 30 && problems[0].contains("needs a ring") || problems[0].contains("need a ring"),
        "{problems:?}"
    );
    assert!(new(1, Precision { frac_bits: 0, ..precision }).is_err());
    assert!(new(1, Precision { ring: Ring::Bits(63), ..precision }).is_err());
}

const FAULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/faults");

fn fault(name: &str) -> Vec<u8> {
    std::fs::read(format!("{FAULTS}/{name}")).expect("readable")
}

fn refused(bytes: &[u8]) -> Vec<String> {
    Model::from_onnx(bytes).expect_err("refused").problems.iter().map(ToString::to_string).collect()
}

/// What a network makes of random images in floating point.
fn outputs(model: &Model) -> Vec<Vec<f64>> {
    let size = model.input().iter().product::<usize>();
    let pixel = |at: usize, seed: usize| f64::from(u8::try_from((at * 73 + seed * 31) % 256).expect("small")) / 255.0;
    let image = |seed| (0..size).map(|at| pixel(at, seed)).collect::<Vec<_>>();
    (0..20).map(|seed| float::evaluate(model, &image(seed)).swap_remove(model.output())).collect()
}

#[test]
fn networks_that_were_refused_for_nothing_are_read() {
    let beside = |name: &str| std::fs::read(format!("{FAULTS}/{name}")).map_err(|error| error.to_string());
    // A fully connected layer each.
    let expected = Model::from_onnx(&fault("unused-double.onnx")).expect("the double is read by nothing");
    let dropout = Model::from_onnx(&fault("dropout.onnx")).expect("an identity");
    assert_eq!(dropout.layers()[1].op, expected.layers()[1].op);
    assert_eq!((dropout.layers().len(), outputs(&dropout)), (2, outputs(&expected)));
    // The same constants, in a matrix that lies the other way.
    let mut graph =
        onnx::ModelProto::decode(&fault("unused-double.onnx")[..]).expect("a model").graph.expect("a graph");
    graph.initializer[0].dims = vec![16, 3];
    graph.node[1].attribute.clear();
    let expected = Model::from_onnx(&encode(graph)).expect("supported");
    let keras = Model::from_onnx(&fault("keras-dense.onnx")).expect("a product, a bias and a last softmax");
    assert_eq!(keras.layers()[1].op, expected.layers()[1].op);
    assert_eq!((keras.layers().len(), outputs(&keras)), (2, outputs(&expected)));
    let external = fault("torch-2.9-external.onnx");
    let found = Model::from_onnx_with(&external, beside).expect("its file is there");
    assert_eq!((found.classes(), found.layers().len()), (3, 2));
    let raw = fault("torch-2.9-external.onnx.data");
    let first = f32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]]);
    assert_eq!(found.layers()[1].op.numbers().next().map(f32::to_bits), Some(first.to_bits()));
    let alone = "its data are in 'torch-2.9-external.onnx.data': only the model's own bytes are at hand";
    assert_eq!(refused(&external), ["W", "b"].map(|name| format!("node 1 'y' (Gemm): constant '{name}': {alone}")));
}

#[test]
fn every_reason_comes_out_at_once() {
    let conv = |node: &str| {
        [
            format!("{node}: dilations = [0, 0] is not usable"),
            format!("{node}: weights [2, 1, 1, 1] in 7 groups do not fit the input [1, 4, 4]"),
        ]
    };
    assert_eq!(refused(&fault("three-reasons-at-one-node.onnx")), conv("node 0 'c' (Conv)"));
    // The softmax at node 4 reads what is not read, and has no problem of its own.
    let rest = ["node 1 's' (Hardmax): the operator is not supported"];
    let all: Vec<String> = conv("node 0 'c' (Conv)").into_iter().chain(rest.map(String::from)).collect();
    assert_eq!(refused(&fault("many-reasons.onnx")), all);
    assert_eq!(
        refused(&fault("identity-only.onnx")),
        ["output 'y' must have the shape [N, classes], and has [N, 1, 4, 4]"]
    );
    assert_eq!(
        refused(&fault("batch-of-2-to-one-row.onnx")),
        ["node 0 'y' (Reshape): the shape [1, -1] is not supported: only [N, all the rest] of a batch of 2"]
    );
}

fn float(name: &str, f: f32) -> Attribute {
    Attribute { name: name.into(), f, ..Attribute::default() }
}

/// A normalisation of one channel after a convolution that it is folded into, or of the image itself.
fn normalised(folded: bool, weight: f32, [scale, shift, mean, variance]: [f32; 4], epsilon: f32) -> Vec<u8> {
    let channels = if folded { 1 } else { 2 };
    let constant = |name: &str, number: f32| floats(name, &[channels], &vec![number; if folded { 1 } else { 2 }]);
    let input = if folded { "c" } else { "in" };
    let norm = node("BatchNormalization", &[input, "s", "b", "m", "v"], "n", &[float("epsilon", epsilon)]);
    let conv = folded.then(|| node("Conv", &["in", "w"], "c", &[]));
    let constants = vec![
        floats("w", &[1, 2, 1, 1], &[weight; 2]),
        constant("s", scale),
        constant("b", shift),
        constant("m", mean),
        constant("v", variance),
    ];
    bytes(conv.into_iter().chain([norm, node("Flatten", &["n"], "out", &[])]).collect(), constants)
}

/// Numbers that only reading computes are finite, or refused where they arise.
#[test]
fn no_number_that_is_derived_is_infinite_or_none() {
    assert_eq!(
        refused(&fault("batchnorm-negative-variance.onnx")),
        [
            "node 0 'n' (BatchNormalization): channel 0: scale / sqrt(variance + epsilon) = 1 / sqrt(-1 + 0) is not finite"
        ]
    );
    for folded in [true, false] {
        assert!(Model::from_onnx(&normalised(folded, 1.0, [1.0, 0.0, 0.0, 1.0], 1e-5)).is_ok());
        for (parameters, epsilon, says) in [
            ([1.0, 0.0, 0.0, -1.0], 0.0, "scale / sqrt(variance + epsilon) = 1 / sqrt(-1 + 0) is not finite"),
            ([1.0, 0.0, 0.0, 0.0], 0.0, "scale / sqrt(variance + epsilon) = 1 / sqrt(0 + 0) is not finite"),
            ([0.0, 0.0, 0.0, 0.0], 0.0, "scale / sqrt(variance + epsilon) = 0 / sqrt(0 + 0) is not finite"),
            ([1.0, 0.0, 0.0, 1.0], -2.0, "scale / sqrt(variance + epsilon) = 1 / sqrt(1 + -2) is not finite"),
            ([1.0, 0.0, 0.0, 1.0], f32::NAN, "scale / sqrt(variance + epsilon) = 1 / sqrt(1 + NaN) is not finite"),
            ([1e38, 0.0, 0.0, 1e-6], 0.0, "is not finite"),
            ([1e30, 0.0, 1e30, 1.0], 0.0, "B - mean * factor = 0 - "),
            ([1e30, 0.0, -1e30, 1.0], 0.0, "B - mean * factor = 0 - "),
        ] {
            let found = refused(&normalised(folded, 1.0, parameters, epsilon));
            let place =
                format!("node {} 'BatchNormalization-n' (BatchNormalization): channel 0: ", usize::from(folded));
            assert!(matches!(&found[..], [one] if one.starts_with(&place) && one.contains(says)), "{found:?}");
        }
    }
    let found = refused(&normalised(true, 1e30, [1e30, 0.0, 0.0, 1.0], 0.0));
    let says = "node 1 'BatchNormalization-n' (BatchNormalization): its weights and biases would not be finite: inf";
    assert_eq!(found, [says]);
    for (name, end) in [("min", f32::NAN), ("max", f32::INFINITY), ("min", f32::NEG_INFINITY)] {
        let nodes = vec![node("Clip", &["in"], "k", &[float(name, end)]), node("Flatten", &["k"], "out", &[])];
        assert_eq!(problems(nodes, vec![]), [format!("node 0 'Clip-k' (Clip): {name} = {end} is not finite")]);
    }
    // An end that is left out is the largest number that there is, as ONNX has it.
    let nodes = vec![node("Clip", &["in"], "k", &[float("min", 0.0)]), node("Flatten", &["k"], "out", &[])];
    let model = Model::from_onnx(&bytes(nodes, vec![])).expect("supported");
    assert_eq!(model.layers()[0].op, Op::Clip { low: 0.0, high: f32::MAX });
    // Two biases, each finite, and not together.
    let twice = |number| {
        let nodes = vec![
            node("Flatten", &["in"], "f", &[]),
            node("MatMul", &["f", "w"], "m", &[]),
            node("Add", &["m", "b"], "a", &[]),
            node("Add", &["b", "a"], "out", &[]),
        ];
        bytes(nodes, vec![floats("w", &[32, 2], &ramp(64)), floats("b", &[2], &[number; 2])])
    };
    assert!(Model::from_onnx(&twice(1.0)).is_ok());
    assert_eq!(refused(&twice(3e38)), ["node 3 'Add-out' (Add): its weights and biases would not be finite: inf"]);
}

/// A product and a bias as two nodes are one layer, and equal to it.
#[test]
fn a_product_and_a_constant_are_a_fully_connected_layer() {
    let weights = || floats("w", &[32, 3], &ramp(96));
    let gemm = |bias: Tensor| {
        let nodes = vec![node("Flatten", &["in"], "f", &[]), node("Gemm", &["f", "w", "b"], "out", &[])];
        Model::from_onnx(&bytes(nodes, vec![bias, weights()])).expect("supported")
    };
    let through = |add: &[&str], more: Vec<Node>, bias: Tensor| {
        let mut nodes = vec![node("Flatten", &["in"], "f", &[]), node("MatMul", &["f", "w"], "h", &[])];
        nodes.extend(more);
        nodes.push(node("Add", add, "out", &[]));
        // Constants may come in any order, before or after what they are for.
        bytes(nodes, vec![bias, weights()])
    };
    let numbers = [0.5, -1.0, 0.25];
    let expected = gemm(floats("b", &[3], &numbers));
    let renamed = || vec![node("Identity", &["h"], "i", &[]), node("Dropout", &["i"], "d", &[])];
    for (add, more, dims) in [
        (["h", "b"], vec![], &[3][..]),
        (["b", "h"], vec![], &[3]),
        (["h", "b"], vec![], &[1, 3]),
        (["d", "b"], renamed(), &[3]),
    ] {
        let model = Model::from_onnx(&through(&add, more, floats("b", dims, &numbers))).expect("supported");
        assert_eq!(model.layers()[1].op, expected.layers()[1].op, "{add:?} {dims:?}");
        assert_eq!(outputs(&model), outputs(&expected));
    }
    for dims in [&[][..], &[1], &[1, 1]] {
        let one = Model::from_onnx(&through(&["h", "b"], vec![], floats("b", dims, &[0.5]))).expect("supported");
        assert_eq!(one.layers()[1].op, gemm(floats("b", &[3], &[0.5; 3])).layers()[1].op, "{dims:?}");
        assert_eq!(gemm(floats("b", dims, &[0.5])).layers()[1].op, one.layers()[1].op, "{dims:?}");
    }
    // Without a bias it is one too.
    let bare = vec![node("Flatten", &["in"], "f", &[]), node("MatMul", &["f", "w"], "out", &[])];
    let bare = Model::from_onnx(&bytes(bare, vec![weights()])).expect("supported");
    assert_eq!(bare.layers()[1].op, gemm(floats("b", &[3], &[0.0; 3])).layers()[1].op);
    for (dims, count) in [(&[2][..], 2), (&[3, 1], 3), (&[2, 3], 6), (&[1, 1, 3], 3), (&[4, 3], 12)] {
        let found = refused(&through(&["h", "b"], vec![], floats("b", dims, &ramp(count))));
        assert!(found.len() == 1 && found[0].contains("is not one number for each channel of [N, 3]"), "{found:?}");
        let nodes = vec![node("Flatten", &["in"], "f", &[]), node("Gemm", &["f", "w", "b"], "out", &[])];
        let found = problems(nodes, vec![weights(), floats("b", dims, &ramp(count))]);
        assert!(found.len() == 1 && found[0].contains("must be one row of 3 elements"), "{found:?}");
    }
    // What something else reads stays as it is: the sum is a layer of its own.
    let shared = vec![node("Relu", &["h"], "r", &[]), node("Add", &["r", "h"], "d", &[])];
    let own = Model::from_onnx(&through(&["h", "b"], shared, floats("b", &[3], &numbers))).expect("supported");
    let places = [vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0], vec![0.0, 0.0, 1.0]].concat();
    assert!(
        matches!(&own.layers()[4].op, Op::Gemm { weights, bias } if weights.data() == places && bias[..] == numbers)
    );
    // Biases are added after the sums instead of before them.
    for (ours, theirs) in outputs(&own).iter().flatten().zip(outputs(&expected).iter().flatten()) {
        assert!((ours - theirs).abs() < 1e-12, "{ours} {theirs}");
    }
    let left = vec![node("Flatten", &["in"], "f", &[]), node("MatMul", &["w", "f"], "out", &[])];
    assert!(problems(left, vec![weights()])[0].contains("input 0 must be a value of the network, not a constant"));
    let both = vec![node("Add", &["w", "w"], "out", &[])];
    assert_eq!(problems(both, vec![weights()]), ["output 'out' is a constant"]);
}

/// A constant for each channel of an image goes into the convolution before it, or is one of its own.
#[test]
fn a_constant_is_added_to_channels() {
    let constants = || vec![floats("w", &[2, 2, 1, 1], &ramp(4)), floats("b", &[1, 2, 1, 1], &[0.5, -1.0])];
    let end = || [node("Relu", &["a"], "r", &[]), node("Flatten", &["r"], "out", &[])];
    let folded = [&[node("Conv", &["in", "w"], "c", &[]), node("Add", &["c", "b"], "a", &[])][..], &end()].concat();
    let folded = Model::from_onnx(&bytes(folded, constants())).expect("supported");
    assert_eq!(folded.layers().len(), 3);
    assert!(matches!(&folded.layers()[0].op, Op::Conv { bias, .. } if bias[..] == [0.5, -1.0]));
    let own = Model::from_onnx(&bytes([&[node("Add", &["b", "in"], "a", &[])][..], &end()].concat(), constants()));
    let own = own.expect("supported");
    assert!(matches!(&own.layers()[0].op, Op::Conv { groups: 2, .. }));
    let ones = float::evaluate(&own, &[1.0; 32]);
    assert_eq!(ones[0], [[1.5; 16], [0.0; 16]].concat());
}

#[test]
fn dropout_is_nothing_at_inference() {
    let truth =
        |name: &str, word: i32| Tensor { name: name.into(), data_type: 9, int32_data: vec![word], ..Tensor::default() };
    let double = || Tensor { name: "ratio".into(), data_type: 11, raw_data: vec![0; 8], ..Tensor::default() };
    let read = |inputs: &[&str], attributes: &[Attribute], constants: Vec<Tensor>, version| {
        let nodes = vec![node("Dropout", inputs, "d", attributes), node("Flatten", &["d"], "out", &[])];
        let graph = onnx::ModelProto::decode(&bytes(nodes, constants)[..]).expect("a model").graph;
        let own = OperatorSet { domain: String::new(), version };
        let found = Model::from_onnx(
            &onnx::ModelProto { graph, opset_import: vec![own], ..Default::default() }.encode_to_vec(),
        );
        found.map(|model| model.layers().len()).map_err(|error| error.to_string())
    };
    let of = |message: &str| Err(format!("node 0 'Dropout-d' (Dropout): {message}"));
    assert_eq!(read(&["in"], &[float("ratio", 0.5)], vec![], 7), Ok(1));
    assert_eq!(read(&["in"], &[int("seed", 3)], vec![], 13), Ok(1));
    // The ratio decides nothing, whatever its type.
    assert_eq!(read(&["in", "ratio"], &[], vec![double()], 13), Ok(1));
    assert_eq!(read(&["in", "ratio", "mode"], &[], vec![double(), truth("mode", 0)], 13), Ok(1));
    assert_eq!(read(&["in", "", "mode"], &[], vec![truth("mode", 0)], 13), Ok(1));
    let trains = of("it drops at random: training_mode must be false");
    assert_eq!(read(&["in", "", "mode"], &[], vec![truth("mode", 1)], 13), trains);
    let unclear = of("its training_mode must be one truth value");
    assert_eq!(read(&["in", "", "mode"], &[], vec![floats("mode", &[], &[0.0])], 13), unclear);
    assert_eq!(read(&["in", "", "in"], &[], vec![], 13), of("its training_mode must be a constant"));
    let old = of("it drops at random, as in training: is_test must be 1");
    assert_eq!(read(&["in"], &[], vec![], 6), old);
    assert_eq!(read(&["in"], &[int("is_test", 0)], vec![], 6), old);
    assert_eq!(read(&["in"], &[int("is_test", 1)], vec![], 6), Ok(1));
    // A second output is no value of the network.
    for (op, attributes) in [("Dropout", vec![]), ("MaxPool", vec![ints("kernel_shape", &[1, 1])])] {
        let masked = Node { output: vec!["d".into(), "mask".into()], ..node(op, &["in"], "", &attributes) };
        let flat = node("Flatten", &["d"], "out", &[]);
        assert!(Model::from_onnx(&bytes(vec![masked.clone(), flat.clone()], vec![])).is_ok(), "nobody reads it");
        let found = problems(vec![masked, node("Relu", &["mask"], "r", &[]), flat], vec![]);
        assert_eq!(
            found,
            [format!("node 0 '{op}-' ({op}): its output 'mask' is read, and only the first is supported")]
        );
    }
}

/// Each row of a batch is an image's: what would mix them is refused, whatever the batch.
#[test]
fn rows_of_a_batch_do_not_mix() {
    let read = |batch: i64, nodes: Vec<Node>, shape: &[i64]| {
        let graph = Graph {
            node: nodes,
            initializer: vec![integers("s", shape)],
            input: vec![value("in", &[batch, 2, 1, 2])],
            output: vec![value("out", &[])],
        };
        Model::from_onnx(&encode(graph)).map(|model| model.classes()).map_err(|error| error.to_string())
    };
    let reshaped = |batch, shape: &[i64]| read(batch, vec![node("Reshape", &["in", "s"], "out", &[])], shape);
    for (batch, good) in [(0, [1, -1]), (1, [1, -1]), (2, [2, -1]), (-1, [1, 4]), (2, [2, 4])] {
        assert_eq!(reshaped(batch, &good), Ok(4), "{batch} {good:?}");
    }
    for batch in [0, 1, 2, 3, 64] {
        for good in [[0, -1], [0, 4], [-1, 4]] {
            assert_eq!(reshaped(batch, &good), Ok(4), "{batch} {good:?}");
        }
        for bad in
            [&[-1, -1][..], &[-1, 8], &[-1, 2], &[0, 2], &[0, 0], &[5, -1], &[-1], &[8], &[], &[2, -1, 3], &[-1, 0]]
        {
            let found = reshaped(batch, bad);
            assert!(
                found.as_ref().is_err_and(|error| error.contains("only [N, all the rest]")),
                "{batch} {bad:?} {found:?}"
            );
        }
    }
    for (batch, bad) in [(2, [1, -1]), (2, [1, 8]), (2, [1, 4]), (1, [2, -1]), (0, [2, -1]), (0, [2, 2])] {
        assert!(reshaped(batch, &bad).is_err(), "{batch} {bad:?}");
    }
    let ranked = reshaped(2, &[2, -1, 1]).expect_err("no vector");
    assert_eq!(ranked, "output 'out' must have the shape [N, classes], and has [N, 4, 1]");
    let zero = |shape| read(0, vec![node("Reshape", &["in", "s"], "out", &[int("allowzero", 1)])], shape);
    assert!(zero(&[0, -1]).is_err(), "it means no rows");
    assert_eq!(zero(&[1, -1]), Ok(4));
    let flattened = |axis| read(2, vec![node("Flatten", &["in"], "out", &[int("axis", axis)])], &[]);
    assert_eq!([1, -3].map(flattened), [Ok(4), Ok(4)]);
    for axis in [0, 2, 3, 4, -1, -2, -4] {
        assert!(flattened(axis).is_err_and(|error| error.contains("only 1, which keeps the batch")), "{axis}");
    }
    let joined = |axis| {
        let nodes = vec![node("Concat", &["in", "in"], "c", &[int("axis", axis)]), node("Flatten", &["c"], "out", &[])];
        read(2, nodes, &[])
    };
    assert_eq!([1, -3].map(joined), [Ok(8), Ok(8)]);
    assert!([0, -4, 2, 3, -1].into_iter().all(|axis| joined(axis).is_err()));
    let turned =
        vec![node("Transpose", &["in"], "t", &[ints("perm", &[1, 0, 2, 3])]), node("Flatten", &["t"], "out", &[])];
    assert!(read(2, turned, &[]).is_err_and(|error| error.contains("(Transpose): it moves the batch")));
}

/// At the end of a network it changes no label, and is left out; anywhere else it is no operator that is read.
#[test]
fn a_last_softmax_is_left_out() {
    let read = |nodes: Vec<Node>, output: &str| {
        let graph = Graph {
            node: nodes,
            input: vec![value("in", &[0, 2, 4, 4])],
            output: vec![value(output, &[])],
            ..Graph::default()
        };
        Model::from_onnx(&encode(graph)).map(|model| model.layers().len()).map_err(|error| error.to_string())
    };
    let after = |op: &str, axis: &[Attribute]| {
        let nodes = vec![node("Flatten", &["in"], "f", &[]), node(op, &["f"], "out", axis)];
        read(nodes, "out")
    };
    for op in ["Softmax", "LogSoftmax"] {
        assert_eq!(after(op, &[]), Ok(1));
        assert_eq!([1, -1].map(|axis| after(op, &[int("axis", axis)])), [Ok(1), Ok(1)]);
        assert!(after(op, &[int("axis", 0)]).is_err(), "over the batch");
    }
    let image = read(vec![node("Softmax", &["in"], "s", &[])], "s");
    assert!(image.is_err_and(|error| error.contains("only over the logits")));
    let early =
        vec![node("Flatten", &["in"], "f", &[]), node("Softmax", &["f"], "s", &[]), node("Relu", &["s"], "out", &[])];
    assert!(read(early.clone(), "out").is_err_and(|error| error.contains("not supported")));
    assert!(read(early, "s").is_err(), "something reads it");
    // What it reads has the only problem, where that is not read.
    for op in ["Softmax", "LogSoftmax", "ArgMax"] {
        let behind = [("Flatten", "in", "f"), ("Hardmax", "f", "h"), (op, "h", "out")];
        let nodes = behind.map(|(op, reads, makes)| node(op, &[reads], makes, &[])).to_vec();
        let told = read(nodes, "out").expect_err("Hardmax is not read");
        assert!(told.contains("(Hardmax)") && !told.contains(op), "{told}");
    }
}

/// Of what no node reads nothing is asked, and a constant's bytes are just as many as it says.
#[test]
fn constants_are_looked_at_when_they_are_read() {
    let odd = |name: &str, data_type| Tensor { name: name.into(), dims: vec![3], data_type, ..Tensor::default() };
    let unread = vec![odd("double", 11), odd("half", 10), odd("text", 8), floats("nan", &[1], &[f32::NAN])];
    let mut constant = node("Constant", &[], "also", &[]);
    constant.attribute = vec![Attribute { name: "value_strings".into(), ..Attribute::default() }];
    let nodes = vec![constant, node("Identity", &["double"], "renamed", &[]), node("Flatten", &["in"], "out", &[])];
    assert!(Model::from_onnx(&bytes(nodes, unread)).is_ok());
    let raw = |length: usize| Tensor {
        name: "w".into(),
        dims: vec![1, 2, 1, 1],
        data_type: 1,
        raw_data: vec![0; length],
        ..Tensor::default()
    };
    let conv = || vec![node("Conv", &["in", "w"], "c", &[]), node("Flatten", &["c"], "out", &[])];
    assert!(Model::from_onnx(&bytes(conv(), vec![raw(8)])).is_ok());
    for length in [4, 7, 9, 11, 12] {
        assert!(problems(conv(), vec![raw(length)])[0].contains("do not fill [1, 2, 1, 1]"), "{length}");
    }
    let lone = Graph {
        output: vec![value("w", &[])],
        initializer: vec![raw(8)],
        input: vec![value("in", &[0, 1, 1, 1])],
        node: vec![],
    };
    assert_eq!(refused(&encode(lone)), ["output 'w' is a constant"]);
}

/// Data in another file: where they may lie, and that no number from a file is trusted.
#[test]
fn data_beside_a_model_are_bounded() {
    let entry = |(key, value): &(&str, &str)| onnx::StringStringEntry { key: (*key).into(), value: (*value).into() };
    let read = |entries: &[(&str, &str)], dims: &[i64], file: Result<usize, &str>| {
        let external_data = entries.iter().map(entry).collect();
        let weights = Tensor { external_data, data_location: 1, ..floats("w", dims, &[]) };
        let nodes = vec![node("Conv", &["in", "w"], "c", &[]), node("Flatten", &["c"], "out", &[])];
        let mut asked = Vec::new();
        let found = Model::from_onnx_with(&bytes(nodes, vec![weights]), |name| {
            asked.push(name.to_string());
            file.map(|length| vec![0; length]).map_err(String::from)
        });
        let found = found.map(|_| ()).map_err(|error| error.to_string());
        (found.map_err(|error| error.replace("node 0 'Conv-c' (Conv): constant 'w': ", "")), asked.len())
    };
    let dims = [1, 2, 1, 1];
    let place = |offset, length| [("location", "w.data"), ("offset", offset), ("length", length)];
    for (entries, size) in [
        (&place("0", "8")[..], 8),
        (&place("4", "8"), 12),
        (&place("4", "8"), 100),
        (&[("location", "w.data")], 8),
        (&[("location", "w.data"), ("offset", "3")], 11),
        (&[("location", "./more/w.data"), ("checksum", "0")], 8),
    ] {
        assert_eq!(read(entries, &dims, Ok(size)), (Ok(()), 1), "{entries:?}");
    }
    let not_there =
        |offset, size| Err(format!("its data are 8 bytes of 'w.data' from {offset} on, and the file has {size}"));
    assert_eq!(read(&place("0", "8"), &dims, Ok(7)).0, not_there("0", 7));
    assert_eq!(read(&place("5", "8"), &dims, Ok(12)).0, not_there("5", 12));
    assert_eq!(read(&place("18446744073709551615", "8"), &dims, Ok(12)).0, not_there("18446744073709551615", 12));
    assert_eq!(read(&place("18446744073709551608", "8"), &dims, Ok(12)).0, not_there("18446744073709551608", 12));
    // Neither of these asks for the file.
    for (entries, dims, says) in [
        (&place("0", "4")[..], &dims[..], "its data do not fill [1, 2, 1, 1]"),
        (&place("0", "18446744073709551615"), &dims, "its data do not fill"),
        (
            &place("0", "99999999999999999999999"),
            &dims,
            "the length of its data is \"99999999999999999999999\", no number",
        ),
        (&place("-1", "8"), &dims, "the offset of its data is \"-1\", no number of bytes"),
        (&place("", "8"), &dims, "the offset of its data is \"\""),
        (&place("+1", "8"), &dims, "the offset of its data is \"+1\""),
        (&place("0", "8"), &[1 << 20, 1 << 20, 1, 1], "are not usable"),
        (&place("0", "8"), &[1 << 62, 2, 1, 1], "are not usable"),
        (&[("location", "a"), ("location", "b")], &dims, "the location of its data is given twice"),
        (&[("location", "")], &dims, "which it does not name"),
        (&[], &dims, "which it does not name"),
        (&[("location", "../w.data")], &dims, "only a file in the model's folder is read"),
        (&[("location", "/etc/hostname")], &dims, "only a file in the model's folder is read"),
        (&[("location", "a/../../w.data")], &dims, "only a file in the model's folder is read"),
        (&[("location", "w\0")], &dims, "only a file in the model's folder is read"),
    ] {
        let (found, asked) = read(entries, dims, Ok(1 << 20));
        assert!(found.as_ref().is_err_and(|error| error.contains(says)) && asked == 0, "{entries:?}: {found:?}");
    }
    assert_eq!(read(&place("0", "8"), &dims, Err("gone")).0, Err("its data are in 'w.data': gone".into()));
}

/// Many constants may share the bytes of a file, which is asked for once.
#[test]
fn a_file_beside_a_model_is_read_once() {
    let weights = |at: usize| Tensor {
        name: format!("w{at}"),
        dims: vec![32, 2],
        data_type: 1,
        external_data: vec![onnx::StringStringEntry { key: "location".into(), value: format!("file{}", at % 2) }],
        data_location: 1,
        ..Tensor::default()
    };
    let mut nodes = vec![node("Flatten", &["in"], "f", &[]), node("MatMul", &["f", "w0"], "out", &[])];
    nodes.extend((1..6).map(|at| node("MatMul", &["f", &format!("w{at}")], &format!("m{at}"), &[])));
    let mut asked = Vec::new();
    let found = Model::from_onnx_with(&bytes(nodes, (0..6).map(weights).collect()), |name| {
        asked.push(name.to_string());
        if name == "file0" { Ok(vec![0; 256]) } else { Err("gone".into()) }
    });
    let problems = found.expect_err("a file is missing").problems;
    assert_eq!(asked, ["file0", "file1"]);
    assert_eq!(problems.len(), 3);
}

fn any_model() -> impl Strategy<Value = Vec<u8>> {
    let good = bytes(
        vec![
            node("Conv", &["in", "w"], "c", &[ints("pads", &[1, 1, 1, 1])]),
            node("Relu", &["c"], "r", &[]),
            node("MaxPool", &["r"], "m", &[ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])]),
            node("Flatten", &["m"], "f", &[]),
            node("Gemm", &["f", "matrix"], "out", &[int("transB", 1)]),
        ],
        vec![floats("w", &[1, 2, 3, 3], &ramp(18)), floats("matrix", &[2, 4], &ramp(8))],
    );
    let length = good.len();
    let edits = prop::collection::vec((0..length, any::<u8>()), 0..4);
    (edits, 0..=length).prop_map(move |(edits, cut)| {
        let mut bytes = good.clone();
        for (at, byte) in edits {
            bytes[at] = byte;
        }
        bytes.truncate(if cut < length / 8 { cut } else { length });
        bytes
    })
}

/// A number of any kind: small ones, and those that overflow, vanish or are none.
fn number() -> impl Strategy<Value = f32> {
    let odd = vec![0.0, -0.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-45, 1e30, -1e30, 1e-30];
    prop_oneof![
        6 => -2.0_f32..2.0,
        2 => prop::sample::select(odd),
        1 => any::<u32>().prop_map(f32::from_bits),
    ]
}

/// Shapes of constants that fit somewhere in a graph on images of `[2, 4, 4]`.
const FITTING: [&[i64]; 8] = [&[2, 2, 1, 1], &[2], &[1], &[32, 2], &[2, 2], &[], &[1, 2, 3, 3], &[2]];

/// A constant of few elements, nearly always of the shape and type that nodes expect of it, its data here or elsewhere.
fn any_constant(at: usize) -> impl Strategy<Value = Tensor> {
    let others = vec![vec![3], vec![1, 2], vec![2, 8], vec![2, 1, 1, 1], vec![1, 2, 1, 1], vec![2, 0]];
    let shapes = prop_oneof![15 => Just(FITTING[at].to_vec()), 1 => prop::sample::select(others)];
    let kinds = prop_oneof![40 => Just(1), 1 => Just(7), 1 => Just(9), 1 => Just(11)];
    (shapes, kinds, prop::collection::vec(number(), 64), 0..8_u8).prop_map(move |parts| {
        let (dims, data_type, numbers, place): (Vec<i64>, _, Vec<f32>, _) = parts;
        let count = usize::try_from(dims.iter().product::<i64>()).expect("small");
        let (name, data) = (format!("c{at}"), &numbers[..count.min(64)]);
        let entry = |key: &str, value: &str| onnx::StringStringEntry { key: key.into(), value: value.into() };
        let raw_data: Vec<u8> = data.iter().flat_map(|number| number.to_le_bytes()).collect();
        let tensor = Tensor { name, dims, data_type, ..Tensor::default() };
        match place {
            0 => Tensor { data_location: 1, external_data: vec![entry("location", "w")], ..tensor },
            1 => Tensor { raw_data, ..tensor },
            _ => Tensor { float_data: data.to_vec(), int64_data: vec![0, -1], int32_data: vec![0; count], ..tensor },
        }
    })
}

/// Operators that a random graph has mostly.
const OPERATORS: [&str; 20] = [
    "Conv",
    "Gemm",
    "MatMul",
    "BatchNormalization",
    "Relu",
    "Clip",
    "MaxPool",
    "AveragePool",
    "GlobalAveragePool",
    "Add",
    "Concat",
    "Flatten",
    "Reshape",
    "Identity",
    "Dropout",
    "Softmax",
    "Constant",
    "Sigmoid",
    "Relu",
    "Conv",
];

/// Operators that it has now and then. The last is not read.
const MORE: [&str; 16] = [
    "Transpose",
    "Squeeze",
    "Unsqueeze",
    "Pad",
    "Mul",
    "Sub",
    "Div",
    "Max",
    "ReduceMean",
    "Shape",
    "ArgMax",
    "LeakyRelu",
    "PRelu",
    "HardSigmoid",
    "Tanh",
    "Hardmax",
];

/// Nodes that read what comes before them, nearly always: operators and attributes that are read, and some that are not.
fn any_graph() -> impl Strategy<Value = Vec<u8>> {
    let attributes = || {
        let one = prop_oneof![
            prop::sample::select(vec!["axis", "group", "transA", "transB", "ceil_mode", "allowzero", "training_mode"])
                .prop_flat_map(|name| (-2..3_i64).prop_map(move |i| int(name, i))),
            prop::sample::select(vec!["pads", "strides", "kernel_shape", "dilations"])
                .prop_flat_map(|name| prop::collection::vec(-1..3_i64, 2..5).prop_map(move |sizes| ints(name, &sizes))),
            prop::sample::select(vec!["epsilon", "alpha", "min", "max", "own"])
                .prop_flat_map(|name| number().prop_map(move |f| float(name, f))),
            prop::sample::select(vec!["perm", "axes"]).prop_flat_map(|name| {
                prop::collection::vec(-2..4_i64, 1..5).prop_map(move |axes| ints(name, &axes))
            }),
            Just(vec![0, 3, 1, 2]).prop_shuffle().prop_map(|axes| ints("perm", &axes)),
            prop::sample::select(vec!["SAME_UPPER", "SAME_LOWER", "VALID", "?"]).prop_map(|kind| Attribute {
                name: "auto_pad".into(),
                s: kind.into(),
                ..Attribute::default()
            }),
        ];
        prop_oneof![11 => Just(Vec::new()), 1 => prop::collection::vec(one, 1..4)]
    };
    let operators = prop_oneof![8 => prop::sample::select(&OPERATORS[..]), 1 => prop::sample::select(&MORE[..])];
    let nodes = prop::collection::vec((operators, attributes(), any::<[u8; 5]>()), 1..7);
    let constants = (0..8).map(any_constant).collect::<Vec<_>>();
    (nodes, constants, 0..4_i64, any::<bool>()).prop_map(|(nodes, mut constants, batch, flat)| {
        constants.push(integers("shape", &[0, -1]));
        let axes = [("last", &[2, 3][..]), ("first", &[1]), ("sides", &[-1, -2])];
        constants.extend(axes.map(|(name, axes)| integers(name, axes)));
        constants.push(integers("zeros", &[0, 0, 1, 0, 0, 0, 2, 1]));
        let value_before = |at: usize, choice: u8| match usize::from(choice) % 4 {
            0 => (at * usize::from(choice) / 256).checked_sub(1).map_or("in".into(), |earlier| format!("v{earlier}")),
            _ => at.checked_sub(1).map_or("in".into(), |last| format!("v{last}")),
        };
        let mut graph: Vec<Node> = Vec::new();
        for (at, (op, attribute, choices)) in nodes.into_iter().enumerate() {
            // The constants that fit an operator, but for a choice in eight.
            let constant = |fitting: &[usize], choice: u8| match usize::from(choice) {
                odd if odd % 8 == 0 => format!("c{}", odd / 8 % FITTING.len()),
                even => format!("c{}", fitting[even / 8 % fitting.len()]),
            };
            let mut input = vec![value_before(at, choices[0])];
            match op {
                "Add" if choices[1] % 2 == 0 => input.push(value_before(at, choices[2])),
                "Concat" => input.push(value_before(at, choices[2])),
                "Reshape" => input.push("shape".into()),
                "Add" | "Mul" | "Sub" | "Div" | "Max" => input.push(constant(&[1, 2, 5], choices[2])),
                "Pad" => input.push(if choices[2] % 16 != 0 { "zeros" } else { "shape" }.into()),
                "Squeeze" => input.push(if choices[2] % 2 == 0 { "last" } else { "shape" }.into()),
                "Unsqueeze" => input.push(if choices[2] % 2 == 0 { "first" } else { "shape" }.into()),
                "ReduceMean" => input.push(if choices[2] % 8 != 0 { "sides" } else { "shape" }.into()),
                "Conv" => input.push(constant(&[0, 6], choices[1])),
                "MatMul" | "Gemm" => input.push(constant(&[3, 4], choices[1])),
                "BatchNormalization" => input.extend(choices[1..].iter().map(|choice| constant(&[1, 7], *choice))),
                "Clip" => input.extend(choices[1..3].iter().map(|choice| constant(&[5], *choice))),
                "Dropout" if choices[1] % 8 == 0 => input.extend([String::new(), constant(&[5], choices[2])]),
                _ => {}
            }
            if choices[4] % 64 == 0 {
                input.reverse();
            }
            let input: Vec<&str> = input.iter().map(String::as_str).collect();
            let mut attribute = attribute;
            if op == "Transpose" && choices[3] % 8 != 0 {
                attribute = vec![ints("perm", [&[0, 2, 3, 1], &[0, 3, 1, 2]][usize::from(choices[3] % 2)])];
            }
            graph.push(node(op, &input, &format!("v{at}"), &attribute));
        }
        let last = format!("v{}", graph.len() - 1);
        if flat {
            graph.push(node("Flatten", &[&last], "out", &[]));
        }
        let output = vec![value(if flat { "out" } else { &last }, &[])];
        encode(Graph { node: graph, initializer: constants, input: vec![value("in", &[batch, 2, 4, 4])], output })
    })
}

/// Whatever is a model has finite numbers alone, and both evaluators can run it; whatever is none says why, at nodes that there are.
fn holds(bytes: &[u8]) -> Result<bool, TestCaseError> {
    let beside = |name: &str| if name == "w" { Ok(vec![0x3e; 64]) } else { Err("not there".into()) };
    let model = match Model::from_onnx_with(bytes, beside) {
        Ok(model) => model,
        Err(error) => {
            prop_assert!(!error.problems.is_empty());
            let nodes =
                onnx::ModelProto::decode(bytes).ok().and_then(|model| model.graph).map_or(0, |graph| graph.node.len());
            for problem in &error.problems {
                let there = problem.node.as_ref().is_none_or(|(index, ..)| *index < nodes);
                prop_assert!(there && !problem.message.is_empty(), "{}", problem);
            }
            return Ok(false);
        }
    };
    prop_assert!(model.layers().iter().all(|layer| layer.op.numbers().all(f32::is_finite)));
    let size = model.input().iter().product::<usize>();
    if size < 1 << 16 {
        let floats = float::evaluate(&model, &vec![0.5; size]);
        prop_assert_eq!(floats[model.output()].len(), model.classes());
        let precision = Precision { frac_bits: 12, ring: Ring::Auto };
        if let Ok(fixed) = FixedModel::new(&model, precision, Pixels { scale: 1.0 / 255.0, offset: 0.0 }) {
            prop_assert!(fixed.label(&vec![200; size]).is_ok());
        }
    }
    Ok(true)
}

/// The graphs below are models often enough for what is said of models to be said of something.
#[test]
fn random_graphs_are_sometimes_models() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let graphs = any_graph();
    let drawn = (0..2_000).map(|_| graphs.new_tree(&mut runner).expect("a graph").current());
    let models = drawn.filter(|bytes| holds(bytes).expect("it holds")).count();
    assert!((200..1_800).contains(&models), "{models} of 2000 graphs are models");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Bytes near a model are a model or an error, and whatever is a model can be evaluated.
    #[test]
    fn damaged_models_do_no_harm(bytes in any_model()) {
        holds(&bytes)?;
    }

    /// So do graphs of any operators on any numbers, and no number that is not finite comes out.
    #[test]
    fn random_graphs_do_no_harm(bytes in any_graph()) {
        holds(&bytes)?;
    }

    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Model::from_onnx(&bytes);
        let _ = idx::Images::parse(&bytes);
        let _ = idx::labels(&bytes);
        let npy = [b"\x93NUMPY\x01\x00\x40\x00{'descr': '<f4', 'fortran_order': False, 'shape': (", &bytes[..]].concat();
        for framed in [[&[0, 0, 8, 3], &bytes[..]].concat(), npy, [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0], &bytes[..]].concat()] {
            let _ = idx::Images::parse(&framed);
            let _ = idx::labels(&framed);
        }
    }
}
