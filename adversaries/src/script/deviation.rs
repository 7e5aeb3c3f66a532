//! `strategies:`: what the server does, and what is expected of it.

use super::act::{AddSection, BendSection, StopSection};
use super::inputs::path;
use super::{Exact, Fidelity, Spot, TrialsOverride, fidelity, trials_override};
use crate::problem::{Mark, Problem, quoted};
use crate::read::Reader;
use crate::yaml::{Kind, Node};
use fusion_spec::verdict::Reason;
use rug::Rational;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::path::PathBuf;

/// One strategy: exactly one of `do`, `one_of`, `flaky`, `link`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StrategySection {
    /// Lower-case letters, digits, hyphens.
    pub name: String,
    /// What it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Instead of the campaign's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fidelity: Option<Spot<Fidelity>>,
    /// What is done, in order; nothing: an honest server.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    pub moves: Option<Vec<MoveSection>>,
    /// One of these each session, by weight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Branch>>,
    /// An honest server each of whose answers becomes the next label with this probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flaky: Option<Exact>,
    /// The linking game: two slots, claimed to hold copies of one query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Spot<[u32; 2]>>,
    /// More than one session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<SessionsSection>,
    /// Instead of the campaign's.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub trials: TrialsOverride,
    /// What must come out.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub expect: Expect,
    /// Where its name stands.
    #[serde(skip)]
    pub place: Spot<()>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A branch of `one_of`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Branch {
    /// Its share of the sum of all weights.
    pub weight: u32,
    /// What it does.
    #[serde(rename = "do")]
    pub moves: Vec<MoveSection>,
}

/// An act and where: exactly one of `model`, `relabel`, `add`, `bend` and `stop`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct MoveSection {
    /// Which slots.
    pub at: Spot<Where>,
    /// Only where the input is like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Spot<When>>,
    /// Runs this model there, whatever was done before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Spot<PathBuf>>,
    /// Changes the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relabel: Option<Spot<Relabel>>,
    /// At `ideal` and `real`: adds to the server's shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub add: Option<Spot<AddSection>>,
    /// At `real`: bends messages of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bend: Option<Spot<BendSection>>,
    /// At `real`: stops.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Spot<StopSection>>,
}

/// Which slots are touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Where {
    /// Every one.
    All(Always),
    /// So many, any.
    Random {
        /// How many.
        random: u32,
    },
    /// These.
    Slots {
        /// Distinct, from 0.
        slots: Vec<u32>,
    },
    /// Slot by slot, with memory.
    Each {
        /// The chance of each.
        each: Exact,
        /// The first slot asked.
        #[schemars(default)]
        from: u32,
        /// The first slot not asked; all.
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<u32>,
        /// Stops after so many; never.
        #[serde(skip_serializing_if = "Option::is_none")]
        at_most: Option<u32>,
    },
}

/// The word `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Always {
    /// Every slot.
    All,
}

/// A predicate of the input, evaluated inside the inference: no strategy reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum When {
    /// A pixel is bright.
    Pixel {
        /// Row and column, or channel, row and column.
        pixel: Vec<u32>,
        /// Its least value.
        at_least: u8,
    },
    /// The image is one of these.
    Memorised {
        /// IDX images.
        memorised: PathBuf,
    },
}

/// What becomes of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relabel {
    /// `l` becomes `l + 1` modulo the classes: always wrong, always consistent.
    Next,
    /// A different one, uniformly, for each slot on its own.
    RandomWrong,
    /// This one.
    To(u32),
}

/// More than one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SessionsSection {
    /// How they end.
    pub until: Until,
    /// Most sessions.
    pub max: u32,
}

/// How sessions end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Until {
    /// The client tries again until it accepts.
    Accepted,
    /// The client goes on until it rejects.
    Rejected,
}

/// What must come out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct Expect {
    /// Of `Pr[win]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub win: Option<Expectation>,
    /// Of `Pr[accepted]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Expectation>,
    /// Of `Pr[harmless]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub harmless: Option<Expectation>,
    /// Of `Pr[caught]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caught: Option<Expectation>,
    /// Of the reasons for rejecting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasons: Option<Reasons>,
}

