//! YAML as a tree that knows where each of its nodes stands, so that every problem of a file can be located.
//!
//! Bounded: a file of at most 1 MiB, 32 levels and 100,000 nodes. Anchors, aliases and tags are refused: a script is data,
//! and nothing in it may grow when it is read. So are control characters, as YAML demands: text after one is never lost.
//! Only null is distinguished from text: `010` is those three characters, and a reader of numbers takes it for ten, as YAML 1.2 does.

use crate::problem::{Mark, Problem};
use saphyr_parser::input::SkipTabs;
use saphyr_parser::{Event, Input, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};

/// The length of the longest file that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// The deepest nesting that is read.
pub const MAX_DEPTH: usize = 32;
/// The most nodes that are read.
pub const MAX_NODES: usize = 100_000;

/// A value of a YAML document, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The place where the value starts.
    pub mark: Mark,
    /// The value itself.
    pub kind: Kind,
}

/// The value of a node: one of the three shapes of YAML, or null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A single value as text, whatever its style.
    Scalar(String),
    /// Null, as written: `null`, `Null`, `NULL` or `~` without quotes. A value that is left out is empty text.
    Null(String),
    /// A list, written `- a` or `[a]`.
    List(Vec<Node>),
    /// A map, written `k: v` or `{ k: v }`: its entries in order, repeated keys included.
    Map(Vec<(Key, Node)>),
}

/// A key of a map, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The place where the key starts.
    pub mark: Mark,
    /// The text of the key.
    pub text: String,
}

impl Node {
    /// The value of a map's key: the first, if the key is repeated.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|(name, _)| name.text == key).map(|(_, node)| node),
            Kind::Scalar(_) | Kind::Null(_) | Kind::List(_) => None,
        }
    }
}

/// The text of a file's bytes.
///
/// # Errors
/// A problem at the first byte that is not UTF-8.
///
/// ```
/// use fusion_adversaries::yaml::decode;
/// let place = decode(b"name: x\nab\xff").map_err(|problem| (problem.mark.line, problem.mark.column));
/// assert_eq!(place, Err((2, 3)));
/// ```
pub fn decode(bytes: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(bytes).map_err(|error| {
        let (read, rest) = bytes.split_at(error.valid_up_to());
        let byte = rest[0];
        let problem = Problem::new(end_of(&String::from_utf8_lossy(read)), format!("byte 0x{byte:02x} is not UTF-8"));
        problem.help("a script is UTF-8 text")
    })
}

/// The lines of a text, without their ends, as the places of problems count them.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// The place of the character after a text.
fn end_of(text: &str) -> Mark {
    let (line, last) = lines(text).enumerate().last().unwrap_or((0, ""));
    Mark { line: line + 1, column: last.chars().count() + 1, length: 1 }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads a text of one document as a tree.
///
/// # Errors
/// A problem at the first place that is not YAML as read here.
///
/// ```
/// use fusion_adversaries::yaml::{Kind, parse};
/// let tree = parse("protocol: { R: 8, B: 2 }\n")?;
/// let copies = tree.get("protocol").and_then(|protocol| protocol.get("B"));
/// assert_eq!(copies.map(|node| (&node.kind, node.mark.column)), Some((&Kind::Scalar("2".into()), 22)));
/// assert!(parse("a: &x 1\nb: *x\n").is_err(), "nothing grows when it is read");
/// # Ok::<(), fusion_adversaries::problem::Problem>(())
/// ```
pub fn parse(text: &str) -> Result<Node, Problem> {
    if text.len() > MAX_BYTES {
        return Err(Problem::new(Mark::START, "the file is longer than 1 MiB"));
    }
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let unprintable = |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')) || c == BYTE_ORDER_MARK;
    if let Some((before, c)) =
        text.split_once(unprintable).map(|(before, _)| (before, text[before.len()..].chars().next()))
    {
        let code = c.map_or(0, u32::from);
        return Err(Problem::new(end_of(before), format!("the character U+{code:04X} cannot be part of a script")));
    }
    let mut events = Events { text, parser: Parser::new(Tabs(StrInput::new(text))), nodes: 0 };
    loop {
        match events.next()? {
            (Event::StreamStart | Event::DocumentStart(_), _) => {}
            (Event::StreamEnd | Event::DocumentEnd, _) => return Err(Problem::new(Mark::START, "the file is empty")),
            (event, span) => {
                let node = events.node(event, span, 0)?;
                return events.end().map(|()| node);
            }
        }
    }
}

struct Events<'a> {
    text: &'a str,
    parser: Parser<'a, Tabs<'a>>,
    nodes: usize,
}

