//! From arithmetic shares through a garbled circuit to shared bits, and from these to arithmetic shares.
//!
//! Demmler, Schneider, Zohner, "ABY" (NDSS 2015), section IV: A2Y gives both parties' shares to a circuit that adds them; Y2B is free, as the lowest bits of the
//! labels share each bit; B2A is a transfer for each bit, of a ring element. The server garbles and the client evaluates. The labels of the client's bits come by
//! correlated transfers, 32 bytes each with the columns of IKNP.
//!
//! Every label means some bit to the client, so that no label of a server that deviates makes it stop.

use super::transfers::Transfers;
use crate::bits::{Packer, Unpacker, mask};
use crate::gc::circuit::Circuit;
use crate::gc::garble::{Evaluator, Garbler, LABEL_BYTES, table_bytes};
use crate::ot::block::{Block, Cipher, from_bytes, to_bytes};
use crate::ot::offer::offer_bytes;
use crate::party::Party;
use crate::random::uniform;
use crate::role::Role;
use crate::wire::link::Halt;
use rand_core::Rng;
use std::ops::Range;

/// The most AND gates and input bits of a piece: its labels and tables take a few times 16 MiB.
const PIECE: usize = 1 << 19;

/// The most transfers of a piece on the way to arithmetic shares.
const TRANSFERS: usize = 1 << 20;

/// The elements whose circuits are garbled together, in whole groups of lanes.
pub fn pieces(circuit: &Circuit, count: usize) -> impl Iterator<Item = Range<usize>> + use<> {
    let each = circuit.ands() + circuit.inputs().iter().sum::<usize>();
    let piece = (PIECE / each.max(1)).next_multiple_of(64).max(64);
    (0..count).step_by(piece).map(move |first| first..count.min(first + piece))
}

/// The bits that go on to arithmetic shares together.
pub fn bit_pieces(count: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(TRANSFERS).map(move |first| first..count.min(first + TRANSFERS))
}

/// The bits of numbers, of `each` numbers for an element, bit by bit: those of all elements together.
pub fn bits_of(numbers: &[u64], each: usize, bits: u32) -> Vec<u8> {
    let of = |(number, bit): (usize, u32)| numbers.iter().skip(number).step_by(each).map(move |x| (x >> bit & 1) as u8);
    (0..each).flat_map(|number| (0..bits).map(move |bit| (number, bit))).flat_map(of).collect()
}

/// A piece of bits that come wire by wire.
fn of_piece<T: Copy>(bits: &[T], count: usize, piece: &Range<usize>) -> Vec<T> {
    bits.chunks_exact(count).flat_map(|wire| &wire[piece.clone()]).copied().collect()
}

/// Puts the bits of a piece, wire by wire, where they belong among those of all pieces.
fn put(bits: &mut [u8], count: usize, piece: &Range<usize>, labels: &[Block]) {
    for (wire, labels) in bits.chunks_exact_mut(count).zip(labels.chunks_exact(piece.len())) {
        wire[piece.clone()].iter_mut().zip(labels).for_each(|(bit, label)| *bit = (label & 1) as u8);
    }
}

/// Evaluates a circuit on `count` elements, given this party's input bits, wire by wire. The outputs are shared bit by bit. A garbler that deviates
/// garbles `others` for some elements.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn evaluate(
    party: &mut Party<Transfers>,
    circuit: &Circuit,
    others: &[(Circuit, Vec<usize>)],
    count: usize,
    bits: &[u8],
) -> Result<Vec<u8>, Halt> {
    match party.role() {
        Role::Client => evaluator(party, circuit, count, bits),
        Role::Server => garbler(party, (circuit, others), count, bits),
    }
}

fn evaluator(party: &mut Party<Transfers>, circuit: &Circuit, count: usize, bits: &[u8]) -> Result<Vec<u8>, Halt> {
    let [garblers, own] = circuit.inputs();
    let asked = party.step("a2y", |party| {
        let ask = |piece| party.transfers.receiver.ask(&mut party.link, of_piece(bits, count, &piece));
        pieces(circuit, count).map(ask).collect::<Result<Vec<_>, Halt>>()
    })?;
    party.step("garbled", |party| {
        let mut evaluator = Evaluator::default();
        let mut outputs = vec![0; circuit.outputs().len() * count];
        for (piece, asked) in pieces(circuit, count).zip(asked) {
            let message = party.link.receive(LABEL_BYTES * own * piece.len())?;
            let labels = party.link.receive(LABEL_BYTES * garblers * piece.len())?;
            let tables = party.link.receive(table_bytes(circuit, piece.len()))?;
            let labels: Vec<Block> = from_bytes(&labels).chain(asked.take_correlated_blocks(&message)).collect();
            put(&mut outputs, count, &piece, &evaluator.evaluate(circuit, piece.len(), &labels, &tables));
        }
        Ok(outputs)
    })
}

