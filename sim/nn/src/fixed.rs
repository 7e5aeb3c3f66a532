//! The network in fixed point: the definition of the honest answer, to the last bit.
//!
//! Every value is an integer and stands for `integer * unit`. A linear layer multiplies by integer weights that carry at least
//! `frac_bits` fractional bits, so that its output has a smaller unit; the activation after it shifts that back
//! (*truncation*). Average pooling only sums: the division goes into the next layer's weights, so that pooling has no error.
//! 8-bit pixels enter as they are, their scale in the first layer's weights.
//!
//! # Rings, and what wrapping is
//!
//! Every layer's output lives in a ring `Z_2^l` of its own, read as signed: `-2^(l-1) .. 2^(l-1)`. With [`Ring::Auto`] it is the
//! smallest ring that the outputs provably fit, by the range of every channel; with [`Ring::Bits`] it is the same for all. One rule says
//! what every operator does, here and in the two-party circuit: **a layer takes the signed integers of its inputs, computes over the
//! integers, and its result is reduced into its own ring and read as signed**. The image is a value like any other: its integers are
//! reduced when they enter, under [`Ring::Bits`]. So
//!
//! - convolutions, fully connected layers, sums of windows and [`FixedOp::Add`] may leave their ring, and then wrap;
//! - [`FixedOp::Relu`], [`FixedOp::Truncate`], [`FixedOp::MaxPool`], [`FixedOp::Concat`] and [`FixedOp::Flatten`] never do: no result is larger
//!   than an input (rounding up by one after bits were dropped included);
//! - [`FixedOp::Clip`] compares with its ends as they are, however large, so that an end beyond the ring is never met by a value; but where
//!   *every* value lies beyond such an end the result is that end with the bits dropped, reduced into the ring like any result. Ends are
//!   cut at `2^61`, which no value of a ring exceeds. A value at or beyond an end becomes `floor(end / 2^shift)`, without any rounding up;
//! - maxima, clipping and [`argmax`] compare signed integers, and never the residue of a difference.
//!
//! Ranges are those after wrapping: a channel that may leave the ring is taken to be anywhere in it, so that what is proved of the layers
//! behind it holds as well.
//!
//! Invariant: with [`Ring::Auto`] no value ever wraps, and every value is within its layer's [`FixedLayer::range`] in any ring.

use crate::kernel;
use crate::model::{Layer, Model, Op, Value, Window};
use rand_core::Rng;

/// Largest ring: products and sums stay within 64-bit words.
pub const MAX_RING_BITS: u32 = 62;
/// Most fractional bits.
pub const MAX_FRAC_BITS: u32 = 24;
/// No integer is worth less than `2^-MAX_UNIT_BITS`, so that no layer drops more bits: windows over windows make units small.
pub const MAX_UNIT_BITS: u32 = 60;
/// The ends of a clip are cut at this size.
const MAX_END: i64 = 1 << 61;

/// How precisely to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Precision {
    /// Fractional bits of weights and activations, 1 to 24.
    pub frac_bits: u32,
    /// The rings.
    pub ring: Ring,
}

/// The integers modulo `2^l`, read as signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// For each layer the smallest that its outputs provably fit.
    Auto,
    /// The same for all, 2 to 62 bits: what does not fit wraps.
    Bits(u32),
}

/// What an 8-bit pixel `p` stands for: `p * scale + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pixels {
    /// The value of one step; positive.
    pub scale: f64,
    /// The value of 0.
    pub offset: f64,
}

/// Why a network has no fixed-point form: every problem, by layer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.join("\n"))]
pub struct FixedError {
    /// Never empty.
    pub problems: Vec<String>,
}

/// An image of the wrong size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the image has {found} pixels and the network reads {needed}")]
pub struct WrongSize {
    /// Pixels given.
    pub found: usize,
    /// Pixels needed.
    pub needed: usize,
}

