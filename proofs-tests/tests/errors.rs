//! Errors of ours: a trial that departs from the specification changes everything that a campaign says, wherever it was counted.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "not every test needs all of it")]
mod campaign;

use campaign::{attack, counts, last, sim};
use fusion_adversaries::behaviour::{Place, Scripted};
use fusion_adversaries::script::Relabel;
use fusion_adversaries::strategy::{Act, View};
use fusion_engine::campaign::Counter;
use fusion_engine::simulate::{Counts, Plain, Server, Simulator, Trace, Trial, play};
use fusion_engine::store::counts::{CountsRow, HEADER};
use fusion_proofs_tests::scratch::Scratch;
use fusion_sim::CommandOutput;
use fusion_spec::machine::{Effect, Event};
use fusion_spec::mix::Sample;
use fusion_spec::params::Params;
use fusion_spec::verdict::{self, Label, Reason, Verdict};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const SCRIPT: &str = "
schema: fusion/campaign/v1
name: errors
protocol: { R: 8, B: 3, T: 4 }
fidelity: plain
trials: { seed: 1, max: 40960 }
strategies:
  - { name: one-slot, do: [{ at: { random: 1 }, relabel: next }], expect: { win: { equals: spec } } }
";
const BLOCK: u64 = 1024;

/// A client that compares the first two copies of a query, and no more.
struct FirstTwo(Plain);

impl Simulator for FirstTwo {
    fn session(&mut self, server: &Server<'_>, trial: u64, session: u32) -> Trial {
        self.traced(server, trial, session).0
    }

    fn traced(&mut self, server: &Server<'_>, trial: u64, session: u32) -> (Trial, Option<Trace>) {
        let (played, trace) = self.0.traced(server, trial, session);
        let mut trace = trace.expect("a session");
        let verdict = first_two(&trace);
        trace.log.last_mut().expect("a check").effect = Effect::Conclude(verdict.clone());
        (Trial { outcome: Some(verdict::Outcome::of(&verdict, &trace.heard.honest)), ..played }, Some(trace))
    }

    fn stride(&self) -> u64 {
        32
    }
}

fn first_two(trace: &Trace) -> Verdict {
    let mut known = Vec::new();
    let mut held = BTreeMap::new();
    let mut answers = BTreeMap::new();
    for logged in &trace.log {
        match (&logged.event, &logged.effect) {
            (Event::Prepare { known: labels, .. }, _) => known.clone_from(labels),
            (_, Effect::Send { slot, sample }) => {
                held.insert(*sample, *slot);
            }
            (Event::Answer { slot, label }, _) => {
                answers.insert(*slot, *label);
            }
            _ => {}
        }
    }
    let answer = |sample: Sample| answers[&held[&sample]];
    let publics = (0..).zip(&known).filter(|(index, label)| answer(Sample::Public { index: *index }) != **label);
    if publics.count() as u64 > trace.params.slack() {
        return Verdict::Rejected(Reason::PublicWrong);
    }
    let queries = 0..u32::try_from(trace.params.R()).expect("small");
    let copies = |query, copy| answer(Sample::Query { query, copy });
    if queries.clone().any(|query| copies(query, 0) != copies(query, 1)) {
        return Verdict::Rejected(Reason::CopiesDisagree);
    }
    Verdict::Accepted(queries.map(|query| copies(query, 0)).collect::<Vec<Label>>())
}

/// What `counts.csv` says of a range of blocks that were played with that client.
fn rows(blocks: std::ops::Range<u64>) -> String {
    let view = View::new(Params::new(8, 3, 4, 0).expect("legal"), 2).expect("small");
    let strategies =
        [("honest", Scripted::honest()), ("one-slot", Scripted::single(Place::Random(1), Act::Relabel(Relabel::Next)))];
    let counters = ["honest", "one-slot"].map(|name| Counter { name: name.into(), block: BLOCK });
    let mut text = format!("{HEADER}\n");
    for (counter, (name, strategy)) in strategies.iter().enumerate() {
        let mut client = FirstTwo(Plain::new(&view, strategy));
        for block in blocks.clone() {
            let trials = block * BLOCK..(block + 1) * BLOCK;
            let counts: Counts = play(&mut client, &Server::new(name, 1, strategy), trials.clone());
            text += &CountsRow { counter, trials, counts }.line(&counters);
        }
    }
    text
}

