//! The three fidelities against one another, and `real` against its exact rates, with real cryptography.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use fusion_2pc::session::Grouping;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_adversaries::behaviour::{Place, Scripted};
use fusion_adversaries::script::{Elements, Keep, Relabel};
use fusion_adversaries::strategy::{Act, Strategy, View};
use fusion_engine::simulate::{Ideal, Parties, Plain, Pools, ProtocolChoice, Real, Server, Simulator, World};
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::idx::{self, Images};
use fusion_nn::model::Model;
use fusion_proofs_tests::scratch::Scratch;
use fusion_spec::params::Params;
use rayon::prelude::*;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

fn model(name: &str) -> FixedModel {
    let bytes = std::fs::read(example("models").join(name)).unwrap();
    let precision = Precision { frac_bits: 12, ring: Ring::Auto };
    FixedModel::new(&Model::from_onnx(&bytes).unwrap(), precision, Pixels { scale: 1.0 / 255.0, offset: 0.0 }).unwrap()
}

fn world(params: Params) -> World {
    let read = |name: &str| std::fs::read(example("data").join(name)).unwrap();
    let images = Images::parse(&read("mnist_t1000-images-idx3-ubyte")).unwrap();
    let labels = idx::labels(&read("mnist_t1000-labels-idx1-ubyte")).unwrap();
    let models = vec![model("lenet_mnist_full.onnx"), model("lenet_mnist_pruned90.onnx")];
    let pools = Pools { queries: 0..40, publics: 40..80, keep: Keep::HonestRight, fixed_by: None };
    World::new(params, models, &[], (&images, &labels), &pools, ProtocolChoice::default()).unwrap()
}

/// 300 sessions at R=4, B=2, T=3, of six strategies: the same outcome and the same answer on every slot.
#[test]
fn ideal_and_real_agree_trial_by_trial() {
    let params = Params::new(4, 2, 3, 0).unwrap();
    let world = world(params);
    let view = View::new(params, world.classes()).unwrap();
    let parties =
        Parties::new((&world, ProtocolChoice::default()), 11, &[Grouping::Chunk, Grouping::Slot], 5, LinkSpeed::LAN)
            .unwrap();
    let add = |step: &str, value: i64, elements: Elements| {
        let step = step.parse().unwrap();
        Scripted::single(Place::Random(3), Act::Add { step, value, elements, kept: false })
    };
    let strategies: [(&str, Grouping, Scripted); 6] = [
        ("next", Grouping::Chunk, Scripted::single(Place::Random(2), Act::Relabel(Relabel::Next))),
        ("to-7", Grouping::Chunk, Scripted::single(Place::Random(3), Act::Relabel(Relabel::To(7)))),
        ("scatter", Grouping::Chunk, Scripted::single(Place::Random(2), Act::Relabel(Relabel::RandomWrong))),
        ("push-a-logit", Grouping::Chunk, add("layer[11:gemm]", 1 << 29, Elements::These([3].into()))),
        ("push-all", Grouping::Chunk, add("layer[*:relu]", 4096, Elements::All)),
        ("weak", Grouping::Slot, Scripted::single(Place::Random(4), Act::Model(1))),
    ];
    for (name, grouping, strategy) in &strategies {
        let server = Server::new(name, 9, strategy);
        let session = |number: u64| {
            let mut ideal = Ideal::new(&view, &world);
            let mut real = Real::new(&view, &world, &parties, *grouping);
            assert_eq!(real.trial(&server, number), ideal.trial(&server, number), "{name}:{number}");
            assert_eq!(real.records(), ideal.records(), "{name}:{number}");
            if strategy.moves().iter().all(|m| m.act == Act::Relabel(Relabel::Next)) {
                let plain = Plain::new(&view, strategy).trial(&server, number);
                assert_eq!(plain.outcome, ideal.trial(&server, number).outcome, "{name}:{number}");
            }
            ideal.records().iter().filter(|record| record.wrong).count()
        };
        assert!((0..50_u64).into_par_iter().map(session).sum::<usize>() > 0, "{name} changes answers");
    }
}

/// A trial is a function of the script, the seed and its number: the same slots, bytes and rounds twice.
#[test]
fn a_trial_repeats_to_the_byte_and_its_shape_hides_the_deviation() {
    let params = Params::new(1, 2, 1, 0).unwrap();
    let world = world(params);
    let view = View::new(params, world.classes()).unwrap();
    let parties = Parties::new((&world, ProtocolChoice::default()), 3, &[Grouping::Chunk], 5, LinkSpeed::WAN).unwrap();
    let spent = |strategy: &Scripted, name: &str, trial: u64| {
        let mut real = Real::new(&view, &world, &parties, Grouping::Chunk);
        let outcome = real.trial(&Server::new(name, 1, strategy), trial);
        let metered = real.metered().unwrap();
        (outcome, metered.steps(), metered.spent().rounds, metered.spent().virtual_ns)
    };
    let (honest, cheating) = (Scripted::honest(), Scripted::single(Place::Random(2), Act::Relabel(Relabel::Next)));
    let first = spent(&cheating, "a", 3);
    assert_eq!(first, spent(&cheating, "a", 3));
    for other in [spent(&honest, "b", 3), spent(&cheating, "a", 4)] {
        assert_eq!((&first.1, first.2, first.3), (&other.1, other.2, other.3));
    }
}

/// Exact rates at `real`. Some 250 trials decide `guess-one`; at most 400 are played.
#[test]
fn a_campaign_at_real_passes() {
    let scratch = Scratch::new("real");
    let script = example("real.yaml");
    let only = ["--only", "guess-one", "--only", "walk-away", "--max", "400"];
    let arguments = ["sim", "attack", script.to_str().unwrap(), "--json", "--runs", scratch.to_str().unwrap()];
    let arguments: Vec<&str> = arguments.into_iter().chain(only).collect();
    let outcome = fusion_sim::run(arguments);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    let last: Value = serde_json::from_str(outcome.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["verdict"], "pass");
    assert!(last["cost"]["client_sent_bytes"].as_u64().unwrap() > 100_000);
    for strategy in last["strategies"].as_array().unwrap() {
        assert_eq!(strategy["error"], 0, "{strategy}");
        assert_eq!(strategy["trials"].as_u64().unwrap() % 8, 0, "whole blocks of 8");
    }
    let counts = std::fs::read_to_string(scratch.join("real/latest/counts.csv"))
        .or_else(|_| std::fs::read_to_string(scratch.join("latest/counts.csv")));
    assert!(counts.unwrap().lines().nth(1).unwrap().starts_with("honest,0,8,"));
}

/// What cannot be aimed at is refused where it stands, and so is a model that two parties cannot run.
#[test]
fn patterns_that_match_nothing_are_refused() {
    let script = std::fs::read_to_string(example("real.yaml")).unwrap();
    let folder = Scratch::new("aims");
    let at_examples = |text: &str| {
        text.replace("models/", &format!("{}/", example("models").display()))
            .replace("data/", &format!("{}/", example("data").display()))
    };
    for (from, to, message) in [
        ("layer[4:relu]", "layer[5:relu]", "`step` matches no step"),
        ("layer[1:relu]\"", "layer[1:relu]/tables\"", "`step` matches no message of the server by `cheetah`"),
        ("layer[4:*]\", how", "layer[40:*]\", how", "`step` matches no message of the server"),
    ] {
        let path = folder.file("script.yaml", at_examples(&script).replace(from, to));
        let outcome = fusion_sim::run(["sim", "check", &path]);
        assert_eq!(outcome.code, 64);
        assert!(outcome.stderr.contains(message), "{}", outcome.stderr);
    }
}
