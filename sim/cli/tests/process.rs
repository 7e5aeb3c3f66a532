//! The process `sim attack`: killed, interrupted, crowded out, without a place to write, and how much memory it takes.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../../../proofs-tests/src/scratch.rs"]
mod scratch;

use rand_core::Rng;
use rand_pcg::Pcg64;
use scratch::Scratch;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Two strategies that need many trials, and two that need few.
const SCRIPT: &str = "
schema: fusion/campaign/v1
name: long
protocol: { R: 8, B: 2, T: 4 }
fidelity: plain
trials: { seed: 7, max: 600500 }
test: { within: 1/20 }
strategies:
  - { name: guess-one, do: [{ at: { random: 2 }, relabel: next }], expect: { win: { equals: spec } } }
  - { name: none, do: [{ at: { random: 3 }, relabel: next }], expect: { win: { equals: spec } } }
  - { name: each, do: [{ at: { each: 1/10, at_most: 4 }, relabel: next }], expect: { win: { at_most: spec } } }
  - name: mixed
    one_of:
      - { weight: 1, do: [] }
      - { weight: 1, do: [{ at: { random: 4 }, relabel: next }] }
    expect: { win: { equals: spec } }
";

/// A folder with a long script.
struct Folder(Scratch);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Scratch::new(&format!("process-{name}"));
        folder.file("long.yaml", SCRIPT);
        Self(folder)
    }

    /// `sim` in this folder.
    fn sim(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sim"));
        command.args(line.split_whitespace()).current_dir(&self.0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The same, under limits that a shell sets. Files of more than so many blocks cannot be written.
    fn limited(&self, line: &str, blocks: u32) -> Output {
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &limit, env!("CARGO_BIN_EXE_sim")]).args(line.split_whitespace());
        command.current_dir(&self.0).output().expect("a shell")
    }

    /// Runs to the end.
    fn done(&self, line: &str) -> Output {
        self.sim(line).output().expect("started")
    }

    fn counts(&self, runs: &str) -> String {
        fs::read_to_string(self.0.join(runs).join("latest/counts.csv")).expect("counted")
    }
}

