//! `sim list`: the curated attacks.

use crate::args::campaign::ListArgs;
use crate::text;
use fusion_adversaries::library::SCRIPTS;
use fusion_adversaries::script::Script;
use fusion_engine::failure::Failure;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Lists the curated scripts.
pub fn run(args: &ListArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
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