/// What a layer does to integers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FixedOp {
    /// Convolution: weights `[out, in/groups, height, width]`, and what each sum starts from.
    Conv {
        /// The filters.
        weights: Vec<i64>,
        /// The biases.
        start: Vec<i64>,
        /// Where they slide.
        window: Window,
        /// Independent groups.
        groups: usize,
    },
    /// Fully connected: weights `[out, in]`, and the biases.
    Gemm {
        /// The matrix.
        weights: Vec<i64>,
        /// The biases.
        start: Vec<i64>,
    },
    /// `max(x, 0)`, truncated by `shift` bits.
    Relu {
        /// Bits dropped.
        shift: u32,
    },
    /// `min(max(x, low), high)`, truncated by `shift` bits; the ends are truncated to their floors.
    Clip {
        /// Lower end, at most `2^61` in size.
        low: i64,
        /// Upper end, at least `low` and at most `2^61` in size.
        high: i64,
        /// Bits dropped.
        shift: u32,
    },
    /// Truncated by `shift` bits.
    Truncate {
        /// Bits dropped.
        shift: u32,
    },
    /// The largest in each window.
    MaxPool(Window),
    /// The sum of each window.
    SumPool(Window),
    /// Element by element.
    Add,
    /// Along the channels.
    Concat,
    /// To one dimension.
    Flatten,
}

impl FixedOp {
    /// The name of the operator in lower case: that of the model, or `truncate`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Conv { .. } => "conv",
            Self::Gemm { .. } => "gemm",
            Self::Relu { .. } => "relu",
            Self::Clip { .. } => "clip",
            Self::Truncate { .. } => "truncate",
            Self::MaxPool(_) => "maxpool",
            Self::SumPool(_) => "averagepool",
            Self::Add => "add",
            Self::Concat => "concat",
            Self::Flatten => "flatten",
        }
    }
}

/// One layer on integers.
#[derive(Clone, Debug, PartialEq)]
pub struct FixedLayer {
    /// Index of the ONNX node it comes from.
    pub node: usize,
    /// That node's name.
    pub name: String,
    /// What it does.
    pub op: FixedOp,
    /// What it reads.
    pub inputs: Vec<Value>,
    /// Shape of its output.
    pub shape: Vec<usize>,
    /// What an integer of its output is worth.
    pub unit: f64,
    /// No output exceeds this in size, before any wrapping.
    pub bound: u64,
    /// Bits of the ring its output lives in.
    pub ring_bits: u32,
    /// The least and the largest that an output can be, after any wrapping.
    pub range: [i64; 2],
    /// Some output is not proved to fit the ring.
    pub wraps: bool,
}

/// A network on integers.
#[derive(Clone, Debug, PartialEq)]
pub struct FixedModel {
    image: [usize; 3],
    /// For each of the 256 pixels its integer.
    pixel: Vec<i64>,
    layers: Vec<FixedLayer>,
    /// For each of the model's layers, the one here whose output stands for it.
    stands_for: Vec<usize>,
    output: usize,
}

/// How bits are dropped.
pub trait Truncation {
    /// About `x / 2^shift`.
    fn truncate(&mut self, x: i64, shift: u32) -> i64;
}

/// `floor(x / 2^shift)`: deterministic, so that copies of one query agree.
///
/// ```
/// use fusion_nn::fixed::{Faithful, Truncation};
/// assert_eq!([7, -7, -8].map(|x| Faithful.truncate(x, 3)), [0, -1, -1], "the floor, also below 0");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Faithful;

impl Truncation for Faithful {
    fn truncate(&mut self, x: i64, shift: u32) -> i64 {
        x >> shift
    }
}

/// The floor or one more, as when each party shifts its own share of `x` (Mohassel and Zhang, SecureML, S&P 2017, section 4.1):
/// one more with probability `(x mod 2^shift) / 2^shift`.
///
/// $$ \Pr \Bigl( \lfloor x / 2^l \rfloor + 1 \Bigr) = \frac{x \bmod 2^l}{2^l} $$
#[derive(Clone, Debug)]
pub struct OneBit<R>(pub R);

impl<R: Rng> Truncation for OneBit<R> {
    fn truncate(&mut self, x: i64, shift: u32) -> i64 {
        let mask = (1_u64 << shift) - 1;
        let share = self.0.next_u64() & mask;
        let carry = (x.cast_unsigned() & mask) + share > mask;
        (x >> shift) + i64::from(carry)
    }
}

