//! The problems of a script, written for people and for programs.

use fusion_adversaries::problem::{Mark, Problem, counted, is_unprintable};
use fusion_adversaries::yaml::lines;
use fusion_engine::failure::Located;
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};
use serde::Serialize;
use serde_json::json;
use std::fmt;
use std::io::{self, Write};

/// The number of columns of a diagnostic.
const WIDTH: usize = 120;
/// The number of characters of a line that are shown.
const LINE: usize = 104;

/// A problem as a JSON object.
#[derive(Serialize)]
pub struct ProblemDocument {
    /// The file's name.
    pub file: String,
    /// The number of the line, from 1; `None` for a model, which has no lines.
    pub line: Option<usize>,
    /// The number of the column, from 1.
    pub column: Option<usize>,
    /// What is wrong, in words.
    pub message: String,
    /// What to do about it, if there is advice.
    pub help: Option<String>,
}

/// Returns each problem as a JSON object.
pub fn documents(located: &Located) -> Vec<ProblemDocument> {
    let document = |Problem { mark, message, help }: &Problem| ProblemDocument {
        file: located.file.clone(),
        line: Some(mark.line),
        column: Some(mark.column),
        message: message.clone(),
        help: help.clone(),
    };
    located.problems.iter().map(document).collect()
}

/// Writes all problems: a picture of each, or one JSON object.
pub fn write(located: &Located, json: bool, exit_code: u8, out: &mut dyn Write) -> io::Result<()> {
    let count = counted(located.problems.len(), "problem");
    if json {
        let error = format!("{} has {count}", located.file);
        return writeln!(out, "{}", json!({ "error": error, "exit_code": exit_code, "problems": documents(located) }));
    }
    let lines: Vec<&str> = lines(&located.text).collect();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(WIDTH);
    // The line at hand, by its number: there may be many problems in a long one.
    let (mut number, mut line): (usize, Vec<char>) = (0, Vec::new());
    for problem in &located.problems {
        if problem.mark.line != number {
            number = problem.mark.line;
            line = lines.get(number - 1).map_or_else(Vec::new, |line| line.chars().collect());
        }
        let picture = Picture { problem, excerpt: Excerpt::new(&located.file, &line, problem.mark) };
        let mut text = String::new();
        if handler.render_report(&mut text, &picture).is_ok() {
            write!(out, "{text}")?;
        }
    }
    writeln!(out, "error: {} has {count}", located.file)
}
/// A problem with the line that it points into.
#[derive(Debug)]
struct Picture<'a> {
    problem: &'a Problem,
    excerpt: Excerpt<'a>,
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
        Some(&self.excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::new_primary_with_span(None, self.excerpt.span))))
    }
}

/// The part of a line that is shown, which is around the place if the line is long.
#[derive(Debug)]
struct Excerpt<'a> {
    file: &'a str,
    mark: Mark,
    text: String,
    /// The span of the line in bytes of the text.
    span: SourceSpan,
}

impl<'a> Excerpt<'a> {
    fn new(file: &'a str, line: &[char], mark: Mark) -> Self {
        let (column, length) = (mark.column - 1, mark.length.min(LINE / 2));
        let first = if column + length > LINE { column - LINE / 4 } else { 0 };
        // A column for each character, and nothing that a terminal would obey.
        let blot = |c: char| match c {
            '\t' => ' ',
            c if is_unprintable(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        };
        let before = if first > 0 { "..." } else { "" };
        let rest = line.get(first..).unwrap_or(&[]);
        let shown: String = rest.iter().take(LINE).copied().map(blot).collect();
        let byte = |n: usize| before.len() + shown.char_indices().nth(n).map_or(shown.len(), |(byte, _)| byte);
        let (start, end) = (byte(column - first), byte(column - first + length));
        let after = match (rest.len() > LINE, start == end) {
            (true, _) => "...",
            (false, true) => " ",
            (false, false) => "",
        };
        Self { file, mark, text: format!("{before}{shown}{after}"), span: (start, (end - start).max(1)).into() }
    }
}

impl SourceCode for Excerpt<'_> {
    /// Returns the whole excerpt, whatever lines around the place are asked for.
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let Mark { line, column, length: _ } = self.mark;
        let column = if before == 0 { column - 1 } else { 0 };
        let all = (0, self.text.len()).into();
        let contents = MietteSpanContents::new_named(self.file.into(), self.text.as_bytes(), all, line - 1, column, 1);
        Ok(Box::new(contents))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(text: &str, line: usize, column: usize, length: usize) -> Vec<String> {
        let problems = vec![Problem::new(Mark { line, column, length }, "wrong")];
        let mut out = Vec::new();
        let located = Located { file: "a.yaml".into(), text: text.into(), problems };
        write(&located, false, 64, &mut out).expect("to memory");
        String::from_utf8(out).expect("UTF-8").lines().map(String::from).collect()
    }

    #[test]
    fn a_place_is_underlined() {
        let expected = ["  × wrong", "   ╭─[a.yaml:2:4]", " 2 │ b: two # three", "   ·    ───", "   ╰────"];
        for end in ["\n", "\r\n", "\r"] {
            let text = format!("a: 1{end}b: two # three{end}");
            assert_eq!(picture(&text, 2, 4, 3)[..5], expected);
            assert_eq!(picture(&format!("\u{feff}{text}"), 2, 4, 3)[..5], expected);
        }
        assert_eq!(picture("a: 1\nb: two # three", 2, 4, 3)[5], "error: a.yaml has 1 problem");
    }

    #[test]
    fn tabs_and_wide_characters_count_once() {
        assert_eq!(picture("\ta: x", 1, 5, 1)[1..4], ["   ╭─[a.yaml:1:5]", " 1 │  a: x", "   ·     ─"]);
        assert_eq!(picture("名前: x", 1, 5, 1)[1..4], ["   ╭─[a.yaml:1:5]", " 1 │ 名前: x", "   ·       ─"]);
        assert_eq!(picture("a: \u{202e}b", 1, 1, 1)[2], " 1 │ a: \u{fffd}b");
        assert_eq!(picture("a: \u{1b}[31m", 1, 1, 1)[2], " 1 │ a: \u{fffd}[31m");
    }

    #[test]
    fn of_a_long_line_what_matters_is_shown() {
        let line = "0123456789".repeat(100_000);
        for (column, length) in [(1, 5), (104, 1), (105, 1), (500_003, 8), (999_999, 1_000_000), (1_000_001, 1)] {
            let shown = picture(&line, 1, column, length);
            assert_eq!(shown[1], format!("   ╭─[a.yaml:1:{column}]"));
            assert!(shown.iter().all(|line| line.chars().count() <= WIDTH), "{shown:#?}");
            let under = shown[3].chars().position(|c| c == '─').expect("underlined");
            let end = if column > line.len() { " " } else { &line[column - 1..column] };
            assert_eq!(shown[2].chars().nth(under), end.chars().next(), "{shown:#?}");
        }
    }

    #[test]
    fn a_place_past_the_end_is_no_place_to_fall() {
        for (line, column) in [(1, 5), (1, 50), (2, 1), (9, 9)] {
            assert_eq!(picture("a: 1", line, column, 3)[1], format!("   ╭─[a.yaml:{line}:{column}]"));
        }
        assert_eq!(picture("", 1, 1, 1)[0], "  × wrong");
    }
}
