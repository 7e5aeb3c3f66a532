//! Errors by a bit of a value, inside a ReLU: in every family the parties end as the ideal twin says, and the exact rate is that of evaluating the pools.

use crate::stand_in::{about_examples, attack, endings};
use fusion_2pc::backend::Family;
use fusion_proofs_tests::scratch::Scratch;
use serde_json::Value;

/// `predicate.yaml` with three slots, on one slot too, and with a number of which garbled circuits make another error than shares do.
const SCRIPT: &str = r#"
schema: fusion/campaign/v1
name: by-a-bit
protocol: { R: 1, B: 2, T: 1 }
model: { path: ROOT/models/small_mnist.onnx }
data:
  images: ROOT/data/mnist_t1000-images-idx3-ubyte
  labels: ROOT/data/mnist_t1000-labels-idx1-ubyte
  queries: 0..500
  public: { from: 500..1000 }
fidelity: real
trials: { seed: 1, max: 12 }
strategies:
  - { name: everywhere, do: [{ at: all, add: { step: "layer[3:relu]", value: 32768, elements: [13], where: kept } }] }
  - { name: on-one, do: [{ at: { random: 1 }, add: { step: "layer[3:relu]", value: 32768, elements: [13], where: kept } }] }
  - { name: in-two-ways, do: [{ at: all, add: { step: "layer[3:relu]", value: 13000, elements: all, where: kept } }] }
"#;

fn script(text: &str) -> (Scratch, String) {
    about_examples("by-a-bit", text)
}

#[test]
fn every_family_ends_as_the_twin_says() {
    let (folder, script) = script(SCRIPT);
    let mut seen = Vec::new();
    for family in Family::ALL {
        let runs = folder.path("runs");
        let [real, ideal] = ["real", "ideal"]
            .map(|fidelity| endings(&attack(&script, family, &["--runs", &runs, "--fidelity", fidelity])));
        assert_eq!(real, ideal, "{family:?}");
        let [_, everywhere, on_one, in_two_ways] = &real[..] else { panic!("four strategies: {real:?}") };
        let count = |ending: &[Value; 6]| [2, 3, 4].map(|place| ending[place].as_u64().expect("a count"));
        assert!(count(everywhere)[1..].iter().all(|count| *count > 0), "some inputs have the bit: {everywhere:?}");
        assert_eq!(count(on_one)[0], 0, "one slot is no group");
        seen.push(count(in_two_ways));
    }
    assert_ne!(seen[0], seen[3], "in DELPHI bits are flipped, in Cheetah a number is added");
}

/// What the exact rate says of all inputs is what the campaign counts: a wrong rate is refuted, and the right one is not, at 1e-9.
#[test]
fn the_exact_rate_is_that_of_the_pools() {
    let text = SCRIPT.replace("fidelity: real", "fidelity: ideal").replace("max: 12", "max: 20000");
    let claimed = text.replace(
        "where: kept } }] }",
        "where: kept } }], expect: { win: { equals: spec }, accepted: { equals: spec } } }",
    );
    let text = claimed.replace("strategies:", "test: { false_alarm: 1e-9, within: 20% }\nstrategies:");
    let (folder, script) = script(&text);
    for family in [Family::Cheetah, Family::Delphi] {
        let result = attack(&script, family, &["--runs", &folder.path("runs")]);
        for strategy in [1, 3].map(|place| &result["strategies"][place]) {
            let clauses = strategy["expectations"].as_array().expect("a list");
            assert!(
                clauses.len() == 2 && clauses.iter().all(|clause| clause["verdict"] == "pass"),
                "{family:?}: {strategy}"
            );
        }
    }
}

#[test]
fn what_cannot_be_added_is_refused_by_name() {
    let refusal = |from: &str, to: &str, backend: &str| {
        let (_folder, script) = script(&SCRIPT.replace(from, to));
        let outcome = fusion_sim::run(["sim", "check", &script, "--backend", backend]);
        assert_eq!(outcome.code, 64, "{to}: {}", outcome.stdout);
        outcome.stdout + &outcome.stderr
    };
    let negative = refusal("value: 13000", "value: -1", "delphi");
    assert!(
        negative.contains("by `delphi` bits of what a ReLU keeps are flipped: `value` is from 1 to "),
        "{negative}"
    );
    // CrypTFlow2 drops bits after it has added, by a protocol that takes the sum for one that a ReLU keeps.
    for family in ["cryptflow2-ot", "cryptflow2-he"] {
        for value in ["-30000", "1073741824"] {
            let beyond = refusal("value: 13000", &format!("value: {value}"), family);
            assert!(beyond.contains("that are kept: `value` is from "), "{beyond}");
        }
    }
    let elsewhere = refusal("layer[3:relu]", "layer[*:*]", "cheetah");
    assert!(
        elsewhere.contains("`where: kept` is of a ReLU, and `step` matches `layer[0:averagepool]` too"),
        "{elsewhere}"
    );
    let one_bit = refusal("small_mnist.onnx }", "small_mnist.onnx, fixed_point: { truncation: one_bit } }", "cheetah");
    assert!(one_bit.contains("`where` needs `truncation: faithful`"), "{one_bit}");
}
