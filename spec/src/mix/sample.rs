//! Samples, slots and their numbers.

use crate::params::Params;

/// The most slots that a mix can hold, because a permutation is stored in 32-bit words.
pub const MAX_SLOTS: u32 = u32::MAX;

/// A position in the shuffled batch, from `0` to `N - 1`.
pub type Slot = u32;

/// A sample of a session, which is what a slot holds: a copy of a query, or a public sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sample {
    /// One of the `B` copies of a query.
    Query {
        /// The query's number, from `0` to `R - 1`.
        query: u32,
        /// The copy's number among those of its query, from `0` to `B - 1`.
        copy: u32,
    },
    /// A public sample, whose result the client knows.
    Public {
        /// The public sample's number, from `0` to `T - 1`.
        index: u32,
    },
}

/// Why a mix cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MixError {
    /// The parameters have more slots than a permutation can hold.
    #[error("N = {0} slots are too many to shuffle: at most 2^32 - 1")]
    TooManySlots(u128),
    /// The slot that was asked for does not exist.
    #[error("slot {slot} does not exist: there are {N}")]
    NoSuchSlot {
        /// The slot that was asked for.
        slot: Slot,
        /// The number of slots that there are.
        N: u32,
    },
    /// A list of samples has one missing, twice, or from elsewhere, so that it is no permutation of all of them.
    #[error("not a permutation of the {0} samples")]
    NotAPermutation(u32),
}

/// The numbers of samples, by their order before the mix: query 0's copies come first, then query 1's and so on, then the publics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Numbering {
    pub(super) R: u32,
    pub(super) B: u32,
    pub(super) RB: u32,
    pub(super) N: u32,
}

impl Numbering {
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
