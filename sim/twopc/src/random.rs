//! Seeds and the streams they grow into. Nothing here asks the machine for randomness: a session's seed is given to it.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// What a stream grows from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(..)")
    }
}

impl Seed {
    /// Another seed for a purpose, independent of all others of this one.
    #[must_use]
    pub fn child(&self, purpose: &str) -> Self {
        Self(*blake3::keyed_hash(&self.0, purpose.as_bytes()).as_bytes())
    }

    /// Another seed for the session of this name.
    #[must_use]
    pub fn of_session(&self, session: &Self) -> Self {
        Self(*blake3::keyed_hash(&self.0, &session.0).as_bytes())
    }

    /// The stream.
    #[must_use]
    pub fn stream(&self) -> ChaCha20Rng {
        ChaCha20Rng::from_seed(self.0)
    }
}

/// Uniform values of so many bits.
#[must_use]
pub fn uniform(rng: &mut impl Rng, bits: u32, count: usize) -> Vec<u64> {
    let mask = crate::bits::mask(bits);
    (0..count).map(|_| rng.next_u64() & mask).collect()
}
