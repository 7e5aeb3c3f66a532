//! What Slurm is asked: `sbatch`, `squeue`, `sacct`.

use super::folder::{MERGE_SCRIPT, SHARD_SCRIPT, Submission};
use super::ranges;
use crate::text;
use fusion_adversaries::problem::one_line;
use fusion_engine::failure::Failure;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::Command;

/// A job of the submission that Slurm has not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedJob {
    /// The number of the job, or of the array that the task belongs to.
    pub job: String,
    /// The shard of a task; `None` for the merge.
    pub shard: Option<u64>,
    /// Whether the job has nodes, and on which; if it waits, why.
    pub standing: Standing,
}

/// Whether a job has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The job has these nodes.
    Running(String),
    /// The job waits, for this reason.
    Waiting(String),
}

/// Why a program of Slurm's gives no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silence {
    /// There is no such program here: this is no machine of a cluster's.
    Absent(String),
    /// The program failed, for this reason.
    Failed(String),
}

impl Silence {
    /// Returns the reason on one line.
    pub fn reason(&self) -> &str {
        match self {
            Self::Absent(why) | Self::Failed(why) => why,
        }
    }
}

/// Where there is no Slurm the user is on another machine than was meant; a Slurm that does not answer is a fault of the outside.
impl From<Silence> for Failure {
    fn from(silence: Silence) -> Self {
        match silence {
            Silence::Absent(why) => Self::Usage(why),
            Silence::Failed(why) => Self::Io("asking Slurm".into(), std::io::Error::other(why)),
        }
    }
}

/// Returns the words that submit an array of shards.
pub fn shards_command(submission: &Submission, folder: &Path, shards: &BTreeSet<u64>) -> Vec<OsString> {
    let own = [
        format!("--job-name={}", submission.job),
        format!("--array={}", ranges::write(shards)),
        format!("--cpus-per-task={}", submission.cpus),
    ];
    command(submission, &own, folder, SHARD_SCRIPT, "logs/%a-%A.log")
}

/// Returns the words that submit the merge, to run when these jobs have ended. How they ended does not matter: a task that was requeued would never
/// satisfy `afterok`.
pub fn merge_command(submission: &Submission, folder: &Path, after: &BTreeSet<String>) -> Vec<OsString> {
    let mut own = vec![format!("--job-name={}", submission.merge_job())];
    if !after.is_empty() {
        let jobs: Vec<&str> = after.iter().map(String::as_str).collect();
        own.push(format!("--dependency=afterany:{}", jobs.join(":")));
    }
    command(submission, &own, folder, MERGE_SCRIPT, "logs/merge-%j.log")
}

/// The words of one call, with the log's name as Slurm's pattern. Of two flags the later holds, so that the user's cannot undo what the folder needs.
fn command(submission: &Submission, own: &[String], folder: &Path, script: &str, log: &str) -> Vec<OsString> {
    let common = ["--parsable", "--nodes=1", "--ntasks=1", "--requeue", "--open-mode=append"].map(String::from);
    let words = std::iter::once("sbatch".into()).chain(submission.flags.iter().cloned()).chain(common);
    let words = words.chain(own.iter().cloned()).map(OsString::from);
    let mut chdir = OsString::from("--chdir=");
    chdir.push(folder);
    let mut output = OsString::from("--output=");
    output.push(literal(&folder.join("")));
    output.push(log);
    words.chain([chdir, output, folder.join(script).into()]).collect()
}

/// Writes a path as a pattern that stands for it alone: Slurm replaces `%` followed by a letter, in the folder of a log too.
fn literal(path: &Path) -> OsString {
    let bytes = path.as_os_str().as_bytes().iter();
    let escaped = bytes.flat_map(|byte| std::iter::repeat_n(*byte, if *byte == b'%' { 2 } else { 1 })).collect();
    OsString::from_vec(escaped)
}

/// Writes a call as a line of a shell.
pub fn line(words: &[OsString]) -> String {
    words.iter().map(|word| text::shell(Path::new(word))).collect::<Vec<_>>().join(" ")
}

/// Submits a job and returns its number.
///
/// # Errors
/// [`Failure::Usage`] with the reason that `sbatch` gives, on one line.
pub fn submit(words: &[OsString]) -> Result<String, Failure> {
    // What `sbatch` refuses is mostly a flag: it tells no other cause apart.
    let printed = call(words, &[]).map_err(|silence| Failure::Usage(silence.reason().into()))?;
    // A federation's answer is `JOB;CLUSTER`.
    let job = printed.trim().split(';').next().filter(|job| !job.is_empty() && job.bytes().all(|b| b.is_ascii_digit()));
    job.map(String::from).ok_or_else(|| Failure::Usage(format!("sbatch: no job number: {}", one_line(printed.trim()))))
}

/// Returns the jobs of a submission that wait or run.
///
/// # Errors
/// A [`Silence`] if `squeue` is missing or does not answer.
pub fn queue(submission: &Submission) -> Result<Vec<QueuedJob>, Silence> {
    let names = format!("--name={},{}", submission.job, submission.merge_job());
    let words = ["squeue", "--noheader", "--array", &names, "--format=%F|%K|%T|%N|%r"].map(OsString::from);
    Ok(call(&words, &[])?.lines().flat_map(|line| queued(line, submission.shards)).collect())
}

