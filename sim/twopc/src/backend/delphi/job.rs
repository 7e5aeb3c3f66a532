//! What is garbled for a circuit's steps, as both parties know it.

use super::circuits::{Function, outcome};
use super::mask::Mask;
use crate::bits::packed_bytes;
use crate::circuit::{Circuit, Op, Step};
use crate::cost::Cost;
use crate::evaluate::window_sizes;
use crate::gc::LANES;
use crate::gc::circuit::Circuit as Gates;
use crate::gc::decode::DECODING_BYTES;
use crate::gc::function::rectify_and_flip;
use crate::gc::garble::{LABEL_BYTES, table_bytes};
use crate::gc::otherwise::others;
use crate::modulus::Modulus;
use crate::ot::Scheme;
use crate::role::Role;
use crate::share::maximum::label_bits;
use crate::share::truncate::Truncation;
use fusion_nn::model::Value;
use std::collections::BTreeMap;
use std::ops::Range;

/// The most bytes of a message of a garbled circuit: 64 MiB. [`LANES`] elements go together even where they take more.
const MESSAGE_BYTES: usize = 1 << 26;

/// One circuit, garbled for many elements.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub function: Function,
    pub gates: Gates,
    pub modulus: Modulus,
    /// The number of elements.
    pub count: usize,
    /// The values of an element.
    pub values: usize,
    /// The garbler's wires whose labels are sent online; those of its mask are sent offline.
    pub late: usize,
    /// The linear step whose outputs are the values, of which the client has its share offline; otherwise the client shares anew.
    pub after: Option<usize>,
    /// Whether the client's mask of the result is an input of the circuit.
    pub mask: Mask,
}

/// The function that is garbled for a step on single values, if there is one.
fn function(circuit: &Circuit, step: usize) -> Option<Function> {
    let inside = |shift: u32| if circuit.truncation == Truncation::Faithful { shift } else { 0 };
    match circuit.steps[step].op {
        Op::Relu { shift, .. } => Some(Function::Relu { shift: inside(shift) }),
        Op::Clip { ends, shift, .. } => Some(Function::Clip { ends, shift: inside(shift) }),
        Op::Truncate { shift, .. } if inside(shift) > 0 => Some(Function::Truncate { shift }),
        _ => None,
    }
}

/// The linear step that a value comes from.
fn linear(circuit: &Circuit, value: Value) -> Option<usize> {
    match value {
        Value::Layer(step) if matches!(circuit.steps[step].op, Op::Linear { .. }) => Some(step),
        _ => None,
    }
}

/// The jobs of a step on so many slots: several for windows of several sizes, whose client's mask is always outside.
pub(super) fn jobs(circuit: &Circuit, step: usize, slots: usize, mask: Mask) -> Vec<Job> {
    if let Op::Largest { window, image } = circuit.steps[step].op {
        let mut sizes = BTreeMap::new();
        for size in window_sizes(image, &window) {
            *sizes.entry(size).or_insert(0) += slots;
        }
        let job = |(values, count)| Job::new(circuit, Function::Largest { values }, count, None, Mask::Outside);
        return sizes.into_iter().map(job).collect();
    }
    let count = slots * circuit.steps[step].count;
    let after = || linear(circuit, circuit.steps[step].inputs[0]);
    function(circuit, step).map(|function| Job::new(circuit, function, count, after(), mask)).into_iter().collect()
}

/// The job of the argmax.
pub(super) fn argmax(circuit: &Circuit, slots: usize) -> Job {
    let function = Function::Argmax { values: circuit.classes, label_bits: label_bits(circuit.classes) };
    Job::new(circuit, function, slots, linear(circuit, circuit.output), Mask::Outside)
}

/// By step, whether the client's mask of its values is one that circuits have inside: those of a circuit, and what a party computes of such values by itself.
pub(super) fn masked_inside(circuit: &Circuit, mask: Mask) -> Vec<bool> {
    let mut masked: Vec<bool> = Vec::with_capacity(circuit.steps.len());
    for (index, step) in circuit.steps.iter().enumerate() {
        let reads_masked = |value: &Value| matches!(value, Value::Layer(step) if masked[*step]);
        let inside = match step.op {
            _ if is_alone(step) => step.inputs.iter().all(reads_masked),
            _ => mask == Mask::Inside && function(circuit, index).is_some(),
        };
        masked.push(inside);
    }
    masked
}

/// By step, whether a server can leave the client's mask out of its values and all answers stay right: of those of [`masked_inside`], the ones that go on
/// into linear layers alone, by themselves or in what a party computes of such values by itself. Where each party drops bits alone there are none.
pub(super) fn opened(circuit: &Circuit, mask: Mask) -> Vec<bool> {
    let mut opened = masked_inside(circuit, mask);
    loop {
        let is_opened = |value: &Value| matches!(value, Value::Layer(step) if opened[*step]);
        let stays = |index: usize| {
            let value = Value::Layer(index);
            let mut readers = circuit.steps.iter().enumerate().filter(|(_, step)| step.inputs.contains(&value));
            circuit.truncation == Truncation::Faithful
                && circuit.output != value
                && (!is_alone(&circuit.steps[index]) || circuit.steps[index].inputs.iter().all(is_opened))
                && readers
                    .all(|(reader, step)| matches!(step.op, Op::Linear { .. }) || opened[reader] && is_alone(step))
        };
        let next: Vec<bool> = (0..opened.len()).map(|index| opened[index] && stays(index)).collect();
        if next == opened {
            return opened;
        }
        opened = next;
    }
}

