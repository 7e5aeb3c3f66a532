//! Files that the user names.

use crate::failure::Failure;
use crate::text;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Largest file read, in bytes: no ONNX file is larger.
pub const MAX_BYTES: u64 = 1 << 31;

/// The name for messages.
pub fn name(path: &Path) -> String {
    text::one_line(&path.display().to_string())
}

/// All of a file of at most `limit` bytes. A path that does not exist or is not a file is the user's mistake; what else fails is an I/O error.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let problem = |what: &str| Failure::Usage(format!("{}: {what}", name(path)));
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename | ErrorKind::InvalidInput => {
            problem("there is no such file")
        }
        _ => Failure::Io(format!("reading {}", name(path)), error),
    };
    // Asked first: opening a pipe would wait for its writer.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(problem("is not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > limit { Err(problem(&format!("is larger than {limit} bytes"))) } else { Ok(bytes) }
}
