//! From ONNX bytes to a [`Model`]. Every problem of a file is found in one go, by node.
//!
//! Bounded: lengths are checked against the bytes that are there before anything is allocated, no tensor may have more than
//! [`MAX_ELEMENTS`] elements, and no network may take more than [`MAX_ACTIVATIONS`] values and [`MAX_STEPS`] steps to evaluate.

use crate::model::{Layer, Model, Op, Value, Window};
use crate::onnx;
use crate::tensor::{MAX_ELEMENTS, Tensor, elements};
use prost::Message;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// Most values that a network may compute for one image, all layers together: half a gigabyte of 64-bit words.
pub const MAX_ACTIVATIONS: usize = 1 << 26;
/// Most multiplications and comparisons for one image.
pub const MAX_STEPS: u64 = 1 << 36;

/// One thing in a file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: the node's index, name and operator; `None` for the file.
    pub node: Option<(usize, String, String)>,
    /// What.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Some((index, name, op)) => write!(f, "node {index} '{name}' ({op}): {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// All that is wrong with a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ImportError {
    /// In file order; never empty.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.problems.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Model {
    /// Reads an ONNX file.
    ///
    /// # Errors
    /// [`ImportError`] with every unsupported operator and attribute, and every shape that does not fit.
    ///
    /// ```
    /// use fusion_nn::model::Model;
    /// assert!(Model::from_onnx(b"no protobuf").is_err());
    /// ```
    pub fn from_onnx(bytes: &[u8]) -> Result<Self, ImportError> {
        let file = |message: String| ImportError { problems: vec![Problem { node: None, message }] };
        let model = onnx::Model::decode(bytes).map_err(|error| file(format!("not an ONNX model: {error}")))?;
        let graph = model.graph.ok_or_else(|| file("not an ONNX model: it has no graph".into()))?;
        Importer::new(&graph).map_err(file)?.import(&graph)
    }
}

type Outcome<T> = Result<T, String>;

/// What a name stands for.
#[derive(Clone, Debug)]
enum Known {
    /// A value of the network.
    Value(Value),
    /// A constant.
    Constant(Constant),
    /// The output of a node that could not be read: reported there, silent here.
    Unreadable,
}

#[derive(Clone, Debug)]
enum Constant {
    Floats(Rc<Tensor<f32>>),
    Integers(Rc<[i64]>),
}

struct Importer {
    input: [usize; 3],
    names: BTreeMap<String, Known>,
    /// How often each name is read.
    uses: BTreeMap<String, usize>,
    layers: Vec<Layer>,
    weights: usize,
    activations: usize,
    steps: u64,
    problems: Vec<Problem>,
}

impl Importer {
    fn new(graph: &onnx::Graph) -> Outcome<Self> {
        let mut names = BTreeMap::new();
        for tensor in &graph.initializer {
            let constant = constant(tensor).map_err(|error| format!("constant '{}': {error}", tensor.name))?;
            names.insert(tensor.name.clone(), Known::Constant(constant));
        }
        let inputs: Vec<_> = graph.input.iter().filter(|input| !names.contains_key(&input.name)).collect();
        let [image] = inputs[..] else {
            return Err(format!("the graph has {} inputs, and one image is needed", inputs.len()));
        };
        let shape = image_shape(image).ok_or_else(|| {
            format!("input '{}' must be a float tensor [N, channels, height, width] of known sizes", image.name)
        })?;
        names.insert(image.name.clone(), Known::Value(Value::Input));
        let mut uses: BTreeMap<String, usize> = BTreeMap::new();
        let read = graph.node.iter().flat_map(|node| &node.input).chain(graph.output.iter().map(|output| &output.name));
        for name in read {
            *uses.entry(name.clone()).or_default() += 1;
        }
        let (layers, problems) = (Vec::new(), Vec::new());
        Ok(Self { input: shape, names, uses, layers, weights: 0, activations: 0, steps: 0, problems })
    }

