//! A server that makes a bit of a value undecodable: a client that stops there shows the bit in the middle of a session, and one that goes on makes an error by a bit.

use crate::stand_in::about_examples;
use fusion_2pc::backend::Family;
use fusion_proofs_tests::scratch::Scratch;
use serde_json::Value;

const SCRIPT: &str = r#"
schema: fusion/campaign/v1
name: undecodable
protocol: { R: 1, B: 2, T: 1 }
model: { path: ROOT/models/small_mnist.onnx }
data:
  images: ROOT/data/mnist_t1000-images-idx3-ubyte
  labels: ROOT/data/mnist_t1000-labels-idx1-ubyte
  queries: 0..500
  public: { from: 500..1000 }
fidelity: real
backend: BACKEND
trials: { seed: 1, max: 12 }
test: { false_alarm: 1e-6, within: 75% }
strategies:
  - { name: slot-0, do: [{ at: { slots: [0] }, spoil: { step: "layer[3:relu]", elements: [2, 5, 7], bit: 12 } }], expect: { caught: { equals: spec } } }
"#;

const STOPS: &str = "{ delphi: { decode: stop } }";

fn script(backend: &str) -> (Scratch, String) {
    about_examples("undecodable", &SCRIPT.replace("BACKEND", backend))
}

/// The strategy as it was played.
fn played(backend: &str) -> Value {
    let (folder, path) = script(backend);
    let outcome = fusion_sim::run(["sim", "attack", &path, "--json", "--runs", &folder.path("runs")]);
    let last = outcome.stdout.lines().last().unwrap_or_else(|| panic!("{backend}: {}", outcome.stderr));
    let mut result: Value = serde_json::from_str(last).expect("one document a line");
    result["strategies"][1].take()
}

/// The same trials with both clients: wherever the answer goes wrong without the bit, the other client has stopped. No rate is refuted at 1e-6.
#[test]
fn a_client_that_stops_shows_a_bit_and_one_that_goes_on_makes_an_error() {
    let [stops, goes_on] = [STOPS, "delphi"].map(played);
    let count = |result: &Value, what: &str| result[what].as_u64().expect("a count");
    for result in [&stops, &goes_on] {
        assert!(count(result, "error") == 0 && result["expectations"][0]["verdict"] != "refuted", "{result}");
    }
    assert_eq!(stops["reasons"], serde_json::json!({ "malformed": stops["caught"] }), "{stops}");
    assert!(stops["hypotheses"].as_array().is_some_and(|all| all.contains(&"H6".into())), "{stops}");
    assert!(!goes_on["hypotheses"].as_array().is_some_and(|all| all.contains(&"H6".into())), "{goes_on}");
    assert!(goes_on["reasons"].get("malformed").is_none(), "{goes_on}");
    let trials = count(&stops, "trials");
    assert_eq!(trials, count(&goes_on, "trials"));
    let [early, late] = [count(&stops, "caught"), count(&goes_on, "caught")];
    assert!(late <= early && 0 < early && early < trials, "{early} and {late} of {trials}");
    assert_eq!(count(&stops, "harmless"), trials - early, "a client that goes on is answered right");
}

#[test]
fn bits_that_cannot_be_spoiled_are_refused_by_name() {
    let refused = |backend: &str, from: &str, to: &str, because: &str| {
        let (folder, path) = script(backend);
        let text = std::fs::read_to_string(&path).expect("readable");
        assert!(text.contains(from), "{from}");
        let outcome = fusion_sim::run(["sim", "check", &folder.file("refused.yaml", text.replace(from, to))]);
        let told = (outcome.stdout + &outcome.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(outcome.code == 64 && told.contains(because), "{because}: {told}");
    };
    for family in Family::ALL.into_iter().filter(|family| *family != Family::Delphi) {
        refused(family.name(), "bit: 12", "bit: 13", &format!("in `{}` it decodes none", family.name()));
    }
    refused(STOPS, "bit: 12", "bit: 41", "`bit` is below 41 here");
    refused(STOPS, "layer[3:relu]", "layer[4:gemm]", "`spoil` is of a ReLU, and `step` matches `layer[4:gemm]` too");
    refused("{ delphi: { mask: inside } }", "bit: 12", "bit: 13", "with `mask: inside` the client's mask hides them");
    refused(
        STOPS,
        "small_mnist.onnx }",
        "small_mnist.onnx, fixed_point: { truncation: one_bit } }",
        "`truncation: faithful`",
    );
    refused(STOPS, "fidelity: real", "fidelity: ideal", "`spoil` needs fidelity `real`");
    refused("aby", "aby", "{ aby: { decode: stop } }", "decode");
}
