//! The flags of campaigns: `attack`, `run`, `merge`, `init`, `list`.

use super::families::backends;
use super::numbers::natural;
use crate::report::figures::Font;
use clap::{Args, ValueEnum};
use fusion_adversaries::script::{Backend, Duration, Fidelity, MAX_TRIALS};
use fusion_engine::campaign::Shard;
use fusion_engine::campaign::load::Overrides;
use std::path::PathBuf;

/// Run a campaign: attack the protocol, and compare every strategy's success rate with the exact one.
///
/// A script names a setting, a model, data and strategies of a malicious server. `sim attack` plays each strategy until every
/// clause that it expects is decided, with a stated chance of a false alarm. It keeps the counts in a folder, and can continue
/// from there later.
///
/// Words of the output: a trial is a `win` if the client accepts a wrong answer, `caught` if it rejects, and `harmless` otherwise.
/// A slot is touched if the server deviates on it, whether or not its answer changes. `E_T`: at most `slack` touched slots hold
/// public samples, where slack is the number of wrong public answers that the client tolerates. `E_B`: the touched slots that hold
/// queries are whole groups of copies. H1 to H8 are the hypotheses of the theorem; the remarks say what fails. Equal script, seed
/// and semantics (the version of the rules of simulation) give equal counts.
///
/// Exit codes: 0 every expectation holds; 1 at least one is refuted; 3 none is refuted, but some are undecided; 130 interrupted,
/// and the command that continues the run is printed.
#[derive(Debug, Args)]
#[command(after_long_help = ATTACK_EXAMPLES)]
pub struct AttackArgs {
    /// The script of the campaign: a YAML file, `-` for standard input, or a name that `sim list` lists.
    #[arg(value_name = "SCRIPT", required_unless_present = "resume")]
    pub script: Option<PathBuf>,
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// Continue the run in this folder, or DIR/latest. Without SCRIPT its own script is used. A shard continues as the same
    /// shard. What the run was to play at most is kept where a flag or SCRIPT says less.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["shard", "runs"])]
    pub resume: Option<PathBuf>,
    /// Play only every N-th block of trials, from the I-th on, up to the maximum; `sim merge` joins the shards.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: Option<Shard>,
    /// The number of worker threads [default: one for each core].
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// The folder of all runs.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub runs: PathBuf,
    /// Print one JSON object for each event, and the result last.
    #[arg(long)]
    pub json: bool,
    /// Print only the verdict.
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
}

/// The flags that change a script.
#[derive(Debug, Args)]
pub struct OverrideArgs {
    #[command(flatten)]
    pub trials: TrialsArgs,
    /// Use these protocols instead of the script's.
    #[arg(long, value_name = "NAME", value_parser = backends())]
    pub backend: Option<Backend>,
}

/// The flags that change what is played, and how long.
#[derive(Debug, Args)]
pub struct TrialsArgs {
    /// Use this seed instead of the script's.
    #[arg(long, value_name = "SEED", value_parser = seed, allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// The most trials of each strategy.
    #[arg(long, value_name = "TRIALS", value_parser = max, allow_negative_numbers = true)]
    pub max: Option<u64>,
    /// The longest time for the whole campaign, such as 90s, 20m or 2h.
    #[arg(long, value_name = "TIME")]
    pub wall: Option<Duration>,
    /// How much of a session to simulate, for every strategy.
    #[arg(long, value_enum, value_name = "FIDELITY")]
    pub fidelity: Option<FidelityArg>,
    /// Play only this strategy and the honest control; may be repeated.
    #[arg(long, value_name = "STRATEGY")]
    pub only: Vec<String>,
}

impl TrialsArgs {
    /// Returns what the flags override.
    pub fn overrides(&self) -> Overrides {
        let Self { seed, max, wall, fidelity, only } = self;
        Overrides {
            seed: *seed,
            max: *max,
            wall: *wall,
            fidelity: fidelity.map(Into::into),
            only: only.clone(),
            ..Overrides::default()
        }
    }
}

/// The fidelities: how much of a session is simulated.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FidelityArg {
    /// Only the positions of the touched slots.
    Plain,
    /// Every answer, computed by a trusted third party.
    Ideal,
    /// The two-party protocol, message by message.
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
  sim attack quickstart
      Plays every strategy of the script until each clause is decided.

  sim attack script.yaml --only guess-one --max 100000
      Plays one strategy, for at most 100,000 trials.

  sim attack examples/real.yaml --backend delphi --only walk-away
      Plays it against other protocols.

  sim attack --resume runs/latest --max 8000000 --wall 2h
      Continues the last run, with more trials and time.

  sim attack script.yaml --shard 2/7 --max 4000000 --runs shard2
      Plays the second seventh of the trials, perhaps on another machine; `sim merge` joins the parts.";

