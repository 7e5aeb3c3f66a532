//! What tests of campaigns share: a folder of their own, a script, and the rows that came of it.

use fusion_proofs_tests::scratch::Scratch;
use fusion_sim::{CommandOutput, run};
use std::path::{Path, PathBuf};

/// Strategies that are decided at different checkpoints, and some that are not.
pub const PLAIN: &str = "
schema: fusion/campaign/v1
name: plain
protocol: { R: 8, B: 2, T: 4 }
fidelity: plain
trials: { seed: 1, max: 60500 }
test: { within: 1/5 }
strategies:
  - { name: guess-one, do: [{ at: { random: 2 }, relabel: next }], expect: { win: { equals: spec } } }
  - { name: guess-two, do: [{ at: { random: 4 }, relabel: next }], expect: { win: { equals: spec } } }
  - name: mixed
    one_of:
      - { weight: 5, do: [] }
      - { weight: 4, do: [{ at: { random: 2 }, relabel: next }] }
      - { weight: 1, do: [{ at: { random: 4 }, relabel: next }] }
    expect: { accepted: { equals: spec } }
  - name: again
    do: [{ at: { slots: [0, 7] }, relabel: next }]
    sessions: { until: accepted, max: 3 }
    expect: { win: { equals: spec } }
  - { name: some, do: [{ at: { each: 1/10, at_most: 4 }, relabel: next }], expect: { win: { at_most: spec } } }
";

/// Two strategies in stages: their rows are counted in turn, and stand one after the other.
pub const CONDITIONAL: &str = "
schema: fusion/campaign/v1
name: stages
protocol: { R: 16, B: 2, T: 8 }
fidelity: plain
trials: { seed: 3, max: 20300 }
test: { estimator: conditional }
strategies:
  - { name: guess-one, do: [{ at: { random: 2 }, relabel: next }], expect: { win: { equals: spec } } }
  - { name: guess-two, do: [{ at: { random: 4 }, relabel: next }], expect: { win: { equals: spec } } }
";

/// Runs `sim` with these words and those of `more`.
pub fn sim(line: &[&str], more: &str) -> CommandOutput {
    run(std::iter::once("sim").chain(line.iter().copied()).chain(more.split_whitespace()))
}

/// `counts.csv` of a folder, or of the last run under it.
pub fn counts(folder: &str) -> String {
    std::fs::read_to_string(last(folder).join("counts.csv")).expect("counted")
}

/// The last run under a folder, or itself.
pub fn last(folder: &str) -> PathBuf {
    let latest = Path::new(folder).join("latest");
    if latest.exists() { latest.canonicalize().expect("there") } else { folder.into() }
}

/// A campaign into `scratch/runs`: the folder, and how it ended.
pub fn attack(scratch: &Scratch, script: &str, runs: &str, more: &str) -> (String, CommandOutput) {
    let runs = scratch.path(runs);
    let outcome = sim(&["attack", script, "--runs", &runs], more);
    (last(&runs).to_str().expect("a plain path").into(), outcome)
}
