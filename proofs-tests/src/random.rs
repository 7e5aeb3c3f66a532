//! Networks drawn at random, with every operator, degenerate sizes, dead layers, clips anywhere, and any ring. The same number always gives the same one.

use fusion_nn::fixed::{Pixels, Precision, Ring};
use fusion_nn::onnx::{
    Attribute, Dimension, Graph, ModelProto, Node, OperatorSet, Tensor, TensorShape, TensorType, Type, ValueInfo,
};
use prost::Message;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

/// A network drawn at random, with its precision and images.
pub struct Case {
    /// The bytes of the network's file.
    pub onnx: Vec<u8>,
    /// The fractional bits and rings with which it is computed.
    pub precision: Precision,
    /// What its pixels stand for.
    pub pixels: Pixels,
    /// The images, one for each slot.
    pub images: Vec<Vec<u8>>,
    /// The operators, for use in messages.
    pub operators: String,
}

/// The most classes that a network has.
const MAX_CLASSES: usize = 40;

/// About the most channels that a layer has.
const MAX_CHANNELS: usize = 16;

/// Random choices.
struct Dice(Pcg64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        let bound = bound.max(1) as u64;
        usize::try_from(self.0.next_u64() % bound).expect("below a size")
    }

    fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Clone>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())].clone()
    }

    /// From -1 to 1.
    fn unit(&mut self) -> f32 {
        let steps = i16::try_from(self.below(4001)).expect("small") - 2000;
        f32::from(steps) / 2000.0
    }
}

/// What an integer of a value is worth: values are joined only where this is the same.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    /// The image's, divided by the cells of windows that were summed.
    Pixel(usize),
    /// That of activations, likewise.
    Activation(usize),
}

impl Unit {
    fn divided(self, cells: usize) -> Self {
        match self {
            Self::Pixel(by) => Self::Pixel(by * cells),
            Self::Activation(by) => Self::Activation(by * cells),
        }
    }
}

#[derive(Clone)]
struct Value {
    name: String,
    /// Channels, height, width; or one size.
    shape: Vec<usize>,
    unit: Unit,
}

struct Builder {
    dice: Dice,
    nodes: Vec<Node>,
    constants: Vec<Tensor>,
    values: Vec<Value>,
}

impl Case {
    /// Draws the network of a number.
    pub fn draw(number: u64) -> Self {
        let mut dice = Dice(Pcg64::seed_from_u64(number));
        let frac_bits = if dice.chance(50) { 12 } else { u32::try_from(dice.between(1, 24)).expect("small") };
        let bits = u32::try_from(dice.between(2, 62)).expect("small");
        let ring = if dice.chance(50) { Ring::Auto } else { Ring::Bits(bits) };
        let scale = dice.pick(&[1.0 / 255.0, 1.0 / 255.0, 1.0 / 127.5, 1.0, 0.02, 1e-6, 1e-3, 7.3, 1000.0]);
        let offset = dice.pick(&[0.0, 0.0, 0.0, -0.5, 0.25, -1.0, -128.0 * scale]);
        let image = [dice.between(1, 3), dice.between(1, 6), dice.between(1, 6)];
        let batch = dice.pick(&[1, 1, 1, 2, 2, 3, 5, 9]);
        let unit = if offset == 0.0 { Unit::Pixel(1) } else { Unit::Activation(1) };
        let mut builder = Builder { dice, nodes: Vec::new(), constants: Vec::new(), values: Vec::new() };
        builder.values.push(Value { name: "in".into(), shape: image.to_vec(), unit });
        let output = builder.network();
        let Builder { mut dice, nodes, constants, .. } = builder;
        let operators: Vec<&str> = nodes.iter().map(|node| node.op_type.as_str()).collect();
        let operators = operators.join(" ");
        let pixels = image.iter().product();
        let images = (0..batch).map(|_| picture(&mut dice, pixels)).collect();
        Self {
            onnx: file(image, &output, nodes, constants),
            precision: Precision { frac_bits, ring },
            pixels: Pixels { scale, offset },
            images,
            operators,
        }
    }

    /// Describes the network completely, for use in messages.
    pub fn describe(&self) -> String {
        let Self { precision, pixels, images, operators, .. } = self;
        format!("{operators}; {precision:?}, {pixels:?}, {} images of {} pixels", images.len(), images[0].len())
    }
}

