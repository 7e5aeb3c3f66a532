//! A move: where a strategy acts, on which inputs, and what it does there.
//!
//! `add` acts on shares, `bend` and `stop` on messages: only the two-party protocols have a place for these.

use super::fidelity::Fidelity;
use super::message::{BendSection, StopSection};
use super::step::StepPattern;
use super::values::{Always, Exact, Spot};
use crate::problem::Mark;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

/// An act, and the slots that it touches.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MoveSection {
    /// The slots that the act touches.
    pub at: Spot<Where>,
    /// The act.
    #[serde(flatten)]
    pub act: ActSection,
}

/// The act of a move: what the server does to the slots that it touches.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ActSection {
    /// Another model answers.
    Model {
        /// The act is limited to inputs like this.
        #[serde(skip_serializing_if = "Option::is_none")]
        when: Option<Spot<When>>,
        /// The ONNX file of the model that answers, whatever was done before.
        model: Spot<PathBuf>,
    },
    /// The answer becomes another label.
    Relabel {
        /// The act is limited to inputs like this.
        #[serde(skip_serializing_if = "Option::is_none")]
        when: Option<Spot<When>>,
        /// The change of the label.
        relabel: Spot<Relabel>,
    },
    /// The server's shares change.
    Add {
        /// The act is limited to inputs like this.
        #[serde(skip_serializing_if = "Option::is_none")]
        when: Option<Spot<When>>,
        /// At `ideal` and `real`: a number that the server adds to its shares.
        add: Spot<AddSection>,
    },
    /// A ReLU takes values for negative that are not.
    WrongSign {
        /// The act is limited to inputs like this.
        #[serde(skip_serializing_if = "Option::is_none")]
        when: Option<Spot<When>>,
        /// At `ideal` and `real`: values that a ReLU takes for negative, by a digit of each.
        wrong_sign: Spot<WrongSignSection>,
    },
    /// The server chooses otherwise than by its share of a sign.
    OwnChoice {
        /// The act is limited to inputs like this.
        #[serde(skip_serializing_if = "Option::is_none")]
        when: Option<Spot<When>>,
        /// At `ideal` and `real`: elements of a ReLU for which the server chooses otherwise than by its share of the sign.
        own_choice: Spot<OwnChoiceSection>,
    },
    /// The client decodes nothing where a bit of a value is set.
    Spoil {
        /// The act is limited to inputs like this.
        #[serde(skip_serializing_if = "Option::is_none")]
        when: Option<Spot<When>>,
        /// At `real`: a bit of what a ReLU keeps, whose decoding the server spoils.
        spoil: Spot<SpoilSection>,
    },
    /// The server's messages change, whatever the input is.
    Bend {
        /// At `real`: a change of the server's messages.
        bend: Spot<BendSection>,
    },
    /// The server stops, whatever the input is.
    Stop {
        /// At `real`: a place where the server stops.
        stop: Spot<StopSection>,
    },
}

impl ActSection {
    /// The inputs that the act is limited to.
    #[must_use]
    pub fn when(&self) -> Option<&Spot<When>> {
        match self {
            Self::Model { when, .. }
            | Self::Relabel { when, .. }
            | Self::Add { when, .. }
            | Self::WrongSign { when, .. }
            | Self::OwnChoice { when, .. }
            | Self::Spoil { when, .. } => when.as_ref(),
            Self::Bend { .. } | Self::Stop { .. } => None,
        }
    }

    /// The act's key, its place, and the fidelities that have a place for it, if `fidelity` has none.
    #[must_use]
    pub fn misplaced(&self, fidelity: Fidelity) -> Option<(&'static str, Mark, &'static str)> {
        match (self, fidelity) {
            (Self::Model { .. } | Self::Relabel { .. }, _)
            | (Self::Add { .. } | Self::WrongSign { .. } | Self::OwnChoice { .. }, Fidelity::Ideal | Fidelity::Real)
            | (Self::Spoil { .. } | Self::Bend { .. } | Self::Stop { .. }, Fidelity::Real) => None,
            (Self::Add { add, .. }, Fidelity::Plain) => Some(("add", add.mark, "`ideal` or `real`")),
            (Self::WrongSign { wrong_sign, .. }, Fidelity::Plain) => {
                Some(("wrong_sign", wrong_sign.mark, "`ideal` or `real`"))
            }
            (Self::OwnChoice { own_choice, .. }, Fidelity::Plain) => {
                Some(("own_choice", own_choice.mark, "`ideal` or `real`"))
            }
            (Self::Spoil { spoil, .. }, Fidelity::Plain | Fidelity::Ideal) => Some(("spoil", spoil.mark, "`real`")),
            (Self::Bend { bend }, Fidelity::Plain | Fidelity::Ideal) => Some(("bend", bend.mark, "`real`")),
            (Self::Stop { stop }, Fidelity::Plain | Fidelity::Ideal) => Some(("stop", stop.mark, "`real`")),
        }
    }
}

