//! The millionaires' protocol (Rathee et al., CCS 2020, section 3.1, Algorithm 1, with `m = 4`), as the carry of a sum of two shares: the client's bits
//! are greater than the complement of the server's iff the sum carries out.
//!
//! Digits of four bits are compared by one of 16 messages, and a tree joins them. The lowest digit needs no equality, and neither
//! does what it is joined to; every other join is two products with the shared factor "the higher part is equal".

use super::and::{Factors, multiply};
use super::transfers::Transfers;
use super::triples::{Triple, Triples, Wanted};
use crate::bits::{Packer, Unpacker, mask, packed_bytes};
use crate::ot::offer::{Asked, Heard};
use crate::party::Party;
use crate::role::Role;
use crate::wire::link::Halt;
use rand_core::Rng;

/// The most bits that a digit has.
const DIGIT_BITS: u32 = 4;

/// A digit of numbers that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digit {
    /// The place of its lowest bit.
    from: u32,
    /// The number of its bits, from 1 to [`DIGIT_BITS`].
    bits: u32,
}

impl Digit {
    /// The number of its messages, and of their bits: one for greater, and one for equal but in the lowest digit.
    fn messages(self) -> (usize, u32) {
        (1 << self.bits, 1 + u32::from(self.from > 0))
    }

    /// Whether one of two messages is transferred.
    fn is_bit(self) -> bool {
        self.bits == 1
    }

    fn of(self, number: u64) -> u8 {
        (number >> self.from & mask(self.bits)) as u8
    }
}

/// The comparison of so many numbers of so many bits, as both parties know it.
#[derive(Clone, Debug)]
pub struct Layout {
    count: usize,
    /// From the lowest.
    digits: Vec<Digit>,
}

impl Layout {
    /// Divides numbers into digits.
    pub fn new(count: usize, bits: u32) -> Self {
        let digit = |from: u32| Digit { from, bits: DIGIT_BITS.min(bits - from) };
        Self { count, digits: (0..bits).step_by(DIGIT_BITS as usize).map(digit).collect() }
    }

    /// The depth of the tree: of its joins, one on each level is to the lowest digit.
    pub fn levels(&self) -> u32 {
        self.digits.len().next_power_of_two().ilog2()
    }

    /// The joins on each level.
    pub fn joins(&self) -> impl Iterator<Item = usize> {
        let mut nodes = self.digits.len();
        std::iter::from_fn(move || {
            let joins = nodes / 2;
            nodes -= joins;
            (joins > 0).then_some(joins)
        })
    }

    /// The triples of its tree.
    pub fn wanted(&self) -> Wanted {
        let (levels, joins) = (self.levels() as usize, self.digits.len() - 1);
        Wanted { plain: self.count * levels, pairs: self.count * (joins - levels) }
    }

    /// The number of transfers of one of two messages, and of one of many.
    pub fn transfers(&self) -> [usize; 2] {
        let bits = self.digits.iter().filter(|digit| digit.is_bit()).count();
        [self.count * bits, self.count * (self.digits.len() - bits) + self.wanted().transfers()]
    }

    /// The length of the sender's message.
    pub fn answer_bytes(&self) -> usize {
        let bits = |digit: &Digit| {
            let (values, bits) = digit.messages();
            values * bits as usize
        };
        packed_bytes(self.count * self.digits.iter().map(bits).sum::<usize>() + self.wanted().message_bits(), 1)
    }

    /// The digits, each with its first transfer among those of its kind.
    fn places(&self) -> impl Iterator<Item = (Digit, usize)> {
        let of = |(place, digit): (usize, &Digit)| (*digit, if digit.is_bit() { 0 } else { place * self.count });
        self.digits.iter().enumerate().map(of)
    }

    /// The place of the triples among the transfers of one of many.
    fn triples_from(&self) -> usize {
        self.transfers()[1] - self.wanted().transfers()
    }
}

/// Shares of greater (bit 0) and equal (bit 1) for some adjacent digits. The lowest ones have no equal.
type Node = Vec<u8>;

/// Computes shares of the carries of the sum of both parties' numbers, of `bits` bits each, at least one. Higher bits are not looked at.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn carries(party: &mut Party<Transfers>, numbers: &[u64], bits: u32) -> Result<Vec<u8>, Halt> {
    let layout = Layout::new(numbers.len(), bits);
    let (leaves, triples) = match party.role() {
        Role::Client => choose(party, numbers, &layout)?,
        Role::Server => offer(party, numbers, &layout)?,
    };
    let greater = join(party, numbers.len(), leaves, &triples)?;
    Ok(greater.into_iter().map(|share| share & 1).collect())
}

