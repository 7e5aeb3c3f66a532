//! From ONNX bytes to a [`Model`]. Every problem of a file is found in one go, by node: a node that cannot be read is noted with
//! all that is wrong with it, what follows from that is not, and reading goes on.
//!
//! Bounded: lengths are checked against the bytes that are there before anything is allocated, no tensor may have more than
//! [`MAX_ELEMENTS`] elements, and no network may take more than [`MAX_ACTIVATIONS`] values and [`MAX_STEPS`] steps to evaluate.
//!
//! Invariant: each row of a batch is a function of that image alone, so that a network of any batch is the network of one image.
//! Every number of a network, as stored or computed while it is read, has passed `Importer::admitted` and is finite.

mod attributes;
mod constants;
mod operators;
mod shapes;

use crate::model::{Layer, Model, Op, Value};
use crate::onnx;
use crate::tensor::{MAX_ELEMENTS, Tensor, elements};
use attributes::Attributes;
use constants::{Constant, Constants};
use operators::rows;
use prost::Message;
use shapes::output_shape;
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
    /// Reads an ONNX file that holds its constants itself.
    ///
    /// # Errors
    /// [`ImportError`] with every unsupported operator and attribute, every shape that does not fit, and every number that is not
    /// finite. Constants in another file are refused: [`Model::from_onnx_with`] reads them.
    ///
    /// ```
    /// use fusion_nn::model::Model;
    /// assert!(Model::from_onnx(b"no protobuf").is_err());
    /// ```
    pub fn from_onnx(bytes: &[u8]) -> Result<Self, ImportError> {
        Self::from_onnx_with(bytes, |_| Err("only the model's own bytes are at hand".into()))
    }

    /// Reads an ONNX file whose constants may lie in files beside it (`data_location: EXTERNAL`). `beside` gives the bytes of such a
    /// file, or says in words why it does not; it is asked once for each name, and for no name that is absolute or has a `..` in it. Links
    /// are for `beside` to follow or not.
    ///
    /// # Errors
    /// As [`Model::from_onnx`].
    ///
    /// ```
    /// use fusion_nn::model::Model;
    /// let lenet = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/models/lenet_mnist_full.onnx"))?;
    /// let model = Model::from_onnx_with(&lenet, |name| panic!("it has no constants in {name}"))?;
    /// assert_eq!(model.classes(), 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_onnx_with(
        bytes: &[u8],
        mut beside: impl FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Self, ImportError> {
        let file = |message: String| ImportError { problems: vec![Problem { node: None, message }] };
        let model = onnx::Model::decode(bytes).map_err(|error| file(format!("not an ONNX model: {error}")))?;
        let graph = model.graph.as_ref().ok_or_else(|| file("not an ONNX model: it has no graph".into()))?;
        Importer::new(graph, opset(&model.opset_import), &mut beside).import()
    }
}

/// The version of ONNX's own operators; the newest where it is not said.
fn opset(sets: &[onnx::OperatorSet]) -> i64 {
    let own = sets.iter().filter(|set| matches!(set.domain.as_str(), "" | "ai.onnx"));
    own.map(|set| set.version).max().unwrap_or(i64::MAX)
}

/// What is wrong with a node, noted one by one while the rest of it is read.
#[derive(Debug, Default)]
struct Notes(Vec<String>);

impl Notes {
    /// Takes a problem down.
    fn note(&mut self, message: impl Into<String>) {
        self.0.push(message.into());
    }

    /// Takes a problem down; always `None`, for use as what could not be read.
    fn wrong<T>(&mut self, message: impl Into<String>) -> Option<T> {
        self.note(message);
        None
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
enum Known {
    /// A value of the network.
    Value(Value),
    /// One of the constants.
    Constant(usize),
    /// The output of what could not be read: noted there, silent here.
    Unreadable,
}

/// A node and its place in the graph.
#[derive(Clone, Copy)]
struct At<'a> {
    index: usize,
    node: &'a onnx::Node,
}

struct Importer<'a, 'b> {
    graph: &'a onnx::Graph,
    opset: i64,
    /// `None` where the graph has no usable image.
    image: Option<[usize; 3]>,
    /// How many images the graph reads at once, where that is not free.
    batch: Option<i64>,
    names: BTreeMap<&'a str, Known>,
    constants: Constants<'a, 'b>,
    /// How often each name is read.
    uses: BTreeMap<&'a str, usize>,
    /// Of each value how many names it has, and how often they are read.
    named: BTreeMap<Value, (usize, usize)>,
    layers: Vec<Layer>,
    weights: usize,
    activations: usize,
    steps: u64,
    /// The network is too large: said once.
    too_large: bool,
    problems: Vec<Problem>,
}

impl<'a, 'b> Importer<'a, 'b> {
    fn new(
        graph: &'a onnx::Graph,
        opset: i64,
        beside: &'b mut (dyn FnMut(&str) -> Result<Vec<u8>, String> + 'b),
    ) -> Self {
        let mut constants = Constants::new(beside);
        let mut names = BTreeMap::new();
        let mut problems = Vec::new();
        for tensor in &graph.initializer {
            let constant = Known::Constant(constants.insert(&tensor.name, tensor));
            if names.insert(tensor.name.as_str(), constant).is_some() {
                problems.push(Problem { node: None, message: format!("constant '{}' is defined twice", tensor.name) });
            }
        }
        let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
        let read = graph.node.iter().flat_map(|node| &node.input).chain(graph.output.iter().map(|output| &output.name));
        for name in read {
            *uses.entry(name.as_str()).or_default() += 1;
        }
        let layers = Vec::new();
        let (image, batch, too_large) = (None, None, false);
        let (weights, activations, steps) = (0, 0, 0);
        Self {
            graph,
            opset,
            image,
            batch,
            names,
            constants,
            uses,
            named: BTreeMap::new(),
            layers,
            weights,
            activations,
            steps,
            too_large,
            problems,
        }
    }

