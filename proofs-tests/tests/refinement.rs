//! Every session of every fidelity is one that the specification has: its client's log replays through the machine to the same end.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use fusion_2pc::backend::cheetah::MOST_SLOTS;
use fusion_2pc::session::Grouping;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_adversaries::behaviour::{Place, Scripted, flaky};
use fusion_adversaries::script::{Bend, Elements, Filling, Keep, Relabel, SessionsSection, Stop, Until};
use fusion_adversaries::strategy::{Act, View};
use fusion_engine::documents::replay::ReplayDocument;
use fusion_engine::simulate::{
    Ideal, Parties, Plain, Pools, ProtocolChoice, Real, Server, Simulator, Trace, Trial, Unspecified, World,
};
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::idx::{self, Images};
use fusion_nn::model::Model;
use fusion_proofs_tests::scratch::Scratch;
use fusion_spec::machine::{Effect, Event};
use fusion_spec::mix::Sample;
use fusion_spec::params::Params;
use fusion_spec::trace::Logged;
use fusion_spec::verdict::{Label, Outcome, Reason, Verdict};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

fn world(params: Params) -> World {
    let read = |name: &str| std::fs::read(example(name)).unwrap();
    let images = Images::parse(&read("data/mnist_t1000-images-idx3-ubyte")).unwrap();
    let labels = idx::labels(&read("data/mnist_t1000-labels-idx1-ubyte")).unwrap();
    let precision = Precision { frac_bits: 12, ring: Ring::Auto };
    let model = |name: &str| {
        let model = Model::from_onnx(&read(&format!("models/{name}.onnx"))).unwrap();
        FixedModel::new(&model, precision, Pixels { scale: 1.0 / 255.0, offset: 0.0 }).unwrap()
    };
    let models = vec![model("lenet_mnist_full"), model("lenet_mnist_pruned90")];
    let pools = Pools { queries: 0..30, publics: 30..60, keep: Keep::HonestRight, fixed_by: None };
    World::new(params, models, &[], (&images, &labels), &pools, ProtocolChoice::default()).unwrap()
}

fn single(place: Place, act: Act) -> Scripted {
    Scripted::single(place, act)
}

/// Plays trials, each session of which must be as specified; the outcomes that occurred.
fn assert_specified(simulator: &mut impl Simulator, server: &Server<'_>, trials: u64) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for number in 0..trials {
        let trial = simulator.trial_of(server, number, |simulator, session| {
            let (trial, trace) = simulator.traced(server, number, session);
            let trace = trace.unwrap();
            trace.check(trial.outcome).unwrap_or_else(|departure| panic!("trial {number}: {departure}"));
            assert_eq!(trial, simulator.session(server, number, session), "a log changes nothing");
            trial
        });
        assert_eq!(simulator.checked_trial(server, number), trial);
        seen.insert(format!("{:?}", trial.outcome.unwrap()));
    }
    seen
}

#[test]
fn plain_sessions_are_as_specified() {
    let next = || Act::Relabel(Relabel::Next);
    let retries = SessionsSection { until: Until::Accepted, max: 4 };
    let mut seen = BTreeSet::new();
    for (R, B, T, slack) in [(8, 2, 4, 0), (2, 2, 1, 1), (3, 1, 2, 0), (1, 3, 0, 0), (4, 2, 6, 3)] {
        let view = View::new(Params::new(R, B, T, slack).unwrap(), 3).unwrap();
        let all: [Scripted; 6] = [
            Scripted::honest(),
            single(Place::Random(1), next()),
            single(Place::Random(2), next()),
            single(Place::Random(2), Act::Relabel(Relabel::RandomWrong)),
            single(Place::All, next()),
            flaky((1, 5).into()),
        ];
        for strategy in &all {
            for sessions in [None, Some(retries)] {
                let server = Server::new("some", 4, strategy).with_sessions(sessions);
                seen.append(&mut assert_specified(&mut Plain::new(&view, strategy), &server, 200));
            }
        }
    }
    assert_eq!(seen.len(), 4, "win, harmless, both checks: {seen:?}");
}

#[test]
fn ideal_sessions_are_as_specified() {
    let params = Params::new(4, 3, 3, 1).unwrap();
    let world = world(params);
    let view = View::new(params, world.classes()).unwrap();
    let add = Act::Add { step: "layer[*:relu]".parse().unwrap(), value: 1 << 16, elements: Elements::All, kept: false };
    for act in [Act::Relabel(Relabel::Next), Act::Relabel(Relabel::To(7)), Act::Model(1), add] {
        let strategy = single(Place::Random(3), act);
        assert_specified(&mut Ideal::new(&view, &world), &Server::new("some", 4, &strategy), 40);
    }
}

