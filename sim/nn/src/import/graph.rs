//! A graph from its inputs to its output, node by node.

use super::affine::Arithmetic;
use super::attributes::Attributes;
use super::constant::Constant;
use super::importer::{At, Importer, name_of};
use super::inputs::listed;
use super::notes::Notes;
use super::piecewise::Smooth;
use super::problem::{ImportError, ImportProblem};
use super::shapes::rows;
use super::view::Known;
use crate::model::{Model, Op, Value};
use crate::onnx;
use crate::tensor::Tensor;
use std::rc::Rc;

impl<'a> Importer<'a, '_> {
    pub(super) fn import(mut self) -> Result<Model, ImportError> {
        self.inputs();
        for (index, node) in self.graph.node.iter().enumerate() {
            self.node(At { index, node });
        }
        let mut notes = Notes::default();
        let output = self.output(&mut notes);
        self.problems.extend(notes.0.into_iter().map(|message| ImportProblem { node: None, message }));
        match (self.image, output) {
            (Some(image), Some(output)) if self.problems.is_empty() => Ok(Model::new(image, self.layers, output)),
            _ => {
                if self.problems.is_empty() {
                    let message = "what computes its output could not be read".into();
                    self.problems.push(ImportProblem { node: None, message });
                }
                Err(ImportError { problems: self.problems })
            }
        }
    }

    /// The layer whose output is the logits.
    fn output(&mut self, notes: &mut Notes) -> Option<usize> {
        let graph = self.graph;
        let labels =
            graph.output.iter().filter(|output| matches!(self.names.get(output.name.as_str()), Some(Known::Label(_))));
        // A label is one more form of the logits, if these are there.
        let outputs: Vec<_> = if graph.output.len() > 1 && labels.count() + 1 == graph.output.len() {
            let is_label = |name: &str| matches!(self.names.get(name), Some(Known::Label(_)));
            graph.output.iter().filter(|output| !is_label(&output.name)).collect()
        } else {
            graph.output.iter().collect()
        };
        let [output] = outputs[..] else {
            let outputs = listed("outputs", graph.output.iter().map(|output| output.name.as_str()));
            return notes.wrong(format!("the graph has {outputs}, and one vector of logits is needed"));
        };
        let name = &output.name;
        match self.names.get(name.as_str()).cloned() {
            Some(Known::View(view) | Known::Label(view)) => {
                let dims = view.dims().to_vec();
                let wrong = |notes: &mut Notes| {
                    notes.wrong(format!("output '{name}' must have the shape [N, classes], and has {}", rows(&dims)))
                };
                let view = self.settle(view, notes)?;
                match (view.value, &dims[..]) {
                    (Value::Layer(_), [_]) if !view.layout.is_in_order() => {
                        notes.wrong(format!("output '{name}' is an image with its channels last, flattened"))
                    }
                    (Value::Layer(index), [_]) if self.shape(view.value).len() == 1 => Some(index),
                    _ => wrong(notes),
                }
            }
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
            if self.name(output, if place == 0 { known.clone() } else { Known::Unreadable }).is_some() {
                notes.note(format!("its output '{output}' is defined twice"));
            }
            // What is not read at all has other outputs than we know of.
            let told = silent || HAVE_MORE_OUTPUTS.contains(&at.node.op_type.as_str());
            if place > 0 && told && self.uses.contains_key(output.as_str()) {
                notes.note(format!("its output '{output}' is read, and only the first is supported"));
            }
        }
        let place = (at.index, name_of(at.node), at.node.op_type.clone());
        self.problems.extend(notes.0.into_iter().map(|message| ImportProblem { node: Some(place.clone()), message }));
    }

    /// Returns what a node's first output stands for. `None` without a note means that the problem is noted elsewhere.
    fn read(&mut self, at: At<'a>, notes: &mut Notes) -> Option<Known> {
        let node = at.node;
        if !matches!(node.domain.as_str(), "" | "ai.onnx" | "ai.onnx.ml") {
            return notes.wrong(format!("operators of the domain '{}' are not supported", node.domain));
        }
        let attributes = &Attributes(&node.attribute);
        if node.domain == "ai.onnx.ml" {
            return self.learned(at, attributes, notes);
        }
        if self.is_constant(node) {
            return self.fold(at, attributes, notes);
        }
        if let Some(label) = self.of_label(node) {
            return Some(label);
        }
        match node.op_type.as_str() {
            "Conv" => self.conv(at, attributes, notes),
            "Gemm" => self.gemm(at, attributes, notes),
            "MatMul" => self.matmul(at, attributes, notes),
            "Pad" => self.pad(at, attributes, notes),
            "BatchNormalization" => self.batch_norm(at, attributes, notes),
            "Relu" => self.relu(at, attributes, notes),
            "LeakyRelu" => self.leaky_relu(at, attributes, notes),
            "PRelu" => self.prelu(at, attributes, notes),
            "HardSigmoid" => self.hard_sigmoid(at, attributes, notes),
            "Sigmoid" => self.smooth(at, attributes, Smooth::Sigmoid, notes),
            "Tanh" => self.smooth(at, attributes, Smooth::Tanh, notes),
            "Clip" => self.clip(at, attributes, notes),
            "Max" => self.extremum(at, attributes, true, notes),
            "Min" => self.extremum(at, attributes, false, notes),
            "MaxPool" => self.max_pool(at, attributes, notes),
            "AveragePool" => self.average_pool(at, attributes, notes),
            "GlobalAveragePool" => self.global_pool(at, attributes, Op::AveragePool, notes),
            "GlobalMaxPool" => self.global_pool(at, attributes, Op::MaxPool, notes),
            "ReduceMean" => self.reduce(at, attributes, Op::AveragePool, notes),
            "ReduceMax" => self.reduce(at, attributes, Op::MaxPool, notes),
            "Add" => self.arithmetic(at, attributes, Arithmetic::Add, notes),
            "Sub" => self.arithmetic(at, attributes, Arithmetic::Sub, notes),
            "Mul" => self.arithmetic(at, attributes, Arithmetic::Mul, notes),
            "Div" => self.arithmetic(at, attributes, Arithmetic::Div, notes),
            "Softmax" | "LogSoftmax" => self.softmax(node, attributes, notes),
            "ArgMax" => self.arg_max(node, attributes, notes),
            _ => self.relaying(at, attributes, notes),
        }
    }

    /// Reads a node that computes nothing.
    fn relaying(&mut self, at: At<'a>, attributes: &Attributes<'a>, notes: &mut Notes) -> Option<Known> {
        let node = at.node;
        match node.op_type.as_str() {
            "Concat" => self.concat(at, attributes, notes),
            "Flatten" => self.flatten(at, attributes, notes),
            "Reshape" => self.reshape(at, attributes, notes),
            "Transpose" => self.transpose(at, attributes, notes),
            "Squeeze" => self.squeeze(at, attributes, false, notes),
            "Unsqueeze" => self.squeeze(at, attributes, true, notes),
            "Identity" => self.identity(node, attributes, notes),
            "Cast" => self.cast(node, attributes, notes),
            "Dropout" => self.dropout(node, attributes, notes),
            "Shape" => self.shape_constant(at, attributes, notes),
            "Constant" => self.constant(node, attributes, notes),
            other => notes.wrong(match advice(other) {
                Some(advice) => format!("the operator is not supported: {advice}"),
                None => "the operator is not supported".into(),
            }),
        }
    }

    /// Reads a constant that a node gives. One that nothing reads may be of any kind.
    fn constant(&mut self, node: &'a onnx::Node, attributes: &Attributes<'a>, notes: &mut Notes) -> Option<Known> {
        let name = node.output.first()?;
        if !self.uses.contains_key(name.as_str()) {
            return None;
        }
        attributes.only(&["value", "value_float", "value_floats", "value_int", "value_ints"], notes);
        if let Some(tensor) = attributes.tensor("value") {
            return Some(Known::Constant(self.constants.insert(name, tensor)));
        }
        let [attribute] = attributes.0 else { return notes.wrong("one value is needed") };
        let floats = |shape, data| Tensor::new(shape, data).map(|tensor| Constant::Floats(Rc::new(tensor)));
        let integers = |shape, data| Tensor::new(shape, data).map(|tensor| Constant::Integers(Rc::new(tensor)));
        let constant = match attribute.name.as_str() {
            "value_float" => floats(vec![], vec![attribute.f]),
            "value_floats" => floats(vec![attribute.floats.len()], attribute.floats.clone()),
            "value_int" => integers(vec![], vec![attribute.i]),
            "value_ints" => integers(vec![attribute.ints.len()], attribute.ints.clone()),
            _ => notes.wrong("only a tensor or numbers as its value are supported"),
        };
        if let Some(Constant::Floats(tensor)) = &constant
            && let Some(bad) = tensor.data().iter().find(|number| !number.is_finite())
        {
            return notes.wrong(format!("it contains {bad}"));
        }
        self.constants.computed(name, constant?, notes).map(Known::Constant)
    }
}

/// How a model is exported or made without an operator that is not read.
fn advice(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "QuantizeLinear"
        | "DequantizeLinear"
        | "QLinearConv"
        | "QLinearMatMul"
        | "ConvInteger"
        | "MatMulInteger"
        | "DynamicQuantizeLinear" => "export the model in floats, before it is quantised",
        "If" | "Loop" | "Scan" => "export one trace of the model, without branches and loops",
        "Elu" | "Selu" | "Celu" | "Gelu" | "HardSwish" | "Softplus" | "Erf" => {
            "the activations that are: Relu, LeakyRelu, PRelu, Clip, Sigmoid, HardSigmoid and Tanh"
        }
        "ConvTranspose" | "Resize" | "Upsample" => "only networks that classify images are",
        "InstanceNormalization" | "LayerNormalization" | "GroupNormalization" | "LRN" => {
            "BatchNormalization is the normalisation that is"
        }
        _ => return None,
    })
}

/// Operators that have more outputs than the one that is read here.
const HAVE_MORE_OUTPUTS: [&str; 3] = ["BatchNormalization", "MaxPool", "Dropout"];
