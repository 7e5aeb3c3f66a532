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

/// The ledger as it is on the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entries {
    /// The number of sessions that this party has begun.
    begun: u64,
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
            serde_json::from_slice(&bytes).map_err(|error| broken(error.into()))?
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
        self.keep(Entries { begun: self.entries.begun + 1, ..self.entries.clone() })?;
        Ok(self.entries.begun)
    }

    /// Takes note of a peer's number for a session.
    ///
    /// # Errors
    /// [`PartyError::Refuses`] for a number that is not above the peer's last one, and [`PartyError::File`] if it cannot be kept.
    pub fn admit(&mut self, peer: Fingerprint, number: u64) -> Result<(), PartyError> {
        if self.entries.peers.get(&peer).is_some_and(|last| number <= *last) {
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
