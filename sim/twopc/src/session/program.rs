//! What a server that runs a program decides for itself.

use crate::backend::Reading;
use std::ops::Range;

/// A server's program: it sees what the server reads of the slots, chunk by chunk, and decides what is answered on them. It keeps what it has seen from one chunk to
/// the next. It never sees the images, the labels, or which sample is in which slot.
pub trait ServerProgram: Send {
    /// Is told what the server has read of each slot of a chunk, and may change what it says on each: `labels` has, for each slot, the label that is said for
    /// each class.
    fn answer(&mut self, slots: Range<usize>, readings: &[Reading], labels: &mut [Vec<u32>]);

    /// Names two slots, once all are answered, that it takes for copies of one query; `None` for a program that does not play the linking game.
    fn link(&self) -> Option<[usize; 2]> {
        None
    }
}
