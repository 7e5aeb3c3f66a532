//! Curated servers that run programs, at published settings: each clause's interval holds its exact rate.

use fusion_adversaries::library::SCRIPTS;
use fusion_proofs_tests::scratch::Scratch;
use serde_json::Value;

pub const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

/// Published settings.
const SETTINGS: [&str; 2] = ["{ R: 8, B: 2, T: 4 }", "{ R: 8, B: 8, T: 100 }"];

pub fn curated(name: &str) -> String {
    let (_, text) =
        SCRIPTS.iter().find(|(other, _)| other.strip_suffix(".yaml") == Some(name)).expect("the library has it");
    text.replace("../../examples", EXAMPLES)
}

/// A script with another value for a key of its first level.
fn with(text: &str, key: &str, value: &str) -> String {
    let others = text.lines().filter(|line| !line.starts_with(&format!("{key}:")));
    others.chain([format!("{key}: {value}").as_str()]).fold(String::new(), |text, line| text + line + "\n")
}

/// Plays so many trials of every strategy. No verdict is that a rate is wrong: false alarm 1e-9 for each script.
fn holds(folder: &Scratch, text: &str, trials: u32) {
    let text = with(
        &with(text, "test", "{ false_alarm: 1e-9, within: 75% }"),
        "trials",
        &format!("{{ seed: 1, max: {trials} }}"),
    );
    let script = folder.file("published.yaml", &text);
    let outcome = fusion_sim::run(["sim", "attack", &script, "--json", "--runs", &folder.path("runs")]);
    let last = outcome.stdout.lines().last().unwrap_or_else(|| panic!("{text}: {}", outcome.stderr));
    let result: Value = serde_json::from_str(last).expect("one document a line");
    let mut clauses = 0;
    for strategy in result["strategies"].as_array().expect("a list") {
        assert_eq!(strategy["error"], 0, "{text}: {strategy}");
        for clause in strategy["expectations"].as_array().expect("a list") {
            assert_ne!(clause["verdict"], "refuted", "{text}: {strategy}");
            clauses += 1;
        }
        println!("{} {} {} {}", result["name"], strategy["name"], strategy["win"], strategy["trials"]);
    }
    assert!(clauses > 1, "a clause beside that of the honest server: {text}");
}

/// Plays a curated script with so many trials at each published setting; with none where nothing is claimed there.
fn published(name: &str, trials: [u32; 2]) {
    let folder = Scratch::new("published");
    for (setting, trials) in SETTINGS.into_iter().zip(trials).filter(|(_, trials)| *trials > 0) {
        holds(&folder, &with(&curated(name), "protocol", setting), trials);
    }
}

/// Plays a mode that has no curated script of that slot by slot, at (8, 2, 4).
fn slot_by_slot(name: &str, backend: &str) {
    let text = curated(name).lines().filter(|line| !line.contains("link: best")).collect::<Vec<_>>().join("\n");
    let text = with(&text, "backend", &format!("{{ {backend} }}"));
    holds(&Scratch::new("published"), &with(&text, "protocol", SETTINGS[0]), 16);
}

/// Tests of curated scripts whose servers read slots, err by a bit or a digit of a value, or ask about secrets, with the trials at (8, 2, 4) and at (8, 8, 100). A slot under encryption takes about
/// 0.2 s of processor time, so that the trials of servers that read slots are few: each test takes at most about ten minutes on two idle cores.
macro_rules! played {
    ($($test:ident: $name:literal, $trials:expr;)*) => {$(
        #[test]
        #[ignore = "minutes: make bench runs it"]
        fn $test() {
            published($name, $trials);
        }
    )*};
}

played! {
    predicate: "predicate", [4096, 1024];
    wrong_sign: "wrong-sign", [4096, 1024];
    own_choice: "own-choice", [4096, 1024];
    trojan_garbler: "trojan-garbler", [4096, 256];
    undecodable: "undecodable", [64, 8];
    unmask: "unmask", [64, 8];
    unmask_as_released: "unmask-as-released", [64, 8];
    unmask_batch: "unmask-batch", [32, 4];
    unmask_slot_by_slot: "unmask-slot-by-slot", [64, 8];
    cheating: "cheating", [64, 8];
    probe_delta: "probe-delta", [0, 2];
    probe_delta_fresh: "probe-delta-fresh", [0, 2];
    probe_key: "probe-key", [0, 1];
    replay_ciphertext: "replay-ciphertext", [0, 4];
}

#[test]
#[ignore = "minutes: make bench runs it"]
fn unmask_batch_by_slots() {
    slot_by_slot("unmask-batch", "delphi: { prepare: batch, chunk: 1 }");
}

#[test]
#[ignore = "minutes: make bench runs it"]
fn unmask_as_released_by_slots() {
    slot_by_slot("unmask-as-released", "cryptflow2-he: { triples: as-released, chunk: 1 }");
}
