//! An honest server that errs.

use super::{Branch, Place, Scripted, Step};
use crate::script::Relabel;
use crate::strategy::{Act, Hypothesis, Move};
use rug::Rational;

/// Every answer becomes the next label with this chance, each on its own: H5 fails.
#[must_use]
pub fn flaky(chance: Rational) -> Scripted {
    let place = Place::Each { chance, from: 0, to: u32::MAX, at_most: u32::MAX };
    let steps = vec![Step { place, what: 0 }];
    let moves = vec![Move::always(Act::Relabel(Relabel::Next))];
    Scripted::new(moves, vec![Branch { weight: 1, steps }], vec![Hypothesis::H5])
}
