//! Comparison: the carries of a sum of two shares.
//!
//! The client's bits `y` are greater than the complement of the server's iff the sum carries out. Digits of three bits are compared
//! by oblivious transfer of one message of eight, and a tree joins them (Rathee et al., CrypTFlow2, CCS 2020, section 3.1, Algorithm 1;
//! Huang et al., Cheetah, USENIX Security 2022, section 4.1). Two changes: the transfers' pads stand for the first message, so that
//! one of eight is not sent; and a carry inside the number is a node of the tree, so that exact truncation has it for nothing.
//!
//! A client that is yet to draw the numbers may draw the transfers before them ([`draw`]), and have their random choices as digits ([`Drawn::numbers`]). It
//! then sends no choices.

use crate::bits::{Packer, Unpacker, mask, packed_bytes};
use crate::party::Party;
use crate::role::Role;
use crate::share::and::{Factors, and};
use crate::wire::hook::{Compared, Mistakes};
use crate::wire::link::Halt;

/// The most bits that a digit has.
pub const DIGIT_BITS: u32 = 3;

/// Shares of two carries of a sum: the one out of its lowest `low` bits, and the one out of all `low + high`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carries {
    /// The carry out of the lowest bits; empty for `low = 0`.
    pub low: Vec<u8>,
    /// The carry out of all bits.
    pub all: Vec<u8>,
}

/// A digit of numbers that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digit {
    /// The place of its lowest bit.
    pub from: u32,
    /// The number of its bits, from 1 to [`DIGIT_BITS`].
    pub bits: u32,
    /// Whether digits below it decide where this one is equal, so that equality counts.
    pub inner: bool,
}

impl Digit {
    /// The number of bits of each message: one for greater, and one for equal if that counts.
    #[must_use]
    pub fn width(self) -> u32 {
        1 + u32::from(self.inner)
    }

    /// The number of bits of all messages that are sent: all but the one that the pads stand for.
    #[must_use]
    pub fn message_bits(self) -> u32 {
        ((1 << self.bits) - 1) * self.width()
    }

    /// The mistakes of all messages in one word, each at the place of its value's sum with the correction.
    fn word(self, mistakes: &Mistakes, correction: u64) -> u16 {
        let at = |value: u64| u64::from(mistakes[value as usize]) & mask(self.width());
        (0..1 << self.bits)
            .fold(0, |word, value| word | (at(value) as u16) << ((value ^ correction) as u32 * self.width()))
    }
}

/// Divides `low` and then `high` bits into digits, from the lowest. No digit lies across the border between the two.
#[must_use]
pub fn digits(low: u32, high: u32) -> Vec<Digit> {
    let mut digits: Vec<Digit> = Vec::new();
    for (start, bits) in [(0, low), (low, high)] {
        let count = bits.div_ceil(DIGIT_BITS);
        let mut from = start;
        for index in 0..count {
            let bits = (start + bits - from).div_ceil(count - index);
            digits.push(Digit { from, bits, inner: from > 0 });
            from += bits;
        }
    }
    digits
}

/// The bits of shares whose carries a step finds first: `low` and then `high` bits above the lowest `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The place of the lowest bit.
    pub from: u32,
    /// The number of bits up to the inner carry.
    pub low: u32,
    /// The number of bits above it.
    pub high: u32,
}

/// The transfers of a comparison, drawn and not used yet: they serve one comparison of as many numbers.
#[derive(Debug)]
pub struct Drawn {
    digits: Vec<Digit>,
    /// How many of the digits are below the inner carry.
    border: usize,
    /// How the choices of the client's digits become known to the server.
    choices: Choices,
    part: Part,
}

/// A party's part of the transfers of each digit.
#[derive(Debug)]
enum Part {
    Client(Vec<Vec<Chosen>>),
    Server(Vec<Vec<u16>>),
}

/// How a server comes to know which message is for which digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choices {
    /// The client sends what its digits differ from the random choices by.
    Corrected,
    /// The random choices are the digits.
    Digits,
}

