//! The flags of `explore`.

use super::bench::InferenceArgs;
use clap::Args;
use std::path::PathBuf;

/// Explore plans on a local web page: move R, lambda, accuracies and slack, and see the cost.
///
/// The page is served to this machine only (127.0.0.1), and needs nothing from the network. It shows the numbers of `sim plan` and
/// `sim bound`: the cheapest B and T, the limiting constraint, the winning rate over k, the cost of neighbouring B and T, and the
/// cost at other R beside the six published points. Its address holds the settings, which can be copied as a command, or as
/// `protocol:` and `goal:` of a script.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ExploreArgs {
    /// The port to listen on; 0 takes any that is free.
    #[arg(long, value_name = "PORT", default_value = "7878")]
    pub port: u16,
    /// Also show the cost of a query on this ONNX model, which is measured when the page first asks.
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    #[command(flatten)]
    pub inference: InferenceArgs,
}

const EXAMPLES: &str = "\
Examples:
  sim explore
      Prints the address of the page, and serves it until Ctrl-C.

  sim explore --port 0 --model examples/models/lenet_mnist_full.onnx
      Serves the page on any free port, with bytes and seconds per query.";
