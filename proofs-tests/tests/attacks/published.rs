//! Curated servers that run programs, at published settings: each clause's interval holds its exact rate.

use fusion_adversaries::library::SCRIPTS;
use fusion_proofs_tests::scratch::Scratch;
use serde_json::Value;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

/// Scripts whose servers read slots, err by a bit of a value, or ask about secrets; with the trials at (8, 2, 4), and at (8, 8, 100).
const PLAYED: [(&str, [u32; 2]); 12] = [
    ("predicate", [4096, 1024]),
    ("wrong-sign", [4096, 1024]),
    ("trojan-garbler", [4096, 256]),
    ("undecodable", [64, 8]),
    ("unmask", [64, 16]),
    ("unmask-as-released", [64, 16]),
    ("unmask-batch", [32, 4]),
    ("unmask-slot-by-slot", [64, 16]),
    ("probe-delta", [0, 2]),
    ("probe-delta-fresh", [0, 2]),
    ("probe-key", [0, 1]),
    ("replay-ciphertext", [0, 4]),
];

/// Slot by slot, the modes that have no curated script of that.
const SLOT_BY_SLOT: [(&str, &str); 2] = [
    ("unmask-batch", "delphi: { prepare: batch, chunk: 1 }"),
    ("unmask-as-released", "cryptflow2-he: { triples: as-released, chunk: 1 }"),
];

fn curated(name: &str) -> String {
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

#[test]
#[ignore = "tens of minutes: make bench runs it"]
fn programs_keep_their_rates_at_published_settings() {
    let folder = Scratch::new("published");
    for (place, setting) in ["{ R: 8, B: 2, T: 4 }", "{ R: 8, B: 8, T: 100 }"].into_iter().enumerate() {
        for (name, trials) in PLAYED.into_iter().filter(|(_, trials)| trials[place] > 0) {
            holds(&folder, &with(&curated(name), "protocol", setting), trials[place]);
        }
    }
    for (name, backend) in SLOT_BY_SLOT {
        let text = curated(name).lines().filter(|line| !line.contains("link: best")).collect::<Vec<_>>().join("\n");
        let text = with(&text, "backend", &format!("{{ {backend} }}"));
        holds(&folder, &with(&text, "protocol", "{ R: 8, B: 2, T: 4 }"), 16);
    }
}
