//! Drawing without replacement, unbiased.

use super::sample::{MixError, Numbering, Sample};
use crate::params::Params;
use rand_core::Rng;

/// The samples that are not yet on a slot, a pool that is drawn from without replacement. After a [`Deck::reset`] it can be drawn from again
/// without allocating anything.
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
    pub(super) numbers: Numbering,
    /// The first `left` cells hold the numbers of the samples that are left.
    pub(super) pool: Vec<u32>,
    left: u32,
    /// The cells that may hold a number other than their own.
    moved: Vec<u32>,
}

impl Deck {
    /// Makes a deck of all samples of a session.
    ///
    /// # Errors
    /// [`MixError::TooManySlots`] says that `N` exceeds [`MAX_SLOTS`](super::MAX_SLOTS).
    pub fn new(params: Params) -> Result<Self, MixError> {
        let numbers = Numbering::new(params)?;
        Ok(Self { numbers, pool: (0..numbers.N).collect(), left: numbers.N, moved: Vec::new() })
    }

    /// Draws the sample of the next slot, uniformly from those that are left. This is one Fisher-Yates step, which moves the pool's last cell into
    /// the drawn one. An empty deck gives `None`.
    pub fn draw(&mut self, coins: &mut impl Rng) -> Option<Sample> {
        let (cell, index) = self.deal(coins)?;
        self.moved.push(cell);
        Some(self.numbers.sample(index))
    }

    /// Draws without taking down what a reset would have to undo. Returns the cell, and the number of the sample in it.
    #[inline]
    pub(super) fn deal(&mut self, coins: &mut impl Rng) -> Option<(u32, u32)> {
        let last = self.left.checked_sub(1)?;
        let cell = uniform_below(self.left, coins);
        let index = self.pool[cell as usize];
        self.pool[cell as usize] = self.pool[last as usize];
        self.left = last;
        Some((cell, index))
    }

    /// Takes a sample out as if a slot had drawn it, so that later draws are conditional on that. Returns `false` if the sample is gone already.
    pub fn take(&mut self, sample: Sample) -> bool {
        let Some(index) = self.numbers.index(sample) else { return false };
        // A sample is in its own cell, or in one that a draw moved it to.
        let cells = self.moved.iter().copied().chain([index]);
        let mut left = cells.filter(|&cell| cell < self.left);
        let Some(cell) = left.find(|&cell| self.pool[cell as usize] == index) else { return false };
        self.left -= 1;
        self.pool[cell as usize] = self.pool[self.left as usize];
        self.moved.push(cell);
        true
    }

    /// Puts all samples back.
    pub fn reset(&mut self) {
        for cell in self.moved.drain(..) {
            self.pool[cell as usize] = cell;
        }
        self.left = self.numbers.N;
    }
}

/// Draws a number uniformly from `0..n`, for `n >= 1`, by Lemire's multiplication with rejection (ACM TOMACS 29(1), 2019, algorithm 5).
pub fn uniform_below(n: u32, coins: &mut impl Rng) -> u32 {
    loop {
        if let Some(draw) = accept_word(n, coins.next_u64()) {
            return draw;
        }
    }
}

/// Returns the draw that a 64-bit word gives, or `None` for the `2^64 mod n` words that would bias it (`Shuffle.v: rejected_words`).
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
}
