//! What a server that deviates tests, in a session, of the secrets that a client keeps between sessions.

use crate::ot::probe::Guess;
use crate::random::{Seed, uniform};

/// A coefficient of a client's ternary encryption key, and a value that it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Coefficient {
    /// The number of the coefficient, one of [`TESTED`](Self::TESTED).
    pub index: u32,
    /// -1, 0 or 1.
    pub value: i8,
}

impl Coefficient {
    /// The coefficients that are tested: all but the first two.
    pub const TESTED: std::ops::Range<u32> = 2..crate::he::slots::SLOTS as u32;
}

/// A parity of the values that the first matrix of a network reads, in the first slot of a session: whether an odd number of some of them are odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Parity {
    /// The name of the choice of values, from which each is drawn with probability 1/2.
    pub of: u64,
    /// Whether the parity is odd.
    pub odd: bool,
}

impl Parity {
    /// Which of so many values are counted.
    #[must_use]
    pub fn counted(self, values: usize) -> Vec<bool> {
        let mut seed = Seed([0; 32]);
        seed.0[..8].copy_from_slice(&self.of.to_le_bytes());
        uniform(&mut seed.stream(), 1, values).into_iter().map(|bit| bit == 1).collect()
    }

    /// Whether some values have it.
    #[must_use]
    pub fn holds(self, values: &[u64]) -> bool {
        let counted = self.counted(values.len());
        let odd = values.iter().zip(counted).filter(|(value, counted)| *counted && **value & 1 == 1).count();
        (odd % 2 == 1) == self.odd
    }
}

/// What a server tests in one session of a client's secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Probe {
    /// A guess of the correlation of the client's transfers: the client's answers are right if it is.
    Correlation(Guess),
    /// A value, -1 or 1, of a coefficient of the client's key: the client's answers are right if the coefficient does not have it.
    Key(Coefficient),
    /// Nothing: the server keeps to the protocol, and keeps what later sessions test a parity of ([`Kept`](super::replay::Kept)).
    Keep,
    /// A parity of what the session read that was kept: answers are right if the parity is as said, and the client's key is the same.
    Earlier(Parity),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 400 values about half are counted, and another name counts others: Hoeffding's bound for 60 off is below 1e-7.
    #[test]
    fn a_parity_counts_half_of_the_values() {
        let [one, other] = [1, 2].map(|of| Parity { of, odd: true });
        let counted = one.counted(400);
        assert!((140..=260).contains(&counted.iter().filter(|counted| **counted).count()));
        assert_ne!(counted, other.counted(400));
        let mut values: Vec<u64> = counted.iter().map(|counted| u64::from(!counted)).collect();
        assert!(!one.holds(&values), "what is not counted does not matter");
        let place = counted.iter().position(|counted| *counted).unwrap();
        values[place] = 7;
        assert!(one.holds(&values) && !Parity { odd: false, ..one }.holds(&values));
    }
}
