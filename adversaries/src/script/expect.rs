//! `expect:`: what a script claims of a strategy.

use super::values::Spot;
use fusion_spec::verdict::Reason;
use rug::Rational;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// What a script claims of a strategy: of its rates, and of the reasons for which the client rejects it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct Expect {
    /// The claim on `Pr[win]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub win: Option<Expectation>,
    /// The claim on `Pr[accepted]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Expectation>,
    /// The claim on `Pr[harmless]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub harmless: Option<Expectation>,
    /// The claim on `Pr[caught]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caught: Option<Expectation>,
    /// The claim on the reasons for rejecting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasons: Option<Reasons>,
}

impl Expect {
    /// The claims on rates, in a fixed order.
    pub fn rates(&self) -> impl Iterator<Item = (CountedEvent, &Expectation)> {
        let Self { win, accepted, harmless, caught, reasons: _ } = self;
        let all = [
            (CountedEvent::Win, win),
            (CountedEvent::Accepted, accepted),
            (CountedEvent::Harmless, harmless),
            (CountedEvent::Caught, caught),
        ];
        all.into_iter().filter_map(|(event, expectation)| Some((event, expectation.as_ref()?)))
    }
}

/// The event whose rate a claim is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CountedEvent {
    /// The client accepts, and an answer is wrong.
    Win,
    /// The client accepts.
    Accepted,
    /// The client accepts, and all answers are right.
    Harmless,
    /// The client rejects.
    Caught,
}

impl CountedEvent {
    /// The word that scripts use for this event.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Win => "win",
            Self::Accepted => "accepted",
            Self::Harmless => "harmless",
            Self::Caught => "caught",
        }
    }
}

/// A claim about a rate.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// The rate is this.
    Equals(Spot<Claim>),
    /// The rate is at most this.
    AtMost(Spot<Claim>),
}

impl Expectation {
    /// The number that is claimed, and its place.
    #[must_use]
    pub fn claim(&self) -> &Spot<Claim> {
        match self {
            Self::Equals(claim) | Self::AtMost(claim) => claim,
        }
    }
}

/// The number of a claim: the exact rate, or one that the script gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The rate that the specification gives.
    Spec,
    /// The script's own number.
    Number(Rational),
}

impl Serialize for Claim {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Spec => serializer.serialize_str("spec"),
            Self::Number(value) => serializer.collect_str(value),
        }
    }
}

impl JsonSchema for Claim {
    fn schema_name() -> Cow<'static, str> {
        "Claim".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["number", "string"], "description": "`spec`, or a number from 0 to 1" })
    }
}

/// The only reasons for which the client may reject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reasons {
    /// No other reason may occur.
    pub only: Vec<Reason>,
}

impl Serialize for Reasons {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names: Vec<&str> = self.only.iter().map(|reason| reason.name()).collect();
        let mut reasons = serializer.serialize_struct("Reasons", 1)?;
        reasons.serialize_field("only", &names)?;
        reasons.end()
    }
}

impl JsonSchema for Reasons {
    fn schema_name() -> Cow<'static, str> {
        "Reasons".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": { "only": { "type": "array", "items": { "enum": Reason::ALL.map(Reason::name) } } },
            "required": ["only"],
            "additionalProperties": false
        })
    }
}
