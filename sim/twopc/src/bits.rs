//! Packing values of a few bits side by side into bytes, the lowest bit first.

/// A word with its lowest `bits` bits set, where `bits` is at most 64.
#[must_use]
pub const fn mask(bits: u32) -> u64 {
    if bits >= u64::BITS { u64::MAX } else { (1 << bits) - 1 }
}

/// All ones where two numbers are equal, otherwise 0; no branch depends on them.
#[must_use]
#[inline]
pub const fn same(a: u64, b: u64) -> u64 {
    let difference = a ^ b;
    (!difference & difference.wrapping_sub(1)).cast_signed().wrapping_shr(63).cast_unsigned()
}

/// The negated value where the bit is 1, otherwise the value, modulo `2^64`; no branch depends on the bit.
#[must_use]
#[inline]
pub const fn negate_if(bit: u8, value: u64) -> u64 {
    let all = (bit as u64).wrapping_neg();
    (value ^ all).wrapping_sub(all)
}

/// The number of bytes that `count` values of `bits` bits fill.
#[must_use]
pub const fn packed_bytes(count: usize, bits: u32) -> usize {
    (count * bits as usize).div_ceil(8)
}

/// Packs the lowest `bits` bits of each value, one after another. The last byte is filled up with zeros.
#[must_use]
pub fn pack(values: &[u64], bits: u32) -> Vec<u8> {
    let mut packer = Packer::with_capacity(packed_bytes(values.len(), bits));
    for &value in values {
        packer.push(value, bits);
    }
    packer.finish()
}

/// Unpacks `count` values of `bits` bits that [`pack`] packed. Bits beyond the end of the bytes read as zero.
#[must_use]
pub fn unpack(bytes: &[u8], bits: u32, count: usize) -> Vec<u64> {
    let mut unpacker = Unpacker::new(bytes);
    (0..count).map(|_| unpacker.pull(bits)).collect()
}

/// A writer of values of varying widths.
#[derive(Debug, Default)]
pub struct Packer {
    bytes: Vec<u8>,
    pending: u64,
    held: u32,
}

impl Packer {
    /// Makes an empty writer with room for so many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes + 8), pending: 0, held: 0 }
    }

    /// Appends the lowest `bits` bits of a value, at most 64.
    #[inline]
    pub fn push(&mut self, value: u64, bits: u32) {
        if bits <= 56 {
            self.push_short(value, bits);
        } else {
            self.push_short(value, 32);
            self.push_short(value >> 32, bits - 32);
        }
    }

    /// A value and what is pending fit a word.
    #[inline]
    fn push_short(&mut self, value: u64, bits: u32) {
        self.pending |= (value & mask(bits)) << self.held;
        self.held += bits;
        let whole = self.held / 8;
        self.bytes.extend_from_slice(&self.pending.to_le_bytes()[..whole as usize]);
        self.pending = self.pending.checked_shr(8 * whole).unwrap_or(0);
        self.held %= 8;
    }

    /// Returns the bytes written, the last one filled up with zeros.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        if self.held > 0 {
            self.bytes.push(self.pending.to_le_bytes()[0]);
        }
        self.bytes
    }
}

/// A reader of values of varying widths.
#[derive(Debug)]
pub struct Unpacker<'a> {
    bytes: &'a [u8],
    /// In bits.
    at: usize,
}

impl<'a> Unpacker<'a> {
    /// Makes a reader that starts at the first bit.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Reads the next `bits` bits, at most 64. Bits beyond the end read as zero.
    #[inline]
    pub fn pull(&mut self, bits: u32) -> u64 {
        if bits <= 56 { self.pull_short(bits) } else { self.pull_short(32) | self.pull_short(bits - 32) << 32 }
    }

    #[inline]
    fn pull_short(&mut self, bits: u32) -> u64 {
        let from = self.at / 8;
        let word = match self.bytes.get(from..).and_then(<[u8]>::first_chunk) {
            Some(eight) => u64::from_le_bytes(*eight),
            None => self.bytes.iter().skip(from).take(8).rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
        };
        let value = (word >> (self.at % 8)) & mask(bits);
        self.at += bits as usize;
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selections_are_those_of_branches() {
        let numbers = [0, 1, 2, 15, 1 << 62, (1 << 63) - 1, 1 << 63, u64::MAX];
        for a in numbers {
            for b in numbers {
                assert_eq!(same(a, b), if a == b { u64::MAX } else { 0 }, "{a} {b}");
            }
            assert_eq!([0, 1].map(|bit| negate_if(bit, a)), [a, a.wrapping_neg()]);
        }
    }

    #[test]
    fn every_width_comes_back() {
        for bits in 1..=64 {
            let values: Vec<u64> = (1..=101_u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) & mask(bits)).collect();
            let packed = pack(&values, bits);
            assert_eq!(packed.len(), packed_bytes(values.len(), bits));
            assert_eq!(unpack(&packed, bits, values.len()), values, "{bits} bits");
        }
    }

    #[test]
    fn widths_may_change_and_the_end_reads_as_zeros() {
        let mut packer = Packer::default();
        let values = [(1, 1), (0x1234, 13), (u64::MAX >> 8, 56), (0, 3), (5, 3)];
        for (value, bits) in values {
            packer.push(value, bits);
        }
        let bytes = packer.finish();
        let mut unpacker = Unpacker::new(&bytes);
        for (value, bits) in values {
            assert_eq!(unpacker.pull(bits), value);
        }
        assert_eq!(unpacker.pull(56), 0);
        assert_eq!(Unpacker::new(&[]).pull(9), 0);
    }
}
