//! Runs of a campaign: nothing that was counted is lost, and however it came about, `counts.csv` is the same, byte for byte.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod campaign;

use campaign::{CONDITIONAL, PLAIN, attack, counts, last, sim};
use fusion_proofs_tests::scratch::Scratch;
use fusion_sim::CommandOutput;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Every file of a folder, by its name.
fn bytes(folder: impl AsRef<Path>) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a plain name");
        match entry.file_type().expect("a type") {
            kind if kind.is_dir() => {
                all.extend(bytes(entry.path()).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
            }
            kind if kind.is_symlink() => {
                let target = fs::read_link(entry.path()).expect("a link");
                all.insert(name, target.to_str().expect("a plain path").into());
            }
            _ => {
                all.insert(name, fs::read(entry.path()).expect("readable"));
            }
        }
    }
    all
}

/// Refused with one line that says this, and nothing written under the folder.
fn refused(folder: &str, line: &[&str], more: &str, says: &str) {
    let before = bytes(folder);
    let CommandOutput { code, stdout, stderr } = sim(line, more);
    assert_eq!((code, stdout.as_str(), stderr.lines().count()), (64, "", 1), "{line:?}: {stderr}");
    assert!(stderr.contains(says), "{line:?}: {stderr}");
    assert!(bytes(folder) == before, "{line:?}: {says}");
}

fn verdict(folder: &str) -> Value {
    let text = fs::read_to_string(Path::new(folder).join("result.json")).expect("concluded");
    let mut result: Value = serde_json::from_str(&text).expect("JSON");
    result.as_object_mut().expect("an object").remove("run_dir");
    result
}

#[test]
fn shards_merge_to_the_run() {
    let scratch = Scratch::new("shards");
    let script = scratch.file("plain.yaml", PLAIN);
    let max = "--max 30500";
    let (whole, at_once) = attack(&scratch, &script, "whole", max);
    let shards: Vec<String> = (1..=7)
        .map(|index| {
            let (folder, outcome) =
                attack(&scratch, &script, &format!("shard{index}"), &format!("{max} --shard {index}/7"));
            assert_eq!(outcome.code, 0, "{outcome:?}");
            assert!(outcome.stdout.contains(&format!("shard {index}/7")), "{outcome:?}");
            folder
        })
        .collect();
    let merged = scratch.path("merged");
    let merge = |folders: &[&str]| sim(&[&["merge", "--runs", &merged], folders].concat(), "");
    let all: Vec<&str> = shards.iter().map(String::as_str).collect();
    let root = scratch.path("");
    let part = |runs: &str, more: &str| attack(&scratch, &script, runs, more).0;
    let other = part("other", &format!("{max} --seed 2 --shard 3/7"));
    let half = part("half", &format!("{max} --shard 1/2"));
    let again = part("again", &format!("{max} --shard 3/7"));
    // A share is incomplete as long as it has fewer trials than another one.
    let longer = part("longer", "--max 40000 --shard 7/7");
    for (folders, says) in [
        (all[..6].to_vec(), "shard 7/7 is missing".to_string()),
        ([&all[..2], &all[3..]].concat(), "shard 3/7 is missing".into()),
        ([&all[..], &all[2..3]].concat(), format!("{}: given twice", all[2])),
        ([&all[..2], &[&other], &all[3..]].concat(), format!("{other}: a run of another campaign")),
        ([&all[..], &[&half]].concat(), format!("{half} is shard 1/2, and {} is shard 1/7", all[0])),
        (vec![&whole], format!("{whole}: a whole run, not a shard of one")),
        (vec!["nowhere"], "nowhere/script.yaml: there is no such file".into()),
        ([&all[..], &[&again]].concat(), format!("{} and {again} are both shard 3/7", all[2])),
        ([&all[..6], &[&longer]].concat(), "no shard holds the trials".into()),
        ([&[&longer[..]], &all[..6]].concat(), "no shard holds the trials".into()),
    ] {
        refused(&root, &[&["merge", "--runs", &merged], &folders[..]].concat(), "", &says);
    }
    assert!(!Path::new(&merged).exists());

    let outcome = merge(&all);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (at_once.code, ""));
    assert_eq!(counts(&merged), counts(&whole));
    let merged = last(&merged).to_str().expect("a plain path").to_string();
    assert_eq!(verdict(&merged), verdict(&whole));
    // And it is a run like any other.
    let more = sim(&["attack", "--resume", &merged], "--max 40000");
    assert_eq!(more.code, 3, "{more:?}");
    assert_eq!(counts(&merged), counts(&attack(&scratch, &script, "longer-whole", "--max 40000").0));
}

