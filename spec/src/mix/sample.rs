//! Samples, slots and their numbers.

use crate::params::Params;

/// Most slots a mix can hold: a permutation is stored in 32-bit words.
pub const MAX_SLOTS: u32 = u32::MAX;

/// A position in the shuffled batch, `0..N`.
pub type Slot = u32;

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sample {
    /// Copy `copy` of query `query`.
    Query {
        /// `0..R`.
        query: u32,
        /// `0..B`.
        copy: u32,
    },
    /// Public sample `index`, `0..T`.
    Public {
        /// `0..T`.
        index: u32,
    },
}

/// Why a mix cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MixError {
    /// More slots than a permutation can hold.
    #[error("N = {0} slots are too many to shuffle: at most 2^32 - 1")]
    TooManySlots(u128),
    /// No such slot.
    #[error("slot {slot} does not exist: there are {N}")]
    NoSuchSlot {
        /// The slot asked for.
        slot: Slot,
        /// The number of slots.
        N: u32,
    },
    /// A list of samples that is not a permutation of all of them.
    #[error("not a permutation of the {0} samples")]
    NotAPermutation(u32),
}

/// Samples in their order before the mix: query 0's copies, query 1's, ..., then the publics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Layout {
    pub(super) R: u32,
    pub(super) B: u32,
    pub(super) RB: u32,
    pub(super) N: u32,
}

impl Layout {
    pub(super) fn new(params: Params) -> Result<Self, MixError> {
        let too_many = |_| MixError::TooManySlots(params.N());
        Ok(Self {
            R: u32::try_from(params.R()).map_err(too_many)?,
            B: u32::try_from(params.B()).map_err(too_many)?,
            RB: u32::try_from(params.RB()).map_err(too_many)?,
            N: u32::try_from(params.N()).map_err(too_many)?,
        })
    }

    pub(super) fn sample(self, index: u32) -> Sample {
        if index < self.RB {
            Sample::Query { query: index / self.B, copy: index % self.B }
        } else {
            Sample::Public { index: index - self.RB }
        }
    }

    pub(super) fn index(self, sample: Sample) -> Option<u32> {
        let index = match sample {
            Sample::Query { query, copy } if copy < self.B => query.checked_mul(self.B)?.checked_add(copy)?,
            Sample::Query { .. } => return None,
            Sample::Public { index } => self.RB.checked_add(index)?,
        };
        (self.sample(index) == sample && index < self.N).then_some(index)
    }
}
