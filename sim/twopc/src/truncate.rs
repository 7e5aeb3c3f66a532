//! Truncation: shares of `x` modulo `2^ring` become shares of `floor(x / 2^shift)` modulo `2^(ring - shift)`.
//!
//! `x >> f = (x0 >> f) + (x1 >> f) + c`, with `c` the carry of the shares' lowest `f` bits; the carry out of the ring vanishes.
//! A comparison has `c` inside, so that it costs only its way into the ring (Rathee et al., SIRNN, S&P 2021, section IV-B, has the
//! same identity).

use crate::bits::mask;
use crate::compare;
use crate::link::{Halt, Role};
use crate::party::Party;
use crate::product;

/// How bits are dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Truncation {
    /// Always the floor.
    #[default]
    Faithful,
    /// The floor or one more, each party by itself (Mohassel and Zhang, SecureML, S&P 2017, section 4.1): one more with probability
    /// `(x mod 2^f) / 2^f`.
    OneBit,
}

/// Drops the lowest `shift` bits of values modulo `2^ring`; shares modulo `2^out`, `out <= ring - shift`.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn truncate(
    party: &mut Party,
    numbers: &[u64],
    ring: u32,
    shift: u32,
    out: u32,
    truncation: Truncation,
) -> Result<Vec<u64>, Halt> {
    if truncation == Truncation::OneBit || shift == 0 {
        return Ok(drop_bits(party.role(), numbers, ring, shift, out, truncation));
    }
    let carries = compare::carries(party, numbers, shift, 0)?;
    with_carry(party, numbers, shift, out, &carries.all)
}

/// Exact truncation, given shares of the carry out of the dropped bits.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn with_carry(party: &mut Party, numbers: &[u64], shift: u32, out: u32, carry: &[u8]) -> Result<Vec<u64>, Halt> {
    let carry = product::to_ring(party, carry, out)?;
    Ok(numbers.iter().zip(carry).map(|(x, carry)| (x >> shift).wrapping_add(carry) & mask(out)).collect())
}

/// The ideal twin: what becomes of `x` where the client's share of it is `x0`.
#[must_use]
pub fn ideal(x: u64, x0: u64, ring: u32, shift: u32, out: u32, truncation: Truncation) -> u64 {
    match truncation {
        Truncation::Faithful => x >> shift & mask(out),
        Truncation::OneBit => {
            let x1 = x.wrapping_sub(x0) & mask(ring);
            let dropped = |role, share| drop_bits(role, &[share], ring, shift, out, truncation)[0];
            dropped(Role::Client, x0).wrapping_add(dropped(Role::Server, x1)) & mask(out)
        }
    }
}

/// What a party can do by itself: shares of the floor less the carry ([`Truncation::Faithful`]), or of the floor or one more.
#[must_use]
pub fn drop_bits(role: Role, numbers: &[u64], ring: u32, shift: u32, out: u32, truncation: Truncation) -> Vec<u64> {
    let up = role == Role::Server && truncation == Truncation::OneBit;
    let dropped = |x: &u64| if up { ((x.wrapping_neg() & mask(ring)) >> shift).wrapping_neg() } else { x >> shift };
    numbers.iter().map(|x| dropped(x) & mask(out)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ideal::assert_twin;
    use crate::party::rehearsal::{both, opened, shared};

    #[test]
    fn the_protocol_is_its_twin_on_every_value() {
        for (ring, shift, out) in [(37, 12, 25), (24, 5, 19), (8, 1, 7), (20, 13, 3), (12, 0, 12)] {
            for truncation in [Truncation::Faithful, Truncation::OneBit] {
                let [_, x0, x1] = shared(ring, 4000, 3);
                let run = |numbers: &[u64]| {
                    let numbers = numbers.to_vec();
                    move |party: &mut Party| truncate(party, &numbers, ring, shift, out, truncation)
                };
                let ([y0, y1], _) = both(run(&x0), run(&x1));
                let twin = |x, x0| ideal(x, x0, ring, shift, out, truncation);
                assert_twin([&x0, &x1], ring, [&y0, &y1], out, twin);
            }
        }
    }

    #[test]
    fn the_twin_is_the_floor_or_one_more() {
        assert_eq!(ideal(0b1011_0111, 5, 8, 3, 5, Truncation::Faithful), 0b1_0110);
        let twins = (0..256).map(|x0| ideal(0b1011_0111, x0, 8, 3, 5, Truncation::OneBit));
        assert_eq!(twins.clone().filter(|&y| y == 0b1_0111).count(), 256 / 8 * 7);
        assert_eq!(twins.filter(|&y| y == 0b1_0110).count(), 256 / 8);
    }

    /// The carry of a uniform share: `x mod 2^f` of `2^f` sums. Each frequency of 2^16 trials is within 7.1 standard deviations but
    /// for 2^-38 (normal tail; 16 values together below 1e-9).
    #[test]
    fn one_bit_truncation_errs_as_often_as_its_definition_says() {
        let (ring, shift, count) = (20, 4, 1 << 16);
        for value in 0..16_u64 {
            let [_, x0, _] = shared(ring, count, 9);
            let x1: Vec<u64> = x0.iter().map(|x0| (value + 160).wrapping_sub(*x0) & mask(ring)).collect();
            let client = drop_bits(Role::Client, &x0, ring, shift, ring - shift, Truncation::OneBit);
            let server = drop_bits(Role::Server, &x1, ring, shift, ring - shift, Truncation::OneBit);
            let more: u64 = opened(&[client, server], ring - shift).iter().map(|y| y - 10).sum();
            let excess = (16 * more).abs_diff(count as u64 * value);
            assert!(excess.pow(2) <= 50 * count as u64 * value * (16 - value), "{value}: {more}");
        }
    }
}
