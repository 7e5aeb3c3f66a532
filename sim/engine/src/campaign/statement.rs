//! The statement of a claim, and its text in tables and results.

use fusion_adversaries::script::{Claim, CountedEvent};
use rug::Rational;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// What a claim says. Its text is that of the script, such as `win equals spec`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// A clause on the rate of an event.
    Rate {
        /// The event whose rate is claimed.
        event: CountedEvent,
        /// How the rate compares with the claimed number.
        relation: Relation,
        /// The claimed number.
        claim: Claim,
    },
    /// The clause that rejections have no reasons but those of its list.
    ReasonsOnly,
    /// The exact rate of `E_T`: the tolerance for wrong publics is not exceeded.
    ET,
    /// The exact rate of `E_B` among the trials with `E_T`: the touched slots that hold queries are all copies of one or more queries.
    EBGivenET,
}

/// How a rate compares with a claimed number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The rate is the number.
    Equals,
    /// The number bounds the rate from above.
    AtMost,
}

/// The error for a text that states no claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a clause such as `win equals spec`, `win at_most 1/20` or `reasons only`")]
pub struct NoStatement;

const REASONS_ONLY: &str = "reasons only";
const E_T: &str = "e_t";
const E_B: &str = "e_b given e_t";

impl Relation {
    /// Returns the word that scripts and results use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::AtMost => "at_most",
        }
    }
}

impl Statement {
    /// Every event whose rate a claim may be about.
    pub const EVENTS: [CountedEvent; 4] =
        [CountedEvent::Win, CountedEvent::Accepted, CountedEvent::Harmless, CountedEvent::Caught];

    /// Returns what the claim is about: the statement without the claimed number.
    #[must_use]
    pub fn subject(&self) -> &'static str {
        match self {
            Self::Rate { event, .. } => event.name(),
            Self::ReasonsOnly => REASONS_ONLY,
            Self::ET => E_T,
            Self::EBGivenET => E_B,
        }
    }

    /// Whether the claim bounds a rate from above.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        matches!(self, Self::Rate { relation: Relation::AtMost, .. })
    }

    /// Whether the claimed number is the specification's, and not one that the script gives.
    #[must_use]
    pub fn is_of_the_specification(&self) -> bool {
        match self {
            Self::Rate { claim, .. } => *claim == Claim::Spec,
            Self::ET | Self::EBGivenET => true,
            Self::ReasonsOnly => false,
        }
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate { event, relation, claim: Claim::Spec } => {
                write!(f, "{} {} spec", event.name(), relation.name())
            }
            Self::Rate { event, relation, claim: Claim::Number(number) } => {
                write!(f, "{} {} {number}", event.name(), relation.name())
            }
            Self::ReasonsOnly | Self::ET | Self::EBGivenET => f.write_str(self.subject()),
        }
    }
}

impl FromStr for Statement {
    type Err = NoStatement;

    fn from_str(text: &str) -> Result<Self, NoStatement> {
        match text {
            REASONS_ONLY => return Ok(Self::ReasonsOnly),
            E_T => return Ok(Self::ET),
            E_B => return Ok(Self::EBGivenET),
            _ => {}
        }
        let [event, relation, claim] = text.split(' ').collect::<Vec<_>>()[..] else { return Err(NoStatement) };
        let event = Self::EVENTS.into_iter().find(|known| known.name() == event).ok_or(NoStatement)?;
        let relations = [Relation::Equals, Relation::AtMost];
        let relation = relations.into_iter().find(|known| known.name() == relation).ok_or(NoStatement)?;
        let claim = match claim {
            "spec" => Claim::Spec,
            number => Claim::Number(number.parse::<Rational>().map_err(|_| NoStatement)?),
        };
        Ok(Self::Rate { event, relation, claim })
    }
}

impl Serialize for Statement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Statement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Statement {
    fn schema_name() -> Cow<'static, str> {
        "Statement".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(reasons only|(win|accepted|harmless|caught) (equals|at_most) (spec|[0-9]+(/[0-9]+)?))$",
            "description": "a clause as its script has it, such as `win equals spec`"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_its_text() {
        for text in
            ["win equals spec", "caught at_most 1/20", "accepted equals 1", "reasons only", "e_t", "e_b given e_t"]
        {
            assert_eq!(text.parse::<Statement>().map(|statement| statement.to_string()), Ok(text.into()));
        }
        for wrong in ["", "win", "win equals", "win is spec", "wins equals spec", "win equals 1/0", "win equals spec "]
        {
            assert_eq!(wrong.parse::<Statement>(), Err(NoStatement), "{wrong}");
        }
    }
}
