//! The evaluation of a circuit on shares, step by step. Both parties run it, each on its own shares.

use crate::backend::Protocols;
use crate::circuit::{Circuit, Op, Step};
use crate::party::Party;
use crate::wire::link::Halt;
use fusion_nn::model::{Value, Window};

/// Evaluates a circuit on a party's shares of the images' integers, `input`, and returns its shares of every slot's logits, modulo the ring
/// of the circuit's output.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn evaluate<P: Protocols + ?Sized>(
    party: &mut Party<P::Transfers>,
    circuit: &Circuit,
    input: &[u64],
    protocols: &mut P,
) -> Result<Vec<u64>, Halt> {
    let mut values: Vec<Vec<u64>> = Vec::with_capacity(circuit.steps.len());
    let mut dropped = dropped(circuit);
    for (index, step) in circuit.steps.iter().enumerate() {
        let read = |value: &Value| match value {
            Value::Input => input,
            Value::Layer(index) => values[*index].as_slice(),
        };
        let inputs: Vec<&[u64]> = step.inputs.iter().map(read).collect();
        protocols.begin(index);
        let mut output =
            party.step(step.address.clone(), |party| walk(party, circuit, (index, step), &inputs, protocols))?;
        party.link.boundary(&step.address, &mut output, circuit.modulus(step.ring));
        values.push(output);
        for past in std::mem::take(&mut dropped[index]) {
            values[past] = Vec::new();
        }
    }
    Ok(match circuit.output {
        Value::Layer(index) => values.swap_remove(index),
        Value::Input => input.iter().map(|x| circuit.modulus(circuit.pixel_bits).reduce(*x)).collect(),
    })
}

/// For each step the values that no later one reads, other than the output.
fn dropped(circuit: &Circuit) -> Vec<Vec<usize>> {
    let mut last: Vec<usize> = (0..circuit.steps.len()).collect();
    for (index, step) in circuit.steps.iter().enumerate() {
        for input in &step.inputs {
            if let Value::Layer(past) = input {
                last[*past] = index;
            }
        }
    }
    let mut dropped = vec![Vec::new(); circuit.steps.len()];
    for (past, last) in last.into_iter().enumerate().filter(|(past, _)| circuit.output != Value::Layer(*past)) {
        dropped[last].push(past);
    }
    dropped
}

fn walk<P: Protocols + ?Sized>(
    party: &mut Party<P::Transfers>,
    circuit: &Circuit,
    (index, step): (usize, &Step),
    inputs: &[&[u64]],
    protocols: &mut P,
) -> Result<Vec<u64>, Halt> {
    let modulo = |bits: u32| -> Vec<u64> { inputs[0].iter().map(|x| circuit.modulus(bits).reduce(*x)).collect() };
    let truncation = circuit.truncation;
    match step.op {
        Op::Linear { .. } => protocols.linear(party, index, &modulo(step.ring)),
        Op::Relu { from, shift } => protocols.relu(party, &modulo(from), step.rescaling(from, shift, truncation)),
        Op::Clip { from, ends, shift } => {
            protocols.clip(party, &modulo(from), step.clip(ends, from, shift, truncation))
        }
        Op::Truncate { from, shift } => {
            protocols.truncate(party, &modulo(from), step.rescaling(from, shift, truncation))
        }
        Op::Extend { from, sign } => protocols.extend(party, inputs[0], step.widening(from, sign)),
        Op::Largest { window, image } => {
            protocols.largest(party, windows(&modulo(step.ring), image, &window), step.ring)
        }
        Op::Sum { .. } | Op::Add | Op::Concat => Ok(alone(circuit, step, inputs)),
    }
}

/// What a party computes of its shares by itself: sums, and values side by side. No other step is one of these.
pub(crate) fn alone(circuit: &Circuit, step: &Step, inputs: &[&[u64]]) -> Vec<u64> {
    let modulus = circuit.modulus(step.ring);
    match step.op {
        Op::Sum { window, image } => {
            let sum = |cells: Vec<u64>| cells.into_iter().fold(0, |sum, x| modulus.add(sum, modulus.reduce(x)));
            windows(inputs[0], image, &window).into_iter().map(sum).collect()
        }
        Op::Add => {
            let sum = |(a, b): (&u64, &u64)| modulus.add(modulus.reduce(*a), modulus.reduce(*b));
            inputs[0].iter().zip(inputs[1]).map(sum).collect()
        }
        Op::Concat => side_by_side(inputs, step.count).iter().map(|x| modulus.reduce(*x)).collect(),
        _ => unreachable!("a step with a protocol"),
    }
}

/// The cells of every window, plane by plane.
#[expect(clippy::expect_used, reason = "a network is read only if its windows fit its images")]
pub(crate) fn windows(values: &[u64], image: [usize; 3], window: &Window) -> Vec<Vec<u64>> {
    let size = [image[1], image[2]];
    let [height, width] = window.output(size).expect("an image as large as the window");
    let plane = |plane: &[u64]| {
        let at = (0..height).flat_map(|y| (0..width).map(move |x| [y, x]));
        at.map(|at| window.cells(at, size).map(|(_, row, column)| plane[row * size[1] + column]).collect()).collect()
    };
    values.chunks_exact(size[0] * size[1]).flat_map(|cells| -> Vec<Vec<u64>> { plane(cells) }).collect()
}

/// Cells of every window, plane by plane.
pub(crate) fn window_sizes([channels, height, width]: [usize; 3], window: &Window) -> Vec<usize> {
    windows(&vec![0; channels * height * width], [channels, height, width], window).iter().map(Vec::len).collect()
}

/// Slot by slot the inputs' elements, `count` together.
pub(crate) fn side_by_side(inputs: &[&[u64]], count: usize) -> Vec<u64> {
    let slots = inputs.iter().map(|input| input.len()).sum::<usize>() / count;
    let of = |input: &&[u64], slot: usize| {
        let each = input.len() / slots;
        input[slot * each..][..each].to_vec()
    };
    (0..slots).flat_map(|slot| inputs.iter().flat_map(move |input| of(input, slot))).collect()
}
