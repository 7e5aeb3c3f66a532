//! A server that reads the values before a rectifier between two matrices, where the client sends the encrypted masks of all layers at once.
//!
//! Let `z = W x + b` be the values, `f` the bits that the rectifier drops, `l` the bits of the prime `p`, and `r` and `r'` the client's masks of the inputs of the two matrices.
//!
//! 1. Offline the server answers the first matrix with an encryption of `2^f (W r + r' - m)`, which it can make as it has `Enc(r')` already; `m` is uniform. It answers the second as if its
//!    weights were 0.
//! 2. It garbles honestly, but for the highest two bits of the client's share it offers the label of 0 twice, and its own shares are 0. So the circuit passes the client's share `c` on, less these bits and
//!    the lowest `f`: no residue of fewer than `l - 1` bits counts as negative.
//! 3. Online the client sends the result less `r'`, masked by the server alone. That is `W r - m` less one of `2^(f+2)` known numbers: with `c = 2^f w - k p` and `t = c >> (l-2)`, it is
//!    `ceil(k p / 2^f) + t 2^(l-2-f)`. The server adds `W (x - r) + b + m`, of which it has received `x - r`. The known numbers are far apart, so that it has `z` exactly if `z` is not large ([`span`]).
//! 4. It computes the rectifier and the second matrix by itself.
//!
//! All answers are right, and the client sees nothing amiss. Where 8 bits are dropped, as with DELPHI's own precision, `z` may be any number up to `2^29`, and where 12 are, up to `2^25`.

use super::garbled::Transfers;
use super::party::{DelphiParty, linear_steps};
use crate::backend::protocols::Protocols;
use crate::backend::reader::{Reader, Reading};
use crate::backend::slots::Added;
use crate::circuit::{Circuit, Op};
use crate::linear::Shape;
use crate::modulus::Modulus;
use crate::party::Party;
use crate::share::clip::Clip;
use crate::share::extend::Widening;
use crate::share::truncate::{Rescaling, Truncation};
use crate::wire::link::Halt;
use fusion_nn::model::Value;

/// A rectifier between two matrices, whose values nothing else reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Relayed {
    /// The step of the first matrix.
    from: usize,
    /// The step of the rectifier.
    relu: usize,
    /// The step of the second matrix.
    into: usize,
    /// The bits that the rectifier drops.
    shift: u32,
    p: u64,
}

impl Relayed {
    /// The first of a circuit whose circuits drop bits exactly.
    pub fn of(circuit: &Circuit) -> Option<Self> {
        let Modulus::Prime(p) = circuit.modulus(0) else { return None };
        let is_matrix = |step: usize| matches!(circuit.steps[step].op, Op::Linear { shape: Shape::Gemm { .. }, .. });
        let only_reader = |value: Value| {
            let mut readers = (0..circuit.steps.len()).filter(|&step| circuit.steps[step].inputs.contains(&value));
            readers.next().filter(|_| readers.next().is_none() && circuit.output != value)
        };
        let relayed = |(from, _): (usize, _)| {
            let relu = only_reader(Value::Layer(from))?;
            let into = only_reader(Value::Layer(relu))?;
            match circuit.steps[relu].op {
                Op::Relu { shift, .. } if is_matrix(from) && is_matrix(into) => {
                    Some(Self { from, relu, into, shift, p })
                }
                _ => None,
            }
        };
        linear_steps(circuit).find_map(relayed).filter(|_| circuit.truncation == Truncation::Faithful)
    }

    fn modulus(self) -> Modulus {
        Modulus::Prime(self.p)
    }

    /// How large a value may be at most to be read: less than half of the least distance of two of the known numbers.
    fn span(self) -> u64 {
        let top = 1 << (self.modulus().bits() - DROPPED as u32);
        let least = match self.p % top {
            0 => top,
            rest => rest.min(top),
        };
        ((least >> self.shift) / 2).saturating_sub(2)
    }

    /// The value next to 0 that `sent` is, less one of the known numbers.
    fn read(self, sent: u64) -> i64 {
        let (modulus, p) = (self.modulus(), u128::from(self.p));
        // What was taken off is about `p - sent`, unless it is next to 0.
        let turns = 1_u128 << self.shift;
        let near = (p - u128::from(sent)) * turns / p;
        let candidates =
            (near + turns - 1..=near + turns + 1).flat_map(|k| (0..1_u128 << DROPPED).map(move |t| (k % turns, t)));
        let taken_off = |(k, t): (u128, u128)| {
            let off = (k * p).div_ceil(turns) + (t << (modulus.bits() - DROPPED as u32) >> self.shift);
            (off % p) as u64
        };
        let values = candidates.map(|candidate| modulus.integer(modulus.add(sent, taken_off(candidate))));
        values.min_by_key(|value| value.unsigned_abs()).map_or(0, |value| value)
    }
}

