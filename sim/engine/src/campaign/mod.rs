//! Campaigns: strategies, the claims about them, and the trials that decide the claims.

pub mod accuracy;
pub mod block;
pub mod claims;
mod ending;
mod entry;
pub mod exemplar;
pub mod identity;
pub mod load;
pub mod next;
pub mod pace;
mod player;
mod replay;
pub mod run;
pub mod schedule;
mod shard;
mod statement;
pub mod turns;
pub mod verdict;
pub mod verify;

pub use ending::{Ending, NoEnding};
pub use entry::{Campaign, Counter, Entry, grouping, link_speed};
pub use player::{Player, ReplayedSession};
pub use replay::{Replay, Show};
pub use shard::Shard;
pub use statement::{NoStatement, Relation, Statement};
