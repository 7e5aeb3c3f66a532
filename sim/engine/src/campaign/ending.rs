//! How a trial or a session ended, as results write it.

use crate::simulate::Trial;
use fusion_spec::verdict::{Outcome, Reason};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// How a trial or a session ended. Its text is `win`, `harmless`, `error`, or `caught: ` followed by the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// The trial departs from the specification, which is a bug of this program.
    Error,
    /// The client accepted, and an answer is wrong.
    Win,
    /// The client accepted, and every answer is right.
    Harmless,
    /// The client rejected for this reason.
    Caught(Reason),
}

/// The error for a text that names no ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not `win`, `harmless`, `error`, or `caught: ` and a reason")]
pub struct NoEnding;

impl Ending {
    /// Returns every ending, in the order in which tables and exemplars list them.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Error, Self::Win, Self::Harmless].into_iter().chain(Reason::ALL.map(Self::Caught))
    }

    /// Returns one word for the ending; a rejection is named by its reason.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Win => "win",
            Self::Harmless => "harmless",
            Self::Caught(reason) => reason.name(),
        }
    }
}

impl From<Trial> for Ending {
    fn from(trial: Trial) -> Self {
        match trial.outcome {
            None => Self::Error,
            Some(Outcome::Win) => Self::Win,
            Some(Outcome::Harmless) => Self::Harmless,
            Some(Outcome::Caught(reason)) => Self::Caught(reason),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let caught = if matches!(self, Self::Caught(_)) { "caught: " } else { "" };
        write!(f, "{caught}{}", self.word())
    }
}

impl FromStr for Ending {
    type Err = NoEnding;

    fn from_str(text: &str) -> Result<Self, NoEnding> {
        Self::all().find(|ending| ending.to_string() == text).ok_or(NoEnding)
    }
}

impl Serialize for Ending {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ending {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Ending {
    fn schema_name() -> Cow<'static, str> {
        "Ending".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let endings: Vec<String> = Self::all().map(|ending| ending.to_string()).collect();
        json_schema!({ "type": "string", "enum": endings })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_is_its_text() {
        let texts: Vec<String> = Ending::all().map(|ending| ending.to_string()).collect();
        assert_eq!(texts[..4], ["error", "win", "harmless", "caught: public_wrong"]);
        assert_eq!(texts[7..], ["caught: cheating"]);
        for (text, ending) in texts.iter().zip(Ending::all()) {
            assert_eq!(text.parse(), Ok(ending));
        }
        assert_eq!("caught".parse::<Ending>(), Err(NoEnding));
    }
}
