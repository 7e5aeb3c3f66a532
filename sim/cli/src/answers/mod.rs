//! Documents that commands, reports and the page answer with.

pub mod bench;
pub mod cost;
pub mod games;
pub mod pictures;
pub mod plan;
