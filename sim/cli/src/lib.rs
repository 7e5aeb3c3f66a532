//! The command line `sim`: it shows what the engine finds on terminals, in reports and on a local page, and sets exit codes.
//!
//! [`main`] is the program. [`run`] does the same without a process, for tests and for embedding.
//!
//! ```
//! let outcome = fusion_sim::run(["sim", "bound", "--R", "8", "--B", "2", "--T", "4", "--json"]);
//! assert_eq!(outcome.code, 0);
//! assert!(outcome.stdout.contains(r#""pr_success":"4/95""#));
//! ```

mod answers;
mod args;
mod axis;
mod commands;
mod draw;
pub mod explore;
mod failure;
mod output;
mod problems;
mod report;
#[cfg(test)]
#[path = "../../../proofs-tests/src/scratch.rs"]
mod scratch;
mod signals;
mod terminal;
mod text;

/// Campaigns without a process: what a program that embeds this one calls.
pub use commands::attack::embedded as attack;

use args::{Cli, Command};
use clap::Parser;
use clap::error::ErrorKind;
use failure::Format;
use fusion_engine::failure::Failure;
use std::ffi::OsString;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use terminal::Terminal;

/// The exit code and the output of a command that ran in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandOutput {
    /// The exit code of the command.
    pub code: u8,
    /// The text on standard output, which is the result.
    pub stdout: String,
    /// The text on standard error, which is progress and errors.
    pub stderr: String,
}

/// Runs `sim` on the process's own streams. Colours appear only on terminals.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let mut stdout = io::BufWriter::new(anstream::stdout().lock());
    let mut stderr = anstream::stderr();
    let format = Format::of(&args);
    std::panic::set_hook(Box::new(move |panic| {
        failure::report(&Failure::Bug(panic.to_string()), format, &mut anstream::stderr());
    }));
    let code = catch_unwind(AssertUnwindSafe(|| dispatch(&args, &mut stdout, &mut stderr, Terminal::of_process())));
    ExitCode::from(code.unwrap_or(failure::BUG))
}

/// Runs `sim` in this process, without colours.
pub fn run(args: impl IntoIterator<Item = impl Into<OsString>>) -> CommandOutput {
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let (mut stdout, mut stderr) = (anstream::StripStream::new(Vec::new()), anstream::StripStream::new(Vec::new()));
    let code = dispatch(&args, &mut stdout, &mut stderr, Terminal::Embedded);
    let text = |stream: anstream::StripStream<Vec<u8>>| String::from_utf8_lossy(&stream.into_inner()).into_owned();
    CommandOutput { code, stdout: text(stdout), stderr: text(stderr) }
}

/// Returns the server of `sim explore ARGS`, already bound to its port, for tests and for embedding.
///
/// # Errors
/// A message that says what is wrong with the arguments or the port.
///
/// ```
/// let server = fusion_sim::explorer(["sim", "explore", "--port", "0"])?;
/// assert!(server.address().ip().is_loopback());
/// # Ok::<(), String>(())
/// ```
pub fn explorer(args: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<explore::PageServer, String> {
    match Cli::try_parse_from(args).map_err(|error| error.to_string())?.command {
        Command::Explore(args) => explore::PageServer::bind(&args).map_err(|failure| failure.message()),
        other => Err(format!("not the page: {other:?}")),
    }
}

fn dispatch(args: &[OsString], stdout: &mut dyn Write, stderr: &mut dyn Write, terminal: Terminal) -> u8 {
    let done = perform(args, stdout, stderr, terminal).and_then(|code| match stdout.flush() {
        // The answer is there, whether or not anybody reads it.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::from(error)),
        Ok(()) | Err(_) => Ok(code),
    });
    match done {
        Ok(code) => code,
        Err(failure) => failure::report(&failure, Format::of(args), stderr),
    }
}

fn perform(
    args: &[OsString],
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
    terminal: Terminal,
) -> Result<u8, Failure> {
    let command = match Cli::of_words(args) {
        Ok(cli) => cli.command,
        Err(message) if matches!(message.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            write!(stdout, "{}", message.render().ansi())?;
            return Ok(0);
        }
        Err(message) => return Err(failure::of_arguments(&message, args)),
    };
    let waiting = command.is_at_work().and_then(|name| terminal.waiting(name));
    let done = match command {
        Command::Attack(attack) => return commands::attack::run(&attack, &mut Unread(stdout), stderr, terminal),
        Command::Sweep(sweep) => return commands::sweep::run(&sweep, &mut Unread(stdout), stderr, terminal),
        Command::Verify(verify) => return commands::verify::run(&verify, &mut Unread(stdout), terminal),
        Command::Merge(merge) => return commands::merge::run(&merge, &mut Unread(stdout), stderr, terminal),
        Command::Submit(submit) => return commands::submit::run(&submit, stdout, stderr, terminal),
        Command::Plan(plan) if plan.grid => commands::grid::run(&plan, stdout),
        Command::Plan(plan) => commands::plan::run(&plan, stdout, terminal),
        Command::Bound(bound) => commands::bound::run(&bound, stdout),
        Command::Bench(bench) => commands::bench::run(&bench, stdout),
        Command::Tables(tables) => return commands::tables::run(&tables, stdout, stderr, terminal),
        Command::Check(check) => commands::check::run(&check, stdout),
        Command::Run(run) => commands::run::run(&run, stdout),
        Command::Report(report) => commands::report::run(&report, stdout),
        Command::Init(init) => commands::init::run(&init, stdout),
        Command::List(list) => commands::list::run(&list, stdout),
        Command::Explore(explore) => commands::explore::run(&explore, stdout),
        Command::Party(party) => return commands::party::run(&party.command, stdout, stderr, terminal),
        Command::Completions { shell } => commands::completions(shell, stdout),
        Command::Man { command } => commands::man(command.as_deref(), stdout),
    };
    drop(waiting);
    done.map(|()| 0)
}

/// An output whose reader may go away, so that a campaign is played and judged all the same.
struct Unread<'o>(&'o mut dyn Write);

impl Write for Unread<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            done => done,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
    }
}
