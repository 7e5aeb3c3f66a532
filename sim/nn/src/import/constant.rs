//! A constant, as it was read or computed.

use crate::tensor::Tensor;
use std::fmt;
use std::rc::Rc;

/// A constant that was read.
#[derive(Clone, Debug)]
pub(super) enum Constant {
    Floats(Rc<Tensor<f32>>),
    Integers(Rc<Tensor<i64>>),
    Booleans(Rc<[bool]>),
    /// What a graph computes of the shapes of its values.
    Sizes(Rc<Tensor<Extent>>),
}

impl Constant {
    /// Returns how many elements there are.
    pub(super) fn elements(&self) -> usize {
        match self {
            Self::Floats(tensor) => tensor.data().len(),
            Self::Integers(tensor) => tensor.data().len(),
            Self::Booleans(data) => data.len(),
            Self::Sizes(tensor) => tensor.data().len(),
        }
    }
}

/// A size in the shape of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// How many images there are, which is one number for all of a graph and may be any.
    Batch,
    Known(i64),
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch => f.write_str("N"),
            Self::Known(size) => size.fmt(f),
        }
    }
}
