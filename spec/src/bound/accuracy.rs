//! The accuracy game: which numbers of publics tell a weak model from an honest one.
//!
//! With $a$ the accuracy to reject and $a_{1}$ the honest one, `T` publics at slack $s$ must hold
//!
//! $$ \Pr[\mathrm{Bin}(T, 1-a) \le s] \le 2^{-\lambda} \quad \text{and} \quad \Pr[\mathrm{Bin}(T, 1-a_{1}) \gt s] \le 2^{-\kappa} $$
//!
//! At slack `s` a model of accuracy `reject` must be accepted with probability at most `2^-lambda`, which needs `T` at
//! least some `T_lo(s)`; an honest model of accuracy `honest` must be rejected with at most `2^-kappa`, which needs `T` at
//! most some `T_hi(s)`. Both are monotone, so the allowed `T` of each slack are a range.

use crate::bound::bits::{at_least, nearest, security_bits, security_bits_of};
use crate::bound::quality::{QualityError, accept, false_abort};
use crate::exact::binomial::MAX_EXACT_BITS;
use crate::exact::interval::Interval;
use crate::exact::log2::{log2, log2_integer, log2_interval};
use crate::exact::stirling::{SHARP_BITS, log2_binomial};
use crate::params::{Lambda, Params};
use rug::{Integer, Rational};

/// The most publics that are considered where slack is positive.
pub const MAX_ACCURACY_T: u64 = 100_000;

/// The accuracy game: a weak model is to be rejected, and an honest one accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Game {
    /// The accuracy of the weak model. A model of at most this accuracy on every slot is to be accepted with probability at most `2^-lambda`.
    pub reject: Rational,
    /// The honest model, which is to be accepted, if there is one in the game.
    pub honest: Option<Honest>,
}

/// The honest model's side of the game.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Honest {
    /// The accuracy of the honest model.
    pub accuracy: Rational,
    /// The bits kappa: the honest model may be rejected with probability at most `2^-kappa`. The limits of kappa are those of lambda.
    pub kappa: Lambda,
}

/// The accuracy game's two rates, in bits. A rate of 0 has none, and neither has a model that is not part of the game.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// The bits `-log2 Pr[accepted]` of the weak model.
    pub accept_bits: Option<f64>,
    /// The bits `-log2 Pr[rejected]` of the honest model.
    pub false_abort_bits: Option<f64>,
}

/// Why the accuracy game cannot be won.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccuracyError {
    /// A number that should be an accuracy is not.
    #[error("{name} must be from 0 to 1, not {}", shown(.value))]
    Range {
        /// Which accuracy it is.
        name: &'static str,
        /// The number that was given.
        value: Rational,
    },
    /// The model to reject is perfect, so that no public sample shows it.
    #[error("a model of accuracy 1 answers every public right: no T rejects it")]
    RejectPerfect,
    /// The model to accept is no better than the one to reject.
    #[error("the honest accuracy must exceed the accuracy to reject")]
    NotApart,
    /// Rejecting the weak model needs more publics than are allowed.
    #[error("rejecting a model of accuracy {} at lambda = {lambda} and slack {slack} needs T beyond {limit}", shown(.reject))]
    TooManyPublics {
        /// The accuracy of the weak model.
        reject: Rational,
        /// The security parameter in bits.
        lambda: u32,
        /// The number of wrong publics that are tolerated.
        slack: u64,
        /// The limit on `T`.
        limit: u64,
    },
    /// No `T` rejects the one model and accepts the other at this slack.
    #[error(
        "slack {slack} cannot hold both: a model at {} is rejected at lambda = {lambda} only from T = {lo}, one at {} passes at kappa = {kappa} only up to T = {hi}",
        shown(.reject), shown(.honest)
    )]
    Slack {
        /// The number of wrong publics that are tolerated.
        slack: u64,
        /// The accuracy of the weak model.
        reject: Rational,
        /// The bits with which the weak model is to be rejected.
        lambda: u32,
        /// The least `T` that rejects the weak model.
        lo: u64,
        /// The accuracy of the honest model.
        honest: Rational,
        /// The bits with which the honest model is to be accepted.
        kappa: u32,
        /// The largest `T` that accepts the honest model.
        hi: u64,
    },
    /// No slack and no `T` from `min_T` on reject the one model and accept the other.
    #[error(
        "no slack with T from {min_T} to {limit} passes a model at {} at kappa = {kappa} and rejects one at {} at lambda = {lambda}",
        shown(.honest), shown(.reject)
    )]
    NothingSeparates {
        /// The accuracy of the weak model.
        reject: Rational,
        /// The bits with which the weak model is to be rejected.
        lambda: u32,
        /// The accuracy of the honest model.
        honest: Rational,
        /// The bits with which the honest model is to be accepted.
        kappa: u32,
        /// The least `T` allowed.
        min_T: u64,
        /// The largest `T` that was tried.
        limit: u64,
    },
    /// The honest model is rejected too often with as many publics as were asked for.
    #[error("T >= {min_T} was asked for, and at slack {slack} a model at {} passes at kappa = {kappa} only up to T = {hi}", shown(.honest))]
    Floor {
        /// The least `T` allowed.
        min_T: u64,
        /// The number of wrong publics that are tolerated.
        slack: u64,
        /// The accuracy of the honest model.
        honest: Rational,
        /// The bits with which the honest model is to be accepted.
        kappa: u32,
        /// The largest `T` that accepts the honest model.
        hi: u64,
    },
    /// A rate is too long to state.
    #[error(transparent)]
    Quality(#[from] QualityError),
}

