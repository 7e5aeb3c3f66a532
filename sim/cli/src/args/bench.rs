//! The flags of `bench`.

use super::families::{OptionsArgs, carries, families, linears, triples};
use super::fixed_point::FixedPointArgs;
use super::numbers::natural;
use clap::{Args, ValueEnum};
use fusion_2pc::backend::Family;
use fusion_2pc::backend::cheetah::CarryChoice;
use fusion_2pc::linear::Linear;
use fusion_2pc::session::MOST_LANES;
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_active::network::Triples;
use fusion_engine::failure::Failure;
use fusion_engine::simulate::ProtocolChoice;
use std::path::{Path, PathBuf};

/// Measure one secure inference: bytes, rounds, processor time, and the time over a network.
///
/// Both parties run in this process, each on its own thread, with real cryptography. Every byte between them is counted, and every
/// logit is compared with the plaintext reference. The set-up is listed separately.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
#[command(after_long_help = EXAMPLES)]
pub struct BenchArgs {
    /// The model, an ONNX file.
    #[arg(value_name = "MODEL", required_unless_present = "model")]
    file: Option<PathBuf>,
    /// The model, by a flag as `sim plan` has it.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    model: Option<PathBuf>,
    /// The number of images that share a session; a list measures each.
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = batch, default_value = "1", allow_negative_numbers = true)]
    pub batch: Vec<usize>,
    /// How many threads each party runs its lanes on: the chunks of a large batch are divided into lanes, which run beside each other. Answers, messages and
    /// bytes are the same for any number [default: half of the processor's cores].
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    #[command(flatten)]
    inference: InferenceArgs,
    /// What cheetah encrypts in linear layers [default: images].
    #[arg(long, value_name = "WHAT", value_parser = linears())]
    linear: Option<Linear>,
    /// How cheetah finds the carries of what a ReLU, a truncation or a clip compares first [default: tree].
    #[arg(long, value_name = "HOW", value_parser = carries())]
    carries: Option<CarryChoice>,
    /// A file of images with 8-bit pixels (IDX or NPY, or gzip of these) [default: random pixels].
    #[arg(long, value_name = "FILE")]
    pub images: Option<PathBuf>,
    /// The seed of keys, masks and random pixels.
    #[arg(long, value_name = "SEED", default_value = "1")]
    pub seed: u64,
    /// Instead predict the cost by every family of protocols, and by full active security, and run nothing: bytes, and bounds on rounds and on the time of the messages. Lanes,
    /// which add at most 1 % to the bytes of a large batch, are left out.
    #[arg(long, conflicts_with_all = ["backend", "extension", "checks", "linear", "carries", "images", "seed", "explain", "by", "threads"])]
    pub predict: bool,
    /// Instead measure full active security: SPDZ with triples of LowGear, in which a client or a server that deviates gets neither a wrong result accepted nor anything of
    /// the other's inputs, but with a probability below 2^-40, if what it enters is in range. The error bound is listed as named terms. The
    /// images of a batch are evaluated at once, under one set-up.
    #[arg(long, conflicts_with_all = ["backend", "extension", "checks", "linear", "carries", "truncation", "threads", "by", "explain", "predict"])]
    pub active: bool,
    /// By what triples full active security evaluates linear layers [default: elements].
    #[arg(long, value_name = "WHAT", value_parser = triples(), requires = "active")]
    pub triples: Option<Triples>,
    /// Also list what the backend shares with Cheetah, and each difference from the system as its authors released it.
    #[arg(long)]
    pub explain: bool,
    /// Also list what each layer sends.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub by: Option<By>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    pub json: bool,
}

impl BenchArgs {
    /// How two parties run the model.
    #[must_use]
    pub fn inference(&self) -> InferenceArgs {
        InferenceArgs { linear: self.linear, carries: self.carries, ..self.inference.clone() }
    }

    /// The model's file, which one of the two arguments names.
    #[must_use]
    pub fn model(&self) -> &Path {
        let given = self.file.as_deref().or(self.model.as_deref());
        given.unwrap_or_else(|| unreachable!("one of the two is required"))
    }

