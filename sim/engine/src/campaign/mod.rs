//! Campaigns: strategies, what is claimed of them, and the trials that decide.

pub mod claims;
mod entry;
pub mod identity;
pub mod load;
mod player;
pub mod run;
pub mod schedule;
mod shard;
pub mod turns;
pub mod verdict;

pub use entry::{Campaign, Counter, Entry, block_trials, grouping};
pub use player::{Player, Session};
pub use shard::Shard;
