//! Many plans: the cost against `R`, and against `R` and lambda. Plans for which there is no time are left out, and counted.

use crate::answers::plan::{PUBLISHED, PlanAnswer, asked, planner};
use crate::args::PlanArgs;
use crate::explore::desk::Limit;
use crate::explore::query::QueryProblem;
use fusion_spec::bound::bits::nearest;
use fusion_spec::bound::plan::Planner;
use fusion_spec::params::{Lambda, Params};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The lambda of the published choices, and the smallest number of publics among them.
const PUBLISHED_GOAL: (u32, u64) = (40, 100);
/// The largest exponent of `R` in the series.
const MAX_EXPONENT: u32 = 20;
/// The exponents of `R` on the map: the published ones and some between.
const EXPONENTS: [u32; 9] = [1, 3, 5, 7, 9, 11, 13, 16, 19];
/// The lambdas on the map.
const LAMBDAS: [u64; 7] = [20, 30, 40, 50, 60, 80, 128];

/// An `R` and a lambda, with their plan or the reason why there is none.
type Found = (u64, Lambda, Result<Params, String>);

/// The plans found so far. They are shared between threads, because one plan can take longer than a page waits.
#[derive(Clone, Default)]
pub struct Plans(Arc<Mutex<Vec<Found>>>);

/// The cost against `R`, and that of the published choices.
#[derive(Serialize)]
pub struct Series {
    points: Vec<Priced>,
    published: Vec<Priced>,
    left_out: usize,
    /// The reason why the first `R` without a plan has none.
    problem: Option<String>,
}

#[derive(Serialize)]
struct Priced {
    log2_R: u32,
    B: u64,
    T: u64,
    cost: f64,
}

/// The costs by lambda and `R`, both in rising order.
#[derive(Serialize)]
pub struct Map {
    lambda: Vec<u32>,
    /// Every `R` as text, because JavaScript's integers are exact only up to 2^53.
    R: Vec<String>,
    /// The cells by lambda, then by `R`; `None` where there is no plan, or no time for it.
    cells: Vec<Vec<Option<MapCell>>>,
    left_out: usize,
    problem: Option<String>,
}

#[derive(Serialize)]
struct MapCell {
    B: u64,
    T: u64,
    cost: f64,
    /// Whether the plan is one of the six published choices.
    published: bool,
}

/// The `R` and the lambdas that a chart shows.
pub struct Wanted {
    R: Vec<u64>,
    lambda: Vec<Lambda>,
}

impl Wanted {
    /// Returns the powers of two, at the lambda that is asked for.
    pub fn series(args: &PlanArgs) -> Result<Self, QueryProblem> {
        let (_, lambda) = asked(args).map_err(|failure| QueryProblem::of(&failure))?;
        Ok(Self { R: (0..=MAX_EXPONENT).map(|e| 1 << e).collect(), lambda: vec![lambda] })
    }

    /// Returns some values of each, with the two that are asked for.
    pub fn map(args: &PlanArgs) -> Result<Self, QueryProblem> {
        let (R, lambda) = asked(args).map_err(|failure| QueryProblem::of(&failure))?;
        let mut queries: Vec<u64> = EXPONENTS.iter().map(|e| 1 << e).chain([R]).collect();
        let known = LAMBDAS.iter().filter_map(|&bits| Lambda::new(bits).ok());
        let mut lambdas: Vec<Lambda> = known.chain([lambda]).collect();
        queries.sort_unstable();
        queries.dedup();
        lambdas.sort_unstable();
        lambdas.dedup();
        Ok(Self { R: queries, lambda: lambdas })
    }

    /// Returns all pairs, those nearest to what was asked for first, because they matter most to the page.
    fn by_distance(&self, args: &PlanArgs) -> Result<Vec<(u64, Lambda)>, QueryProblem> {
        let (R, lambda) = asked(args).map_err(|failure| QueryProblem::of(&failure))?;
        let mut all: Vec<(u64, Lambda)> =
            self.lambda.iter().flat_map(|lambda| self.R.iter().map(|R| (*R, *lambda))).collect();
        all.sort_by_key(|(one, other)| (other.bits().abs_diff(lambda.bits()) / 10, one.ilog2().abs_diff(R.ilog2())));
        Ok(all)
    }
}

impl Plans {
    /// Finds the plans for the same goal at every `R` and lambda, on two threads, as long as time allows.
    pub fn find(&self, wanted: &Wanted, args: &PlanArgs, limit: &Limit) -> Result<(), QueryProblem> {
        let waiting = Mutex::new(wanted.by_distance(args)?.into_iter());
        let of = |lambda: &Lambda| (*lambda, planner(args, *lambda));
        let planners: BTreeMap<Lambda, Planner> = wanted.lambda.iter().map(of).collect();
        let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = || {
            while let Some((R, lambda)) = next().filter(|_| !limit.is_over()) {
                let plan = PlanAnswer::at(&planners[&lambda], R, args.price_of_a_public.as_ref())
                    .map(|answer| answer.plan.params);
                let plan = plan.map_err(|failure| failure.message());
                self.0.lock().unwrap_or_else(PoisonError::into_inner).push((R, lambda, plan));
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(work);
            work();
        });
        Ok(())
    }

    fn found(&self) -> Vec<Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns what was found so far of [`Wanted::series`].
    pub fn series(&self, wanted: &Wanted) -> Series {
        let mut found = self.found();
        found.sort_by_key(|(R, ..)| *R);
        let points: Vec<Priced> =
            found.iter().filter_map(|(.., plan)| Some(Priced::of(*plan.as_ref().ok()?))).collect();
        let known = PUBLISHED.iter().filter_map(|&(e, B, T)| Params::new(1 << e, B, T, 0).ok());
        let (left_out, problem) = (wanted.R.len() - points.len(), problem(&found));
        Series { points, published: known.map(Priced::of).collect(), left_out, problem }
    }

    /// Returns what was found so far of [`Wanted::map`].
    pub fn map(&self, wanted: &Wanted) -> Map {
        let found = self.found();
        let cell = |R: u64, lambda: Lambda| {
            let at = found.iter().find(|(one, other, _)| (*one, *other) == (R, lambda))?;
            Some(MapCell::of(*at.2.as_ref().ok()?, lambda))
        };
        let row = |lambda: &Lambda| wanted.R.iter().map(|R| cell(*R, *lambda)).collect::<Vec<_>>();
        let cells: Vec<Vec<Option<MapCell>>> = wanted.lambda.iter().map(row).collect();
        Map {
            lambda: wanted.lambda.iter().map(|lambda| lambda.bits()).collect(),
            R: wanted.R.iter().map(ToString::to_string).collect(),
            left_out: cells.iter().flatten().filter(|cell| cell.is_none()).count(),
            problem: problem(&found),
            cells,
        }
    }
}

impl Priced {
    fn of(params: Params) -> Self {
        Self { log2_R: params.R().ilog2(), B: params.B(), T: params.T(), cost: nearest(&params.cost()) }
    }
}

impl MapCell {
    fn of(params: Params, lambda: Lambda) -> Self {
        let (R, B, T) = (params.R(), params.B(), params.T());
        let published =
            lambda.bits() == PUBLISHED_GOAL.0 && PUBLISHED.iter().any(|&(e, b, t)| (1 << e, b, t) == (R, B, T));
        Self { B, T, cost: nearest(&params.cost()), published }
    }
}

fn problem(found: &[Found]) -> Option<String> {
    found.iter().find_map(|(.., plan)| plan.clone().err())
}
