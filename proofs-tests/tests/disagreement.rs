//! How often an honest server's answer is not the faithful one, and two copies of one query are answered unlike, when truncation is the one that each
//! family's authors published: by the ideal twins, and by the two-party protocols. Minutes: `make bench` runs it.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use fusion_2pc::backend::{Backend, Family, ForBackend};
use fusion_2pc::circuit::{Circuit, Op};
use fusion_2pc::ideal;
use fusion_2pc::modulus::Modulus;
use fusion_2pc::random::Seed;
use fusion_2pc::session::{self, Grouping, Networks, Plan, Service};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_nn::fixed::{FixedModel, Precision, Ring};
use fusion_proofs_tests::networks::{digits, fixed, lenet};
use fusion_spec::bound::bits::nearest;
use fusion_spec::evidence::Evidence;
use rayon::prelude::*;
use rug::Rational;

/// The families whose published truncation is probabilistic, each with the pairs of copies that the twins answer where they are compared with the
/// protocol, and those that the protocol answers: few where an inference takes seconds.
const FAMILIES: [(Family, [usize; 2]); 4] = [
    (Family::Cheetah, [50_000, 2_500]),
    (Family::Delphi, [5_000, 200]),
    (Family::Aby, [50_000, 30]),
    (Family::Aby32, [5_000, 100]),
];
/// Pairs of a line of the table in docs/backends.md.
const PAIRS: usize = 5_000;
/// Of each interval: there are sixteen, two for each rate, and that two of one rate do not meet has at most twice this chance.
const ALPHA: (u64, u64) = (1, 16_000_000_000);

/// What came of pairs of copies.
#[derive(Clone, Debug, Default)]
struct Outcome {
    pairs: u64,
    /// Pairs whose labels differ.
    disagree: u64,
    /// Labels, two a pair, that are not the faithful one.
    unfaithful: u64,
    /// How many large errors an inference is expected to have: the sum of `|x| / M` over the truncated values.
    large: Rational,
}

impl Outcome {
    fn of(labels: [u32; 2], faithful: u32) -> Self {
        let unfaithful = labels.iter().filter(|label| **label != faithful).count() as u64;
        Self { pairs: 1, disagree: (labels[0] != labels[1]).into(), unfaithful, large: Rational::new() }
    }

    fn sum(self, other: Self) -> Self {
        Self {
            pairs: self.pairs + other.pairs,
            disagree: self.disagree + other.disagree,
            unfaithful: self.unfaithful + other.unfaithful,
            large: self.large + other.large,
        }
    }

    /// The rate at which copies disagree, with its interval.
    fn line(&self) -> String {
        let (lower, upper) = self.interval();
        let [lower, upper] = [&lower, &upper].map(nearest);
        let Self { pairs, disagree, unfaithful, large } = self;
        let unfaithful = nearest(&Rational::from((100 * unfaithful, 2 * pairs)));
        let large = nearest(&Rational::from(large / *pairs));
        format!(
            "{disagree} of {pairs} pairs disagree, in [{lower:.5}, {upper:.5}]; {unfaithful:.3} % of answers are not faithful; {large:.2e} large errors"
        )
    }

    fn interval(&self) -> (Rational, Rational) {
        Evidence::new(self.pairs, self.disagree, Rational::from(ALPHA)).unwrap().interval()
    }
}

struct Pairs<'a> {
    model: &'a FixedModel,
    images: &'a [Vec<u8>],
    ideal: usize,
    real: usize,
}

