//! Computations that run beside the serving thread: few at once, each with a deadline.
//!
//! Invariant: no request waits longer than its deadline. A computation cannot be killed: one that is given up keeps its place
//! until it ends, and stops at its next [`Limit::is_over`]. While every place is taken, other requests get the answer that there
//! was no time.

use fusion_engine::clock::now;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// A limited number of places to compute at, with a deadline for each answer.
#[derive(Clone)]
pub struct Desk {
    places: Arc<Semaphore>,
    patience: Duration,
}

/// The reason why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Missed {
    /// The answer was not there in time.
    TooLong,
    /// The computation panicked, which is a bug of this program.
    Bug,
}

/// The limit at which a computation of many parts should return what it has.
pub struct Limit {
    until: Instant,
    abandoned: Arc<AtomicBool>,
}

impl Limit {
    /// Whether the time is up, or nobody waits for the answer any more.
    pub fn is_over(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed) || now() >= self.until
    }
}

/// A flag that is set when the request's future is dropped: the request was answered or given up, or its client is gone.
struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Desk {
    /// Makes a desk with a number of places and a deadline for each answer.
    pub fn new(places: usize, patience: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), patience }
    }

    /// Computes an answer once there is a place. The limit is earlier than the deadline, so that a partial answer is still sent.
    pub async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Limit) -> T + Send + 'static,
    ) -> Result<T, Missed> {
        let waiting = SetOnDrop(Arc::default());
        let limit = Limit { until: now() + self.patience * 3 / 4, abandoned: Arc::clone(&waiting.0) };
        let answer = async {
            // Never closed.
            let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Missed::Bug)?;
            let done = spawn_blocking(move || {
                let done = work(&limit);
                drop(place);
                done
            });
            done.await.map_err(|_| Missed::Bug)
        };
        timeout(self.patience, answer).await.unwrap_or(Err(Missed::TooLong))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn nobody_waits_beyond_the_deadline_and_a_place_comes_back() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let desk = Desk::new(1, Duration::from_millis(200));
        let ((release, held), (tell, seen)) = (channel::<()>(), channel());
        let told = runtime.block_on(desk.compute(move |limit| {
            held.recv().expect("released");
            tell.send(limit.is_over()).expect("somebody asks");
        }));
        assert_eq!(told, Err(Missed::TooLong));
        assert_eq!(runtime.block_on(desk.compute(|_| ())), Err(Missed::TooLong), "the place is taken");
        release.send(()).expect("it waits");
        assert_eq!(seen.recv(), Ok(true), "nobody waits for this any more");
        while runtime.block_on(desk.compute(|_| 7)) != Ok(7) {}
    }

    #[test]
    fn a_panic_is_a_bug_and_frees_its_place() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let desk = Desk::new(1, Duration::from_mins(1));
        assert_eq!(runtime.block_on(desk.compute(|_| -> () { panic!("on purpose") })), Err(Missed::Bug));
        assert_eq!(runtime.block_on(desk.compute(|_| 7)), Ok(7));
    }
}
