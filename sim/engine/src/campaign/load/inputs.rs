//! The files that a script names: models, images, labels.

use super::{FEWEST_CLASSES, Loader, Outcome, Stop};
use crate::failure::Failure;
use crate::files::{self, MAX_BYTES};
use crate::models::{self, Loaded, Warning};
use crate::simulate::{Guard, Pools, World, WorldError};
use fusion_adversaries::problem::{Mark, Problem, one_line};
use fusion_adversaries::script::{
    Data, Draw, Fidelity, Publics, RingBits, Samples, Script, Spot, TruncationKind, When,
};
use fusion_adversaries::strategy::View;
use fusion_nn::compare::Pair;
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::idx::{self, Images};
use fusion_spec::bound::bits::nearest;
use fusion_spec::params::Params;
use std::path::{Path, PathBuf};

/// Most characters of a message about a file.
const MAX_MESSAGE: usize = 240;

/// Paths count from the script's folder. Those whose whole path is no text are problems: a run's script names its files by whole paths, and
/// YAML is text.
pub fn resolve_paths(script: &mut Script, folder: &Path) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut resolve = |path: &mut PathBuf, mark: Mark| {
        let whole = folder.join(&*path);
        *path = whole.canonicalize().unwrap_or(whole);
        if path.to_str().is_none() {
            let problem = Problem::new(mark, format!("its whole path is not UTF-8: {}", files::name(path)));
            problems.push(problem.help("a run names its files by whole paths, as text: rename the folder"));
        }
    };
    if let Some(model) = &mut script.model {
        resolve(&mut model.path.value, model.path.mark);
    }
    if let Some(data) = &mut script.data {
        resolve(&mut data.images.value, data.images.mark);
        resolve(&mut data.labels.value, data.labels.mark);
    }
    for section in &mut script.strategies {
        let branches = section.one_of.iter_mut().flatten().map(|branch| &mut branch.moves);
        for m in section.moves.iter_mut().chain(branches).flatten() {
            if let Some(model) = &mut m.model {
                resolve(&mut model.value, model.mark);
            }
            if let Some(Spot { value: When::Memorised { memorised }, mark }) = &mut m.when {
                resolve(memorised, *mark);
            }
        }
    }
    problems.sort_by_key(|problem| problem.mark);
    problems
}

impl Loader {
    /// Pools that no session can draw from, whatever the samples are: at every fidelity, also where nothing is drawn.
    pub(super) fn pools(&mut self, script: &Script, params: Params) {
        let Some(Data { queries, public, .. }) = &script.data else { return };
        let (asked, known) = (queries.value.0.len(), public.from.value.0.len());
        if params.R() > asked as u64 {
            self.problem(queries.mark, WorldError::FewQueries(params.R(), asked).to_string());
        }
        if params.T() > known as u64 {
            self.problem(public.from.mark, WorldError::FewPublics(params.T(), known).to_string());
        }
    }

    /// A file that the script names.
    pub(super) fn file(&mut self, path: &Path, mark: Mark) -> Outcome<Option<Vec<u8>>> {
        let bytes = self.named(files::read(path, MAX_BYTES), mark)?;
        if let Some(bytes) = &bytes {
            self.contents.insert(path, bytes);
        }
        Ok(bytes)
    }

    /// What was read from a file that the script names.
    fn named<T>(&mut self, read: Result<T, Failure>, mark: Mark) -> Outcome<Option<T>> {
        match read {
            Ok(found) => Ok(Some(found)),
            Err(Failure::Usage(message)) => {
                let folder = files::name(&self.folder.join(""));
                let message = message.strip_prefix(&folder).unwrap_or(&message);
                // Of a path that is no path, the end.
                let long = message.char_indices().rev().nth(MAX_MESSAGE).map(|(byte, _)| &message[byte..]);
                let message = long.map_or_else(|| message.into(), |end| format!("...{end}"));
                self.problems.push(Problem::new(mark, message).help("paths start from the script's folder"));
                Ok(None)
            }
            Err(failure) => Err(Stop::Failure(failure)),
        }
    }

