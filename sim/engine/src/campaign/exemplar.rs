//! Exemplars: the first trial of each ending.

use super::ending::Ending;
use super::entry::{Campaign, Entry};
use super::player::Player;
use super::replay::Replay;
use super::run::first_counter;
use crate::documents::replay::ReplayDocument;
use crate::failure::Failure;
use crate::simulate::Counts;
use crate::store::Store;
use fusion_spec::verdict::Reason;

/// The largest number of slots that a file shows. `sim run --trace` shows all of them at any size.
const MOST_SLOTS: usize = 1 << 12;

/// The first trial of a strategy with a given ending.
pub struct Exemplar {
    /// The strategy's name.
    pub strategy: String,
    /// How the trial ended.
    pub ending: Ending,
    /// The trial's number.
    pub trial: u64,
    /// What is wrong with the trial, in words, if it ended in an error.
    pub why: Option<String>,
}

/// Finds the first trial of each ending of each strategy, plays it again, and writes it to the run. A trial that departs from the
/// specification when it is played again is an error, whatever it was counted as.
///
/// # Errors
/// [`Failure::Io`] if the store cannot be written.
pub fn find(campaign: &Campaign, store: &Store) -> Result<Vec<Exemplar>, Failure> {
    let mut found: Vec<Exemplar> = Vec::new();
    for (index, entry) in played(campaign) {
        for counted in Ending::all() {
            let Some(trial) = first(campaign, (index, entry), store, counted) else { continue };
            let replay = Replay::new(campaign, &entry.name, trial)?;
            let why = replay.departure();
            let ending = if why.is_some() { Ending::Error } else { counted };
            if found.iter().any(|known| known.strategy == entry.name && known.ending == ending) {
                continue;
            }
            let document = ReplayDocument::new(&replay, replay.fitting(MOST_SLOTS));
            store.write_json(&format!("exemplars/{}-{}.json", entry.name, ending.word()), &document)?;
            found.push(Exemplar { strategy: entry.name.clone(), ending, trial, why });
        }
    }
    Ok(found)
}

/// Finds only the first trial of each strategy that ended in an error, and writes nothing.
///
/// # Errors
/// None occurs in practice: [`Failure::Usage`] would mean a strategy that is not in the campaign.
pub fn find_errors(campaign: &Campaign, store: &Store) -> Result<Vec<Exemplar>, Failure> {
    let errors = played(campaign)
        .filter_map(|(index, entry)| Some((entry, first(campaign, (index, entry), store, Ending::Error)?)));
    errors
        .map(|(entry, trial)| {
            let why = Replay::new(campaign, &entry.name, trial)?.departure();
            Ok(Exemplar { strategy: entry.name.clone(), ending: Ending::Error, trial, why })
        })
        .collect()
}

/// Returns the entries of a campaign that have trials to replay, each with its index.
fn played(campaign: &Campaign) -> impl Iterator<Item = (usize, &Entry)> {
    campaign.entries.iter().enumerate().filter(|(_, entry)| entry.stages.is_empty())
}

/// Finds the first trial with an ending: the trials of its block are counted again, one at a time, until it comes up.
fn first(campaign: &Campaign, (index, entry): (usize, &Entry), store: &Store, ending: Ending) -> Option<u64> {
    let counter = first_counter(campaign, index);
    let row = store.rows().find(|row| row.counter == counter && count(&row.counts, ending) > 0)?;
    let mut player = Player::new(campaign, entry);
    row.trials.clone().find(|trial| count(&player.play(0, *trial..trial + 1), ending) > 0)
}

fn count(counts: &Counts, ending: Ending) -> u64 {
    match ending {
        Ending::Error => counts.error,
        Ending::Win => counts.win,
        Ending::Harmless => counts.harmless,
        Ending::Caught(wanted) => {
            Reason::ALL.iter().zip(counts.caught).filter(|(reason, _)| **reason == wanted).map(|(_, count)| count).sum()
        }
    }
}
