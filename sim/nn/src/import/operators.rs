//! Operators: what each makes of its node, with everything that is wrong noted before it gives up.

use super::attributes::{Attributes, Size};
use super::constants::Constant;
use super::importer::{At, Importer, Known};
use super::notes::Notes;
use super::shapes::{by_channel, filters_fit, image, rows, transposed};
use crate::model::{Op, Value, Window};
use crate::onnx;
use crate::tensor::{Tensor, elements};
use std::rc::Rc;

/// The last version of the operators whose `Dropout` trains unless it is told otherwise.
const DROPOUT_TRAINED: i64 = 6;

impl Importer<'_, '_> {
    pub(super) fn conv(&mut self, at: At<'_>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["kernel_shape", "pads", "strides", "dilations", "group", "auto_pad"], notes);
        let input = self.value(at.node, 0, notes);
        let weights = self.weights(at.node, 4, notes);
        let weights = weights.and_then(|weights| match weights.data() {
            [] => notes.wrong(format!("its weights {:?} are empty", weights.shape())),
            _ => Some(weights),
        });
        let size = weights.as_ref().map(|weights| [weights.shape()[2], weights.shape()[3]]);
        let window = attributes.window(Size::OfWeights(size), notes);
        let groups = usize::try_from(attributes.integer("group", 1)).ok().filter(|groups| *groups > 0);
        let groups = groups.or_else(|| notes.wrong("group must be positive"));
        if let (Some(input), Some(weights), Some(groups)) = (input, &weights, groups) {
            filters_fit(weights, groups, self.shape(input), notes);
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
        let op = Op::Conv { weights: Tensor::clone(&weights), bias, window: window?, groups: groups? };
        self.layer(at, op, vec![input?], notes)
    }

    pub(super) fn gemm(&mut self, at: At<'_>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["alpha", "beta", "transA", "transB"], notes);
        for name in ["alpha", "beta"] {
            if attributes.float(name, 1.0).to_bits() != 1.0_f32.to_bits() {
                notes.note(format!("{name} other than 1 is not supported"));
            }
        }
        if attributes.integer("transA", 0) != 0 {
            notes.note("transA is not supported");
        }
        let input = self.value(at.node, 0, notes);
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
        self.layer(at, Op::Gemm { weights, bias }, vec![input?], notes)
    }

    pub(super) fn matmul(&mut self, at: At<'_>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&[], notes);
        let input = self.value(at.node, 0, notes);
        let weights = transposed(&*self.weights(at.node, 2, notes)?)?;
        let bias = vec![0.0; weights.shape()[0]];
        self.layer(at, Op::Gemm { weights, bias }, vec![input?], notes)
    }

    /// Adds two values, or a value and a constant, which is a bias.
    pub(super) fn add(&mut self, at: At<'_>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&[], notes);
        let parts = [0, 1].map(|input| self.known(at.node, input, notes));
        match parts {
            [Some(Known::Value(first)), Some(Known::Value(second))] => {
                self.layer(at, Op::Add, vec![first, second], notes)
            }
            [Some(Known::Value(value)), Some(Known::Constant(constant))]
            | [Some(Known::Constant(constant)), Some(Known::Value(value))] => {
                self.add_constant(at, value, constant, notes)
            }
            [Some(Known::Constant(_)), Some(Known::Constant(_))] => notes.wrong("both inputs are constants"),
            // Noted here, or at the node that could not be read; the constant may have a fault of its own.
            [_, Some(Known::Constant(constant))] | [Some(Known::Constant(constant)), _] => {
                self.floats_of(constant, notes)?;
                None
            }
            _ => None,
        }
    }

    fn add_constant(&mut self, at: At<'_>, value: Value, constant: usize, notes: &mut Notes) -> Option<Known> {
        let constant = self.floats_of(constant, notes)?;
        let shape = self.shape(value).to_vec();
        let Some(offset) = by_channel(&constant, &shape) else {
            let (constant, with) = (constant.shape(), rows(&shape));
            return notes.wrong(format!("the constant {constant:?} is not one number for each channel of {with}"));
        };
        self.affine(at, value, None, &offset, notes)
    }

    /// Reads a normalisation as inference has it: `factor * x + offset` for each channel of `x`.
    pub(super) fn batch_norm(&mut self, at: At<'_>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["epsilon", "momentum", "spatial", "training_mode"], notes);
        attributes.fixed("training_mode", 0, notes);
        attributes.fixed("spatial", 1, notes);
        if at.node.output.iter().skip(1).any(|output| !output.is_empty()) {
            notes.note("it has the outputs of training, where a batch's own mean and variance count");
        }
        let value = self.value(at.node, 0, notes);
        let channels = value.map(|value| self.shape(value)[0]);
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
        let (value, scale, shift, mean, variance) = (value?, scale?, shift?, mean?, variance?);
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
        self.affine(at, value, Some(&factor), &offset, notes)
    }

    /// Computes `factor * x + offset` for each channel. If the layer that computes `x` does so for nothing else, it takes this in; otherwise this
    /// becomes a convolution of its own.
    fn affine(
        &mut self,
        at: At<'_>,
        value: Value,
        factor: Option<&[f32]>,
        offset: &[f32],
        notes: &mut Notes,
    ) -> Option<Known> {
        if let Some(op) = self.folded(value, factor, offset) {
            return self.replace(value, op, notes);
        }
        let channels = offset.len();
        let [_, _, _] = *self.shape(value) else {
            let what = "a fully connected layer computes for this alone";
            return notes.wrong(format!("a constant for each element is supported only on what {what}"));
        };
        let factor = factor.map_or_else(|| vec![1.0; channels], <[f32]>::to_vec);
        let weights = Tensor::new(vec![channels, 1, 1, 1], factor)?;
        let window = Window { size: [1, 1], stride: [1, 1], pads: [0; 4] };
        let op = Op::Conv { weights, bias: offset.to_vec(), window, groups: channels };
        self.layer(at, op, vec![value], notes)
    }

    /// The linear layer that computes a value, changed so that it multiplies and adds as well. `None` where no linear layer computes the value, or
    /// something else reads it.
    fn folded(&self, value: Value, factor: Option<&[f32]>, offset: &[f32]) -> Option<Op> {
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

    pub(super) fn relu(&mut self, at: At<'_>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&[], notes);
        let input = self.value(at.node, 0, notes)?;
        self.layer(at, Op::Relu, vec![input], notes)
    }

    pub(super) fn clip(&mut self, at: At<'_>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["min", "max"], notes);
        let value = self.value(at.node, 0, notes);
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
        self.layer(at, Op::Clip { low, high }, vec![value?], notes)
    }

    pub(super) fn max_pool(&mut self, at: At<'_>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        let window = pool(attributes, &[], notes);
        let input = self.value(at.node, 0, notes);
        self.layer(at, Op::MaxPool(window?), vec![input?], notes)
    }

    pub(super) fn average_pool(&mut self, at: At<'_>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        let window = pool(attributes, &["count_include_pad"], notes);
        if window.is_some_and(|window| window.pads != [0; 4]) {
            notes.note("pads other than 0 are not supported");
        }
        let input = self.value(at.node, 0, notes);
        self.layer(at, Op::AveragePool(window?), vec![input?], notes)
    }

    pub(super) fn global_pool(&mut self, at: At<'_>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&[], notes);
        let input = self.value(at.node, 0, notes)?;
        let [_, height, width] = image(self.shape(input), notes)?;
        let window = Window { size: [height, width], stride: [1, 1], pads: [0; 4] };
        self.layer(at, Op::AveragePool(window), vec![input], notes)
    }

    pub(super) fn concat(&mut self, at: At<'_>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["axis"], notes);
        let inputs: Vec<_> = (0..at.node.input.len()).map(|input| self.value(at.node, input, notes)).collect();
        let Some(&first) = inputs.first() else { return notes.wrong("it has no inputs") };
        let axis = attributes.integer("axis", 1);
        if !first.map_or(axis == 1, |first| is_channels(axis, self.shape(first))) {
            notes.note(format!("axis {axis} is not supported: only 1, the channels"));
        }
        self.layer(at, Op::Concat, inputs.into_iter().collect::<Option<_>>()?, notes)
    }

    pub(super) fn flatten(&mut self, at: At<'_>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["axis"], notes);
        let input = self.value(at.node, 0, notes);
        let axis = attributes.integer("axis", 1);
        if !input.map_or(axis == 1, |input| is_channels(axis, self.shape(input))) {
            notes.note(format!("axis {axis} is not supported: only 1, which keeps the batch"));
        }
        self.layer(at, Op::Flatten, vec![input?], notes)
    }

    /// Reads a change of shape that only flattens: to `[N, -1]`, `[N, features]` or `[-1, features]`.
    pub(super) fn reshape(&mut self, at: At<'_>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["allowzero"], notes);
        let input = self.value(at.node, 0, notes);
        let shape = match self.known(at.node, 1, notes)? {
            Known::Constant(constant) => match self.constants.get(constant, notes)? {
                Constant::Integers(shape) => shape,
                _ => return notes.wrong("its shape must be a constant of integers"),
            },
            _ => return notes.wrong("its shape must be a constant"),
        };
        let input = input?;
        let features = elements(self.shape(input)).and_then(|count| i64::try_from(count).ok());
        // 0 copies the batch, unless it is said to mean 0.
        let copies = attributes.integer("allowzero", 0) == 0;
        let rest = |last: i64| Some(last) == features;
        let batch = self.batch.unwrap_or(1);
        let flattens = match shape[..] {
            [0, last] => copies && (last == -1 || rest(last)),
            [-1, last] => rest(last),
            [rows, last] => rows == batch && (last == -1 || rest(last)),
            _ => false,
        };
        if !flattens {
            let batch = self.batch.map_or_else(String::new, |batch| format!(" of a batch of {batch}"));
            return notes.wrong(format!("the shape {shape:?} is not supported: only [N, all the rest]{batch}"));
        }
        self.layer(at, Op::Flatten, vec![input], notes)
    }

    pub(super) fn identity(
        &mut self,
        node: &onnx::Node,
        attributes: &Attributes<'_>,
        notes: &mut Notes,
    ) -> Option<Known> {
        attributes.only(&[], notes);
        self.known(node, 0, notes)
    }

    /// Reads a dropout, which drops nothing at inference.
    pub(super) fn dropout(
        &mut self,
        node: &onnx::Node,
        attributes: &Attributes<'_>,
        notes: &mut Notes,
    ) -> Option<Known> {
        attributes.only(&["ratio", "seed", "is_test", "consumed_inputs"], notes);
        if attributes.integer("is_test", i64::from(self.opset > DROPOUT_TRAINED)) == 0 {
            notes.note("it drops at random, as in training: is_test must be 1");
        }
        if let Some(mode) = self.optional(node, 2, notes).flatten() {
            let mode = match mode {
                Known::Constant(constant) => self.constants.get(constant, notes),
                _ => notes.wrong("its training_mode must be a constant"),
            };
            match mode {
                Some(Constant::Booleans(mode)) if *mode == [false] => {}
                Some(Constant::Booleans(mode)) if *mode == [true] => {
                    notes.note("it drops at random: training_mode must be false");
                }
                Some(_) => notes.note("its training_mode must be one truth value"),
                None => {}
            }
        }
        self.known(node, 0, notes)
    }

    /// Leaves out a softmax over the classes at the end, because it does not change their order. The logits are what it reads.
    pub(super) fn softmax(
        &mut self,
        node: &onnx::Node,
        attributes: &Attributes<'_>,
        notes: &mut Notes,
    ) -> Option<Known> {
        if !self.is_output(node) {
            return notes.wrong("the operator is not supported");
        }
        attributes.only(&["axis"], notes);
        let mut silent = Notes::default();
        let input = match self.known(node, 0, &mut silent) {
            Some(Known::Value(value)) => Some(value),
            _ => None,
        };
        let logits = input.filter(|value| self.shape(*value).len() == 1);
        // The default axis of either version is the last of two.
        match logits.filter(|value| is_channels(attributes.integer("axis", -1), self.shape(*value))) {
            Some(value) => Some(Known::Value(value)),
            None => notes.wrong("the operator is supported only over the logits, [N, classes]"),
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
}

fn pool(attributes: &Attributes<'_>, more: &[&str], notes: &mut Notes) -> Option<Window> {
    let own = ["kernel_shape", "pads", "strides", "dilations", "auto_pad", "ceil_mode", "storage_order"];
    attributes.only(&[&own, more].concat(), notes);
    attributes.fixed("ceil_mode", 0, notes);
    attributes.fixed("storage_order", 0, notes);
    attributes.window(Size::Needed, notes)
}

/// Whether an axis of a batch of values is the one after the batch.
fn is_channels(axis: i64, shape: &[usize]) -> bool {
    axis == 1 || i64::try_from(shape.len()).is_ok_and(|rank| axis == -rank)
}
