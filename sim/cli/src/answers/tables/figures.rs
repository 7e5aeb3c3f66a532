//! Figures of the tables as text, which terminals, pages and papers show alike.

use super::published::Unit;
use fusion_engine::documents::tables::{ColumnDocument, MeasurementDocument, PlanOfRow, RowDocument, Source};

const MIB: f64 = (1 << 20) as f64;
const GIB: f64 = (1 << 30) as f64;

/// Returns a figure of a measurement in a column's unit: the bytes in the first column, then the seconds over a LAN and over a WAN.
pub fn of(measured: &MeasurementDocument, column: usize, unit: Unit) -> Option<f64> {
    let amount = [Some(measured.sent_bytes()), measured.lan_s, measured.wan_s].get(column).copied().flatten()?;
    match unit {
        Unit::Times => None,
        Unit::MiB => Some(amount / MIB),
        Unit::GiB => Some(amount / GIB),
        Unit::Milliseconds => Some(amount * 1e3),
        Unit::Minutes => Some(amount / 60.0),
    }
}

/// Writes a published figure; `not known` where our source does not give it.
pub fn published(figure: Option<f64>, column: &ColumnDocument) -> String {
    if figure.is_none() { "not known".into() } else { shown(figure, column) }
}

/// Writes a figure, with as many digits after the point as are published; `-` where there is none.
pub fn shown(figure: Option<f64>, column: &ColumnDocument) -> String {
    match figure {
        None => "-".into(),
        Some(figure) if column.unit == Unit::Times.sign() => format!("{figure:.2}"),
        Some(figure) => format!("{figure:.3}"),
    }
}

/// Returns our figure as a multiple of the published one.
pub fn ratio(row: &RowDocument, column: usize) -> Option<f64> {
    let [published, ours] = [&row.published, &row.ours].map(|figures| figures.get(column).copied().flatten());
    Some(ours? / published?)
}

/// Returns the heading of a column, with its unit.
pub fn heading(column: &ColumnDocument) -> String {
    format!("{}, {}", column.name, column.unit)
}

/// Returns what is to be said of a row: where our figures come from, and why they differ or why there are none.
pub fn remark(row: &RowDocument) -> String {
    let differs: Vec<&str> = row.differs.iter().map(|difference| difference.name()).collect();
    let why = row.reason.clone().unwrap_or_else(|| differs.join(", "));
    match (row.source, why.as_str()) {
        (source, "") => source.name().into(),
        (Source::Measured, why) => why.into(),
        (source, why) => format!("{}: {why}", source.name()),
    }
}

/// Writes a batch, `-` where there is none.
pub fn batch(row: &RowDocument) -> String {
    row.batch.map_or_else(|| "-".into(), |batch| batch.to_string())
}

/// Writes the parameters of mix-and-check, each as a text; empty for a single inference.
pub fn plan(plan: Option<PlanOfRow>) -> [String; 4] {
    plan.map_or_else(<[String; 4]>::default, |PlanOfRow { B, R, T, cost }| {
        [R.to_string(), B.to_string(), T.to_string(), cost.to_string()]
    })
}
