//! `sim submit status`: how far a submission is, as text and as JSON.

use super::cluster::{Silence, Standing};
use super::folder::Submission;
use super::ranges;
use super::standing::{Progress, groups};
use crate::args::StatusArgs;
use crate::text;
use fusion_adversaries::problem::{counted, one_line};
use fusion_engine::failure::Failure;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

/// The exit code as long as the shards are not merged.
const NOT_YET: u8 = 3;

/// Shows how far a submission is.
pub fn run(args: &StatusArgs, stdout: &mut dyn Write) -> Result<u8, Failure> {
    let StatusArgs { folder, json, quiet } = args;
    let submission = Submission::read(folder)?;
    let progress = Progress::of(&submission, folder)?;
    if *json {
        serde_json::to_writer(&mut *stdout, &document(&submission, &progress)).map_err(io::Error::from)?;
        writeln!(stdout)?;
    } else if !quiet {
        write(&submission, folder, &progress, stdout)?;
    }
    Ok(if progress.merged.is_some() { 0 } else { NOT_YET })
}

/// Writes a line for each kind of shard that there is, and what comes next.
fn write(submission: &Submission, folder: &Path, progress: &Progress, stdout: &mut dyn Write) -> io::Result<()> {
    let Progress { done, running, waiting, missing, merge, merged, jobs: _, silent } = progress;
    let folder = text::shell(folder);
    writeln!(stdout, "{}: {} in {folder}", submission.name, counted(submission.shards, "shard"))?;
    let mut line = |kind: &str, what: &str| writeln!(stdout, "{kind:9} {}", one_line(what));
    if !done.is_empty() {
        line("done", &ranges::write(done))?;
    }
    for (kind, shards) in [("running", running), ("waiting", waiting), ("missing", missing)] {
        if !shards.is_empty() {
            line(kind, &groups(shards))?;
        }
    }
    match (merged, merge) {
        (Some((verdict, run)), _) => line("merged", &format!("{}: {}", verdict.name(), text::shell(run)))?,
        (None, Some(Standing::Running(nodes))) => line("merge", &format!("runs on {nodes}"))?,
        (None, Some(Standing::Waiting(reason))) => line("merge", &format!("waits ({reason})"))?,
        (None, None) if silent.is_none() => line("merge", "missing")?,
        (None, None) => {}
    }
    let idle = running.is_empty() && waiting.is_empty() && merge.is_none();
    match silent {
        Some(why) if merged.is_none() => line("unknown", &format!("what runs and waits: {}", why.reason())),
        None if merged.is_none() && (idle || !missing.is_empty()) => {
            line("next", &format!("sim submit resume {folder}; the logs are in its folder logs"))
        }
        _ => Ok(()),
    }
}

/// Returns the same as a JSON document.
fn document(submission: &Submission, progress: &Progress) -> Value {
    let Progress { done, running, waiting, missing, merge, merged, jobs: _, silent } = progress;
    let each = |key: &str, shards: &BTreeMap<String, BTreeSet<u64>>| {
        let by_shard: BTreeMap<u64, &str> =
            shards.iter().flat_map(|(name, shards)| shards.iter().map(move |shard| (*shard, name.as_str()))).collect();
        let name = |name: &str| if name.is_empty() { Value::Null } else { name.into() };
        by_shard.into_iter().map(|(shard, text)| json!({ "shard": shard, key: name(text) })).collect::<Vec<_>>()
    };
    let merge = match (merged, merge) {
        (Some((verdict, run)), _) => {
            json!({ "state": "done", "verdict": verdict.name(), "run_dir": run.display().to_string() })
        }
        (None, Some(Standing::Running(node))) => json!({ "state": "running", "node": node }),
        (None, Some(Standing::Waiting(reason))) => json!({ "state": "waiting", "reason": reason }),
        (None, None) => json!({ "state": "missing" }),
    };
    json!({
        "name": submission.name,
        "shards": submission.shards,
        "job": submission.job,
        "done": done,
        "running": each("node", running),
        "waiting": each("reason", waiting),
        "missing": each("state", missing),
        "merge": merge,
        "unknown": silent.as_ref().map(Silence::reason),
    })
}
