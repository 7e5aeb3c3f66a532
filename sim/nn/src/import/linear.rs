//! Convolutions and fully connected layers, and the zeros before them.

use super::attributes::{Attributes, Size};
use super::constant::Constant;
use super::importer::{At, Importer};
use super::layout::{CHANNELS_LAST, Layout};
use super::notes::Notes;
use super::shapes::{by_channel, filters_fit, rows, transposed};
use super::view::{Affine, Change, Known, Pending, View};
use crate::model::{Op, Value, Window};
use crate::onnx;
use crate::tensor::{MAX_ELEMENTS, Tensor, elements};
use std::rc::Rc;

/// The most weights that a convolution may have once it is dilated: so many no family computes with.
const MOST_DILATED: usize = 1 << 24;

impl<'a> Importer<'a, '_> {
    pub(super) fn conv(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["kernel_shape", "pads", "strides", "dilations", "group", "auto_pad"], notes);
        let input = self.padded_image(at, notes);
        let weights = self.weights(at.node, 4, notes);
        let weights = weights.and_then(|weights| match weights.data() {
            [] => notes.wrong(format!("its weights {:?} are empty", weights.shape())),
            _ => Some(weights),
        });
        let size = weights.as_ref().map(|weights| [weights.shape()[2], weights.shape()[3]]);
        let shape = input.as_ref().map(|(view, _)| self.shape_under(view));
        let window = attributes.window(Size::OfWeights(size), shape.as_deref(), notes);
        let groups = usize::try_from(attributes.integer("group", 1)).ok().filter(|groups| *groups > 0);
        let groups = groups.or_else(|| notes.wrong("group must be positive"));
        if let (Some(shape), Some(weights), Some(groups)) = (&shape, &weights, groups) {
            filters_fit(weights, groups, shape, notes);
        }
        let bias = self.optional_floats(at.node, 2, notes);
        let weights = weights?;
        let bias = match bias? {
            None => vec![0.0; weights.shape()[0]],
            Some(bias) if bias.shape() == [weights.shape()[0]] => bias.data().to_vec(),
            Some(bias) => {
                let filters = weights.shape()[0];
                return notes.wrong(format!("its bias {:?} must have {filters} elements", bias.shape()));
            }
        };
        let ((view, zeros), mut window) = (input?, window?);
        for (pad, more) in window.pads.iter_mut().zip(zeros) {
            *pad = pad.checked_add(more).filter(|pad| *pad <= MAX_ELEMENTS)?;
        }
        let weights = spread(&weights, &window, self.shape(view.value), notes)?;
        let op = Op::Conv { weights, bias, window, groups: groups? };
        let value = self.layer(at, op, vec![view.value], notes)?;
        Some(self.whole(value))
    }

    /// The image that a convolution reads, with the zeros around it that it takes in.
    fn padded_image(&mut self, at: At<'a>, notes: &mut Notes) -> Option<(View, [usize; 4])> {
        let view = self.view(at.node, 0, notes)?;
        let zeros = match &view.pending {
            Some(Pending { what: Change::Zeros(zeros), .. }) => *zeros,
            _ => [0; 4],
        };
        let view = if zeros == [0; 4] { self.settle(view, notes)? } else { view };
        let view = View { value: self.as_image(&view, notes)?, ..view };
        Some((view, zeros))
    }

    pub(super) fn gemm(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["alpha", "beta", "transA", "transB"], notes);
        if attributes.integer("transA", 0) != 0 {
            notes.note("transA is not supported");
        }
        let input = self.view(at.node, 0, notes);
        let weights = self.weights(at.node, 2, notes);
        let bias = self.optional_floats(at.node, 2, notes);
        let weights = weights?;
        let weights =
            if attributes.integer("transB", 0) == 0 { transposed(&weights)? } else { Tensor::clone(&weights) };
        let outputs = weights.shape()[0];
        let bias = match bias? {
            None => vec![0.0; outputs],
            Some(bias) => by_channel(&bias, &[outputs]).or_else(|| {
                notes.wrong(format!("its bias {:?} must be one row of {outputs} elements", bias.shape()))
            })?,
        };
        let (alpha, beta) = (attributes.float("alpha", 1.0), attributes.float("beta", 1.0));
        let bias = bias.into_iter().map(|number| beta * number).collect();
        self.fully_connected(at, input?, &weights.map(|weight| alpha * weight), bias, notes)
    }

    pub(super) fn matmul(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&[], notes);
        let input = self.view(at.node, 0, notes);
        let weights = transposed(&*self.weights(at.node, 2, notes)?)?;
        let bias = vec![0.0; weights.shape()[0]];
        let input = input?;
        if input.dims().len() == 3 {
            return self.by_pixel(at, input, &weights, bias, notes);
        }
        self.fully_connected(at, input, &weights, bias, notes)
    }

    /// A fully connected layer. Its columns go where the elements of its input lie, and it takes in a factor and an offset of each.
    fn fully_connected(
        &mut self,
        at: At<'a>,
        input: View,
        weights: &Tensor<f32>,
        mut bias: Vec<f32>,
        notes: &mut Notes,
    ) -> Option<Known> {
        let &[outputs, features] = weights.shape() else { return None };
        if input.dims() != [features] {
            let (weights, dims) = (weights.shape(), input.dims());
            return notes.wrong(format!("weights {weights:?} do not fit its input {dims:?}"));
        }
        let input = self.vector(at, input, notes)?;
        let mut data = weights.data().to_vec();
        if !input.layout.is_in_order() {
            let order = input.layout.order();
            for (row, from) in data.chunks_exact_mut(features).zip(weights.data().chunks_exact(features)) {
                for (place, weight) in order.iter().zip(from) {
                    row[*place] = *weight;
                }
            }
        }
        if let Some(Pending { what: Change::Affine(affine), .. }) = &input.pending {
            for (row, bias) in data.chunks_exact_mut(features).zip(&mut bias) {
                *bias = taken_in(row, *bias, affine);
            }
        }
        let op = Op::Gemm { weights: Tensor::new(vec![outputs, features], data)?, bias };
        let value = self.layer(at, op, vec![input.value], notes)?;
        Some(self.whole(value))
    }

    /// A matrix that is multiplied by the channels of each pixel, where these come last: a convolution of one pixel.
    fn by_pixel(
        &mut self,
        at: At<'a>,
        input: View,
        weights: &Tensor<f32>,
        bias: Vec<f32>,
        notes: &mut Notes,
    ) -> Option<Known> {
        let input = self.settle(input, notes)?;
        let (shape, &[filters, channels]) = (self.shape_under(&input), weights.shape()) else { return None };
        if input.dims().last() != Some(&channels) || !input.layout.is_turned(&shape, &CHANNELS_LAST) {
            let dims = rows(input.dims());
            return notes.wrong(format!(
                "a matrix {:?} can be multiplied by rows [N, features] only, not {dims}",
                weights.shape()
            ));
        }
        let weights = Tensor::new(vec![filters, channels, 1, 1], weights.data().to_vec())?;
        let window = Window { size: [1, 1], stride: [1, 1], pads: [0; 4] };
        let value = self.layer(at, Op::Conv { weights, bias, window, groups: 1 }, vec![input.value], notes)?;
        let layout = Layout::whole(self.shape(value)).transposed(&CHANNELS_LAST)?;
        Some(Known::View(View::whole(value, &[]).laid(layout)))
    }

    /// Reads zeros around an image, which a convolution after it takes in.
    pub(super) fn pad(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["mode", "pads", "value", "paddings"], notes);
        let mode = attributes.get("mode").map_or(&b"constant"[..], |mode| &mode.s);
        if mode != b"constant" {
            let mode = String::from_utf8_lossy(mode);
            notes.note(format!("mode {mode} is not supported: only constant, with zeros"));
        }
        let input = self.view(at.node, 0, notes);
        if self.pad_value(at.node, attributes, notes)? != 0.0 {
            notes.note("it pads with another number than 0");
        }
        if at.node.input.get(3).is_some_and(|axes| !axes.is_empty()) {
            notes.note("its axes are not supported: pads for all axes are needed");
        }
        let pads = if at.node.input.len() > 1 {
            self.integers(at.node, 1, "its pads", notes)?
        } else {
            let old = attributes.get("pads").or_else(|| attributes.get("paddings"));
            old.map(|pads| pads.ints.clone()).or_else(|| notes.wrong("its pads are missing"))?
        };
        let input = input?;
        if pads.iter().all(|pad| *pad == 0) && pads.len() == 2 * (input.dims().len() + 1) {
            return Some(Known::View(input));
        }
        let input = self.settle(input, notes)?;
        self.zeros(at, &input, &pads, notes)
    }

    fn zeros(&self, at: At<'a>, input: &View, pads: &[i64], notes: &mut Notes) -> Option<Known> {
        let shape = self.shape_under(input);
        let axes = input.layout.axes(&shape).filter(|axes| axes.len() == 3 && pads.len() == 8);
        let Some(axes) = axes else {
            return notes.wrong(format!("its pads {pads:?} are not those of an image {}", rows(input.dims())));
        };
        let pads: Option<Vec<usize>> = pads.iter().map(|pad| usize::try_from(*pad).ok()).collect();
        let pads = pads.filter(|pads| pads.iter().all(|pad| *pad <= MAX_ELEMENTS));
        let pads = pads.or_else(|| notes.wrong("its pads are negative or too large"))?;
        let mut own = [[0; 2]; 3];
        let mut padded = input.dims().to_vec();
        for (axis, place) in axes.iter().enumerate() {
            own[*place] = [pads[axis + 1], pads[axis + 5]];
            padded[axis] += pads[axis + 1] + pads[axis + 5];
        }
        if pads[0] + pads[4] != 0 || own[0] != [0; 2] {
            return notes.wrong("it pads the batch or the channels: only height and width are supported");
        }
        let [_, [top, bottom], [left, right]] = own;
        let zeros = [top, left, bottom, right];
        let under = [shape[0], shape[1] + top + bottom, shape[2] + left + right];
        let too_large = || "with its zeros the image is too large".to_string();
        if under.iter().try_fold(1_usize, |all, size| all.checked_mul(*size)).is_none_or(|all| all > MAX_ELEMENTS) {
            return notes.wrong(too_large());
        }
        let layout = Layout::whole(&under).transposed(axes)?;
        let pending = Some(Pending { node: at.index, what: Change::Zeros(zeros) });
        Some(Known::View(View { pending, ..input.laid(layout) }))
    }

    /// The number that a pad fills with.
    fn pad_value(&mut self, node: &onnx::Node, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<f32> {
        let Some(value) = self.optional(node, 2, notes)? else { return Some(attributes.float("value", 0.0)) };
        let Known::Constant(constant) = value else {
            return notes.wrong("the number that it pads with must be a constant");
        };
        match self.constants.get(constant, notes)? {
            Constant::Floats(tensor) if tensor.data().len() == 1 => Some(tensor.data()[0]),
            _ => notes.wrong("the number that it pads with must be one float"),
        }
    }

    fn weights(&mut self, node: &onnx::Node, rank: usize, notes: &mut Notes) -> Option<Rc<Tensor<f32>>> {
        let Some(weights) = self.optional_floats(node, 1, notes)? else {
            return notes.wrong("its weights are missing");
        };
        if weights.shape().len() == rank {
            return Some(weights);
        }
        notes.wrong(format!("its weights {:?} must have rank {rank}", weights.shape()))
    }

    /// The linear layer that computes a value, changed so that it multiplies and adds as well. `None` where no linear layer computes the value, or
    /// something else reads it.
    pub(super) fn folded(&self, value: Value, factor: Option<&[f32]>, offset: &[f32]) -> Option<Op> {
        let Value::Layer(index) = value else { return None };
        if self.readers(value) != 1 {
            return None;
        }
        let scaled = |weights: &Tensor<f32>, bias: &[f32]| {
            let each = weights.data().len() / offset.len();
            let factor = |channel: usize| factor.map_or(1.0, |factor| factor[channel]);
            let scaled = weights.data().iter().enumerate().map(|(at, weight)| weight * factor(at / each)).collect();
            let bias = bias.iter().zip(offset).enumerate().map(|(c, (bias, offset))| bias * factor(c) + offset);
            Some((Tensor::new(weights.shape().to_vec(), scaled)?, bias.collect()))
        };
        match &self.layers[index].op {
            Op::Conv { weights, bias, window, groups } => {
                let (weights, bias) = scaled(weights, bias)?;
                Some(Op::Conv { weights, bias, window: *window, groups: *groups })
            }
            Op::Gemm { weights, bias } => {
                let (weights, bias) = scaled(weights, bias)?;
                Some(Op::Gemm { weights, bias })
            }
            Op::Relu | Op::Clip { .. } | Op::MaxPool(_) | Op::AveragePool(_) | Op::Add | Op::Concat | Op::Flatten => {
                None
            }
        }
    }
}

