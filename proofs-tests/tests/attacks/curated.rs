//! The curated scripts and `examples/real.yaml`, whatever `backend:` is: they are read and checked, and play at `real` on small networks as they do at
//! `ideal`.

use crate::stand_in::{Shape, StandIn, attack, endings};
use fusion_2pc::backend::Family;
use fusion_adversaries::library::SCRIPTS;
use fusion_adversaries::script::{Script, Test};
use fusion_proofs_tests::networks::digits;
use rug::Rational;
use serde_json::Value;
use std::path::Path;

const REAL: &str = include_str!("../../../examples/real.yaml");

/// The script of the stages of a rare event, which exist at `plain` alone.
const STAGES: &str = "rare-event.yaml";

/// Those that aim inside the inference, by the addresses of their network.
const AIMED: [&str; 2] = ["moved-share.yaml", "predicate.yaml"];

/// A script whose claims pass with a tolerance above the default says in its `about` what it is.
#[test]
fn a_wide_tolerance_is_told_in_about() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let examples = std::fs::read_dir(examples).expect("there").map(|entry| entry.expect("readable").path());
    let examples = examples.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    let examples = examples.map(|path| std::fs::read_to_string(path).expect("readable"));
    let mut wide = 0;
    for text in examples.chain(SCRIPTS.iter().map(|(_, text)| (*text).to_string())) {
        let script = Script::read(&text).expect("a script");
        if script.test.within.0 > Test::default().within.0 {
            let told = format!(" a pass is within {} %.", Rational::from(&script.test.within.0 * 100));
            assert!(script.about.is_some_and(|about| about.contains(&told)), "{}: {told}", script.name);
            wide += 1;
        }
    }
    assert!(wide >= 3, "{wide}");
}

/// Whether a script is of some families alone, as it names one's options or an act that not all have, or has what only `real` has.
fn is_of_its_own(text: &str) -> bool {
    ["\nbackend:", "link: best", "own_choice:"].iter().any(|key| text.contains(key))
}

/// The models and samples of a script that needs none at `plain`.
const SAMPLES: &str = "
model: { path: models/lenet_mnist_full.onnx }
data:
  images: data/mnist_t1000-images-idx3-ubyte
  labels: data/mnist_t1000-labels-idx1-ubyte
  queries: 0..500
  public: { from: 500..1000 }
";

/// A curated script with models and samples.
fn with_samples(text: &str) -> String {
    let text: String = text.lines().filter(|line| !line.starts_with("model: { path")).collect::<Vec<_>>().join("\n");
    let data = SAMPLES.split_once("data:").map(|(_, data)| format!("data:{data}")).expect("it has both");
    let model = if text.contains("\nmodel:") { "" } else { "model: { path: models/lenet_mnist_full.onnx }\n" };
    let data = if text.contains("\ndata:") { "" } else { data.as_str() };
    format!("{text}\n{model}{data}")
}

/// With faithful truncation every trial ends alike at `ideal` and at `real`; with `one_bit` none is an error. Of the strategies the first so
/// many play, and the control.
fn plays(stand_in: &StandIn, (name, text): (&str, &str), strategies: usize, family: Family) {
    let script = stand_in.script(name, &with_samples(text));
    let runs = stand_in.0.path("runs");
    let read = Script::read(text).expect("a script");
    let only = read.strategies.iter().take(strategies).flat_map(|strategy| ["--only", &strategy.name]);
    let only: Vec<&str> = only.collect();
    let at = |fidelity: &str| {
        attack(&script, family, &[&["--max", "1", "--runs", &runs, "--fidelity", fidelity][..], &only].concat())
    };
    let real = endings(&at("real"));
    assert!(real.iter().all(|[_, trials, .., error]| *trials == 1 && *error == 0), "{name}, {family:?}: {real:?}");
    if !text.contains("one_bit") {
        assert_eq!(real, endings(&at("ideal")), "{name}, {family:?}");
    }
}

