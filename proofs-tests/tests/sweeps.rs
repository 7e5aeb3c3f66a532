//! Sweeps: every combination is the campaign that a script with these parameters is, and the table has what each came to.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod campaign;

use campaign::{CONDITIONAL, PLAIN, attack, counts, sim};
use fusion_proofs_tests::scratch::Scratch;
use fusion_spec::bound::deviation::Deviation;
use fusion_spec::params::Params;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The lines of a sweep's table, each by the names of its columns.
fn table(out: &str) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(Path::new(out).join("sweep.csv")).expect("a table");
    let mut lines = text.lines().map(|line| line.split(',').map(String::from).collect::<Vec<_>>());
    let columns = lines.next().expect("a heading");
    lines
        .map(|fields| {
            assert_eq!(fields.len(), columns.len(), "{fields:?}");
            columns.iter().cloned().zip(fields).collect()
        })
        .collect()
}

/// The table without the names of runs, which have the second in which they were begun.
fn undated(out: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = table(out);
    for line in &mut lines {
        line.remove("run");
    }
    lines
}

fn sweep(script: &str, out: &str, more: &str) -> fusion_sim::CommandOutput {
    sim(&["sweep", script, "--out", out], more)
}

#[test]
fn a_combination_is_a_campaign_of_its_own() {
    let scratch = Scratch::new("sweep-each");
    let (script, out) = (scratch.file("plain.yaml", PLAIN), scratch.path("sweep"));
    let max = "--max 8192";
    let outcome = sweep(&script, &out, &format!("--B 2,3 --T 2,4 {max}"));
    assert!([0, 3].contains(&outcome.code), "{outcome:?}");
    let lines = table(&out);
    assert_eq!(lines.len(), 4 * 6 * 4, "four combinations, six strategies with the control, four events");
    for (B, T) in [(2, 2), (2, 4), (3, 2), (3, 4)] {
        let params = Params::new(8, B, T, 0).expect("legal");
        let own = |strategy: &str, event: &str| {
            let is = |line: &&BTreeMap<String, String>| {
                [("B", B.to_string().as_str()), ("T", T.to_string().as_str()), ("strategy", strategy), ("event", event)]
                    .iter()
                    .all(|(column, value)| line[*column] == *value)
            };
            lines.iter().find(is).expect("a line")
        };
        let exact = Deviation::full(params, 2).expect("legal").pr_win().expect("short");
        assert_eq!(own("guess-one", "win")["exact"], exact.to_string());
        // Nothing is claimed of these events, and their rates are known.
        let caught = own("guess-one", "caught");
        assert_eq!(
            (caught["exact"].as_str(), caught["verdict"].as_str()),
            ((rug::Rational::from(1) - exact).to_string().as_str(), "")
        );
        // The same as a script that says so.
        let text = PLAIN.replace("R: 8, B: 2, T: 4", &format!("R: 8, B: {B}, T: {T}"));
        let alone = scratch.file(&format!("{B}-{T}.yaml"), &text);
        let (folder, _) = attack(&scratch, &alone, &format!("runs-{B}-{T}"), max);
        assert_eq!(counts(&format!("{out}/R8-B{B}-T{T}")), counts(&folder));
        let run = Path::new(&out).join(&own("guess-one", "win")["run"]);
        assert!(run.join("report.html").is_file(), "{}", run.display());
    }
    let picture = fs::read_to_string(Path::new(&out).join("sweep.svg")).expect("a picture");
    assert!(picture.starts_with("<svg") && picture.contains("plain: wins of guess-two") && picture.contains("B = 3"));
}

/// Stages estimate the rate of wins: it is their product, and no share of the draws.
#[test]
fn rates_by_stages_are_those_of_wins() {
    let scratch = Scratch::new("sweep-stages");
    let (script, out) = (scratch.file("stages.yaml", CONDITIONAL), scratch.path("sweep"));
    let outcome = sweep(&script, &out, "--R 8,16");
    assert!([0, 3].contains(&outcome.code), "{outcome:?}");
    for line in table(&out).iter().filter(|line| line["strategy"] != "honest") {
        let number = |column: &str| line[column].parse::<f64>().ok();
        match line["event"].as_str() {
            "win" => assert!(number("low") < number("rate") && number("rate") < number("high"), "{line:?}"),
            _ => assert_eq!(number("rate"), None, "{line:?}"),
        }
        let close = |rate: f64| (number("exact_decimal").expect("known") / rate - 1.0).abs() < 0.5;
        assert!(number("rate").is_none_or(close), "{line:?}");
    }
}

/// Paths in the table are those below the sweep's folder, however that is named.
#[test]
fn runs_are_named_below_the_folder_of_the_sweep() {
    let scratch = Scratch::new("sweep-paths");
    let script = scratch.file("plain.yaml", PLAIN);
    let crooked = format!("{}/./sub/../out", scratch.display());
    fs::create_dir(scratch.join("sub")).expect("creatable");
    let first = sweep(&script, &crooked, "--T 2,4 --max 1024");
    assert!([0, 3].contains(&first.code), "{first:?}");
    let lines = table(&crooked);
    assert!(lines.iter().all(|line| line["run"].starts_with("R8-B2-T")), "{:?}", lines[0]);
    sweep(&script, &crooked, "--T 2,4 --max 1024");
    assert_eq!(table(&crooked), lines);
}

