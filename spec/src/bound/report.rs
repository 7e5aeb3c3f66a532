//! Rates as reports: one row for each number of touched slots, and a bound as named terms with the one that limits the setting.

use crate::bound::bits::security_bits;
use crate::bound::deviation::{Deviation, DeviationError};
use crate::bound::worst::{Candidate, WorstError, worst_k};
use crate::exact::binomial::TooLarge;
use crate::params::Params;
use rug::{Integer, Rational};

/// The exact probabilities for one number `k` of touched slots, all of which are answered wrongly.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The number of slots touched.
    pub k: u128,
    /// The number `i` of whole groups of copies, where `k = iB` with `1 <= i <= R`.
    pub i: Option<u64>,
    /// The number of sets of `k` slots that win, `W(k|R,T,s)`.
    pub wins: Integer,
    /// The probability `Pr[E_T]`, where there is an `i`.
    pub pr_e_t: Option<Rational>,
    /// The probability `Pr[E_B | E_T]`, where there is an `i` and `E_T` is possible.
    pub pr_e_b: Option<Rational>,
    /// The probability of a win, `W / C(N,k)`. Where there is an `i`, this is the paper's `Pr_success(i)`.
    pub pr_success: Rational,
    /// The security bits `-log2 Pr[win]`, rounded down, or `None` for a probability of 0.
    pub bits: Option<f64>,
}

impl Row {
    /// Computes the row of `k` touched slots.
    ///
    /// # Errors
    /// [`RowError`] says that `k > N`, or that an exact value of the row is too long.
    ///
    /// ```
    /// use fusion_spec::{bound::report::Row, params::Params};
    /// use rug::Rational;
    ///
    /// let row = Row::new(Params::new(8, 2, 4, 0)?, 4)?;
    /// assert_eq!((row.i, row.wins), (Some(2), 28.into()));
    /// assert_eq!((row.pr_e_t, row.pr_e_b), (Some(Rational::from((364, 969))), Some(Rational::from((1, 65)))));
    /// assert_eq!(row.pr_success, Rational::from((28, 4845)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(params: Params, k: u128) -> Result<Self, RowError> {
        let deviation = Deviation::full(params, k)?;
        let too_large = |source| RowError::TooLarge { k, source };
        let i = groups_of(params, k);
        let all = deviation.all_sets().map_err(too_large)?;
        let wins = deviation.winning_sets().map_err(too_large)?;
        let (pr_e_t, pr_e_b) = match i {
            Some(_) => {
                let passed = deviation.passed_sets().map_err(too_large)?;
                let pr_e_b = (passed != 0).then(|| Rational::from((&wins, &passed)));
                (Some(Rational::from((passed, &all))), pr_e_b)
            }
            None => (None, None),
        };
        let pr_success = Rational::from((&wins, all));
        let bits = security_bits(&pr_success);
        Ok(Self { k, i, wins, pr_e_t, pr_e_b, pr_success, bits })
    }
}

/// Returns the `i` in `1..=R` with `k = iB`, if there is one.
#[must_use]
pub fn groups_of(params: Params, k: u128) -> Option<u64> {
    let B = u128::from(params.B());
    u64::try_from(k / B).ok().filter(|i| k.is_multiple_of(B) && (1..=params.R()).contains(i))
}

/// Why a row cannot be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// More slots are touched than there are.
    #[error(transparent)]
    Deviation(#[from] DeviationError),
    /// An exact value of the row is too long to print.
    #[error("row k = {k}: {source}")]
    TooLarge {
        /// The number of slots touched.
        k: u128,
        /// How long the value is.
        source: TooLarge,
    },
}

/// The constraint that keeps a setting from being safer, or a plan from being cheaper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A server may hit all copies of one query.
    Groups,
    /// A server may avoid all publics.
    Publics,
    /// The user asked for at least so many publics.
    MinT,
    /// The user asked for at most so many publics.
    MaxT,
    /// The publics must tell the weak model from the honest one.
    Accuracy,
    /// The publics must keep the rate of a swapped function low.
    Substitution,
    /// A public has a price: a plan with more of them would have fewer slots.
    Price,
}

