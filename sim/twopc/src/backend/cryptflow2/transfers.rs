//! The oblivious transfers that the family draws from: one of two messages, and one of many, in both directions.

use crate::ot::code_setup::{Setup, Ways};
use crate::ot::iknp::Repetition;
use crate::ot::kkot::WalshHadamard;
use crate::random::Seed;
use crate::wire::link::{Halt, Link};

/// A party's transfers of a session.
#[derive(Debug)]
pub struct Transfers {
    /// Of one of two messages.
    pub two: Ways<Repetition>,
    /// Of one of up to 256 messages.
    pub many: Ways<WalshHadamard>,
}

/// What a party keeps of the base transfers between sessions.
#[derive(Clone, Debug)]
pub struct Keys {
    two: Setup<Repetition>,
    many: Setup<WalshHadamard>,
}

impl Keys {
    /// Runs the base transfers, with the party's own secret seed.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn run(link: &mut Link, own: &Seed) -> Result<Self, Halt> {
        Ok(Self { two: Setup::run(link, own)?, many: Setup::run(link, own)? })
    }

    /// The transfers of the session of this name, which was never used before.
    #[must_use]
    pub fn session(&self, session: &Seed) -> Transfers {
        Transfers { two: self.two.session(session), many: self.many.session(session) }
    }
}
