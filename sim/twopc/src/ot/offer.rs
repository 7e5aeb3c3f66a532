//! Messages under the pads of an extension by columns: chosen ones, blocks, and correlated ones.
//!
//! A pad is a hash of the block of its transfer and of the value it stands for ([`super::hash`]). Correlated transfers are those of
//! Asharov, Lindell, Schneider, Zohner, "More efficient oblivious transfer" (CCS 2013), section 5.1: the pads stand for the first message, and
//! one is sent.

use super::block::{Block, from_bytes, low, to_bytes};
use super::hash::Hash;
use crate::bits::{Packer, Unpacker, mask, pack, packed_bytes, same, unpack};
use crate::modulus::Modulus;
use std::ops::Range;
use zeroize::Zeroizing;

/// Transfers whose pads are made together.
const BATCH: usize = 256;

/// Transfers of a sender, whose columns it received.
pub struct Heard {
    pub(super) blocks: Vec<Block>,
    /// By value.
    pub(super) deltas: Zeroizing<Vec<Block>>,
    /// Of the first transfer.
    pub(super) tweak: Block,
    pub(super) pad_blocks: usize,
}

impl std::fmt::Debug for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Heard(..)")
    }
}

impl Heard {
    /// The pads of some transfers for a value, so many blocks each.
    pub(super) fn pads(&self, hash: &Hash, range: Range<usize>, value: usize, length: usize) -> Vec<Block> {
        let first = self.tweak + (range.start * self.pad_blocks) as Block;
        let blocks: Vec<Block> = self.blocks[range].iter().map(|block| block ^ self.deltas[value]).collect();
        let mut pads = vec![0; blocks.len() * length];
        hash.stretch(first, self.pad_blocks, length, &blocks, &mut pads);
        pads
    }

    /// Masks a message of `bits` bits, at most 64, for each of the values below `values`: `message` gets the transfer's place in `range` and the value.
    pub fn offer(
        &self,
        range: Range<usize>,
        (values, bits): (usize, u32),
        masked: &mut Packer,
        message: impl Fn(usize, usize) -> u64,
    ) {
        let hash = Hash::default();
        let start = range.start;
        for first in range.clone().step_by(BATCH) {
            let batch = first..range.end.min(first + BATCH);
            let pads: Vec<Vec<Block>> = (0..values).map(|value| self.pads(&hash, batch.clone(), value, 1)).collect();
            for at in batch {
                let under = |value: usize| low(pads[value][at - first]) ^ message(at - start, value);
                if values as u32 * bits <= u64::BITS {
                    let all = (0..values).rev().fold(0, |all, value| all << bits | under(value) & mask(bits));
                    masked.push(all, values as u32 * bits);
                } else {
                    (0..values).for_each(|value| masked.push(under(value), bits));
                }
            }
        }
    }

    /// Masks a pair of blocks for each transfer of one of two messages.
    #[must_use]
    pub fn offer_blocks(&self, pairs: &[[Block; 2]]) -> Vec<u8> {
        let hash = Hash::default();
        let [zeros, ones] = [0, 1].map(|value| self.pads(&hash, 0..self.blocks.len(), value, 1));
        let masked =
            pairs.iter().zip(zeros.iter().zip(ones)).flat_map(|(pair, (zero, one))| [pair[0] ^ zero, pair[1] ^ one]);
        to_bytes(&masked.collect::<Vec<_>>())
    }

    /// Correlates one of two messages: of a transfer with term `d`, the sender gets `-x` and the receiver `x` or `x + d`, for `x` uniform. Returns
    /// the sender's numbers and its message.
    #[must_use]
    pub fn correlate(&self, modulus: Modulus, terms: &[u64]) -> (Vec<u64>, Vec<u8>) {
        let hash = Hash::default();
        let [zeros, ones] = [0, 1].map(|value| self.pads(&hash, 0..self.blocks.len(), value, 1));
        let correlated = terms.iter().zip(zeros.iter().zip(ones)).map(|(&term, (&zero, one))| {
            let [x, other] = [zero, one].map(|pad| element(modulus, pad));
            (modulus.sub(0, x), modulus.sub(modulus.add(x, term), other))
        });
        let (numbers, sent): (Vec<u64>, Vec<u64>) = correlated.unzip();
        (numbers, pack(&sent, modulus.bits()))
    }
}

impl Heard {
    /// Correlates blocks of one of two messages: of a transfer the sender gets `x`, and the receiver `x` or `x ^ delta`, for `x` uniform. Returns the
    /// sender's blocks and its message, 16 bytes for each transfer.
    #[must_use]
    pub fn correlate_blocks(&self, delta: Block) -> (Vec<Block>, Vec<u8>) {
        let hash = Hash::default();
        let [zeros, ones] = [0, 1].map(|value| self.pads(&hash, 0..self.blocks.len(), value, 1));
        let sent: Vec<Block> = zeros.iter().zip(ones).map(|(zero, one)| zero ^ delta ^ one).collect();
        (zeros, to_bytes(&sent))
    }
}

