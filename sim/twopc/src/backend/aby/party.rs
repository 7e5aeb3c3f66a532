//! The client and the server of a chunk, as they run the family's protocols.

use super::circuits;
use super::gilboa::{self, Triples};
use super::packing::{Layer, Network, Packing};
use super::transfers::Transfers;
use super::yao::{self, bits_of};
use crate::backend::protocols::Protocols;
use crate::bits::{pack, packed_bytes, unpack};
use crate::circuit::{Circuit, Step};
use crate::gc;
use crate::gc::otherwise::others;
use crate::modulus::Modulus;
use crate::party::Party;
use crate::role::Role;
use crate::share::clip::Clip;
use crate::share::extend::Widening;
use crate::share::maximum::label_bits;
use crate::share::truncate::Rescaling;
use crate::share::uniform::truncate_alone;
use crate::wire::link::Halt;

/// One of the parties of a chunk.
pub struct AbyParty<'a> {
    bits: u32,
    circuit: &'a Circuit,
    packing: &'a Packing,
    slots: usize,
    /// The network of each group of slots, in order; the client has none.
    networks: Vec<&'a Network>,
    /// By step: what the offline pass made.
    triples: Vec<Triples>,
}

impl<'a> AbyParty<'a> {
    pub(super) fn new(
        bits: u32,
        (circuit, packing): (&'a Circuit, &'a Packing),
        slots: usize,
        networks: Vec<&'a Network>,
    ) -> Self {
        Self { bits, circuit, packing, slots, networks, triples: Vec::new() }
    }

    /// The weights that a party multiplies with in a slot's layer, each as often as it is used: the client's shares of them are 0.
    fn weights(&self, step: usize, slot: usize) -> Option<&Layer> {
        self.networks.get(slot / self.packing.group()).and_then(|network| network.layer(step))
    }

    /// Puts numbers, `each` of them for an element, through a circuit, and its outputs back to shares of numbers.
    fn through(
        &self,
        party: &mut Party<Transfers>,
        circuit: &gc::circuit::Circuit,
        numbers: &[u64],
        each: usize,
    ) -> Result<Vec<u64>, Halt> {
        self.through_others(party, (circuit, &[]), numbers, each)
    }

    /// As [`through`](Self::through), of a garbler that garbles another circuit for some elements.
    fn through_others(
        &self,
        party: &mut Party<Transfers>,
        (circuit, others): (&gc::circuit::Circuit, &[(gc::circuit::Circuit, Vec<usize>)]),
        numbers: &[u64],
        each: usize,
    ) -> Result<Vec<u64>, Halt> {
        let bits = bits_of(numbers, each, self.bits);
        let shared = yao::evaluate(party, circuit, others, numbers.len() / each, &bits)?;
        party.step("b2a", |party| yao::to_arithmetic(party, &shared, self.bits))
    }

    /// Truncates by each party alone, where nothing else has truncated.
    fn alone(&self, role: Role, numbers: Vec<u64>, how: Rescaling) -> Vec<u64> {
        let shift = how.shift - how.carrying_bits();
        let modulus = Modulus::TwoTo(self.bits);
        if shift == 0 {
            return numbers;
        }
        numbers.into_iter().map(|share| truncate_alone(role, share, shift, modulus)).collect()
    }
}

