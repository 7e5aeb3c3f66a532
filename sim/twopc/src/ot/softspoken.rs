//! Correlated transfers from 127 base transfers: a column of random bits for each, a correction for each `K` columns.
//!
//! Roy, "`SoftSpokenOT`: Quieter OT Extension from Small-Field Silent VOLE in the Minicrypt Model" (CRYPTO 2022): small-field VOLE,
//! repeated, over `2^K` elements. Of `2^K` streams `G_x` the receiver has all and the sender lacks that of `x = delta`, `K` bits of the
//! correlation. With `u = sum G_x` and `v = sum x G_x` for the one, `w = sum (x ^ delta) G_x` for the other, which needs no `G_delta`,
//! `v = w ^ u delta`: `K` columns, of which the receiver corrects `u` to its choices.
//!
//! With `K = 1` this is Ishai, Kilian, Nissim, Petrank, "Extending Oblivious Transfers Efficiently" (CRYPTO 2003), figure 1, with columns grown
//! from seeds as in Asharov, Lindell, Schneider, Zohner (CCS 2013), protocol 5.2. Choices are random, so that the first `u` serves and
//! only the others are corrected. Semi-honest: against a receiver with other choices in other columns the paper adds a check of a
//! random linear combination.
//!
//! Invariant: `t = q ^ b * delta`; the lowest bit of `delta` is 1, of `q` is 0, of `t` is the choice `b`. Column 0 is therefore known to
//! both parties and needs neither a base transfer nor a message.

use super::base::TRANSFERS;
use super::block::{Block, Cipher};
use super::guess::{Guess, add_ones};
use super::transpose::{self, transpose};
use crate::random::Seed;
use crate::wire::link::{Halt, Link};
use pulp::Arch;

/// The most rows that one message extends.
pub const CHUNK: usize = 16 * transpose::ROWS;

/// The number of rows of which every extension is a multiple.
pub const ROWS: usize = transpose::ROWS;

/// The bytes that the receiver sends for so many rows.
#[must_use]
pub const fn message_bytes<const K: usize>(rows: usize) -> usize {
    (TRANSFERS.div_ceil(K) - 1) * rows / 8
}

/// Columns of a chunk: 128 of them, one after another.
fn columns(rows: usize) -> Vec<Block> {
    vec![0; 128 * (rows / 128)]
}

/// The streams of each tree's leaves; the last tree may be a smaller one.
struct Streams<const K: usize> {
    ciphers: Vec<Cipher>,
    counter: Block,
}

impl<const K: usize> Streams<K> {
    fn new(leaves: &[Seed]) -> Self {
        Self { ciphers: leaves.iter().map(Cipher::of).collect(), counter: 0 }
    }

    /// The next `sum x G_x` of each tree into its columns, zeros so far; `each` gets the number of the tree, its columns and `sum G_x`.
    fn next(&mut self, width: usize, columns: &mut [Block], mut each: impl FnMut(usize, &mut [Block], &[Block])) {
        let mut sums = vec![0; (K + 1) * width];
        let counters: Vec<Block> = (self.counter..).take(width).collect();
        let trees = self.ciphers.chunks(1 << K).zip(columns.chunks_mut(K * width));
        for (number, (leaves, columns)) in trees.enumerate() {
            fold(leaves, &counters, columns, &mut sums);
            each(number, columns, &sums[..width]);
        }
        self.counter += width as Block;
    }
}

impl<const K: usize> std::fmt::Debug for Streams<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Streams<{K}>(..)")
    }
}

/// Into the first of `sums` the sum of the streams, and added to column `j` the sum of those whose number has bit `j`: two additions a
/// stream, half by half.
fn fold(leaves: &[Cipher], counters: &[Block], columns: &mut [Block], sums: &mut [Block]) {
    let width = counters.len();
    if let [leaf] = leaves {
        sums[..width].copy_from_slice(counters);
        leaf.encrypt(&mut sums[..width]);
        return;
    }
    let (lower, upper) = leaves.split_at(leaves.len() / 2);
    let (columns, column) = columns.split_at_mut(columns.len() - width);
    fold(lower, counters, columns, sums);
    let (sum, sums) = sums.split_at_mut(width);
    fold(upper, counters, columns, sums);
    Arch::new().dispatch(
        #[inline(always)]
        || {
            add(bytemuck::cast_slice_mut(column), bytemuck::cast_slice(sums));
            add(bytemuck::cast_slice_mut(sum), bytemuck::cast_slice(sums));
        },
    );
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn add(sums: &mut [u64], terms: &[u64]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum ^= term;
    }
}