/// The part of `others` that is in a piece, counted from its first element.
fn in_piece(others: &[(Circuit, Vec<usize>)], piece: &Range<usize>) -> Vec<(Circuit, Vec<usize>)> {
    let own = |elements: &Vec<usize>| {
        elements.iter().filter(|at| piece.contains(at)).map(|at| at - piece.start).collect::<Vec<_>>()
    };
    others.iter().map(|(other, elements)| (other.clone(), own(elements))).collect()
}

fn garbler(
    party: &mut Party<Transfers>,
    (circuit, others): (&Circuit, &[(Circuit, Vec<usize>)]),
    count: usize,
    bits: &[u8],
) -> Result<Vec<u8>, Halt> {
    let [own, evaluators] = circuit.inputs();
    let heard = party.step("a2y", |party| {
        let hear = |piece: Range<usize>| party.transfers.sender.hear(&mut party.link, evaluators * piece.len());
        pieces(circuit, count).map(hear).collect::<Result<Vec<_>, Halt>>()
    })?;
    party.step("garbled", |party| {
        let mut garbler = Garbler::new(block(&mut party.rng));
        let labels_of_0 = Cipher::new(block(&mut party.rng));
        let mut outputs = vec![0; circuit.outputs().len() * count];
        for (piece, heard) in pieces(circuit, count).zip(heard) {
            let mut zeros = vec![0; own * piece.len()];
            labels_of_0.key_stream((own * piece.start) as Block, &mut zeros);
            let bits = of_piece(&bits[..own * count], count, &piece);
            let chosen = zeros.iter().zip(bits).map(|(zero, bit)| zero ^ (Block::from(bit) * garbler.delta()));
            let chosen = to_bytes(&chosen.collect::<Vec<_>>());
            let (theirs, message) = heard.correlate_blocks(garbler.delta());
            zeros.extend(theirs);
            let others = in_piece(others, &piece);
            let (tables, results) = garbler.garble_otherwise(circuit, &others, piece.len(), &zeros);
            party.link.send(message)?;
            party.link.send(chosen)?;
            party.link.send(tables)?;
            put(&mut outputs, count, &piece, &results);
        }
        Ok(outputs)
    })
}

fn block(rng: &mut impl Rng) -> Block {
    Block::from(rng.next_u64()) << 64 | Block::from(rng.next_u64())
}

/// Turns shared bits of numbers, bit by bit as [`evaluate`] returns them, into shares of the numbers modulo `2^bits`.
///
/// Of bit `i` the server offers `r + 2^i b` for both values of the client's share, and keeps `-r` (ABY, section IV-D).
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn to_arithmetic(party: &mut Party<Transfers>, shared: &[u8], bits: u32) -> Result<Vec<u64>, Halt> {
    let mut numbers = vec![0_u64; shared.len() / bits as usize];
    let count = numbers.len();
    let mut add = |at: usize, share: u64| numbers[at % count] = numbers[at % count].wrapping_add(share) & mask(bits);
    let Party { link, rng, transfers: Transfers { sender, receiver } } = party;
    if link.role() == Role::Client {
        receiver.reserve(link, shared.len())?;
        let ask = |piece: Range<usize>| receiver.ask(link, shared[piece].to_vec());
        let asked = bit_pieces(shared.len()).map(ask).collect::<Result<Vec<_>, Halt>>()?;
        for (piece, asked) in bit_pieces(shared.len()).zip(asked) {
            let masked = link.receive(offer_bytes(piece.len(), 2, bits))?;
            let taken = asked.take(0..piece.len(), (2, bits), &mut Unpacker::new(&masked));
            piece.zip(taken).for_each(|(at, share)| add(at, share));
        }
        return Ok(numbers);
    }
    sender.reserve(link, shared.len())?;
    for piece in bit_pieces(shared.len()) {
        let heard = sender.hear(link, piece.len())?;
        let masks = uniform(rng, bits, piece.len());
        let mut masked = Packer::with_capacity(offer_bytes(piece.len(), 2, bits));
        heard.offer(0..piece.len(), (2, bits), &mut masked, |at, theirs| {
            let place = piece.start + at;
            let bit = u64::from(shared[place] ^ theirs as u8);
            masks[at].wrapping_add(bit << (place / count)) & mask(bits)
        });
        link.send(masked.finish())?;
        piece.zip(masks).for_each(|(at, mask)| add(at, mask.wrapping_neg()));
    }
    Ok(numbers)
}
