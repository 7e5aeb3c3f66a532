//! A campaign as it is loaded: its strategies with their claims, and how their trials are divided into blocks.

use super::accuracy::Accuracies;
use super::claims::{Claims, Spec};
use super::identity::{Id, failed_proof, pass_rule};
use crate::models::Warning;
use crate::simulate::conditional::Stage;
use crate::simulate::{EarlyEnd, MOST_TRIPLES, Parties, Seen, World};
use fusion_2pc::session::Grouping;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_adversaries::law::Case;
use fusion_adversaries::script::{CountedEvent, Fidelity, Network, Script, SessionsSection, SetupRule};
use fusion_adversaries::strategy::{Act, Move, Strategy, View};
use fusion_spec::evidence::{PassRule, Tolerance};
use rug::Rational;
use std::ops::Range;

/// What the rows of `counts.csv` count: the trials of a strategy, or the draws of one of its stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// The name in `counts.csv`: the strategy's, or the strategy's and the stage's.
    pub name: String,
    /// The number of trials in each row but the last, which may have fewer.
    pub block: u64,
}

/// Everything that a campaign needs to run.
pub struct Campaign {
    /// The script, with every default, flag and `auto` filled in.
    pub script: Script,
    /// What the server knows in the first session of a trial.
    pub view: View,
    /// The models, the pools and their answers; `None` where every strategy is played at `plain`.
    pub world: Option<World>,
    /// The two parties, already set up; `None` where no strategy is played at `real`.
    pub parties: Option<Parties>,
    /// The hash of everything that decides a trial.
    pub id: Id,
    /// The version of the rules by which the campaign is decided: that of its run, where an older version began it.
    pub semantics: u32,
    /// The strategies in script order, the honest control first.
    pub entries: Vec<Entry>,
    /// The error probability of each clause, and of each test of `E_T` or `E_B`.
    pub alpha: Rational,
    /// The accuracy of the models; `None` where every strategy is played at `plain`.
    pub accuracies: Option<Accuracies>,
    /// What looks wrong about the models and the data: layers whose weights all round to 0 in fixed point, and accuracies.
    pub warnings: Vec<Warning>,
}

impl Campaign {
    /// Whether some strategy is played at `real`.
    #[must_use]
    pub fn is_at_real(&self) -> bool {
        self.entries.iter().any(|entry| entry.depth == Fidelity::Real)
    }

    /// Returns the names of the strategies at `real`, each with the number of trials in a row of its counts.
    pub fn rows_at_real(&self) -> impl Iterator<Item = (&str, u64)> {
        let real = self.entries.iter().filter(|entry| entry.depth == Fidelity::Real);
        real.map(|entry| (entry.name.as_str(), entry.block))
    }

    /// Returns the rule by which claims of exact rates pass.
    #[must_use]
    pub fn pass_rule(&self) -> PassRule {
        pass_rule(self.semantics)
    }

    /// Returns the end of a session in which a proof of the server's does not hold.
    #[must_use]
    pub fn failed_proof(&self) -> EarlyEnd {
        failed_proof(self.semantics)
    }

    /// Returns the exact rate of an event for a strategy, whether or not the script claims something of it; `None` where there is none.
    #[must_use]
    pub fn exact(&self, entry: &Entry, event: CountedEvent) -> Option<Rational> {
        let world = self.world.as_ref().filter(|_| entry.depth != Fidelity::Plain);
        let View { params, classes, .. } = self.view;
        let seen = Seen { world, params, classes, moves: entry.strategy.moves() };
        Spec::new(&self.view, &*entry.strategy, entry.sessions, &seen).exact(event)
    }

    /// Returns how many trials of an entry are played side by side, on so many threads: as many as all have their triples in memory, where they run SPDZ.
    #[must_use]
    pub fn side_by_side(&self, entry: &Entry, threads: usize) -> usize {
        let spdz = self.world.as_ref().and_then(World::spdz).filter(|_| entry.depth == Fidelity::Real);
        spdz.map_or(threads, |known| threads.min((MOST_TRIPLES / known.predicted().held().max(1)).max(1)))
    }

