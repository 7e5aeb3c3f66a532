//! From a script to a campaign: flags and defaults put in, files read, strategies built, claims worked out.

mod aims;
mod inputs;
mod parameters;
mod strategies;

use super::claims::{Claims, Spec};
use super::identity::{Contents, Id};
use super::{Campaign, Entry, grouping};
use crate::failure::Failure;
use crate::files;
use crate::models::Warning;
use crate::problems::Located;
use crate::simulate::{Guard, Parties, PartiesError, Seen, World};
use fusion_2pc::session::Grouping;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Halt;
use fusion_adversaries::behaviour::Scripted;
use fusion_adversaries::problem::{Mark, Problem, nearest};
use fusion_adversaries::script::{
    Duration, Estimator, Fidelity, HONEST, Keep, Network, Script, StrategySection, Test, When,
};
use fusion_adversaries::strategy::{Hypothesis, Strategy, View};
use fusion_adversaries::yaml::{MAX_BYTES, decode};
use fusion_nn::fixed::FixedModel;
use fusion_spec::evidence::Tolerance;
use rug::Rational;
use std::path::{Path, PathBuf};
use strategies::conditional_stages;

/// Fewest classes among which an answer can be wrong: what positions need to know where no model says more.
const FEWEST_CLASSES: u32 = 2;

/// Flags that override a script.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--seed`.
    pub seed: Option<u64>,
    /// `--max`.
    pub max: Option<u64>,
    /// `--wall`.
    pub wall: Option<Duration>,
    /// `--fidelity`.
    pub fidelity: Option<Fidelity>,
    /// `--only`.
    pub only: Vec<String>,
}

/// Reads a script and everything it names.
///
/// # Errors
/// [`Failure::Script`] with every problem found, [`Failure::Usage`] for flags that do not fit it, [`Failure::Io`].
pub fn load(path: &Path, overrides: &Overrides) -> Result<Campaign, Failure> {
    let bytes = files::read(path, MAX_BYTES as u64)?;
    let name = files::name(path);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let located = |problems| Failure::Script(Located { file: name.clone(), text: text.clone(), problems });
    decode(&bytes).map_err(|problem| located(vec![problem]))?;
    let mut script = Script::read(&text).map_err(located)?;
    apply(&mut script, overrides)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let unnameable = inputs::resolve_paths(&mut script, &folder);
    if !unnameable.is_empty() {
        return Err(located(unnameable));
    }
    Loader { folder, ..Loader::default() }.load(script).map_err(|stop| match stop {
        Stop::Problems(problems) => located(problems),
        Stop::Failure(failure) => failure,
    })
}

fn apply(script: &mut Script, overrides: &Overrides) -> Result<(), Failure> {
    let Overrides { seed, max, wall, fidelity, only } = overrides;
    for name in only {
        let names: Vec<&str> = script.strategies.iter().map(|strategy| strategy.name.as_str()).collect();
        if name != HONEST && !names.contains(&name.as_str()) {
            return Err(Failure::Usage(format!("--only {name}: no such strategy; {}", nearest(name, &names))));
        }
    }
    if !only.is_empty() {
        script.strategies.retain(|strategy| only.contains(&strategy.name));
    }
    script.trials.seed = seed.unwrap_or(script.trials.seed);
    if let Some(max) = *max {
        script.trials.max = max;
        script.strategies.iter_mut().for_each(|strategy| strategy.trials.max = None);
    }
    if let Some(wall) = *wall {
        script.trials.wall = Some(wall);
        script.strategies.iter_mut().for_each(|strategy| strategy.trials.wall = None);
    }
    if let Some(fidelity) = *fidelity {
        script.fidelity.value = fidelity;
        script.strategies.iter_mut().for_each(|strategy| strategy.fidelity = None);
    }
    Ok(())
}

enum Stop {
    Problems(Vec<Problem>),
    Failure(Failure),
}

type Outcome<T> = Result<T, Stop>;

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problems(vec![problem])
    }
}

/// Collects what the strategies name while it is read.
#[derive(Default)]
struct Loader {
    /// The script's.
    folder: PathBuf,
    problems: Vec<Problem>,
    contents: Contents,
    /// By path; the honest one first.
    models: Vec<(PathBuf, FixedModel)>,
    guards: Vec<(When, Guard)>,
    /// What the models lose in fixed point without an error.
    warnings: Vec<Warning>,
}

