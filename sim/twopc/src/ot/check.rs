//! Consistency checks of extensions: random sums of all transfers, of which the parties compare a hash.
//!
//! Of correlated transfers the receiver has choices `w` and blocks `t`, and the sender `q = t ^ delta(w)` for a linear map `delta` that only it knows.
//! A random matrix `R` of 128 rows takes the transfers, and 128 more that mask the sums, to 128 sums each. The receiver says `R(w)` and a hash of
//! `R(t)`, and the sender compares it with the hash of `R(q) ^ delta(R(w))`. Where the sender is the one that may deviate, it says the hash and the
//! receiver compares ([`super::ferret`]).
//!
//! This is the check of Roy, "`SoftSpokenOT`: Quieter OT Extension from Small-Field Silent VOLE in the Minicrypt Model" (CRYPTO 2022, ePrint 2022/192):
//! a linear universal hash of each column. The check of Keller, Orsini and Scholl (CRYPTO 2015) hashes rows by products in a field instead, and Roy
//! found a gap in its proof. Here each entry of `R` is a random bit, so that sums of any fixed vector but zero vanish with probability `2^-128`; masks make what is
//! said of the choices uniform.
//!
//! **Fiat and Shamir.** `R` is grown from a hash of the message that fixes the transfers: nothing more is sent, and no round is added where the receiver
//! proves. A cheater may try many messages offline, and each is a new challenge; so every bound below is for one call of the hash.
//!
//! **What is bound.** Say that a receiver's columns are grouped by which choices they carry, and that it is accepted. Then it has guessed the sender's secret bits in
//! all columns but those that agree with the choices that it said: with probability `2^-r` for `r` bits. Columns of two groups pass as one only
//! if their difference vanishes in `R`. With `g` groups there are `g (g - 1) / 2` differences and at least `g - 2` bits to guess still, so that this happens and is
//! accepted with probability at most `max_g g (g - 1) / 2 * 2^(2 - g) * 2^-128 = 1.5 * 2^-128`, and less than `2^-181` more for three groups or
//! more. That is for the repetition code of [`super::iknp`] and [`super::softspoken`].
//!
//! **What leaks.** A cheater that is to learn `r` secret bits is accepted with probability `2^-r`, thus it learns `r 2^-r` bits on average, half a bit at most. What it does not
//! know of the secret keeps its transfers apart: for both messages of a transfer it must know 128 bits, those that passed the check and those that it guesses later,
//! `2^-128` in all. A check that fails tells it that the guess was wrong, as a verdict would; the honest party has then stopped, and its set-up should
//! be made anew.

use super::block::{Block, Cipher, to_bytes};
use crate::random::Seed;
use crate::wire::link::{Halt, Link};
use pulp::Arch;

/// Whether a party that extends transfers proves that it kept to the extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Checks {
    /// It proves nothing, as in semi-honest protocols.
    #[default]
    None,
    /// It proves it, and the other party stops where the proof fails.
    Active,
}

impl Checks {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 2] = [Self::None, Self::Active];

    /// The name in scripts and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Active => "active",
        }
    }

    /// A line that says what it is.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::None => "Extensions of transfers are semi-honest",
            Self::Active => "Extensions of transfers are proved consistent before they are used",
        }
    }

    /// The number of transfers that mask the sums of a check.
    #[must_use]
    pub const fn masks(self) -> usize {
        match self {
            Self::None => 0,
            Self::Active => SUMS,
        }
    }

    /// Whether there is a check.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Active)
    }

    /// The bytes of a receiver's proof about choices of so many bits.
    #[must_use]
    pub const fn proof_bytes(self, bits: usize) -> usize {
        match self {
            Self::None => 0,
            Self::Active => 16 * bits + HASH_BYTES,
        }
    }
}

/// The error for a name that is not one of [`Checks`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are no checks `{0}`")]
pub struct NoChecks(String);

impl std::str::FromStr for Checks {
    type Err = NoChecks;

    fn from_str(name: &str) -> Result<Self, NoChecks> {
        Self::ALL.into_iter().find(|checks| checks.name() == name).ok_or_else(|| NoChecks(name.into()))
    }
}

/// The number of sums, and so of the transfers that mask them.
pub const SUMS: usize = 128;

/// What is wrong with a message that fails a check.
pub(crate) const FAILS: &str = "the message fails the check of its extension";

/// The bytes of a hash of sums.
pub const HASH_BYTES: usize = 32;

/// Rows of a matrix that are read together.
const GROUP: usize = 8;

/// Rows of which the bits of the matrix are drawn together.
const PIECE: usize = 32 * GROUP;

/// A random matrix, grown from what fixed the transfers.
#[derive(Debug)]
pub struct Matrix(Cipher);

impl Matrix {
    /// The matrix for transfers that a message fixed: `of` names the extension, and the number is its place in the session.
    #[must_use]
    pub fn new(of: &str, place: Block, message: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("fusion-2pc challenge of an extension 1");
        hasher.update(&(of.len() as u64).to_le_bytes());
        hasher.update(of.as_bytes());
        hasher.update(&place.to_le_bytes());
        hasher.update(message);
        Self(Cipher::of(&Seed(*hasher.finalize().as_bytes())))
    }

