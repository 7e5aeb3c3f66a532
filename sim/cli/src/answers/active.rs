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
use fusion_active::leviosa::cost::{Planned, cheapest};
use fusion_active::leviosa::soundness::terms;
use fusion_active::lowgear::parameters::MOST_ANSWERS;
use fusion_active::network::{Architecture, Holding, Triples, Unsupported};
use fusion_active::party::{Party, Used};
use fusion_active::predicted::Predicted;
use fusion_active::soundness::{self, Term};
use fusion_engine::clock::now;
use fusion_engine::failure::Failure;
use fusion_engine::files;
use fusion_engine::simulate::{MOST_TRIPLES, Predicted as Messages, metered};
use fusion_nn::fixed::FixedModel;
use fusion_spec::bound::bits::security_bits;
use rug::Rational;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// Returns the name of the protocol: SPDZ online (CRYPTO 2012), `LowGear` offline (EUROCRYPT 2018), with a triple for each product or one of matrices for each linear layer.
pub const fn name(triples: Triples) -> &'static str {
    match triples {
        Triples::Elements => "spdz-lowgear",
        Triples::Matrices => "spdz-lowgear-matrices",
    }
}

/// A protocol with full active security.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// SPDZ with triples of `LowGear`, by what triples linear layers are evaluated.
    Spdz(Triples),
    /// Emulated servers and watchlists in the style of `LevioSA`: the products of linear layers alone.
    LinearLayers,
}

impl Protocol {
    /// All of them, from the documented one.
    pub const ALL: [Self; 3] = [Self::Spdz(Triples::Elements), Self::Spdz(Triples::Matrices), Self::LinearLayers];

    /// Returns the name in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spdz(triples) => name(triples),
            Self::LinearLayers => "leviosa-style-linear",
        }
    }

    /// Returns the name in tables.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Spdz(Triples::Elements) => "SPDZ with LowGear",
            Self::Spdz(Triples::Matrices) => "SPDZ with LowGear by matrices",
            Self::LinearLayers => "LevioSA-style, linear layers only,",
        }
    }
}

/// Predicts a run in the style of `LevioSA` of all linear layers of so many images, on inputs shared between both parties. It has no comparisons.
///
/// # Errors
/// Every reason why the network is not evaluated.
pub fn linear_layers(model: &FixedModel, images: usize) -> Result<Planned, Vec<String>> {
    let layers = architecture(model, Triples::Elements, images)?.linear_layers();
    cheapest(&layers, images).ok_or_else(|| vec!["it takes more products than the noise of one run hides".into()])
}

/// Returns the bits against a party that cheats and gets through, or learns something, in a run of linear layers.
pub fn linear_error_bits(planned: &Planned) -> f64 {
    bits(&soundness::bound(&terms(&planned.code, planned.size)))
}

/// Returns what both parties know of a network that is evaluated on so many images at once.
fn architecture(model: &FixedModel, triples: Triples, images: usize) -> Result<Architecture, Vec<String>> {
    let known = Architecture::of(model).and_then(|known| known.by(triples));
    Ok(known.map_err(|Unsupported(reasons)| reasons)?.at_once(images))
}

/// Predicts the inference of so many images at once.
///
/// # Errors
/// Every reason why the network is not evaluated.
pub fn predicted(model: &FixedModel, triples: Triples, images: usize) -> Result<Predicted, Vec<String>> {
    let predicted = architecture(model, triples, images)?.predicted();
    if predicted.is_within_keys() {
        return Ok(predicted);
    }
    let (answers, what) = (predicted.answers, if images == 1 { "an inference takes" } else { "a batch takes" });
    Err(vec![format!("one pair of keys answers at most {MOST_ANSWERS} products of ciphertexts, and {what} {answers}")])
}

/// Predicts the messages of a batch, without those of set-ups: as many images at once as are run, with a set-up for each session of so many.
///
/// # Errors
/// Every reason why the network is not evaluated.
pub fn messages_of_batch(model: &FixedModel, triples: Triples, batch: usize) -> Result<Messages, Vec<String>> {
    let one = predicted(model, triples, 1)?;
    let at_once = (MOST_TRIPLES / one.triples.max(1)).clamp(1, batch);
    let session = messages(&predicted(model, triples, at_once)?);
    let times = batch / at_once;
    let mut all = Messages { sent: session.sent.map(|bytes| times * bytes), most_rounds: times * session.most_rounds };
    if !batch.is_multiple_of(at_once) {
        let last = messages(&predicted(model, triples, batch % at_once)?);
        all.sent = [all.sent[0] + last.sent[0], all.sent[1] + last.sent[1]];
        all.most_rounds += last.most_rounds;
    }
    Ok(all)
}

/// Returns the messages of an inference, without those of the set-up.
pub fn messages(predicted: &Predicted) -> Messages {
    messages_of(predicted.inference())
}

/// Returns the messages of a part of a computation.
pub const fn messages_of(cost: Cost) -> Messages {
    let Cost { sent, rounds } = cost;
    Messages { sent, most_rounds: rounds }
}

