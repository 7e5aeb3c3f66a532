//! `sim check SCRIPT.yaml`: every problem of a script, or what each clause expects and how many trials it needs.

use super::document::{CheckDocument, ClauseDocument, write_json};
use crate::answers::accuracy;
use crate::args::{CheckArgs, FixedPointArgs};
use crate::problems;
use crate::text::{self, DIM, HEADING};
use fusion_engine::campaign::load::{Overrides, load};
use fusion_engine::campaign::pace::trial_cpu;
use fusion_engine::campaign::run::cores;
use fusion_engine::campaign::{Campaign, Entry};
use fusion_engine::failure::Failure;
use fusion_spec::evidence::trials_needed;
use std::io::{self, Write};

/// A clause with the text that the table shows.
struct ClauseLine {
    document: ClauseDocument,
    expected: String,
    says_nothing: bool,
}

/// Loads the script and everything that it names, and reports on it.
pub fn run(args: &CheckArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    model_flags(args)?;
    let fidelity = args.fidelity.map(Into::into);
    let campaign = match load(&args.file, &Overrides { backend: args.backend, fidelity, ..Overrides::default() }) {
        Ok(campaign) => campaign,
        Err(Failure::Script(located)) if args.json => {
            write_json(&CheckDocument::refused(problems::documents(&located)), stdout)?;
            return Err(Failure::Problems(Vec::new()));
        }
        Err(failure) => return Err(failure),
    };
    // Only who reads times waits for them, and for those alone that are printed.
    let timed = |entry: &Entry| !args.quiet && entry.stages.is_empty() && !entry.claims.rates.is_empty();
    let seconds = |entry: &Entry| if timed(entry) { seconds_of_a_trial(&campaign, entry) } else { 0.0 };
    let clauses = campaign
        .entries
        .iter()
        .map(|entry| clauses(&campaign, entry, seconds(entry)))
        .collect::<Result<Vec<_>, _>>()?;
    let clauses: Vec<ClauseLine> = clauses.into_iter().flatten().collect();
    if args.json {
        let clauses = clauses.into_iter().map(|clause| clause.document).collect();
        let Campaign { accuracies, warnings, .. } = campaign;
        let (accuracy, publics_kept) = accuracies.map(|found| (found.models, found.publics)).unzip();
        let accuracy = accuracy.into_iter().flatten().collect();
        let document =
            CheckDocument { ok: true, warnings, accuracy, publics_kept, clauses, ..CheckDocument::default() };
        return write_json(&document, stdout);
    }
    if args.quiet {
        return Ok(writeln!(stdout, "ok{}", text::warned(campaign.warnings.len()))?);
    }
    Ok(write_text(&campaign, clauses, stdout)?)
}

/// Refuses flags that only a model has a use for.
fn model_flags(args: &CheckArgs) -> Result<(), Failure> {
    let FixedPointArgs { frac_bits, ring, scale, offset } = &args.fixed_point;
    let model_only = [
        ("--frac-bits", frac_bits.is_some()),
        ("--ring", ring.is_some()),
        ("--scale", scale.is_some()),
        ("--offset", offset.is_some()),
        ("--against", args.against.is_some()),
    ];
    let given = model_only.iter().find(|(_, given)| *given).map(|(flag, _)| *flag);
    match given.or(args.options.given()) {
        Some(flag) => Err(Failure::Usage(format!("{flag} is for models, whose names end in .onnx"))),
        None => Ok(()),
    }
}

/// Measures how long a trial takes if all cores of this machine play trials, as many as are played side by side. A trial of two parties has two threads.
fn seconds_of_a_trial(campaign: &Campaign, entry: &Entry) -> f64 {
    let busy = cores().min(2 * campaign.side_by_side(entry, cores()));
    trial_cpu(campaign, entry).as_secs_f64() / as_float(busy as u64)
}

#[expect(clippy::cast_precision_loss, reason = "a time is shown to two digits")]
fn as_float(count: u64) -> f64 {
    count as f64
}

/// Returns a time in seconds, to two digits.
fn seconds(time: f64) -> String {
    match time {
        _ if time < 0.095 => format!("{:.0} ms", (1000.0 * time).max(1.0)),
        _ if time < 0.95 => format!("{time:.2} s"),
        _ if time < 9.5 => format!("{time:.1} s"),
        _ => format!("{time:.0} s"),
    }
}

/// Returns the clauses of a strategy, whose trials take so many seconds.
fn clauses(campaign: &Campaign, entry: &Entry, seconds: f64) -> Result<Vec<ClauseLine>, Failure> {
    let counted = entry.stages.is_empty();
    let rates = entry.claims.rates.iter().map(|claim| {
        let needed = trials_needed(&claim.clause, &entry.tolerance, &campaign.alpha, campaign.pass_rule());
        let needed = needed.map_err(Failure::usage)?;
        let document = ClauseDocument {
            strategy: entry.name.clone(),
            clause: claim.statement.to_string(),
            expected: Some(claim.expected().to_string()),
            trials_needed: needed.filter(|_| counted),
            time_s: needed.filter(|_| counted).map(|trials| as_float(trials) * seconds),
        };
        let expected = text::probability(claim.expected());
        Ok(ClauseLine { document, expected, says_nothing: claim.says_nothing() })
    });
    let only = entry.claims.only.iter().map(|_| {
        let document = ClauseDocument {
            strategy: entry.name.clone(),
            clause: "reasons only".into(),
            expected: None,
            trials_needed: None,
            time_s: None,
        };
        Ok(ClauseLine { document, expected: "-".into(), says_nothing: false })
    });
    rates.chain(only).collect()
}

fn write_text(campaign: &Campaign, clauses: Vec<ClauseLine>, out: &mut dyn Write) -> io::Result<()> {
    let title = format!(
        "{}   {}   fidelity {}",
        campaign.script.name,
        campaign.view.params,
        campaign.script.fidelity.value.name()
    );
    writeln!(out, "{}\n", text::styled(HEADING, &title))?;
    let rows = clauses.into_iter().map(|ClauseLine { document: clause, expected, says_nothing }| {
        let max = campaign.entries.iter().find(|entry| entry.name == clause.strategy).map_or(0, |entry| entry.max);
        let needed = match clause.trials_needed {
            _ if says_nothing => "says nothing".into(),
            Some(needed) if needed > max => format!("{needed} (max is {max})"),
            Some(needed) => needed.to_string(),
            None => "-".into(),
        };
        let time = clause.time_s.filter(|_| !says_nothing).map_or_else(|| "-".into(), seconds);
        vec![clause.strategy, clause.clause, expected, needed, time]
    });
    write!(out, "{}", text::table(&["strategy", "clause", "expected", "trials needed", "time"], rows.collect(), 2))?;
    let note =
        "a true clause is decided by then with probability 369/370; times are of all cores here, by trials just played";
    writeln!(out, "\n{}", text::styled(DIM, note))?;
    let accuracies = campaign.accuracies.as_ref();
    if let Some(line) = accuracies.and_then(|found| accuracy::sentence(&found.models, Some(&found.publics))) {
        writeln!(out, "{line}")?;
    }
    for warning in &campaign.warnings {
        writeln!(out, "{}", text::warning(&warning.message))?;
    }
    writeln!(out, "ok{}", text::warned(campaign.warnings.len()))
}
