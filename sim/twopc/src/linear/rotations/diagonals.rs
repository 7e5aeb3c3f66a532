//! Matrices: products with generalised diagonals, and sums of rotations.
//!
//! The input is repeated in blocks of `n` slots, the next power of two of its length. Each of the blocks is in charge of `d` outputs. The copy of the
//! input that is rotated by `i` is multiplied with the `i`-th diagonal of each block's `d` rows: slot `j` with the weight of output `j mod d` and
//! input `i + j`. The sum of the `d` products has a part of output `j mod d` in each slot, and `log2(n / d)` rotations add up the parts.
//! Inputs longer than a row are cut into chunks, and outputs that exceed the slots into several responses.

use crate::he::slots::{SLOT_ROW, SLOTS, Work};

/// How a matrix is packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Diagonals {
    inputs: usize,
    outputs: usize,
    /// The slots of a block.
    pub block: usize,
    /// The number of diagonals, and of outputs in a block.
    pub count: usize,
}

impl Diagonals {
    pub fn new(inputs: usize, outputs: usize) -> Self {
        let block = inputs.next_power_of_two().min(SLOT_ROW);
        let count = (outputs.next_power_of_two().min(SLOTS) * block / SLOTS).max(1);
        Self { inputs, outputs, block, count }
    }

    /// The chunks of the input, each a ciphertext.
    pub fn chunks(&self) -> usize {
        self.inputs.div_ceil(SLOT_ROW)
    }

    /// The responses.
    pub fn answers(&self) -> usize {
        self.outputs.div_ceil(SLOTS)
    }

    /// The distances by which the sum of the products is rotated and added to itself.
    pub fn doublings(&self) -> impl Iterator<Item = usize> + use<> {
        let block = self.block;
        std::iter::successors(Some(self.count), |step| Some(2 * step)).take_while(move |step| *step < block)
    }

    pub fn work(&self) -> Work {
        Work {
            switches_before: self.count - 1,
            products: self.chunks() * self.block,
            switches_after: self.block / self.count,
        }
    }

    pub fn input(&self, x: &[u64], chunk: usize) -> Vec<u64> {
        let chunk = &x[chunk * SLOT_ROW..self.inputs.min((chunk + 1) * SLOT_ROW)];
        let mut slots = vec![0; SLOTS];
        slots.chunks_exact_mut(self.block).for_each(|block| block[..chunk.len()].copy_from_slice(chunk));
        slots
    }

    /// The weights for an answer and a copy of the input, slot by slot.
    pub fn weight(&self, weights: &[u64], answer: usize, copy: usize) -> Vec<u64> {
        let (chunk, diagonal) = (copy / self.count, copy % self.count);
        let weight = |slot: usize| {
            let (block, place) = (slot / self.block, slot % self.block);
            let output = answer * SLOTS + block * self.count + place % self.count;
            let input = chunk * SLOT_ROW + (place + diagonal) % self.block;
            let exists = output < self.outputs && input < self.inputs;
            if exists { weights[output * self.inputs + input] } else { 0 }
        };
        (0..SLOTS).map(weight).collect()
    }

    /// The response and the slot of each output.
    pub fn places(&self) -> Vec<(usize, usize)> {
        let slot = |output: usize| output / self.count * self.block + output % self.count;
        (0..self.outputs).map(|output| (output / SLOTS, slot(output % SLOTS))).collect()
    }
}
