//! The confidence sequence and the rule for a pass keep their promises at every number of trials at once.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_spec::evidence::{Clause, Decision, Evidence, Tolerance};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use rug::{Integer, Rational};

/// Exact, over all paths of 60 trials: the true rate is ever outside the set with probability at most alpha.
#[test]
fn coverage_holds_over_all_paths() {
    let alpha = Rational::from((1, 20));
    for p in [(1, 2), (1, 3), (1, 10), (19, 20), (1, 100)] {
        let p = Rational::from(p);
        let q = Rational::from(1 - &p);
        // Weight of the paths with S successes that were inside at every n so far.
        let mut inside = vec![Rational::from(1)];
        for n in 1..=60_u64 {
            let mut next = vec![Rational::new(); inside.len() + 1];
            for (successes, weight) in inside.iter().enumerate() {
                next[successes] += Rational::from(weight * &q);
                next[successes + 1] += Rational::from(weight * &p);
            }
            for (successes, weight) in (0..).zip(&mut next) {
                if !Evidence::new(n, successes, alpha.clone()).expect("legal").contains(&p) {
                    *weight = Rational::new();
                }
            }
            inside = next;
        }
        let stayed: Rational = inside.into_iter().sum();
        assert!(stayed >= 1 - Rational::from(&alpha), "p={p}: {}", stayed.to_f64());
        assert!(stayed < 1, "the set excludes something");
    }
}

/// The probability that a claim passes at some of the first `trials` trials of the rate `a/b`: exact, over all paths.
fn ever_passes(claim: &Clause, tolerance: &Tolerance, alpha: &Rational, (a, b): (u32, u32), trials: u64) -> Rational {
    // Times b^n, the weight of the paths with S successes on which nothing has passed so far.
    let mut open = vec![Integer::from(1)];
    let mut all = Integer::from(1);
    let mut passed = Rational::new();
    for n in 1..=trials {
        let mut next = vec![Integer::new(); open.len() + 1];
        for (successes, weight) in open.into_iter().enumerate() {
            next[successes] += Integer::from(&weight * (b - a));
            next[successes + 1] += weight * a;
        }
        all *= b;
        for (successes, weight) in (0..).zip(&mut next) {
            let evidence = Evidence::new(n, successes, alpha.clone()).expect("legal");
            if *weight > 0 && evidence.decide(claim, tolerance) == Decision::Pass {
                passed += Rational::from((std::mem::take(weight), &all));
            }
        }
        open = next;
    }
    passed
}

/// Exact, over all paths of 150 trials: where the true rate is at an end of the tolerance, or beyond it, the claim ever passes with probability at
/// most `alpha`, and where it is what is claimed, mostly. As nothing is sampled, there is no false alarm.
#[test]
fn a_far_claim_rarely_passes_over_all_paths() {
    let alpha = Rational::from((1, 20));
    let tolerance =
        Tolerance { relative: Rational::from((3, 4)), absolute: Rational::from((1, 20)), negligible: Rational::new() };
    let mut most = Rational::new();
    for (claimed, far) in [
        // The ends are 1/12 and 7/12.
        ((1, 3), vec![(1, 12), (1, 24), (7, 12), (3, 4)]),
        // The ends are 1/8 and 7/8.
        ((1, 2), vec![(1, 8), (7, 8)]),
        // The ends are 17/20 and 23/20, which is none.
        ((4, 5), vec![(13, 20), (1, 2)]),
        ((0, 1), vec![(1, 20), (1, 10)]),
        ((1, 1), vec![(19, 20), (9, 10)]),
    ] {
        let claim = Clause::Equals(Rational::from(claimed));
        let passes = |rate| ever_passes(&claim, &tolerance, &alpha, rate, 150);
        for rate in far {
            let passed = passes(rate);
            assert!(passed <= alpha, "{claimed:?} at {rate:?}: {}", passed.to_f64());
            most = most.max(passed);
        }
        assert!(passes(claimed) > Rational::from((9, 10)), "{claimed:?}");
    }
    // The bound is nearly met, so that a rule with twice the error probability would be seen.
    assert!(Rational::from(&most * 2_u32) > alpha, "{}", most.to_f64());
}

/// The set shrinks: a far rate is refuted and a near one passes, at sizes a campaign reaches.
#[test]
fn decisions_sharpen_with_trials() {
    let alpha = Rational::from((1, 1_000_000));
    let tolerance = Tolerance {
        relative: Rational::from((1, 10)),
        absolute: Rational::from((1, 1000)),
        negligible: Rational::new(),
    };
    let mut coins = Pcg64::seed_from_u64(1);
    // 4/95 of 2^64, as a threshold on a word.
    let threshold = u64::MAX / 95 * 4;
    let n = 400_000;
    let successes = (0..n).filter(|_| coins.next_u64() < threshold).count() as u64;
    let decide = |n, s, claimed: (u32, u32)| {
        let evidence = Evidence::new(n, s, alpha.clone()).expect("legal");
        evidence.decide(&Clause::Equals(Rational::from(claimed)), &tolerance)
    };
    // A true claim is refuted, over seeds, with probability at most 1e-6.
    assert_eq!(decide(n, successes, (4, 95)), Decision::Pass);
    assert_eq!(decide(n, successes, (5, 95)), Decision::Refuted);
    assert_eq!(decide(100, 4, (4, 95)), Decision::Inconclusive);
}
