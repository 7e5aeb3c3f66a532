//! Correlated transfers from 127 base transfers: a column of random bits for each, a correction for each `K` columns.
//!
//! Roy, "`SoftSpokenOT`: Quieter OT Extension from Small-Field Silent VOLE in the Minicrypt Model" (CRYPTO 2022): small-field VOLE,
//! repeated, over `2^K` elements. Of `2^K` streams `G_x` the receiver has all and the sender lacks that of `x = delta`, `K` bits of the
//! correlation. With `u = sum G_x` and `v = sum x G_x` for the one, `w = sum (x ^ delta) G_x` for the other, which needs no `G_delta`,
//! `v = w ^ u delta`: `K` columns, of which the receiver corrects `u` to its choices.
//!
//! With `K = 1` this is Ishai, Kilian, Nissim, Petrank, "Extending Oblivious Transfers Efficiently" (CRYPTO 2003), figure 1, with columns grown
//! from seeds as in Asharov, Lindell, Schneider, Zohner (CCS 2013), protocol 5.2. Choices are random, so that the first `u` serves and
//! only the others are corrected. A receiver that deviates may correct to other choices in other columns. With [`Checks::Active`] each message has 128 more
//! transfers, which are not used, and the paper's check of random sums ([`super::check`]): `K` columns of one tree pass or fail together, so that a wrong
//! correction passes with probability `2^-K` for each tree that has one.
//!
//! Invariant: `t = q ^ b * delta`; the lowest bit of `delta` is 1, of `q` is 0, of `t` is the choice `b`. Column 0 is therefore known to
//! both parties and needs neither a base transfer nor a message.

use super::base::TRANSFERS;
use super::block::{Block, Cipher, from_bytes, to_bytes};
use super::check::{self, Checks, HASH_BYTES, Matrix};
use super::guess::{Guess, add_ones};
use super::transpose::{self, transpose};
use crate::random::Seed;
use crate::wire::link::{Halt, Link};
use pulp::Arch;
use zeroize::Zeroizing;

/// The most rows that one message extends.
pub const CHUNK: usize = 16 * transpose::ROWS;

/// The number of rows of which every extension is a multiple.
pub const ROWS: usize = transpose::ROWS;

/// What a check's challenge is named by.
const NAME: &str = "softspoken";

/// The bytes that the receiver sends for so many rows.
#[must_use]
pub const fn message_bytes<const K: usize>(rows: usize, checks: Checks) -> usize {
    let messages = rows.div_ceil(CHUNK);
    (TRANSFERS.div_ceil(K) - 1) * (rows + messages * checks.masks()) / 8 + messages * checks.proof_bytes(1)
}

/// The columns of a chunk, 128 of them one after another, with their masks.
struct Columns {
    all: Vec<Block>,
    /// The blocks of a column, and how many of them are corrected: masks are corrected, and what fills up their tile is not.
    width: usize,
    corrected: usize,
}

impl Columns {
    fn new(rows: usize, checks: Checks) -> Self {
        let width = (rows + checks.masks().next_multiple_of(ROWS)) / 128;
        Self { all: vec![0; 128 * width], width, corrected: (rows + checks.masks()) / 128 }
    }

    /// The rows, of which the first are transfers and the next ones masks.
    fn rows(&self) -> Vec<Block> {
        let mut rows = vec![0; self.all.len()];
        transpose(bytemuck::cast_slice(&self.all), &mut rows);
        rows
    }
}

/// The sums of transfers that a message corrected, and the transfers.
fn sums<'a>(rows: &'a [Block], count: usize, place: Block, corrections: &[u8]) -> (Vec<Block>, &'a [Block]) {
    let (transfers, masks) = rows.split_at(count);
    (Matrix::new(NAME, place, corrections).sums(&masks[..check::SUMS], transfers), transfers)
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
    delta: Zeroizing<Block>,
    streams: Streams<K>,
    checks: Checks,
}

impl<const K: usize> Sender<K> {
    /// Makes the sender from the leaves of trees punctured at `delta`, in the order of [`super::puncture`]: leaf 0 is the missing one.
    #[must_use]
    pub fn new(delta: Block, leaves: &[Seed], checks: Checks) -> Self {
        Self { delta: Zeroizing::new(delta | 1), streams: Streams::new(leaves), checks }
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
        let message = link.receive(message_bytes::<K>(q.len(), self.checks))?;
        let (sent, proof) = message.split_at(message.len() - self.checks.proof_bytes(1));
        let (place, delta) = (self.streams.counter, *self.delta);
        let mut columns = Columns::new(q.len(), self.checks);
        let (width, corrected) = (columns.width, columns.corrected);
        let (corrections, _) = sent.as_chunks::<16>();
        self.streams.next(width, &mut columns.all[width..], |tree, columns, _| {
            let Some(before) = tree.checked_sub(1) else { return };
            let correction = &corrections[before * corrected..][..corrected];
            for (j, column) in columns.chunks_exact_mut(width).enumerate() {
                let selected = (delta >> (1 + tree * K + j) & 1).wrapping_neg();
                for (q, &bytes) in column.iter_mut().zip(correction) {
                    *q ^= selected & Block::from_le_bytes(bytes);
                }
            }
        });
        if !self.checks.is_active() {
            transpose(bytemuck::cast_slice(&columns.all), q);
            return Ok(());
        }
        let rows = columns.rows();
        let (mut sums, transfers) = sums(&rows, q.len(), place, sent);
        let (said, hash) = proof.split_at(proof.len() - HASH_BYTES);
        check::correct(&mut sums, &from_bytes(said).collect::<Vec<_>>(), &[delta]);
        check::compare(link, &sums, hash)?;
        q.copy_from_slice(transfers);
        Ok(())
    }
}

