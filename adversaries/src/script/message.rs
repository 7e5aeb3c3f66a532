//! What a server does with its own messages: it bends them, or stops before one.

use super::step::StepPattern;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// Bends messages of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BendSection {
    /// The messages: those whose address matches, and those of steps whose address matches.
    pub step: StepPattern,
    /// The change of each message.
    pub how: Bend,
}

/// A change of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bend {
    /// One bit changes: this one, modulo the number of the message's bits, from the lowest of byte 0.
    FlipBit(u64),
    /// Another message of the same length goes out.
    Replace(Filling),
    /// The message goes out twice.
    Replay,
    /// The message does not go out.
    Drop,
    /// The message goes out so many milliseconds late.
    DelayMs(u32),
}

/// The bytes that replace a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filling {
    /// Zero bytes.
    Zeros,
    /// Bytes drawn uniformly.
    Random,
}

/// Stops before the first message that matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StopSection {
    /// The messages: those whose address matches, and those of steps whose address matches.
    pub step: StepPattern,
    /// The way in which the server stops.
    pub how: Stop,
}

/// The way in which a server stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stop {
    /// The server dies: the connection breaks.
    Crash,
    /// The server closes the connection in order.
    Abort,
    /// The server falls silent, and the connection stays open.
    Stall,
}

impl Filling {
    /// Every filling.
    pub(super) const ALL: [Self; 2] = [Self::Zeros, Self::Random];

    /// The word that scripts use for this filling.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Zeros => "zeros",
            Self::Random => "random",
        }
    }
}

impl Serialize for BendSection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("step", &self.step)?;
        match self.how {
            Bend::FlipBit(bit) => map.serialize_entry("flip_bit", &bit)?,
            Bend::Replace(filling) => {
                map.serialize_entry("replace", filling.name())?;
            }
            Bend::Replay => map.serialize_entry("replay", &true)?,
            Bend::Drop => map.serialize_entry("drop", &true)?,
            Bend::DelayMs(ms) => map.serialize_entry("delay_ms", &ms)?,
        }
        map.end()
    }
}

impl JsonSchema for BendSection {
    fn schema_name() -> Cow<'static, str> {
        "BendSection".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let step = generator.subschema_for::<StepPattern>();
        let one = |key: &str, value: Schema| {
            json_schema!({
                "type": "object",
                "properties": { "step": step, key: value },
                "required": ["step", key],
                "additionalProperties": false
            })
        };
        json_schema!({
            "description": "Bends messages of the server: `step`, and exactly one of the others.",
            "oneOf": [
                one("flip_bit", json_schema!({ "type": "integer", "minimum": 0 })),
                one("replace", json_schema!({ "enum": Filling::ALL.map(Filling::name) })),
                one("replay", json_schema!({ "const": true })),
                one("drop", json_schema!({ "const": true })),
                one("delay_ms", json_schema!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })),
            ]
        })
    }
}
