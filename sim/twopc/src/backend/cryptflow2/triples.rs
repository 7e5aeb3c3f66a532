//! Triples of random bits `(a, b, ab)`, from transfers of one of many messages (Rathee et al., CCS 2020, section 3.1.1 and appendix A).
//!
//! Two plain triples come out of one transfer of one of 16 messages. A pair with the same `a` comes out of one transfer of one of eight; it
//! serves two products with a shared factor, and `a` masks that factor.

use crate::bits::{Packer, Unpacker};
use crate::ot::offer::{Asked, Heard};
use crate::random::uniform;
use rand_chacha::ChaCha20Rng;

/// A party's part of random bits `a` and `b` and of their product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Triple {
    pub a: u8,
    pub b: u8,
    pub product: u8,
}

impl Triple {
    /// From the lowest bits of two bytes; the product from the lowest of a third.
    fn new(a: u64, b: u64, product: u64) -> Self {
        let [a, b, product] = [a, b, product].map(|x| (x & 1) as u8);
        Self { a, b, product }
    }

    /// What the other party's part of the product is, if it has these parts of `a` and `b`.
    fn other(self, a: usize, b: usize) -> u64 {
        u64::from((self.a ^ (a & 1) as u8) & (self.b ^ (b & 1) as u8) ^ self.product)
    }
}

/// How many triples are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Plain ones.
    pub plain: usize,
    /// Pairs with the same `a`.
    pub pairs: usize,
}

/// Messages, and their bits, of a transfer for two plain triples.
const PLAIN: (usize, u32) = (16, 2);

/// Messages, and their bits, of a transfer for a pair.
const PAIR: (usize, u32) = (8, 2);

impl Wanted {
    /// The number of transfers of one of 16 messages.
    fn for_plain(self) -> usize {
        self.plain.div_ceil(2)
    }

    /// The number of transfers.
    pub fn transfers(self) -> usize {
        self.for_plain() + self.pairs
    }

    /// The bits of all messages.
    pub fn message_bits(self) -> usize {
        let bits = |(values, bits): (usize, u32)| values * bits as usize;
        self.for_plain() * bits(PLAIN) + self.pairs * bits(PAIR)
    }

    /// The receiver's parts of `a` and `b`, which are its choices.
    pub fn choices(self, rng: &mut ChaCha20Rng) -> Vec<u8> {
        let [plain, pairs] = [(4, self.for_plain()), (3, self.pairs)].map(|(bits, count)| uniform(rng, bits, count));
        plain.into_iter().chain(pairs).map(|choice| choice as u8).collect()
    }

    /// The receiver's triples, from the transfers of [`Wanted::choices`], which start at `from`.
    pub fn take(self, asked: &Asked, from: usize, choices: &[u8], masked: &mut Unpacker<'_>) -> Triples {
        let border = from + self.for_plain();
        let plain = asked.take(from..border, PLAIN, masked);
        let pairs = asked.take(border..border + self.pairs, PAIR, masked);
        let parts = |choice: u8, product: u64| {
            let choice = u64::from(choice);
            [Triple::new(choice, choice >> 1, product), Triple::new(choice >> 2, choice >> 3, product >> 1)]
        };
        let (of_plain, of_pairs) = choices.split_at(plain.len());
        let mut plain: Vec<Triple> = of_plain.iter().zip(plain).flat_map(|(c, product)| parts(*c, product)).collect();
        plain.truncate(self.plain);
        let pair = |(&choice, product): (&u8, u64)| {
            let [a, b, c] = [0, 1, 2].map(|bit| u64::from(choice >> bit));
            (Triple::new(a, b, product), Triple::new(a, c, product >> 1))
        };
        let (first, second) = of_pairs.iter().zip(pairs).map(pair).unzip();
        Triples { plain, pairs: [first, second] }
    }

    /// The sender's triples, whose messages it masks for the transfers from `from` on.
    pub fn offer(self, rng: &mut ChaCha20Rng, heard: &Heard, from: usize, masked: &mut Packer) -> Triples {
        let bits = |x: u64| Triple::new(x, x >> 1, x >> 2);
        let mut plain: Vec<Triple> = uniform(rng, 3, 2 * self.for_plain()).into_iter().map(bits).collect();
        let pair = |x: u64| (bits(x), Triple::new(x, x >> 3, x >> 4));
        let (first, second): (Vec<Triple>, Vec<Triple>) = uniform(rng, 5, self.pairs).into_iter().map(pair).unzip();
        let border = from + self.for_plain();
        heard.offer(from..border, PLAIN, masked, |at, choice| {
            plain[2 * at].other(choice, choice >> 1) | plain[2 * at + 1].other(choice >> 2, choice >> 3) << 1
        });
        heard.offer(border..border + self.pairs, PAIR, masked, |at, choice| {
            first[at].other(choice, choice >> 1) | second[at].other(choice, choice >> 2) << 1
        });
        plain.truncate(self.plain);
        Triples { plain, pairs: [first, second] }
    }
}

/// A party's triples.
#[derive(Debug)]
pub struct Triples {
    pub plain: Vec<Triple>,
    /// The first and the second of each pair.
    pub pairs: [Vec<Triple>; 2],
}
