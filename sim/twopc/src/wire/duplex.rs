//! A wire in memory between two threads.
//!
//! Invariant: a [`take`](End::take) always returns: with the next frame, or with [`Gone`] once the other end is dropped or both
//! ends wait for one another. A wire that is divided into lanes is a wire for each of them, which this holds for by itself; what one end has not taken
//! of the other's lanes, or never takes, is closed.

use crate::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::collections::VecDeque;

/// The error of an end whose other end will send nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

struct Side<T> {
    /// Frames on their way to this side.
    arriving: VecDeque<T>,
    waiting: bool,
    open: bool,
}

struct Shared<T> {
    sides: Mutex<[Side<T>; 2]>,
    changed: Condvar,
}

/// The lanes of a wire after the first, which is the wire itself.
struct Others<T> {
    made: Vec<Arc<Shared<T>>>,
    /// For each side, whether it takes no more lanes.
    settled: [bool; 2],
}

/// One end of a wire in memory. Dropping it closes the wire.
pub struct End<T> {
    shared: Arc<Shared<T>>,
    /// `None` for an end that is a lane itself.
    others: Option<Arc<Mutex<Others<T>>>>,
    side: usize,
}

/// Makes a wire, and returns its two ends.
#[must_use]
pub fn duplex<T>() -> (End<T>, End<T>) {
    let shared = Arc::new(Shared::new([true; 2]));
    let others = Arc::new(Mutex::new(Others { made: Vec::new(), settled: [false; 2] }));
    let end = |side| End { shared: Arc::clone(&shared), others: Some(Arc::clone(&others)), side };
    (end(0), end(1))
}

impl<T> Shared<T> {
    fn new(open: [bool; 2]) -> Self {
        let side = |open| Side { arriving: VecDeque::new(), waiting: false, open };
        Self { sides: Mutex::new(open.map(side)), changed: Condvar::new() }
    }

    fn close(&self, side: usize) {
        self.lock()[side].open = false;
        self.changed.notify_all();
    }

    /// A party that panicked leaves the queues whole: they are only ever pushed to and popped from.
    fn lock(&self) -> MutexGuard<'_, [Side<T>; 2]> {
        self.sides.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Others<T> {
    /// Takes the lanes up to this number of a side, which takes no others.
    fn settle(&mut self, side: usize, count: usize) -> Vec<Arc<Shared<T>>> {
        if self.settled[side] {
            return Vec::new();
        }
        self.settled[side] = true;
        let open = std::array::from_fn(|other| other == side || !self.settled[other]);
        while self.made.len() < count {
            self.made.push(Arc::new(Shared::new(open)));
        }
        self.made[count..].iter().for_each(|lane| lane.close(side));
        self.made[..count].to_vec()
    }
}

impl<T> End<T> {
    /// Divides the wire into so many lanes, at least one, each of which is a wire: the first is this one. Both ends give the same number; lanes that the other end does not take
    /// are closed.
    #[must_use]
    pub fn lanes(mut self, count: usize) -> Vec<Self> {
        let side = self.side;
        let others = self.others.take().map(|others| lock(&others).settle(side, count.saturating_sub(1)));
        let lanes = others.into_iter().flatten().map(|shared| Self { shared, others: None, side });
        let mut all = Vec::with_capacity(count);
        all.extend(lanes);
        all.insert(0, self);
        all
    }

    /// Puts a frame on the wire, without ever waiting. If the other end is closed, the frame is lost: only a party that waits notices, so
    /// that no result depends on which thread was faster.
    pub fn put(&self, frame: T) {
        let mut sides = self.shared.lock();
        let there = &mut sides[1 - self.side];
        if there.open {
            there.arriving.push_back(frame);
            self.shared.changed.notify_all();
        }
    }

    /// Waits for the next frame and returns it.
    ///
    /// # Errors
    /// [`Gone`] where none can come: the other end is closed, or waits too.
    pub fn take(&self) -> Result<T, Gone> {
        let mut sides = self.shared.lock();
        loop {
            if let Some(frame) = sides[self.side].arriving.pop_front() {
                sides[self.side].waiting = false;
                return Ok(frame);
            }
            let there = &sides[1 - self.side];
            if !there.open || (there.waiting && there.arriving.is_empty()) {
                sides[self.side].open = false;
                self.shared.changed.notify_all();
                return Err(Gone);
            }
            sides[self.side].waiting = true;
            sides = self.shared.changed.wait(sides).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T> Drop for End<T> {
    fn drop(&mut self) {
        self.shared.close(self.side);
        if let Some(others) = &self.others {
            lock(others).settle(self.side, 0);
        }
    }
}

/// A party that panicked leaves the list of lanes whole: it is only ever pushed to.
fn lock<T>(others: &Mutex<Others<T>>) -> MutexGuard<'_, Others<T>> {
    others.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> std::fmt::Debug for End<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("End").field("side", &self.side).finish_non_exhaustive()
    }
}
