//! Plays a strategy: worker threads count blocks, and one collector takes them in the order of the schedule, stores them, and
//! decides at checkpoints. It makes no difference which thread counts which block.

use super::entry::{Campaign, Entry};
use super::player::Player;
use super::schedule::{Schedule, ScheduleStep};
use super::shard::Shard;
use super::verdict::Standing;
use crate::clock::now;
use crate::failure::Failure;
use crate::simulate::{Counts, EarlyEnd};
use crate::store::counts::CountsRow;
use crate::store::{HeldRun, Store};
use fusion_adversaries::script::Fidelity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the collector waits before it checks the clock and interruptions.
const TICK: Duration = Duration::from_millis(100);

/// Returns the number of worker threads by default: one for each core that this process may use, or one where the system does not tell.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The options with which a campaign is played.
pub struct Options {
    /// The number of worker threads.
    pub threads: usize,
    /// The share of the blocks that this run plays; `None` for all of them.
    pub shard: Option<Shard>,
    /// A flag that stops the campaign when it is set from outside.
    pub interrupted: Arc<AtomicBool>,
}

/// Why a strategy's trials ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoppedBy {
    /// Every clause of the strategy is decided.
    Decided,
    /// The largest number of trials is reached.
    Max,
    /// The time limit of the strategy or the campaign is reached.
    Wall,
    /// The user interrupted the campaign.
    Interrupted,
}

impl StoppedBy {
    /// Returns the word that results use.
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
    /// What the counts say of the claims, as of the last checkpoint.
    pub standing: Standing,
    /// Why the trials ended.
    pub stopped_by: StoppedBy,
}

/// An observer of a campaign while it is played.
pub trait Observer {
    /// Called from time to time with the number of trials of the entry so far.
    fn progress(&mut self, entry: &Entry, trials: u64);
    /// Called at every checkpoint that follows new trials, and at the one that decides.
    ///
    /// # Errors
    /// [`Failure`] where the observer cannot go on, which ends the campaign.
    fn checkpoint(&mut self, entry: &Entry, standing: &Standing) -> Result<(), Failure>;
    /// Called when a signal has stopped the campaign, while the trials in hand are finished.
    fn interrupted(&mut self);
    /// Called when the entry's turn is over, or the entry has been played to its end.
    fn over(&mut self);
}

/// The signals that tell workers to stop.
#[derive(Default)]
struct Bell {
    /// Tells workers to finish the blocks in hand and to take no other.
    last_call: AtomicBool,
    /// Tells workers to finish the trials in hand and to stop.
    over: AtomicBool,
}

/// Returns the index of an entry's first counter among all counters of the campaign.
pub fn first_counter(campaign: &Campaign, index: usize) -> usize {
    campaign.entries[..index].iter().map(|entry| entry.counters().len()).sum()
}

/// Plays one entry, from what the store already has to a decision or a limit. Returns `None` if its `turn` ends first: blocks in
/// hand are then waited for, for at most the length of the turn again.
///
/// # Errors
/// [`Failure::Io`] if the store cannot be written; [`Failure::Bug`] if a worker died; the observer's failure.
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
            ScheduleStep::Block { counter, block } if wanted(counter, block) => Some((counter, block)),
            ScheduleStep::Block { .. } | ScheduleStep::Checkpoint(_) => None,
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
        let threads = if collector.limit().is_some() { 0 } else { campaign.side_by_side(entry, options.threads) };
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

/// Counts blocks on one worker thread until there are none left, or nobody listens.
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