/// What goes on is what an older version began, and says so.
#[test]
fn a_run_keeps_the_version_of_its_rules() {
    let scratch = Scratch::new("semantics");
    let script = scratch.file("plain.yaml", PLAIN);
    let (folder, first) = attack(&scratch, &script, "runs", "--max 1024");
    let now = first.stdout.split("semantics ").nth(1).expect("told").split(' ').next().expect("a number");
    let path = Path::new(&folder).join("env.json");
    let text = fs::read_to_string(&path).expect("there").replace(&format!("\"semantics\": {now}"), "\"semantics\": 4");
    fs::write(&path, text).expect("writable");
    let again = sim(&["attack", "--resume", &folder], "--max 2048");
    assert!(now != "4" && again.stdout.contains(" semantics 4 "), "{}", again.stdout);
    let events = sim(&["attack", "--resume", &folder], "--max 4096 --json").stdout;
    let start: Value = serde_json::from_str(events.lines().next().expect("a line")).expect("JSON");
    assert_eq!(start["semantics"], 4);
}

/// The folder knows which share it is.
#[test]
fn a_shard_goes_on_as_that_shard() {
    let scratch = Scratch::new("shard-resumed");
    let script = scratch.file("plain.yaml", PLAIN);
    let (folder, _) = attack(&scratch, &script, "runs", "--max 20000 --shard 2/3");
    let few = counts(&folder);
    let outcome = sim(&["attack", "--resume", &folder], "--max 30500");
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.stdout.contains("shard 2/3"), "{outcome:?}");
    let (direct, _) = attack(&scratch, &script, "direct", "--max 30500 --shard 2/3");
    assert_eq!(counts(&folder), counts(&direct));
    assert!(counts(&folder).len() > few.len());
    // With less to do, nothing is lost; and no flag makes it another share.
    let before = counts(&folder);
    assert_eq!(sim(&["attack", "--resume", &folder], "--max 1024").code, 0);
    assert_eq!(counts(&folder), before);
    refused(&scratch.path(""), &["attack", "--resume", &folder], "--shard 1/3", "cannot be used with");
}

#[test]
fn a_run_cut_anywhere_goes_on() {
    let scratch = Scratch::new("torn");
    let script = scratch.file("plain.yaml", PLAIN);
    let (folder, outcome) = attack(&scratch, &script, "runs", "--max 4500 --only guess-two --threads 1");
    let (file, whole) = (Path::new(&folder).join("counts.csv"), counts(&folder));
    let result = verdict(&folder);
    let two_rows: usize = whole.lines().rev().take(2).map(|line| line.len() + 1).sum();
    for cut in (whole.len() - two_rows..whole.len()).chain((0..100).step_by(9)) {
        fs::write(&file, &whole[..cut]).expect("ours");
        let resumed = sim(&["attack", "--resume", &folder], "--quiet --threads 1");
        assert_eq!((resumed.code, resumed.stderr.as_str()), (outcome.code, ""), "cut at {cut}");
        assert!(counts(&folder) == whole, "cut at {cut}");
    }
    assert_eq!(verdict(&folder), result);
}

/// A line of times without its end: the next one does not run on from it, as `honest,5honest,5000,1.000`, an hour and more.
#[test]
fn a_torn_line_of_times_costs_no_time() {
    let scratch = Scratch::new("torn-times");
    let script = scratch.file("plain.yaml", PLAIN);
    let (folder, _) = attack(&scratch, &script, "runs", "--max 4500 --only guess-two");
    let file = Path::new(&folder).join("timings.csv");
    let whole = fs::read_to_string(&file).expect("timed");
    fs::write(&file, whole.clone() + "honest,5").expect("ours");
    let resumed = sim(&["attack", "--resume", &folder], "--max 9000 --wall 1h");
    assert_eq!(resumed.code, 3, "{resumed:?}");
    let rows = fs::read_to_string(&file).expect("timed");
    assert!(rows.starts_with(&whole), "{rows}");
    for line in rows.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        assert!(fields.len() == 3 && fields[2].parse::<f64>().is_ok_and(|seconds| seconds < 60.0), "{rows}");
    }
    assert_eq!(counts(&folder), counts(&attack(&scratch, &script, "direct", "--max 9000 --only guess-two").0));
}

