//! The carries of a sum of two shares, one after another, from the lowest.
//!
//! Of the server's bit `x`, the client's bit `y` and the carry `c` into a position, the carry out of it is `c' = x y + c x + c y` modulo 2. Let `c = c0 + c1`, with `c0` the client's share. Then `c0 y` is the client's own
//! product and `c1 x` the server's, `(x + c1) y` is one transfer from the server at the choice `y`, and `c0 x` one from the client at the choice `x` (correlated transfers of one bit: Asharov et al., CCS 2013, section 5.1). That
//! takes three bits a position where `y` was drawn with its transfer, and four where it is corrected (decision 28 has the proof).
//!
//! A party has its share of a carry as soon as it has the other's message for the position, so that each message of either party is for two positions: the server's for 0 and 1, the client's for 1 and 2, and so on. For `n` bits these
//! are `n` messages, each of which follows the one before. All corrections of the server's choices are in its first.
//!
//! Bits are sliced: a word has the same bit of 64 numbers.

use crate::bits::{Packer, Unpacker, packed_bytes};
use crate::party::Party;
use crate::role::Role;
use crate::share::compare::{Carries, Span};
use crate::wire::link::Halt;
use std::collections::VecDeque;

/// One bit of each number. Beyond the last number bits mean nothing.
type Slice = Vec<u64>;

/// For how many positions a message has bits.
const AT_ONCE: usize = 2;

/// The transfers of a chain, drawn and not used yet: they serve one chain of as many numbers.
#[derive(Debug)]
pub struct Drawn {
    count: usize,
    low: usize,
    high: usize,
    /// Whether the client's random choices are its bits, so that it corrects none.
    are_bits: bool,
    /// The pads of both messages, where this party sends: a server at every position, a client at all but the lowest, into which nothing is carried.
    sent: Vec<[Slice; 2]>,
    /// The random choices and their pads, where this party receives: a client at every position, a server at all but the lowest.
    received: Vec<[Slice; 2]>,
}

/// Draws the transfers of a chain over `count` numbers that are not known yet, and whose bits of the span are to be [`Drawn::numbers`] at the client.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// For numbers of no bits, which have no carry.
pub fn draw(party: &mut Party, count: usize, span: Span) -> Result<Drawn, Halt> {
    transfers(party, count, (span.low, span.high), true)
}

/// Computes shares of the carries of the sum of both parties' numbers, of `low + high` bits each. Higher bits are not looked at.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// For numbers of no bits, which have no carry.
pub fn carries(party: &mut Party, numbers: &[u64], low: u32, high: u32) -> Result<Carries, Halt> {
    transfers(party, numbers.len(), (low, high), false)?.carries(party, numbers)
}

fn transfers(party: &mut Party, count: usize, (low, high): (u32, u32), are_bits: bool) -> Result<Drawn, Halt> {
    let (low, high) = (low as usize, high as usize);
    let bits = low + high;
    assert!(bits > 0, "numbers of no bits have no carry");
    let send = |party: &mut Party, positions: usize| -> Result<Vec<_>, Halt> {
        let pads = |pads: &[[u64; 2]]| (pads[0][0] & 1 | (pads[0][1] & 1) << 1) as u8;
        (0..positions).map(|_| Ok(halves(&party.send_pads(count, 1, pads)?))).collect()
    };
    let receive = |party: &mut Party, positions: usize| -> Result<Vec<_>, Halt> {
        let chosen = |choices: &[u8], pads: &[u64]| choices[0] | ((pads[0] & 1) << 1) as u8;
        (0..positions).map(|_| Ok(halves(&party.receive_pads(count, 1, chosen)?))).collect()
    };
    let (sent, received) = match party.role() {
        Role::Client => {
            let received = receive(party, bits)?;
            (send(party, bits - 1)?, received)
        }
        Role::Server => (send(party, bits)?, receive(party, bits - 1)?),
    };
    Ok(Drawn { count, low, high, are_bits, sent, received })
}

impl Drawn {
    /// The numbers of `low + high` bits that a client chose at random in these transfers: uniform, and hidden from the server as choices are. `None` for a server.
    #[must_use]
    pub fn numbers(&self) -> Option<Vec<u64>> {
        let is_client = self.received.len() == self.low + self.high;
        is_client.then(|| {
            let bit = |slice: &Slice, at: usize| slice[at / 64] >> (at % 64) & 1;
            let number = |at: usize| self.received.iter().rev().fold(0, |all, [choice, _]| all << 1 | bit(choice, at));
            (0..self.count).map(number).collect()
        })
    }

