//! A code that takes sparse noise to fewer places that look uniform: a convolution, and then sums of a few places each.
//!
//! Raghuraman, Rindal, Tanguy, "Expand-Convolute Codes for Pseudorandom Correlation Generators from LPN" (CRYPTO 2023, ePrint 2023/882), with the weights of its
//! authors' library for the conservative code (libOTe, `ExConv21x24`): [`WEIGHT`] places for each output, and a convolution that remembers [`MEMORY`] places. Noise `e`
//! of `N` places becomes `s` by `s[p] = e[p] + sum a[p, j] s[p - j]` over the `j` up to [`MEMORY`] with random bits `a`. The places are cut into [`WEIGHT`] regions of one
//! size, and an output is the sum of one random place of `s` in each ("regular expander"). All of it grows from a public key.
//!
//! A linear test of the outputs is a test of the noise by a word of the code that the outputs' rows generate, so that what counts is the least weight of a word.
//! Decision 29 has a bound of it for these very codes, which `examples/code_distance.rs` computes.

use super::block::{Block, Cipher, WIDE};
use pulp::Arch;

/// The number of places that each output adds up, one in each region.
pub const WEIGHT: usize = 21;

/// The number of places before it that a place of the convolution may add.
pub const MEMORY: usize = 24;

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

/// Replaces the outputs by what the code of this public key and round makes of the noise, of which nothing is left. The noise has a multiple of
/// `WEIGHT * GROUP` places.
///
/// # Panics
/// Where the noise has another number of places.
pub fn compress(key: Block, round: u64, noise: &mut [Block], outputs: &mut [Block]) {
    assert_eq!(noise.len() % (WEIGHT * GROUP), 0, "regions of whole groups");
    let stream = Cipher::new(key);
    let first = Block::from(round) << 64;
    convolve(&stream, first | BITS, bytemuck::cast_slice_mut(noise));
    outputs.fill(0);
    let mut counter = first;
    for region in noise.chunks_exact(noise.len() / WEIGHT) {
        expand(&stream, &mut counter, bytemuck::cast_slice(region), bytemuck::cast_slice_mut(outputs));
    }
}

/// Words of 32 bits of the key stream from this counter on.
fn draw(stream: &Cipher, counter: &mut Block, words: &mut [Block; BATCH / 4]) {
    stream.key_stream(*counter, words);
    *counter += words.len() as Block;
}

/// The bits of a word that are read at a place of a group: four for each group before it, in order, and for its own; of the first and the last group
/// only those that are less than [`MEMORY`] places away, or before it.
const fn read(place: usize) -> u32 {
    let group = (1_u32 << GROUP) - 1;
    let before = (group << place) & group;
    let own = ((1_u32 << place) - 1) << MEMORY;
    before | ((1 << MEMORY) - 1) & !group | own
}

