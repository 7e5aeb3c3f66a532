//! One garbled circuit for many elements: prepared offline, evaluated online.
//!
//! DELPHI (Mishra, Lehmkuhl, Srinivasan, Zheng, Popa, USENIX Security 2020), section 4: offline the server garbles, and the client gets the tables, the labels
//! of its own shares by oblivious transfer, and those of the server's mask; online it gets the labels of the server's shares. The client decodes
//! the result, which is masked inside the circuit. It adds its own mask for the next linear layer afterwards, outside of any circuit.

use super::job::{Job, bits};
use crate::bits::{pack, packed_bytes, unpack};
use crate::gc::garble::{Evaluator, Garbler, LABEL_BYTES};
use crate::ot::block::{Block, Cipher, from_bytes, to_bytes};
use crate::ot::one_of_two::Ways;
use crate::party::Party;
use crate::random::Seed;
use crate::wire::link::Halt;
use rand_core::Rng;

/// The transfers of a session. Labels go from the server to the client; the other way is not used.
pub type Transfers = Ways;

/// What the server keeps of a garbled circuit.
pub(super) struct Garbled {
    /// The labels of 0 of the wires whose labels it sends online.
    zeros: Vec<Block>,
    /// The masks of the results.
    masks: Vec<u64>,
}

/// What the client keeps of a garbled circuit.
pub(super) struct Held {
    /// Its shares that are inputs of the circuit.
    shares: Vec<u64>,
    /// Its masks that are inputs of the circuit.
    masks: Vec<u64>,
    labels: Vec<Block>,
    mask_labels: Vec<Block>,
    tables: Vec<u8>,
    decoding: Vec<u8>,
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
    offered: impl FnOnce(&[Block], Block) -> Vec<[Block; 2]>,
) -> Result<Garbled, Halt> {
    let mut seed = [0; 32];
    party.rng.fill_bytes(&mut seed);
    let mut zeros = vec![0; job.late * job.count + job.early() + job.asked()];
    Cipher::of(&Seed(seed)).key_stream(0, &mut zeros);
    let (mut message, outputs) = garbler.garble(&job.gates, job.count, &zeros);
    let theirs = zeros.split_off(job.late * job.count + job.early());
    let masks_from = zeros.split_off(job.late * job.count);
    let masks = if job.early() > 0 { job.modulus.uniform(&mut party.rng, job.count) } else { Vec::new() };
    let mask_bits = bits(&masks, 1, job.modulus.bits());
    message.extend(to_bytes(&chosen(&masks_from, garbler.delta(), &mask_bits)));
    message.extend(garbler.decoding(&outputs));
    let pairs = offered(&theirs, garbler.delta());
    party.step("labels", |party| {
        let heard = party.transfers.sender.hear(&mut party.link, job.asked())?;
        party.link.send(heard.offer_blocks(&pairs))
    })?;
    party.step("tables", |party| party.link.send(message))?;
    Ok(Garbled { zeros, masks })
}

/// The client's offline part, with its shares of the values, and its masks that are inputs of the circuit.
///
/// # Errors
/// [`Halt`] where the server does not keep to the protocol.
pub(super) fn hold(party: &mut Party<Transfers>, job: &Job, shares: Vec<u64>, masks: Vec<u64>) -> Result<Held, Halt> {
    let choices = [job.shares(&shares), bits(&masks, 1, job.modulus.bits())].concat();
    let labels = party.step("labels", |party| {
        let asked = party.transfers.receiver.ask(&mut party.link, choices)?;
        Ok(asked.take_blocks(&party.link.receive(2 * LABEL_BYTES * job.asked())?))
    })?;
    let [tables, early, decoding] = job.garbled_bytes();
    let mut message = party.step("tables", |party| party.link.receive(tables + early + decoding))?;
    let decoding = message.split_off(tables + early);
    let mask_labels = from_bytes(&message.split_off(tables)).collect();
    Ok(Held { shares, masks, labels, mask_labels, tables: message, decoding })
}

/// The server's online part: its share of the results. `late` are the bits of its inputs besides the mask, given its shares.
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
pub(super) fn serve(
    party: &mut Party<Transfers>,
    garbler: &Garbler,
    job: &Job,
    garbled: &Garbled,
    numbers: &[u64],
    labels: &[u8],
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
    let bits = [job.shares(&shares), labels.to_vec()].concat();
    party.step("input", |party| party.link.send(to_bytes(&chosen(&garbled.zeros, garbler.delta(), &bits))))?;
    Ok(garbled.masks.iter().map(|&mask| job.modulus.sub(0, mask)).collect())
}

/// The client's online part: its shares of the results, each without its own mask. A result that is no element becomes one.
///
/// # Errors
/// [`Halt`] where the server does not keep to the protocol.
pub(super) fn evaluate(
    party: &mut Party<Transfers>,
    evaluator: &mut Evaluator,
    job: &Job,
    held: Held,
    numbers: &[u64],
) -> Result<Vec<u64>, Halt> {
    let Held { shares, masks, labels, mask_labels, tables, decoding } = held;
    if job.after.is_none() {
        let differences = numbers.iter().zip(&shares).map(|(number, share)| job.modulus.sub(*number, *share));
        let differences: Vec<u64> = differences.collect();
        party.step("difference", |party| party.link.send(pack(&differences, job.modulus.bits())))?;
    }
    let message = party.step("input", |party| party.link.receive(LABEL_BYTES * job.late * job.count))?;
    let inputs: Vec<Block> = from_bytes(&message).chain(mask_labels).chain(labels).collect();
    let outputs = evaluator.evaluate(&job.gates, job.count, &inputs, &tables);
    let mut results = evaluator.decode(job.gates.outputs().len(), &outputs, &decoding);
    results.iter_mut().for_each(|result| *result = job.modulus.reduce(*result));
    for (result, mask) in results.iter_mut().zip(masks) {
        *result = job.modulus.sub(*result, mask);
    }
    Ok(results)
}
