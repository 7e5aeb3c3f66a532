//! The numbers behind the charts of one plan, each from the exact core. Numbers for which there is no time are left out, and
//! counted.

use crate::answers::plan::{asked, goal};
use crate::args::{BoundArgs, PlanArgs};
use crate::explore::desk::Limit;
use crate::explore::query::QueryProblem;
use fusion_engine::clock::now;
use fusion_engine::failure::Failure;
use fusion_spec::bound::accuracy::Game;
use fusion_spec::bound::bits::{nearest, security_bits};
use fusion_spec::bound::deviation::Deviation;
use fusion_spec::bound::plan::Goal;
use fusion_spec::bound::report::{Report, Row, groups_of};
use fusion_spec::bound::substitution::least_publics;
use fusion_spec::bound::worst::{Candidate, worst_k};
use fusion_spec::exact::binomial::binomial_bits;
use fusion_spec::params::{MAX_T, Params};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The number of slots up to which every `k` is drawn.
const EVERY: u128 = 256;
/// The length in bits of the longest row that is computed exactly.
const MAX_ROW_BITS: u32 = 1 << 14;
/// The number of bits that the terms of a touch bound may add up to.
const MAX_TOUCH_BITS: u32 = 1 << 18;

/// How often a server that touches `k` slots wins, for many `k`.
#[derive(Serialize)]
pub struct Curve {
    points: Vec<Point>,
    left_out: usize,
    elapsed_ms: f64,
}

#[derive(Serialize)]
struct Point {
    k: u128,
    i: Option<u64>,
    /// The security bits, `-log2` of the winning rate; `None` where the server never wins.
    bits: Option<f64>,
    /// The security bits of the touch bound, if that is short.
    touch_bits: Option<f64>,
    worst: bool,
}

/// Computes the rates over `k`: all, or some of them that are dense at both ends.
pub fn curve(args: &BoundArgs, limit: &Limit) -> Result<Curve, QueryProblem> {
    let start = now();
    let params = Params::new(args.R, args.B, args.T, args.slack).map_err(usage)?;
    let worst = worst_k(params).map_err(usage)?;
    let wanted = slots(params, worst);
    let points: Vec<Point> =
        wanted.iter().filter(|_| !limit.is_over()).filter_map(|&k| point(params, k, k == worst)).collect();
    let left_out = wanted.len() - points.len();
    Ok(Curve { points, left_out, elapsed_ms: start.elapsed().as_secs_f64() * 1e3 })
}

/// Returns the `k` to draw.
fn slots(params: Params, worst: u128) -> BTreeSet<u128> {
    let (N, B) = (params.N(), u128::from(params.B()));
    let tolerated = u128::from(params.slack().min(params.T()));
    let mut wanted: BTreeSet<u128> = if N <= EVERY {
        (1..=N).collect()
    } else if params.slack() >= params.B() {
        spread(N)
    } else {
        spread(params.R().into()).into_iter().flat_map(|i| [i * B, i * B + tolerated]).collect()
    };
    wanted.insert(worst);
    wanted
}

/// Returns some of `1..=last`: at doubling distances from either end, and evenly between.
fn spread(last: u128) -> BTreeSet<u128> {
    let doubling = (0..128).map(|e| 1_u128 << e).take_while(|step| *step <= last);
    let ends = doubling.flat_map(|step| [step, step + step / 2, last + 1 - step]);
    let even = (1..=48).map(|part| (last / 48 * part).max(1));
    ends.chain(1..=8).chain(even).filter(|n| (1..=last).contains(n)).collect()
}

/// Computes the point at `k`; returns `None` if the exact value is too long.
fn point(params: Params, k: u128, worst: bool) -> Option<Point> {
    let length = binomial_bits(params.N(), k);
    let bits = if params.slack() < params.B() {
        Candidate::touching(params, k).map(|pair| pair.security_bits())
    } else if length <= MAX_ROW_BITS {
        Row::new(params, k).ok()?.bits
    } else {
        return None;
    };
    let deviation = Deviation::full(params, k).ok()?;
    let is_short = length * deviation.touch_terms() <= MAX_TOUCH_BITS;
    let touch = is_short.then(|| deviation.touch_bound().ok()).flatten();
    let touch_bits = touch.as_ref().and_then(security_bits);
    Some(Point { k, i: groups_of(params, k), bits, touch_bits, worst })
}

/// The costs of `B` and `T` around the plan, and which of them meet the goal.
#[derive(Serialize)]
pub struct Surface {
    B: Vec<u64>,
    T: Vec<u64>,
    cells: Vec<SurfaceCell>,
    left_out: usize,
    elapsed_ms: f64,
}

