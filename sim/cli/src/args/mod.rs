//! Flags, and the numbers in them.

pub mod bench;
pub mod campaign;
pub mod explore;

use bench::{BenchArgs, InferenceArgs};
use campaign::{AttackArgs, InitArgs, ListArgs, MergeArgs, ReportArgs, RunArgs};
pub use explore::ExploreArgs;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use fusion_nn::fixed::{MAX_FRAC_BITS, MAX_RING_BITS, Pixels, Precision, Ring};
use fusion_spec::bound::bits::nearest;
use fusion_spec::exact::rational;
use fusion_spec::params::{Lambda, MAX_B, MAX_LAMBDA, MAX_R, MAX_T, power_of_two};
use rug::{Integer, Rational};
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Simulate malicious servers in secure inference, and find the cheapest defence against them.
///
/// Fusion (NDSS 2023) makes any semi-honest two-party inference resilient to a malicious server by mix-and-check. The client
/// shuffles B copies of each of its R queries with T public samples whose answers it knows, sends them all, and rejects if a
/// public answer is wrong or if copies disagree. `sim` attacks this protocol, computes the exact probability of every way to
/// cheat, and finds the cheapest B and T.
///
/// Terms of all commands: publics are the public samples. Slack is the number of wrong public answers that the client tolerates.
/// A slot is touched if the server deviates on it, whether or not its answer changes. lambda is in bits: a server wins (gets a
/// wrong answer accepted) with probability at most 2^-lambda. kappa is in bits: an honest model that sometimes errs is rejected
/// with probability at most 2^-kappa.
#[derive(Debug, Parser)]
#[command(name = "sim", version, after_long_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sim attack examples/quickstart.yaml        a campaign: measured rates against exact ones
  sim plan --R 512 --lambda 40               the cheapest B and T for 512 queries at 40 bits
  sim bound --R 8 --B 2 --T 4                the exact probabilities of one setting
  sim explore                                the same numbers on a local web page
  sim report runs/latest                     a report on the last campaign, with plots
  sim check model.onnx                       the layers of a model in fixed point
  sim completions bash > ~/.local/share/bash-completion/completions/sim

Exit codes: 0 done, and every expectation holds; 1 an expectation is refuted; 3 one is
inconclusive; 64 bad flags, script or model; 70 a bug of ours; 74 reading or writing failed;
130 interrupted.";

#[derive(Debug, Subcommand)]
pub enum Command {
    Attack(AttackArgs),
    Plan(PlanArgs),
    Bound(BoundArgs),
    Check(CheckArgs),
    Bench(BenchArgs),
    Run(RunArgs),
    Report(ReportArgs),
    Merge(MergeArgs),
    Init(InitArgs),
    List(ListArgs),
    Explore(ExploreArgs),
    /// Print a shell completion script.
    Completions {
        /// The shell to complete for.
        shell: Shell,
    },
    /// Print a manual page in roff format.
    ///
    /// `sim man attack | man -l -` shows a page; `sim man > ~/.local/share/man/man1/sim.1` installs the one of `sim` itself.
    Man {
        /// The command that the page describes [default: `sim` itself].
        command: Option<String>,
    },
}

impl Command {
    /// The command's name, if it may work for long in silence. Campaigns report their own progress.
    pub fn is_at_work(&self) -> Option<&'static str> {
        match self {
            Self::Plan(_) => Some("sim plan"),
            Self::Bound(_) => Some("sim bound"),
            Self::Check(_) => Some("sim check"),
            Self::Bench(_) => Some("sim bench"),
            Self::Run(_) => Some("sim run"),
            Self::Report(_) => Some("sim report"),
            Self::Attack(_)
            | Self::Merge(_)
            | Self::Init(_)
            | Self::List(_)
            | Self::Explore(_)
            | Self::Completions { .. }
            | Self::Man { .. } => None,
        }
    }
}

