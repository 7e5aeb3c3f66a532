//! Transfers of one of two messages from random ones: the receiver says of each whether its choice is another.
//!
//! Beaver, "Precomputing oblivious transfer" (CRYPTO 1995), on correlated blocks. Of a random transfer the receiver has `t = q ^ r delta`, and chooses `c`. It
//! sends `d = c ^ r`, which tells nothing of `c`, and the sender goes on with `q ^ d delta`: `t` is that block, changed by `c delta`. One bit for each
//! transfer is sent, and nothing for no transfers.

use super::block::Block;
use super::extension::{Public, Scheme, Supply};
use super::ferret;
use super::guess::Guess;
use super::offer::{Asked, Heard};
use crate::bits::packed_bytes;
use crate::role::Role;
use crate::wire::link::{Halt, Link};
use zeroize::Zeroizing;

/// Random transfers that were extended and not used, and the tweak of the next one that is used.
struct Reserve<P> {
    supply: Supply<P>,
    drawn: Vec<Block>,
    tweak: Block,
}

impl<P: ferret::Party> Reserve<P> {
    fn new(party: P, public: Public, scheme: Scheme, expected: usize) -> Self {
        Self { supply: Supply::new(party, public, scheme, expected), drawn: Vec::new(), tweak: public.tweak }
    }

    /// Extends until so many transfers are ready. `sender` sends in them.
    fn reserve(&mut self, link: &mut Link, sender: Role, count: usize) -> Result<(), Halt> {
        self.drawn.reserve(count.saturating_sub(self.drawn.len()));
        while self.drawn.len() < count {
            let (_, blocks) = self.supply.take(link, sender, count - self.drawn.len())?;
            self.drawn.extend_from_slice(blocks);
        }
        Ok(())
    }

    /// The next transfers, which are ready, and the tweak of the first: each has as many tweaks as its pad has blocks.
    fn take(&mut self, count: usize, pad_blocks: usize) -> (Block, Vec<Block>) {
        let tweak = self.tweak;
        self.tweak += (count * pad_blocks) as Block;
        (tweak, self.drawn.drain(..count).collect())
    }
}

/// The sender's side.
pub struct Sender {
    reserve: Reserve<ferret::Sender>,
    delta: Zeroizing<Block>,
}

impl Sender {
    /// Makes the sender of a session in which so many transfers are expected. Both parties give the same `public`, `scheme` and `expected`.
    #[must_use]
    pub fn new(party: ferret::Sender, delta: Block, public: Public, scheme: Scheme, expected: usize) -> Self {
        Self { reserve: Reserve::new(party, public, scheme, expected), delta: Zeroizing::new(delta) }
    }

    /// Extends until so many transfers are ready.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn reserve(&mut self, link: &mut Link, count: usize) -> Result<(), Halt> {
        self.reserve.reserve(link, link.role(), count)
    }

    /// Receives the corrections of `count` transfers with pads of at most so many blocks each.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn hear_long(&mut self, link: &mut Link, count: usize, pad_blocks: usize) -> Result<Heard, Halt> {
        self.reserve(link, count)?;
        let message = if count == 0 { Vec::new() } else { link.receive(packed_bytes(count, 1))? };
        let (tweak, mut blocks) = self.reserve.take(count, pad_blocks);
        for (blocks, byte) in blocks.chunks_mut(8).zip(message) {
            for (bit, block) in blocks.iter_mut().enumerate() {
                *block ^= Block::from(byte >> bit & 1).wrapping_neg() & *self.delta;
            }
        }
        Ok(Heard { blocks, deltas: Zeroizing::new(vec![0, *self.delta]), tweak, pad_blocks })
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sender(..)")
    }
}

/// The receiver's side.
pub struct Receiver {
    reserve: Reserve<ferret::Receiver>,
}

impl Receiver {
    /// Makes the receiver of a session in which so many transfers are expected. Both parties give the same `public`, `scheme` and `expected`.
    #[must_use]
    pub fn new(party: ferret::Receiver, public: Public, scheme: Scheme, expected: usize) -> Self {
        Self { reserve: Reserve::new(party, public, scheme, expected) }
    }

    /// The same receiver, which deviates to test a guess of the sender's correlation: see [`super::probe`].
    #[must_use]
    pub fn guessing(self, guess: Guess) -> Self {
        let Reserve { supply, drawn, tweak } = self.reserve;
        Self { reserve: Reserve { supply: supply.guessing(guess), drawn, tweak } }
    }

    /// Extends until so many transfers are ready.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn reserve(&mut self, link: &mut Link, count: usize) -> Result<(), Halt> {
        self.reserve.reserve(link, link.role().peer(), count)
    }

    /// Sends the corrections of transfers with these choices, 0 or 1, and pads of at most so many blocks each.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn ask_long(&mut self, link: &mut Link, choices: Vec<u8>, pad_blocks: usize) -> Result<Asked, Halt> {
        self.reserve(link, choices.len())?;
        let (tweak, blocks) = self.reserve.take(choices.len(), pad_blocks);
        let byte = |(choices, blocks): (&[u8], &[Block])| {
            let differs = choices.iter().zip(blocks).map(|(choice, block)| choice ^ (block & 1) as u8);
            differs.enumerate().fold(0, |byte, (bit, differs)| byte | differs << bit)
        };
        let message: Vec<u8> = choices.chunks(8).zip(blocks.chunks(8)).map(byte).collect();
        if !message.is_empty() {
            link.send(message)?;
        }
        Ok(Asked { choices, blocks, tweak, pad_blocks })
    }
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Receiver(..)")
    }
}
