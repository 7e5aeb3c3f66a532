//! `sim plan --grid`: every R and lambda of two lists.

use crate::args::PlanArgs;
use crate::commands::plan::{Document, certified, goal};
use crate::commands::plot;
use crate::failure::Failure;
use fusion_spec::bound::bits::nearest;
use fusion_spec::bound::plan::Plan;
use fusion_spec::params::Lambda;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Most cells planned at once.
const MAX_CELLS: usize = 100_000;

/// CSV, or with `--json` an array of plans, on stdout; the plot beside it.
pub fn run(args: &PlanArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let queries = if args.R.is_empty() { (0..=20).map(|e| 1 << e).collect() } else { args.R.clone() };
    let lambdas = if args.lambda.is_empty() { default_lambdas()? } else { args.lambda.clone() };
    if queries.len().saturating_mul(lambdas.len()) > MAX_CELLS {
        return Err(Failure::Usage(format!("the grid has more than {MAX_CELLS} cells")));
    }
    let mut cells = Vec::new();
    for &lambda in &lambdas {
        for &R in &queries {
            let goal = goal(args, R, lambda);
            let plan = certified(&goal).map_err(|failure| at_cell(failure, R, lambda))?;
            cells.push((goal, plan));
        }
    }
    if let Some(path) = &args.plot {
        let plans: Vec<&Plan> = cells.iter().map(|(_, plan)| plan).collect();
        write_file(path, &plot::cost(&lambdas, &plans)?)?;
    }
    if args.json {
        let documents: Vec<_> = cells.iter().map(|(goal, plan)| Document::new(goal, plan)).collect();
        serde_json::to_writer(&mut *stdout, &documents).map_err(io::Error::from)?;
        writeln!(stdout)?;
        return Ok(());
    }
    writeln!(stdout, "R,lambda,min_T,slack,B,T,N,cost,cost_decimal,bits,binding")?;
    for (goal, plan) in &cells {
        let (params, lambda, min_T) = (plan.params, plan.lambda.bits(), goal.min_T);
        let (R, slack, B, T, N) = (params.R(), params.slack(), params.B(), params.T(), params.N());
        let (cost, decimal) = (params.cost(), nearest(&params.cost()));
        let (bits, binding) = (plan.correctness.bits(), plan.binding.name());
        writeln!(stdout, "{R},{lambda},{min_T},{slack},{B},{T},{N},{cost},{decimal},{bits},{binding}")?;
    }
    Ok(())
}

fn default_lambdas() -> Result<Vec<Lambda>, Failure> {
    [40, 80, 128].into_iter().map(|bits| Lambda::new(bits).map_err(Failure::usage)).collect()
}

fn at_cell(failure: Failure, R: u64, lambda: Lambda) -> Failure {
    match failure {
        Failure::Usage(message) => Failure::Usage(format!("at R = {R}, lambda = {}: {message}", lambda.bits())),
        Failure::Io(..) | Failure::Bug(_) => failure,
    }
}

fn write_file(path: &Path, content: &str) -> Result<(), Failure> {
    let name = path.display();
    if path.is_dir() {
        return Err(Failure::Usage(format!("--plot {name} is a folder, not a file")));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(Failure::Usage(format!("--plot {name}: its folder does not exist")));
    }
    fs::write(path, content).map_err(|error| Failure::Io(format!("writing {name}"), error))
}
