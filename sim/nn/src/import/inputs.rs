//! The input of a graph: which of its names is the image, and how the image lies in it.

use super::elements::is_float;
use super::importer::{Importer, MAX_ACTIVATIONS};
use super::layout::{CHANNELS_LAST, Layout};
use super::notes::Notes;
use super::problem::ImportProblem;
use super::view::{Known, View};
use crate::model::Value;
use crate::onnx::{self, element_type};
use crate::picture::{is_channels_last, of_vector};
use crate::tensor::elements;

/// What an input says of its shape.
struct Shape {
    /// How many images are read at once, where that is fixed.
    batch: Option<i64>,
    /// The sizes of an image as the graph has it.
    sizes: Vec<usize>,
}

/// Operators whose input is an image with its channels first.
const CHANNELS_FIRST: [&str; 6] =
    ["Conv", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization"];

impl Importer<'_, '_> {
    /// Finds the one input that is an image. Other inputs are noted, and stand for nothing that is known.
    pub(super) fn inputs(&mut self) {
        let graph = self.graph;
        let inputs: Vec<_> = graph.input.iter().filter(|input| !self.names.contains_key(input.name.as_str())).collect();
        if inputs.len() != 1 {
            let inputs = listed("inputs", inputs.iter().map(|input| input.name.as_str()));
            self.wrong(format!("the graph has {inputs}, and one image is needed"));
        }
        for input in &inputs {
            self.names.insert(&input.name, Known::Unreadable);
        }
        let [image] = inputs[..] else { return };
        let mut notes = Notes::default();
        let found = shape_of(image, &mut notes);
        for what in &notes.0 {
            self.wrong(format!("input '{}' {what}", image.name));
        }
        let Some(Shape { batch, sizes }) = found.filter(|_| notes.0.is_empty()) else { return };
        self.batch = batch;
        let layout = self.placed(&image.name, &sizes);
        let view = View::whole(Value::Input, &[]);
        self.name(&image.name, Known::View(layout.map_or(view.clone(), |layout| view.laid(layout))));
    }

    /// Decides the shape of the image from the sizes that the graph reads, and returns how the graph lays it out.
    fn placed(&mut self, name: &str, sizes: &[usize]) -> Option<Layout> {
        let (shape, is_open, is_last) = match *sizes {
            [features] => (of_vector(features), true, false),
            [height, width] => ([1, height, width], false, false),
            [height, width, channels] if is_channels_last(sizes) && !self.reads_channels_first(name) => {
                ([channels, height, width], false, true)
            }
            [channels, height, width] => ([channels, height, width], false, false),
            _ => return None,
        };
        (self.image, self.image_is_open) = (Some(shape), is_open);
        let whole = Layout::whole(&shape);
        if is_last { whole.transposed(&CHANNELS_LAST) } else { whole.reshaped(sizes) }
    }

    fn reads_channels_first(&self, name: &str) -> bool {
        let readers = self.read_by.get(name).map_or(&[][..], Vec::as_slice);
        readers.iter().any(|(index, _)| CHANNELS_FIRST.contains(&self.graph.node[*index].op_type.as_str()))
    }

    /// Notes a problem that is no node's.
    fn wrong(&mut self, message: String) {
        self.problems.push(ImportProblem { node: None, message });
    }
}

/// The batch, where it is fixed, and the sizes of an image. The notes go on from the input's name.
fn shape_of(input: &onnx::ValueInfo, notes: &mut Notes) -> Option<Shape> {
    let Some(tensor) = input.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref()) else {
        return notes.wrong("is no tensor, and an image is needed");
    };
    if !is_float(tensor.elem_type) {
        let kind = element_type(tensor.elem_type);
        notes.note(format!("has the element type {kind}: only float, float16, bfloat16 and double are supported"));
    }
    let needed = "only [N, channels, height, width], [N, height, width, channels], [N, height, width] and [N, features] of known sizes are supported";
    let Some(shape) = &tensor.shape else { return notes.wrong(format!("has no shape: {needed}")) };
    let sizes: Vec<i64> = shape.dim.iter().map(|size| size.dim_value).collect();
    let image = sizes.get(1..).filter(|image| (1..=3).contains(&image.len())).and_then(|image| {
        image.iter().map(|size| usize::try_from(*size).ok().filter(|size| *size > 0)).collect::<Option<Vec<_>>>()
    });
    let Some(image) = image else {
        return notes.wrong(format!("has the shape {}: {needed}", written(&sizes)));
    };
    if elements(&image).is_none_or(|count| count > MAX_ACTIVATIONS) {
        return notes.wrong(format!("has the shape {}: over {MAX_ACTIVATIONS} values", written(&sizes)));
    }
    Some(Shape { batch: sizes.first().copied().filter(|batch| *batch > 0), sizes: image })
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
pub(super) fn listed<'n>(what: &str, names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let count = names.len();
    let mut first: Vec<String> = names.take(LISTED).map(|name| format!("'{name}'")).collect();
    if count > LISTED {
        first.push("..".into());
    }
    if count == 0 { format!("0 {what}") } else { format!("{count} {what} ({})", first.join(", ")) }
}
