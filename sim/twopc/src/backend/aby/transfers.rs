//! The oblivious transfers of a session.

use crate::ot::iknp;

/// A party's transfers of one session in both directions, by IKNP.
#[derive(Debug)]
pub struct Transfers {
    /// Those in which the party is the sender.
    pub sender: iknp::Sender,
    /// Those in which the party is the receiver.
    pub receiver: iknp::Receiver,
}

impl Transfers {
    /// The transfers of the session of this name, which was never used before.
    #[must_use]
    pub fn new(setup: &iknp::Setup, session: &crate::random::Seed) -> Self {
        Self { sender: setup.sender(session), receiver: setup.receiver(session) }
    }
}
