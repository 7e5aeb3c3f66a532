//! The folder in which measurements are kept, a file each, so that a second call continues where the first one stopped.

use fusion_engine::documents::tables::{MeasurementDocument, Source};
use fusion_engine::failure::Failure;
use fusion_engine::files;
use fusion_engine::store::commit;
use std::fs;
use std::path::{Path, PathBuf};

/// The size in bytes of the largest file of a measurement.
const MAX_BYTES: u64 = 1 << 20;

/// What tells a measurement from all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub backend: String,
    pub batch: usize,
    pub model_hash: String,
    pub commit: Option<String>,
    pub version: String,
}

impl Key {
    /// Makes the key of a measurement by this program.
    pub fn new(backend: &str, batch: usize, model_hash: &str) -> Self {
        Self {
            backend: backend.into(),
            batch,
            model_hash: model_hash.into(),
            commit: commit(),
            version: env!("CARGO_PKG_VERSION").into(),
        }
    }

    fn of(measured: &MeasurementDocument) -> Self {
        let MeasurementDocument { backend, batch, model_hash, commit, version, .. } = measured.clone();
        Self { backend, batch, model_hash, commit, version }
    }

    /// Returns the name of the file, which two keys share only by a collision of hashes.
    fn file(&self) -> String {
        let Self { backend, batch, model_hash, commit, version } = self;
        let mut hash = blake3::Hasher::new_derive_key("fusion-sim 2026-11 a kept measurement");
        for part in [model_hash, version].into_iter().chain(commit) {
            hash.update(part.as_bytes()).update(b"\n");
        }
        format!("{backend}-batch{batch}-{}.json", &hash.finalize().to_hex()[..12])
    }
}

/// The folder of measurements.
#[derive(Clone, Debug)]
pub struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// Opens the folder of measurements below the folder of all runs, which is made with the first measurement.
    pub fn new(runs: &Path) -> Self {
        Self { folder: runs.join("tables") }
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the measurement of this key. A file that holds no such measurement is as good as none: it is measured again, and the
    /// file replaced.
    ///
    /// # Errors
    /// [`Failure::Io`] if reading fails.
    pub fn find(&self, key: &Key) -> Result<Option<MeasurementDocument>, Failure> {
        let path = self.folder.join(key.file());
        if !path.is_file() {
            return Ok(None);
        }
        let read: Option<MeasurementDocument> = serde_json::from_slice(&files::read(&path, MAX_BYTES)?).ok();
        Ok(read.filter(|measured| measured.source == Source::Measured && Key::of(measured) == *key))
    }

    /// Keeps a measurement.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the folder cannot be made, [`Failure::Io`] if writing fails.
    pub fn keep(&self, measured: &MeasurementDocument) -> Result<(), Failure> {
        let name = || files::name(&self.folder);
        fs::create_dir_all(&self.folder).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotADirectory | std::io::ErrorKind::AlreadyExists => {
                Failure::Usage(format!("{}: a file is in the way of the folder", name()))
            }
            _ => Failure::Io(format!("creating {}", name()), error),
        })?;
        let text = serde_json::to_string_pretty(measured).map_err(|error| Failure::Bug(error.to_string()))?;
        files::replace(&self.folder.join(Key::of(measured).file()), &(text + "\n"))
    }
}
