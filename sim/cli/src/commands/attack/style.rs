//! The styles in which a campaign shows its progress and its result.

use crate::terminal::Terminal;

/// The form in which progress and results are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Results are shown as a table.
    Text {
        /// Whether rates are plotted too.
        plots: bool,
    },
    /// Only the verdict is shown.
    Quiet,
    /// Events and the result are written as JSON, one object a line.
    Json,
}

impl Style {
    /// Chooses the style from the flags, which exclude each other.
    pub fn new(json: bool, quiet: bool, terminal: Terminal) -> Self {
        match (json, quiet) {
            (true, _) => Self::Json,
            (_, true) => Self::Quiet,
            _ => Self::Text { plots: terminal.plots() },
        }
    }
}
