//! The program in an empty folder: scripts, models and digits are inside it.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../../../proofs-tests/src/scratch.rs"]
mod scratch;

use scratch::Scratch;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A folder of the system's, with nothing of the repository in it or above.
struct Elsewhere(Scratch);

impl Elsewhere {
    fn new(name: &str) -> Self {
        Self(Scratch::new(&format!("anywhere-{name}")))
    }

    /// Returns what a command prints; it exits with `code`.
    fn sim(&self, line: &str, code: i32) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sim"));
        let output = command.args(line.split_whitespace()).current_dir(&self.0).output().expect("started");
        let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        assert_eq!(output.status.code(), Some(code), "sim {line}: {err}");
        out
    }

    fn counts(&self, runs: &str) -> String {
        fs::read_to_string(self.0.join(runs).join("latest/counts.csv")).expect("counted")
    }
}

/// A campaign of embedded files is that of the repository's files: its counts are the same, each continues the other's run, and
/// it is replayed, divided, merged and reported where none of the files is.
#[test]
fn an_embedded_script_does_all_that_a_file_does() {
    let folder = Elsewhere::new("script");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../adversaries/scripts/moved-share.yaml");
    folder.sim("attack moved-share --max 1024 --runs inside", 3);
    folder.sim(&format!("attack {file} --max 1024 --runs outside"), 3);
    assert_eq!(folder.counts("inside"), folder.counts("outside"));
    folder.sim(&format!("attack {file} --resume inside/latest --max 2048"), 3);
    folder.sim("attack moved-share.yaml --resume outside/latest --max 2048", 3);
    let outside = fs::read_to_string(folder.0.join("outside/latest/script.yaml")).expect("written");
    assert!(outside.contains("path: built-in:/small_mnist.onnx\n"), "{outside}");
    folder.sim("attack --resume outside/latest", 3);
    let replayed = folder.sim("run moved-share --trial honest:7", 0);
    assert_eq!(replayed, folder.sim("run outside/latest/script.yaml --trial honest:7", 0));
    for shard in ["1", "2"] {
        folder.sim(&format!("attack moved-share --max 2048 --shard {shard}/2 --runs shard{shard}"), 0);
    }
    folder.sim("merge shard1/latest shard2/latest --runs merged", 3);
    assert_eq!(folder.counts("merged"), folder.counts("outside"));
    let page = folder.0.join("merged/latest/report.html");
    fs::remove_file(&page).expect("the report was written");
    folder.sim("report merged/latest", 0);
    assert!(page.is_file());
    assert!(folder.sim("check built-in:small_mnist.onnx", 0).contains("small_mnist.onnx"));
}

/// The file that `sim init` writes runs as it is, and with every key of it in use.
#[test]
fn the_first_script_runs_with_nothing_beside_it() {
    let folder = Elsewhere::new("init");
    folder.sim("init", 0);
    assert!(folder.sim("check campaign.yaml", 0).ends_with("ok\n"));
    let path = folder.0.join("campaign.yaml");
    let text = fs::read_to_string(&path).expect("written");
    let used = |line: &str| {
        let inner = line
            .strip_prefix("# ")
            .filter(|inner| ["goal:", "model:", "data:", "  "].iter().any(|key| inner.starts_with(key)));
        inner.map_or_else(|| line.into(), str::to_string)
    };
    let whole: Vec<String> = text.lines().map(used).collect();
    fs::write(&path, whole.join("\n").replace("fidelity: plain", "fidelity: ideal")).expect("writable");
    folder.sim("attack campaign.yaml --max 1024", 3);
    let script = fs::read_to_string(folder.0.join("runs/latest/script.yaml")).expect("written");
    for part in
        ["lambda: 40", "path: built-in:/lenet_mnist_full.onnx", "images: built-in:/mnist_t1000-images-idx3-ubyte"]
    {
        assert!(script.contains(part), "{part} in {script}");
    }
}

/// A name means a script of the program only where no file has it.
#[test]
fn names_of_the_list_are_scripts() {
    let folder = Elsewhere::new("names");
    let list: Value = serde_json::from_str(&folder.sim("list --json", 0)).expect("JSON");
    let scripts = list.as_array().expect("a list");
    assert!(scripts.len() > 25);
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let table = folder.sim("list", 0);
    for script in scripts {
        let name = script["name"].as_str().expect("a name");
        assert!(root.join(script["path"].as_str().expect("a path")).is_file(), "{script}");
        assert!(table.lines().any(|line| line.trim_start().starts_with(&format!("{name} "))), "{name}");
    }
    for name in ["flaky", "scatter"] {
        assert!(folder.sim(&format!("check {name}"), 0).starts_with(name));
    }
    folder.sim("check flakey", 64);
    folder.0.file("flaky", "schema: none");
    folder.sim("check flaky", 64);
}

#[test]
fn the_version_has_the_commit() {
    let folder = Elsewhere::new("version");
    let version = folder.sim("--version", 0);
    let number = concat!("sim ", env!("CARGO_PKG_VERSION"));
    let rest = version.strip_prefix(number).expect("the version").trim_end();
    let commit = rest.strip_prefix(" (").and_then(|rest| rest.strip_suffix(')'));
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    // Sources without `.git`, or in which git refuses to answer, have no commit.
    let git = Command::new("git").args(["rev-parse", "--verify", "HEAD"]).current_dir(root).output();
    let is_checkout = root.join(".git").exists() && git.is_ok_and(|output| output.status.success());
    assert_eq!(commit.is_some_and(|commit| commit.len() == 12), is_checkout, "{version}");
}