/// A fault in the machine is in its replay too. The second client takes the answers from elsewhere than the log: whatever it hears
/// otherwise than the machine did, it says.
#[test]
fn a_second_client_has_its_own_verdict() {
    let params = Params::new(4, 3, 3, 0).unwrap();
    let world = world(params);
    let view = View::new(params, world.classes()).unwrap();
    let honest = Scripted::honest();
    let (trial, trace) = Ideal::new(&view, &world).traced(&Server::new("some", 4, &honest), 0, 0);
    let trace = trace.unwrap();
    assert_eq!((trial.outcome, trace.check(trial.outcome)), (Some(Outcome::Harmless), Ok(())));
    for (slot, sample) in trace.heard.order.iter().enumerate() {
        let classes = world.classes();
        let next = (trace.heard.answers[slot].0 + 1) % classes;
        let unlike = match sample {
            Sample::Query { .. } => Reason::CopiesDisagree,
            Sample::Public { .. } => Reason::PublicWrong,
        };
        for (answer, expected) in [(next, unlike), (classes, Reason::Malformed)] {
            let mut other = trace.clone();
            other.heard.answers[slot] = Label(answer);
            let unspecified = other.check(trial.outcome).unwrap_err();
            let said = matches!(&unspecified, Unspecified::Second { second: Verdict::Rejected(reason), .. } if *reason == expected);
            assert!(said, "slot {slot}: {unspecified}");
        }
    }
    let mut twice = trace;
    twice.heard.order[0] = twice.heard.order[1];
    assert!(matches!(twice.check(trial.outcome), Err(Unspecified::Batch(_))));
}

/// Two chunks of slots: the client asks about the second when it has the answers to the first, and a server that stops in between
/// leaves a log of both.
#[test]
fn real_sessions_are_as_specified() {
    let params = Params::new(13, 10, 1, 0).unwrap();
    let world = world(params);
    let view = View::new(params, world.classes()).unwrap();
    let slots = MOST_SLOTS + 3;
    let after = u32::try_from(MOST_SLOTS + 1).unwrap();
    assert_eq!(params.N(), slots as u128);
    let parties =
        Parties::new((&world, ProtocolChoice::default()), slots, &[Grouping::Chunk], 5, LinkSpeed::LAN).unwrap();
    let play = |act: Act, place: Place, trials: u64| {
        let strategy = single(place, act);
        let server = Server::new("some", 4, &strategy);
        let mut real = Real::new(&view, &world, &parties, Grouping::Chunk);
        assert_specified(&mut real, &server, trials);
        real.traced(&server, 0, 0)
    };
    let events = |trace: &Trace, of: fn(&Event) -> bool| trace.log.iter().filter(|logged| of(&logged.event)).count();
    let (_, trace) = play(Act::Relabel(Relabel::Next), Place::Random(2), 1);
    let trace = trace.unwrap();
    let first_answer = trace.log.iter().position(|logged| matches!(logged.event, Event::Answer { .. }));
    assert_eq!(first_answer, Some(1 + MOST_SLOTS), "after the first chunk's queries");
    assert_eq!(trace.log.len(), 1 + 2 * slots + 1);
    let in_the_second =
        |how| Act::Stop { step: format!("slot[{MOST_SLOTS}..{slots}]/layer[0:conv]").parse().unwrap(), how };
    let (trial, trace) = play(in_the_second(Stop::Crash), Place::Slots(vec![after]), 1);
    assert_eq!(trial.outcome, Some(Outcome::Caught(Reason::PeerGone)));
    let trace = trace.unwrap();
    let (asked, answered) =
        (|event: &Event| *event == Event::Query, |event: &Event| matches!(event, Event::Answer { .. }));
    assert_eq!((events(&trace, asked), events(&trace, answered)), (slots, MOST_SLOTS));
    let bend = Act::Bend { step: "layer[1:relu]/**".parse().unwrap(), how: Bend::Replace(Filling::Random) };
    play(bend, Place::Slots(vec![after]), 1);
}

/// Turns a good client's log into its own, given the honest answers; whether it shows.
type Bug = dyn Fn(&mut Vec<Logged>, &[Label]) -> bool;

/// A client with a bug, that plays whatever the good one plays.
struct Faulty<'a> {
    good: Plain,
    bug: &'a Bug,
}