/// The slots that a move touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Where {
    /// Every slot.
    All(Always),
    /// A number of slots, drawn uniformly.
    Random {
        /// The number of slots.
        random: u32,
    },
    /// The slots that the script lists.
    Slots {
        /// Distinct slots, counted from 0.
        slots: Vec<u32>,
    },
    /// Slot by slot, with memory.
    Each {
        /// The chance of each slot.
        each: Exact,
        /// The first slot asked.
        #[schemars(default)]
        from: u32,
        /// The first slot not asked; every slot is asked where this is left out.
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<u32>,
        /// The number of touched slots after which no other is asked; there is no limit where this is left out.
        #[serde(skip_serializing_if = "Option::is_none")]
        at_most: Option<u32>,
    },
}

impl Where {
    /// A message on slots that are not all among the `N` of a session; `None` where they are.
    #[must_use]
    pub fn misfit(&self, N: u128) -> Option<String> {
        match self {
            Self::Random { random } if u128::from(*random) > N => {
                Some(format!("{random} slots cannot be touched: there are N = {N}"))
            }
            Self::All(Always::All) | Self::Random { .. } => None,
            Self::Slots { slots } => missing_slot(slots, N),
            // Slots beyond the last one are not asked.
            Self::Each { each: _, from, to: _, at_most: _ } => missing_slot(&[*from], N),
        }
    }
}

/// A message on the first slot of a list that is not among the `N` of a session; `None` where all are.
#[must_use]
pub fn missing_slot(slots: &[u32], N: u128) -> Option<String> {
    let slot = slots.iter().find(|slot| u128::from(**slot) >= N)?;
    Some(format!("slot {slot} does not exist: there are N = {N}, from 0"))
}

/// A predicate of the input, evaluated inside the inference: no strategy reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum When {
    /// A pixel is at least so bright.
    Pixel {
        /// The pixel's row and column, or its channel, row and column.
        pixel: Pixel,
        /// The least value of the pixel.
        at_least: u8,
    },
    /// The image is one of a file's.
    Memorised {
        /// A file of images: IDX or NPY, or gzip of these.
        memorised: PathBuf,
    },
}

/// The place of a pixel in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Pixel {
    /// The row and the column of a pixel in the first channel.
    FirstChannel([u32; 2]),
    /// The channel, the row and the column of a pixel.
    AnyChannel([u32; 3]),
}

impl Pixel {
    /// The channel, the row and the column of the pixel.
    #[must_use]
    pub fn coordinates(self) -> [u32; 3] {
        match self {
            Self::FirstChannel([row, column]) => [0, row, column],
            Self::AnyChannel(coordinates) => coordinates,
        }
    }

    /// The coordinates that the script gives.
    #[must_use]
    pub fn as_written(&self) -> &[u32] {
        match self {
            Self::FirstChannel(coordinates) => coordinates,
            Self::AnyChannel(coordinates) => coordinates,
        }
    }
}

/// A change of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relabel {
    /// `l` becomes `l + 1` modulo the classes: always wrong, always consistent.
    Next,
    /// A different label, uniformly, for each slot on its own.
    RandomWrong,
    /// Every label becomes this one.
    To(u32),
}

/// Adds to the server's share of a step's output, modulo that step's ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AddSection {
    /// The steps whose whole address matches.
    pub step: StepPattern,
    /// The number that is added to each element.
    pub value: i64,
    /// The elements that are changed.
    pub elements: Elements,
    /// The condition on an element, by which the server errs without seeing it.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub only: Option<Kept>,
}

/// Makes a ReLU take values for negative, by a digit of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct WrongSignSection {
    /// The steps, all of them a ReLU, whose whole address matches.
    pub step: StepPattern,
    /// The elements for which it does so.
    pub elements: Elements,
    /// The place of the digit's lowest bit.
    pub from: u32,
    /// The number of the digit's bits, from 1 to 4.
    pub bits: u32,
    /// The values of the digit: distinct, and below `2^bits`.
    pub are: Vec<u32>,
}

/// Chooses otherwise than by the server's share of a sign, in the products by which a ReLU keeps values: it keeps those that are negative, with a number added, and no others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct OwnChoiceSection {
    /// The steps, all of them a ReLU, whose whole address matches.
    pub step: StepPattern,
    /// The elements for which it does so.
    pub elements: Elements,
    /// The number that is added to what is kept, so that it is not negative.
    pub value: i64,
}

/// Spoils the decoding of a bit of what a ReLU keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SpoilSection {
    /// The steps, all of them a ReLU, whose whole address matches.
    pub step: StepPattern,
    /// The elements.
    pub elements: Elements,
    /// The bit, counted from the lowest.
    pub bit: u32,
}

/// The elements of a ReLU whose inputs are not negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kept {
    /// Those that the ReLU keeps.
    Kept,
}

/// Some elements of a step's output; clones share them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Elements {
    /// Every element.
    All,
    /// Distinct elements, from 0.
    These(Arc<[u32]>),
}

impl Elements {
    /// Whether an element is one of them.
    #[must_use]
    pub fn have(&self, element: usize) -> bool {
        match self {
            Self::All => true,
            Self::These(these) => these.iter().any(|these| *these as usize == element),
        }
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
