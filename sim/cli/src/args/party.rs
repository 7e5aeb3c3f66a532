//! The flags of `party`.

use super::bench::{TruncationArg, threads};
use super::families::{OptionsArgs, families};
use super::fixed_point::FixedPointArgs;
use super::numbers::{copies, natural, publics, queries, slack};
use clap::{Args, Subcommand};
use fusion_2pc::backend::Family;
use fusion_2pc::wire::tcp::Patience;
use fusion_engine::campaign::run::cores;
use fusion_party::Fingerprint;
use std::path::PathBuf;
use std::time::Duration;

/// Run the two parties on two machines, over mutual TLS.
///
/// Each party has an identity, a key in a folder, and pins the fingerprint of the other's. Their secrets come from the operating systems of the two machines, and
/// every session has keys of its own.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct PartyArgs {
    #[command(subcommand)]
    pub command: PartyCommand,
}

const EXAMPLES: &str = "\
Examples:
  sim party init server
      Makes the server's identity, and prints the fingerprint that clients pin.

  sim party serve --model lenet.onnx --listen 0.0.0.0:7000 --identity server --peer 3f0c..
      Serves a model to one client, until it is asked to stop.

  sim party serve --strategy attack.yaml --only guess-one --i-am-testing --listen 127.0.0.1:7000 --identity server --peer 3f0c..
      Plays a strategy of a script against a client, its first session as the first trial of a campaign.

  sim party ask --images digits.idx --publics known.idx --public-labels known-labels.idx
      --R 8 --B 2 --T 4 --to server.example:7000 --identity client --peer 91aa..
      Asks about eight images, and prints their labels if the session is accepted.";

/// What a party does.
#[derive(Debug, Subcommand)]
pub enum PartyCommand {
    Init(PartyInitArgs),
    Serve(ServeArgs),
    Ask(AskArgs),
}

/// Make an identity, and print its fingerprint.
#[derive(Debug, Args)]
pub struct PartyInitArgs {
    /// The folder of the identity, which is made.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// Serve a model to clients whose keys are pinned.
///
/// SIGTERM or Ctrl-C ends the service after the sessions in flight; a second one ends it at once.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The model, an ONNX file.
    #[arg(long, value_name = "FILE", required_unless_present = "strategy")]
    pub model: Option<PathBuf>,
    /// Play a strategy of this script in place of an honest server, to test a client; models and protocols are the script's.
    #[arg(long, value_name = "SCRIPT", requires_all = ["only", "i_am_testing"], conflicts_with_all = ["model", "backend", "extension", "checks", "frac_bits", "ring", "scale", "offset", "truncation"])]
    pub strategy: Option<PathBuf>,
    /// The name of the strategy in the script.
    #[arg(long, value_name = "NAME", requires = "strategy")]
    pub only: Option<String>,
    /// Says that the clients of this server know that it cheats.
    #[arg(long, requires = "strategy")]
    pub i_am_testing: bool,
    /// The address to listen on, with its port; port 0 lets the system choose.
    #[arg(long, value_name = "ADDR")]
    pub listen: String,
    /// The folder of this party's identity.
    #[arg(long, value_name = "DIR")]
    pub identity: PathBuf,
    /// The fingerprint of a client's key; may be given again for more clients.
    #[arg(long = "peer", value_name = "FINGERPRINT", required = true)]
    pub peers: Vec<Fingerprint>,
    /// The family of protocols.
    #[arg(long, value_name = "NAME", value_parser = families(), default_value = Family::default().name())]
    pub backend: Family,
    #[command(flatten)]
    pub options: OptionsArgs,
    #[command(flatten)]
    pub fixed_point: FixedPointArgs,
    /// How extra fractional bits are dropped after a product.
    #[arg(long, value_enum, value_name = "HOW", default_value = "faithful")]
    pub truncation: TruncationArg,
    /// The most clients in sessions at once.
    #[arg(long, value_name = "N", value_parser = clients, default_value = "4", allow_negative_numbers = true)]
    pub clients: usize,
    /// The number of sessions in the life of this identity: the responses of all of them together reveal nothing of the weights, within 2^-40.
    #[arg(long, value_name = "N", value_parser = sessions, default_value = "1024", allow_negative_numbers = true)]
    pub sessions: u64,
    #[command(flatten)]
    pub threads: ThreadsArgs,
    #[command(flatten)]
    pub patience: PatienceArgs,
    /// Log events as lines of JSON on stdout, instead of text on stderr.
    #[arg(long)]
    pub json: bool,
    /// Also log connections that were turned away before they showed the key of a client.
    #[arg(long)]
    pub verbose: bool,
}

