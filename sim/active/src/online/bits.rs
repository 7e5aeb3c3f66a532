//! Random bits that nobody knows.
//!
//! For a uniform `a` the square is opened, and `a` divided by the root is 1 or -1 (Damgard, Fitzi, Kiltz, Nielsen, Toft, "Unconditionally secure constant-rounds multi-party computation for
//! equality, comparison, bits and exponentiation", TCC 2006). The first factor of a triple serves as `a`: its square is `c + (a - b) a`, so that a bit takes one triple.

use crate::failure::{Cheating, Failure};
use crate::field::{self, HALF};
use crate::party::Party;
use crate::share::Share;

impl Party {
    /// Draws shared uniform bits.
    ///
    /// # Errors
    /// [`Cheating::Square`], [`Failure`] of checking what was opened, of making more triples, or a halt.
    pub fn random_bits(&mut self, count: usize) -> Result<Vec<Share>, Failure> {
        let triples = self.take_triples(count)?;
        let differences: Vec<Share> = triples.iter().map(|triple| triple.a.minus(triple.b)).collect();
        let opened = self.open(&differences)?;
        let square = |(triple, &difference): (&crate::share::Triple, &u64)| triple.c.plus(triple.a.times(difference));
        let squares: Vec<Share> = triples.iter().zip(&opened).map(square).collect();
        let squares = self.open(&squares)?;
        let roots: Option<Vec<u64>> =
            squares.iter().map(|&square| field::root(square).filter(|&root| root != 0)).collect();
        // A square opened otherwise would make the bit another number. It must not become part of a mask.
        self.check()?;
        let inverses = inverses(&roots.ok_or_else(|| self.channel.caught(Cheating::Square))?);
        let one = self.constant(1);
        let bit = |(triple, inverse): (&crate::share::Triple, u64)| triple.a.times(inverse).plus(one).times(HALF);
        Ok(triples.iter().zip(inverses).map(bit).collect())
    }
}

/// The inverses of elements other than 0, by one inversion (Montgomery, 1987).
fn inverses(elements: &[u64]) -> Vec<u64> {
    let mut before = Vec::with_capacity(elements.len());
    let product = elements.iter().fold(1, |product, &element| {
        before.push(product);
        field::mul(product, element)
    });
    let mut inverse = field::inverse(product);
    for (before, &element) in before.iter_mut().zip(elements).rev() {
        *before = field::mul(*before, inverse);
        inverse = field::mul(inverse, element);
    }
    before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_inverses_are_right() {
        let elements = [1, 2, 3, field::PRIME - 1, 1 << 40];
        assert_eq!(inverses(&elements), elements.map(field::inverse));
        assert!(inverses(&[]).is_empty());
    }
}
