//! Many correlated transfers from few, with almost no communication.
//!
//! Yang, Weng, Lan, Zhang, Wang, "Ferret: Fast Extension for Correlated OT with Small Communication" (CCS 2020): its single-point, multi-point and extended COT, with regular
//! noise, trees of [`super::ggm`] and codes of [`super::lpn`]. Each round keeps what the next one needs, the first takes it from
//! [`super::softspoken`].
//!
//! Two simplifications. Noise is where the receiver's random choices put it: they are uniform and unknown to the sender, so nothing
//! is sent to move it. And, semi-honest, there is no consistency check: against a sender that deviates, Ferret adds a random linear
//! combination of all leaves for each round.

use super::block::{Block, from_bytes, to_bytes};
use super::ggm::Grower;
use super::lpn::{self, Set};
use super::softspoken;
use crate::link::{Halt, Link};
use crate::random::Seed;
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

/// Base transfers of a tree that the first transfers are extended from. Decision 6.
pub const K: usize = 8;

/// Trees that grow interleaved, but the last ones of a set: their leaves stay in the second-level cache.
const GROUP: usize = 8;

/// What the sender sends in a round.
#[must_use]
pub const fn message_bytes(set: &Set) -> usize {
    16 * set.levels()
}

/// A party's part.
pub trait Party: Send {
    /// Transfers of the first extension, a multiple of [`softspoken::ROWS`].
    ///
    /// # Errors
    /// [`Halt`].
    fn base(&mut self, link: &mut Link, blocks: &mut [Block]) -> Result<(), Halt>;

    /// Transfers whose choices are 0 but in one place in each tree, from `set.levels()` transfers with random choices.
    ///
    /// # Errors
    /// [`Halt`].
    fn noise(&mut self, link: &mut Link, set: &Set, levels: &[Block], outputs: &mut [Block]) -> Result<(), Halt>;
}

/// The sender.
#[derive(Debug)]
pub struct Sender {
    first: softspoken::Sender<K>,
    delta: Block,
    roots: ChaCha20Rng,
    grower: Grower,
}

impl Sender {
    /// From the leaves that are punctured at `delta`, and a seed of its own for the trees of each round.
    #[must_use]
    pub fn new(delta: Block, leaves: &[Seed], own: &Seed) -> Self {
        Self { first: softspoken::Sender::new(delta, leaves), delta, roots: own.stream(), grower: Grower::default() }
    }
}

impl Party for Sender {
    fn base(&mut self, link: &mut Link, blocks: &mut [Block]) -> Result<(), Halt> {
        self.first.extend(link, blocks)
    }

    /// Sends `q ^ sum` of the left nodes for each level of each tree.
    fn noise(&mut self, link: &mut Link, set: &Set, levels: &[Block], outputs: &mut [Block]) -> Result<(), Halt> {
        let mut sums = vec![0; set.levels()];
        for (outputs, sums) in groups(set, outputs).zip(sums.chunks_mut(GROUP * set.depth)) {
            let mut roots = [0; GROUP];
            self.roots.fill_bytes(bytemuck::cast_slice_mut(&mut roots));
            self.grower.grow(self.delta, &roots[..sums.len() / set.depth], outputs, sums);
        }
        for (sum, q) in sums.iter_mut().zip(levels) {
            *sum ^= q;
        }
        link.send(to_bytes(&sums))
    }
}

/// The receiver.
#[derive(Debug)]
pub struct Receiver {
    first: softspoken::Receiver<K>,
    grower: Grower,
}

impl Receiver {
    /// From all leaves.
    #[must_use]
    pub fn new(leaves: &[Seed]) -> Self {
        Self { first: softspoken::Receiver::new(leaves), grower: Grower::default() }
    }
}

impl Party for Receiver {
    fn base(&mut self, link: &mut Link, blocks: &mut [Block]) -> Result<(), Halt> {
        self.first.extend(link, blocks)
    }

    /// With `t = q ^ b * delta`, the message is the sum of the nodes on side `b`.
    fn noise(&mut self, link: &mut Link, set: &Set, levels: &[Block], outputs: &mut [Block]) -> Result<(), Halt> {
        let message = link.receive(message_bytes(set))?;
        let sums: Vec<Block> = from_bytes(&message).zip(levels).map(|(sent, t)| sent ^ t).collect();
        let sides: Vec<usize> = levels.iter().map(|t| usize::from(t & 1 == 1)).collect();
        let group = GROUP * set.depth;
        for ((outputs, sums), sides) in groups(set, outputs).zip(sums.chunks(group)).zip(sides.chunks(group)) {
            self.grower.grow_punctured(sides, sums, sums.len() / set.depth, outputs);
        }
        Ok(())
    }
}