impl Loader {
    fn load(mut self, mut script: Script) -> Outcome<Campaign> {
        let params = parameters::resolve(&mut script)?;
        self.pools(&script, params);
        let fidelities: Vec<Fidelity> = script
            .strategies
            .iter()
            .map(|section| script.fidelity_of(section))
            .chain([script.fidelity.value])
            .collect();
        let honest = self.honest_model(&script)?;
        let classes = honest.as_ref().map_or(FEWEST_CLASSES, FixedModel::classes);
        let view = View::new(params, classes).map_err(|error| Problem::new(script.protocol.mark, error.to_string()))?;
        if let Some((path, model)) = script.model.as_ref().map(|model| model.path.value.clone()).zip(honest) {
            self.models.push((path, model));
        }
        let images = self.images(&script, fidelities.iter().any(|depth| *depth != Fidelity::Plain))?;
        let builds: Vec<_> = script
            .strategies
            .iter()
            .map(|section| self.strategy(&script, section, &view, images.as_ref().map(|(images, _)| images)))
            .collect::<Outcome<_>>()?;
        self.check()?;
        let id = Id::new(&script, &self.contents).map_err(|error| Stop::Failure(Failure::Bug(error.to_string())))?;
        let world = self.world(&script, params, images)?;
        let inside = builds.iter().flatten().any(|strategy| strategy.moves().iter().any(|m| m.act.is_inside()));
        let view = match world.as_ref().filter(|_| inside).and_then(World::slots_per_message) {
            Some(slots_per_message) => View { slots_per_message, ..view },
            None => view,
        };
        let sections = std::iter::once(None).chain(script.strategies.iter().map(Some));
        let unbuilt =
            || Stop::Failure(Failure::Bug("a strategy could not be built, for no reason that was told".into()));
        let builds = builds.into_iter().map(|strategy| strategy.ok_or_else(unbuilt)).collect::<Outcome<Vec<_>>>()?;
        let strategies = std::iter::once(Box::new(Scripted::honest()) as Box<dyn Strategy>).chain(builds);
        let entries: Vec<Entry> = sections
            .zip(strategies)
            .filter_map(|(section, strategy)| self.entry(&script, section, strategy, &view, world.as_ref()))
            .collect();
        self.check()?;
        let parties = parties(&script, &view, world.as_ref(), &entries)?;
        if let Some(world) = &world {
            self.aims(&script, &view, world)?;
        }
        Ok(Campaign { warnings: self.warnings, ..finish(script, view, (world, parties), id, entries) })
    }

    fn check(&mut self) -> Outcome<()> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let mut problems = std::mem::take(&mut self.problems);
        problems.sort_by_key(|problem| problem.mark);
        Err(Stop::Problems(problems))
    }

    fn problem(&mut self, mark: Mark, message: impl Into<String>) {
        self.problems.push(Problem::new(mark, message));
    }

    /// `None` of one with a problem.
    fn entry(
        &mut self,
        script: &Script,
        section: Option<&StrategySection>,
        strategy: Box<dyn Strategy>,
        view: &View,
        world: Option<&World>,
    ) -> Option<Entry> {
        let name = section.map_or(HONEST, |section| section.name.as_str());
        let depth = section.map_or(script.fidelity.value, |section| script.fidelity_of(section));
        let sessions = section.and_then(|section| section.sessions);
        let world = world.filter(|_| depth != Fidelity::Plain);
        let seen = Seen { world, params: view.params, classes: view.classes, moves: strategy.moves() };
        let breaks = breaks(script, sessions.is_some(), &*strategy, world);
        let spec = Spec::new(view, &*strategy, sessions, &seen);
        let claims = match section {
            Some(section) => spec.claims(section, breaks),
            None => Ok(spec.control(breaks)),
        };
        let conditional = script.test.estimator == Estimator::Conditional;
        let staged =
            section.filter(|_| conditional).map(|section| conditional_stages(section, &*strategy, view, depth));
        let (claims, stages) = match (claims, staged.transpose()) {
            (Ok(claims), Ok(stages)) => (claims, stages.unwrap_or_default()),
            (claims, stages) => {
                self.problems.extend(claims.err().into_iter().flatten().chain(stages.err()));
                return None;
            }
        };
        let claims = if stages.is_empty() { claims } else { Claims { events: None, ..claims } };
        let max = section.map_or(script.trials.max, |section| script.max_of(section));
        let wall = section.and_then(|section| section.trials.wall).map(|wall| wall.0);
        let tolerance = tolerance(&script.test, depth);
        Some(Entry { name: name.into(), depth, strategy, sessions, max, wall, claims, tolerance, stages })
    }
}

