//! Networks for tests: LeNet, and some made by hand that are small enough to run thousands of times.

use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::idx::Images;
use fusion_nn::model::Model;
use fusion_nn::onnx::{Attribute, Dimension, Graph, Node, Tensor, TensorShape, TensorType, Type, ValueInfo};
use prost::Message;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

/// The precision with which the examples run.
pub const PRECISION: Precision = Precision { frac_bits: 12, ring: Ring::Auto };

/// The number of pixels of a small network's image.
pub const SMALL: usize = 36;

fn value(name: &str, sizes: &[i64]) -> ValueInfo {
    let dim = sizes.iter().map(|&dim_value| Dimension { dim_value }).collect();
    let tensor_type = Some(TensorType { elem_type: 1, shape: Some(TensorShape { dim }) });
    ValueInfo { name: name.into(), r#type: Some(Type { tensor_type }) }
}

/// A constant with elements from -1 to 1, which are others for each turn.
fn constant(name: &str, dims: &[i64], turn: u32) -> Tensor {
    let count = dims.iter().product::<i64>();
    let element = |i: i64| (i * 37 + i64::from(turn) * 11 + 5) % 64;
    let float_data = (0..count).map(|i| f32::from(i8::try_from(element(i)).expect("small")) / 32.0 - 1.0).collect();
    Tensor { name: name.into(), dims: dims.into(), data_type: 1, float_data, ..Tensor::default() }
}

fn node(op: &str, input: &[&str], output: &str, attribute: &[Attribute]) -> Node {
    let input = input.iter().map(ToString::to_string).collect();
    Node { op_type: op.into(), input, output: vec![output.into()], attribute: attribute.into(), ..Node::default() }
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

fn windows() -> [Attribute; 2] {
    [ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])]
}

fn padded() -> [Attribute; 1] {
    [ints("pads", &[1, 1, 1, 1])]
}

fn flat(input: &str, matrix: &str) -> [Node; 2] {
    [node("Flatten", &[input], "flat", &[]), node("Gemm", &["flat", matrix], "out", &[int("transB", 1)])]
}

fn model(node: Vec<Node>, initializer: Vec<Tensor>) -> Model {
    on_images([1, 6, 6], node, initializer)
}

fn on_images(image: [i64; 3], node: Vec<Node>, initializer: Vec<Tensor>) -> Model {
    Model::from_onnx(&onnx(image, node, initializer)).expect("supported")
}

fn onnx([channels, height, width]: [i64; 3], node: Vec<Node>, initializer: Vec<Tensor>) -> Vec<u8> {
    let input = vec![value("in", &[0, channels, height, width])];
    let graph = Graph { node, initializer, input, output: vec![value("out", &[])] };
    fusion_nn::onnx::ModelProto { graph: Some(graph), ..Default::default() }.encode_to_vec()
}

/// Makes a network of a convolution, a rectifier, an average pooling and three classes. Another `turn` gives other weights of the same bound.
pub fn tiny(turn: u32) -> Model {
    convolution(constant("filters", &[2, 1, 3, 3], turn), turn)
}

/// Makes the network of [`tiny`] with filters of zeros, so that it sees nothing.
pub fn dead() -> Model {
    let dims = vec![2, 1, 3, 3];
    convolution(
        Tensor { name: "filters".into(), dims, data_type: 1, float_data: vec![0.0; 18], ..Tensor::default() },
        0,
    )
}

fn convolution(filters: Tensor, turn: u32) -> Model {
    let mut nodes = vec![
        node("Conv", &["in", "filters"], "c", &padded()),
        node("Relu", &["c"], "r", &[]),
        node("AveragePool", &["r"], "p", &windows()),
    ];
    nodes.extend(flat("p", "matrix"));
    model(nodes, vec![filters, constant("matrix", &[3, 18], turn)])
}

