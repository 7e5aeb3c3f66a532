//! A campaign: strategies, what is claimed of them, and the trials that decide.

pub mod claims;
pub mod games;
pub mod identity;
pub mod load;
pub mod run;
pub mod schedule;
pub mod turns;
pub mod verdict;

use crate::models::Warning;
use crate::simulate::conditional::{Conditional, Stage};
use crate::simulate::{
    Counts, Fidelity, Ideal, Parties, Plain, Real, Server, SlotRecord, Trace, Trial, Unspecified, World, play,
};
use claims::Claims;
use fusion_2pc::session::Grouping;
use fusion_2pc::wire::meter::Tally;
use fusion_adversaries::rate::Case;
use fusion_adversaries::script::{Fidelity as Depth, Script, SessionsSection};
use fusion_adversaries::strategy::{Act, Move, Strategy, View};
use fusion_spec::evidence::Tolerance;
use rug::Rational;
use std::ops::Range;

/// Trials of one row of counts: fewer where a trial takes long.
pub const fn block_trials(depth: Depth) -> u64 {
    match depth {
        Depth::Plain | Depth::Ideal => 1024,
        Depth::Real => 16,
    }
}

/// What rows of counts are of: a strategy, or a stage of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Its name.
    pub name: String,
    /// Trials of a row but the last.
    pub block: u64,
}

/// Everything that a campaign needs to run.
pub struct Campaign {
    /// With every default, flag and `auto` put in.
    pub script: Script,
    /// What the server knows of a first session.
    pub view: View,
    /// `None` where every strategy is `plain`.
    pub world: Option<World>,
    /// Set up; `None` where no strategy is `real`.
    pub parties: Option<Parties>,
    /// What decides a trial.
    pub id: identity::Id,
    /// In script order, the honest control first.
    pub entries: Vec<Entry>,
    /// The error probability of each clause, and of each test of an event.
    pub alpha: Rational,
    /// What its models lose in fixed point without an error.
    pub warnings: Vec<Warning>,
}

impl Campaign {
    /// A run never shrinks: what was counted beyond a smaller maximum counts. `highest`: the end of a counter's last trial.
    pub fn keep(&mut self, highest: impl Fn(usize) -> Option<u64>) {
        let mut counter = 0;
        for entry in &mut self.entries {
            let counters = entry.counters().len();
            let most = (counter..counter + counters).filter_map(&highest).max();
            entry.max = entry.max.max(most.unwrap_or_default());
            counter += counters;
        }
    }
}

/// One strategy.
pub struct Entry {
    /// Its name.
    pub name: String,
    /// How much of a session is simulated.
    pub depth: Depth,
    /// What it does.
    pub strategy: Box<dyn Strategy>,
    /// More than one session.
    pub sessions: Option<SessionsSection>,
    /// Most trials.
    pub max: u64,
    /// Most seconds.
    pub wall: Option<u64>,
    /// What is claimed.
    pub claims: Claims,
    /// How near a pass must be.
    pub tolerance: Tolerance,
    /// Stage by stage, where it is not counted.
    pub stages: Vec<Stage>,
}

impl Entry {
    /// What its rows of counts are of: itself, or one for each stage.
    pub fn counters(&self) -> Vec<Counter> {
        let names = match &self.stages[..] {
            [] => vec![self.name.clone()],
            stages => stages.iter().map(|stage| format!("{}/{}", self.name, stage.name())).collect(),
        };
        names.into_iter().map(|name| Counter { name, block: self.block() }).collect()
    }

    /// Trials of a block.
    pub fn block(&self) -> u64 {
        block_trials(self.depth)
    }

    /// Blocks of trials up to its most.
    pub fn blocks(&self) -> u64 {
        self.max.div_ceil(self.block())
    }

    /// The trials of a block.
    pub fn trials(&self, block: u64) -> Range<u64> {
        block * self.block()..(block + 1).saturating_mul(self.block()).min(self.max)
    }
}

/// Slots share ciphertexts, but where a strategy puts another model on some of them: a ciphertext meets one model.
pub fn grouping(entry: &Entry, view: &View) -> Grouping {
    let strategy = &*entry.strategy;
    let swaps = |m: &Move| matches!(m.act, Act::Model(_));
    let conditional = |m: &Move| swaps(m) && m.when.is_some();
    let everywhere = |cases: Vec<Case>| cases.iter().all(|case| [0, view.slots.into()].contains(&case.slots));
    let alike = !strategy.moves().iter().any(conditional) && strategy.cases(view).is_some_and(everywhere);
    if alike || !strategy.moves().iter().any(swaps) { Grouping::Chunk } else { Grouping::Slot }
}

/// A session that was played again.
pub struct Session {
    /// How it ended; an error where its client departs from the specification.
    pub trial: Trial,
    /// Its slots.
    pub slots: Vec<SlotRecord>,
    /// At `real`, what each step sent, client first.
    pub steps: Vec<(String, [Tally; 2])>,
    /// How many events its client logged, if the specification has them all; `None` of what is no inference.
    pub events: Option<Result<usize, Unspecified>>,
}

