//! The lanes of a session: runs of chunks that need nothing of one another, one after another or beside each other on several threads.
//!
//! A lane has a name of its own, and from it its randomness and its transfers, as if it were a session under the same set-up. So each message is a
//! function of the set-up, the session's name and the message's address, on any number of threads. A session that halts in a lane ends as it would if lanes ran one after
//! another: lanes before it run on to their ends, and of those after it nothing is in the record. What they delivered before stays delivered.

use crate::random::Seed;
use crate::wipe::wipe_stack;
use crate::wire::link::{Halt, Link};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The threads of a party of a session.
#[derive(Clone, Copy)]
pub struct Workers<'a> {
    /// How many lanes run at once. One that is 0 counts as 1.
    pub threads: usize,
    /// Is called on each thread around its work, which it runs once.
    pub around: &'a (dyn Fn(&mut dyn FnMut()) + Sync),
}

impl std::fmt::Debug for Workers<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workers").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// The name of a lane: that of the session for the first, so that a session of one lane is what it would be without any.
pub(super) fn name(session: &Seed, lane: usize) -> Seed {
    if lane == 0 { *session } else { session.child(&format!("lane {lane}")) }
}

/// What a lane gives back.
type Ran<T> = (Result<T, Halt>, Link);

/// Runs a lane on this thread.
fn ran<T>(index: usize, mut lane: Link, run: impl FnOnce(usize, Link) -> Ran<T>) -> Ran<T> {
    lane.begin_work();
    let (outcome, mut lane) = run(index, lane);
    lane.count_time();
    (outcome, lane)
}

/// Runs lanes one after another on this thread. A party that deviates or listens does so from lane to lane. `bounds` has for each lane how many bytes of it may wait to be
/// taken.
pub(super) fn in_turn<T>(
    mut link: Link,
    bounds: &[usize],
    mut run: impl FnMut(usize, Link) -> Ran<T>,
) -> (Result<Vec<T>, Halt>, Link) {
    if bounds.len() == 1 {
        let (outcome, link) = ran(0, link, run);
        return (outcome.map(|only| vec![only]), link);
    }
    let mut all = Vec::with_capacity(bounds.len());
    for (index, mut lane) in link.divided(bounds).into_iter().enumerate() {
        lane.succeed(&mut link);
        let (outcome, mut lane) = ran(index, lane, &mut run);
        lane.hang_up();
        link.succeed(&mut lane);
        link.absorb(lane);
        match outcome {
            Ok(answered) => all.push(answered),
            Err(halt) => return (Err(halt), link),
        }
    }
    (Ok(all), link)
}

/// Runs lanes beside each other, on so many threads. A party that deviates or listens runs them in turn.
pub(super) fn beside<T: Send>(
    mut link: Link,
    bounds: &[usize],
    workers: Workers<'_>,
    run: impl Fn(usize, Link) -> Ran<T> + Sync,
) -> (Result<Vec<T>, Halt>, Link) {
    let threads = workers.threads.min(bounds.len());
    if threads <= 1 || link.keeps_order() {
        let (mut ended, mut given) = (None, Some(link));
        (workers.around)(&mut || ended = given.take().map(|link| in_turn(link, bounds, &run)));
        let Some(ended) = ended else { unreachable!("the work is run once") };
        return ended;
    }
    let waiting = Mutex::new(link.divided(bounds).into_iter().enumerate());
    let ended: Mutex<Vec<Option<Ran<T>>>> = Mutex::new(bounds.iter().map(|_| None).collect());
    let work = || {
        loop {
            let next = lock(&waiting).next();
            let Some((index, lane)) = next else { break };
            let (outcome, mut lane) = ran(index, lane, &run);
            lane.hang_up();
            if outcome.is_err() {
                // The peer learns that the lanes that have not begun never will.
                lock(&waiting).by_ref().for_each(drop);
            }
            lock(&ended)[index] = Some((outcome, lane));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| {
                (workers.around)(&mut || work());
                wipe_stack();
            });
        }
        (workers.around)(&mut || work());
    });
    joined(link, ended.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The session of its lanes: what they gave up to the first that halted, if one did.
fn joined<T>(mut link: Link, ended: Vec<Option<Ran<T>>>) -> (Result<Vec<T>, Halt>, Link) {
    let mut all = Vec::with_capacity(ended.len());
    for (outcome, lane) in ended.into_iter().flatten() {
        link.absorb(lane);
        match outcome {
            Ok(answered) => all.push(answered),
            Err(halt) => return (Err(halt), link),
        }
    }
    (Ok(all), link)
}

/// What lanes share is whole after a panic: each of its changes is one call.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
