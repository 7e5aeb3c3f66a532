//! What the rows of a finished run say, by the rules by which it was decided: nothing is played, and nothing is written.

use super::entry::{Campaign, Entry};
use super::run::{Finished, StoppedBy, first_counter};
use super::schedule::{Schedule, ScheduleStep};
use super::verdict::Standing;
use crate::failure::Failure;
use crate::simulate::Counts;
use crate::store::HeldRun;

/// Returns how each entry of a campaign ended, as the rows of a run say: at the first checkpoint that decides, at the largest number of trials,
/// or where the rows end, because the time was up.
///
/// # Errors
/// [`Failure::Usage`] for an entry whose rows end before that, and which has no time limit.
pub fn endings(campaign: &Campaign, run: &HeldRun) -> Result<Vec<Finished>, Failure> {
    campaign.entries.iter().enumerate().map(|(index, entry)| ending(campaign, index, entry, run)).collect()
}

fn ending(campaign: &Campaign, index: usize, entry: &Entry, run: &HeldRun) -> Result<Finished, Failure> {
    let first = first_counter(campaign, index);
    let mut counts = vec![Counts::default(); entry.counters().len()];
    let mut standing = Standing::new(campaign, entry, counts.clone());
    let mut stopped_by = StoppedBy::Max;
    for step in Schedule::new(counts.len(), entry.blocks()) {
        match step {
            ScheduleStep::Block { counter, block } => {
                let Some(found) = run.counts(first + counter, &entry.trials(block)) else {
                    if entry.wall.is_none() && campaign.script.trials.wall.is_none() {
                        return Err(Failure::Usage(format!(
                            "counts.csv: rows of '{}' are missing, and the script has no time limit",
                            entry.name
                        )));
                    }
                    stopped_by = StoppedBy::Wall;
                    break;
                };
                counts[counter] += *found;
            }
            ScheduleStep::Checkpoint(_) => {
                standing = Standing::new(campaign, entry, counts.clone());
                if standing.is_decided() {
                    stopped_by = StoppedBy::Decided;
                    break;
                }
            }
        }
    }
    // An error counts wherever it was counted, as when it was played.
    let stored = run.totals(first..first + counts.len());
    if stored.iter().map(|counts| counts.error).sum::<u64>() > standing.errors() {
        standing = Standing::new(campaign, entry, stored);
    }
    Ok(Finished { standing, stopped_by })
}
