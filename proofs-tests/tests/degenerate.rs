//! Sizes at which little is left: one query, one copy, one slot, no publics, two classes, pools that a session uses up, one class. Every
//! fidelity and `sim check` say the same of each: what they play comes to the same end trial by trial and is held against the same exact
//! rates, or it is refused, in the same words.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "not every test needs all of it")]
mod campaign;

use campaign::{counts, last, sim};
use fusion_nn::onnx::{Attribute, Dimension, Graph, Node, Tensor, TensorShape, TensorType, Type, ValueInfo};
use fusion_proofs_tests::scratch::Scratch;
use fusion_sim::CommandOutput;
use prost::Message;
use serde_json::Value;

/// Pixels of an image, 2x2.
const PIXELS: usize = 4;
/// Samples of the data.
const SAMPLES: usize = 12;
const FIDELITIES: [&str; 3] = ["plain", "ideal", "real"];

/// The logits are the first pixels.
fn onnx(classes: usize) -> Vec<u8> {
    let dimension = |dim_value| Dimension { dim_value };
    let value = |name: &str, sizes: &[i64]| {
        let shape = Some(TensorShape { dim: sizes.iter().copied().map(dimension).collect() });
        let tensor_type = Some(TensorType { elem_type: 1, shape });
        ValueInfo { name: name.into(), r#type: Some(Type { tensor_type }) }
    };
    let node = |op: &str, input: [&str; 2], output: &str, attribute: Vec<Attribute>| Node {
        op_type: op.into(),
        input: input.iter().filter(|name| !name.is_empty()).map(ToString::to_string).collect(),
        output: vec![output.into()],
        attribute,
        ..Node::default()
    };
    let columns = i64::try_from(PIXELS).expect("small");
    let rows = i64::try_from(classes).expect("small");
    let float_data = (0..classes * PIXELS).map(|i| if i / PIXELS == i % PIXELS { 1.0 } else { 0.0 }).collect();
    let matrix = Tensor { name: "w".into(), dims: vec![rows, columns], data_type: 1, float_data, ..Tensor::default() };
    let transposed = Attribute { name: "transB".into(), i: 1, ..Attribute::default() };
    let nodes =
        vec![node("Flatten", ["in", ""], "flat", Vec::new()), node("Gemm", ["flat", "w"], "out", vec![transposed])];
    let graph = Graph {
        node: nodes,
        initializer: vec![matrix],
        input: vec![value("in", &[0, 1, 2, 2])],
        output: vec![value("out", &[])],
    };
    fusion_nn::onnx::ModelProto { graph: Some(graph), ..Default::default() }.encode_to_vec()
}

/// Image `i` is bright where its class is, `i` modulo the classes.
fn images(classes: usize) -> Vec<u8> {
    let sizes = [SAMPLES, 2, 2].map(|size| u32::try_from(size).expect("small").to_be_bytes());
    let pixels = (0..SAMPLES).flat_map(|i| (0..PIXELS).map(move |pixel| if pixel == i % classes { 200 } else { 10 }));
    [0, 0, 8, 3].into_iter().chain(sizes.concat()).chain(pixels).collect()
}

/// The classes, or others.
fn labels(classes: usize, right: bool) -> Vec<u8> {
    let label = |i: usize| u8::try_from((i + usize::from(!right)) % classes).expect("small");
    let count = u32::try_from(SAMPLES).expect("small").to_be_bytes();
    [0, 0, 8, 1].into_iter().chain(count).chain((0..SAMPLES).map(label)).collect()
}

struct Case {
    protocol: &'static str,
    classes: usize,
    /// Whether the honest model is right.
    right: bool,
    data: &'static str,
    slots: u32,
}

const fn case(protocol: &'static str, slots: u32, classes: usize, data: &'static str) -> Case {
    Case { protocol, classes, right: true, data, slots }
}

impl Case {
    /// What a server may do here at every fidelity.
    fn script(&self) -> String {
        let Self { protocol, data, slots, .. } = self;
        let strategy = |name: &str, places: &str, label: &str| {
            let clauses = "{ win: { equals: spec }, accepted: { equals: spec } }";
            format!("  - {{ name: {name}, do: [{{ at: {places}, relabel: {label} }}], expect: {clauses} }}\n")
        };
        let mut strategies = strategy("none", "{ random: 0 }", "next");
        strategies += &strategy("one", "{ random: 1 }", "next");
        strategies += &strategy("last", &format!("{{ slots: [{}] }}", slots - 1), "next");
        strategies += &strategy("every", "all", "next");
        strategies += &strategy("some", "{ each: 1/2 }", "next");
        strategies += &strategy("scatter", "{ random: 1 }", "random_wrong");
        strategies += "  - { name: flaky, flaky: 1/3, expect: { harmless: { equals: spec } } }\n";
        if *slots > 1 {
            strategies += "  - { name: link, link: [0, 1], expect: { win: { equals: spec } } }\n";
        }
        format!(
            "schema: fusion/campaign/v1\nname: small\nprotocol: {protocol}\nmodel: {{ path: model.onnx }}\n\
             data: {{ images: images, labels: labels, {data} }}\nfidelity: ideal\ntrials: {{ max: 6 }}\nstrategies:\n{strategies}"
        )
    }

    fn write(&self, scratch: &Scratch) -> String {
        scratch.file("model.onnx", onnx(self.classes));
        scratch.file("images", images(self.classes));
        scratch.file("labels", labels(self.classes, self.right));
        scratch.file("small.yaml", self.script())
    }
}

/// The clauses with their exact rates, as `sim check` and a result have them.
fn expected(clauses: &Value, strategy: &str) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let clause = |clause: &Value| (text(&clause["strategy"]), text(&clause["clause"]), text(&clause["expected"]));
    let named = |(name, what, rate): (String, String, String)| {
        (if name.is_empty() { strategy.to_string() } else { name }, what, rate)
    };
    clauses.as_array().expect("a list").iter().map(clause).map(named).collect()
}

