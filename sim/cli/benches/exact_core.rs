//! What the exact core promises: `plan` under 1 ms at `R = 2^62`, `lambda = 256`; any row that `bound` prints by default under
//! 10 ms, at `R = 2^19` too; a campaign's decision in well under a millisecond.

use divan::{Bencher, black_box};
use fusion_spec::bound::certificate::check;
use fusion_spec::bound::plan::{Goal, plan};
use fusion_spec::evidence::{Clause, Evidence, Tolerance};
use fusion_spec::params::Lambda;
use rug::Rational;

fn main() {
    divan::main();
}

fn goal(log_R: u32, lambda: u64, min_T: u64) -> Option<Goal> {
    let lambda = Lambda::new(lambda).ok()?;
    Some(Goal { R: 1 << log_R, lambda, min_T, slack: None, accuracy: None })
}

/// `(log2 R, lambda, min_T)`.
#[divan::bench(args = [(9, 40, 100), (19, 40, 0), (62, 256, 0), (62, 256, 1 << 62), (0, 1024, 0)])]
fn plan_with_certificate(bencher: Bencher, (log_R, lambda, min_T): (u32, u64, u64)) {
    bencher.with_inputs(|| goal(log_R, lambda, min_T)).bench_values(|goal| {
        let plan = goal.and_then(|goal| plan(&goal).ok());
        plan.and_then(|plan| plan.certificate).map(|certificate| check(&certificate))
    });
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
    let tolerance = Tolerance { relative: Rational::from((1, 10)), absolute: Rational::from((1, 1000)) };
    let evidence = Evidence::new(n, n * 28 / 4845, Rational::from((1, 12_000_000)));
    bencher.bench(|| evidence.as_ref().map(|evidence| evidence.decide(black_box(&clause), &tolerance)));
}

/// Trials so far.
#[divan::bench(args = [1_000, 100_000, 4_000_000])]
fn interval(bencher: Bencher, n: u64) {
    let evidence = Evidence::new(n, n * 28 / 4845, Rational::from((1, 12_000_000)));
    bencher.bench(|| evidence.as_ref().map(|evidence| black_box(evidence).interval()));
}
