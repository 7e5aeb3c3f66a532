//! The protocol's machine, model-checked: `spec::machine::step` itself is explored from every state that any events lead to, at every
//! `R`, `B`, `T` and slack with `N <= 6`.
//!
//! In each state every event is tried: queries, answers `right`, `wrong` or `other wrong` to any slot (asked about or not, again, out of
//! range), garbage, a proof that fails, a stop, silence, and the client's own acts at the right and at the wrong time; where `N <= 5`, answers that are no
//! label too. A model keeps its own record of what
//! was mixed and answered, and judges by the definition, not by the machine.
//!
//! One arrangement stands for all that differ in the names of queries, copies and publics: [`names_do_not_matter`] tries every
//! permutation. Steps that change nothing are checked and then left out, so that every run goes up in rank: it is finite, and since no
//! state short of the end lacks a step, it ends.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::cast_possible_truncation, reason = "at most six of anything")]

use fusion_spec::bound::deviation::Deviation;
use fusion_spec::machine::{Effect, Event, Illegal, State, step};
use fusion_spec::mix::{Permutation, Sample, Slot};
use fusion_spec::params::Params;
use fusion_spec::verdict::{Label, Reason, Verdict};
use stateright::{Checker, Model, Property};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::{Arc, Mutex};

const RIGHT: Label = Label(0);
const WRONG: Label = Label(1);
const LABELS: [Label; 3] = [RIGHT, WRONG, Label(2)];
const MOST_SLOTS: u64 = 6;
/// Stands for an answer that is no label, in a model's own record.
const UNDECODABLE: Label = Label(u32::MAX);
/// One more kind of answer multiplies the states, so that larger settings go without.
const MOST_SLOTS_UNDECODABLE: u64 = 5;

/// A machine, or a faulty one.
type Step = fn(&mut State, Event) -> Result<Effect, Illegal>;

/// What may go wrong, by name; a run remembers what did.
const CLAIMS: [&str; 11] = [
    "accepted only if right, or by the bad event",
    "rejected for the right reason",
    "nothing seen before the check depends on an answer",
    "checked only when all answers are in",
    "what a server does is never the client's mistake",
    "the client's own mistakes change nothing",
    "an ended session never changes",
    "what is no answer is malformed",
    "a server that is gone is rejected",
    "each sample goes out once, in the client's order",
    "a proof that fails is cheating",
];
const ACCEPTED: u16 = 1 << 0;
const REJECTED: u16 = 1 << 1;
const BLIND: u16 = 1 << 2;
const COMPLETE: u16 = 1 << 3;
const LEGAL: u16 = 1 << 4;
const UNCHANGED: u16 = 1 << 5;
const OVER: u16 = 1 << 6;
const MALFORMED: u16 = 1 << 7;
const GONE: u16 = 1 << 8;
const SENT: u16 = 1 << 9;
const CHEATING: u16 = 1 << 10;

const RUNS_END: &str = "every run ends";

/// A session, and the model's own record of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Run {
    machine: State,
    /// Which of the arrangements; none before the mix.
    mixed: Option<usize>,
    asked: Slot,
    got: Vec<Option<Label>>,
    ended: bool,
    /// Claims that have failed.
    failed: u16,
}

/// How a complete session ended: the arrangement and the answers.
type Ending = (usize, Vec<Label>);

/// A setting.
#[derive(Clone)]
struct Setting {
    params: Params,
    step: Step,
    arrangements: Vec<Vec<Sample>>,
    /// Complete sessions by verdict.
    ends: Arc<Mutex<BTreeMap<&'static str, BTreeSet<Ending>>>>,
}

/// The samples in each order in which new queries, copies and publics appear by number.
fn arrangements(params: Params) -> Vec<Vec<Sample>> {
    let (R, B, T) = (params.R() as u32, params.B() as u32, params.T() as u32);
    let mut all = vec![Vec::new()];
    for _ in 0..params.N() {
        let longer = |order: Vec<Sample>| {
            let copies = |query| {
                order.iter().filter(|s| matches!(s, Sample::Query { query: q, .. } if *q == query)).count() as u32
            };
            let publics = order.iter().filter(|s| matches!(s, Sample::Public { .. })).count() as u32;
            let begun = (0..R).take_while(|query| copies(*query) > 0).count() as u32;
            let queries = (0..R.min(begun + 1)).filter(|query| copies(*query) < B);
            let queries = queries.map(|query| Sample::Query { query, copy: copies(query) });
            let next: Vec<Sample> = queries.chain((publics < T).then_some(Sample::Public { index: publics })).collect();
            next.into_iter().map(|sample| [&order[..], &[sample]].concat()).collect::<Vec<_>>()
        };
        all = all.into_iter().flat_map(longer).collect();
    }
    all
}

