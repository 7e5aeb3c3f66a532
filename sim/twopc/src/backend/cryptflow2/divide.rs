//! Exact division by a power of two modulo a prime (Rathee et al., CCS 2020, section 4.2, Theorem 4.1 and Algorithm 6): shares of `floor(x / 2^shift)`.
//!
//! Let `d = 2^s`, `p = n d + 1`, `x_i = q_i d + r_i` for both shares, and `W = w + m`: whether the shares wrap around `p`, and whether `x` stands for a negative
//! number. Then `floor(x / d) = q0 + q1 - W n + floor(A / d)` with `A = r0 + r1 - W`, which lies from `-2` to `2 d - 2`: the last term is `[A >= 0] + [A >= d] - 1`.
//! `W` is a function of the shares' upper halves and of `m`, and comes out of one of four messages, both in the field and in the ring of `A`. That `p` is 1 modulo `d`
//! saves the paper's third comparison, with `-d`.

use super::millionaires;
use super::multiplex::to_field;
use super::transfers::Transfers;
use super::wraps::{Signs, wraps_and_sign};
use crate::bits::{Packer, Unpacker, mask};
use crate::modulus::Modulus;
use crate::ot::offer::offer_bytes;
use crate::party::Party;
use crate::random::uniform;
use crate::role::Role;
use crate::wire::link::Halt;

/// The number of bits of the ring of `A`, which is compared with 0 and with `d`.
pub fn remainder_bits(shift: u32) -> u32 {
    shift + 3
}

/// The bits of a message: an element of the field, and one of the ring of `A`.
pub fn message_bits(p: u64, shift: u32) -> u32 {
    Modulus::Prime(p).bits() + remainder_bits(shift)
}

/// Divides values modulo `p`, which is 1 modulo `2^shift`, by `2^shift`.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// Where `p` is not 1 modulo `2^shift`.
pub fn divide(
    party: &mut Party<Transfers>,
    numbers: &[u64],
    (p, shift): (u64, u32),
    signs: Signs<'_>,
) -> Result<Vec<u64>, Halt> {
    assert_eq!(p & mask(shift), 1, "a prime that is 1 modulo 2^{shift}");
    let (modulus, count, lead) = (Modulus::Prime(p), numbers.len(), u64::from(party.leads()));
    let small = Modulus::TwoTo(remainder_bits(shift));
    let wraps = party.step("wrap", |party| wraps(party, numbers, (p, shift), signs))?;
    let remainders: Vec<u64> =
        numbers.iter().zip(&wraps).map(|(x, wrap)| small.add(x & mask(shift), wrap.in_ring)).collect();
    let less_d = remainders.iter().map(|a| small.sub(*a, lead << shift));
    let compared: Vec<u64> = remainders.iter().copied().chain(less_d).collect();
    let top = remainder_bits(shift) - 1;
    let carries = party.step("compare", |party| millionaires::carries(party, &compared, top))?;
    let at_least = compared.iter().zip(carries).map(|(a, carry)| (a >> top & 1) as u8 ^ carry ^ party.leads());
    let at_least: Vec<u8> = at_least.collect();
    let ones = party.step("b2a", |party| to_field(party, &at_least, modulus))?;
    let quotient = |at: usize| {
        let steps = modulus.sub(modulus.add(ones[at], ones[count + at]), lead);
        modulus.add(modulus.add(numbers[at] >> shift, wraps[at].in_field), steps)
    };
    Ok((0..count).map(quotient).collect())
}

/// Shares of `-W n` in the field, and of `-W` in the ring of `A`.
struct Wrap {
    in_field: u64,
    in_ring: u64,
}

/// The client chooses by whether its share is in the upper half, and by its share of `m`.
fn wraps(
    party: &mut Party<Transfers>,
    numbers: &[u64],
    (p, shift): (u64, u32),
    signs: Signs<'_>,
) -> Result<Vec<Wrap>, Halt> {
    let (count, bits, modulus) = (numbers.len(), message_bits(p, shift), Modulus::Prime(p));
    let small = Modulus::TwoTo(remainder_bits(shift));
    let lead = party.leads();
    let own: Vec<u8> = (0..count).map(|at| u8::from(numbers[at] > p / 2) | signs.negative(at, lead) << 1).collect();
    // A message is the field's element, and above it the ring's.
    let field_bits = modulus.bits();
    let apart = |word: u64| Wrap { in_field: modulus.reduce(word & mask(field_bits)), in_ring: word >> field_bits };
    match party.role() {
        Role::Client => {
            let asked = party.transfers.many.receiver.ask(&mut party.link, own)?;
            let masked = party.link.receive(offer_bytes(count, 4, bits))?;
            Ok(asked.take(0..count, (4, bits), &mut Unpacker::new(&masked)).into_iter().map(apart).collect())
        }
        Role::Server => {
            let heard = party.transfers.many.sender.hear(&mut party.link, count)?;
            let in_field = modulus.uniform(&mut party.rng, count);
            let in_ring = uniform(&mut party.rng, small.bits(), count);
            let mut masked = Packer::with_capacity(offer_bytes(count, 4, bits));
            heard.offer(0..count, (4, bits), &mut masked, |at, choice| {
                let wraps = wraps_and_sign(own[at], choice as u8);
                let element = modulus.sub(0, modulus.add(modulus.mul(wraps, p >> shift), in_field[at]));
                element | small.sub(0, small.add(wraps, in_ring[at])) << field_bits
            });
            party.link.send(masked.finish())?;
            Ok(in_field.into_iter().zip(in_ring).map(|(in_field, in_ring)| Wrap { in_field, in_ring }).collect())
        }
    }
}
