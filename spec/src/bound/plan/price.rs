//! Plans where a public has a price: it is a labelled sample that the server has never seen.
//!
//! With `P` inferences a public, a session costs `RB + (1+P)T`. At slack 0 (ours) a plan with fewer copies than the plan of the least `N` needs more publics
//! and no fewer slots, so only more copies can be cheaper. What is secure stays secure with a copy more: `C(N,B)` and `C(N,T)` grow, as
//! `C(n+1,k+1) >= C(n,k)` and both grow with `N`. So the copies that let one public less suffice are found by doubling and bisection.

use super::{Plan, PlanError, Planner};
use crate::bound::report::{Binding, Report};
use crate::bound::slack::{Search, SearchError, first_where};
use crate::params::{MAX_B, Params};
use rug::{Integer, Rational};

impl Planner {
    /// Plans for the goal at some `R`, where every public costs so many inferences beside its own: returns the plan of the least
    /// `RB + (1+price) T`, and of those the one with the fewest copies.
    ///
    /// # Errors
    /// The errors of [`Planner::at`], and [`PlanError::PricedSlack`] if the plan tolerates wrong publics.
    ///
    /// # Panics
    /// If the price is negative.
    ///
    /// ```
    /// use fusion_spec::bound::plan::{Goal, Planner};
    /// use fusion_spec::params::Lambda;
    /// use rug::Rational;
    ///
    /// let goal = Goal { R: 2048, lambda: Lambda::new(50)?, min_T: 0, max_T: None, slack: None, accuracy: None, substitution: None };
    /// let planner = Planner::new(goal);
    /// for (price, B, T) in [((0, 1), 5, 2020), ((1, 100), 5, 2020), ((1, 50), 6, 5)] {
    ///     let plan = planner.at_price(2048, &Rational::from(price))?.params;
    ///     assert_eq!((plan.B(), plan.T()), (B, T));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn at_price(&self, R: u64, price: &Rational) -> Result<Plan, PlanError> {
        assert!(*price >= 0, "a price is not negative");
        let plan = self.at(R)?;
        let slack = plan.params.slack();
        if slack > 0 {
            return Err(PlanError::PricedSlack { slack });
        }
        let params = cheapest(&plan, price)?;
        if params == plan.params {
            return Ok(plan);
        }
        let accuracy = self.goal.accuracy.as_ref().map(|game| game.at(params)).transpose()?;
        let correctness = Report::correctness(params)?;
        Ok(Plan {
            params,
            correctness,
            accuracy,
            binding: Binding::Price,
            certificate: None,
            slack_certificate: None,
            ..plan
        })
    }
}

/// Returns what a session costs in inferences: its own, and the price of its publics.
#[must_use]
pub fn session_cost(params: Params, price: &Rational) -> Rational {
    Rational::from(params.N()) + Rational::from(params.T()) * price
}

/// The cheapest plan: the one of the least `N`, or one with more copies and fewer publics.
fn cheapest(plan: &Plan, price: &Rational) -> Result<Params, SearchError> {
    let (least, most) = (*plan.publics.start(), *plan.publics.end());
    let (R, lambda) = (plan.params.R(), plan.lambda);
    let search = |max_T| Search { R, lambda, min_T: least, max_T, slack: 0, below: None };
    let floor = Rational::from(least) * Rational::from(price + 1_u32);
    let (mut best, mut last) = (plan.params, plan.params);
    while let Some(fewer) = last.T().checked_sub(1).filter(|fewer| *fewer >= least) {
        // Beyond these copies even the fewest publics cost more.
        let room = (session_cost(best, price) - &floor) / R;
        let copies = Integer::from(room.ceil().numer() - 1_u32);
        // Too many to be a word are more than any limit.
        let copies = if copies < MAX_B { copies.to_u64() } else { Some(MAX_B) };
        let Some(copies) = copies else { break };
        let search = search(fewer.min(most));
        let suffices = |B| Ok::<bool, SearchError>(search.least_publics(B, None)?.is_some());
        let Some(B) = first_where(last.B() + 1, copies, suffices)? else { break };
        let Some(found) = search.least_publics(B, None)? else { break };
        if session_cost(found, price) < session_cost(best, price) {
            best = found;
        }
        last = found;
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::plan::Goal;
    use crate::bound::worst::is_secure;
    use crate::params::Lambda;

    /// Definition: of all secure `(B, T)` the cheapest, then the one with the fewest copies.
    fn brute(R: u64, lambda: Lambda, [min_T, max_T]: [u64; 2], price: &Rational) -> Option<(u64, u64)> {
        let all = (1..60).flat_map(|B| (min_T..=max_T).map(move |T| Params::new(R, B, T, 0).expect("in the limits")));
        let secure = all.filter(|params| is_secure(*params, lambda) == Ok(true));
        let best = secure.min_by_key(|params| (session_cost(*params, price), params.B()));
        best.map(|params| (params.B(), params.T()))
    }

    /// Whatever a public costs, and whatever limits there are.
    #[test]
    fn priced_plans_equal_brute_force() {
        let mut moved = 0;
        for (R, bits) in [(1, 6), (2, 3), (3, 6), (5, 10), (9, 8), (40, 6)] {
            let lambda = Lambda::new(bits).expect("legal");
            for (min_T, max_T) in [(0, None), (3, None), (0, Some(6))] {
                let goal = Goal { R, lambda, min_T, max_T, slack: None, accuracy: None, substitution: None };
                let planner = Planner::new(goal);
                for price in [(0, 1), (1, 7), (1, 1), (7, 2), (50, 1)].map(Rational::from) {
                    let plan = planner.at_price(R, &price).expect("feasible");
                    let found = (plan.params.B(), plan.params.T());
                    let expected = brute(R, lambda, [min_T, max_T.unwrap_or(60)], &price);
                    assert_eq!(Some(found), expected, "R={R} lambda={bits} T in {min_T}..={max_T:?} price {price}");
                    moved += u32::from(plan.binding == Binding::Price);
                    assert!(max_T.is_some() || (plan.binding == Binding::Price) == plan.certificate.is_none());
                }
            }
        }
        assert!(moved > 10, "{moved} plans differ from those of the least N");
    }

    #[test]
    fn any_price_has_an_answer_and_slack_has_none() {
        let lambda = Lambda::new(128).expect("legal");
        let goal = Goal { R: 1, lambda, min_T: 0, max_T: None, slack: None, accuracy: None, substitution: None };
        let dear = Rational::from(u64::MAX);
        for R in [1, 512, 1 << 40] {
            let plan = Planner::new(goal.clone()).at_price(R, &dear).expect("feasible");
            let fewer = Params::new(R, MAX_B, plan.params.T() - 1, 0).expect("in the limits");
            assert_eq!(
                [plan.params, fewer].map(|params| is_secure(params, lambda)),
                [Ok(true), Ok(false)],
                "{}",
                plan.params
            );
        }
        let lax = Planner::new(Goal { slack: Some(2), ..goal });
        assert!(matches!(lax.at_price(512, &dear), Err(PlanError::PricedSlack { slack: 2 })));
    }
}
