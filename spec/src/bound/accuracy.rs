//! Which numbers of publics tell a weak model from an honest one.
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
use crate::params::{Lambda, MAX_T, Params};
use rug::{Integer, Rational};

/// Most publics considered where slack is positive.
pub const MAX_ACCURACY_T: u64 = 100_000;

/// The accuracy game.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Game {
    /// A model of at most this accuracy on every slot is to be rejected, but for `2^-lambda`.
    pub reject: Rational,
    /// A model that is to be accepted.
    pub honest: Option<Honest>,
}

/// The honest model's side of the game.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Honest {
    /// Its accuracy.
    pub accuracy: Rational,
    /// It is rejected with probability at most `2^-kappa`. The limits are those of lambda.
    pub kappa: Lambda,
}

/// The accuracy game's two rates, in bits; `None` for a rate of 0 or a model not named.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// `-log2 Pr[accepted]` of the model to reject.
    pub accept_bits: Option<f64>,
    /// `-log2 Pr[rejected]` of the honest model.
    pub false_abort_bits: Option<f64>,
}

/// Why the accuracy game cannot be won.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccuracyError {
    /// Not an accuracy.
    #[error("{name} must be from 0 to 1, not {}", shown(.value))]
    Range {
        /// Which one.
        name: &'static str,
        /// What was given.
        value: Rational,
    },
    /// A perfect model cannot be told from a perfect one.
    #[error("a model of accuracy 1 answers every public right: no T rejects it")]
    RejectPerfect,
    /// The model to accept is no better than the one to reject.
    #[error("the honest accuracy must exceed the accuracy to reject")]
    NotApart,
    /// Too many publics.
    #[error("rejecting a model of accuracy {} at lambda = {lambda} and slack {slack} needs T beyond {limit}", shown(.reject))]
    TooManyPublics {
        /// Its accuracy.
        reject: Rational,
        /// The security parameter in bits.
        lambda: u32,
        /// Wrong publics tolerated.
        slack: u64,
        /// The limit on T.
        limit: u64,
    },
    /// Not both at this slack.
    #[error(
        "slack {slack} cannot hold both: a model at {} is rejected at lambda = {lambda} only from T = {lo}, one at {} passes at kappa = {kappa} only up to T = {hi}",
        shown(.reject), shown(.honest)
    )]
    Slack {
        /// Wrong publics tolerated.
        slack: u64,
        /// Accuracy to reject.
        reject: Rational,
        /// Its bits.
        lambda: u32,
        /// Least T for it.
        lo: u64,
        /// Accuracy to accept.
        honest: Rational,
        /// Its bits.
        kappa: u32,
        /// Largest T for it.
        hi: u64,
    },
    /// Not both at any slack, with as many publics as asked for.
    #[error(
        "no slack with T from {min_T} to {limit} passes a model at {} at kappa = {kappa} and rejects one at {} at lambda = {lambda}",
        shown(.honest), shown(.reject)
    )]
    NothingSeparates {
        /// Accuracy to reject.
        reject: Rational,
        /// Its bits.
        lambda: u32,
        /// Accuracy to accept.
        honest: Rational,
        /// Its bits.
        kappa: u32,
        /// The least T allowed.
        min_T: u64,
        /// The largest T looked at.
        limit: u64,
    },
    /// More publics asked for than the honest model passes.
    #[error("T >= {min_T} was asked for, and at slack {slack} a model at {} passes at kappa = {kappa} only up to T = {hi}", shown(.honest))]
    Floor {
        /// The least T allowed.
        min_T: u64,
        /// Wrong publics tolerated.
        slack: u64,
        /// Accuracy to accept.
        honest: Rational,
        /// Its bits.
        kappa: u32,
        /// Largest T for it.
        hi: u64,
    },
    /// A rate too long to state.
    #[error(transparent)]
    Quality(#[from] QualityError),
}

