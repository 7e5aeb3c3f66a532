//! Scripts from text and back, and their published schema.

use super::*;
use crate::yaml::{self, Node};
use fusion_2pc::backend::cheetah::CarryChoice;
use fusion_2pc::backend::cryptflow2::TripleForm;
use fusion_2pc::backend::delphi::{Mask, Prepare};
use fusion_2pc::backend::{Choice, Family, Options};
use fusion_2pc::linear::Linear;
use fusion_2pc::ot::{Checks, Extension};
use fusion_active::network::Triples;

const FULL: &str = "schema: fusion/campaign/v1
name: full
about: Every key.
protocol: { R: 8, B: auto, T: auto, slack: auto, compare: label }
goal: { lambda: 40, kappa: 20, min_T: 3, substitution: 0.05, accuracy: { honest: 0.99, reject: 0.80 } }
model:
  path: models/a.onnx
  input: { scale: 1/127.5, offset: -1 }
  fixed_point: { ring_bits: 37, frac_bits: 13, truncation: one_bit }
data:
  images: data/images
  labels: data/labels
  queries: 0..500
  public: { from: 500..1000, keep: all }
  draw: fixed
fidelity: plain
backend: cheetah
network: { rtt_ms: 40, mbit_per_s: 400 }
trials: { seed: 18446744073709551615, max: 4000000, wall: 20m }
test: { false_alarm: 1e-6, within: 12.5%, estimator: conditional }
strategies:
  - name: mixed
    about: Two ways.
    fidelity: ideal
    one_of:
      - { weight: 5, do: [] }
      - { weight: 4, do: [{ at: { each: 1/20, from: 1, to: 64, at_most: 4 }, when: { pixel: [1, 2], at_least: 200 }, relabel: { to: 7 } }] }
    sessions: { until: rejected, max: 10 }
    trials: { max: 5, wall: 2h }
    expect: { win: { equals: spec }, accepted: { at_most: 1/3 }, reasons: { only: [public_wrong, peer_gone] } }
  - { name: more, do: [{ at: all, when: { memorised: m }, model: b.onnx }, { at: { slots: [0, 7] }, relabel: random_wrong }, { at: { random: 3 }, relabel: next }] }
  - { name: flaky, flaky: 0.1%, expect: { harmless: { equals: 0.5 }, caught: { equals: 1 } } }
  - { name: link, link: [3, 4] }
  - name: shares
    fidelity: real
    do:
      - { at: all, when: { pixel: [1, 2], at_least: 3 }, add: { step: 'layer[4:relu]', value: -9223372036854775808, elements: all } }
      - { at: { random: 1 }, add: { step: 'slot[*..*]/**', value: 9223372036854775807, elements: [4294967295, 0] } }
  - name: messages
    fidelity: real
    do:
      - { at: all, bend: { step: 'layer[*:relu]/msb/round[1]/msg[0]', flip_bit: 18446744073709551615 } }
      - { at: all, bend: { step: 'layer[*:*]', replace: zeros } }
      - { at: all, bend: { step: '**/level[*]/*', replace: random } }
      - { at: all, bend: { step: '**', replay: true } }
      - { at: all, bend: { step: '*', drop: true } }
      - { at: all, bend: { step: 'mux', delay_ms: 4294967295 } }
      - { at: all, stop: { step: 'layer[4:*]', how: crash } }
      - { at: all, stop: { step: 'layer[4:*]', how: abort } }
      - { at: all, stop: { step: 'layer[4:*]', how: stall } }
  - { name: best, fidelity: real, link: best }
  - { name: program, fidelity: real, program: unmask, sessions: { until: max, max: 3 } }
  - { name: kept, fidelity: real, do: [{ at: all, add: { step: 'layer[9:relu]', value: 1, elements: all, where: kept } }] }
  - { name: probe, fidelity: real, program: probe-delta, sessions: { until: max, max: 3 } }
  - { name: key, fidelity: real, program: probe-key, sessions: { until: max, max: 2 } }
  - { name: replay, fidelity: real, program: replay-ciphertext, sessions: { until: max, max: 3 } }
  - { name: digit, fidelity: real, do: [{ at: all, wrong_sign: { step: 'layer[9:relu]', elements: [3], from: 30, bits: 3, are: [0, 2] } }] }
  - { name: spoiled, fidelity: real, do: [{ at: all, spoil: { step: 'layer[9:relu]', elements: all, bit: 12 } }] }
  - { name: otherwise, fidelity: real, do: [{ at: all, own_choice: { step: 'layer[9:relu]', elements: [3], value: 500 } }] }
  - { name: cheats, fidelity: real, program: guess-delta, expect: { accepted: { equals: spec }, reasons: { only: [cheating, malformed] } } }
  - { name: opens-late, fidelity: real, cheat: late-opening, sessions: { until: max, max: 2 } }
