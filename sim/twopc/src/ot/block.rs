//! Blocks of 128 bits, and AES-128 on many of them at once.

use crate::random::Seed;
use aes::Aes128Enc;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};

/// A block of 128 bits: a ciphertext, a node of a tree, or a correlated transfer, whose lowest bit carries the choice.
pub type Block = u128;

/// The most blocks that vector instructions encrypt side by side. A call with a multiple of so many blocks has no slow remainder.
pub const WIDE: usize = 64;

/// AES-128 under one key. The crate `aes` finds the widest vector instructions of the machine at run time.
pub struct Cipher(Aes128Enc);

impl Cipher {
    /// Makes the cipher under this key.
    #[must_use]
    pub fn new(key: Block) -> Self {
        Self(Aes128Enc::new(&key.to_le_bytes().into()))
    }

    /// Makes the cipher under the first half of a seed.
    #[must_use]
    pub fn of(seed: &Seed) -> Self {
        Self::new(halves(seed)[0])
    }

    /// Encrypts every block in place.
    pub fn encrypt(&self, blocks: &mut [Block]) {
        let bytes: &mut [[u8; 16]] = bytemuck::cast_slice_mut(blocks);
        self.0.encrypt_blocks(Array::cast_slice_from_core_mut(bytes));
    }

    /// Fills `blocks` with the key stream of counter mode, from this counter on.
    pub fn key_stream(&self, mut counter: Block, blocks: &mut [Block]) {
        for block in &mut *blocks {
            *block = counter;
            counter = counter.wrapping_add(1);
        }
        self.encrypt(blocks);
    }
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cipher(..)")
    }
}

/// The lower half of a block.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "the upper half is cut off")]
pub const fn low(block: Block) -> u64 {
    block as u64
}

/// The two halves of a seed as blocks, the first half first.
#[must_use]
pub fn halves(seed: &Seed) -> [Block; 2] {
    let whole = |half: usize| {
        seed.0[16 * half..16 * (half + 1)].iter().rev().fold(0, |block, &byte| block << 8 | Block::from(byte))
    };
    [whole(0), whole(1)]
}

/// The bytes in which blocks are sent.
#[must_use]
pub fn to_bytes(blocks: &[Block]) -> Vec<u8> {
    blocks.iter().flat_map(|block| block.to_le_bytes()).collect()
}

/// The blocks that these bytes were sent for.
pub fn from_bytes(bytes: &[u8]) -> impl Iterator<Item = Block> {
    let (blocks, _) = bytes.as_chunks::<16>();
    blocks.iter().map(|&bytes| Block::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encryption_is_that_of_fips_197() {
        // FIPS 197, appendix C.1: key 000102..0f, plaintext 00112233..ff.
        let cipher = Cipher::new(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100);
        let plaintext = 0xffee_ddcc_bbaa_9988_7766_5544_3322_1100_u128;
        // Long enough for every vector width, and a rest.
        let mut blocks = [plaintext; 2 * WIDE + 3];
        cipher.encrypt(&mut blocks);
        assert!(blocks.iter().all(|&block| block.swap_bytes() == 0x69c4_e0d8_6a7b_0430_d8cd_b780_70b4_c55a));
    }

    #[test]
    fn bytes_come_back_and_a_seed_is_its_two_halves() {
        let blocks = [1, Block::MAX / 3, Block::MAX];
        assert_eq!(from_bytes(&to_bytes(&blocks)).collect::<Vec<_>>(), blocks);
        let seed = Seed::child(&Seed([1; 32]), "bytes");
        assert_eq!(to_bytes(&halves(&seed)), seed.0);
    }

    #[test]
    fn a_key_stream_goes_on_where_it_stopped() {
        let (cipher, mut whole) = (Cipher::of(&Seed([7; 32])), [0; 10]);
        cipher.key_stream(5, &mut whole);
        let mut rest = [0; 7];
        cipher.key_stream(8, &mut rest);
        assert_eq!(whole[3..], rest);
    }
}