/// Draws the transfers of a comparison of `count` numbers that are not known yet, and whose bits of the span are to be [`Drawn::numbers`] at the client.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn draw(party: &mut Party, count: usize, span: Span) -> Result<Drawn, Halt> {
    transfers(party, count, (span.low, span.high), Choices::Digits)
}

fn transfers(party: &mut Party, count: usize, (low, high): (u32, u32), choices: Choices) -> Result<Drawn, Halt> {
    let digits = digits(low, high);
    let part = match party.role() {
        Role::Client => Part::Client(chosen(party, count, &digits)?),
        Role::Server => Part::Server(offered(party, count, &digits)?),
    };
    let border = digits.iter().filter(|digit| digit.from < low).count();
    Ok(Drawn { digits, border, choices, part })
}

impl Drawn {
    /// The numbers of `low + high` bits whose digits a client chose at random in these transfers: uniform, and hidden from the server as choices are. `None` for a server.
    #[must_use]
    pub fn numbers(&self) -> Option<Vec<u64>> {
        let Part::Client(chosen) = &self.part else { return None };
        let mut numbers = vec![0; chosen.first()?.len()];
        for (digit, chosen) in self.digits.iter().zip(chosen) {
            for (number, [choice, _]) in numbers.iter_mut().zip(chosen) {
                *number |= u64::from(*choice) << digit.from;
            }
        }
        Some(numbers)
    }

    /// Computes shares of the carries of the sum of both parties' numbers. Of a client whose choices are its digits these are the numbers that it drew, whatever it gives.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    ///
    /// # Panics
    /// For numbers of no bits, which have no carry.
    pub fn carries(self, party: &mut Party, numbers: &[u64]) -> Result<Carries, Halt> {
        let Self { digits, border, choices, part } = self;
        let leaves = match part {
            Part::Client(chosen) => choose(party, numbers, (&digits, choices), &chosen)?,
            Part::Server(pads) => offer(party, numbers, (&digits, choices), &pads)?,
        };
        join(party, leaves, border)
    }
}

/// Computes shares of the carries of the sum of both parties' numbers, of `low + high` bits each. Higher bits are not looked at.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// For numbers of no bits, which have no carry.
pub fn carries(party: &mut Party, numbers: &[u64], low: u32, high: u32) -> Result<Carries, Halt> {
    transfers(party, numbers.len(), (low, high), Choices::Corrected)?.carries(party, numbers)
}

/// What a receiver made of the transfers of one digit: its random choice and the pad's bits there.
type Chosen = [u8; 2];

/// The client's transfers of the digits.
fn chosen(party: &mut Party, count: usize, digits: &[Digit]) -> Result<Vec<Vec<Chosen>>, Halt> {
    let of = |digit: &Digit| {
        let width = digit.width();
        party.receive_pads(count, digit.bits as usize, |choices, pads| {
            let choice = choices.iter().rev().fold(0, |all, choice| all << 1 | choice);
            let pad = pads.iter().fold(0, |sum, pad| sum ^ pad) >> (u32::from(choice) * width);
            [choice, (pad & mask(width)) as u8]
        })
    };
    digits.iter().map(of).collect()
}

/// The client's side of the digits: it asks for the message at its digit.
fn choose(
    party: &mut Party,
    numbers: &[u64],
    (digits, choices): (&[Digit], Choices),
    chosen: &[Vec<Chosen>],
) -> Result<Vec<Node>, Halt> {
    if choices == Choices::Corrected {
        let mut corrections = Packer::with_capacity(question_bytes(digits, numbers.len()));
        for (digit, chosen) in digits.iter().zip(chosen) {
            for (number, [choice, _]) in numbers.iter().zip(chosen) {
                corrections.push((number >> digit.from) ^ u64::from(*choice), digit.bits);
            }
        }
        party.link.send(corrections.finish())?;
    }
    let messages = party.link.receive(answer_bytes(digits, numbers.len()))?;
    let mut messages = Unpacker::new(&messages);
    let mut leaf = |digit: &Digit, [choice, pad]: &Chosen| {
        let all = messages.pull(digit.message_bits()) << digit.width();
        pad ^ ((all >> (u32::from(*choice) * digit.width())) & mask(digit.width())) as u8
    };
    let node = |(digit, chosen): (&Digit, &Vec<Chosen>)| Node {
        inner: digit.inner,
        shares: chosen.iter().map(|chosen| leaf(digit, chosen)).collect(),
    };
    Ok(digits.iter().zip(chosen).map(node).collect())
}

