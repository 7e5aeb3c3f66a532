//! Semi-honest two-party inference: a client with an image and a server with a network, each on its own thread, and between them
//! nothing but a metered link.
//!
//! The two roles run the same straight-line functions, one for each protocol of the literature, named above it. Every message
//! has a length that both sides know beforehand, so that no byte of a peer decides an allocation.
//!
//! Invariant: protocol code does not know of cheating. Deviations enter at a [`link::Link`] and nowhere else.

#![expect(clippy::cast_possible_truncation, reason = "bits, digits and ring elements are masked to their width")]

pub mod address;
pub mod and;
pub mod backend;
pub mod bits;
pub mod circuit;
pub mod clip;
pub mod clock;
pub mod compare;
pub mod cost;
pub mod duplex;
pub mod evaluate;
pub mod extend;
pub mod he;
pub mod hook;
pub mod ideal;
pub mod linear;
pub mod link;
pub mod maximum;
pub mod meter;
pub mod ot;
pub mod party;
pub mod product;
pub mod random;
pub mod relu;
pub mod session;
pub mod tcp;
pub mod truncate;

/// What the wire in memory synchronises with.
mod sync {
    pub use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
}
