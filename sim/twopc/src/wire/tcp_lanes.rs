//! Lanes over one connection: several threads of a party send and receive at once, and the messages of each lane keep their order.
//!
//! The lane of a frame is in the highest bits of the word that otherwise has its index alone. A lane that a party is done with ends by a frame without payload,
//! of the largest index. Whoever waits for a message reads for all lanes, and puts what is not its own into the inbox of its lane.
//!
//! A party that is done waits until its peer is, for no longer than it would wait for a message: a connection that is closed while something arrives may be reset,
//! and a reset drops what the peer has not read. A party is patient as long as anything comes in any lane, since its peer may have fewer threads. That ends, as a lane holds no more than its bound.
//!
//! Invariant: an inbox holds no more bytes than its bound. Reading never stops because an inbox is full, so that a lane whose peer is slow holds up no other;
//! a peer that sends more ahead than the bound breaks the protocol, and the connection is given up.

use crate::wire::carrier::{Frame, Lost, Wire};
use crate::wire::duplex::Gone;
use crate::wire::stream::{Reader, Writer};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The bits of the index of a frame in its word; above them is the lane.
const INDEX_BITS: u32 = 26;
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
        writer: Mutex::new(Some(writer)),
        state: Mutex::new(state),
        changed: Condvar::new(),
        most: bounds.iter().copied().max().unwrap_or(0),
    });
    (0..bounds.len()).map(|lane| -> Box<dyn Wire> { Box::new(Lane { shared: Arc::clone(&shared), lane }) }).collect()
}

struct Shared {
    reader: Mutex<Reader>,
    /// Closed once the last lane is gone.
    writer: Mutex<Option<Writer>>,
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
    /// Whether the peer has lanes that it may still end.
    fn awaits_ends(&self) -> bool {
        self.lost.is_none() && !self.inboxes.iter().all(|inbox| inbox.ended)
    }

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

    /// Reads one frame for whichever lane it is, and hands it over. One lane at a time does so.
    fn read_for_all(&self) {
        let _turn = Turn(self);
        let read = self.read();
        let mut state = self.state();
        let arrived = read.and_then(|frame| state.arrived(frame, self.most));
        state.lost = arrived.err();
    }

    fn write(&self, frame: &Frame) -> Result<(), Gone> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).as_mut().ok_or(Gone)?.put(frame)
    }
}

/// A lane's turn to read for all, which it hands on however it ends.
struct Turn<'s>(&'s Shared);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.reading = false;
        if std::thread::panicking() {
            state.lost = Some(Lost::Gone);
        }
        self.0.changed.notify_all();
    }
}

/// Sends what is left, and waits for the peer's end.
impl Drop for Shared {
    fn drop(&mut self) {
        self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let reader = self.reader.get_mut().unwrap_or_else(PoisonError::into_inner);
        let patience = reader.patience().until(0);
        while self.state().awaits_ends() && patience.left().is_ok() {
            self.read_for_all();
        }
    }
}

/// One lane of a connection. Dropping it ends the lane; with the last one the connection is closed, once the peer has ended its lanes too.
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
            self.shared.read_for_all();
            state = self.shared.state();
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
    use crate::wire::tcp::{Patience, Source, TcpWire};
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
            (0..3).for_each(|lane| raw.put(frame(lane, END, 0)).unwrap());
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
        let halt = link.step("here", |link| link.receive(1)).unwrap_err();
        // Nobody waits for its end.
        drop(raw);
        halt
    }

    #[test]
    fn what_no_lane_can_hold_is_a_located_error() {
        let malformed = |lost: Lost| {
            let Lost::Malformed(what) = lost else { panic!("it says what") };
            Halt::Malformed { step: "here".into(), what }
        };
        assert_eq!(error(&[frame(3, 0, 0)]), malformed(NO_LANE));
        assert_eq!(error(&[frame(63, 7, 5)]), malformed(NO_LANE));
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

    /// A party that is done does not close before its peer has read all of its last message: what comes meanwhile would reset the connection.
    #[test]
    fn a_last_message_outlives_its_sender() {
        const BYTES: usize = 1_500_000;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let raw = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let wire: Box<dyn Wire> = Box::new(TcpWire::new(listener.accept().unwrap().0).unwrap());
        let mut lanes = wire.lanes(&[2 * BYTES; 2]);
        let mut raw = TcpWire::new(raw).unwrap();
        std::thread::scope(|scope| {
            let done = scope.spawn(move || {
                lanes[0].put(frame(0, 0, BYTES)).unwrap();
                drop(lanes);
            });
            // It is done, and this comes too late for it.
            std::thread::sleep(std::time::Duration::from_millis(50));
            (0..2).for_each(|lane| raw.put(frame(lane, 0, 9)).unwrap());
            std::thread::sleep(std::time::Duration::from_millis(50));
            assert_eq!(raw.take(BYTES).map(|frame| frame.payload.len()), Ok(BYTES));
            assert!(!done.is_finished(), "it waits for the ends of its peer's lanes");
            (0..2).for_each(|lane| raw.put(frame(lane, END, 0)).unwrap());
            done.join().unwrap();
        });
    }

    /// A thread that panics while it reads for all lets the others go.
    #[test]
    fn a_reader_that_panics_ends_all_lanes() {
        struct Panics;
        impl Source for Panics {
            fn read(&mut self, _: &mut [u8], _: std::time::Duration) -> std::io::Result<usize> {
                std::thread::sleep(std::time::Duration::from_millis(30));
                panic!("on purpose")
            }
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let out = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let wire: Box<dyn Wire> = Box::new(TcpWire::over(Box::new(Panics), Box::new(out), Patience::default()));
        let ended: Vec<_> = std::thread::scope(|scope| {
            let take = |mut lane: Box<dyn Wire>| scope.spawn(move || lane.take(9));
            let waiting: Vec<_> = wire.lanes(&[BOUND; 3]).into_iter().map(take).collect();
            waiting.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
        });
        assert_eq!(ended.iter().filter(|ended| ended.is_err()).count(), 1);
        assert_eq!(ended.iter().filter(|ended| matches!(ended, Ok(Err(Lost::Gone)))).count(), 2);
    }
}
