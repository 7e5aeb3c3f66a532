//! docs/gallery.md and its pictures are made from the curated scripts: their text, what `sim check` says their rates are, and one trial
//! each as `sim run` replays it. `UPDATE_GALLERY=1 cargo test -p fusion-proofs-tests --test gallery` writes them; without, they are compared.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_adversaries::library::SCRIPTS;
use fusion_proofs_tests::scratch::Scratch;
use fusion_sim::run;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The trial that each picture shows: of the strategy that says most, the first win, or what happens instead.
const SHOWN: &[(&str, &str, u64)] = &[
    ("adaptive", "at-most-two", 7),
    ("backdoor", "bright-pixel", 6),
    ("cheating", "guess-a-bit", 1),
    ("consistent", "one-group", 3),
    ("constant-label", "always-one", 205),
    ("encrypted-weights", "a-layer", 7),
    ("flaky", "one-in-a-hundred", 0),
    ("forced-label", "three-slots", 103),
    ("full-active-security", "another-network", 1),
    ("linking", "first-two", 23),
    ("look-alikes", "look-alikes", 5),
    ("low-quality", "pruned70", 7),
    ("memorised", "knows-the-publics", 0),
    ("mixed", "honest-5-two-4-four-1", 8),
    ("moved-share", "one-logit", 7),
    ("one-bit", "honest-again", 74),
    ("own-choice", "otherwise", 0),
    ("predicate", "by-a-bit", 0),
    ("probe-delta-fresh", "one-bit", 0),
    ("probe-delta", "three-bits", 4),
    ("probe-key", "one-coefficient", 0),
    ("rare-event", "one-group", 0),
    ("replay-ciphertext", "two-bits", 0),
    ("retries", "until-accepted", 0),
    ("scatter", "two-slots", 0),
    ("selective-failure", "half-the-slots", 5),
    ("selective", "three-random", 2),
    ("slack", "three-slots", 2),
    ("three-copies-real", "last-query", 2),
    ("three-copies", "one-group", 28),
    ("trojan-garbler", "inverted-bits", 1),
    ("undecodable", "a-bit-of-slot-0", 0),
    ("unmask-as-released", "one-group", 0),
    ("unmask-batch", "one-group", 0),
    ("unmask-slot-by-slot", "one-group", 0),
    ("unmask", "one-group", 0),
    ("wrong-sign", "by-a-digit", 0),
];

/// What a script at `plain` lacks for the labels of its untouched slots. All fidelities play the same trials. The pools are small: all of
/// them is evaluated.
const MODEL: &str = "\
model: { path: ../../examples/models/lenet_mnist_full.onnx }
";
const DATA: &str = "\
data:
  images: ../../examples/data/mnist_t1000-images-idx3-ubyte
  labels: ../../examples/data/mnist_t1000-labels-idx1-ubyte
  queries: 0..20
  public: { from: 500..610 }
";

fn json(arguments: &[&str]) -> Value {
    let outcome = run(arguments);
    assert!([0, 3].contains(&outcome.code), "{arguments:?}: {}", outcome.stderr);
    serde_json::from_str(outcome.stdout.lines().last().unwrap_or_default()).expect("JSON")
}

fn script(name: &str) -> &'static str {
    SCRIPTS.iter().find(|(file, _)| file.strip_suffix(".yaml") == Some(name)).expect("a script").1
}

/// The trial that is shown, with every slot.
fn trial(name: &str, strategy: &str, number: u64) -> Value {
    let mut text = script(name)
        .replace("fidelity: plain", "fidelity: ideal")
        .replace("estimator: conditional", "estimator: counting")
        // The linking game lists the two slots that it names. An honest server of the same name meets the same mix.
        .replace("link: [0, 1]", "do: []");
    for (key, more) in [("\nmodel:", MODEL), ("\ndata:", DATA)] {
        if !text.contains(key) {
            text.push_str(more);
        }
    }
    let examples = Path::new(ROOT).join("examples").canonicalize().expect("there");
    let folder = Scratch::new(&format!("gallery-{name}"));
    let path = folder.file("script.yaml", text.replace("../../examples", &examples.display().to_string()));
    json(&["sim", "run", &path, "--trial", &format!("{strategy}:{number}"), "--trace", "--json"])
}

