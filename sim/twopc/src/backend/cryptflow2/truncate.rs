//! Exact truncation (Rathee et al., CCS 2020, section 4.2): shares of `floor(x / 2^shift)`, modulo the same number.
//!
//! In a ring of `l` bits (Algorithm 6 for powers of two), with `x = x0 + x1 - w 2^l` as an integer from 0 below `2^l`, and `m` the sign of what it stands for,
//! `floor(x / 2^s) = (x0 >> s) + (x1 >> s) + c - (w + m) 2^(l-s)`, where `c` is the carry of the lowest `s` bits. That is a comparison of `s` bits;
//! `w + m` is a function of the shares' top bits and of `m`, and comes out of one of four messages. For a prime see [`super::divide`].

use super::divide::divide;
use super::millionaires;
use super::multiplex::to_ring;
use super::sign;
use super::transfers::Transfers;
use super::wraps::{Signs, wraps_and_sign};
use crate::bits::{Packer, Unpacker, mask};
use crate::modulus::Modulus;
use crate::ot::offer::offer_bytes;
use crate::party::Party;
use crate::random::uniform;
use crate::role::Role;
use crate::wire::link::Halt;

/// What values are modulo, and how many of their lowest bits are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// What values are shared modulo. A prime is 1 modulo `2^shift`.
    pub modulus: Modulus,
    /// The number of bits that are dropped, fewer than an element has.
    pub shift: u32,
}

/// Truncates values of which nothing is known.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn truncate(party: &mut Party<Transfers>, numbers: &[u64], floor: Floor) -> Result<Vec<u64>, Halt> {
    if floor.shift == 0 {
        return Ok(numbers.to_vec());
    }
    let positive = party.step("msb", |party| sign::positive(party, numbers, floor.modulus))?;
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
    let Floor { modulus, shift } = floor;
    match modulus {
        _ if shift == 0 => Ok(numbers.to_vec()),
        Modulus::TwoTo(ring) => in_ring(party, numbers, (ring, shift), signs),
        Modulus::Prime(p) => divide(party, numbers, (p, shift), signs),
    }
}

fn in_ring(
    party: &mut Party<Transfers>,
    numbers: &[u64],
    (ring, shift): (u32, u32),
    signs: Signs<'_>,
) -> Result<Vec<u64>, Halt> {
    let carries = party.step("carry", |party| millionaires::carries(party, numbers, shift))?;
    let wraps = party.step("wrap", |party| wraps(party, numbers, (ring, shift), signs))?;
    let carries = party.step("b2a", |party| to_ring(party, &carries))?;
    let parts = numbers.iter().zip(carries).zip(wraps);
    Ok(parts.map(|((x, carry), wrap)| (x >> shift).wrapping_add(carry).wrapping_sub(wrap) & mask(ring)).collect())
}

/// Shares of `(w + m) 2^(l-s)`: the client chooses by its top bit and its share of `m`.
fn wraps(
    party: &mut Party<Transfers>,
    numbers: &[u64],
    (ring, shift): (u32, u32),
    signs: Signs<'_>,
) -> Result<Vec<u64>, Halt> {
    let (count, messages, lead) = (numbers.len(), (4, ring), party.leads());
    let top = |at: usize| (numbers[at] >> (ring - 1)) as u8 & 1;
    let own: Vec<u8> = (0..count).map(|at| top(at) | signs.negative(at, lead) << 1).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cryptflow2::cost;
    use crate::backend::cryptflow2::testing::{assert_cost, assert_twins, both, shares_of};
    use crate::share::uniform::Uniform;

    fn twin(floor: Floor) -> impl Fn(u64) -> u64 {
        let twins = Uniform { modulus: floor.modulus, differences: true };
        move |x| twins.truncate(x, floor.shift)
    }

    fn check(floor: Floor, x0: &[u64], x1: &[u64]) {
        let ([y0, y1], party) = both(|party| truncate(party, x0, floor), |party| truncate(party, x1, floor));
        assert_twins([x0, x1], [&y0, &y1], floor.modulus, twin(floor));
        assert_cost(&party, |cost| cost::truncate(cost, x0.len(), floor));
    }

    #[test]
    fn every_value_and_share_of_small_moduli() {
        let rings = (1..6).map(|shift| (Modulus::TwoTo(6), 64, shift));
        let fields =
            [(41, 1), (41, 2), (41, 3), (97, 5), (5, 2), (3, 1)].map(|(p, shift)| (Modulus::Prime(p), p, shift));
        for (modulus, size, shift) in rings.chain(fields) {
            let pairs = || (0..size).flat_map(|x0| (0..size).map(move |x1| [x0, x1]));
            let [x0, x1] = [0, 1].map(|role| pairs().map(|pair: [u64; 2]| pair[role]).collect::<Vec<_>>());
            check(Floor { modulus, shift }, &x0, &x1);
        }
    }

    #[test]
    fn the_protocol_is_its_twin_at_real_widths() {
        let rings =
            [(37, 12), (41, 12), (64, 13), (33, 32), (20, 1)].map(|(ring, shift)| (Modulus::TwoTo(ring), shift));
        let fields = [137_438_822_401, 2_199_023_190_017].map(|p| (Modulus::Prime(p), 12));
        for (modulus, shift) in rings.into_iter().chain(fields) {
            let values = modulus.uniform(&mut crate::random::Seed([8; 32]).stream(), 200);
            let [x0, x1] = shares_of(&values, modulus, 7);
            check(Floor { modulus, shift }, &x0, &x1);
        }
    }

    #[test]
    fn values_that_are_not_negative_take_the_published_bits() {
        let rings = [(37, 1740), (41, 1756)].map(|(ring, bits)| (Modulus::TwoTo(ring), bits));
        let fields = [(137_438_822_401, 4244), (2_199_023_190_017, 4276)].map(|(p, bits)| (Modulus::Prime(p), bits));
        for (modulus, bits) in rings.into_iter().chain(fields) {
            let floor = Floor { modulus, shift: 12 };
            let values = modulus.uniform(&mut crate::random::Seed([8; 32]).stream(), 16);
            let values: Vec<u64> = values.iter().map(|x| x >> 1).collect();
            let [x0, x1] = shares_of(&values, modulus, 7);
            let run = |numbers: &[u64]| {
                let numbers = numbers.to_vec();
                move |party: &mut Party<Transfers>| with_signs(party, &numbers, floor, Signs::Positive)
            };
            let ([y0, y1], party) = both(run(&x0), run(&x1));
            assert_twins([&x0, &x1], [&y0, &y1], modulus, twin(floor));
            assert_eq!(8 * party.link.meter().total(|_| true).bytes, 16 * bits, "{modulus:?}");
        }
    }
}
