//! From a network in floating point to one on integers: quantised weights, ranges, rings.

use super::layer::{FixedLayer, FixedOp, signed};
use super::network::{FixedModel, ends};
use super::precision::{MAX_FRAC_BITS, MAX_RING_BITS, Pixels, Precision, Ring};
use super::ranges::{Range, convolved, is_within, whole};
use crate::model::{Layer, Model, Op, Value};

/// The bits of the smallest unit: no integer stands for less than `2^-MAX_UNIT_BITS`, so that no layer drops more bits than that. Average poolings of average
/// poolings make units small.
pub const MAX_UNIT_BITS: u32 = 60;

/// The ends of a clip are cut at this size.
const MAX_END: i64 = 1 << 61;

/// Why a network has no fixed-point form. It names every problem, by layer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.join("\n"))]
pub struct FixedError {
    /// The problems, of which there is at least one.
    pub problems: Vec<String>,
}

impl FixedModel {
    /// Turns a network into one on integers.
    ///
    /// # Errors
    /// [`FixedError`] names a precision outside its limits, or every layer that does not fit.
    pub fn new(model: &Model, precision: Precision, pixels: Pixels) -> Result<Self, FixedError> {
        Compiler::new(precision, pixels)?.compile(model)
    }
}

/// A value while the network is translated.
#[derive(Clone)]
struct Scaled {
    value: Value,
    unit: f64,
    /// Bits that the next activation should drop.
    excess: u32,
    /// The range of each channel.
    ranges: Vec<Range>,
}

impl Scaled {
    fn ranges(&self, change: impl Fn(Range) -> Range) -> Vec<Range> {
        self.ranges.iter().map(|&range| change(range)).collect()
    }

    fn with(&self, ranges: Vec<Range>) -> Self {
        Self { ranges, ..self.clone() }
    }

    /// The value after its excess is dropped, from what is in these ranges. Ranges reach up to the next integer, because `OneBit` may round up what is no
    /// multiple.
    fn dropped(&self, ranges: &[Range]) -> Self {
        let Self { value, unit, excess, .. } = *self;
        let ranges = ranges.iter().map(|[lo, hi]| [lo >> excess, -(-hi >> excess)]).collect();
        Self { value, unit: unit * 2.0_f64.powi(excess.cast_signed()), excess: 0, ranges }
    }

    /// The least and the largest integer of any channel, of ranges within a ring.
    #[expect(clippy::expect_used, reason = "the importer refuses empty values, and a ring has at most 62 bits")]
    fn range(&self) -> [i64; 2] {
        let least = self.ranges.iter().map(|range| range[0]).min();
        let most = self.ranges.iter().map(|range| range[1]).max();
        [least, most].map(|end| end.expect("a value has a channel").try_into().expect("a ring is within a word"))
    }

    /// The size that no integer exceeds.
    #[expect(clippy::expect_used, reason = "the importer refuses empty values")]
    fn bound(&self) -> u128 {
        self.ranges.iter().flatten().map(|end| end.unsigned_abs()).max().expect("a value has a channel")
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
            Value::Input => unreachable!("a layer that was not refused has one here"),
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

    /// Appends a layer. Its output is described as it is before it is reduced into its ring, which follows from the ranges.
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
            gathers: layer.gathers && !matches!(op, FixedOp::Truncate { .. }),
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

    /// The value after its excess bits, if any, are dropped.
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

    /// Appends a layer that joins values, which must have one unit.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    const BYTES: Pixels = Pixels { scale: 1.0, offset: 0.0 };

    /// Two pixels, and rows of two weights with no biases.
    fn rows(weights: &[f32]) -> Model {
        let count = weights.len() / 2;
        let weights = Tensor::new(vec![count, 2], weights.to_vec()).expect("fills");
        let layer =
            |op, input, shape| Layer { node: 0, name: "n".into(), op, gathers: false, inputs: vec![input], shape };
        let gemm = Op::Gemm { weights, bias: vec![0.0; count] };
        let layers = vec![layer(Op::Flatten, Value::Input, vec![2]), layer(gemm, Value::Layer(0), vec![count])];
        Model::new([1, 1, 2], layers, 1)
    }

    fn compiled(weights: &[f32], ring: Ring) -> Result<FixedModel, FixedError> {
        FixedModel::new(&rows(weights), Precision { frac_bits: 1, ring }, BYTES)
    }

    #[test]
    fn numbers_round_to_the_nearest_and_ties_away_from_zero() {
        for (x, integer) in [(0.49, 0), (0.5, 1), (-0.5, -1), (1.5, 2), (-1.49, -1), (1e30, 100), (-1e30, -100)] {
            assert_eq!(to_integer(x, 100), integer, "{x}");
        }
    }

    #[test]
    fn pixels_enter_as_they_are_unless_they_have_an_offset() {
        let (plain, unit) = quantised_pixels(Pixels { scale: 0.25, offset: 0.0 }, 4);
        assert!(plain.iter().copied().eq(0..256) && unit.to_bits() == 0.25_f64.to_bits());
        let (moved, unit) = quantised_pixels(Pixels { scale: 0.25, offset: -1.0 }, 4);
        assert_eq!((moved[0], moved[4], moved[255], unit.to_bits()), (-16, 0, 1004, 0.0625_f64.to_bits()));
    }

    /// One weight of 1 is 2 at one fractional bit: its sums are from 0 to 510 for a pixel, and ten bits hold them with their sign.
    #[test]
    fn rings_are_the_smallest_that_hold_what_is_proved() {
        for (weights, range, bound, ring_bits) in [
            (&[1.0, 0.0][..], [0, 510], 510, 10),
            (&[1.0, -1.0], [-510, 510], 510, 10),
            (&[1.0, 1.0], [0, 1020], 1020, 11),
            (&[0.0, 0.0], [0, 0], 0, 1),
        ] {
            let fixed = compiled(weights, Ring::Auto).expect("fits");
            let layer = &fixed.layers()[1];
            assert_eq!((layer.range, layer.bound, layer.ring_bits, layer.may_wrap()), (range, bound, ring_bits, false));
        }
    }

    /// A channel that may leave a ring that is set is taken to be anywhere in it.
    #[test]
    fn a_ring_that_is_set_may_be_left() {
        let fixed = compiled(&[1.0, 1.0], Ring::Bits(10)).expect("fits");
        let layer = &fixed.layers()[1];
        assert_eq!((layer.range, layer.bound, layer.may_wrap()), ([-512, 511], 1020, true));
        assert_eq!(fixed.logits(&[255, 255]), Ok(vec![1020 - 1024]));
        assert_eq!(fixed.logits(&[255, 0]), Ok(vec![510]));
    }

    #[test]
    fn equal_logits_are_the_lowest_class() {
        let fixed = compiled(&[0.0, 1.0, 1.0, 0.0, 1.0, 0.0], Ring::Auto).expect("fits");
        assert_eq!((fixed.label(&[3, 3]), fixed.label(&[4, 3]), fixed.label(&[3, 4])), (Ok(0), Ok(1), Ok(0)));
        assert_eq!(fixed.label(&[3]), Err(super::super::network::WrongSize { found: 1, needed: 2 }));
    }
}
