//! Boolean circuits: AND and XOR gates over wires. Constants and inversions are folded while a circuit is built, so that neither needs a gate.
//!
//! A circuit is stored as it runs: gates in order, over as few slots as hold the wires that are still read. Gates that no output depends on are left out.

use std::collections::BTreeMap;

/// A bit inside a circuit: a constant that both parties know, or a wire, inverted or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bit {
    /// A bit that both parties know.
    Constant(bool),
    /// The bit of a wire, exclusive or `inverted`.
    Wire {
        /// The number of the wire, or of the slot that holds it.
        wire: u32,
        /// Whether the bit is the complement of the wire's.
        inverted: bool,
    },
}

impl Bit {
    fn exclusive_or(self, bit: bool) -> Self {
        if bit { !self } else { self }
    }

    const fn wire(wire: u32) -> Self {
        Self::Wire { wire, inverted: false }
    }
}

impl std::ops::Not for Bit {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Constant(bit) => Self::Constant(!bit),
            Self::Wire { wire, inverted } => Self::Wire { wire, inverted: !inverted },
        }
    }
}

/// A gate, over wires while a circuit is built and over slots afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// The exclusive or of two wires.
    Xor {
        /// What it reads.
        inputs: [u32; 2],
        /// What it writes.
        output: u32,
    },
    /// The product of two wires, each inverted or not.
    And {
        /// What it reads.
        inputs: [u32; 2],
        /// Whether the complement of an input is multiplied.
        inverted: [bool; 2],
        /// What it writes.
        output: u32,
    },
}

impl Gate {
    pub(super) const fn inputs(&self) -> [u32; 2] {
        let (Self::Xor { inputs, .. } | Self::And { inputs, .. }) = *self;
        inputs
    }

    pub(super) const fn output(&self) -> u32 {
        let (Self::Xor { output, .. } | Self::And { output, .. }) = *self;
        output
    }

    /// The same gate over slots.
    const fn over(self, inputs: [u32; 2], output: u32) -> Self {
        match self {
            Self::Xor { .. } => Self::Xor { inputs, output },
            Self::And { inverted, .. } => Self::And { inputs, inverted, output },
        }
    }
}

/// A circuit under construction.
#[derive(Debug, Default)]
pub struct Builder {
    inputs: [usize; 2],
    gates: Vec<Gate>,
    wires: u32,
}

impl Builder {
    /// Makes a circuit of so many input bits of the garbler and of the evaluator, and returns these bits.
    #[must_use]
    pub fn new(garbler: usize, evaluator: usize) -> (Self, Vec<Bit>, Vec<Bit>) {
        let mut bits: Vec<Bit> = (0..).map(Bit::wire).take(garbler + evaluator).collect();
        let evaluators = bits.split_off(garbler);
        let wires = (garbler + evaluator) as u32;
        (Self { inputs: [garbler, evaluator], gates: Vec::new(), wires }, bits, evaluators)
    }

    /// The exclusive or of two bits, which costs nothing.
    pub fn xor(&mut self, a: Bit, b: Bit) -> Bit {
        match (a, b) {
            (Bit::Constant(constant), bit) | (bit, Bit::Constant(constant)) => bit.exclusive_or(constant),
            (Bit::Wire { wire: a, inverted: i }, Bit::Wire { wire: b, inverted: j }) if a == b => Bit::Constant(i != j),
            (Bit::Wire { wire: a, inverted: i }, Bit::Wire { wire: b, inverted: j }) => {
                let output = self.fresh();
                self.gates.push(Gate::Xor { inputs: [a, b], output });
                Bit::Wire { wire: output, inverted: i != j }
            }
        }
    }

    /// The product of two bits: one AND gate, unless a bit is constant or both are the same wire.
    pub fn and(&mut self, a: Bit, b: Bit) -> Bit {
        match (a, b) {
            (Bit::Constant(true), bit) | (bit, Bit::Constant(true)) => bit,
            (Bit::Constant(false), _) | (_, Bit::Constant(false)) => Bit::Constant(false),
            (Bit::Wire { wire: x, inverted: i }, Bit::Wire { wire: y, inverted: j }) if x == y => {
                if i == j {
                    a
                } else {
                    Bit::Constant(false)
                }
            }
            (Bit::Wire { wire: a, inverted: i }, Bit::Wire { wire: b, inverted: j }) => {
                let output = self.fresh();
                self.gates.push(Gate::And { inputs: [a, b], inverted: [i, j], output });
                Bit::wire(output)
            }
        }
    }

