//! `sim verify`: a run follows from its counts and its script, and one that was edited by hand does not.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod campaign;

use campaign::{CONDITIONAL, PLAIN, attack, counts, sim};
use fusion_proofs_tests::scratch::Scratch;
use fusion_sim::CommandOutput;
use serde_json::Value;
use std::fs;
use std::path::Path;

fn verify(folder: &str) -> CommandOutput {
    sim(&["verify", folder], "")
}

/// The places at which a run's result differs.
fn differences(folder: &str) -> Vec<String> {
    let CommandOutput { code, stdout, stderr } = sim(&["verify", folder], "--json");
    assert_eq!(stderr, "");
    let document: Value = serde_json::from_str(&stdout).expect("JSON");
    let found = document["differences"].as_array().expect("a list");
    assert_eq!(code, u8::from(!found.is_empty()), "{stdout}");
    found.iter().map(|one| one["at"].as_str().expect("a place").to_string()).collect()
}

/// Runs a check with one file of a run edited, and puts the file back.
fn edited(folder: &str, name: &str, from: &str, to: &str, check: impl Fn()) {
    let path = Path::new(folder).join(name);
    let text = fs::read_to_string(&path).expect("readable");
    assert!(text.contains(from), "{name} has no {from}: {text}");
    fs::write(&path, text.replacen(from, to, 1)).expect("writable");
    check();
    fs::write(&path, text).expect("writable");
}

#[test]
fn finished_runs_follow_from_their_counts() {
    let scratch = Scratch::new("verify-follows");
    let endless = PLAIN.replace("within: 1/5", "within: 1/5000");
    for (name, script, more, stopped_by) in [
        ("plain", PLAIN, "--max 20500", "max"),
        ("stages", CONDITIONAL, "--max 9000", "max"),
        ("decided", PLAIN, "--max 400000", "decided"),
        ("wall", endless.as_str(), "--max 4000000000 --wall 1s", "wall"),
    ] {
        let script = scratch.file(&format!("{name}.yaml"), script);
        let (folder, _) = attack(&scratch, &script, name, more);
        let result = fs::read_to_string(Path::new(&folder).join("result.json")).expect("concluded");
        assert!(result.contains(&format!("\"stopped_by\":\"{stopped_by}\"")), "{name}: {result}");
        let CommandOutput { code, stdout, stderr } = verify(&folder);
        assert_eq!((code, stderr.as_str()), (0, ""), "{name}: {stdout}");
        assert!(stdout.starts_with("result.json is what counts.csv and script.yaml say: "), "{stdout}");
    }
}

#[test]
fn one_edit_by_hand_is_refused_where_it_was_made() {
    let scratch = Scratch::new("verify-edited");
    let script = scratch.file("plain.yaml", PLAIN);
    let (folder, _) = attack(&scratch, &script, "runs", "--max 20500");
    assert_eq!(differences(&folder), Vec::<String>::new());

    // One expected rate, and one verdict.
    edited(&folder, "result.json", "\"expected\":\"4/95\"", "\"expected\":\"3/95\"", || {
        assert_eq!(differences(&folder), ["strategies.guess-one.expectations.0.expected"]);
        let CommandOutput { code, stdout, .. } = verify(&folder);
        assert_eq!(code, 1);
        assert!(stdout.contains("expectations.0.expected: \"3/95\" is written, and \"4/95\" follows"), "{stdout}");
    });
    let result = fs::read_to_string(Path::new(&folder).join("result.json")).expect("concluded");
    let document: Value = serde_json::from_str(&result).expect("JSON");
    let verdict = document["verdict"].as_str().expect("a verdict");
    let end = |verdict| format!("\"verdict\":\"{verdict}\",\"warnings\"");
    edited(&folder, "result.json", &end(verdict), &end(if verdict == "pass" { "refuted" } else { "pass" }), || {
        assert_eq!(differences(&folder), ["verdict"]);
    });
    for added in ["0", "null"] {
        edited(&folder, "result.json", "\"alpha\":", &format!("\"beta\":{added},\"alpha\":"), || {
            assert_eq!(differences(&folder), ["beta"]);
        });
    }
    // A bug that the campaign has not found.
    let bug = r#""errors":[{"replay":null,"says":"1 of 1 trial ends in an error of ours","strategy":"guess-one"}]"#;
    edited(&folder, "result.json", r#""errors":[]"#, bug, || {
        assert_eq!(differences(&folder), ["errors"]);
        let CommandOutput { stdout, .. } = verify(&folder);
        assert!(stdout.contains(r#"errors: ["guess-one"] is written, and [] follows"#), "{stdout}");
    });

    // One count: a trial that won is made harmless, so that its row still adds up.
    let rows = counts(&folder);
    let begin = rows.lines().find(|line| line.starts_with("guess-one,")).expect("a row");
    let [name, low, high, win, harmless] = begin.split(',').take(5).collect::<Vec<_>>()[..] else { panic!("{begin}") };
    let [fewer, more] = [(win, -1), (harmless, 1)].map(|(cell, by)| cell.parse::<i64>().expect("a count") + by);
    let [from, to] = [format!("{name},{low},{high},{win},{harmless},"), format!("{name},{low},{high},{fewer},{more},")];
    edited(&folder, "counts.csv", &from, &to, || {
        let found = differences(&folder);
        for place in ["win", "harmless", "rate", "expectations.0.count"] {
            assert!(found.contains(&format!("strategies.guess-one.{place}")), "{place}: {found:?}");
        }
        assert!(found.iter().all(|place| place.starts_with("strategies.guess-one.")), "{found:?}");
    });

    // The last row left out: without a time limit it has to be there.
    let last = rows.lines().rfind(|line| line.starts_with("guess-one,")).expect("a row");
    edited(&folder, "counts.csv", &format!("{last}\n"), "", || {
        let CommandOutput { code, stderr, .. } = verify(&folder);
        let why = "counts.csv: rows of 'guess-one' are missing, and the script has no time limit";
        assert!(code == 64 && stderr.contains(why), "{code}: {stderr}");
    });

    // A claim of the script, which is no part of the campaign's identity.
    edited(&folder, "script.yaml", "equals: spec", "equals: 5/95", || {
        assert!(differences(&folder).contains(&"strategies.guess-one.expectations.0.expected".into()));
    });
    assert_eq!(differences(&folder), Vec::<String>::new());
}

#[test]
fn what_is_no_finished_run_is_refused() {
    let scratch = Scratch::new("verify-none");
    let script = scratch.file("plain.yaml", PLAIN);
    let (shard, _) = attack(&scratch, &script, "shard", "--max 3000 --shard 1/2");
    for folder in [shard.as_str(), &scratch.path("nowhere")] {
        let CommandOutput { code, stdout, stderr } = verify(folder);
        assert_eq!((code, stdout.as_str(), stderr.lines().count()), (64, "", 1), "{stderr}");
        assert!(stderr.contains("not the folder of a finished run: it has no result.json"), "{stderr}");
    }
}
