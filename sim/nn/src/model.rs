//! Layers as data: a feed-forward network, checked when it is made.
//!
//! Invariant: every value a layer reads is the input or an earlier layer's output, all shapes fit, and every number is finite.

use crate::tensor::Tensor;

/// A value: the input, or a layer's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// The image.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height and width.
    pub size: [usize; 2],
    /// Steps down and right.
    pub stride: [usize; 2],
    /// Zeros added at the top, left, bottom and right.
    pub pads: [usize; 4],
}

impl Window {
    /// Height and width of what it slides over into; `None` where the window does not fit once.
    #[must_use]
    pub fn output(&self, input: [usize; 2]) -> Option<[usize; 2]> {
        let Self { size, stride, pads } = self;
        let along = |axis: usize| {
            let padded = input[axis].checked_add(pads[axis])?.checked_add(pads[axis + 2])?;
            Some(padded.checked_sub(size[axis])? / stride[axis] + 1)
        };
        Some([along(0)?, along(1)?])
    }

    /// The cells of the input under the window at output position `at`, as `(offset in the window, row, column)`; padding is
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

/// What a layer does.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Convolution. Weights `[out, in/groups, height, width]`.
    Conv {
        /// The filters.
        weights: Tensor<f32>,
        /// One for each filter.
        bias: Vec<f32>,
        /// Where they slide.
        window: Window,
        /// Inputs and outputs fall into this many independent groups.
        groups: usize,
    },
    /// Fully connected. Weights `[out, in]`.
    Gemm {
        /// The matrix.
        weights: Tensor<f32>,
        /// One for each output.
        bias: Vec<f32>,
    },
    /// `max(x, 0)`.
    Relu,
    /// `min(max(x, low), high)`. An end that the file leaves out is the least or the largest `f32`, as in ONNX.
    Clip {
        /// Lower end.
        low: f32,
        /// Upper end.
        high: f32,
    },
    /// The largest in each window.
    MaxPool(Window),
    /// The mean of each window, without padding.
    AveragePool(Window),
    /// Element by element.
    Add,
    /// Along the channels.
    Concat,
    /// To one dimension.
    Flatten,
}

impl Op {
    /// The name of the operator in lower case.
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

    /// The numbers of the file that it computes with: weights, biases, ends.
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

/// One layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Index of the ONNX node that it comes from.
    pub node: usize,
    /// That node's name, or its first output's.
    pub name: String,
    /// What it does.
    pub op: Op,
    /// What it reads.
    pub inputs: Vec<Value>,
    /// Shape of its output, without the batch.
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
    /// A checked network; only the importer makes one.
    pub(crate) fn new(input: [usize; 3], layers: Vec<Layer>, output: usize) -> Self {
        Self { input, layers, output }
    }

    /// Channels, height and width of the image.
    #[must_use]
    pub fn input(&self) -> [usize; 3] {
        self.input
    }

    /// In an order in which each can be evaluated.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The layer whose output the logits are.
    #[must_use]
    pub fn output(&self) -> usize {
        self.output
    }

    /// Classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.layers[self.output].shape[0]
    }

    /// Shape of a value, without the batch.
    #[must_use]
    pub fn shape(&self, value: Value) -> &[usize] {
        match value {
            Value::Input => &self.input,
            Value::Layer(index) => &self.layers[index].shape,
        }
    }
}
