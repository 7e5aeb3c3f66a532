//! A trial is a function of (strategy, seed, number): on any number of threads, at any fidelity that can play it, and played again.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod campaign;

use campaign::{CONDITIONAL, PLAIN, attack, counts, sim};
use fusion_nn::onnx::{Dimension, Graph, ModelProto, Node, Tensor, TensorShape, TensorType, Type, ValueInfo};
use fusion_proofs_tests::scratch::Scratch;
use prost::Message;
use serde_json::Value;
use std::collections::BTreeMap;

#[test]
fn threads_change_no_byte() {
    let scratch = Scratch::new("threads");
    let plain = scratch.file("plain.yaml", PLAIN);
    let stages = scratch.file("stages.yaml", CONDITIONAL);
    let paper = "../examples/small-all.yaml".to_string();
    for (index, (script, more)) in [(plain, ""), (stages, ""), (paper, "--max 1500")].iter().enumerate() {
        let run = |threads: u32| {
            let (folder, outcome) =
                attack(&scratch, script, &format!("{index}-{threads}"), &format!("{more} --threads {threads}"));
            assert!([0, 3].contains(&outcome.code), "{outcome:?}");
            counts(&folder)
        };
        let [one, two, eight] = [1, 2, 8].map(run);
        assert!(one == two && one == eight, "{script}");
        let ends: Vec<&str> = one.lines().skip(1).filter_map(|line| line.split(',').nth(2)).collect();
        assert!(ends.iter().any(|end| end.parse::<u64>().expect("a number") % 1024 != 0), "a partial last block");
        assert!(ends.len() >= 18, "{one}");
    }
}

/// Images of four pixels; the brightest one is the class.
struct Small(Scratch);

const FLEXIBLE: [&str; 8] = ["next", "wrong", "slots", "each", "mixed", "noisy", "again", "linked"];

impl Small {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let images: Vec<u8> = (0..64_u8).flat_map(|i| (0..4).map(move |p| if p == i % 4 { 255 } else { i })).collect();
        let labels: Vec<u8> = (0..64).map(|i| i % 4).collect();
        scratch.file("images", [&[0, 0, 8, 3, 0, 0, 0, 64, 0, 0, 0, 1, 0, 0, 0, 4], &images[..]].concat());
        scratch.file("labels", [&[0, 0, 8, 1, 0, 0, 0, 64], &labels[..]].concat());
        scratch.file("model.onnx", model());
        Self(scratch)
    }

    fn script(&self, protocol: &str, draw: &str) -> String {
        let text = format!(
            "
schema: fusion/campaign/v1
name: small
protocol: {protocol}
model: {{ path: model.onnx, input: {{ scale: 1/255, offset: 0 }} }}
data:
  images: images
  labels: labels
  queries: 0..32
  public: {{ from: 32..64, keep: honest_right }}
  draw: {draw}
trials: {{ seed: 5, max: 100 }}
strategies:
  - {{ name: next, do: [{{ at: {{ random: 2 }}, relabel: next }}], expect: {{ win: {{ equals: spec }} }} }}
  - {{ name: wrong, do: [{{ at: {{ random: 2 }}, relabel: random_wrong }}], expect: {{ win: {{ at_most: spec }} }} }}
  - {{ name: slots, do: [{{ at: {{ slots: [2, 0] }}, relabel: next }}], expect: {{ win: {{ equals: spec }} }} }}
  - {{ name: each, do: [{{ at: {{ each: 1/4, at_most: 3 }}, relabel: next }}], expect: {{ win: {{ at_most: spec }} }} }}
  - name: mixed
    one_of:
      - {{ weight: 1, do: [] }}
      - {{ weight: 2, do: [{{ at: {{ random: 2 }}, relabel: next }}, {{ at: all, relabel: next }}] }}
      - {{ weight: 2, do: [{{ at: {{ random: 1 }}, relabel: random_wrong }}] }}
    expect: {{ win: {{ at_most: 1 }} }}
  - {{ name: noisy, flaky: 1/10, expect: {{ win: {{ at_most: spec }} }} }}
  - name: again
    do: [{{ at: {{ random: 2 }}, relabel: next }}]
    sessions: {{ until: accepted, max: 3 }}
    expect: {{ win: {{ equals: spec }} }}
  - {{ name: linked, link: [0, 2], expect: {{ win: {{ equals: spec }} }} }}
"
        );
        self.0.file("small.yaml", text)
    }
}

