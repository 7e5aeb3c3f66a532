//! Trees of seeds from base transfers: one party has all leaves, the other lacks the one at its choices.
//!
//! The punctured pseudo-random function of Goldreich, Goldwasser and Micali as in Boyle, Couteau, Gilboa, Ishai, Kohl, Scholl,
//! "Efficient Two-Round OT Extension and Silent Non-Interactive Secure Computation" (CCS 2019), set up once for
//! [`super::softspoken`]. A tree of depth `K` for each `K` base transfers, in their order, a smaller one for the rest: level `i` takes bit
//! `i` of a leaf's number. Its first two nodes are the first transfer's seeds themselves. For every later level the owner sends the
//! sums of the nodes on either side, each masked by a seed of that level's transfer; with the one it unmasks, the other party
//! finds the sibling of the path's node.
//!
//! An owner that deviates may send sums that belong to no tree, so that the other party's leaves depend on its choices. With [`Checks::Active`] the owner
//! proves that they do not, by the check of Boyle et al. (CCS 2019), which Roy (CRYPTO 2022, `SoftSpokenOT`) uses for these trees: each leaf is
//! hashed once more, and the owner sends the sum of these hashes in each tree, from which the other party finds that of its missing leaf, and one hash of all.
//! An owner that is accepted has leaves that are the other party's, unless it finds two that collide in a hash of 256 bits; or it has guessed some of the other
//! party's bits, `r` of them with probability `2^-r`.

use super::base::TRANSFERS;
use super::block::Block;
use super::check::Checks;
use crate::bits::same;
use crate::random::Seed;
use zeroize::Zeroizing;

const SEED_BYTES: usize = 32;

/// The bytes that the owner sends for all trees.
#[must_use]
pub const fn message_bytes(K: usize, checks: Checks) -> usize {
    let trees = TRANSFERS.div_ceil(K);
    let proof = if checks.is_active() { SEED_BYTES * (trees + 1) } else { 0 };
    2 * SEED_BYTES * (TRANSFERS - trees) + proof
}

/// Computes the owner's part from both seeds of each base transfer: the leaves of all trees, and the message.
#[must_use]
pub fn grow(K: usize, pairs: &[[Seed; 2]]) -> (Zeroizing<Vec<Seed>>, Vec<u8>) {
    let mut leaves = Zeroizing::new(Vec::with_capacity(leaves_of(K)));
    let mut message = Vec::with_capacity(message_bytes(K, Checks::Active));
    for pairs in pairs.chunks(K) {
        let mut nodes = Zeroizing::new(Vec::with_capacity(2));
        for (level, pair) in pairs.iter().enumerate() {
            if level == 0 {
                nodes.extend(pair);
                continue;
            }
            let sides = children(&nodes);
            for (nodes, mask) in sides.iter().zip(pair) {
                message.extend_from_slice(&nodes.iter().fold(*mask, add).0);
            }
            nodes = Zeroizing::new(sides.concat());
        }
        leaves.extend_from_slice(&nodes);
    }
    (leaves, message)
}

/// Computes the other party's leaves from the message, and from the seeds of the sides that the bits of `delta`, but for the lowest, do not
/// name. No branch and no address depends on `delta`. Leaf `y` of a tree is the owner's leaf `y ^ d`, where `d` are the tree's bits of `delta`. Leaf 0 is missing, and is zeros.
///
/// # Panics
/// If the message is shorter than [`message_bytes`] without checks.
#[must_use]
#[expect(clippy::expect_used, reason = "a link delivers as many bytes as were asked for")]
pub fn puncture(K: usize, delta: Block, seeds: &[Seed], message: &[u8]) -> Zeroizing<Vec<Seed>> {
    let (sums, _) = message.as_chunks::<SEED_BYTES>();
    let mut sums = sums.as_chunks::<2>().0.iter();
    let mut leaves = Zeroizing::new(Vec::with_capacity(leaves_of(K)));
    for (tree, seeds) in seeds.chunks(K).enumerate() {
        let bits = delta >> (1 + tree * K);
        let (mut nodes, mut path) = (Zeroizing::new(vec![MISSING]), 0);
        for (level, seed) in seeds.iter().enumerate() {
            let bit = (bits >> level) as u64 & 1;
            // Of the first level, the seed is the node; of the others it masks a sum.
            let masked = if level == 0 { [[0; SEED_BYTES]; 2] } else { *sums.next().expect("sums of every level") };
            let mut sides = children(&nodes);
            let on_path: Vec<u64> = (0..nodes.len() as u64).map(|at| same(at, path)).collect();
            for ((nodes, masked), side) in sides.iter_mut().zip(masked).zip(0..) {
                nodes.iter_mut().zip(&on_path).for_each(|(node, here)| *node = only(!here, node));
                let sibling = only(!same(side, bit), &nodes.iter().fold(add(Seed(masked), seed), add));
                nodes.iter_mut().zip(&on_path).for_each(|(node, here)| *node = add(*node, &only(*here, &sibling)));
            }
            path += bit << level;
            nodes = Zeroizing::new(sides.concat());
        }
        renumber(&mut nodes, path as usize);
        leaves.extend_from_slice(&nodes);
    }
    leaves
}

/// Gives node `y ^ by` the number `y`; no address depends on `by`.
fn renumber(nodes: &mut [Seed], by: usize) {
    for level in 0..nodes.len().ilog2() {
        let swapped = (by as u64 >> level & 1).wrapping_neg();
        for pairs in nodes.chunks_exact_mut(2 << level) {
            let (lower, upper) = pairs.split_at_mut(1 << level);
            for (lower, upper) in lower.iter_mut().zip(upper) {
                let difference = only(swapped, &add(*lower, upper));
                (*lower, *upper) = (add(*lower, &difference), add(*upper, &difference));
            }
        }
    }
}

