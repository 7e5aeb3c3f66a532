//! The worst function, by bisection on the fraction of inputs on which it is wrong.

use crate::exact::binomial::{TooLarge, binomial};
use crate::exact::interval::Interval;
use crate::params::{MAX_R, MAX_T, ParamError};
use rug::{Integer, Rational};
use std::cmp::Ordering;

/// The largest product of the slack and the bits of `R * slack / T` at which the worst function is searched for. Sums have as many terms as the
/// slack, and terms up to as many bits as the product.
pub const MAX_WORK: u64 = 1 << 14;
/// The number of significant places to which the worst `e` is found.
const PLACES: u32 = 64;
/// Places of working precision beyond those of `e`: powers up to `2^63` lose 64 of them.
const GUARD_BITS: u32 = 128;
/// A sum is compared with its threshold once in so many terms.
const TERMS_BETWEEN_CHECKS: u64 = 32;

/// Why the third number is not given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubstitutionError {
    /// A parameter is outside its limits.
    #[error(transparent)]
    Params(#[from] ParamError),
    /// The search would take too long: see [`MAX_WORK`].
    #[error(
        "the rate of a swapped function is not computed at R = {R}, T = {T} and slack {slack}: the search would take too long"
    )]
    Slack {
        /// The number of queries.
        R: u64,
        /// The number of publics.
        T: u64,
        /// The number of wrong publics that are tolerated.
        slack: u64,
    },
    /// The rate to stay below is not a probability above 0.
    #[error("the rate of a swapped function can be kept at a value above 0 and up to 1, not {0}")]
    Target(Rational),
    /// A binomial is beyond the exact limit.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// The most that a server wins by swapping in another function, and the fraction of inputs on which that function is wrong. Both are certified
/// to about 60 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substitution {
    rate: [Rational; 2],
    wrong_on: [Rational; 2],
}

impl Substitution {
    /// Finds the worst function against `R` queries and `T` publics, of which the client tolerates `slack` wrong ones. With `slack >= T` nothing is
    /// checked, and a function that is wrong everywhere always wins.
    ///
    /// # Errors
    /// [`SubstitutionError`] says that a number is outside its limits.
    ///
    /// ```
    /// use fusion_spec::bound::substitution::Substitution;
    /// use rug::Rational;
    ///
    /// // With as many publics as queries the closed form is 1/2 * 1/2, at any size.
    /// for R in [1, 8, 1 << 62] {
    ///     let worst = Substitution::worst(R, R, 0)?;
    ///     let quarter = Rational::from((1, 4));
    ///     assert!(*worst.rate_at_least() <= quarter && quarter <= *worst.rate_at_most());
    /// }
    /// // Three wrong publics tolerated raise 2.8 % to 14 % at (8, 100).
    /// assert!(*Substitution::worst(8, 100, 3)?.rate_at_least() > Rational::from((14, 100)));
    /// # Ok::<(), fusion_spec::bound::substitution::SubstitutionError>(())
    /// ```
    pub fn worst(R: u64, T: u64, slack: u64) -> Result<Self, SubstitutionError> {
        check(R, T)?;
        if slack >= T {
            let one = || [Rational::from(1), Rational::from(1)];
            return Ok(Self { rate: one(), wrong_on: one() });
        }
        let growth = u128::from(R) * u128::from(slack) / u128::from(T);
        let bits = u64::from(u128::BITS - growth.leading_zeros()) + 1;
        if slack.saturating_mul(bits) > MAX_WORK {
            return Err(SubstitutionError::Slack { R, T, slack });
        }
        let game = Game::new(R, T, slack);
        let (below, above) = game.bracket();
        let rate = game.rate(&below, &above)?;
        let fraction = |units: Integer| Rational::from((units, game.unit.clone()));
        Ok(Self { rate, wrong_on: [fraction(below), fraction(above)] })
    }

    /// Returns a lower bound on the largest rate of wins. Some function wins at least this often.
    #[must_use]
    pub fn rate_at_least(&self) -> &Rational {
        &self.rate[0]
    }

    /// Returns an upper bound on the largest rate of wins. No swapped function wins more often.
    #[must_use]
    pub fn rate_at_most(&self) -> &Rational {
        &self.rate[1]
    }

    /// Returns a lower bound on the fraction of inputs on which the worst function is wrong.
    #[must_use]
    pub fn wrong_on_at_least(&self) -> &Rational {
        &self.wrong_on[0]
    }

    /// Returns an upper bound on the fraction of inputs on which the worst function is wrong.
    #[must_use]
    pub fn wrong_on_at_most(&self) -> &Rational {
        &self.wrong_on[1]
    }
}

/// Checks both numbers against their limits.
pub(super) fn check(R: u64, T: u64) -> Result<(), ParamError> {
    if !(1..=MAX_R).contains(&R) {
        Err(ParamError::R(R))
    } else if T > MAX_T {
        Err(ParamError::T(T))
    } else {
        Ok(())
    }
}

