//! Campaign scripts: the YAML that `sim attack` runs.
//!
//! A script is read in two steps: text to a located tree ([`crate::yaml`]), tree to the types here, with every problem of the
//! file found in one go. What needs other files (does the model exist, are the pools large enough, is there an exact rate) is
//! for the caller to check; [`Spot`] keeps the places to blame.
//!
//! ```
//! use fusion_adversaries::script::Script;
//! let script = Script::read(
//!     "schema: fusion/campaign/v1
//! name: small
//! protocol: { R: 8, B: 2, T: 4 }
//! fidelity: plain
//! strategies:
//!   - { name: guess-one, do: [{ at: { random: 2 }, relabel: next }], expect: { win: { equals: spec } } }
//! ",
//! );
//! assert_eq!(script.map(|script| script.strategies.len()), Ok(1));
//! let problems = Script::read("schema: fusion/campaign/v1\nnmae: small\n").unwrap_err();
//! let last = problems.last().and_then(|problem| problem.help.as_deref());
//! assert_eq!(last, Some("did you mean `name`?"));
//! ```

mod act;
mod deviation;
mod inputs;
mod protocol;
mod step;

pub use act::{AddSection, Bend, BendSection, Elements, Filling, Stop, StopSection};
pub use deviation::{
    Always, Branch, Claim, Event, Expect, Expectation, MoveSection, Reasons, Relabel, SessionsSection, StrategySection,
    Until, When, Where, missing_slot,
};
pub use inputs::{Data, Draw, FixedPoint, Input, Keep, ModelSection, Publics, RingBits, Samples, TruncationKind};
pub use protocol::{AccuracyGoal, Auto, Compare, GoalSection, Protocol};
pub use step::{NoStep, StepPattern};

use crate::problem::{Mark, Problem, quoted};
use crate::read::{Fields, Reader, is_digits};
use crate::yaml::{self, Node};
use rug::Rational;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

/// The control, added to every campaign.
pub const HONEST: &str = "honest";
/// Most trials of a strategy.
pub const MAX_TRIALS: u64 = 1 << 48;

/// Choices are written as maps of one key, as scripts have them.
fn yaml_of(value: &impl Serialize) -> Result<String, serde_yaml::Error> {
    let mut text = Vec::new();
    serde_yaml::with::singleton_map_recursive::serialize(value, &mut serde_yaml::Serializer::new(&mut text))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// A campaign.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Script {
    /// The version of this format.
    pub schema: Version,
    /// Names the folder of results: lower-case letters, digits, hyphens.
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The session's parameters.
    pub protocol: Protocol,
    /// What the parameters are meant to reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<GoalSection>,
    /// The honest model; needed at `ideal` and `real`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelSection>,
    /// The samples; needed at `ideal` and `real`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// How much of a session is simulated.
    #[schemars(default)]
    pub fidelity: Spot<Fidelity>,
    /// The two-party protocols that `real` runs.
    #[schemars(default)]
    pub backend: Backend,
    /// The network whose time `real` counts.
    #[schemars(default)]
    pub network: Network,
    /// How many trials, and from which seed.
    #[schemars(default)]
    pub trials: Trials,
    /// When a rate passes.
    #[schemars(default)]
    pub test: Test,
    /// What the server does.
    pub strategies: Vec<StrategySection>,
}

/// The version of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Version {
    /// The only one.
    #[serde(rename = "fusion/campaign/v1")]
    V1,
}

/// How much of a session is simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fidelity {
    /// Positions only.
    Plain,
    /// Every answer, by a trusted third party.
    #[default]
    Ideal,
    /// The two-party protocol.
    Real,
}

impl Fidelity {
    /// As scripts write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Ideal => "ideal",
            Self::Real => "real",
        }
    }
}

/// The two-party protocols.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// Huang et al., USENIX Security 2022.
    #[default]
    Cheetah,
}

