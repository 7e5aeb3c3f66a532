//! `sim bench`: what one secure inference costs.

use super::pictures::Pictures;
use crate::args::bench::{BackendArg, BenchArgs, InferenceArgs};
use crate::text::{self, BAD, DIM, HEADING};
use fusion_2pc::bits::mask;
use fusion_2pc::circuit::Circuit;
use fusion_2pc::clock::{Network, replayed};
use fusion_2pc::link::{Halt, Link, Role};
use fusion_2pc::meter::{Phase, Tally};
use fusion_2pc::random::Seed;
use fusion_2pc::session::{self, Answered, CHUNK, Grouping, Networks, Plan, Service};
use fusion_2pc::truncate::Truncation;
use fusion_adversaries::problem::one_line;
use fusion_engine::clock::now;
use fusion_engine::failure::Failure;
use fusion_engine::files;
use fusion_engine::models;
use fusion_engine::simulate::PartiesError;
use fusion_engine::simulate::metered::{self, Metered, framing_bytes, timed};
use fusion_nn::fixed::FixedModel;
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// Measures each batch.
pub fn run(args: &BenchArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let model = model(&args.model, &args.inference)?;
    let images = Pictures::new(args.images.as_deref(), args.seed, &model)?;
    let measured = |&batch: &usize| {
        let seed = args.seed;
        let job = Job { file: &args.model, model: &model, inference: &args.inference, seed, batch, images: &images };
        measure(&job, args.by.is_some())
    };
    let documents: Vec<Document> = args.batch.iter().map(measured).collect::<Result<_, _>>()?;
    if args.json {
        serde_json::to_writer_pretty(&mut *stdout, &documents).map_err(std::io::Error::from)?;
        writeln!(stdout)?;
    } else {
        documents.iter().try_for_each(|document| document.write_text(stdout))?;
    }
    stdout.flush()?;
    documents.iter().try_for_each(Document::fault)
}

/// What a query costs by a plan: bytes and seconds, on as many inferences. Measured on a chunk of random images.
#[derive(Clone, Copy, Serialize)]
pub struct PerQuery {
    bytes: f64,
    lan_s: f64,
    wan_s: f64,
    network_s: f64,
}

impl PerQuery {
    /// Of one inference, among as many as share a session, up to a chunk.
    pub fn measure(file: &Path, inference: &InferenceArgs, N: u128) -> Result<Self, Failure> {
        let model = model(file, inference)?;
        let batch = Self::batch(N);
        let images = Pictures::Random { seed: 1 };
        let job = Job { file, model: &model, inference, seed: 1, batch, images: &images };
        let measured = measure(&job, false)?;
        measured.fault()?;
        let each = measured.per_inference;
        let PerInference { client_sent_bytes, server_sent_bytes, lan_s, wan_s, network_s, .. } = each;
        Ok(Self { bytes: client_sent_bytes + server_sent_bytes, lan_s, wan_s, network_s })
    }

    /// Whether a model can be measured at all.
    pub fn check(file: &Path, inference: &InferenceArgs) -> Result<(), Failure> {
        model(file, inference).map(|_| ())
    }

    /// The images of a session of `N` slots that are measured.
    pub fn batch(N: u128) -> usize {
        usize::try_from(N).unwrap_or(CHUNK).min(CHUNK)
    }

    /// Of `cost` inferences.
    pub fn times(self, cost: f64) -> Self {
        let Self { bytes, lan_s, wan_s, network_s } = self;
        Self { bytes: cost * bytes, lan_s: cost * lan_s, wan_s: cost * wan_s, network_s: cost * network_s }
    }

    /// At a glance.
    pub fn line(&self, inference: &InferenceArgs) -> String {
        let Self { bytes, lan_s, wan_s, network_s } = self;
        let own = match inference.network.name.as_str() {
            "lan" | "wan" => String::new(),
            other => format!(", {:.1} ms over {other}", network_s * 1e3),
        };
        format!("{:.1} KB, {:.1} ms over lan, {:.1} ms over wan{own}", bytes / 1e3, lan_s * 1e3, wan_s * 1e3)
    }
}

/// What is measured.
struct Job<'a> {
    file: &'a Path,
    model: &'a FixedModel,
    inference: &'a InferenceArgs,
    seed: u64,
    batch: usize,
    images: &'a Pictures,
}

fn model(file: &Path, inference: &InferenceArgs) -> Result<FixedModel, Failure> {
    let name = files::name(file);
    let problems = |problems: String| Failure::Usage(format!("{name}: {}", one_line(&problems.replace('\n', "; "))));
    let model = models::load(file)?.model.map_err(|error| problems(error.to_string()))?;
    FixedModel::new(&model, inference.fixed_point.precision(), inference.fixed_point.pixels())
        .map_err(|error| problems(error.to_string()))
}

