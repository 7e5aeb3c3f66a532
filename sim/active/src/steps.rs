//! What the steps of the online phase take, counted as a party goes through them: triples, bytes, rounds, checks.
//!
//! Invariant: each function counts what the function of the same name of [`Party`](crate::party::Party) does, where no mask of a comparison is too close to the end of the field and
//! enough numbers below 29 are drawn at once ([`candidates`]).

use crate::cost::{CHECK, Cost, open};
use crate::field::LOW_BITS;
use crate::online::masks::{TOP_BITS, candidates};
use fusion_2pc::role::Role;

/// What was counted so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// Bytes and rounds, without those of making triples.
    pub cost: Cost,
    /// Triples.
    pub triples: usize,
    /// Random bits, which are among the triples.
    pub bits: usize,
    /// Masks under which integers are opened.
    pub masks: usize,
    /// How many checks of codes cover what is opened.
    pub checks: usize,
    /// Whether something was opened that no check has covered.
    unchecked: bool,
}

impl Steps {
    fn open(&mut self, values: usize) {
        self.cost = self.cost.plus(Cost::of_each(open(values), 1));
        self.unchecked = true;
    }

    fn check(&mut self) {
        if std::mem::take(&mut self.unchecked) {
            self.cost = self.cost.plus(CHECK);
            self.checks += 1;
        }
    }

    /// Inputs of a party.
    pub fn enter(&mut self, of: Role, count: usize) {
        self.cost.sent[of as usize] += open(count);
        self.cost.rounds += 1;
    }

    /// Counts so many products of shares, each with its triple.
    pub fn multiply(&mut self, count: usize) {
        if count > 0 {
            self.triples += count;
            self.open(2 * count);
        }
    }

    /// Counts a linear layer on so many inputs of all images together, with its triple of matrices.
    pub fn multiply_matrices(&mut self, weights: usize, inputs: usize) {
        self.open(weights + inputs);
    }

    fn random_bits(&mut self, count: usize) {
        self.triples += count;
        self.bits += count;
        self.open(count);
        self.open(count);
        self.check();
    }

    /// Draws masks, and opens an integer under each.
    fn mask(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        self.masks += count;
        self.random_bits(count * LOW_BITS as usize);
        let tops = candidates(count);
        self.random_bits(tops * TOP_BITS);
        for products in [2 * tops, tops, tops] {
            self.multiply(products);
        }
        self.open(tops);
        self.check();
        self.open(count);
    }

    /// Compares so many low bits of masks: nothing is less than no bits, so that the lowest takes no product.
    fn less(&mut self, count: usize, bits: u32) {
        (1..bits).for_each(|_| self.multiply(count));
    }

    /// Signs of integers of so many bits.
    fn not_negative(&mut self, count: usize, bits: u32) {
        self.mask(count);
        self.less(count, bits - 1);
    }

    /// Integers divided by a power of 2.
    pub fn truncate(&mut self, count: usize, shift: u32) {
        if shift > 0 {
            self.mask(count);
            self.less(count, shift);
        }
    }

    /// Integers of so many bits rectified, and divided by a power of 2.
    pub fn relu(&mut self, count: usize, bits: u32, shift: u32) {
        self.not_negative(count, bits.max(shift + 1));
        self.multiply(count);
    }

    /// The largest of each window of integers of so many bits; given is how many integers each window has.
    pub fn largest(&mut self, windows: &[usize], bits: u32) {
        let most = windows.iter().copied().max().unwrap_or(1);
        for round in 1..most {
            let count = windows.iter().filter(|&&cells| cells > round).count();
            self.not_negative(count, bits + 1);
            self.multiply(count);
        }
    }

    /// Outputs to one party.
    pub fn reveal(&mut self, count: usize) {
        self.check();
        self.open(count);
        self.check();
    }
}
