//! Measures what one secure inference costs, on a batch, and holds the document that `sim bench --json` prints.

use super::exactness::Answers;
use super::pictures::Pictures;
use crate::args::FixedPointArgs;
use crate::args::bench::InferenceArgs;
use fusion_2pc::backend::cheetah::CarryChoice;
use fusion_2pc::backend::{Difference, Family};
use fusion_2pc::linear::Linear;
use fusion_2pc::ot::{Checks, Extension};
use fusion_2pc::random::Seed;
use fusion_2pc::role::Role;
use fusion_2pc::session::{Grouping, Service};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Halt;
use fusion_2pc::wire::meter::{Phase, Tally};
use fusion_adversaries::problem::one_line;
use fusion_engine::failure::Failure;
use fusion_engine::simulate::PartiesError;
use fusion_engine::simulate::beside::{Beside, BesideSetting, Traced};
use fusion_engine::simulate::metered;
use fusion_engine::simulate::pair::{PairSetting, SetUp};
use fusion_engine::{files, models};
use fusion_nn::fixed::FixedModel;
use serde::Serialize;
use std::path::Path;

/// What `sim bench` measures: a model, a batch and its images.
pub struct Job<'a> {
    pub file: &'a Path,
    pub model: &'a FixedModel,
    pub inference: &'a InferenceArgs,
    pub seed: u64,
    pub batch: usize,
    pub images: &'a Pictures,
    /// The threads of each party, among which the lanes of the session are divided; `None` for a session of one lane.
    pub threads: Option<usize>,
}

/// Reads a model and converts it to fixed point.
///
/// # Errors
/// [`Failure::Usage`] with every problem of the model, [`Failure::Io`] if reading fails.
pub fn load(file: &Path, fixed_point: &FixedPointArgs) -> Result<FixedModel, Failure> {
    let name = files::name(file);
    let problems = |problems: String| Failure::Usage(format!("{name}: {}", one_line(&problems.replace('\n', "; "))));
    let model = models::load(file)?.model.map_err(|error| problems(error.to_string()))?;
    FixedModel::new(&model, fixed_point.precision(), fixed_point.pixels()).map_err(|error| problems(error.to_string()))
}

/// The measurements of one batch.
#[derive(Serialize)]
pub struct BenchDocument {
    /// The error, where logits that must be exact are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub backend: &'static str,
    /// How transfers are extended, if the family has the choice; of `cheetah` if it was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<&'static str>,
    /// Whether extensions of transfers are checked, if they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<&'static str>,
    pub model: String,
    pub batch: usize,
    /// The lanes of the session, which can run beside each other.
    pub lanes: usize,
    /// The threads of each party.
    pub threads: usize,
    pub network: String,
    pub truncation: &'static str,
    pub exact: bool,
    /// The number of values of the reference that wrapped in a ring that is set; absent where all values provably fit their rings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrapped: Option<u64>,
    /// What linear layers encrypt, if not the client's shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linear: Option<&'static str>,
    /// How carries are found, if not by trees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carries: Option<&'static str>,
    pub once_per_network: PreparationMeasured,
    /// What sending encrypted weights took, which is done once for a network and a pair of parties; absent where none are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted_weights: Option<SetupMeasured>,
    pub setup: SetupMeasured,
    pub per_inference: PerInference,
    pub peak_rss_bytes: Option<u64>,
    pub by_layer: Vec<LayerMeasured>,
    /// In what the family differs here from the system as released, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differences: Option<Vec<DifferenceDocument>>,
}

/// In what a family differs here from the system as released.
#[derive(Serialize)]
pub struct DifferenceDocument {
    pub part: &'static str,
    pub released: &'static str,
    pub here: &'static str,
    pub effect: &'static str,
}

/// The cost of what is done once for a network and a batch size: the circuit, its plan, and the server's encoding of the weights.
#[derive(Serialize)]
pub struct PreparationMeasured {
    pub cpu_s: f64,
    pub wall_s: f64,
}

/// The cost of what is done once for a pair of parties: keys and base transfers.
#[derive(Serialize)]
pub struct SetupMeasured {
    pub client_sent_bytes: usize,
    pub server_sent_bytes: usize,
    pub framing_bytes: usize,
    pub rounds: u32,
    pub client_cpu_s: f64,
    pub server_cpu_s: f64,
    pub wall_s: f64,
}

