//! The oblivious transfers of a session.

/// A party's transfers of one session in both directions, by the extension that was chosen.
pub type Transfers = crate::ot::one_of_two::Ways;
