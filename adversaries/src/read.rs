//! From a located tree to values: each reader takes a node and gives a value or a problem, and goes on either way, so that all
//! problems of a file come out at once.

use crate::problem::{Mark, Problem, nearest};
use crate::yaml::{Kind, Node};
use fusion_spec::exact::rational;
use rug::{Integer, Rational};
use std::ops::{Range, RangeInclusive};

/// Collects problems.
#[derive(Debug, Default)]
pub struct Reader {
    problems: Vec<Problem>,
}

/// The entries of a map whose keys are all known and single.
#[derive(Debug)]
pub struct Fields<'n> {
    mark: Mark,
    what: &'static str,
    entries: Vec<(&'n str, Mark, &'n Node)>,
}

impl<'n> Fields<'n> {
    /// The value of a key that may be left out.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(name, ..)| *name == key).map(|(.., node)| *node)
    }

    /// Where a key stands.
    #[must_use]
    pub fn mark(&self, key: &str) -> Mark {
        self.entries.iter().find(|(name, ..)| *name == key).map_or(self.mark, |(_, mark, _)| *mark)
    }

    /// Of these keys, the ones that are there.
    #[must_use]
    pub fn present(&self, keys: &[&'static str]) -> Vec<&'static str> {
        keys.iter().copied().filter(|key| self.get(key).is_some()).collect()
    }
}

impl Reader {
    /// The problems found, in the order of the file.
    #[must_use]
    pub fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| problem.mark);
        self.problems
    }

    /// Nothing was wrong so far.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// Takes a problem down; always `None`, for use as the value that could not be read.
    pub fn problem<T>(&mut self, problem: Problem) -> Option<T> {
        self.problems.push(problem);
        None
    }

    /// A problem without advice.
    pub fn wrong<T>(&mut self, mark: Mark, message: impl Into<String>) -> Option<T> {
        self.problem(Problem::new(mark, message))
    }

    /// A map, all of whose keys are among `keys`.
    pub fn fields<'n>(&mut self, node: &'n Node, what: &'static str, keys: &[&str]) -> Option<Fields<'n>> {
        let Kind::Map(map) = &node.kind else {
            let keys = nearest("", keys);
            let problem = Problem::new(node.mark, format!("{what} must be a map, not {}", kind(node)));
            return self.problem(problem.help(format!("its keys: {}", keys.trim_start_matches("one of "))));
        };
        let mut entries: Vec<(&str, Mark, &Node)> = Vec::new();
        for (key, value) in map {
            let name = key.text.as_str();
            if !keys.contains(&name) {
                let problem = Problem::new(key.mark, format!("unknown key `{name}` in {what}"));
                self.problems.push(problem.help(nearest(name, keys)));
            } else if entries.iter().any(|(seen, ..)| *seen == name) {
                self.problems.push(Problem::new(key.mark, format!("`{name}` is there twice")));
            } else {
                entries.push((name, key.mark, value));
            }
        }
        Some(Fields { mark: node.mark, what, entries })
    }

    /// The value of a key that must be there.
    pub fn require<'n>(&mut self, fields: &Fields<'n>, key: &str) -> Option<&'n Node> {
        match fields.get(key) {
            Some(node) => Some(node),
            None => self.wrong(fields.mark, format!("{} needs the key `{key}`", fields.what)),
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

    /// A list with something in it.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.kind {
            Kind::List(items) => Some(items),
            _ => self.wrong(node.mark, format!("{what} must be a list, not {}", kind(node))),
        }
    }

    /// Text that is not empty.
    pub fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.kind {
            Kind::Scalar(text) if !text.is_empty() => Some(text),
            Kind::Scalar(_) => self.wrong(node.mark, format!("{what} is empty")),
            _ => self.wrong(node.mark, format!("{what} must be a single value, not {}", kind(node))),
        }
    }

    /// One of several words.
    pub fn word<T: Clone>(&mut self, node: &Node, what: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(node, what)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| value.clone());
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        found.or_else(|| {
            self.problem(Problem::new(node.mark, format!("`{text}` is no {what}")).help(nearest(text, &names)))
        })
    }

    /// A name of lower-case letters, digits and hyphens, at most 64 of them.
    pub fn name(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = self.text(node, what)?;
        let legal = text.len() <= 64 && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if legal {
            return Some(text.into());
        }
        let problem = Problem::new(node.mark, format!("`{text}` is no {what}"));
        self.problem(problem.help("lower-case letters, digits and hyphens, at most 64"))
    }

    /// A whole number within limits.
    pub fn natural(&mut self, node: &Node, what: &str, limits: RangeInclusive<u64>) -> Option<u64> {
        let text = self.text(node, what)?;
        let digits = text.strip_prefix('-').unwrap_or(text);
        let whole = digits.len() <= 60 && digits.bytes().all(|b| b.is_ascii_digit());
        let value = whole.then(|| text.parse::<Integer>().ok()).flatten();
        match value.as_ref().map(|value| value.to_u64().filter(|value| limits.contains(value))) {
            Some(Some(value)) => Some(value),
            Some(None) => {
                let (least, most) = limits.into_inner();
                self.wrong(node.mark, format!("{what} must be from {least} to {}, not {text}", shown(most)))
            }
            None => self.wrong(node.mark, format!("{what} must be a whole number, not `{text}`")),
        }
    }

    /// [`Reader::natural`] that fits 32 bits.
    pub fn natural32(&mut self, node: &Node, what: &str, limits: RangeInclusive<u32>) -> Option<u32> {
        let (least, most) = limits.into_inner();
        let value = self.natural(node, what, least.into()..=most.into())?;
        u32::try_from(value).ok()
    }

    /// A number, exactly as written.
    pub fn number(&mut self, node: &Node, what: &str) -> Option<Rational> {
        let text = self.text(node, what)?;
        rational::parse(text).ok().or_else(|| {
            let problem = Problem::new(node.mark, format!("{what} must be a number, not `{text}`"));
            self.problem(problem.help("such as 0.99, 99%, 99/100 or 1e-6"))
        })
    }

    /// A number from 0 to 1, or strictly between them.
    pub fn probability(&mut self, node: &Node, what: &str, ends: bool) -> Option<Rational> {
        let value = self.number(node, what)?;
        match () {
            () if ends && (0..=1).contains(&value) => Some(value),
            () if value > 0 && value < 1 => Some(value),
            () if ends => self.wrong(node.mark, format!("{what} must be from 0 to 1, not {value}")),
            () => self.wrong(node.mark, format!("{what} must be between 0 and 1, not {value}")),
        }
    }

    /// `a..b`, without `b`, and not empty.
    pub fn range(&mut self, node: &Node, what: &str) -> Option<Range<u32>> {
        let text = self.text(node, what)?;
        let ends = text.split_once("..").and_then(|(a, b)| Some((a.parse::<u32>().ok()?, b.parse::<u32>().ok()?)));
        match ends {
            Some((start, end)) if start < end => Some(start..end),
            Some(_) => self.wrong(node.mark, format!("{what} `{text}` is empty: the end is not included")),
            None => {
                let problem = Problem::new(node.mark, format!("{what} must be a range, not `{text}`"));
                self.problem(problem.help("such as 0..500: from 0 to 499"))
            }
        }
    }

    /// `90s`, `20m` or `2h`, in seconds.
    pub fn duration(&mut self, node: &Node, what: &str) -> Option<u64> {
        let text = self.text(node, what)?;
        let unit = |suffix, seconds: u64| text.strip_suffix(suffix)?.parse::<u64>().ok()?.checked_mul(seconds);
        match unit('s', 1).or_else(|| unit('m', 60)).or_else(|| unit('h', 3600)) {
            Some(seconds) if seconds > 0 => Some(seconds),
            _ => {
                let problem = Problem::new(node.mark, format!("{what} must be a duration, not `{text}`"));
                self.problem(problem.help("such as 90s, 20m or 2h"))
            }
        }
    }
}

fn kind(node: &Node) -> &'static str {
    match node.kind {
        Kind::Scalar(_) => "a single value",
        Kind::List(_) => "a list",
        Kind::Map(_) => "a map",
    }
}

fn shown(n: u64) -> String {
    if n > 1024 && n.is_power_of_two() { format!("2^{}", n.trailing_zeros()) } else { n.to_string() }
}
