//! Scripts whose two parties run SPDZ: the server enters one network for all slots, and deviates in ways that a check catches.

use super::acts::Played;
use super::loader::{Loader, Setting};
use crate::files;
use crate::simulate::{MOST_TRIPLES, World};
use fusion_active::lowgear::parameters::MOST_ANSWERS;
use fusion_active::network::{Architecture, Triples, Unsupported};
use fusion_adversaries::behaviour::Cheating;
use fusion_adversaries::problem::{Mark, Problem};
use fusion_adversaries::script::{
    ActSection, Backend, CheatName, Draft, Fidelity, Head, LinkSection, MoveSection, SetupRule, Spot, StrategyKind,
    StrategySection, Where,
};
use fusion_nn::fixed::FixedModel;
use std::path::PathBuf;

const ONE_NETWORK: &str = "two parties of `spdz-lowgear` evaluate one network on all slots: at `real` the server can only put another `model` on all of them";
const READS_NOTHING: &str =
    "a server of `spdz-lowgear` reads nothing of what slots hold, and a client that catches it uses its keys no more";
const SUCH_AS: &str = "such as `do: [{ at: all, model: FILE }]` or `cheat: wrong-opening`";

impl Loader {
    /// Checks that a set-up is not to be kept where two parties make one for each session.
    pub(super) fn keeps_no_set_up(&mut self, draft: &Draft) {
        if let Some(Head { backend: Backend::Spdz(_), setup: Some(setup), .. }) = &draft.head
            && setup.value == SetupRule::Kept
        {
            let message = format!("two parties of `{}` make a set-up for each session", Backend::SPDZ);
            self.problems.push(Problem::new(setup.mark, message).help("leave `setup` out"));
        }
    }

    /// Builds a server that deviates from SPDZ; returns `None` where a problem was recorded.
    pub(super) fn cheat(&mut self, setting: &Setting<'_>, cheat: &Spot<CheatName>) -> Option<Played> {
        let Spot { value: CheatName(cheat), mark } = *cheat;
        let backend = setting.draft.head.as_ref()?.backend;
        if backend.spdz().is_none() {
            let message =
                format!("`cheat` is a deviation from `{}`, and `backend` is `{}`", Backend::SPDZ, backend.name());
            self.problems.push(Problem::new(mark, message).help(format!("choose `backend: {}`", Backend::SPDZ)));
            return None;
        }
        Some(Box::new(Cheating(cheat)))
    }

    /// Whether a server of SPDZ can do what a strategy says, if two parties run it; otherwise problems are recorded.
    pub(super) fn within_spdz(
        &mut self,
        setting: &Setting<'_>,
        section: &StrategySection,
        depth: Option<Fidelity>,
    ) -> bool {
        let head = setting.draft.head.as_ref();
        if head.is_none_or(|head| head.backend.spdz().is_none()) {
            return true;
        }
        let found = misfits(section, depth == Some(Fidelity::Real));
        let fits = found.is_empty();
        self.problems.extend(found);
        fits
    }

    /// Makes a world one in which two parties run SPDZ, where they do; returns it as it is where they do not, and `None` where they cannot, which is recorded. The models are those of `paths`.
    pub(super) fn with_spdz(&mut self, draft: &Draft, world: World, paths: &[PathBuf], slots: u32) -> Option<World> {
        let triples = draft.head.as_ref().and_then(|head| head.backend.spdz());
        let depths = draft.strategies.iter().map(|strategy| draft.fidelity_of(&strategy.section));
        let control = draft.fidelity.as_ref().map(|spot| spot.value);
        let real = depths.chain([control]).any(|depth| depth == Some(Fidelity::Real));
        let Some(triples) = triples.filter(|_| real) else { return Some(world) };
        match architecture(&world, triples, slots as usize) {
            Ok(architecture) => {
                self.problems.extend(not_admitted(draft, &architecture));
                Some(world.with_spdz(architecture))
            }
            Err(refused) => {
                self.problems.extend(refused.into_iter().map(|refused| told(draft, paths, refused)));
                None
            }
        }
    }
}

/// What a strategy does that no server of SPDZ can, each with its place.
fn misfits(section: &StrategySection, real: bool) -> Vec<Problem> {
    let kind = &section.kind;
    let of_kind = match kind {
        StrategyKind::Flaky { flaky, .. } => real.then(|| Problem::new(flaky.mark, ONE_NETWORK).help(SUCH_AS)),
        StrategyKind::Program { program, .. } => Some(Problem::new(program.mark, READS_NOTHING).help(SUCH_AS)),
        StrategyKind::Link { link: Spot { value: LinkSection::Best(_), mark } } => {
            Some(Problem::new(*mark, READS_NOTHING).help("name two slots, such as `link: [0, 1]`"))
        }
        StrategyKind::Do { .. }
        | StrategyKind::OneOf { .. }
        | StrategyKind::Link { .. }
        | StrategyKind::Cheat { .. } => None,
    };
    of_kind.into_iter().chain(kind.moves().flat_map(|section| misfits_of_move(section, real))).collect()
}

