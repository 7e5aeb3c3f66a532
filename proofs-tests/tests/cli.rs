//! The command line: published answers, bad input, arbitrary arguments, the streams.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use common::assert_one_line;
use fusion_proofs_tests::scratch::Scratch;
use fusion_sim::{CommandOutput, run};
use proptest::prelude::*;
use rug::Rational;
use serde_json::Value;

fn sim(line: &str) -> CommandOutput {
    run(std::iter::once("sim").chain(line.split_whitespace()))
}

fn json(line: &str) -> Value {
    let outcome = sim(line);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "sim {line}");
    serde_json::from_str(&outcome.stdout).expect("one JSON document")
}

#[test]
fn published_plans() {
    for (R, held, free) in [
        (8_u64, (8, 100, "41/2"), (10, 14, "47/4")),
        (32, (7, 100, "81/8"), (8, 7, "263/32")),
        (128, (6, 100, "217/32"), (6, 5, "773/128")),
        (512, (5, 100, "665/128"), (5, 4, "641/128")),
        (8192, (4, 100, "8217/2048"), (4, 3, "32771/8192")),
        (524_288, (3, 100, "393241/131072"), (3, 2, "786433/262144")),
    ] {
        for (min_T, (B, T, cost)) in [(100, held), (0, free)] {
            let plan = json(&format!("plan --R {R} --lambda 40 --min-T {min_T} --json"));
            assert_eq!((&plan["B"], &plan["T"]), (&Value::from(B), &Value::from(T)), "R={R}");
            assert_eq!(plan["cost"].as_str(), Some(cost), "R={R}");
            let (numer, denom) = cost.split_once('/').expect("a fraction");
            let decimal = numer.parse::<f64>().expect("digits") / denom.parse::<f64>().expect("digits");
            assert_eq!(plan["cost_decimal"].as_f64(), Some(decimal), "R={R}");
            assert_eq!(plan["N"].as_u64(), Some(R * B + T));
            assert!(plan["bits"].as_f64() >= Some(40.0) && plan["certificate"].is_object());
        }
    }
}

#[test]
fn the_exact_values_at_8_2_4() {
    let bound = json("bound --R 8 --B 2 --T 4 --k 2..4 --json");
    let row = |k: usize, key: &str| bound["rows"][k - 2][key].clone();
    assert_eq!(row(2, "pr_success"), "4/95");
    assert_eq!((row(2, "pr_e_t"), row(2, "pr_e_b")), ("12/19".into(), "1/15".into()));
    assert_eq!(row(4, "pr_success"), "28/4845");
    assert_eq!((row(3, "pr_success"), row(3, "bits"), row(3, "i")), ("0".into(), Value::Null, Value::Null));
    assert_eq!((row(3, "touch_bound"), row(4, "touch_bound")), ("12/95".into(), "1196/4845".into()));
    assert_eq!(bound["worst"]["k"], 2);
}

