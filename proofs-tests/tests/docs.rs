//! docs/scripts.md: its scripts are accepted, and it names every key, with an example, and every curated script. That its commands print what
//! it says is held by `guides.rs`.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_2pc::session::Grouping;
use fusion_adversaries::library::SCRIPTS;
use fusion_sim::{CommandOutput, run};
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
  public: { from: 500..800 }
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

fn sim(line: &str) -> CommandOutput {
    run(line.split_whitespace())
}

fn assert_accepted(folder: &Path, script: &str) {
    let path = folder.join("script.yaml");
    std::fs::write(&path, script).expect("writable");
    let CommandOutput { code, stdout, stderr } = sim(&format!("sim check {} --quiet", path.display()));
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
    let (scripts, fragments) = (blocks("yaml first.yaml"), blocks("yaml fragment"));
    assert_eq!(scripts.len() + fragments.len(), DOCS.matches("```yaml").count(), "a fence with other words");
    assert!(!scripts.is_empty() && fragments.len() > 20);
    for script in scripts {
        assert_accepted(&folder, script);
    }
    for fragment in fragments {
        assert_accepted(&folder, &completed(fragment));
    }
}

/// Keys, and words that stand for themselves.
#[derive(Default)]
struct Vocabulary {
    keys: BTreeSet<String>,
    words: BTreeSet<String>,
}

impl Vocabulary {
    fn of_the_schema() -> Self {
        let schema = include_str!("../../docs/schema/campaign.schema.json");
        let mut vocabulary = Self::default();
        vocabulary.collect(&serde_json::from_str(schema).expect("JSON"));
        assert!(vocabulary.keys.len() > 40 && vocabulary.words.len() > 20);
        vocabulary
    }

