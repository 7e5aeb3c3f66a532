//! Many correlated transfers from few, with almost no communication.
//!
//! Yang, Weng, Lan, Zhang, Wang, "Ferret: Fast Extension for Correlated OT with Small Communication" (CCS 2020): its single-point, multi-point and extended COT, with regular
//! noise, trees of [`super::ggm`] and codes of [`super::lpn`]. Each round keeps what the next one needs, the first takes it from
//! [`super::softspoken`].
//!
//! A round grows as many trees as its outputs need, see [`schedule`].
//!
//! A simplification: noise is where the receiver's random choices put it. They are uniform and unknown to the sender, so nothing
//! is sent to move it.
//!
//! A sender that deviates may send sums of no tree, so that leaves of the receiver depend on where its noise is. With [`Checks::Active`] each round ends in Ferret's
//! check of random sums of all leaves, in the form of [`super::check`]: 128 transfers more mask the receiver's sums of its choices, which it says, and the
//! sender answers with the hash of its sums. Leaves that differ by where the noise is have other sums but with probability `2^-128` for each two places, so that a
//! sender that is accepted has guessed some bits of the places, `r` of them with probability `2^-r`. They are the noise of this round alone: the paper counts
//! them as one bit of security of the code on average. The receiver sends nothing else, and the first transfers of a session have a check of their own.

use super::block::{Block, from_bytes, to_bytes};
use super::check::{self, Checks, Matrix};
use super::ggm::{Grower, Trees};
use super::guess::Guess;
use super::lpn::{self, Set};
use super::softspoken;
use crate::random::Seed;
use crate::wire::link::{Halt, Link};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use std::collections::VecDeque;
use zeroize::Zeroizing;

/// The number of base transfers of each tree from which the first transfers are extended (decision 6).
pub const K: usize = 8;

/// Trees that grow interleaved, but the last ones of a part: their leaves stay in the second-level cache.
const GROUP: usize = 8;

/// The bytes that the sender sends for the trees of a round.
#[must_use]
pub const fn message_bytes(trees: Trees) -> usize {
    16 * trees.levels()
}

/// The bytes with which the receiver says the sums of its choices, in the check of a round.
pub const CHOICE_BYTES: usize = 16;

/// What a check's challenge is named by.
const NAME: &str = "ferret";

/// What a party does in a round.
pub trait Party: Send {
    /// Fills `blocks` with transfers of the first extension; their number is a multiple of [`softspoken::ROWS`].
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    fn base(&mut self, link: &mut Link, blocks: &mut [Block]) -> Result<(), Halt>;

    /// Grows transfers whose choices are 0 except in one place of each tree, from `trees.levels()` transfers with random choices, and checks them by as many more
    /// as [`Checks::masks`]. `region` has room for the leaves of all trees, or of a part of them; it is filled, and given to `each`, once for every part. Trees are
    /// interleaved within a part, so that both parties give regions of one size.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol: nothing that `each` was given may then be used.
    ///
    /// # Panics
    /// Where the trees are no whole number of such parts.
    fn noise(
        &mut self,
        link: &mut Link,
        trees: Trees,
        inputs: &[Block],
        region: &mut [Block],
        each: impl FnMut(&mut [Block]),
    ) -> Result<(), Halt>;
}

/// The sender of the transfers.
#[derive(Debug)]
pub struct Sender {
    first: softspoken::Sender<K>,
    delta: Zeroizing<Block>,
    roots: ChaCha20Rng,
    grower: Grower,
    checks: Checks,
}

impl Sender {
    /// Makes the sender from leaves that are punctured at `delta`, and a secret seed for the trees of each round.
    #[must_use]
    pub fn new(delta: Block, leaves: &[Seed], own: &Seed, checks: Checks) -> Self {
        let first = softspoken::Sender::new(delta, leaves, checks);
        Self { first, delta: Zeroizing::new(delta), roots: own.stream(), grower: Grower::default(), checks }
    }

    /// Grows a part of the trees from their roots.
    fn grow(&self, roots: &[Block], region: &mut [Block], sums: &mut [Block]) {
        let depth = sums.len() / roots.len();
        let leaves = region.chunks_mut(GROUP << depth);
        for ((roots, leaves), sums) in roots.chunks(GROUP).zip(leaves).zip(sums.chunks_mut(GROUP * depth)) {
            self.grower.grow(*self.delta, roots, leaves, sums);
        }
    }

    /// Says the hash of its sums, corrected by what the receiver says of its choices.
    fn prove(&self, link: &mut Link, mut sums: Vec<Block>) -> Result<(), Halt> {
        let said: Vec<Block> = from_bytes(&link.receive(CHOICE_BYTES)?).collect();
        check::correct(&mut sums, &said, &[*self.delta]);
        link.send(check::hash(&sums).as_bytes().to_vec())
    }
}

