//! The result of a check, as JSON.

use super::against::AgainstDocument;
use super::layers::ModelDocument;
use crate::args::CheckArgs;
use crate::problems::ProblemDocument;
use fusion_engine::campaign::accuracy::{ModelAccuracy, PublicsKept};
use fusion_engine::failure::Failure;
use fusion_engine::models::Warning;
use serde::Serialize;
use std::io::{self, Write};

/// The result of a check, as a JSON document.
#[derive(Default, Serialize)]
pub struct CheckDocument<'a> {
    pub ok: bool,
    pub problems: Vec<ProblemDocument>,
    /// What the model loses in fixed point without an error, and what looks wrong about the data.
    pub warnings: Vec<Warning>,
    /// The accuracy of each model of a script on its data, the honest one first.
    pub accuracy: Vec<ModelAccuracy>,
    /// How many samples of a script are kept as publics; `None` where it has none.
    pub publics_kept: Option<PublicsKept>,
    /// The clauses of a script; a model has none.
    pub clauses: Vec<ClauseDocument>,
    pub model: Option<ModelDocument<'a>>,
    pub against: Option<AgainstDocument>,
}

impl CheckDocument<'_> {
    /// Makes the document for a file that cannot be used.
    pub fn refused(problems: Vec<ProblemDocument>) -> Self {
        Self { problems, ..Self::default() }
    }
}

/// Reports every problem of a file: in the document with `--json`, on stderr otherwise.
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

/// A clause of a script, as a part of the JSON document.
#[derive(Serialize)]
pub struct ClauseDocument {
    /// The name of the strategy.
    pub strategy: String,
    /// The clause as the script states it.
    pub clause: String,
    /// The claimed rate as a fraction; `None` for a clause on reasons.
    pub expected: Option<String>,
    /// The number of trials that decide the clause, if any does.
    pub trials_needed: Option<u64>,
    /// How long these trials take on all cores of this machine, in seconds.
    pub time_s: Option<f64>,
}