#[test]
fn what_is_no_run_of_the_campaign_is_refused_and_left_alone() {
    let scratch = Scratch::new("foreign");
    let script = scratch.file("plain.yaml", PLAIN);
    let (folder, _) = attack(&scratch, &script, "runs", "--max 4500 --only guess-two");
    let (file, whole) = (Path::new(&folder).join("counts.csv"), counts(&folder));
    let lines: Vec<&str> = whole.lines().collect();
    let second = lines[2];
    let with = |line: &str| format!("{}\n{line}\n", whole.trim_end());
    let at = lines.len() + 1;
    for (text, says) in [
        (with(second), format!("counts.csv: line {at}: trials 1024..2048 of honest overlap")),
        (with("honest,8192,9216"), format!("counts.csv: line {at}: a row ends in the reasons")),
        (with("honest,8192,9216,0,1024,0,0,1024,1025,\"{}\""), format!("line {at}: the counts do not add up")),
        (with("honest,8192,9215,0,1024,0,0,1024,0,\"{}\""), format!("line {at}: the counts do not add up")),
        (with("honest,8200,8300,0,100,0,0,100,0,\"{}\""), format!("line {at}: the trials 8200..8300 are no block")),
        (with("honest,8192,10240,0,2048,0,0,2048,0,\"{}\""), format!("line {at}: the trials 8192..10240 are no block")),
        (with("nobody,0,1024,0,1024,0,0,1024,0,\"{}\""), format!("line {at}: no strategy is called `nobody`")),
        (with(""), format!("line {at}: a row ends in the reasons")),
        (whole.replace("strategy,", "name,"), "line 1: not the heading".into()),
        ("no rows here".into(), "line 1: not the heading".into()),
    ] {
        fs::write(&file, text).expect("ours");
        refused(&folder, &["attack", "--resume", &folder], "", &says);
    }
    fs::write(&file, &whole).expect("ours");
    let root = scratch.path("");
    for more in ["--seed 2", "--fidelity ideal", "--only guess-one"] {
        let line = ["attack", &script, "--resume", &folder];
        let CommandOutput { code, .. } = sim(&line, more);
        assert_eq!(code, 64, "{more}");
    }
    refused(&root, &["attack", &script, "--resume", &folder], "--seed 2", "a run of another campaign");
    refused(&root, &["attack", "--resume", &root], "", "not the folder of a run");
    refused(&root, &["attack", "--resume", "nowhere"], "", "not the folder of a run");
    refused(&root, &["attack", "--resume", &folder], "--runs elsewhere", "cannot be used with");
    let environment = Path::new(&folder).join("env.json");
    let text = fs::read_to_string(&environment).expect("written");
    fs::write(&environment, text.replace("null", "\"8/7\"")).expect("ours");
    refused(&root, &["attack", "--resume", &folder], "", "env.json: \"8/7\" is no shard");
    // With the rows of a whole run, it would overlap every other shard.
    fs::write(&environment, text.replace("null", "\"2/2\"")).expect("ours");
    let says = "counts.csv: the trials 0..1024 of honest are not of shard 2/2";
    refused(&root, &["attack", "--resume", &folder], "", says);
    refused(&root, &["merge", &folder, "--runs", &root], "", says);
}

/// The same as made at once, from whatever maximum it goes on, and whatever strategy gains rows.
#[test]
fn more_trials_continue_the_run() {
    for (index, script) in [PLAIN, CONDITIONAL].into_iter().enumerate() {
        let scratch = Scratch::new(&format!("more{index}"));
        let script = scratch.file("script.yaml", script);
        let (direct, at_once) = attack(&scratch, &script, "direct", "--max 30500");
        for maxima in [&[0_u64, 1, 30_500][..], &[1000, 1024, 30_500], &[4500, 5000, 20_480], &[20_500, 3000, 30_500]] {
            let (folder, _) = attack(&scratch, &script, &format!("from{}", maxima[0]), &format!("--max {}", maxima[0]));
            let mut code = None;
            for max in maxima[1..].iter().chain([&30_500]) {
                let before = counts(&folder);
                code = Some(sim(&["attack", "--resume", &folder], &format!("--max {max} --threads 2")).code);
                assert!(counts(&folder).len() >= before.len(), "{maxima:?} at {max}: rows were lost");
            }
            assert_eq!(code, Some(at_once.code));
            assert!(counts(&folder) == counts(&direct), "{maxima:?}");
            assert_eq!(verdict(&folder), verdict(&direct), "{maxima:?}");
        }
    }
}

