//! A campaign's result as JSON.

use super::faults::Fault;
use fusion_engine::campaign::run::Finished;
use fusion_engine::campaign::verdict::{ClaimStanding, Standing};
use fusion_engine::campaign::{Campaign, Entry};
use fusion_engine::simulate::metered::{Layer, Setup};
use fusion_engine::simulate::{Counts, REASONS};
use fusion_spec::bound::bits::nearest;
use fusion_spec::evidence::Decision;
use fusion_spec::verdict::Reason;
use rug::Rational;
use serde_json::{Map, Value, json};
use std::path::Path;

/// The last line of `--json`, and `result.json`, with what an honest session costs.
pub fn document(
    campaign: &Campaign,
    finished: &[Finished],
    faults: &[Fault],
    cost: Option<&Value>,
    folder: &Path,
) -> Value {
    let pairs = campaign.entries.iter().zip(finished);
    let strategies: Vec<Value> = pairs.map(|(entry, finished)| strategy(entry, finished)).collect();
    json!({
        "event": "result",
        "verdict": super::verdict(finished).name(),
        "errors": faults,
        "alpha": nearest(&campaign.alpha),
        "strategies": strategies,
        "cost": cost,
        "run_dir": folder.display().to_string(),
    })
}

/// What one honest session takes, and apart what was done before it: nothing where no strategy is `real`.
///
/// # Errors
/// [`NotMetered`] where that session, trial 0 of the honest control, ends in an error of ours.
pub fn cost(campaign: &Campaign) -> Result<Option<Value>, NotMetered> {
    let (Some(parties), Some(world)) = (&campaign.parties, &campaign.world) else { return Ok(None) };
    let metered = parties.honest_session(&campaign.view, world, campaign.script.trials.seed).ok_or(NotMetered)?;
    let spent = metered.spent();
    Ok(Some(json!({
        "client_sent_bytes": spent.client.bytes,
        "server_sent_bytes": spent.server.bytes,
        "framing_bytes": spent.framing_bytes(),
        "rounds": spent.rounds,
        "virtual_s": seconds(spent.virtual_ns),
        "cpu_s": spent.cpu.as_secs_f64(),
        "by_layer": metered.layers().iter().map(layer).collect::<Vec<_>>(),
        "once_per_network": { "cpu_s": parties.prepared.as_secs_f64() },
        "setup": setup(&parties.setup),
    })))
}

/// The honest session whose cost is reported ended in an error of ours.
#[derive(Clone, Copy, Debug)]
pub struct NotMetered;

/// What the set-up of a pair of parties took, once for all their sessions.
fn setup(Setup { spent, cpu: [client, server], wall: _ }: &Setup) -> Value {
    json!({
        "client_sent_bytes": spent.client.bytes,
        "server_sent_bytes": spent.server.bytes,
        "framing_bytes": spent.framing_bytes(),
        "rounds": spent.rounds,
        "virtual_s": seconds(spent.virtual_ns),
        "client_cpu_s": client.as_secs_f64(),
        "server_cpu_s": server.as_secs_f64(),
    })
}

fn layer(Layer { name, share, over_ns: [lan, wan] }: &Layer) -> Value {
    json!({
        "step": name,
        "client_sent_bytes": share.sent[0].bytes,
        "server_sent_bytes": share.sent[1].bytes,
        "rounds": share.rounds,
        "lan_s": seconds(*lan),
        "wan_s": seconds(*wan),
    })
}

#[expect(clippy::cast_precision_loss, reason = "seconds are shown, not summed")]
fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

/// One strategy.
pub fn strategy(entry: &Entry, finished: &Finished) -> Value {
    let Finished { standing, stopped_by } = finished;
    let total = total(&standing.counts);
    let mut document = json!({
        "name": entry.name,
        "trials": standing.trials(),
        "win": total.win,
        "harmless": total.harmless,
        "caught": total.caught(),
        "error": total.error,
        "accepted": total.accepted(),
        "rate": standing.rate().map(|rate| nearest(&rate)),
        "interval": ends(&standing.interval()),
        "events": events(standing),
        "expectations": standing.claims.iter().map(|claim| expectation(entry, standing, claim)).collect::<Vec<_>>(),
        "verdict": standing.verdict().name(),
        "reasons": reasons(&total),
        "hypotheses": entry.claims.breaks.iter().map(|hypothesis| hypothesis.name()).collect::<Vec<_>>(),
        "stopped_by": stopped_by.name(),
    });
    if !entry.stages.is_empty()
        && let Value::Object(map) = &mut document
    {
        map.insert("estimator".into(), "conditional".into());
        map.insert("stages".into(), stages(entry, standing).into());
    }
    document
}

fn stages(entry: &Entry, standing: &Standing) -> Vec<Value> {
    let stages = entry.stages.iter().zip(&standing.counts);
    stages
        .map(|(stage, counts)| json!({ "name": stage.name(), "trials": counts.trials(), "successes": counts.win }))
        .collect()
}

fn expectation(entry: &Entry, standing: &Standing, claim: &ClaimStanding) -> Value {
    json!({
        "clause": claim.text,
        "expected": claim.expected.as_ref().map(Rational::to_string),
        "within": nearest(&entry.tolerance.relative),
        "count": claim.count,
        "trials": claim.trials,
        "interval": ends(&standing.interval_of(claim)),
        "verdict": name(claim.decision),
    })
}

/// `{}` where the law of the touched slots is not known.
fn events(standing: &Standing) -> Value {
    let event = |claim: &ClaimStanding| {
        json!({
            "count": claim.count,
            "trials": claim.trials,
            "expected": claim.expected.as_ref().map(Rational::to_string),
            "interval": ends(&standing.interval_of(claim)),
            "verdict": name(claim.decision),
        })
    };
    let names = ["e_t", "e_b"];
    let map: Map<String, Value> =
        names.iter().zip(&standing.events).map(|(name, claim)| ((*name).to_string(), event(claim))).collect();
    map.into()
}

fn reasons(counts: &Counts) -> Value {
    let seen = REASONS.iter().zip(counts.caught).filter(|(_, count)| *count > 0);
    seen.map(|(reason, count): (&Reason, u64)| (reason.name().to_string(), Value::from(count)))
        .collect::<Map<_, _>>()
        .into()
}

fn ends((lower, upper): &(Rational, Rational)) -> [f64; 2] {
    [nearest(lower), nearest(upper)]
}

/// All counters together.
pub fn total(counts: &[Counts]) -> Counts {
    let mut total = Counts::default();
    for counts in counts {
        total += *counts;
    }
    total
}

/// As results write it.
pub fn name(decision: Decision) -> &'static str {
    match decision {
        Decision::Pass => "pass",
        Decision::Refuted => "refuted",
        Decision::Inconclusive => "inconclusive",
    }
}
