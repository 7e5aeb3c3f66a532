//! The certified planner: it finds the least `N = RB+T`, and at that `N` the least `B`, that meet a goal.
//!
//! The best plan for `R` queries at `lambda` bits is that of the least
//!
//! $$ \frac{RB+T}{R} \quad \text{subject to} \quad \max_{1 \le i \le R} \binom{R}{i} \Big/ \binom{RB+T}{iB} \le 2^{-\lambda} $$
//!
//! At slack 0 this is the [`optimum()`] with its [`Certificate`]. With slack, or with an upper limit on `T` (from an honest model's accuracy),
//! [`crate::bound::slack`] searches, and what it finds has a [`SlackCertificate`] where there is a [`witness`].

use crate::bound::accuracy::{Accuracy, AccuracyError, Game, Honest};
use crate::bound::certificate::Certificate;
use crate::bound::optimum::optimum;
use crate::bound::ranges::Ranges;
use crate::bound::report::{Binding, Report};
use crate::bound::slack::{Search, least};
use crate::bound::slack_certificate::SlackCertificate;
use crate::bound::substitution::{least_publics, least_publics_or_more};
use crate::bound::witness::witness;
use crate::exact::interval::Interval;
use crate::params::{Lambda, MAX_B, MAX_T, Params};
use rug::{Integer, Rational};
use std::ops::RangeInclusive;

/// What a plan must achieve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// The number of queries.
    pub R: u64,
    /// The security parameter: every deviation must win with probability at most `2^-lambda`.
    pub lambda: Lambda,
    /// The least number of publics that is allowed.
    pub min_T: u64,
    /// The largest number of publics that is allowed, if there is a limit: each is a labelled sample that the server has never seen.
    pub max_T: Option<u64>,
    /// The number of wrong publics to tolerate. With `None` the planner finds it where an honest model's accuracy asks for some, and takes 0
    /// elsewhere.
    pub slack: Option<u64>,
    /// The accuracy game: which models the publics must tell apart, if any.
    pub accuracy: Option<Game>,
    /// The rate of wins that no server may exceed by swapping in another function, if one is asked for.
    pub substitution: Option<Rational>,
}

impl Goal {
    fn most_publics(&self) -> u64 {
        self.max_T.unwrap_or(MAX_T)
    }

    /// Checks that so many publics, which a requirement takes, are not more than the goal's limit.
    fn allows(&self, least: u64, need: impl FnOnce() -> Need) -> Result<(), PlanError> {
        let max_T = self.most_publics();
        if least > max_T { Err(PlanError::TooFewPublics { max_T, need: need() }) } else { Ok(()) }
    }
}

/// The numbers that the planner chose, with what they are worth.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The chosen `R`, `B`, `T` and slack.
    pub params: Params,
    /// The security parameter of the goal.
    pub lambda: Lambda,
    /// The correctness game's terms at these numbers.
    pub correctness: Report,
    /// The constraint without which a smaller plan would be enough.
    pub binding: Binding,
    /// The numbers of publics that all requirements but correctness allow at this slack.
    pub publics: RangeInclusive<u64>,
    /// The proof that `N` and `B` are the least, or `None` at positive slack and where the limit on `T` is binding.
    pub certificate: Option<Certificate>,
    /// The proof of it there: of all plans at this slack with as many publics as it says. `None` where no witness was found.
    pub slack_certificate: Option<SlackCertificate>,
    /// The accuracy game's two rates at these numbers, if it was asked for.
    pub accuracy: Option<Accuracy>,
    /// The least number of publics that rejects the weak model at this slack, and the largest that accepts the honest one, if there is one.
    pub ends: Option<(u64, Option<u64>)>,
}

impl Plan {
    /// Finds the plans with one copy fewer and one more, each with the fewest publics that it takes. There are none at a slack, and a plan is left out that
    /// is not within the limits or whose rates are too long to compare.
    #[must_use]
    pub fn neighbours(&self) -> Vec<Params> {
        let (R, B, slack) = (self.params.R(), self.params.B(), self.params.slack());
        let (min_T, max_T) = (*self.publics.start(), *self.publics.end());
        let search = Search { R, lambda: self.lambda, min_T, max_T, slack, below: None };
        let copies = [B - 1, B + 1].into_iter().filter(|B| slack == 0 && (1..=MAX_B).contains(B));
        copies.filter_map(|B| search.least_publics(B, None).ok().flatten()).collect()
    }
}

