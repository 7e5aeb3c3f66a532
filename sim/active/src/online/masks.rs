//! Masks of comparisons: numbers uniform below `p - 1` with their low bits shared one by one.
//!
//! An integer below `p - 1 = 29 * 2^57` is 57 bits and a number below 29. The latter is drawn of five bits until it is below 29, which one bit that is opened says: nothing
//! else depends on it. All that is opened on the way is checked before a mask is used: with a wrong opening a mask could be made to have few values. So a mask is uniform but for the one element `p - 1` that it never is: its statistical distance from uniform is `1/p`.

use crate::failure::{Cheating, Failure};
use crate::field::{LOW_BITS, TOP};
use crate::party::Party;
use crate::share::Share;

/// The bits of a number that may be below [`TOP`].
pub const TOP_BITS: usize = 5;

/// A shared integer, uniform below `p - 1`, with its low bits.
#[derive(Clone, Debug)]
pub struct Mask {
    /// The integer.
    pub whole: Share,
    /// Its lowest bits, from the lowest; as many as were asked for.
    pub bits: Vec<Share>,
}

/// How many numbers of five bits are drawn at once where so many below 29 are missing: too few are below with a probability below `2^-25`.
#[must_use]
pub const fn candidates(missing: usize) -> usize {
    missing + missing / 8 + 40
}

impl Party {
    /// Draws masks, with so many of their low bits each.
    ///
    /// # Errors
    /// [`Failure`] of drawing bits.
    pub fn masks(&mut self, count: usize, low_bits: u32) -> Result<Vec<Mask>, Failure> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let low = self.random_bits(count * LOW_BITS as usize)?;
        let mut tops = Vec::new();
        while tops.len() < count {
            tops.extend(self.tops(candidates(count - tops.len()))?);
        }
        let mask = |(bits, top): (&[Share], Share)| {
            let low = weighted(bits);
            Mask { whole: low.plus(top.times(1 << LOW_BITS)), bits: bits[..low_bits as usize].to_vec() }
        };
        Ok(low.chunks_exact(LOW_BITS as usize).zip(tops).map(mask).collect())
    }

    /// Draws numbers of five bits, and keeps those below 29: 29, 30 and 31 have the three high bits and one of the others.
    fn tops(&mut self, count: usize) -> Result<Vec<Share>, Failure> {
        const { assert!(TOP == 29) };
        let bits = self.random_bits(count * TOP_BITS)?;
        let numbers: Vec<&[Share]> = bits.chunks_exact(TOP_BITS).collect();
        let pairs: Vec<(Share, Share)> = numbers.iter().flat_map(|b| [(b[4], b[3]), (b[1], b[0])]).collect();
        let first = self.multiply(&pairs)?;
        let pairs: Vec<(Share, Share)> =
            numbers.iter().zip(first.chunks_exact(2)).map(|(b, both)| (both[0], b[2])).collect();
        let high = self.multiply(&pairs)?;
        let either = numbers.iter().zip(first.chunks_exact(2)).map(|(b, both)| b[1].plus(b[0]).minus(both[1]));
        let pairs: Vec<(Share, Share)> = high.into_iter().zip(either).collect();
        let above = self.multiply(&pairs)?;
        let above = self.open(&above)?;
        self.check()?;
        below(&numbers, &above).ok_or_else(|| self.channel.caught(Cheating::Mac))
    }
}

/// The numbers of these bits of which it was opened that they are below 29; `None` if what was opened of one is no bit, which a check of codes lets pass as rarely as any
/// other wrong opening.
fn below(numbers: &[&[Share]], above: &[u64]) -> Option<Vec<Share>> {
    let kept = numbers.iter().zip(above).filter(|(_, above)| **above == 0).map(|(bits, _)| weighted(bits));
    above.iter().all(|above| *above <= 1).then(|| kept.collect())
}

/// The number with these bits.
fn weighted(bits: &[Share]) -> Share {
    bits.iter().rev().fold(Share::ZERO, |sum, bit| sum.plus(sum).plus(*bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_opened_of_a_number_is_a_bit() {
        let numbers = [&[Share { value: 1, code: 0 }; TOP_BITS][..], &[Share { value: 2, code: 0 }; TOP_BITS]];
        let kept = |above: &[u64]| Some(below(&numbers, above)?.iter().map(|share| share.value).collect::<Vec<_>>());
        assert_eq!(kept(&[0, 1]), Some(vec![31]));
        assert_eq!(kept(&[0, 0]), Some(vec![31, 62]));
        assert_eq!(kept(&[0, 2]), None);
    }
}