/// An accuracy in decimals, and never a certainty that it is not.
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
    /// The `T >= min_T` allowed at one slack, as `(least for the weak model, largest for the honest one)`.
    ///
    /// # Errors
    /// [`AccuracyError`] names what cannot be met.
    ///
    /// ```
    /// use fusion_spec::bound::accuracy::{Game, Honest};
    /// use fusion_spec::params::Lambda;
    /// use rug::Rational;
    ///
    /// let honest = Honest { accuracy: Rational::from((99, 100)), kappa: Lambda::new(20)? };
    /// let game = Game { reject: Rational::from((4, 5)), honest: Some(honest) };
    /// let (least, largest) = game.range(Lambda::new(40)?, 13, 0)?;
    /// assert_eq!((least, largest), (268, 273));
    /// assert!(game.range(Lambda::new(40)?, 12, 0).is_err(), "no T does both at slack 12");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn range(&self, lambda: Lambda, slack: u64, min_T: u64) -> Result<(u64, u64), AccuracyError> {
        for range in self.all_ranges(lambda)? {
            let (at, lo, hi) = range?;
            match &self.honest {
                _ if at != slack => {}
                Some(Honest { accuracy, kappa }) if lo > hi => {
                    let (reject, honest) = (self.reject.clone(), accuracy.clone());
                    let (lambda, kappa) = (lambda.bits(), kappa.bits());
                    return Err(AccuracyError::Slack { slack, reject, lambda, lo, honest, kappa, hi });
                }
                Some(Honest { accuracy, kappa }) if min_T > hi => {
                    let (honest, kappa) = (accuracy.clone(), kappa.bits());
                    return Err(AccuracyError::Floor { min_T, slack, honest, kappa, hi });
                }
                _ => return Ok((lo, hi)),
            }
        }
        let limit = if slack == 0 { MAX_T } else { self.limit() };
        Err(AccuracyError::TooManyPublics { reject: self.reject.clone(), lambda: lambda.bits(), slack, limit })
    }

    /// Every slack at which some `T >= min_T` holds both sides, with its range of `T`, slack increasing.
    ///
    /// # Errors
    /// [`AccuracyError`] for accuracies that cannot be told apart at all.
    pub fn ranges(&self, lambda: Lambda, min_T: u64) -> Result<impl Iterator<Item = Range> + use<>, AccuracyError> {
        let held = move |range: &Range| range.as_ref().map_or(true, |&(_, lo, hi)| lo.max(min_T) <= hi);
        Ok(self.all_ranges(lambda)?.filter(held))
    }

    /// Both rates at chosen numbers.
    ///
    /// # Errors
    /// [`AccuracyError::Quality`] for an honest rate too long to state.
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
            Some(honest) if slack == 0 && honest.accuracy < 1 => some_wrong_bits(&honest.accuracy, T),
            Some(honest) => security_bits(&false_abort(T, slack, &honest.accuracy)?),
            None => None,
        };
        Ok(Accuracy { accept_bits: accept_bits(T, slack, &self.reject), false_abort_bits })
    }

    /// The error when no slack holds both sides.
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

    fn check(&self) -> Result<(), AccuracyError> {
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

    /// Most publics considered at positive slack: [`MAX_ACCURACY_T`], or what keeps exact values short.
    fn limit(&self) -> u64 {
        let honest = self.honest.as_ref().map_or(1, |honest| honest.accuracy.denom().significant_bits());
        let longest = honest.max(self.reject.denom().significant_bits());
        MAX_ACCURACY_T.min(u64::from(MAX_EXACT_BITS / longest))
    }

    /// `(slack, T_lo, T_hi)` for every slack from 0 up to the limit on `T_lo`; empty ranges have `T_lo > T_hi`.
    fn all_ranges(&self, lambda: Lambda) -> Result<impl Iterator<Item = Range> + use<>, AccuracyError> {
        self.check()?;
        let limit = self.limit();
        let most = self.honest.as_ref().map_or(MAX_T, most_publics);
        let zero = least_publics(&self.reject, lambda).map(|least| Ok((0, least, most)));
        let mut weak = Walk::new(&self.reject, lambda);
        let mut honest = self.honest.as_ref().map(|honest| Walk::new(&honest.accuracy, honest.kappa));
        let mut at_slack = move |slack| -> Result<Option<(u64, u64, u64)>, QualityError> {
            weak.tolerate_one_more();
            let Some(lo) = weak.advance(limit, Walk::accepts_rarely)? else { return Ok(None) };
            let Some(walk) = &mut honest else { return Ok(Some((slack, lo, MAX_T))) };
            walk.tolerate_one_more();
            let fails = walk.advance(limit, |walk| Ok(!walk.rejects_rarely()?))?;
            Ok(Some((slack, lo, fails.map_or(limit, |fails| fails - 1))))
        };
        let positive = (1..).map_while(move |slack| at_slack(slack).map_err(Into::into).transpose());
        Ok(zero.into_iter().chain(positive))
    }
}

