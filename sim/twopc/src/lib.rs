//! Semi-honest two-party inference: a client with an image and a server with a network, each on its own thread, and between them
//! nothing but a metered link.
//!
//! The two roles run the same straight-line functions, one for each protocol of the literature, named above it. Every message
//! has a length that both sides know beforehand, so that no byte of a peer decides an allocation.
//!
//! Invariant: protocol code does not know of cheating. Deviations enter at a [`wire::link::Link`] and nowhere else.

#![expect(clippy::cast_possible_truncation, reason = "bits, digits and ring elements are masked to their width")]

pub mod address;
pub mod backend;
pub mod bits;
pub mod circuit;
pub mod cost;
pub mod evaluate;
pub mod he;
pub mod ideal;
pub mod linear;
pub mod ot;
pub mod party;
pub mod random;
pub mod role;
pub mod session;
pub mod share;
pub mod wire;

/// What the wire in memory synchronises with.
mod sync {
    pub use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
}
