//! Playing a strategy: worker threads count blocks, one collector takes them in the order of the schedule, stores them, and decides
//! at checkpoints. Which thread counts what changes nothing.

use super::entry::{Campaign, Entry};
use super::player::Player;
use super::schedule::{Schedule, Step};
use super::shard::Shard;
use super::verdict::Standing;
use crate::clock::now;
use crate::failure::Failure;
use crate::simulate::Counts;
use crate::store::counts::Row;
use crate::store::{Held, Store};
use fusion_adversaries::script::Fidelity as Depth;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the collector waits before it looks at the clock and at interruptions.
const TICK: Duration = Duration::from_millis(100);

/// How a campaign is played.
pub struct Options {
    /// Worker threads.
    pub threads: usize,
    /// A share of the blocks, up to the maximum.
    pub shard: Option<Shard>,
    /// Set from outside to stop.
    pub interrupted: Arc<AtomicBool>,
}

/// Why a strategy's trials ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoppedBy {
    /// Every clause is decided.
    Decided,
    /// The most trials are done.
    Max,
    /// The time is up.
    Wall,
    /// The user stopped it.
    Interrupted,
}

impl StoppedBy {
    /// As results write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Max => "max",
            Self::Wall => "wall",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A strategy that has been played.
pub struct Finished {
    /// As of the last checkpoint.
    pub standing: Standing,
    /// Why it ended.
    pub stopped_by: StoppedBy,
}

/// What can be watched.
pub trait Observer {
    /// Now and then: trials of the entry so far.
    fn progress(&mut self, entry: &Entry, trials: u64);
    /// At every checkpoint after new trials, and at one that decides.
    ///
    /// # Errors
    /// [`Failure`] where the observer cannot go on, which ends the campaign.
    fn checkpoint(&mut self, entry: &Entry, standing: &Standing) -> Result<(), Failure>;
    /// A signal came; the trials in hand are finished.
    fn interrupted(&mut self);
    /// The entry's turn, or all of it, is over.
    fn over(&mut self);
}

/// How long workers go on.
#[derive(Default)]
struct Bell {
    /// They finish the blocks in hand, and take no other.
    last_call: AtomicBool,
    /// They finish the trials in hand.
    over: AtomicBool,
}

/// Where an entry's counters are among all of the campaign.
pub fn first_counter(campaign: &Campaign, index: usize) -> usize {
    campaign.entries[..index].iter().map(|entry| entry.counters().len()).sum()
}

/// Plays one entry, from what the store has to a decision or a limit. `None` where its `turn` ends before: blocks in hand are
/// waited for, but not for longer than as much time again.
///
/// # Errors
/// [`Failure::Io`] from the store; [`Failure::Bug`] if a worker died.
pub fn play_entry(
    campaign: &Campaign,
    index: usize,
    store: &mut Store,
    options: &Options,
    turn: Option<Duration>,
    observer: &mut impl Observer,
) -> Result<Option<Finished>, Failure> {
    let entry = &campaign.entries[index];
    let first = first_counter(campaign, index);
    let counters = entry.counters().len();
    let present: BTreeSet<(usize, u64)> =
        store.blocks(first..first + counters).map(|(counter, block)| (counter - first, block)).collect();
    let schedule = Schedule::new(counters, entry.blocks());
    let wanted =
        |counter, block| !present.contains(&(counter, block)) && options.shard.is_none_or(|shard| shard.holds(block));
    let jobs = Mutex::new(schedule.clone());
    let bell = &Bell::default();
    let next_job = &|| {
        let mut jobs = jobs.lock().unwrap_or_else(PoisonError::into_inner);
        // Asked under the lock: what is handed out is a prefix of the schedule.
        if bell.last_call.load(Ordering::Relaxed) {
            return None;
        }
        jobs.find_map(|step| match step {
            Step::Block { counter, block } if wanted(counter, block) => Some((counter, block)),
            Step::Block { .. } | Step::Checkpoint(_) => None,
        })
    };
    std::thread::scope(|scope| {
        let (send, results) = sync_channel(2 * options.threads + 8);
        let mut collector = Collector {
            campaign,
            entry,
            first,
            store,
            options,
            results,
            bell,
            turn,
            began: now(),
            early: BTreeMap::new(),
            counts: vec![Counts::default(); counters],
            noted: (now(), 0),
            worked: false,
        };
        let threads = if collector.limit().is_some() { 0 } else { options.threads };
        for _ in 0..threads {
            let send = send.clone();
            scope.spawn(move || work(campaign, entry, next_job, &send, &bell.over));
        }
        drop(send);
        let finished = collector.collect(schedule, observer);
        bell.over.store(true, Ordering::Relaxed);
        observer.over();
        finished
    })
}

/// One worker: counts blocks until there are none, or nobody listens.
fn work(
    campaign: &Campaign,
    entry: &Entry,
    next_job: impl Fn() -> Option<(usize, u64)>,
    send: &SyncSender<((usize, u64), Counts)>,
    over: &AtomicBool,
) {
    let mut player = Player::new(campaign, entry);
    let piece = piece(entry, campaign.view.slots);
    while let Some((counter, block)) = next_job() {
        let mut counts = Counts::default();
        let trials = entry.trials(block);
        let mut rest = trials;
        while !rest.is_empty() {
            if over.load(Ordering::Relaxed) {
                return;
            }
            let end = rest.end.min(rest.start + piece);
            counts += player.play(counter, rest.start..end);
            rest.start = end;
        }
        if send.send(((counter, block), counts)).is_err() {
            return;
        }
    }
}

/// Trials between two looks at whether the work is over: one alone where it may take long.
fn piece(entry: &Entry, slots: u32) -> u64 {
    match entry.depth {
        // A stage prepares itself at every call.
        _ if !entry.stages.is_empty() => entry.block(),
        Depth::Plain | Depth::Ideal if slots < 1 << 16 => 8,
        Depth::Plain | Depth::Ideal | Depth::Real => 1,
    }
}

struct Collector<'a> {
    campaign: &'a Campaign,
    entry: &'a Entry,
    /// The entry's first counter in the store.
    first: usize,
    store: &'a mut Store,
    options: &'a Options,
    results: Receiver<((usize, u64), Counts)>,
    bell: &'a Bell,
    /// So long, if it is not to be played to its end.
    turn: Option<Duration>,
    began: Instant,
    /// Counted ahead of their turn.
    early: BTreeMap<(usize, u64), Counts>,
    /// So far, by counter.
    counts: Vec<Counts>,
    /// When time was last noted, and the trials counted since.
    noted: (Instant, u64),
    /// A block had to be counted.
    worked: bool,
}