/// The receiver of the transfers.
#[derive(Debug)]
pub struct Receiver<const K: usize> {
    streams: Streams<K>,
    checks: Checks,
    /// What it guesses of the bits that the sender's correlation has in the tree after that of this number, if it deviates.
    guess: Option<Guess>,
}

impl<const K: usize> Receiver<K> {
    /// Makes the receiver from all leaves of the trees.
    #[must_use]
    pub fn new(leaves: &[Seed], checks: Checks) -> Self {
        Self { streams: Streams::new(leaves), checks, guess: None }
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

    fn chunk(&mut self, link: &mut Link, t: &mut [Block]) -> Result<(), Halt> {
        let place = self.streams.counter;
        let (columns, mut message) = self.columns(t.len());
        if !self.checks.is_active() {
            link.send(message)?;
            transpose(bytemuck::cast_slice(&columns.all), t);
            return Ok(());
        }
        let rows = columns.rows();
        let (sums, transfers) = sums(&rows, t.len(), place, &message);
        message.extend(proof(&sums));
        t.copy_from_slice(transfers);
        link.send(message)
    }

    /// Column `j`: `v_j`. Column 0 is `b`, the first tree's `u`; the corrections are `u ^ b` of the others.
    fn columns(&mut self, count: usize) -> (Columns, Vec<u8>) {
        let mut columns = Columns::new(count, self.checks);
        let (width, corrected) = (columns.width, columns.corrected);
        let (b, rest) = columns.all.split_at_mut(width);
        let mut corrections = Vec::with_capacity(message_bytes::<K>(count, self.checks));
        let guess = self.guess;
        self.streams.next(width, rest, |tree, own, u| {
            if tree == 0 {
                b.copy_from_slice(u);
                return;
            }
            let guess = guess.filter(|guess| guess.part as usize + 1 == tree);
            let added = if guess.is_some() { Block::MAX } else { 0 };
            corrections.extend(u.iter().zip(&*b).take(corrected).flat_map(|(u, b)| (u ^ b ^ added).to_le_bytes()));
            if let Some(Guess { value, .. }) = guess {
                for (_, column) in own.chunks_exact_mut(width).enumerate().filter(|(j, _)| value >> j & 1 == 1) {
                    add_ones(&mut column[..corrected]);
                }
            }
        });
        (columns, corrections)
    }
}

/// What the receiver says of its sums: those of its choices, which the blocks carry, and a hash.
fn proof(sums: &[Block]) -> Vec<u8> {
    let mut proof = to_bytes(&[check::lowest_bits(sums)]);
    proof.extend(check::hash(sums).as_bytes());
    proof
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ot::testing::{DELTA, assert_correlated, both, trees};
    use crate::wire::clock::LinkSpeed;

    const COUNTS: [usize; 3] = [ROWS, 2 * CHUNK + 3 * ROWS, ROWS];

    fn run<const K: usize>(checks: Checks) -> (Vec<Block>, Vec<Block>) {
        let (punctured, leaves) = trees(DELTA, K);
        let sender = move |link: &mut Link| {
            let mut sender = Sender::<K>::new(DELTA, &punctured, checks);
            let mut q = COUNTS.map(|count| vec![0; count]);
            for q in &mut q {
                sender.extend(link, q).unwrap();
            }
            q.concat()
        };
        let receiver = |link: &mut Link| {
            let mut receiver = Receiver::<K>::new(&leaves, checks);
            let mut t = COUNTS.map(|count| vec![0; count]);
            for t in &mut t {
                receiver.extend(link, t).unwrap();
            }
            let bytes: usize = COUNTS.iter().map(|&count| message_bytes::<K>(count, checks)).sum();
            assert_eq!(link.meter().sent(link.role(), None).bytes, bytes);
            t.concat()
        };
        both(sender, receiver)
    }

    fn assert_extends<const K: usize>(checks: Checks) {
        let (q, t) = run::<K>(checks);
        assert_correlated(DELTA, &q, &t);
        let mut blocks = q.clone();
        blocks.sort_unstable();
        blocks.dedup();
        assert_eq!(blocks.len(), q.len());
        assert_eq!((q, t), run::<K>(checks), "the same seeds, the same blocks");
    }

    #[test]
    fn blocks_are_correlated_and_never_the_same_again_whatever_the_field() {
        for checks in Checks::ALL {
            assert_extends::<1>(checks);
            assert_extends::<2>(checks);
            assert_extends::<5>(checks);
            assert_extends::<8>(checks);
        }
    }

    #[test]
    fn a_transfer_costs_a_bit_for_each_tree_but_the_first() {
        let bytes = |checks| {
            [message_bytes::<1>(ROWS, checks), message_bytes::<4>(ROWS, checks), message_bytes::<8>(ROWS, checks)]
        };
        assert_eq!(bytes(Checks::None), [126, 31, 15].map(|bits| bits * ROWS / 8));
        assert_eq!(bytes(Checks::Active), [126, 31, 15].map(|bits| bits * (ROWS + 128) / 8 + 48));
    }

    #[test]
    fn over_two_elements_a_column_is_that_of_iknp() {
        let (punctured, leaves) = trees(DELTA, 1);
        let (q, t) = run::<1>(Checks::None);
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
        let mut sender = Sender::<K>::new(DELTA, &trees(DELTA, K).0, Checks::None);
        let bytes = message_bytes::<K>(ROWS, Checks::None);
        server.send(vec![0x5a; bytes - 1]).unwrap();
        server.send(vec![0x5a; bytes]).unwrap();
        let mut q = vec![0; ROWS];
        assert!(matches!(sender.extend(&mut client, &mut q), Err(Halt::Malformed { .. })));
        assert_eq!(sender.extend(&mut client, &mut q), Ok(()));
    }

    /// A receiver that corrects one transfer of one tree to another choice, and proves its transfers as if the bits of `delta` in that tree were as guessed.
    fn cheat<const K: usize>(checks: Checks, tree: usize, guess: Block) -> Result<(), Halt> {
        const ROW: usize = 77;
        let (punctured, leaves) = trees(DELTA, K);
        let (mut sender, mut receiver) =
            (Sender::<K>::new(DELTA, &punctured, checks), Receiver::<K>::new(&leaves, checks));
        let place = receiver.streams.counter;
        let (columns, mut message) = receiver.columns(ROWS);
        let corrected = 16 * columns.corrected;
        message[(tree - 1) * corrected + ROW / 8] ^= 1 << (ROW % 8);
        if checks.is_active() {
            let mut rows = columns.rows();
            rows[ROW] ^= guess << (1 + tree * K);
            let (sums, _) = sums(&rows, ROWS, place, &message);
            message.extend(proof(&sums));
        }
        let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
        client.send(message).unwrap();
        server.step("here", |link| sender.extend(link, &mut vec![0; ROWS]))
    }

    #[test]
    fn a_wrong_correction_passes_with_the_right_guess_of_its_bits_alone() {
        let bits = |tree: usize, K: usize| DELTA >> (1 + tree * K) & ((1 << K.min(TRANSFERS - tree * K)) - 1);
        let refused = Err(Halt::Cheating { step: "here".into(), what: check::FAILS });
        for tree in 1..TRANSFERS {
            for guess in 0..2 {
                let outcome = cheat::<1>(Checks::Active, tree, guess);
                assert_eq!(outcome, if guess == bits(tree, 1) { Ok(()) } else { refused.clone() }, "{tree}");
            }
        }
        for tree in 1..16 {
            for wrong in [0, 1, 2, 64, 127] {
                let outcome = cheat::<8>(Checks::Active, tree, bits(tree, 8) ^ wrong);
                assert_eq!(outcome, if wrong == 0 { Ok(()) } else { refused.clone() }, "{tree} {wrong}");
                assert_eq!(cheat::<8>(Checks::None, tree, wrong), Ok(()), "no check, no refusal");
            }
        }
    }

    #[test]
    fn a_proof_of_another_message_is_refused() {
        const K: usize = 8;
        let (punctured, leaves) = trees(DELTA, K);
        let (mut columns, mut far) = Link::pair(LinkSpeed::LAN);
        Receiver::<K>::new(&leaves, Checks::Active).extend(&mut columns, &mut vec![0; ROWS]).unwrap();
        let message = far.receive(message_bytes::<K>(ROWS, Checks::Active)).unwrap();
        let corrections = message.len() - Checks::Active.proof_bytes(1);
        for at in [0, corrections - 1, corrections, corrections + 16, message.len() - 1] {
            let mut bent = message.clone();
            bent[at] ^= 2;
            let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
            client.send(bent).unwrap();
            let outcome = Sender::<K>::new(DELTA, &punctured, Checks::Active).extend(&mut server, &mut vec![0; ROWS]);
            assert!(matches!(outcome, Err(Halt::Cheating { .. })), "byte {at}");
        }
    }
}
