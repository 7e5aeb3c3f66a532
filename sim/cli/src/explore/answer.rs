//! A plan as the page shows it: the document of `sim plan --json`, and the same in words.

use crate::answers::certificate::Proof;
use crate::answers::plan::{GameLine, PlanAnswer, PlanDocument, UNCERTIFIED, binding};
use crate::answers::substitution::sentence;
use crate::explore::query::{Query, QueryProblem};
use fusion_engine::clock::now;
use fusion_engine::documents::substitution::SubstitutionDocument;
use fusion_spec::bound::accuracy::{Game, Honest};
use serde::Serialize;

/// Everything that the page shows about one plan.
#[derive(Serialize)]
pub struct Planned {
    /// The document that `sim plan --json` prints.
    plan: PlanDocument,
    shown: Shown,
    games: Vec<GameLine>,
    /// The third number, as a sentence.
    substitution: String,
    binds: &'static str,
    /// The reason why nothing cheaper meets the goal, if no certificate shows it.
    uncertified: Option<&'static str>,
    command: String,
    yaml: String,
    elapsed_ms: f64,
}

/// The numbers of a plan as text, because JavaScript's integers are exact only up to 2^53.
#[derive(Serialize)]
struct Shown {
    R: String,
    B: String,
    T: String,
    slack: String,
    N: String,
    cost: String,
}

/// Finds the plan that a query asks for. `command` is the command that asks for the same.
pub fn planned(query: &Query, command: String) -> Result<Planned, QueryProblem> {
    let start = now();
    let answer = PlanAnswer::new(&query.plan()?).map_err(|failure| QueryProblem::of(&failure))?;
    let params = answer.plan.params;
    Ok(Planned {
        plan: PlanDocument::new(&answer, None),
        shown: Shown {
            R: params.R().to_string(),
            B: params.B().to_string(),
            T: params.T().to_string(),
            slack: params.slack().to_string(),
            N: params.N().to_string(),
            cost: format!("{:.4}", answer.cost()),
        },
        games: answer.games(),
        substitution: sentence(SubstitutionDocument::new(params).as_ref()),
        binds: binding(answer.plan.binding),
        uncertified: Proof::of(&answer.plan).is_none().then_some(UNCERTIFIED),
        command,
        yaml: yaml(&answer),
        elapsed_ms: start.elapsed().as_secs_f64() * 1e3,
    })
}

/// Returns the `protocol` and `goal` sections of a campaign script for a plan.
fn yaml(answer: &PlanAnswer) -> String {
    let (params, goal) = (answer.plan.params, &answer.goal);
    let (R, B, T, slack) = (params.R(), params.B(), params.T(), params.slack());
    let accuracy = match &goal.accuracy {
        None => String::new(),
        Some(Game { reject, honest: None }) => format!(", accuracy: {{ reject: {reject} }}"),
        Some(Game { reject, honest: Some(Honest { accuracy, kappa }) }) => {
            format!(", kappa: {}, accuracy: {{ honest: {accuracy}, reject: {reject} }}", kappa.bits())
        }
    };
    let third = goal.substitution.as_ref().map_or_else(String::new, |rate| format!(", substitution: {rate}"));
    let promise = format!("lambda: {}, min_T: {}{accuracy}{third}", goal.lambda.bits(), goal.min_T);
    format!("protocol: {{ R: {R}, B: {B}, T: {T}, slack: {slack} }}\ngoal: {{ {promise} }}\n")
}
