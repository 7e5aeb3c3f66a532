//! Scripts whose two parties run SPDZ: the server enters one network for all slots, and deviates in ways that a check catches.

use super::acts::Played;
use super::loader::{Loader, Setting};
use crate::simulate::{MOST_TRIPLES, World};
use fusion_active::network::{Architecture, Triples, Unsupported};
use fusion_adversaries::behaviour::Cheating;
use fusion_adversaries::problem::{Mark, Problem};
use fusion_adversaries::script::{
    ActSection, Backend, CheatName, Draft, Fidelity, LinkSection, MoveSection, Spot, StrategyKind, StrategySection,
    Where,
};

const ONE_NETWORK: &str = "two parties of `spdz-lowgear` evaluate one network on all slots: at `real` the server can only put another `model` on all of them";
const INSIDE: &str = "this act is of another protocol: in `spdz-lowgear` a server that deviates is caught by a check";
const READS_NOTHING: &str =
    "a server of `spdz-lowgear` reads nothing of what slots hold, and a client that catches it uses its keys no more";

impl Loader {
    /// Builds a server that deviates from SPDZ; returns `None` where a problem was recorded.
    pub(super) fn cheat(&mut self, setting: &Setting<'_>, cheat: &Spot<CheatName>) -> Option<Played> {
        let Spot { value: CheatName(cheat), mark } = *cheat;
        let backend = setting.draft.head.as_ref()?.backend;
        let Some(triples) = backend.spdz() else {
            let message =
                format!("`cheat` is a deviation from `{}`, and `backend` is `{}`", Backend::SPDZ, backend.name());
            self.problems.push(Problem::new(mark, message).help(format!("choose `backend: {}`", Backend::SPDZ)));
            return None;
        };
        if cheat.is_of_matrices() && triples != Triples::Matrices {
            let message = format!("`{}` is a deviation in triples of matrices, and there are none", cheat.name());
            let help =
                format!("choose `backend: {{ {}: {{ triples: {} }} }}`", Backend::SPDZ, Triples::Matrices.name());
            self.problems.push(Problem::new(mark, message).help(help));
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
        let help = "such as `do: [{ at: all, model: FILE }]` or `cheat: wrong-opening`";
        self.problems.extend(found.iter().map(|(mark, message)| Problem::new(*mark, *message).help(help)));
        found.is_empty()
    }

    /// Makes a world one in which two parties run SPDZ, where they do; returns it as it is where they do not, and `None` where a problem was recorded.
    pub(super) fn with_spdz(&mut self, draft: &Draft, world: World, slots: u32) -> Option<World> {
        let triples = draft.head.as_ref().and_then(|head| head.backend.spdz());
        let depths = draft.strategies.iter().map(|strategy| draft.fidelity_of(&strategy.section));
        let control = draft.fidelity.as_ref().map(|spot| spot.value);
        let real = depths.chain([control]).any(|depth| depth == Some(Fidelity::Real));
        let Some(triples) = triples.filter(|_| real) else { return Some(world) };
        match architecture(&world, triples, slots as usize) {
            Ok(architecture) => Some(world.with_spdz(architecture)),
            Err(reasons) => {
                let mark = draft.model.read().map_or(Mark::START, |model| model.path.mark);
                let problem = |reason: String| {
                    Problem::new(mark, format!("fidelity `real`: `{}`: {reason}", Backend::SPDZ))
                        .help("it runs at `plain` and `ideal`; `backend` has the other protocols")
                };
                self.problems.extend(reasons.into_iter().map(problem));
                None
            }
        }
    }
}

/// What a strategy does that no server of SPDZ can, each with its place.
fn misfits(section: &StrategySection, real: bool) -> Vec<(Mark, &'static str)> {
    let kind = &section.kind;
    let of_kind = match kind {
        StrategyKind::Flaky { .. } => real.then_some((section.place.mark, ONE_NETWORK)),
        StrategyKind::Program { program, .. } => Some((program.mark, READS_NOTHING)),
        StrategyKind::Link { link: Spot { value: LinkSection::Best(_), mark } } => Some((*mark, READS_NOTHING)),
        StrategyKind::Do { .. }
        | StrategyKind::OneOf { .. }
        | StrategyKind::Link { .. }
        | StrategyKind::Cheat { .. } => None,
    };
    of_kind.into_iter().chain(kind.moves().filter_map(|section| misfit(section, real))).collect()
}

fn misfit(MoveSection { at, act }: &MoveSection, real: bool) -> Option<(Mark, &'static str)> {
    let everywhere = matches!(at.value, Where::All(_)) && act.when().is_none();
    match act {
        ActSection::Model { .. } => (real && !everywhere).then_some((at.mark, ONE_NETWORK)),
        ActSection::Relabel { relabel, .. } => real.then_some((relabel.mark, ONE_NETWORK)),
        _ => Some((at.mark, INSIDE)),
    }
}

/// What both parties know of the models of a world, of so many slots at once.
fn architecture(world: &World, triples: Triples, slots: usize) -> Result<Architecture, Vec<String>> {
    if world.is_one_bit() {
        return Err(vec!["it truncates exactly, so that `truncation` is `faithful`".into()]);
    }
    let known = Architecture::shared_by(world.models()).and_then(|known| known.by(triples));
    let known = known.map_err(|Unsupported(reasons)| reasons)?.at_once(slots);
    let predicted = known.predicted();
    if !predicted.is_within_keys() || predicted.triples > MOST_TRIPLES {
        return Err(vec![format!(
            "{slots} slots at once take {} triples, and a session has at most {MOST_TRIPLES}, as many as one pair of keys hides",
            predicted.triples
        )]);
    }
    Ok(known)
}
