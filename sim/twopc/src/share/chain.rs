//! The carries of a sum of two shares, digit after digit, from the lowest.
//!
//! Of each digit one party chooses and the other offers, in turn ([`super::digit`]). The party that chooses has its digit `y` and its share `q` of the carry into it, the other `x` and `e`. As the carry out of the digit is a function of `x`, `y` and `q + e`, a transfer of one of eight bits at the choice `(y, q)` gives shares of it.
//! Bits of `y` are the random choices of their transfers where they were drawn with them; otherwise they are corrected, as `q` always is. Decision 38 has the proof.
//!
//! The party that offers a digit has its share of the carry out of it at once, and chooses in the next. So each digit is one message: its entries, and the corrections of the next digit. Only where the first digit is corrected another message goes before.

use crate::bits::packed_bytes;
use crate::party::Party;
use crate::role::Role;
use crate::share::compare::{Carries, Span};
use crate::share::digit::{Chosen, Digit, Offered, digits, swap};
use crate::share::slices::{Slice, pack, planes, sliced, sum, unpack, unsliced};
use crate::wire::link::Halt;
use std::ops::Range;

/// The transfers of a chain, drawn and not used yet: they serve one chain of as many numbers.
#[derive(Debug)]
pub struct Drawn {
    chain: Chain,
    transfers: Vec<Transfers>,
}

/// What both parties know of a chain.
#[derive(Debug)]
struct Chain {
    /// How many numbers are summed.
    count: usize,
    /// The number of bits below the inner carry.
    low: u32,
    digits: Vec<Digit>,
    /// The party whose random choices are bits of its numbers, so that it corrects none.
    drawer: Option<Role>,
}

/// A party's part of the transfers of a digit.
#[derive(Debug)]
enum Transfers {
    Chosen(Vec<Chosen>),
    Offered(Vec<Offered>),
}

/// Draws the transfers of a chain over `count` numbers that are not known yet: some bits of the span are to be those of [`Drawn::numbers`] of the drawer.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// For numbers of no bits, which have no carry.
pub fn draw(party: &mut Party, count: usize, span: Span, drawer: Role) -> Result<Drawn, Halt> {
    transfers(party, count, (span.low, span.high), Some(drawer))
}

/// Computes shares of the carries of the sum of both parties' numbers, of `low + high` bits each. Higher bits are not looked at.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// For numbers of no bits, which have no carry.
pub fn carries(party: &mut Party, numbers: &[u64], low: u32, high: u32) -> Result<Carries, Halt> {
    transfers(party, numbers.len(), (low, high), None)?.carries(party, numbers)
}

fn transfers(party: &mut Party, count: usize, (low, high): (u32, u32), drawer: Option<Role>) -> Result<Drawn, Halt> {
    assert!(low + high > 0, "numbers of no bits have no carry");
    let chain = Chain { count, low, digits: digits(low, high), drawer };
    let chosen = |party: &mut Party| {
        let transfer = |choices: &[u8], pads: &[u64]| choices[0] | ((pads[0] & 3) << 1) as u8;
        let [choice, zero, one] = planes(&party.receive_pads(count, 1, transfer)?);
        Ok(Chosen { choice, string: [zero, one] })
    };
    let offered = |party: &mut Party| {
        let transfer = |pads: &[[u64; 2]]| (pads[0][0] & 3 | (pads[0][1] & 3) << 2) as u8;
        let [a, b, c, d] = planes(&party.send_pads(count, 1, transfer)?);
        Ok([[a, b], [c, d]])
    };
    let of = |(at, digit): (usize, &Digit)| {
        let each = 0..digit.transfers();
        Ok(if chooser(drawer, at) == party.role() {
            Transfers::Chosen(each.map(|_| chosen(party)).collect::<Result<_, Halt>>()?)
        } else {
            Transfers::Offered(each.map(|_| offered(party)).collect::<Result<_, Halt>>()?)
        })
    };
    let transfers = chain.digits.iter().enumerate().map(of).collect::<Result<_, Halt>>()?;
    Ok(Drawn { chain, transfers })
}

