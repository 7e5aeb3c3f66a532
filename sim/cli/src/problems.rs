//! Problems of a script, as people and programs read them.

use fusion_adversaries::problem::Problem;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use serde::Serialize;
use serde_json::json;
use std::fmt;
use std::io::{self, Write};

/// Columns of a diagnostic.
const WIDTH: usize = 120;

/// Problems and the text they are in.
#[derive(Debug)]
pub struct Located {
    /// The file's name.
    pub file: String,
    /// Its text.
    pub text: String,
    /// In the order of the text.
    pub problems: Vec<Problem>,
}

/// One problem as JSON.
#[derive(Serialize)]
pub struct ProblemDocument {
    /// The file's name.
    pub file: String,
    /// From 1; a model has no lines.
    pub line: Option<usize>,
    /// From 1.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Located {
    /// Each problem as JSON.
    pub fn documents(&self) -> Vec<ProblemDocument> {
        let document = |Problem { mark, message, help }: &Problem| ProblemDocument {
            file: self.file.clone(),
            line: Some(mark.line),
            column: Some(mark.column),
            message: message.clone(),
            help: help.clone(),
        };
        self.problems.iter().map(document).collect()
    }

    /// Writes all of them: a picture each, or one JSON object.
    pub fn write(&self, json: bool, exit_code: u8, out: &mut dyn Write) -> io::Result<()> {
        let count = match self.problems.len() {
            1 => "1 problem".into(),
            n => format!("{n} problems"),
        };
        if json {
            let error = format!("{} has {count}", self.file);
            return writeln!(
                out,
                "{}",
                json!({ "error": error, "exit_code": exit_code, "problems": self.documents() })
            );
        }
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(WIDTH);
        for problem in &self.problems {
            let mut picture = String::new();
            let diagnostic =
                Picture { source: NamedSource::new(&self.file, self.text.clone()), problem, text: &self.text };
            if handler.render_report(&mut picture, &diagnostic).is_ok() {
                write!(out, "{picture}")?;
            }
        }
        writeln!(out, "error: {} has {count}", self.file)
    }
}

#[derive(Debug)]
struct Picture<'a> {
    source: NamedSource<String>,
    problem: &'a Problem,
    text: &'a str,
}

impl fmt::Display for Picture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem.message)
    }
}

impl std::error::Error for Picture<'_> {}

impl Diagnostic for Picture<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let mark = self.problem.mark;
        let line = self.text.split_inclusive('\n').nth(mark.line - 1).unwrap_or_default();
        let line_start: usize = self.text.split_inclusive('\n').take(mark.line - 1).map(str::len).sum();
        let byte = |column: usize| line.char_indices().nth(column).map_or(line.trim_end().len(), |(byte, _)| byte);
        let (start, end) = (byte(mark.column - 1), byte(mark.column - 1 + mark.length));
        let span = (line_start + start, end.saturating_sub(start));
        Some(Box::new(std::iter::once(LabeledSpan::new_primary_with_span(Some("here".into()), span))))
    }
}
