//! Some hundred thousand correlated transfers from a few thousand, by the noise of trees and a code that compresses it.
//!
//! Boyle, Couteau, Gilboa, Ishai, Kohl, Rindal, Scholl, "Efficient Two-Round OT Extension and Silent Non-Interactive Secure Computation" (CCS 2019): the receiver's choices are
//! a compression of noise with one error in each of [`TREES`] trees, which is hard to tell from uniform bits (dual LPN, that is, regular syndrome decoding), and both parties compress
//! the correlated leaves of the trees alike. Trees are those of [`super::ferret`], half-trees whose errors are where the receiver's random choices put them; so is
//! the check of a round. The code is that of [`super::convolute`].
//!
//! Where Ferret transfers the inputs of its code first, tens of thousands of them, nothing is transferred here but the levels of the trees. For each output a round grows three leaves at the receiver and six at the
//! sender, convolves three and adds up 11, so that where many transfers are needed Ferret takes less work ([`MOST`]). The trees of a region of the code are grown, convolved and added before those of the next (decision 36).
//! Decisions 29 and 32 have the choice of parameters.

use super::block::Block;
use super::check::Checks;
use super::convolute::{Compressor, WEIGHT};
use super::ferret::{self, Party};
use super::ggm::Trees;
use super::softspoken;
use crate::wire::link::{Halt, Link};
use std::collections::VecDeque;

/// The number of trees of a round, and so of errors.
pub const TREES: usize = 231;

const _: () = assert!(TREES.is_multiple_of(WEIGHT), "a region of the code has whole trees");

/// Leaves for each output, at least.
pub const LEAVES: usize = 3;

/// The depth of the smallest trees and of the largest: smaller ones send no less than transfers one by one, and larger ones take more memory than a processor's cache.
const DEPTHS: [usize; 2] = [8, 13];

/// The most transfers of a round.
pub const MOST: usize = held(DEPTHS[1]);

/// The most transfers of a round of trees of this depth.
const fn held(depth: usize) -> usize {
    (TREES << depth) / LEAVES
}

/// A round: its trees, and the number of transfers that it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// The trees of the noise.
    pub trees: Trees,
    /// The number of outputs.
    pub outputs: usize,
}

impl Round {
    /// The round of the smallest trees that hold so many outputs, [`MOST`] of them at most.
    const fn holding(outputs: usize) -> Self {
        let mut depth = DEPTHS[0];
        while held(depth) < outputs {
            depth += 1;
        }
        Self { trees: Trees { count: TREES, depth }, outputs }
    }

    /// The number of transfers of the first extension that the round uses up, with those that mask its check.
    #[must_use]
    pub fn base_rows(&self, checks: Checks) -> usize {
        (self.trees.levels() + checks.masks()).next_multiple_of(softspoken::ROWS)
    }

    /// The bytes that the sender sends in the round, but for its check.
    #[must_use]
    pub const fn message_bytes(&self) -> usize {
        ferret::message_bytes(self.trees)
    }
}

/// The rounds for so many transfers: as few as hold them, the last one no larger than it has to be.
#[must_use]
pub fn schedule(count: usize) -> Vec<Round> {
    let outputs = (0..count).step_by(MOST).map(|before| (count - before).min(MOST));
    outputs.map(Round::holding).collect()
}

/// A run of rounds, one after another.
#[derive(Debug)]
pub struct Rounds {
    expected: usize,
    code: Block,
    checks: Checks,
    number: u64,
    left: VecDeque<Round>,
}

impl Rounds {
    /// Plans the rounds for so many transfers, with the public key of their codes.
    #[must_use]
    pub fn new(expected: usize, code: Block, checks: Checks) -> Self {
        Self { expected, code, checks, number: 0, left: VecDeque::new() }
    }

