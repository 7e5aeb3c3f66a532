//! Campaigns of SPDZ: servers that a check of the protocol catches, a network that none does, and what a script cannot ask for.

use crate::published::{EXAMPLES, curated};
use fusion_engine::campaign::load::{Overrides, load};
use fusion_proofs_tests::scratch::Scratch;
use fusion_sim::CommandOutput;
use serde_json::{Value, json};

const MATRICES: &str = "backend: { spdz-lowgear: { triples: matrices } }";

fn sim(arguments: &[&str]) -> CommandOutput {
    fusion_sim::run(["sim"].iter().chain(arguments).copied())
}

/// The result of a script's run of so many trials of these strategies.
fn played(script: &str, only: &[&str], max: &str) -> Value {
    let folder = Scratch::new("full-active-security");
    let (file, runs) = (folder.file("script.yaml", script), folder.path("runs"));
    let only = only.iter().flat_map(|name| ["--only", name]);
    let arguments: Vec<&str> =
        ["attack", &file, "--runs", &runs, "--max", max, "--json"].into_iter().chain(only).collect();
    let outcome = sim(&arguments);
    let last = outcome.stdout.lines().last().unwrap_or_else(|| panic!("{outcome:?}"));
    serde_json::from_str(last).expect("a result")
}

/// By triples of elements each cheat that there is, but the wrong packing of matrices, is caught too, and with the bound of that inference.
#[test]
fn cheats_are_caught_by_triples_of_elements() {
    // Half a minute away, over a line on which a message takes longer than a party waits for a peer that says nothing.
    let slow = "network: { rtt_ms: 60000, mbit_per_s: 1 }\nbackend: spdz-lowgear";
    let script = curated("full-active-security").replace(MATRICES, slow);
    let script: Vec<&str> = script.lines().filter(|line| !line.contains("wrong-packing")).collect();
    let result = played(&script.join("\n"), &["large-noise", "wrong-triple", "late-opening"], "2");
    assert_eq!(result["backend"], "spdz-lowgear");
    let strategies = result["strategies"].as_array().expect("a list");
    for strategy in &strategies[1..] {
        assert_eq!(strategy["reasons"], json!({ "cheating": 2 }), "{strategy}");
        let bound = &strategy["expectations"][0];
        assert_eq!(bound["clause"], "accepted at_most spec", "{strategy}");
        let expected = bound["expected_decimal"].as_f64().expect("a number");
        assert!(expected > 0.0 && expected < (-40_f64).exp2(), "{strategy}");
    }
    // A session is metered with its set-up, by what each part sends.
    let cost = &result["cost"];
    let steps: Vec<&str> =
        cost["by_layer"].as_array().expect("a list").iter().filter_map(|layer| layer["step"].as_str()).collect();
    assert_eq!(&steps[..3], ["keys", "masks", "triples"], "{steps:?}");
    assert!(steps.iter().any(|step| step.starts_with("layer[")) && steps.ends_with(&["logits"]), "{steps:?}");
    assert!(cost["client_sent_bytes"].as_u64() > Some(10_000_000), "{cost}");
}

/// `--backend` names SPDZ as it names a family: with triples of elements, in which there is no wrong packing. Models have no steps of it to list.
#[test]
fn the_flag_names_spdz_too() {
    let folder = Scratch::new("full-active-security-flag");
    let script = folder.file("script.yaml", curated("full-active-security").replace(MATRICES, "backend: cheetah"));
    let cheat = sim(&["check", &script]);
    assert!(
        cheat.stderr.contains("`cheat` is a deviation from `spdz-lowgear`, and `backend` is `cheetah`"),
        "{cheat:?}"
    );
    let elements = sim(&["check", &script, "--backend", "spdz-lowgear"]);
    let problems = elements.stderr.matches("there are none").count();
    assert!(problems == 1 && elements.stderr.contains("has 1 problem"), "{elements:?}");
    // A place that it lacks hides nothing of the claims.
    let more = curated("full-active-security").replace(MATRICES, "backend: spdz-lowgear");
    let more = format!("{more}  - {{ name: more, cheat: large-key, expect: {{ accepted: {{ equals: spec }} }} }}\n");
    let more = sim(&["check", &folder.file("more.yaml", more)]);
    let both = ["there are none", "there is no exact rate of `accepted`"];
    assert!(both.iter().all(|problem| more.stderr.contains(problem)), "{more:?}");
    let kept = folder.file("kept.yaml", curated("full-active-security").replace(MATRICES, "setup: kept"));
    let kept = sim(&["check", &kept, "--backend", "spdz-lowgear"]);
    assert!(kept.code == 64 && kept.stderr.contains("make a set-up for each session"), "{kept:?}");
    // By another family, a script of SPDZ keeps its set-up.
    let script = curated("full-active-security").replace(MATRICES, &format!("{MATRICES}\nsetup: kept"));
    let script: Vec<&str> = script.lines().filter(|line| !line.contains("cheat:")).collect();
    let cheetah = sim(&["check", &folder.file("cheetah.yaml", script.join("\n")), "--backend", "cheetah"]);
    assert_eq!(cheetah.code, 0, "{cheetah:?}");
    let (script, runs) = (curated("full-active-security").replace(MATRICES, "backend: cheetah"), folder.path("runs"));
    let script: Vec<&str> = script.lines().filter(|line| !line.contains("cheat:")).collect();
    let script = folder.file("sweep.yaml", script.join("\n"));
    let sweep = sim(&["sweep", &script, "--backend", "spdz-lowgear", "--max", "1", "--out", &runs]);
    assert!(!sweep.stderr.contains("error") && sweep.stdout.contains("spdz-lowgear"), "{sweep:?}");
    let model = sim(&["check", "model.onnx", "--backend", "spdz-lowgear"]);
    assert_eq!(model.code, 64, "{model:?}");
    assert!(model.stderr.contains("`sim bench --active` runs a model by it"), "{model:?}");
}

