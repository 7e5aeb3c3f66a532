//! `sim run`: one trial again.

use crate::args::campaign::RunArgs;
use crate::campaign::load::{Overrides, load};
use crate::campaign::{Campaign, Player, Session};
use crate::failure::Failure;
use crate::simulate::{SlotRecord, Trial};
use crate::text::{self, ACCENT, DIM, HEADING};
use fusion_2pc::wire::meter::Tally;
use fusion_adversaries::problem::nearest;
use fusion_spec::mix::Sample;
use fusion_spec::verdict::{Events, Outcome};
use serde::{Serialize, Serializer};
use std::io::{self, Write};

/// Plays the trial and shows it.
pub fn run(args: &RunArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let fidelity = args.fidelity.map(Into::into);
    let campaign = load(&args.script, &Overrides { seed: args.seed, fidelity, ..Overrides::default() })?;
    let (name, number) = &args.trial;
    let document = Replay::new(&campaign, name, *number)?;
    if args.json {
        let show = if args.trace { Show::Every } else { Show::Touched };
        serde_json::to_writer(&mut *stdout, &document.json(show)).map_err(io::Error::from)?;
        writeln!(stdout)?;
    } else {
        document.write_text(args.trace, stdout)?;
    }
    match document.departure() {
        None => Ok(()),
        Some(why) => {
            stdout.flush()?;
            Err(Failure::Bug(why))
        }
    }
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

    /// What is wrong with a trial that no server can bring about; `None` of any other.
    pub fn departure(&self) -> Option<String> {
        let unspecified = |session: &Session| session.events.as_ref()?.as_ref().err().map(ToString::to_string);
        let client = self.sessions.iter().enumerate().find_map(|(index, session)| Some((index, unspecified(session)?)));
        let client = client.map(|(index, why)| format!("the client of session {index} is not as specified: {why}"));
        let failed = || "the strategy did what no server can, or a party of ours failed".into();
        client.or_else(|| self.trial.outcome.is_none().then(failed))
    }

    /// As JSON, with these slots.
    pub fn json(&self, show: Show) -> impl Serialize {
        let Self { campaign, name, number, trial, sessions } = self;
        Document {
            e_b: trial.events.e_b,
            e_t: trial.events.e_t,
            outcome: outcome(*trial),
            seed: campaign.script.trials.seed,
            sessions: sessions.iter().map(|session| SessionJson::new(session, show)).collect(),
            strategy: name,
            trial: *number,
        }
    }

    /// The most slots that are no more than this.
    pub fn fitting(&self, most: usize) -> Show {
        let count = |show: Show| self.sessions.iter().flat_map(|session| shown_slots(&session.slots, show)).count();
        [Show::Every, Show::Touched].into_iter().find(|show| count(*show) <= most).unwrap_or(Show::None)
    }

    fn write_text(&self, trace: bool, out: &mut dyn Write) -> io::Result<()> {
        let seed = self.campaign.script.trials.seed;
        let title = format!("{}:{}   seed {seed}   {}", self.name, self.number, self.campaign.view.params);
        writeln!(out, "{}", text::styled(HEADING, &title))?;
        for (index, Session { trial, slots, steps, events: log }) in self.sessions.iter().enumerate() {
            let events = format!("E_T {}, E_B {}", shown(trial.events.e_t), shown(trial.events.e_b));
            writeln!(out, "session {index}: {}   {events}", text::styled(ACCENT, &outcome(*trial)))?;
            for slot in shown_slots(slots, if trace { Show::Every } else { Show::Touched }) {
                let line = slot_text(slot);
                let style = if slot.touched || slot.named { anstyle::Style::new() } else { DIM };
                writeln!(out, "  {}", text::styled(style, &line))?;
            }
            if let (Some(Ok(count)), true) = (log, trace) {
                writeln!(out, "  client: {count} events, all as specified")?;
            }
            if trace && !steps.is_empty() {
                write!(out, "{}", step_table(steps))?;
            }
        }
        if self.sessions.len() > 1 {
            writeln!(out, "trial: {}", text::styled(ACCENT, &outcome(self.trial)))?;
        }
        Ok(())
    }
}

fn step_table(steps: &[(String, [Tally; 2])]) -> String {
    let row = |(step, [client, server]): &(String, [Tally; 2])| {
        let messages = client.messages + server.messages;
        vec![step.clone(), client.bytes.to_string(), server.bytes.to_string(), messages.to_string()]
    };
    text::table(&["step", "client sends", "server sends", "messages"], steps.iter().map(row).collect(), 1)
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

/// Which slots are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// All that are known.
    Every,
    /// Those that the server touched or named.
    Touched,
    /// None.
    None,
}

fn shown_slots(slots: &[SlotRecord], show: Show) -> impl Iterator<Item = &SlotRecord> {
    slots.iter().filter(move |slot| match show {
        Show::Every => true,
        Show::Touched => slot.touched || slot.named,
        Show::None => false,
    })
}

#[derive(Serialize)]
struct Document<'a> {
    e_b: bool,
    e_t: bool,
    outcome: String,
    seed: u64,
    sessions: Vec<SessionJson<'a>>,
    strategy: &'a str,
    trial: u64,
}

#[derive(Serialize)]
struct SessionJson<'a> {
    /// In its client's log, all as specified.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_events: Option<usize>,
    e_b: bool,
    e_t: bool,
    outcome: String,
    slots: Slots<'a>,
    /// At `real`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepJson<'a>>,
}

#[derive(Serialize)]
struct StepJson<'a> {
    client_sent_bytes: usize,
    messages: usize,
    server_sent_bytes: usize,
    step: &'a str,
}

impl<'a> SessionJson<'a> {
    fn new(Session { trial, slots, steps, events: log }: &'a Session, show: Show) -> Self {
        let Events { e_t, e_b } = trial.events;
        let shown = if show == Show::Every { steps.as_slice() } else { &[] };
        let step = |(step, [client, server]): &'a (String, [Tally; 2])| StepJson {
            client_sent_bytes: client.bytes,
            messages: client.messages + server.messages,
            server_sent_bytes: server.bytes,
            step,
        };
        let steps = shown.iter().map(step).collect();
        let client_events = log.as_ref().and_then(|log| log.as_ref().ok().copied()).filter(|_| show == Show::Every);
        Self { client_events, e_b, e_t, outcome: outcome(*trial), slots: Slots(slots, show), steps }
    }
}

/// Written one by one: there may be millions.
struct Slots<'a>(&'a [SlotRecord], Show);

impl Serialize for Slots<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(shown_slots(self.0, self.1).map(SlotJson::from))
    }
}

#[derive(Serialize)]
struct SlotJson {
    answer: Option<u32>,
    copy: Option<u32>,
    honest: Option<u32>,
    /// In the linking game.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    named: bool,
    public: Option<u32>,
    query: Option<u32>,
    slot: u32,
    touched: bool,
    wrong: bool,
}

impl From<&SlotRecord> for SlotJson {
    fn from(&SlotRecord { slot, sample, touched, named, labels, wrong }: &SlotRecord) -> Self {
        let (query, copy, public) = match sample {
            Sample::Query { query, copy } => (Some(query), Some(copy), None),
            Sample::Public { index } => (None, None, Some(index)),
        };
        let (honest, answer) = (labels.map(|[honest, _]| honest.0), labels.map(|[_, answer]| answer.0));
        Self { answer, copy, honest, named, public, query, slot, touched, wrong }
    }
}
