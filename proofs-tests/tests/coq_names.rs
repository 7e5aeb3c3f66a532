//! Every name of the proofs that code and documents cite exists: a citation is `File.v: name`, in backquotes, and nothing else. Every headline
//! theorem is listed and has an instance.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below a folder with one of these endings, and its text.
fn texts(folder: &Path, ends: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("readable").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if path.is_file() && ends.iter().any(|end| name.ends_with(end)) {
                let text = read(&path);
                found.push((path, text));
            }
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The words that follow these keywords in a text.
fn named_after<'a>(text: &'a str, keywords: &[&str]) -> BTreeSet<&'a str> {
    let words = || text.split_whitespace();
    words()
        .zip(words().skip(1))
        .filter(|(keyword, _)| keywords.contains(keyword))
        .map(|(_, name)| name.split(|c| !is_word(c)).next().unwrap_or_default())
        .collect()
}

/// What each file of spec/coq states, and what it defines besides.
struct Proofs {
    theorems: BTreeMap<String, BTreeSet<String>>,
    definitions: BTreeSet<String>,
    rust: BTreeSet<String>,
}

impl Proofs {
    fn read() -> Self {
        let owned = |names: BTreeSet<&str>| names.into_iter().map(String::from).collect::<BTreeSet<_>>();
        let (mut theorems, mut definitions) = (BTreeMap::new(), BTreeSet::new());
        for (path, text) in texts(&Path::new(ROOT).join("spec/coq"), &[".v"]) {
            let file = path.file_stem().expect("a name").to_string_lossy().into_owned();
            theorems.insert(file, owned(named_after(&text, &["Theorem", "Lemma", "Corollary", "Example"])));
            definitions.extend(owned(named_after(&text, &["Definition", "Fixpoint", "Ltac"])));
        }
        let items = ["fn", "struct", "enum", "trait", "mod", "type", "const", "static"];
        let sources = texts(Path::new(ROOT), &[".rs"]);
        let rust = sources.iter().flat_map(|(_, text)| owned(named_after(text, &items))).collect();
        Self { theorems, definitions, rust }
    }

    fn states(&self, name: &str) -> bool {
        self.theorems.values().any(|names| names.contains(name))
    }

    fn has(&self, name: &str) -> bool {
        self.states(name) || self.definitions.contains(name) || self.rust.contains(name)
    }

    /// What is wrong with the words between two backquotes, if anything: `before` is the text in front of them.
    fn fault(&self, before: &str, words: &str) -> Option<String> {
        if let Some((file, name)) = words.split_once(".v: ") {
            let Some(names) = self.theorems.get(file) else { return Some(format!("no file {file}.v")) };
            return (!names.contains(name)).then(|| format!("{file}.v does not state {name}"));
        }
        if words.is_empty() || !words.chars().all(is_word) || words.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        // The words a citation follows: a name right after them is a theorem's, whatever Rust calls so.
        let before = before.trim_end_matches(|c: char| !is_word(c));
        let before = before.strip_suffix("'s").or_else(|| before.strip_suffix(" as")).unwrap_or(before);
        let last = before.rsplit(|c| !is_word(c)).next().unwrap_or_default().to_lowercase();
        if ["coq", "theorem", "theorems", "lemma", "lemmas", "corollary", "proved"].contains(&last.as_str()) {
            return Some(format!("`{words}` is cited without its file"));
        }
        if self.states(words) && words.contains('_') && !self.rust.contains(words) {
            return Some(format!("`{words}` is cited without its file"));
        }
        let sentence = before.rsplit(". ").next().unwrap_or_default();
        let looks_declared = words.contains('_') || words.chars().skip(1).any(char::is_uppercase);
        let lost = sentence.contains("Coq") && looks_declared && !self.has(words);
        lost.then(|| format!("`{words}`, in a sentence on Coq, is nowhere"))
    }

    /// The faults of a paragraph, and how many citations it has.
    fn check(&self, paragraph: &str) -> (Vec<String>, usize) {
        let parts: Vec<&str> = paragraph.split('`').collect();
        let (mut faults, mut citations, mut before) = (Vec::new(), 0, String::new());
        for (index, part) in parts.iter().enumerate() {
            if index % 2 == 1 {
                citations += usize::from(part.contains(".v: "));
                faults.extend(self.fault(&before, part));
            }
            before.push_str(part);
        }
        // A file of proofs is named nowhere without being there.
        for (at, _) in paragraph.match_indices(".v") {
            let file = paragraph[..at].rsplit(|c| !is_word(c)).next().unwrap_or_default();
            let ends = !paragraph[at + 2..].starts_with(is_word);
            if ends && file.starts_with(|c: char| c.is_ascii_uppercase()) && !self.theorems.contains_key(file) {
                faults.push(format!("no file {file}.v"));
            }
        }
        (faults, citations)
    }
}

/// The prose of a text, paragraph by paragraph, each on one line: comments of code, all of a document.
fn paragraphs(path: &Path, text: &str) -> Vec<String> {
    let code = path.extension().is_some_and(|end| end == "rs");
    let mut paragraphs = vec![String::new()];
    for line in text.lines().map(str::trim_start) {
        let prose =
            if code { line.split_once("//").map_or("", |(_, rest)| rest.trim_start_matches(['/', '!'])) } else { line };
        if prose.trim().is_empty() || prose.starts_with('|') {
            paragraphs.push(String::new());
        }
        let last = paragraphs.last_mut().expect("one");
        last.push_str(prose.trim());
        last.push(' ');
    }
    paragraphs
}