impl FixedModel {
    /// Quantises a network.
    ///
    /// # Errors
    /// [`FixedError`] for a precision outside its limits, and for every layer that does not fit.
    pub fn new(model: &Model, precision: Precision, pixels: Pixels) -> Result<Self, FixedError> {
        Compiler::new(precision, pixels)?.compile(model)
    }

    /// The layers, in order of evaluation.
    #[must_use]
    pub fn layers(&self) -> &[FixedLayer] {
        &self.layers
    }

    /// Channels, height and width of the image.
    #[must_use]
    pub fn image(&self) -> [usize; 3] {
        self.image
    }

    /// Classes.
    #[must_use]
    pub fn classes(&self) -> u32 {
        u32::try_from(self.layers[self.output].shape[0]).unwrap_or(u32::MAX)
    }

    /// The index of the layer here whose output stands for that of a layer of the model.
    #[must_use]
    pub fn stands_for(&self, layer: usize) -> Option<usize> {
        self.stands_for.get(layer).copied()
    }

    /// The index of the layer whose output the logits are.
    #[must_use]
    pub fn output(&self) -> usize {
        self.output
    }

    /// The least and the largest integer of a pixel.
    #[must_use]
    pub fn pixel_range(&self) -> [i64; 2] {
        ends(&self.pixel)
    }

    /// What enters the first layer for an image of 8-bit pixels.
    ///
    /// # Errors
    /// [`WrongSize`] for an image of another size.
    pub fn pixels(&self, image: &[u8]) -> Result<Vec<i64>, WrongSize> {
        let needed = self.image.iter().product();
        if image.len() != needed {
            return Err(WrongSize { found: image.len(), needed });
        }
        Ok(image.iter().map(|&pixel| self.pixel[usize::from(pixel)]).collect())
    }

    /// Every layer's output for an image of 8-bit pixels, in channel, row, column order.
    ///
    /// # Errors
    /// [`WrongSize`] for an image of another size.
    pub fn evaluate(&self, image: &[u8], truncation: &mut impl Truncation) -> Result<Vec<Vec<i64>>, WrongSize> {
        let input = self.pixels(image)?;
        let mut values: Vec<Vec<i64>> = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let inputs: Vec<(&[i64], &[usize])> = layer
                .inputs
                .iter()
                .map(|value| match value {
                    Value::Input => (input.as_slice(), self.image.as_slice()),
                    Value::Layer(index) => (values[*index].as_slice(), self.layers[*index].shape.as_slice()),
                })
                .collect();
            let output = layer.apply(&inputs, truncation);
            values.push(output);
        }
        Ok(values)
    }

    /// The logits of an image, truncation faithful.
    ///
    /// # Errors
    /// [`WrongSize`] for an image of another size.
    pub fn logits(&self, image: &[u8]) -> Result<Vec<i64>, WrongSize> {
        self.logits_with(image, &mut Faithful)
    }

    /// The logits of an image.
    ///
    /// # Errors
    /// [`WrongSize`] for an image of another size.
    pub fn logits_with(&self, image: &[u8], truncation: &mut impl Truncation) -> Result<Vec<i64>, WrongSize> {
        Ok(self.evaluate(image, truncation)?.swap_remove(self.output))
    }

    /// The honest answer: the class of the largest logit, the lowest of equals.
    ///
    /// # Errors
    /// [`WrongSize`] for an image of another size.
    pub fn label(&self, image: &[u8]) -> Result<u32, WrongSize> {
        Ok(argmax(&self.logits(image)?))
    }
}

/// The index of the largest, the lowest of equals; 0 of none.
///
/// ```
/// use fusion_nn::fixed::argmax;
/// assert_eq!(argmax(&[1, 9, 4, 9]), 1, "ties go to the lowest class");
/// ```
#[must_use]
pub fn argmax<T: PartialOrd>(values: &[T]) -> u32 {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    u32::try_from(best).unwrap_or(u32::MAX)
}

impl FixedLayer {
    /// Whether its outputs may exceed its ring.
    #[must_use]
    pub fn may_wrap(&self) -> bool {
        self.wraps
    }