/// A rate of 0 has its dot, and its interval its place, beside rates that are far smaller.
#[test]
fn a_picture_has_room_for_every_interval() {
    let scratch = Scratch::new("sweep-picture");
    let text = "schema: fusion/campaign/v1\nname: ours\nprotocol: { R: 8, B: 3, T: 30 }\nfidelity: plain\ntrials: { seed: 1, max: 2048 }\nstrategies:\n  - { name: guess, do: [{ at: { random: 3 }, relabel: next }] }\n";
    let (script, out) = (scratch.file("ours.yaml", text), scratch.path("sweep"));
    sweep(&script, &out, "--R 8,64,512,4096");
    let picture = fs::read_to_string(Path::new(&out).join("sweep.svg")).expect("a picture");
    assert_eq!(picture.matches("<circle").count(), 4, "a dot for each");
    assert!(picture.contains("10^-2"), "where intervals end");
}

/// Two shares in one folder, and a sweep that is repeated, are the sweep: nothing is played twice.
#[test]
fn a_sweep_goes_on_where_it_stopped() {
    let scratch = Scratch::new("sweep-on");
    let (script, whole, parts) = (scratch.file("plain.yaml", PLAIN), scratch.path("whole"), scratch.path("parts"));
    let flags = "--R 4,8 --lambda 6,10 --B auto --T auto --max 4096";
    let code = sweep(&script, &whole, flags).code;
    for share in ["1/2", "2/2"] {
        sweep(&script, &parts, &format!("{flags} --shard {share}"));
        assert_eq!(table(&parts).len(), 2 * 6 * 4, "its own half");
    }
    let again = sweep(&script, &parts, flags);
    assert_eq!((again.code, undated(&parts)), (code, undated(&whole)));
    let runs = table(&parts);
    sweep(&script, &parts, flags);
    assert_eq!(table(&parts), runs, "the same runs");
    // More trials go on in the same runs; another campaign gets its own.
    sweep(&script, &parts, &flags.replace("4096", "8192"));
    let run = |lines: &[BTreeMap<String, String>]| lines.iter().map(|line| line["run"].clone()).collect::<Vec<_>>();
    assert_eq!(run(&table(&parts)), run(&runs));
    sweep(&script, &parts, &format!("{flags} --seed 2"));
    assert!(run(&table(&parts)).iter().zip(run(&runs)).all(|(new, old)| *new != old));
    sweep(&script, &parts, flags);
    assert_eq!(run(&table(&parts)), run(&runs), "the first campaigns again");
    // A part of a copy is no run.
    fs::remove_file(Path::new(&parts).join(&runs[0]["run"]).join("env.json")).expect("there");
    let again = sweep(&script, &parts, flags);
    assert!([0, 3].contains(&again.code) && table(&parts)[0]["run"] != runs[0]["run"], "{again:?}");
}

#[test]
fn the_worst_verdict_is_that_of_the_sweep() {
    let scratch = Scratch::new("sweep-worst");
    let claim = "expect: { win: { equals: 4/95 } }";
    let text = "schema: fusion/campaign/v1\nname: ours\nprotocol: { R: 8, B: 2, T: 4 }\nfidelity: plain\ntrials: { seed: 1, max: 200000 }\nstrategies:\n  - { name: guess, do: [{ at: { random: 2 }, relabel: next }], CLAIM }\n";
    let script = scratch.file("ours.yaml", text.replace("CLAIM", claim));
    let refuted = sweep(&script, &scratch.path("both"), "--T 4,40 --json");
    assert_eq!(refuted.code, 1, "{refuted:?}");
    let rows: Value = serde_json::from_str(&refuted.stdout).expect("one JSON document");
    let schema = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema/sweep.schema.json"));
    let schema: Value = serde_json::from_str(&schema.expect("published")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    assert!(validator.is_valid(&rows), "{rows}");
    let mut wrong = rows.clone();
    wrong[0]["count"] = json!("many");
    assert!(!validator.is_valid(&wrong));
    let verdicts: Vec<&Value> = rows
        .as_array()
        .expect("rows")
        .iter()
        .filter(|row| row["strategy"] == "guess" && row["event"] == "win")
        .map(|row| &row["verdict"])
        .collect();
    assert_eq!(verdicts, [&json!("pass"), &json!("refuted")]);
    let passed = sweep(&script, &scratch.path("one"), "--T 4 --quiet");
    assert_eq!((passed.code, passed.stdout.as_str()), (0, "pass\n"));
}

/// What is wrong with a later combination is told before the first trial.
#[test]
fn nothing_is_played_where_a_combination_is_refused() {
    let scratch = Scratch::new("sweep-refused");
    let text = "schema: fusion/campaign/v1\nname: ours\nprotocol: { R: 8, B: 2, T: 4 }\nfidelity: plain\ntrials: { seed: 1, max: 1024 }\nstrategies:\n  - { name: last, do: [{ at: { slots: [19] }, relabel: next }] }\n";
    let (script, out) = (scratch.file("ours.yaml", text), scratch.path("sweep"));
    let refused = |more: &str, says: &str| {
        let outcome = sweep(&script, &out, more);
        assert_eq!(outcome.code, 64, "{outcome:?}");
        assert!(outcome.stderr.contains(says), "{}", outcome.stderr);
        assert!(!Path::new(&out).exists(), "{more}");
    };
    refused("--R 8,4", "ours.yaml with R4-B2-T4");
    refused("--slack 0,5", "at R = 8, B = 2, T = 4, slack = 5: ");
    refused("--B auto", "`auto` needs lambda, or a goal in the script");
    refused("--B two", "or auto");
    refused("--T 4,5 --shard 3/3", "--shard 3/3: there are 2 combinations, and none is in this share");
    refused("--backend delphi,aby", "--backend: no strategy of ours is played inside a protocol");
    refused("--T 4 --only nobody", "--only nobody: no such strategy");
    assert!(sim(&["sweep", "-"], "--T 4").stderr.contains("give a file, not a stream"));
}