fn model() -> Vec<u8> {
    let dim = [0, 1, 1, 4].map(|dim_value| Dimension { dim_value }).into();
    let tensor_type = Some(TensorType { elem_type: 1, shape: Some(TensorShape { dim }) });
    let input = ValueInfo { name: "in".into(), r#type: Some(Type { tensor_type }) };
    let node = |op: &str, input: &[&str], output: &str| Node {
        op_type: op.into(),
        name: op.into(),
        input: input.iter().map(ToString::to_string).collect(),
        output: vec![output.into()],
        ..Node::default()
    };
    let identity = (0..16).map(|i| if i % 5 == 0 { 1.0 } else { 0.0 }).collect();
    let matrix = Tensor { name: "w".into(), dims: vec![4, 4], data_type: 1, float_data: identity, ..Tensor::default() };
    let graph = Graph {
        node: vec![node("Flatten", &["in"], "f"), node("MatMul", &["f", "w"], "out")],
        initializer: vec![matrix],
        input: vec![input],
        output: vec![ValueInfo { name: "out".into(), r#type: None }],
    };
    ModelProto { graph: Some(graph), ..Default::default() }.encode_to_vec()
}

/// A hundred trials, one by one.
fn replays(script: &str, strategy: &str, fidelity: &str) -> Vec<Value> {
    let replay = |trial| {
        let trial = format!("{strategy}:{trial}");
        let outcome = sim(&["run", script, "--trial", &trial, "--fidelity", fidelity], "--json");
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{trial}");
        serde_json::from_str(&outcome.stdout).expect("one JSON document")
    };
    (0..100).map(replay).collect()
}

/// The row that a hundred replays add up to.
fn row(strategy: &str, replays: &[Value]) -> String {
    let count = |holds: &dyn Fn(&Value) -> bool| replays.iter().filter(|replay| holds(replay)).count();
    let ended = |outcome: &str| count(&|replay| replay["outcome"] == outcome);
    let yes = |replay: &Value, event: &str| replay[event] == true;
    let (e_t, both) = (count(&|r| yes(r, "e_t")), count(&|r| yes(r, "e_t") && yes(r, "e_b")));
    let mut reasons = BTreeMap::new();
    let caught = replays.iter().filter_map(|replay| replay["outcome"].as_str()?.strip_prefix("caught: "));
    caught.for_each(|reason| *reasons.entry(reason).or_insert(0_usize) += 1);
    let order = ["public_wrong", "copies_disagree", "malformed", "peer_gone"];
    let reasons_text: Vec<String> = (order.iter())
        .filter_map(|reason| reasons.get(reason).map(|count| format!("\"\"{reason}\"\":{count}")))
        .collect();
    let (win, harmless, error) = (ended("win"), ended("harmless"), ended("error"));
    let (caught, reasons) = (reasons.values().sum::<usize>(), reasons_text.join(","));
    format!("{strategy},0,100,{win},{harmless},{caught},{error},{e_t},{both},\"{{{reasons}}}\"")
}

/// What both fidelities tell of a trial.
fn positions(replay: &Value) -> Value {
    let mut replay = replay.clone();
    for session in replay["sessions"].as_array_mut().expect("sessions") {
        for slot in session["slots"].as_array_mut().expect("slots") {
            let slot = slot.as_object_mut().expect("a slot");
            slot.remove("honest");
            slot.remove("answer");
        }
    }
    replay
}

/// Replayed one by one, a hundred trials add up to the row; and trial by trial both fidelities come to the same: the slots that
/// are touched, what they hold, the outcome, the events.
#[test]
fn a_trial_replayed_is_the_trial_that_was_counted_at_either_fidelity() {
    let small = Small::new("replays");
    for (index, (protocol, draw)) in [
        ("{ R: 4, B: 2, T: 3 }", "fresh"),
        ("{ R: 4, B: 2, T: 3, slack: 1 }", "fixed"),
        ("{ R: 5, B: 1, T: 2 }", "fresh"),
        ("{ R: 3, B: 3, T: 0 }", "fixed"),
        ("{ R: 2, B: 2, T: 6, slack: 3 }", "fresh"),
    ]
    .into_iter()
    .enumerate()
    {
        let script = small.script(protocol, draw);
        let told = ["plain", "ideal"].map(|fidelity| {
            let more = format!("--fidelity {fidelity}");
            let (folder, outcome) = attack(&small.0, &script, &format!("{index}-{fidelity}"), &more);
            assert!(outcome.code == 3, "{outcome:?}");
            let counts = counts(&folder);
            let strategies = FLEXIBLE.iter().copied().chain(["honest"]);
            strategies
                .flat_map(|strategy| {
                    let replays = replays(&script, strategy, fidelity);
                    let row = row(strategy, &replays);
                    assert!(counts.lines().any(|line| line == row), "{protocol} {fidelity}: {row}\n{counts}");
                    replays
                })
                .map(|replay| positions(&replay))
                .collect::<Vec<Value>>()
        });
        let [plain, ideal] = told;
        for (plain, ideal) in plain.iter().zip(&ideal) {
            assert_eq!(plain, ideal, "{protocol}");
        }
    }
}
