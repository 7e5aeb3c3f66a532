//! Lanes over one connection: several threads of a party send and receive at once, and the messages of each lane keep their order.
//!
//! The lane of a frame is in the highest bits of the word that otherwise has its index alone. A lane that a party is done with ends by a frame without payload,
//! of the largest index. Whoever waits for a message reads for all lanes, and puts what is not its own into the inbox of its lane.
//!
//! Invariant: an inbox holds no more bytes than its bound. Reading never stops because an inbox is full, so that a lane whose peer is slow holds up no other;
//! a peer that sends more ahead than the bound breaks the protocol, and the connection is given up.

use crate::wire::duplex::Gone;
use crate::wire::link::{Frame, Lost, Wire};
use crate::wire::stream::{Reader, Writer};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The bits of the index of a frame in its word; above them is the lane.
const INDEX_BITS: u32 = 20;
/// The index of the frame that ends a lane.
const END: u32 = (1 << INDEX_BITS) - 1;
/// The most lanes of a connection.
pub const MOST_LANES: usize = 1 << (u32::BITS - INDEX_BITS);
/// What a frame counts for in an inbox, besides its payload.
const FRAME_BYTES: usize = 64;

const NO_LANE: Lost = Lost::Malformed("a message is for a lane that does not exist");
const TOO_MUCH: Lost = Lost::Malformed("more is sent ahead in a lane than it may hold");
const AFTER_END: Lost = Lost::Malformed("a lane goes on after its end");

/// Divides a connection into a lane for each bound: how many bytes of it may wait to be taken.
///
/// # Panics
/// For more than [`MOST_LANES`].
pub fn divide(reader: Reader, writer: Writer, bounds: &[usize]) -> Vec<Box<dyn Wire>> {
    assert!(bounds.len() <= MOST_LANES, "a lane's number has {} bits", u32::BITS - INDEX_BITS);
    let inbox = |bound: &usize| Inbox { frames: VecDeque::new(), held: 0, bound: *bound, ended: false, left: false };
    let state = State { inboxes: bounds.iter().map(inbox).collect(), reading: false, lost: None };
    let shared = Arc::new(Shared {
        reader: Mutex::new(reader),
        writer: Mutex::new(writer),
        state: Mutex::new(state),
        changed: Condvar::new(),
        most: bounds.iter().copied().max().unwrap_or(0),
    });
    (0..bounds.len()).map(|lane| -> Box<dyn Wire> { Box::new(Lane { shared: Arc::clone(&shared), lane }) }).collect()
}

struct Shared {
    reader: Mutex<Reader>,
    writer: Mutex<Writer>,
    state: Mutex<State>,
    changed: Condvar,
    /// The most bytes of a payload.
    most: usize,
}

struct State {
    inboxes: Vec<Inbox>,
    /// Whether a lane reads for all.
    reading: bool,
    /// Why nothing more comes in any lane.
    lost: Option<Lost>,
}

/// What has arrived in a lane and was not taken.
struct Inbox {
    frames: VecDeque<Frame>,
    held: usize,
    bound: usize,
    /// The peer sends nothing more in it.
    ended: bool,
    /// This party takes nothing more of it: what comes still counts, and is not kept.
    left: bool,
}

impl State {
    /// Puts what was read into its inbox.
    fn arrived(&mut self, frame: Frame, most: usize) -> Result<(), Lost> {
        let Frame { index, .. } = frame;
        let inbox = self.inboxes.get_mut((index >> INDEX_BITS) as usize).ok_or(NO_LANE)?;
        if inbox.ended {
            return Err(AFTER_END);
        }
        if index & END == END {
            inbox.ended = true;
            return if frame.payload.is_empty() { Ok(()) } else { Err(AFTER_END) };
        }
        inbox.held += FRAME_BYTES + frame.payload.len();
        if frame.payload.len() > most || inbox.held > inbox.bound {
            return Err(TOO_MUCH);
        }
        if !inbox.left {
            inbox.frames.push_back(Frame { index: index & END, ..frame });
        }
        Ok(())
    }
}

impl Shared {
    /// A party that panicked leaves the inboxes whole: each is only ever pushed to and popped from.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads one frame for whichever lane it is.
    fn read(&self) -> Result<Frame, Lost> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner).read(self.most).map_err(|_| Lost::Gone)
    }

    fn write(&self, frame: &Frame) -> Result<(), Gone> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).put(frame)
    }
}

/// One lane of a connection. Dropping it ends the lane; with the last one the connection is closed.
struct Lane {
    shared: Arc<Shared>,
    lane: usize,
}

impl Lane {
    /// The word of a frame of this index.
    #[expect(clippy::cast_possible_truncation, reason = "there are no more lanes than their bits number")]
    fn word(&self, index: u32) -> u32 {
        (self.lane as u32) << INDEX_BITS | index
    }
}

impl Wire for Lane {
    fn put(&mut self, frame: Frame) -> Result<(), Gone> {
        if frame.index >= END {
            return Err(Gone);
        }
        self.shared.write(&Frame { index: self.word(frame.index), ..frame })
    }

    fn take(&mut self, _most: usize) -> Result<Frame, Lost> {
        let mut state = self.shared.state();
        loop {
            let State { inboxes, reading, lost } = &mut *state;
            let inbox = &mut inboxes[self.lane];
            if let Some(frame) = inbox.frames.pop_front() {
                inbox.held -= FRAME_BYTES + frame.payload.len();
                return Ok(frame);
            }
            if inbox.ended || lost.is_some() {
                return Err(lost.filter(|_| !inbox.ended).unwrap_or(Lost::Gone));
            }
            if *reading {
                state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            *reading = true;
            drop(state);
            let read = self.shared.read();
            state = self.shared.state();
            state.reading = false;
            let arrived = read.and_then(|frame| state.arrived(frame, self.shared.most));
            state.lost = arrived.err();
            self.shared.changed.notify_all();
        }
    }

    fn lanes(self: Box<Self>, bounds: &[usize]) -> Vec<Box<dyn Wire>> {
        assert_eq!(bounds.len(), 1, "a lane is not divided again");
        vec![self]
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        // A peer that is gone needs no end.
        let end = Frame { depth: 0, round: 0, index: self.word(END), arrival_ns: 0, payload: Vec::new() };
        let _ = self.shared.write(&end);
        let inbox = &mut self.shared.state().inboxes[self.lane];
        inbox.left = true;
        inbox.frames.clear();
    }
}
