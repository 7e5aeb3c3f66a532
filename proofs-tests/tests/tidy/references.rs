//! What documents name is there: functions, tests, theorems, scripts.

use super::tree::{files, read, root, sources};
use std::path::PathBuf;

/// The words in backquotes of a table's cell that name something in the sources.
fn references(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Whether some item of this name is defined in a text.
fn defines(text: &str, name: &str) -> bool {
    ["fn", "struct", "enum", "trait", "mod", "type", "const", "static"].iter().any(|kind| {
        let start = format!("{kind} {name}");
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        text.match_indices(&start).any(|(at, _)| ends(&text[at + start.len()..]))
    })
}

/// Whether a path such as `laws.rs::endpoints`, `worst::tests` or `Deviation::pr_win` leads to an item: each of its parts is a part of one
/// file's path, or defined there.
fn resolves(reference: &str, sources: &[(PathBuf, String)]) -> bool {
    let parts: Vec<&str> = reference.split("::").filter(|part| *part != "*").collect();
    sources.iter().any(|(path, text)| {
        let on_the_path = |part: &str| {
            path.components().any(|component| {
                let component = component.as_os_str().to_string_lossy();
                component == part || component.strip_suffix(".rs") == Some(part)
            })
        };
        let named = |part: &&str| on_the_path(part) || part.strip_suffix(".rs").is_some_and(on_the_path);
        parts.iter().all(|part| named(part) || defines(text, part))
    })
}

/// Whether a theorem of this name is stated in Coq.
fn is_proved(name: &str, theorems: &[(PathBuf, String)]) -> bool {
    let states = |line: &str| {
        let mut words = line.split_whitespace();
        ["Theorem", "Lemma", "Corollary"].contains(&words.next().unwrap_or_default())
            && words.next().is_some_and(|word| word.trim_end_matches(':') == name)
    };
    theorems.iter().any(|(_, text)| text.lines().any(states))
}

/// Holds what the tables of a document name against the tree; how many names there were.
fn assert_tables_lead_somewhere(document: &str) -> usize {
    let (sources, theorems) = (sources(), files(&["spec/coq"], ".v"));
    let mut lost = Vec::new();
    let mut checked = 0;
    let mut columns: Vec<String> = Vec::new();
    let text = read(&root().join(document));
    for line in text.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---")) {
        let line = line.replace("\\|", "or");
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if ["what", "theorem"].contains(&cells[0]) {
            columns = cells.iter().map(ToString::to_string).collect();
            continue;
        }
        assert_eq!(cells.len(), columns.len(), "{line}");
        for (column, cell) in columns.iter().zip(cells) {
            for reference in references(cell) {
                let found = match column.split(' ').next() {
                    Some("code" | "test" | "Rust") => {
                        resolves(reference.split(' ').next().unwrap_or_default(), &sources)
                    }
                    Some("theorem") => is_proved(reference.rsplit(' ').next().unwrap_or_default(), &theorems),
                    Some("script") => ["adversaries/scripts", "examples"]
                        .iter()
                        .any(|folder| root().join(folder).join(reference).exists()),
                    _ => continue,
                };
                checked += 1;
                if !found {
                    lost.push(format!("{column}: {reference}"));
                }
            }
        }
    }
    assert!(lost.is_empty(), "{document} names what is not there:\n{}", lost.join("\n"));
    checked
}

/// Equation, hypotheses, theorem, function, test, script.
#[test]
fn the_paper_map_leads_somewhere() {
    assert!(assert_tables_lead_somewhere("docs/paper-map.md") > 120);
}

#[test]
fn the_list_of_theorems_leads_somewhere() {
    assert!(assert_tables_lead_somewhere("spec/README.md") > 100);
}

#[test]
fn a_wrong_name_does_not_resolve() {
    let sources = sources();
    for good in ["worst::tests", "laws.rs::endpoints", "Deviation::pr_win", "ot::*::tests", "exhaustive.rs"] {
        assert!(resolves(good, &sources), "{good}");
    }
    for wrong in ["worst::test", "laws.rs::endpoint", "Deviation::pr_wins", "nowhere.rs", "laws.rs::pr_win"] {
        assert!(!resolves(wrong, &sources), "{wrong}");
    }
}
