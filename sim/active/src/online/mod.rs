//! The online phase: inputs, products, random bits, masks, comparison and truncation, outputs.

pub mod bits;
pub mod compare;
mod linear;
pub mod masks;
pub mod values;