    /// The sums of a convolution or a fully connected layer modulo `2^64`, of inputs of a shape; `None` of any other layer.
    #[must_use]
    pub fn sums(&self, data: &[i64], shape: &[usize]) -> Option<Vec<i64>> {
        let multiply_add = |sum: i64, weight: &i64, x: i64| sum.wrapping_add(weight.wrapping_mul(x));
        match &self.op {
            FixedOp::Conv { weights, start, window, groups } => {
                let filters = kernel::Filters { weights, start, groups: *groups };
                Some(kernel::convolve(data, shape, &filters, window, &self.shape, multiply_add))
            }
            FixedOp::Gemm { weights, start } => Some(kernel::multiply(weights, start, data, multiply_add)),
            _ => None,
        }
    }

    /// Its outputs: over the integers (sums modulo `2^64`, of which every ring is a part), then reduced into its ring.
    fn apply(&self, inputs: &[(&[i64], &[usize])], truncation: &mut impl Truncation) -> Vec<i64> {
        let (data, shape) = inputs[0];
        let mut values: Vec<i64> = match &self.op {
            FixedOp::Conv { .. } | FixedOp::Gemm { .. } => self.sums(data, shape).unwrap_or_default(),
            FixedOp::Relu { shift } => data.iter().map(|&x| truncation.truncate(x.max(0), *shift)).collect(),
            FixedOp::Clip { low, high, shift } => {
                let clip = |&x: &i64| match x {
                    _ if x >= *high => high >> shift,
                    _ if x < *low => low >> shift,
                    _ => truncation.truncate(x, *shift),
                };
                data.iter().map(clip).collect()
            }
            FixedOp::Truncate { shift } => data.iter().map(|&x| truncation.truncate(x, *shift)).collect(),
            FixedOp::MaxPool(window) => kernel::pool(data, shape, window, &self.shape, i64::MIN, i64::max),
            FixedOp::SumPool(window) => kernel::pool(data, shape, window, &self.shape, 0, i64::wrapping_add),
            FixedOp::Add => data.iter().zip(inputs[1].0).map(|(x, y)| x.wrapping_add(*y)).collect(),
            FixedOp::Concat => inputs.iter().flat_map(|(data, _)| data.iter().copied()).collect(),
            FixedOp::Flatten => data.to_vec(),
        };
        for value in &mut values {
            *value = signed(*value, self.ring_bits);
        }
        values
    }
}

/// The representative of `x` modulo `2^bits` in `-2^(bits-1)..2^(bits-1)`.
fn signed(x: i64, bits: u32) -> i64 {
    let drop = i64::BITS - bits;
    (x << drop) >> drop
}

/// The least and the largest of some integers; 0 of none.
fn ends(values: &[i64]) -> [i64; 2] {
    [values.iter().min(), values.iter().max()].map(|end| end.copied().unwrap_or_default())
}

/// The integers that a channel (or, in one dimension, an element) provably stays between.
type Range = [i128; 2];

/// All of a ring.
fn whole(bits: u32) -> Range {
    let half = 1_i128 << (bits - 1);
    [-half, half - 1]
}

fn is_within([low, high]: Range, [least, most]: Range) -> bool {
    least <= low && high <= most
}

/// A value while the network is translated.
#[derive(Clone)]
struct Scaled {
    value: Value,
    unit: f64,
    /// Bits that the next activation should drop.
    excess: u32,
    /// One for each channel.
    ranges: Vec<Range>,
}

impl Scaled {
    fn ranges(&self, change: impl Fn(Range) -> Range) -> Vec<Range> {
        self.ranges.iter().map(|&range| change(range)).collect()
    }

    fn with(&self, ranges: Vec<Range>) -> Self {
        Self { ranges, ..self.clone() }
    }

    /// After dropping the excess of values in these ranges: up to the next integer, as [`OneBit`] may round up what is no multiple.
    fn dropped(&self, ranges: &[Range]) -> Self {
        let Self { value, unit, excess, .. } = *self;
        let ranges = ranges.iter().map(|[lo, hi]| [lo >> excess, -(-hi >> excess)]).collect();
        Self { value, unit: unit * 2.0_f64.powi(excess.cast_signed()), excess: 0, ranges }
    }

    /// The least and the largest integer of any channel; they fit a ring.
    fn range(&self) -> [i64; 2] {
        let end = |end: Option<i128>| end.and_then(|end| i64::try_from(end).ok()).unwrap_or_default();
        [end(self.ranges.iter().map(|range| range[0]).min()), end(self.ranges.iter().map(|range| range[1]).max())]
    }

