//! `sim explore` over its socket: the numbers are the command line's, and whatever is sent, it answers or refuses, and goes on.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_proofs_tests::scratch::Scratch;
use fusion_sim::run;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/models/lenet_mnist_full.onnx");

/// A page of its own, served until the test's process ends.
fn served(more: &[&str]) -> SocketAddr {
    let args = ["sim", "explore", "--port", "0"].iter().chain(more);
    let server = fusion_sim::explorer(args.copied()).expect("a free port");
    let address = server.address();
    thread::spawn(move || server.serve(std::future::pending()).expect("served"));
    address
}

/// Connects; where this process has no file descriptor left, once others are closed.
fn connected(address: SocketAddr) -> TcpStream {
    let attempts =
        (0..600).find_map(|_| TcpStream::connect(address).map_err(|_| thread::sleep(Duration::from_millis(50))).ok());
    attempts.expect("it listens")
}

/// What comes back for some bytes: all of it, until the server closes. A refusal may close before all is read.
fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = connected(address);
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(address: SocketAddr, method: &str, target: &str, headers: &str) -> String {
    exchange(address, format!("{method} {target} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n").as_bytes())
}

fn get(address: SocketAddr, target: &str) -> String {
    request(address, "GET", target, &format!("Host: {address}\r\n"))
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default()
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default()
}