/// Replay one trial of a campaign, bit for bit.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The campaign: a YAML script, a name that `sim list` lists, or the script.yaml of a run.
    #[arg(value_name = "SCRIPT")]
    pub script: PathBuf,
    /// The strategy and the number of its trial.
    #[arg(long, value_name = "STRATEGY:K", value_parser = trial)]
    pub trial: (String, u64),
    /// Use this seed instead of the script's.
    #[arg(long, value_name = "SEED", value_parser = seed, allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// How much of the session to simulate.
    #[arg(long, value_enum, value_name = "FIDELITY")]
    pub fidelity: Option<FidelityArg>,
    /// Use these protocols instead of the script's.
    #[arg(long, value_name = "NAME", value_parser = backends())]
    pub backend: Option<Backend>,
    /// Also show untouched slots, the messages of each step, and the length of the log, where they are simulated.
    #[arg(long)]
    pub trace: bool,
    /// Also write the events of each session and what the client does at them, a line a session, for the machine extracted from Coq
    /// (target/coq/recompute, after make proofs).
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    pub json: bool,
}

/// Write a report on a finished run, as one HTML file that needs nothing else.
///
/// `sim attack` writes this report too. With --diff the report compares two runs, and is put into the folder of the second.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The folder of a run, or a link to it such as runs/latest.
    #[arg(value_name = "RUN", required_unless_present = "diff", conflicts_with = "diff")]
    pub run: Option<PathBuf>,
    /// Compare these two runs.
    #[arg(long, num_args = 2, value_names = ["A", "B"])]
    pub diff: Option<Vec<PathBuf>>,
    /// Write the plots too, as SVG, PDF and PNG into this folder: for papers.
    #[arg(long, value_name = "DIR", conflicts_with = "diff")]
    pub figures: Option<PathBuf>,
    /// The width of a figure in millimetres, 40 to 1000.
    #[arg(long, value_name = "MM", value_parser = figure_width, default_value = "85", requires = "figures", conflicts_with = "diff", allow_negative_numbers = true)]
    pub figure_width: u16,
    /// The size of a figure's letters in points, 4 to 40.
    #[arg(long, value_name = "PT", value_parser = font_size, default_value = "8", requires = "figures", conflicts_with = "diff", allow_negative_numbers = true)]
    pub font_size: u8,
    /// The font of a figure's letters.
    #[arg(
        long,
        value_enum,
        value_name = "NAME",
        default_value = "helvetica",
        requires = "figures",
        conflicts_with = "diff"
    )]
    pub font: Font,
    /// The pixels of a PNG to an inch, 50 to 1200.
    #[arg(long, value_name = "N", value_parser = dpi, default_value = "300", requires = "figures", conflicts_with = "diff", allow_negative_numbers = true)]
    pub dpi: u16,
}

/// Join the shards of one campaign: apply the stopping rule, drop later trials, and give the verdict.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// The folders of all shards.
    #[arg(value_name = "RUN", required = true)]
    pub shards: Vec<PathBuf>,
    /// The folder of all runs.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub runs: PathBuf,
    /// Print one JSON object for each event, and the result last.
    #[arg(long)]
    pub json: bool,
    /// Print only the verdict.
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
}

/// Derive a finished run's result again from its counts and its script, and say where result.json differs.
///
/// Nothing is played and nothing is written. The exit code is 0 where the result follows, 1 where it does not, and 64 where the files cannot be
/// read as one run. Rows past the decision are not used.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The folder of a finished run, such as runs/latest.
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Also write how each claim is decided, as lines that the rule extracted from Coq reads (target/coq/recompute, after make proofs).
    #[arg(long, value_name = "FILE")]
    pub decisions: Option<PathBuf>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    pub json: bool,
}

/// Write a script with comments to start from.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The new file, which must not exist yet.
    #[arg(value_name = "FILE", default_value = "campaign.yaml")]
    pub file: PathBuf,
}

/// List the attacks that this program holds, ready to play by name.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// List what a deviating server can do to each family of protocols instead: attacks with their counts, arguments with their tests.
    #[arg(long)]
    pub matrix: bool,

    /// Print one JSON document instead of text.
    #[arg(long)]
    pub json: bool,
}

fn figure_width(text: &str) -> Result<u16, String> {
    let value = natural("a width", text, 40, 1000)?;
    u16::try_from(value).map_err(|error| error.to_string())
}

fn dpi(text: &str) -> Result<u16, String> {
    let value = natural("dpi", text, 50, 1200)?;
    u16::try_from(value).map_err(|error| error.to_string())
}

fn font_size(text: &str) -> Result<u8, String> {
    let value = natural("a font size", text, 4, 40)?;
    u8::try_from(value).map_err(|error| error.to_string())
}

fn seed(text: &str) -> Result<u64, String> {
    natural("seed", text, 0, u64::MAX)
}

fn max(text: &str) -> Result<u64, String> {
    natural("max", text, 0, MAX_TRIALS)
}

pub fn threads(text: &str) -> Result<usize, String> {
    let value = natural("threads", text, 1, 1024)?;
    usize::try_from(value).map_err(|error| error.to_string())
}

pub fn shard(text: &str) -> Result<Shard, String> {
    let (index, of) = text.split_once('/').ok_or("not a shard such as 2/7")?;
    let of = natural("the number of shards", of, 1, 1 << 20)?;
    Ok(Shard { index: natural("a shard", index, 1, of)?, of })
}

fn trial(text: &str) -> Result<(String, u64), String> {
    let (name, number) = text.rsplit_once(':').ok_or("not a trial such as guess-one:17342")?;
    Ok((name.into(), natural("a trial", number, 0, MAX_TRIALS - 1)?))
}
