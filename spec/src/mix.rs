//! The mix: `R*B + T` samples on `N` slots in an order uniform over all `N!` (hypothesis H1).
//!
//! The shuffle is Fisher and Yates' (Knuth, TAOCP 2, algorithm P), written here because library shuffles
//! change between versions and a permutation must be the same next year. It is *lazy*: a [`Mix`] draws the
//! slots it is asked for, in the order asked, and [`Mix::finish`] draws the rest in increasing order. A
//! simulation that only needs the touched slots stops early and sees what the full permutation would show. A draw does not
//! depend on *which* slot is asked for, so one that only needs what is touched draws from a bare [`Deck`].
//!
//! Invariant: a [`Permutation`] holds every sample exactly once.
//!
//! ```
//! use fusion_spec::{mix::Mix, params::Params};
//! use rand_pcg::{Pcg64, rand_core::SeedableRng};
//!
//! let params = Params::new(3, 2, 4, 0)?;
//! let mut coins = Pcg64::seed_from_u64(7);
//! let mut mix = Mix::new(params)?;
//! let touched = mix.place(5, &mut coins)?;
//! let permutation = mix.finish(&mut coins);
//! assert_eq!(permutation.at(5), Some(touched));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::params::Params;
use rand_core::Rng;

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
struct Layout {
    R: u32,
    B: u32,
    RB: u32,
    N: u32,
}

impl Layout {
    fn new(params: Params) -> Result<Self, MixError> {
        let too_many = |_| MixError::TooManySlots(params.N());
        Ok(Self {
            R: u32::try_from(params.R()).map_err(too_many)?,
            B: u32::try_from(params.B()).map_err(too_many)?,
            RB: u32::try_from(params.RB()).map_err(too_many)?,
            N: u32::try_from(params.N()).map_err(too_many)?,
        })
    }

    fn sample(self, index: u32) -> Sample {
        if index < self.RB {
            Sample::Query { query: index / self.B, copy: index % self.B }
        } else {
            Sample::Public { index: index - self.RB }
        }
    }

    fn index(self, sample: Sample) -> Option<u32> {
        let index = match sample {
            Sample::Query { query, copy } if copy < self.B => query.checked_mul(self.B)?.checked_add(copy)?,
            Sample::Query { .. } => return None,
            Sample::Public { index } => self.RB.checked_add(index)?,
        };
        (self.sample(index) == sample && index < self.N).then_some(index)
    }
}

/// The samples not yet on a slot, in a pool that is drawn from without replacement. Dealt from again after a
/// [`Deck::reset`], it allocates nothing.
///
/// ```
/// use fusion_spec::{mix::{Deck, Sample}, params::Params};
/// use rand_pcg::{Pcg64, rand_core::SeedableRng};
///
/// let mut coins = Pcg64::seed_from_u64(7);
/// let mut deck = Deck::new(Params::new(1, 1, 1, 0)?)?;
/// assert!(deck.take(Sample::Public { index: 0 }) && !deck.take(Sample::Public { index: 0 }));
/// assert_eq!(deck.draw(&mut coins), Some(Sample::Query { query: 0, copy: 0 }), "what is left");
/// assert_eq!(deck.draw(&mut coins), None);
/// deck.reset();
/// assert!(deck.draw(&mut coins).is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Deck {
    layout: Layout,
    /// Its first `left` cells hold what is left.
    pool: Vec<u32>,
    left: u32,
    /// Cells that may not hold their own number.
    moved: Vec<u32>,
}

impl Deck {
    /// All samples.
    ///
    /// # Errors
    /// [`MixError::TooManySlots`] when `N` exceeds [`MAX_SLOTS`].
    pub fn new(params: Params) -> Result<Self, MixError> {
        let layout = Layout::new(params)?;
        Ok(Self { layout, pool: (0..layout.N).collect(), left: layout.N, moved: Vec::new() })
    }

    /// What the next slot holds, uniform among what is left: one Fisher-Yates step, which moves the pool's last cell into the
    /// drawn one. `None` of an empty deck.
    pub fn draw(&mut self, coins: &mut impl Rng) -> Option<Sample> {
        let (cell, index) = self.deal(coins)?;
        self.moved.push(cell);
        Some(self.layout.sample(index))
    }

    /// A draw that no reset undoes: the cell and what it held.
    #[inline]
    fn deal(&mut self, coins: &mut impl Rng) -> Option<(u32, u32)> {
        let last = self.left.checked_sub(1)?;
        let cell = uniform_below(self.left, coins);
        let index = self.pool[cell as usize];
        self.pool[cell as usize] = self.pool[last as usize];
        self.left = last;
        Some((cell, index))
    }

