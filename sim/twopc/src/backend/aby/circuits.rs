//! The garbled circuits that the family consists of, as both parties and the predictor build them.

use crate::gc::circuit::Circuit;
use crate::gc::function::{self, Outcome};
use crate::modulus::Modulus;
use crate::share::clip::Clip;
use crate::share::maximum::label_bits;
use crate::share::truncate::Rescaling;

/// The circuit of a ReLU; faithful truncation is a shift inside it, which costs nothing.
pub fn relu(bits: u32, how: Rescaling) -> Circuit {
    function::rectify(Modulus::TwoTo(bits), how.carrying_bits() as usize, Outcome::Plain)
}

/// A garbler's deviation from [`relu`]: the circuit that flips these bits of a number that it keeps.
pub fn relu_and_flip(bits: u32, how: Rescaling, flipped: u64) -> Circuit {
    function::rectify_and_flip(Modulus::TwoTo(bits), how.carrying_bits() as usize, Outcome::Plain, flipped)
}

/// The circuit of a clipping, with faithful truncation.
pub fn clip(bits: u32, clip: Clip) -> Circuit {
    function::clip(Modulus::TwoTo(bits), clip.ends, clip.how.carrying_bits() as usize, Outcome::Plain)
}

/// The circuit of a faithful truncation.
pub fn truncate(bits: u32, how: Rescaling) -> Circuit {
    function::truncate(Modulus::TwoTo(bits), how.carrying_bits() as usize, Outcome::Plain)
}

/// The circuit of the largest of so many values.
pub fn largest(bits: u32, count: usize) -> Circuit {
    function::largest(Modulus::TwoTo(bits), count, Outcome::Plain)
}

/// The circuit of the label of the largest of so many values.
pub fn argmax(bits: u32, classes: usize) -> Circuit {
    function::argmax(Modulus::TwoTo(bits), classes, label_bits(classes) as usize)
}
