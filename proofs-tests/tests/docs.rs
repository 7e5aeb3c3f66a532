//! docs/scripts.md: its scripts are accepted, its commands print what it says, and it names every key and every curated script.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_adversaries::library::SCRIPTS;
use fusion_sim::{Outcome, run};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const DOCS: &str = include_str!("../../docs/scripts.md");

/// What a fragment is put into, by top-level key. The pools are small: every image of them is evaluated.
const BASE: &str = "\
schema: fusion/campaign/v1
name: base
protocol: { R: 8, B: 2, T: 4 }
model: { path: models/lenet_mnist_full.onnx }
data:
  images: data/mnist_t1000-images-idx3-ubyte
  labels: data/mnist_t1000-labels-idx1-ubyte
  queries: 0..20
  public: { from: 500..540 }
fidelity: ideal
strategies:
  - { name: base, do: [{ at: { random: 2 }, relabel: next }], expect: { win: { equals: spec } } }
";

/// The blocks whose fence is followed by exactly these words.
fn blocks(info: &str) -> Vec<&'static str> {
    let fence = format!("```{info}\n");
    DOCS.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().expect("a block")).collect()
}

/// A folder of the test's own where paths count as from `examples/`.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("removable");
    }
    std::fs::create_dir_all(&folder).expect("creatable");
    for data in ["models", "data"] {
        let target = Path::new(ROOT).join("examples").join(data).canonicalize().expect("there");
        std::os::unix::fs::symlink(target, folder.join(data)).expect("linkable");
    }
    folder
}

fn sim(line: &str) -> Outcome {
    run(line.split_whitespace())
}

fn assert_accepted(folder: &Path, script: &str) {
    let path = folder.join("script.yaml");
    std::fs::write(&path, script).expect("writable");
    let Outcome { code, stdout, stderr } = sim(&format!("sim check {} --quiet", path.display()));
    assert_eq!((code, stdout.as_str()), (0, "ok\n"), "{stderr}\n{script}");
}

/// Top-level keys with their text, in order.
fn sections(script: &str) -> Vec<(&str, String)> {
    let mut sections: Vec<(&str, String)> = Vec::new();
    for line in script.lines() {
        if !line.starts_with([' ', '#']) {
            let (key, _) = line.split_once(':').unwrap_or_else(|| panic!("no top-level key: {line}"));
            sections.push((key, String::new()));
        }
        let (_, text) = sections.last_mut().expect("a key first");
        text.extend([line, "\n"]);
    }
    sections
}

/// The base with what a fragment says.
fn completed(fragment: &str) -> String {
    let mut script = sections(BASE);
    for (key, text) in sections(fragment) {
        match script.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = text,
            None => script.push((key, text)),
        }
    }
    script.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn every_script_and_every_fragment_is_accepted() {
    let folder = scratch("docs-accepted");
    let (scripts, fragments) = (blocks("yaml"), blocks("yaml fragment"));
    assert_eq!(scripts.len() + fragments.len(), DOCS.matches("```yaml").count(), "a fence with other words");
    assert!(!scripts.is_empty() && fragments.len() > 20);
    for script in scripts {
        assert_accepted(&folder, script);
    }
    for fragment in fragments {
        assert_accepted(&folder, &completed(fragment));
    }
}

/// The stamp in the name of a run is all that may differ.
#[test]
fn commands_print_what_is_shown() {
    let folder = scratch("docs-commands");
    let path = folder.join("first.yaml");
    std::fs::write(&path, blocks("yaml")[0]).expect("writable");
    let (script, runs) = (path.display().to_string(), folder.join("runs").display().to_string());
    let shown = DOCS.split_whitespace().find(|word| word.starts_with("runs/first/2")).expect("a run");
    let shown_run = shown.strip_suffix("/report.html").expect("its page");
    let examples = blocks("console");
    assert_eq!(examples.len(), 3);
    for example in examples {
        let (command, output) = example.split_once('\n').expect("a command and its output");
        let line = command.strip_prefix("$ ").expect("a command").replace("first.yaml", &script);
        let attacks = line.starts_with("sim attack");
        let Outcome { code, stdout, stderr } = sim(&if attacks { format!("{line} --runs {runs}") } else { line });
        assert_eq!((code, stderr.as_str()), (0, ""), "{command}");
        let last = std::fs::read_link(format!("{runs}/latest"));
        let stdout = match last {
            Ok(last) if attacks => stdout.replace(&format!("{runs}/{}", last.display()), shown_run),
            _ => stdout,
        };
        assert_eq!(stdout, output, "{command}");
    }
}

/// Keys, and words that stand for themselves.
fn vocabulary(schema: &Value, words: &mut BTreeSet<String>) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| vocabulary(item, words)),
        Value::Object(map) => {
            let properties = map.get("properties").and_then(Value::as_object);
            words.extend(properties.into_iter().flatten().map(|(key, _)| key.clone()));
            words.extend(map.get("const").and_then(Value::as_str).map(String::from));
            let listed = map.get("enum").and_then(Value::as_array);
            words.extend(listed.into_iter().flatten().filter_map(Value::as_str).map(String::from));
            map.values().for_each(|value| vocabulary(value, words));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_key_and_word_of_the_schema_is_explained() {
    let schema = include_str!("../../docs/schema/campaign.schema.json");
    let mut words = BTreeSet::new();
    vocabulary(&serde_json::from_str(schema).expect("JSON"), &mut words);
    assert!(words.len() > 60, "{words:?}");
    let missing: Vec<&String> = words.iter().filter(|word| !DOCS.contains(&format!("`{word}`"))).collect();
    assert!(missing.is_empty(), "not in docs/scripts.md: {missing:?}");
}

/// Each has an entry with the exact rate of each of its clauses. Measured counts are not compared: that takes a run.
#[test]
fn every_curated_script_has_an_entry_with_its_exact_rates() {
    for (file, _) in SCRIPTS {
        let entry = DOCS.split_once(&format!("### `{file}`\n")).unwrap_or_else(|| panic!("no entry of {file}")).1;
        let entry = entry.split("\n#").next().unwrap_or_default();
        let checked = sim(&format!("sim check {ROOT}/adversaries/scripts/{file}")).stdout;
        let rows = checked.lines().skip(3).take_while(|line| !line.is_empty());
        let mut clauses = 0;
        for row in rows.filter(|row| !row.starts_with(" honest ")) {
            let cells: Vec<&str> = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
            let [strategy, clause, expected, _] = cells[..] else { panic!("{file}: {row}") };
            let bound = if clause.contains("at_most") { "<= " } else { "" };
            let event = if clause == "reasons only" { clause } else { clause.split(' ').next().unwrap_or_default() };
            let start = format!("| {strategy} | {event} | {bound}{expected} | ");
            assert!(entry.contains(&start), "{file}: no row `{start}`");
            clauses += 1;
        }
        assert!(clauses > 0 && entry.matches("\n| ").count() == clauses + 1, "{file}: {clauses} clauses");
    }
}

#[test]
fn links_lead_somewhere() {
    let targets: Vec<&str> = DOCS.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(targets.len() > 5);
    for target in targets {
        assert!(Path::new(ROOT).join("docs").join(target).exists(), "{target}");
    }
}