/// Plans for a goal: returns the optimum.
///
/// # Errors
/// [`PlanError`] names the constraint that cannot be met.
///
/// ```
/// use fusion_spec::bound::{certificate, plan::{Goal, plan}};
/// use fusion_spec::params::Lambda;
///
/// let goal = Goal { R: 512, lambda: Lambda::new(40)?, min_T: 100, max_T: None, slack: None, accuracy: None, substitution: None };
/// let published = plan(&goal)?;
/// assert_eq!((published.params.B(), published.params.T()), (5, 100));
/// certificate::check(&published.certificate.expect("slack 0 is in the proved range"))?;
/// // To keep every swapped function at 1 % takes many more publics.
/// let third = plan(&Goal { substitution: Some((1, 100).into()), ..goal })?;
/// assert_eq!((third.params.B(), third.params.T()), (4, 18_581));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn plan(goal: &Goal) -> Result<Plan, PlanError> {
    Planner::new(goal.clone()).at(goal.R)
}

/// A planner for one goal at any `R`. The accuracy game does not depend on `R`, so that its ranges of `T` are found only once, and only as far as they
/// are asked for.
pub struct Planner {
    goal: Goal,
    /// The security parameter of the accuracy game.
    accuracy_lambda: Lambda,
    /// The `T` that the accuracy game allows.
    ranges: Option<Result<Ranges, AccuracyError>>,
}

impl Planner {
    /// Makes a planner for a goal, whose own `R` is ignored.
    #[must_use]
    pub fn new(goal: Goal) -> Self {
        let lambda = goal.lambda;
        Self::with_accuracy(goal, lambda)
    }

    /// Makes a planner for a goal whose accuracy game has a security parameter of its own: a weak model is accepted with probability at most
    /// `2^-accuracy_lambda`.
    #[must_use]
    pub fn with_accuracy(goal: Goal, accuracy_lambda: Lambda) -> Self {
        let ranges = goal.accuracy.as_ref().map(|game| Ranges::new(game, accuracy_lambda));
        Self { goal, accuracy_lambda, ranges }
    }

    /// The security parameter of the accuracy game.
    #[must_use]
    pub fn accuracy_lambda(&self) -> Lambda {
        self.accuracy_lambda
    }

    /// Returns the goal with another `R`.
    #[must_use]
    pub fn goal(&self, R: u64) -> Goal {
        Goal { R, ..self.goal.clone() }
    }

