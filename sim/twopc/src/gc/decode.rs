//! What an evaluator learns of outputs that are meant for it: it compares the hash of its label with the hashes of both labels.
//!
//! The garbler sends 32 bytes for every output bit of an element. The lowest bits of the labels of 0 would tell the evaluator as much, for one bit,
//! but then every label means something. Here a label that is neither of the garbler's is noticed, as it is in DELPHI (Mishra, Lehmkuhl, Srinivasan, Zheng, Popa,
//! USENIX Security 2020). The evaluator goes on with another number, and nothing shows that it does: a party that stopped there would tell its peer
//! a bit about the number.

use super::garble::{Evaluator, Garbler, groups};
use super::hash::{Hash, LANES};
use crate::ot::block::Block;

/// The bytes by which an output bit of an element is decoded.
pub const DECODING_BYTES: usize = 32;

/// Of each pair of an output and an element.
fn next_tweak(tweak: &mut u64) -> u64 {
    let first = *tweak;
    *tweak = first.wrapping_add(LANES as u64);
    first
}

impl Garbler {
    /// The message by which an evaluator decodes outputs, given their labels of 0: for each the hash of that and of the label of 1.
    pub fn decoding(&mut self, zeros: &[Block]) -> Vec<u8> {
        let (mut hash, delta) = (Hash::<2>::default(), self.delta());
        let mut message = Vec::with_capacity(DECODING_BYTES * zeros.len());
        for lanes in groups(zeros.len()) {
            let (tweak, zeros) = (next_tweak(&mut self.tweak), &zeros[lanes.clone()]);
            let [once, twice] = hash.hash([tweak; 2], |[zero, one]| {
                zero[..lanes.len()].copy_from_slice(zeros);
                one.iter_mut().zip(zeros).for_each(|(one, zero)| *one = zero ^ delta);
            });
            for i in 0..lanes.len() {
                message.extend([0, 1].map(|bit| (once[bit][i] ^ twice[bit][i]).to_le_bytes()).as_flattened());
            }
        }
        message
    }
}

impl Evaluator {
    /// Decodes numbers of `bits` bits, at most 64, from the labels of these bits, wire by wire; `None` for a number of which a label decodes to nothing.
    ///
    /// # Panics
    /// For a message of another length than [`DECODING_BYTES`] for each label, or labels that are no whole numbers.
    pub fn decode(&mut self, bits: usize, labels: &[Block], decoding: &[u8]) -> Vec<Option<u64>> {
        assert_eq!(decoding.len(), DECODING_BYTES * labels.len(), "two hashes for each label");
        let (pairs, _) = decoding.as_chunks::<DECODING_BYTES>();
        let mut hash = Hash::<1>::default();
        let mut decoded = Vec::with_capacity(labels.len());
        for lanes in groups(labels.len()) {
            let (tweak, labels) = (next_tweak(&mut self.tweak), &labels[lanes.clone()]);
            let [once, twice] = hash.hash([tweak], |[own]| own[..lanes.len()].copy_from_slice(labels));
            let bit = |(i, pair): (usize, &[u8; DECODING_BYTES])| {
                let own = (once[0][i] ^ twice[0][i]).to_le_bytes();
                let (halves, _) = pair.as_chunks::<16>();
                halves.iter().position(|half| *half == own)
            };
            decoded.extend(pairs[lanes].iter().enumerate().map(bit));
        }
        numbers(bits, &decoded)
    }
}

/// The numbers of bits that come wire by wire; `None` where a bit is missing.
fn numbers(bits: usize, decoded: &[Option<usize>]) -> Vec<Option<u64>> {
    assert_eq!(decoded.len() % bits.max(1), 0, "whole numbers");
    let count = decoded.len() / bits.max(1);
    let number = |element: usize| {
        let bits = decoded.iter().skip(element).step_by(count.max(1)).enumerate();
        bits.map(|(place, bit)| bit.map(|bit| (bit as u64) << place)).sum::<Option<u64>>()
    };
    (0..count).map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ot::block::Cipher;
    use crate::random::{Seed, uniform};

    #[test]
    fn labels_decode_to_their_bits_and_others_to_nothing() {
        const BITS: usize = 41;
        for count in [1, 3, LANES + 1] {
            let (mut garbler, mut evaluator) = (Garbler::new(12), Evaluator::default());
            let mut zeros = vec![0; BITS * count];
            Cipher::new(2).key_stream(0, &mut zeros);
            let values = uniform(&mut Seed([1; 32]).stream(), BITS as u32, count);
            let bit = |at: usize| Block::from(values[at % count] >> (at / count) & 1);
            let label = |at: usize| zeros[at] ^ (bit(at) * garbler.delta());
            let mut labels: Vec<Block> = (0..zeros.len()).map(label).collect();
            // One bit of a label, of one element.
            labels[7 * count + count / 2] ^= 1 << 99;
            let mut expected: Vec<Option<u64>> = values.iter().copied().map(Some).collect();
            expected[count / 2] = None;
            let message = garbler.decoding(&zeros);
            assert_eq!(message.len(), 32 * BITS * count);
            assert_eq!(evaluator.decode(BITS, &labels, &message), expected);
            // Tweaks have gone on, so that the same labels do not decode again.
            assert_eq!(evaluator.decode(BITS, &labels, &message), vec![None; count]);
        }
    }

    /// The hashes of labels are the tweakable hash of every other file, at both lanes of a group's border.
    #[test]
    fn both_parties_agree_where_gates_came_before() {
        let (mut garbler, mut evaluator) = (Garbler::new(12), Evaluator::default());
        garbler.tweak = 1 << 40;
        evaluator.tweak = 1 << 40;
        let zeros: Vec<Block> = (0..2 * LANES as Block).map(|i| i << 77).collect();
        let message = garbler.decoding(&zeros);
        assert_eq!(evaluator.decode(1, &zeros, &message), vec![Some(0); 2 * LANES]);
        let message = garbler.decoding(&zeros);
        let ones: Vec<Block> = zeros.iter().map(|zero| zero ^ garbler.delta()).collect();
        assert_eq!(evaluator.decode(1, &ones, &message), vec![Some(1); 2 * LANES]);
    }
}
