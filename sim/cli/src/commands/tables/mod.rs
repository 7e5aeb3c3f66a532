//! `sim tables`: the paper's tables, published and measured here.

mod csv;
mod latex;
mod progress;
mod text;

use crate::answers::tables::active::Beside;
use crate::answers::tables::jobs::{Effort, Job, Named, Subject, Task};
use crate::answers::tables::kept::Kept;
use crate::answers::tables::regenerated::Found;
use crate::args::TablesArgs;
use crate::output::{check_file, write_file};
use crate::report;
use crate::signals::{self, INTERRUPTED};
use crate::terminal::Terminal;
use fusion_2pc::backend::Family;
use fusion_active::network::Triples;
use fusion_engine::failure::Failure;
use fusion_engine::files;
use progress::Progress;
use std::io::Write;
use std::sync::atomic::Ordering;

/// Measures what is not kept yet, and writes the tables.
pub fn run(
    args: &TablesArgs,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
    terminal: Terminal,
) -> Result<u8, Failure> {
    if let Some(path) = &args.html {
        check_file("--html", path)?;
    }
    let effort = if args.quick { Effort::QUICK } else { Effort::FULL };
    let named = Named { minionn: args.minionn.as_deref(), resnet50: args.resnet50.as_deref() };
    let subjects = Subject::load(&effort, &args.models, named)?;
    let families = if args.backend.is_empty() { Family::ALL.to_vec() } else { args.backend.clone() };
    let (measurements, refusals, beside) = (Vec::new(), Vec::new(), Vec::new());
    let mut found = Found { quick: args.quick, families, measurements, refusals, beside };
    let mut jobs = Vec::new();
    for subject in &subjects {
        for &family in found.families.iter().filter(|family| subject.network.has_family(**family)) {
            match Job::all(subject, family, &effort) {
                Ok(chosen) => jobs.extend(chosen),
                Err(reason) => found.refusals.push((family, subject.network, reason)),
            }
        }
    }
    let run = subjects.iter().filter(|subject| subject.network.is_run());
    found.beside = run.map(|subject| Beside::new(subject, &jobs)).collect();
    let active = subjects.iter().filter(|subject| !args.quick && args.backend.is_empty() && subject.has_active());
    let active = active.flat_map(|subject| Triples::ALL.map(|triples| Task::Active(subject, triples)));
    let jobs: Vec<Task<'_>> = jobs.into_iter().map(Task::Family).chain(active).collect();
    let kept = Kept::new(&args.runs);
    let interrupted = signals::interruption()?;
    let mut progress = Progress::new(jobs.len(), stderr, terminal);
    for job in &jobs {
        if interrupted.load(Ordering::Relaxed) {
            drop(progress);
            let (done, folder) = (found.measurements.len(), files::name(kept.folder()));
            // The state is saved, whether or not anybody reads where.
            let _ = writeln!(
                stderr,
                "interrupted; the same command continues, without --fresh: {done} of {} measurements are in {folder}",
                jobs.len()
            );
            return Ok(INTERRUPTED);
        }
        progress.begin(&job.name());
        let old = if args.fresh || !job.is_run() { None } else { kept.find(&job.key())? };
        let measured = match old {
            Some(measured) => measured,
            None => job.perform()?,
        };
        if job.is_run() {
            kept.keep(&measured)?;
        }
        found.measurements.push(measured);
    }
    drop(progress);
    let document = found.document()?;
    if let Some(path) = &args.html {
        write_file("--html", path, &report::tables(&document)?)?;
    }
    if args.json {
        serde_json::to_writer_pretty(&mut *stdout, &document).map_err(std::io::Error::from)?;
        writeln!(stdout)?;
    } else if args.csv {
        csv::write(&document, stdout)?;
    } else if args.latex {
        latex::write(&document, stdout)?;
    } else {
        text::write(&document, stdout)?;
    }
    Ok(0)
}

#[cfg(test)]
mod tests;