/// Whether each party computes a step by itself.
fn is_alone(step: &Step) -> bool {
    matches!(step.op, Op::Sum { .. } | Op::Add | Op::Concat)
}

/// The bits of a piece of numbers, of each element so many numbers of so many bits: wire by wire, and of a wire element by element.
pub(super) fn wires(numbers: &[u64], (each, width): (usize, u32), piece: &Range<usize>) -> Vec<u8> {
    if width == 0 {
        return Vec::new();
    }
    let numbers = &numbers[each * piece.start..each * piece.end];
    let wires = (0..each).flat_map(|place| (0..width).map(move |bit| (place, bit)));
    let of = |(place, bit): (usize, u32)| {
        numbers.iter().skip(place).step_by(each).map(move |number| (number >> bit & 1) as u8)
    };
    wires.flat_map(of).collect()
}

impl Job {
    fn new(circuit: &Circuit, function: Function, count: usize, after: Option<usize>, mask: Mask) -> Self {
        let modulus = circuit.modulus(0);
        let Modulus::Prime(p) = modulus else { unreachable!("a circuit of this family is modulo a prime") };
        let (gates, values) = (function.circuit(p, mask), function.values());
        let [garbler, _] = gates.inputs();
        let late = match function {
            Function::Argmax { .. } => garbler,
            _ => garbler - modulus.bits() as usize,
        };
        Self { function, gates, modulus, count, values, late, after, mask }
    }

    /// A garbler's deviation: the circuits that it garbles instead for elements to which it adds where a ReLU keeps them, of these errors of all elements.
    /// It adds by flipping bits.
    pub fn others(&self, errors: &[i64], piece: &Range<usize>) -> Vec<(Gates, Vec<usize>)> {
        let Function::Relu { shift } = self.function else { return Vec::new() };
        let errors = errors.get(piece.clone()).unwrap_or(&[]);
        others(errors, |flipped| rectify_and_flip(self.modulus, shift as usize, outcome(self.mask), flipped))
    }

    /// The number of values of all elements.
    pub fn elements(&self) -> usize {
        self.count * self.values
    }

    /// The input wires.
    pub fn wires(&self) -> usize {
        self.gates.inputs().iter().sum()
    }

    /// The labels of the client's inputs for so many elements.
    pub fn asked(&self, count: usize) -> usize {
        self.gates.inputs()[1] * count
    }

    /// The bits of the server's mask of an element.
    pub fn mask_bits(&self) -> u32 {
        (self.gates.inputs()[0] - self.late) as u32
    }

    /// The bits of the client's mask of an element inside the circuit, the last of its inputs: none where it is outside.
    pub fn client_mask_bits(&self) -> u32 {
        match self.mask {
            Mask::Outside => 0,
            Mask::Inside => self.modulus.bits(),
        }
    }

    /// The bits of the server's input besides its share and its mask, for a value.
    pub fn said_bits(&self) -> u32 {
        (self.late / self.values) as u32 - self.modulus.bits()
    }

    /// The bytes of the tables, the mask's labels and the decoding, for so many elements.
    pub fn garbled_bytes(&self, count: usize) -> [usize; 3] {
        let masks = LABEL_BYTES * self.mask_bits() as usize * count;
        [table_bytes(&self.gates, count), masks, DECODING_BYTES * self.gates.outputs().len() * count]
    }

    /// The elements that are garbled together: as many whole lanes as fit messages of [`MESSAGE_BYTES`].
    pub fn pieces(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let garbled: usize = self.garbled_bytes(1).iter().sum();
        let each = garbled.max(2 * LABEL_BYTES * self.asked(1)).max(LABEL_BYTES * self.late);
        let piece = (MESSAGE_BYTES / each / LANES).max(1) * LANES;
        let count = self.count;
        (0..count).step_by(piece).map(move |first| first..count.min(first + piece))
    }

    /// The bits of a party's shares of a piece.
    pub fn shares(&self, shares: &[u64], piece: &Range<usize>) -> Vec<u8> {
        assert_eq!(shares.len(), self.elements(), "a share for each value");
        wires(shares, (self.values, self.modulus.bits()), piece)
    }

    pub fn offline_cost(&self, scheme: impl Into<Scheme>, cost: &mut Cost) {
        let scheme = scheme.into();
        self.pieces().for_each(|piece| cost.choose(scheme, Role::Client, self.asked(piece.len())));
        self.pieces().for_each(|piece| cost.send(Role::Server, 2 * LABEL_BYTES * self.asked(piece.len())));
        self.pieces().for_each(|piece| cost.send(Role::Server, self.garbled_bytes(piece.len()).iter().sum()));
    }

    pub fn online_cost(&self, cost: &mut Cost) {
        if self.after.is_none() {
            cost.send(Role::Client, packed_bytes(self.elements(), self.modulus.bits()));
        }
        self.pieces().for_each(|piece| cost.send(Role::Server, LABEL_BYTES * self.late * piece.len()));
    }
}
