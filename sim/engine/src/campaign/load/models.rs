//! The models that a script names.

use super::loader::{HonestModel, Loader, Setting};
use crate::failure::Failure;
use crate::models::{self, Loaded, Warning};
use fusion_adversaries::problem::{Mark, Problem, counted, one_line};
use fusion_adversaries::script::{Draft, ModelSection, RingBits, Section, Spot};
use fusion_nn::compare::Pair;
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_spec::bound::bits::nearest;
use std::path::{Path, PathBuf};

/// The smallest number of classes among which an answer can be wrong. `plain` assumes it where no model says more.
pub const FEWEST_CLASSES: u32 = 2;

impl Loader {
    /// Reads the honest model, which becomes the first of the models.
    pub fn honest_model(&mut self, draft: &Draft) -> Result<Section<HonestModel>, Failure> {
        let section = match &draft.model {
            Section::Absent => return Ok(Section::Absent),
            Section::Faulty => return Ok(Section::Faulty),
            Section::Read(section) => section,
        };
        let Spot { value: path, mark } = &section.path;
        let Some(model) = self.model(section, path, *mark)? else { return Ok(Section::Faulty) };
        let classes = model.classes();
        if classes < FEWEST_CLASSES {
            let message = format!("a model of {classes} class gives one answer to everything: no label is ever wrong");
            let help = format!("answers are compared by label: at least {FEWEST_CLASSES} classes are needed");
            self.problems.push(Problem::new(*mark, message).help(help));
            return Ok(Section::Faulty);
        }
        let honest = HonestModel { classes, image: model.image() };
        self.models.push((path.clone(), model));
        Ok(Section::Read(honest))
    }

    /// Reads another model, and returns its index among the models; `None` where a problem was recorded.
    pub fn weak_model(&mut self, setting: &Setting<'_>, path: &Spot<PathBuf>) -> Result<Option<usize>, Failure> {
        let section = match &setting.draft.model {
            Section::Absent => {
                self.problem(path.mark, "a model needs the campaign's `model`, the honest one");
                return Ok(None);
            }
            Section::Faulty => return Ok(None),
            Section::Read(section) => section,
        };
        if let Some(place) = self.models.iter().position(|(known, _)| *known == path.value) {
            return Ok(Some(place));
        }
        if self.broken.contains(&path.value) {
            return Ok(None);
        }
        let Some(model) = self.model(section, &path.value, path.mark)? else { return Ok(None) };
        if let Section::Read(honest) = setting.honest {
            if model.classes() != honest.classes {
                let message =
                    format!("it has {}, and the honest model {}", counted(model.classes(), "class"), honest.classes);
                self.problem(path.mark, message);
                self.broken.insert(path.value.clone());
                return Ok(None);
            }
            if model.image() != honest.image {
                self.problem(path.mark, "it reads images of another shape than the honest model");
                self.broken.insert(path.value.clone());
                return Ok(None);
            }
        }
        self.models.push((path.value.clone(), model));
        Ok(Some(self.models.len() - 1))
    }

    fn model(&mut self, section: &ModelSection, path: &Path, mark: Mark) -> Result<Option<FixedModel>, Failure> {
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
                    let found = models::warnings_at_random(&pair, model.input())?;
                    let named = |warning: Warning| warning.of(&self.folder, path);
                    self.warnings.extend(found.into_iter().map(named));
                    return Ok(Some(pair.into_fixed()));
                }
                Err(error) => error.problems,
            },
        };
        self.broken.insert(path.into());
        for problem in problems {
            // The file may have any name for a node.
            self.problem(mark, one_line(&problem));
        }
        Ok(None)
    }
}
