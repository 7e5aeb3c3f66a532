//! What both parties know before a session: the circuit, and how its slots are packed.

use crate::backend::cheetah::{self, Packing};
use crate::circuit::{Circuit, Op, Unsupported};
use crate::cost::Cost;
use crate::linear::Layout;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

/// The plan of a session, which both parties know: the circuit, and how the slots are packed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The circuit that is evaluated.
    pub circuit: Circuit,
    /// The number of slots of a session.
    pub slots: usize,
    slots_per_message: usize,
    grouping: Grouping,
    /// By slots of a group.
    pub(super) packings: BTreeMap<usize, Packing>,
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

impl Plan {
    /// Plans a session of `slots` slots. Its responses are within a statistical distance of `2^-40` of ones that reveal nothing of the weights;
    /// those of `k` sessions under one set-up together are within `sqrt(k)` times that.
    ///
    /// # Errors
    /// [`Unsupported`] for a layer that no parameters hold; it names the node.
    pub fn new(circuit: Circuit, slots: usize, grouping: Grouping) -> Result<Self, Unsupported> {
        Self::for_sessions(circuit, slots, grouping, 1)
    }

    /// Plans sessions whose responses, for `sessions` of them under one set-up together, are within a statistical distance of `2^-40` of ones
    /// that reveal nothing of the weights. Four times as many sessions take one more bit of flooding noise.
    ///
    /// # Errors
    /// [`Unsupported`] for a layer that no parameters hold; it names the node.
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

    /// The number of slots that are evaluated together. Their images, shares and messages are held in memory at once.
    #[must_use]
    pub fn slots_per_message(&self) -> usize {
        self.slots_per_message
    }

    /// The slots of a session, in chunks that are evaluated together.
    pub fn chunks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        chunks(self.slots, self.slots_per_message)
    }

    /// The slots that share ciphertexts.
    #[must_use]
    pub fn grouping(&self) -> Grouping {
        self.grouping
    }

    /// The packings of the chunks, each of them once.
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

    /// The cost of each step on a chunk of this many slots, without the extension of transfers. The last entry is that of the argmax.
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

    /// The number of oblivious transfers in a session: those in which the client is the sender, and those in which the server is.
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
