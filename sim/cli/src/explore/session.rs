//! One session of mix-and-check as a picture: the trial that `sim run` would play of the script beside it, by the same simulator.

use crate::explore::desk::Limit;
use crate::explore::query::{Query, QueryProblem};
use crate::explore::sample::{SlotShown, sample};
use crate::text;
use fusion_adversaries::behaviour::{Place, Scripted};
use fusion_adversaries::script::Relabel;
use fusion_adversaries::strategy::{Act, View};
use fusion_engine::campaign::Ending;
use fusion_engine::failure::Failure;
use fusion_engine::simulate::{Plain, Server, Simulator, SlotRecord};
use fusion_spec::bound::bits::nearest;
use fusion_spec::bound::report::Row;
use fusion_spec::bound::worst::Candidate;
use fusion_spec::exact::binomial::binomial_bits;
use fusion_spec::mix::Sample;
use fusion_spec::params::Params;
use fusion_spec::verdict::{Outcome, Reason};
use rug::Rational;
use serde::Serialize;

/// The largest number of slots of a session that is played for a picture.
const MAX_SLOTS: u32 = 1 << 21;
/// The largest number of a trial.
const MAX_TRIAL: u64 = 999_999;
/// How many trials a button plays at once.
const MANY: u64 = 1000;
/// The number of classes, of which only that there are two matters: a wrong answer is the other one, as where a script names no model.
const CLASSES: u32 = 2;
/// The length in bits of the longest rate that is computed exactly.
const MAX_RATE_BITS: u32 = 1 << 14;
/// The number of slots that are played between two looks at the clock.
const BLOCK: u64 = 1 << 16;
/// The name of the strategy, which decides its coins.
const STRATEGY: &str = "cheat";

/// A trial as the page draws it, with the count of all trials up to it; or the batch of the first trial before it is played.
#[derive(Serialize)]
pub struct Picture {
    /// The number of the trial; `None` where none is played.
    trial: Option<u64>,
    /// The number of the trial that comes next, and that of one so many later; `None` after the last.
    next: Option<u64>,
    later: Option<u64>,
    outcome: Option<Ending>,
    /// What the client concludes, and why, in words.
    why: Option<String>,
    /// The slots that are drawn, in order. What the server does to them shows only in a trial that is played.
    slots: Vec<SlotShown>,
    /// Which slots are drawn, in words.
    drawn: String,
    /// The number of trials up to this one, and of those that the server won.
    played: u64,
    won: u64,
    /// The count beside the exact rate, in words. There is no measured rate before the first win.
    tally: String,
    /// A script whose trials these are, and the command that plays this one again.
    yaml: String,
    command: String,
}

/// Plays the trial of a server that answers some slots wrongly, or deals the batch of the first one, as the query says.
pub fn picture(query: &Query, limit: &Limit) -> Result<Picture, QueryProblem> {
    let asked = Asked::new(query)?;
    let Asked { params, slots, k, seed, trial } = asked;
    let view = View::new(params, CLASSES).map_err(|error| QueryProblem::of(&Failure::usage(error)))?;
    let place = if k == 0 { Place::Slots(Vec::new()) } else { Place::Random(k) };
    let strategy = Scripted::single(place, Act::Relabel(Relabel::Next));
    let server = Server::new(STRATEGY, seed, &strategy);
    let mut plain = Plain::new(&view, &strategy);
    let command = format!("sim run explored.yaml --trial {STRATEGY}:{} --trace", trial.unwrap_or(0));
    let won = won(&mut plain, &server, slots, trial, limit).ok_or_else(|| {
        let error = format!(
            "so many trials of so many slots take too long for a page. In a terminal, '{command}' plays this one of a script with\n{}",
            asked.yaml()
        );
        QueryProblem { error, key: None }
    })?;
    let bug = || QueryProblem { error: "a bug in sim: a session without answers".into(), key: None };
    let (session, whole) = plain.whole(&server, trial.unwrap_or(0), 0).ok_or_else(bug)?;
    let (mut shown, drawn) = sample(params, &whole);
    if trial.is_none() {
        shown.iter_mut().for_each(SlotShown::hide);
    }
    let played = trial.map_or(0, |trial| trial + 1);
    let among = |number: u64| (number <= MAX_TRIAL).then_some(number);
    Ok(Picture {
        trial,
        next: among(played),
        later: among(played + MANY - 1),
        outcome: trial.map(|_| session.into()),
        why: trial.map(|_| why(params, session.outcome, &whole)),
        slots: shown,
        drawn,
        played,
        won,
        tally: asked.tally(won),
        yaml: asked.yaml(),
        command,
    })
}

