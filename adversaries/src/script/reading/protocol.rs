//! `protocol:` and `goal:`.

use crate::problem::Problem;
use crate::read::{Fields, Reader};
use crate::script::draft::Section;
use crate::script::protocol::{AccuracyGoal, Auto, Compare, GoalSection, Protocol, Sizes};
use crate::script::values::{Automatic, Exact};
use crate::yaml::{Kind, Node};
use fusion_spec::params::{MAX_B, MAX_LAMBDA, MAX_R, MAX_T};
use std::ops::RangeInclusive;

pub fn protocol(reader: &mut Reader, node: &Node) -> Option<Protocol> {
    let fields = reader.fields(node, "protocol", &["R", "B", "T", "slack", "compare"])?;
    let R = reader.require(&fields, "R").and_then(|n| reader.natural(n, "R", 1..=MAX_R));
    let B = reader.require(&fields, "B").and_then(|n| auto(reader, n, "B", 1..=MAX_B));
    let T = reader.require(&fields, "T").and_then(|n| auto(reader, n, "T", 0..=MAX_T));
    let slack = reader.optional(&fields, "slack", Auto::default(), |r, n| auto(r, n, "slack", 0..=MAX_T));
    let compare = reader
        .optional(&fields, "compare", Compare::Label, |r, n| r.word(n, "comparison", &[("label", Compare::Label)]));
    if let (Some(R), Some(Auto::Value(B)), Some(Auto::Value(T))) = (R, B, T) {
        reader.slots = Some(u128::from(R) * u128::from(B) + u128::from(T));
    }
    let sizes = sizes(reader, &fields, [B, T, slack]);
    Some(Protocol { R: R?, sizes: sizes?, compare: compare?, mark: node.mark })
}

/// The sizes, from `B`, `T` and `slack` as far as they could be read.
fn sizes(reader: &mut Reader, fields: &Fields<'_>, [B, T, slack]: [Option<Auto>; 3]) -> Option<Sizes> {
    match (B, T, slack) {
        (_, Some(Auto::Value(T)), Some(Auto::Value(slack))) if slack > T => {
            reader.wrong(fields.mark("slack"), format!("slack must be from 0 to T = {T}, not {slack}"))
        }
        (Some(Auto::Value(_)), Some(Auto::Auto), _) => together(reader, fields, "T"),
        (Some(Auto::Auto), Some(Auto::Value(_)), _) => together(reader, fields, "B"),
        (Some(Auto::Value(_)), _, Some(Auto::Auto)) | (_, Some(Auto::Value(_)), Some(Auto::Auto)) => {
            let message = "slack is found together with B and T: it is auto only where they are";
            reader.wrong(fields.mark("slack"), message)
        }
        (Some(Auto::Value(B)), Some(Auto::Value(T)), Some(Auto::Value(slack))) => Some(Sizes::Given { B, T, slack }),
        (Some(Auto::Auto), Some(Auto::Auto), Some(slack)) => {
            Some(Sizes::Planned { B: Automatic::Auto, T: Automatic::Auto, slack })
        }
        (None, ..) | (_, None, _) | (.., None) => None,
    }
}

fn together<T>(reader: &mut Reader, fields: &Fields<'_>, key: &str) -> Option<T> {
    reader.wrong(fields.mark(key), "B and T are found together: both are auto, or neither")
}

/// The protocol, if the goal has what its sizes need.
pub fn goal_for(reader: &mut Reader, protocol: Section<Protocol>, goal: &Section<GoalSection>) -> Section<Protocol> {
    let Section::Read(Protocol { sizes: Sizes::Planned { slack, .. }, mark, .. }) = protocol else { return protocol };
    match goal {
        Section::Absent => {
            let problem = Problem::new(mark, "auto needs the key `goal`");
            reader.problem::<()>(problem.help("such as goal: { lambda: 40 }"));
            Section::Faulty
        }
        Section::Read(goal) if slack == Auto::Auto && goal.kappa.is_none() => {
            reader.wrong::<()>(mark, "slack auto needs the goal's kappa and accuracy's honest");
            Section::Faulty
        }
        Section::Faulty | Section::Read(_) => protocol,
    }
}

fn auto(reader: &mut Reader, node: &Node, what: &str, limits: RangeInclusive<u64>) -> Option<Auto> {
    match &node.kind {
        Kind::Scalar(text) if text == "auto" => Some(Auto::Auto),
        _ => reader.natural(node, what, limits).map(Auto::Value),
    }
}

pub fn goal(reader: &mut Reader, node: &Node) -> Option<GoalSection> {
    let fields = reader.fields(node, "goal", &["lambda", "kappa", "min_T", "accuracy", "substitution"])?;
    let lambda = reader.require(&fields, "lambda").and_then(|n| reader.natural32(n, "lambda", 1..=MAX_LAMBDA));
    let kappa = reader.optional(&fields, "kappa", None, |r, n| r.natural32(n, "kappa", 1..=MAX_LAMBDA).map(Some));
    let min_T = reader.optional(&fields, "min_T", 0, |r, n| r.natural(n, "min_T", 0..=MAX_T));
    let accuracy = reader.optional(&fields, "accuracy", None, |r, n| accuracy(r, n).map(Some));
    let rate = |r: &mut Reader, n: &Node| r.probability(n, "substitution", false).map(Exact).map(Some);
    let substitution = reader.optional(&fields, "substitution", None, rate);
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
    Some(GoalSection {
        lambda: lambda?,
        kappa: kappa?,
        min_T: min_T?,
        accuracy: accuracy?,
        substitution: substitution?,
    })
}

fn accuracy(reader: &mut Reader, node: &Node) -> Option<AccuracyGoal> {
    let fields = reader.fields(node, "accuracy", &["honest", "reject"])?;
    let honest = reader.optional(&fields, "honest", None, |r, n| r.probability(n, "honest", true).map(Exact).map(Some));
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
    Some(AccuracyGoal { honest: honest?, reject: reject? })
}
