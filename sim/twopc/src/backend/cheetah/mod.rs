//! Cheetah (Huang, Lu, Hong, Ding, USENIX Security 2022): linear layers under RLWE encryption, everything else by silent oblivious transfer.

mod carries;
mod cost;
mod drawn;
mod packing;
mod party;
mod replay;
#[cfg(test)]
mod tests;

pub use carries::{CarryChoice, NoCarryChoice};
pub use packing::{EncodedModel, MOST_SLOTS, Packing, SLOT_MEMORY, slots_per_message};
pub use party::CheetahParty;

use super::probe::Parity;
use super::replay::Kept;
use super::traits::{Backend, Chunk};
use crate::circuit::{Circuit, Draft, Op, Unsupported};
use crate::cost::Cost;
use crate::he::cipher::ClientKey;
use crate::linear::once::{EncryptedNetwork, OwnedNetwork, Placed, receive_network, send_network};
use crate::linear::{self, Layout, Linear, PublicKeys, TooHeavy};
use crate::ot::block::Block;
use crate::ot::probe::{Guess, Parts};
use crate::ot::{Checks, Extension, Scheme, Setup};
use crate::party::Pads;
use crate::random::Seed;
use crate::share::truncate::Truncation;
use crate::wire::hook::Deviation;
use crate::wire::link::{Halt, Link};
use cost::Messages;
use fusion_nn::fixed::FixedModel;
use zeroize::Zeroizing;

/// Cheetah's family of protocols. Every value is shared in the smallest ring that the next functionality needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cheetah {
    /// How transfers are extended, other than by IKNP; `None` where their number decides ([`Extension::for_count`]).
    pub extension: Option<Extension>,
    /// Whether extensions of transfers are checked.
    pub checks: Checks,
    /// What is encrypted in linear layers.
    pub linear: Linear,
    /// How carries are found.
    pub carries: CarryChoice,
}

/// What a client keeps between sessions: its secret key, and its part of the base transfers.
#[derive(Clone)]
pub struct ClientKeys {
    key: ClientKey,
    transfers: Setup,
    /// From which uniform halves grow. It is sent.
    halves: Seed,
    /// What the server has sent of its network, once it has.
    network: Option<EncryptedNetwork>,
}

/// What a server keeps between sessions: the client's public keys, and its part of the base transfers.
#[derive(Clone)]
pub struct ServerKeys {
    keys: PublicKeys,
    transfers: Setup,
    /// From which the secrets of encrypted weights grow; it is used up by the network.
    weights: Option<Zeroizing<Seed>>,
    /// The secrets of the network that was sent, once it was.
    network: Option<OwnedNetwork>,
}

impl Cheetah {
    /// A party's transfers of a session, in which it is to send and to receive so many.
    fn transfers(self, transfers: &Setup, session: &Seed, [sent, received]: [usize; 2]) -> Pads {
        Pads {
            sender: transfers.sender_by(self.extension(sent).extension, session, sent),
            receiver: transfers.receiver_by(self.extension(received).extension, session, received),
        }
    }
}

fn layouts(packings: &[&Packing]) -> Vec<Layout> {
    packings.iter().flat_map(|packing| packing.layouts().cloned()).collect()
}

impl Backend for Cheetah {
    type Packing = Packing;
    type Network = EncodedModel;
    type ClientKeys = ClientKeys;
    type ServerKeys = ServerKeys;
    type Transfers = Pads;
    type Party<'a> = CheetahParty<'a>;

    fn draft(&self, models: &[&FixedModel], truncation: Truncation) -> Draft {
        Circuit::draft(models, truncation, None)
    }

    fn admits(&self, circuit: &Circuit) -> Result<(), Unsupported> {
        circuit.shared_where(|uniform| uniform.is_none())
    }

    fn slots_per_message(&self, circuit: &Circuit) -> usize {
        slots_per_message(circuit)
    }

    fn packing(&self, circuit: &Circuit, group: usize, slots: u64) -> Result<Packing, Unsupported> {
        Packing::new(circuit, group, slots, (self.linear, self.carries))
    }

    fn packing_beside(
        &self,
        circuit: &Circuit,
        group: usize,
        slots: u64,
        first: &Packing,
    ) -> Result<Packing, Unsupported> {
        first.beside(circuit, group, slots)
    }

    fn network(&self, model: &FixedModel, circuit: &Circuit, packing: &Packing) -> Result<EncodedModel, TooHeavy> {
        EncodedModel::new(model, circuit, packing)
    }

    fn client_keys(&self, link: &mut Link, seed: &Seed, packings: &[&Packing]) -> Result<ClientKeys, Halt> {
        let key = ClientKey::new(&seed.child("secret key"));
        linear::client_setup(link, &key, &layouts(packings))?;
        let transfers = Setup::run(link, &seed.child("transfers"), self.checks)?;
        Ok(ClientKeys { key, transfers, halves: seed.child("uniform halves"), network: None })
    }

