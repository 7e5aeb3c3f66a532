//! A feed-forward network as data, checked when it is made.
//!
//! Invariant: every value a layer reads is the input or an earlier layer's output, all shapes fit, and every number is finite.

use crate::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// A value that a layer reads: the input, or the output of an earlier layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Value {
    /// The image that the network reads.
    Input,
    /// The output of the layer at this place in [`Model::layers`].
    Layer(usize),
}

/// A window that slides over height and width.
///
/// ```
/// use fusion_nn::model::Window;
/// // Three by three, one row and column of zeros around, every other place.
/// let window = Window { size: [3, 3], stride: [2, 2], pads: [1; 4] };
/// assert_eq!(window.output([28, 28]), Some([14, 14]));
/// let corner: Vec<_> = window.cells([0, 0], [28, 28]).collect();
/// assert_eq!(corner, [(4, 0, 0), (5, 0, 1), (7, 1, 0), (8, 1, 1)], "padding is skipped");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The window's height and width.
    pub size: [usize; 2],
    /// How far the window moves down and right at each step.
    pub stride: [usize; 2],
    /// How many zeros are added at the top, left, bottom and right of what the window slides over.
    pub pads: [usize; 4],
}

impl Window {
    /// Computes the height and width of the output from those of the input. Returns `None` where the window does not fit even once.
    #[must_use]
    pub fn output(&self, input: [usize; 2]) -> Option<[usize; 2]> {
        let Self { size, stride, pads } = self;
        let along = |axis: usize| {
            let padded = input[axis].checked_add(pads[axis])?.checked_add(pads[axis + 2])?;
            Some(padded.checked_sub(size[axis])? / stride[axis] + 1)
        };
        Some([along(0)?, along(1)?])
    }

    /// Lists the cells of the input under the window at output position `at`, as `(offset in the window, row, column)`. Padding is
    /// skipped.
    pub fn cells(&self, at: [usize; 2], input: [usize; 2]) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
        let Self { size: [rows, columns], stride, pads } = *self;
        let [top, left] = [at[0] * stride[0], at[1] * stride[1]];
        (0..rows).flat_map(move |row| {
            let y = (top + row).checked_sub(pads[0]).filter(|&y| y < input[0]);
            (0..columns).filter_map(move |column| {
                let x = (left + column).checked_sub(pads[1]).filter(|&x| x < input[1])?;
                Some((row * columns + column, y?, x))
            })
        })
    }
}

/// The operator of a layer, with its weights.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// A convolution, with weights `[out, in/groups, height, width]`.
    Conv {
        /// The weights of the filters.
        weights: Tensor<f32>,
        /// The biases, one for each filter.
        bias: Vec<f32>,
        /// The window in which the filters slide over the input.
        window: Window,
        /// The number of independent groups into which the channels of input and output are divided.
        groups: usize,
    },
    /// A fully connected layer, with weights `[out, in]`.
    Gemm {
        /// The matrix of weights.
        weights: Tensor<f32>,
        /// The biases, one for each output.
        bias: Vec<f32>,
    },
    /// The larger of each element and 0: `max(x, 0)`.
    Relu,
    /// Each element cut to a range: `min(max(x, low), high)`. An end that the file leaves out is the least or the largest `f32`, as in ONNX.
    Clip {
        /// The lower end of the range.
        low: f32,
        /// The upper end of the range.
        high: f32,
    },
    /// The largest element in each window.
    MaxPool(Window),
    /// The mean of each window, which has no padding.
    AveragePool(Window),
    /// The sum of two inputs, element by element.
    Add,
    /// The inputs one after the other, along the channels.
    Concat,
    /// The input as a tensor of one dimension.
    Flatten,
}

impl Op {
    /// Returns the name of the operator in lower case.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Conv { .. } => "conv",
            Self::Gemm { .. } => "gemm",
            Self::Relu => "relu",
            Self::Clip { .. } => "clip",
            Self::MaxPool(_) => "maxpool",
            Self::AveragePool(_) => "averagepool",
            Self::Add => "add",
            Self::Concat => "concat",
            Self::Flatten => "flatten",
        }
    }

    /// Lists the numbers of the file that the operator computes with: weights, biases, and the ends of a clip.
    pub fn numbers(&self) -> impl Iterator<Item = f32> + '_ {
        let (some, more): (&[f32], &[f32]) = match self {
            Self::Conv { weights, bias, .. } | Self::Gemm { weights, bias } => (weights.data(), bias),
            Self::Clip { low, high } => (std::slice::from_ref(low), std::slice::from_ref(high)),
            Self::Relu | Self::MaxPool(_) | Self::AveragePool(_) | Self::Add | Self::Concat | Self::Flatten => {
                (&[], &[])
            }
        };
        some.iter().chain(more).copied()
    }
}

/// One layer of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The index of the ONNX node that the layer comes from.
    pub node: usize,
    /// The name of that node, or of its first output where it has none.
    pub name: String,
    /// The operator, with its weights.
    pub op: Op,
    /// Whether the layer adds up the pieces of an activation. It is the second linear layer of its node.
    pub gathers: bool,
    /// The values that the layer reads.
    pub inputs: Vec<Value>,
    /// The shape of the output, without the batch.
    pub shape: Vec<usize>,
}

/// A network from one image to one vector of logits.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    input: [usize; 3],
    layers: Vec<Layer>,
    output: usize,
}

impl Model {
    /// Makes a network of what the importer, which alone calls this, has checked.
    pub(crate) fn new(input: [usize; 3], layers: Vec<Layer>, output: usize) -> Self {
        Self { input, layers, output }
    }

    /// Returns the channels, height and width of the image.
    #[must_use]
    pub fn input(&self) -> [usize; 3] {
        self.input
    }

    /// Returns the layers, in an order in which they can be evaluated.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Returns the index of the layer whose output is the logits.
    #[must_use]
    pub fn output(&self) -> usize {
        self.output
    }

    /// Returns the number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.layers[self.output].shape[0]
    }

    /// Returns the shape of a value, without the batch.
    #[must_use]
    pub fn shape(&self, value: Value) -> &[usize] {
        match value {
            Value::Input => &self.input,
            Value::Layer(index) => &self.layers[index].shape,
        }
    }
}