/// The cost of a batch divided by its size. Bytes sent are those of messages; the headers that frame them over TCP count
/// separately. The time over a network is the wall time on this machine plus the virtual time of the messages.
#[derive(Serialize)]
pub struct PerInference {
    pub client_sent_bytes: f64,
    pub server_sent_bytes: f64,
    pub offline_bytes: f64,
    pub framing_bytes: f64,
    pub rounds: f64,
    pub client_cpu_s: f64,
    pub server_cpu_s: f64,
    pub wall_s: f64,
    pub lan_s: f64,
    pub wan_s: f64,
    pub network_s: f64,
}

/// What a layer takes of one inference; the times over networks are without the time to compute, and `messages` are those of the batch. The extension of oblivious transfers is a separate
/// entry for all layers. Steps without messages have no entry, and their processor time is in that of the inference alone.
#[derive(Serialize)]
pub struct LayerMeasured {
    pub step: String,
    pub client_sent_bytes: f64,
    pub server_sent_bytes: f64,
    pub messages: usize,
    pub rounds: f64,
    pub lan_s: f64,
    pub wan_s: f64,
    pub client_cpu_s: f64,
    pub server_cpu_s: f64,
}

/// Runs a batch of inferences and measures it.
///
/// # Errors
/// [`Failure::Usage`] for a model that two parties cannot compute.
pub fn measure(job: &Job<'_>) -> Result<BenchDocument, Failure> {
    let &Job { file, model, inference, seed, batch, images, threads } = job;
    let refused = |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", files::name(file)));
    let halted = |halt: Halt| Failure::Bug(format!("two honest parties stop: {halt}"));
    let protocols = inference.protocols()?;
    let set_up = SetUp::new(&PairSetting {
        protocols,
        models: std::slice::from_ref(model),
        slots: batch,
        groupings: &[Grouping::Chunk],
        lanes: threads.is_some(),
        keys: Seed(blake3::derive_key("fusion-sim 2026-11 keys of a measurement", &seed.to_le_bytes())),
        network: inference.network.network,
    });
    let SetUp { pair, prepared_cpu, prepared_wall, setup, network } = set_up.map_err(|error| match error {
        PartiesError::Halt(halt) => halted(halt),
        refusal => refused(&refusal),
    })?;
    let once_per_network =
        PreparationMeasured { cpu_s: prepared_cpu.as_secs_f64(), wall_s: prepared_wall.as_secs_f64() };
    let circuit = pair.circuit();
    let image = |slot: usize| images.image(slot, circuit.pixels);
    let pixels = |slot: usize| {
        let pixels = model.pixels(&image(slot));
        pixels.unwrap_or_else(|_| unreachable!("an image has as many pixels as the circuit reads"))
    };
    let service = |_| Service { model: 0, labels: (0..model.classes()).collect() };
    let answers = Answers::new(circuit);
    let threads = threads.map_or(1, |threads| threads.max(1));
    let session = BesideSetting {
        name: Seed([0; 32]),
        image: &pixels,
        service: &service,
        threads,
        deliver: &|role, slots, answered| answers.take(role, slots, answered),
    };
    let Beside { client, server, traced, cpu, wall } = pair.beside(&session);
    client.map_err(halted)?;
    server.map_err(halted)?;
    let (exact, wrapped) = answers.are_exact(model, batch, image)?;
    let faithful = protocols.truncation == Truncation::Faithful;
    Ok(BenchDocument {
        error: (faithful && !exact).then(|| inexact(file, batch)),
        backend: protocols.backend.family().name(),
        extension: protocols.backend.extension().map(Extension::name),
        checks: protocols.backend.options().checks.map(Checks::name),
        model: files::name(file),
        batch,
        lanes: traced.lanes(),
        threads,
        network: inference.network.name.clone(),
        truncation: if faithful { "faithful" } else { "one_bit" },
        exact,
        wrapped,
        linear: protocols.backend.options().linear.map(Linear::name),
        carries: protocols.backend.options().carries.map(CarryChoice::name),
        once_per_network,
        encrypted_weights: (network.spent.server.messages > 0).then(|| SetupMeasured::new(&network)),
        setup: SetupMeasured::new(&setup),
        per_inference: PerInference::new(&traced, batch, wall.as_secs_f64(), cpu, inference.network.network),
        peak_rss_bytes: peak_rss_bytes(),
        by_layer: layers(&traced, batch),
        differences: None,
    })
}