/// The client asks for the message at each of its digits.
fn choose(party: &mut Party<Transfers>, numbers: &[u64], layout: &Layout) -> Result<(Vec<Node>, Triples), Halt> {
    let wanted = layout.wanted();
    let own = wanted.choices(&mut party.rng);
    let choices = |bit: bool| {
        let digits = layout.digits.iter().filter(move |digit| digit.is_bit() == bit);
        digits.flat_map(|digit| numbers.iter().map(|number| digit.of(*number)))
    };
    let two = party.transfers.two.receiver.ask(&mut party.link, choices(true).collect())?;
    let chosen = choices(false).chain(own.iter().copied()).collect();
    let many = party.transfers.many.receiver.ask(&mut party.link, chosen)?;
    let masked = party.link.receive(layout.answer_bytes())?;
    let mut masked = Unpacker::new(&masked);
    let mut leaf = |(digit, from): (Digit, usize)| -> Node {
        let asked: &Asked = if digit.is_bit() { &two } else { &many };
        let taken = asked.take(from..from + layout.count, digit.messages(), &mut masked);
        taken.into_iter().map(|share| share as u8).collect()
    };
    let leaves = layout.places().map(&mut leaf).collect();
    Ok((leaves, wanted.take(&many, layout.triples_from(), &own, &mut masked)))
}

/// The server offers, for each value of the client's digit, whether it is greater than, and equal to, the complement of its own.
fn offer(party: &mut Party<Transfers>, numbers: &[u64], layout: &Layout) -> Result<(Vec<Node>, Triples), Halt> {
    let [bits, others] = layout.transfers();
    let two = party.transfers.two.sender.hear(&mut party.link, bits)?;
    let many = party.transfers.many.sender.hear(&mut party.link, others)?;
    let mut masked = Packer::with_capacity(layout.answer_bytes());
    let mut leaf = |(digit, from): (Digit, usize)| -> Node {
        let heard: &Heard = if digit.is_bit() { &two } else { &many };
        let mut shares = vec![0; layout.count];
        party.rng.fill_bytes(&mut shares);
        heard.offer(from..from + layout.count, digit.messages(), &mut masked, |at, value| {
            let own = usize::from(digit.of(!numbers[at]));
            u64::from(shares[at]) ^ u64::from(value > own) ^ u64::from(value == own) << 1
        });
        shares
    };
    let leaves = layout.places().map(&mut leaf).collect();
    let triples = layout.wanted().offer(&mut party.rng, &many, layout.triples_from(), &mut masked);
    party.link.send(masked.finish())?;
    Ok((leaves, triples))
}

/// Joins digits, from the lowest: greater if the higher part is, or if it is equal and the lower part is greater.
fn join(party: &mut Party<Transfers>, count: usize, leaves: Vec<Node>, triples: &Triples) -> Result<Node, Halt> {
    let (mut nodes, mut plain) = (leaves, &triples.plain[..]);
    let mut pairs = triples.pairs.each_ref().map(|triples| &triples[..]);
    while nodes.len() > 1 {
        let joins = nodes.len() / 2;
        let own = split(&mut plain, count);
        let [first, second] = pairs.each_mut().map(|pairs| split(pairs, count * (joins - 1)));
        let equal: Vec<Vec<u8>> = nodes.iter().map(|node| node.iter().map(|share| share >> 1).collect()).collect();
        let mut lists = Vec::with_capacity(2 * joins - 1);
        for at in 0..joins {
            let (lower, higher) = (2 * at, 2 * at + 1);
            let x = &equal[higher];
            let Some(of_pairs) = at.checked_sub(1) else {
                lists.push(Factors { x, y: &nodes[lower], triples: own });
                continue;
            };
            let range = count * of_pairs..count * (of_pairs + 1);
            lists.push(Factors { x, y: &nodes[lower], triples: &first[range.clone()] });
            lists.push(Factors { x, y: &equal[lower], triples: &second[range] });
        }
        let mut products = multiply(party, &lists)?.into_iter();
        let mut joined = Vec::with_capacity(nodes.len() - joins);
        for (at, pair) in nodes.chunks(2).enumerate() {
            let [_, higher] = pair else {
                joined.push(pair.concat());
                continue;
            };
            let mut node: Node = higher.iter().map(|share| share & 1).collect();
            for (place, product) in products.by_ref().take(1 + usize::from(at > 0)).enumerate() {
                node.iter_mut().zip(product).for_each(|(share, bit)| *share ^= bit << place);
            }
            joined.push(node);
        }
        nodes = joined;
    }
    Ok(nodes.concat())
}

