//! The flags of `bench`.

use super::{FixedPointArgs, natural};
use clap::{Args, ValueEnum};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use std::path::PathBuf;

/// Measure one secure inference: bytes, rounds, processor time, and what they come to over a network.
///
/// Both parties run in this process, each on its own thread, with real cryptography; every byte between them is counted, and every
/// logit is compared with the plaintext reference. Set-up is reported apart.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct BenchArgs {
    /// The model, ONNX.
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// Images that share a session; a list measures each.
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = batch, default_value = "1", allow_negative_numbers = true)]
    pub batch: Vec<usize>,
    #[command(flatten)]
    pub inference: InferenceArgs,
    /// Images, IDX of 8-bit pixels [default: random pixels].
    #[arg(long, value_name = "FILE")]
    pub images: Option<PathBuf>,
    /// Decides keys, masks and random pixels.
    #[arg(long, value_name = "SEED", default_value = "1")]
    pub seed: u64,
    /// Also what each layer sends.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub by: Option<By>,
    /// One JSON document instead of text.
    #[arg(long)]
    pub json: bool,
}

/// How a model is run by two parties.
#[derive(Clone, Debug, Args)]
pub struct InferenceArgs {
    /// The protocols.
    #[arg(long, value_enum, value_name = "NAME", default_value = "cheetah")]
    pub backend: BackendArg,
    /// The network whose time is counted: lan (1 Gbit/s, 0.3 ms), wan (100 Mbit/s, 40 ms), or such as "40ms,100mbit".
    #[arg(long, value_name = "NETWORK", value_parser = network, default_value = "wan")]
    pub network: NamedNetwork,
    #[command(flatten)]
    pub fixed_point: FixedPointArgs,
    /// How fractional bits are dropped.
    #[arg(long, value_enum, value_name = "HOW", default_value = "faithful")]
    pub truncation: TruncationArg,
}

const EXAMPLES: &str = "\
Examples:
  sim bench --model lenet.onnx --batch 64 --by layer
      One session of 64 images: the cost of each, and of each layer.

  sim bench --model lenet.onnx --batch 1,64 --network '20ms,400mbit' --images digits.idx --json
      Real images, another network, two sizes of batch, as JSON.";

/// Most images of a session.
const MAX_BATCH: u64 = 1 << 20;

/// A network and what it is called.
#[derive(Clone, Debug)]
pub struct NamedNetwork {
    /// As it was given.
    pub name: String,
    /// It.
    pub network: LinkSpeed,
}

/// The protocols.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum BackendArg {
    /// Huang et al., USENIX Security 2022.
    Cheetah,
}

/// How fractional bits are dropped.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TruncationArg {
    /// Always down: copies of one query agree.
    Faithful,
    /// Down, or by chance one more: cheaper.
    #[value(name = "one_bit")]
    OneBit,
}

impl From<TruncationArg> for Truncation {
    fn from(arg: TruncationArg) -> Self {
        match arg {
            TruncationArg::Faithful => Self::Faithful,
            TruncationArg::OneBit => Self::OneBit,
        }
    }
}

/// What to divide costs by.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum By {
    /// Layers.
    Layer,
}

fn batch(text: &str) -> Result<usize, String> {
    natural("batch", text, 1, MAX_BATCH).map(|batch| usize::try_from(batch).unwrap_or(usize::MAX))
}

fn network(text: &str) -> Result<NamedNetwork, String> {
    let custom = || {
        let (rtt, rate) = text.split_once(',')?;
        let rtt_ms: u32 = rtt.trim().strip_suffix("ms")?.parse().ok()?;
        let mbit: u32 = rate.trim().strip_suffix("mbit")?.parse().ok().filter(|mbit| *mbit > 0)?;
        Some(LinkSpeed { rtt_ns: u64::from(rtt_ms) * 1_000_000, bits_per_s: u64::from(mbit) * 1_000_000 })
    };
    let network = match text {
        "lan" => Some(LinkSpeed::LAN),
        "wan" => Some(LinkSpeed::WAN),
        _ => custom(),
    };
    let network =
        network.ok_or_else(|| "give lan, wan, or a round trip and a rate such as 40ms,100mbit".to_string())?;
    Ok(NamedNetwork { name: text.into(), network })
}
