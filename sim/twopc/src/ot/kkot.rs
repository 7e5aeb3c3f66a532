//! One of up to 256 messages: the Walsh-Hadamard code of 256 columns.
//!
//! Kolesnikov, Kumaresan, "Improved OT Extension for Transferring Short Secrets" (CRYPTO 2013), figure 2. The receiver sends 256 bits for each
//! transfer, whatever the number of messages. Two words of the code differ in 128 columns. See [`super::columns`] for the extension, and
//! [`super::offer`] for messages.
//!
//! The check of [`super::check`] makes it the actively secure extension that Orrù, Orsini and Scholl describe ("Actively Secure 1-out-of-N OT Extension with Application to
//! Private Set Intersection", CT-RSA 2017), by the sums of Roy (CRYPTO 2022), whose proof holds for any linear code. Say that a receiver is accepted that has guessed `r` of the
//! sender's bits, thus with probability `2^-r`, in `2r` columns at most. Its other columns are those of words, except with probability below `2^-108` for each challenge: if
//! they are 171 or more and no words, then three or four of them whose positions add up to zero do not, and one of fewer than `2^19.5` such differences
//! vanishes in 128 random sums; if they are fewer, more than 42 bits were guessed, and eight columns, of at most `2^49` choices, fix the words that
//! another column passes for.
//!
//! The paper hashes rows of 256 bits. Here a public linear map takes a row to one block before it is hashed: what the sender's 256 secret
//! bits leave unknown of the difference of two values' blocks is the rank of the map on the columns in which their words differ, which a test
//! finds to be at least 123 of 128.

use super::block::Block;
use super::check::Checks;
use super::code_setup;
use super::columns::{self, Code};

/// Parities of all subsets of eight bits.
#[derive(Clone, Copy, Debug)]
pub struct WalshHadamard;

impl Code for WalshHadamard {
    const COLUMNS: usize = 256;
    const BITS: usize = 8;
    const NAME: &'static str = "kkot";

    fn parity(column: usize) -> u8 {
        column as u8
    }

    /// Rotations around a reversal of the bytes, found by trying: of those tried, few leave more unknown.
    fn mix(part: usize, row: Block) -> Block {
        if part == 0 {
            return row;
        }
        let turned = (row ^ row.rotate_left(10) ^ row.rotate_left(39)).swap_bytes();
        turned ^ turned.rotate_left(4) ^ turned.rotate_left(94)
    }
}

/// The sender of one of up to 256 messages.
pub type Sender = columns::Sender<WalshHadamard>;

/// The receiver of one of up to 256 messages.
pub type Receiver = columns::Receiver<WalshHadamard>;

/// What a party holds after the base transfers in both directions.
pub type Setup = code_setup::Setup<WalshHadamard>;

/// The bytes that the receiver sends for so many transfers.
#[must_use]
pub const fn column_bytes(count: usize, checks: Checks) -> usize {
    columns::message_bytes::<WalshHadamard>(count, checks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(vectors: impl Iterator<Item = Block>) -> usize {
        let mut basis = [0; 128];
        let mut rank = 0;
        for mut vector in vectors {
            while vector != 0 {
                let lead = vector.ilog2() as usize;
                if basis[lead] == 0 {
                    basis[lead] = vector;
                    rank += 1;
                    break;
                }
                vector ^= basis[lead];
            }
        }
        rank
    }

    /// The secret bits in the columns where two words differ reach a block through a map of this rank.
    #[test]
    fn the_difference_of_any_two_values_hides_123_bits() {
        let image = |column: usize| WalshHadamard::mix(column / 128, 1 << (column % 128));
        let in_word = |word: u8| (0..256).filter(move |&j| (WalshHadamard::parity(j) & word).count_ones() % 2 == 1);
        for word in 1..=u8::MAX {
            assert_eq!(in_word(word).count(), 128);
            assert!(rank(in_word(word).map(image)) >= 123, "{word}");
        }
        assert_eq!(rank((128..256).map(image)), 128, "invertible");
    }
}
