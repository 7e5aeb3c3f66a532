//! What evaluations reach: the least and the largest integer of every layer, and how many values wrapped.
//!
//! In a ring that is set, a value that leaves the ring wraps, and the answer may be another one than over the integers. Whoever sets a ring by what data reach,
//! and not by what is proved of every image, wants to know how near these data come to its edge, and that nothing wrapped.
//!
//! Invariant: [`Measured::merge`] is associative and commutative, so that images may be measured in any order.

use super::layer::{FixedLayer, FixedOp};
use super::network::{FixedModel, WrongSize, argmax};
use super::truncation::Truncation;
use crate::kernel;

/// What one layer computed over the integers, before anything was reduced into its ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The least integer that a value of the layer reaches before it wraps.
    pub least: i128,
    /// The largest integer that a value of the layer reaches before it wraps.
    pub most: i128,
    /// The number of values that left the ring, and wrapped.
    pub wrapped: u64,
}

impl Reached {
    /// What no values reach, which is neutral in [`Reached::merge`].
    const NOTHING: Self = Self { least: i128::MAX, most: i128::MIN, wrapped: 0 };

    fn of(values: impl Iterator<Item = i128>, ring_bits: u32) -> Self {
        let half = 1_i128 << (ring_bits - 1);
        values.fold(Self::NOTHING, |Self { least, most, wrapped }, value| Self {
            least: least.min(value),
            most: most.max(value),
            wrapped: wrapped + u64::from(!(-half..half).contains(&value)),
        })
    }

    fn merge(self, other: Self) -> Self {
        let Self { least, most, wrapped } = other;
        Self { least: self.least.min(least), most: self.most.max(most), wrapped: self.wrapped + wrapped }
    }

    /// The bits of the smallest ring that holds all these integers.
    ///
    /// ```
    /// use fusion_nn::fixed::Reached;
    /// let bits = |least, most| Reached { least, most, wrapped: 0 }.bits();
    /// assert_eq!([bits(0, 0), bits(-1, 0), bits(-8, 7), bits(-8, 8), bits(-9, 0)], [1, 1, 4, 5, 5]);
    /// ```
    #[must_use]
    pub fn bits(&self) -> u32 {
        let bits = |end: i128| i128::BITS + 1 - (if end < 0 { !end } else { end }).leading_zeros();
        bits(self.least).max(bits(self.most))
    }
}

/// What evaluations of a network reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The number of images.
    pub images: usize,
    /// The layers of the network on integers.
    pub layers: Vec<Reached>,
}

impl Measured {
    /// The number of values that wrapped, over all layers and images.
    #[must_use]
    pub fn wrapped(&self) -> u64 {
        self.layers.iter().map(|layer| layer.wrapped).sum()
    }

    /// Joins two measurements of one network into that of both sets of images.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let layers = self.layers.into_iter().zip(other.layers).map(|(a, b)| a.merge(b)).collect();
        Self { images: self.images + other.images, layers }
    }
}

impl FixedModel {
    /// Whether some value is not proved to fit its ring, so that it may wrap.
    #[must_use]
    pub fn may_wrap(&self) -> bool {
        self.layers.iter().any(FixedLayer::may_wrap)
    }

    /// Measures no images, which is neutral in [`Measured::merge`].
    #[must_use]
    pub fn nothing_measured(&self) -> Measured {
        Measured { images: 0, layers: vec![Reached::NOTHING; self.layers.len()] }
    }

    /// Evaluates the network on an image of 8-bit pixels, and measures every layer. Returns the logits too, which are those of [`FixedModel::logits_with`]. Where a
    /// pixel itself leaves a ring that is set, what enters is the reduced integer, and that does not count as a value that wrapped.
    ///
    /// # Errors
    /// [`WrongSize`] says that the image does not have the size that the network reads.
    pub fn measure(&self, image: &[u8], truncation: &mut impl Truncation) -> Result<(Vec<i64>, Measured), WrongSize> {
        let mut layers = Vec::with_capacity(self.layers.len());
        let mut values = self.walk(image, |layer, inputs| {
            let output = layer.apply(inputs, truncation);
            layers.push(layer.reached(inputs, &output));
            output
        })?;
        Ok((values.swap_remove(self.output), Measured { images: 1, layers }))
    }

    /// Computes the honest answer to an image, and counts the values that wrapped on the way.
    ///
    /// # Errors
    /// [`WrongSize`] says that the image does not have the size that the network reads.
    pub fn label_and_wrapped(&self, image: &[u8]) -> Result<(u32, u64), WrongSize> {
        if !self.may_wrap() {
            return Ok((self.label(image)?, 0));
        }
        let (logits, measured) = self.measure(image, &mut super::Faithful)?;
        Ok((argmax(&logits), measured.wrapped()))
    }
}

