//! A network as the two parties compute it: a list of functionalities with their rings. It is public, and holds no weights.
//!
//! Each value is held in the smallest ring that suffices for the next functionality, and extended where a larger one is needed.
//! Rectified values are held in few bits; a sum over a window needs two more, and only its pooled values go on to the next
//! layer's ring. For families that compute everything modulo one number, all values are held modulo it.
//!
//! Invariant: a value here is the integer of [`fusion_nn::fixed`], whose rule for wrapping is the only one. A layer that may wrap is
//! computed in exactly its own ring, so that its residue, read as signed, is the reference's; every other layer is computed in
//! some ring that its integers fit. A comparison gets the ring that also holds the difference.

mod build;
mod check;
mod demand;
mod step;
mod unsupported;

pub use demand::{Demand, bits_for, demands, meets, met_by_some};
pub use step::{ARGMAX, Circuit, Op, Step};
pub use unsupported::{Draft, Unsupported};
