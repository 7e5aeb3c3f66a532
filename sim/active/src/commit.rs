//! Commitments by a hash in the random-oracle model, and coins that both parties toss.

use crate::channel::Channel;
use crate::conduct::{Act, Check};
use crate::failure::{Cheating, Failure};
use crate::field::{self, ELEMENT_BITS, PRIME};
use fusion_2pc::bits::{pack, unpack};
use fusion_2pc::random::Seed;
use fusion_2pc::role::Role;
use rand_core::Rng;

/// The length in bytes of a commitment, and of the random bytes that hide what is committed to.
pub const COMMITMENT_BYTES: usize = 32;

/// The commitment to a message of a purpose under random bytes.
#[must_use]
pub fn commitment(purpose: &str, nonce: &[u8; COMMITMENT_BYTES], message: &[u8]) -> [u8; COMMITMENT_BYTES] {
    let mut hasher = blake3::Hasher::new_keyed(nonce);
    hasher.update(&(purpose.len() as u64).to_le_bytes());
    hasher.update(purpose.as_bytes());
    hasher.update(message);
    *hasher.finalize().as_bytes()
}

/// What the commitments of a check of codes are for.
pub(crate) const CODES: &str = "a sum of codes";

/// What a party would have had to commit to so that a check of codes holds, given what the other one opened.
fn cancelling(theirs: &[u8]) -> Vec<u8> {
    let theirs = unpack(theirs, ELEMENT_BITS, 1)[0] % PRIME;
    pack(&[field::neg(theirs)], ELEMENT_BITS)
}

/// The purpose of a party's commitment: what it is for, its number, and the role.
pub(crate) fn named(purpose: &str, number: u64, role: Role) -> String {
    format!("{purpose} {number} of the {role:?}")
}

/// Random bytes that hide what is committed to.
pub fn nonce(rng: &mut impl Rng) -> [u8; COMMITMENT_BYTES] {
    let mut nonce = [0; COMMITMENT_BYTES];
    rng.fill_bytes(&mut nonce);
    nonce
}

impl Channel {
    /// Commits to a message, learns the peer's commitment, and only then opens it. Returns the peer's message, which has the same length.
    ///
    /// The role of who commits is part of the purpose, so that no commitment can be sent back, and so is its number, so that none can be sent again.
    ///
    /// # Errors
    /// [`Cheating::Commitment`], or a halt.
    pub(crate) fn exchange_committed(&mut self, purpose: &str, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let number = self.next_commitment();
        let named = |role| named(purpose, number, role);
        let nonce = nonce(&mut self.rng);
        let own = commitment(&named(self.link.role()), &nonce, message);
        let theirs = self.exchange(own.to_vec())?;
        let length = COMMITMENT_BYTES + message.len();
        let opened = if self.acts_online(Act::OpensLate) && purpose == CODES {
            let theirs = self.link.receive(length)?;
            let own = cancelling(&theirs[COMMITMENT_BYTES..]);
            self.link.send([nonce.to_vec(), own].concat())?;
            theirs
        } else {
            self.exchange([&nonce[..], message].concat())?
        };
        let (nonce, message) = opened.split_at(COMMITMENT_BYTES);
        let mut key = [0; COMMITMENT_BYTES];
        key.copy_from_slice(nonce);
        let expected = commitment(&named(self.link.role().peer()), &key, message);
        if expected[..] != theirs[..] && !self.conduct.omits(Check::Commitment) {
            return Err(self.caught(Cheating::Commitment));
        }
        Ok(message.to_vec())
    }

    /// Tosses a seed that is uniform if one of the parties is honest (Blum, "Coin flipping by telephone", 1981).
    ///
    /// # Errors
    /// [`Cheating::Commitment`], or a halt.
    pub(crate) fn toss(&mut self) -> Result<Seed, Failure> {
        let own = nonce(&mut self.rng);
        let theirs = self.exchange_committed("a coin", &own)?;
        let mut seed = own;
        seed.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine ^= theirs);
        Ok(Seed(seed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_is_to_its_purpose_and_its_message() {
        let of = |purpose, message: &[u8]| commitment(purpose, &[1; 32], message);
        assert_eq!(of("a", b"bc"), of("a", b"bc"));
        assert_ne!(of("a", b"bc"), of("ab", b"c"));
        assert_ne!(of("a", b"bc"), commitment("a", &[2; 32], b"bc"));
        let purposes = [("a coin", 1), ("a coin", 2), ("a sum", 1)];
        let all =
            [Role::Client, Role::Server].map(|role| purposes.map(|(purpose, number)| named(purpose, number, role)));
        assert_eq!(all.iter().flatten().collect::<std::collections::BTreeSet<_>>().len(), 6, "{all:?}");
    }
}
