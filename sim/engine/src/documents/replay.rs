//! A trial that was played again: the files in `exemplars/`, and `sim run --json`.

use crate::campaign::{Ending, Replay, ReplayedSession, Show};
use crate::simulate::SlotRecord;
use fusion_2pc::wire::meter::Tally;
use fusion_spec::mix::Sample;
use fusion_spec::verdict::Events;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A trial of a strategy, session by session.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReplayDocument {
    /// Whether `E_B` happened in the first session: every touched query was touched in all its copies.
    pub e_b: bool,
    /// Whether `E_T` happened in the first session: no more publics were touched than the slack tolerates.
    pub e_t: bool,
    /// How the trial ended.
    pub outcome: Ending,
    /// The campaign's seed.
    pub seed: u64,
    /// The trial's sessions, in order.
    pub sessions: Vec<SessionDocument>,
    /// The strategy's name.
    pub strategy: String,
    /// The trial's number.
    pub trial: u64,
}

/// One session of a trial.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SessionDocument {
    /// How many events the client logged, all as specified; only where every slot is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_events: Option<usize>,
    /// Whether `E_B` happened.
    pub e_b: bool,
    /// Whether `E_T` happened.
    pub e_t: bool,
    /// How the session ended.
    pub outcome: Ending,
    /// The slots that are shown, in order.
    pub slots: Vec<SlotDocument>,
    /// What each step of the two-party protocol sent; only at `real`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepDocument>,
}

/// What a slot held, and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SlotDocument {
    /// The answer that came; `null` where answers are only right or wrong.
    pub answer: Option<u32>,
    /// Which copy of its query the slot held.
    pub copy: Option<u32>,
    /// The honest answer.
    pub honest: Option<u32>,
    /// Whether the server named the slot in the linking game.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub named: bool,
    /// Which public sample the slot held, if any.
    pub public: Option<u32>,
    /// Which query the slot held a copy of, if any.
    pub query: Option<u32>,
    /// The slot, from 0.
    pub slot: u32,
    /// Whether the server touched the slot.
    pub touched: bool,
    /// Whether the answer that came was wrong.
    pub wrong: bool,
}

/// What a step of the two-party protocol sent.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StepDocument {
    /// Bytes that the client sent.
    pub client_sent_bytes: usize,
    /// Messages of both parties.
    pub messages: usize,
    /// Bytes that the server sent.
    pub server_sent_bytes: usize,
    /// The step's address.
    pub step: String,
}

impl ReplayDocument {
    /// The document of a trial, with these slots.
    #[must_use]
    pub fn new(replay: &Replay, show: Show) -> Self {
        let Replay { strategy, number, seed, trial, sessions } = replay;
        Self {
            e_b: trial.events.e_b,
            e_t: trial.events.e_t,
            outcome: replay.ending(),
            seed: *seed,
            sessions: sessions.iter().map(|session| SessionDocument::new(session, show)).collect(),
            strategy: strategy.clone(),
            trial: *number,
        }
    }
}

impl SessionDocument {
    fn new(ReplayedSession { trial, slots, steps, events: log }: &ReplayedSession, show: Show) -> Self {
        let Events { e_t, e_b } = trial.events;
        let steps = if show == Show::Every { steps.as_slice() } else { &[] };
        let client_events = log.as_ref().and_then(|log| log.as_ref().ok().copied()).filter(|_| show == Show::Every);
        Self {
            client_events,
            e_b,
            e_t,
            outcome: (*trial).into(),
            slots: show.of(slots).map(SlotDocument::from).collect(),
            steps: steps.iter().map(StepDocument::from).collect(),
        }
    }
}

impl SlotDocument {
    /// Whether the server touched the slot or, in the linking game, named it.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.touched || self.named
    }
}

impl From<&(String, [Tally; 2])> for StepDocument {
    fn from((step, [client, server]): &(String, [Tally; 2])) -> Self {
        Self {
            client_sent_bytes: client.bytes,
            messages: client.messages + server.messages,
            server_sent_bytes: server.bytes,
            step: step.clone(),
        }
    }
}

impl From<&SlotRecord> for SlotDocument {
    fn from(&SlotRecord { slot, sample, touched, named, labels, wrong }: &SlotRecord) -> Self {
        let (query, copy, public) = match sample {
            Sample::Query { query, copy } => (Some(query), Some(copy), None),
            Sample::Public { index } => (None, None, Some(index)),
        };
        let (honest, answer) = (labels.map(|[honest, _]| honest.0), labels.map(|[_, answer]| answer.0));
        Self { answer, copy, honest, named, public, query, slot, touched, wrong }
    }
}
