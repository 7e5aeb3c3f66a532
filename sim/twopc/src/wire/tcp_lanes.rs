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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;
    use crate::wire::clock::LinkSpeed;
    use crate::wire::link::{Halt, Link};
    use crate::wire::tcp::TcpWire;
    use std::net::{TcpListener, TcpStream};

    const BOUND: usize = 2000;

    /// A raw end of a connection, and the lanes of the other one.
    fn lanes(count: usize) -> (TcpWire, Vec<Box<dyn Wire>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let raw = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let wire: Box<dyn Wire> = Box::new(TcpWire::new(listener.accept().unwrap().0).unwrap());
        (TcpWire::new(raw).unwrap(), wire.lanes(&vec![BOUND; count]))
    }

    fn frame(lane: u32, index: u32, bytes: usize) -> Frame {
        Frame { depth: 1, round: 0, index: lane << INDEX_BITS | index, arrival_ns: 0, payload: vec![lane as u8; bytes] }
    }

    /// The lane that waits first is the last to be served, and reads for the others.
    #[test]
    fn each_lane_gets_its_own_messages_in_their_order() {
        let (mut raw, lanes) = lanes(3);
        let taken: Vec<Vec<(u32, Vec<u8>)>> = std::thread::scope(|scope| {
            let take = |mut lane: Box<dyn Wire>| {
                scope.spawn(move || {
                    [0; 2].map(|_| lane.take(9).map(|frame| (frame.index, frame.payload)).unwrap()).to_vec()
                })
            };
            let waiting: Vec<_> = lanes.into_iter().map(take).collect();
            for (lane, index) in [(2, 0), (1, 0), (2, 1), (0, 0), (0, 1), (1, 1)] {
                raw.put(frame(lane, index, 9)).unwrap();
            }
            waiting.into_iter().map(|lane| lane.join().unwrap()).collect()
        });
        for (lane, taken) in taken.into_iter().enumerate() {
            assert_eq!(taken, [(0, vec![lane as u8; 9]), (1, vec![lane as u8; 9])]);
        }
        // Each was dropped, and says so.
        let mut ends: Vec<u32> = (0..3).map(|_| raw.take(0).unwrap().index).collect();
        ends.sort_unstable();
        assert_eq!(ends, [0, 1, 2].map(|lane| lane << INDEX_BITS | END));
    }

    /// What the first of some lanes has as an error after these frames.
    fn error(frames: &[Frame]) -> Halt {
        let (mut raw, mut lanes) = lanes(3);
        let mut link = Link::new(Role::Client, lanes.swap_remove(0), LinkSpeed::LAN);
        for frame in frames {
            raw.put(frame.clone()).unwrap();
        }
        link.step("here", |link| link.receive(1)).unwrap_err()
    }

    #[test]
    fn what_no_lane_can_hold_is_a_located_error() {
        let malformed = |lost: Lost| {
            let Lost::Malformed(what) = lost else { panic!("it says what") };
            Halt::Malformed { step: "here".into(), what }
        };
        assert_eq!(error(&[frame(3, 0, 0)]), malformed(NO_LANE));
        assert_eq!(error(&[frame(4095, 7, 5)]), malformed(NO_LANE));
        // Below the bound each, and together beyond it; and one that is too long to be read at all.
        let most = BOUND / 2 - FRAME_BYTES;
        assert_eq!(error(&[frame(1, 0, most), frame(1, 1, most), frame(1, 2, 0)]), malformed(TOO_MUCH));
        assert_eq!(error(&[frame(2, 0, BOUND + 1)]), malformed(TOO_MUCH));
        assert_eq!(error(&[frame(1, END, 0), frame(1, 0, 0)]), malformed(AFTER_END));
        assert_eq!(error(&[frame(1, END, 1)]), malformed(AFTER_END));
        // The end of a lane is an end, and not an error of the others.
        assert_eq!(error(&[frame(0, END, 0)]), Halt::PeerGone { step: "here".into() });
    }

    /// What comes in a lane that this party has left is not kept, and still counts.
    #[test]
    fn a_peer_cannot_flood_a_lane_that_was_left() {
        let (mut raw, mut lanes) = lanes(2);
        drop(lanes.pop());
        (0..=BOUND / FRAME_BYTES).for_each(|at| raw.put(frame(1, at as u32, 0)).unwrap());
        assert_eq!(lanes[0].take(1), Err(TOO_MUCH));
    }
}
