//! Whatever a script is, it is read or refused: no panic, no hang, no memory beyond a small multiple of its 1 MiB.
//!
//! Three kinds of text: anything, good scripts that something happened to, and scripts made to be good. The bounds: cases of up to
//! 4 KiB, and by hand each form of a whole 1 MiB that could make a reader slow.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_adversaries::script::Script;
use fusion_adversaries::yaml::{MAX_BYTES, MAX_NODES, decode};
use fusion_proofs_tests::scratch::Scratch;
use fusion_sim::{CommandOutput, run};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use std::fs;

const BASE: &str = include_str!("../../examples/small-all.yaml");

/// As little as there can be, and room for strategies.
const HEAD: &str = "schema: fusion/campaign/v1\nname: x\nprotocol: { R: 8, B: 2, T: 4 }\nfidelity: plain\nstrategies:";

/// `sim check --json`: 0, or 64 with at least one problem that has a place in the text, or with a single line.
fn check(scratch: &Scratch, script: &[u8]) -> Result<u8, TestCaseError> {
    let file = scratch.join("script.yaml");
    fs::write(&file, script).expect("written");
    let CommandOutput { code, stdout, stderr } =
        run(["sim".into(), "check".into(), file.into_os_string(), "--json".into()]);
    if code == 64 && stdout.is_empty() {
        prop_assert_eq!(stderr.lines().count(), 1, "{}", stderr);
        return Ok(code);
    }
    prop_assert!((code == 0 || code == 64) && stderr.is_empty(), "{} {}", code, stderr);
    let document: Value = serde_json::from_str(&stdout).expect("one JSON document");
    prop_assert_eq!(document["ok"] == true, code == 0);
    let text = String::from_utf8_lossy(script);
    let lines = text.lines().count() + text.matches('\r').count() + 1;
    let problems = document["problems"].as_array().expect("a list");
    prop_assert_eq!(problems.is_empty(), code == 0);
    for problem in problems {
        let line = problem["line"].as_u64().and_then(|line| usize::try_from(line).ok());
        prop_assert!(line.is_some_and(|line| (1..=lines).contains(&line)), "{}", problem);
        prop_assert!(problem["message"].as_str().is_some_and(|message| message.len() < 1000), "{}", problem);
    }
    Ok(code)
}

/// Read, or refused for reasons in the order of the text; what is read is written and read again.
fn read(bytes: &[u8]) -> Result<Option<Script>, TestCaseError> {
    let Ok(text) = decode(bytes) else { return Ok(None) };
    match Script::read(text) {
        Ok(script) => {
            let yaml = script.to_yaml().expect("serialisable");
            let again = Script::read(&yaml);
            prop_assert_eq!(again.as_ref(), Ok(&script), "{}", yaml);
            Ok(Some(script))
        }
        Err(problems) => {
            prop_assert!(!problems.is_empty() && problems.is_sorted_by_key(|problem| problem.mark));
            Ok(None)
        }
    }
}

fn mostly_yaml() -> impl Strategy<Value = String> {
    let keys = "schema name about protocol goal model data fidelity backend network trials test strategies R B T slack \
                lambda kappa accuracy honest reject path input queries public from keep seed max wall do one_of flaky link \
                sessions expect at when random slots each to at_most pixel at_least memorised relabel win equals only weight \
                add bend stop step value elements flip_bit replace replay drop delay_ms how extension aby delphi ferret";
    let values = "auto plain ideal real all next random_wrong spec fusion/campaign/v1 0..5 1/2 99% 1e-6 20m -1 18446744073709551616 \
                  true zeros crash layer[4:relu] **/msg[*] slot[0..64]/";
    let marks = [
        ": ",
        ":\n  ",
        "\n",
        "\n- ",
        "\n  - ",
        "{ ",
        " }",
        "[",
        "]",
        ", ",
        "? ",
        "# ",
        "&a ",
        "*a",
        "!!str ",
        "'",
        "\"",
        "|\n  ",
        ">\n",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "<<: ",
        "\t",
        "\r\n",
        "\r",
        "\u{feff}",
        "\0",
        "\u{85}",
        "\u{2028}",
        "é",
        "\\",
        "~",
        "null",
        "",
    ];
    let words: Vec<&str> = keys.split_whitespace().chain(values.split_whitespace()).collect();
    let token = prop_oneof![
        3 => select(words).prop_map(String::from),
        4 => select(marks.to_vec()).prop_map(String::from),
        1 => any::<i64>().prop_map(|n| n.to_string()),
        1 => ".{0,6}",
    ];
    vec(token, 0..80).prop_map(|tokens| tokens.concat())
}

