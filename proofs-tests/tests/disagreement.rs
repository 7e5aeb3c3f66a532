//! How often two copies of one query are answered unlike by an honest server whose truncation errs by one bit: by the error's exact law,
//! and by the two-party protocol. Minutes: `make bench` runs it.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use fusion_2pc::backend::cheetah::{Cheetah, MOST_SLOTS};
use fusion_2pc::circuit::Circuit;
use fusion_2pc::random::Seed;
use fusion_2pc::session::{self, Grouping, Networks, Plan, Service};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_nn::fixed::{FixedModel, OneBit, Pixels, Precision, Ring, argmax};
use fusion_nn::idx::Images;
use fusion_nn::model::Model;
use fusion_spec::bound::bits::nearest;
use fusion_spec::evidence::Evidence;
use rand_pcg::Pcg64;
use rayon::prelude::*;
use rug::Rational;
use std::path::{Path, PathBuf};

const IDEAL_PAIRS: u64 = 50_000;
const REAL_PAIRS: usize = 2_500;
/// Of each interval: that two intervals of one rate do not meet has at most twice this chance.
const ALPHA: (u64, u64) = (1, 2_000_000_000);

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

fn lenet() -> FixedModel {
    let bytes = std::fs::read(example("models/lenet_mnist_full.onnx")).unwrap();
    // Few fractional bits, so that the error shows in labels.
    let precision = Precision { frac_bits: 6, ring: Ring::Auto };
    FixedModel::new(&Model::from_onnx(&bytes).unwrap(), precision, Pixels { scale: 1.0 / 255.0, offset: 0.0 }).unwrap()
}

fn digits() -> Images {
    Images::parse(&std::fs::read(example("data/mnist_t1000-images-idx3-ubyte")).unwrap()).unwrap()
}

/// Pairs of copies, the image by its number, that disagree at `ideal`.
fn ideal(model: &FixedModel, images: &Images) -> u64 {
    let disagrees = |pair: u64| {
        let mut coins = OneBit(Pcg64::new(pair.into(), 7));
        let image = images.get(usize::try_from(pair).unwrap() % images.len()).unwrap();
        let mut label = || argmax(&model.logits_with(image, &mut coins).unwrap());
        u64::from(label() != label())
    };
    (0..IDEAL_PAIRS).into_par_iter().map(disagrees).sum()
}

/// The same by the protocol.
fn real(model: &FixedModel, images: &Images) -> u64 {
    let circuit = Circuit::new(&[model], Truncation::OneBit).unwrap();
    let plan = Plan::new(Cheetah, circuit, 2 * REAL_PAIRS, Grouping::Chunk).unwrap();
    let networks = Networks::new(&plan, std::slice::from_ref(model)).unwrap();
    let (client, server, _) = session::set_up(&Seed([8; 32]), &[&plan], LinkSpeed::LAN).unwrap();
    let image = |slot: usize| model.pixels(images.get(slot / 2 % images.len()).unwrap()).unwrap();
    let services = vec![Service { model: 0, labels: (0..model.classes()).collect() }; plan.slots];
    let name = Seed([9; 32]);
    let ((answered, _), _) = session::run(
        LinkSpeed::LAN,
        |link| session::client(link, &client, &plan, &name, image),
        |link: Link| session::server(link, &server, &plan, &name, &networks, &services),
    );
    answered.unwrap().labels.chunks_exact(2).map(|copies| u64::from(copies[0] != copies[1])).sum()
}

fn interval(pairs: u64, disagreeing: u64) -> (Rational, Rational) {
    Evidence::new(pairs, disagreeing, Rational::from(ALPHA)).unwrap().interval()
}

/// False alarm: at most 1e-9.
#[test]
#[ignore = "minutes: make bench runs it"]
fn copies_disagree_alike_at_ideal_and_real() {
    const { assert!(2 * REAL_PAIRS > MOST_SLOTS) };
    let (model, images) = (lenet(), digits());
    let counts = [(IDEAL_PAIRS, ideal(&model, &images)), (REAL_PAIRS as u64, real(&model, &images))];
    let intervals = counts.map(|(pairs, disagreeing)| interval(pairs, disagreeing));
    for ((name, (pairs, disagreeing)), (lower, upper)) in ["ideal", "real"].iter().zip(counts).zip(&intervals) {
        let [lower, upper] = [lower, upper].map(nearest);
        println!("{name}: {disagreeing} of {pairs} pairs of copies disagree, a rate in [{lower:.5}, {upper:.5}]");
    }
    let [(a, b), (c, d)] = &intervals;
    assert!(a <= d && c <= b, "the two rates differ");
    assert!(counts[0].1 > 0, "the error shows");
}