    fn import(mut self) -> Result<Model, ImportError> {
        self.inputs();
        for (index, node) in self.graph.node.iter().enumerate() {
            self.node(At { index, node });
        }
        let mut notes = Notes::default();
        let output = self.output(&mut notes);
        self.problems.extend(notes.0.into_iter().map(|message| Problem { node: None, message }));
        match (self.image, output) {
            (Some(image), Some(output)) if self.problems.is_empty() => Ok(Model::new(image, self.layers, output)),
            _ => {
                if self.problems.is_empty() {
                    let message = "what computes its output could not be read".into();
                    self.problems.push(Problem { node: None, message });
                }
                Err(ImportError { problems: self.problems })
            }
        }
    }

    /// One image; whatever else there is stands for nothing that is known.
    fn inputs(&mut self) {
        let mut wrong = |message: String| self.problems.push(Problem { node: None, message });
        let inputs: Vec<_> =
            self.graph.input.iter().filter(|input| !self.names.contains_key(input.name.as_str())).collect();
        if inputs.len() != 1 {
            wrong(format!("the graph has {} inputs, and one image is needed", inputs.len()));
        }
        for input in &inputs {
            self.names.insert(&input.name, Known::Unreadable);
        }
        let [image] = inputs[..] else { return };
        let Some((batch, shape)) = image_shape(image) else {
            let message =
                format!("input '{}' must be a float tensor [N, channels, height, width] of known sizes", image.name);
            return wrong(message);
        };
        (self.image, self.batch) = (Some(shape), batch);
        self.name(&image.name, Known::Value(Value::Input));
    }

    /// Gives a name to what it stands for; what it stood for before.
    fn name(&mut self, name: &'a str, known: Known) -> Option<Known> {
        if let Known::Value(value) = known {
            let (names, uses) = self.named.entry(value).or_default();
            *names += 1;
            *uses += self.uses.get(name).copied().unwrap_or_default();
        }
        self.names.insert(name, known)
    }

    fn output(&self, notes: &mut Notes) -> Option<usize> {
        let [output] = &self.graph.output[..] else {
            let count = self.graph.output.len();
            return notes.wrong(format!("the graph has {count} outputs, and one vector of logits is needed"));
        };
        let name = &output.name;
        match self.names.get(name.as_str()) {
            Some(&Known::Value(value)) => match (value, self.shape(value)) {
                (Value::Layer(index), [classes]) if *classes > 0 => Some(index),
                (_, shape) => {
                    let shape = rows(shape);
                    notes.wrong(format!("output '{name}' must have the shape [N, classes], and has {shape}"))
                }
            },
            Some(Known::Constant(_)) => notes.wrong(format!("output '{name}' is a constant")),
            // Noted at its node.
            Some(Known::Unreadable) => None,
            None => notes.wrong(format!("output '{name}' is computed by no node")),
        }
    }

    /// Reads a node, and says all that is wrong with it.
    fn node(&mut self, at: At<'a>) {
        let mut notes = Notes::default();
        let known = self.read(at, &mut notes);
        // Whatever is wrong, other nodes are read as if it were not there.
        let known = known.filter(|_| notes.0.is_empty()).unwrap_or(Known::Unreadable);
        let silent = notes.0.is_empty();
        for (place, output) in at.node.output.iter().enumerate().filter(|(_, output)| !output.is_empty()) {
            if self.name(output, if place == 0 { known } else { Known::Unreadable }).is_some() {
                notes.note(format!("its output '{output}' is defined twice"));
            }
            // What is not read at all has other outputs than we know of.
            let told = silent || HAVE_MORE_OUTPUTS.contains(&at.node.op_type.as_str());
            if place > 0 && told && self.uses.contains_key(output.as_str()) {
                notes.note(format!("its output '{output}' is read, and only the first is supported"));
            }
        }
        let place = (at.index, name_of(at.node), at.node.op_type.clone());
        self.problems.extend(notes.0.into_iter().map(|message| Problem { node: Some(place.clone()), message }));
    }

