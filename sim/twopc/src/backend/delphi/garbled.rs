//! One garbled circuit for many elements: prepared offline, evaluated online.
//!
//! DELPHI (Mishra, Lehmkuhl, Srinivasan, Zheng, Popa, USENIX Security 2020), section 4: offline the server garbles, and the client gets the tables, the labels
//! of its own shares by oblivious transfer, and those of the server's mask; online it gets the labels of the server's shares. The client decodes
//! the result, which is masked inside the circuit. It adds its own mask for the next linear layer afterwards, outside of any circuit.
//!
//! The elements of a layer are garbled in pieces ([`Job::pieces`]), so that no message is long. All pieces of a message go one after another in the same
//! direction, as messages 0, 1, .. of the same round: bytes and rounds are those of one message.

use super::circuits::Function;
use super::decode::Decode;
use super::job::{Job, wires};
use crate::bits::{pack, packed_bytes, unpack};
use crate::gc::decode::DECODING_BYTES;
use crate::gc::garble::{Evaluator, Garbler, LABEL_BYTES};
use crate::ot::block::{Block, Cipher, from_bytes, to_bytes};
use crate::ot::offer::Asked;
use crate::ot::one_of_two::Ways;
use crate::party::Party;
use crate::random::Seed;
use crate::wire::link::Halt;
use rand_core::Rng;
use std::ops::Range;

/// The transfers of a session. Labels go from the server to the client; the other way is not used.
pub type Transfers = Ways;

/// What the server keeps of a garbled circuit.
pub(super) struct Garbled {
    /// The stream of the labels of 0 of all input wires, piece by piece, and of a piece wire by wire.
    zeros: Cipher,
    /// The masks of the results.
    masks: Vec<u64>,
}

impl Garbled {
    /// The labels of 0 of some input wires of a piece: as many as `labels`, from the wire `first` on.
    fn zeros(&self, job: &Job, piece: &Range<usize>, first: usize, labels: usize) -> Vec<Block> {
        let mut zeros = vec![0; labels];
        self.zeros.key_stream((job.wires() * piece.start + first * piece.len()) as Block, &mut zeros);
        zeros
    }
}

/// What the client keeps of a garbled circuit.
pub(super) struct Held {
    /// Its shares that are inputs of the circuit.
    shares: Vec<u64>,
    /// Its masks that are inputs of the circuit.
    masks: Vec<u64>,
    pieces: Vec<Piece>,
}

/// A piece of what the client keeps: labels of its own inputs, and the rest as the server sent it.
struct Piece {
    labels: Vec<Block>,
    garbled: Vec<u8>,
}

/// The labels of bits.
fn chosen(zeros: &[Block], delta: Block, bits: &[u8]) -> Vec<Block> {
    zeros.iter().zip(bits).map(|(zero, &bit)| zero ^ (Block::from(bit).wrapping_neg() & delta)).collect()
}

/// Both labels of each wire of the client's, given those of 0: what an honest server offers.
pub(super) fn both_labels(zeros: &[Block], delta: Block) -> Vec<[Block; 2]> {
    zeros.iter().map(|&zero| [zero, zero ^ delta]).collect()
}

/// The server's offline part. `offered` makes the two labels that it offers for each wire of the client's, of those of 0 and the offset.
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
pub(super) fn garble(
    party: &mut Party<Transfers>,
    garbler: &mut Garbler,
    job: &Job,
    offered: impl Fn(&[Block], Block) -> Vec<[Block; 2]>,
) -> Result<Garbled, Halt> {
    let mut seed = [0; 32];
    party.rng.fill_bytes(&mut seed);
    let mut masks = if job.mask_bits() > 0 { job.modulus.uniform(&mut party.rng, job.count) } else { Vec::new() };
    let spoiled: Vec<u64> = match job.function {
        Function::Relu { .. } => {
            party.link.deviating(|by, step| by.spoiled(step, job.count)).into_iter().flatten().collect()
        }
        _ => Vec::new(),
    };
    // Without a mask, the result is the value.
    masks.iter_mut().zip(&spoiled).filter(|(_, bits)| **bits > 0).for_each(|(mask, _)| *mask = 0);
    let garbled = Garbled { zeros: Cipher::of(&Seed(seed)), masks };
    let errors = match job.function {
        Function::Relu { .. } => party.link.added_where_kept(job.count).into_iter().flatten().collect(),
        _ => Vec::new(),
    };
    party.step("labels", |party| {
        party.transfers.reserve(&mut party.link, [job.asked(job.count), 0])?;
        job.pieces().try_for_each(|piece| {
            let heard = party.transfers.sender.hear(&mut party.link, job.asked(piece.len()))?;
            let zeros = garbled.zeros(job, &piece, job.gates.inputs()[0], job.asked(piece.len()));
            party.link.send(heard.offer_blocks(&offered(&zeros, garbler.delta())))
        })
    })?;
    party.step("tables", |party| {
        job.pieces().try_for_each(|piece| {
            let mut message = garble_piece(garbler, job, (&garbled, &errors), &piece);
            spoil(&mut message, job, &spoiled, &piece);
            party.link.send(message)
        })
    })?;
    Ok(garbled)
}

/// The tables of a piece, the labels of its masks and its decoding. A garbler that deviates adds `errors`.
fn garble_piece(
    garbler: &mut Garbler,
    job: &Job,
    (garbled, errors): (&Garbled, &[i64]),
    piece: &Range<usize>,
) -> Vec<u8> {
    let zeros = garbled.zeros(job, piece, 0, job.wires() * piece.len());
    let others = job.others(errors, piece);
    let (mut message, outputs) = garbler.garble_otherwise(&job.gates, &others, piece.len(), &zeros);
    let mask_bits = wires(&garbled.masks, (1, job.mask_bits()), piece);
    message.extend(to_bytes(&chosen(&zeros[job.late * piece.len()..], garbler.delta(), &mask_bits)));
    message.extend(garbler.decoding(&outputs));
    message
}

