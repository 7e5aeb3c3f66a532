//! One inference of a ResNet50 at ImageNet's size between two parties, by Cheetah's protocols, every logit that of the plaintext reference.
//!
//! `cargo run --release --example resnet50` computes it; with a folder, `-- FOLDER`, it writes `resnet50.onnx` and `resnet50-image.npy` there instead, which
//! `sim bench --ring` and other commands read.
//!
//! The topology is that of He, Zhang, Ren and Sun ("Deep residual learning for image recognition", CVPR 2016, table 1), with the stride of a block in its
//! convolution of 3 by 3, as trained models have it. The weights are drawn from a seed, so that the file need not be kept: each layer's with the variance with
//! which its outputs have variance 1, as folded batch normalisation leaves them (He et al., ICCV 2015, section 2.2, with the mean square of the layer's inputs, which is carried along). Pixels
//! are worth 1/256. It recognises nothing; it takes what a trained ResNet50 takes.

use fusion_2pc::backend::Backend;
use fusion_2pc::backend::cheetah::Cheetah;
use fusion_2pc::circuit::Circuit;
use fusion_2pc::random::Seed;
use fusion_2pc::role::Role;
use fusion_2pc::session::{self, Grouping, Networks, Plan, Service};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_nn::fixed::{Faithful, FixedModel, Pixels, Precision, Reached, Ring, argmax};
use fusion_nn::model::Model;
use fusion_nn::onnx::{
    Attribute, Dimension, Graph, ModelProto, Node, Tensor, TensorShape, TensorType, Type, ValueInfo,
};
use prost::Message;
use rand_core::Rng;
use std::error::Error;
use std::path::Path;

/// The fractional bits of weights and activations, and a ring that holds all that [`FixedModel::measure`] finds, with bits to spare.
pub const PRECISION: Precision = Precision { frac_bits: 12, ring: Ring::Bits(34) };
/// A pixel of 256 would be worth 1.
pub const PIXELS: Pixels = Pixels { scale: 1.0 / 256.0, offset: 0.0 };
/// What all weights and the image grow from.
pub const SEED: Seed = Seed([50; 32]);

/// The sizes of a network of this kind.
#[derive(Clone, Copy, Debug)]
pub struct Topology {
    /// The height and the width of the image, in pixels.
    pub side: usize,
    /// The channels of the first convolution. Block `i` has `2^i` times as many inside, and four times that at its end.
    pub width: usize,
    /// The number of blocks of each of the four stages.
    pub blocks: [usize; 4],
    /// The number of classes.
    pub classes: usize,
}

/// ResNet50 on images of 224 by 224 pixels.
pub const RESNET50: Topology = Topology { side: 224, width: 64, blocks: [3, 4, 6, 3], classes: 1000 };

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (onnx, image) = (RESNET50.onnx(&SEED), RESNET50.image(&SEED));
    match (args.next(), args.next()) {
        (None, _) => println!("{}", infer(onnx, &image)?),
        (Some(folder), None) => {
            for (name, bytes) in [("resnet50.onnx", onnx), ("resnet50-image.npy", RESNET50.npy(&image))] {
                let path = Path::new(&folder).join(name);
                std::fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
                println!("{}", path.display());
            }
        }
        _ => return Err("usage: resnet50 [FOLDER]".into()),
    }
    Ok(())
}

/// Runs one inference between two parties, and says what it took.
///
/// # Errors
/// For a model or an image that cannot be read, for a session that halts, and if a value wrapped, a logit is not the reference's or the bytes are not those that were predicted.
pub fn infer(onnx: Vec<u8>, image: &[u8]) -> Result<String, Box<dyn Error>> {
    let float = Model::from_onnx(&onnx)?;
    drop(onnx);
    let model = FixedModel::new(&float, PRECISION, PIXELS)?;
    drop(float);
    let (expected, measured) = model.measure(image, &mut Faithful)?;
    let most = measured.layers.iter().map(Reached::bits).max();
    let circuit = Circuit::new(&[&model], Truncation::Faithful)?;
    let plan = Plan::new(Cheetah::default(), circuit, 1, Grouping::Chunk)?;
    let (client, server, _) = session::set_up(&Seed([1; 32]), &[&plan], LinkSpeed::LAN)?;
    let networks = Networks::new(&plan, std::slice::from_ref(&model))?;
    let services = vec![Service { model: 0, labels: (0..model.classes()).collect() }];
    let (pixels, label, name) = (model.pixels(image)?, argmax(&expected), Seed([0; 32]));
    drop(model);
    let ((answered, link), (served, _)) = session::run(
        LinkSpeed::LAN,
        |link| session::client(link, &client, &plan, &name, |_| pixels.clone()),
        |link: Link| session::server(link, &server, &plan, &name, &networks, &services),
    );
    let (answered, served) = (answered?, served?);
    let logits = plan.circuit.logits([&answered.logits, &served.logits]);
    let [up, down] = [Role::Client, Role::Server].map(|role| link.meter().sent(role, None).bytes);
    let extensions = plan.transfers().map(|count| plan.backend.extension(count).cost(count));
    let extended: usize = extensions.iter().map(|cost| cost.sender.bytes + cost.receiver.bytes).sum();
    let predicted = plan.chain(1).bytes() + extended;
    if logits != expected || answered.labels != [label] || measured.wrapped() > 0 {
        return Err("the parties' answer is not the reference's, or a value wrapped".into());
    }
    if predicted != up + down {
        return Err(format!("{predicted} bytes were predicted, and {up} + {down} sent").into());
    }
    Ok(format!(
        "{} logits are the reference's, label {label}; values reach {most:?} bits, 0 wrapped; {up} + {down} bytes in {} rounds",
        logits.len(),
        link.meter().rounds()
    ))
}

