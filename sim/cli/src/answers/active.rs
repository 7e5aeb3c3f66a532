//! Full active security: what one inference costs and how it may fail, predicted from its architecture or measured.

use super::bench::{PerInference, SetupMeasured, peak_rss_bytes};
use super::pictures::Pictures;
use crate::args::bench::InferenceArgs;
use fusion_2pc::random::{Seed, Simulated};
use fusion_2pc::role::Role;
use fusion_2pc::session;
use fusion_2pc::wire::clock::{LinkSpeed, replayed};
use fusion_2pc::wire::link::Link;
use fusion_2pc::wire::meter::{Meter, Phase};
use fusion_active::cost::Cost;
use fusion_active::lowgear::parameters::MOST_ANSWERS;
use fusion_active::network::{Architecture, Holding, Unsupported};
use fusion_active::party::{Party, Used};
use fusion_active::predicted::Predicted;
use fusion_active::soundness::{self, Term};
use fusion_engine::clock::now;
use fusion_engine::failure::Failure;
use fusion_engine::files;
use fusion_engine::simulate::{Predicted as Messages, metered};
use fusion_nn::fixed::FixedModel;
use fusion_spec::bound::bits::security_bits;
use rug::Rational;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// The name of the protocol: SPDZ online (CRYPTO 2012), `LowGear` offline (EUROCRYPT 2018).
pub const NAME: &str = "spdz-lowgear";

/// The triples that are run at most: both parties hold 48 bytes of each, and as much again while they are made and used.
const MOST_TRIPLES: usize = 1 << 24;

/// Predicts an inference of a network.
///
/// # Errors
/// Every reason why the network is not evaluated.
pub fn predicted(model: &FixedModel) -> Result<Predicted, Vec<String>> {
    let known = Architecture::of(model).map_err(|Unsupported(reasons)| reasons)?;
    let predicted = known.predicted();
    if predicted.is_within_keys() {
        return Ok(predicted);
    }
    let answers = predicted.answers;
    Err(vec![format!(
        "one pair of keys answers at most {MOST_ANSWERS} products of ciphertexts, and an inference takes {answers}"
    )])
}

/// Returns the messages of an inference, without those of the set-up.
pub fn messages(predicted: &Predicted) -> Messages {
    let Cost { sent, rounds } = predicted.inference();
    Messages { sent, most_rounds: rounds }
}

/// Returns the bits against a party that cheats and gets through, or learns something, in an inference.
pub fn error_bits(predicted: &Predicted) -> f64 {
    bits(&soundness::bound(&soundness::terms(predicted)))
}

fn bits(probability: &Rational) -> f64 {
    security_bits(probability).unwrap_or_else(|| unreachable!("a term of the bound is not 0"))
}

/// What is measured: a model and its image.
pub struct Job<'a> {
    pub file: &'a Path,
    pub model: &'a FixedModel,
    pub inference: &'a InferenceArgs,
    pub seed: u64,
    pub images: &'a Pictures,
}

/// The measurements of one inference with full active security.
#[derive(Serialize)]
pub struct ActiveBenchDocument {
    /// The error, where logits are not exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub protocol: &'static str,
    pub model: String,
    pub batch: usize,
    pub network: String,
    pub exact: bool,
    pub setup: SetupMeasured,
    pub per_inference: PerInference,
    /// All triples that were used.
    pub triples: usize,
    /// Those of products of linear layers.
    pub products: usize,
    /// The bytes of a product with its triple, where eight sets of triples are made at once.
    pub bytes_per_product: f64,
    /// The masks of comparisons that were taken again, by chance.
    pub masks_again: usize,
    /// The attempts at proofs beyond the first of each, by chance: the client's and the server's.
    pub proofs_again: [usize; 2],
    pub error_terms: Vec<TermDocument>,
    /// The sum of the terms, exactly.
    pub error_bound: String,
    pub error_bits: f64,
    /// The probability that two honest parties stop, at most.
    pub false_alarm: String,
    pub peak_rss_bytes: Option<u64>,
}

/// A way in which a party that cheats may get through, or learn something.
#[derive(Serialize)]
pub struct TermDocument {
    pub name: &'static str,
    /// The probability at each place, at most, exactly.
    pub each: String,
    /// The number of places.
    pub times: usize,
    /// The bits against it at any place, rounded down.
    pub bits: f64,
}

impl TermDocument {
    fn new(term: &Term) -> Self {
        Self { name: term.name, each: term.each.to_string(), times: term.times, bits: bits(&term.total()) }
    }
}

impl ActiveBenchDocument {
    /// Returns the failure for logits that must be exact and are not, which is a bug of this program.
    pub fn fault(&self) -> Result<(), Failure> {
        self.error.clone().map_or(Ok(()), |error| Err(Failure::Bug(error)))
    }
}

/// What a party did, and what it took: the set-up first, then the inference.
struct Played {
    logits: Option<Vec<i64>>,
    used: Used,
    retries: [usize; 2],
    meter: Meter,
    cpu: [Duration; 2],
    wall: [Duration; 2],
}

