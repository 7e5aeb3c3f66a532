//! `timings.csv`: the time that each process spent on each strategy.

use crate::failure::Failure;
use crate::files::{self, MAX_BYTES, replace};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The first line of `timings.csv`.
pub(super) const HEADER: &str = "strategy,trials,wall_s";

/// Reads `timings.csv` and adds its times up by strategy. A last line without a line break is torn, and is cut off so that the
/// next line does not run on from it.
pub(super) fn read(folder: &Path) -> Result<BTreeMap<String, Duration>, Failure> {
    let path = folder.join("timings.csv");
    let bytes = files::read(&path, MAX_BYTES)?;
    let text = String::from_utf8_lossy(&bytes);
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    if whole.len() < text.len() {
        replace(&path, whole)?;
    }
    let mut times: BTreeMap<String, Duration> = BTreeMap::new();
    for line in whole.lines() {
        // The heading, and what else is no line of ours, counts nothing.
        let [name, _, seconds] = line.split(',').collect::<Vec<_>>()[..] else { continue };
        if let Some(Ok(time)) = seconds.parse().ok().map(Duration::try_from_secs_f64) {
            *times.entry(name.into()).or_default() += time;
        }
    }
    Ok(times)
}
