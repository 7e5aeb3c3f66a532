//! Values that several sections of a script have: a number as written, a duration, the word `all`, and a value with its place.

use crate::problem::Mark;
use crate::read::is_digits;
use rug::Rational;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::str::FromStr;

/// A value of a script, and the place where it stands.
#[derive(Clone, Debug)]
pub struct Spot<T> {
    /// The value itself.
    pub value: T,
    /// Its place in the script.
    pub mark: Mark,
}

/// Equal values are equal wherever they stand.
impl<T: PartialEq> PartialEq for Spot<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Default> Default for Spot<T> {
    fn default() -> Self {
        Self { value: T::default(), mark: Mark::START }
    }
}

impl<T: Serialize> Serialize for Spot<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<T: JsonSchema> JsonSchema for Spot<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// A number exactly as written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(pub Rational);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl JsonSchema for Exact {
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["number", "string"], "description": "a number, exactly as written: 0.99, 99%, 99/100, 1e-6" })
    }
}

/// A whole number of seconds, written `90s`, `20m` or `2h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub u64);

/// The error of text that is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a duration such as 90s, 20m or 2h")]
pub struct NotADuration;

impl FromStr for Duration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        let unit = |suffix, seconds: u64| {
            text.strip_suffix(suffix).filter(|n| is_digits(n))?.parse::<u64>().ok()?.checked_mul(seconds)
        };
        let seconds = unit('s', 1).or_else(|| unit('m', 60)).or_else(|| unit('h', 3600));
        seconds.filter(|seconds| *seconds > 0).map(Self).ok_or(NotADuration)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}s", self.0))
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+[smh]$", "description": "such as 90s, 20m or 2h" })
    }
}

/// The word `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Always {
    /// Every one there is.
    All,
}

/// The word `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Automatic {
    /// The best one, found by the program.
    Auto,
}
