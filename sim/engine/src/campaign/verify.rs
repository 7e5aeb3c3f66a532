//! What the rows of a finished run say, by the rules by which it was decided: nothing is played, and nothing is written.

use super::entry::{Campaign, Entry};
use super::run::{Finished, StoppedBy, first_counter};
use super::schedule::{Schedule, ScheduleStep};
use super::verdict::{ClaimStanding, Standing};
use crate::failure::Failure;
use crate::simulate::Counts;
use crate::store::HeldRun;
use fusion_spec::evidence::{Decision, PassRule};
use rug::Rational;

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

/// Returns how the claims on counted trials and the tests of events are decided, as lines that `spec/coq/recompute.ml` reads:
/// `sharp BOUND n S c d a b e g = ANSWER` is about the claim `a/b` within `e/g` after `n` trials with `S` successes, at an error probability of
/// `c/d`. `BOUND` is 1 for a claim that a rate is at most `a/b`; the answer is 2 where the claim is refuted, 1 where it passes, and 0 where it is open. In runs that pass by
/// [`PassRule::UniformMixture`] a line begins with `decide`. Rates that are estimated in stages have no line.
#[must_use]
pub fn decisions(campaign: &Campaign, finished: &[Finished]) -> Vec<String> {
    let decided = campaign.entries.iter().zip(finished).filter(|(entry, _)| entry.stages.is_empty());
    let claims = |Finished { standing, .. }: &Finished| [&standing.claims[..], &standing.events].concat();
    decided.flat_map(|(entry, end)| claims(end).into_iter().map(|claim| line(campaign, entry, &claim))).collect()
}

fn line(campaign: &Campaign, entry: &Entry, claim: &ClaimStanding) -> String {
    // Other reasons than those claimed are claimed never to happen.
    let p = claim.expected.clone().unwrap_or_else(|| Rational::from(0));
    let delta = entry.tolerance.around(&p);
    let kind = match campaign.pass_rule() {
        PassRule::UniformMixture => "decide",
        PassRule::LikelihoodRatio => "sharp",
    };
    let answer = match claim.decision {
        Decision::Inconclusive => 0,
        Decision::Pass => 1,
        Decision::Refuted => 2,
    };
    let bound = u8::from(claim.statement.is_bound());
    let fractions = [&campaign.alpha, &p, &delta].map(|fraction| format!("{} {}", fraction.numer(), fraction.denom()));
    format!("{kind} {bound} {} {} {} = {answer}", claim.trials, claim.count, fractions.join(" "))
}
