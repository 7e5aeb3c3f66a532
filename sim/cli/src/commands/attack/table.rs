//! The result of a campaign as text.

use super::evidence::{contradicts, evidence};
use super::faults;
use crate::answers::substitution::sentence;
use crate::answers::{accuracy, headline};
use crate::axis::Axis;
use crate::draw;
use crate::text::{self, BAD, DIM, HEADING, percent};
use anstyle::{AnsiColor, Style};
use fusion_adversaries::problem::{counted, one_line};
use fusion_engine::campaign::exemplar::Exemplar;
use fusion_engine::campaign::run::Finished;
use fusion_engine::campaign::verdict::{CampaignVerdict, ClaimStanding, Standing};
use fusion_engine::campaign::{Campaign, Ending, Entry};
use fusion_engine::documents::result::{Fault, ResultDocument};
use fusion_engine::failure::Failure;
use fusion_engine::simulate::Counts;
use fusion_spec::bound::bits::nearest;
use fusion_spec::evidence::{Clause, Decision};
use fusion_spec::verdict::Reason;
use rug::Rational;
use std::io::{self, Write};
use std::path::Path;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const UNSURE: Style = AnsiColor::Yellow.on_default().bold();

/// What the result is shown with, beside the campaign itself.
pub struct Presentation<'a> {
    /// The result that programs read.
    pub document: &'a ResultDocument,
    /// The trials for which replay commands are shown.
    pub exemplars: &'a [Exemplar],
    /// The bugs of this program that the campaign found.
    pub faults: &'a [Fault],
    /// The folder of the run.
    pub folder: &'a Path,
    /// The version of the rules by which the run was begun.
    pub semantics: u32,
    /// The path of the page on the run, or of the folder, that the user is pointed to.
    pub shown: &'a Path,
    /// Whether rates are plotted too.
    pub plots: bool,
}

/// Writes the whole result: bugs of this program first, then refutations, then the table.
pub fn write(
    campaign: &Campaign,
    finished: &[Finished],
    page: &Presentation<'_>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    faults::write(page.faults, page.folder, out)?;
    heading(campaign, page, out)?;
    let script = text::shell(&page.folder.join("script.yaml"));
    let pairs = || campaign.entries.iter().zip(finished);
    for (entry, finished) in pairs().filter(|(_, finished)| finished.standing.verdict() == CampaignVerdict::Refuted) {
        refutation(entry, finished, page.exemplars, &script, out)?;
    }
    let heading = ["strategy", "of", "trials", "count", "rate", "interval", "exact", "verdict"];
    let rows: Vec<Vec<String>> = pairs().flat_map(|(entry, finished)| rows(entry, finished)).collect();
    write!(out, "{}", text::table(&heading, rows, 2))?;
    if page.plots {
        plot(pairs(), out)?;
    }
    remarks(pairs(), out)?;
    headlines(campaign, page, out)?;
    if let Some(command) = headline::next(page.document, page.folder) {
        writeln!(out, "  decide it:     {command}")?;
    }
    if let Some(win) = page.exemplars.iter().find(|exemplar| exemplar.ending == Ending::Win) {
        writeln!(out, "  replay a win:  sim run {script} --trial {}:{} --trace", win.strategy, win.trial)?;
    }
    Ok(())
}

/// Writes the two headlines: whether the formulas hold, which is the verdict, and whether the parameters reach the goals.
fn headlines(campaign: &Campaign, page: &Presentation<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    let ResultDocument { verdict, formula, goals, .. } = page.document;
    let style = match verdict {
        CampaignVerdict::Pass => GOOD,
        CampaignVerdict::Refuted | CampaignVerdict::Error => BAD,
        CampaignVerdict::Inconclusive => UNSURE,
    };
    let verdict = verdict.name().to_uppercase();
    let formula = formula.as_ref().map_or_else(String::new, headline::formula);
    writeln!(out, "\n{}  {formula}.   {}", text::styled(style, &verdict), page.shown.display())?;
    let indent = " ".repeat(verdict.len() + 2);
    for goal in goals {
        let style = if goal.met { GOOD } else { UNSURE };
        writeln!(out, "{indent}{}", text::styled(style, &headline::goal(goal)))?;
    }
    if goals.is_empty() {
        writeln!(out, "{indent}{}", headline::no_goal(campaign.view.params)?)?;
    }
    Ok(())
}

