//! The documents with which commands, reports and the page answer.

pub mod accuracy;
pub mod active;
pub mod bench;
pub mod certificate;
pub mod compare;
pub mod cost;
mod exactness;
pub mod headline;
pub mod pictures;
pub mod plan;
pub mod predict;
pub mod substitution;
pub mod tables;