/// Transfers of a receiver, whose columns it sent.
#[derive(Debug)]
pub struct Asked {
    pub(super) choices: Vec<u8>,
    pub(super) blocks: Vec<Block>,
    /// Of the first transfer.
    pub(super) tweak: Block,
    pub(super) pad_blocks: usize,
}

impl Asked {
    /// The pads of some transfers for the choice, so many blocks each.
    pub(super) fn pads(&self, hash: &Hash, range: Range<usize>, length: usize) -> Vec<Block> {
        let first = self.tweak + (range.start * self.pad_blocks) as Block;
        let mut pads = vec![0; range.len() * length];
        hash.stretch(first, self.pad_blocks, length, &self.blocks[range], &mut pads);
        pads
    }

    /// Reads what [`Heard::offer`] masked, and returns the messages of `bits` bits that were chosen.
    pub fn take(&self, range: Range<usize>, (values, bits): (usize, u32), masked: &mut Unpacker<'_>) -> Vec<u64> {
        let hash = Hash::default();
        let mut taken = Vec::with_capacity(range.len());
        for first in range.clone().step_by(BATCH) {
            let batch = first..range.end.min(first + BATCH);
            let pads = self.pads(&hash, batch.clone(), 1);
            for (&choice, &pad) in self.choices[batch].iter().zip(&pads) {
                let chosen = choose(choice, (values, bits), masked);
                taken.push((chosen ^ low(pad)) & mask(bits));
            }
        }
        taken
    }

    /// Reads what [`Heard::offer_blocks`] masked, 32 bytes for each transfer, and returns the blocks that were chosen.
    #[must_use]
    pub fn take_blocks(&self, masked: &[u8]) -> Vec<Block> {
        let pads = self.pads(&Hash::default(), 0..self.blocks.len(), 1);
        let masked: Vec<Block> = from_bytes(masked).collect();
        let chosen = masked.chunks_exact(2).zip(&self.choices).zip(pads);
        chosen.map(|((pair, &choice), pad)| pair[0] ^ (pair[0] ^ pair[1]) & all_if(choice) ^ pad).collect()
    }

    /// Reads what [`Heard::correlate`] sent, and returns the receiver's numbers.
    #[must_use]
    pub fn take_correlated(&self, modulus: Modulus, sent: &[u8]) -> Vec<u64> {
        let pads = self.pads(&Hash::default(), 0..self.blocks.len(), 1);
        let sent = unpack(sent, modulus.bits(), self.blocks.len());
        let numbers = pads.into_iter().zip(&self.choices).zip(sent);
        numbers
            .map(|((pad, &choice), sent)| {
                let x = element(modulus, pad);
                modulus.add(x, modulus.reduce(sent) & low(all_if(choice)))
            })
            .collect()
    }
}

impl Asked {
    /// Reads what [`Heard::correlate_blocks`] sent, and returns the receiver's blocks.
    #[must_use]
    pub fn take_correlated_blocks(&self, sent: &[u8]) -> Vec<Block> {
        let pads = self.pads(&Hash::default(), 0..self.blocks.len(), 1);
        let blocks = pads.into_iter().zip(&self.choices).zip(from_bytes(sent));
        blocks.map(|((pad, &choice), sent)| pad ^ sent & all_if(choice)).collect()
    }
}

/// The masked message at the choice: all messages are read, so that no address depends on it.
fn choose(choice: u8, (values, bits): (usize, u32), masked: &mut Unpacker<'_>) -> u64 {
    let all = values as u32 * bits;
    if all <= u64::BITS {
        return masked.pull(all) >> (u32::from(choice) * bits);
    }
    (0..values as u64).fold(0, |chosen, value| chosen | masked.pull(bits) & same(value, choice.into()))
}

/// A block of ones where the bit is 1, otherwise 0.
fn all_if(bit: u8) -> Block {
    Block::from(bit).wrapping_neg()
}

/// A uniform element from a uniform block: modulo a prime of `b` bits, but for a distance of `2^(b - 128)`.
fn element(modulus: Modulus, pad: Block) -> u64 {
    match modulus {
        Modulus::TwoTo(_) => modulus.reduce(low(pad)),
        Modulus::Prime(p) => low(pad % Block::from(p)),
    }
}

/// The bytes of the masked messages of [`Heard::offer`] for `count` transfers, if nothing shares their last byte.
#[must_use]
pub const fn offer_bytes(count: usize, values: usize, bits: u32) -> usize {
    packed_bytes(count * values, bits)
}

#[cfg(test)]
mod tests;
