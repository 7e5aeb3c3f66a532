//! Correlated transfers of whole vectors, so that a receiver's bit multiplies all of a sender's numbers at once.
//!
//! Mohassel and Zhang, "SecureML" (S&P 2017), section 4.2, with the message of a bit `i` cut to the `l - i` bits that count. See
//! [`super::offer`] for transfers of one number.

use super::block::{Block, low};
use super::hash::Hash;
use super::offer::{Asked, Heard};
use crate::bits::{Packer, Unpacker, mask};
use std::ops::Range;

/// The memory of the pads that are made together, in blocks.
const BATCH_BLOCKS: usize = 1 << 12;

/// The blocks of a pad for a vector of so many numbers of so many bits.
#[must_use]
pub const fn blocks(length: usize, bits: u32) -> usize {
    (length * bits as usize).div_ceil(128)
}

/// Cuts transfers into batches, which are made together.
fn batches(range: Range<usize>, blocks: usize) -> impl Iterator<Item = Range<usize>> {
    let batch = (BATCH_BLOCKS / blocks.max(1)).max(1);
    range.clone().step_by(batch).map(move |first| first..range.end.min(first + batch))
}

/// Reads numbers of a width from pads.
struct Numbers<'a> {
    words: &'a [u64],
    width: u32,
}

impl<'a> Numbers<'a> {
    /// The pad of a transfer, of so many blocks.
    fn of(pads: &'a [Block], blocks: usize, at: usize, width: u32) -> Self {
        Self { words: bytemuck::cast_slice(&pads[at * blocks..][..blocks]), width }
    }

    #[inline]
    fn get(&self, k: usize) -> u64 {
        let at = k * self.width as usize;
        let (word, bit) = (at / 64, at % 64);
        let next = self.words.get(word + 1).map_or(0, |&word| Block::from(word));
        let both = Block::from(self.words[word]) | next << 64;
        low(both >> bit) & mask(self.width)
    }
}

impl Heard {
    /// Correlates vectors of `length` numbers modulo `2^width`: of the transfers in `range`, where `terms` gets a place in it. `give` gets that place, the place
    /// in the vector, and the sender's number `-x`; the receiver has `x`, or `x` and the term.
    pub fn offer_vectors<'a>(
        &self,
        range: Range<usize>,
        (length, width): (usize, u32),
        sent: &mut Packer,
        terms: impl Fn(usize) -> &'a [u64],
        mut give: impl FnMut(usize, usize, u64),
    ) {
        let (hash, blocks, start) = (Hash::default(), blocks(length, width), range.start);
        for batch in batches(range, blocks) {
            let [zeros, ones] = [0, 1].map(|value| self.pads(&hash, batch.clone(), value, blocks));
            for (at, transfer) in batch.enumerate() {
                let [zero, one] = [&zeros, &ones].map(|pads| Numbers::of(pads, blocks, at, width));
                for (k, term) in terms(transfer - start).iter().enumerate() {
                    let x = zero.get(k);
                    sent.push(x.wrapping_add(*term).wrapping_sub(one.get(k)), width);
                    give(transfer - start, k, x.wrapping_neg() & mask(width));
                }
            }
        }
    }
}

impl Asked {
    /// Reads what [`Heard::offer_vectors`] sent; `give` gets a place in `range`, the place in the vector, and the receiver's number.
    pub fn take_vectors(
        &self,
        range: Range<usize>,
        (length, width): (usize, u32),
        sent: &mut Unpacker<'_>,
        mut give: impl FnMut(usize, usize, u64),
    ) {
        let (hash, blocks, start) = (Hash::default(), blocks(length, width), range.start);
        for batch in batches(range, blocks) {
            let pads = self.pads(&hash, batch.clone(), blocks);
            for (at, transfer) in batch.enumerate() {
                let pad = Numbers::of(&pads, blocks, at, width);
                let chosen = u64::from(self.choices[transfer]).wrapping_neg();
                for k in 0..length {
                    let moved = sent.pull(width) & chosen;
                    give(transfer - start, k, pad.get(k).wrapping_add(moved) & mask(width));
                }
            }
        }
    }
}
