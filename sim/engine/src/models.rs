//! Models from files, and from the files beside them that hold their constants.
//!
//! A file beside a model is read only if it lies in the model's folder or below, links followed. All files of a model together are no larger
//! than a model may be.

use crate::failure::Failure;
use crate::files::{self, MAX_BYTES};
use fusion_2pc::address::Component;
use fusion_nn::compare::{Comparison, Lost, Pair};
use fusion_nn::fixed::WrongSize;
use fusion_nn::import::ImportError;
use fusion_nn::model::Model;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A model and its fingerprint.
pub struct Loaded {
    /// As read, or all that is wrong with it.
    pub model: Result<Model, ImportError>,
    /// A hash of its bytes, and of the files that hold its constants.
    pub hash: String,
}

/// Reads a model.
///
/// # Errors
/// As [`files::read`] of the model's own file. What is wrong with a file beside it is a problem of the model.
pub fn load(path: &Path) -> Result<Loaded, Failure> {
    let bytes = files::read(path, MAX_BYTES)?;
    let mut beside = FilesBeside::new(path, bytes.len() as u64);
    let model = Model::from_onnx_with(&bytes, |name| beside.read(name));
    Ok(Loaded { model, hash: beside.hash(&bytes) })
}

/// A layer that fixed point silences: every weight of it rounds to 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The node.
    node: usize,
    /// The layer.
    step: String,
    /// The warning in words, with the number of labels that change.
    pub message: String,
    /// How many images were compared.
    images: usize,
    /// How many of them get another label than in floating point.
    labels_differ: usize,
}

impl Warning {
    /// Of a model among several: its path from the folder of the script that names it.
    #[must_use]
    pub fn of(self, folder: &Path, model: &Path) -> Self {
        let name = files::name(model.strip_prefix(folder).unwrap_or(model));
        Self { message: format!("{name}: {}", self.message), ..self }
    }
}

/// Images that a model is tried on where none are given.
pub const RANDOM_IMAGES: usize = 20;
/// The seed of the random images.
pub const SEED: u64 = 1;

/// An image of pixels drawn at random, another for each index.
#[must_use]
pub fn random_image(pixels: usize, index: usize) -> Vec<u8> {
    let mut image = vec![0; pixels];
    Pcg64::seed_from_u64(SEED + index as u64).fill_bytes(&mut image);
    image
}

/// How messages name the random images.
#[must_use]
pub fn at_random() -> String {
    format!("on random pixels, seed {SEED}")
}

/// The [`warnings`] of a model, by random images.
///
/// # Errors
/// [`Failure::Usage`] where the model does not read images of this shape.
pub fn warnings_at_random(pair: &Pair<'_>, input: [usize; 3]) -> Result<Vec<Warning>, Failure> {
    let pixels = input.iter().product();
    warnings(pair, || {
        let one = |index| pair.compare(index, &random_image(pixels, index), None);
        let all = (0..RANDOM_IMAGES).map(one).try_fold(pair.nothing(), |all, found| Ok(all.merge(found?)));
        Ok((all.map_err(|error: WrongSize| Failure::usage(error))?, at_random()))
    })
}

/// What a model's fixed-point form loses without an error, and how many labels that changes; `found` is asked only where there is something.
///
/// # Errors
/// Those of `found`.
pub fn warnings<E>(
    pair: &Pair<'_>,
    found: impl FnOnce() -> Result<(Comparison, String), E>,
) -> Result<Vec<Warning>, E> {
    let silenced: Vec<(usize, Lost)> = pair.silenced().collect();
    if silenced.is_empty() {
        return Ok(Vec::new());
    }
    let (Comparison { images, labels_differ, .. }, source) = found()?;
    let warning = |(layer, lost): &(usize, Lost)| {
        let layer = &pair.fixed().layers()[pair.fixed().stands_for(*layer)?];
        let step = Component::of(layer).to_string();
        let rounded = format!("{step}: {lost}; more frac_bits would keep some");
        let message = format!("{rounded}. {labels_differ} of {images} labels differ from floating point's, {source}");
        Some(Warning { node: layer.node, step, message, images, labels_differ })
    };
    Ok(silenced.iter().filter_map(warning).collect())
}

/// The files beside a model.
struct FilesBeside {
    /// The model's, links followed.
    folder: PathBuf,
    /// Bytes that may still be read.
    left: u64,
    hashes: BTreeMap<String, blake3::Hash>,
}

impl FilesBeside {
    fn new(model: &Path, bytes: u64) -> Self {
        let whole = model.canonicalize().unwrap_or_else(|_| model.to_path_buf());
        let folder = whole.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        Self { folder, left: MAX_BYTES.saturating_sub(bytes), hashes: BTreeMap::new() }
    }

    fn read(&mut self, name: &str) -> Result<Vec<u8>, String> {
        let missing = |_| format!("there is no such file beside the model, in {}", files::name(&self.folder));
        let whole = self.folder.join(name).canonicalize().map_err(missing)?;
        if !whole.starts_with(&self.folder) {
            return Err("it is a link that leads out of the model's folder".into());
        }
        let bytes = files::read(&whole, self.left).map_err(|failure| failure.message())?;
        self.left = self.left.saturating_sub(bytes.len() as u64);
        self.hashes.insert(name.into(), blake3::hash(&bytes));
        Ok(bytes)
    }

    /// Of a model that holds its constants itself, the hash of its bytes.
    fn hash(self, bytes: &[u8]) -> String {
        let own = blake3::hash(bytes);
        if self.hashes.is_empty() {
            return own.to_string();
        }
        let mut all = blake3::Hasher::new_derive_key("fusion-sim 2026-11 a model and the files beside it");
        all.update(own.as_bytes());
        for (name, hash) in &self.hashes {
            all.update(blake3::hash(name.as_bytes()).as_bytes()).update(hash.as_bytes());
        }
        all.finalize().to_string()
    }
}