/// A network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// 1 Gbit/s, 0.3 ms.
    Lan,
    /// 100 Mbit/s, 40 ms.
    #[default]
    Wan,
    /// Another.
    #[serde(untagged)]
    Custom {
        /// Round trip in milliseconds.
        rtt_ms: u32,
        /// Megabits a second.
        mbit_per_s: u32,
    },
}

/// How many trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct Trials {
    /// Decides every draw.
    pub seed: u64,
    /// Most trials of each strategy.
    pub max: u64,
    /// Longest time in all, every continuation counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall: Option<Duration>,
}

impl Default for Trials {
    fn default() -> Self {
        Self { seed: 1, max: 1_000_000, wall: None }
    }
}

/// What a strategy says about its own trials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct TrialsOverride {
    /// Most trials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// Longest time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall: Option<Duration>,
}

/// Whole seconds, written `90s`, `20m` or `2h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub u64);

/// Text that is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a duration such as 90s, 20m or 2h")]
pub struct NotADuration;

impl FromStr for Duration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        let unit = |suffix, seconds: u64| {
            text.strip_suffix(suffix).filter(|n| is_digits(n))?.parse::<u64>().ok()?.checked_mul(seconds)
        };
        let seconds = unit('s', 1).or_else(|| unit('m', 60)).or_else(|| unit('h', 3600));
        seconds.filter(|seconds| *seconds > 0).map(Self).ok_or(NotADuration)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}s", self.0))
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+[smh]$", "description": "such as 90s, 20m or 2h" })
    }
}

/// When a rate passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct Test {
    /// Chance that any of the campaign's true claims is refuted.
    pub false_alarm: Exact,
    /// How near to a claim its confidence set must come, as a share of it.
    pub within: Exact,
    /// How rates are found.
    pub estimator: Estimator,
}

impl Default for Test {
    fn default() -> Self {
        let exact = |numer, denom| Exact(Rational::from((numer, denom)));
        Self { false_alarm: exact(1, 1_000_000), within: exact(1, 10), estimator: Estimator::Counting }
    }
}

/// How rates are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Estimator {
    /// By counting trials.
    Counting,
    /// Stage by stage, each given that all before it succeeded: for rates too small to count.
    Conditional,
}

/// A number exactly as written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(pub Rational);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl JsonSchema for Exact {
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["number", "string"], "description": "a number, exactly as written: 0.99, 99%, 99/100, 1e-6" })
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Spot<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub mark: Mark,
}

/// Equal values are equal wherever they stand.
impl<T: PartialEq> PartialEq for Spot<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Default> Default for Spot<T> {
    fn default() -> Self {
        Self { value: T::default(), mark: Mark::START }
    }
}

impl<T: Serialize> Serialize for Spot<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<T: JsonSchema> JsonSchema for Spot<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