/// Noise, or all of one brightness, or the darkest and the brightest.
fn picture(dice: &mut Dice, pixels: usize) -> Vec<u8> {
    let kind = dice.below(5);
    let plain = dice.0.next_u64().to_le_bytes()[0];
    let pixel = |dice: &mut Dice| match (kind, dice.0.next_u64().to_le_bytes()[0]) {
        (0, _) => plain,
        (1, noise) => noise % 2 * 255,
        (_, noise) => noise,
    };
    (0..pixels).map(|_| pixel(dice)).collect()
}

fn file(image: [usize; 3], output: &Value, node: Vec<Node>, initializer: Vec<Tensor>) -> Vec<u8> {
    let info = |name: &str, sizes: &[usize]| {
        let sizes = std::iter::once(&0).chain(sizes);
        let dim = sizes.map(|&size| Dimension { dim_value: size_of_dimension(size) }).collect();
        let tensor_type = Some(TensorType { elem_type: 1, shape: Some(TensorShape { dim }) });
        ValueInfo { name: name.into(), r#type: Some(Type { tensor_type }) }
    };
    let graph =
        Graph { node, initializer, input: vec![info("in", &image)], output: vec![info(&output.name, &output.shape)] };
    let opset_import = vec![OperatorSet { domain: String::new(), version: 13 }];
    ModelProto { ir_version: 8, graph: Some(graph), opset_import }.encode_to_vec()
}

fn size_of_dimension(size: usize) -> i64 {
    i64::try_from(size).expect("small")
}

fn ints(name: &str, values: &[usize]) -> Attribute {
    let ints = values.iter().map(|&value| size_of_dimension(value)).collect();
    Attribute { name: name.into(), ints, ..Attribute::default() }
}

fn int(name: &str, value: usize) -> Attribute {
    Attribute { name: name.into(), i: size_of_dimension(value), ..Attribute::default() }
}

/// A window that slides over a plane.
struct Slide {
    size: [usize; 2],
    stride: [usize; 2],
    pads: [usize; 4],
    output: [usize; 2],
}

impl Slide {
    fn attributes(&self) -> Vec<Attribute> {
        vec![ints("kernel_shape", &self.size), ints("strides", &self.stride), ints("pads", &self.pads)]
    }
}

impl Builder {
    /// Some layers on planes, some on one dimension, and the logits.
    fn network(&mut self) -> Value {
        let mut last = self.values[0].clone();
        for _ in 0..self.dice.below(7) {
            last = self.on_planes(&last);
        }
        if self.dice.chance(20) {
            last = self.node(
                "GlobalAveragePool",
                &[&last],
                Vec::new(),
                vec![last.shape[0], 1, 1],
                last.unit.divided(last.shape[1] * last.shape[2]),
            );
        }
        let flat = vec![last.shape.iter().product()];
        last = self.node("Flatten", &[&last], Vec::new(), flat, last.unit);
        for _ in 0..self.dice.below(3) {
            last = self.on_a_vector(&last);
        }
        if last.shape[0] > MAX_CLASSES || self.dice.chance(70) {
            let classes =
                if self.dice.chance(70) { self.dice.between(1, 12) } else { self.dice.between(1, MAX_CLASSES) };
            last = self.gemm(&last, classes);
        }
        if self.dice.chance(10) {
            last = self.activation(&last);
        }
        last
    }

    fn on_planes(&mut self, input: &Value) -> Value {
        match self.dice.below(12) {
            0..=2 => self.conv(input),
            3..=5 => self.activation(input),
            6 => self.max_pool(input),
            7 => self.average_pool(input),
            8 => self.batch_norm(input),
            9 => self.add(input),
            10 => self.concat(input),
            _ => {
                let conv = self.conv(input);
                self.activation(&conv)
            }
        }
    }

    fn on_a_vector(&mut self, input: &Value) -> Value {
        match self.dice.below(5) {
            0 | 1 => {
                let outputs = self.dice.between(1, 9);
                self.gemm(input, outputs)
            }
            2 | 3 => self.activation(input),
            _ => self.add(input),
        }
    }

    fn node(&mut self, op: &str, inputs: &[&Value], attribute: Vec<Attribute>, shape: Vec<usize>, unit: Unit) -> Value {
        let names = inputs.iter().map(|value| value.name.clone()).collect();
        self.named(op, names, attribute, shape, unit)
    }

    fn named(
        &mut self,
        op: &str,
        input: Vec<String>,
        attribute: Vec<Attribute>,
        shape: Vec<usize>,
        unit: Unit,
    ) -> Value {
        let name = format!("v{}", self.nodes.len());
        self.nodes.push(Node { op_type: op.into(), input, output: vec![name.clone()], attribute, ..Node::default() });
        let value = Value { name, shape, unit };
        self.values.push(value.clone());
        value
    }

    fn constant(&mut self, sizes: &[usize], float_data: Vec<f32>) -> String {
        let name = format!("c{}", self.constants.len());
        let dims = sizes.iter().map(|&size| size_of_dimension(size)).collect();
        self.constants.push(Tensor { name: name.clone(), dims, data_type: 1, float_data, ..Tensor::default() });
        name
    }

    /// Weights of filters, each of so many: all of them zeros, or some filters, or none.
    fn weights(&mut self, filters: usize, each: usize) -> Vec<f32> {
        let kind = self.dice.below(12);
        let size = self.dice.pick(&[1.0, 1.0, 1.0, 0.1, 1e-5, 20.0]);
        let mut weights = Vec::with_capacity(filters * each);
        for _ in 0..filters {
            let dead = kind == 0 || kind == 1 && self.dice.chance(50);
            for _ in 0..each {
                let weight = self.dice.unit() * size;
                weights.push(match kind {
                    _ if dead => 0.0,
                    2 => weight.round(),
                    3 => -weight.abs(),
                    4 => weight.abs(),
                    _ => weight,
                });
            }
        }
        weights
    }

    /// None, small ones, or such that a rectifier kills the filter.
    fn bias(&mut self, filters: usize) -> Option<String> {
        let shift = self.dice.pick(&[0.0, 0.0, 0.0, -200.0, 50.0]);
        let bias = (0..filters).map(|_| self.dice.unit() + shift).collect();
        self.dice.chance(70).then(|| self.constant(&[filters], bias))
    }

    fn gemm(&mut self, input: &Value, outputs: usize) -> Value {
        let weights = self.weights(outputs, input.shape[0]);
        let matrix = self.constant(&[outputs, input.shape[0]], weights);
        let bias = self.bias(outputs);
        let inputs = [input.name.clone(), matrix].into_iter().chain(bias).collect();
        self.named("Gemm", inputs, vec![int("transB", 1)], vec![outputs], Unit::Activation(1))
    }

    fn conv(&mut self, input: &Value) -> Value {
        let Some(slide) = self.slide(input, true) else { return self.activation(input) };
        let channels = input.shape[0];
        let divides = |groups: &usize| *groups <= MAX_CHANNELS / 2 && channels.is_multiple_of(*groups);
        let groups: Vec<usize> = (1..=channels).filter(divides).collect();
        let groups = if self.dice.chance(60) { 1 } else { self.dice.pick(&groups) };
        let filters = groups * self.dice.between(1, if groups > 3 { 1 } else { 3 });
        let depth = channels / groups;
        let weights = self.weights(filters, depth * slide.size[0] * slide.size[1]);
        let filter = self.constant(&[filters, depth, slide.size[0], slide.size[1]], weights);
        let bias = self.bias(filters);
        let inputs = [input.name.clone(), filter].into_iter().chain(bias).collect();
        let mut attributes = slide.attributes();
        attributes.push(int("group", groups));
        let shape = vec![filters, slide.output[0], slide.output[1]];
        self.named("Conv", inputs, attributes, shape, Unit::Activation(1))
    }

    fn slide(&mut self, input: &Value, padded: bool) -> Option<Slide> {
        let mut slide = Slide { size: [1; 2], stride: [1; 2], pads: [0; 4], output: [1; 2] };
        for axis in 0..2 {
            let plane = input.shape[1 + axis];
            let size = self.dice.between(1, 3);
            for end in [axis, axis + 2] {
                slide.pads[end] = if padded { self.dice.below(size) } else { 0 };
            }
            let whole = plane + slide.pads[axis] + slide.pads[axis + 2];
            let stride = self.dice.between(1, 3);
            slide.size[axis] = size;
            slide.stride[axis] = stride;
            slide.output[axis] = whole.checked_sub(size)? / stride + 1;
        }
        Some(slide)
    }

    fn max_pool(&mut self, input: &Value) -> Value {
        let Some(slide) = self.slide(input, true) else { return self.activation(input) };
        let shape = vec![input.shape[0], slide.output[0], slide.output[1]];
        self.node("MaxPool", &[input], slide.attributes(), shape, input.unit)
    }

    fn average_pool(&mut self, input: &Value) -> Value {
        let Some(slide) = self.slide(input, false) else { return self.activation(input) };
        let shape = vec![input.shape[0], slide.output[0], slide.output[1]];
        let unit = input.unit.divided(slide.size[0] * slide.size[1]);
        self.node("AveragePool", &[input], slide.attributes(), shape, unit)
    }

    fn batch_norm(&mut self, input: &Value) -> Value {
        let channels = input.shape[0];
        let mut inputs = vec![input.name.clone()];
        for positive in [false, false, false, true] {
            let element = |dice: &mut Dice| if positive { dice.unit().abs() } else { dice.unit() };
            let data = (0..channels).map(|_| element(&mut self.dice)).collect();
            inputs.push(self.constant(&[channels], data));
        }
        self.named("BatchNormalization", inputs, Vec::new(), input.shape.clone(), Unit::Activation(1))
    }

    /// A rectifier, or a clip whose ends lie anywhere, also where no value is.
    fn activation(&mut self, input: &Value) -> Value {
        if self.dice.chance(45) {
            return self.node("Relu", &[input], Vec::new(), input.shape.clone(), input.unit);
        }
        let around = self.dice.unit() * self.dice.pick(&[0.01, 1.0, 10.0, 1000.0]);
        let width = self.dice.unit().abs() * self.dice.pick(&[0.0, 0.1, 1.0, 1000.0]);
        let (low, high) = self.dice.pick(&[
            (Some(0.0), Some(6.0)),
            (Some(-1.0), Some(1.0)),
            (Some(0.0), None),
            (None, Some(0.0)),
            (Some(0.0), Some(0.0)),
            (None, None),
            (Some(100.0), Some(200.0)),
            (Some(-200.0), Some(-100.0)),
            (Some(-1e6), Some(1e6)),
            (Some(around), Some(around + width)),
            (Some(around - width), Some(around)),
            (Some(around), None),
        ]);
        let mut inputs = vec![input.name.clone()];
        for end in [low, high] {
            inputs.push(end.map_or_else(String::new, |end| self.constant(&[], vec![end])));
        }
        self.named("Clip", inputs, Vec::new(), input.shape.clone(), input.unit)
    }

    /// Values of this shape (from the second axis on, where they are put side by side) that may be joined with it.
    fn partners(&self, input: &Value, axis: usize) -> Vec<Value> {
        let fits = |value: &&Value| {
            value.shape.len() == input.shape.len()
                && value.shape[axis..] == input.shape[axis..]
                && value.unit == input.unit
        };
        self.values.iter().filter(fits).cloned().collect()
    }

    fn add(&mut self, input: &Value) -> Value {
        let partners = self.partners(input, 0);
        let other = self.dice.pick(&partners);
        self.node("Add", &[input, &other], Vec::new(), input.shape.clone(), input.unit)
    }

    fn concat(&mut self, input: &Value) -> Value {
        let partners = self.partners(input, 1);
        let mut parts = vec![input.clone()];
        while parts.len() < 3 && self.dice.chance(70) {
            let part = self.dice.pick(&partners);
            if parts.iter().map(|part| part.shape[0]).sum::<usize>() + part.shape[0] <= MAX_CHANNELS {
                parts.push(part);
            }
        }
        let channels: usize = parts.iter().map(|part| part.shape[0]).sum();
        let shape = std::iter::once(channels).chain(input.shape[1..].iter().copied()).collect();
        self.node("Concat", &parts.iter().collect::<Vec<_>>(), vec![int("axis", 1)], shape, input.unit)
    }
}
