//! What both parties know before a session: the circuit, and how its slots are packed.

use crate::backend::{Backend, Chunk};
use crate::circuit::{Circuit, Unsupported};
use crate::cost::Cost;
use crate::role::Role;
use std::collections::{BTreeMap, BTreeSet};
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
    lanes: usize,
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
    /// Plans a session of `slots` slots. Its responses are within a statistical distance of `2^-40` of ones that reveal nothing of the weights, and where weights are encrypted of the client's shares;
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
    /// that reveal nothing of the weights, and where weights are encrypted of the client's shares. Four times as many sessions take one more bit of flooding noise.
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
        let (mut packings, released) = (BTreeMap::<usize, B::Packing>::new(), sessions.saturating_mul(slots as u64));
        for chunk in chunks(slots, slots_per_message) {
            let group = grouping.of(chunk.len());
            if packings.contains_key(&group) {
                continue;
            }
            let packing = match packings.values().next() {
                Some(first) => backend.packing_beside(&circuit, group, released, first)?,
                None => backend.packing(&circuit, group, released)?,
            };
            packings.insert(group, packing);
        }
        Ok(Self { backend, circuit, slots, slots_per_message, grouping, lanes: 1, packings })
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
        total(self.chunks(), &self.by_size(Self::chunk_transfers))
    }

    /// The transfers of a chunk of this many slots.
    fn chunk_transfers(&self, slots: usize) -> [usize; 2] {
        let costs = self.costs(slots);
        let sum = |count: fn(&Cost) -> usize| costs.iter().map(count).sum::<usize>();
        [sum(|cost| cost.client_transfers), sum(|cost| cost.server_transfers)]
    }

    /// The bytes that each party sends in a chunk of this many slots.
    fn chunk_bytes(&self, slots: usize) -> [usize; 2] {
        let cost = self.chain(slots);
        [cost.client_bytes, cost.server_bytes]
    }

    /// What chunks of each size that there is have.
    fn by_size(&self, of: impl Fn(&Self, usize) -> [usize; 2]) -> BySize {
        let sizes: BTreeSet<usize> = self.chunks().map(|chunk| chunk.len()).collect();
        sizes.into_iter().map(|slots| (slots, of(self, slots))).collect()
    }
}

/// Something of each party, by the slots of a chunk.
type BySize = BTreeMap<usize, [usize; 2]>;

/// What some chunks have together.
fn total(chunks: impl Iterator<Item = Range<usize>>, by_size: &BySize) -> [usize; 2] {
    chunks.fold([0; 2], |sum, chunk| added(sum, by_size[&chunk.len()]))
}

fn added(a: [usize; 2], b: [usize; 2]) -> [usize; 2] {
    [a[0] + b[0], a[1] + b[1]]
}

/// The most lanes of a session.
pub const MOST_LANES: usize = 32;

/// The bytes that lanes may add to a session: one in so many.
const ADDED: usize = 100;

/// Lanes.
impl<B: Backend> Plan<B> {
    /// Divides the chunks of a session into lanes, which may run beside each other: at most [`MOST_LANES`], and no more than add one percent to the bytes of a session, as each extends
    /// transfers of its own. The number is a function of the plan alone.
    #[must_use]
    pub fn in_lanes(self) -> Self {
        let of_chunks: usize = total(self.chunks(), &self.by_size(Self::chunk_bytes)).iter().sum();
        let transfers = self.by_size(Self::chunk_transfers);
        let extended = |lanes: usize| self.extended(lanes, &transfers).iter().sum::<usize>();
        let added = |lanes: usize| extended(lanes).saturating_sub(extended(1));
        let fits = |lanes: &usize| added(*lanes) <= (of_chunks + extended(1)) / ADDED;
        let lanes = (2..=self.chunks().count().min(MOST_LANES)).rev().find(fits).unwrap_or(1);
        self.with_lanes(lanes)
    }

    /// Divides the chunks of a session into so many lanes, but no more than there are chunks, and at least one.
    #[must_use]
    pub fn with_lanes(self, lanes: usize) -> Self {
        let lanes = lanes.min(self.chunks().count()).max(1);
        Self { lanes, ..self }
    }

    /// The number of lanes: 1, unless the plan was divided.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// The chunks of a lane: as many for each as for any other, or one fewer.
    pub fn lane(&self, lane: usize) -> impl Iterator<Item = Range<usize>> + use<B> {
        self.lane_among(lane, self.lanes)
    }

    /// The chunks of one of so many lanes.
    fn lane_among(&self, lane: usize, lanes: usize) -> impl Iterator<Item = Range<usize>> + use<B> {
        let chunks = self.slots.div_ceil(self.slots_per_message);
        let [from, to] = [lane, lane + 1].map(|lane| lane * chunks / lanes);
        self.chunks().skip(from).take(to - from)
    }

    /// The transfers of a lane that [`Cost`] counts: those in which the client is the sender, and those in which the server is.
    #[must_use]
    pub fn lane_transfers(&self, lane: usize) -> [usize; 2] {
        total(self.lane(lane), &self.by_size(Self::chunk_transfers))
    }

    /// The bytes that the client and the server send in a session, and no more than these messages beside those of chunks: those that extend the transfers of each lane.
    #[must_use]
    pub fn session_bytes(&self) -> [usize; 2] {
        let of_chunks = total(self.chunks(), &self.by_size(Self::chunk_bytes));
        added(of_chunks, self.extended(self.lanes, &self.by_size(Self::chunk_transfers)))
    }

    /// What the client and the server send to extend the transfers of each of so many lanes.
    fn extended(&self, lanes: usize, transfers: &BySize) -> [usize; 2] {
        let of_lane = |lane| self.extension_bytes(total(self.lane_among(lane, lanes), transfers));
        (0..lanes).map(of_lane).fold([0; 2], added)
    }

    /// What the client and the server send to extend so many transfers.
    fn extension_bytes(&self, transfers: [usize; 2]) -> [usize; 2] {
        let [by_client, by_server] = transfers.map(|count| self.backend.extension(count).cost(count));
        [by_client.sender.bytes + by_server.receiver.bytes, by_server.sender.bytes + by_client.receiver.bytes]
    }

    /// For each lane, how many bytes that a party receives in it may wait to be taken, with some for each message: what two chunks and its extension bring, as a peer that is done with
    /// a chunk may begin the next one.
    pub(super) fn bounds(&self, receiver: Role) -> Vec<usize> {
        let from = receiver.peer() as usize;
        let (bytes, transfers) = (self.by_size(Self::chunk_bytes), self.by_size(Self::chunk_transfers));
        let bound = |lane: usize| {
            let most = self.lane(lane).map(|chunk| bytes[&chunk.len()][from]).max().unwrap_or(0);
            BESIDE + 2 * most + self.extension_bytes(total(self.lane(lane), &transfers))[from]
        };
        (0..self.lanes).map(bound).collect()
    }
}

/// The bytes that the headers of short messages may take in a lane.
const BESIDE: usize = 1 << 20;

/// Divides the slots of a session into chunks of as many as a message carries. The last chunk may be smaller.
///
/// # Panics
/// If a message is to carry no slot.
pub fn chunks(slots: usize, slots_per_message: usize) -> impl Iterator<Item = Range<usize>> {
    (0..slots).step_by(slots_per_message).map(move |from| from..slots.min(from + slots_per_message))
}
