//! Why a command ended without its result, as one line on stderr (of a file with problems, one for each) and an exit code.

use crate::problems::Located;
use serde_json::json;
use std::ffi::OsString;
use std::io::{self, Write};

/// The user's flags, script or model are wrong, or a named path is not there.
pub const USAGE: u8 = 64;
/// Our bug.
pub const BUG: u8 = 70;
/// Reading or writing failed.
pub const IO: u8 = 74;

/// An error that ends a command.
#[derive(Debug)]
pub enum Failure {
    /// A user's mistake: one line.
    Usage(String),
    /// Every problem of a file, a line each. With `--json` the command has them in its document.
    Problems(Vec<String>),
    /// Every problem of a script, each with its place.
    Script(Located),
    /// An I/O error, with what was being done.
    Io(String, io::Error),
    /// Something that cannot be: our bug.
    Bug(String),
}

/// How errors are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One line.
    Text,
    /// One JSON object.
    Json,
}

impl Format {
    /// `--json` counts even where the rest of the line cannot be parsed.
    pub fn of(args: &[OsString]) -> Self {
        let json = args.iter().skip(1).take_while(|arg| *arg != "--").any(|arg| arg == "--json");
        if json { Self::Json } else { Self::Text }
    }
}

impl Failure {
    /// An error that the user's flags caused.
    pub fn usage(error: impl std::error::Error) -> Self {
        Self::Usage(error.to_string())
    }

    /// The first thing that is wrong, in words.
    pub fn message(&self) -> String {
        match self {
            Self::Usage(message) | Self::Bug(message) => message.clone(),
            Self::Problems(messages) => messages.first().cloned().unwrap_or_default(),
            Self::Script(located) => format!("{} has problems", located.file),
            Self::Io(what, error) => format!("{what}: {error}"),
        }
    }

    /// Writes the error and gives the exit code. A reader that went away is no error.
    pub fn report(&self, format: Format, stderr: &mut dyn Write) -> u8 {
        let (code, messages) = match self {
            Self::Script(located) => {
                // With stderr gone too, the exit code is all that is left to say.
                let _ = located.write(format == Format::Json, USAGE, stderr);
                return USAGE;
            }
            Self::Usage(message) => (USAGE, vec![message.clone()]),
            Self::Problems(_) if format == Format::Json => (USAGE, Vec::new()),
            Self::Problems(messages) => (USAGE, messages.clone()),
            Self::Io(_, error) if error.kind() == io::ErrorKind::BrokenPipe => return 0,
            Self::Io(what, error) => (IO, vec![format!("{what}: {error}")]),
            Self::Bug(what) => (BUG, vec![format!("a bug in sim, please report it: {}", what.replace('\n', " "))]),
        };
        for message in messages {
            let line = match format {
                Format::Text => format!("error: {message}"),
                Format::Json => json!({ "error": message, "exit_code": code }).to_string(),
            };
            // With stderr gone too, the exit code is all that is left to say.
            let _ = writeln!(stderr, "{line}");
        }
        code
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io("writing the result".into(), error)
    }
}

/// Clap's message without its usage block, on one line.
impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        let text = error.render().to_string();
        let first = text.split("\n\n").next().unwrap_or_default();
        let line = first.strip_prefix("error: ").unwrap_or(first).split_whitespace().collect::<Vec<_>>().join(" ");
        let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
        Self::Usage(match (error.kind(), tip) {
            (clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, _) => {
                "a command is needed; see 'sim --help'".into()
            }
            (_, Some(tip)) => format!("{line}; {tip}"),
            (_, None) => line,
        })
    }
}
