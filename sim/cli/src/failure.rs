//! How a command that ended without its result reports why: one line on stderr (for a file with problems, one for each) and an
//! exit code.

use crate::args::Cli;
use crate::problems;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, CommandFactory};
use fusion_adversaries::problem::is_grouped;
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

/// Turns clap's error about these arguments into a failure: its message without the usage block, on one line, with advice.
pub fn of_arguments(error: &clap::Error, args: &[OsString]) -> Failure {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or("");
    let line = first.strip_prefix("error: ").unwrap_or(first).split_whitespace().collect::<Vec<_>>().join(" ");
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: ").map(str::to_string));
    let tip = in_other_case(error, args).or_else(|| with_commas(error, args)).or(tip);
    Failure::Usage(match (error.kind(), tip) {
        (ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, _) => "a command is needed; see 'sim --help'".into(),
        (_, Some(tip)) => format!("{line}; {tip}"),
        (_, None) => line,
    })
}

/// Advises to write an unknown flag in the case of one that the command has, such as `--R` for `--r`.
fn in_other_case(error: &clap::Error, args: &[OsString]) -> Option<String> {
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidArg) else { return None };
    let unknown = unknown.strip_prefix("--").filter(|_| error.kind() == ErrorKind::UnknownArgument)?;
    let cli = Cli::command();
    let command = args.iter().skip(1).find_map(|arg| cli.find_subcommand(arg))?;
    let flag = command.get_arguments().filter_map(Arg::get_long).find(|flag| flag.eq_ignore_ascii_case(unknown))?;
    Some(format!("it is written '--{flag}'"))
}

/// Advises to leave out the commas of a number such as `1,000`.
fn with_commas(error: &clap::Error, args: &[OsString]) -> Option<String> {
    let values =
        args.iter().filter_map(|arg| arg.to_str()).map(|arg| arg.split_once('=').map_or(arg, |(_, value)| value));
    let number = values.into_iter().find(|value| is_grouped(value))?;
    (error.kind() == ErrorKind::ValueValidation).then(|| format!("a number has no commas: {}", number.replace(',', "")))
}

#[cfg(test)]
mod tests {
    use super::of_arguments;
    use crate::args::Cli;
    use clap::Parser;
    use std::ffi::OsString;

    fn told(line: &str) -> String {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        of_arguments(&Cli::try_parse_from(&args).expect_err("wrong"), &args).message()
    }

    #[test]
    fn flags_in_another_case_and_numbers_with_commas_are_told() {
        for (line, end) in [
            ("sim plan --r 8 --lambda 40", "'--r' found; it is written '--R'"),
            ("sim bound --R 8 --b=2 --T 4", "'--b' found; it is written '--B'"),
            ("sim plan --R 8 --LAMBDA 40", "'--LAMBDA' found; it is written '--lambda'"),
            ("sim plan --R 1,000 --lambda 40", "; a number has no commas: 1000"),
            ("sim attack a.yaml --max=12,345,678", "; a number has no commas: 12345678"),
            ("sim plan --R 8 --lamda 40", "; a similar argument exists: '--lambda'"),
        ] {
            assert!(told(line).ends_with(end), "{line}: {}", told(line));
        }
    }
}
