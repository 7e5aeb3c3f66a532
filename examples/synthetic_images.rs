//! A small set of colour images that nobody owns: 64 smooth pictures of 3x32x32 pixels, labelled by the LeNet for CIFAR-10.
//!
//! `cargo run --release --example synthetic_images -- examples/models/lenet_cifar10_full.onnx examples/data` writes
//! `synthetic_3x32x32-images-idx4-ubyte` and `synthetic_3x32x32-labels-idx1-ubyte` there, which `examples/cifar10-synthetic.yaml` reads.
//!
//! The pictures show nothing, and the labels are the full model's own: the set says how far another model *agrees* with it on such
//! pictures, and nothing about CIFAR-10.

use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::model::Model;
use std::error::Error;
use std::path::Path;

/// How many pictures there are.
const COUNT: usize = 64;
/// How many candidates are drawn before the generator gives up.
const MOST_DRAWN: u64 = 100_000;
/// Height and width.
const SIDE: usize = 32;
/// The pixels between two points of the grid whose colours are drawn.
const STEP: usize = 8;
/// The points of the grid along a side.
const POINTS: usize = SIDE / STEP + 1;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(model), Some(folder), None) = (args.next(), args.next(), args.next()) else {
        return Err("usage: synthetic_images MODEL.onnx FOLDER".into());
    };
    let onnx = std::fs::read(&model).map_err(|error| format!("{model}: {error}"))?;
    let [images, labels] = generate(&onnx)?;
    for (name, bytes) in [("images-idx4", images), ("labels-idx1", labels)] {
        let path = Path::new(&folder).join(format!("synthetic_3x32x32-{name}-ubyte"));
        std::fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Returns the files of images and labels, as IDX. Picture `i` is the first of the candidates not taken yet that the model gives the label `i mod 10`, so that all
/// ten labels are there equally often.
///
/// # Errors
/// For bytes that are no model of ten classes on 3x32x32 pixels, and for a model that hardly ever gives one of the labels.
pub fn generate(onnx: &[u8]) -> Result<[Vec<u8>; 2], Box<dyn Error>> {
    let precision = Precision { frac_bits: 12, ring: Ring::Auto };
    let model = Model::from_onnx(onnx)?;
    let model = FixedModel::new(&model, precision, Pixels { scale: 1.0 / 127.5, offset: -1.0 })?;
    let header = |dimensions: &[u32]| -> Result<Vec<u8>, Box<dyn Error>> {
        let rank = u8::try_from(dimensions.len())?;
        Ok([0, 0, 8, rank].into_iter().chain(dimensions.iter().flat_map(|size| size.to_be_bytes())).collect())
    };
    let (count, side) = (u32::try_from(COUNT)?, u32::try_from(SIDE)?);
    let (mut images, mut labels) = (header(&[count, 3, side, side])?, header(&[count])?);
    // Candidates by label, in the order in which they are drawn.
    let mut waiting: Vec<std::collections::VecDeque<Vec<u8>>> = vec![std::collections::VecDeque::new(); 10];
    let mut drawn = 0;
    for place in 0..COUNT {
        let label = place % 10;
        while waiting[label].is_empty() {
            if drawn == MOST_DRAWN {
                return Err(format!("of {MOST_DRAWN} pictures too few have the label {label}").into());
            }
            let candidate = picture(drawn);
            drawn += 1;
            let found = model.label(&candidate)? as usize;
            waiting.get_mut(found).ok_or("the model has more than ten classes")?.push_back(candidate);
        }
        images.extend(waiting[label].pop_front().into_iter().flatten());
        labels.push(u8::try_from(label)?);
    }
    Ok([images, labels])
}

/// Returns a candidate: in each channel a grid of bytes by BLAKE3 from its number, and between its points the bilinear mean, rounded down. All of it is in whole
/// numbers, so that every machine makes the same.
fn picture(number: u64) -> Vec<u8> {
    let mut grid = [0; 3 * POINTS * POINTS];
    let mut hasher = blake3::Hasher::new_derive_key("fusion-sim 2026-11 synthetic pictures of 3x32x32");
    hasher.update(&number.to_le_bytes()).finalize_xof().fill(&mut grid);
    let at = |channel: usize, row: usize, column: usize| usize::from(grid[(channel * POINTS + row) * POINTS + column]);
    let pixel = |index: usize| {
        let (channel, y, x) = (index / (SIDE * SIDE), index / SIDE % SIDE, index % SIDE);
        let (row, column, down, right) = (y / STEP, x / STEP, y % STEP, x % STEP);
        let along = |row: usize| at(channel, row, column) * (STEP - right) + at(channel, row, column + 1) * right;
        let mean = (along(row) * (STEP - down) + along(row + 1) * down) / (STEP * STEP);
        mean.to_le_bytes()[0]
    };
    (0..3 * SIDE * SIDE).map(pixel).collect()
}