impl Simulator for Faulty<'_> {
    fn session(&mut self, server: &Server<'_>, trial: u64, session: u32) -> Trial {
        self.traced(server, trial, session).0
    }

    fn traced(&mut self, server: &Server<'_>, trial: u64, session: u32) -> (Trial, Option<Trace>) {
        let (played, trace) = self.good.traced(server, trial, session);
        let mut trace = trace.unwrap();
        if !(self.bug)(&mut trace.log, &trace.heard.honest) {
            return (played, Some(trace));
        }
        let verdict = trace.log.iter().find_map(|logged| match &logged.effect {
            Effect::Conclude(verdict) => Some(verdict.clone()),
            _ => None,
        });
        let outcome = verdict.map(|verdict| Outcome::of(&verdict, &trace.heard.honest));
        (Trial { outcome, ..played }, Some(trace))
    }

    fn stride(&self) -> u64 {
        1
    }
}

/// Each bug shows itself in some trials, and in just these the checker refuses the log: not one passes, and no other is refused.
#[test]
fn seeded_bugs_are_caught() {
    let publics_only = |log: &mut Vec<Logged>, honest: &[Label]| {
        let last = log.last_mut().unwrap();
        let bites = last.effect == Effect::Conclude(Verdict::Rejected(Reason::CopiesDisagree));
        if bites {
            last.effect = Effect::Conclude(Verdict::Accepted(honest.to_vec()));
        }
        bites
    };
    let no_publics = |log: &mut Vec<Logged>, honest: &[Label]| {
        let last = log.last_mut().unwrap();
        let bites = last.effect == Effect::Conclude(Verdict::Rejected(Reason::PublicWrong));
        if bites {
            last.effect = Effect::Conclude(Verdict::Accepted(honest.to_vec()));
        }
        bites
    };
    // It stops at the first wrong public, which the server then knows of (H6).
    let early = |log: &mut Vec<Logged>, _: &[Label]| {
        let publics: BTreeSet<u32> = log
            .iter()
            .filter_map(|logged| match logged.effect {
                Effect::Send { slot, sample: Sample::Public { .. } } => Some(slot),
                _ => None,
            })
            .collect();
        let wrong = |logged: &Logged| matches!(&logged.event, Event::Answer { slot, label } if publics.contains(slot) && label.0 != 0);
        let Some(at) = log.iter().position(wrong) else { return false };
        log.truncate(at + 1);
        log[at].effect = Effect::Conclude(Verdict::Rejected(Reason::PublicWrong));
        true
    };
    // It releases what it has when one answer is missing.
    let impatient = |log: &mut Vec<Logged>, _: &[Label]| {
        let last = log.len() - 2;
        log.remove(last);
        true
    };
    let view = View::new(Params::new(3, 2, 3, 0).unwrap(), 10).unwrap();
    let strategy = single(Place::Random(2), Act::Relabel(Relabel::Next));
    let server = Server::new("some", 4, &strategy);
    let bugs: [(&str, &Bug); 4] =
        [("publics only", &publics_only), ("no publics", &no_publics), ("early", &early), ("impatient", &impatient)];
    for (name, bug) in bugs {
        let mut faulty = Faulty { good: Plain::new(&view, &strategy), bug };
        let (mut bitten, mut caught) = (0, 0);
        for number in 0..500 {
            let mut log = faulty.good.traced(&server, number, 0).1.unwrap();
            let bites = bug(&mut log.log, &log.heard.honest);
            let refused = faulty.checked_trial(&server, number).outcome.is_none();
            assert_eq!(bites, refused, "{name}: trial {number}");
            bitten += u32::from(bites);
            caught += u32::from(refused);
        }
        assert!(bitten > 50 && caught == bitten, "{name}: {caught} of {bitten}");
    }
}

/// Trials of curated scripts that the machine extracted from Coq plays again: the script, the strategy, the fidelity, and the trials' numbers. Their
/// sessions end in every way.
const PLAYED: &[(&str, &str, &str, &[u64])] = &[
    ("retries", "until-accepted", "plain", &[0, 1]),
    ("retries", "until-rejected", "plain", &[0, 2]),
    ("slack", "three-slots", "plain", &[0, 2, 9]),
    ("scatter", "two-slots", "plain", &[0, 1]),
    ("adaptive", "at-most-two", "plain", &[0, 1]),
    ("consistent", "every-query", "plain", &[0]),
    ("three-copies", "one-copy", "ideal", &[0]),
    ("three-copies", "one-group", "ideal", &[3]),
    ("three-copies", "last-query", "ideal", &[0, 5]),
    ("constant-label", "always-one", "ideal", &[3]),
    ("undecodable", "a-bit-of-slot-0", "real", &[0, 1]),
    ("three-copies-real", "one-slot", "real", &[0]),
    ("probe-key", "one-coefficient", "real", &[0]),
    ("unmask", "one-group", "real", &[0]),
    ("real", "walk-away", "real", &[0]),
    ("cheating", "bent", "real", &[0]),
];

