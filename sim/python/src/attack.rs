//! Campaigns, played on threads of their own while this one listens for Python's signals.

use crate::errors::of_failure;
use fusion_engine::campaign::load::Overrides;
use fusion_engine::failure::Failure;
use fusion_sim::attack::{Attack, Script};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// The time between two looks at Python's signals.
const TICK: Duration = Duration::from_millis(100);

/// Plays a campaign. `progress` is called with every event as JSON. Returns the folder of the run, or `None` if a signal stopped it, and the remarks.
#[pyfunction]
#[pyo3(signature = (path, text, runs, seed=None, max=None, threads=None, progress=None))]
#[expect(clippy::too_many_arguments, reason = "one for each keyword of the Python function")]
pub fn attack(
    py: Python<'_>,
    path: Option<PathBuf>,
    text: Option<String>,
    runs: PathBuf,
    seed: Option<u64>,
    max: Option<u64>,
    threads: Option<usize>,
    progress: Option<Bound<'_, PyAny>>,
) -> PyResult<(Option<PathBuf>, String)> {
    let script = match (path, text) {
        (Some(path), None) => Script::Path(path),
        (None, Some(text)) => Script::Text(text),
        _ => return Err(PyRuntimeError::new_err("either a path or a text")),
    };
    let mut attack = Attack::new(script, runs);
    attack.overrides = Overrides { seed, max, ..Overrides::default() };
    if let Some(threads) = threads {
        attack.threads = threads;
    }
    let progress = progress.map(Bound::unbind);
    py.detach(|| play(&attack, progress.as_ref()))
}

/// A campaign's folder, unless it was interrupted, and its remarks.
type Played = Result<(Option<PathBuf>, String), Failure>;

fn play(attack: &Attack, progress: Option<&Py<PyAny>>) -> PyResult<(Option<PathBuf>, String)> {
    let (sender, events) = channel();
    thread::scope(|scope| {
        let worker = scope.spawn(move || -> Played {
            let mut notes = Vec::new();
            let folder = attack.play(&mut Lines { sender, line: Vec::new() }, &mut notes)?;
            Ok((folder, String::from_utf8_lossy(&notes).into_owned()))
        });
        // Whatever Python raises stops the campaign, is raised again when its state is saved, and hides no failure of the campaign's own.
        let listened = listen(&events, &attack.interrupted, progress);
        let played = worker.join().map_err(|_| PyRuntimeError::new_err("a bug in fusion: the campaign panicked"))?;
        let played = played.map_err(|failure| of_failure(&failure))?;
        listened.map(|()| played)
    })
}

/// Passes events on until the campaign ends. An exception sets the flag that stops the campaign, and is returned.
fn listen(events: &Receiver<String>, stop: &Arc<AtomicBool>, progress: Option<&Py<PyAny>>) -> PyResult<()> {
    loop {
        let event = match events.recv_timeout(TICK) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        let passed = Python::attach(|py| {
            py.check_signals()?;
            match (event, progress) {
                (Some(event), Some(progress)) => progress.call1(py, (event,)).map(|_| ()),
                _ => Ok(()),
            }
        });
        if passed.is_err() {
            stop.store(true, Ordering::Relaxed);
            return passed;
        }
    }
}

/// An output that sends every whole line. A listener that went away changes nothing.
struct Lines {
    sender: Sender<String>,
    line: Vec<u8>,
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for &byte in bytes {
            if byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                // Nobody may be listening any more, once an exception has stopped the campaign.
                let _ = self.sender.send(String::from_utf8_lossy(&line).into_owned());
            } else {
                self.line.push(byte);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