impl Setting {
    fn new(params: Params, step: Step) -> Self {
        Self { params, step, arrangements: arrangements(params), ends: Arc::default() }
    }

    fn slots(&self) -> Slot {
        Slot::try_from(self.params.N()).expect("small")
    }

    fn prepare(&self, arrangement: usize) -> Event {
        let mix = Permutation::from_samples(self.params, &self.arrangements[arrangement]).expect("a permutation");
        Event::Prepare { mix, known: vec![RIGHT; self.params.T() as usize] }
    }

    /// The verdict by definition: of complete answers in an arrangement.
    fn judge(&self, arrangement: usize, answers: &[Label]) -> Verdict {
        if answers.contains(&UNDECODABLE) {
            return Verdict::Rejected(Reason::Malformed);
        }
        let slots = || self.arrangements[arrangement].iter().zip(answers);
        let wrong =
            slots().filter(|(sample, label)| matches!(sample, Sample::Public { .. }) && **label != RIGHT).count();
        if wrong as u64 > self.params.slack() {
            return Verdict::Rejected(Reason::PublicWrong);
        }
        let mut results = Vec::new();
        for query in 0..self.params.R() as u32 {
            let own = slots().filter(|(sample, _)| matches!(sample, Sample::Query { query: q, .. } if *q == query));
            let labels: BTreeSet<Label> = own.map(|(_, label)| *label).collect();
            match labels.into_iter().collect::<Vec<_>>()[..] {
                [label] => results.push(label),
                _ => return Verdict::Rejected(Reason::CopiesDisagree),
            }
        }
        Verdict::Accepted(results)
    }

    /// What must come of a step, whatever the machine says: the claims that its effect breaks.
    fn broken(&self, run: &Run, event: &Event, result: &Result<Effect, Illegal>) -> u16 {
        let complete = run.mixed.is_some() && run.got.iter().all(Option::is_some);
        let rejected = |reason| Ok(Effect::Conclude(Verdict::Rejected(reason)));
        let holds = |holds: bool, claim: u16| if holds { 0 } else { claim };
        let server = matches!(
            event,
            Event::Answer { .. }
                | Event::Undecodable { .. }
                | Event::Garbage
                | Event::FailedProof
                | Event::ServerStop
                | Event::Timeout
        );
        if server && result.is_err() {
            return LEGAL;
        }
        if run.ended {
            return holds(if server { *result == Ok(Effect::Nothing) } else { *result == Err(Illegal::Over) }, OVER);
        }
        match event {
            Event::Answer { slot, .. } | Event::Undecodable { slot } => {
                let open = *slot < run.asked && run.got[*slot as usize].is_none();
                if open {
                    holds(*result == Ok(Effect::Nothing), BLIND)
                } else {
                    holds(*result == rejected(Reason::Malformed), MALFORMED)
                }
            }
            Event::Garbage => holds(*result == rejected(Reason::Malformed), MALFORMED),
            Event::FailedProof => holds(*result == rejected(Reason::Cheating), CHEATING),
            Event::ServerStop | Event::Timeout if complete => holds(*result == Ok(Effect::Nothing), GONE),
            Event::ServerStop | Event::Timeout => holds(*result == rejected(Reason::PeerGone), GONE),
            Event::Check if !complete => holds(*result == Err(Illegal::EarlyCheck), COMPLETE),
            Event::Check => {
                let answers: Vec<Label> = run.got.iter().flatten().copied().collect();
                let meant = self.judge(run.mixed.expect("complete"), &answers);
                let claim =
                    if matches!(result, Ok(Effect::Conclude(Verdict::Accepted(_)))) { ACCEPTED } else { REJECTED };
                holds(*result == Ok(Effect::Conclude(meant)), claim)
            }
            Event::Prepare { .. } if run.mixed.is_some() => holds(*result == Err(Illegal::AlreadyPrepared), UNCHANGED),
            Event::Prepare { .. } => holds(*result == Ok(Effect::Nothing), UNCHANGED),
            Event::Query => {
                let sample = run.mixed.and_then(|mixed| self.arrangements[mixed].get(run.asked as usize));
                let send = sample.map(|sample| Effect::Send { slot: run.asked, sample: *sample });
                holds(*result == send.ok_or(Illegal::NothingToQuery), SENT)
            }
            Event::ClientStop => holds(*result == Ok(Effect::Withdraw), UNCHANGED),
        }
    }

