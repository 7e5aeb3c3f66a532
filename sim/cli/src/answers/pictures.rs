//! The images that are classified where only the cost counts.

use fusion_2pc::random::{Seed, uniform};
use fusion_engine::failure::Failure;
use fusion_engine::files;
use fusion_nn::fixed::FixedModel;
use fusion_nn::idx::Images;
use std::path::Path;

/// A source of images for a batch, which are made one by one so that a large batch is never held whole.
pub enum Pictures {
    /// The images of a file, repeated as often as needed.
    File(Images),
    /// Images of random pixels.
    Random {
        /// The seed of the pixels.
        seed: u64,
    },
}

impl Pictures {
    /// Reads the images of a file or, without one, makes a source of random images.
    pub fn new(file: Option<&Path>, seed: u64, model: &FixedModel) -> Result<Self, Failure> {
        let Some(path) = file else { return Ok(Self::Random { seed }) };
        let name = files::name(path);
        let problem = |what: &str| Failure::Usage(format!("{name}: {what}"));
        let images = Images::parse(&files::read(path, files::MAX_BYTES)?);
        let images = images.map_err(|error| problem(&error.to_string()))?;
        if images.is_empty() {
            return Err(problem("it has no images"));
        }
        if images.shape() != model.image() {
            return Err(problem("the model reads images of another shape"));
        }
        Ok(Self::File(images))
    }

    /// Returns the image of a slot.
    pub fn image(&self, slot: usize, pixels: usize) -> Vec<u8> {
        match self {
            Self::File(images) =>
            {
                #[expect(clippy::expect_used, reason = "a remainder is below the number of images, which is not 0")]
                images.get(slot % images.len()).expect("an image of the file").to_vec()
            }
            Self::Random { seed } => {
                let root = Seed(blake3::derive_key("fusion-sim 2026-11 random pixels", &seed.to_le_bytes()));
                let mut rng = root.child(&format!("image {slot}")).stream();
                uniform(&mut rng, 8, pixels).iter().map(|pixel| pixel.to_le_bytes()[0]).collect()
            }
        }
    }
}
