//! Linear layers by their shapes, apart from how they are packed.

use crate::he::parameters::Bound;
use fusion_nn::fixed::FixedOp;
use fusion_nn::model::Window;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The shape of a linear layer, for one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    /// A convolution in one group, with weights `[filters, channels, height, width]`, as [`dense`] returns them.
    Conv {
        /// The channels, the height and the width of the input.
        image: [usize; 3],
        /// The number of channels of the output.
        filters: usize,
        /// The size, the stride and the padding of the filters.
        window: Window,
    },
    /// A fully connected layer, with weights `[outputs, inputs]`.
    Gemm {
        /// The length of the input.
        inputs: usize,
        /// The length of the output.
        outputs: usize,
    },
}

impl Shape {
    /// The shape of a layer on an input; `None` if the layer is not linear, or if it has more than [`MAX_DENSE_WEIGHTS`] with zeros between its
    /// groups.
    #[must_use]
    pub fn of(op: &FixedOp, input: &[usize]) -> Option<Self> {
        match (op, input) {
            (FixedOp::Conv { weights, start, window, groups }, &[channels, height, width]) => {
                let fits = *groups == 1 || weights.len().saturating_mul(*groups) <= MAX_DENSE_WEIGHTS;
                let image = [channels, height, width];
                fits.then_some(Self::Conv { image, filters: start.len(), window: *window })
            }
            (FixedOp::Gemm { start, .. }, &[inputs]) => Some(Self::Gemm { inputs, outputs: start.len() }),
            _ => None,
        }
    }

    /// The dimensions of the input.
    #[must_use]
    pub fn input(&self) -> Vec<usize> {
        match self {
            Self::Conv { image, .. } => image.to_vec(),
            Self::Gemm { inputs, .. } => vec![*inputs],
        }
    }
}

/// The most weights of a convolution in several groups, counted with the zeros between the groups: they take 128 MiB.
pub const MAX_DENSE_WEIGHTS: usize = 1 << 24;

/// The weights and biases of a layer in the form of [`Shape::of`]; `None` if the layer is not linear.
///
/// A convolution in several groups becomes one over all channels, with zeros where a filter does not look. That takes no more bytes and no
/// more noise, but the server multiplies as many times more often as there are groups.
#[must_use]
pub fn dense(op: &FixedOp) -> Option<(Cow<'_, [i64]>, &[i64])> {
    match op {
        FixedOp::Conv { weights, start, groups, .. } if *groups > 1 => {
            let filter = weights.len() / start.len().max(1);
            let mut all = vec![0; weights.len() * groups];
            for (index, weights) in weights.chunks_exact(filter.max(1)).enumerate() {
                let group = index * groups / start.len();
                all[(index * groups + group) * filter..][..filter].copy_from_slice(weights);
            }
            Some((Cow::Owned(all), start))
        }
        FixedOp::Conv { weights, start, .. } | FixedOp::Gemm { weights, start } => {
            Some((Cow::Borrowed(weights), start))
        }
        _ => None,
    }
}

/// A linear layer: its shape, its ring, and a bound on its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinearLayer {
    /// The shape of the layer.
    pub shape: Shape,
    /// The number of bits of the ring of its inputs and outputs.
    pub ring_bits: u32,
    /// A bound on the weights of each output channel.
    pub bound: Bound,
    /// The bits of choices for each output that a client does not send if it draws its share of the output, as it does where weights are encrypted.
    pub choice_bits: u32,
}

impl LinearLayer {
    /// The number of elements of the output.
    #[must_use]
    pub fn outputs(&self) -> usize {
        Convolution::new(self.shape).map_or(0, |convolution| convolution.outputs())
    }
}

/// The reason why a layer has no layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The layer or the batch is empty.
    #[error("the window does not fit the image, or there is nothing to compute")]
    Empty,
    /// The rows of a window exceed every polynomial, or the noise exceeds every modulus.
    #[error("no secure parameters hold a row of the layer with exact answers in a ring of {ring_bits} bits")]
    TooLarge {
        /// The number of bits of the ring of the layer.
        ring_bits: u32,
    },
}

/// A layer as a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Convolution {
    pub channels: usize,
    pub image: [usize; 2],
    pub filters: usize,
    pub window: Window,
    pub output: [usize; 2],
}

impl Convolution {
    pub fn new(shape: Shape) -> Option<Self> {
        let cell = Window { size: [1, 1], stride: [1, 1], pads: [0; 4] };
        let (channels, image, filters, window) = match shape {
            Shape::Conv { image: [channels, height, width], filters, window } => {
                (channels, [height, width], filters, window)
            }
            Shape::Gemm { inputs, outputs } => (inputs, [1, 1], outputs, cell),
        };
        let output = window.output(image)?;
        let whole = channels * filters * image[0] * image[1] * window.size[0] * window.size[1] > 0;
        whole.then_some(Self { channels, image, filters, window, output })
    }

    pub fn inputs(&self) -> usize {
        self.channels * self.image[0] * self.image[1]
    }

    pub fn outputs(&self) -> usize {
        self.filters * self.output[0] * self.output[1]
    }

    /// Of one filter.
    pub fn weights(&self) -> usize {
        self.channels * self.window.size[0] * self.window.size[1]
    }

    /// Rows and columns of the image, padding included, that some output rows depend on.
    pub fn plane(&self, rows: usize) -> [usize; 2] {
        let along = |axis: usize, outputs: usize| (outputs - 1) * self.window.stride[axis] + self.window.size[axis];
        [along(0, rows), along(1, self.output[1])]
    }
}
