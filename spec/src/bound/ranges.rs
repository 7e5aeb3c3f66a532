//! The `T` that an accuracy game allows at each slack, found only once and only as far as they are asked for.
//!
//! Neither end of a slack's range falls as slack grows, so that one walk over `T` finds all of them. Nothing here depends
//! on `R`.

use crate::bound::accuracy::{AccuracyError, Game, Honest};
use crate::bound::quality::{QualityError, accept};
use crate::exact::interval::Interval;
use crate::exact::log2::log2;
use crate::params::{Lambda, MAX_T};
use rug::{Integer, Rational};
use std::sync::{Mutex, PoisonError};

impl Game {
    /// Finds the `T >= min_T` that the game allows at one slack, as `(least for the weak model, largest for the honest one)`.
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
        Ranges::new(self, lambda)?.at(slack, min_T)
    }

    /// Finds the least slack at which the game allows `T` publics; `None` if it does at no slack, or at one whose publics are more than are searched.
    ///
    /// # Errors
    /// [`AccuracyError`] for accuracies that cannot be told apart at all.
    ///
    /// ```
    /// use fusion_spec::bound::accuracy::{Game, Honest};
    /// use fusion_spec::params::Lambda;
    /// use rug::Rational;
    ///
    /// let honest = Honest { accuracy: Rational::from((99, 100)), kappa: Lambda::new(20)? };
    /// let game = Game { reject: Rational::from((4, 5)), honest: Some(honest) };
    /// let slack = |T| game.least_slack(Lambda::new(40).expect("legal"), T);
    /// assert_eq!((slack(268)?, slack(273)?, slack(100)?), (Some(13), Some(13), None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn least_slack(&self, lambda: Lambda, T: u64) -> Result<Option<u64>, AccuracyError> {
        // Neither end falls with slack, so that the first range that ends at T or beyond begins lowest.
        for range in Ranges::new(self, lambda)?.iter() {
            let (slack, lo, hi) = range?;
            if hi >= T {
                return Ok((lo <= T).then_some(slack));
            }
        }
        Ok(None)
    }
}

/// `(slack, T_lo, T_hi)`; empty where `T_lo > T_hi`.
pub(super) type Range = Result<(u64, u64, u64), AccuracyError>;

/// The ranges of one game at one lambda, for every slack from 0 up to the limit on `T_lo`.
pub(super) struct Ranges {
    game: Game,
    lambda: Lambda,
    so_far: Mutex<SoFar>,
}

struct SoFar {
    found: Vec<Range>,
    rest: Box<dyn Iterator<Item = Range> + Send>,
}

impl Ranges {
    /// # Errors
    /// [`AccuracyError`] for accuracies that cannot be told apart at all.
    pub(super) fn new(game: &Game, lambda: Lambda) -> Result<Self, AccuracyError> {
        game.check()?;
        let so_far = SoFar { found: Vec::new(), rest: Box::new(all(game, lambda)) };
        Ok(Self { game: game.clone(), lambda, so_far: Mutex::new(so_far) })
    }

    /// Lists the ranges by increasing slack.
    pub(super) fn iter(&self) -> impl Iterator<Item = Range> + '_ {
        (0..).map_while(|index| {
            let mut so_far = self.so_far.lock().unwrap_or_else(PoisonError::into_inner);
            let SoFar { found, rest } = &mut *so_far;
            if found.len() <= index {
                found.extend(rest.next());
            }
            found.get(index).cloned()
        })
    }

    /// Lists the ranges that some `T >= min_T` is in.
    pub(super) fn held(&self, min_T: u64) -> impl Iterator<Item = Range> + '_ {
        self.iter().filter(move |range| range.as_ref().map_or(true, |&(_, lo, hi)| lo.max(min_T) <= hi))
    }

    /// [`Game::range`].
    pub(super) fn at(&self, slack: u64, min_T: u64) -> Result<(u64, u64), AccuracyError> {
        for range in self.iter() {
            let (at, lo, hi) = range?;
            match &self.game.honest {
                _ if at != slack => {}
                Some(Honest { accuracy, kappa }) if lo > hi => {
                    let (reject, honest) = (self.game.reject.clone(), accuracy.clone());
                    let (lambda, kappa) = (self.lambda.bits(), kappa.bits());
                    return Err(AccuracyError::Slack { slack, reject, lambda, lo, honest, kappa, hi });
                }
                Some(Honest { accuracy, kappa }) if min_T > hi => {
                    let (honest, kappa) = (accuracy.clone(), kappa.bits());
                    return Err(AccuracyError::Floor { min_T, slack, honest, kappa, hi });
                }
                _ => return Ok((lo, hi)),
            }
        }
        let limit = if slack == 0 { MAX_T } else { self.game.limit() };
        let (reject, lambda) = (self.game.reject.clone(), self.lambda.bits());
        Err(AccuracyError::TooManyPublics { reject, lambda, slack, limit })
    }
}