fn heading(campaign: &Campaign, page: &Presentation<'_>, out: &mut dyn Write) -> io::Result<()> {
    let document = page.document;
    let (script, params) = (&campaign.script, campaign.view.params);
    let title = format!(
        "{}   {params}  N={}   fidelity {}   seed {}   semantics {}   sim {}",
        script.name,
        params.N(),
        script.fidelity.value.name(),
        script.trials.seed,
        page.semantics,
        env!("CARGO_PKG_VERSION"),
    );
    writeln!(out, "{}", text::styled(HEADING, &title))?;
    if let Some(about) = &script.about {
        writeln!(out, "{}", text::styled(DIM, &one_line(about)))?;
    }
    writeln!(out, "{}", sentence(document.substitution.as_ref()))?;
    if let Some(accuracies) = accuracy::sentence(&document.accuracy, document.publics_kept.as_ref()) {
        writeln!(out, "{accuracies}")?;
    }
    writeln!(out)
}

/// Writes a refutation: the command that replays a trial first, then the evidence.
fn refutation(
    entry: &Entry,
    finished: &Finished,
    exemplars: &[Exemplar],
    script: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let standing = &finished.standing;
    let refuted = standing.claims.iter().chain(&standing.events).filter(|claim| claim.decision == Decision::Refuted);
    for claim in refuted {
        let only = entry.claims.only.as_deref().unwrap_or(&[]);
        let mut own = exemplars.iter().filter(|exemplar| exemplar.strategy == entry.name);
        if let Some(exemplar) = own.find(|exemplar| contradicts(claim, only, exemplar.ending)) {
            writeln!(out, "replay: sim run {script} --trial {}:{} --trace", entry.name, exemplar.trial)?;
        }
        let evidence = evidence(claim, only, standing);
        writeln!(out, "{} {}: {}: {evidence}", text::styled(BAD, "refuted"), entry.name, claim.statement)?;
        writeln!(out, "rerun:  sim attack {script}\n")?;
    }
    Ok(())
}

/// Returns one row for each claim, or for each outcome where nothing is claimed.
fn rows(entry: &Entry, finished: &Finished) -> Vec<Vec<String>> {
    let standing = &finished.standing;
    if standing.claims.is_empty() {
        return outcomes(entry, standing);
    }
    let row = |(index, claim): (usize, &ClaimStanding)| {
        let ClaimStanding { statement, expected, count, trials, .. } = claim;
        let bound = matches!(entry.claims.rates.get(index).map(|claim| &claim.clause), Some(Clause::AtMost(_)));
        let exact = expected.as_ref().map_or_else(|| "-".into(), text::probability);
        let staged = !entry.stages.is_empty();
        let rate = match standing.rate() {
            Some(rate) if staged => percent(nearest(&rate)),
            _ if *trials == 0 => "-".into(),
            _ => percent(nearest(&Rational::from((*count, *trials)))),
        };
        let (lower, upper) = standing.interval_of(claim);
        vec![
            if index == 0 { entry.name.clone() } else { String::new() },
            statement.subject().into(),
            trials.to_string(),
            if staged { "-".into() } else { count.to_string() },
            rate,
            text::interval([&lower, &upper].map(nearest)),
            if bound { format!("<= {exact}") } else { exact },
            verdict_cell(claim, &upper),
        ]
    };
    let errors = (standing.errors() > 0).then(|| error_row(standing));
    standing.claims.iter().enumerate().map(row).chain(errors).collect()
}

/// Returns the row of the trials that ended in an error of this program.
fn error_row(standing: &Standing) -> Vec<String> {
    let (errors, trials) = (standing.errors(), standing.trials());
    let (lower, upper) = standing.interval_at(errors);
    let interval = text::interval([&lower, &upper].map(nearest));
    let rate = percent(nearest(&Rational::from((errors, trials))));
    ["", "error", &trials.to_string(), &errors.to_string(), &rate, &interval, "0", "error"].map(str::to_string).into()
}

/// Returns a row for wins and for each other outcome that occurred, which together are all trials. For stages there are only
/// wins.
fn outcomes(entry: &Entry, standing: &Standing) -> Vec<Vec<String>> {
    let Counts { win, harmless, caught, error, e_t: _, e_t_and_e_b: _ } = Counts::total(&standing.counts);
    let trials = standing.trials();
    let row = |strategy: &str, of: &str, count: String, rate: Option<Rational>, interval: (Rational, Rational)| {
        let rate = rate.map_or_else(|| "-".into(), |rate| percent(nearest(&rate)));
        let interval = text::interval([&interval.0, &interval.1].map(nearest));
        [strategy, of, &trials.to_string(), &count, &rate, &interval, "-", "measured"].map(str::to_string).into()
    };
    let staged = !entry.stages.is_empty();
    let wins = if staged { "-".into() } else { win.to_string() };
    let first = row(&entry.name, "win", wins, standing.rate(), standing.interval());
    let caught = Reason::ALL.iter().zip(caught).map(|(reason, count)| (format!("caught: {}", reason.name()), count));
    let others = std::iter::once(("harmless".into(), harmless)).chain(caught);
    let others = others.filter(|(_, count)| *count > 0 && !staged).map(|(of, count)| {
        row("", &of, count.to_string(), Some(Rational::from((count, trials))), standing.interval_at(count))
    });
    let errors = (error > 0).then(|| error_row(standing));
    std::iter::once(first).chain(others).chain(errors).collect()
}

