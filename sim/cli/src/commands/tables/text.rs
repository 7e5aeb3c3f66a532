//! The tables as text.

use crate::answers::tables::figures;
use crate::text::{self, DIM, HEADING};
use fusion_engine::documents::active::{ActiveCost, ActiveDocument, ActiveInference, ActiveRow, QueryCost};
use fusion_engine::documents::tables::{
    Difference, MeasurementDocument, RowDocument, Source, TableDocument, TablesDocument,
};
use std::io::{self, Write};

/// Writes the tables, what the words in them mean, and every measurement.
pub fn write(document: &TablesDocument, out: &mut dyn Write) -> io::Result<()> {
    for table in &document.tables {
        write_table(table, out)?;
        if table.number == "I" {
            write_active(&document.active, out)?;
        }
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

/// Writes what full active security costs, and how many times as much as a query of mix-and-check over each family.
fn write_active(active: &ActiveDocument, out: &mut dyn Write) -> io::Result<()> {
    let ActiveDocument { about, inferences, rows } = active;
    writeln!(out, "{}", text::styled(HEADING, "Full active security, an inference"))?;
    writeln!(out, "{}", text::styled(DIM, about))?;
    let heading = [
        "network",
        "by",
        "images",
        "MB",
        "offline MB",
        "set-up MB, once",
        "rounds",
        "LAN, s",
        "WAN, s",
        "work, s",
        "triples",
        "bits",
    ];
    let evaluated = |inference: &ActiveInference| Some(inference_cells(inference, inference.cost?));
    writeln!(out, "{}", text::table(&heading, inferences.iter().filter_map(evaluated).collect(), 2))?;
    write_refused(inferences, out)?;
    let title = "How many times as much as a query of Fusion: bytes, LAN, WAN, and work where it was measured";
    writeln!(out, "{}", text::styled(HEADING, title))?;
    let mut lines: Vec<Vec<String>> = Vec::new();
    let mut choices: Vec<String> = Vec::new();
    for ActiveRow { backend, network, plan, protocol, times, .. } in rows {
        let choice = format!("({},{},{})", plan.R, plan.B, plan.T);
        if !choices.contains(&choice) {
            choices.push(choice);
        }
        let cell = times.map_or_else(|| "-".into(), multiples);
        match lines.last_mut() {
            Some(line) if line[..3] == [network.as_str(), protocol, backend] => line.push(cell),
            _ => lines.push(vec![network.clone(), protocol.clone(), backend.clone(), cell]),
        }
    }
    lines.retain(|line| line[3..].iter().any(|cell| cell != "-"));
    let heading: Vec<&str> =
        ["network", "by", "Fusion over"].into_iter().chain(choices.iter().map(String::as_str)).collect();
    writeln!(out, "{}", text::table(&heading, lines, 3))
}

/// Says why a network has no figures, once for all protocols with the same reasons.
fn write_refused(inferences: &[ActiveInference], out: &mut dyn Write) -> io::Result<()> {
    let mut refused: Vec<(&str, &[String], Vec<&str>)> = Vec::new();
    for ActiveInference { network, protocol, reasons, .. } in inferences {
        match refused.iter_mut().find(|(of, why, _)| of == network && why == reasons) {
            _ if reasons.is_empty() => {}
            Some((.., protocols)) if protocols.last() == Some(&protocol.as_str()) => {}
            Some((.., protocols)) => protocols.push(protocol),
            None => refused.push((network, reasons, vec![protocol])),
        }
    }
    for (network, reasons, protocols) in &refused {
        writeln!(out, "{network}, not by {}: {}", protocols.join(", "), reasons.join("; "))?;
    }
    if refused.is_empty() { Ok(()) } else { writeln!(out) }
}

fn inference_cells(inference: &ActiveInference, cost: ActiveCost) -> Vec<String> {
    let ActiveCost { error_bits, matrices: _, offline_bytes, products: _, query, setup_bytes, triples } = cost;
    let QueryCost { bytes, lan_s, rounds, wan_s, work_s } = query;
    #[expect(clippy::cast_precision_loss, reason = "bytes are below 2^52")]
    let mega = |bytes: usize| format!("{:.1}", bytes as f64 / 1e6);
    let work = work_s.map_or_else(|| "-".into(), |work| format!("{work:.1}"));
    let [lan, wan] = [lan_s, wan_s].map(|time| format!("{time:.1}"));
    vec![
        inference.network.clone(),
        inference.protocol.clone(),
        inference.batch.to_string(),
        format!("{:.1}", bytes / 1e6),
        mega(offline_bytes),
        mega(setup_bytes),
        format!("{rounds:.0}"),
        lan,
        wan,
        work,
        triples.to_string(),
        text::bits(Some(error_bits)),
    ]
}

fn multiples(times: QueryCost) -> String {
    let QueryCost { bytes, lan_s, rounds: _, wan_s, work_s } = times;
    let all = [Some(bytes), Some(lan_s), Some(wan_s), work_s];
    all.into_iter().flatten().map(|figure| format!("{figure:.2}")).collect::<Vec<_>>().join(" ")
}
