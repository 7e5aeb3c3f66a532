//! Linear layers by their shapes, apart from how they are packed.

use crate::he::parameters::Bound;
use fusion_nn::fixed::FixedOp;
use fusion_nn::model::Window;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The shape of a linear layer, for one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    /// A convolution, with weights `[filters, channels / groups, height, width]`.
    Conv {
        /// The channels, the height and the width of the input.
        image: [usize; 3],
        /// The number of channels of the output.
        filters: usize,
        /// The size, the stride and the padding of the filters.
        window: Window,
        /// The number of independent groups, in equal parts of the channels and of the filters: a filter sees the channels of its own. It divides both numbers.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        groups: usize,
    },
    /// A fully connected layer, with weights `[outputs, inputs]`.
    Gemm {
        /// The length of the input.
        inputs: usize,
        /// The length of the output.
        outputs: usize,
    },
}

fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(groups: &usize) -> bool {
    *groups == 1
}

impl Shape {
    /// The shape of a layer on an input; `None` if the layer is not linear.
    #[must_use]
    pub fn of(op: &FixedOp, input: &[usize]) -> Option<Self> {
        match (op, input) {
            (FixedOp::Conv { start, window, groups, .. }, &[channels, height, width]) => {
                let image = [channels, height, width];
                Some(Self::Conv { image, filters: start.len(), window: *window, groups: *groups })
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

/// The weights of a linear layer, in the order of its [`Shape`], and its biases; `None` if the layer is not linear.
#[must_use]
pub fn constants(op: &FixedOp) -> Option<(&[i64], &[i64])> {
    match op {
        FixedOp::Conv { weights, start, .. } | FixedOp::Gemm { weights, start } => Some((weights, start)),
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
    /// The layer or the batch is empty, or its groups do not divide its channels and filters.
    #[error("the window does not fit the image, its groups are not equal parts, or there is nothing to compute")]
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
    pub groups: usize,
    pub output: [usize; 2],
}

impl Convolution {
    pub fn new(shape: Shape) -> Option<Self> {
        let cell = Window { size: [1, 1], stride: [1, 1], pads: [0; 4] };
        let (channels, image, filters, window, groups) = match shape {
            Shape::Conv { image: [channels, height, width], filters, window, groups } => {
                (channels, [height, width], filters, window, groups)
            }
            Shape::Gemm { inputs, outputs } => (inputs, [1, 1], outputs, cell, 1),
        };
        let output = window.output(image)?;
        let whole = channels * filters * image[0] * image[1] * window.size[0] * window.size[1] * groups > 0;
        let parts = whole && channels.is_multiple_of(groups) && filters.is_multiple_of(groups);
        parts.then_some(Self { channels, image, filters, window, groups, output })
    }

    pub fn inputs(&self) -> usize {
        self.channels * self.image[0] * self.image[1]
    }

    pub fn outputs(&self) -> usize {
        self.filters * self.output[0] * self.output[1]
    }

    /// Of one filter.
    pub fn weights(&self) -> usize {
        self.channels / self.groups * self.cells()
    }

    /// Of the window.
    pub fn cells(&self) -> usize {
        self.window.size[0] * self.window.size[1]
    }

    /// The channels that a filter sees.
    pub fn seen(&self, filter: usize) -> Range<usize> {
        let (depth, each) = (self.channels / self.groups, self.filters / self.groups);
        filter / each * depth..(filter / each + 1) * depth
    }

    /// A filter's weights for a channel, cell by cell; `None` where it does not see it.
    pub fn filter_cells<'w, T>(&self, weights: &'w [T], filter: usize, channel: usize) -> Option<&'w [T]> {
        let seen = self.seen(filter);
        let first = filter * self.weights();
        seen.contains(&channel).then(|| &weights[first + (channel - seen.start) * self.cells()..][..self.cells()])
    }

    /// Rows and columns of the image, padding included, that some output rows depend on.
    pub fn plane(&self, rows: usize) -> [usize; 2] {
        let along = |axis: usize, outputs: usize| (outputs - 1) * self.window.stride[axis] + self.window.size[axis];
        [along(0, rows), along(1, self.output[1])]
    }
}
