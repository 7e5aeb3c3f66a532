//! The evidence against a claim: counts, and the trials that speak against it.

use crate::text;
use fusion_adversaries::script::CountedEvent;
use fusion_engine::campaign::verdict::{ClaimStanding, Standing};
use fusion_engine::campaign::{Ending, Statement};
use fusion_engine::simulate::Counts;
use fusion_spec::bound::bits::nearest;
use fusion_spec::verdict::Reason;
use rug::Rational;

/// Describes the evidence against a claim.
pub fn evidence(claim: &ClaimStanding, only: &[Reason], standing: &Standing) -> String {
    let (lower, upper) = standing.interval_of(claim);
    let ClaimStanding { expected, count, trials, .. } = claim;
    match expected {
        Some(expected) => {
            let interval = text::interval([&lower, &upper].map(nearest));
            format!("{count} of {trials}, so the rate is in {interval}, and not {}", text::probability(expected))
        }
        None => others(only, &Counts::total(&standing.counts), *trials),
    }
}

/// Whether a trial with this ending speaks against a claim: it has the event if that is more frequent than claimed, and lacks it
/// otherwise.
pub fn contradicts(claim: &ClaimStanding, only: &[Reason], ending: Ending) -> bool {
    let accepted = matches!(ending, Ending::Win | Ending::Harmless);
    let Some(expected) = &claim.expected else {
        return match ending {
            Ending::Win | Ending::Harmless => false,
            Ending::Caught(reason) => !only.contains(&reason),
            Ending::Error => true,
        };
    };
    let frequent = Rational::from((claim.count, claim.trials.max(1))) > *expected;
    match &claim.statement {
        Statement::Rate { event: CountedEvent::Accepted, .. } => accepted == frequent,
        Statement::Rate { event: CountedEvent::Caught, .. } => accepted != frequent,
        Statement::Rate { event: CountedEvent::Win, .. } => (ending == Ending::Win) == frequent,
        Statement::Rate { event: CountedEvent::Harmless, .. } => (ending == Ending::Harmless) == frequent,
        // The ending tells this much about the two events.
        Statement::ET => (ending != Ending::Caught(Reason::PublicWrong)) == frequent,
        Statement::EBGivenET if frequent => accepted,
        Statement::EBGivenET => ending == Ending::Caught(Reason::CopiesDisagree),
        Statement::ReasonsOnly => false,
    }
}

/// Lists the reasons that occurred and are not allowed, and those that are allowed.
fn others(only: &[Reason], counts: &Counts, trials: u64) -> String {
    let other = |(reason, count): &(&Reason, u64)| *count > 0 && !only.contains(*reason);
    let others = Reason::ALL.iter().zip(counts.caught).filter(other);
    let others: Vec<String> = others.map(|(reason, count)| format!("{} in {count}", reason.name())).collect();
    let allowed: Vec<&str> = only.iter().map(|reason| reason.name()).collect();
    let allowed = if allowed.is_empty() { "none".into() } else { allowed.join(", ") };
    format!("{} of {trials}; allowed: {allowed}", others.join(", "))
}