/// The numbers of a session's line say how it ends, by the state.
fn ending_of(line: &str) -> &str {
    match &line[line.len() - 8..] {
        "00000002" => "accepted",
        "00000003" => "public_wrong",
        "00000004" => "copies_disagree",
        "00000005" => "malformed",
        "00000006" => "peer_gone",
        "00000007" => "cheating",
        other => panic!("a session that is not over: {other}"),
    }
}

/// Every session of these trials is written, and as committed: `scripts/proofs.sh` lets the machine of `spec/coq/Machine.v` play the file.
/// `UPDATE_PLAYED=1 cargo test -p fusion-proofs-tests --test refinement` writes it.
#[test]
fn sessions_of_sim_run_are_those_that_coq_plays() {
    let scratch = Scratch::new("refinement-played");
    let events = scratch.path("events.txt");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut parts, mut endings) = (Vec::new(), BTreeSet::new());
    for &(script, strategy, fidelity, trials) in PLAYED {
        for number in trials {
            let trial = format!("{strategy}:{number}");
            let run = ["sim", "run", script, "--trial", &trial, "--fidelity", fidelity];
            let run = fusion_sim::run(run.into_iter().chain(["--json", "--events", &events]));
            assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{script} {trial}");
            let replay: ReplayDocument = serde_json::from_str(&run.stdout).unwrap();
            let written = std::fs::read_to_string(&events).unwrap();
            let outcomes: Vec<&str> = replay.sessions.iter().map(|session| session.outcome.word()).collect();
            assert_eq!(written.lines().count(), outcomes.len(), "{script} {trial}");
            for (line, outcome) in written.lines().zip(&outcomes) {
                let ending = if ["win", "harmless"].contains(outcome) { "accepted" } else { outcome };
                assert_eq!(ending_of(line), ending, "{script} {trial}");
                endings.insert(format!("{fidelity} {outcome}"));
            }
            parts.push(format!("# {script}, {trial} at {fidelity}: {}\n{written}", outcomes.join(", ")));
        }
    }
    let everywhere = ["win", "harmless", "public_wrong", "copies_disagree"];
    let mut expected: BTreeSet<String> =
        ["plain", "ideal", "real"].iter().flat_map(|at| everywhere.map(|ending| format!("{at} {ending}"))).collect();
    // What is no label, an early end, and a proof that fails come of two parties alone.
    expected.extend(["real malformed".into(), "real peer_gone".into(), "real cheating".into()]);
    assert_eq!(endings, expected);
    let (lines, committed) = (parts.concat(), root.join("played.txt"));
    if std::env::var_os("UPDATE_PLAYED").is_some() {
        std::fs::write(&committed, &lines).unwrap();
    }
    assert!(lines == std::fs::read_to_string(committed).unwrap(), "sessions differ from proofs-tests/played.txt");
}

/// What has no events, and what is too large for the machine that plays them, is refused in words, and nothing is written.
#[test]
fn events_that_cannot_be_written_are_refused() {
    let scratch = Scratch::new("refinement-events");
    let large = scratch.file(
        "large.yaml",
        "schema: fusion/campaign/v1\nname: large\nprotocol: { R: 8192, B: 2, T: 1 }\nfidelity: plain\nstrategies:\n  - { name: one, do: [{ at: { random: 1 }, relabel: next }] }\n",
    );
    let nowhere = scratch.path("nowhere/events.txt");
    let events = scratch.path("events.txt");
    for (script, trial, file, said) in [
        ("linking", "first-two:0", &events, "--events: session 0 of first-two:0 has none: its server names slots"),
        (&large, "one:0", &events, "--events: sessions have 16385 slots, and at most 16384 are written"),
        ("slack", "two-slots:0", &nowhere, "its folder does not exist"),
    ] {
        let run = fusion_sim::run(["sim", "run", script, "--trial", trial, "--events", file]);
        assert_eq!((run.code, run.stdout.as_str()), (64, ""), "{script}");
        assert!(run.stderr.contains(said) && run.stderr.lines().count() == 1, "{}", run.stderr);
        assert!(!Path::new(file).exists(), "{script}");
    }
}