/// `(slack, T_lo, T_hi)`.
type Range = Result<(u64, u64, u64), AccuracyError>;

/// `-log2 Pr[Bin(T, 1-accuracy) <= slack]`, rounded down; `None` where it never happens. Where the exact value is too long, the
/// bits that the largest term assures: `(slack+1) C(T,slack) accuracy^(T-slack)`.
fn accept_bits(T: u64, slack: u64, accuracy: &Rational) -> Option<f64> {
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

/// The least `T` with `accuracy^T <= 2^-lambda`, for an accuracy below 1; `None` beyond `2^62`.
fn least_publics(accuracy: &Rational, lambda: Lambda) -> Option<u64> {
    if *accuracy == 0 {
        return Some(1);
    }
    let minus_lambda = -Integer::from(lambda.bits());
    let (floor, exact) = floor_quotient(|p| Interval::exactly(&minus_lambda, p), |precision| log2(accuracy, precision));
    let least = if exact { floor } else { floor + 1 };
    least.to_u64().filter(|T| *T <= MAX_T)
}

/// The largest `T <= 2^62` with `1 - accuracy^T <= 2^-kappa`.
fn most_publics(honest: &Honest) -> u64 {
    let passes = 1 - honest.kappa.probability();
    // The one tie: 2^kappa - 1 is no perfect power (Gerono), so `accuracy^T = passes` needs T = 1.
    if honest.accuracy == passes {
        return 1;
    }
    if honest.accuracy == 1 {
        return MAX_T;
    }
    let (floor, _) = floor_quotient(|p| log2(&passes, p), |p| log2(&honest.accuracy, p));
    floor.to_u64().map_or(MAX_T, |T| T.min(MAX_T))
}

/// `floor(x/y)` for logarithms `x, y < 0`, and whether the quotient is that integer. The quotient must be irrational, or
/// both intervals exact from some precision on.
fn floor_quotient(x: impl Fn(u32) -> Interval, y: impl Fn(u32) -> Interval) -> (Integer, bool) {
    let mut precision = 64;
    loop {
        let (x, y) = (x(precision), y(precision));
        if y.hi() < 0 {
            let (least, most) = (x.hi() / y.lo(), x.lo() / y.hi());
            let floor = Integer::from(least.floor_ref());
            if most.clone().floor() == floor {
                return (floor.clone(), least == most && least == floor);
            }
        }
        precision *= 2;
    }
}

/// Places beyond the threshold that a [`Walk`] carries: a hundred thousand steps lose about 20 of them.
const GUARD_BITS: u32 = 128;

/// `Pr[Bin(T, error) <= slack]` while `T` and `slack` grow one by one, by certified intervals; exactly where they cannot
/// decide.
struct Walk {
    error: Rational,
    /// The accuracy's numerator, over the denominator of `error`.
    right: Integer,
    T: u64,
    slack: u64,
    /// `Pr[Bin(T, error) = slack]`.
    last: Interval,
    /// `Pr[Bin(T, error) <= slack]`.
    sum: Interval,
    /// `error^slack`.
    all_wrong: Interval,
    /// The probability to stay within, and what that leaves.
    threshold: Interval,
    but_threshold: Interval,
    bits: Lambda,
    precision: u32,
}

impl Walk {
    fn new(accuracy: &Rational, bits: Lambda) -> Self {
        let precision = bits.bits() + GUARD_BITS;
        let one = Interval::exactly(&Integer::from(1), precision);
        let threshold = one.clone().scaled(&Integer::from(1), &bits.threshold());
        let but_threshold = one.clone().minus(&threshold);
        let error = Rational::from(1 - accuracy);
        let right = Integer::from(error.denom() - error.numer());
        let (last, sum, all_wrong) = (one.clone(), one.clone(), one);
        Self { error, right, T: 0, slack: 0, last, sum, all_wrong, threshold, but_threshold, bits, precision }
    }

    fn one_more_public(&mut self) {
        // Pr[Bin(T+1) <= s] = Pr[Bin(T) <= s] - error Pr[Bin(T) = s]
        let wrong = self.last.clone().scaled(self.error.numer(), self.error.denom());
        self.sum.subtract(&wrong);
        self.T += 1;
        let Self { error, T, slack, .. } = self;
        match T.checked_sub(*slack) {
            Some(right @ 1..) => {
                self.last.scale(&Integer::from(&self.right * *T), &Integer::from(error.denom() * right));
            }
            _ => self.last_without_right(),
        }
    }

    fn tolerate_one_more(&mut self) {
        self.slack += 1;
        self.all_wrong.scale(self.error.numer(), self.error.denom());
        let Self { error, T, slack, .. } = self;
        match T.checked_sub(*slack) {
            Some(right @ 1..) => {
                self.last.scale(&Integer::from(error.numer() * (right + 1)), &Integer::from(&self.right * *slack));
            }
            _ => self.last_without_right(),
        }
        self.sum.add(&self.last);
    }

    /// `Pr[Bin(T, error) = slack]` for `slack >= T`.
    fn last_without_right(&mut self) {
        let none = || Interval::exactly(&Integer::new(), self.precision);
        self.last = if self.T == self.slack { self.all_wrong.clone() } else { none() };
    }

    /// The least `T` from here on at which the condition holds; `None` beyond the limit.
    fn advance(
        &mut self,
        limit: u64,
        holds: impl Fn(&Self) -> Result<bool, QualityError>,
    ) -> Result<Option<u64>, QualityError> {
        while !holds(self)? {
            if self.T >= limit {
                return Ok(None);
            }
            self.one_more_public();
        }
        Ok(Some(self.T))
    }

    /// Accepted with probability at most the threshold.
    fn accepts_rarely(&self) -> Result<bool, QualityError> {
        match self.sum.compare(&self.threshold) {
            Some(order) => Ok(order.is_le()),
            None => Ok(accept(self.T, self.slack, &self.error)? <= self.bits.probability()),
        }
    }

    /// Rejected with probability at most the threshold.
    fn rejects_rarely(&self) -> Result<bool, QualityError> {
        match self.but_threshold.compare(&self.sum) {
            Some(order) => Ok(order.is_le()),
            None => Ok(1 - accept(self.T, self.slack, &self.error)? <= self.bits.probability()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let first = both.ranges(bits(40), 0).expect("apart").next();
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
            for range in goal.all_ranges(bits(lambda)).expect("apart").take(8) {
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
        assert_eq!(hopeless.ranges(bits(40), 0).expect("apart").next(), None);
        let nearly = goal(1 - Rational::from((1, 1_u64 << 62)), None).range(bits(40), 0, 0);
        assert!(matches!(nearly, Err(AccuracyError::TooManyPublics { .. })));
    }
}