    fn import(mut self, graph: &onnx::Graph) -> Result<Model, ImportError> {
        for (index, node) in graph.node.iter().enumerate() {
            let known = self.node(index, node).unwrap_or_else(|message| {
                if !message.is_empty() {
                    let name = (index, name_of(node), node.op_type.clone());
                    self.problems.push(Problem { node: Some(name), message });
                }
                Known::Unreadable
            });
            if let Some(output) = node.output.first() {
                self.names.insert(output.clone(), known);
            }
        }
        match self.output(graph) {
            Ok(output) if self.problems.is_empty() => return Ok(Model::new(self.input, self.layers, output)),
            Err(message) if !message.is_empty() => self.problems.push(Problem { node: None, message }),
            _ => {}
        }
        Err(ImportError { problems: self.problems })
    }

    fn output(&self, graph: &onnx::Graph) -> Outcome<usize> {
        let [output] = &graph.output[..] else {
            return Err(format!("the graph has {} outputs, and one vector of logits is needed", graph.output.len()));
        };
        match self.names.get(&output.name) {
            Some(Known::Value(Value::Layer(index))) => match self.layers[*index].shape[..] {
                [classes] if classes > 0 => Ok(*index),
                _ => Err(format!("output '{}' must have the shape [N, classes]", output.name)),
            },
            // Reported at its node.
            Some(Known::Unreadable) => Err(String::new()),
            _ => Err(format!("output '{}' is computed by no node", output.name)),
        }
    }

    /// What a node's first output stands for. An empty message: a problem reported elsewhere.
    fn node(&mut self, index: usize, node: &onnx::Node) -> Outcome<Known> {
        if !matches!(node.domain.as_str(), "" | "ai.onnx") {
            return Err(format!("operators of the domain '{}' are not supported", node.domain));
        }
        let attributes = Attributes(&node.attribute);
        let (op, inputs) = match node.op_type.as_str() {
            "Conv" => (self.conv(node, &attributes)?, 1),
            "Gemm" => (self.gemm(node, &attributes)?, 1),
            "MatMul" => (self.matmul(node, &attributes)?, 1),
            "BatchNormalization" => return self.batch_norm(index, node, &attributes),
            "Relu" => (attributes.only(&[]).map(|()| Op::Relu)?, 1),
            "Clip" => (self.clip(node, &attributes)?, 1),
            "MaxPool" => (Op::MaxPool(pool(&attributes)?), 1),
            "AveragePool" => (Op::AveragePool(average_pool(&attributes)?), 1),
            "GlobalAveragePool" => (Op::AveragePool(self.whole(node, &attributes)?), 1),
            "Add" => (attributes.only(&[]).map(|()| Op::Add)?, 2),
            "Concat" => (Op::Concat, concat(node, &attributes)?),
            "Flatten" => (flatten(&attributes)?, 1),
            "Reshape" => (self.reshape(node, &attributes)?, 1),
            "Identity" => return attributes.only(&[]).and_then(|()| self.alias(node)),
            "Constant" => return attributes.constant().map(Known::Constant),
            _ => return Err("the operator is not supported".into()),
        };
        self.layer(index, node, op, inputs)
    }

    /// Appends a layer that reads the node's first inputs.
    fn layer(&mut self, node_index: usize, node: &onnx::Node, op: Op, inputs: usize) -> Outcome<Known> {
        let inputs = (0..inputs).map(|i| self.value(node, i)).collect::<Outcome<Vec<_>>>()?;
        let shapes: Vec<&[usize]> = inputs.iter().map(|value| self.shape(*value)).collect();
        let shape = output_shape(&op, &shapes)?;
        self.spend(&op, &shape)?;
        self.layers.push(Layer { node: node_index, name: name_of(node), op, inputs, shape });
        Ok(Known::Value(Value::Layer(self.layers.len() - 1)))
    }

