//! The client and the server of a chunk, as they run DELPHI's protocols.

use super::decode::Decode;
use super::garbled::{self, Garbled, Held, Transfers, both_labels};
use super::job::{Job, argmax, jobs};
use super::mask::Mask;
use super::prepare::Prepare;
use crate::backend::protocols::Protocols;
use crate::backend::slots::{
    Added, Asked, Network, Packing, answer, answer_with_nothing, ask, hear, in_the_clear, multiply_by_nothing,
    multiply_client, multiply_server, take,
};
use crate::bits::{pack, packed_bytes, unpack};
use crate::circuit::{ARGMAX, Circuit, Op, Step};
use crate::evaluate::alone;
use crate::gc::garble::{Evaluator, Garbler};
use crate::he::slots::{ClientKey, ServerKeys};
use crate::modulus::Modulus;
use crate::party::Party;
use crate::share::clip::Clip;
use crate::share::extend::Widening;
use crate::share::truncate::{Rescaling, Truncation};
use crate::share::uniform::truncate_alone;
use crate::wire::link::Halt;
use fusion_nn::model::Value;
use rand_core::Rng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One of the parties of a chunk.
pub struct DelphiParty<'a> {
    circuit: &'a Circuit,
    packing: &'a Packing,
    slots: usize,
    mask: Mask,
    prepare: Prepare,
    decode: Decode,
    side: Side<'a>,
}

enum Side<'a> {
    Client(Box<Client<'a>>),
    Server(Box<Server<'a>>),
}

/// What the client holds.
struct Client<'a> {
    key: &'a ClientKey,
    evaluator: Evaluator,
    /// By linear step, the masks of its inputs and the client's shares of its outputs.
    layers: BTreeMap<usize, [Vec<u64>; 2]>,
    /// By step, the masks of its values where circuits have them inside.
    masks: Vec<Option<Vec<u64>>>,
    /// The circuits that are yet to be evaluated, in order.
    held: VecDeque<(Job, Held)>,
}

impl Client<'_> {
    /// The masks of a value, where circuits have them inside.
    fn masks_of(&self, value: Value) -> Option<&[u64]> {
        match value {
            Value::Input => None,
            Value::Layer(step) => self.masks[step].as_deref(),
        }
    }

    /// Sends the server the inputs of a linear step without the masks, and has its shares of the outputs.
    #[expect(clippy::expect_used, reason = "every linear step is prepared")]
    fn linear(
        &mut self,
        party: &mut Party<Transfers>,
        modulus: Modulus,
        step: usize,
        numbers: &[u64],
    ) -> Result<Vec<u64>, Halt> {
        let [masks, shares] = self.layers.remove(&step).expect("a prepared step");
        let differences = numbers.iter().zip(&masks).map(|(number, mask)| modulus.sub(*number, *mask));
        let differences: Vec<u64> = differences.collect();
        party.step("difference", |party| party.link.send(pack(&differences, modulus.bits())))?;
        Ok(shares)
    }
}

/// What the server holds.
struct Server<'a> {
    keys: &'a ServerKeys,
    /// The network of each group of slots, in order.
    networks: Vec<&'a Network>,
    garbler: Garbler,
    /// By linear step, its shares of what the masks of the inputs become.
    layers: BTreeMap<usize, Vec<u64>>,
    /// The circuits that are yet to be evaluated, in order.
    garbled: VecDeque<(Job, Garbled)>,
}

/// The linear steps of a circuit, with their places.
pub(super) fn linear_steps(circuit: &Circuit) -> impl Iterator<Item = (usize, &Step)> {
    circuit.steps.iter().enumerate().filter(|(_, step)| matches!(step.op, Op::Linear { .. }))
}

impl<'a> DelphiParty<'a> {
    pub(super) fn client(
        circuit: &'a Circuit,
        packing: &'a Packing,
        (slots, (mask, prepare)): (usize, (Mask, Prepare)),
        key: &'a ClientKey,
    ) -> Self {
        let (layers, masks, held) = (BTreeMap::new(), Vec::new(), VecDeque::new());
        let client = Client { key, evaluator: Evaluator::default(), layers, masks, held };
        Self { circuit, packing, slots, mask, prepare, decode: Decode::Zero, side: Side::Client(Box::new(client)) }
    }

    pub(super) fn server(
        circuit: &'a Circuit,
        packing: &'a Packing,
        (slots, (mask, prepare)): (usize, (Mask, Prepare)),
        keys: &'a ServerKeys,
        networks: Vec<&'a Network>,
    ) -> Self {
        let (layers, garbled) = (BTreeMap::new(), VecDeque::new());
        let server = Server { keys, networks, garbler: Garbler::new(0), layers, garbled };
        Self { circuit, packing, slots, mask, prepare, decode: Decode::Zero, side: Side::Server(Box::new(server)) }
    }

