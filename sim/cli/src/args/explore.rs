//! The flags of `explore`.

use super::bench::InferenceArgs;
use clap::Args;
use std::path::PathBuf;

/// Move R, lambda, accuracies and slack on a local web page, and see what they cost.
///
/// The page is served to this machine only (127.0.0.1), needs nothing from the network, and shows the numbers of `sim plan` and
/// `sim bound`: the cheapest B and T, what binds, how often a server wins over k, what neighbouring B and T cost, and the cost at other
/// R beside the six published points. Its address holds the settings; they can be copied as a command, or as
/// `protocol:` and `goal:` of a script.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ExploreArgs {
    /// The port; 0 takes any that is free.
    #[arg(long, value_name = "PORT", default_value = "7878")]
    pub port: u16,
    /// Also what a query costs on this model, ONNX: measured when the page first asks.
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    #[command(flatten)]
    pub inference: InferenceArgs,
}

const EXAMPLES: &str = "\
Examples:
  sim explore
      Prints the address of the page; Ctrl-C ends it.

  sim explore --port 0 --model examples/models/lenet_mnist_full.onnx
      On any free port, with bytes and seconds per query.";