    /// Plans for the goal at some `R`: returns the optimum.
    ///
    /// # Errors
    /// [`PlanError`] names the constraint that cannot be met.
    ///
    /// ```
    /// use fusion_spec::bound::{accuracy::{Game, Honest}, plan::{Goal, Planner}};
    /// use fusion_spec::params::Lambda;
    /// use rug::Rational;
    ///
    /// let honest = Honest { accuracy: Rational::from((99, 100)), kappa: Lambda::new(20)? };
    /// let game = Game { reject: Rational::from((4, 5)), honest: Some(honest) };
    /// let goal = Goal { R: 1, lambda: Lambda::new(40)?, min_T: 0, max_T: None, slack: None, accuracy: Some(game), substitution: None };
    /// let planner = Planner::new(goal);
    /// for (R, B, T, slack) in [(1, 11, 268, 13), (512, 5, 268, 13), (1 << 12, 4, 1750, 41)] {
    ///     let plan = planner.at(R)?.params;
    ///     assert_eq!((plan.B(), plan.T(), plan.slack()), (B, T, slack));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn at(&self, R: u64) -> Result<Plan, PlanError> {
        let goal = &self.goal(R);
        Params::new(R, 1, goal.min_T, 0)?;
        goal.allows(goal.min_T, || Need::Floor { min_T: goal.min_T })?;
        let ranges = self.ranges.as_ref().map(|ranges| ranges.as_ref().map_err(Clone::clone)).transpose()?;
        match (goal.slack, &goal.accuracy, ranges) {
            (None, Some(game @ Game { honest: Some(_), .. }), Some(ranges)) => {
                plan_any_slack(goal, (game, self.accuracy_lambda), ranges)
            }
            (slack, _, ranges) => {
                let slack = slack.unwrap_or(0);
                goal.allows(slack, || Need::Slack { slack })?;
                let (weak, most) = ranges.map_or(Ok((0, MAX_T)), |ranges| ranges.at(slack, goal.min_T))?;
                if let Some(Game { reject, .. }) = &goal.accuracy {
                    let (reject, lambda) = (reject.clone(), self.accuracy_lambda.bits());
                    goal.allows(weak, || Need::Rejecting { reject, lambda, slack, least: weak })?;
                }
                let max_T = most.min(goal.most_publics());
                let floors = Floors { weak, swapped: fewest_for_swapped(goal, slack, max_T)?, most };
                let bounds = Range { min_T: floors.least(goal), max_T, slack };
                let chosen = choose(R, goal.lambda, bounds, None)?;
                finish(goal, chosen.ok_or_else(|| refused_at_slack(goal, slack, floors, max_T))?, floors)
            }
        }
    }
}

/// A choice of numbers with its proof.
type Chosen = (Params, Proof);

/// The proof that a choice is the least, if there is one.
#[derive(Clone, Copy)]
enum Proof {
    /// By the certificate of plans at slack 0.
    Certificate(Certificate),
    /// Found by this search, at positive slack or within a limit on `T`.
    Search(Search),
}

/// The numbers of publics that one slack allows.
#[derive(Clone, Copy)]
struct Range {
    min_T: u64,
    max_T: u64,
    slack: u64,
}

/// The numbers of publics that the requirements on models and functions allow at one slack.
#[derive(Clone, Copy)]
struct Floors {
    /// To reject the weak model.
    weak: u64,
    /// To keep the rate of a swapped function low enough.
    swapped: u64,
    /// The most that do not reject the honest model.
    most: u64,
}

impl Floors {
    /// The fewest publics that these requirements and the goal's own limit allow.
    fn least(self, goal: &Goal) -> u64 {
        goal.min_T.max(self.weak).max(self.swapped)
    }
}

/// The least number of publics, up to a limit, that keeps the rate of a swapped function as low as the goal asks for.
fn fewest_for_swapped(goal: &Goal, slack: u64, limit: u64) -> Result<u64, PlanError> {
    let Some(target) = &goal.substitution else { return Ok(0) };
    let unmet = || PlanError::Swapped { R: goal.R, target: target.clone(), limit };
    least_publics(goal.R, slack, target, limit)?.ok_or_else(unmet)
}

/// Whether a swapped function that errs as often as the honest model wins too often at every slack: it is accepted wherever that model is.
fn passes_as_the_honest_model(R: u64, target: &Rational, Honest { accuracy, kappa }: &Honest) -> bool {
    let one = Interval::exactly(&Integer::from(1), SWAPPED_BITS);
    let right = one.clone().scaled(accuracy.numer(), accuracy.denom()).power(R);
    one.minus(&right).lo() * (1 - kappa.probability()) > *target
}

/// The precision of [`passes_as_the_honest_model`]: where it does not decide, every slack is tried.
const SWAPPED_BITS: u32 = 128;

