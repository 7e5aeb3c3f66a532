//! What the tests of several files need.

use super::base::TRANSFERS;
use super::block::Block;
use super::puncture;
use crate::random::Seed;
use crate::wire::clock::LinkSpeed;
use crate::wire::link::Link;
use zeroize::Zeroizing;

/// A correlation.
pub const DELTA: Block = 0xdead_beef_0123_4567_89ab_cdef_fedc_ba9b;

/// Base transfers as they come out of [`super::base`]: the seeds that `delta` chooses, and both.
pub fn base(delta: Block) -> (Vec<Seed>, Vec<[Seed; 2]>) {
    let pair = |number| [0_u64, 1].map(|side| Seed([5; 32]).child(&format!("base {number} {side}")));
    let pairs: Vec<[Seed; 2]> = (0..TRANSFERS as u64).map(pair).collect();
    let chosen = pairs.iter().enumerate().map(|(j, pair)| pair[(delta >> (j + 1) & 1) as usize]);
    (chosen.collect(), pairs)
}

/// Leaves of trees that are punctured at `delta`, and all leaves.
pub fn trees(delta: Block, K: usize) -> (Zeroizing<Vec<Seed>>, Zeroizing<Vec<Seed>>) {
    let (known, pairs) = base(!delta);
    let (leaves, message) = puncture::grow(K, &pairs);
    (puncture::puncture(K, delta, &known, &message), leaves)
}

/// Runs both parties on a link; the client's and the server's outcomes.
pub fn both<C: Send, S>(client: impl FnOnce(&mut Link) -> C + Send, server: impl FnOnce(&mut Link) -> S) -> (C, S) {
    let (mut left, mut right) = Link::pair(LinkSpeed::LAN);
    std::thread::scope(|scope| {
        let client = scope.spawn(move || client(&mut left));
        let server = server(&mut right);
        (client.join().unwrap(), server)
    })
}

/// That the blocks are correlated, and about half of the choices are 1.
pub fn assert_correlated(delta: Block, q: &[Block], t: &[Block]) {
    assert_eq!(q.len(), t.len());
    for (i, (q, t)) in q.iter().zip(t).enumerate() {
        assert_eq!(q & 1, 0);
        assert_eq!(q ^ t, (t & 1) * delta, "transfer {i}");
    }
    assert_balanced(t.iter().filter(|&&t| t & 1 == 1).count(), t.len());
}

/// That no block comes twice.
pub fn assert_distinct(mut blocks: Vec<Block>) {
    let count = blocks.len();
    blocks.sort_unstable();
    blocks.dedup();
    assert_eq!(blocks.len(), count);
}

/// That so many fair coins show so many heads. False alarm at most 1e-9: by Hoeffding, `2 exp(-2 * 43 / 4)`.
pub fn assert_balanced(ones: usize, count: usize) {
    assert!(count.abs_diff(2 * ones).pow(2) <= 43 * count, "{ones} of {count}");
}