/// The server's transfers of the digits: the pads of all messages of one in a word.
fn offered(party: &mut Party, count: usize, digits: &[Digit]) -> Result<Vec<Vec<u16>>, Halt> {
    let of = |digit: &Digit| {
        let selectors = selectors(*digit);
        party.send_pads(count, digit.bits as usize, |pads| {
            pads.iter()
                .zip(&selectors)
                .fold(0, |sum, (pads, one)| sum ^ ((pads[0] as u16) & !one) ^ ((pads[1] as u16) & one))
        })
    };
    digits.iter().map(of).collect()
}

/// The server's side of the digits: for each value of the client's digit, whether it is greater than, and equal to, the
/// complement of its own.
fn offer(
    party: &mut Party,
    numbers: &[u64],
    (digits, choices): (&[Digit], Choices),
    pads: &[Vec<u16>],
) -> Result<Vec<Node>, Halt> {
    let asked = question_bytes(digits, numbers.len());
    let corrections = match choices {
        Choices::Corrected => party.link.receive(asked)?,
        Choices::Digits => vec![0; asked],
    };
    let mut corrections = Unpacker::new(&corrections);
    let mut messages = Packer::with_capacity(answer_bytes(digits, numbers.len()));
    let mut leaves = Vec::with_capacity(digits.len());
    for (digit, pads) in digits.iter().zip(pads) {
        let (table, width) = (Table::new(*digit), digit.width());
        let everywhere = table.everywhere;
        let own = |number: &u64| (!number >> digit.from) & mask(digit.bits);
        let compared = Compared { from: digit.from, bits: digit.bits, threshold: 0 };
        let mistakes = party.link.mistakes(compared, numbers.iter().map(|number| own(number) as u8));
        let mine = numbers.iter().zip(pads).enumerate().map(|(at, (number, pads))| {
            let correction = corrections.pull(digit.bits);
            let wrong = mistakes.as_ref().map_or(0, |mistakes| digit.word(&mistakes[at], correction));
            let masked = pads ^ table.at(own(number), correction) ^ wrong;
            let share = masked & (mask(width) as u16);
            messages.push(u64::from((masked ^ share.wrapping_mul(everywhere)) >> width), digit.message_bits());
            share as u8
        });
        leaves.push(Node { inner: digit.inner, shares: mine.collect() });
    }
    party.link.send(messages.finish())?;
    Ok(leaves)
}

fn question_bytes(digits: &[Digit], count: usize) -> usize {
    packed_bytes(count, digits.iter().map(|digit| digit.bits).sum())
}

fn answer_bytes(digits: &[Digit], count: usize) -> usize {
    packed_bytes(count, digits.iter().map(|digit| digit.message_bits()).sum())
}

/// For each bit of a digit, the places in a word of all messages at whose values the bit is one.
fn selectors(digit: Digit) -> Vec<u16> {
    let message = mask(digit.width()) as u16;
    let places = |bit: u32| (0..1_u32 << digit.bits).filter(move |value| value >> bit & 1 == 1);
    (0..digit.bits).map(|bit| places(bit).map(|value| message << (value * digit.width())).sum()).collect()
}

/// The messages of a digit, in one word, for each digit of the server's and each correction of the client's.
struct Table {
    /// By correction, which is public: the words of all own digits side by side.
    rows: Vec<u128>,
    /// A word of ones in the lowest bit of each message.
    everywhere: u16,
}

