//! `sim list`: the curated attacks, and what a deviating server can do to each family.

use crate::args::campaign::ListArgs;
use crate::text;
use fusion_2pc::backend::Family;
use fusion_adversaries::library::SCRIPTS;
use fusion_adversaries::matrix::{Cell, Kind, Measured, Shown};
use fusion_adversaries::script::Script;
use fusion_engine::failure::Failure;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Lists the curated scripts, or the matrix of kinds of deviation.
pub fn run(args: &ListArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    if args.matrix {
        return matrix(args.json, stdout);
    }
    let scripts = SCRIPTS.iter().map(|(file, yaml)| {
        let script = Script::read(yaml).map_err(|problems| Failure::Bug(format!("{file}: {problems:?}")))?;
        let strategies: Vec<String> = script.strategies.into_iter().map(|strategy| strategy.name).collect();
        Ok((format!("adversaries/scripts/{file}"), script.about.unwrap_or_else(String::new), strategies))
    });
    let scripts = scripts.collect::<Result<Vec<_>, Failure>>()?;
    if args.json {
        let entry = |(path, about, strategies): &(String, String, Vec<String>)| json!({ "path": path, "about": about, "strategies": strategies });
        let list: Vec<Value> = scripts.iter().map(entry).collect();
        serde_json::to_writer(&mut *stdout, &list).map_err(io::Error::from)?;
        return Ok(writeln!(stdout)?);
    }
    let rows = scripts.into_iter().map(|(path, about, _)| vec![path, about]).collect();
    Ok(write!(stdout, "{}", text::table(&["script", "description"], rows, 2))?)
}

/// Writes what is known of each kind of deviation in each family.
fn matrix(json: bool, stdout: &mut dyn Write) -> Result<(), Failure> {
    if json {
        let cells = Kind::ALL.iter().flat_map(|kind| Family::ALL.map(|family| document(*kind, family)));
        serde_json::to_writer(&mut *stdout, &cells.collect::<Vec<_>>()).map_err(io::Error::from)?;
        return Ok(writeln!(stdout)?);
    }
    let mut heading = vec!["kind", "falls"];
    heading.extend(Family::ALL.map(Family::name));
    let rows = Kind::ALL.map(|kind| {
        let falls: Vec<&str> = kind.falls().iter().map(|hypothesis| hypothesis.name()).collect();
        let falls = if falls.is_empty() { "-".into() } else { falls.join(" ") };
        [kind.name().into(), falls].into_iter().chain(Family::ALL.map(|family| short(&kind.cell(family)))).collect()
    });
    write!(stdout, "{}", text::table(&heading, rows.into(), heading.len()))?;
    writeln!(stdout)?;
    for kind in Kind::ALL {
        writeln!(stdout, "{}: {}", kind.name(), kind.statement())?;
        let mut said = Vec::new();
        for family in Family::ALL {
            let note = note(&kind.cell(family));
            if !said.contains(&note) {
                writeln!(stdout, "  {note}")?;
                said.push(note);
            }
        }
    }
    Ok(())
}

fn short(cell: &Cell) -> String {
    match cell {
        Cell::Attack(Measured { exact, count, trials, .. }) => format!("{count} of {trials} ({exact})"),
        Cell::Played(_) => "an attack".into(),
        Cell::Nothing(_) => "nothing".into(),
        Cell::Open(_) => "not tested".into(),
    }
}

fn note(cell: &Cell) -> String {
    match cell {
        Cell::Attack(Measured { event, .. }) => {
            format!("counted: trials that end in `{event}`, with the exact rate in brackets: adversaries/matrix.yaml")
        }
        Cell::Played(Shown { because, tests }) => format!("an attack: {because} ({})", tests.join(", ")),
        Cell::Nothing(Shown { because, tests }) => format!("nothing: {because} ({})", tests.join(", ")),
        Cell::Open(what) => format!("not tested: {what}"),
    }
}

fn document(kind: Kind, family: Family) -> Value {
    let start = json!({ "kind": kind.name(), "backend": family.name() });
    let cell = match kind.cell(family) {
        Cell::Attack(Measured { event, exact, count, trials }) => {
            json!({ "attack": { "event": event, "exact": exact, "count": count, "trials": trials } })
        }
        Cell::Played(Shown { because, tests }) => json!({ "played": { "because": because, "tests": tests } }),
        Cell::Nothing(Shown { because, tests }) => json!({ "nothing": { "because": because, "tests": tests } }),
        Cell::Open(what) => json!({ "not_tested": what }),
    };
    let (Value::Object(mut all), Value::Object(cell)) = (start, cell) else { unreachable!("both are objects") };
    all.extend(cell);
    Value::Object(all)
}
