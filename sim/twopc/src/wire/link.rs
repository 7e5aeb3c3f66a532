//! The link on which a party exchanges messages with the other one.
//!
//! The receiver always knows how long a message must be. A link counts every byte, gives every message its step address, and
//! carries two clocks along: the number of messages each one causally follows, and the virtual time at which it arrives over
//! a given network. Neither depends on the machine or its scheduler.

use crate::address::Address;
use crate::modulus::Modulus;
use crate::role::Role;
use crate::wire::carrier::{Closed, Frame, Lost, Wire};
use crate::wire::clock::{Clock, LinkSpeed};
use crate::wire::duplex::{self, Gone};
pub use crate::wire::halt::Halt;
use crate::wire::hook::{Compared, Conduct, Deviation, Mistakes};
use crate::wire::meter::{Message, Meter, Phase};
use crate::wire::times::Times;
use crate::wire::trace::Trace;
use std::time::Duration;

/// How long a party waits for a peer before it gives up, in virtual nanoseconds: one minute, or what the line takes ([`Clock::line_ns`]) where that is longer. It begins to wait when its own
/// last message has left, as a peer answers only what it has received.
pub const PATIENCE_NS: u64 = 60_000_000_000;

/// A step that a party is in: its round there, and how many messages of that round it sent.
#[derive(Debug, Default)]
struct Level {
    address: Address,
    round: u32,
    sent: u32,
}

/// A party's side of the line between the parties, with its meter and its clock.
pub struct Link {
    wire: Box<dyn Wire>,
    role: Role,
    phase: Phase,
    /// The innermost step, and those around it from the outermost: the whole session.
    level: Level,
    around: Vec<Level>,
    depth: u32,
    clock: Clock,
    meter: Meter,
    /// What is noted in place of the meter's log; `None` for a party that keeps a log.
    trace: Option<Trace>,
    /// The processor time by layer; `None` for a party whose time is not counted so.
    times: Option<Times>,
    deviation: Option<Box<dyn Deviation>>,
    /// What was received; `None` for a party that keeps nothing of it.
    heard: Option<Vec<Vec<u8>>>,
}

impl Link {
    /// Makes a link over a wire, for a line of this speed in virtual time.
    #[must_use]
    pub fn new(role: Role, wire: Box<dyn Wire>, speed: LinkSpeed) -> Self {
        Self {
            wire,
            role,
            phase: Phase::Setup,
            level: Level::default(),
            around: Vec::new(),
            depth: 0,
            clock: Clock::new(speed),
            meter: Meter::default(),
            trace: None,
            times: None,
            deviation: None,
            heard: None,
        }
    }

    /// Makes the party note its messages from now on without their addresses, in place of the meter's log.
    pub fn trace(&mut self) {
        self.trace = Some(Trace::default());
    }

    /// Counts the processor time of the party by layer from now on, by a clock of that of the thread that asks.
    pub fn time(&mut self, clock: fn() -> Duration) {
        self.times = Some(Times::new(clock));
    }

    /// Returns the processor time by layer; nothing, unless [`Link::time`] was called.
    #[must_use]
    pub fn times(&self) -> &[(Address, Duration)] {
        self.times.as_ref().map_or(&[], Times::layers)
    }

    /// Begins the work of a lane on this thread.
    pub(crate) fn begin_work(&mut self) {
        if let Some(times) = &mut self.times {
            times.begin();
        }
    }

    /// Counts the processor time until now for the step that the party is in, as where a step or a lane's work ends.
    pub(crate) fn count_time(&mut self) {
        if let Some(times) = &mut self.times {
            times.count(&self.level.address);
        }
    }

    /// Gives up the link for what it noted in place of a log; nothing, unless [`Link::trace`] was called.
    #[must_use]
    pub fn into_trace(mut self) -> Option<Trace> {
        self.trace.take()
    }

    fn note(&mut self, message: Message) {
        match &mut self.trace {
            Some(trace) => trace.note(&message),
            None => self.meter.log.push(message),
        }
    }

    /// Divides the line into lanes, a link for each bound ([`Wire::lanes`]): each has the clock of this one, and a record of its own. This link is closed.
    pub(crate) fn divided(&mut self, bounds: &[usize]) -> Vec<Self> {
        let wires = std::mem::replace(&mut self.wire, Box::new(Closed)).lanes(bounds);
        let lane = |wire| Self {
            wire,
            role: self.role,
            phase: self.phase,
            level: Level { address: self.level.address.clone(), ..Level::default() },
            around: Vec::new(),
            depth: self.depth,
            clock: self.clock,
            meter: Meter::default(),
            trace: self.trace.as_ref().map(|_| Trace::default()),
            times: self.times.as_ref().map(Times::anew),
            deviation: None,
            heard: None,
        };
        wires.into_iter().map(lane).collect()
    }