/// The sender of the transfers.
#[derive(Debug)]
pub struct Sender<const K: usize> {
    delta: Block,
    streams: Streams<K>,
}

impl<const K: usize> Sender<K> {
    /// Makes the sender from the leaves of trees punctured at `delta`, in the order of [`super::puncture`]: leaf 0 is the missing one.
    #[must_use]
    pub fn new(delta: Block, leaves: &[Seed]) -> Self {
        Self { delta: delta | 1, streams: Streams::new(leaves) }
    }

    /// Fills `q` with transfers; its length is a multiple of [`ROWS`].
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn extend(&mut self, link: &mut Link, q: &mut [Block]) -> Result<(), Halt> {
        q.chunks_mut(CHUNK).try_for_each(|q| self.chunk(link, q))
    }

    /// Column `j`: `w_j ^ delta_j * (u ^ b)`, where `u ^ b` was sent, and is 0 for the first tree.
    fn chunk(&mut self, link: &mut Link, q: &mut [Block]) -> Result<(), Halt> {
        let message = link.receive(message_bytes::<K>(q.len()))?;
        let width = q.len() / 128;
        let mut all = columns(q.len());
        let (corrections, _) = message.as_chunks::<16>();
        let delta = self.delta;
        self.streams.next(width, &mut all[width..], |tree, columns, _| {
            let Some(before) = tree.checked_sub(1) else { return };
            let correction = &corrections[before * width..][..width];
            for (j, column) in columns.chunks_exact_mut(width).enumerate() {
                let selected = (delta >> (1 + tree * K + j) & 1).wrapping_neg();
                for (q, &bytes) in column.iter_mut().zip(correction) {
                    *q ^= selected & Block::from_le_bytes(bytes);
                }
            }
        });
        transpose(bytemuck::cast_slice(&all), q);
        Ok(())
    }
}

/// The receiver of the transfers.
#[derive(Debug)]
pub struct Receiver<const K: usize> {
    streams: Streams<K>,
    /// What it guesses of the bits that the sender's correlation has in the tree after that of this number, if it deviates.
    guess: Option<Guess>,
}

impl<const K: usize> Receiver<K> {
    /// Makes the receiver from all leaves of the trees.
    #[must_use]
    pub fn new(leaves: &[Seed]) -> Self {
        Self { streams: Streams::new(leaves), guess: None }
    }

    /// The same receiver, which deviates to test a guess of the sender's correlation: part 0 are the bits of the second tree. See [`super::probe`].
    #[must_use]
    pub fn guessing(self, guess: Guess) -> Self {
        Self { guess: Some(guess), ..self }
    }

    /// Fills `t` with transfers; its length is a multiple of [`ROWS`].
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn extend(&mut self, link: &mut Link, t: &mut [Block]) -> Result<(), Halt> {
        t.chunks_mut(CHUNK).try_for_each(|t| self.chunk(link, t))
    }

