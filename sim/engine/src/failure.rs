//! The reasons why work on a campaign ends without a result.

use fusion_adversaries::problem::Problem;
use std::io;

/// An error that ends a command.
#[derive(Debug)]
pub enum Failure {
    /// A mistake of the user's, described in one line.
    Usage(String),
    /// Every problem of a file, one line each.
    Problems(Vec<String>),
    /// Every problem of a script, each with its place.
    Script(Located),
    /// An I/O error, with a description of what was being done.
    Io(String, io::Error),
    /// An impossible state, which is a bug of this program.
    Bug(String),
}

/// The problems of a script, with the text that they point into.
#[derive(Debug)]
pub struct Located {
    /// The file's name.
    pub file: String,
    /// The file's text.
    pub text: String,
    /// The problems in the order of the text.
    pub problems: Vec<Problem>,
}

impl Failure {
    /// Makes the failure for an error that the user's input caused.
    pub fn usage(error: impl std::error::Error) -> Self {
        Self::Usage(error.to_string())
    }

    /// Returns the first thing that is wrong, in words.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Usage(message) | Self::Bug(message) => message.clone(),
            Self::Problems(messages) => messages.first().map_or_else(String::new, Clone::clone),
            Self::Script(located) => format!("{} has problems", located.file),
            Self::Io(what, error) => format!("{what}: {error}"),
        }
    }
}

/// Makes the failure for an error in writing a result to the caller's stream.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io("writing the result".into(), error)
    }
}