/// Takes the first `count` triples off.
fn split<'a>(triples: &mut &'a [Triple], count: usize) -> &'a [Triple] {
    let (first, rest) = triples.split_at(count);
    *triples = rest;
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cryptflow2::cost;
    use crate::backend::cryptflow2::testing::{assert_cost, both};
    use crate::party::rehearsal::shared;
    use std::sync::{Arc, Mutex};

    fn check(bits: u32, client: &[u64], server: &[u64]) {
        let ([mine, theirs], party) = both(|party| carries(party, client, bits), |party| carries(party, server, bits));
        for ((&x0, &x1), (a, b)) in client.iter().zip(server).zip(mine.iter().zip(&theirs)) {
            let sum = u128::from(x0 & mask(bits)) + u128::from(x1 & mask(bits));
            assert_eq!(u128::from(a ^ b), sum >> bits, "{x0} + {x1} of {bits} bits");
        }
        assert_cost(&party, |cost| cost::carries(cost, client.len(), bits));
    }

    #[test]
    fn every_pair_of_small_numbers() {
        for bits in 1..=6 {
            let pairs = || (0..1 << bits).flat_map(|x0| (0..1 << bits).map(move |x1| (x0, x1)));
            let [client, server] =
                [0, 1].map(|role| pairs().map(|pair: (u64, u64)| [pair.0, pair.1][role]).collect::<Vec<_>>());
            check(bits, &client, &server);
        }
    }

    #[test]
    fn carries_of_every_width() {
        for bits in (7..=63).step_by(2).chain([12, 32, 36, 40, 64]) {
            let [_, client, mut server] = shared(bits, 60, 5);
            // Sums around the border are where a comparison goes wrong.
            for (i, (x0, x1)) in client.iter().zip(&mut server).enumerate().step_by(2) {
                *x1 = (mask(bits) - x0).wrapping_add(i as u64 / 2 % 3).wrapping_sub(1) & mask(bits);
            }
            check(bits, &client, &server);
        }
    }

    #[test]
    fn it_sends_the_bits_of_the_formula() {
        for (bits, expected) in [(32, 3852), (36, 4288), (40, 4856), (12, 1144), (4, 272), (1, 130), (14, 1688)] {
            let (count, numbers) = (16, vec![5; 16]);
            let (_, party) = both(|party| carries(party, &numbers, bits), |party| carries(party, &numbers, bits));
            assert_eq!(8 * party.link.meter().total(|_| true).bytes, count * expected, "{bits} bits");
        }
    }

    /// Remembers what a party sends.
    struct Recorder(Arc<Mutex<Vec<Vec<u8>>>>);

    impl crate::wire::hook::Deviation for Recorder {
        fn message(&mut self, _: &crate::wire::meter::Message, payload: &[u8]) -> crate::wire::hook::Conduct {
            self.0.lock().unwrap().push(payload.to_vec());
            crate::wire::hook::Conduct::Send
        }
    }

    /// Each bit that the client opens, and each sum of two, is balanced; the mask of a pair is on the factor that its products share, so
    /// that the two openings of that factor are equal.
    #[test]
    fn openings_tell_nothing() {
        let (count, bits) = (4096, 12);
        let sent = Arc::new(Mutex::new(Vec::new()));
        let (client, server) = (vec![0x5a3; count], vec![0xa5c; count]);
        both(
            |party| {
                party.link.deviate(Box::new(Recorder(sent.clone())));
                carries(party, &client, bits)
            },
            |party| carries(party, &server, bits),
        );
        let messages = sent.lock().unwrap();
        // Three digits: on the first level the lowest two join, on the second the third.
        let openings = &messages[messages.len() - 2..];
        for opening in openings {
            for bit in 0..2 {
                let ones = crate::bits::unpack(opening, 2, count).iter().filter(|pair| *pair >> bit & 1 == 1).count();
                crate::ot::testing::assert_balanced(ones, count);
            }
        }
    }
}
