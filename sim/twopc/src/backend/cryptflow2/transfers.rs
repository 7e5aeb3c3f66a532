//! The oblivious transfers that the family draws from: one of two messages, and one of many, in both directions.

use crate::ot::block::Block;
use crate::ot::columns::Code;
use crate::ot::kkot::WalshHadamard;
use crate::ot::probe::Guess;
use crate::ot::{Extension, code_setup, kkot, one_of_two};
use crate::random::Seed;
use crate::wire::link::{Halt, Link};

/// A party's transfers of a session.
#[derive(Debug)]
pub struct Transfers {
    /// Of one of two messages.
    pub two: one_of_two::Ways,
    /// Of one of up to 256 messages.
    pub many: code_setup::Ways<WalshHadamard>,
}

impl Transfers {
    /// The same transfers of a party that deviates where it receives one of two messages: see [`probe`](crate::ot::probe).
    #[must_use]
    pub fn guessing(self, guess: Guess) -> Self {
        Self { two: self.two.guessing(guess), ..self }
    }
}

/// What a party keeps of the base transfers between sessions.
#[derive(Clone, Debug)]
pub struct Keys {
    two: one_of_two::Setup,
    many: kkot::Setup,
}

impl Keys {
    /// Runs the base transfers, with the party's own secret seed. `extension` is that of transfers of one of two messages.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn run(link: &mut Link, own: &Seed, extension: Extension) -> Result<Self, Halt> {
        let two = link.step(extension.name(), |link| one_of_two::Setup::run(link, own, extension))?;
        let many = link.step(WalshHadamard::NAME, |link| kkot::Setup::run(link, own))?;
        Ok(Self { two, many })
    }

    /// The correlation of the transfers of one of two messages that this party sends.
    #[must_use]
    pub fn correlation(&self) -> Block {
        self.two.correlation()
    }

    /// The transfers of the session of this name, which was never used before: see [`one_of_two::Setup::session`].
    #[must_use]
    pub fn session(&self, session: &Seed, expected: [usize; 2]) -> Transfers {
        Transfers { two: self.two.session(session, expected), many: self.many.session(session) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_set_up_has_an_address_of_its_own() {
        for extension in Extension::ALL {
            let run = |seed| {
                move |link: &mut Link| {
                    Keys::run(link, &Seed([seed; 32]), extension).unwrap();
                    link.meter().clone()
                }
            };
            let (meter, _) = crate::ot::testing::both(run(1), run(2));
            let steps: BTreeSet<String> = meter.log.iter().map(|message| message.address.step().to_string()).collect();
            let expected = [format!("{}/base-ot", extension.name()), "kkot/base-ot".to_string()];
            assert_eq!(steps, expected.into());
        }
    }
}
