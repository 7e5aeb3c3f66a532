//! Half gates: garbled circuits at 32 bytes an AND gate, with free XOR and point-and-permute, for many elements at once.
//!
//! Zahur, Rosulek, Evans, "Two Halves Make a Whole: Reducing Data Transfer in Garbled Circuits Using Half Gates" (EUROCRYPT 2015), figure 2.
//! Of each wire the garbler has the label of 0, and that of 1 is the offset `delta` away; the evaluator has one of the two. The lowest
//! bit of `delta` is 1, so that the lowest bit of a label tells which of the two it is, to whoever knows that bit of the label of 0.
//!
//! The same circuit is garbled for every element of a layer, with labels of its own for each. Labels come wire by wire, and of a wire element by element:
//! that of element `e` of `count` on wire `w` is at `w * count + e`. Tables come in groups of 64 elements, of a group gate by
//! gate, of a gate half by half.
//!
//! Whatever bytes an evaluator is given as tables, it computes some labels.

use super::circuit::{Bit, Circuit, Gate};
use super::hash::{Hash, LANES, Lanes};
use crate::ot::block::Block;
use pulp::Arch;
use std::ops::Range;
use zeroize::Zeroizing;

/// The bytes of the tables of an AND gate, for one element.
pub const AND_BYTES: usize = 32;

/// The bytes of a label.
pub const LABEL_BYTES: usize = 16;

/// The bytes of a circuit's tables for so many elements.
#[must_use]
pub fn table_bytes(circuit: &Circuit, count: usize) -> usize {
    AND_BYTES * circuit.ands() * count
}

/// The party that garbles circuits, under one offset of its own.
pub struct Garbler {
    hash: Hash<4>,
    delta: Zeroizing<Block>,
    pub(super) tweak: u64,
}

impl std::fmt::Debug for Garbler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Garbler(..)")
    }
}

/// The party that evaluates garbled circuits, in the order in which they were garbled.
#[derive(Debug, Default)]
pub struct Evaluator {
    hash: Hash<2>,
    pub(super) tweak: u64,
}

impl Garbler {
    /// Makes a garbler with a random offset, whose lowest bit is set here.
    #[must_use]
    pub fn new(delta: Block) -> Self {
        Self { hash: Hash::default(), delta: Zeroizing::new(delta | 1), tweak: 0 }
    }

    /// The offset between the two labels of every wire.
    #[must_use]
    pub fn delta(&self) -> Block {
        *self.delta
    }

    /// Garbles a circuit for `count` elements, given the labels of 0 of its input wires: the tables, and the labels of 0 of the outputs.
    ///
    /// # Panics
    /// For another number of labels.
    pub fn garble(&mut self, circuit: &Circuit, count: usize, zeros: &[Block]) -> (Vec<u8>, Vec<Block>) {
        let mut tables = Vec::with_capacity(table_bytes(circuit, count));
        let mut outputs = vec![0; circuit.outputs().len() * count];
        let mut wires = Wires::new(circuit, count, zeros);
        let mut halves = [[0; LANES]; 2];
        for lanes in groups(count) {
            wires.load(zeros, &lanes);
            for gate in circuit.gates() {
                let (inputs, output) = wires.of(gate);
                match *gate {
                    Gate::Xor { .. } => xor(inputs, output),
                    Gate::And { inverted, .. } => {
                        self.and(inputs, inverted, &mut halves, output);
                        for half in &halves {
                            tables.extend_from_slice(bytemuck::cast_slice(&half[..lanes.len()]));
                        }
                    }
                }
            }
            wires.store(&mut outputs, &lanes, |bit| match bit {
                Bit::Constant(bit) | Bit::Wire { inverted: bit, .. } => if_one(bit, *self.delta),
            });
        }
        (tables, outputs)
    }

    /// Garbles one AND gate: its table, both halves, and the labels of 0 of its output.
    fn and(&mut self, inputs: [&Lanes; 2], inverted: [bool; 2], halves: &mut [Lanes; 2], output: &mut Lanes) {
        let delta = *self.delta;
        let offsets = inverted.map(|bit| if_one(bit, delta));
        let [first, second] = half_tweaks(&mut self.tweak);
        let hashes = self.hash.hash([first, first, second, second], |labels| {
            Arch::new().dispatch(
                #[inline(always)]
                || both_labels(delta, inputs, offsets, labels),
            );
        });
        Arch::new().dispatch(
            #[inline(always)]
            || garbled(delta, inputs, offsets, hashes, halves, output),
        );
    }
}

