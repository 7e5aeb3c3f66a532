//! Products of bits and ring elements by correlated oblivious transfer.
//!
//! A sender's value times a receiver's bit, shared: the receiver corrects its random choice with one bit, the sender its random
//! pads with one ring element (Asharov et al., "More efficient oblivious transfer", CCS 2013, section 5.1).

use crate::bits::{Packer, Unpacker, mask, negate_if, pack, packed_bytes, unpack};
use crate::party::Party;
use crate::role::Role;
use crate::wire::link::Halt;

/// Computes shares of `value * bit` modulo `2^bits`, where this party holds the values and its peer the bits.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn send(party: &mut Party, values: &[u64], bits: u32) -> Result<Vec<u64>, Halt> {
    let pads = party.send_pads(values.len(), 1, |pads| pads[0])?;
    let corrections = party.link.receive(packed_bytes(values.len(), 1))?;
    party.link.read(|| without_bits(values.iter().copied(), &corrections));
    let (shares, message) = offer(values, bits, pads, &corrections);
    party.link.send(message)?;
    Ok(shares)
}

/// Computes shares of `value * bit` modulo `2^bits`, where this party holds the bits and its peer the values.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn receive(party: &mut Party, choices: &[u8], bits: u32) -> Result<Vec<u64>, Halt> {
    let chosen = party.receive_pads(choices.len(), 1, |choice, pad| (choice[0], pad[0]))?;
    party.link.send(ask(choices, &chosen))?;
    let message = party.link.receive(packed_bytes(choices.len(), bits))?;
    Ok(take(choices, bits, &chosen, &message))
}

/// Multiplies shared bits and shared values modulo `2^bits`: one product in each direction, side by side.
///
/// `(b0 + b1 - 2 b0 b1)(y0 + y1)`: of each party `y b + (y - 2 y b) b'`, with `b'` the other's bit.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn multiplex(party: &mut Party, choices: &[u8], values: &[u64], bits: u32) -> Result<Vec<u64>, Halt> {
    let count = values.len();
    let send = |party: &mut Party| party.send_pads(count, 1, |pads| pads[0]);
    let receive = |party: &mut Party| party.receive_pads(count, 1, |choice, pad| (choice[0], pad[0]));
    let (pads, chosen) = match party.role() {
        Role::Client => {
            let pads = send(party)?;
            (pads, receive(party)?)
        }
        Role::Server => {
            let chosen = receive(party)?;
            (send(party)?, chosen)
        }
    };
    let corrections = party.exchange(ask(choices, &chosen))?;
    party.link.read(|| without_bits(choices.iter().map(|&bit| bit.into()), &corrections));
    let turned: Vec<u64> = values.iter().zip(choices).map(|(value, &bit)| negate_if(bit, *value)).collect();
    let (sent, message) = offer(&turned, bits, pads, &corrections);
    let message = party.exchange(message)?;
    party.link.read(|| without_values(choices, values, bits, &message));
    let received = take(choices, bits, &chosen, &message);
    let own = values.iter().zip(choices).map(|(value, &bit)| value & u64::from(bit).wrapping_neg());
    Ok(own.zip(sent).zip(received).map(|((own, s), r)| own.wrapping_add(s).wrapping_add(r) & mask(bits)).collect())
}

/// Turns shared bits into shares modulo `2^bits`: `b0 + b1 - 2 b0 b1`, where one bit less of the product is needed.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn to_ring(party: &mut Party, shared: &[u8], bits: u32) -> Result<Vec<u64>, Halt> {
    let product = if bits == 1 {
        vec![0; shared.len()]
    } else {
        match party.role() {
            Role::Client => receive(party, shared, bits - 1)?,
            Role::Server => send(party, &shared.iter().map(|&bit| bit.into()).collect::<Vec<_>>(), bits - 1)?,
        }
    };
    Ok(shared.iter().zip(product).map(|(&bit, p)| u64::from(bit).wrapping_sub(2 * p) & mask(bits)).collect())
}

