//! A script as far as its text can be read.

use crate::failure::{Failure, Located};
use crate::files;
use fusion_adversaries::problem::Problem;
use fusion_adversaries::script::Draft;
use fusion_adversaries::yaml::{MAX_BYTES, decode};
use std::path::Path;

/// A script as far as its text can be read, and the problems that were found in it.
pub struct Text {
    /// What could be read.
    pub draft: Draft,
    /// What is wrong in it so far.
    pub problems: Vec<Problem>,
    /// Where that is.
    pub located: Place,
}

/// The file in which problems are.
pub struct Place {
    file: String,
    text: String,
}

impl Place {
    /// Returns the failure of a script with these problems.
    pub fn with(self, problems: Vec<Problem>) -> Failure {
        Failure::Script(Located { file: self.file, text: self.text, problems })
    }
}

impl Text {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`Failure::Io`] if the file cannot be read, [`Failure::Script`] for what is no tree of a script at all.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        Self::of(files::name(path), &files::read_script(path, MAX_BYTES as u64)?)
    }

    /// Reads a text, whose problems are told as those of a file of this name.
    ///
    /// # Errors
    /// [`Failure::Script`] for what is no tree of a script at all.
    pub fn of(file: String, bytes: &[u8]) -> Result<Self, Failure> {
        let located = Place { file, text: String::from_utf8_lossy(bytes).into_owned() };
        let read = decode(bytes).map_err(|problem| vec![problem]).and_then(|_| Draft::read(&located.text));
        match read {
            Ok((draft, problems)) => Ok(Self { draft, problems, located }),
            Err(problems) => Err(located.with(problems)),
        }
    }
}