/// Waits for rows.
fn rows(child: &mut Child, counts: &Path, at_least: usize) {
    let written = || fs::read_to_string(counts).map_or(0, |text| text.lines().count());
    while written() <= at_least {
        assert!(child.try_wait().expect("ours").is_none(), "it ended before it had {at_least} rows");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn signal(child: &Child, signal: &str) {
    let done = Command::new("sh").args(["-c", &format!("kill -{signal} {}", child.id())]).status().expect("a shell");
    assert!(done.success());
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Killed fifty times at work, at random, on some number of threads each time: `latest` is whole at every moment, no row that
/// was seen is lost, and the end is that of a run without kills. A run that gets to its end begins anew.
#[test]
fn fifty_kills_change_no_byte() {
    let scratch = Folder::new("kills");
    let reference = scratch.done("attack long.yaml --runs reference --threads 1");
    let reference = (reference.status.code(), scratch.counts("reference"));
    let (mut coins, mut kills, mut ends, mut runs) = (Pcg64::new(2026, 11), 0, 0, 0);
    let mut seen = 0;
    while kills < 50 || ends == 0 {
        let folder = format!("runs{runs}");
        let latest = scratch.0.join(&folder).join("latest");
        let threads = 1 + coins.next_u32() % 4;
        let mut child = if latest.exists() {
            for name in ["env.json", "script.yaml", "timings.csv"] {
                assert!(latest.join(name).exists(), "{name}");
            }
            let now = scratch.counts(&folder).lines().count();
            assert!(now >= seen, "{now} lines, and {seen} before");
            seen = now;
            scratch.sim(&format!("attack --resume {folder}/latest --threads {threads}"))
        } else {
            scratch.sim(&format!("attack long.yaml --runs {folder} --threads {threads}"))
        }
        .spawn()
        .expect("started");
        if kills < 50 {
            std::thread::sleep(Duration::from_micros((coins.next_u32() % 200_000).into()));
        } else {
            child.wait().expect("ours");
        }
        if let Some(status) = child.try_wait().expect("ours") {
            assert_eq!((status.code(), scratch.counts(&folder)), reference);
            (ends, runs, seen) = (ends + 1, runs + 1, 0);
            continue;
        }
        child.kill().expect("ours");
        child.wait().expect("ours");
        kills += 1;
    }
    println!("{kills} kills, {ends} runs came to their end");
}

/// All three signals, a whole run and a share: what is printed goes on with it, from a folder whose name needs quotes. Tests that `nohup` started
/// ignore `SIGHUP`, and so does all that they start.
#[test]
fn an_interrupted_run_says_how_to_go_on() {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a mask").trim();
    let hangs_up = u64::from_str_radix(ignored, 16).expect("a mask") & 1 == 0;
    let third = if hangs_up { "HUP" } else { "INT" };
    for (name, which, shard) in [("int", "INT", ""), ("term", "TERM", ""), ("share", third, "--shard 2/3")] {
        let scratch = Folder::new(name);
        let reference = scratch.done(&format!("attack long.yaml --runs reference {shard}"));
        let runs = scratch.0.join("it's here");
        let mut child = scratch.sim(&format!("attack long.yaml {shard} --threads 1"));
        let mut child = child.arg("--runs").arg(&runs).spawn().expect("started");
        rows(&mut child, &runs.join("latest/counts.csv"), 100);
        signal(&child, which);
        let output = child.wait_with_output().expect("ours");
        assert_eq!(output.status.code(), Some(130), "{output:?}");
        let stderr = text(&output.stderr);
        let command = stderr.trim_end().strip_prefix("interrupted; continue with: sim ").expect("one line");
        let kept = fs::read_to_string(runs.join("latest/counts.csv")).expect("counted");
        assert!(kept.ends_with('\n') && kept.len() < scratch.counts("reference").len());
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("\"$0\" {command}"), env!("CARGO_BIN_EXE_sim")]).current_dir(&scratch.0);
        let resumed = shell.output().expect("a shell");
        assert_eq!(resumed.status.code(), reference.status.code(), "{resumed:?}");
        let all = fs::read_to_string(runs.join("latest/counts.csv")).expect("counted");
        assert!(all == scratch.counts("reference"), "{name}");
        let left: Vec<_> = kept.lines().filter(|line| !all.lines().any(|other| other == *line)).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// A script comes from a file, from standard input, or from a shell's `<(command)`: its trials are the same. Paths in it start where the command runs.
#[test]
fn a_script_may_come_through_a_pipe() {
    let scratch = Folder::new("pipe");
    let model = format!("{}/../../examples/models/small_mnist.onnx", env!("CARGO_MANIFEST_DIR"));
    std::os::unix::fs::symlink(model, scratch.0.join("here.onnx")).expect("linked");
    fs::write(scratch.0.join("long.yaml"), format!("{SCRIPT}model: {{ path: here.onnx }}\n")).expect("writable");
    let reference = scratch.done("attack long.yaml --max 2048 --runs file");
    let attack = "\"$0\" attack";
    for (runs, line) in [
        ("stdin", format!("{attack} - --max 2048 --runs stdin < long.yaml")),
        ("pipe", format!("cat long.yaml | {attack} /dev/stdin --max 2048 --runs pipe")),
        ("substituted", format!("{attack} <(cat long.yaml) --max 2048 --runs substituted")),
    ] {
        let mut shell = Command::new("bash");
        let output =
            shell.args(["-c", &line, env!("CARGO_BIN_EXE_sim")]).current_dir(&scratch.0).output().expect("a shell");
        assert_eq!(output.status.code(), reference.status.code(), "{line}: {output:?}");
        assert_eq!(scratch.counts(runs), scratch.counts("file"), "{line}");
    }
    let check = format!("printf 'name: [\\n' | {} check -", "\"$0\"");
    let output = Command::new("bash").args(["-c", &check, env!("CARGO_BIN_EXE_sim")]).output().expect("a shell");
    assert!(output.status.code() == Some(64) && text(&output.stderr).contains("[-:"), "{output:?}");
    assert_eq!(Command::new("mkfifo").arg(scratch.0.join("fifo")).status().expect("there").code(), Some(0));
    assert_eq!(scratch.sim("attack fifo").output().expect("it does not wait").status.code(), Some(64));
}

/// A finished run that goes on has no verdict and no page until it ends again.
#[test]
fn a_run_that_goes_on_takes_its_verdict_back() {
    let scratch = Folder::new("back");
    scratch.done("attack long.yaml --runs runs --max 20480");
    let folder = scratch.0.join("runs/latest").canonicalize().expect("a run");
    let shown = ["result.json", "report.html"].map(|name| folder.join(name));
    assert!(shown.iter().all(|path| path.is_file()));
    let rows_before = scratch.counts("runs").lines().count();
    let mut child = scratch.sim("attack --resume runs/latest --max 600500 --quiet").spawn().expect("started");
    rows(&mut child, &folder.join("counts.csv"), rows_before);
    signal(&child, "KILL");
    child.wait().expect("ours");
    assert!(!shown.iter().any(|path| path.exists()));
}

/// The second process is turned away, and the first one does not notice.
#[test]
fn two_processes_on_one_run() {
    let scratch = Folder::new("two");
    scratch.done("attack long.yaml --runs reference");
    let mut child = scratch.sim("attack long.yaml --runs runs --threads 1").spawn().expect("started");
    rows(&mut child, &scratch.0.join("runs/latest/counts.csv"), 10);
    let second = scratch.done("attack --resume runs/latest");
    assert!(child.try_wait().expect("ours").is_none(), "the first one is at work");
    assert_eq!(second.status.code(), Some(64), "{second:?}");
    assert!(text(&second.stderr).contains("another process is working on this run"), "{second:?}");
    assert_ne!(child.wait().expect("ours").code(), Some(64));
    assert_eq!(scratch.counts("runs"), scratch.counts("reference"));
}

/// One line naming the path, code 74.
fn io_error(output: &Output, path: &str) {
    let stderr = text(&output.stderr);
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(74), 1), "{output:?}");
    assert!(stderr.contains(path), "{stderr}");
}

/// Files can grow to so many blocks of 512 or 1,024 bytes: rows that are there stay, a row that is cut is counted again.
#[test]
fn a_full_disk() {
    let scratch = Folder::new("full");
    let reference = scratch.done("attack long.yaml --runs reference");
    io_error(&scratch.limited("attack long.yaml --runs runs", 4), "counts.csv");
    let first = scratch.counts("runs");
    assert!(scratch.counts("reference").starts_with(&first[..=first.rfind('\n').expect("rows")]));
    assert!(first.len() > 1000);
    // Nothing fits: what is there stays.
    io_error(&scratch.limited("attack --resume runs/latest", 1), "counts.csv");
    assert_eq!(scratch.counts("runs"), first);
    assert!(!scratch.0.join("runs/latest/counts.new").exists());
    io_error(&scratch.limited("attack --resume runs/latest", 8), "counts.csv");
    assert!(scratch.counts("runs").len() > first.len());
    let resumed = scratch.done("attack --resume runs/latest");
    assert_eq!(resumed.status.code(), reference.status.code());
    assert_eq!(scratch.counts("runs"), scratch.counts("reference"));
}

#[test]
fn a_folder_that_cannot_be_written() {
    let scratch = Folder::new("read-only");
    scratch.done("attack long.yaml --runs runs --max 5000");
    let before = scratch.counts("runs");
    let run = scratch.0.join("runs/latest").canonicalize().expect("there");
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("ours");
    // Nothing is closed to root: it becomes another user.
    let is_root = fs::metadata(&scratch.0).expect("ours").uid() == 0;
    let sim = |line: &str| {
        let mut command = scratch.sim(line);
        if is_root { command.uid(65_534).gid(65_534).output() } else { command.output() }.expect("started")
    };
    for path in [&scratch.0.join("runs"), &run] {
        mode(path, 0o555);
    }
    fs::read_dir(&run).expect("ours").for_each(|entry| mode(&entry.expect("an entry").path(), 0o555));
    io_error(
        &sim("attack --resume runs/latest --max 9000"),
        run.file_name().and_then(|name| name.to_str()).expect("plain"),
    );
    io_error(&sim("attack long.yaml --runs runs/deeper"), "runs/deeper");
    for path in [&scratch.0.join("runs"), &run] {
        mode(path, 0o755);
    }
    fs::read_dir(&run).expect("ours").for_each(|entry| mode(&entry.expect("an entry").path(), 0o755));
    assert_eq!(scratch.counts("runs"), before);
    assert_eq!(scratch.done("attack --resume runs/latest").status.code(), Some(3));
    assert_eq!(scratch.counts("runs"), before);
}

/// Rows that go nowhere are no result.
#[test]
fn a_run_that_is_deleted_at_work() {
    let scratch = Folder::new("deleted");
    let mut child = scratch.sim("attack long.yaml --runs runs --threads 1 --max 1000000000").spawn().expect("started");
    rows(&mut child, &scratch.0.join("runs/latest/counts.csv"), 5);
    let run = scratch.0.join("runs/latest").canonicalize().expect("there");
    fs::rename(&run, scratch.0.join("away")).expect("ours");
    fs::remove_dir_all(scratch.0.join("away")).expect("ours");
    io_error(&child.wait_with_output().expect("ours"), "runs/long/");
}

/// `latest` is a link to a whole run at every moment while it is replaced.
#[test]
fn the_last_run_is_there_at_every_moment() {
    let scratch = Folder::new("latest");
    scratch.done("attack long.yaml --runs runs --max 10");
    let latest = scratch.0.join("runs/latest");
    let seeds = 2..5;
    let mut others: Vec<Child> = seeds
        .map(|seed| {
            scratch.sim(&format!("attack long.yaml --runs runs --max 10 --seed {seed}")).spawn().expect("started")
        })
        .collect();
    let mut looks = 0;
    while others.iter_mut().any(|child| child.try_wait().expect("ours").is_none()) {
        for name in ["env.json", "counts.csv", "timings.csv", "script.yaml"] {
            assert!(latest.join(name).is_file(), "{name}");
            looks += 1;
        }
    }
    assert!(looks > 0 && fs::read_link(&latest).expect("a link").is_relative());
    assert!(others.into_iter().all(|mut child| child.wait().expect("ours").code() == Some(3)));
}

/// The campaign is played to its end and judged, whether or not anybody reads.
#[test]
fn a_reader_that_goes_away() {
    let scratch = Folder::new("unread");
    let reference = scratch.done("attack long.yaml --runs reference --max 20000 --json");
    assert_eq!(reference.status.code(), Some(3), "{reference:?}");
    for style in ["", "--json", "--quiet"] {
        let mut child = scratch.sim(&format!("attack long.yaml --runs runs{style} --max 20000 {style}"));
        let mut child = child.spawn().expect("started");
        drop(child.stdout.take());
        assert_eq!(child.wait().expect("ours").code(), Some(3), "{style}");
        assert_eq!(scratch.counts(&format!("runs{style}")), scratch.counts("reference"));
    }
}

/// Bytes at the peak.
fn peak(scratch: &Folder, line: &str) -> u64 {
    let mut child = scratch.sim(line).spawn().expect("started");
    let status = format!("/proc/{}/status", child.id());
    let mut kilobytes = 0;
    while child.try_wait().expect("ours").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let high =
            text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok());
        kilobytes = kilobytes.max(high.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut words = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut words).expect("read");
    assert_eq!(words, "");
    println!("{line}: {kilobytes} kB");
    kilobytes * 1024
}

