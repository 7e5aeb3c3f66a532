//! `sim verify`: whether a finished run's result is what its counts and its script say.

use super::attack::faults::at_fault;
use crate::args::campaign::VerifyArgs;
use crate::output;
use crate::terminal::Terminal;
use fusion_engine::campaign::load::{Overrides, load};
use fusion_engine::campaign::verdict::CampaignVerdict;
use fusion_engine::campaign::verify::{decisions, endings};
use fusion_engine::documents::result::ResultDocument;
use fusion_engine::failure::Failure;
use fusion_engine::files::{self, MAX_BYTES};
use fusion_engine::store::{Environment, RESULT, hold};
use serde::Serialize;
use serde_json::Value;
use std::io::{self, Write};
use std::path::Path;

/// The exit code if the result is not what the counts and the script say.
const DIFFERS: u8 = 1;

/// What `sim verify --json` prints.
#[derive(Serialize)]
struct VerifyDocument {
    /// Where the result differs; empty where it does not.
    differences: Vec<Difference>,
    /// The run's folder.
    run_dir: String,
    /// The verdict that counts and script give.
    verdict: CampaignVerdict,
    /// Whether a strategy is in error by the file's list of errors alone, which counts and script cannot give.
    by_its_list: bool,
}

/// A place of `result.json` that counts and script do not give.
#[derive(Serialize)]
struct Difference {
    /// The place, such as `strategies.forced-label.expectations.0.expected`.
    at: String,
    /// What counts and script give there; `null` where they give nothing.
    derived: Value,
    /// What the file says there; `null` where it says nothing.
    written: Value,
}

/// What is said of a strategy that failed by a trial that departed from its counts when it was replayed.
const BY_ITS_LIST: &str = "the verdict 'error' rests on the list of errors in the file, which no count shows";

/// Derives the result again, and says where the file differs.
pub fn run(args: &VerifyArgs, stdout: &mut dyn Write, terminal: Terminal) -> Result<u8, Failure> {
    let waiting = terminal.waiting("sim verify");
    let document = verify(args)?;
    drop(waiting);
    let VerifyDocument { differences, verdict, by_its_list, .. } = &document;
    if args.json {
        serde_json::to_writer(&mut *stdout, &document).map_err(io::Error::from)?;
        writeln!(stdout)?;
    } else if differences.is_empty() {
        writeln!(stdout, "{RESULT} is what counts.csv and script.yaml say: {}", verdict.name())?;
    } else {
        writeln!(stdout, "{RESULT} is not what counts.csv and script.yaml say (verdict: {})", verdict.name())?;
        for Difference { at, derived, written } in differences {
            writeln!(stdout, "  {at}: {written} is written, and {derived} follows")?;
        }
    }
    if *by_its_list && !args.json {
        writeln!(stdout, "{BY_ITS_LIST}")?;
    }
    Ok(if differences.is_empty() { 0 } else { DIFFERS })
}

fn verify(args: &VerifyArgs) -> Result<VerifyDocument, Failure> {
    let folder = &args.run;
    let usage = |what: String| Failure::Usage(format!("{}: {what}", files::name(folder)));
    let path = folder.join(RESULT);
    if !files::is_there(&path)? {
        return Err(usage(format!("not the folder of a finished run: it has no {RESULT}")));
    }
    let bytes = files::read(&path, MAX_BYTES)?;
    let unread = |error: serde_json::Error| usage(format!("{RESULT}: {error}"));
    let written: Value = serde_json::from_slice(&bytes).map_err(unread)?;
    let result: ResultDocument = serde_json::from_slice(&bytes).map_err(unread)?;
    let mut campaign = load(&folder.join("script.yaml"), &Overrides::default())?;
    Environment::read(folder)?.apply(&mut campaign)?;
    let held = hold(folder, &campaign)?;
    if held.shard.is_some() {
        return Err(usage("a shard decides nothing; verify the run that sim merge makes".into()));
    }
    campaign.keep(|counter| held.highest(counter));
    let mut finished = endings(&campaign, &held)?;
    // A trial that departed from its counts when it was replayed is an error that no row shows: the file's list of errors says so.
    for (entry, finished) in campaign.entries.iter().zip(&mut finished) {
        let named = result.errors.iter().any(|fault| fault.strategy == entry.name);
        let failed = result.strategies.iter().any(|strategy| {
            strategy.name == entry.name && strategy.error == 0 && strategy.verdict == CampaignVerdict::Error
        });
        finished.standing.departed |= named && failed;
    }
    if let Some(path) = &args.decisions {
        let lines = decisions(&campaign, &finished).into_iter().map(|line| line + "\n").collect::<String>();
        output::write_file("--decisions", path, &lines)?;
    }
    let mut differences = Vec::new();
    let listed: Vec<&str> = result.errors.iter().map(|fault| fault.strategy.as_str()).collect();
    let at_fault = at_fault(&campaign, &finished);
    if listed != at_fault {
        differences.push(Difference { at: "errors".into(), derived: at_fault.into(), written: listed.into() });
    }
    let by_its_list = finished.iter().any(|finished| finished.standing.departed);
    let ResultDocument { errors, cost, run_dir, .. } = result;
    let derived = ResultDocument::new(&campaign, &finished, errors, cost, Path::new(&run_dir))?;
    let verdict = derived.verdict;
    let mut value = serde_json::to_value(&derived).map_err(|error| Failure::Bug(error.to_string()))?;
    // Written as text, so that numbers are compared as they are printed.
    value = serde_json::from_str(&value.to_string()).map_err(|error| Failure::Bug(error.to_string()))?;
    compare(String::new(), &written, &value, &mut differences);
    Ok(VerifyDocument { differences, run_dir: folder.display().to_string(), verdict, by_its_list })
}

/// Collects the places at which two values differ. Elements of lists are called by their names where they have some.
fn compare(at: String, written: &Value, derived: &Value, found: &mut Vec<Difference>) {
    let below = |name: &str| if at.is_empty() { name.to_string() } else { format!("{at}.{name}") };
    match (written, derived) {
        (Value::Object(theirs), Value::Object(ours)) => {
            let missing = theirs.keys().filter(|key| !ours.contains_key(*key));
            for key in ours.keys().chain(missing) {
                match (theirs.get(key), ours.get(key)) {
                    (Some(written), Some(derived)) => compare(below(key), written, derived, found),
                    (written, derived) => {
                        let [written, derived] = [written, derived].map(|value| value.cloned().into());
                        found.push(Difference { at: below(key), derived, written });
                    }
                }
            }
        }
        (Value::Array(theirs), Value::Array(ours)) if theirs.len() == ours.len() => {
            for (index, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
                let name = ours.get("name").and_then(Value::as_str).map_or_else(|| index.to_string(), String::from);
                compare(below(&name), theirs, ours, found);
            }
        }
        _ if written == derived => {}
        _ => found.push(Difference { at, derived: derived.clone(), written: written.clone() }),
    }
}
