//! Loads a script into a campaign: flags and defaults are filled in, files read, strategies built, and claims worked out.
//!
//! A problem in one part hides none in another: every step continues with what is known, and all problems are reported together.

mod acts;
mod bound;
mod budget;
mod choices;
mod digits;
mod entries;
mod kept;
mod loader;
mod models;
mod parameters;
mod paths;
mod real;
mod replays;
mod samples;
mod spdz;
mod spoils;
mod text;

use super::entry::{Campaign, Entry};
use super::identity::{Id, SEMANTICS};
use crate::embedded;
use crate::failure::Failure;
use crate::files;
use crate::simulate::{Parties, World};
use acts::Played;
pub use budget::{Budget, budget};
use fusion_adversaries::behaviour::Scripted;
use fusion_adversaries::problem::{Mark, Problem, nearest};
use fusion_adversaries::script::{
    Backend, Draft, Duration, Fidelity, GoalSection, HONEST, Protocol, Section, Sizes, Spot, StrategyDraft,
};
use fusion_adversaries::strategy::View;
use fusion_spec::params::{Lambda, Params};
use loader::{Loader, Setting};
use models::FEWEST_CLASSES;
pub use parameters::planned;
use rug::Rational;
use std::path::{Path, PathBuf};
use text::Text;

/// The command-line flags that override a script.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The seed that replaces the script's, from `--seed`.
    pub seed: Option<u64>,
    /// The largest number of trials of each strategy, from `--max`.
    pub max: Option<u64>,
    /// The time limit of the campaign, from `--wall`.
    pub wall: Option<Duration>,
    /// The fidelity at which every strategy is played, from `--fidelity`.
    pub fidelity: Option<Fidelity>,
    /// The protocols that two parties run, from `--backend`.
    pub backend: Option<Backend>,
    /// The names of the strategies to play, from `--only`; all of them where it is empty.
    pub only: Vec<String>,
    /// The parameters of every session, in place of the script's: those of a setting of a sweep.
    pub params: Option<Params>,
    /// The security bits of the goal, in place of the script's.
    pub lambda: Option<Lambda>,
}

/// Reads a script and everything it names. A name such as `low-quality` that is not a file means the [`embedded`] script.
///
/// # Errors
/// [`Failure::Script`] with every problem found, [`Failure::Usage`] for flags that do not fit the script, [`Failure::Io`] if a
/// file cannot be read.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Campaign, Failure> {
    let path = &*embedded::script(path)?;
    let text = Text::read(path)?;
    // What comes through a pipe has no folder but the one in which the command runs.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !files::is_stream(path));
    let folder = folder.unwrap_or(Path::new("."));
    let on_disk = if embedded::find(path).is_some() { None } else { folder.canonicalize().ok() };
    loaded(text, on_disk.unwrap_or_else(|| folder.to_path_buf()), overrides)
}

/// Reads a script from its text, with everything it names. Relative paths start from the folder in which the program runs.
///
/// # Errors
/// Those of [`load`]; places in the text are told as places of a file `script`.
pub fn load_text(text: &str, overrides: &Overrides) -> Result<Campaign, Failure> {
    let folder = Path::new(".").canonicalize().map_err(|error| Failure::Io("the current folder".into(), error))?;
    loaded(Text::of("script".into(), text.as_bytes())?, folder, overrides)
}

/// Loads a script whose text was read. Relative paths start from `folder`.
fn loaded(text: Text, folder: PathBuf, overrides: &Overrides) -> Result<Campaign, Failure> {
    let Text { mut draft, problems, located } = text;
    apply(&mut draft, overrides, &problems)?;
    let mut loader = Loader { folder, problems, ..Loader::default() };
    paths::resolve(&mut loader, &mut draft);
    let parts = match parts(&mut loader, &mut draft) {
        // What could not be read hides nothing that was found before.
        Err(Failure::Io(..)) if !loader.problems.is_empty() => None,
        parts => parts?,
    };
    if !loader.problems.is_empty() {
        return Err(located.with(loader.into_problems()));
    }
    let missing = || Failure::Bug("a part of a script is missing, and no problem was told".into());
    whole(loader, draft, parts.ok_or_else(missing)?)?.ok_or_else(missing)
}

/// Reads the parameters and the goal of a script as it says them, `auto` included, and nothing that it names.
///
/// # Errors
/// As [`load`], about the text alone.
pub fn parameters(path: &Path) -> Result<(Protocol, Option<GoalSection>), Failure> {
    let Text { draft: Draft { protocol, goal, .. }, problems, located } = Text::read(&embedded::script(path)?)?;
    match protocol {
        Section::Read(protocol) if problems.is_empty() => Ok((protocol, goal.read().cloned())),
        _ => Err(located.with(problems)),
    }
}

