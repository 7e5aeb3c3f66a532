//! What the inputs of a node are: values in a layout that the node can work with, and constants.

use super::constant::Constant;
use super::importer::{At, Importer};
use super::layout::Layout;
use super::notes::Notes;
use super::shapes::{by_channel, rows};
use super::view::{Affine, Change, Known, Pending, View};
use crate::model::{Op, Value, Window};
use crate::onnx;
use crate::tensor::Tensor;
use std::rc::Rc;

/// What to do about a tensor whose axes do not lie as an operator needs them.
const CHANNELS_FIRST: &str = "export the model with channels first (tf2onnx: --inputs-as-nchw and --outputs-as-nchw)";

/// The longest vector for which a factor and an offset of each element are a layer of their own, which is a matrix.
const MAX_DIAGONAL: usize = 1 << 12;

impl<'a> Importer<'a, '_> {
    /// Returns what an input of a node is, or `Some(None)` where it is left out. `None` means that a problem is noted, here or at the node that could not
    /// be read.
    #[expect(clippy::option_option, reason = "an input that was left out is no input that cannot be read")]
    pub(super) fn optional(&self, node: &onnx::Node, input: usize, notes: &mut Notes) -> Option<Option<Known>> {
        let Some(name) = node.input.get(input).filter(|name| !name.is_empty()) else { return Some(None) };
        match self.names.get(name.as_str()) {
            Some(Known::Unreadable) => None,
            Some(known) => Some(Some(known.clone())),
            None => notes.wrong(format!("input '{name}' is defined by nothing before it")),
        }
    }

    pub(super) fn known(&self, node: &onnx::Node, input: usize, notes: &mut Notes) -> Option<Known> {
        self.optional(node, input, notes)?.or_else(|| notes.wrong(format!("input {input} is missing")))
    }

    /// The view that an input is.
    pub(super) fn view(&self, node: &onnx::Node, input: usize, notes: &mut Notes) -> Option<View> {
        match self.known(node, input, notes)? {
            Known::View(view) => Some(view),
            Known::Label(_) => {
                notes.wrong(format!("input {input} is a label, and only the logits can be computed with"))
            }
            _ => notes.wrong(format!("input {input} must be a value of the network, not a constant")),
        }
    }

    /// The view that an input is, with nothing left pending.
    pub(super) fn settled_view(&mut self, at: At<'_>, input: usize, notes: &mut Notes) -> Option<View> {
        let view = self.view(at.node, input, notes)?;
        self.settle(view, notes)
    }

    /// The value that an input is, which must be an image of channels, height and width.
    pub(super) fn image(&mut self, at: At<'_>, input: usize, notes: &mut Notes) -> Option<Value> {
        let view = self.settled_view(at, input, notes)?;
        self.as_image(&view, notes)
    }

    /// The value under a view that must be an image of channels, height and width.
    pub(super) fn as_image(&self, view: &View, notes: &mut Notes) -> Option<Value> {
        let dims = view.dims();
        if dims.len() != 3 {
            return notes.wrong(format!("its input {dims:?} must have rank 4"));
        }
        let shape = self.shape_under(view);
        if view.layout.is_turned(&shape, &[0, 1, 2]) {
            return Some(view.value);
        }
        let shape = rows(&shape);
        notes.wrong(format!("its input {} is {shape} in another order: {CHANNELS_FIRST}", rows(dims)))
    }

    /// The value under a view that must be a vector, flattened if it is an image; the layout may be any.
    pub(super) fn vector(&mut self, at: At<'_>, view: View, notes: &mut Notes) -> Option<View> {
        if self.shape(view.value).len() == 1 {
            return Some(view);
        }
        let view = self.settle(view, notes)?;
        let flat = match self.flattened.get(&view.value) {
            Some(flat) => *flat,
            None => self.layer(at, Op::Flatten, vec![view.value], notes)?,
        };
        self.flattened.insert(view.value, flat);
        Some(View { value: flat, ..view })
    }

    /// The shape of the value under a view, once what is pending was done.
    pub(super) fn shape_under(&self, view: &View) -> Vec<usize> {
        let mut shape = self.shape(view.value).to_vec();
        if let (Some(Pending { what: Change::Zeros([top, left, bottom, right]), .. }), [_, height, width]) =
            (&view.pending, &mut shape[..])
        {
            *height += top + bottom;
            *width += left + right;
        }
        shape
    }

    /// A view with nothing pending: what was is a layer of the node that left it.
    pub(super) fn settle(&mut self, view: View, notes: &mut Notes) -> Option<View> {
        let Some(Pending { node: index, what }) = &view.pending else { return Some(view) };
        let at = At { index: *index, node: self.graph.node.get(*index)? };
        let value = match self.settled.get(index) {
            Some(value) => *value,
            None => match what {
                Change::Zeros(pads) => {
                    let channels = self.shape(view.value)[0];
                    let window = Window { size: [1, 1], stride: [1, 1], pads: *pads };
                    let (factor, offset) = (vec![1.0; channels], vec![0.0; channels]);
                    self.depthwise(at, view.value, Affine { factor, offset }, window, notes)?
                }
                Change::Affine(affine) => self.diagonal(at, view.value, affine, notes)?,
            },
        };
        if self.settled.insert(*index, value).is_none() {
            // Another reader of the node may get the same layer, so that none may change it.
            self.named.entry(value).or_default().1 += 2;
        }
        Some(View { value, layout: Rc::clone(&view.layout), pending: None })
    }

    /// A convolution that multiplies and adds in each channel for itself.
    pub(super) fn depthwise(
        &mut self,
        at: At<'_>,
        value: Value,
        Affine { factor, offset }: Affine,
        window: Window,
        notes: &mut Notes,
    ) -> Option<Value> {
        let groups = factor.len();
        let weights = Tensor::new(vec![groups, 1, 1, 1], factor)?;
        self.layer(at, Op::Conv { weights, bias: offset, window, groups }, vec![value], notes)
    }

    /// A fully connected layer that multiplies and adds at each element for itself.
    fn diagonal(&mut self, at: At<'_>, value: Value, affine: &Affine, notes: &mut Notes) -> Option<Value> {
        let features = affine.factor.len();
        if features > MAX_DIAGONAL {
            return notes.wrong(format!(
                "a factor or offset for each of {features} elements is supported only before or after a fully connected layer"
            ));
        }
        let mut weights = vec![0.0; features * features];
        for (index, factor) in affine.factor.iter().enumerate() {
            weights[index * features + index] = *factor;
        }
        let weights = Tensor::new(vec![features; 2], weights)?;
        self.layer(at, Op::Gemm { weights, bias: affine.offset.clone() }, vec![value], notes)
    }

    /// A view of a new value as it is.
    pub(super) fn whole(&self, value: Value) -> Known {
        Known::View(View::whole(value, self.shape(value)))
    }

    /// One number for each channel of the value under a view, from a constant that is broadcast over the view. `None` where it differs within a channel.
    pub(super) fn by_channel_under(&self, constant: &Tensor<f32>, view: &View) -> Option<Vec<f32>> {
        let (shape, dims) = (self.shape_under(view), view.dims());
        if constant.data().len() != 1 && shape.first() != Some(&constant.data().len()) {
            return None;
        }
        if shape.len() == 3 && dims.len() == 3 {
            let axes = view.layout.axes(&shape)?;
            let missing = (dims.len() + 1).checked_sub(constant.shape().len())?;
            let whole: Vec<usize> = std::iter::repeat_n(1, missing).chain(constant.shape().iter().copied()).collect();
            let mut moved = vec![whole[0]; 4];
            for (axis, own) in axes.iter().enumerate() {
                moved[own + 1] = whole[axis + 1];
            }
            // No more than one axis may be longer than 1, so that the order of the numbers is the same.
            return by_channel(&Tensor::new(moved, constant.data().to_vec())?, &shape);
        }
        let numbers = by_channel(constant, dims)?;
        if let [number] = constant.data() {
            return Some(vec![*number; *shape.first()?]);
        }
        if shape.len() != 1 || numbers.len() != shape[0] {
            return None;
        }
        let mut moved = vec![0.0; numbers.len()];
        for (number, place) in numbers.into_iter().zip(view.layout.order()) {
            moved[place] = number;
        }
        Some(moved)
    }

    #[expect(clippy::option_option, reason = "an input that was left out is no input that cannot be read")]
    pub(super) fn optional_floats(
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

    pub(super) fn floats_of(&mut self, constant: usize, notes: &mut Notes) -> Option<Rc<Tensor<f32>>> {
        // Nothing more is read for a network that is too large.
        if self.too_large {
            return None;
        }
        match self.constants.get(constant, notes)? {
            Constant::Floats(tensor) => Some(tensor),
            _ => notes.wrong(format!("constant '{}' must be of floats", self.constants.name(constant))),
        }
    }

    /// A view with its elements laid out otherwise. An image that becomes a vector is flattened by this node, unless only the layout is read on.
    pub(super) fn relaid(&mut self, at: At<'a>, view: &View, layout: Layout, notes: &mut Notes) -> Option<Known> {
        let view = view.laid(layout);
        let flattens = view.dims().len() == 1 && self.shape(view.value).len() == 3;
        if !flattens || self.is_relaid_alone(at.node) {
            return Some(Known::View(view));
        }
        let view = self.settle(view, notes)?;
        let value = self.layer(at, Op::Flatten, vec![view.value], notes)?;
        Some(Known::View(View { value, ..view }))
    }

    /// Whether all that reads a node's output lays it out anew.
    fn is_relaid_alone(&self, node: &'a onnx::Node) -> bool {
        let Some(name) = node.output.first() else { return false };
        let readers = self.read_by.get(name.as_str()).map_or(&[][..], Vec::as_slice);
        let lays =
            |&(index, place): &(usize, usize)| place == 0 && LAYING.contains(&self.graph.node[index].op_type.as_str());
        !readers.is_empty() && self.uses.get(name.as_str()) == Some(&readers.len()) && readers.iter().all(lays)
    }
}

/// Operators that only lay a value out anew.
const LAYING: [&str; 5] = ["Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten"];