/// What happens to a text at one of its tokens.
#[derive(Clone, Debug)]
enum Change {
    Delete(usize),
    Twice(usize),
    Swap(usize, usize),
    Put(usize, String),
    Byte(usize, u8),
    Cut(usize),
    Lines(&'static str),
}

fn change() -> impl Strategy<Value = Change> {
    let at = || 0..100_000_usize;
    let text = prop_oneof![
        select(vec![
            "\t",
            "\0",
            "\u{feff}",
            "&a ",
            "*a",
            "!!int ",
            "{",
            "}",
            "[",
            "]",
            ": ",
            "- ",
            "'",
            "\"",
            "#",
            "|",
            "~",
            "\u{1b}[31m",
            "99999999999999999999999999",
            "1e-999",
            "1e999",
            "0/0",
            "4294967295",
            "18446744073709551615",
            "-0",
            "auto",
            "spec",
            "0..4294967295",
            "1048576",
            "67108864",
            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
            "honest",
            "real",
            "''",
        ])
        .prop_map(String::from),
        (0..2000_usize, select(vec!["9", "a", " ", "[", "é", "\n"])).prop_map(|(n, text)| text.repeat(n)),
        any::<u64>().prop_map(|n| n.to_string()),
    ];
    prop_oneof![
        at().prop_map(Change::Delete),
        at().prop_map(Change::Twice),
        (at(), at()).prop_map(|(a, b)| Change::Swap(a, b)),
        (at(), text).prop_map(|(at, text)| Change::Put(at, text)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        at().prop_map(Change::Cut),
        select(vec!["\r\n", "\r"]).prop_map(Change::Lines),
    ]
}

/// Words, and single characters of all else.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut inside = false;
    for c in text.chars() {
        let word = c.is_alphanumeric() || matches!(c, '_' | '.' | '/');
        match tokens.last_mut() {
            Some(last) if inside && word => last.push(c),
            _ => tokens.push(c.into()),
        }
        inside = word;
    }
    tokens
}

fn changed(text: &str, changes: &[Change]) -> Vec<u8> {
    let mut tokens = tokens(text);
    let (mut bytes, mut ends) = (Vec::new(), "\n");
    for change in changes {
        let place = |at: &usize| at % tokens.len().max(1);
        match change {
            _ if tokens.is_empty() => {}
            Change::Delete(at) => drop(tokens.remove(place(at))),
            Change::Twice(at) => tokens.insert(place(at), tokens[place(at)].clone()),
            Change::Swap(a, b) => {
                let (a, b) = (place(a), place(b));
                tokens.swap(a, b);
            }
            Change::Put(at, text) => {
                let at = place(at);
                tokens[at].clone_from(text);
            }
            Change::Byte(at, byte) => bytes.push((*at, *byte)),
            Change::Cut(at) => tokens.truncate(place(at) + 1),
            Change::Lines(end) => ends = end,
        }
    }
    let mut text = tokens.concat().replace('\n', ends).into_bytes();
    for (at, byte) in bytes {
        let len = text.len().max(1);
        if let Some(place) = text.get_mut(at % len) {
            *place = byte;
        }
    }
    text
}

/// A number as scripts write them, from 0 to 1.
fn share() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..=1000_u32).prop_map(|n| format!("{n}/1000")),
        (0..=100_u32).prop_map(|n| format!("{n}%")),
        (0..=99_u32).prop_map(|n| format!("0.{n:02}")),
        (0..198_u32).prop_map(|n| format!("1e-{n}")),
        "[0-9]{1,98}".prop_map(|digits| format!("0.{digits}")),
    ]
}

