//! Signs and exact truncation, of integers of `k` bits.
//!
//! For `x` from `-2^(k-1)` below `2^(k-1)` let `X = x + 2^(k-1)`. A mask `r` is uniform, and `c = r - X` modulo `p` is opened. If `c < p - 2^k` then `c + X = r` over the integers, and if not,
//! which has a probability of about `2^k / p` whatever `x` is, another mask is taken: `c` is uniform either way. Then `X mod 2^m = (r mod 2^m) - (c mod 2^m) + 2^m [r mod 2^m < c mod 2^m]`.
//! This is the masking of Catrina and de Hoogh ("Improved primitives for secure multiparty integer computation", SCN 2010), with a mask uniform in the field in place of one that is longer by a statistical
//! parameter (as Nishide and Ohta, PKC 2007, have it), so that it hides perfectly but for `1/p`.
//!
//! The comparison with the public `c` goes from the lowest bit up, one product a bit and round; on its way it passes what truncation needs.

use super::masks::Mask;
use crate::failure::Failure;
use crate::field::{self, LOW_BITS, PRIME};
use crate::party::Party;
use crate::share::Share;

/// The most bits of an integer that is compared.
pub const MOST_BITS: u32 = LOW_BITS;

/// An integer under its mask.
struct Masked {
    /// `X`.
    lifted: Share,
    /// `c`.
    opened: u64,
    mask: Mask,
}

impl Masked {
    /// `X mod 2^bits`, where it is known whether the mask's low bits are less than those of `c`.
    fn low(&self, bits: u32, less: Share, party: &Party) -> Share {
        let mask = self.mask.bits[..bits as usize].iter().rev().fold(Share::ZERO, |sum, bit| sum.plus(sum).plus(*bit));
        let opened = party.constant(self.opened & ((1 << bits) - 1));
        mask.minus(opened).plus(less.times(1 << bits))
    }

    /// `floor(x / 2^shift)`, and 1 where `x` is not negative, by the same.
    fn shifted(&self, (bits, shift): (u32, u32), less: Share, party: &Party) -> Share {
        let high = self.lifted.minus(self.low(shift, less, party)).times(field::inverse(1 << shift));
        high.minus(party.constant(1 << (bits - 1 - shift)))
    }
}

impl Party {
    /// For each integer of so many bits 1 if it is not negative, otherwise 0.
    ///
    /// # Errors
    /// [`Failure`] of products and masks.
    pub fn not_negative(&mut self, integers: &[Share], bits: u32) -> Result<Vec<Share>, Failure> {
        let masked = self.mask(integers, bits, bits - 1)?;
        let [_, less] = self.less(&masked, [0, bits - 1])?;
        let sign =
            |(masked, less): (&Masked, &Share)| masked.shifted((bits, bits - 1), *less, self).plus(self.constant(1));
        Ok(masked.iter().zip(&less).map(sign).collect())
    }

    /// The floor of each integer of so many bits divided by `2^shift`.
    ///
    /// # Errors
    /// [`Failure`] of products and masks.
    pub fn truncate(&mut self, integers: &[Share], bits: u32, shift: u32) -> Result<Vec<Share>, Failure> {
        if shift == 0 {
            return Ok(integers.to_vec());
        }
        let bits = bits.max(shift + 1);
        let masked = self.mask(integers, bits, shift)?;
        let [_, less] = self.less(&masked, [0, shift])?;
        Ok(masked.iter().zip(&less).map(|(masked, less)| masked.shifted((bits, shift), *less, self)).collect())
    }

    /// The floor of each integer of so many bits divided by `2^shift`, or 0 for those below 0.
    ///
    /// # Errors
    /// [`Failure`] of products and masks.
    pub fn relu(&mut self, integers: &[Share], bits: u32, shift: u32) -> Result<Vec<Share>, Failure> {
        let bits = bits.max(shift + 1);
        let masked = self.mask(integers, bits, bits - 1)?;
        let [passed, less] = self.less(&masked, [shift, bits - 1])?;
        let pair = |(masked, (passed, less)): (&Masked, (&Share, &Share))| {
            let sign = masked.shifted((bits, bits - 1), *less, self).plus(self.constant(1));
            (sign, masked.shifted((bits, shift), *passed, self))
        };
        let pairs: Vec<(Share, Share)> = masked.iter().zip(passed.iter().zip(&less)).map(pair).collect();
        self.multiply(&pairs)
    }

    /// Opens each integer under a mask with so many low bits, and takes other masks for those too close to the end of the field.
    fn mask(&mut self, integers: &[Share], bits: u32, low_bits: u32) -> Result<Vec<Masked>, Failure> {
        assert!((1..=MOST_BITS).contains(&bits), "an integer of {bits} bits");
        let lift = self.constant(1 << (bits - 1));
        let mut done: Vec<Option<Masked>> = integers.iter().map(|_| None).collect();
        loop {
            let missing: Vec<usize> = (0..done.len()).filter(|&at| done[at].is_none()).collect();
            if missing.is_empty() {
                return Ok(done.into_iter().flatten().collect());
            }
            let masks = self.masks(missing.len(), low_bits)?;
            let lifted: Vec<Share> = missing.iter().map(|&at| integers[at].plus(lift)).collect();
            let hidden: Vec<Share> =
                masks.iter().zip(&lifted).map(|(mask, lifted)| mask.whole.minus(*lifted)).collect();
            let opened = self.open(&hidden)?;
            for ((at, opened), (mask, lifted)) in missing.into_iter().zip(opened).zip(masks.into_iter().zip(lifted)) {
                if opened < PRIME - (1 << bits) {
                    done[at] = Some(Masked { lifted, opened, mask });
                } else {
                    self.used.rejected += 1;
                }
            }
        }
    }

    /// Whether the low bits of each mask are less than those of what was opened, for the lowest `taps[0]` bits and the lowest `taps[1]`, of which the latter are no fewer.
    fn less(&mut self, masked: &[Masked], taps: [u32; 2]) -> Result<[Vec<Share>; 2], Failure> {
        let one = self.constant(1);
        let mut less = vec![Share::ZERO; masked.len()];
        let mut passed = less.clone();
        for bit in 0..taps[1] as usize {
            let of_mask = |masked: &Masked| masked.mask.bits[bit];
            let pairs: Vec<(Share, Share)> =
                masked.iter().zip(&less).map(|(masked, less)| (of_mask(masked), *less)).collect();
            // Nothing is less than no bits.
            let products = if bit == 0 { less.clone() } else { self.multiply(&pairs)? };
            for ((less, masked), product) in less.iter_mut().zip(masked).zip(products) {
                let is_set = masked.opened >> bit & 1 == 1;
                *less = if is_set { one.minus(of_mask(masked)).plus(product) } else { less.minus(product) };
            }
            if bit + 1 == taps[0] as usize {
                passed.clone_from(&less);
            }
        }
        Ok([passed, less])
    }
}
