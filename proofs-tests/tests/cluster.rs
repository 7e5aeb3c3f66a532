//! `sim submit` on a real Slurm of the test's own: whatever is killed, the merged counts are those of one machine, byte for byte.
//!
//! Without Slurm that test says so and passes, but for CI, where it must be there. What the scripts of the jobs do is tested everywhere.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_proofs_tests::scratch::Scratch;
use fusion_proofs_tests::slurm::{self, Cluster, wait_for};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SIM: &str = env!("CARGO_BIN_EXE_sim-of-the-guides");
const MAX: &str = "30500";
const SCRIPT: &str = "
schema: fusion/campaign/v1
name: plain
protocol: { R: 8, B: 2, T: 4 }
fidelity: plain
trials: { seed: 1, wall: 1s }
strategies:
  - { name: guess-one, do: [{ at: { random: 2 }, relabel: next }], expect: { win: { equals: spec } } }
  - { name: some, do: [{ at: { each: 1/10, at_most: 4 }, relabel: next }], expect: { win: { at_most: spec } } }
";

/// Writes a program of the tasks: some lines of bash, then the program itself.
fn program(path: PathBuf, lines: &str) -> PathBuf {
    fs::write(&path, format!("#!/bin/bash\n{lines}\nexec '{SIM}' \"$@\"\n")).expect("writable");
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("ours");
    path
}

