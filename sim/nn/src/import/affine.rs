//! Elements multiplied by and added to constants, and what compares them with constants: arithmetic, normalisation, activations.

use super::attributes::Attributes;
use super::importer::{At, Importer};
use super::notes::Notes;
use super::shapes::rows;
use super::view::{Affine, Change, Known, Pending, View};
use crate::model::{Op, Window};
use crate::tensor::Tensor;
use std::rc::Rc;

/// An operator of two inputs, one of which may be a constant.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
}

/// The most factors and offsets that a network may have outside of its linear layers, all nodes together.
pub(super) const MAX_PENDING: usize = 1 << 22;

impl<'a> Importer<'a, '_> {
    /// Reads a sum of two values, or a value and a constant that are added, subtracted, multiplied or divided.
    pub(super) fn arithmetic(
        &mut self,
        at: At<'a>,
        attributes: &Attributes<'_>,
        kind: Arithmetic,
        notes: &mut Notes,
    ) -> Option<Known> {
        attributes.only(&[], notes);
        let inputs = [0, 1].map(|input| self.known(at.node, input, notes));
        match inputs {
            [Some(Known::View(one)), Some(Known::View(other))] if kind == Arithmetic::Add => {
                self.sum(at, one, other, notes)
            }
            [Some(Known::View(_)), Some(Known::View(_))] => {
                notes.wrong("both inputs are values of the network: only with a constant is it supported; a variant of the network without gates (squeeze and excitation, SiLU, GLU) has none")
            }
            [Some(Known::View(view)), Some(Known::Constant(constant))] => {
                self.with_constant(at, view, constant, (kind, false), notes)
            }
            [Some(Known::Constant(constant)), Some(Known::View(view))] => {
                self.with_constant(at, view, constant, (kind, true), notes)
            }
            // Noted here, or at the node that could not be read; the constant may have a fault of its own.
            [_, Some(Known::Constant(constant))] | [Some(Known::Constant(constant)), _] => {
                self.floats_of(constant, notes)?;
                None
            }
            [Some(_), Some(_)] => notes.wrong("an input is a label, and only the logits can be computed with"),
            _ => None,
        }
    }

    fn sum(&mut self, at: At<'a>, one: View, other: View, notes: &mut Notes) -> Option<Known> {
        let (one, other) = (self.settle(one, notes)?, self.settle(other, notes)?);
        let (one, other) = if one.dims() == other.dims() {
            (one, other)
        } else if other.dims().iter().product::<usize>() < one.dims().iter().product() {
            let other = self.spread_out(at, &other, &one, notes)?;
            (one, other)
        } else {
            (self.spread_out(at, &one, &other, notes)?, other)
        };
        let (one, other) = if one.dims().len() == 1 {
            (self.vector(at, one, notes)?, self.vector(at, other, notes)?)
        } else {
            (one, other)
        };
        if one.layout != other.layout || self.shape(one.value) != self.shape(other.value) {
            return notes
                .wrong("its inputs lie in different orders of channels, rows and columns, and cannot be added");
        }
        let value = self.layer(at, Op::Add, vec![one.value, other.value], notes)?;
        Some(Known::View(View { value, ..one }))
    }

    /// One number for each channel, at each pixel of another image: a convolution of ones, whose window is as large as that image and meets the one pixel at
    /// each of its places.
    fn spread_out(&mut self, at: At<'a>, few: &View, many: &View, notes: &mut Notes) -> Option<View> {
        let (pixel, image) = (self.shape(few.value), self.shape(many.value));
        let axes = many.layout.axes(image);
        let in_order = axes.is_some_and(|axes| {
            let sizes = axes.iter().map(|axis| if *axis == 0 { image[0] } else { 1 });
            few.dims().iter().copied().eq(sizes) && few.layout.axes(pixel).is_some()
        });
        let (&[channels, height, width], true) = (image, in_order && *pixel == [image[0], 1, 1]) else {
            let (few, many) = (few.dims(), many.dims());
            return notes.wrong(format!(
                "{few:?} and {many:?} cannot be added: broadcasting is supported only for one number for each channel"
            ));
        };
        let shape = vec![channels, 1, height, width];
        let weights = Tensor::new(shape, vec![1.0; channels * height * width])?;
        let [above, left] = [height - 1, width - 1];
        let window = Window { size: [height, width], stride: [1, 1], pads: [above, left, above, left] };
        let op = Op::Conv { weights, bias: vec![0.0; channels], window, groups: channels };
        let value = self.layer(at, op, vec![few.value], notes)?;
        Some(View { value, ..many.clone() })
    }

    fn with_constant(
        &mut self,
        at: At<'a>,
        view: View,
        constant: usize,
        (kind, is_first): (Arithmetic, bool),
        notes: &mut Notes,
    ) -> Option<Known> {
        let constant = self.floats_of(constant, notes)?;
        if kind == Arithmetic::Div && is_first {
            return notes.wrong("a constant divided by a value is not supported");
        }
        let view = match &view.pending {
            Some(Pending { what: Change::Zeros(_), .. }) => self.settle(view, notes)?,
            _ => view,
        };
        let mut numbers = self.by_channel_under(&constant, &view);
        let mut view = view;
        if numbers.is_none() && view.dims().len() == 1 && self.shape(view.value).len() == 3 {
            view = self.vector(at, view, notes)?;
            numbers = self.by_channel_under(&constant, &view);
        }
        let Some(numbers) = numbers else {
            let (constant, with) = (constant.shape(), rows(view.dims()));
            return notes.wrong(format!("the constant {constant:?} is not one number for each channel of {with}"));
        };
        if kind == Arithmetic::Div && numbers.contains(&0.0) {
            return notes.wrong("it divides by 0");
        }
        let none = vec![0.0; numbers.len()];
        let (factor, offset) = match (kind, is_first) {
            (Arithmetic::Add, _) => (None, numbers),
            (Arithmetic::Sub, false) => (None, numbers.into_iter().map(|number| -number).collect()),
            (Arithmetic::Sub, true) => (Some(vec![-1.0; numbers.len()]), numbers),
            (Arithmetic::Mul, _) => (Some(numbers), none),
            (Arithmetic::Div, _) => (Some(numbers.into_iter().map(f32::recip).collect()), none),
        };
        self.affine(at, &view, factor, offset, notes)
    }

    /// Computes `factor * x + offset` for each channel of the value under a view. If the layer that computes `x` does so for nothing else, it takes this
    /// in. Otherwise this becomes a convolution of its own, or for a vector waits for the fully connected layer that takes it in.
    pub(super) fn affine(
        &mut self,
        at: At<'a>,
        view: &View,
        factor: Option<Vec<f32>>,
        offset: Vec<f32>,
        notes: &mut Notes,
    ) -> Option<Known> {
        self.charge(view.value, notes)?;
        if view.pending.is_none()
            && let Some(op) = self.folded(view.value, factor.as_deref(), &offset)
        {
            self.replace(view.value, op, notes)?;
            return Some(Known::View(view.clone()));
        }
        let factor = factor.unwrap_or_else(|| vec![1.0; offset.len()]);
        self.pending = self.pending.saturating_add(offset.len());
        if self.pending > MAX_PENDING {
            return notes.wrong(format!("with it there are over {MAX_PENDING} factors and offsets of elements"));
        }
        if self.shape(view.value).len() == 3 {
            let window = Window { size: [1, 1], stride: [1, 1], pads: [0; 4] };
            let value = self.depthwise(at, view.value, Affine { factor, offset }, window, notes)?;
            return Some(Known::View(View { value, ..view.clone() }));
        }
        let affine = match &view.pending {
            Some(Pending { what: Change::Affine(before), .. }) => after(before, &factor, &offset),
            _ => Affine { factor, offset },
        };
        if let Some(bad) = affine.factor.iter().chain(&affine.offset).find(|number| !number.is_finite()) {
            return notes.wrong(format!("its weights and biases would not be finite: {bad}"));
        }
        let pending = Some(Pending { node: at.index, what: Change::Affine(Rc::new(affine)) });
        Some(Known::View(View { pending, ..view.clone() }))
    }

    /// Reads a normalisation as inference has it: `factor * x + offset` for each channel of `x`.
    pub(super) fn batch_norm(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["epsilon", "momentum", "spatial", "training_mode"], notes);
        attributes.fixed("training_mode", 0, notes);
        attributes.fixed("spatial", 1, notes);
        if at.node.output.iter().skip(1).any(|output| !output.is_empty()) {
            notes.note("it has the outputs of training, where a batch's own mean and variance count");
        }
        let view = self.view(at.node, 0, notes);
        let channels = view.as_ref().and_then(|view| view.dims().first().copied());
        let [scale, shift, mean, variance] =
            [(1, "scale"), (2, "B"), (3, "mean"), (4, "variance")].map(|(input, what)| {
                let tensor = self.optional_floats(at.node, input, notes)?;
                let Some(tensor) = tensor else { return notes.wrong(format!("its {what} is missing")) };
                match channels {
                    Some(channels) if tensor.shape() != [channels] => {
                        notes.wrong(format!("its {what} must have {channels} elements"))
                    }
                    _ => Some(tensor),
                }
            });
        let (view, scale, shift, mean, variance) = (view?, scale?, shift?, mean?, variance?);
        let (scale, shift, mean, variance) = (scale.data(), shift.data(), mean.data(), variance.data());
        let epsilon = attributes.float("epsilon", 1e-5);
        let factor: Vec<f32> = scale.iter().zip(variance).map(|(s, v)| s / (v + epsilon).sqrt()).collect();
        let offset: Vec<f32> = (0..factor.len()).map(|c| shift[c] - mean[c] * factor[c]).collect();
        if let Some(c) = (0..factor.len()).find(|&c| !factor[c].is_finite()) {
            let (scale, variance) = (scale[c], variance[c]);
            let formula = format!("{scale} / sqrt({variance} + {epsilon})");
            return notes.wrong(format!("channel {c}: scale / sqrt(variance + epsilon) = {formula} is not finite"));
        }
        if let Some(c) = (0..factor.len()).find(|&c| !offset[c].is_finite()) {
            let formula = format!("{} - {} * {}", shift[c], mean[c], factor[c]);
            return notes.wrong(format!("channel {c}: B - mean * factor = {formula} is not finite"));
        }
        self.normalised(at, view, factor, offset, notes)
    }

    /// Multiplies and adds along the first axis of a view after the batch.
    pub(super) fn normalised(
        &mut self,
        at: At<'a>,
        view: View,
        factor: Vec<f32>,
        offset: Vec<f32>,
        notes: &mut Notes,
    ) -> Option<Known> {
        let view = match &view.pending {
            Some(Pending { what: Change::Affine(_), .. }) => view,
            _ => self.settle(view, notes)?,
        };
        let view = if view.dims().len() == 1 { self.vector(at, view, notes)? } else { view };
        let mut shape = vec![1; view.dims().len()];
        shape[0] = factor.len();
        let moved = [factor, offset].map(|numbers| self.by_channel_under(&Tensor::new(shape.clone(), numbers)?, &view));
        let [Some(factor), Some(offset)] = moved else {
            return notes
                .wrong("the axis after the batch does not hold the channels: export the model with channels first");
        };
        self.affine(at, &view, Some(factor), offset, notes)
    }

    pub(super) fn relu(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&[], notes);
        self.activation(at, 0, Op::Relu, notes)
    }

    /// An operator on each element for itself, wherever it lies.
    fn activation(&mut self, at: At<'a>, input: usize, op: Op, notes: &mut Notes) -> Option<Known> {
        let view = self.settled_view(at, input, notes)?;
        let value = self.layer(at, op, vec![view.value], notes)?;
        Some(Known::View(View { value, ..view }))
    }

    pub(super) fn clip(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["min", "max"], notes);
        let view = self.view(at.node, 0, notes);
        let ends = [(1, "min", f32::MIN), (2, "max", f32::MAX)].map(|(input, name, default)| {
            let end = match self.optional_floats(at.node, input, notes)? {
                None => attributes.float(name, default),
                Some(tensor) => match tensor.data() {
                    [value] => *value,
                    _ => return notes.wrong(format!("its {name} must be one number")),
                },
            };
            if end.is_finite() { Some(end) } else { notes.wrong(format!("{name} = {end} is not finite")) }
        });
        let [Some(low), Some(high)] = ends else { return None };
        if low > high {
            return notes.wrong(format!("min = {low} and max = {high} leave nothing"));
        }
        view?;
        self.activation(at, 0, Op::Clip { low, high }, notes)
    }

    /// Reads the larger or the smaller of each element and one number: a clip with one end, or a ReLU.
    pub(super) fn extremum(
        &mut self,
        at: At<'a>,
        attributes: &Attributes<'_>,
        is_max: bool,
        notes: &mut Notes,
    ) -> Option<Known> {
        attributes.only(&[], notes);
        let inputs: Vec<_> = (0..at.node.input.len()).map(|input| self.known(at.node, input, notes)).collect();
        let inputs = inputs.into_iter().collect::<Option<Vec<_>>>()?;
        let (input, constant) = match inputs[..] {
            [Known::View(_), Known::Constant(constant)] => (0, constant),
            [Known::Constant(constant), Known::View(_)] => (1, constant),
            _ => return notes.wrong("it is supported only for one value of the network and one constant"),
        };
        let constant = self.floats_of(constant, notes)?;
        let [end] = *constant.data() else {
            return notes.wrong(format!("the constant {:?} must be one number", constant.shape()));
        };
        let op = match (is_max, end == 0.0) {
            (true, true) => Op::Relu,
            (true, false) => Op::Clip { low: end, high: f32::MAX },
            (false, _) => Op::Clip { low: f32::MIN, high: end },
        };
        self.activation(at, input, op, notes)
    }
}

/// One factor and offset after another.
fn after(before: &Affine, factor: &[f32], offset: &[f32]) -> Affine {
    let product = before.factor.iter().zip(factor).map(|(first, second)| first * second).collect();
    let moved =
        before.offset.iter().zip(factor.iter().zip(offset)).map(|(first, (factor, offset))| first * factor + offset);
    Affine { factor: product, offset: moved.collect() }
}
