//! `model:` and `data:`.

use super::{Exact, Spot};
use crate::read::Reader;
use crate::yaml::{Kind, Node};
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
    /// An ONNX file.
    pub path: Spot<PathBuf>,
    /// What a pixel stands for.
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
    /// The value of one step.
    pub scale: Exact,
    /// The value of 0.
    pub offset: Exact,
}

/// Of a scale, its inverse, and an offset.
const LIMIT: i32 = 1_000_000;

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
    /// Fractional bits.
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
    /// The same everywhere.
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
    /// Drawn when.
    #[schemars(default)]
    pub draw: Draw,
}

/// `a..b`, without `b`.
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
    /// Which samples.
    pub from: Spot<Samples>,
    /// Which of them.
    #[schemars(default)]
    pub keep: Keep,
}

/// Which samples serve as publics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Those that the honest model gets right.
    #[default]
    HonestRight,
    /// All.
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

impl ModelSection {
    pub(super) fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let fields = reader.fields(node, "model", &["path", "input", "fixed_point"])?;
        let path = reader.require(&fields, "path").and_then(|n| path(reader, n, "path"));
        let input = reader.optional(&fields, "input", Input::default(), Input::read);
        let fixed_point = reader.optional(&fields, "fixed_point", FixedPoint::default(), FixedPoint::read);
        Some(Self { path: path?, input: input?, fixed_point: fixed_point? })
    }
}

/// A path as written.
pub(super) fn path(reader: &mut Reader, node: &Node, what: &str) -> Option<Spot<PathBuf>> {
    reader.text(node, what).map(|text| Spot { value: PathBuf::from(text), mark: node.mark })
}

impl Input {
    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let default = Self::default();
        let fields = reader.fields(node, "input", &["scale", "offset"])?;
        let scale = reader.optional(&fields, "scale", default.scale, |r, n| {
            let scale = r.number(n, "scale")?;
            let within = scale >= Rational::from((1, LIMIT)) && scale <= LIMIT;
            if within { Some(Exact(scale)) } else { r.outside(n, "scale", "from 10^-6 to 10^6") }
        });
        let offset = reader.optional(&fields, "offset", default.offset, |r, n| {
            let offset = r.number(n, "offset")?;
            let within = (-LIMIT..=LIMIT).contains(&offset);
            if within { Some(Exact(offset)) } else { r.outside(n, "offset", "from -10^6 to 10^6") }
        });
        Some(Self { scale: scale?, offset: offset? })
    }
}

impl FixedPoint {
    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let default = Self::default();
        let fields = reader.fields(node, "fixed_point", &["ring_bits", "frac_bits", "truncation"])?;
        let ring_bits = reader.optional(&fields, "ring_bits", default.ring_bits, |r, n| match &n.kind {
            Kind::Scalar(text) if text == "auto" => Some(RingBits::Auto),
            _ => r.natural32(n, "ring_bits", 2..=62).map(RingBits::Bits),
        });
        let frac_bits =
            reader.optional(&fields, "frac_bits", default.frac_bits, |r, n| r.natural32(n, "frac_bits", 1..=24));
        let words = [("faithful", TruncationKind::Faithful), ("one_bit", TruncationKind::OneBit)];
        let truncation =
            reader.optional(&fields, "truncation", default.truncation, |r, n| r.word(n, "truncation", &words));
        Some(Self { ring_bits: ring_bits?, frac_bits: frac_bits?, truncation: truncation? })
    }
}

impl Data {
    pub(super) fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let fields = reader.fields(node, "data", &["images", "labels", "queries", "public", "draw"])?;
        let images = reader.require(&fields, "images").and_then(|n| path(reader, n, "images"));
        let labels = reader.require(&fields, "labels").and_then(|n| path(reader, n, "labels"));
        let queries = reader.require(&fields, "queries").and_then(|n| range(reader, n, "queries"));
        let public = reader.require(&fields, "public").and_then(|n| Publics::read(reader, n));
        let words = [("fresh", Draw::Fresh), ("fixed", Draw::Fixed)];
        let draw = reader.optional(&fields, "draw", Draw::Fresh, |r, n| r.word(n, "draw", &words));
        let (queries, public) = (queries?, public?);
        let (a, b) = (&queries.value.0, &public.from.value.0);
        if a.start < b.end && b.start < a.end {
            let message = format!("publics {}..{} overlap the queries {}..{}", b.start, b.end, a.start, a.end);
            return reader.wrong(public.from.mark, message);
        }
        Some(Self { images: images?, labels: labels?, queries, public, draw: draw? })
    }
}

fn range(reader: &mut Reader, node: &Node, what: &str) -> Option<Spot<Samples>> {
    reader.range(node, what).map(|range| Spot { value: Samples(range), mark: node.mark })
}

impl Publics {
    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let fields = reader.fields(node, "public", &["from", "keep"])?;
        let from = reader.require(&fields, "from").and_then(|n| range(reader, n, "from"));
        let words = [("honest_right", Keep::HonestRight), ("all", Keep::All)];
        let keep = reader.optional(&fields, "keep", Keep::HonestRight, |r, n| r.word(n, "keep", &words));
        Some(Self { from: from?, keep: keep? })
    }
}
