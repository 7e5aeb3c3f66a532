//! `env.json`: the program and the machine that made a run.

use crate::campaign::block::{self, MOST_AT_REAL};
use crate::campaign::identity::SEMANTICS;
use crate::campaign::{Campaign, Shard};
use crate::clock::stamp;
use crate::failure::Failure;
use crate::files;
use fusion_adversaries::script::Fidelity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// The name of the file that makes a folder a run.
pub const FILE: &str = "env.json";
/// The size in bytes of the largest file that is read.
const MAX_BYTES: u64 = 1 << 20;

/// The document in `env.json`. Its keys are sorted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// The processor's architecture.
    pub arch: String,
    /// The commit that the program was built from, where it was built from a checkout.
    #[serde(default)]
    pub commit: Option<String>,
    /// When the run was begun, in UTC.
    pub created: String,
    /// The campaign's hash, which covers everything that decides a trial.
    pub id: String,
    /// The operating system.
    pub os: String,
    /// The number of trials in a row of counts, for each strategy at `real`. Runs older than semantics 5 lack it: their rows have 16.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, u64>,
    /// The version of the rules that turn a script and a seed into counts.
    pub semantics: u32,
    /// The share of the campaign that the run holds, such as `2/3`; `null` for a whole run.
    #[serde(default)]
    pub shard: Option<Shard>,
    /// The version of the program.
    pub version: String,
}

/// The version of the program, followed by the start of the commit in brackets where it was built from a checkout.
pub const VERSION: &str = env!("SIM_VERSION");

/// Returns the commit that the program was built from, where it was built from a checkout.
#[must_use]
pub fn commit() -> Option<String> {
    Some(env!("SIM_COMMIT")).filter(|commit| !commit.is_empty()).map(Into::into)
}

impl Environment {
    /// Describes the environment of a run that this process begins now.
    pub fn new(campaign: &Campaign, shard: Option<Shard>) -> Self {
        Self {
            arch: std::env::consts::ARCH.into(),
            commit: commit(),
            created: stamp(),
            id: campaign.id.to_string(),
            os: std::env::consts::OS.into(),
            rows: campaign.rows_at_real().map(|(name, trials)| (name.to_owned(), trials)).collect(),
            semantics: campaign.semantics,
            shard,
            version: env!("CARGO_PKG_VERSION").into(),
        }
    }

    /// Returns the number of trials in a row of a strategy at `real`.
    #[must_use]
    pub fn row_of(&self, strategy: &str) -> u64 {
        self.rows.get(strategy).copied().unwrap_or(MOST_AT_REAL)
    }

    /// Checks that the run's rules are not newer than this program.
    ///
    /// # Errors
    /// [`Failure::Usage`] for rules of a newer version.
    pub(super) fn is_known(&self) -> Result<(), Failure> {
        if self.semantics <= SEMANTICS {
            return Ok(());
        }
        let version = env!("CARGO_PKG_VERSION");
        Err(Failure::Usage(format!(
            "{FILE}: the run is of semantics {}, and sim {version} knows those up to {SEMANTICS}",
            self.semantics
        )))
    }

    /// Has a campaign decided by the rules of the run, whichever version began it, with its trials at `real` divided into rows as the run has them.
    ///
    /// # Errors
    /// [`Failure::Usage`] for rules of a newer version, and for a number of trials that no row has.
    pub fn apply(&self, campaign: &mut Campaign) -> Result<(), Failure> {
        self.is_known()?;
        campaign.semantics = self.semantics;
        for entry in campaign.entries.iter_mut().filter(|entry| entry.depth == Fidelity::Real) {
            entry.block = self.row_of(&entry.name);
            if !block::is_length(entry.block) {
                return Err(Failure::Usage(format!("{FILE}: no row of {} has {} trials", entry.name, entry.block)));
            }
        }
        Ok(())
    }

    /// Reads a run's environment.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the folder is not that of a run, [`Failure::Io`] if reading fails.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let bytes = files::read(&folder.join(FILE), MAX_BYTES)?;
        let object: Result<Map<String, Value>, _> = serde_json::from_slice(&bytes);
        object.and_then(|object| serde_json::from_value(object.into())).map_err(|error| {
            let name = files::name(folder);
            Failure::Usage(match error.classify() {
                Category::Data => format!("{name}: {FILE}: {error}"),
                Category::Io | Category::Syntax | Category::Eof => format!("{name}: not the folder of a run"),
            })
        })
    }

    /// Returns the text of the file.
    ///
    /// # Errors
    /// [`Failure::Bug`] in principle only: every field can be written as JSON.
    pub(super) fn to_json(&self) -> Result<String, Failure> {
        let text = serde_json::to_string_pretty(self).map_err(|error| Failure::Bug(error.to_string()))?;
        Ok(text + "\n")
    }
}
