//! How far a submission is: what its folder says, then what Slurm says of the rest.

use super::cluster::{self, QueuedJob, Silence, Standing};
use super::folder::{self, Submission};
use super::ranges;
use fusion_engine::campaign::verdict::CampaignVerdict;
use fusion_engine::failure::Failure;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How far a submission is.
pub struct Progress {
    /// The shards that are done.
    pub done: BTreeSet<u64>,
    /// The shards that run, by the node that they run on.
    pub running: BTreeMap<String, BTreeSet<u64>>,
    /// The shards that wait, by the reason.
    pub waiting: BTreeMap<String, BTreeSet<u64>>,
    /// The shards that are not done and that Slurm does not know, by the state in which they ended; the empty text where there are no accounts.
    pub missing: BTreeMap<String, BTreeSet<u64>>,
    /// The standing of the merge, if Slurm knows it.
    pub merge: Option<Standing>,
    /// The verdict and the folder of the merged run, if there is one.
    pub merged: Option<(CampaignVerdict, PathBuf)>,
    /// The jobs that hold shards which run or wait.
    pub jobs: BTreeSet<String>,
    /// The reason why Slurm did not answer; `None` if it did. What runs and waits is not known then, and counts as missing.
    pub silent: Option<Silence>,
}

impl Progress {
    /// Asks Slurm, then reads the folder, so that what ends in between is done.
    ///
    /// # Errors
    /// [`Failure::Io`] or [`Failure::Usage`] if the folder cannot be read.
    pub fn of(submission: &Submission, folder: &Path) -> Result<Self, Failure> {
        let (queue, silent) = match cluster::queue(submission) {
            Ok(queue) => (queue, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        let done = submission.done(folder)?;
        let merged = folder::merged(folder)?;
        let mut progress = Self {
            done,
            running: BTreeMap::new(),
            waiting: BTreeMap::new(),
            missing: BTreeMap::new(),
            merge: None,
            merged,
            jobs: BTreeSet::new(),
            silent,
        };
        let mut known = progress.done.clone();
        for QueuedJob { job, shard, standing } in queue {
            let Some(shard) = shard else {
                progress.merge = Some(standing);
                continue;
            };
            progress.jobs.insert(job);
            if known.insert(shard) {
                let (group, name) = match standing {
                    Standing::Running(nodes) => (&mut progress.running, nodes),
                    Standing::Waiting(reason) => (&mut progress.waiting, reason),
                };
                group.entry(name).or_default().insert(shard);
            }
        }
        let lost: Vec<u64> = (1..=submission.shards).filter(|shard| !known.contains(shard)).collect();
        let asked = progress.silent.is_none() && !lost.is_empty();
        let accounts = if asked { cluster::accounts(submission) } else { BTreeMap::new() };
        for shard in lost {
            let state = accounts.get(&shard).map_or("", String::as_str);
            progress.missing.entry(state.into()).or_default().insert(shard);
        }
        Ok(progress)
    }

    /// Returns the shards that are missing, however they ended.
    pub fn absent(&self) -> BTreeSet<u64> {
        self.missing.values().flatten().copied().collect()
    }
}

/// Writes groups of shards such as `1-3 (BeginTime); 4`.
pub fn groups(groups: &BTreeMap<String, BTreeSet<u64>>) -> String {
    let group = |(name, shards): (&String, &BTreeSet<u64>)| {
        let list = ranges::write(shards);
        if name.is_empty() { list } else { format!("{list} ({name})") }
    };
    groups.iter().map(group).collect::<Vec<_>>().join("; ")
}