/// Applies the flags to a script. A name that `--only` does not find may be that of a strategy with a problem.
fn apply(draft: &mut Draft, overrides: &Overrides, problems: &[Problem]) -> Result<(), Failure> {
    let Overrides { seed, max, wall, fidelity, backend, only, params, lambda } = overrides;
    let names: Vec<&str> = draft.strategies.iter().map(|strategy| strategy.section.name.as_str()).collect();
    let unknown = only.iter().find(|name| *name != HONEST && !names.contains(&name.as_str()));
    match unknown {
        Some(name) if problems.is_empty() => {
            return Err(Failure::Usage(format!("--only {name}: no such strategy; {}", nearest(name, &names))));
        }
        Some(_) => {}
        None if only.is_empty() => {}
        None => draft.strategies.retain(|strategy| only.contains(&strategy.section.name)),
    }
    draft.trials.seed = seed.unwrap_or(draft.trials.seed);
    draft.trials.max = max.unwrap_or(draft.trials.max);
    draft.trials.wall = wall.or(draft.trials.wall);
    if let Some(value) = *fidelity {
        let mark = draft.fidelity.as_ref().map_or(Mark::START, |spot| spot.mark);
        draft.fidelity = Some(Spot { value, mark });
    }
    if let (Some(head), Some(backend)) = (&mut draft.head, *backend) {
        head.backend = backend;
    }
    if let (Section::Read(protocol), Some(params)) = (&mut draft.protocol, params) {
        protocol.R = params.R();
        protocol.sizes = Sizes::Given { B: params.B(), T: params.T(), slack: params.slack() };
    }
    if let (Section::Read(goal), Some(lambda)) = (&mut draft.goal, lambda) {
        goal.lambda = lambda.bits();
    }
    for StrategyDraft { section, .. } in &mut draft.strategies {
        section.trials.max = section.trials.max.filter(|_| max.is_none());
        section.trials.wall = section.trials.wall.filter(|_| wall.is_none());
        if fidelity.is_some() {
            section.fidelity = None;
        }
    }
    Ok(())
}

/// The parts of a campaign, beside its script.
struct Parts {
    view: View,
    world: Option<World>,
    parties: Option<Parties>,
    /// The control, then the strategies; `None` for one with a problem.
    entries: Vec<Option<Entry>>,
}

/// Builds the parts as far as possible; returns `None` where the parameters of a session are not known.
fn parts(loader: &mut Loader, draft: &mut Draft) -> Result<Option<Parts>, Failure> {
    let params = parameters::resolve(loader, draft);
    let draft = &*draft;
    loader.keeps_no_set_up(draft);
    let view = params.map(|params| first_view(params, FEWEST_CLASSES));
    let setting = Setting {
        draft,
        slots: view.map(|view| view.slots),
        honest: loader.honest_model(draft)?,
        samples: loader.samples(draft)?,
    };
    let can_draw = loader.pools(&setting, params);
    let strategies: Vec<Option<Played>> =
        draft.strategies.iter().map(|strategy| loader.strategy(&setting, strategy)).collect::<Result<_, Failure>>()?;
    let Some(view) = view else { return Ok(None) };
    // Where it is not known what the honest model is, whether there is an exact rate at `plain` does not depend on its classes.
    let classes = setting.honest.read().map_or(FEWEST_CLASSES, |honest| honest.classes);
    let view = View { classes, ..view };
    let world = if can_draw { loader.world(&setting, view.params) } else { None };
    let inside = strategies
        .iter()
        .flatten()
        .any(|strategy| strategy.program(&view).is_some() || strategy.moves().iter().any(|m| m.act.is_inside()));
    let view = match world.as_ref().filter(|_| inside).and_then(World::slots_per_message) {
        Some(slots_per_message) => View { slots_per_message, ..view },
        None => view,
    };
    let seen = (&view, world.as_ref());
    let mut entries = vec![loader.entry(draft, None, Box::new(Scripted::honest()), seen)];
    for (StrategyDraft { section, .. }, strategy) in draft.strategies.iter().zip(strategies) {
        entries.push(strategy.and_then(|strategy| loader.entry(draft, Some(section), strategy, seen)));
    }
    if let Some(world) = &world {
        loader.rows(draft, &view, world, &mut entries);
    }
    let parties = world.as_ref().and_then(|world| loader.parties(draft, &view, world, &entries));
    // Nothing of this is of SPDZ: what a server cannot do there was told with its strategy.
    if let Some(world) = &world {
        loader.aims(draft, &view, world);
        loader.wrong_signs(draft, &view, world);
        loader.own_choices(draft, &view, world);
        loader.spoils(draft, &view, world);
        loader.replays(draft, world);
        loader.bound_to_weights(draft, world);
    }
    Ok(Some(Parts { view, world, parties, entries }))
}

fn first_view(params: Params, classes: u32) -> View {
    #[expect(clippy::expect_used, reason = "parameters of more than 2^26 slots are refused when they are resolved")]
    View::new(params, classes).expect("the slots of a simulated session fit 32 bits")
}

/// Assembles the campaign, and divides its error probability among its claims; returns `None` where a part is missing.
fn whole(loader: Loader, draft: Draft, parts: Parts) -> Result<Option<Campaign>, Failure> {
    let Parts { view, world, parties, entries } = parts;
    let (Some(script), Some(entries)) = (draft.into_script(), entries.into_iter().collect::<Option<Vec<Entry>>>())
    else {
        return Ok(None);
    };
    let id = Id::new(&script, &loader.contents).map_err(|error| Failure::Bug(error.to_string()))?;
    let uncertain = |entry: &Entry| entry.claims.rates.iter().filter(|claim| claim.is_uncertain()).count();
    let E = entries.iter().map(uncertain).sum::<usize>().max(1);
    let alpha = Rational::from(&script.test.false_alarm.0 / E as u64);
    let Loader { accuracies, warnings, .. } = loader;
    let semantics = SEMANTICS;
    Ok(Some(Campaign { script, view, world, parties, id, semantics, entries, alpha, accuracies, warnings }))
}
