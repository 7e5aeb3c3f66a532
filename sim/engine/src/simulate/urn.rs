//! Drawing from a pool without replacement.

use super::size::in_32_bits;
use fusion_spec::mix::uniform_below;
use rand_core::Rng;

/// An urn with the numbers `0..len`, from which distinct ones are drawn without allocating.
#[derive(Debug)]
pub struct Urn {
    places: Vec<u32>,
    moved: Vec<u32>,
}

impl Urn {
    /// Makes a full urn with the numbers `0..len`.
    #[must_use]
    pub fn new(len: u32) -> Self {
        Self { places: (0..len).collect(), moved: Vec::new() }
    }

    /// Puts everything back, then draws `n` distinct places in a uniform order: the head of a Fisher-Yates shuffle.
    pub fn draw(&mut self, n: u64, coins: &mut impl Rng) -> &[u32] {
        for cell in self.moved.drain(..).rev() {
            self.places[cell as usize] = cell;
        }
        let len = in_32_bits(self.places.len() as u64);
        let n = in_32_bits(n.min(len.into()));
        for cell in 0..n {
            let other = cell + uniform_below(len - cell, coins);
            self.places.swap(cell as usize, other as usize);
            self.moved.extend([cell, other]);
        }
        &self.places[..n as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_pcg::Pcg64;

    #[test]
    fn every_draw_is_from_the_full_urn() {
        let mut urn = Urn::new(6);
        let mut firsts = [0_u32; 6];
        let mut coins = Pcg64::new(7, 8);
        for _ in 0..12_000 {
            let drawn = urn.draw(4, &mut coins).to_vec();
            let mut distinct = drawn.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), 4);
            firsts[drawn[3] as usize] += 1;
        }
        // Bin(12,000, 1/6): beyond 7 deviations (290) with chance 3e-12 each.
        assert!(firsts.iter().all(|count| count.abs_diff(2000) < 290), "{firsts:?}");
        urn.draw(0, &mut coins);
        assert!(urn.places.iter().copied().eq(0..6));
    }
}
