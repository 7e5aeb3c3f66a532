//! `sim party`: the two parties on two machines.

mod ask;
mod fault;
mod serve;

use crate::args::{PartyCommand, PartyInitArgs};
use crate::terminal::Terminal;
use fault::failure;
use fusion_engine::failure::Failure;
use fusion_party::Identity;
use std::io::Write;

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