    /// Counts what evaluating a layer takes: a small file must not ask for much memory or time.
    fn spend(&mut self, op: &Op, shape: &[usize]) -> Outcome<()> {
        let outputs = elements(shape).filter(|count| *count > 0 && *count <= MAX_ACTIVATIONS);
        let outputs = outputs.ok_or_else(|| format!("its output {shape:?} is empty or too large"))?;
        let each = match op {
            Op::Conv { weights, .. } | Op::Gemm { weights, .. } => {
                self.weights = self.weights.saturating_add(weights.data().len());
                weights.data().len() / shape[0]
            }
            Op::MaxPool(window) | Op::AveragePool(window) => window.size[0].saturating_mul(window.size[1]),
            Op::Relu | Op::Clip { .. } | Op::Add | Op::Concat | Op::Flatten => 1,
        };
        self.activations += outputs;
        self.steps = self.steps.saturating_add((outputs as u64).saturating_mul(each as u64));
        if self.weights > MAX_ELEMENTS || self.activations > MAX_ACTIVATIONS || self.steps > MAX_STEPS {
            let limits = format!("{MAX_ELEMENTS} weights, {MAX_ACTIVATIONS} values or {MAX_STEPS} steps");
            return Err(format!("the network is too large: over {limits}"));
        }
        Ok(())
    }

    fn shape(&self, value: Value) -> &[usize] {
        match value {
            Value::Input => &self.input,
            Value::Layer(index) => &self.layers[index].shape,
        }
    }

    fn known(&self, node: &onnx::Node, input: usize) -> Outcome<Option<&Known>> {
        match node.input.get(input).filter(|name| !name.is_empty()) {
            None => Ok(None),
            Some(name) => match self.names.get(name) {
                Some(Known::Unreadable) => Err(String::new()),
                Some(known) => Ok(Some(known)),
                None => Err(format!("input '{name}' is defined by nothing before it")),
            },
        }
    }

    fn value(&self, node: &onnx::Node, input: usize) -> Outcome<Value> {
        match self.known(node, input)? {
            Some(Known::Value(value)) => Ok(*value),
            _ => Err(format!("input {input} must be a value of the network, not a constant")),
        }
    }

    fn floats(&self, node: &onnx::Node, input: usize) -> Outcome<Option<&Tensor<f32>>> {
        match self.known(node, input)? {
            None => Ok(None),
            Some(Known::Constant(Constant::Floats(tensor))) => Ok(Some(tensor)),
            _ => Err(format!("input {input} must be a constant float tensor")),
        }
    }

    fn weights(&self, node: &onnx::Node, rank: usize) -> Outcome<&Tensor<f32>> {
        let weights = self.floats(node, 1)?.ok_or("its weights are missing")?;
        if weights.shape().len() == rank {
            Ok(weights)
        } else {
            Err(format!("its weights {:?} must have rank {rank}", weights.shape()))
        }
    }

    fn bias(&self, node: &onnx::Node, input: usize, outputs: usize) -> Outcome<Vec<f32>> {
        match self.floats(node, input)? {
            None => Ok(vec![0.0; outputs]),
            Some(bias) if bias.data().len() == outputs => Ok(bias.data().to_vec()),
            Some(bias) => Err(format!("its bias {:?} must have {outputs} elements", bias.shape())),
        }
    }

    fn conv(&self, node: &onnx::Node, attributes: &Attributes<'_>) -> Outcome<Op> {
        attributes.only(&["kernel_shape", "pads", "strides", "dilations", "group", "auto_pad"])?;
        let weights = self.weights(node, 4)?.clone();
        let size = [weights.shape()[2], weights.shape()[3]];
        if weights.data().is_empty() {
            return Err(format!("its weights {:?} are empty", weights.shape()));
        }
        let window = attributes.window(Some(size))?;
        let groups = attributes.integer("group", 1);
        let groups = usize::try_from(groups).ok().filter(|groups| *groups > 0).ok_or("group must be positive")?;
        let bias = self.bias(node, 2, weights.shape()[0])?;
        Ok(Op::Conv { weights, bias, window, groups })
    }

