//! A run's folder: `runs/<name>/<utc>-<id8>/`. What was counted is never lost: rows are appended and synced, files replaced
//! whole, and a second process on the same folder is turned away.

pub mod counts;

use crate::campaign::identity::SEMANTICS;
use crate::campaign::{BLOCK, Campaign};
use crate::failure::Failure;
use crate::files::{self, MAX_BYTES};
use crate::simulate::Counts;
use counts::{HEADER, Row, parse};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use time::OffsetDateTime;

/// Rows reach the disk at least so often.
const SYNC: Duration = Duration::from_secs(1);
const TIMINGS_HEADER: &str = "strategy,trials,wall_s";

/// An open run.
pub struct Store {
    folder: PathBuf,
    /// Held for as long as the run is open.
    _lock: File,
    names: Vec<String>,
    rows: BTreeMap<(usize, u64), Row>,
    file: File,
    pending: String,
    /// The file's rows are not in order.
    disordered: bool,
    synced: Instant,
    /// Noted for each strategy, by this process and those before.
    times: BTreeMap<String, Duration>,
}

/// Which blocks of a campaign a run holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    pub index: u64,
    /// Of so many.
    pub of: u64,
}

impl Shard {
    /// Whether a block is its.
    pub fn holds(self, block: u64) -> bool {
        block % self.of == self.index - 1
    }
}

impl Store {
    /// A new run of a campaign in a new folder under `root`.
    ///
    /// # Errors
    /// [`Failure::Io`].
    pub fn create(root: &Path, campaign: &Campaign, shard: Option<Shard>) -> Result<Self, Failure> {
        let parent = root.join(&campaign.script.name);
        fs::create_dir_all(&parent).map_err(|error| failed("creating", &parent, error))?;
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
        let environment = json!({
            "id": campaign.id.to_string(),
            "semantics": SEMANTICS,
            "version": env!("CARGO_PKG_VERSION"),
            "created": stamp(),
            "os": std::env::consts::OS,
            "arch": std::env::consts::ARCH,
            "shard": shard.map(|Shard { index, of }| format!("{index}/{of}")),
        });
        replace(&folder.join("env.json"), &format!("{environment:#}\n"))?;
        replace(&folder.join("counts.csv"), &format!("{HEADER}\n"))?;
        replace(&folder.join("timings.csv"), &format!("{TIMINGS_HEADER}\n"))?;
        let store = Self::open(&folder, campaign)?;
        store.point_latest(root)?;
        Ok(store)
    }

    /// A run to go on with.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a folder of another campaign, one in use, or a file of counts that is not one; [`Failure::Io`].
    pub fn open(folder: &Path, campaign: &Campaign) -> Result<Self, Failure> {
        let foreign = |what: String| Failure::Usage(format!("{}: {what}", files::name(folder)));
        let environment = environment(folder)?;
        let id = campaign.id.to_string();
        if environment["id"] != json!(id) {
            let theirs = environment["id"].as_str().unwrap_or("?").get(..8).unwrap_or("?");
            let ours = campaign.id.short();
            return Err(foreign(format!(
                "a run of another campaign ({theirs}, and this is {ours}): protocol, strategies, seed, fidelity, model or data differ"
            )));
        }
        let lock = lock(folder)?;
        let names: Vec<String> = campaign.entries.iter().flat_map(super::campaign::Entry::counters).collect();
        let path = folder.join("counts.csv");
        let text =
            String::from_utf8(files::read(&path, MAX_BYTES)?).map_err(|_| foreign("counts.csv is not text".into()))?;
        let rows = parse(&text, &names).map_err(|error| foreign(format!("counts.csv: {error}")))?;
        let rows = rows.into_iter().map(|row| ((row.counter, row.trials.start), row)).collect();
        let script = campaign.script.to_yaml().map_err(|error| Failure::Bug(error.to_string()))?;
        replace(&folder.join("script.yaml"), &script)?;
        let times = times(folder)?;
        let file = append_to(&path)?;
        let mut store = Self {
            folder: folder.to_path_buf(),
            _lock: lock,
            names,
            rows,
            file,
            pending: String::new(),
            disordered: false,
            synced: now(),
            times,
        };
        store.drop_cut_blocks(campaign);
        if store.canonical() != text {
            store.rewrite()?;
        }
        Ok(store)
    }

