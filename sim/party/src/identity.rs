//! A party's identity: a key pair in a folder, and the fingerprint of its public key, which the other party pins.

use crate::entropy;
use crate::error::PartyError;
use crate::hex;
use ring::digest::{SHA256, digest};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The name of the file with the key pair.
const KEY: &str = "key.pk8";
/// The most bytes of a key's file.
const MOST_KEY_BYTES: u64 = 4096;

/// The SHA-256 of a public key in the form of RFC 5280 (`SubjectPublicKeyInfo`): what the other party pins. Its text is 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint([u8; 32]);

/// The error for a text that is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has 64 hexadecimal digits, as 'sim party init' prints it")]
pub struct NoFingerprint;

impl Fingerprint {
    /// Computes the fingerprint of a public key.
    #[must_use]
    pub fn of(public_key: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, public_key).as_ref());
        Self(bytes)
    }

    /// Returns the 32 bytes of the hash.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::digits(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        hex::bytes(text).map(Self).ok_or(NoFingerprint)
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = NoFingerprint;

    fn try_from(text: String) -> Result<Self, NoFingerprint> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

/// A party's key pair, and the folder that holds it with the ledger of its sessions.
pub struct Identity {
    folder: PathBuf,
    key: Arc<CertifiedKey>,
    fingerprint: Fingerprint,
}

impl Identity {
    /// Makes a new identity in a folder, which only its owner may read. The folder is made if it is not there.
    ///
    /// # Errors
    /// [`PartyError::File`] if there is an identity already, or if the folder cannot be written; [`PartyError::Randomness`].
    pub fn create(folder: &Path) -> Result<Self, PartyError> {
        let failed = |error| PartyError::File { what: folder.join(KEY).display().to_string(), error };
        let key = entropy::key()?;
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(KEY)).map_err(|error| {
                match error.kind() {
                    io::ErrorKind::AlreadyExists => failed(io::Error::other("there is an identity already")),
                    _ => failed(error),
                }
            })?;
        file.write_all(&key).and_then(|()| file.sync_all()).map_err(failed)?;
        Self::open(folder)
    }

    /// Opens the identity in a folder.
    ///
    /// # Errors
    /// [`PartyError::File`] if there is none, or if its key is no Ed25519 key.
    pub fn open(folder: &Path) -> Result<Self, PartyError> {
        let failed = |error| PartyError::File { what: folder.join(KEY).display().to_string(), error };
        let mut bytes = Zeroizing::new(Vec::new());
        let file = File::open(folder.join(KEY)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => failed(io::Error::other("there is no identity; 'sim party init' makes one")),
            _ => failed(error),
        })?;
        file.take(MOST_KEY_BYTES).read_to_end(&mut bytes).map_err(failed)?;
        let no_key = || failed(io::Error::other("it is no Ed25519 key"));
        let der = PrivatePkcs8KeyDer::from(bytes.to_vec());
        let key = rustls::crypto::ring::sign::any_eddsa_type(&der).map_err(|_| no_key())?;
        let public = key.public_key().ok_or_else(no_key)?.to_vec();
        let fingerprint = Fingerprint::of(&public);
        let key = Arc::new(CertifiedKey::new(vec![CertificateDer::from(public)], key));
        Ok(Self { folder: folder.to_path_buf(), key, fingerprint })
    }

    /// Returns the fingerprint of the public key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}
