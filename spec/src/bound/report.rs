//! Rates as reports: one row a deviation, named terms, and which term binds.

use crate::bound::bits::security_bits;
use crate::bound::deviation::{Deviation, DeviationError};
use crate::bound::worst::{Candidate, WorstError, worst_k};
use crate::exact::binomial::TooLarge;
use crate::params::Params;
use rug::{Integer, Rational};

/// Every exact probability of one number `k` of touched slots, all of them answered wrongly.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Slots touched.
    pub k: u128,
    /// Whole groups, where `k = iB` with `1 <= i <= R`.
    pub i: Option<u64>,
    /// `W(k|R,T,s)`: the winning sets of slots.
    pub wins: Integer,
    /// `Pr[E_T]`, where `i` is.
    pub pr_e_t: Option<Rational>,
    /// `Pr[E_B | E_T]`, where `i` is and `E_T` is possible.
    pub pr_e_b: Option<Rational>,
    /// `Pr[win] = W / C(N,k)`; with `i`, the paper's `Pr_success(i)`.
    pub pr_success: Rational,
    /// `-log2 Pr[win]`, rounded down; `None` for probability 0.
    pub bits: Option<f64>,
}

impl Row {
    /// The row of `k` touched slots.
    ///
    /// # Errors
    /// [`RowError`] for `k > N`, and for a row whose exact value is too long.
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

/// The `i` in `1..=R` with `k = iB`, if there is one.
#[must_use]
pub fn groups_of(params: Params, k: u128) -> Option<u64> {
    let B = u128::from(params.B());
    u64::try_from(k / B).ok().filter(|i| k.is_multiple_of(B) && (1..=params.R()).contains(i))
}

/// Why a row cannot be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// More slots than there are.
    #[error(transparent)]
    Deviation(#[from] DeviationError),
    /// Too long to print.
    #[error("row k = {k}: {source}")]
    TooLarge {
        /// Slots touched.
        k: u128,
        /// How long.
        source: TooLarge,
    },
}

/// What keeps a setting from being safer, or a plan from being cheaper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// Hitting all copies of one query.
    Groups,
    /// Avoiding all publics.
    Publics,
    /// The user's floor on `T`.
    MinT,
    /// Telling the weak model from the honest one.
    Accuracy,
}

impl Binding {
    /// The name used in output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Groups => "groups",
            Self::Publics => "publics",
            Self::MinT => "min_T",
            Self::Accuracy => "accuracy",
        }
    }
}

/// One way to win, at its worst.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// What is hit: the copies of one query, or everything but the publics.
    pub name: Binding,
    /// Slots touched.
    pub k: u128,
    /// `-log2` of its probability, rounded down.
    pub bits: f64,
}

/// A bound as named terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The ways to win, each at its worst.
    pub terms: Vec<Term>,
    /// The likeliest of them.
    pub binding: Binding,
}

impl Report {
    /// The correctness game at these numbers. Below `slack = B` there are two terms, one query's copies and all queries;
    /// from there on one, the worst of all `k`.
    ///
    /// # Errors
    /// [`WorstError`] where the worst deviation is not known.
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
        Ok(Self { terms: vec![Term { name: binding, k, bits: security_bits(&rate).unwrap_or_default() }], binding })
    }

    /// The binding term's bits: what the setting is worth.
    #[must_use]
    pub fn bits(&self) -> f64 {
        self.terms.iter().map(|term| term.bits).fold(f64::INFINITY, f64::min)
    }
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
