//! The page on two runs, side by side.

use super::page::{Badge, Fact, origin, parameters};
use super::plot::{Plot, Rate, absolute, first_rate};
use super::run::Run;
use crate::text::{interval, percent, probability};
use fusion_engine::documents::result::StrategyDocument;
use fusion_engine::failure::Failure;
use serde::Serialize;

/// The values that the template of two runs reads.
#[derive(Debug, Serialize)]
pub struct DiffPage {
    names: [String; 2],
    verdicts: [Badge; 2],
    sentence: String,
    /// The parameters and origins in which the runs differ.
    differences: Vec<DifferentFact>,
    strategies: Vec<StrategyPair>,
    /// The strategies that only one run has.
    lone: Vec<String>,
    overview: Plot,
}

#[derive(Debug, Serialize)]
struct DifferentFact {
    name: &'static str,
    values: [String; 2],
}

/// A strategy that both runs have.
#[derive(Debug, Serialize)]
struct StrategyPair {
    name: String,
    of: String,
    sides: [RunSide; 2],
    agree: bool,
    says: &'static str,
}

#[derive(Debug, Serialize)]
struct RunSide {
    run: &'static str,
    trials: u64,
    rate: String,
    interval: String,
    exact: String,
    verdict: Badge,
}

impl DiffPage {
    /// Compares two runs.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the exact security of their parameters is too long to be computed.
    pub fn new(first: &Run, second: &Run) -> Result<Self, Failure> {
        let find = |run: &'_ Run, name: &str| run.result.strategies.iter().position(|strategy| strategy.name == name);
        let mut strategies = Vec::new();
        let mut rates = Vec::new();
        let mut lone = Vec::new();
        for strategy in &first.result.strategies {
            match find(second, &strategy.name) {
                Some(index) => {
                    let both = [strategy, &second.result.strategies[index]];
                    rates.extend(both.iter().zip(["A", "B"]).map(|(strategy, run)| labelled(strategy, run)));
                    strategies.push(StrategyPair::new(both));
                }
                None => lone.push(format!("{} is in A alone", strategy.name)),
            }
        }
        let differences = differences(first, second)?;
        let only_second = second.result.strategies.iter().filter(|strategy| find(first, &strategy.name).is_none());
        lone.extend(only_second.map(|strategy| format!("{} is in B alone", strategy.name)));
        Ok(Self {
            names: [first, second].map(|run| run.script.name.clone()),
            verdicts: [first, second].map(Badge::of_run),
            sentence: sentence(first, second, &strategies, &differences),
            differences,
            strategies,
            lone,
            overview: absolute(&rates),
        })
    }
}

fn sentence(first: &Run, second: &Run, pairs: &[StrategyPair], differences: &[DifferentFact]) -> String {
    let apart: Vec<&str> = pairs.iter().filter(|pair| !pair.agree).map(|pair| pair.name.as_str()).collect();
    let same = if first.environment.id == second.environment.id {
        "Both are runs of one campaign: the trials that both played are the same. "
    } else {
        ""
    };
    let decisive = ["queries R", "copies B", "publics T", "slack", "fidelity"];
    let changed: Vec<&str> = differences.iter().map(|d| d.name).filter(|name| decisive.contains(name)).collect();
    if !changed.is_empty() {
        let rates = match apart.as_slice() {
            [] => "overlap for every strategy that they share".into(),
            apart => format!("of {} are apart", apart.join(", ")),
        };
        return format!("The runs are of different parameters ({}). Their measured rates {rates}.", changed.join(", "));
    }
    match apart.as_slice() {
        [] => format!("{same}The measured rates of both runs can be the same for every strategy that they share."),
        apart => format!("{same}The measured rates of {} can not be the same in both runs.", apart.join(", ")),
    }
}

fn differences(first: &Run, second: &Run) -> Result<Vec<DifferentFact>, Failure> {
    let facts = |run: &Run| Ok::<Vec<Fact>, Failure>([parameters(run)?, origin(run)].concat());
    let pairs = facts(first)?.into_iter().zip(facts(second)?).filter(|(a, b)| a != b);
    Ok(pairs.map(|(a, b)| DifferentFact { name: a.name, values: [a.value, b.value] }).collect())
}

fn labelled(strategy: &StrategyDocument, run: &str) -> Rate {
    let rate = first_rate(strategy);
    Rate { label: format!("{run}: {}", rate.label), ..rate }
}

impl StrategyPair {
    fn new(both: [&StrategyDocument; 2]) -> Self {
        let rates = both.map(first_rate);
        let [a, b] = &rates;
        let overlap = a.interval[0] <= b.interval[1] && b.interval[0] <= a.interval[1];
        let same_event = a.label == b.label;
        let says = match (same_event, overlap) {
            (false, _) => "other events are claimed",
            (true, true) => "consistent",
            (true, false) => "apart",
        };
        let of = a.label.rsplit(' ').next().unwrap_or("").to_string();
        let side = |(rate, (strategy, run)): (&Rate, (&StrategyDocument, &'static str))| RunSide {
            run,
            trials: strategy.trials,
            rate: rate.measured.map_or_else(|| "-".into(), percent),
            interval: interval(rate.interval),
            exact: rate.expected.as_ref().map_or_else(|| "-".into(), probability),
            verdict: Badge::of(strategy),
        };
        let sides = [side((a, (both[0], "A"))), side((b, (both[1], "B")))];
        Self { name: both[0].name.clone(), of, sides, agree: overlap || !same_event, says }
    }
}