/// Writes an accuracy in decimals, and one that only rounds to 0 or 1 as `just over 0` or `just under 1`.
///
/// ```
/// use fusion_spec::bound::accuracy::shown;
/// use rug::Rational;
///
/// assert_eq!(shown(&Rational::from((99, 100))), "0.99");
/// assert_eq!(shown(&(1 - (Rational::from(1) >> 99_u32))), "just under 1");
/// ```
#[must_use]
pub fn shown(accuracy: &Rational) -> String {
    match nearest(accuracy) {
        decimal if decimal >= 1.0 && *accuracy < 1 => "just under 1".into(),
        decimal if decimal <= 0.0 && *accuracy > 0 => "just over 0".into(),
        decimal => decimal.to_string(),
    }
}

impl Game {
    /// Computes the game's two rates at some numbers.
    ///
    /// # Errors
    /// [`AccuracyError::Quality`] says that the honest model's rate is too long to state; others say that the game makes no sense.
    ///
    /// ```
    /// use fusion_spec::bound::accuracy::{Game, Honest};
    /// use fusion_spec::params::{Lambda, Params};
    /// use rug::Rational;
    ///
    /// let honest = Honest { accuracy: Rational::from((99, 100)), kappa: Lambda::new(20)? };
    /// let game = Game { reject: Rational::from((4, 5)), honest: Some(honest) };
    /// let rates = game.at(Params::new(512, 5, 268, 13)?)?;
    /// assert!(rates.accept_bits >= Some(40.0) && rates.false_abort_bits >= Some(20.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn at(&self, params: Params) -> Result<Accuracy, AccuracyError> {
        self.check()?;
        let (T, slack) = (params.T(), params.slack());
        let false_abort_bits = match &self.honest {
            Some(honest) => false_abort_bits(T, slack, &honest.accuracy)?,
            None => None,
        };
        Ok(Accuracy { accept_bits: accept_bits(T, slack, &self.reject), false_abort_bits })
    }

    /// Makes the error for a game where no slack rejects the one model and accepts the other.
    #[must_use]
    pub fn nothing_separates(&self, lambda: Lambda, min_T: u64) -> AccuracyError {
        match &self.honest {
            Some(Honest { accuracy, kappa }) => AccuracyError::NothingSeparates {
                reject: self.reject.clone(),
                lambda: lambda.bits(),
                honest: accuracy.clone(),
                kappa: kappa.bits(),
                min_T,
                limit: self.limit(),
            },
            None => AccuracyError::NotApart,
        }
    }

    /// Checks that both are accuracies, and can be told apart.
    pub(super) fn check(&self) -> Result<(), AccuracyError> {
        let range = |name, value: &Rational| {
            let legal = *value >= 0 && *value <= 1;
            if legal { Ok(()) } else { Err(AccuracyError::Range { name, value: value.clone() }) }
        };
        range("the accuracy to reject", &self.reject)?;
        if self.reject == 1 {
            return Err(AccuracyError::RejectPerfect);
        }
        if let Some(honest) = &self.honest {
            range("the honest accuracy", &honest.accuracy)?;
            if honest.accuracy <= self.reject {
                return Err(AccuracyError::NotApart);
            }
        }
        Ok(())
    }

    /// The most publics considered at positive slack: [`MAX_ACCURACY_T`], or what keeps exact values short.
    pub(super) fn limit(&self) -> u64 {
        let honest = self.honest.as_ref().map_or(1, |honest| honest.accuracy.denom().significant_bits());
        let longest = honest.max(self.reject.denom().significant_bits());
        MAX_ACCURACY_T.min(u64::from(MAX_EXACT_BITS / longest))
    }
}