fn text(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The rows of the last run in a folder of runs.
fn counts(runs: impl AsRef<Path>) -> String {
    fs::read_to_string(runs.as_ref().join("latest/counts.csv")).expect("counted")
}

/// Plays the campaign here, or a share of it, and returns its rows.
fn played(scratch: &Scratch, more: &[&str]) -> String {
    let (script, runs) = (scratch.path("plain.yaml"), scratch.path("played"));
    let line = ["sim", "attack", &script, "--runs", &runs, "--max", MAX, "--wall", "10h"];
    fusion_sim::run(line.iter().chain(more));
    counts(&runs)
}

/// A submission that was written and not submitted, in a folder whose name no shell would take as it is.
fn written(scratch: &Scratch, shards: u64, more: &[&str]) -> PathBuf {
    let (script, folder) = (scratch.file("plain.yaml", SCRIPT), scratch.join("it's $HOME\n\"here\" %A"));
    let program = program(scratch.join("a 'program'\n"), "");
    let output = Command::new(SIM)
        .args(["submit", "slurm", &script, "--shards", &shards.to_string(), "--max", MAX, "--write-only"])
        .arg("--out")
        .arg(&folder)
        .arg("--program")
        .arg(program)
        .args(more)
        .output()
        .expect("it runs");
    let (code, stdout, stderr) = text(&output);
    assert!(code == Some(0) && stderr.lines().count() == 1 && stderr.contains("a `wall` is left out"), "{stderr}");
    assert_eq!(stdout.matches("sbatch ").count(), 2, "{stdout}");
    folder
}

/// Runs a script of a submission as Slurm would, with these variables.
fn job(folder: &Path, script: &str, variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = Command::new("bash");
    command.arg(folder.join(script)).current_dir(folder).env("SLURM_JOB_ID", "70");
    text(&command.envs(variables.iter().copied()).output().expect("bash"))
}

#[test]
fn tasks_and_merge_make_the_run_of_one_machine() {
    let scratch = Scratch::new("jobs");
    let folder = written(&scratch, 3, &["--restarts", "2"]);
    let task = |shard: &str, restarts: &str| {
        job(&folder, "shard.sh", &[("SLURM_ARRAY_TASK_ID", shard), ("SLURM_RESTART_COUNT", restarts)])
    };
    let (code, _, stderr) = job(&folder, "merge.sh", &[]);
    assert_eq!((code, stderr.as_str()), (Some(1), "no shard is done\n"));
    assert_eq!(task("1", "0").0, Some(0));
    let (code, stdout, _) = task("1", "0");
    assert!(code == Some(0) && stdout.contains("done before"), "{stdout}");
    assert_eq!(task("3", "2").0, Some(0));
    let (code, _, stderr) = job(&folder, "merge.sh", &[]);
    assert_eq!((code, stderr.as_str()), (Some(64), "error: shard 2/3 is missing\n"));
    // Restarts are bounded: at first by a code that says so, then by the one that no cluster requeues.
    for (restarts, expected) in [("3", 1), ("4", 0), ("5", 0)] {
        let (code, _, stderr) = task("2", restarts);
        assert!(code == Some(expected) && stderr.contains("given up after 2 restarts"), "{stderr}");
    }
    assert_eq!(fs::read_dir(folder.join("attempts")).expect("a folder").count(), 0);
    assert_eq!(task("2", "1").0, Some(0));
    assert!([0, 3].contains(&job(&folder, "merge.sh", &[]).0.expect("a code")));
    assert_eq!(counts(folder.join("merged")), played(&scratch, &[]));
    let (code, stdout, _) = job(&folder, "merge.sh", &[("SLURM_RESTART_COUNT", "9")]);
    assert_eq!((code, stdout.as_str()), (Some(0), "merged before\n"));
}

/// Where the folder cannot be reached, Slurm starts a task in `/tmp`.
#[test]
fn a_task_elsewhere_writes_nothing() {
    let scratch = Scratch::new("elsewhere");
    let (folder, other) = (written(&scratch, 2, &[]), Scratch::new("no-folder"));
    for script in ["shard.sh", "merge.sh"] {
        let output = Command::new("bash")
            .arg(folder.join(script))
            .current_dir(&other)
            .envs([("SLURM_ARRAY_TASK_ID", "1"), ("SLURM_JOB_ID", "70")])
            .output()
            .expect("bash");
        let (code, _, stderr) = text(&output);
        assert!(code == Some(1) && stderr.contains("is not the folder of the campaign"), "{stderr}");
        assert_eq!(fs::read_dir(&other).expect("there").count(), 0);
    }
}

/// An attempt that was cut anywhere is gone on with, and one whose folder was hardly begun is passed over.
#[test]
fn a_task_goes_on_from_what_was_counted() {
    let scratch = Scratch::new("goes-on");
    let folder = written(&scratch, 2, &[]);
    let part = |attempt: &str, max: &str| {
        let runs = folder.join("attempts").join(attempt);
        let output = Command::new(SIM)
            .args(["attack", "script.yaml", "--shard", "1/2", "--max", max, "--runs"])
            .arg(&runs)
            .current_dir(&folder)
            .output()
            .expect("it runs");
        assert!(output.status.success());
        runs.join("latest").canonicalize().expect("a run")
    };
    part("1-60-0", "3000");
    let torn = part("1-61-0", "9000").join("counts.csv");
    let whole = fs::read(&torn).expect("counted");
    fs::write(&torn, &whole[..whole.len() - 7]).expect("ours");
    fs::remove_file(part("1-62-0", "20000").join("env.json")).expect("there");
    // Another shard's, whose number begins with the same digit.
    fs::create_dir_all(folder.join("attempts/11-63-0/plain/run")).expect("creatable");
    fs::write(folder.join("attempts/11-63-0/plain/run/env.json"), "{}").expect("ours");
    let (code, stdout, stderr) = job(&folder, "shard.sh", &[("SLURM_ARRAY_TASK_ID", "1")]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.contains("goes on from attempts/1-61-0/plain/"), "{stdout}");
    assert_eq!(fs::read(&torn).expect("left alone").len(), whole.len() - 7);
    let done = fs::read_to_string(folder.join("shards/1/counts.csv")).expect("done");
    assert_eq!(done, played(&scratch, &["--shard", "1/2"]));
}

/// Refused on one line, with exit code 64.
fn assert_refused(command: &mut Command, says: &str) {
    assert_ends(command, 64, says);
}

/// Ends on one line, with this exit code.
fn assert_ends(command: &mut Command, expected: i32, says: &str) {
    let (code, stdout, stderr) = text(&command.output().expect("it runs"));
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.starts_with("warning: ")).collect();
    assert_eq!((code, stdout.as_str(), lines.len()), (Some(expected), "", 1), "{stderr}");
    assert!(lines[0].starts_with("error: ") && lines[0].contains(says), "{stderr}");
}