    fn gemm(&self, node: &onnx::Node, attributes: &Attributes<'_>) -> Outcome<Op> {
        attributes.only(&["alpha", "beta", "transA", "transB"])?;
        for (name, expected) in [("alpha", 1.0_f32), ("beta", 1.0)] {
            if attributes.float(name, expected).to_bits() != expected.to_bits() {
                return Err(format!("{name} other than 1 is not supported"));
            }
        }
        if attributes.integer("transA", 0) != 0 {
            return Err("transA is not supported".into());
        }
        let weights = self.weights(node, 2)?;
        let weights = if attributes.integer("transB", 0) == 0 { transposed(weights)? } else { weights.clone() };
        let bias = self.bias(node, 2, weights.shape()[0])?;
        Ok(Op::Gemm { weights, bias })
    }

    fn matmul(&self, node: &onnx::Node, attributes: &Attributes<'_>) -> Outcome<Op> {
        attributes.only(&[])?;
        let weights = transposed(self.weights(node, 2)?)?;
        let bias = vec![0.0; weights.shape()[0]];
        Ok(Op::Gemm { weights, bias })
    }

    /// Folded into the convolution before it if nothing else reads that; a convolution of its own otherwise.
    fn batch_norm(&mut self, index: usize, node: &onnx::Node, attributes: &Attributes<'_>) -> Outcome<Known> {
        attributes.only(&["epsilon", "momentum", "spatial", "training_mode"])?;
        if attributes.integer("training_mode", 0) != 0 {
            return Err("training_mode is not supported".into());
        }
        let value = self.value(node, 0)?;
        let &[channels, _, _] = self.shape(value) else { return Err("its input must have rank 4".into()) };
        let parameter = |input: usize, what: &str| {
            let tensor = self.floats(node, input)?.ok_or_else(|| format!("its {what} is missing"))?;
            let data = tensor.data();
            if data.len() == channels {
                Ok(data.to_vec())
            } else {
                Err(format!("its {what} must have {channels} elements"))
            }
        };
        let (scale, shift) = (parameter(1, "scale")?, parameter(2, "B")?);
        let (mean, variance) = (parameter(3, "mean")?, parameter(4, "variance")?);
        let epsilon = attributes.float("epsilon", 1e-5);
        let factor: Vec<f32> = scale.iter().zip(&variance).map(|(s, v)| s / (v + epsilon).sqrt()).collect();
        let offset: Vec<f32> = (0..channels).map(|c| shift[c] - mean[c] * factor[c]).collect();
        if let Some(folded) = self.fold(node, value, &factor, &offset) {
            return Ok(folded);
        }
        let weights = Tensor::new(vec![channels, 1, 1, 1], factor).ok_or("its scale is malformed")?;
        let window = Window { size: [1, 1], stride: [1, 1], pads: [0; 4] };
        self.layer(index, node, Op::Conv { weights, bias: offset, window, groups: channels }, 1)
    }

    /// `factor * x + offset` for each channel, taken into the convolution that computes `x` for nothing else.
    fn fold(&mut self, node: &onnx::Node, value: Value, factor: &[f32], offset: &[f32]) -> Option<Known> {
        let Value::Layer(index) = value else { return None };
        let name = node.input.first()?;
        let names = self.names.values().filter(|known| matches!(known, Known::Value(other) if *other == value));
        if self.uses.get(name) != Some(&1) || names.count() != 1 {
            return None;
        }
        let Op::Conv { weights, bias, .. } = &mut self.layers[index].op else { return None };
        let filter = weights.data().len() / factor.len();
        let scaled = weights.data().iter().enumerate().map(|(at, weight)| weight * factor[at / filter]).collect();
        *weights = Tensor::new(weights.shape().to_vec(), scaled)?;
        for ((bias, factor), offset) in bias.iter_mut().zip(factor).zip(offset) {
            *bias = *bias * factor + offset;
        }
        Some(Known::Value(value))
    }