/// How many trials ended in an error, by a file of counts.
fn errors(rows: &str) -> u64 {
    rows.lines().skip(1).map(|row| row.split(',').nth(6).expect("a column").parse::<u64>().expect("a count")).sum()
}

/// The rows with one trial of the block that starts so an error, instead of harmless or caught.
fn with_error(rows: &str, start: &str) -> String {
    let line = rows.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start}: {rows}"));
    let less = |text: &str| (text.parse::<u64>().expect("a count") - 1).to_string();
    let (numbers, reasons) = line.split_once(",\"{").expect("reasons");
    let mut fields: Vec<String> = numbers.split(',').map(Into::into).collect();
    let mut reasons = reasons.to_string();
    if fields[4] == "0" {
        fields[5] = less(&fields[5]);
        let (name, count) = reasons.split_once(':').expect("a reason");
        let digits = count.chars().take_while(char::is_ascii_digit).count();
        reasons = format!("{name}:{}{}", less(&count[..digits]), &count[digits..]);
    } else {
        fields[4] = less(&fields[4]);
    }
    fields[6] = "1".into();
    rows.replace(line, &format!("{},\"{{{reasons}", fields.join(",")))
}

/// Exit code 70, the error on the first line, `error` as the verdict of the campaign in all that it writes, and a word on stderr.
fn is_loud(folder: &str, line: &[&str]) {
    let CommandOutput { code, stdout, stderr } = sim(line, "");
    assert_eq!(code, 70, "{stdout}{stderr}");
    let first = stdout.lines().next().expect("a line");
    assert!(first.starts_with("replay: sim run ") || first.starts_with("error "), "{stdout}");
    assert!(stdout.contains("in an error of ours"), "{stdout}");
    assert!(!stdout.contains("PASS") && stdout.contains("\nERROR  "), "{stdout}");
    assert!(stderr.starts_with("error: a bug in sim, please report it: ") && stderr.lines().count() == 1, "{stderr}");
    let folder = last(folder);
    let folder = folder.to_str().expect("a plain path");
    let result = fs::read_to_string(Path::new(folder).join("result.json")).expect("concluded");
    let result: Value = serde_json::from_str(&result).expect("JSON");
    assert_eq!(result["verdict"], "error");
    assert!(!result["errors"].as_array().expect("a list").is_empty(), "{result}");
    // It follows from the counts, and without its list of bugs it does not.
    let verified = sim(&["verify", folder], "");
    assert!(verified.code == 0 && verified.stdout.contains(" say: error\n"), "{verified:?}");
    let file = Path::new(folder).join("result.json");
    let whole = fs::read(&file).expect("there");
    let without = Value::Object(result.as_object().expect("an object").clone());
    let without = without
        .as_object()
        .expect("an object")
        .iter()
        .map(|(key, value)| (key.clone(), if key == "errors" { Value::Array(Vec::new()) } else { value.clone() }));
    fs::write(&file, Value::Object(without.collect()).to_string()).expect("ours");
    let edited = sim(&["verify", folder], "");
    assert!(edited.code == 1 && edited.stdout.contains("\n  errors: [] is written, and "), "{edited:?}");
    fs::write(&file, whole).expect("ours");
    let page = fs::read_to_string(Path::new(folder).join("report.html")).expect("a page");
    assert!(
        page.contains(": error</title>")
            && page.contains("in an error of ours")
            && !page.contains("Every strategy does what")
    );
    // And it stays so, in every style.
    let quiet = sim(&["attack", "--resume", folder, "--quiet"], "");
    assert_eq!((quiet.code, quiet.stdout.as_str()), (70, "error\n"), "{quiet:?}");
    let json = sim(&["attack", "--resume", folder, "--json"], "");
    let document: Value = serde_json::from_str(json.stdout.lines().last().expect("a line")).expect("JSON");
    assert_eq!((json.code, &document["verdict"]), (70, &"error".into()), "{json:?}");
    let said: Value = serde_json::from_str(&json.stderr).expect("one JSON object");
    assert_eq!(said["exit_code"], 70);
}

