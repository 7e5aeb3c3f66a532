//! The problems and the files of a script, collected while it is loaded.

use crate::campaign::accuracy::Accuracies;
use crate::campaign::identity::Contents;
use crate::failure::Failure;
use crate::files::{self, MAX_BYTES};
use crate::models::Warning;
use crate::simulate::Guard;
use fusion_2pc::backend::Choice;
use fusion_adversaries::problem::{Mark, Problem};
use fusion_adversaries::script::{Draft, Section, When};
use fusion_nn::fixed::FixedModel;
use fusion_nn::idx::Images;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The largest number of characters in a message about a file.
const MAX_MESSAGE: usize = 240;

/// Collects what a script names, and every problem with it.
#[derive(Default)]
pub struct Loader {
    /// The script's folder.
    pub folder: PathBuf,
    /// The problems of the script found so far.
    pub problems: Vec<Problem>,
    /// The hashes of the files that were read.
    pub contents: Contents,
    /// The models with their paths, the honest one first.
    pub models: Vec<(PathBuf, FixedModel)>,
    /// The files that hold no usable model, whose problems are already recorded.
    pub broken: BTreeSet<PathBuf>,
    /// The predicates of images, each with the condition of the script that it stands for.
    pub guards: Vec<(When, Guard)>,
    /// The accuracy of the models, once they are evaluated.
    pub accuracies: Option<Accuracies>,
    /// What looks wrong about the models and the data.
    pub warnings: Vec<Warning>,
}

/// What is known of a session before its strategies are read.
pub struct Setting<'d> {
    /// The script as far as it could be read.
    pub draft: &'d Draft,
    /// The number of slots of a session; `None` where a problem was recorded.
    pub slots: Option<u32>,
    /// What strategies need to know of the honest model.
    pub honest: Section<HonestModel>,
    /// The images with their labels; absent where every strategy is played at `plain`.
    pub samples: Section<Labelled>,
}

impl Setting<'_> {
    /// The semi-honest protocols that two parties run; `None` where they run SPDZ, or a problem was recorded.
    pub fn backend(&self) -> Option<Choice> {
        self.draft.head.as_ref()?.backend.family()
    }
}

/// What strategies need to know of the honest model.
#[derive(Clone, Copy)]
pub struct HonestModel {
    /// The number of classes that the model distinguishes.
    pub classes: u32,
    /// The numbers of channels, rows and columns of the images that the model reads.
    pub image: [usize; 3],
}

/// Images and their labels.
pub struct Labelled {
    /// The images.
    pub images: Images,
    /// A label for each image.
    pub labels: Vec<u32>,
}

impl Loader {
    /// Records a problem without advice.
    pub fn problem(&mut self, mark: Mark, message: impl Into<String>) {
        self.problems.push(Problem::new(mark, message));
    }

    /// Returns every problem once, in the order of the text.
    pub fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| problem.mark);
        let mut told = BTreeSet::new();
        self.problems.retain(|problem| told.insert((problem.mark, problem.message.clone())));
        self.problems
    }

    /// Returns the bytes of a file that the script names; `None` where a problem was recorded.
    pub fn file(&mut self, path: &Path, mark: Mark) -> Result<Option<Vec<u8>>, Failure> {
        let bytes = self.named(files::read(path, MAX_BYTES), mark)?;
        if let Some(bytes) = &bytes {
            self.contents.insert(path, bytes);
        }
        Ok(bytes)
    }

    /// Returns what was read from a file that the script names. For a mistake of the user's it records a problem and returns
    /// `None`.
    pub fn named<T>(&mut self, read: Result<T, Failure>, mark: Mark) -> Result<Option<T>, Failure> {
        match read {
            Ok(found) => Ok(Some(found)),
            Err(Failure::Usage(message)) => {
                let folder = files::name(&self.folder.join(""));
                let message = message.strip_prefix(&folder).unwrap_or(&message);
                let path = message.rsplit_once(": ").map_or(message, |(path, _)| path);
                // Of a path that is no path, the end.
                let cut = path.char_indices().rev().nth(MAX_MESSAGE).map(|(byte, _)| &message[byte..]);
                let message = cut.map_or_else(|| message.into(), |end| format!("...{end}"));
                self.problems.push(Problem::new(mark, message).help("paths start from the script's folder"));
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }
}
