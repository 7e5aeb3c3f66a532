//! The client of a simulated session: the specification's, from its first query to its verdict.

use fusion_spec::client::{Client, Mixed, Progress};
use fusion_spec::machine::{Effect, Event, Illegal};
use fusion_spec::mix::{Permutation, Slot};
use fusion_spec::params::Params;
use fusion_spec::trace::Logged;
use fusion_spec::verdict::{Label, Verdict};

/// What the client and the server of a session exchanged, in the order of slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// The questions and the answers, one after another.
    pub exchanges: Vec<Exchange>,
    /// Why the answers end early; `None` where all of them came.
    pub end: Option<EarlyEnd>,
    /// The slots whose answers a server's program changed.
    pub changed: Vec<Slot>,
}

/// A step in the exchange between the client and the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// The client asks about this many further slots.
    Asks(usize),
    /// The client has these labels for the next slots. The labels of a server that deviates may be outside the classes.
    Has(Vec<Label>),
}

/// The reason why answers end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlyEnd {
    /// The server sent what no honest server sends.
    Malformed,
    /// The server is gone.
    PeerGone,
    /// The server's proof that it kept to the protocol does not hold.
    Cheating,
}

impl Answers {
    /// Makes the exchange in which the client asks about all slots at once and gets these labels.
    #[must_use]
    pub fn at_once(labels: Vec<Label>) -> Self {
        Self { exchanges: vec![Exchange::Asks(labels.len()), Exchange::Has(labels)], end: None, changed: Vec::new() }
    }

    /// Returns the labels in the order of slots.
    pub(super) fn labels(&self) -> impl Iterator<Item = Label> + '_ {
        let labels = self.exchanges.iter().filter_map(|exchange| match exchange {
            Exchange::Asks(_) => None,
            Exchange::Has(labels) => Some(labels),
        });
        labels.flatten().copied()
    }
}

/// The events and effects of a session, in order; `None` where nobody asks for them.
pub(super) type Log = Option<Vec<Logged>>;

fn note(log: &mut Log, event: Event, effect: impl FnOnce() -> Effect) {
    if let Some(log) = log {
        log.push(Logged { event, effect: effect() });
    }
}

/// Returns the verdict of the specification's client with this mix on these answers, and its log. A label is below `classes`.
///
/// # Errors
/// [`Illegal`] if the mix or the known results do not fit `params`.
pub(super) fn conclude(
    params: Params,
    mix: Permutation,
    known: Vec<Label>,
    answers: &Answers,
    classes: u32,
    log: &mut Log,
) -> Result<Verdict, Illegal> {
    if log.is_some() {
        note(log, Event::Prepare { mix: mix.clone(), known: known.clone() }, || Effect::Nothing);
    }
    let mut progress = Progress::Waiting(Client::new(params, mix, known)?);
    let mut slots = 0..;
    for exchange in &answers.exchanges {
        match exchange {
            Exchange::Asks(count) => (0..*count).for_each(|_| ask(&mut progress, log)),
            Exchange::Has(labels) => {
                for (label, slot) in labels.iter().zip(&mut slots) {
                    progress = receive(progress, slot, Some(*label).filter(|label| label.0 < classes), log);
                }
            }
        }
    }
    let ended = match (progress, answers.end) {
        (Progress::Waiting(client), Some(EarlyEnd::Malformed)) => {
            let ended = client.garbage();
            note(log, Event::Garbage, || effect(&ended));
            ended
        }
        (Progress::Waiting(client), Some(EarlyEnd::Cheating)) => {
            let ended = client.failed_proof();
            note(log, Event::FailedProof, || effect(&ended));
            ended
        }
        (Progress::Waiting(client), Some(EarlyEnd::PeerGone) | None) => {
            let ended = client.gone();
            note(log, Event::ServerStop, || effect(&ended));
            ended
        }
        (over, _) => over,
    };
    Ok(match ended {
        Progress::Answered(client) => {
            let verdict = client.check();
            note(log, Event::Check, || Effect::Conclude(verdict.clone()));
            verdict
        }
        Progress::Rejected(reason) => Verdict::Rejected(reason),
        Progress::Waiting(_) => unreachable!("a server that is gone is rejected"),
    })
}

fn ask(progress: &mut Progress, log: &mut Log) {
    if let Progress::Waiting(client) = progress
        && let Some((slot, sample)) = Client::<Mixed>::next_query(client)
    {
        note(log, Event::Query, || Effect::Send { slot, sample });
    }
}

/// Passes an answer to the client; `None` stands for an answer that is no label.
fn receive(progress: Progress, slot: Slot, label: Option<Label>, log: &mut Log) -> Progress {
    let Progress::Waiting(client) = progress else { return progress };
    let (progress, event) = match label {
        Some(label) => (client.answer(slot, label), Event::Answer { slot, label }),
        None => (client.undecodable(slot), Event::Undecodable { slot }),
    };
    note(log, event, || effect(&progress));
    progress
}

/// Returns the effect of a message, as it shows from the state that the client is left in.
fn effect(progress: &Progress) -> Effect {
    match progress {
        Progress::Waiting(_) | Progress::Answered(_) => Effect::Nothing,
        Progress::Rejected(reason) => Effect::Conclude(Verdict::Rejected(*reason)),
    }
}