const KEYS: [&str; 12] = [
    "schema", "name", "about", "protocol", "goal", "model", "data", "fidelity", "backend", "network", "trials", "test",
];

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// Every problem of the text, in its order.
    pub fn read(text: &str) -> Result<Self, Vec<Problem>> {
        let tree = yaml::parse(text).map_err(|problem| vec![problem])?;
        let mut reader = Reader::default();
        let script = Self::from_tree(&mut reader, &tree);
        match script {
            Some(script) if reader.is_clean() => Ok(script),
            _ => Err(reader.into_problems()),
        }
    }

    fn from_tree(reader: &mut Reader, tree: &Node) -> Option<Self> {
        let keys: Vec<&str> = KEYS.into_iter().chain(["strategies"]).collect();
        let fields = reader.fields(tree, "a script", &keys)?;
        let schema = reader
            .require(&fields, "schema")
            .and_then(|node| reader.word(node, "schema", &[("fusion/campaign/v1", Version::V1)]));
        let name = reader.require(&fields, "name").and_then(|node| reader.name(node, "name"));
        let about = reader.optional(&fields, "about", None, |r, node| Some(Some(r.text(node, "about")?.into())));
        let protocol = reader.require(&fields, "protocol").and_then(|node| Protocol::read(reader, node));
        let goal = reader.optional(&fields, "goal", None, |r, node| GoalSection::read(r, node).map(Some));
        let model = reader.optional(&fields, "model", None, |r, node| ModelSection::read(r, node).map(Some));
        let data = reader.optional(&fields, "data", None, |r, node| Data::read(r, node).map(Some));
        let fidelity = reader.optional(&fields, "fidelity", Spot::default(), fidelity);
        let backend = reader.optional(&fields, "backend", Backend::default(), |r, node| {
            r.word(node, "backend", &[("cheetah", Backend::Cheetah)])
        });
        let network = reader.optional(&fields, "network", Network::default(), network);
        let trials = reader.optional(&fields, "trials", Trials::default(), trials);
        let test = reader.optional(&fields, "test", Test::default(), test);
        let strategies = strategies(reader, &fields);
        if let (Some(protocol), Some(goal)) = (&protocol, &goal)
            && (goal.is_some() || !fields.has("goal"))
        {
            protocol.check_goal(reader, goal.as_ref());
        }
        Some(Self {
            schema: schema?,
            name: name?,
            about: about?,
            protocol: protocol?,
            goal: goal?,
            model: model?,
            data: data?,
            fidelity: fidelity?,
            backend: backend?,
            network: network?,
            trials: trials?,
            test: test?,
            strategies: strategies?,
        })
    }

    /// The script as YAML, every default written out.
    ///
    /// # Errors
    /// [`serde_yaml::Error`] never, for a script that was read.
    pub fn to_yaml(&self) -> Result<String, serde_yaml::Error> {
        yaml_of(self)
    }

    /// The JSON schema of scripts, for editors.
    #[must_use]
    pub fn json_schema() -> Schema {
        schemars::schema_for!(Self)
    }

    /// The fidelity of a strategy: its own, or the campaign's.
    #[must_use]
    pub fn fidelity_of(&self, strategy: &StrategySection) -> Fidelity {
        strategy.fidelity.as_ref().map_or(self.fidelity.value, |own| own.value)
    }

    /// The most trials of a strategy: its own, or the campaign's.
    #[must_use]
    pub fn max_of(&self, strategy: &StrategySection) -> u64 {
        strategy.trials.max.unwrap_or(self.trials.max)
    }
}

fn strategies(reader: &mut Reader, fields: &Fields<'_>) -> Option<Vec<StrategySection>> {
    let nodes = reader.require(fields, "strategies").and_then(|node| reader.list(node, "strategies"))?;
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for node in nodes {
        let Some(Node { kind: yaml::Kind::Scalar(name), mark }) = node.get("name") else { continue };
        if name == HONEST {
            reader.wrong::<()>(*mark, "`honest` is the control, which every campaign has: choose another name");
        } else if let Some(line) = names.get(name.as_str()) {
            let problem = Problem::new(*mark, format!("two strategies are called {}", quoted(name)));
            reader.problem::<()>(problem.help(format!("the first is in line {line}")));
        } else if !name.is_empty() {
            names.insert(name, mark.line);
        }
    }
    let read: Vec<_> = nodes.iter().map(|node| StrategySection::read(reader, node)).collect();
    read.into_iter().collect()
}

fn fidelity(reader: &mut Reader, node: &Node) -> Option<Spot<Fidelity>> {
    let words = [("plain", Fidelity::Plain), ("ideal", Fidelity::Ideal), ("real", Fidelity::Real)];
    let value = reader.word(node, "fidelity", &words)?;
    Some(Spot { value, mark: node.mark })
}

