//! The millionaires' protocol (Rathee et al., CCS 2020, section 3.1, Algorithm 1, with `m = 4`): whether the client's numbers are greater than the server's.
//! The server may have several thresholds for each number, which share the transfers of its digits. Where two shares are added, the client's bits are greater than the
//! complement of the server's iff the sum carries out.
//!
//! Digits of four bits are compared by one of 16 messages, and a tree joins them. The lowest digit needs no equality, and neither
//! does what it is joined to; every other join is two products with the shared factor "the higher part is equal".

use super::and::{Factors, Products, multiply};
use super::form::TripleForm;
use super::transfers::Transfers;
use super::triples::{Triple, Triples, Wanted};
use crate::bits::{Packer, Unpacker, mask, packed_bytes};
use crate::ot::offer::{Asked, Heard};
use crate::party::Party;
use crate::random::uniform;
use crate::role::Role;
use crate::wire::hook::{Compared, Mistakes};
use crate::wire::link::Halt;

/// The most bits that a digit has.
pub const DIGIT_BITS: u32 = 4;

/// A digit of numbers that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digit {
    /// The place of its lowest bit.
    from: u32,
    /// The number of its bits, from 1 to [`DIGIT_BITS`].
    bits: u32,
}

impl Digit {
    /// The number of bits of a result: one for greater, and one for equal but in the lowest digit.
    fn width(self) -> u32 {
        1 + u32::from(self.from > 0)
    }

    /// Whether one of two messages is transferred.
    fn is_bit(self) -> bool {
        self.bits == 1
    }

    fn of(self, number: u64) -> u8 {
        (number >> self.from & mask(self.bits)) as u8
    }
}

/// The comparison of so many numbers of so many bits with so many thresholds each, as both parties know it.
#[derive(Clone, Debug)]
pub struct Layout {
    count: usize,
    thresholds: usize,
    /// From the lowest.
    digits: Vec<Digit>,
}

impl Layout {
    /// Divides numbers into digits.
    pub fn new(count: usize, thresholds: usize, bits: u32) -> Self {
        let digit = |from: u32| Digit { from, bits: DIGIT_BITS.min(bits - from) };
        Self { count, thresholds, digits: (0..bits).step_by(DIGIT_BITS as usize).map(digit).collect() }
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

    /// The number of results, each of which has a tree.
    pub fn results(&self) -> usize {
        self.count * self.thresholds
    }

    /// The places and numbers of bits of the digits whose results a pair of products multiplies, in the order of the products.
    pub fn of_pairs(&self) -> Vec<(u32, u32)> {
        let mut nodes: Vec<(u32, u32)> = self.digits.iter().map(|digit| (digit.from, digit.bits)).collect();
        let mut of_pairs = Vec::new();
        while nodes.len() > 1 {
            of_pairs.extend(nodes.chunks_exact(2).skip(1).map(|pair| pair[0]));
            nodes = nodes.chunks(2).map(|pair| (pair[0].0, pair.iter().map(|node| node.1).sum())).collect();
        }
        of_pairs
    }

    /// The triples of the trees.
    pub fn wanted(&self) -> Wanted {
        let (levels, joins) = (self.levels() as usize, self.digits.len() - 1);
        Wanted { plain: self.results() * levels, pairs: self.results() * (joins - levels) }
    }

    /// The number of messages of a digit, and of their bits.
    fn messages(&self, digit: Digit) -> (usize, u32) {
        (1 << digit.bits, self.thresholds as u32 * digit.width())
    }

    /// The number of transfers of one of two messages, and of one of many.
    pub fn transfers(&self) -> [usize; 2] {
        let bits = self.digits.iter().filter(|digit| digit.is_bit()).count();
        [self.count * bits, self.count * (self.digits.len() - bits) + self.wanted().transfers()]
    }

    /// The length of the sender's message.
    pub fn answer_bytes(&self) -> usize {
        let bits = |digit: &Digit| {
            let (values, bits) = self.messages(*digit);
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

/// Shares of greater (bit 0) and equal (bit 1) for some adjacent digits, threshold by threshold. The lowest digits have no equal.
type Node = Vec<u8>;

/// Computes shares of the carries of the sum of both parties' numbers, of `bits` bits each, at least one. Higher bits are not looked at.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn carries(party: &mut Party<Transfers>, numbers: &[u64], bits: u32) -> Result<Vec<u8>, Halt> {
    let layout = Layout::new(numbers.len(), 1, bits);
    match party.role() {
        Role::Client => is_greater(party, &layout, numbers),
        Role::Server => has_thresholds(party, &layout, &[numbers.iter().map(|number| !number).collect()]),
    }
}

/// The client's side: shares of the bits that its numbers are greater than a threshold, threshold by threshold.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn is_greater(party: &mut Party<Transfers>, layout: &Layout, numbers: &[u64]) -> Result<Vec<u8>, Halt> {
    let (leaves, triples) = choose(party, numbers, layout)?;
    join(party, layout, leaves, &triples)
}

/// The server's side of [`is_greater`], with lists of thresholds.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn has_thresholds(party: &mut Party<Transfers>, layout: &Layout, thresholds: &[Vec<u64>]) -> Result<Vec<u8>, Halt> {
    let (leaves, triples) = offer(party, thresholds, layout)?;
    join(party, layout, leaves, &triples)
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
        let taken = asked.take(from..from + layout.count, layout.messages(digit), &mut masked);
        by_threshold(layout, digit, &taken)
    };
    let leaves = layout.places().map(&mut leaf).collect();
    Ok((leaves, wanted.take(&many, layout.triples_from(), &own, &mut masked)))
}