/// Multiplies a row of weights by the factors of its inputs, and returns the bias with what the offsets come to.
fn taken_in(row: &mut [f32], bias: f32, Affine { factor, offset }: &Affine) -> f32 {
    let mut sum = f64::from(bias);
    for (weight, (factor, offset)) in row.iter_mut().zip(factor.iter().zip(offset)) {
        sum += f64::from(*weight) * f64::from(*offset);
        *weight *= factor;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a bias is in single precision, and refused unless it is finite"
    )]
    let sum = sum as f32;
    sum
}

/// The weights of a convolution as its window has them: dilated ones have zeros between them. That is refused before it is done where the window does
/// not fit or the weights would be too many, because a small file may ask for any dilation.
fn spread(weights: &Tensor<f32>, window: &Window, input: &[usize], notes: &mut Notes) -> Option<Tensor<f32>> {
    let &[filters, depth, rows, columns] = weights.shape() else { return None };
    let [height, width] = window.size;
    if [rows, columns] == window.size {
        return Some(weights.clone());
    }
    if let &[_, height, width] = input
        && window.output([height, width]).is_none()
    {
        return notes.wrong(format!("its dilated window {:?} does not fit its input {input:?}", window.size));
    }
    let shape = vec![filters, depth, height, width];
    let Some(count) = elements(&shape).filter(|count| *count <= MOST_DILATED) else {
        return notes.wrong(format!("its dilated weights {shape:?} are over {MOST_DILATED}"));
    };
    let (down, right) = ((height - 1) / (rows - 1).max(1), (width - 1) / (columns - 1).max(1));
    let mut data = vec![0.0; count];
    for (plane, own) in data.chunks_exact_mut(height * width).zip(weights.data().chunks_exact(rows * columns)) {
        for (place, weight) in own.iter().enumerate() {
            plane[place / columns * down * width + place % columns * right] = *weight;
        }
    }
    Tensor::new(shape, data)
}
