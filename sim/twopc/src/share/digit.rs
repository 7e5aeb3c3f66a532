//! A digit of a chain of carries: what the party that offers sends, and what the party that chooses makes of it.
//!
//! The carry out of a digit of two bits is a function of `x1`, `x2` and `e`, which the party that offers has, and of the choices `b = (y1, y2, q)` of the other, where `q + e` is the carry into it. The offerer adds its share of the result to all eight values, and masks each. Three transfers of one of two serve for it: the
//! strings of transfer `i` are `K_i^0` and `K_i^1`, of two bits each, and the entry at `b` is under
//!
//! `P(b) = K_1^{b1}[b2] + K_2^{b2}[b3] + K_3^{b3}[b1]`.
//!
//! Six entries are sent. The offerer's share is such that the first entry is 0. The sum of all eight is 1, since the factor of the product `y1 y2 q` in the carry is 1, whatever `x` and `e` are, and that of all `P(b)` is 0, since each term depends on two bits alone. So the party that chooses adds the last entry itself.
//! Given what that party knows, the six are uniform: each of them is masked by a bit that no other one has alone. In the same way a digit into which nothing is carried takes two transfers and three entries, and digits of one bit two and two, or one and one.

use crate::share::slices::Slice;

/// The most transfers that a digit takes.
const MOST: usize = 3;

/// A digit of the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digit {
    /// The number of its bits, 1 or 2.
    pub bits: usize,
    /// Whether a carry comes into it, as it does into all but the lowest.
    pub carried: bool,
}

impl Digit {
    /// The number of transfers: one for each bit, from the lowest, and then one for the carry.
    #[must_use]
    pub fn transfers(self) -> usize {
        self.bits + usize::from(self.carried)
    }

    /// The number of entries of the offerer's table that are sent: all but the first, and but the last where the sum of all is known.
    #[must_use]
    pub fn sent(self) -> usize {
        (1 << self.transfers()) - 1 - usize::from(self.carried)
    }

    /// Which transfer's choice says which bit of the strings of a transfer masks an entry; `None` where it is the first one everywhere.
    fn selector(self, transfer: usize) -> Option<usize> {
        match (self.bits, self.carried) {
            (2, true) => Some((transfer + 1) % 3),
            (2, false) => [Some(1), None][transfer],
            _ => None,
        }
    }
}

/// Divides `low` and then `high` bits into digits, from the lowest. No digit lies across the border between the two.
#[must_use]
pub fn digits(low: u32, high: u32) -> Vec<Digit> {
    let sizes = [low, high].into_iter().flat_map(|bits| {
        let (odd, pairs) = (bits as usize % 2, bits as usize / 2);
        std::iter::repeat_n(1, odd).chain(std::iter::repeat_n(2, pairs))
    });
    sizes.enumerate().map(|(at, bits)| Digit { bits, carried: at > 0 }).collect()
}

/// A transfer of the party that chooses.
#[derive(Debug)]
pub struct Chosen {
    /// What this party chose in the transfer, a bit of each number.
    pub choice: Slice,
    /// The string that it got for its choice, which has two bits for each number.
    pub string: [Slice; 2],
}

/// The strings of a transfer of the party that offers, by choice and bit.
pub type Offered = [[Slice; 2]; 2];

/// Puts the strings of a transfer in the order that the receiver's correction says.
pub fn swap([zeros, ones]: &mut Offered, correction: &Slice) {
    for (zeros, ones) in zeros.iter_mut().zip(ones) {
        for ((zero, one), correction) in zeros.iter_mut().zip(ones).zip(correction) {
            let differ = (*zero ^ *one) & correction;
            *zero ^= differ;
            *one ^= differ;
        }
    }
}

impl Digit {
    /// The carries out of the digit for all that the other party may have, each under its pad: of 64 numbers, with this party's bits and its share of the carry.
    #[must_use]
    pub fn table(self, word: usize, own: &[Slice], carry: Option<u64>, strings: &[Offered]) -> [u64; 1 << MOST] {
        std::array::from_fn(|at| {
            let bit = |transfer: usize| at >> transfer & 1;
            let ones = |transfer: usize| (bit(transfer) as u64).wrapping_neg();
            let into = carry.map_or(0, |carry| carry ^ ones(self.bits));
            let out = own.iter().enumerate().fold(into, |carry, (place, own)| {
                let (x, y) = (own[word], ones(place));
                x & y ^ carry & (x ^ y)
            });
            let pad = |(transfer, strings): (usize, &Offered)| {
                strings[bit(transfer)][self.selector(transfer).map_or(0, bit)][word]
            };
            strings.iter().enumerate().map(pad).fold(out, |sum, pad| sum ^ pad)
        })
    }