fn play(link: Link, root: Seed, known: &Architecture, holding: Holding<'_>) -> Result<Played, Failure> {
    // Both parties are honest: what stops them is chance that the bound of false alarms covers, or a bug.
    let stopped =
        |failure: fusion_active::failure::Failure| Failure::Bug(format!("two honest parties stop: {failure}"));
    let began = now();
    let (party, set_up) = metered::timed(|| Party::new(link, Simulated(root)));
    let mut party = party.map_err(stopped)?;
    let (set_up_wall, began) = (began.elapsed(), now());
    let (logits, inferred) = metered::timed(|| party.infer(known, holding));
    Ok(Played {
        logits: logits.map_err(stopped)?,
        used: party.used(),
        retries: party.retries(),
        cpu: [set_up, inferred],
        wall: [set_up_wall, began.elapsed()],
        meter: party.into_link().into_meter(),
    })
}

/// Runs one inference and measures it.
///
/// # Errors
/// [`Failure::Usage`] for a network that is not evaluated, or that takes too many triples to hold.
pub fn measure(job: &Job<'_>) -> Result<ActiveBenchDocument, Failure> {
    let &Job { file, model, inference, seed, images } = job;
    let name = files::name(file);
    let predicted =
        predicted(model).map_err(|reasons| Failure::Usage(format!("{name}: --active: {}", reasons.join("; "))))?;
    if predicted.triples > MOST_TRIPLES {
        let triples = predicted.triples;
        let why = format!("an inference takes {triples} triples, and at most {MOST_TRIPLES} are run");
        return Err(Failure::Usage(format!("{name}: --active: {why}; --predict says what it would cost")));
    }
    let known = Architecture::of(model).map_err(|refused| Failure::Bug(refused.to_string()))?;
    let image = images.image(0, model.image().iter().product());
    let wrong_size = |error: fusion_nn::fixed::WrongSize| Failure::Usage(format!("{name}: {error}"));
    let pixels = known.pixels(&image).map_err(wrong_size)?;
    let root = Seed(blake3::derive_key("fusion-sim 2026-11 keys of a measurement", &seed.to_le_bytes()));
    let (client, server) = session::run(
        LinkSpeed::LAN,
        |link| play(link, root.child("client"), &known, Holding::Image(&pixels)),
        |link: Link| play(link, root.child("server"), &known, Holding::Network(model)),
    );
    let (client, server) = (client?, server?);
    let exact = client.logits == Some(model.logits(&image).map_err(wrong_size)?);
    let terms = soundness::terms(&predicted);
    let bound = soundness::bound(&terms);
    Ok(ActiveBenchDocument {
        error: (!exact).then(|| format!("{name}: two parties do not compute the plaintext's logits")),
        protocol: NAME,
        model: name,
        batch: 1,
        network: inference.network.name.clone(),
        exact,
        setup: set_up(&client, &server),
        per_inference: per_inference(&client, &server, inference.network.network),
        triples: client.used.triples,
        products: predicted.products,
        bytes_per_product: fusion_active::cost::bytes_of_a_product(8),
        masks_again: client.used.rejected,
        proofs_again: client.retries,
        error_terms: terms.iter().map(TermDocument::new).collect(),
        error_bits: bits(&bound),
        error_bound: bound.to_string(),
        false_alarm: soundness::false_alarm(&predicted).to_string(),
        peak_rss_bytes: peak_rss_bytes(),
    })
}

/// The rounds and the virtual nanoseconds at which the set-up ends.
fn end_of_set_up(meter: &Meter) -> (u32, u64) {
    let messages = meter.log.iter().filter(|message| message.phase == Phase::Setup);
    messages.fold((0, 0), |(depth, ns), message| (depth.max(message.depth), ns.max(message.arrival_ns)))
}

fn set_up(client: &Played, server: &Played) -> SetupMeasured {
    let sent = [Role::Client, Role::Server].map(|role| client.meter.sent(role, Some(Phase::Setup)));
    let (rounds, virtual_ns) = end_of_set_up(&client.meter);
    let cpu = [client.cpu[0], server.cpu[0]];
    let spent = metered::Spent { client: sent[0], server: sent[1], rounds, virtual_ns, cpu: cpu[0] + cpu[1] };
    SetupMeasured::new(&metered::SetupSpent { spent, cpu, wall: client.wall[0] })
}

#[expect(clippy::cast_precision_loss, reason = "bytes and nanoseconds are below 2^52")]
fn per_inference(client: &Played, server: &Played, network: LinkSpeed) -> PerInference {
    let meter = &client.meter;
    let after = |role: Role| meter.total(|message| message.from == role && message.phase != Phase::Setup);
    let offline = [Role::Client, Role::Server].map(|role| meter.sent(role, Some(Phase::Offline)).bytes);
    let wall_s = client.wall[1].as_secs_f64();
    let over = |network: LinkSpeed| {
        let meter = replayed(&client.meter, &server.meter, network);
        wall_s + meter.virtual_ns().saturating_sub(end_of_set_up(&meter).1) as f64 / 1e9
    };
    PerInference {
        client_sent_bytes: after(Role::Client).bytes as f64,
        server_sent_bytes: after(Role::Server).bytes as f64,
        offline_bytes: offline.iter().sum::<usize>() as f64,
        framing_bytes: metered::framing_bytes([after(Role::Client), after(Role::Server)]) as f64,
        rounds: f64::from(meter.rounds() - end_of_set_up(meter).0),
        client_cpu_s: client.cpu[1].as_secs_f64(),
        server_cpu_s: server.cpu[1].as_secs_f64(),
        wall_s,
        lan_s: over(LinkSpeed::LAN),
        wan_s: over(LinkSpeed::WAN),
        network_s: over(network),
    }
}