/// Some programs in the place of Slurm's, each of which prints this and ends with this code.
fn stand_in(scratch: &Scratch, name: &str, programs: &[(&str, &str, i32)]) -> String {
    let folder = scratch.join(name);
    fs::create_dir(&folder).expect("creatable");
    for (program, prints, code) in programs {
        let file = folder.join(program);
        let stream = if *code == 0 { 1 } else { 2 };
        fs::write(&file, format!("#!/bin/sh\nprintf '{prints}' >&{stream}\nexit {code}\n")).expect("writable");
        fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).expect("ours");
    }
    format!("{}:/usr/bin:/bin", folder.display())
}

/// Without a queue nothing is submitted twice; accounts say how a shard ended.
#[test]
fn status_says_what_it_knows() {
    let scratch = Scratch::new("status");
    let folder = written(&scratch, 6, &[]);
    job(&folder, "shard.sh", &[("SLURM_ARRAY_TASK_ID", "2")]);
    let submit = |word: &str, path: &str| {
        let mut command = Command::new(SIM);
        command.args(["submit", word]).arg(&folder).env("PATH", path);
        command
    };
    let nowhere = scratch.path("");
    assert_refused(&mut submit("resume", &nowhere), "squeue: there is no such program here");
    let (code, stdout, _) = text(&submit("status", &nowhere).output().expect("it runs"));
    assert!(code == Some(3) && stdout.contains("\ndone      2\nmissing   1,3-6\nunknown   what runs"), "{stdout}");

    let down = stand_in(&scratch, "down", &[("squeue", "slurm_load_jobs error: no controller\\n", 1)]);
    assert_ends(&mut submit("resume", &down), 74, "error: asking Slurm: squeue: slurm_load_jobs error: no controller");

    let lines = "17|3|RUNNING|n2|None\\n17|4|PENDING||BeginTime\\n18|N/A|PENDING||Dependency\\n";
    let accounts = "17_1|COMPLETED\\n17_5|OUT_OF_MEMORY\\n";
    let there = stand_in(&scratch, "there", &[("squeue", lines, 0), ("sacct", accounts, 0)]);
    let (code, stdout, _) = text(&submit("status", &there).output().expect("it runs"));
    let shown = "done      2\nrunning   3 (n2)\nwaiting   4 (BeginTime)\nmissing   6; 1 (COMPLETED); 5 (OUT_OF_MEMORY)\n\
                 merge     waits (Dependency)\nnext      sim submit resume ";
    assert!(code == Some(3) && stdout.contains(shown), "{stdout}");
    let (code, stdout, _) = text(&submit("status", &there).arg("--json").output().expect("it runs"));
    let status: Value = serde_json::from_str(&stdout).expect("one JSON document");
    assert_eq!((code, &status["done"], &status["running"][0]["node"]), (Some(3), &vec![2].into(), &"n2".into()));
    assert_eq!(status["missing"][2], serde_json::json!({ "shard": 6, "state": null }));
}