    /// Takes a sample out, as if a slot had drawn it: what follows is drawn given that. `false` if it is gone already.
    pub fn take(&mut self, sample: Sample) -> bool {
        let Some(index) = self.layout.index(sample) else { return false };
        // A sample is in its own cell, or in one that a draw moved it to.
        let cells = self.moved.iter().copied().chain([index]);
        let mut left = cells.filter(|&cell| cell < self.left);
        let Some(cell) = left.find(|&cell| self.pool[cell as usize] == index) else { return false };
        self.left -= 1;
        self.pool[cell as usize] = self.pool[self.left as usize];
        self.moved.push(cell);
        true
    }

    /// Puts everything back.
    pub fn reset(&mut self) {
        for cell in self.moved.drain(..) {
            self.pool[cell as usize] = cell;
        }
        self.left = self.layout.N;
    }
}

/// A permutation that is drawn slot by slot.
#[derive(Clone, Debug)]
pub struct Mix {
    params: Params,
    deck: Deck,
    /// What each slot holds, or [`UNDRAWN`].
    placed: Vec<u32>,
}

/// Larger than any sample's index.
const UNDRAWN: u32 = u32::MAX;

impl Mix {
    /// An undrawn mix.
    ///
    /// # Errors
    /// [`MixError::TooManySlots`] when `N` exceeds [`MAX_SLOTS`].
    pub fn new(params: Params) -> Result<Self, MixError> {
        let deck = Deck::new(params)?;
        let placed = vec![UNDRAWN; deck.pool.len()];
        Ok(Self { params, deck, placed })
    }

    /// What `slot` holds; draws it, uniformly from the samples left, when it is first asked for.
    ///
    /// # Errors
    /// [`MixError::NoSuchSlot`] when `slot >= N`.
    pub fn place(&mut self, slot: Slot, coins: &mut impl Rng) -> Result<Sample, MixError> {
        let Self { deck, placed, .. } = self;
        let missing = MixError::NoSuchSlot { slot, N: deck.layout.N };
        let index = placed.get_mut(slot as usize).ok_or(missing)?;
        if *index == UNDRAWN {
            (_, *index) = deck.deal(coins).ok_or(missing)?;
        }
        Ok(deck.layout.sample(*index))
    }

    /// Draws every slot not yet asked for, in increasing order.
    #[must_use]
    pub fn finish(self, coins: &mut impl Rng) -> Permutation {
        let Self { params, mut deck, placed: mut samples } = self;
        for index in samples.iter_mut().filter(|index| **index == UNDRAWN) {
            // There are as many samples left as slots without one.
            *index = deck.deal(coins).map_or(UNDRAWN, |(_, index)| index);
        }
        Permutation { params, layout: deck.layout, samples }
    }
}

/// Which sample every slot holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Permutation {
    params: Params,
    layout: Layout,
    samples: Vec<u32>,
}

impl Permutation {
    /// A given order, slot 0 first.
    ///
    /// # Errors
    /// [`MixError::TooManySlots`], or [`MixError::NotAPermutation`] when a sample is missing, twice or foreign.
    ///
    /// ```
    /// use fusion_spec::{mix::{Permutation, Sample}, params::Params};
    ///
    /// let params = Params::new(1, 1, 1, 0)?;
    /// let order = [Sample::Public { index: 0 }, Sample::Query { query: 0, copy: 0 }];
    /// assert_eq!(Permutation::from_samples(params, &order)?.at(1), Some(order[1]));
    /// assert!(Permutation::from_samples(params, &[order[0]; 2]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_samples(params: Params, order: &[Sample]) -> Result<Self, MixError> {
        let layout = Layout::new(params)?;
        let not_one = MixError::NotAPermutation(layout.N);
        let mut seen = vec![false; order.len()];
        let mut samples = Vec::with_capacity(order.len());
        for &sample in order {
            let index = layout.index(sample).ok_or(not_one)?;
            let first = seen.get_mut(index as usize).is_some_and(|s| !std::mem::replace(s, true));
            if !first {
                return Err(not_one);
            }
            samples.push(index);
        }
        if len32(samples.len()) != layout.N {
            return Err(not_one);
        }
        Ok(Self { params, layout, samples })
    }

    /// The session's parameters.
    #[must_use]
    pub fn params(&self) -> Params {
        self.params
    }

    /// Number of queries, `R`.
    #[must_use]
    pub fn R(&self) -> u32 {
        self.layout.R
    }

    /// Number of slots, `N`.
    #[must_use]
    pub fn N(&self) -> u32 {
        self.layout.N
    }

    /// What `slot` holds, `None` beyond the last slot.
    #[must_use]
    pub fn at(&self, slot: Slot) -> Option<Sample> {
        self.samples.get(slot as usize).map(|&index| self.layout.sample(index))
    }

    /// Every slot's sample, slot 0 first.
    #[must_use]
    pub fn samples(&self) -> impl ExactSizeIterator<Item = Sample> + '_ {
        self.samples.iter().map(|&index| self.layout.sample(index))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "lengths here are at most N, which fits by construction")]
