//! The flags of `tables`.

use super::families::families;
use clap::Args;
use fusion_2pc::backend::Family;
use std::path::PathBuf;

/// Measure the paper's tables again: published figures beside ours.
///
/// Tables I to IV of the Fusion paper compare mix-and-check over several families of two-party inference. `sim tables` runs every
/// backend on LeNet-5 for MNIST and for CIFAR-10, with real cryptography, in batches of 64 and of 1, and three of them on one image of
/// the larger network of `MiniONN` for CIFAR-10. It puts what a query costs under each published R, B and T beside the published figures.
/// Bytes are exact; seconds are those of a virtual LAN or WAN and of this machine. A session that would send over 8 GB is not run: its
/// bytes are predicted. What this program cannot measure yet stands in the tables as not measured.
///
/// Measurements are kept in a folder, so that a second call continues where the first one stopped.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
#[command(after_long_help = EXAMPLES)]
pub struct TablesArgs {
    /// Measure a small batch of each backend only, on MNIST.
    #[arg(long)]
    pub quick: bool,
    /// Measure only these backends [default: all].
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = families())]
    pub backend: Vec<Family>,
    /// The folder of the models `lenet_mnist_full.onnx` and `lenet_cifar10_full.onnx`.
    #[arg(long, value_name = "DIR", default_value = "examples/models")]
    pub models: PathBuf,
    /// The network of `MiniONN` for CIFAR-10 with 8-bit pixels, which this repository does not hold; without it its rows are not
    /// measured [default: `../shared/data/models/cifar10_minionn_delphi.onnx`, if it is there].
    #[arg(long, value_name = "FILE")]
    pub minionn: Option<PathBuf>,
    /// A `ResNet50` as `examples/resnet50.rs` writes it. One inference is predicted, not run: its bytes are exact, and it has no seconds
    /// [default: its rows are left out].
    #[arg(long, value_name = "FILE")]
    pub resnet50: Option<PathBuf>,
    /// The folder of all runs; measurements are kept in `tables` there.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub runs: PathBuf,
    /// Measure everything again, whatever is kept.
    #[arg(long)]
    pub fresh: bool,
    /// Also write one HTML page with a picture for each table.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print one JSON document instead of text.
    #[arg(long, group = "form")]
    pub json: bool,
    /// Print CSV instead of text: a line for each figure.
    #[arg(long, group = "form")]
    pub csv: bool,
    /// Print LaTeX instead of text, for the package booktabs.
    #[arg(long, group = "form")]
    pub latex: bool,
}

const EXAMPLES: &str = "\
Examples:
  sim tables --quick
      Measures a small batch of each backend on MNIST, and prints all tables.

  sim tables --html tables.html
      Measures every backend on both networks, prints the tables, and writes a page with a picture for each.

  sim tables --backend cheetah --latex > tables.tex
      Prints the tables with the figures of one backend, for a paper.";
