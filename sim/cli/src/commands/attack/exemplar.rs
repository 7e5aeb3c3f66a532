//! One trial of each outcome, to look at.

use crate::commands::run::Replay;
use fusion_engine::campaign::run::first_counter;
use fusion_engine::campaign::{Campaign, Entry, Player};
use fusion_engine::failure::Failure;
use fusion_engine::simulate::{Counts, REASONS};
use fusion_engine::store::Store;
use fusion_spec::verdict::Reason;

/// Most slots in a file: `sim run --trace` shows all of them at any size.
const MOST_SLOTS: usize = 1 << 12;
/// The outcome of a trial that departs from the specification.
const ERROR: &str = "error";

/// The first trial of a strategy that ended so.
pub struct Exemplar {
    /// The strategy.
    pub strategy: String,
    /// `error`, `win`, `harmless`, or a reason.
    pub outcome: &'static str,
    /// Its number.
    pub trial: u64,
    /// What is wrong with the trial, if it ends in an error.
    pub why: Option<String>,
}

/// Finds the first trial of each outcome of each strategy, and writes it to the run. One that is played again is held against the
/// specification, whatever it was counted as: what departs from it is an error.
pub fn find(campaign: &Campaign, store: &Store) -> Result<Vec<Exemplar>, Failure> {
    let mut found: Vec<Exemplar> = Vec::new();
    for (index, entry) in played(campaign) {
        for (place, outcome) in outcomes().enumerate() {
            let Some(trial) = first(campaign, (index, entry), store, place) else { continue };
            let replay = Replay::new(campaign, &entry.name, trial)?;
            let why = replay.departure();
            let outcome = if why.is_some() { ERROR } else { outcome };
            if found.iter().any(|known| known.strategy == entry.name && known.outcome == outcome) {
                continue;
            }
            write(store, &replay, &entry.name, outcome)?;
            found.push(Exemplar { strategy: entry.name.clone(), outcome, trial, why });
        }
    }
    Ok(found)
}

/// The first error of each strategy alone; nothing is written.
pub fn find_errors(campaign: &Campaign, store: &Store) -> Result<Vec<Exemplar>, Failure> {
    let errors =
        played(campaign).filter_map(|(index, entry)| Some((entry, first(campaign, (index, entry), store, 0)?)));
    errors
        .map(|(entry, trial)| {
            let why = Replay::new(campaign, &entry.name, trial)?.departure();
            Ok(Exemplar { strategy: entry.name.clone(), outcome: ERROR, trial, why })
        })
        .collect()
}

/// The counters of a campaign that have trials to replay.
fn played(campaign: &Campaign) -> impl Iterator<Item = (usize, &Entry)> {
    campaign.entries.iter().enumerate().filter(|(_, entry)| entry.stages.is_empty())
}

fn outcomes() -> impl Iterator<Item = &'static str> {
    [ERROR, "win", "harmless"].into_iter().chain(REASONS.map(Reason::name))
}

/// The first trial of an outcome: its block is counted again, a trial at a time, until it comes up.
fn first(campaign: &Campaign, (index, entry): (usize, &Entry), store: &Store, place: usize) -> Option<u64> {
    let counter = first_counter(campaign, index);
    let row = store.rows().find(|row| row.counter == counter && count(&row.counts, place) > 0)?;
    let mut player = Player::new(campaign, entry);
    row.trials.clone().find(|trial| count(&player.play(0, *trial..trial + 1), place) > 0)
}

fn count(counts: &Counts, place: usize) -> u64 {
    match place {
        0 => counts.error,
        1 => counts.win,
        2 => counts.harmless,
        reason => counts.caught[reason - 3],
    }
}

fn write(store: &Store, replay: &Replay<'_>, strategy: &str, outcome: &str) -> Result<(), Failure> {
    let document = serde_json::to_string_pretty(&replay.json(replay.fitting(MOST_SLOTS)));
    let document = document.map_err(|error| Failure::Bug(error.to_string()))?;
    store.write(&format!("exemplars/{strategy}-{outcome}.json"), &(document + "\n"))
}