/// Returns the bits of accepting a model, `-log2 Pr[Bin(T, 1-accuracy) <= slack]`, rounded down, or `None` where that never happens. Where the exact
/// value is too long, these are the bits that the largest term assures: `(slack+1) C(T,slack) accuracy^(T-slack)`.
///
/// ```
/// use fusion_spec::bound::accuracy::accept_bits;
/// use rug::Rational;
///
/// let weak = Rational::from((9, 10));
/// assert_eq!(accept_bits(100, 0, &weak).map(|bits| format!("{bits:.1}")), Some("15.2".into()));
/// assert!(accept_bits(1 << 60, 13, &weak) > Some(1e17));
/// ```
#[must_use]
pub fn accept_bits(T: u64, slack: u64, accuracy: &Rational) -> Option<f64> {
    if slack >= T {
        return Some(0.0);
    }
    if *accuracy == 0 {
        return None;
    }
    let right = |publics: u64, precision| log2(accuracy, precision).times(&Integer::from(publics));
    if slack == 0 {
        return Some(security_bits_of(|precision| right(T, precision)));
    }
    if let Ok(exact) = accept(T, slack, &Rational::from(1 - accuracy)) {
        return security_bits(&exact);
    }
    let terms = log2_integer(&(Integer::from(slack) + 1), SHARP_BITS);
    let ways = log2_binomial(T.into(), slack.into(), SHARP_BITS);
    Some(at_least(&right(T - slack, SHARP_BITS).plus(&terms).plus(&ways)))
}

/// Returns the bits of rejecting a model, `-log2 Pr[Bin(T, 1-accuracy) > slack]`, rounded down, or `None` where that never happens. At slack 0 `T` may be of
/// any size.
///
/// # Errors
/// [`QualityError`] says that the accuracy is outside `[0, 1]`, or, at positive slack, that the rate is too long to state.
///
/// ```
/// use fusion_spec::bound::accuracy::false_abort_bits;
/// use rug::Rational;
///
/// // The model errs once in a hundred. Among four publics there is an error with about 2^-4.7, and among 2^40 there surely is.
/// let honest = Rational::from((99, 100));
/// assert_eq!(false_abort_bits(4, 0, &honest)?.map(|bits| format!("{bits:.1}")), Some("4.7".into()));
/// assert_eq!(false_abort_bits(1 << 40, 0, &honest)?, Some(0.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn false_abort_bits(T: u64, slack: u64, accuracy: &Rational) -> Result<Option<f64>, QualityError> {
    if slack == 0 && *accuracy > 0 && *accuracy < 1 {
        return Ok(some_wrong_bits(accuracy, T));
    }
    Ok(security_bits(&false_abort(T, slack, accuracy)?))
}

