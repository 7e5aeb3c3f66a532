//! Claims about a rate, and how evidence decides them.

use super::confidence::Evidence;
use rug::Rational;

/// A claim about a rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    /// The rate is exactly this.
    Equals(Rational),
    /// The rate is at most this.
    AtMost(Rational),
}

/// How far the true rate may be from a claimed one that passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tolerance {
    /// The tolerance as a share of the claimed rate `p` or of `1 - p`, whichever is less. A claim of a rate near 1 is really one about its complement,
    /// which is rare.
    pub relative: Rational,
    /// The tolerance itself, where the claimed rate is certain and a share of it would be nothing.
    pub absolute: Rational,
    /// The largest claimed rate that is certain beside 1, as no number of trials tells it from 0: the bound of a protocol on its own errors, or 0.
    pub negligible: Rational,
}

impl Tolerance {
    /// Returns how far from a claimed rate the true one may be on either side: $\delta = w \min(p, 1-p)$ with $w$ the relative
    /// tolerance, and the absolute tolerance where $p$ is certain.
    ///
    /// ```
    /// use fusion_spec::evidence::Tolerance;
    /// use rug::Rational;
    ///
    /// let within = Tolerance { relative: Rational::from((1, 10)), absolute: Rational::from((1, 1000)), negligible: Rational::from((1, 1_u64 << 40)) };
    /// assert_eq!(within.around(&Rational::from((4, 95))), Rational::from((4, 950)));
    /// assert_eq!(within.around(&Rational::from((98, 100))), Rational::from((2, 1000)), "a tenth of the 2 % that are left");
    /// assert_eq!([0, 1].map(|certain| within.around(&certain.into())), [(); 2].map(|()| Rational::from((1, 1000))));
    /// assert_eq!(within.around(&within.negligible), Rational::from((1, 1000)));
    /// ```
    #[must_use]
    pub fn around(&self, claimed: &Rational) -> Rational {
        if self.is_certain(claimed) {
            return self.absolute.clone();
        }
        let rest = Rational::from(1 - claimed);
        Rational::from(&self.relative * claimed.min(&rest))
    }

    /// Returns the tolerance that is used for a claimed rate `p`: the absolute one where `p` is certain, and otherwise the relative one, which is a
    /// share of `min(p, 1 - p)`.
    #[must_use]
    pub fn used_for(&self, claimed: &Rational) -> &Rational {
        if self.is_certain(claimed) { &self.absolute } else { &self.relative }
    }

    /// Whether a claimed rate is that of an event that always happens, or never as far as trials can tell.
    fn is_certain(&self, claimed: &Rational) -> bool {
        *claimed <= self.negligible || *claimed == 1
    }
}

/// What the evidence says of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The rate is as claimed, within the tolerance.
    Pass,
    /// The rate is not as claimed.
    Refuted,
    /// The evidence does not decide the claim yet, and more trials are needed. Zero trials decide nothing.
    Inconclusive,
}

/// The rule by which a claim of an exact rate passes. Refutation has one rule, and so have bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PassRule {
    /// The confidence set lies within the tolerance. This was the rule of campaigns before semantics 6.
    UniformMixture,
    /// The claimed rate makes the trials at least `1/alpha` times as likely as either end of the tolerance does.
    LikelihoodRatio,
}

impl Evidence {
    /// Decides a claim within a tolerance, by [`PassRule::LikelihoodRatio`].
    ///
    /// With $\delta$ the tolerance and $L(p) = p^S (1-p)^{n-S}$, `Equals(p)` is refuted iff $p \notin CS_{n}$, and otherwise passes iff
    /// $L(x) \le \alpha L(p)$ for each of $x = p-\delta$ and $x = p+\delta$ that is strictly between 0 and 1 (`Sharp.v: decide_sharp_computed`).
    /// `AtMost(b)` is refuted iff $S/n \gt b$ and $b \notin CS_{n}$, and passes iff $\max CS_{n} \le b+\delta$ (`Decided.v: decide_computed`).
    #[must_use]
    pub fn decide(&self, clause: &Clause, tolerance: &Tolerance) -> Decision {
        self.decide_by(PassRule::LikelihoodRatio, clause, tolerance)
    }