/// A claim as `sim check` lists it.
struct Claim {
    strategy: String,
    event: String,
    /// As printed, with `<=` before a bound.
    exact: String,
    /// Security bits; none for 0.
    bits: Option<f64>,
}

fn claims(name: &str) -> Vec<Claim> {
    let path = format!("{ROOT}/adversaries/scripts/{name}.yaml");
    let printed = run(["sim", "check", &path]).stdout;
    let printed = printed.lines().skip(3).take_while(|line| !line.is_empty());
    let exact = json(&["sim", "check", &path, "--json"]);
    let exact = exact["clauses"].as_array().expect("a list");
    let mut claims = Vec::new();
    for (row, clause) in printed.zip(exact) {
        let cells: Vec<&str> = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        let [strategy, words, expected, _, _] = cells[..] else { panic!("{name}: {row}") };
        let Some(rate) = clause["expected"].as_str().filter(|_| strategy != "honest") else { continue };
        let rate: rug::Rational = rate.parse().expect("a fraction");
        let bound = if words.contains("at_most") { "<= " } else { "" };
        claims.push(Claim {
            strategy: strategy.to_string(),
            event: words.split(' ').next().unwrap_or_default().to_string(),
            exact: format!("{bound}{expected}"),
            bits: (rate != 0).then(|| -rate.to_f64().log2()),
        });
    }
    claims
}

/// The slots that the linking game names.
fn named(name: &str, strategy: &str) -> Vec<u64> {
    let line = script(name).lines().find(|line| line.contains(strategy)).unwrap_or_default();
    let Some((_, list)) = line.split_once("link: [") else { return Vec::new() };
    list.split(']').next().unwrap_or_default().split(',').filter_map(|slot| slot.trim().parse().ok()).collect()
}

const WIDTH: usize = 760;
const MARGIN: usize = 20;
/// The bars' scale ends at 2^-44.
const BITS: f64 = 44.0;

