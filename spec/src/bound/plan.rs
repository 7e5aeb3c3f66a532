//! The certified planner: it finds the least `N = RB+T`, and at that `N` the least `B`, that meet a goal.
//!
//! The best plan for `R` queries at `lambda` bits is that of the least
//!
//! $$ \frac{RB+T}{R} \quad \text{subject to} \quad \max_{1 \le i \le R} \binom{R}{i} \Big/ \binom{RB+T}{iB} \le 2^{-\lambda} $$
//!
//! At slack 0 this is the [`optimum()`] with its [`Certificate`]. With slack, or with an upper limit on `T` (from an honest model's accuracy),
//! the theorem does not apply; [`crate::bound::slack`] then searches, and there is no certificate.

use crate::bound::accuracy::{Accuracy, AccuracyError, Game};
use crate::bound::certificate::Certificate;
use crate::bound::optimum::optimum;
use crate::bound::ranges::Ranges;
use crate::bound::report::{Binding, Report};
use crate::bound::slack::{Search, SearchError, least};
use crate::bound::substitution::{SubstitutionError, least_publics};
use crate::bound::worst::WorstError;
use crate::params::{Lambda, MAX_T, ParamError, Params};
use rug::Rational;

/// What a plan must achieve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// The number of queries.
    pub R: u64,
    /// The security parameter: every deviation must win with probability at most `2^-lambda`.
    pub lambda: Lambda,
    /// The least number of publics that is allowed.
    pub min_T: u64,
    /// The number of wrong publics to tolerate. With `None` the planner finds it where an honest model's accuracy asks for some, and takes 0
    /// elsewhere.
    pub slack: Option<u64>,
    /// The accuracy game: which models the publics must tell apart, if any.
    pub accuracy: Option<Game>,
    /// The rate of wins that no server may exceed by swapping in another function, if one is asked for.
    pub substitution: Option<Rational>,
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
    /// The proof that `N` and `B` are the least, or `None` outside the theorem.
    pub certificate: Option<Certificate>,
    /// The accuracy game's two rates at these numbers, if it was asked for.
    pub accuracy: Option<Accuracy>,
}

