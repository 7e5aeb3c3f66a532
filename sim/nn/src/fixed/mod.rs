//! The network in fixed point, which defines the honest answer to the last bit.
//!
//! Every value is an integer and stands for `integer * unit`. A linear layer multiplies by integer weights that carry at least
//! `frac_bits` fractional bits, so that its output has a smaller unit; the activation after it shifts that back
//! (*truncation*). Average pooling only sums: the division goes into the next layer's weights, so that pooling has no error.
//! 8-bit pixels enter as they are, and their scale goes into the first layer's weights.
//!
//! # Rings, and what wrapping is
//!
//! Every layer's output is in a ring `Z_2^l` of its own, read as signed: `-2^(l-1) .. 2^(l-1)`. With [`Ring::Auto`] it is the
//! smallest ring that the outputs provably fit, by the range of every channel; with [`Ring::Bits`] it is the same for all. One rule says
//! what every operator does, here and in the two-party circuit: **a layer takes the signed integers of its inputs, computes over the
//! integers, and its result is reduced into its own ring and read as signed**. The image is a value like any other: its integers are
//! reduced when they enter, under [`Ring::Bits`]. So
//!
//! - convolutions, fully connected layers, sums of windows and [`FixedOp::Add`] may leave their ring, and then wrap;
//! - [`FixedOp::Relu`], [`FixedOp::Truncate`], [`FixedOp::MaxPool`], [`FixedOp::Concat`] and [`FixedOp::Flatten`] never do: no result is larger
//!   than an input (rounding up by one after bits were dropped included);
//! - [`FixedOp::Clip`] compares with its ends as they are, however large, so that no value reaches an end beyond the ring; but where
//!   *every* value lies beyond such an end the result is that end with the bits dropped, reduced into the ring like any result. Ends are
//!   cut at `2^61`, which no value of a ring exceeds. A value at or beyond an end becomes `floor(end / 2^shift)`, without any rounding up;
//! - maxima, clipping and [`argmax`] compare signed integers, and never the residue of a difference.
//!
//! Ranges are those after wrapping: a channel that may leave the ring is taken to be anywhere in it, so that what is proved of the layers
//! behind it holds as well.
//!
//! Invariant: with [`Ring::Auto`] no value ever wraps, and every value is within its layer's [`FixedLayer::range`] in any ring.

mod compile;
mod layer;
mod measured;
mod network;
mod precision;
mod ranges;
mod truncation;

pub use compile::{FixedError, MAX_UNIT_BITS};
pub use layer::{FixedLayer, FixedOp};
pub use measured::{Measured, Reached};
pub use network::{FixedModel, WrongSize, argmax};
pub use precision::{MAX_FRAC_BITS, MAX_RING_BITS, Pixels, Precision, Ring};
pub use truncation::{Faithful, OneBit, Truncation};
