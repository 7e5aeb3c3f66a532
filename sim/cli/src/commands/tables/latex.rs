//! The tables as LaTeX, for the package booktabs.

use crate::answers::tables::figures;
use fusion_engine::documents::tables::{RowDocument, TableDocument, TablesDocument};
use std::io::{self, Write};

/// Writes a `table` environment for each table.
pub fn write(document: &TablesDocument, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "% \\usepackage{{booktabs}}")?;
    for note in &document.notes {
        writeln!(out, "% {note}")?;
    }
    document.tables.iter().try_for_each(|table| write_table(table, out))
}

fn write_table(table: &TableDocument, out: &mut dyn Write) -> io::Result<()> {
    let TableDocument { about, columns, number, rows, title } = table;
    let count = columns.len();
    writeln!(out, "\n\\begin{{table}}\n\\centering")?;
    writeln!(out, "\\caption{{Table~{number} of Fusion: {}. {}}}", escaped(title), escaped(about))?;
    writeln!(out, "\\begin{{tabular}}{{ll{}rl}}\n\\toprule", "rr".repeat(count))?;
    let over =
        columns.iter().map(|column| format!(" & \\multicolumn{{2}}{{c}}{{{}}}", escaped(&figures::heading(column))));
    writeln!(out, " & {} & & \\\\", over.collect::<String>())?;
    let rules = (0..count).map(|index| format!("\\cmidrule(lr){{{}-{}}}", 2 * index + 3, 2 * index + 4));
    writeln!(out, "{}", rules.collect::<String>())?;
    writeln!(out, "scheme & network{} & batch & remark \\\\\n\\midrule", " & paper & ours".repeat(count))?;
    for row in rows {
        writeln!(out, "{} \\\\", cells(table, row).join(" & "))?;
    }
    writeln!(out, "\\bottomrule\n\\end{{tabular}}\n\\end{{table}}")
}

fn cells(table: &TableDocument, row: &RowDocument) -> Vec<String> {
    let figures = table.columns.iter().enumerate().flat_map(|(index, column)| {
        [figures::published(row.published[index], column), figures::shown(row.ours[index], column).replace('-', "--")]
    });
    let first = [superscript(&escaped(&row.scheme)), escaped(&row.network)];
    first
        .into_iter()
        .chain(figures)
        .chain([figures::batch(row).replace('-', "--"), escaped(&figures::remark(row))])
        .collect()
}

/// Escapes the characters that LaTeX reads as commands.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', letter]),
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            other => out.push(other),
        }
    }
    out
}

/// Sets the power of two of an escaped scheme in mathematics.
fn superscript(scheme: &str) -> String {
    let Some((before, after)) = scheme.split_once("2\\textasciicircum{}") else { return scheme.into() };
    let digits = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
    format!("{before}$2^{{{}}}${}", &after[..digits], &after[digits..])
}