impl FixedLayer {
    /// What the layer computes over the integers from these inputs, where its output is this one.
    fn reached(&self, inputs: &[(&[i64], &[usize])], output: &[i64]) -> Reached {
        let (data, shape) = inputs[0];
        let as_they_are = || Reached::of(output.iter().map(|&value| value.into()), self.ring_bits);
        if !self.wraps {
            return as_they_are();
        }
        let wide = |values: &[i64]| values.iter().map(|&value| i128::from(value)).collect::<Vec<_>>();
        // Sums of at most 2^16 products never exceed 2^127, and those of more only with weights of 50 bits.
        let multiply_add = |sum: i128, weight: &i64, x: i128| sum.saturating_add(i128::from(*weight).saturating_mul(x));
        let sums = match &self.op {
            FixedOp::Conv { weights, start, window, groups } => {
                let filters = kernel::Filters { weights, start: &wide(start), groups: *groups };
                kernel::convolve(&wide(data), shape, &filters, window, &self.shape, multiply_add)
            }
            FixedOp::Gemm { weights, start } => kernel::multiply(weights, &wide(start), &wide(data), multiply_add),
            FixedOp::SumPool(window) => kernel::pool(&wide(data), shape, window, &self.shape, 0, i128::saturating_add),
            FixedOp::Add => data.iter().zip(inputs[1].0).map(|(&x, &y)| i128::from(x) + i128::from(y)).collect(),
            FixedOp::Clip { low, high, shift } => {
                let clipped = |(&x, &y): (&i64, &i64)| match x {
                    _ if x >= *high => high >> shift,
                    _ if x < *low => low >> shift,
                    _ => y,
                };
                data.iter().zip(output).map(|both| clipped(both).into()).collect()
            }
            FixedOp::Relu { .. }
            | FixedOp::Truncate { .. }
            | FixedOp::MaxPool(_)
            | FixedOp::Concat
            | FixedOp::Flatten => return as_they_are(),
        };
        Reached::of(sums.into_iter(), self.ring_bits)
    }
}

#[cfg(test)]
mod tests {
    use super::super::layer::signed;
    use super::super::truncation::Faithful;
    use super::*;
    use crate::model::{Value, Window};

    fn layer(op: FixedOp, ring_bits: u32, shape: &[usize]) -> FixedLayer {
        let (name, inputs, shape) = (String::new(), vec![Value::Input], shape.to_vec());
        let (bound, range, wraps) = (1, [-1, 1], true);
        FixedLayer { node: 0, name, op, gathers: false, inputs, shape, unit: 1.0, bound, ring_bits, range, wraps }
    }

    /// Every operator that may leave its ring of four bits: what it reaches, how often it wraps, and that the output is that modulo 16.
    #[test]
    fn what_wraps_is_counted_and_its_size_is_told() {
        let window = Window { size: [1, 2], stride: [1, 1], pads: [0; 4] };
        let weights = vec![3, 2, -3, -2];
        let conv = FixedOp::Conv { weights: weights.clone(), start: vec![1, -1], window, groups: 1 };
        let gemm = FixedOp::Gemm { weights, start: vec![1, -1] };
        let clip = FixedOp::Clip { low: 17, high: 100, shift: 0 };
        for (op, shape, inputs, least, most, wrapped) in [
            (conv, &[2, 1, 2][..], &[&[2, 1, 1][..]][..], -9, 9, 2),
            (gemm, &[2], &[&[2, 1]], -9, 9, 2),
            (FixedOp::SumPool(window), &[1, 1, 2], &[&[7, 1, -1]], 0, 8, 1),
            (FixedOp::Add, &[3], &[&[7, -8, 3], &[1, -1, 4]], -9, 8, 2),
            (clip, &[2], &[&[-8, 7]], 17, 17, 2),
            (FixedOp::Flatten, &[2], &[&[-8, 7]], -8, 7, 0),
        ] {
            let layer = layer(op, 4, shape);
            let inputs: Vec<(&[i64], &[usize])> =
                inputs.iter().map(|data| (*data, if shape.len() == 3 { &[1, 1, 3][..] } else { shape })).collect();
            let output = layer.apply(&inputs, &mut Faithful);
            let reached = layer.reached(&inputs, &output);
            assert_eq!(reached, Reached { least, most, wrapped }, "{:?}", layer.op);
            let within = |value: i128| signed(i64::try_from(value).expect("small"), 4);
            assert!(output.contains(&within(least)) && output.contains(&within(most)), "{:?}: {output:?}", layer.op);
        }
    }

    /// Sums that exceed a word are told as they are.
    #[test]
    fn sums_beyond_a_word_are_told() {
        let gemm = FixedOp::Gemm { weights: vec![1 << 49, 1 << 49], start: vec![0] };
        let layer = layer(gemm, 62, &[1]);
        let input = [1_i64 << 60, 1 << 60];
        let reached = layer.reached(&[(&input, &[2])], &layer.apply(&[(&input, &[2])], &mut Faithful));
        assert_eq!((reached.most, reached.bits(), reached.wrapped), (1 << 110, 112, 1));
    }
}
