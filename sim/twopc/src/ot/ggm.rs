//! Trees of blocks in which every level sums to the correlation: half-trees.
//!
//! Guo, Yang, Wang, Zhang, Xie, Liu, Zhao, "Half-Tree: Halving the Cost of Tree Expansion in COT and DPF" (EUROCRYPT 2023), figure 3 (correlated
//! GGM) and the single-point COT made of it. A node `x` has the children `H(x)` and `x ^ H(x)` for the circular correlation robust
//! `H(x) = pi(sigma(x)) ^ sigma(x)`: one permutation for two children. The sender gives one block for each level.
//!
//! Several trees grow interleaved, so that all levels but the first have work for wide vectors: node `x` of tree `i` of `g` trees is at
//! `x * g + i`, and its children are the nodes `x` and `x + 2^level` of the next level. Leaves are thus in the order of their
//! bit-reversed paths, which is as good as any where the leaves are rows of a random code.

use super::block::{Block, Cipher, WIDE};
use pulp::Arch;

/// The public key of the fixed permutation: "fusion-ot-tree-1" in ASCII.
const KEY: [u8; 16] = *b"fusion-ot-tree-1";

/// Nodes of each tree that grow together: two kilobytes of children a tree.
const PASS: usize = WIDE;

/// What a leaf keeps: its lowest bit makes room for the choice.
const LEAF: Block = !1;

/// Trees of one depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trees {
    /// The number of trees.
    pub count: usize,
    /// The binary logarithm of the number of a tree's leaves.
    pub depth: usize,
}

impl Trees {
    /// The number of levels of all trees, and so of the transfers that they use up.
    #[must_use]
    pub const fn levels(self) -> usize {
        self.count * self.depth
    }

    /// The number of leaves of all trees.
    #[must_use]
    pub const fn leaves(self) -> usize {
        self.count << self.depth
    }
}

/// A grower of trees.
#[derive(Debug)]
pub struct Grower(Cipher);

impl Default for Grower {
    fn default() -> Self {
        Self(Cipher::new(Block::from_le_bytes(KEY)))
    }
}

impl Grower {
    /// Grows the trees of the sender from `roots`: the leaves of all trees, and the sums of the left nodes of each level, level by level and in
    /// each level tree by tree. The lowest bit of a leaf is 0.
    pub fn grow(&self, delta: Block, roots: &[Block], leaves: &mut [Block], sums: &mut [Block]) {
        let trees = roots.len();
        let last = sums.len() / trees - 1;
        leaves[..trees].copy_from_slice(roots);
        for (right, root) in leaves[trees..].iter_mut().zip(roots) {
            *right = root ^ delta;
        }
        for (level, sums) in sums.chunks_exact_mut(trees).enumerate() {
            if level == 0 {
                sums.copy_from_slice(roots);
            } else {
                self.level(keep(level == last), &mut leaves[..trees << (level + 1)], sums);
            }
        }
    }

    /// Grows the trees of the receiver: all leaves but one of each tree, where it gets the leaf plus the correlation. `side_sums` are the sums of
    /// the nodes on the sides that `sides` name, in the order of [`grow`](Self::grow); the path to the missing leaf takes the other sides.
    /// The lowest bit of a leaf is 0, and 1 in place of the missing one.
    pub fn grow_punctured(&self, sides: &[usize], side_sums: &[Block], trees: usize, leaves: &mut [Block]) {
        let last = side_sums.len() / trees - 1;
        // Of each tree: the node on the path, whose block is garbage, and the sum of all nodes.
        let (mut path, mut totals) = (vec![0; trees], vec![0; trees]);
        let mut sums = vec![0; trees];
        let levels = side_sums.chunks_exact(trees).zip(sides.chunks_exact(trees)).enumerate();
        for (level, (side_sums, sides)) in levels {
            let nodes = &mut leaves[..trees << (level + 1)];
            let keep = keep(level == last);
            if level == 0 {
                nodes.fill(0);
            } else {
                self.level(keep, nodes, &mut sums);
            }
            for tree in 0..trees {
                let half = 1 << level;
                let sibling = &mut nodes[(path[tree] + sides[tree] * half) * trees + tree];
                let side_sum = if sides[tree] == 0 { sums[tree] } else { totals[tree] ^ sums[tree] };
                // What is wrong with the sum is wrong with the one node that grew from garbage.
                let error = side_sums[tree] ^ side_sum;
                *sibling = (*sibling ^ error) & keep;
                totals[tree] ^= error;
                path[tree] += (1 - sides[tree]) * half;
            }
        }
        for tree in 0..trees {
            let missing = &mut leaves[path[tree] * trees + tree];
            *missing = (*missing ^ totals[tree]) | 1;
        }
    }

    /// The next level, from the nodes in the first half to both halves; `sums` of the left ones in each tree.
    fn level(&self, keep: Block, nodes: &mut [Block], sums: &mut [Block]) {
        let trees = sums.len();
        sums.fill(0);
        let (left, right) = nodes.split_at_mut(nodes.len() / 2);
        for (left, right) in left.chunks_mut(PASS * trees).zip(right.chunks_mut(PASS * trees)) {
            Arch::new().dispatch(
                #[inline(always)]
                || to_encrypt(left, right),
            );
            self.0.encrypt(left);
            Arch::new().dispatch(
                #[inline(always)]
                || children(keep, left, right, sums),
            );
        }
    }
}