/// `-log2(1 - accuracy^T)`, rounded down, for `0 < accuracy < 1`; `None` for `T = 0`.
fn some_wrong_bits(accuracy: &Rational, T: u64) -> Option<f64> {
    let bits = |precision| {
        let one = Interval::exactly(&Integer::from(1), 2 * precision);
        let mut power = one.clone();
        for bit in (0..64 - T.leading_zeros()).rev() {
            power = power.clone().times_positive(&power);
            if T >> bit & 1 == 1 {
                power = power.scaled(accuracy.numer(), accuracy.denom());
            }
        }
        log2_interval(&one.minus(&power), precision)
    };
    (T > 0).then(|| security_bits_of(bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::ranges::Ranges;
    use crate::params::MAX_T;

    fn rational(numer: i64, denom: i64) -> Rational {
        Rational::from((numer, denom))
    }

    fn bits(bits: u64) -> Lambda {
        Lambda::new(bits).expect("legal")
    }

    fn goal(reject: Rational, honest: Option<(Rational, u64)>) -> Game {
        let honest = honest.map(|(accuracy, kappa)| Honest { accuracy, kappa: bits(kappa) });
        Game { reject, honest }
    }

    #[test]
    fn published_ranges() {
        assert_eq!(goal(rational(4, 5), None).range(bits(40), 0, 0), Ok((125, MAX_T)));
        let both = goal(rational(4, 5), Some((rational(99, 100), 20)));
        let first = Ranges::new(&both, bits(40)).expect("apart").held(0).next();
        assert!(matches!(first, Some(Ok((13, 268, 268..)))), "{first:?}");
    }

    /// Against the exact probabilities at every T, for every slack.
    #[test]
    fn ranges_equal_brute_force() {
        for (reject, honest, lambda, kappa) in
            [((4, 5), (99, 100), 10, 5), ((1, 2), (3, 4), 4, 2), ((0, 1), (1, 3), 3, 1)]
        {
            let (reject, honest) = (Rational::from(reject), Rational::from(honest));
            let goal = goal(reject.clone(), Some((honest.clone(), kappa)));
            let rejects =
                |T, s| accept(T, s, &Rational::from(1 - &reject)).expect("small") <= bits(lambda).probability();
            let passes = |T, s| false_abort(T, s, &honest).expect("small") <= bits(kappa).probability();
            for range in Ranges::new(&goal, bits(lambda)).expect("apart").iter().take(8) {
                let (slack, lo, hi) = range.expect("short");
                for T in slack..200 {
                    assert_eq!(rejects(T, slack), T >= lo, "slack {slack} T {T} lo {lo}");
                    assert_eq!(passes(T, slack), T <= hi, "slack {slack} T {T} hi {hi}");
                }
            }
        }
    }

    #[test]
    fn slack_zero_needs_no_long_numbers() {
        let close = rational(999_999_999, 1_000_000_000);
        let (lo, _) = goal(close.clone(), None).range(bits(40), 0, 0).expect("below 2^62");
        // 40 ln 2 / 1e-9
        assert!((27_725_887_000..27_725_888_000).contains(&lo), "{lo}");
        assert_eq!(goal(rational(1, 1 << 20), None).range(bits(40), 0, 0), Ok((2, MAX_T)));
        assert_eq!(goal(rational(0, 1), None).range(bits(40), 0, 0), Ok((1, MAX_T)));
        let tie = goal(rational(1, 4), Some((rational(3, 4), 2)));
        assert_eq!(tie.range(bits(2), 0, 0), Ok((1, 1)));
        let perfect = goal(rational(4, 5), Some((rational(1, 1), 20)));
        assert_eq!(perfect.range(bits(40), 0, 0), Ok((125, MAX_T)));
    }

    #[test]
    fn rates_at_chosen_numbers() {
        let both = goal(rational(4, 5), Some((rational(99, 100), 20)));
        let at = |T, slack| both.at(Params::new(8, 2, T, slack).expect("legal")).expect("short");
        let rates = at(268, 13);
        assert!(rates.accept_bits.is_some_and(|b| (40.0..40.3).contains(&b)), "{rates:?}");
        assert!(rates.false_abort_bits.is_some_and(|b| b >= 20.0), "{rates:?}");
        assert_eq!(at(0, 0), Accuracy { accept_bits: Some(0.0), false_abort_bits: None });
    }

    #[test]
    fn what_cannot_be_met_is_named() {
        let apart = |reject, honest| goal(reject, Some((honest, 20))).range(bits(40), 0, 0).err();
        assert_eq!(apart(rational(9, 10), rational(9, 10)), Some(AccuracyError::NotApart));
        assert_eq!(goal(rational(1, 1), None).range(bits(40), 0, 0), Err(AccuracyError::RejectPerfect));
        assert!(matches!(apart(rational(3, 2), rational(1, 1)), Some(AccuracyError::Range { .. })));
        assert!(matches!(apart(rational(4, 5), rational(99, 100)), Some(AccuracyError::Slack { lo: 125, hi: 0, .. })));
        let hopeless = goal(rational(9899, 10_000), Some((rational(99, 100), 40)));
        assert_eq!(Ranges::new(&hopeless, bits(40)).expect("apart").held(0).next(), None);
        let nearly = goal(1 - Rational::from((1, 1_u64 << 62)), None).range(bits(40), 0, 0);
        assert!(matches!(nearly, Err(AccuracyError::TooManyPublics { .. })));
    }
}