/// The line and the column, from 1, of a text in a script.
fn place(script: &str, what: &str) -> String {
    let at = script.find(what).unwrap_or_else(|| panic!("{what} is in the script"));
    let (before, line) = (&script[..at], script[..at].rfind('\n').map_or(0, |newline| newline + 1));
    format!(":{}:{}", before.matches('\n').count() + 1, at - line + 1)
}

#[test]
fn what_no_server_of_spdz_can_do_is_refused_at_its_place() {
    let script = curated("full-active-security");
    let with = |strategy: &str| format!("{script}  - {{ name: refused, {strategy} }}\n");
    let model = "model: ../../examples/models/small_mnist_ternary.onnx";
    let relabelled = "do: [{ at: all, relabel: next }]".to_owned();
    let step = "step: 'layer[3:relu]'";
    let added = format!("do: [{{ at: all, add: {{ {step}, value: 1, elements: all }} }}]");
    let [other, honest] = ["lenet_mnist_full", "small_mnist"].map(|name| format!("{EXAMPLES}/models/{name}.onnx"));
    let (other, honest) = (other.as_str(), honest.as_str());
    let another = with(&format!("do: [{{ at: all, model: {other} }}]"));
    let of = |parameters: &str| script.replace("{ R: 2, B: 1, T: 1 }", parameters);
    // Each with what is said of it, and where.
    let cases = [
        (with(&format!("do: [{{ at: {{ random: 3 }}, {model} }}]")), "one network on all slots", "{ random: 3 }"),
        (with(&format!("do: [{{ at: {{ random: 3 }}, {model} }}]")), "write `at: all`", "{ random: 3 }"),
        (
            with(&format!("do: [{{ at: all, when: {{ pixel: [1, 2], at_least: 3 }}, {model} }}]")),
            "one network on all slots",
            "{ pixel",
        ),
        (with(&relabelled), "one network on all slots", "next }]"),
        (with("flaky: 0.1"), "one network on all slots", "0.1 }"),
        (with(&added), "`add` is at a place of another protocol", "add: { step"),
        (with(&format!("fidelity: ideal, {added}")), "`add` is at a place of another protocol", "add: { step"),
        (
            with(&format!("do: [{{ at: all, stop: {{ {step}, how: crash }} }}]")),
            "from a server that stops, wherever it does, the client has no answers",
            "stop: { step",
        ),
        (with("program: unmask"), "reads nothing of what slots hold", "unmask"),
        (with("link: best"), "reads nothing of what slots hold", "best }"),
        (
            with("fidelity: ideal, cheat: large-key"),
            "`cheat` needs fidelity `real`: here it is `ideal`",
            "large-key }\n",
        ),
        (with("cheat: large-keys"), "`large-keys` is no cheat", "large-keys"),
        (
            with("cheat: large-key, expect: { accepted: { equals: spec } }"),
            "`at_most: spec` is the bound on what the checks of the protocol let through",
            "spec } } }\n",
        ),
        (
            script.replace(MATRICES, "backend: spdz-lowgear"),
            "`wrong-packing` is a deviation in triples of matrices",
            "wrong-packing, expect",
        ),
        (
            script.replace(MATRICES, "backend: cheetah"),
            "`cheat` is a deviation from `spdz-lowgear`, and `backend` is `cheetah`",
            "large-key, expect",
        ),
        (script.replace(MATRICES, &format!("{MATRICES}\nsetup: kept")), "make a set-up for each session", "kept"),
        (
            script.replace("small_mnist.onnx", "small_mnist.onnx\n  fixed_point: { truncation: one_bit }"),
            "truncates exactly",
            honest,
        ),
        (script.replace("small_mnist.onnx", "small_mnist.onnx\n  fixed_point: { ring_bits: 14 }"), "it wraps", honest),
        (another, "lenet_mnist_full.onnx`: the networks have different architectures", other),
        // Of so many vectors of inputs no filter is beside another one.
        (
            of("{ R: 400, B: 1, T: 400 }"),
            "no output of a linear layer of this network reads a place without an input",
            "wrong-packing, expect",
        ),
        (of("{ R: 400, B: 40, T: 400 }"), "triples in memory, and a session has at most 16777216", honest),
    ];
    let folder = Scratch::new("full-active-security-refused");
    for (at, (script, says, what)) in cases.iter().enumerate() {
        let outcome = sim(&["check", &folder.file(&format!("{at}.yaml"), script)]);
        assert_eq!(outcome.code, 64, "{says}: {outcome:?}");
        let place = format!("{at}.yaml{}", place(script, what));
        // A message of several lines in one.
        let told = outcome.stderr.replace("\n  │ ", " ");
        assert!(told.contains(says) && told.contains(&place), "{place} {says}: {told}");
    }
    // Slots and inputs are refused together.
    let both = with(&format!("do: [{{ at: {{ random: 3 }}, when: {{ pixel: [1, 2], at_least: 3 }}, {model} }}]"));
    let both = sim(&["check", &folder.file("both.yaml", both)]);
    assert!(both.stderr.contains("has 2 problems"), "{both:?}");
    // At `ideal` a third party answers slot by slot, whatever two parties could do.
    let ideal = with(&format!("fidelity: ideal, {relabelled}"));
    assert_eq!(sim(&["check", &folder.file("ideal.yaml", ideal)]).code, 0);
}

