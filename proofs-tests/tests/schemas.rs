//! The published JSON schemas: scripts, the files of runs, and the events of `sim attack --json` fit them, and what is wrong does not.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod campaign;

use campaign::{CONDITIONAL, PLAIN, attack, counts, last};
use fusion_adversaries::library::SCRIPTS;
use fusion_adversaries::script::Script;
use fusion_proofs_tests::scratch::Scratch;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A tiny campaign inside the two-party protocol: its result has costs, its exemplars have steps.
const REAL: &str = "
schema: fusion/campaign/v1
name: real
protocol: { R: 2, B: 2, T: 1 }
model: { path: MODEL }
data: { images: IMAGES, labels: LABELS, queries: 0..8, public: { from: 8..16 } }
fidelity: real
trials: { seed: 1, max: 16 }
strategies:
  - { name: one-slot, do: [{ at: { random: 1 }, relabel: next }], expect: { reasons: { only: [public_wrong, copies_disagree] } } }
";

/// Checks documents by a published schema.
fn validator(name: &str) -> jsonschema::Validator {
    let path = format!("{}/../docs/schema/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("published");
    jsonschema::validator_for(&serde_json::from_str(&text).expect("JSON")).expect("a schema")
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("written")).expect("JSON")
}

fn assert_fits(name: &str, value: &Value) {
    let found: Vec<String> = validator(name).iter_errors(value).map(|error| error.to_string()).collect();
    assert!(found.is_empty(), "{name}: {found:?} in {value}");
}

/// Plays a script, every event of which must fit: the run's folder, and the events.
fn played(scratch: &Scratch, script: &str, more: &str) -> (PathBuf, Vec<Value>) {
    let script = scratch.file("script.yaml", script);
    let (folder, outcome) = attack(scratch, &script, "runs", &format!("--json {more}"));
    assert!([0, 3].contains(&outcome.code), "{outcome:?}");
    let parsed = |line| serde_json::from_str(line).expect("a line is a document");
    let events: Vec<Value> = outcome.stdout.lines().map(parsed).collect();
    for event in &events {
        assert_fits("events", event);
    }
    assert!(counts(&folder).lines().count() > 1);
    (last(&folder), events)
}

/// Plays a script; every line of its output and every file of its run must fit. Returns the result and an exemplar, where there is one.
fn assert_run_fits(name: &str, script: &str) -> (Value, Option<Value>) {
    let scratch = Scratch::new(name);
    let (folder, events) = played(&scratch, script, "");
    assert!(events.len() >= 2 && events[0]["event"] == "start", "{events:?}");
    assert_fits("env", &json(&folder.join("env.json")));
    let result = json(&folder.join("result.json"));
    assert_eq!(events.last(), Some(&result));
    assert_fits("result", &result);
    let exemplars = std::fs::read_dir(folder.join("exemplars")).into_iter().flatten();
    let exemplars: Vec<Value> = exemplars.map(|entry| json(&entry.expect("readable").path())).collect();
    for exemplar in &exemplars {
        assert_fits("exemplar", exemplar);
    }
    (result, exemplars.into_iter().next())
}

#[test]
fn runs_at_plain_fit_the_schemas() {
    let (_, exemplar) = assert_run_fits("schemas-plain", PLAIN);
    assert!(exemplar.is_some());
    let (result, exemplar) = assert_run_fits("schemas-stages", CONDITIONAL);
    assert!(result["strategies"][1]["stages"].is_array() && exemplar.is_some(), "the control is counted");
}

#[test]
fn a_run_at_real_fits_the_schemas() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
    let script = REAL
        .replace("MODEL", &format!("{examples}/models/lenet_mnist_full.onnx"))
        .replace("IMAGES", &format!("{examples}/data/mnist_t1000-images-idx3-ubyte"))
        .replace("LABELS", &format!("{examples}/data/mnist_t1000-labels-idx1-ubyte"));
    let (result, exemplar) = assert_run_fits("schemas-real", &script);
    assert!(result["cost"]["by_layer"].as_array().is_some_and(|layers| layers.len() > 5));
    assert!(exemplar.expect("some trial")["sessions"][0]["steps"].is_array());
}

#[test]
fn a_share_of_a_campaign_fits_the_schemas() {
    let scratch = Scratch::new("schemas-share");
    let (folder, events) = played(&scratch, PLAIN, "--shard 1/3");
    assert_eq!(events.last().map(|event| &event["event"]), Some(&json!("shard")));
    assert_fits("env", &json(&folder.join("env.json")));
}

/// The tables of the paper with one backend's figures, and a wrong value that does not fit.
#[test]
fn tables_fit_their_schema() {
    let scratch = Scratch::new("schemas-tables");
    let models = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/models");
    let html = scratch.path("tables.html");
    let line = ["sim", "tables", "--quick", "--backend", "cheetah", "--json", "--models", models, "--html", &html];
    let outcome = fusion_sim::run(line.into_iter().map(String::from).chain(["--runs".into(), scratch.path("runs")]));
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    let mut tables: Value = serde_json::from_str(&outcome.stdout).expect("one JSON document");
    assert_fits("tables", &tables);
    let first = &tables["tables"][2]["rows"][0];
    assert_eq!((&first["source"], &first["published"][0]), (&json!("measured"), &json!(24.499)));
    let times = first["ours"][0].as_f64().expect("MiB") / 24.499;
    assert!((0.25..4.0).contains(&times), "{times} times the published bytes");
    assert!(std::fs::read_to_string(html).expect("written").contains("Fusion (2^3,8,100)"));
    tables["tables"][2]["rows"][0]["source"] = json!("guessed");
    assert!(!validator("tables").is_valid(&tables));
}

