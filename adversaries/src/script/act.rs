//! Acts that only the two-party protocols have a place for: on shares (`add`) and on messages (`bend`, `stop`).

use super::deviation::distinct;
use super::{Always, StepPattern};
use crate::read::Reader;
use crate::yaml::{Kind, Node};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::sync::Arc;

/// Adds to the server's share of a step's output, modulo that step's ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AddSection {
    /// The steps, matched whole.
    pub step: StepPattern,
    /// What is added to each element.
    pub value: i64,
    /// Which elements.
    pub elements: Elements,
}

/// Elements of a step's output; clones share them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Elements {
    /// Every one.
    All,
    /// These distinct ones, from 0.
    These(Arc<[u32]>),
}

/// Bends messages of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BendSection {
    /// The messages: those that match, and those of steps that match.
    pub step: StepPattern,
    /// What becomes of each.
    pub how: Bend,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bend {
    /// This bit changes, modulo the number of its bits, from the lowest of byte 0.
    FlipBit(u64),
    /// Another of the same length goes out.
    Replace(Filling),
    /// It goes out twice.
    Replay,
    /// It does not go out.
    Drop,
    /// It goes out so many milliseconds late.
    DelayMs(u32),
}

/// What a message is replaced by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filling {
    /// Zero bytes.
    Zeros,
    /// Bytes drawn uniformly.
    Random,
}

/// Stops before the first message that is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StopSection {
    /// The messages: those that match, and those of steps that match.
    pub step: StepPattern,
    /// In which way.
    pub how: Stop,
}

/// How a server stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stop {
    /// It dies: the connection breaks.
    Crash,
    /// It closes the connection in order.
    Abort,
    /// It falls silent, the connection open.
    Stall,
}

const FILLINGS: [(&str, Filling); 2] = [("zeros", Filling::Zeros), ("random", Filling::Random)];
const BENDS: [&str; 5] = ["flip_bit", "replace", "replay", "drop", "delay_ms"];

impl AddSection {
    pub(super) fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let fields = reader.fields(node, "`add`", &["step", "value", "elements"])?;
        let step = reader.require(&fields, "step").and_then(|n| StepPattern::read(reader, n));
        let value = reader.require(&fields, "value").and_then(|n| reader.integer(n, "value"));
        let elements = reader.require(&fields, "elements").and_then(|n| Elements::read(reader, n));
        Some(Self { step: step?, value: value?, elements: elements? })
    }
}

impl Elements {
    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        match node.kind {
            Kind::Scalar(_) => reader.word_or(node, "choice of elements", &[("all", Self::All)], "[0, 7]"),
            _ => distinct(reader, node, "elements", ["an element", "element"]).map(|these| Self::These(these.into())),
        }
    }
}

impl BendSection {
    pub(super) fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let keys: Vec<&str> = std::iter::once("step").chain(BENDS).collect();
        let fields = reader.fields(node, "`bend`", &keys)?;
        let step = reader.require(&fields, "step").and_then(|n| StepPattern::read(reader, n));
        let one = reader.one_of(&fields, &BENDS);
        let read = fields.present(&BENDS).into_iter().map(|key| (key, fields.get(key)));
        let how: Vec<_> = read.map(|(key, node)| Bend::read(reader, key, node?)).collect();
        one?;
        Some(Self { step: step?, how: how.into_iter().next()?? })
    }
}

impl Bend {
    fn read(reader: &mut Reader, key: &'static str, node: &Node) -> Option<Self> {
        match key {
            "flip_bit" => reader.natural(node, key, 0..=u64::MAX).map(Self::FlipBit),
            "replace" => reader.word(node, "replacement", &FILLINGS).map(Self::Replace),
            "replay" => yes(reader, node, key).map(|()| Self::Replay),
            "drop" => yes(reader, node, key).map(|()| Self::Drop),
            _ => reader.natural32(node, key, 0..=u32::MAX).map(Self::DelayMs),
        }
    }
}

/// What is not to be is left out.
fn yes(reader: &mut Reader, node: &Node, what: &str) -> Option<()> {
    match reader.text(node, what)? {
        "true" => Some(()),
        _ => reader.outside(node, what, "`true`"),
    }
}

impl StopSection {
    pub(super) fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let fields = reader.fields(node, "`stop`", &["step", "how"])?;
        let step = reader.require(&fields, "step").and_then(|n| StepPattern::read(reader, n));
        let words = [("crash", Stop::Crash), ("abort", Stop::Abort), ("stall", Stop::Stall)];
        let how = reader.require(&fields, "how").and_then(|n| reader.word(n, "way to stop", &words));
        Some(Self { step: step?, how: how? })
    }
}

impl Serialize for Elements {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => Always::All.serialize(serializer),
            Self::These(these) => serializer.collect_seq(these.iter()),
        }
    }
}

impl JsonSchema for Elements {
    fn schema_name() -> Cow<'static, str> {
        "Elements".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{ "const": "all" }, { "type": "array", "items": { "type": "integer", "minimum": 0 } }],
            "description": "`all`, or distinct elements, from 0"
        })
    }
}

impl Serialize for BendSection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("step", &self.step)?;
        match self.how {
            Bend::FlipBit(bit) => map.serialize_entry("flip_bit", &bit)?,
            Bend::Replace(filling) => {
                let word = FILLINGS.into_iter().find(|(_, known)| *known == filling).map(|(word, _)| word);
                map.serialize_entry("replace", &word)?;
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
        json_schema!({
            "type": "object",
            "description": "Bends messages of the server: `step`, and exactly one of the others.",
            "properties": {
                "step": step,
                "flip_bit": { "type": "integer", "minimum": 0 },
                "replace": { "enum": FILLINGS.map(|(word, _)| word) },
                "replay": { "const": true },
                "drop": { "const": true },
                "delay_ms": { "type": "integer", "minimum": 0, "maximum": u32::MAX }
            },
            "required": ["step"],
            "minProperties": 2,
            "maxProperties": 2,
            "additionalProperties": false
        })
    }
}
