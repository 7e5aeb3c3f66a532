//! `do:`: moves, where they act, and what they do.

use super::values::{SLOT, chance, distinct, path, spot};
use crate::problem::Problem;
use crate::read::{Fields, Reader};
use crate::script::act::{
    ActSection, AddSection, Elements, Kept, MoveSection, OwnChoiceSection, Pixel, Relabel, SpoilSection, When, Where,
    WrongSignSection,
};
use crate::script::message::{Bend, BendSection, Filling, Stop, StopSection};
use crate::script::step::{NoStep, StepPattern};
use crate::script::values::{Always, Spot};
use crate::yaml::{Kind, Node};

/// The moves that could be read, in order.
pub fn moves(reader: &mut Reader, node: &Node) -> Option<Vec<MoveSection>> {
    let items = reader.list(node, "do")?;
    Some(items.iter().filter_map(|item| one_move(reader, item)).collect())
}

fn one_move(reader: &mut Reader, node: &Node) -> Option<MoveSection> {
    let fields = reader.fields(
        node,
        "an act",
        &["at", "when", "model", "relabel", "add", "wrong_sign", "own_choice", "spoil", "bend", "stop"],
    )?;
    let at = reader.require(&fields, "at").and_then(|n| place(reader, n));
    let act = act(reader, &fields);
    Some(MoveSection { at: at?, act: act? })
}

fn act(reader: &mut Reader, fields: &Fields<'_>) -> Option<ActSection> {
    let when = reader.optional(fields, "when", None, |r, n| when(r, n).map(Some));
    let act = reader.one_of(
        fields,
        &[
            ("model", &|r, n| Some(ActSection::Model { model: path(r, n, "model")?, when: when.clone()? })),
            ("relabel", &|r, n| Some(ActSection::Relabel { relabel: relabel(r, n)?, when: when.clone()? })),
            ("add", &|r, n| Some(ActSection::Add { add: spot(fields.mark("add"), add(r, n))?, when: when.clone()? })),
            ("wrong_sign", &|r, n| {
                let wrong_sign = spot(fields.mark("wrong_sign"), wrong_sign(r, n))?;
                Some(ActSection::WrongSign { wrong_sign, when: when.clone()? })
            }),
            ("own_choice", &|r, n| {
                let own_choice = spot(fields.mark("own_choice"), own_choice(r, n))?;
                Some(ActSection::OwnChoice { own_choice, when: when.clone()? })
            }),
            ("spoil", &|r, n| {
                Some(ActSection::Spoil { spoil: spot(fields.mark("spoil"), spoil(r, n))?, when: when.clone()? })
            }),
            ("bend", &|r, n| Some(ActSection::Bend { bend: spot(fields.mark("bend"), bend(r, n))? })),
            ("stop", &|r, n| Some(ActSection::Stop { stop: spot(fields.mark("stop"), stop(r, n))? })),
        ],
    );
    if let Some(act) = fields.present(&["bend", "stop"]).first()
        && fields.get("when").is_some()
    {
        return reader.wrong(fields.mark("when"), format!("`when` is no part of `{act}`: a message is no input"));
    }
    act
}

fn place(reader: &mut Reader, node: &Node) -> Option<Spot<Where>> {
    if let Kind::Scalar(_) = node.kind {
        let all = [("all", Where::All(Always::All))];
        let value = reader.word_or(node, "place", &all, "{ random: 2 }, { slots: [0, 7] }, { each: 1/20 }");
        return spot(node.mark, value);
    }
    let fields = reader.fields(node, "`at`", &["random", "slots", "each", "from", "to", "at_most"])?;
    let alone = !fields.has("each") && (fields.has("random") || fields.has("slots"));
    for key in fields.present(&["from", "to", "at_most"]).into_iter().filter(|_| alone) {
        reader.wrong::<()>(fields.mark(key), format!("`{key}` belongs to `each`"));
    }
    let from = reader.optional(&fields, "from", 0, |r, n| r.natural32(n, "from", 0..=u32::MAX));
    let mut limit = |key| reader.optional(&fields, key, None, |r, n| r.natural32(n, key, 0..=u32::MAX).map(Some));
    let (to, at_most) = (limit("to"), limit("at_most"));
    let value = reader.one_of(
        &fields,
        &[
            ("random", &|r, n| Some(Where::Random { random: r.natural32(n, "random", 0..=u32::MAX)? })),
            ("slots", &|r, n| Some(Where::Slots { slots: distinct(r, n, "slots", SLOT)? })),
            ("each", &|r, n| {
                Some(Where::Each { each: chance(r, n, "each")?, from: from?, to: to?, at_most: at_most? })
            }),
        ],
    );
    if to?.is_some_and(|to| from.is_some_and(|from| to <= from)) {
        return reader.wrong(fields.mark("to"), "no slot is from `from` up to, but not including, `to`");
    }
    let value = value?;
    if let Some(message) = reader.slots.and_then(|N| value.misfit(N)) {
        let blamed = ["random", "slots", "from"].into_iter().find_map(|key| fields.get(key));
        return reader.wrong(blamed.unwrap_or(node).mark, message);
    }
    Some(Spot { value, mark: node.mark })
}