/// Makes a network of a convolution in two groups after one of all channels, then one for each channel with two filters, a stride and padding, and three classes.
pub fn grouped() -> Model {
    let strided = |groups: i64| vec![int("group", groups), ints("strides", &[2, 2]), ints("pads", &[1; 4])];
    let nodes = [
        node("Conv", &["in", "filters"], "c", &padded()),
        node("Relu", &["c"], "r", &[]),
        node("Conv", &["r", "halves"], "d", &[int("group", 2)]),
        node("Relu", &["d"], "s", &[]),
        node("Conv", &["s", "each"], "e", &strided(4)),
        node("Relu", &["e"], "t", &[]),
    ];
    let shapes: [(&str, &[i64]); 4] =
        [("filters", &[4, 1, 3, 3]), ("halves", &[4, 2, 2, 2]), ("each", &[8, 1, 3, 3]), ("matrix", &[3, 72])];
    let weights = shapes.into_iter().zip(0..).map(|((name, dims), turn)| constant(name, dims, turn));
    model(nodes.into_iter().chain(flat("t", "matrix")).collect(), weights.collect())
}

/// Makes a network of a convolution to which the image itself is added.
pub fn shortcut() -> Model {
    let mut nodes = vec![
        node("Conv", &["in", "filters"], "c", &padded()),
        node("Relu", &["c"], "r", &[]),
        node("Add", &["r", "in"], "a", &[]),
    ];
    nodes.extend(flat("a", "matrix"));
    model(nodes, vec![constant("filters", &[1, 1, 3, 3], 0), constant("matrix", &[3, 36], 0)])
}

/// Makes a network of a residual block, its parts one after the other, a max pooling and three classes.
pub fn residual(turn: u32) -> Model {
    let mut nodes = vec![
        node("Conv", &["in", "filters"], "c", &padded()),
        node("Relu", &["c"], "r", &[]),
        node("Conv", &["r", "inner"], "d", &padded()),
        node("Add", &["r", "d"], "a", &[]),
        node("Concat", &["a", "r"], "j", &[int("axis", 1)]),
        node("MaxPool", &["j"], "p", &windows()),
    ];
    nodes.extend(flat("p", "matrix"));
    let filters = [constant("filters", &[2, 1, 3, 3], turn), constant("inner", &[2, 2, 3, 3], turn + 1)];
    model(nodes, filters.into_iter().chain([constant("matrix", &[3, 36], turn)]).collect())
}

/// Makes a network of so many average poolings of 9 by 9, each over the one before, behind a filter that is 0.
pub fn windows_over_windows(count: usize) -> Model {
    let zero =
        Tensor { name: "zero".into(), dims: vec![1; 4], data_type: 1, float_data: vec![0.0], ..Tensor::default() };
    let names: Vec<String> = (0..=count).map(|index| format!("p{index}")).collect();
    let mut nodes = vec![node("Conv", &["in", "zero"], &names[0], &[])];
    nodes.extend(
        names.windows(2).map(|pair| node("AveragePool", &[&pair[0]], &pair[1], &[ints("kernel_shape", &[9, 9])])),
    );
    nodes.extend(flat(&names[count], "matrix"));
    on_images(
        [1, 81, 81],
        nodes,
        vec![zero, constant("matrix", &[2, i64::pow(81 - 8 * i64::try_from(count).expect("few"), 2)], 0)],
    )
}

/// Makes a network of two filters of one pixel with a rectifier between them: nine values, then four classes.
pub fn pixels() -> Model {
    let strided = [ints("strides", &[2, 2])];
    let nodes = vec![
        node("Conv", &["in", "filter"], "c", &strided),
        node("Relu", &["c"], "r", &[]),
        node("Conv", &["r", "inner"], "d", &strided),
        node("Flatten", &["d"], "out", &[]),
    ];
    let filter = |name: &str, weight: f32| Tensor {
        name: name.into(),
        dims: vec![1; 4],
        data_type: 1,
        float_data: vec![weight],
        ..Tensor::default()
    };
    model(nodes, vec![filter("filter", 0.8125), filter("inner", -0.6875)])
}

/// Makes a network of one matrix, with so many classes.
pub fn matrix(classes: usize) -> Model {
    let rows = i64::try_from(classes).expect("few");
    model(flat("in", "matrix").into(), vec![constant("matrix", &[rows, 36], 0)])
}

