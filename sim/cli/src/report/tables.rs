//! The page on the paper's tables.

use crate::answers::tables::figures;
use crate::axis::{Axis, Tick};
use fusion_engine::documents::tables::{
    ColumnDocument, Difference, MeasurementDocument, RowDocument, Source, TableDocument, TablesDocument,
};
use serde::Serialize;

/// The values that the template of the tables reads.
#[derive(Debug, Serialize)]
pub struct TablesPage {
    quick: bool,
    made: String,
    tables: Vec<Section>,
    differences: Vec<Meaning>,
    measurements: Vec<Measured>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Section {
    number: String,
    title: String,
    about: String,
    columns: Vec<String>,
    rows: Vec<Row>,
    picture: Picture,
}

#[derive(Debug, Serialize)]
struct Row {
    scheme: String,
    network: String,
    figures: Vec<Figure>,
    batch: String,
    remark: String,
    source: &'static str,
}

#[derive(Debug, Serialize)]
struct Figure {
    published: String,
    ours: String,
    name: String,
}

/// The first column of a table as bars on a logarithmic axis.
#[derive(Debug, Serialize)]
struct Picture {
    caption: String,
    start: f64,
    ticks: Vec<Tick>,
    bars: Vec<Bars>,
}

/// The bars of a row: their lengths in percent of the width.
#[derive(Debug, Serialize)]
struct Bars {
    label: String,
    text: String,
    published: Option<f64>,
    ours: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Meaning {
    word: &'static str,
    meaning: &'static str,
}

/// A single inference.
#[derive(Debug, Serialize)]
struct Measured {
    backend: String,
    network: String,
    batch: usize,
    bytes: String,
    lan: String,
    wan: String,
    source: &'static str,
}

impl TablesPage {
    /// Formats the tables for their page.
    pub fn new(document: &TablesDocument) -> Self {
        let commit = document.commit.as_deref().map_or_else(String::new, |commit| format!(", commit {commit}"));
        Self {
            quick: document.quick,
            made: format!("sim {}{commit}", document.version),
            tables: document.tables.iter().map(Section::new).collect(),
            differences: Difference::ALL
                .map(|difference| Meaning { word: difference.name(), meaning: difference.meaning() })
                .into(),
            measurements: document.measurements.iter().map(Measured::new).collect(),
            notes: document.notes.clone(),
        }
    }
}

impl Section {
    fn new(table: &TableDocument) -> Self {
        Self {
            number: table.number.clone(),
            title: table.title.clone(),
            about: table.about.clone(),
            columns: table.columns.iter().map(figures::heading).collect(),
            rows: table.rows.iter().map(|row| Row::new(row, &table.columns)).collect(),
            picture: Picture::new(table),
        }
    }
}

impl Row {
    fn new(row: &RowDocument, columns: &[ColumnDocument]) -> Self {
        let figure = |(index, column): (usize, &ColumnDocument)| Figure {
            published: figures::published(row.published[index], column),
            ours: figures::shown(row.ours[index], column),
            name: figures::heading(column),
        };
        Self {
            scheme: row.scheme.clone(),
            network: row.network.clone(),
            figures: columns.iter().enumerate().map(figure).collect(),
            batch: figures::batch(row),
            remark: figures::remark(row),
            source: if row.source == Source::NotMeasured { "plain" } else { "" },
        }
    }
}

impl Picture {
    fn new(table: &TableDocument) -> Self {
        let all = table.rows.iter().flat_map(|row| [row.published[0], row.ours[0]]).flatten();
        let (least, most) =
            all.fold((f64::INFINITY, 0.0_f64), |(least, most), figure| (least.min(figure), most.max(figure)));
        let axis = if least <= most { decades(least, most) } else { Axis::Log(0, 1) };
        let ticks: Vec<Tick> = axis.ticks().into_iter().skip(1).collect();
        let start = ticks.first().map_or(0.0, |tick| tick.x);
        let length = |figure: Option<f64>| figure.map(|figure| ((axis.x(figure) - start) * 100.0).round() / 100.0);
        let bars = |row: &RowDocument| {
            let column = &table.columns[0];
            let published = figures::published(row.published[0], column);
            let ours = row.ours[0].map_or_else(|| row.source.name().into(), |_| figures::shown(row.ours[0], column));
            Bars {
                label: format!("{}, {}", row.scheme, row.network),
                text: format!("{}, {}: published {published}, ours {ours}", row.scheme, row.network),
                published: length(row.published[0]),
                ours: length(row.ours[0]),
            }
        };
        Self {
            caption: format!("{} on a logarithmic axis", figures::heading(&table.columns[0])),
            start,
            ticks,
            bars: table.rows.iter().map(bars).collect(),
        }
    }
}

/// Returns an axis of whole decades on which no bar is without length.
#[expect(clippy::cast_possible_truncation, reason = "decades of a double are within 400")]
fn decades(least: f64, most: f64) -> Axis {
    let first = (least.log10() - 0.1).floor() as i32;
    Axis::Log(first, (most.log10().ceil() as i32).max(first + 1))
}

impl Measured {
    fn new(measured: &MeasurementDocument) -> Self {
        let milli = |seconds: Option<f64>| seconds.map_or_else(|| "-".into(), |s| format!("{:.2} ms", s * 1e3));
        Self {
            backend: measured.backend.clone(),
            network: measured.network.clone(),
            batch: measured.batch,
            bytes: format!("{:.1} KB", measured.sent_bytes() / 1e3),
            lan: milli(measured.lan_s),
            wan: milli(measured.wan_s),
            source: measured.source.name(),
        }
    }
}
