//! What a server gains that spends verdicts on the client's correlation: all that it wants under one set-up, and nothing under a fresh one for each session.

use crate::stand_in::{Shape, StandIn};
use fusion_2pc::backend::Family;
use fusion_proofs_tests::networks::digits;
use serde_json::Value;

/// Garbage passes with about `10^-13`: the query's copies agree, and twelve publics are right.
const SCRIPT: &str = "
schema: fusion/campaign/v1
name: probe
protocol: { R: 1, B: 2, T: 12 }
model: { path: models/lenet_mnist_full.onnx }
data:
  images: data/mnist_t1000-images-idx3-ubyte
  labels: data/mnist_t1000-labels-idx1-ubyte
  queries: 0..20
  public: { from: 20..40 }
fidelity: real
backend: BACKEND
SETUP
trials: { seed: 1, max: TRIALS }
strategies:
  - { name: probe, program: probe-delta, sessions: { until: max, max: SESSIONS } }
";

fn script(backend: &str, setup: &str, sessions: u32, trials: u32) -> String {
    let text = SCRIPT.replace("BACKEND", backend).replace("SETUP", setup).replace("SESSIONS", &sessions.to_string());
    text.replace("TRIALS", &trials.to_string())
}

/// What the probing strategy of a script came to.
fn played(stand_in: &StandIn, text: &str, more: &[&str]) -> Value {
    let (script, runs) = (stand_in.script("probe.yaml", text), stand_in.0.path("runs"));
    let start = ["sim", "attack", &script, "--json", "--only", "probe", "--runs", &runs];
    let outcome = fusion_sim::run(start.iter().chain(more).copied());
    let last = outcome.stdout.lines().last().unwrap_or_else(|| panic!("{text}: {}", outcome.stderr));
    let mut result: Value = serde_json::from_str(last).expect("one document a line");
    result["strategies"][1].take()
}

fn wins(stand_in: &StandIn, text: &str) -> u64 {
    let result = played(stand_in, text, &[]);
    assert_eq!((&result["caught"], &result["error"]), (&0.into(), &0.into()), "{result}");
    result["win"].as_u64().expect("a count")
}

/// Three bits where transfers are extended by columns. A server that guessed would name them right in all trials with `2^-9` for each family.
#[test]
fn a_kept_correlation_by_columns_is_told_bit_by_bit_in_every_family() {
    let stand_in = StandIn::new(Shape::Blocks, &digits(40));
    for backend in ["cryptflow2-ot", "cryptflow2-he", "aby", "aby-32"] {
        assert_eq!(wins(&stand_in, &script(backend, "setup: kept", 3, 3)), 3, "{backend}");
    }
}

/// All 255 sessions that decide a byte: one of them, at most, has the right guess. A guess would be right once in 256.
#[test]
fn a_kept_correlation_by_trees_is_told_byte_by_byte() {
    let stand_in = StandIn::new(Shape::Blocks, &digits(40));
    for backend in ["cheetah", "{ cryptflow2-ot: { extension: softspoken } }"] {
        assert_eq!(wins(&stand_in, &script(backend, "setup: kept", 255, 1)), 1, "{backend}");
    }
}

/// The server names four bits of a set-up of which it saw nothing: right with 1/16 for each trial. That it is right in six of twelve or more has chance below
/// `C(12,6) 16^-6`, 6e-5, and a server that is told is right in all. As the seed is fixed, this does not vary from run to run.
#[test]
fn verdicts_tell_nothing_of_a_fresh_set_up() {
    let stand_in = StandIn::new(Shape::Blocks, &digits(40));
    for setup in ["setup: session", ""] {
        let wins = wins(&stand_in, &script("aby-32", setup, 4, 12));
        assert!(wins < 6, "{setup}: {wins} of 12");
    }
}

/// The set-ups of a trial are functions of its number: on any number of threads, and played again.
#[test]
fn a_trial_with_fresh_set_ups_is_a_function_of_its_number() {
    let stand_in = StandIn::new(Shape::Blocks, &digits(40));
    let text = script("aby-32", "setup: session", 1, 32);
    let [one, four] = ["1", "4"].map(|threads| played(&stand_in, &text, &["--threads", threads]));
    assert_eq!((&one["win"], &one["harmless"]), (&four["win"], &four["harmless"]));
    let script = stand_in.script("probe.yaml", &text);
    let endings = |trial: u32| {
        let trial = format!("probe:{trial}");
        let outcome = fusion_sim::run(["sim", "run", &script, "--trial", &trial, "--json"]);
        let replay: Value = serde_json::from_str(&outcome.stdout).expect("one document");
        (replay["outcome"].clone(), replay["sessions"][0]["outcome"].clone())
    };
    let replayed: Vec<_> = (0..32).map(endings).collect();
    let won = replayed.iter().filter(|(outcome, _)| outcome == "win").count();
    assert_eq!(one["win"], won);
    // Each set-up has a bit of its own: all alike with chance 2^-31.
    let accepted = replayed.iter().filter(|(_, session)| session == "harmless").count();
    assert!((1..32).contains(&accepted), "{accepted}");
}

/// What the claim is by default, with a kept set-up, and with a fresh one.
#[test]
fn the_rate_depends_on_how_long_a_set_up_is_kept() {
    let stand_in = StandIn::new(Shape::Blocks, &digits(40));
    let rate = |backend: &str, setup: &str, sessions: u32| {
        let claimed = script(backend, setup, sessions, 16).replace("} }\n", "}, expect: { win: { equals: spec } } }\n");
        let outcome = fusion_sim::run(["sim", "check", &stand_in.script("claimed.yaml", &claimed), "--json"]);
        let document: Value = serde_json::from_str(&outcome.stdout).expect("one document");
        document["clauses"].as_array().expect("a list").last().expect("a clause")["expected"].clone()
    };
    assert_eq!(rate("aby", "", 3), "1/8");
    assert_eq!(rate("aby", "setup: session", 3), "1/8");
    assert_eq!(rate("aby", "setup: kept", 3), "1");
    assert_eq!(rate("cheetah", "setup: kept", 15), "1/16");
    assert_eq!(rate("cheetah", "", 15), "1/256");
}

#[test]
fn a_probe_is_refused_where_nothing_can_be_told() {
    let stand_in = StandIn::new(Shape::Blocks, &digits(40));
    let refusal = |text: &str| {
        let outcome = fusion_sim::run(["sim", "check", &stand_in.script("refused.yaml", text)]);
        assert_eq!(outcome.code, 64, "{text}: {}", outcome.stdout);
        (outcome.stdout + &outcome.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let delphi = refusal(&script(Family::Delphi.name(), "", 3, 1));
    assert!(delphi.contains("in `delphi` it sends in none"), "{delphi}");
    for (backend, sessions, most) in [("aby", 129, 128), ("cheetah", 256, 255)] {
        let many = refusal(&script(backend, "", sessions, 1));
        assert!(many.contains(&format!("the verdicts of at most {most} sessions that are all played")), "{many}");
    }
    let good = script("aby", "", 3, 1);
    for (from, to) in [("until: max", "until: accepted"), (", sessions: { until: max, max: 3 }", "")] {
        assert!(good.contains(from));
        let refusal = refusal(&good.replace(from, to));
        assert!(refusal.contains("such as `sessions: { until: max, max: 4 }`"), "{refusal}");
    }
    let ideal = refusal(&good.replace("fidelity: real", "fidelity: ideal"));
    assert!(ideal.contains("`program` needs fidelity `real`: here it is `ideal`"), "{ideal}");
}
