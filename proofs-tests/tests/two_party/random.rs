//! Random networks: two parties compute what the reference does, in every logit; or the network is refused when it is loaded.
//!
//! Each network is walked twice. The trusted third party of `ideal`, whose every step is held against its protocol elsewhere, walks it on
//! every image; and a whole session, keys, transfers and ciphertexts included, answers the same images. The sessions of many networks
//! share one set-up, as base transfers would take most of the time.

use fusion_2pc::backend::cheetah::Cheetah;
use fusion_2pc::bits::mask;
use fusion_2pc::circuit::Circuit;
use fusion_2pc::random::Seed;
use fusion_2pc::session::{self, ClientSetup, Grouping, Networks, Plan, ServerSetup, Service};
use fusion_2pc::share::maximum::ideal_argmax;
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_nn::fixed::{Faithful, FixedModel};
use fusion_nn::model::Model;
use fusion_proofs_tests::random::Case;
use std::collections::BTreeMap;
use std::ops::Range;

/// A network that is not refused.
struct Loaded {
    case: Case,
    model: FixedModel,
    plan: Plan<Cheetah>,
    /// The reference's logits for each image.
    logits: Vec<Vec<i64>>,
}

/// The reason of a refusal, without its place and its figures.
fn reason(error: &impl ToString) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let what = first.rsplit(": ").next().unwrap_or_default();
    let figures = |c: char| c.is_ascii_digit();
    what.split_whitespace().map(|word| if word.contains(figures) { "N" } else { word }).collect::<Vec<_>>().join(" ")
}

impl Loaded {
    fn new(number: u64) -> Result<Self, String> {
        let case = Case::draw(number);
        let model = Model::from_onnx(&case.onnx).map_err(|error| reason(&error))?;
        let model = FixedModel::new(&model, case.precision, case.pixels).map_err(|error| reason(&error))?;
        let circuit = Circuit::new(&[&model], Truncation::Faithful).map_err(|error| reason(&error))?;
        let plan = Plan::new(Cheetah::default(), circuit, case.images.len(), Grouping::Chunk)
            .map_err(|error| reason(&error))?;
        let logits = case.images.iter().map(|image| model.logits(image).expect("of this size")).collect();
        Ok(Self { case, model, plan, logits })
    }

    /// No value of the reference leaves its range, which is what rings are chosen by.
    fn assert_in_range(&self) {
        for image in &self.case.images {
            let values = self.model.evaluate(image, &mut Faithful).expect("of this size");
            for (layer, values) in self.model.layers().iter().zip(values) {
                let [low, high] = layer.range;
                assert!(values.iter().all(|value| (low..=high).contains(value)), "{}: {:?}", layer.name, layer.range);
            }
        }
    }

    /// The third party's logits and label are the reference's.
    fn assert_ideal(&self, number: u64) {
        let circuit = &self.plan.circuit;
        let (ring, mut coins) = (circuit.ring(circuit.output), name(number).stream());
        let labels: Vec<u32> = (0..self.model.classes()).collect();
        for (image, expected) in self.case.images.iter().zip(&self.logits) {
            let pixels = self.model.pixels(image).expect("of this size");
            let logits = fusion_2pc::ideal::logits(circuit, &self.model, &pixels, &mut coins, |_, _, _| {});
            assert_eq!(logits, modulo(expected, ring));
            assert_eq!(ideal_argmax(&logits, ring, &labels), fusion_nn::fixed::argmax(expected));
        }
    }

    /// Under one-bit truncation a session still gives every slot a label, and logits that the network can have.
    fn assert_one_bit(&self, number: u64, (client, server): &(ClientSetup<Cheetah>, ServerSetup<Cheetah>)) {
        let mut plan = self.plan.clone();
        plan.circuit.truncation = Truncation::OneBit;
        let networks = Networks::new(&plan, std::slice::from_ref(&self.model)).expect("of this circuit");
        let services = vec![Service { model: 0, labels: (0..self.model.classes()).collect() }; plan.slots];
        let image = |slot: usize| self.model.pixels(&self.case.images[slot]).expect("of this size");
        let name = name(number).child("one bit");
        let ((mine, _), (theirs, _)) = session::run(
            LinkSpeed::LAN,
            |link| session::client(link, client, &plan, &name, image),
            |link: Link| session::server(link, server, &plan, &name, &networks, &services),
        );
        let (mine, theirs) = (mine.expect("it ended well"), theirs.expect("it ended well"));
        let drop = u64::BITS - plan.circuit.ring(plan.circuit.output);
        let [low, high] = self.model.layers()[self.model.output()].range;
        for (a, b) in mine.logits.iter().zip(&theirs.logits) {
            let logit = (a.wrapping_add(*b) << drop).cast_signed() >> drop;
            assert!((low..=high).contains(&logit), "{logit} is not in {low}..={high}");
        }
        assert!(mine.labels.iter().all(|label| *label < self.model.classes()));
    }