/// A value of the network.
struct Value {
    name: String,
    channels: usize,
    /// About what the square of an element is on average, over the weights.
    mean_square: f64,
}

/// The graph as far as it is made.
struct Builder {
    seed: Seed,
    nodes: Vec<Node>,
    constants: Vec<Tensor>,
}

impl Topology {
    /// Encodes the network whose weights grow from a seed.
    #[must_use]
    pub fn onnx(&self, seed: &Seed) -> Vec<u8> {
        let mut builder = Builder { seed: seed.child("weights"), nodes: Vec::new(), constants: Vec::new() };
        // A uniform pixel's square is 1/3 on average.
        let image = Value { name: "image".into(), channels: 3, mean_square: 1.0 / 3.0 };
        let stem = builder.conv(&image, self.width, 7, 2);
        let stem = builder.relu(&stem);
        let window = [ints("kernel_shape", &[3, 3]), ints("strides", &[2, 2]), ints("pads", &[1; 4])];
        // The largest of nine numbers of variance 1 is about 1.5, and its square 2.6.
        let mut value = Value { mean_square: 2.6, ..builder.pooled(&stem, "MaxPool", &window) };
        for (stage, blocks) in self.blocks.into_iter().enumerate() {
            for block in 0..blocks {
                let stride = if block == 0 && stage > 0 { 2 } else { 1 };
                value = builder.block(value, self.width << stage, stride);
            }
        }
        let pooled = builder.pooled(&value, "GlobalAveragePool", &[]);
        builder.classifier(&pooled, self.classes);
        builder.finish(self.side)
    }

    /// Draws an image: uniform pixels, channel by channel.
    #[must_use]
    pub fn image(&self, seed: &Seed) -> Vec<u8> {
        let mut pixels = vec![0; 3 * self.side * self.side];
        seed.child("image").stream().fill_bytes(&mut pixels);
        pixels
    }

    /// Encodes an image as a NumPy array of one.
    fn npy(&self, image: &[u8]) -> Vec<u8> {
        let side = self.side;
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': (1, 3, {side}, {side}), }}");
        // The header, with its line feed, ends at a multiple of 64 bytes.
        let header = format!("{header:117}\n");
        [b"\x93NUMPY\x01\x00".as_slice(), &[118, 0], header.as_bytes(), image].concat()
    }
}

impl Builder {
    fn node(&mut self, op: &str, inputs: &[&str], attributes: &[Attribute]) -> String {
        let output = format!("v{}", self.nodes.len());
        let input = inputs.iter().map(ToString::to_string).collect();
        let (op_type, attribute) = (op.into(), attributes.into());
        self.nodes.push(Node { op_type, input, output: vec![output.clone()], attribute, ..Node::default() });
        output
    }

    /// Draws a constant of elements with a standard deviation: each the sum of twelve uniform numbers, which no platform computes differently.
    #[expect(clippy::cast_possible_truncation, reason = "weights are floats of 32 bits")]
    fn constant(&mut self, dims: &[usize], deviation: f64) -> String {
        let name = format!("c{}", self.constants.len());
        let mut rng = self.seed.child(&name).stream();
        let mut element = || {
            let mut bytes = [0; 24];
            rng.fill_bytes(&mut bytes);
            let sum: u32 = bytes.chunks_exact(2).map(|pair| u32::from(pair[0]) | u32::from(pair[1]) << 8).sum();
            ((f64::from(sum) - 6.0 * 65_535.0) / 65_536.0 * deviation) as f32
        };
        let raw_data = (0..dims.iter().product::<usize>()).flat_map(|_| element().to_le_bytes()).collect();
        let dims = dims.iter().map(|&size| long(size)).collect();
        self.constants.push(Tensor { name: name.clone(), dims, data_type: 1, raw_data, ..Tensor::default() });
        name
    }

    /// A convolution with padding that keeps the size, but for its stride, with outputs of variance 1.
    fn conv(&mut self, input: &Value, filters: usize, size: usize, stride: i64) -> Value {
        let inputs = real(input.channels * size * size);
        let weights =
            self.constant(&[filters, input.channels, size, size], (1.0 / (inputs * input.mean_square)).sqrt());
        let bias = self.constant(&[filters], 0.125);
        let attributes = [ints("strides", &[stride; 2]), ints("pads", &[long(size / 2); 4])];
        let name = self.node("Conv", &[&input.name, &weights, &bias], &attributes);
        Value { name, channels: filters, mean_square: 1.0 }
    }

