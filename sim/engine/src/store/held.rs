//! A run that is locked and read, before anything is written to it.

use super::counts::{CountsRow, parse};
use super::environment::{self, Environment};
use crate::campaign::{Campaign, Counter, Entry, Shard};
use crate::failure::Failure;
use crate::files::{self, MAX_BYTES, failed};
use crate::simulate::Counts;
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::ops::Range;
use std::path::Path;

/// The rows of a run by counter and first trial.
pub(super) type Rows = BTreeMap<(usize, u64), CountsRow>;

/// A run that is locked and read, before anything is written to it.
pub struct HeldRun {
    /// The lock on the run, which is held as long as this value.
    pub(super) lock: File,
    /// The share of the campaign that the run holds; `None` for all of it.
    pub shard: Option<Shard>,
    /// The version of the rules by which the run was begun.
    pub(super) semantics: u32,
    pub(super) counters: Vec<Counter>,
    pub(super) rows: Rows,
    /// The text of `counts.csv` as it is on the disk.
    pub(super) text: String,
}

impl HeldRun {
    /// Returns the version of the rules by which the run was begun.
    #[must_use]
    pub fn semantics(&self) -> u32 {
        self.semantics
    }

    /// Returns the counts of a block of trials; `None` if the run does not hold them.
    #[must_use]
    pub fn counts(&self, counter: usize, trials: &Range<u64>) -> Option<&Counts> {
        self.rows.get(&(counter, trials.start)).filter(|row| row.trials == *trials).map(|row| &row.counts)
    }

    /// Returns the end of the last trial of a counter; `None` before the first.
    #[must_use]
    pub fn highest(&self, counter: usize) -> Option<u64> {
        highest(&self.rows, counter)
    }

    /// Returns the sums of all rows of each of a range of counters.
    #[must_use]
    pub fn totals(&self, counters: Range<usize>) -> Vec<Counts> {
        totals(&self.rows, counters)
    }

    /// Returns the index of the last block with an error, among a range of counters; `None` if there is none.
    #[must_use]
    pub fn last_error(&self, counters: Range<usize>) -> Option<u64> {
        let rows = self.rows.range((counters.start, 0)..(counters.end, 0));
        let wrong = rows.filter(|(_, row)| row.counts.error > 0);
        wrong.map(|((counter, lo), _)| lo / self.counters[*counter].block).max()
    }
}

/// Locks a run of a campaign and reads it.
///
/// # Errors
/// [`Failure::Usage`] for a folder of another campaign, for one that is in use, and for a file that is not one of counts;
/// [`Failure::Io`] if reading fails.
pub fn hold(folder: &Path, campaign: &Campaign) -> Result<HeldRun, Failure> {
    let foreign = |what: String| Failure::Usage(format!("{}: {what}", files::name(folder)));
    let environment = Environment::read(folder)?;
    environment.is_known()?;
    if environment.id != campaign.id.to_string() {
        let theirs = environment.id.get(..8).unwrap_or("?");
        let ours = campaign.id.short();
        return Err(foreign(format!(
            "a run of another campaign ({theirs}, and this is {ours}): protocol, strategies, seed, fidelity, model or data differ"
        )));
    }
    if let Some((name, trials)) = campaign.rows_at_real().find(|(name, trials)| environment.row_of(name) != *trials) {
        let theirs = environment.row_of(name);
        return Err(foreign(format!("rows of {theirs} trials of {name}, where the others have {trials}")));
    }
    let shard = environment.shard;
    let lock = lock(folder)?;
    let counters: Vec<Counter> = campaign.entries.iter().flat_map(Entry::counters).collect();
    let bytes = files::read(&folder.join("counts.csv"), MAX_BYTES)?;
    let text = String::from_utf8(bytes).map_err(|_| foreign("counts.csv is not text".into()))?;
    let rows = parse(&text, &counters).map_err(|error| foreign(format!("counts.csv: {error}")))?;
    if let Some(shard) = shard
        && let Some(row) = rows.iter().find(|row| !shard.holds(row.trials.start / counters[row.counter].block))
    {
        let (name, Range { start, end }) = (&counters[row.counter].name, &row.trials);
        return Err(foreign(format!("counts.csv: the trials {start}..{end} of {name} are not of shard {shard}")));
    }
    let mut rows: Rows = rows.into_iter().map(|row| ((row.counter, row.trials.start), row)).collect();
    drop_cut_blocks(&mut rows, campaign);
    Ok(HeldRun { lock, shard, semantics: environment.semantics, counters, rows, text })
}

/// Drops a last block that an earlier, smaller maximum cut short, so that it is counted again. One that was cut at a larger
/// maximum than the present one is kept, because a run never shrinks.
fn drop_cut_blocks(rows: &mut Rows, campaign: &Campaign) {
    let mut counter = 0;
    for entry in &campaign.entries {
        let counters = counter..counter + entry.counters().len();
        let most = counters.clone().filter_map(|counter| highest(rows, counter)).max().unwrap_or(0);
        let most = most.max(entry.max);
        rows.retain(|(counter, _), row| {
            !counters.contains(counter) || row.trials.end % entry.block == 0 || row.trials.end == most
        });
        counter = counters.end;
    }
}

pub(super) fn totals(rows: &Rows, counters: Range<usize>) -> Vec<Counts> {
    let sum = |counter| {
        rows.range((counter, 0)..(counter + 1, 0)).fold(Counts::default(), |mut sum, (_, row)| {
            sum += row.counts;
            sum
        })
    };
    counters.map(sum).collect()
}

pub(super) fn highest(rows: &Rows, counter: usize) -> Option<u64> {
    rows.range((counter, 0)..(counter + 1, 0)).next_back().map(|(_, row)| row.trials.end)
}

fn lock(folder: &Path) -> Result<File, Failure> {
    let path = folder.join(environment::FILE);
    let file = File::open(&path).map_err(|error| failed("opening", &path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::Usage(format!("{}: another process is working on this run", files::name(folder))))
        }
        Err(TryLockError::Error(error)) => Err(failed("locking", &path, error)),
    }
}