/// Of 10^5 trials and 10^7, the latter with 9,766 rows; and of the largest setting that is published.
#[cfg(target_os = "linux")]
#[test]
fn memory_is_flat_in_the_trials() {
    let scratch = Folder::new("memory");
    let one = "--only none --threads 2";
    let never = SCRIPT.replace("within: 1/20", "within: 1/100000").replace("random: 3", "random: 2");
    fs::write(scratch.0.join("never.yaml"), never).expect("ours");
    let few = peak(&scratch, &format!("attack never.yaml {one} --max 100000"));
    let many = peak(&scratch, &format!("attack never.yaml {one} --max 10000000"));
    assert!(many < few + (16 << 20), "{few} and {many} bytes");

    let large = SCRIPT
        .replace("R: 8, B: 2, T: 4", "R: 524288, B: 3, T: 100")
        .replace("each: 1/10, at_most: 4", "each: 1/2")
        .replace("win: { at_most: spec }", "caught: { equals: 1 }");
    fs::write(scratch.0.join("large.yaml"), large).expect("ours");
    let large = peak(&scratch, "attack large.yaml --only each --threads 2 --max 10");
    assert!(large < 1 << 30, "{large} bytes");
}

/// What a shell's command line prints on a terminal, by util-linux's `script`, which makes one.
fn on_a_terminal(scratch: &Folder, line: &str) -> String {
    let mut script = Command::new("script");
    script.args(["-q", "-c", line, "/dev/null"]).current_dir(&scratch.0).stdin(Stdio::null());
    let output = script.env_remove("NO_COLOR").env("TERM", "xterm").output().expect("script is part of every Debian");
    String::from_utf8(output.stdout).expect("text")
}

/// Rates are drawn on a terminal, and there alone; `NO_COLOR` asks for plain text.
#[test]
fn plots_are_for_terminals() {
    let scratch = Folder::new("terminal");
    let line = format!("{} attack long.yaml --max 2048", env!("CARGO_BIN_EXE_sim"));
    let on_a_terminal = |line: &str| on_a_terminal(&scratch, line);
    let drawn = |text: &str| text.contains("├●┤ measured");
    let plot = on_a_terminal(&line);
    assert!(drawn(&plot) && plot.contains(" guess-one  ·") && plot.contains("4/95"), "{plot}");
    let plan = format!("{} plan --R 8 --lambda 40", env!("CARGO_BIN_EXE_sim"));
    assert!(on_a_terminal(&plan).contains("bits by queries hit, 1 to R: 40.03 ▁▄▇███▆▃ 53.95"));
    assert!(!on_a_terminal(&format!("{plan} | cat")).contains('█'));
    for plain in [format!("NO_COLOR=1 {line}"), format!("{line} | cat"), format!("{line} --json")] {
        let text = on_a_terminal(&plain);
        assert!(text.contains("4/95") && !drawn(&text), "{plain}: {text}");
    }
}