fn network(reader: &mut Reader, node: &Node) -> Option<Network> {
    if matches!(node.kind, yaml::Kind::Scalar(_)) {
        let words = [("lan", Network::Lan), ("wan", Network::Wan)];
        return reader.word_or(node, "network", &words, "{ rtt_ms: 40, mbit_per_s: 400 }");
    }
    let fields = reader.fields(node, "network", &["rtt_ms", "mbit_per_s"])?;
    let rtt_ms = reader.require(&fields, "rtt_ms").and_then(|n| reader.natural32(n, "rtt_ms", 0..=60_000));
    let mbit_per_s =
        reader.require(&fields, "mbit_per_s").and_then(|n| reader.natural32(n, "mbit_per_s", 1..=1_000_000));
    Some(Network::Custom { rtt_ms: rtt_ms?, mbit_per_s: mbit_per_s? })
}

fn trials(reader: &mut Reader, node: &Node) -> Option<Trials> {
    let default = Trials::default();
    let fields = reader.fields(node, "trials", &["seed", "max", "wall"])?;
    let seed = reader.optional(&fields, "seed", default.seed, |r, n| r.natural(n, "seed", 0..=u64::MAX));
    let max = reader.optional(&fields, "max", default.max, max);
    let wall = reader.optional(&fields, "wall", None, wall);
    Some(Trials { seed: seed?, max: max?, wall: wall? })
}

fn trials_override(reader: &mut Reader, node: &Node) -> Option<TrialsOverride> {
    let fields = reader.fields(node, "a strategy's trials", &["max", "wall"])?;
    let max = reader.optional(&fields, "max", None, |r, node| max(r, node).map(Some));
    let wall = reader.optional(&fields, "wall", None, wall);
    Some(TrialsOverride { max: max?, wall: wall? })
}

fn max(reader: &mut Reader, node: &Node) -> Option<u64> {
    reader.natural(node, "max", 0..=MAX_TRIALS)
}

#[expect(clippy::option_option, reason = "read, and left out or not")]
fn wall(reader: &mut Reader, node: &Node) -> Option<Option<Duration>> {
    reader.duration(node, "wall").map(Some)
}