impl Expect {
    /// The expected rates, in a fixed order.
    pub fn rates(&self) -> impl Iterator<Item = (Event, &Expectation)> {
        let Self { win, accepted, harmless, caught, reasons: _ } = self;
        [(Event::Win, win), (Event::Accepted, accepted), (Event::Harmless, harmless), (Event::Caught, caught)]
            .into_iter()
            .filter_map(|(event, expectation)| Some((event, expectation.as_ref()?)))
    }
}

/// What a rate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Accepted, and an answer is wrong.
    Win,
    /// Accepted.
    Accepted,
    /// Accepted, and all answers are right.
    Harmless,
    /// Rejected.
    Caught,
}

impl Event {
    /// As scripts write it.
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
    /// It is this.
    Equals(Spot<Claim>),
    /// It is at most this.
    AtMost(Spot<Claim>),
}

impl Expectation {
    /// What is claimed, and where.
    #[must_use]
    pub fn claim(&self) -> &Spot<Claim> {
        match self {
            Self::Equals(claim) | Self::AtMost(claim) => claim,
        }
    }
}

/// The exact rate, or a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// What the specification says.
    Spec,
    /// This.
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

/// Reasons for rejecting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reasons {
    /// No other may occur.
    pub only: Vec<Reason>,
}

const REASONS: [Reason; 4] = [Reason::PublicWrong, Reason::CopiesDisagree, Reason::Malformed, Reason::PeerGone];

impl Serialize for Reasons {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
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
            "properties": { "only": { "type": "array", "items": { "enum": REASONS.map(Reason::name) } } },
            "required": ["only"],
            "additionalProperties": false
        })
    }
}

const KINDS: [&str; 4] = ["do", "one_of", "flaky", "link"];
const KEYS: [&str; 10] = ["name", "about", "fidelity", "do", "one_of", "flaky", "link", "sessions", "trials", "expect"];
const ACTS: [&str; 5] = ["model", "relabel", "add", "bend", "stop"];

impl StrategySection {
    /// As YAML.
    ///
    /// # Errors
    /// If the writer fails.
    pub fn to_yaml(&self) -> Result<String, serde_yaml::Error> {
        super::yaml_of(self)
    }

    pub(super) fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let fields = reader.fields(node, "a strategy", &KEYS)?;
        let name = reader.require(&fields, "name").and_then(|n| reader.name(n, "strategy name"));
        let about = reader.optional(&fields, "about", None, |r, n| Some(Some(r.text(n, "about")?.into())));
        let fidelity = reader.optional(&fields, "fidelity", None, |r, n| fidelity(r, n).map(Some));
        let exactly_one = reader.one_of(&fields, &KINDS);
        let moves = reader.optional(&fields, "do", None, |r, n| moves(r, n).map(Some));
        let one_of = reader.optional(&fields, "one_of", None, |r, n| branches(r, n).map(Some));
        let flaky = reader.optional(&fields, "flaky", None, |r, n| chance(r, n, "flaky").map(Some));
        let link = reader.optional(&fields, "link", None, |r, n| link(r, n).map(Some));
        let sessions = reader.optional(&fields, "sessions", None, |r, n| SessionsSection::read(r, n).map(Some));
        let trials = reader.optional(&fields, "trials", TrialsOverride::default(), trials_override);
        let expect = reader.optional(&fields, "expect", Expect::default(), Expect::read);
        if fields.get("link").is_some() && fields.get("sessions").is_some() {
            return reader.wrong(fields.mark("sessions"), "the linking game is a single session");
        }
        exactly_one?;
        Some(Self {
            name: name?,
            about: about?,
            fidelity: fidelity?,
            moves: moves?,
            one_of: one_of?,
            flaky: flaky?,
            link: link?,
            sessions: sessions?,
            trials: trials?,
            expect: expect?,
            place: Spot { value: (), mark: fields.get("name").map_or(node.mark, |name| name.mark) },
        })
    }
}

fn moves(reader: &mut Reader, node: &Node) -> Option<Vec<MoveSection>> {
    let items = reader.list(node, "do")?;
    let read: Vec<_> = items.iter().map(|item| MoveSection::read(reader, item)).collect();
    read.into_iter().collect()
}

fn branches(reader: &mut Reader, node: &Node) -> Option<Vec<Branch>> {
    let items = reader.list(node, "one_of")?;
    if items.is_empty() {
        return reader.wrong(node.mark, "one_of is empty");
    }
    let read: Vec<_> = items.iter().map(|item| Branch::read(reader, item)).collect();
    let branches: Vec<Branch> = read.into_iter().collect::<Option<_>>()?;
    let sum: u64 = branches.iter().map(|branch| u64::from(branch.weight)).sum();
    if u32::try_from(sum).is_err() {
        return reader.wrong(node.mark, format!("the weights sum to {sum}, more than 2^32 - 1"));
    }
    Some(branches)
}

