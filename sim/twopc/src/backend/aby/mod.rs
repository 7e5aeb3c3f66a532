//! ABY (Demmler, Schneider, Zohner, NDSS 2015): arithmetic shares modulo `2^l` with multiplication triples for linear layers, and Yao's circuits for
//! everything else.
//!
//! Triples are made one product at a time, as in the released code, in an offline pass; everything else is online. What is Yao's costs the same as there,
//! but the circuits are garbled when they are needed: the labels of the client's bits are then 32 bytes each by IKNP, and nothing of them is kept.

mod circuits;
mod cost;
mod gilboa;
mod packing;
mod party;
mod products;
#[cfg(test)]
mod tests;
mod transfers;
mod yao;

pub use packing::{Network, Packing};
pub use party::AbyParty;
pub use transfers::Transfers;

use super::traits::{Backend, Chunk};
use crate::circuit::{Circuit, Draft, Unsupported, demands, meets};
use crate::cost::Cost;
use crate::linear::TooHeavy;
use crate::modulus::Modulus;
use crate::ot::block::Block;
use crate::ot::one_of_two::Setup;
use crate::ot::probe::{Guess, Parts};
use crate::ot::{Checks, Extension, Scheme};
use crate::random::Seed;
use crate::share::truncate::Truncation;
use crate::share::uniform::Uniform;
use crate::wire::link::{Halt, Link};
use cost::Messages;
use fusion_nn::fixed::FixedModel;

/// The most slots that one message carries: with more of them no bytes are saved, and hardly any rounds.
pub const MOST_SLOTS: usize = 16;

/// The memory that a party may use for the triples and the openings of slots that are evaluated together, in bytes: 2 GiB.
pub const SLOT_MEMORY: usize = 1 << 31;

/// ABY's family of protocols, in one ring throughout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aby {
    bits: u32,
    /// How transfers of one of two messages are extended.
    scheme: Scheme,
}

impl Default for Aby {
    fn default() -> Self {
        Self::proven()
    }
}

impl Aby {
    /// The family modulo `2^64`. It refuses networks whose values may be too large for it.
    #[must_use]
    pub const fn proven() -> Self {
        Self::over(64)
    }

    /// The family modulo `2^32`, for measured ranges: it refuses no network, and values beyond 32 bits wrap.
    #[must_use]
    pub const fn measured() -> Self {
        Self::over(32)
    }

    const fn over(bits: u32) -> Self {
        Self { bits, scheme: Scheme { extension: Extension::Iknp, checks: Checks::None } }
    }

    /// The same family with another extension of transfers.
    #[must_use]
    pub const fn extended_by(self, scheme: Scheme) -> Self {
        Self { scheme, ..self }
    }

    fn messages(self, cost: &mut Cost) -> Messages<'_> {
        Messages { cost, bits: self.bits, scheme: self.scheme }
    }

    fn modulus(self) -> Modulus {
        Modulus::TwoTo(self.bits)
    }
}

impl Backend for Aby {
    type Packing = Packing;
    type Network = Network;
    type ClientKeys = Setup;
    type ServerKeys = Setup;
    type Transfers = Transfers;
    type Party<'a> = AbyParty<'a>;

    fn draft(&self, models: &[&FixedModel], truncation: Truncation) -> Draft {
        let uniform = Uniform { modulus: self.modulus(), differences: false };
        let held = match self.bits {
            u64::BITS => meets(uniform.modulus, &demands(models, uniform.differences)),
            _ => Ok(()),
        };
        Circuit::draft(models, truncation, Some(uniform)).after(held)
    }

    fn admits(&self, circuit: &Circuit) -> Result<(), Unsupported> {
        let uniform = Uniform { modulus: self.modulus(), differences: false };
        circuit.shared_where(|found| found == Some(uniform))
    }

    /// Of a slot a party holds three words for each product, and while a layer is opened ten more for each of its own.
    fn slots_per_message(&self, circuit: &Circuit) -> usize {
        let packing = Packing::new(circuit, 1);
        let each = 24 * packing.count() + 80 * packing.most();
        (SLOT_MEMORY / each.max(1)).clamp(1, MOST_SLOTS)
    }

    fn packing(&self, circuit: &Circuit, group: usize, _slots: u64) -> Result<Packing, Unsupported> {
        Ok(Packing::new(circuit, group))
    }

    fn network(&self, model: &FixedModel, circuit: &Circuit, _packing: &Packing) -> Result<Network, TooHeavy> {
        Network::new(model, circuit, self.modulus())
    }

    fn client_keys(&self, link: &mut Link, seed: &Seed, _packings: &[&Packing]) -> Result<Setup, Halt> {
        Setup::run(link, seed, self.scheme)
    }

    fn server_keys(&self, link: &mut Link, seed: &Seed, _packings: &[&Packing]) -> Result<Setup, Halt> {
        Setup::run(link, seed, self.scheme)
    }

    fn client_transfers(&self, keys: &Setup, session: &Seed, expected: [usize; 2]) -> Transfers {
        keys.session(session, expected)
    }

    fn server_transfers(&self, keys: &Setup, session: &Seed, [by_client, by_server]: [usize; 2]) -> Transfers {
        keys.session(session, [by_server, by_client])
    }

    fn extension(&self, _count: usize) -> Scheme {
        self.scheme
    }

    fn client<'a>(&'a self, chunk: Chunk<'a, Self>, _keys: &'a Setup) -> AbyParty<'a> {
        AbyParty::new(self.bits, (chunk.circuit, chunk.packing), chunk.slots, Vec::new())
    }

    fn server<'a>(&'a self, chunk: Chunk<'a, Self>, _keys: &'a Setup, networks: Vec<&'a Network>) -> AbyParty<'a> {
        AbyParty::new(self.bits, (chunk.circuit, chunk.packing), chunk.slots, networks)
    }

    fn parts(&self) -> Option<Parts> {
        Some(Parts::of(self.scheme.extension))
    }

    fn correlation(&self, keys: &Setup) -> Option<Block> {
        Some(keys.correlation())
    }

    fn guessing_transfers(
        &self,
        keys: &Setup,
        session: &Seed,
        expected: [usize; 2],
        guess: Guess,
    ) -> Option<Transfers> {
        Some(self.server_transfers(keys, session, expected).guessing(guess))
    }

    fn offline_cost(&self, chunk: Chunk<'_, Self>, step: usize, cost: &mut Cost) {
        self.messages(cost).offline(chunk.packing, step, chunk.slots);
    }

    fn online_cost(&self, chunk: Chunk<'_, Self>, step: usize, cost: &mut Cost) {
        self.messages(cost).online(chunk.circuit, chunk.packing, step, chunk.slots);
    }

    fn argmax_cost(&self, chunk: Chunk<'_, Self>, cost: &mut Cost) {
        self.messages(cost).argmax(chunk.slots, chunk.circuit.classes);
    }
}
