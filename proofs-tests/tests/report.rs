//! Pages on runs: valid HTML, nothing but themselves, every number that of the run's files, whatever the script says of itself.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod campaign;
mod html;

use campaign::{CONDITIONAL, PLAIN, attack, counts, last, sim};
use fusion_proofs_tests::scratch::Scratch;
use html::{Element, page};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn result(folder: &str) -> Value {
    serde_json::from_slice(&std::fs::read(Path::new(folder).join("result.json")).unwrap()).unwrap()
}

/// The rows of all tables whose first cell is a heading, as text.
fn rows(elements: &[Element]) -> BTreeSet<String> {
    elements
        .iter()
        .filter(|element| element.name == "tr")
        .map(|row| row.text.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn a_campaign_leaves_its_page_and_names_it_last() {
    let scratch = Scratch::new("report");
    let script = scratch.file("plain.yaml", PLAIN);
    let (folder, outcome) = attack(&scratch, &script, "runs", "");
    let path = format!("{folder}/report.html");
    let last_lines: Vec<&str> = outcome.stdout.lines().rev().take_while(|line| !line.is_empty()).collect();
    assert!(last_lines.iter().any(|line| line.ends_with("/report.html")), "{}", outcome.stdout);
    let (written, counted) = (std::fs::read(&path).unwrap(), counts(&folder));
    let again = sim(&["report", &format!("{}/latest", scratch.path("runs"))], "");
    assert_eq!((again.code, again.stdout.as_str()), (0, format!("{path}\n").as_str()));
    assert!(std::fs::read(&path).unwrap() == written, "the page is a function of the run's files");
    assert_eq!(counts(&folder), counted);
}

/// Each strategy's counts, rates and exact rates are in its table as they are in result.json.
#[test]
fn the_numbers_are_the_runs() {
    let scratch = Scratch::new("report-numbers");
    let script = scratch.file("plain.yaml", PLAIN);
    let (folder, _) = attack(&scratch, &script, "runs", "");
    let page = page(format!("{folder}/report.html"));
    let rows = rows(&page);
    let result = result(&folder);
    let mut checked = 0;
    for strategy in result["strategies"].as_array().unwrap() {
        for claim in strategy["expectations"].as_array().unwrap() {
            let label =
                claim["clause"].as_str().unwrap().split(" equals").next().unwrap().split(" at_most").next().unwrap();
            let (trials, count) = (claim["trials"].as_u64().unwrap(), claim["count"].as_u64().unwrap());
            let expected = claim["expected"].as_str().unwrap();
            let start = format!("{label} {trials} {count} ");
            let found =
                rows.iter().any(|row| row.starts_with(&start) && (row.contains(expected) || expected.len() > 20));
            assert!(found, "{start}... {expected}: {rows:#?}");
            checked += 1;
        }
    }
    assert!(checked >= 6, "{checked}");
    let headings: Vec<&str> = page.iter().filter(|element| element.name == "h2").map(|h| h.text.as_str()).collect();
    assert_eq!(
        headings,
        ["One trial of each outcome", "Parameters and games", "Measured against exact", "Strategies", "Reproduce"]
    );
}

/// What is drawn is where it is: percentages between 0 and 100, the measured mark within its interval, in words beside it.
#[test]
fn plots_show_what_they_say() {
    let scratch = Scratch::new("report-plots");
    let script = scratch.file("plain.yaml", PLAIN);
    let (folder, _) = attack(&scratch, &script, "runs", "");
    let elements = page(format!("{folder}/report.html"));
    let percent = |text: &str| text.strip_suffix('%').and_then(|number| number.parse::<f64>().ok());
    let mut interval = None;
    let mut marks = 0;
    for element in &elements {
        for key in ["x", "x1", "x2", "cx", "width"] {
            if let Some(x) = element.get(key).and_then(percent) {
                assert!((0.0..=100.0).contains(&x), "{key} {x}");
            }
        }
        if element.get("class") == Some("interval") && element.name == "line" {
            interval = element.get("x1").and_then(percent).zip(element.get("x2").and_then(percent));
        }
        if let (Some(x), Some((low, high))) = (element.get("cx").and_then(percent), interval) {
            assert!(low <= x && x <= high, "{low} {x} {high}");
            marks += 1;
        }
    }
    assert!(marks >= 8, "{marks}");
    let words: Vec<&str> = elements.iter().filter_map(|element| element.get("aria-label")).collect();
    assert!(
        words.iter().any(|text| text.starts_with("guess-one win: measured 4.") && text.ends_with(", exactly 4/95")),
        "{words:?}"
    );
}

/// The size of an SVG document, and every number of these attributes in it.
fn numbers(svg: &str, attributes: &[&str]) -> ([f64; 2], Vec<f64>) {
    let after = |text: &str, key: &str| {
        text.split(&format!(" {key}=\""))
            .skip(1)
            .filter_map(|rest| rest.split(['"', 'p']).next()?.parse().ok())
            .collect()
    };
    let [width, height]: [Vec<f64>; 2] = ["width", "height"].map(|key| after(svg.lines().next().unwrap(), key));
    let body = svg.split_once('\n').unwrap().1;
    ([width[0], height[0]], attributes.iter().flat_map(|key| after(body, key)).collect())
}

/// The font of a PDF page is in the file: its name leads to a descriptor, and that to a stream of as many bytes as it says, which is a font.
fn assert_embedded(pdf: &[u8], name: &str) {
    let text = String::from_utf8_lossy(pdf);
    assert!(text.contains(&format!("/BaseFont /{name}")) && text.contains("/Subtype /TrueType"));
    let file = text.split("/FontFile2 ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a file of the font");
    let find = |bytes: &[u8], from: usize| (from..pdf.len()).find(|at| pdf[*at..].starts_with(bytes)).expect("there");
    let object = find(format!("\n{file} 0 obj").as_bytes(), 0);
    let start = find(b"stream\n", object) + b"stream\n".len();
    let length = text.split("/Length1 ").nth(1).and_then(|rest| rest.split_whitespace().next()?.parse::<usize>().ok());
    let length = length.expect("a length");
    assert!(pdf[start + length..].trim_ascii_start().starts_with(b"endstream"), "the stream is as long as it says");
    // A TrueType font: its version, and a table of outlines.
    let font = &pdf[start..start + length];
    assert!(font.starts_with(&[0, 1, 0, 0]) && font.windows(4).any(|table| table == b"glyf"));
}

/// A figure has the size that was asked for, everything lies on it, and SVG and PDF have the same texts.
#[test]
fn figures_are_of_the_size_and_the_font_that_are_asked_for() {
    let scratch = Scratch::new("report-figures");
    let script = scratch.file("plain.yaml", PLAIN);
    let (folder, _) = attack(&scratch, &script, "runs", "--max 4096");
    let figures = scratch.path("new/figures");
    let outcome = sim(&["report", &folder, "--figures", &figures], "--figure-width 120 --font-size 10 --font times");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    let files: Vec<&str> = outcome.stdout.lines().skip(1).collect();
    assert_eq!(files.len(), 3 * (1 + 5), "three for the overview and for each strategy with a claim: {files:?}");
    for kinds in files.chunks(3) {
        let (svg, pdf) = (std::fs::read_to_string(kinds[0]).unwrap(), std::fs::read(kinds[1]).unwrap());
        let ([width, height], across) = numbers(&svg, &["cx", "x"]);
        let (_, down) = numbers(&svg, &["cy", "y"]);
        assert!((width - 120.0 * 72.0 / 25.4).abs() < 1e-3, "{width}");
        assert!(across.len() > 3 && across.iter().all(|x| (0.0..=width).contains(x)), "{across:?}");
        assert!(down.len() > 3 && down.iter().all(|y| (0.0..=height).contains(y)), "{down:?} of {height}");
        assert!(svg.contains("Times") && svg.contains(" font-size=\"10\""));
        let text = String::from_utf8_lossy(&pdf);
        assert!(text.starts_with("%PDF-") && text.trim_end().ends_with("%%EOF"));
        assert_embedded(&pdf, "FUSION+Tinos");
        for words in svg.split("<text ").skip(1).filter_map(|text| text.split(['>', '<']).nth(1)) {
            assert!(text.contains(&format!("({words})")), "{words} is not in {}", kinds[1]);
        }
        // The size is in the header, after the signature and the header's name.
        let png = std::fs::read(kinds[2]).unwrap();
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && &png[12..16] == b"IHDR");
        let pixels = |at: usize| f64::from(u32::from_be_bytes(png[at..at + 4].try_into().unwrap()));
        for (at, points) in [(16, width), (20, height)] {
            let whole = (points / 72.0 * 300.0).ceil();
            assert!((pixels(at) - whole).abs() < 0.5, "{}: {} pixels, not {whole}", kinds[2], pixels(at));
        }
    }
    for (flags, says) in [
        ("--figure-width 10", "a width must be from 40 to 1000"),
        ("--figure-width 40 --font-size 40", "its labels leave no room for an axis"),
        ("--font comic", "possible values: helvetica, times"),
        ("--dpi 30", "dpi must be from 50 to 1200"),
        ("--figure-width 1000 --font-size 40 --dpi 1200", "pixels is too large: lower --dpi"),
        ("--font-size 8", "--figures"),
    ] {
        let named = if flags == "--font-size 8" {
            vec!["report", &folder]
        } else {
            vec!["report", &folder, "--figures", &figures]
        };
        let refused = sim(&named, flags);
        assert!(refused.code == 64 && refused.stderr.contains(says), "{flags}: {refused:?}");
    }
}

/// A script's own words are text, whatever they look like.
#[test]
fn hostile_words_stay_words() {
    let scratch = Scratch::new("report-hostile");
    let hostile =
        r#"</style><script>alert(1)</script><img src=x onerror=alert(2)>" onmouseover="x' {{ 7 * 7 }} {% raw %} &amp;"#;
    let script =
        PLAIN.replace("name: plain", &format!("name: plain\nabout: {}", serde_json::to_string(hostile).unwrap()));
    let script = script.replacen(
        "{ name: guess-one, do",
        &format!("{{ name: guess-one, about: {}, do", serde_json::to_string(hostile).unwrap()),
        1,
    );
    let script = scratch.file("hostile.yaml", script);
    let (folder, outcome) = attack(&scratch, &script, "runs", "--max 2048");
    assert!([0, 1, 3].contains(&outcome.code), "{}", outcome.stderr);
    let elements = page(format!("{folder}/report.html"));
    let shown = elements.iter().filter(|element| element.name == "p" && element.text == hostile).count();
    assert_eq!(shown, 2, "the campaign's and the strategy's");
}

/// Stages, and no trial at all. The page of every curated script is read where the script is played: `campaigns.rs`.
#[test]
fn every_kind_of_run_has_a_page() {
    let scratch = Scratch::new("report-kinds");
    let stages = scratch.file("stages.yaml", CONDITIONAL);
    let (folder, _) = attack(&scratch, &stages, "stages", "--max 2048");
    let text: String = page(format!("{folder}/report.html")).iter().map(|element| element.text.clone()).collect();
    assert!(text.contains("Estimated stage by stage"));
    let (folder, _) = attack(&scratch, &format!("{ROOT}/adversaries/scripts/rare-event.yaml"), "rare", "--max 512");
    page(format!("{folder}/report.html"));
    let (folder, _) = attack(&scratch, &scratch.file("none.yaml", PLAIN), "none", "--max 0");
    page(format!("{folder}/report.html"));
}

/// The linking game is shown as what it is: nothing is touched, and no answer is wrong.
#[test]
fn a_guess_is_no_wrong_answer() {
    let scratch = Scratch::new("report-linking");
    let script = format!("{ROOT}/adversaries/scripts/linking.yaml");
    let (folder, _) = attack(&scratch, &script, "runs", "--max 512");
    let text: String = page(format!("{folder}/report.html")).iter().map(|element| element.text.clone()).collect();
    assert!(text.contains("It names those that are marked"), "{text}");
    assert!(text.contains("The named slots hold copies of one query: the server wins."), "{text}");
    assert!(text.contains("The named slots do not hold copies of one query."), "{text}");
    for untrue in ["It touches", "a query's answer is wrong", "the session breaks off"] {
        assert!(!text.contains(untrue), "{untrue}: {text}");
    }
}

/// At `plain` no slot of an honest session is listed; it is a session all the same.
#[test]
fn an_honest_session_does_not_break_off() {
    let scratch = Scratch::new("report-honest");
    for protocol in ["{ R: 8, B: 2, T: 4 }", "{ R: 512, B: 5, T: 100 }"] {
        let script = PLAIN.split("strategies:").next().unwrap().replace("{ R: 8, B: 2, T: 4 }", protocol);
        let script = scratch.file("honest.yaml", script + "strategies: [{ name: again, do: [] }]\n");
        let (folder, _) = attack(&scratch, &script, "runs", "--max 512");
        let text: String = page(format!("{folder}/report.html")).iter().map(|element| element.text.clone()).collect();
        assert!(text.contains("Accepts, and every query's answer is right."), "{text}");
        for untrue in ["the session breaks off", "those that are marked"] {
            assert!(!text.contains(untrue), "{untrue}: {text}");
        }
    }
}

/// At `plain` labels are not known: what wrong copies agree on is what the outcome says, or is left open.
#[test]
fn a_trial_says_of_copies_what_its_outcome_says() {
    let scratch = Scratch::new("report-copies");
    let head = PLAIN.split("strategies:").next().unwrap();
    let script = head.replace("{ R: 8, B: 2, T: 4 }", "{ R: 1, B: 2, T: 1 }")
        + &format!("model: {{ path: {ROOT}/examples/models/lenet_mnist_full.onnx }}\n")
        + "strategies: [{ name: two, do: [{ at: { slots: [0, 1] }, relabel: random_wrong }] }]\n";
    let (folder, _) = attack(&scratch, &scratch.file("two.yaml", script), "two", "--max 2048");
    let elements = page(format!("{folder}/report.html"));
    let articles = || elements.iter().filter(|element| element.name == "article").map(|article| &article.text);
    let agree = "copies agree, on a wrong answer";
    let of = |says: &str| articles().find(|text| text.contains(says)).unwrap_or_else(|| panic!("{says}"));
    assert!(!of("Rejects: copies of one query disagree.").contains(agree));
    assert!(of("The server wins.").contains(agree));

    let script = head.replace("{ R: 8, B: 2, T: 4 }", "{ R: 2, B: 20, T: 1 }")
        + "strategies: [{ name: one, do: [{ at: { random: 1 }, relabel: next }] }]\n";
    let (folder, _) = attack(&scratch, &scratch.file("one.yaml", script), "one", "--max 1024");
    let text: String = page(format!("{folder}/report.html")).iter().map(|element| element.text.clone()).collect();
    assert!(text.contains("and 11 more, untouched"), "{text}");
}

#[test]
fn two_runs_side_by_side() {
    let scratch = Scratch::new("report-diff");
    let script = scratch.file("plain.yaml", PLAIN);
    let (first, _) = attack(&scratch, &script, "first", "--max 4096");
    let (second, _) = attack(&scratch, &script, "second", "--max 4096 --seed 9 --only guess-one");
    // Three slots are touched: it never wins.
    let changed = scratch.file("changed.yaml", PLAIN.replacen("{ random: 2 }, relabel", "{ random: 3 }, relabel", 1));
    let (third, _) = attack(&scratch, &changed, "third", "--max 4096 --only guess-one");
    let text = |a: &str, b: &str| {
        let outcome = sim(&["report", "--diff", a, b], "");
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert!(outcome.stdout.starts_with(b), "{}", outcome.stdout);
        let elements = page(outcome.stdout.trim());
        elements.iter().find(|element| element.name == "main").unwrap().text.clone()
    };
    let likewise = text(&first, &second);
    for says in ["can be the same for every strategy", "mixed is in A alone", "seed", "✓ consistent"] {
        assert!(likewise.contains(says), "{says}: {likewise}");
    }
    let apart = text(&first, &third);
    assert!(apart.contains("The measured rates of guess-one can not be the same in both runs"), "{apart}");
    assert!(text(&first, &first).contains("Both are runs of one campaign"));
    let other = scratch.file("other.yaml", PLAIN.replace("T: 4", "T: 5"));
    let (fourth, _) = attack(&scratch, &other, "fourth", "--max 1024 --only guess-one");
    let of_others = text(&first, &fourth);
    assert!(of_others.contains("The runs are of different parameters (publics T)"), "{of_others}");
    assert!(!of_others.contains("can be the same for every strategy"), "{of_others}");
}

#[test]
fn what_is_no_finished_run_is_refused_by_name() {
    let scratch = Scratch::new("report-bad");
    let script = scratch.file("plain.yaml", PLAIN);
    let (folder, _) = attack(&scratch, &script, "runs", "--max 2048 --only guess-one");
    let refused = |line: &[&str], says: &str| {
        let outcome = sim(line, "");
        assert_eq!((outcome.code, outcome.stdout.as_str()), (64, ""), "{line:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(says) && outcome.stderr.lines().count() == 1, "{line:?}: {}", outcome.stderr);
    };
    refused(&["report", &scratch.path("absent")], "not the folder of a run");
    refused(&["report", &scratch.path("runs")], "not the folder of a run");
    refused(&["report", "--diff", &folder, &scratch.path("absent")], "not the folder of a run");
    let file = |name: &str| Path::new(&folder).join(name);
    let in_the_way = scratch.file("in-the-way", "x");
    for path in [in_the_way.clone(), format!("{in_the_way}/figures")] {
        refused(&["report", &folder, "--figures", &path], "--figures");
        refused(&["report", &folder, "--figures", &path], "a file is in the way of the folder");
    }
    let damage: [(&str, &str, &str); 6] = [
        ("env.json", "[]", "expected a map"),
        ("env.json", "{}", "missing field `arch`"),
        ("result.json", "{\"verdict\": 3", "result.json"),
        ("exemplars/honest-harmless.json", "[]", "honest-harmless.json"),
        ("script.yaml", "schema: fusion/campaign/v1\nname: x\n", "script.yaml"),
        (
            "script.yaml",
            &PLAIN.replace("B: 2, T: 4", "B: auto, T: auto").replace("fidelity", "goal: { lambda: 9 }\nfidelity"),
            "not the resolved script",
        ),
    ];
    for (name, text, says) in damage {
        let before = std::fs::read(file(name)).unwrap();
        std::fs::write(file(name), text).unwrap();
        refused(&["report", &folder], says);
        if !["env.json", "script.yaml"].contains(&name) {
            refused(&["report", &folder], &format!("; sim attack --resume {folder} rebuilds it"));
            let resumed = sim(&["attack", "--resume", &folder], "");
            assert_eq!(sim(&["report", &folder], "").code, 0, "{}", resumed.stderr);
        }
        std::fs::write(file(name), before).unwrap();
    }
    // Another's run, edited: more queries than there are, slots beyond the last.
    let name = "exemplars/guess-one-public_wrong.json";
    let before = std::fs::read_to_string(file(name)).unwrap();
    let mut exemplar: Value = serde_json::from_str(&before).unwrap();
    let slots = exemplar["sessions"][0]["slots"].as_array_mut().unwrap();
    let slot = slots[0].clone();
    slots.extend((0..99).map(|query| {
        let mut slot = slot.clone();
        (slot["query"], slot["public"], slot["slot"]) = (query.into(), Value::Null, (u32::MAX - query).into());
        slot
    }));
    std::fs::write(file(name), exemplar.to_string()).unwrap();
    assert_eq!(sim(&["report", &folder], "").code, 0);
    std::fs::write(file(name), before).unwrap();
    let concluded = std::fs::read(file("result.json")).unwrap();
    std::fs::remove_file(file("result.json")).unwrap();
    refused(&["report", &folder], "not finished");
    std::fs::write(file("result.json"), concluded).unwrap();
    assert_eq!(sim(&["report", last(&folder).to_str().unwrap()], "").code, 0);
}

/// A hypothesis is marked only where it is broken, or where the protocols of the run argue for it: at `plain` there are none.
#[test]
fn hypotheses_say_what_they_rest_on() {
    let scratch = Scratch::new("report-hypotheses");
    let shown = |script: &str, name: &str, more: &str| {
        let (folder, outcome) = attack(&scratch, script, name, more);
        assert!([0, 3].contains(&outcome.code), "{}", outcome.stderr);
        let elements = page(format!("{folder}/report.html"));
        let of = |name: &str| {
            let texts = elements.iter().filter(move |element| element.name == name).map(|element| &element.text);
            texts.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
        };
        (of("dd"), of("li"))
    };
    let script = scratch.file("plain.yaml", PLAIN);
    let (stated, conditions) = shown(&script, "plain", "--max 16");
    assert!(stated.contains(&"the permutation stays hidden: assumed".into()), "{stated:?}");
    assert!(conditions.contains(&"H2 assumed".into()) && !conditions.contains(&"✓ H2 holds".into()), "{conditions:?}");
    let script = format!("{ROOT}/adversaries/scripts/predicate.yaml");
    let (stated, conditions) = shown(&script, "real", "--max 1 --fidelity real");
    let starts = |text: &str| assert!(stated.iter().any(|stated| stated.starts_with(text)), "{text}: {stated:?}");
    starts("the permutation stays hidden: holds in cheetah because every message of the client");
    starts("the client shows nothing early: holds in cheetah because the client takes any bytes");
    starts("every session is fresh: assumed where no strategy breaks it; in cheetah a server can, by probe");
    starts("publics are not recognised: assumed");
    for condition in
        ["H1 assumed", "✓ H2 holds", "✓ H6 holds", "H7 assumed", "✗ H3 falls: what is changed depends on the input"]
    {
        assert!(conditions.contains(&condition.into()), "{condition}: {conditions:?}");
    }
}
