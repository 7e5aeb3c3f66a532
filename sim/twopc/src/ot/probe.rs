//! A receiver that deviates to learn the sender's correlation: its transfers are right if and only if it has guessed a part of it.
//!
//! Extensions without a consistency check do not notice a receiver whose columns disagree. With `q` a block of the sender, `t` one of the receiver and `b` its choice, honestly
//! `t = q ^ b * delta`. The receiver adds a column of ones to what it sends for one part of the correlation. That adds this part of `delta` to every `q`. It also adds
//! its guess to the same part of every `t`. If the guess is right, both changes cancel, and all transfers are right; otherwise no pad is one that the sender has.
//!
//! For IKNP a part is a bit and a column: Keller, Orsini, Scholl, "Actively Secure OT Extension with Optimal Overhead" (CRYPTO 2015), section 3, whose check is against
//! such receivers. For `SoftSpokenOT` a part is the bits of a tree: Roy (CRYPTO 2022), section 5, whose check is too. The first transfers of Ferret and of dual LPN are those of
//! `SoftSpokenOT`.

use super::block::Block;
use super::extension::Extension;
use super::ferret::K;
pub use super::guess::Guess;

/// The parts of a sender's correlation that a receiver can guess, one in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The number of bits of a part.
    pub bits: u32,
    /// The number of parts.
    pub count: u32,
    /// The first bit of the first part.
    first: u32,
}

impl Parts {
    /// The parts of the correlation in an extension. Of `SoftSpokenOT`, and of what starts from it, the first tree is left out, as nothing is sent for it, and the last, which is smaller.
    #[must_use]
    pub const fn of(extension: Extension) -> Self {
        match extension {
            Extension::Iknp => Self { bits: 1, count: Block::BITS, first: 0 },
            Extension::SoftSpoken | Extension::Ferret | Extension::DualLpn => {
                let bits = K as u32;
                Self { bits, count: (Block::BITS - 1) / bits - 1, first: 1 + bits }
            }
        }
    }

    /// The number of values that a part can have.
    #[must_use]
    pub const fn values(self) -> u32 {
        1 << self.bits
    }

    /// Whether a guess about a correlation is right.
    #[must_use]
    pub fn holds(self, delta: Block, guess: Guess) -> bool {
        let of = |part| delta >> (self.first + part * self.bits) & Block::from(self.values() - 1);
        guess.part < self.count && of(guess.part) == guess.value.into()
    }
}

#[cfg(test)]
mod tests;