fn len32(len: usize) -> u32 {
    len as u32
}

/// Uniform in `0..n`, for `n >= 1`: Lemire's multiplication with rejection (ACM TOMACS 29(1), 2019, algorithm 5).
pub fn uniform_below(n: u32, coins: &mut impl Rng) -> u32 {
    loop {
        if let Some(draw) = accept_word(n, coins.next_u64()) {
            return draw;
        }
    }
}

/// The draw that a 64-bit word gives, or `None` for the `2^64 mod n` words that would bias it.
#[expect(clippy::cast_possible_truncation, reason = "high and low halves of a 128-bit product")]
fn accept_word(n: u32, word: u64) -> Option<u32> {
    let n = u64::from(n);
    let product = u128::from(word) * u128::from(n);
    let low = product as u64;
    (low >= n || low >= n.wrapping_neg() % n).then_some((product >> 64) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_pcg::{Pcg64, rand_core::SeedableRng};

    fn params(R: u64, B: u64, T: u64) -> Params {
        Params::new(R, B, T, 0).expect("legal")
    }

    fn indices(permutation: &Permutation) -> &[u32] {
        &permutation.samples
    }

    /// Made once by this code; a change of any number breaks every recorded campaign.
    #[test]
    fn golden_vectors() {
        let order = |seed, R, B, T| {
            let mut coins = Pcg64::seed_from_u64(seed);
            Mix::new(params(R, B, T)).expect("small").finish(&mut coins)
        };
        assert_eq!(indices(&order(1, 3, 2, 4)), GOLDEN_1);
        assert_eq!(indices(&order(2, 8, 2, 4)), GOLDEN_2);
        let mut coins = Pcg64::seed_from_u64(1);
        let mut mix = Mix::new(params(3, 2, 4)).expect("small");
        let touched: Vec<_> = [7, 0, 7].map(|s| mix.place(s, &mut coins)).into();
        assert_eq!(touched[0], touched[2]);
        assert_eq!(indices(&mix.finish(&mut coins)), GOLDEN_TOUCHED);
    }
    const GOLDEN_1: &[u32] = &[8, 0, 9, 6, 5, 2, 7, 1, 4, 3];
    const GOLDEN_2: &[u32] = &[1, 8, 4, 15, 7, 9, 12, 17, 14, 19, 6, 18, 13, 16, 11, 5, 10, 0, 3, 2];
    const GOLDEN_TOUCHED: &[u32] = &[0, 9, 6, 5, 2, 7, 1, 8, 4, 3];

    /// Sequential touching and finishing draw alike, so a simulation may stop early.
    #[test]
    fn early_slots_agree_with_the_full_permutation() {
        for seed in 0..50 {
            let full = Mix::new(params(5, 3, 6)).expect("small").finish(&mut Pcg64::seed_from_u64(seed));
            let mut coins = Pcg64::seed_from_u64(seed);
            let mut mix = Mix::new(params(5, 3, 6)).expect("small");
            for slot in 0..full.N() {
                assert_eq!(mix.place(slot, &mut coins).ok(), full.at(slot));
            }
            assert_eq!(mix.finish(&mut coins), full);
        }
    }

    /// A deck shows what a mix would, whichever slots are asked for, and again after a reset.
    #[test]
    fn a_deck_draws_what_a_mix_places() {
        let p = params(5, 3, 6);
        let mut deck = Deck::new(p).expect("small");
        for seed in 0..50 {
            let (mut coins, mut same) = [(); 2].map(|()| Pcg64::seed_from_u64(seed)).into();
            let mut mix = Mix::new(p).expect("small");
            for slot in [20, 3, 7, 0, 11].into_iter().take(1 + usize::try_from(seed % 5).expect("small")) {
                assert_eq!(mix.place(slot, &mut coins).ok(), deck.draw(&mut same));
            }
            deck.reset();
        }
        assert!(deck.pool.iter().copied().eq(0..21));
        let gone = Sample::Query { query: 4, copy: 2 };
        assert!(deck.take(gone) && !deck.take(gone) && !deck.take(Sample::Public { index: 6 }));
        let mut rest: Vec<_> = std::iter::from_fn(|| deck.draw(&mut Pcg64::seed_from_u64(0))).chain([gone]).collect();
        rest.sort_unstable();
        rest.dedup();
        assert_eq!(rest.len(), 21, "every other sample once");
    }

    /// Each value of `0..n` is given by exactly `floor(2^64 / n)` words: counted from the interval ends.
    #[test]
    fn every_draw_has_the_same_number_of_words() {
        for n in [1, 2, 3, 5, 6, 7, 10, 1000, 3 << 20, u32::MAX - 1, u32::MAX] {
            let wide = u128::from(n);
            for value in [0, 1, n / 2, n - 1].into_iter().filter(|&v| v < n) {
                // Words with floor(word * n / 2^64) = value form an interval; the rejected ones are its first few.
                let first = (u128::from(value) << 64).div_ceil(wide);
                let end = ((u128::from(value) + 1) << 64).div_ceil(wide);
                let word = |w: u128| u64::try_from(w).expect("below 2^64");
                let rejected = (first..end).take_while(|&w| accept_word(n, word(w)).is_none()).count() as u128;
                assert_eq!(end - first - rejected, (1 << 64) / wide, "n={n} value={value}");
                assert_eq!(accept_word(n, word(first + rejected)), Some(value));
                assert_eq!(accept_word(n, word(end - 1)), Some(value));
            }
        }
    }

    /// Over all outcomes of the draws, every order appears exactly once: the shuffle is uniform if the draws are.
    #[test]
    fn draws_and_permutations_are_in_bijection() {
        use std::collections::BTreeSet;
        struct Script(Vec<u64>);
        impl rand_core::TryRng for Script {
            type Error = std::convert::Infallible;
            fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
                unreachable!("the mix draws 64-bit words")
            }
            fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
                Ok(self.0.pop().expect("one word a draw"))
            }
            fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
                unreachable!("the mix draws 64-bit words")
            }
        }
        let p = params(2, 2, 2);
        let mut orders = BTreeSet::new();
        for code in 0..720_u64 {
            let (mut rest, mut words) = (code, vec![]);
            for n in (1..=6_u64).rev() {
                // A word in the middle of the interval that gives rest % n.
                let middle = u128::from(2 * (rest % n) + 1) * (1 << 63) / u128::from(n);
                words.push(u64::try_from(middle).expect("below 2^64"));
                rest /= n;
            }
            words.reverse();
            let mut mix = Mix::new(p).expect("small");
            let mut coins = Script(words);
            mix.place(4, &mut coins).expect("slot 4 exists");
            orders.insert(mix.finish(&mut coins).samples);
        }
        assert_eq!(orders.len(), 720);
    }

    #[test]
    fn explicit_orders_are_checked() {
        let p = params(1, 2, 1);
        let [a, b] = [0, 1].map(|copy| Sample::Query { query: 0, copy });
        let public = Sample::Public { index: 0 };
        let ok = Permutation::from_samples(p, &[public, b, a]).expect("a permutation");
        assert_eq!(ok.at(0), Some(public));
        assert_eq!(ok.at(3), None);
        for bad in [&[a, b][..], &[a, b, b], &[a, b, public, a], &[a, b, Sample::Public { index: 1 }]] {
            assert_eq!(Permutation::from_samples(p, bad), Err(MixError::NotAPermutation(3)));
        }
        let foreign = Sample::Query { query: 0, copy: 2 };
        assert_eq!(Permutation::from_samples(p, &[a, b, foreign]), Err(MixError::NotAPermutation(3)));
    }

    #[test]
    fn too_many_slots_are_refused() {
        assert_eq!(Mix::new(params(1 << 31, 2, 0)).err(), Some(MixError::TooManySlots(1 << 32)));
        let mut mix = Mix::new(params(1, 1, 1)).expect("small");
        let slot = mix.place(2, &mut Pcg64::seed_from_u64(0));
        assert_eq!(slot, Err(MixError::NoSuchSlot { slot: 2, N: 2 }));
    }
}
