//! The flags of campaigns: `attack`, `run`, `merge`, `init`, `list`.

use super::natural;
use clap::{Args, ValueEnum};
use fusion_adversaries::script::{Duration, Fidelity, MAX_TRIALS};
use fusion_engine::campaign::Shard;
use std::path::PathBuf;

/// Run a campaign: attack, count, and hold every strategy against its exact rate.
///
/// A script names a setting, a model, data and strategies of a malicious server. Each is played until every clause it expects
/// is decided, with a stated chance of a false alarm; the counts land in a folder that any later run can go on with.
///
/// Exit codes: 0 every expectation holds; 1 at least one is refuted; 3 none refuted, some open; 130 interrupted, and the command
/// to go on with is printed.
#[derive(Debug, Args)]
#[command(after_long_help = ATTACK_EXAMPLES)]
pub struct AttackArgs {
    /// The campaign, YAML.
    #[arg(value_name = "SCRIPT", required_unless_present = "resume")]
    pub script: Option<PathBuf>,
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// Go on with a run: its folder, or DIR/latest. Without SCRIPT, with the script the run was made from. A shard goes on as
    /// that shard.
    #[arg(long, value_name = "RUN", conflicts_with = "shard")]
    pub resume: Option<PathBuf>,
    /// Play only every n-th block of trials, starting at the i-th, to the maximum; join the shards with `sim merge`.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: Option<Shard>,
    /// Worker threads [default: one for each core].
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// Where runs are kept.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub runs: PathBuf,
    /// One JSON object for each event, the result last.
    #[arg(long)]
    pub json: bool,
    /// Only the verdict.
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
}

/// What flags change in a script.
#[derive(Debug, Args)]
pub struct OverrideArgs {
    /// Another seed.
    #[arg(long, value_name = "SEED", value_parser = seed, allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// Most trials of each strategy.
    #[arg(long, value_name = "TRIALS", value_parser = max, allow_negative_numbers = true)]
    pub max: Option<u64>,
    /// Longest time in all, as 90s, 20m or 2h.
    #[arg(long, value_name = "TIME")]
    pub wall: Option<Duration>,
    /// How much of a session is simulated, for every strategy.
    #[arg(long, value_enum, value_name = "FIDELITY")]
    pub fidelity: Option<FidelityArg>,
    /// Only this strategy, and the honest control; may be given again.
    #[arg(long, value_name = "STRATEGY")]
    pub only: Vec<String>,
}

/// How much of a session is simulated.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FidelityArg {
    /// Positions only.
    Plain,
    /// Every answer, by a trusted third party.
    Ideal,
    /// The two-party protocol.
    Real,
}

impl From<FidelityArg> for Fidelity {
    fn from(arg: FidelityArg) -> Self {
        match arg {
            FidelityArg::Plain => Self::Plain,
            FidelityArg::Ideal => Self::Ideal,
            FidelityArg::Real => Self::Real,
        }
    }
}

const ATTACK_EXAMPLES: &str = "\
Examples:
  sim attack examples/quickstart.yaml
      Every strategy of the script, until each clause is decided.

  sim attack script.yaml --only guess-one --max 100000
      One strategy, at most 100,000 trials of it.

  sim attack --resume runs/latest --max 8000000 --wall 2h
      Go on with the last run, for longer.

  sim attack script.yaml --shard 2/7 --max 4000000 --runs shard2
      The second seventh of the trials, on another machine perhaps; then sim merge.";

/// Play one trial of a campaign again, bit for bit.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The campaign, YAML: a script, or the script.yaml of a run.
    #[arg(value_name = "SCRIPT")]
    pub script: PathBuf,
    /// Which trial of which strategy.
    #[arg(long, value_name = "STRATEGY:K", value_parser = trial)]
    pub trial: (String, u64),
    /// Another seed.
    #[arg(long, value_name = "SEED", value_parser = seed, allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// How much of a session is simulated.
    #[arg(long, value_enum, value_name = "FIDELITY")]
    pub fidelity: Option<FidelityArg>,
    /// Show every slot.
    #[arg(long)]
    pub trace: bool,
    /// One JSON document instead of text.
    #[arg(long)]
    pub json: bool,
}

/// Write a page on a finished run: one HTML file that needs nothing else.
///
/// `sim attack` writes it too. With --diff, a page on two runs side by side, into the folder of the second.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The folder of a run, or a link to one such as runs/latest.
    #[arg(value_name = "RUN", required_unless_present = "diff", conflicts_with = "diff")]
    pub run: Option<PathBuf>,
    /// Two runs to compare.
    #[arg(long, num_args = 2, value_names = ["A", "B"])]
    pub diff: Option<Vec<PathBuf>>,
}

/// Join the shards of one campaign: apply the stopping rule, drop what is past it, give the verdict.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// The folders of all shards.
    #[arg(value_name = "RUN", required = true)]
    pub shards: Vec<PathBuf>,
    /// Where runs are kept.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub runs: PathBuf,
    /// One JSON object for each event, the result last.
    #[arg(long)]
    pub json: bool,
    /// Only the verdict.
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
}

/// Write a commented script to start from.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The new file; one that exists is left alone.
    #[arg(value_name = "FILE", default_value = "campaign.yaml")]
    pub file: PathBuf,
}

/// List the curated attacks.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// One JSON document instead of text.
    #[arg(long)]
    pub json: bool,
}

fn seed(text: &str) -> Result<u64, String> {
    natural("seed", text, 0, u64::MAX)
}

fn max(text: &str) -> Result<u64, String> {
    natural("max", text, 0, MAX_TRIALS)
}

fn threads(text: &str) -> Result<usize, String> {
    let value = natural("threads", text, 1, 1024)?;
    usize::try_from(value).map_err(|error| error.to_string())
}

fn shard(text: &str) -> Result<Shard, String> {
    let (index, of) = text.split_once('/').ok_or("not a shard such as 2/7")?;
    let of = natural("the number of shards", of, 1, 1 << 20)?;
    Ok(Shard { index: natural("a shard", index, 1, of)?, of })
}

fn trial(text: &str) -> Result<(String, u64), String> {
    let (name, number) = text.rsplit_once(':').ok_or("not a trial such as guess-one:17342")?;
    Ok((name.into(), natural("a trial", number, 0, MAX_TRIALS)?))
}
