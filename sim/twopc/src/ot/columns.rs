//! Extension by columns of a linear code: correlated blocks, from one base transfer for each column.
//!
//! Ishai, Kilian, Nissim, Petrank, "Extending Oblivious Transfers Efficiently" (CRYPTO 2003), figure 1, with columns grown from seeds as in
//! Asharov, Lindell, Schneider, Zohner (CCS 2013), protocol 5.2; and Kolesnikov, Kumaresan, "Improved OT Extension for Transferring Short
//! Secrets" (CRYPTO 2013), figure 2, where a row is a word of a code instead of a repeated bit. The receiver's own choices go into the columns:
//! a transfer costs one bit for each column, and nothing to correct.
//!
//! A row of the receiver is `t`, and of the sender `q = t ^ (C(w) & s)`: `C` the code, `w` the receiver's choice, `s` the sender's choices in
//! the base transfers. Both parties map their row to one block by a linear map, which takes `C(w) & s` to `delta(w)`. A sender
//! that holds `q ^ delta(w)` for every `w` holds the receiver's block at its choice.
//!
//! Nothing is sent for no transfers. Neither paper's receiver proves that its columns are words of the code. With [`Checks::Active`] it does, for the blocks of
//! each message: 128 more transfers with random choices come first in it, and the proof of [`super::check`] last.

use super::block::{Block, Cipher, from_bytes, to_bytes};
use super::check::{self, Checks, HASH_BYTES, Matrix};
use super::guess::{Guess, add_ones};
use super::offer::{Asked, Heard};
use super::transpose::{self, transpose};
use crate::random::{Seed, uniform};
use crate::wire::link::{Halt, Link};
use rand_chacha::ChaCha20Rng;
use std::marker::PhantomData;
use zeroize::Zeroizing;

/// The rows that are made together: their columns stay in the cache.
const CHUNK: usize = 16 * transpose::ROWS;

/// A linear binary code, of which bit `j` of a word is the parity of some bits of the value.
pub trait Code {
    /// The number of columns, a multiple of 128.
    const COLUMNS: usize;
    /// The number of bits of a value, from 1 to 8.
    const BITS: usize;
    /// What the seeds of its base transfers are derived under.
    const NAME: &'static str;

    /// The bits of the value whose parity is in a column.
    fn parity(column: usize) -> u8;

    /// An invertible linear map of the 128 columns from `128 * part` on; a row's block is the sum over its parts.
    fn mix(part: usize, row: Block) -> Block;
}

/// The bytes that the receiver sends for so many transfers: each column fills whole bytes.
#[must_use]
pub const fn message_bytes<C: Code>(count: usize, checks: Checks) -> usize {
    if count == 0 { 0 } else { column_bytes::<C>(checks.masks() + count) + checks.proof_bytes(C::BITS) }
}

const fn column_bytes<C: Code>(rows: usize) -> usize {
    C::COLUMNS * rows.div_ceil(8)
}

/// The blocks of a column, filled up to whole tiles of the transposition.
fn width(rows: usize) -> usize {
    rows.next_multiple_of(transpose::ROWS) / 128
}

/// The sum of the parts of each row: `columns` has `C::COLUMNS` columns of `width` blocks.
fn rows<C: Code>(columns: &[Block], width: usize, count: usize, rows: &mut Vec<Block>) {
    let start = rows.len();
    rows.resize(start + count, 0);
    let mut transposed = vec![0; 128 * width];
    for (part, columns) in columns.chunks_exact(128 * width).enumerate() {
        transpose(bytemuck::cast_slice(columns), &mut transposed);
        for (row, &bits) in rows[start..].iter_mut().zip(&transposed) {
            *row ^= C::mix(part, bits);
        }
    }
}

/// The sender's side.
pub struct Sender<C> {
    /// For each column, which of the two streams it has, 0 or 1.
    choices: Zeroizing<Vec<u8>>,
    /// That stream.
    streams: Vec<Cipher>,
    /// By value.
    deltas: Zeroizing<Vec<Block>>,
    counter: Block,
    /// Of the next transfer.
    tweak: Block,
    checks: Checks,
    code: PhantomData<fn(C)>,
}

impl<C: Code> Sender<C> {
    /// Makes the sender from its choices in the base transfers, 0 or 1, and the seeds they chose, one for each column. The tweak is that
    /// of the first transfer; those of the others follow.
    #[must_use]
    pub fn new(choices: &[u8], seeds: &[Seed], tweak: Block, checks: Checks) -> Self {
        debug_assert_eq!(choices.len(), C::COLUMNS, "a base transfer for each column");
        let streams = seeds.iter().map(Cipher::of).collect();
        let delta = |value: u8| {
            let word = choices.chunks_exact(128).enumerate().map(|(part, choices)| {
                let bit = |(j, choice): (usize, &u8)| {
                    let parity = (C::parity(128 * part + j) & value).count_ones() & 1;
                    Block::from(parity & u32::from(*choice)) << j
                };
                C::mix(part, choices.iter().enumerate().map(bit).sum())
            });
            word.fold(0, |delta, part| delta ^ part)
        };
        let deltas = Zeroizing::new((0..=u8::MAX >> (8 - C::BITS)).map(delta).collect());
        Self { choices: choices.to_vec().into(), streams, deltas, counter: 0, tweak, checks, code: PhantomData }
    }

