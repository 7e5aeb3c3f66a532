//! Plots of rates beside the claimed ones, as rows of marks on one axis.

use crate::axis::{Axis, Tick};
use crate::text::{percent, probability};
use fusion_engine::documents::result::{ExpectationDocument, StandingDocument, StrategyDocument};
use fusion_spec::bound::bits::nearest;
use rug::Rational;
use serde::Serialize;

/// A measured rate and its claim.
#[derive(Clone, Debug)]
pub struct Rate {
    /// The strategy or the event that the rate belongs to.
    pub label: String,
    /// The measured rate; `None` before the first trial.
    pub measured: Option<f64>,
    /// The least and the greatest rate that the evidence does not exclude.
    pub interval: [f64; 2],
    /// The claimed rate, if there is one.
    pub expected: Option<Rational>,
    /// Whether the claim bounds the rate from above.
    pub bound: bool,
}

/// A plot of several rates on one axis.
#[derive(Clone, Debug, Serialize)]
pub struct Plot {
    /// The caption of the axis.
    pub caption: String,
    /// The ticks along the axis.
    pub ticks: Vec<Tick>,
    /// The rows, one for each rate.
    pub rows: Vec<PlotRow>,
    /// Whether some claim is a bound.
    pub bounds: bool,
}

/// A row of a plot. All positions are in percent of the width.
#[derive(Clone, Debug, Serialize)]
pub struct PlotRow {
    /// What the rate is of.
    pub label: String,
    /// The content of the row in words.
    pub text: String,
    /// The measured rate, if there is one.
    pub measured: Option<f64>,
    /// The least rate that the evidence does not exclude.
    pub low: f64,
    /// The greatest rate that the evidence does not exclude.
    pub high: f64,
    /// The claimed rate, if there is one.
    pub exact: Option<f64>,
    /// Whether the claimed rate is a bound.
    pub bound: bool,
    /// The band in which the measured rate passes: its left end and its width.
    pub band: Option<[f64; 2]>,
}

/// A claim under the label that plots and tables give it.
pub struct Claimed<'r> {
    /// What the claim is about.
    pub label: String,
    /// Whether the claim bounds a rate from above.
    pub bound: bool,
    /// Whether it is about an event of the theorem, and not a clause of the script.
    pub event: bool,
    /// The claimed rate and its counts.
    pub standing: &'r StandingDocument,
}

impl<'r> From<&'r ExpectationDocument> for Claimed<'r> {
    fn from(ExpectationDocument { clause, standing, within: _ }: &'r ExpectationDocument) -> Self {
        Self { label: clause.subject().into(), bound: clause.is_bound(), event: false, standing }
    }
}

impl Claimed<'_> {
    /// Returns the measured rate and its claim.
    pub fn rate(&self) -> Rate {
        let Self {
            label,
            bound,
            event: _,
            standing:
                StandingDocument { count, expected, interval, tolerance: _, trials, verdict: _, expected_decimal: _ },
        } = self;
        #[expect(clippy::cast_precision_loss, reason = "shown, not compared")]
        let measured = (*trials > 0).then(|| *count as f64 / *trials as f64);
        let expected = expected.as_ref().map(|fraction| fraction.0.clone());
        Rate { label: label.clone(), measured, interval: *interval, expected, bound: *bound }
    }
}

/// Returns the rate that a strategy's first claim is about, or that of wins if nothing is claimed.
pub fn first_rate(strategy: &StrategyDocument) -> Rate {
    let claim = strategy.expectations.iter().find(|claim| claim.standing.expected.is_some());
    let label = |event: &str| format!("{} {event}", strategy.name);
    let winning = || Rate {
        label: label("wins"),
        measured: strategy.rate,
        interval: strategy.interval,
        expected: None,
        bound: false,
    };
    let rate = |claim: &ExpectationDocument| {
        let claimed = Claimed::from(claim);
        Claimed { label: label(&claimed.label), ..claimed }.rate()
    };
    match claim {
        // Stage by stage, counts are of no rate.
        Some(claim) if !strategy.stages.is_empty() => Rate { measured: strategy.rate, ..rate(claim) },
        Some(claim) => rate(claim),
        None => winning(),
    }
}