/// Find the cheapest safe B and T, with a certificate.
///
/// N = RB+T is the least possible, and B is the least at this N. At slack 0 the answer has a certificate of five comparisons, which
/// is checked before it is printed.
#[derive(Debug, Args)]
#[command(after_long_help = PLAN_EXAMPLES)]
pub struct PlanArgs {
    /// The number of queries, 1 to 2^62; a list with --grid.
    #[arg(
        long = "R",
        value_name = "R",
        value_delimiter = ',',
        value_parser = queries,
        required_unless_present = "grid",
        allow_negative_numbers = true
    )]
    pub R: Vec<u64>,
    /// Security bits, 1 to 1024: every deviation wins with probability at most 2^-lambda; a list with --grid.
    #[arg(
        long,
        value_name = "BITS",
        value_delimiter = ',',
        value_parser = lambda,
        required_unless_present = "grid",
        allow_negative_numbers = true
    )]
    pub lambda: Vec<Lambda>,
    /// Send at least this many public samples (publics).
    #[arg(long = "min-T", value_name = "T", value_parser = publics, default_value = "0", allow_negative_numbers = true)]
    pub min_T: u64,
    /// Slack: tolerate this many wrong public answers [default: 0, or the planner's choice with --honest-acc].
    #[arg(long, value_name = "S", value_parser = slack, allow_negative_numbers = true)]
    pub slack: Option<u64>,
    /// Accept a model of this accuracy (0.8, 80%, 4/5) with probability at most 2^-lambda.
    #[arg(long, value_name = "ACC", value_parser = probability, allow_negative_numbers = true)]
    pub reject_acc: Option<Rational>,
    /// Reject an honest model of this accuracy with probability at most 2^-kappa.
    #[arg(
        long,
        value_name = "ACC",
        value_parser = probability,
        requires = "reject_acc",
        requires = "kappa",
        allow_negative_numbers = true
    )]
    pub honest_acc: Option<Rational>,
    /// Bits against rejecting the honest model, 1 to 1024; see --honest-acc.
    #[arg(
        long,
        value_name = "BITS",
        value_parser = kappa,
        requires = "reject_acc",
        requires = "honest_acc",
        allow_negative_numbers = true
    )]
    pub kappa: Option<Lambda>,
    /// Also print the cost of a query on this ONNX model, measured on a session of up to 64 random images.
    #[arg(long, value_name = "FILE", conflicts_with = "grid")]
    pub model: Option<PathBuf>,
    #[command(flatten)]
    pub inference: InferenceArgs,
    /// Plan for every R and lambda of the lists, as CSV [default lists: R = 2^0..2^20, lambda = 40,80,128].
    #[arg(long)]
    pub grid: bool,
    /// Also plot cost against R as SVG, with the six published points.
    #[arg(long, value_name = "FILE.svg", requires = "grid")]
    pub plot: Option<PathBuf>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    pub json: bool,
    /// Print only the chosen numbers.
    #[arg(long, conflicts_with = "json", conflicts_with = "grid")]
    pub quiet: bool,
}

const PLAN_EXAMPLES: &str = "\
Examples:
  sim plan --R 512 --lambda 40
      Finds the least N = RB+T at which no deviation wins with probability above 2^-40: B = 5, T = 4.

  sim plan --R 512 --lambda 40 --min-T 100
      Gives the published choice for 512 queries. A large T helps to recognise weak models, not other deviations.

  sim plan --R 512 --lambda 40 --reject-acc 0.80
      Also rejects a model of 80 % accuracy that the server runs on every sample: T = 125.

  sim plan --R 512 --lambda 40 --reject-acc 0.80 --honest-acc 0.99 --kappa 20
      Also accepts an honest model of 99 % accuracy, which sometimes errs: T = 268, slack 13.

  sim plan --grid --R 8,32,128,512 --lambda 40,80 --plot cost.svg > cost.csv
      Plans for every pair of R and lambda, and plots the cost per query.";

/// Print the exact probabilities of one setting.
///
/// Each row is for a server that touches k slots and answers all of them wrongly. It wins if it hits whole groups of copies (i of
/// them, k = iB) and, at slack 0, no public sample. The columns are the number of winning sets of k slots; `Pr[E_T]`, that at most
/// `slack` touched slots hold publics; `Pr[E_B|E_T]`, that the others are then whole groups of copies; their product `Pr[win]`, also in
/// bits; and the touch bound, which is an upper bound on `Pr[win]` whatever is done to the touched slots.
#[derive(Debug, Args)]
#[command(after_long_help = BOUND_EXAMPLES)]
pub struct BoundArgs {
    /// The number of queries, 1 to 2^62.
    #[arg(long = "R", value_name = "R", value_parser = queries, allow_negative_numbers = true)]
    pub R: u64,
    /// The number of copies of each query, 1 to 2^20.
    #[arg(long = "B", value_name = "B", value_parser = copies, allow_negative_numbers = true)]
    pub B: u64,
    /// The number of public samples (publics), 0 to 2^62.
    #[arg(long = "T", value_name = "T", value_parser = publics, allow_negative_numbers = true)]
    pub T: u64,
    /// Slack: the number of wrong public answers that the client tolerates, 0 to T.
    #[arg(long, value_name = "S", value_parser = slack, default_value = "0", allow_negative_numbers = true)]
    pub slack: u64,
    /// Show the rows for these numbers of whole queries, such as 3 or 1..8 (both ends included).
    #[arg(long, value_name = "A..B", value_parser = range, allow_negative_numbers = true)]
    pub i: Option<RangeInclusive<u128>>,
    /// Show the rows for these numbers of touched slots, such as 3 or 1..20 (both ends included).
    #[arg(long, value_name = "A..B", value_parser = range, allow_negative_numbers = true)]
    pub k: Option<RangeInclusive<u128>>,
    /// Also print how often a model of this accuracy, run on every slot, is accepted.
    #[arg(long, value_name = "ACC", value_parser = probability, allow_negative_numbers = true)]
    pub reject_acc: Option<Rational>,
    /// Also print how often an honest model of this accuracy is rejected.
    #[arg(long, value_name = "ACC", value_parser = probability, allow_negative_numbers = true)]
    pub honest_acc: Option<Rational>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    pub json: bool,
    /// Print only the worst case.
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
}

