//! The accuracy of a campaign's models on its data, and what looks wrong about it.

use crate::files;
use crate::models::Warning;
use crate::simulate::{RightAnswers, World};
use fusion_adversaries::problem::counted;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The accuracy of one model on the samples that the script names, with the arithmetic that defines the honest answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelAccuracy {
    /// The share of samples that the model gets right.
    pub accuracy: f64,
    /// The name of the model's file, or its whole path where two models have the same name.
    pub model: String,
    /// The number of samples that the model answers as they are labelled.
    pub right: u64,
    /// The number of samples: queries and publics, dropped ones included.
    pub samples: u64,
    /// The number of values of all layers that left a ring that is set, and wrapped, over these samples; absent where all values provably fit their rings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrapped: Option<u64>,
}

/// How many samples are kept as publics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicsKept {
    /// The number of samples that are kept.
    pub kept: u64,
    /// The number of samples that the script offers.
    pub of: u64,
}

/// The accuracy of every model of a campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct Accuracies {
    /// The models, the honest one first.
    pub models: Vec<ModelAccuracy>,
    /// How many samples are kept as publics.
    pub publics: PublicsKept,
    classes: u32,
}

impl Accuracies {
    /// Reads the accuracies of the models of a world, whose files are these.
    #[must_use]
    pub fn new(world: &World, paths: &[PathBuf]) -> Self {
        let RightAnswers { by_model, wrapped, samples, offered } = world.right_answers();
        #[expect(clippy::cast_precision_loss, reason = "counts of images")]
        let accuracy = |((path, right), wrapped): ((&PathBuf, &u64), &Option<u64>)| ModelAccuracy {
            accuracy: *right as f64 / *samples as f64,
            model: name(path, paths),
            right: *right,
            samples: *samples,
            wrapped: *wrapped,
        };
        Self {
            models: paths.iter().zip(by_model).zip(wrapped).map(accuracy).collect(),
            publics: PublicsKept { kept: world.publics().into(), of: *offered },
            classes: world.classes(),
        }
    }

    /// Returns a warning where the honest model is hardly better than chance or gets half of the publics wrong, and one for each substitute that is no
    /// worse than the honest model.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let Some((honest, substitutes)) = self.models.split_first() else { return Vec::new() };
        let strong = substitutes.iter().filter(|model| model.right >= honest.right);
        let strong = strong.map(|ModelAccuracy { model, right, samples, .. }| {
            format!(
                "{model}, which a strategy puts in the honest model's place, is no worse than it: {right} of {} right, and {}",
                counted(*samples, "sample"),
                honest.right
            )
        });
        self.doubt(honest).into_iter().chain(strong).map(Warning::of_data).collect()
    }

    /// Says what makes the honest model doubtful, if anything does.
    fn doubt(&self, honest: &ModelAccuracy) -> Option<String> {
        let ModelAccuracy { model, right, samples, .. } = honest;
        let PublicsKept { kept, of } = self.publics;
        // Below 1.5 times chance.
        let guesses = 2 * right * u64::from(self.classes) < 3 * samples;
        let guesses = guesses.then(|| {
            format!(
                "gets {right} of {} right, where a guess among {} gets {}",
                counted(*samples, "sample"),
                counted(self.classes, "class"),
                samples / u64::from(self.classes)
            )
        });
        let drops = (of > 0 && 2 * kept <= of)
            .then(|| format!("is wrong on {} of {}, which are dropped", of - kept, counted(of, "public")));
        let reasons: Vec<String> = guesses.into_iter().chain(drops).collect();
        (!reasons.is_empty()).then(|| format!("{model} {}: is `input: scale` right?", reasons.join(", and ")))
    }
}

/// Names a model by its file, and by its whole path where the file's name is not the only one of its kind.
fn name(path: &Path, all: &[PathBuf]) -> String {
    let alike = all.iter().filter(|other| other.file_name() == path.file_name()).count();
    match path.file_name() {
        Some(file) if alike == 1 => files::name(Path::new(file)),
        _ => files::name(path),
    }
}