/// Plots rates as they are.
pub fn absolute(rates: &[Rate]) -> Plot {
    let numbers = |rate: &Rate| {
        let expected = rate.expected.as_ref().map(nearest);
        rate.interval.into_iter().chain(rate.measured).chain(expected).collect::<Vec<_>>()
    };
    let axis = Axis::for_rates(rates.iter().flat_map(numbers));
    let row = |rate: &Rate| row(axis, rate, |value| value, None);
    Plot {
        caption: if matches!(axis, Axis::Log(..)) { "rate, on a logarithmic axis" } else { "rate" }.into(),
        ticks: axis.ticks(),
        rows: rates.iter().map(row).collect(),
        bounds: rates.iter().any(|rate| rate.bound),
    }
}

/// Plots rates as multiples of the claimed ones, with the bands in which they pass. Returns `None` if no claimed rate is strictly
/// between 0 and 1.
pub fn relative(rates: &[Rate], within: f64) -> Option<Plot> {
    let claimed = |rate: &&Rate| rate.measured.is_some() && rate.expected.as_ref().is_some_and(|p| *p > 0 && *p < 1);
    let rates: Vec<&Rate> = rates.iter().filter(claimed).collect();
    let ratio = |rate: &Rate, value: f64| value / rate.expected.as_ref().map_or(1.0, nearest);
    let ends = rates.iter().flat_map(|rate| rate.interval.map(|end| ratio(rate, end)));
    let margin = 1.8 * within * rates.iter().map(|rate| nearness(rate.expected.as_ref())).fold(0.0, f64::max);
    let (low, high) = ends.fold((1.0 - margin, 1.0 + margin), |(low, high), end| (low.min(end), high.max(end)));
    let bounds = rates.iter().any(|rate| rate.bound);
    let axis = Axis::Linear(if bounds { 0.0 } else { low.max(0.0) }, high.min(3.0));
    let row = |rate: &&Rate| row(axis, rate, |value| ratio(rate, value), Some(within));
    (!rates.is_empty()).then(|| Plot {
        caption: "measured rate as a multiple of the exact one".into(),
        ticks: axis.ticks(),
        rows: rates.iter().map(row).collect(),
        bounds,
    })
}

fn row(axis: Axis, rate: &Rate, scale: impl Fn(f64) -> f64, within: Option<f64>) -> PlotRow {
    let Rate { label, measured, interval, expected, bound } = rate;
    let place = |value: f64| axis.x(scale(value));
    let band = within.map(|within| {
        let near = within * nearness(expected.as_ref());
        let [left, right] = [if *bound { 0.0 } else { 1.0 - near }, 1.0 + near].map(|value| axis.x(value));
        [left, right - left]
    });
    PlotRow {
        label: label.clone(),
        text: in_words(rate),
        measured: measured.map(place),
        low: place(interval[0]),
        high: place(interval[1]),
        exact: expected.as_ref().map(nearest).map(place),
        bound: *bound,
        band,
    }
}

/// Returns the smaller of the claimed rate and its complement, as a share of the claimed rate. How near a pass must be is
/// relative to it.
fn nearness(expected: Option<&Rational>) -> f64 {
    expected.map_or(1.0, |p| nearest(&(Rational::from(1 - p) / p)).min(1.0))
}

fn in_words(rate: &Rate) -> String {
    let Rate { label, measured, interval: [low, high], expected, bound } = rate;
    let measured = measured.map_or_else(|| "not measured".into(), |rate| format!("measured {}", percent(rate)));
    let claimed = match (expected, bound) {
        (Some(p), true) => format!(", claimed to be at most {}", probability(p)),
        (Some(p), false) => format!(", exactly {}", probability(p)),
        (None, _) => String::new(),
    };
    format!("{label}: {measured}, interval {} to {}{claimed}", percent(*low), percent(*high))
}