/// One whose denominator a 32-bit draw can decide.
fn chance() -> impl Strategy<Value = String> {
    prop_oneof![(0..=1000_u32).prop_map(|n| format!("{n}/1000")), (0..=9_u32).prop_map(|n| format!("1e-{n}"))]
}

fn act(N: u32, plain: bool) -> impl Strategy<Value = String> {
    let slots = vec(0..N, 0..6).prop_map(|mut slots| {
        slots.sort_unstable();
        slots.dedup();
        format!("{{ slots: {slots:?} }}")
    });
    let each = (chance(), 0..N, 1..2 * N, 0..N).prop_map(|(chance, from, more, most)| {
        format!("{{ each: {chance}, from: {from}, to: {}, at_most: {most} }}", from + more)
    });
    let place = prop_oneof![Just("all".to_string()), (0..=N).prop_map(|k| format!("{{ random: {k} }}")), slots, each];
    let act = if plain {
        Just("relabel: next".to_string()).boxed()
    } else {
        prop_oneof![
            Just("relabel: next".to_string()),
            Just("relabel: random_wrong".to_string()),
            (0..20_u32).prop_map(|to| format!("relabel: {{ to: {to} }}")),
            "[a-z/]{1,9}".prop_map(|path| format!("model: '{path}.onnx'")),
            real_act(),
        ]
        .boxed()
    };
    let when = prop_oneof![
        Just(String::new()),
        (vec(0..30_u32, 2..=3), any::<u8>())
            .prop_map(|(pixel, least)| format!(", when: {{ pixel: {pixel:?}, at_least: {least} }}")),
        "[a-z]{1,9}".prop_map(|path| format!(", when: {{ memorised: {path} }}")),
    ];
    (place, act, when).prop_map(move |(place, act, when)| {
        let messages = act.starts_with("bend") || act.starts_with("stop");
        format!("{{ at: {place}, {act}{} }}", if plain || messages { "" } else { &when })
    })
}

/// Read at any fidelity; where it is not `real`, refused later.
fn real_act() -> impl Strategy<Value = String> {
    let number = || prop_oneof![Just("*".to_string()), any::<u64>().prop_map(|n| n.to_string())];
    let part = prop_oneof![
        Just("*".to_string()),
        Just("**".to_string()),
        "[a-z0-9_-]{1,5}_",
        (number(), prop_oneof![Just("*".to_string()), "[a-z]{1,5}"]).prop_map(|(i, op)| format!("layer[{i}:{op}]")),
        (number(), number()).prop_map(|(a, b)| format!("slot[{a}..{b}]")),
        (select(vec!["round", "msg", "level", "group"]), number()).prop_map(|(name, n)| format!("{name}[{n}]")),
    ];
    let step = vec(part, 1..5).prop_map(|parts| format!("step: '{}'", parts.join("/")));
    let act = prop_oneof![
        (any::<i64>(), any::<u32>()).prop_map(|(value, e)| ("add", format!("value: {value}, elements: [{e}]"))),
        any::<i64>().prop_map(|value| ("add", format!("value: {value}, elements: all"))),
        any::<u64>().prop_map(|bit| ("bend", format!("flip_bit: {bit}"))),
        any::<u32>().prop_map(|ms| ("bend", format!("delay_ms: {ms}"))),
        select(vec!["replace: zeros", "replace: random", "replay: true", "drop: true"])
            .prop_map(|how| ("bend", how.to_string())),
        select(vec!["crash", "abort", "stall"]).prop_map(|how| ("stop", format!("how: {how}"))),
    ];
    (step, act).prop_map(|(step, (act, rest))| format!("{act}: {{ {step}, {rest} }}"))
}