/// Reads a line of `squeue`: job, task, state, nodes, reason.
fn queued(line: &str, of: u64) -> Vec<QueuedJob> {
    let [job, task, state, nodes, reason] = line.splitn(5, '|').collect::<Vec<_>>()[..] else { return Vec::new() };
    let standing = if state == "PENDING" { Standing::Waiting(reason.into()) } else { Standing::Running(nodes.into()) };
    let with = |shard| QueuedJob { job: job.into(), shard, standing: standing.clone() };
    if task == "N/A" {
        return vec![with(None)];
    }
    ranges::read(task, of).into_iter().map(|shard| with(Some(shard))).collect()
}

/// Returns the last state of each shard in the cluster's accounts, such as `OUT_OF_MEMORY`; nothing where it keeps none.
pub fn accounts(submission: &Submission) -> BTreeMap<u64, String> {
    // Without a start there would be the jobs of today alone.
    let since = start(&submission.environment.created).map(|since| format!("--starttime={since}"));
    let name = format!("--name={}", submission.job);
    let words = ["sacct", "--noheader", "--parsable2", "--allocations", "--format=JobID,State", &name];
    let words: Vec<OsString> = words.into_iter().map(OsString::from).chain(since.map(OsString::from)).collect();
    call(&words, &[("TZ", "UTC")]).map_or_else(|_| BTreeMap::new(), |text| accounted(&text, submission.shards))
}

/// The time of a submission as Slurm reads it; `None` for what is no time.
fn start(created: &str) -> Option<String> {
    let part = |from: usize, to: usize| created.get(from..to).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(9, 11)?, part(11, 13)?, part(13, 15)?);
    Some(format!("{year}-{month}-{day}T{hour}:{minute}:{second}"))
}

/// Reads the lines of `sacct`, of which later ones are of later jobs.
fn accounted(text: &str, of: u64) -> BTreeMap<u64, String> {
    let line = |line: &str| {
        let (id, state) = line.split_once('|')?;
        let (_, tasks) = id.split_once('_')?;
        // `CANCELLED by 1000` names a user.
        let state = state.split(' ').next()?.to_string();
        Some(ranges::read(tasks, of).into_iter().map(move |shard| (shard, state.clone())))
    };
    text.lines().filter_map(line).flatten().collect()
}

/// Runs a program of Slurm's with these variables set, and returns what it prints, or on one line why it failed.
fn call(words: &[OsString], variables: &[(&str, &str)]) -> Result<String, Silence> {
    let Some((program, arguments)) = words.split_first() else { unreachable!("a call names its program") };
    let shown = program.display();
    let mut command = Command::new(program);
    // A job that submits another has a count of restarts, which is not that of the new job.
    command.args(arguments).envs(variables.iter().copied()).env_remove("SLURM_RESTART_COUNT");
    let output = command.output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            Silence::Absent(format!("{shown}: there is no such program here; is this a login node of the cluster?"))
        }
        _ => Silence::Failed(format!("{shown}: {error}")),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let prefix = format!("{}: ", OsStr::new(program).display());
    let said: Vec<String> = said.iter().map(|line| one_line(line.strip_prefix(&prefix).unwrap_or(line))).collect();
    let why = if said.is_empty() { output.status.to_string() } else { said.join("; ") };
    Err(Silence::Failed(format!("{shown}: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_squeue_are_jobs() {
        let job = |job: &str, shard, standing| QueuedJob { job: job.into(), shard, standing };
        assert_eq!(queued("17|3|RUNNING|node2|None", 8), [job("17", Some(3), Standing::Running("node2".into()))]);
        assert_eq!(
            queued("17|4|PENDING||BeginTime|more", 8),
            [job("17", Some(4), Standing::Waiting("BeginTime|more".into()))]
        );
        assert_eq!(queued("18|N/A|PENDING||Dependency", 8), [job("18", None, Standing::Waiting("Dependency".into()))]);
        assert_eq!(queued("17|[5-7%2]|PENDING||Resources", 6).len(), 2);
        assert_eq!(queued("slurm is tired", 8), []);
    }

    /// The lines are those that the manual page of sacct (22.05) describes: `JobID` of an array is `JOB_TASK`, or `JOB_[TASKS]` for tasks that never began.
    #[test]
    fn the_last_state_in_the_accounts_counts() {
        let text = "17_1|COMPLETED\n17_2|NODE_FAIL\n17_[3-4]|CANCELLED by 1000\n19_2|TIMEOUT\n20|FAILED\n\n";
        let of = |shard: u64, state: &str| (shard, state.to_string());
        let states = [of(1, "COMPLETED"), of(2, "TIMEOUT"), of(3, "CANCELLED"), of(4, "CANCELLED")];
        assert_eq!(accounted(text, 8), BTreeMap::from(states));
        assert_eq!(start("20261127T184722Z").as_deref(), Some("2026-11-27T18:47:22"));
        assert_eq!((start("yesterday"), start("")), (None, None));
    }
}
