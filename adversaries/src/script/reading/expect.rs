//! `expect:`.

use crate::problem::{Problem, quoted};
use crate::read::Reader;
use crate::script::expect::{Claim, Expect, Expectation, Reasons};
use crate::script::values::Spot;
use crate::yaml::{Kind, Node};
use fusion_spec::verdict::Reason;

pub fn expect(reader: &mut Reader, node: &Node) -> Option<Expect> {
    let fields = reader.fields(node, "expect", &["win", "accepted", "harmless", "caught", "reasons"])?;
    let mut rate = |key| reader.optional(&fields, key, None, |r, n| expectation(r, n).map(Some));
    let (win, accepted, harmless, caught) = (rate("win"), rate("accepted"), rate("harmless"), rate("caught"));
    let reasons = reader.optional(&fields, "reasons", None, |r, n| reasons(r, n).map(Some));
    Some(Expect { win: win?, accepted: accepted?, harmless: harmless?, caught: caught?, reasons: reasons? })
}

fn expectation(reader: &mut Reader, node: &Node) -> Option<Expectation> {
    let fields = reader.fields(node, "an expectation", &["equals", "at_most"])?;
    reader.one_of(
        &fields,
        &[
            ("equals", &|r, n| claim(r, n).map(Expectation::Equals)),
            ("at_most", &|r, n| claim(r, n).map(Expectation::AtMost)),
        ],
    )
}

fn claim(reader: &mut Reader, node: &Node) -> Option<Spot<Claim>> {
    let value = match &node.kind {
        Kind::Scalar(text) if text == "spec" => Claim::Spec,
        Kind::Scalar(text) if text.starts_with(|c: char| c.is_alphabetic()) => {
            let problem = Problem::new(node.mark, format!("{} is no rate", quoted(text)));
            return reader.problem(problem.help("`spec`, the exact rate, or a number such as 0.99, 99% or 99/100"));
        }
        _ => Claim::Number(reader.probability(node, "a rate", true)?),
    };
    Some(Spot { value, mark: node.mark })
}

fn reasons(reader: &mut Reader, node: &Node) -> Option<Reasons> {
    let fields = reader.fields(node, "reasons", &["only"])?;
    let list = reader.require(&fields, "only").and_then(|n| reader.list(n, "only"))?;
    let words = Reason::ALL.map(|reason| (reason.name(), reason));
    let read: Vec<_> = list.iter().map(|item| reader.word(item, "reason", &words)).collect();
    Some(Reasons { only: read.into_iter().collect::<Option<_>>()? })
}
