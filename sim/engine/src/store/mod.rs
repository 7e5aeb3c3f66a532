//! The folder of a run, `runs/<name>/<utc>-<id8>/`. Counts are never lost: rows are appended and synced, files are replaced as a
//! whole, and a second process on the same folder is turned away.

pub mod counts;
mod environment;
mod held;
mod times;

pub use environment::{Environment, VERSION, commit};
pub use held::{HeldRun, hold};

use crate::campaign::{Campaign, Counter, Shard};
use crate::clock::{now, stamp};
use crate::failure::Failure;
use crate::files::{self, append_to, failed, replace, sync_folder};
use crate::simulate::Counts;
use counts::{CountsRow, HEADER};
use held::{Rows, highest, totals};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The longest time between two syncs while rows are written.
const SYNC: Duration = Duration::from_secs(1);
/// The name of the file with the result of a finished run.
pub const RESULT: &str = "result.json";
/// The name of the file with the page on a finished run.
pub const REPORT: &str = "report.html";
/// The name of the link to the last run.
const LATEST: &str = "latest";

/// A run that is open for writing.
pub struct Store {
    folder: PathBuf,
    /// The lock on the run, which is held as long as the run is open.
    _lock: File,
    semantics: u32,
    counters: Vec<Counter>,
    rows: Rows,
    shard: Option<Shard>,
    file: File,
    /// Whether rows were written that may not be on the disk yet.
    dirty: bool,
    /// Whether the rows of the file are out of order.
    disordered: bool,
    /// Whether there is a result of the rows as they were before.
    concluded: bool,
    synced: Instant,
    /// The time noted for each strategy, by this process and those before.
    times: BTreeMap<String, Duration>,
}

