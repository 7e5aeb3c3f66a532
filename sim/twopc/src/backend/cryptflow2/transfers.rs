//! The oblivious transfers that the family draws from: one of two messages, and one of many, in both directions.

use super::form::TripleForm;
use crate::ot::block::Block;
use crate::ot::columns::Code;
use crate::ot::kkot::WalshHadamard;
use crate::ot::probe::Guess;
use crate::ot::{Scheme, code_setup, kkot, one_of_two};
use crate::random::Seed;
use crate::wire::link::{Halt, Link};

/// A party's transfers of a session.
#[derive(Debug)]
pub struct Transfers {
    /// Of one of two messages.
    pub two: one_of_two::Ways,
    /// Of one of up to 256 messages.
    pub many: code_setup::Ways<WalshHadamard>,
    /// How pairs of products use correlated triples.
    pub form: TripleForm,
    /// What a server that reads takes down of comparisons where triples are as released: for each pair of products, whether the client's digits are at least its own. Others take
    /// down nothing.
    pub read: Option<Vec<u8>>,
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
    /// Runs the base transfers, with the party's own secret seed. `scheme` has the extension of transfers of one of two messages, and whether all are checked.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn run(link: &mut Link, own: &Seed, scheme: impl Into<Scheme>) -> Result<Self, Halt> {
        let scheme = scheme.into();
        let two = link.step(scheme.extension.name(), |link| one_of_two::Setup::run(link, own, scheme))?;
        let many = link.step(WalshHadamard::NAME, |link| kkot::Setup::run(link, own, scheme.checks))?;
        Ok(Self { two, many })
    }

    /// The correlation of the transfers of one of two messages that this party sends.
    #[must_use]
    pub fn correlation(&self) -> Block {
        self.two.correlation()
    }

    /// The transfers of the session of this name, which was never used before: see [`one_of_two::Setup::session`].
    #[must_use]
    pub fn session(&self, session: &Seed, expected: [usize; 2], form: TripleForm) -> Transfers {
        Transfers { two: self.two.session(session, expected), many: self.many.session(session), form, read: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ot::Extension;
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