#[test]
fn numbers_past_64_bits_are_json_integers() {
    let outcome = sim("bound --R 2^62 --B 2^10 --T 2^62 --json");
    assert!(outcome.stdout.contains(r#""N":4726978168888072601600,"#), "{outcome:?}");
    let plan = sim("plan --R 2^62 --lambda 256 --min-T 2^62 --json");
    assert!(plan.stdout.contains(r#""N":32281802128991715328,"#), "{plan:?}");
}

#[test]
fn text_and_json_snapshots() {
    for (name, line) in [
        ("plan", "plan --R 512 --lambda 40 --min-T 100"),
        ("plan_two_games", "plan --R 512 --lambda 40 --reject-acc 0.80 --honest-acc 0.99 --kappa 20"),
        ("plan_json", "plan --R 8 --lambda 40 --reject-acc 80% --json"),
        ("plan_few_publics", "plan --R 2048 --lambda 50 --max-T 100"),
        ("plan_grid", "plan --grid --R 8,2^5 --lambda 40,80 --min-T 100"),
        ("bound", "bound --R 8 --B 2 --T 4"),
        ("bound_every_k", "bound --R 3 --B 2 --T 2 --slack 1 --k 1..8"),
        ("bound_json", "bound --R 8 --B 2 --T 4 --json"),
        ("bound_accuracy", "bound --R 512 --B 5 --T 100 --reject-acc 0.9 --honest-acc 0.99"),
        ("bound_accuracy_long", "bound --R 2 --B 3 --T 1000000000000000000 --reject-acc 0.9 --honest-acc 0.99"),
        ("bound_accuracy_long_json", "bound --R 2 --B 2 --T 1000000000000 --slack 1 --reject-acc 0.9 --json"),
        ("bound_long", "bound --R 2^40 --B 3 --T 2^40"),
        ("help", "--help"),
        ("help_plan", "plan --help"),
        ("help_bound", "bound --help"),
    ] {
        let outcome = sim(line);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "sim {line}");
        insta::assert_snapshot!(name, outcome.stdout, line);
    }
}

/// One line each, exit code 64, nothing on stdout: the arguments, and what the line must say.
const BAD: &[(&str, &str)] = &[
    ("", "a command is needed"),
    ("attac", "unrecognized subcommand 'attac'"),
    ("plam --R 8", "a similar subcommand exists: 'plan'"),
    ("--R 8", "unexpected argument '--R'"),
    // R
    ("plan --R 0 --lambda 40", "R must be from 1 to 2^62"),
    ("plan --R -1 --lambda 40", "R must be from 1 to 2^62"),
    ("plan --R 4611686018427387905 --lambda 40", "R must be from 1 to 2^62"),
    ("plan --R 18446744073709551616 --lambda 40", "R must be from 1 to 2^62"),
    ("plan --R 2^63 --lambda 40", "R must be from 1 to 2^62"),
    ("plan --R 2^999999999 --lambda 40", "not a whole number"),
    ("plan --R 3^5 --lambda 40", "not a whole number"),
    ("plan --R eight --lambda 40", "not a whole number"),
    ("plan --R 8.5 --lambda 40", "not a whole number"),
    ("plan --R 1e3 --lambda 40", "not a whole number"),
    ("plan --R 0x8 --lambda 40", "not a whole number"),
    ("plan --R +8 --lambda 40", "not a whole number"),
    ("plan --R ٨ --lambda 40", "not a whole number"),
    ("plan --R", "a value is required for '--R"),
    ("plan --lambda 40", "required arguments were not provided: --R"),
    ("plan --R 8 --R 9 --lambda 40", "--R takes one value"),
    ("plan --R 8,9 --lambda 40", "--R takes one value, and a list only with --grid"),
    ("plan --R 8, --lambda 40", "not a whole number"),
    // lambda
    ("plan --R 8", "required arguments were not provided: --lambda"),
    ("plan --R 8 --lambda 0", "lambda must be from 1 to 1024"),
    ("plan --R 8 --lambda -40", "lambda must be from 1 to 1024"),
    ("plan --R 8 --lambda 1025", "lambda must be from 1 to 1024"),
    ("plan --R 8 --lambda 1000000000", "lambda must be from 1 to 1024"),
    ("plan --R 8 --lambda forty", "not a whole number"),
    ("plan --R 8 --lambda 40,80", "--lambda takes one value"),
    // min-T, max-T and slack
    (
        "plan --R 8 --lambda 40 --max-T 0",
        "--max-T: the correctness game: no B up to 2^20 and T up to 0 keep R = 8 queries safe at lambda = 40 and slack 0; \
         the least T at which some B does is 2",
    ),
    (
        "plan --R 8 --lambda 40 --reject-acc 0.8 --honest-acc 0.99 --kappa 20 --max-T 9",
        "--max-T: T <= 9 was asked for, and the accuracy game takes T >= 268, to reject a model at 0.8 at lambda = 40 and \
         pass one at 0.99 at kappa = 20",
    ),
    (
        "plan --R 8 --lambda 40 --reject-acc 0.8 --max-T 124",
        "--max-T: T <= 124 was asked for, and the accuracy game takes T >= 125, to reject a model at 0.8 at lambda = 40 and slack 0",
    ),
    ("plan --R 8 --lambda 40 --reject-acc 0.8 --accuracy-lambda 80 --max-T 248", "takes T >= 249, to reject"),
    ("plan --R 8 --lambda 40 --min-T 9 --max-T 8", "--max-T: T <= 8 was asked for, and T >= 9 too"),
    ("plan --R 8 --lambda 40 --slack 5 --max-T 3", "--max-T: T <= 3 was asked for, and slack 5 takes T >= 5"),
    (
        "plan --R 1 --lambda 40 --slack 0 --reject-acc 0.1 --accuracy-lambda 1 --honest-acc 0.99 --kappa 6",
        "error: the correctness game: no B up to 2^20 and T up to 1, where a model at 0.99 still passes at kappa = 6, keep R = 1",
    ),
    ("bench", "required arguments were not provided: <MODEL>"),
    ("bench a.onnx --model b.onnx", "cannot be used with"),
    ("plan --R 8 --lambda 40 --min-T -1", "T must be from 0 to 2^62"),
    ("plan --R 8 --lambda 40 --min-T 9223372036854775809", "T must be from 0 to 2^62"),
    ("plan --R 8 --lambda 40 --min-T x", "not a whole number"),
    ("plan --R 8 --lambda 40 --slack -1", "slack must be from 0 to 2^62"),
    ("plan --R 2^19 --lambda 40 --min-T 268 --slack 13", "outside the proved range"),
    (
        "plan --R 8 --lambda 40 --reject-acc 0.8 --honest-acc 0.99 --kappa 20 --slack 13 --min-T 400",
        "T >= 400 was asked for, and at slack 13 a model at 0.99 passes at kappa = 20 only up to T = 273",
    ),
    (
        "plan --R 8 --lambda 40 --reject-acc 0.8 --honest-acc 0.99 --kappa 20 --min-T 200000",
        "no slack with T from 200000 to 100000",
    ),
    (
        "plan --R 8 --lambda 40 --reject-acc 0.9999999999999999999",
        "accuracy just under 1 at lambda = 40 and slack 0 needs T beyond 4611686018427387904",
    ),
    // accuracy
    ("plan --R 8 --lambda 40 --reject-acc 1", "no T rejects it"),
    ("plan --R 8 --lambda 40 --reject-acc 1.5", "an accuracy must be from 0 to 1"),
    ("plan --R 8 --lambda 40 --reject-acc -0.5", "an accuracy must be from 0 to 1"),
    ("plan --R 8 --lambda 40 --reject-acc 120%", "an accuracy must be from 0 to 1"),
    ("plan --R 8 --lambda 40 --reject-acc nan", "not a number"),
    ("plan --R 8 --lambda 40 --reject-acc 1/0", "not a number"),
    ("plan --R 8 --lambda 40 --reject-acc 1e-99999", "not a number"),
    ("plan --R 8 --lambda 40 --honest-acc 0.99", "required arguments were not provided"),
    ("plan --R 8 --lambda 40 --kappa 20", "required arguments were not provided"),
    ("plan --R 8 --lambda 40 --reject-acc 0.8 --honest-acc 0.99", "--kappa"),
    ("plan --R 8 --lambda 40 --reject-acc 0.8 --kappa 20", "--honest-acc"),
    ("plan --R 8 --lambda 40 --reject-acc 0.8 --honest-acc 0.99 --kappa 0", "kappa must be from 1 to 1024"),
    ("plan --R 8 --lambda 40 --reject-acc 0.9 --honest-acc 0.9 --kappa 20", "must exceed"),
    ("plan --R 8 --lambda 40 --reject-acc 0.9 --honest-acc 0.8 --kappa 20", "must exceed"),
    ("plan --R 8 --lambda 40 --slack 0 --reject-acc 0.8 --honest-acc 0.99 --kappa 20", "slack 0 cannot hold both"),
    ("plan --R 8 --lambda 40 --reject-acc 0.9899 --honest-acc 0.99 --kappa 40", "no slack with T from 0 to 100000"),
    ("plan --R 2^19 --lambda 40 --reject-acc 0.8 --honest-acc 0.99 --kappa 20", "outside the proved range"),
    // grid
    ("plan --R 8 --lambda 40 --plot cost.svg", "--grid"),
    ("plan --grid --R 8 --lambda 40 --certificate c.txt", "--certificate"),
    (
        "plan --R 1 --lambda 20 --slack 5 --certificate c.txt",
        "--certificate: B=16 T=22 slack=5 has none: no smaller N suffices",
    ),
    ("plan --R 8 --lambda 40 --certificate /no/such/folder/c.txt", "its folder does not exist"),
    ("plan --grid --R 8 --lambda 40 --plot /no/such/folder/cost.svg", "its folder does not exist"),
    ("plan --grid --R 8 --lambda 40 --plot /tmp", "is a folder, not a file"),
    ("plan --grid --R 8,0 --lambda 40", "R must be from 1 to 2^62"),
    ("plan --grid --R 8 --lambda 40 --reject-acc 1", "at R = 8, lambda = 40: a model of accuracy 1"),
    ("plan --grid --quiet", "cannot be used with"),
    // bound
    ("bound --R 8 --B 2", "required arguments were not provided: --T"),
    ("bound --R 0 --B 2 --T 4", "R must be from 1 to 2^62"),
    ("bound --R 8 --B 0 --T 4", "B must be from 1 to 2^20"),
    ("bound --R 8 --B 1048577 --T 4", "B must be from 1 to 2^20"),
    ("bound --R 8 --B 2 --T 2^63", "T must be from 0 to 2^62"),
    ("bound --R 8 --B 2 --T 9223372036854775809", "T must be from 0 to 2^62"),
    ("bound --R 8 --B 2 --T 4 --slack 5", "slack must be from 0 to T = 4, not 5"),
    ("bound --R 8 --B 2 --T 0 --slack 1", "slack must be from 0 to T = 0, not 1"),
    ("bound --R 8 --B 2 --T 4 --i 5..2", "5 exceeds 2"),
    ("bound --R 8 --B 2 --T 4 --i 0..2", "it starts at 1"),
    ("bound --R 8 --B 2 --T 4 --i 1..9", "goes beyond R = 8"),
    ("bound --R 8 --B 2 --T 4 --k 1..21", "goes beyond N = 20"),
    ("bound --R 8 --B 2 --T 4 --k 20..1", "20 exceeds 1"),
    ("bound --R 8 --B 2 --T 4 --k 1..", "not a whole number"),
    ("bound --R 8 --B 2 --T 4 --k ..4", "not a whole number"),
    ("bound --R 8 --B 2 --T 4 --k 1...4", "not a whole number"),
    ("bound --R 8 --B 2 --T 4 --k -3", "out of range"),
    ("bound --R 2^62 --B 2 --T 4 --i 1..2^62", "more than 65536 rows"),
    ("bound --R 2^40 --B 2 --T 2^40 --i 2^39", "row k = 1099511627776: the exact value needs"),
    ("bound --R 2^62 --B 2^20 --T 2^62 --i 1", "row k = 1048576: the exact value needs"),
    ("bound --R 1 --B 2^20 --T 3000000 --k 2000000..2000030", "31 rows up to k = 2000030 are more than 2^26 bits"),
    ("bound --R 2^30 --B 2 --T 2^30 --slack 2", "with slack 2 >= B = 2 the worst k"),
    ("bound --R 8 --B 2 --T 2^40 --slack 1 --honest-acc 0.9", "--honest-acc: the exact value needs"),
    ("bound --R 8 --B 2 --T 4 --honest-acc 2", "an accuracy must be from 0 to 1"),
    ("bound --R 8 --B 2 --T 4 --slak 1", "a similar argument exists: '--slack'"),
    ("bound --R 8 --B 2 --T 4 extra", "unexpected argument 'extra'"),
    ("bound --R 8 --B 2 --T 4 --lambda 40", "unexpected argument '--lambda'"),
    (
        "plan --R 8 --lambda 40 --model m.onnx --extension iknp",
        "--extension: cheetah has no choice of extension `iknp`",
    ),
    ("plan --R 8 --lambda 40 --backend aby --checks some", "invalid value 'some'"),
    ("plan --R 8 --lambda 40 --backend aby --extension silent", "invalid value 'silent'"),
    ("attack a.yaml --wall 5", "not a duration such as 90s, 20m or 2h"),
    ("attack a.yaml --wall +1h", "not a duration such as 90s, 20m or 2h"),
    ("attack a.yaml --wall 0s", "not a duration such as 90s, 20m or 2h"),
    ("completions", "required arguments were not provided"),
    ("report", "required arguments were not provided"),
    ("report --diff a", "2 values required"),
    ("report a --diff b c", "cannot be used with"),
    ("report nowhere", "nowhere: not the folder of a run"),
    ("run quickstart --trial honest:281474976710656", "a trial must be from 0 to 281474976710655"),
    ("plan --R 8 --lambda 40 --backend aby", "--backend says how two parties run a model: give --model FILE too"),
    ("plan --R 8 --lambda 40 --network lan", "--network says how two parties run a model: give --model FILE too"),
    ("plan --grid --frac-bits 8", "--frac-bits says how two parties run a model: give --model FILE too"),
    ("man atack", "no command `atack`; did you mean `attack`?"),
    ("man submit-slum", "no command `submit-slum`"),
    ("completions cobol", "invalid value 'cobol'"),
];

#[test]
fn bad_input_is_one_clear_line() {
    assert!(BAD.len() >= 60);
    for (line, says) in BAD {
        assert_one_line(sim, line, says);
    }
}

/// What is unusual but legal.
#[test]
fn extremes_are_answered() {
    for line in [
        "bound --R 1 --B 1 --T 0",
        "bound --R 8 --B 2 --T 4 --slack 4",
        "bound --R 8 --B 2 --T 0 --slack 0",
        "bound --R 2^62 --B 1 --T 2^62",
        "bound --R 1 --B 2^16 --T 0 --json",
        "bound --R 8 --B 2 --T 4 --i 3 --k 20",
        "plan --R 2^62 --lambda 1024 --json",
        "plan --R 1 --lambda 1024 --min-T 2^62",
        "plan --R 8 --lambda 40 --slack 3",
        "plan --R 8 --lambda 40 --reject-acc 0",
        "plan --R 8 --lambda 40 --reject-acc 0.5 --honest-acc 1 --kappa 1024",
        "completions bash",
        "completions zsh",
        "completions fish",
        "man",
        "man attack",
        "man submit-slurm",
        "--version",
    ] {
        let CommandOutput { code, stdout, stderr } = sim(line);
        assert_eq!((code, stderr.as_str()), (0, ""), "sim {line}");
        assert!(!stdout.is_empty(), "sim {line}");
    }
}

/// What holds a plan up is what makes it cheaper when it is dropped, wherever T ends up.
#[test]
fn binding_is_what_costs() {
    for (line, binding) in [
        ("--R 8", "groups"),
        ("--R 8 --min-T 40", "min_T"),
        ("--R 8 --min-T 14", "groups"),
        ("--R 32 --min-T 39", "min_T"),
        ("--R 8 --reject-acc 0.8", "accuracy"),
        ("--R 8 --reject-acc 0.8 --min-T 130", "min_T"),
        ("--R 8 --reject-acc 0.001 --honest-acc 0.9999999 --kappa 20 --slack 0", "accuracy"),
        ("--R 8 --reject-acc 0.8 --honest-acc 0.99 --kappa 20", "accuracy"),
    ] {
        let plan = json(&format!("plan --lambda 40 {line} --json"));
        assert_eq!(plan["binding"], binding, "{line}");
    }
}

/// Of plans with the least N, the one with the least B, whatever its slack.
#[test]
fn ties_between_slacks_go_to_the_least_copies() {
    let tie = json("plan --R 2 --lambda 3 --reject-acc 0 --honest-acc 1/2 --kappa 1 --json");
    assert_eq!((&tie["N"], &tie["B"], &tie["T"], &tie["slack"]), (&9.into(), &3.into(), &3.into(), &1.into()));
}

/// Rates too long to write down are known by their logarithms, and refuse nothing.
#[test]
fn long_rates_do_not_stand_in_the_way() {
    let many = json("plan --R 8 --lambda 40 --reject-acc 0.8 --slack 1 --min-T 200000 --json");
    assert_eq!(many["T"], 200_000);
    let trusted = "--reject-acc 0.8 --honest-acc 0.999999999999 --kappa 20";
    let trusted = json(&format!("plan --R 8 --lambda 40 --min-T 500000 {trusted} --json"));
    // -log2(1 - (1 - 1e-12)^500000) = 20.93...
    let bits = trusted["accuracy"]["false_abort_bits"].as_f64().expect("a number");
    assert!((20.9..21.0).contains(&bits), "{bits}");
    let far = json("plan --R 2^30 --lambda 40 --reject-acc 0.5 --slack 1 --min-T 2^61 --json");
    assert!(far["accuracy"]["accept_bits"].as_f64() > Some(2e18));
    let wide = json("bound --R 2^62 --B 2^20 --T 2^62 --k 1 --json");
    assert_eq!((&wide["worst"]["k"], &wide["worst"]["pr_success"]), (&1_048_576.into(), &Value::Null));
    assert!(wide["worst"]["bits"].as_f64() > Some(66_000_000.0));
}

#[test]
fn a_grid_shows_the_cells_that_have_no_plan() {
    let csv = sim("plan --grid --R 8,2^19 --lambda 40 --min-T 268 --slack 13");
    assert_eq!((csv.code, csv.stderr.as_str()), (0, ""));
    let lines: Vec<_> = csv.stdout.lines().collect();
    assert!(lines[1].starts_with("8,40,268,13,10,268,348,") && lines[1].ends_with(','), "{}", lines[1]);
    assert!(lines[2].starts_with("524288,40,268,,,,,,,,,\"slack 13 >= B"), "{}", lines[2]);
}

#[test]
fn quiet_is_the_answer_alone() {
    assert_eq!(sim("plan --R 512 --lambda 40 --quiet").stdout, "B=5 T=4 slack=0\n");
    assert_eq!(sim("bound --R 8 --B 2 --T 4 --quiet").stdout, "worst: k=2 (i=1) wins with 4/95: 4.56 bits\n");
}

#[test]
fn streams_carry_no_escape_codes_off_a_terminal() {
    for line in ["plan --R 8 --lambda 40", "bound --R 8 --B 2 --T 4", "plan --help"] {
        assert!(!sim(line).stdout.contains('\u{1b}'), "sim {line}");
    }
}

#[test]
fn the_grid_is_the_plans() {
    let grid = json("plan --grid --R 8,2^9 --lambda 40,80 --json");
    let cells = grid.as_array().expect("an array");
    assert_eq!(cells.len(), 4);
    for cell in cells {
        let (R, lambda) = (cell["R"].as_u64().expect("R"), cell["lambda"].as_u64().expect("lambda"));
        assert_eq!(*cell, json(&format!("plan --R {R} --lambda {lambda} --json")));
    }
    let csv = sim("plan --grid").stdout;
    assert_eq!(csv.lines().count(), 1 + 3 * 21);
    assert!(csv.lines().all(|line| line.split(',').count() == 11), "no column that is always empty");
    let csv = sim("plan --grid --R 8,2^40 --lambda 40 --slack 20").stdout;
    let [heading, planned, refused] = csv.lines().collect::<Vec<_>>()[..] else { panic!("{csv}") };
    assert!(heading.ends_with(",bits,binding,problem") && planned.ends_with(",publics,"), "{csv}");
    assert!(refused.contains(",40,0,,,,,,,,,\"slack 20 >= B = 2 is outside the proved range"), "{csv}");
}

#[test]
fn the_plot_is_drawn_with_the_published_points() {
    let folder = Scratch::new("cost");
    let name = folder.path("cost.svg");
    let outcome = sim(&format!("plan --grid --R 8,32,128 --lambda 40,80 --plot {name}"));
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    let svg = std::fs::read_to_string(&name).expect("written");
    assert!(svg.starts_with("<svg"));
    for label in ["(8,100)", "(7,100)", "(6,100)", "(5,100)", "(4,100)", "(3,100)", "lambda = 40", "lambda = 80"] {
        assert!(svg.contains(label), "{label}");
    }
}

/// The line that the checker extracted from Coq reads; the same certificate is in `Vectors.v`, so that `make proofs` accepts it.
#[test]
fn a_certificate_is_written_as_a_line_of_the_vectors() {
    let folder = Scratch::new("certificate");
    let name = folder.path("certificate.txt");
    for (R, line) in [(8, "certificate 8 40 0 10 14 10 9 = 1\n"), (512, "certificate 512 40 0 5 4 4 3 = 1\n")] {
        let outcome = sim(&format!("plan --R {R} --lambda 40 --quiet --certificate {name}"));
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
        assert_eq!(std::fs::read_to_string(&name).expect("written"), line);
        assert!(include_str!("../../spec/coq/vectors.txt").contains(line), "{line}");
    }
}

#[test]
fn an_unwritable_plot_is_an_io_error() {
    let outcome = sim("plan --grid --R 8 --lambda 40 --plot /dev/full");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (74, ""), "{}", outcome.stderr);
    assert!(outcome.stderr.starts_with("error: writing /dev/full: "));
}

/// Where a folder is asked for and a file is there, or the other way round, the flag is wrong; what the system refuses is an I/O error.
#[test]
fn a_path_of_the_wrong_kind_is_a_wrong_flag() {
    let scratch = Scratch::new("wrong-kind");
    let (file, folder) = (scratch.file("file", "x"), scratch.display().to_string());
    for (line, says) in [
        (format!("init {file}/x.yaml"), "there is no such folder"),
        (format!("init {folder}"), "already exists"),
        (format!("init {folder}/"), "the name of a folder: give that of a file"),
        (format!("plan --R 8 --lambda 40 --certificate {file}/x"), "its folder does not exist"),
        (format!("party init {file}"), "file: a file is in the way of the folder"),
        (format!("party init {file}/x"), "a file is in the way of the folder"),
        (format!("attack quickstart --max 1 --runs {file}"), "is not a folder"),
        (format!("sweep quickstart --max 1 --out {file}"), "a file is in the way of the folder"),
    ] {
        let CommandOutput { code, stdout, stderr } = sim(&line);
        assert_eq!((code, stdout.as_str(), stderr.lines().count()), (64, "", 1), "sim {line}: {stderr}");
        assert!(stderr.contains(says), "sim {line}: {stderr}");
    }
    assert_eq!(std::fs::read_to_string(&file).expect("there"), "x");
}

/// What is predicted of each family is of the same batch and network as what would be measured, and a flag of one family does not go with it.
#[test]
fn predictions_are_of_every_family() {
    let line = "bench built-in:/small_mnist.onnx --predict --batch 2,3";
    let found = json(&format!("{line} --json"));
    let measured = &json("bench built-in:/small_mnist.onnx --batch 3 --json")[0];
    assert_eq!([&found[0]["batch"], &found[1]["batch"]], [2, 3]);
    let families = found[1]["families"].as_array().expect("a list");
    let names = ["cheetah", "cryptflow2-ot", "cryptflow2-he", "delphi", "aby", "aby-32"];
    assert!(families.iter().map(|family| &family["backend"]).eq(&names), "{families:?}");
    for key in ["client_sent_bytes", "server_sent_bytes"] {
        assert_eq!(families[0]["per_inference"][key], measured["per_inference"][key], "{key}");
    }
    assert_eq!((&families[0]["reasons"], &found[1]["network"]), (&Value::Array(Vec::new()), &measured["network"]));
    let text = sim(line).stdout;
    assert!(names.iter().all(|name| text.matches(&format!("\n {name} ")).count() == 2), "{text}");
    assert_one_line(sim, &format!("{line} --backend aby"), "cannot be used with");
}

/// Inferences with full active security are exact, send what is predicted but for proofs that are tried again, and their error is the sum of its terms.
#[test]
fn full_active_security_is_measured_and_predicted() {
    is_measured_and_predicted("elements", 1, ("active", 6));
    is_measured_and_predicted("matrices", 2, ("active_matrices", 7));
    for (flags, says) in [
        ("--triples matrices", "--active"),
        ("--active --triples tensors", "tensors"),
        ("--active --batch 8192", "triples, and at most 16777216 are run"),
        ("--active --backend delphi", "cannot be used with"),
        ("--active --predict", "cannot be used with"),
    ] {
        assert_one_line(sim, &format!("bench built-in:/small_mnist.onnx {flags}"), says);
    }
}

fn is_measured_and_predicted(triples: &str, batch: u32, (key, count): (&str, usize)) {
    let line = format!("bench built-in:/small_mnist.onnx --batch {batch} --json");
    let measured = &json(&format!("{line} --active --triples {triples}"))[0];
    let predicted = &json(&format!("{line} --predict"))[0][key];
    assert_eq!(measured["batch"], batch);
    assert_eq!((&measured["exact"], &predicted["backend"]), (&Value::Bool(true), &measured["protocol"]));
    let number = |value: &Value| value.as_f64().expect("a number");
    let sum = |cost: &Value| number(&cost["client_sent_bytes"]) + number(&cost["server_sent_bytes"]);
    let chance = f64::from(batch) * sum(&measured["per_inference"]) - sum(&predicted["session"]);
    let again = number(&measured["proofs_again"][0]) + number(&measured["proofs_again"][1]);
    // A commitment, a challenge, and a byte.
    assert!(chance % 49.0 == 0.0 && (0.0..=49.0 * again).contains(&chance), "{chance} bytes, {again} proofs");
    let exactly = |value: &Value| value.as_str().expect("a fraction").parse::<Rational>().expect("a fraction");
    let terms = measured["error_terms"].as_array().expect("a list");
    let total =
        terms.iter().map(|term| exactly(&term["each"]) * term["times"].as_u64().expect("a number")).sum::<Rational>();
    assert_eq!((total, terms.len()), (exactly(&measured["error_bound"]), count));
    assert!(number(&measured["error_bits"]) >= 40.0);
}

/// A plan beside full active security: of both a query, by bytes and by each link.
#[test]
fn a_plan_is_compared_with_full_active_security() {
    let line = "plan --R 2 --lambda 8 --model built-in:/small_mnist.onnx --compare active";
    let compare = &json(&format!("{line} --network 1ms,10mbit --json"))["compare"];
    let measures = compare["measures"].as_array().expect("a list");
    let names: Vec<&str> = measures.iter().filter_map(|measure| measure["quantity"].as_str()).collect();
    assert_eq!(names, ["bytes", "lan", "wan", "1ms,10mbit"]);
    for measure in measures {
        let [own, active, times] =
            ["mix_and_check", "active", "times"].map(|key| measure[key].as_f64().expect("a number"));
        assert!((active / own / times - 1.0).abs() < 1e-9 && own > 0.0, "{measure}");
        assert_eq!(measure["less_from_R"], 1, "Cheetah takes less even for one query");
    }
    let text = sim(line).stdout;
    assert!(text.contains("at every R") && text.contains("what mix-and-check does not give"), "{text}");
    assert_one_line(sim, &format!("{line} --slack 1"), "cannot be used with");
    assert_one_line(sim, "plan --R 2 --lambda 8 --compare active", "--model");
}

/// Layer by layer, bytes and rounds are those of an inference, and so are seconds without the time to compute.
#[test]
fn layers_add_up_to_an_inference() {
    let measured = &json("bench --model built-in:/small_mnist.onnx --batch 2 --json")[0];
    let layers = measured["by_layer"].as_array().expect("layers");
    let (each, number) = (&measured["per_inference"], |value: &Value| value.as_f64().expect("a number"));
    let sum = |key: &str| layers.iter().map(|layer| number(&layer[key])).sum::<f64>();
    for key in ["client_sent_bytes", "server_sent_bytes", "rounds"] {
        assert!((sum(key) - number(&each[key])).abs() < 1e-6, "{key}: {layers:?}");
    }
    for key in ["lan_s", "wan_s"] {
        let network = number(&each[key]) - number(&each["wall_s"]);
        assert!((sum(key) - network).abs() < 1e-6, "{key}: {} of {network}", sum(key));
    }
    // What the threads of a party do outside every step is not much, and in no layer.
    for key in ["client_cpu_s", "server_cpu_s"] {
        let (layers, whole) = (sum(key), number(&each[key]));
        assert!(layers > 0.0 && layers <= whole, "{key}: {layers} of {whole}");
    }
}

fn word() -> impl Strategy<Value = String> {
    let flags = ["--R", "--B", "--T", "--lambda", "--slack", "--i", "--k", "--min-T", "--json", "--grid", "--kappa"];
    let accuracies = ["--reject-acc", "--honest-acc", "-h", "--help", "--version", "--", "-", "plan", "bound"];
    prop_oneof![
        4 => prop::sample::select(flags.to_vec()).prop_map(String::from),
        1 => prop::sample::select(accuracies.to_vec()).prop_map(String::from),
        4 => (0..40_u64).prop_map(|n| n.to_string()),
        1 => any::<i128>().prop_map(|n| n.to_string()),
        1 => (0..130_u32).prop_map(|e| format!("2^{e}")),
        1 => (0..9_u32, 0..9_u32).prop_map(|(a, b)| format!("{a}..{b}")),
        1 => (0..120_u32).prop_map(|n| format!("0.{n}")),
        1 => ".{0,12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Any argument strings end in an answer or one line, never in a panic, and with a stated exit code.
    #[test]
    fn arbitrary_arguments(words in prop::collection::vec(word(), 0..12), command in 0..3_usize) {
        let head = ["sim", ["plan", "bound", ""][command]].into_iter().filter(|word| !word.is_empty());
        let CommandOutput { code, stdout, stderr } = run(head.map(String::from).chain(words));
        match code {
            0 => prop_assert!(stderr.is_empty() && !stdout.is_empty()),
            64 => prop_assert!(stdout.is_empty() && stderr.lines().count() == 1, "{stderr}"),
            _ => prop_assert!(false, "exit code {code}: {stderr}"),
        }
    }
}
