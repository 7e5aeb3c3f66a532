//! A wire in memory between two threads.
//!
//! Invariant: a [`take`](End::take) always returns: with the next frame, or with [`Gone`] once the other end is dropped or both
//! ends wait for one another.

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

/// One end of a wire in memory. Dropping it closes the wire.
pub struct End<T> {
    shared: Arc<Shared<T>>,
    side: usize,
}

/// Makes a wire, and returns its two ends.
#[must_use]
pub fn duplex<T>() -> (End<T>, End<T>) {
    let side = || Side { arriving: VecDeque::new(), waiting: false, open: true };
    let shared = Arc::new(Shared { sides: Mutex::new([side(), side()]), changed: Condvar::new() });
    (End { shared: Arc::clone(&shared), side: 0 }, End { shared, side: 1 })
}

impl<T> Shared<T> {
    /// A party that panicked leaves the queues whole: they are only ever pushed to and popped from.
    fn lock(&self) -> MutexGuard<'_, [Side<T>; 2]> {
        self.sides.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> End<T> {
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
        self.shared.lock()[self.side].open = false;
        self.shared.changed.notify_all();
    }
}

impl<T> std::fmt::Debug for End<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("End").field("side", &self.side).finish_non_exhaustive()
    }
}
