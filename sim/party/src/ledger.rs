//! The ledger of a party's sessions: how many it has begun, and the last number of each peer. A number is on the disk before it is used, and is never used again.

use crate::error::{PartyError, Refusal};
use crate::fingerprint::Fingerprint;
use crate::identity::Identity;
use fusion_engine::failure::Failure;
use fusion_engine::files;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::PathBuf;

/// The name of the file that is locked while a process works with the ledger.
const LOCK: &str = "sessions.lock";
/// The name of the file with the ledger.
const LEDGER: &str = "sessions.json";
/// The most bytes of the ledger: it has a line for each peer.
const MOST_BYTES: u64 = 1 << 24;

/// No session has this number or a larger one.
const MOST_SESSIONS: u64 = 1 << 63;

/// The ledger as it is on the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entries {
    /// The number of sessions that this party has begun.
    begun: u64,
    /// The number of sessions that it may begin, as it was when the first began; absent from the ledger of a client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    budget: Option<u64>,
    /// The number of the last session of each peer, as the peer counts.
    peers: BTreeMap<Fingerprint, u64>,
}

/// The ledger of an identity, which one process at a time holds.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    entries: Entries,
    /// The lock, which is held as long as the ledger is open.
    _lock: File,
}

impl Ledger {
    /// Opens the ledger of an identity; a new one has no entries.
    ///
    /// # Errors
    /// [`PartyError::InUse`] while another process holds it, and [`PartyError::File`].
    pub fn open(identity: &Identity) -> Result<Self, PartyError> {
        let folder = identity.folder();
        let failed = |error| PartyError::File { what: folder.join(LOCK).display().to_string(), error };
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(PartyError::InUse(folder.display().to_string())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let path = folder.join(LEDGER);
        let broken = |error| PartyError::File { what: path.display().to_string(), error };
        let entries = if path.try_exists().map_err(broken)? {
            let bytes = files::read(&path, MOST_BYTES).map_err(of_files)?;
            serde_json::from_slice(&bytes).map_err(|error| broken(io::Error::other(error)))?
        } else {
            Entries::default()
        };
        Ok(Self { path, entries, _lock: lock })
    }

    /// Returns the number of sessions that the party has begun.
    pub fn begun(&self) -> u64 {
        self.entries.begun
    }

    /// Begins a session, and returns its number.
    ///
    /// # Errors
    /// [`PartyError::File`] if the number cannot be kept; no session may begin then.
    pub fn begin(&mut self) -> Result<u64, PartyError> {
        let full = || PartyError::File {
            what: self.path.display().to_string(),
            error: io::Error::other("there are no more numbers of sessions"),
        };
        let begun = self.entries.begun.checked_add(1).filter(|begun| *begun < MOST_SESSIONS).ok_or_else(full)?;
        self.keep(Entries { begun, ..self.entries.clone() })?;
        Ok(self.entries.begun)
    }

    /// Takes note of the number of sessions that share a budget of noise.
    ///
    /// # Errors
    /// [`PartyError::Refuses`] for another number than before: sessions that are over had the noise of theirs.
    pub fn share(&mut self, budget: u64) -> Result<(), PartyError> {
        match self.entries.budget {
            Some(before) if before != budget => {
                let reason = format!("this identity has a budget of {before}; another budget takes a new identity");
                Err(PartyError::Refuses(Refusal::new("sessions", reason)))
            }
            Some(_) => Ok(()),
            None => self.keep(Entries { budget: Some(budget), ..self.entries.clone() }),
        }
    }

    /// Takes note of a peer's number for a session.
    ///
    /// # Errors
    /// [`PartyError::Refuses`] for a number that is not above the peer's last one, and [`PartyError::File`] if it cannot be kept.
    pub fn admit(&mut self, peer: Fingerprint, number: u64) -> Result<(), PartyError> {
        if number >= MOST_SESSIONS || self.entries.peers.get(&peer).is_some_and(|last| number <= *last) {
            let reason = "the peer has used this number before; is its folder an older copy?";
            return Err(PartyError::Refuses(Refusal::new("session number", reason)));
        }
        let mut entries = self.entries.clone();
        entries.peers.insert(peer, number);
        self.keep(entries)
    }

    fn keep(&mut self, entries: Entries) -> Result<(), PartyError> {
        let broken =
            |error: serde_json::Error| PartyError::File { what: self.path.display().to_string(), error: error.into() };
        let text = serde_json::to_string_pretty(&entries).map_err(broken)?;
        files::replace(&self.path, &text).map_err(of_files)?;
        self.entries = entries;
        Ok(())
    }
}

fn of_files(failure: Failure) -> PartyError {
    match failure {
        Failure::Io(what, error) => PartyError::File { what, error },
        other => PartyError::File { what: "the ledger".into(), error: io::Error::other(other.message()) },
    }
}