impl Binding {
    /// Returns the constraint's name in output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Groups => "groups",
            Self::Publics => "publics",
            Self::MinT => "min_T",
            Self::MaxT => "max_T",
            Self::Accuracy => "accuracy",
            Self::Substitution => "substitution",
            Self::Price => "price",
        }
    }
}

/// One way for a server to win, at its worst.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// The way it is: hitting the copies of one query, or hitting everything but the publics.
    pub name: Binding,
    /// The number of slots touched.
    pub k: u128,
    /// The security bits: `-log2` of the probability to win in this way, rounded down.
    pub bits: f64,
}

/// What a setting is worth, as one term for each way to win.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The ways to win, each at its worst.
    pub terms: Vec<Term>,
    /// The term that is the likeliest, and so limits the setting.
    pub binding: Binding,
}

impl Report {
    /// Reports the correctness game at some numbers. For `slack < B` there are two terms, for one query's copies and for all queries. From `slack = B` on
    /// there is one, for the worst of all `k`.
    ///
    /// # Errors
    /// [`WorstError`] says that the worst deviation is not known.
    ///
    /// ```
    /// use fusion_spec::{bound::report::{Binding, Report}, params::Params};
    /// let report = Report::correctness(Params::new(8, 8, 100, 0)?)?;
    /// assert_eq!(format!("{:.2}", report.bits()), "40.31");
    /// assert_eq!(report.binding, Binding::Groups);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn correctness(params: Params) -> Result<Self, WorstError> {
        let (groups, publics) = (Candidate::one_query(params), Candidate::all_queries(params));
        let term = |name, candidate: Candidate| Term { name, k: candidate.k(), bits: candidate.security_bits() };
        let k = worst_k(params)?;
        if params.slack() < params.B() {
            let binding = if k == groups.k() { Binding::Groups } else { Binding::Publics };
            return Ok(Self { terms: vec![term(Binding::Groups, groups), term(Binding::Publics, publics)], binding });
        }
        let rate = Deviation::full_within(params, k).pr_win()?;
        let binding = if params.R() == 1 || k < params.RB() { Binding::Groups } else { Binding::Publics };
        Ok(Self { terms: vec![Term { name: binding, k, bits: bits_of_a_win(&rate) }], binding })
    }

    /// Returns the bits of the term that limits the setting, which is what the setting is worth.
    #[must_use]
    pub fn bits(&self) -> f64 {
        self.terms.iter().map(|term| term.bits).fold(f64::INFINITY, f64::min)
    }
}

/// The bits of the worst deviation.
#[expect(clippy::expect_used, reason = "a server that touches B slots may hit the copies of one query")]
fn bits_of_a_win(rate: &Rational) -> f64 {
    security_bits(rate).expect("the worst deviation wins with some probability")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_row() -> Result<(), Box<dyn std::error::Error>> {
        let row = Row::new(Params::new(8, 2, 4, 0)?, 2)?;
        assert_eq!((row.k, row.i, row.wins), (2, Some(1), Integer::from(8)));
        assert_eq!(row.pr_e_t, Some(Rational::from((12, 19))));
        assert_eq!(row.pr_e_b, Some(Rational::from((1, 15))));
        assert_eq!(row.pr_success, Rational::from((4, 95)));
        let odd = Row::new(Params::new(8, 2, 4, 0)?, 3)?;
        assert_eq!((odd.i, odd.pr_e_t, odd.bits), (None, None, None));
        Ok(())
    }

    #[test]
    fn published_bits_at_each_slack() -> Result<(), Box<dyn std::error::Error>> {
        for (slack, bits) in [(0, 40.3), (1, 37.8), (3, 34.9)] {
            let report = Report::correctness(Params::new(8, 8, 100, slack)?)?;
            assert!((report.bits() - bits).abs() < 0.05, "slack {slack}: {report:?}");
        }
        Ok(())
    }

    #[test]
    fn rows_too_long_are_named() -> Result<(), Box<dyn std::error::Error>> {
        let error = Row::new(Params::new(1 << 40, 2, 1 << 40, 0)?, 1 << 41).expect_err("long");
        assert!(error.to_string().starts_with("row k = 2199023255552: the exact value needs about "), "{error}");
        Ok(())
    }
}
