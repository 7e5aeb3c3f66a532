//! Flags of `sim check`.

use super::campaign::FidelityArg;
use super::families::{OptionsArgs, backends};
use super::fixed_point::FixedPointArgs;
use clap::{Args, ValueEnum};
use fusion_adversaries::script::Backend;
use std::path::PathBuf;

/// Check a script or a model before it is run, and report every problem at once.
///
/// For a script this prints the expected rate of every clause, the number of trials that it needs, and how long these take on all cores
/// of this machine, by the processor time of a trial that is played for it (at `plain` and `ideal`, of many). A file named *.onnx is a model.
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
    /// A YAML script, `-` for standard input, a name that `sim list` lists, or a model named *.onnx.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub fixed_point: FixedPointArgs,
    /// Of a model: say whether two parties can compute it by this family of protocols, and list the steps and the server's messages
    /// that a script can aim at. Of a script: use these protocols instead of the script's.
    #[arg(long, value_name = "NAME", value_parser = backends())]
    pub backend: Option<Backend>,
    #[command(flatten)]
    pub options: OptionsArgs,
    /// Of a script: how much of a session to simulate, for every strategy, as by `sim attack --fidelity`.
    #[arg(long, value_enum, value_name = "FIDELITY")]
    pub fidelity: Option<FidelityArg>,
    /// Compare every layer with this evaluator.
    #[arg(long, value_enum, value_name = "EVALUATOR")]
    pub against: Option<Against>,
    /// A file of images with 8-bit pixels (IDX or NPY, or gzip of these) to compare on [default: 20 images of random pixels, seed 1].
    #[arg(long, value_name = "FILE", requires = "against")]
    pub images: Option<PathBuf>,
    /// A file of their labels, of the same kinds, for the accuracy of both.
    #[arg(long, value_name = "FILE", requires = "images")]
    pub labels: Option<PathBuf>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    pub json: bool,
    /// Print only the verdict.
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
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

  sim check model.onnx --backend cheetah
      Also lists the addresses of the inference that `add`, `bend` and `stop` of a script can match.

  sim check cifar10.onnx --scale 1/127.5 --offset -1
      Lists a model that expects pixels from -1 to 1.";
