//! DELPHI (Mishra, Lehmkuhl, Srinivasan, Zheng, Popa, USENIX Security 2020): before the inputs are known, linear layers on random masks under encryption, and
//! garbled circuits; online, linear layers in the clear on masked values.
//!
//! What is as in its released code: the split into an offline and an online pass, ReLU with the server's mask inside the circuit, the client's
//! mask added outside of it, masks sent layer by layer. What is not: ciphertexts are of 168 bits a coefficient instead of 174 and are flooded;
//! keys are sent once, without relinearisation; wires are of as many bits as the prime, not of one more; a label that decodes to nothing makes its value 0
//! and does not end the session, unless [`Decode::Stop`] is chosen; the largest logit is found by one more garbled circuit. Where a value that is not the output of a linear layer
//! enters a circuit, as after a pool, the client shares it anew in one more message, as it does for linear layers. A circuit drops bits
//! exactly if the truncation is faithful, and otherwise each party by itself, as in DELPHI.
//!
//! As keys are kept, a server that deviates can probe them over many sessions, which one with keys for every inference cannot.

mod circuits;
mod decode;
mod garbled;
mod job;
mod mask;
mod party;
mod prepare;
mod relay;
#[cfg(test)]
mod tests;
mod unmask;

pub use decode::Decode;
pub use garbled::Transfers;
pub use mask::Mask;
pub use party::DelphiParty;
pub use prepare::Prepare;

use super::probe::Coefficient;
use super::reader::{Reader, Reading};
use super::slots::{self, Network, Packing};
use super::traits::{Backend, Chunk};
use crate::bits::packed_bytes;
use crate::circuit::{Circuit, Demand, Draft, Op, Step, Unsupported, demands, met_by_some};
use crate::cost::Cost;
use crate::he::slots::SLOTS;
use crate::linear::TooHeavy;
use crate::linear::rotations::Style;
use crate::modulus::Modulus;
use crate::ot::one_of_two::Setup;
use crate::ot::{Extension, Scheme};
use crate::random::Seed;
use crate::role::Role;
use crate::share::truncate::Truncation;
use crate::share::uniform::Uniform;
use crate::wire::hook::Deviation;
use crate::wire::link::{Halt, Link};
use fusion_nn::fixed::FixedModel;
use fusion_nn::model::Value;
use job::{argmax, jobs, opened};
use relay::{Relay, Relayed};
use tfhe_ntt::prime::largest_prime_in_arithmetic_progression64;
use unmask::{Unmask, is_read};

/// DELPHI's own prime, `2^41 - 2^37 + 1`.
pub const PRIME: u64 = 2_061_584_302_081;

/// The most bits of a prime that takes its place where values need more room.
const MOST_BITS: u32 = 48;

/// The memory that garbled circuits and ciphertexts of the slots that are evaluated together may take, in bytes: 512 MiB. A party holds about as much
/// again.
const SLOT_MEMORY: usize = 1 << 29;

/// The most slots that are evaluated together.
const MOST_SLOTS: usize = 16;

/// DELPHI's family of protocols. Values are shared modulo [`PRIME`], or, where the proved ranges of a network exceed half of it, modulo the least prime
/// with slots that holds them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delphi {
    /// Where the client's masks are added.
    pub mask: Mask,
    /// When the client sends its encrypted masks. With [`Prepare::Batch`] masks are outside of circuits, whatever [`Delphi::mask`] is.
    pub prepare: Prepare,
    /// What the client does where labels decode to nothing.
    pub decode: Decode,
    /// How transfers of one of two messages are extended.
    pub scheme: Scheme,
}

impl Delphi {
    /// Where the client's masks are added, and when they are sent: at once they can be only if they are outside of circuits.
    fn how(self) -> (Mask, Prepare) {
        match self.prepare {
            Prepare::Layers => (self.mask, Prepare::Layers),
            Prepare::Batch => (Mask::Outside, Prepare::Batch),
        }
    }
}

/// What a client keeps between sessions: its secret key for each prime, and its part of the base transfers.
#[derive(Clone)]
pub struct ClientKeys {
    keys: slots::ClientKeys,
    transfers: Setup,
}

/// What a server keeps between sessions: the client's public keys for each prime, and its part of the base transfers.
#[derive(Clone)]
pub struct ServerKeys {
    keys: slots::ServerKeys,
    transfers: Setup,
}

/// The primes with slots that hold integers of a size, the least first.
fn primes_above(size: u64) -> impl Iterator<Item = u64> {
    let step = 2 * SLOTS as u64;
    let windows = (2 * size..1 << MOST_BITS).step_by(step as usize);
    windows.filter_map(move |least| largest_prime_in_arithmetic_progression64(step, 1, least, least + step))
}