/// Returns the bits against a party that cheats and gets through, or learns something, in an inference.
pub fn error_bits(predicted: &Predicted) -> f64 {
    bits(&soundness::bound(&soundness::terms(predicted)))
}

fn bits(probability: &Rational) -> f64 {
    security_bits(probability).unwrap_or_else(|| unreachable!("a term of the bound is not 0"))
}

/// What is measured: a model and its images.
pub struct Job<'a> {
    pub triples: Triples,
    pub batch: usize,
    pub file: &'a Path,
    pub model: &'a FixedModel,
    pub inference: &'a InferenceArgs,
    pub seed: u64,
    pub images: &'a Pictures,
}

/// The measurements of a batch of inferences with full active security.
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
    /// All triples of elements that were used, for all images.
    pub triples: usize,
    /// The products of linear layers, of all images: each took one of these triples, where there are no triples of matrices.
    pub products: usize,
    /// The triples of matrices that were used.
    pub matrices: usize,
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
    let mut party = party.map_err(|never| stopped(never.failure))?;
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

/// Runs a batch and measures it.
///
/// # Errors
/// [`Failure::Usage`] for a network that is not evaluated, or that takes too many triples to hold.
pub fn measure(job: &Job<'_>) -> Result<ActiveBenchDocument, Failure> {
    let &Job { triples, batch, file, model, inference, seed, images } = job;
    let name = files::name(file);
    let refused = |reasons: Vec<String>| Failure::Usage(format!("{name}: --active: {}", reasons.join("; ")));
    let predicted = predicted(model, triples, batch).map_err(refused)?;
    if predicted.triples > MOST_TRIPLES {
        let (triples, what) = (predicted.triples, if batch == 1 { "an inference takes" } else { "a batch takes" });
        let why = format!("{what} {triples} triples, and at most {MOST_TRIPLES} are run");
        return Err(Failure::Usage(format!("{name}: --active: {why}; --predict says what it would cost")));
    }
    let known = architecture(model, triples, batch).map_err(|reasons| Failure::Bug(reasons.join("; ")))?;
    let wrong_size = |error: fusion_nn::fixed::WrongSize| Failure::Usage(format!("{name}: {error}"));
    let (mut pixels, mut logits) = (Vec::new(), Vec::new());
    for slot in 0..batch {
        let image = images.image(slot, model.image().iter().product());
        pixels.extend(known.pixels(&image).map_err(wrong_size)?);
        logits.extend(model.logits(&image).map_err(wrong_size)?);
    }
    let root = Seed(blake3::derive_key("fusion-sim 2026-11 keys of a measurement", &seed.to_le_bytes()));
    let (client, server) = session::run(
        LinkSpeed::LAN,
        |link| play(link, root.child("client"), &known, Holding::Image(&pixels)),
        |link: Link| play(link, root.child("server"), &known, Holding::Network(model)),
    );
    let (client, server) = (client?, server?);
    let exact = client.logits == Some(logits);
    let terms = soundness::terms(&predicted);
    let bound = soundness::bound(&terms);
    Ok(ActiveBenchDocument {
        error: (!exact).then(|| format!("{name}: two parties do not compute the plaintext's logits")),
        protocol: self::name(triples),
        model: name,
        batch,
        network: inference.network.name.clone(),
        exact,
        setup: set_up(&client, &server),
        per_inference: per_inference((&client, &server), inference.network.network, batch),
        triples: client.used.triples,
        products: predicted.products,
        matrices: predicted.matrices,
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
fn per_inference((client, server): (&Played, &Played), network: LinkSpeed, batch: usize) -> PerInference {
    let meter = &client.meter;
    let after = |role: Role| meter.total(|message| message.from == role && message.phase != Phase::Setup);
    let offline = [Role::Client, Role::Server].map(|role| meter.sent(role, Some(Phase::Offline)).bytes);
    let wall_s = client.wall[1].as_secs_f64();
    let over = |network: LinkSpeed| {
        let meter = replayed(&client.meter, &server.meter, network);
        wall_s + meter.virtual_ns().saturating_sub(end_of_set_up(&meter).1) as f64 / 1e9
    };
    let each = |total: f64| total / batch as f64;
    PerInference {
        client_sent_bytes: each(after(Role::Client).bytes as f64),
        server_sent_bytes: each(after(Role::Server).bytes as f64),
        offline_bytes: each(offline.iter().sum::<usize>() as f64),
        framing_bytes: each(metered::framing_bytes([after(Role::Client), after(Role::Server)]) as f64),
        rounds: each(f64::from(meter.rounds() - end_of_set_up(meter).0)),
        client_cpu_s: each(client.cpu[1].as_secs_f64()),
        server_cpu_s: each(server.cpu[1].as_secs_f64()),
        wall_s: each(wall_s),
        lan_s: each(over(LinkSpeed::LAN)),
        wan_s: each(over(LinkSpeed::WAN)),
        network_s: each(over(network)),
    }
}
