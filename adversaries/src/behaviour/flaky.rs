//! An honest server that errs.

use super::place::Place;
use super::scripted::{PlacedMove, Scripted, WeightedMoves};
use crate::script::Relabel;
use crate::strategy::{Act, Hypothesis, Move};
use rug::Rational;

/// The server each of whose answers becomes the next label with this chance, independently of the others. H5 fails.
#[must_use]
pub fn flaky(chance: Rational) -> Scripted {
    let place = Place::Each { chance, from: 0, to: u32::MAX, at_most: u32::MAX };
    let placed = vec![PlacedMove { place, index: 0 }];
    let moves = vec![Move::always(Act::Relabel(Relabel::Next))];
    Scripted::new(moves, vec![WeightedMoves { weight: 1, moves: placed }], vec![Hypothesis::H5])
}
