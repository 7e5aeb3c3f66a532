//! How often a sum of two shares wraps, which truncation must know: from the halves in which the shares lie and the sign of the value.

/// What is known of the signs of values.
#[derive(Clone, Copy, Debug)]
pub enum Signs<'a> {
    /// No value is below 0.
    Positive,
    /// Shares of the bits `x >= 0`.
    Shared(&'a [u8]),
}

impl Signs<'_> {
    /// A party's share of whether a value is below 0.
    pub fn negative(self, at: usize, lead: u8) -> u8 {
        match self {
            Signs::Positive => 0,
            Signs::Shared(positive) => positive[at] ^ lead,
        }
    }
}

/// `w + m`, from whether each party's share is in the upper half (bit 0) and its share of `m` (bit 1). Of two shares in different halves the sum wraps iff the value
/// is not negative.
pub fn wraps_and_sign(a: u8, b: u8) -> u64 {
    let (tops, negative) = ((a & 1) + (b & 1), (a ^ b) >> 1);
    match tops {
        0 => negative.into(),
        1 => 1,
        _ => 1 + u64::from(negative),
    }
}
