//! Readers that several sections share.

use crate::problem::{Mark, Problem, quoted};
use crate::read::Reader;
use crate::script::values::{Duration, Exact, Spot};
use crate::yaml::Node;
use std::path::PathBuf;

/// A value with its place.
pub fn spot<T>(mark: Mark, value: Option<T>) -> Option<Spot<T>> {
    value.map(|value| Spot { value, mark })
}

/// A path as written.
pub fn path(reader: &mut Reader, node: &Node, what: &str) -> Option<Spot<PathBuf>> {
    spot(node.mark, reader.text(node, what).map(PathBuf::from))
}

/// A duration: `90s`, `20m` or `2h`.
pub fn duration(reader: &mut Reader, node: &Node, what: &str) -> Option<Duration> {
    let text = reader.text(node, what)?;
    text.parse().ok().or_else(|| {
        let problem = Problem::new(node.mark, format!("{what} must be a duration, not {}", quoted(text)));
        reader.problem(problem.help("such as 90s, 20m or 2h"))
    })
}

/// A probability that a 32-bit draw decides.
pub fn chance(reader: &mut Reader, node: &Node, what: &str) -> Option<Exact> {
    let value = reader.probability(node, what, true)?;
    if value.denom().to_u32().is_none() {
        return reader.wrong(node.mark, format!("{what} must be a fraction whose denominator is below 2^32"));
    }
    Some(Exact(value))
}

/// How messages call a slot, with an article and without.
pub const SLOT: [&str; 2] = ["a slot", "slot"];

/// Distinct places; `one` of them with its article and without.
pub fn distinct(reader: &mut Reader, node: &Node, what: &str, one: [&str; 2]) -> Option<Vec<u32>> {
    let items = reader.list(node, what)?;
    let read: Vec<_> = items.iter().map(|item| reader.natural32(item, one[0], 0..=u32::MAX)).collect();
    let places: Vec<u32> = read.into_iter().collect::<Option<_>>()?;
    let mut seen = std::collections::BTreeSet::new();
    match places.iter().position(|place| !seen.insert(*place)) {
        Some(twice) => reader.wrong(items[twice].mark, format!("{} {} is there twice", one[1], places[twice])),
        None => Some(places),
    }
}
