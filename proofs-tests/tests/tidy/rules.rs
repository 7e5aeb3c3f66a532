//! How long a file may be, and where a fallback may stand in for a value.

use super::tokens::{closing, tokens, without_tests};
use super::tree::{Tree, made_up, repository};
use std::collections::BTreeMap;

const MOST_LINES: usize = 450;

fn is_test(path: &str) -> bool {
    path.split('/').any(|part| part == "tests") || path.ends_with("/tests.rs")
}

/// Source files of more lines than a reader holds in mind.
fn long_files(tree: &Tree) -> Vec<(&str, usize)> {
    let lines = tree.iter().map(|(path, text)| (path.as_str(), text.lines().count()));
    lines.filter(|(path, lines)| *lines > MOST_LINES && !is_test(path)).collect()
}

#[test]
fn no_source_file_is_long() {
    let tree = repository();
    let wrong = long_files(&tree);
    assert!(wrong.is_empty(), "over {MOST_LINES} lines: {wrong:#?}");
}

#[test]
fn a_long_file_is_found() {
    let [most, more] = [MOST_LINES, MOST_LINES + 1].map(|lines| "\n".repeat(lines));
    let tree =
        made_up(&[("a/src/b.rs", &most), ("a/src/c.rs", &more), ("a/tests/d.rs", &more), ("a/src/tests.rs", &more)]);
    assert_eq!(long_files(&tree), [("a/src/c.rs", MOST_LINES + 1)]);
}

/// Files where a fallback is the value that is meant, how many stand there, and why. Elsewhere a value that cannot be missing is expected, with
/// the reason, and one that can is a case of its own.
const MEANT: [(&str, usize, &str); 8] = [
    (
        "adversaries/src/script/reading/document.rs",
        3,
        "a draft has the default of a section with a problem, and is never played",
    ),
    (
        "adversaries/src/script/reading/strategy.rs",
        4,
        "a draft has the default of a key with a problem, and is never played",
    ),
    ("sim/engine/src/campaign/load/entries.rs", 1, "of a server that does not cheat no rate but 0 is negligible"),
    ("sim/engine/src/campaign/load/samples.rs", 1, "where two parties run SPDZ nothing asks for a family of protocols"),
    ("sim/twopc/src/he/parameters.rs", 2, "a norm beyond 2^128 is as good as infinite: no parameters hold it"),
    ("sim/twopc/src/wire/clock.rs", 1, "a transmission of over 584 years is as good as endless"),
    ("sim/twopc/src/wire/stream.rs", 1, "a frame of over 4 GiB has the deadline of 4 GiB"),
    ("sim/nn/src/fixed/compile.rs", 1, "a bound beyond a word, in a ring that is set, is stated as the largest word"),
];

/// How often each file without tests says `unwrap_or(..MAX)` or `unwrap_or_default()`, where that is at all.
fn fallbacks(tree: &Tree) -> BTreeMap<&str, usize> {
    let count = |text: &str| {
        let code = without_tests(&tokens(text));
        let is_fallback = |at: &usize| match code[*at] {
            "unwrap_or_default" => true,
            "unwrap_or" => {
                let argument = &code[*at + 1..closing(&code, *at + 1).min(code.len())];
                matches!(argument, ["(", .., "MAX"])
            }
            _ => false,
        };
        (0..code.len()).filter(is_fallback).count()
    };
    let sources = tree.iter().filter(|(path, _)| !is_test(path) && !path.contains("/benches/"));
    sources.map(|(path, text)| (path.as_str(), count(text))).filter(|(_, count)| *count > 0).collect()
}

#[test]
fn no_fallback_stands_in_for_a_value() {
    let tree = repository();
    let mut found = fallbacks(&tree);
    let meant = MEANT.iter().filter(|(path, count, _)| found.remove(path) != Some(*count)).collect::<Vec<_>>();
    assert!(meant.is_empty(), "not so many there: {meant:#?}");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_fallback_is_found() {
    let code = "
        //! x.unwrap_or_default()
        fn f() { a.unwrap_or(u32::MAX); b.unwrap_or(g(u64::MAX).min(3)); c.unwrap_or_default(); d.unwrap_or(usize::MAX) }
        #[cfg(test)] mod tests { fn g() { e.unwrap_or_default() } }";
    let tree =
        made_up(&[("a/src/b.rs", code), ("a/tests/c.rs", "x.unwrap_or_default()"), ("a/src/d.rs", "x.unwrap_or(0)")]);
    assert_eq!(fallbacks(&tree), BTreeMap::from([("a/src/b.rs", 3)]));
}
