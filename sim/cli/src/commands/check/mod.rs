//! `sim check`: every problem of a file, before anything is run with it.

mod against;
mod model;
mod script;

use crate::args::CheckArgs;
use crate::problems::ProblemDocument as Problem;
use fusion_engine::failure::Failure;
use fusion_engine::models::Warning;
use serde::Serialize;
use std::io::{self, Write};

/// `sim check`, by the kind of file that the name says.
pub fn run(args: &CheckArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    if args.file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx")) {
        model::run(args, stdout)
    } else {
        script::run(args, stdout)
    }
}

/// What a check found, as JSON.
#[derive(Serialize)]
struct Document<'a> {
    ok: bool,
    problems: Vec<Problem>,
    /// What the model loses in fixed point without an error.
    warnings: Vec<Warning>,
    /// A model has none.
    clauses: Vec<script::ClauseDocument>,
    model: Option<model::Document<'a>>,
    against: Option<against::Document>,
}

impl Document<'_> {
    /// Of a file that cannot be used.
    fn refused(problems: Vec<Problem>) -> Self {
        Self { ok: false, problems, warnings: Vec::new(), clauses: Vec::new(), model: None, against: None }
    }
}

/// Every problem of a file: in the document with `--json`, on stderr otherwise.
fn refuse(args: &CheckArgs, problems: Vec<Problem>, stdout: &mut dyn Write) -> Failure {
    let lines = problems.iter().map(|problem| format!("{}: {}", problem.file, problem.message)).collect();
    let document = Document::refused(problems);
    let written = if args.json { write_json(&document, stdout) } else { Ok(()) };
    written.err().unwrap_or(Failure::Problems(lines))
}

fn write_json(document: &Document<'_>, stdout: &mut dyn Write) -> Result<(), Failure> {
    serde_json::to_writer(&mut *stdout, document).map_err(io::Error::from)?;
    writeln!(stdout)?;
    Ok(stdout.flush()?)
}
