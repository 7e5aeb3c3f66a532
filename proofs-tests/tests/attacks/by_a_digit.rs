//! Errors by a function of a digit, inside a ReLU: in each family that compares digits the parties end as the ideal twin says, and the exact rate is that of evaluating the pools.

use crate::stand_in::{about_examples, attack, endings};
use fusion_2pc::backend::Family;
use fusion_proofs_tests::scratch::Scratch;
use serde_json::Value;

const SCRIPT: &str = r#"
schema: fusion/campaign/v1
name: by-a-digit
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
  - { name: everywhere, do: [{ at: all, wrong_sign: { step: "layer[3:relu]", elements: [5], DIGIT } }] }
  - { name: on-one, do: [{ at: { slots: [1] }, wrong_sign: { step: "layer[3:relu]", elements: all, DIGIT } }] }
  - name: on-what-is-added
    do:
      - { at: { random: 2 }, wrong_sign: { step: "layer[3:relu]", elements: all, DIGIT } }
      - { at: all, add: { step: "layer[3:relu]", value: 13000, elements: [2, 5], where: kept } }
"#;

/// The families in which a ReLU compares digits, each with values of one that negative numbers of this network have not.
const DIGITS: [(Family, &str); 3] = [
    (Family::Cheetah, "from: 27, bits: 2, are: [0]"),
    (Family::Cryptflow2Ot, "from: 32, bits: 1, are: [0]"),
    (Family::Cryptflow2He, "from: 24, bits: 4, are: [1, 3, 5]"),
];

fn script(text: &str) -> (Scratch, String) {
    about_examples("by-a-digit", text)
}

#[test]
fn families_that_compare_digits_end_as_the_twin_says() {
    for (family, digit) in DIGITS {
        let (folder, script) = script(&SCRIPT.replace("DIGIT", digit));
        let runs = folder.path("runs");
        let [real, ideal] = ["real", "ideal"]
            .map(|fidelity| endings(&attack(&script, family, &["--runs", &runs, "--fidelity", fidelity])));
        assert_eq!(real, ideal, "{family:?}");
        let changed = |ending: &[Value; 6]| [2, 4].iter().any(|place| ending[*place] != 0);
        assert!(real[1..].iter().all(changed) && !changed(&real[0]), "{family:?}: some have the digit: {real:?}");
    }
}

/// What the exact rate says of all inputs is what the campaign counts: a wrong rate is refuted, and the right one is not, at 1e-9.
#[test]
fn the_exact_rate_is_that_of_the_pools() {
    let (family, digit) = DIGITS[2];
    let expect = "expect: { win: { equals: spec }, accepted: { equals: spec } }";
    let text = SCRIPT.replace("elements: [5], DIGIT } }] }", &format!("elements: [5], DIGIT }} }}], {expect} }}"));
    let text =
        text.replace("fidelity: real", "fidelity: ideal").replace("max: 12", "max: 20000").replace("DIGIT", digit);
    let (folder, script) =
        script(&text.replace("strategies:", "test: { false_alarm: 1e-9, within: 40% }\nstrategies:"));
    let result = attack(&script, family, &["--runs", &folder.path("runs"), "--only", "everywhere"]);
    let strategy = &result["strategies"][1];
    let clauses = strategy["expectations"].as_array().expect("a list");
    assert!(clauses.len() == 2 && clauses.iter().all(|clause| clause["verdict"] == "pass"), "{strategy}");
    assert_eq!(strategy["hypotheses"], serde_json::json!(["H3", "H4a", "H4b"]), "{strategy}");
}

#[test]
fn signs_that_cannot_be_turned_are_refused_by_name() {
    let refused = |from: &str, to: &str, family: Family, because: &str| {
        let digit = DIGITS.iter().find(|(of, _)| *of == family).map_or(DIGITS[0].1, |(_, digit)| digit);
        let text = SCRIPT.replace("DIGIT", digit);
        assert!(text.contains(from), "{from}");
        let (_folder, script) = script(&text.replace(from, to));
        let outcome = fusion_sim::run(["sim", "check", &script, "--backend", family.name()]);
        let told = (outcome.stdout + &outcome.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(outcome.code == 64 && told.contains(because), "{because}: {told}");
    };
    for family in [Family::Delphi, Family::Aby, Family::Aby32] {
        refused("name: by-a-digit", "name: garbled", family, &format!("a ReLU of `{}` compares none", family.name()));
    }
    refused("from: 27", "from: 24", Family::Cheetah, "cannot turn signs at `layer[3:relu]` by 2 bits from bit 24");
    refused("from: 27", "from: 24", Family::Cheetah, "help: `from: 27, bits: 2`");
    refused("are: [0]", "are: [0, 2]", Family::Cheetah, "negative numbers have digits from 2 on");
    refused("from: 24", "from: 22", Family::Cryptflow2He, "or `from: 24, bits: 4`, or `from: 28, bits: 4`");
    refused(
        "layer[3:relu]",
        "layer[*:*]",
        Family::Cheetah,
        "is of a ReLU, and `step` matches `layer[0:averagepool]` too",
    );
    let model = "small_mnist.onnx, fixed_point: { truncation: one_bit } }";
    refused("small_mnist.onnx }", model, Family::Cheetah, "`wrong_sign` needs `truncation: faithful`");
    refused("are: [0]", "are: [4]", Family::Cheetah, "no digit of 2 bits is 4");
    refused("fidelity: real", "fidelity: plain", Family::Cheetah, "`wrong_sign` needs fidelity `ideal` or `real`");
}