impl Evaluator {
    /// Evaluates a circuit for `count` elements, given a label of each input wire and the tables: a label of each output.
    ///
    /// # Panics
    /// For another number of labels, or of bytes.
    pub fn evaluate(&mut self, circuit: &Circuit, count: usize, labels: &[Block], tables: &[u8]) -> Vec<Block> {
        assert_eq!(tables.len(), table_bytes(circuit, count), "a table for each AND gate");
        let mut left = tables;
        let mut outputs = vec![0; circuit.outputs().len() * count];
        let mut wires = Wires::new(circuit, count, labels);
        let mut halves = [[0; LANES]; 2];
        for lanes in groups(count) {
            wires.load(labels, &lanes);
            for gate in circuit.gates() {
                let (inputs, output) = wires.of(gate);
                match gate {
                    Gate::Xor { .. } => xor(inputs, output),
                    Gate::And { .. } => {
                        for half in &mut halves {
                            let half: &mut [u8] = bytemuck::cast_slice_mut(&mut half[..lanes.len()]);
                            let (now, later) = left.split_at(half.len());
                            half.copy_from_slice(now);
                            left = later;
                        }
                        self.and(inputs, &halves, output);
                    }
                }
            }
            wires.store(&mut outputs, &lanes, |_| 0);
        }
        outputs
    }

    /// Evaluates one AND gate.
    fn and(&mut self, inputs: [&Lanes; 2], halves: &[Lanes; 2], output: &mut Lanes) {
        let hashes = self.hash.hash(half_tweaks(&mut self.tweak), |labels| *labels = inputs.map(|labels| *labels));
        Arch::new().dispatch(
            #[inline(always)]
            || evaluated(inputs, hashes, halves, output),
        );
    }
}

/// The tweaks of the next gate's halves.
fn half_tweaks(tweak: &mut u64) -> [u64; 2] {
    let first = *tweak;
    *tweak = tweak.wrapping_add(2 * LANES as u64);
    [first, first.wrapping_add(LANES as u64)]
}

/// The labels of 0 and of 1 of the first wire, and of the second.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn both_labels(delta: Block, inputs: [&Lanes; 2], offsets: [Block; 2], labels: &mut [Lanes; 4]) {
    for side in 0..2 {
        for i in 0..LANES {
            let zero = inputs[side][i] ^ offsets[side];
            labels[2 * side][i] = zero;
            labels[2 * side + 1][i] = zero ^ delta;
        }
    }
}

/// Figure 2, `GbAnd`, from the hashes of the labels of 0 and of 1 of the first wire, and of the second.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn garbled(
    delta: Block,
    [a, b]: [&Lanes; 2],
    offsets: [Block; 2],
    [once, twice]: &[[Lanes; 4]; 2],
    [generator, evaluator]: &mut [Lanes; 2],
    output: &mut Lanes,
) {
    for i in 0..LANES {
        let [a, b] = [a[i] ^ offsets[0], b[i] ^ offsets[1]];
        let [a0, a1, b0, b1] = [0, 1, 2, 3].map(|wire| once[wire][i] ^ twice[wire][i]);
        let half = a0 ^ a1 ^ if_odd(b, delta);
        let difference = b0 ^ b1;
        generator[i] = half;
        evaluator[i] = difference ^ a;
        output[i] = a0 ^ if_odd(a, half) ^ b0 ^ if_odd(b, difference);
    }
}

/// Figure 2, `Ev` of an AND gate.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn evaluated(
    [a, b]: [&Lanes; 2],
    [once, twice]: &[[Lanes; 2]; 2],
    [generator, evaluator]: &[Lanes; 2],
    output: &mut Lanes,
) {
    for i in 0..LANES {
        let hashes = once[0][i] ^ twice[0][i] ^ once[1][i] ^ twice[1][i];
        output[i] = hashes ^ if_odd(a[i], generator[i]) ^ if_odd(b[i], evaluator[i] ^ a[i]);
    }
}

/// The block if the label's lowest bit is 1, otherwise 0.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn if_odd(label: Block, block: Block) -> Block {
    (label & 1).wrapping_neg() & block
}

/// The block if the bit is 1, otherwise 0.
fn if_one(bit: bool, block: Block) -> Block {
    if_odd(bit.into(), block)
}

