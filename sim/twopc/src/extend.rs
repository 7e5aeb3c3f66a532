//! Ring extension: shares modulo `2^from` become shares modulo `2^to` of the same value.
//!
//! `x = x0 + x1 - w 2^from`, and the wrap `w` is needed modulo `2^(to - from)` only.

use crate::bits::mask;
use crate::compare;
use crate::link::{Halt, Role};
use crate::party::Party;
use crate::product;

/// Of values in `0 .. 2^(from - 1)`: their top bit is zero, so that the sum of the shares wraps iff either has its top bit set
/// (Rathee et al., SIRNN, S&P 2021, section IV-A; known sign): one transfer.
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

/// Of values in `-2^(from - 2) .. 2^(from - 2)`: made positive first.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn with_room(party: &mut Party, numbers: &[u64], from: u32, to: u32) -> Result<Vec<u64>, Halt> {
    let offset = if party.leads() == 1 { 1 << (from - 2) } else { 0 };
    let moved: Vec<u64> = numbers.iter().map(|x| x.wrapping_add(offset) & mask(from)).collect();
    let extended = positive(party, &moved, from, to)?;
    Ok(extended.iter().map(|x| x.wrapping_sub(offset) & mask(to)).collect())
}

/// Of any values in `-2^(from - 1) .. 2^(from - 1)`: the wrap by comparison.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::rehearsal::{both, opened, shared};

    type Extend = fn(&mut Party, &[u64], u32, u32) -> Result<Vec<u64>, Halt>;

    /// Values of `free` bits, moved by `offset`, extended from 12 to 21 bits.
    fn check(extend: Extend, free: u32, offset: u64) {
        let ([values, _, _], [_, x0, _]) = (shared(free, 4000, 1), shared(12, 4000, 2));
        let values: Vec<u64> = values.iter().map(|x| x.wrapping_sub(offset)).collect();
        let x1: Vec<u64> = values.iter().zip(&x0).map(|(x, x0)| x.wrapping_sub(*x0) & mask(12)).collect();
        let (shares, _) = both(|party| extend(party, &x0, 12, 21), |party| extend(party, &x1, 12, 21));
        let expected: Vec<u64> = values.iter().map(|x| x & mask(21)).collect();
        assert_eq!(opened(&shares, 21), expected);
    }

    #[test]
    fn values_survive_a_larger_ring() {
        check(positive, 11, 0);
        check(with_room, 11, 1 << 10);
        check(signed, 12, 1 << 11);
    }
}