impl Protocols for AbyParty<'_> {
    type Transfers = Transfers;

    /// Makes the triples of all linear layers.
    fn prepare(&mut self, party: &mut Party<Transfers>) -> Result<(), Halt> {
        let make = |(index, step): (usize, &Step)| match self.packing.products(index) {
            None => Ok(Triples::default()),
            Some(products) => party.step(step.address.join(&"triples".into()), |party| {
                gilboa::triples(party, self.slots * products.count(), self.bits)
            }),
        };
        self.triples = self.circuit.steps.iter().enumerate().map(make).collect::<Result<_, _>>()?;
        Ok(())
    }

    #[expect(clippy::expect_used, reason = "a linear step has products")]
    fn linear(&mut self, party: &mut Party<Transfers>, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        let products = self.packing.products(step).expect("a linear step");
        let triples = std::mem::take(&mut self.triples[step]);
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for (slot, numbers) in numbers.chunks_exact(products.inputs()).enumerate() {
            let weights = self.weights(step, slot).map(|layer| layer.weights.as_slice());
            for [weight, input] in products.outputs().flatten() {
                x.push(numbers[input]);
                y.push(weights.map_or(0, |weights| weights[weight]));
            }
        }
        let mut terms = gilboa::multiply(party, [&x, &y], &triples, self.bits)?.into_iter();
        let mut sums = Vec::with_capacity(self.slots * self.circuit.steps[step].count);
        let modulus = Modulus::TwoTo(self.bits);
        for slot in 0..self.slots {
            let start = self.weights(step, slot).map(|layer| layer.start.as_slice());
            for (output, each) in products.outputs().enumerate() {
                let filter = |start: &[u64]| start[output * start.len() / self.circuit.steps[step].count];
                let first = start.map_or(0, filter);
                let sum = terms.by_ref().take(each.count()).fold(first, |sum, term| modulus.add(sum, term));
                sums.push(sum);
            }
        }
        Ok(sums)
    }

    fn relu(&mut self, party: &mut Party<Transfers>, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        let errors: Vec<i64> = party.link.added_where_kept(numbers.len()).into_iter().flatten().collect();
        let others = others(&errors, |flipped| circuits::relu_and_flip(self.bits, how, flipped));
        let rectified = self.through_others(party, (&circuits::relu(self.bits, how), &others), numbers, 1)?;
        Ok(self.alone(party.role(), rectified, how))
    }

    fn clip(&mut self, party: &mut Party<Transfers>, numbers: &[u64], clip: Clip) -> Result<Vec<u64>, Halt> {
        let clipped = self.through(party, &circuits::clip(self.bits, clip), numbers, 1)?;
        Ok(self.alone(party.role(), clipped, clip.how))
    }

    fn truncate(&mut self, party: &mut Party<Transfers>, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        if how.carrying_bits() == 0 {
            return Ok(self.alone(party.role(), numbers.to_vec(), how));
        }
        self.through(party, &circuits::truncate(self.bits, how), numbers, 1)
    }

    fn extend(&mut self, _: &mut Party<Transfers>, numbers: &[u64], _: Widening) -> Result<Vec<u64>, Halt> {
        Ok(numbers.to_vec())
    }

    /// A list that is shorter than the longest, where a window reaches over the edge, has its first value again instead.
    fn largest(
        &mut self,
        party: &mut Party<Transfers>,
        mut lists: Vec<Vec<u64>>,
        _ring: u32,
    ) -> Result<Vec<u64>, Halt> {
        let most = lists.iter().map(Vec::len).max().map_or(0, |most| most);
        for list in &mut lists {
            list.resize(most, list[0]);
        }
        self.through(party, &circuits::largest(self.bits, most), &lists.concat(), most)
    }

    fn argmax(
        &mut self,
        party: &mut Party<Transfers>,
        numbers: &[u64],
        _ring: u32,
        classes: usize,
        labels: &[Vec<u32>],
    ) -> Result<Option<Vec<u32>>, Halt> {
        let (slots, bits) = (numbers.len() / classes, label_bits(classes));
        let mut own = bits_of(numbers, classes, self.bits);
        if party.role() == Role::Server {
            let labels: Vec<u64> = labels.iter().flatten().map(|&label| label.into()).collect();
            own.extend(bits_of(&labels, classes, bits));
        }
        let shared = yao::evaluate(party, &circuits::argmax(self.bits, classes), &[], slots, &own)?;
        let shared: Vec<u64> = shared.into_iter().map(u64::from).collect();
        party.step("label", |party| {
            if party.role() == Role::Server {
                party.link.send(pack(&shared, 1))?;
                return Ok(None);
            }
            let theirs = unpack(&party.link.receive(packed_bytes(shared.len(), 1))?, 1, shared.len());
            let bit = |at: usize| ((shared[at] ^ theirs[at]) << (at / slots)) as u32;
            Ok(Some((0..slots).map(|slot| (slot..shared.len()).step_by(slots).map(bit).sum()).collect()))
        })
    }
}
