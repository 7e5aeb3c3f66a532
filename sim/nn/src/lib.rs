//! Neural networks in exact fixed point.
//!
//! Secure inference computes on integers, so that what an honest server answers must be defined on integers too, to the last bit. Use this crate to read a
//! trained network from ONNX and images and labels from IDX or NPY, to turn the network into one on integers, to evaluate that one (its label *is* the honest
//! answer), and to find out how far it is from floating point. It knows nothing of parties or of cryptography.
//!
//! Everything is read from bytes, and memory is bounded by their length (of gzip, by what deflate can make of it, and 1 GiB). There are no files, no clock and no threads.
//!
//! | module | subject |
//! |---|---|
//! | [`onnx`], [`import`] | ONNX files: the messages, and reading a network from them with every problem of a file at once |
//! | [`idx`] | images and labels, from files of IDX, NPY, and gzip of these |
//! | [`model`], [`tensor`] | a network as data: layers, windows, shapes |
//! | [`fixed`] | the network on integers: quantisation, rings and their wrapping, truncation, the honest answer |
//! | [`mod@float`] | the same network in floating point |
//! | [`compare`] | how far fixed point is from floating point, layer by layer |
//!
//! A network is read, put on integers, and asked for the label of a handwritten digit:
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

mod announced;
pub mod compare;
pub mod fixed;
pub mod float;
mod foreign;
mod gzip;
pub mod idx;
pub mod import;
mod kernel;
pub mod model;
mod npy;
pub mod onnx;
mod picture;
pub mod tensor;
mod work;
