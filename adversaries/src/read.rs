//! From a located tree to values: each reader takes a node and gives a value or a problem, and goes on either way, so that all
//! problems of a file come out at once.
//!
//! ```
//! use fusion_adversaries::{read::Reader, yaml};
//!
//! let tree = yaml::parse("colour: green\nsize: small\nshape: round\n")?;
//! let mut reader = Reader::default();
//! let fields = reader.fields(&tree, "a thing", &["color", "size"]);
//! let size = fields.as_ref().and_then(|fields| reader.require(fields, "size"));
//! let size = size.and_then(|node| reader.word(node, "size", &[("little", 1), ("large", 9)]));
//! assert_eq!(size, None);
//! let lines = reader.into_problems().into_iter().map(|problem| problem.mark.line);
//! assert_eq!(Vec::from_iter(lines), [1, 2, 3], "two unknown keys and a word");
//! # Ok::<(), fusion_adversaries::problem::Problem>(())
//! ```

use crate::problem::{Mark, Problem, closest, list, nearest, quoted, shortened};
use crate::yaml::{Kind, Node};
use fusion_spec::exact::rational;
use fusion_spec::params::power_of_two;
use rug::Rational;
use std::ops::{Range, RangeInclusive};

/// Reads the nodes of a tree, and collects every problem found on the way.
#[derive(Debug, Default)]
pub struct Reader {
    problems: Vec<Problem>,
    /// The number of slots `N`, once it is known.
    pub slots: Option<u128>,
}

/// The entries of a map whose keys are known, the first of each key.
#[derive(Debug)]
pub struct Fields<'n> {
    mark: Mark,
    what: &'static str,
    entries: Vec<(&'n str, Mark, &'n Node)>,
    /// Known keys that unknown ones seem to stand for: that they are missing is no second problem.
    guessed: Vec<String>,
    known: bool,
}