    /// Whether what the party does may depend on the order of its messages: it deviates, or listens.
    pub(crate) fn keeps_order(&self) -> bool {
        self.deviation.is_some() || self.heard.is_some()
    }

    /// Takes over from another link how the party deviates, and what it has heard.
    pub(crate) fn succeed(&mut self, other: &mut Self) {
        (self.deviation, self.heard) = (other.deviation.take(), other.heard.take());
    }

    /// Adds the record of a lane.
    pub(crate) fn absorb(&mut self, lane: Self) {
        self.meter.log.extend(lane.meter.log);
        if let (Some(trace), Some(other)) = (&mut self.trace, lane.trace) {
            trace.absorb(other);
        }
        if let (Some(times), Some(other)) = (&mut self.times, lane.times) {
            times.absorb(other);
        }
        self.depth = self.depth.max(lane.depth);
        self.clock.receive(lane.clock.now_ns());
    }

    /// Makes the party keep every message that it receives from now on, for [`Link::heard`].
    pub fn listen(&mut self) {
        self.heard = Some(Vec::new());
    }

    /// Returns the messages that a party that listens has received since it last asked, in their order.
    pub fn heard(&mut self) -> Vec<Vec<u8>> {
        self.heard.as_mut().map(std::mem::take).into_iter().flatten().collect()
    }

    /// Makes the party deviate from now on.
    pub fn deviate(&mut self, deviation: Box<dyn Deviation>) {
        self.deviation = Some(deviation);
    }

    /// Marks the end of a step: a party that deviates may change its shares of the step's output here.
    pub fn boundary(&mut self, step: &Address, shares: &mut [u64], modulus: Modulus) {
        if let Some(deviation) = &mut self.deviation {
            deviation.share(&self.level.address.join(step), shares, modulus);
        }
    }

    /// Returns what a party that deviates adds to each of `count` elements that the ReLU in hand keeps; `None` for nothing.
    pub fn added_where_kept(&mut self, count: usize) -> Option<Vec<i64>> {
        self.deviation.as_mut()?.kept(&self.level.address, count)
    }

    /// Adds to shares of `modulus` what a party that deviates adds where a ReLU keeps them, `shift` bits up: its part of what a multiplexer
    /// multiplies with the sign.
    pub fn add_where_kept(&mut self, shares: &mut [u64], modulus: Modulus, shift: u32) {
        let errors = self.added_where_kept(shares.len());
        for (share, error) in shares.iter_mut().zip(errors.into_iter().flatten()) {
            *share = modulus.add(modulus.reduce(*share), modulus.element(error << shift));
        }
    }

    /// Returns the mistakes that a party that deviates makes about a digit of each number; `None` for none.
    pub fn mistakes(&mut self, digit: Compared, own: impl Iterator<Item = u8>) -> Option<Vec<Mistakes>> {
        self.deviation.as_mut()?.compared(&self.level.address, digit, &own.collect::<Vec<_>>())
    }

    /// Asks a party that deviates for what it does in this step; `None` for one that does not deviate.
    pub fn deviating<T>(&mut self, ask: impl FnOnce(&mut dyn Deviation, &Address) -> Option<T>) -> Option<T> {
        ask(&mut **self.deviation.as_mut()?, &self.level.address)
    }

    /// Tells a party that deviates what it reads in a message.
    pub fn read(&mut self, read: impl FnOnce() -> Vec<u8>) {
        let Some(deviation) = &mut self.deviation else { return };
        deviation.read(&self.level.address, &read());
    }

    /// Makes the client's and the server's side of a line in memory.
    #[must_use]
    pub fn pair(speed: LinkSpeed) -> (Self, Self) {
        let (client, server) = duplex::duplex();
        (Self::new(Role::Client, Box::new(client), speed), Self::new(Role::Server, Box::new(server), speed))
    }

    /// The role of the party whose side this is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The record of all messages sent and received so far.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Gives up the link for the record of its messages.
    #[must_use]
    pub fn into_meter(mut self) -> Meter {
        std::mem::take(&mut self.meter)
    }

    /// The phase that the next messages are counted in.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Sets the phase that the next messages are counted in, and returns the one before.
    pub fn enter(&mut self, phase: Phase) -> Phase {
        std::mem::replace(&mut self.phase, phase)
    }

    /// Goes into a step: the addresses of messages are inside it, below the current one, until [`Link::leave_step`].
    pub fn enter_step(&mut self, step: impl Into<Address>) {
        self.count_time();
        let address = self.level.address.join(&step.into());
        let inner = Level { address, ..Level::default() };
        self.around.push(std::mem::replace(&mut self.level, inner));
    }