#[test]
fn what_is_no_submission_is_refused() {
    let scratch = Scratch::new("no-submission");
    let folder = written(&scratch, 2, &[]);
    let sim = |words: &[&str]| {
        let mut command = Command::new(SIM);
        command.arg("submit").args(words).current_dir(&scratch);
        command
    };
    let script = "plain.yaml";
    let inside = fusion_sim::run(["sim", "submit", "slurm", script, "--shards", "2"]);
    assert!(inside.code == 64 && inside.stderr.starts_with("error: --program is needed"), "{inside:?}");
    assert_refused(&mut sim(&["status", "nowhere"]), "nowhere: not the folder of a submission");
    assert_refused(&mut sim(&["slurm", script, "--shards", "0"]), "the number of shards must be from 1 to 10000");
    assert_refused(&mut sim(&["slurm", script, "--shards", "2", "--sbatch", "x"]), "not a flag such as");
    assert_refused(
        &mut sim(&["slurm", script, "--shards", "2", "--out", "plain.yaml"]),
        "plain.yaml: a file is in the way",
    );
    assert_refused(&mut sim(&["slurm", script, "--shards", "2", "--out", "plain.yaml/a"]), "a file is in the way");
    assert_refused(&mut sim(&["slurm", script, "--shards", "2", "--out", "a\\b"]), "a path with a backslash");
    assert_refused(&mut sim(&["slurm", script, "--shards", "2", "--program", "no/sim"]), "there is no such file");
    let file = folder.join("submission.json");
    let whole = fs::read_to_string(&file).expect("there");
    for (text, says) in [
        ("{".to_string(), "submission.json: EOF"),
        (whole.replace("\"shards\": 2", "\"shards\": 0"), "there are no shards"),
        (whole.replace("\"shards\": 2", "\"shards\": -2"), "submission.json: invalid value"),
    ] {
        fs::write(&file, text).expect("ours");
        assert_refused(Command::new(SIM).args(["submit", "status"]).arg(&folder), says);
    }
}

/// The node of a first attempt that was stopped in the middle, with the process to end.
fn held(folder: &Path) -> BTreeMap<String, Vec<u32>> {
    let mut held: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("a plain name");
        if let Some((node, process)) = name.split_once('.') {
            held.entry(node.into()).or_default().push(process.parse().expect("a number"));
        }
    }
    held
}

/// First attempts stop in the middle: all on `n2` and `n3`, and one on `n1`.
fn holding(held: &str) -> String {
    format!(
        r#"if [ "$1" = attack ] && [ -z "${{SLURM_RESTART_COUNT:-}}" ]; then
    case $SLURMD_NODENAME in n2 | n3) hold=yes ;; n1) mkdir '{held}/one' 2>/dev/null && hold=yes ;; esac
    if [ -n "${{hold:-}}" ]; then
        '{SIM}' "$@" --max 5000 > /dev/null
        : > "{held}/$SLURMD_NODENAME.$$"
        for _ in {{1..3000}}; do [ ! -e '{held}/go' ] || break; sleep 0.2; done
    fi
fi"#
    )
}

/// Runs `sim submit` at the cluster, in a folder.
fn submit(cluster: &Cluster, scratch: &Scratch, words: &[&str]) -> (Option<i32>, String, String) {
    text(&cluster.command(SIM).arg("submit").args(words).current_dir(scratch).output().expect("it runs"))
}

