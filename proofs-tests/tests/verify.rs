//! `sim verify`: a run follows from its counts and its script, and one that was edited by hand does not. Runs of older versions follow by their own rule.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod campaign;

use campaign::{CONDITIONAL, PLAIN, attack, counts, last, sim};
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

/// A file that is there and cannot be read is no missing one, whoever runs this: a link to itself is read by nobody.
#[test]
fn a_run_that_cannot_be_read_is_an_error_of_reading() {
    let scratch = Scratch::new("verify-unreadable");
    let script = scratch.file("plain.yaml", PLAIN);
    let (folder, _) = attack(&scratch, &script, "runs", "--max 2000");
    let resumed = format!("--resume {folder} --max 3000");
    for (name, commands) in [
        ("result.json", [["verify", &folder, ""], ["report", &folder, ""]].as_slice()),
        ("env.json", [["report", &folder, ""], ["attack", &script, &resumed]].as_slice()),
    ] {
        let path = Path::new(&folder).join(name);
        let kept = fs::read(&path).expect("readable");
        fs::remove_file(&path).expect("removable");
        std::os::unix::fs::symlink(name, &path).expect("linked");
        for [command, of, more] in commands {
            let CommandOutput { code, stderr, .. } = sim(&[command, of], more);
            assert_eq!(code, 74, "{command}: {stderr}");
            assert!(stderr.contains(&format!("reading {}", path.display())), "{command}: {stderr}");
        }
        fs::remove_file(&path).expect("removable");
        fs::write(&path, kept).expect("writable");
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

/// Writes the version of its rules into a run's folder.
fn date_to(folder: &str, semantics: u32) {
    let path = Path::new(folder).join("env.json");
    let mut environment: Value = serde_json::from_str(&fs::read_to_string(&path).expect("readable")).expect("JSON");
    environment["semantics"] = semantics.into();
    fs::write(path, environment.to_string()).expect("writable");
}

/// The number of trials of a strategy, where it was decided.
fn decided_after(folder: &str, strategy: &str) -> u64 {
    let text = fs::read_to_string(Path::new(folder).join("result.json")).expect("concluded");
    let result: Value = serde_json::from_str(&text).expect("JSON");
    let found = result["strategies"].as_array().expect("a list").iter().find(|one| one["name"] == strategy);
    let found = found.expect("the strategy");
    assert_eq!(found["stopped_by"], "decided", "{found}");
    found["trials"].as_u64().expect("a number")
}

/// What was begun before semantics 6 passes by the confidence set, when it is continued, merged or verified.
#[test]
fn an_older_run_is_decided_by_its_own_rule() {
    let scratch = Scratch::new("verify-older");
    let script = scratch.file("plain.yaml", PLAIN);
    let (new, _) = attack(&scratch, &script, "new", "");
    let (old, _) = attack(&scratch, &script, "old", "--max 1024");
    date_to(&old, 5);
    let continued = sim(&["attack", "--resume", &old], "--max 60500");
    assert!(continued.stdout.contains(" semantics 5 "), "{continued:?}");
    let [sooner, later] = [&new, &old].map(|folder| decided_after(folder, "guess-one"));
    assert!(sooner < later, "{sooner} by the ratio, {later} by the set");

    // Each follows by its own rule, and names the rule with its decisions.
    for (folder, kind) in [(&new, "sharp"), (&old, "decide")] {
        let lines = scratch.path("decisions.txt");
        let CommandOutput { code, stdout, .. } = sim(&["verify", folder, "--decisions", &lines], "");
        assert_eq!(code, 0, "{stdout}");
        let lines = fs::read_to_string(lines).expect("written");
        assert!(lines.lines().all(|line| line.starts_with(kind)) && lines.lines().count() > 5, "{lines}");
    }
    // Neither follows by the other's. A newer one is not decided at all.
    date_to(&old, 6);
    assert!(differences(&old).contains(&"strategies.guess-one.trials".into()));
    date_to(&new, 5);
    let missing = verify(&new);
    assert!(missing.code == 64 && missing.stderr.contains("rows of 'honest' are missing"), "{missing:?}");
    date_to(&new, 8);
    for refused in [verify(&new), sim(&["attack", "--resume", &new], ""), sim(&["merge", &new], "")] {
        assert_eq!((refused.code, refused.stderr.lines().count()), (64, 1), "{refused:?}");
        assert!(refused.stderr.contains("env.json: the run is of semantics 8, and sim"), "{refused:?}");
    }

    // Shards of both versions are a run of the older one.
    let shards = [1, 2].map(|index| attack(&scratch, &script, "shard", &format!("--shard {index}/2")).0);
    date_to(&old, 5);
    date_to(&shards[1], 5);
    for (name, [one, other]) in [("forth", [&shards[0], &shards[1]]), ("back", [&shards[1], &shards[0]])] {
        let runs = scratch.path(name);
        sim(&["merge", one, other, "--runs", &runs], "");
        let merged = last(&runs);
        let merged = merged.to_str().expect("a plain path");
        assert_eq!(counts(merged), counts(&old), "{name}");
        assert_eq!(verify(merged).code, 0, "{name}");
    }
}

/// Claims that pass, are refuted and stay open, as the rule extracted from Coq decides them: `scripts/proofs.sh` recomputes the file.
/// `UPDATE_DECISIONS=1 cargo test -p fusion-proofs-tests --test verify` writes it.
#[test]
fn the_decisions_of_a_campaign_are_those_that_coq_recomputes() {
    let scratch = Scratch::new("verify-decisions");
    let path = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (folder, _) = attack(&scratch, path.join("decided.yaml").to_str().expect("a plain path"), "runs", "");
    let lines = scratch.path("decisions.txt");
    let verified = sim(&["verify", &folder, "--decisions", &lines], "");
    assert_eq!(verified.code, 0, "{verified:?}");
    let lines = fs::read_to_string(lines).expect("written");
    if std::env::var_os("UPDATE_DECISIONS").is_some() {
        fs::write(path.join("decided.txt"), &lines).expect("writable");
    }
    for answer in [" = 0", " = 1", " = 2"] {
        assert!(lines.lines().any(|line| line.ends_with(answer)), "{answer}: {lines}");
    }
    assert_eq!(lines, fs::read_to_string(path.join("decided.txt")).expect("committed"));
}
