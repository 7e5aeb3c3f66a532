//! The changes that `make changes` makes, and the faults that `make proofs` does, are still there to be made, and what must catch them is there too.

use std::collections::BTreeSet;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn lines() -> Vec<&'static str> {
    entries(include_str!("../changes.txt"))
}

fn entries(list: &str) -> Vec<&str> {
    list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[test]
fn every_change_has_one_place() {
    let lines = lines();
    let faults = entries(include_str!("../../spec/coq/faults.txt"));
    assert!(faults.len() >= 4 && faults.iter().all(|line| line.split(" :: ").count() == 4), "{faults:?}");
    for line in lines.iter().chain(&faults) {
        let parts: Vec<&str> = line.split(" :: ").collect();
        let ([name, old, new] | [name, old, new, _]) = parts[..] else { panic!("three parts or four: {line}") };
        let text = read_to_string(file(name)).expect(name);
        assert_eq!(text.matches(old).count(), 1, "{line}");
        assert_ne!(old, new, "{line}");
    }
    assert!(lines.len() >= 20 && lines.iter().collect::<BTreeSet<_>>().len() == lines.len());
}

/// The folder of a crate of ours.
fn folder(package: &str) -> String {
    let name = package.trim_start_matches("fusion-");
    let mut places = [name.to_string(), format!("sim/{name}")].into_iter();
    match name {
        "sim" => "sim/cli".into(),
        "2pc" => "sim/twopc".into(),
        _ => places.find(|place| file(place).is_dir()).unwrap_or_else(|| panic!("no crate {package}")),
    }
}

/// A catcher is `campaign PATH FLAGS`, `unit PACKAGE MODULE::TEST`, or `test FILE TEST`.
#[test]
fn every_named_catcher_is_there() {
    let mut catchers = 0;
    for line in lines() {
        for catcher in line.split(" :: ").nth(3).into_iter().flat_map(|named| named.split("; ")) {
            let words: Vec<&str> = catcher.split(' ').collect();
            let (sources, test): (Vec<PathBuf>, &str) = match words[..] {
                ["campaign", path, ..] => {
                    assert!(file(path).is_file(), "{line}");
                    catchers += 1;
                    continue;
                }
                ["unit", package, path] => {
                    let (module, test) = path.split_once("::tests::").expect("a test in a module");
                    let module = file(&folder(package)).join("src").join(module.replace("::", "/"));
                    let sources = [module.with_extension("rs"), module.join("mod.rs"), module.join("tests.rs")];
                    (sources.into_iter().filter(|source| source.is_file()).collect(), test)
                }
                ["test", target, test] => (vec![file("proofs-tests/tests").join(target).with_extension("rs")], test),
                _ => panic!("no catcher: {line}"),
            };
            let defines =
                |source: &PathBuf| read_to_string(source).is_ok_and(|text| text.contains(&format!("fn {test}(")));
            assert!(sources.iter().any(defines), "no {test} in {sources:?}: {line}");
            catchers += 1;
        }
    }
    assert!(catchers >= 14, "{catchers}");
}

/// Each fault of a client or a server has a test and a campaign that notice it, but for two of the shuffle that no campaign of a size
/// that runs can see: they move a place by less than a claim's tolerance.
#[test]
fn faults_are_noticed_by_a_test_and_by_a_campaign() {
    let named: Vec<(&str, &str)> = lines()
        .into_iter()
        .filter_map(|line| line.rsplit_once(" :: "))
        .filter(|(_, named)| ["campaign ", "unit ", "test "].iter().any(|kind| named.starts_with(kind)))
        .collect();
    assert!(named.len() >= 10, "{}", named.len());
    let lacks_campaign = named.iter().filter(|(change, named)| {
        assert!(named.contains("unit ") || named.contains("test "), "{change}");
        !named.contains("campaign ")
    });
    let lacks_campaign: Vec<&str> = lacks_campaign.map(|(change, _)| *change).collect();
    assert!(
        lacks_campaign.len() == 2 && lacks_campaign.iter().all(|change| change.contains("accept_word")),
        "{lacks_campaign:?}"
    );
}
