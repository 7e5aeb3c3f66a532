//! Precision, rings and pixels: how a network is put into integers.

/// Largest ring: products and sums stay within 64-bit words.
pub const MAX_RING_BITS: u32 = 62;
/// Most fractional bits.
pub const MAX_FRAC_BITS: u32 = 24;

/// How precisely to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Precision {
    /// Fractional bits of weights and activations, 1 to 24.
    pub frac_bits: u32,
    /// The rings.
    pub ring: Ring,
}

/// The integers modulo `2^l`, read as signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// For each layer the smallest that its outputs provably fit.
    Auto,
    /// The same for all, 2 to 62 bits: what does not fit wraps.
    Bits(u32),
}

/// What an 8-bit pixel `p` stands for: `p * scale + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pixels {
    /// The value of one step; positive.
    pub scale: f64,
    /// The value of 0.
    pub offset: f64,
}
