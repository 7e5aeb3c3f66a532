//! The abilities of a process's own streams: small plots on a terminal, and progress.

use indicatif::{ProgressBar, ProgressDrawTarget};
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// The time that work must take before progress is shown.
const PATIENCE: Duration = Duration::from_secs(1);
/// The time between two lines of progress where there is no terminal.
const LINE: Duration = Duration::from_secs(30);
/// The time between two frames of an animation.
const FRAME: Duration = Duration::from_millis(120);

/// The kind of streams that results and progress are written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminal {
    /// Output goes into a caller's memory, with neither plots nor progress.
    Embedded,
    /// Output goes to the process's own streams.
    Process {
        /// Whether the result is read on a terminal, and nobody asked for plain text.
        plots: bool,
    },
}

impl Terminal {
    /// Returns the terminal of this process. `NO_COLOR` asks for plain text.
    pub fn of_process() -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self::Process { plots: io::stdout().is_terminal() && !plain }
    }

    /// Whether results are plotted too.
    pub fn plots(self) -> bool {
        self == Self::Process { plots: true }
    }

    /// Shows on stderr that a command is at work, after one second and until the returned value is dropped.
    pub fn waiting(self, command: &'static str) -> Option<Waiting> {
        (self != Self::Embedded).then(|| Waiting::new(command))
    }
}

/// A display of progress for work that cannot say how far it is.
pub struct Waiting {
    done: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Waiting {
    fn new(command: &'static str) -> Self {
        let (done, over) = channel();
        let thread = std::thread::spawn(move || {
            if over.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            if io::stderr().is_terminal() {
                let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                spinner.set_message(format!("{command} is at work"));
                spinner.enable_steady_tick(FRAME);
                let _ = over.recv();
                spinner.finish_and_clear();
                return;
            }
            let mut seconds = PATIENCE;
            while over.recv_timeout(LINE) == Err(RecvTimeoutError::Timeout) {
                seconds += LINE;
                // Progress that nobody can read is no reason to stop.
                let _ = writeln!(io::stderr(), "{command}: at work for {} s", seconds.as_secs());
            }
        });
        Self { done, thread: Some(thread) }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.done.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
