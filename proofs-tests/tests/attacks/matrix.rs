//! The matrix of kinds of deviation and families: what `sim list --matrix` says was counted is what is counted, and the tests that it names exist. `UPDATE_MATRIX=1` writes the counts.

use crate::stand_in::attack;
use fusion_2pc::backend::Family;
use fusion_adversaries::matrix::{Cell, Kind, SCRIPT};
use fusion_proofs_tests::scratch::Scratch;
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The counts of one family: a line for each strategy that is named by its kind.
fn counted(script: &str, runs: &str, family: Family) -> String {
    let result = attack(script, family, &["--runs", runs]);
    let mut lines = String::new();
    for strategy in result["strategies"].as_array().expect("a list") {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), String::from);
        let name = text(&strategy["name"]);
        assert_eq!(strategy["error"], 0, "{family:?} {name}");
        if name == "noise" {
            let reasons = strategy["reasons"].as_object().expect("a map");
            // Malformed is a label that is no class, which is looked at after the last answer.
            let judged = ["public_wrong", "copies_disagree", "malformed"];
            assert!(reasons.keys().all(|reason| judged.contains(&reason.as_str())), "{family:?}: {reasons:?}");
            assert_ne!(strategy["caught"], 0, "{family:?}: noise is noticed at the end");
        }
        if !Kind::ALL.iter().any(|kind| kind.name() == name) {
            continue;
        }
        let [claim] = &strategy["expectations"].as_array().expect("a list")[..] else {
            panic!("one clause: {strategy}")
        };
        assert_ne!(claim["verdict"], "refuted", "{family:?}: {strategy}");
        let event = text(&claim["clause"]);
        let event = event.split(' ').next().expect("an event");
        let line =
            [family.name(), &name, event, &text(&claim["expected"]), &text(&claim["count"]), &text(&claim["trials"])];
        writeln!(lines, "{}", line.join(",")).expect("memory");
    }
    lines
}

#[test]
fn what_was_counted_is_counted_again() {
    let folder = Scratch::new("matrix");
    let examples = Path::new(ROOT).join("examples");
    let text = SCRIPT.replace("../examples", examples.to_str().expect("UTF-8"));
    let script = folder.file("matrix.yaml", text);
    let runs = folder.path("runs");
    let lines: String = Family::ALL.into_iter().map(|family| counted(&script, &runs, family)).collect();
    let found = format!("backend,kind,event,exact,count,trials\n{lines}");
    let path = Path::new(ROOT).join("adversaries/matrix.csv");
    if std::env::var_os("UPDATE_MATRIX").is_some() {
        std::fs::write(path, found).expect("writable");
    } else {
        assert_eq!(std::fs::read_to_string(path).expect("readable"), found);
    }
}

#[test]
fn the_tests_that_are_named_exist() {
    for family in Family::ALL {
        for kind in Kind::ALL {
            let (Cell::Played(shown) | Cell::Nothing(shown)) = kind.cell(family) else { continue };
            for test in shown.tests {
                let path = Path::new(ROOT).join("proofs-tests/tests").join(test);
                let text = std::fs::read_to_string(path).unwrap_or_else(|_| panic!("{kind:?}: {test}"));
                assert!(text.contains("Family::ALL") || text.contains("#[test]"), "{test} has tests");
            }
        }
    }
}

#[test]
fn the_matrix_is_listed() {
    let outcome = fusion_sim::run(["sim", "list", "--matrix"]);
    assert_eq!(outcome.code, 0);
    for kind in Kind::ALL {
        assert!(outcome.stdout.lines().any(|line| line.trim_start().starts_with(kind.name())), "{}", outcome.stdout);
    }
    let json = fusion_sim::run(["sim", "list", "--matrix", "--json"]);
    let cells: Value = serde_json::from_str(&json.stdout).expect("a document");
    assert_eq!(cells.as_array().map(Vec::len), Some(Kind::ALL.len() * Family::ALL.len()));
}
