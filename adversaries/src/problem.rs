//! Problems of a script: a message, its place, and advice.

use std::fmt;

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The number of characters to point at.
    pub length: usize,
}

impl Mark {
    /// The place where a file begins.
    pub const START: Self = Self { line: 1, column: 1, length: 1 };
}

/// A problem of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The place of the problem.
    pub mark: Mark,
    /// A message that says what is wrong, without a full stop.
    pub message: String,
    /// Advice on what to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// Makes a problem without advice.
    pub fn new(mark: Mark, message: impl Into<String>) -> Self {
        Self { mark, message: message.into(), help: None }
    }

    /// The same problem with advice.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// The length of the longest word that is compared with others, in bytes.
const MAX_WORD: usize = 64;
/// Most characters of a value that a message repeats.
const MAX_QUOTED: usize = 48;

/// The word of a list that is nearest to another, if one is near.
#[must_use]
pub fn closest<'w>(word: &str, words: &[&'w str]) -> Option<&'w str> {
    if word.is_empty() || word.len() > MAX_WORD {
        return None;
    }
    let distance = |other: &str| {
        if other.eq_ignore_ascii_case(word) { 0 } else { strsim::damerau_levenshtein(word, other) }
    };
    let near = word.chars().count().max(3) / 3 + usize::from(word.len() > 4);
    // Nothing of a word is left once each of its letters is another.
    let near = near.min(word.chars().count() - 1);
    words.iter().map(|other| (distance(other), *other)).filter(|(d, _)| *d <= near).min().map(|(_, other)| other)
}

/// Advice for a word that is unknown: `did you mean ...?` with the nearest word of a list, or the whole list if none is near.
///
/// ```
/// use fusion_adversaries::problem::{closest, nearest};
/// let keys = ["name", "schema", "trials"];
/// assert_eq!(nearest("nmae", &keys), "did you mean `name`?");
/// assert_eq!((nearest("x", &keys).as_str(), closest("x", &keys)), ("one of `name`, `schema`, `trials`", None));
/// ```
#[must_use]
pub fn nearest(word: &str, words: &[&str]) -> String {
    match (closest(word, words), words) {
        (Some(closest), _) => format!("did you mean `{closest}`?"),
        (None, []) => "there are none".into(),
        (None, [only]) => format!("`{only}` is the only one"),
        (None, _) => format!("one of {}", list(words)),
    }
}

/// Words as messages list them: `` `a`, `b`, `c` ``.
#[must_use]
pub fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Whether text is a whole number with a comma before every three digits but the first ones.
///
/// ```
/// use fusion_adversaries::problem::is_grouped;
/// assert!(is_grouped("1,000") && is_grouped("12,345,678"));
/// assert!(!is_grouped("1000") && !is_grouped("1,00") && !is_grouped(",000") && !is_grouped("1,2,3"));
/// ```
#[must_use]
pub fn is_grouped(text: &str) -> bool {
    let Some((first, rest)) = text.split_once(',') else { return false };
    let digits =
        |group: &str, most: usize| (1..=most).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_digit());
    digits(first, 3) && rest.split(',').all(|group| group.len() == 3 && digits(group, 3))
}

/// Whether a terminal would obey a character instead of showing it, or show nothing: a control character, one that turns the
/// direction of text, or one without width.
#[must_use]
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{61c}' | '\u{feff}')
}

/// A value as messages show it: on one line, shortened, between backticks.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("`{}`", shortened(text))
}

/// A value on one line: control characters are escaped, and a long value is cut.
///
/// ```
/// use fusion_adversaries::problem::shortened;
/// assert_eq!(shortened("red \u{1b}[31m"), r"red \u{1b}[31m");
/// assert!(shortened(&"a".repeat(99)).ends_with("aa..."));
/// ```
#[must_use]
pub fn shortened(text: &str) -> String {
    let mut shown = String::new();
    for (index, c) in text.chars().enumerate() {
        match c {
            _ if index == MAX_QUOTED => {
                shown.push_str("...");
                break;
            }
            c if is_unprintable(c) => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}

/// Text from a file or a path, fit for one line of a terminal: what a terminal would obey or hide is escaped.
///
/// ```
/// use fusion_adversaries::problem::one_line;
/// assert_eq!(one_line("a\nb"), r"a\nb");
/// ```
#[must_use]
pub fn one_line(text: &str) -> String {
    let escaped = |c: char| is_unprintable(c).then(|| c.escape_default().collect());
    text.chars().map(|c| escaped(c).unwrap_or_else(|| c.to_string())).collect()
}

/// Writes a number of things, each of which has this name: `1 query`, `2 queries`.
///
/// ```
/// use fusion_adversaries::problem::counted;
/// assert_eq!([0_u64, 1, 2].map(|n| counted(n, "query")), ["0 queries", "1 query", "2 queries"]);
/// assert_eq!(counted(3_usize, "class"), "3 classes");
/// ```
#[must_use]
pub fn counted<N: fmt::Display + Copy + PartialEq + From<u8>>(count: N, name: &str) -> String {
    if count == N::from(1) {
        return format!("{count} {name}");
    }
    match (name.strip_suffix('y'), name.ends_with('s')) {
        (Some(stem), _) => format!("{count} {stem}ies"),
        (None, true) => format!("{count} {name}es"),
        (None, false) => format!("{count} {name}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_offered_if_it_is_near() {
        let words = ["trials", "test", "strategies"];
        for (wrong, right) in [("trails", "trials"), ("tset", "test"), ("strategy", "strategies"), ("Test", "test")] {
            assert_eq!(nearest(wrong, &words), format!("did you mean `{right}`?"));
        }
        assert_eq!(nearest("colour", &words), "one of `trials`, `test`, `strategies`");
        assert_eq!(nearest("", &["R", "B"]), "one of `R`, `B`", "nothing is near nothing");
        assert_eq!(nearest("x", &["R", "B"]), "one of `R`, `B`", "one letter is near no other");
        assert_eq!(nearest("r", &["R", "B"]), "did you mean `R`?");
        assert_eq!(nearest("r", &["to"]), "`to` is the only one");
        assert_eq!(closest(&"trials".repeat(100_000), &words), None);
    }

    #[test]
    fn one_line_shows_what_a_terminal_would_obey_or_hide() {
        let hostile = "\u{1b}[2J\n\u{9b}\u{202e}\u{2066}\u{200f}\u{61c}\u{200b}\u{feff}é";
        let shown = r"\u{1b}[2J\n\u{9b}\u{202e}\u{2066}\u{200f}\u{61c}\u{200b}\u{feff}é";
        assert_eq!(one_line(hostile), shown);
    }

    #[test]
    fn a_quoted_value_is_short_and_on_one_line() {
        assert_eq!(quoted("a b"), "`a b`");
        assert_eq!(quoted("a\u{202e}"), r"`a\u{202e}`");
        assert_eq!(quoted("a\n\u{1b}[31m"), r"`a\n\u{1b}[31m`");
        assert_eq!(quoted(&"é".repeat(1 << 20)), format!("`{}...`", "é".repeat(MAX_QUOTED)));
    }
}
