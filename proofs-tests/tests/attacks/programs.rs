//! What a server gains that plays the linking game with all that it sees: nothing in any family as it is. `unmask.yaml` has it where slots are exposed.

use crate::stand_in::{Shape, StandIn};
use fusion_2pc::backend::Family;
use fusion_proofs_tests::networks::digits;
use rug::Rational;
use serde_json::Value;

/// Two slots of three hold the query: a guess is right with 1/3.
const SCRIPT: &str = "
schema: fusion/campaign/v1
name: look-alikes
protocol: { R: 1, B: 2, T: 1 }
model: { path: models/lenet_mnist_full.onnx }
data:
  images: data/mnist_t1000-images-idx3-ubyte
  labels: data/mnist_t1000-labels-idx1-ubyte
  queries: 0..20
  public: { from: 20..40 }
fidelity: real
backend: BACKEND
trials: { seed: 1, max: 48 }
strategies:
  - { name: look-alikes, link: best }
";

/// The chance of at least so many wins of so many guesses.
pub fn tail(wins: u32, of: u32) -> Rational {
    let third = Rational::from((1, 3));
    let term = |k: u32| {
        let power = |base: &Rational, n: u32| (0..n).fold(Rational::from(1), |product, _| product * base);
        Rational::from(rug::Integer::from(of).binomial(k)) * power(&third, k) * power(&(1 - third.clone()), of - k)
    };
    (wins..=of).map(term).sum()
}

/// The wins of so many sessions.
fn wins(stand_in: &StandIn, backend: &str, of: u32) -> u32 {
    let text = SCRIPT.replace("BACKEND", backend).replace("max: 48", &format!("max: {of}"));
    let script = stand_in.script("look-alikes.yaml", &text);
    let outcome = fusion_sim::run(["sim", "attack", &script, "--json", "--runs", &stand_in.0.path("runs")]);
    let last = outcome.stdout.lines().last().unwrap_or_else(|| panic!("{backend}: {}", outcome.stderr));
    let result: Value = serde_json::from_str(last).expect("one document a line");
    let played = &result["strategies"][1];
    assert_eq!((&played["trials"], &played["caught"]), (&of.into(), &0.into()), "{backend}: {result}");
    played["win"].as_u64().and_then(|wins| u32::try_from(wins).ok()).expect("a count")
}

/// False alarm: 1e-9 for each of six families, by the binomial law. A server that recognises copies in one session of two is seen but with 2e-4.
#[test]
fn no_family_shows_which_slots_are_copies() {
    let stand_in = StandIn::new(Shape::Blocks, &digits(40));
    for family in Family::ALL {
        let wins = wins(&stand_in, family.name(), 48);
        let chance = tail(wins, 48);
        assert!(chance > Rational::from((1, 1_000_000_000)), "{}: {wins} of 48", family.name());
    }
}

/// A network whose logits come out of a rectifier is not read through: no rate is claimed. `unmask.yaml` has one that is.
#[test]
fn no_rate_is_claimed_where_the_logits_are_not_of_what_is_read() {
    let stand_in = StandIn::new(Shape::Blocks, &digits(40));
    for strategy in ["link: best", "program: unmask"] {
        let claimed = format!("{strategy}, expect: {{ win: {{ equals: spec }} }}");
        let text = SCRIPT.replace("BACKEND", "{ delphi: { mask: inside } }").replace("link: best", &claimed);
        let outcome = fusion_sim::run(["sim", "check", &stand_in.script("claimed.yaml", &text)]);
        assert_eq!(outcome.code, 64, "{strategy}: {}{}", outcome.stdout, outcome.stderr);
        let told = outcome.stdout + &outcome.stderr;
        assert!(told.contains("there is no exact rate of `win` for this strategy"), "{told}");
    }
}

/// Where transfers make the linear layers of CrypTFlow2, a server cannot choose its shares: with triples as released, slots of one image look alike, and no more than that.
/// False alarm, if guesses were at the baseline: 1e-9, by the binomial law.
#[test]
fn released_triples_show_likeness_where_shares_are_not_chosen() {
    let stand_in = StandIn::new(Shape::Blocks, &digits(40));
    let backend = "{ cryptflow2-ot: { triples: as-released } }";
    let wins = wins(&stand_in, backend, 192);
    assert!(tail(wins, 192) < Rational::from((1, 1_000_000_000)), "{wins} of 192");
    let told = |strategy: &str| {
        let text = SCRIPT.replace("BACKEND", backend).replace("link: best", strategy);
        let outcome = fusion_sim::run(["sim", "check", &stand_in.script("claimed.yaml", &text)]);
        assert_eq!(outcome.code, 64, "{strategy}: {}{}", outcome.stdout, outcome.stderr);
        outcome.stdout + &outcome.stderr
    };
    let unclaimed = told("link: best, expect: { win: { equals: spec } }");
    assert!(unclaimed.contains("there is no exact rate of `win` for this strategy"), "{unclaimed}");
    let refused = told("program: unmask");
    assert!(refused.contains("`cryptflow2-ot` as it is set does not show it"), "{refused}");
}

/// Under encryption it chooses them: copies are seen always, and with the form of the paper no more often than by guessing. False alarm of the latter: 1e-9, by the binomial law.
#[test]
fn released_triples_show_copies_where_shares_are_chosen() {
    let stand_in = StandIn::new(Shape::Blocks, &digits(40));
    assert_eq!(wins(&stand_in, "{ cryptflow2-he: { triples: as-released } }", 16), 16);
    let wins = wins(&stand_in, "{ cryptflow2-he: { triples: paper } }", 48);
    assert!(tail(wins, 48) > Rational::from((1, 1_000_000_000)), "{wins} of 48");
}

/// The program is refused by name where nothing is exposed, and where two parties do not play.
#[test]
fn a_program_is_refused_where_it_has_nothing_to_read() {
    let stand_in = StandIn::new(Shape::Blocks, &digits(40));
    let refusal = |backend: &str, fidelity: &str| {
        let text = SCRIPT.replace("BACKEND", backend).replace("link: best", "program: unmask");
        let script = stand_in.script("refused.yaml", &text.replace("fidelity: real", &format!("fidelity: {fidelity}")));
        let outcome = fusion_sim::run(["sim", "check", &script]);
        assert_eq!(outcome.code, 64, "{backend} {fidelity}: {}", outcome.stdout);
        outcome.stdout + &outcome.stderr
    };
    for family in Family::ALL {
        let refusal = refusal(family.name(), "real");
        let expected = format!("`unmask` reads what slots hold, and `{}` as it is set does not show it", family.name());
        assert!(refusal.contains(&expected), "{refusal}");
    }
    assert!(refusal("cheetah", "ideal").contains("`program` needs fidelity `real`: here it is `ideal`"));
}