impl Collector<'_> {
    fn collect(&mut self, schedule: Schedule, observer: &mut impl Observer) -> Result<Option<Finished>, Failure> {
        let mut standing = Standing::new(self.campaign, self.entry, self.counts.clone());
        let mut stopped_by = Some(StoppedBy::Max);
        for step in schedule {
            match step {
                Step::Block { block, .. } if self.options.shard.is_some_and(|shard| !shard.holds(block)) => {}
                Step::Block { counter, block } => match self.block(counter, block, observer)? {
                    Ok(counts) => self.counts[counter] += counts,
                    Err(stop) => {
                        stopped_by = stop;
                        break;
                    }
                },
                // A share is no prefix: nothing can be decided.
                Step::Checkpoint(_) if self.options.shard.is_some() => {}
                Step::Checkpoint(_) => {
                    standing = Standing::new(self.campaign, self.entry, self.counts.clone());
                    let decided = standing.is_decided();
                    if self.worked || decided {
                        observer.checkpoint(self.entry, &standing)?;
                    }
                    if decided {
                        stopped_by = Some(StoppedBy::Decided);
                        break;
                    }
                }
            }
        }
        self.note_time()?;
        self.store.sync()?;
        if self.options.shard.is_some() {
            standing = Standing::new(self.campaign, self.entry, self.counts.clone());
        }
        // An error counts wherever it was counted: after the last checkpoint, and beyond a decision.
        let stored = self.store.totals(self.first..self.first + self.counts.len());
        if stored.iter().map(|counts| counts.error).sum::<u64>() > standing.errors() {
            standing = Standing::new(self.campaign, self.entry, stored);
        }
        Ok(stopped_by.map(|stopped_by| Finished { standing, stopped_by }))
    }

    /// A block's counts: stored before, or counted now. The inner error is why they are not to be had; `None`: the turn is over.
    fn block(
        &mut self,
        counter: usize,
        block: u64,
        observer: &mut impl Observer,
    ) -> Result<Result<Counts, Option<StoppedBy>>, Failure> {
        if let Some(counts) = self.store.block(self.first + counter, block) {
            return Ok(Ok(*counts));
        }
        self.worked = true;
        loop {
            if let Some(counts) = self.early.remove(&(counter, block)) {
                let row = Row { counter: self.first + counter, trials: self.entry.trials(block), counts };
                self.noted.1 += counts.trials();
                self.store.append(row)?;
                return Ok(Ok(counts));
            }
            if let Some(stop) = self.limit() {
                if stop == StoppedBy::Interrupted {
                    observer.interrupted();
                }
                return Ok(Err(Some(stop)));
            }
            let late = self.turn.is_some_and(|turn| self.began.elapsed() >= 2 * turn);
            if late {
                return Ok(Err(None));
            }
            let called = self.turn.is_some_and(|turn| self.began.elapsed() >= turn);
            self.bell.last_call.store(called, Ordering::Relaxed);
            match self.results.recv_timeout(TICK) {
                Ok((key, counts)) => {
                    self.early.insert(key, counts);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) if called => return Ok(Err(None)),
                Err(RecvTimeoutError::Disconnected) => return Err(Failure::Bug("a worker died".into())),
            }
            self.store.tick()?;
            if self.noted.0.elapsed() >= TICK {
                observer.progress(self.entry, self.counts.iter().map(Counts::trials).sum());
            }
            if self.noted.0.elapsed() >= Duration::from_secs(1) {
                self.note_time()?;
            }
        }
    }

    /// Interrupted, or out of time: every continuation counted.
    fn limit(&self) -> Option<StoppedBy> {
        let own = self.noted.0.elapsed();
        let over = |limit: Option<u64>, before: Duration| {
            limit.is_some_and(|limit| before + own >= Duration::from_secs(limit))
        };
        let campaign = self.campaign.script.trials.wall.map(|wall| wall.0);
        if self.options.interrupted.load(Ordering::Relaxed) {
            return Some(StoppedBy::Interrupted);
        }
        let late = over(campaign, self.store.time_noted(None))
            || over(self.entry.wall, self.store.time_noted(Some(&self.entry.name)));
        late.then_some(StoppedBy::Wall)
    }

    /// Time counts whether or not a block came of it.
    fn note_time(&mut self) -> Result<(), Failure> {
        let (since, trials) = std::mem::replace(&mut self.noted, (now(), 0));
        if self.worked { self.store.note_time(&self.entry.name, trials, since.elapsed()) } else { Ok(()) }
    }
}