/// A schema that takes anything would hold nothing.
#[test]
fn documents_with_a_wrong_value_do_not_fit() {
    let scratch = Scratch::new("schemas-wrong");
    let (folder, _) = played(&scratch, PLAIN, "--max 2048");
    let edits: [(&str, &str, &str, Value); 8] = [
        ("result", "result.json", "/verdict", json!("passed")),
        ("result", "result.json", "/strategies/1/win", json!("17")),
        ("result", "result.json", "/strategies/1/hypotheses", json!(["H9"])),
        ("result", "result.json", "/strategies/1/expectations/0/clause", json!("win is spec")),
        ("result", "result.json", "/strategies/1/stopped_by", json!("luck")),
        ("env", "env.json", "/semantics", json!("4")),
        ("env", "env.json", "/shard", json!("1 of 3")),
        ("events", "result.json", "/event", json!("outcome")),
    ];
    for (schema, file, pointer, wrong) in edits {
        let mut document = json(&folder.join(file));
        assert_fits(schema, &document);
        *document.pointer_mut(pointer).expect(pointer) = wrong;
        assert!(!validator(schema).is_valid(&document), "{schema} takes {pointer}");
    }
}

/// Whether a script fits the schema that editors use.
fn fits_the_schema(text: &str) -> bool {
    validator("campaign").is_valid(&serde_yaml::from_str(text).expect("YAML"))
}

#[test]
fn every_script_that_is_read_fits_the_schema() {
    let examples = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples")).expect("a folder");
    let examples = examples.map(|entry| entry.expect("readable").path());
    let examples: Vec<String> = examples
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .map(|path| std::fs::read_to_string(path).expect("readable"))
        .collect();
    assert!(examples.len() >= 3 && SCRIPTS.len() >= 20);
    for text in SCRIPTS.iter().map(|(_, text)| *text).chain(examples.iter().map(String::as_str)) {
        assert!(fits_the_schema(text), "{text}");
        let whole = Script::read(text).expect("good").to_yaml().expect("serialisable");
        assert!(fits_the_schema(&whole), "written: {whole}");
    }
}

#[test]
fn two_alternatives_at_once_fit_neither_the_schema_nor_the_reader() {
    let good = "schema: fusion/campaign/v1
name: two
protocol: { R: 8, B: 2, T: 4 }
goal: { lambda: 40 }
strategies:
  - { name: a, do: [{ at: { random: 2 }, when: { pixel: [1, 2], at_least: 9 }, relabel: next }], expect: { win: { equals: spec } } }
  - { name: b, one_of: [{ weight: 1, do: [] }], sessions: { until: accepted, max: 2 } }
  - { name: c, flaky: 1/2 }
  - { name: d, link: [0, 1] }
  - { name: e, do: [{ at: { each: 1/2, from: 1 }, bend: { step: '**', drop: true } }] }
";
    assert!(fits_the_schema(good) && Script::read(good).is_ok());
    for (old, new) in [
        ("flaky: 1/2", "flaky: 1/2, do: []"),
        ("flaky: 1/2", "flaky: 1/2, link: [0, 1]"),
        ("flaky: 1/2", "about: nothing"),
        ("sessions: {", "flaky: 1/2, sessions: {"),
        ("link: [0, 1]", "link: [0, 1], sessions: { until: accepted, max: 2 }"),
        ("random: 2", "random: 2, slots: [1]"),
        ("random: 2", "random: 2, from: 3"),
        ("random: 2", "from: 3"),
        ("each: 1/2", "each: 1/2, random: 2"),
        ("pixel: [1, 2]", "pixel: [1, 2], memorised: file"),
        ("pixel: [1, 2]", "memorised: file"),
        ("pixel: [1, 2]", "pixel: [1]"),
        (", at_least: 9", ""),
        ("relabel: next", "relabel: next, model: m.onnx"),
        ("relabel: next", "relabel: { to: 1, next: 2 }"),
        (", relabel: next", ""),
        ("relabel: next", "stop: { step: '**', how: crash }"),
        ("bend: {", "model: m.onnx, bend: {"),
        ("drop: true", "drop: true, replay: true"),
        (", drop: true", ""),
        ("drop: true", "drop: false"),
        ("equals: spec", "equals: spec, at_most: 1"),
        ("equals: spec", ""),
        ("B: 2", "B: auto"),
        ("T: 4", "T: auto"),
        ("T: 4", "T: 4, slack: auto"),
        ("goal: { lambda: 40 }", "goal: null"),
        ("lambda: 40", "lambda: 40, kappa: null"),
    ] {
        assert_eq!(good.matches(old).count(), 1, "{old}");
        let bad = good.replacen(old, new, 1);
        assert!(!fits_the_schema(&bad), "the schema takes {new}");
        assert!(Script::read(&bad).is_err(), "the reader takes {new}");
    }
}
