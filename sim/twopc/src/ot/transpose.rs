//! Transposing a bit matrix of 128 columns: many at once, so that every step is the same operation on a vector of words.

use super::block::Block;
use pulp::Arch;

/// The number of rows of which every matrix has a multiple.
pub const ROWS: usize = 64 * LANES;

/// Words of 64 rows side by side.
pub const LANES: usize = 8;

/// Square matrices of 64 x 64 bits, one in each lane: row `r` of lane `l` is `[r][l]`, its lowest bit the first column.
pub type Tile = [[u64; LANES]; 64];

/// Transposes a matrix: bit `c` of `rows[r]` becomes bit `r` of column `c`. Column `c` is `columns[c * w..(c + 1) * w]` for words of 64 rows, where
/// `w = rows.len() / 64`; the number of rows is a multiple of [`ROWS`].
pub fn transpose(columns: &[u64], rows: &mut [Block]) {
    debug_assert_eq!(rows.len() % ROWS, 0, "whole tiles");
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let words = rows.len() / 64;
            for (number, rows) in rows.chunks_exact_mut(ROWS).enumerate() {
                let [mut low, mut high] = [[[0; LANES]; 64]; 2];
                for (c, lanes) in low.iter_mut().chain(&mut high).enumerate() {
                    lanes.copy_from_slice(&columns[c * words + number * LANES..][..LANES]);
                }
                transpose_lanes(&mut low);
                transpose_lanes(&mut high);
                for (i, row) in rows.iter_mut().enumerate() {
                    let (r, lane) = (i % 64, i / 64);
                    *row = Block::from(low[r][lane]) | Block::from(high[r][lane]) << 64;
                }
            }
        },
    );
}

/// Transposes each lane of a tile.
pub fn transpose_tile(tile: &mut Tile) {
    Arch::new().dispatch(
        #[inline(always)]
        || transpose_lanes(tile),
    );
}

/// Transposes each lane: swaps the off-diagonal quarters, then the same in every quarter.
///
/// Warren, "Hacker's Delight" (2nd edition), section 7-3, on vectors.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn transpose_lanes(tile: &mut Tile) {
    let (mut half, mut mask) = (32, 0x0000_0000_ffff_ffff_u64);
    while half > 0 {
        for square in tile.chunks_exact_mut(2 * half) {
            let (upper, lower) = square.split_at_mut(half);
            for (upper, lower) in upper.iter_mut().zip(lower) {
                for (a, b) in upper.iter_mut().zip(lower) {
                    let differing = (*a >> half ^ *b) & mask;
                    *a ^= differing << half;
                    *b ^= differing;
                }
            }
        }
        half /= 2;
        mask ^= mask << half;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;
    use rand_core::Rng;

    #[test]
    fn it_is_the_naive_transpose() {
        for tiles in [1, 3] {
            let count = tiles * ROWS;
            let words = count / 64;
            let mut rng = Seed([2; 32]).stream();
            let columns: Vec<u64> = (0..128 * words).map(|_| rng.next_u64()).collect();
            let mut rows = vec![0; count];
            transpose(&columns, &mut rows);
            for (r, row) in rows.iter().enumerate() {
                let bit = |c: usize| Block::from(columns[c * words + r / 64] >> (r % 64) & 1) << c;
                assert_eq!(*row, (0..128).map(bit).sum(), "row {r}");
            }
        }
    }
}