impl Pairs<'_> {
    fn image(&self, pair: usize) -> &[u8] {
        &self.images[pair % self.images.len()]
    }

    fn outcome(&self, pair: usize, labels: [u32; 2]) -> Outcome {
        Outcome::of(labels, self.model.label(self.image(pair)).unwrap())
    }

    /// By the ideal twins.
    fn ideal(&self, circuit: &Circuit) -> Outcome {
        let classes: Vec<u32> = (0..self.model.classes()).collect();
        let play = |pair: usize| {
            let pixels = self.model.pixels(self.image(pair)).unwrap();
            let mut coins = Seed([7; 32]).child(&pair.to_string()).stream();
            let mut large = Rational::new();
            let labels = [(); 2].map(|()| {
                large = Rational::new();
                let logits = ideal::logits(circuit, self.model, &pixels, &mut coins, |step, _, values| {
                    let rectified = matches!(step.op, Op::Linear { .. }) && step.count > classes.len();
                    if rectified && circuit.uniform.is_some() {
                        large += expected_large(circuit.modulus(step.ring), values);
                    }
                });
                ideal::argmax(circuit, &logits, &classes)
            });
            Outcome { large, ..self.outcome(pair, labels) }
        };
        (0..self.ideal).into_par_iter().map(play).reduce(Outcome::default, Outcome::sum)
    }

    /// By the two parties.
    fn real<B: Backend>(&self, backend: B, circuit: Circuit) -> Outcome {
        let plan = Plan::new(backend, circuit, 2 * self.real, Grouping::Chunk).unwrap();
        let networks = Networks::new(&plan, std::slice::from_ref(self.model)).unwrap();
        let (client, server, _) = session::set_up(&Seed([8; 32]), &[&plan], LinkSpeed::LAN).unwrap();
        let image = |slot: usize| self.model.pixels(self.image(slot / 2)).unwrap();
        let services = vec![Service { model: 0, labels: (0..self.model.classes()).collect() }; plan.slots];
        let name = Seed([9; 32]);
        let ((answered, _), _) = session::run(
            LinkSpeed::LAN,
            |link| session::client(link, &client, &plan, &name, image),
            |link: Link| session::server(link, &server, &plan, &name, &networks, &services),
        );
        let labels = answered.unwrap().labels;
        let pair = |(pair, labels): (usize, &[u32])| self.outcome(pair, [labels[0], labels[1]]);
        labels.chunks_exact(2).enumerate().map(pair).fold(Outcome::default(), Outcome::sum)
    }
}

/// The expected number of large errors where these values are rectified, and each party truncates by itself: one of `x` occurs with
/// probability `|x| / M`.
fn expected_large(modulus: Modulus, values: &[u64]) -> Rational {
    let size = match modulus {
        Modulus::TwoTo(bits) => rug::Integer::from(1) << bits,
        Modulus::Prime(prime) => prime.into(),
    };
    let sum: i128 = values.iter().map(|x| i128::from(modulus.integer(*x).max(0))).sum();
    Rational::from((sum, size))
}

impl ForBackend for &Pairs<'_> {
    type Output = [Outcome; 2];

    fn run<B: Backend>(self, backend: B) -> [Outcome; 2] {
        let circuit = backend.circuit(&[self.model], Truncation::OneBit).unwrap();
        let ideal = self.ideal(&circuit);
        let real = if self.real > 0 { self.real(backend, circuit) } else { Outcome::default() };
        [ideal, real]
    }
}

fn model(frac_bits: u32) -> FixedModel {
    fixed(&lenet("full"), Precision { frac_bits, ring: Ring::Auto })
}

/// By the ideal twins alone: the table of docs/backends.md.
#[test]
#[ignore = "minutes: make bench runs it"]
fn how_often_copies_disagree() {
    let images = digits(1000);
    for frac_bits in [12, 6] {
        let model = model(frac_bits);
        for (family, _) in FAMILIES {
            let pairs = Pairs { model: &model, images: &images, ideal: PAIRS, real: 0 };
            println!("{}, {frac_bits} bits: {}", family.name(), family.run(&pairs)[0].line());
        }
    }
}

/// False alarm: at most 1e-9.
fn copies_disagree_alike_at_ideal_and_real(family: Family) {
    // Few fractional bits, so that the error shows in labels.
    let (model, images) = (model(6), digits(1000));
    let (_, [ideal, real]) = FAMILIES.into_iter().find(|(listed, _)| *listed == family).unwrap();
    let [ideal, real] = family.run(&Pairs { model: &model, images: &images, ideal, real });
    println!("{} ideal: {}\n{} real: {}", family.name(), ideal.line(), family.name(), real.line());
    let [(a, b), (c, d)] = [&ideal, &real].map(Outcome::interval);
    assert!(a <= d && c <= b, "{}: the two rates differ", family.name());
    assert!(ideal.disagree > 0, "{}: the error shows", family.name());
}

#[test]
#[ignore = "minutes: make bench runs it"]
fn copies_disagree_alike_in_cheetah() {
    copies_disagree_alike_at_ideal_and_real(Family::Cheetah);
}

#[test]
#[ignore = "minutes: make bench runs it"]
fn copies_disagree_alike_in_delphi() {
    copies_disagree_alike_at_ideal_and_real(Family::Delphi);
}

#[test]
#[ignore = "minutes: make bench runs it"]
fn copies_disagree_alike_in_aby() {
    copies_disagree_alike_at_ideal_and_real(Family::Aby);
}

#[test]
#[ignore = "minutes: make bench runs it"]
fn copies_disagree_alike_in_aby_of_32_bits() {
    copies_disagree_alike_at_ideal_and_real(Family::Aby32);
}
