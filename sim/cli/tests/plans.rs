//! Plans where publics have a price, where the accuracy game has bits of its own, and what a session costs.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};

/// What a command prints; it must succeed.
fn sim(line: &str) -> String {
    let outcome = fusion_sim::run(std::iter::once("sim").chain(line.split_whitespace()));
    assert_eq!(outcome.code, 0, "sim {line}: {}", outcome.stderr);
    outcome.stdout
}

fn plan(line: &str) -> Value {
    serde_json::from_str(&sim(&format!("plan --json {line}"))).expect("JSON")
}

/// The saving of 2020 publics is 33 slots in 2048 queries: 0.016 inferences each, which a price of a public above 33/2015 outweighs.
#[test]
fn a_price_moves_a_plan_to_fewer_publics() {
    let at = |price: &str| plan(&format!("--R 2048 --lambda 50 --price-of-a-public {price}"));
    let free = plan("--R 2048 --lambda 50");
    for price in ["0", "33/2015"] {
        let same = at(price);
        assert_eq!(
            [&same["B"], &same["T"], &same["certificate"]],
            [&free["B"], &free["T"], &free["certificate"]],
            "{price}"
        );
    }
    assert_eq!(
        [&free["B"], &free["T"], &free["price_of_a_public"], &free["priced_cost"]],
        [&json!(5), &json!(2020), &json!(null), &json!(null)]
    );
    let dear = at("34/2015");
    assert_eq!(
        [&dear["B"], &dear["T"], &dear["binding"], &dear["certificate"]],
        [&json!(6), &json!(5), &json!("price"), &json!(null)]
    );
    let priced = at("1/2");
    assert_eq!(priced["priced_cost"], json!("24591/4096"));
    assert_eq!(priced["session"]["publics"], 5);
    let text = sim("plan --R 2048 --lambda 50 --price-of-a-public 0.5");
    assert!(text.contains("with publics at 1/2 inferences each: 6.0036621 inferences per query"), "{text}");
    assert!(text.contains("no plan costs less at this price"), "{text}");
    let grid = sim("plan --grid --R 512,2048 --lambda 50 --price-of-a-public 1");
    let lines: Vec<&str> = grid.lines().collect();
    assert!(lines[0].ends_with(",binding,priced_cost,priced_cost_decimal"), "{grid}");
    assert!(
        lines[2].starts_with("2048,50,0,0,6,5,12293,") && lines[2].ends_with(",price,6149/1024,6.0048828125"),
        "{grid}"
    );
    let lax = fusion_sim::run("sim plan --R 512 --lambda 40 --slack 1 --price-of-a-public 1".split(' '));
    assert!(lax.code == 64 && lax.stderr.contains("a price of publics needs slack 0"), "{}", lax.stderr);
}

/// Fewer bits for the accuracy game take fewer publics, and the correctness game keeps its own.
#[test]
fn the_accuracy_game_has_bits_of_its_own() {
    let same = plan("--R 512 --lambda 40 --reject-acc 0.8");
    let own = |bits: &str| plan(&format!("--R 512 --lambda 40 --reject-acc 0.8 --accuracy-lambda {bits}"));
    assert_eq!(own("40"), same);
    let lower = own("20");
    assert_eq!([&same["T"], &lower["T"], &lower["accuracy"]["lambda"]], [&json!(125), &json!(63), &json!(20)]);
    assert!(
        lower["bits"].as_f64().expect("bits") >= 40.0
            && lower["accuracy"]["accept_bits"].as_f64().expect("bits") >= 20.0
    );
    let asked = sim("plan --R 512 --lambda 40 --reject-acc 0.8 --accuracy-lambda 20");
    let game = asked.lines().find(|line| line.contains("a model at 0.8 is accepted")).expect("a game");
    assert!(game.ends_with(" 20"), "{game}");
}

/// A session costs as many inferences as it has slots, of whatever was measured; a grid has the same columns.
#[test]
fn a_session_costs_what_its_inferences_do() {
    let model = "--model built-in:/small_mnist.onnx";
    let one = plan(&format!("--R 4 --lambda 10 {model}"));
    let number = |value: &Value| value.as_f64().expect("a number");
    let (of_query, of_session) = (&one["per_query"], &one["session"]);
    assert!((4.0 * number(&of_query["bytes"]) - number(&of_session["bytes"])).abs() < 1e-3);
    assert_eq!([&of_query["repeats"], &of_session["inferences"]], [&json!(3), &one["N"]]);
    for time in ["lan_s", "wan_s", "network_s"] {
        let [least, most] = [0, 1].map(|end| number(&of_query[format!("{time}_range")][end]));
        assert!(least <= number(&of_query[time]) && number(&of_query[time]) <= most, "{of_query}");
    }
    let text = sim(&format!("plan --R 4 --lambda 10 {model}"));
    let used = format!("\nsession: {} inferences, {} labelled samples, ", one["N"], one["T"]);
    assert!(text.contains(&used) && text.contains("\n  in 3 measurements "), "{text}");
    let grid = sim(&format!("plan --grid --R 4,3 --lambda 10 {model}"));
    let lines: Vec<Vec<&str>> = grid.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines[0][lines[0].len() - 4..], ["bytes", "lan_s", "wan_s", "network_s"]);
    let bytes: f64 = lines[1][lines[1].len() - 4].parse().expect("a number");
    assert!((bytes - number(&of_query["bytes"])).abs() < 1e-6, "{grid}");
    assert!(lines.iter().all(|line| line.len() == lines[0].len()), "{grid}");
}
