//! A query string as the flags of a command: what the page accepts is what the command line accepts, with the same messages.

use crate::args::{BoundArgs, Cli, Command, PlanArgs};
use crate::failure::of_arguments;
use crate::text;
use clap::{CommandFactory, Parser};
use fusion_adversaries::problem::{nearest, one_line};
use fusion_engine::failure::Failure;
use serde::Serialize;
use std::path::Path;

/// Longest value.
const MAX_VALUE: usize = 100;

/// What `sim plan` takes, as keys and as flags.
pub const PLAN: &[(&str, &str)] = &[
    ("R", "--R"),
    ("lambda", "--lambda"),
    ("min_T", "--min-T"),
    ("slack", "--slack"),
    ("reject_acc", "--reject-acc"),
    ("honest_acc", "--honest-acc"),
    ("kappa", "--kappa"),
    ("backend", "--backend"),
    ("network", "--network"),
];

/// What `sim bound` takes of them.
pub const BOUND: &[(&str, &str)] = &[("R", "--R"), ("B", "--B"), ("T", "--T"), ("slack", "--slack")];

/// What `sim plan --grid` keeps fixed.
pub const GRID: &[(&str, &str)] = &[
    ("lambda", "--lambda"),
    ("min_T", "--min-T"),
    ("slack", "--slack"),
    ("reject_acc", "--reject-acc"),
    ("honest_acc", "--honest-acc"),
    ("kappa", "--kappa"),
];

/// What a plan's neighbours are found by.
pub const SURFACE: &[(&str, &str)] = &[
    ("R", "--R"),
    ("lambda", "--lambda"),
    ("min_T", "--min-T"),
    ("slack", "--slack"),
    ("reject_acc", "--reject-acc"),
    ("honest_acc", "--honest-acc"),
    ("kappa", "--kappa"),
    ("B", "--B"),
    ("T", "--T"),
];

/// What is wrong with a query, and with which of its keys.
#[derive(Debug, Serialize)]
pub struct QueryProblem {
    /// In words.
    pub error: String,
    /// The key, where it is one.
    pub key: Option<&'static str>,
}

impl QueryProblem {
    fn new(error: impl Into<String>) -> Self {
        Self { error: error.into(), key: None }
    }

    /// What a command said. The first flag that it names is to blame.
    pub fn of(failure: &Failure) -> Self {
        let error = failure.message();
        let place = |(key, flag): &(&'static str, &str)| Some((error.find(*flag)?, *key));
        let key = PLAN.iter().filter_map(place).min().map(|(_, key)| key);
        Self { error, key }
    }
}

/// The keys and values that are given: each known, and once.
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

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, value)| *name == key && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// As flags of a command.
    fn flags(&self, known: &[(&'static str, &'static str)]) -> impl Iterator<Item = (&'static str, &str)> {
        known.iter().filter_map(|(key, flag)| Some((*flag, self.get(key)?)))
    }

    /// What `sim plan` would be asked for.
    pub fn plan(&self) -> Result<PlanArgs, QueryProblem> {
        match self.parsed("plan", PLAN, &["R", "lambda"])? {
            Command::Plan(args) => Ok(args),
            other => Err(QueryProblem::new(format!("{other:?}"))),
        }
    }

    /// What `sim bound` would be asked for.
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
        let words = ["sim", name].map(String::from).into_iter().chain(flags);
        Cli::try_parse_from(words).map(|cli| cli.command).map_err(|error| QueryProblem::of(&of_arguments(&error)))
    }

    /// The line that gives the same numbers in a shell; `model` are the words that name one.
    pub fn command(&self, name: &str, known: &[(&'static str, &'static str)], model: Option<&str>) -> String {
        let sim = Cli::command();
        let usual = |flag: &str, value: &str| {
            let mut args = sim.find_subcommand("plan").into_iter().flat_map(clap::Command::get_arguments);
            let arg = args.find(|arg| arg.get_long() == flag.strip_prefix("--"));
            arg.is_some_and(|arg| arg.get_default_values().iter().any(|default| default == value))
        };
        let idle = |flag: &str| model.is_none() && ["--backend", "--network"].contains(&flag);
        let flags = self.flags(known).filter(|(flag, value)| !idle(flag) && !usual(flag, value));
        let words = flags.map(|(flag, value)| format!("{flag} {}", text::shell(Path::new(value))));
        std::iter::once(name.into()).chain(words).chain(model.map(Into::into)).collect::<Vec<_>>().join(" ")
    }
}

/// Text of a form: `+` is a space, `%` needs two hexadecimal digits, and what comes out must be UTF-8.
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