    /// The party, which does this where labels decode to nothing.
    pub(super) fn decoding(self, decode: Decode) -> Self {
        Self { decode, ..self }
    }

    /// The circuit that is evaluated.
    pub(super) fn circuit(&self) -> &'a Circuit {
        self.circuit
    }

    fn modulus(&self) -> Modulus {
        self.circuit.modulus(0)
    }

    /// Prepares a step. No mask of a layer is sent, under encryption, before the answer to the one before has come.
    pub(super) fn prepare_step(&mut self, party: &mut Party<Transfers>, index: usize, step: &Step) -> Result<(), Halt> {
        let mut masks = None;
        match step.op {
            Op::Linear { .. } if self.prepare == Prepare::Batch => {}
            Op::Linear { .. } => self.prepare_linear(party, index)?,
            Op::Sum { .. } | Op::Add | Op::Concat => masks = self.masks_alone(step),
            _ => {
                for job in jobs(self.circuit, index, self.slots, self.mask) {
                    masks = self.prepare_job(party, job)?;
                }
            }
        }
        if let Side::Client(client) = &mut self.side {
            client.masks.push(masks);
        }
        Ok(())
    }

    /// The client's masks of a value that each party computes by itself, where circuits have those of its inputs inside.
    fn masks_alone(&self, step: &Step) -> Option<Vec<u64>> {
        let Side::Client(client) = &self.side else { return None };
        let inputs: Option<Vec<&[u64]>> = step.inputs.iter().map(|input| client.masks_of(*input)).collect();
        inputs.map(|inputs| alone(self.circuit, step, &inputs))
    }

    /// Prepares a linear step: of masks `r` of its inputs, which are random unless circuits have them inside, the parties get shares of `W r`.
    fn prepare_linear(&mut self, party: &mut Party<Transfers>, step: usize) -> Result<(), Halt> {
        let (place, modulus) = ((self.packing, step), self.modulus());
        match &mut self.side {
            Side::Client(client) => {
                let inside = client.masks_of(self.circuit.steps[step].inputs[0]).map(<[u64]>::to_vec);
                let count = self.slots * self.packing.layout(step).inputs();
                let masks = inside.unwrap_or_else(|| modulus.uniform(&mut party.rng, count));
                let shares = multiply_client(party, client.key, place, &masks)?;
                client.layers.insert(step, [masks, shares]);
            }
            Side::Server(server) => {
                let shares = multiply_server(party, server.keys, place, &server.networks)?;
                server.layers.insert(step, shares);
            }
        }
        Ok(())
    }

    /// Prepares all linear steps: the client sends its masks of all their inputs, under encryption, before the first answer.
    fn prepare_at_once(&mut self, party: &mut Party<Transfers>) -> Result<(), Halt> {
        let (circuit, packing, slots, modulus) = (self.circuit, self.packing, self.slots, self.modulus());
        match &mut self.side {
            Side::Client(client) => {
                let mut asked = Vec::new();
                for (index, step) in linear_steps(circuit) {
                    let masks = modulus.uniform(&mut party.rng, slots * packing.layout(index).inputs());
                    party.step(step.address.clone(), |party| ask(party, client.key, (packing, index), &masks))?;
                    asked.push(masks);
                }
                for ((index, step), masks) in linear_steps(circuit).zip(asked) {
                    let shares =
                        party.step(step.address.clone(), |party| take(party, client.key, (packing, index), slots))?;
                    client.layers.insert(index, [masks, shares]);
                }
                Ok(())
            }
            Side::Server(_) => {
                let asked = self.hear_all(party)?;
                linear_steps(circuit).zip(asked).try_for_each(|((index, step), asked)| {
                    party.step(step.address.clone(), |party| self.answer_step(party, index, (asked, None)))
                })
            }
        }
    }

    /// What the server hears of all linear steps, in order, where masks are sent at once.
    pub(super) fn hear_all(&self, party: &mut Party<Transfers>) -> Result<Vec<Asked>, Halt> {
        let Side::Server(server) = &self.side else { unreachable!("a server hears") };
        let groups = server.networks.len();
        let hear = |(index, step): (usize, &Step)| {
            party.step(step.address.clone(), |party| hear(party, server.keys, (self.packing, index), groups))
        };
        linear_steps(self.circuit).map(hear).collect()
    }

    /// The server answers what it heard of a linear step. If it deviates, it adds the input of another.
    pub(super) fn answer_step(
        &mut self,
        party: &mut Party<Transfers>,
        step: usize,
        (asked, added): (Asked, Option<&Added<'_>>),
    ) -> Result<(), Halt> {
        let Side::Server(server) = &mut self.side else { unreachable!("a server answers") };
        let shares = answer(party, server.keys, (self.packing, step), &server.networks, (asked, added))?;
        server.layers.insert(step, shares);
        Ok(())
    }

    /// A server's deviation: it answers what it heard of a linear step as if all weights were 0.
    pub(super) fn answer_step_with_nothing(
        &mut self,
        party: &mut Party<Transfers>,
        step: usize,
        asked: Asked,
    ) -> Result<(), Halt> {
        let Side::Server(server) = &mut self.side else { unreachable!("a server deviates") };
        let shares = answer_with_nothing(party, server.keys, (self.packing, step), asked)?;
        server.layers.insert(step, shares);
        Ok(())
    }

    /// Prepares one garbled circuit. Returns the client's masks of its results, if they are inside.
    fn prepare_job(&mut self, party: &mut Party<Transfers>, job: Job) -> Result<Option<Vec<u64>>, Halt> {
        match &mut self.side {
            Side::Client(client) => {
                let modulus = job.modulus;
                let shares = match job.after {
                    Some(step) => client.layers[&step][1].clone(),
                    None => modulus.uniform(&mut party.rng, job.elements()),
                };
                let inside = job.mask == Mask::Inside;
                let added = modulus.uniform(&mut party.rng, if inside { job.count } else { 0 });
                let masks = added.iter().map(|mask| modulus.sub(0, *mask)).collect();
                let held = garbled::hold(party, &job, shares, added)?;
                client.held.push_back((job, held));
                Ok(inside.then_some(masks))
            }
            Side::Server(server) => {
                let garbled = garbled::garble(party, &mut server.garbler, &job, both_labels)?;
                server.garbled.push_back((job, garbled));
                Ok(None)
            }
        }
    }

    /// Evaluates the next circuit that was prepared: the party's shares of the results. `said` are the server's other inputs.
    #[expect(clippy::expect_used, reason = "the circuits of all steps are prepared, in their order")]
    fn apply(&mut self, party: &mut Party<Transfers>, numbers: &[u64], said: &[u64]) -> Result<Vec<u64>, Halt> {
        match &mut self.side {
            Side::Client(client) => {
                let (job, held) = client.held.pop_front().expect("a circuit for each step");
                garbled::evaluate(party, (&mut client.evaluator, self.decode), &job, held, numbers)
            }
            Side::Server(server) => {
                let (job, garbled) = server.garbled.pop_front().expect("a circuit for each step");
                garbled::serve(party, &server.garbler, &job, &garbled, numbers, said)
            }
        }
    }

    /// Draws the server's offset for the circuits of a chunk.
    pub(super) fn draw_offset(&mut self, party: &mut Party<Transfers>) {
        if let Side::Server(server) = &mut self.side {
            let [low, high] = [party.rng.next_u64(), party.rng.next_u64()].map(u128::from);
            server.garbler = Garbler::new(high << 64 | low);
        }
    }

    pub(super) fn prepare_argmax(&mut self, party: &mut Party<Transfers>) -> Result<(), Halt> {
        let last = argmax(self.circuit, self.slots);
        party.step(ARGMAX, |party| self.prepare_job(party, last)).map(drop)
    }

    /// A server's deviation: it answers the masks of a linear step as if all weights were 0, so that the client's share is known to it.
    pub(super) fn answer_without_weights(&mut self, party: &mut Party<Transfers>, step: usize) -> Result<(), Halt> {
        let Side::Server(server) = &mut self.side else { unreachable!("a server deviates") };
        let shares = multiply_by_nothing(party, server.keys, (self.packing, step), server.networks.len())?;
        server.layers.insert(step, shares);
        Ok(())
    }

    /// A server's deviation: it garbles the circuits of a step, but offers the label of 0 in place of both for the last so many bits of the client's inputs.
    pub(super) fn garble_without(
        &mut self,
        party: &mut Party<Transfers>,
        step: usize,
        last: impl Fn(&Job) -> usize,
    ) -> Result<(), Halt> {
        let Side::Server(server) = &mut self.side else { unreachable!("a server deviates") };
        for job in jobs(self.circuit, step, self.slots, self.mask) {
            let (wires, last) = (job.gates.inputs()[1], last(&job));
            let garbled = garbled::garble(party, &mut server.garbler, &job, |zeros, delta| {
                let (kept, left_out) = zeros.split_at(zeros.len() / wires * (wires - last));
                both_labels(kept, delta).into_iter().chain(left_out.iter().map(|&zero| [zero, zero])).collect()
            })?;
            server.garbled.push_back((job, garbled));
        }
        Ok(())
    }

    /// The inputs of a linear step but for the client's masks, as the server receives them.
    pub(super) fn masked_inputs(&self, party: &mut Party<Transfers>, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        let modulus = self.modulus();
        let bytes = packed_bytes(numbers.len(), modulus.bits());
        let message = party.step("difference", |party| party.link.receive(bytes))?;
        let differences = unpack(&message, modulus.bits(), numbers.len());
        Ok(numbers.iter().zip(differences).map(|(x, other)| modulus.add(*x, modulus.reduce(other))).collect())
    }

    /// The server's shares of a linear step's outputs, of what it received of the inputs.
    #[expect(clippy::expect_used, reason = "every linear step is prepared")]
    pub(super) fn product(&mut self, step: usize, inputs: &[u64]) -> Vec<u64> {
        let Side::Server(server) = &mut self.side else { unreachable!("only a server receives inputs") };
        let prepared = server.layers.remove(&step).expect("a prepared step");
        in_the_clear((self.packing, step), &server.networks, inputs, &prepared)
    }

    /// Drops bits of shares that a circuit has not dropped.
    fn drop_alone(&self, party: &Party<Transfers>, shares: Vec<u64>, how: Rescaling) -> Vec<u64> {
        if how.truncation == Truncation::Faithful {
            return shares;
        }
        shares.into_iter().map(|share| truncate_alone(party.role(), share, how.shift, self.modulus())).collect()
    }
}

