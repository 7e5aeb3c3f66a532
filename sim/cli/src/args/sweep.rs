//! Flags of `sim sweep`.

use super::campaign::{TrialsArgs, shard, threads};
use super::families::backends;
use super::numbers::{copies, lambda, publics, queries, slack};
use clap::Args;
use fusion_adversaries::script::{Auto, Backend};
use fusion_engine::campaign::Shard;
use fusion_engine::sweep::Axes;
use fusion_spec::params::Lambda;
use std::path::PathBuf;

/// Run a campaign under every combination of some parameters.
///
/// Each list replaces what the script says, and one campaign is played for each combination. A folder keeps all runs, a table of
/// exact and measured rates beside costs (sweep.csv), and a picture of them (sweep.svg). The same command continues a sweep that
/// was interrupted: what is decided is not played again. --wall and the chance of a false alarm are those of each campaign.
///
/// Exit codes are those of `sim attack`, for the worst verdict of all campaigns.
#[derive(Debug, Args)]
#[command(after_long_help = SWEEP_EXAMPLES)]
pub struct SweepArgs {
    /// The script of the campaigns: a YAML file, or a name that `sim list` lists.
    #[arg(value_name = "SCRIPT")]
    pub script: PathBuf,
    /// The numbers of queries, 1 to 2^62.
    #[arg(long = "R", value_name = "R", value_delimiter = ',', value_parser = queries, allow_negative_numbers = true)]
    pub R: Vec<u64>,
    /// Security bits, 1 to 1024, for which `auto` is chosen.
    #[arg(long, value_name = "BITS", value_delimiter = ',', value_parser = lambda, allow_negative_numbers = true)]
    pub lambda: Vec<Lambda>,
    /// The numbers of copies of each query, or auto: the least that is secure.
    #[arg(long = "B", value_name = "B", value_delimiter = ',', value_parser = copies_or_auto, allow_negative_numbers = true)]
    pub B: Vec<Auto>,
    /// The numbers of publics, or auto: the least that is secure. With --B auto, the two of the cheapest plan.
    #[arg(long = "T", value_name = "T", value_delimiter = ',', value_parser = publics_or_auto, allow_negative_numbers = true)]
    pub T: Vec<Auto>,
    /// The numbers of wrong publics that are tolerated.
    #[arg(long, value_name = "S", value_delimiter = ',', value_parser = slack, allow_negative_numbers = true)]
    pub slack: Vec<u64>,
    /// The protocols that two parties run.
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = backends())]
    pub backend: Vec<Backend>,
    #[command(flatten)]
    pub trials: TrialsArgs,
    /// The folder of the sweep [default: runs/NAME-sweep, with the campaign's name].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Play only every N-th combination, from the I-th on. Copy all folders into one, and repeat the command without this flag.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: Option<Shard>,
    /// The number of worker threads [default: one for each core].
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// Print the table as one JSON document.
    #[arg(long)]
    pub json: bool,
    /// Print only the worst verdict.
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
}

impl SweepArgs {
    /// Returns the values that are varied.
    pub fn axes(&self) -> Axes {
        let Self { R, lambda, B, T, slack, backend, .. } = self;
        Axes {
            R: R.clone(),
            lambda: lambda.clone(),
            B: B.clone(),
            T: T.clone(),
            slack: slack.clone(),
            backend: backend.clone(),
        }
    }
}

fn copies_or_auto(text: &str) -> Result<Auto, String> {
    or_auto(text, copies)
}

fn publics_or_auto(text: &str) -> Result<Auto, String> {
    or_auto(text, publics)
}

fn or_auto(text: &str, number: impl Fn(&str) -> Result<u64, String>) -> Result<Auto, String> {
    match text {
        "auto" => Ok(Auto::Auto),
        _ => number(text).map(Auto::Value).map_err(|error| format!("{error}; or auto")),
    }
}

const SWEEP_EXAMPLES: &str = "\
Examples:
  sim sweep selective --R 8,32,128 --lambda 20,40 --B auto --T auto
      Plays the strategies under the cheapest plan of each R and lambda.

  sim sweep low-quality --T 1,2,4,8,16,32
      Shows how fast a weak model is noticed as publics grow.

  sim sweep examples/real.yaml --backend cheetah,delphi --max 64 --wall 10m
      Compares protocols: bytes and seconds of a query beside the rates.

  sim sweep script.yaml --T 4,100 --shard 1/2 --out sweep
      Plays half of the combinations, perhaps on another machine.";
