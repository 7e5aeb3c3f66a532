//! A code that takes sparse noise to fewer places that look uniform: a convolution, and then sums of a few places each.
//!
//! Raghuraman, Rindal, Tanguy, "Expand-Convolute Codes for Pseudorandom Correlation Generators from LPN" (CRYPTO 2023, ePrint 2023/882), with
//! [`WEIGHT`] places for each output, and a convolution that remembers [`MEMORY`] places. Noise `e`
//! of `N` places becomes `s` by `s[p] = e[p] + sum a[p, j] s[p - j]` over the `j` up to [`MEMORY`] with random bits `a`. The places are cut into [`WEIGHT`] regions of one
//! size, and an output is the sum of one random place of `s` in each ("regular expander"). All of it grows from a public key.
//!
//! A linear test of the outputs is a test of the noise by a word of the code that the outputs' rows generate, so that what counts is the least weight of a word.
//! Decision 32 has a bound of it for these very codes, which `examples/code_distance.rs` computes.
//!
//! Each region is added to the outputs as soon as it is convolved, while it is in the processor's cache, so that a caller may hold one region at a time.

use super::block::{Block, Cipher, WIDE};
use pulp::Arch;
use std::fmt;

/// The number of places that each output adds up, one in each region.
pub const WEIGHT: usize = 11;

/// The number of places before it that a place of the convolution may add.
pub const MEMORY: usize = 32;

/// Places of the convolution that are found together.
const GROUP: usize = 4;

/// The groups before it that a group may add.
const BEFORE: usize = MEMORY / GROUP;

/// Words of the key stream that are drawn together.
const BATCH: usize = 4 * WIDE;

/// The first counter of the convolution's bits, of a round's; those of the places start at 0.
const BITS: Block = 1 << 63;

/// The sums of a group: number `i` is that of the places that `i` has bits for.
type Sums = [[u64; 2]; 1 << GROUP];

/// The code of a round, as far as its regions have come.
pub struct Compressor {
    stream: Cipher,
    convolution: Convolution,
    /// The counter of the places that are drawn next.
    places: Block,
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").field("places", &self.places).finish_non_exhaustive()
    }
}

impl Compressor {
    /// The code of this public key and round, before its first region.
    #[must_use]
    pub fn new(key: Block, round: u64) -> Self {
        let places = Block::from(round) << 64;
        Self { stream: Cipher::new(key), convolution: Convolution::new(places | BITS), places }
    }

    /// Adds to each output its place of the next region, of whose noise nothing is left. There are [`WEIGHT`] regions of one size, and outputs are 0 before
    /// the first.
    ///
    /// # Panics
    /// Where the number of places is no multiple of four.
    pub fn add(&mut self, region: &mut [Block], outputs: &mut [Block]) {
        assert_eq!(region.len() % GROUP, 0, "a region of whole groups");
        self.convolution.add(&self.stream, bytemuck::cast_slice_mut(region));
        expand(&self.stream, &mut self.places, bytemuck::cast_slice(region), bytemuck::cast_slice_mut(outputs));
    }
}

/// Words of 32 bits of the key stream from this counter on.
fn draw(stream: &Cipher, counter: &mut Block, words: &mut [Block; BATCH / 4]) {
    stream.key_stream(*counter, words);
    *counter += words.len() as Block;
}

/// The convolution, as far as it has come.
struct Convolution {
    /// The counter of the bits that are drawn next.
    counter: Block,
    /// The sums of the groups before the next one, the oldest first.
    sums: [Sums; BEFORE],
}

impl Convolution {
    /// Starts where nothing is before.
    const fn new(counter: Block) -> Self {
        Self { counter, sums: [[[0; 2]; 1 << GROUP]; BEFORE] }
    }

    /// Convolves the next places, whole groups of them.
    fn add(&mut self, stream: &Cipher, places: &mut [[u64; 2]]) {
        let mut words = [0; BATCH / 4];
        for places in places.chunks_mut(BATCH) {
            draw(stream, &mut self.counter, &mut words);
            Arch::new().dispatch(
                #[inline(always)]
                || convolve(places, bytemuck::cast_slice(&words), &mut self.sums),
            );
        }
    }
}

