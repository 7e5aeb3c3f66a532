//! A record of the messages of a session without their addresses: twelve bytes each, so that long sessions can be measured.
//!
//! A session in lanes takes as long as its lanes let one another send: [`arrivals`] plays both parties' records again over a line that they share.

use crate::address::Address;
use crate::role::Role;
use crate::wire::clock::LinkSpeed;
use crate::wire::meter::{Message, Phase, Share, Tally};
use std::collections::VecDeque;

/// A message, without its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The party that sent it.
    pub from: Role,
    /// The phase in which it was sent.
    pub phase: Phase,
    /// Its layer ([`Message::layer`]), by its place in [`Trace::layers`].
    pub layer: u16,
    /// The length of its payload in bytes. No wire carries a longer one.
    pub bytes: u32,
    /// The length of the longest chain of messages of its lane that ends with it, each sent after the one before arrived.
    pub depth: u32,
}

/// The messages that one party sent and received, lane by lane, in the order in which it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    layers: Vec<Address>,
    /// At least one.
    lanes: Vec<Vec<Mark>>,
}

impl Default for Trace {
    fn default() -> Self {
        Self { layers: Vec::new(), lanes: vec![Vec::new()] }
    }
}

impl Trace {
    /// Adds a message to the last lane.
    ///
    /// # Panics
    /// For a message of 4 GiB, and for one of more than 65,536 layers.
    #[expect(clippy::expect_used, reason = "the panic is documented")]
    pub fn note(&mut self, message: &Message) {
        let layer = self.place(message.layer());
        let bytes = u32::try_from(message.bytes).expect("a frame's length has 32 bits");
        let mark = Mark { from: message.from, phase: message.phase, layer, bytes, depth: message.depth };
        self.lanes.last_mut().expect("a lane").push(mark);
    }

    #[expect(clippy::expect_used, reason = "the panic is documented")]
    fn place(&mut self, layer: Address) -> u16 {
        let known = self.layers.iter().rposition(|other| *other == layer).unwrap_or_else(|| {
            self.layers.push(layer);
            self.layers.len() - 1
        });
        u16::try_from(known).expect("a network has fewer layers")
    }

    /// Adds the lanes of another trace. A first lane in which nothing was noted makes room for them.
    pub fn absorb(&mut self, other: Self) {
        let places: Vec<u16> = other.layers.into_iter().map(|layer| self.place(layer)).collect();
        if self.lanes == [Vec::new()] {
            self.lanes.clear();
        }
        self.lanes.extend(other.lanes.into_iter().map(|mut lane| {
            for mark in &mut lane {
                mark.layer = places[usize::from(mark.layer)];
            }
            lane
        }));
    }

    /// The layers of the messages.
    #[must_use]
    pub fn layers(&self) -> &[Address] {
        &self.layers
    }

    /// The number of lanes.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// How much a party sent, in one phase or, for `None`, in all.
    #[must_use]
    pub fn sent(&self, from: Role, phase: Option<Phase>) -> Tally {
        let chosen = |mark: &&Mark| mark.from == from && phase.is_none_or(|phase| mark.phase == phase);
        self.lanes.iter().flatten().filter(chosen).fold(Tally::default(), |tally, mark| Tally {
            messages: tally.messages + 1,
            bytes: tally.bytes + mark.bytes as usize,
        })
    }

    /// The length of the longest chain of messages of a lane, each sent after the one before arrived.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        self.lanes.iter().flatten().map(|mark| mark.depth).max().unwrap_or(0)
    }

    /// Divides the session into its layers, in the order in which they first occur. `arrivals` has the time of each message, in nanoseconds. Of several lanes messages count in the
    /// order in which they arrive; so the rounds add up to [`Trace::rounds`], and the times to that of the last arrival.
    #[must_use]
    pub fn shares(&self, arrivals: &[Vec<u64>]) -> Vec<(Address, Share)> {
        let mut shares = vec![Share::default(); self.layers.len()];
        let (mut rounds, mut virtual_ns) = (0, 0);
        for (mark, arrival_ns) in self.ordered(arrivals) {
            let share = &mut shares[usize::from(mark.layer)];
            let tally = &mut share.sent[mark.from as usize];
            tally.messages += 1;
            tally.bytes += mark.bytes as usize;
            share.rounds += mark.depth.saturating_sub(rounds);
            share.virtual_ns += arrival_ns.saturating_sub(virtual_ns);
            (rounds, virtual_ns) = (rounds.max(mark.depth), virtual_ns.max(arrival_ns));
        }
        self.layers.iter().cloned().zip(shares).collect()
    }

    fn ordered(&self, arrivals: &[Vec<u64>]) -> Vec<(Mark, u64)> {
        let timed =
            self.lanes.iter().zip(arrivals).flat_map(|(lane, times)| lane.iter().copied().zip(times.iter().copied()));
        let mut all: Vec<(Mark, u64)> = timed.collect();
        if self.lanes.len() > 1 {
            all.sort_by_key(|(_, arrival_ns)| *arrival_ns);
        }
        all
    }
}