    /// What a node's first output stands for. `None` without a note: a problem noted elsewhere.
    fn read(&mut self, at: At<'a>, notes: &mut Notes) -> Option<Known> {
        let node = at.node;
        if !matches!(node.domain.as_str(), "" | "ai.onnx") {
            return notes.wrong(format!("operators of the domain '{}' are not supported", node.domain));
        }
        let attributes = &Attributes(&node.attribute);
        match node.op_type.as_str() {
            "Conv" => self.conv(at, attributes, notes),
            "Gemm" => self.gemm(at, attributes, notes),
            "MatMul" => self.matmul(at, attributes, notes),
            "BatchNormalization" => self.batch_norm(at, attributes, notes),
            "Relu" => self.relu(at, attributes, notes),
            "Clip" => self.clip(at, attributes, notes),
            "MaxPool" => self.max_pool(at, attributes, notes),
            "AveragePool" => self.average_pool(at, attributes, notes),
            "GlobalAveragePool" => self.global_pool(at, attributes, notes),
            "Add" => self.add(at, attributes, notes),
            "Concat" => self.concat(at, attributes, notes),
            "Flatten" => self.flatten(at, attributes, notes),
            "Reshape" => self.reshape(at, attributes, notes),
            "Identity" => self.identity(node, attributes, notes),
            "Dropout" => self.dropout(node, attributes, notes),
            "Softmax" | "LogSoftmax" => self.softmax(node, attributes, notes),
            "Constant" => self.constant(node, attributes, notes),
            _ => notes.wrong("the operator is not supported"),
        }
    }

    /// Of a constant that nothing reads, nothing is asked.
    fn constant(&mut self, node: &'a onnx::Node, attributes: &Attributes<'a>, notes: &mut Notes) -> Option<Known> {
        let name = node.output.first()?;
        if !self.uses.contains_key(name.as_str()) {
            return None;
        }
        attributes.only(&["value"], notes);
        match attributes.tensor("value") {
            Some(tensor) => Some(Known::Constant(self.constants.insert(name, tensor))),
            None => notes.wrong("only a tensor as 'value' is supported"),
        }
    }

    /// Appends a layer, unless something is wrong with its node.
    fn layer(&mut self, at: At<'_>, op: Op, inputs: Vec<Value>, notes: &mut Notes) -> Option<Known> {
        let shapes: Vec<&[usize]> = inputs.iter().map(|value| self.shape(*value)).collect();
        let shape = output_shape(&op, &shapes, notes)?;
        let op = Self::admitted(op, notes)?;
        self.spend(&op, &shape, notes)?;
        self.layers.push(Layer { node: at.index, name: name_of(at.node), op, inputs, shape });
        Some(Known::Value(Value::Layer(self.layers.len() - 1)))
    }

    /// Puts another operator, of the same shapes, in the place of the one that computes a value.
    fn replace(&mut self, value: Value, op: Op, notes: &mut Notes) -> Option<Known> {
        let Value::Layer(index) = value else { return None };
        let op = Self::admitted(op, notes)?;
        self.layers[index].op = op;
        Some(Known::Value(value))
    }

    /// The one gate through which numbers enter a network: none of them is infinite or no number.
    fn admitted(op: Op, notes: &mut Notes) -> Option<Op> {
        let bad = op.numbers().find(|number| !number.is_finite());
        match bad {
            None => Some(op),
            Some(bad) => notes.wrong(format!("its weights and biases would not be finite: {bad}")),
        }
    }

    /// Counts what evaluating a layer takes: a small file must not ask for much memory or time.
    fn spend(&mut self, op: &Op, shape: &[usize], notes: &mut Notes) -> Option<()> {
        let outputs = elements(shape).filter(|count| *count > 0 && *count <= MAX_ACTIVATIONS);
        let Some(outputs) = outputs else {
            return notes.wrong(format!("its output {shape:?} is empty or too large"));
        };
        let each = match op {
            Op::Conv { weights, .. } | Op::Gemm { weights, .. } => {
                self.weights = self.weights.saturating_add(weights.data().len());
                weights.data().len() / shape[0]
            }
            Op::MaxPool(window) | Op::AveragePool(window) => window.size[0].saturating_mul(window.size[1]),
            Op::Relu | Op::Clip { .. } | Op::Add | Op::Concat | Op::Flatten => 1,
        };
        self.activations = self.activations.saturating_add(outputs);
        self.steps = self.steps.saturating_add((outputs as u64).saturating_mul(each as u64));
        if self.weights <= MAX_ELEMENTS && self.activations <= MAX_ACTIVATIONS && self.steps <= MAX_STEPS {
            return Some(());
        }
        if std::mem::replace(&mut self.too_large, true) {
            return None;
        }
        let limits = format!("{MAX_ELEMENTS} weights, {MAX_ACTIVATIONS} values or {MAX_STEPS} steps");
        notes.wrong(format!("the network is too large: over {limits}"))
    }

