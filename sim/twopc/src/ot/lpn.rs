//! Learning parity with noise: the code, and the sets of parameters.
//!
//! The generator matrix is a local linear code: each output is the sum of [`LOCALITY`] inputs at random places, as in Boyle,
//! Couteau, Gilboa, Ishai (CCS 2018) and Ferret. Places come from AES in counter mode under a public key, another one for each session and
//! direction, and a fresh part of the stream in each round; nothing of the matrix is stored. The reasons for the sets are in decision 6.

use super::block::{Block, Cipher, WIDE};
use super::ggm::Trees;
use pulp::Arch;

/// The number of inputs that each output adds up.
pub const LOCALITY: usize = 10;

/// Outputs whose places are drawn together.
const BATCH: usize = 6 * WIDE;

/// Places in a word of 64 bits, of [`PLACE_BITS`] each.
const IN_WORD: usize = 3;

/// Enough for the inputs of every set.
const PLACE_BITS: usize = 21;

/// Words that hold the places of a batch: ten wide encryptions.
const WORDS: usize = BATCH * LOCALITY / IN_WORD;

/// A set of parameters of regular noise: one error in each of `t` parts of `2^depth` outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set {
    /// The number of errors, and so of trees.
    pub t: usize,
    /// The binary logarithm of the number of inputs.
    pub log_k: u32,
    /// The depth of the trees.
    pub depth: usize,
}

/// The set to start from, with few inputs and much noise: up to 262,144 outputs.
pub const START: Set = Set { t: 1024, log_k: 15, depth: 8 };

/// The set in the middle: up to 524,288 outputs.
pub const MIDDLE: Set = Set { t: 1024, log_k: 16, depth: 9 };

/// The set with the fewest bytes for each output: up to 2,396,160 outputs.
pub const MAIN: Set = Set { t: 1170, log_k: 18, depth: 11 };

/// All sets, from few inputs to many. The least attack on each takes 2^135 operations or more by the estimates of `examples/lpn_bits.rs`.
pub const SETS: [Set; 3] = [START, MIDDLE, MAIN];

impl Set {
    /// The same set with as few parts as hold so many outputs, and never with more parts. Whoever could tell these outputs from uniform ones could
    /// do so for the whole set.
    #[must_use]
    pub fn holding(self, outputs: usize) -> Self {
        Self { t: outputs.div_ceil(1 << self.depth).min(self.t), ..self }
    }

    /// The trees of the noise.
    #[must_use]
    pub const fn trees(&self) -> Trees {
        Trees { count: self.t, depth: self.depth }
    }

    /// The number of inputs.
    #[must_use]
    pub const fn k(&self) -> usize {
        1 << self.log_k
    }

    /// The number of outputs.
    #[must_use]
    pub const fn n(&self) -> usize {
        self.trees().leaves()
    }

    /// The number of transfers that the trees use up.
    #[must_use]
    pub const fn levels(&self) -> usize {
        self.trees().levels()
    }

    /// The number of correlated transfers that a round uses up.
    #[must_use]
    pub const fn needed(&self) -> usize {
        self.k() + self.levels()
    }
}