fn xor([a, b]: [&Lanes; 2], output: &mut Lanes) {
    Arch::new().dispatch(
        #[inline(always)]
        || output.iter_mut().zip(a).zip(b).for_each(|((output, a), b)| *output = a ^ b),
    );
}

/// The elements in groups of at most [`LANES`].
pub(super) fn groups(count: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(LANES).map(move |first| first..count.min(first + LANES))
}

/// The labels of a group on the wires that are held.
struct Wires<'a> {
    circuit: &'a Circuit,
    count: usize,
    slots: Vec<Lanes>,
}

impl<'a> Wires<'a> {
    fn new(circuit: &'a Circuit, count: usize, inputs: &[Block]) -> Self {
        let wires: usize = circuit.inputs().iter().sum();
        assert_eq!(inputs.len(), wires * count, "a label for each input");
        Self { circuit, count, slots: vec![[0; LANES]; circuit.slots()] }
    }

    fn load(&mut self, inputs: &[Block], lanes: &Range<usize>) {
        for (slot, labels) in self.slots.iter_mut().zip(inputs.chunks_exact(self.count.max(1))) {
            slot[..lanes.len()].copy_from_slice(&labels[lanes.clone()]);
        }
    }

    #[expect(clippy::expect_used, reason = "a gate reads two slots and writes another")]
    fn of(&mut self, gate: &Gate) -> ([&Lanes; 2], &mut Lanes) {
        let [a, b] = gate.inputs();
        let slots = [a, b, gate.output()].map(|slot| slot as usize);
        let [a, b, output] = self.slots.get_disjoint_mut(slots).expect("three slots");
        ([a, b], output)
    }