    fn clip(&self, node: &onnx::Node, attributes: &Attributes<'_>) -> Outcome<Op> {
        attributes.only(&["min", "max"])?;
        let end = |input: usize, name: &str, default: f32| match self.floats(node, input)? {
            None => Ok(attributes.float(name, default)),
            Some(tensor) => match tensor.data() {
                [value] => Ok(*value),
                _ => Err(format!("its {name} must be one number")),
            },
        };
        let (low, high) = (end(1, "min", f32::NEG_INFINITY)?, end(2, "max", f32::INFINITY)?);
        if low <= high {
            Ok(Op::Clip { low, high })
        } else {
            Err(format!("min = {low} and max = {high} leave nothing"))
        }
    }

    fn whole(&self, node: &onnx::Node, attributes: &Attributes<'_>) -> Outcome<Window> {
        attributes.only(&[])?;
        match self.shape(self.value(node, 0)?) {
            &[_, height, width] => Ok(Window { size: [height, width], stride: [1, 1], pads: [0; 4] }),
            _ => Err("its input must have rank 4".into()),
        }
    }

    /// Only what flattens: `[N, -1]` or `[N, features]`, with N given as 0, -1 or 1.
    fn reshape(&self, node: &onnx::Node, attributes: &Attributes<'_>) -> Outcome<Op> {
        attributes.only(&["allowzero"])?;
        let Some(Known::Constant(Constant::Integers(shape))) = self.known(node, 1)? else {
            return Err("its shape must be a constant".into());
        };
        let features = elements(self.shape(self.value(node, 0)?)).and_then(|count| i64::try_from(count).ok());
        match shape[..] {
            [-1..=1, last] if last == -1 || Some(last) == features => Ok(Op::Flatten),
            _ => Err(format!("the shape {shape:?} is not supported: only [N, all the rest]")),
        }
    }

    fn alias(&self, node: &onnx::Node) -> Outcome<Known> {
        self.known(node, 0)?.cloned().ok_or_else(|| "its input is missing".into())
    }
}

fn pool(attributes: &Attributes<'_>) -> Outcome<Window> {
    attributes.only(&["kernel_shape", "pads", "strides", "dilations", "auto_pad", "ceil_mode", "storage_order"])?;
    for name in ["ceil_mode", "storage_order"] {
        if attributes.integer(name, 0) != 0 {
            return Err(format!("{name} other than 0 is not supported"));
        }
    }
    attributes.window(None)
}

fn average_pool(attributes: &Attributes<'_>) -> Outcome<Window> {
    let rest = attributes.without("count_include_pad");
    let window = pool(&Attributes(&rest))?;
    if window.pads == [0; 4] { Ok(window) } else { Err("pads other than 0 are not supported".into()) }
}

fn concat(node: &onnx::Node, attributes: &Attributes<'_>) -> Outcome<usize> {
    attributes.only(&["axis"])?;
    match (attributes.integer("axis", 1), node.input.len()) {
        (1, inputs @ 1..) => Ok(inputs),
        (1, 0) => Err("it has no inputs".into()),
        (axis, _) => Err(format!("axis {axis} is not supported: only 1, the channels")),
    }
}

fn flatten(attributes: &Attributes<'_>) -> Outcome<Op> {
    attributes.only(&["axis"])?;
    match attributes.integer("axis", 1) {
        1 => Ok(Op::Flatten),
        axis => Err(format!("axis {axis} is not supported: only 1")),
    }
}

fn name_of(node: &onnx::Node) -> String {
    if node.name.is_empty() { node.output.first().cloned().unwrap_or_default() } else { node.name.clone() }
}

/// The attributes of a node.
struct Attributes<'a>(&'a [onnx::Attribute]);

