//! What both parties know before a session: the circuit, and how its slots are packed.

use crate::backend::cheetah::{self, Packing};
use crate::circuit::{Circuit, Op, Unsupported};
use crate::cost::Cost;
use crate::linear::Layout;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

/// What both parties know of a session: the circuit, and how its slots are packed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is computed.
    pub circuit: Circuit,
    /// How many slots.
    pub slots: usize,
    slots_per_message: usize,
    grouping: Grouping,
    /// By slots of a group.
    pub(super) packings: BTreeMap<usize, Packing>,
}

/// Which slots share ciphertexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grouping {
    /// All of a chunk.
    Chunk,
    /// None: the server can put another network on any slot.
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

impl Plan {
    /// A session of so many slots. What its responses tell of the weights is within `2^-40` of nothing; in `k` sessions under one
    /// set-up, within `sqrt(k)` times that.
    ///
    /// # Errors
    /// [`Unsupported`] for a layer that no parameters hold, by its node.
    pub fn new(circuit: Circuit, slots: usize, grouping: Grouping) -> Result<Self, Unsupported> {
        Self::for_sessions(circuit, slots, grouping, 1)
    }

    /// The same for so many sessions under one set-up that are within `2^-40` together: each factor of 4 costs the flooding noise a bit.
    ///
    /// # Errors
    /// [`Unsupported`] for a layer that no parameters hold, by its node.
    pub fn for_sessions(
        circuit: Circuit,
        slots: usize,
        grouping: Grouping,
        sessions: u64,
    ) -> Result<Self, Unsupported> {
        let slots_per_message = cheetah::slots_per_message(&circuit);
        let mut packings = BTreeMap::new();
        for chunk in chunks(slots, slots_per_message) {
            let group = grouping.of(chunk.len());
            if let Entry::Vacant(vacant) = packings.entry(group) {
                vacant.insert(Packing::new(&circuit, group, sessions.saturating_mul(slots as u64))?);
            }
        }
        Ok(Self { circuit, slots, slots_per_message, grouping, packings })
    }

    /// How many slots are evaluated together: their images, shares and messages are held at once.
    #[must_use]
    pub fn slots_per_message(&self) -> usize {
        self.slots_per_message
    }

    /// The session's slots in chunks that are evaluated together.
    pub fn chunks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        chunks(self.slots, self.slots_per_message)
    }

    /// Which slots share ciphertexts.
    #[must_use]
    pub fn grouping(&self) -> Grouping {
        self.grouping
    }

    /// The packings of its chunks, each once.
    pub fn packings(&self) -> impl Iterator<Item = &Packing> {
        self.packings.values()
    }

    /// Every layout.
    pub(super) fn layouts(&self) -> Vec<Layout> {
        self.packings().flat_map(|packing| packing.layouts().cloned()).collect()
    }

    pub(super) fn packing(&self, chunk: usize) -> &Packing {
        &self.packings[&self.grouping.of(chunk)]
    }

    /// What a chunk's steps cost without the extension of its transfers; the last entry is the argmax.
    #[must_use]
    pub fn costs(&self, chunk: usize) -> Vec<Cost> {
        let packing = self.packing(chunk);
        let step = |index: usize| {
            let mut cost = Cost::default();
            match self.circuit.steps[index].op {
                Op::Linear { .. } => packing.cost(index, chunk / packing.group(), &mut cost),
                _ => cost.step(&self.circuit, index, chunk),
            }
            cost
        };
        let mut costs: Vec<Cost> = (0..self.circuit.steps.len()).map(step).collect();
        let mut last = Cost::default();
        last.argmax(chunk, self.circuit.classes, self.circuit.ring(self.circuit.output));
        costs.push(last);
        costs
    }

    /// Transfers of a session: those that the client sends, and those that the server sends.
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

/// A session's slots in chunks of as many as a message carries, the last one perhaps smaller.
///
/// # Panics
/// Where a message is to carry no slot.
pub fn chunks(slots: usize, slots_per_message: usize) -> impl Iterator<Item = Range<usize>> {
    (0..slots).step_by(slots_per_message).map(move |from| from..slots.min(from + slots_per_message))
}