    /// The outputs' labels, with what `offset` adds to those of an output. Of a constant the evaluator's label is 0.
    fn store(&self, outputs: &mut [Block], lanes: &Range<usize>, offset: impl Fn(Bit) -> Block) {
        for (&bit, labels) in self.circuit.outputs().iter().zip(outputs.chunks_exact_mut(self.count.max(1))) {
            let offset = offset(bit);
            let held = match bit {
                Bit::Constant(_) => &[0; LANES],
                Bit::Wire { wire, .. } => &self.slots[wire as usize],
            };
            labels[lanes.clone()].iter_mut().zip(held).for_each(|(label, held)| *label = held ^ offset);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gc::arithmetic::{add, at_least};
    use crate::gc::circuit::Builder;
    use crate::ot::block::Cipher;
    use crate::random::{Seed, uniform};
    use rand_core::Rng;

    /// Outputs of every kind: sums, a constant of each value, an inverted wire, an input.
    fn circuit() -> Circuit {
        let (mut builder, x, y) = Builder::new(9, 9);
        let (mut outputs, carry) = add(&mut builder, &x, &y, Bit::Constant(true));
        let larger = at_least(&mut builder, &x, &y);
        outputs.extend([carry, larger, !larger, Bit::Constant(false), Bit::Constant(true), !x[3]]);
        builder.finish(&outputs)
    }

    /// Labels of 0 for so many wires, as if random.
    fn zeros(wires: usize, count: usize) -> Vec<Block> {
        let mut zeros = vec![0; wires * count];
        Cipher::new(5).key_stream(1, &mut zeros);
        zeros
    }

    /// The labels of these bits, wire by wire.
    fn chosen(zeros: &[Block], delta: Block, bits: &[u8]) -> Vec<Block> {
        zeros.iter().zip(bits).map(|(zero, &bit)| zero ^ if_one(bit == 1, delta)).collect()
    }

    #[test]
    fn a_garbled_circuit_is_the_circuit_for_any_number_of_elements() {
        let circuit = circuit();
        let delta = 0x1122_3344_5566_7788_99aa_bbcc_ddee_ff00;
        let (mut garbler, mut evaluator) = (Garbler::new(delta), Evaluator::default());
        let mut rng = Seed([1; 32]).stream();
        // One after another under one offset: tweaks go on.
        for count in [1, 0, LANES, 3 * LANES + 7] {
            let zeros = zeros(18, count);
            let bits: Vec<u8> = (0..18 * count).map(|_| (rng.next_u32() & 1) as u8).collect();
            let (tables, outputs) = garbler.garble(&circuit, count, &zeros);
            assert_eq!(tables.len(), AND_BYTES * circuit.ands() * count);
            let labels = evaluator.evaluate(&circuit, count, &chosen(&zeros, delta | 1, &bits), &tables);
            for element in 0..count {
                let words: Vec<u64> = (0..18).map(|wire| bits[wire * count + element].into()).collect();
                for (output, expected) in circuit.clear(&words[..9], &words[9..]).iter().enumerate() {
                    let at = output * count + element;
                    let label = outputs[at] ^ if_one(expected & 1 == 1, garbler.delta());
                    assert_eq!(labels[at], label, "output {output} of element {element}");
                }
            }
        }
    }

    /// The formula of figure 2, one element and one block at a time.
    #[test]
    fn tables_are_those_of_the_figure() {
        use aes::Aes128Enc;
        use aes::cipher::{BlockCipherEncrypt, KeyInit};
        let pi = |x: Block| {
            let mut block = x.to_le_bytes().into();
            Aes128Enc::new(b"fusion-gc-tmmo-1".into()).encrypt_block(&mut block);
            Block::from_le_bytes(block.into())
        };
        let hash = |x: Block, tweak: u64| pi(pi(x) ^ Block::from(tweak)) ^ pi(x);
        let (mut builder, x, y) = Builder::new(1, 1);
        let product = builder.and(x[0], y[0]);
        let again = builder.and(product, !x[0]);
        let circuit = builder.finish(&[product, again]);
        let (count, delta) = (LANES + 2, (7 << 100) + 9);
        let zeros = zeros(2, count);
        let (tables, outputs) = Garbler::new(delta).garble(&circuit, count, &zeros);
        let table = |at: usize| Block::from_le_bytes(tables[16 * at..][..16].try_into().unwrap());
        let gate = |[a, b]: [Block; 2], tweak: u64| {
            let [p, q] = [a & 1, b & 1].map(|bit| bit == 1);
            let [j, k] = [tweak, tweak + LANES as u64];
            let generator = hash(a, j) ^ hash(a ^ delta, j) ^ if_one(q, delta);
            let evaluator = hash(b, k) ^ hash(b ^ delta, k) ^ a;
            let halves = [hash(a, j) ^ if_one(p, generator), hash(b, k) ^ if_one(q, evaluator ^ a)];
            (generator, evaluator, halves[0] ^ halves[1])
        };
        for element in [0, LANES - 1, LANES, LANES + 1] {
            let (group, lane, lanes) = (element / LANES, element % LANES, if element < LANES { LANES } else { 2 });
            let tweak = (4 * group * LANES + lane) as u64;
            let first = 4 * group * LANES + lane;
            let (generator, evaluator, product) = gate([zeros[element], zeros[count + element]], tweak);
            assert_eq!([table(first), table(first + lanes)], [generator, evaluator]);
            let (generator, evaluator, again) = gate([product, zeros[element] ^ delta], tweak + 2 * LANES as u64);
            assert_eq!([table(first + 2 * lanes), table(first + 3 * lanes)], [generator, evaluator]);
            assert_eq!([outputs[element], outputs[count + element]], [product, again]);
        }
    }

    #[test]
    fn the_bytes_of_tables_stay() {
        let circuit = circuit();
        let (tables, _) = Garbler::new(3).garble(&circuit, 2, &zeros(18, 2));
        // Made once with this code, when the test above held; blake3 of the 1,152 bytes.
        assert_eq!(blake3::hash(&tables).to_hex().as_str(), GOLDEN);
    }

    const GOLDEN: &str = "1b23eac67f0ff0faefe4938084283e72486752181c0244ee95a9cb2de2f85c19";

    /// Each of 2^-127 a chance, as of random labels: tables of garbage make labels that are neither of the garbler's.
    #[test]
    fn tables_of_garbage_make_some_labels_and_no_panic() {
        let circuit = circuit();
        let zeros = zeros(18, 5);
        let mut garbler = Garbler::new(3);
        let (tables, outputs) = garbler.garble(&circuit, 5, &zeros);
        let garbage: Vec<u8> = uniform(&mut Seed([2; 32]).stream(), 8, tables.len()).iter().map(|&x| x as u8).collect();
        let labels = Evaluator::default().evaluate(&circuit, 5, &chosen(&zeros, garbler.delta(), &[1; 90]), &garbage);
        let known = |at: usize| [0, garbler.delta()].contains(&(labels[at] ^ outputs[at]));
        // The carry of each element, which comes out of nine AND gates.
        assert!((9 * 5..10 * 5).all(|at| !known(at)));
    }
}
