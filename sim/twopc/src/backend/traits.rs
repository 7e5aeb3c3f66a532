//! What a family of two-party inference is.

use super::probe::{Coefficient, Parity};
use super::protocols::Protocols;
use super::reader::{Reader, Reading};
use super::replay::Kept;
use crate::circuit::{Circuit, Draft, Unsupported};
use crate::cost::Cost;
use crate::linear::TooHeavy;
use crate::ot::block::Block;
use crate::ot::probe::{Guess, Parts};
use crate::ot::{Extension, Scheme};
use crate::random::Seed;
use crate::share::truncate::Truncation;
use crate::wire::hook::Deviation;
use crate::wire::link::{Halt, Link};
use fusion_nn::fixed::FixedModel;
use std::fmt::Debug;

/// Slots that are evaluated together, as both parties know them.
#[derive(Debug)]
pub struct Chunk<'a, B: Backend> {
    /// The circuit that is evaluated.
    pub circuit: &'a Circuit,
    /// How its layers are laid out for a group of slots.
    pub packing: &'a B::Packing,
    /// The number of slots.
    pub slots: usize,
}

#[expect(clippy::expl_impl_clone_on_copy, reason = "derived, it would ask the family to be `Copy`")]
impl<B: Backend> Clone for Chunk<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: Backend> Copy for Chunk<'_, B> {}

