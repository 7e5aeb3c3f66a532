//! ONNX graphs made by hand: what is read, what is refused and how, and that no bytes do harm.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::float;
use fusion_nn::idx;
use fusion_nn::model::Model;
use fusion_nn::onnx::{Attribute, Dimension, Graph, Node, Tensor, TensorShape, TensorType, Type, ValueInfo};
use proptest::prelude::*;
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
    fusion_nn::onnx::Model { graph: Some(graph), ..Default::default() }.encode_to_vec()
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

#[test]
fn every_problem_is_named() {
    let found = problems(
        vec![
            node("Sigmoid", &["in"], "s", &[]),
            node("Relu", &["s"], "quiet", &[]),
            node("Conv", &["in", "w"], "c", &[ints("dilations", &[2, 2]), int("group", 1)]),
            node("MaxPool", &["in"], "p", &[ints("kernel_shape", &[9, 9])]),
            node("Softmax", &["in"], "t", &[int("axis", 1)]),
            node("AveragePool", &["in"], "q", &[ints("kernel_shape", &[2, 2]), int("ceil_mode", 1)]),
            node("Add", &["in", "nowhere"], "out", &[]),
        ],
        vec![floats("w", &[1, 2, 3, 3], &ramp(18))],
    );
    assert_eq!(
        found,
        [
            "node 0 'Sigmoid-s' (Sigmoid): the operator is not supported",
            "node 2 'Conv-c' (Conv): dilations other than 1 are not supported",
            "node 3 'MaxPool-p' (MaxPool): its window [9, 9] does not fit into [4, 4]",
            "node 4 'Softmax-t' (Softmax): the operator is not supported",
            "node 5 'AveragePool-q' (AveragePool): ceil_mode other than 0 is not supported",
            "node 6 'Add-out' (Add): input 'nowhere' is defined by nothing before it",
        ]
    );
}

#[test]
fn shapes_and_data_that_do_not_fit_are_refused() {
    let conv = || vec![node("Conv", &["in", "w"], "c", &[]), node("Flatten", &["c"], "out", &[])];
    let only = |node, constant| problems(node, vec![constant]).join("; ");
    for (constant, says) in [
        (floats("w", &[1, 2, 3, 3], &ramp(17)), "do not fill"),
        (floats("w", &[1, 3, 3, 3], &ramp(27)), "do not fit 2 channels"),
        (floats("w", &[1, 2, 5, 5], &ramp(50)), "does not fit into [4, 4]"),
        (floats("w", &[1, 2, 3], &ramp(6)), "must have rank 4"),
        (floats("w", &[1 << 20, 1 << 20, 1 << 20, 1], &[]), "are not usable"),
        (floats("w", &[-1, 2, 3, 3], &[]), "are not usable"),
        (floats("w", &[1, 2, 3, 3], &[f32::NAN; 18]), "contains NaN"),
        (Tensor { data_type: 11, ..floats("w", &[1], &[]) }, "element type 11"),
        (Tensor { data_location: 1, ..floats("w", &[1], &[]) }, "another file"),
        (floats("other", &[], &[1.0]), "input 'w' is defined by nothing before it"),
    ] {
        let found = only(conv(), constant);
        assert!(found.contains(says), "{found}");
    }
    let flat = Graph { node: conv(), input: vec![value("in", &[0, 16])], ..Graph::default() };
    assert!(Model::from_onnx(&encode(flat)).is_err(), "no image");
    assert!(problems(vec![], vec![])[0].contains("output 'out' is computed by no node"));
    assert!(problems(vec![node("Relu", &["in"], "out", &[])], vec![])[0].contains("must have the shape [N, classes]"));
    let huge = ints("pads", &[1 << 40, 0, 0, 0]);
    let padded = vec![node("Conv", &["in", "w"], "c", &[huge]), node("Flatten", &["c"], "out", &[])];
    assert!(only(padded, floats("w", &[1, 2, 1, 1], &ramp(2))).contains("is not usable"));
}

/// A small file cannot ask for much memory or time.
#[test]
fn small_files_with_large_networks_are_refused() {
    let wide = |nodes: Vec<Node>| {
        let graph = Graph {
            node: nodes,
            input: vec![value("in", &[0, 1, 4096, 4096])],
            output: vec![value("out", &[])],
            ..Graph::default()
        };
        Model::from_onnx(&encode(graph)).expect_err("refused").to_string()
    };
    let relus = (0..6).map(|i| node("Relu", &[if i == 0 { "in" } else { "x" }], "x", &[])).collect();
    assert!(wide(relus).contains("the network is too large"));
    let window = [ints("kernel_shape", &[2048, 2048])];
    assert!(wide(vec![node("MaxPool", &["in"], "x", &window)]).contains("the network is too large"));
    let padded = [ints("kernel_shape", &[1 << 20, 1 << 20]), ints("pads", &[(1 << 20) - 1; 4])];
    assert!(wide(vec![node("MaxPool", &["in"], "x", &padded)]).contains("too large"));
    let empty = problems(vec![node("Conv", &["in", "w"], "out", &[])], vec![floats("w", &[1, 2, 0, 0], &[])]);
    assert!(empty[0].contains("are empty"), "{empty:?}");
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Bytes near a model are a model or an error, and whatever is a model can be evaluated.
    #[test]
    fn damaged_models_do_no_harm(bytes in any_model()) {
        if let Ok(model) = Model::from_onnx(&bytes) {
            let size = model.input().iter().product::<usize>();
            let precision = Precision { frac_bits: 12, ring: Ring::Auto };
            let pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };
            if let (Ok(fixed), true) = (FixedModel::new(&model, precision, pixels), size < 1 << 16) {
                prop_assert!(fixed.label(&vec![200; size]).is_ok());
            }
        }
    }

    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Model::from_onnx(&bytes);
        let _ = idx::Images::parse(&bytes);
        let _ = idx::labels(&bytes);
        let framed = [&[0, 0, 8, 3], &bytes[..]].concat();
        let _ = idx::Images::parse(&framed);
    }
}