    fn note_end(&self, run: &Run, verdict: &Verdict) {
        let answers: Option<Vec<Label>> = run.got.iter().copied().collect();
        let (Some(arrangement), Some(answers)) = (run.mixed, answers) else { return };
        let name = match verdict {
            Verdict::Accepted(results) if results.iter().all(|label| *label == RIGHT) => "harmless",
            Verdict::Accepted(_) => "win",
            Verdict::Rejected(reason) => reason.name(),
        };
        self.ends.lock().expect("no panic").entry(name).or_default().insert((arrangement, answers));
    }

    fn note_other_end(&self, verdict: &Verdict) {
        if let Verdict::Rejected(reason @ (Reason::Malformed | Reason::PeerGone | Reason::Cheating)) = verdict {
            self.ends.lock().expect("no panic").entry(reason.name()).or_default();
        }
    }
}

impl Run {
    /// Goes up with every step that changes anything.
    fn rank(&self) -> usize {
        let steps = usize::from(self.mixed.is_some()) + self.asked as usize + self.got.iter().flatten().count();
        steps + 100 * usize::from(self.ended) + 1000 * self.failed.count_ones() as usize
    }
}

impl Model for Setting {
    type State = Run;
    type Action = Event;

    fn init_states(&self) -> Vec<Run> {
        let got = vec![None; self.slots() as usize];
        vec![Run { machine: State::Idle(self.params), mixed: None, asked: 0, got, ended: false, failed: 0 }]
    }

    /// Every event in every state that has not failed.
    fn actions(&self, run: &Run, actions: &mut Vec<Event>) {
        if run.failed != 0 {
            return;
        }
        actions.extend((0..self.arrangements.len()).map(|index| self.prepare(index)).take(if run.mixed.is_none() {
            usize::MAX
        } else {
            1
        }));
        actions.extend([
            Event::Query,
            Event::Check,
            Event::ClientStop,
            Event::Garbage,
            Event::FailedProof,
            Event::ServerStop,
            Event::Timeout,
        ]);
        for slot in 0..=self.slots() {
            actions.extend(LABELS.map(|label| Event::Answer { slot, label }));
            actions
                .extend((self.params.N() <= u128::from(MOST_SLOTS_UNDECODABLE)).then_some(Event::Undecodable { slot }));
        }
    }

    fn next_state(&self, run: &Run, event: Event) -> Option<Run> {
        let mut next = run.clone();
        let result = (self.step)(&mut next.machine, event.clone());
        next.failed |= self.broken(run, &event, &result);
        if (result.is_err() || run.ended) && next.machine != run.machine {
            next.failed |= if run.ended { OVER } else { UNCHANGED };
        }
        match &result {
            Ok(Effect::Conclude(verdict)) => {
                next.ended = true;
                if event == Event::Check { self.note_end(run, verdict) } else { self.note_other_end(verdict) }
            }
            Ok(Effect::Withdraw) => next.ended = true,
            Ok(Effect::Send { .. }) => next.asked += 1,
            Ok(Effect::Nothing) | Err(_) => {}
        }
        let answered = match &event {
            Event::Answer { slot, label } => Some((*slot, *label)),
            Event::Undecodable { slot } => Some((*slot, UNDECODABLE)),
            _ => None,
        };
        if let Some((slot, label)) = answered.filter(|(slot, _)| !run.ended && *slot < run.asked) {
            next.got[slot as usize].get_or_insert(label);
        }
        if let Event::Prepare { mix, .. } = &event
            && result.is_ok()
        {
            let order: Vec<Sample> = mix.samples().collect();
            next.mixed = self.arrangements.iter().position(|own| *own == order);
        }
        if next.ended {
            // What was answered no longer matters, and all ends of a kind are one.
            next.got.fill(None);
            (next.asked, next.mixed) = (0, None);
        }
        if next == *run {
            return None;
        }
        assert!(next.ended || next.rank() > run.rank(), "{event:?} leads back");
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(CLAIMS[0], |_, run: &Run| run.failed & ACCEPTED == 0),
            Property::always(CLAIMS[1], |_, run: &Run| run.failed & REJECTED == 0),
            Property::always(CLAIMS[2], |_, run: &Run| run.failed & BLIND == 0),
            Property::always(CLAIMS[3], |_, run: &Run| run.failed & COMPLETE == 0),
            Property::always(CLAIMS[4], |_, run: &Run| run.failed & LEGAL == 0),
            Property::always(CLAIMS[5], |_, run: &Run| run.failed & UNCHANGED == 0),
            Property::always(CLAIMS[6], |_, run: &Run| run.failed & OVER == 0),
            Property::always(CLAIMS[7], |_, run: &Run| run.failed & MALFORMED == 0),
            Property::always(CLAIMS[8], |_, run: &Run| run.failed & GONE == 0),
            Property::always(CLAIMS[9], |_, run: &Run| run.failed & SENT == 0),
            Property::always(CLAIMS[10], |_, run: &Run| run.failed & CHEATING == 0),
            Property::always(RUNS_END, |setting: &Self, run: &Run| {
                // Silence is always possible, and one of these moves on.
                let on =
                    [Event::Timeout, Event::Check].into_iter().any(|event| setting.next_state(run, event).is_some());
                run.failed != 0 || run.ended || on
            }),
        ]
    }
}

