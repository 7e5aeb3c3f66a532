//! Sessions: keys and base transfers once, then any number of batches, each on two threads.
//!
//! A session's randomness is a function of the parties' set-up and the session's name, 32 bytes that no other session may have: a
//! session can be repeated bit by bit, and no two share a pad.

mod party;
mod plan;
mod setup;
#[cfg(test)]
mod tests;
mod threads;

pub use party::{Answered, Networks, Progress, Service, client, server, watched_client};
pub use plan::{Grouping, Plan, chunks};
pub use setup::{ClientSetup, ServerSetup, client_set_up, server_set_up, set_up};
pub use threads::{ServerProgram, run};
