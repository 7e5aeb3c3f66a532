//! `sim party`: the two parties on two machines.

mod ask;
mod serve;

use crate::args::{PartyCommand, PartyInitArgs};
use crate::terminal::Terminal;
use fusion_engine::failure::Failure;
use fusion_party::{Identity, PartyError};
use std::io::{self, Write};

/// Runs what a party does, and returns the exit code.
pub fn run(
    command: &PartyCommand,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
    terminal: Terminal,
) -> Result<u8, Failure> {
    match command {
        PartyCommand::Init(args) => init(args, stdout).map(|()| 0),
        PartyCommand::Serve(args) => serve::run(args).map(|()| 0),
        PartyCommand::Ask(args) => ask::run(args, stdout, stderr, terminal),
    }
}

/// Makes an identity, and prints its fingerprint.
fn init(args: &PartyInitArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let identity = Identity::create(&args.folder).map_err(failure)?;
    Ok(writeln!(stdout, "{}", identity.fingerprint())?)
}

/// What a party's error is for the command line: a mistake of a user's at either end, or trouble with files and the network.
fn failure(error: PartyError) -> Failure {
    let message = error.to_string();
    match error {
        PartyError::File { error, .. } if error.kind() == io::ErrorKind::Other => Failure::Usage(message),
        PartyError::File { what, error } => Failure::Io(what, error),
        PartyError::Unreachable { address, error } => Failure::Io(address, error),
        PartyError::InUse(_)
        | PartyError::WrongKey { .. }
        | PartyError::NotPinned
        | PartyError::Refuses(_)
        | PartyError::Refused(_) => Failure::Usage(message),
        PartyError::Randomness
        | PartyError::Insecure(_)
        | PartyError::Gone(_)
        | PartyError::Malformed(_)
        | PartyError::Halt(_) => Failure::Io("the session".into(), io::Error::other(message)),
    }
}
