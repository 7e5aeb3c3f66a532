//! Products of shared numbers modulo a power of two, by multiplication triples from correlated transfers, one product a triple.
//!
//! Gilboa, "Two Party RSA Key Generation" (CRYPTO 1999), section 4.1, over correlated transfers as in Demmler, Schneider, Zohner, "ABY" (NDSS 2015), section
//! III-A: for `a0 b1` the one who has `b1` chooses by its bits, and the other offers `a0 2^i`. A triple takes `l` transfers each way, by IKNP of `128 + l` bits;
//! messages are not shrunk to the bits that count. A product opens `x - a` and `y - b` (Beaver, CRYPTO 1991).

use super::transfers::Transfers;
use crate::bits::{mask, pack, packed_bytes, unpack};
use crate::modulus::Modulus;
use crate::party::Party;
use crate::random::uniform;
use crate::role::Role;
use crate::wire::link::Halt;
use std::ops::Range;

/// The most transfers of a piece in one direction, whose blocks a party holds at once. A piece takes two flows.
const PIECE: usize = 1 << 20;

/// The most transfers of a message. Those of a piece go one after another in the same direction, so that they cost no flows, and memory that was
/// touched is used again while it is in the cache.
const MESSAGE: usize = 1 << 16;

/// A party's shares of random `a` and `b`, and of their products.
#[derive(Debug, Default)]
pub struct Triples {
    a: Vec<u64>,
    b: Vec<u64>,
    c: Vec<u64>,
}

/// The triples that are made together.
pub fn pieces(count: usize, bits: u32) -> impl Iterator<Item = Range<usize>> {
    let piece = PIECE / bits as usize;
    (0..count).step_by(piece).map(move |first| first..count.min(first + piece))
}

/// The triples of each message of a piece of so many; each message has whole bytes for every column.
pub fn messages(count: usize, bits: u32) -> impl Iterator<Item = usize> {
    let most = message(bits);
    (0..count).step_by(most).map(move |first| most.min(count - first))
}

fn message(bits: u32) -> usize {
    (MESSAGE / bits as usize).next_multiple_of(8)
}

/// Makes shares of `count` triples modulo `2^bits`.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn triples(party: &mut Party<Transfers>, count: usize, bits: u32) -> Result<Triples, Halt> {
    let mut triples = Triples::default();
    for piece in pieces(count, bits) {
        let a = uniform(&mut party.rng, bits, piece.len());
        let b = uniform(&mut party.rng, bits, piece.len());
        let crossed = cross(party, &a, &b, bits)?;
        let products = a.iter().zip(&b).map(|(a, b)| a.wrapping_mul(*b));
        triples.c.extend(products.zip(crossed).map(|(own, crossed)| own.wrapping_add(crossed) & mask(bits)));
        triples.a.extend(a);
        triples.b.extend(b);
    }
    Ok(triples)
}

/// Shares of the products of each party's `a` with the other's `b`.
fn cross(party: &mut Party<Transfers>, a: &[u64], b: &[u64], bits: u32) -> Result<Vec<u64>, Halt> {
    let (each, modulus) = (bits as usize, Modulus::TwoTo(bits));
    let triples = message(bits);
    party.transfers.reserve(&mut party.link, [a.len() * each; 2])?;
    let Party { link, transfers: Transfers { sender, receiver }, .. } = party;
    let choices = |b: &[u64]| b.iter().flat_map(|b| (0..bits).map(move |bit| (b >> bit & 1) as u8)).collect();
    let ask = |b: &[u64]| receiver.ask(link, choices(b));
    let asked = b.chunks(triples).map(ask).collect::<Result<Vec<_>, Halt>>()?;
    let mut crossed = Vec::with_capacity(a.len());
    for a in a.chunks(triples) {
        let heard = sender.hear(link, a.len() * each)?;
        let terms: Vec<u64> = a.iter().flat_map(|a| (0..bits).map(move |bit| a << bit & mask(bits))).collect();
        let (sent, message) = heard.correlate(modulus, &terms);
        link.send(message)?;
        crossed.extend(sent.chunks_exact(each).map(sum));
    }
    for (crossed, asked) in crossed.chunks_mut(triples).zip(asked) {
        let message = link.receive(packed_bytes(crossed.len() * each, bits))?;
        let received = asked.take_correlated(modulus, &message);
        let received = received.chunks_exact(each).map(sum);
        crossed.iter_mut().zip(received).for_each(|(own, received)| *own = own.wrapping_add(received));
    }
    Ok(crossed)
}

/// The sum of a product's parts, modulo a power of two that the ring divides.
fn sum(parts: &[u64]) -> u64 {
    parts.iter().copied().fold(0, u64::wrapping_add)
}