impl Session {
    fn new(trial: Trial, trace: Option<Trace>, slots: Vec<SlotRecord>, steps: Vec<(String, [Tally; 2])>) -> Self {
        let events = trace.map(|trace| trace.check(trial.outcome).map(|()| trace.log.len()));
        let trial = if matches!(events, Some(Err(_))) { Trial { outcome: None, ..trial } } else { trial };
        Self { trial, slots, steps, events }
    }
}

/// One thread's memory for the trials of an entry.
pub enum Player<'c> {
    /// Positions.
    Plain(Box<Plain>, Server<'c>),
    /// Answers.
    Ideal(Box<Ideal<'c>>, Server<'c>),
    /// Answers, by two parties.
    Real(Box<Real<'c>>, Server<'c>),
    /// Stages.
    Conditional(Box<Conditional>, Server<'c>, &'c [Stage]),
}

impl<'c> Player<'c> {
    /// Memory for an entry.
    pub fn new(campaign: &'c Campaign, entry: &'c Entry) -> Self {
        let seed = campaign.script.trials.seed;
        let server = Server::new(&entry.name, seed, &*entry.strategy).with_sessions(entry.sessions);
        let view = &campaign.view;
        if !entry.stages.is_empty() {
            let k = entry.strategy.size(view).unwrap_or_default();
            return Self::Conditional(Box::new(Conditional::new(view, k)), server, &entry.stages);
        }
        match (entry.depth, &campaign.world) {
            (Depth::Ideal, Some(world)) => Self::Ideal(Box::new(Ideal::new(view, world)), server),
            (Depth::Real, Some(world)) if let Some(parties) = &campaign.parties => {
                Self::Real(Box::new(Real::new(view, world, parties, grouping(entry, view))), server)
            }
            _ => Self::Plain(Box::new(Plain::new(view, &*entry.strategy)), server),
        }
    }

    /// Plays trials of one of the entry's counters.
    pub fn play(&mut self, counter: usize, trials: Range<u64>) -> Counts {
        match self {
            Self::Plain(plain, server) => play(&mut **plain, server, trials),
            Self::Ideal(ideal, server) => play(&mut **ideal, server, trials),
            Self::Real(real, server) => play(&mut **real, server, trials),
            Self::Conditional(memory, server, stages) => {
                let index = u32::try_from(counter).unwrap_or(u32::MAX);
                memory.play(stages[counter], index, server, trials)
            }
        }
    }

    /// One trial again, with the slots of each of its sessions: the touched ones at `plain`, all at `ideal`, the named ones of the
    /// linking game. `None` of a stage.
    pub fn replay(&mut self, number: u64) -> Option<(Trial, Vec<Session>)> {
        let mut sessions: Vec<Session> = Vec::new();
        let mut keep = |session: Session| {
            let trial = session.trial;
            sessions.push(session);
            trial
        };
        let trial = match self {
            Self::Plain(plain, server) => plain.trial_of(server, |plain, session| {
                let (trial, trace) = plain.traced(server, number, session);
                // A trial that is only counted stops drawing once it is lost, and does not know E_B.
                let (events, slots) = plain.records(server, number, session);
                keep(Session::new(Trial { events, ..trial }, trace, slots, Vec::new()))
            }),
            Self::Ideal(ideal, server) => ideal.trial_of(server, |ideal, session| {
                let (trial, trace) = ideal.traced(server, number, session);
                keep(Session::new(trial, trace, ideal.records(), Vec::new()))
            }),
            Self::Real(real, server) => real.trial_of(server, |real, session| {
                let (trial, trace) = real.traced(server, number, session);
                let steps = real.inference().metered.steps();
                keep(Session::new(trial, trace, real.records(), steps))
            }),
            Self::Conditional(..) => return None,
        };
        let events = sessions.first()?.trial.events;
        Some((Trial { events, ..trial }, sessions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_adversaries::behaviour::Scripted;

    #[test]
    fn the_last_block_ends_at_the_most_trials() {
        let entry = |depth, max| Entry {
            name: "honest".into(),
            depth,
            strategy: Box::new(Scripted::honest()),
            sessions: None,
            max,
            wall: None,
            claims: Claims::default(),
            tolerance: Tolerance { relative: Rational::new(), absolute: Rational::new() },
            stages: Vec::new(),
        };
        for (depth, max, blocks) in [
            (Depth::Plain, 2000, vec![0..1024, 1024..2000]),
            (Depth::Ideal, 1030, vec![0..1024, 1024..1030]),
            (Depth::Real, 32, vec![0..16, 16..32]),
            (Depth::Real, 40, vec![0..16, 16..32, 32..40]),
            (Depth::Real, 0, vec![]),
        ] {
            let entry = entry(depth, max);
            let cut: Vec<Range<u64>> = (0..entry.blocks()).map(|block| entry.trials(block)).collect();
            assert_eq!(cut, blocks, "{depth:?}");
        }
    }
}
