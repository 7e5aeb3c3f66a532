//! `strategies:`.

use super::act::moves;
use super::expect::expect;
use super::trials::trials_override;
use super::values::{SLOT, chance, distinct};
use crate::problem::{Problem, quoted};
use crate::read::{Fields, Reader};
use crate::script::act::missing_slot;
use crate::script::document::HONEST;
use crate::script::draft::StrategyDraft;
use crate::script::expect::Expect;
use crate::script::fidelity::Fidelity;
use crate::script::strategy::{
    Best, BranchSection, CheatName, LinkSection, ProgramName, SessionsSection, StrategyKind, StrategySection, Until,
};
use crate::script::trials::TrialsOverride;
use crate::script::values::Spot;
use crate::yaml::{Kind, Node};
use fusion_active::cheat::Cheat;
use std::collections::BTreeMap;

const KEYS: [&str; 12] =
    ["name", "about", "fidelity", "do", "one_of", "flaky", "link", "cheat", "program", "sessions", "trials", "expect"];

/// The strategies of which it is known what the server does.
pub fn strategies(reader: &mut Reader, fields: &Fields<'_>) -> Vec<StrategyDraft> {
    let Some(nodes) = reader.require(fields, "strategies").and_then(|node| reader.list(node, "strategies")) else {
        return Vec::new();
    };
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for node in nodes {
        let Some(Node { kind: Kind::Scalar(name), mark }) = node.get("name") else { continue };
        if name == HONEST {
            reader.wrong::<()>(*mark, "`honest` is the control, which every campaign has: choose another name");
        } else if let Some(line) = names.get(name.as_str()) {
            let problem = Problem::new(*mark, format!("two strategies are called {}", quoted(name)));
            reader.problem::<()>(problem.help(format!("the first is in line {line}")));
        } else if !name.is_empty() {
            names.insert(name, mark.line);
        }
    }
    nodes.iter().filter_map(|node| strategy(reader, node)).collect()
}

pub fn fidelity(reader: &mut Reader, node: &Node) -> Option<Spot<Fidelity>> {
    let words = [("plain", Fidelity::Plain), ("ideal", Fidelity::Ideal), ("real", Fidelity::Real)];
    let value = reader.word(node, "fidelity", &words)?;
    Some(Spot { value, mark: node.mark })
}

fn strategy(reader: &mut Reader, node: &Node) -> Option<StrategyDraft> {
    let before = reader.found();
    let fields = reader.fields(node, "a strategy", &KEYS)?;
    let fidelity = reader.optional(&fields, "fidelity", None, |r, n| fidelity(r, n).map(Some));
    let kind = kind(reader, &fields);
    let whole = reader.found() == before;
    let name = reader.require(&fields, "name").and_then(|n| reader.name(n, "strategy name"));
    let about = reader.optional(&fields, "about", None, |r, n| Some(Some(r.text(n, "about")?.into())));
    let trials = reader.optional(&fields, "trials", TrialsOverride::default(), trials_override);
    let expect = reader.optional(&fields, "expect", Expect::default(), expect);
    let section = StrategySection {
        // A faulty one is told; a name, a limit or a claim decides nothing about the rest.
        name: name.unwrap_or_default(),
        about: about.unwrap_or_default(),
        fidelity: fidelity?,
        kind: kind?,
        trials: trials.unwrap_or_default(),
        expect: expect.unwrap_or_default(),
        place: Spot { value: (), mark: fields.get("name").map_or(node.mark, |name| name.mark) },
    };
    Some(StrategyDraft { section, whole })
}

