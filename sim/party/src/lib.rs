//! The two parties of a secure inference on two machines, and the client's mix-and-check around every session.
//!
//! A connection is TLS 1.3 with a key of each party, which the other one has pinned. One connection is one session: both parties agree on the version, the circuit and
//! its parameters, make new keys and base transfers from the randomness of their operating systems, evaluate the slots, and forget all of it. So a
//! verdict, whichever way it becomes known, tells nothing of a later session.
//!
//! Invariants: no secret of a party is used before its peer's key is verified and both have agreed; no name of a session is used twice; bytes of a
//! peer never cause a panic or a wait without end; `entropy.rs` is the only file that draws randomness, and nothing here is seeded.

mod agreement;
mod behaviour;
mod channel;
mod client;
mod entropy;
mod error;
mod fingerprint;
mod hex;
mod host;
mod hosting;
pub mod identity;
mod ledger;
mod offer;
mod protected;
#[cfg(test)]
#[path = "../../../proofs-tests/src/scratch.rs"]
mod scratch;
mod service;
#[cfg(test)]
mod tests;
mod tls;

pub use agreement::Wanted;
pub use client::{Answers, Question, Step, ask};
pub use error::{PartyError, Refusal};
pub use fingerprint::{Fingerprint, NoFingerprint};
pub use host::addresses;
pub use identity::Identity;
pub use protected::{Protected, ProtectedError, ask_protected};
pub use service::{MOST_SLOTS, Service, ServiceLimits};