#[test]
fn fewer_trials_lose_nothing_and_a_finished_run_is_finished() {
    let scratch = Scratch::new("fewer");
    let script = scratch.file("plain.yaml", PLAIN);
    let (folder, first) = attack(&scratch, &script, "runs", "--max 20500");
    let before = bytes(&folder);
    for _ in 0..2 {
        let again = sim(&["attack", "--resume", &scratch.path("runs/latest")], "");
        assert_eq!(again, first, "the same verdict, the same code, no other word");
        assert!(bytes(&folder) == before, "nothing is added");
    }
    for max in [0, 1, 1024, 5000, 20_000, 20_480] {
        let fewer = sim(&["attack", "--resume", &folder], &format!("--max {max}"));
        assert_eq!((fewer.code, &fewer.stdout), (first.code, &first.stdout));
        let kept =
            "warning: the run was to play up to 20500 trials of a strategy, and keeps that: fewer were asked for\n";
        assert_eq!(fewer.stderr, kept, "--max {max}");
        assert!(bytes(&folder) == before, "--max {max}");
    }
}

/// A result is of the rows as they are.
#[test]
fn a_run_that_goes_on_has_no_result_until_it_is_there() {
    let scratch = Scratch::new("result");
    let script = scratch.file("plain.yaml", PLAIN);
    let (folder, _) = attack(&scratch, &script, "runs", "--max 5000");
    let result = Path::new(&folder).join("result.json");
    assert!(result.exists());
    // A folder in the way of the example that more trials will give stops the run after its trials.
    fs::remove_dir_all(Path::new(&folder).join("exemplars")).expect("ours");
    fs::write(Path::new(&folder).join("exemplars"), "").expect("ours");
    let stopped = sim(&["attack", "--resume", &folder], "--max 9000");
    assert_eq!((stopped.code, stopped.stdout.as_str()), (74, ""), "{stopped:?}");
    assert!(!result.exists());
    fs::remove_file(Path::new(&folder).join("exemplars")).expect("ours");
    assert_eq!(sim(&["attack", "--resume", &folder], "").code, 3);
    assert!(result.exists());
    assert_eq!(counts(&folder), counts(&attack(&scratch, &script, "direct", "--max 9000").0));
}

/// Time is up for all resumes together, also where no block is ever finished within a second.
#[test]
fn wall_counts_all_resumes_and_unfinished_blocks() {
    let scratch = Scratch::new("wall");
    let script = scratch.file(
        "slow.yaml",
        "
schema: fusion/campaign/v1
name: slow
protocol: { R: 65536, B: 3, T: 100 }
fidelity: plain
strategies:
  - { name: everything, do: [{ at: { each: 1/2 }, relabel: next }], expect: { caught: { equals: 1 } } }
",
    );
    let noted = |folder: &str| -> f64 {
        let text = fs::read_to_string(Path::new(folder).join("timings.csv")).expect("timed");
        text.lines().skip(1).filter_map(|line| line.split(',').nth(2)?.parse::<f64>().ok()).sum()
    };
    let (folder, outcome) = attack(&scratch, &script, "runs", "--wall 2s --max 10000000 --threads 1");
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert_eq!(verdict(&folder)["strategies"][1]["stopped_by"], "wall");
    // A block is 10^8 slots and more.
    assert_eq!(verdict(&folder)["strategies"][1]["trials"], 0);
    assert!(noted(&folder) >= 2.0);
    let before = bytes(&folder);
    for more in ["", "--wall 1s"] {
        assert_eq!(sim(&["attack", "--resume", &folder], more).code, 3);
        assert!(bytes(&folder)["counts.csv"] == before["counts.csv"], "{more}");
    }
    assert_eq!(sim(&["attack", "--resume", &folder], "--wall 3s").code, 3);
    assert!(noted(&folder) >= 3.0);
    assert!(bytes(&folder)["timings.csv"].starts_with(&before["timings.csv"]));
}