    /// No integer exceeds this in size.
    fn bound(&self) -> u128 {
        self.ranges.iter().flatten().map(|end| end.unsigned_abs()).max().unwrap_or_default()
    }
}

struct Compiler {
    precision: Precision,
    pixel: Vec<i64>,
    unit: f64,
    layers: Vec<FixedLayer>,
    problems: Vec<String>,
}

impl Compiler {
    fn new(precision: Precision, pixels: Pixels) -> Result<Self, FixedError> {
        let Precision { frac_bits, ring } = precision;
        let mut problems = Vec::new();
        if !(1..=MAX_FRAC_BITS).contains(&frac_bits) {
            problems.push(format!("frac_bits must be from 1 to {MAX_FRAC_BITS}, not {frac_bits}"));
        }
        if let Ring::Bits(bits) = ring
            && !(2..=MAX_RING_BITS).contains(&bits)
        {
            problems.push(format!("ring_bits must be from 2 to {MAX_RING_BITS}, not {bits}"));
        }
        let legal = pixels.scale >= 1e-6 && pixels.scale <= 1e6 && pixels.offset.abs() <= 1e6;
        if !legal {
            problems.push("the pixel scale must be from 10^-6 to 10^6, and the offset at most 10^6 in size".into());
        }
        if !problems.is_empty() {
            return Err(FixedError { problems });
        }
        let (mut pixel, unit) = quantised_pixels(pixels, frac_bits);
        if let Ring::Bits(bits) = ring {
            for pixel in &mut pixel {
                *pixel = signed(*pixel, bits);
            }
        }
        Ok(Self { precision, pixel, unit, layers: Vec::new(), problems })
    }

    fn compile(mut self, model: &Model) -> Result<FixedModel, FixedError> {
        let ranges = vec![ends(&self.pixel).map(i128::from); model.input()[0]];
        let input = Scaled { value: Value::Input, unit: self.unit, excess: 0, ranges };
        let mut values: Vec<Scaled> = Vec::with_capacity(model.layers().len());
        for layer in model.layers() {
            let inputs: Vec<Scaled> = layer
                .inputs
                .iter()
                .map(|value| match value {
                    Value::Input => input.clone(),
                    Value::Layer(index) => values[*index].clone(),
                })
                .collect();
            let scaled = self.layer(layer, &inputs);
            values.push(scaled);
        }
        if !self.problems.is_empty() {
            return Err(FixedError { problems: self.problems });
        }
        let index = |scaled: &Scaled| match scaled.value {
            Value::Layer(index) => index,
            Value::Input => 0,
        };
        let stands_for: Vec<usize> = values.iter().map(index).collect();
        let output = stands_for[model.output()];
        Ok(FixedModel { image: model.input(), pixel: self.pixel, layers: self.layers, stands_for, output })
    }

