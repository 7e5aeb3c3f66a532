//! Products of shared bits, from triples: each product opens both of its factors, masked (Beaver, CRYPTO 1991).

use super::transfers::Transfers;
use super::triples::{Triple, Wanted};
use crate::bits::{Packer, Unpacker, packed_bytes};
use crate::party::Party;
use crate::role::Role;
use crate::wire::link::Halt;

/// Shares of the factors of some products, with a triple for each.
#[derive(Clone, Copy, Debug)]
pub struct Factors<'a> {
    pub x: &'a [u8],
    pub y: &'a [u8],
    pub triples: &'a [Triple],
}

/// Products of a list of factors.
#[derive(Clone, Debug)]
pub struct Products {
    /// Shares of the products.
    pub shares: Vec<u8>,
    /// The factors `x`, masked by the `a` of their triples, as both parties see them.
    pub opened: Vec<u8>,
}

/// Multiplies each list of factors. It takes one round, and each party sends two bits a product.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn multiply(party: &mut Party<Transfers>, lists: &[Factors<'_>]) -> Result<Vec<Products>, Halt> {
    let count: usize = lists.iter().map(|list| list.x.len()).sum();
    let mut mine = Packer::with_capacity(packed_bytes(count, 2));
    for Factors { x, y, triples } in lists {
        for ((x, y), triple) in x.iter().zip(*y).zip(*triples) {
            mine.push(u64::from((x ^ triple.a) & 1 | (y ^ triple.b) << 1), 2);
        }
    }
    let theirs = party.exchange(mine.finish())?;
    let mut theirs = Unpacker::new(&theirs);
    let lead = party.leads();
    let mut product = |((x, y), triple): ((&u8, &u8), &Triple)| {
        let opened = theirs.pull(2) as u8;
        let [e, f] = [opened ^ x ^ triple.a, opened >> 1 ^ y ^ triple.b];
        ((triple.product ^ e & triple.b ^ f & triple.a ^ e & f & lead) & 1, e & 1)
    };
    let products = |list: &Factors<'_>| {
        let (shares, opened) = list.x.iter().zip(list.y).zip(list.triples).map(&mut product).unzip();
        Products { shares, opened }
    };
    Ok(lists.iter().map(products).collect())
}

/// Multiplies bits, with triples that are made for it: two flows, and a round.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn and(party: &mut Party<Transfers>, x: &[u8], y: &[u8]) -> Result<Vec<u8>, Halt> {
    let wanted = Wanted { plain: x.len(), pairs: 0 };
    let triples = match party.role() {
        Role::Client => {
            let choices = wanted.choices(&mut party.rng);
            let asked = party.transfers.many.receiver.ask(&mut party.link, choices.clone())?;
            let masked = party.link.receive(packed_bytes(wanted.message_bits(), 1))?;
            wanted.take(&asked, 0, &choices, &mut Unpacker::new(&masked))
        }
        Role::Server => {
            let heard = party.transfers.many.sender.hear(&mut party.link, wanted.transfers())?;
            let mut masked = Packer::with_capacity(packed_bytes(wanted.message_bits(), 1));
            let triples = wanted.offer(&mut party.rng, &heard, 0, &mut masked);
            party.link.send(masked.finish())?;
            triples
        }
    };
    let products = multiply(party, &[Factors { x, y, triples: &triples.plain }])?;
    Ok(products.into_iter().flat_map(|list| list.shares).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cryptflow2::testing::both;
    use crate::party::rehearsal::coins;

    #[test]
    fn bits_are_multiplied() {
        for count in [1, 2, 999] {
            let [x0, x1, y0, y1] = [1, 2, 3, 4].map(|seed| coins(count, seed));
            let ([mine, theirs], _) = both(|party| and(party, &x0, &y0), |party| and(party, &x1, &y1));
            for at in 0..count {
                assert_eq!(mine[at] ^ theirs[at], (x0[at] ^ x1[at]) & (y0[at] ^ y1[at]));
            }
        }
    }
}
