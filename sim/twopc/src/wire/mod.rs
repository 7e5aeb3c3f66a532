//! The line between the parties: what each holds of the other, what was sent, how long that takes, and where cheating enters.

pub mod clock;
pub mod duplex;
pub mod hook;
pub mod link;
pub mod meter;
pub mod tcp;
