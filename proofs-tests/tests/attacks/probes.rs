//! What a server gains that spends verdicts on the client's correlation, or on its key: all that it wants under one set-up, and nothing under a fresh one for each session.

use fusion_2pc::backend::Family;
use fusion_proofs_tests::scratch::Scratch;
use serde_json::Value;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

/// Garbage passes with about `10^-13`: the query's copies agree, and twelve publics are right.
const SCRIPT: &str = "
schema: fusion/campaign/v1
name: probe
protocol: { R: 1, B: 2, T: 12 }
model: { path: EXAMPLES/models/small_mnist.onnx }
data:
  images: EXAMPLES/data/mnist_t1000-images-idx3-ubyte
  labels: EXAMPLES/data/mnist_t1000-labels-idx1-ubyte
  queries: 0..20
  public: { from: 20..80 }
fidelity: real
backend: BACKEND
SETUP
trials: { seed: 1, max: TRIALS }
strategies:
  - { name: probe, program: probe-delta, sessions: { until: max, max: SESSIONS } }
";

fn script(backend: &str, setup: &str, sessions: u32, trials: u32) -> String {
    let text = SCRIPT
        .replace("EXAMPLES", EXAMPLES)
        .replace("BACKEND", backend)
        .replace("SETUP", setup)
        .replace("SESSIONS", &sessions.to_string());
    text.replace("TRIALS", &trials.to_string())
}

/// What the probing strategy of a script came to.
fn played(folder: &Scratch, text: &str, more: &[&str]) -> Value {
    let (script, runs) = (folder.file("probe.yaml", text), folder.path("runs"));
    let start = ["sim", "attack", &script, "--json", "--only", "probe", "--runs", &runs];
    let outcome = fusion_sim::run(start.iter().chain(more).copied());
    let last = outcome.stdout.lines().last().unwrap_or_else(|| panic!("{text}: {}", outcome.stderr));
    let mut result: Value = serde_json::from_str(last).expect("one document a line");
    result["strategies"][1].take()
}

fn wins(folder: &Scratch, text: &str) -> u64 {
    let result = played(folder, text, &[]);
    assert_eq!((&result["caught"], &result["error"]), (&0.into(), &0.into()), "{result}");
    result["win"].as_u64().expect("a count")
}

/// Three bits where transfers are extended by columns. A server that guessed would name them right in both trials with `2^-6` for each family.
#[test]
fn a_kept_correlation_by_columns_is_told_bit_by_bit_in_every_family() {
    let folder = Scratch::new("probe-columns");
    for backend in ["cryptflow2-ot", "cryptflow2-he", "aby", "aby-32"] {
        assert_eq!(wins(&folder, &script(backend, "setup: kept", 3, 2)), 2, "{backend}");
    }
}

/// All 255 sessions that decide a byte: one of them, at most, has the right guess. A guess would be right once in 256. `ot::probe` has the other extensions.
#[test]
fn a_kept_correlation_by_trees_is_told_byte_by_byte() {
    let folder = Scratch::new("probe-trees");
    assert_eq!(wins(&folder, &script("cheetah", "setup: kept", 255, 1)), 1);
}

/// The server names three bits of a set-up of which it saw nothing: right with 1/8 for each trial. That it is right in six of ten or more has chance below
/// `C(10,6) 8^-6`, 8e-4, and a server that is told is right in all. As the seed is fixed, this does not vary from run to run.
#[test]
fn verdicts_tell_nothing_of_a_fresh_set_up() {
    let folder = Scratch::new("probe-fresh");
    let wins = wins(&folder, &script("cryptflow2-ot", "setup: session", 3, 10));
    assert!(wins < 6, "{wins} of 10");
}