/// Which party chooses in a digit: the drawer in the first, or else the client.
#[must_use]
pub fn chooser(drawer: Option<Role>, digit: usize) -> Role {
    let first = drawer.unwrap_or(Role::Client);
    if digit.is_multiple_of(2) { first } else { first.peer() }
}

impl Drawn {
    /// The bits that this party drew as the drawer, as a mask, and numbers whose bits there are its random choices: uniform, and hidden from the other party as choices are. `None` for that one.
    #[must_use]
    pub fn numbers(&self) -> Option<(u64, Vec<u64>)> {
        let is_drawer = matches!(self.transfers[..], [Transfers::Chosen(_), ..]) && self.chain.drawer.is_some();
        if !is_drawer {
            return None;
        }
        let (mut mask, mut numbers, mut from) = (0, vec![0; self.chain.count], 0);
        for (digit, transfers) in self.chain.digits.iter().zip(&self.transfers) {
            if let Transfers::Chosen(chosen) = transfers {
                for (place, Chosen { choice, .. }) in (from..).zip(&chosen[..digit.bits]) {
                    mask |= 1 << place;
                    let bits = unsliced(choice, self.chain.count);
                    numbers.iter_mut().zip(bits).for_each(|(number, bit)| *number |= u64::from(bit) << place);
                }
            }
            from += digit.bits;
        }
        Some((mask, numbers))
    }

    /// Computes shares of the carries of the sum of both parties' numbers. Those of the drawer have the bits that it drew, whatever it gives there.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn carries(self, party: &mut Party, numbers: &[u64]) -> Result<Carries, Halt> {
        let Self { chain, mut transfers } = self;
        let own = chain.own(numbers, &transfers);
        let mut out = Vec::<Slice>::with_capacity(own.len());
        match &transfers[0] {
            Transfers::Chosen(_) => chain.send(party, &chain.corrections(0, &transfers, &own, None))?,
            Transfers::Offered(_) => {
                let corrections = chain.receive(party, chain.corrected(0).len())?;
                chain.correct(0, &mut transfers, &corrections);
            }
        }
        for (at, digit) in chain.digits.iter().enumerate() {
            let share = match &transfers[at] {
                Transfers::Offered(offered) => {
                    let (share, mut sent) = chain.offer(digit, &own[at], out.last(), offered);
                    sent.extend(chain.corrections(at + 1, &transfers, &own, Some(&share)));
                    chain.send(party, &sent)?;
                    share
                }
                Transfers::Chosen(chosen) => {
                    let mut sent = chain.receive(party, digit.sent() + chain.corrected(at + 1).len())?;
                    let corrections = sent.split_off(digit.sent());
                    let share = chain.choose(digit, &own[at], out.last(), (chosen, &sent));
                    party.link.read(|| pack(std::slice::from_ref(&share), chain.count));
                    chain.correct(at + 1, &mut transfers, &corrections);
                    share
                }
            };
            out.push(share);
        }
        Ok(chain.of_ends(&out))
    }
}

impl Chain {
    /// A party's own bits, digit by digit: where it drew them, its choices.
    fn own(&self, numbers: &[u64], transfers: &[Transfers]) -> Vec<Vec<Slice>> {
        let mut own = sliced(numbers, self.digits.iter().map(|digit| digit.bits).sum()).into_iter();
        let of = |(at, (digit, transfers)): (usize, (&Digit, &Transfers))| {
            let given: Vec<Slice> = own.by_ref().take(digit.bits).collect();
            match transfers {
                Transfers::Chosen(chosen) if self.is_drawn(at) => {
                    chosen[..digit.bits].iter().map(|transfer| transfer.choice.clone()).collect()
                }
                _ => given,
            }
        };
        self.digits.iter().zip(transfers).enumerate().map(of).collect()
    }

