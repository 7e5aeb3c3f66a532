//! A party's identity: a key pair in a folder.

use crate::entropy;
use crate::error::PartyError;
use crate::fingerprint::Fingerprint;
use crate::hex;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The name of the file with the key pair.
const KEY: &str = "key.pk8";
/// The most bytes of a key's file.
const MOST_KEY_BYTES: u64 = 4096;

/// Refuses a folder in which others can put a ledger of theirs.
fn own(folder: &Path) -> Result<(), PartyError> {
    let failed = |error| PartyError::File { what: folder.display().to_string(), error };
    match std::fs::metadata(folder) {
        Ok(found) if found.mode() & 0o022 != 0 => Err(failed(io::Error::other("others can write into the folder"))),
        Ok(_) => Ok(()),
        // That there is no identity is told by its key.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// A party's key pair, and the folder that holds it with the ledger of its sessions.
pub struct Identity {
    folder: PathBuf,
    key: Arc<CertifiedKey>,
    fingerprint: Fingerprint,
}

impl Identity {
    /// Makes a new identity in a folder, with a key that only its owner may read. The folder is made if it is not there; others must not be able to write into it.
    ///
    /// # Errors
    /// [`PartyError::File`] if there is an identity already, or if the folder cannot be written; [`PartyError::Randomness`].
    pub fn create(folder: &Path) -> Result<Self, PartyError> {
        let failed = |error| PartyError::File { what: folder.join(KEY).display().to_string(), error };
        let key = entropy::key()?;
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => PartyError::File {
                what: folder.display().to_string(),
                error: io::Error::other("a file is in the way of the folder"),
            },
            _ => failed(error),
        })?;
        own(folder)?;
        // The key has its name once it is whole, and takes no other key's place.
        let whole = folder.join(format!("{KEY}.{}", hex::digits(&entropy::nonce()?)));
        let named = write(&whole, &key).and_then(|()| std::fs::hard_link(&whole, folder.join(KEY)));
        let removed = std::fs::remove_file(&whole);
        named.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => failed(io::Error::other("there is an identity already")),
            _ => failed(error),
        })?;
        removed.map_err(failed)?;
        Self::open(folder)
    }

    /// Opens the identity in a folder.
    ///
    /// # Errors
    /// [`PartyError::File`] if there is none, or if its key is no Ed25519 key.
    pub fn open(folder: &Path) -> Result<Self, PartyError> {
        let failed = |error| PartyError::File { what: folder.join(KEY).display().to_string(), error };
        own(folder)?;
        let mut bytes = Zeroizing::new(Vec::new());
        let file = File::open(folder.join(KEY)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                failed(io::Error::other("there is no identity; 'sim party init' makes one"))
            }
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

/// Writes a file that only its owner may read.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}
