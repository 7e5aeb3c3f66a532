//! Products of shared bits and shared values (Rathee et al., CCS 2020, section 3.1.2, Algorithm 5), and shared bits as shared numbers.

use super::transfers::Transfers;
use crate::bits::{Packer, Unpacker, pack, packed_bytes};
use crate::modulus::Modulus;
use crate::ot::offer::offer_bytes;
use crate::party::Party;
use crate::role::Role;
use crate::wire::link::Halt;

/// Multiplies shared bits and shared values: one transfer of one of two messages each way, side by side.
///
/// A party's message for the other's bit `c` is its value times `b ^ c`, less a mask; its own share is that mask.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn multiplex(
    party: &mut Party<Transfers>,
    bits: &[u8],
    values: &[u64],
    modulus: Modulus,
) -> Result<Vec<u64>, Halt> {
    let (count, messages) = (values.len(), (2, modulus.bits()));
    party.transfers.two.reserve(&mut party.link, [count; 2])?;
    let asked = party.transfers.two.receiver.ask(&mut party.link, bits.to_vec())?;
    let heard = party.transfers.two.sender.hear(&mut party.link, count)?;
    let masks = modulus.uniform(&mut party.rng, count);
    let mut masked = Packer::with_capacity(offer_bytes(count, 2, modulus.bits()));
    heard.offer(0..count, messages, &mut masked, |at, choice| {
        let product = u64::from(bits[at] ^ choice as u8).wrapping_neg() & values[at];
        modulus.sub(product, masks[at])
    });
    let theirs = party.exchange(masked.finish())?;
    let taken = asked.take(0..count, messages, &mut Unpacker::new(&theirs));
    party.link.read(|| pack(&taken, modulus.bits()));
    Ok(masks.iter().zip(taken).map(|(mask, taken)| modulus.add(*mask, modulus.reduce(taken))).collect())
}

/// The modulus of a product of two bits: a word, of which the released code sends all 64 bits whatever the ring.
pub const WORD: Modulus = Modulus::TwoTo(u64::BITS);

/// Turns shared bits into shares modulo `2^64`, and thus modulo any smaller power of two: `b0 + b1 - 2 b0 b1`, with one correlated transfer.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn to_ring(party: &mut Party<Transfers>, bits: &[u8]) -> Result<Vec<u64>, Halt> {
    let own = bits.iter().map(|&bit| u64::from(bit));
    let products = match party.role() {
        Role::Client => {
            let asked = party.transfers.two.receiver.ask(&mut party.link, bits.to_vec())?;
            asked.take_correlated(WORD, &party.link.receive(packed_bytes(bits.len(), WORD.bits()))?)
        }
        Role::Server => {
            let heard = party.transfers.two.sender.hear(&mut party.link, bits.len())?;
            let (products, message) = heard.correlate(WORD, &own.clone().collect::<Vec<_>>());
            party.link.send(message)?;
            products
        }
    };
    Ok(own.zip(products).map(|(bit, product)| bit.wrapping_sub(product.wrapping_mul(2))).collect())
}

/// Turns shared bits into shares modulo a prime: one of two messages, each an element.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn to_field(party: &mut Party<Transfers>, bits: &[u8], modulus: Modulus) -> Result<Vec<u64>, Halt> {
    let (count, messages) = (bits.len(), (2, modulus.bits()));
    match party.role() {
        Role::Client => {
            let asked = party.transfers.two.receiver.ask(&mut party.link, bits.to_vec())?;
            let masked = party.link.receive(offer_bytes(count, 2, modulus.bits()))?;
            let taken = asked.take(0..count, messages, &mut Unpacker::new(&masked));
            Ok(taken.into_iter().map(|element| modulus.reduce(element)).collect())
        }
        Role::Server => {
            let heard = party.transfers.two.sender.hear(&mut party.link, count)?;
            let shares = modulus.uniform(&mut party.rng, count);
            let mut masked = Packer::with_capacity(offer_bytes(count, 2, modulus.bits()));
            heard.offer(0..count, messages, &mut masked, |at, choice| {
                modulus.sub(u64::from(usize::from(bits[at]) != choice), shares[at])
            });
            party.link.send(masked.finish())?;
            Ok(shares)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cryptflow2::cost;
    use crate::backend::cryptflow2::testing::{assert_cost, both};
    use crate::party::rehearsal::coins;
    use crate::random::Seed;

    const COUNT: usize = 500;

    #[test]
    fn products_of_shared_bits_and_values() {
        let moduli = [1, 2, 37, 64].map(Modulus::TwoTo).into_iter().chain([5, 137_438_822_401].map(Modulus::Prime));
        for modulus in moduli {
            let mut rng = Seed([4; 32]).stream();
            let [y0, y1] = [0, 1].map(|_| modulus.uniform(&mut rng, COUNT));
            let [b0, b1] = [coins(COUNT, 2), coins(COUNT, 3)];
            let ([z0, z1], party) =
                both(|party| multiplex(party, &b0, &y0, modulus), |party| multiplex(party, &b1, &y1, modulus));
            for at in 0..COUNT {
                let value = modulus.add(y0[at], y1[at]);
                assert_eq!(modulus.add(z0[at], z1[at]), if b0[at] == b1[at] { 0 } else { value }, "{modulus:?}");
            }
            assert_cost(&party, |cost| cost::multiplex(cost, COUNT, modulus.bits()));
        }
    }

    #[test]
    fn shared_bits_become_numbers() {
        let [b0, b1] = [coins(COUNT, 2), coins(COUNT, 3)];
        let ([z0, z1], party) = both(|party| to_ring(party, &b0), |party| to_ring(party, &b1));
        for at in 0..COUNT {
            assert_eq!(z0[at].wrapping_add(z1[at]), u64::from(b0[at] ^ b1[at]));
        }
        assert_cost(&party, |cost| cost::to_ring(cost, COUNT));
        for modulus in [5, 137_438_822_401].map(Modulus::Prime) {
            let ([z0, z1], party) = both(|party| to_field(party, &b0, modulus), |party| to_field(party, &b1, modulus));
            for at in 0..COUNT {
                assert_eq!(modulus.add(z0[at], z1[at]), u64::from(b0[at] ^ b1[at]));
            }
            assert_cost(&party, |cost| cost::to_field(cost, COUNT, modulus.bits()));
        }
    }
}