const BOUND_EXAMPLES: &str = "\
Examples:
  sim bound --R 8 --B 2 --T 4
      Prints the rows for all copies of one query (i=1) and of every query (i=R), and the worst case.

  sim bound --R 8 --B 2 --T 4 --k 1..20
      Prints a row for every number of touched slots; numbers that are not multiples of B never win.

  sim bound --R 8 --B 8 --T 100 --slack 3
      Shows that slack costs bits: 34.9 instead of 40.3.

  sim bound --R 512 --B 5 --T 100 --reject-acc 0.9 --honest-acc 0.99
      Adds the accuracy game: with T = 100 a 90 % model is accepted with 2^-15.2, and a 99 % model rejected with 0.63.";

/// Check a script or a model without running it, and report every problem at once.
///
/// For a script this prints the expected rate of every clause, and the number of trials that it needs. A file named *.onnx is a model.
/// Its layers are listed as they compute in fixed point: the step address, the shape of the output, the bits of the ring and the
/// bound proved for its values, the value of one integer step (unit), the multiplications by weights, and the comparisons (one for a
/// ReLU, two for a clip, and one less than the cells of its window for a maximum).
///
/// With --against float each layer is also compared with floating point. A layer leaves floating point if the largest difference
/// exceeds 1 % of the layer's largest float value. At the first such layer precision is lost, or an integer wraps, and later layers
/// inherit its error. This is a finding and not an error, so the exit code is 0.
#[derive(Debug, Args)]
#[command(after_long_help = CHECK_EXAMPLES)]
pub struct CheckArgs {
    /// A YAML script, or a model named *.onnx.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub fixed_point: FixedPointArgs,
    /// Compare every layer with this evaluator.
    #[arg(long, value_enum, value_name = "EVALUATOR")]
    pub against: Option<Against>,
    /// An IDX file of images with 8-bit pixels to compare on [default: 20 images of random pixels, seed 1].
    #[arg(long, value_name = "FILE", requires = "against")]
    pub images: Option<PathBuf>,
    /// An IDX file of their labels, for the accuracy of both.
    #[arg(long, value_name = "FILE", requires = "images")]
    pub labels: Option<PathBuf>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    pub json: bool,
    /// Print only the verdict.
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
}

/// The flags that say how a model computes in fixed point.
#[derive(Clone, Debug, Args)]
pub struct FixedPointArgs {
    /// The number of fractional bits of weights and activations, 1 to 24 [default: 12].
    #[arg(long, value_name = "BITS", value_parser = frac_bits, allow_negative_numbers = true)]
    pub frac_bits: Option<u32>,
    /// The bits of the ring, 2 to 62, or auto: for each layer the fewest that provably hold its values [default: auto].
    #[arg(long, value_name = "BITS", value_parser = ring, allow_negative_numbers = true)]
    pub ring: Option<Ring>,
    /// The scale, 10^-6 to 10^6: a pixel p stands for p * scale + offset [default: 1/255].
    #[arg(long, value_name = "NUMBER", value_parser = scale, allow_hyphen_values = true)]
    pub scale: Option<Rational>,
    /// The offset, -10^6 to 10^6; see --scale [default: 0].
    #[arg(long, value_name = "NUMBER", value_parser = offset, allow_hyphen_values = true)]
    pub offset: Option<Rational>,
}

impl FixedPointArgs {
    /// The precision of weights and activations.
    pub fn precision(&self) -> Precision {
        Precision { frac_bits: self.frac_bits.unwrap_or(12), ring: self.ring.unwrap_or(Ring::Auto) }
    }

    /// The value of one step of a pixel.
    pub fn scale(&self) -> Rational {
        self.scale.clone().unwrap_or_else(|| Rational::from((1, 255)))
    }

    /// The value of pixel 0.
    pub fn offset(&self) -> Rational {
        self.offset.clone().unwrap_or_else(|| Rational::from(0))
    }

