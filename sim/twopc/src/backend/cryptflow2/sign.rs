//! The derivative of ReLU (Rathee et al., CCS 2020, section 4.1): shares of the bits `x >= 0`.
//!
//! In a ring (Algorithm 2) it is the top bit of the sum of two shares: their top bits, and the carry into them.
//!
//! Modulo a prime `p` (Algorithm 4 and its optimisation), with `h = (p - 1) / 2`, a value is negative iff the sum `s` of its shares, as integers, is above `h` and below `p`, or
//! above `p + h`. The server knows which of the two ends can occur, so that two thresholds for the client's share decide:
//! where the server's share is at most `h`, never `s > p + h`; otherwise always `s > h`.

use super::millionaires::{self, Layout};
use super::transfers::Transfers;
use crate::bits::{Packer, Unpacker};
use crate::modulus::Modulus;
use crate::ot::offer::offer_bytes;
use crate::party::Party;
use crate::random::uniform;
use crate::role::Role;
use crate::wire::link::Halt;

/// Computes shares of the bits `x >= 0`. A ring has at least two bits.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn positive(party: &mut Party<Transfers>, numbers: &[u64], modulus: Modulus) -> Result<Vec<u8>, Halt> {
    match modulus {
        Modulus::TwoTo(ring) => {
            let carries = millionaires::carries(party, numbers, ring - 1)?;
            let lead = party.leads();
            Ok(numbers.iter().zip(carries).map(|(x, carry)| (x >> (ring - 1) & 1) as u8 ^ carry ^ lead).collect())
        }
        Modulus::Prime(p) => in_field(party, numbers, p),
    }
}

/// The comparison of so many shares: of those of a ring without their top bits; of those modulo a prime with two thresholds, of one bit more than they have.
pub fn layout(count: usize, modulus: Modulus) -> Layout {
    match modulus {
        Modulus::TwoTo(ring) => Layout::new(count, 1, ring - 1),
        Modulus::Prime(_) => Layout::new(count, 2, modulus.bits() + 1),
    }
}

/// The thresholds of the server's shares modulo a prime: the client's share is compared with both.
pub fn thresholds(p: u64, numbers: &[u64]) -> [Vec<u64>; 2] {
    let half = p / 2;
    let wraps = numbers.iter().map(|x| p - 1 - x).collect();
    let ends = numbers.iter().map(|&x| if x <= half { half - x } else { p - x + half }).collect();
    [wraps, ends]
}

/// The messages of the last transfer, and their bits.
pub const LAST: (usize, u32) = (4, 1);

fn in_field(party: &mut Party<Transfers>, numbers: &[u64], p: u64) -> Result<Vec<u8>, Halt> {
    let (count, half) = (numbers.len(), p / 2);
    let layout = layout(count, Modulus::Prime(p));
    let both = |results: &[u8], at: usize| results[at] | results[count + at] << 1;
    match party.role() {
        Role::Client => {
            let results = millionaires::is_greater(party, &layout, numbers)?;
            let choices = (0..count).map(|at| both(&results, at)).collect();
            let asked = party.transfers.many.receiver.ask(&mut party.link, choices)?;
            let masked = party.link.receive(offer_bytes(count, LAST.0, LAST.1))?;
            let taken = asked.take(0..count, LAST, &mut Unpacker::new(&masked));
            Ok(taken.into_iter().map(|share| share as u8).collect())
        }
        Role::Server => {
            let results = millionaires::has_thresholds(party, &layout, &thresholds(p, numbers))?;
            let heard = party.transfers.many.sender.hear(&mut party.link, count)?;
            let shares = uniform(&mut party.rng, 1, count);
            let mut masked = Packer::with_capacity(offer_bytes(count, LAST.0, LAST.1));
            heard.offer(0..count, LAST, &mut masked, |at, choice| {
                let [wrap, end] = [0, 1].map(|bit| (u64::from(both(&results, at)) ^ choice as u64) >> bit & 1);
                let negative = u64::from(numbers[at] > half) ^ wrap ^ end;
                1 ^ negative ^ shares[at]
            });
            party.link.send(masked.finish())?;
            Ok(shares.into_iter().map(|share| share as u8).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cryptflow2::cost;
    use crate::backend::cryptflow2::testing::{assert_cost, both, shares_of};
    use crate::bits::mask;

    fn check(modulus: Modulus, x0: &[u64], x1: &[u64]) {
        let ([b0, b1], party) = both(|party| positive(party, x0, modulus), |party| positive(party, x1, modulus));
        for at in 0..x0.len() {
            let x = modulus.integer(modulus.add(x0[at], x1[at]));
            assert_eq!(b0[at] ^ b1[at], u8::from(x >= 0), "{} + {} modulo {modulus:?}", x0[at], x1[at]);
        }
        assert_cost(&party, |cost| cost::positive(cost, x0.len(), modulus));
    }

    #[test]
    fn every_value_and_share_of_small_moduli() {
        for (modulus, size) in [
            (Modulus::TwoTo(2), 4),
            (Modulus::TwoTo(5), 32),
            (Modulus::Prime(5), 5),
            (Modulus::Prime(31), 31),
            (Modulus::Prime(37), 37),
        ] {
            let pairs = || (0..size).flat_map(|x0| (0..size).map(move |x1| [x0, x1]));
            let [x0, x1] = [0, 1].map(|role| pairs().map(|pair: [u64; 2]| pair[role]).collect::<Vec<_>>());
            check(modulus, &x0, &x1);
        }
    }

    #[test]
    fn values_around_the_ends_of_large_moduli() {
        for modulus in [
            Modulus::TwoTo(41),
            Modulus::TwoTo(64),
            Modulus::Prime(137_438_822_401),
            Modulus::Prime(2_199_023_190_017),
            Modulus::Prime((1 << 61) - 1),
        ] {
            let most = if let Modulus::Prime(p) = modulus { p / 2 } else { mask(modulus.bits() - 1) };
            let near = (0..4).flat_map(|by| [by, modulus.sub(0, by), modulus.add(most, by), modulus.sub(most, by)]);
            let values: Vec<u64> = near.cycle().take(160).collect();
            let [x0, x1] = shares_of(&values, modulus, 6);
            check(modulus, &x0, &x1);
        }
    }

    #[test]
    fn a_field_takes_the_published_bits() {
        for (p, bits) in [(137_438_822_401, 7364), (2_199_023_190_017, 8244)] {
            let (modulus, numbers) = (Modulus::Prime(p), vec![9; 16]);
            let (_, party) =
                both(|party| positive(party, &numbers, modulus), |party| positive(party, &numbers, modulus));
            assert_eq!(8 * party.link.meter().total(|_| true).bytes, 16 * bits);
        }
    }
}