/// Every setting with so many slots at most.
fn settings(most: u64) -> Vec<Params> {
    let mut all = Vec::new();
    for (R, B) in (1..=most).flat_map(|R| (1..=most / R).map(move |B| (R, B))) {
        for T in 0..=most - R * B {
            all.extend((0..=T).map(|slack| Params::new(R, B, T, slack).expect("legal")));
        }
    }
    all
}

fn factorial(n: u64) -> u64 {
    (1..=n).product()
}

/// Explores a setting: how many states there are, and the claims that fail.
fn explore(setting: &Setting) -> (usize, BTreeSet<&'static str>) {
    let checker = setting.clone().checker().threads(2).spawn_bfs().join();
    (checker.unique_state_count(), checker.discoveries().into_keys().collect())
}

/// In each arrangement as many sets of `k` slots win, answered wrongly alike, as `W` says; and as many are accepted.
fn assert_counts(setting: &Setting) {
    let params = setting.params;
    let (R, B, T) = (params.R(), params.B(), params.T());
    let names = factorial(R) * factorial(B).pow(R as u32) * factorial(T);
    assert_eq!(
        setting.arrangements.len() as u64 * names,
        factorial(R * B + T),
        "every permutation has its arrangement"
    );
    let ends = setting.ends.lock().expect("no panic");
    let alike = |verdict: &str, arrangement: usize, k: usize| {
        let wrong = |answers: &[Label]| answers.iter().filter(|label| **label != RIGHT).count();
        let plain = |answers: &[Label]| answers.iter().all(|label| [RIGHT, WRONG].contains(label));
        let counts = |(own, answers): &&Ending| *own == arrangement && plain(answers) && wrong(answers) == k;
        ends.get(verdict).into_iter().flatten().filter(counts).count()
    };
    for k in 0..=params.N() {
        let deviation = Deviation::full(params, k).expect("k <= N");
        let (wins, accepted) = (deviation.winning_sets().expect("small"), deviation.accepted_sets().expect("small"));
        for arrangement in 0..setting.arrangements.len() {
            let [win, harmless] = ["win", "harmless"].map(|verdict| alike(verdict, arrangement, k as usize));
            assert_eq!((wins.to_usize(), accepted.to_usize()), (Some(win), Some(win + harmless)), "{params}, k = {k}");
        }
    }
}

/// The verdicts that the model in spec/models can reach, as scripts/models.sh found.
fn spin() -> HashMap<Params, BTreeSet<&'static str>> {
    let setting = |line: &'static str| {
        let (numbers, verdicts) = line.split_once(": ").expect("R B T S: verdicts");
        let numbers: Vec<u64> = numbers.split(' ').map(|number| number.parse().expect("a number")).collect();
        let [R, B, T, slack] = numbers[..] else { panic!("four numbers: {line}") };
        (Params::new(R, B, T, slack).expect("legal"), verdicts.split(' ').collect())
    };
    let all: HashMap<_, _> = include_str!("../../spec/models/verdicts.txt").lines().map(setting).collect();
    assert!(all.len() >= 10);
    all
}

