//! Positions of numbers on an axis, in percent of its width.

use serde::Serialize;

/// The ratio of the largest to the smallest rate beyond which an axis is logarithmic.
const LINEAR_RATIO: f64 = 30.0;
/// The position of a rate of 0 on a logarithmic axis, in percent of the width.
const ZERO: f64 = 3.0;
/// The position of the least value on a logarithmic axis, in percent of the width.
const FIRST: f64 = 12.0;
/// The position of the greatest value on any axis, where marks are not cut off yet.
const LAST: f64 = 97.0;
/// The largest number of ticks.
const MOST_TICKS: usize = 6;

/// The scale of an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Axis {
    /// A linear scale from one number to another.
    Linear(f64, f64),
    /// A logarithmic scale from `10^first` to `10^last`, with a place of its own for 0.
    Log(i32, i32),
}

/// A labelled tick on an axis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tick {
    /// The position of the tick in percent of the width.
    pub x: f64,
    /// The label of the tick.
    pub label: String,
    /// The exponent, where the label is a power of ten such as `1e-4`.
    pub exponent: Option<i32>,
}

impl Axis {
    /// Chooses an axis for rates from 0 to 1, which is logarithmic where they are far apart.
    pub fn for_rates(rates: impl Iterator<Item = f64>) -> Self {
        let (least, most) = rates
            .filter(|rate| *rate > 0.0)
            .fold((f64::INFINITY, 0.0_f64), |(least, most), rate| (least.min(rate), most.max(rate)));
        if least.is_finite() && most > least * LINEAR_RATIO {
            return Self::Log(floor(least.log10()), ceil(most.log10()));
        }
        let step = step(most);
        Self::Linear(0.0, if most > 0.0 { (most / step).ceil() * step } else { 1.0 })
    }

    /// Returns the position of a value in percent of the width, with two digits after the point.
    pub fn x(self, value: f64) -> f64 {
        let between = |share: f64, first: f64| first + share.clamp(0.0, 1.0) * (LAST - first);
        let x = match self {
            Self::Linear(low, high) => between((value - low) / (high - low), ZERO),
            Self::Log(..) if value <= 0.0 => ZERO,
            Self::Log(first, last) => between((value.log10() - f64::from(first)) / f64::from(last - first), FIRST),
        };
        (x * 100.0).round() / 100.0
    }

    /// Returns ticks at round numbers along the axis.
    pub fn ticks(self) -> Vec<Tick> {
        match self {
            Self::Linear(low, high) => {
                let step = step(high - low);
                let number = |index: i32| (low / step).ceil() * step + f64::from(index) * step;
                let inside = (0..).map(number).take_while(|value| *value <= high + step / 1e6);
                inside.map(|value| Tick { x: self.x(value), label: short(value), exponent: None }).collect()
            }
            Self::Log(first, last) => {
                let stride = usize::try_from(last - first).unwrap_or(1).div_ceil(MOST_TICKS - 1).max(1);
                let decades = (first..=last).rev().step_by(stride);
                let tick = |decade: i32| {
                    let exponent = (!(-3..=0).contains(&decade)).then_some(decade);
                    Tick { x: self.x(10_f64.powi(decade)), label: power(decade), exponent }
                };
                let zero = Tick { x: ZERO, label: "0".into(), exponent: None };
                std::iter::once(zero).chain(decades.map(tick).collect::<Vec<_>>().into_iter().rev()).collect()
            }
        }
    }
}

/// Returns 1, 2 or 5 times a power of ten, such that a span has at most [`MOST_TICKS`] ticks.
fn step(span: f64) -> f64 {
    let span = if span > 0.0 { span } else { 1.0 };
    let coarse = 10_f64.powi(floor((span / 5.0).log10()));
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * coarse);
    let fits = |step: &f64| span / step <= 5.0 + 1e-9;
    steps.into_iter().find(fits).unwrap_or(span)
}

/// Writes a number with up to six digits after the point.
pub fn short(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "-0" => "0".into(),
        _ => text.into(),
    }
}

fn power(decade: i32) -> String {
    match decade {
        -3..=0 => short(10_f64.powi(decade)),
        _ => format!("1e{decade}"),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "decades of a double are within 400")]
fn floor(value: f64) -> i32 {
    value.floor() as i32
}

#[expect(clippy::cast_possible_truncation, reason = "decades of a double are within 400")]
fn ceil(value: f64) -> i32 {
    value.ceil() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: Axis) -> Vec<String> {
        axis.ticks().into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn rates_near_each_other_are_linear_from_zero() {
        let axis = Axis::for_rates([0.0, 0.042, 0.31].into_iter());
        assert_eq!(axis, Axis::Linear(0.0, 0.4));
        assert_eq!(labels(axis), ["0", "0.1", "0.2", "0.3", "0.4"]);
        assert!(axis.x(0.0) < axis.x(0.042) && axis.x(0.31) < axis.x(0.4));
        assert_eq!(Axis::for_rates([0.0].into_iter()), Axis::Linear(0.0, 1.0));
    }

    #[test]
    fn rates_far_apart_are_logarithmic_with_zero_apart() {
        let axis = Axis::for_rates([0.0, 3e-13, 0.9].into_iter());
        assert_eq!(axis, Axis::Log(-13, 0));
        let labels = labels(axis);
        assert_eq!((labels[0].as_str(), labels[labels.len() - 1].as_str()), ("0", "1"));
        assert!(labels.len() <= MOST_TICKS + 1, "{labels:?}");
        let xs = [0.0, 1e-14, 1e-9, 1e-3, 1.0].map(|rate| axis.x(rate));
        assert!(xs.is_sorted() && xs[0] < xs[1], "{xs:?}");
    }

    #[test]
    fn ratios_have_round_ticks() {
        assert_eq!(labels(Axis::Linear(0.7, 1.3)), ["0.8", "1", "1.2"]);
        assert_eq!(labels(Axis::Linear(0.0, 2.0)), ["0", "0.5", "1", "1.5", "2"]);
        for axis in [Axis::Linear(0.0, 1e-7), Axis::Linear(0.97, 1.03), Axis::Log(-3, 0), Axis::Log(-200, 0)] {
            assert!((2..=MOST_TICKS + 1).contains(&axis.ticks().len()), "{axis:?}: {:?}", axis.ticks());
        }
    }
}