impl Protocols for DelphiParty<'_> {
    type Transfers = Transfers;

    /// Step by step: no mask of a layer is sent, under encryption, before the answer to the one before has come. If all were sent first, a server
    /// that deviates could answer with the mask of a later layer, and learn what that one's input is.
    fn prepare(&mut self, party: &mut Party<Transfers>) -> Result<(), Halt> {
        self.draw_offset(party);
        if self.prepare == Prepare::Batch {
            self.prepare_at_once(party)?;
        }
        for (index, step) in self.circuit.steps.iter().enumerate() {
            party.step(step.address.clone(), |party| self.prepare_step(party, index, step))?;
        }
        self.prepare_argmax(party)
    }

    fn linear(&mut self, party: &mut Party<Transfers>, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        match &mut self.side {
            Side::Client(client) => client.linear(party, self.circuit.modulus(0), step, numbers),
            Side::Server(_) => {
                let inputs = self.masked_inputs(party, numbers)?;
                Ok(self.product(step, &inputs))
            }
        }
    }

    fn relu(&mut self, party: &mut Party<Transfers>, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        let shares = self.apply(party, numbers, &[])?;
        Ok(self.drop_alone(party, shares, how))
    }

    fn clip(&mut self, party: &mut Party<Transfers>, numbers: &[u64], clip: Clip) -> Result<Vec<u64>, Halt> {
        let shares = self.apply(party, numbers, &[])?;
        Ok(self.drop_alone(party, shares, clip.how))
    }

    fn truncate(&mut self, party: &mut Party<Transfers>, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        if how.truncation == Truncation::Faithful && how.shift > 0 {
            return self.apply(party, numbers, &[]);
        }
        Ok(self.drop_alone(party, numbers.to_vec(), how))
    }

    fn extend(&mut self, _party: &mut Party<Transfers>, _numbers: &[u64], _: Widening) -> Result<Vec<u64>, Halt> {
        unreachable!("all values are modulo one prime")
    }

    fn largest(&mut self, party: &mut Party<Transfers>, lists: Vec<Vec<u64>>, _ring: u32) -> Result<Vec<u64>, Halt> {
        let sizes: BTreeSet<usize> = lists.iter().map(Vec::len).collect();
        let mut largest = vec![0; lists.len()];
        for size in sizes {
            let places = || lists.iter().enumerate().filter(|(_, list)| list.len() == size);
            let numbers: Vec<u64> = places().flat_map(|(_, list)| list.iter().copied()).collect();
            let shares = self.apply(party, &numbers, &[])?;
            places().zip(shares).for_each(|((place, _), share)| largest[place] = share);
        }
        Ok(largest)
    }

    /// The client decodes its labels itself. DELPHI gives it the logits; this circuit is an addition.
    fn argmax(
        &mut self,
        party: &mut Party<Transfers>,
        numbers: &[u64],
        _ring: u32,
        _classes: usize,
        labels: &[Vec<u32>],
    ) -> Result<Option<Vec<u32>>, Halt> {
        let said: Vec<u64> = labels.iter().flatten().map(|&label| label.into()).collect();
        let results = self.apply(party, numbers, &said)?;
        Ok(matches!(self.side, Side::Client(_)).then(|| results.into_iter().map(|label| label as u32).collect()))
    }
}
