//! A graph from its inputs to its output, node by node.

use super::attributes::Attributes;
use super::constants::FLOAT;
use super::importer::{At, Importer, Known, MAX_ACTIVATIONS, name_of};
use super::notes::Notes;
use super::problem::{ImportError, ImportProblem};
use super::shapes::rows;
use crate::model::{Model, Value};
use crate::onnx;
use crate::tensor::elements;

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

    /// Finds the one input that is an image. Other inputs are noted, and stand for nothing that is known.
    fn inputs(&mut self) {
        let mut wrong = |message: String| self.problems.push(ImportProblem { node: None, message });
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
        self.problems.extend(notes.0.into_iter().map(|message| ImportProblem { node: Some(place.clone()), message }));
    }

    /// Returns what a node's first output stands for. `None` without a note means that the problem is noted elsewhere.
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

    /// Reads a constant that a node gives. One that nothing reads may be of any kind.
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
}

/// Operators that have more outputs than the one that is read here.
const HAVE_MORE_OUTPUTS: [&str; 3] = ["BatchNormalization", "MaxPool", "Dropout"];

/// The batch, where it is fixed, and channels, height and width of a float input `[N, channels, height, width]`.
fn image_shape(input: &onnx::ValueInfo) -> Option<(Option<i64>, [usize; 3])> {
    let tensor = input.r#type.as_ref()?.tensor_type.as_ref()?;
    let [batch, image @ ..] = &tensor.shape.as_ref()?.dim[..] else { return None };
    let sizes: Option<Vec<usize>> =
        image.iter().map(|size| usize::try_from(size.dim_value).ok().filter(|size| *size > 0)).collect();
    let shape: [usize; 3] = sizes?.try_into().ok()?;
    let fits = tensor.elem_type == FLOAT && elements(&shape)? <= MAX_ACTIVATIONS;
    fits.then_some((Some(batch.dim_value).filter(|batch| *batch > 0), shape))
}
