//! The tables as text.

use crate::answers::tables::figures;
use crate::text::{self, DIM, HEADING};
use fusion_engine::documents::tables::{
    Difference, MeasurementDocument, RowDocument, Source, TableDocument, TablesDocument,
};
use std::io::{self, Write};

/// Writes the tables, what the words in them mean, and every measurement.
pub fn write(document: &TablesDocument, out: &mut dyn Write) -> io::Result<()> {
    for table in &document.tables {
        write_table(table, out)?;
    }
    writeln!(out, "{}", text::styled(HEADING, "Why figures differ"))?;
    for difference in Difference::ALL {
        writeln!(out, "  {:<11} {}", difference.name(), difference.meaning())?;
    }
    write_measurements(&document.measurements, out)?;
    writeln!(out)?;
    document.notes.iter().try_for_each(|note| writeln!(out, "{}", text::styled(DIM, note)))
}

fn write_table(table: &TableDocument, out: &mut dyn Write) -> io::Result<()> {
    let TableDocument { about, columns, number, rows, title } = table;
    writeln!(out, "{}", text::styled(HEADING, &format!("Table {number}: {title}")))?;
    writeln!(out, "{}", text::styled(DIM, about))?;
    let width = rows.iter().map(|row| figures::remark(row).chars().count()).max().unwrap_or(0);
    let heading: Vec<String> = ["scheme".into(), "network".into()]
        .into_iter()
        .chain(columns.iter().flat_map(|column| [figures::heading(column), "ours".into()]))
        .chain(["batch".into(), format!("{:<width$}", "remark")])
        .collect();
    let heading: Vec<&str> = heading.iter().map(String::as_str).collect();
    let cells = |row: &RowDocument| {
        let figures = columns.iter().enumerate().flat_map(|(index, column)| {
            [figures::published(row.published[index], column), figures::shown(row.ours[index], column)]
        });
        let last = [figures::batch(row), format!("{:<width$}", figures::remark(row))];
        [row.scheme.clone(), row.network.clone()].into_iter().chain(figures).chain(last).collect()
    };
    writeln!(out, "{}", text::table(&heading, rows.iter().map(cells).collect(), 2))
}

/// Writes the single inferences that all tables are made of.
fn write_measurements(measurements: &[MeasurementDocument], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{}", text::styled(HEADING, "Single inferences"))?;
    let heading = [
        "backend",
        "network",
        "batch",
        "KB",
        "offline KB",
        "rounds",
        "LAN, ms",
        "WAN, ms",
        "set-up KB, once",
        "bytes are",
    ];
    let kilo = |bytes: Option<f64>| bytes.map_or_else(|| "-".into(), |bytes| format!("{:.1}", bytes / 1e3));
    let milli = |seconds: Option<f64>| seconds.map_or_else(|| "-".into(), |seconds| format!("{:.2}", seconds * 1e3));
    let row = |measured: &MeasurementDocument| {
        let MeasurementDocument {
            backend,
            network,
            batch,
            offline_bytes,
            rounds,
            lan_s,
            wan_s,
            setup_bytes,
            source,
            ..
        } = measured;
        #[expect(clippy::cast_precision_loss, reason = "bytes are below 2^52")]
        let setup = setup_bytes.map(|bytes| bytes as f64);
        let bytes = if *source == Source::Measured { "measured" } else { "predicted" };
        vec![
            backend.clone(),
            network.clone(),
            batch.to_string(),
            kilo(Some(measured.sent_bytes())),
            kilo(*offline_bytes),
            rounds.map_or_else(|| "-".into(), |rounds| format!("{rounds:.2}")),
            milli(*lan_s),
            milli(*wan_s),
            kilo(setup),
            bytes.into(),
        ]
    };
    write!(out, "{}", text::table(&heading, measurements.iter().map(row).collect(), 2))
}
