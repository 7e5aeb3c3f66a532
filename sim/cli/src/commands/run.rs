//! `sim run`: plays one trial again.

use crate::args::campaign::RunArgs;
use crate::output;
use crate::text::{self, ACCENT, DIM, HEADING};
use fusion_2pc::wire::meter::Tally;
use fusion_adversaries::problem::{counted, one_line};
use fusion_engine::campaign::load::{Overrides, load};
use fusion_engine::campaign::{Ending, Replay, ReplayedSession, Show};
use fusion_engine::documents::replay::ReplayDocument;
use fusion_engine::failure::Failure;
use fusion_engine::simulate::{Replayed, SlotRecord, Trace};
use fusion_spec::mix::Sample;
use fusion_spec::params::Params;
use std::io::{self, Write};
use std::path::Path;

/// The most slots of a session whose events are written. The machine extracted from Coq takes about half a minute for a session of 10,000
/// slots, and the time grows with the square of their number.
const MOST_SLOTS: u64 = 1 << 14;

/// Plays the trial and shows it.
pub fn run(args: &RunArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let fidelity = args.fidelity.map(Into::into);
    let campaign =
        load(&args.script, &Overrides { seed: args.seed, fidelity, backend: args.backend, ..Overrides::default() })?;
    let (name, number) = &args.trial;
    let mut lines = Vec::new();
    if let Some(path) = &args.events {
        check_events(path, campaign.view.params)?;
    }
    let replay = Replay::watched(&campaign, name, *number, |trace| {
        if args.events.is_some() {
            lines.push(trace.map(Trace::line));
        }
    })?;
    if let Some(path) = &args.events {
        write_events(path, &lines, &replay)?;
    }
    if args.json {
        let show = if args.trace { Show::Every } else { Show::Touched };
        serde_json::to_writer(&mut *stdout, &ReplayDocument::new(&replay, show)).map_err(io::Error::from)?;
        writeln!(stdout)?;
    } else {
        write_text(&replay, campaign.view.params, args.trace, stdout)?;
    }
    match replay.departure() {
        None => Ok(()),
        Some(why) => {
            stdout.flush()?;
            Err(Failure::Bug(why))
        }
    }
}

/// Checks that the events of sessions can be written, before any is played.
fn check_events(path: &Path, params: Params) -> Result<(), Failure> {
    output::check_file("--events", path)?;
    if params.N() <= u128::from(MOST_SLOTS) {
        return Ok(());
    }
    Err(Failure::Usage(format!("--events: sessions have {} slots, and at most {MOST_SLOTS} are written", params.N())))
}

/// Writes a line for each session of a trial. Where one has none, that is an error, unless the trial is one already.
fn write_events(path: &Path, lines: &[Option<String>], replay: &Replay) -> Result<(), Failure> {
    match lines.iter().position(Option::is_none) {
        Some(session) if replay.departure().is_none() => Err(Failure::Usage(format!(
            "--events: session {session} of {}:{} has none: its server names slots, and its client judges no answers",
            replay.strategy, replay.number
        ))),
        _ => {
            let text: String = lines.iter().flatten().flat_map(|line| [line.as_str(), "\n"]).collect();
            output::write_file("--events", path, &text)
        }
    }
}

/// Writes a trial as text, with every slot and step if `trace` asks for them.
fn write_text(replay: &Replay, params: Params, trace: bool, out: &mut dyn Write) -> io::Result<()> {
    let show = if trace { Show::Every } else { Show::Touched };
    let title = format!("{}:{}   seed {}   {params}", replay.strategy, replay.number, replay.seed);
    writeln!(out, "{}", text::styled(HEADING, &title))?;
    for (index, ReplayedSession { played, events: log }) in replay.sessions.iter().enumerate() {
        let Replayed { trial, slots, steps, stopped, wrapped } = played;
        let events = format!("E_T {}, E_B {}", shown(trial.events.e_t), shown(trial.events.e_b));
        writeln!(out, "session {index}: {}   {events}", text::styled(ACCENT, &Ending::from(*trial).to_string()))?;
        if let Some(why) = stopped {
            writeln!(out, "  the client stops: {}", one_line(why))?;
        }
        if let Some(count) = wrapped {
            writeln!(out, "  {} wrapped", counted(*count, "value"))?;
        }
        for slot in show.of(slots) {
            let line = slot_text(slot);
            let style = if slot.touched || slot.named { anstyle::Style::new() } else { DIM };
            writeln!(out, "  {}", text::styled(style, &line))?;
        }
        if let (Some(Ok(count)), true) = (log, trace) {
            writeln!(out, "  client: {}, all as specified", counted(*count, "event"))?;
        }
        if trace && !steps.is_empty() {
            write!(out, "{}", step_table(steps))?;
        }
    }
    // A trial may end otherwise than its only session: the server named something after it.
    if replay.sessions.iter().any(|session| Ending::from(session.played.trial) != replay.ending())
        || replay.sessions.len() > 1
    {
        writeln!(out, "trial: {}", text::styled(ACCENT, &replay.ending().to_string()))?;
    }
    Ok(())
}

fn step_table(steps: &[(String, [Tally; 2])]) -> String {
    let row = |(step, [client, server]): &(String, [Tally; 2])| {
        let messages = client.messages + server.messages;
        vec![step.clone(), client.bytes.to_string(), server.bytes.to_string(), messages.to_string()]
    };
    text::table(&["step", "client sends", "server sends", "messages"], steps.iter().map(row).collect(), 1)
}

fn shown(event: bool) -> &'static str {
    if event { "yes" } else { "no" }
}

fn slot_text(record: &SlotRecord) -> String {
    let SlotRecord { slot, sample, touched, named, labels, wrong } = record;
    let holds = match sample {
        Sample::Query { query, copy } => format!("query {query} copy {copy}"),
        Sample::Public { index } => format!("public {index}"),
    };
    let answer = match (labels, wrong) {
        (Some([honest, answer]), true) => format!("{} instead of {}", answer.0, honest.0),
        (Some([honest, _]), false) => honest.0.to_string(),
        (None, true) => "wrong".into(),
        (None, false) => "right".into(),
    };
    let server = match (touched, named) {
        (true, _) => "  touched",
        (_, true) => "  named",
        (false, false) => "",
    };
    format!("slot {slot:<5} {holds:<18} {answer}{server}")
}