    /// Whether either bit is 1, for one AND gate.
    pub fn or(&mut self, a: Bit, b: Bit) -> Bit {
        !self.and(!a, !b)
    }

    fn fresh(&mut self) -> u32 {
        self.wires += 1;
        self.wires - 1
    }

    /// Ends the construction: the gates that the outputs depend on, over slots.
    #[must_use]
    pub fn finish(self, outputs: &[Bit]) -> Circuit {
        let gates = needed(&self.gates, outputs, self.wires);
        let mut slots = Slots::new(&gates, outputs, self.inputs[0] + self.inputs[1]);
        let gates: Vec<Gate> = gates.iter().enumerate().map(|(place, gate)| slots.assign(place, gate)).collect();
        let ands = gates.iter().filter(|gate| matches!(gate, Gate::And { .. })).count();
        let outputs = outputs.iter().map(|&bit| slots.of_bit(bit)).collect();
        Circuit { inputs: self.inputs, gates, outputs, slots: slots.count as usize, ands }
    }
}

/// The gates that the outputs depend on.
fn needed(gates: &[Gate], outputs: &[Bit], wires: u32) -> Vec<Gate> {
    let mut read = vec![false; wires as usize];
    for output in outputs {
        if let Bit::Wire { wire, .. } = output {
            read[*wire as usize] = true;
        }
    }
    let is_read = |gate: &&Gate| {
        let needed = read[gate.output() as usize];
        if needed {
            gate.inputs().iter().for_each(|&wire| read[wire as usize] = true);
        }
        needed
    };
    let mut kept: Vec<Gate> = gates.iter().rev().filter(is_read).copied().collect();
    kept.reverse();
    kept
}

/// The slots of wires, of which one is free again after the last gate that reads its wire.
struct Slots {
    /// By wire: the last gate that reads it; an output is read after all gates.
    last: BTreeMap<u32, usize>,
    /// By wire that is held.
    held: BTreeMap<u32, u32>,
    free: Vec<u32>,
    count: u32,
}

impl Slots {
    /// Inputs have the first slots, whether they are read or not.
    fn new(gates: &[Gate], outputs: &[Bit], inputs: usize) -> Self {
        let mut last = BTreeMap::new();
        for (place, gate) in gates.iter().enumerate() {
            last.extend(gate.inputs().map(|wire| (wire, place)));
        }
        let wire = |bit: &Bit| if let Bit::Wire { wire, .. } = *bit { Some((wire, gates.len())) } else { None };
        last.extend(outputs.iter().filter_map(wire));
        let inputs = inputs as u32;
        Self { last, held: (0..inputs).map(|wire| (wire, wire)).collect(), free: Vec::new(), count: inputs }
    }

    /// A gate's output never has the slot of one of its inputs.
    fn assign(&mut self, place: usize, gate: &Gate) -> Gate {
        let inputs = gate.inputs().map(|wire| self.held[&wire]);
        let output = self.free.pop().unwrap_or_else(|| {
            self.count += 1;
            self.count - 1
        });
        for wire in gate.inputs() {
            if self.last[&wire] == place {
                self.free.extend(self.held.remove(&wire));
            }
        }
        self.held.insert(gate.output(), output);
        gate.over(inputs, output)
    }

    fn of_bit(&self, bit: Bit) -> Bit {
        match bit {
            Bit::Wire { wire, inverted } => Bit::Wire { wire: self.held[&wire], inverted },
            constant @ Bit::Constant(_) => constant,
        }
    }
}

/// A circuit whose inputs are a garbler's and an evaluator's bits. Its input wires are in the first slots, the garbler's before the evaluator's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circuit {
    inputs: [usize; 2],
    gates: Vec<Gate>,
    outputs: Vec<Bit>,
    slots: usize,
    ands: usize,
}

impl Circuit {
    /// The number of input bits, the garbler's and the evaluator's.
    #[must_use]
    pub fn inputs(&self) -> [usize; 2] {
        self.inputs
    }

