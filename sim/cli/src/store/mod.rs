//! A run's folder: `runs/<name>/<utc>-<id8>/`. What was counted is never lost: rows are appended and synced, files replaced
//! whole, and a second process on the same folder is turned away.

pub mod counts;

use crate::campaign::identity::SEMANTICS;
use crate::campaign::{Campaign, Counter, Entry};
use crate::failure::Failure;
use crate::files::{self, MAX_BYTES};
use crate::simulate::Counts;
use counts::{HEADER, Row, parse};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};
use time::OffsetDateTime;

/// Rows reach the disk at least so often.
const SYNC: Duration = Duration::from_secs(1);
const TIMINGS_HEADER: &str = "strategy,trials,wall_s";
/// What the rows say, once all of them are there.
pub const RESULT: &str = "result.json";
/// The page of a finished run.
pub const REPORT: &str = "report.html";
/// The link to the last run.
const LATEST: &str = "latest";

/// By counter and first trial.
type Rows = BTreeMap<(usize, u64), Row>;

/// An open run.
pub struct Store {
    folder: PathBuf,
    /// Held for as long as the run is open.
    _lock: File,
    counters: Vec<Counter>,
    rows: Rows,
    shard: Option<Shard>,
    file: File,
    /// Rows were written, and may not be on the disk.
    dirty: bool,
    /// The file's rows are not in order.
    disordered: bool,
    /// There is a result, of the rows as they were.
    concluded: bool,
    synced: Instant,
    /// Noted for each strategy, by this process and those before.
    times: BTreeMap<String, Duration>,
}

/// Which blocks of a campaign a run holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (index, of) = text.split_once('/').ok_or(())?;
        let shard = Self { index: index.parse().map_err(drop)?, of: of.parse().map_err(drop)? };
        if (1..=shard.of).contains(&shard.index) { Ok(shard) } else { Err(()) }
    }
}