#[test]
fn whatever_is_killed_the_counts_are_those_of_one_machine() {
    if let Some(why) = slurm::missing(&[]) {
        println!("skipped: {why}");
        return;
    }
    let scratch = Scratch::new("cluster");
    let script = scratch.file("plain.yaml", SCRIPT);
    let mut cluster = Cluster::start("slurm", 4);
    let folder = scratch.path("held");
    fs::create_dir(&folder).expect("creatable");
    let gated = program(scratch.join("gated"), &holding(&folder)).display().to_string();
    let flags = ["--shards", "32", "--max", MAX, "--time", "5", "--program", &gated, "--out", "big"];
    let (code, stdout, stderr) = submit(&cluster, &scratch, &[&["slurm", &script], &flags[..]].concat());
    assert_eq!((code, stderr.lines().count()), (Some(0), 1), "{stdout}{stderr}");

    // In the middle of it: a task is killed, a daemon is killed while its tasks live on, a node loses its power.
    let middle = wait_for("tasks in the middle", || {
        let held = held(Path::new(&folder));
        ["n1", "n2", "n3"]
            .iter()
            .all(|node| held.get(*node).is_some_and(|held| held.len() == 2 || *node == "n1"))
            .then_some(held)
    });
    slurm::kill(middle["n1"][0]);
    cluster.kill_daemon("n2");
    cluster.power_off("n3");

    let other = broken(&cluster, &scratch, &script);
    cluster.power_on("n3");
    wait_for("the merge", || (submit(&cluster, &scratch, &["status", "big", "--quiet"]).0 == Some(0)).then_some(()));
    let whole = played(&scratch, &[]);
    assert_eq!(counts(scratch.join("big/merged")), whole, "{}", cluster.log());
    assert_eq!(counts(Path::new(&other).join("merged")), whole, "{}", cluster.log());
    let all = || logs(&scratch.join("big"));
    assert!(all().matches("restart 1: goes on from attempts/").count() >= 5, "{}\n{}", all(), cluster.log());
    // The tasks of the lost daemon wait still. They end, and find their shards done.
    fs::write(Path::new(&folder).join("go"), "").expect("ours");
    wait_for("the lost tasks", || (all().matches(": done\n").count() >= 34).then_some(()));
    assert_eq!(fs::read_dir(scratch.join("big/shards")).expect("a folder").count(), 32);
    let (_, stdout, _) = submit(&cluster, &scratch, &["resume", "big"]);
    assert!(stdout.starts_with("nothing is missing: ") && stdout.contains(": big/merged/plain/"), "{stdout}");
}

/// What all jobs of a submission have said.
fn logs(folder: &Path) -> String {
    let files = fs::read_dir(folder.join("logs")).expect("logs");
    files.map(|log| fs::read_to_string(log.expect("an entry").path()).expect("text")).collect()
}

/// A campaign that the cluster refuses at first and in which a shard is killed whenever it begins, until it is resumed. Returns its folder.
fn broken(cluster: &Cluster, scratch: &Scratch, script: &str) -> String {
    let folder = scratch.path("it's \"other\"\n$HOME %A");
    let mark = scratch.path("mended");
    let lines = format!("[ -e '{mark}' ] || [ \"$SLURM_ARRAY_TASK_ID\" != 2 ] || kill -9 $$");
    let program = program(scratch.join("a 'program'\n"), &lines).display().to_string();
    let flags = ["--shards", "3", "--max", MAX, "--restarts", "0", "--partition", "no such", "--program", &program];
    let (code, _, stderr) = submit(cluster, scratch, &[&["slurm", script, "--out", &folder], &flags[..]].concat());
    let stderr = stderr.lines().last().expect("a line");
    assert_eq!(code, Some(64), "{stderr}");
    assert!(stderr.starts_with("error: sbatch: error: invalid partition specified: no such; "), "{stderr}");
    let (code, stdout, stderr) = submit(cluster, scratch, &["resume", &folder, "--partition", "work"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.starts_with("plain: 3 of 3 shards as job "), "{stdout}");
    // The cluster requeues it by its exit code, and the task gives up.
    let status = wait_for("the end of the jobs", || {
        let (_, stdout, _) = submit(cluster, scratch, &["status", &folder, "--json"]);
        let status: Value = serde_json::from_str(&stdout).expect("one JSON document");
        let is_over = status["running"] == serde_json::json!([]) && status["waiting"] == serde_json::json!([]);
        (is_over && status["merge"]["state"] == "missing").then_some(status)
    });
    assert_eq!((&status["done"], &status["missing"][0]["shard"]), (&vec![1, 3].into(), &2.into()), "{status}");
    let logs = logs(Path::new(&folder));
    assert!(logs.contains("given up after 0 restarts") && logs.contains("error: shard 2/3 is missing"), "{logs}");
    fs::write(&mark, "").expect("ours");
    let (code, stdout, stderr) = submit(cluster, scratch, &["resume", &folder]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.starts_with("plain: 1 of 3 shards as job "), "{stdout}");
    wait_for("the merge", || (submit(cluster, scratch, &["status", &folder, "--quiet"]).0 == Some(0)).then_some(()));
    folder
}