    /// Whether the choices of a digit's bits are what the party that chooses drew.
    fn is_drawn(&self, at: usize) -> bool {
        self.drawer == Some(chooser(self.drawer, at))
    }

    /// The transfers of a digit whose choices are corrected; none of a digit that is not there.
    fn corrected(&self, at: usize) -> Range<usize> {
        let corrected = |digit: &Digit| if self.is_drawn(at) { digit.bits } else { 0 }..digit.transfers();
        self.digits.get(at).map_or(0..0, corrected)
    }

    /// What a party that chooses in a digit sends for it: what its bits and its share of the carry differ from its choices by.
    fn corrections(&self, at: usize, transfers: &[Transfers], own: &[Vec<Slice>], carry: Option<&Slice>) -> Vec<Slice> {
        let Some(Transfers::Chosen(chosen)) = transfers.get(at) else { return Vec::new() };
        let own: Vec<&Slice> = own[at].iter().chain(carry).collect();
        self.corrected(at).map(|transfer| sum(own[transfer], &chosen[transfer].choice)).collect()
    }

    /// Puts the strings of a digit that this party offers in the order that the corrections say.
    fn correct(&self, at: usize, transfers: &mut [Transfers], corrections: &[Slice]) {
        if let Some(Transfers::Offered(offered)) = transfers.get_mut(at) {
            offered[self.corrected(at)].iter_mut().zip(corrections).for_each(|(strings, by)| swap(strings, by));
        }
    }

    /// A party's share of the carry out of a digit that it offers, and the entries that it sends.
    fn offer(&self, digit: &Digit, own: &[Slice], carry: Option<&Slice>, strings: &[Offered]) -> (Slice, Vec<Slice>) {
        let words = self.words();
        let (mut share, mut sent) = (Vec::with_capacity(words), vec![Vec::with_capacity(words); digit.sent()]);
        for word in 0..words {
            let table = digit.table(word, own, carry.map(|carry| carry[word]), strings);
            share.push(table[0]);
            sent.iter_mut().zip(&table[1..]).for_each(|(sent, entry)| sent.push(entry ^ table[0]));
        }
        (share, sent)
    }

    /// A party's share of the carry out of a digit in which it chooses, from the entries.
    fn choose(
        &self,
        digit: &Digit,
        own: &[Slice],
        carry: Option<&Slice>,
        (chosen, sent): (&[Chosen], &[Slice]),
    ) -> Slice {
        let at: Vec<&Slice> = own.iter().chain(carry).collect();
        (0..self.words()).map(|word| digit.entry(word, &at, chosen, sent)).collect()
    }

    fn words(&self) -> usize {
        self.count.div_ceil(64)
    }

    fn send(&self, party: &mut Party, slices: &[Slice]) -> Result<(), Halt> {
        if slices.is_empty() { Ok(()) } else { party.link.send(pack(slices, self.count)) }
    }

    fn receive(&self, party: &mut Party, slices: usize) -> Result<Vec<Slice>, Halt> {
        if slices == 0 {
            return Ok(Vec::new());
        }
        Ok(unpack(&party.link.receive(packed_bytes(self.count * slices, 1))?, slices, self.count))
    }

    /// The carries out of the lowest bits and out of all, of those out of each digit.
    fn of_ends(&self, out: &[Slice]) -> Carries {
        let ends = self.digits.iter().scan(0, |end, digit| {
            *end += digit.bits;
            Some(*end)
        });
        let inner = ends.zip(out).find(|(end, _)| *end == self.low as usize);
        let bytes = |carry: &Slice| unsliced(carry, self.count);
        let low = inner.map_or_else(Vec::new, |(_, carry)| bytes(carry));
        Carries { low, all: out.last().map_or_else(Vec::new, bytes) }
    }
}

#[cfg(test)]
mod tests;
