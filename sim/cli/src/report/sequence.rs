//! A trial as a sequence: what the server sees, what the client sent, and what the client concludes.

use super::run::Run;
use crate::text;
use fusion_engine::campaign::Ending;
use fusion_engine::documents::replay::{ReplayDocument, SessionDocument, SlotDocument};
use fusion_spec::verdict::Reason;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The largest number of slots that are drawn one by one.
const MOST_CELLS: u128 = 64;
/// The largest number of groups that are drawn.
const MOST_GROUPS: usize = 8;
/// The largest number of untouched copies of a query that are drawn.
const MOST_COPIES: usize = 8;

/// The last session of a trial, as the page draws it.
#[derive(Debug, Serialize)]
pub struct Sequence {
    title: String,
    strategy: String,
    outcome: String,
    /// The class that colours the outcome, which is also told by a sign and in words.
    class: &'static str,
    replay: String,
    /// The number of the session, if the trial has several.
    session: Option<String>,
    slots: String,
    /// What the server does to the marked slots.
    does: &'static str,
    /// What the marked slots then are, in words.
    mark: &'static str,
    /// Whether the session broke off before there were answers.
    broken: bool,
    /// The slots as the server sees them.
    server: Vec<SlotCell>,
    /// A remark on slots that are not drawn.
    left_out: Option<String>,
    /// The samples as the client opens them.
    groups: Vec<Group>,
    groups_left_out: Option<String>,
    conclusion: &'static str,
}

/// A slot as it is drawn.
#[derive(Clone, Debug, Serialize)]
struct SlotCell {
    name: String,
    answer: Option<String>,
    marked: bool,
    wrong: bool,
}

/// A group of slots that the client compares: the copies of one query, or one public sample.
#[derive(Debug, Serialize)]
struct Group {
    name: String,
    cells: Vec<SlotCell>,
    says: &'static str,
    bad: bool,
}

/// Chooses one trial of each outcome, with a cheating server if there is one.
pub fn sequences(run: &Run) -> Vec<Sequence> {
    let mut chosen: BTreeMap<Ending, &ReplayDocument> = BTreeMap::new();
    for exemplar in &run.exemplars {
        let better = |known: &ReplayDocument| score(exemplar) > score(known);
        if chosen.get(&exemplar.outcome).is_none_or(|known| better(known)) {
            chosen.insert(exemplar.outcome, exemplar);
        }
    }
    chosen.into_values().filter_map(|exemplar| Sequence::new(run, exemplar)).collect()
}

/// Ranks exemplars: short trials of servers that cheat little come first.
fn score(exemplar: &ReplayDocument) -> (bool, bool, bool, Reverse<usize>) {
    let slots = exemplar.sessions.last().map_or(&[][..], |session| &session.slots);
    let marked = slots.iter().filter(|slot| slot.is_marked()).count();
    let labelled = slots.iter().any(|slot| slot.answer.is_some());
    (marked > 0, exemplar.sessions.len() == 1, labelled, Reverse(marked))
}

/// Returns the class that colours an ending, and the client's conclusion; `None` for an error.
fn kind(ending: Ending) -> Option<(&'static str, &'static str)> {
    Some(match ending {
        Ending::Error => return None,
        Ending::Win => (
            "bad",
            "Accepts: every public is right and all copies agree, yet a query's answer is wrong. The server wins.",
        ),
        Ending::Harmless => ("good", "Accepts, and every query's answer is right."),
        Ending::Caught(Reason::PublicWrong) => ("caught", "Rejects: a public sample has a wrong answer."),
        Ending::Caught(Reason::CopiesDisagree) => ("caught", "Rejects: copies of one query disagree."),
        Ending::Caught(Reason::Malformed) => ("caught", "Rejects: a message is not what the protocol says."),
        Ending::Caught(Reason::PeerGone) => ("caught", "Rejects: the server is gone before the answers are in."),
        Ending::Caught(Reason::Cheating) => ("caught", "Rejects: a check that the server kept to the protocol fails."),
    })
}

impl Sequence {
    fn new(run: &Run, exemplar: &ReplayDocument) -> Option<Self> {
        let ReplayDocument { strategy, outcome, trial, sessions, .. } = exemplar;
        let session = sessions.last()?;
        let (class, conclusion) = kind(*outcome)?;
        let params = run.params;
        let script = text::shell(&run.folder.join("script.yaml"));
        let (server, left_out) = server_cells(&session.slots, params.N());
        let (groups, groups_left_out) = groups(session, params.R(), params.B());
        // A trial of several sessions may end otherwise than its last session.
        let ended = kind(session.outcome).map_or(conclusion, |(_, conclusion)| conclusion);
        let left = matches!(session.outcome, Ending::Caught(Reason::Malformed | Reason::PeerGone | Reason::Cheating));
        let links = session.slots.iter().any(|slot| slot.named);
        let (does, mark) = if links { ("names", "named") } else { ("touches", "touched") };
        Some(Self {
            title: outcome.to_string().replace('_', " "),
            strategy: strategy.clone(),
            outcome: outcome.to_string(),
            class,
            replay: format!("sim run {script} --trial {strategy}:{trial} --trace"),
            session: (sessions.len() > 1).then(|| format!("session {} of {}", sessions.len(), sessions.len())),
            slots: params.N().to_string(),
            does,
            mark,
            broken: left && session.slots.is_empty(),
            server,
            left_out,
            groups,
            groups_left_out,
            conclusion: if links { linked(*outcome) } else { ended },
        })
    }
}

