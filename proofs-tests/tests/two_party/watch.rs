//! A test that could hang is aborted, and one that leaves a thread behind fails.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Far longer than any test takes.
const GENEROUS: Duration = Duration::from_mins(4);

/// While it lives a thread watches; dropped, no thread of the test may be left but those there were.
pub struct Watch {
    threads: usize,
    done: Option<Sender<()>>,
    watching: Option<std::thread::JoinHandle<()>>,
}

impl Watch {
    pub fn new() -> Self {
        let threads = threads();
        let (done, wait) = channel();
        let watching = std::thread::spawn(move || {
            if wait.recv_timeout(GENEROUS) == Err(RecvTimeoutError::Timeout) {
                eprintln!("a session hangs");
                std::process::abort();
            }
        });
        Self { threads, done: Some(done), watching: Some(watching) }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.done = None;
        if let Some(watching) = self.watching.take() {
            watching.join().expect("it only waits");
        }
        if std::thread::panicking() {
            return;
        }
        // The system may list a thread for a moment after it was joined.
        let gone = (0..10_000).any(|_| {
            std::thread::sleep(Duration::from_millis(1));
            threads() <= self.threads
        });
        assert!(gone, "{} threads, and {} before", threads(), self.threads);
    }
}

/// Threads of this test: a new thread has the name of the one that started it, a test's own to 15 letters. Tests that watch differ
/// in these.
fn threads() -> usize {
    let name = |task: &std::path::Path| std::fs::read_to_string(task.join("comm")).ok();
    let own = name("/proc/thread-self".as_ref()).expect("Linux");
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    tasks.filter(|task| task.as_ref().is_ok_and(|task| name(&task.path()).as_ref() == Some(&own))).count()
}
