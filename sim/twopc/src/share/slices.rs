//! Bits of many numbers, sliced: a word has the same bit of 64 numbers.

use crate::bits::{Packer, Unpacker, packed_bytes};

/// One bit of each number. Beyond the last number bits mean nothing.
pub type Slice = Vec<u64>;

/// The sum modulo 2.
pub fn sum(a: &Slice, b: &Slice) -> Slice {
    a.iter().zip(b).map(|(a, b)| a ^ b).collect()
}

/// How many numbers are in each word of a slice.
fn widths(count: usize) -> impl Iterator<Item = u32> {
    (0..count).step_by(64).map(move |from| (count - from).min(64) as u32)
}

/// The slices one after another, without the bits beyond the last number.
pub fn pack(slices: &[Slice], count: usize) -> Vec<u8> {
    let mut packer = Packer::with_capacity(packed_bytes(count * slices.len(), 1));
    for slice in slices {
        slice.iter().zip(widths(count)).for_each(|(word, width)| packer.push(*word, width));
    }
    packer.finish()
}

/// Reads as many slices of `count` numbers as were packed.
pub fn unpack(bytes: &[u8], slices: usize, count: usize) -> Vec<Slice> {
    let mut message = Unpacker::new(bytes);
    (0..slices).map(|_| widths(count).map(|width| message.pull(width)).collect()).collect()
}

/// The lowest bits of numbers, by position.
pub fn sliced(numbers: &[u64], bits: usize) -> Vec<Slice> {
    let word = |numbers: &[u64], bit: usize| numbers.iter().rev().fold(0, |word, number| word << 1 | number >> bit & 1);
    (0..bits).map(|bit| numbers.chunks(64).map(|numbers| word(numbers, bit)).collect()).collect()
}

/// The lowest bits of bytes, by position.
pub fn planes<const BITS: usize>(bytes: &[u8]) -> [Slice; BITS] {
    let word =
        |bytes: &[u8], bit: usize| bytes.iter().rev().fold(0, |word, byte| word << 1 | u64::from(byte >> bit & 1));
    std::array::from_fn(|bit| bytes.chunks(64).map(|bytes| word(bytes, bit)).collect())
}

/// A bit of each number, one in a byte.
pub fn unsliced(slice: &Slice, count: usize) -> Vec<u8> {
    (0..count).map(|at| (slice[at / 64] >> (at % 64) & 1) as u8).collect()
}