/// A family of semi-honest two-party inference. A [session](crate::session) runs any of them.
///
/// Both parties know the backend, its circuit and its packings. Set-up gives each party keys, once for all sessions; of them every session
/// grows transfers of its own. In a session each chunk of slots is first prepared, before its inputs are known, and then evaluated.
pub trait Backend: Clone + Debug + Send + Sync + 'static {
    /// How the layers of a circuit are laid out for a group of slots, which share one network. Both parties know it.
    type Packing: Clone + Debug + Send + Sync;
    /// A network's weights, encoded for a packing.
    type Network: Clone + Send + Sync;
    /// What a client keeps between sessions.
    type ClientKeys: Clone + Send + Sync;
    /// What a server keeps between sessions.
    type ServerKeys: Clone + Send + Sync;
    /// The oblivious transfers of one session, in both directions.
    type Transfers: Send;
    /// One of the parties of a chunk, as it runs the family's protocols.
    type Party<'a>: Protocols<Transfers = Self::Transfers>;

    /// The circuit of networks of one architecture in the family's arithmetic, as far as it can be made, with every reason against it: different
    /// architectures, layers without a protocol, and values that the family cannot hold.
    fn draft(&self, models: &[&FixedModel], truncation: Truncation) -> Draft;

    /// The circuit of networks of one architecture, in the family's arithmetic.
    ///
    /// # Errors
    /// [`Unsupported`] with every reason of [`Backend::draft`].
    fn circuit(&self, models: &[&FixedModel], truncation: Truncation) -> Result<Circuit, Unsupported> {
        self.draft(models, truncation).finished()
    }

    /// Checks that this family, as it is set, evaluates a circuit that is not its own but a peer's, once it has passed [`Circuit::check`].
    ///
    /// # Errors
    /// [`Unsupported`] for values that are shared otherwise than in this family, and always for a family that does not say which circuits it takes.
    fn admits(&self, _circuit: &Circuit) -> Result<(), Unsupported> {
        Err(Unsupported::new("the family takes no circuit from a peer"))
    }

    /// How many slots are evaluated together, at least one.
    fn slots_per_message(&self, circuit: &Circuit) -> usize;

    /// Lays the layers out for groups of `group` slots. What `slots` slots together reveal of the weights is statistically bounded.
    ///
    /// # Errors
    /// [`Unsupported`] for layers that no parameters hold; it names each node.
    fn packing(&self, circuit: &Circuit, group: usize, slots: u64) -> Result<Self::Packing, Unsupported>;

    /// Lays the layers out for groups of another number of slots, beside a packing of the same circuit: what depends on the network alone may serve both.
    ///
    /// # Errors
    /// As [`packing`](Self::packing).
    fn packing_beside(
        &self,
        circuit: &Circuit,
        group: usize,
        slots: u64,
        _first: &Self::Packing,
    ) -> Result<Self::Packing, Unsupported> {
        self.packing(circuit, group, slots)
    }

    /// Encodes the weights of a network.
    ///
    /// # Errors
    /// [`TooHeavy`] for a network that was not among those of the circuit.
    fn network(
        &self,
        model: &FixedModel,
        circuit: &Circuit,
        packing: &Self::Packing,
    ) -> Result<Self::Network, TooHeavy>;

    /// Runs the client's side of a set-up for these packings, with the client's own secret seed.
    ///
    /// # Errors
    /// [`Halt`] where the server does not keep to the protocol.
    fn client_keys(&self, link: &mut Link, seed: &Seed, packings: &[&Self::Packing]) -> Result<Self::ClientKeys, Halt>;

    /// Runs the server's side of a set-up for these packings, with the server's own secret seed.
    ///
    /// # Errors
    /// [`Halt`] where the client does not keep to the protocol.
    fn server_keys(&self, link: &mut Link, seed: &Seed, packings: &[&Self::Packing]) -> Result<Self::ServerKeys, Halt>;

    /// Whether the server is bound to the network that it sent after the set-up, the first of its networks, in sessions of this packing.
    fn binds_network(&self, _packing: &Self::Packing) -> bool {
        false
    }

    /// Runs the client's side of what is sent once for a network, after a set-up: nothing, unless a family has such messages.
    ///
    /// # Errors
    /// [`Halt`] where the server does not keep to the protocol.
    ///
    /// # Panics
    /// Where a family has such messages, if they were sent before.
    fn client_network(
        &self,
        _link: &mut Link,
        _keys: &mut Self::ClientKeys,
        _packings: &[&Self::Packing],
    ) -> Result<(), Halt> {
        Ok(())
    }

    /// Runs the server's side of what is sent once for a network, in each of its packings, after a set-up: nothing, unless a family has such messages.
    ///
    /// # Errors
    /// [`Halt`] where the client does not keep to the protocol.
    ///
    /// # Panics
    /// A family that has such messages panics where they are sent a second time under one set-up.
    fn server_network(
        &self,
        _link: &mut Link,
        _keys: &mut Self::ServerKeys,
        _networks: &[(&Self::Packing, &Self::Network)],
    ) -> Result<(), Halt> {
        Ok(())
    }

    /// The client's transfers of the session of this name. `expected` is the number of those that [`Cost`] counts: in which the client is the
    /// sender, and in which the server is.
    fn client_transfers(&self, keys: &Self::ClientKeys, session: &Seed, expected: [usize; 2]) -> Self::Transfers;

    /// The server's transfers of the session of this name; see [`client_transfers`](Self::client_transfers).
    fn server_transfers(&self, keys: &Self::ServerKeys, session: &Seed, expected: [usize; 2]) -> Self::Transfers;

    /// The extension of a session in which [`Cost`] counts so many transfers in one direction, and whether it is checked: the one that sends the fewest bytes
    /// without checks, unless a family has another rule.
    fn extension(&self, count: usize) -> Scheme {
        Extension::for_count(count).into()
    }

    /// The client of a chunk.
    fn client<'a>(&'a self, chunk: Chunk<'a, Self>, keys: &'a Self::ClientKeys) -> Self::Party<'a>;

    /// The server of a chunk, with the network of each group of slots, in order.
    fn server<'a>(
        &'a self,
        chunk: Chunk<'a, Self>,
        keys: &'a Self::ServerKeys,
        networks: Vec<&'a Self::Network>,
    ) -> Self::Party<'a>;

    /// What the server of [`reader`](Self::reader) reads of a slot of which the steps of a circuit have these values, in the clear and without truncation errors: the same in all
    /// slots and sessions. It is empty where nothing is read.
    fn shown(&self, _circuit: &Circuit, _values: &[Vec<u64>]) -> Reading {
        Reading::new()
    }

    /// The server of a chunk that deviates to read what its slots hold; `None` for a family that, as it is set, exposes nothing. It is given what an honest
    /// server is.
    fn reader<'a>(
        &'a self,
        _chunk: Chunk<'a, Self>,
        _keys: &'a Self::ServerKeys,
        _networks: Vec<&'a Self::Network>,
    ) -> Option<Box<dyn Reader<Transfers = Self::Transfers> + 'a>> {
        None
    }

    /// Adds the messages of the offline pass over a chunk, in their order: step by step and then those of the argmax, unless a family has another.
    fn preparation_cost(&self, chunk: Chunk<'_, Self>, cost: &mut Cost) {
        (0..chunk.circuit.steps.len()).for_each(|step| self.offline_cost(chunk, step, cost));
        self.argmax_offline_cost(chunk, cost);
    }

    /// The parts of the client's correlation that a server that deviates can guess, one in a session; `None` for a family whose client sends in no transfer.
    fn parts(&self) -> Option<Parts> {
        None
    }

    /// The correlation of the transfers in which a client sends, of which [`parts`](Self::parts) are guessed.
    fn correlation(&self, _keys: &Self::ClientKeys) -> Option<Block> {
        None
    }

    /// The server's transfers as [`server_transfers`](Self::server_transfers) makes them, with which it deviates to test a guess of the client's correlation:
    /// see [`ot::probe`](crate::ot::probe). `None` for a family without [`parts`](Self::parts).
    fn guessing_transfers(
        &self,
        _keys: &Self::ServerKeys,
        _session: &Seed,
        _expected: [usize; 2],
        _guess: Guess,
    ) -> Option<Self::Transfers> {
        None
    }

    /// A server's deviation in sessions packed so, whose answers are right unless a coefficient of the client's key has a value; `None` for a family whose client encrypts no slots
    /// ([`Family::encrypts_slots`](super::Family::encrypts_slots)).
    fn key_probe(&self, _packing: &Self::Packing, _asked: Coefficient) -> Option<Box<dyn Deviation>> {
        None
    }

    /// Whether a coefficient of the client's key has a value; `None` for a family without [`key_probe`](Self::key_probe).
    fn has_coefficient(&self, _keys: &Self::ClientKeys, _packing: &Self::Packing, _asked: Coefficient) -> Option<bool> {
        None
    }

    /// A server's deviation in sessions packed so, whose answers are right if a parity of what an earlier session read is as said; `None` for a family or a
    /// circuit without ([`replay::first_matrix`](super::replay::first_matrix)).
    fn replay(
        &self,
        _circuit: &Circuit,
        _packing: &Self::Packing,
        _kept: &Kept,
        _asked: Parity,
    ) -> Option<Box<dyn Deviation>> {
        None
    }

    /// Adds the messages of a step in the offline pass over a chunk.
    fn offline_cost(&self, chunk: Chunk<'_, Self>, step: usize, cost: &mut Cost);

    /// Adds the messages of a step in the evaluation of a chunk.
    fn online_cost(&self, chunk: Chunk<'_, Self>, step: usize, cost: &mut Cost);

    /// Adds the messages of the argmax in the offline pass over a chunk: none, unless a family prepares it.
    fn argmax_offline_cost(&self, _chunk: Chunk<'_, Self>, _cost: &mut Cost) {}

    /// Adds the messages of the argmax in the evaluation of a chunk.
    fn argmax_cost(&self, chunk: Chunk<'_, Self>, cost: &mut Cost);
}
