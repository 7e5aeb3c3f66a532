//! `min(max(x, low), high)`, truncated: `l + [x >= low] (t - l) + [x >= high] (h - t)`, with `t`, `l`, `h` the truncated value and ends.
//!
//! For `low = 0` one comparison gives a sign and the carry that truncation needs, as for ReLU.

use crate::bits::mask;
use crate::compare;
use crate::link::Halt;
use crate::party::Party;
use crate::product;
use crate::relu::negative;
use crate::truncate::{Truncation, drop_bits, with_carry};

/// What is clipped, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clip {
    /// The ring of the input; it holds the difference of a value and an end.
    pub from: u32,
    /// The lower and the upper end.
    pub ends: [i64; 2],
    /// Bits dropped.
    pub shift: u32,
    /// The ring of the output, at most `from - shift`.
    pub out: u32,
    /// How they are dropped.
    pub truncation: Truncation,
}

/// Shares of the clipped and truncated values.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn clip(party: &mut Party, numbers: &[u64], clip: Clip) -> Result<Vec<u64>, Halt> {
    let Clip { from, ends: [low, high], shift, out, truncation } = clip;
    let dropped = if truncation == Truncation::Faithful { shift } else { 0 };
    let (carry, above_low) = if low == 0 {
        let carries = party.step("msb", |party| compare::carries(party, numbers, dropped, from - 1 - dropped))?;
        let signs = numbers.iter().zip(&carries.all).map(|(x, carry)| (x >> (from - 1) & 1) as u8 ^ carry);
        (carries.low, signs.map(|sign| sign ^ party.leads()).collect())
    } else {
        let carries = party.step("carry", |party| carry(party, numbers, dropped))?;
        (carries, party.step("low", |party| at_least(party, numbers, low, from))?)
    };
    let above_high = party.step("high", |party| at_least(party, numbers, high, from))?;
    let truncated = if dropped > 0 {
        party.step("b2a", |party| with_carry(party, numbers, shift, out, &carry))?
    } else {
        drop_bits(party.role(), numbers, from, shift, out, truncation)
    };
    let lead = u64::from(party.leads());
    let [low, high] = [low, high].map(|end| (end >> shift).cast_unsigned().wrapping_mul(lead));
    let over = truncated.iter().map(|t| t.wrapping_sub(low));
    let values: Vec<u64> = over.chain(truncated.iter().map(|t| high.wrapping_sub(*t))).map(|x| x & mask(out)).collect();
    let choices = [above_low, above_high].concat();
    let parts = party.step("mux", |party| product::multiplex(party, &choices, &values, out))?;
    let (first, second) = parts.split_at(numbers.len());
    Ok(first.iter().zip(second).map(|(a, b)| low.wrapping_add(*a).wrapping_add(*b) & mask(out)).collect())
}

fn carry(party: &mut Party, numbers: &[u64], bits: u32) -> Result<Vec<u8>, Halt> {
    if bits == 0 { Ok(Vec::new()) } else { Ok(compare::carries(party, numbers, bits, 0)?.all) }
}

/// Shares of the bits `x >= end`.
fn at_least(party: &mut Party, numbers: &[u64], end: i64, ring: u32) -> Result<Vec<u8>, Halt> {
    let lead = party.leads();
    let end = end.cast_unsigned().wrapping_mul(lead.into());
    let moved: Vec<u64> = numbers.iter().map(|x| x.wrapping_sub(end) & mask(ring)).collect();
    Ok(negative(party, &moved, ring)?.iter().map(|below| below ^ lead).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::rehearsal::{both, opened, shared};

    #[test]
    fn clipped_and_truncated() {
        let truncation = Truncation::Faithful;
        for (ends, shift) in [([0, 700], 4), ([-300, 500], 3), ([0, 1023], 0), ([-1000, -10], 5)] {
            let (from, out) = (12, 12 - shift);
            let [values, x0, _] = shared(11, 4000, 6);
            let values: Vec<i64> = values.iter().map(|x| x.cast_signed() - 1024).collect();
            let x1: Vec<u64> =
                values.iter().zip(&x0).map(|(x, x0)| x.cast_unsigned().wrapping_sub(*x0) & mask(from)).collect();
            let x0: Vec<u64> = x0.iter().map(|x| x & mask(from)).collect();
            let how = Clip { from, ends, shift, out, truncation };
            let (shares, _) = both(|party| clip(party, &x0, how), |party| clip(party, &x1, how));
            let expected = values.iter().map(|x| (x.clamp(&ends[0], &ends[1]) >> shift).cast_unsigned() & mask(out));
            assert_eq!(opened(&shares, out), expected.collect::<Vec<u64>>(), "{ends:?} less {shift}");
        }
    }
}
