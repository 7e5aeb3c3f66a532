//! Seeds, and the random streams that grow from them. Nothing here asks the machine for randomness: seeds come from the caller.
//!
//! A set-up grows from a [`Root`]. That of a simulation is [`Simulated`], a seed that gives the same secrets again. That of a party on its own machine is [`Entropy`],
//! which can be neither copied nor used twice.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use zeroize::{Zeroize, Zeroizing};

/// A seed, from which random streams and other seeds grow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(..)")
    }
}

impl Zeroize for Seed {
    fn zeroize(&mut self) {
        self.0.zeroize();
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

/// What the secrets of a party's set-up grow from. It is used up by the set-up.
pub trait Root {
    /// Gives up the root for its seed.
    fn into_seed(self) -> Seed;
}

/// The root of a party in a simulation: whoever knows the seed knows the party's secrets, and can play its sessions again.
#[derive(Clone, Copy, Debug)]
pub struct Simulated(pub Seed);

impl Root for Simulated {
    fn into_seed(self) -> Seed {
        self.0
    }
}

/// The root of a party that is real: 32 bytes that nobody else knows. It has no copy, and is wiped when it is dropped.
pub struct Entropy(Zeroizing<Seed>);

impl Entropy {
    /// Takes 32 uniform bytes from a source that never gives them again.
    ///
    /// # Errors
    /// The source's own.
    pub fn filled<E>(fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut seed = Zeroizing::new(Seed([0; 32]));
        fill(&mut seed.0)?;
        Ok(Self(seed))
    }
}

impl Root for Entropy {
    fn into_seed(self) -> Seed {
        *self.0
    }
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy(..)")
    }
}

/// Draws `count` uniform values of `bits` bits.
#[must_use]
pub fn uniform(rng: &mut impl Rng, bits: u32, count: usize) -> Vec<u64> {
    let mask = crate::bits::mask(bits);
    (0..count).map(|_| rng.next_u64() & mask).collect()
}