/// Convolves up to a batch of places by a word for each. The sums turn in place: those of the oldest group make room for those of the next.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn convolve(places: &mut [[u64; 2]], words: &[u32], sums: &mut [Sums; BEFORE]) {
    let (rounds, rest) = places.as_chunks_mut::<MEMORY>();
    let (words, more) = words.split_at(MEMORY * rounds.len());
    for (round, words) in rounds.iter_mut().zip(words.as_chunks::<MEMORY>().0) {
        let (groups, words) = (round.as_chunks_mut().0, words.as_chunks().0);
        for oldest in 0..BEFORE {
            next_group(&mut groups[oldest], &words[oldest], sums, oldest);
        }
    }
    let groups = rest.as_chunks_mut::<GROUP>().0.iter_mut().zip(more.as_chunks().0);
    let last = groups.enumerate().map(|(oldest, (group, words))| next_group(group, words, sums, oldest)).count();
    sums.rotate_left(last);
}

/// Convolves a group. The bit of a word for a place is that of the place's number, counted from the group's first one, modulo [`MEMORY`]: the lowest bits of word `i` are those of the
/// `i` places of the group before its own, and then of the oldest group's other places.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn next_group(group: &mut [[u64; 2]; GROUP], words: &[u32; GROUP], sums: &mut [Sums; BEFORE], oldest: usize) {
    let mut now = *group;
    for (place, (now, word)) in now.iter_mut().zip(words).enumerate() {
        add(now, sums[oldest][(word >> place << place) as usize % (1 << GROUP)]);
        for before in 1..BEFORE {
            let sums = &sums[(oldest + before) % BEFORE];
            add(now, sums[(word >> (GROUP * before)) as usize % (1 << GROUP)]);
        }
    }
    for place in 1..GROUP {
        for other in 0..place {
            let mask = u64::from(words[place] >> other & 1).wrapping_neg();
            let [low, high] = now[other];
            add(&mut now[place], [low & mask, high & mask]);
        }
    }
    *group = now;
    all_sums(&now, &mut sums[oldest]);
}

/// The sums of all subsets of a group.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn all_sums(group: &[[u64; 2]; GROUP], sums: &mut Sums) {
    for (number, place) in group.iter().enumerate() {
        let (smaller, larger) = sums.split_at_mut(1 << number);
        for (larger, smaller) in larger.iter_mut().zip(smaller) {
            *larger = [smaller[0] ^ place[0], smaller[1] ^ place[1]];
        }
    }
}

/// Adds to each output a place of a region.
fn expand(stream: &Cipher, counter: &mut Block, region: &[[u64; 2]], outputs: &mut [[u64; 2]]) {
    let mut words = [0; BATCH / 4];
    for outputs in outputs.chunks_mut(BATCH) {
        draw(stream, counter, &mut words);
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (output, word) in outputs.iter_mut().zip(bytemuck::cast_slice(&words)) {
                    add(output, region[place(*word, region.len())]);
                }
            },
        );
    }
}