/// Whether a number is such a prime.
fn is_own(p: u64) -> bool {
    p >> MOST_BITS == 0 && largest_prime_in_arithmetic_progression64(2 * SLOTS as u64, 1, p, p) == Some(p)
}

/// The prime for integers up to a size: DELPHI's, or the least that holds them; `None` where none of so many bits does.
fn prime(size: u64) -> Option<u64> {
    let wider = || primes_above(size).next().filter(|_| size >> (MOST_BITS - 1) == 0);
    if Modulus::Prime(PRIME).holds(size) { Some(PRIME) } else { wider() }
}

impl Backend for Delphi {
    type Packing = Packing;
    type Network = Network;
    type ClientKeys = ClientKeys;
    type ServerKeys = ServerKeys;
    type Transfers = Transfers;
    type Party<'a> = DelphiParty<'a>;

    /// Where no prime holds the values, DELPHI's own stands in for one: what does not fit it fits no larger one.
    fn draft(&self, models: &[&FixedModel], truncation: Truncation) -> Draft {
        // A residue of `(p - 1) / 2` counts as negative in circuits, thus no value may be as large.
        let mut demands = demands(models, false);
        for demand in &mut demands {
            demand.size = demand.size.saturating_add(1);
        }
        let most = demands.iter().map(|demand| demand.size).max();
        let held = met_by_some(MOST_BITS, &demands, |Demand { size, .. }| prime(*size).is_some());
        let modulus = Modulus::Prime(most.and_then(prime).unwrap_or(PRIME));
        Circuit::draft(models, truncation, Some(Uniform { modulus, differences: false })).after(held)
    }

    fn admits(&self, circuit: &Circuit) -> Result<(), Unsupported> {
        let own = |Uniform { modulus, differences }| matches!(modulus, Modulus::Prime(p) if is_own(p)) && !differences;
        circuit.shared_where(|uniform| uniform.is_some_and(own))
    }

    /// The same for every extension. Of a slot a party holds what is garbled for it, and at a time the ciphertexts of one layer, or of all if they are sent at once.
    fn slots_per_message(&self, circuit: &Circuit) -> usize {
        let offline = |add: &dyn Fn(&mut Cost)| {
            let mut cost = Cost::default();
            add(&mut cost);
            cost.bytes()
        };
        let garbled =
            (0..circuit.steps.len()).flat_map(|step| jobs(circuit, step, 1, self.how().0)).chain([argmax(circuit, 1)]);
        let garbled: usize = garbled.map(|job| offline(&|cost| job.offline_cost(Extension::Iknp, cost))).sum();
        // A circuit without a packing is refused where it is to be packed.
        let ciphertexts = self.packing(circuit, 1, 1).map_or(0, |packing| {
            let linear = (0..circuit.steps.len()).filter(|&step| matches!(circuit.steps[step].op, Op::Linear { .. }));
            let of_layers = linear.map(|step| offline(&|cost| packing.cost(step, 1, cost)));
            match self.prepare {
                Prepare::Layers => of_layers.max().map_or(0, |most| most),
                Prepare::Batch => of_layers.sum(),
            }
        });
        (SLOT_MEMORY / (garbled + ciphertexts).max(1)).clamp(1, MOST_SLOTS)
    }

    fn packing(&self, circuit: &Circuit, group: usize, slots: u64) -> Result<Packing, Unsupported> {
        Packing::new(circuit, Style::DELPHI, group, slots)
    }

    fn network(&self, model: &FixedModel, circuit: &Circuit, packing: &Packing) -> Result<Network, TooHeavy> {
        Ok(Network::new(model, circuit, packing))
    }

    fn client_keys(&self, link: &mut Link, seed: &Seed, packings: &[&Packing]) -> Result<ClientKeys, Halt> {
        let secret = slots::ClientKeys::set_up(link, &seed.child("secret key"), packings)?;
        Ok(ClientKeys { keys: secret, transfers: Setup::run(link, &seed.child("transfers"), self.scheme)? })
    }

    fn server_keys(&self, link: &mut Link, seed: &Seed, packings: &[&Packing]) -> Result<ServerKeys, Halt> {
        let public = slots::ServerKeys::set_up(link, packings)?;
        Ok(ServerKeys { keys: public, transfers: Setup::run(link, &seed.child("transfers"), self.scheme)? })
    }

    fn key_probe(&self, packing: &Packing, asked: Coefficient) -> Option<Box<dyn Deviation>> {
        Some(Box::new(slots::AtTheEdge::new(packing, asked)))
    }

    fn has_coefficient(&self, keys: &ClientKeys, packing: &Packing, asked: Coefficient) -> Option<bool> {
        Some(keys.keys.of(packing).has(asked.index as usize, asked.value))
    }

