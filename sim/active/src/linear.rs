//! The shape of a linear layer: which weight it multiplies with which input, and for which output.
//!
//! A fully connected layer is a convolution of images of one pixel, with a channel for each input.

use fusion_nn::fixed::{FixedLayer, FixedOp};
use fusion_nn::model::Window;

/// A linear layer without its weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linear {
    /// The number of independent groups of channels.
    pub groups: usize,
    /// The filters of a group: each gives a channel of the output.
    pub filters: usize,
    /// The channels of the input of a group.
    pub depth: usize,
    /// The height and width of the input.
    pub size: [usize; 2],
    /// The window in which the filters slide over the input.
    pub window: Window,
    /// The height and width of the output.
    pub output: [usize; 2],
}

/// The window of a fully connected layer.
const WHOLE: Window = Window { size: [1; 2], stride: [1; 2], pads: [0; 4] };

impl Linear {
    /// The shape of a layer with an input of this shape; `None` for a layer that is not linear.
    ///
    /// # Panics
    /// If a convolution has an input or output that is no image.
    #[must_use]
    pub fn of(layer: &FixedLayer, input: &[usize]) -> Option<Self> {
        match &layer.op {
            FixedOp::Gemm { start, .. } => Some(Self {
                groups: 1,
                filters: start.len(),
                depth: input.iter().product(),
                size: [1; 2],
                window: WHOLE,
                output: [1; 2],
            }),
            FixedOp::Conv { start, window, groups, .. } => Some(Self {
                groups: *groups,
                filters: start.len() / groups,
                depth: input[0] / groups,
                size: [input[1], input[2]],
                window: *window,
                output: [layer.shape[1], layer.shape[2]],
            }),
            _ => None,
        }
    }

    /// The filters of all groups, each with a bias.
    #[must_use]
    pub const fn biases(&self) -> usize {
        self.groups * self.filters
    }

    /// The number of weights without the biases.
    #[must_use]
    pub const fn weights(&self) -> usize {
        self.biases() * self.depth * self.window.size[0] * self.window.size[1]
    }

    /// The number of inputs.
    #[must_use]
    pub const fn inputs(&self) -> usize {
        self.groups * self.depth * self.size[0] * self.size[1]
    }

    /// The number of outputs.
    #[must_use]
    pub const fn outputs(&self) -> usize {
        self.biases() * self.output[0] * self.output[1]
    }

    /// The number of products: those with padding are left out.
    #[must_use]
    pub fn products(&self) -> usize {
        let cells: usize = self.places().map(|at| self.window.cells(at, self.size).count()).sum();
        self.biases() * self.depth * cells
    }

    /// What each output sums, one filter after the other: the filter, and the places of the weights and of the inputs that are multiplied.
    pub fn terms(&self) -> impl Iterator<Item = (usize, Vec<(usize, usize)>)> + '_ {
        let outputs = (0..self.biases()).flat_map(|filter| self.places().map(move |at| (filter, at)));
        outputs.map(|(filter, at)| (filter, self.pairs(filter, at)))
    }

    /// The sums of products of weights and inputs, by output.
    #[must_use]
    pub fn apply<T>(&self, zero: T, mut add_product: impl FnMut(T, usize, usize) -> T) -> Vec<T>
    where
        T: Copy,
    {
        let mut sum =
            |pairs: Vec<(usize, usize)>| pairs.iter().fold(zero, |sum, &(weight, at)| add_product(sum, weight, at));
        self.terms().map(|(_, pairs)| sum(pairs)).collect()
    }

    fn pairs(&self, filter: usize, at: [usize; 2]) -> Vec<(usize, usize)> {
        let Self { depth, filters, size: [rows, columns], window, .. } = *self;
        let cells = window.size[0] * window.size[1];
        let under = window.cells(at, [rows, columns]).flat_map(|(offset, row, column)| {
            (0..depth).map(move |channel| {
                let plane = (filter / filters * depth + channel) * rows * columns;
                ((filter * depth + channel) * cells + offset, plane + row * columns + column)
            })
        });
        under.collect()
    }

    fn places(&self) -> impl Iterator<Item = [usize; 2]> + use<> {
        let [rows, columns] = self.output;
        (0..rows).flat_map(move |y| (0..columns).map(move |x| [y, x]))
    }
}
