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

/// Trees that grow interleaved, but the last ones of a set: their leaves stay in the second-level cache.
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
    /// as [`Checks::masks`]. `region` has room for all of them, or for a part of the trees; it is filled, and given to `each`, once for every part.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol: nothing that `each` was given may then be used.
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
        let part = region.len() >> trees.depth;
        let mut sums = vec![0; trees.levels()];
        for (roots, sums) in roots.chunks(part).zip(sums.chunks_mut(part * trees.depth)) {
            self.grow(roots, region, sums);
        }
        let message = to_bytes(&sums.iter().zip(levels).map(|(sum, q)| sum ^ q).collect::<Vec<_>>());
        let mut tested = Tested::new(self.checks, &message, masks);
        link.send(message)?;
        for (roots, sums) in roots.chunks(part).zip(sums.chunks_mut(part * trees.depth)) {
            if part < trees.count {
                self.grow(roots, region, sums);
            }
            tested.iter_mut().for_each(|tested| tested.add(region));
            each(region);
        }
        tested.map_or(Ok(()), |tested| self.prove(link, tested.sums))
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

    /// Grows a part of the trees from the sums on its sides.
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
        let part = (region.len() >> trees.depth) * trees.depth;
        let mut tested = Tested::new(self.checks, &message, masks);
        for (sides, sums) in sides.chunks(part).zip(sums.chunks(part)) {
            self.grow(sides, sums, trees.depth, region);
            tested.iter_mut().for_each(|tested| tested.add(region));
            each(region);
        }
        tested.map_or(Ok(()), |tested| confirm(link, &tested.sums))
    }
}

/// Says the sums of the receiver's choices, and compares its sums with the sender's hash.
fn confirm(link: &mut Link, sums: &[Block]) -> Result<(), Halt> {
    link.send(to_bytes(&[check::lowest_bits(sums)]))?;
    let hash = link.receive(check::HASH_BYTES)?;
    check::compare(link, sums, &hash)
}

/// The sums of a round's check, as far as leaves have been added.
struct Tested {
    matrix: Matrix,
    rows: usize,
    sums: Vec<Block>,
}

impl Tested {
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
mod tests {
    use super::*;
    use crate::ot::testing::{DELTA, assert_correlated, assert_distinct, both, trees};
    use crate::wire::clock::LinkSpeed;

    /// All that is expected, and then a round more.
    fn rounds(party: &mut impl Party, link: &mut Link, expected: usize, checks: Checks) -> Vec<Block> {
        let mut rounds = Rounds::new(expected, 3, checks);
        let mut all = Vec::new();
        for round in 0..=schedule(expected, checks).len() {
            let mut batch = vec![7; 3];
            rounds.next(party, link, &mut batch).unwrap();
            assert_eq!(batch.len() + rounds.reserve.len(), rounds.round_size(round));
            all.append(&mut batch);
        }
        all
    }

    impl Rounds {
        fn round_size(&self, round: usize) -> usize {
            let sets = schedule(self.expected, self.checks);
            sets[round % sets.len()].n()
        }
    }

    #[test]
    fn every_round_is_correlated_and_no_block_comes_twice() {
        let counts = [1, 100_000, 900_000, 3_500_000];
        for (expected, checks) in counts.into_iter().flat_map(|count| Checks::ALL.map(|checks| (count, checks))) {
            let (punctured, leaves) = trees(DELTA, K);
            let sender = |link: &mut Link| {
                rounds(&mut Sender::new(DELTA, &punctured, &Seed([1; 32]), checks), link, expected, checks)
            };
            let receiver = |link: &mut Link| rounds(&mut Receiver::new(&leaves, checks), link, expected, checks);
            let (q, t) = both(sender, receiver);
            assert!(q.len() > expected);
            assert_correlated(DELTA, &q, &t);
            assert_distinct(q);
        }
    }

    /// What a schedule holds beside its reserves.
    fn held(sets: &[Set]) -> usize {
        let outputs: usize = sets.iter().map(Set::n).sum();
        outputs - sets[1..].iter().map(Set::needed).sum::<usize>()
    }

    #[test]
    fn a_schedule_holds_what_was_asked_for_and_hardly_more() {
        let full = [lpn::START.n(), lpn::MIDDLE.n(), lpn::MAIN.n() - lpn::MAIN.needed()];
        let edges =
            full.into_iter().flat_map(|n| (1..6).flat_map(move |times| [times * n - 1, times * n, times * n + 1]));
        for count in [0, 1, 256, 257, 300_000, 21_000_000, 1 << 32].into_iter().chain(edges) {
            let sets = schedule(count, Checks::None);
            let spare = held(&sets) - count;
            assert!(spare < sets.len() << lpn::MAIN.depth, "{count}: {spare} of {sets:?}");
            for (set, after) in sets.iter().zip(&sets[1..]) {
                assert!(set.n() >= after.needed(), "{count}: {sets:?}");
            }
        }
    }