/// Returns how many trials a worker plays between two checks of whether to stop: one at a time where a trial may take long.
fn piece(entry: &Entry, slots: u32) -> u64 {
    match entry.depth {
        // A stage prepares itself at every call.
        _ if !entry.stages.is_empty() => entry.block,
        Fidelity::Plain | Fidelity::Ideal if slots < 1 << 16 => 8,
        Fidelity::Plain | Fidelity::Ideal | Fidelity::Real => 1,
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
    /// The length of the turn; `None` where the entry is played to its end.
    turn: Option<Duration>,
    began: Instant,
    /// The blocks that were counted ahead of their turn.
    early: BTreeMap<(usize, u64), Counts>,
    /// The counts so far, by counter.
    counts: Vec<Counts>,
    /// When time was last noted, and how many trials were counted since.
    noted: (Instant, u64),
    /// Whether a block had to be counted, because the store did not have it.
    worked: bool,
}

impl Collector<'_> {
    fn collect(&mut self, schedule: Schedule, observer: &mut impl Observer) -> Result<Option<Finished>, Failure> {
        let mut standing = Standing::new(self.campaign, self.entry, self.counts.clone());
        let mut stopped_by = Some(StoppedBy::Max);
        for step in schedule {
            match step {
                ScheduleStep::Block { block, .. } if self.options.shard.is_some_and(|shard| !shard.holds(block)) => {}
                ScheduleStep::Block { counter, block } => match self.block(counter, block, observer)? {
                    Ok(counts) => self.counts[counter] += counts,
                    Err(stop) => {
                        stopped_by = stop;
                        break;
                    }
                },
                // A share is no prefix: nothing can be decided.
                ScheduleStep::Checkpoint(_) if self.options.shard.is_some() => {}
                ScheduleStep::Checkpoint(_) => {
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

    /// Returns the counts of a block, stored before or counted now. The inner error says why there are none; it is `None` if the
    /// turn is over.
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
                let row = CountsRow { counter: self.first + counter, trials: self.entry.trials(block), counts };
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

    /// Returns whether the campaign is interrupted or out of time, where the time of every continuation counts.
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

    /// Notes the time since the last note, which counts whether or not a block was finished in it.
    fn note_time(&mut self) -> Result<(), Failure> {
        let (since, trials) = std::mem::replace(&mut self.noted, (now(), 0));
        if self.worked { self.store.note_time(&self.entry.name, trials, since.elapsed()) } else { Ok(()) }
    }
}

/// Returns the rows of several runs up to each entry's decision, or up to its largest number of trials. If an error lies beyond
/// the decision, it is kept with all rows before it. Runs may be of several versions: where the oldest did not tell failed proofs from malformed messages, no row does.
///
/// # Errors
/// [`Failure::Usage`] if some trials are in no run.
pub fn decided_rows(campaign: &Campaign, runs: &[HeldRun]) -> Result<Vec<CountsRow>, Failure> {
    let mut rows = Vec::new();
    for (index, entry) in campaign.entries.iter().enumerate() {
        let first = first_counter(campaign, index);
        let counters = entry.counters();
        let mut counts = vec![Counts::default(); counters.len()];
        let last_error = runs.iter().filter_map(|run| run.last_error(first..first + counters.len())).max();
        for step in Schedule::new(counters.len(), entry.blocks()) {
            match step {
                ScheduleStep::Block { counter, block } => {
                    let trials = entry.trials(block);
                    let found = runs.iter().find_map(|run| run.counts(first + counter, &trials));
                    let found = *found.ok_or_else(|| {
                        let name = &counters[counter].name;
                        Failure::Usage(format!("no shard holds the trials {}..{} of {name}", trials.start, trials.end))
                    })?;
                    let found = match campaign.failed_proof() {
                        EarlyEnd::Malformed => found.with_failed_proofs_as_malformed(),
                        _ => found,
                    };
                    counts[counter] += found;
                    rows.push(CountsRow { counter: first + counter, trials, counts: found });
                }
                ScheduleStep::Checkpoint(reached) if last_error.is_some_and(|block| block >= reached) => {}
                ScheduleStep::Checkpoint(_) if Standing::new(campaign, entry, counts.clone()).is_decided() => break,
                ScheduleStep::Checkpoint(_) => {}
            }
        }
    }
    Ok(rows)
}