/// A receiver's corrections without the lowest bits of one's own numbers: where these share the choices, the choices under its coins.
fn without_bits(own: impl ExactSizeIterator<Item = u64>, corrections: &[u8]) -> Vec<u8> {
    let corrections = unpack(corrections, 1, own.len());
    pack(&own.zip(corrections).map(|(own, correction)| (own ^ correction) & 1).collect::<Vec<_>>(), 1)
}

/// A sender's message without one's own share of its values, for each sign that the sum of the choices may have given them: a value, or a difference of shares, under its pads.
fn without_values(choices: &[u8], values: &[u64], bits: u32, message: &[u8]) -> Vec<u8> {
    let of = |((message, &own), value): ((u64, &u8), &u64)| {
        let turned = negate_if(own, message);
        [turned.wrapping_add(*value), turned.wrapping_sub(*value)].map(|sum| sum & mask(bits))
    };
    let sums = unpack(message, bits, values.len()).into_iter().zip(choices).zip(values);
    pack(&sums.flat_map(of).collect::<Vec<_>>(), bits)
}

/// The corrections of a receiver's choices.
fn ask(choices: &[u8], chosen: &[(u8, u64)]) -> Vec<u8> {
    let mut corrections = Packer::with_capacity(packed_bytes(choices.len(), 1));
    for (choice, (random, _)) in choices.iter().zip(chosen) {
        corrections.push((choice ^ random).into(), 1);
    }
    corrections.finish()
}

/// A sender's shares, and its message.
fn offer(values: &[u64], bits: u32, pads: Vec<[u64; 2]>, corrections: &[u8]) -> (Vec<u64>, Vec<u8>) {
    let mut corrections = Unpacker::new(corrections);
    let mut offer = |(value, pads): (&u64, [u64; 2])| {
        let swap = corrections.pull(1) as usize;
        let [zero, one] = [pads[swap], pads[1 - swap]];
        (zero.wrapping_neg() & mask(bits), zero.wrapping_add(*value).wrapping_sub(one) & mask(bits))
    };
    let (shares, message): (Vec<u64>, Vec<u64>) = values.iter().zip(pads).map(&mut offer).unzip();
    (shares, pack(&message, bits))
}

/// A receiver's shares.
fn take(choices: &[u8], bits: u32, chosen: &[(u8, u64)], message: &[u8]) -> Vec<u64> {
    let offered = unpack(message, bits, choices.len());
    let taken = |((choice, (_, pad)), offered): ((&u8, &(u8, u64)), u64)| {
        pad.wrapping_add(offered & u64::from(*choice).wrapping_neg()) & mask(bits)
    };
    choices.iter().zip(chosen).zip(offered).map(taken).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::rehearsal::{both, coins, opened, shared};

    const COUNT: usize = 3000;

    #[test]
    fn products_of_shared_bits_and_values() {
        for bits in [1, 2, 17, 37, 56] {
            let [values, y0, y1] = shared(bits, COUNT, 1);
            let [b0, b1] = [coins(COUNT, 2), coins(COUNT, 3)];
            let (shares, party) =
                both(|party| multiplex(party, &b0, &y0, bits), |party| multiplex(party, &b1, &y1, bits));
            for ((product, value), (b0, b1)) in opened(&shares, bits).iter().zip(values).zip(b0.iter().zip(&b1)) {
                assert_eq!(*product, value * u64::from(b0 ^ b1), "{bits} bits");
            }
            assert_eq!(
                party.link.meter().total(|_| true).bytes,
                2 * (packed_bytes(COUNT, 1) + packed_bytes(COUNT, bits))
            );
            assert_eq!(party.link.meter().rounds(), 2);
        }
    }

    #[test]
    fn shared_bits_become_ring_elements() {
        for bits in [1, 2, 25] {
            let [b0, b1] = [coins(COUNT, 2), coins(COUNT, 3)];
            let (shares, _) = both(|party| to_ring(party, &b0, bits), |party| to_ring(party, &b1, bits));
            let expected: Vec<u64> = b0.iter().zip(&b1).map(|(b0, b1)| (b0 ^ b1).into()).collect();
            assert_eq!(opened(&shares, bits), expected);
        }
    }
}
