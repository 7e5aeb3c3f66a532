//! A graph from its inputs to its output, node by node.

use super::attributes::Attributes;
use super::constants::FLOAT;
use super::importer::{At, Importer, Known, MAX_ACTIVATIONS, name_of};
use super::notes::Notes;
use super::problem::{ImportError, ImportProblem};
use super::shapes::rows;
use crate::model::{Model, Value};
use crate::onnx::{self, element_type};
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
        let inputs: Vec<_> =
            self.graph.input.iter().filter(|input| !self.names.contains_key(input.name.as_str())).collect();
        if inputs.len() != 1 {
            let inputs = listed("inputs", inputs.iter().map(|input| input.name.as_str()));
            self.wrong(format!("the graph has {inputs}, and one image is needed"));
        }
        for input in &inputs {
            self.names.insert(&input.name, Known::Unreadable);
        }
        let [image] = inputs[..] else { return };
        let mut notes = Notes::default();
        let found = image_shape(image, &mut notes);
        for what in &notes.0 {
            self.wrong(format!("input '{}' {what}", image.name));
        }
        let Some((batch, shape)) = found.filter(|_| notes.0.is_empty()) else { return };
        (self.image, self.batch) = (Some(shape), batch);
        self.name(&image.name, Known::Value(Value::Input));
    }

    /// Notes a problem that is no node's.
    fn wrong(&mut self, message: String) {
        self.problems.push(ImportProblem { node: None, message });
    }

    fn output(&self, notes: &mut Notes) -> Option<usize> {
        let [output] = &self.graph.output[..] else {
            let outputs = listed("outputs", self.graph.output.iter().map(|output| output.name.as_str()));
            return notes.wrong(format!("the graph has {outputs}, and one vector of logits is needed"));
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

/// The batch, where it is fixed, and channels, height and width of a float input `[N, channels, height, width]`. The notes go on
/// from the input's name.
fn image_shape(input: &onnx::ValueInfo, notes: &mut Notes) -> Option<(Option<i64>, [usize; 3])> {
    let Some(tensor) = input.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref()) else {
        return notes.wrong("is no tensor, and an image is needed");
    };
    if tensor.elem_type != FLOAT {
        notes.note(format!("has the element type {}: only float is supported", element_type(tensor.elem_type)));
    }
    let needed = "only [N, channels, height, width] of known sizes is supported";
    let Some(shape) = &tensor.shape else { return notes.wrong(format!("has no shape: {needed}")) };
    let sizes: Vec<i64> = shape.dim.iter().map(|size| size.dim_value).collect();
    let image = match sizes[..] {
        [batch, channels, height, width] => {
            let image = [channels, height, width].map(|size| usize::try_from(size).ok().filter(|size| *size > 0));
            image.into_iter().collect::<Option<Vec<_>>>().map(|image| (batch, image))
        }
        _ => None,
    };
    let Some((batch, image)) = image else {
        return notes.wrong(format!("has the shape {}: {needed}", written(&sizes)));
    };
    if elements(&image).is_none_or(|count| count > MAX_ACTIVATIONS) {
        return notes.wrong(format!("has the shape {}: over {MAX_ACTIVATIONS} values", written(&sizes)));
    }
    Some((Some(batch).filter(|batch| *batch > 0), image.try_into().ok()?))
}

/// An input's shape as messages have it, with `?` for a size that the file leaves open and `N` for such a batch.
fn written(sizes: &[i64]) -> String {
    let open = |place| if place == 0 { "N" } else { "?" };
    let size = |(place, size): (usize, &i64)| if *size == 0 { open(place).into() } else { size.to_string() };
    format!("[{}]", sizes.iter().enumerate().map(size).collect::<Vec<_>>().join(", "))
}

/// The most names that a message lists.
const LISTED: usize = 8;

/// How many there are of something, with their names, or the first of many.
fn listed<'n>(what: &str, names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let count = names.len();
    let mut first: Vec<String> = names.take(LISTED).map(|name| format!("'{name}'")).collect();
    if count > LISTED {
        first.push("..".into());
    }
    if count == 0 { format!("0 {what}") } else { format!("{count} {what} ({})", first.join(", ")) }
}