/// The text, with tabs between a colon and its value as good as spaces (YAML 1.2, 6.1), which the parser has otherwise.
struct Tabs<'a>(StrInput<'a>);

impl Input for Tabs<'_> {
    fn lookahead(&mut self, count: usize) {
        self.0.lookahead(count);
    }

    fn buflen(&self) -> usize {
        self.0.buflen()
    }

    fn bufmaxlen(&self) -> usize {
        self.0.bufmaxlen()
    }

    fn raw_read_ch(&mut self) -> char {
        self.0.raw_read_ch()
    }

    fn raw_read_non_breakz_ch(&mut self) -> Option<char> {
        self.0.raw_read_non_breakz_ch()
    }

    fn skip(&mut self) {
        self.0.skip();
    }

    fn skip_n(&mut self, count: usize) {
        self.0.skip_n(count);
    }

    fn peek(&self) -> char {
        self.0.peek()
    }

    fn peek_nth(&self, n: usize) -> char {
        self.0.peek_nth(n)
    }

    fn peek_opt(&self) -> Option<char> {
        self.0.peek_opt()
    }

    fn skip_ws_to_eol(&mut self, skip_tabs: SkipTabs) -> (usize, Result<SkipTabs, &'static str>) {
        let (count, skipped) = self.0.skip_ws_to_eol(skip_tabs);
        (
            count,
            skipped.map(|found| SkipTabs::Result(found.found_tabs(), found.has_valid_yaml_ws() || found.found_tabs())),
        )
    }
}

/// Plain text that YAML reads as no value.
const NULLS: [&str; 4] = ["null", "Null", "NULL", "~"];

impl<'a> Events<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Problem> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(not_yaml(&error, self.text)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// Nothing but the end may follow the first document.
    fn end(&mut self) -> Result<(), Problem> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentEnd, _) => {}
                (_, span) => return Err(Problem::new(mark(span.start), "a script is a single YAML document")),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Problem> {
        let at = mark(span.start);
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Problem::new(at, format!("the file has more than {MAX_NODES} values")));
        }
        if depth > MAX_DEPTH {
            return Err(Problem::new(at, format!("values are nested deeper than {MAX_DEPTH} levels")));
        }
        let kind = match event {
            Event::Scalar(text, style, 0, None) => {
                let length = if at.line == mark(span.end).line { span.len() } else { 1 };
                let mark = Mark { length: length.max(1), ..at };
                let null = style == ScalarStyle::Plain && NULLS.contains(&&*text);
                let text = text.into_owned();
                return Ok(Node { mark, kind: if null { Kind::Null(text) } else { Kind::Scalar(text) } });
            }
            Event::SequenceStart(0, None) => Kind::List(self.list(depth)?),
            Event::MappingStart(0, None) => Kind::Map(self.map(depth)?),
            Event::Alias(_) => return Err(Problem::new(at, "aliases are not read: write the value out")),
            Event::Scalar(_, _, 0, _) | Event::SequenceStart(0, _) | Event::MappingStart(0, _) => {
                return Err(Problem::new(at, "tags are not read"));
            }
            _ => return Err(Problem::new(at, "anchors are not read: write the value out")),
        };
        Ok(Node { mark: at, kind })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Problem> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(Key, Node)>, Problem> {
        let mut entries = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(entries),
                (event, span) => self.node(event, span, depth + 1)?,
            };
            let Node { mark, kind: Kind::Scalar(text) } = key else {
                return Err(Problem::new(key.mark, "a key must be a word"));
            };
            let (event, span) = self.next()?;
            let mut value = self.node(event, span, depth + 1)?;
            if span.is_empty() && value.kind == Kind::Scalar(String::new()) {
                // What is left out stands nowhere, or where the next thing begins.
                value.mark = mark;
            }
            entries.push((Key { mark, text }, value));
        }
    }
}

fn mark(marker: Marker) -> Mark {
    Mark { line: marker.line().max(1), column: marker.col() + 1, length: 1 }
}