/// Of the rows of several runs, those up to each entry's decision, or to its most trials. An error beyond a decision is kept, and
/// all rows before it.
///
/// # Errors
/// [`Failure::Usage`] for trials that no run holds.
pub fn decided_rows(campaign: &Campaign, runs: &[Held]) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for (index, entry) in campaign.entries.iter().enumerate() {
        let first = first_counter(campaign, index);
        let counters = entry.counters();
        let mut counts = vec![Counts::default(); counters.len()];
        let last_error = runs.iter().filter_map(|run| run.last_error(first..first + counters.len())).max();
        for step in Schedule::new(counters.len(), entry.blocks()) {
            match step {
                Step::Block { counter, block } => {
                    let trials = entry.trials(block);
                    let found = runs.iter().find_map(|run| run.counts(first + counter, &trials));
                    let found = *found.ok_or_else(|| {
                        let name = &counters[counter].name;
                        Failure::Usage(format!("no shard holds the trials {}..{} of {name}", trials.start, trials.end))
                    })?;
                    counts[counter] += found;
                    rows.push(Row { counter: first + counter, trials, counts: found });
                }
                Step::Checkpoint(reached) if last_error.is_some_and(|block| block >= reached) => {}
                Step::Checkpoint(_) if Standing::new(campaign, entry, counts.clone()).is_decided() => break,
                Step::Checkpoint(_) => {}
            }
        }
    }
    Ok(rows)
}
