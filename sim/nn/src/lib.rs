//! Neural networks as the simulator sees them: layers as data, read from ONNX; images and labels read from IDX; an evaluator in
//! floating point, the fixed-point evaluator that *defines* the honest answer, and how far the two are apart.
//!
//! Everything is read from bytes, bounded by their length. No files, no clock, no threads.

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
