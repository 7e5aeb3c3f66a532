//! `trials:`, `test:` and `network:`.

use super::values::duration;
use crate::read::Reader;
use crate::script::fidelity::Network;
use crate::script::trials::{Estimator, MAX_TRIALS, Test, Trials, TrialsOverride};
use crate::script::values::{Duration, Exact};
use crate::yaml::{Kind, Node};

pub fn network(reader: &mut Reader, node: &Node) -> Option<Network> {
    if matches!(node.kind, Kind::Scalar(_)) {
        let words = [("lan", Network::Lan), ("wan", Network::Wan)];
        return reader.word_or(node, "network", &words, "{ rtt_ms: 40, mbit_per_s: 400 }");
    }
    let fields = reader.fields(node, "network", &["rtt_ms", "mbit_per_s"])?;
    let rtt_ms = reader.require(&fields, "rtt_ms").and_then(|n| reader.natural32(n, "rtt_ms", 0..=60_000));
    let mbit_per_s =
        reader.require(&fields, "mbit_per_s").and_then(|n| reader.natural32(n, "mbit_per_s", 1..=1_000_000));
    Some(Network::Custom { rtt_ms: rtt_ms?, mbit_per_s: mbit_per_s? })
}

pub fn trials(reader: &mut Reader, node: &Node) -> Option<Trials> {
    let default = Trials::default();
    let fields = reader.fields(node, "trials", &["seed", "max", "wall"])?;
    let seed = reader.optional(&fields, "seed", default.seed, |r, n| r.natural(n, "seed", 0..=u64::MAX));
    let max = reader.optional(&fields, "max", default.max, max);
    let wall = reader.optional(&fields, "wall", None, wall);
    Some(Trials { seed: seed?, max: max?, wall: wall? })
}

/// The limits that a strategy sets for its own trials.
pub fn trials_override(reader: &mut Reader, node: &Node) -> Option<TrialsOverride> {
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
    duration(reader, node, "wall").map(Some)
}

pub fn test(reader: &mut Reader, node: &Node) -> Option<Test> {
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