impl Store {
    /// A new run of a campaign in a new folder under `root`.
    ///
    /// # Errors
    /// [`Failure::Usage`] where `root` cannot hold runs, before anything is written; [`Failure::Io`].
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
        let environment = json!({
            "id": campaign.id.to_string(),
            "semantics": SEMANTICS,
            "version": env!("CARGO_PKG_VERSION"),
            "commit": Some(env!("SIM_COMMIT")).filter(|commit| !commit.is_empty()),
            "created": stamp(),
            "os": std::env::consts::OS,
            "arch": std::env::consts::ARCH,
            "shard": shard.map(|shard| shard.to_string()),
        });
        replace(&folder.join("script.yaml"), &script(campaign)?)?;
        replace(&folder.join("counts.csv"), &format!("{HEADER}\n"))?;
        replace(&folder.join("timings.csv"), &format!("{TIMINGS_HEADER}\n"))?;
        // Last: it makes the folder a run, and a run can be gone on with.
        replace(&folder.join("env.json"), &format!("{environment:#}\n"))?;
        for made in [&parent, root] {
            sync_folder(made)?;
        }
        let store = Self::open(&folder, campaign)?;
        store.point_latest(root)?;
        Ok(store)
    }

    /// A run to go on with.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a folder of another campaign, one in use, or a file of counts that is not one; [`Failure::Io`].
    pub fn open(folder: &Path, campaign: &Campaign) -> Result<Self, Failure> {
        let Held { lock, shard, counters, rows, text } = hold(folder, campaign)?;
        replace(&folder.join("script.yaml"), &script(campaign)?)?;
        let mut store = Self {
            folder: folder.to_path_buf(),
            _lock: lock,
            shard,
            counters,
            rows,
            file: append_to(&folder.join("counts.csv"))?,
            dirty: false,
            disordered: false,
            concluded: folder.join(RESULT).exists(),
            synced: now(),
            times: times(folder)?,
        };
        if store.canonical() != text {
            store.rewrite()?;
        }
        Ok(store)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The counts of a block that was counted before.
    pub fn block(&self, counter: usize, block: u64) -> Option<&Counts> {
        self.rows.get(&(counter, block * self.counters[counter].block)).map(|row| &row.counts)
    }

    /// The share of the campaign that it holds; `None` for a whole run.
    pub fn shard(&self) -> Option<Shard> {
        self.shard
    }

    /// The end of the last trial of a counter.
    pub fn highest(&self, counter: usize) -> Option<u64> {
        highest(&self.rows, counter)
    }

    /// The blocks of a range of counters that were counted.
    pub fn blocks(&self, counters: Range<usize>) -> impl Iterator<Item = (usize, u64)> + '_ {
        let rows = self.rows.range((counters.start, 0)..(counters.end, 0));
        rows.map(|((counter, lo), _)| (*counter, lo / self.counters[*counter].block))
    }

    /// All that was counted of a range of counters.
    pub fn totals(&self, counters: Range<usize>) -> Vec<Counts> {
        let rows = |counter| self.rows.range((counter, 0)..(counter + 1, 0)).map(|(_, row)| row.counts);
        counters
            .map(|counter| {
                rows(counter).fold(Counts::default(), |mut sum, counts| {
                    sum += counts;
                    sum
                })
            })
            .collect()
    }

    /// The rows of all blocks, in order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    /// Time noted for one strategy, or for all, by this process and those before.
    pub fn time_noted(&self, name: Option<&str>) -> Duration {
        self.times.iter().filter(|(known, _)| name.is_none_or(|name| name == *known)).map(|(_, time)| *time).sum()
    }

    /// Removes the verdict of a run that goes on, and the page that shows it.
    fn retract(&self) -> Result<(), Failure> {
        for path in [RESULT, REPORT].map(|name| self.folder.join(name)) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("removing", &path, error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes a row; it outlives this process at once, and the machine from [`Store::sync`] on, or a [`Store::tick`] a second later.
    ///
    /// # Errors
    /// [`Failure::Io`].
    pub fn append(&mut self, row: Row) -> Result<(), Failure> {
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

    /// Puts rows that have waited for a second on the disk.
    ///
    /// # Errors
    /// [`Failure::Io`].
    pub fn tick(&mut self) -> Result<(), Failure> {
        if self.synced.elapsed() >= SYNC { self.sync() } else { Ok(()) }
    }

    /// Puts all rows on the disk.
    ///
    /// # Errors
    /// [`Failure::Io`].
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
    /// [`Failure::Io`].
    pub fn settle(&mut self) -> Result<(), Failure> {
        self.sync()?;
        if std::mem::take(&mut self.disordered) { self.rewrite() } else { Ok(()) }
    }

    /// Notes the time spent on a strategy, in milliseconds begun.
    ///
    /// # Errors
    /// [`Failure::Io`].
    pub fn note_time(&mut self, name: &str, trials: u64, time: Duration) -> Result<(), Failure> {
        let time = Duration::from_micros(u64::try_from(time.as_micros()).unwrap_or(u64::MAX).next_multiple_of(1000));
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

    /// `root/latest` names this run, from now on. The link is made beside and renamed: there is one at every moment.
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

/// A run that is locked and read; nothing is written yet.
pub struct Held {
    /// Held for as long as this is.
    lock: File,
    /// What it holds of the campaign; `None` for all.
    pub shard: Option<Shard>,
    counters: Vec<Counter>,
    rows: Rows,
    /// `counts.csv` as it stands.
    text: String,
}

impl Held {
    /// The counts of these trials.
    pub fn counts(&self, counter: usize, trials: &Range<u64>) -> Option<&Counts> {
        self.rows.get(&(counter, trials.start)).filter(|row| row.trials == *trials).map(|row| &row.counts)
    }

    /// The end of the last trial of a counter.
    pub fn highest(&self, counter: usize) -> Option<u64> {
        highest(&self.rows, counter)
    }

    /// The last block of a range of counters that has an error.
    pub fn last_error(&self, counters: Range<usize>) -> Option<u64> {
        let rows = self.rows.range((counters.start, 0)..(counters.end, 0));
        let wrong = rows.filter(|(_, row)| row.counts.error > 0);
        wrong.map(|((counter, lo), _)| lo / self.counters[*counter].block).max()
    }
}

/// Locks and reads a run of a campaign.
///
/// # Errors
/// [`Failure::Usage`] for a folder of another campaign, one in use, or a file of counts that is not one; [`Failure::Io`].
pub fn hold(folder: &Path, campaign: &Campaign) -> Result<Held, Failure> {
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
    let shard: Option<Shard> = match &environment["shard"] {
        Value::Null => None,
        value => {
            let shard = value.as_str().and_then(|text| text.parse().ok());
            Some(shard.ok_or_else(|| foreign(format!("env.json: {value} is no shard")))?)
        }
    };
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
    Ok(Held { lock, shard, counters, rows, text })
}

/// A last block cut at an earlier, smaller maximum is counted again. One cut at a larger maximum than is asked for now is kept:
/// a run never shrinks.
fn drop_cut_blocks(rows: &mut Rows, campaign: &Campaign) {
    let mut counter = 0;
    for entry in &campaign.entries {
        let counters = counter..counter + entry.counters().len();
        let most = counters.clone().filter_map(|counter| highest(rows, counter)).max().unwrap_or_default();
        let most = most.max(entry.max);
        rows.retain(|(counter, _), row| {
            !counters.contains(counter) || row.trials.end % entry.block() == 0 || row.trials.end == most
        });
        counter = counters.end;
    }
}

fn highest(rows: &Rows, counter: usize) -> Option<u64> {
    rows.range((counter, 0)..(counter + 1, 0)).next_back().map(|(_, row)| row.trials.end)
}

/// With every default, flag and `auto` put in.
fn script(campaign: &Campaign) -> Result<String, Failure> {
    campaign.script.to_yaml().map_err(|error| Failure::Bug(error.to_string()))
}

/// A folder, or nothing yet; and `latest` in it a link, or nothing yet.
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

/// The sums of `timings.csv` by strategy. A line without its end is torn, and cut off: the next would run on from it.
fn times(folder: &Path) -> Result<BTreeMap<String, Duration>, Failure> {
    let path = folder.join("timings.csv");
    let bytes = files::read(&path, MAX_BYTES)?;
    let text = String::from_utf8_lossy(&bytes);
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    if whole.len() < text.len() {
        replace(&path, whole)?;
    }
    let mut times: BTreeMap<String, Duration> = BTreeMap::new();
    for line in whole.lines() {
        // The heading, and what else is no line of ours, counts nothing.
        let [name, _, seconds] = line.split(',').collect::<Vec<_>>()[..] else { continue };
        if let Some(Ok(time)) = seconds.parse().ok().map(Duration::try_from_secs_f64) {
            *times.entry(name.into()).or_default() += time;
        }
    }
    Ok(times)
}

fn append_to(path: &Path) -> Result<File, Failure> {
    OpenOptions::new().append(true).create(true).open(path).map_err(|error| failed("opening", path, error))
}

/// Writes beside, syncs, and renames over: a reader sees the old file or the new one. What says the same is left alone.
///
/// # Errors
/// [`Failure::Io`].
pub fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    if fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    let fresh = path.with_extension("new");
    let written = File::create(&fresh).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    if let Err(error) = written.and_then(|()| fs::rename(&fresh, path)) {
        // Best effort: on a full disk, what is left of it is in the way.
        let _ = fs::remove_file(&fresh);
        return Err(failed("writing", path, error));
    }
    path.parent().map_or(Ok(()), sync_folder)
}

/// Puts the names in a folder on the disk.
fn sync_folder(folder: &Path) -> Result<(), Failure> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder).and_then(|file| file.sync_all()).map_err(|error| failed("syncing", folder, error))
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
