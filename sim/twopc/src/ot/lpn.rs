//! Learning parity with noise: the code, and the sets of parameters.
//!
//! The generator matrix is a local linear code: each output is the sum of [`LOCALITY`] inputs at random places, as in Boyle,
//! Couteau, Gilboa, Ishai (CCS 2018) and Ferret. Places come from AES in counter mode under a public key, a fresh part of the stream in each
//! round; nothing of the matrix is stored. The reasons for the sets are in decision 6.

use super::block::{Block, Cipher, WIDE};

/// Inputs that an output adds up.
pub const LOCALITY: usize = 10;

/// The public key of the code: "fusion-ot-code-1" in ASCII.
const KEY: [u8; 16] = *b"fusion-ot-code-1";

/// Outputs whose places are drawn together: four places a block, five wide encryptions.
const BATCH: usize = 2 * WIDE;

/// Blocks that hold the places of a batch, 32 bits each.
const PLACES: usize = BATCH * LOCALITY / 4;

/// A set of parameters of regular noise: one error in each of `t` parts of `2^depth` outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set {
    /// Errors, hence trees.
    pub t: usize,
    /// Binary logarithm of the number of inputs.
    pub log_k: u32,
    /// Of the trees.
    pub depth: usize,
}

/// 870,400 outputs, to start from.
pub const SMALL: Set = Set { t: 850, log_k: 16, depth: 10 };

/// 2,396,160 outputs. Its inputs are 2 MiB: larger sets cost fewer bytes, but twice the time.
pub const MAIN: Set = Set { t: 1170, log_k: 17, depth: 11 };

impl Set {
    /// Inputs.
    #[must_use]
    pub const fn k(&self) -> usize {
        1 << self.log_k
    }

    /// Outputs.
    #[must_use]
    pub const fn n(&self) -> usize {
        self.t << self.depth
    }

    /// Transfers of the trees.
    #[must_use]
    pub const fn levels(&self) -> usize {
        self.t * self.depth
    }

    /// Correlated transfers that a round uses up.
    #[must_use]
    pub const fn needed(&self) -> usize {
        self.k() + self.levels()
    }
}

/// Adds to each output its inputs; the code of this round. The number of inputs is a power of two.
pub fn add_code(round: u64, inputs: &[Block], outputs: &mut [Block]) {
    let stream = Cipher::new(Block::from_le_bytes(KEY));
    let mut counter = Block::from(round) << 64;
    let mask = inputs.len() - 1;
    let mut places = [0; PLACES];
    for outputs in outputs.chunks_mut(BATCH) {
        stream.key_stream(counter, &mut places);
        counter += PLACES as Block;
        let (places, _) = bytemuck::cast_slice::<Block, u32>(&places).as_chunks::<LOCALITY>();
        for (output, places) in outputs.iter_mut().zip(places) {
            *output ^= places.iter().fold(0, |sum, &place| sum ^ inputs[place as usize & mask]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_have_the_sizes_of_the_decision_record() {
        assert_eq!((SMALL.n(), SMALL.k(), SMALL.needed()), (870_400, 65_536, 74_036));
        assert_eq!((MAIN.n(), MAIN.k(), MAIN.needed()), (2_396_160, 131_072, 143_942));
        assert_eq!(MAIN.n() - MAIN.needed(), 2_252_218, "of a round in the long run");
        assert!(SMALL.n() > MAIN.needed(), "the first round feeds the second");
    }

    #[test]
    fn the_code_is_linear_and_another_in_each_round() {
        let code = |round, inputs: &[Block]| {
            let mut outputs = vec![0; 300];
            add_code(round, inputs, &mut outputs);
            outputs
        };
        let a: Vec<Block> = (0..256).map(|i: Block| i.wrapping_mul(Block::MAX / 3)).collect();
        let b: Vec<Block> = (0..256).map(|i: Block| i.wrapping_mul(Block::MAX / 5)).collect();
        let sum: Vec<Block> = a.iter().zip(&b).map(|(a, b)| a ^ b).collect();
        let sums: Vec<Block> = code(7, &a).iter().zip(code(7, &b)).map(|(a, b)| a ^ b).collect();
        assert_eq!(code(7, &sum), sums);
        assert_ne!(code(7, &a), code(8, &a));
    }

    #[test]
    fn an_output_adds_ten_inputs_at_the_places_of_the_stream() {
        let inputs: Vec<Block> = (0..128).map(|i| 1 << i).collect();
        let mut outputs = vec![0; BATCH + 1];
        add_code(1, &inputs, &mut outputs);
        let mut stream = vec![0; PLACES + 3];
        Cipher::new(Block::from_le_bytes(KEY)).key_stream(1 << 64, &mut stream);
        let bytes = super::super::block::to_bytes(&stream);
        for i in [0, 1, BATCH - 1, BATCH] {
            let places = bytes[4 * LOCALITY * i..][..4 * LOCALITY].chunks(4);
            assert_eq!(outputs[i], places.fold(0, |sum, place| sum ^ 1 << (place[0] & 127)), "output {i}");
        }
    }
}
