//! Rows of counts at `real`: as long as the public plan says, the same for a run whoever continues it, and older runs are continued as they were.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../../../proofs-tests/src/scratch.rs"]
mod scratch;

use fusion_sim::{CommandOutput, run};
use scratch::Scratch;
use serde_json::{Value, json};
use std::fs;

const SCRIPT: &str = "
schema: fusion/campaign/v1
name: rows
protocol: { R: 2, B: 2, T: 6 }
model: { path: MODEL }
data:
  images: built-in:/mnist_t1000-images-idx3-ubyte
  labels: built-in:/mnist_t1000-labels-idx1-ubyte
  queries: 0..20
  public: { from: 500..540 }
fidelity: real
trials: { seed: 1, max: 20 }
strategies:
  - { name: nothing, do: [] }
  - { name: another, do: [{ at: { random: 1 }, model: MODEL }] }
  - { name: plainly, fidelity: plain, do: [] }
";

struct Folder(Scratch);

impl Folder {
    fn new(name: &str, model: &str) -> Self {
        let folder = Scratch::new(&format!("rows-{name}"));
        folder.file("rows.yaml", SCRIPT.replace("MODEL", model));
        Self(folder)
    }

    /// Runs a command; `@` stands for the folder.
    fn sim(&self, line: &str) -> CommandOutput {
        let folder = self.0.to_str().expect("text");
        run(std::iter::once("sim".into()).chain(line.split_whitespace().map(|word| word.replace('@', folder))))
    }

    /// What `env.json` of a run says of rows.
    fn environment(&self, runs: &str) -> Value {
        let text = fs::read_to_string(self.0.join(runs).join("latest/env.json")).expect("written");
        serde_json::from_str(&text).expect("JSON")
    }

    fn edit(&self, runs: &str, change: impl Fn(&mut Value)) {
        let mut environment = self.environment(runs);
        change(&mut environment);
        let path = self.0.join(runs).join("latest/env.json");
        fs::write(path, environment.to_string()).expect("writable");
    }

    /// Where the rows of a strategy begin.
    fn rows(&self, runs: &str, strategy: &str) -> Vec<u64> {
        let text = fs::read_to_string(self.0.join(runs).join("latest/counts.csv")).expect("counted");
        let own = text.lines().filter_map(|line| line.strip_prefix(&format!("{strategy},")));
        own.map(|rest| rest.split(',').next().expect("a field").parse().expect("a number")).collect()
    }
}

/// A strategy with a model of its own on some slots evaluates each slot apart, which sends more than slots that share ciphertexts.
#[test]
fn rows_are_as_long_as_the_plan_says() {
    let folder = Folder::new("lenet", "built-in:/lenet_mnist_full.onnx");
    let outcome = folder.sim("attack @/rows.yaml --max 0 --runs @/runs --quiet");
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    assert_eq!(folder.environment("runs")["rows"], json!({ "honest": 4, "nothing": 4, "another": 2 }));
}

/// A run of before semantics 5 has the same identity and rows of 16, and goes on with them; one that was begun with other rows goes on with those.
#[test]
fn a_run_keeps_its_rows() {
    let folder = Folder::new("kept", "built-in:/small_mnist.onnx");
    let begin = |runs: &str| folder.sim(&format!("attack @/rows.yaml --max 0 --runs @/{runs} --quiet")).code;
    assert_eq!([begin("old"), begin("short"), begin("wrong")], [3; 3]);
    assert_eq!(folder.environment("old")["rows"]["nothing"], 16);
    folder.edit("old", |environment| {
        environment.as_object_mut().expect("an object").remove("rows");
        environment["semantics"] = json!(4);
    });
    folder.edit("short", |environment| environment["rows"]["nothing"] = json!(4));
    let resume = |runs: &str| folder.sim(&format!("attack --resume @/{runs}/latest --max 20 --quiet"));
    assert_eq!([resume("old").code, resume("short").code], [3, 3]);
    assert_eq!(folder.rows("old", "nothing"), [0, 16]);
    assert_eq!(folder.rows("short", "nothing"), [0, 4, 8, 12, 16]);
    assert_eq!(folder.rows("short", "honest"), [0, 16]);
    for length in [0, 3, 32] {
        folder.edit("wrong", |environment| environment["rows"]["nothing"] = json!(length));
        let refused = resume("wrong");
        assert_eq!(refused.code, 64);
        assert!(
            refused.stderr.contains(&format!("env.json: no row of nothing has {length} trials")),
            "{}",
            refused.stderr
        );
    }
}

/// Shards whose rows differ are no division of one campaign.
#[test]
fn shards_of_other_rows_are_not_merged() {
    let folder = Folder::new("shards", "built-in:/small_mnist.onnx");
    for shard in ["1", "2"] {
        let outcome = folder.sim(&format!("attack @/rows.yaml --shard {shard}/2 --runs @/shard{shard} --quiet"));
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }
    let merge = || folder.sim("merge @/shard1/latest @/shard2/latest --runs @/merged --quiet");
    assert_eq!(merge().code, 3);
    assert_eq!(folder.environment("merged")["rows"]["another"], 8);
    folder.edit("shard2", |environment| environment["rows"]["another"] = json!(4));
    let refused = merge();
    assert_eq!(refused.code, 64);
    assert!(refused.stderr.contains("rows of 4 trials of another, where the others have 8"), "{}", refused.stderr);
}

/// The time of a clause is that of the fidelity that is asked for, and so are the trials.
#[test]
fn a_check_says_how_long_trials_take() {
    let folder = Folder::new("check", "built-in:/small_mnist.onnx");
    let script =
        SCRIPT.replace("do: [{ at: { random: 1 }, model: MODEL }]", "do: [{ at: { random: 1 }, relabel: next }]");
    folder.0.file("rows.yaml", script.replace("MODEL", "built-in:/small_mnist.onnx"));
    let clause = |flags: &str| {
        let outcome = folder.sim(&format!("check @/rows.yaml --json {flags}"));
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let document: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        let clause = &document["clauses"][0];
        (clause["trials_needed"].as_u64().expect("a number"), clause["time_s"].as_f64().expect("a number"))
    };
    let [(real, of_real), (plain, of_plain)] = ["", "--fidelity plain"].map(clause);
    assert!(real < plain && of_real > 0.0 && of_plain > 0.0, "{real} {of_real} {plain} {of_plain}");
    let text = folder.sim("check @/rows.yaml").stdout;
    assert!(text.contains(" trials needed ") && text.contains(" time"), "{text}");
    assert_eq!(folder.sim("check @/rows.yaml --quiet").stdout, "ok\n");
    let refused = folder.sim("check built-in:/small_mnist.onnx --fidelity plain");
    assert!(refused.code == 64 && refused.stderr.contains("--fidelity is for scripts"), "{}", refused.stderr);
}
