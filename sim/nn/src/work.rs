//! The work of one inference, counted from the shapes. Cells of padding count as any other.

use crate::fixed::{FixedLayer, FixedOp};

impl FixedLayer {
    /// Counts the multiplications by weights that one inference takes in this layer.
    #[must_use]
    pub fn multiplications(&self) -> u64 {
        let count = match &self.op {
            FixedOp::Conv { weights, .. } => weights.len() * self.shape[1..].iter().product::<usize>(),
            FixedOp::Gemm { weights, .. } => weights.len(),
            FixedOp::Relu { .. }
            | FixedOp::Clip { .. }
            | FixedOp::Truncate { .. }
            | FixedOp::MaxPool(_)
            | FixedOp::SumPool(_)
            | FixedOp::Add
            | FixedOp::Concat
            | FixedOp::Flatten => 0,
        };
        count as u64
    }

    /// Counts the comparisons that one inference takes in this layer: one for each ReLU, two for each clip, and for each window of a max pooling one
    /// less than it has cells.
    #[must_use]
    pub fn comparisons(&self) -> u64 {
        let each = match &self.op {
            FixedOp::Relu { .. } => 1,
            FixedOp::Clip { .. } => 2,
            FixedOp::MaxPool(window) => window.size[0] * window.size[1] - 1,
            FixedOp::Conv { .. }
            | FixedOp::Gemm { .. }
            | FixedOp::Truncate { .. }
            | FixedOp::SumPool(_)
            | FixedOp::Add
            | FixedOp::Concat
            | FixedOp::Flatten => 0,
        };
        (each * self.shape.iter().product::<usize>()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Value, Window};

    fn layer(op: FixedOp, shape: &[usize]) -> FixedLayer {
        let (name, inputs, shape) = (String::new(), vec![Value::Input], shape.to_vec());
        let (bound, ring_bits, range, wraps) = (1, 2, [-1, 1], false);
        FixedLayer { node: 0, name, op, gathers: false, inputs, shape, unit: 1.0, bound, ring_bits, range, wraps }
    }

    #[test]
    fn counts_follow_the_shapes() {
        let window = |size| Window { size: [size; 2], stride: [1, 1], pads: [0; 4] };
        let conv = FixedOp::Conv { weights: vec![1; 6 * 25], start: vec![0; 6], window: window(5), groups: 1 };
        let gemm = FixedOp::Gemm { weights: vec![1; 120 * 84], start: vec![0; 84] };
        for (op, shape, multiplications, comparisons) in [
            (conv, &[6, 24, 24][..], 86_400, 0),
            (gemm, &[84], 10_080, 0),
            (FixedOp::Relu { shift: 3 }, &[6, 24, 24], 0, 3_456),
            (FixedOp::Clip { low: 0, high: 9, shift: 0 }, &[10], 0, 20),
            (FixedOp::MaxPool(window(2)), &[6, 12, 12], 0, 3 * 864),
            (FixedOp::MaxPool(window(1)), &[6, 12, 12], 0, 0),
            (FixedOp::SumPool(window(2)), &[6, 12, 12], 0, 0),
        ] {
            let layer = layer(op, shape);
            assert_eq!((layer.multiplications(), layer.comparisons()), (multiplications, comparisons), "{layer:?}");
        }
    }
}
