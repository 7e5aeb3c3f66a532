//! Neural networks as the simulator sees them: layers as data, read from ONNX; images and labels read from IDX; an evaluator in
//! floating point, the fixed-point evaluator that *defines* the honest answer, and how far the two are apart.
//!
//! Everything is read from bytes, bounded by their length. No files, no clock, no threads.
//!
//! ```
//! use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
//! use fusion_nn::{idx::{Images, labels}, model::Model};
//!
//! let read = |path| std::fs::read(format!("{}/../../examples/{path}", env!("CARGO_MANIFEST_DIR")));
//! let model = Model::from_onnx(&read("models/lenet_mnist_full.onnx")?)?;
//! let images = Images::parse(&read("data/mnist_t1000-images-idx3-ubyte")?)?;
//! let known = labels(&read("data/mnist_t1000-labels-idx1-ubyte")?)?;
//!
//! let precision = Precision { frac_bits: 12, ring: Ring::Auto };
//! let fixed = FixedModel::new(&model, precision, Pixels { scale: 1.0 / 255.0, offset: 0.0 })?;
//! let first = images.get(0).ok_or("no image")?;
//! assert_eq!(fixed.label(first)?, known[0], "the honest answer to the first digit");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod compare;
pub mod fixed;
pub mod float;
pub mod idx;
pub mod import;
mod kernel;
pub mod model;
pub mod onnx;
pub mod tensor;
mod work;
