//! The line between the parties: it carries their messages, records what was sent, computes how long that takes, and is where
//! cheating enters.

pub mod carrier;
pub mod clock;
pub mod duplex;
mod halt;
pub mod hook;
pub mod link;
pub mod meter;
pub mod stream;
pub mod tcp;
mod tcp_lanes;
pub mod times;
pub mod trace;
