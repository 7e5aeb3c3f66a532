//! What holds of the tree as text: every crate has the workspace's lints, nothing draws ambient randomness, the specification's modules have
//! examples, and what docs/paper-map.md names is there.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below some folders of the repository whose name ends so, and its text.
fn files(folders: &[&str], end: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("readable").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() && name != "target" {
                folders.push(path);
            } else if name.ends_with(end) {
                let text = read(&path);
                found.push((path, text));
            }
        }
    }
    found
}

const CRATES: [&str; 5] = ["spec", "sim", "adversaries", "proofs-tests", "examples"];

fn sources() -> Vec<(PathBuf, String)> {
    files(&CRATES, ".rs")
}

#[test]
fn every_crate_has_the_workspaces_lints() {
    let manifest: toml::Table = read(&root().join("Cargo.toml")).parse().expect("TOML");
    let members = manifest["workspace"]["members"].as_array().expect("a list");
    for member in members.iter().map(|member| member.as_str().expect("a path")) {
        let own: toml::Table = read(&root().join(member).join("Cargo.toml")).parse().expect("TOML");
        assert_eq!(own["lints"]["workspace"].as_bool(), Some(true), "{member}");
    }
    let lints = &manifest["workspace"]["lints"];
    assert_eq!(lints["rust"]["unsafe_code"].as_str(), Some("forbid"));
    assert_eq!(lints["rust"]["missing_docs"].as_str(), Some("deny"));
    for lint in ["unwrap_used", "expect_used", "dbg_macro", "float_cmp", "todo"] {
        assert_eq!(lints["clippy"][lint].as_str(), Some("deny"), "{lint}");
    }
}

/// A trial is a function of script, seed and number, and keys come from seeds. Clocks are forbidden by clippy.toml.
#[test]
fn nothing_draws_ambient_randomness() {
    let ambient = [
        "thread_rng",
        "rand::rng",
        "rand::random",
        "OsRng",
        "SysRng",
        "getrandom",
        "from_os_rng",
        "RandomState",
        "fastrand",
    ];
    for (path, text) in sources().iter().filter(|(path, _)| !path.ends_with("tidy.rs")) {
        for name in ambient {
            assert!(!text.contains(name), "{}: {name}", path.display());
        }
    }
    let clippy = read(&root().join("clippy.toml"));
    assert!(["Instant::now", "SystemTime::now"].iter().all(|clock| clippy.contains(clock)));
}

/// The files of a crate's public modules, from its root.
fn public_modules(root_file: &Path) -> Vec<PathBuf> {
    let own_folder = ["lib.rs", "mod.rs"].iter().any(|name| root_file.ends_with(name));
    let folder = if own_folder { root_file.with_file_name("") } else { root_file.with_extension("") };
    let text = read(root_file);
    let names = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let file = |name: &str| {
        let [alone, with_others] = [format!("{name}.rs"), format!("{name}/mod.rs")].map(|path| folder.join(path));
        if alone.exists() { alone } else { with_others }
    };
    let below = names.flat_map(|name| public_modules(&file(name)));
    std::iter::once(root_file.to_path_buf()).chain(below).collect()
}

/// Whether some code block of the documentation is run: one that opens without a word after its backquotes.
fn has_a_doctest(text: &str) -> bool {
    let fences = text.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("//!").or_else(|| line.strip_prefix("///"))?.trim().strip_prefix("```")
    });
    fences.step_by(2).any(str::is_empty)
}

#[test]
fn every_public_module_of_the_specification_has_a_doctest() {
    let modules = public_modules(&root().join("spec/src/lib.rs"));
    assert!(modules.len() > 25, "{modules:?}");
    let without: Vec<_> = modules.iter().filter(|path| !has_a_doctest(&read(path))).collect();
    assert!(without.is_empty(), "{without:?}");
    assert!(!has_a_doctest("/// ```text\n/// not run\n/// ```\n//\n// ```"));
}

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
