//! Why work on a campaign ended without its result.

use fusion_adversaries::problem::Problem;
use std::io;

/// An error that ends a command.
#[derive(Debug)]
pub enum Failure {
    /// A mistake of the user's, in one line.
    Usage(String),
    /// Every problem of a file, a line each.
    Problems(Vec<String>),
    /// Every problem of a script, each with its place.
    Script(Located),
    /// An I/O error, with what was being done.
    Io(String, io::Error),
    /// An impossible state, which is a bug of this program.
    Bug(String),
}

/// Problems and the text they are in.
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
    /// An error that the user's input caused.
    pub fn usage(error: impl std::error::Error) -> Self {
        Self::Usage(error.to_string())
    }

    /// The first thing that is wrong, in words.
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

/// An error in writing a result to the caller's stream.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io("writing the result".into(), error)
    }
}