#[test]
fn the_machine_is_as_claimed_in_every_small_setting() {
    let mut table = String::new();
    let (mut all, mut compared) = (0, 0);
    let reached_by_spin = spin();
    for params in settings(MOST_SLOTS) {
        let setting = Setting::new(params, step);
        let (states, failed) = explore(&setting);
        assert!(failed.is_empty(), "{params}: {failed:?}");
        assert_counts(&setting);
        let ends = setting.ends.lock().expect("no panic");
        let verdicts: Vec<&str> = ends.keys().copied().collect();
        if let Some(theirs) = reached_by_spin.get(&params) {
            assert_eq!(*theirs, ends.keys().copied().collect(), "{params}: other verdicts by spec/models/fusion.pml");
            compared += 1;
        }
        writeln!(
            table,
            "{params}: {} arrangements, {states} states; {}",
            setting.arrangements.len(),
            verdicts.join(" ")
        )
        .expect("a string");
        all += states;
    }
    assert_eq!(compared, reached_by_spin.len());
    writeln!(table, "{all} states").expect("a string");
    insta::assert_snapshot!(table);
}

/// Verdicts of in-order answers, with results by name of the query.
fn verdict(params: Params, order: &[Sample], answers: &[Label]) -> Verdict {
    let mut state = State::Idle(params);
    let mix = Permutation::from_samples(params, order).expect("a permutation");
    let mut events = vec![Event::Prepare { mix, known: vec![RIGHT; params.T() as usize] }];
    events.extend(order.iter().map(|_| Event::Query));
    events.extend((0..).zip(answers).map(|(slot, &label)| Event::Answer { slot, label }));
    events.push(Event::Check);
    let effects = events.into_iter().map(|event| step(&mut state, event).expect("legal"));
    let concluded = effects.last().expect("a check");
    let Effect::Conclude(verdict) = concluded else { panic!("a check concludes, not {concluded:?}") };
    verdict
}

fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let first = |at: usize| {
        let mut rest = items.to_vec();
        let item = rest.remove(at);
        permutations(&rest).into_iter().map(move |tail| [std::slice::from_ref(&item), &tail[..]].concat())
    };
    (0..items.len()).flat_map(first).collect()
}

/// In every permutation of at most five slots, all answers: the verdict is that of its arrangement, queries renamed.
#[test]
fn names_do_not_matter() {
    for params in settings(5) {
        let known = arrangements(params);
        let samples = known[0].clone();
        let N = samples.len();
        for order in permutations(&samples) {
            let mut renamed: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
            let mut publics = 0;
            let arrangement: Vec<Sample> = order
                .iter()
                .map(|sample| match sample {
                    Sample::Public { .. } => {
                        publics += 1;
                        Sample::Public { index: publics - 1 }
                    }
                    Sample::Query { query, .. } => {
                        let next = renamed.len() as u32;
                        let (name, copies) = renamed.entry(*query).or_insert((next, 0));
                        *copies += 1;
                        Sample::Query { query: *name, copy: *copies - 1 }
                    }
                })
                .collect();
            assert!(known.contains(&arrangement));
            for code in 0..3_usize.pow(N as u32) {
                let answers: Vec<Label> = (0..N).map(|slot| LABELS[code / 3_usize.pow(slot as u32) % 3]).collect();
                let given = match verdict(params, &order, &answers) {
                    Verdict::Accepted(results) => {
                        let mut own = vec![RIGHT; results.len()];
                        (0..).zip(results).for_each(|(query, label)| own[renamed[&query].0 as usize] = label);
                        Verdict::Accepted(own)
                    }
                    rejected @ Verdict::Rejected(_) => rejected,
                };
                assert_eq!(given, verdict(params, &arrangement, &answers), "{params}: {order:?} {answers:?}");
            }
        }
    }
}

