//! What a check found, as JSON.

use super::against::AgainstDocument;
use super::layers::ModelDocument;
use crate::args::CheckArgs;
use crate::problems::ProblemDocument;
use fusion_engine::failure::Failure;
use fusion_engine::models::Warning;
use serde::Serialize;
use std::io::{self, Write};

/// What a check found, as JSON.
#[derive(Serialize)]
pub struct CheckDocument<'a> {
    pub ok: bool,
    pub problems: Vec<ProblemDocument>,
    /// What the model loses in fixed point without an error.
    pub warnings: Vec<Warning>,
    /// A model has none.
    pub clauses: Vec<ClauseDocument>,
    pub model: Option<ModelDocument<'a>>,
    pub against: Option<AgainstDocument>,
}

impl CheckDocument<'_> {
    /// Of a file that cannot be used.
    pub fn refused(problems: Vec<ProblemDocument>) -> Self {
        Self { ok: false, problems, warnings: Vec::new(), clauses: Vec::new(), model: None, against: None }
    }
}

/// Every problem of a file: in the document with `--json`, on stderr otherwise.
pub fn refuse(args: &CheckArgs, problems: Vec<ProblemDocument>, stdout: &mut dyn Write) -> Failure {
    let lines = problems.iter().map(|problem| format!("{}: {}", problem.file, problem.message)).collect();
    let document = CheckDocument::refused(problems);
    let written = if args.json { write_json(&document, stdout) } else { Ok(()) };
    written.err().unwrap_or(Failure::Problems(lines))
}

/// Writes the document as a line of JSON.
pub fn write_json(document: &CheckDocument<'_>, stdout: &mut dyn Write) -> Result<(), Failure> {
    serde_json::to_writer(&mut *stdout, document).map_err(io::Error::from)?;
    writeln!(stdout)?;
    Ok(stdout.flush()?)
}

/// A clause of a script, as JSON.
#[derive(Serialize)]
pub struct ClauseDocument {
    /// The strategy.
    pub strategy: String,
    /// The clause, as its script has it.
    pub clause: String,
    /// The claimed rate, a fraction; `None` for a clause on reasons.
    pub expected: Option<String>,
    /// Trials that decide the clause, if any number does.
    pub trials_needed: Option<u64>,
}