fn test(reader: &mut Reader, node: &Node) -> Option<Test> {
    let default = Test::default();
    let fields = reader.fields(node, "test", &["false_alarm", "within", "estimator"])?;
    let false_alarm = reader.optional(&fields, "false_alarm", default.false_alarm, |r, n| {
        r.probability(n, "false_alarm", false).map(Exact)
    });
    let within =
        reader.optional(&fields, "within", default.within, |r, n| r.probability(n, "within", false).map(Exact));
    let words = [("counting", Estimator::Counting), ("conditional", Estimator::Conditional)];
    let estimator = reader.optional(&fields, "estimator", default.estimator, |r, n| r.word(n, "estimator", &words));
    Some(Test { false_alarm: false_alarm?, within: within?, estimator: estimator? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "schema: fusion/campaign/v1
name: full
about: Every key.
protocol: { R: 8, B: auto, T: auto, slack: auto, compare: label }
goal: { lambda: 40, kappa: 20, min_T: 3, accuracy: { honest: 0.99, reject: 0.80 } }
model:
  path: models/a.onnx
  input: { scale: 1/127.5, offset: -1 }
  fixed_point: { ring_bits: 37, frac_bits: 13, truncation: one_bit }
data:
  images: data/images
  labels: data/labels
  queries: 0..500
  public: { from: 500..1000, keep: all }
  draw: fixed
fidelity: plain
backend: cheetah
network: { rtt_ms: 40, mbit_per_s: 400 }
trials: { seed: 18446744073709551615, max: 4000000, wall: 20m }
test: { false_alarm: 1e-6, within: 12.5%, estimator: conditional }
strategies:
  - name: mixed
    about: Two ways.
    fidelity: ideal
    one_of:
      - { weight: 5, do: [] }
      - { weight: 4, do: [{ at: { each: 1/20, from: 1, to: 64, at_most: 4 }, when: { pixel: [1, 2], at_least: 200 }, relabel: { to: 7 } }] }
    sessions: { until: rejected, max: 10 }
    trials: { max: 5, wall: 2h }
    expect: { win: { equals: spec }, accepted: { at_most: 1/3 }, reasons: { only: [public_wrong, peer_gone] } }
  - { name: more, do: [{ at: all, when: { memorised: m }, model: b.onnx }, { at: { slots: [0, 7] }, relabel: random_wrong }, { at: { random: 3 }, relabel: next }] }
  - { name: flaky, flaky: 0.1%, expect: { harmless: { equals: 0.5 }, caught: { equals: 1 } } }
  - { name: link, link: [3, 4] }
  - name: shares
    fidelity: real
    do:
      - { at: all, when: { pixel: [1, 2], at_least: 3 }, add: { step: 'layer[4:relu]', value: -9223372036854775808, elements: all } }
      - { at: { random: 1 }, add: { step: 'slot[*..*]/**', value: 9223372036854775807, elements: [4294967295, 0] } }
  - name: messages
    fidelity: real
    do:
      - { at: all, bend: { step: 'layer[*:relu]/msb/round[1]/msg[0]', flip_bit: 18446744073709551615 } }
      - { at: all, bend: { step: 'layer[*:*]', replace: zeros } }
      - { at: all, bend: { step: '**/level[*]/*', replace: random } }
      - { at: all, bend: { step: '**', replay: true } }
      - { at: all, bend: { step: '*', drop: true } }
      - { at: all, bend: { step: 'mux', delay_ms: 4294967295 } }
      - { at: all, stop: { step: 'layer[4:*]', how: crash } }
      - { at: all, stop: { step: 'layer[4:*]', how: abort } }
      - { at: all, stop: { step: 'layer[4:*]', how: stall } }
";

    fn read(text: &str) -> Script {
        Script::read(text).unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    #[test]
    fn what_is_read_is_written_and_read_again() {
        let script = read(FULL);
        let yaml = script.to_yaml().expect("serialisable");
        assert_eq!(read(&yaml), script, "{yaml}");
        assert!(!yaml.contains('!'), "no tags: {yaml}");
        let minimal = "schema: fusion/campaign/v1\nname: m\nprotocol: { R: 1, B: 1, T: 0 }\nstrategies: []\n";
        let script = read(minimal);
        assert_eq!((script.fidelity.value, script.trials.seed, script.trials.max), (Fidelity::Ideal, 1, 1_000_000));
        assert_eq!(read(&script.to_yaml().expect("serialisable")), script);
    }

    /// Two parsers, one meaning: every scalar of our tree is what `serde_yaml` finds there.
    #[test]
    fn the_tree_agrees_with_serde_yaml() {
        fn same(node: &Node, value: &serde_yaml::Value) -> bool {
            use serde_yaml::Value;
            match (&node.kind, value) {
                (yaml::Kind::Scalar(text), Value::String(s)) => text == s,
                (yaml::Kind::Scalar(text), Value::Bool(b)) => *text == b.to_string(),
                (yaml::Kind::Scalar(text), Value::Number(n)) => {
                    n.as_f64().zip(text.parse::<f64>().ok()).is_some_and(|(a, b)| (a - b).abs() <= a.abs() * 1e-12)
                }
                (yaml::Kind::List(items), Value::Sequence(values)) => {
                    items.len() == values.len() && items.iter().zip(values).all(|(a, b)| same(a, b))
                }
                (yaml::Kind::Map(entries), Value::Mapping(map)) => {
                    entries.len() == map.len()
                        && entries.iter().all(|(key, a)| map.get(key.text.as_str()).is_some_and(|b| same(a, b)))
                }
                _ => false,
            }
        }
        let tree = yaml::parse(FULL).expect("YAML");
        assert!(same(&tree, &serde_yaml::from_str(FULL).expect("YAML")));
    }

    #[test]
    fn all_problems_come_out_at_once_in_order() {
        let text = FULL
            .replace("name: full", "nmae: full")
            .replace("R: 8", "R: 0")
            .replace("relabel: next", "relabel: nxet")
            .replace("link: [3, 4]", "link: [3, 3]")
            .replace("wall: 20m", "wall: 20 minutes");
        let problems = Script::read(&text).expect_err("five problems");
        let summary: Vec<_> = problems.iter().map(|p| (p.mark.line, p.mark.column, p.message.as_str())).collect();
        assert_eq!(
            summary,
            [
                (2, 1, "unknown key `nmae` in a script"),
                (4, 16, "R must be from 1 to 2^62, not 0"),
                (19, 59, "wall must be a duration, not `20 minutes`"),
                (31, 156, "`nxet` is no relabelling"),
                (33, 29, "slot 3 is there twice"),
            ]
        );
    }

    #[test]
    fn problems_of_acts_at_real_come_out_together() {
        let text = FULL
            .replace("step: 'layer[4:relu]'", "step: 'lyaer[4:relu]'")
            .replace("value: -9223372036854775808", "value: -9223372036854775809")
            .replace("[4294967295, 0]", "[0, 0]")
            .replace("replay: true", "replay: false")
            .replace("drop: true", "drop: true, delay_ms: 3")
            .replace("at: all, stop", "at: all, when: { pixel: [1, 2], at_least: 3 }, stop");
        let problems = Script::read(&text).expect_err("eight problems");
        let summary: Vec<_> = problems.iter().map(|p| (p.mark.line, p.message.as_str())).collect();
        let input = "`when` is no part of `stop`: a message is no input";
        assert_eq!(
            summary,
            [
                (37, "`lyaer[4:relu]` is no part of a step"),
                (37, "value must be from -2^63 to 2^63 - 1, not -9223372036854775809"),
                (38, "element 0 is there twice"),
                (45, "replay must be `true`, not false"),
                (46, "`drop` and `delay_ms` exclude each other"),
                (48, input),
                (49, input),
                (50, input),
            ]
        );
    }

    /// The schema that editors use names exactly the keys that are read.
    #[test]
    fn the_published_schema_is_current() {
        let schema = serde_json::to_string_pretty(&Script::json_schema()).expect("serialisable") + "\n";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema/campaign.schema.json");
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(path, &schema).expect("writable");
        }
        let published = std::fs::read_to_string(path).unwrap_or_default();
        assert!(published == schema, "run UPDATE_SCHEMA=1 cargo test -p fusion-adversaries and look at the difference");
    }

    /// Keys that the reader takes and keys of the schema, counted over the script that has them all.
    #[test]
    fn the_schema_knows_every_key_that_is_read() {
        fn keys(node: &Node, found: &mut std::collections::BTreeSet<String>) {
            match &node.kind {
                yaml::Kind::Scalar(_) | yaml::Kind::Null(_) => {}
                yaml::Kind::List(items) => items.iter().for_each(|item| keys(item, found)),
                yaml::Kind::Map(entries) => {
                    for (key, value) in entries {
                        found.insert(key.text.clone());
                        keys(value, found);
                    }
                }
            }
        }
        fn properties(schema: &serde_json::Value, found: &mut std::collections::BTreeSet<String>) {
            if let Some(map) = schema.get("properties").and_then(|p| p.as_object()) {
                found.extend(map.keys().cloned());
            }
            match schema {
                serde_json::Value::Array(items) => items.iter().for_each(|item| properties(item, found)),
                serde_json::Value::Object(map) => map.values().for_each(|value| properties(value, found)),
                _ => {}
            }
        }
        let (mut read, mut known) = Default::default();
        keys(&yaml::parse(FULL).expect("YAML"), &mut read);
        properties(&serde_json::to_value(Script::json_schema()).expect("serialisable"), &mut known);
        assert_eq!(read, known);
    }
}