#[test]
fn every_cited_name_is_stated_where_the_citation_says() {
    let proofs = Proofs::read();
    let mut cited = 0;
    let mut faults = Vec::new();
    for (path, text) in texts(Path::new(ROOT), &[".rs", ".md", ".sh", ".pml"]) {
        if path.ends_with("proofs-tests/tests/coq_names.rs") {
            continue;
        }
        for paragraph in paragraphs(&path, &text) {
            let (found, count) = proofs.check(&paragraph);
            cited += count;
            faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", path.display())));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(cited > 70, "{cited} citations");
}

#[test]
fn a_wrong_citation_is_found() {
    let proofs = Proofs::read();
    let good = [
        "proved in Coq (`Slack.v: slack_comparisons_decide`)",
        "`Worst.v: worst_inner` says so, and `machine::step`",
        "Coq's values, by `Deviation::pr_win` and `winning_sets`; see Slack.v",
        "no lemma; `N = RB+T`",
    ];
    for text in good {
        assert!(proofs.check(text).0.is_empty(), "{text}: {:?}", proofs.check(text).0);
    }
    let wrong = [
        "an equivalence, proved in Coq: `secureSlackP`",
        "1 to 4 are Coq's `certificate`",
        "proved in Coq for every `k`, as `secureSlackP` says",
        "`slack_comparisons_decide` decides",
        "by `Slack.v: worst_inner`",
        "by `Slacks.v: worst_inner`",
        "by `Worst.v: worst_inne`",
        "as Theorem `worst_inner` says",
        "see MixCheck.v",
    ];
    for text in wrong {
        assert!(!proofs.check(text).0.is_empty(), "{text}");
    }
}

/// A table's column called `theorem` has citations and nothing else.
#[test]
fn tables_cite_theorems_in_the_same_form() {
    for (document, least) in [("docs/paper-map.md", 20), ("spec/README.md", 40)] {
        let text = read(&Path::new(ROOT).join(document));
        let (mut column, mut citations) = (None, 0);
        for line in text.lines().filter(|line| line.starts_with('|')) {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            if ["what", "theorem"].contains(&cells[0]) {
                column = cells.iter().position(|cell| *cell == "theorem");
                continue;
            }
            let escaped = line.replace("\\|", "or");
            let cells: Vec<&str> = escaped.trim_matches('|').split('|').map(str::trim).collect();
            for words in column
                .and_then(|column| cells.get(column))
                .into_iter()
                .flat_map(|cell| cell.split('`').skip(1).step_by(2))
            {
                assert!(words.contains(".v: "), "{document}: `{words}` has no file");
                citations += 1;
            }
        }
        assert!(citations >= least, "{document}: {citations} citations");
    }
}

/// What a comment of the proofs calls by a name with an underscore is there.
#[test]
fn comments_in_the_proofs_name_what_is_there() {
    let proofs = Proofs::read();
    let mut named = 0;
    for (path, text) in texts(&Path::new(ROOT).join("spec/coq"), &[".v"]) {
        for comment in text.split("(*").skip(1).map(|rest| rest.split("*)").next().unwrap_or_default()) {
            let (faults, _) = proofs.check(comment);
            assert!(faults.is_empty(), "{}: {faults:?}", path.display());
            for word in comment.split_whitespace().map(|word| word.trim_matches(|c| !is_word(c))) {
                let a_name = word.chars().all(is_word) && word.contains('_') && word != "X_instance";
                assert!(!a_name || proofs.has(word), "{}: no {word}", path.display());
                named += usize::from(a_name);
            }
        }
    }
    assert!(named > 40, "{named} names");
}

fn headline() -> BTreeSet<String> {
    let text = read(&Path::new(ROOT).join("spec/coq/Assumptions.v"));
    let names = text.lines().filter_map(|line| line.strip_prefix("Print Assumptions ")?.strip_suffix('.'));
    names.map(String::from).collect()
}

#[test]
fn the_readme_and_coq_name_the_same_theorems() {
    let text = read(&Path::new(ROOT).join("spec/README.md"));
    let listed: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next()?.split_once(".v: "))
        .map(|(_, name)| name.to_string())
        .collect();
    assert_eq!(listed, headline());
    assert!(listed.len() >= 40, "{} theorems", listed.len());
}

/// scripts/proofs.sh checks that each example applies its theorem and has no premise.
#[test]
fn every_headline_theorem_has_an_instance() {
    let files = ["Instances.v", "MoreInstances.v", "RateInstances.v"]
        .map(|file| read(&Path::new(ROOT).join("spec/coq").join(file)));
    let instances: BTreeSet<&str> = files.iter().flat_map(|text| named_after(text, &["Example"])).collect();
    let without: Vec<String> =
        headline().into_iter().filter(|name| !instances.contains(format!("{name}_instance").as_str())).collect();
    assert!(without.is_empty(), "no instance in spec/coq: {without:?}");
}