    /// The entry at this party's bits and its share of the carry, without its pad: of 64 numbers.
    #[must_use]
    pub fn entry(self, word: usize, at: &[&Slice], transfers: &[Chosen], sent: &[Slice]) -> u64 {
        let mut table = [0; 1 << MOST];
        table[1..].iter_mut().zip(sent).for_each(|(entry, sent)| *entry = sent[word]);
        if self.carried {
            table[self.sent() + 1] = table.iter().fold(u64::MAX, |sum, entry| sum ^ entry);
        }
        for choice in at {
            for half in 0..table.len() / 2 {
                let [zero, one] = [table[2 * half], table[2 * half + 1]];
                table[half] = zero ^ (zero ^ one) & choice[word];
            }
        }
        let pad = |(transfer, Chosen { string: [zero, one], .. }): (usize, &Chosen)| {
            let select = self.selector(transfer).map_or(0, |by| at[by][word]);
            zero[word] ^ (zero[word] ^ one[word]) & select
        };
        transfers.iter().enumerate().map(pad).fold(table[0], |sum, pad| sum ^ pad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// All digits that a chain has.
    fn kinds() -> impl Iterator<Item = Digit> {
        [1, 2].into_iter().flat_map(|bits| [false, true].map(|carried| Digit { bits, carried }))
    }

    /// The bits of a number, each for all 64 numbers of a word.
    fn everywhere(number: usize, bits: usize) -> Vec<Slice> {
        (0..bits).map(|bit| vec![(number as u64 >> bit & 1).wrapping_neg()]).collect()
    }

    /// A bit of the place of each number in a word.
    fn of_place(bit: usize) -> Slice {
        vec![(0..64).fold(0, |word, place| word | (place >> bit & 1) << place)]
    }

    #[test]
    fn digits_keep_to_the_border_and_have_as_many_transfers_and_entries_as_they_need() {
        let of = |low, high| digits(low, high).into_iter().map(|digit| (digit.bits, digit.carried)).collect::<Vec<_>>();
        assert_eq!(of(4, 3), [(2, false), (2, true), (1, true), (2, true)]);
        assert_eq!(of(0, 3), [(1, false), (2, true)]);
        assert_eq!(of(1, 2), [(1, false), (2, true)]);
        let sizes: Vec<_> = kinds().map(|digit| (digit.transfers(), digit.sent())).collect();
        assert_eq!(sizes, [(1, 1), (2, 2), (2, 3), (3, 6)]);
    }

    /// For each digit and share of the offerer, each choice, and each value of the strings that the party that chooses has: over all values of the strings that it has not, every message is sent.
    /// So what is sent is uniform given all that the party that chooses knows, and it gets the carry less the offerer's share.
    #[test]
    fn what_is_sent_is_uniform_to_who_chooses_and_opens_the_carry() {
        for digit in kinds() {
            let (transfers, ways) = (digit.transfers(), 1 << digit.transfers());
            for (x, carry, choice) in (0..1 << digit.bits)
                .flat_map(|x| (0..=usize::from(digit.carried)).map(move |carry| (x, carry)))
                .flat_map(|(x, carry)| (0..ways).map(move |choice| (x, carry, choice)))
            {
                let own = everywhere(x, digit.bits);
                let into = digit.carried.then(|| (carry as u64).wrapping_neg());
                let at = everywhere(choice, transfers);
                for known in 0..1_usize << (2 * transfers) {
                    // The strings that are not at a choice take all values over the places of a word.
                    let strings: Vec<Offered> = (0..transfers)
                        .map(|transfer| {
                            let chosen = [0, 1].map(|half| everywhere(known >> (2 * transfer + half), 1).remove(0));
                            let other = [0, 1].map(|half| of_place(2 * transfer + half));
                            if choice >> transfer & 1 == 0 { [chosen, other] } else { [other, chosen] }
                        })
                        .collect();
                    let table = digit.table(0, &own, into, &strings);
                    let sent: Vec<Slice> = (1..=digit.sent()).map(|entry| vec![table[entry] ^ table[0]]).collect();
                    let message = |place: usize| sent.iter().fold(0, |all, slice| all << 1 | slice[0] >> place & 1);
                    let messages: BTreeSet<u64> = (0..64).map(message).collect();
                    assert_eq!(messages.len(), 1 << digit.sent(), "{digit:?}: {x} {carry} at {choice}, {known}");
                    let held = |(transfer, strings): (usize, &Offered)| Chosen {
                        choice: at[transfer].clone(),
                        string: strings[choice >> transfer & 1].clone(),
                    };
                    let held: Vec<Chosen> = strings.iter().enumerate().map(held).collect();
                    let y = choice & ((1 << digit.bits) - 1);
                    let carry = if digit.carried { carry ^ choice >> digit.bits } else { 0 };
                    let out = (((x + y + carry) >> digit.bits) as u64).wrapping_neg();
                    assert_eq!(digit.entry(0, &at.iter().collect::<Vec<_>>(), &held, &sent) ^ table[0], out);
                }
            }
        }
    }
}
