//! A trial that was played again: the files in `exemplars/`, and `sim run --json`.

use crate::campaign::{Ending, Replay, ReplayedSession, Show};
use crate::simulate::{Replayed, SlotRecord};
use fusion_2pc::wire::meter::Tally;
use fusion_spec::mix::Sample;
use fusion_spec::verdict::Events;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A trial of a strategy that was played again, session by session.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReplayDocument {
    /// Whether `E_B` happened in the first session: the touched slots that held queries were all copies of one or more
    /// queries.
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
    /// The number of events that the client logged, all as specified. Given only where every slot is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_events: Option<usize>,
    /// Whether `E_B` happened in this session.
    pub e_b: bool,
    /// Whether `E_T` happened in this session.
    pub e_t: bool,
    /// How the session ended.
    pub outcome: Ending,
    /// The slots that are shown, in order.
    pub slots: Vec<SlotDocument>,
    /// What each step of the two-party protocol sent. Given only at `real`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepDocument>,
    /// Why the client stopped before it had all answers. Given only at `real`, and where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// The number of values that left a ring that is set, and wrapped, in the evaluations of all slots. Given only at `ideal` and `real`, and where not all values provably fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrapped: Option<u64>,
}

/// The content of a slot, and the answer that came.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SlotDocument {
    /// The answer that came; `null` where answers are only right or wrong.
    pub answer: Option<u32>,
    /// Which copy of its query the slot held, from 0; `null` for a public.
    pub copy: Option<u32>,
    /// The honest answer; `null` where answers are only right or wrong.
    pub honest: Option<u32>,
    /// Whether the server named the slot in the linking game.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub named: bool,
    /// The number of the public sample that the slot held, from 0; `null` for a query.
    pub public: Option<u32>,
    /// The number of the query of which the slot held a copy, from 0; `null` for a public.
    pub query: Option<u32>,
    /// The number of the slot, from 0.
    pub slot: u32,
    /// Whether the server touched the slot.
    pub touched: bool,
    /// Whether the answer that came was wrong.
    pub wrong: bool,
}

/// What the two parties sent in a step of the two-party protocol.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StepDocument {
    /// The bytes that the client sent.
    pub client_sent_bytes: usize,
    /// The number of messages of both parties.
    pub messages: usize,
    /// The bytes that the server sent.
    pub server_sent_bytes: usize,
    /// The address of the step.
    pub step: String,
}

impl ReplayDocument {
    /// Makes the document of a trial, with the slots that `show` selects.
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
    fn new(ReplayedSession { played, events: log }: &ReplayedSession, show: Show) -> Self {
        let Replayed { trial, slots, steps, stopped, wrapped } = played;
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
            stopped: stopped.clone(),
            wrapped: *wrapped,
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
