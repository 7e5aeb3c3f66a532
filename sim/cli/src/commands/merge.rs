//! `sim merge`: the shards of one campaign become a run.

use super::attack::{Style, play};
use crate::args::campaign::MergeArgs;
use crate::terminal::Terminal;
use fusion_engine::campaign::Shard;
use fusion_engine::campaign::load::{Overrides, load};
use fusion_engine::campaign::run::{Options, decided_rows};
use fusion_engine::failure::Failure;
use fusion_engine::files;
use fusion_engine::store::{Environment, HeldRun, Store, hold};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Copies the rows of all shards to a new run, and decides.
pub fn run(
    args: &MergeArgs,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
    terminal: Terminal,
) -> Result<u8, Failure> {
    let waiting = terminal.waiting("sim merge");
    let MergeArgs { shards: folders, runs, json, quiet } = args;
    distinct(folders)?;
    let mut campaign = load(&folders[0].join("script.yaml"), &Overrides::default())?;
    Environment::read(&folders[0])?.apply(&mut campaign)?;
    let shards = folders.iter().map(|folder| hold(folder, &campaign)).collect::<Result<Vec<_>, _>>()?;
    complete(folders, &shards)?;
    for shard in &shards {
        campaign.keep(|counter| shard.highest(counter));
        // What an older version began is decided as that version decides, in whichever order the shards are given.
        campaign.semantics = campaign.semantics.min(shard.semantics());
    }
    // Decided first: nothing is written of an incomplete set.
    let rows = decided_rows(&campaign, &shards)?;
    let mut store = Store::create(runs, &campaign, None)?;
    for row in rows {
        store.append(row)?;
    }
    store.settle()?;
    // Every row is there: no worker is needed.
    let options = Options { threads: 0, shard: None, interrupted: Arc::new(AtomicBool::new(false)) };
    drop(waiting);
    play(&mut campaign, &mut store, &options, Style::new(*json, *quiet, terminal), stdout, stderr)
}

fn distinct(folders: &[PathBuf]) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    let whole = |folder: &PathBuf| folder.canonicalize().unwrap_or_else(|_| folder.clone());
    let twice = folders.iter().find(|folder| !seen.insert(whole(folder)));
    twice.map_or(Ok(()), |folder| Err(Failure::Usage(format!("{}: given twice", files::name(folder)))))
}

/// Checks that the folders hold all shards of one division, each once.
fn complete(folders: &[PathBuf], shards: &[HeldRun]) -> Result<(), Failure> {
    let usage = |what: String| Err(Failure::Usage(what));
    let mut seen: BTreeMap<Shard, &PathBuf> = BTreeMap::new();
    for (folder, held) in folders.iter().zip(shards) {
        let name = files::name(folder);
        let Some(shard) = held.shard else { return usage(format!("{name}: a whole run, not a shard of one")) };
        if let Some((other, first)) = seen.iter().find(|(other, _)| other.of != shard.of) {
            return usage(format!("{name} is shard {shard}, and {} is shard {other}", files::name(first)));
        }
        if let Some(other) = seen.insert(shard, folder) {
            return usage(format!("{} and {name} are both shard {shard}", files::name(other)));
        }
    }
    let of = seen.keys().next().map_or(0, |shard| shard.of);
    match (1..=of).map(|index| Shard { index, of }).find(|shard| !seen.contains_key(shard)) {
        Some(missing) => usage(format!("shard {missing} is missing")),
        None => Ok(()),
    }
}