/// The convolution, in place.
fn convolve(stream: &Cipher, mut counter: Block, places: &mut [[u64; 2]]) {
    let mut sums = [[[0; 2]; 1 << GROUP]; BEFORE];
    let mut words = [0; BATCH / 4];
    let mut oldest = 0;
    for places in places.chunks_mut(BATCH) {
        draw(stream, &mut counter, &mut words);
        Arch::new().dispatch(
            #[inline(always)]
            || convolve_batch(places, bytemuck::cast_slice(&words), &mut sums, &mut oldest),
        );
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn convolve_batch(places: &mut [[u64; 2]], words: &[u32], sums: &mut [Sums; BEFORE], oldest: &mut usize) {
    let (groups, _) = places.as_chunks_mut::<GROUP>();
    let (words, _) = words.as_chunks::<GROUP>();
    for (group, words) in groups.iter_mut().zip(words) {
        let words: [u32; GROUP] = std::array::from_fn(|place| words[place] & read(place));
        for (place, word) in group.iter_mut().zip(words) {
            for before in 0..BEFORE {
                let at = *oldest + before;
                let sums = &sums[if at < BEFORE { at } else { at - BEFORE }];
                add(place, sums[(word >> (GROUP * before)) as usize % (1 << GROUP)]);
            }
        }
        for place in 1..GROUP {
            for other in 0..place {
                let mask = u64::from(words[place] >> (MEMORY + other) & 1).wrapping_neg();
                let [low, high] = group[other];
                add(&mut group[place], [low & mask, high & mask]);
            }
        }
        all_sums(group, &mut sums[*oldest]);
        *oldest = if *oldest + 1 == BEFORE { 0 } else { *oldest + 1 };
    }
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

/// The place that a word stands for, each nearly as often: of `places` below `2^17`, by a share of `2^-15` more or less.
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

    /// The formula, place by place: the bits of a word are those of the places before it, the oldest first, from the start of the sixth group before its own.
    fn naive(noise: &[Block], outputs: usize) -> Vec<Block> {
        let mut s = noise.to_vec();
        for (p, word) in words(BITS, noise.len()).into_iter().enumerate() {
            let first = (p / GROUP + 1) * GROUP;
            for j in 1..=MEMORY.min(p) {
                let bit = p - j + MEMORY + GROUP - first;
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

    #[test]
    fn the_code_is_that_of_the_formula() {
        for outputs in [1, BATCH - 1, BATCH + 9] {
            let noise: Vec<Block> = (0..PLACES as Block).map(|i| (i + 1).wrapping_mul(Block::MAX / 77)).collect();
            let mut compressed = vec![9; outputs];
            compress(5, 3, &mut noise.clone(), &mut compressed);
            assert_eq!(compressed, naive(&noise, outputs));
        }
    }

    /// The weights as published: a place reaches the `MEMORY` next ones and no other directly, and an output adds a place of each region.
    #[test]
    fn the_weights_are_those_that_were_published() {
        for place in 0..GROUP {
            assert_eq!(read(place).count_ones() as usize, MEMORY);
        }
        assert_eq!((WEIGHT, MEMORY), (21, 24));
        // With one error in the last place of every region the convolution changes nothing before it, and no region's sum cancels in itself.
        let mut regions: Vec<Block> = vec![0; PLACES];
        (0..WEIGHT).for_each(|region| regions[region * REGION + REGION - 1] = 1 << region);
        let mut outputs: Vec<Block> = vec![0; 400];
        let mut counter = 0;
        for region in regions.chunks_exact(REGION) {
            expand(&Cipher::new(5), &mut counter, bytemuck::cast_slice(region), bytemuck::cast_slice_mut(&mut outputs));
        }
        // A region's last place is in 10 of 400 outputs: none of 21 in fewer than 1 or more than 40, but with probability 1e-3.
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
            convolve(&Cipher::new(5), BITS, &mut places);
            assert!(places[..at].iter().all(|place| *place == [0; 2]) && places[at] == [1, 0]);
            let ones = places[at..].iter().filter(|place| place[0] == 1).count();
            let share = 100 * ones / (PLACES - at);
            assert!((35..=65).contains(&share), "{share} % after {at}");
        }
    }

    #[test]
    fn the_code_is_linear_and_another_for_each_key_and_round() {
        let code = |key, round, noise: &[Block]| {
            let mut outputs = vec![0; 300];
            compress(key, round, &mut noise.to_vec(), &mut outputs);
            outputs
        };
        let noise = |step: Block| (0..PLACES as Block).map(|i| i.wrapping_mul(step)).collect::<Vec<Block>>();
        let (a, b) = (noise(Block::MAX / 3), noise(Block::MAX / 5));
        let sum: Vec<Block> = a.iter().zip(&b).map(|(a, b)| a ^ b).collect();
        let sums: Vec<Block> = code(1, 7, &a).iter().zip(code(1, 7, &b)).map(|(a, b)| a ^ b).collect();
        assert_eq!(code(1, 7, &sum), sums);
        assert_ne!(code(1, 7, &a), code(1, 8, &a));
        assert_ne!(code(1, 7, &a), code(2, 7, &a));
    }
}
