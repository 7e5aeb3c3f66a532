//! The hypotheses of the theorem on a run's page: how each stands in the run's protocols, as `sim list --matrix` says, and under each strategy. A sign is shown for what is argued, or
//! broken, and none for what is assumed.

use super::run::Run;
use fusion_adversaries::matrix::{Kind, Standing, standing, standing_in_spdz};
use fusion_adversaries::script::{Backend, Fidelity};
use fusion_adversaries::strategy::Hypothesis;
use fusion_engine::documents::result::StrategyDocument;
use serde::Serialize;

/// A hypothesis, and how it stands in sessions of the run.
#[derive(Debug, Serialize)]
pub struct Stated {
    name: &'static str,
    statement: &'static str,
    stands: String,
}

/// How a hypothesis stands under one strategy.
#[derive(Debug, Serialize)]
pub struct Condition {
    name: &'static str,
    state: &'static str,
    failure: &'static str,
}

/// How the hypotheses stand in a run. Only at `real` there are protocols that a server may deviate from.
fn stands(run: &Run, hypothesis: Hypothesis) -> Standing {
    match run.script.fidelity.value {
        Fidelity::Real => match run.script.backend {
            Backend::Family(choice) => standing(hypothesis, choice),
            Backend::Spdz(_) => standing_in_spdz(hypothesis),
        },
        Fidelity::Plain | Fidelity::Ideal => Standing::Assumed,
    }
}

/// Returns every hypothesis as it stands in a run.
pub fn stated(run: &Run) -> [Stated; 9] {
    let protocols = run.script.backend.name();
    Hypothesis::ALL.map(|hypothesis| Stated {
        name: hypothesis.name(),
        statement: hypothesis.statement(),
        stands: match stands(run, hypothesis) {
            Standing::Holds(because) => format!("holds in {protocols} because {because}"),
            Standing::Breakable(kinds) => {
                let names: Vec<&str> = kinds.into_iter().map(Kind::name).collect();
                format!("assumed where no strategy breaks it; in {protocols} a server can, by {}", names.join(", "))
            }
            Standing::Assumed => "assumed".into(),
        },
    })
}

/// Returns how each hypothesis stands under a strategy of a run.
pub fn conditions(run: &Run, strategy: &StrategyDocument) -> Vec<Condition> {
    let condition = |hypothesis: Hypothesis| Condition {
        name: hypothesis.name(),
        state: match stands(run, hypothesis) {
            _ if strategy.hypotheses.contains(&hypothesis) => "falls",
            Standing::Holds(_) => "holds",
            Standing::Breakable(_) | Standing::Assumed => "assumed",
        },
        failure: hypothesis.failure(),
    };
    Hypothesis::ALL.map(condition).into()
}