impl Attributes<'_> {
    /// Every attribute is one of these.
    fn only(&self, known: &[&str]) -> Outcome<()> {
        let unknown: Vec<_> =
            self.0.iter().map(|attribute| attribute.name.as_str()).filter(|name| !known.contains(name)).collect();
        if unknown.is_empty() { Ok(()) } else { Err(format!("attributes not supported: {}", unknown.join(", "))) }
    }

    fn without(&self, name: &str) -> Vec<onnx::Attribute> {
        self.0.iter().filter(|attribute| attribute.name != name).cloned().collect()
    }

    fn get(&self, name: &str) -> Option<&onnx::Attribute> {
        self.0.iter().find(|attribute| attribute.name == name)
    }

    fn integer(&self, name: &str, default: i64) -> i64 {
        self.get(name).map_or(default, |attribute| attribute.i)
    }

    fn float(&self, name: &str, default: f32) -> f32 {
        self.get(name).map_or(default, |attribute| attribute.f)
    }

    fn sizes<const N: usize>(&self, name: &str, default: [usize; N], least: usize) -> Outcome<[usize; N]> {
        let Some(attribute) = self.get(name) else { return Ok(default) };
        let sizes: Option<Vec<usize>> =
            attribute.ints.iter().map(|&size| usize::try_from(size).ok().filter(|size| *size >= least)).collect();
        let sizes = sizes.filter(|sizes| sizes.iter().all(|size| *size <= MAX_ELEMENTS));
        sizes
            .and_then(|sizes| sizes.try_into().ok())
            .ok_or_else(|| format!("{name} = {:?} is not usable", attribute.ints))
    }

    /// The sliding window; its size as the weights have it, where they do.
    fn window(&self, weights: Option<[usize; 2]>) -> Outcome<Window> {
        if self.get("auto_pad").is_some_and(|attribute| attribute.s != b"NOTSET") {
            return Err("auto_pad is not supported".into());
        }
        if self.sizes("dilations", [1, 1], 1)? != [1, 1] {
            return Err("dilations other than 1 are not supported".into());
        }
        let size = match (self.get("kernel_shape"), weights) {
            (None, Some(size)) => size,
            (None, None) => return Err("kernel_shape is missing".into()),
            (Some(_), _) => self.sizes("kernel_shape", [1, 1], 1)?,
        };
        if weights.is_some_and(|weights| weights != size) {
            return Err(format!("kernel_shape {size:?} is not that of its weights"));
        }
        let (stride, pads) = (self.sizes("strides", [1, 1], 1)?, self.sizes("pads", [0; 4], 0)?);
        Ok(Window { size, stride, pads })
    }

    fn constant(&self) -> Outcome<Constant> {
        self.only(&["value"])?;
        let tensor = self.get("value").and_then(|attribute| attribute.t.as_ref());
        constant(tensor.ok_or("only a tensor as 'value' is supported")?)
    }
}

const FLOAT: i32 = 1;
const INT64: i32 = 7;

/// A constant, with exactly the elements that its sizes say.
fn constant(tensor: &onnx::Tensor) -> Outcome<Constant> {
    if tensor.data_location != 0 {
        return Err("data in another file are not supported".into());
    }
    let shape: Option<Vec<usize>> = tensor.dims.iter().map(|&size| usize::try_from(size).ok()).collect();
    let shape = shape.filter(|shape| elements(shape).is_some_and(|count| count <= MAX_ELEMENTS));
    let shape = shape.ok_or_else(|| format!("its sizes {:?} are not usable", tensor.dims))?;
    let malformed = || format!("its data do not fill {:?}", tensor.dims);
    match tensor.data_type {
        FLOAT => {
            let raw = tensor.raw_data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
            let data = if tensor.raw_data.is_empty() { tensor.float_data.clone() } else { raw.collect() };
            if let Some(bad) = data.iter().find(|value| !value.is_finite()) {
                return Err(format!("it contains {bad}"));
            }
            Tensor::new(shape, data).map(|tensor| Constant::Floats(Rc::new(tensor))).ok_or_else(malformed)
        }
        INT64 => {
            let word = |b: &[u8]| i64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
            let raw = tensor.raw_data.chunks_exact(8).map(word);
            let data: Vec<i64> = if tensor.raw_data.is_empty() { tensor.int64_data.clone() } else { raw.collect() };
            if elements(&shape) == Some(data.len()) { Ok(Constant::Integers(data.into())) } else { Err(malformed()) }
        }
        other => Err(format!("element type {other} is not supported: only 1 (float) and 7 (int64)")),
    }
}

