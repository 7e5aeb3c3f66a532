//! The ideal functionality: a trusted dealer, in place of which both parties hold one seed.

use super::transfer::{Receiver, Sender};
use crate::random::Seed;
use crate::wire::link::{Halt, Link};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

/// Either side of a trusted dealer. Both sides know everything, so that it is for tests only.
#[derive(Debug)]
pub struct Dealer(ChaCha20Rng);

impl Dealer {
    /// Makes a side of a dealer; both sides have the same seed.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self(seed.stream())
    }
}

impl Sender for Dealer {
    fn draw(&mut self, _link: &mut Link, pads: &mut [[u64; 2]]) -> Result<(), Halt> {
        for pair in pads {
            *pair = [self.0.next_u64(), self.0.next_u64()];
            self.0.next_u64();
        }
        Ok(())
    }
}

impl Receiver for Dealer {
    fn draw(&mut self, _link: &mut Link, choices: &mut [u8], pads: &mut [u64]) -> Result<(), Halt> {
        for (choice, pad) in choices.iter_mut().zip(pads) {
            let pair = [self.0.next_u64(), self.0.next_u64()];
            *choice = (self.0.next_u64() & 1) as u8;
            *pad = pair[usize::from(*choice)];
        }
        Ok(())
    }
}
