//! Fixed point against floating point, layer by layer: where a network loses its precision.
//!
//! Each layer is measured by its largest absolute difference `|integer * unit - float|` over all elements and images, against the
//! largest float value it takes. Where the difference exceeds [`SHARE`] of that value, the layer *leaves* floating point: with
//! bits enough, rounding stays far below it. The first layer that leaves is where precision was lost, or an integer wrapped;
//! those after it inherit its error.
//!
//! Invariant: [`Comparison::merge`] is associative and commutative, so that images may be compared in any order.
//!
//! ```
//! use fusion_nn::fixed::{Pixels, Precision, Ring};
//! use fusion_nn::{compare::Pair, model::Model};
//!
//! let read = |path| std::fs::read(format!("{}/../../examples/{path}", env!("CARGO_MANIFEST_DIR")));
//! let model = Model::from_onnx(&read("models/lenet_mnist_full.onnx")?)?;
//! let precision = |frac_bits| Precision { frac_bits, ring: Ring::Auto };
//! let leaves_at = |frac_bits| -> Result<_, Box<dyn std::error::Error>> {
//!     let pair = Pair::new(&model, precision(frac_bits), Pixels { scale: 1.0 / 255.0, offset: 0.0 })?;
//!     Ok(pair.compare(0, &[128; 28 * 28], None)?.leaves_at())
//! };
//! assert_eq!(leaves_at(12)?, None);
//! assert_eq!(leaves_at(2)?, Some(0), "two bits are too few, from the first layer on");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::fixed::{Faithful, FixedError, FixedModel, FixedOp, Pixels, Precision, WrongSize, argmax};
use crate::float;
use crate::model::{Model, Op};

/// The share of a layer's largest float value beyond which a difference counts as more than rounding.
pub const SHARE: f64 = 0.01;

/// A network in both forms: in floating point, and on integers.
#[derive(Clone, Debug)]
pub struct Pair<'a> {
    model: &'a Model,
    fixed: FixedModel,
    pixels: Pixels,
}

/// What images showed of the two forms of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The number of images.
    pub images: usize,
    /// The number of images to which the two forms give different labels, or floating point gives none because a logit is no number.
    pub labels_differ: usize,
    /// The number of images to which the fixed-point network gives the right label. Images without a label count as wrong.
    pub fixed_right: usize,
    /// The number of images to which the float network gives the right label.
    pub float_right: usize,
    /// The difference at each of the model's layers.
    pub layers: Vec<Difference>,
}

/// How far the two forms of a layer are apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The largest absolute difference, which is infinite where floating point overflowed.
    pub largest: f64,
    /// The first image that has this difference, or 0 where there is none.
    pub image: usize,
    /// The first element of that image that has this difference, row-major.
    pub element: usize,
    /// The largest absolute value in floating point.
    pub peak: f64,
}

impl<'a> Pair<'a> {
    /// Makes both forms of a network.
    ///
    /// # Errors
    /// [`FixedError`] is that of [`FixedModel::new`].
    pub fn new(model: &'a Model, precision: Precision, pixels: Pixels) -> Result<Self, FixedError> {
        Ok(Self { model, fixed: FixedModel::new(model, precision, pixels)?, pixels })
    }

    /// Returns the network on integers.
    #[must_use]
    pub fn fixed(&self) -> &FixedModel {
        &self.fixed
    }

    /// Takes the network on integers out.
    #[must_use]
    pub fn into_fixed(self) -> FixedModel {
        self.fixed
    }

    /// Makes the comparison of no images, which is neutral in [`Comparison::merge`].
    #[must_use]
    pub fn nothing(&self) -> Comparison {
        let layer = Difference { largest: 0.0, image: 0, element: 0, peak: 0.0 };
        let layers = vec![layer; self.model.layers().len()];
        Comparison { images: 0, labels_differ: 0, fixed_right: 0, float_right: 0, layers }
    }

