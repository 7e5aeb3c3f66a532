//! Measures what one secure inference costs, on a batch, and holds the document that `sim bench --json` prints.

use super::pictures::Pictures;
use crate::args::bench::{BackendArg, InferenceArgs};
use fusion_2pc::bits::mask;
use fusion_2pc::circuit::Circuit;
use fusion_2pc::random::Seed;
use fusion_2pc::role::Role;
use fusion_2pc::session::{self, Answered, Grouping, Networks, Plan, Service};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::{LinkSpeed, replayed};
use fusion_2pc::wire::link::{Halt, Link};
use fusion_2pc::wire::meter::{Phase, Tally};
use fusion_adversaries::problem::one_line;
use fusion_engine::clock::now;
use fusion_engine::failure::Failure;
use fusion_engine::simulate::PartiesError;
use fusion_engine::simulate::metered::{self, Metered, framing_bytes, timed};
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
}

/// Reads a model and converts it to fixed point.
///
/// # Errors
/// [`Failure::Usage`] with every problem of the model, [`Failure::Io`] if reading fails.
pub fn load(file: &Path, inference: &InferenceArgs) -> Result<FixedModel, Failure> {
    let name = files::name(file);
    let problems = |problems: String| Failure::Usage(format!("{name}: {}", one_line(&problems.replace('\n', "; "))));
    let model = models::load(file)?.model.map_err(|error| problems(error.to_string()))?;
    FixedModel::new(&model, inference.fixed_point.precision(), inference.fixed_point.pixels())
        .map_err(|error| problems(error.to_string()))
}

