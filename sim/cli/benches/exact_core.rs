//! What the exact core promises: `plan` under 1 ms at `R = 2^62`, `lambda = 256`, and under 50 ms with slack or two games, or at
//! all the `R` that the explorer draws; any row that `bound` prints by default under
//! 10 ms, at `R = 2^19` too; a campaign's decision in well under a millisecond.

use divan::{Bencher, black_box};
use fusion_spec::bound::accuracy::{Game, Honest};
use fusion_spec::bound::certificate::check;
use fusion_spec::bound::plan::{Goal, Planner, plan};
use fusion_spec::evidence::{Clause, Evidence, Tolerance};
use fusion_spec::params::Lambda;
use rug::Rational;

fn main() {
    divan::main();
}

fn goal(log_R: u32, lambda: u64, min_T: u64) -> Option<Goal> {
    let lambda = Lambda::new(lambda).ok()?;
    Some(Goal { R: 1 << log_R, lambda, min_T, max_T: None, slack: None, accuracy: None, substitution: None })
}

/// `(log2 R, lambda, min_T)`.
#[divan::bench(args = [(9, 40, 100), (19, 40, 0), (62, 256, 0), (62, 256, 1 << 62), (0, 1024, 0)])]
fn plan_with_certificate(bencher: Bencher, (log_R, lambda, min_T): (u32, u64, u64)) {
    bencher.with_inputs(|| goal(log_R, lambda, min_T)).bench_values(|goal| {
        let plan = goal.and_then(|goal| plan(&goal).ok());
        plan.and_then(|plan| plan.certificate).map(|certificate| check(&certificate))
    });
}

/// `(log2 R, lambda, min_T, slack)`.
#[divan::bench(args = [(0, 128, 0, 8), (9, 40, 100, 2), (14, 40, 0, 4), (20, 128, 100, 8)])]
fn plan_with_slack(bencher: Bencher, (log_R, lambda, min_T, slack): (u32, u64, u64, u64)) {
    let with_slack = || goal(log_R, lambda, min_T).map(|goal| Goal { slack: Some(slack), ..goal });
    bencher.with_inputs(with_slack).bench_values(|goal| goal.and_then(|goal| plan(&goal).ok()));
}

/// An honest model at 0.99.
fn two_games(log_R: u32, lambda: u64, reject: (u32, u32), kappa: u64) -> Option<Goal> {
    let honest = Honest { accuracy: Rational::from((99, 100)), kappa: Lambda::new(kappa).ok()? };
    let game = Game { reject: Rational::from(reject), honest: Some(honest) };
    goal(log_R, lambda, 0).map(|goal| Goal { accuracy: Some(game), ..goal })
}

/// `(log2 R, lambda, accuracy to reject in percent, kappa)`.
#[divan::bench(args = [(3, 40, 80, 20), (12, 40, 80, 20), (12, 80, 95, 40), (14, 40, 90, 20)])]
fn plan_two_games(bencher: Bencher, (log_R, lambda, reject, kappa): (u32, u64, u32, u64)) {
    let goal = || two_games(log_R, lambda, (reject, 100), kappa);
    bencher.with_inputs(goal).bench_values(|goal| goal.and_then(|goal| plan(&goal).ok()));
}

/// The same promises at every `R = 2^0, .., 2^20`: `(lambda, accuracy to reject in percent, kappa)`.
#[divan::bench(args = [(40, 80, 20), (80, 95, 40)])]
fn series_two_games(bencher: Bencher, (lambda, reject, kappa): (u64, u32, u64)) {
    let planner = || two_games(0, lambda, (reject, 100), kappa).map(Planner::new);
    let all = |planner: Planner| (0..=20).map(|log_R| planner.at(1 << log_R).ok()).collect::<Vec<_>>();
    bencher.with_inputs(planner).bench_values(|planner| planner.map(all));
}

/// The whole command, its JSON included: three rows at the most.
#[divan::bench(args = [
    "--R 8 --B 8 --T 100",
    "--R 512 --B 5 --T 100",
    "--R 524288 --B 3 --T 2",
    "--R 524288 --B 3 --T 100",
    "--R 524288 --B 3 --T 3000",
    "--R 524288 --B 3 --T 524288",
    "--R 4611686018427387904 --B 64 --T 100",
    "--R 8 --B 8 --T 100 --slack 20",
])]
fn bound_default_rows(line: &str) -> u8 {
    let words = ["sim", "bound", "--json"].into_iter().chain(line.split_whitespace());
    fusion_sim::run(black_box(words)).code
}

/// Trials so far.
#[divan::bench(args = [1_000, 100_000, 4_000_000, 1_000_000_000])]
fn decide(bencher: Bencher, n: u64) {
    let clause = Clause::Equals(Rational::from((28, 4845)));
    let tolerance = Tolerance {
        relative: Rational::from((1, 10)),
        absolute: Rational::from((1, 1000)),
        negligible: Rational::new(),
    };
    let evidence = Evidence::new(n, n * 28 / 4845, Rational::from((1, 12_000_000)));
    bencher.bench(|| evidence.as_ref().map(|evidence| evidence.decide(black_box(&clause), &tolerance)));
}

/// Trials so far.
#[divan::bench(args = [1_000, 100_000, 4_000_000])]
fn interval(bencher: Bencher, n: u64) {
    let evidence = Evidence::new(n, n * 28 / 4845, Rational::from((1, 12_000_000)));
    bencher.bench(|| evidence.as_ref().map(|evidence| black_box(evidence).interval()));
}