    fn collect(&mut self, schema: &Value) {
        match schema {
            Value::Array(items) => items.iter().for_each(|item| self.collect(item)),
            Value::Object(map) => {
                let properties = map.get("properties").and_then(Value::as_object);
                self.keys.extend(properties.into_iter().flatten().map(|(key, _)| key.clone()));
                self.words.extend(map.get("const").and_then(Value::as_str).map(String::from));
                let listed = map.get("enum").and_then(Value::as_array);
                self.words.extend(listed.into_iter().flatten().filter_map(Value::as_str).map(String::from));
                map.values().for_each(|value| self.collect(value));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

#[test]
fn every_key_and_word_of_the_schema_is_explained() {
    let Vocabulary { keys, words } = Vocabulary::of_the_schema();
    let missing: Vec<&String> = keys.iter().chain(&words).filter(|word| !DOCS.contains(&format!("`{word}`"))).collect();
    assert!(missing.is_empty(), "not in docs/scripts.md: {missing:?}");
}

/// The examples are those that the loader accepts, above.
#[test]
fn every_key_and_word_of_the_schema_is_in_an_example() {
    let Vocabulary { keys, words } = Vocabulary::of_the_schema();
    let examples = [blocks("yaml first.yaml"), blocks("yaml fragment")].concat().concat();
    let said: BTreeSet<&str> = examples.split(|c: char| c.is_whitespace() || "{}[],\"".contains(c)).collect();
    let missing = keys.iter().filter(|key| !said.contains(format!("{key}:").as_str()));
    let missing: Vec<&String> = missing.chain(words.iter().filter(|word| !said.contains(word.as_str()))).collect();
    assert!(missing.is_empty(), "no example in docs/scripts.md: {missing:?}");
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
            let [strategy, clause, expected, _, _] = cells[..] else { panic!("{file}: {row}") };
            let bound = if clause.contains("at_most") { "<= " } else { "" };
            let event = if clause == "reasons only" { clause } else { clause.split(' ').next().unwrap_or_default() };
            let start = format!("| {strategy} | {event} | {bound}{expected} | ");
            assert!(entry.contains(&start), "{file}: no row `{start}`");
            clauses += 1;
        }
        assert!(clauses > 0 && entry.matches("\n| ").count() == clauses + 1, "{file}: {clauses} clauses");
    }
}

/// The items that the glossary names are in the module that it names.
#[test]
fn the_glossary_names_items_that_exist() {
    let named = include_str!("../../docs/GLOSSARY.md").split('`').skip(1).step_by(2);
    let mut items = 0;
    for item in named.filter(|item| item.starts_with("fusion_")) {
        let path: Vec<&str> = item.split("::").collect();
        let [krate, module, .., name] = path[..] else { panic!("{item}") };
        let folder = match krate {
            "fusion_spec" => "spec",
            "fusion_nn" => "sim/nn",
            "fusion_2pc" => "sim/twopc",
            "fusion_adversaries" => "adversaries",
            "fusion_engine" => "sim/engine",
            "fusion_party" => "sim/party",
            _ => panic!("{item}"),
        };
        let module = Path::new(ROOT).join(folder).join("src").join(module);
        let text = source(&module.with_extension("rs")) + &source(&module);
        let kinds = ["struct", "enum", "trait", "type", "fn"];
        let defined = |kind: &&str| {
            let start = format!("pub {kind} {name}");
            text.match_indices(&start)
                .any(|(at, _)| !text[at + start.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        assert!(kinds.iter().any(defined), "no {item}");
        items += 1;
    }
    assert!(items > 15, "{items}");
}

/// The text of a file, or of all files below a folder; none where neither is there.
fn source(path: &Path) -> String {
    match std::fs::read_dir(path) {
        Ok(entries) => entries.map(|entry| source(&entry.expect("readable").path())).collect(),
        Err(_) => std::fs::read_to_string(path).unwrap_or_default(),
    }
}

/// The differences of every family as docs/backends.md lists them.
fn differences() -> String {
    use std::fmt::Write;
    let mut text = String::new();
    let mut before: Option<&[fusion_2pc::backend::Difference]> = None;
    for family in fusion_2pc::backend::Family::ALL {
        let differences = family.differences();
        if before.replace(differences) == Some(differences) {
            continue;
        }
        write!(text, "\n### `{}`\n\n", family.name()).expect("a string");
        if !family.shared().is_empty() {
            write!(text, "Shared with Cheetah: {}.\n\n", family.shared().join(", ")).expect("a string");
        }
        text.push_str("| part | as released | here | favours |\n|---|---|---|---|\n");
        for difference in differences {
            let fusion_2pc::backend::Difference { part, released, here, effect } = difference;
            writeln!(text, "| {part} | {released} | {here} | {} |", effect.name()).expect("a string");
        }
    }
    text.push('\n');
    text
}

/// What one inference of LeNet-5 sends by each family and extension, as the predictors say.
fn bytes_by_extension() -> String {
    use fusion_2pc::backend::{Choice, Family, Options};
    use fusion_2pc::ot::Extension;
    use fusion_2pc::share::truncate::Truncation;
    use fusion_engine::simulate::ProtocolChoice;
    use fusion_proofs_tests::networks::{PRECISION, fixed, lenet};
    let lenet = fixed(&lenet("full"), PRECISION);
    let mut text =
        format!("\n| |{}\n|---|---:|---:|---:|---:|\n", Extension::ALL.map(|e| format!(" `{}` |", e.name())).concat());
    for family in Family::ALL.into_iter().filter(|family| family.options().contains(&"extension")) {
        let bytes = Extension::ALL.map(|extension| {
            let Ok(backend) = Choice::new(family, Options { extension: Some(extension), ..Options::default() }) else {
                return " - |".to_string();
            };
            let protocols = ProtocolChoice { backend, truncation: Truncation::Faithful };
            let [client, server] = protocols.predicted(&[&lenet], 1, Grouping::Chunk).expect("it holds the network");
            format!(" {} |", grouped(client + server))
        });
        text.extend([format!("| `{}` |{}\n", family.name(), bytes.concat())]);
    }
    text.push('\n');
    text
}

/// What checks of extensions add to a session of LeNet-5 by each family over its own extension, as the predictors say, with the set-up apart.
#[expect(clippy::cast_precision_loss, reason = "bytes are below 2^52")]
fn bytes_of_checks() -> String {
    use fusion_2pc::backend::{Choice, Family, Options};
    use fusion_2pc::ot::Checks;
    use fusion_2pc::share::truncate::Truncation;
    use fusion_engine::simulate::ProtocolChoice;
    use fusion_proofs_tests::networks::{PRECISION, fixed, lenet};
    let lenet = fixed(&lenet("full"), PRECISION);
    let mut text = "\n| | batch 1 | with checks | batch 20 | with checks |\n|---|---:|---:|---:|---:|\n".to_string();
    for family in Family::ALL {
        let cells = [1, 20].map(|slots| {
            let [none, active] = Checks::ALL.map(|checks| {
                let backend = Choice::new(family, Options { checks: Some(checks), ..Options::default() })
                    .expect("it has the choice");
                let protocols = ProtocolChoice { backend, truncation: Truncation::Faithful };
                let [client, server] =
                    protocols.predicted(&[&lenet], slots, Grouping::Chunk).expect("it holds the network");
                client + server
            });
            let more = 100.0 * (active - none) as f64 / none as f64;
            format!(" {} | {} (+{more:.2} %) |", grouped(none), grouped(active))
        });
        text.extend([format!("| `{}` |{}\n", family.name(), cells.concat())]);
    }
    text.push('\n');
    text
}

/// A number with a comma before every three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let comma = |at: usize| if at > 0 && (digits.len() - at).is_multiple_of(3) { "," } else { "" };
    digits.char_indices().flat_map(|(at, digit)| [comma(at).to_string(), digit.to_string()]).collect()
}

/// That a section of docs/backends.md, from its comment to the next `end`, is this text. `UPDATE_BACKENDS=1` writes it into the page.
fn assert_section(name: &str, text: &str) {
    // Several tests change one page.
    static PAGE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _page = PAGE.lock();
    let path = Path::new(ROOT).join("docs/backends.md");
    let page = std::fs::read_to_string(&path).expect("readable");
    let start = page.find(&format!("<!-- {name}: ")).expect("a start");
    let start = start + page[start..].find("-->").expect("closed") + "-->\n".len();
    let end = start + page[start..].find("<!-- end -->").expect("an end");
    if std::env::var_os("UPDATE_BACKENDS").is_some() {
        let page = format!("{}{text}{}", &page[..start], &page[end..]);
        std::fs::write(&path, page).expect("writable");
        return;
    }
    assert_eq!(&page[start..end], text, "UPDATE_BACKENDS=1 writes the page");
}

#[test]
fn the_page_of_families_lists_every_difference() {
    assert_section("differences", &differences());
}

#[test]
fn the_page_of_families_has_the_bytes_of_every_extension() {
    assert_section("extensions", &bytes_by_extension());
}

#[test]
fn the_page_of_families_has_the_bytes_of_checks() {
    assert_section("checks", &bytes_of_checks());
}