/// When each message of a session would arrive over a line of this speed, in nanoseconds, lane by lane as `client` has them, if each party works on `at_once` lanes at
/// once, at least one: it begins the next one when it is done with one of these. Each direction of the line carries one message at a time, in the order in which
/// they are ready. With one lane these are the times of a [`Clock`](super::clock::Clock).
///
/// # Panics
/// If the two are not of one session.
#[must_use]
pub fn arrivals(client: &Trace, server: &Trace, speed: LinkSpeed, at_once: usize) -> Vec<Vec<u64>> {
    assert_eq!(client.lanes.len(), server.lanes.len(), "both parties' traces of one session");
    let mut line = Line {
        speed,
        lanes: client.lanes.iter().zip(&server.lanes).map(|(client, server)| Lane::new([client, server])).collect(),
        started: [0; 2],
        free: [vec![0; at_once.max(1)], vec![0; at_once.max(1)]],
        busy_until_ns: [0; 2],
        running: Vec::new(),
    };
    while line.step() {}
    line.lanes.into_iter().map(|lane| lane.arrivals).collect()
}

/// A lane on its way: for each party what it has left to do, its time, and what is arriving.
struct Lane<'a> {
    left: [&'a [Mark]; 2],
    now_ns: [Option<u64>; 2],
    arriving: [VecDeque<u64>; 2],
    /// Of the messages that the client has sent or received.
    arrivals: Vec<u64>,
}

impl<'a> Lane<'a> {
    fn new(left: [&'a [Mark]; 2]) -> Self {
        let arrivals = Vec::with_capacity(left[0].len());
        Self { left, now_ns: [None; 2], arriving: Default::default(), arrivals }
    }

    /// Takes what has been sent to a party, until it is to send, waits, or is done.
    fn receive(&mut self, side: usize) {
        let Some(now_ns) = &mut self.now_ns[side] else { return };
        while let [mark, rest @ ..] = self.left[side]
            && mark.from as usize != side
            && let Some(arrival_ns) = self.arriving[side].pop_front()
        {
            *now_ns = (*now_ns).max(arrival_ns);
            self.left[side] = rest;
            if side == 0 {
                self.arrivals.push(arrival_ns);
            }
        }
    }

    /// When a party sends its next message; `None` if it waits, is done, or has not begun.
    fn ready_ns(&self, side: usize) -> Option<u64> {
        self.left[side].first().filter(|mark| mark.from as usize == side)?;
        self.now_ns[side]
    }
}

/// A line with the lanes on it.
struct Line<'a> {
    speed: LinkSpeed,
    lanes: Vec<Lane<'a>>,
    /// How many lanes each party has begun.
    started: [usize; 2],
    /// The times at which each party can begin another lane.
    free: [Vec<u64>; 2],
    busy_until_ns: [u64; 2],
    /// The lanes that a party has begun, and that are not done for both.
    running: Vec<usize>,
}

/// What happens next: a party begins a lane, or sends the next message of one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Begin,
    Send(usize),
}

impl Line<'_> {
    /// Does what happens next, of all that can; `false` if nothing can.
    fn step(&mut self) -> bool {
        let begins = (0..2).filter(|&side| self.started[side] < self.lanes.len());
        let begins = begins.filter_map(|side| Some((*self.free[side].iter().min()?, Act::Begin, side)));
        let sends = self.running.iter().flat_map(|&lane| (0..2).map(move |side| (lane, side)));
        let sends = sends.filter_map(|(lane, side)| Some((self.lanes[lane].ready_ns(side)?, Act::Send(lane), side)));
        match begins.chain(sends).min() {
            None => false,
            Some((at_ns, Act::Begin, side)) => {
                self.begin(side, at_ns);
                true
            }
            Some((at_ns, Act::Send(lane), side)) => {
                self.send(lane, side, at_ns);
                true
            }
        }
    }

    fn begin(&mut self, side: usize, at_ns: u64) {
        let lane = self.started[side];
        self.started[side] += 1;
        if let Some(place) = self.free[side].iter().position(|free| *free == at_ns) {
            self.free[side].swap_remove(place);
        }
        if !self.running.contains(&lane) {
            self.running.push(lane);
        }
        self.lanes[lane].now_ns[side] = Some(at_ns);
        self.go_on(lane, side);
    }

    fn send(&mut self, lane: usize, side: usize, at_ns: u64) {
        let way = &mut self.lanes[lane];
        let Some((mark, rest)) = way.left[side].split_first() else { return };
        let leaves_ns =
            self.busy_until_ns[side].max(at_ns).saturating_add(self.speed.transmission_ns(mark.bytes as usize));
        self.busy_until_ns[side] = leaves_ns;
        let arrival_ns = leaves_ns.saturating_add(self.speed.rtt_ns / 2);
        way.left[side] = rest;
        way.arriving[1 - side].push_back(arrival_ns);
        if side == 0 {
            way.arrivals.push(arrival_ns);
        }
        self.go_on(lane, 1 - side);
        self.go_on(lane, side);
    }

    /// Lets a party take what has arrived in a lane; if it is done with the lane, it can begin another one.
    fn go_on(&mut self, lane: usize, side: usize) {
        let way = &mut self.lanes[lane];
        way.receive(side);
        if way.left[side].is_empty()
            && let Some(now_ns) = way.now_ns[side].take()
        {
            self.free[side].push(now_ns);
            if way.left[1 - side].is_empty() {
                self.running.retain(|other| *other != lane);
            }
        }
    }
}

#[cfg(test)]
mod tests;
