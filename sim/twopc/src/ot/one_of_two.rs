//! Transfers of one of two messages by whichever extension a user has chosen, with the messages of [`super::offer`] on top.
//!
//! Those of IKNP carry the receiver's choices in their columns ([`super::iknp`]); those of `SoftSpokenOT` and Ferret are random and corrected by one bit each
//! ([`super::corrected`]), and need both parties at the same time: what both are about to use they reserve in one order.

use super::block::Block;
use super::extension::{Extension, Scheme};
use super::guess::Guess;
use super::offer::{Asked, Heard};
use super::{Setup as RandomSetup, corrected, iknp, setup};
use crate::bits::packed_bytes;
use crate::random::Seed;
use crate::role::Role;
use crate::wire::link::{Halt, Link};

/// What a party holds after the base transfers in both directions, for sessions by one extension.
#[derive(Clone, Debug)]
pub struct Setup(Base);

#[derive(Clone, Debug)]
enum Base {
    Columns(iknp::Setup),
    Random(RandomSetup, Scheme),
}

/// The bytes that each party sends in the set-up.
#[must_use]
pub fn sent_bytes(scheme: impl Into<Scheme>) -> usize {
    let Scheme { extension, checks } = scheme.into();
    if extension.is_random() { setup::sent_bytes(checks) } else { super::code_setup::sent_bytes::<iknp::Repetition>() }
}

/// The bytes with which a receiver says its choices of `count` transfers: columns, or a bit for each transfer.
#[must_use]
pub fn choice_bytes(scheme: impl Into<Scheme>, count: usize) -> usize {
    let Scheme { extension, checks } = scheme.into();
    if extension.is_random() { packed_bytes(count, 1) } else { iknp::column_bytes(count, checks) }
}

impl Setup {
    /// Runs the base transfers, both directions at once, with the party's own secret seed. Each party sends [`sent_bytes`].
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn run(link: &mut Link, own: &Seed, scheme: impl Into<Scheme>) -> Result<Self, Halt> {
        let scheme = scheme.into();
        Ok(Self(match scheme.extension {
            Extension::Iknp => Base::Columns(iknp::Setup::run(link, own, scheme.checks)?),
            Extension::SoftSpoken | Extension::Ferret | Extension::DualLpn => {
                Base::Random(RandomSetup::run(link, own, scheme.checks)?, scheme)
            }
        }))
    }

    /// The correlation of all transfers that this party sends.
    #[must_use]
    pub fn correlation(&self) -> Block {
        match &self.0 {
            Base::Columns(setup) => setup.choices().iter().rev().fold(0, |delta, bit| delta << 1 | Block::from(*bit)),
            Base::Random(setup, _) => setup.correlation(),
        }
    }

    /// A party's transfers of the session of this name, which both parties give and which was never used before. `expected` is how many random transfers the
    /// party is to use as the sender and as the receiver; if it uses more, more bytes are sent than necessary.
    #[must_use]
    pub fn session(&self, session: &Seed, [sent, received]: [usize; 2]) -> Ways {
        match &self.0 {
            Base::Columns(setup) => Ways {
                sender: Sender::Columns(Box::new(setup.sender(session))),
                receiver: Receiver::Columns(Box::new(setup.receiver(session))),
            },
            Base::Random(setup, scheme) => Ways {
                sender: Sender::Corrected(Box::new(setup.corrected_sender(session, *scheme, sent))),
                receiver: Receiver::Corrected(Box::new(setup.corrected_receiver(session, *scheme, received))),
            },
        }
    }
}

/// The sender's side.
#[derive(Debug)]
pub enum Sender {
    /// By IKNP.
    Columns(Box<iknp::Sender>),
    /// By an extension with random choices.
    Corrected(Box<corrected::Sender>),
}

impl Sender {
    /// Extends until so many transfers are ready, if their choices are random: [`hear`](Self::hear) then only receives.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn reserve(&mut self, link: &mut Link, count: usize) -> Result<(), Halt> {
        match self {
            Self::Columns(_) => Ok(()),
            Self::Corrected(sender) => sender.reserve(link, count),
        }
    }

    /// Receives the choices of `count` transfers with pads of one block each.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn hear(&mut self, link: &mut Link, count: usize) -> Result<Heard, Halt> {
        self.hear_long(link, count, 1)
    }

    /// Receives the choices of `count` transfers with pads of at most so many blocks each.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn hear_long(&mut self, link: &mut Link, count: usize, pad_blocks: usize) -> Result<Heard, Halt> {
        match self {
            Self::Columns(sender) => sender.hear_long(link, count, pad_blocks),
            Self::Corrected(sender) => sender.hear_long(link, count, pad_blocks),
        }
    }
}

/// The receiver's side.
#[derive(Debug)]
pub enum Receiver {
    /// By IKNP.
    Columns(Box<iknp::Receiver>),
    /// By an extension with random choices.
    Corrected(Box<corrected::Receiver>),
}

impl Receiver {
    /// The same receiver, which deviates to test a guess of the sender's correlation.
    fn guessing(self, guess: Guess) -> Self {
        match self {
            Self::Columns(receiver) => Self::Columns(Box::new(receiver.guessing(guess))),
            Self::Corrected(receiver) => Self::Corrected(Box::new(receiver.guessing(guess))),
        }
    }

    /// Extends until so many transfers are ready, if their choices are random: [`ask`](Self::ask) then only sends.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn reserve(&mut self, link: &mut Link, count: usize) -> Result<(), Halt> {
        match self {
            Self::Columns(_) => Ok(()),
            Self::Corrected(receiver) => receiver.reserve(link, count),
        }
    }

    /// Sends the choices of transfers, 0 or 1 each, with pads of one block each.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn ask(&mut self, link: &mut Link, choices: Vec<u8>) -> Result<Asked, Halt> {
        self.ask_long(link, choices, 1)
    }

    /// Sends the choices of transfers, 0 or 1 each, with pads of at most so many blocks each.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn ask_long(&mut self, link: &mut Link, choices: Vec<u8>, pad_blocks: usize) -> Result<Asked, Halt> {
        match self {
            Self::Columns(receiver) => receiver.ask_long(link, choices, pad_blocks),
            Self::Corrected(receiver) => receiver.ask_long(link, choices, pad_blocks),
        }
    }
}

/// A party's transfers of a session.
#[derive(Debug)]
pub struct Ways {
    /// Those in which the party is the sender.
    pub sender: Sender,
    /// Those in which the party is the receiver.
    pub receiver: Receiver,
}

impl Ways {
    /// The same transfers of a party that deviates where it receives, to test a guess of the peer's correlation: see [`super::probe`].
    #[must_use]
    pub fn guessing(self, guess: Guess) -> Self {
        Self { receiver: self.receiver.guessing(guess), ..self }
    }

    /// Extends until so many transfers are ready, of those in which the party sends and of those in which it receives: the client's first. Both parties call
    /// it at the same place, with each other's numbers, before they send choices that may cross.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn reserve(&mut self, link: &mut Link, [sent, received]: [usize; 2]) -> Result<(), Halt> {
        let Self { sender, receiver } = self;
        if link.role() == Role::Client {
            sender.reserve(link, sent)?;
            receiver.reserve(link, received)
        } else {
            receiver.reserve(link, received)?;
            sender.reserve(link, sent)
        }
    }
}

#[cfg(test)]
mod tests;
