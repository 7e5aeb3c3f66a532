//! `sim check MODEL.onnx`: the layers of a model, as they compute in fixed point.

use super::against::{self, AgainstDocument, CheckData};
use super::document::{CheckDocument, refuse, write_json};
use super::layers::ModelDocument;
use crate::args::CheckArgs;
use crate::problems::ProblemDocument;
use crate::text;
use fusion_2pc::backend::Family;
use fusion_adversaries::problem::one_line;
use fusion_adversaries::script::Backend;
use fusion_engine::failure::Failure;
use fusion_engine::{files, models};
use fusion_nn::compare::Pair;
use std::io::Write;

/// Reads the model, lists its layers, and compares it with floating point if that is asked for.
pub fn run(args: &CheckArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    if args.fidelity.is_some() {
        return Err(Failure::Usage("--fidelity is for scripts".into()));
    }
    // An option without a family is one of the default family.
    let Backend::Family(family) = args.backend.unwrap_or(Family::Cheetah.into()) else {
        let message = "--backend spdz-lowgear is for scripts; `sim bench --active` runs a model by it";
        return Err(Failure::Usage(message.into()));
    };
    let chosen = args.options.of(family.family())?;
    let backend = args.backend.map(|_| chosen);
    let model = match models::load(&args.file)?.model {
        Ok(model) => model,
        Err(error) => {
            let messages = error.problems.iter().map(ToString::to_string);
            return Err(refuse(args, problems(args, messages), stdout));
        }
    };
    let pair = match Pair::new(&model, args.fixed_point.precision(), args.fixed_point.pixels()) {
        Ok(pair) => pair,
        Err(error) => return Err(refuse(args, problems(args, error.problems), stdout)),
    };
    let model = ModelDocument::new(args, &model, &pair, backend);
    let data = CheckData::read(args, model.input, model.classes)?;
    let against =
        args.against.map(|_| AgainstDocument::new(&pair, &data, args.fixed_point.precision().ring)).transpose()?;
    let warnings = against::warnings(&pair, &data)?;
    if args.json {
        let (ok, model) = (true, Some(model));
        return write_json(&CheckDocument { ok, warnings, model, against, ..CheckDocument::default() }, stdout);
    }
    if args.quiet {
        let verdict = against.map_or_else(|| model.verdict(), |against| against.verdict());
        return Ok(writeln!(stdout, "{verdict}{}", text::warned(warnings.len()))?);
    }
    model.write_text(stdout)?;
    for warning in &warnings {
        writeln!(stdout, "{}", text::warning(&warning.message))?;
    }
    Ok(against.map_or(Ok(()), |against| against.write_text(stdout))?)
}

fn problems(args: &CheckArgs, messages: impl IntoIterator<Item = String>) -> Vec<ProblemDocument> {
    let problem = |message: String| ProblemDocument {
        file: files::name(&args.file),
        line: None,
        column: None,
        message: one_line(&message),
        help: None,
    };
    messages.into_iter().map(problem).collect()
}