    /// Calls `each` with the first of some rows, counted from row `start`, and for every eight of them with the matrix's bits: bit `r` of byte `i` says whether
    /// row `r` is in sum `i`.
    fn for_pieces(&self, start: usize, rows: usize, mut each: impl FnMut(usize, &[[u8; SUMS]])) {
        let mut bits = [0; PIECE];
        for first in (0..rows).step_by(PIECE) {
            let piece = &mut bits[..(rows - first).min(PIECE).next_multiple_of(GROUP)];
            self.0.key_stream((start + first) as Block, piece);
            let (groups, _) = bytemuck::cast_slice(piece).as_chunks::<SUMS>();
            each(first, groups);
        }
    }

    /// The sums of some rows, masked: `masks` are [`SUMS`] blocks, one for each sum.
    #[must_use]
    pub fn sums(&self, masks: &[Block], rows: &[Block]) -> Vec<Block> {
        debug_assert_eq!(masks.len(), SUMS, "a mask for each sum");
        let mut sums = masks.to_vec();
        self.add(0, rows, &mut sums);
        sums
    }

    /// Adds the rows from row `start` on to the sums.
    ///
    /// # Panics
    /// Where `start` is no multiple of eight.
    pub fn add(&self, start: usize, rows: &[Block], sums: &mut [Block]) {
        assert!(start.is_multiple_of(GROUP), "rows are read in eights");
        self.for_pieces(start, rows.len(), |first, groups| {
            Arch::new().dispatch(
                #[inline(always)]
                || rows[first..].chunks(GROUP).zip(groups).for_each(|(rows, bits)| add_rows(rows, bits, sums)),
            );
        });
    }

    /// The sums of choices of so many bits, masked: for each bit a block, of which bit `i` is that of sum `i`. `masks` are [`SUMS`] choices.
    #[must_use]
    pub fn choices(&self, masks: &[u8], choices: &[u8], bits: usize) -> Vec<Block> {
        let mut sums = vec![[0_u8; SUMS]; bits];
        self.for_pieces(0, choices.len(), |first, groups| {
            for (choices, matrix) in choices[first..].chunks(GROUP).zip(groups) {
                for (bit, sums) in sums.iter_mut().enumerate() {
                    let plane = choices.iter().rev().fold(0, |plane, choice| plane << 1 | choice >> bit & 1);
                    sums.iter_mut().zip(matrix).for_each(|(sum, row)| *sum ^= row & plane);
                }
            }
        });
        let parity = |(bit, sums): (usize, &[u8; SUMS])| {
            let all = sums.iter().zip(masks).rev();
            all.fold(0, |block, (sum, mask)| {
                block << 1 | Block::from(sum.count_ones() & 1) ^ Block::from(mask >> bit & 1)
            })
        };
        sums.iter().enumerate().map(parity).collect()
    }
}

/// Adds rows to the sums that they are in: of four rows all sums are made first, so that what is read depends on public bits alone.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled for the vector instructions of its caller")]
fn add_rows(rows: &[Block], bits: &[u8; SUMS], sums: &mut [Block]) {
    let [lower, upper] = [0, 4].map(|first| {
        let mut all: [[u64; 2]; 16] = [[0; 2]; 16];
        for i in 0..4 {
            let row: [u64; 2] = rows.get(first + i).map_or([0; 2], |row| bytemuck::cast(*row));
            for sum in 0..1 << i {
                all[sum | 1 << i] = [all[sum][0] ^ row[0], all[sum][1] ^ row[1]];
            }
        }
        all
    });
    let sums: &mut [[u64; 2]] = bytemuck::cast_slice_mut(sums);
    for (sum, bits) in sums.iter_mut().zip(bits) {
        let [lower, upper] = [lower[usize::from(bits & 15)], upper[usize::from(bits >> 4)]];
        *sum = [sum[0] ^ lower[0] ^ upper[0], sum[1] ^ lower[1] ^ upper[1]];
    }
}

/// The lowest bits of sums: those of the choices, where a block carries its choice.
#[must_use]
pub fn lowest_bits(sums: &[Block]) -> Block {
    sums.iter().rev().fold(0, |bits, sum| bits << 1 | sum & 1)
}

/// The hash of sums that the parties compare.
#[must_use]
pub fn hash(sums: &[Block]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_derive_key("fusion-2pc sums of an extension 1");
    hasher.update(&to_bytes(sums));
    hasher.finalize()
}

/// What the sender should find: its own sums, corrected by what the receiver said of the choices. `deltas` are the differences that each bit of a choice makes.
pub fn correct(sums: &mut [Block], said: &[Block], deltas: &[Block]) {
    for (said, delta) in said.iter().zip(deltas) {
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum ^= (said >> i & 1).wrapping_neg() & delta;
        }
    }
}