setup: session
";

fn read(text: &str) -> Script {
    Script::read(text).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn what_is_read_is_written_and_read_again() {
    let script = read(FULL);
    let yaml = script.to_yaml().expect("serialisable");
    assert_eq!(read(&yaml), script, "{yaml}");
    assert!(!yaml.contains('!'), "no tags: {yaml}");
    let minimal = "schema: fusion/campaign/v1\nname: m\nprotocol: { R: 1, B: 1, T: 0 }\nstrategies: []\n";
    let script = read(minimal);
    assert_eq!((script.fidelity.value, script.trials.seed, script.trials.max), (Fidelity::Ideal, 1, 1_000_000));
    assert_eq!(read(&script.to_yaml().expect("serialisable")), script);
}

/// Two parsers, one meaning: every scalar of our tree is what `serde_yaml` finds there.
#[test]
fn the_tree_agrees_with_serde_yaml() {
    fn same(node: &Node, value: &serde_yaml::Value) -> bool {
        use serde_yaml::Value;
        match (&node.kind, value) {
            (yaml::Kind::Scalar(text), Value::String(s)) => text == s,
            (yaml::Kind::Scalar(text), Value::Bool(b)) => *text == b.to_string(),
            (yaml::Kind::Scalar(text), Value::Number(n)) => {
                n.as_f64().zip(text.parse::<f64>().ok()).is_some_and(|(a, b)| (a - b).abs() <= a.abs() * 1e-12)
            }
            (yaml::Kind::List(items), Value::Sequence(values)) => {
                items.len() == values.len() && items.iter().zip(values).all(|(a, b)| same(a, b))
            }
            (yaml::Kind::Map(entries), Value::Mapping(map)) => {
                entries.len() == map.len()
                    && entries.iter().all(|(key, a)| map.get(key.text.as_str()).is_some_and(|b| same(a, b)))
            }
            _ => false,
        }
    }
    let tree = yaml::parse(FULL).expect("YAML");
    assert!(same(&tree, &serde_yaml::from_str(FULL).expect("YAML")));
}

#[test]
fn all_problems_come_out_at_once_in_order() {
    let text = FULL
        .replace("name: full", "nmae: full")
        .replace("R: 8", "R: 0")
        .replace("relabel: next", "relabel: nxet")
        .replace("link: [3, 4]", "link: [3, 3]")
        .replace("wall: 20m", "wall: 20 minutes");
    let problems = Script::read(&text).expect_err("five problems");
    let summary: Vec<_> = problems.iter().map(|p| (p.mark.line, p.mark.column, p.message.as_str())).collect();
    assert_eq!(
        summary,
        [
            (2, 1, "unknown key `nmae` in a script"),
            (4, 16, "R must be from 1 to 2^62, not 0"),
            (19, 59, "wall must be a duration, not `20 minutes`"),
            (31, 156, "`nxet` is no relabelling"),
            (33, 29, "slot 3 is there twice"),
        ]
    );
}

#[test]
fn problems_of_acts_at_real_come_out_together() {
    let text = FULL
        .replace("step: 'layer[4:relu]'", "step: 'lyaer[4:relu]'")
        .replace("value: -9223372036854775808", "value: -9223372036854775809")
        .replace("[4294967295, 0]", "[0, 0]")
        .replace("replay: true", "replay: false")
        .replace("drop: true", "drop: true, delay_ms: 3")
        .replace("at: all, stop", "at: all, when: { pixel: [1, 2], at_least: 3 }, stop");
    let problems = Script::read(&text).expect_err("eight problems");
    let summary: Vec<_> = problems.iter().map(|p| (p.mark.line, p.message.as_str())).collect();
    let input = "`when` is no part of `stop`: a message is no input";
    assert_eq!(
        summary,
        [
            (37, "`lyaer[4:relu]` is no part of a step"),
            (37, "value must be from -2^63 to 2^63 - 1, not -9223372036854775809"),
            (38, "element 0 is there twice"),
            (45, "replay must be `true`, not false"),
            (46, "`drop` and `delay_ms` exclude each other"),
            (48, input),
            (49, input),
            (50, input),
        ]
    );
}

/// The schema that editors use names exactly the keys that are read.
#[test]
fn the_published_schema_is_current() {
    let schema = serde_json::to_string_pretty(&Script::json_schema()).expect("serialisable") + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema/campaign.schema.json");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, &schema).expect("writable");
    }
    let published = std::fs::read_to_string(path).unwrap_or_default();
    assert!(published == schema, "run UPDATE_SCHEMA=1 cargo test -p fusion-adversaries and look at the difference");
}