/// The place that a word stands for, each nearly as often: of `places` below `2^18`, by a share of `2^-14` more or less.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
const fn place(word: u32, places: usize) -> usize {
    ((word as u64 * places as u64) >> 32) as usize
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
const fn add(to: &mut [u64; 2], other: [u64; 2]) {
    to[0] ^= other[0];
    to[1] ^= other[1];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ot::block::low;

    const REGION: usize = 40;
    const PLACES: usize = WEIGHT * REGION;

    /// Words of the key stream, one after another.
    fn words(counter: Block, count: usize) -> Vec<u32> {
        let mut blocks = vec![0; count.div_ceil(4)];
        Cipher::new(5).key_stream((3 << 64) + counter, &mut blocks);
        bytemuck::cast_slice(&blocks)[..count].to_vec()
    }

    /// The formula, place by place: the bit of a word for a place before it is that of the place's number modulo `MEMORY`, from the start of the word's group. Each region draws whole batches.
    fn naive(noise: &[Block], outputs: usize) -> Vec<Block> {
        let mut s = noise.to_vec();
        let drawn = words(BITS, WEIGHT * REGION.next_multiple_of(BATCH));
        for p in 0..noise.len() {
            let word = drawn[p / REGION * REGION.next_multiple_of(BATCH) + p % REGION];
            for j in 1..=MEMORY.min(p) {
                let bit = (p - j + MEMORY - p / GROUP * GROUP) % MEMORY;
                s[p] ^= s[p - j] * Block::from(word >> bit & 1);
            }
        }
        let batches = outputs.next_multiple_of(BATCH);
        let draws = words(0, WEIGHT * batches);
        let of = |region: usize, output: usize| {
            let word = u64::from(draws[region * batches + output]);
            usize::try_from((word * REGION as u64) >> 32).unwrap()
        };
        (0..outputs).map(|output| (0..WEIGHT).fold(0, |sum, i| sum ^ s[i * REGION + of(i, output)])).collect()
    }

    fn compress(key: Block, round: u64, noise: &[Block], outputs: usize) -> Vec<Block> {
        let mut compressed = vec![0; outputs];
        let mut code = Compressor::new(key, round);
        noise.chunks(REGION).for_each(|region| code.add(&mut region.to_vec(), &mut compressed));
        compressed
    }

    #[test]
    fn the_code_is_that_of_the_formula() {
        for outputs in [1, BATCH - 1, BATCH + 9] {
            let noise: Vec<Block> = (0..PLACES as Block).map(|i| (i + 1).wrapping_mul(Block::MAX / 77)).collect();
            assert_eq!(compress(5, 3, &noise, outputs), naive(&noise, outputs));
        }
    }

    /// The weights of decision 32: a place reaches the `MEMORY` next ones and no other directly, and an output adds a place of each region.
    #[test]
    fn the_weights_are_those_of_the_decision_record() {
        assert_eq!((WEIGHT, MEMORY), (11, 32));
        // With one error in the last place of every region the convolution changes nothing before it, and no region's sum cancels in itself.
        let mut regions: Vec<Block> = vec![0; PLACES];
        (0..WEIGHT).for_each(|region| regions[region * REGION + REGION - 1] = 1 << region);
        let mut outputs: Vec<Block> = vec![0; 400];
        let mut counter = 0;
        for region in regions.chunks_exact(REGION) {
            expand(&Cipher::new(5), &mut counter, bytemuck::cast_slice(region), bytemuck::cast_slice_mut(&mut outputs));
        }
        // A region's last place is in 10 of 400 outputs: none of 11 in fewer than 1 or more than 40, but with probability 5e-4.
        for region in 0..WEIGHT {
            let hits = outputs.iter().filter(|output| low(**output) >> region & 1 == 1).count();
            assert!((1..=40).contains(&hits), "{hits} of region {region}");
        }
    }

    /// A convolution with one error is 0 before it, and from there on a half of ones, but with probability `2 exp(-2 * 500 * 0.15^2) < 1e-9`.
    #[test]
    fn one_error_spreads_to_the_end_and_not_before() {
        for at in [0, 1, 2, 3, 130, 337] {
            let mut places = vec![[0; 2]; PLACES];
            places[at] = [1, 0];
            Convolution::new(BITS).add(&Cipher::new(5), &mut places);
            assert!(places[..at].iter().all(|place| *place == [0; 2]) && places[at] == [1, 0]);
            let ones = places[at..].iter().filter(|place| place[0] == 1).count();
            let share = 100 * ones / (PLACES - at);
            assert!((35..=65).contains(&share), "{share} % after {at}");
        }
    }

    #[test]
    fn the_code_is_linear_and_another_for_each_key_and_round() {
        let code = |key, round, noise: &[Block]| compress(key, round, noise, 300);
        let noise = |step: Block| (0..PLACES as Block).map(|i| i.wrapping_mul(step)).collect::<Vec<Block>>();
        let (a, b) = (noise(Block::MAX / 3), noise(Block::MAX / 5));
        let sum: Vec<Block> = a.iter().zip(&b).map(|(a, b)| a ^ b).collect();
        let sums: Vec<Block> = code(1, 7, &a).iter().zip(code(1, 7, &b)).map(|(a, b)| a ^ b).collect();
        assert_eq!(code(1, 7, &sum), sums);
        assert_ne!(code(1, 7, &a), code(1, 8, &a));
        assert_ne!(code(1, 7, &a), code(2, 7, &a));
    }
}