/// Compares sums with the hash that the peer sent.
///
/// # Errors
/// [`Halt::Cheating`] where they are not those of the hash.
pub fn compare(link: &Link, sums: &[Block], sent: &[u8]) -> Result<(), Halt> {
    // The comparison of two hashes takes the same time wherever they differ.
    if blake3::Hash::from_slice(sent).is_ok_and(|sent| sent == hash(sums)) { Ok(()) } else { Err(link.cheating(FAILS)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ot::testing::{DELTA, assert_balanced};
    use crate::random::uniform;

    fn blocks(count: usize, seed: u8) -> Vec<Block> {
        let words = uniform(&mut Seed([seed; 32]).stream(), 64, 2 * count);
        words.chunks(2).map(|pair| Block::from(pair[0]) << 64 | Block::from(pair[1])).collect()
    }

    /// The matrix, entry by entry, from the sums of rows with one bit each.
    fn columns(matrix: &Matrix, rows: usize) -> Vec<Block> {
        let unit = |row| (0..rows).map(|at| Block::from(at == row)).collect::<Vec<_>>();
        (0..rows).map(|row| lowest_bits(&matrix.sums(&[0; SUMS], &unit(row)))).collect()
    }

    #[test]
    fn sums_are_those_of_a_random_matrix_whatever_the_number_of_rows() {
        for rows in [1, 7, 8, 129, PIECE + 3] {
            let matrix = Matrix::new("test", 1, &[rows as u8]);
            let columns = columns(&matrix, rows);
            let (masks, values) = (blocks(SUMS, 1), blocks(rows, 2));
            let expected = (0..SUMS).map(|sum| {
                let chosen = columns.iter().zip(&values).filter(|(column, _)| *column >> sum & 1 == 1);
                chosen.fold(masks[sum], |all, (_, value)| all ^ value)
            });
            assert_eq!(matrix.sums(&masks, &values), expected.collect::<Vec<_>>());
            assert_balanced(columns.iter().map(|column| column.count_ones() as usize).sum(), SUMS * rows);
        }
    }

    #[test]
    fn rows_may_be_added_in_parts() {
        let matrix = Matrix::new("test", 1, b"parts");
        let (masks, rows) = (blocks(SUMS, 1), blocks(3 * PIECE + 5, 2));
        for part in [GROUP, 3 * GROUP, PIECE, PIECE + GROUP] {
            let mut sums = masks.clone();
            rows.chunks(part).enumerate().for_each(|(number, rows)| matrix.add(number * part, rows, &mut sums));
            assert_eq!(sums, matrix.sums(&masks, &rows), "parts of {part}");
        }
    }

    #[test]
    fn each_message_name_and_place_has_a_matrix_of_its_own() {
        let mut seen: Vec<Vec<Block>> = [("a", 0, b"x"), ("b", 0, b"x"), ("a", 1, b"x"), ("a", 0, b"y")]
            .map(|(of, place, message)| columns(&Matrix::new(of, place, message), 64))
            .into();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 4);
    }

    /// The sums of honest parties differ by those of the choices, times the correlation.
    #[test]
    fn what_the_sender_corrects_is_what_the_receiver_has() {
        for (bits, count) in [(1, 300), (8, 1000), (3, 5)] {
            let matrix = Matrix::new("test", 0, b"");
            let deltas: Vec<Block> = (0..bits).map(|bit| DELTA.rotate_left(7 * bit as u32)).collect();
            let choices: Vec<u8> =
                uniform(&mut Seed([3; 32]).stream(), bits as u32, SUMS + count).iter().map(|&x| x as u8).collect();
            let q = blocks(SUMS + count, 4);
            let add = |(q, choice): (&Block, &u8)| {
                let chosen = deltas.iter().enumerate().filter(|(bit, _)| choice >> bit & 1 == 1);
                chosen.fold(*q, |t, (_, delta)| t ^ delta)
            };
            let t: Vec<Block> = q.iter().zip(&choices).map(add).collect();
            let said = matrix.choices(&choices[..SUMS], &choices[SUMS..], bits);
            let mut sums = matrix.sums(&q[..SUMS], &q[SUMS..]);
            correct(&mut sums, &said, &deltas);
            assert_eq!(sums, matrix.sums(&t[..SUMS], &t[SUMS..]));
        }
    }

    /// Where the lowest bit of a block is the choice, its sums are those of the choices.
    #[test]
    fn lowest_bits_are_sums_of_choices() {
        let (matrix, rows) = (Matrix::new("test", 0, b""), blocks(SUMS + 777, 5));
        let choices: Vec<u8> = rows.iter().map(|row| (row & 1) as u8).collect();
        let sums = matrix.sums(&rows[..SUMS], &rows[SUMS..]);
        assert_eq!(vec![lowest_bits(&sums)], matrix.choices(&choices[..SUMS], &choices[SUMS..], 1));
    }

    #[test]
    fn checks_are_known_by_their_names() {
        for checks in Checks::ALL {
            assert_eq!(checks.name().parse(), Ok(checks));
        }
        assert_eq!("some".parse::<Checks>().unwrap_err().to_string(), "there are no checks `some`");
    }
}
