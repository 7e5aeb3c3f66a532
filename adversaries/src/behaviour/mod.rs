//! The strategies that scripts describe: lists of moves, an honest server that errs, the linking game, and servers that run programs.

mod cheating;
mod flaky;
mod guess_delta;
mod linking;
mod place;
mod probe_delta;
mod probe_key;
mod replay_ciphertext;
mod scripted;
mod unmask;

pub use cheating::Cheating;
pub use flaky::flaky;
pub use guess_delta::GuessDelta;
pub use linking::Linking;
pub use place::Place;
pub use probe_delta::ProbeDelta;
pub use probe_key::ProbeKey;
pub use replay_ciphertext::ReplayCiphertext;
pub use scripted::{PlacedMove, Scripted, WeightedMoves};
pub use unmask::Unmask;
