//! Exact truncation (Rathee et al., CCS 2020, section 4.2, Algorithm 6 for powers of two): shares of `floor(x / 2^shift)` in the same ring.
//!
//! With `x = x0 + x1 - w 2^l` as an integer from 0 below `2^l`, and `m` the sign of what it stands for,
//! `floor(x / 2^s) = (x0 >> s) + (x1 >> s) + c - (w + m) 2^(l-s)`, where `c` is the carry of the lowest `s` bits. That is a comparison of `s` bits;
//! `w + m` is a function of the shares' top bits and of `m`, and comes out of one of four messages.

use super::millionaires;
use super::multiplex::to_ring;
use super::sign;
use super::transfers::Transfers;
use crate::bits::{Packer, Unpacker, mask};
use crate::ot::offer::offer_bytes;
use crate::party::Party;
use crate::random::uniform;
use crate::role::Role;
use crate::wire::link::Halt;

/// Of which ring the values are, and how many of their lowest bits are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// The number of bits of the ring.
    pub ring: u32,
    /// The number of bits that are dropped, less than `ring`.
    pub shift: u32,
}

/// What is known of the signs of values.
#[derive(Clone, Copy, Debug)]
pub enum Signs<'a> {
    /// No value is below 0.
    Positive,
    /// Shares of the bits `x >= 0`.
    Shared(&'a [u8]),
}

/// Truncates values of which nothing is known.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn truncate(party: &mut Party<Transfers>, numbers: &[u64], floor: Floor) -> Result<Vec<u64>, Halt> {
    if floor.shift == 0 {
        return Ok(numbers.to_vec());
    }
    let positive = party.step("msb", |party| sign::positive(party, numbers, floor.ring))?;
    with_signs(party, numbers, floor, Signs::Shared(&positive))
}

/// Truncates values whose signs are known.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn with_signs(
    party: &mut Party<Transfers>,
    numbers: &[u64],
    floor: Floor,
    signs: Signs<'_>,
) -> Result<Vec<u64>, Halt> {
    let Floor { ring, shift } = floor;
    if shift == 0 {
        return Ok(numbers.to_vec());
    }
    let carries = party.step("carry", |party| millionaires::carries(party, numbers, shift))?;
    let wraps = party.step("wrap", |party| wraps(party, numbers, floor, signs))?;
    let carries = party.step("b2a", |party| to_ring(party, &carries))?;
    let parts = numbers.iter().zip(carries).zip(wraps);
    Ok(parts.map(|((x, carry), wrap)| (x >> shift).wrapping_add(carry).wrapping_sub(wrap) & mask(ring)).collect())
}

/// Shares of `(w + m) 2^(l-s)`: the client chooses by its top bit and its share of `m`.
fn wraps(party: &mut Party<Transfers>, numbers: &[u64], floor: Floor, signs: Signs<'_>) -> Result<Vec<u64>, Halt> {
    let Floor { ring, shift } = floor;
    let (count, messages) = (numbers.len(), (4, ring));
    let negative = |at: usize| match signs {
        Signs::Positive => 0,
        Signs::Shared(positive) => positive[at] ^ party.leads(),
    };
    let own: Vec<u8> = (0..count).map(|at| (numbers[at] >> (ring - 1)) as u8 & 1 | negative(at) << 1).collect();
    match party.role() {
        Role::Client => {
            let asked = party.transfers.many.receiver.ask(&mut party.link, own)?;
            let masked = party.link.receive(offer_bytes(count, 4, ring))?;
            Ok(asked.take(0..count, messages, &mut Unpacker::new(&masked)))
        }
        Role::Server => {
            let heard = party.transfers.many.sender.hear(&mut party.link, count)?;
            let masks = uniform(&mut party.rng, ring, count);
            let mut masked = Packer::with_capacity(offer_bytes(count, 4, ring));
            heard.offer(0..count, messages, &mut masked, |at, choice| {
                let wrapped = wraps_and_sign(own[at], choice as u8) << (ring - shift);
                wrapped.wrapping_sub(masks[at])
            });
            party.link.send(masked.finish())?;
            Ok(masks)
        }
    }
}

/// `w + m`, from both parties' top bits (bit 0) and shares of `m` (bit 1): of different top bits the sum wraps iff the value is positive.
fn wraps_and_sign(a: u8, b: u8) -> u64 {
    let (tops, negative) = ((a & 1) + (b & 1), (a ^ b) >> 1);
    match tops {
        0 => negative.into(),
        1 => 1,
        _ => 1 + u64::from(negative),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cryptflow2::cost;
    use crate::backend::cryptflow2::testing::{assert_cost, both};
    use crate::modulus::Modulus;
    use crate::party::rehearsal::shared;
    use crate::share::twin::assert_twin;
    use crate::share::uniform::Uniform;

    fn twin(floor: Floor) -> impl Fn(u64, u64) -> u64 {
        let twins = Uniform { modulus: Modulus::TwoTo(floor.ring), differences: true };
        move |x, _| twins.truncate(x, floor.shift)
    }

    fn check(floor: Floor, x0: &[u64], x1: &[u64]) {
        let ([y0, y1], party) = both(|party| truncate(party, x0, floor), |party| truncate(party, x1, floor));
        assert_twin([x0, x1], floor.ring, [&y0, &y1], floor.ring, twin(floor));
        assert_cost(&party, |cost| cost::truncate(cost, x0.len(), floor));
    }

    #[test]
    fn every_value_and_share_of_a_small_ring() {
        let ring = 6;
        let pairs = || (0..1_u64 << ring).flat_map(|x0| (0..1_u64 << ring).map(move |x1| [x0, x1]));
        let [x0, x1] = [0, 1].map(|role| pairs().map(|pair| pair[role]).collect::<Vec<_>>());
        for shift in 1..ring {
            check(Floor { ring, shift }, &x0, &x1);
        }
    }

    #[test]
    fn the_protocol_is_its_twin_at_real_widths() {
        for (ring, shift) in [(37, 12), (41, 12), (64, 13), (33, 32), (20, 1)] {
            let [_, x0, x1] = shared(ring, 200, 7);
            check(Floor { ring, shift }, &x0, &x1);
        }
    }

    #[test]
    fn positive_values_take_the_published_bits() {
        for (ring, bits) in [(37, 1740), (41, 1756)] {
            let floor = Floor { ring, shift: 12 };
            let [values, x0, _] = shared(ring, 16, 7);
            let x1: Vec<u64> = values.iter().zip(&x0).map(|(x, x0)| (x >> 1).wrapping_sub(*x0) & mask(ring)).collect();
            let run = |numbers: &[u64]| {
                let numbers = numbers.to_vec();
                move |party: &mut Party<Transfers>| with_signs(party, &numbers, floor, Signs::Positive)
            };
            let ([y0, y1], party) = both(run(&x0), run(&x1));
            assert_twin([&x0, &x1], ring, [&y0, &y1], ring, twin(floor));
            assert_eq!(8 * party.link.meter().total(|_| true).bytes, 16 * bits);
        }
    }
}
