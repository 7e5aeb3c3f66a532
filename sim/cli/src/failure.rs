//! How a command that ended without its result reports why: one line on stderr (for a file with problems, one for each) and an
//! exit code.

use crate::problems;
use fusion_engine::failure::Failure;
use serde_json::json;
use std::ffi::OsString;
use std::io::{self, Write};

/// The exit code if the user's flags, script or model are wrong, or a named path does not exist.
pub const USAGE: u8 = 64;
/// The exit code for a bug of this program.
pub const BUG: u8 = 70;
/// The exit code if reading or writing failed.
pub const IO: u8 = 74;

/// The form in which errors are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An error is one line of text.
    Text,
    /// An error is one JSON object.
    Json,
}

impl Format {
    /// Chooses the form from the arguments. `--json` counts even if the rest of the line cannot be parsed.
    pub fn of(args: &[OsString]) -> Self {
        let json = args.iter().skip(1).take_while(|arg| *arg != "--").any(|arg| arg == "--json");
        if json { Self::Json } else { Self::Text }
    }
}

/// Writes an error and returns the exit code. A reader that went away is no error.
pub fn report(failure: &Failure, format: Format, stderr: &mut dyn Write) -> u8 {
    let (code, messages) = match failure {
        Failure::Script(located) => {
            // With stderr gone too, the exit code is all that is left to say.
            let _ = problems::write(located, format == Format::Json, USAGE, stderr);
            return USAGE;
        }
        Failure::Usage(message) => (USAGE, vec![message.clone()]),
        Failure::Problems(_) if format == Format::Json => (USAGE, Vec::new()),
        Failure::Problems(messages) => (USAGE, messages.clone()),
        Failure::Io(_, error) if error.kind() == io::ErrorKind::BrokenPipe => return 0,
        Failure::Io(what, error) => (IO, vec![format!("{what}: {error}")]),
        Failure::Bug(what) => (BUG, vec![format!("a bug in sim, please report it: {}", what.replace('\n', " "))]),
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

/// Turns clap's error into a failure: its message without the usage block, on one line.
pub fn of_arguments(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or("");
    let line = first.strip_prefix("error: ").unwrap_or(first).split_whitespace().collect::<Vec<_>>().join(" ");
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    Failure::Usage(match (error.kind(), tip) {
        (clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, _) => {
            "a command is needed; see 'sim --help'".into()
        }
        (_, Some(tip)) => format!("{line}; {tip}"),
        (_, None) => line,
    })
}
