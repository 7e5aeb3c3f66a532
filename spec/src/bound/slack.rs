//! Planning with slack, or with an upper limit on `T`, by a search over `B` for the least `T` of each.
//!
//! For one `B` and `j` wrong publics the two binding rates behave simply as `T` grows (ours):
//! `C(T,j)/C(N,B+j)` rises while `T+1 < jR` and falls from there on; `C(T,j)/C(N,RB+j)` never rises. So a `T` that one of
//! them forbids is followed by the least `T` that it allows for good, and a few such jumps find the least allowed `T`.
//! For `slack < B` these rates decide (see [`crate::bound::worst`]). For `slack >= B` they are necessary only: a [`Scan`] of
//! every `k` confirms each `T` or says how many more publics are needed at least, up to `N = 10^5`.

use crate::bound::optimum::optimum;
use crate::bound::scan::{MAX_SCAN, Scan};
use crate::bound::worst::Candidate;
use crate::exact::binomial::TooLarge;
use crate::params::{Lambda, MAX_B, ParamError, Params};

/// What the search looks for, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    /// The number of queries.
    pub R: u64,
    /// The security parameter: every deviation is to win with probability at most `2^-lambda`.
    pub lambda: Lambda,
    /// The least `T` allowed, which must be at least `slack`.
    pub min_T: u64,
    /// The largest `T` allowed.
    pub max_T: u64,
    /// The number of wrong publics that are tolerated.
    pub slack: u64,
    /// A total that a plan must stay below to be of interest, if there is one.
    pub below: Option<u128>,
}

/// Why the search gives no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// A cheaper plan may exist where nothing is proved and there are too many `k` to try.
    #[error(
        "slack {slack} >= B = {B} is outside the proved range, where every k is tried up to N = {MAX_SCAN}: R = {R} needs more"
    )]
    Unproved {
        /// The number of queries.
        R: u64,
        /// The number of wrong publics that are tolerated.
        slack: u64,
        /// The number of copies for which nothing is proved.
        B: u64,
    },
    /// A parameter is outside its limits.
    #[error(transparent)]
    Params(#[from] ParamError),
    /// Two rates tie, or nearly so, and are too long to compare exactly.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// Finds the plan with the least `N`, and of those the one with the least `B`. Returns `None` when no total below `search.below` is enough.
///
/// # Errors
/// [`SearchError`] says that there is no plan, or why this cannot be decided.
///
/// ```
/// use fusion_spec::{bound::slack::{Search, least}, params::{Lambda, Params}};
/// let lambda = Lambda::new(40)?;
/// let search = Search { R: 8, lambda, min_T: 100, max_T: 1000, slack: 3, below: None };
/// assert_eq!(least(&search)?, Some(Params::new(8, 10, 100, 3)?), "slack 3 costs two copies");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn least(search: &Search) -> Result<Option<Params>, SearchError> {
    let search = search.narrowed()?;
    let Some(fewest) = search.fewest_copies()? else { return Ok(None) };
    let mut best: Option<Params> = None;
    // The proved range first: what it finds bounds the rest.
    for B in fewest.max(search.slack.saturating_add(1))..=MAX_B {
        let bound = best.map(|params| params.N()).or(search.below);
        if search.with(B, search.min_T)?.is_none_or(|floor| bound.is_some_and(|bound| floor.N() >= bound)) {
            break;
        }
        best = search.least_publics(B, bound)?.or(best);
    }
    for B in fewest..=search.slack.min(MAX_B) {
        // A smaller B wins a tie with the proved range, but not with one of its own kind.
        let tie = best.filter(|params| params.B() > search.slack).map(|params| params.N() + 1);
        let bound = tie.or(best.map(|params| params.N())).or(search.below);
        best = search.least_publics(B, bound)?.or(best);
    }
    Ok(best)
}

