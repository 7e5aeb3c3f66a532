//! `model:` and `data:`: the honest model, and the samples.

use super::values::{Exact, Spot};
use rug::Rational;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::ops::Range;
use std::path::PathBuf;

/// The honest model.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ModelSection {
    /// The model's ONNX file.
    pub path: Spot<PathBuf>,
    /// The value that a pixel stands for.
    #[schemars(default)]
    pub input: Input,
    /// How precisely to compute.
    #[schemars(default)]
    pub fixed_point: FixedPoint,
}

/// An 8-bit pixel `p` stands for `p * scale + offset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct Input {
    /// The value of one step of a pixel.
    pub scale: Exact,
    /// The value of a pixel that is 0.
    pub offset: Exact,
}

impl Default for Input {
    fn default() -> Self {
        Self { scale: Exact(Rational::from((1, 255))), offset: Exact(Rational::new()) }
    }
}

/// How precisely to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct FixedPoint {
    /// Bits of the ring, or for each layer the fewest that provably suffice.
    pub ring_bits: RingBits,
    /// Fractional bits of weights and activations.
    pub frac_bits: u32,
    /// How bits are dropped.
    pub truncation: TruncationKind,
}

impl Default for FixedPoint {
    fn default() -> Self {
        Self { ring_bits: RingBits::Auto, frac_bits: 12, truncation: TruncationKind::Faithful }
    }
}

/// Bits of the ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RingBits {
    /// For each layer the fewest that provably suffice.
    #[default]
    Auto,
    /// The same number of bits in every layer.
    #[serde(untagged)]
    Bits(u32),
}

/// How bits are dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TruncationKind {
    /// Rounded down, the same for every copy.
    #[default]
    Faithful,
    /// Rounded down or one more, by chance.
    OneBit,
}

/// The samples.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Data {
    /// IDX images.
    pub images: Spot<PathBuf>,
    /// IDX labels.
    pub labels: Spot<PathBuf>,
    /// The pool that queries are drawn from.
    pub queries: Spot<Samples>,
    /// The pool that publics are drawn from.
    pub public: Publics,
    /// When samples are drawn.
    #[schemars(default)]
    pub draw: Draw,
}

/// A range of samples, written `a..b`, without `b`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Samples(pub Range<u32>);

impl Serialize for Samples {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}..{}", self.0.start, self.0.end))
    }
}

impl JsonSchema for Samples {
    fn schema_name() -> Cow<'static, str> {
        "Range".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+\\.\\.[0-9]+$", "description": "a..b, without b" })
    }
}

/// The pool of publics.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Publics {
    /// The range of samples that the pool is taken from.
    pub from: Spot<Samples>,
    /// Which of those samples serve as publics.
    #[schemars(default)]
    pub keep: Keep,
}

/// Which samples serve as publics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The samples that the honest model gets right.
    #[default]
    HonestRight,
    /// Every sample of the range.
    All,
}

/// When samples are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Draw {
    /// Anew for each session.
    #[default]
    Fresh,
    /// Once for the campaign.
    Fixed,
}
