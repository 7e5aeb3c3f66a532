//! Proofs of an active mode: a server whose proof does not hold is caught as `cheating`, and where nobody asks for proofs the same server does harm. Runs of before
//! semantics 7 go on calling it malformed.

use crate::published::curated;
use fusion_proofs_tests::scratch::Scratch;
use fusion_sim::CommandOutput;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const ACTIVE: &str = "backend: { cryptflow2-ot: { checks: active } }";

fn sim(arguments: &[&str]) -> CommandOutput {
    fusion_sim::run(["sim"].iter().chain(arguments).copied())
}

/// The curated script without its claims, by this backend.
fn unclaimed(backend: &str) -> String {
    let lines = curated("cheating").replace(ACTIVE, backend);
    let line = |line: &str| line.split_once(", expect:").map_or(line.into(), |(kept, _)| format!("{kept} }}"));
    lines.lines().map(line).collect::<Vec<String>>().join("\n")
}

/// Begins or continues a run, and returns its folder with what its strategies came to: the control, the guess and the bent message.
fn played(arguments: &[&str]) -> (String, Vec<Value>) {
    let outcome = sim(&[arguments, &["--json"]].concat());
    let lines = outcome.stdout.lines().map(|line| serde_json::from_str(line).expect("one document a line"));
    let documents: Vec<Value> = lines.collect();
    let [first, .., last] = &documents[..] else { panic!("{outcome:?}") };
    (first["run_dir"].as_str().expect("a start").into(), last["strategies"].as_array().expect("a list").clone())
}

/// A bit is guessed right in half of the trials, and a bent message never passes; of both nothing else is noticed, as nothing is answered. Without proofs the bent message
/// changes answers, and two queries in one copy with one public do not save the client.
#[test]
fn what_is_cheating_with_proofs_is_harm_without() {
    let folder = Scratch::new("cheating");
    let runs = folder.path("runs");
    let (_, with) = played(&["attack", &folder.file("with.yaml", curated("cheating")), "--runs", &runs]);
    for (strategy, passes) in with[1..].iter().zip([true, false]) {
        assert_eq!(strategy["verdict"], "pass", "{strategy}");
        assert_eq!(strategy["reasons"], json!({ "cheating": strategy["caught"] }), "{strategy}");
        assert_eq!((&strategy["win"], strategy["harmless"] != 0), (&json!(0), passes), "{strategy}");
    }
    let without = folder.file("without.yaml", unclaimed("backend: cryptflow2-ot"));
    let (_, without) = played(&["attack", &without, "--runs", &runs, "--max", "16"]);
    for strategy in &without[1..] {
        assert!(strategy["reasons"].get("cheating").is_none() && strategy["error"] == 0, "{strategy}");
    }
    assert!(without[2]["win"].as_u64() > Some(4), "{}", without[2]);
}

/// In Cheetah the client proves in one direction and the server in the other: a byte is guessed, and a bent sum of a tree, or a bent hash, is no proof.
#[test]
fn silent_transfers_are_proved_too() {
    let folder = Scratch::new("cheating-silent");
    let text = unclaimed("backend: { cheetah: { checks: active } }")
        .replace("layer[*:relu]/mux/round[0]/msg[0]", "layer[*:relu]/**");
    let (_, strategies) =
        played(&["attack", &folder.file("silent.yaml", &text), "--runs", &folder.path("runs"), "--max", "3"]);
    for strategy in &strategies[1..] {
        assert_eq!(strategy["reasons"], json!({ "cheating": 3 }), "{strategy}");
    }
}

/// What semantics 6 called malformed stays malformed in a run that it began, and a run of today is not called otherwise.
#[test]
fn a_run_that_an_older_version_began_keeps_its_reasons() {
    let folder = Scratch::new("cheating-older");
    let script = folder.file("older.yaml", unclaimed(ACTIVE));
    for (semantics, reason) in [(7, "cheating"), (6, "malformed")] {
        let (run, begun) = played(&["attack", &script, "--runs", &folder.path("runs"), "--only", "bent", "--max", "2"]);
        assert_eq!(begun[1]["reasons"], json!({ "cheating": 2 }), "{begun:?}");
        for (file, from, to) in [
            ("env.json", r#""semantics": 7"#, format!(r#""semantics": {semantics}"#)),
            ("counts.csv", "cheating", reason.into()),
        ] {
            let path = Path::new(&run).join(file);
            let text = fs::read_to_string(&path).expect("a file of the run");
            assert!(text.contains(from), "{text}");
            fs::write(path, text.replace(from, &to)).expect("writable");
        }
        let (_, continued) = played(&["attack", "--resume", &run, "--max", "8"]);
        assert_eq!(continued[1]["reasons"], json!({ reason: 8 }), "{semantics}: {continued:?}");
        let verified = sim(&["verify", &run]);
        assert_eq!(verified.code, 0, "{verified:?}");
    }
}

/// Shards of two versions are a run of the older one, in whichever order they are given.
#[test]
fn shards_of_two_versions_have_the_reasons_of_the_older_one() {
    let folder = Scratch::new("cheating-merged");
    let script = folder.file("shards.yaml", unclaimed(ACTIVE));
    let runs = folder.path("runs");
    let [older, newer] = ["1/2", "2/2"].map(|shard| {
        let begun =
            sim(&["attack", &script, "--runs", &runs, "--only", "bent", "--max", "32", "--shard", shard, "--json"]);
        let first: Value = serde_json::from_str(begun.stdout.lines().next().expect("a start")).expect("a document");
        first["run_dir"].as_str().expect("a folder").to_string()
    });
    for (file, from, to) in
        [("env.json", r#""semantics": 7"#, r#""semantics": 6"#), ("counts.csv", "cheating", "malformed")]
    {
        let path = Path::new(&older).join(file);
        let text = fs::read_to_string(&path).expect("a file of the run");
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).expect("writable");
    }
    for shards in [[&older, &newer], [&newer, &older]] {
        let (_, merged) = played(&["merge", shards[0], shards[1], "--runs", &runs]);
        assert_eq!(merged[1]["reasons"], json!({ "malformed": 32 }), "{merged:?}");
    }
}

#[test]
fn a_guess_that_cannot_be_made_is_refused() {
    let folder = Scratch::new("cheating-refused");
    for (text, why) in [
        (
            unclaimed("backend: delphi"),
            "`guess-delta` guesses the correlation of the transfers in which the client sends",
        ),
        (
            unclaimed(ACTIVE).replace("guess-delta", "guess-delta, sessions: { until: max, max: 2 }"),
            "`guess-delta` plays one session, whose verdict is that of the trial",
        ),
        (curated("cheating").replace(ACTIVE, "backend: cryptflow2-ot"), "there is no exact rate of `accepted`"),
    ] {
        let refused = sim(&["check", &folder.file("refused.yaml", &text)]);
        let said = refused.stdout + &refused.stderr;
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(refused.code == 64 && said.contains(why), "{said}");
    }
}
