//! How a campaign shows its progress and its result.

use crate::terminal::Terminal;

/// How results are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A table.
    Text {
        /// And a plot.
        plots: bool,
    },
    /// The verdict alone.
    Quiet,
    /// A JSON object a line.
    Json,
}

impl Style {
    /// From the flags, which exclude each other.
    pub fn new(json: bool, quiet: bool, terminal: Terminal) -> Self {
        match (json, quiet) {
            (true, _) => Self::Json,
            (_, true) => Self::Quiet,
            _ => Self::Text { plots: terminal.plots() },
        }
    }
}
