//! From wire labels to pads: a tweakable hash that stays random when its inputs are correlated and its outputs enter new labels.
//!
//! Guo, Katz, Wang, Yu, "Efficient and Secure Multiparty Computation from Fixed-Key Block Ciphers" (S&P 2020), section 7.4: TMMO,
//! `H(x, i) = pi(pi(x) ^ i) ^ pi(x)` for a fixed permutation pi. It is tweakable circular correlation robust if pi is ideal, which is more
//! than the circular correlation robustness for naturally derived keys that half gates need (Zahur, Rosulek, Evans, EUROCRYPT 2015, definition 1).
//! Hashes with one call of pi suffice for one circuit, but lose security with the number of gates
//! (Guo, Katz, Wang, Weng, Yu, "Better Concrete Security for Half-Gates Garbling", CRYPTO 2020), and a layer has millions.
//!
//! Invariant: no tweak is used twice under one free-XOR offset, except for the two labels of one wire.

use crate::ot::block::{Block, Cipher};
use pulp::Arch;

/// The public key of the fixed permutation: "fusion-gc-tmmo-1" in ASCII.
const KEY: [u8; 16] = *b"fusion-gc-tmmo-1";

/// The elements for which a gate is computed together: an AND gate is at least 128 blocks, which fill the widest vector instructions.
pub const LANES: usize = 64;

/// A wire's labels, one for each lane.
pub type Lanes = [Block; LANES];

/// The tweakable hash of so many wires' labels together.
pub struct Hash<const WIRES: usize> {
    cipher: Cipher,
    /// `pi(x)` and `pi(pi(x) ^ i)`, whose sum is the hash.
    parts: [[Lanes; WIRES]; 2],
}

impl<const WIRES: usize> Default for Hash<WIRES> {
    fn default() -> Self {
        Self { cipher: Cipher::new(Block::from_le_bytes(KEY)), parts: [[[0; LANES]; WIRES]; 2] }
    }
}

impl<const WIRES: usize> Hash<WIRES> {
    /// Hashes the labels that `fill` writes. Lane `i` of wire `w` has the tweak `tweaks[w] + i`. The hashes are the sums of the two blocks
    /// of each lane.
    pub fn hash(&mut self, tweaks: [u64; WIRES], fill: impl FnOnce(&mut [Lanes; WIRES])) -> &[[Lanes; WIRES]; 2] {
        let [once, twice] = &mut self.parts;
        fill(once);
        self.cipher.encrypt(once.as_flattened_mut());
        Arch::new().dispatch(
            #[inline(always)]
            || add_tweaks(tweaks, once, twice),
        );
        self.cipher.encrypt(twice.as_flattened_mut());
        &self.parts
    }
}

impl<const WIRES: usize> std::fmt::Debug for Hash<WIRES> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hash<{WIRES}>(..)")
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn add_tweaks<const WIRES: usize>(tweaks: [u64; WIRES], once: &[Lanes; WIRES], twice: &mut [Lanes; WIRES]) {
    for wire in 0..WIRES {
        for i in 0..LANES {
            twice[wire][i] = once[wire][i] ^ Block::from(tweaks[wire].wrapping_add(i as u64));
        }
    }
}