/// Multiplies shared numbers modulo `2^bits`, one triple a product. The parties' messages may cross.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// Unless there are as many triples as products.
pub fn multiply(
    party: &mut Party<Transfers>,
    [x, y]: [&[u64]; 2],
    triples: &Triples,
    bits: u32,
) -> Result<Vec<u64>, Halt> {
    let Triples { a, b, c } = triples;
    assert_eq!([x.len(), y.len()], [a.len(); 2], "a triple for each product");
    let masked = x.iter().zip(a).chain(y.iter().zip(b)).map(|(x, a)| x.wrapping_sub(*a) & mask(bits));
    let masked: Vec<u64> = masked.collect();
    let theirs = party.exchange(pack(&masked, bits))?;
    let opened = masked.iter().zip(unpack(&theirs, bits, masked.len())).map(|(a, b)| a.wrapping_add(b));
    let opened: Vec<u64> = opened.collect();
    let (d, e) = opened.split_at(x.len());
    let server = if party.role() == Role::Server { u64::MAX } else { 0 };
    let product = |at: usize| {
        let both = d[at].wrapping_mul(e[at]) & server;
        let sum = c[at].wrapping_add(d[at].wrapping_mul(b[at])).wrapping_add(e[at].wrapping_mul(a[at]));
        sum.wrapping_add(both) & mask(bits)
    };
    Ok((0..x.len()).map(product).collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::both;
    use super::*;

    /// The ideal twin of [`multiply`].
    fn ideal(x: u64, y: u64, bits: u32) -> u64 {
        x.wrapping_mul(y) & mask(bits)
    }

    /// Products of two shared lists, and what the client sent and received.
    fn products(bits: u32, [x0, x1, y0, y1]: &[Vec<u64>; 4]) -> (Vec<u64>, usize, u32) {
        let run = |x: &[u64], y: &[u64]| {
            let (x, y) = (x.to_vec(), y.to_vec());
            move |party: &mut Party<Transfers>| {
                let triples = triples(party, x.len(), bits)?;
                multiply(party, [&x, &y], &triples, bits)
            }
        };
        let ([client, server], meter) = both(run(x0, y0), run(x1, y1));
        let opened = client.iter().zip(server).map(|(a, b)| a.wrapping_add(b) & mask(bits)).collect();
        (opened, meter.total(|_| true).bytes, meter.rounds())
    }

    #[test]
    fn products_are_exact_for_all_shares_of_few_bits() {
        for bits in [1, 2, 3] {
            let of = |place: u32| -> Vec<u64> {
                (0..1_u64 << (4 * bits)).map(|all| all >> (place * bits) & mask(bits)).collect()
            };
            let shares = [of(0), of(1), of(2), of(3)];
            let (opened, ..) = products(bits, &shares);
            for (at, product) in opened.into_iter().enumerate() {
                let [x0, x1, y0, y1] = [0, 1, 2, 3].map(|part| shares[part][at]);
                assert_eq!(product, ideal(x0.wrapping_add(x1) & mask(bits), y0.wrapping_add(y1), bits));
            }
        }
    }

    /// ABY's formula: `2 l (128 + l)` bits offline and `4 l` online; 1,280 and 3,072 bytes, 16 and 32.
    #[test]
    fn products_are_exact_and_cost_what_the_formula_says() {
        for (bits, bytes) in [(16, 2 * 16 * 144 / 8 + 8), (32, 1280 + 16), (64, 3072 + 32)] {
            // More than a piece.
            let count = PIECE / bits as usize + 16;
            let shares = [1, 2, 3, 4].map(|seed| uniform(&mut crate::random::Seed([seed; 32]).stream(), bits, count));
            let (opened, sent, rounds) = products(bits, &shares);
            let [x0, x1, y0, y1] = &shares;
            for (at, product) in opened.into_iter().enumerate() {
                assert_eq!(product, ideal(x0[at].wrapping_add(x1[at]), y0[at].wrapping_add(y1[at]), bits));
            }
            assert_eq!((sent, rounds), (count * bytes, 5), "{bits} bits");
        }
    }

    #[test]
    fn triples_are_random_and_none_comes_twice() {
        let run = |party: &mut Party<Transfers>| triples(party, 3000, 64);
        let ([client, server], _) = both(run, run);
        let all = [&client.a, &client.b, &client.c, &server.a, &server.b, &server.c].map(|part| part.iter().copied());
        let values: std::collections::HashSet<u64> = all.into_iter().flatten().collect();
        // Two of 18,000 random words are the same with probability below 1e-11.
        assert_eq!(values.len(), 18_000);
    }
}