    fn relu(&mut self, input: &Value) -> Value {
        let name = self.node("Relu", &[&input.name], &[]);
        Value { name, mean_square: input.mean_square / 2.0, ..*input }
    }

    fn pooled(&mut self, input: &Value, op: &str, window: &[Attribute]) -> Value {
        let name = self.node(op, &[&input.name], window);
        Value { name, ..*input }
    }

    /// A block of three convolutions, beside what goes past them: the input, or a projection of it where the sizes differ.
    fn block(&mut self, input: Value, width: usize, stride: i64) -> Value {
        let narrow = self.conv(&input, width, 1, 1);
        let narrow = self.relu(&narrow);
        let middle = self.conv(&narrow, width, 3, stride);
        let middle = self.relu(&middle);
        let wide = self.conv(&middle, 4 * width, 1, 1);
        let projected = input.channels != wide.channels;
        let past = if projected { self.conv(&input, 4 * width, 1, stride) } else { input };
        let name = self.node("Add", &[&wide.name, &past.name], &[]);
        // Two halves of symmetric sums; an input is positive, so that most of its sums are.
        let mean_square = if projected { 1.0 } else { 1.0 + past.mean_square };
        let sum = Value { name, channels: wide.channels, mean_square };
        Value { mean_square, ..self.relu(&sum) }
    }

    fn classifier(&mut self, input: &Value, classes: usize) {
        let deviation = (1.0 / (real(input.channels) * input.mean_square)).sqrt();
        let flat = self.node("Flatten", &[&input.name], &[]);
        let matrix = self.constant(&[classes, input.channels], deviation);
        let bias = self.constant(&[classes], 0.125);
        let transposed = Attribute { name: "transB".into(), i: 1, ..Attribute::default() };
        self.node("Gemm", &[&flat, &matrix, &bias], &[transposed]);
    }

    fn finish(self, side: usize) -> Vec<u8> {
        let Self { nodes, constants, .. } = self;
        let last = format!("v{}", nodes.len() - 1);
        let sizes = [0, 3, long(side), long(side)];
        let (input, output) = (vec![value("image", &sizes)], vec![value(&last, &[])]);
        let graph = Graph { node: nodes, initializer: constants, input, output };
        ModelProto { graph: Some(graph), ..ModelProto::default() }.encode_to_vec()
    }
}

fn long(size: usize) -> i64 {
    i64::try_from(size).unwrap_or_else(|_| unreachable!("a network is smaller"))
}

fn real(size: usize) -> f64 {
    f64::from(u32::try_from(size).unwrap_or_else(|_| unreachable!("a network is smaller")))
}

fn ints(name: &str, ints: &[i64]) -> Attribute {
    Attribute { name: name.into(), ints: ints.into(), ..Attribute::default() }
}

fn value(name: &str, sizes: &[i64]) -> ValueInfo {
    let dim = sizes.iter().map(|&dim_value| Dimension { dim_value }).collect();
    let tensor_type = Some(TensorType { elem_type: 1, shape: Some(TensorShape { dim }) });
    ValueInfo { name: name.into(), r#type: Some(Type { tensor_type }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An eighth of the channels, an image of 32 by 32, and one block a stage.
    const SMALL: Topology = Topology { side: 32, width: 8, blocks: [1; 4], classes: 1000 };

    #[test]
    fn a_small_one_is_exact_between_two_parties() {
        let said = infer(SMALL.onnx(&SEED), &SMALL.image(&SEED)).expect("exact");
        assert!(said.starts_with("1000 logits are the reference's"), "{said}");
    }

    /// Weights and biases are those of ResNet50 with its batch normalisation folded; and the hashes of the network and the image, as this generator made them when they were measured.
    #[test]
    fn the_network_and_the_image_are_those_that_were_measured() {
        let onnx = RESNET50.onnx(&SEED);
        let graph = ModelProto::decode(&onnx[..]).expect("a model").graph.expect("a graph");
        let numbers = graph.initializer.iter().map(|constant| constant.dims.iter().product::<i64>());
        assert_eq!(numbers.sum::<i64>(), 25_530_472);
        let hashes = [&onnx, &RESNET50.image(&SEED)].map(|bytes| blake3::hash(bytes).to_hex().to_string());
        let network = "cc239281f989038cbf303c8dbc4e17d018aeb87f44f8d975a9bf179a802c9a1e";
        assert_eq!(hashes, [network, "9c40a27887026f2bbc7ce142d52d16557d57c0ef0411488aa925f45b8a32660c"]);
    }

    /// An image of another size has no answer.
    #[test]
    fn another_image_is_refused() {
        let refused = infer(SMALL.onnx(&SEED), &[0; 3]).expect_err("too small").to_string();
        assert_eq!(refused, "the image has 3 pixels and the network reads 3072");
    }
}
