//! The tables as CSV: a line for each figure.

use crate::answers::tables::figures;
use fusion_engine::documents::tables::{TableDocument, TablesDocument};
use std::io::{self, Write};

/// The names of the columns.
const HEADER: &str = "table,scheme,network,R,B,T,cost,backend,batch,quantity,unit,published,ours,ratio,source,remark";

/// Writes a line for each figure of each row.
pub fn write(document: &TablesDocument, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{HEADER}")?;
    document.tables.iter().try_for_each(|table| write_table(table, out))
}

fn write_table(table: &TableDocument, out: &mut dyn Write) -> io::Result<()> {
    let number = |figure: Option<f64>| figure.map_or_else(String::new, |figure| figure.to_string());
    for row in &table.rows {
        let [R, B, T, cost] = figures::plan(row.plan);
        for (index, column) in table.columns.iter().enumerate() {
            let fields = [
                table.number.clone(),
                row.scheme.clone(),
                row.network.clone(),
                R.clone(),
                B.clone(),
                T.clone(),
                cost.clone(),
                row.backend.clone().unwrap_or_else(String::new),
                row.batch.map_or_else(String::new, |batch| batch.to_string()),
                column.name.clone(),
                column.unit.clone(),
                number(row.published[index]),
                number(row.ours[index]),
                number(figures::ratio(row, index)),
                row.source.name().into(),
                figures::remark(row),
            ];
            writeln!(out, "{}", fields.map(|field| quoted(&field)).join(","))?;
        }
    }
    Ok(())
}

/// Writes a field, between quotes where a comma or a quote is in it (RFC 4180).
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.into() }
}