impl Search {
    /// The same search, of no totals above that of a plan with as many copies as slack 0 needs.
    fn narrowed(&self) -> Result<Self, SearchError> {
        let copies = optimum(self.R, self.lambda, self.min_T).map(|certificate| certificate.B.max(self.slack + 1));
        let plan = match copies {
            Some(copies @ ..=MAX_B) => self.least_publics(copies, self.below)?,
            _ => None,
        };
        let below = plan.map(|plan| plan.N() + 1).or(self.below);
        let room = below.map(|below| below.saturating_sub(u128::from(self.R) + 1));
        Ok(Self { below, ..self.within(room) })
    }

    /// The same search with no more publics than there is room for; no room given is room enough.
    fn within(&self, room: Option<u128>) -> Self {
        let max_T = room.and_then(|room| u64::try_from(room).ok()).map_or(self.max_T, |room| room.min(self.max_T));
        Self { max_T, ..*self }
    }

    /// The setting with `T` publics, if that many are allowed.
    fn with(&self, B: u64, T: u64) -> Result<Option<Params>, SearchError> {
        if T > self.max_T { Ok(None) } else { Ok(Some(Params::new(self.R, B, T, self.slack)?)) }
    }

    /// The number of copies below which no allowed `T` is enough. The rates of one whole group, and of all queries, fall as `B` grows, and
    /// neither rises with `T`.
    fn fewest_copies(&self) -> Result<Option<u64>, SearchError> {
        first_where(1, MAX_B, |B| self.is_possible(B))
    }

    /// The rates that never rise with `T` are low enough at the largest.
    fn is_possible(&self, B: u64) -> Result<bool, SearchError> {
        if self.min_T > self.max_T {
            return Ok(false);
        }
        let params = Params::new(self.R, B, self.max_T, self.slack)?;
        Ok(Candidate::one_query_and(params, 0).within(self.lambda)?
            && Candidate::all_queries(params).within(self.lambda)?)
    }

    /// Returns the parameters with the least `T` that is secure with `B` copies; `None` if no `T` that is allowed is, or if they make no total below `bound`.
    ///
    /// # Errors
    /// [`SearchError`] if a parameter is outside its limits, or the worst deviation is not proved and there are too many to try.
    ///
    /// ```
    /// use fusion_spec::{bound::slack::Search, params::{Lambda, Params}};
    /// let search = Search { R: 512, lambda: Lambda::new(40)?, min_T: 0, max_T: 1000, slack: 0, below: None };
    /// assert_eq!(search.least_publics(5, None)?, Some(Params::new(512, 5, 4, 0)?));
    /// assert_eq!(search.least_publics(4, None)?, None, "that takes more than a thousand");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn least_publics(&self, B: u64, bound: Option<u128>) -> Result<Option<Params>, SearchError> {
        let RB = u128::from(self.R) * u128::from(B);
        if bound.is_some_and(|bound| bound <= RB) {
            return Ok(None);
        }
        let capped = self.within(bound.map(|bound| bound - RB - 1));
        if !capped.is_possible(B)? {
            return Ok(None);
        }
        let mut from = self.min_T;
        loop {
            let Some(params) = capped.least_necessary(B, from)? else { return Ok(None) };
            if self.slack < B {
                return Ok(Some(params));
            }
            let scan = Scan::of(params).map_err(|_| SearchError::Unproved { R: self.R, slack: self.slack, B })?;
            match scan.violation(self.lambda)? {
                None => return Ok(Some(params)),
                Some(violation) => from = params.T().saturating_add(violation.publics_needed),
            }
        }
    }

    /// The least `T >= from` at which neither candidate wins too often.
    fn least_necessary(&self, B: u64, from: u64) -> Result<Option<Params>, SearchError> {
        let mut next = self.with(B, from)?;
        while let Some(params) = next {
            let (groups, publics) = (Candidate::one_query(params), Candidate::all_queries(params));
            if !groups.within(self.lambda)? {
                // It wins too often up to the peak of its rise, and from there until its fall is deep enough.
                let peak = (u128::from(groups.j()) * u128::from(self.R)).saturating_sub(1);
                let falling = u64::try_from(peak).map_or(BEYOND, |peak| peak.max(params.T()));
                next = self.first_within(B, falling, |at| Candidate::one_query_and(at, groups.j()))?;
            } else if !publics.within(self.lambda)? {
                next = self.first_within(B, params.T(), Candidate::all_queries)?;
            } else {
                return Ok(Some(params));
            }
        }
        Ok(None)
    }

    /// The least `T` in `from..=max_T` at which a candidate, whose rate falls there, is within the threshold.
    fn first_within(
        &self,
        B: u64,
        from: u64,
        candidate: impl Fn(Params) -> Candidate,
    ) -> Result<Option<Params>, SearchError> {
        let within = |T| match self.with(B, T)? {
            Some(params) => Ok::<bool, SearchError>(candidate(params).within(self.lambda)?),
            None => Ok(false),
        };
        match first_where(from, self.max_T, within)? {
            Some(T) => self.with(B, T),
            None => Ok(None),
        }
    }
}

