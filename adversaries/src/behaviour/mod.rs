//! The strategies that scripts describe: lists of moves, an honest server that errs, and the linking game.

mod flaky;
mod linking;
mod place;
mod scripted;

pub use flaky::flaky;
pub use linking::Linking;
pub use place::Place;
pub use scripted::{PlacedMove, Scripted, WeightedMoves};