    fn shape(&self, value: Value) -> &[usize] {
        match value {
            Value::Input => self.image.as_ref().map_or(&[], |image| image),
            Value::Layer(index) => &self.layers[index].shape,
        }
    }

    /// What an input of a node is, where there is one. `None`: noted, here or at the node that could not be read.
    #[expect(clippy::option_option, reason = "an input that was left out is no input that cannot be read")]
    fn optional(&self, node: &onnx::Node, input: usize, notes: &mut Notes) -> Option<Option<Known>> {
        let Some(name) = node.input.get(input).filter(|name| !name.is_empty()) else { return Some(None) };
        match self.names.get(name.as_str()) {
            Some(Known::Unreadable) => None,
            Some(known) => Some(Some(*known)),
            None => notes.wrong(format!("input '{name}' is defined by nothing before it")),
        }
    }

    fn known(&self, node: &onnx::Node, input: usize, notes: &mut Notes) -> Option<Known> {
        self.optional(node, input, notes)?.or_else(|| notes.wrong(format!("input {input} is missing")))
    }

    fn value(&self, node: &onnx::Node, input: usize, notes: &mut Notes) -> Option<Value> {
        match self.known(node, input, notes)? {
            Known::Value(value) => Some(value),
            _ => notes.wrong(format!("input {input} must be a value of the network, not a constant")),
        }
    }

    #[expect(clippy::option_option, reason = "an input that was left out is no input that cannot be read")]
    fn optional_floats(
        &mut self,
        node: &onnx::Node,
        input: usize,
        notes: &mut Notes,
    ) -> Option<Option<Rc<Tensor<f32>>>> {
        match self.optional(node, input, notes)? {
            None => Some(None),
            Some(Known::Constant(constant)) => self.floats_of(constant, notes).map(Some),
            Some(_) => notes.wrong(format!("input {input} must be a constant float tensor")),
        }
    }

    fn floats_of(&mut self, constant: usize, notes: &mut Notes) -> Option<Rc<Tensor<f32>>> {
        // Nothing more is read for a network that is too large.
        if self.too_large {
            return None;
        }
        match self.constants.get(constant, notes)? {
            Constant::Floats(tensor) => Some(tensor),
            _ => notes.wrong(format!("constant '{}' must be of floats", self.constants.name(constant))),
        }
    }

    /// How many nodes and outputs read a value, those that only rename it left out.
    fn readers(&self, value: Value) -> usize {
        let (names, uses) = self.named.get(&value).copied().unwrap_or_default();
        // Every name but the first was given by a node that read another.
        (uses + 1).saturating_sub(names)
    }

    /// Whether a node's output is the graph's, and read by nothing else.
    fn is_output(&self, node: &onnx::Node) -> bool {
        let (own, [output]) = (node.output.first(), &self.graph.output[..]) else { return false };
        own == Some(&output.name) && self.uses.get(output.name.as_str()) == Some(&1)
    }
}

/// Operators that have more outputs than the one that is read here.
const HAVE_MORE_OUTPUTS: [&str; 3] = ["BatchNormalization", "MaxPool", "Dropout"];

fn name_of(node: &onnx::Node) -> String {
    if node.name.is_empty() { node.output.first().cloned().unwrap_or_default() } else { node.name.clone() }
}

/// The batch, where it is fixed, and channels, height and width of a float input `[N, channels, height, width]`.
fn image_shape(input: &onnx::ValueInfo) -> Option<(Option<i64>, [usize; 3])> {
    let tensor = input.r#type.as_ref()?.tensor_type.as_ref()?;
    let [batch, image @ ..] = &tensor.shape.as_ref()?.dim[..] else { return None };
    let sizes: Option<Vec<usize>> =
        image.iter().map(|size| usize::try_from(size.dim_value).ok().filter(|size| *size > 0)).collect();
    let shape: [usize; 3] = sizes?.try_into().ok()?;
    let fits = tensor.elem_type == constants::FLOAT && elements(&shape)? <= MAX_ACTIVATIONS;
    fits.then_some((Some(batch.dim_value).filter(|batch| *batch > 0), shape))
}
