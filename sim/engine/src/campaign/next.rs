//! How many more trials an inconclusive campaign needs.

use super::entry::{Campaign, Entry};
use super::run::{Finished, StoppedBy};
use super::verdict::{CampaignVerdict, Standing};
use crate::failure::Failure;
use crate::simulate::Counts;
use fusion_adversaries::script::MAX_TRIALS;
use fusion_spec::evidence::{Clause, Decision, trials_needed};
use rug::Rational;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The limits with which a campaign that is continued has the trials that its open claims need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MoreTrials {
    /// The largest number of trials of a strategy.
    pub max: u64,
    /// The time limit in seconds, all continuations together, in proportion to the trials; `null` where time did not end the campaign.
    pub wall_s: Option<u64>,
}

impl MoreTrials {
    /// Works out the limits. They are those by which `sim check` says that true claims are decided, or twice the trials so far where these were not
    /// enough or the number is not known. Returns `None` unless the verdict is `inconclusive` and nobody interrupted the campaign, and where a rate is so
    /// small that more than [`MAX_TRIALS`] would have to be counted.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the error probability of a clause is none.
    pub fn new(campaign: &Campaign, finished: &[Finished]) -> Result<Option<Self>, Failure> {
        let verdict = CampaignVerdict::worst(finished.iter().map(|finished| finished.standing.verdict()));
        let interrupted = finished.iter().any(|finished| finished.stopped_by == StoppedBy::Interrupted);
        if verdict != CampaignVerdict::Inconclusive || interrupted {
            return Ok(None);
        }
        let pairs = campaign.entries.iter().zip(finished);
        let open = pairs.filter(|(_, finished)| finished.standing.verdict() == CampaignVerdict::Inconclusive);
        let mut more = Self { max: 0, wall_s: None };
        for (entry, Finished { standing, stopped_by }) in open {
            let max = needed(campaign, entry, standing)?;
            let wall = entry.wall.into_iter().chain(campaign.script.trials.wall.map(|wall| wall.0)).min();
            if let Some(wall) = wall.filter(|_| *stopped_by == StoppedBy::Wall) {
                more.wall_s = more.wall_s.max(Some(wall.saturating_mul(max.div_ceil(played(standing).max(1)).max(2))));
            }
            more.max = more.max.max(max);
        }
        Ok((more.max <= MAX_TRIALS).then_some(more))
    }
}

/// Returns the number of trials after which all open claims on a strategy are likely to be decided.
fn needed(campaign: &Campaign, entry: &Entry, standing: &Standing) -> Result<u64, Failure> {
    let played = played(standing);
    let mut most = 0;
    for (index, claim) in standing.claims.iter().enumerate() {
        if claim.decision == Decision::Inconclusive && entry.stages.is_empty() {
            let clause = clause(entry, index);
            let needed = trials_needed(&clause, &entry.tolerance, &campaign.alpha, campaign.pass_rule());
            let needed = needed.map_err(Failure::usage)?;
            most = most.max(needed.unwrap_or(0));
        }
    }
    Ok(if most > played { most } else { played.max(entry.block).saturating_mul(2) })
}

/// Returns the clause of a claim. A claim about reasons is one that trials with other reasons never happen.
fn clause(entry: &Entry, index: usize) -> Clause {
    let never = || Clause::Equals(Rational::new());
    entry.claims.rates.get(index).map_or_else(never, |claim| claim.clause.clone())
}

/// Returns the trials so far, of the stage with the most where there are stages.
fn played(standing: &Standing) -> u64 {
    standing.counts.iter().map(Counts::trials).fold(0, u64::max)
}
