//! From a correlated transfer to two independent pads: a tweakable hash that stays random under correlations.
//!
//! Guo, Katz, Wang, Yu, "Efficient and Secure Multiparty Computation from Fixed-Key Block Ciphers" (S&P 2020), section 7.4: TMMO,
//! `H(x, i) = pi(pi(x) ^ i) ^ pi(x)` for a fixed permutation pi. Re-keying for every batch (MITCCRH; Guo, Katz, Wang, Weng, Yu,
//! CRYPTO 2020) would save one of the two permutations and cost a key schedule for each batch of eight, which does not
//! vectorise: with a batched cipher, the fixed key is faster and the bound needs no count of batches.
//!
//! Invariant: no tweak is used for two transfers of one correlation, over all sessions of a set-up.

use super::block::{Block, Cipher, WIDE, low};
use pulp::Arch;

/// The public key of the fixed permutation: "fusion-ot-tmmo-1" in ASCII.
const KEY: [u8; 16] = *b"fusion-ot-tmmo-1";

/// Transfers hashed together.
const BATCH: usize = 4 * WIDE;

/// The tweakable hash.
#[derive(Debug)]
pub struct Hash(Cipher);

impl Default for Hash {
    fn default() -> Self {
        Self(Cipher::new(Block::from_le_bytes(KEY)))
    }
}

impl Hash {
    /// Replaces `x[i]` by `H(x[i], tweak + i mod BATCH)`, where only the lower half of the tweak counts.
    fn hash<const N: usize>(&self, tweak: Block, x: &mut [Block; N]) {
        self.0.encrypt(x);
        let once = *x;
        Arch::new().dispatch(
            #[inline(always)]
            || add_tweaks(tweak, x),
        );
        self.0.encrypt(x);
        Arch::new().dispatch(
            #[inline(always)]
            || add(bytemuck::cast_slice_mut(x), bytemuck::cast_slice(&once)),
        );
    }

    /// Computes the pads of the sender, 64 bits each of `H(q, i)` and `H(q ^ delta, i)`, with tweaks from `tweak` on.
    pub fn both(&self, delta: Block, tweak: Block, q: &[Block], pads: &mut [[u64; 2]]) {
        let mut x = [0; 2 * BATCH];
        for ((number, q), pads) in q.chunks(BATCH).enumerate().zip(pads.chunks_mut(BATCH)) {
            let (zeros, ones) = x.split_at_mut(BATCH);
            zeros[..q.len()].copy_from_slice(q);
            for (one, q) in ones.iter_mut().zip(q) {
                *one = q ^ delta;
            }
            self.hash(tweak.wrapping_add((number * BATCH) as Block), &mut x);
            let (zeros, ones) = x.split_at(BATCH);
            for ((pair, &zero), &one) in pads.iter_mut().zip(zeros).zip(ones) {
                *pair = [low(zero), low(one)];
            }
        }
    }

    /// Computes the pads of the receiver, 64 bits of `H(t, i)`, with tweaks from `tweak` on.
    pub fn chosen(&self, tweak: Block, t: &[Block], pads: &mut [u64]) {
        let mut x = [0; BATCH];
        for ((number, t), pads) in t.chunks(BATCH).enumerate().zip(pads.chunks_mut(BATCH)) {
            x[..t.len()].copy_from_slice(t);
            self.hash(tweak.wrapping_add((number * BATCH) as Block), &mut x);
            for (pad, &block) in pads.iter_mut().zip(&x) {
                *pad = low(block);
            }
        }
    }

