//! The progress of measuring: a bar on a terminal, a line every half minute otherwise.

use crate::terminal::Terminal;
use fusion_engine::clock::now;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// The time between two lines of progress where there is no terminal.
const LINE: Duration = Duration::from_secs(30);
/// The time between two frames of the bar.
const FRAME: Duration = Duration::from_millis(120);

/// A display of how many measurements are done.
pub struct Progress<'o> {
    most: usize,
    begun: usize,
    stderr: &'o mut dyn Write,
    bar: Option<ProgressBar>,
    /// The time at which a line was last written; `None` if none is to be written.
    spoken: Option<Instant>,
}

impl<'o> Progress<'o> {
    /// Makes a display for so many measurements.
    pub fn new(most: usize, stderr: &'o mut dyn Write, terminal: Terminal) -> Self {
        let is_shown = terminal != Terminal::Embedded;
        let is_terminal = is_shown && std::io::stderr().is_terminal();
        let bar = is_terminal.then(|| {
            let bar = ProgressBar::with_draw_target(Some(most as u64), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {bar:24} {pos}/{len}  {elapsed}  {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(FRAME);
            bar
        });
        Self { most, begun: 0, stderr, bar, spoken: (is_shown && !is_terminal).then(now) }
    }

    /// Reports that the next measurement begins.
    pub fn begin(&mut self, name: &str) {
        if let Some(bar) = &self.bar {
            bar.set_position(self.begun as u64);
            bar.set_message(name.to_string());
        }
        self.begun += 1;
        if self.spoken.is_some_and(|spoken| spoken.elapsed() >= LINE) {
            self.spoken = Some(now());
            // Progress that nobody can read is no reason to stop.
            let _ = writeln!(self.stderr, "sim tables: {} of {}: {name}", self.begun, self.most);
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
