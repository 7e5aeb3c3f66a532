//! Linear layers: the client's share under encryption, the server's weights in the clear.

use fusion_nn::model::Window;

/// What a linear layer maps to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A convolution.
    Conv {
        /// Channels, height and width of the input.
        image: [usize; 3],
        /// Channels of the output.
        filters: usize,
        /// Where the filters slide.
        window: Window,
    },
    /// A matrix.
    Gemm {
        /// Columns.
        inputs: usize,
        /// Rows.
        outputs: usize,
    },
}
