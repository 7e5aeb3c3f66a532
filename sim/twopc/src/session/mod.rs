//! Sessions of a client and a server: one set-up with keys and base transfers, then any number of sessions, each of as many slots as planned.
//!
//! The randomness of a session is a function of the parties' set-up and of the session's name: 32 bytes, which no other session may have.
//! A session can therefore be repeated bit by bit, and no two sessions share a pad.

mod lanes;
mod network;
mod party;
mod plan;
mod program;
mod setup;
#[cfg(test)]
mod tests;
mod threads;

pub use lanes::Workers;
pub use party::{
    Answered, Deliver, Networks, Progress, Service, client, client_beside, guessing_server, programmed_server, server,
    server_beside, watched_client,
};
pub use plan::{Grouping, MOST_LANES, Plan, chunks};
pub use program::ServerProgram;
pub use setup::{ClientSetup, ServerSetup, client_set_up, server_set_up, set_up};
pub use threads::{RawServer, run};