    fn server_keys(&self, link: &mut Link, seed: &Seed, packings: &[&Packing]) -> Result<ServerKeys, Halt> {
        let keys = linear::server_setup(link, &layouts(packings))?;
        let transfers = Setup::run(link, &seed.child("transfers"), self.checks)?;
        let weights = Some(Zeroizing::new(seed.child("encrypted weights")));
        Ok(ServerKeys { keys, transfers, weights, network: None })
    }

    fn client_network(&self, link: &mut Link, keys: &mut ClientKeys, packings: &[&Packing]) -> Result<(), Halt> {
        assert!(keys.network.is_none(), "a set-up serves one network");
        let placed: Vec<Placed<'_>> = packings.iter().flat_map(|packing| packing.placed()).collect();
        keys.network = Some(receive_network(link, &keys.halves, &placed)?);
        Ok(())
    }

    #[expect(clippy::expect_used, reason = "the panic is documented")]
    fn server_network(
        &self,
        link: &mut Link,
        keys: &mut ServerKeys,
        networks: &[(&Packing, &EncodedModel)],
    ) -> Result<(), Halt> {
        let seed = keys.weights.take().expect("a set-up serves one network");
        let layers = networks.iter().flat_map(|(packing, network)| {
            packing.placed().map(|placed| (placed, &network.constants(placed.step).weights[..]))
        });
        keys.network = Some(send_network(link, &seed, &layers.collect::<Vec<_>>())?);
        Ok(())
    }

    fn binds_network(&self, packing: &Packing) -> bool {
        packing.layouts().any(|layout| layout.encrypted() == linear::Encrypted::Weights)
    }

    fn client_transfers(&self, keys: &ClientKeys, session: &Seed, [by_client, by_server]: [usize; 2]) -> Pads {
        self.transfers(&keys.transfers, session, [by_client, by_server])
    }

    fn server_transfers(&self, keys: &ServerKeys, session: &Seed, [by_client, by_server]: [usize; 2]) -> Pads {
        self.transfers(&keys.transfers, session, [by_server, by_client])
    }

    fn extension(&self, count: usize) -> Scheme {
        Scheme { extension: self.extension.unwrap_or_else(|| Extension::for_count(count)), checks: self.checks }
    }

    fn client<'a>(&'a self, chunk: Chunk<'a, Self>, keys: &'a ClientKeys) -> CheetahParty<'a> {
        CheetahParty::client((chunk.circuit, chunk.packing), self.carries, &keys.key, keys.network.as_ref())
    }

    fn server<'a>(
        &'a self,
        chunk: Chunk<'a, Self>,
        keys: &'a ServerKeys,
        networks: Vec<&'a EncodedModel>,
    ) -> CheetahParty<'a> {
        CheetahParty::server(
            (chunk.circuit, chunk.packing),
            self.carries,
            (&keys.keys, keys.network.as_ref()),
            networks,
        )
    }

    fn parts(&self) -> Option<Parts> {
        Some(Parts::of(Extension::SoftSpoken))
    }

    fn correlation(&self, keys: &ClientKeys) -> Option<Block> {
        Some(keys.transfers.correlation())
    }

    fn guessing_transfers(
        &self,
        keys: &ServerKeys,
        session: &Seed,
        expected: [usize; 2],
        guess: Guess,
    ) -> Option<Pads> {
        let extension = self.extension(expected[0]).extension;
        Some(Pads {
            receiver: keys.transfers.guessing_receiver(extension, session, expected[0], guess),
            ..self.server_transfers(keys, session, expected)
        })
    }

    fn replay(&self, circuit: &Circuit, packing: &Packing, kept: &Kept, asked: Parity) -> Option<Box<dyn Deviation>> {
        Some(Box::new(replay::Replay::new(circuit, packing, kept, asked)?))
    }

    fn offline_cost(&self, _chunk: Chunk<'_, Self>, _step: usize, _cost: &mut Cost) {}

    fn online_cost(&self, chunk: Chunk<'_, Self>, step: usize, cost: &mut Cost) {
        let Chunk { circuit, packing, slots } = chunk;
        match circuit.steps[step].op {
            Op::Linear { .. } => packing.cost(step, slots / packing.group(), cost),
            _ => Messages(cost, self.carries).step(circuit, step, slots, packing.drawer_for(circuit, step)),
        }
    }

    fn argmax_cost(&self, chunk: Chunk<'_, Self>, cost: &mut Cost) {
        let Chunk { circuit, slots, .. } = chunk;
        Messages(cost, self.carries).argmax(slots, circuit.classes, circuit.ring(circuit.output));
    }
}