/// What a query asks for.
struct Asked {
    params: Params,
    slots: u32,
    k: u32,
    seed: u64,
    /// The number of the trial; `None` if none is played.
    trial: Option<u64>,
}

impl Asked {
    fn new(query: &Query) -> Result<Self, QueryProblem> {
        let args = query.bound()?;
        let usage = |error: &dyn std::error::Error| QueryProblem { error: error.to_string(), key: None };
        let params = Params::new(args.R, args.B, args.T, args.slack).map_err(|error| usage(&error))?;
        let too_many = || {
            let N = params.N();
            let error = format!(
                "N = {N} slots are too many for a picture, which plays up to 2^21; sim attack plays up to 2^26"
            );
            QueryProblem { error, key: None }
        };
        let N = u32::try_from(params.N()).ok().filter(|N| *N <= MAX_SLOTS).ok_or_else(too_many)?;
        let k = match query.get("touch") {
            Some("one") => 1,
            Some("group") => params.B(),
            Some("all") => N.into(),
            _ => query.natural("touch", 0, N.into())?,
        };
        let k = u32::try_from(k).map_err(|error| usage(&error))?;
        let trial = query.get("trial").map(|_| query.natural("trial", 0, MAX_TRIAL)).transpose()?;
        Ok(Self { params, slots: N, k, seed: query.natural("seed", 0, u64::MAX)?, trial })
    }

    /// Says how many trials were won of those that were played, and how often this server wins.
    fn tally(&self, won: u64) -> String {
        let Self { params, k, seed, trial, .. } = self;
        let exact = exact(*params, (*k).into());
        let Some(trial) = trial else { return format!("Exact rate of wins: {exact}") };
        let played = trial + 1;
        #[expect(clippy::cast_precision_loss, reason = "below 2^20")]
        let rate = if won == 0 { String::new() } else { format!(" ({})", text::percent(won as f64 / played as f64)) };
        format!("Seed {seed}, trial {trial}. Won {won} of {played} played{rate}; exact rate: {exact}")
    }

    /// Returns the script whose trials are played.
    fn yaml(&self) -> String {
        let Self { params, k, seed, .. } = self;
        let (R, B, T, slack) = (params.R(), params.B(), params.T(), params.slack());
        let acts = if *k == 0 { String::new() } else { format!("{{ at: {{ random: {k} }}, relabel: next }}") };
        format!(
            "schema: fusion/campaign/v1\nname: explored\nprotocol: {{ R: {R}, B: {B}, T: {T}, slack: {slack} }}\nfidelity: plain\n\
             trials: {{ seed: {seed} }}\nstrategies:\n  - {{ name: {STRATEGY}, do: [{acts}] }}\n"
        )
    }
}

/// Counts the trials up to `last`, itself included, that the server wins: 0 without a last one. `None` where time is up before.
fn won(plain: &mut Plain, server: &Server<'_>, slots: u32, last: Option<u64>, limit: &Limit) -> Option<u64> {
    let mut won = 0;
    let block = (BLOCK / u64::from(slots)).max(1);
    for number in 0..last.map_or(0, |last| last + 1) {
        if number % block == block - 1 && limit.is_over() {
            return None;
        }
        won += u64::from(plain.session(server, number, 0).outcome == Some(Outcome::Win));
    }
    Some(won)
}