/// Ask a server about images, with mix-and-check around the session.
///
/// The first R images of the file are the queries. T samples are drawn from the publics for this session. Labels are printed, or written, only if the session is
/// accepted; the server is not told the verdict. The exit code is 0 for an accepted session and 1 for a rejected one.
#[derive(Debug, Args)]
pub struct AskArgs {
    /// A file of images, IDX or NPY; the first R are asked about.
    #[arg(long, value_name = "FILE")]
    pub images: PathBuf,
    /// The server's address, with its port.
    #[arg(long, value_name = "ADDR")]
    pub to: String,
    /// The folder of this party's identity.
    #[arg(long, value_name = "DIR")]
    pub identity: PathBuf,
    /// The fingerprint of the server's key.
    #[arg(long, value_name = "FINGERPRINT")]
    pub peer: Fingerprint,
    /// The number of queries.
    #[arg(long = "R", value_name = "R", value_parser = queries, allow_negative_numbers = true)]
    pub R: u64,
    /// The number of copies of each query.
    #[arg(long = "B", value_name = "B", value_parser = copies, required_unless_present = "plain_inference", allow_negative_numbers = true)]
    pub B: Option<u64>,
    /// The number of public samples.
    #[arg(long = "T", value_name = "T", value_parser = publics, required_unless_present = "plain_inference", allow_negative_numbers = true)]
    pub T: Option<u64>,
    /// The number of wrong public answers that are tolerated.
    #[arg(long, value_name = "SLACK", value_parser = slack, default_value = "0", allow_negative_numbers = true)]
    pub slack: u64,
    /// A file of images that the server has never seen, of which T are drawn; not needed where T is 0.
    #[arg(long, value_name = "FILE", requires = "public_labels")]
    pub publics: Option<PathBuf>,
    /// A file of the labels of the publics.
    #[arg(long, value_name = "FILE", requires = "publics")]
    pub public_labels: Option<PathBuf>,
    /// Ask each query once and check nothing: a server that deviates is not noticed.
    #[arg(long, conflicts_with_all = ["B", "T", "publics", "public_labels", "slack"])]
    pub plain_inference: bool,
    /// The family of protocols to insist on [default: the server's].
    #[arg(long, value_name = "NAME", value_parser = families())]
    pub backend: Option<Family>,
    /// Insist on extensions of transfers that are, or are not, proved consistent [default: the server's].
    #[arg(long, value_name = "NAME", value_parser = super::families::checks())]
    pub checks: Option<fusion_2pc::ot::Checks>,
    /// A file for the labels, one a line [default: they are printed].
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub threads: ThreadsArgs,
    #[command(flatten)]
    pub patience: PatienceArgs,
    /// Print one JSON document instead of text.
    #[arg(long)]
    pub json: bool,
}

/// How many cores a session takes.
#[derive(Clone, Copy, Debug, Args)]
pub struct ThreadsArgs {
    /// How many threads a session runs its lanes on: the chunks of a large batch are divided into lanes, which run beside each other. Messages and answers are the same with any number
    /// [default: the cores that the system offers].
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    threads: Option<usize>,
}

impl ThreadsArgs {
    /// The threads of a session.
    pub fn threads(self) -> usize {
        self.threads.unwrap_or_else(cores)
    }
}

/// How long a party waits for the other one.
#[derive(Clone, Copy, Debug, Args)]
pub struct PatienceArgs {
    /// The seconds that the other party may take for a message, 1 to 3600; a long one may take longer, by a line of 100 KB/s.
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "60", allow_negative_numbers = true)]
    patience: u64,
}

impl PatienceArgs {
    /// How long a party waits for a message.
    pub fn patience(self) -> Patience {
        Patience { late: Duration::from_secs(self.patience), ..Patience::default() }
    }
}

fn seconds(text: &str) -> Result<u64, String> {
    natural("patience", text, 1, 3600)
}

fn clients(text: &str) -> Result<usize, String> {
    natural("clients", text, 1, 1024).and_then(|count| usize::try_from(count).map_err(|error| error.to_string()))
}

fn sessions(text: &str) -> Result<u64, String> {
    natural("sessions", text, 1, 1 << 40)
}