    /// Compares the two forms on one image of 8-bit pixels, which has an index among all images, and a label if that is known.
    ///
    /// # Errors
    /// [`WrongSize`] says that the image does not have the size that the network reads.
    pub fn compare(&self, index: usize, image: &[u8], label: Option<u32>) -> Result<Comparison, WrongSize> {
        let integers = self.fixed.evaluate(image, &mut Faithful)?;
        let Pixels { scale, offset } = self.pixels;
        let input: Vec<f64> = image.iter().map(|&pixel| f64::from(pixel) * scale + offset).collect();
        let floats = float::evaluate(self.model, &input);
        let layer = |(at, floats): (usize, &Vec<f64>)| {
            Difference::new(index, &integers[at], self.fixed.layers()[at].unit, floats)
        };
        let fixed_label = argmax(&integers[self.fixed.output()]);
        let float_label = numbers_label(&floats[self.model.output()]);
        Ok(Comparison {
            images: 1,
            labels_differ: usize::from(Some(fixed_label) != float_label),
            fixed_right: usize::from(label == Some(fixed_label)),
            float_right: usize::from(label.is_some() && label == float_label),
            layers: self.stands_for().zip(&floats).map(layer).collect(),
        })
    }

    /// Lists the model's layers that lose all they compute with in fixed point, without an error, and what each of them loses.
    pub fn silenced(&self) -> impl Iterator<Item = (usize, Lost)> {
        self.model
            .layers()
            .iter()
            .enumerate()
            .zip(self.stands_for())
            .filter_map(|((index, layer), at)| Some((index, Lost::of(&layer.op, &self.fixed.layers()[at].op)?)))
    }

    /// For each of the model's layers, the index of the one on integers.
    #[expect(clippy::expect_used, reason = "both forms have the same layers")]
    fn stands_for(&self) -> impl Iterator<Item = usize> {
        (0..self.model.layers().len()).map(|layer| self.fixed.stands_for(layer).expect("one stands for each layer"))
    }
}

/// What a layer loses in fixed point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// All weights, so many of them, round to 0 though some are not 0, so that the layer sees nothing of its input.
    Weights(usize),
    /// All biases, so many of them, round to 0 though some are not 0, and all weights are 0.
    Biases(usize),
    /// The two ends of a clip are different and round to one integer, so that the output is the same for every input.
    Ends,
}

impl Lost {
    fn of(op: &Op, fixed: &FixedOp) -> Option<Self> {
        let vanishes = |numbers: &[f32], integers: &[i64]| {
            integers.iter().all(|integer| *integer == 0) && numbers.iter().any(|number| *number != 0.0)
        };
        match (op, fixed) {
            (
                Op::Conv { weights, bias, .. } | Op::Gemm { weights, bias },
                FixedOp::Conv { weights: integers, start, .. } | FixedOp::Gemm { weights: integers, start },
            ) => {
                let weights = weights.data();
                if vanishes(weights, integers) {
                    return Some(Self::Weights(weights.len()));
                }
                let blank = weights.iter().all(|weight| *weight == 0.0);
                (blank && vanishes(bias, start)).then_some(Self::Biases(bias.len()))
            }
            (Op::Clip { low, high }, FixedOp::Clip { low: least, high: most, .. }) => {
                (low < high && least == most).then_some(Self::Ends)
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Weights(count) => write!(f, "every weight of {count} rounds to 0"),
            Self::Biases(count) => write!(f, "every bias of {count} rounds to 0"),
            Self::Ends => write!(f, "both of its ends round to one value"),
        }
    }
}

/// The label of logits; `None` where one of them is no number.
fn numbers_label(logits: &[f64]) -> Option<u32> {
    (!logits.iter().any(|logit| logit.is_nan())).then(|| argmax(logits))
}

impl Comparison {
    /// Joins two comparisons into that of both sets of images, which must be disjoint.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let Self { images, labels_differ, fixed_right, float_right, layers } = other;
        Self {
            images: self.images + images,
            labels_differ: self.labels_differ + labels_differ,
            fixed_right: self.fixed_right + fixed_right,
            float_right: self.float_right + float_right,
            layers: self.layers.into_iter().zip(layers).map(|(a, b)| a.merge(b)).collect(),
        }
    }