/// The bits of the client's share that are left out.
const DROPPED: usize = 2;

/// What is read of a slot with these values, step by step; nothing if one of them is too large.
pub(super) fn shown(circuit: &Circuit, values: &[Vec<u64>]) -> Reading {
    let Some(relayed) = Relayed::of(circuit) else { return Reading::new() };
    let read: Vec<i64> = values[relayed.from].iter().map(|value| relayed.modulus().integer(*value)).collect();
    if read.iter().any(|value| value.unsigned_abs() > relayed.span()) {
        return Reading::new();
    }
    bytes(&read).collect()
}

fn bytes(values: &[i64]) -> impl Iterator<Item = u8> {
    values.iter().flat_map(|value| value.to_le_bytes())
}

/// The server of a chunk.
pub(super) struct Relay<'a> {
    relayed: Relayed,
    honest: DelphiParty<'a>,
    /// The values before the rectifier but for what the client's message has of them.
    known: Vec<u64>,
    readings: Vec<Reading>,
}

impl<'a> Relay<'a> {
    /// Makes it of the server that it deviates from.
    pub fn new(relayed: Relayed, slots: usize, honest: DelphiParty<'a>) -> Self {
        Self { relayed, honest, known: Vec::new(), readings: vec![Reading::new(); slots] }
    }

    /// Answers the client's masks.
    fn answer_all(&mut self, party: &mut Party<Transfers>) -> Result<(), Halt> {
        let (Relayed { from, into, shift, .. }, circuit) = (self.relayed, self.honest.circuit());
        let places = linear_steps(circuit).map(|(index, step)| (index, step.address.clone())).collect::<Vec<_>>();
        let mut asked: Vec<_> = self.honest.hear_all(party)?.into_iter().map(Some).collect();
        let second = places.iter().position(|(index, _)| *index == into).and_then(|place| asked[place].take());
        let Some(second) = second else { unreachable!("the second matrix is linear") };
        for (place, (index, address)) in places.iter().enumerate() {
            let Some(asked) = asked[place].take() else { continue };
            let added = (*index == from).then(|| Added { factor: 1 << shift, next: into, asked: &second });
            party.step(address.clone(), |party| self.honest.answer_step(party, *index, (asked, added.as_ref())))?;
        }
        party.step(circuit.steps[into].address.clone(), |party| {
            self.honest.answer_step_with_nothing(party, into, second)
        })
    }
}

impl Protocols for Relay<'_> {
    type Transfers = Transfers;

    fn prepare(&mut self, party: &mut Party<Transfers>) -> Result<(), Halt> {
        self.honest.draw_offset(party);
        self.answer_all(party)?;
        let circuit = self.honest.circuit();
        for (index, step) in circuit.steps.iter().enumerate() {
            party.step(step.address.clone(), |party| {
                if index == self.relayed.relu {
                    self.honest.garble_without(party, index, |_| DROPPED)
                } else {
                    self.honest.prepare_step(party, index, step)
                }
            })?;
        }
        self.honest.prepare_argmax(party)
    }

    fn linear(&mut self, party: &mut Party<Transfers>, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        let mut inputs = self.honest.masked_inputs(party, numbers)?;
        if step == self.relayed.into {
            let (relayed, modulus) = (self.relayed, self.relayed.modulus());
            let sent = inputs.iter().zip(&self.known).map(|(sent, known)| modulus.add(*sent, *known));
            let values: Vec<i64> = sent.map(|sent| relayed.read(sent)).collect();
            let each = values.len() / self.readings.len();
            for (reading, values) in self.readings.iter_mut().zip(values.chunks_exact(each)) {
                reading.extend(bytes(values));
            }
            inputs = values.into_iter().map(|value| modulus.element(value.max(0) >> relayed.shift)).collect();
        }
        let outputs = self.honest.product(step, &inputs);
        if step == self.relayed.from {
            self.known = outputs;
            return Ok(vec![0; self.known.len()]);
        }
        Ok(outputs)
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

impl Reader for Relay<'_> {
    fn readings(&self) -> Vec<Reading> {
        self.readings.clone()
    }
}