    /// The gates in the order in which they are computed, over slots.
    #[must_use]
    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }

    /// Whether another circuit has the same gates and outputs as this one, up to inversions of wires.
    #[must_use]
    pub fn has_gates_of(&self, other: &Self) -> bool {
        let upright = |gate: &Gate| match *gate {
            Gate::And { inputs, output, .. } => Gate::And { inputs, inverted: [false; 2], output },
            xor @ Gate::Xor { .. } => xor,
        };
        let gates = |circuit: &Self| circuit.gates.iter().map(upright).collect::<Vec<_>>();
        self.inputs == other.inputs && self.outputs == other.outputs && gates(self) == gates(other)
    }

    /// The output bits, in the slots that hold them after the last gate.
    #[must_use]
    pub fn outputs(&self) -> &[Bit] {
        &self.outputs
    }

    /// The number of slots.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// The number of AND gates.
    #[must_use]
    pub fn ands(&self) -> usize {
        self.ands
    }

    /// Evaluates the circuit in the clear, on 64 inputs at once: bit `i` of every word belongs to input `i`.
    ///
    /// # Panics
    /// For another number of inputs.
    #[must_use]
    pub fn clear(&self, garbler: &[u64], evaluator: &[u64]) -> Vec<u64> {
        assert_eq!([garbler.len(), evaluator.len()], self.inputs, "a word for each input");
        let mut values: Vec<u64> = [garbler, evaluator].concat();
        values.resize(self.slots, 0);
        let flip = |word: u64, inverted: bool| word ^ u64::from(inverted).wrapping_neg();
        for gate in &self.gates {
            let [a, b] = gate.inputs().map(|slot| values[slot as usize]);
            values[gate.output() as usize] = match *gate {
                Gate::Xor { .. } => a ^ b,
                Gate::And { inverted: [i, j], .. } => flip(a, i) & flip(b, j),
            };
        }
        let output = |bit: &Bit| match *bit {
            Bit::Constant(bit) => u64::from(bit).wrapping_neg(),
            Bit::Wire { wire, inverted } => flip(values[wire as usize], inverted),
        };
        self.outputs.iter().map(output).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits of every two inputs, side by side.
    const X: u64 = 0b1100;
    const Y: u64 = 0b1010;

    fn of(make: impl Fn(&mut Builder, Bit, Bit) -> Bit) -> (usize, u64) {
        let (mut builder, x, y) = Builder::new(1, 1);
        let bit = make(&mut builder, x[0], y[0]);
        let circuit = builder.finish(&[bit]);
        (circuit.ands(), circuit.clear(&[X], &[Y])[0] & 0b1111)
    }

    #[test]
    fn gates_are_their_truth_tables_with_inputs_inverted_or_not() {
        assert_eq!(of(Builder::and), (1, 0b1000));
        assert_eq!(of(|b, x, y| b.and(!x, y)), (1, 0b0010));
        assert_eq!(of(|b, x, y| !b.and(x, !y)), (1, 0b1011));
        assert_eq!(of(Builder::or), (1, 0b1110));
        assert_eq!(of(Builder::xor), (0, 0b0110));
        assert_eq!(of(|b, x, y| b.xor(!x, y)), (0, 0b1001));
    }

    #[test]
    fn what_is_known_costs_no_gate() {
        let one = Bit::Constant(true);
        assert_eq!(of(|b, x, _| b.and(x, x)), (0, X));
        assert_eq!(of(|b, x, _| b.and(x, !x)), (0, 0));
        assert_eq!(of(|b, x, _| b.and(one, !x)), (0, 0b0011));
        assert_eq!(of(|b, x, _| b.or(x, one)), (0, 0b1111));
        assert_eq!(of(|b, x, _| b.xor(x, one)), (0, 0b0011));
        assert_eq!(of(|b, x, _| b.xor(!x, x)), (0, 0b1111));
    }

    #[test]
    fn gates_that_no_output_needs_are_left_out_and_slots_are_used_again() {
        let (mut builder, x, y) = Builder::new(64, 64);
        let unused = builder.and(x[0], y[1]);
        let _also_unused = builder.xor(unused, x[2]);
        let all: Vec<Bit> = x.iter().chain(&y).copied().collect();
        let parity = all.into_iter().fold(Bit::Constant(false), |sum, bit| builder.xor(sum, bit));
        let circuit = builder.finish(&[parity, Bit::Constant(true)]);
        assert_eq!((circuit.ands(), circuit.gates().len()), (0, 127));
        assert!(circuit.slots() <= 130, "{}", circuit.slots());
        let inputs: Vec<u64> = (0..128).map(|i| 1 << (i % 64)).collect();
        let flipped: Vec<u64> = inputs[64..].iter().map(|word| !word).collect();
        assert_eq!(circuit.clear(&inputs[..64], &inputs[64..]), [0, u64::MAX]);
        assert_eq!(circuit.clear(&inputs[..64], &flipped)[0], 0, "64 flips");
        assert_eq!(circuit.clear(&inputs[..64], &inputs[..64].iter().map(|_| 1).collect::<Vec<_>>())[0], !0);
    }
}