/// Where time is limited a strategy whose blocks never end, and that claims nothing, leaves the others their time.
#[test]
fn under_a_wall_strategies_take_turns() {
    let scratch = Scratch::new("turns");
    let script = scratch.file(
        "endless.yaml",
        "
schema: fusion/campaign/v1
name: endless
protocol: { R: 65536, B: 3, T: 100 }
fidelity: plain
strategies:
  - { name: everywhere, do: [{ at: { each: 1/2 }, relabel: next }] }
  - { name: here-and-there, do: [{ at: { each: 1/3 }, relabel: next }] }
  - { name: one-slot, do: [{ at: { random: 1 }, relabel: next }], expect: { win: { at_most: 1/2 } } }
",
    );
    let (folder, outcome) = attack(&scratch, &script, "runs", "--wall 6s --max 10000000 --threads 2");
    assert_eq!(outcome.code, 3, "{outcome:?}");
    let ended = |strategy: usize| verdict(&folder)["strategies"][strategy]["stopped_by"].clone();
    assert_eq!([1, 2, 3].map(ended), ["wall", "wall", "decided"]);
}

#[test]
fn the_last_run_is_a_relative_link() {
    let scratch = Scratch::new("latest");
    let script = scratch.file("plain.yaml", PLAIN);
    let (first, _) = attack(&scratch, &script, "runs", "--max 10");
    let latest = scratch.path("runs/latest");
    let target = fs::read_link(&latest).expect("a link");
    assert!(target.is_relative() && target.starts_with("plain"), "{}", target.display());
    // Left over from a process that was killed.
    std::os::unix::fs::symlink("nowhere", scratch.path(&format!("runs/.latest-{}", std::process::id()))).expect("ours");
    let (second, outcome) = attack(&scratch, &script, "runs", "--max 10");
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert_ne!(first, second, "a folder is never used twice");
    assert!(Path::new(&first).join("env.json").exists());
}

/// Before anything is written.
#[test]
fn runs_have_a_place() {
    let scratch = Scratch::new("place");
    let script = scratch.file("plain.yaml", PLAIN);
    let named = scratch.file("named.yaml", PLAIN.replace("name: plain", "name: latest"));
    let root = scratch.path("");
    refused(&root, &["attack", &script, "--runs", &script], "", "plain.yaml: is not a folder");
    refused(&root, &["attack", &script, "--runs", &format!("{script}/deeper")], "", "plain.yaml/deeper");
    refused(&root, &["attack", &named, "--runs", &scratch.path("runs")], "", "a campaign cannot be called `latest`");
    fs::create_dir_all(scratch.path("runs/latest")).expect("ours");
    refused(&root, &["attack", &script, "--runs", &scratch.path("runs")], "", "runs/latest: in the way of the link");
    fs::create_dir_all(scratch.path("more")).expect("ours");
    scratch.file("more/plain", "");
    refused(&root, &["attack", &script, "--runs", &scratch.path("more")], "", "more/plain");
}

/// A run that was killed before its first files were there is no run, and in nobody's way.
#[test]
fn a_folder_without_its_files_is_no_run() {
    let scratch = Scratch::new("unborn");
    let script = scratch.file("plain.yaml", PLAIN);
    let (folder, _) = attack(&scratch, &script, "runs", "--max 10");
    for missing in ["env.json", "counts.csv", "timings.csv"] {
        let unborn = scratch.path("unborn");
        fs::create_dir_all(&unborn).expect("ours");
        for name in ["env.json", "counts.csv", "timings.csv", "script.yaml"].iter().filter(|name| **name != missing) {
            fs::copy(Path::new(&folder).join(name), Path::new(&unborn).join(name)).expect("ours");
        }
        refused(&scratch.path(""), &["attack", "--resume", &unborn], "", "unborn");
        fs::remove_dir_all(&unborn).expect("ours");
    }
}

#[test]
fn one_process_at_a_time() {
    let scratch = Scratch::new("locked");
    let script = scratch.file("plain.yaml", PLAIN);
    let (folder, _) = attack(&scratch, &script, "runs", "--max 10");
    let held = fs::File::open(Path::new(&folder).join("env.json")).expect("there");
    held.try_lock().expect("nobody else's");
    refused(&scratch.path(""), &["attack", "--resume", &folder], "", "another process is working on this run");
    drop(held);
    assert_eq!(sim(&["attack", "--resume", &folder], "").code, 3);
}
