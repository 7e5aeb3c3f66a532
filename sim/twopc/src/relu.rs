//! `max(x, 0)`, truncated: one comparison gives the sign and the carry that truncation needs.

use crate::compare;
use crate::link::Halt;
use crate::party::Party;
use crate::product;
use crate::truncate::{Truncation, drop_bits, with_carry};

/// `max(x, 0) >> shift` of values modulo `2^ring`; shares modulo `2^out`, `out <= ring - shift`.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn relu(
    party: &mut Party,
    numbers: &[u64],
    ring: u32,
    shift: u32,
    out: u32,
    truncation: Truncation,
) -> Result<Vec<u64>, Halt> {
    let low = if truncation == Truncation::Faithful { shift } else { 0 };
    let carries = party.step("msb", |party| compare::carries(party, numbers, low, ring - 1 - low))?;
    let positive: Vec<u8> =
        msbs(numbers, ring).zip(&carries.all).map(|(msb, carry)| msb ^ carry ^ party.leads()).collect();
    let dropped = if low > 0 {
        party.step("b2a", |party| with_carry(party, numbers, shift, out, &carries.low))?
    } else {
        drop_bits(party.role(), numbers, ring, shift, out, truncation)
    };
    party.step("mux", |party| product::multiplex(party, &positive, &dropped, out))
}

/// Shares of the bits `x < 0`: the top bits and the carry into them.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn negative(party: &mut Party, numbers: &[u64], ring: u32) -> Result<Vec<u8>, Halt> {
    let carries = compare::carries(party, numbers, 0, ring - 1)?;
    Ok(msbs(numbers, ring).zip(carries.all).map(|(msb, carry)| msb ^ carry).collect())
}

fn msbs(numbers: &[u64], ring: u32) -> impl Iterator<Item = u8> {
    numbers.iter().map(move |x| (x >> (ring - 1) & 1) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::mask;
    use crate::party::rehearsal::{both, opened, shared};

    #[test]
    fn rectified_and_truncated() {
        for (ring, shift, out) in [(37, 12, 25), (33, 12, 14), (24, 12, 12), (16, 0, 16), (5, 2, 3)] {
            let [values, x0, x1] = shared(ring, 4000, 3);
            let run = |numbers: Vec<u64>| {
                move |party: &mut Party| relu(party, &numbers, ring, shift, out, Truncation::Faithful)
            };
            let (shares, _) = both(run(x0), run(x1));
            let expected = values.iter().map(|x| if x >> (ring - 1) == 1 { 0 } else { x >> shift & mask(out) });
            assert_eq!(opened(&shares, out), expected.collect::<Vec<u64>>(), "{ring} bits less {shift}");
        }
    }
}
