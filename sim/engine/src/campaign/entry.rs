//! A campaign as it is loaded: its strategies with their claims, and how their trials are divided into blocks.

use super::claims::Claims;
use super::identity::Id;
use crate::models::Warning;
use crate::simulate::conditional::Stage;
use crate::simulate::{Parties, World};
use fusion_2pc::session::Grouping;
use fusion_adversaries::law::Case;
use fusion_adversaries::script::{Fidelity, Script, SessionsSection};
use fusion_adversaries::strategy::{Act, Move, Strategy, View};
use fusion_spec::evidence::Tolerance;
use rug::Rational;
use std::ops::Range;

/// Trials of one row of counts: fewer where a trial takes long.
#[must_use]
pub const fn block_trials(depth: Fidelity) -> u64 {
    match depth {
        Fidelity::Plain | Fidelity::Ideal => 1024,
        Fidelity::Real => 16,
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
    pub id: Id,
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
            entry.max = entry.max.max(most.unwrap_or(0));
            counter += counters;
        }
    }
}

/// One strategy.
pub struct Entry {
    /// Its name.
    pub name: String,
    /// How much of a session is simulated.
    pub depth: Fidelity,
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
    #[must_use]
    pub fn counters(&self) -> Vec<Counter> {
        let names = match &self.stages[..] {
            [] => vec![self.name.clone()],
            stages => stages.iter().map(|stage| format!("{}/{}", self.name, stage.name())).collect(),
        };
        names.into_iter().map(|name| Counter { name, block: self.block() }).collect()
    }

    /// Trials of a block.
    #[must_use]
    pub fn block(&self) -> u64 {
        block_trials(self.depth)
    }

    /// Blocks of trials up to its most.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.max.div_ceil(self.block())
    }

    /// The trials of a block.
    #[must_use]
    pub fn trials(&self, block: u64) -> Range<u64> {
        block * self.block()..(block + 1).saturating_mul(self.block()).min(self.max)
    }
}

/// Slots share ciphertexts, but where a strategy puts another model on some of them: a ciphertext meets one model.
#[must_use]
pub fn grouping(entry: &Entry, view: &View) -> Grouping {
    let strategy = &*entry.strategy;
    let swaps = |m: &Move| matches!(m.act, Act::Model(_));
    let conditional = |m: &Move| swaps(m) && m.when.is_some();
    let everywhere = |cases: Vec<Case>| cases.iter().all(|case| [0, view.slots.into()].contains(&case.slots));
    let alike = !strategy.moves().iter().any(conditional) && strategy.cases(view).is_some_and(everywhere);
    if alike || !strategy.moves().iter().any(swaps) { Grouping::Chunk } else { Grouping::Slot }
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
            (Fidelity::Plain, 2000, vec![0..1024, 1024..2000]),
            (Fidelity::Ideal, 1030, vec![0..1024, 1024..1030]),
            (Fidelity::Real, 32, vec![0..16, 16..32]),
            (Fidelity::Real, 40, vec![0..16, 16..32, 32..40]),
            (Fidelity::Real, 0, vec![]),
        ] {
            let entry = entry(depth, max);
            let cut: Vec<Range<u64>> = (0..entry.blocks()).map(|block| entry.trials(block)).collect();
            assert_eq!(cut, blocks, "{depth:?}");
        }
    }
}
