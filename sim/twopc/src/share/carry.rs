//! The carries that a step finds first, by a tree of digits ([`compare`]) or by a chain of them ([`chain`]), with transfers that were drawn before or are asked for.

use crate::party::Party;
use crate::role::Role;
use crate::share::chain;
use crate::share::compare::{self, Carries, Span};
use crate::wire::link::Halt;

/// How carries are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By digits that a tree joins: few messages.
    Tree,
    /// Digit by digit: few bytes.
    Chain,
}

/// Transfers that were drawn with a party's numbers, for one step.
#[derive(Debug)]
pub enum Drawn {
    /// Those of a tree.
    Tree(compare::Drawn),
    /// Those of a chain.
    Chain(chain::Drawn),
}

/// How a step comes to the transfers of its first carries.
#[derive(Debug)]
pub enum First {
    /// They are drawn now, and choices are corrected.
    Asked(Form),
    /// They were drawn with a party's numbers.
    Drawn(Drawn),
}

/// Draws the transfers of carries of `count` numbers that are not known yet, and whose bits of the span are to be [`Drawn::numbers`] at the drawer. In a tree that is the client.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// For a span of no bits, and for a tree with the server as the drawer.
pub fn draw(party: &mut Party, count: usize, span: Span, (form, drawer): (Form, Role)) -> Result<Drawn, Halt> {
    Ok(match form {
        Form::Tree => {
            assert_eq!(drawer, Role::Client, "a server does not choose in a tree");
            Drawn::Tree(compare::draw(party, count, span)?)
        }
        Form::Chain => Drawn::Chain(chain::draw(party, count, span, drawer)?),
    })
}

impl Drawn {
    /// The bits that this party drew in these transfers, as a mask, and numbers whose bits there are its random choices; `None` for a party that is not the drawer.
    #[must_use]
    pub fn numbers(&self) -> Option<(u64, Vec<u64>)> {
        match self {
            Self::Tree(drawn) => drawn.numbers().map(|numbers| (u64::MAX, numbers)),
            Self::Chain(drawn) => drawn.numbers(),
        }
    }
}

/// Computes shares of the carries of the sum of both parties' numbers, of `low + high` bits each. Higher bits are not looked at, and where transfers were drawn with a party's numbers, its bits there are those that it drew.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// For numbers of no bits, which have no carry.
pub fn carries(party: &mut Party, numbers: &[u64], (low, high): (u32, u32), first: First) -> Result<Carries, Halt> {
    match first {
        First::Asked(Form::Tree) => compare::carries(party, numbers, low, high),
        First::Asked(Form::Chain) => chain::carries(party, numbers, low, high),
        First::Drawn(Drawn::Tree(drawn)) => drawn.carries(party, numbers),
        First::Drawn(Drawn::Chain(drawn)) => drawn.carries(party, numbers),
    }
}
