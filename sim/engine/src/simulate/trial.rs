//! What became of one trial, and of each slot of its sessions.

use fusion_spec::mix::{Sample, Slot};
use fusion_spec::verdict::{Events, Label, Outcome};

/// How one trial ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// `None`: the strategy did what no server can, our error.
    pub outcome: Option<Outcome>,
    /// Of its first session.
    pub events: Events,
}

impl Trial {
    /// A strategy that went astray.
    pub(crate) const ERROR: Self = Self { outcome: None, events: Events { e_t: false, e_b: false } };
}

/// One slot of a session, as no party sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotRecord {
    /// Which.
    pub slot: Slot,
    /// What it held.
    pub sample: Sample,
    /// Whether the server touched it.
    pub touched: bool,
    /// Whether the server named it, in the linking game.
    pub named: bool,
    /// The honest answer and the one that came; `None` at `plain`, and in the linking game.
    pub labels: Option<[Label; 2]>,
    /// The answer that came was wrong.
    pub wrong: bool,
}
