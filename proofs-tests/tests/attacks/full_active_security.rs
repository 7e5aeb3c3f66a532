//! Campaigns of SPDZ: servers that a check of the protocol catches, a network that none does, and what a script cannot ask for.

use crate::published::curated;
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
    let script = curated("full-active-security").replace(MATRICES, "backend: spdz-lowgear");
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
    let kept = folder.file("kept.yaml", curated("full-active-security").replace(MATRICES, "setup: kept"));
    let kept = sim(&["check", &kept, "--backend", "spdz-lowgear"]);
    assert!(kept.code == 64 && kept.stderr.contains("the script says `setup: kept`"), "{kept:?}");
    let (script, runs) = (curated("full-active-security").replace(MATRICES, "backend: cheetah"), folder.path("runs"));
    let script: Vec<&str> = script.lines().filter(|line| !line.contains("cheat:")).collect();
    let script = folder.file("sweep.yaml", script.join("\n"));
    let sweep = sim(&["sweep", &script, "--backend", "spdz-lowgear", "--max", "1", "--out", &runs]);
    assert!(!sweep.stderr.contains("error") && sweep.stdout.contains("spdz-lowgear"), "{sweep:?}");
    let model = sim(&["check", "model.onnx", "--backend", "spdz-lowgear"]);
    assert_eq!(model.code, 64, "{model:?}");
    assert!(model.stderr.contains("`sim bench --active` runs a model by it"), "{model:?}");
}

#[test]
fn what_no_server_of_spdz_can_do_is_refused_at_its_place() {
    let script = curated("full-active-security");
    let with = |strategy: &str| format!("{script}  - {{ name: refused, {strategy} }}\n");
    let model = "model: ../../examples/models/small_mnist_ternary.onnx";
    let relabelled = "do: [{ at: all, relabel: next }]".to_owned();
    let cases = [
        (with(&format!("do: [{{ at: {{ random: 1 }}, {model} }}]")), "one network on all slots"),
        (
            with(&format!("do: [{{ at: all, when: {{ pixel: [1, 2], at_least: 3 }}, {model} }}]")),
            "one network on all slots",
        ),
        (with(&relabelled), "one network on all slots"),
        (with("flaky: 0.1"), "one network on all slots"),
        (
            with("do: [{ at: all, add: { step: 'layer[3:relu]', value: 1, elements: all } }]"),
            "this act is of another protocol",
        ),
        (
            with("fidelity: ideal, do: [{ at: all, add: { step: 'layer[3:relu]', value: 1, elements: all } }]"),
            "this act is of another protocol",
        ),
        (with("program: unmask"), "reads nothing of what slots hold"),
        (with("link: best"), "reads nothing of what slots hold"),
        (with("fidelity: ideal, cheat: large-key"), "`cheat` needs fidelity `real`: here it is `ideal`"),
        (with("cheat: large-keys"), "`large-keys` is no cheat"),
        (script.replace(MATRICES, "backend: spdz-lowgear"), "`wrong-packing` is a deviation in triples of matrices"),
        (
            script.replace(MATRICES, "backend: cheetah"),
            "`cheat` is a deviation from `spdz-lowgear`, and `backend` is `cheetah`",
        ),
        (script.replace(MATRICES, &format!("{MATRICES}\nsetup: kept")), "make a set-up for each session"),
        (
            script.replace("small_mnist.onnx", "small_mnist.onnx\n  fixed_point: { truncation: one_bit }"),
            "truncates exactly",
        ),
        (script.replace("small_mnist.onnx", "small_mnist.onnx\n  fixed_point: { ring_bits: 14 }"), "it wraps"),
    ];
    let folder = Scratch::new("full-active-security-refused");
    for (at, (script, says)) in cases.iter().enumerate() {
        let outcome = sim(&["check", &folder.file(&format!("{at}.yaml"), script)]);
        assert_eq!(outcome.code, 64, "{says}: {outcome:?}");
        assert!(outcome.stderr.contains(says), "{says}: {}", outcome.stderr);
    }
    // At `ideal` a third party answers slot by slot, whatever two parties could do.
    let ideal = with(&format!("fidelity: ideal, {relabelled}"));
    assert_eq!(sim(&["check", &folder.file("ideal.yaml", ideal)]).code, 0);
}
