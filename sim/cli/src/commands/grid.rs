//! `sim plan --grid`: every R and lambda of two lists.

use crate::answers::cost::{PerQuery, REPEATS};
use crate::answers::plan::{PlanAnswer, PlanDocument, planner};
use crate::args::PlanArgs;
use crate::commands::plot;
use crate::output;
use fusion_engine::failure::Failure;
use fusion_spec::bound::bits::nearest;
use fusion_spec::bound::plan::{Goal, Plan, Planner};
use fusion_spec::params::Lambda;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
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
        let planner = planner(args, lambda);
        for &R in &queries {
            cells.push(GridCell::new(&planner, R, args)?);
        }
    }
    let plans: Vec<&Plan> = cells.iter().filter_map(|cell| Some(&cell.plan.as_ref().ok()?.plan)).collect();
    if plans.is_empty() {
        let problem = cells.iter().find_map(GridCell::problem);
        return Err(Failure::Usage(problem.unwrap_or_else(|| "the grid has no cells".into())));
    }
    let each = measured(args, &plans)?;
    if let Some(path) = &args.plot {
        output::write_file("--plot", path, &plot::cost(&lambdas, &plans)?)?;
    }
    if args.json {
        let documents =
            cells.iter().map(|cell| cell.json(&each)).collect::<Result<Vec<_>, _>>().map_err(io::Error::from)?;
        serde_json::to_writer(&mut *stdout, &documents).map_err(io::Error::from)?;
        return Ok(writeln!(stdout)?);
    }
    // The column of problems is there if there are any.
    let problems = plans.len() < cells.len();
    let priced = if args.price_of_a_public.is_some() { ",priced_cost,priced_cost_decimal" } else { "" };
    let costs = if args.model.is_some() { ",bytes,lan_s,wan_s,network_s" } else { "" };
    let column = if problems { ",problem" } else { "" };
    writeln!(stdout, "R,lambda,min_T,slack,B,T,N,cost,cost_decimal,bits,binding{priced}{costs}{column}")?;
    let empty = (priced.to_owned() + costs).matches(',').count();
    Ok(cells.iter().try_for_each(|cell| writeln!(stdout, "{}", cell.csv(&each, empty, problems)))?)
}

/// The cost of one inference by the number of images in a batch.
type Measured = BTreeMap<usize, PerQuery>;

/// Measures one inference of the model, if one is named, in every batch that some plan needs.
fn measured(args: &PlanArgs, plans: &[&Plan]) -> Result<Measured, Failure> {
    let mut each = Measured::new();
    let Some(model) = &args.model else { return Ok(each) };
    args.inference.protocols()?;
    for plan in plans {
        let N = plan.params.N();
        if let Entry::Vacant(place) = each.entry(PerQuery::batch(N)) {
            place.insert(PerQuery::measure(model, &args.inference, N, REPEATS)?);
        }
    }
    Ok(each)
}

/// The cost of one inference in a session under a plan, if it was measured.
fn inference(each: &Measured, answer: &PlanAnswer) -> Option<PerQuery> {
    each.get(&PerQuery::batch(answer.plan.params.N())).copied()
}

/// An R and a lambda, with their plan or the reason why there is none.
struct GridCell {
    goal: Goal,
    plan: Result<PlanAnswer, String>,
}

impl GridCell {
    fn new(planner: &Planner, R: u64, args: &PlanArgs) -> Result<Self, Failure> {
        let goal = planner.goal(R);
        match PlanAnswer::at(planner, R, args.price_of_a_public.as_ref()) {
            Ok(plan) => Ok(Self { goal, plan: Ok(plan) }),
            Err(Failure::Usage(problem)) => Ok(Self { goal, plan: Err(problem) }),
            Err(failure) => Err(failure),
        }
    }

    fn problem(&self) -> Option<String> {
        let (R, lambda) = (self.goal.R, self.goal.lambda.bits());
        self.plan.as_ref().err().map(|problem| format!("at R = {R}, lambda = {lambda}: {problem}"))
    }

    fn json(&self, each: &Measured) -> serde_json::Result<Box<RawValue>> {
        match &self.plan {
            Ok(answer) => to_raw_value(&PlanDocument::new(answer, inference(each, answer))),
            Err(problem) => {
                to_raw_value(&json!({ "R": self.goal.R, "lambda": self.goal.lambda.bits(), "problem": problem }))
            }
        }
    }

    /// Returns the line of the cell, with so many empty columns if it has no plan.
    fn csv(&self, each: &Measured, empty: usize, problems: bool) -> String {
        let Goal { R, lambda, min_T, .. } = &self.goal;
        let lambda = lambda.bits();
        match &self.plan {
            Ok(answer) => {
                let (plan, params) = (&answer.plan, answer.plan.params);
                let (slack, B, T, N) = (params.slack(), params.B(), params.T(), params.N());
                let (cost, decimal) = (params.cost(), nearest(&params.cost()));
                let (bits, binding) = (plan.correctness.bits(), plan.binding.name());
                let priced = answer.priced().map_or_else(String::new, |cost| format!(",{cost},{}", nearest(&cost)));
                let costs = inference(each, answer).map(|each| each.times(answer.cost()).columns());
                let costs =
                    costs.map_or_else(String::new, |[bytes, lan, wan, own]| format!(",{bytes},{lan},{wan},{own}"));
                let end = if problems { "," } else { "" };
                format!(
                    "{R},{lambda},{min_T},{slack},{B},{T},{N},{cost},{decimal},{bits},{binding}{priced}{costs}{end}"
                )
            }
            Err(problem) => {
                let empty = ",".repeat(empty);
                format!("{R},{lambda},{min_T},,,,,,,,{empty},\"{}\"", problem.replace('"', "\"\""))
            }
        }
    }
}

fn default_lambdas() -> Result<Vec<Lambda>, Failure> {
    [40, 80, 128].into_iter().map(|bits| Lambda::new(bits).map_err(Failure::usage)).collect()
}
