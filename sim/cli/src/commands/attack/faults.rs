//! The bugs of this program that a campaign found: errors, and an honest server that is refuted where this program runs both
//! parties.

use super::evidence::{contradicts, evidence};
use crate::text::{self, BAD};
use fusion_adversaries::problem::counted;
use fusion_adversaries::script::{Fidelity, HONEST};
use fusion_engine::campaign::exemplar::Exemplar;
use fusion_engine::campaign::run::Finished;
use fusion_engine::campaign::verdict::{CampaignVerdict, ClaimStanding, Standing};
use fusion_engine::campaign::{Campaign, Ending, Entry};
use fusion_engine::documents::result::Fault;
use fusion_engine::failure::Failure;
use fusion_spec::evidence::Decision;
use std::io::{self, Write};
use std::path::Path;

/// Finds every fault of a campaign, in script order.
pub fn find(campaign: &Campaign, finished: &[Finished], exemplars: &[Exemplar], folder: &Path) -> Vec<Fault> {
    let script = text::shell(&folder.join("script.yaml"));
    let faults = campaign.entries.iter().zip(finished).filter_map(|(entry, Finished { standing, .. })| {
        let mut own = exemplars.iter().filter(|exemplar| exemplar.strategy == entry.name);
        let (says, exemplar) = if standing.verdict() == CampaignVerdict::Error {
            let exemplar = own.find(|exemplar| exemplar.ending == Ending::Error);
            (error(entry, standing, exemplar), exemplar)
        } else {
            let claim = honest_refuted(entry, standing)?;
            let only = entry.claims.only.as_deref().unwrap_or(&[]);
            let says = format!(
                "an honest server is refuted at fidelity `real`: {}: {}",
                claim.statement,
                evidence(claim, only, standing)
            );
            (says, own.find(|exemplar| contradicts(claim, only, exemplar.ending)))
        };
        let replay =
            exemplar.map(|exemplar| format!("sim run {script} --trial {}:{} --trace", entry.name, exemplar.trial));
        Some(Fault { strategy: entry.name.clone(), says, replay })
    });
    faults.collect()
}

/// Returns the names of the strategies in which there is a fault, as [`find`] lists them, by their counts alone.
pub fn at_fault<'c>(campaign: &'c Campaign, finished: &[Finished]) -> Vec<&'c str> {
    let pairs = campaign.entries.iter().zip(finished);
    let faulty = pairs.filter(|(entry, Finished { standing, .. })| {
        standing.verdict() == CampaignVerdict::Error || honest_refuted(entry, standing).is_some()
    });
    faulty.map(|(entry, _)| entry.name.as_str()).collect()
}

fn error(entry: &Entry, standing: &Standing, exemplar: Option<&Exemplar>) -> String {
    let why = match exemplar.and_then(|exemplar| exemplar.why.as_deref()) {
        Some(why) => why,
        None if !entry.stages.is_empty() => "stage by stage, it has no trials to replay",
        None => "the error did not recur when its trials were played again",
    };
    match standing.errors() {
        0 => format!(
            "a trial that is played again departs from the specification, although it was counted as something else: {why}"
        ),
        1 => format!("1 of {} ends in an error of ours: {why}", counted(standing.trials(), "trial")),
        errors => format!("{errors} of {} end in an error of ours: {why}", counted(standing.trials(), "trial")),
    }
}

/// Returns the refuted claim of an honest server. Only exact rates count, because a script's own number may be wrong.
fn honest_refuted<'s>(entry: &Entry, standing: &'s Standing) -> Option<&'s ClaimStanding> {
    let does_nothing = entry.strategy.moves().is_empty() && entry.strategy.link().is_none();
    let exact = |claim: &&ClaimStanding| entry.name == HONEST || claim.statement.is_of_the_specification();
    let claims = standing.claims.iter().filter(exact).chain(&standing.events);
    let mut refuted = claims.filter(|claim| claim.decision == Decision::Refuted);
    refuted.next().filter(|_| entry.depth == Fidelity::Real && does_nothing)
}

/// Writes a fault as text, with the command that shows it again first.
fn write_one(fault: &Fault, again: &str, out: &mut dyn Write) -> io::Result<()> {
    let Fault { strategy, says, replay } = fault;
    if let Some(replay) = replay {
        writeln!(out, "replay: {replay}")?;
    }
    writeln!(out, "{} {strategy}: {says}", text::styled(BAD, "error"))?;
    writeln!(out, "rerun:  {again}\n")
}

/// Writes all faults as text.
pub fn write(faults: &[Fault], folder: &Path, out: &mut dyn Write) -> io::Result<()> {
    let again = format!("sim attack {}", text::shell(&folder.join("script.yaml")));
    faults.iter().try_for_each(|fault| write_one(fault, &again, out))
}

/// Turns the faults into the command's failure, which describes the first one and says how many more there are.
pub fn failure(faults: &[Fault]) -> Option<Failure> {
    let (Fault { strategy, says, replay }, more) = faults.split_first()?;
    let replay = replay.as_ref().map_or_else(String::new, |replay| format!("; replay: {replay}"));
    let more = match more.len() {
        0 => String::new(),
        1 => "; and 1 more strategy".into(),
        more => format!("; and {more} more strategies"),
    };
    Some(Failure::Bug(format!("{strategy}: {says}{replay}{more}")))
}
