//! A mix that is drawn slot by slot, and the permutation that it becomes.

use super::deck::Deck;
use super::sample::{MixError, Numbering, Sample, Slot};
use crate::params::Params;
use rand_core::Rng;

/// A permutation of the samples that is drawn slot by slot, as slots are asked for.
#[derive(Clone, Debug)]
pub struct Mix {
    params: Params,
    deck: Deck,
    /// The number of each slot's sample, or [`UNDRAWN`].
    placed: Vec<u32>,
}

/// A number that is larger than any sample's.
const UNDRAWN: u32 = u32::MAX;

impl Mix {
    /// Makes a mix of which nothing is drawn yet.
    ///
    /// # Errors
    /// [`MixError::TooManySlots`] says that `N` exceeds [`MAX_SLOTS`](super::MAX_SLOTS).
    pub fn new(params: Params) -> Result<Self, MixError> {
        let deck = Deck::new(params)?;
        let placed = vec![UNDRAWN; deck.pool.len()];
        Ok(Self { params, deck, placed })
    }

    /// Returns the sample that `slot` holds. It is drawn, uniformly from the samples that are left, when the slot is first asked for.
    ///
    /// # Errors
    /// [`MixError::NoSuchSlot`] says that `slot >= N`.
    pub fn place(&mut self, slot: Slot, coins: &mut impl Rng) -> Result<Sample, MixError> {
        let Self { deck, placed, .. } = self;
        let index = placed.get_mut(slot as usize).ok_or(MixError::NoSuchSlot { slot, N: deck.numbers.N })?;
        if *index == UNDRAWN {
            *index = draw_for_a_slot(deck, coins);
        }
        Ok(deck.numbers.sample(*index))
    }

    /// Draws the samples of all slots that were not asked for, in increasing order of slots, and returns the whole permutation.
    #[must_use]
    pub fn finish(self, coins: &mut impl Rng) -> Permutation {
        let Self { params, mut deck, placed: mut samples } = self;
        for index in samples.iter_mut().filter(|index| **index == UNDRAWN) {
            *index = draw_for_a_slot(&mut deck, coins);
        }
        Permutation { params, numbers: deck.numbers, samples }
    }
}

/// Draws the sample of a slot that has none yet, and returns its number.
#[expect(clippy::expect_used, reason = "a mix draws one sample for each of as many slots")]
fn draw_for_a_slot(deck: &mut Deck, coins: &mut impl Rng) -> u32 {
    deck.deal(coins).expect("as many samples are left as slots have none").1
}

/// A permutation of the samples of one session: it says which sample every slot holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Permutation {
    params: Params,
    numbers: Numbering,
    samples: Vec<u32>,
}

impl Permutation {
    /// Makes a permutation from a list of samples, that of slot 0 first.
    ///
    /// # Errors
    /// [`MixError::TooManySlots`] says that `N` is too large, and [`MixError::NotAPermutation`] that a sample is missing, or there twice, or of another
    /// session.
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
        let numbers = Numbering::new(params)?;
        let not_one = MixError::NotAPermutation(numbers.N);
        let mut seen = vec![false; order.len()];
        let mut samples = Vec::with_capacity(order.len());
        for &sample in order {
            let index = numbers.index(sample).ok_or(not_one)?;
            let first = seen.get_mut(index as usize).is_some_and(|s| !std::mem::replace(s, true));
            if !first {
                return Err(not_one);
            }
            samples.push(index);
        }
        if len32(samples.len()) != numbers.N {
            return Err(not_one);
        }
        Ok(Self { params, numbers, samples })
    }

    /// Returns the parameters of the session that the permutation was made for.
    #[must_use]
    pub fn params(&self) -> Params {
        self.params
    }

    /// Returns `R`, the number of queries.
    #[must_use]
    pub fn R(&self) -> u32 {
        self.numbers.R
    }

    /// Returns `N`, the number of slots.
    #[must_use]
    pub fn N(&self) -> u32 {
        self.numbers.N
    }

    /// Returns the sample that `slot` holds, or `None` beyond the last slot.
    #[must_use]
    pub fn at(&self, slot: Slot) -> Option<Sample> {
        self.samples.get(slot as usize).map(|&index| self.numbers.sample(index))
    }

    /// Lists the samples of all slots, that of slot 0 first.
    #[must_use]
    pub fn samples(&self) -> impl ExactSizeIterator<Item = Sample> + '_ {
        self.samples.iter().map(|&index| self.numbers.sample(index))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "lengths here are at most N, which fits by construction")]
fn len32(len: usize) -> u32 {
    len as u32
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