    /// Against all numbers of rounds of each set, small ones first.
    #[test]
    fn no_schedule_sends_less() {
        for count in (0..60).map(|step| 1 + step * 177_777) {
            let times = |set: Set, most: usize| (0..=most).map(move |times| vec![set; times]);
            let [start, middle, main] = lpn::SETS;
            let all = times(start, 2).flat_map(|start| {
                times(middle, 3).flat_map(move |middle| {
                    let start = start.clone();
                    times(main, 8).map(move |main| [start.clone(), middle.clone(), main].concat())
                })
            });
            let least =
                all.filter_map(|sets| chain(count, &sets, Checks::None)).map(|sets| bytes(&sets, Checks::None)).min();
            assert_eq!(Some(bytes(&schedule(count, Checks::None), Checks::None)), least, "{count}");
        }
    }

    #[test]
    fn noise_is_one_error_in_each_tree() {
        let set = lpn::START;
        let mut choices = Seed([8; 32]).stream();
        let q: Vec<Block> = (0..set.levels() as Block).map(|i| i << 1).collect();
        let t: Vec<Block> = q.iter().map(|q| q ^ (DELTA * Block::from(choices.next_u64() & 1))).collect();
        let (punctured, leaves) = trees(DELTA, K);
        let (sender, receiver) = both(
            |link| {
                let mut outputs = vec![0; set.n()];
                Sender::new(DELTA, &punctured, &Seed([1; 32]), Checks::None)
                    .noise(link, set.trees(), &q, &mut outputs, |_| ())
                    .unwrap();
                outputs
            },
            |link| {
                let mut outputs = vec![0; set.n()];
                Receiver::new(&leaves, Checks::None).noise(link, set.trees(), &t, &mut outputs, |_| ()).unwrap();
                outputs
            },
        );
        for (sender, receiver) in sender.chunks(GROUP << set.depth).zip(receiver.chunks(GROUP << set.depth)) {
            let mut errors = vec![0; sender.len() >> set.depth];
            let trees = errors.len();
            for (i, (q, t)) in sender.iter().zip(receiver).enumerate() {
                assert_eq!((q & 1, q ^ t), (0, (t & 1) * DELTA));
                errors[i % trees] += t & 1;
            }
            assert_eq!(errors, vec![1; trees]);
        }
    }

    #[test]
    fn a_peer_of_another_length_is_malformed_and_garbage_is_only_garbage() {
        let set = lpn::START;
        let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
        let mut receiver = Receiver::new(&trees(DELTA, K).1, Checks::None);
        client.send(vec![0xa5; message_bytes(set.trees()) + 1]).unwrap();
        client.send(vec![0xa5; message_bytes(set.trees())]).unwrap();
        let (levels, mut outputs) = (vec![3; set.levels()], vec![0; set.n()]);
        let halt = receiver.noise(&mut server, set.trees(), &levels, &mut outputs, |_| ()).unwrap_err();
        assert!(matches!(halt, Halt::Malformed { .. }));
        assert_eq!(receiver.noise(&mut server, set.trees(), &levels, &mut outputs, |_| ()), Ok(()));
    }

    /// A sender that changes the sum of a tree's last level: both leaves of the noise's parent are off, and it proves the outputs as if these were
    /// the leaves of the parent that it guesses.
    fn cheat(checks: Checks, guess: usize) -> (Result<(), Halt>, usize) {
        let set = Set { t: 1, log_k: 0, depth: 3 };
        let mut choices = Seed([9; 32]).stream();
        let q: Vec<Block> = (0..(set.depth + checks.masks()) as Block).map(|i| (i + 1) << 90).collect();
        let t: Vec<Block> = q.iter().map(|q| q ^ (DELTA * Block::from(choices.next_u64() & 1))).collect();
        // The path takes the sides that the sums do not stand for.
        let parent = (0..set.depth - 1).map(|level| (1 - (t[level] & 1) as usize) << level).sum();
        let error = 6 << 70;
        let leaves = trees(DELTA, K).1;
        let ((), outcome) = both(
            |link| {
                let (mut outputs, mut sums) = (vec![0; set.n()], vec![0; set.levels()]);
                Grower::default().grow(DELTA, &[1 << 99], &mut outputs, &mut sums);
                let (levels, masks) = q.split_at(set.levels());
                sums.iter_mut().zip(levels).for_each(|(sum, q)| *sum ^= q);
                sums[set.depth - 1] ^= error;
                let message = to_bytes(&sums);
                link.send(message.clone()).unwrap();
                if checks.is_active() {
                    outputs[guess] ^= error;
                    outputs[guess + 4] ^= error;
                    let (punctured, _) = trees(DELTA, K);
                    let sender = Sender::new(DELTA, &punctured, &Seed([1; 32]), checks);
                    sender.prove(link, Matrix::new(NAME, 0, &message).sums(masks, &outputs)).unwrap();
                }
            },
            |link| {
                let mut outputs = vec![0; set.n()];
                link.step("here", |link| {
                    Receiver::new(&leaves, checks).noise(link, set.trees(), &t, &mut outputs, |_| ())
                })
            },
        );
        (outcome, parent)
    }

    #[test]
    fn a_sum_of_no_tree_passes_with_the_right_guess_of_the_path_alone() {
        for guess in 0..4 {
            let (outcome, parent) = cheat(Checks::Active, guess);
            let refused = Halt::Cheating { step: "here".into(), what: check::FAILS };
            assert_eq!(outcome, if guess == parent { Ok(()) } else { Err(refused) }, "{guess} of {parent}");
            assert_eq!(cheat(Checks::None, guess).0, Ok(()));
        }
    }
}
