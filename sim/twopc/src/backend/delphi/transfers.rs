//! The oblivious transfers of DELPHI: of labels, from the server to the client.

use crate::ot::iknp;
use crate::random::Seed;

/// The transfers of one session.
pub struct Transfers {
    /// Those in which the party is the sender. The client sends none.
    pub(super) sender: iknp::Sender,
    /// Those in which the party is the receiver. The server receives none.
    pub(super) receiver: iknp::Receiver,
}

impl Transfers {
    /// The transfers of the session of this name.
    #[must_use]
    pub fn of_session(setup: &iknp::Setup, session: &Seed) -> Self {
        Self { sender: setup.sender(session), receiver: setup.receiver(session) }
    }
}