    fn layer(&mut self, layer: &Layer, inputs: &[Scaled]) -> Scaled {
        let input = &inputs[0];
        match &layer.op {
            Op::Conv { weights, bias, window, groups } => {
                let input = self.narrow(layer, input);
                let (weights, start, scale) = self.quantise(layer, weights.data(), bias, &input);
                let padded = window.pads != [0; 4];
                let ranges = convolved(&weights, &start, &input.ranges, *groups, padded);
                let op = FixedOp::Conv { weights, start, window: *window, groups: *groups };
                self.linear(layer, op, &input, scale, ranges)
            }
            Op::Gemm { weights, bias } => {
                let input = self.narrow(layer, input);
                let (weights, start, scale) = self.quantise(layer, weights.data(), bias, &input);
                let ranges = convolved(&weights, &start, &input.ranges, 1, false);
                self.linear(layer, FixedOp::Gemm { weights, start }, &input, scale, ranges)
            }
            Op::Relu => {
                let output = input.dropped(&input.ranges(|range| range.map(|end| end.max(0))));
                self.push(layer, FixedOp::Relu { shift: input.excess }, &inputs[..1], &output)
            }
            Op::Clip { low, high } => {
                let [low, high] = [*low, *high].map(|end| to_integer(f64::from(end) / input.unit, MAX_END));
                let clipped = input.ranges(|range| range.map(|end| end.clamp(low.into(), high.into())));
                let op = FixedOp::Clip { low, high, shift: input.excess };
                self.push(layer, op, &inputs[..1], &input.dropped(&clipped))
            }
            Op::MaxPool(window) => self.push(layer, FixedOp::MaxPool(*window), &inputs[..1], input),
            Op::AveragePool(window) => {
                let input = self.narrow(layer, input);
                let cells = (window.size[0] * window.size[1]) as u64;
                let summed = input.ranges(|range| range.map(|end| end * i128::from(cells)));
                #[expect(clippy::cast_precision_loss, reason = "a window has few cells")]
                let output = Scaled { unit: input.unit / cells as f64, ..input.with(summed) };
                if output.unit < 2.0_f64.powi(-MAX_UNIT_BITS.cast_signed()) {
                    self.refuse(layer, &format!("an integer of its sums is worth less than 2^-{MAX_UNIT_BITS}"));
                    return input;
                }
                self.push(layer, FixedOp::SumPool(*window), &[input], &output)
            }
            Op::Add => self.joined(layer, FixedOp::Add, inputs, |parts| {
                let added = parts[0].ranges.iter().zip(&parts[1].ranges);
                added.map(|([lo, hi], [low, high])| [lo + low, hi + high]).collect()
            }),
            Op::Concat => self.joined(layer, FixedOp::Concat, inputs, |parts| {
                parts.iter().flat_map(|part| part.ranges.iter().copied()).collect()
            }),
            Op::Flatten => {
                let cells = layer.shape[0] / input.ranges.len().max(1);
                let spread = input.ranges.iter().flat_map(|&range| std::iter::repeat_n(range, cells)).collect();
                self.push(layer, FixedOp::Flatten, &inputs[..1], &input.with(spread))
            }
        }
    }

    fn refuse(&mut self, layer: &Layer, message: &str) {
        self.problems.push(format!("node {} '{}': {message}", layer.node, layer.name));
    }

    /// Appends a layer; its output is as described before it is reduced into its ring, which follows from the ranges.
    fn push(&mut self, layer: &Layer, op: FixedOp, inputs: &[Scaled], output: &Scaled) -> Scaled {
        let bound = output.bound();
        let needed = u128::BITS - bound.leading_zeros() + 1;
        let ring_bits = match self.precision.ring {
            Ring::Auto => needed,
            Ring::Bits(bits) => bits,
        };
        if ring_bits > MAX_RING_BITS {
            self.refuse(layer, &format!("its outputs need a ring of {needed} bits, more than {MAX_RING_BITS}"));
            let most = 1_i128 << MAX_RING_BITS;
            let cut = output.ranges(|range| range.map(|end| end.clamp(-most, most)));
            return Scaled { value: inputs[0].value, ..output.with(cut) };
        }
        let ring = whole(ring_bits);
        let wraps = output.ranges.iter().any(|range| !is_within(*range, ring));
        let ranges = output.ranges(|range| if is_within(range, ring) { range } else { ring });
        let output = output.with(ranges);
        let shape = match (&op, inputs[0].value) {
            (FixedOp::Truncate { .. }, Value::Layer(index)) => self.layers[index].shape.clone(),
            _ => layer.shape.clone(),
        };
        self.layers.push(FixedLayer {
            node: layer.node,
            name: layer.name.clone(),
            op,
            inputs: inputs.iter().map(|input| input.value).collect(),
            shape,
            unit: output.unit,
            bound: u64::try_from(bound).unwrap_or(u64::MAX),
            ring_bits,
            range: output.range(),
            wraps,
        });
        Scaled { value: Value::Layer(self.layers.len() - 1), ..output }
    }

    /// The value without excess bits.
    fn narrow(&mut self, layer: &Layer, input: &Scaled) -> Scaled {
        if input.excess == 0 {
            return input.clone();
        }
        let op = FixedOp::Truncate { shift: input.excess };
        self.push(layer, op, std::slice::from_ref(input), &input.dropped(&input.ranges))
    }