/// Plots the first claimed rate of each strategy on one axis.
fn plot<'a>(pairs: impl Iterator<Item = (&'a Entry, &'a Finished)>, out: &mut dyn Write) -> io::Result<()> {
    let claimed = |(entry, Finished { standing, .. }): (&'a Entry, &'a Finished)| {
        let claim = standing.claims.iter().find(|claim| claim.trials > 0 && claim.expected.is_some())?;
        let (lower, upper) = standing.interval_of(claim);
        let measured =
            if entry.stages.is_empty() { Rational::from((claim.count, claim.trials)) } else { standing.rate()? };
        let bound = entry.claims.rates.first().is_some_and(|claim| matches!(claim.clause, Clause::AtMost(_)));
        let exact = nearest(claim.expected.as_ref()?);
        Some((entry.name.as_str(), [nearest(&lower), nearest(&upper)], nearest(&measured), exact, bound))
    };
    let rows: Vec<_> = pairs.filter_map(claimed).collect();
    let numbers = rows.iter().flat_map(|(_, interval, measured, exact, _)| interval.iter().chain([measured, exact]));
    let axis = Axis::for_rates(numbers.copied());
    let width = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
    writeln!(out)?;
    for (name, interval, measured, exact, bound) in &rows {
        let claim = (axis.x(*exact), if *bound { ']' } else { '◆' });
        let strip = draw::strip(interval.map(|end| axis.x(end)), &[(axis.x(*measured), '●'), claim]);
        writeln!(out, " {name:width$}  {strip}")?;
    }
    let ticks: Vec<(f64, String)> = axis.ticks().into_iter().map(|tick| (tick.x, tick.label)).collect();
    writeln!(out, " {:width$}  {}", "", text::styled(DIM, &draw::scale(&ticks)))?;
    writeln!(out, " {:width$}  {}", "", text::styled(DIM, "├●┤ measured   ◆ exact   ◈ both   ] bound"))
}

fn verdict_cell(claim: &ClaimStanding, upper: &Rational) -> String {
    match claim.decision {
        Decision::Pass if claim.says_nothing() => "pass: says nothing".into(),
        Decision::Inconclusive if claim.count == 0 && claim.trials > 0 => {
            format!("inconclusive: upper bound so far {}", percent(nearest(upper)))
        }
        Decision::Pass | Decision::Refuted | Decision::Inconclusive => verdict(claim),
    }
}

/// Writes the verdict on a claim, with its tolerance where that is wide.
fn verdict(claim: &ClaimStanding) -> String {
    headline::verdict(claim.decision.into(), Some(nearest(&claim.tolerance)))
}

/// The definitions of the two events in the remarks.
const LEGEND: &str = "E_T: at most `slack` touched slots hold publics. E_B: the touched slots that hold queries are whole groups of copies.";

/// Writes the remarks: hypotheses that fail, rates that are estimated stage by stage, and the two events.
fn remarks<'a>(pairs: impl Iterator<Item = (&'a Entry, &'a Finished)>, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = Vec::new();
    for (entry, finished) in pairs {
        let breaks = entry.claims.breaks.iter().map(|h| format!("{} falls: {}", h.name(), h.failure()));
        let staged = (!entry.stages.is_empty()).then(|| {
            format!("estimated in {}, each given that all before it succeeded", counted(entry.stages.len(), "stage"))
        });
        let events = entry.claims.events.as_ref().filter(|(e_t, _)| *e_t != 0 && *e_t != 1).map(|(e_t, e_b)| {
            let e_b = e_b.as_ref().map_or_else(|| "-".into(), text::probability);
            let verdicts: Vec<String> = finished.standing.events.iter().map(verdict).collect();
            format!("E_T {}, E_B|E_T {e_b}: {}", text::probability(e_t), verdicts.join(", "))
        });
        let all: Vec<String> = breaks.chain(staged).chain(events).collect();
        if !all.is_empty() {
            lines.push(vec![entry.name.clone(), all.join("; ")]);
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    let has_events = lines.iter().flatten().any(|cell| cell.contains("E_T"));
    write!(out, "\n{}", text::table(&["strategy", "remarks"], lines, 2))?;
    if has_events { writeln!(out, "{}", text::styled(DIM, LEGEND)) } else { Ok(()) }
}
