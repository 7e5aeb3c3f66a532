//! A server that reads what a linear layer takes from a circuit, where circuits have the client's masks inside.
//!
//! 1. Offline it answers `Enc(r)` of such a layer with an encryption of its mask alone, as if all weights were 0. So it knows the client's share of the layer's outputs.
//! 2. It garbles honestly, but for each bit of the client's mask offers the label of 0 twice, where the result goes on into linear layers alone. So the circuit adds nothing to its result.
//! 3. Online the client sends the result, without any mask but the server's own. The server knows the layer's input `x`, and computes `W x` by itself.
//!
//! All answers are right, and the client sees nothing amiss.

use super::garbled::Transfers;
use super::job::opened;
use super::mask::Mask;
use super::party::DelphiParty;
use crate::backend::protocols::Protocols;
use crate::backend::reader::{Reader, Reading};
use crate::circuit::{Circuit, Op};
use crate::party::Party;
use crate::share::clip::Clip;
use crate::share::extend::Widening;
use crate::share::truncate::Rescaling;
use crate::wire::link::Halt;
use fusion_nn::model::Value;

/// Whether a step is a linear layer whose input is read. `opened` says of each step whether its values are.
pub(super) fn is_read(circuit: &Circuit, opened: &[bool], step: usize) -> bool {
    let of = &circuit.steps[step];
    matches!(of.op, Op::Linear { .. }) && matches!(of.inputs[0], Value::Layer(input) if opened[input])
}

/// The server of a chunk.
pub(super) struct Unmask<'a> {
    circuit: &'a Circuit,
    /// By step, whether the client's mask is left out of its values.
    opened: Vec<bool>,
    honest: DelphiParty<'a>,
    readings: Vec<Reading>,
}

impl<'a> Unmask<'a> {
    /// Makes it of the server that it deviates from.
    pub fn new(circuit: &'a Circuit, slots: usize, honest: DelphiParty<'a>) -> Self {
        Self { circuit, opened: opened(circuit, Mask::Inside), honest, readings: vec![Vec::new(); slots] }
    }

    /// Whether it reads the input of a linear step.
    fn reads(&self, step: usize) -> bool {
        is_read(self.circuit, &self.opened, step)
    }
}

impl Protocols for Unmask<'_> {
    type Transfers = Transfers;

    fn prepare(&mut self, party: &mut Party<Transfers>) -> Result<(), Halt> {
        self.honest.draw_offset(party);
        for (index, step) in self.circuit.steps.iter().enumerate() {
            party.step(step.address.clone(), |party| match step.op {
                _ if self.reads(index) => self.honest.answer_without_weights(party, index),
                _ if self.opened[index] => {
                    self.honest.garble_without(party, index, |job| job.client_mask_bits() as usize)
                }
                _ => self.honest.prepare_step(party, index, step),
            })?;
        }
        self.honest.prepare_argmax(party)
    }

    fn linear(&mut self, party: &mut Party<Transfers>, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        let inputs = self.honest.masked_inputs(party, numbers)?;
        if self.reads(step) {
            let each = inputs.len() / self.readings.len();
            for (reading, values) in self.readings.iter_mut().zip(inputs.chunks_exact(each)) {
                reading.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
        }
        Ok(self.honest.product(step, &inputs))
    }

    fn relu(&mut self, party: &mut Party<Transfers>, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        self.honest.relu(party, numbers, how)
    }

    fn clip(&mut self, party: &mut Party<Transfers>, numbers: &[u64], clip: Clip) -> Result<Vec<u64>, Halt> {
        self.honest.clip(party, numbers, clip)
    }

    fn truncate(&mut self, party: &mut Party<Transfers>, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        self.honest.truncate(party, numbers, how)
    }

    fn extend(&mut self, party: &mut Party<Transfers>, numbers: &[u64], how: Widening) -> Result<Vec<u64>, Halt> {
        self.honest.extend(party, numbers, how)
    }

    fn largest(&mut self, party: &mut Party<Transfers>, lists: Vec<Vec<u64>>, ring: u32) -> Result<Vec<u64>, Halt> {
        self.honest.largest(party, lists, ring)
    }

    fn argmax(
        &mut self,
        party: &mut Party<Transfers>,
        numbers: &[u64],
        ring: u32,
        classes: usize,
        labels: &[Vec<u32>],
    ) -> Result<Option<Vec<u32>>, Halt> {
        self.honest.argmax(party, numbers, ring, classes, labels)
    }
}

impl Reader for Unmask<'_> {
    fn readings(&self) -> Vec<Reading> {
        self.readings.clone()
    }
}
