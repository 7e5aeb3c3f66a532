//! `sim bench`: what one secure inference costs.

use super::pictures::Pictures;
use crate::args::bench::{BackendArg, BenchArgs, InferenceArgs};
use crate::failure::Failure;
use crate::files;
use crate::models;
use crate::simulate::metered::{self, Metered, Spent, timed};
use crate::store::now;
use crate::text::{self, DIM, HEADING};
use fusion_2pc::bits::mask;
use fusion_2pc::circuit::Circuit;
use fusion_2pc::clock::{Network, replayed};
use fusion_2pc::link::{Halt, Link, Role};
use fusion_2pc::meter::{Phase, Tally};
use fusion_2pc::random::Seed;
use fusion_2pc::session::{self, Answered, CHUNK, Grouping, Networks, Plan, Service};
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
        return Ok(writeln!(stdout)?);
    }
    documents.iter().try_for_each(|document| document.write_text(stdout))
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
        let each = measure(&job, false)?.per_inference;
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
    let problems =
        |problems: String| Failure::Usage(format!("{name}: {}", text::one_line(&problems.replace('\n', "; "))));
    let model = models::load(file)?.model.map_err(|error| problems(error.to_string()))?;
    FixedModel::new(&model, inference.fixed_point.precision(), inference.fixed_point.pixels())
        .map_err(|error| problems(error.to_string()))
}

/// One batch, measured.
#[derive(Serialize)]
struct Document {
    backend: &'static str,
    model: String,
    batch: usize,
    network: String,
    truncation: &'static str,
    exact: bool,
    setup: Setup,
    per_inference: PerInference,
    peak_rss_bytes: Option<u64>,
    by_layer: Vec<Layer>,
    #[serde(skip)]
    show_layers: bool,
}

/// What is done once for many batches.
#[derive(Serialize)]
struct Setup {
    client_sent_bytes: usize,
    server_sent_bytes: usize,
    rounds: u32,
    wall_s: f64,
}

/// A batch's total, divided by the batch. Seconds over a network are the wall time here and the virtual time there, added.
#[derive(Serialize)]
struct PerInference {
    client_sent_bytes: f64,
    server_sent_bytes: f64,
    offline_bytes: f64,
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
    let halted = |halt: Halt| Failure::Bug(halt.to_string());
    let circuit = Circuit::new(&[model], inference.truncation.into()).map_err(|error| refused(&error))?;
    let plan = Plan::new(circuit, batch, Grouping::Chunk).map_err(|error| refused(&error))?;
    let networks = Networks::new(&plan, std::slice::from_ref(model)).map_err(|error| refused(&error))?;
    let network = inference.network.network;
    let keys = Seed(blake3::derive_key("fusion-sim 2026-11 keys of a measurement", &seed.to_le_bytes()));
    let start = now();
    let (client, server, link) = session::set_up(&keys, &[&plan], network).map_err(halted)?;
    let setup = Setup::new(&Spent::of(link.meter(), start.elapsed()));
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
    Ok(Document {
        backend: "cheetah",
        model: files::name(file),
        batch,
        network: inference.network.name.clone(),
        truncation: match inference.truncation.into() {
            fusion_2pc::truncate::Truncation::Faithful => "faithful",
            fusion_2pc::truncate::Truncation::OneBit => "one_bit",
        },
        exact: is_exact(model, &plan, image, [&mine, &theirs])?,
        setup,
        per_inference: PerInference::new(&metered, batch, wall_s, [client_cpu, server_cpu], network),
        peak_rss_bytes: peak_rss_bytes(),
        by_layer: layers(&metered, batch),
        show_layers,
    })
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
    fn new(spent: &Spent) -> Self {
        Self {
            client_sent_bytes: spent.client.bytes,
            server_sent_bytes: spent.server.bytes,
            rounds: spent.rounds,
            wall_s: spent.cpu.as_secs_f64(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "bytes and rounds are below 2^52")]
impl PerInference {
    fn new(metered: &Metered, batch: usize, wall_s: f64, cpu: [std::time::Duration; 2], network: Network) -> Self {
        let each = |total: f64| total / batch as f64;
        let [client, server] = &metered.meters;
        let sent = |role: Role, phase: Option<Phase>| client.sent(role, phase).bytes;
        let over = |network: Network| each(wall_s + replayed(client, server, network).virtual_ns() as f64 / 1e9);
        let offline = sent(Role::Client, Some(Phase::Offline)) + sent(Role::Server, Some(Phase::Offline));
        Self {
            client_sent_bytes: each(sent(Role::Client, None) as f64),
            server_sent_bytes: each(sent(Role::Server, None) as f64),
            offline_bytes: each(offline as f64),
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

impl Document {
    fn write_text(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let Self { backend, model, batch, network, truncation, per_inference: each, setup, .. } = self;
        let exact = if self.exact { "every logit exact" } else { "NOT the plaintext's logits" };
        let title = format!("{model}   {backend}   batch {batch}   {truncation}   {exact}");
        writeln!(out, "{}\n", text::styled(HEADING, &title))?;
        let kilo = |bytes: f64| format!("{:.1} KB", bytes / 1000.0);
        let milli = |seconds: f64| format!("{:.2} ms", seconds * 1000.0);
        let sent = each.client_sent_bytes + each.server_sent_bytes;
        let mut rows = vec![
            vec!["client sends".into(), kilo(each.client_sent_bytes)],
            vec!["server sends".into(), kilo(each.server_sent_bytes)],
            vec!["together".into(), kilo(sent)],
            vec!["of it offline".into(), kilo(each.offline_bytes)],
            vec!["rounds".into(), format!("{:.2}", each.rounds)],
            vec!["client computes".into(), milli(each.client_cpu_s)],
            vec!["server computes".into(), milli(each.server_cpu_s)],
            vec!["here, both parties".into(), milli(each.wall_s)],
            vec!["over lan".into(), milli(each.lan_s)],
            vec!["over wan".into(), milli(each.wan_s)],
        ];
        if !["lan", "wan"].contains(&network.as_str()) {
            rows.push(vec![format!("over {network}"), milli(each.network_s)]);
        }
        write!(out, "{}", text::table(&["per inference", ""], rows, 1))?;
        #[expect(clippy::cast_precision_loss, reason = "bytes are below 2^52")]
        let once = kilo((setup.client_sent_bytes + setup.server_sent_bytes) as f64);
        let memory =
            self.peak_rss_bytes.map_or_else(String::new, |bytes| format!("   memory {} MB", bytes / 1_000_000));
        let line = format!("set-up, once: {once}, {} rounds, {}{memory}", setup.rounds, milli(setup.wall_s));
        writeln!(out, "\n{}", text::styled(DIM, &line))?;
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
}