/// The least `N`, then the least `B`, then the least slack, over every slack that tells the two models apart: slack grows until
/// even slack 0 at its `T` costs more.
///
/// No `T` is looked at twice. `W(k|m,t,s)` never falls with `s`, so what is safe at one slack is safe at every smaller one; and
/// both ends of the allowed `T` never fall with it, nor does the `T` that a swapped function needs. So a `T` that was allowed before, or that was too
/// small for a swapped function, cannot do better now.
fn plan_any_slack(goal: &Goal, (game, lambda): (&Game, Lambda), ranges: &Ranges) -> Result<Plan, PlanError> {
    let limit = goal.most_publics().min(game.limit());
    let unmet = |target: &Rational| PlanError::Swapped { R: goal.R, target: target.clone(), limit };
    if let (Some(target), Some(honest)) = (&goal.substitution, &game.honest)
        && passes_as_the_honest_model(goal.R, target, honest)
    {
        return Err(unmet(target));
    }
    let mut best: Option<(Chosen, Floors)> = None;
    let (mut min_T, mut swapped, mut refused) = (goal.min_T, 0, None);
    for range in ranges.held(goal.min_T) {
        let (slack, weak, most) = range?;
        if weak > goal.most_publics() {
            break;
        }
        let max_T = most.min(goal.most_publics());
        if let Some(target) = &goal.substitution
            && swapped <= max_T
        {
            refused = Some(unmet(target));
            match least_publics_or_more(goal.R, slack, target, swapped..=max_T.max(limit), max_T)? {
                Some(least) => swapped = least,
                None => break,
            }
        }
        min_T = min_T.max(weak).max(swapped);
        let spent = best.as_ref().map(|((params, _), _)| params.N());
        if spent.is_some_and(|N| optimum(goal.R, goal.lambda, min_T).is_none_or(|c| c.N > N)) {
            break;
        }
        if swapped > max_T {
            continue;
        }
        refused = None;
        let found = choose(goal.R, goal.lambda, Range { min_T, max_T, slack }, spent.map(|N| N + 1))?;
        let cost = |(params, _): &Chosen| (params.N(), params.B());
        if let Some(found) = found
            && best.as_ref().is_none_or(|(best, _)| cost(&found) < cost(best))
        {
            best = Some((found, Floors { weak, swapped, most }));
        }
        min_T = min_T.max(max_T.saturating_add(1));
    }
    match (best, refused) {
        (Some((chosen, floors)), _) => finish(goal, chosen, floors),
        (None, Some(error)) => Err(error),
        (None, None) => Err(refused_at_any_slack(goal, (game, lambda), ranges)),
    }
}

/// The least `N < below`, then the least `B`, with `T` in the range at its slack.
fn choose(R: u64, lambda: Lambda, range: Range, below: Option<u128>) -> Result<Option<Chosen>, PlanError> {
    let Range { min_T, max_T, slack } = range;
    if slack == 0
        && let Some(certificate) = optimum(R, lambda, min_T)
        && certificate.T <= max_T
    {
        let Certificate { B, T, N, .. } = certificate;
        let params = Params::new(R, B, T, 0)?;
        return Ok(below.is_none_or(|below| N < below).then_some((params, Proof::Certificate(certificate))));
    }
    let search = Search { R, lambda, min_T: min_T.max(slack), max_T, slack, below };
    Ok(least(&search)?.map(|params| (params, Proof::Search(Search { below: None, ..search }))))
}

fn finish(goal: &Goal, (params, proof): Chosen, floors: Floors) -> Result<Plan, PlanError> {
    let (certificate, slack_certificate) = match proof {
        Proof::Certificate(certificate) => (Some(certificate), None),
        Proof::Search(search) => (None, witness(&search, params)),
    };
    let correctness = Report::correctness(params)?;
    let accuracy = goal.accuracy.as_ref().map(|game| game.at(params)).transpose()?;
    let binding = limiting(goal, params, floors)?.unwrap_or(correctness.binding);
    let ends = goal.accuracy.as_ref().map(|game| (floors.weak, game.honest.as_ref().map(|_| floors.most)));
    let publics = floors.least(goal)..=floors.most.min(goal.most_publics());
    Ok(Plan {
        params,
        lambda: goal.lambda,
        correctness,
        binding,
        publics,
        certificate,
        slack_certificate,
        accuracy,
        ends,
    })
}