/// Returns the error message for a measurement whose logits are not exact.
pub fn inexact(file: &Path, batch: usize) -> String {
    format!(
        "{}: batch {batch}: two parties do not compute the plaintext's logits, and faithful truncation must",
        files::name(file)
    )
}

impl DifferenceDocument {
    /// Lists the differences of a family.
    pub fn of(family: Family) -> Vec<Self> {
        let document = |&Difference { part, released, here, effect }: &Difference| Self {
            part,
            released,
            here,
            effect: effect.name(),
        };
        family.differences().iter().map(document).collect()
    }
}

impl SetupMeasured {
    pub fn new(metered::SetupSpent { spent, cpu: [client, server], wall }: &metered::SetupSpent) -> Self {
        Self {
            client_sent_bytes: spent.client.bytes,
            server_sent_bytes: spent.server.bytes,
            framing_bytes: spent.framing_bytes(),
            rounds: spent.rounds,
            client_cpu_s: client.as_secs_f64(),
            server_cpu_s: server.as_secs_f64(),
            wall_s: wall.as_secs_f64(),
        }
    }
}

impl PerInference {
    /// The time over a LAN, in seconds.
    pub fn lan(&self) -> f64 {
        self.lan_s
    }

    /// The time over a WAN, in seconds.
    pub fn wan(&self) -> f64 {
        self.wan_s
    }

    /// The time over the network that was asked for, in seconds.
    pub fn network(&self) -> f64 {
        self.network_s
    }
}

#[expect(clippy::cast_precision_loss, reason = "bytes and rounds are below 2^52")]
impl PerInference {
    pub fn new(traced: &Traced, batch: usize, wall_s: f64, cpu: [std::time::Duration; 2], network: LinkSpeed) -> Self {
        let each = |total: f64| total / batch as f64;
        let sent = |role: Role, phase: Option<Phase>| traced.sent(role, phase).bytes;
        let over = |network: LinkSpeed| each(wall_s + traced.over_ns(network) as f64 / 1e9);
        let offline = sent(Role::Client, Some(Phase::Offline)) + sent(Role::Server, Some(Phase::Offline));
        Self {
            client_sent_bytes: each(sent(Role::Client, None) as f64),
            server_sent_bytes: each(sent(Role::Server, None) as f64),
            offline_bytes: each(offline as f64),
            framing_bytes: each(traced.framing_bytes() as f64),
            rounds: each(traced.rounds().into()),
            client_cpu_s: each(cpu[0].as_secs_f64()),
            server_cpu_s: each(cpu[1].as_secs_f64()),
            wall_s: each(wall_s),
            lan_s: over(LinkSpeed::LAN),
            wan_s: over(LinkSpeed::WAN),
            network_s: over(network),
        }
    }
}

/// Returns what each layer takes, for one inference.
#[expect(clippy::cast_precision_loss, reason = "bytes and nanoseconds are below 2^52")]
fn layers(traced: &Traced, batch: usize) -> Vec<LayerMeasured> {
    let each = |whole: f64| whole / batch as f64;
    let bytes = |tally: Tally| each(tally.bytes as f64);
    let seconds = |ns: u64| each(ns as f64 / 1e9);
    let cpu = |name: &str| {
        traced.cpu_by_layer.each_ref().map(|layers| {
            let own = layers.iter().filter(|(layer, _)| layer.to_string() == name);
            each(own.map(|(_, spent)| spent.as_secs_f64()).sum())
        })
    };
    let layer = |metered::LayerShare { name, share, over_ns: [lan, wan] }: metered::LayerShare| {
        let [client_cpu_s, server_cpu_s] = cpu(&name);
        LayerMeasured {
            step: name,
            client_sent_bytes: bytes(share.sent[0]),
            server_sent_bytes: bytes(share.sent[1]),
            messages: share.sent[0].messages + share.sent[1].messages,
            rounds: each(share.rounds.into()),
            lan_s: seconds(lan),
            wan_s: seconds(wan),
            client_cpu_s,
            server_cpu_s,
        }
    };
    traced.layers().into_iter().map(layer).collect()
}

/// Returns the largest amount of memory that this process has held, if the system tells.
pub fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

impl BenchDocument {
    /// Returns the failure for logits that must be exact and are not, which is a bug of this program.
    pub fn fault(&self) -> Result<(), Failure> {
        self.error.clone().map_or(Ok(()), |error| Err(Failure::Bug(error)))
    }
}
