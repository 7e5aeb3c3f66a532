//! One layer on integers, and the rule by which it wraps.

use super::truncation::Truncation;
use crate::kernel;
use crate::model::{Value, Window};

/// The operator of a layer on integers, with its weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FixedOp {
    /// A convolution, with weights `[out, in/groups, height, width]`.
    Conv {
        /// The weights of the filters.
        weights: Vec<i64>,
        /// The biases, from which the sums of each filter start.
        start: Vec<i64>,
        /// The window in which the filters slide over the input.
        window: Window,
        /// The number of independent groups of channels.
        groups: usize,
    },
    /// A fully connected layer, with weights `[out, in]`.
    Gemm {
        /// The matrix of weights.
        weights: Vec<i64>,
        /// The biases, from which the sum of each output starts.
        start: Vec<i64>,
    },
    /// The larger of each element and 0, truncated by `shift` bits.
    Relu {
        /// The number of bits that are dropped.
        shift: u32,
    },
    /// Each element cut to a range, `min(max(x, low), high)`, and truncated by `shift` bits. The ends are truncated to their floors.
    Clip {
        /// The lower end, at most `2^61` in size.
        low: i64,
        /// The upper end, at least `low` and at most `2^61` in size.
        high: i64,
        /// The number of bits that are dropped.
        shift: u32,
    },
    /// Each element truncated by `shift` bits.
    Truncate {
        /// The number of bits that are dropped.
        shift: u32,
    },
    /// The largest element in each window.
    MaxPool(Window),
    /// The sum of each window.
    SumPool(Window),
    /// The sum of two inputs, element by element.
    Add,
    /// The inputs one after the other, along the channels.
    Concat,
    /// The input as a tensor of one dimension.
    Flatten,
}

impl FixedOp {
    /// Returns the name of the operator in lower case: that of the model, or `truncate`.
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

/// One layer of a network on integers.
#[derive(Clone, Debug, PartialEq)]
pub struct FixedLayer {
    /// The index of the ONNX node that the layer comes from.
    pub node: usize,
    /// The name of that node.
    pub name: String,
    /// The operator, with its weights.
    pub op: FixedOp,
    /// Whether the layer adds up the pieces of an activation. It is the second linear layer of its node.
    pub gathers: bool,
    /// The values that the layer reads.
    pub inputs: Vec<Value>,
    /// The shape of the output.
    pub shape: Vec<usize>,
    /// The unit of the output: the number that its integer 1 stands for.
    pub unit: f64,
    /// The size that no output exceeds, before any wrapping. A size beyond `2^64 - 1` is stated as that.
    pub bound: u64,
    /// The bits of the ring that the output is in.
    pub ring_bits: u32,
    /// The least and the largest number that an output can be, after any wrapping.
    pub range: [i64; 2],
    /// Whether some output is not proved to fit the ring.
    pub wraps: bool,
}

impl FixedLayer {
    /// Returns what tells the layer from others of its node: the operator in lower case, or `gather` where it adds up the pieces of an activation.
    #[must_use]
    pub fn operator(&self) -> &'static str {
        if self.gathers { "gather" } else { self.op.name() }
    }

    /// Returns whether an output may exceed the ring, and so wrap.
    #[must_use]
    pub fn may_wrap(&self) -> bool {
        self.wraps
    }

    /// Computes the sums of a convolution or a fully connected layer modulo `2^64`, from inputs of a shape. Returns `None` for any other layer.
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

    /// Computes the outputs over the integers (sums modulo `2^64`, which every ring's modulus divides), and reduces them into the ring.
    #[expect(clippy::expect_used, reason = "these two operators are those that have sums")]
    pub(super) fn apply(&self, inputs: &[(&[i64], &[usize])], truncation: &mut impl Truncation) -> Vec<i64> {
        let (data, shape) = inputs[0];
        let mut values: Vec<i64> = match &self.op {
            FixedOp::Conv { .. } | FixedOp::Gemm { .. } => self.sums(data, shape).expect("a linear layer has sums"),
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
pub(super) fn signed(x: i64, bits: u32) -> i64 {
    let drop = i64::BITS - bits;
    (x << drop) >> drop
}

#[cfg(test)]
mod tests {
    use super::super::truncation::Faithful;
    use super::*;

    fn output(op: FixedOp, ring_bits: u32, inputs: &[&[i64]]) -> Vec<i64> {
        let shape = vec![inputs[0].len()];
        let layer = FixedLayer {
            node: 0,
            name: String::new(),
            op,
            gathers: false,
            inputs: vec![Value::Input; inputs.len()],
            shape: shape.clone(),
            unit: 1.0,
            bound: 1,
            ring_bits,
            range: [-1, 1],
            wraps: true,
        };
        let inputs: Vec<(&[i64], &[usize])> = inputs.iter().map(|data| (*data, shape.as_slice())).collect();
        layer.apply(&inputs, &mut Faithful)
    }

    #[test]
    fn residues_are_read_as_signed() {
        let expected = [(-9, 7), (-8, -8), (-1, -1), (0, 0), (7, 7), (8, -8), (15, -1), (16, 0)];
        for (x, residue) in expected {
            assert_eq!(signed(x, 4), residue, "{x}");
        }
        assert_eq!(signed(i64::MIN, 62), 0);
    }

    /// Sums may leave the ring, and wrap.
    #[test]
    fn sums_wrap() {
        assert_eq!(output(FixedOp::Add, 4, &[&[7, -8, 3], &[1, -1, 4]]), [-8, 7, 7]);
        let gemm = FixedOp::Gemm { weights: vec![3, 2, -3, -2], start: vec![1, -1] };
        assert_eq!(output(gemm, 4, &[&[2, 1]]), [-7, 7], "9 and -9 of four bits");
    }

    /// What only compares or drops bits never wraps.
    #[test]
    fn comparisons_do_not_wrap() {
        let ends: &[i64] = &[-8, -1, 0, 7];
        assert_eq!(output(FixedOp::Relu { shift: 0 }, 4, &[ends]), [0, 0, 0, 7]);
        assert_eq!(output(FixedOp::Relu { shift: 1 }, 4, &[ends]), [0, 0, 0, 3]);
        assert_eq!(output(FixedOp::Truncate { shift: 1 }, 4, &[ends]), [-4, -1, 0, 3]);
        assert_eq!(output(FixedOp::Concat, 4, &[&[-8, 7], &[0, 1]]), [-8, 7, 0, 1]);
    }

    /// A value at or beyond an end becomes the end's floor. An end beyond the ring is met by no value, but where every value lies beyond
    /// it, it is the result, reduced.
    #[test]
    fn the_ends_of_a_clip_are_compared_as_they_are() {
        let clip = |low, high, shift| FixedOp::Clip { low, high, shift };
        assert_eq!(output(clip(-3, 5, 0), 4, &[&[-8, -3, 0, 5, 7]]), [-3, -3, 0, 5, 5]);
        assert_eq!(output(clip(-3, 5, 1), 4, &[&[-8, -3, 0, 5, 7]]), [-2, -2, 0, 2, 2]);
        assert_eq!(output(clip(-100, 100, 0), 4, &[&[-8, 7]]), [-8, 7]);
        assert_eq!(output(clip(17, 100, 0), 4, &[&[-8, 7]]), [1, 1]);
    }
}