fn misfits_of_move(MoveSection { at, act }: &MoveSection, real: bool) -> Vec<Problem> {
    // What `plain` has no place for is done to shares or messages.
    if let Some((key, mark, _)) = act.misplaced(Fidelity::Plain) {
        let why = match act {
            ActSection::Stop { .. } => "from a server that stops, wherever it does, the client has no answers",
            _ => "a server that deviates is caught by a check",
        };
        let message = format!("`{key}` is at a place of another protocol: in `{}` {why}", Backend::SPDZ);
        return vec![Problem::new(mark, message).help(SUCH_AS)];
    }
    if !real {
        return Vec::new();
    }
    if let ActSection::Relabel { relabel, .. } = act {
        return vec![Problem::new(relabel.mark, ONE_NETWORK).help(SUCH_AS)];
    }
    let everywhere = matches!(at.value, Where::All(_));
    let somewhere = (!everywhere).then_some((at.mark, "write `at: all`, also where every slot is meant"));
    let sometimes = act.when().map(|when| (when.mark, "leave `when` out"));
    let found = [somewhere, sometimes];
    found.into_iter().flatten().map(|(mark, help)| Problem::new(mark, ONE_NETWORK).help(help)).collect()
}

/// The cheats of a script for which an architecture has no place.
fn not_admitted(draft: &Draft, known: &Architecture) -> Vec<Problem> {
    let cheats = draft.strategies.iter().filter_map(|strategy| match &strategy.section.kind {
        StrategyKind::Cheat { cheat, .. } => Some(cheat),
        _ => None,
    });
    let refused = cheats.filter(|cheat| !known.admits(cheat.value.0));
    let problem = |Spot { value: CheatName(cheat), mark }: &Spot<CheatName>| {
        let name = cheat.name();
        if known.triples_of_layers() == Triples::Matrices {
            let message =
                format!("`{name}`: no output of a linear layer of this network reads a place without an input");
            return Problem::new(*mark, message).help("a convolution with padding has such places");
        }
        let help = format!("choose `backend: {{ {}: {{ triples: {} }} }}`", Backend::SPDZ, Triples::Matrices.name());
        Problem::new(*mark, format!("`{name}` is a deviation in triples of matrices, and there are none")).help(help)
    };
    refused.map(problem).collect()
}

/// Why two parties of SPDZ do not evaluate a model, by its index.
type Refused = (usize, String);

fn of_model(model: usize, Unsupported(reasons): Unsupported) -> Vec<Refused> {
    reasons.into_iter().map(|reason| (model, reason)).collect()
}

/// What both parties know of the models of a world, of so many slots at once.
fn architecture(world: &World, triples: Triples, slots: usize) -> Result<Architecture, Vec<Refused>> {
    if world.is_one_bit() {
        return Err(vec![(0, "it truncates exactly, so that `truncation` is `faithful`".into())]);
    }
    let known = shared(&world.models()[0], &world.models()[1..], triples)?.at_once(slots);
    let predicted = known.predicted();
    let over = |is_over: bool, count: usize, most: usize, what: &str| {
        is_over.then(|| (0, format!("{slots} slots at once take {count} {what}, and a session has at most {most}")))
    };
    let held = predicted.held();
    let over: Vec<Refused> = [
        over(!predicted.is_within_keys(), predicted.answers, MOST_ANSWERS, "products under one pair of keys"),
        over(held > MOST_TRIPLES, held, MOST_TRIPLES, "triples in memory"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if over.is_empty() { Ok(known) } else { Err(over) }
}

/// The architecture that the models of a world share; or what is wrong with the honest one, or else with each other one beside it.
fn shared(honest: &FixedModel, others: &[FixedModel], triples: Triples) -> Result<Architecture, Vec<Refused>> {
    let by = |others: &[FixedModel]| Architecture::shared_by(honest, others).and_then(|known| known.by(triples));
    by(others).map_err(|_| {
        let alone = by(&[]).err().map(|refused| of_model(0, refused));
        alone.unwrap_or_else(|| {
            let beside = |(at, other)| Some(of_model(1 + at, by(std::slice::from_ref(other)).err()?));
            others.iter().enumerate().filter_map(beside).flatten().collect()
        })
    })
}

/// The problem of a model, at its first place in the script.
fn told(draft: &Draft, paths: &[PathBuf], (model, reason): Refused) -> Problem {
    let backend = Backend::SPDZ;
    let honest = draft.model.read().map_or(Mark::START, |model| model.path.mark);
    if model == 0 {
        return Problem::new(honest, format!("fidelity `real`: `{backend}`: {reason}"))
            .help("it runs at `plain` and `ideal`; `backend` has the other protocols");
    }
    let path = &paths[model];
    let own = draft.strategies.iter().flat_map(|strategy| strategy.section.kind.moves());
    let mut marks = own.filter_map(|section| match &section.act {
        ActSection::Model { model, .. } if model.value == *path => Some(model.mark),
        _ => None,
    });
    let message = format!("fidelity `real`: `{backend}`: `{}`: {reason}", files::name(path));
    Problem::new(marks.next().unwrap_or(honest), message)
        .help("the server enters one of the models, and the client knows their architecture")
}
