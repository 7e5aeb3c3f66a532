//! `sim run`: one trial again.

use crate::args::campaign::RunArgs;
use crate::campaign::load::{Overrides, load};
use crate::campaign::{Campaign, Player, Session};
use crate::failure::Failure;
use crate::simulate::{SlotRecord, Trial};
use crate::text::{self, ACCENT, DIM, HEADING};
use fusion_adversaries::problem::nearest;
use fusion_spec::mix::Sample;
use fusion_spec::verdict::Outcome;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Plays the trial and shows it.
pub fn run(args: &RunArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let fidelity = args.fidelity.map(Into::into);
    let campaign = load(&args.script, &Overrides { seed: args.seed, fidelity, ..Overrides::default() })?;
    let (name, number) = &args.trial;
    let document = Replay::new(&campaign, name, *number)?;
    if args.json {
        serde_json::to_writer(&mut *stdout, &document.json(args.trace, usize::MAX)).map_err(io::Error::from)?;
        return Ok(writeln!(stdout)?);
    }
    Ok(document.write_text(args.trace, stdout)?)
}

/// A trial that was played again.
pub struct Replay<'c> {
    campaign: &'c Campaign,
    name: String,
    number: u64,
    trial: Trial,
    sessions: Vec<Session>,
}

impl<'c> Replay<'c> {
    /// Plays a trial of a strategy.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a strategy that is not there, or one whose stages are no trials.
    pub fn new(campaign: &'c Campaign, name: &str, number: u64) -> Result<Self, Failure> {
        let names: Vec<&str> = campaign.entries.iter().map(|entry| entry.name.as_str()).collect();
        let entry = campaign.entries.iter().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| Failure::Usage(format!("no strategy `{name}`; {}", nearest(name, &names))))?;
        let replay = Player::new(campaign, entry).replay(number);
        let stages = || Failure::Usage(format!("`{name}` is estimated stage by stage: it has no trials to replay"));
        let (trial, sessions) = replay.ok_or_else(stages)?;
        Ok(Self { campaign, name: name.into(), number, trial, sessions })
    }

    /// As JSON, with at most so many slots a session: the touched ones, or all.
    pub fn json(&self, trace: bool, most: usize) -> Value {
        let sessions: Vec<Value> = self.sessions.iter().map(|session| session_json(session, trace, most)).collect();
        json!({
            "strategy": self.name,
            "trial": self.number,
            "seed": self.campaign.script.trials.seed,
            "outcome": outcome(self.trial),
            "e_t": self.trial.events.e_t,
            "e_b": self.trial.events.e_b,
            "sessions": sessions,
        })
    }

    fn write_text(&self, trace: bool, out: &mut dyn Write) -> io::Result<()> {
        let seed = self.campaign.script.trials.seed;
        let title = format!("{}:{}   seed {seed}   {}", self.name, self.number, self.campaign.view.params);
        writeln!(out, "{}", text::styled(HEADING, &title))?;
        for (index, Session { trial, slots }) in self.sessions.iter().enumerate() {
            let events = format!("E_T {}, E_B {}", shown(trial.events.e_t), shown(trial.events.e_b));
            writeln!(out, "session {index}: {}   {events}", text::styled(ACCENT, &outcome(*trial)))?;
            for slot in slots.iter().filter(|slot| trace || slot.touched) {
                let line = slot_text(slot);
                let style = if slot.touched { anstyle::Style::new() } else { DIM };
                writeln!(out, "  {}", text::styled(style, &line))?;
            }
        }
        if self.sessions.len() > 1 {
            writeln!(out, "trial: {}", text::styled(ACCENT, &outcome(self.trial)))?;
        }
        Ok(())
    }
}

fn outcome(trial: Trial) -> String {
    match trial.outcome {
        Some(Outcome::Win) => "win".into(),
        Some(Outcome::Harmless) => "harmless".into(),
        Some(Outcome::Caught(reason)) => format!("caught: {}", reason.name()),
        None => "error".into(),
    }
}

fn shown(event: bool) -> &'static str {
    if event { "yes" } else { "no" }
}

fn slot_text(record: &SlotRecord) -> String {
    let SlotRecord { slot, sample, touched, labels, wrong } = record;
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
    let touched = if *touched { "  touched" } else { "" };
    format!("slot {slot:<5} {holds:<18} {answer}{touched}")
}

fn session_json(session: &Session, trace: bool, most: usize) -> Value {
    let shown = || session.slots.iter().filter(|slot| trace || slot.touched);
    let slots = shown().take(most).map(|record| {
        let SlotRecord { slot, sample, touched, labels, wrong } = record;
        let (query, copy, public) = match sample {
            Sample::Query { query, copy } => (Some(query), Some(copy), None),
            Sample::Public { index } => (None, None, Some(index)),
        };
        json!({
            "slot": slot, "query": query, "copy": copy, "public": public, "touched": touched,
            "honest": labels.map(|[honest, _]| honest.0), "answer": labels.map(|[_, answer]| answer.0), "wrong": wrong,
        })
    });
    let trial = session.trial;
    json!({
        "outcome": outcome(trial),
        "e_t": trial.events.e_t,
        "e_b": trial.events.e_b,
        "slots": slots.collect::<Vec<_>>(),
        "slots_left_out": shown().skip(most).count(),
    })
}
