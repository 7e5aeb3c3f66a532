//! A server that reads of comparisons what correlated triples show it where they are as released.
//!
//! It chooses its shares of what a linear layer returns, which an honest server draws: the same in all slots and sessions. Then the client's share of a value, and the thresholds that it is
//! compared with, are functions of the value alone. (Where linear layers go by transfers it cannot choose them; see [`agreeing`].) Of each comparison the server sees, for some groups of digits, whether those of the client's share are at least those of the threshold
//! ([`TripleForm`](super::TripleForm)). These bits are the same for copies, and differ for images whose values differ enough. Nothing that the server sends is against the protocol.

use super::party::{Cryptflow2Party, Linear};
use super::sign;
use super::transfers::Transfers;
use crate::backend::protocols::Protocols;
use crate::backend::reader::{Reader, Reading};
use crate::backend::slots::{self, Network, Packing};
use crate::bits::mask;
use crate::circuit::{Circuit, Op, Step};
use crate::he::slots::ServerKeys;
use crate::modulus::Modulus;
use crate::party::Party;
use crate::random::Seed;
use crate::share::clip::Clip;
use crate::share::extend::Widening;
use crate::share::truncate::Rescaling;
use crate::wire::link::Halt;
use fusion_nn::model::Value;
use std::collections::VecDeque;

/// The shares that the server chooses of what a step returns, the same in every slot.
fn chosen(p: u64, step: usize, count: usize) -> Vec<u64> {
    Modulus::Prime(p).uniform(&mut Seed([0; 32]).child(&format!("shares of step {step}")).stream(), count)
}

/// The step whose outputs a rectifier reads, if it is linear.
fn before(circuit: &Circuit, step: &Step) -> Option<usize> {
    match (&step.op, step.inputs.first()) {
        (Op::Relu { .. }, Some(&Value::Layer(from))) => {
            matches!(circuit.steps[from].op, Op::Linear { .. }).then_some(from)
        }
        _ => None,
    }
}

/// What is read of a slot with these values, step by step: one byte for each bit.
pub(super) fn shown(circuit: &Circuit, values: &[Vec<u64>]) -> Reading {
    let Modulus::Prime(p) = circuit.modulus(circuit.pixel_bits) else { return Reading::new() };
    let read = |step: &Step| before(circuit, step).map(|from| shown_of(p, &chosen(p, from, step.count), &values[from]));
    circuit.steps.iter().filter_map(read).flatten().collect()
}

/// What is read of the signs of values modulo a prime of which the server has these shares.
fn shown_of(p: u64, shares: &[u64], values: &[u64]) -> Reading {
    let modulus = Modulus::Prime(p);
    let theirs: Vec<u64> = values.iter().zip(shares).map(|(x, own)| modulus.sub(*x, *own)).collect();
    let (of_pairs, thresholds) = (sign::layout(1, modulus).of_pairs(), sign::thresholds(p, shares));
    let comparisons = of_pairs.iter().flat_map(|digits| thresholds.iter().map(move |threshold| (digits, threshold)));
    let bits = |(&(from, bits), threshold): (&(u32, u32), &Vec<u64>)| {
        let digits = move |number: u64| number >> from & mask(bits);
        let at_least = |(x, own): (&u64, &u64)| u8::from(digits(*x) >= digits(*own));
        theirs.iter().zip(threshold).map(at_least).collect::<Reading>()
    };
    comparisons.flat_map(bits).collect()
}

/// What is taken down of one comparison of digits, of some values of which the server has these shares: the place of the digits and the number of their bits, the shares, and what was seen.
type TakeDown = fn((u32, u32), &[u64], &[u8]) -> Reading;

/// The bits as they are.
pub(super) fn as_seen(_digits: (u32, u32), _own: &[u64], seen: &[u8]) -> Reading {
    seen.to_vec()
}