    /// Returns the index of the first layer that leaves floating point, if one does.
    #[must_use]
    pub fn leaves_at(&self) -> Option<usize> {
        self.layers.iter().position(Difference::leaves)
    }
}

impl Difference {
    fn new(image: usize, integers: &[i64], unit: f64, floats: &[f64]) -> Self {
        let nothing = Self { largest: 0.0, image, element: 0, peak: 0.0 };
        integers.iter().zip(floats).enumerate().fold(nothing, |so_far, (element, (&integer, &float))| {
            #[expect(clippy::cast_precision_loss, reason = "far below what counts as a difference")]
            let apart = (integer as f64 * unit - float).abs();
            let largest = if apart.is_nan() { f64::INFINITY } else { apart };
            so_far.merge(Self { largest, image, element, peak: float.abs() })
        })
    }

    fn merge(self, other: Self) -> Self {
        let peak = self.peak.max(other.peak);
        let earlier = (self.image, self.element).cmp(&(other.image, other.element));
        let other_has_it = other.largest.total_cmp(&self.largest).then(earlier).is_gt();
        Self { peak, ..if other_has_it { other } else { self } }
    }

    /// Returns the largest difference as a share of the largest float value. It is infinite where only the latter is 0.
    #[must_use]
    pub fn relative(&self) -> f64 {
        if self.largest > 0.0 { self.largest / self.peak } else { 0.0 }
    }

    /// Returns whether the layer leaves floating point: whether its largest difference is more than [`SHARE`] of the largest float value.
    #[must_use]
    pub fn leaves(&self) -> bool {
        self.largest.is_infinite() || self.largest > SHARE * self.peak
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::Ring;
    use crate::model::{Layer, Op, Value, Window};
    use crate::tensor::Tensor;

    const BYTES: Pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };

    fn image(seed: u8) -> Vec<u8> {
        (0..4).map(|i: u8| i.wrapping_mul(91).wrapping_add(seed.wrapping_mul(57))).collect()
    }

    /// Two filters on a 2x2 image, ReLU, and two logits.
    fn model(filters: [f32; 2], matrix: [f32; 4]) -> Model {
        let tensor = |shape: &[usize], data: &[f32]| Tensor::new(shape.to_vec(), data.to_vec()).expect("fills");
        let window = Window { size: [1, 1], stride: [1, 1], pads: [0; 4] };
        let pooled = Window { size: [2, 2], ..window };
        let conv = Op::Conv { weights: tensor(&[2, 1, 1, 1], &filters), bias: vec![0.5, 0.0], window, groups: 1 };
        let gemm = Op::Gemm { weights: tensor(&[2, 2], &matrix), bias: vec![0.0; 2] };
        let layers = [
            (conv, &[2, 2, 2][..]),
            (Op::Relu, &[2, 2, 2]),
            (Op::AveragePool(pooled), &[2, 1, 1]),
            (Op::Flatten, &[2]),
            (gemm, &[2]),
        ];
        let layer = |(node, (op, shape)): (usize, (Op, &[usize]))| {
            let input = node.checked_sub(1).map_or(Value::Input, Value::Layer);
            Layer { node, name: format!("n{node}"), op, gathers: false, inputs: vec![input], shape: shape.to_vec() }
        };
        Model::new([1, 2, 2], layers.into_iter().enumerate().map(layer).collect(), 4)
    }

    fn compared(model: &Model, frac_bits: u32, ring: Ring) -> Comparison {
        let pair = Pair::new(model, Precision { frac_bits, ring }, BYTES).expect("fits");
        let compare = |seed: u8| pair.compare(seed.into(), &image(seed), Some(0)).expect("2x2");
        (0..20).map(compare).fold(pair.nothing(), Comparison::merge)
    }