/// Keys that the reader takes and keys of the schema, counted over the script that has them all.
#[test]
fn the_schema_knows_every_key_that_is_read() {
    fn keys(node: &Node, found: &mut std::collections::BTreeSet<String>) {
        match &node.kind {
            yaml::Kind::Scalar(_) | yaml::Kind::Null(_) => {}
            yaml::Kind::List(items) => items.iter().for_each(|item| keys(item, found)),
            yaml::Kind::Map(entries) => {
                for (key, value) in entries {
                    found.insert(key.text.clone());
                    keys(value, found);
                }
            }
        }
    }
    fn properties(schema: &serde_json::Value, found: &mut std::collections::BTreeSet<String>) {
        if let Some(map) = schema.get("properties").and_then(|p| p.as_object()) {
            found.extend(map.keys().cloned());
        }
        match schema {
            serde_json::Value::Array(items) => items.iter().for_each(|item| properties(item, found)),
            serde_json::Value::Object(map) => map.values().for_each(|value| properties(value, found)),
            _ => {}
        }
    }
    let (mut read, mut known) = Default::default();
    keys(&yaml::parse(FULL).expect("YAML"), &mut read);
    // A script has one backend: of the others, the maps that are read below.
    for family in Family::ALL {
        let maps = family.options().iter().map(|option| format!("{}: {{ {option}: iknp }}", family.name()));
        maps.for_each(|map| keys(&yaml::parse(&map).expect("YAML"), &mut read));
    }
    keys(&yaml::parse("spdz-lowgear: { triples: matrices }").expect("YAML"), &mut read);
    properties(&serde_json::to_value(Script::json_schema()).expect("serialisable"), &mut known);
    assert_eq!(read, known);
}