fn when(reader: &mut Reader, node: &Node) -> Option<Spot<When>> {
    let fields = reader.fields(node, "`when`", &["pixel", "at_least", "memorised"])?;
    let at_least = if fields.has("pixel") { reader.require(&fields, "at_least") } else { fields.get("at_least") };
    let at_least = at_least.and_then(|n| reader.natural32(n, "at_least", 0..=u8::MAX.into()));
    let value = reader.one_of(
        &fields,
        &[
            ("pixel", &|r, n| {
                let (pixel, at_least) = (pixel(r, n), u8::try_from(at_least?).ok()?);
                Some(When::Pixel { pixel: pixel?, at_least })
            }),
            ("memorised", &|r, n| Some(When::Memorised { memorised: path(r, n, "memorised")?.value })),
        ],
    );
    if fields.get("memorised").is_some() && fields.get("at_least").is_some() && !fields.has("pixel") {
        return reader.wrong(fields.mark("at_least"), "`at_least` belongs to `pixel`");
    }
    spot(node.mark, value)
}

fn pixel(reader: &mut Reader, node: &Node) -> Option<Pixel> {
    let items = reader.list(node, "pixel")?;
    let mut coordinate = |item| reader.natural32(item, "a coordinate", 0..=1 << 20);
    match items {
        [row, column] => {
            let [row, column] = [row, column].map(&mut coordinate);
            Some(Pixel::FirstChannel([row?, column?]))
        }
        [channel, row, column] => {
            let [channel, row, column] = [channel, row, column].map(&mut coordinate);
            Some(Pixel::AnyChannel([channel?, row?, column?]))
        }
        _ => reader.wrong(node.mark, "a pixel is [row, column] or [channel, row, column]"),
    }
}

fn relabel(reader: &mut Reader, node: &Node) -> Option<Spot<Relabel>> {
    let value = if let Kind::Scalar(_) = node.kind {
        let words = [("next", Relabel::Next), ("random_wrong", Relabel::RandomWrong)];
        reader.word_or(node, "relabelling", &words, "{ to: 7 }")
    } else {
        let fields = reader.fields(node, "`relabel`", &["to"])?;
        let to = reader.require(&fields, "to").and_then(|n| reader.natural32(n, "to", 0..=u32::MAX));
        to.map(Relabel::To)
    };
    spot(node.mark, value)
}

fn add(reader: &mut Reader, node: &Node) -> Option<AddSection> {
    let fields = reader.fields(node, "`add`", &["step", "value", "elements", "where"])?;
    let step = reader.require(&fields, "step").and_then(|n| step(reader, n));
    let value = reader.require(&fields, "value").and_then(|n| reader.integer(n, "value"));
    let elements = reader.require(&fields, "elements").and_then(|n| elements(reader, n));
    let only =
        reader.optional(&fields, "where", None, |r, n| r.word(n, "condition", &[("kept", Kept::Kept)]).map(Some));
    Some(AddSection { step: step?, value: value?, elements: elements?, only: only? })
}

