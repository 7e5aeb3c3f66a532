//! The outcome of a trial, and of each slot of its sessions.

use fusion_spec::mix::{Sample, Slot};
use fusion_spec::verdict::{Events, Label, Outcome};

/// The outcome of one trial, with the events of its first session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The outcome; `None` if the trial ended in an error of this program, such as a strategy that does what no server can.
    pub outcome: Option<Outcome>,
    /// The events of the trial's first session.
    pub events: Events,
}

impl Trial {
    /// The trial of a strategy that did what no server can.
    pub(crate) const ERROR: Self = Self { outcome: None, events: Events { e_t: false, e_b: false } };
}

/// A slot of a session with all that happened on it, which no single party sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotRecord {
    /// The number of the slot.
    pub slot: Slot,
    /// The sample that the slot held.
    pub sample: Sample,
    /// Whether the server touched the slot.
    pub touched: bool,
    /// Whether the server named the slot, in the linking game.
    pub named: bool,
    /// The honest answer and the one that came; `None` at `plain`, and in the linking game.
    pub labels: Option<[Label; 2]>,
    /// Whether the answer that came was wrong.
    pub wrong: bool,
}