/// Every slack's range.
fn all(game: &Game, lambda: Lambda) -> impl Iterator<Item = Range> + use<> {
    let limit = game.limit();
    let most = game.honest.as_ref().map_or(MAX_T, most_publics);
    let zero = least_publics(&game.reject, lambda).map(|least| Ok((0, least, most)));
    let mut weak = Walk::new(&game.reject, lambda);
    let mut honest = game.honest.as_ref().map(|honest| Walk::new(&honest.accuracy, honest.kappa));
    let mut at_slack = move |slack| -> Result<Option<(u64, u64, u64)>, QualityError> {
        weak.tolerate_one_more();
        let Some(lo) = weak.advance(limit, Walk::accepts_rarely)? else { return Ok(None) };
        let Some(walk) = &mut honest else { return Ok(Some((slack, lo, MAX_T))) };
        walk.tolerate_one_more();
        let fails = walk.advance(limit, |walk| Ok(!walk.rejects_rarely()?))?;
        Ok(Some((slack, lo, fails.map_or(limit, |fails| fails - 1))))
    };
    let positive = (1..).map_while(move |slack| at_slack(slack).map_err(Into::into).transpose());
    zero.into_iter().chain(positive).fuse()
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

    fn game(reject: (u32, u32), honest: (u32, u32), kappa: u64) -> Game {
        let honest = Honest { accuracy: honest.into(), kappa: Lambda::new(kappa).expect("legal") };
        Game { reject: reject.into(), honest: Some(honest) }
    }

    fn ranges(game: &Game) -> Ranges {
        Ranges::new(game, Lambda::new(10).expect("legal")).expect("apart")
    }

    /// What planning over slacks rests on: what was allowed at a smaller slack is below, or in, what is allowed now.
    #[test]
    fn neither_end_falls_as_slack_grows() {
        for (reject, honest, kappa) in
            [((4, 5), (99, 100), 5), ((1, 2), (3, 4), 2), ((0, 1), (1, 3), 1), ((1, 3), (1, 1), 9)]
        {
            let found: Vec<_> = ranges(&game(reject, honest, kappa)).iter().take(40).flatten().collect();
            // A perfect model passes at slack 0 with any T; beyond it, none above the limit is looked at.
            let positive = found.iter().skip(1);
            assert!(
                positive.is_sorted_by(|(_, lo, hi), (_, next_lo, next_hi)| lo < next_lo && hi <= next_hi),
                "{found:?}"
            );
            assert!(found[0].1 < found[1].1, "{found:?}");
        }
    }

    /// Asked for in parts, again, or beyond their end.
    #[test]
    fn ranges_are_found_once() {
        // Slack 2 needs T beyond the limit.
        let short = game((9999, 10_000), (99_999, 100_000), 1);
        let (in_parts, whole) = (ranges(&short), ranges(&short));
        let all: Vec<Range> = whole.iter().collect();
        assert_eq!(in_parts.iter().take(1).collect::<Vec<_>>(), all[..1]);
        for _ in 0..3 {
            assert_eq!(in_parts.iter().collect::<Vec<_>>(), all);
        }
        assert_eq!(all.len(), 2, "{all:?}");
    }
}
