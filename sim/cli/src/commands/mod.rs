//! The subcommands, a file or a folder each.

pub mod attack;
pub mod bench;
pub mod bound;
pub mod check;
pub mod explore;
pub mod grid;
pub mod init;
pub mod list;
pub mod merge;
pub mod party;
pub mod plan;
pub mod plot;
pub mod report;
pub mod run;
pub mod submit;
pub mod sweep;
pub mod tables;
pub mod verify;

use crate::args::Cli;
use clap::CommandFactory;
use clap_complete::Shell;
use fusion_adversaries::problem::nearest;
use fusion_engine::failure::Failure;
use std::io::Write;

/// Runs `sim man`.
pub fn man(name: Option<&str>, stdout: &mut dyn Write) -> Result<(), Failure> {
    let mut sim = Cli::command();
    sim.build();
    let command = match name {
        None => sim,
        Some(name) => {
            let names: Vec<&str> = sim.get_subcommands().map(clap::Command::get_name).collect();
            let unknown = || Failure::Usage(format!("no command `{name}`; {}", nearest(name, &names)));
            let found = sim.find_subcommand(name).or_else(|| {
                let (outer, inner) = name.split_once('-')?;
                sim.find_subcommand(outer)?.find_subcommand(inner)
            });
            found.ok_or_else(unknown)?.clone()
        }
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(stdout.write_all(&page)?)
}

/// Runs `sim completions`.
pub fn completions(shell: Shell, stdout: &mut dyn Write) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sim", &mut script);
    Ok(stdout.write_all(&script)?)
}