fn wrong_sign(reader: &mut Reader, node: &Node) -> Option<WrongSignSection> {
    let fields = reader.fields(node, "`wrong_sign`", &["step", "elements", "from", "bits", "are"])?;
    let step = reader.require(&fields, "step").and_then(|n| step(reader, n));
    let elements = reader.require(&fields, "elements").and_then(|n| elements(reader, n));
    let from = reader.require(&fields, "from").and_then(|n| reader.natural32(n, "from", 0..=63));
    let bits = reader.require(&fields, "bits").and_then(|n| reader.natural32(n, "bits", 1..=4));
    let are = reader.require(&fields, "are").and_then(|n| distinct(reader, n, "are", ["a value", "value"]));
    let (bits, are) = (bits?, are?);
    if let Some(value) = are.iter().find(|value| **value >> bits > 0) {
        return reader.wrong(fields.mark("are"), format!("no digit of {bits} bits is {value}"));
    }
    Some(WrongSignSection { step: step?, elements: elements?, from: from?, bits, are })
}

fn own_choice(reader: &mut Reader, node: &Node) -> Option<OwnChoiceSection> {
    let fields = reader.fields(node, "`own_choice`", &["step", "elements", "value"])?;
    let step = reader.require(&fields, "step").and_then(|n| step(reader, n));
    let elements = reader.require(&fields, "elements").and_then(|n| elements(reader, n));
    let value = reader.require(&fields, "value").and_then(|n| reader.integer(n, "value"));
    Some(OwnChoiceSection { step: step?, elements: elements?, value: value? })
}

fn spoil(reader: &mut Reader, node: &Node) -> Option<SpoilSection> {
    let fields = reader.fields(node, "`spoil`", &["step", "elements", "bit"])?;
    let step = reader.require(&fields, "step").and_then(|n| step(reader, n));
    let elements = reader.require(&fields, "elements").and_then(|n| elements(reader, n));
    let bit = reader.require(&fields, "bit").and_then(|n| reader.natural32(n, "bit", 0..=63));
    Some(SpoilSection { step: step?, elements: elements?, bit: bit? })
}

fn elements(reader: &mut Reader, node: &Node) -> Option<Elements> {
    if let Kind::Scalar(_) = node.kind {
        return reader.word_or(node, "choice of elements", &[("all", Elements::All)], "[0, 7]");
    }
    distinct(reader, node, "elements", ["an element", "element"]).map(|these| Elements::These(these.into()))
}

fn bend(reader: &mut Reader, node: &Node) -> Option<BendSection> {
    let keys = ["step", "flip_bit", "replace", "replay", "drop", "delay_ms"];
    let fields = reader.fields(node, "`bend`", &keys)?;
    let step = reader.require(&fields, "step").and_then(|n| step(reader, n));
    let fillings = Filling::ALL.map(|filling| (filling.name(), filling));
    let how = reader.one_of(
        &fields,
        &[
            ("flip_bit", &|r, n| r.natural(n, "flip_bit", 0..=u64::MAX).map(Bend::FlipBit)),
            ("replace", &|r, n| r.word(n, "replacement", &fillings).map(Bend::Replace)),
            ("replay", &|r, n| yes(r, n, "replay").map(|()| Bend::Replay)),
            ("drop", &|r, n| yes(r, n, "drop").map(|()| Bend::Drop)),
            ("delay_ms", &|r, n| r.natural32(n, "delay_ms", 0..=u32::MAX).map(Bend::DelayMs)),
        ],
    );
    Some(BendSection { step: step?, how: how? })
}

/// The word `true`: a key of what is not to be is left out.
fn yes(reader: &mut Reader, node: &Node, what: &str) -> Option<()> {
    match reader.text(node, what)? {
        "true" => Some(()),
        _ => reader.outside(node, what, "`true`"),
    }
}

fn stop(reader: &mut Reader, node: &Node) -> Option<StopSection> {
    let fields = reader.fields(node, "`stop`", &["step", "how"])?;
    let step = reader.require(&fields, "step").and_then(|n| step(reader, n));
    let words = [("crash", Stop::Crash), ("abort", Stop::Abort), ("stall", Stop::Stall)];
    let how = reader.require(&fields, "how").and_then(|n| reader.word(n, "way to stop", &words));
    Some(StopSection { step: step?, how: how? })
}

fn step(reader: &mut Reader, node: &Node) -> Option<StepPattern> {
    match reader.text(node, "step")?.parse() {
        Ok(pattern) => Some(pattern),
        Err(NoStep { message, help }) => reader.problem(Problem::new(node.mark, message).help(help)),
    }
}