/// The measurements of one batch.
#[derive(Serialize)]
pub struct BenchDocument {
    /// The error, where logits that must be exact are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub backend: &'static str,
    pub model: String,
    pub batch: usize,
    pub network: String,
    pub truncation: &'static str,
    pub exact: bool,
    pub once_per_network: PreparationMeasured,
    pub setup: SetupMeasured,
    pub per_inference: PerInference,
    pub peak_rss_bytes: Option<u64>,
    pub by_layer: Vec<LayerMeasured>,
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

/// What the parties send in a layer, for one inference. The extension of oblivious transfers is a separate entry for all layers.
#[derive(Serialize)]
pub struct LayerMeasured {
    pub step: String,
    pub client_sent_bytes: f64,
    pub server_sent_bytes: f64,
    pub messages: usize,
}

/// Runs a batch of inferences and measures it.
///
/// # Errors
/// [`Failure::Usage`] for a model that two parties cannot compute, and for a network so slow that a party would stop waiting.
pub fn measure(job: &Job<'_>) -> Result<BenchDocument, Failure> {
    let &Job { file, model, inference, seed, batch, images } = job;
    let refused = |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", files::name(file)));
    let halted = |halt: Halt| match halt {
        Halt::PeerGone { .. } => {
            let why = "over this network a message takes longer than the minute that a party waits";
            Failure::Usage(format!("--network: {why} ({halt}); fewer images in a batch take less"))
        }
        Halt::Malformed { .. } => Failure::Bug(halt.to_string()),
    };
    let began = now();
    let (prepared, cpu) = timed(|| prepare(model, inference, batch));
    let once_per_network = PreparationMeasured { cpu_s: cpu.as_secs_f64(), wall_s: began.elapsed().as_secs_f64() };
    let (plan, networks) = prepared.map_err(|error| refused(&error))?;
    let network = inference.network.network;
    let keys = Seed(blake3::derive_key("fusion-sim 2026-11 keys of a measurement", &seed.to_le_bytes()));
    let (client, server, setup) = metered::set_up(&keys, &[&plan], network).map_err(halted)?;
    let image = |slot: usize| images.image(slot, plan.circuit.pixels);
    let pixels = |slot: usize| {
        let pixels = model.pixels(&image(slot));
        pixels.unwrap_or_else(|_| unreachable!("an image has as many pixels as the circuit reads"))
    };
    let services = vec![Service { model: 0, labels: (0..model.classes()).collect() }; batch];
    let name = Seed([0; 32]);
    let start = now();
    let (((mine, near), client_cpu), ((theirs, far), server_cpu)) = session::run(
        network,
        |link| timed(|| session::client(link, &client, &plan, &name, pixels)),
        |link: Link| timed(|| session::server(link, &server, &plan, &name, &networks, &services)),
    );
    let wall_s = start.elapsed().as_secs_f64();
    let (mine, theirs) = (mine.map_err(halted)?, theirs.map_err(halted)?);
    let metered = Metered { meters: [near, far].map(Link::into_meter), cpu: client_cpu + server_cpu };
    let BackendArg::Cheetah = inference.backend;
    let exact = is_exact(model, &plan, image, [&mine, &theirs])?;
    let faithful = Truncation::from(inference.truncation) == Truncation::Faithful;
    Ok(BenchDocument {
        error: (faithful && !exact).then(|| inexact(file, batch)),
        backend: "cheetah",
        model: files::name(file),
        batch,
        network: inference.network.name.clone(),
        truncation: if faithful { "faithful" } else { "one_bit" },
        exact,
        once_per_network,
        setup: SetupMeasured::new(&setup),
        per_inference: PerInference::new(&metered, batch, wall_s, [client_cpu, server_cpu], network),
        peak_rss_bytes: peak_rss_bytes(),
        by_layer: layers(&metered, batch),
    })
}

/// Prepares what a server and a client need before they meet: the plan and the encoded weights.
fn prepare(model: &FixedModel, inference: &InferenceArgs, batch: usize) -> Result<(Plan, Networks), PartiesError> {
    let circuit = Circuit::new(&[model], inference.truncation.into())?;
    let plan = Plan::new(circuit, batch, Grouping::Chunk)?;
    let networks = Networks::new(&plan, std::slice::from_ref(model))?;
    Ok((plan, networks))
}

/// Returns the error message for a measurement whose logits are not exact.
pub fn inexact(file: &Path, batch: usize) -> String {
    format!(
        "{}: batch {batch}: two parties do not compute the plaintext's logits, and faithful truncation must",
        files::name(file)
    )
}

/// Whether every logit and every label equals that of the plaintext reference.
fn is_exact(
    model: &FixedModel,
    plan: &Plan,
    image: impl Fn(usize) -> Vec<u8>,
    parties: [&Answered; 2],
) -> Result<bool, Failure> {
    let ring = plan.circuit.ring(plan.circuit.output);
    let [mine, theirs] = parties.map(|answered| &answered.logits);
    let slots = mine.chunks(plan.circuit.classes).zip(theirs.chunks(plan.circuit.classes)).zip(&parties[0].labels);
    for (slot, ((mine, theirs), label)) in slots.enumerate() {
        let expected = model.logits(&image(slot)).map_err(Failure::usage)?;
        let sums = mine.iter().zip(theirs).map(|(a, b)| a.wrapping_add(*b) & mask(ring));
        if !sums.eq(expected.iter().map(|logit| logit.cast_unsigned() & mask(ring)))
            || fusion_nn::fixed::argmax(&expected) != *label
        {
            return Ok(false);
        }
    }
    Ok(parties[0].labels.len() == plan.slots && mine.len() == plan.slots * plan.circuit.classes)
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

#[expect(clippy::cast_precision_loss, reason = "bytes and rounds are below 2^52")]
impl PerInference {
    pub fn new(
        metered: &Metered,
        batch: usize,
        wall_s: f64,
        cpu: [std::time::Duration; 2],
        network: LinkSpeed,
    ) -> Self {
        let each = |total: f64| total / batch as f64;
        let [client, server] = &metered.meters;
        let sent = |role: Role, phase: Option<Phase>| client.sent(role, phase).bytes;
        let framing = framing_bytes([Role::Client, Role::Server].map(|role| client.sent(role, None)));
        let over = |network: LinkSpeed| each(wall_s + replayed(client, server, network).virtual_ns() as f64 / 1e9);
        let offline = sent(Role::Client, Some(Phase::Offline)) + sent(Role::Server, Some(Phase::Offline));
        Self {
            client_sent_bytes: each(sent(Role::Client, None) as f64),
            server_sent_bytes: each(sent(Role::Server, None) as f64),
            offline_bytes: each(offline as f64),
            framing_bytes: each(framing as f64),
            rounds: each(client.rounds().into()),
            client_cpu_s: each(cpu[0].as_secs_f64()),
            server_cpu_s: each(cpu[1].as_secs_f64()),
            wall_s: each(wall_s),
            lan_s: over(LinkSpeed::LAN),
            wan_s: over(LinkSpeed::WAN),
            network_s: over(network),
        }
    }
}

/// Returns what each layer sends, for one inference.
#[expect(clippy::cast_precision_loss, reason = "bytes are below 2^52")]
fn layers(metered: &Metered, batch: usize) -> Vec<LayerMeasured> {
    let each = |tally: Tally| tally.bytes as f64 / batch as f64;
    let layer = |metered::LayerShare { name, share, .. }: metered::LayerShare| LayerMeasured {
        step: name,
        client_sent_bytes: each(share.sent[0]),
        server_sent_bytes: each(share.sent[1]),
        messages: share.sent[0].messages + share.sent[1].messages,
    };
    metered.layers().into_iter().map(layer).collect()
}

/// Returns the largest amount of memory that this process has held, if the system tells.
fn peak_rss_bytes() -> Option<u64> {
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
