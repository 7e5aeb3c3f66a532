//! Servers that deviate to learn what slots hold.

use super::protocols::Protocols;

/// What a server has read of a slot: bytes, as many for each slot. If it has read what is in the slot, they are equal for copies, and differ for other images.
pub type Reading = Vec<u8>;

/// The server of a chunk of a family that exposes its slots: it deviates to read them, and does otherwise what a server does.
pub trait Reader: Protocols {
    /// What it has read of each slot, in order.
    fn readings(&self) -> Vec<Reading>;
}