    /// The differences of the parties' blocks, by the value that the receiver chose; the first one is 0.
    #[must_use]
    pub fn deltas(&self) -> &[Block] {
        &self.deltas
    }

    /// Receives the columns of `count` transfers with pads of one block each.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn hear(&mut self, link: &mut Link, count: usize) -> Result<Heard, Halt> {
        self.hear_long(link, count, 1)
    }

    /// Receives the columns of `count` transfers with pads of at most so many blocks each.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn hear_long(&mut self, link: &mut Link, count: usize, pad_blocks: usize) -> Result<Heard, Halt> {
        let blocks = if count == 0 { Vec::new() } else { self.receive(link, count)? };
        let tweak = self.tweak;
        self.tweak += (count * pad_blocks) as Block;
        Ok(Heard { blocks, deltas: self.deltas.clone(), tweak, pad_blocks })
    }

    /// Receives the columns of some transfers, and their proof.
    fn receive(&mut self, link: &mut Link, count: usize) -> Result<Vec<Block>, Halt> {
        let rows = self.checks.masks() + count;
        let message = link.receive(message_bytes::<C>(count, self.checks))?;
        let (columns, proof) = message.split_at(column_bytes::<C>(rows));
        let mut blocks = Vec::with_capacity(rows);
        for columns in columns.chunks(column_bytes::<C>(CHUNK)) {
            self.chunk(columns, CHUNK.min(rows - blocks.len()), &mut blocks);
        }
        if self.checks.is_active() {
            self.check(link, columns, proof, &mut blocks)?;
        }
        Ok(blocks)
    }

    /// Compares the sums of the transfers with the proof, and takes the masks away.
    fn check(&self, link: &Link, columns: &[u8], proof: &[u8], blocks: &mut Vec<Block>) -> Result<(), Halt> {
        let matrix = Matrix::new(C::NAME, self.tweak, columns);
        let (masks, rows) = blocks.split_at(check::SUMS);
        let mut sums = matrix.sums(masks, rows);
        let (said, hash) = proof.split_at(proof.len() - HASH_BYTES);
        let deltas: Vec<Block> = (0..C::BITS).map(|bit| self.deltas[1 << bit]).collect();
        check::correct(&mut sums, &from_bytes(said).collect::<Vec<_>>(), &deltas);
        check::compare(link, &sums, hash)?;
        blocks.drain(..check::SUMS);
        Ok(())
    }

    /// Column `j` is the stream, with what was sent added where the choice is 1.
    fn chunk(&mut self, message: &[u8], count: usize, blocks: &mut Vec<Block>) {
        let width = width(count);
        let mut columns = vec![0; C::COLUMNS * width];
        let sent = message.chunks_exact(count.div_ceil(8));
        let chosen = self.choices.iter().zip(&self.streams);
        for (((choice, stream), column), sent) in chosen.zip(columns.chunks_exact_mut(width)).zip(sent) {
            stream.key_stream(self.counter, column);
            let chosen = choice.wrapping_neg();
            for (byte, sent) in bytemuck::cast_slice_mut::<Block, u8>(column).iter_mut().zip(sent) {
                *byte ^= chosen & sent;
            }
        }
        self.counter += width as Block;
        rows::<C>(&columns, width, count, blocks);
    }
}

impl<C> std::fmt::Debug for Sender<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sender(..)")
    }
}

/// The receiver's side.
pub struct Receiver<C> {
    streams: Vec<[Cipher; 2]>,
    counter: Block,
    /// Of the next transfer.
    tweak: Block,
    checks: Checks,
    /// The choices of transfers that mask sums: of all seeds together, of which the sender lacks half.
    masks: ChaCha20Rng,
    /// What it guesses of the sender's choice in one of the base transfers, if it deviates.
    guess: Option<Guess>,
    code: PhantomData<fn(C)>,
}

impl<C: Code> Receiver<C> {
    /// Makes the receiver from both seeds of each base transfer, one for each column, and the tweak of the first transfer.
    #[must_use]
    pub fn new(pairs: &[[Seed; 2]], tweak: Block, checks: Checks) -> Self {
        debug_assert_eq!(pairs.len(), C::COLUMNS, "a base transfer for each column");
        let streams = pairs.iter().map(|pair| pair.each_ref().map(Cipher::of)).collect();
        let mut masks = blake3::Hasher::new_derive_key("fusion-2pc masks of a receiver 1");
        for seed in pairs.iter().flatten() {
            masks.update(&seed.0);
        }
        let masks = Seed(*masks.finalize().as_bytes()).stream();
        Self { streams, counter: 0, tweak, checks, masks, guess: None, code: PhantomData }
    }

