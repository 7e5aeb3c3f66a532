//! Products of shared bits: Beaver triples from two random oblivious transfers, one in each direction.
//!
//! A comparison tree multiplies one bit by two, so that a product here is of a bit `x` and a pair `y` of bits: the two ANDs share
//! the opening of `x` and the transfers (Rathee et al., CrypTFlow2, CCS 2020, section 3.1.1, with the correlation of the two ANDs).

use crate::bits::{Packer, Unpacker, packed_bytes};
use crate::party::Party;
use crate::wire::link::Halt;

/// Factors of products: bits `x`, each with a `y` of one or two bits.
#[derive(Clone, Copy, Debug)]
pub struct Factors<'a> {
    /// Shares of the bits `x`.
    pub x: &'a [u8],
    /// Shares of the `y` that each of them multiplies, in the lowest bits of a byte.
    pub y: &'a [u8],
    /// The number of bits of each `y`: 1 or 2.
    pub width: u32,
}

/// A party's part of random `a`, `b` and `a * b`, with `b` of two bits.
#[derive(Clone, Copy, Debug, Default)]
struct Triple {
    a: u8,
    b: u8,
    product: u8,
}

/// Multiplies, and returns for each list of factors the shares of its products.
///
/// It takes one round, and each party sends `1 + width` bits for a product.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn and(party: &mut Party, lists: &[Factors<'_>]) -> Result<Vec<Vec<u8>>, Halt> {
    let count = lists.iter().map(|factors| factors.x.len()).sum();
    let triples = triples(party, count)?;
    let bits: usize = lists.iter().map(|factors| factors.x.len() * (1 + factors.width as usize)).sum();
    let mut masked = Packer::with_capacity(packed_bytes(bits, 1));
    let mut of = triples.iter();
    for Factors { x, y, width } in lists {
        for ((x, y), triple) in x.iter().zip(*y).zip(of.by_ref()) {
            masked.push(u64::from((x ^ triple.a) | (y ^ triple.b) << 1), 1 + width);
        }
    }
    let mine = masked.finish();
    let theirs = party.exchange(mine.clone())?;
    party.link.read(|| without(lists, &theirs));
    let lead = party.leads();
    let (mut mine, mut theirs) = (Unpacker::new(&mine), Unpacker::new(&theirs));
    let mut of = triples.iter();
    let product = |width: u32, triple: &Triple, opened: u8| {
        let [d, e] = [opened & 1, opened >> 1];
        let lanes = if width == 1 { 1 } else { 3 };
        let [all_d, all_a] = [d.wrapping_neg() & lanes, triple.a.wrapping_neg() & lanes];
        (lead.wrapping_neg() & all_d & e) ^ (all_d & triple.b) ^ (all_a & e) ^ (triple.product & lanes)
    };
    Ok(lists
        .iter()
        .map(|factors| {
            let width = 1 + factors.width;
            let opened = || (mine.pull(width) ^ theirs.pull(width)).to_le_bytes()[0];
            of.by_ref().zip(std::iter::repeat_with(opened)).take(factors.x.len()).collect::<Vec<_>>()
        })
        .zip(lists)
        .map(|(opened, factors)| {
            opened.into_iter().map(|(triple, opened)| product(factors.width, triple, opened)).collect()
        })
        .collect())
}

/// The other party's openings with one's own shares taken off: the factors under the other's masks.
fn without(lists: &[Factors<'_>], theirs: &[u8]) -> Vec<u8> {
    let (mut theirs, mut read) = (Unpacker::new(theirs), Packer::with_capacity(theirs.len()));
    for Factors { x, y, width } in lists {
        for (x, y) in x.iter().zip(*y) {
            read.push(theirs.pull(1 + width) ^ u64::from(x & 1 | y << 1), 1 + width);
        }
    }
    read.finish()
}

/// `a0 b1` comes from the transfers the client receives, `a1 b0` from those the server receives: `a` is what a party chose, `b`
/// the difference of the pads it sent.
fn triples(party: &mut Party, count: usize) -> Result<Vec<Triple>, Halt> {
    let send = |party: &mut Party| {
        party.send_pads(count, 1, |pads| {
            let [zero, one] = pads[0].map(|pad| (pad & 3) as u8);
            [zero ^ one, zero]
        })
    };
    let receive = |party: &mut Party| party.receive_pads(count, 1, |choice, pad| [choice[0], (pad[0] & 3) as u8]);
    let (sent, received) = if party.leads() == 1 {
        let sent = send(party)?;
        (sent, receive(party)?)
    } else {
        let received = receive(party)?;
        (send(party)?, received)
    };
    let triple =
        |([b, pad], [a, chosen]): ([u8; 2], [u8; 2])| Triple { a, b, product: (a.wrapping_neg() & b) ^ pad ^ chosen };
    Ok(sent.into_iter().zip(received).map(triple).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::rehearsal::{both, coins};

    #[test]
    fn products_of_shared_bits() {
        let count = 5000;
        let pairs = |seed| -> Vec<u8> {
            coins(count, seed).iter().zip(coins(count, seed + 1)).map(|(a, b)| a | b << 1).collect()
        };
        let x = [coins(count, 1), coins(count, 2)];
        let y = [pairs(3), pairs(5)];
        let run = |side: usize| {
            let (x, y) = (&x[side], &y[side]);
            move |party: &mut Party| {
                let wide = Factors { x, y, width: 2 };
                let narrow = Factors { x: &x[..999], y: &y[..999], width: 1 };
                and(party, &[wide, narrow])
            }
        };
        let ([client, server], party) = both(run(0), run(1));
        for (i, (x, y)) in x[0].iter().zip(&x[1]).zip(y[0].iter().zip(&y[1])).enumerate() {
            let product = (x.0 ^ x.1) * (y.0 ^ y.1);
            assert_eq!(client[0][i] ^ server[0][i], product);
            if i < 999 {
                assert_eq!(client[1][i] ^ server[1][i], product & 1);
            }
        }
        assert_eq!(party.link.meter().rounds(), 1);
        assert_eq!(party.link.meter().total(|_| true).bytes, 2 * (5000 * 3 + 999 * 2_usize).div_ceil(8));
    }
}