#[test]
fn a_backend_is_a_word_or_a_map_with_options() {
    let backend = |text: &str| Script::read(&FULL.replace("backend: cheetah", &format!("backend: {text}")));
    for family in Family::ALL {
        assert_eq!(backend(family.name()).unwrap().backend, Backend::from(family));
        for checks in Checks::ALL {
            let script = backend(&format!("{{ {}: {{ checks: {} }} }}", family.name(), checks.name())).unwrap();
            let choice = Choice::new(family, Options { checks: Some(checks), ..Options::default() }).unwrap();
            assert_eq!(script.backend, Backend::Family(choice), "{family:?}");
            assert_eq!(read(&script.to_yaml().unwrap()), script, "{family:?}");
        }
        for extension in Extension::ALL {
            let map = format!("{{ {}: {{ extension: {} }} }}", family.name(), extension.name());
            let Ok(choice) = Choice::new(family, Options { extension: Some(extension), ..Options::default() }) else {
                continue;
            };
            let script = backend(&map).unwrap();
            assert_eq!(script.backend, Backend::Family(choice), "{map}");
            assert_eq!(read(&script.to_yaml().unwrap()), script, "{map}");
        }
    }
    assert_eq!(backend("{ aby: {} }").unwrap().backend, Backend::from(Family::Aby));
    let options = Options { mask: Some(Mask::Inside), chunk: Some(3), ..Options::default() };
    let script = backend("{ delphi: { chunk: 3, mask: inside } }").unwrap();
    assert_eq!(script.backend, Backend::Family(Choice::new(Family::Delphi, options).unwrap()));
    assert_eq!(read(&script.to_yaml().unwrap()), script);
    let options = Options { prepare: Some(Prepare::Batch), ..Options::default() };
    let script = backend("{ delphi: { prepare: batch } }").unwrap();
    assert_eq!(script.backend, Backend::Family(Choice::new(Family::Delphi, options).unwrap()));
    assert_eq!(read(&script.to_yaml().unwrap()), script);
    let options = Options { triples: Some(TripleForm::AsReleased), ..Options::default() };
    for family in [Family::Cryptflow2Ot, Family::Cryptflow2He] {
        let script = backend(&format!("{{ {}: {{ triples: as-released }} }}", family.name())).unwrap();
        assert_eq!(script.backend, Backend::Family(Choice::new(family, options).unwrap()));
        assert_eq!(read(&script.to_yaml().unwrap()), script);
        let paper = backend(&format!("{{ {}: {{ triples: paper }} }}", family.name())).unwrap();
        assert_eq!(paper.backend, Backend::from(family));
    }
    for linear in [Linear::Weights, Linear::Auto] {
        let options = Options { linear: Some(linear), ..Options::default() };
        let script = backend(&format!("{{ cheetah: {{ linear: {} }} }}", linear.name())).unwrap();
        assert_eq!(script.backend, Backend::Family(Choice::new(Family::Cheetah, options).unwrap()));
        assert_eq!(read(&script.to_yaml().unwrap()), script);
    }
    for carries in [CarryChoice::Chain, CarryChoice::Auto] {
        let options = Options { carries: Some(carries), ..Options::default() };
        let script = backend(&format!("{{ cheetah: {{ carries: {} }} }}", carries.name())).unwrap();
        assert_eq!(script.backend, Backend::Family(Choice::new(Family::Cheetah, options).unwrap()));
        assert_eq!(read(&script.to_yaml().unwrap()), script);
    }
    assert_eq!(backend("{ cheetah: { carries: tree } }").unwrap().backend, Backend::from(Family::Cheetah));
    assert_eq!(backend("{ cheetah: { linear: images } }").unwrap().backend, Backend::from(Family::Cheetah));
    for (text, triples) in [
        ("spdz-lowgear", Triples::Elements),
        ("{ spdz-lowgear: {} }", Triples::Elements),
        ("{ spdz-lowgear: { triples: elements } }", Triples::Elements),
        ("{ spdz-lowgear: { triples: matrices } }", Triples::Matrices),
    ] {
        let script = backend(text).unwrap();
        assert_eq!(script.backend, Backend::Spdz(triples), "{text}");
        assert_eq!(read(&script.to_yaml().unwrap()), script);
    }
    let refused = [
        ("{ spdz-lowgear: { triples: paper } }", 37, "`paper` is no form of triples"),
        ("{ spdz-lowgear: { checks: active } }", 28, "unknown key `checks` in a backend's options"),
        ("{ aby: { linear: weights } }", 19, "unknown key `linear` in a backend's options"),
        ("{ cheetah: { linear: weight } }", 31, "`weight` is no choice of what linear layers encrypt"),
        ("{ aby: { carries: chain } }", 19, "unknown key `carries` in a backend's options"),
        ("{ cheetah: { carries: chains } }", 32, "`chains` is no way to find carries"),
        ("{ aby: { triples: paper } }", 19, "unknown key `triples` in a backend's options"),
        ("{ cryptflow2-he: { triples: released } }", 38, "`released` is no form of triples"),
        ("{ delphi: { prepare: batch, mask: inside } }", 20, "delphi has no choice of prepare where masks are inside"),
        ("{ aby: { prepare: batch } }", 19, "unknown key `prepare` in a backend's options"),
        ("abby", 10, "`abby` is no backend"),
        ("{ cheetah: { extension: iknp } }", 21, "cheetah has no choice of extension `iknp`"),
        ("{ aby: { mask: inside } }", 19, "unknown key `mask` in a backend's options"),
        ("{ delphi: { mask: in } }", 28, "`in` is no mask"),
        ("{ delphi: { chunk: 0 } }", 29, "chunk must be from 1 to 4294967295, not 0"),
        ("{ aby: ferret }", 17, "a backend's options must be a map, not a single value"),
        ("{ aby: { extension: feret } }", 30, "`feret` is no extension"),
        ("{ aby: { extend: ferret } }", 19, "unknown key `extend` in a backend's options"),
        ("{ abby: { extension: ferret } }", 12, "unknown key `abby` in backend"),
        ("{ aby: {}, delphi: {} }", 12, "`delphi` and `aby` exclude each other"),
        (
            "{}",
            10,
            "backend needs one of `cheetah`, `cryptflow2-ot`, `cryptflow2-he`, `delphi`, `aby`, `aby-32`, `spdz-lowgear`",
        ),
        ("[aby]", 10, "backend must be a single value, not a list"),
    ];
    for (text, column, message) in refused {
        let problems = backend(text).expect_err("a problem");
        let summary: Vec<_> = problems.iter().map(|p| (p.mark.line, p.mark.column, p.message.as_str())).collect();
        assert_eq!(summary, [(17, column, message)], "{text}");
    }
}
