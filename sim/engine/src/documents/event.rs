//! The events of `sim attack --json`, one JSON object a line.

use super::result::{Fault, ResultDocument};
use crate::campaign::verdict::{CampaignVerdict, Standing};
use crate::campaign::{Campaign, Entry, Shard};
use crate::store::Store;
use fusion_adversaries::script::Fidelity;
use fusion_spec::bound::bits::nearest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A line of `sim attack --json`. Its `event` says which one it is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CampaignEvent {
    /// The campaign begins.
    Start(StartEvent),
    /// A strategy has reached a checkpoint.
    Checkpoint(CheckpointEvent),
    /// A share of a campaign has been played.
    Shard(ShardEvent),
    /// The campaign is over.
    Result(Box<ResultDocument>),
}

/// The event that a campaign begins in this run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StartEvent {
    /// The number of copies of each query.
    pub B: u64,
    /// The number of slots of a session.
    pub N: u32,
    /// The number of queries of a session.
    pub R: u64,
    /// The number of public samples of a session.
    pub T: u64,
    /// Always `start`.
    pub event: StartTag,
    /// How much of a session is simulated.
    pub fidelity: Fidelity,
    /// The campaign's hash.
    pub id: String,
    /// The campaign's name.
    pub name: String,
    /// The run's folder.
    pub run_dir: String,
    /// The seed that decides every draw.
    pub seed: u64,
    /// The version of the rules that make a trial of a script, a seed and a number.
    pub semantics: u32,
    /// How many wrong publics are tolerated.
    pub slack: u64,
    /// The version of the program.
    pub version: String,
}

/// The event that a strategy has reached a checkpoint, where its claims may be decided.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CheckpointEvent {
    /// Always `checkpoint`.
    pub event: CheckpointTag,
    /// The rate of wins so far; `null` before the first trial.
    pub rate: Option<f64>,
    /// The strategy's name.
    pub strategy: String,
    /// The number of trials so far.
    pub trials: u64,
    /// The strategy's verdict, as far as the trials so far decide it.
    pub verdict: CampaignVerdict,
}

/// The event that a share of a campaign has been played. It decides nothing before all shares are merged.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ShardEvent {
    /// Whether all blocks of the share are counted.
    pub complete: bool,
    /// The number of trials that ended in an error of this program.
    pub error: u64,
    /// The errors, described in words.
    pub errors: Vec<Fault>,
    /// Always `shard`.
    pub event: ShardTag,
    /// The run's folder.
    pub run_dir: String,
    /// The share, such as `2/3`.
    pub shard: Shard,
    /// The number of trials of all strategies.
    pub trials: u64,
}

/// The word `start`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub enum StartTag {
    /// The word `start`, which is the only value.
    #[serde(rename = "start")]
    Start,
}

/// The word `checkpoint`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub enum CheckpointTag {
    /// The word `checkpoint`, which is the only value.
    #[serde(rename = "checkpoint")]
    Checkpoint,
}

/// The word `shard`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub enum ShardTag {
    /// The word `shard`, which is the only value.
    #[serde(rename = "shard")]
    Shard,
}

impl CampaignEvent {
    /// Makes the event of a campaign that begins in this run.
    #[must_use]
    pub fn start(campaign: &Campaign, store: &Store) -> Self {
        let params = campaign.view.params;
        Self::Start(StartEvent {
            B: params.B(),
            N: campaign.view.slots,
            R: params.R(),
            T: params.T(),
            event: StartTag::Start,
            fidelity: campaign.script.fidelity.value,
            id: campaign.id.to_string(),
            name: campaign.script.name.clone(),
            run_dir: store.folder().display().to_string(),
            seed: campaign.script.trials.seed,
            semantics: store.semantics(),
            slack: params.slack(),
            version: env!("CARGO_PKG_VERSION").into(),
        })
    }

    /// Makes the event of a strategy at a checkpoint.
    #[must_use]
    pub fn checkpoint(entry: &Entry, standing: &Standing) -> Self {
        Self::Checkpoint(CheckpointEvent {
            event: CheckpointTag::Checkpoint,
            rate: standing.rate().map(|rate| nearest(&rate)),
            strategy: entry.name.clone(),
            trials: standing.trials(),
            verdict: standing.verdict(),
        })
    }
}
