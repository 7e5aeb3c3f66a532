//! From a script to a campaign: flags and defaults put in, files read, strategies built, claims worked out.

use super::claims::{Claims, Spec};
use super::identity::{Contents, Id};
use super::{Campaign, Entry};
use crate::failure::Failure;
use crate::files::{self, MAX_BYTES as MAX_FILE};
use crate::problems::Located;
use crate::simulate::conditional::stages;
use crate::simulate::{Guard, Ideal, Pools, Seen, Streams, World, is_positional};
use fusion_adversaries::behaviour::{Branch, Linking, Place, Scripted, Step, flaky};
use fusion_adversaries::problem::{Mark, Problem, nearest};
use fusion_adversaries::script::{
    Auto, Data, Duration, Estimator, Expectation, Fidelity, HONEST, Keep, MoveSection, RingBits, Script, Spot,
    StrategySection, TruncationKind, When, Where,
};
use fusion_adversaries::script::{Event, Samples};
use fusion_adversaries::strategy::{Act, Hypothesis, Move, Strategy, View};
use fusion_adversaries::yaml::MAX_BYTES;
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::idx::{self, Images};
use fusion_nn::model::Model;
use fusion_spec::bound::accuracy::{Game, Honest};
use fusion_spec::bound::bits::nearest as nearest_f64;
use fusion_spec::bound::plan::{Goal, plan};
use fusion_spec::evidence::Tolerance;
use fusion_spec::params::{Lambda, Params};
use rug::Rational;
use std::path::{Path, PathBuf};

/// Most slots of a session that is simulated.
pub const MAX_SLOTS: u128 = 1 << 26;
/// Fewest classes there can be: what positions need to know where no model says more.
const FEWEST_CLASSES: u32 = 2;

/// Flags that override a script.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--seed`.
    pub seed: Option<u64>,
    /// `--max`.
    pub max: Option<u64>,
    /// `--wall`, in seconds.
    pub wall: Option<u64>,
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
    let text = String::from_utf8(bytes).map_err(|_| Failure::Usage(format!("{name} is not UTF-8 text")))?;
    let located = |problems| Failure::Script(Located { file: name.clone(), text: text.clone(), problems });
    let mut script = Script::read(&text).map_err(located)?;
    apply(&mut script, overrides)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    resolve_paths(&mut script, &folder);
    Loader::default().load(script).map_err(|stop| match stop {
        Stop::Problems(problems) => located(problems),
        Stop::Failure(failure) => failure,
    })
}

