//! The client and the server of a chunk, as they run DELPHI's protocols.

use super::garbled::{self, Garbled, Held, Transfers};
use super::job::{Job, argmax, jobs};
use crate::backend::protocols::Protocols;
use crate::backend::slots::{Network, Packing, in_the_clear, multiply_client, multiply_server};
use crate::bits::{pack, packed_bytes, unpack};
use crate::circuit::{ARGMAX, Circuit, Op};
use crate::gc::garble::{Evaluator, Garbler};
use crate::he::slots::{ClientKey, ServerKeys};
use crate::modulus::Modulus;
use crate::party::Party;
use crate::share::clip::Clip;
use crate::share::extend::Widening;
use crate::share::truncate::{Rescaling, Truncation};
use crate::share::uniform::truncate_alone;
use crate::wire::link::Halt;
use rand_core::Rng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One of the parties of a chunk.
pub struct DelphiParty<'a> {
    circuit: &'a Circuit,
    packing: &'a Packing,
    slots: usize,
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
    /// The circuits that are yet to be evaluated, in order.
    held: VecDeque<(Job, Held)>,
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

impl<'a> DelphiParty<'a> {
    pub(super) fn client(circuit: &'a Circuit, packing: &'a Packing, slots: usize, key: &'a ClientKey) -> Self {
        let client = Client { key, evaluator: Evaluator::default(), layers: BTreeMap::new(), held: VecDeque::new() };
        Self { circuit, packing, slots, side: Side::Client(Box::new(client)) }
    }

    pub(super) fn server(
        circuit: &'a Circuit,
        packing: &'a Packing,
        slots: usize,
        keys: &'a ServerKeys,
        networks: Vec<&'a Network>,
    ) -> Self {
        let (layers, garbled) = (BTreeMap::new(), VecDeque::new());
        let server = Server { keys, networks, garbler: Garbler::new(0), layers, garbled };
        Self { circuit, packing, slots, side: Side::Server(Box::new(server)) }
    }

    fn modulus(&self) -> Modulus {
        self.circuit.modulus(0)
    }

    /// Prepares a linear step: of random masks `r` of its inputs the parties get shares of `W r`.
    fn prepare_linear(&mut self, party: &mut Party<Transfers>, step: usize) -> Result<(), Halt> {
        let (place, modulus) = ((self.packing, step), self.modulus());
        match &mut self.side {
            Side::Client(client) => {
                let masks = modulus.uniform(&mut party.rng, self.slots * self.packing.layout(step).inputs());
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

    /// Prepares one garbled circuit.
    fn prepare_job(&mut self, party: &mut Party<Transfers>, job: Job) -> Result<(), Halt> {
        match &mut self.side {
            Side::Client(client) => {
                let shares = match job.after {
                    Some(step) => client.layers[&step][1].clone(),
                    None => job.modulus.uniform(&mut party.rng, job.elements()),
                };
                let held = garbled::hold(party, &job, shares)?;
                client.held.push_back((job, held));
            }
            Side::Server(server) => {
                let garbled = garbled::garble(party, &mut server.garbler, &job)?;
                server.garbled.push_back((job, garbled));
            }
        }
        Ok(())
    }

    /// Evaluates the next circuit that was prepared: the party's shares of the results. `said` are the server's other inputs.
    #[expect(clippy::expect_used, reason = "the circuits of all steps are prepared, in their order")]
    fn apply(&mut self, party: &mut Party<Transfers>, numbers: &[u64], said: &[u64]) -> Result<Vec<u64>, Halt> {
        match &mut self.side {
            Side::Client(client) => {
                let (job, held) = client.held.pop_front().expect("a circuit for each step");
                let results = garbled::evaluate(party, &mut client.evaluator, &job, held, numbers)?;
                Ok(results.into_iter().map(|result| job.modulus.reduce(result)).collect())
            }
            Side::Server(server) => {
                let (job, garbled) = server.garbled.pop_front().expect("a circuit for each step");
                garbled::serve(party, &server.garbler, &job, &garbled, numbers, said)
            }
        }
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
        if let Side::Server(server) = &mut self.side {
            let [low, high] = [party.rng.next_u64(), party.rng.next_u64()].map(u128::from);
            server.garbler = Garbler::new(high << 64 | low);
        }
        for (index, step) in self.circuit.steps.iter().enumerate() {
            party.step(step.address.clone(), |party| {
                if matches!(step.op, Op::Linear { .. }) {
                    return self.prepare_linear(party, index);
                }
                jobs(self.circuit, index, self.slots).into_iter().try_for_each(|job| self.prepare_job(party, job))
            })?;
        }
        let last = argmax(self.circuit, self.slots);
        party.step(ARGMAX, |party| self.prepare_job(party, last))
    }

    #[expect(clippy::expect_used, reason = "every linear step is prepared")]
    fn linear(&mut self, party: &mut Party<Transfers>, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        let modulus = self.modulus();
        match &mut self.side {
            Side::Client(client) => {
                let [masks, shares] = client.layers.remove(&step).expect("a prepared step");
                let differences = numbers.iter().zip(&masks).map(|(number, mask)| modulus.sub(*number, *mask));
                let differences: Vec<u64> = differences.collect();
                party.step("difference", |party| party.link.send(pack(&differences, modulus.bits())))?;
                Ok(shares)
            }
            Side::Server(server) => {
                let bytes = packed_bytes(numbers.len(), modulus.bits());
                let message = party.step("difference", |party| party.link.receive(bytes))?;
                let differences = unpack(&message, modulus.bits(), numbers.len());
                let inputs = numbers.iter().zip(differences).map(|(x, other)| modulus.add(*x, modulus.reduce(other)));
                let inputs: Vec<u64> = inputs.collect();
                let prepared = server.layers.remove(&step).expect("a prepared step");
                Ok(in_the_clear((self.packing, step), &server.networks, &inputs, &prepared))
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