/// Describes how the linking game ends.
fn linked(ending: Ending) -> &'static str {
    match ending {
        Ending::Win => "Accepts: all answers are right. The named slots hold copies of one query: the server wins.",
        _ => "Accepts: all answers are right. The named slots do not hold copies of one query.",
    }
}

/// Returns all slots if they are few, or only the marked ones, with a remark on the others.
fn server_cells(slots: &[SlotDocument], N: u128) -> (Vec<SlotCell>, Option<String>) {
    let known: BTreeMap<u128, &SlotDocument> = slots.iter().map(|slot| (slot.slot.into(), slot)).collect();
    let cell = |index: u128| SlotCell {
        name: index.to_string(),
        answer: None,
        marked: known.get(&index).is_some_and(|slot| slot.is_marked()),
        wrong: false,
    };
    if N <= MOST_CELLS {
        return ((0..N).map(cell).collect(), None);
    }
    let marked: Vec<u128> = known.values().filter(|slot| slot.is_marked()).map(|slot| slot.slot.into()).collect();
    let most = MOST_CELLS as usize;
    let shown = marked.len().min(most);
    if shown == 0 {
        return (Vec::new(), Some(format!("{N} slots")));
    }
    let rest = N - shown as u128;
    let others = if marked.len() > most { "others, touched and untouched" } else { "others, untouched" };
    (marked.into_iter().take(most).map(cell).collect(), Some(format!("and {rest} {others}")))
}

/// Groups the marked or wrong slots by what they held, those with a bad answer first, and publics before queries.
fn groups(session: &SessionDocument, R: u64, B: u64) -> (Vec<Group>, Option<String>) {
    let slots = &session.slots;
    let publics = slots.iter().filter(|slot| slot.is_marked() || slot.wrong);
    let publics = publics.filter_map(|slot| slot.public.map(|public| (public, slot)));
    let mut queries: BTreeMap<u32, Vec<&SlotDocument>> = BTreeMap::new();
    for slot in slots {
        if let Some(query) = slot.query {
            queries.entry(query).or_default().push(slot);
        }
    }
    queries.retain(|_, copies| copies.iter().any(|slot| slot.is_marked() || slot.wrong));
    let untouched = R.saturating_sub(queries.len() as u64);
    let alike = match session.outcome {
        Ending::Win | Ending::Harmless => Some(true),
        Ending::Caught(Reason::CopiesDisagree) if queries.len() == 1 => Some(false),
        _ => None,
    };
    let mut groups: Vec<Group> = publics.map(|(public, slot)| public_group(public, slot)).collect();
    groups.extend(queries.iter().map(|(query, copies)| query_group(*query, copies, B, alike)));
    groups.sort_by_key(|group| !group.bad);
    let hidden = groups.len().saturating_sub(MOST_GROUPS);
    groups.truncate(MOST_GROUPS);
    let left_out = match (slots.is_empty(), hidden) {
        (true, _) => None,
        (_, 0) if untouched == 0 => None,
        (_, 0) => Some(format!("{untouched} of {R} queries untouched: their copies agree")),
        _ => Some(format!("and {hidden} more, touched; {untouched} of {R} queries untouched")),
    };
    (groups, left_out)
}

fn public_group(public: u32, slot: &SlotDocument) -> Group {
    let says = if slot.wrong { "not the known answer" } else { "the known answer" };
    Group { name: format!("public {public}"), cells: vec![opened(slot, "slot")], says, bad: slot.wrong }
}

/// Makes the group of a query's copies. `alike` is what the outcome says about copies whose labels are not known: they agree,
/// they do not, or it does not say.
fn query_group(query: u32, copies: &[&SlotDocument], B: u64, alike: Option<bool>) -> Group {
    let mut cells: Vec<SlotCell> = copies.iter().map(|slot| opened(slot, "slot")).collect();
    // At `plain` only marked slots are known: the others are right.
    let right = SlotCell { name: "untouched".into(), answer: Some("right".into()), marked: false, wrong: false };
    let missing = B.saturating_sub(cells.len() as u64);
    let shown = missing.min(MOST_COPIES as u64);
    cells.extend((0..shown).map(|_| right.clone()));
    if missing > shown {
        cells.push(SlotCell { name: format!("and {} more, untouched", missing - shown), ..right });
    }
    let same = cells.windows(2).all(|pair| pair[0].answer == pair[1].answer);
    let wrong = cells.iter().any(|cell| cell.wrong);
    let unknown = wrong && copies.iter().any(|slot| slot.answer.is_none());
    let agree = if same && unknown { alike } else { Some(same) };
    let says = match (agree, wrong) {
        (Some(false), _) => "copies disagree",
        (Some(true), true) => "copies agree, on a wrong answer",
        (Some(true), false) => "copies agree",
        (None, _) => "all copies are wrong",
    };
    Group { name: format!("query {query}"), cells, says, bad: agree == Some(false) || wrong }
}

fn opened(slot: &SlotDocument, word: &str) -> SlotCell {
    let answer = match (slot.answer, slot.honest, slot.wrong) {
        (Some(answer), Some(honest), true) => format!("{answer}, not {honest}"),
        (Some(answer), _, _) => answer.to_string(),
        (None, _, true) => "wrong".into(),
        (None, _, false) => "right".into(),
    };
    SlotCell {
        name: format!("{word} {}", slot.slot),
        answer: Some(answer),
        marked: slot.is_marked(),
        wrong: slot.wrong,
    }
}
