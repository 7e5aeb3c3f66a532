//! Correlated transfers from 127 base transfers: a column of random bits for each.
//!
//! Ishai, Kilian, Nissim, Petrank, "Extending Oblivious Transfers Efficiently" (CRYPTO 2003), figure 1, with the columns grown from seeds as in
//! Asharov, Lindell, Schneider, Zohner (CCS 2013), protocol 5.2. Semi-honest: Keller, Orsini, Scholl ("Actively Secure OT Extension
//! with Optimal Overhead", CRYPTO 2015) would add a random linear check that the receiver used one choice vector in all columns.
//!
//! Invariant: `t = q ^ b * delta`; the lowest bit of `delta` is 1, of `q` is 0, of `t` is the choice `b`. Column 0 is therefore known to
//! both parties and needs neither a base transfer nor a message.

use super::base::TRANSFERS;
use super::block::{Block, Cipher};
use super::transpose::{self, transpose};
use crate::link::{Halt, Link};
use crate::random::Seed;
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

/// Rows of a message at most.
pub const CHUNK: usize = 16 * transpose::ROWS;

/// Transfers come in multiples of it.
pub const ROWS: usize = transpose::ROWS;

/// What the receiver sends for so many rows.
#[must_use]
pub const fn message_bytes(rows: usize) -> usize {
    TRANSFERS * rows / 8
}

/// Columns of a chunk: 128 of them, one after another.
fn columns(rows: usize) -> Vec<Block> {
    vec![0; 128 * (rows / 128)]
}

/// The sender.
#[derive(Debug)]
pub struct Sender {
    delta: Block,
    chosen: Vec<Cipher>,
    counter: Block,
}

impl Sender {
    /// From the seeds that the bits of `delta` but the lowest chose.
    #[must_use]
    pub fn new(delta: Block, seeds: &[Seed]) -> Self {
        Self { delta: delta | 1, chosen: seeds.iter().map(Cipher::of).collect(), counter: 0 }
    }

    /// Fills `q`, whose length is a multiple of [`ROWS`].
    ///
    /// # Errors
    /// [`Halt`].
    pub fn extend(&mut self, link: &mut Link, q: &mut [Block]) -> Result<(), Halt> {
        q.chunks_mut(CHUNK).try_for_each(|q| self.chunk(link, q))
    }

    /// Column `j`: `G(chosen seed) ^ delta_j * u_j`.
    fn chunk(&mut self, link: &mut Link, q: &mut [Block]) -> Result<(), Halt> {
        let message = link.receive(message_bytes(q.len()))?;
        let width = q.len() / 128;
        let mut columns = columns(q.len());
        let (received, _) = message.as_chunks::<16>();
        let each = columns[width..].chunks_exact_mut(width).zip(received.chunks_exact(width)).zip(&self.chosen);
        for (j, ((column, u), chosen)) in each.enumerate() {
            chosen.key_stream(self.counter, column);
            let selected = (self.delta >> (j + 1) & 1).wrapping_neg();
            for (q, &u) in column.iter_mut().zip(u) {
                *q ^= selected & Block::from_le_bytes(u);
            }
        }
        self.counter += width as Block;
        transpose(bytemuck::cast_slice(&columns), q);
        Ok(())
    }
}

/// The receiver.
#[derive(Debug)]
pub struct Receiver {
    pairs: Vec<[Cipher; 2]>,
    choices: ChaCha20Rng,
    counter: Block,
}

impl Receiver {
    /// From both seeds of each base transfer, and a seed of its own for the choices.
    #[must_use]
    pub fn new(pairs: &[[Seed; 2]], own: &Seed) -> Self {
        let pairs = pairs.iter().map(|[zero, one]| [Cipher::of(zero), Cipher::of(one)]).collect();
        Self { pairs, choices: own.stream(), counter: 0 }
    }

    /// Fills `t`, whose length is a multiple of [`ROWS`].
    ///
    /// # Errors
    /// [`Halt`].
    pub fn extend(&mut self, link: &mut Link, t: &mut [Block]) -> Result<(), Halt> {
        t.chunks_mut(CHUNK).try_for_each(|t| self.chunk(link, t))
    }

    /// Column `j`: `t_j = G(seed 0)`, and `u_j = t_j ^ G(seed 1) ^ b` for the sender; column 0 is `b`.
    fn chunk(&mut self, link: &mut Link, t: &mut [Block]) -> Result<(), Halt> {
        let width = t.len() / 128;
        let mut columns = columns(t.len());
        let (b, rest) = columns.split_at_mut(width);
        self.choices.fill_bytes(bytemuck::cast_slice_mut(b));
        let mut message = Vec::with_capacity(message_bytes(t.len()));
        let mut other = vec![0; width];
        for (column, [zero, one]) in rest.chunks_exact_mut(width).zip(&self.pairs) {
            zero.key_stream(self.counter, column);
            one.key_stream(self.counter, &mut other);
            for ((t, other), b) in column.iter().zip(&other).zip(&*b) {
                message.extend_from_slice(&(t ^ other ^ b).to_le_bytes());
            }
        }
        self.counter += width as Block;
        link.send(message)?;
        transpose(bytemuck::cast_slice(&columns), t);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Network;
    use crate::ot::testing::{DELTA, assert_correlated, base, both};

    const COUNTS: [usize; 3] = [ROWS, 2 * CHUNK + 3 * ROWS, ROWS];

    fn run() -> (Vec<Block>, Vec<Block>) {
        let (chosen, pairs) = base(DELTA);
        let sender = move |link: &mut Link| {
            let mut sender = Sender::new(DELTA, &chosen);
            let mut q = COUNTS.map(|count| vec![0; count]);
            for q in &mut q {
                sender.extend(link, q).unwrap();
            }
            q.concat()
        };
        let receiver = |link: &mut Link| {
            let mut receiver = Receiver::new(&pairs, &Seed([6; 32]));
            let mut t = COUNTS.map(|count| vec![0; count]);
            for t in &mut t {
                receiver.extend(link, t).unwrap();
            }
            assert_eq!(link.meter().sent(link.role(), None).bytes, message_bytes(COUNTS.iter().sum()));
            t.concat()
        };
        both(sender, receiver)
    }

    #[test]
    fn blocks_are_correlated_and_never_the_same_again() {
        let (q, t) = run();
        assert_correlated(DELTA, &q, &t);
        let mut blocks = q.clone();
        blocks.sort_unstable();
        blocks.dedup();
        assert_eq!(blocks.len(), q.len());
        assert_eq!((q, t), run(), "the same seeds, the same blocks");
    }

    #[test]
    fn a_peer_of_another_length_is_malformed_and_garbage_is_only_garbage() {
        let (mut client, mut server) = Link::pair(Network::LAN);
        let mut sender = Sender::new(DELTA, &base(DELTA).0);
        server.send(vec![0x5a; message_bytes(ROWS) - 1]).unwrap();
        server.send(vec![0x5a; message_bytes(ROWS)]).unwrap();
        let mut q = vec![0; ROWS];
        assert!(matches!(sender.extend(&mut client, &mut q), Err(Halt::Malformed { .. })));
        assert_eq!(sender.extend(&mut client, &mut q), Ok(()));
    }
}