/// The seed where the mask is all ones, zeros where it is 0.
fn only(mask: u64, seed: &Seed) -> Seed {
    Seed(seed.0.map(|byte| byte & mask as u8))
}

/// Computes the owner's proof from the leaves of all trees: a sum for each tree, and a hash.
#[must_use]
pub fn proof(K: usize, leaves: &[Seed]) -> Vec<u8> {
    let hashes: Vec<Seed> = leaves.iter().map(check).collect();
    let sums = hashes.chunks(1 << K).map(|tree| tree.iter().fold(MISSING, add));
    sums.chain([of_all(&hashes)]).flat_map(|sum| sum.0).collect()
}

/// Whether the other party's leaves, as [`puncture`] has them for these choices, are those that the owner has proved.
#[must_use]
pub fn is_proved(K: usize, delta: Block, punctured: &[Seed], proof: &[u8]) -> bool {
    let (proof, _) = proof.as_chunks::<SEED_BYTES>();
    let Some((all, sums)) = proof.split_last() else { return false };
    let mut hashes = Vec::with_capacity(punctured.len());
    for ((tree, leaves), sum) in punctured.chunks(1 << K).enumerate().zip(sums) {
        let missing = (delta >> (1 + tree * K)) as usize & (leaves.len() - 1);
        let mut own: Vec<Seed> = leaves.iter().map(check).collect();
        own[0] = own[1..].iter().fold(Seed(*sum), add);
        renumber(&mut own, missing);
        hashes.extend(own);
    }
    of_all(&hashes) == Seed(*all)
}

/// What of a leaf is compared: it tells nothing of the seeds of sessions.
fn check(leaf: &Seed) -> Seed {
    leaf.child("check")
}

/// One hash of all.
fn of_all(hashes: &[Seed]) -> Seed {
    let mut hasher = blake3::Hasher::new_derive_key("fusion-2pc leaves of trees 1");
    for hash in hashes {
        hasher.update(&hash.0);
    }
    Seed(*hasher.finalize().as_bytes())
}

/// In place of a node that is not known.
const MISSING: Seed = Seed([0; SEED_BYTES]);

/// The nodes of the next level, left and right.
fn children(nodes: &[Seed]) -> Zeroizing<[Vec<Seed>; 2]> {
    Zeroizing::new(["left", "right"].map(|side| nodes.iter().map(|node| node.child(side)).collect()))
}

/// The number of leaves of all trees, or a little more: a vector that grows would leave some behind.
const fn leaves_of(K: usize) -> usize {
    TRANSFERS.div_ceil(K) << K
}

fn add(a: Seed, b: &Seed) -> Seed {
    Seed(std::array::from_fn(|i| a.0[i] ^ b.0[i]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ot::testing::{DELTA, base};

    #[test]
    fn all_leaves_agree_but_the_missing_one() {
        for K in [1, 2, 5, 8, 10] {
            let (known, pairs) = base(!DELTA);
            let (leaves, message) = grow(K, &pairs);
            assert_eq!(message.len(), message_bytes(K, Checks::None));
            let punctured = puncture(K, DELTA, &known, &message);
            assert_eq!(punctured.len(), leaves.len());
            for (tree, (leaves, punctured)) in leaves.chunks(1 << K).zip(punctured.chunks(1 << K)).enumerate() {
                assert_eq!(leaves.len(), 1 << K.min(TRANSFERS - tree * K), "the last tree may be smaller");
                let missing = (DELTA >> (1 + tree * K)) as usize % leaves.len();
                assert!(punctured[0] == MISSING);
                assert!((1..leaves.len()).all(|y| punctured[y] == leaves[y ^ missing]));
            }
            let mut all: Vec<[u8; 32]> = leaves.iter().map(|leaf| leaf.0).collect();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), leaves.len());
        }
    }

    #[test]
    fn over_two_elements_the_leaves_are_the_base_seeds() {
        let (known, pairs) = base(!DELTA);
        assert!(grow(1, &pairs) == (pairs.concat().into(), vec![]));
        assert!(puncture(1, DELTA, &known, &[]).chunks(2).zip(known).all(|(leaves, known)| leaves[1] == known));
    }

    #[test]
    fn a_garbage_message_gives_garbage_leaves() {
        let known = base(!DELTA).0;
        assert_eq!(puncture(8, DELTA, &known, &vec![0x77; message_bytes(8, Checks::None)]).len(), 15 * 256 + 128);
    }

    /// An owner that changes the sum of one side of a level is noticed where the other party needs it: it learns one bit of `delta` for a stop in every second case.
    #[test]
    fn a_wrong_sum_is_noticed_where_it_is_used() {
        const K: usize = 8;
        let (known, pairs) = base(!DELTA);
        let (leaves, message) = grow(K, &pairs);
        let proof = proof(K, &leaves);
        assert_eq!(message.len() + proof.len(), message_bytes(K, Checks::Active));
        let proved = |message: &[u8], proof: &[u8]| is_proved(K, DELTA, &puncture(K, DELTA, &known, message), proof);
        assert!(proved(&message, &proof));
        let later = (0..TRANSFERS).filter(|transfer| transfer % K > 0);
        for (level, transfer) in later.enumerate() {
            for side in 0..2 {
                let mut bent = message.clone();
                bent[(2 * level + side) * SEED_BYTES + 3] ^= 8;
                let used = 1 - (DELTA >> (1 + transfer) & 1) as usize;
                assert_eq!(proved(&bent, &proof), side != used, "transfer {transfer}, side {side}");
            }
        }
        for at in (0..proof.len()).step_by(31) {
            let mut bent = proof.clone();
            bent[at] ^= 1;
            assert!(!proved(&message, &bent), "byte {at} of the proof");
        }
    }
}