    /// Raises the maximum of each strategy to what a run has already counted: a run never shrinks. `highest` returns the end of
    /// the last trial of a counter, by its place in the campaign.
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

/// One strategy of a campaign, with its claims and limits.
pub struct Entry {
    /// The strategy's name.
    pub name: String,
    /// How much of a session is simulated.
    pub depth: Fidelity,
    /// What the malicious server does.
    pub strategy: Box<dyn Strategy>,
    /// The rule of a trial of several sessions; `None` where a trial is one session.
    pub sessions: Option<SessionsSection>,
    /// How long the parties keep a set-up at `real`.
    pub setup: SetupRule,
    /// The largest number of trials.
    pub max: u64,
    /// The number of trials in a row of counts.
    pub block: u64,
    /// The time limit in seconds, if there is one.
    pub wall: Option<u64>,
    /// The claims about the strategy.
    pub claims: Claims,
    /// How near the measured rate must be to the claimed one for a clause to pass.
    pub tolerance: Tolerance,
    /// The stages of a rate that is estimated stage by stage; empty where whole trials are counted.
    pub stages: Vec<Stage>,
}

impl Entry {
    /// Returns the counters of the strategy: one for its trials, or one for each of its stages.
    #[must_use]
    pub fn counters(&self) -> Vec<Counter> {
        let names = match &self.stages[..] {
            [] => vec![self.name.clone()],
            stages => stages.iter().map(|stage| format!("{}/{}", self.name, stage.name())).collect(),
        };
        names.into_iter().map(|name| Counter { name, block: self.block }).collect()
    }

    /// Returns the number of blocks that hold the strategy's largest number of trials.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.max.div_ceil(self.block)
    }

    /// Returns the numbers of the trials in a block.
    #[must_use]
    pub fn trials(&self, block: u64) -> Range<u64> {
        block * self.block..(block + 1).saturating_mul(self.block).min(self.max)
    }
}

/// Returns how the slots of a strategy's sessions are grouped at `real`. Slots share ciphertexts, unless the strategy puts
/// another model on some of them: one ciphertext is evaluated by one model.
#[must_use]
pub fn grouping(entry: &Entry, view: &View) -> Grouping {
    let strategy = &*entry.strategy;
    let swaps = |m: &Move| matches!(m.act, Act::Model(_));
    let conditional = |m: &Move| swaps(m) && m.when.is_some();
    let everywhere = |cases: Vec<Case>| cases.iter().all(|case| [0, view.slots.into()].contains(&case.slots));
    let alike = !strategy.moves().iter().any(conditional) && strategy.cases(view).is_some_and(everywhere);
    if alike || !strategy.moves().iter().any(swaps) { Grouping::Chunk } else { Grouping::Slot }
}

/// Returns the speed of the line between two parties over a script's network.
#[must_use]
pub fn link_speed(network: Network) -> LinkSpeed {
    match network {
        Network::Lan => LinkSpeed::LAN,
        Network::Wan => LinkSpeed::WAN,
        Network::Custom { rtt_ms, mbit_per_s } => {
            LinkSpeed { rtt_ns: u64::from(rtt_ms) * 1_000_000, bits_per_s: u64::from(mbit_per_s) * 1_000_000 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_adversaries::behaviour::Scripted;

    #[test]
    fn the_last_block_ends_at_the_most_trials() {
        let entry = |depth, block, max| Entry {
            name: "honest".into(),
            depth,
            strategy: Box::new(Scripted::honest()),
            sessions: None,
            setup: SetupRule::Kept,
            max,
            block,
            wall: None,
            claims: Claims::default(),
            tolerance: Tolerance { relative: Rational::new(), absolute: Rational::new(), negligible: Rational::new() },
            stages: Vec::new(),
        };
        for (depth, block, max, blocks) in [
            (Fidelity::Plain, 1024, 2000, vec![0..1024, 1024..2000]),
            (Fidelity::Ideal, 1024, 1030, vec![0..1024, 1024..1030]),
            (Fidelity::Real, 16, 32, vec![0..16, 16..32]),
            (Fidelity::Real, 16, 40, vec![0..16, 16..32, 32..40]),
            (Fidelity::Real, 2, 5, vec![0..2, 2..4, 4..5]),
            (Fidelity::Real, 16, 0, vec![]),
        ] {
            let entry = entry(depth, block, max);
            let cut: Vec<Range<u64>> = (0..entry.blocks()).map(|block| entry.trials(block)).collect();
            assert_eq!(cut, blocks, "{depth:?}");
        }
    }
}