/// A number of publics that no search allows.
const BEYOND: u64 = u64::MAX;

/// The least number in `from..=to` at which a condition holds that, once true, stays true: doubling steps, then bisection.
pub(crate) fn first_where<E>(from: u64, to: u64, holds: impl Fn(u64) -> Result<bool, E>) -> Result<Option<u64>, E> {
    if from > to {
        return Ok(None);
    }
    let (mut low, mut high, mut step) = (from, from, 1_u64);
    if !holds(to)? {
        return Ok(None);
    }
    while !holds(high)? {
        low = high + 1;
        high = high.saturating_add(step).min(to);
        step = step.saturating_mul(2);
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle)? { high = middle } else { low = middle + 1 }
    }
    Ok(Some(low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::worst::is_secure;
    use crate::params::MAX_T;

    fn search(R: u64, bits: u64, slack: u64) -> Search {
        let lambda = Lambda::new(bits).expect("legal");
        Search { R, lambda, min_T: slack, max_T: MAX_T, slack, below: None }
    }

    /// Definition: try every total from the smallest, and every B of it.
    fn brute(search: &Search) -> Option<Params> {
        (1..200).find_map(|N: u64| {
            (1..=N / search.R).find_map(|B| {
                let T = N - search.R * B;
                let params = Params::new(search.R, B, T, search.slack).ok()?;
                let fits = T >= search.min_T && T <= search.max_T;
                (fits && is_secure(params, search.lambda) == Ok(true)).then_some(params)
            })
        })
    }

    #[test]
    fn small_plans_equal_brute_force() {
        for R in [1, 2, 3, 5, 9] {
            for bits in [1, 3, 6, 10] {
                for slack in 0..5 {
                    for (min_T, max_T) in [(slack, MAX_T), (slack + 4, MAX_T), (slack, slack + 9), (slack, slack)] {
                        let search = Search { min_T, max_T, ..search(R, bits, slack) };
                        assert_eq!(least(&search), Ok(brute(&search)), "{search:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn slack_zero_agrees_with_the_certified_planner() {
        for R in [1, 7, 512, 1 << 19, 1 << 40] {
            for bits in [8, 40, 128] {
                let plan = optimum(R, Lambda::new(bits).expect("legal"), 0).expect("in the limits");
                let found = least(&search(R, bits, 0)).expect("decided").expect("feasible");
                assert_eq!((found.B(), found.T()), (plan.B, plan.T), "R={R} lambda={bits}");
            }
        }
    }

    #[test]
    fn the_bound_is_exclusive() {
        let free = least(&search(8, 20, 2)).expect("decided").expect("feasible");
        let below = |N| Search { below: Some(N), ..search(8, 20, 2) };
        assert_eq!(least(&below(free.N())), Ok(None));
        assert_eq!(least(&below(free.N() + 1)), Ok(Some(free)));
    }

    #[test]
    fn what_is_neither_proved_nor_small_is_refused() {
        let lax = Search { min_T: 268, max_T: 300, ..search(1 << 19, 40, 13) };
        assert!(matches!(least(&lax), Err(SearchError::Unproved { .. })));
    }
}