    /// A session's logits and labels are the reference's, and its bytes and rounds those of the model of costs.
    fn assert_real(&self, number: u64, (client, server): &(ClientSetup<Cheetah>, ServerSetup<Cheetah>)) {
        let (plan, circuit) = (&self.plan, &self.plan.circuit);
        let networks = Networks::new(plan, std::slice::from_ref(&self.model)).expect("of this circuit");
        let services = vec![Service { model: 0, labels: (0..self.model.classes()).collect() }; plan.slots];
        let image = |slot: usize| self.model.pixels(&self.case.images[slot]).expect("of this size");
        let ((mine, link), (theirs, _)) = session::run(
            LinkSpeed::LAN,
            |link| session::client(link, client, plan, &name(number), image),
            |link: Link| session::server(link, server, plan, &name(number), &networks, &services),
        );
        let (mine, theirs) = (mine.expect("it ended well"), theirs.expect("it ended well"));
        let ring = circuit.ring(circuit.output);
        let sum = |(a, b): (&u64, &u64)| a.wrapping_add(*b) & mask(ring);
        let logits: Vec<u64> = mine.logits.iter().zip(&theirs.logits).map(sum).collect();
        assert_eq!(logits, modulo(&self.logits.concat(), ring));
        let labels: Vec<u32> = self.logits.iter().map(|logits| fusion_nn::fixed::argmax(logits)).collect();
        assert_eq!(mine.labels, labels);
        let predicted: usize = plan.costs(plan.slots).iter().map(fusion_2pc::cost::Cost::bytes).sum();
        let sent = link.meter().total(|message| !message.address.is_in_extension()).bytes;
        assert_eq!(sent, predicted, "bytes besides the extension of transfers");
    }
}

fn modulo(logits: &[i64], ring: u32) -> Vec<u64> {
    logits.iter().map(|logit| logit.cast_unsigned() & mask(ring)).collect()
}

/// Of a session.
fn name(number: u64) -> Seed {
    Seed([9; 32]).child(&number.to_string())
}

/// Networks that share a set-up.
const AT_ONCE: usize = 100;

/// How many were refused, by reason.
fn check(numbers: Range<u64>) -> BTreeMap<String, usize> {
    let mut refused = BTreeMap::new();
    let numbers: Vec<u64> = numbers.collect();
    for (index, together) in numbers.chunks(AT_ONCE).enumerate() {
        if index > 0 && index % 10 == 0 {
            println!("{} networks are exact or refused", index * AT_ONCE);
        }
        let mut loaded = Vec::new();
        for &number in together {
            match Loaded::new(number) {
                Ok(network) => loaded.push((number, network)),
                Err(reason) => *refused.entry(reason).or_default() += 1,
            }
        }
        let plans: Vec<&Plan<Cheetah>> = loaded.iter().map(|(_, network)| &network.plan).collect();
        let (client, server, _) = session::set_up(&Seed([5; 32]), &plans, LinkSpeed::LAN).expect("both are honest");
        let setup = (client, server);
        for (number, network) in &loaded {
            let all = || {
                network.assert_in_range();
                network.assert_ideal(*number);
                network.assert_real(*number, &setup);
                if number % 8 == 0 {
                    network.assert_one_bit(*number, &setup);
                }
            };
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(all));
            assert!(outcome.is_ok(), "network {number}: {}", network.case.describe());
        }
    }
    refused
}

/// At most one in twenty is refused.
fn assert_few(refused: &BTreeMap<String, usize>, of: u64) {
    for (reason, count) in refused {
        println!("refused {count:>5} of {of}: {reason}");
    }
    let all = refused.values().sum::<usize>() as u64;
    println!("refused {all:>5} of {of} in all; every logit of the others is exact");
    assert!(all * 20 <= of, "{all} of {of} are refused");
}

#[test]
fn random_networks_are_exact() {
    assert_few(&check(0..300), 300);
}

#[test]
#[ignore = "minutes: `make bench` runs it"]
fn twenty_thousand_random_networks_are_exact() {
    assert_few(&check(1000..21_000), 20_000);
}