/// The parser speaks of its own states: advice on the likely cause goes with its message.
fn not_yaml(error: &ScanError, text: &str) -> Problem {
    const CAUSES: [(&str, &str); 8] = [
        ("unknown anchor", "aliases are not read: write the value out"),
        ("tab", "indent with spaces, not with tabs"),
        ("simple key expect ':'", "a line above may lack its `:`"),
        ("mapping values are not allowed", "text with `: ` in it needs quotes"),
        ("expected ',' or", "a bracket, a brace or a comma may be missing before this"),
        ("placement of ':'", "a bracket or a brace may be missing before this"),
        ("quoted scalar", "a quote may be missing"),
        ("did not find expected", "the lines of a block must be indented alike"),
    ];
    let (info, mut place) = (error.info(), mark(*error.marker()));
    let problem = |place| Problem::new(place, format!("not YAML: {info}"));
    let Some((cause, help)) = CAUSES.iter().find(|(cause, _)| info.contains(cause)) else { return problem(place) };
    if *cause == "tab" {
        let indented = |line: &str| line.chars().position(|c| c != ' ').filter(|at| line[*at..].starts_with('\t'));
        let tab = lines(text).enumerate().skip(place.line - 1).find_map(|(index, line)| Some((index, indented(line)?)));
        place = tab.map_or(place, |(index, at)| Mark { line: index + 1, column: at + 1, length: 1 });
    }
    problem(place).help(*help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> (usize, usize, String) {
        let problem = parse(text).expect_err("malformed");
        (problem.mark.line, problem.mark.column, problem.message)
    }

    #[test]
    fn places_are_counted_from_one() {
        let Node { kind: Kind::Map(entries), .. } = parse("a: 1\nbc: [x, 'é z', {d: e}]\n").expect("YAML") else {
            panic!("a map");
        };
        let [(a, one), (bc, list)] = &entries[..] else { panic!("two keys") };
        assert_eq!((a.mark, &a.text[..]), (Mark { line: 1, column: 1, length: 1 }, "a"));
        assert_eq!(one.mark, Mark { line: 1, column: 4, length: 1 });
        assert_eq!(bc.mark, Mark { line: 2, column: 1, length: 2 });
        let Kind::List(items) = &list.kind else { panic!("a list") };
        assert_eq!(items[1].mark, Mark { line: 2, column: 9, length: 5 });
        assert_eq!(items[2].mark.column, 16);
    }

    #[test]
    fn what_is_left_out_is_blamed_on_its_key() {
        let node = parse("goal:\n\nmodel: { path: }\nname: ''\n").expect("YAML");
        assert_eq!(node.get("goal").map(|node| node.mark), Some(Mark { line: 1, column: 1, length: 4 }));
        let path = node.get("model").and_then(|model| model.get("path"));
        assert_eq!(path.map(|node| node.mark), Some(Mark { line: 3, column: 10, length: 4 }));
        assert_eq!(node.get("name").map(|node| node.mark), Some(Mark { line: 4, column: 7, length: 2 }));
    }

    #[test]
    fn what_cannot_be_printed_is_refused_where_it_stands() {
        assert_eq!(problem("a: 1\nb: 2\0\nc: 3\n"), (2, 5, "the character U+0000 cannot be part of a script".into()));
        assert_eq!(problem("a: \u{1b}[31m\n"), (1, 4, "the character U+001B cannot be part of a script".into()));
        assert_eq!(problem("a: 1\r\nb\u{feff}: 2\n"), (2, 2, "the character U+FEFF cannot be part of a script".into()));
        let marked = parse("\u{feff}a: 1\r\nb: 2\r\n").expect("YAML");
        assert_eq!(marked.get("b").map(|node| node.mark), Some(Mark { line: 2, column: 4, length: 1 }));
        let bad = decode(b"a: 1\n\xc3\xa9: \xff\n").expect_err("not UTF-8");
        assert_eq!((bad.mark, &bad.message[..]), (Mark { line: 2, column: 4, length: 1 }, "byte 0xff is not UTF-8"));
    }

    /// Places count the lines that [`lines`] gives, however they end.
    #[test]
    fn lines_end_as_the_parser_says() {
        for end in ["\n", "\r\n", "\r"] {
            let text = format!("\u{feff}a: 1{end}{end}bé: 2{end}");
            let node = parse(&text).expect("YAML");
            let mark = node.get("bé").map(|node| node.mark).expect("read");
            assert_eq!((mark.line, mark.column), (3, 5));
            assert_eq!(lines(&text).nth(mark.line - 1), Some("bé: 2"));
        }
    }

    /// YAML 1.2, 6.1 and 6.2: spaces indent, spaces and tabs separate. Within quotes a tab is a tab.
    #[test]
    fn tabs_separate_and_never_indent() {
        let scalar = |text: &str, key: &str| {
            let node = parse(text).unwrap_or_else(|problem| panic!("{text:?}: {}", problem.message));
            (node.get(key).map(|node| (node.kind.clone(), node.mark.line, node.mark.column))).expect("there")
        };
        let word = |text: &str| Kind::Scalar(text.into());
        for (text, kind, column) in [
            ("a:\tb\n", word("b"), 4),
            ("a: \tb\n", word("b"), 5),
            ("a:\t\tb\n", word("b"), 5),
            ("a:\t b\n", word("b"), 5),
            ("a:\t-1\n", word("-1"), 4),
            ("a:\t8\t# eight\n", word("8"), 4),
            ("a:\t'b'\n", word("b"), 4),
            ("a:\t\"x\ty: \tz\"\n", word("x\ty: \tz"), 4),
            ("a: b\tc\n", word("b\tc"), 4),
            ("a: b\t\n", word("b"), 4),
            ("a:\t[]\n", Kind::List(vec![]), 4),
            ("{\ta:\tb\t,\tc:\td\t}\n", word("b"), 6),
            ("a:\t~\n", Kind::Null("~".into()), 4),
        ] {
            assert_eq!(scalar(text, "a"), (kind, 1, column), "{text:?}");
        }
        let nested = parse("a:\t{ b:\tc }\nd:\n  e:\tf\n").expect("YAML");
        assert_eq!(nested.get("d").and_then(|d| d.get("e")).map(|e| &e.kind), Some(&word("f")));
        let Kind::List(items) = parse("-\ta\n-\tb\n").expect("YAML").kind else { panic!("a list") };
        assert_eq!(items.into_iter().map(|item| item.kind).collect::<Vec<_>>(), ["a", "b"].map(word));
        for text in ["a:\n\tb: 1\n", "a:\n  b: 1\n\tc: 2\n", "a:\t- b\n", "a:\tb: c\n", "-\t- a\n"] {
            let problem = parse(text).expect_err(text);
            assert!(problem.message.starts_with("not YAML"), "{text:?}: {}", problem.message);
        }
        let indented = parse("a:\n\tb: 1\n").expect_err("indented by a tab");
        assert_eq!((indented.mark.line, indented.help.as_deref()), (2, Some("indent with spaces, not with tabs")));
    }

    /// Without quotes these are YAML's null, in any place; with quotes, and in any other spelling, they are text.
    #[test]
    fn null_is_no_text() {
        for null in ["null", "Null", "NULL", "~"] {
            let kind = |text: &str| parse(text).map(|node| node.get("a").map(|node| node.kind.clone())).expect("YAML");
            assert_eq!(kind(&format!("a: {null}\n")), Some(Kind::Null(null.into())));
            assert_eq!(kind(&format!("a: {null} # nothing\n")), Some(Kind::Null(null.into())));
            assert_eq!(kind(&format!("{{ a: {null}, b: 1 }}\n")), Some(Kind::Null(null.into())));
            for quote in ["'", "\""] {
                assert_eq!(kind(&format!("a: {quote}{null}{quote}\n")), Some(Kind::Scalar(null.into())));
            }
            assert_eq!(kind(&format!("a: |-\n  {null}\n")), Some(Kind::Scalar(null.into())));
            assert_eq!(kind(&format!("a: {null} null\n")), Some(Kind::Scalar(format!("{null} null"))));
            assert_eq!(problem(&format!("{null}: 1\n")).2, "a key must be a word");
        }
        for word in [
            "nUll", "none", "nil", "~x", "true", "True", "yes", "no", "on", ".inf", ".nan", "010", "0o10", "0x10",
            "1_000", "1e3", "<<",
        ] {
            assert_eq!(
                parse(&format!("a: {word}\n")).map(|node| node.get("a").map(|node| node.kind.clone())),
                Ok(Some(Kind::Scalar(word.into())))
            );
        }
    }

    #[test]
    fn what_could_grow_is_refused() {
        assert_eq!(problem("a: &x 1\nb: 2\n").0, 1);
        assert!(problem("a: &x [1]\nb: [*x, *x]\n").2.contains("anchors"));
        let alias = parse("a: *x\n").expect_err("refused");
        assert_eq!(alias.help.as_deref(), Some("aliases are not read: write the value out"));
        assert!(problem("a: !!int 3\n").2.contains("tags"));
        assert!(problem(&"[".repeat(100)).2.contains("nested deeper"));
        assert!(problem(&"- ".repeat(100_000)).2.contains("nested deeper"));
        assert!(problem(&format!("[{}]", "1,".repeat(100_001))).2.contains("more than 100000"));
        assert!(problem(&" ".repeat(MAX_BYTES + 1)).2.contains("1 MiB"));
    }

    #[test]
    fn one_document_with_something_in_it() {
        assert_eq!(problem(""), (1, 1, "the file is empty".into()));
        assert_eq!(problem("# nothing\n").2, "the file is empty");
        assert_eq!(problem("a: 1\n---\nb: 2\n"), (2, 1, "a script is a single YAML document".into()));
        assert_eq!(problem("? [a]\n: 1\n").2, "a key must be a word");
        assert!(problem("a: [1, 2\nb: 3\n").2.contains("not YAML"));
    }
}
