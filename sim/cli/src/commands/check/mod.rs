//! `sim check`: every problem of a file, before anything is run with it.

mod against;
mod model;

use crate::args::CheckArgs;
use crate::failure::Failure;
use crate::files;
use serde::Serialize;
use std::io::{self, Write};

/// `sim check`, by the kind of file that the name says.
pub fn run(args: &CheckArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    if args.file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx")) {
        model::run(args, stdout)
    } else {
        Err(Failure::Usage(format!("{}: not a model: its name must end in .onnx", files::name(&args.file))))
    }
}

/// What a check found, as JSON.
#[derive(Serialize)]
struct Document<'a> {
    ok: bool,
    problems: Vec<Problem>,
    /// A model has none.
    clauses: [(); 0],
    model: Option<model::Document<'a>>,
    against: Option<against::Document>,
}

/// One thing that is wrong with a file.
#[derive(Serialize)]
struct Problem {
    file: String,
    /// A model has no lines.
    line: Option<usize>,
    column: Option<usize>,
    message: String,
    help: Option<String>,
}

/// Every problem of a file: in the document with `--json`, on stderr otherwise.
fn refuse(args: &CheckArgs, problems: Vec<Problem>, stdout: &mut dyn Write) -> Failure {
    let lines = problems.iter().map(|problem| format!("{}: {}", problem.file, problem.message)).collect();
    let document = Document { ok: false, problems, clauses: [], model: None, against: None };
    let written = if args.json { write_json(&document, stdout) } else { Ok(()) };
    written.err().unwrap_or(Failure::Problems(lines))
}

fn write_json(document: &Document<'_>, stdout: &mut dyn Write) -> Result<(), Failure> {
    serde_json::to_writer(&mut *stdout, document).map_err(io::Error::from)?;
    writeln!(stdout)?;
    Ok(stdout.flush()?)
}
