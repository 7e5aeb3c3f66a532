//! Files: reads those that a user names, and replaces those of a run as a whole.

use crate::embedded;
use crate::failure::Failure;
use fusion_adversaries::problem::one_line;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// The size in bytes of the largest file that is read: no ONNX file is larger.
pub const MAX_BYTES: u64 = 1 << 31;

/// Returns a path in the form that messages show.
#[must_use]
pub fn name(path: &Path) -> String {
    one_line(&path.display().to_string())
}

/// Reads a whole file of at most `limit` bytes. A path that does not exist or is not a file is the user's mistake; any other
/// failure is an I/O error. A path that starts with `built-in:` names an [`embedded`] file.
///
/// # Errors
/// [`Failure::Usage`] for a path that is not a file and for a file that is too large, [`Failure::Io`] if reading fails.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    if let Some(found) = embedded::find(path) {
        return found.map(<[u8]>::to_vec);
    }
    let problem = |what: &str| Failure::Usage(format!("{}: {what}", name(path)));
    let failed = |error: io::Error| {
        if is_missing(error.kind()) {
            problem("there is no such file")
        } else {
            Failure::Io(format!("reading {}", name(path)), error)
        }
    };
    // Asked first: opening a pipe would wait for its writer.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(problem("is not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > limit { Err(problem(&format!("is larger than {limit} bytes"))) } else { Ok(bytes) }
}

/// Whether there is a file of this name.
///
/// # Errors
/// [`Failure::Io`] if that cannot be told, as in a folder that may not be entered.
pub fn is_there(path: &Path) -> Result<bool, Failure> {
    match fs::metadata(path) {
        Ok(found) => Ok(found.is_file()),
        Err(error) if is_missing(error.kind()) => Ok(false),
        Err(error) => Err(Failure::Io(format!("reading {}", name(path)), error)),
    }
}

/// The folder of a run, with links followed; `None` where this is none.
///
/// # Errors
/// [`Failure::Io`] if that cannot be told.
pub fn run(path: &Path) -> Result<Option<PathBuf>, Failure> {
    if !is_there(&path.join("env.json"))? {
        return Ok(None);
    }
    let failed = |error| Failure::Io(format!("reading {}", name(path)), error);
    path.canonicalize().map(Some).map_err(failed)
}

/// Whether nothing has the name that was asked for.
const fn is_missing(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename | ErrorKind::InvalidInput
    )
}

/// Reads a script of at most `limit` bytes: a file, standard input where the path is `-`, or what a shell's `<(command)` writes.
///
/// # Errors
/// The same as those of [`read`].
pub(crate) fn read_script(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    if !is_stream(path) {
        return read(path, limit);
    }
    let failed = |error: io::Error| Failure::Io(format!("reading {}", name(path)), error);
    let mut bytes = Vec::new();
    if path == Path::new(STANDARD_INPUT) {
        io::stdin().lock().take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)).map_err(failed)?;
    }
    if bytes.len() as u64 > limit {
        return Err(Failure::Usage(format!("{}: is larger than {limit} bytes", name(path))));
    }
    Ok(bytes)
}

/// The path that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// Whether a path is standard input, or a pipe that this process was started with. Opening such a pipe waits for nobody; opening any other would wait
/// for its writer.
pub(crate) fn is_stream(path: &Path) -> bool {
    let given = ["/dev/fd", "/proc/self/fd", "/dev/stdin"].iter().any(|folder| path.starts_with(folder));
    path == Path::new(STANDARD_INPUT) || (given && fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo()))
}

pub(crate) fn append_to(path: &Path) -> Result<File, Failure> {
    OpenOptions::new().append(true).create(true).open(path).map_err(|error| failed("opening", path, error))
}

/// Replaces a file as a whole: the text is written beside it, synced, and renamed over it, so that a reader sees the old file or
/// the new one. A file that already has this text is left alone.
///
/// # Errors
/// [`Failure::Io`] if writing fails.
pub fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    if fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    let fresh = path.with_extension("new");
    let written = File::create(&fresh).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    if let Err(error) = written.and_then(|()| fs::rename(&fresh, path)) {
        // Best effort: on a full disk, what is left of it is in the way.
        let _ = fs::remove_file(&fresh);
        return Err(failed("writing", path, error));
    }
    path.parent().map_or(Ok(()), sync_folder)
}

/// Syncs a folder, so that the names of its files are on the disk.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Failure> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder).and_then(|file| file.sync_all()).map_err(|error| failed("syncing", folder, error))
}

pub(crate) fn failed(doing: &str, path: &Path, error: io::Error) -> Failure {
    Failure::Io(format!("{doing} {}", name(path)), error)
}