/// Where the server cannot choose its share `s`, and thresholds are random: of the sixteen values that the highest four bits of a value's digits may have, those that agree with what was
/// seen, one bit for each. The client's digits are `v - s`, but for a carry from below, and the threshold is `15 - s`. For each `v` the chance of its bit depends on the true value alone, so that two
/// readings of one value differ in fewer bits on average than those of two: by the sum of the squares by which the chances differ.
pub(super) fn agreeing((from, bits): (u32, u32), own: &[u64], seen: &[u8]) -> Reading {
    let of = |(own, seen): (&u64, &u8)| {
        let own = own >> (from + bits - 4) & 15;
        let agrees = |value: &u32| u8::from((16 + u64::from(*value) - own) & 15 >= 15 - own) == *seen;
        (0..16).filter(agrees).fold(0, |all: u16, value| all | 1 << value).to_le_bytes()
    };
    own.iter().zip(seen).flat_map(of).collect()
}

/// The linear layers of a server that chooses its shares.
pub(super) struct Chosen<'a> {
    pub packing: &'a Packing,
    /// The client's public keys.
    pub keys: &'a ServerKeys,
    /// The network of each group of slots, in order.
    pub networks: Vec<&'a Network>,
}

impl Linear for Chosen<'_> {
    fn linear(&self, party: &mut Party<Transfers>, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        let (place, p) = ((self.packing, step), self.packing.modulus());
        let layout = self.packing.layout(step);
        let slots = numbers.len() / layout.inputs();
        let wanted = chosen(p, step, layout.outputs()).repeat(slots);
        let own = slots::in_the_clear(place, &self.networks, numbers, &vec![0; wanted.len()]);
        let masks: Vec<u64> = wanted.iter().zip(own).map(|(share, own)| Modulus::Prime(p).sub(*share, own)).collect();
        slots::multiply_with_shares(party, self.keys, place, &self.networks, &masks)?;
        Ok(wanted)
    }
}

/// The server of a chunk.
pub(super) struct Unmask<L> {
    honest: Cryptflow2Party<L>,
    modulus: Modulus,
    take_down: TakeDown,
    /// Of the rectifiers that are yet to come, whether each reads what a linear layer returns.
    after_linear: VecDeque<bool>,
    readings: Vec<Reading>,
}

impl<L> Unmask<L> {
    /// Makes it for so many slots, with its linear layers.
    pub fn new(circuit: &Circuit, slots: usize, linear: L, take_down: TakeDown) -> Self {
        let relus = circuit.steps.iter().filter(|step| matches!(step.op, Op::Relu { .. }));
        let after_linear = relus.map(|step| before(circuit, step).is_some()).collect();
        let modulus = circuit.modulus(circuit.pixel_bits);
        let (honest, readings) = (Cryptflow2Party::new(circuit, linear), vec![Reading::new(); slots]);
        Self { honest, modulus, take_down, after_linear, readings }
    }

    /// The signs of values, of which it takes down what it sees, slot by slot.
    fn signs(&mut self, party: &mut Party<Transfers>, numbers: &[u64]) -> Result<Vec<u8>, Halt> {
        party.transfers.read = Some(Vec::new());
        let positive = self.honest.signs(party, numbers)?;
        let read = party.transfers.read.take().into_iter().flatten().collect::<Vec<u8>>();
        let layout = sign::layout(1, self.modulus);
        let comparisons = layout.of_pairs().into_iter().flat_map(|digits| vec![digits; layout.results()]);
        let each = numbers.len() / self.readings.len();
        for (digits, bits) in comparisons.zip(read.chunks_exact(numbers.len())) {
            let slots = numbers.chunks_exact(each).zip(bits.chunks_exact(each));
            for (reading, (own, bits)) in self.readings.iter_mut().zip(slots) {
                reading.extend((self.take_down)(digits, own, bits));
            }
        }
        Ok(positive)
    }
}

impl<L: Linear> Protocols for Unmask<L> {
    type Transfers = Transfers;

    fn prepare(&mut self, party: &mut Party<Transfers>) -> Result<(), Halt> {
        self.honest.prepare(party)
    }

    fn linear(&mut self, party: &mut Party<Transfers>, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        self.honest.linear(party, step, numbers)
    }

    fn relu(&mut self, party: &mut Party<Transfers>, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        if self.after_linear.pop_front() != Some(true) {
            return self.honest.relu(party, numbers, how);
        }
        let positive = self.signs(party, numbers)?;
        self.honest.rectified(party, &positive, numbers, how)
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

impl<L: Linear> Reader for Unmask<L> {
    fn readings(&self) -> Vec<Reading> {
        self.readings.clone()
    }
}
