//! The reasons for which files are refused.

use super::*;
use crate::onnx::{Attribute, Dimension, Graph, ModelProto, Node, Tensor, TensorShape, TensorType, Type, ValueInfo};

fn value(name: &str, sizes: &[i64]) -> ValueInfo {
    let dim = sizes.iter().map(|&dim_value| Dimension { dim_value }).collect();
    let tensor_type = Some(TensorType { elem_type: 1, shape: Some(TensorShape { dim }) });
    ValueInfo { name: name.into(), r#type: Some(Type { tensor_type }) }
}

fn floats(name: &str, dims: &[i64], data: &[f32]) -> Tensor {
    Tensor { name: name.into(), dims: dims.into(), data_type: 1, float_data: data.into(), ..Tensor::default() }
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

fn float(name: &str, f: f32) -> Attribute {
    Attribute { name: name.into(), f, ..Attribute::default() }
}

fn encode(graph: Graph) -> Vec<u8> {
    ModelProto { graph: Some(graph), ..Default::default() }.encode_to_vec()
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

fn refused(bytes: &[u8]) -> Vec<String> {
    Model::from_onnx(bytes).expect_err("refused").problems.iter().map(ToString::to_string).collect()
}

#[test]
fn every_problem_is_named() {
    let found = problems(
        vec![
            node("Hardmax", &["in"], "s", &[]),
            node("Relu", &["s"], "quiet", &[]),
            node("Conv", &["in", "w"], "c", &[ints("dilations", &[2, 2]), int("group", 1)]),
            node("MaxPool", &["in"], "p", &[ints("kernel_shape", &[9, 9])]),
            node("Softmax", &["in"], "t", &[int("axis", 1)]),
            node(
                "AveragePool",
                &["in"],
                "q",
                &[ints("kernel_shape", &[3, 3]), ints("strides", &[2, 2]), int("ceil_mode", 1)],
            ),
            node("Add", &["in", "nowhere"], "out", &[]),
        ],
        vec![floats("w", &[1, 2, 3, 3], &ramp(18))],
    );
    assert_eq!(
        found,
        [
            "node 0 'Hardmax-s' (Hardmax): the operator is not supported",
            "node 2 'Conv-c' (Conv): its dilated window [5, 5] does not fit its input [2, 4, 4]",
            "node 3 'MaxPool-p' (MaxPool): its window [9, 9] does not fit into [4, 4]",
            "node 4 'Softmax-t' (Softmax): the operator is not supported",
            "node 5 'AveragePool-q' (AveragePool): ceil_mode other than 0 is not supported where it changes the size: export with ceil_mode=False",
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
        (floats("w", &[1, 3, 3, 3], &ramp(27)), "do not fit the input [2, 4, 4]"),
        (floats("w", &[1, 2, 5, 5], &ramp(50)), "does not fit into [4, 4]"),
        (floats("w", &[1, 2, 3], &ramp(6)), "must have rank 4"),
        (floats("w", &[1 << 20, 1 << 20, 1 << 20, 1], &[]), "are not usable"),
        (floats("w", &[-1, 2, 3, 3], &[]), "are not usable"),
        (floats("w", &[1, 2, 3, 3], &[f32::NAN; 18]), "contains NaN"),
        (Tensor { data_type: 8, ..floats("w", &[1], &[]) }, "element type string is not"),
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

/// The element type and the shape of an input, each for itself.
#[test]
fn an_input_is_refused_for_what_it_is() {
    let of = |elem_type: i32, sizes: Option<&[i64]>| {
        let shape =
            sizes.map(|sizes| TensorShape { dim: sizes.iter().map(|&dim_value| Dimension { dim_value }).collect() });
        let kind = Type { tensor_type: Some(TensorType { elem_type, shape }) };
        let input = vec![ValueInfo { name: "in".into(), r#type: Some(kind) }];
        let node = vec![node("Flatten", &["in"], "out", &[])];
        refused(&encode(Graph { node, input, output: vec![value("out", &[])], ..Graph::default() }))
    };
    let needed = "only [N, channels, height, width], [N, height, width, channels], [N, height, width] and [N, features] of known sizes are supported";
    for (sizes, written) in [
        (&[0, -16][..], "[N, -16]"),
        (&[16], "[16]"),
        (&[], "[]"),
        (&[0, 3, 0, -1], "[N, 3, ?, -1]"),
        (&[2, 3, 4, 5, 6], "[2, 3, 4, 5, 6]"),
    ] {
        assert_eq!(of(1, Some(sizes)), [format!("input 'in' has the shape {written}: {needed}")]);
    }
    let kinds = "only float, float16, bfloat16 and double are supported";
    assert_eq!(
        of(2, Some(&[784])),
        [
            format!("input 'in' has the element type uint8: {kinds}"),
            format!("input 'in' has the shape [784]: {needed}"),
        ]
    );
    assert_eq!(of(7, Some(&[0, 1, 2, 2])), [format!("input 'in' has the element type int64: {kinds}")]);
    assert_eq!(of(1, None), [format!("input 'in' has no shape: {needed}")]);
    for [channels, size] in [[1 << 9; 2], [1 << 30; 2]] {
        let large = format!("input 'in' has the shape [N, {channels}, {size}, {size}]: over 67108864 values");
        assert_eq!(of(1, Some(&[0, channels, size, size])), [large]);
    }
    let bare = Graph { input: vec![ValueInfo { name: "in".into(), r#type: None }], ..Graph::default() };
    assert_eq!(
        refused(&encode(bare)),
        [
            "input 'in' is no tensor, and an image is needed",
            "the graph has 0 outputs, and one vector of logits is needed"
        ]
    );
    let many = Graph { output: (0..10).map(|i| value(&format!("o{i}"), &[])).collect(), ..Graph::default() };
    assert_eq!(
        refused(&encode(many)),
        [
            "the graph has 0 inputs, and one image is needed",
            "the graph has 10 outputs ('o0', 'o1', 'o2', 'o3', 'o4', 'o5', 'o6', 'o7', ..), and one vector of logits is needed",
        ]
    );
}

/// A pointer or a compressed file in the place of the constants is named, where a short file would be said to be too short.
#[test]
fn a_file_of_constants_that_stands_in_for_another_is_named() {
    let entry = onnx::StringStringEntry { key: "location".into(), value: "w.data".into() };
    let outside = Tensor { data_location: 1, external_data: vec![entry], ..floats("w", &[32, 32], &[]) };
    let nodes = vec![node("Flatten", &["in"], "f", &[]), node("MatMul", &["f", "w"], "out", &[])];
    let bytes = bytes(nodes, vec![outside]);
    for (content, says) in [
        (&b""[..], "it is empty"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "it is a Git LFS pointer (`git lfs pull` fetches the file itself)",
        ),
        (&[0x1f, 0x8b, 8], "it is compressed by gzip (`gunzip` unpacks it)"),
        (&[0; 9], "its data are 4096 bytes of 'w.data' from 0 on, and the file has 9"),
    ] {
        let error = Model::from_onnx_with(&bytes, |_| Ok(content.to_vec())).expect_err("refused").to_string();
        assert!(error.starts_with("node 1 'MatMul-out' (MatMul): constant 'w': ") && error.ends_with(says), "{error}");
    }
    let whole = [&[0x1f, 0x8b][..], &[0; 4094]].concat();
    assert!(Model::from_onnx_with(&bytes, |_| Ok(whole.clone())).is_ok(), "as many bytes as are needed are numbers");
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
    let scaled = |count: usize| {
        let name = |at: usize| if at == 0 { "f".into() } else { format!("m{at}") };
        let mut nodes = vec![node("Flatten", &["in"], "f", &[])];
        nodes.extend((0..count).map(|at| node("Mul", &[&name(at), "half"], &name(at + 1), &[])));
        Graph {
            node: nodes,
            initializer: vec![floats("half", &[], &[0.5])],
            input: vec![value("in", &[0, 1, 2048, 1024])],
            output: vec![value(&name(count), &[])],
        }
    };
    let found = refused(&encode(scaled(3)));
    assert_eq!(found, ["node 3 'Mul-m3' (Mul): with it there are over 4194304 factors and offsets of elements"]);
    assert!(refused(&encode(scaled(2)))[0].contains("only before or after a fully connected layer"));
    let empty = problems(vec![node("Conv", &["in", "w"], "out", &[])], vec![floats("w", &[1, 2, 0, 0], &[])]);
    assert!(empty[0].contains("are empty"), "{empty:?}");
}

/// Nor can one whose constants have no elements but many rows, or many axes, or are computed often.
#[test]
fn small_files_with_large_constants_are_refused() {
    let none = |dims: &[i64]| vec![floats("w", dims, &[])];
    let (rows, columns) = ([1_i64 << 40, 0], [0, 1_i64 << 40]);
    let flat = || node("Flatten", &["in"], "f", &[]);
    let last = |op: &str, input: &str| node(op, &["f", input], "out", &[]);
    for (dims, nodes) in [
        (rows, vec![flat(), node("Gemm", &["f", "w"], "out", &[int("transB", 1)])]),
        (columns, vec![flat(), last("Gemm", "w")]),
        (columns, vec![flat(), last("MatMul", "w")]),
        (rows, vec![flat(), node("Transpose", &["w"], "v", &[ints("perm", &[0, 1])]), last("Add", "v")]),
        (rows, vec![flat(), node("Add", &["w", "w"], "v", &[]), last("Add", "v")]),
    ] {
        let found = problems(nodes, none(&dims));
        assert!(found[0].contains("are not usable"), "{found:?}");
    }
    let sizes = |sizes: &[i64]| Tensor {
        name: "s".into(),
        dims: vec![i64::try_from(sizes.len()).expect("few")],
        data_type: 7,
        int64_data: sizes.into(),
        ..Tensor::default()
    };
    let made = || node("ConstantOfShape", &["s"], "w", &[]);
    let found =
        problems(vec![flat(), made(), node("Mul", &["w", "w"], "v", &[]), last("Add", "v")], vec![sizes(&rows)]);
    assert!(found[0].contains("what it computes of constants is not supported"), "{found:?}");
    let one = Tensor { dims: vec![1], data_type: 7, int64_data: vec![1], ..Tensor::default() };
    let ones = Attribute { name: "value".into(), t: Some(one), ..Attribute::default() };
    let mut nodes = vec![flat(), node("ConstantOfShape", &["s"], "w", &[ones])];
    for at in 0..300 {
        let (product, value) = (format!("p{at}"), format!("v{at}"));
        nodes.push(node("ReduceProd", &["w"], &product, &[]));
        nodes.push(node("Add", &["f", &product], &value, &[]));
    }
    nodes.push(node("Relu", &["f"], "out", &[]));
    let found = problems(nodes, vec![sizes(&[1 << 20])]);
    assert!(found.iter().any(|problem| problem.contains("constants are computed of too many elements")), "{found:?}");
    let found = problems(vec![flat(), last("Add", "w")], vec![floats("w", &[1; 300_000], &[1.0])]);
    assert!(found[0].ends_with("constant 'w': it has 300000 axes, and at most 8 are read"), "{found:?}");
}

/// Inputs, nodes and outputs together; what follows from a problem is no problem of its own, and a constant that cannot be read is one.
#[test]
fn problems_do_not_hide_each_other() {
    let nodes = vec![
        node("Hardmax", &["in"], "p", &[]),
        Node { output: vec!["first".into(), "second".into()], ..node("Split", &["p"], "", &[]) },
        node("Add", &["first", "second"], "a", &[]),
        node("Gemm", &["a", "bad"], "g", &[int("transA", 1), float("alpha", 2.0), float("beta", 0.5), int("own", 1)]),
        node("Gemm", &["g", "bad", "lost"], "h", &[]),
        node("MaxPool", &["in"], "m", &[int("ceil_mode", 1), int("storage_order", 1), ints("strides", &[0, 1])]),
        node("Add", &["p", "half"], "k", &[]),
    ];
    let half = Tensor { data_type: 8, ..floats("half", &[1], &[]) };
    let input = vec![value("in", &[0, 16]), value("other", &[0, 16])];
    let graph = Graph {
        node: nodes,
        initializer: vec![floats("bad", &[2, 2], &[f32::NAN; 4]), half],
        input,
        output: vec![value("h", &[]), value("m", &[])],
    };
    assert_eq!(
        refused(&encode(graph)),
        [
            "the graph has 2 inputs ('in', 'other'), and one image is needed",
            "node 0 'Hardmax-p' (Hardmax): the operator is not supported",
            "node 1 'Split-' (Split): the operator is not supported",
            "node 3 'Gemm-g' (Gemm): attributes not supported: own",
            "node 3 'Gemm-g' (Gemm): transA is not supported",
            "node 3 'Gemm-g' (Gemm): constant 'bad': it contains NaN",
            "node 4 'Gemm-h' (Gemm): input 'lost' is defined by nothing before it",
            "node 5 'MaxPool-m' (MaxPool): storage_order other than 0 is not supported",
            "node 5 'MaxPool-m' (MaxPool): kernel_shape is missing",
            "node 5 'MaxPool-m' (MaxPool): strides = [0, 1] is not usable",
            "node 6 'Add-k' (Add): constant 'half': element type string is not supported: only floats, integers and bool",
            "the graph has 2 outputs ('h', 'm'), and one vector of logits is needed",
        ]
    );
}

/// No refusal is empty: an operator that has one output, or one of training, gives the network nothing by another.
#[test]
fn other_outputs_are_refused_in_words() {
    let two = |op: &str, inputs: &[&str]| Node { output: vec!["x".into(), "out".into()], ..node(op, inputs, "", &[]) };
    for op in ["Relu", "Flatten", "GlobalAveragePool", "Identity"] {
        let found = problems(vec![two(op, &["in"])], vec![]);
        assert_eq!(
            found,
            [format!("node 0 '{op}-' ({op}): its output 'out' is read, and only the first is supported")]
        );
    }
    let four = ["s", "b", "m", "v"].map(|name| floats(name, &[2], &[1.0; 2]));
    let outputs = ["n", "mean", "variance", "saved_mean", "saved_variance"].map(String::from).to_vec();
    let trains = Node { output: outputs, ..node("BatchNormalization", &["in", "s", "b", "m", "v"], "", &[]) };
    let found = problems(vec![trains, node("Flatten", &["n"], "out", &[])], four.to_vec());
    let why = "it has the outputs of training, where a batch's own mean and variance count";
    assert_eq!(found, [format!("node 0 'BatchNormalization-' (BatchNormalization): {why}")]);
}

/// Which of two would count is nobody's to guess.
#[test]
fn names_are_defined_once() {
    let flat = |to: &str| node("Flatten", &["in"], to, &[]);
    let twice = problems(vec![flat("out"), node("Relu", &["in"], "out", &[])], vec![]);
    assert_eq!(twice[0], "node 1 'Relu-out' (Relu): its output 'out' is defined twice");
    assert_eq!(
        problems(vec![flat("in")], vec![])[0],
        "node 0 'Flatten-in' (Flatten): its output 'in' is defined twice"
    );
    let weights = [floats("w", &[32, 3], &ramp(96)), floats("w", &[32, 2], &ramp(64))];
    let found = problems(vec![flat("f"), node("MatMul", &["f", "w"], "out", &[])], weights.to_vec());
    assert_eq!(found, ["constant 'w' is defined twice"]);
}

/// A small file may ask for any dilation. What is too large is refused before it is made.
#[test]
fn dilations_are_bounded() {
    let conv = |dilations: &[i64], pads: i64| {
        let window = [ints("dilations", dilations), ints("pads", &[pads; 4])];
        let nodes = vec![node("Conv", &["in", "w"], "c", &window), node("Flatten", &["c"], "out", &[])];
        problems(nodes, vec![floats("w", &[1, 2, 2, 2], &ramp(8))]).join("; ")
    };
    for (dilations, pads, says) in [
        (&[i64::MAX, 1][..], 0, "dilations = [9223372036854775807, 1] is not usable"),
        (&[0, 1], 0, "dilations = [0, 1] is not usable"),
        (&[1], 0, "dilations = [1] is not usable"),
        (&[1 << 28, 1], 0, "dilations = [268435456, 1] are not usable: the window is too large"),
        (&[4, 1], 0, "its dilated window [5, 2] does not fit its input [2, 4, 4]"),
        (&[8000, 8000], 8000, "its dilated weights [1, 2, 8001, 8001] are over 16777216"),
    ] {
        assert!(conv(dilations, pads).contains(says), "{}", conv(dilations, pads));
    }
    let pool = [ints("kernel_shape", &[2, 2]), ints("dilations", &[2, 1])];
    let pool = problems(vec![node("MaxPool", &["in"], "out", &pool)], vec![]).join("; ");
    assert!(pool.contains("dilations other than 1 are not supported"), "{pool}");
}

/// Pieces of many elements, and of none, are told at their node; nothing is allocated for them.
#[test]
fn activations_in_pieces_are_bounded() {
    let of = |op: &str, input: &[i64]| {
        let inputs = &["in", "slope"][..=usize::from(op == "PRelu")];
        let graph = Graph {
            node: vec![node(op, inputs, "act", &[]), node("Flatten", &["act"], "out", &[])],
            initializer: vec![floats("slope", &[3], &ramp(3))],
            input: vec![value("in", input)],
            output: vec![value("out", &[])],
        };
        refused(&encode(graph)).join("; ")
    };
    for (op, input, says) in [
        ("PRelu", &[0, 4, 4, 4][..], "its slope [3] is not one number for each channel of [4, 4, 4]"),
        ("PRelu", &[0, 5], "its slope [3] is not one number"),
        ("Sigmoid", &[0, 1 << 20, 1, 1], "over 4194304 factors and offsets"),
        ("LeakyRelu", &[0, 1 << 22, 1, 1], "over 4194304 factors and offsets"),
        ("HardSigmoid", &[0, (1 << 22) + 1, 1, 1], "over 4194304 factors and offsets"),
        ("Gelu", &[0, 4, 4, 4], "the activations that are: Relu, LeakyRelu"),
    ] {
        let found = of(op, input);
        assert!(found.contains(says), "{op}: {found}");
    }
    let nodes = vec![node("Gemm", &["in", "w"], "g", &[]), node("Sigmoid", &["g"], "out", &[])];
    let initializer = vec![floats("w", &[16, 1], &ramp(16))];
    let binary =
        Graph { node: nodes, initializer, input: vec![value("in", &[0, 16])], output: vec![value("out", &[])] };
    let found = refused(&encode(binary)).join("; ");
    assert!(found.contains("one output stands for two classes"), "{found}");
    let wide = vec![
        node("Flatten", &["in"], "flat", &[]),
        node("Relu", &["flat"], "positive", &[]),
        node("Tanh", &["positive"], "act", &[]),
        node("Relu", &["act"], "out", &[]),
    ];
    let graph = |features| Graph {
        node: wide.clone(),
        initializer: vec![],
        input: vec![value("in", &[0, features])],
        output: vec![value("out", &[])],
    };
    let found = refused(&encode(graph(1366))).join("; ");
    assert!(found.contains("9 pieces of each of 1366 elements take over 16777216 weights"), "{found}");
    assert_eq!(Model::from_onnx(&encode(graph(50))).map(|model| model.layers().len()), Ok(6));
}