/// Channels, height and width of a float input `[N, channels, height, width]`.
fn image_shape(input: &onnx::ValueInfo) -> Option<[usize; 3]> {
    let tensor = input.r#type.as_ref()?.tensor_type.as_ref()?;
    let [_, image @ ..] = &tensor.shape.as_ref()?.dim[..] else { return None };
    let sizes: Option<Vec<usize>> =
        image.iter().map(|size| usize::try_from(size.dim_value).ok().filter(|size| *size > 0)).collect();
    let shape: [usize; 3] = sizes?.try_into().ok()?;
    (tensor.elem_type == FLOAT && elements(&shape)? <= MAX_ACTIVATIONS).then_some(shape)
}

fn transposed(matrix: &Tensor<f32>) -> Outcome<Tensor<f32>> {
    let &[rows, columns] = matrix.shape() else { return Err("its weights must be a matrix".into()) };
    let data = matrix.data();
    let turned = (0..columns).flat_map(|column| (0..rows).map(move |row| data[row * columns + column])).collect();
    Tensor::new(vec![columns, rows], turned).ok_or_else(|| "its weights are malformed".into())
}

/// Shape of an operator's output.
fn output_shape(op: &Op, inputs: &[&[usize]]) -> Outcome<Vec<usize>> {
    let image = || match inputs {
        [[channels, height, width]] => Ok((*channels, [*height, *width])),
        _ => Err(format!("its input {:?} must have rank 4", inputs.first().unwrap_or(&&[][..]))),
    };
    let slide = |channels, window: &Window, size| match window.output(size) {
        Some([height, width]) => Ok(vec![channels, height, width]),
        None => Err(format!("its window {:?} does not fit into {size:?}", window.size)),
    };
    match op {
        Op::Conv { weights, window, groups, .. } => {
            let (channels, size) = image()?;
            let (filters, depth) = (weights.shape()[0], weights.shape()[1]);
            if depth.checked_mul(*groups) != Some(channels) || filters % groups != 0 || filters == 0 {
                return Err(format!("weights {:?} in {groups} groups do not fit {channels} channels", weights.shape()));
            }
            slide(filters, window, size)
        }
        Op::MaxPool(window) => {
            let covers = (0..2).all(|axis| window.pads[axis].max(window.pads[axis + 2]) < window.size[axis]);
            let (channels, size) = image()?;
            if covers { slide(channels, window, size) } else { Err("its padding is as large as its window".into()) }
        }
        Op::AveragePool(window) => image().and_then(|(channels, size)| slide(channels, window, size)),
        Op::Gemm { weights, .. } => match inputs {
            [[features]] if weights.shape()[1] == *features => Ok(vec![weights.shape()[0]]),
            _ => Err(format!("weights {:?} do not fit its input {:?}", weights.shape(), inputs[0])),
        },
        Op::Relu | Op::Clip { .. } => Ok(inputs[0].to_vec()),
        Op::Add if inputs[0] == inputs[1] => Ok(inputs[0].to_vec()),
        Op::Add => Err(format!("{:?} and {:?} cannot be added: broadcasting is not supported", inputs[0], inputs[1])),
        Op::Concat => {
            let rest = &inputs[0][1..];
            let channels = inputs.iter().try_fold(0_usize, |sum, shape| {
                (shape.len() == inputs[0].len() && &shape[1..] == rest).then(|| sum.checked_add(shape[0])).flatten()
            });
            let channels = channels.ok_or_else(|| format!("its inputs {inputs:?} do not fit together"))?;
            Ok(std::iter::once(channels).chain(rest.iter().copied()).collect())
        }
        Op::Flatten => elements(inputs[0]).map(|count| vec![count]).ok_or_else(|| "its input is too large".into()),
    }
}