    /// The threads of each party: what the flag says, or half of the cores that the system offers, at least one.
    #[must_use]
    pub fn threads(&self) -> usize {
        let half = || std::thread::available_parallelism().map_or(1, |cores| cores.get() / 2).clamp(1, MOST_LANES);
        self.threads.unwrap_or_else(half)
    }
}

/// The flags that say how two parties run a model.
#[derive(Clone, Debug, Args)]
pub struct InferenceArgs {
    /// The family of protocols.
    #[arg(long, value_name = "NAME", value_parser = families(), default_value = Family::default().name())]
    pub backend: Family,
    #[command(flatten)]
    pub options: OptionsArgs,
    /// What linear layers encrypt, which `sim bench` alone has a flag for.
    #[arg(skip)]
    pub linear: Option<Linear>,
    /// How carries are found, which `sim bench` alone has a flag for.
    #[arg(skip)]
    pub carries: Option<CarryChoice>,
    /// The network whose time is computed: lan (1 Gbit/s, 0.3 ms), wan (100 Mbit/s, 40 ms), or for example "40ms,100mbit".
    #[arg(long, value_name = "NETWORK", value_parser = network, default_value = "wan")]
    pub network: NamedNetwork,
    #[command(flatten)]
    pub fixed_point: FixedPointArgs,
    /// How extra fractional bits are dropped after a product.
    #[arg(long, value_enum, value_name = "HOW", default_value = "faithful")]
    pub truncation: TruncationArg,
}

impl InferenceArgs {
    /// The protocols that two parties run.
    ///
    /// # Errors
    /// [`Failure::Usage`] for an option that the family does not have.
    pub fn protocols(&self) -> Result<ProtocolChoice, Failure> {
        Ok(ProtocolChoice {
            backend: self.options.with(self.backend, self.linear, self.carries)?,
            truncation: self.truncation.into(),
        })
    }
}

const EXAMPLES: &str = "\
Examples:
  sim bench lenet.onnx --batch 64 --by layer
      Runs one session of 64 images, and prints the cost of each image and of each layer.

  sim bench lenet.onnx --batch 1000 --threads 4
      Runs the lanes of one session of 1,000 images on four threads a party.

  sim bench lenet.onnx --backend delphi --explain
      Measures another family of protocols, and says in what it differs from the system as released.

  sim bench lenet.onnx --backend aby --extension ferret
      Measures ABY with another extension of oblivious transfers than its own.

  sim bench lenet.onnx --active
      Measures one inference with full active security, to compare with.

  sim bench lenet.onnx --active --triples matrices --batch 4
      Measures four images under one set-up, with a triple of matrices for each linear layer.

  sim bench lenet.onnx --predict --batch 1,2564
      Predicts what one inference and a session of 2,564 cost by every family, without running any.

  sim bench lenet.onnx --batch 1,64 --network '20ms,400mbit' --images digits.idx --json
      Measures real images over another network in batches of 1 and of 64, as JSON.";

/// The largest number of images in a session.
const MAX_BATCH: u64 = 1 << 20;

/// A network and the name that the user gave it.
#[derive(Clone, Debug)]
pub struct NamedNetwork {
    /// The text of the flag.
    pub name: String,
    /// The speed of the line.
    pub network: LinkSpeed,
}

/// The ways to drop fractional bits.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TruncationArg {
    /// Always round down, so that copies of one query agree.
    Faithful,
    /// Round down or, by chance, to one more; cheaper, but copies may disagree.
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

/// The parts that costs are listed by.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum By {
    /// Each layer of the model.
    Layer,
}

/// The largest number of threads of a party: that of lanes.
const MAX_THREADS: u64 = MOST_LANES as u64;

pub fn threads(text: &str) -> Result<usize, String> {
    let threads = natural("threads", text, 1, MAX_THREADS)?;
    usize::try_from(threads).map_err(|_| "threads are more than this machine can count".into())
}

fn batch(text: &str) -> Result<usize, String> {
    let batch = natural("batch", text, 1, MAX_BATCH)?;
    usize::try_from(batch).map_err(|_| "batch is larger than this machine can count".into())
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
        network.ok_or_else(|| "give lan, wan, or a round-trip time and a rate such as 40ms,100mbit".to_string())?;
    Ok(NamedNetwork { name: text.into(), network })
}
