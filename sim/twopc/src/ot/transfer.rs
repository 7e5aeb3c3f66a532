//! What protocols see of random oblivious transfers, however these are made.

use crate::wire::link::{Halt, Link};

/// The sender's side of random transfers.
pub trait Sender: Send {
    /// Fills `pads` with the two pads of the next transfers, 64 bits each.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the extension.
    fn draw(&mut self, link: &mut Link, pads: &mut [[u64; 2]]) -> Result<(), Halt>;
}

/// The receiver's side of random transfers.
pub trait Receiver: Send {
    /// Fills `choices` with random bits, 0 or 1, and `pads` with the pads that they choose; both have the same length.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the extension.
    fn draw(&mut self, link: &mut Link, choices: &mut [u8], pads: &mut [u64]) -> Result<(), Halt>;
}