fn json(answer: &str) -> Value {
    serde_json::from_str(body(answer)).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

fn sim(line: &str) -> Value {
    let outcome = run(line.split(' '));
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{line}");
    serde_json::from_str(&outcome.stdout).expect("one JSON document")
}

/// Settings: queries of the page, flags of the command.
const SETTINGS: [(&str, &str); 11] = [
    ("R=512&lambda=40", "--R 512 --lambda 40"),
    ("R=8&lambda=40&min_T=100", "--R 8 --lambda 40 --min-T 100"),
    ("R=2%5E62&lambda=1024", "--R 2^62 --lambda 1024"),
    ("R=1&lambda=1&slack=", "--R 1 --lambda 1"),
    ("R=512&lambda=40&reject_acc=0.8", "--R 512 --lambda 40 --reject-acc 0.8"),
    ("R=64&lambda=40&slack=2", "--R 64 --lambda 40 --slack 2"),
    (
        "R=8&lambda=20&reject_acc=80%25&honest_acc=99%2F100&kappa=20",
        "--R 8 --lambda 20 --reject-acc 80% --honest-acc 99/100 --kappa 20",
    ),
    ("R=524288&lambda=128&network=lan", "--R 524288 --lambda 128"),
    ("R=8&lambda=40&substitution=1%25", "--R 8 --lambda 40 --substitution 1%"),
    ("R=2^19&lambda=80&min_T=2^40", "--R 2^19 --lambda 80 --min-T 2^40"),
    ("R=3&lambda=7&min_T=5&slack=1&backend=cheetah", "--R 3 --lambda 7 --min-T 5 --slack 1"),
];

#[test]
fn numbers_are_those_of_sim_plan() {
    let address = served(&[]);
    for (query, flags) in SETTINGS {
        let answer = get(address, &format!("/api/plan?{query}"));
        assert_eq!(status(&answer), 200, "{query}: {answer}");
        let line = format!("sim plan {flags} --json");
        // As text: integers pass 2^64.
        let plan = run(line.split(' ')).stdout;
        assert!(body(&answer).contains(&format!(r#""plan":{}"#, plan.trim_end())), "{query}\n{answer}\n{plan}");
        let answer = json(&answer);
        assert!(answer["elapsed_ms"].is_number());
        let command = answer["command"].as_str().expect("text").replace('\'', "");
        assert_eq!(run(format!("{command} --json").split(' ')).stdout, plan, "{command}");
    }
}

#[test]
fn yaml_is_what_a_script_takes() {
    let address = served(&[]);
    let folder = Scratch::new("explored");
    for (query, _) in SETTINGS.iter().filter(|(query, _)| !query.contains('^') && !query.contains("%5E")) {
        let answer = json(&get(address, &format!("/api/plan?{query}")));
        let sections = answer["yaml"].as_str().expect("text");
        let script = format!(
            "schema: fusion/campaign/v1\nname: explored\n{sections}fidelity: plain\nstrategies:\n  - {{ name: none, do: [] }}\n"
        );
        let outcome = run(["sim", "check", &folder.file("explored.yaml", script)]);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{sections}");
    }
}

#[test]
fn charts_are_the_exact_core() {
    let address = served(&[]);
    let curve = json(&get(address, "/api/curve?R=8&B=2&T=4"));
    let bound = sim("sim bound --R 8 --B 2 --T 4 --k 1..20 --json");
    let points = curve["points"].as_array().expect("a list");
    let rows = bound["rows"].as_array().expect("a list");
    assert_eq!((points.len(), rows.len()), (20, 20));
    for (point, row) in points.iter().zip(rows) {
        assert_eq!((&point["k"], &point["i"], &point["bits"]), (&row["k"], &row["i"], &row["bits"]));
        assert_eq!(point["worst"].as_bool(), Some(row["k"] == bound["worst"]["k"]));
    }

    let surface = json(&get(address, "/api/surface?R=512&lambda=40&slack=0&B=5&T=4"));
    assert_eq!(surface["left_out"], 0);
    for cell in surface["cells"].as_array().expect("a list") {
        let (B, T) = (&cell["B"], &cell["T"]);
        let bound = sim(&format!("sim bound --R 512 --B {B} --T {T} --json"));
        assert_eq!(cell["bits"], bound["worst"]["bits"], "{cell}");
        assert_eq!(cell["safe"].as_bool(), Some(cell["bits"].as_f64() >= Some(40.0)), "{cell}");
    }

    let series = json(&get(address, "/api/series?R=512&lambda=40&min_T=100"));
    let points = series["points"].as_array().expect("a list");
    assert_eq!(points.len(), 21);
    let published = series["published"].as_array().expect("a list");
    assert_eq!(published.len(), 6);
    assert!(published.iter().all(|point| points.contains(point)), "the published choices are optimal at T = 100");
}

/// The R and the lambda asked for are on the map, and so are the published choices where they are optimal.
#[test]
fn the_map_is_of_plans() {
    let address = served(&[]);
    for (query, published) in [("R=500&lambda=45&min_T=100", 6), ("R=500&lambda=45", 0)] {
        let map = json(&get(address, &format!("/api/map?{query}")));
        assert_eq!(map["left_out"], 0);
        let (lambdas, all) = (map["lambda"].as_array().expect("a list"), map["R"].as_array().expect("a list"));
        assert!(lambdas.contains(&45.into()) && all.contains(&"500".into()));
        let mut marked = 0;
        for (lambda, row) in lambdas.iter().zip(map["cells"].as_array().expect("a list")) {
            for (R, cell) in all.iter().zip(row.as_array().expect("a list")) {
                let min_T = if published == 0 { 0 } else { 100 };
                let R = R.as_str().expect("text");
                let plan = sim(&format!("sim plan --R {R} --lambda {lambda} --min-T {min_T} --json"));
                assert_eq!([&cell["B"], &cell["T"], &cell["cost"]], [&plan["B"], &plan["T"], &plan["cost_decimal"]]);
                marked += usize::from(cell["published"] == true);
            }
        }
        assert_eq!(marked, published);
    }
}

/// Two games: what the theorem does not cover, and the accuracy's limits.
#[test]
fn charts_with_slack_beyond_b() {
    let address = served(&[]);
    let curve = json(&get(address, "/api/curve?R=8&B=3&T=60&slack=4"));
    let bound = sim("sim bound --R 8 --B 3 --T 60 --slack 4 --k 1..84 --json");
    for (point, row) in
        curve["points"].as_array().expect("a list").iter().zip(bound["rows"].as_array().expect("a list"))
    {
        assert_eq!((&point["k"], &point["bits"]), (&row["k"], &row["bits"]));
    }
    let query = "R=8&lambda=20&reject_acc=0.8&honest_acc=0.99&kappa=20";
    let plan = json(&get(address, &format!("/api/plan?{query}")))["plan"].clone();
    let (B, T, slack) = (&plan["B"], &plan["T"], &plan["slack"]);
    let surface = json(&get(address, &format!("/api/surface?{query}&slack={slack}&B={B}&T={T}")));
    let cells = surface["cells"].as_array().expect("a list");
    assert_eq!(
        (&cells[0]["B"], &cells[0]["T"], cells[0]["safe"].as_bool()),
        (B, T, Some(true)),
        "the plan is first, and safe"
    );
    let dearer = |cell: &Value| cell["safe"] == false || cell["cost"].as_f64() >= cells[0]["cost"].as_f64();
    assert!(cells.iter().all(dearer), "{surface}");

    // Without a slack, each number of publics has its own: that of the plan with so many.
    let surface = json(&get(address, &format!("/api/surface?{query}&B={B}&T={T}")));
    let mut planned = 0;
    for T in surface["T"].as_array().expect("a list") {
        let cells = surface["cells"].as_array().expect("a list").iter().filter(|cell| cell["T"] == *T);
        let best = cells.clone().filter(|cell| cell["safe"] == true).min_by_key(|cell| cell["B"].as_u64());
        let line = format!(
            "sim plan --R 8 --lambda 20 --min-T {T} --max-T {T} --reject-acc 0.8 --honest-acc 0.99 --kappa 20 --json"
        );
        let outcome = fusion_sim::run(line.split(' '));
        let Some(best) = best else {
            assert!(cells.clone().all(|cell| cell["safe"] == false), "{surface}");
            continue;
        };
        let plan: Value = serde_json::from_str(&outcome.stdout).expect("a plan");
        assert_eq!((&best["slack"], &best["T"]), (&plan["slack"], T), "{plan}");
        planned += usize::from(best["B"] == plan["B"]);
    }
    assert!(planned >= 4, "columns of many publics are safe too: {planned} of them in {surface}");
}

/// How the client's rule ends a session whose slots are all drawn: publics first, then copies.
fn ending(slots: &[Value], B: usize, slack: usize) -> &'static str {
    let wrong =
        |key: &str| slots.iter().filter(|slot| slot["wrong"] == true && !slot[key].is_null()).collect::<Vec<_>>();
    let copies = wrong("query");
    let of = |query: &Value| copies.iter().filter(|slot| slot["query"] == *query).count();
    if wrong("public").len() > slack {
        "caught: public_wrong"
    } else if copies.iter().any(|slot| of(&slot["query"]) != B) {
        "caught: copies_disagree"
    } else if copies.is_empty() {
        "harmless"
    } else {
        "win"
    }
}

/// A session of the page is the trial that `sim run` plays of the script beside it, and its count that of the trials up to it.
#[test]
fn a_session_is_the_trial_of_sim_run() {
    let address = served(&[]);
    let folder = Scratch::new("session");
    let mut endings = BTreeSet::new();
    for (setting, B, slack, touch) in [
        ("R=4&B=2&T=1", 2, 0, "group"),
        ("R=4&B=2&T=1", 2, 0, "one"),
        ("R=4&B=2&T=0", 2, 0, "all"),
        ("R=3&B=2&T=4&slack=2", 2, 2, "3"),
        ("R=3&B=1&T=2&slack=1", 1, 1, "0"),
    ] {
        let mut won = 0;
        for trial in 0..40 {
            let query = format!("{setting}&touch={touch}&seed=5&trial={trial}");
            let answer = json(&get(address, &format!("/api/session?{query}")));
            let slots = answer["slots"].as_array().expect("a list");
            assert_eq!(answer["outcome"], ending(slots, B, slack), "{query}: {answer}");
            endings.insert(answer["outcome"].to_string());
            won += u64::from(answer["outcome"] == "win");
            assert_eq!((&answer["won"], &answer["played"]), (&won.into(), &(trial + 1).into()), "{query}");
            let tally = answer["tally"].as_str().expect("text");
            let prefix = format!("Seed 5, trial {trial}. Won {won} of {} played", trial + 1);
            let rest = tally.strip_prefix(&prefix).unwrap_or_else(|| panic!("{tally}"));
            assert_eq!(rest.starts_with(" ("), won > 0, "no rate before there is one: {tally}");
            if trial % 8 > 1 {
                continue;
            }
            let file = folder.file("explored.yaml", answer["yaml"].as_str().expect("text"));
            let command = answer["command"].as_str().expect("text").replace("explored.yaml", &file);
            let replayed = sim(&format!("{command} --json"));
            assert_eq!(replayed["outcome"], answer["outcome"], "{command}");
            let kept =
                |slot: &Value| ["slot", "query", "copy", "public", "touched", "wrong"].map(|key| slot[key].clone());
            let touched = slots.iter().filter(|slot| slot["touched"] == true).map(kept);
            let theirs = replayed["sessions"][0]["slots"].as_array().expect("a list");
            assert!(touched.eq(theirs.iter().map(kept)), "{answer}\n{replayed}");
        }
    }
    assert_eq!(endings.len(), 4, "{endings:?}");
}

/// Before a session is played its batch is there, and what the server will do is not.
#[test]
fn a_batch_shows_nothing_before_it_is_played() {
    let address = served(&[]);
    let query = "/api/session?R=8&B=2&T=4&touch=group&seed=1";
    let (dealt, played) = (json(&get(address, query)), json(&get(address, &format!("{query}&trial=0"))));
    assert_eq!([&dealt["trial"], &dealt["outcome"], &dealt["why"]], [&Value::Null; 3]);
    assert_eq!(
        (&dealt["next"], &dealt["later"], &dealt["won"], &dealt["played"]),
        (&0.into(), &999.into(), &0.into(), &0.into())
    );
    assert_eq!(dealt["tally"], "Exact rate of wins: 4/95 = 4.211%");
    let samples = |answer: &Value| -> Vec<[Value; 4]> {
        let slots = answer["slots"].as_array().expect("a list").iter();
        slots.map(|slot| ["slot", "query", "copy", "public"].map(|key| slot[key].clone())).collect()
    };
    assert_eq!(samples(&dealt), samples(&played), "the same shuffle");
    let touched = |answer: &Value| {
        answer["slots"].as_array().expect("a list").iter().filter(|slot| slot["touched"] == true).count()
    };
    assert_eq!((touched(&dealt), touched(&played)), (0, 2));
    assert_eq!((&played["next"], &played["later"]), (&1.into(), &1000.into()));
}

/// Exact rates in words, for settings that are short and for one that is not.
#[test]
fn a_session_has_its_exact_rate() {
    let address = served(&[]);
    for (setting, says) in [
        ("R=8&B=2&T=4&touch=2", "4/95 = 4.211%"),
        ("R=8&B=2&T=4&touch=3", "0: 3 slots are never all copies of some queries"),
        (
            "R=8&B=2&T=4&slack=1&touch=all",
            "0: 20 slots are never all copies of some queries beside the publics that the slack tolerates",
        ),
        ("R=8&B=2&T=4&touch=0", "0: an honest server wins nothing"),
        ("R=8&B=8&T=100&touch=group", "2^-40.31"),
        ("R=2^14&B=3&T=100&touch=group", "2^-30.17"),
        ("R=2^14&B=3&T=100&touch=24576", "2^-32867.05"),
        ("R=1&B=1&T=0&touch=all", "1"),
    ] {
        let answer = json(&get(address, &format!("/api/session?{setting}&seed=1")));
        let tally = answer["tally"].as_str().unwrap_or_else(|| panic!("{setting}: {answer}"));
        assert_eq!(tally, format!("Exact rate of wins: {says}"), "{setting}");
        assert!(answer["slots"].as_array().is_some_and(|slots| slots.len() <= 120));
    }
}

#[test]
fn sessions_that_cannot_be_played_are_refused() {
    let address = served(&[]);
    for (query, key, says) in [
        ("B=2&T=4&touch=1&seed=1", Some("R"), "R is needed"),
        ("R=8&B=2&T=4&seed=1", Some("touch"), "touch is needed"),
        ("R=8&B=2&T=4&touch=21&seed=1", Some("touch"), "touch must be from 0 to 20"),
        ("R=8&B=2&T=4&touch=-1&seed=1", Some("touch"), "touch must be from 0 to 20"),
        ("R=8&B=2&T=4&touch=some&seed=1", Some("touch"), "not a whole number"),
        ("R=8&B=2&T=4&touch=1", Some("seed"), "seed is needed"),
        ("R=8&B=2&T=4&touch=1&seed=2^64", Some("seed"), "seed must be from 0 to"),
        ("R=8&B=2&T=4&touch=1&seed=1&trial=1000000", Some("trial"), "trial must be from 0 to 999999"),
        ("R=2^21&B=1&T=1&touch=1&seed=1", None, "N = 2097153 slots are too many for a picture"),
        ("R=2^62&B=2^20&T=2^62&touch=all&seed=1", None, "slots are too many for a picture"),
        ("R=8&B=2&T=4&touch=1&seed=1&lambda=40", None, "no key `lambda`"),
    ] {
        let answer = get(address, &format!("/api/session?{query}"));
        assert_eq!(status(&answer), 400, "{query}: {answer}");
        let problem = json(&answer);
        assert!(problem["error"].as_str().is_some_and(|error| error.contains(says)), "{query}: {answer}");
        assert_eq!(problem["key"].as_str(), key, "{query}: {answer}");
    }
    assert_eq!(status(&get(address, "/api/session?R=8&B=2&T=4&touch=1&seed=1&trial=999999")), 200);
    // The most slots, each of them touched: an answer in time, or the word that there is none.
    let most = get(address, "/api/session?R=2^20&B=2&T=0&touch=all&seed=1&trial=0");
    assert!([200, 503].contains(&status(&most)), "{most}");
}

#[test]
fn a_model_has_its_cost() {
    let address = served(&["--model", MODEL, "--network", "lan"]);
    assert_eq!(json(&get(address, "/api/about"))["network"], "lan");
    let cost = json(&get(address, "/api/cost?R=1&lambda=4&network=lan"));
    let plan = sim(&format!("sim plan --R 1 --lambda 4 --network lan --model {MODEL} --json"));
    assert_eq!(cost["per_query"]["bytes"], plan["per_query"]["bytes"], "{cost}");
    let again = json(&get(address, "/api/cost?R=1&lambda=4&network=lan"));
    assert_eq!(again, cost, "measured once");
    let command = json(&get(address, "/api/plan?R=1&lambda=4&network=lan"))["command"].clone();
    assert_eq!(command, format!("sim plan --R 1 --lambda 4 --network lan --model {MODEL}"));
    assert_eq!(status(&get(served(&[]), "/api/cost?R=1&lambda=4")), 404);
}

/// What a session of a plan sends with a family is what `sim bench` measures of a batch of as many images; that holds for every family, and two are run here.
#[test]
fn families_are_side_by_side() {
    let small = MODEL.replace("lenet_mnist_full", "small_mnist");
    let address = served(&["--model", &small]);
    let answer = json(&get(address, "/api/families?R=2&lambda=2&backend=aby-32"));
    let plan = sim("sim plan --R 2 --lambda 2 --json");
    assert_eq!(answer["inferences"], plan["N"]);
    let rows = answer["rows"].as_array().expect("a list");
    let names: Vec<&str> = rows.iter().filter_map(|row| row["family"].as_str()).collect();
    let about = json(&get(address, "/api/about"));
    let all: Vec<&str> = about["backends"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(names, all);
    for row in rows {
        let (family, predicted) = (row["family"].as_str().expect("text"), &row["predicted"]);
        assert_eq!(row["chosen"], family == "aby-32");
        assert!(
            row["problem"].is_null() && predicted["lan_s_at_most"].as_f64() < predicted["wan_s_at_most"].as_f64(),
            "{row}"
        );
        if !["cheetah", "aby-32"].contains(&family) {
            continue;
        }
        let bench = sim(&format!("sim bench {small} --batch {} --backend {family} --json", plan["N"]));
        let whole = |key: &str| {
            let each = bench[0]["per_inference"][key].as_f64().expect("a number");
            (each * plan["N"].as_f64().expect("a number")).round()
        };
        for key in ["client_sent_bytes", "server_sent_bytes"] {
            assert_eq!(predicted[key].as_f64(), Some(whole(key)), "{family} {key}");
        }
        let most = predicted["rounds_at_most"].as_f64().expect("a number");
        assert!((most - 40.0..=most).contains(&whole("rounds")), "{family}: {most}, {}", whole("rounds"));
    }
    let long = get(address, "/api/families?R=2^30&lambda=40");
    assert_eq!(status(&long), 400);
    assert!(long.contains("inferences is too long to predict here"), "{long}");
    assert_eq!(status(&get(served(&[]), "/api/families?R=1&lambda=4")), 404);
}

#[test]
fn only_its_own_page_is_answered() {
    let address = served(&[]);
    let port = address.port();
    let answer = |headers: &str| status(&request(address, "GET", "/api/plan?R=8&lambda=40", headers));
    let host = format!("Host: {address}\r\n");
    assert_eq!(answer(&host), 200);
    assert_eq!(answer(&format!("Host: LOCALHOST:{port}\r\n")), 200);
    for foreign in
        ["evil.example", "127.0.0.1", "localhost", "127.0.0.1:1", "[::1]:80", "evil.example:80@127.0.0.1", ""]
    {
        assert_eq!(answer(&format!("Host: {foreign}\r\n")), 403, "{foreign}");
    }
    assert!([400, 403].contains(&answer("")), "no host");
    assert!([400, 403].contains(&answer(&format!("{host}Host: evil.example\r\n"))), "two hosts");
    for (origin, expected) in [
        (format!("http://{address}"), 200),
        (format!("http://localhost:{port}"), 200),
        (format!("https://{address}"), 403),
        ("http://evil.example".into(), 403),
        ("null".into(), 403),
        (String::new(), 403),
    ] {
        assert_eq!(answer(&format!("{host}Origin: {origin}\r\n")), expected, "{origin}");
    }
    for (site, expected) in [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403)] {
        assert_eq!(answer(&format!("{host}Sec-Fetch-Site: {site}\r\n")), expected, "{site}");
    }
    for target in ["/api/session?R=8&B=2&T=4&touch=1&seed=1", "/mixing.js"] {
        assert_eq!(status(&request(address, "GET", target, "Host: evil.example\r\n")), 403, "{target}");
    }
    let other = format!("{host}Sec-Fetch-Site: cross-site\r\n");
    assert_eq!(status(&request(address, "GET", "/api/session?R=8&B=2&T=4&touch=1&seed=1", &other)), 403);
    // A link from elsewhere leads to the page.
    assert_eq!(status(&request(address, "GET", "/", &format!("{host}Sec-Fetch-Site: cross-site\r\n"))), 200);
    for target in ["http://evil.example/", "//evil.example/", "http://evil.example:80/api/plan?R=8&lambda=40"] {
        assert!([400, 403, 404].contains(&status(&request(address, "GET", target, &host))), "{target}");
    }
}

/// `--host` lets one more origin in, and nothing else.
#[test]
fn a_forwarded_port_is_answered_by_its_name() {
    let address = served(&["--host", "My-Desk:9000"]);
    let answer = |headers: &str| status(&request(address, "GET", "/api/plan?R=8&lambda=40", headers));
    let host = format!("Host: {address}\r\n");
    let forwarded = "Host: my-desk:9000\r\n";
    for (headers, expected) in [
        (host.clone(), 200),
        (forwarded.to_string(), 200),
        (format!("{forwarded}Origin: http://my-desk:9000\r\nSec-Fetch-Site: same-origin\r\n"), 200),
        (format!("{forwarded}Origin: http://evil.example\r\n"), 403),
        (format!("{forwarded}Origin: http://my-desk\r\n"), 403),
        (format!("{forwarded}Sec-Fetch-Site: cross-site\r\n"), 403),
        ("Host: my-desk\r\n".to_string(), 403),
        ("Host: my-desk:9001\r\n".to_string(), 403),
        ("Host: my-desk:9000.evil.example\r\n".to_string(), 403),
        ("Host: evil.example\r\n".to_string(), 403),
    ] {
        assert_eq!(answer(&headers), expected, "{headers}");
    }
    let refused = run(["sim", "explore", "--host", "my-desk"]);
    assert!(refused.code == 64 && refused.stderr.contains("such as my-desk:9000"), "{}", refused.stderr);
}

#[test]
fn methods_and_paths() {
    let address = served(&[]);
    let host = format!("Host: {address}\r\n");
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"] {
        assert_eq!(status(&request(address, method, "/api/plan?R=8&lambda=40", &host)), 405, "{method}");
    }
    assert!([400, 403, 405].contains(&status(&request(address, "CONNECT", "evil.example:80", &host))));
    for target in [
        "/",
        "/app.js",
        "/mixing.js",
        "/charts.js",
        "/style.css",
        "/icon.svg",
        "/api/about",
        "/api/plan?R=8&lambda=40",
        "/api/session?R=8&B=2&T=4&touch=1&seed=1",
    ] {
        let (whole, head) = (get(address, target), request(address, "HEAD", target, &host));
        assert_eq!((status(&whole), status(&head)), (200, 200), "{target}");
        assert!(!body(&whole).is_empty() && body(&head).is_empty(), "{target}");
    }
    for target in ["/nothing", "/../Cargo.toml", "/%2e%2e/Cargo.toml", "/api/", "/index.html/"] {
        assert_eq!(status(&get(address, target)), 404, "{target}");
    }
}

#[test]
fn every_response_carries_its_policy() {
    let address = served(&[]);
    let foreign = request(address, "GET", "/", "Host: evil.example\r\n");
    for answer in
        [get(address, "/"), get(address, "/app.js"), get(address, "/nothing"), get(address, "/api/plan?R=0"), foreign]
    {
        let head = answer.split("\r\n\r\n").next().unwrap_or_default().to_lowercase();
        for line in [
            "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
             img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "cross-origin-resource-policy: same-origin",
        ] {
            assert!(head.contains(line), "{line}\n{head}");
        }
        assert!(!head.contains("access-control"), "{head}");
    }
    let page = get(address, "/");
    for inline in ["style=", "onclick", "<style", "http://", "https://", "javascript:"] {
        assert!(!body(&page).contains(inline), "{inline}");
    }
}

#[test]
fn wrong_queries_are_told_what_is_wrong() {
    let address = served(&[]);
    let long = format!("R=8&lambda=40&slack={}", "9".repeat(90));
    for (query, key, says) in [
        ("", Some("R"), "R is needed"),
        ("R=8", Some("lambda"), "lambda is needed"),
        ("R=0&lambda=40", Some("R"), "R must be from 1 to 2^62"),
        ("R=-8&lambda=40", Some("R"), "R must be from 1 to 2^62"),
        ("R=2^63&lambda=40", Some("R"), "R must be from 1 to 2^62"),
        ("R=1e3&lambda=40", Some("R"), "not a whole number"),
        ("R=8,9&lambda=40", Some("R"), "--R takes one value"),
        ("R=8&lambda=1025", Some("lambda"), "lambda must be from 1 to 1024"),
        ("R=8&lambda=40&min_T=99999999999999999999999", Some("min_T"), "T must be from 0 to 2^62"),
        (long.as_str(), Some("slack"), "not a whole number"),
        ("R=8&lambda=40&reject_acc=1.5", Some("reject_acc"), "an accuracy must be from 0 to 1"),
        ("R=8&lambda=40&substitution=0", Some("substitution"), "it must be above 0 and up to 1"),
        ("R=8&lambda=40&honest_acc=0.99", Some("reject_acc"), "--reject-acc"),
        ("R=8&lambda=40&backend=nobody", Some("backend"), "invalid value"),
        ("R=8&lambda=40&extension=none", Some("extension"), "invalid value"),
        ("R=8&lambda=40&network=fast", Some("network"), "give lan, wan"),
        ("R=8&R=9&lambda=40", Some("R"), "R is given twice"),
        ("R=8&lambda=40&grid=1", None, "no key `grid`"),
        ("R=8&lambda=40&--json=", None, "no key `--json`"),
        ("R=8&lambda=%", None, "not percent-encoded"),
        ("R=8&lambda=%zz", None, "not percent-encoded"),
        ("%ff=8", None, "not percent-encoded"),
        ("R=8&lambda=40&reject_acc=0.9&honest_acc=0.8&kappa=20", None, "the honest accuracy must exceed"),
    ] {
        for path in ["plan", "series", "map"] {
            let answer = get(address, &format!("/api/{path}?{query}"));
            // A series is at other R, a map at other lambda too.
            if path != "plan" && status(&answer) == 200 {
                assert!(
                    json(&answer)["problem"].as_str().is_some_and(|problem| problem.contains(says)),
                    "{query}: {answer}"
                );
                continue;
            }
            assert_eq!(status(&answer), 400, "{query}: {answer}");
            let problem = json(&answer);
            assert!(problem["error"].as_str().is_some_and(|error| error.contains(says)), "{query}: {answer}");
            if path == "plan" {
                assert_eq!(problem["key"].as_str(), key, "{query}: {answer}");
            }
        }
    }
}

#[test]
fn what_is_too_long_is_refused() {
    let address = served(&[]);
    let host = format!("Host: {address}\r\n");
    assert_eq!(status(&get(address, &format!("/api/plan?R={}", "8".repeat(3000)))), 414);
    assert_eq!(status(&get(address, &format!("/{}", "a".repeat(3000)))), 414);
    for bytes in [70_000, 1 << 20, 8 << 20] {
        let refused = status(&get(address, &format!("/api/plan?R={}", "8".repeat(bytes))));
        assert!([0, 414, 431].contains(&refused), "{refused}: refused, or hung up on");
        let header = format!("{host}X: {}\r\n", "x".repeat(bytes));
        assert!([0, 200, 431].contains(&status(&request(address, "GET", "/", &header))));
    }
    let many = (0..1000).fold(host, |headers, n| format!("{headers}X-{n}: 1\r\n"));
    assert!([0, 400, 431].contains(&status(&request(address, "GET", "/", &many))));
    for noise in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n",
    ] {
        assert!([0, 400, 505].contains(&status(&exchange(address, noise))));
    }
    assert_eq!(status(&get(address, "/api/plan?R=8&lambda=40")), 200, "it goes on");
}

/// Corners that take the command line seconds are given up, and do not take the page with them.
#[test]
fn slow_corners_are_given_up() {
    let address = served(&[]);
    let slow = "/api/plan?R=1&lambda=1024&slack=99000";
    let answers: Vec<String> = thread::scope(|scope| {
        (0..3)
            .map(|_| scope.spawn(|| get(address, slow)))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|one| one.join().expect("answered"))
            .collect()
    });
    for answer in answers {
        assert!([200, 400, 503].contains(&status(&answer)), "{answer}");
        if status(&answer) == 503 {
            assert_eq!(json(&answer)["command"], "sim plan --R 1 --lambda 1024 --slack 99000");
        }
    }
    assert_eq!(status(&get(address, "/")), 200);
}