/// One slot: its kind as letters and colour, a thick frame and an arrow if it is touched, what it answers below, a cross if that is wrong.
fn draw_slot(svg: &mut String, slot: &Value, x: usize, y: usize, width: usize, touched: bool) {
    let is_public = !slot["public"].is_null();
    let (letters, fill) = if is_public {
        ("P".to_string(), "#ffe9a8")
    } else {
        let copy = slot["copy"].as_u64().expect("a copy");
        (format!("{}{}", slot["query"], char::from(b'a' + u8::try_from(copy).expect("few"))), "#d4e6f7")
    };
    let wrong = slot["wrong"].as_bool() == Some(true);
    let stroke = if touched { 2.5 } else { 0.7 };
    let dash = if is_public { r#" stroke-dasharray="3 2""# } else { "" };
    let middle = x + width / 2;
    let small = if width < 20 { 8 } else { 12 };
    let _ = writeln!(
        svg,
        r##"<rect x="{x}" y="{y}" width="{width}" height="22" fill="{fill}" stroke="#222" stroke-width="{stroke}"{dash}/>"##
    );
    let _ =
        writeln!(svg, r#"<text x="{middle}" y="{}" font-size="{small}" text-anchor="middle">{letters}</text>"#, y + 15);
    if touched {
        let _ = writeln!(svg, r#"<text x="{middle}" y="{}" font-size="9" text-anchor="middle">▼</text>"#, y - 4);
    }
    if wrong {
        let _ = writeln!(
            svg,
            r#"<text x="{middle}" y="{}" font-size="12" font-weight="bold" text-anchor="middle">✗</text>"#,
            y + 35
        );
    }
    if width >= 20 {
        let answer =
            if wrong { format!("{}→{}", slot["honest"], slot["answer"]) } else { slot["answer"].to_string() };
        let _ =
            writeln!(svg, r#"<text x="{middle}" y="{}" font-size="10" text-anchor="middle">{answer}</text>"#, y + 48);
    }
}

/// A rate on a scale of bits.
fn draw_claim(svg: &mut String, claim: &Claim, y: usize) {
    let Claim { strategy, event, exact, bits } = claim;
    let _ = writeln!(svg, r#"<text x="{MARGIN}" y="{}" font-size="12">{strategy}: {event}</text>"#, y + 11);
    let length = bits.map_or(0.0, |bits| 300.0 * (1.0 - bits / BITS));
    let dash = if exact.starts_with('<') { r#" stroke-dasharray="4 3" fill-opacity="0.3""# } else { "" };
    let _ = writeln!(
        svg,
        r##"<rect x="230" y="{y}" width="300" height="13" fill="#eee"/>
<rect x="230" y="{y}" width="{length:.1}" height="13" fill="#7a9cc6" stroke="#222" stroke-width="0.7"{dash}/>"##
    );
    let exact = exact.replace('<', "&lt;");
    let _ = writeln!(svg, r#"<text x="540" y="{}" font-size="12">{exact}</text>"#, y + 11);
}

fn picture(name: &str, strategy: &str, number: u64, claims: &[Claim]) -> String {
    let trial = trial(name, strategy, number);
    let sessions = trial["sessions"].as_array().expect("a list");
    let session = sessions.last().expect("a session");
    let slots = session["slots"].as_array().expect("a list");
    let is_named = |slot: &&Value| slot["named"].as_bool() == Some(true);
    let number_of = |slot: &Value| slot["slot"].as_u64().expect("a number");
    let mut named = named(name, strategy);
    named.extend(slots.iter().filter(is_named).map(number_of));
    let per_row = match slots.len() {
        0..=22 => slots.len(),
        23..=44 => 22,
        _ => 41,
    };
    let width = ((WIDTH - 2 * MARGIN) / per_row).min(32);
    let mut svg = String::new();
    let mut y = 58;
    for row in slots.chunks(per_row) {
        for (slot, x) in row.iter().zip((MARGIN..).step_by(width)) {
            let touched = slot["touched"].as_bool() == Some(true) || named.contains(&number_of(slot));
            draw_slot(&mut svg, slot, x, y, width, touched);
        }
        y += if width < 20 { 50 } else { 66 };
    }
    let mut outcome = session["outcome"].as_str().expect("an outcome").to_string();
    if let Some(whole) = trial["outcome"].as_str().filter(|whole| *whole != outcome) {
        let _ = write!(outcome, "; the trial: {whole}");
    }
    if let [first, second] = named[..] {
        let query = |slot: u64| slots[usize::try_from(slot).expect("few")]["query"].as_u64();
        assert!(query(first).is_some() && query(first) == query(second), "a trial that does not win");
        outcome = "win: the two slots named are copies of one query".to_string();
    }
    let of = if sessions.len() > 1 { format!(", session {} of the trial", sessions.len()) } else { String::new() };
    let _ = writeln!(svg, r#"<text x="{MARGIN}" y="{}" font-size="13" font-weight="bold">{outcome}</text>"#, y + 8);
    y += 34;
    let _ = writeln!(
        svg,
        r#"<text x="{MARGIN}" y="{y}" font-size="11">exact rates, from 2^-44 (left) to 1 (right), logarithmic; dashed: a bound</text>"#
    );
    y += 10;
    for claim in claims {
        draw_claim(&mut svg, claim, y);
        y += 20;
    }
    y += 16;
    let _ = writeln!(
        svg,
        r#"<text x="{MARGIN}" y="{y}" font-size="11">3b: copy b of query 3.  P, dashed: public.  ▼, thick: touched.  ✗: wrong.  Below: the label, honest→given.</text>"#
    );
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" font-family="sans-serif" fill="#111">
<title>{name}: trial {strategy}:{number}, {outcome}</title>
<rect width="{WIDTH}" height="{height}" rx="6" fill="#fbfbf8" stroke="#bbb"/>
<text x="{MARGIN}" y="26" font-size="14" font-weight="bold">{name}</text>
<text x="{WIDTH}" dx="-{MARGIN}" y="26" font-size="12" text-anchor="end">trial {strategy}:{number}{of}, {count} slots as shuffled</text>
{svg}</svg>
"##,
        height = y + 14,
        count = slots.len(),
    )
}

/// The comment that a script opens with, as one paragraph.
fn comment(name: &str) -> String {
    let lines: Vec<&str> = script(name).lines().map_while(|line| line.strip_prefix("# ")).collect();
    lines.join("\n")
}

fn about(name: &str) -> String {
    let line = script(name).lines().find_map(|line| line.strip_prefix("about: ")).unwrap_or_default();
    line.trim_matches('"').to_string()
}

/// The hypotheses that fail, of each strategy but the control.
fn hypotheses(name: &str) -> Vec<(String, Vec<String>)> {
    let path = format!("{ROOT}/adversaries/scripts/{name}.yaml");
    let folder = Scratch::new(&format!("gallery-{name}"));
    let runs = folder.path("runs");
    let result = json(&["sim", "attack", &path, "--max", "0", "--runs", &runs, "--json"]);
    let strategies = result["strategies"].as_array().expect("a list").iter().skip(1);
    let of = |strategy: &Value| {
        let failing = strategy["hypotheses"].as_array().expect("a list").iter();
        let failing = failing.map(|name| name.as_str().expect("a name").to_string()).collect();
        (strategy["name"].as_str().expect("a name").to_string(), failing)
    };
    strategies.map(of).collect()
}

/// One entry of the page.
fn entry(page: &mut String, name: &str, claims: &[Claim]) {
    let failing = hypotheses(name);
    let mut all: Vec<&String> = failing.iter().flat_map(|(_, names)| names).collect();
    all.sort();
    all.dedup();
    let place = if script(name).contains("link: ") && all.is_empty() {
        "a test of H2".to_string()
    } else if all.is_empty() {
        "inside the theorem".to_string()
    } else {
        let names: Vec<&str> = all.iter().map(|name| name.as_str()).collect();
        let verb = if names.len() == 1 { "fails" } else { "fail" };
        format!("outside the theorem: {} {verb}", names.join(", "))
    };
    let _ = writeln!(page, "\n## {name}\n\n{}\n\n*{place}*\n", about(name));
    let _ = writeln!(page, "{}\n\n![A trial of {name}, slot by slot](images/gallery/{name}.svg)\n", comment(name));
    let _ = writeln!(page, "| strategy | of | exact rate |\n|---|---|---|");
    for Claim { strategy, event, exact, .. } in claims {
        let _ = writeln!(page, "| {strategy} | {event} | {exact} |");
    }
    let _ = writeln!(
        page,
        "\n[Script](../adversaries/scripts/{name}.yaml); [formula and measured rates](scripts.md#{name}yaml)"
    );
}

const INTRODUCTION: &str = "\
# Gallery

This page shows one trial of each curated attack as only the client can see it: the shuffled slots, their contents, the slots that the server
touched, and the outcome. The table below each picture has the exact rate of each claim. `sim list` lists the attacks,
`sim attack adversaries/scripts/NAME.yaml` runs one, and `sim run adversaries/scripts/NAME.yaml --trial STRATEGY:K --trace` replays a trial
(`--fidelity ideal` shows untouched slots too, if the script has a model and data). *Inside the theorem* means that all
[hypotheses](GLOSSARY.md#the-hypotheses) hold, *outside* that some fail and another formula gives the rate.
[threat-model.md](threat-model.md) says what a server gains then.

This page and its pictures are generated by `proofs-tests/tests/gallery.rs`, which also fails when they are out of date.
";

/// The file is as it must be, or becomes so.
fn hold(path: &Path, content: &str) {
    if std::env::var_os("UPDATE_GALLERY").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("creatable");
        fs::write(path, content).expect("writable");
    } else {
        let there = fs::read_to_string(path).unwrap_or_default();
        assert!(there == content, "{} is out of date: UPDATE_GALLERY=1 writes it anew", path.display());
    }
}

#[test]
fn the_page_and_its_pictures_are_as_generated() {
    let docs = Path::new(ROOT).join("docs");
    let pictures = docs.join("images/gallery");
    let mut page = INTRODUCTION.to_string();
    for (name, strategy, number) in SHOWN {
        let claims = claims(name);
        hold(&pictures.join(format!("{name}.svg")), &picture(name, strategy, *number, &claims));
        entry(&mut page, name, &claims);
    }
    hold(&docs.join("gallery.md"), &page);
    assert_eq!(fs::read_dir(&pictures).expect("a folder").count(), SHOWN.len(), "a picture of no script");
}

#[test]
fn every_curated_script_is_shown() {
    let shown: Vec<String> = SHOWN.iter().map(|(name, _, _)| format!("{name}.yaml")).collect();
    assert!(SCRIPTS.iter().map(|(file, _)| *file).eq(shown.iter().map(String::as_str)));
}