    /// Decides a claim within a tolerance by a rule, as [`Evidence::decide`] does by the present one. By [`PassRule::UniformMixture`]
    /// `Equals(p)` passes iff $CS_{n} \subseteq [p-\delta, p+\delta]$ (`Decided.v: decide_computed`).
    #[must_use]
    pub fn decide_by(&self, rule: PassRule, clause: &Clause, tolerance: &Tolerance) -> Decision {
        if self.n == 0 {
            return Decision::Inconclusive;
        }
        match clause {
            Clause::Equals(p) if !self.contains(p) => Decision::Refuted,
            Clause::Equals(p) => {
                let delta = tolerance.around(p);
                let (lower, upper) = (Rational::from(p - &delta), Rational::from(p + &delta));
                let near = match rule {
                    PassRule::UniformMixture => self.all_above(&lower) && self.all_below(&upper),
                    PassRule::LikelihoodRatio => {
                        (lower <= 0 || self.outweighs(p, &lower)) && (upper >= 1 || self.outweighs(p, &upper))
                    }
                };
                if near { Decision::Pass } else { Decision::Inconclusive }
            }
            Clause::AtMost(b) if self.rate_exceeds(b) && !self.contains(b) => Decision::Refuted,
            Clause::AtMost(b) => {
                let limit = tolerance.around(b) + b;
                if self.all_below(&limit) { Decision::Pass } else { Decision::Inconclusive }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(n: u64, successes: u64) -> Evidence {
        Evidence::new(n, successes, Rational::from((1, 1000))).expect("legal")
    }

    fn tenth() -> Tolerance {
        Tolerance {
            relative: Rational::from((1, 10)),
            absolute: Rational::from((1, 1000)),
            negligible: Rational::new(),
        }
    }

    fn rational(numer: u64, denom: u64) -> Rational {
        Rational::from((numer, denom))
    }

    #[test]
    fn sure_events_are_refuted_by_one_contrary_trial() {
        let decide = |n, s, p| evidence(n, s).decide(&Clause::Equals(p), &tenth());
        assert_eq!(decide(10, 1, Rational::new()), Decision::Refuted);
        assert_eq!(decide(10, 9, Rational::from(1)), Decision::Refuted);
        assert_eq!(decide(10, 0, Rational::new()), Decision::Inconclusive);
        assert_eq!(decide(100_000, 0, Rational::new()), Decision::Pass);
        assert_eq!(decide(100_000, 100_000, Rational::from(1)), Decision::Pass);
    }

    #[test]
    fn at_most_is_one_sided() {
        let decide = |n, s, b| evidence(n, s).decide(&Clause::AtMost(b), &tenth());
        assert_eq!(decide(100_000, 1_000, rational(1, 2)), Decision::Pass);
        assert_eq!(decide(100_000, 60_000, rational(1, 2)), Decision::Refuted);
        assert_eq!(decide(10, 6, rational(1, 2)), Decision::Inconclusive);
        assert_eq!(decide(1, 1, Rational::from(1)), Decision::Pass, "a bound of 1 says nothing");
    }

    /// A server that is caught at 99.42 % of its sessions is not caught at 98 %: what is claimed of the 2 % that are not caught is
    /// off by a factor of 3.4.
    #[test]
    fn a_false_claim_near_1_does_not_pass() {
        let claim = Clause::Equals(rational(98, 100));
        assert_eq!(evidence(1_024, 1_018).decide(&claim, &tenth()), Decision::Inconclusive);
        assert_eq!(evidence(10_240, 10_181).decide(&claim, &tenth()), Decision::Refuted);
        for (claimed, successes) in [(98, 1_009), (98, 1_004), (99, 1_018), (2, 20), (1, 10)] {
            let claim = Clause::Equals(rational(claimed, 100));
            assert_ne!(
                evidence(1_024, successes).decide(&claim, &tenth()),
                Decision::Pass,
                "{successes} for {claimed} %"
            );
        }
    }

    /// What is said of a rate is said of its complement.
    #[test]
    fn a_claim_and_its_complement_are_decided_alike() {
        for (n, successes) in [(100, 3), (1_024, 1_018), (40_000, 1_000), (400_000, 5_000), (1_000_000, 990_000)] {
            for claimed in [rational(4, 855), rational(1, 80), rational(1, 40), rational(1, 3), rational(1, 2)] {
                let complement = Rational::from(1 - &claimed);
                let [claim, mirrored] = [claimed, complement].map(Clause::Equals);
                let decided = evidence(n, successes).decide(&claim, &tenth());
                assert_eq!(
                    decided,
                    evidence(n, n - successes).decide(&mirrored, &tenth()),
                    "{successes} of {n}: {claim:?}"
                );
            }
        }
    }

    /// A pass needs evidence against either end of the tolerance: here there is some against one, and none against the other.
    #[test]
    fn equals_is_two_sided() {
        let half = Clause::Equals(rational(1, 2));
        for successes in [460, 540] {
            assert_eq!(evidence(1_000, successes).decide(&half, &tenth()), Decision::Inconclusive);
        }
        assert_eq!(evidence(100_000, 50_000).decide(&half, &tenth()), Decision::Pass);
    }

    /// The likelihood ratio needs fewer trials for a pass, and refutes what the mixture refutes. Bounds are decided alike.
    #[test]
    fn the_rules_differ_in_what_passes() {
        let mut differ = 0;
        for n in (0..40_000).step_by(1_000) {
            for (a, b) in [(1, 3), (4, 95), (0, 1), (1, 1)] {
                let claimed = rational(a, b);
                for successes in [n * a / b, n * a / b + n / 50].into_iter().filter(|successes| *successes <= n) {
                    let decide = |clause: &Clause| {
                        [PassRule::UniformMixture, PassRule::LikelihoodRatio]
                            .map(|rule| evidence(n, successes).decide_by(rule, clause, &tenth()))
                    };
                    let [mixture, ratio] = decide(&Clause::Equals(claimed.clone()));
                    match (mixture, ratio) {
                        (Decision::Inconclusive, Decision::Pass) => differ += 1,
                        _ => assert_eq!(mixture, ratio, "{successes} of {n} for {claimed}"),
                    }
                    let [mixture, ratio] = decide(&Clause::AtMost(claimed.clone()));
                    assert_eq!(mixture, ratio, "{successes} of {n} for at most {claimed}");
                }
            }
        }
        assert!(differ > 5, "{differ}");
    }

    /// Where the tolerance reaches to 0 or to 1 there is no rate beyond, and one that is nothing lets nothing pass.
    #[test]
    fn ends_that_no_rate_is_beyond() {
        let within =
            |relative: Rational| Tolerance { absolute: relative.clone(), relative, negligible: Rational::new() };
        let half = Clause::Equals(rational(1, 2));
        assert_eq!(evidence(2, 1).decide(&half, &within(Rational::from(1))), Decision::Pass);
        for (claimed, successes) in [(rational(1, 2), 5_000), (Rational::new(), 0), (Rational::from(1), 10_000)] {
            let decided = evidence(10_000, successes).decide(&Clause::Equals(claimed), &within(Rational::new()));
            assert_eq!(decided, Decision::Inconclusive);
        }
        // At a third, twice as much is allowed as there is below.
        let wide = within(Rational::from(2));
        assert_eq!(evidence(30, 10).decide(&Clause::Equals(rational(1, 3)), &wide), Decision::Pass);
    }

    #[test]
    fn zero_trials_decide_nothing() {
        let everything =
            Tolerance { relative: Rational::from(10), absolute: Rational::from(10), negligible: Rational::new() };
        for clause in
            [Clause::Equals(rational(1, 2)), Clause::AtMost(Rational::from(1)), Clause::Equals(Rational::new())]
        {
            assert_eq!(evidence(0, 0).decide(&clause, &everything), Decision::Inconclusive);
        }
    }
}
