//! Flags of `sim bound`.

use super::numbers::{copies, probability, publics, queries, range, slack};
use clap::Args;
use rug::Rational;
use std::ops::RangeInclusive;

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
