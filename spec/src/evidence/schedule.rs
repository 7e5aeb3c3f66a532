//! How many trials a campaign makes before it decides, and how many it will need.

use super::clause::{Clause, Decision, PassRule, Tolerance};
use super::confidence::{Evidence, EvidenceError};
use rug::Rational;

/// Returns the number of blocks of trials at which a campaign decides next, after it decided at `blocks`. Up to 64 blocks it decides after each one, and
/// from there on whenever there are a 64th part more, rounded up. The schedule is fixed in advance, so that a verdict never depends on how fast trials arrive.
///
/// ```
/// use fusion_spec::evidence::next_checkpoint;
/// assert_eq!([0, 1, 64, 65, 6400].map(next_checkpoint), [1, 2, 65, 67, 6500]);
/// ```
#[must_use]
pub fn next_checkpoint(blocks: u64) -> u64 {
    blocks.saturating_add(blocks.div_ceil(64).max(1))
}

/// Returns the number of trials after which a true claim passes by a rule with probability 369/370: unless the count is more than three standard
/// deviations off. The claim `AtMost(b)` is taken to be true with a rate of `b`, or of 0 where `b` is negligible. The number is right to three digits, and `None` above `2^61`.
///
/// # Errors
/// [`EvidenceError::Alpha`] says that `alpha` is outside `(0, 1)`.
///
/// ```
/// use fusion_spec::evidence::{Clause, PassRule, Tolerance, trials_needed};
/// use rug::Rational;
///
/// let alpha = Rational::from((1, 1_000_000));
/// let within = Tolerance { relative: Rational::from((1, 10)), absolute: Rational::from((1, 1000)), negligible: Rational::new() };
/// let trials = |p, rule| trials_needed(&Clause::Equals(p), &within, &alpha, rule);
/// assert_eq!(trials(Rational::from((4, 95)), PassRule::UniformMixture)?, Some(211_840));
/// assert_eq!(trials(Rational::from((4, 95)), PassRule::LikelihoodRatio)?, Some(194_688));
/// assert!(trials(Rational::from((1, 1_u64 << 40)), PassRule::LikelihoodRatio)? > Some(1 << 50), "not by counting");
/// let bound = Rational::from((1, 1_u64 << 40));
/// let within = Tolerance { negligible: bound.clone(), ..within };
/// assert_eq!(trials_needed(&Clause::AtMost(bound), &within, &alpha, PassRule::LikelihoodRatio)?, Some(23_888));
/// # Ok::<(), fusion_spec::evidence::EvidenceError>(())
/// ```
pub fn trials_needed(
    clause: &Clause,
    tolerance: &Tolerance,
    alpha: &Rational,
    rule: PassRule,
) -> Result<Option<u64>, EvidenceError> {
    let (Clause::Equals(claimed) | Clause::AtMost(claimed)) = clause;
    let p = if *claimed <= tolerance.negligible { &Rational::new() } else { claimed };
    let passes = |n: u64| {
        let mean = Rational::from(p * n);
        let variance = (&mean * Rational::from(1 - p)).ceil();
        let off = (variance.numer().clone() * 9_u32).sqrt();
        let ends = [Rational::from(&mean - &off).ceil(), (mean + off).floor()];
        let mut decisions = ends.iter().map(|count| {
            let evidence = Evidence::new(n, within(count, n), alpha.clone())?;
            Ok(evidence.decide_by(rule, clause, tolerance))
        });
        decisions.try_fold(true, |all, decision| Ok(all && decision? == Decision::Pass))
    };
    let (mut enough, mut few) = (1_u64, 0);
    while !passes(enough)? {
        if enough > 1 << 60 {
            return Ok(None);
        }
        few = enough;
        enough *= 2;
    }
    // Whole counts make the last few digits jump.
    while enough - few > enough / 1024 + 1 {
        let middle = few.midpoint(enough);
        if passes(middle)? { enough = middle } else { few = middle }
    }
    Ok(Some(enough))
}

/// The whole number of successes among `n` trials that is nearest to a count.
#[expect(clippy::expect_used, reason = "what is clamped to a word fits it")]
fn within(count: &Rational, n: u64) -> u64 {
    count.numer().clone().clamp(&0, &n).to_u64().expect("it is from 0 to n")
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn checkpoints_thin_out() {
        let schedule: Vec<u64> =
            std::iter::successors(Some(0), |&blocks| Some(next_checkpoint(blocks))).take(70).collect();
        assert!(schedule[..=64].iter().copied().eq(0..=64));
        assert_eq!(schedule[65..], [65, 67, 69, 71, 73]);
        assert_eq!(next_checkpoint(6400), 6500);
        assert_eq!(next_checkpoint(u64::MAX), u64::MAX);
    }

    #[test]
    fn trials_needed_suffice_and_fewer_do_not() {
        let alpha = rational(1, 8_000_000);
        let [mixture, ratio] = [PassRule::UniformMixture, PassRule::LikelihoodRatio];
        for (rule, clause, n) in [
            (mixture, Clause::Equals(rational(4, 95)), 200_000..230_000),
            (ratio, Clause::Equals(rational(4, 95)), 200_000..215_000),
            (mixture, Clause::Equals(rational(4, 855)), 2_000_000..2_400_000),
            (ratio, Clause::Equals(rational(4, 855)), 1_800_000..2_000_000),
            (mixture, Clause::Equals(Rational::new()), 20_000..40_000),
            (ratio, Clause::Equals(Rational::new()), 15_000..17_000),
            (mixture, Clause::Equals(Rational::from(1)), 20_000..40_000),
            (ratio, Clause::Equals(Rational::from(1)), 15_000..17_000),
            (ratio, Clause::AtMost(rational(12, 95)), 50_000..80_000),
            (ratio, Clause::AtMost(Rational::from(1)), 1..2),
        ] {
            let needed = trials_needed(&clause, &tenth(), &alpha, rule).expect("legal").expect("few");
            assert!(n.contains(&needed), "{clause:?}: {needed}");
            let (Clause::Equals(p) | Clause::AtMost(p)) = &clause;
            let at = |n: u64, deviations: f64| {
                let (p, trials) = (p.to_f64(), Rational::from(n).to_f64());
                let count = trials * p + deviations * (trials * p * (1.0 - p)).sqrt();
                let count = Rational::from_f64(count.round()).expect("finite").numer().to_u64().expect("small");
                Evidence::new(n, count, alpha.clone()).expect("legal").decide_by(rule, &clause, &tenth())
            };
            assert_eq!([-2.9, 0.0, 2.9].map(|off| at(needed, off)), [Decision::Pass; 3]);
            let fewer = [-3.0, 3.0].map(|off| at(needed * 9 / 10, off));
            assert!(needed == 1 || fewer.contains(&Decision::Inconclusive), "{clause:?}");
        }
        let tiny = Clause::Equals(rational(1, u64::MAX));
        assert_eq!(trials_needed(&tiny, &tenth(), &alpha, PassRule::LikelihoodRatio), Ok(None));
    }
}