/// The two factors of the rate at some `e`.
struct Factors {
    /// `A(e)`.
    accepted: Interval,
    /// `1 - (1-e)^R`.
    some_wrong: Interval,
}

/// The search for the worst `e`, which is counted in units of `1/unit`, for `slack < T`.
struct Game {
    R: u64,
    T: u64,
    slack: u64,
    unit: Integer,
    precision: u32,
}

impl Game {
    /// The worst `e` is at least `1/(2(T+R))`: at slack 0 it is `1 - (1+R/T)^(-1/R)`, and `A` divided by `A` at slack 0 rises with `e`. So these units
    /// resolve it to [`PLACES`].
    fn new(R: u64, T: u64, slack: u64) -> Self {
        let places = (u64::BITS - (T + R).leading_zeros()) + 1 + PLACES;
        Self { R, T, slack, unit: Integer::from(1) << places, precision: places + GUARD_BITS }
    }

    /// Finds the units just below and just above the worst `e`.
    fn bracket(&self) -> (Integer, Integer) {
        let (mut low, mut high) = (Integer::new(), self.unit.clone());
        let mut precision = self.precision;
        while Integer::from(&high - &low) > 3 {
            let middle = Integer::from(&low + &high) >> 1;
            // At the worst `e` itself no precision shows a sign; its neighbour then does.
            let next = Integer::from(&middle + 1);
            match (self.slope(&middle, precision), self.slope(&next, precision)) {
                (Some(Ordering::Greater), _) => low = middle,
                (Some(Ordering::Less), _) => high = middle,
                (_, Some(Ordering::Greater)) => low = next,
                (_, Some(Ordering::Less)) => high = next,
                _ => precision *= 2,
            }
        }
        (low, high)
    }

    /// The sign of the rate's derivative in `e`. With `x = 1-e`, and `S` the sum of the terms of `A` relative to the last of them, it is that of
    ///
    /// $$ R x^R S - (T-s) (1 - x^R), \qquad S = \sum_{i=0}^{s} \prod_{j=0}^{i-1} \frac{s-j}{T-s+1+j} \cdot \frac{x}{e} $$
    ///
    /// because the derivative of `A` in `x` is `(T-s)/x` times the last term.
    fn slope(&self, e: &Integer, precision: u32) -> Option<Ordering> {
        let one = Interval::exactly(&Integer::from(1), precision);
        let right = self.right(e, precision).power(self.R);
        let against = one.minus(&right).times(&Integer::from(self.T - self.slack));
        let each = right.times(&Integer::from(self.R));
        let difference = |sum: &Interval| sum.clone().times_positive(&each).minus(&against).sign();
        let enough = |sum: &Interval| difference(sum) == Some(Ordering::Greater);
        difference(&self.relative_sum(e, precision, enough))
    }

    /// `S`, or a part of it that is `enough`.
    fn relative_sum(&self, e: &Integer, precision: u32, enough: impl Fn(&Interval) -> bool) -> Interval {
        let x = Integer::from(&self.unit - e);
        let mut term = Interval::exactly(&Integer::from(1), precision);
        let mut sum = term.clone();
        for j in 0..self.slack {
            let numer = Integer::from(&x * (self.slack - j));
            let denom = Integer::from(e * (self.T - self.slack + 1 + j));
            term.scale(&numer, &denom);
            // The ratios fall, so that from a half on all later terms together are at most this one.
            if Integer::from(&numer * 2) <= denom && term.is_unit() {
                let rest = Interval::exactly(&Integer::new(), precision).until(term.times(&Integer::from(2)));
                return sum.plus(&rest);
            }
            sum.add(&term);
            if j.is_multiple_of(TERMS_BETWEEN_CHECKS) && enough(&sum) {
                break;
            }
        }
        sum
    }

    /// Bounds on the largest rate, by the ends of a bracket of the worst `e`. The bracket itself costs no more than its own relative width, as the
    /// logarithms of both factors have slopes of at most 1 in that of `e` there.
    fn rate(&self, below: &Integer, above: &Integer) -> Result<[Rational; 2], TooLarge> {
        let ways = binomial(self.T.into(), self.slack.into())?;
        let mut precision = self.precision + ways.significant_bits();
        loop {
            let ends = [below, above].map(|e| self.factors(e, &ways, precision));
            // A falls with e and the other factor rises: each is at most its value at an end.
            let most = ends[0].accepted.clone().times_positive(&ends[1].some_wrong).hi();
            let [one, other] = ends.map(|Factors { accepted, some_wrong }| accepted.times_positive(&some_wrong).lo());
            let least = one.max(other);
            if Rational::from(&most - &least) << (PLACES - 4) <= most {
                return Ok([least, most]);
            }
            precision *= 2;
        }
    }