/// The leaves of each group of trees.
fn groups<'a>(set: &Set, outputs: &'a mut [Block]) -> impl Iterator<Item = &'a mut [Block]> {
    outputs.chunks_mut(GROUP << set.depth)
}

/// Round after round.
#[derive(Debug)]
pub struct Rounds {
    later: Set,
    code: Block,
    round: u64,
    reserve: Vec<Block>,
}

impl Rounds {
    /// A first round of [`lpn::SMALL`], later ones of this set; the public key of their codes.
    #[must_use]
    pub fn new(later: Set, code: Block) -> Self {
        Self { later, code, round: 0, reserve: Vec::new() }
    }

    /// What a round leaves over for use: the first or a later one.
    #[must_use]
    pub const fn yields(later: &Set, first: bool) -> usize {
        if first { lpn::SMALL.n() - later.needed() } else { later.n() - later.needed() }
    }

    /// A round: `A * inputs + noise`. Replaces `batch`.
    ///
    /// # Errors
    /// [`Halt`].
    pub fn next(&mut self, party: &mut impl Party, link: &mut Link, batch: &mut Vec<Block>) -> Result<(), Halt> {
        let set = if self.round == 0 { lpn::SMALL } else { self.later };
        if self.round == 0 {
            self.reserve = vec![0; set.needed().next_multiple_of(softspoken::ROWS)];
            party.base(link, &mut self.reserve)?;
        }
        let (inputs, levels) = self.reserve[..set.needed()].split_at(set.k());
        batch.resize(set.n(), 0);
        party.noise(link, &set, levels, batch)?;
        lpn::add_code(self.code, self.round, inputs, batch);
        self.round += 1;
        self.reserve = batch.split_off(batch.len() - self.later.needed());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Network;
    use crate::ot::testing::{DELTA, assert_correlated, both, trees};

    fn rounds(party: &mut impl Party, link: &mut Link, later: Set) -> Vec<Vec<Block>> {
        let mut rounds = Rounds::new(later, 3);
        let round = |first| {
            let mut batch = vec![7; 3];
            rounds.next(party, link, &mut batch).unwrap();
            assert_eq!(batch.len(), Rounds::yields(&later, first));
            batch
        };
        [true, false, false].map(round).into()
    }

    #[test]
    fn every_round_is_correlated_and_no_block_comes_twice() {
        for later in [lpn::SMALL, lpn::MAIN] {
            let (punctured, leaves) = trees(DELTA, K);
            let sender =
                |link: &mut Link| rounds(&mut Sender::new(DELTA, &punctured, &Seed([1; 32])), link, later).concat();
            let receiver = |link: &mut Link| rounds(&mut Receiver::new(&leaves), link, later).concat();
            let (mut q, t) = both(sender, receiver);
            assert_correlated(DELTA, &q, &t);
            let count = q.len();
            q.sort_unstable();
            q.dedup();
            assert_eq!(q.len(), count);
        }
    }

    #[test]
    fn noise_is_one_error_in_each_tree() {
        let set = lpn::SMALL;
        let mut choices = Seed([8; 32]).stream();
        let q: Vec<Block> = (0..set.levels() as Block).map(|i| i << 1).collect();
        let t: Vec<Block> = q.iter().map(|q| q ^ (DELTA * Block::from(choices.next_u64() & 1))).collect();
        let (punctured, leaves) = trees(DELTA, K);
        let (sender, receiver) = both(
            |link| {
                let mut outputs = vec![0; set.n()];
                Sender::new(DELTA, &punctured, &Seed([1; 32])).noise(link, &set, &q, &mut outputs).unwrap();
                outputs
            },
            |link| {
                let mut outputs = vec![0; set.n()];
                Receiver::new(&leaves).noise(link, &set, &t, &mut outputs).unwrap();
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
        let set = lpn::SMALL;
        let (mut client, mut server) = Link::pair(Network::LAN);
        let mut receiver = Receiver::new(&trees(DELTA, K).1);
        client.send(vec![0xa5; message_bytes(&set) + 1]).unwrap();
        client.send(vec![0xa5; message_bytes(&set)]).unwrap();
        let (levels, mut outputs) = (vec![3; set.levels()], vec![0; set.n()]);
        let halt = receiver.noise(&mut server, &set, &levels, &mut outputs).unwrap_err();
        assert!(matches!(halt, Halt::Malformed { .. }));
        assert_eq!(receiver.noise(&mut server, &set, &levels, &mut outputs), Ok(()));
    }
}