/// Why there is no plan for a goal.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// A parameter is outside its limits.
    #[error(transparent)]
    Params(#[from] ParamError),
    /// The accuracy game cannot be won.
    #[error(transparent)]
    Accuracy(#[from] AccuracyError),
    /// The rate of a swapped function cannot be kept below the one that was asked for, or is not known.
    #[error(transparent)]
    Substitution(#[from] SubstitutionError),
    /// No `T` that the other requirements allow keeps the rate of a swapped function low enough.
    #[error(
        "no T up to {limit} that the other requirements allow keeps a swapped function at {target} or below for R = {R}"
    )]
    Swapped {
        /// The number of queries.
        R: u64,
        /// The rate that was asked for.
        target: Rational,
        /// The largest slack that was considered.
        slack: u64,
        /// The largest `T` that was considered.
        limit: u64,
    },
    /// No `(B, T)` within the limits is enough, or there are too many to try.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The worst deviation at the chosen numbers is not known.
    #[error(transparent)]
    Worst(#[from] WorstError),
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
/// let goal = Goal { R: 512, lambda: Lambda::new(40)?, min_T: 100, slack: None, accuracy: None, substitution: None };
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
    /// The `T` that the accuracy game allows.
    ranges: Option<Result<Ranges, AccuracyError>>,
}

impl Planner {
    /// Makes a planner for a goal, whose own `R` is ignored.
    #[must_use]
    pub fn new(goal: Goal) -> Self {
        let ranges = goal.accuracy.as_ref().map(|game| Ranges::new(game, goal.lambda));
        Self { goal, ranges }
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
    /// let goal = Goal { R: 1, lambda: Lambda::new(40)?, min_T: 0, slack: None, accuracy: Some(game), substitution: None };
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
        let ranges = self.ranges.as_ref().map(|ranges| ranges.as_ref().map_err(Clone::clone)).transpose()?;
        match (goal.slack, &goal.accuracy, ranges) {
            (None, Some(game @ Game { honest: Some(_), .. }), Some(ranges)) => plan_any_slack(goal, game, ranges),
            (slack, _, ranges) => {
                let slack = slack.unwrap_or(0);
                let (weak, max_T) = ranges.map_or(Ok((0, MAX_T)), |ranges| ranges.at(slack, goal.min_T))?;
                let floors = Floors { weak, swapped: fewest_for_swapped(goal, slack, max_T)? };
                let bounds = Range { min_T: goal.min_T.max(weak).max(floors.swapped), max_T, slack };
                let chosen = choose(R, goal.lambda, bounds, None)?;
                finish(goal, chosen.ok_or(SearchError::NothingFits { R, slack, max_T })?, floors)
            }
        }
    }
}

/// A choice of numbers and, at slack 0, its certificate.
type Chosen = (Params, Option<Certificate>);

/// The numbers of publics that one slack allows.
#[derive(Clone, Copy)]
struct Range {
    min_T: u64,
    max_T: u64,
    slack: u64,
}

/// The numbers of publics that two requirements ask for at one slack.
#[derive(Clone, Copy)]
struct Floors {
    /// To reject the weak model.
    weak: u64,
    /// To keep the rate of a swapped function low enough.
    swapped: u64,
}

/// The least number of publics, up to a limit, that keeps the rate of a swapped function as low as the goal asks for.
fn fewest_for_swapped(goal: &Goal, slack: u64, limit: u64) -> Result<u64, PlanError> {
    let Some(target) = &goal.substitution else { return Ok(0) };
    let unmet = || PlanError::Swapped { R: goal.R, target: target.clone(), slack, limit };
    least_publics(goal.R, slack, target, limit)?.ok_or_else(unmet)
}

/// The largest slack that is tried while at every smaller one a swapped function wins too often. An honest model that errs on more inputs than a swapped
/// function may is accepted at any slack, so that a search without an end would find nothing.
const MAX_UNMET_SLACK: u64 = 200;

/// The least `N`, then the least `B`, then the least slack, over every slack that tells the two models apart: slack grows until
/// even slack 0 at its `T` costs more.
///
/// No `T` is looked at twice. `W(k|m,t,s)` never falls with `s`, so what is safe at one slack is safe at every smaller one; and
/// both ends of the allowed `T` never fall with it, nor does the `T` that a swapped function needs. So a `T` that was allowed before cannot do
/// better now.
fn plan_any_slack(goal: &Goal, game: &Game, ranges: &Ranges) -> Result<Plan, PlanError> {
    let mut best: Option<(Chosen, Floors)> = None;
    let mut min_T = goal.min_T;
    let mut unmet = None;
    for range in ranges.held(goal.min_T) {
        let (slack, weak, max_T) = range?;
        let swapped = match fewest_for_swapped(goal, slack, max_T) {
            Err(error @ PlanError::Swapped { .. }) if best.is_some() || slack < MAX_UNMET_SLACK => {
                unmet = Some(error);
                continue;
            }
            other => other?,
        };
        min_T = min_T.max(weak).max(swapped);
        let spent = best.as_ref().map(|((params, _), _)| params.N());
        if spent.is_some_and(|N| optimum(goal.R, goal.lambda, min_T).is_none_or(|c| c.N > N)) {
            break;
        }
        let found = choose(goal.R, goal.lambda, Range { min_T, max_T, slack }, spent.map(|N| N + 1))?;
        let cost = |(params, _): &Chosen| (params.N(), params.B());
        if let Some(found) = found
            && best.as_ref().is_none_or(|(best, _)| cost(&found) < cost(best))
        {
            best = Some((found, Floors { weak, swapped }));
        }
        min_T = min_T.max(max_T.saturating_add(1));
    }
    match (best, unmet) {
        (Some((chosen, floors)), _) => finish(goal, chosen, floors),
        (None, Some(error)) => Err(error),
        (None, None) => Err(game.nothing_separates(goal.lambda, goal.min_T).into()),
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
        return Ok(below.is_none_or(|below| N < below).then_some((params, Some(certificate))));
    }
    let search = Search { R, lambda, min_T: min_T.max(slack), max_T, slack, below };
    Ok(least(&search)?.map(|params| (params, None)))
}

fn finish(goal: &Goal, (params, certificate): Chosen, floors: Floors) -> Result<Plan, PlanError> {
    let correctness = Report::correctness(params)?;
    let accuracy = goal.accuracy.as_ref().map(|game| game.at(params)).transpose()?;
    let binding = limiting(goal, params, floors)?.unwrap_or(correctness.binding);
    Ok(Plan { params, lambda: goal.lambda, correctness, binding, certificate, accuracy })
}

/// The requirement on publics without which fewer slots would be enough, if there is one.
fn limiting(goal: &Goal, params: Params, Floors { weak, swapped }: Floors) -> Result<Option<Binding>, PlanError> {
    let others = goal.min_T.max(weak);
    if swapped > others && cheaper_with(goal, params, params.slack(), others) {
        return Ok(Some(Binding::Substitution));
    }
    // Without the accuracy game the slack is the one asked for, or else 0.
    let slack = goal.slack.unwrap_or(0);
    let swapped = fewest_for_swapped(goal, slack, MAX_T)?;
    if goal.accuracy.is_some() && cheaper_with(goal, params, slack, goal.min_T.max(swapped)) {
        return Ok(Some(Binding::Accuracy));
    }
    Ok((goal.min_T > swapped && cheaper_with(goal, params, slack, swapped)).then_some(Binding::MinT))
}

/// Whether fewer slots would be enough with this floor on `T` and without the accuracy game. A search that ends outside the theorem counts as
/// cheaper, as it only gets there where every proved plan costs more.
fn cheaper_with(goal: &Goal, params: Params, slack: u64, min_T: u64) -> bool {
    let range = Range { min_T, max_T: MAX_T, slack };
    choose(goal.R, goal.lambda, range, Some(params.N())).map_or(true, |found| found.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::accuracy::Honest;
    use crate::bound::certificate::check;
    use crate::bound::substitution::Substitution;
    use crate::bound::worst::is_secure;

    fn lambda(bits: u64) -> Lambda {
        Lambda::new(bits).expect("legal")
    }

    fn goal(R: u64, bits: u64, min_T: u64) -> Goal {
        Goal { R, lambda: lambda(bits), min_T, slack: None, accuracy: None, substitution: None }
    }

    fn accuracy(reject: (u32, u32), honest: Option<(u32, u32)>, kappa: u64) -> Game {
        let honest = honest.map(|accuracy| Honest { accuracy: Rational::from(accuracy), kappa: lambda(kappa) });
        Game { reject: Rational::from(reject), honest }
    }

    /// The published triples, held at T = 100, and the optima with T free.
    #[test]
    fn published_plans() {
        for (log_R, held, free) in [
            (3, (8, 100), (10, 14)),
            (5, (7, 100), (8, 7)),
            (7, (6, 100), (6, 5)),
            (9, (5, 100), (5, 4)),
            (13, (4, 100), (4, 3)),
            (19, (3, 100), (3, 2)),
        ] {
            for (min_T, expected) in [(100, held), (0, free)] {
                let plan = plan(&goal(1 << log_R, 40, min_T)).expect("feasible");
                assert_eq!((plan.params.B(), plan.params.T()), expected);
                assert_eq!(check(&plan.certificate.expect("slack 0")), Ok(()));
                assert!(plan.correctness.bits() >= 40.0);
                assert_eq!(plan.binding == Binding::MinT, min_T == 100);
            }
        }
    }

    #[test]
    fn accuracy_finds_publics_and_slack() {
        let two_games = Goal { accuracy: Some(accuracy((4, 5), Some((99, 100)), 20)), ..goal(512, 40, 0) };
        let both = plan(&two_games).expect("feasible");
        assert_eq!((both.params.T(), both.params.slack()), (268, 13));
        assert_eq!((both.binding, both.certificate), (Binding::Accuracy, None));
        let rates = both.accuracy.expect("asked for");
        assert!(rates.accept_bits >= Some(40.0) && rates.false_abort_bits >= Some(20.0));
        assert!(both.correctness.bits() >= 40.0);

        let alone = plan(&Goal { accuracy: Some(accuracy((4, 5), None, 1)), ..goal(512, 40, 0) }).expect("feasible");
        assert_eq!((alone.params.T(), alone.params.slack()), (125, 0));
        assert_eq!(check(&alone.certificate.expect("slack 0")), Ok(()));
    }

    #[test]
    fn a_swapped_function_asks_for_publics() {
        let third = |R, min_T, target: (u32, u32)| Goal { substitution: Some(target.into()), ..goal(R, 40, min_T) };
        for (R, target, B, T) in [(8, (1, 100), 7, 291), (8, (1, 1000), 5, 2940), (512, (1, 4), 5, 512)] {
            let plan = plan(&third(R, 0, target)).expect("feasible");
            assert_eq!((plan.params.B(), plan.params.T(), plan.binding), (B, T, Binding::Substitution));
            let certificate = plan.certificate.expect("slack 0");
            assert_eq!((check(&certificate), certificate.min_T), (Ok(()), T));
        }
        assert_eq!(plan(&third(8, 3000, (1, 1000))).map(|plan| plan.binding), Ok(Binding::MinT));
        assert_eq!(plan(&third(8, 0, (1, 1))).map(|plan| plan.params), plan(&goal(8, 40, 0)).map(|plan| plan.params));
        let with_slack = plan(&Goal { slack: Some(1), ..third(8, 0, (1, 100)) }).expect("feasible");
        assert_eq!((with_slack.params.T(), with_slack.params.slack()), (666, 1));
        let weak = Goal { accuracy: Some(accuracy((99, 100), None, 1)), ..third(8, 0, (1, 100)) };
        assert_eq!(plan(&weak).map(|plan| (plan.params.T(), plan.binding)), Ok((2759, Binding::Accuracy)));
        let honest = Goal { accuracy: Some(accuracy((4, 5), Some((99, 100)), 20)), ..third(8, 0, (1, 100)) };
        let error = plan(&honest).expect_err("an honest model that errs needs slack, which a swapped function spends");
        assert!(matches!(error, PlanError::Swapped { R: 8, .. }), "{error}");
    }

    /// Definition: every total, its every B and every slack, smallest first.
    fn brute(goal: &Goal, ranges: &[(u64, u64, u64)]) -> Option<Params> {
        (1..120_u64).find_map(|N| {
            (1..=N / goal.R).find_map(|B| {
                let T = N - goal.R * B;
                ranges.iter().find_map(|&(slack, lo, hi)| {
                    let params = Params::new(goal.R, B, T, slack).ok().filter(|_| lo <= T && T <= hi)?;
                    let most = || Substitution::worst(goal.R, T, slack).expect("small").rate_at_most().clone();
                    let is_held = || goal.substitution.as_ref().is_none_or(|target| most() <= *target);
                    (T >= goal.min_T && is_secure(params, goal.lambda) == Ok(true) && is_held()).then_some(params)
                })
            })
        })
    }

    #[test]
    fn least_over_every_slack_by_brute_force() {
        for (reject, honest, kappa) in
            [((1, 2), (9, 10), 2), ((1, 3), (4, 5), 1), ((0, 1), (1, 2), 1), ((1, 4), (1, 1), 1)]
        {
            for bits in 1..=5 {
                let game = accuracy(reject, Some(honest), kappa);
                let ranges = Ranges::new(&game, lambda(bits)).expect("apart");
                let ranges: Vec<_> = ranges.iter().take(12).map(|range| range.expect("short")).collect();
                for (R, min_T) in [(1, 0), (2, 0), (3, 0), (4, 7), (8, 0), (1, 9)] {
                    let goal = Goal { accuracy: Some(game.clone()), ..goal(R, bits, min_T) };
                    assert_eq!(plan(&goal).ok().map(|plan| plan.params), brute(&goal, &ranges), "{goal:?}");
                }
            }
        }
    }

    #[test]
    fn a_swapped_function_at_every_slack_by_brute_force() {
        let mut bound = 0;
        for (reject, honest, kappa) in [((1, 2), (19, 20), 3), ((1, 3), (99, 100), 2), ((1, 4), (1, 1), 1)] {
            for (R, min_T, percent) in [(1, 0, 8), (1, 0, 14), (2, 0, 12), (2, 7, 17), (3, 0, 23), (5, 0, 32)] {
                let game = accuracy(reject, Some(honest), kappa);
                let ranges = Ranges::new(&game, lambda(3)).expect("apart");
                let ranges: Vec<_> = ranges.iter().take(12).map(|range| range.expect("short")).collect();
                let free = Goal { accuracy: Some(game), ..goal(R, 3, min_T) };
                let goal = Goal { substitution: Some(Rational::from((percent, 100))), ..free.clone() };
                let least = brute(&goal, &ranges).expect("in the range of the search");
                assert_eq!(plan(&goal).ok().map(|plan| plan.params), Some(least), "{goal:?}");
                bound += u32::from(brute(&free, &ranges) != Some(least));
            }
        }
        assert!(bound >= 10, "the third number decides in {bound} cases only");
    }

    #[test]
    fn the_largest_goals_are_planned() {
        for (R, bits, min_T) in [(1 << 62, 1024, 0), (1 << 62, 256, 1 << 62), (1, 1024, 0), (1, 1, 1 << 62), (1, 1, 0)]
        {
            let plan = plan(&goal(R, bits, min_T)).expect("feasible");
            assert_eq!(check(&plan.certificate.expect("slack 0")), Ok(()), "R={R} lambda={bits}");
        }
    }

    #[test]
    fn what_cannot_be_met_is_named() {
        let error = |goal: &Goal| plan(goal).expect_err("infeasible").to_string();
        assert_eq!(error(&goal(0, 40, 0)), "R must be from 1 to 2^62, not 0");
        assert_eq!(error(&goal(1, 40, (1 << 62) + 1)), format!("T must be from 0 to 2^62, not {}", (1_u64 << 62) + 1));
        let same = Goal { accuracy: Some(accuracy((9, 10), Some((9, 10)), 20)), ..goal(8, 40, 0) };
        assert_eq!(error(&same), "the honest accuracy must exceed the accuracy to reject");
        let zero = Goal { slack: Some(0), accuracy: Some(accuracy((4, 5), Some((99, 100)), 20)), ..goal(8, 40, 0) };
        assert!(error(&zero).starts_with("slack 0 cannot hold both"), "{}", error(&zero));
        let far = Goal { accuracy: Some(accuracy((4, 5), Some((99, 100)), 20)), ..goal(1 << 19, 40, 0) };
        assert!(error(&far).contains("outside the proved range"), "{}", error(&far));
    }
}