/// Says how often a server wins that answers `k` random slots wrongly.
fn exact(params: Params, k: u128) -> String {
    if k == 0 {
        return "0: an honest server wins nothing".into();
    }
    let short = binomial_bits(params.N(), k) <= MAX_RATE_BITS;
    match short.then(|| Row::new(params, k).ok()).flatten() {
        Some(row) if row.pr_success == 0 => never(params, k),
        Some(row) => rate(&row.pr_success),
        None if params.slack() >= params.B() => "too long to compute here".into(),
        None => match Candidate::touching(params, k) {
            None => never(params, k),
            Some(pair) => format!("2^-{:.2}", (pair.security_bits() * 100.0).floor() / 100.0),
        },
    }
}

fn never(params: Params, k: u128) -> String {
    let beside = if params.slack() == 0 { "" } else { " beside the publics that the slack tolerates" };
    let slots = if k == 1 { "one slot is".into() } else { format!("{k} slots are") };
    format!("0: {slots} never all copies of some queries{beside}")
}

fn rate(rate: &Rational) -> String {
    let (brief, percent) = (text::probability(rate), text::percent(nearest(rate)));
    if brief.contains('/') { format!("{brief} = {percent}") } else { brief }
}

/// Says what the client concludes, and from which slots.
fn why(params: Params, outcome: Option<Outcome>, slots: &[SlotRecord]) -> String {
    let wrong = || slots.iter().filter(|slot| slot.wrong);
    match outcome {
        None => "a bug in sim: the session is not as specified".into(),
        Some(Outcome::Harmless) => "Accepted, and every answer to a query is right.".into(),
        Some(Outcome::Win) => {
            let mut queries: Vec<u32> = wrong().filter_map(|slot| query(slot.sample)).collect();
            queries.sort_unstable();
            queries.dedup();
            let which = match queries[..] {
                [one] => format!("query {one}"),
                [first, ..] => format!("{} queries, the first of them {first},", queries.len()),
                [] => "no query".into(),
            };
            format!(
                "Accepted, and the server wins: all copies of {which} got the same wrong answer, and the publics passed."
            )
        }
        Some(Outcome::Caught(Reason::PublicWrong)) => {
            let mut publics = wrong().filter(|slot| query(slot.sample).is_none());
            match (publics.next(), params.slack()) {
                (Some(SlotRecord { slot, sample: Sample::Public { index }, .. }), 0) => {
                    format!("Caught by a public: the answer in slot {slot}, which held public {index}, is wrong.")
                }
                (_, slack) => {
                    format!(
                        "Caught by publics: {} of them have wrong answers, and the slack is {slack}.",
                        publics.count() + 1
                    )
                }
            }
        }
        Some(Outcome::Caught(Reason::CopiesDisagree)) => match disagreeing(params, slots) {
            Some((query, wrong)) => {
                let right = params.B() - wrong;
                format!(
                    "Caught by copies: those of query {query} disagree, as {wrong} of them came back wrong and {right} right."
                )
            }
            None => "Caught by copies that disagree.".into(),
        },
        Some(Outcome::Caught(Reason::Malformed | Reason::PeerGone)) => "Caught: an answer is missing.".into(),
        Some(Outcome::Caught(Reason::Cheating)) => "Caught: a check that the server kept to the protocol fails.".into(),
    }
}

fn query(sample: Sample) -> Option<u32> {
    match sample {
        Sample::Query { query, .. } => Some(query),
        Sample::Public { .. } => None,
    }
}

/// Returns the first query whose copies disagree, and how many of them are wrong.
fn disagreeing(params: Params, slots: &[SlotRecord]) -> Option<(u32, u64)> {
    let mut queries: Vec<u32> = slots.iter().filter(|slot| slot.wrong).filter_map(|slot| query(slot.sample)).collect();
    queries.sort_unstable();
    let mut groups = queries.chunk_by(|one, other| one == other).map(|group| (group[0], group.len() as u64));
    groups.find(|(_, wrong)| *wrong < params.B())
}
