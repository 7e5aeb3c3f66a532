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
    /// The precision of the computation.
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

/// The precision of the computation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct FixedPoint {
    /// The bits of the ring.
    pub ring_bits: RingBits,
    /// The fractional bits of weights and activations.
    pub frac_bits: u32,
    /// The way in which bits are dropped.
    pub truncation: TruncationKind,
}

impl Default for FixedPoint {
    fn default() -> Self {
        Self { ring_bits: RingBits::Auto, frac_bits: 12, truncation: TruncationKind::Faithful }
    }
}

/// The bits of the ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RingBits {
    /// Each layer has the fewest bits that provably suffice.
    #[default]
    Auto,
    /// Every layer has the same number of bits.
    #[serde(untagged)]
    Bits(u32),
}

/// The way in which bits are dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TruncationKind {
    /// Values are rounded down, the same for every copy.
    #[default]
    Faithful,
    /// Values are rounded down, or to one more, by chance.
    OneBit,
}

/// The samples of a campaign.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Data {
    /// The file of images: IDX or NPY, or gzip of these.
    pub images: Spot<PathBuf>,
    /// The file of labels: IDX or NPY, or gzip of these.
    pub labels: Spot<PathBuf>,
    /// The pool that queries are drawn from.
    pub queries: Spot<Samples>,
    /// The pool that publics are drawn from.
    pub public: Publics,
    /// The time when samples are drawn.
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
    /// The samples of that range that serve as publics.
    #[schemars(default)]
    pub keep: Keep,
}

/// The samples of a range that serve as publics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The samples that the honest model gets right.
    #[default]
    HonestRight,
    /// Every sample of the range.
    All,
}

/// The time when samples are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Draw {
    /// Samples are drawn anew for each session.
    #[default]
    Fresh,
    /// Samples are drawn once for the campaign.
    Fixed,
}
