//! One file a subcommand.

pub mod attack;
pub mod bench;
pub mod bound;
pub mod check;
pub mod grid;
pub mod init;
pub mod list;
pub mod merge;
pub mod plan;
pub mod plot;
pub mod run;

use crate::args::Cli;
use crate::failure::Failure;
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::Write;

/// `sim completions`.
pub fn completions(shell: Shell, stdout: &mut dyn Write) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sim", &mut script);
    Ok(stdout.write_all(&script)?)
}