/// A key, and the reader of its value.
pub type Alternative<'r, 'n, T> = (&'static str, &'r dyn Fn(&mut Reader, &'n Node) -> Option<T>);

impl<'n> Fields<'n> {
    /// The value of a key, if it is there.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(name, ..)| *name == key).map(|(.., node)| *node)
    }

    /// The place of a key, or of the map if the key is not there.
    #[must_use]
    pub fn mark(&self, key: &str) -> Mark {
        self.entries.iter().find(|(name, ..)| *name == key).map_or(self.mark, |(_, mark, _)| *mark)
    }

    /// Whether a key is there, perhaps misspelled.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some() || self.guessed.iter().any(|guess| guess == key)
    }

    /// Whether every key of the map is known, and there once.
    #[must_use]
    pub fn all_known(&self) -> bool {
        self.known
    }

    /// Of these keys, the ones that are there.
    #[must_use]
    pub fn present(&self, keys: &[&'static str]) -> Vec<&'static str> {
        keys.iter().copied().filter(|key| self.get(key).is_some()).collect()
    }
}

impl Reader {
    /// The problems that were found, in the order of the file.
    #[must_use]
    pub fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| problem.mark);
        self.problems
    }

    /// The number of problems that were found so far.
    #[must_use]
    pub fn found(&self) -> usize {
        self.problems.len()
    }

    /// Records a problem. The result is always `None`: the value that could not be read.
    pub fn problem<T>(&mut self, problem: Problem) -> Option<T> {
        self.problems.push(problem);
        None
    }

    /// Records a problem without advice.
    pub fn wrong<T>(&mut self, mark: Mark, message: impl Into<String>) -> Option<T> {
        self.problem(Problem::new(mark, message))
    }

    /// The entries of a map, all of whose keys must be among `keys`.
    pub fn fields<'n>(&mut self, node: &'n Node, what: &'static str, keys: &[&str]) -> Option<Fields<'n>> {
        let Kind::Map(map) = &node.kind else {
            let problem = Problem::new(node.mark, format!("{what} must be a map, not {}", kind(node)));
            return self.problem(problem.help(format!("its keys: {}", list(keys))));
        };
        let mut entries: Vec<(&str, Mark, &Node)> = Vec::new();
        let mut guessed = Vec::new();
        let before = self.problems.len();
        for (key, value) in map {
            let name = key.text.as_str();
            if !keys.contains(&name) {
                let problem = Problem::new(key.mark, format!("unknown key {} in {what}", quoted(name)));
                self.problems.push(problem.help(nearest(name, keys)));
                guessed.extend(closest(name, keys).map(String::from));
            } else if let Some((_, first, _)) = entries.iter().find(|(seen, ..)| *seen == name) {
                let problem = Problem::new(key.mark, format!("`{name}` is there twice"));
                self.problems.push(problem.help(format!("the first is in line {}", first.line)));
            } else {
                entries.push((name, key.mark, value));
            }
        }
        Some(Fields { mark: node.mark, what, entries, guessed, known: before == self.problems.len() })
    }

    /// The value of a key that must be in a map.
    pub fn require<'n>(&mut self, fields: &Fields<'n>, key: &str) -> Option<&'n Node> {
        match fields.get(key) {
            Some(node) => Some(node),
            None if fields.has(key) => None,
            None => self.wrong(fields.mark, format!("{} needs the key `{key}`", fields.what)),
        }
    }

    /// The value of the one key that is there of several, each with its reader. Where there are more, all are read for their problems.
    pub fn one_of<'n, T>(&mut self, fields: &Fields<'n>, alternatives: &[Alternative<'_, 'n, T>]) -> Option<T> {
        let keys: Vec<&str> = alternatives.iter().map(|(key, _)| *key).collect();
        let mut present = Vec::new();
        for (key, read) in alternatives {
            if let Some(node) = fields.get(key) {
                present.push((*key, read(self, node)));
            }
        }
        if present.len() == 1 {
            return present.pop()?.1;
        }
        match present[..] {
            [] if keys.iter().any(|key| fields.has(key)) => None,
            [] => self.wrong(fields.mark, format!("{} needs one of {}", fields.what, list(&keys))),
            [(first, _), ref others @ ..] => {
                for (other, _) in others {
                    let message = format!("`{first}` and `{other}` exclude each other");
                    self.wrong::<()>(fields.mark(other), message);
                }
                None
            }
        }
    }

    /// The value of a key read by `read`, or `default` where it is left out.
    pub fn optional<'n, T>(
        &mut self,
        fields: &Fields<'n>,
        key: &str,
        default: T,
        read: impl FnOnce(&mut Self, &'n Node) -> Option<T>,
    ) -> Option<T> {
        match fields.get(key) {
            Some(node) => read(self, node),
            None => Some(default),
        }
    }

    /// The items of a list, which may be empty.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.kind {
            Kind::List(items) => Some(items),
            _ => self.wrong(node.mark, format!("{what} must be a list, not {}", kind(node))),
        }
    }

    /// The text of a single value, which must not be empty.
    pub fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.kind {
            Kind::Scalar(text) if !text.is_empty() => Some(text),
            Kind::Scalar(_) => self.wrong(node.mark, format!("{what} is empty")),
            Kind::Null(text) => {
                let problem = Problem::new(node.mark, format!("{what} is null, which is no value here"));
                self.problem(problem.help(format!("leave the key out; the text is written \"{text}\"")))
            }
            _ => self.wrong(node.mark, format!("{what} must be a single value, not {}", kind(node))),
        }
    }

    /// The value that one of several words stands for.
    pub fn word<T: Clone>(&mut self, node: &Node, what: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(node, what)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| value.clone());
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        found.or_else(|| {
            self.problem(Problem::new(node.mark, format!("{} is no {what}", quoted(text))).help(nearest(text, &names)))
        })
    }

    /// The value that one of several words stands for, where the value has another form too: `other` is an example of it.
    pub fn word_or<T: Clone>(&mut self, node: &Node, what: &str, words: &[(&str, T)], other: &str) -> Option<T> {
        let before = self.problems.len();
        let word = self.word(node, what, words);
        if let Some(Problem { help: Some(help), .. }) = self.problems[before..].first_mut()
            && !help.starts_with("did you mean")
        {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            *help = format!("one of {}, {other}", list(&names));
        }
        word
    }

    /// The text of a name: lower-case letters, digits and hyphens, at most 64 of them.
    pub fn name(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = self.text(node, what)?;
        let legal = text.len() <= 64 && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if legal {
            return Some(text.into());
        }
        let problem = Problem::new(node.mark, format!("{} is no {what}", quoted(text)));
        self.problem(problem.help("lower-case letters, digits and hyphens, at most 64"))
    }

    /// The text of a whole number: digits, perhaps after a minus sign.
    fn whole<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        let text = self.text(node, what)?;
        if is_digits(text.strip_prefix('-').unwrap_or(text)) {
            return Some(text);
        }
        let problem = Problem::new(node.mark, format!("{what} must be a whole number, not {}", quoted(text)));
        let whole = rational::parse(text).ok().filter(|value| value.is_integer() && *value <= u64::MAX);
        self.problem(match whole {
            Some(value) => problem.help(format!("write {value}")),
            None => problem,
        })
    }

    /// A whole number of 64 bits, with its sign.
    pub fn integer(&mut self, node: &Node, what: &str) -> Option<i64> {
        let value = self.whole(node, what)?.parse().ok();
        value.or_else(|| self.outside(node, what, "from -2^63 to 2^63 - 1"))
    }

    /// A whole number within limits.
    pub fn natural(&mut self, node: &Node, what: &str, limits: RangeInclusive<u64>) -> Option<u64> {
        let value = self.whole(node, what)?.parse().ok().filter(|value| limits.contains(value));
        value.or_else(|| {
            let (least, most) = limits.into_inner();
            self.outside(node, what, &format!("from {least} to {}", power_of_two(most)))
        })
    }

    /// [`Reader::natural`] that fits 32 bits.
    pub fn natural32(&mut self, node: &Node, what: &str, limits: RangeInclusive<u32>) -> Option<u32> {
        let (least, most) = limits.into_inner();
        let value = self.natural(node, what, least.into()..=most.into())?;
        u32::try_from(value).ok()
    }

    /// The value of a number, exactly as written.
    pub fn number(&mut self, node: &Node, what: &str) -> Option<Rational> {
        let text = self.text(node, what)?;
        let Ok(value) = rational::parse(text) else {
            let problem = Problem::new(node.mark, format!("{what} must be a number, not {}", quoted(text)));
            return self.problem(problem.help("such as 0.99, 99%, 99/100 or 1e-6"));
        };
        // Written out as a fraction, as runs keep it, it must be a number again.
        if value.to_string().len() > rational::MAX_TEXT {
            let problem = Problem::new(node.mark, format!("{what} has too many digits: {}", quoted(text)));
            return self.problem(problem.help(format!("as a fraction, at most {} characters", rational::MAX_TEXT)));
        }
        Some(value)
    }

    /// The value of a probability: from 0 to 1 with `ends`, otherwise strictly between them.
    pub fn probability(&mut self, node: &Node, what: &str, ends: bool) -> Option<Rational> {
        let value = self.number(node, what)?;
        let (legal, limits) =
            if ends { ((0..=1).contains(&value), "from 0 to 1") } else { (value > 0 && value < 1, "between 0 and 1") };
        if legal { Some(value) } else { self.outside(node, what, limits) }
    }

    /// Records that a value is not within its limits.
    pub fn outside<T>(&mut self, node: &Node, what: &str, limits: &str) -> Option<T> {
        let text = self.text(node, what)?;
        self.wrong(node.mark, format!("{what} must be {limits}, not {}", shortened(text)))
    }

    /// The range `a..b`, without `b`, which must not be empty.
    pub fn range(&mut self, node: &Node, what: &str) -> Option<Range<u32>> {
        let text = self.text(node, what)?;
        let ends = text.split_once("..").filter(|(a, b)| is_digits(a) && is_digits(b));
        match ends.map(|(a, b)| (a.parse::<u32>(), b.parse::<u32>())) {
            Some((Ok(start), Ok(end))) if start < end => Some(start..end),
            Some((Ok(_), Ok(_))) => {
                self.wrong(node.mark, format!("{what} {text} is empty: the end is not included, and must come after"))
            }
            Some(_) => self.wrong(node.mark, format!("{what} must end before 2^32, not {}", shortened(text))),
            None => {
                let problem = Problem::new(node.mark, format!("{what} must be a range, not {}", quoted(text)));
                self.problem(problem.help("such as 0..500: from 0 to 499"))
            }
        }
    }
}

pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn kind(node: &Node) -> &'static str {
    match &node.kind {
        Kind::Scalar(text) if text.is_empty() => "an empty value",
        Kind::Scalar(_) => "a single value",
        Kind::Null(_) => "null",
        Kind::List(_) => "a list",
        Kind::Map(_) => "a map",
    }
}