/// The server offers, for each value of the client's digit, whether it is greater than, and equal to, that of each threshold.
fn offer(party: &mut Party<Transfers>, thresholds: &[Vec<u64>], layout: &Layout) -> Result<(Vec<Node>, Triples), Halt> {
    let [bits, others] = layout.transfers();
    let two = party.transfers.two.sender.hear(&mut party.link, bits)?;
    let many = party.transfers.many.sender.hear(&mut party.link, others)?;
    let mut masked = Packer::with_capacity(layout.answer_bytes());
    let mut leaf = |(digit, from): (Digit, usize)| -> Node {
        let heard: &Heard = if digit.is_bit() { &two } else { &many };
        let (values, width) = layout.messages(digit);
        let shares = uniform(&mut party.rng, width, layout.count);
        let mistakes = |(threshold, numbers): (usize, &Vec<u64>)| {
            let compared = Compared { from: digit.from, bits: digit.bits, threshold };
            party.link.mistakes(compared, numbers.iter().map(|number| digit.of(*number)))
        };
        let mistakes: Vec<Option<Vec<Mistakes>>> = thresholds.iter().enumerate().map(mistakes).collect();
        heard.offer(from..from + layout.count, (values, width), &mut masked, |at, value| {
            let result = |(threshold, wrong): (&Vec<u64>, &Option<Vec<Mistakes>>)| {
                let own = usize::from(digit.of(threshold[at]));
                let wrong = wrong.as_ref().map_or(0, |wrong| wrong[at][value]);
                let right = u64::from(value > own) | u64::from(value == own) << 1;
                (right ^ u64::from(wrong)) & mask(digit.width())
            };
            let results = thresholds.iter().zip(&mistakes).rev().map(result);
            shares[at] ^ results.fold(0, |all, result| all << digit.width() | result)
        });
        by_threshold(layout, digit, &shares)
    };
    let leaves = layout.places().map(&mut leaf).collect();
    let triples = layout.wanted().offer(&mut party.rng, &many, layout.triples_from(), &mut masked);
    party.link.send(masked.finish())?;
    Ok((leaves, triples))
}

/// Shares of a digit's results, which lie side by side, threshold by threshold.
fn by_threshold(layout: &Layout, digit: Digit, shares: &[u64]) -> Node {
    let width = digit.width();
    let of = |threshold: u32| shares.iter().map(move |share| (share >> (threshold * width) & mask(width)) as u8);
    (0..layout.thresholds as u32).flat_map(of).collect()
}

/// Joins digits, from the lowest: greater if the higher part is, or if it is equal and the lower part is greater.
fn join(party: &mut Party<Transfers>, layout: &Layout, leaves: Vec<Node>, triples: &Triples) -> Result<Node, Halt> {
    let (mut nodes, mut plain, count) = (leaves, &triples.plain[..], layout.results());
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
            for (other, triples) in [(&nodes[lower], first), (&equal[lower], second)] {
                let [x, y] = match party.transfers.form {
                    TripleForm::Paper => [x, other],
                    TripleForm::AsReleased => [other, x],
                };
                lists.push(Factors { x, y, triples: &triples[range.clone()] });
            }
        }
        let products = multiply(party, &lists)?;
        note(&mut party.transfers, &products[1..]);
        let mut products = products.into_iter();
        let mut joined = Vec::with_capacity(nodes.len() - joins);
        for (at, pair) in nodes.chunks(2).enumerate() {
            let [_, higher] = pair else {
                joined.push(pair.concat());
                continue;
            };
            let mut node: Node = higher.iter().map(|share| share & 1).collect();
            for (place, product) in products.by_ref().take(1 + usize::from(at > 0)).enumerate() {
                node.iter_mut().zip(product.shares).for_each(|(share, bit)| *share ^= bit << place);
            }
            joined.push(node);
        }
        nodes = joined;
    }
    Ok(nodes.concat().into_iter().map(|share| share & 1).collect())
}

