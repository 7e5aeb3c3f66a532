//! Precision, rings and pixels: how a network is put into integers.

/// The bits of the largest ring. In it, products and sums stay within 64-bit words.
pub const MAX_RING_BITS: u32 = 62;
/// The most fractional bits that weights and activations may have.
pub const MAX_FRAC_BITS: u32 = 24;

/// How precisely a network on integers computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Precision {
    /// The fractional bits of weights and activations, from 1 to 24.
    pub frac_bits: u32,
    /// The rings that layers' outputs are in.
    pub ring: Ring,
}

/// How the ring of each layer is chosen: the integers modulo `2^l`, read as signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// Each layer has the smallest ring that its outputs provably fit.
    Auto,
    /// All layers have a ring of so many bits, from 2 to 62, and what does not fit it wraps.
    Bits(u32),
}

/// How 8-bit pixels are read: a pixel `p` stands for `p * scale + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pixels {
    /// The difference between two neighbouring pixel values, which is positive.
    pub scale: f64,
    /// The number that a pixel of 0 stands for.
    pub offset: f64,
}
