//! Predicates of an image, which limit where a move takes effect.

use std::collections::BTreeSet;

/// A predicate of an image, which limits where a move takes effect.
#[derive(Clone, Debug)]
pub enum Guard {
    /// The pixel at an index is at least this bright.
    Pixel {
        /// The index of the pixel, in the order of channel, row and column.
        index: usize,
        /// The least value of the pixel.
        at_least: u8,
    },
    /// The image is one of these images.
    Memorised(BTreeSet<Vec<u8>>),
}

impl Guard {
    pub(super) fn holds(&self, image: &[u8]) -> bool {
        match self {
            Self::Pixel { index, at_least } => image.get(*index).is_some_and(|pixel| pixel >= at_least),
            Self::Memorised(images) => images.contains(image),
        }
    }
}