#[derive(Serialize)]
struct SurfaceCell {
    B: u64,
    T: u64,
    slack: u64,
    cost: f64,
    bits: f64,
    /// Whether these parameters meet the goal.
    safe: bool,
    /// The part of the goal that they do not meet, in words.
    why: Option<&'static str>,
}

/// The number of rows of `B`, and of columns of `T`, on either side of the plan.
const SIDE: i64 = 3;

/// Computes the surface, the plan's own cell first and its neighbours next.
pub fn surface(args: &PlanArgs, B: u64, T: u64, limit: &Limit) -> Result<Surface, QueryProblem> {
    let start = now();
    let (R, lambda) = asked(args).map_err(|failure| QueryProblem::of(&failure))?;
    let goal = goal(args, R, lambda);
    let step = (T / 8).max(1);
    let around = |centre: u64, step: u64, least: u64| -> Vec<u64> {
        let lowest = centre.saturating_sub(step * SIDE.unsigned_abs()).max(least.min(centre));
        (0..=2 * SIDE.unsigned_abs()).map(|n| lowest.saturating_add(n * step)).collect()
    };
    let (rows, columns) = (around(B, 1, 1), around(T, step, goal.slack.unwrap_or(0)));
    let publics = columns.iter().map(|T| Ok((*T, Publics::new(&goal, *T)?)));
    let publics: BTreeMap<u64, Publics> = publics.collect::<Result<_, QueryProblem>>()?;
    let mut wanted: Vec<(u64, u64)> = rows.iter().flat_map(|B| columns.iter().map(move |T| (*B, *T))).collect();
    wanted.sort_by_key(|(row, column)| row.abs_diff(B).max(column.abs_diff(T) / step));
    let cells: Vec<SurfaceCell> = wanted
        .iter()
        .filter(|_| !limit.is_over())
        .filter_map(|&(B, T)| SurfaceCell::new(&goal, B, T, &publics[&T]))
        .collect();
    let left_out = wanted.len() - cells.len();
    Ok(Surface { B: rows, T: columns, cells, left_out, elapsed_ms: start.elapsed().as_secs_f64() * 1e3 })
}

/// What holds for a number of publics, whatever `B` is.
struct Publics {
    /// The slack that is asked for, or the least at which the accuracy game allows this `T`, or 0.
    slack: u64,
    /// The part of the goal that is not met, in words.
    why: Option<&'static str>,
}

impl Publics {
    fn new(goal: &Goal, T: u64) -> Result<Self, QueryProblem> {
        let slack = match (goal.slack, &goal.accuracy) {
            (None, Some(game @ Game { honest: Some(_), .. })) => game.least_slack(goal.lambda, T).map_err(usage)?,
            (slack, _) => Some(slack.unwrap_or(0)),
        };
        let Some(slack) = slack else {
            return Ok(Self { slack: 0, why: Some("no slack was found that tells the models apart") });
        };
        let range = goal.accuracy.as_ref().map(|game| game.range(goal.lambda, slack, goal.min_T)).transpose();
        let range = if T < goal.min_T { None } else { range.map_err(usage)? };
        let fewest = match &goal.substitution {
            None => Some(0),
            Some(rate) => least_publics(goal.R, slack, rate, MAX_T).map_err(usage)?,
        };
        let why = match range {
            _ if T < goal.min_T => Some("T is below min_T"),
            _ if fewest.is_none_or(|fewest| T < fewest) => Some("a swapped function passes"),
            Some((least, _)) if T < least => Some("the weak model passes"),
            Some((_, most)) if T > most => Some("the honest model fails"),
            _ => None,
        };
        Ok(Self { slack, why })
    }
}

impl SurfaceCell {
    /// Computes a cell. Returns `None` if the worst deviation is not known.
    fn new(goal: &Goal, B: u64, T: u64, publics: &Publics) -> Option<Self> {
        let params = Params::new(goal.R, B, T, publics.slack).ok()?;
        let bits = Report::correctness(params).ok()?.bits();
        let few = (bits < f64::from(goal.lambda.bits())).then_some("too few bits");
        let why = few.or(publics.why);
        let slack = publics.slack;
        Some(Self { B, T, slack, cost: nearest(&params.cost()), bits, safe: why.is_none(), why })
    }
}

fn usage(error: impl std::error::Error) -> QueryProblem {
    QueryProblem::of(&Failure::usage(error))
}
