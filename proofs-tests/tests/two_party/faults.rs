//! Small networks that were once wrong, refused without need, or a panic.

use crate::world::{World, plan};
use fusion_2pc::session::Grouping;
use fusion_2pc::share::truncate::Truncation;
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::model::Model;
use fusion_proofs_tests::scratch::Scratch;
use serde_json::Value;
use std::path::PathBuf;

fn fault(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/data/faults")).join(name)
}

/// What `sim` says, by its arguments.
fn sim(arguments: &[&str]) -> fusion_sim::CommandOutput {
    fusion_sim::run(std::iter::once("sim").chain(arguments.iter().copied()))
}

/// `sim check` and `sim bench` both take the network, and every logit and label is the reference's. Returns how many values wrapped in each batch.
fn assert_bench_exact(name: &str, flags: &[&str]) -> Vec<Option<u64>> {
    let path = fault(name);
    let path = path.to_str().expect("UTF-8");
    let check = sim(&["check", path]);
    assert_eq!(check.code, 0, "{}", check.stderr);
    let bench = sim(&[&["bench", "--model", path, "--json"], flags].concat());
    assert_eq!(bench.code, 0, "{name}: {}", bench.stderr);
    let documents: Value = serde_json::from_str(&bench.stdout).expect("JSON");
    let documents = documents.as_array().expect("a list");
    assert!(documents.iter().all(|document| document["exact"] == true), "{name} {flags:?}");
    documents.iter().map(|document| document["wrapped"].as_u64()).collect()
}

/// Sessions of a network in a ring, many images at a time.
fn assert_exact(name: &str, ring: Ring, slots: usize) {
    let model = Model::from_onnx(&std::fs::read(fault(name)).expect("readable")).expect("supported");
    let pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };
    let model = FixedModel::new(&model, Precision { frac_bits: 12, ring }, pixels).expect("fits");
    let count = model.image().iter().product();
    let models = vec![model];
    let mut rng = fusion_2pc::random::Seed([8; 32]).stream();
    let mut image = || fusion_2pc::random::uniform(&mut rng, 8, count).iter().map(|x| x.to_le_bytes()[0]).collect();
    let images: Vec<Vec<u8>> = (0..slots).map(|_| image()).collect();
    let world = World::of(models.clone(), plan(&models, slots, Grouping::Chunk, Truncation::Faithful), 1);
    world.assert_exact(&world.session(1, &images, &world.honest()), &images);
}

#[test]
fn one_class_is_exact() {
    assert_bench_exact("one-class.onnx", &["--batch", "1,3"]);
}

#[test]
fn an_image_that_is_the_logits_is_exact() {
    assert_bench_exact("no-linear-layer.onnx", &["--batch", "1,4"]);
    for ring in [Ring::Auto, Ring::Bits(2), Ring::Bits(8), Ring::Bits(9)] {
        assert_exact("no-linear-layer.onnx", ring, 3);
    }
}

/// Every honest session is accepted. The script plays 32, too few to decide a claim.
#[test]
fn honest_sessions_on_an_image_that_is_the_logits_are_accepted() {
    let runs = Scratch::new("faults");
    let script = fault("no-linear-layer.yaml");
    let outcome = sim(&["attack", script.to_str().expect("UTF-8"), "--json", "--runs", runs.to_str().expect("UTF-8")]);
    let last: Value = serde_json::from_str(outcome.stdout.lines().last().expect("a result")).expect("JSON");
    let honest = &last["strategies"][0];
    assert_eq!([&honest["trials"], &honest["accepted"], &honest["error"]], [32, 32, 0], "{}", outcome.stderr);
    assert_eq!(last["verdict"], "inconclusive");
}

#[test]
fn a_clip_above_its_input_is_exact() {
    assert_bench_exact("clip-above-its-input.onnx", &["--batch", "1,4"]);
    for bits in [3, 9, 14, 20] {
        assert_exact("clip-above-its-input.onnx", Ring::Bits(bits), 3);
    }
}

#[test]
fn values_that_are_always_zero_are_exact() {
    assert_bench_exact("dead-layer-25-classes.onnx", &[]);
    for bits in [2, 3, 62] {
        assert_exact("dead-layer-25-classes.onnx", Ring::Bits(bits), 2);
    }
}

#[test]
fn max_pooling_in_small_rings_is_exact() {
    assert_bench_exact("maxpool.onnx", &["--ring", "8"]);
    for bits in (2..=24).chain([40, 62]) {
        assert_exact("maxpool.onnx", Ring::Bits(bits), 2);
    }
}

#[test]
fn additions_that_wrap_are_exact_and_counted() {
    let wrapped = assert_bench_exact("add-in-small-ring.onnx", &["--ring", "9", "--batch", "4"]);
    assert!(wrapped[0] > Some(0), "{wrapped:?}");
    assert_eq!(
        assert_bench_exact("add-in-small-ring.onnx", &["--batch", "4"]),
        [None],
        "the proof leaves nothing to count"
    );
    for bits in (2..=24).chain([40, 62]) {
        assert_exact("add-in-small-ring.onnx", Ring::Bits(bits), 4);
    }
}

#[test]
fn grouped_convolutions_are_exact() {
    assert_bench_exact("batchnorm-after-relu.onnx", &["--batch", "1,4"]);
    for bits in [5, 18, 30] {
        assert_exact("batchnorm-after-relu.onnx", Ring::Bits(bits), 2);
    }
}