/// The hypotheses that fail: by the strategy's acts, by the number of sessions, by what an honest run may do here.
fn breaks(script: &Script, sessions: bool, strategy: &dyn Strategy, world: Option<&World>) -> Vec<Hypothesis> {
    let keeps_all = script.data.as_ref().is_some_and(|data| data.public.keep == Keep::All);
    let honest_may_fail = world.is_some_and(|world| world.is_one_bit() || keeps_all);
    let mut breaks = strategy.breaks();
    breaks.extend(sessions.then_some(Hypothesis::H7));
    breaks.extend(honest_may_fail.then_some(Hypothesis::H5));
    breaks.sort_unstable();
    breaks.dedup();
    breaks
}

/// A client and a server for the strategies at `real`.
fn parties(script: &Script, view: &View, world: Option<&World>, entries: &[Entry]) -> Outcome<Option<Parties>> {
    let real = || entries.iter().filter(|entry| entry.depth == Fidelity::Real);
    let (Some(world), true) = (world, real().next().is_some()) else { return Ok(None) };
    let mut groupings: Vec<Grouping> = real().map(|entry| grouping(entry, view)).collect();
    groupings.sort_unstable();
    groupings.dedup();
    let parties = Parties::new(world, view.slots as usize, &groupings, script.trials.seed, wire(script.network));
    Ok(Some(parties.map_err(|error| unfit(script, &error))?))
}

/// A model that two parties cannot run.
fn unfit(script: &Script, error: &PartiesError) -> Problem {
    let mark = script.model.as_ref().map_or(Mark::START, |model| model.path.mark);
    let problem = Problem::new(mark, format!("fidelity `real`: {error}"));
    match error {
        PartiesError::Halt(Halt::PeerGone { .. }) => {
            problem.help("over this network a message takes longer than the minute that a party waits")
        }
        _ => problem,
    }
}

fn wire(network: Network) -> LinkSpeed {
    match network {
        Network::Lan => LinkSpeed::LAN,
        Network::Wan => LinkSpeed::WAN,
        Network::Custom { rtt_ms, mbit_per_s } => {
            LinkSpeed { rtt_ns: u64::from(rtt_ms) * 1_000_000, bits_per_s: u64::from(mbit_per_s) * 1_000_000 }
        }
    }
}

/// Divides the campaign's error probability.
fn finish(
    script: Script,
    view: View,
    (world, parties): (Option<World>, Option<Parties>),
    id: Id,
    entries: Vec<Entry>,
) -> Campaign {
    let uncertain = |entry: &Entry| entry.claims.rates.iter().filter(|claim| claim.is_uncertain()).count();
    let E = entries.iter().map(uncertain).sum::<usize>().max(1);
    let alpha = Rational::from(&script.test.false_alarm.0 / E as u64);
    Campaign { script, view, world, parties, id, entries, alpha, warnings: Vec::new() }
}

/// How near a pass must be. A trial at `real` is dear: a claim of 0 or 1 is held there no closer than any other.
fn tolerance(test: &Test, depth: Fidelity) -> Tolerance {
    let relative = test.within.0.clone();
    let absolute = match depth {
        Fidelity::Plain | Fidelity::Ideal => Rational::from((1, 1000)),
        Fidelity::Real => relative.clone(),
    };
    Tolerance { relative, absolute }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certainties_are_held_closely_where_trials_are_cheap() {
        let test = Test::default();
        let absolute = |depth| tolerance(&test, depth).absolute;
        assert_eq!([Fidelity::Plain, Fidelity::Ideal].map(absolute), [(); 2].map(|()| Rational::from((1, 1000))));
        assert_eq!(absolute(Fidelity::Real), test.within.0);
    }
}