fn body(N: u32, plain: bool) -> impl Strategy<Value = String> {
    let most = if plain { 2 } else { 4 };
    let acts = || vec(act(N, plain), 0..most).prop_map(|acts| format!("[{}]", acts.join(", ")));
    let branch = (1..=1_u32 << 28, acts()).prop_map(|(weight, acts)| format!("{{ weight: {weight}, do: {acts} }}"));
    let sessions = prop_oneof![
        3 => Just(String::new()),
        1 => (select(vec!["accepted", "rejected"]), 1..40_u32).prop_map(|(until, max)| format!(", sessions: {{ until: {until}, max: {max} }}")),
    ];
    let several = prop_oneof![
        4 => acts().prop_map(|acts| format!("do: {acts}")),
        1 => vec(branch, 1..4).prop_map(|branches| format!("one_of: [{}]", branches.join(", "))),
        1 => chance().prop_map(|chance| format!("flaky: {chance}")),
    ];
    let link = (0..N, 1..N).prop_map(move |(a, b)| format!("link: [{a}, {}]", (a + b) % N));
    prop_oneof![5 => (several, sessions).prop_map(|(what, sessions)| what + &sessions), 1 => link]
}

fn expect() -> impl Strategy<Value = String> {
    let claim = || prop_oneof![Just("spec".to_string()), share()];
    let clause = |event: &'static str| {
        prop_oneof![
            2 => Just(String::new()),
            1 => claim().prop_map(move |claim| format!("{event}: {{ equals: {claim} }}, ")),
            1 => claim().prop_map(move |claim| format!("{event}: {{ at_most: {claim} }}, ")),
        ]
    };
    let reasons = prop_oneof![
        Just(String::new()),
        vec(select(vec!["public_wrong", "copies_disagree", "malformed", "peer_gone"]), 0..4)
            .prop_map(|only| format!("reasons: {{ only: [{}] }}", only.join(", "))),
    ];
    let clauses = (clause("win"), clause("accepted"), clause("harmless"), clause("caught"), reasons);
    clauses.prop_map(|(win, accepted, harmless, caught, reasons)| {
        format!("{{ {win}{accepted}{harmless}{caught}{reasons} }}")
    })
}