/// The set-ups of a trial are functions of its number: on any number of threads, and played again.
#[test]
fn a_trial_with_fresh_set_ups_is_a_function_of_its_number() {
    let folder = Scratch::new("probe-number");
    let text = script("cryptflow2-ot", "setup: session", 1, 8);
    let [one, four] = ["1", "4"].map(|threads| played(&folder, &text, &["--threads", threads]));
    assert_eq!((&one["win"], &one["harmless"]), (&four["win"], &four["harmless"]));
    let script = folder.file("probe.yaml", &text);
    let endings = |trial: u32| {
        let trial = format!("probe:{trial}");
        let outcome = fusion_sim::run(["sim", "run", &script, "--trial", &trial, "--json"]);
        let replay: Value = serde_json::from_str(&outcome.stdout).expect("one document");
        (replay["outcome"].clone(), replay["sessions"][0]["outcome"].clone())
    };
    let replayed: Vec<_> = (0..8).map(endings).collect();
    let won = replayed.iter().filter(|(outcome, _)| outcome == "win").count();
    assert_eq!(one["win"], won);
    // Half of the guesses are right: all alike with chance 2^-7.
    let accepted = replayed.iter().filter(|(_, session)| session == "harmless").count();
    assert!((1..8).contains(&accepted), "{accepted}");
}

