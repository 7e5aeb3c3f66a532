//! What both parties know before a session: the circuit, and how its slots are packed.

use crate::backend::{Backend, Chunk};
use crate::circuit::{Circuit, Unsupported};
use crate::cost::Cost;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

/// The plan of a session, which both parties know: the circuit, and how the slots are packed.
#[derive(Clone, Debug)]
pub struct Plan<B: Backend> {
    /// The family of protocols.
    pub backend: B,
    /// The circuit that is evaluated.
    pub circuit: Circuit,
    /// The number of slots of a session.
    pub slots: usize,
    slots_per_message: usize,
    grouping: Grouping,
    /// By slots of a group.
    pub(super) packings: BTreeMap<usize, B::Packing>,
}

/// The slots that share ciphertexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grouping {
    /// All slots of a chunk share ciphertexts.
    Chunk,
    /// No slots share ciphertexts, so that the server can use another network on every slot.
    Slot,
}

impl Grouping {
    /// Slots of each group of a chunk of so many.
    fn of(self, chunk: usize) -> usize {
        match self {
            Self::Chunk => chunk,
            Self::Slot => 1,
        }
    }
}

impl<B: Backend> Plan<B> {
    /// Plans a session of `slots` slots. Its responses are within a statistical distance of `2^-40` of ones that reveal nothing of the weights;
    /// those of `k` sessions under one set-up together are within `sqrt(k)` times that.
    ///
    /// # Errors
    /// [`Unsupported`] for layers that no parameters hold; it names each node.
    pub fn new(backend: B, circuit: Circuit, slots: usize, grouping: Grouping) -> Result<Self, Unsupported> {
        Self::for_sessions(backend, circuit, slots, grouping, 1)
    }

    /// Plans a session as [`Plan::new`] does, in chunks of at most so many slots, at least one.
    ///
    /// # Errors
    /// [`Unsupported`] for layers that no parameters hold; it names each node.
    pub fn in_chunks(
        backend: B,
        circuit: Circuit,
        slots: usize,
        grouping: Grouping,
        chunk: usize,
    ) -> Result<Self, Unsupported> {
        Self::made(backend, circuit, (slots, chunk.max(1)), grouping, 1)
    }

    /// Plans sessions whose responses, for `sessions` of them under one set-up together, are within a statistical distance of `2^-40` of ones
    /// that reveal nothing of the weights. Four times as many sessions take one more bit of flooding noise.
    ///
    /// # Errors
    /// [`Unsupported`] for layers that no parameters hold; it names each node.
    pub fn for_sessions(
        backend: B,
        circuit: Circuit,
        slots: usize,
        grouping: Grouping,
        sessions: u64,
    ) -> Result<Self, Unsupported> {
        let chunk = backend.slots_per_message(&circuit);
        Self::made(backend, circuit, (slots, chunk), grouping, sessions)
    }

    fn made(
        backend: B,
        circuit: Circuit,
        (slots, slots_per_message): (usize, usize),
        grouping: Grouping,
        sessions: u64,
    ) -> Result<Self, Unsupported> {
        let mut packings = BTreeMap::new();
        for chunk in chunks(slots, slots_per_message) {
            let group = grouping.of(chunk.len());
            if let Entry::Vacant(vacant) = packings.entry(group) {
                vacant.insert(backend.packing(&circuit, group, sessions.saturating_mul(slots as u64))?);
            }
        }
        Ok(Self { backend, circuit, slots, slots_per_message, grouping, packings })
    }

    /// The number of slots that are evaluated together. Their images, shares and messages are held in memory at once.
    #[must_use]
    pub fn slots_per_message(&self) -> usize {
        self.slots_per_message
    }

    /// The slots of a session, in chunks that are evaluated together.
    pub fn chunks(&self) -> impl Iterator<Item = Range<usize>> + use<B> {
        chunks(self.slots, self.slots_per_message)
    }

    /// The slots that share ciphertexts.
    #[must_use]
    pub fn grouping(&self) -> Grouping {
        self.grouping
    }

    /// The packings of the chunks, each of them once.
    pub fn packings(&self) -> impl Iterator<Item = &B::Packing> {
        self.packings.values()
    }

    /// The slots of a group of a chunk of so many.
    pub(super) fn group(&self, chunk: usize) -> usize {
        self.grouping.of(chunk)
    }

    /// A chunk of so many slots.
    pub(super) fn chunk(&self, slots: usize) -> Chunk<'_, B> {
        Chunk { circuit: &self.circuit, packing: &self.packings[&self.group(slots)], slots }
    }

    /// The cost of each step on a chunk of this many slots, offline and online together, without what [`Cost`] counts as transfers. The last entry
    /// is that of the argmax.
    #[must_use]
    pub fn costs(&self, chunk: usize) -> Vec<Cost> {
        let chunk = self.chunk(chunk);
        let step = |index: usize| {
            let mut cost = Cost::default();
            self.backend.offline_cost(chunk, index, &mut cost);
            self.backend.online_cost(chunk, index, &mut cost);
            cost
        };
        let mut costs: Vec<Cost> = (0..self.circuit.steps.len()).map(step).collect();
        let mut last = Cost::default();
        self.backend.argmax_offline_cost(chunk, &mut last);
        self.backend.argmax_cost(chunk, &mut last);
        costs.push(last);
        costs
    }

    /// The cost of a whole chunk of this many slots: its offline pass, all steps and the argmax, one after another.
    #[must_use]
    pub fn chain(&self, chunk: usize) -> Cost {
        let (chunk, steps) = (self.chunk(chunk), self.circuit.steps.len());
        let mut cost = Cost::default();
        self.backend.preparation_cost(chunk, &mut cost);
        (0..steps).for_each(|step| self.backend.online_cost(chunk, step, &mut cost));
        self.backend.argmax_cost(chunk, &mut cost);
        cost
    }

    /// The number of oblivious transfers in a session that [`Cost`] counts: those in which the client is the sender, and those in which the server is.
    #[must_use]
    pub fn transfers(&self) -> [usize; 2] {
        let mut sums = [0; 2];
        for chunk in self.chunks() {
            for cost in self.costs(chunk.len()) {
                sums[0] += cost.client_transfers;
                sums[1] += cost.server_transfers;
            }
        }
        sums
    }
}

/// Divides the slots of a session into chunks of as many as a message carries. The last chunk may be smaller.
///
/// # Panics
/// If a message is to carry no slot.
pub fn chunks(slots: usize, slots_per_message: usize) -> impl Iterator<Item = Range<usize>> {
    (0..slots).step_by(slots_per_message).map(move |from| from..slots.min(from + slots_per_message))
}
