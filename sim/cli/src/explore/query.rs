//! A query string as the flags of a command: the page accepts the same values as the command line, with the same messages.

use crate::args::numbers::natural;
use crate::args::{BoundArgs, Cli, Command, PlanArgs};
use crate::failure::of_arguments;
use crate::text;
use clap::{CommandFactory, Parser};
use fusion_adversaries::problem::{nearest, one_line};
use fusion_engine::failure::Failure;
use serde::Serialize;
use std::ffi::OsString;
use std::path::Path;

/// The length in bytes of the longest value.
const MAX_VALUE: usize = 100;

/// The keys of a plan, with the flags of `sim plan` that they stand for.
pub const PLAN: &[(&str, &str)] = &[
    ("R", "--R"),
    ("lambda", "--lambda"),
    ("min_T", "--min-T"),
    ("slack", "--slack"),
    ("reject_acc", "--reject-acc"),
    ("honest_acc", "--honest-acc"),
    ("kappa", "--kappa"),
    ("substitution", "--substitution"),
    ("backend", "--backend"),
    ("extension", "--extension"),
    ("checks", "--checks"),
    ("network", "--network"),
];

/// The keys of a setting, with the flags of `sim bound` that they stand for.
pub const BOUND: &[(&str, &str)] = &[("R", "--R"), ("B", "--B"), ("T", "--T"), ("slack", "--slack")];

/// The keys that `sim plan --grid` keeps fixed, with their flags.
pub const GRID: &[(&str, &str)] = &[
    ("lambda", "--lambda"),
    ("min_T", "--min-T"),
    ("slack", "--slack"),
    ("reject_acc", "--reject-acc"),
    ("honest_acc", "--honest-acc"),
    ("kappa", "--kappa"),
    ("substitution", "--substitution"),
];

/// The keys by which the neighbours of a plan are found, with their flags.
pub const SURFACE: &[(&str, &str)] = &[
    ("R", "--R"),
    ("lambda", "--lambda"),
    ("min_T", "--min-T"),
    ("slack", "--slack"),
    ("reject_acc", "--reject-acc"),
    ("honest_acc", "--honest-acc"),
    ("kappa", "--kappa"),
    ("substitution", "--substitution"),
    ("B", "--B"),
    ("T", "--T"),
];

/// The keys of a session that is played: a setting, what the server touches, and which trial it is.
pub const SESSION: &[(&str, &str)] =
    &[("R", "--R"), ("B", "--B"), ("T", "--T"), ("slack", "--slack"), ("touch", ""), ("seed", ""), ("trial", "")];

/// What is wrong with a query, and with which of its keys.
#[derive(Debug, Serialize)]
pub struct QueryProblem {
    /// The problem in words.
    pub error: String,
    /// The key that is to blame, if there is one.
    pub key: Option<&'static str>,
}

impl QueryProblem {
    fn new(error: impl Into<String>) -> Self {
        Self { error: error.into(), key: None }
    }