impl Store {
    /// Makes a new run of a campaign in a new folder under `root`.
    ///
    /// # Errors
    /// [`Failure::Usage`] if `root` cannot hold runs, before anything is written; [`Failure::Io`] if writing fails.
    pub fn create(root: &Path, campaign: &Campaign, shard: Option<Shard>) -> Result<Self, Failure> {
        fit_for_runs(root, &campaign.script.name)?;
        let parent = root.join(&campaign.script.name);
        fs::create_dir_all(&parent).map_err(|error| match error.kind() {
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                Failure::Usage(format!("{}: a file is in the way of the folder", files::name(&parent)))
            }
            _ => failed("creating", &parent, error),
        })?;
        let folder = loop {
            let folder = parent.join(format!("{}-{}", stamp(), campaign.id.short()));
            match fs::create_dir(&folder) {
                Ok(()) => break folder,
                // Names have seconds.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(error) => return Err(failed("creating", &folder, error)),
            }
        };
        let environment = Environment::new(campaign, shard);
        replace(&folder.join("script.yaml"), &script(campaign)?)?;
        replace(&folder.join("counts.csv"), &format!("{HEADER}\n"))?;
        replace(&folder.join("timings.csv"), &format!("{}\n", times::HEADER))?;
        // Last: it makes the folder a run, and a run can be gone on with.
        replace(&folder.join(environment::FILE), &environment.to_json()?)?;
        for made in [&parent, root] {
            sync_folder(made)?;
        }
        let store = Self::open(&folder, campaign)?;
        store.point_latest(root)?;
        Ok(store)
    }

    /// Opens a run to continue it.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a folder of another campaign, for one that is in use, and for a file that is not one of counts;
    /// [`Failure::Io`] if reading or writing fails.
    pub fn open(folder: &Path, campaign: &Campaign) -> Result<Self, Failure> {
        let HeldRun { lock, shard, semantics, counters, rows, text } = hold(folder, campaign)?;
        let script = script(campaign)?;
        let told = fs::read_to_string(folder.join("script.yaml")).is_ok_and(|told| told == script);
        let mut store = Self {
            folder: folder.to_path_buf(),
            _lock: lock,
            semantics,
            shard,
            counters,
            rows,
            file: append_to(&folder.join("counts.csv"))?,
            dirty: false,
            disordered: false,
            concluded: folder.join(RESULT).exists(),
            synced: now(),
            times: times::read(folder)?,
        };
        let held = store.canonical() == text;
        // A result that no longer follows from what the run holds is none.
        if !(told && held) {
            store.retract()?;
            store.concluded = false;
        }
        replace(&folder.join("script.yaml"), &script)?;
        if !held {
            store.rewrite()?;
        }
        Ok(store)
    }

    /// Returns the folder of the run.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the version of the rules that turn a script and a seed into counts, by which the run was begun.
    #[must_use]
    pub fn semantics(&self) -> u32 {
        self.semantics
    }

    /// Returns the counts of a block; `None` if it was not counted before.
    #[must_use]
    pub fn block(&self, counter: usize, block: u64) -> Option<&Counts> {
        self.rows.get(&(counter, block * self.counters[counter].block)).map(|row| &row.counts)
    }

    /// Returns the share of the campaign that the run holds; `None` for a whole run.
    #[must_use]
    pub fn shard(&self) -> Option<Shard> {
        self.shard
    }

    /// Returns the end of the last trial of a counter; `None` before the first.
    #[must_use]
    pub fn highest(&self, counter: usize) -> Option<u64> {
        highest(&self.rows, counter)
    }

    /// Returns the blocks that were counted for a range of counters, each with its counter.
    pub fn blocks(&self, counters: Range<usize>) -> impl Iterator<Item = (usize, u64)> + '_ {
        let rows = self.rows.range((counters.start, 0)..(counters.end, 0));
        rows.map(|((counter, lo), _)| (*counter, lo / self.counters[*counter].block))
    }

    /// Returns the sum of all rows for each of a range of counters.
    #[must_use]
    pub fn totals(&self, counters: Range<usize>) -> Vec<Counts> {
        totals(&self.rows, counters)
    }

    /// Returns the rows of all blocks, in order.
    pub fn rows(&self) -> impl Iterator<Item = &CountsRow> {
        self.rows.values()
    }

    /// Returns the time noted for one strategy or, for `None`, for all, by this process and those before.
    #[must_use]
    pub fn time_noted(&self, name: Option<&str>) -> Duration {
        self.times.iter().filter(|(known, _)| name.is_none_or(|name| name == *known)).map(|(_, time)| *time).sum()
    }

    /// Removes the result of a run that goes on, and the page that shows it.
    fn retract(&self) -> Result<(), Failure> {
        for path in [RESULT, REPORT].map(|name| self.folder.join(name)) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("removing", &path, error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Appends a row. It survives the end of this process at once, and a crash of the machine after the next [`Store::sync`], or
    /// a [`Store::tick`] a second later.
    ///
    /// # Errors
    /// [`Failure::Io`] if writing fails.
    pub fn append(&mut self, row: CountsRow) -> Result<(), Failure> {
        if std::mem::take(&mut self.concluded) {
            self.retract()?;
        }
        let key = (row.counter, row.trials.start);
        self.disordered |= self.rows.range(key..).next().is_some();
        let written = self.file.write_all(row.line(&self.counters).as_bytes());
        written.map_err(|error| failed("writing", &self.counts(), error))?;
        self.dirty = true;
        self.rows.insert(key, row);
        self.tick()
    }

    /// Puts rows on the disk if they have waited for a second.
    ///
    /// # Errors
    /// [`Failure::Io`] if writing fails.
    pub fn tick(&mut self) -> Result<(), Failure> {
        if self.synced.elapsed() >= SYNC { self.sync() } else { Ok(()) }
    }

    /// Puts all rows on the disk.
    ///
    /// # Errors
    /// [`Failure::Io`] if writing fails.
    pub fn sync(&mut self) -> Result<(), Failure> {
        self.synced = now();
        if std::mem::take(&mut self.dirty) {
            self.file.sync_data().map_err(|error| failed("writing", &self.counts(), error))?;
        }
        Ok(())
    }

    /// Puts all rows on the disk, in order.
    ///
    /// # Errors
    /// [`Failure::Io`] if writing fails.
    pub fn settle(&mut self) -> Result<(), Failure> {
        self.sync()?;
        if std::mem::take(&mut self.disordered) { self.rewrite() } else { Ok(()) }
    }

    /// Notes the time spent on a strategy, rounded up to milliseconds.
    ///
    /// # Errors
    /// [`Failure::Io`] if writing fails.
    pub fn note_time(&mut self, name: &str, trials: u64, time: Duration) -> Result<(), Failure> {
        #[expect(clippy::cast_possible_truncation, reason = "2^64 milliseconds are no time that anybody waits")]
        let time = Duration::from_millis(time.as_micros().div_ceil(1000) as u64);
        *self.times.entry(name.into()).or_default() += time;
        let path = self.folder.join("timings.csv");
        let line = format!("{name},{trials},{:.3}\n", time.as_secs_f64());
        append_to(&path)?.write_all(line.as_bytes()).map_err(|error| failed("writing", &path, error))
    }

    /// Replaces a JSON document of the run as a whole.
    ///
    /// # Errors
    /// [`Failure::Io`] if writing fails.
    pub fn write_json(&self, name: &str, document: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(document).map_err(|error| Failure::Bug(error.to_string()))?;
        self.write(name, &(text + "\n"))
    }

    /// Replaces a file of the run as a whole.
    ///
    /// # Errors
    /// [`Failure::Io`] if writing fails.
    pub fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| failed("creating", parent, error))?;
        }
        replace(&path, text)
    }

    fn counts(&self) -> PathBuf {
        self.folder.join("counts.csv")
    }

    fn canonical(&self) -> String {
        let rows = self.rows.values().map(|row| row.line(&self.counters));
        std::iter::once(format!("{HEADER}\n")).chain(rows).collect()
    }

    fn rewrite(&mut self) -> Result<(), Failure> {
        let path = self.counts();
        replace(&path, &self.canonical())?;
        self.file = append_to(&path)?;
        Ok(())
    }

    /// Makes `root/latest` name this run. The new link is made beside the old one and renamed over it, so that there is one at
    /// every moment.
    fn point_latest(&self, root: &Path) -> Result<(), Failure> {
        let target = self.folder.strip_prefix(root).unwrap_or(&self.folder);
        // Nobody else's, as the folder is nobody else's.
        let own = target.display().to_string().replace('/', "-");
        let (latest, fresh) = (root.join(LATEST), root.join(format!(".{LATEST}-{own}")));
        let link = std::os::unix::fs::symlink(target, &fresh).and_then(|()| fs::rename(&fresh, &latest));
        link.map_err(|error| failed("replacing", &latest, error))?;
        sync_folder(root)
    }
}

/// Returns the text of a campaign's script, with every default, flag and `auto` filled in.
fn script(campaign: &Campaign) -> Result<String, Failure> {
    campaign.script.to_yaml().map_err(|error| Failure::Bug(error.to_string()))
}

/// Checks that `root` can hold runs: it is a folder or does not exist yet, and `latest` in it is a link or does not exist yet.
fn fit_for_runs(root: &Path, name: &str) -> Result<(), Failure> {
    let link = root.join(LATEST);
    match (fs::metadata(root), fs::symlink_metadata(&link)) {
        _ if name == LATEST => {
            Err(Failure::Usage(format!("a campaign cannot be called `{LATEST}`: that names the last run")))
        }
        (Ok(found), _) if !found.is_dir() => Err(Failure::Usage(format!("{}: is not a folder", files::name(root)))),
        (_, Ok(found)) if !found.is_symlink() => {
            Err(Failure::Usage(format!("{}: in the way of the link to the last run; move it", files::name(&link))))
        }
        _ => Ok(()),
    }
}