#[test]
fn little_is_played_alike_at_every_fidelity() {
    let two = "queries: 0..2, public: { from: 2..6 }";
    let used_up = "queries: 0..1, public: { from: 1..2 }";
    let cases = [
        case("{ R: 1, B: 1, T: 0 }", 1, 2, two),
        case("{ R: 1, B: 1, T: 0 }", 1, 4, "queries: 0..1, public: { from: 1..2 }, draw: fixed"),
        case("{ R: 1, B: 1, T: 1 }", 2, 2, used_up),
        case("{ R: 1, B: 2, T: 0 }", 2, 3, two),
        case("{ R: 1, B: 3, T: 1 }", 4, 2, used_up),
        case("{ R: 2, B: 1, T: 0 }", 2, 4, two),
        case("{ R: 2, B: 1, T: 1 }", 3, 2, "queries: 0..2, public: { from: 2..3 }, draw: fixed"),
        case("{ R: 2, B: 2, T: 0 }", 4, 2, two),
        case("{ R: 1, B: 1, T: 3, slack: 3 }", 4, 3, "queries: 0..1, public: { from: 1..4 }"),
        Case { right: false, ..case("{ R: 1, B: 2, T: 0 }", 2, 2, two) },
        Case { right: false, ..case("{ R: 2, B: 1, T: 0 }", 2, 3, "queries: 0..2, public: { from: 2..6, keep: all }") },
    ];
    let scratch = Scratch::new("small-sizes");
    for case in cases {
        let script = case.write(&scratch);
        let mut all: Vec<(Vec<_>, String)> = Vec::new();
        for fidelity in FIDELITIES {
            let text = case.script().replace("fidelity: ideal", &format!("fidelity: {fidelity}"));
            std::fs::write(&script, text).expect("ours");
            let CommandOutput { code, stdout, stderr } = sim(&["check", &script, "--json"], "");
            assert_eq!(code, 0, "{}: {fidelity}: {stdout}{stderr}", case.protocol);
            let checked: Value = serde_json::from_str(&stdout).expect("JSON");
            let runs = scratch.path(fidelity);
            let CommandOutput { code, stdout, stderr } = sim(&["attack", &script, "--runs", &runs, "--json"], "");
            assert!([0, 3].contains(&code), "{}: {fidelity}: {code}: {stdout}{stderr}", case.protocol);
            let result: Value = serde_json::from_str(stdout.lines().last().expect("a line")).expect("JSON");
            let strategies = result["strategies"].as_array().expect("a list");
            let named = |strategy: &Value| strategy["name"].as_str().expect("a name").to_string();
            let rates: Vec<_> =
                strategies.iter().flat_map(|strategy| expected(&strategy["expectations"], &named(strategy))).collect();
            assert_eq!(rates, expected(&checked["clauses"], ""), "{}: {fidelity}", case.protocol);
            all.push((rates, counts(last(&runs).to_str().expect("a plain path"))));
        }
        for (fidelity, other) in FIDELITIES.iter().zip(&all) {
            assert_eq!(*other, all[0], "{}: {fidelity}", case.protocol);
        }
    }
}

/// What cannot be played is refused with its place, by `sim check` and `sim attack`, at every fidelity that draws it.
#[test]
fn what_cannot_be_is_refused_alike_at_every_fidelity() {
    let two = "queries: 0..2, public: { from: 2..6 }";
    let one_class = "a model of 1 class gives one answer to everything";
    let cases = [
        (case("{ R: 1, B: 2, T: 1 }", 3, 1, two), "4:", one_class, &FIDELITIES[..]),
        (case("{ R: 1, B: 2, T: 0 }", 2, 1, two), "4:", one_class, &FIDELITIES[..]),
        (
            case("{ R: 3, B: 2, T: 1 }", 7, 2, two),
            "5:",
            "a session draws R = 3 queries, and the pool has 2",
            &FIDELITIES,
        ),
        (
            case("{ R: 2, B: 2, T: 5 }", 9, 2, two),
            "5:",
            "a session draws T = 5 publics, and the pool has 4",
            &FIDELITIES,
        ),
        // What is kept is known where samples are read.
        (
            Case { right: false, ..case("{ R: 1, B: 2, T: 1 }", 3, 2, two) },
            "5:",
            "a session draws T = 1 publics, and the pool has 0",
            &FIDELITIES[1..],
        ),
    ];
    let scratch = Scratch::new("refused-sizes");
    for (case, line, says, fidelities) in cases {
        let script = case.write(&scratch);
        for fidelity in fidelities {
            let text = case.script().replace("fidelity: ideal", &format!("fidelity: {fidelity}"));
            std::fs::write(&script, text).expect("ours");
            let runs = scratch.path("runs");
            for words in [&["check", &script][..], &["attack", &script, "--runs", &runs]] {
                let CommandOutput { code, stdout, stderr } = sim(words, "");
                assert_eq!((code, stdout.as_str()), (64, ""), "{words:?} {fidelity}: {stderr}");
                assert!(stderr.contains(says), "{words:?} {fidelity}: {stderr}");
                assert!(stderr.contains(&format!("small.yaml:{line}")), "{words:?} {fidelity}: {stderr}");
            }
            assert!(!std::path::Path::new(&runs).exists(), "nothing is written");
        }
    }
}