/// A probability that a 32-bit draw decides.
fn chance(reader: &mut Reader, node: &Node, what: &str) -> Option<Exact> {
    let value = reader.probability(node, what, true)?;
    if value.denom().to_u32().is_none() {
        return reader.wrong(node.mark, format!("{what} must be a fraction whose denominator is below 2^32"));
    }
    Some(Exact(value))
}

fn link(reader: &mut Reader, node: &Node) -> Option<Spot<[u32; 2]>> {
    let slots = distinct(reader, node, "link", SLOT)?;
    match slots[..] {
        [a, b] => {
            let link = Spot { value: [a, b], mark: node.mark };
            match reader.slots.and_then(|N| missing_slot(&link.value, N)) {
                Some(message) => reader.wrong(node.mark, message),
                None => Some(link),
            }
        }
        _ => reader.wrong(node.mark, "link names two slots"),
    }
}

/// What is wrong with slots of which one is not among the `N` of a session.
#[must_use]
pub fn missing_slot(slots: &[u32], N: u128) -> Option<String> {
    let slot = slots.iter().find(|slot| u128::from(**slot) >= N)?;
    Some(format!("slot {slot} does not exist: there are N = {N}, from 0"))
}

const SLOT: [&str; 2] = ["a slot", "slot"];

/// Distinct places; `one` of them with its article and without.
pub(super) fn distinct(reader: &mut Reader, node: &Node, what: &str, one: [&str; 2]) -> Option<Vec<u32>> {
    let items = reader.list(node, what)?;
    let read: Vec<_> = items.iter().map(|item| reader.natural32(item, one[0], 0..=u32::MAX)).collect();
    let places: Vec<u32> = read.into_iter().collect::<Option<_>>()?;
    let mut seen = std::collections::BTreeSet::new();
    match places.iter().position(|place| !seen.insert(*place)) {
        Some(twice) => reader.wrong(items[twice].mark, format!("{} {} is there twice", one[1], places[twice])),
        None => Some(places),
    }
}

impl Branch {
    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let fields = reader.fields(node, "a branch", &["weight", "do"])?;
        let weight = reader.require(&fields, "weight").and_then(|n| reader.natural32(n, "weight", 1..=1 << 30));
        let moves = reader.require(&fields, "do").and_then(|n| moves(reader, n));
        Some(Self { weight: weight?, moves: moves? })
    }
}

impl MoveSection {
    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let keys: Vec<&str> = ["at", "when"].into_iter().chain(ACTS).collect();
        let fields = reader.fields(node, "an act", &keys)?;
        let at = reader.require(&fields, "at").and_then(|n| Where::read(reader, n));
        let when = reader.optional(&fields, "when", None, |r, n| When::read(r, n).map(Some));
        let one = reader.one_of(&fields, &ACTS);
        let model = reader.optional(&fields, "model", None, |r, n| path(r, n, "model").map(Some));
        let relabel = reader.optional(&fields, "relabel", None, |r, n| Relabel::read(r, n).map(Some));
        let add = reader.optional(&fields, "add", None, |r, n| spot(fields.mark("add"), AddSection::read(r, n)));
        let bend = reader.optional(&fields, "bend", None, |r, n| spot(fields.mark("bend"), BendSection::read(r, n)));
        let stop = reader.optional(&fields, "stop", None, |r, n| spot(fields.mark("stop"), StopSection::read(r, n)));
        one?;
        if let Some(act) = fields.present(&["bend", "stop"]).first()
            && fields.get("when").is_some()
        {
            return reader.wrong(fields.mark("when"), format!("`when` is no part of `{act}`: a message is no input"));
        }
        Some(Self { at: at?, when: when?, model: model?, relabel: relabel?, add: add?, bend: bend?, stop: stop? })
    }

    /// Its act, where that stands, and the fidelities that have a place for it, if `fidelity` has none.
    #[must_use]
    pub fn misplaced(&self, fidelity: Fidelity) -> Option<(&'static str, Mark, &'static str)> {
        let Self { at: _, when: _, model: _, relabel: _, add, bend, stop } = self;
        let add = add.as_ref().map(|add| ("add", add.mark, "`ideal` or `real`"));
        let bend = bend.as_ref().map(|bend| ("bend", bend.mark, "`real`"));
        let stop = stop.as_ref().map(|stop| ("stop", stop.mark, "`real`"));
        match fidelity {
            Fidelity::Plain => add.or(bend).or(stop),
            Fidelity::Ideal => bend.or(stop),
            Fidelity::Real => None,
        }
    }
}