    /// Computes pads of `length` blocks each, at least one: block `k` of the pad of `x[i]` is `H(x[i], tweak + i * stride + k)`.
    pub fn stretch(&self, tweak: Block, stride: usize, length: usize, x: &[Block], pads: &mut [Block]) {
        debug_assert_eq!(pads.len(), x.len() * length, "a pad for each block");
        let mut once = [0; BATCH];
        for ((number, x), pads) in x.chunks(BATCH).enumerate().zip(pads.chunks_mut(BATCH * length)) {
            let once = &mut once[..x.len()];
            once.copy_from_slice(x);
            self.0.encrypt(once);
            let tweaks = (number * BATCH..).map(|i| tweak.wrapping_add((i * stride) as Block));
            for ((pad, once), tweak) in pads.chunks_exact_mut(length).zip(&*once).zip(tweaks) {
                for (block, tweak) in pad.iter_mut().zip(tweak..) {
                    *block = once ^ tweak;
                }
            }
            self.0.encrypt(pads);
            for (pad, once) in pads.chunks_exact_mut(length).zip(&*once) {
                for block in pad {
                    *block ^= once;
                }
            }
        }
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn add_tweaks(tweak: Block, x: &mut [Block]) {
    let [first, above]: [u64; 2] = [low(tweak), low(tweak >> 64)];
    for batch in bytemuck::cast_slice_mut::<Block, [u64; 2]>(x).chunks_mut(BATCH) {
        for (i, [low, high]) in batch.iter_mut().enumerate() {
            *low ^= first.wrapping_add(i as u64);
            *high ^= above;
        }
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn add(sums: &mut [u64], terms: &[u64]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum ^= term;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes::Aes128Enc;
    use aes::cipher::{BlockCipherEncrypt, KeyInit};

    /// The formula, one block at a time.
    fn naive(x: Block, tweak: Block) -> u64 {
        let pi = |x: Block| {
            let mut block = x.to_le_bytes().into();
            Aes128Enc::new(&KEY.into()).encrypt_block(&mut block);
            Block::from_le_bytes(block.into())
        };
        low(pi(pi(x) ^ tweak) ^ pi(x))
    }

    #[test]
    fn pads_are_the_formula_at_every_length() {
        let delta = 0x1234_5678_9abc_def0_0fed_cba9_8765_4321;
        for count in [0, 1, BATCH - 1, BATCH, 2 * BATCH + 5] {
            let q: Vec<Block> = (0..count as Block).map(|i| i.wrapping_mul(Block::MAX / 7)).collect();
            let (tweak, mut pairs, mut pads) = ((5 << 64) + 1000, vec![[0; 2]; count], vec![0; count]);
            Hash::default().both(delta, tweak, &q, &mut pairs);
            Hash::default().chosen(tweak, &q, &mut pads);
            for (i, &q) in q.iter().enumerate() {
                let tweak = tweak + i as Block;
                assert_eq!(pairs[i], [naive(q, tweak), naive(q ^ delta, tweak)]);
                assert_eq!(pads[i], pairs[i][0]);
            }
        }
    }

    #[test]
    fn stretched_pads_are_the_formula_with_tweaks_of_their_own() {
        for (count, stride, length) in [(0, 1, 1), (BATCH + 3, 1, 1), (5, 7, 7), (BATCH + 1, 9, 4)] {
            let x: Vec<Block> = (0..count as Block).map(|i| i.wrapping_mul(Block::MAX / 7)).collect();
            let (tweak, mut pads) = ((5 << 64) + 1000, vec![0; count * length]);
            Hash::default().stretch(tweak, stride, length, &x, &mut pads);
            for (at, &pad) in pads.iter().enumerate() {
                let (i, k) = (at / length, at % length);
                assert_eq!(low(pad), naive(x[i], tweak + (i * stride + k) as Block));
            }
        }
    }

    #[test]
    fn the_key_and_the_order_of_bytes_stay() {
        // Made once with `naive` above: any change of it breaks parties of different versions.
        assert_eq!([naive(0, 0), naive(1, 2)], GOLDEN);
        let mut pads = [0];
        Hash::default().chosen(2, &[1], &mut pads);
        assert_eq!(pads[0], GOLDEN[1]);
    }

    const GOLDEN: [u64; 2] = [12_149_371_443_333_466_793, 16_450_987_940_657_781_228];
}