/// Makes a network with more classes than are compared all at once.
pub fn many_classes(turn: u32) -> Model {
    model(flat("in", "matrix").into(), vec![constant("matrix", &[21, 36], turn)])
}

/// Encodes a network with the layers of LeNet-5, node for node, and some hundred products. Another `turn` gives other weights.
pub fn small_lenet(turn: u32) -> Vec<u8> {
    let strided = |size: i64| [ints("kernel_shape", &[size; 2]), ints("strides", &[size; 2])];
    let mut nodes = Vec::new();
    let mut last = String::from("in");
    for (place, (op, weights, attributes)) in [
        ("Conv", Some("filters"), vec![ints("kernel_shape", &[3; 2]), ints("strides", &[6; 2])]),
        ("Relu", None, Vec::new()),
        ("AveragePool", None, windows().to_vec()),
        ("Conv", Some("inner"), Vec::new()),
        ("Relu", None, Vec::new()),
        ("AveragePool", None, strided(1).to_vec()),
        ("Flatten", None, Vec::new()),
        ("Gemm", Some("first"), vec![int("transB", 1)]),
        ("Relu", None, Vec::new()),
        ("Gemm", Some("second"), vec![int("transB", 1)]),
        ("Relu", None, Vec::new()),
        ("Gemm", Some("third"), vec![int("transB", 1)]),
    ]
    .into_iter()
    .enumerate()
    {
        let output = if place == 11 { "out".into() } else { format!("v{place}") };
        let inputs: Vec<&str> = [last.as_str()].into_iter().chain(weights).collect();
        nodes.push(node(op, &inputs, &output, &attributes));
        last = output;
    }
    let shapes: [(&str, &[i64]); 5] = [
        ("filters", &[2, 1, 3, 3]),
        ("inner", &[3, 2, 2, 2]),
        ("first", &[6, 3]),
        ("second", &[5, 6]),
        ("third", &[10, 5]),
    ];
    onnx([1, 28, 28], nodes, shapes.map(|(name, dims)| constant(name, dims, turn)).into())
}

/// Encodes a network of one convolution and a rectifier, whose 16 values are the classes. Another `turn` gives other weights.
pub fn blocks(turn: u32) -> Vec<u8> {
    let strided = [ints("kernel_shape", &[3; 2]), ints("strides", &[8; 2])];
    let nodes = vec![
        node("Conv", &["in", "filter"], "v0", &strided),
        node("Relu", &["v0"], "v1", &[]),
        node("Flatten", &["v1"], "out", &[]),
    ];
    onnx([1, 28, 28], nodes, vec![constant("filter", &[1, 1, 3, 3], turn)])
}

/// Reads a LeNet of the examples by its name.
pub fn lenet(name: &str) -> Model {
    let path = format!("{EXAMPLES}/models/lenet_mnist_{name}.onnx");
    Model::from_onnx(&std::fs::read(path).expect("readable")).expect("supported")
}

/// Turns a network into one on integers.
pub fn fixed(model: &Model, precision: Precision) -> FixedModel {
    FixedModel::new(model, precision, Pixels { scale: 1.0 / 255.0, offset: 0.0 }).expect("fits")
}

/// Reads the first digits of the test set.
pub fn digits(count: usize) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(format!("{EXAMPLES}/data/mnist_t1000-images-idx3-ubyte")).expect("readable");
    let images = Images::parse(&bytes).expect("IDX images");
    (0..count).map(|index| images.get(index).expect("there are 1,000").to_vec()).collect()
}

/// Makes a network of two convolutions, the second with a stride, each clipped to other ends, and three classes.
pub fn clipped() -> Model {
    let clip = |input: &str, ends: [f32; 2], output: &str| {
        node("Clip", &[input], output, &[float("min", ends[0]), float("max", ends[1])])
    };
    let strided = [ints("strides", &[2, 2])];
    let mut nodes = vec![
        node("Conv", &["in", "filters"], "c", &padded()),
        clip("c", [-0.25, 0.5], "k"),
        node("Conv", &["k", "inner"], "d", &strided),
        clip("d", [0.0, 6.0], "r"),
    ];
    nodes.extend(flat("r", "matrix"));
    let filters = [constant("filters", &[2, 1, 3, 3], 0), constant("inner", &[3, 2, 3, 3], 1)];
    model(nodes, filters.into_iter().chain([constant("matrix", &[3, 12], 0)]).collect())
}

