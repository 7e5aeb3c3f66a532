//! Bits of many numbers, sliced: a word has the same bit of 64 numbers.

use crate::bits::{Packer, Unpacker, packed_bytes};
use crate::ot::transpose::{LANES, transpose_tile};

/// One bit of each number. Beyond the last number bits mean nothing.
pub type Slice = Vec<u64>;

/// The sum modulo 2.
#[must_use]
pub fn sum(a: &Slice, b: &Slice) -> Slice {
    a.iter().zip(b).map(|(a, b)| a ^ b).collect()
}

/// How many numbers are in each word of a slice.
fn widths(count: usize) -> impl Iterator<Item = u32> {
    (0..count).step_by(64).map(move |from| (count - from).min(64) as u32)
}

/// The slices one after another, without the bits beyond the last number.
#[must_use]
pub fn pack(slices: &[Slice], count: usize) -> Vec<u8> {
    let mut packer = Packer::with_capacity(packed_bytes(count * slices.len(), 1));
    for slice in slices {
        slice.iter().zip(widths(count)).for_each(|(word, width)| packer.push(*word, width));
    }
    packer.finish()
}

/// Reads as many slices of `count` numbers as were packed.
#[must_use]
pub fn unpack(bytes: &[u8], slices: usize, count: usize) -> Vec<Slice> {
    let mut message = Unpacker::new(bytes);
    (0..slices).map(|_| widths(count).map(|width| message.pull(width)).collect()).collect()
}

/// The lowest bits of numbers, by position.
#[must_use]
pub fn sliced(numbers: &[u64], bits: usize) -> Vec<Slice> {
    let words = numbers.len().div_ceil(64);
    let mut slices = vec![Vec::with_capacity(words.next_multiple_of(LANES)); bits];
    for numbers in numbers.chunks(64 * LANES) {
        let mut tile = [[0; LANES]; 64];
        for (lane, numbers) in numbers.chunks(64).enumerate() {
            tile.iter_mut().zip(numbers).for_each(|(row, number)| row[lane] = *number);
        }
        transpose_tile(&mut tile);
        slices.iter_mut().zip(&tile).for_each(|(slice, row)| slice.extend_from_slice(row));
    }
    for slice in &mut slices {
        slice.truncate(words);
    }
    slices
}

/// The lowest bits of bytes, by position.
#[must_use]
pub fn planes<const BITS: usize>(bytes: &[u8]) -> [Slice; BITS] {
    let word = |bytes: &[u8], bit: usize| {
        let eights = bytes.chunks(8).enumerate();
        eights.fold(0, |word, (at, eight)| word | lowest(eight, bit) << (8 * at))
    };
    std::array::from_fn(|bit| bytes.chunks(64).map(|bytes| word(bytes, bit)).collect())
}

/// A bit of each of at most eight bytes, gathered by a product whose terms fall on different places.
fn lowest(eight: &[u8], bit: usize) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut bytes = [0; 8];
    bytes[..eight.len()].copy_from_slice(eight);
    (u64::from_le_bytes(bytes) >> bit & EACH).wrapping_mul(GATHER) >> 56
}

/// A bit of each number, one in a byte.
#[must_use]
pub fn unsliced(slice: &Slice, count: usize) -> Vec<u8> {
    (0..count).map(|at| (slice[at / 64] >> (at % 64) & 1) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Seed, uniform};

    #[test]
    fn slices_are_the_bits_of_numbers_and_of_bytes() {
        for count in [1, 63, 64, 65, 511, 512, 1300] {
            let numbers = uniform(&mut Seed([1; 32]).stream(), 64, count);
            let bit = |slice: &Slice, at: usize| slice[at / 64] >> (at % 64) & 1;
            for (place, slice) in sliced(&numbers, 37).iter().enumerate() {
                assert_eq!(slice.len(), count.div_ceil(64));
                assert!((0..count).all(|at| bit(slice, at) == numbers[at] >> place & 1));
            }
            let bytes: Vec<u8> = numbers.iter().map(|number| *number as u8).collect();
            let planes: [Slice; 5] = planes(&bytes);
            for (place, slice) in planes.iter().enumerate() {
                assert!((0..count).all(|at| bit(slice, at) == numbers[at] >> place & 1));
                let ones = unsliced(slice, count);
                assert!(ones.iter().zip(&bytes).all(|(one, byte)| *one == byte >> place & 1));
            }
            let packed = pack(&planes, count);
            assert_eq!((packed.len(), pack(&unpack(&packed, 5, count), count)), (packed_bytes(count, 5), packed));
        }
    }
}