    /// A last block cut at an earlier maximum is counted again.
    fn drop_cut_blocks(&mut self, campaign: &Campaign) {
        let maxima = campaign.entries.iter().flat_map(|entry| entry.counters().into_iter().map(|_| entry.max));
        let maxima: Vec<u64> = maxima.collect();
        self.rows.retain(|(counter, lo), row| {
            let whole = row.trials.end % BLOCK == 0 || row.trials.end == maxima[*counter];
            lo % BLOCK == 0 && row.trials.end - lo <= BLOCK && whole
        });
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The counts of a block that was counted before.
    pub fn block(&self, counter: usize, block: u64) -> Option<&Counts> {
        self.rows.get(&(counter, block * BLOCK)).map(|row| &row.counts)
    }

    /// The end of the last trial of a counter.
    pub fn highest(&self, counter: usize) -> Option<u64> {
        self.rows.range((counter, 0)..(counter + 1, 0)).next_back().map(|(_, row)| row.trials.end)
    }

    /// Trials that this run and another both hold, if there are any.
    pub fn overlap(&self, other: &Self) -> Option<String> {
        let (_, row) = self.rows.iter().find(|(key, _)| other.rows.contains_key(key))?;
        Some(format!("{}..{} of {}", row.trials.start, row.trials.end, self.names[row.counter]))
    }

    /// The blocks of a range of counters that were counted.
    pub fn blocks(&self, counters: std::ops::Range<usize>) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.rows.range((counters.start, 0)..(counters.end, 0)).map(|((counter, lo), _)| (*counter, lo / BLOCK))
    }

    /// The rows of all blocks, in order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    /// Time noted for one strategy, or for all, by this process and those before.
    pub fn time_noted(&self, name: Option<&str>) -> Duration {
        self.times.iter().filter(|(known, _)| name.is_none_or(|name| name == *known)).map(|(_, time)| *time).sum()
    }

    /// Takes a row; it reaches the disk within a second of later rows, or at [`Store::sync`].
    ///
    /// # Errors
    /// [`Failure::Io`].
    pub fn append(&mut self, row: Row) -> Result<(), Failure> {
        let key = (row.counter, row.trials.start);
        self.disordered |= self.rows.range(key..).next().is_some();
        self.pending += &row.line(&self.names);
        self.rows.insert(key, row);
        if self.synced.elapsed() >= SYNC { self.sync() } else { Ok(()) }
    }

    /// Puts all rows on the disk.
    ///
    /// # Errors
    /// [`Failure::Io`].
    pub fn sync(&mut self) -> Result<(), Failure> {
        self.synced = now();
        if self.pending.is_empty() {
            return Ok(());
        }
        let written = self.file.write_all(self.pending.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| failed("writing", &self.folder.join("counts.csv"), error))?;
        self.pending.clear();
        Ok(())
    }

    /// Puts all rows on the disk, in order.
    ///
    /// # Errors
    /// [`Failure::Io`].
    pub fn settle(&mut self) -> Result<(), Failure> {
        self.sync()?;
        if std::mem::take(&mut self.disordered) { self.rewrite() } else { Ok(()) }
    }

    /// Notes the time spent on a strategy.
    ///
    /// # Errors
    /// [`Failure::Io`].
    pub fn note_time(&mut self, name: &str, trials: u64, time: Duration) -> Result<(), Failure> {
        *self.times.entry(name.into()).or_default() += time;
        let path = self.folder.join("timings.csv");
        let line = format!("{name},{trials},{:.3}\n", time.as_secs_f64());
        append_to(&path)?.write_all(line.as_bytes()).map_err(|error| failed("writing", &path, error))
    }

