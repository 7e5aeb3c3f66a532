//! Folders for tests to write in.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that belongs to one test, and is removed with all in it when this value is dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

/// How many folders this process has made.
static MADE: AtomicU32 = AtomicU32::new(0);

impl Scratch {
    /// Makes an empty folder. Its path has the name, the process and a number in it, so that no two are the same.
    pub fn new(name: &str) -> Self {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("fusion-{name}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("there is a place for temporary files");
        Self(folder.canonicalize().expect("it was just made"))
    }

    /// Returns a path in the folder, as text.
    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("tests have plain names").into()
    }

    /// Writes a file into the folder, and returns its path.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.0.join(name), bytes).expect("the folder is ours");
        self.path(name)
    }
}

impl Deref for Scratch {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for Scratch {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A test may have removed it, or made it unreadable.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
