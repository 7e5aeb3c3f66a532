//! `protocol:` and `goal:`.

use super::Exact;
use crate::problem::{Mark, Problem};
use crate::read::Reader;
use crate::yaml::{Kind, Node};
use fusion_spec::params::{MAX_B, MAX_LAMBDA, MAX_R, MAX_T};
use schemars::JsonSchema;
use serde::Serialize;

/// The session's parameters.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Protocol {
    /// Queries.
    pub R: u64,
    /// Copies of each.
    pub B: Auto,
    /// Publics.
    pub T: Auto,
    /// Wrong publics tolerated.
    #[schemars(default)]
    pub slack: Auto,
    /// What of two answers is compared.
    #[schemars(default)]
    pub compare: Compare,
    /// Where it stands.
    #[serde(skip)]
    pub mark: Mark,
}

impl PartialEq for Protocol {
    fn eq(&self, other: &Self) -> bool {
        (self.R, self.B, self.T, self.slack, self.compare) == (other.R, other.B, other.T, other.slack, other.compare)
    }
}

/// A number, or the best one for the goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Auto {
    /// The best one.
    Auto,
    /// This one.
    #[serde(untagged)]
    Value(u64),
}

impl Default for Auto {
    fn default() -> Self {
        Self::Value(0)
    }
}

/// What of two answers is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compare {
    /// The class.
    #[default]
    Label,
}

/// What the parameters are meant to reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct GoalSection {
    /// Security bits.
    pub lambda: u32,
    /// Bits against rejecting the honest model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kappa: Option<u32>,
    /// Fewest publics.
    #[schemars(default)]
    pub min_T: u64,
    /// The models to tell apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<AccuracyGoal>,
}

/// The models to tell apart, by their accuracy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AccuracyGoal {
    /// To be accepted, but for `2^-kappa`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub honest: Option<Exact>,
    /// To be rejected, but for `2^-lambda`.
    pub reject: Exact,
}

impl Protocol {
    pub(super) fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let fields = reader.fields(node, "protocol", &["R", "B", "T", "slack", "compare"])?;
        let R = reader.require(&fields, "R").and_then(|n| reader.natural(n, "R", 1..=MAX_R));
        let B = reader.require(&fields, "B").and_then(|n| Auto::read(reader, n, "B", 1..=MAX_B));
        let T = reader.require(&fields, "T").and_then(|n| Auto::read(reader, n, "T", 0..=MAX_T));
        let slack = reader.optional(&fields, "slack", Auto::default(), |r, n| Auto::read(r, n, "slack", 0..=MAX_T));
        let compare = reader
            .optional(&fields, "compare", Compare::Label, |r, n| r.word(n, "comparison", &[("label", Compare::Label)]));
        match (B, T, slack) {
            (_, Some(Auto::Value(T)), Some(Auto::Value(slack))) if slack > T => {
                reader.wrong::<()>(fields.mark("slack"), format!("slack must be from 0 to T = {T}, not {slack}"));
            }
            (Some(Auto::Value(_)), Some(Auto::Auto), _) | (Some(Auto::Auto), Some(Auto::Value(_)), _) => {
                let key = if B == Some(Auto::Auto) { "B" } else { "T" };
                reader.wrong::<()>(fields.mark(key), "B and T are found together: both are auto, or neither");
            }
            (Some(Auto::Value(_)), _, Some(Auto::Auto)) | (_, Some(Auto::Value(_)), Some(Auto::Auto)) => {
                let message = "slack is found together with B and T: it is auto only where they are";
                reader.wrong::<()>(fields.mark("slack"), message);
            }
            _ => {}
        }
        if let (Some(R), Some(Auto::Value(B)), Some(Auto::Value(T))) = (R, B, T) {
            reader.slots = Some(u128::from(R) * u128::from(B) + u128::from(T));
        }
        Some(Self { R: R?, B: B?, T: T?, slack: slack?, compare: compare?, mark: node.mark })
    }
}

impl Protocol {
    /// What `auto` needs is there.
    pub(super) fn check_goal(&self, reader: &mut Reader, goal: Option<&GoalSection>) {
        let Self { R: _, B, T, slack, compare: _, mark } = *self;
        if (B, T) != (Auto::Auto, Auto::Auto) {
            return;
        }
        let Some(goal) = goal else {
            let problem = Problem::new(mark, "auto needs the key `goal`");
            reader.problem::<()>(problem.help("such as goal: { lambda: 40 }"));
            return;
        };
        if slack == Auto::Auto && goal.kappa.is_none() {
            reader.wrong::<()>(mark, "slack auto needs the goal's kappa and accuracy's honest");
        }
    }
}

impl Auto {
    fn read(reader: &mut Reader, node: &Node, what: &str, limits: std::ops::RangeInclusive<u64>) -> Option<Self> {
        match &node.kind {
            Kind::Scalar(text) if text == "auto" => Some(Self::Auto),
            _ => reader.natural(node, what, limits).map(Self::Value),
        }
    }
}

impl GoalSection {
    pub(super) fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let fields = reader.fields(node, "goal", &["lambda", "kappa", "min_T", "accuracy"])?;
        let lambda = reader.require(&fields, "lambda").and_then(|n| reader.natural32(n, "lambda", 1..=MAX_LAMBDA));
        let kappa = reader.optional(&fields, "kappa", None, |r, n| r.natural32(n, "kappa", 1..=MAX_LAMBDA).map(Some));
        let min_T = reader.optional(&fields, "min_T", 0, |r, n| r.natural(n, "min_T", 0..=MAX_T));
        let accuracy = reader.optional(&fields, "accuracy", None, |r, n| AccuracyGoal::read(r, n).map(Some));
        let honest = accuracy.as_ref().map(|accuracy| accuracy.as_ref().is_some_and(|game| game.honest.is_some()));
        let alone = match (fields.has("kappa"), honest) {
            (true, Some(false)) if !fields.has("accuracy") || fields.get("accuracy").is_some() => Some("kappa"),
            (false, Some(true)) => Some("accuracy"),
            _ => None,
        };
        if let Some(key) = alone {
            let message = "kappa and accuracy's honest need each other: kappa is the bits against rejecting that model";
            return reader.wrong(fields.mark(key), message);
        }
        Some(Self { lambda: lambda?, kappa: kappa?, min_T: min_T?, accuracy: accuracy? })
    }
}

impl AccuracyGoal {
    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let fields = reader.fields(node, "accuracy", &["honest", "reject"])?;
        let honest =
            reader.optional(&fields, "honest", None, |r, n| r.probability(n, "honest", true).map(Exact).map(Some));
        let reject = reader.require(&fields, "reject").and_then(|n| reader.probability(n, "reject", true)).map(Exact);
        if let (Some(Some(honest)), Some(reject)) = (&honest, &reject)
            && honest <= reject
        {
            return reader
                .wrong(fields.mark("honest"), "honest must exceed reject, or the two models cannot be told apart");
        }
        // An unknown key may stand for one that is missing.
        if !fields.all_known() {
            return None;
        }
        Some(Self { honest: honest?, reject: reject? })
    }
}
