//! A garbler that deviates: for some elements it garbles another circuit, whose gates are the same but for inversions of wires.

use super::circuit::Circuit;
use super::garble::{Garbler, table_bytes};
use super::hash::LANES;
use crate::ot::block::Block;
use std::collections::BTreeMap;
use std::ops::Range;

/// For each error that a garbler adds to some elements, the circuit that it garbles for them instead, and these elements.
#[must_use]
pub fn others(errors: &[i64], circuit: impl Fn(u64) -> Circuit) -> Vec<(Circuit, Vec<usize>)> {
    let mut elements: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (element, error) in errors.iter().enumerate().filter(|(_, error)| **error != 0) {
        elements.entry(error.cast_unsigned()).or_default().push(element);
    }
    elements.into_iter().map(|(error, elements)| (circuit(error), elements)).collect()
}

impl Garbler {
    /// A garbler's deviation from [`garble`](Self::garble): some elements get another circuit instead, whose gates are the same but for inversions of
    /// wires. An evaluator cannot tell.
    ///
    /// # Panics
    /// As [`garble`](Self::garble), and for a circuit with other gates.
    pub fn garble_otherwise(
        &mut self,
        circuit: &Circuit,
        others: &[(Circuit, Vec<usize>)],
        count: usize,
        zeros: &[Block],
    ) -> (Vec<u8>, Vec<Block>) {
        let first = self.tweak;
        let (mut tables, mut outputs) = self.garble(circuit, count, zeros);
        for (other, elements) in others {
            assert!(other.has_gates_of(circuit), "the evaluator evaluates the same gates");
            self.tweak = first;
            let (theirs, labels) = self.garble(other, count, zeros);
            for &element in elements {
                for block in blocks_of(circuit, count, element) {
                    tables[block.clone()].copy_from_slice(&theirs[block]);
                }
                for at in (element..outputs.len()).step_by(count) {
                    outputs[at] = labels[at];
                }
            }
        }
        (tables, outputs)
    }
}

/// The places of an element's halves among the tables of a circuit for `count` elements.
fn blocks_of(circuit: &Circuit, count: usize, element: usize) -> impl Iterator<Item = Range<usize>> {
    let first = element / LANES * LANES;
    let lanes = LANES.min(count - first);
    let start = table_bytes(circuit, first) + (element - first) * size_of::<Block>();
    let halves = 0..2 * circuit.ands();
    halves.map(move |half| start + half * lanes * size_of::<Block>()).map(|at| at..at + size_of::<Block>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gc::function::{Outcome, rectify_and_flip};
    use crate::gc::garble::Evaluator;
    use crate::modulus::Modulus;
    use crate::ot::block::Cipher;
    use crate::random::Seed;
    use rand_core::Rng;

    /// Three groups of elements, of which some have a circuit whose number is flipped where it is kept.
    #[test]
    fn some_elements_get_another_circuit_of_the_same_gates() {
        let circuit_of = |flipped| rectify_and_flip(Modulus::TwoTo(9), 2, Outcome::Plain, flipped);
        let (circuit, count) = (circuit_of(0), 2 * LANES + 5);
        let others = [(circuit_of(8), vec![0, 70, 2 * LANES + 4]), (circuit_of(33), vec![1, LANES])];
        let mut zeros = vec![0; 18 * count];
        Cipher::new(5).key_stream(1, &mut zeros);
        let mut rng = Seed([2; 32]).stream();
        let bits: Vec<u8> = (0..18 * count).map(|_| (rng.next_u32() & 1) as u8).collect();
        let chosen: Vec<Block> = zeros.iter().zip(&bits).map(|(zero, &bit)| zero ^ (Block::from(bit) * 77)).collect();
        let (mut garbler, mut evaluator) = (Garbler::new(77), Evaluator::default());
        // As many tweaks are used as by an honest garbler.
        for _ in 0..2 {
            let (tables, outputs) = garbler.garble_otherwise(&circuit, &others, count, &zeros);
            let labels = evaluator.evaluate(&circuit, count, &chosen, &tables);
            for element in 0..count {
                let words: Vec<u64> = (0..18).map(|wire| bits[wire * count + element].into()).collect();
                let own =
                    others.iter().find(|(_, elements)| elements.contains(&element)).map_or(&circuit, |(own, _)| own);
                for (output, expected) in own.clear(&words[..9], &words[9..]).iter().enumerate() {
                    let at = output * count + element;
                    assert_eq!(labels[at], outputs[at] ^ (Block::from(expected & 1) * 77), "{output} of {element}");
                }
            }
        }
    }

    #[test]
    fn elements_with_the_same_error_share_a_circuit() {
        let circuit = |flipped| rectify_and_flip(Modulus::TwoTo(9), 2, Outcome::Plain, flipped);
        let others = others(&[0, 4, 8, 4, 0], circuit);
        assert_eq!(others, [(circuit(4), vec![1, 3]), (circuit(8), vec![2])]);
    }

    #[test]
    #[should_panic(expected = "the evaluator evaluates the same gates")]
    fn a_circuit_of_other_gates_is_none() {
        let circuit = |bits| rectify_and_flip(Modulus::TwoTo(bits), 2, Outcome::Plain, 0);
        let _ = Garbler::new(1).garble_otherwise(&circuit(9), &[(circuit(8), vec![0])], 1, &[0; 18]);
    }
}