/// A script that the reader takes.
fn script(plain: bool) -> impl Strategy<Value = String> {
    let params = (1..20_u32, 1..6_u32, 0..20_u32, any::<prop::sample::Index>());
    params.prop_flat_map(move |(R, B, T, slack)| {
        let N = (R * B + T).max(2);
        let T = N - R * B;
        let strategies = vec((body(N, plain), expect()), 0..5);
        let top = (any::<u64>(), 0..=1_u64 << 48, 1..100_000_u64, select(vec!["s", "m", "h"]), share(), 1..99_u32);
        let slack = slack.index(T as usize + 1);
        (strategies, top, 1..=1024_u32, any::<bool>()).prop_map(move |(strategies, top, lambda, conditional)| {
            let (seed, max, wall, unit, reject, within) = top;
            let mut text = format!(
                "schema: fusion/campaign/v1\nname: any-{R}\nabout: 'R: {R}'\nprotocol: {{ R: {R}, B: {B}, T: {T}, slack: {slack} }}\n\
                 goal: {{ lambda: {lambda}, accuracy: {{ reject: {reject} }} }}\nfidelity: {}\n\
                 trials: {{ seed: {seed}, max: {max}, wall: {wall}{unit} }}\n\
                 test: {{ false_alarm: 1e-{}, within: {within}%, estimator: {} }}\nstrategies:",
                if plain { "plain" } else { "ideal" },
                1 + lambda % 40,
                if conditional && plain { "conditional" } else { "counting" },
            );
            if !plain {
                text = text.replace("fidelity", "model: { path: a.onnx }\nfidelity");
            }
            if strategies.is_empty() {
                text.push_str(" []");
            }
            for (index, (body, expect)) in strategies.iter().enumerate() {
                let strategy = format!("\n  - {{ name: s{index}, {body}, expect: {expect} }}");
                text.push_str(&strategy);
            }
            text + "\n"
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn any_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..4096)) {
        read(&bytes)?;
    }

    #[test]
    fn anything_like_yaml_does_no_harm(text in mostly_yaml()) {
        read(text.as_bytes())?;
    }

    #[test]
    fn good_scripts_that_something_happened_to_do_no_harm(changes in vec(change(), 1..6)) {
        read(&changed(BASE, &changes))?;
    }

    /// What is made to be good is good, and is the same once written and read again.
    #[test]
    fn made_scripts_are_read(text in script(false)) {
        prop_assert!(read(text.as_bytes())?.is_some(), "{}", text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn check_answers_anything(text in prop_oneof![mostly_yaml(), vec(change(), 1..4).prop_map(|changes| {
        String::from_utf8_lossy(&changed(BASE, &changes)).into_owned()
    })]) {
        check(&Scratch::new("any-yaml"), text.as_bytes())?;
    }

    #[test]
    fn check_answers_any_bytes(bytes in vec(any::<u8>(), 0..1024)) {
        check(&Scratch::new("any-bytes"), &bytes)?;
    }

    /// Positions always have an exact rate: what is left to refuse is what the conditional estimator has no use for.
    #[test]
    fn check_answers_made_scripts(text in script(true), changes in prop_oneof![4 => Just(vec![]), 1 => vec(change(), 1..3)]) {
        let code = check(&Scratch::new("any-made"), &changed(&text, &changes))?;
        prop_assert!(code == 0 || !changes.is_empty() || text.contains("conditional"), "{}", text);
    }
}

/// As often as 1 MiB allows.
fn fill(before: &str, text: &str, after: &str) -> String {
    let n = (MAX_BYTES - before.len() - after.len()) / text.len();
    format!("{before}{}{after}", text.repeat(n))
}

/// As many as 1 MiB and 100,000 values allow, of so many values each.
fn many(before: &str, values: usize, one: &dyn Fn(usize) -> String, after: &str) -> String {
    let mut text = String::from(before);
    for one in (0..(MAX_NODES - 100) / values).map(one) {
        if text.len() + one.len() + after.len() > MAX_BYTES {
            break;
        }
        text += &one;
    }
    text + after
}

/// What could cost a parser more than it is long.
fn large_texts() -> Vec<(&'static str, String)> {
    let in_act = |what: &str| fill(&format!("{HEAD}\n  - {{ name: a, do: [{{ at: all, {what}: "), "a", " }] }\n");
    let four = |i: u32| ["[", &format!("*a{i}, ").repeat(4), "]"].concat();
    let laughs: Vec<String> = (1..10).map(|i| format!("a{i}: &a{i} {}\n", four(i - 1))).collect();
    vec![
        ("one token", fill("", "a", "")),
        ("one name", fill("schema: fusion/campaign/v1\nname: ", "a", "\n")),
        ("one number", fill("protocol: { R: ", "9", " }\n")),
        ("one negative number", fill("protocol: { R: -", "9", " }\n")),
        ("one long fraction", fill("test: { within: 0.", "9", " }\n")),
        ("one duration", fill("trials: { wall: ", "9", "s }\n")),
        ("one range", fill("data: { queries: ", "9", "..1 }\n")),
        ("one act", in_act("relabel")),
        ("one path", in_act("model")),
        (
            "one path of a model",
            fill(
                &HEAD.replace("fidelity", "model: { path: '").replace(": plain\nstrategies:", ""),
                "é",
                "' }\nstrategies: []\n",
            ),
        ),
        ("one unknown key", fill("? ", "a", "\n: 1\n")),
        ("one quoted key", fill("\"", "a", "\": 1\n")),
        ("one quoted value", fill("about: \"", "\\e", "\"\n")),
        ("one literal", fill("about: |\n", "  a\n", "")),
        ("one folded", fill("about: >\n", "  a\n\n", "")),
        ("one plain value over many lines", fill("about: a\n", "  a\n", "")),
        ("open brackets", fill("", "[", "")),
        ("open braces", fill("", "{", "")),
        ("open braces with keys", fill("", "{a: ", "")),
        ("nested lists", fill("", "- ", "")),
        ("nested questions", fill("", "? ", "")),
        ("brackets", fill("a: [", "[],", "]")),
        ("colons", fill("", ": ", "")),
        ("commas", fill("a: [", ",", "]")),
        ("spaces", fill("", " ", "")),
        ("tabs", fill("a:", "\t", "")),
        ("tabs in lines", fill("a: b\n", "\tc\n", "")),
        ("new lines", fill("", "\n", "")),
        ("carriage returns", fill("", "\r", "")),
        ("comments", fill("", "# a\n", "")),
        ("indented comments", fill("a:\n", "   #\n", "")),
        ("quotes", fill("a: ", "'", "")),
        ("open quote", fill("a: '", "b\n ", "")),
        ("documents", fill("", "---\n", "")),
        ("directives", fill("", "%A b\n", "")),
        ("anchors", fill("a: [", "&a b,", "]")),
        ("aliases", fill("a: [", "*a,", "]")),
        ("tags", fill("a: [", "!!str b,", "]")),
        ("a billion laughs", format!("a0: &a0 lol\n{}", laughs.concat())),
        ("accents", fill("a: ", "é", "")),
        ("nothing printed", fill("a: ", "\u{200b}", "")),
        ("nul", fill("a: ", "\0", "")),
    ]
}

/// What could cost a reader of values, or whoever shows their problems, more.
fn large_trees() -> Vec<(&'static str, String)> {
    let same = |text: &'static str| move |_: usize| text.to_string();
    let strategies = |values: usize, one: &dyn Fn(usize) -> String| many(HEAD, values, one, "\n");
    let acts = format!("{HEAD}\n  - name: a\n    do: [");
    let branches = format!("{HEAD}\n  - name: a\n    one_of: [");
    let slots = format!("{HEAD}\n  - {{ name: a, do: [{{ at: {{ slots: [");
    let wide = HEAD.replace("T: 4", "T: 4000000");
    vec![
        ("too many values", fill(HEAD, "\n  - {}", "\n")),
        ("unknown keys", strategies(2, &|index| format!("\nkey{index}: 1"))),
        ("the same key", many("", 2, &same("name: a\n"), "")),
        ("strategies without anything", strategies(3, &same("\n  - { name: a }"))),
        ("equal names", strategies(5, &same("\n  - { name: a, do: [] }"))),
        ("different names", strategies(5, &|index| format!("\n  - {{ name: s{index}, do: [] }}"))),
        ("everything wrong", strategies(10, &same("\n  - { name: A, do: [{ at: al, relabel: nxt }] }"))),
        (
            "all on one line",
            many(&format!("{HEAD} ["), 10, &same("{ name: A, do: [{ at: al, relabel: nxt }] }, "), "]\n"),
        ),
        ("equal slots", many(&slots, 1, &same("1, "), "] }, relabel: next }] }\n")),
        ("links", strategies(7, &|index| format!("\n  - {{ name: s{index}, link: [{}, 19] }}", index % 19))),
        ("acts", many(&acts, 5, &same("{ at: all, relabel: next }, "), "]\n")),
        (
            "acts on one wide session",
            many(&acts.replace("T: 4", "T: 4000000"), 5, &same("{ at: all, relabel: next }, "), "]\n"),
        ),
        (
            "wide sessions",
            many(&wide, 12, &|index| format!("\n  - {{ name: s{index}, do: [{{ at: all, relabel: next }}] }}"), "\n"),
        ),
        ("branches", many(&branches, 5, &same("{ weight: 1, do: [] }, "), "]\n")),
        (
            "models",
            strategies(10, &|index| format!("\n  - {{ name: s{index}, do: [{{ at: all, model: m{index} }}] }}")),
        ),
        (
            "guards",
            strategies(18, &|index| {
                format!(
                    "\n  - {{ name: s{index}, do: [{{ at: all, when: {{ pixel: [1, {index}], at_least: 3 }}, relabel: next }}] }}"
                )
            }),
        ),
    ]
}

/// Each is answered, and in the order of a second: a quadratic reader would need an hour.
#[test]
fn large_scripts_are_answered() {
    let scratch = Scratch::new("any-large");
    for (what, text) in large_texts().into_iter().chain(large_trees()) {
        assert!(text.len() <= MAX_BYTES, "{what}");
        let code = check(&scratch, text.as_bytes()).expect(what);
        let good = ["different names", "links", "branches", "wide sessions"];
        assert_eq!(code, if good.contains(&what) { 0 } else { 64 }, "{what}");
        // As people see it.
        let file = scratch.join("script.yaml").into_os_string();
        let outcome = run(["sim".into(), "check".into(), file]);
        assert_eq!((outcome.code, outcome.stdout.is_empty()), (code, code == 64), "{what}");
        assert!(outcome.stderr.len() < 64 << 20, "{what}: {} bytes", outcome.stderr.len());
    }
}