    fn client_transfers(&self, keys: &ClientKeys, session: &Seed, expected: [usize; 2]) -> Transfers {
        keys.transfers.session(session, expected)
    }

    fn server_transfers(&self, keys: &ServerKeys, session: &Seed, [by_client, by_server]: [usize; 2]) -> Transfers {
        keys.transfers.session(session, [by_server, by_client])
    }

    fn extension(&self, _count: usize) -> Scheme {
        self.scheme
    }

    fn client<'a>(&'a self, chunk: Chunk<'a, Self>, keys: &'a ClientKeys) -> DelphiParty<'a> {
        let Chunk { circuit, packing, slots } = chunk;
        DelphiParty::client(circuit, packing, (slots, self.how()), keys.keys.of(packing)).decoding(self.decode)
    }

    fn server<'a>(
        &'a self,
        chunk: Chunk<'a, Self>,
        keys: &'a ServerKeys,
        networks: Vec<&'a Network>,
    ) -> DelphiParty<'a> {
        let Chunk { circuit, packing, slots } = chunk;
        DelphiParty::server(circuit, packing, (slots, self.how()), keys.keys.of(packing), networks)
    }

    /// The inputs of linear layers that are read.
    fn shown(&self, circuit: &Circuit, values: &[Vec<u64>]) -> Reading {
        if self.prepare == Prepare::Batch {
            return relay::shown(circuit, values);
        }
        let opened = opened(circuit, self.mask);
        let input = |(index, step): (usize, &Step)| match step.inputs.first() {
            Some(&Value::Layer(input)) if is_read(circuit, &opened, index) => Some(input),
            _ => None,
        };
        let read = circuit.steps.iter().enumerate().filter_map(input);
        read.flat_map(|input| values[input].iter().flat_map(|value| value.to_le_bytes())).collect()
    }

    fn reader<'a>(
        &'a self,
        chunk: Chunk<'a, Self>,
        keys: &'a ServerKeys,
        networks: Vec<&'a Network>,
    ) -> Option<Box<dyn Reader<Transfers = Transfers> + 'a>> {
        let Chunk { circuit, slots, .. } = chunk;
        let server = self.server(chunk, keys, networks);
        match (self.how(), Relayed::of(circuit)) {
            ((_, Prepare::Batch), Some(relayed)) => Some(Box::new(Relay::new(relayed, slots, server))),
            ((_, Prepare::Batch), None) | ((Mask::Outside, Prepare::Layers), _) => None,
            ((Mask::Inside, Prepare::Layers), _) => Some(Box::new(Unmask::new(circuit, slots, server))),
        }
    }

    /// Without linear layers in turn, if masks are sent at once.
    fn preparation_cost(&self, chunk: Chunk<'_, Self>, cost: &mut Cost) {
        let Chunk { circuit, packing, slots } = chunk;
        let (linear, others): (Vec<usize>, Vec<usize>) = (0..circuit.steps.len())
            .partition(|&step| self.prepare == Prepare::Batch && matches!(circuit.steps[step].op, Op::Linear { .. }));
        for &step in &linear {
            packing.ask_cost(step, slots, cost);
        }
        for &step in &linear {
            packing.answer_cost(step, slots, cost);
        }
        for step in others {
            self.offline_cost(chunk, step, cost);
        }
        self.argmax_offline_cost(chunk, cost);
    }

    fn offline_cost(&self, chunk: Chunk<'_, Self>, step: usize, cost: &mut Cost) {
        let Chunk { circuit, packing, slots } = chunk;
        match circuit.steps[step].op {
            Op::Linear { .. } => packing.cost(step, slots, cost),
            _ => jobs(circuit, step, slots, self.how().0).iter().for_each(|job| job.offline_cost(self.scheme, cost)),
        }
    }

    fn online_cost(&self, chunk: Chunk<'_, Self>, step: usize, cost: &mut Cost) {
        let Chunk { circuit, slots, .. } = chunk;
        match circuit.steps[step].op {
            Op::Linear { shape, .. } => {
                let inputs = slots * shape.input().iter().product::<usize>();
                cost.send(Role::Client, packed_bytes(inputs, circuit.modulus(0).bits()));
            }
            _ => jobs(circuit, step, slots, self.how().0).iter().for_each(|job| job.online_cost(cost)),
        }
    }

    fn argmax_offline_cost(&self, chunk: Chunk<'_, Self>, cost: &mut Cost) {
        argmax(chunk.circuit, chunk.slots).offline_cost(self.scheme, cost);
    }

    fn argmax_cost(&self, chunk: Chunk<'_, Self>, cost: &mut Cost) {
        argmax(chunk.circuit, chunk.slots).online_cost(cost);
    }
}