    /// Column `j`: `v_j`. Column 0 is `b`, the first tree's `u`; the message is `u ^ b` of the others.
    fn chunk(&mut self, link: &mut Link, t: &mut [Block]) -> Result<(), Halt> {
        let width = t.len() / 128;
        let mut all = columns(t.len());
        let (b, rest) = all.split_at_mut(width);
        let mut message = Vec::with_capacity(message_bytes::<K>(t.len()));
        let guess = self.guess;
        self.streams.next(width, rest, |tree, columns, u| {
            if tree == 0 {
                b.copy_from_slice(u);
                return;
            }
            let guess = guess.filter(|guess| guess.part as usize + 1 == tree);
            let added = if guess.is_some() { Block::MAX } else { 0 };
            message.extend(u.iter().zip(&*b).flat_map(|(u, b)| (u ^ b ^ added).to_le_bytes()));
            if let Some(Guess { value, .. }) = guess {
                for (_, column) in columns.chunks_exact_mut(width).enumerate().filter(|(j, _)| value >> j & 1 == 1) {
                    add_ones(column);
                }
            }
        });
        link.send(message)?;
        transpose(bytemuck::cast_slice(&all), t);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ot::testing::{DELTA, assert_correlated, both, trees};
    use crate::wire::clock::LinkSpeed;

    const COUNTS: [usize; 3] = [ROWS, 2 * CHUNK + 3 * ROWS, ROWS];

    fn run<const K: usize>() -> (Vec<Block>, Vec<Block>) {
        let (punctured, leaves) = trees(DELTA, K);
        let sender = move |link: &mut Link| {
            let mut sender = Sender::<K>::new(DELTA, &punctured);
            let mut q = COUNTS.map(|count| vec![0; count]);
            for q in &mut q {
                sender.extend(link, q).unwrap();
            }
            q.concat()
        };
        let receiver = |link: &mut Link| {
            let mut receiver = Receiver::<K>::new(&leaves);
            let mut t = COUNTS.map(|count| vec![0; count]);
            for t in &mut t {
                receiver.extend(link, t).unwrap();
            }
            assert_eq!(link.meter().sent(link.role(), None).bytes, message_bytes::<K>(COUNTS.iter().sum()));
            t.concat()
        };
        both(sender, receiver)
    }

    fn assert_extends<const K: usize>() {
        let (q, t) = run::<K>();
        assert_correlated(DELTA, &q, &t);
        let mut blocks = q.clone();
        blocks.sort_unstable();
        blocks.dedup();
        assert_eq!(blocks.len(), q.len());
        assert_eq!((q, t), run::<K>(), "the same seeds, the same blocks");
    }

    #[test]
    fn blocks_are_correlated_and_never_the_same_again_whatever_the_field() {
        assert_extends::<1>();
        assert_extends::<2>();
        assert_extends::<5>();
        assert_extends::<8>();
    }

    #[test]
    fn a_transfer_costs_a_bit_for_each_tree_but_the_first() {
        assert_eq!([message_bytes::<1>(8), message_bytes::<4>(8), message_bytes::<8>(8)], [126, 31, 15]);
    }

    #[test]
    fn over_two_elements_a_column_is_that_of_iknp() {
        let (punctured, leaves) = trees(DELTA, 1);
        let (q, t) = run::<1>();
        let column = |blocks: &[Block], j: usize| (0..128).map(|i| (blocks[i] >> j & 1) << i).sum::<Block>();
        let stream = |seed| {
            let mut stream = [0];
            Cipher::of(seed).key_stream(0, &mut stream);
            stream[0]
        };
        let b = column(&t, 0);
        for j in 0..TRANSFERS {
            let [zero, one] = [0, 1].map(|side| stream(&leaves[2 * j + side]));
            let u = zero ^ one ^ b;
            let delta = DELTA >> (j + 1) & 1;
            assert_eq!(column(&t, j + 1), one);
            assert_eq!(column(&q, j + 1), stream(&punctured[2 * j + 1]) ^ (delta.wrapping_neg() & u));
            assert!(j > 0 || u == 0);
        }
    }

    #[test]
    fn a_peer_of_another_length_is_malformed_and_garbage_is_only_garbage() {
        const K: usize = 8;
        let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
        let mut sender = Sender::<K>::new(DELTA, &trees(DELTA, K).0);
        server.send(vec![0x5a; message_bytes::<K>(ROWS) - 1]).unwrap();
        server.send(vec![0x5a; message_bytes::<K>(ROWS)]).unwrap();
        let mut q = vec![0; ROWS];
        assert!(matches!(sender.extend(&mut client, &mut q), Err(Halt::Malformed { .. })));
        assert_eq!(sender.extend(&mut client, &mut q), Ok(()));
    }
}