/// One batch, measured.
#[derive(Serialize)]
struct Document {
    /// Where logits that must be exact are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    backend: &'static str,
    model: String,
    batch: usize,
    network: String,
    truncation: &'static str,
    exact: bool,
    once_per_network: OncePerNetwork,
    setup: Setup,
    per_inference: PerInference,
    peak_rss_bytes: Option<u64>,
    by_layer: Vec<Layer>,
    #[serde(skip)]
    show_layers: bool,
}

/// What is done once for a network and a size of batches: the circuit, its plan, and the server's encoding of the weights.
#[derive(Serialize)]
struct OncePerNetwork {
    cpu_s: f64,
    wall_s: f64,
}

/// What is done once for a pair of parties: keys and base transfers.
#[derive(Serialize)]
struct Setup {
    client_sent_bytes: usize,
    server_sent_bytes: usize,
    framing_bytes: usize,
    rounds: u32,
    client_cpu_s: f64,
    server_cpu_s: f64,
    wall_s: f64,
}

/// A batch's total, divided by the batch. Bytes sent are of messages; the headers that frame them on a TCP line are apart. Seconds over a
/// network are the wall time here and the virtual time there, added.
#[derive(Serialize)]
struct PerInference {
    client_sent_bytes: f64,
    server_sent_bytes: f64,
    offline_bytes: f64,
    framing_bytes: f64,
    rounds: f64,
    client_cpu_s: f64,
    server_cpu_s: f64,
    wall_s: f64,
    lan_s: f64,
    wan_s: f64,
    network_s: f64,
}

/// What a layer sends, for one inference. The extension of transfers is apart, for all layers.
#[derive(Serialize)]
struct Layer {
    step: String,
    client_sent_bytes: f64,
    server_sent_bytes: f64,
    messages: usize,
}

fn measure(job: &Job<'_>, show_layers: bool) -> Result<Document, Failure> {
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
    let once_per_network = OncePerNetwork { cpu_s: cpu.as_secs_f64(), wall_s: began.elapsed().as_secs_f64() };
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
    Ok(Document {
        error: (faithful && !exact).then(|| inexact(file, batch)),
        backend: "cheetah",
        model: files::name(file),
        batch,
        network: inference.network.name.clone(),
        truncation: if faithful { "faithful" } else { "one_bit" },
        exact,
        once_per_network,
        setup: Setup::new(&setup),
        per_inference: PerInference::new(&metered, batch, wall_s, [client_cpu, server_cpu], network),
        peak_rss_bytes: peak_rss_bytes(),
        by_layer: layers(&metered, batch),
        show_layers,
    })
}

/// What a server and a client need before they meet.
fn prepare(model: &FixedModel, inference: &InferenceArgs, batch: usize) -> Result<(Plan, Networks), PartiesError> {
    let circuit = Circuit::new(&[model], inference.truncation.into())?;
    let plan = Plan::new(circuit, batch, Grouping::Chunk)?;
    let networks = Networks::new(&plan, std::slice::from_ref(model))?;
    Ok((plan, networks))
}

fn inexact(file: &Path, batch: usize) -> String {
    format!(
        "{}: batch {batch}: two parties do not compute the plaintext's logits, and faithful truncation must",
        files::name(file)
    )
}

/// Every logit, and every label, is the plaintext reference's.
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

impl Setup {
    fn new(metered::Setup { spent, cpu: [client, server], wall }: &metered::Setup) -> Self {
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
    fn new(metered: &Metered, batch: usize, wall_s: f64, cpu: [std::time::Duration; 2], network: Network) -> Self {
        let each = |total: f64| total / batch as f64;
        let [client, server] = &metered.meters;
        let sent = |role: Role, phase: Option<Phase>| client.sent(role, phase).bytes;
        let framing = framing_bytes([Role::Client, Role::Server].map(|role| client.sent(role, None)));
        let over = |network: Network| each(wall_s + replayed(client, server, network).virtual_ns() as f64 / 1e9);
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
            lan_s: over(Network::LAN),
            wan_s: over(Network::WAN),
            network_s: over(network),
        }
    }
}

/// By layer, for one inference.
#[expect(clippy::cast_precision_loss, reason = "bytes are below 2^52")]
fn layers(metered: &Metered, batch: usize) -> Vec<Layer> {
    let each = |tally: Tally| tally.bytes as f64 / batch as f64;
    let layer = |metered::Layer { name, share, .. }: metered::Layer| Layer {
        step: name,
        client_sent_bytes: each(share.sent[0]),
        server_sent_bytes: each(share.sent[1]),
        messages: share.sent[0].messages + share.sent[1].messages,
    };
    metered.layers().into_iter().map(layer).collect()
}

/// Most memory that this process has held, where the system tells.
fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

fn kilo(bytes: f64) -> String {
    format!("{:.1} KB", bytes / 1000.0)
}

fn milli(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1000.0)
}

impl Document {
    /// Logits that must be exact and are not: our bug.
    fn fault(&self) -> Result<(), Failure> {
        self.error.clone().map_or(Ok(()), |error| Err(Failure::Bug(error)))
    }

