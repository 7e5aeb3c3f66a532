//! Carriers of messages: a wire in memory or over a network, and one that was cut.

use crate::wire::duplex::{End, Gone};

/// A message on its way, with the numbers that travel in its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The length of the longest chain of messages that ends with this one, each sent after the one before arrived.
    pub depth: u32,
    /// The round of its step in which it was sent.
    pub round: u32,
    /// Its place among the messages that its sender sent in that round.
    pub index: u32,
    /// The virtual time at which it arrives, in nanoseconds.
    pub arrival_ns: u64,
    /// The bytes of the message.
    pub payload: Vec<u8>,
}

/// A carrier of frames, in memory or over a network.
pub trait Wire: Send {
    /// Sends a frame to the other end, and does not wait until it is taken.
    ///
    /// # Errors
    /// [`Gone`] if nobody is left to take it.
    fn put(&mut self, frame: Frame) -> Result<(), Gone>;

    /// Waits for the next frame. If its payload is longer than `most` bytes, other bytes may stand in its place, as many or `most + 1` of them: the receiver refuses it, as it is too long.
    ///
    /// # Errors
    /// [`Lost`] if no frame can come any more.
    fn take(&mut self, most: usize) -> Result<Frame, Lost>;

    /// Divides the wire into a lane for each bound, which several threads use at once: each keeps its order and ends by itself, when it is dropped. A bound says how many bytes
    /// of the lane may wait to be taken, where a peer decides that.
    ///
    /// # Panics
    /// For a wire that cannot be divided into so many.
    fn lanes(self: Box<Self>, bounds: &[usize]) -> Vec<Box<dyn Wire>>;
}

/// Why a wire brings no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Nobody sends any more.
    Gone,
    /// The peer sent what no lane can hold.
    Malformed(&'static str),
}

impl From<Gone> for Lost {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}

impl Wire for End<Frame> {
    fn put(&mut self, frame: Frame) -> Result<(), Gone> {
        End::put(self, frame);
        Ok(())
    }

    fn take(&mut self, _most: usize) -> Result<Frame, Lost> {
        Ok(End::take(self)?)
    }

    fn lanes(self: Box<Self>, bounds: &[usize]) -> Vec<Box<dyn Wire>> {
        End::lanes(*self, bounds.len()).into_iter().map(|lane| -> Box<dyn Wire> { Box::new(lane) }).collect()
    }
}

/// A wire that was cut.
pub(super) struct Closed;

impl Wire for Closed {
    fn put(&mut self, _frame: Frame) -> Result<(), Gone> {
        Err(Gone)
    }

    fn take(&mut self, _most: usize) -> Result<Frame, Lost> {
        Err(Lost::Gone)
    }

    fn lanes(self: Box<Self>, bounds: &[usize]) -> Vec<Box<dyn Wire>> {
        bounds.iter().map(|_| -> Box<dyn Wire> { Box::new(Self) }).collect()
    }
}