    /// The same receiver, which deviates to test a guess of the sender's choice in one of the base transfers, the part: see [`super::probe`].
    #[must_use]
    pub fn guessing(self, guess: Guess) -> Self {
        Self { guess: Some(guess), ..self }
    }

    /// Sends the columns of transfers with these choices and pads of one block each.
    ///
    /// # Errors
    /// [`Halt`] where the peer is gone.
    pub fn ask(&mut self, link: &mut Link, choices: Vec<u8>) -> Result<Asked, Halt> {
        self.ask_long(link, choices, 1)
    }

    /// Sends the columns of transfers with these choices and pads of at most so many blocks each.
    ///
    /// # Errors
    /// [`Halt`] where the peer is gone.
    pub fn ask_long(&mut self, link: &mut Link, choices: Vec<u8>, pad_blocks: usize) -> Result<Asked, Halt> {
        let blocks = if choices.is_empty() { Vec::new() } else { self.send(link, &choices)? };
        let tweak = self.tweak;
        self.tweak += (choices.len() * pad_blocks) as Block;
        Ok(Asked { choices, blocks, tweak, pad_blocks })
    }

    /// Sends the columns of some transfers, and their proof.
    fn send(&mut self, link: &mut Link, choices: &[u8]) -> Result<Vec<Block>, Halt> {
        let masks = uniform(&mut self.masks, C::BITS as u32, self.checks.masks()).into_iter().map(|mask| mask as u8);
        let all: Vec<u8> = masks.chain(choices.iter().copied()).collect();
        let mut blocks = Vec::with_capacity(all.len());
        let mut message = Vec::with_capacity(message_bytes::<C>(choices.len(), self.checks));
        for choices in all.chunks(CHUNK) {
            self.chunk(choices, &mut message, &mut blocks);
        }
        if self.checks.is_active() {
            let (masks, rows) = blocks.split_at(check::SUMS);
            let matrix = Matrix::new(C::NAME, self.tweak, &message);
            message.extend(proof::<C>(&matrix, &all, &matrix.sums(masks, rows)));
            blocks.drain(..check::SUMS);
        }
        link.send(message)?;
        Ok(blocks)
    }

    /// Column `j` is the first stream; the sum of both streams and the code's column is sent.
    fn chunk(&mut self, choices: &[u8], message: &mut Vec<u8>, blocks: &mut Vec<Block>) {
        let width = width(choices.len());
        let planes = planes(choices, width, C::BITS);
        let mut columns = vec![0; C::COLUMNS * width];
        let mut sent = vec![0; width];
        for (j, ([zero, one], column)) in self.streams.iter().zip(columns.chunks_exact_mut(width)).enumerate() {
            zero.key_stream(self.counter, column);
            one.key_stream(self.counter, &mut sent);
            let chosen = planes.iter().enumerate().filter(|(bit, _)| C::parity(j) >> bit & 1 == 1);
            for plane in chosen.map(|(_, plane)| &plane[..]).chain([&*column]) {
                sent.iter_mut().zip(plane).for_each(|(sum, term)| *sum ^= term);
            }
            if let Some(Guess { value, .. }) = self.guess.filter(|guess| guess.part as usize == j) {
                add_ones(&mut sent);
                if value == 1 {
                    add_ones(column);
                }
            }
            message.extend_from_slice(&bytemuck::cast_slice(&sent)[..choices.len().div_ceil(8)]);
        }
        self.counter += width as Block;
        rows::<C>(&columns, width, choices.len(), blocks);
    }
}

/// The proof of choices, masks first, and of the sums of their blocks.
fn proof<C: Code>(matrix: &Matrix, choices: &[u8], sums: &[Block]) -> Vec<u8> {
    let (masks, choices) = choices.split_at(check::SUMS);
    let mut proof = to_bytes(&matrix.choices(masks, choices, C::BITS));
    proof.extend(check::hash(sums).as_bytes());
    proof
}

/// Bit by bit of the choices, a column.
fn planes(choices: &[u8], width: usize, bits: usize) -> Vec<Vec<Block>> {
    let column = |bit: usize| {
        let block =
            |choices: &[u8]| choices.iter().rev().fold(0, |block, choice| block << 1 | Block::from(choice >> bit & 1));
        let mut column: Vec<Block> = choices.chunks(128).map(block).collect();
        column.resize(width, 0);
        column
    };
    (0..bits).map(column).collect()
}

impl<C> std::fmt::Debug for Receiver<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Receiver(..)")
    }
}

#[cfg(test)]
mod tests;