/// What the claim is by default, with a kept set-up, and with a fresh one.
#[test]
fn the_rate_depends_on_how_long_a_set_up_is_kept() {
    let folder = Scratch::new("probe-rate");
    let rate = |backend: &str, setup: &str, sessions: u32| {
        let claimed = script(backend, setup, sessions, 16).replace("} }\n", "}, expect: { win: { equals: spec } } }\n");
        let outcome = fusion_sim::run(["sim", "check", &folder.file("claimed.yaml", &claimed), "--json"]);
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
    let folder = Scratch::new("probe-refused");
    let refusal = |text: &str| {
        let outcome = fusion_sim::run(["sim", "check", &folder.file("refused.yaml", text)]);
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

/// The script of the other program.
fn key_script(backend: &str, setup: &str, sessions: u32, trials: u32) -> String {
    script(backend, setup, sessions, trials).replace("probe-delta", "probe-key")
}

/// Two sessions decide a coefficient of three values: a server that guessed would be right in all three trials of both families with `3^-6`.
#[test]
fn a_kept_key_of_slots_is_told_coefficient_by_coefficient() {
    let folder = Scratch::new("probe-key");
    for backend in ["cryptflow2-he", "delphi"] {
        assert_eq!(wins(&folder, &key_script(backend, "setup: kept", 2, 3)), 3, "{backend}");
    }
}

/// Of a key that the server sees no session of, it names a coefficient right with 1/3: in all of four trials with 1/81. A server that is told is right in all. As the seed is fixed, this does not vary
/// from run to run.
#[test]
fn verdicts_tell_nothing_of_a_fresh_key() {
    let folder = Scratch::new("probe-key-fresh");
    let wins = wins(&folder, &key_script("cryptflow2-he", "setup: session", 2, 4));
    assert!(wins < 4, "{wins} of 4");
}

#[test]
fn a_probe_of_the_key_has_a_rate_where_slots_are_encrypted() {
    let folder = Scratch::new("probe-key-rate");
    let check = |backend: &str, setup: &str, sessions: u32| {
        let claimed =
            key_script(backend, setup, sessions, 16).replace("} }\n", "}, expect: { win: { equals: spec } } }\n");
        fusion_sim::run(["sim", "check", &folder.file("claimed.yaml", &claimed), "--json"])
    };
    for (setup, sessions, rate) in [("setup: kept", 2, "1"), ("setup: kept", 1, "2/3"), ("", 2, "1/3"), ("", 1, "1/3")]
    {
        let document: Value = serde_json::from_str(&check("delphi", setup, sessions).stdout).expect("one document");
        assert_eq!(document["clauses"].as_array().and_then(|all| all.last()).expect("a clause")["expected"], rate);
    }
    let many = check("delphi", "", 3);
    assert!((many.stdout + &many.stderr).contains("the verdicts of at most 2 sessions that are all played"));
    for backend in ["cheetah", "cryptflow2-ot", "aby"] {
        let refused = check(backend, "", 2);
        let told = refused.stdout + &refused.stderr;
        assert!(refused.code == 64 && told.contains(&format!("in `{backend}` the client encrypts no slots")), "{told}");
    }
}

/// The script of the program that asks about an earlier session: thirteen publics reject what it changes.
fn replay_script(backend: &str, setup: &str, sessions: u32, trials: u32) -> String {
    script(backend, setup, sessions, trials).replace("probe-delta", "replay-ciphertext").replace("T: 12", "T: 13")
}

/// Where each slot has ciphertexts of its own.
const ALONE: &str = "{ cheetah: { chunk: 1 } }";

/// Three parities of an image of the first session: a server that guessed would be right in all four trials with `2^-12`.
#[test]
fn an_input_of_an_earlier_session_is_told_bit_by_bit_under_a_kept_key() {
    let folder = Scratch::new("replay-kept");
    assert_eq!(wins(&folder, &replay_script(ALONE, "setup: kept", 4, 4)), 4);
}

/// Under another key the earlier message is noise: every later session is rejected, whatever the parity is. The server names one parity right with 1/2: in all of twelve trials, or in none, with `2^-11`. As the
/// seed is fixed, this does not vary from run to run.
#[test]
fn nothing_is_told_of_an_earlier_session_under_a_fresh_key() {
    let folder = Scratch::new("replay-fresh");
    let text = replay_script(ALONE, "setup: session", 2, 12);
    let wins = wins(&folder, &text);
    assert!((1..12).contains(&wins), "{wins} of 12");
    let script = folder.file("replay.yaml", &text);
    for trial in 0..2 {
        let replay = fusion_sim::run(["sim", "run", &script, "--trial", &format!("probe:{trial}"), "--json"]);
        let replay: Value = serde_json::from_str(&replay.stdout).expect("one document");
        let sessions = replay["sessions"].as_array().expect("a list").iter();
        let rejected: Vec<bool> =
            sessions.map(|session| session["outcome"].as_str().is_some_and(|end| end.starts_with("caught"))).collect();
        assert_eq!(rejected, [false, true], "{replay}");
    }
}

#[test]
fn a_replay_has_a_rate_where_one_image_is_in_a_ciphertext() {
    let folder = Scratch::new("replay-rate");
    let check = |text: &str| {
        let open = text.trim_end().strip_suffix(" }").expect("the strategy is last");
        let claimed = format!("{open}, expect: {{ win: {{ equals: spec }} }} }}\n");
        fusion_sim::run(["sim", "check", &folder.file("claimed.yaml", &claimed), "--json"])
    };
    for (setup, sessions, rate) in [("setup: kept", 5, "1"), ("setup: kept", 2, "1"), ("", 5, "1/16"), ("", 2, "1/2")] {
        let checked = check(&replay_script(ALONE, setup, sessions, 16));
        let document: Value = serde_json::from_str(&checked.stdout).expect("one document");
        assert_eq!(document["clauses"].as_array().and_then(|all| all.last()).expect("a clause")["expected"], rate);
    }
    let refused = |text: &str, because: &str| {
        let outcome = check(text);
        let told = outcome.stdout + &outcome.stderr;
        assert!(outcome.code == 64 && told.contains(because), "{because}: {told}");
    };
    let good = replay_script(ALONE, "setup: kept", 2, 1);
    refused(&good.replace("T: 13", "T: 12"), "exact rate");
    refused(
        &good.replace("small_mnist", "lenet_mnist_full"),
        "the first linear layer of this network is a convolution, whose other outputs move",
    );
    refused(&good.replace("max: 2 }", "max: 1 }"), "the first of 2 to 256 sessions that are all played");
    refused(&good.replace("until: max", "until: accepted"), "the first of 2 to 256 sessions that are all played");
    refused(&replay_script("cheetah", "setup: kept", 2, 1), "here slots share ciphertexts");
    let bound = "{ cheetah: { chunk: 1, linear: weights } }";
    refused(&replay_script(bound, "setup: kept", 2, 1), "by encrypted weights it encrypts nothing");
    for family in ["delphi", "cryptflow2-he"] {
        refused(&replay_script(family, "", 2, 1), &format!("in `{family}` values are modulo a prime"));
    }
    for family in ["aby", "cryptflow2-ot"] {
        refused(&replay_script(family, "", 2, 1), &format!("in `{family}` the client encrypts none"));
    }
}