fn kind(reader: &mut Reader, fields: &Fields<'_>) -> Option<StrategyKind> {
    let sessions = reader.optional(fields, "sessions", None, |r, n| sessions(r, n).map(Some));
    if fields.get("link").is_some() && fields.get("sessions").is_some() {
        reader.wrong::<()>(fields.mark("sessions"), "the linking game is a single session");
    }
    reader.one_of(
        fields,
        &[
            ("do", &|r, n| Some(StrategyKind::Do { moves: moves(r, n)?, sessions: sessions? })),
            ("one_of", &|r, n| Some(StrategyKind::OneOf { one_of: branches(r, n)?, sessions: sessions? })),
            ("flaky", &|r, n| {
                let flaky = Spot { value: chance(r, n, "flaky")?, mark: n.mark };
                Some(StrategyKind::Flaky { flaky, sessions: sessions? })
            }),
            ("link", &|r, n| Some(StrategyKind::Link { link: link(r, n)? })),
            ("cheat", &|r, n| Some(StrategyKind::Cheat { cheat: cheat(r, n)?, sessions: sessions? })),
            ("program", &|r, n| Some(StrategyKind::Program { program: program(r, n)?, sessions: sessions? })),
        ],
    )
}

fn branches(reader: &mut Reader, node: &Node) -> Option<Vec<BranchSection>> {
    let items = reader.list(node, "one_of")?;
    if items.is_empty() {
        return reader.wrong(node.mark, "one_of is empty");
    }
    let branches: Vec<BranchSection> = items.iter().filter_map(|item| branch(reader, item)).collect();
    let sum: u64 = branches.iter().map(|branch| u64::from(branch.weight)).sum();
    if u32::try_from(sum).is_err() {
        return reader.wrong(node.mark, format!("the weights sum to {sum}, more than 2^32 - 1"));
    }
    Some(branches)
}

fn branch(reader: &mut Reader, node: &Node) -> Option<BranchSection> {
    let fields = reader.fields(node, "a branch", &["weight", "do"])?;
    let weight = reader.require(&fields, "weight").and_then(|n| reader.natural32(n, "weight", 1..=1 << 30));
    let moves = reader.require(&fields, "do").and_then(|n| moves(reader, n));
    // Of a branch whose weight is faulty, the moves can be checked.
    Some(BranchSection { weight: weight.unwrap_or(1), moves: moves? })
}

fn program(reader: &mut Reader, node: &Node) -> Option<Spot<ProgramName>> {
    let words = [
        ("unmask", ProgramName::Unmask),
        ("probe-delta", ProgramName::ProbeDelta),
        ("guess-delta", ProgramName::GuessDelta),
        ("probe-key", ProgramName::ProbeKey),
        ("replay-ciphertext", ProgramName::ReplayCiphertext),
    ];
    let value = reader.word(node, "program", &words)?;
    Some(Spot { value, mark: node.mark })
}

fn cheat(reader: &mut Reader, node: &Node) -> Option<Spot<CheatName>> {
    let words = Cheat::ALL.map(|cheat| (cheat.name(), CheatName(cheat)));
    let value = reader.word(node, "cheat", &words)?;
    Some(Spot { value, mark: node.mark })
}

fn link(reader: &mut Reader, node: &Node) -> Option<Spot<LinkSection>> {
    if matches!(node.kind, Kind::Scalar(_)) {
        let value = reader.word_or(node, "link", &[("best", LinkSection::Best(Best::Best))], "[0, 1]")?;
        return Some(Spot { value, mark: node.mark });
    }
    let slots = distinct(reader, node, "link", SLOT)?;
    let [a, b] = slots[..] else { return reader.wrong(node.mark, "link names two slots") };
    match reader.slots.and_then(|N| missing_slot(&[a, b], N)) {
        Some(message) => reader.wrong(node.mark, message),
        None => Some(Spot { value: LinkSection::Slots([a, b]), mark: node.mark }),
    }
}

fn sessions(reader: &mut Reader, node: &Node) -> Option<SessionsSection> {
    let fields = reader.fields(node, "sessions", &["until", "max"])?;
    let words = [("accepted", Until::Accepted), ("rejected", Until::Rejected), ("max", Until::Max)];
    let until = reader.require(&fields, "until").and_then(|n| reader.word(n, "end of sessions", &words));
    let max = reader.require(&fields, "max").and_then(|n| reader.natural32(n, "max", 1..=1 << 16));
    Some(SessionsSection { until: until?, max: max? })
}