/// Each family plays every script of which its place and the script's add up to a multiple of `share`.
fn play(strategies: usize, share: usize) {
    let stand_in = StandIn::new(Shape::Blocks, &digits(1000));
    for (place, family) in Family::ALL.into_iter().enumerate() {
        let plays_anywhere =
            |(name, text): &&(&str, &str)| *name != STAGES && !AIMED.contains(name) && !is_of_its_own(text);
        let scripts = SCRIPTS.iter().filter(plays_anywhere).enumerate();
        for (_, script) in scripts.filter(|(at, _)| (at + place).is_multiple_of(share)) {
            plays(&stand_in, *script, strategies, family);
        }
    }
}

/// Each script in two families, which together play all of them.
#[test]
fn curated_scripts_play_as_at_ideal() {
    play(1, 3);
}

#[test]
#[ignore = "minutes: make bench runs it"]
fn all_strategies_of_curated_scripts_play_in_every_family_as_at_ideal() {
    play(usize::MAX, 1);
}

#[test]
fn scripts_that_aim_inside_play_in_every_family() {
    let stand_in = StandIn::new(Shape::Lenet, &digits(1000));
    let (name, moved) = SCRIPTS.iter().find(|(name, _)| *name == AIMED[0]).expect("the library has it");
    // The same steps of this network.
    let moved = moved.replace("layer[4:gemm]", "layer[11:gemm]").replace("layer[3:relu]", "layer[4:relu]");
    for family in Family::ALL {
        plays(&stand_in, (name, &moved), 2, family);
        let script = stand_in.script("real.yaml", REAL);
        let only = ["--only", "add-to-share", "--only", "bend-relu", "--only", "walk-away"];
        let runs = stand_in.0.path("runs");
        let more = [&["--max", "1", "--runs", &runs][..], &only].concat();
        let result = attack(&script, family, &more);
        assert!(["pass", "inconclusive"].iter().any(|verdict| result["verdict"] == *verdict), "{family:?}: {result}");
        for [name, trials, .., error] in endings(&result) {
            assert_eq!((trials, error), (1.into(), 0.into()), "{family:?}: {name}");
        }
    }
}

/// Whatever the family, no pattern of a curated script is without a match on its own network.
#[test]
fn curated_scripts_are_checked_in_every_family() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let checked =
        ["moved-share.yaml", "predicate.yaml", "one-bit.yaml"].map(|name| format!("adversaries/scripts/{name}"));
    for family in Family::ALL {
        for script in &checked {
            let path = root.join(script);
            let outcome =
                fusion_sim::run(["sim", "check", path.to_str().expect("UTF-8"), "--backend", family.name(), "--quiet"]);
            assert_eq!(outcome.code, 0, "{script}, {family:?}: {}", outcome.stderr);
        }
    }
}

/// What is refused names the family, the pattern, and what the pattern could have named in that family.
#[test]
fn a_pattern_without_a_match_is_refused_by_name_in_every_family() {
    let stand_in = StandIn::new(Shape::Lenet, &digits(1000));
    for (pattern, of, what) in [
        ("layer[1:relu]", "layer[1:relu]/nowhere", "message of the server"),
        ("layer[4:relu]", "layer[4:gemm]", "step"),
    ] {
        assert!(REAL.contains(pattern));
        let script = stand_in.script("aims.yaml", &REAL.replace(&format!("{pattern}\""), &format!("{of}\"")));
        for family in Family::ALL {
            let outcome = fusion_sim::run(["sim", "check", &script, "--backend", family.name(), "--json"]);
            assert_eq!(outcome.code, 64, "{family:?}");
            let document: Value = serde_json::from_str(&outcome.stdout).expect("one document");
            let problem = &document["problems"][0];
            let message = format!("`step` matches no {what} by `{}`: `{of}`", family.name());
            assert_eq!(problem["message"], message.as_str(), "{family:?}");
            let layer = pattern.split(':').next().expect("a layer");
            let help = problem["help"].as_str().expect("what may be named");
            assert!(help.starts_with(&format!("such as `{layer}:")), "{family:?}: {help}");
        }
    }
}
