//! One of two messages: the repetition code of 128 columns.
//!
//! Ishai, Kilian, Nissim, Petrank, "Extending Oblivious Transfers Efficiently" (CRYPTO 2003), figure 1. The receiver sends 128 bits for each
//! transfer. See [`super::columns`] for the extension, and [`super::offer`] for messages.

use super::block::Block;
use super::check::Checks;
use super::code_setup;
use super::columns::{self, Code};

/// A bit, repeated in 128 columns.
#[derive(Clone, Copy, Debug)]
pub struct Repetition;

impl Code for Repetition {
    const COLUMNS: usize = 128;
    const BITS: usize = 1;
    const NAME: &'static str = "iknp";

    fn parity(_column: usize) -> u8 {
        1
    }

    fn mix(_part: usize, row: Block) -> Block {
        row
    }
}

/// The sender of one of two messages; `deltas()[1]` is the correlation.
pub type Sender = columns::Sender<Repetition>;

/// The receiver of one of two messages.
pub type Receiver = columns::Receiver<Repetition>;

/// What a party holds after the base transfers in both directions.
pub type Setup = code_setup::Setup<Repetition>;

/// The bytes that the receiver sends for so many transfers.
#[must_use]
pub const fn column_bytes(count: usize, checks: Checks) -> usize {
    columns::message_bytes::<Repetition>(count, checks)
}