impl Party for Sender {
    fn base(&mut self, link: &mut Link, blocks: &mut [Block]) -> Result<(), Halt> {
        self.first.extend(link, blocks)
    }

    /// Sends `q ^ sum` of the left nodes for each level of each tree. Trees of several parts are grown for their sums first, and again once these are sent.
    fn noise(
        &mut self,
        link: &mut Link,
        trees: Trees,
        inputs: &[Block],
        region: &mut [Block],
        mut each: impl FnMut(&mut [Block]),
    ) -> Result<(), Halt> {
        let (levels, masks) = inputs.split_at(trees.levels());
        let mut roots = Zeroizing::new(vec![0; trees.count]);
        self.roots.fill_bytes(bytemuck::cast_slice_mut(&mut roots));
        let part = part(trees, region);
        let mut sums = vec![0; trees.levels()];
        for (roots, sums) in roots.chunks(part).zip(sums.chunks_mut(part * trees.depth)) {
            self.grow(roots, region, sums);
        }
        let message = to_bytes(&sums.iter().zip(levels).map(|(sum, q)| sum ^ q).collect::<Vec<_>>());
        let mut check = CheckSums::new(self.checks, &message, masks);
        link.send(message)?;
        // The sums of levels that grow again come out as before.
        for (roots, sums) in roots.chunks(part).zip(sums.chunks_mut(part * trees.depth)) {
            if part < trees.count {
                self.grow(roots, region, sums);
            }
            if let Some(check) = &mut check {
                check.add(region);
            }
            each(region);
        }
        check.map_or(Ok(()), |check| self.prove(link, check.sums))
    }
}

/// The receiver of the transfers.
#[derive(Debug)]
pub struct Receiver {
    first: softspoken::Receiver<K>,
    grower: Grower,
    checks: Checks,
}

impl Receiver {
    /// Makes the receiver from all leaves.
    #[must_use]
    pub fn new(leaves: &[Seed], checks: Checks) -> Self {
        Self { first: softspoken::Receiver::new(leaves, checks), grower: Grower::default(), checks }
    }

    /// The same receiver, which deviates to test a guess of the sender's correlation: see [`super::probe`].
    #[must_use]
    pub fn guessing(self, guess: Guess) -> Self {
        Self { first: self.first.guessing(guess), ..self }
    }

    /// Grows a part of the trees from the sums of the nodes on these sides.
    fn grow(&self, sides: &[usize], sums: &[Block], depth: usize, region: &mut [Block]) {
        let (group, leaves) = (GROUP * depth, region.chunks_mut(GROUP << depth));
        for ((sides, sums), leaves) in sides.chunks(group).zip(sums.chunks(group)).zip(leaves) {
            self.grower.grow_punctured(sides, sums, sums.len() / depth, leaves);
        }
    }
}

impl Party for Receiver {
    fn base(&mut self, link: &mut Link, blocks: &mut [Block]) -> Result<(), Halt> {
        self.first.extend(link, blocks)
    }

    /// With `t = q ^ b * delta`, the message is the sum of the nodes on side `b`.
    fn noise(
        &mut self,
        link: &mut Link,
        trees: Trees,
        inputs: &[Block],
        region: &mut [Block],
        mut each: impl FnMut(&mut [Block]),
    ) -> Result<(), Halt> {
        let (levels, masks) = inputs.split_at(trees.levels());
        let message = link.receive(message_bytes(trees))?;
        let sums: Vec<Block> = from_bytes(&message).zip(levels).map(|(sent, t)| sent ^ t).collect();
        let sides: Vec<usize> = levels.iter().map(|t| usize::from(t & 1 == 1)).collect();
        let part = part(trees, region) * trees.depth;
        let mut check = CheckSums::new(self.checks, &message, masks);
        for (sides, sums) in sides.chunks(part).zip(sums.chunks(part)) {
            self.grow(sides, sums, trees.depth, region);
            if let Some(check) = &mut check {
                check.add(region);
            }
            each(region);
        }
        check.map_or(Ok(()), |check| confirm(link, &check.sums))
    }
}

/// The number of trees whose leaves are a region.
fn part(trees: Trees, region: &[Block]) -> usize {
    let part = region.len() >> trees.depth;
    assert!(
        part > 0 && region.len() == part << trees.depth && trees.count.is_multiple_of(part),
        "regions of whole trees"
    );
    part
}

/// Says the sums of the receiver's choices, and compares its sums with the sender's hash.
fn confirm(link: &mut Link, sums: &[Block]) -> Result<(), Halt> {
    link.send(to_bytes(&[check::lowest_bits(sums)]))?;
    let hash = link.receive(check::HASH_BYTES)?;
    check::compare(link, sums, &hash)
}

