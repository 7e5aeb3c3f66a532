//! How much likelier a claimed rate makes the counted trials than another one does.

use super::confidence::Evidence;
use crate::exact::interval::Interval;
use crate::exact::log2::log2;
use crate::exact::powers::are_one;
use crate::exact::stirling::SHARP_BITS;
use rug::{Integer, Rational};
use std::cmp::Ordering;

impl Evidence {
    /// Whether a claimed rate `p` makes the trials at least `1/alpha` times as likely as a rate `x` does:
    /// `x^S (1-x)^(n-S) <= alpha p^S (1-p)^(n-S)`, and `p` makes them possible (`Sharp.v: decide_sharp_computed`).
    ///
    /// Where the true rate is `x`, or farther from `p` on the same side, this ever happens with probability at most `alpha`: the
    /// quotient is then a supermartingale (A. Wald, Sequential tests of statistical hypotheses, Ann. Math. Stat. 16, 1945; `Wald.v: far_rate_ever_outweighed`).
    pub(super) fn outweighs(&self, p: &Rational, x: &Rational) -> bool {
        let failures = self.n - self.successes;
        let impossible = |rate: &Rational| (*rate <= 0 && self.successes > 0) || (*rate >= 1 && failures > 0);
        if impossible(p) || impossible(x) {
            return !impossible(p);
        }
        let counted = [(x.clone(), p.clone(), self.successes), (1 - x.clone(), 1 - p.clone(), failures)];
        let quotients = counted.into_iter().filter(|(_, _, count)| *count > 0).map(|(x, p, count)| (x / p, count));
        let factors: Vec<(Rational, u64)> = quotients.chain([(self.alpha.clone().recip(), 1)]).collect();
        let coarse = [72, SHARP_BITS].into_iter().find_map(|bits| log2_product(&factors, bits).sign());
        coarse.unwrap_or_else(|| exactly(&factors)).is_le()
    }
}

/// `log2` of a product of powers.
fn log2_product(factors: &[(Rational, u64)], precision: u32) -> Interval {
    let mut sum = Interval::exactly(&Integer::new(), precision);
    for (base, exponent) in factors {
        sum.add(&log2(base, precision).times(&Integer::from(*exponent)));
    }
    sum
}

/// Compares a product of powers with 1: unless they are equal, more and more precision tells.
fn exactly(factors: &[(Rational, u64)]) -> Ordering {
    let both = |(base, exponent): &(Rational, u64)| {
        let exponent = i128::from(*exponent);
        [(base.numer().clone(), exponent), (base.denom().clone(), -exponent)]
    };
    if are_one(factors.iter().flat_map(both).collect()) {
        return Ordering::Equal;
    }
    let mut precision = 2 * SHARP_BITS;
    loop {
        if let Some(sign) = log2_product(factors, precision).sign() {
            return sign;
        }
        precision *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rug::ops::Pow;

    fn rational(numer: u64, denom: u64) -> Rational {
        Rational::from((numer, denom))
    }

    /// By the definition, in rationals.
    #[test]
    fn outweighing_is_the_definition() {
        let likelihood = |rate: &Rational, n: u32, successes: u32| {
            rate.clone().pow(successes) * Rational::from(1 - rate).pow(n - successes)
        };
        let rates: Vec<Rational> = [2_u64, 3, 10].iter().flat_map(|&b| (0..=b).map(move |a| rational(a, b))).collect();
        let mut said = [0, 0];
        for (n, successes) in [(0, 0), (1, 0), (1, 1), (7, 2), (40, 0), (40, 40), (90, 30), (300, 33)] {
            for alpha in [rational(1, 2), rational(1, 1000), rational(1, 1 << 20)] {
                let evidence = Evidence::new(n.into(), successes.into(), alpha.clone()).unwrap();
                for (p, x) in rates.iter().flat_map(|p| rates.iter().map(move |x| (p, x))) {
                    let claimed = likelihood(p, n, successes);
                    let expected = claimed > 0 && likelihood(x, n, successes) <= alpha.clone() * claimed;
                    assert_eq!(evidence.outweighs(p, x), expected, "{successes} of {n} at {alpha}: {p} and {x}");
                    said[usize::from(expected)] += 1;
                }
            }
        }
        assert!(said.iter().all(|&often| often > 200), "{said:?}");
    }

    /// A rate of 1/3 makes each failure twice as likely as 2/3 does, and each success half as likely. So 20 failures more than successes are a
    /// tie at `2^-20`, after any number of trials, and a tie is enough.
    #[test]
    fn a_tie_outweighs() {
        let (third, alpha) = (rational(1, 3), rational(1, 1 << 20));
        let outweighs = |successes: u64, more: u64, alpha: &Rational| {
            let evidence = Evidence::new(2 * successes + more, successes, alpha.clone()).unwrap();
            evidence.outweighs(&third, &rational(2, 3))
        };
        for successes in [0, 1, 1000, 1 << 40, 1 << 60] {
            assert!(outweighs(successes, 20, &alpha), "{successes}");
            assert!(!outweighs(successes, 19, &alpha), "{successes}");
            // One in 2^200 away from the tie.
            let less = &alpha - Rational::from((1, Integer::from(1) << 200_u32));
            assert!(!outweighs(successes, 20, &less), "{successes}");
        }
    }
}