    /// Makes the problem of a query from a command's failure. The first flag that its message names is to blame.
    pub fn of(failure: &Failure) -> Self {
        let error = failure.message();
        let place = |(key, flag): &(&'static str, &str)| Some((error.find(*flag)?, *key));
        let key = PLAN.iter().filter_map(place).min().map(|(_, key)| key);
        Self { error, key }
    }
}

/// The keys and values of a query, each of which is known and occurs once.
#[derive(Debug)]
pub struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Reads a query string.
    pub fn parse(text: &str, known: &[(&'static str, &str)]) -> Result<Self, QueryProblem> {
        let names: Vec<&str> = known.iter().map(|(key, _)| *key).collect();
        let mut pairs: Vec<(&'static str, String)> = Vec::new();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let (key, value) = (decode(key)?, decode(value)?);
            let Some((key, _)) = known.iter().find(|(name, _)| *name == key) else {
                return Err(QueryProblem::new(format!("no key `{}`; {}", one_line(&key), nearest(&key, &names))));
            };
            if pairs.iter().any(|(other, _)| other == key) {
                return Err(QueryProblem { error: format!("{key} is given twice"), key: Some(key) });
            }
            if value.len() > MAX_VALUE {
                return Err(QueryProblem { error: format!("{key} is longer than {MAX_VALUE} bytes"), key: Some(key) });
            }
            pairs.push((key, value));
        }
        Ok(Self(pairs))
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, value)| *name == key && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Returns the value of a key as a whole number between two others.
    pub fn natural(&self, key: &'static str, least: u64, most: u64) -> Result<u64, QueryProblem> {
        let told = |error: String| QueryProblem { error, key: Some(key) };
        let value = self.get(key).ok_or_else(|| told(format!("{key} is needed")))?;
        natural(key, value, least, most).map_err(told)
    }

    /// Returns the query as flags of a command.
    fn flags(&self, known: &[(&'static str, &'static str)]) -> impl Iterator<Item = (&'static str, &str)> {
        known.iter().filter_map(|(key, flag)| Some((*flag, self.get(key)?)))
    }

    /// Returns the query as the flags of `sim plan`.
    pub fn plan(&self) -> Result<PlanArgs, QueryProblem> {
        match self.parsed("plan", PLAN, &["R", "lambda"])? {
            Command::Plan(args) => Ok(args),
            other => Err(QueryProblem::new(format!("{other:?}"))),
        }
    }

    /// Returns the query as the flags of `sim bound`.
    pub fn bound(&self) -> Result<BoundArgs, QueryProblem> {
        match self.parsed("bound", BOUND, &["R", "B", "T"])? {
            Command::Bound(args) => Ok(args),
            other => Err(QueryProblem::new(format!("{other:?}"))),
        }
    }

    fn parsed(
        &self,
        name: &str,
        known: &'static [(&'static str, &'static str)],
        needed: &[&'static str],
    ) -> Result<Command, QueryProblem> {
        if let Some(key) = needed.iter().find(|key| self.get(key).is_none()) {
            return Err(QueryProblem { error: format!("{key} is needed"), key: Some(key) });
        }
        let flags = self.flags(known).map(|(flag, value)| format!("{flag}={value}"));
        let words: Vec<OsString> = ["sim", name].map(String::from).into_iter().chain(flags).map(Into::into).collect();
        let parsed = Cli::try_parse_from(&words).map(|cli| cli.command);
        parsed.map_err(|error| QueryProblem::of(&of_arguments(&error, &words)))
    }

    /// Returns the command line that gives the same numbers in a shell. `model` holds the flags that name a model.
    pub fn command(&self, name: &str, known: &[(&'static str, &'static str)], model: Option<&str>) -> String {
        let sim = Cli::command();
        let usual = |flag: &str, value: &str| {
            let mut args = sim.find_subcommand("plan").into_iter().flat_map(clap::Command::get_arguments);
            let arg = args.find(|arg| arg.get_long() == flag.strip_prefix("--"));
            arg.is_some_and(|arg| arg.get_default_values().iter().any(|default| default == value))
        };
        let idle =
            |flag: &str| model.is_none() && ["--backend", "--extension", "--checks", "--network"].contains(&flag);
        let flags = self.flags(known).filter(|(flag, value)| !idle(flag) && !usual(flag, value));
        let words = flags.map(|(flag, value)| format!("{flag} {}", text::shell(Path::new(value))));
        std::iter::once(name.into()).chain(words).chain(model.map(Into::into)).collect::<Vec<_>>().join(" ")
    }
}

/// Decodes the text of a form: `+` is a space, `%` needs two hexadecimal digits, and the result must be UTF-8.
fn decode(text: &str) -> Result<String, QueryProblem> {
    let malformed = || QueryProblem::new("the query is not percent-encoded text");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                let (high, low) = (digit().ok_or_else(malformed)?, digit().ok_or_else(malformed)?);
                u8::try_from(high * 16 + low).map_err(|_| malformed())?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_a_command_line() {
        let query = Query::parse("R=2%5E9&lambda=40&slack=&min_T=0&backend=cheetah&network=40ms%2C100mbit", PLAN)
            .expect("legal");
        assert_eq!(query.plan().expect("legal").R, [512]);
        assert_eq!(query.command("sim plan", PLAN, None), "sim plan --R '2^9' --lambda 40");
        assert_eq!(
            query.command("sim plan", PLAN, Some("--model m.onnx")),
            "sim plan --R '2^9' --lambda 40 --network 40ms,100mbit --model m.onnx"
        );
    }

    #[test]
    fn what_is_wrong_is_said_of_its_key() {
        let problem = |text| match Query::parse(text, PLAN).map(|query| query.plan()) {
            Err(problem) | Ok(Err(problem)) => (problem.key, problem.error),
            Ok(Ok(_)) => panic!("{text} is legal"),
        };
        assert_eq!(
            problem("R=0&lambda=40"),
            (Some("R"), "invalid value '0' for '--R <R>': R must be from 1 to 2^62".into())
        );
        assert_eq!(problem("R=1&lambda=-3").0, Some("lambda"));
        assert_eq!(problem("lambda=40"), (Some("R"), "R is needed".into()));
        assert_eq!(problem("R=1&R=2"), (Some("R"), "R is given twice".into()));
        assert_eq!(problem("minT=1").1, "no key `minT`; did you mean `min_T`?");
        for malformed in ["R=%", "R=%f", "R=%zz", "%ff=1", "R=%+1"] {
            assert_eq!(problem(malformed), (None, "the query is not percent-encoded text".into()), "{malformed}");
        }
        assert_eq!(problem(&format!("R={}", "9".repeat(101))).0, Some("R"));
    }
}
