//! The folder of a submission: `submission.json`, the resolved script, the scripts of the jobs, the attempts, shards and logs.

use crate::report::run::Run;
use crate::text;
use fusion_engine::campaign::Campaign;
use fusion_engine::campaign::verdict::CampaignVerdict;
use fusion_engine::failure::Failure;
use fusion_engine::files;
use fusion_engine::store::{Environment, RESULT};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The name of the file that makes a folder a submission.
const FILE: &str = "submission.json";
/// The size in bytes of the largest such file that is read.
const MAX_BYTES: u64 = 1 << 20;
/// The name of the script that each task of the array runs.
pub const SHARD_SCRIPT: &str = "shard.sh";
/// The name of the script that the merge runs.
pub const MERGE_SCRIPT: &str = "merge.sh";

/// What was asked for, in `submission.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// The name of the campaign.
    pub name: String,
    /// The number of shards.
    pub shards: u64,
    /// The name of the job array, which no other has; `-merge` follows for the merge.
    pub job: String,
    /// The processors of a task.
    pub cpus: u64,
    /// The flags of `sbatch` for all jobs.
    pub flags: Vec<String>,
    /// The program, and the campaign's identity.
    pub environment: Environment,
}

impl Submission {
    /// Describes a campaign that is to be played in a folder.
    pub fn new(campaign: &Campaign, folder: &Path, shards: u64, cpus: u64, flags: Vec<String>) -> Self {
        let environment = Environment::new(campaign, None);
        let name = campaign.script.name.clone();
        let place = blake3::hash(folder.as_os_str().as_encoded_bytes()).to_hex();
        let job = format!("fusion-{name}-{}-{}", environment.created, &place[..8]);
        Self { name, shards, job, cpus, flags, environment }
    }

    /// Returns the name of the job that merges.
    pub fn merge_job(&self) -> String {
        format!("{}-merge", self.job)
    }

    /// Reads the submission in a folder.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the folder is not one that `sim submit slurm` wrote, [`Failure::Io`] if reading fails.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(FILE);
        if !files::is_there(&path)? {
            return Err(Failure::Usage(format!("{}: not the folder of a submission", files::name(folder))));
        }
        let wrong = |what: String| Failure::Usage(format!("{}: {what}", files::name(&path)));
        let read: Self =
            serde_json::from_slice(&files::read(&path, MAX_BYTES)?).map_err(|error| wrong(error.to_string()))?;
        if read.shards == 0 {
            return Err(wrong("there are no shards".into()));
        }
        Ok(read)
    }

    /// Replaces `submission.json`.
    ///
    /// # Errors
    /// [`Failure::Io`] if writing fails.
    pub fn write(&self, folder: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).map_err(|error| Failure::Bug(error.to_string()))?;
        files::replace(&folder.join(FILE), &(text + "\n"))
    }

    /// Returns the shards that are done.
    ///
    /// # Errors
    /// [`Failure::Io`] if the folder cannot be read.
    pub fn done(&self, folder: &Path) -> Result<BTreeSet<u64>, Failure> {
        let path = folder.join("shards");
        let failed = |error| Failure::Io(format!("reading {}", files::name(&path)), error);
        let mut done = BTreeSet::new();
        for entry in fs::read_dir(&path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let shard = name.to_str().and_then(|name| name.parse::<u64>().ok());
            done.extend(shard.filter(|shard| (1..=self.shards).contains(shard)));
        }
        Ok(done)
    }
}

/// Makes the folder, which must be new, and returns its absolute path.
///
/// # Errors
/// [`Failure::Usage`] if there is something already, or a file is in the way; [`Failure::Io`] if it cannot be made.
pub fn make(folder: &Path) -> Result<PathBuf, Failure> {
    let name = files::name(folder);
    // After one, Slurm takes the rest of a log's name as it stands, without the number of the task.
    if std::path::absolute(folder).is_ok_and(|path| path.as_os_str().as_encoded_bytes().contains(&b'\\')) {
        return Err(Failure::Usage(format!("{name}: a path with a backslash is none for Slurm's logs")));
    }
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            Failure::Usage(format!("{name}: a file is in the way of the folder"))
        }
        _ => Failure::Io(format!("creating {name}"), error),
    };
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::create_dir(folder).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists if folder.is_dir() => Failure::Usage(format!(
            "{name} already exists: sim submit resume goes on with it, and --out names another folder"
        )),
        _ => failed(error),
    })?;
    for inner in ["attempts", "shards", "logs"] {
        fs::create_dir(folder.join(inner)).map_err(failed)?;
    }
    folder.canonicalize().map_err(failed)
}

/// Writes the campaign and the scripts of the jobs into a new folder, and last what makes it a submission.
///
/// # Errors
/// [`Failure::Io`] if writing fails.
pub fn fill(
    folder: &Path,
    campaign: &Campaign,
    submission: &Submission,
    program: &Path,
    restarts: u64,
) -> Result<(), Failure> {
    let script = campaign.script.to_yaml().map_err(|error| Failure::Bug(error.to_string()))?;
    files::replace(&folder.join("script.yaml"), &script)?;
    let head = |what: &str| {
        let name = &submission.name;
        let (sim, of) = (text::shell(program), submission.shards);
        format!("#!/bin/bash\n# {what} of the campaign {name}.\nset -u\nsim={sim}\nof={of}\nmost_restarts={restarts}\n")
    };
    let shard = head("A shard, as a task of a job array,") + include_str!("shard.sh");
    files::replace(&folder.join(SHARD_SCRIPT), &shard)?;
    files::replace(&folder.join(MERGE_SCRIPT), &(head("The merge of all shards") + include_str!("merge.sh")))?;
    submission.write(folder)
}

/// Returns the verdict and the folder of the merged run; `None` while there is none.
///
/// # Errors
/// [`Failure::Usage`] if its files were changed, [`Failure::Io`] if they cannot be read.
pub fn merged(folder: &Path) -> Result<Option<(CampaignVerdict, PathBuf)>, Failure> {
    let merged = folder.join("merged");
    let Ok(target) = fs::read_link(merged.join("latest")) else { return Ok(None) };
    let run = merged.join(target);
    if !files::is_there(&run.join(RESULT))? {
        return Ok(None);
    }
    Ok(Some((Run::read(&run)?.result.verdict, run)))
}