/// From `x` on the left to `sigma(x)` there and `x` on the right.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn to_encrypt(left: &mut [Block], right: &mut [Block]) {
    let halves: (&mut [u64], &mut [u64]) = (bytemuck::cast_slice_mut(left), bytemuck::cast_slice_mut(right));
    for (left, right) in halves.0.iter_mut().zip(halves.1) {
        *right = *left;
        *left = sigma(*left);
    }
}

/// From `pi(sigma(x))` and `x` to the children, and the left ones added to the sums.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn children(keep: Block, left: &mut [Block], right: &mut [Block], sums: &mut [Block]) {
    let keep: [u64; 2] = bytemuck::cast(keep);
    let halves: (&mut [[u64; 2]], &mut [[u64; 2]]) = (bytemuck::cast_slice_mut(left), bytemuck::cast_slice_mut(right));
    for (left, right) in halves.0.iter_mut().zip(halves.1) {
        for ((left, right), keep) in left.iter_mut().zip(right).zip(keep) {
            let hash = *left ^ sigma(*right);
            *left = hash & keep;
            *right = (*right ^ hash) & keep;
        }
    }
    let width = 2 * sums.len();
    let sums: &mut [u64] = bytemuck::cast_slice_mut(sums);
    for row in bytemuck::cast_slice::<Block, u64>(left).chunks_exact(width) {
        for (sum, node) in sums.iter_mut().zip(row) {
            *sum ^= node;
        }
    }
}

/// The bits that nodes keep.
const fn keep(leaves: bool) -> Block {
    if leaves { LEAF } else { Block::MAX }
}

/// A linear orthomorphism on each half of a block: `(high, low)` to `(high ^ low, high)`. It and its sum with the identity are
/// permutations, which is all that the proof wants of it.
const fn sigma(x: u64) -> u64 {
    (x ^ x << 32) & (u64::MAX << 32) | x >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ot::block::low;
    use crate::ot::testing::DELTA;
    use crate::random::Seed;
    use rand_core::Rng;

    const DEPTH: usize = 7;
    const TREES: usize = 3;

    /// The figure, one tree at a time, children side by side.
    fn naive(root: Block) -> Vec<Block> {
        let pi = Cipher::new(Block::from_le_bytes(KEY));
        let mut level = vec![root, root ^ DELTA];
        for _ in 1..DEPTH {
            let children = |&x: &Block| {
                let sigma = Block::from(sigma(low(x >> 64))) << 64 | Block::from(sigma(low(x)));
                let mut hash = [sigma];
                pi.encrypt(&mut hash);
                let hash = hash[0] ^ sigma;
                [hash, x ^ hash]
            };
            level = level.iter().flat_map(children).collect();
        }
        level
    }

    /// Where a leaf with this path from the root is.
    fn place(leaf: usize, tree: usize) -> usize {
        let reversed: usize = (0..DEPTH).map(|bit| (leaf >> bit & 1) << (DEPTH - 1 - bit)).sum();
        reversed * TREES + tree
    }

    #[test]
    fn sigma_and_its_sum_with_the_identity_are_permutations() {
        // Linear maps with an inverse: of `(h, l)`, sigma makes `(h ^ l, h)`, and the sum with the identity `(l, h ^ l)`.
        for x in [0, 1, 1 << 32, u64::MAX, 0x0123_4567_89ab_cdef] {
            let (high, low) = (x >> 32, x & u64::from(u32::MAX));
            assert_eq!(sigma(x), (high ^ low) << 32 | high);
            assert_eq!(sigma(x) ^ x, low << 32 | (high ^ low));
        }
    }

    #[test]
    fn leaves_are_those_of_the_figure_and_the_receiver_lacks_one() {
        let mut rng = Seed([3; 32]).stream();
        let roots: [Block; TREES] =
            std::array::from_fn(|_| Block::from(rng.next_u64()) << 64 | Block::from(rng.next_u64()));
        let mut leaves = vec![0; TREES << DEPTH];
        let mut sums = vec![0; TREES * DEPTH];
        Grower::default().grow(DELTA, &roots, &mut leaves, &mut sums);
        for (tree, &root) in roots.iter().enumerate() {
            let expected = naive(root);
            assert_eq!(expected.iter().fold(0, |sum, leaf| sum ^ leaf), DELTA);
            for (leaf, block) in expected.iter().enumerate() {
                assert_eq!(leaves[place(leaf, tree)], block & LEAF);
            }
        }
        for missing in [0, 1, 77, (1 << DEPTH) - 1] {
            let missing = [missing, (missing + 50) % (1 << DEPTH), (1 << DEPTH) - 1 - missing];
            let sides: Vec<usize> =
                (0..DEPTH).flat_map(|level| missing.map(|leaf| 1 - (leaf >> (DEPTH - 1 - level) & 1))).collect();
            let side_sums: Vec<Block> =
                sums.iter().zip(&sides).map(|(sum, &side)| sum ^ (DELTA * side as Block)).collect();
            let mut punctured = vec![9; TREES << DEPTH];
            Grower::default().grow_punctured(&sides, &side_sums, TREES, &mut punctured);
            for (tree, &leaf) in missing.iter().enumerate() {
                punctured[place(leaf, tree)] ^= DELTA;
            }
            assert_eq!(punctured, leaves, "all but the missing leaves");
        }
    }
}