    fn write_text(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let Self { backend, model, batch, network, truncation, per_inference: each, .. } = self;
        if let Some(error) = &self.error {
            writeln!(out, "{} {error}", text::styled(BAD, "error"))?;
        }
        let exact = if self.exact { "every logit exact" } else { "NOT the plaintext's logits" };
        let title = format!("{model}   {backend}   batch {batch}   {truncation}   {exact}");
        writeln!(out, "{}\n", text::styled(HEADING, &title))?;
        let sent = each.client_sent_bytes + each.server_sent_bytes;
        let mut rows = vec![
            vec!["client sends".into(), kilo(each.client_sent_bytes)],
            vec!["server sends".into(), kilo(each.server_sent_bytes)],
            vec!["total".into(), kilo(sent)],
            vec!["of which offline".into(), kilo(each.offline_bytes)],
            vec!["TCP frames, extra".into(), kilo(each.framing_bytes)],
            vec!["rounds".into(), format!("{:.2}", each.rounds)],
            vec!["client computes".into(), milli(each.client_cpu_s)],
            vec!["server computes".into(), milli(each.server_cpu_s)],
            vec!["time in memory".into(), milli(each.wall_s)],
            vec!["time over lan".into(), milli(each.lan_s)],
            vec!["time over wan".into(), milli(each.wan_s)],
        ];
        if !["lan", "wan"].contains(&network.as_str()) {
            rows.push(vec![format!("time over {network}"), milli(each.network_s)]);
        }
        write!(out, "{}", text::table(&["per inference", ""], rows, 1))?;
        writeln!(out, "\n{}", text::styled(DIM, &self.once()))?;
        if self.show_layers {
            let row = |layer: &Layer| {
                let Layer { step, client_sent_bytes, server_sent_bytes, messages } = layer;
                vec![step.clone(), kilo(*client_sent_bytes), kilo(*server_sent_bytes), messages.to_string()]
            };
            let rows = self.by_layer.iter().map(row).collect();
            write!(out, "\n{}", text::table(&["layer", "client sends", "server sends", "messages"], rows, 1))?;
        }
        Ok(())
    }

    /// What comes before the first inference, a line each.
    #[expect(clippy::cast_precision_loss, reason = "bytes are below 2^52")]
    fn once(&self) -> String {
        let Self { once_per_network, setup, .. } = self;
        let sent = kilo((setup.client_sent_bytes + setup.server_sent_bytes) as f64);
        let framing = kilo(setup.framing_bytes as f64);
        let [client, server] = [setup.client_cpu_s, setup.server_cpu_s].map(milli);
        let memory =
            self.peak_rss_bytes.map_or_else(String::new, |bytes| format!("   memory {} MB", bytes / 1_000_000));
        format!(
            "once per network: plan and weights {}\nonce per pair: {sent}, TCP frames {framing}, {} rounds, client {client}, \
             server {server}, here {}{memory}",
            milli(once_per_network.wall_s),
            setup.rounds,
            milli(setup.wall_s),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(error: Option<String>) -> Document {
        Document {
            exact: error.is_none(),
            error,
            backend: "cheetah",
            model: "model.onnx".into(),
            batch: 1,
            network: "lan".into(),
            truncation: "faithful",
            once_per_network: OncePerNetwork { cpu_s: 0.25, wall_s: 0.5 },
            setup: Setup::new(&metered::Setup::default()),
            per_inference: PerInference::new(&Metered::default(), 1, 0.0, [std::time::Duration::ZERO; 2], Network::LAN),
            peak_rss_bytes: None,
            by_layer: Vec::new(),
            show_layers: false,
        }
    }

    /// On the first line, as the first key, and by the exit code.
    #[test]
    fn logits_that_are_not_exact_are_said_first() {
        let wrong = document(Some(inexact(Path::new("model.onnx"), 1)));
        let mut text = anstream::StripStream::new(Vec::new());
        wrong.write_text(&mut text).unwrap();
        let text = String::from_utf8(text.into_inner()).unwrap();
        let first = "error model.onnx: batch 1: two parties do not compute the plaintext's logits, and faithful truncation must";
        assert_eq!(text.lines().next(), Some(first));
        let json = serde_json::to_string(&wrong).unwrap();
        assert!(json.starts_with(r#"{"error":"model.onnx: batch 1: "#), "{json}");
        let failure = wrong.fault().unwrap_err();
        let code = crate::failure::report(&failure, crate::failure::Format::Text, &mut Vec::new());
        assert_eq!(code, crate::failure::BUG);
        let right = document(None);
        assert!(right.fault().is_ok() && !serde_json::to_string(&right).unwrap().contains("error"));
    }

    #[test]
    fn what_comes_once_is_apart() {
        let once = document(None).once();
        assert!(
            once.starts_with("once per network: plan and weights 500.00 ms\nonce per pair: 0.0 KB, TCP frames 0.0 KB"),
            "{once}"
        );
    }
}