impl Table {
    /// The message at place `w` is for the client's digit `w ^ correction`.
    fn new(digit: Digit) -> Self {
        let (values, width) = (0..1_u16 << digit.bits, digit.width());
        let message =
            |own: u16, value: u16| u16::from(value > own) | (u16::from(value == own) << 1) & mask(width) as u16;
        let word = |own: u16, correction: u16| {
            values.clone().fold(0, |word, place| word | message(own, place ^ correction) << (u32::from(place) * width))
        };
        let row = |c: u16| values.clone().rev().fold(0, |row, own| row << u16::BITS | u128::from(word(own, c)));
        Self {
            rows: values.clone().map(row).collect(),
            everywhere: values.clone().map(|value| 1 << (u32::from(value) * width)).sum(),
        }
    }

    fn at(&self, own: u64, correction: u64) -> u16 {
        (self.rows[correction as usize] >> (own as u32 * u16::BITS)) as u16
    }
}

/// Adjacent digits compared: shares of greater (bit 0) and, where anything below asks for it, of equal (bit 1).
struct Node {
    inner: bool,
    shares: Vec<u8>,
}

/// Joins digits, from the lowest, into the carry of the first `border` of them and that of all.
fn join(party: &mut Party, mut low: Vec<Node>, border: usize) -> Result<Carries, Halt> {
    let mut high = low.split_off(border);
    while low.len() > 1 || high.len() > 1 {
        let [(low_pairs, low_odd), (high_pairs, high_odd)] = [low, high].map(adjacent);
        let from_low = low_pairs.len();
        let mut joined = level(party, &low_pairs.into_iter().chain(high_pairs).collect::<Vec<_>>())?;
        high = joined.drain(from_low..).chain(high_odd).collect();
        low = joined.into_iter().chain(low_odd).collect();
    }
    let carry = |node: &Node| node.shares.iter().map(|share| share & 1).collect();
    match (low.pop(), high.pop()) {
        (Some(low), Some(high)) => {
            let low_carry = carry(&low);
            let joined = level(party, &[[low, high]])?;
            Ok(Carries { low: low_carry, all: carry(&joined[0]) })
        }
        (Some(low), None) => Ok(Carries { low: carry(&low), all: carry(&low) }),
        (None, Some(high)) => Ok(Carries { low: Vec::new(), all: carry(&high) }),
        (None, None) => panic!("numbers of no bits have no carry"),
    }
}

/// Neighbours, lower first, and what is left over.
fn adjacent(nodes: Vec<Node>) -> (Vec<[Node; 2]>, Option<Node>) {
    let mut pairs = Vec::with_capacity(nodes.len() / 2);
    let mut nodes = nodes.into_iter();
    while let Some(lower) = nodes.next() {
        match nodes.next() {
            Some(higher) => pairs.push([lower, higher]),
            None => return (pairs, Some(lower)),
        }
    }
    (pairs, None)
}

/// One level of the tree: greater if the higher part is, or if it is equal and the lower part is greater.
fn level(party: &mut Party, pairs: &[[Node; 2]]) -> Result<Vec<Node>, Halt> {
    let equal: Vec<Vec<u8>> =
        pairs.iter().map(|[_, higher]| higher.shares.iter().map(|share| share >> 1).collect()).collect();
    let lists: Vec<Factors<'_>> = pairs
        .iter()
        .zip(&equal)
        .map(|([lower, _], equal)| Factors { x: equal, y: &lower.shares, width: 1 + u32::from(lower.inner) })
        .collect();
    let products = and(party, &lists)?;
    let joined = |([lower, higher], product): (&[Node; 2], Vec<u8>)| Node {
        inner: lower.inner,
        shares: higher.shares.iter().zip(product).map(|(share, product)| share & 1 ^ product).collect(),
    };
    Ok(pairs.iter().zip(products).map(joined).collect())
}

#[cfg(test)]
mod tests;