#[expect(clippy::option_option, reason = "read, and there")]
fn spot<T>(mark: Mark, value: Option<T>) -> Option<Option<Spot<T>>> {
    value.map(|value| Some(Spot { value, mark }))
}

impl Where {
    fn read(reader: &mut Reader, node: &Node) -> Option<Spot<Self>> {
        if let Kind::Scalar(_) = node.kind {
            let all = [("all", Self::All(Always::All))];
            let value = reader.word_or(node, "place", &all, "{ random: 2 }, { slots: [0, 7] }, { each: 1/20 }");
            return value.map(|value| Spot { value, mark: node.mark });
        }
        let fields = reader.fields(node, "`at`", &["random", "slots", "each", "from", "to", "at_most"])?;
        let one = reader.one_of(&fields, &["random", "slots", "each"]);
        let alone = !fields.has("each") && (fields.has("random") || fields.has("slots"));
        for key in fields.present(&["from", "to", "at_most"]).into_iter().filter(|_| alone) {
            reader.wrong::<()>(fields.mark(key), format!("`{key}` belongs to `each`"));
        }
        let random = reader.optional(&fields, "random", None, |r, n| r.natural32(n, "random", 0..=u32::MAX).map(Some));
        let named = reader.optional(&fields, "slots", None, |r, n| distinct(r, n, "slots", SLOT).map(Some));
        let each = reader.optional(&fields, "each", None, |r, n| chance(r, n, "each").map(Some));
        let from = reader.optional(&fields, "from", 0, |r, n| r.natural32(n, "from", 0..=u32::MAX));
        let to = reader.optional(&fields, "to", None, |r, n| r.natural32(n, "to", 0..=u32::MAX).map(Some));
        let at_most =
            reader.optional(&fields, "at_most", None, |r, n| r.natural32(n, "at_most", 0..=u32::MAX).map(Some));
        let (from, to) = (from?, to?);
        if to.is_some_and(|to| to <= from) {
            return reader.wrong(fields.mark("to"), "no slot is from `from` up to, but not including, `to`");
        }
        one?;
        let value = match (random?, named?, each?) {
            (Some(random), ..) => Self::Random { random },
            (_, Some(slots), _) => Self::Slots { slots },
            (.., Some(each)) => Self::Each { each, from, to, at_most: at_most? },
            _ => return None,
        };
        if let Some(message) = reader.slots.and_then(|N| value.misfit(N)) {
            let blamed = ["random", "slots", "from"].into_iter().find_map(|key| fields.get(key));
            return reader.wrong(blamed.unwrap_or(node).mark, message);
        }
        Some(Spot { value, mark: node.mark })
    }

    /// What is wrong with a place that is not among the `N` slots of a session.
    #[must_use]
    pub fn misfit(&self, N: u128) -> Option<String> {
        match self {
            Self::Random { random } if u128::from(*random) > N => {
                Some(format!("{random} slots cannot be touched: there are N = {N}"))
            }
            Self::All(Always::All) | Self::Random { .. } => None,
            Self::Slots { slots } => missing_slot(slots, N),
            // Whatever is beyond the last slot is not asked.
            Self::Each { each: _, from, to: _, at_most: _ } => missing_slot(&[*from], N),
        }
    }
}

impl When {
    fn read(reader: &mut Reader, node: &Node) -> Option<Spot<Self>> {
        let fields = reader.fields(node, "`when`", &["pixel", "at_least", "memorised"])?;
        let one = reader.one_of(&fields, &["pixel", "memorised"]);
        let pixel = reader.optional(&fields, "pixel", None, |r, n| pixel(r, n).map(Some));
        let at_least = reader.optional(&fields, "at_least", None, |r, n| r.natural32(n, "at_least", 0..=255).map(Some));
        let memorised = reader.optional(&fields, "memorised", None, |r, n| path(r, n, "memorised").map(Some));
        if fields.has("pixel") {
            reader.require(&fields, "at_least")?;
        } else if fields.get("memorised").is_some() && fields.get("at_least").is_some() {
            return reader.wrong(fields.mark("at_least"), "`at_least` belongs to `pixel`");
        }
        one?;
        let value = match (pixel?, at_least?, memorised?) {
            (Some(pixel), Some(at_least), _) => {
                Self::Pixel { pixel, at_least: u8::try_from(at_least).unwrap_or(u8::MAX) }
            }
            (_, _, Some(memorised)) => Self::Memorised { memorised: memorised.value },
            _ => return None,
        };
        Some(Spot { value, mark: node.mark })
    }
}