/// The machine, but for one fault each: and the claim that must fail.
const FAULTS: [(&str, Step, &str); 14] = [
    ("takes unlike copies", |state, event| swap(state, event, Reason::CopiesDisagree, Some(())), CLAIMS[0]),
    ("takes one wrong public too many", |state, event| swap(state, event, Reason::PublicWrong, Some(())), CLAIMS[0]),
    ("confuses its reasons", |state, event| swap(state, event, Reason::CopiesDisagree, None), CLAIMS[1]),
    ("stops at the first wrong answer", early, CLAIMS[2]),
    (
        "stops at an answer that is no label",
        |state, event| match event {
            Event::Undecodable { .. } => step(state, Event::Garbage),
            _ => step(state, event),
        },
        CLAIMS[2],
    ),
    (
        "takes what is no label for one",
        |state, event| match event {
            Event::Undecodable { slot } => step(state, Event::Answer { slot, label: WRONG }),
            _ => step(state, event),
        },
        CLAIMS[0],
    ),
    ("checks what it has", |state, event| instead(state, event, Illegal::EarlyCheck), CLAIMS[3]),
    (
        "takes garbage for its own mistake",
        |state, event| match event {
            Event::Garbage => Err(Illegal::Over),
            _ => step(state, event),
        },
        CLAIMS[4],
    ),
    (
        "ends by its own mistake",
        |state, event| {
            let result = step(state, event);
            if result == Err(Illegal::EarlyCheck) {
                step(state, Event::ClientStop)?;
            }
            result
        },
        CLAIMS[5],
    ),
    ("accepts after all", |state, event| instead(state, event, Illegal::Over), CLAIMS[6]),
    ("takes a second answer", |state, event| ignore(state, event, Reason::Malformed), CLAIMS[7]),
    ("waits for ever", |state, event| ignore(state, event, Reason::PeerGone), CLAIMS[8]),
    (
        "sends the first sample again",
        |state, event| match step(state, event)? {
            Effect::Send { sample, .. } => Ok(Effect::Send { slot: 0, sample }),
            effect => Ok(effect),
        },
        CLAIMS[9],
    ),
    (
        "takes a forged proof for garbage",
        |state, event| match event {
            Event::FailedProof => step(state, Event::Garbage),
            _ => step(state, event),
        },
        CLAIMS[10],
    ),
];

/// A rejection for a reason becomes an acceptance, or the other reason.
fn swap(state: &mut State, event: Event, from: Reason, accept: Option<()>) -> Result<Effect, Illegal> {
    let queries = match &state {
        State::Mixed(session) => session.mix().R(),
        _ => 0,
    };
    match step(state, event)? {
        Effect::Conclude(Verdict::Rejected(reason)) if reason == from => Ok(Effect::Conclude(match accept {
            Some(()) => Verdict::Accepted(vec![WRONG; queries as usize]),
            None => Verdict::Rejected(Reason::PublicWrong),
        })),
        effect => Ok(effect),
    }
}

fn early(state: &mut State, event: Event) -> Result<Effect, Illegal> {
    let wrong = matches!(event, Event::Answer { label, .. } if label != RIGHT);
    match step(state, event)? {
        Effect::Nothing if wrong && !matches!(state, State::Ended(_)) => {
            step(state, Event::ClientStop)?;
            Ok(Effect::Conclude(Verdict::Rejected(Reason::PublicWrong)))
        }
        effect => Ok(effect),
    }
}

/// What is illegal for this reason is an acceptance.
fn instead(state: &mut State, event: Event, illegal: Illegal) -> Result<Effect, Illegal> {
    match step(state, event) {
        Err(error) if error == illegal => Ok(Effect::Conclude(Verdict::Accepted(Vec::new()))),
        result => result,
    }
}

/// A rejection for this reason does not happen.
fn ignore(state: &mut State, event: Event, from: Reason) -> Result<Effect, Illegal> {
    let before = state.clone();
    match step(state, event)? {
        Effect::Conclude(Verdict::Rejected(reason)) if reason == from => {
            *state = before;
            Ok(Effect::Nothing)
        }
        effect => Ok(effect),
    }
}

#[test]
fn each_fault_fails_its_own_claim() {
    let params = Params::new(2, 2, 1, 0).expect("legal");
    let mut caught = BTreeSet::new();
    for (fault, faulty, claim) in FAULTS {
        let (_, failed) = explore(&Setting::new(params, faulty));
        assert!(failed.contains(claim), "{fault}: {failed:?}");
        caught.insert(claim);
    }
    assert_eq!(caught, BTreeSet::from(CLAIMS), "every claim can fail");
}
