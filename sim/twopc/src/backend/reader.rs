//! Servers that deviate to learn what slots hold.

use super::protocols::Protocols;

/// What a server has read of a slot: bytes, as many for each slot. How they compare for copies and for other images, [`Exposure`] says.
pub type Reading = Vec<u8>;

/// How much a server reads of slots that looks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exposure {
    /// Nothing that depends on what they hold.
    #[default]
    Nothing,
    /// Readings that differ in fewer bits, on average, for copies than for other images.
    Likeness,
    /// Readings that are the same for copies.
    Samples,
}

/// The server of a chunk of a family that exposes its slots: it deviates to read them, and does otherwise what a server does.
pub trait Reader: Protocols {
    /// What it has read of each slot, in order.
    fn readings(&self) -> Vec<Reading>;
}
