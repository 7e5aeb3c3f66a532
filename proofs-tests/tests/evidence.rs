//! The confidence sequence keeps its promise at every number of trials at once.

use fusion_spec::evidence::{Clause, Decision, Evidence, Tolerance};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use rug::Rational;

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

/// The set shrinks: a far rate is refuted and a near one passes, at sizes a campaign reaches.
#[test]
fn decisions_sharpen_with_trials() {
    let alpha = Rational::from((1, 1_000_000));
    let tolerance = Tolerance { relative: Rational::from((1, 10)), absolute: Rational::from((1, 1000)) };
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