/// Takes down what a party sees of pairs of products, if it does and they are as released: the sums of the factors that each pair does not share.
fn note(transfers: &mut Transfers, of_pairs: &[Products]) {
    let Some(read) = transfers.read.as_mut().filter(|_| transfers.form == TripleForm::AsReleased) else { return };
    for pair in of_pairs.chunks_exact(2) {
        read.extend(pair[0].opened.iter().zip(&pair[1].opened).map(|(greater, equal)| greater ^ equal));
    }
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
    use crate::backend::cryptflow2::testing::{assert_cost, both, both_by};
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
    fn two_thresholds_share_their_digits() {
        for bits in [1, 4, 5, 13, 38, 42, 64] {
            let (count, [x, a, b]) = (80, [1, 2, 3].map(|seed| shared(bits, 80, seed)[0].clone()));
            // The second threshold is often equal to the number.
            let b: Vec<u64> =
                b.iter().zip(&x).enumerate().map(|(at, (b, x))| if at % 3 == 0 { *x } else { *b }).collect();
            let layout = Layout::new(count, 2, bits);
            let ([mine, theirs], _) = both(
                |party| is_greater(party, &layout, &x),
                |party| has_thresholds(party, &layout, &[a.clone(), b.clone()]),
            );
            for (at, threshold) in a.iter().chain(&b).enumerate() {
                assert_eq!(mine[at] ^ theirs[at], u8::from(x[at % count] > *threshold), "{bits} bits");
            }
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
    fn it_takes_the_bits_and_rounds_of_the_formula() {
        for (bits, expected) in [(32, 3852), (36, 4288), (40, 4856), (12, 1144), (4, 272), (1, 130), (14, 1688)] {
            let (count, numbers) = (16, vec![5; 16]);
            let (_, party) = both(|party| carries(party, &numbers, bits), |party| carries(party, &numbers, bits));
            assert_eq!(8 * party.link.meter().total(|_| true).bytes, count * expected, "{bits} bits");
            assert_eq!(party.link.meter().rounds(), 2 + Layout::new(16, 1, bits).levels(), "{bits} bits");
        }
    }

    /// Results and bytes are the same in both forms. As released, what a server takes down is whether the client's digits are at least its own; in the form of the paper it takes
    /// down nothing.
    #[test]
    fn triples_as_released_show_a_comparison_of_digits() {
        let (count, layout) = (40, Layout::new(40, 2, 42));
        let [x, a, b] = [1, 2, 3].map(|seed| shared(42, count, seed)[0].clone());
        for form in TripleForm::ALL {
            let ([mine, (theirs, read)], party) = both_by(
                form,
                |party| Ok((is_greater(party, &layout, &x)?, Vec::new())),
                |party| {
                    party.transfers.read = Some(Vec::new());
                    let results = has_thresholds(party, &layout, &[a.clone(), b.clone()])?;
                    Ok((results, party.transfers.read.take().unwrap()))
                },
            );
            let thresholds = || a.iter().chain(&b).enumerate().map(|(at, threshold)| (x[at % count], *threshold));
            let greater: Vec<u8> = mine.0.iter().zip(&theirs).map(|(a, b)| a ^ b).collect();
            assert_eq!(greater, thresholds().map(|(x, threshold)| u8::from(x > threshold)).collect::<Vec<_>>());
            assert_eq!(layout.of_pairs(), [(8, 4), (16, 4), (24, 4), (32, 4), (16, 8), (32, 8)]);
            let at_least = |(from, bits): (u32, u32)| {
                thresholds().map(move |(x, own)| u8::from(x >> from & mask(bits) >= own >> from & mask(bits)))
            };
            let seen: Vec<u8> = layout.of_pairs().into_iter().flat_map(at_least).collect();
            assert_eq!(read, if form == TripleForm::AsReleased { seen } else { Vec::new() });
            assert_cost(&party, |cost| cost::compared(cost, &layout));
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