fn apply(script: &mut Script, overrides: &Overrides) -> Result<(), Failure> {
    let Overrides { seed, max, wall, fidelity, only } = overrides;
    for name in only {
        let names: Vec<&str> = script.strategies.iter().map(|strategy| strategy.name.as_str()).collect();
        if !names.contains(&name.as_str()) {
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
        script.trials.wall = Some(Duration(wall));
        script.strategies.iter_mut().for_each(|strategy| strategy.trials.wall = None);
    }
    if let Some(fidelity) = *fidelity {
        script.fidelity.value = fidelity;
        script.strategies.iter_mut().for_each(|strategy| strategy.fidelity = None);
    }
    Ok(())
}

/// Paths count from the script's folder.
fn resolve_paths(script: &mut Script, folder: &Path) {
    let resolve = |path: &mut PathBuf| {
        let whole = folder.join(&*path);
        *path = whole.canonicalize().unwrap_or(whole);
    };
    if let Some(model) = &mut script.model {
        resolve(&mut model.path.value);
    }
    if let Some(data) = &mut script.data {
        resolve(&mut data.images.value);
        resolve(&mut data.labels.value);
    }
    for section in &mut script.strategies {
        let branches = section.one_of.iter_mut().flatten().map(|branch| &mut branch.moves);
        for m in section.moves.iter_mut().chain(branches).flatten() {
            if let Some(model) = &mut m.model {
                resolve(&mut model.value);
            }
            if let Some(Spot { value: When::Memorised { memorised }, .. }) = &mut m.when {
                resolve(memorised);
            }
        }
    }
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
    problems: Vec<Problem>,
    contents: Contents,
    /// By path; the honest one first.
    models: Vec<(PathBuf, FixedModel)>,
    guards: Vec<(When, Guard)>,
}

impl Loader {
    fn load(mut self, mut script: Script) -> Outcome<Campaign> {
        let params = Self::params(&mut script)?;
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
        let images = self.images(&script, fidelities.contains(&Fidelity::Ideal))?;
        let builds: Vec<_> = script
            .strategies
            .iter()
            .map(|section| self.strategy(&script, section, &view, images.as_ref().map(|(images, _)| images)))
            .collect::<Outcome<_>>()?;
        self.check()?;
        let id = Id::new(&script, &self.contents);
        let world = self.world(&script, params, images)?;
        let sections = std::iter::once(None).chain(script.strategies.iter().map(Some));
        let strategies =
            std::iter::once(Box::new(Scripted::honest()) as Box<dyn Strategy>).chain(builds.into_iter().flatten());
        let entries = sections
            .zip(strategies)
            .filter_map(|(section, strategy)| self.entry(&script, section, strategy, &view, world.as_ref()))
            .collect();
        self.check()?;
        Ok(finish(script, view, world, id, entries))
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

    /// The parameters, planned where the script says `auto`.
    fn params(script: &mut Script) -> Outcome<Params> {
        let protocol = &mut script.protocol;
        let wrong = |message: String| Problem::new(protocol.mark, message);
        let params = match (protocol.B, protocol.T, protocol.slack) {
            (Auto::Value(B), Auto::Value(T), Auto::Value(slack)) => {
                Params::new(protocol.R, B, T, slack).map_err(|error| wrong(error.to_string()))?
            }
            (Auto::Auto, Auto::Auto, slack) => {
                let goal = script.goal.as_ref().ok_or_else(|| wrong("auto needs a goal".into()))?;
                let lambda = |bits: u32| Lambda::new(bits.into()).map_err(|error| wrong(error.to_string()));
                let honest = goal.accuracy.as_ref().and_then(|accuracy| accuracy.honest.clone()).zip(goal.kappa);
                let honest = honest
                    .map(|(accuracy, kappa)| Ok::<_, Problem>(Honest { accuracy: accuracy.0, kappa: lambda(kappa)? }))
                    .transpose()?;
                let slack = match slack {
                    Auto::Value(slack) => Some(slack),
                    Auto::Auto if honest.is_none() => {
                        return Err(wrong("slack auto needs the goal's kappa and accuracy's honest".into()).into());
                    }
                    Auto::Auto => None,
                };
                let accuracy = goal.accuracy.as_ref().map(|game| Game { reject: game.reject.0.clone(), honest });
                let goal = Goal { R: protocol.R, lambda: lambda(goal.lambda)?, min_T: goal.min_T, slack, accuracy };
                plan(&goal).map_err(|error| wrong(error.to_string()))?.params
            }
            _ => {
                return Err(
                    wrong("B and T are found together: both are auto, or neither, and slack with them".into()).into()
                );
            }
        };
        (protocol.B, protocol.T, protocol.slack) =
            (Auto::Value(params.B()), Auto::Value(params.T()), Auto::Value(params.slack()));
        if params.N() > MAX_SLOTS {
            let message = format!("N = {} slots are too many to simulate: at most 2^26", params.N());
            return Err(Problem::new(protocol.mark, message).into());
        }
        Ok(params)
    }

    /// A file that the script names.
    fn file(&mut self, path: &Path, mark: Mark) -> Outcome<Option<Vec<u8>>> {
        match files::read(path, MAX_FILE) {
            Ok(bytes) => {
                self.contents.insert(path, &bytes);
                Ok(Some(bytes))
            }
            Err(Failure::Usage(message)) => {
                self.problem(mark, message);
                Ok(None)
            }
            Err(failure) => Err(Stop::Failure(failure)),
        }
    }

    fn model(&mut self, script: &Script, path: &Path, mark: Mark) -> Outcome<Option<FixedModel>> {
        let Some(section) = &script.model else {
            self.problem(mark, "a model needs the campaign's `model`, the honest one");
            return Ok(None);
        };
        let Some(bytes) = self.file(path, mark)? else { return Ok(None) };
        let fixed_point = section.fixed_point;
        let ring = match fixed_point.ring_bits {
            RingBits::Auto => Ring::Auto,
            RingBits::Bits(bits) => Ring::Bits(bits),
        };
        let precision = Precision { frac_bits: fixed_point.frac_bits, ring };
        let pixels =
            Pixels { scale: nearest_f64(&section.input.scale.0), offset: nearest_f64(&section.input.offset.0) };
        let problems = match Model::from_onnx(&bytes) {
            Err(error) => error.problems.iter().map(ToString::to_string).collect(),
            Ok(model) => match FixedModel::new(&model, precision, pixels) {
                Ok(model) => return Ok(Some(model)),
                Err(error) => error.problems,
            },
        };
        for problem in problems {
            self.problem(mark, problem);
        }
        Ok(None)
    }

    fn honest_model(&mut self, script: &Script) -> Outcome<Option<FixedModel>> {
        let Some(section) = &script.model else { return Ok(None) };
        let model = self.model(script, &section.path.value, section.path.mark)?;
        self.check()?;
        Ok(model)
    }

    /// Images and labels, where some strategy needs answers.
    fn images(&mut self, script: &Script, needed: bool) -> Outcome<Option<(Images, Vec<u32>)>> {
        if !needed {
            return Ok(None);
        }
        let (Some(data), Some(_)) = (&script.data, &script.model) else {
            let problem = Problem::new(script.fidelity.mark, "fidelity `ideal` needs `model` and `data`");
            return Err(problem.help("`plain` needs neither").into());
        };
        let images = self.file(&data.images.value, data.images.mark)?;
        let labels = self.file(&data.labels.value, data.labels.mark)?;
        self.check()?;
        let images = images.map(|bytes| Images::parse(&bytes));
        let labels = labels.map(|bytes| idx::labels(&bytes));
        let found = match (images, labels) {
            (Some(Ok(images)), Some(Ok(labels))) => Some((images, labels)),
            (images, labels) => {
                if let Some(Err(error)) = images {
                    self.problem(data.images.mark, error.to_string());
                }
                if let Some(Err(error)) = labels {
                    self.problem(data.labels.mark, error.to_string());
                }
                None
            }
        };
        if let Some((images, labels)) = &found
            && images.len() != labels.len()
        {
            let message = format!("there are {} labels and {} images", labels.len(), images.len());
            self.problem(data.labels.mark, message);
        }
        self.check()?;
        Ok(found)
    }

    /// `None` of a strategy with a problem.
    fn strategy(
        &mut self,
        script: &Script,
        section: &StrategySection,
        view: &View,
        images: Option<&Images>,
    ) -> Outcome<Option<Box<dyn Strategy>>> {
        if let Some(chance) = &section.flaky {
            return Ok(Some(Box::new(flaky(chance.0.clone()))));
        }
        if let Some(pair) = &section.link {
            if pair.value.iter().any(|slot| *slot >= view.slots) {
                self.problem(pair.mark, format!("there are only N = {} slots, from 0", view.slots));
            }
            return Ok(Some(Box::new(Linking(pair.value))));
        }
        let own = section.moves.iter().map(|moves| (1, moves));
        let mixed = section.one_of.iter().flatten().map(|branch| (branch.weight, &branch.moves));
        let mut moves = Vec::new();
        let mut branches = Vec::new();
        let ideal = script.fidelity_of(section) == Fidelity::Ideal;
        for (weight, sections) in own.chain(mixed) {
            let mut steps = Vec::new();
            for m in sections {
                let place = self.place(&m.at, view);
                let what = moves.len();
                moves.push(self.act(script, m, view, images, ideal)?);
                steps.push(Step { place, what });
            }
            if !ideal && script.model.is_none() && steps.len() > 1 {
                self.problem(sections[1].at.mark, "several acts on one slot need `model`, for its number of classes");
            }
            branches.push(Branch { weight, steps });
        }
        let Some(moves) = moves.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
        let memorised = moves
            .iter()
            .any(|m: &Move| m.when.is_some_and(|guard| matches!(self.guards[guard].1, Guard::Memorised(_))));
        let mut breaks = if memorised { vec![Hypothesis::H8] } else { Vec::new() };
        breaks.extend(section.sessions.map(|_| Hypothesis::H7));
        Ok(Some(Box::new(Scripted::new(moves, branches, breaks))))
    }

    fn place(&mut self, at: &Spot<Where>, view: &View) -> Place {
        let N = view.slots;
        let few = |n: &u32| format!("{n} slots cannot be touched: there are N = {N}");
        match &at.value {
            Where::All(_) => Place::All,
            Where::Random { random } => {
                if *random > N {
                    self.problem(at.mark, few(random));
                }
                Place::Random(*random)
            }
            Where::Slots { slots } => {
                if let Some(slot) = slots.iter().find(|slot| **slot >= N) {
                    self.problem(at.mark, format!("slot {slot} does not exist: there are N = {N}, from 0"));
                }
                Place::Slots(slots.clone())
            }
            Where::Each { each, from, to, at_most } => {
                Place::Each { chance: each.0.clone(), from: *from, to: to.unwrap_or(N), at_most: at_most.unwrap_or(N) }
            }
        }
    }

    fn act(
        &mut self,
        script: &Script,
        section: &MoveSection,
        view: &View,
        images: Option<&Images>,
        ideal: bool,
    ) -> Outcome<Option<Move>> {
        use fusion_adversaries::script::Relabel;
        let when = match &section.when {
            Some(when) => match self.guard(when, images)? {
                Some(guard) => Some(guard),
                None => return Ok(None),
            },
            None => None,
        };
        let act = match (&section.relabel, &section.model) {
            (Some(relabel), _) => {
                match relabel.value {
                    Relabel::To(to) if script.model.is_some() && to >= view.classes => {
                        self.problem(relabel.mark, format!("there is no class {to}: the model has {}", view.classes));
                    }
                    Relabel::RandomWrong if script.model.is_none() => {
                        self.problem(relabel.mark, "`random_wrong` needs `model`, for its number of classes");
                    }
                    Relabel::Next | Relabel::RandomWrong | Relabel::To(_) => {}
                }
                Act::Relabel(relabel.value)
            }
            (None, Some(model)) => match self.weak_model(script, model, view)? {
                Some(place) => Act::Model(place),
                None => return Ok(None),
            },
            (None, None) => return Ok(None),
        };
        let m = Move { act, when };
        if !ideal && !is_positional(&m) {
            let problem = Problem::new(section.at.mark, "this act depends on the samples, which `plain` does not have");
            self.problems.push(problem.help("use fidelity `ideal`"));
        }
        Ok(Some(m))
    }

    fn weak_model(&mut self, script: &Script, path: &Spot<PathBuf>, view: &View) -> Outcome<Option<usize>> {
        if let Some(place) = self.models.iter().position(|(known, _)| *known == path.value) {
            return Ok(Some(place));
        }
        let Some(model) = self.model(script, &path.value, path.mark)? else { return Ok(None) };
        if model.classes() != view.classes {
            let message = format!("it has {} classes, and the honest model {}", model.classes(), view.classes);
            self.problem(path.mark, message);
        } else if self.models.first().is_some_and(|(_, honest)| honest.image() != model.image()) {
            self.problem(path.mark, "it reads images of another shape than the honest model");
        }
        self.models.push((path.value.clone(), model));
        Ok(Some(self.models.len() - 1))
    }

    fn guard(&mut self, when: &Spot<When>, images: Option<&Images>) -> Outcome<Option<usize>> {
        if let Some(place) = self.guards.iter().position(|(known, _)| *known == when.value) {
            return Ok(Some(place));
        }
        let Some(images) = images else {
            self.problem(when.mark, "`when` depends on the samples, which `plain` does not have");
            return Ok(None);
        };
        let guard = match &when.value {
            When::Pixel { pixel, at_least } => {
                let Some(index) = pixel_index(images.shape(), pixel) else {
                    self.problem(when.mark, format!("no pixel {pixel:?} in images of {:?}", images.shape()));
                    return Ok(None);
                };
                Guard::Pixel { index, at_least: *at_least }
            }
            When::Memorised { memorised } => {
                let Some(bytes) = self.file(memorised, when.mark)? else { return Ok(None) };
                match Images::parse(&bytes) {
                    Ok(known) if known.shape() == images.shape() => Guard::Memorised(
                        (0..known.len()).filter_map(|index| known.get(index).map(<[u8]>::to_vec)).collect(),
                    ),
                    Ok(known) => {
                        let message =
                            format!("memorised images are {:?}, and the data {:?}", known.shape(), images.shape());
                        self.problem(when.mark, message);
                        return Ok(None);
                    }
                    Err(error) => {
                        self.problem(when.mark, error.to_string());
                        return Ok(None);
                    }
                }
            }
        };
        self.guards.push((when.value.clone(), guard));
        Ok(Some(self.guards.len() - 1))
    }

    fn world(&mut self, script: &Script, params: Params, images: Option<(Images, Vec<u32>)>) -> Outcome<Option<World>> {
        let (Some((images, labels)), Some(data), Some(model)) = (images, &script.data, &script.model) else {
            return Ok(None);
        };
        let Data { queries: Spot { value: Samples(queries), mark }, public, draw, .. } = data;
        let pools =
            Pools { queries: queries.clone(), publics: public.from.value.0.clone(), keep: public.keep, draw: *draw };
        let models = std::mem::take(&mut self.models).into_iter().map(|(_, model)| model).collect();
        let guards: Vec<Guard> = self.guards.iter().map(|(_, guard)| guard.clone()).collect();
        let one_bit = model.fixed_point.truncation == TruncationKind::OneBit;
        let world = World::new(params, models, &guards, (&images, &labels), &pools, one_bit);
        world.map(Some).map_err(|error| Problem::new(*mark, error.to_string()).into())
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
        let world = world.filter(|_| depth == Fidelity::Ideal);
        let drawn = world.and_then(|world| Ideal::new(view, world).fixed_draw(&Streams::new(script.trials.seed, name)));
        let seen =
            Seen { world, params: view.params, classes: view.classes, moves: strategy.moves(), drawn: drawn.as_ref() };
        let mut breaks = strategy.breaks();
        let keeps_all = script.data.as_ref().is_some_and(|data| data.public.keep == Keep::All);
        if world.is_some_and(World::is_one_bit) || (keeps_all && depth == Fidelity::Ideal) {
            breaks.push(Hypothesis::H5);
            breaks.sort_unstable();
            breaks.dedup();
        }
        let claims = Spec::new(view, &*strategy, sessions, &seen)
            .map_err(|message| vec![Problem::new(section.map_or(script.protocol.mark, claim_mark), message)]);
        let claims = claims.and_then(|spec| match section {
            Some(section) => spec.claims(section, breaks),
            None => Ok(spec.control(breaks)),
        });
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
        Some(Entry { name: name.into(), depth, strategy, sessions, max, wall, claims, stages })
    }
}

/// Where to point for a strategy as a whole.
fn claim_mark(section: &StrategySection) -> Mark {
    section.expect.rates().next().map_or(Mark::START, |(_, expectation)| expectation.claim().mark)
}

fn conditional_stages(
    section: &StrategySection,
    strategy: &dyn Strategy,
    view: &View,
    depth: Fidelity,
) -> Result<Vec<crate::simulate::conditional::Stage>, Problem> {
    use fusion_adversaries::script::Relabel;
    let mark = claim_mark(section);
    let next = strategy.moves() == [Move::always(Act::Relabel(Relabel::Next))];
    let only_win = section.expect.rates().all(|(event, _)| event == Event::Win) && section.expect.reasons.is_none();
    let equals_or_bound =
        section.expect.rates().all(|(_, e)| matches!(e, Expectation::Equals(_) | Expectation::AtMost(_)));
    match strategy.size(view) {
        _ if depth != Fidelity::Plain => Err(Problem::new(mark, "the conditional estimator needs fidelity `plain`")),
        Some(k) if next && only_win && equals_or_bound && section.sessions.is_none() => {
            stages(view.params, k).map_err(|error| Problem::new(mark, error.to_string()))
        }
        _ => Err(Problem::new(
            mark,
            "the conditional estimator measures `win` of `relabel: next` on a fixed number of slots",
        )),
    }
}

fn pixel_index([channels, height, width]: [usize; 3], pixel: &[u32]) -> Option<usize> {
    let (channel, row, column) = match *pixel {
        [row, column] => (0, row, column),
        [channel, row, column] => (channel, row, column),
        _ => return None,
    };
    let (channel, row, column) = (channel as usize, row as usize, column as usize);
    (channel < channels && row < height && column < width).then(|| (channel * height + row) * width + column)
}

/// Divides the campaign's error probability.
fn finish(script: Script, view: View, world: Option<World>, id: Id, entries: Vec<Entry>) -> Campaign {
    let uncertain = |entry: &Entry| entry.claims.rates.iter().filter(|claim| claim.is_uncertain()).count();
    let E = entries.iter().map(uncertain).sum::<usize>().max(1);
    let alpha = Rational::from(&script.test.false_alarm.0 / E as u64);
    let absolute = Rational::from((1, 1000));
    let tolerance = Tolerance { relative: script.test.within.0.clone(), absolute };
    Campaign { script, view, world, id, entries, alpha_event: alpha.clone(), alpha, tolerance }
}
