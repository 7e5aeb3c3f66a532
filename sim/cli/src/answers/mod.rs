//! Documents that commands, reports and the page answer with.

pub mod games;
