//! The wins of every strategy over the combinations of a sweep, as SVG.

use super::axis::{Key, distinct};
use crate::axis::{Axis, short};
use crate::commands::plot::PALETTE;
use fusion_adversaries::script::HONEST;
use fusion_engine::documents::sweep::SweepRow;
use fusion_engine::failure::Failure;
use plotters::coord::Shift;
use plotters::prelude::*;
use std::error::Error;

/// The size of the panel of a strategy, in pixels.
const PANEL: (u32, u32) = (960, 360);

/// Draws a panel for each strategy: measured rates of wins as dots with their intervals, claimed ones as lines. One of the keys that the sweep varies
/// is along the axis; combinations of the others have a colour each.
pub fn draw(name: &str, rows: &[SweepRow], varied: &[Key]) -> Result<String, Failure> {
    let mut svg = String::new();
    panels(&mut svg, name, rows, varied).map_err(|error| Failure::Bug(format!("drawing the sweep: {error}")))?;
    Ok(svg)
}

fn panels(svg: &mut String, name: &str, rows: &[SweepRow], varied: &[Key]) -> Result<(), Box<dyn Error>> {
    let wins: Vec<&SweepRow> = rows.iter().filter(|row| row.event == "win").collect();
    let strategies = distinct(wins.iter().map(|row| row.strategy.clone()));
    let shown: Vec<&String> =
        strategies.iter().filter(|strategy| *strategy != HONEST || strategies.len() == 1).collect();
    let height = PANEL.1 * u32::try_from(shown.len())?;
    let root = SVGBackend::with_string(svg, (PANEL.0, height.max(1))).into_drawing_area();
    root.fill(&WHITE)?;
    for (area, strategy) in root.split_evenly((shown.len().max(1), 1)).iter().zip(shown) {
        let own: Vec<&SweepRow> = wins.iter().copied().filter(|row| row.strategy == *strategy).collect();
        panel(area, &format!("{name}: wins of {strategy}"), &own, varied)?;
    }
    root.present()?;
    Ok(())
}

fn panel(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    caption: &str,
    rows: &[&SweepRow],
    varied: &[Key],
) -> Result<(), Box<dyn Error>> {
    let along = Key::along(varied, rows);
    let ticks = distinct(rows.iter().map(|row| along.value(row)));
    let others: Vec<Key> = varied.iter().copied().filter(|key| *key != along).collect();
    let name = |row: &SweepRow| others.iter().map(|key| key.told(row)).collect::<Vec<_>>().join(", ");
    let scale = Scale::of(rows);
    let mut chart = ChartBuilder::on(area)
        .caption(caption, ("sans-serif", 20))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(70)
        .build_cartesian_2d(-0.5..index(ticks.len()) - 0.5, scale.range())?;
    let tick = |x: &f64| ticks.iter().enumerate().find(|(at, _)| (index(*at) - x).abs() < 1e-6);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .y_max_light_lines(0)
        .x_desc(along.name())
        .y_desc("rate of wins; lines are exact")
        .x_labels(2 * ticks.len() + 1)
        .x_label_formatter(&|x| tick(x).map_or_else(String::new, |(_, value)| value.clone()))
        .y_label_formatter(&|y| scale.label(*y))
        .bold_line_style(RGBColor(230, 230, 230))
        .label_style(("sans-serif", 14))
        .draw()?;
    let at = |row: &SweepRow| ticks.iter().position(|value| *value == along.value(row)).map(index);
    let all = distinct(rows.iter().map(|row| name(row)));
    for (place, series) in all.iter().enumerate() {
        // Side by side, so that no interval hides another.
        let aside = (2.0 * index(place) + 1.0 - index(all.len())) / index(all.len()) * 0.2;
        let x = |row: &SweepRow| Some(at(row)? + if all.len() > 1 { aside } else { 0.0 });
        let color = PALETTE[place % PALETTE.len()];
        let own: Vec<&SweepRow> = rows.iter().copied().filter(|row| name(row) == *series).collect();
        let exact = own.iter().filter_map(|row| Some((x(row)?, scale.y(row.exact_decimal?))));
        chart.draw_series(LineSeries::new(exact, color.stroke_width(2)))?;
        let bars = own.iter().filter_map(|row| Some((x(row)?, scale.y(row.low?), scale.y(row.high?))));
        chart.draw_series(bars.map(|(x, low, high)| PathElement::new([(x, low), (x, high)], color.stroke_width(1))))?;
        let dot = |row: &&&SweepRow| {
            let style = if scale.has(row.rate?) { color.filled() } else { color.stroke_width(1) };
            Some(Circle::new((x(row)?, scale.y(row.rate?)), 4, style))
        };
        chart
            .draw_series(own.iter().filter_map(|row| dot(&row)))?
            .label(series.clone())
            .legend(move |(x, y)| Circle::new((x + 12, y), 4, color.filled()));
    }
    if all.len() < 2 {
        return Ok(());
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(RGBColor(200, 200, 200))
        .label_font(("sans-serif", 13))
        .draw()?;
    Ok(())
}

/// The scale of the rates, logarithmic where they are far apart.
#[derive(Clone, Copy)]
enum Scale {
    /// From 0 to this rate.
    Linear(f64),
    /// From one power of ten to another. A rate of 0 is at the lower end.
    Log(i32, i32),
}

impl Scale {
    fn of(rows: &[&SweepRow]) -> Self {
        let rates = || rows.iter().flat_map(|row| [row.rate, row.exact_decimal, row.high]).flatten();
        match Axis::for_rates(rates()) {
            Axis::Linear(..) => {
                let most = rates().fold(0.0, f64::max);
                Self::Linear(if most > 0.0 { most } else { 1.0 })
            }
            Axis::Log(first, last) => Self::Log(first, last),
        }
    }

    fn range(self) -> std::ops::Range<f64> {
        match self {
            Self::Linear(most) => 0.0..1.05 * most,
            Self::Log(first, last) => f64::from(first) - 0.5..f64::from(last) + 0.2,
        }
    }

    /// Whether a rate has a place of its own.
    fn has(self, rate: f64) -> bool {
        matches!(self, Self::Linear(_)) || rate > 0.0
    }

    fn y(self, rate: f64) -> f64 {
        let range = self.range();
        let y = if matches!(self, Self::Linear(_)) { rate } else { rate.log10() };
        y.clamp(range.start, range.end)
    }

    fn label(self, y: f64) -> String {
        match self {
            Self::Linear(_) => short(y),
            Self::Log(..) if (y - y.round()).abs() < 1e-6 => format!("10^{y:.0}"),
            Self::Log(..) => String::new(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "places on an axis are few")]
fn index(place: usize) -> f64 {
    place as f64
}
