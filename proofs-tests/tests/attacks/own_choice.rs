//! Errors by a choice that is not the server's share, inside a ReLU: in each family where a ReLU multiplies by a shared sign the parties end as the ideal twin says, and the exact rate is that of
//! evaluating the pools.

use crate::stand_in::{about_examples, attack, endings};
use fusion_2pc::backend::Family;
use fusion_proofs_tests::scratch::Scratch;
use serde_json::Value;

/// `own-choice.yaml` with three slots, on one slot too, and together with other acts on the same elements.
const SCRIPT: &str = r#"
schema: fusion/campaign/v1
name: by-own-choice
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
  - { name: everywhere, do: [{ at: all, own_choice: { step: "layer[3:relu]", elements: [10], value: 30000 } }] }
  - { name: on-one, do: [{ at: { slots: [1] }, own_choice: { step: "layer[3:relu]", elements: all, value: 30000 } }] }
  - name: on-what-is-added
    do:
      - { at: { random: 2 }, own_choice: { step: "layer[3:relu]", elements: [1, 10], value: 30000 } }
      - { at: all, add: { step: "layer[3:relu]", value: 9000, elements: [2, 10], where: kept } }
"#;

const FAMILIES: [Family; 3] = [Family::Cheetah, Family::Cryptflow2Ot, Family::Cryptflow2He];

fn script(text: &str) -> (Scratch, String) {
    about_examples("own-choice", text)
}

#[test]
fn families_that_multiply_by_shared_signs_end_as_the_twin_says() {
    for family in FAMILIES {
        let (folder, script) = script(SCRIPT);
        let runs = folder.path("runs");
        let [real, ideal] = ["real", "ideal"]
            .map(|fidelity| endings(&attack(&script, family, &["--runs", &runs, "--fidelity", fidelity])));
        assert_eq!(real, ideal, "{family:?}");
        let changed = |ending: &[Value; 6]| [2, 4].iter().any(|place| ending[*place] != 0);
        assert!(real[1..].iter().all(changed) && !changed(&real[0]), "{family:?}: some samples go wrong: {real:?}");
    }
}

/// What the exact rate says of all inputs is what the campaign counts: a wrong rate is refuted, and the right one is not, at 1e-9.
#[test]
fn the_exact_rate_is_that_of_the_pools() {
    let expect = "expect: { win: { equals: spec }, accepted: { equals: spec } }";
    let text = SCRIPT
        .replace("elements: [10], value: 30000 } }] }", &format!("elements: [10], value: 30000 }} }}], {expect} }}"));
    let text = text.replace("fidelity: real", "fidelity: ideal").replace("max: 12", "max: 20000");
    let (folder, script) =
        script(&text.replace("strategies:", "test: { false_alarm: 1e-9, within: 40% }\nstrategies:"));
    let result = attack(&script, Family::Cryptflow2Ot, &["--runs", &folder.path("runs"), "--only", "everywhere"]);
    let strategy = &result["strategies"][1];
    let clauses = strategy["expectations"].as_array().expect("a list");
    assert!(clauses.len() == 2 && clauses.iter().all(|clause| clause["verdict"] == "pass"), "{strategy}");
    assert_eq!(strategy["hypotheses"], serde_json::json!(["H3", "H4a", "H4b"]), "{strategy}");
}

#[test]
fn choices_that_there_are_not_are_refused_by_name() {
    let refused = |from: &str, to: &str, family: Family, because: &str| {
        assert!(SCRIPT.contains(from), "{from}");
        let (_folder, script) = script(&SCRIPT.replace(from, to));
        let outcome = fusion_sim::run(["sim", "check", &script, "--backend", family.name(), "--json"]);
        assert!(outcome.code == 64 && outcome.stdout.contains(because), "{because}: {}", outcome.stdout);
    };
    for family in [Family::Delphi, Family::Aby, Family::Aby32] {
        let because = format!("a ReLU of `{}` is a garbled circuit", family.name());
        refused("name: by-own-choice", "name: garbled", family, &because);
    }
    // Less would leave negative values, and more would pass half of the ring.
    for family in FAMILIES {
        refused("value: 30000", "value: 0", family, "that are kept: `value` is from ");
        // CrypTFlow2 chooses before it drops bits, and 2^30 with these is beyond half of the ring.
        refused("value: 30000", "value: 1073741824", family, "that are kept: `value` is from ");
    }
    refused("value: 30000", "value: 9223372036854775807", Family::Cheetah, "that are kept: `value` is from ");
    refused(
        "layer[3:relu]",
        "layer[*:*]",
        Family::Cheetah,
        "`own_choice` is of a ReLU, and `step` matches `layer[0:averagepool]` too",
    );
    let model = "small_mnist.onnx, fixed_point: { truncation: one_bit } }";
    refused("small_mnist.onnx }", model, Family::Cheetah, "`own_choice` needs `truncation: faithful`");
    refused("fidelity: real", "fidelity: plain", Family::Cheetah, "`own_choice` needs fidelity `ideal` or `real`");
}
