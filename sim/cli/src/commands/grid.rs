//! `sim plan --grid`: every R and lambda of two lists.

use crate::answers::plan::{PlanDocument, certified, goal};
use crate::args::PlanArgs;
use crate::commands::plot;
use crate::output;
use fusion_engine::failure::Failure;
use fusion_spec::bound::bits::nearest;
use fusion_spec::bound::plan::{Goal, Plan, Planner};
use fusion_spec::params::Lambda;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use std::io::{self, Write};

/// The largest number of cells that are planned at once.
const MAX_CELLS: usize = 100_000;

/// Writes the plans as CSV or, with `--json`, as an array, and the plot into its file.
pub fn run(args: &PlanArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let queries = if args.R.is_empty() { (0..=20).map(|e| 1 << e).collect() } else { args.R.clone() };
    let lambdas = if args.lambda.is_empty() { default_lambdas()? } else { args.lambda.clone() };
    if queries.len().saturating_mul(lambdas.len()) > MAX_CELLS {
        return Err(Failure::Usage(format!("the grid has more than {MAX_CELLS} cells")));
    }
    let mut cells = Vec::new();
    for &lambda in &lambdas {
        let planner = Planner::new(goal(args, 1, lambda));
        for &R in &queries {
            cells.push(GridCell::new(&planner, R)?);
        }
    }
    let plans: Vec<&Plan> = cells.iter().filter_map(|cell| cell.plan.as_ref().ok()).collect();
    if plans.is_empty() {
        let problem = cells.iter().find_map(GridCell::problem);
        return Err(Failure::Usage(problem.unwrap_or_else(|| "the grid has no cells".into())));
    }
    if let Some(path) = &args.plot {
        output::write_file("--plot", path, &plot::cost(&lambdas, &plans)?)?;
    }
    if args.json {
        let documents = cells.iter().map(GridCell::json).collect::<Result<Vec<_>, _>>().map_err(io::Error::from)?;
        serde_json::to_writer(&mut *stdout, &documents).map_err(io::Error::from)?;
        return Ok(writeln!(stdout)?);
    }
    // The column of problems is there if there are any.
    let problems = plans.len() < cells.len();
    let column = if problems { ",problem" } else { "" };
    writeln!(stdout, "R,lambda,min_T,slack,B,T,N,cost,cost_decimal,bits,binding{column}")?;
    Ok(cells.iter().try_for_each(|cell| writeln!(stdout, "{}", cell.csv(problems)))?)
}

/// An R and a lambda, with their plan or the reason why there is none.
struct GridCell {
    goal: Goal,
    plan: Result<Plan, String>,
}

impl GridCell {
    fn new(planner: &Planner, R: u64) -> Result<Self, Failure> {
        let goal = planner.goal(R);
        match certified(planner, R) {
            Ok(plan) => Ok(Self { goal, plan: Ok(plan) }),
            Err(Failure::Usage(problem)) => Ok(Self { goal, plan: Err(problem) }),
            Err(failure) => Err(failure),
        }
    }

    fn problem(&self) -> Option<String> {
        let (R, lambda) = (self.goal.R, self.goal.lambda.bits());
        self.plan.as_ref().err().map(|problem| format!("at R = {R}, lambda = {lambda}: {problem}"))
    }

    fn json(&self) -> serde_json::Result<Box<RawValue>> {
        match &self.plan {
            Ok(plan) => to_raw_value(&PlanDocument::new(&self.goal, plan)),
            Err(problem) => {
                to_raw_value(&json!({ "R": self.goal.R, "lambda": self.goal.lambda.bits(), "problem": problem }))
            }
        }
    }

    fn csv(&self, problems: bool) -> String {
        let Goal { R, lambda, min_T, .. } = &self.goal;
        let lambda = lambda.bits();
        match &self.plan {
            Ok(plan) => {
                let params = plan.params;
                let (slack, B, T, N) = (params.slack(), params.B(), params.T(), params.N());
                let (cost, decimal) = (params.cost(), nearest(&params.cost()));
                let (bits, binding) = (plan.correctness.bits(), plan.binding.name());
                let end = if problems { "," } else { "" };
                format!("{R},{lambda},{min_T},{slack},{B},{T},{N},{cost},{decimal},{bits},{binding}{end}")
            }
            Err(problem) => format!("{R},{lambda},{min_T},,,,,,,,,\"{}\"", problem.replace('"', "\"\"")),
        }
    }
}

fn default_lambdas() -> Result<Vec<Lambda>, Failure> {
    [40, 80, 128].into_iter().map(|bits| Lambda::new(bits).map_err(Failure::usage)).collect()
}
