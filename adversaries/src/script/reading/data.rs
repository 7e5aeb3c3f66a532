//! `model:` and `data:`.

use super::values::path;
use crate::read::Reader;
use crate::script::data::{
    Data, Draw, FixedPoint, Input, Keep, ModelSection, Publics, RingBits, Samples, TruncationKind,
};
use crate::script::values::{Exact, Spot};
use crate::yaml::{Kind, Node};
use rug::Rational;

/// The largest scale, the largest inverse of a scale, and the largest offset.
const LIMIT: i32 = 1_000_000;

pub fn model(reader: &mut Reader, node: &Node) -> Option<ModelSection> {
    let fields = reader.fields(node, "model", &["path", "input", "fixed_point"])?;
    let path = reader.require(&fields, "path").and_then(|n| path(reader, n, "path"));
    let input = reader.optional(&fields, "input", Input::default(), input);
    let fixed_point = reader.optional(&fields, "fixed_point", FixedPoint::default(), fixed_point);
    Some(ModelSection { path: path?, input: input?, fixed_point: fixed_point? })
}

fn input(reader: &mut Reader, node: &Node) -> Option<Input> {
    let default = Input::default();
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
    Some(Input { scale: scale?, offset: offset? })
}

fn fixed_point(reader: &mut Reader, node: &Node) -> Option<FixedPoint> {
    let default = FixedPoint::default();
    let fields = reader.fields(node, "fixed_point", &["ring_bits", "frac_bits", "truncation"])?;
    let ring_bits = reader.optional(&fields, "ring_bits", default.ring_bits, |r, n| match &n.kind {
        Kind::Scalar(text) if text == "auto" => Some(RingBits::Auto),
        _ => r.natural32(n, "ring_bits", 2..=62).map(RingBits::Bits),
    });
    let frac_bits =
        reader.optional(&fields, "frac_bits", default.frac_bits, |r, n| r.natural32(n, "frac_bits", 1..=24));
    let words = [("faithful", TruncationKind::Faithful), ("one_bit", TruncationKind::OneBit)];
    let truncation = reader.optional(&fields, "truncation", default.truncation, |r, n| r.word(n, "truncation", &words));
    Some(FixedPoint { ring_bits: ring_bits?, frac_bits: frac_bits?, truncation: truncation? })
}

pub fn data(reader: &mut Reader, node: &Node) -> Option<Data> {
    let fields = reader.fields(node, "data", &["images", "labels", "queries", "public", "draw"])?;
    let images = reader.require(&fields, "images").and_then(|n| path(reader, n, "images"));
    let labels = reader.require(&fields, "labels").and_then(|n| path(reader, n, "labels"));
    let queries = reader.require(&fields, "queries").and_then(|n| range(reader, n, "queries"));
    let public = reader.require(&fields, "public").and_then(|n| publics(reader, n));
    let words = [("fresh", Draw::Fresh), ("fixed", Draw::Fixed)];
    let draw = reader.optional(&fields, "draw", Draw::Fresh, |r, n| r.word(n, "draw", &words));
    let (queries, public) = (queries?, public?);
    let (a, b) = (&queries.value.0, &public.from.value.0);
    if a.start < b.end && b.start < a.end {
        let message = format!("publics {}..{} overlap the queries {}..{}", b.start, b.end, a.start, a.end);
        return reader.wrong(public.from.mark, message);
    }
    Some(Data { images: images?, labels: labels?, queries, public, draw: draw? })
}

fn range(reader: &mut Reader, node: &Node, what: &str) -> Option<Spot<Samples>> {
    reader.range(node, what).map(|range| Spot { value: Samples(range), mark: node.mark })
}

fn publics(reader: &mut Reader, node: &Node) -> Option<Publics> {
    let fields = reader.fields(node, "public", &["from", "keep"])?;
    let from = reader.require(&fields, "from").and_then(|n| range(reader, n, "from"));
    let words = [("honest_right", Keep::HonestRight), ("all", Keep::All)];
    let keep = reader.optional(&fields, "keep", Keep::HonestRight, |r, n| r.word(n, "keep", &words));
    Some(Publics { from: from?, keep: keep? })
}
