//! The Python exceptions that failures of the simulator become: `ValueError` for the user's mistakes, `OSError` for input and output, and
//! `RuntimeError` for bugs.

use fusion_engine::failure::{Failure, Located};
use fusion_sim::CommandOutput;
use pyo3::PyErr;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use serde_json::Value;

/// Makes the exception for a failure.
pub fn of_failure(failure: &Failure) -> PyErr {
    match failure {
        Failure::Usage(message) => PyValueError::new_err(message.clone()),
        Failure::Problems(messages) => PyValueError::new_err(messages.join("\n")),
        Failure::Script(located) => PyValueError::new_err(places(located)),
        Failure::Io(..) => PyOSError::new_err(failure.message()),
        Failure::Bug(message) => PyRuntimeError::new_err(format!("a bug in fusion, please report it: {message}")),
    }
}

/// Writes every problem of a script, one a line, each with its file, line and column.
fn places(Located { file, problems, .. }: &Located) -> String {
    let lines = problems.iter().map(|problem| {
        let (line, column) = (problem.mark.line, problem.mark.column);
        let help = problem.help.as_ref().map_or_else(String::new, |help| format!(" ({help})"));
        format!("{file}:{line}:{column}: {}{help}", problem.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Makes the exception for a command that printed its errors as JSON, one object a line.
pub fn of_command(output: &CommandOutput) -> PyErr {
    let message = |line: &str| match serde_json::from_str::<Value>(line) {
        Ok(error) => error["error"].as_str().map_or_else(|| line.to_owned(), str::to_owned),
        Err(_) => line.to_owned(),
    };
    let text = output.stderr.lines().map(message).collect::<Vec<_>>().join("\n");
    let text = if text.is_empty() { output.stdout.trim().to_owned() } else { text };
    match output.code {
        70 => PyRuntimeError::new_err(text),
        74 => PyOSError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}
