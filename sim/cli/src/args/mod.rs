//! Flags, and the numbers in them.

pub mod bench;
mod bound;
pub mod campaign;
mod check;
mod explore;
mod families;
mod fixed_point;
pub(crate) mod numbers;
mod party;
mod plan;
mod submit;
mod sweep;
mod tables;

pub use bound::BoundArgs;
pub use check::CheckArgs;
pub use explore::ExploreArgs;
pub use families::OptionsArgs;
pub use fixed_point::FixedPointArgs;
pub use party::{AskArgs, PartyArgs, PartyCommand, PartyInitArgs, ServeArgs};
pub use plan::PlanArgs;
pub use submit::{ClusterArgs, ResumeArgs, SlurmArgs, StatusArgs, SubmitArgs, SubmitCommand};
pub use sweep::SweepArgs;
pub use tables::TablesArgs;

use bench::BenchArgs;
use campaign::{AttackArgs, InitArgs, ListArgs, MergeArgs, ReportArgs, RunArgs, VerifyArgs};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use fusion_engine::store::VERSION;
use std::ffi::OsString;

/// Simulate malicious servers in secure inference, and find the cheapest defence against them.
///
/// Fusion (NDSS 2023) makes any semi-honest two-party inference resilient to a malicious server by mix-and-check. The client
/// shuffles B copies of each of its R queries with T public samples whose answers it knows, sends them all, and rejects if a
/// public answer is wrong or if copies disagree. `sim` attacks this protocol, computes the exact probability of most ways to
/// cheat, and finds the cheapest B and T.
///
/// Terms of all commands: publics are the public samples. Slack is the number of wrong public answers that the client tolerates.
/// A slot is touched if the server deviates on it, whether or not its answer changes. lambda is in bits: a server wins (gets a
/// wrong answer accepted) with probability at most 2^-lambda. kappa is in bits: an honest model that sometimes errs is rejected
/// with probability at most 2^-kappa.
#[derive(Debug, Parser)]
#[command(name = "sim", version = VERSION, after_long_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads a command line. Unlike the query of a page, which holds every field, it may not have flags that decide nothing.
    pub fn of_words(words: &[OsString]) -> Result<Self, clap::Error> {
        let mut sim = Self::command();
        let matches = sim.try_get_matches_from_mut(words)?;
        match matches.subcommand_matches("plan").and_then(plan::idle) {
            Some(why) => Err(sim.error(clap::error::ErrorKind::MissingRequiredArgument, why)),
            None => Self::from_arg_matches(&matches),
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  sim attack quickstart                      a campaign: measured rates against exact ones
  sim sweep low-quality --T 1,2,4,8,16       a campaign under each combination of some parameters
  sim plan --R 512 --lambda 40               the cheapest B and T for 512 queries at 40 bits
  sim bound --R 8 --B 2 --T 4                the exact probabilities of one setting
  sim explore                                the same numbers on a local web page
  sim report runs/latest                     a report on the last campaign, with plots
  sim submit slurm quickstart --shards 32    a campaign on a cluster, in 32 parts
  sim check model.onnx                       the layers of a model in fixed point
  sim party serve --help                     a real server and a real client on two machines
  sim tables --quick                         the paper's tables, published and measured here
  sim completions bash > ~/.local/share/bash-completion/completions/sim

Exit codes: 0 done, and every expectation holds; 1 an expectation is refuted; 3 one is
inconclusive; 64 bad flags, script or model; 70 a bug of ours; 74 reading or writing failed;
130 interrupted.";

#[derive(Debug, Subcommand)]
pub enum Command {
    Attack(AttackArgs),
    Sweep(SweepArgs),
    Plan(PlanArgs),
    Bound(BoundArgs),
    Check(CheckArgs),
    Bench(BenchArgs),
    Tables(TablesArgs),
    Run(RunArgs),
    Report(ReportArgs),
    Merge(MergeArgs),
    Verify(VerifyArgs),
    Submit(SubmitArgs),
    Init(InitArgs),
    List(ListArgs),
    Explore(ExploreArgs),
    Party(PartyArgs),
    /// Print a shell completion script.
    Completions {
        /// The shell to complete for.
        shell: Shell,
    },
    /// Print a manual page in roff format.
    ///
    /// `sim man attack | man -l -` shows a page; `sim man > ~/.local/share/man/man1/sim.1` installs the one of `sim` itself.
    Man {
        /// The command that the page describes, such as `attack` or `submit-slurm` [default: `sim` itself].
        command: Option<String>,
    },
}

impl Command {
    /// The command's name, if it may work for long in silence. Campaigns and tables report their own progress.
    pub fn is_at_work(&self) -> Option<&'static str> {
        match self {
            Self::Plan(_) => Some("sim plan"),
            Self::Bound(_) => Some("sim bound"),
            Self::Check(_) => Some("sim check"),
            Self::Bench(_) => Some("sim bench"),
            Self::Run(_) => Some("sim run"),
            Self::Report(_) => Some("sim report"),
            Self::Attack(_)
            | Self::Sweep(_)
            | Self::Tables(_)
            | Self::Merge(_)
            | Self::Verify(_)
            | Self::Submit(_)
            | Self::Init(_)
            | Self::List(_)
            | Self::Explore(_)
            | Self::Party(_)
            | Self::Completions { .. }
            | Self::Man { .. } => None,
        }
    }
}
