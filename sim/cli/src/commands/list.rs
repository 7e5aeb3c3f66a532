//! `sim list`: the scripts inside the program, and what a deviating server can do to each family.

use crate::args::campaign::ListArgs;
use crate::text;
use fusion_2pc::backend::Family;
use fusion_adversaries::library::EXAMPLES;
use fusion_adversaries::matrix::{Cell, Kind, Measured, Shown};
use fusion_adversaries::script::Script;
use fusion_engine::embedded::{self, DATA};
use fusion_engine::failure::Failure;
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Lists the scripts, or the matrix of kinds of deviation.
pub fn run(args: &ListArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    if args.matrix {
        return matrix(args.json, stdout);
    }
    let scripts = embedded::scripts().map(|(file, yaml)| {
        let script = Script::read(yaml).map_err(|problems| Failure::Bug(format!("{file}: {problems:?}")))?;
        Ok(Listed::new(file, script))
    });
    let scripts = scripts.collect::<Result<Vec<_>, Failure>>()?;
    if args.json {
        serde_json::to_writer(&mut *stdout, &scripts).map_err(io::Error::from)?;
        return Ok(writeln!(stdout)?);
    }
    let rows = scripts.into_iter().map(|script| vec![script.name, script.about]).collect();
    write!(stdout, "{}", text::table(&["script", "description"], rows, 2))?;
    let files: Vec<&str> = DATA.iter().map(|(file, _)| *file).collect();
    writeln!(
        stdout,
        "\n`sim attack NAME` plays one. The program holds them, and the files that they name, as `built-in:/FILE`:"
    )?;
    writeln!(stdout, "{}", files.join(", "))?;
    Ok(writeln!(
        stdout,
        "The digits are from MNIST (LeCun, Cortes, Burges), commonly given as CC BY-SA 3.0; the pictures of 3x32x32 are synthetic."
    )?)
}

/// A script that the program holds.
#[derive(Serialize)]
struct Listed {
    /// The name by which commands take it.
    name: String,
    /// Its file in the repository.
    path: String,
    about: String,
    strategies: Vec<String>,
}

impl Listed {
    fn new(file: &str, script: Script) -> Self {
        let is_example = EXAMPLES.iter().any(|(example, _)| *example == file);
        let folder = if is_example { "examples" } else { "adversaries/scripts" };
        Self {
            name: file.strip_suffix(".yaml").unwrap_or(file).into(),
            path: format!("{folder}/{file}"),
            about: script.about.iter().map(String::as_str).collect(),
            strategies: script.strategies.into_iter().map(|strategy| strategy.name).collect(),
        }
    }
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
