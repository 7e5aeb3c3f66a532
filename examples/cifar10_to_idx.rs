//! CIFAR-10's binary batches as the IDX files that scripts read.
//!
//! `cargo run --release --example cifar10_to_idx -- cifar-10-batches-bin/test_batch.bin examples/data` writes
//! `cifar10-images-idx4-ubyte` and `cifar10-labels-idx1-ubyte` there; then `sim attack examples/cifar10.yaml`.
//!
//! The images themselves are not in this repository (Krizhevsky 2009, <https://www.cs.toronto.edu/~kriz/cifar.html>).

use std::error::Error;
use std::path::Path;

/// A label, then 32x32 pixels of red, green and blue.
const RECORD: usize = 1 + 3 * 32 * 32;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(batch), Some(folder), None) = (args.next(), args.next(), args.next()) else {
        return Err("usage: cifar10_to_idx BATCH.bin FOLDER".into());
    };
    convert(&batch, Path::new(&folder))
}

/// Writes the images and labels of a batch to a folder.
///
/// # Errors
/// For a file that is no batch, and for I/O errors, by name.
pub fn convert(batch: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let records = std::fs::read(batch).map_err(|error| format!("{batch}: {error}"))?;
    if records.is_empty() || records.len() % RECORD != 0 {
        return Err(
            format!("{batch}: not a CIFAR-10 batch: {} bytes are no multiple of {RECORD}", records.len()).into()
        );
    }
    let count = u32::try_from(records.len() / RECORD)?;
    let header = |dimensions: &[u32]| -> Result<Vec<u8>, Box<dyn Error>> {
        let rank = u8::try_from(dimensions.len())?;
        Ok([0, 0, 8, rank].into_iter().chain(dimensions.iter().flat_map(|size| size.to_be_bytes())).collect())
    };
    let (mut images, mut labels) = (header(&[count, 3, 32, 32])?, header(&[count])?);
    for record in records.chunks_exact(RECORD) {
        labels.push(record[0]);
        images.extend_from_slice(&record[1..]);
    }
    for (name, bytes) in [("images-idx4", images), ("labels-idx1", labels)] {
        let path = folder.join(format!("cifar10-{name}-ubyte"));
        std::fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}