    /// The values that pixels stand for.
    pub fn pixels(&self) -> Pixels {
        Pixels { scale: nearest(&self.scale()), offset: nearest(&self.offset()) }
    }
}

/// The evaluators that fixed point can be compared with.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Against {
    /// Floating point in double precision, with weights as stored.
    Float,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  sim check model.onnx
      Lists the layers at 12 fractional bits, each in the smallest ring that provably holds its values.

  sim check model.onnx --against float --images images.idx --labels labels.idx
      Prints the largest difference in every layer, the labels that change, and both accuracies.

  sim check model.onnx --against float --frac-bits 6 --ring 24
      Shows whether a lower precision and a smaller ring suffice, and if not, at which layer they fail.

  sim check cifar10.onnx --scale 1/127.5 --offset -1
      Lists a model that expects pixels from -1 to 1.";

fn queries(text: &str) -> Result<u64, String> {
    natural("R", text, 1, MAX_R)
}

fn copies(text: &str) -> Result<u64, String> {
    natural("B", text, 1, MAX_B)
}

fn publics(text: &str) -> Result<u64, String> {
    natural("T", text, 0, MAX_T)
}

fn slack(text: &str) -> Result<u64, String> {
    natural("slack", text, 0, MAX_T)
}

fn lambda(text: &str) -> Result<Lambda, String> {
    bits("lambda", text)
}

fn kappa(text: &str) -> Result<Lambda, String> {
    bits("kappa", text)
}

fn bits(name: &str, text: &str) -> Result<Lambda, String> {
    Lambda::new(natural(name, text, 1, MAX_LAMBDA.into())?).map_err(|error| error.to_string())
}

fn frac_bits(text: &str) -> Result<u32, String> {
    small("frac-bits", text, 1, MAX_FRAC_BITS)
}

fn ring(text: &str) -> Result<Ring, String> {
    match text {
        "auto" => Ok(Ring::Auto),
        _ => small("ring", text, 2, MAX_RING_BITS).map(Ring::Bits).map_err(|error| format!("{error}; or auto")),
    }
}

fn small(name: &str, text: &str, least: u32, most: u32) -> Result<u32, String> {
    let value = natural(name, text, least.into(), most.into())?;
    u32::try_from(value).map_err(|error| error.to_string())
}

fn scale(text: &str) -> Result<Rational, String> {
    let value = number(text)?;
    let legal = value >= Rational::from((1, MILLION)) && value <= MILLION;
    if legal { Ok(value) } else { Err("a scale must be from 10^-6 to 10^6".into()) }
}

fn offset(text: &str) -> Result<Rational, String> {
    let value = number(text)?;
    if (-MILLION..=MILLION).contains(&value) { Ok(value) } else { Err("an offset must be from -10^6 to 10^6".into()) }
}

const MILLION: i32 = 1_000_000;

fn number(text: &str) -> Result<Rational, String> {
    rational::parse(text).map_err(|_| "not a number such as 1/255, 0.5 or -1".into())
}

fn natural(name: &str, text: &str, least: u64, most: u64) -> Result<u64, String> {
    let value = integer(text)?;
    let legal = value.to_u64().filter(|value| (least..=most).contains(value));
    legal.ok_or_else(|| format!("{name} must be from {least} to {}", power_of_two(most)))
}

/// A whole number in digits, or as `2^e`.
fn integer(text: &str) -> Result<Integer, String> {
    let digits = |text: &str| -> Option<Integer> {
        let plain = !text.is_empty() && text.len() <= 60 && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    };
    let value = match text.split_once('^') {
        Some((base, exponent)) => digits(base).filter(|base| *base == 2).and(digits(exponent)).and_then(|exponent| {
            let exponent = exponent.to_u32().filter(|exponent| *exponent <= 128)?;
            Some(Integer::from(1) << exponent)
        }),
        None => match text.strip_prefix('-') {
            Some(rest) => digits(rest).map(|value| -value),
            None => digits(text),
        },
    };
    value.ok_or_else(|| "not a whole number such as 512 or 2^9".into())
}

fn probability(text: &str) -> Result<Rational, String> {
    let value = rational::parse(text).map_err(|_| "not a number such as 0.99, 99% or 99/100".to_string())?;
    if (0..=1).contains(&value) { Ok(value) } else { Err("an accuracy must be from 0 to 1".into()) }
}

/// `A..B` with both ends included, or a single number.
fn range(text: &str) -> Result<RangeInclusive<u128>, String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let end = |text| integer(text)?.to_u128().ok_or_else(|| "out of range".to_string());
    let (first, last) = (end(first)?, end(last)?);
    match (first, last) {
        (0, _) => Err("it starts at 1".into()),
        _ if first > last => Err(format!("{first} exceeds {last}")),
        _ => Ok(first..=last),
    }
}