/// Adds to each output its inputs, by the code of this public key and round. The number of inputs is a power of two.
pub fn add_code(key: Block, round: u64, inputs: &[Block], outputs: &mut [Block]) {
    let stream = Cipher::new(key);
    let mut counter = Block::from(round) << 64;
    let inputs: &[[u64; 2]] = bytemuck::cast_slice(inputs);
    let (mut words, mut places) = ([0; WORDS / 2], [[0_u32; WORDS]; IN_WORD]);
    for outputs in outputs.chunks_mut(BATCH) {
        stream.key_stream(counter, &mut words);
        counter += words.len() as Block;
        Arch::new().dispatch(
            #[inline(always)]
            || split(bytemuck::cast_slice(&words), &mut places),
        );
        let (places, _) = places.as_flattened().as_chunks();
        Arch::new().dispatch(
            #[inline(always)]
            || add_inputs(inputs, places, bytemuck::cast_slice_mut(outputs)),
        );
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn add_inputs(inputs: &[[u64; 2]], places: &[[u32; LOCALITY]], outputs: &mut [[u64; 2]]) {
    let mask = inputs.len() - 1;
    for (output, places) in outputs.iter_mut().zip(places) {
        *output = places.iter().fold(*output, |[low, high], &place| {
            let input = inputs[place as usize & mask];
            [low ^ input[0], high ^ input[1]]
        });
    }
}

/// The places of the inputs, among `2^log_k`, that [`add_code`] adds up for each output. This is for examining the code.
#[must_use]
pub fn places(key: Block, round: u64, log_k: u32, outputs: usize) -> Vec<[u32; LOCALITY]> {
    let stream = Cipher::new(key);
    let (mut words, mut places) = ([0; WORDS / 2], [[0_u32; WORDS]; IN_WORD]);
    let batch = |number: usize| {
        stream.key_stream((Block::from(round) << 64) + (number * words.len()) as Block, &mut words);
        split(bytemuck::cast_slice(&words), &mut places);
        let (places, _) = places.as_flattened().as_chunks();
        places.iter().map(|places| places.map(|place| place & ((1 << log_k) - 1))).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = (0..outputs.div_ceil(BATCH)).flat_map(batch).collect();
    all.truncate(outputs);
    all
}

/// The places of each word.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
#[expect(clippy::cast_possible_truncation, reason = "a place takes the low bits")]
fn split(words: &[u64], places: &mut [[u32; WORDS]; IN_WORD]) {
    for (number, places) in places.iter_mut().enumerate() {
        for (place, word) in places.iter_mut().zip(words) {
            *place = (word >> (number * PLACE_BITS)) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_have_the_sizes_of_the_decision_record() {
        assert_eq!((START.n(), START.k(), START.needed()), (262_144, 32_768, 40_960));
        assert_eq!((MIDDLE.n(), MIDDLE.k(), MIDDLE.needed()), (524_288, 65_536, 74_752));
        assert_eq!((MAIN.n(), MAIN.k(), MAIN.needed()), (2_396_160, 262_144, 275_014));
        assert_eq!(MAIN.n() - MAIN.needed(), 2_121_146, "of a round in the long run");
        assert!(SETS.windows(2).all(|pair| pair[0].n() > pair[1].needed()), "each feeds the next");
    }

    #[test]
    fn the_code_is_linear_and_another_for_each_key_and_round() {
        let code = |key, round, inputs: &[Block]| {
            let mut outputs = vec![0; 300];
            add_code(key, round, inputs, &mut outputs);
            outputs
        };
        let a: Vec<Block> = (0..256).map(|i: Block| i.wrapping_mul(Block::MAX / 3)).collect();
        let b: Vec<Block> = (0..256).map(|i: Block| i.wrapping_mul(Block::MAX / 5)).collect();
        let sum: Vec<Block> = a.iter().zip(&b).map(|(a, b)| a ^ b).collect();
        let sums: Vec<Block> = code(1, 7, &a).iter().zip(code(1, 7, &b)).map(|(a, b)| a ^ b).collect();
        assert_eq!(code(1, 7, &sum), sums);
        assert_ne!(code(1, 7, &a), code(1, 8, &a));
        assert_ne!(code(1, 7, &a), code(2, 7, &a));
    }

    #[test]
    fn an_output_adds_ten_inputs_at_the_places_of_the_stream() {
        let inputs: Vec<Block> = (0..128).map(|i| 1 << i).collect();
        let mut outputs = vec![0; BATCH + 1];
        add_code(5, 1, &inputs, &mut outputs);
        let public = places(5, 1, 7, BATCH + 1);
        assert_eq!(public.len(), outputs.len());
        for batch in 0..2 {
            let mut words = vec![0; WORDS / 2];
            Cipher::new(5).key_stream((1 << 64) + (batch * WORDS / 2) as Block, &mut words);
            let words: &[u64] = bytemuck::cast_slice(&words);
            for i in [0, BATCH / 2, BATCH - 1] {
                let Some(output) = outputs.get(batch * BATCH + i) else { continue };
                let place = |i: usize| words[i % WORDS] >> (PLACE_BITS * (i / WORDS)) & 127;
                let places: Vec<u64> = (LOCALITY * i..).take(LOCALITY).map(place).collect();
                assert_eq!(*output, places.iter().fold(0, |sum, place| sum ^ 1 << place), "{batch} {i}");
                assert!(public[batch * BATCH + i].iter().map(|&place| u64::from(place)).eq(places));
            }
        }
        assert!(SETS.iter().all(|set| set.log_k as usize <= PLACE_BITS));
    }
}