    /// Writes a file of the run, whole.
    ///
    /// # Errors
    /// [`Failure::Io`].
    pub fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| failed("creating", parent, error))?;
        }
        replace(&path, text)
    }

    fn canonical(&self) -> String {
        let rows = self.rows.values().map(|row| row.line(&self.names));
        std::iter::once(format!("{HEADER}\n")).chain(rows).collect()
    }

    fn rewrite(&mut self) -> Result<(), Failure> {
        let path = self.folder.join("counts.csv");
        replace(&path, &self.canonical())?;
        self.file = append_to(&path)?;
        Ok(())
    }

    /// `root/latest` names this run, from now on.
    fn point_latest(&self, root: &Path) -> Result<(), Failure> {
        let target = self.folder.strip_prefix(root).unwrap_or(&self.folder);
        let (latest, fresh) = (root.join("latest"), root.join(format!(".latest-{}", std::process::id())));
        let link = std::os::unix::fs::symlink(target, &fresh).and_then(|()| fs::rename(&fresh, &latest));
        link.map_err(|error| failed("replacing", &latest, error))
    }
}

/// What `env.json` says of a run.
///
/// # Errors
/// [`Failure::Usage`] where it is none, [`Failure::Io`].
pub fn environment(folder: &Path) -> Result<Value, Failure> {
    let bytes = files::read(&folder.join("env.json"), 1 << 20)?;
    serde_json::from_slice(&bytes)
        .map_err(|_| Failure::Usage(format!("{}: not the folder of a run", files::name(folder))))
}

fn lock(folder: &Path) -> Result<File, Failure> {
    let path = folder.join("env.json");
    let file = File::open(&path).map_err(|error| failed("opening", &path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::Usage(format!("{}: another process is working on this run", files::name(folder))))
        }
        Err(TryLockError::Error(error)) => Err(failed("locking", &path, error)),
    }
}

/// The sums of `timings.csv` by strategy; lines that are torn or foreign count nothing.
fn times(folder: &Path) -> Result<BTreeMap<String, Duration>, Failure> {
    let text = files::read(&folder.join("timings.csv"), MAX_BYTES)?;
    let mut times: BTreeMap<String, Duration> = BTreeMap::new();
    for line in String::from_utf8_lossy(&text).lines() {
        let mut fields = line.split(',');
        let (name, seconds) = (fields.next(), fields.nth(1).and_then(|seconds| seconds.parse::<f64>().ok()));
        if let (Some(name), Some(Ok(time))) = (name, seconds.map(Duration::try_from_secs_f64)) {
            *times.entry(name.into()).or_default() += time;
        }
    }
    Ok(times)
}

fn append_to(path: &Path) -> Result<File, Failure> {
    OpenOptions::new().append(true).create(true).open(path).map_err(|error| failed("opening", path, error))
}

/// Writes beside, syncs, and renames over: a reader sees the old file or the new one.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let fresh = path.with_extension("new");
    let written = File::create(&fresh).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&fresh, path)).map_err(|error| failed("writing", path, error))
}

fn failed(doing: &str, path: &Path, error: io::Error) -> Failure {
    Failure::Io(format!("{doing} {}", files::name(path)), error)
}

/// The time in UTC, to the second.
fn stamp() -> String {
    let now = OffsetDateTime::now_utc();
    let (date, [h, m, s]) = (now.date(), [now.hour(), now.minute(), now.second()]);
    format!("{}{:02}{:02}T{h:02}{m:02}{s:02}Z", date.year(), u8::from(date.month()), date.day())
}

/// The wall clock of progress and syncs: it decides no trial.
#[expect(clippy::disallowed_methods, reason = "the one place that asks")]
pub fn now() -> Instant {
    Instant::now()
}