/// What the specification rejects and this client accepts is an error; nothing that it says passes.
#[test]
fn a_client_that_compares_two_copies_never_passes() {
    let scratch = Scratch::new("first-two");
    let script = scratch.file("errors.yaml", SCRIPT);
    let (folder, sound) = attack(&scratch, &script, "runs", "");
    assert_eq!(sound.code, 0, "{sound:?}");
    let played = rows(0..40);
    // One trial in 32 is held against the specification, and there 2 of 7 err: Bin(1280, 2/7) is below 200 with probability 1e-24.
    assert!(errors(&played) > 200, "{played}");
    fs::write(Path::new(&folder).join("counts.csv"), &played).expect("ours");
    is_loud(&folder, &["attack", "--resume", &folder]);
    let text = sim(&["attack", "--resume", &folder], "").stdout;
    let is_row = |line: &&str| line.starts_with(' ') && line.trim_start().starts_with("error ");
    let row = text.lines().find(is_row).expect("a row of its own");
    assert!(row.trim_end().ends_with("error"), "{text}");
}

/// One error is enough, beyond a strategy's decision too.
#[test]
fn one_error_anywhere_is_an_error() {
    let scratch = Scratch::new("one-error");
    let script = scratch.file("errors.yaml", SCRIPT);
    let (folder, _) = attack(&scratch, &script, "runs", "");
    let decided = counts(&folder);
    let trials = decided.lines().filter(|line| line.starts_with("honest,")).count() as u64 * BLOCK;
    assert!(trials < 40960, "decided before its end");
    let file = Path::new(&folder).join("counts.csv");
    let last = format!("honest,{},", 39 * BLOCK);
    let beyond = format!("{decided}{last}{},0,1024,0,0,1024,0,\"{{}}\"\n", 40 * BLOCK);
    for (rows, start) in [(&decided, "honest,0,"), (&beyond, &last)] {
        fs::write(&file, with_error(rows, start)).expect("ours");
        is_loud(&folder, &["attack", "--resume", &folder]);
    }
    fs::write(&file, &decided).expect("ours");
    assert_eq!(sim(&["attack", "--resume", &folder], "").code, 0, "and without one it passes");
}

/// A share says so, and so does what shares are merged to, whether or not the merge would have come as far.
#[test]
fn shards_and_merges_carry_errors() {
    let scratch = Scratch::new("shards-with-errors");
    let script = scratch.file("errors.yaml", SCRIPT);
    let shards: Vec<String> = (1..=3)
        .map(|index| attack(&scratch, &script, &format!("shard{index}"), &format!("--shard {index}/3")).0)
        .collect();
    let merged = scratch.path("merged");
    let folders: Vec<&str> = shards.iter().map(String::as_str).collect();
    let merge = [&["merge", "--runs", &merged], &folders[..]].concat();
    assert_eq!(sim(&merge, "").code, 0);
    let file = Path::new(&shards[0]).join("counts.csv");
    let sound = counts(&shards[0]);
    for start in ["honest,0,".to_string(), format!("one-slot,{},", 39 * BLOCK)] {
        fs::write(&file, with_error(&sound, &start)).expect("ours");
        let CommandOutput { code, stdout, stderr } = sim(&["attack", "--resume", &shards[0]], "");
        assert_eq!(code, 70, "{stdout}{stderr}");
        assert!(stdout.starts_with("error "), "{stdout}");
        assert!(stderr.starts_with("error: a bug in sim"), "{stderr}");
        let json = sim(&["attack", "--resume", &shards[0], "--json"], "");
        let event: Value = serde_json::from_str(json.stdout.lines().last().expect("a line")).expect("JSON");
        assert_eq!((json.code, &event["event"], &event["error"]), (70, &"shard".into(), &1.into()), "{json:?}");
        is_loud(&merged, &merge);
    }
}