    #[test]
    fn a_fine_precision_never_leaves() {
        let found = compared(&model([0.3, -0.7], [0.1, -0.9, 1.1, 0.3]), 20, Ring::Auto);
        assert_eq!((found.images, found.labels_differ, found.leaves_at()), (20, 0, None));
        assert_eq!(found.fixed_right, found.float_right);
        assert!(found.layers.iter().all(|layer| layer.peak > 0.0 && layer.relative() < 1e-4), "{found:?}");
    }

    /// The layer whose weights or results few bits cannot hold is named.
    #[test]
    fn a_coarse_precision_leaves_where_it_is_lost() {
        let first = compared(&model([0.3, -0.7], [0.25, -1.0, 1.0, 0.25]), 2, Ring::Auto);
        assert_eq!(first.leaves_at(), Some(0), "{first:?}");
        // Weights exact at 4/1024 a pixel, of which ReLU keeps 2 bits; with 8 it is the small weight that suffers.
        let exact = [255.0 / 256.0, 0.0];
        let relu = compared(&model(exact, [0.25, -1.0, 1.0, 0.25]), 2, Ring::Auto);
        assert_eq!(relu.leaves_at(), Some(1), "{relu:?}");
        let last = compared(&model(exact, [0.001, 0.0, 0.001, 0.0]), 8, Ring::Auto);
        assert_eq!(last.leaves_at(), Some(4), "{last:?}");
    }

    /// A ring that is too small for one layer shows at that layer, at any precision.
    #[test]
    fn a_wrapped_layer_leaves() {
        let small = model([0.5, 0.5], [1.0, 0.0, 0.0, 1000.0]);
        assert_eq!(compared(&small, 12, Ring::Auto).leaves_at(), None);
        assert_eq!(compared(&small, 12, Ring::Bits(30)).leaves_at(), Some(4));
    }

    #[test]
    fn the_place_is_the_first_of_the_largest_and_order_is_nothing() {
        let place = |integers: &[i64], floats: &[f64]| {
            let found = Difference::new(7, integers, 0.5, floats);
            (found.largest, found.image, found.element, found.peak)
        };
        assert_eq!(place(&[2, 4, 6], &[1.0, 3.0, -4.0]), (7.0, 7, 2, 4.0));
        assert_eq!(place(&[2, 4, 6], &[2.0, 3.0, 2.0]), (1.0, 7, 0, 3.0));
        assert_eq!(place(&[0, 1], &[0.0, f64::NAN]), (f64::INFINITY, 7, 1, 0.0));
        let model = model([0.3, -0.7], [0.1, -0.9, 1.1, 0.3]);
        let pair = Pair::new(&model, Precision { frac_bits: 6, ring: Ring::Auto }, BYTES).expect("fits");
        let parts = || (0..20_u8).map(|seed| pair.compare(seed.into(), &image(seed / 2), None).expect("2x2"));
        let forward = parts().fold(pair.nothing(), Comparison::merge);
        let (low, high): (Vec<_>, Vec<_>) = parts().partition(|part| part.layers[0].image % 3 == 0);
        let high = high.into_iter().rev().fold(pair.nothing(), Comparison::merge);
        assert_eq!(low.into_iter().rev().fold(high, Comparison::merge), forward);
    }

    /// No label agrees with what is no number: not the first class, which the largest of none would be.
    #[test]
    fn logits_that_are_no_numbers_have_no_label() {
        assert_eq!([numbers_label(&[f64::NAN; 3]), numbers_label(&[2.0, f64::NAN])], [None; 2]);
        assert_eq!(numbers_label(&[0.0, f64::INFINITY]), Some(1));
        // No file gives such a weight: it is what an overflow of floating point would come to.
        let mut layers = model([1.0, 0.0], [1.0, 0.0, 0.0, 1.0]).layers().to_vec();
        let gemm = |data: [f32; 4], input| Layer {
            node: input + 1,
            name: String::new(),
            op: Op::Gemm { weights: Tensor::new(vec![2, 2], data.to_vec()).expect("fills"), bias: vec![0.0; 2] },
            gathers: false,
            inputs: vec![Value::Layer(input)],
            shape: vec![2],
        };
        layers.push(gemm([f32::NAN, 0.0, 0.0, 1.0], 4));
        let broken = Model::new([1, 2, 2], layers, 5);
        let pair = Pair::new(&broken, Precision { frac_bits: 12, ring: Ring::Auto }, BYTES).expect("fits");
        let found = pair.compare(0, &image(1), Some(0)).expect("2x2");
        assert_eq!((found.labels_differ, found.float_right, found.leaves_at()), (1, 0, Some(5)));
    }