/// A server's deviation: changes the hashes by which the labels of 1 are decoded, for the bits of each element that are to be spoiled.
fn spoil(message: &mut [u8], job: &Job, spoiled: &[u64], piece: &Range<usize>) {
    let bits = job.gates.outputs().len();
    let decoding = message.len() - DECODING_BYTES * bits * piece.len();
    for (element, spoiled) in spoiled.iter().skip(piece.start).take(piece.len()).enumerate() {
        for bit in (0..bits).filter(|bit| spoiled >> bit & 1 == 1) {
            message[decoding + DECODING_BYTES * (bit * piece.len() + element) + DECODING_BYTES / 2] ^= 1;
        }
    }
}

/// The client's offline part, with its shares of the values, and its masks that are inputs of the circuit.
///
/// # Errors
/// [`Halt`] where the server does not keep to the protocol.
pub(super) fn hold(party: &mut Party<Transfers>, job: &Job, shares: Vec<u64>, masks: Vec<u64>) -> Result<Held, Halt> {
    let labels = party.step("labels", |party| {
        party.transfers.reserve(&mut party.link, [0, job.asked(job.count)])?;
        let choices = |piece: &Range<usize>| {
            [job.shares(&shares, piece), wires(&masks, (1, job.client_mask_bits()), piece)].concat()
        };
        let ask = |piece| party.transfers.receiver.ask(&mut party.link, choices(&piece));
        let asked = job.pieces().map(ask).collect::<Result<Vec<_>, Halt>>()?;
        let take = |(piece, asked): (Range<usize>, Asked)| {
            Ok(asked.take_blocks(&party.link.receive(2 * LABEL_BYTES * job.asked(piece.len()))?))
        };
        job.pieces().zip(asked).map(take).collect::<Result<Vec<_>, Halt>>()
    })?;
    let pieces = party.step("tables", |party| {
        let receive = |(piece, labels): (Range<usize>, Vec<Block>)| {
            let bytes = job.garbled_bytes(piece.len()).iter().sum();
            Ok(Piece { labels, garbled: party.link.receive(bytes)? })
        };
        job.pieces().zip(labels).map(receive).collect::<Result<_, Halt>>()
    })?;
    Ok(Held { shares, masks, pieces })
}

/// The server's online part: its share of the results. `said` are its other inputs besides the mask, a number for each value.
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
pub(super) fn serve(
    party: &mut Party<Transfers>,
    garbler: &Garbler,
    job: &Job,
    garbled: &Garbled,
    numbers: &[u64],
    said: &[u64],
) -> Result<Vec<u64>, Halt> {
    let mut shares = numbers.to_vec();
    if job.after.is_none() {
        let bytes = packed_bytes(job.elements(), job.modulus.bits());
        let message = party.step("difference", |party| party.link.receive(bytes))?;
        let differences = unpack(&message, job.modulus.bits(), job.elements());
        for (share, difference) in shares.iter_mut().zip(differences) {
            *share = job.modulus.add(*share, job.modulus.reduce(difference));
        }
    }
    party.step("input", |party| {
        job.pieces().try_for_each(|piece| {
            let bits = [job.shares(&shares, &piece), wires(said, (job.values, job.said_bits()), &piece)].concat();
            let zeros = garbled.zeros(job, &piece, 0, job.late * piece.len());
            party.link.send(to_bytes(&chosen(&zeros, garbler.delta(), &bits)))
        })
    })?;
    Ok(garbled.masks.iter().map(|&mask| job.modulus.sub(0, mask)).collect())
}

/// The client's online part: its shares of the results, each without its own mask. A result that is no element becomes one.
///
/// # Errors
/// [`Halt`] where the server does not keep to the protocol.
pub(super) fn evaluate(
    party: &mut Party<Transfers>,
    (evaluator, decode): (&mut Evaluator, Decode),
    job: &Job,
    held: Held,
    numbers: &[u64],
) -> Result<Vec<u64>, Halt> {
    let Held { shares, masks, pieces } = held;
    if job.after.is_none() {
        let differences = numbers.iter().zip(&shares).map(|(number, share)| job.modulus.sub(*number, *share));
        let differences: Vec<u64> = differences.collect();
        party.step("difference", |party| party.link.send(pack(&differences, job.modulus.bits())))?;
    }
    party.step("input", |party| {
        let mut results = Vec::with_capacity(job.count);
        for (piece, Piece { labels, garbled }) in job.pieces().zip(pieces) {
            let message = party.link.receive(LABEL_BYTES * job.late * piece.len())?;
            let [tables, masks, _] = job.garbled_bytes(piece.len());
            let (tables, rest) = garbled.split_at(tables);
            let (masks, decoding) = rest.split_at(masks);
            let inputs: Vec<Block> = from_bytes(&message).chain(from_bytes(masks)).chain(labels).collect();
            let outputs = evaluator.evaluate(&job.gates, piece.len(), &inputs, tables);
            let decoded = evaluator.decode(job.gates.outputs().len(), &outputs, decoding);
            if decode == Decode::Stop && decoded.iter().any(Option::is_none) {
                return Err(party.link.malformed("labels decode to nothing"));
            }
            results.extend(decoded.into_iter().map(|number| number.map_or(0, |number| number)));
        }
        for result in &mut results {
            *result = job.modulus.reduce(*result);
        }
        for (result, mask) in results.iter_mut().zip(masks) {
            *result = job.modulus.sub(*result, mask);
        }
        Ok(results)
    })
}