/// The sums of a round's check, as far as leaves have been added.
struct CheckSums {
    matrix: Matrix,
    rows: usize,
    sums: Vec<Block>,
}

impl CheckSums {
    /// The masks alone, and `None` where nothing is checked.
    fn new(checks: Checks, message: &[u8], masks: &[Block]) -> Option<Self> {
        checks.is_active().then(|| Self { matrix: Matrix::new(NAME, 0, message), rows: 0, sums: masks.to_vec() })
    }

    fn add(&mut self, leaves: &[Block]) {
        self.matrix.add(self.rows, leaves, &mut self.sums);
        self.rows += leaves.len();
    }
}

/// The rounds for so many transfers that send the fewest bytes: several of one set, after at most one of each smaller set. Each round leaves
/// over as many transfers as the next one needs.
#[must_use]
#[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "so many rounds of one set hold any count")]
pub fn schedule(count: usize, checks: Checks) -> Vec<Set> {
    let of = |last: usize| {
        let (smaller, later) = (&lpn::SETS[..last], lpn::SETS[last]);
        let spared: usize = smaller.iter().map(Set::n).sum();
        let rounds = |count: usize| count.div_ceil(later.n() - needed(&later, checks));
        let few = rounds(count.saturating_sub(spared)).max(1);
        (few..=rounds(count) + 1).flat_map(move |rounds| {
            starters(smaller)
                .filter_map(move |starters| chain(count, &[starters, vec![later; rounds]].concat(), checks))
        })
    };
    (0..lpn::SETS.len()).flat_map(of).min_by_key(|sets| bytes(sets, checks)).expect("some rounds suffice")
}

/// Some of these sets, in order: all choices.
fn starters(sets: &[Set]) -> impl Iterator<Item = Vec<Set>> {
    (0..1_usize << sets.len())
        .map(|chosen| sets.iter().enumerate().filter(|(i, _)| chosen >> i & 1 == 1).map(|(_, set)| *set).collect())
}

/// Rounds of these sets, the last ones full, the ones before them with no more trees than are needed; `None` where they do not suffice.
fn chain(count: usize, sets: &[Set], checks: Checks) -> Option<Vec<Set>> {
    let (mut left, mut reserved, mut chain) = (count, 0, Vec::with_capacity(sets.len()));
    for set in sets.iter().rev() {
        let set = set.holding(left + reserved);
        left = left.saturating_sub(set.n().checked_sub(reserved)?);
        reserved = needed(&set, checks);
        chain.push(set);
    }
    chain.reverse();
    (left == 0).then_some(chain)
}

/// The number of correlated transfers that a round uses up, with those that mask its check.
const fn needed(set: &Set, checks: Checks) -> usize {
    set.needed() + checks.masks()
}

/// The number of transfers of the first extension from which a schedule starts.
#[must_use]
pub fn base_rows(sets: &[Set], checks: Checks) -> usize {
    sets.first().map_or(0, |first| needed(first, checks).next_multiple_of(softspoken::ROWS))
}

/// What both parties send, but for the messages of checks, which are as long for every set.
fn bytes(sets: &[Set], checks: Checks) -> usize {
    softspoken::message_bytes::<K>(base_rows(sets, checks), checks)
        + sets.iter().map(|set| message_bytes(set.trees())).sum::<usize>()
}

/// A run of rounds, one after another.
#[derive(Debug)]
pub struct Rounds {
    expected: usize,
    code: Block,
    checks: Checks,
    round: u64,
    left: VecDeque<Set>,
    reserve: Vec<Block>,
}

impl Rounds {
    /// Plans the rounds for so many transfers, with the public key of their codes.
    #[must_use]
    pub fn new(expected: usize, code: Block, checks: Checks) -> Self {
        Self { expected, code, checks, round: 0, left: VecDeque::new(), reserve: Vec::new() }
    }

    /// Runs a round, `A * inputs + noise`, and replaces `batch` by its transfers. After the last expected round the rounds start over.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn next(&mut self, party: &mut impl Party, link: &mut Link, batch: &mut Vec<Block>) -> Result<(), Halt> {
        if self.left.is_empty() {
            self.left = schedule(self.expected.max(1), self.checks).into();
            self.reserve = vec![0; base_rows(self.left.make_contiguous(), self.checks)];
            party.base(link, &mut self.reserve)?;
        }
        let Some(set) = self.left.pop_front() else { unreachable!("a schedule has a first round") };
        let (inputs, others) = self.reserve[..needed(&set, self.checks)].split_at(set.k());
        batch.resize(set.n(), 0);
        party.noise(link, set.trees(), others, batch, |_| ())?;
        lpn::add_code(self.code, self.round, inputs, batch);
        self.round += 1;
        let reserved = self.left.front().map_or(0, |next| needed(next, self.checks));
        self.reserve = batch.split_off(batch.len() - reserved);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
