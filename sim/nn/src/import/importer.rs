//! What is known of a graph while it is read, and the questions that every operator asks about it.

use super::constants::Constants;
use super::notes::Notes;
use super::problem::ImportProblem;
use super::shapes::output_shape;
use super::view::Known;
use crate::model::{Layer, Op, Value};
use crate::onnx;
use crate::tensor::{MAX_ELEMENTS, elements};
use std::collections::BTreeMap;

/// The most values that a network may compute for one image, all layers together. As 64-bit words they take half a gigabyte.
pub const MAX_ACTIVATIONS: usize = 1 << 26;
/// The most multiplications and comparisons that a network may take for one image.
pub const MAX_STEPS: u64 = 1 << 36;

/// A node and its place in the graph.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) index: usize,
    pub(super) node: &'a onnx::Node,
}

pub(super) struct Importer<'a, 'b> {
    pub(super) graph: &'a onnx::Graph,
    pub(super) opset: i64,
    /// The shape of the image, or `None` where the graph has no usable one.
    pub(super) image: Option<[usize; 3]>,
    /// Whether the graph reads the image as a vector, and nothing has said yet how it is one of rows and columns.
    pub(super) image_is_open: bool,
    /// How many images the graph reads at once, where that is not free.
    pub(super) batch: Option<i64>,
    pub(super) names: BTreeMap<&'a str, Known>,
    pub(super) constants: Constants<'a, 'b>,
    /// How often each name is read.
    pub(super) uses: BTreeMap<&'a str, usize>,
    /// The nodes that read each name, with the place among their inputs.
    pub(super) read_by: BTreeMap<&'a str, Vec<(usize, usize)>>,
    /// For each value, how many names it has and how often they are read.
    pub(super) named: BTreeMap<Value, (usize, usize)>,
    pub(super) layers: Vec<Layer>,
    /// The layers that were made of what nodes left pending, by the node.
    pub(super) settled: BTreeMap<usize, Value>,
    /// The vectors that images were flattened to where no node says so.
    pub(super) flattened: BTreeMap<Value, Value>,
    pub(super) weights: usize,
    /// How many factors and offsets of elements no linear layer took in when they were read.
    pub(super) pending: usize,
    /// How many elements constants were computed of so far.
    pub(super) folded: usize,
    pub(super) activations: usize,
    pub(super) steps: u64,
    /// Whether the network is too large. This is noted once.
    pub(super) too_large: bool,
    pub(super) problems: Vec<ImportProblem>,
}

impl<'a, 'b> Importer<'a, 'b> {
    pub(super) fn new(
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
                problems.push(ImportProblem {
                    node: None,
                    message: format!("constant '{}' is defined twice", tensor.name),
                });
            }
        }
        let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
        let read = graph.node.iter().flat_map(|node| &node.input).chain(graph.output.iter().map(|output| &output.name));
        for name in read {
            *uses.entry(name.as_str()).or_default() += 1;
        }
        let mut read_by: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
        for (index, node) in graph.node.iter().enumerate() {
            for (place, name) in node.input.iter().enumerate() {
                read_by.entry(name.as_str()).or_default().push((index, place));
            }
        }
        let layers = Vec::new();
        let (image, batch, image_is_open, too_large) = (None, None, false, false);
        let (weights, activations, steps) = (0, 0, 0);
        Self {
            graph,
            opset,
            image,
            image_is_open,
            batch,
            names,
            constants,
            uses,
            read_by,
            named: BTreeMap::new(),
            layers,
            settled: BTreeMap::new(),
            flattened: BTreeMap::new(),
            weights,
            pending: 0,
            folded: 0,
            activations,
            steps,
            too_large,
            problems,
        }
    }

    /// Gives a name to something, and returns what the name stood for before.
    pub(super) fn name(&mut self, name: &'a str, known: Known) -> Option<Known> {
        if let Some(value) = known.value() {
            let (names, uses) = self.named.entry(value).or_default();
            *names += 1;
            *uses += self.uses.get(name).map_or(0, |uses| *uses);
        }
        self.names.insert(name, known)
    }

    /// Appends a layer, unless something is wrong with its node.
    pub(super) fn layer(&mut self, at: At<'_>, op: Op, inputs: Vec<Value>, notes: &mut Notes) -> Option<Value> {
        let shapes: Vec<&[usize]> = inputs.iter().map(|value| self.shape(*value)).collect();
        let shape = output_shape(&op, &shapes, notes)?;
        let op = Self::admitted(op, notes)?;
        self.spend(&op, &shape, notes)?;
        // From now on the image has the shape with which a layer reads it.
        self.image_is_open &= !inputs.contains(&Value::Input);
        self.layers.push(Layer { node: at.index, name: name_of(at.node), op, gathers: false, inputs, shape });
        Some(Value::Layer(self.layers.len() - 1))
    }

    /// Puts another operator, of the same shapes, in the place of the one that computes a value.
    pub(super) fn replace(&mut self, value: Value, op: Op, notes: &mut Notes) -> Option<()> {
        let Value::Layer(index) = value else { return None };
        let op = Self::admitted(op, notes)?;
        self.layers[index].op = op;
        Some(())
    }

    /// Admits an operator whose numbers are all finite. All numbers of a network enter through this gate.
    pub(super) fn admitted(op: Op, notes: &mut Notes) -> Option<Op> {
        let bad = op.numbers().find(|number| !number.is_finite());
        match bad {
            None => Some(op),
            Some(bad) => notes.wrong(format!("its weights and biases would not be finite: {bad}")),
        }
    }

    /// Adds up what evaluating the layers takes, because a small file must not ask for much memory or time.
    pub(super) fn spend(&mut self, op: &Op, shape: &[usize], notes: &mut Notes) -> Option<()> {
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
        self.within_limits(notes)
    }

    /// Adds up what changing the numbers of the layer that computes a value takes, because a small file may ask for it often.
    pub(super) fn charge(&mut self, value: Value, notes: &mut Notes) -> Option<()> {
        if let Value::Layer(index) = value {
            let numbers = match &self.layers[index].op {
                Op::Conv { weights, .. } | Op::Gemm { weights, .. } => weights.data().len(),
                _ => self.layers[index].shape.iter().product(),
            };
            self.steps = self.steps.saturating_add(numbers as u64);
        }
        self.within_limits(notes)
    }

    fn within_limits(&mut self, notes: &mut Notes) -> Option<()> {
        if self.weights <= MAX_ELEMENTS && self.activations <= MAX_ACTIVATIONS && self.steps <= MAX_STEPS {
            return Some(());
        }
        if std::mem::replace(&mut self.too_large, true) {
            return None;
        }
        let limits = format!("{MAX_ELEMENTS} weights, {MAX_ACTIVATIONS} values or {MAX_STEPS} steps");
        notes.wrong(format!("the network is too large: over {limits}"))
    }

    pub(super) fn shape(&self, value: Value) -> &[usize] {
        match value {
            Value::Input => self.image.as_ref().map_or(&[], |image| image),
            Value::Layer(index) => &self.layers[index].shape,
        }
    }

    /// Counts the nodes and outputs that read a value, without those that only rename it.
    pub(super) fn readers(&self, value: Value) -> usize {
        let (names, uses) = self.named.get(&value).copied().unwrap_or((0, 0));
        // Every name but the first was given by a node that read another.
        (uses + 1).saturating_sub(names)
    }
}

pub(super) fn name_of(node: &onnx::Node) -> String {
    if node.name.is_empty() { node.output.first().map_or_else(String::new, String::clone) } else { node.name.clone() }
}
