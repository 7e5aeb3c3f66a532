//! Models, read from files and from the files beside them that hold their constants.
//!
//! A file beside a model is read only if it lies in the model's folder or below, after links are followed. All files of a model
//! together may be no larger than a single one.

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
    /// The model, or everything that is wrong with its file.
    pub model: Result<Model, ImportError>,
    /// A hash of the model's bytes and of the files that hold its constants.
    pub hash: String,
}

/// Reads a model, with the files beside it that hold its constants.
///
/// # Errors
/// Those of [`files::read`] for the model's own file. A fault of a file beside it is a problem of the model.
pub fn load(path: &Path) -> Result<Loaded, Failure> {
    let bytes = files::read(path, MAX_BYTES)?;
    let mut beside = FilesBeside::new(path, bytes.len() as u64);
    let model = Model::from_onnx_with(&bytes, |name| beside.read(name));
    Ok(Loaded { model, hash: beside.hash(&bytes) })
}

/// What looks wrong about a model or the data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The warning in words.
    pub message: String,
    /// The layer that fixed point silences; absent from a warning about accuracies.
    #[serde(flatten)]
    layer: Option<SilencedLayer>,
}

/// A layer that fixed point silences: every weight of it rounds to 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct SilencedLayer {
    /// The index of the layer's node in the file.
    node: usize,
    /// The address of the layer.
    step: String,
    /// The number of images that were compared.
    images: usize,
    /// The number of those images that get another label than in floating point.
    labels_differ: usize,
}

impl Warning {
    /// Makes a warning about the accuracy of models on the data.
    #[must_use]
    pub fn of_data(message: String) -> Self {
        Self { message, layer: None }
    }

    /// Names the model in the message, by its path from the folder of the script, where a script names several.
    #[must_use]
    pub fn of(self, folder: &Path, model: &Path) -> Self {
        let name = files::name(model.strip_prefix(folder).unwrap_or(model));
        Self { message: format!("{name}: {}", self.message), ..self }
    }
}

/// The number of random images on which a model is tried where none are given.
pub const RANDOM_IMAGES: usize = 20;
/// The seed of the random images.
pub const SEED: u64 = 1;

/// Returns an image of random pixels, a different one for each index.
#[must_use]
pub fn random_image(pixels: usize, index: usize) -> Vec<u8> {
    let mut image = vec![0; pixels];
    Pcg64::seed_from_u64(SEED + index as u64).fill_bytes(&mut image);
    image
}

/// Returns the words by which messages name the random images.
#[must_use]
pub fn at_random() -> String {
    format!("on random pixels, seed {SEED}")
}

/// Returns the [`warnings`] of a model, measured on random images.
///
/// # Errors
/// [`Failure::Usage`] if the model does not read images of this shape.
pub fn warnings_at_random(pair: &Pair<'_>, input: [usize; 3]) -> Result<Vec<Warning>, Failure> {
    let pixels = input.iter().product();
    warnings(pair, || {
        let one = |index| pair.compare(index, &random_image(pixels, index), None);
        let all = (0..RANDOM_IMAGES).map(one).try_fold(pair.nothing(), |all, found| Ok(all.merge(found?)));
        Ok((all.map_err(|error: WrongSize| Failure::usage(error))?, at_random()))
    })
}

/// Returns a warning for each layer that fixed point silences, with the number of labels that change. `found` compares the two
/// forms, and is called only if there is such a layer.
///
/// # Errors
/// The errors of `found`.
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
        let layer = SilencedLayer { node: layer.node, step, images, labels_differ };
        Some(Warning { message, layer: Some(layer) })
    };
    Ok(silenced.iter().filter_map(warning).collect())
}

/// A reader of the files beside a model.
struct FilesBeside {
    /// The model's folder, with links followed.
    folder: PathBuf,
    /// The number of bytes that may still be read.
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

    /// Hashes the model's bytes together with the files that were read. With no such files, this is the hash of the bytes alone.
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
