//! Flags of `sim submit`.

use super::campaign::OverrideArgs;
use super::numbers::natural;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Run a campaign on a cluster, in shards.
///
/// `sim submit slurm` writes a folder with the campaign, a job array that plays its shards, and a job that joins them. The cluster
/// schedules, retries and logs; the folder says what is done. See docs/cluster.md.
#[derive(Debug, Args)]
pub struct SubmitArgs {
    #[command(subcommand)]
    pub command: SubmitCommand,
}

#[derive(Debug, Subcommand)]
pub enum SubmitCommand {
    Slurm(SlurmArgs),
    Status(StatusArgs),
    Resume(ResumeArgs),
}

/// Submit a campaign to Slurm: a job array of shards, and a merge that depends on it.
///
/// The folder must lie where all nodes see it under the same path, like the program and the files that the script names. Each task plays one
/// shard up to the maximum of trials. A `wall` of the script is left out: --time limits a task. The merge runs when the tasks have ended,
/// however they ended, and checks itself that every shard is there.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct SlurmArgs {
    /// The script of the campaign: a YAML file, `-` for standard input, or a name that `sim list` lists.
    #[arg(value_name = "SCRIPT")]
    pub script: PathBuf,
    /// The number of shards, 1 to 10000: the tasks of the job array.
    #[arg(long, value_name = "N", value_parser = shards, allow_negative_numbers = true)]
    pub shards: u64,
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// The new folder [default: runs/NAME-slurm, with the campaign's name].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// How often the cluster may start a task again before the task gives up.
    #[arg(long, value_name = "N", value_parser = restarts, default_value = "3", allow_negative_numbers = true)]
    pub restarts: u64,
    /// The program as the nodes call it [default: this one, by its path].
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
    /// Write the folder and submit nothing: `sim submit resume DIR` submits it.
    #[arg(long)]
    pub write_only: bool,
}

/// What is asked of the cluster. Values go to `sbatch` as they are, which checks them.
#[derive(Debug, Args)]
pub struct ClusterArgs {
    /// The partition of the jobs.
    #[arg(long, value_name = "NAME")]
    pub partition: Option<String>,
    /// The longest time of a job as Slurm writes it, such as 2:00:00 or 1-12:00:00.
    #[arg(long, value_name = "TIME")]
    pub time: Option<String>,
    /// The account that the jobs are charged to.
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// The quality of service of the jobs.
    #[arg(long, value_name = "NAME")]
    pub qos: Option<String>,
    /// The memory of a job as Slurm writes it, such as 2G.
    #[arg(long, value_name = "SIZE")]
    pub mem: Option<String>,
    /// The processors of a task, and its worker threads [default: 1].
    #[arg(long, value_name = "N", value_parser = cpus, allow_negative_numbers = true)]
    pub cpus: Option<u64>,
    /// Any other flag of `sbatch`, such as --sbatch=--exclude=node7; may be repeated.
    #[arg(long, value_name = "FLAG", value_parser = flag, allow_hyphen_values = true)]
    pub sbatch: Vec<String>,
}

impl ClusterArgs {
    /// Returns the flags of `sbatch`, each as one word.
    pub fn flags(&self) -> Vec<String> {
        let Self { partition, time, account, qos, mem, cpus: _, sbatch } = self;
        let named = [("partition", partition), ("time", time), ("account", account), ("qos", qos), ("mem", mem)];
        let named = named.into_iter().filter_map(|(name, value)| Some(format!("--{name}={}", value.as_ref()?)));
        named.chain(sbatch.iter().cloned()).collect()
    }
}

/// Show which shards are done, running, waiting and missing.
///
/// The folder says which shards are done, `squeue` which are running or waiting. A shard that is neither is missing; where the
/// cluster keeps accounts, `sacct` says how it ended.
///
/// Exit codes: 0 the shards are merged; 3 not yet.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The folder that `sim submit slurm` wrote.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Print one JSON document instead of text.
    #[arg(long)]
    pub json: bool,
    /// Print nothing: the exit code says whether the shards are merged.
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
}

/// Submit the shards that are missing again, and the merge.
///
/// A shard goes on from the trials that an earlier attempt has counted. The flags are added to those given before; of two values, the
/// later holds.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// The folder that `sim submit slurm` wrote.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    #[command(flatten)]
    pub cluster: ClusterArgs,
}

const EXAMPLES: &str = "\
Examples:
  sim submit slurm script.yaml --shards 32 --partition short --time 1:00:00
      Submits 32 tasks and a merge. The folder is runs/NAME-slurm.

  sim submit slurm script.yaml --shards 8 --cpus 4 --mem 2G --out big --write-only
      Writes the folder `big`, to look at before `sim submit resume big`.

  sim submit status runs/NAME-slurm
      Says what is done, and what is missing.

  sim submit resume runs/NAME-slurm --time 4:00:00
      Submits what is missing again, with more time.";

fn shards(text: &str) -> Result<u64, String> {
    natural("the number of shards", text, 1, 10_000)
}

fn restarts(text: &str) -> Result<u64, String> {
    natural("restarts", text, 0, 1000)
}

fn cpus(text: &str) -> Result<u64, String> {
    natural("cpus", text, 1, 1024)
}

/// A word that is no flag would be taken for the script of the job.
fn flag(text: &str) -> Result<String, String> {
    if text.starts_with('-') { Ok(text.into()) } else { Err("not a flag such as --exclude=node7".into()) }
}
