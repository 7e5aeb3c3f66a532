//! Why a party does not begin a session, or does not end it.

use crate::fingerprint::Fingerprint;
use fusion_2pc::wire::link::Halt;
use serde::{Deserialize, Serialize};
use std::io;

/// A refusal of one of the two parties, before any secret is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{field}: {reason}")]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// What the parties do not agree on, such as `version` or `circuit`.
    pub field: String,
    /// The reason in words.
    pub reason: String,
}

impl Refusal {
    pub(crate) fn new(field: &str, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

/// Why a party stops.
#[derive(Debug, thiserror::Error)]
pub enum PartyError {
    /// A file of the party's identity cannot be read or written, or holds something else.
    #[error("{what}: {error}")]
    File {
        /// The file and what was to be done with it.
        what: String,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The identity is used by another process.
    #[error("{0} is in use by another session of this party")]
    InUse(String),
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness")]
    Randomness,
    /// An address names no machine: it has no port or is malformed, or its name is not known here.
    #[error("{address}: {reason}")]
    NoAddress {
        /// The address as it was given.
        address: String,
        /// The reason in words.
        reason: String,
    },
    /// The other machine cannot be reached.
    #[error("{address} cannot be reached: {error}")]
    Unreachable {
        /// The address as it was given.
        address: String,
        /// The error of the operating system.
        error: io::Error,
    },
    /// No encrypted connection with the pinned key came about.
    #[error("no secure connection: {0}")]
    Insecure(String),
    /// The peer has a key that is not pinned.
    #[error("the peer has the key {found}, which is not pinned")]
    WrongKey {
        /// The fingerprint of the key that it has.
        found: Fingerprint,
    },
    /// The peer has not pinned the key of this party.
    #[error("the peer does not take this party's key")]
    NotPinned,
    /// This party refuses.
    #[error(transparent)]
    Refuses(Refusal),
    /// The peer refuses.
    #[error("the peer refuses: {0}")]
    Refused(Refusal),
    /// The connection broke, or the peer was late, before a session began.
    #[error("the peer is gone before the session: {0}")]
    Gone(io::Error),
    /// The peer said something that no party of this version says.
    #[error("the peer sent a malformed {0}")]
    Malformed(&'static str),
    /// The session ended early.
    #[error(transparent)]
    Halt(#[from] Halt),
}

/// A peer's text as it may stand on a terminal.
pub fn printable(text: &str) -> String {
    text.chars().take(200).map(|char| if char.is_ascii_graphic() || char == ' ' { char } else { '?' }).collect()
}
