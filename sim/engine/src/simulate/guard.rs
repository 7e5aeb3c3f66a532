//! Predicates of an image, which limit where a move takes effect.

use std::collections::BTreeSet;

/// A predicate of an image.
#[derive(Clone, Debug)]
pub enum Guard {
    /// The pixel at this place (in channel, row, column order) is at least so bright.
    Pixel {
        /// Its place.
        index: usize,
        /// Its least value.
        at_least: u8,
    },
    /// The image is one of these.
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