/// The requirement on publics without which fewer slots would be enough, if there is one.
fn limiting(goal: &Goal, params: Params, floors: Floors) -> Result<Option<Binding>, PlanError> {
    let Floors { weak, swapped, most } = floors;
    let (others, max_T) = (goal.min_T.max(weak), goal.most_publics());
    let cheaper_with = |slack: u64, min_T: u64, max_T: u64| cheaper_with(goal, params, Range { min_T, max_T, slack });
    if max_T < most && cheaper_with(params.slack(), floors.least(goal), most) {
        return Ok(Some(Binding::MaxT));
    }
    if swapped > others && cheaper_with(params.slack(), others, max_T) {
        return Ok(Some(Binding::Substitution));
    }
    // Without the accuracy game the slack is the one asked for, or else 0.
    let slack = goal.slack.unwrap_or(0);
    let swapped = fewest_for_swapped(goal, slack, MAX_T)?;
    if goal.accuracy.is_some() && cheaper_with(slack, goal.min_T.max(swapped), max_T) {
        return Ok(Some(Binding::Accuracy));
    }
    Ok((goal.min_T > swapped && cheaper_with(slack, swapped, max_T)).then_some(Binding::MinT))
}

/// Whether fewer slots would be enough with these limits of `T` and without the accuracy game. A search that ends outside the theorem counts as
/// cheaper, as it only gets there where every proved plan costs more.
fn cheaper_with(goal: &Goal, params: Params, range: Range) -> bool {
    choose(goal.R, goal.lambda, range, Some(params.N())).map_or(true, |found| found.is_some())
}

/// The least `T`, from what the other requirements take on, at which as many copies as are allowed keep the queries safe. No fewer copies do with fewer
/// publics: the rates that decide fall as `B` grows.
fn least_with_most_copies(goal: &Goal, slack: u64, from: u64, max_T: u64) -> Option<u64> {
    let search = Search { R: goal.R, lambda: goal.lambda, min_T: from.max(slack), max_T, slack, below: None };
    // A number that cannot be told is left out of the message, and stands for nothing else.
    search.least_publics(MAX_B, None).ok().flatten().map(|params| params.T())
}

/// The refusal where no number of copies is enough at one slack, with `T` up to `max_T`.
fn refused_at_slack(goal: &Goal, slack: u64, floors: Floors, max_T: u64) -> PlanError {
    let honest = goal.accuracy.as_ref().and_then(|game| game.honest.clone());
    PlanError::NothingFits {
        R: goal.R,
        lambda: goal.lambda.bits(),
        slack: Some(slack),
        max_T,
        honest: honest.filter(|_| floors.most < goal.most_publics()),
        least: least_with_most_copies(goal, slack, floors.least(goal), MAX_T),
    }
}

/// The refusal where no slack has a plan: no models are told apart, or not with so few publics, or the copies are not enough wherever they are.
fn refused_at_any_slack(goal: &Goal, (game, lambda): (&Game, Lambda), ranges: &Ranges) -> PlanError {
    let first = match (ranges.held(goal.min_T).next(), &game.honest) {
        (Some(Ok(range)), Some(honest)) => Ok((range, honest)),
        (Some(Err(error)), _) => Err(error),
        (None, _) | (_, None) => Err(game.nothing_separates(lambda, goal.min_T)),
    };
    let ((_, weak, _), Honest { accuracy, kappa }) = match first {
        Ok(first) => first,
        Err(error) => return error.into(),
    };
    let (reject, honest) = (game.reject.clone(), accuracy.clone());
    let least = weak.max(goal.min_T);
    let apart = Need::TellingApart { reject, lambda: lambda.bits(), honest, kappa: kappa.bits(), least };
    if let Err(refusal) = goal.allows(least, || apart) {
        return refusal;
    }
    let enough = ranges.held(goal.min_T).find_map(|range| {
        let (slack, weak, most) = range.ok()?;
        least_with_most_copies(goal, slack, weak.max(goal.min_T), most)
    });
    let (R, lambda, max_T) = (goal.R, goal.lambda.bits(), goal.most_publics());
    PlanError::NothingFits { R, lambda, slack: None, max_T, honest: None, least: enough }
}

mod price;
mod refusal;
#[cfg(test)]
mod tests;

pub use price::session_cost;
pub use refusal::{Need, PlanError};
