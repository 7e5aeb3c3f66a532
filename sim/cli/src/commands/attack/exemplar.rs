//! One trial of each outcome, to look at.

use crate::campaign::run::first_counter;
use crate::campaign::{Campaign, Player};
use crate::commands::run::Replay;
use crate::failure::Failure;
use crate::simulate::{Counts, REASONS};
use crate::store::Store;
use fusion_spec::verdict::Reason;

/// Most slots in a file: `sim run --trace` shows all of them at any size.
const MOST_SLOTS: usize = 1 << 12;

/// The first trial of a strategy that ended so.
pub struct Exemplar {
    /// The strategy.
    pub strategy: String,
    /// `win`, `harmless`, or a reason.
    pub outcome: &'static str,
    /// Its number.
    pub trial: u64,
}

/// Finds the first trial of each outcome of each strategy, and writes it to the run.
pub fn find(campaign: &Campaign, store: &Store) -> Result<Vec<Exemplar>, Failure> {
    let mut found = Vec::new();
    for (index, entry) in campaign.entries.iter().enumerate().filter(|(_, entry)| entry.stages.is_empty()) {
        let counter = first_counter(campaign, index);
        let mut player = Player::new(campaign, entry);
        for (place, outcome) in ["win", "harmless"].into_iter().chain(REASONS.map(Reason::name)).enumerate() {
            let row = store.rows().find(|row| row.counter == counter && count(&row.counts, place) > 0);
            let trial = row.and_then(|row| {
                // A block is counted again, a trial at a time, until it comes up.
                row.trials.clone().find(|trial| count(&player.play(0, *trial..trial + 1), place) > 0)
            });
            if let Some(trial) = trial {
                found.push(Exemplar { strategy: entry.name.clone(), outcome, trial });
            }
        }
    }
    for Exemplar { strategy, outcome, trial } in &found {
        let replay = Replay::new(campaign, strategy, *trial)?;
        let document = serde_json::to_string_pretty(&replay.json(replay.fitting(MOST_SLOTS)));
        let document = document.map_err(|error| Failure::Bug(error.to_string()))?;
        store.write(&format!("exemplars/{strategy}-{outcome}.json"), &(document + "\n"))?;
    }
    Ok(found)
}

fn count(counts: &Counts, place: usize) -> u64 {
    match place {
        0 => counts.win,
        1 => counts.harmless,
        reason => counts.caught[reason - 2],
    }
}