    #[test]
    fn a_layer_whose_weights_all_round_to_nothing_is_silenced() {
        let silenced = |filters, matrix, frac_bits| {
            let model = model(filters, matrix);
            let pair = Pair::new(&model, Precision { frac_bits, ring: Ring::Auto }, BYTES).expect("fits");
            pair.silenced().map(|(index, _)| index).collect::<Vec<_>>()
        };
        assert_eq!(silenced([0.3, -0.7], [1e-6, -1e-6, 0.0, 1e-7], 12), [4]);
        assert_eq!(silenced([1e-6, 1e-7], [1e-6, -1e-6, 0.0, 1e-7], 12), [0, 4]);
        assert_eq!(silenced([0.3, -0.7], [1e-6, -1e-6, 0.0, 1e-7], 24), [], "more bits hold them");
        assert_eq!(silenced([0.3, -0.7], [1e-6, -1e-6, 0.0, 1.0], 12), [], "one of them is heard");
        assert_eq!(silenced([0.0; 2], [0.0; 4], 12), [], "they are 0");
    }

    #[test]
    fn what_a_layer_loses_is_named() {
        let gemm = |weights: [f32; 2], bias: f32| Op::Gemm {
            weights: Tensor::new(vec![1, 2], weights.to_vec()).expect("two"),
            bias: vec![bias],
        };
        let fixed = |weights: [i64; 2], start: i64| FixedOp::Gemm { weights: weights.to_vec(), start: vec![start] };
        assert_eq!(Lost::of(&gemm([1e-8, 0.0], 1.0), &fixed([0, 0], 9)), Some(Lost::Weights(2)));
        assert_eq!(Lost::of(&gemm([0.0, 0.0], 1e-8), &fixed([0, 0], 0)), Some(Lost::Biases(1)));
        assert_eq!(Lost::of(&gemm([0.0, 0.0], 1.0), &fixed([0, 0], 9)), None);
        assert_eq!(Lost::of(&gemm([1.0, 0.0], 1e-8), &fixed([9, 0], 0)), None, "the weights are heard");
        let clip = |high| (Op::Clip { low: 0.0, high }, FixedOp::Clip { low: 0, high: 0, shift: 3 });
        let [(tiny, integers), (point, _)] = [clip(1e-5), clip(0.0)];
        assert_eq!(Lost::of(&tiny, &integers), Some(Lost::Ends));
        assert_eq!(Lost::of(&point, &integers), None, "it has one value in floating point too");
    }

    #[test]
    fn leaving_takes_a_percent_of_the_largest_value() {
        let layer = |largest, peak| Difference { largest, image: 0, element: 0, peak };
        assert!(!layer(0.99, 100.0).leaves());
        assert!(layer(1.01, 100.0).leaves());
        assert!(!layer(0.0, 0.0).leaves());
        assert!(layer(f64::INFINITY, f64::INFINITY).leaves());
        assert_eq!(layer(0.0, 0.0).relative().to_bits(), 0);
        assert!(layer(1.0, 0.0).relative().is_infinite());
    }

    #[test]
    fn images_of_another_size_are_refused() {
        let model = model([1.0; 2], [1.0; 4]);
        let pair = Pair::new(&model, Precision { frac_bits: 12, ring: Ring::Auto }, BYTES).expect("fits");
        assert_eq!(pair.compare(0, &[0; 5], None), Err(WrongSize { found: 5, needed: 4 }));
    }
}