    pub(super) fn model(&mut self, script: &Script, path: &Path, mark: Mark) -> Outcome<Option<FixedModel>> {
        let Some(section) = &script.model else {
            self.problem(mark, "a model needs the campaign's `model`, the honest one");
            return Ok(None);
        };
        let Some(Loaded { model, hash }) = self.named(models::load(path), mark)? else { return Ok(None) };
        self.contents.insert_hash(path, hash);
        let fixed_point = section.fixed_point;
        let ring = match fixed_point.ring_bits {
            RingBits::Auto => Ring::Auto,
            RingBits::Bits(bits) => Ring::Bits(bits),
        };
        let precision = Precision { frac_bits: fixed_point.frac_bits, ring };
        let pixels = Pixels { scale: nearest(&section.input.scale.0), offset: nearest(&section.input.offset.0) };
        let problems = match model {
            Err(error) => error.problems.iter().map(ToString::to_string).collect(),
            Ok(model) => match Pair::new(&model, precision, pixels) {
                Ok(pair) => {
                    let found = models::warnings_at_random(&pair, model.input());
                    let named = |warning: Warning| warning.of(&self.folder, path);
                    self.warnings.extend(found.map_err(Stop::Failure)?.into_iter().map(named));
                    return Ok(Some(pair.into_fixed()));
                }
                Err(error) => error.problems,
            },
        };
        for problem in problems {
            // The file may have any name for a node.
            self.problem(mark, one_line(&problem));
        }
        Ok(None)
    }

    pub(super) fn honest_model(&mut self, script: &Script) -> Outcome<Option<FixedModel>> {
        let Some(section) = &script.model else { return Ok(None) };
        let model = self.model(script, &section.path.value, section.path.mark)?;
        if let Some(classes) = model.as_ref().map(FixedModel::classes).filter(|classes| *classes < FEWEST_CLASSES) {
            let message = format!("a model of {classes} class gives one answer to everything: no label is ever wrong");
            let help = format!("answers are compared by label: at least {FEWEST_CLASSES} classes are needed");
            self.problems.push(Problem::new(section.path.mark, message).help(help));
        }
        self.check()?;
        Ok(model)
    }

    /// Images and labels, where some strategy needs answers.
    pub(super) fn images(&mut self, script: &Script, needed: bool) -> Outcome<Option<(Images, Vec<u32>)>> {
        if !needed {
            return Ok(None);
        }
        let (Some(data), Some(_)) = (&script.data, &script.model) else {
            let own = script.strategies.iter().filter_map(|section| section.fidelity.as_ref());
            let deep = std::iter::once(&script.fidelity).chain(own).find(|spot| spot.value != Fidelity::Plain);
            let (mark, depth) = deep.map_or((Mark::START, Fidelity::Ideal), |spot| (spot.mark, spot.value));
            let default = if mark == Mark::START { ", the default," } else { "" };
            let problem = Problem::new(mark, format!("fidelity `{}`{default} needs `model` and `data`", depth.name()));
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

    pub(super) fn weak_model(&mut self, script: &Script, path: &Spot<PathBuf>, view: &View) -> Outcome<Option<usize>> {
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

    pub(super) fn guard(&mut self, when: &Spot<When>, images: Option<&Images>) -> Outcome<Option<usize>> {
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

    pub(super) fn world(
        &mut self,
        script: &Script,
        params: Params,
        images: Option<(Images, Vec<u32>)>,
    ) -> Outcome<Option<World>> {
        let (Some((images, labels)), Some(data), Some(model)) = (images, &script.data, &script.model) else {
            return Ok(None);
        };
        let Data { queries: Spot { value: Samples(queries), mark }, public, draw, .. } = data;
        let fixed_by = (*draw == Draw::Fixed).then_some(script.trials.seed);
        let pools =
            Pools { queries: queries.clone(), publics: public.from.value.0.clone(), keep: public.keep, fixed_by };
        let models = std::mem::take(&mut self.models).into_iter().map(|(_, model)| model).collect();
        let guards: Vec<Guard> = self.guards.iter().map(|(_, guard)| guard.clone()).collect();
        let one_bit = model.fixed_point.truncation == TruncationKind::OneBit;
        let world = World::new(params, models, &guards, (&images, &labels), &pools, one_bit);
        let blamed = |error: &WorldError| match error {
            WorldError::Size(_) => data.images.mark,
            WorldError::Beyond(range, _) if range == queries => *mark,
            WorldError::FewQueries(..) => *mark,
            WorldError::Beyond(..) | WorldError::FewPublics(..) => public.from.mark,
        };
        world.map(Some).map_err(|error| {
            let problem = Problem::new(blamed(&error), error.to_string());
            match error {
                WorldError::FewPublics(..) => problem.help(few_kept(public)).into(),
                WorldError::Size(_) | WorldError::Beyond(..) | WorldError::FewQueries(..) => problem.into(),
            }
        })
    }
}

/// Why a pool has fewer publics than its range has samples.
fn few_kept(public: &Publics) -> String {
    let range = &public.from.value.0;
    format!(
        "of the {} samples {}..{} those are kept that the honest model gets right; `keep: all` keeps every one",
        range.len(),
        range.start,
        range.end
    )
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