    /// Runs a round, and replaces `batch` by its transfers. After the last expected round the rounds start over.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn next(&mut self, party: &mut impl Party, link: &mut Link, batch: &mut Vec<Block>) -> Result<(), Halt> {
        if self.left.is_empty() {
            self.left = schedule(self.expected.max(1)).into();
        }
        let Some(round) = self.left.pop_front() else { unreachable!("a schedule has a first round") };
        let mut inputs = vec![0; round.base_rows(self.checks)];
        party.base(link, &mut inputs)?;
        let inputs = &inputs[..round.trees.levels() + self.checks.masks()];
        let mut code = Compressor::new(self.code, self.number);
        self.number += 1;
        batch.clear();
        batch.resize(round.outputs, 0);
        let mut region = vec![0; round.trees.leaves() / WEIGHT];
        party.noise(link, round.trees, inputs, &mut region, |region| code.add(region, batch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ot::ferret::{K, Receiver, Sender};
    use crate::ot::testing::{DELTA, assert_correlated, assert_distinct, both, trees};
    use crate::random::Seed;
    use crate::wire::clock::LinkSpeed;

    /// All that is expected, and then a round more.
    fn rounds(party: &mut impl Party, link: &mut Link, expected: usize, checks: Checks) -> Vec<Block> {
        let mut rounds = Rounds::new(expected, 3, checks);
        let schedule = schedule(expected);
        let mut all = Vec::new();
        for round in schedule.iter().chain([&schedule[0]]) {
            let mut batch = vec![7; 3];
            rounds.next(party, link, &mut batch).unwrap();
            assert_eq!(batch.len(), round.outputs);
            all.append(&mut batch);
        }
        all
    }

    #[test]
    fn every_round_is_correlated_and_no_block_comes_twice() {
        for (expected, checks) in
            [1, 20_000, MOST + 20_000].into_iter().flat_map(|count| Checks::ALL.map(|checks| (count, checks)))
        {
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

    #[test]
    fn rounds_have_the_sizes_of_the_decision_record() {
        let sizes = |count| {
            schedule(count)
                .iter()
                .map(|round| (round.trees.depth, round.outputs, round.message_bytes()))
                .collect::<Vec<_>>()
        };
        assert_eq!(schedule(0), []);
        assert_eq!(sizes(1), [(8, 1, 29_568)]);
        assert_eq!(sizes(19_712), [(8, 19_712, 29_568)]);
        assert_eq!(sizes(19_713), [(9, 19_713, 33_264)]);
        assert_eq!(sizes(58_549), [(10, 58_549, 36_960)]);
        assert_eq!(sizes(241_816), [(12, 241_816, 44_352)]);
        assert_eq!(MOST, 630_784);
        assert_eq!(sizes(MOST + 7), [(13, MOST, 48_048), (8, 7, 29_568)]);
    }

    /// However many trees there are, one region of leaves is held.
    #[test]
    fn a_round_holds_one_region() {
        let (punctured, leaves) = trees(DELTA, K);
        let expected = 20_000;
        let sender = |link: &mut Link| {
            let party = Sender::new(DELTA, &punctured, &Seed([1; 32]), Checks::None);
            Rounds::new(expected, 3, Checks::None).next(&mut OneRegion(party), link, &mut Vec::new())
        };
        let receiver = |link: &mut Link| {
            let party = Receiver::new(&leaves, Checks::None);
            Rounds::new(expected, 3, Checks::None).next(&mut OneRegion(party), link, &mut Vec::new())
        };
        assert_eq!(both(sender, receiver), (Ok(()), Ok(())));
    }

    /// A party that is asked for one region of leaves at a time.
    struct OneRegion<P>(P);

    impl<P: Party> Party for OneRegion<P> {
        fn base(&mut self, link: &mut Link, blocks: &mut [Block]) -> Result<(), Halt> {
            self.0.base(link, blocks)
        }

        fn noise(
            &mut self,
            link: &mut Link,
            trees: Trees,
            inputs: &[Block],
            region: &mut [Block],
            each: impl FnMut(&mut [Block]),
        ) -> Result<(), Halt> {
            assert_eq!(region.len() * WEIGHT, trees.leaves());
            self.0.noise(link, trees, inputs, region, each)
        }
    }

    /// A receiver with any message of the right length has garbage at worst; with checks it halts.
    #[test]
    fn a_peer_that_sends_garbage_halts_a_round_that_is_checked() {
        let round = schedule(9)[0];
        for checks in Checks::ALL {
            let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
            client.send(vec![0xa5; round.message_bytes()]).unwrap();
            client.send(vec![0x5a; crate::ot::check::HASH_BYTES]).unwrap();
            let mut receiver = Receiver::new(&trees(DELTA, K).1, checks);
            let outcome = Rounds::new(9, 3, checks).next(&mut receiver, &mut server, &mut Vec::new());
            assert_eq!(matches!(outcome, Err(Halt::Cheating { .. })), checks.is_active(), "{outcome:?}");
            let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
            client.send(vec![0xa5; round.message_bytes() - 1]).unwrap();
            let outcome = Rounds::new(9, 3, checks).next(&mut receiver, &mut server, &mut Vec::new());
            assert!(matches!(outcome, Err(Halt::Malformed { .. })), "of another length: {outcome:?}");
        }
    }

    /// A sender that bends one sum of a tree: with checks the receiver stops, and without it some of its transfers are wrong.
    #[test]
    fn a_bent_tree_is_noticed_with_checks_and_spoils_transfers_without() {
        for checks in Checks::ALL {
            let (punctured, leaves) = trees(DELTA, K);
            let expected = 300;
            let (q, t) = both(
                |link| {
                    let mut batch = Vec::new();
                    let mut sender = Bent(Sender::new(DELTA, &punctured, &Seed([1; 32]), checks));
                    let _ = Rounds::new(expected, 3, checks).next(&mut sender, link, &mut batch);
                    batch
                },
                |link| {
                    let mut batch = Vec::new();
                    Rounds::new(expected, 3, checks)
                        .next(&mut Receiver::new(&leaves, checks), link, &mut batch)
                        .map(|()| batch)
                },
            );
            let Ok(t) = t else {
                assert!(checks.is_active());
                continue;
            };
            assert_eq!(checks, Checks::None);
            let wrong = q.iter().zip(&t).filter(|(q, t)| *q ^ *t != (*t & 1) * DELTA).count();
            assert!(wrong > 0, "of {expected}");
        }
    }

    /// A sender whose transfers of the first extension are off in one level.
    struct Bent(Sender);

    impl Party for Bent {
        fn base(&mut self, link: &mut Link, blocks: &mut [Block]) -> Result<(), Halt> {
            self.0.base(link, blocks)
        }

        fn noise(
            &mut self,
            link: &mut Link,
            trees: Trees,
            inputs: &[Block],
            region: &mut [Block],
            each: impl FnMut(&mut [Block]),
        ) -> Result<(), Halt> {
            let mut inputs = inputs.to_vec();
            inputs[trees.levels() - 1] ^= 6 << 70;
            self.0.noise(link, trees, &inputs, region, each)
        }
    }
}
