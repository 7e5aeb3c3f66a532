//! Seeds, and the random streams that grow from them. Nothing here asks the machine for randomness: seeds come from the caller.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// A seed, from which random streams and other seeds grow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(..)")
    }
}

impl Seed {
    /// Derives a seed for a purpose. Seeds for different purposes are independent.
    #[must_use]
    pub fn child(&self, purpose: &str) -> Self {
        Self(*blake3::keyed_hash(&self.0, purpose.as_bytes()).as_bytes())
    }

    /// Derives a seed for the session of this name.
    #[must_use]
    pub fn of_session(&self, session: &Self) -> Self {
        Self(*blake3::keyed_hash(&self.0, &session.0).as_bytes())
    }

    /// The random stream of this seed.
    #[must_use]
    pub fn stream(&self) -> ChaCha20Rng {
        ChaCha20Rng::from_seed(self.0)
    }
}

/// Draws `count` uniform values of `bits` bits.
#[must_use]
pub fn uniform(rng: &mut impl Rng, bits: u32, count: usize) -> Vec<u64> {
    let mask = crate::bits::mask(bits);
    (0..count).map(|_| rng.next_u64() & mask).collect()
}