/// Clients that say nothing are no reason to stop answering others.
#[test]
fn idle_connections_do_not_block() {
    let address = served(&[]);
    let idle: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(address).expect("it listens")).collect();
    let mut half = TcpStream::connect(address).expect("it listens");
    half.write_all(b"GET /api/plan?R=8").expect("taken");
    assert_eq!(status(&get(address, "/api/plan?R=8&lambda=40")), 200);
    drop((idle, half));
}

#[test]
fn a_thousand_requests_at_once() {
    let address = served(&[]);
    let (answered, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for n in 0..1000 {
            let (answered, refused) = (&answered, &refused);
            scope.spawn(move || {
                let path = ["plan", "series", "map"][n % 3];
                let answer = get(address, &format!("/api/{path}?R={}&lambda={}", n + 1, n % 200 + 1));
                let counter = match status(&answer) {
                    200 => answered,
                    429 | 503 => refused,
                    other => panic!("request {n}: {other} {answer}"),
                };
                counter.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    let (answered, refused) = (answered.into_inner(), refused.into_inner());
    assert_eq!(answered + refused, 1000);
    assert!(answered > 0);
    assert_eq!(status(&get(address, "/")), 200);
}

/// Sockets of this process that listen, from the kernel.
#[test]
#[cfg(target_os = "linux")]
fn nothing_listens_beyond_loopback() {
    let address = served(&[]);
    let listening = |table: &str| -> Vec<String> {
        let text = std::fs::read_to_string(table).unwrap_or_default();
        let port = format!(":{:04X}", address.port());
        let fields = text.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
        let ours = fields.filter(|fields| fields[3] == "0A" && fields[1].ends_with(&port));
        ours.map(|fields| fields[1].to_string()).collect()
    };
    assert_eq!(listening("/proc/net/tcp"), [format!("0100007F:{:04X}", address.port())], "127.0.0.1 and nothing else");
    assert_eq!(listening("/proc/net/tcp6"), Vec::<String>::new());
}

#[test]
fn flags() {
    let taken = served(&[]).port().to_string();
    let outcome = run(["sim", "explore", "--port", &taken]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (74, ""));
    assert!(outcome.stderr.contains("--port 0 takes any free port"), "{}", outcome.stderr);
    for args in
        [&["--port", "70000"][..], &["--network", "fast"], &["extra"], &["--model", "no.onnx"], &["--model", file!()]]
    {
        assert_eq!(run(["sim", "explore"].iter().chain(args)).code, 64, "{args:?}");
    }
}