    /// Weights and biases as integers, and the fractional bits of their products with the input.
    fn quantise(&mut self, layer: &Layer, weights: &[f32], bias: &[f32], input: &Scaled) -> (Vec<i64>, Vec<i64>, u32) {
        // The least g with unit * 2^g >= 1: integers then carry frac_bits of the real weights at least.
        let mut finer = 0;
        while input.unit * 2.0_f64.powi(finer) < 1.0 {
            finer += 1;
        }
        let scale = self.precision.frac_bits + finer.unsigned_abs();
        let one = 2.0_f64.powi(self.precision.frac_bits.cast_signed() + finer);
        let limit = 1_i64 << 50;
        let weights: Vec<i64> = weights.iter().map(|&w| to_integer(f64::from(w) * input.unit * one, limit)).collect();
        let start: Vec<i64> = bias.iter().map(|&b| to_integer(f64::from(b) * one, limit << 10)).collect();
        if weights.iter().any(|w| w.abs() == limit) || start.iter().any(|b| b.abs() == limit << 10) {
            self.refuse(layer, "its weights are too large");
        }
        (weights, start, scale)
    }

    fn linear(&mut self, layer: &Layer, op: FixedOp, input: &Scaled, scale: u32, ranges: Vec<Range>) -> Scaled {
        let excess = scale - self.precision.frac_bits;
        let unit = 2.0_f64.powi(-scale.cast_signed());
        let output = Scaled { value: input.value, unit, excess, ranges };
        self.push(layer, op, std::slice::from_ref(input), &output)
    }

    /// Values side by side, which must have one unit.
    fn joined(
        &mut self,
        layer: &Layer,
        op: FixedOp,
        inputs: &[Scaled],
        ranges: impl Fn(&[Scaled]) -> Vec<Range>,
    ) -> Scaled {
        let inputs: Vec<Scaled> = inputs.iter().map(|input| self.narrow(layer, input)).collect();
        if inputs.iter().any(|input| input.unit.to_bits() != inputs[0].unit.to_bits()) {
            self.refuse(layer, "joins values of different scales, which is not supported in fixed point");
        }
        let output = inputs[0].with(ranges(&inputs));
        self.push(layer, op, &inputs, &output)
    }
}

/// What each filter's sums stay between: every cell at the end of its channel's range that the weight's sign makes worst.
fn convolved(weights: &[i64], start: &[i64], ranges: &[Range], groups: usize, padded: bool) -> Vec<Range> {
    let (depth, per_group) = (ranges.len() / groups, start.len() / groups);
    let cells = (weights.len() / (start.len() * depth).max(1)).max(1);
    let filter = |(index, (&start, weights)): (usize, (&i64, &[i64]))| {
        let channels = ranges[index / per_group * depth..].iter().zip(weights.chunks_exact(cells));
        channels.fold([i128::from(start); 2], |[lo, hi], (&[low, high], weights)| {
            let (low, high) = if padded { (low.min(0), high.max(0)) } else { (low, high) };
            let rising: i128 = weights.iter().filter(|w| **w > 0).map(|&w| i128::from(w)).sum();
            let falling: i128 = weights.iter().filter(|w| **w < 0).map(|&w| i128::from(w)).sum();
            let end =
                |least: i128, most: i128| rising.saturating_mul(least).saturating_add(falling.saturating_mul(most));
            [lo.saturating_add(end(low, high)), hi.saturating_add(end(high, low))]
        })
    };
    start.iter().zip(weights.chunks_exact((depth * cells).max(1))).enumerate().map(filter).collect()
}

/// All 256 pixels as integers, and what one is worth. Without an offset they enter as they are.
fn quantised_pixels(pixels: Pixels, frac_bits: u32) -> (Vec<i64>, f64) {
    let Pixels { scale, offset } = pixels;
    if offset == 0.0 {
        return ((0..=255).collect(), scale);
    }
    let one = 2.0_f64.powi(frac_bits.cast_signed());
    let value = |pixel: u8| to_integer((f64::from(pixel) * scale + offset) * one, 1 << 61);
    ((0..=255).map(value).collect(), 1.0 / one)
}

/// The nearest integer, ties away from 0, cut at a limit.
#[expect(clippy::cast_possible_truncation, reason = "cut to the limit first")]
#[expect(clippy::cast_precision_loss, reason = "the limits are powers of two")]
fn to_integer(x: f64, limit: i64) -> i64 {
    x.round().clamp(-(limit as f64), limit as f64) as i64
}