    /// Both factors at some `e`, of which `A` is its last term times `S`.
    fn factors(&self, e: &Integer, ways: &Integer, precision: u32) -> Factors {
        let Self { R, T, slack, .. } = *self;
        let right = self.right(e, precision);
        let wrong = Interval::exactly(e, precision).scaled(&Integer::from(1), &self.unit);
        let last = wrong.power(slack).times_positive(&right.power(T - slack)).times(ways);
        let accepted = last.times_positive(&self.relative_sum(e, precision, |_| false));
        let some_wrong = Interval::exactly(&Integer::from(1), precision).minus(&right.power(R));
        Factors { accepted, some_wrong }
    }

    /// `1-e`.
    fn right(&self, e: &Integer, precision: u32) -> Interval {
        Interval::exactly(&Integer::from(&self.unit - e), precision).scaled(&Integer::from(1), &self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::bits::nearest;
    use crate::bound::quality::substituted_win;
    use rug::ops::Pow;

    fn worst(R: u64, T: u64, slack: u64) -> Substitution {
        Substitution::worst(R, T, slack).expect("legal")
    }

    #[test]
    fn the_published_settings() {
        for (R, T, rate, wrong_on) in
            [(8, 4, "38.490", "12.83"), (8, 100, "2.831", "0.957"), (512, 100, "58.729", "0.353")]
        {
            let worst = worst(R, T, 0);
            assert_eq!(format!("{:.3}", 100.0 * nearest(worst.rate_at_most())), rate, "({R},{T})");
            let places = wrong_on.len() - wrong_on.find('.').expect("decimal") - 1;
            assert_eq!(format!("{:.places$}", 100.0 * nearest(worst.wrong_on_at_least())), wrong_on, "({R},{T})");
        }
    }

    /// The interval holds every rate of a grid of `e`, is narrow, and the rates at its own ends of `e` are within it.
    #[test]
    fn no_exact_rate_of_a_grid_is_larger() {
        for R in [1, 2, 3, 8, 30] {
            for T in 1..=9 {
                for slack in 0..T {
                    let worst = worst(R, T, slack);
                    let rate = |e: &Rational| substituted_win(R, T, slack, e).expect("short");
                    for e in 0..=120 {
                        assert!(rate(&Rational::from((e, 120))) <= *worst.rate_at_most(), "({R},{T},{slack}) {e}/120");
                    }
                    let width = Rational::from(worst.rate_at_most() - worst.rate_at_least());
                    assert!(width >= 0 && width < Rational::from((1, 1_u64 << 50)), "({R},{T},{slack})");
                    let ends = [rate(worst.wrong_on_at_least()), rate(worst.wrong_on_at_most())];
                    assert!(ends.iter().max() >= Some(worst.rate_at_least()), "({R},{T},{slack})");
                    assert!(ends.iter().all(|end| end <= worst.rate_at_most()), "({R},{T},{slack})");
                }
            }
        }
    }

    /// The closed form as integers: `rate^R` against `T^T R^R / (T+R)^(T+R)`, and `x^R` against `T/(T+R)`.
    #[test]
    fn slack_zero_is_the_closed_form() {
        for R in 1..=12_u32 {
            for T in 1..=40_u32 {
                let worst = worst(R.into(), T.into(), 0);
                let power = |n: u32| Integer::from(n).pow(n);
                let form = Rational::from((power(T) * power(R), power(T + R)));
                assert!(worst.rate_at_least().clone().pow(R) <= form, "({R},{T})");
                assert!(form <= worst.rate_at_most().clone().pow(R), "({R},{T})");
                let right = |wrong: &Rational| Rational::from(1 - wrong).pow(R);
                let at = Rational::from((T, T + R));
                assert!(right(worst.wrong_on_at_least()) >= at && at >= right(worst.wrong_on_at_most()), "({R},{T})");
            }
        }
    }

    #[test]
    fn more_slack_and_more_queries_never_hurt_the_server() {
        for (R, T) in [(1, 6), (4, 9), (20, 12)] {
            for slack in 0..T - 1 {
                let rate = worst(R, T, slack);
                for better in [worst(R, T, slack + 1), worst(R + 1, T, slack), worst(R, T - 1, slack)] {
                    assert!(rate.rate_at_least() <= better.rate_at_most(), "({R},{T},{slack})");
                }
            }
        }
    }

    #[test]
    fn edges_and_limits() {
        assert_eq!(*worst(8, 0, 0).rate_at_least(), 1);
        assert_eq!(*worst(8, 5, 5).wrong_on_at_most(), 1);
        assert_eq!(Substitution::worst(0, 4, 0), Err(SubstitutionError::Params(ParamError::R(0))));
        assert_eq!(Substitution::worst(8, MAX_T + 1, 0), Err(SubstitutionError::Params(ParamError::T(MAX_T + 1))));
        let (R, T, slack) = (8, 1 << 20, MAX_WORK + 1);
        assert_eq!(Substitution::worst(R, T, slack), Err(SubstitutionError::Slack { R, T, slack }));
    }
}
