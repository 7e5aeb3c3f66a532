//! Ring extension: shares modulo `2^from` become shares modulo `2^to` of the same value.
//!
//! `x = x0 + x1 - w 2^from`, and the wrap `w` is needed modulo `2^(to - from)` only.

use crate::bits::mask;
use crate::party::Party;
use crate::role::Role;
use crate::share::compare;
use crate::share::product;
use crate::wire::link::Halt;
use serde::{Deserialize, Serialize};

/// What is known of the signed values in a ring of `l` bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// The values are in `0 .. 2^(l-1)`.
    Positive,
    /// The values are in `-2^(l-2) .. 2^(l-2)`: the ring has a bit to spare.
    WithRoom,
    /// The values are any of the ring, `-2^(l-1) .. 2^(l-1)`.
    Any,
}

/// The extension of values from one ring to a larger one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widening {
    /// The number of bits of the ring of the input.
    pub from: u32,
    /// The number of bits of the ring of the output.
    pub to: u32,
    /// What is known of the values.
    pub sign: Sign,
}

/// Computes shares of the same values in the larger ring, by the cheapest protocol for what is known of them.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn extend(party: &mut Party, numbers: &[u64], widening: Widening) -> Result<Vec<u64>, Halt> {
    let Widening { from, to, sign } = widening;
    match sign {
        Sign::Positive => positive(party, numbers, from, to),
        Sign::WithRoom => with_room(party, numbers, from, to),
        Sign::Any => signed(party, numbers, from, to),
    }
}

/// The ideal twin of [`extend`]: what becomes of `x` if the client's share of it is `x0`.
#[must_use]
pub fn ideal(x: u64, x0: u64, widening: Widening) -> u64 {
    let Widening { from, to, sign } = widening;
    match sign {
        Sign::Positive => ideal_positive(x, x0, from, to),
        Sign::WithRoom => ideal_with_room(x, x0, from, to),
        Sign::Any => ideal_signed(x, from, to),
    }
}

/// Extends values in `0 .. 2^(from - 1)`. Their top bit is zero, so that the sum of the shares wraps iff either has its top bit set
/// (Rathee et al., SIRNN, S&P 2021, section IV-A; known sign): this takes one transfer.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn positive(party: &mut Party, numbers: &[u64], from: u32, to: u32) -> Result<Vec<u64>, Halt> {
    let tops: Vec<u8> = numbers.iter().map(|x| (x >> (from - 1) & 1) as u8).collect();
    let wraps: Vec<u64> = match party.role() {
        Role::Client => product::receive(party, &tops, to - from)?,
        Role::Server => {
            let absent: Vec<u64> = tops.iter().map(|&top| u64::from(1 - top)).collect();
            let products = product::send(party, &absent, to - from)?;
            tops.iter().zip(products).map(|(&top, product)| product + u64::from(top)).collect()
        }
    };
    Ok(numbers.iter().zip(wraps).map(|(x, wrap)| x.wrapping_sub(wrap << from) & mask(to)).collect())
}

/// Extends values in `-2^(from - 2) .. 2^(from - 2)`, which are made positive first.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn with_room(party: &mut Party, numbers: &[u64], from: u32, to: u32) -> Result<Vec<u64>, Halt> {
    let offset = if party.leads() == 1 { 1 << (from - 2) } else { 0 };
    let moved: Vec<u64> = numbers.iter().map(|x| x.wrapping_add(offset) & mask(from)).collect();
    let extended = positive(party, &moved, from, to)?;
    Ok(extended.iter().map(|x| x.wrapping_sub(offset) & mask(to)).collect())
}

/// Extends any values, in `-2^(from - 1) .. 2^(from - 1)`: a comparison finds the wrap.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn signed(party: &mut Party, numbers: &[u64], from: u32, to: u32) -> Result<Vec<u64>, Halt> {
    let offset = if party.leads() == 1 { 1 << (from - 1) } else { 0 };
    let moved: Vec<u64> = numbers.iter().map(|x| x.wrapping_add(offset) & mask(from)).collect();
    let wraps = compare::carries(party, &moved, 0, from)?.all;
    let wraps = product::to_ring(party, &wraps, to - from)?;
    Ok(moved.iter().zip(wraps).map(|(x, wrap)| x.wrapping_sub(wrap << from).wrapping_sub(offset) & mask(to)).collect())
}

/// The ideal twin of [`positive`]: what becomes of `x` if the client's share of it is `x0`. Values outside the domain count as negative or
/// not as their shares fall.
#[must_use]
pub fn ideal_positive(x: u64, x0: u64, from: u32, to: u32) -> u64 {
    let x1 = x.wrapping_sub(x0) & mask(from);
    let wrap = (x0 | x1) >> (from - 1) & 1;
    x0.wrapping_add(x1).wrapping_sub(wrap << from) & mask(to)
}

/// The ideal twin of [`with_room`]: what becomes of `x` if the client's share of it is `x0`.
#[must_use]
pub fn ideal_with_room(x: u64, x0: u64, from: u32, to: u32) -> u64 {
    let offset = 1 << (from - 2);
    let moved = [x, x0].map(|x| x.wrapping_add(offset) & mask(from));
    ideal_positive(moved[0], moved[1], from, to).wrapping_sub(offset) & mask(to)
}

/// The ideal twin of [`signed`]: what becomes of `x`, however it is shared.
#[must_use]
pub fn ideal_signed(x: u64, from: u32, to: u32) -> u64 {
    let drop = u64::BITS - from;
    ((x << drop).cast_signed() >> drop).cast_unsigned() & mask(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::rehearsal::{both, shared};
    use crate::share::twin::assert_twin;

    const ALL: [Sign; 3] = [Sign::Positive, Sign::WithRoom, Sign::Any];

    #[test]
    fn the_protocols_are_their_twins_on_every_value() {
        for sign in ALL {
            let widening = Widening { from: 12, to: 21, sign };
            let [_, x0, x1] = shared(12, 4000, 2);
            let ([y0, y1], _) = both(|party| extend(party, &x0, widening), |party| extend(party, &x1, widening));
            assert_twin([&x0, &x1], 12, [&y0, &y1], 21, |x, x0| ideal(x, x0, widening));
        }
    }

    /// However it is shared, a value in its domain.
    #[test]
    fn twins_keep_the_value() {
        for (sign, domain) in ALL.into_iter().zip([0..128, -64..64, -128..128_i64]) {
            for x in domain {
                let [from, to] = [8, 13].map(|ring| x.cast_unsigned() & mask(ring));
                assert!((0..256).all(|x0| ideal(from, x0, Widening { from: 8, to: 13, sign }) == to), "{x}");
            }
        }
    }
}