    /// Computes shares of the carries of the sum of both parties' numbers. Of a client whose choices are its bits these are the numbers that it drew, whatever it gives.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn carries(mut self, party: &mut Party, numbers: &[u64]) -> Result<Carries, Halt> {
        let (count, bits, low) = (self.count, self.low + self.high, self.low);
        let mut mail = Mail { count, outbox: Vec::new(), inbox: VecDeque::new() };
        let own = self.correct(party, numbers, &mut mail)?;
        let (serves, mut carry, mut inner) = (party.role() == Role::Server, vec![0; count.div_ceil(64)], Vec::new());
        // The side that does nothing at the lowest position has a place fewer in its list.
        let offers = (0..bits).map(|at| if serves { Some(at) } else { at.checked_sub(1) });
        let takes = (0..bits).map(|at| if serves { at.checked_sub(1) } else { Some(at) });
        for (at, (offer, take)) in offers.zip(takes).enumerate() {
            let mut next = both(&carry, &own[at], |carry, own| carry & own);
            if let Some([zero, one]) = offer.map(|place| &self.sent[place]) {
                let value = if serves { both(&carry, &own[at], |carry, own| carry ^ own) } else { carry.clone() };
                mail.outbox.push(sum(&value, &sum(zero, one)));
                next = sum(&next, zero);
            }
            if let Some(place) = take {
                let message = match mail.inbox.pop_front() {
                    Some(message) => message,
                    None => self.exchange(party, &mut mail, bits - at)?,
                };
                let [_, pad] = &self.received[place];
                party.link.read(|| pack(&[sum(&message, &sum(pad, &carry))], count));
                let chosen = both(&message, &own[at], |message, own| message & own);
                next = sum(&next, &sum(pad, &chosen));
            }
            carry = next;
            if at + 1 == low {
                inner.clone_from(&carry);
            }
        }
        mail.send(party)?;
        let low = if low > 0 { unsliced(&inner, count) } else { Vec::new() };
        Ok(Carries { low, all: unsliced(&carry, count) })
    }

    /// A party's own bits. The client corrects its choices of them, if they are others; the server puts its corrections before the first of its messages.
    fn correct(&mut self, party: &mut Party, numbers: &[u64], mail: &mut Mail) -> Result<Vec<Slice>, Halt> {
        let (count, bits) = (self.count, self.low + self.high);
        let own = sliced(numbers, bits);
        let differ = |own: &[Slice]| -> Vec<Slice> {
            own.iter().zip(&self.received).map(|(own, [choice, _])| sum(own, choice)).collect()
        };
        match party.role() {
            Role::Client if self.are_bits => Ok(self.received.iter().map(|[choice, _]| choice.clone()).collect()),
            Role::Client => {
                party.link.send(pack(&differ(&own), count))?;
                Ok(own)
            }
            Role::Server => {
                mail.outbox = differ(&own[1..]);
                if !self.are_bits {
                    let corrections = receive(party, count, bits)?;
                    swap(&mut self.sent, corrections);
                }
                Ok(own)
            }
        }
    }

    /// Sends what waits, and receives the other party's bits for the next positions, with `left` to come. A client's first message of the server has the corrections before them.
    fn exchange(&mut self, party: &mut Party, mail: &mut Mail, left: usize) -> Result<Slice, Halt> {
        mail.send(party)?;
        let bits = self.low + self.high;
        let corrected = if party.role() == Role::Client && left == bits { bits - 1 } else { 0 };
        let mut slices = receive(party, mail.count, corrected + left.min(AT_ONCE))?;
        mail.inbox = slices.split_off(corrected).into();
        swap(&mut self.sent, slices);
        mail.inbox.pop_front().ok_or_else(|| unreachable!("a message is for one position at least"))
    }
}

/// What a party has for the other and has not sent yet, and what it has received and not used yet, each a bit of every number.
struct Mail {
    count: usize,
    outbox: Vec<Slice>,
    inbox: VecDeque<Slice>,
}

impl Mail {
    fn send(&mut self, party: &mut Party) -> Result<(), Halt> {
        let waiting = std::mem::take(&mut self.outbox);
        if waiting.is_empty() { Ok(()) } else { party.link.send(pack(&waiting, self.count)) }
    }
}

fn receive(party: &mut Party, count: usize, slices: usize) -> Result<Vec<Slice>, Halt> {
    let message = party.link.receive(packed_bytes(count * slices, 1))?;
    let mut message = Unpacker::new(&message);
    Ok((0..slices).map(|_| widths(count).map(|width| message.pull(width)).collect()).collect())
}

/// Puts the pads of each position in the order that the receiver's corrections say.
fn swap(pads: &mut [[Slice; 2]], corrections: Vec<Slice>) {
    for ([zero, one], correction) in pads.iter_mut().zip(corrections) {
        for ((zero, one), correction) in zero.iter_mut().zip(one).zip(correction) {
            let differ = (*zero ^ *one) & correction;
            *zero ^= differ;
            *one ^= differ;
        }
    }
}

fn both(a: &Slice, b: &Slice, join: impl Fn(u64, u64) -> u64) -> Slice {
    a.iter().zip(b).map(|(a, b)| join(*a, *b)).collect()
}

/// The sum modulo 2.
fn sum(a: &Slice, b: &Slice) -> Slice {
    both(a, b, |a, b| a ^ b)
}

/// How many numbers are in each word of a slice.
fn widths(count: usize) -> impl Iterator<Item = u32> {
    (0..count).step_by(64).map(move |from| (count - from).min(64) as u32)
}

/// The slices one after another, without the bits beyond the last number.
fn pack(slices: &[Slice], count: usize) -> Vec<u8> {
    let mut packer = Packer::with_capacity(packed_bytes(count * slices.len(), 1));
    for slice in slices {
        slice.iter().zip(widths(count)).for_each(|(word, width)| packer.push(*word, width));
    }
    packer.finish()
}

/// The lowest bits of numbers, by position.
fn sliced(numbers: &[u64], bits: usize) -> Vec<Slice> {
    let word = |numbers: &[u64], bit: usize| numbers.iter().rev().fold(0, |word, number| word << 1 | number >> bit & 1);
    (0..bits).map(|bit| numbers.chunks(64).map(|numbers| word(numbers, bit)).collect()).collect()
}

/// Both bits of pairs.
fn halves(pairs: &[u8]) -> [Slice; 2] {
    let word =
        |pairs: &[u8], bit: usize| pairs.iter().rev().fold(0, |word, pair| word << 1 | u64::from(pair >> bit & 1));
    [0, 1].map(|bit| pairs.chunks(64).map(|pairs| word(pairs, bit)).collect())
}

/// A bit of each number, one in a byte.
fn unsliced(slice: &Slice, count: usize) -> Vec<u8> {
    (0..count).map(|at| (slice[at / 64] >> (at % 64) & 1) as u8).collect()
}

#[cfg(test)]
mod tests;
