//! Flags of `sim plan`.

use super::bench::InferenceArgs;
use super::numbers::{kappa, lambda, price, probability, publics, queries, rate, slack};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, ValueEnum};
use fusion_spec::params::Lambda;
use rug::Rational;
use std::path::PathBuf;

/// Find the cheapest safe B and T, with a certificate.
///
/// N = RB+T is the least possible, and B is the least at this N. The answer has a certificate, which is checked before it is printed: five
/// comparisons at slack 0, and some more at positive slack and where --max-T or an honest model limits T.
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
    /// Send at most this many publics: each is a labelled sample that the server has never seen.
    #[arg(long = "max-T", value_name = "T", value_parser = publics, allow_negative_numbers = true)]
    pub max_T: Option<u64>,
    /// Count every public as this many inferences (3, 0.5, 1/3) beside its own: it is a labelled sample that the server has never seen.
    #[arg(long, value_name = "P", value_parser = price, allow_negative_numbers = true)]
    pub price_of_a_public: Option<Rational>,
    /// Slack: tolerate this many wrong public answers [default: 0, or the planner's choice with --honest-acc].
    #[arg(long, value_name = "S", value_parser = slack, allow_negative_numbers = true)]
    pub slack: Option<u64>,
    /// Accept a model of this accuracy (0.8, 80%, 4/5) with probability at most 2^-lambda, or see --accuracy-lambda.
    #[arg(long, value_name = "ACC", value_parser = probability, allow_negative_numbers = true)]
    pub reject_acc: Option<Rational>,
    /// Security bits of --reject-acc, 1 to 1024 [default: those of --lambda].
    #[arg(long, value_name = "BITS", value_parser = lambda, requires = "reject_acc", allow_negative_numbers = true)]
    pub accuracy_lambda: Option<Lambda>,
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
    /// Keep a server that swaps in another function on all slots from winning with more than this (0.01, 1%, 1/100).
    #[arg(long, value_name = "P", value_parser = rate, allow_negative_numbers = true)]
    pub substitution: Option<Rational>,
    /// Also print the cost of a query and of the session on this ONNX model, measured three times on a session of up to 64 random images.
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Also compare with full active security on the model (SPDZ with LowGear, predicted): at which R mix-and-check costs less, and what it does not give.
    #[arg(
        long,
        value_enum,
        value_name = "WITH",
        requires = "model",
        conflicts_with_all = ["slack", "max_T", "price_of_a_public", "substitution", "honest_acc", "grid"]
    )]
    pub compare: Option<CompareArg>,
    #[command(flatten)]
    pub inference: InferenceArgs,
    /// Plan for every R and lambda of the lists, as CSV [default lists: R = 2^0..2^20, lambda = 40,80,128].
    #[arg(long)]
    pub grid: bool,
    /// Also plot cost against R as SVG, with the six published points.
    #[arg(long, value_name = "FILE.svg", requires = "grid")]
    pub plot: Option<PathBuf>,
    /// Also write the certificate, as lines that the checker extracted from Coq reads (target/coq/recompute, after make proofs).
    #[arg(long, value_name = "FILE", conflicts_with = "grid")]
    pub certificate: Option<PathBuf>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    pub json: bool,
    /// Print only the chosen numbers.
    #[arg(long, conflicts_with = "json", conflicts_with = "grid")]
    pub quiet: bool,
}

/// Returns what is wrong with flags that say how two parties run a model, where no model is given.
pub fn idle(plan: &ArgMatches) -> Option<String> {
    let given = |id: &clap::Id| plan.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    let flags = InferenceArgs::augment_args(clap::Command::new("plan"));
    let mut flags = flags.get_arguments().filter(|flag| given(flag.get_id()) && plan.value_source("model").is_none());
    let name = flags.next()?.get_long()?.to_owned();
    Some(format!("--{name} says how two parties run a model: give --model FILE too"))
}

/// What mix-and-check is compared with.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum CompareArg {
    /// Two-party computation in which a client or a server that deviates gets neither a wrong result accepted nor anything of the other's inputs, but with a probability below 2^-40,
    /// if what it enters is in range.
    Active,
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

  sim plan --R 2048 --lambda 50 --max-T 100
      With 2020 publics 5 copies suffice, which costs hardly less than 6 copies and 5 publics: B = 6, T = 5.

  sim plan --R 2048 --lambda 50 --price-of-a-public 0.1
      The same, where a public costs a tenth of an inference more than its own.

  sim plan --R 512 --lambda 40 --reject-acc 0.80 --accuracy-lambda 20
      Rejects the weak model with 20 bits, and other deviations with 40: T = 63.

  sim plan --R 8 --lambda 40 --substitution 0.01
      Also keeps every server that swaps in another function below 1 %: T = 291.

  sim plan --R 512 --lambda 40 --model lenet.onnx --compare active
      Also says what full active security would take, and from which R on mix-and-check takes less.

  sim plan --grid --R 8,32,128,512 --lambda 40,80 --plot cost.svg > cost.csv
      Plans for every pair of R and lambda, and plots the cost per query.";