    /// Goes back out of the step last gone into.
    ///
    /// # Panics
    /// If there is none.
    #[expect(clippy::expect_used, reason = "whoever leaves a step has gone into it")]
    pub fn leave_step(&mut self) {
        self.count_time();
        self.level = self.around.pop().expect("a step around this one");
    }

    /// Runs a part of a protocol as a step: its messages have the step in their address.
    ///
    /// # Errors
    /// The errors of the body.
    pub fn step<T>(
        &mut self,
        step: impl Into<Address>,
        body: impl FnOnce(&mut Self) -> Result<T, Halt>,
    ) -> Result<T, Halt> {
        self.enter_step(step);
        let outcome = body(self);
        self.leave_step();
        outcome
    }

    /// The address of the current step.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.level.address
    }

    /// Sends a message.
    ///
    /// # Errors
    /// [`Halt::PeerGone`] if the peer can receive nothing any more, or if a deviation ends the connection.
    pub fn send(&mut self, payload: Vec<u8>) -> Result<(), Halt> {
        let frame = self.next_frame(payload);
        let message = self.message(self.role, &frame);
        let conduct = match &mut self.deviation {
            Some(deviation) => deviation.message(&message, &frame.payload),
            None => Conduct::Send,
        };
        match conduct {
            Conduct::Send => self.put(frame),
            Conduct::Replace(payload) => self.put(Frame { payload, ..frame }),
            Conduct::Repeat => {
                self.put(frame.clone())?;
                self.put(frame)
            }
            Conduct::Drop => Ok(()),
            Conduct::Delay(ns) => self.put(Frame { arrival_ns: frame.arrival_ns.saturating_add(ns), ..frame }),
            Conduct::Stall => {
                let _ = self.put(Frame { arrival_ns: u64::MAX, ..frame });
                self.close()
            }
            Conduct::Close => self.close(),
        }
    }

    /// Receives a message of exactly `bytes` bytes.
    ///
    /// # Errors
    /// [`Halt::Malformed`] for another length, [`Halt::PeerGone`] where none comes in time.
    pub fn receive(&mut self, bytes: usize) -> Result<Vec<u8>, Halt> {
        let frame = self.wire.take(bytes).map_err(|lost| match lost {
            Lost::Gone => self.gone(),
            Lost::Malformed(what) => self.malformed(what),
        })?;
        let patience_ns = PATIENCE_NS.max(self.clock.line_ns(bytes));
        if frame.arrival_ns.saturating_sub(self.clock.idle_since_ns()) > patience_ns {
            return Err(self.gone());
        }
        if frame.payload.len() != bytes {
            return Err(self.malformed("it has another length"));
        }
        self.depth = self.depth.max(frame.depth);
        self.clock.receive(frame.arrival_ns);
        let message = self.message(self.role.peer(), &frame);
        self.note(message);
        let level = &mut self.level;
        if frame.round >= level.round {
            (level.round, level.sent) = (frame.round.saturating_add(1), 0);
        }
        if let Some(heard) = &mut self.heard {
            heard.push(frame.payload.clone());
        }
        Ok(frame.payload)
    }

    /// The error of a party that received something that no honest peer sends.
    #[must_use]
    pub fn malformed(&self, what: &'static str) -> Halt {
        Halt::Malformed { step: self.address().clone(), what }
    }

    /// The error of a party whose peer's proof does not hold.
    #[must_use]
    pub fn cheating(&self, what: &'static str) -> Halt {
        Halt::Cheating { step: self.address().clone(), what }
    }

    /// Closes the link, so that a peer that still waits for a message learns that none will come.
    pub fn hang_up(&mut self) {
        self.wire = Box::new(Closed);
    }

    fn gone(&self) -> Halt {
        Halt::PeerGone { step: self.address().clone() }
    }

    /// A payload with its place and its clocks.
    fn next_frame(&mut self, payload: Vec<u8>) -> Frame {
        let (round, index) = (self.level.round, self.level.sent);
        self.level.sent += 1;
        let arrival_ns = self.clock.send(payload.len());
        Frame { depth: self.depth.saturating_add(1), round, index, arrival_ns, payload }
    }

    fn put(&mut self, frame: Frame) -> Result<(), Halt> {
        let message = self.message(self.role, &frame);
        self.note(message);
        self.wire.put(frame).map_err(|Gone| self.gone())
    }

    /// Nothing goes over it any more.
    fn close(&mut self) -> Result<(), Halt> {
        self.hang_up();
        Err(self.gone())
    }

    fn message(&self, from: Role, frame: &Frame) -> Message {
        let Frame { depth, round, index, arrival_ns, ref payload } = *frame;
        let address = self.address().message(round, index);
        Message { from, phase: self.phase, address, bytes: payload.len(), depth, arrival_ns }
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("role", &self.role).field("at", self.address()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