/// Makes a network with a dilated convolution, and activations that are read as pieces: a sigmoid and a leaky ReLU of images, a hyperbolic tangent of a vector.
pub fn in_pieces() -> Model {
    let apart = [ints("dilations", &[2, 2]), ints("strides", &[2, 2])];
    let nodes = vec![
        node("Conv", &["in", "filters"], "c", &apart),
        node("Sigmoid", &["c"], "s", &[]),
        node("Conv", &["s", "inner"], "d", &[]),
        node("LeakyRelu", &["d"], "l", &[float("alpha", 0.125)]),
        node("Flatten", &["l"], "flat", &[]),
        node("Gemm", &["flat", "matrix"], "g", &[int("transB", 1)]),
        node("Tanh", &["g"], "t", &[]),
        node("Gemm", &["t", "last"], "out", &[int("transB", 1)]),
    ];
    let filters = [constant("filters", &[2, 1, 2, 2], 0), constant("inner", &[2, 2, 1, 1], 1)];
    model(nodes, filters.into_iter().chain([constant("matrix", &[4, 8], 0), constant("last", &[3, 4], 2)]).collect())
}

/// Makes images of noise for the small networks.
pub fn noise(count: usize, turn: u8) -> Vec<Vec<u8>> {
    let mut rng = fusion_2pc::random::Seed([turn; 32]).stream();
    let mut image = || fusion_2pc::random::uniform(&mut rng, 8, SMALL).iter().map(|x| x.to_le_bytes()[0]).collect();
    (0..count).map(|_| image()).collect()
}

/// Makes the network with which `CrypTFlow2`'s released code was measured, "C-LeNet": on digits, twice a convolution of 5 by 5 with padding, a max pooling and
/// a rectifier, to 32 and to 64 channels, then matrices to 512 and 10. Its weights are small and pseudo-random, so that all values fit 37 bits with 12 fractional
/// ones.
pub fn c_lenet() -> Model {
    let pads = [ints("pads", &[2; 4])];
    let nodes = vec![
        node("Conv", &["in", "first"], "c", &pads),
        node("MaxPool", &["c"], "p", &windows()),
        node("Relu", &["p"], "r", &[]),
        node("Conv", &["r", "second"], "d", &pads),
        node("MaxPool", &["d"], "q", &windows()),
        node("Relu", &["q"], "s", &[]),
        node("Flatten", &["s"], "flat", &[]),
        node("Gemm", &["flat", "third"], "g", &[int("transB", 1)]),
        node("Relu", &["g"], "t", &[]),
        node("Gemm", &["t", "fourth"], "out", &[int("transB", 1)]),
    ];
    let layers = [
        scattered("first", &[32, 1, 5, 5], 0.1),
        scattered("second", &[64, 32, 5, 5], 0.02),
        scattered("third", &[512, 3136], 0.02),
        scattered("fourth", &[10, 512], 0.05),
    ];
    on_images([1, 28, 28], nodes, layers.into())
}

/// A constant with pseudo-random elements between `-size` and `size`.
fn scattered(name: &str, dims: &[i64], size: f32) -> Tensor {
    let mut rng = fusion_2pc::random::Seed([7; 32]).child(name).stream();
    let count = usize::try_from(dims.iter().product::<i64>()).expect("small");
    let bytes = fusion_2pc::random::uniform(&mut rng, 8, count).into_iter();
    let float_data = bytes.map(|byte| (f32::from(byte.to_le_bytes()[0]) / 127.5 - 1.0) * size).collect();
    Tensor { name: name.into(), dims: dims.into(), data_type: 1, float_data, ..Tensor::default() }
}