/// A trial that is played again says which check stopped the client, and what was sent until then, also in the set-up.
#[test]
fn a_trial_names_the_check_that_caught_its_server() {
    let folder = Scratch::new("full-active-security-run");
    let script = folder.file("script.yaml", curated("full-active-security"));
    let checks = [
        ("large-key:0", "a proof of plaintext knowledge fails"),
        ("wrong-packing:0", "a triple of matrices fails its sacrifice"),
    ];
    for (trial, check) in checks {
        let outcome = sim(&["run", &script, "--trial", trial, "--trace"]);
        assert!(outcome.stdout.contains(&format!("the client stops: the peer cheated: {check}")), "{outcome:?}");
        assert!(outcome.stdout.contains("keys "), "{outcome:?}");
        let outcome = sim(&["run", &script, "--trial", trial, "--json"]);
        let document: Value = serde_json::from_str(&outcome.stdout).expect("a document");
        assert_eq!(document["sessions"][0]["stopped"], format!("the peer cheated: {check}"));
    }
    let honest = sim(&["run", &script, "--trial", "honest:0", "--json"]);
    let document: Value = serde_json::from_str(&honest.stdout).expect("a document");
    assert!(document["sessions"][0].get("stopped").is_none(), "{document}");
}

/// Trials beside each other have all their triples in memory, so that not every thread plays one. A world of SPDZ has no circuit of another protocol, at any fidelity.
#[test]
fn trials_of_spdz_share_the_memory_for_triples() {
    let script = curated("full-active-security").replace("cheat: large-key,", "fidelity: ideal, do: [],");
    let folder = Scratch::new("full-active-security-threads");
    let file = folder.file("script.yaml", script.replace("only: [cheating]", "only: [public_wrong]"));
    let campaign = load(file.as_ref(), &Overrides { only: vec!["large-key".into()], ..Overrides::default() })
        .unwrap_or_else(|failure| panic!("{failure:?}"));
    let [honest, ideal] = &campaign.entries[..] else { panic!("two entries") };
    let world = campaign.world.as_ref().expect("a world");
    let triples = world.spdz().expect("an architecture").predicted().triples;
    assert_eq!(campaign.side_by_side(honest, 1), 1);
    // Triples of matrices hold six answers meanwhile, each as much as 2,730 triples.
    assert_eq!(campaign.side_by_side(honest, 100_000), (1 << 24) / (triples + 6 * 16_384 / 6));
    assert_eq!(campaign.side_by_side(ideal, 100_000), 100_000);
    assert!(world.circuit().is_err() && world.protocols().is_none());
    // Of a LeNet with 14 slots one trial at a time, on any number of threads.
    let lenet = curated("full-active-security")
        .replace("small_mnist.onnx", "lenet_mnist_full.onnx")
        .replace("small_mnist_ternary.onnx", "lenet_mnist_q2bit.onnx")
        .replace("{ R: 2, B: 1, T: 1 }", "{ R: 10, B: 1, T: 4 }");
    let campaign = load(folder.file("lenet.yaml", lenet).as_ref(), &Overrides::default());
    let campaign = campaign.unwrap_or_else(|failure| panic!("{failure:?}"));
    assert_eq!([1, 2, 64].map(|threads| campaign.side_by_side(&campaign.entries[0], threads)), [1; 3]);
}