fn pixel(reader: &mut Reader, node: &Node) -> Option<Vec<u32>> {
    let items = reader.list(node, "pixel")?;
    if !(2..=3).contains(&items.len()) {
        return reader.wrong(node.mark, "a pixel is [row, column] or [channel, row, column]");
    }
    let read: Vec<_> = items.iter().map(|item| reader.natural32(item, "a coordinate", 0..=1 << 20)).collect();
    read.into_iter().collect()
}

impl Relabel {
    fn read(reader: &mut Reader, node: &Node) -> Option<Spot<Self>> {
        let value = if let Kind::Scalar(_) = node.kind {
            let words = [("next", Self::Next), ("random_wrong", Self::RandomWrong)];
            reader.word_or(node, "relabelling", &words, "{ to: 7 }")?
        } else {
            let fields = reader.fields(node, "`relabel`", &["to"])?;
            let to = reader.require(&fields, "to").and_then(|n| reader.natural32(n, "to", 0..=u32::MAX))?;
            Self::To(to)
        };
        Some(Spot { value, mark: node.mark })
    }
}

impl SessionsSection {
    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let fields = reader.fields(node, "sessions", &["until", "max"])?;
        let words = [("accepted", Until::Accepted), ("rejected", Until::Rejected)];
        let until = reader.require(&fields, "until").and_then(|n| reader.word(n, "end of sessions", &words));
        let max = reader.require(&fields, "max").and_then(|n| reader.natural32(n, "max", 1..=1 << 16));
        Some(Self { until: until?, max: max? })
    }
}

impl Expect {
    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let fields = reader.fields(node, "expect", &["win", "accepted", "harmless", "caught", "reasons"])?;
        let mut rate = |key| reader.optional(&fields, key, None, |r, n| Expectation::read(r, n).map(Some));
        let (win, accepted, harmless, caught) = (rate("win"), rate("accepted"), rate("harmless"), rate("caught"));
        let reasons = reader.optional(&fields, "reasons", None, |r, n| Reasons::read(r, n).map(Some));
        Some(Self { win: win?, accepted: accepted?, harmless: harmless?, caught: caught?, reasons: reasons? })
    }
}

impl Expectation {
    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let keys = ["equals", "at_most"];
        let fields = reader.fields(node, "an expectation", &keys)?;
        let one = reader.one_of(&fields, &keys);
        let mut claim = |key| fields.get(key).and_then(|n| Claim::read(reader, n));
        let claims = (claim("equals"), claim("at_most"));
        one?;
        match claims {
            (Some(claim), _) => Some(Self::Equals(claim)),
            (None, Some(claim)) => Some(Self::AtMost(claim)),
            (None, None) => None,
        }
    }
}

impl Claim {
    fn read(reader: &mut Reader, node: &Node) -> Option<Spot<Self>> {
        let value = match &node.kind {
            Kind::Scalar(text) if text == "spec" => Self::Spec,
            Kind::Scalar(text) if text.starts_with(|c: char| c.is_alphabetic()) => {
                let problem = Problem::new(node.mark, format!("{} is no rate", quoted(text)));
                return reader.problem(problem.help("`spec`, the exact rate, or a number such as 0.99, 99% or 99/100"));
            }
            _ => Self::Number(reader.probability(node, "a rate", true)?),
        };
        Some(Spot { value, mark: node.mark })
    }
}

impl Reasons {
    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let fields = reader.fields(node, "reasons", &["only"])?;
        let list = reader.require(&fields, "only").and_then(|n| reader.list(n, "only"))?;
        let words = REASONS.map(|reason| (reason.name(), reason));
        let read: Vec<_> = list.iter().map(|item| reader.word(item, "reason", &words)).collect();
        Some(Self { only: read.into_iter().collect::<Option<_>>()? })
    }
}
